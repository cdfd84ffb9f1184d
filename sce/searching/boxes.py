"""Boxes, each holding what is no farther than its corner in any direction, and which of them hold a point.

For each direction and number of steps one whole number says by its bits which boxes reach that far: the boxes
around a point are the bits that its numbers have in common (a bitmap index, as databases keep for selections
over several columns). One operation on two such numbers looks at thousands of boxes.
"""

import numpy as np

AT_ONCE = 4096  # boxes whose bits are set together: bounds the memory that this takes


class Boxes:
    """``sizes``: how many steps there are in each direction, the first of them 0."""

    def __init__(self, sizes: list[int]):
        self._corners = np.empty((0, len(sizes)), np.int16)
        self._new: list[np.ndarray] = []  # corners whose bits are not set yet
        self._places = np.repeat(np.arange(len(sizes)), sizes)
        self._steps = np.concatenate([np.arange(size) for size in sizes])
        self._first = (np.cumsum(sizes) - sizes).tolist()  # where the numbers of each direction begin
        self._reaching = [0] * len(self._steps)

    def add(self, corners: np.ndarray) -> None:
        """``corners``: (n, directions) int16, the steps to which each box reaches."""
        self._new.append(corners)

    def around(self, steps: tuple[int, ...]) -> tuple[int, ...] | None:
        """Of the boxes around the point at ``steps`` the one of the largest sum of steps, the first among
        equals; None where there is none."""
        if self._new:
            self._take_in()
        common = (1 << len(self._corners)) - 1
        for first, step in zip(self._first, steps, strict=True):
            if step:
                common &= self._reaching[first + step]
        if not common:
            return None
        which = common.bit_length() - 1
        if common != 1 << which:  # more than one
            bits = np.frombuffer(common.to_bytes(which // 8 + 1, "little"), np.uint8)
            around = np.unpackbits(bits, bitorder="little").nonzero()[0]
            which = around[self._corners[around].sum(axis=1).argmax()]
        return tuple(self._corners[which].tolist())

    def _take_in(self):
        new = np.concatenate(self._new)
        for begin in range(0, len(new), AT_ONCE):
            reached = new[begin : begin + AT_ONCE].T[self._places] >= self._steps[:, None]
            packed = np.packbits(reached, axis=1, bitorder="little")
            data, width, shift = packed.tobytes(), packed.shape[1], len(self._corners) + begin
            for i in range(len(packed)):
                bits = int.from_bytes(data[i * width : (i + 1) * width], "little")
                self._reaching[i] |= bits << shift
        self._corners = np.concatenate([self._corners, new])
        self._new = []
