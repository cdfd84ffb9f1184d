"""Which features does an SCE change, which does the nearest counterfactual change, and to which is the
boundary itself sensitive? It asks no new questions."""

import importlib

import numpy as np

from sce.experiments.kind import Kind
from sce.grids.datasets import Dataset
from sce.measuring import metrics, outcomes, possible
from sce.measuring.boundaries import predictions
from sce.measuring.codes import NONE

BOUNDARY, NEAREST, FEATURE = "boundary", "nearest_", "feature "
CHANGED, FAR, ANY_LEVEL = "changed", "how_far", "flips_at_any_level"


class ChangedFeatures(Kind):
    """Of every feature (``feature NAME``): of every condition, over SCEs on the grid, and of
    ``nearest_METRIC``, the nearest counterfactuals of all points that have one: ``changed``, the share that
    changes it, and ``how_far`` it is changed where it is, as a part of its range (a categorical one: 1). Of
    ``boundary``, over points with a prediction: ``flips_at_one_level``, the share at which another level of
    this feature alone, the next one up or down, gives the other prediction (a categorical one: any other
    level), and ``flips_at_any_level``.

    Of every condition under a metric: ``overlap``, the mean over SCEs of the features that both the SCE and
    the nearest counterfactual of its start (the SCE itself where none is nearer) change, over those that
    either changes; ``same_features``, the share of SCEs that change the same ones; ``rank_with_nearest`` and
    ``rank_with_boundary``, Spearman's correlation over features of ``changed`` with that of these nearest
    ones, and with ``flips_at_any_level``. Of ``nearest_METRIC``: ``rank_with_boundary``."""

    name = "changed_features"
    fields = {"changed_features": (bool, False)}
    about_sces = True
    needs = ("boundary", "sce")
    draws_with = "sce.showing.feature_maps"
    figure_name = "changed_features"

    def subjects(self, experiment, config, find):
        nearest = [NEAREST + metric for metric in experiment.metrics]
        return [*sorted(experiment.conditions), *nearest, BOUNDARY] if experiment.changed_features else []

    def measure(self, given):
        dataset = given.dataset
        codes = predictions(dataset, given.tables["boundary"])
        lines = _lines_of_boundary(given, codes)
        sensitivity = _shares(lines, BOUNDARY, ANY_LEVEL)
        known = np.flatnonzero(codes != NONE)
        nearest = {}
        for metric in given.metrics:
            ids, _ = metrics.nearest(dataset, codes, metric, given.embeddings)
            near = np.full(dataset.size, NONE)
            near[known] = ids[known, 1 - codes[known]]
            nearest[metric] = near
            x = np.flatnonzero(near != NONE)
            lines += _lines_of_changes(given, NEAREST + metric, x, near[x])
            changed = _shares(lines, NEAREST + metric, CHANGED)
            lines.append(_rank(NEAREST + metric, metric, "rank_with_boundary", changed, sensitivity))
        for condition, rows in given.tables["sce"].groupby("condition", sort=False):
            rows = rows[rows["sce_point_id"].notna() & (rows["status"] == "ok")]
            x, there = (rows[name].to_numpy(dtype=np.int64) for name in ("point_id", "sce_point_id"))
            lines += _lines_of_changes(given, condition, x, there)
            changed = _shares(lines, condition, CHANGED)
            for metric, near in nearest.items():
                as_near = _as_near(given, metric, codes, x, there, near[x])
                lines += _lines_of_agreement(given, condition, metric, x, there, as_near)
                lines.append(_rank(condition, metric, "rank_with_boundary", changed, sensitivity))
        return outcomes.table(lines)

    def figure(self, table, options, style):
        shares = table[table["metric"].str.startswith(FEATURE) & table["score"].isin([CHANGED, ANY_LEVEL])]
        shares = shares.assign(feature=shares["metric"].str.removeprefix(FEATURE))
        return importlib.import_module(self.draws_with).feature_maps(shares, _ranks(table), style)

    def caption(self, table, options):
        return importlib.import_module(self.draws_with).caption(_ranks(table))


def _ranks(table):
    """How alike SCEs and nearest counterfactuals rank the features."""
    return table[table["score"] == "rank_with_nearest"]


def how_far(dataset: Dataset, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far each feature is changed from the points a to the points b (n,), as parts of its range, 1 for
    another level of a categorical one: (features, n)."""
    found = []
    ranks = zip(np.unravel_index(a, dataset.shape), np.unravel_index(b, dataset.shape), strict=True)
    for feature, (before, after) in zip(dataset.features.values(), ranks, strict=True):
        levels = np.array(feature.codes, dtype=float)
        if feature.kind == "categorical":
            found.append((before != after).astype(float))
        else:
            found.append(np.abs(levels[after] - levels[before]) / np.ptp(levels))
    return np.array(found)


def flips(dataset: Dataset, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Score -> whether each feature alone flips the prediction at every point: float (features, N), NaN where
    the point or all other levels have no prediction. codes: predictions (N,)."""
    grid = codes.reshape(dataset.shape)
    found = {"flips_at_one_level": [], ANY_LEVEL: []}
    for axis, feature in enumerate(dataset.features.values()):
        lines = np.moveaxis(grid, axis, -1)
        levels = np.arange(lines.shape[-1])
        apart = np.abs(levels[:, None] - levels)
        reach = {ANY_LEVEL: apart > 0}
        reach["flips_at_one_level"] = reach[ANY_LEVEL] if feature.kind == "categorical" else apart == 1
        for score, within in reach.items():
            others = {code: (lines == code) @ within.T > 0 for code in (0, 1)}
            other = np.where(lines == 0, others[1], others[0])
            known = (lines != NONE) & (others[0] | others[1])
            found[score].append(np.moveaxis(np.where(known, other, np.nan), -1, axis).ravel())
    return {score: np.array(values) for score, values in found.items()}


def _lines_of_boundary(given, codes):
    about = given.scoring | {"points": np.arange(given.dataset.size)}
    return [
        outcomes.mean(BOUNDARY, FEATURE + name, score, values, **about)
        for score, by_feature in flips(given.dataset, codes).items()
        for name, values in zip(given.dataset.features, by_feature, strict=True)
    ]


def _lines_of_changes(given, subject, x, there):
    lines, about = [], given.scoring | {"points": x, "found": there}
    for name, far in zip(given.dataset.features, how_far(given.dataset, x, there), strict=True):
        lines.append(outcomes.mean(subject, FEATURE + name, CHANGED, far > 0, **about))
        some = np.where(far > 0, far, np.nan)
        lines.append(outcomes.mean(subject, FEATURE + name, FAR, some, **about, within=possible.SHARE))
    return lines


def _as_near(given, metric, codes, x, there, near):
    """The nearest counterfactual that SCEs from x to there are compared with: the SCE itself where it is one,
    as several may be equally near; else ``near`` (NONE: there is none)."""
    space = metrics.space(given.dataset, metric, given.embeddings)
    some = (near != NONE) & (codes[there] == 1 - codes[x])
    itself = np.zeros(len(x), dtype=bool)
    itself[some] = space.between(x[some], there[some]) == space.between(x[some], near[some])
    return np.where(itself, there, near)


def _lines_of_agreement(given, condition, metric, x, there, near):
    """Of SCEs at x whose start has a nearest counterfactual, ``near`` (NONE: it has not)."""
    some = near != NONE
    x, there, near = x[some], there[some], near[some]
    mine, nearest = how_far(given.dataset, x, there) > 0, how_far(given.dataset, x, near) > 0
    about = given.scoring | {"points": x, "found": there}
    overlap = (mine & nearest).sum(axis=0) / (mine | nearest).sum(axis=0)  # which changes something
    same = (mine == nearest).all(axis=0)
    return [
        outcomes.mean(condition, metric, "overlap", overlap, **about, within=possible.SHARE),
        outcomes.mean(condition, metric, "same_features", same, **about),
        _rank(condition, metric, "rank_with_nearest", _mean(mine), _mean(nearest)),
    ]


def _mean(flags):
    """(features,) the means over the columns, NaN where there are none."""
    return flags.mean(axis=1) if flags.shape[1] else np.full(len(flags), np.nan)


def _shares(lines, subject, score):
    """(features,) the values of one score of one subject, NaN where it has none."""
    found = [line["value"] for line in lines if line["condition"] == subject and line["score"] == score]
    return np.array(found, dtype=float)


def _rank(subject, metric, score, a, b):
    """Spearman's correlation of two scores over features; null where either is alike for all."""
    if np.isnan([a, b]).any() or np.ptp(a) == 0 or np.ptp(b) == 0:
        return outcomes.number(
            subject, metric, score, None, len(a), "one of the two is alike for all features"
        )
    from scipy import stats  # takes a while, which no reading of the Snakefile should pay

    return outcomes.number(subject, metric, score, float(stats.spearmanr(a, b).statistic), len(a))


KIND = ChangedFeatures()
