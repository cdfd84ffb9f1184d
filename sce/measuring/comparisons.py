"""Paired comparisons over a study: between the conditions of a model, between models under a condition."""

from itertools import combinations

import numpy as np
import pandas as pd

from sce.errors import InputError
from sce.files import artifacts
from sce.measuring import estimands, hypotheses, sampled
from sce.measuring.codes import NONE
from sce.measuring.dependence import Lattice
from sce.measuring.estimands import Rows
from sce.measuring.lines import as_table, interval_cells
from sce.reading.samples import SAMPLE
from sce.wordings.rewordings import of_reworded

PAIRED = {"validity": "valid", "mean_distance": "distance", "mean_excess": "excess"}
FOUND = "sce_point_id"
RANKED = ["dataset", "metric", "condition", "model", "validity", "rank", "best", "worst"]
COLUMNS = [
    "metric", "score", "a", "b", "difference", "low", "high", "estimand", "n", "clusters", "effective_n",
    "reason", "p", "p_mcnemar",
]  # fmt: skip


def differences(
    tables: dict[tuple[str, str], pd.DataFrame],
    stems: dict[str, str],
    estimand: str,
    lattices: dict[str, Lattice] | None = None,
) -> pd.DataFrame:
    """The ``differences`` artifact of the ``distances`` of every (model, dataset).

    ``a`` and ``b`` read MODEL / CONDITION; the value is a minus b over the points that both have. The many
    wordings of one condition (``stems``: see ``sce.wordings.rewordings``) are left out: a table of the
    experiment has their spread. lattices: of the datasets' grids, to tell neighbours by.
    """
    parts = []
    for dataset in dict.fromkeys(dataset for _, dataset in tables):
        split = {
            (model, condition): rows
            for (model, on), table in tables.items()
            if on == dataset
            for condition, rows in table[~of_reworded(table, stems)].groupby("condition", sort=False)
        }
        for group in [*_alike(split, 0), *_alike(split, 1)]:
            compared = paired_differences(group, estimand, (lattices or {}).get(dataset))
            parts.append(compared.assign(dataset=dataset))
    names = list(artifacts.columns("differences"))
    if not parts:
        return pd.DataFrame(columns=names)
    return hypotheses.adjust(pd.concat(parts, ignore_index=True))[names]


def ranks(tables: dict[tuple[str, str], pd.DataFrame], differences: pd.DataFrame) -> pd.DataFrame:
    """The models in the order of their validity, for each dataset, metric and condition with two or more of
    them: rank, and the ranks (best, worst) that their ``differences`` leave open."""
    kept = [
        rows[rows["status"] == "kept"].assign(model=model, dataset=dataset)
        for (model, dataset), rows in tables.items()
    ]
    table = pd.concat(kept, ignore_index=True).astype({"valid": float})
    found = table.groupby(["dataset", "metric", "condition", "model"], sort=True)["valid"].mean()
    compared = differences[differences["score"] == "validity"]
    lines = [pd.DataFrame(columns=RANKED)]
    for keys, own in found.groupby(level=["dataset", "metric", "condition"]):
        labels = {f"{model} / {keys[2]}": value for (*_, model), value in own.items()}
        its = compared[(compared["dataset"] == keys[0]) & (compared["metric"] == keys[1])]
        its = its[its["a"].isin(labels) & its["b"].isin(labels)]
        if len(labels) > 1:
            ranked = hypotheses.ranks(labels, its).rename(columns={"value": "validity"})
            models = ranked["label"].str.removesuffix(f" / {keys[2]}")
            named = dict(zip(RANKED, keys, strict=False))
            lines.append(ranked.assign(**named, model=models)[RANKED])
    return pd.concat(lines, ignore_index=True)


def _alike(split, part):
    """The groups of two or more labels that share a part: the model (0) or the condition (1)."""
    groups = {}
    for label, rows in split.items():
        groups.setdefault(label[part], {})[label] = rows
    return [group for group in groups.values() if len(group) > 1]


def paired_differences(tables: dict, estimand: str, lattice: Lattice | None = None) -> pd.DataFrame:
    """Differences between measured tables, point by point: conditions of a model, or models on a dataset.

    tables: label -> ``distances`` rows of one condition, with one row per point and metric, or one for each
    sample; a point then has the means over its samples, and the x' of most of them. A label is a text
    or a tuple of texts, such as (model, condition), which are then joined by " / ". Over answers the samples
    say how much these vary (``sce.measuring.sampled``), where both tables have them.

    Returns for every pair of labels (a before b, as given) and metric in both: the mean of a minus b in
    validity and distance over the points kept in both, and in excess over the points valid in both, with its
    interval over points, their number n and the p of no difference (of validity McNemar's too); where there
    is no such point, a reason instead. Raises InputError where a table has a point twice.
    """
    indexed = {label: _by_point(_label(label), rows) for label, rows in tables.items()}
    lines = []
    for a, b in combinations(indexed, 2):
        sides = [tables[label][tables[label]["status"] == "kept"] for label in (a, b)]
        of_answers = estimand == estimands.ANSWERS and sampled.both_sampled(sides)
        for metric in sorted(indexed[a].keys() & indexed[b].keys()):
            left, right = indexed[a][metric].align(indexed[b][metric], join="inner", axis=0)
            samples = [side[side["metric"] == metric] for side in sides] if of_answers else None
            for name, column in PAIRED.items():
                cells = _difference(left, right, column, estimand, lattice, samples, _one_model(a, b))
                lines.append((metric, name, _label(a), _label(b), *cells))
    return as_table(lines, COLUMNS)


def _difference(left, right, column, estimand, lattice, samples, one_model):
    """The cells of COLUMNS from the difference on, for a column of two tables of the same points; samples:
    where the interval is of them, the rows that the two are means of."""
    values = (left[column] - right[column]).to_numpy()
    some = ~np.isnan(values)
    if not some.any():
        reason = "no point is valid in both" if column == "excess" else "no point is kept in both"
        return (None, *interval_cells(None, None, 0, reason), None, None)
    ways = (side[FOUND].to_numpy(np.int64)[some] for side in (left, right))
    rows = Rows.of(left.index.to_numpy()[some], *ways, lattice=lattice)
    of_shares = column == PAIRED["validity"]
    of = estimands.difference_of_shares if of_shares else estimands.mean
    if samples:
        interval = sampled.interval(samples, rows.points, column, values[some], one_model)
    else:
        interval = of(values[some], rows, estimand)
    verdicts = of_shares and all(side[column][some].isin([0, 1]).all() for side in (left, right))
    exact = hypotheses.mcnemar(left[column][some], right[column][some]) if verdicts else None
    value = float(values[some].mean())
    return (value, *interval_cells(interval, estimand, int(some.sum()), None), interval.p, exact)


def _label(label):
    return label if isinstance(label, str) else " / ".join(label)


def _one_model(a, b):
    return isinstance(a, tuple) and isinstance(b, tuple) and a[0] == b[0]


def _by_point(label, rows):
    """Metric -> the kept rows by point_id in increasing order, with FOUND and, as floats, those of PAIRED."""
    kept = rows[rows["status"] == "kept"]
    if SAMPLE in kept:
        return {metric: _of_samples(part) for metric, part in kept.groupby("metric")}
    twice = kept.duplicated(["metric", "point_id"])
    if twice.any():
        point = int(kept.loc[twice, "point_id"].iloc[0])
        raise InputError(f"distances of {label}", "point_id", point, "one row per point and metric")
    numbers = pd.DataFrame(
        {column: kept[column].to_numpy(dtype=float, na_value=np.nan) for column in PAIRED.values()}
        | {FOUND: kept[FOUND].to_numpy(dtype=np.int64, na_value=NONE)},
        index=kept["point_id"].to_numpy(dtype=np.int64),
    )
    return {metric: part.sort_index() for metric, part in numbers.groupby(kept["metric"].to_numpy())}


def _of_samples(kept):
    """One row for the samples of each point, by point_id in increasing order."""
    by_point = kept.astype({"point_id": "int64", "valid": float}).groupby("point_id", sort=True)
    measured = by_point[list(PAIRED.values())]
    # The mean of equal values is that value; a trace of rounding would be taken for a difference.
    means = measured.mean().where(measured.max() > measured.min(), measured.first()).astype(float)
    return means.assign(**{FOUND: by_point[FOUND].agg(lambda found: int(found.mode().iloc[0]))})
