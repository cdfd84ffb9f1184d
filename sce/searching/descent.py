"""From a point with the target down to the boundary, by halving."""

from collections.abc import Generator

import numpy as np

from sce.searching.costs import Costs

Halving = Generator[int, bool, tuple[np.ndarray, np.ndarray]]


def come_down(costs: Costs, start: int, target: int) -> Halving:
    """Points to ask, each answered by ``send``: whether it has the target.

    First halves the straight line from the start to ``target`` until it crosses, then brings each changed
    feature back towards the start, the dearest first. Returns the ranks of the last point met without the
    target and of the last with it. The second may not be the nearest there is.
    """
    begin = costs.ranks(start)
    across, ranks = yield from _halve_the_line(costs, begin, costs.ranks(target))
    changed = [i for i in range(len(ranks)) if ranks[i] != begin[i]]
    for i in sorted(changed, key=lambda i: -costs.tables[i][begin[i], ranks[i]]):
        level, without = begin[i], None  # the start's own level first, then halfway to the one without
        while without is None or (costs.ordered[i] and abs(without - ranks[i]) > 1):
            moved = ranks.copy()
            moved[i] = level
            if (moved != begin).any() and (yield costs.point(moved)):
                ranks = moved
                if without is None:
                    break
            else:
                across, without = moved, level
            level = (without + ranks[i]) // 2
    return across, ranks


def _halve_the_line(costs, begin, end) -> Halving:
    """The last pair of neighbours on the straight line between which the target is reached."""
    low, high = 0.0, 1.0
    across, ranks = begin, end
    finest = 0.5 / max(abs(end - begin).max(), 1)
    while high - low > finest:
        middle = (low + high) / 2
        between = np.floor(begin + (end - begin) * middle + 0.5).astype(np.int64)
        if (between == across).all():
            low = middle
        elif (between == ranks).all():
            high = middle
        elif (yield costs.point(between)):
            ranks, high = between, middle
        else:
            across, low = between, middle
    return across, ranks
