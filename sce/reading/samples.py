"""Questions that are asked several times: which of the answers decides, and the first sample alone."""

from collections import Counter

import pandas as pd

SAMPLE = "sample"  # the column with the number of the asking, where there are several


def deciding(answers: list[str | None]) -> int | None:
    """The place of the answer that decides: the first one that gives the option which most of them give.
    Where two options are even, it is the one that was given first. None where no answer gives any."""
    if len(answers) == 1:
        return None if answers[0] is None else 0
    counts = Counter(answer for answer in answers if answer is not None)
    return answers.index(counts.most_common(1)[0][0]) if counts else None


def first_samples(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table as if everything had been asked once; a table without samples as it is."""
    if SAMPLE not in table:
        return table
    return table[table[SAMPLE] == 1].reset_index(drop=True)
