"""Clocks that were wrong."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from sce.errors import InputError


def leave_future(files: Iterable[Path]) -> None:
    """Give the present time to files whose modification time lies in the future: a clock was ahead when they
    were made. Times decide nothing here, but Snakemake refuses a result that is older than what it was made
    from.

    Raises InputError where a time cannot be changed.
    """
    now = time.time()
    for file in files:
        if file.exists() and file.stat().st_mtime > now:
            try:
                os.utime(file, (now, now))
            except OSError as error:
                when = time.strftime("%Y-%m-%d %H:%M", time.localtime(file.stat().st_mtime))
                found = f"{when}, which is in the future ({error.strerror})"
                raise InputError(
                    file, "modification time", found, "one in the past: touch the file"
                ) from None
