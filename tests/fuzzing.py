"""How long the fuzzing tests try: quick as they stand, so many times longer with SCE_FUZZ=TIMES."""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("SCE_FUZZ", "1"))


def tried(examples: int):
    """The settings of a test that tries so many examples, or TIMES as many."""
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
