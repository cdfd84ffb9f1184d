"""What lies around one start and is not decided yet, nearest first.

Without assumptions an answer decides its own point alone. Along features whose direction is taken for known
(``directions``) an answer that is not the target's decides more: whatever lies between the start and it,
or no farther on the target's side in any such feature. The start's *quadrant* is what lies on the target's
side, or level, in all of them; a nearest counterfactual is in it if the assumption holds, because taking
back a step to the other side brings a point nearer and does not lose the target.
"""

from heapq import heappop, heappush
from itertools import pairwise
from math import inf
from operator import ge

import numpy as np

from sce.searching.answers import Answers
from sce.searching.boxes import Boxes
from sce.searching.costs import Costs, levels_as_numbers, sums


class Frontier:
    """The undecided points of one start's quadrant as a search, best first, that leaps over decided boxes.

    A point is a *root* (a choice of levels of the features without direction) and *steps* from the start
    along those with one. A point known to be decided by an answer at steps b is replaced by those that
    exceed b in one feature: every undecided point beyond it lies at or beyond one of them.
    ``directions``: feature -> +1 or -1, the way that leads to the start's target.
    """

    def __init__(self, costs: Costs, answers: Answers, start: int, label: int, directions: dict[int, int]):
        self.costs, self.answers, self.start, self.label = costs, answers, start, label
        self.ranks = costs.ranks(start)
        self.directed = list(directions)
        self.signs = np.array([directions[i] for i in self.directed], np.int16)
        prices = [
            costs.tables[i][self.ranks[i]][self.ranks[i] :: directions[i]].tolist() for i in self.directed
        ]
        self._sizes = [len(keys) for keys in prices]
        steps = (np.diff(keys) for keys in prices if len(keys) > 1)
        self._least = min((int(step.min()) for step in steps), default=0)  # the key of the cheapest step
        self._free = [i for i in range(len(costs.shape)) if i not in directions]
        levels = [levels_as_numbers(costs, i, self.ranks[i], range(costs.shape[i])) for i in self._free]
        self._roots = sums(levels)
        self._next_root = next(self._roots)
        strides = [costs.strides[i] * directions[i] for i in self.directed]
        # of each directed feature: the keys of its steps, with one more that is beyond any limit; its stride
        self._axes = [([*keys, inf], stride) for keys, stride in zip(prices, strides, strict=True)]
        self._heap: list[tuple[int, int, int, tuple[int, ...]]] = []  # key, point, root, steps
        self._known: set[int] = set()  # points that are or were in the heap
        self._boxes: dict[int, Boxes] = {}  # root -> what answers decide there
        self._read = 0

    def batch(self, width: int, limit: int | None) -> tuple[list[int], tuple[int, int] | None]:
        """Up to ``width`` points worth asking at once, and (key, point) of the nearest undecided point.

        Only points nearer than ``limit`` (a key; None: any) are looked at; with none left the list is empty
        and the second part is None. Each point decides what the ones before it leave open, should all of them
        get the start's own label; answers decide what is true, so nothing is taken for decided here.
        """
        self._read_answers()
        asked, held, lowest, hoped = [], [], None, {}
        while len(asked) < width and (node := self._pop(limit)) is not None:
            key, point, root, steps = node
            box = self._deciding(root, steps)
            if box is None and point in self.answers:
                box = steps
            if box is None:
                held.append(node)
                lowest = lowest or (key, point)
                box = next((hope for hope in hoped.get(root, ()) if all(map(ge, hope, steps))), None)
            if box is None:
                box, far = self._extended(key, point, steps, limit)
                if far in self.answers:  # asked in vain, or against the assumption
                    box, far = steps, point
                asked.append(far)
                hoped.setdefault(root, []).append(box)
            self._leap(node, box, limit)
        for node in held:
            heappush(self._heap, node)
        return asked, lowest

    def contradicts(self, target: int) -> bool:
        """Whether the answers decide, if the directions are true, that ``target`` has the start's label."""
        self._read_answers()
        moved = self.costs.ranks(target) - self.ranks
        root = sum(int(moved[i]) * self.costs.strides[i] for i in self._free)
        steps = np.maximum(moved[self.directed] * self.signs, 0).tolist()
        return bool(self.directed) and self._deciding(root, steps) is not None

    def _read_answers(self):
        """Take in what was answered since: with the start's own label it decides a whole box."""
        if not self.directed:
            return
        ranks, labels = self.answers.since(self._read)
        self._read = len(self.answers)
        ranks = ranks[labels == self.label]
        steps = (ranks[:, self.directed] - self.ranks[self.directed].astype(np.int16)) * self.signs
        inside = (steps >= 0).all(axis=1)
        if not inside.any():
            return
        steps, ranks = steps[inside], ranks[inside]
        roots = np.zeros(len(ranks), np.int64)
        for i in self._free:
            roots += (ranks[:, i] - self.ranks[i]) * self.costs.strides[i]
        order = np.argsort(roots, kind="stable")
        steps, roots = steps[order], roots[order]
        ends = np.flatnonzero(np.diff(roots, append=roots[-1] + 1)) + 1
        for begin, end in pairwise([0, *ends.tolist()]):
            root = int(roots[begin])
            if root not in self._boxes:
                self._boxes[root] = Boxes(self._sizes)
            self._boxes[root].add(steps[begin:end])

    def _pop(self, limit):
        """The nearest node below the limit, or None. Roots join the heap when it has come to them."""
        size = 2 * self.costs.size
        while self._next_root is not None:
            key = (self._next_root + self.costs.size) // size
            if (self._heap and self._heap[0][0] < key) or (limit is not None and key >= limit):
                break
            root = self._next_root - key * size
            if self.start + root not in self._known:
                self._push(key, self.start + root, root, (0,) * len(self.directed))
            self._next_root = next(self._roots, None)
        if not self._heap or (limit is not None and self._heap[0][0] >= limit):
            return None
        return heappop(self._heap)

    def _deciding(self, root, steps):
        """Of the boxes of a root around ``steps`` the one that reaches farthest, or None."""
        boxes = self._boxes.get(root)
        return boxes.around(steps) if boxes else None

    def _leap(self, node, box, limit):
        """Put in the place of a decided point its successors beyond the box. Those at the limit or farther
        are left out for good: limits only fall."""
        key, point, root, steps = node
        if limit is not None and key + self._least >= limit:  # true of most: the last shell is the largest
            return
        room = inf if limit is None else limit - key
        for place, (prices, stride) in enumerate(self._axes):
            step, end = steps[place], box[place] + 1
            dearer = prices[end] - prices[step]
            if dearer < room:
                beyond = point + (end - step) * stride
                if beyond not in self._known:
                    self._push(key + dearer, beyond, root, (*steps[:place], end, *steps[place + 1 :]))

    def _push(self, key, point, root, steps):
        self._known.add(point)
        heappush(self._heap, (key, point, root, steps))

    def _extended(self, key, point, steps, limit):
        """The steps raised as far as they stay below the limit, one feature after the other, and the point
        they lead to."""
        if limit is not None and key + self._least >= limit:
            return steps, point
        end, room = list(steps), inf if limit is None else limit - key
        for place, (prices, stride) in enumerate(self._axes):
            step = last = end[place]
            while prices[last + 1] - prices[step] < room:
                last += 1
            if last > step:
                room -= prices[last] - prices[step]
                point += (last - step) * stride
                end[place] = last
        return tuple(end), point
