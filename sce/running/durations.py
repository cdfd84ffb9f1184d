"""Durations in words."""


def duration(seconds: float) -> str:
    """A duration for people: ``45 s``, ``5 min`` or, from 90 minutes on, ``1.5 h``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
