"""Paired comparisons over a study: between the conditions of a model, between models under a condition."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from sce.errors import InputError
from sce.files import artifacts
from sce.measuring import estimands, hypotheses, possible, sampled
from sce.measuring.codes import NONE
from sce.measuring.dependence import Lattice
from sce.measuring.estimands import Rows
from sce.measuring.lines import as_table, interval_cells
from sce.reading.samples import SAMPLE
from sce.wordings.rewordings import of_reworded

PAIRED = {"validity": "valid", "mean_distance": "distance", "mean_excess": "excess"}
FOUND = "sce_point_id"
MANY = 500  # pairs that are worth processes of their own
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
    processes: int = 1,
) -> pd.DataFrame:
    """The ``differences`` artifact of the ``distances`` of every (model, dataset), computed by so many
    ``processes`` where there are at least MANY pairs on a dataset.

    ``a`` and ``b`` read MODEL / CONDITION; the value is a minus b over the points that both have. The many
    wordings of one condition (``stems``: see ``sce.wordings.rewordings``) are left out: a table of the
    experiment has their spread. lattices: of the datasets' grids, to tell neighbours by.
    """
    parts = []
    for dataset in dict.fromkeys(dataset for _, dataset in tables):
        sides = {
            (model, condition): _side((model, condition), rows)
            for (model, on), table in tables.items()
            if on == dataset
            for condition, rows in table[~of_reworded(table, stems)].groupby("condition", sort=False)
        }
        groups = [*_alike(sides, 0), *_alike(sides, 1)]
        compare = partial(_compared, estimand=estimand, lattice=(lattices or {}).get(dataset))
        if processes == 1 or sum(comb(len(group), 2) for group in groups) < MANY:
            compared = map(compare, groups)
        else:
            with ProcessPoolExecutor(processes) as pool:
                compared = list(pool.map(compare, groups))
        parts += [table.assign(dataset=dataset) for table in compared]
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


def _alike(sides, part):
    """The groups of two or more labels that share a part: the model (0) or the condition (1)."""
    groups = {}
    for label, side in sides.items():
        groups.setdefault(label[part], {})[label] = side
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
    return _compared({label: _side(label, rows) for label, rows in tables.items()}, estimand, lattice)


@dataclass(frozen=True)
class _Measured:
    """What was measured under one metric: the points (n,) in increasing order, their x' (n,), NONE for none,
    and the columns of PAIRED (n,), NaN where undefined."""

    points: np.ndarray
    found: np.ndarray
    columns: dict[str, np.ndarray]

    def __getitem__(self, chosen) -> "_Measured":
        columns = {name: values[chosen] for name, values in self.columns.items()}
        return _Measured(self.points[chosen], self.found[chosen], columns)


@dataclass(frozen=True)
class _Side:
    """What is compared with others: the kept rows, and what was measured under each metric."""

    kept: pd.DataFrame
    measured: dict[str, _Measured]


def _compared(sides, estimand, lattice):
    lines = []
    for (a, left), (b, right) in combinations(sides.items(), 2):
        of_answers = estimand == estimands.ANSWERS and sampled.both_sampled([left.kept, right.kept])
        for metric in sorted(left.measured.keys() & right.measured.keys()):
            samples = [side.kept[side.kept["metric"] == metric] for side in (left, right) if of_answers]
            common = _on_common_points(left.measured[metric], right.measured[metric])
            one_model = _one_model(a, b)
            for name, cells in _differences(*common, metric, estimand, lattice, samples, one_model):
                lines.append((metric, name, _label(a), _label(b), *cells))
    return as_table(lines, COLUMNS)


def _on_common_points(left, right):
    if np.array_equal(left.points, right.points):
        return left, right
    _, *chosen = np.intersect1d(left.points, right.points, assume_unique=True, return_indices=True)
    return left[chosen[0]], right[chosen[1]]


def _differences(left, right, metric, estimand, lattice, samples, one_model):
    """Per name of PAIRED: the cells of COLUMNS from the difference on, of two sides on the same points;
    samples: where the interval is of them, the rows that the two are means of."""
    rows, of_rows = None, None
    for name, column in PAIRED.items():
        a, b = left.columns[column], right.columns[column]
        some = ~np.isnan(a - b)
        if not some.any():
            reason = "no point is valid in both" if column == "excess" else "no point is kept in both"
            yield name, (None, *interval_cells(None, None, 0, reason), None, None)
            continue
        if not np.array_equal(some, of_rows):  # points with a verdict have a distance too
            of_rows = some
            rows = Rows.of(left.points[some], left.found[some], right.found[some], lattice=lattice)
        a, b = a[some], b[some]
        values = a - b
        of_shares = column == PAIRED["validity"]
        within = possible.of_differences(possible.of_score(name, metric))
        if samples:
            interval = sampled.interval(samples, rows.points, column, values, one_model, within)
        elif of_shares:
            interval = estimands.difference_of_shares(values, rows, estimand)
        else:
            interval = estimands.mean(values, rows, estimand, *within)
        verdicts = of_shares and np.isin([a, b], (0, 1)).all()
        exact = hypotheses.mcnemar(a, b) if verdicts else None
        cells = interval_cells(interval, estimand, len(values), None)
        yield name, (float(values.mean()), *cells, interval.p, exact)


def _label(label):
    return label if isinstance(label, str) else " / ".join(label)


def _one_model(a, b):
    return isinstance(a, tuple) and isinstance(b, tuple) and a[0] == b[0]


def _side(label, rows):
    """Raises InputError where a table without samples has a point twice."""
    kept = rows[rows["status"] == "kept"]
    by_metric = dict(iter(kept.groupby("metric")))
    if SAMPLE in kept:
        return _Side(kept, {metric: _measured(_of_samples(part)) for metric, part in by_metric.items()})
    measured = {metric: _measured(part.sort_values("point_id")) for metric, part in by_metric.items()}
    for one in measured.values():
        twice = np.flatnonzero(np.diff(one.points) == 0)
        if len(twice):
            where, point = f"distances of {_label(label)}", int(one.points[twice[0]])
            raise InputError(where, "point_id", point, "one row per point and metric")
    return _Side(kept, measured)


def _measured(rows):
    points, found = rows["point_id"].to_numpy(np.int64), rows[FOUND].to_numpy(np.int64, na_value=NONE)
    columns = {name: rows[name].to_numpy(float, na_value=np.nan) for name in PAIRED.values()}
    return _Measured(points, found, columns)


def _of_samples(kept):
    """One row for the samples of each point, by point_id in increasing order."""
    by_point = kept.astype({"point_id": "int64", "valid": float}).groupby("point_id", sort=True)
    measured = by_point[list(PAIRED.values())]
    # The mean of equal values is that value; a trace of rounding would be taken for a difference.
    means = measured.mean().where(measured.max() > measured.min(), measured.first()).astype(float)
    means[FOUND] = by_point[FOUND].agg(lambda found: int(found.mode().iloc[0]))
    return means.reset_index()
