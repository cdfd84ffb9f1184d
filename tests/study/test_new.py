"""A folder for a study of one's own: odd names, and folders that cannot be made."""

from pathlib import Path

import pytest

from sce.errors import InputError
from sce.study import new_command
from sce.study.new_command import make


@pytest.mark.parametrize("folder", ["~nobody-of-this-name/x", "x" * 300, "/proc/nowhere"])
def test_a_folder_that_cannot_be_made_is_one_message(folder):
    with pytest.raises(InputError, match=r"the command line: FOLDER: found .*; allowed: "):
        make(Path(folder))


def test_words_in_the_path_of_the_checkout_stay(tmp_path, monkeypatch):
    named = {"CHECKOUT": Path("/the/EXPORT"), "EXPORT": "see /the/CHECKOUT"}
    monkeypatch.setattr(new_command, "STANDS_FOR", named)
    told = (make(tmp_path / "a b") / "README.md").read_text()
    assert "(`see /the/CHECKOUT`)" in told
    assert "`/the/EXPORT/config/README.md`" in told


def test_an_empty_folder_is_filled_where_it_is(tmp_path, monkeypatch):
    """The shell may stand in it."""
    monkeypatch.chdir(tmp_path)
    assert make(Path(".")) == tmp_path
    assert sorted(path.name for path in Path(".").iterdir()) == sorted(
        path.name for path in make(tmp_path.parent / "beside").iterdir()
    )
    with pytest.raises(InputError, match="a new or an empty folder"):
        make(Path("."))
