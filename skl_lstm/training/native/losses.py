"""Losses and their gradients, equal to those of Keras.

Every loss is a function ``loss(outputs, targets, weights, count, gradient)``. It returns the sum of
the weighted losses of the samples, and overwrites `gradient` by the gradient of the mean. A batch
may be passed in parts. `pinball` has the levels of its quantiles as a further argument.

outputs : array of float32 of shape (B, O)
    Outputs of B samples. For the crossentropies they are logits.
targets : array of float32 of shape (B, O), (B, 1) for codes of classes, or (B, O / Q) for quantiles
    Targets.
weights : array of float32 of shape (B,), or empty
    Weights of the samples. Empty: all weights are one.
count : float
    Number of samples of the whole batch, by which the gradient is divided.
gradient : array of float32 of shape (B, O)
    Overwritten by the weight times the gradient of the loss of each sample, divided by `count`.

If an output is infinite or NaN, so is the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import compiled

_ZERO, _HALF, _ONE, _TWO = (np.float32(value) for value in (0, 0.5, 1, 2))
_LOG_2 = float(np.log(2))
_EPSILON = np.float32(1e-7)  # the default of keras.config.epsilon()
_NAN = np.float32(np.nan)


@compiled
def mean_squared_error(
    outputs: NDArray, targets: NDArray, weights: NDArray, count: float, gradient: NDArray
) -> float:
    """Compute the square of the error."""
    losses = np.empty(outputs.shape, np.float32)
    for b in range(outputs.shape[0]):
        for j in range(outputs.shape[1]):
            error = outputs[b, j] - targets[b, j]
            losses[b, j] = error * error
            gradient[b, j] = _TWO * error
    return _weighted_sum(losses, weights, count, gradient)


@compiled
def mean_absolute_error(
    outputs: NDArray, targets: NDArray, weights: NDArray, count: float, gradient: NDArray
) -> float:
    """Compute the absolute value of the error. Its slope is 0 at 0."""
    losses = np.empty(outputs.shape, np.float32)
    for b in range(outputs.shape[0]):
        for j in range(outputs.shape[1]):
            error = outputs[b, j] - targets[b, j]
            losses[b, j] = abs(error)
            gradient[b, j] = _sign(error)
    return _weighted_sum(losses, weights, count, gradient)


@compiled
def huber(
    outputs: NDArray, targets: NDArray, weights: NDArray, count: float, gradient: NDArray
) -> float:
    """Compute half of the square of an error up to 1, and a linear loss of larger errors."""
    losses = np.empty(outputs.shape, np.float32)
    for b in range(outputs.shape[0]):
        for j in range(outputs.shape[1]):
            error = outputs[b, j] - targets[b, j]
            size = abs(error)
            if size <= _ONE:
                losses[b, j], gradient[b, j] = _HALF * error * error, error
            else:
                losses[b, j], gradient[b, j] = size - _HALF, _sign(error)
    return _weighted_sum(losses, weights, count, gradient)


@compiled
def log_cosh(
    outputs: NDArray, targets: NDArray, weights: NDArray, count: float, gradient: NDArray
) -> float:
    """Compute the logarithm of the hyperbolic cosine of the error."""
    losses = np.empty(outputs.shape, np.float32)
    for b in range(outputs.shape[0]):
        for j in range(outputs.shape[1]):
            error = outputs[b, j] - targets[b, j]
            # In float64, because the difference of the last two terms is small.
            size = abs(np.float64(error))
            losses[b, j] = size + (np.log1p(np.exp(-2 * size)) - _LOG_2)
            gradient[b, j] = np.tanh(error)
    return _weighted_sum(losses, weights, count, gradient)


@compiled
def poisson(
    outputs: NDArray, targets: NDArray, weights: NDArray, count: float, gradient: NDArray
) -> float:
    """Compute output - target * log(output)."""
    losses = np.empty(outputs.shape, np.float32)
    for b in range(outputs.shape[0]):
        for j in range(outputs.shape[1]):
            output, target = outputs[b, j], targets[b, j]
            losses[b, j] = output - target * np.log(output + _EPSILON)
            gradient[b, j] = _ONE - target / (output + _EPSILON)
    return _weighted_sum(losses, weights, count, gradient)


@compiled
def binary_crossentropy(
    outputs: NDArray, targets: NDArray, weights: NDArray, count: float, gradient: NDArray
) -> float:
    """Compute the crossentropy of independent yes-no targets from logits."""
    losses = np.empty(outputs.shape, np.float32)
    for b in range(outputs.shape[0]):
        for j in range(outputs.shape[1]):
            output, target = outputs[b, j], targets[b, j]
            positive = output if output > _ZERO else _ZERO
            losses[b, j] = positive - output * target + np.log1p(np.exp(-abs(output)))
            gradient[b, j] = _ONE / (_ONE + np.exp(-output)) - target
    return _weighted_sum(losses, weights, count, gradient)


@compiled
def categorical_crossentropy(
    outputs: NDArray, targets: NDArray, weights: NDArray, count: float, gradient: NDArray
) -> float:
    """Compute the crossentropy of the codes of classes, (B, 1), from logits.

    If a code is not in 0, ..., O - 1, the loss is NaN.
    """
    samples, classes = outputs.shape
    losses = np.empty((samples, 1), np.float32)
    for b in range(samples):
        largest = outputs[b, 0]
        for j in range(1, classes):
            largest = max(largest, outputs[b, j])
        total, nothing = _ZERO, _ZERO
        for j in range(classes):
            output = outputs[b, j] - largest
            gradient[b, j] = np.exp(output)
            total += gradient[b, j]
            nothing += _ZERO * output  # NaN if the output is not finite
        target = targets[b, 0]
        if not _ZERO <= target < classes:
            target, total = _ZERO, _NAN
        code = int(target)
        losses[b, 0] = np.log(total) - (outputs[b, code] - largest) + nothing
        for j in range(classes):
            gradient[b, j] /= total
        gradient[b, code] -= _ONE
    return _weighted_sum(losses, weights, count, gradient)


@compiled
def pinball(
    outputs: NDArray,
    targets: NDArray,
    weights: NDArray,
    count: float,
    gradient: NDArray,
    levels: NDArray,
) -> float:
    """Compute 0.5 * abs(error) + (level - 0.5) * error, where error = target - output.

    `levels` is float64 of shape (Q,). The outputs of a sample are the Q quantiles of its first
    target, then those of its second one. The slope of the first term is 0 at 0.
    """
    losses = np.empty(outputs.shape, np.float32)
    n_levels = levels.size
    for b in range(outputs.shape[0]):
        for k in range(targets.shape[1]):
            for q in range(n_levels):
                j, tilt = k * n_levels + q, np.float32(levels[q] - 0.5)
                error = targets[b, k] - outputs[b, j]
                losses[b, j] = _HALF * abs(error) + tilt * error
                gradient[b, j] = -(_HALF * _sign(error) + tilt)
    return _weighted_sum(losses, weights, count, gradient)


@compiled
def _sign(value: np.float32) -> np.float32:
    if value > _ZERO:
        return _ONE
    if value < _ZERO:
        return -_ONE
    return value  # 0 or NaN


@compiled
def _weighted_sum(losses: NDArray, weights: NDArray, count: float, gradient: NDArray) -> float:
    """Return the sum over the samples of the weighted mean of `losses`, (B, terms).

    `gradient` contains the slopes of the terms, which are multiplied by their factors.
    """
    samples, terms = losses.shape
    total = 0.0
    for b in range(samples):
        weight = weights[b] if weights.size else _ONE
        mean = 0.0
        for j in range(terms):
            mean += losses[b, j]
        mean /= terms
        total += weight * mean
        factor = np.float32(weight / (count * terms))
        for j in range(gradient.shape[1]):
            gradient[b, j] *= factor
    return total


# By the canonical name, which is the name of Keras' function. The pinball loss is none of Keras'.
LOSSES: dict[str, Callable[..., Any]] = {
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "huber": huber,
    "log_cosh": log_cosh,
    "poisson": poisson,
    "binary_crossentropy": binary_crossentropy,
    "sparse_categorical_crossentropy": categorical_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
}

_SHORT_NAMES = {
    "mse": "mean_squared_error",
    "MSE": "mean_squared_error",
    "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error",
    "bce": "binary_crossentropy",
    "BCE": "binary_crossentropy",
}

# The names of Keras' classes: MeanSquaredError, ...
_CLASS_NAMES = {name.title().replace("_", ""): name for name in LOSSES}

ALIASES = {name: name for name in LOSSES} | _CLASS_NAMES | _SHORT_NAMES


def canonical_name(name: str) -> str | None:
    """Return the key in `LOSSES` of a name that `keras.losses.get` accepts, else None."""
    return ALIASES.get(name)
