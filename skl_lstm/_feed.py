"""How rows reach a network: as tensors, in the order of an epoch, batch by batch.

May import `_arrays`. Windows that share the memory of one table are not written out: the
table is handed over, and the windows of a batch are gathered from it.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf
from numpy.typing import NDArray

from ._arrays import window_table

# An array, or the windows of a table: (table, stride, steps of a window).
Rows = tuple[tf.Tensor, ...]


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


def batches(
    arrays: Sequence[NDArray], batch_size: int, seed: int | None, initial_epoch: int = 0
) -> tf.data.Dataset:
    """Batch the rows of all arrays alike, epoch after epoch without end."""
    n_rows = len(arrays[0])
    tensors = [as_rows(array) for array in arrays]

    def rows_of(epoch: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(epoch_order(n_rows, seed, epoch)).batch(
            batch_size
        )

    def taken(rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(take(array, rows) for array in tensors)

    epochs = tf.data.Dataset.counter(initial_epoch)
    return epochs.flat_map(rows_of).map(taken).prefetch(tf.data.AUTOTUNE)
