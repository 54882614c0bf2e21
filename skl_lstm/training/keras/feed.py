"""How rows reach a network: as tensors, in the order of an epoch, batch by batch.

Windows that share the memory of one table are not written
out: the table is handed over, and the windows of a batch are gathered from it. What is large
is not handed over at once, but some batches at a time, so that it may lie on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..._core.memmaps import is_large, release_pages
from ..._core.windows import window_table

# An array, or the windows of a table: (table, stride, steps of a window).
Rows = tuple[tf.Tensor, ...]
# Rows of all arrays, and the order in which to take them.
Part = tuple[list[Rows], tf.Tensor]

# A large array is handed over in parts of at most so many rows and bytes,
_ROWS_OF_A_PART = 4096
_BYTES_OF_A_PART = 2**23
# and so many rows are read before a file is let go of: each brings some of the file around it
# into memory.
_ROWS_HELD = 64


def as_rows(X: NDArray) -> Rows:
    """Hand X over to TensorFlow, as windows of a table where it is that."""
    shared = window_table(X)
    if shared is None:
        return (tf.convert_to_tensor(X),)
    table, stride, sampling_rate = shared
    steps = tf.range(X.shape[1]) * sampling_rate
    return tf.convert_to_tensor(table), tf.constant(stride), steps


def take(X: Rows, rows: tf.Tensor) -> tf.Tensor:
    """Return the rows of X with these numbers."""
    if len(X) == 1:
        return tf.gather(X[0], rows)
    table, stride, steps = X
    return tf.gather(table, rows[:, tf.newaxis] * stride + steps)


def row_specs(X: Rows, row_shape: Sequence[int | None]) -> tuple[tf.TensorSpec, ...]:
    """Describe X for any number of rows, each of a shape that may be open."""
    if len(X) == 1:
        return (tf.TensorSpec([None, *row_shape], X[0].dtype),)
    table = tf.TensorSpec([None, *X[0].shape[1:]], X[0].dtype)
    return table, tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.int32)


def epoch_order(n_rows: int, seed: int | None, epoch: int | tf.Tensor) -> tf.Tensor:
    """Return the numbers of the rows in the order in which an epoch takes them.

    It follows from (seed, epoch) alone. Keras' own shuffling follows TensorFlow's global seed,
    and so whatever was drawn before.
    """
    rows = tf.range(n_rows)
    if seed is None:
        return rows
    return tf.random.experimental.stateless_shuffle(rows, seed=(seed, epoch))


def rows_of_a_part(X: NDArray, batch_size: int) -> int:
    """Count the rows of a large X that are handed over at once: whole batches."""
    by_size = _BYTES_OF_A_PART // max(1, X[0].nbytes)
    return max(1, min(by_size, _ROWS_OF_A_PART) // batch_size) * batch_size


class Feed:
    """The rows of some arrays, alike: all as tensors, or of large arrays some batches at a time."""

    def __init__(self, arrays: Sequence[NDArray], batch_size: int) -> None:
        self._arrays = arrays
        self._rows_of_a_part = rows_of_a_part(arrays[0], batch_size)
        large = any(map(is_large, arrays))
        self._all = None if large else [as_rows(array) for array in arrays]

    def parts(self, order: tf.Tensor | None = None) -> Iterator[Part]:
        """Hand over the rows in an order; of several parts all but the last are whole batches."""
        if order is None:
            order = tf.range(len(self._arrays[0]))
        if self._all is not None:
            yield self._all, order
            return
        numbers = order.numpy()
        for start in range(0, len(numbers), self._rows_of_a_part):
            rows = numbers[start : start + self._rows_of_a_part]
            yield [as_rows(_read(array, rows)) for array in self._arrays], tf.range(len(rows))


def _read(array: NDArray, rows: NDArray) -> NDArray:
    """Copy rows out of an array."""
    taken = np.empty((len(rows), *array.shape[1:]), array.dtype)
    for start in range(0, len(rows), _ROWS_HELD):
        part = slice(start, start + _ROWS_HELD)
        taken[part] = array[rows[part]]
        release_pages(array)
    return taken


def batches(
    arrays: Sequence[NDArray], batch_size: int, seed: int | None, initial_epoch: int = 0
) -> tf.data.Dataset:
    """Batch the rows of all arrays alike, epoch after epoch without end."""
    n_rows = len(arrays[0])
    takers = [_taker(array) for array in arrays]

    # Written for tensors already: autograph would read and rewrite the functions for nothing.
    @tf.autograph.experimental.do_not_convert
    def rows_of(epoch: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(epoch_order(n_rows, seed, epoch)).batch(
            batch_size
        )

    @tf.autograph.experimental.do_not_convert
    def taken(rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(taker(rows) for taker in takers)

    epochs = tf.data.Dataset.counter(initial_epoch)
    return epochs.flat_map(rows_of).map(taken).prefetch(tf.data.AUTOTUNE)


def _taker(array: NDArray) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return what takes rows of an array within a graph."""
    if not is_large(array):
        rows_of = as_rows(array)
        return lambda rows: take(rows_of, rows)

    def read(rows: tf.Tensor) -> tf.Tensor:
        taken = tf.numpy_function(lambda rows: _read(array, rows), [rows], array.dtype)
        return tf.ensure_shape(taken, (None, *array.shape[1:]))

    return read
