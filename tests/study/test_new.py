"""A folder for a study of one's own: odd names, and folders that cannot be made."""

from pathlib import Path

import pytest

from sce.errors import InputError
from sce.study import new_command
from sce.study.new_command import make


@pytest.mark.parametrize("folder", ["~nobody-of-this-name/x", "x" * 300, "/proc/nowhere"])
def test_a_folder_that_cannot_be_made_is_one_message(folder):
    with pytest.raises(InputError, match=r"the command line: folder: found .*; allowed: "):
        make(Path(folder))


def test_words_in_the_path_of_the_checkout_stay(tmp_path, monkeypatch):
    named = {"CHECKOUT": Path("/the/EXPORT"), "EXPORT": "see /the/CHECKOUT"}
    monkeypatch.setattr(new_command, "STANDS_FOR", named)
    told = (make(tmp_path / "a b") / "README.md").read_text()
    assert "(`see /the/CHECKOUT`)" in told
    assert "`/the/EXPORT/config/README.md`" in told
