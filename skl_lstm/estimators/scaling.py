"""Standardization: learn the scaling of the features and of the target, and apply it.

The arithmetic is in double precision, so a feature such as 1.7e9 ± 1e3 keeps its differences. A
network is trained on scaled values in its own float type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from .._core.float_type import floatx
from .._core.masks import is_masked
from .._core.memmaps import converted, small_blocks
from .._core.windows import apply_to_table, window_table
from ..networks.architecture import Scaling
from ..training.rows import Rows, parts_of_rows, rows_per_part

# The mask value of a network that is trained on scaled features: any value that a user chooses
# could be that of a scaled step. Scaled features are cut at half of it, which also keeps the
# products in the network finite.
MASK_VALUE = -(2.0**100)
LARGEST = 2.0**99
# The statistics are rounded to this number of bits. Then they are the same for windows that share
# memory and for copies, although sums in another order differ in their last bits.
_BITS = 26

# The meaning of these losses depends on where zero is. The first ones have the same minimum for
# every unit of the target, the others do not.
_LOSSES_OF_RELATIVE_ERRORS = {"cosine_similarity", "mape", "mean_absolute_percentage_error"}
_LOSSES_OF_UNITS = {
    "binary_crossentropy",
    "categorical_hinge",
    "hinge",
    "kl_divergence",
    "mean_squared_logarithmic_error",
    "msle",
    "squared_hinge",
}


def learn_scaling(
    X: NDArray,
    y: NDArray | None,
    *,
    mask_value: float | None,
    loss: Any,
    rows: Rows = slice(None),
) -> Scaling:
    """Return the scaling for these rows of X and y.

    Labels of classes are not scaled; pass None for them.
    """
    target = np.zeros(1), np.ones(1)
    if y is not None:
        target = learn_target(y.reshape(len(y), -1)[rows], loss)
    return Scaling(*learn_features(X, mask_value, rows), *target)


def learn_features(
    X: NDArray, mask_value: float | None, rows: Rows = slice(None)
) -> tuple[NDArray, NDArray]:
    """Return the mean and the standard deviation of each feature over all steps but masked ones.

    `X` is (samples, timesteps, features), or (samples, timesteps) for one feature. Only these rows
    of it are used. A constant feature has the scale 1.
    """
    X = with_feature_axis(X)
    n_features = X.shape[-1]
    scaler = StandardScaler()
    for steps, counts in _blocks_of_steps(X, rows):
        used = counts > 0
        if mask_value is not None:
            used &= ~is_masked(steps, mask_value)
        if used.all():
            scaler.partial_fit(steps, sample_weight=counts)
        elif used.any():
            scaler.partial_fit(steps[used], sample_weight=counts[used])
    if not hasattr(scaler, "scale_"):  # all steps are masked
        return np.zeros(n_features), np.ones(n_features)
    return _rounded(scaler.mean_, scaler.scale_)


def learn_target(y: NDArray, loss: Any) -> tuple[NDArray, NDArray]:
    """Return the center and the scale of each output. `y` is (samples, outputs).

    They are the mean and the standard deviation if the loss depends on differences only. For a
    loss of relative errors, the target is only divided by its root mean square. For a loss that
    needs the units of the target, it is not scaled.
    """
    n_outputs, name = y.shape[1], loss_name(loss)
    if name in _LOSSES_OF_UNITS:
        return np.zeros(n_outputs), np.ones(n_outputs)
    if name in _LOSSES_OF_RELATIVE_ERRORS:
        scale = np.sqrt(np.mean(np.square(y, dtype=np.float64), axis=0))
        return _rounded(np.zeros(n_outputs), np.where(scale > 0, scale, 1.0))
    scaler = StandardScaler().fit(y)
    return _rounded(scaler.mean_, scaler.scale_)


def scale_features(X: NDArray, scaling: Scaling, mask_value: float | None) -> NDArray:
    """Return scaled features in the float type of Keras. Masked steps get the value `MASK_VALUE`.

    Windows that share the memory of a table remain so, and an array on disk stays on disk.
    """

    def scaled(steps: NDArray) -> NDArray:
        # NumPy is several times faster if the last axis is long.
        n_repeats = steps.shape[1] if steps.ndim == 3 else 1
        values = steps.reshape(len(steps), -1) - np.tile(scaling.feature_center, n_repeats)
        values /= np.tile(scaling.feature_scale, n_repeats)
        np.clip(values, -LARGEST, LARGEST, out=values)
        values = values.reshape(steps.shape)
        if mask_value is not None:
            values[is_masked(steps, mask_value)] = MASK_VALUE
        return values

    dtype = np.dtype(floatx())
    sequences = apply_to_table(with_feature_axis(X), lambda table: converted(table, scaled, dtype))
    return sequences[..., 0] if X.ndim == 2 else sequences


def scale_target(y: NDArray, scaling: Scaling) -> NDArray:
    """Return the scaled target, (samples, outputs)."""
    return (y - scaling.target_center) / scaling.target_scale


def unscale_output(output: NDArray, scaling: Scaling) -> NDArray:
    """Return the output of a network, (..., outputs), in the units of the target."""
    center, scale = scaling.of_outputs(output.shape[-1])
    return output.astype(np.float64) * scale + center


def with_feature_axis(X: NDArray) -> NDArray:
    """Return X as (samples, timesteps, features)."""
    return X[..., np.newaxis] if X.ndim == 2 else X


def loss_name(loss: Any) -> str:
    """Return the name of a loss given by name, or as a class, a function or an instance."""
    if isinstance(loss, dict):  # by the name of the output
        loss = [*loss.values()]
    if isinstance(loss, list) and len(loss) == 1:
        loss = loss[0]
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _blocks_of_steps(X: NDArray, rows: Rows) -> Iterator[tuple[NDArray, NDArray]]:
    """Yield steps, (steps, features), and in how many places of these sequences each occurs."""
    if isinstance(rows, slice):
        X = X[rows]
    shared = window_table(X)
    if shared is None:
        for block in _blocks_of_rows(X, rows):
            steps = block.reshape(-1, X.shape[-1])
            yield steps, np.ones(len(steps))
        return
    is_used = np.ones(len(X))
    if not isinstance(rows, slice):
        is_used = np.bincount(rows, minlength=len(X)).astype(np.float64)
    table, stride, step = shared
    counts, start = _occurrences(is_used, X.shape[1], len(table), stride, step), 0
    for steps in small_blocks(table):
        yield steps, counts[start : start + len(steps)]
        start += len(steps)


def _blocks_of_rows(X: NDArray, rows: Rows) -> Iterator[NDArray]:
    """Return an iterator over blocks of X, which is already cut if the rows are a slice."""
    if isinstance(rows, slice):
        return small_blocks(X)
    parts = parts_of_rows(X, rows, rows_per_part(X, 1))
    return (part[places] for part, places in parts)


def _occurrences(is_used: NDArray, timesteps: int, n_rows: int, stride: int, step: int) -> NDArray:
    """Return in how many of the used windows each row of their table is."""
    counts = np.zeros(n_rows)
    for first in range(0, timesteps * step, step):
        counts[first : first + (len(is_used) - 1) * stride + 1 : stride] += is_used
    return counts


def _rounded(center: NDArray, scale: NDArray) -> tuple[NDArray, NDArray]:
    """Round a scale to `_BITS` bits, and a center to as many bits after the first of the scale."""
    mantissa, exponent = np.frexp(scale)
    unit = np.ldexp(1.0, exponent - _BITS)
    return np.round(center / unit) * unit, np.round(np.ldexp(mantissa, _BITS)) * unit
