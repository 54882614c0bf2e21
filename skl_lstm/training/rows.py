"""How many rows train, and reading the rows of large arrays in parts. Both engines use this."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._core.memmaps import release_pages

# The limits of one part of a large array.
_MAX_ROWS_OF_A_PART = 4096
_MAX_BYTES_OF_A_PART = 2**23
# Reading a row also loads nearby parts of the file into memory, so the memory is released after
# this number of rows.
_ROWS_BETWEEN_RELEASES = 64


def training_rows(n_rows: int, validation_split: float) -> int:
    """Return the number of rows for training; raise ValueError if a side has no rows."""
    n_train = int(n_rows * (1 - validation_split))
    if n_train < 1 or (validation_split and n_train == n_rows):
        raise ValueError(
            f"validation_split={validation_split} of {n_rows} samples leaves {n_train} for "
            f"training and {n_rows - n_train} for validation. Both need at least one sample."
        )
    return n_train


def rows_per_part(X: NDArray, batch_size: int) -> int:
    """Return the number of rows in one part of a large X, a multiple of `batch_size`."""
    by_size = _MAX_BYTES_OF_A_PART // max(1, X[0].nbytes)
    return max(1, min(by_size, _MAX_ROWS_OF_A_PART) // batch_size) * batch_size


def read_rows(array: NDArray, positions: NDArray) -> NDArray:
    """Return a copy of the rows at the given positions, and release the pages of a file."""
    copied = np.empty((len(positions), *array.shape[1:]), array.dtype)
    for start in range(0, len(positions), _ROWS_BETWEEN_RELEASES):
        part = slice(start, start + _ROWS_BETWEEN_RELEASES)
        copied[part] = array[positions[part]]
        release_pages(array)
    return copied
