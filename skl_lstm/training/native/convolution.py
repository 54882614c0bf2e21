"""The convolution with ReLU: one function forward, and one backward.

It is `keras.layers.Conv1D` with ``activation="relu"`` and ``padding="causal"`` or ``"same"``. All
arrays are float32 in C order. The names of their axes: T time steps, B samples, F features, K the
size of the kernel, O filters.

Every row of the kernel reads the steps at one distance in time. Time is the first axis, so these
steps are one block of memory, and a row of the kernel takes one matrix product.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arithmetic import add_column_sums, add_product, add_product_transposed, copy_to_rows
from .compiling import compiled

_ZERO = np.float32(0)


@compiled
def forward(x: NDArray, kernel: NDArray, bias: NDArray, before: int, out: NDArray) -> None:
    """Compute the filters of all steps.

    Parameters
    ----------
    x : array of shape (T, B, F)
        Sequences.
    kernel, bias : arrays of shape (K, F, O) and (O,)
        Weights.
    before : int
        Number of steps before the current one that the kernel reads: row k reads the step at
        position ``t + k - before``. Steps outside of the sequence are zeros.
    out : array of shape (T, B, O)
        The result, which is overwritten.
    """
    timesteps, samples, features = x.shape
    size, _, filters = kernel.shape
    copy_to_rows(bias, out.reshape(timesteps * samples, filters))
    for k in range(size):
        first, written, steps = _overlap(k - before, timesteps)
        if steps > 0:
            rows = steps * samples
            read = x[first : first + steps].reshape(rows, features)
            add_product(read, kernel[k], out[written : written + steps].reshape(rows, filters))
    _apply_relu(out.reshape(out.size))


@compiled
def backward(
    x: NDArray,
    kernel: NDArray,
    before: int,
    out: NDArray,
    d_out: NDArray,
    d_kernel: NDArray,
    d_bias: NDArray,
    d_x: NDArray,
) -> None:
    """Compute the gradients of the weights and of `x`.

    Parameters
    ----------
    x, kernel, before, out : arrays and an int
        Those of the call of `forward`.
    d_out : array of shape (T, B, O)
        Gradient of `out`, which is overwritten.
    d_kernel, d_bias : arrays
        The gradients are added to these arrays.
    d_x : array of shape (T, B, F), or empty
        The gradient of `x` is added to this array. Empty: it is not computed.
    """
    timesteps, samples, features = x.shape
    size, _, filters = kernel.shape
    _differentiate_relu(out.reshape(out.size), d_out.reshape(out.size))
    for k in range(size):
        first, written, steps = _overlap(k - before, timesteps)
        if steps > 0:
            rows = steps * samples
            d_written = d_out[written : written + steps].reshape(rows, filters)
            read = x[first : first + steps].reshape(rows, features)
            add_product(read.T, d_written, d_kernel[k])
            if d_x.size:
                d_read = d_x[first : first + steps].reshape(rows, features)
                add_product_transposed(d_written, kernel[k], d_read)
    add_column_sums(d_out.reshape(timesteps * samples, filters), d_bias)


@compiled
def _overlap(distance: int, timesteps: int) -> tuple[int, int, int]:
    """Return the first step that is read and written at a distance in time, and their number."""
    return max(distance, 0), max(-distance, 0), timesteps - abs(distance)


# The comparisons are False for NaN, so NaN is not replaced by zero.


@compiled
def _apply_relu(x: NDArray) -> None:
    for n in range(x.size):
        x[n] = _ZERO if x[n] < _ZERO else x[n]


@compiled
def _differentiate_relu(out: NDArray, d_out: NDArray) -> None:
    for n in range(d_out.size):
        d_out[n] = _ZERO if out[n] <= _ZERO else d_out[n]
