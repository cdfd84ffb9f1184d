"""How predictions and points stand in arrays of integers."""

import numpy as np

from sce.errors import InputError

NONE = -1  # no prediction; no such point


def for_every_point(dataset, codes) -> np.ndarray:
    """The codes as int64 (N,), one for each point of the grid. Raises InputError for another shape."""
    codes = np.asarray(codes)
    if codes.shape != (dataset.size,):
        raise InputError(
            f"dataset {dataset.name}", "predictions", f"shape {codes.shape}", f"({dataset.size},)"
        )
    return codes.astype(np.int64)
