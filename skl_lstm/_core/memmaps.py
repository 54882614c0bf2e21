"""Read and write large arrays on disk in blocks of rows.

An array on disk is a `numpy.memmap` or a view of one. Pages that were read count as memory of
the process until they are released. A cast or padded copy of such an array goes into a temporary
file. An array in memory is one block.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from math import prod
from tempfile import TemporaryFile, gettempdir
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite

# In bytes: arrays from _LARGE on are read and written in blocks of _BLOCK.
_LARGE = 2**28
_BLOCK = 2**23
# Small enough for the cache of a processor.
_BLOCK_IN_MEMORY = 2**19
_FEW = 2**12  # values


def is_large(array: NDArray) -> bool:
    """Return whether an array, or the table that it is a view of, is too large to copy."""
    reach = sum((n - 1) * abs(step) for n, step in zip(array.shape, array.strides, strict=True))
    return reach >= _LARGE


def lies_on_disk(array: NDArray) -> bool:
    """Return whether an array is large and a memory map, or a view of one."""
    return is_large(array) and _memmap_base(array) is not None


def release_pages(array: NDArray) -> None:
    """Release the memory of the pages that were read from a file; they can be read again."""
    mapped = _memmap_base(array)
    # A map of mode "c" holds changes that are not in the file.
    if mapped is not None and mapped.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):
        mapped.base.madvise(mmap.MADV_DONTNEED)


def slices(array: NDArray, rows: int) -> Iterator[NDArray]:
    """Yield `rows` rows at a time, and release each slice of an array on disk after its use."""
    on_disk = lies_on_disk(array)
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
        if on_disk:
            release_pages(array)


def blocks(array: NDArray) -> Iterator[NDArray]:
    """Return an iterator over blocks of rows; an array in memory is one block."""
    return small_blocks(array) if lies_on_disk(array) else iter([array])


def small_blocks(array: NDArray) -> Iterator[NDArray]:
    """Return an iterator over blocks of rows, also of an array in memory."""
    size = _BLOCK if lies_on_disk(array) else _BLOCK_IN_MEMORY
    return slices(array, max(1, size // max(1, array[:1].nbytes)))


def converted(array: NDArray, convert: Callable[[NDArray], NDArray], dtype: np.dtype) -> NDArray:
    """Convert an array block by block, into a temporary file if it lies on disk."""
    parts = map(convert, small_blocks(array))
    if lies_on_disk(array):
        return _written(parts, array.shape, dtype)
    out, start = np.empty(array.shape, dtype), 0
    for part in parts:
        out[start : start + len(part)] = part
        start += len(part)
    return out


def cast_rows(array: NDArray, dtype: np.dtype) -> NDArray:
    """Cast an array, into a temporary file if it lies on disk."""
    if array.dtype == dtype or not lies_on_disk(array):
        return array.astype(dtype, copy=False)
    return _written(blocks(array), array.shape, dtype)


def stacked(head: NDArray, rows: NDArray, dtype: np.dtype) -> NDArray:
    """Append rows to a few others, in a temporary file if the rows lie on disk."""
    shape = (len(head) + len(rows), *rows.shape[1:])
    if lies_on_disk(rows):
        return _written(chain([head], blocks(rows)), shape, dtype)
    table = np.empty(shape, dtype)
    table[: len(head)], table[len(head) :] = head, rows
    return table


def check_finite(array: NDArray, dtype: np.dtype | None = None, **options: Any) -> None:
    """Call scikit-learn's `assert_all_finite` block by block, on values cast to `dtype`."""
    if dtype is None or dtype == array.dtype:
        for block in blocks(array):
            assert_all_finite(block, **options)
        return
    for block in small_blocks(array):
        values = block.astype(dtype)
        # For a few values, the preparations of scikit-learn take longer than the check.
        if values.size > _FEW or not np.isfinite(values).all():
            assert_all_finite(values, **options)


def _memmap_base(array: Any) -> Any:
    while array is not None:
        if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap):
            return array
        array = getattr(array, "base", None)
    return None


def _written(parts: Iterable[NDArray], shape: tuple[int, ...], dtype: np.dtype) -> NDArray:
    """Write parts one after another to a temporary file, which is deleted with the array."""
    try:
        with TemporaryFile() as file:
            for part in parts:
                file.write(np.ascontiguousarray(part, dtype).data)
            file.flush()
            return np.asarray(np.memmap(file, dtype, mode="r", shape=shape))
    except OSError as error:
        needed = prod(shape) * np.dtype(dtype).itemsize / 1e6
        error.add_note(
            f"Writing {needed:.0f} MB of rows to a temporary file in {gettempdir()} failed. "
            "Set TMPDIR to a folder with more space."
        )
        raise
