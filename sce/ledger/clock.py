"""The time of entries and batches, in seconds since 1970: never earlier than one that this process has seen,
though the clock be set back. Whether a question was asked after its batch was submitted hangs on it."""

import time

_latest = 0.0


def now() -> float:
    """The time, or the latest seen where that is later."""
    return seen(time.time())


def seen(moment: float) -> float:
    """Take note of a time; the latest seen."""
    global _latest
    _latest = max(_latest, moment)
    return _latest
