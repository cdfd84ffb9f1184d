"""The fates of the SCEs of a condition (valid, invalid or undecided, or why they are not on the grid), and
their moves from x to x', which a boundary map draws."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sce.grids.datasets import Dataset
from sce.measuring.codes import NONE
from sce.showing.mosaic import NOT_SHOWN, Mosaic
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

VALID, INVALID, UNDECIDED = "valid", "invalid", "no_prediction_at_sce"
LANDED = (VALID, INVALID, UNDECIDED)


def sce_fates(dataset: Dataset, codes: np.ndarray, sce: pd.DataFrame) -> pd.Series:
    """The fate of each row of the SCE table: one of LANDED where x' is a grid point, else why it is not."""
    usable = sce["status"].isin(["ok", UNDECIDED])
    landed = (usable & sce["sce_point_id"].notna()).to_numpy(bool)
    fates = sce["status"].astype(object).where(~usable, "off_grid")
    there = codes[sce.loc[landed, "sce_point_id"].to_numpy(int)]
    wanted = (sce.loc[landed, "target"] == dataset.options[1]).to_numpy(int)
    fates[landed] = np.select([there == NONE, there == wanted], [UNDECIDED, VALID], INVALID)
    return fates


def describe_fates(fates: pd.Series) -> str:
    """The fates of one condition's SCEs: '50 SCEs on the grid: 48 valid, 2 invalid; ...'."""
    counts = fates.value_counts()
    on_grid = {fate: int(counts.get(fate, 0)) for fate in LANDED}
    words = [f"{on_grid[VALID]:,} valid", f"{on_grid[INVALID]:,} invalid"]
    if on_grid[UNDECIDED]:
        words.append(f"{on_grid[UNDECIDED]:,} undecided (no prediction at x')")
    total = sum(on_grid.values())
    text = f"{total:,} SCEs on the grid: {', '.join(words)}" if total else "no SCE on the grid"
    lost = [f"{n:,} {_reason(fate)}" for fate, n in counts.items() if fate not in LANDED]
    return f"{text}; not drawn: {', '.join(lost)}" if lost else text


def _reason(status):
    """The status of a row without an SCE to draw, in words."""
    wording = {"no_prediction": "not asked (no prediction at x)", "unparseable_sce": "unparseable"}
    return wording.get(status, in_words(status))


GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Moves:
    """The SCEs of one condition that reached the grid: the cells of x and of x', shape (n, 2), whether
    these differ, and the fates, shape (n,)."""

    start: np.ndarray
    end: np.ndarray
    moved: np.ndarray
    fate: np.ndarray

    @property
    def landing(self):
        """Whether x' lies in a slice that is shown. Shape (n,)."""
        return self.end[:, 0] != NOT_SHOWN

    @property
    def drawable(self):
        """Whether both ends lie in slices that are shown. Shape (n,)."""
        return self.landing & (self.start[:, 0] != NOT_SHOWN)

    def arrows(self, style):
        """Positions of the SCEs drawn as arrows: all, or an even sample of those that go anywhere."""
        if not self.are_many(style):
            return np.flatnonzero(self.drawable)
        going = np.flatnonzero(self.drawable & self.moved)
        # Steps of the golden ratio spread a sample evenly, for any period of the grid's rows.
        order = np.argsort(np.arange(len(going)) * GOLDEN % 1)
        return np.sort(going[order[: style.sample_arrows]])

    def are_many(self, style):
        """Whether these are too many to read as arrows."""
        return int(self.drawable.sum()) > style.max_arrows


def moves_of(mosaic: Mosaic, sce: pd.DataFrame, fates: pd.Series) -> Moves:
    """The moves of one condition's rows of the SCE table, whose fates these are."""
    landed = fates.isin(LANDED).to_numpy(bool)
    start = sce.loc[landed, "point_id"].to_numpy(int)
    end = sce.loc[landed, "sce_point_id"].to_numpy(int)
    return Moves(mosaic.place[start], mosaic.place[end], start != end, fates[landed].to_numpy(object))


def describe_drawn(moves: Moves, style: FigureStyle) -> str:
    """What a reader must know about the drawing: SCEs that repeat x, samples, slices that are hidden."""
    notes = []
    if unmoved := int((~moves.moved).sum()):
        notes.append(f"{unmoved:,} repeat x unchanged")
    if moves.are_many(style):
        _, counts = np.unique(moves.end[moves.landing], axis=0, return_counts=True)
        notes.append(f"up to {counts.max():,} land on one point")
        if len(moves.arrows(style)):
            notes.append(f"arrows: a sample of {len(moves.arrows(style)):,}")
    if hidden := int((~moves.landing).sum()):
        notes.append(f"{hidden:,} land in slices not shown")
    return "".join(f"; {note}" for note in notes)
