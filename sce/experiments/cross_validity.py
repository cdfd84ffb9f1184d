"""Does a model's explanation fit itself better than its peers? The SCEs of one model, judged by the
boundaries of all models that an experiment asks about the dataset. It asks no new questions."""

import importlib

import numpy as np

from sce.errors import InputError
from sce.experiments.kind import Kind
from sce.measuring import outcomes
from sce.measuring.boundaries import predictions
from sce.measuring.codes import NONE

ITSELF, PEERS = "judged by itself", "itself minus peers"  # what the lines of the table are measured with
JUDGED_BY = "judged by "


class CrossValidity(Kind):
    """Of every condition, over SCEs on the grid. ``judged by B``, where B has a prediction at x and x':
    ``validity``, the share at which B predicts at x' the SCE's target, which is the complement of what its
    author predicts at x; ``flips``, the share at which B's prediction at x' is not B's own at x, which is the
    same where the two agree at x; ``agrees``, the share of these x at which they do. ``itself minus peers``:
    for the first two the mean over SCEs of the author's own verdict (0 or 1) minus the mean verdict of the
    peers who have one, over the SCEs that both sides can judge."""

    name = "cross_validity"
    fields = {"cross_validity": (bool, False)}
    about_sces = True
    needs = ("boundary", "sce")
    needs_peers = True
    draws_with = "sce.showing.cross_validity_maps"
    figure_name = "cross_validity"

    def check(self, experiment, config, dataset):
        if experiment.cross_validity and len(experiment.models) < 2:
            found = f"asked of {experiment.models[0]} alone"
            raise InputError(f"dataset {dataset.name}", "cross_validity", found, "at least two models")

    def subjects(self, experiment, config, find):
        return sorted(experiment.conditions) if experiment.cross_validity else []

    def measure(self, given):
        dataset = given.dataset
        own = predictions(dataset, given.tables["boundary"])
        peers = {name: predictions(dataset, boundary) for name, boundary in given.peers.items()}
        lines = []
        for condition, rows in given.tables["sce"].groupby("condition", sort=False):
            rows = rows[rows["sce_point_id"].notna() & (rows["status"] == "ok")]
            x, there = (rows[name].to_numpy(dtype=np.int64) for name in ("point_id", "sce_point_id"))
            about = given.scoring | {"points": x, "found": there}
            itself = judged(own, own, x, there)
            others = {name: judged(codes, own, x, there) for name, codes in peers.items()}
            named = {ITSELF: itself} | {JUDGED_BY + name: scores for name, scores in others.items()}
            for judge, scores in named.items():
                lines += [outcomes.mean(condition, judge, *item, **about) for item in scores.items()]
            for score in ("validity", "flips"):
                excess = itself[score] - _mean_known([scores[score] for scores in others.values()], len(x))
                lines.append(outcomes.difference(condition, PEERS, score, excess, **about))
        return outcomes.table(lines)

    def figure(self, table, options, style):
        validity = table[table["score"] == "validity"]
        names = (
            validity["metric"]
            .str.removeprefix(JUDGED_BY)
            .mask(validity["metric"] == ITSELF, validity["model"])
        )
        shares = validity.assign(judge=names)[validity["metric"] != PEERS]
        models = list(table["model"].unique())
        judges = models + sorted(set(shares["judge"]) - set(models))
        maps = importlib.import_module(self.draws_with)
        return maps.cross_validity_maps(shares, _of_peers(table), judges, style)

    def caption(self, table, options):
        return importlib.import_module(self.draws_with).caption(_of_peers(table))


def _of_peers(table):
    """By how much the SCEs of each model are valid more often by itself than by its peers."""
    return table[(table["score"] == "validity") & (table["metric"] == PEERS)]


def judged(judge: np.ndarray, author: np.ndarray, x: np.ndarray, there: np.ndarray) -> dict[str, np.ndarray]:
    """Score -> its value for each SCE, NaN where one of the predictions that it needs is missing. judge,
    author: predictions (N,); x, there: the points of the SCEs and of their x' (n,)."""
    known = (author[x] != NONE) & (judge[x] != NONE) & (judge[there] != NONE)
    verdicts = {
        "validity": judge[there] != author[x],
        "flips": judge[there] != judge[x],
        "agrees": judge[x] == author[x],
    }
    return {name: np.where(known, verdict, np.nan) for name, verdict in verdicts.items()}


def _mean_known(verdicts, rows):
    """The mean over judges of their verdicts, each (rows,): NaN where none has one."""
    stacked = np.array(verdicts, dtype=float).reshape(len(verdicts), rows)
    number = (~np.isnan(stacked)).sum(axis=0)
    return np.divide(np.nansum(stacked, axis=0), number, out=np.full(rows, np.nan), where=number > 0)


KIND = CrossValidity()
