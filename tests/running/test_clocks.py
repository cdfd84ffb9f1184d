"""Files from the future."""

import os
import time

import pytest

from sce.errors import InputError
from sce.running.clocks import leave_future


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "made.parquet"
    made.write_text("x")
    os.utime(made, (time.time() + 86400,) * 2)
    return made


def test_a_file_from_the_future_gets_the_present_time_and_no_other_does(file, tmp_path):
    old = tmp_path / "old"
    old.write_text("y")
    os.utime(old, (1000, 1000))
    leave_future([file, old, tmp_path / "missing"])
    assert file.stat().st_mtime <= time.time()
    assert old.stat().st_mtime == 1000


def test_a_time_that_cannot_be_changed_is_named(file, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "utime", refuse)
    with pytest.raises(InputError, match=r"made\.parquet: modification time: .*in the future.*touch"):
        leave_future([file])
