"""Rows that lie in a file and are more than memory shall hold: read and written in blocks.

Such an array is a `numpy.memmap` or a view of one. What is read of
it counts as the process' memory until it is let go; what has to be written out, as windows need
their rows to lie side by side, is written into a temporary file. Any other array is one block.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from itertools import chain
from math import prod
from tempfile import TemporaryFile, gettempdir
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite

# What is not larger is not worth the trouble.
_LARGE = 2**28
_BLOCK = 2**23


def is_large(array: NDArray) -> bool:
    """Return whether an array, or the table that it is a view of, is not to be copied in memory."""
    reach = sum((n - 1) * abs(step) for n, step in zip(array.shape, array.strides, strict=True))
    return reach >= _LARGE


def lies_on_disk(array: NDArray) -> bool:
    """Return whether an array is large and in a file."""
    return is_large(array) and _map_beneath(array) is not None


def release_pages(array: NDArray) -> None:
    """Take what has been read of a file out of the process' memory; it can be read again."""
    beneath = _map_beneath(array)
    # A map of mode "c" holds what has been changed and is not in the file.
    if beneath is not None and beneath.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):
        beneath.base.madvise(mmap.MADV_DONTNEED)


def slices(array: NDArray, rows: int) -> Iterator[NDArray]:
    """Go through an array, so many rows at a time, and let go of what lies behind."""
    on_disk = lies_on_disk(array)
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
        if on_disk:
            release_pages(array)


def blocks(array: NDArray) -> Iterator[NDArray]:
    """Go through the rows of an array, all at once if it does not lie on disk."""
    if lies_on_disk(array):
        return slices(array, max(1, _BLOCK // array[0].nbytes))
    return iter([array])


def cast_rows(array: NDArray, dtype: np.dtype) -> NDArray:
    """Cast an array, on disk if it lies there."""
    if array.dtype == dtype or not lies_on_disk(array):
        return array.astype(dtype, copy=False)
    return _written(blocks(array), array.shape, dtype)


def stacked(head: NDArray, rows: NDArray, dtype: np.dtype) -> NDArray:
    """Put rows beneath a few others, on disk if they lie there."""
    shape = (len(head) + len(rows), *rows.shape[1:])
    if lies_on_disk(rows):
        return _written(chain([head], blocks(rows)), shape, dtype)
    table = np.empty(shape, dtype)
    table[: len(head)], table[len(head) :] = head, rows
    return table


def check_finite(array: NDArray, **options: Any) -> None:
    """Refuse what is not finite, as scikit-learn's `assert_all_finite` does."""
    for block in blocks(array):
        assert_all_finite(block, **options)


def _map_beneath(array: Any) -> Any:
    while array is not None:
        if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap):
            return array
        array = getattr(array, "base", None)
    return None


def _written(parts: Iterable[NDArray], shape: tuple[int, ...], dtype: np.dtype) -> NDArray:
    """Write parts one after the other into a file that goes when the array does."""
    try:
        with TemporaryFile() as file:
            for part in parts:
                file.write(np.ascontiguousarray(part, dtype).data)
            file.flush()
            return np.asarray(np.memmap(file, dtype, mode="r", shape=shape))
    except OSError as error:
        needed = prod(shape) * np.dtype(dtype).itemsize / 1e6
        error.add_note(
            f"{needed:.0f} MB of rows were to be written to a temporary file in {gettempdir()}. "
            "Set TMPDIR to a folder with more room."
        )
        raise
