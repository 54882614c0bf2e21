"""Matrix products and activations for the compiled layers.

Every function writes into its last argument. The products are plain loops, because they are used
for matrices of a few dozen rows: for those, the loops are as fast as a BLAS library. A row of the
result depends only on the same row of `x`, and the order of the additions is fixed. So the bits
depend neither on the other rows nor on the number of cores.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import compiled, compiled_sum

_ONE, _HALF = np.float32(1), np.float32(0.5)


@compiled
def add_product(x: NDArray, w: NDArray, out: NDArray) -> None:
    """Add ``x @ w`` to `out`, with `w` and `out` in C order."""
    rows, inner = x.shape
    eights, pairs = inner - inner % 8, inner - inner % 2
    # One pass over the columns adds eight products, so `out` is read and written less often.
    for k in range(0, eights, 8):
        w0, w1, w2, w3 = w[k], w[k + 1], w[k + 2], w[k + 3]
        w4, w5, w6, w7 = w[k + 4], w[k + 5], w[k + 6], w[k + 7]
        for row in range(rows):
            x0, x1, x2, x3 = x[row, k], x[row, k + 1], x[row, k + 2], x[row, k + 3]
            x4, x5, x6, x7 = x[row, k + 4], x[row, k + 5], x[row, k + 6], x[row, k + 7]
            sums = out[row]
            for j in range(sums.size):
                sums[j] += (
                    (x0 * w0[j] + x1 * w1[j] + x2 * w2[j] + x3 * w3[j])
                    + (x4 * w4[j] + x5 * w5[j] + x6 * w6[j] + x7 * w7[j])
                )  # fmt: skip
    for k in range(eights, pairs, 2):
        w0, w1 = w[k], w[k + 1]
        for row in range(rows):
            x0, x1 = x[row, k], x[row, k + 1]
            sums = out[row]
            for j in range(sums.size):
                sums[j] += x0 * w0[j] + x1 * w1[j]
    for k in range(pairs, inner):
        w0 = w[k]
        for row in range(rows):
            x0 = x[row, k]
            sums = out[row]
            for j in range(sums.size):
                sums[j] += x0 * w0[j]


@compiled_sum
def add_product_transposed(x: NDArray, w: NDArray, out: NDArray) -> None:
    """Add ``x @ w.T`` to `out`, with `x` and `w` in C order."""
    rows, inner = x.shape
    columns = w.shape[0]
    fours = columns - columns % 4
    for j in range(0, fours, 4):
        w0, w1, w2, w3 = w[j], w[j + 1], w[j + 2], w[j + 3]
        for row in range(rows):
            values = x[row]
            s0 = s1 = s2 = s3 = np.float32(0)
            for k in range(inner):
                s0 += values[k] * w0[k]
                s1 += values[k] * w1[k]
                s2 += values[k] * w2[k]
                s3 += values[k] * w3[k]
            out[row, j] += s0
            out[row, j + 1] += s1
            out[row, j + 2] += s2
            out[row, j + 3] += s3
    for j in range(fours, columns):
        w0 = w[j]
        for row in range(rows):
            values = x[row]
            s0 = np.float32(0)
            for k in range(inner):
                s0 += values[k] * w0[k]
            out[row, j] += s0


# `out[:] = values` would also compile the message of numba for shapes that do not fit. This takes
# seconds.


@compiled
def copy(values: NDArray, out: NDArray) -> None:
    """Copy `values`, (rows, columns), to `out`."""
    for row in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[row, j] = values[row, j]


@compiled
def copy_to_rows(values: NDArray, out: NDArray) -> None:
    """Copy `values`, (columns,), to every row of `out`, (rows, columns)."""
    for row in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[row, j] = values[j]


@compiled
def add_column_sums(x: NDArray, out: NDArray) -> None:
    """Add the sum of the rows of `x` to `out`, (columns,)."""
    for row in range(x.shape[0]):
        values = x[row]
        for j in range(out.size):
            out[j] += values[j]


@compiled
def tanh(x: Any) -> Any:
    """Return tanh(x) in float32, as a rational polynomial, which compilers can vectorize.

    These are the coefficients of Eigen, which TensorFlow uses. They are exact to a few units in the
    last place. See ``generic_fast_tanh_float`` in Eigen's ``MathFunctionsImpl.h``.
    """
    x = min(max(x, np.float32(-7.90531110763549805)), np.float32(7.90531110763549805))
    square = x * x
    p = square * np.float32(-2.76076847742355e-16) + np.float32(2.00018790482477e-13)
    p = square * p + np.float32(-8.60467152213735e-11)
    p = square * p + np.float32(5.12229709037114e-08)
    p = square * p + np.float32(1.48572235717979e-05)
    p = square * p + np.float32(6.37261928875436e-04)
    p = square * p + np.float32(4.89352455891786e-03)
    q = square * np.float32(1.19825839466702e-06) + np.float32(1.18534705686654e-04)
    q = square * q + np.float32(2.26843463243900e-03)
    q = square * q + np.float32(4.89352518554385e-03)
    return x * p / q


@compiled
def sigmoid(x: Any) -> Any:
    """Return the logistic function of x in float32."""
    return _HALF + _HALF * tanh(_HALF * x)


@compiled
def apply_tanh(x: NDArray) -> None:
    """Replace every value of `x`, (n,), by its tanh."""
    for n in range(x.size):
        x[n] = tanh(x[n])


@compiled
def apply_sigmoid(x: NDArray) -> None:
    """Replace every value of `x`, (n,), by its logistic function."""
    for n in range(x.size):
        x[n] = sigmoid(x[n])
