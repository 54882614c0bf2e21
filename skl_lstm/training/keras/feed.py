"""Conversion of arrays to tensors, and the order and batches of the rows in an epoch.

Windows that share the memory of one table are not copied to a new array: TensorFlow gets the table
and gathers the windows of each batch from it. Large arrays are converted a few batches at a time,
so that they can be files on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf
from numpy.typing import NDArray

from ..._core.memmaps import is_large
from ..._core.windows import window_table
from ..rows import Rows, positions_of, read_rows, rows_per_part

# One array: either (array,), or its windows as (table, stride, row offsets of the steps).
Tensors = tuple[tf.Tensor, ...]
# Tensors of all arrays, and the positions of the rows in the order of training.
Part = tuple[list[Tensors], tf.Tensor]


def to_tensors(X: NDArray) -> Tensors:
    """Convert X to tensors. Windows of one table become the table, a stride and offsets."""
    shared = window_table(X)
    if shared is None:
        return (tf.convert_to_tensor(X),)
    table, stride, sampling_rate = shared
    steps = tf.range(X.shape[1]) * sampling_rate
    return tf.convert_to_tensor(table), tf.constant(stride), steps


def take(tensors: Tensors, positions: tf.Tensor) -> tf.Tensor:
    """Return the rows at the given positions."""
    if len(tensors) == 1:
        return tf.gather(tensors[0], positions)
    table, stride, steps = tensors
    return tf.gather(table, positions[:, tf.newaxis] * stride + steps)


def tensor_specs(tensors: Tensors, row_shape: Sequence[int | None]) -> tuple[tf.TensorSpec, ...]:
    """Return specs of tensors with any number of rows; None in `row_shape` allows any size."""
    if len(tensors) == 1:
        return (tf.TensorSpec([None, *row_shape], tensors[0].dtype),)
    table = tf.TensorSpec([None, *tensors[0].shape[1:]], tensors[0].dtype)
    return table, tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.int32)


def epoch_order(n_rows: int, seed: int | None, epoch: int | tf.Tensor) -> tf.Tensor:
    """Return the positions of the rows in the order in which an epoch uses them.

    The order depends only on the seed and the epoch. Keras' own shuffling depends on TensorFlow's
    global seed, and so on all random numbers drawn before.
    """
    positions = tf.range(n_rows)
    if seed is None:
        return positions
    return tf.random.experimental.stateless_shuffle(positions, seed=(seed, epoch))


def to_positions(rows: Rows) -> tf.Tensor:
    """Return the positions of rows as a tensor."""
    return tf.constant(positions_of(rows), tf.int32)


class Feed:
    """Arrays with the same number of rows, as tensors.

    Small arrays are converted once. If an array is large, all arrays are converted in parts of a
    few batches, again in every epoch.
    """

    def __init__(self, arrays: Sequence[NDArray], batch_size: int) -> None:
        self._arrays = arrays
        self._rows_per_part = rows_per_part(arrays[0], batch_size)
        large = any(map(is_large, arrays))
        self._tensors = None if large else [to_tensors(array) for array in arrays]

    def parts(self, order: tf.Tensor) -> Iterator[Part]:
        """Yield the rows at the positions in `order`. All parts but the last are full batches."""
        if self._tensors is not None:
            yield self._tensors, order
            return
        all_positions = order.numpy()
        for start in range(0, len(all_positions), self._rows_per_part):
            positions = all_positions[start : start + self._rows_per_part]
            tensors = [to_tensors(read_rows(array, positions)) for array in self._arrays]
            yield tensors, tf.range(len(positions))


# Reads the rows of all arrays at positions, in a TensorFlow graph.
Reader = Callable[[tf.Tensor], tuple[tf.Tensor, ...]]


def batch_reader(arrays: Sequence[NDArray]) -> Reader:
    """Return a function that reads rows of all arrays in a TensorFlow graph."""
    readers = [_reader_of(array) for array in arrays]

    # These functions contain only tensor operations, so they do not need autograph's slow rewrite.
    @tf.autograph.experimental.do_not_convert
    def read(positions: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(reader(positions) for reader in readers)

    return read


def batches(
    read: Reader,
    positions: tf.Tensor,
    batch_size: int,
    seed: int | None,
    initial_epoch: int = 0,
) -> tf.data.Dataset:
    """Return an endless dataset of the batches of all epochs from `initial_epoch` on.

    They are the rows at `positions`, in the order of the epoch.
    """
    n_rows = len(positions)

    @tf.autograph.experimental.do_not_convert
    def of_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.gather(positions, epoch_order(n_rows, seed, epoch))
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    epochs = tf.data.Dataset.counter(initial_epoch)
    return epochs.flat_map(of_epoch).map(read).prefetch(tf.data.AUTOTUNE)


def _reader_of(array: NDArray) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a function that reads rows of one array in a TensorFlow graph."""
    if not is_large(array):
        tensors = to_tensors(array)
        return lambda positions: take(tensors, positions)

    def read(positions: tf.Tensor) -> tf.Tensor:
        copied = tf.numpy_function(
            lambda positions: read_rows(array, positions), [positions], array.dtype
        )
        return tf.ensure_shape(copied, (None, *array.shape[1:]))

    return read
