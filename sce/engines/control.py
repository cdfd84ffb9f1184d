"""Control respondents: an exact decision function and a known way to give an SCE, so that every score of
theirs is known beforehand. They calibrate the whole pipeline.

The decision function is defined on any dataset. With u_i in [0, 1] the rank of feature i scaled over its
levels and p features, s(x) = sum_i 2 u_i / (i + 2) + u_0 u_(p-1) / 2 (the last term where p > 1): no axis
separates the classes, and the effect of one feature depends on another. The answer is option 1 where s(x)
is above 0.45 times its maximum.
"""

import hashlib
import json
from collections.abc import Callable
from functools import cached_property

import numpy as np

from sce.engines import AGAIN, About
from sce.grids.datasets import Dataset
from sce.ledger.entries import Reply
from sce.models.control import Control

VERSION = 2  # raise when an answer changes, so that no answer of an older version is taken for it
THRESHOLD = 0.45
LAID_OUT = 2_000_000  # points up to which the answers are computed for the whole grid at once


def open_engine(model: Control, dataset: Dataset) -> "ControlEngine":
    return ControlEngine(model, dataset)


class ControlEngine:
    """Computes every answer at once, without cost."""

    free = True

    def __init__(self, model: Control, dataset: Dataset):
        self.model, self.dataset = model, dataset
        levels = json.dumps([[f.kind, f.codes, f.labels] for f in dataset.features.values()])
        self._identity = {
            "engine": "control",
            "version": VERSION,
            "policy": model.policy,
            "seed": model.seed,
            "grid": hashlib.sha256(levels.encode()).hexdigest()[:16],
        }
        self._optional = model.optional
        self._ways: dict[str, Callable[[ControlEngine, dict], str]] = {}

    def body(self, messages, about: About) -> dict:
        if about.control:
            self._ways[about.kind] = about.control
        more = self._optional | {"more": about.more} if about.more else self._optional
        return {
            **self._identity,
            "kind": about.kind,
            "name": about.name,
            "record": about.record,
            "answer": about.answer,
            "messages": messages,
            **more,
        }

    async def start(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def ask(self, body) -> Reply:
        record = body["record"]
        if body["kind"] == "question":
            decided = self.decide(record) ^ self._wavers(body, record)
            return self._answers[decided]
        if body["kind"] == "condition":
            start, wording = self.dataset.locate(record), _with_number(body["name"], body)
            if AGAIN in body and self._drawn(f"sce {wording} wavers", start) < (self.model.wavers or 0):
                return _said(self.written(start))
            return self.counterfactual(start, body["answer"], wording)
        return _said(self._ways[body["kind"]](self, body))

    # --- what kinds of experiments build their own replies from

    def is_right(self, what, about) -> bool:
        """Whether it is right this time: at its rate, drawn anew for every kind of request and instance."""
        return self.model.rate is None or self._drawn(what, about) < self.model.rate

    def decide(self, record: dict) -> int:
        """The index of the option that it gives an instance, on the grid or off it."""
        if self.model.policy == "constant":
            return 0
        point_id = self.dataset.locate(record)
        if point_id is not None:
            return self._label(point_id)
        ranks = [np.interp(record[n], f.codes, range(len(f.codes))) for n, f in self.dataset.features.items()]
        return int(decide(self.dataset, np.array(ranks)[:, None])[0])

    def counterfactual(self, point_id: int, answer: str, wording: str) -> Reply:
        """The policy's SCE of a grid point where it gave ``answer``."""
        target = 1 - self.dataset.options.index(answer)
        policy = self.model.policy
        if policy == "malformed":
            return self._malformed(point_id)
        if policy in ("echo", "constant"):
            chosen = point_id
        elif policy == "overshoot":  # the corner farthest on the target's side: valid, and far
            chosen = self.dataset.size - 1 if target == 1 else 0
        elif policy == "random":  # drawn anew for every wording
            chosen = int(self._drawn(f"sce {wording}", point_id) * self.dataset.size)
        else:
            chosen = self.nearest(point_id)
            if policy == "timid":
                chosen = self._one_step_short(point_id, chosen)
            if policy == "thinking" and self.dataset.text is None:  # its candidates are records
                return self._aloud(point_id, chosen)
        return _said(self.written(chosen))

    def nearest(self, point_id: int) -> int:
        """A nearest point of the other class, under Gower's distance or the policy's own."""
        if self.dataset.size > LAID_OUT:
            return self._far_sighted.nearest(point_id)
        return int(self._nearest[point_id])

    def written(self, point_id: int) -> str:
        """A grid point as a record in JSON, or as the text that describes it."""
        if self.dataset.text is not None:
            return self._as_sce(self._values(point_id))
        ranks = self.dataset.ranks_at(point_id)
        members = [written[rank] for written, rank in zip(self._members_written, ranks, strict=True)]
        return f"{{{', '.join(members)}}}"

    def _values(self, point_id) -> dict:
        """A grid point as a model writes it: numbers, and labels."""
        ranks = self.dataset.ranks_at(point_id)
        return {
            name: written[rank]
            for (name, written), rank in zip(self._levels_written.items(), ranks, strict=True)
        }

    @cached_property
    def _levels_written(self) -> dict[str, list]:
        """Feature -> its levels as a model writes them."""
        features = self.dataset.features.items()
        return {name: feature.codes if feature.is_number else feature.labels for name, feature in features}

    @cached_property
    def _members_written(self) -> list[list[str]]:
        """Of every feature its levels, each as a member of a JSON object as json.dumps writes it."""
        levels = self._levels_written.items()
        return [[f"{json.dumps(name)}: {json.dumps(value)}" for value in values] for name, values in levels]

    def _as_sce(self, values) -> str:
        """Values in the form in which a dataset wants its SCEs; a text says nothing of those that are left
        out."""
        if self.dataset.text is None:
            return json.dumps(values)
        said = dict.fromkeys(self.dataset.features, "")
        said |= {name: self.dataset.features[name].wording.format(value=v) for name, v in values.items()}
        return self.dataset.joined(said)

    def _wavers(self, body, record) -> bool:
        """Whether a question in a numbered wording, or one that is asked again, gets the other answer, drawn
        anew for every wording and every time."""
        name = body["name"]
        if self.model.wavers is None or not (AGAIN in body or name[-1].isdigit()):
            return False
        return self._drawn(f"wording {_with_number(name, body)}", record) < self.model.wavers

    def _drawn(self, what, about) -> float:
        """A pseudo-random number in [0, 1) that depends only on the seed and on what is asked."""
        drawn = hashlib.sha256(json.dumps([self.model.seed, what, about]).encode()).digest()
        return int.from_bytes(drawn[:8], "big") / 2**64

    def _label(self, point_id) -> int:
        if self.dataset.size > LAID_OUT:
            return int(
                decide(self.dataset, np.array(np.unravel_index(point_id, self.dataset.shape))[:, None])[0]
            )
        return int(self._labels[point_id])

    @cached_property
    def _far_sighted(self):
        from sce.engines.large_control import FarSighted  # small grids need none of it

        return FarSighted(self.dataset, l1=self.model.policy == "nearest_l1")

    @cached_property
    def _answers(self) -> list[Reply]:
        """The reply that gives each option."""
        return [_said(json.dumps({"answer": option})) for option in self.dataset.options]

    @cached_property
    def _labels(self) -> np.ndarray:
        return boundary(self.dataset)

    @cached_property
    def _nearest(self) -> np.ndarray:
        """(N,) id of a nearest point of the other class, under Gower's distance or the policy's own."""
        return nearest_across(self.dataset, self._labels, l1=self.model.policy == "nearest_l1")

    def _aloud(self, start, goal) -> Reply:
        """Five candidates, of which the third and the last are valid and as near as can be, each with an
        answer that it foresees at its rate."""
        short = self._one_step_short(start, goal)
        lines = []
        for number, point in enumerate((start, short, goal, short, goal), start=1):
            answer = self._label(point) ^ (not self.is_right(f"candidate {number}", start))
            candidate = {"candidate": number, "record": self._values(point)}
            lines.append(json.dumps(candidate | {"answer": self.dataset.options[answer]}))
        return _said("\n".join([*lines, f"FINAL: {self.written(goal)}"]))

    def _one_step_short(self, start, goal) -> int:
        """The point one level before ``goal`` on the way from ``start``: always strictly nearer, so never
        across the boundary when ``goal`` is the nearest point across."""
        ranks = np.array(np.unravel_index(start, self.dataset.shape))
        steps = np.array(np.unravel_index(goal, self.dataset.shape)) - ranks
        axis = int(np.flatnonzero(steps)[-1])
        kind = list(self.dataset.features.values())[axis].kind
        short = steps.copy()
        short[axis] = 0 if kind == "categorical" else steps[axis] - np.sign(steps[axis])
        return int(np.ravel_multi_index(ranks + short, self.dataset.shape))

    def _malformed(self, point_id) -> Reply:
        """Five ways in turn: prose, a field left out, a value off the grid, a cut reply, a refusal."""
        record = self._values(point_id)
        first = next(iter(record))
        way = point_id % 5
        if way == 0:
            return _said(f"I would change the {first} a little, and perhaps something else as well.")
        if way == 1:
            del record[first]
            return _said(self._as_sce(record))
        if way == 2:
            return _said(self._as_sce(record | self._off_grid(record)))
        if way == 3:
            cut = self._as_sce(record)[: len(first) + 4]
            return Reply("truncated", cut, finish_reason="length")
        return Reply("refused", "I'm sorry, but I can't help with that.", finish_reason="refusal")

    def _off_grid(self, record) -> dict:
        """A value that no level has, of the first feature of numbers, or of the first feature at all."""
        features = self.dataset.features
        number = next((name for name, feature in features.items() if feature.is_number), None)
        if number is not None:
            return {number: record[number] + 0.123}
        name = next(iter(features))
        return {name: f"none of the {len(features[name].labels)} values"}


def boundary(dataset: Dataset) -> np.ndarray:
    """(N,) int8: the option index that the decision function gives at every grid point."""
    return decide(dataset, np.indices(dataset.shape).reshape(len(dataset.shape), -1))


def nearest_across(dataset: Dataset, labels: np.ndarray, l1: bool = False) -> np.ndarray:
    """(N,) id of a nearest point of the other class under Gower's distance, or under l1.

    A tree over coordinates in which the distance is the sum of absolute differences: computed independently
    of sce.measuring.distances, which it serves to check.
    """
    from scipy.spatial import cKDTree  # half a second that the other policies need not wait

    ranks = np.indices(dataset.shape).reshape(len(dataset.shape), -1)
    parts = []
    for rank, feature in zip(ranks, dataset.features.values(), strict=True):
        if feature.kind == "categorical":  # two coordinates differ by 1/2 each where the value differs
            parts.append(np.eye(len(feature.codes))[rank] / 2)
        else:
            codes = np.array(feature.codes, dtype=float)
            scale = np.median(abs(codes - np.median(codes))) if l1 else codes[-1] - codes[0]
            parts.append((codes[rank] / scale)[:, None])
    points = np.hstack(parts)
    found = np.empty(dataset.size, dtype=np.int64)
    for label in (0, 1):
        inside, across = np.flatnonzero(labels == label), np.flatnonzero(labels != label)
        found[inside] = across[cKDTree(points[across]).query(points[inside], p=1)[1]]
    return found


def decide(dataset: Dataset, ranks: np.ndarray) -> np.ndarray:
    """(n,) int8: the decision at instances given by their (p, n) ranks, which may lie between levels."""
    last = np.array(dataset.shape)[:, None] - 1
    scaled = ranks / last
    weights = 2 / (np.arange(len(last)) + 2)
    strength, highest = weights @ scaled, weights.sum()
    if len(last) > 1:
        strength, highest = strength + scaled[0] * scaled[-1] / 2, highest + 0.5
    return (strength > THRESHOLD * highest).astype(np.int8)


def _with_number(wording, body) -> str:
    """A wording with the number of its asking, from the second on: what is drawn for it is drawn anew."""
    return f"{wording}, {body[AGAIN]}" if AGAIN in body else wording


def _said(text) -> Reply:
    return Reply("answered", text, finish_reason="stop")
