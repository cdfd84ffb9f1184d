"""One axis of the search for the nearest member of a class on a full grid, in three ways with the same
result.

Each takes an axis and two arrays (levels, lines), which it changes in place. ``keys``: how far the nearest
member found so far is, as an integer, FAR where there is none. ``ids``: which point it is. Afterwards both
are about the nearest member along the whole line. Among equally near ones that with the smallest rank along
the axis wins.
"""

import numpy as np

FAR = 2**62  # farther than any distance, with room to add one more without overflow
BLOCK = 2**15  # numbers that stay in the processor's cache while they are worked on
LONG = 40  # levels beyond which parabolas are quicker than trying every pair of levels, on larger grids


def quickest(axis, points: int):
    """The quickest of ``sweep``, ``shift`` and ``envelope`` for an axis of a grid of so many points."""
    steps = np.diff(axis.positions)
    if axis.gap == "absolute" and ((steps > 0).all() or (steps < 0).all()):
        return sweep
    if axis.gap == "square" and (steps > 0).all() and axis.size > LONG and points > BLOCK:
        return envelope
    return shift


def sweep(axis, keys, ids):
    """One axis of the transform where the gaps between neighbours add up: there and back along the lines
    (size, lines), in place.

    On a tie the way from the left wins, whose source has the smaller rank.
    """
    steps = axis.costs(1)[:, 0]
    for here in range(1, axis.size):
        _take(keys[here], ids[here], keys[here - 1] + steps[here - 1], ids[here - 1], np.less_equal)
    for here in range(axis.size - 2, -1, -1):
        _take(keys[here], ids[here], keys[here + 1] + steps[here], ids[here + 1], np.less)


def shift(axis, keys, ids):
    """One axis of the transform for any gap: each pair of levels, by growing shift between them, in place."""
    width = max(1, BLOCK // axis.size)
    for start in range(0, keys.shape[1], width):
        lines = slice(start, start + width)
        old_keys, old_ids = keys[:, lines].copy(), ids[:, lines].copy()
        best, source = old_keys.copy(), old_ids.copy()
        for by in range(1, axis.size):
            costs = axis.costs(by)
            _take(best[by:], source[by:], old_keys[:-by] + costs, old_ids[:-by], np.less_equal)
            _take(best[:-by], source[:-by], old_keys[by:] + costs, old_ids[by:], np.less)
        keys[:, lines], ids[:, lines] = best, source


def _take(keys, ids, offered_keys, offered_ids, better):
    """Take what is offered where it is ``better`` (np.less, or np.less_equal to win ties too), in place."""
    won = better(offered_keys, keys)
    np.copyto(keys, offered_keys, where=won)
    np.copyto(ids, offered_ids, where=won)


def envelope(axis, keys, ids):
    """One axis of the transform for squares: the lower envelope of one parabola per level, in place.

    The method of Felzenszwalb and Huttenlocher (Theory of Computing 8, 2012), over many lines at a time and
    in integers: a later parabola counts as lower only where it is strictly so, hence ties go to the smaller
    rank.
    """
    width = max(1, 64 * BLOCK // axis.size)
    for start in range(0, keys.shape[1], width):
        lines = slice(start, start + width)
        old_keys, old_ids = keys[:, lines].copy(), ids[:, lines].copy()
        lowest = _lowest_parabolas(axis, old_keys)
        costs = np.square(axis.positions[:, None] - axis.positions[lowest]) * axis.key
        # Lines without any member stay at FAR.
        keys[:, lines] = np.minimum(np.take_along_axis(old_keys, lowest, axis=0) + costs, FAR)
        ids[:, lines] = np.take_along_axis(old_ids, lowest, axis=0)


def _lowest_parabolas(axis, keys):
    """For each level of each line the rank of the level whose parabola is the lowest there: (size, lines)."""
    x = axis.positions
    count = keys.shape[1]
    heights = keys + (x**2 * axis.key)[:, None]
    ranks = np.zeros(keys.shape, np.int64)  # per line the parabolas of its envelope so far, a stack,
    begins = np.zeros(keys.shape, np.int64)  # the first position where each is the lowest,
    top = np.full(count, -1)  # and the place of the last one
    for rank in range(axis.size):
        lines = np.flatnonzero(keys[rank] < FAR)
        while len(lines):
            last = top[lines]
            beneath = ranks[last, lines]
            rise = heights[rank, lines] - heights[beneath, lines]
            run = 2 * axis.key * (x[rank] - x[beneath])
            begin = np.where(last < 0, 0, rise // np.maximum(run, 1) + 1)
            beaten = (last >= 0) & (begin <= begins[last, lines])
            settled, place = lines[~beaten], last[~beaten] + 1
            top[settled], ranks[place, settled], begins[place, settled] = place, rank, begin[~beaten]
            lines = lines[beaten]
            top[lines] -= 1

    lowest = np.empty(keys.shape, np.int64)
    at = np.zeros(count, np.int64)
    for rank in range(axis.size):
        lines = np.arange(count)
        while len(lines):
            following = np.minimum(at[lines] + 1, axis.size - 1)
            lines = lines[(at[lines] < top[lines]) & (begins[following, lines] <= x[rank])]
            at[lines] += 1
        lowest[rank] = ranks[at, np.arange(count)]
    return lowest
