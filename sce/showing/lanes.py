"""Arrows that would hide each other: those that run along one line, and share a part of it, side by side."""

import heapq
from itertools import groupby

import numpy as np

APART = 0.06  # inches between two arrows side by side, which is as wide as a head
LEAST = 0.02  # nearer than that their lines could not be told apart
WIDEST = 0.7  # of the shorter side of a cell: what all arrows along a line may take up


def sideways(start: np.ndarray, end: np.ndarray, cell: tuple[float, float]) -> np.ndarray:
    """How far to move each arrow from ``start`` to ``end``, whole cells of shape (n, 2), so that none lies on
    another: shape (n, 2), in cells. Those that a cell has no room for are told apart by where they begin, and
    lie on one line for each way. ``cell``: their width and height in inches."""
    shift = np.zeros(start.shape)
    steps = end - start
    length = np.gcd(*steps.T)
    going = np.flatnonzero(length)
    along = steps[going] // length[going, None]
    turned = (along[:, 0] < 0) | ((along[:, 0] == 0) & (along[:, 1] < 0))
    along = np.where(turned[:, None], -along, along)  # both ways along a line are one direction
    ends = np.sort(_places(np.stack([start[going], end[going]], axis=1), along), axis=1)
    beside = along[:, 0] * start[going, 1] - along[:, 1] * start[going, 0]
    lines = np.column_stack([along, beside])
    order = np.lexsort((ends[:, 1], ends[:, 0], *lines.T))
    for _, some in groupby(order, key=lambda k: tuple(lines[k])):
        for group, lanes in _side_by_side(list(some), ends):
            if WIDEST * min(cell) / (max(lanes) + 1) < LEAST:
                lanes = np.unique(turned[group], return_inverse=True)[1]
            shift[going[group]] = _away(lanes, cell)[:, None] * _across(along[group[0]], cell)
    return shift


def _away(lanes, cell):
    """How far lanes (n,) lie from the middle of all of them, in inches."""
    many = max(lanes) + 1
    return (np.array(lanes) - (many - 1) / 2) * min(APART, WIDEST * min(cell) / many)


def _places(points, along):
    """Where points (n, 2, 2) stand on lines with the directions ``along`` (n, 2): in whole numbers (n, 2)."""
    return (points * along[:, None, :]).sum(axis=2)


def _across(along, cell):
    """An inch at right angles to a direction, in cells."""
    wide, high = along * np.array(cell)
    return np.array([-high, wide]) / np.hypot(wide, high) / np.array(cell)


def _side_by_side(arrows, ends):
    """The arrows of a line in groups that hang together, each with its lane: the first that is free."""
    group, lanes, free, busy = [], [], [], []
    for arrow in arrows:  # from left to right
        low, high = ends[arrow]
        while busy and busy[0][0] <= low:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if group and not busy:
            yield group, lanes
            group, lanes, free = [], [], []
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (high, lane))
        group.append(arrow)
        lanes.append(lane)
    yield group, lanes
