"""Which rows train and which validate, and reading the rows of large arrays in parts.

Both engines use this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._core.memmaps import is_large, release_pages, slices

# The limits of one part of a large array.
_MAX_ROWS_OF_A_PART = 4096
_MAX_BYTES_OF_A_PART = 2**23
# Reading a row also loads nearby parts of the file into memory, so the memory is released after
# this number of rows.
_ROWS_BETWEEN_RELEASES = 64

# Consecutive rows are a slice, which selects a view of an array. Other rows are their positions.
Rows = slice | NDArray[np.intp]


class Split(NamedTuple):
    """The rows for training and the rows for validation, both in the order of the arrays."""

    train: Rows
    validation: Rows


def training_rows(n_rows: int, validation_split: float) -> int:
    """Return the number of rows for training; raise ValueError if a side has no rows."""
    n_train = int(n_rows * (1 - validation_split))
    if n_train < 1 or (validation_split and n_train == n_rows):
        raise ValueError(
            f"validation_split={validation_split} of {n_rows} samples leaves {n_train} for "
            f"training and {n_rows - n_train} for validation. Both need at least one sample."
        )
    return n_train


def split_rows(
    n_rows: int,
    validation_split: float,
    validation_gap: int = 0,
    times: NDArray[np.float64] | None = None,
) -> Split:
    """Hold out the latest rows for validation, and leave out the steps of the gap before them.

    Rows of equal times stay together. Without times, the last rows are held out.
    """
    n_train = training_rows(n_rows, validation_split)
    if n_train == n_rows:
        return Split(slice(0, n_rows), slice(n_rows, n_rows))
    moments = np.arange(n_rows) if times is None else times
    cut = np.partition(moments, n_train)[n_train]
    is_before = moments < cut
    if not is_before.any():  # many rows have the earliest time: hold out all later ones
        later = moments[moments > cut]
        if not len(later):  # all rows have one time
            return split_rows(n_rows, validation_split, validation_gap)
        cut = later.min()
        is_before = moments < cut
    # Times may be off by a fraction of a step: the lengths of months differ.
    trains = is_before if validation_gap == 0 else moments <= cut - validation_gap - 0.5
    if not trains.any():
        n_before = int(is_before.sum())
        raise ValueError(
            f"validation_split={validation_split} of {n_rows} samples holds out "
            f"{n_rows - n_before} for validation, and validation_gap={validation_gap} leaves none "
            f"of the {n_before} samples before them for training. Use a smaller validation_gap or "
            "validation_split."
        )
    return Split(_rows_of(trains), _rows_of(~is_before))


def positions_of(rows: Rows) -> NDArray[np.intp]:
    """Return the positions of rows."""
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows


def count_of(rows: Rows) -> int:
    """Return the number of rows."""
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)


def _rows_of(mask: NDArray) -> Rows:
    """Return the rows at which a mask is True."""
    positions = np.flatnonzero(mask)
    first, stop = int(positions[0]), int(positions[-1]) + 1
    return slice(first, stop) if len(positions) == stop - first else positions


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


def parts_of_rows(X: NDArray, rows: Rows, size: int) -> Iterator[tuple[NDArray, NDArray]]:
    """Yield an array and positions in it, for `size` of the rows of X at a time.

    Nothing is copied, except scattered rows of a large X.
    """
    if isinstance(rows, slice):
        for part in slices(X[rows], size):
            yield part, np.arange(len(part))
        return
    for start in range(0, len(rows), size):
        positions = rows[start : start + size]
        if is_large(X):
            yield read_rows(X, positions), np.arange(len(positions))
        else:
            yield X, positions
