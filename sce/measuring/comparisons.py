"""Paired comparisons over a study: between the conditions of a model, between models under a condition."""

import pandas as pd

from sce.experiments.rewordings import reworded
from sce.files import artifacts
from sce.measuring.scores import paired_differences


def differences(tables: dict[tuple[str, str], pd.DataFrame], seed: int, resamples: int) -> pd.DataFrame:
    """The ``differences`` artifact of the ``distances`` of every (model, dataset).

    ``a`` and ``b`` read MODEL / CONDITION; the value is a minus b over the points that both have. The many
    wordings of one condition are left out: their spread is told by ``sce.experiments.rewordings``.
    """
    parts = []
    for dataset in dict.fromkeys(dataset for _, dataset in tables):
        split = {
            (model, condition): rows
            for (model, on), table in tables.items()
            if on == dataset
            for condition, rows in table.groupby("condition", sort=False)
            if condition not in reworded(list(table["condition"].unique()))
        }
        for group in [*_alike(split, 0), *_alike(split, 1)]:
            compared = paired_differences(group, seed, resamples)
            parts.append(compared.assign(dataset=dataset))
    names = list(artifacts.columns("differences"))
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


def _alike(split, part):
    """The groups of two or more labels that share a part: the model (0) or the condition (1)."""
    groups = {}
    for label, rows in split.items():
        groups.setdefault(label[part], {})[label] = rows
    return [group for group in groups.values() if len(group) > 1]
