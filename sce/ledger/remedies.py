"""What helps where a ledger file is damaged or has lost something, as errors say it."""

from pathlib import Path

COMMAND = "python -m sce ledger"


def accept(path: Path) -> str:
    """The command that goes on without what a file has lost."""
    return f"{COMMAND} accept-loss {path}"


def mend(path: Path) -> str:
    """For a file with damaged rows or pages."""
    folder = f"--ledger {path.parent}"
    return (
        f"what was stored: restore a copy of the file; or {COMMAND} verify {folder} lists what is damaged, "
        f"{COMMAND} prune --damaged {folder} deletes such rows, so that a run asks them again, and "
        f"{accept(path)} keeps of a broken file what can be read"
    )


def restore(path: Path) -> str:
    """For a file that is gone, or ends before it should."""
    return (
        f"the whole file: restore it from a copy, its -wal included; or {accept(path)} goes on without (what "
        "is lost is asked and paid for again)"
    )
