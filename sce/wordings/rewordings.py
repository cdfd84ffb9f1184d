"""Conditions that reword one another: which do, and which count as many wordings of one."""

from collections.abc import Callable

import pandas as pd

from sce.wordings.prompts import Prompt


def stems(conditions: list[str], find: Callable[[str], Prompt]) -> dict[str, str]:
    """Condition -> the one that it rewords, for those whose prompt says so (``rewords``)."""
    prompts = {name: find(name) for name in conditions}
    return {name: prompt.rewords for name, prompt in prompts.items() if prompt.rewords}


def reworded(conditions: list[str], stems: dict[str, str]) -> list[str]:
    """Those of the conditions that stand for many wordings of one: two or more reword the same."""
    named = [stems.get(condition) for condition in conditions]
    return [c for c, stem in zip(conditions, named, strict=True) if stem and named.count(stem) > 1]


def of_reworded(table: pd.DataFrame, stems: dict[str, str]) -> pd.Series:
    """Whether each row of a table (n,) is of one of the ``reworded`` among the table's conditions."""
    return table["condition"].isin(reworded(list(table["condition"].unique()), stems))
