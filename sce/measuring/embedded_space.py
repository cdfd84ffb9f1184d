"""The points of a grid under the distance between the embeddings of their descriptions."""

import numpy as np

from sce.errors import InputError
from sce.measuring.codes import NONE


class EmbeddedSpace:
    """A dataset's points under 1 - cosine of the embeddings of their descriptions.

    The unit vectors are rounded to multiples of 2^-26, finer than their own precision. All products and sums
    are then exact in float64, whatever the order of summation, the block size or the number of threads: a
    distance is the same float wherever it is computed, and ties are decided on it.
    """

    def __init__(self, dataset, embeddings):
        """``embeddings``: floats (N, dimensions) in point_id order. Raises InputError for anything else."""
        if embeddings is None or np.ndim(embeddings) != 2 or len(embeddings) != dataset.size:
            found = "nothing" if embeddings is None else f"shape {np.shape(embeddings)}"
            allowed = f"one row of numbers for each of the {dataset.size} points (semantic.embed)"
            raise InputError(f"dataset {dataset.name}", "embeddings", found, allowed)
        vectors = np.asarray(embeddings, dtype=float)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise InputError(f"dataset {dataset.name}", "embeddings", "zeros or no numbers", "finite vectors")
        self.size = dataset.size
        self.vectors = np.rint(vectors / lengths * 2**26) / 2**26
        self.squares = np.einsum("ij,ij->i", self.vectors, self.vectors)

    def between(self, a, b) -> np.ndarray:
        """Distances from the points ``a`` to the points ``b``: integers, or arrays of one shape (n,)."""
        shape, a, b = np.shape(a), np.atleast_1d(a), np.atleast_1d(b)
        result = np.empty(len(a))
        for rows in _blocks(len(a), self.vectors.shape[1]):
            products = np.einsum("ij,ij->i", self.vectors[a[rows]], self.vectors[b[rows]])
            result[rows] = _one_minus_cosine(products, self.squares[a[rows]] * self.squares[b[rows]])
        return result.reshape(shape)

    def nearest(self, labels) -> np.ndarray:
        """As GridSpace.nearest, by blocks of the product of all points with the members of each class."""
        ids = np.full((self.size, 2), NONE)
        for label in (0, 1):
            members = np.flatnonzero(labels == label)
            if len(members):
                for rows in _blocks(self.size, len(members)):
                    ids[rows, label] = members[self._rows(rows, members).argmin(axis=1)]
        return ids

    def matrix(self) -> np.ndarray:
        """All distances as float32 (N, N)."""
        result = np.empty((self.size, self.size), np.float32)
        for rows in _blocks(self.size, self.size):
            result[rows] = self._rows(rows, slice(None))
        return result

    def _rows(self, rows, columns):
        products = self.vectors[rows] @ self.vectors[columns].T
        return _one_minus_cosine(products, self.squares[rows, None] * self.squares[columns])


def _one_minus_cosine(products, squares):
    return np.maximum(1 - products / np.sqrt(squares), 0)


def _blocks(rows, columns):
    """Slices over ``rows`` so that one by ``columns`` holds some 4 million numbers."""
    height = max(1, 2**22 // columns)
    return [slice(start, min(start + height, rows)) for start in range(0, rows, height)]
