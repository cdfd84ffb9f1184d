"""What is an SCE worth in queries? Two searches that need only the model's prediction at an instance. They
look it up in the boundary, so they ask no new questions.

``random_search`` asks at points drawn without replacement. ``line_search`` does so until it meets the target,
then halves the straight line between the start and that point until the crossing is found, and begins anew.
Both give the nearest counterfactual that they met. The start's own prediction and distances cost nothing.
"""

from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from sce.experiments.kind import Kind
from sce.grids.datasets import Dataset
from sce.measuring import metrics, outcomes, possible
from sce.measuring.boundaries import predictions
from sce.measuring.codes import NONE


def random_search(dataset: Dataset, start: int, rng) -> Iterator[int]:
    """The points asked about, in their order. The answers have no influence on them."""
    order = rng.permutation(dataset.size)
    for point in order[order != start]:
        yield int(point)


def line_search(dataset: Dataset, start: int, rng) -> Iterator[int]:
    """The points asked about, in their order. ``send`` answers each: whether its prediction is the target."""
    begin = np.array(np.unravel_index(start, dataset.shape))
    asked = {start}
    for far in random_search(dataset, start, rng):
        if far in asked:
            continue
        asked.add(far)
        if not (yield far):
            continue
        end = np.array(np.unravel_index(far, dataset.shape))
        low, high = 0.0, 1.0  # the target is at high, and not at low
        near = _between(dataset, begin, end, low)
        while (point := _between(dataset, begin, end, (low + high) / 2)) not in (near, far):
            has_target = yield point  # perhaps met on an earlier line: lines keep no memory
            asked.add(point)
            if has_target:
                high, far = (low + high) / 2, point
            else:
                low, near = (low + high) / 2, point


SEARCHES: dict[str, Callable] = {"random_search": random_search, "line_search": line_search}


class Search(Kind):
    """Of each search, by metric: ``validity_at_Q`` and ``mean_excess_at_Q`` after Q queries. Of each
    condition: ``queries_of_SEARCH``, the fewest of the Q after which the search is valid at least as often,
    at no larger mean excess; null, with a reason, where no Q is enough or the condition has no excess; beside
    it the ``validity`` and ``mean_excess`` of its own SCEs."""

    name = "search"
    draws_with = "sce.showing.search_figure"
    fields = {"queries": (list[Annotated[int, Field(ge=1, le=1_000_000)]], [])}
    needs = ("boundary", "scores")

    def subjects(self, experiment, config, find):
        return [*SEARCHES, *experiment.conditions] if experiment.queries else []

    def settings(self, pair):
        return {"queries": sorted(pair.of("queries"))}

    def measure(self, given):
        codes = predictions(given.dataset, given.tables["boundary"])
        return outcomes.table(
            given.by_metric(
                lambda metric: _lines(
                    given,
                    metric,
                    run(
                        given.dataset,
                        codes,
                        given.settings["queries"],
                        given.seed,
                        metric,
                        given.embeddings,
                    ),
                )
            )
        )


def run(
    dataset: Dataset, predictions: np.ndarray, queries: list[int], seed: int, metric: str, embeddings=None
) -> pd.DataFrame:
    """Columns search, point_id, queries, valid, excess: what each search has found after so many queries from
    every point with a prediction. predictions: (N,) 0, 1 or NONE. excess is NaN where not valid."""
    space = metrics.space(dataset, metric, embeddings)
    _, nearest = metrics.nearest(dataset, predictions, metric, embeddings)
    rows = []
    for name, search in SEARCHES.items():
        for start in np.flatnonzero(predictions != NONE):
            target = 1 - predictions[start]
            rng = np.random.default_rng([seed, int(start)])
            met = np.array(_met(search(dataset, int(start), rng), predictions, target, max(queries)))
            far = space.between(np.full(len(met), start), met) - nearest[start, target]
            best = np.minimum.accumulate(np.where(predictions[met] == target, far, np.inf))
            for budget in queries:
                found = best[min(budget, len(best)) - 1]
                valid = bool(np.isfinite(found))
                rows.append((name, start, budget, valid, found if valid else np.nan))
    return pd.DataFrame(rows, columns=["search", "point_id", "queries", "valid", "excess"])


def _lines(given, metric, found):
    lines, reached = [], {}
    for (search, budget), rows in found.groupby(["search", "queries"], sort=False):
        about = given.scoring | {"points": rows["point_id"]}
        valid = outcomes.mean(search, metric, f"validity_at_{budget}", rows["valid"], **about)
        within = possible.of_distances(metric)
        excess = outcomes.mean(
            search, metric, f"mean_excess_at_{budget}", rows["excess"], **about, within=within
        )
        lines += [valid, excess]
        reached[search, budget] = valid["value"], excess["value"]
    of_sces = given.tables["scores"]
    own = of_sces[of_sces["metric"] == metric].set_index(["condition", "score"])["value"]
    compared = (of_sces["metric"] == metric) & of_sces["score"].isin(["validity", "mean_excess"])
    lines += of_sces[compared].to_dict("records")
    for condition in of_sces["condition"].unique():
        for search in SEARCHES:
            wanted = [own.get((condition, score)) for score in ("validity", "mean_excess")]
            lines.append(_matching(condition, metric, search, reached, wanted))
    return lines


def _matching(condition, metric, search, reached, wanted):
    name = f"queries_of_{search}"
    if any(pd.isna(value) for value in wanted):
        return outcomes.number(condition, metric, name, None, 0, "the condition has no excess")
    enough = [
        budget
        for (by, budget), (validity, excess) in reached.items()
        if by == search and validity >= wanted[0] and excess is not None and excess <= wanted[1]
    ]
    reason = None if enough else "more than were given"
    return outcomes.number(condition, metric, name, min(enough, default=None), len(reached) // 2, reason)


def _met(asking, predictions, target, limit):
    """The first ``limit`` points of a search, each answered in turn."""
    met, answer = [], None
    try:
        while len(met) < limit:
            point = asking.send(answer)
            met.append(point)
            answer = predictions[point] == target
    except StopIteration:
        pass
    return met


def _between(dataset, begin, end, part):
    """The grid point nearest, in ranks, to a place on the straight line from begin to end."""
    ranks = np.floor(begin + (end - begin) * part + 0.5).astype(int)
    return int(np.ravel_multi_index(ranks, dataset.shape))


KIND = Search()
