"""The last activation of a network together with its loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from .losses import LOSSES, pinball

_ON_VALUES = {"mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "poisson"}

# The losses that can be trained with each activation.
SUPPORTED: dict[str, set[str]] = {
    "linear": _ON_VALUES,
    "sigmoid": _ON_VALUES | {"binary_crossentropy"},
    "softmax": {"categorical_crossentropy", "sparse_categorical_crossentropy"},
}


def activated(raw: NDArray, activation: str) -> NDArray:
    """Return the outputs of a network, (..., outputs), after its last activation."""
    if activation == "sigmoid":
        return expit(raw)
    return softmax(raw, axis=-1) if activation == "softmax" else raw


def loss_and_gradient(
    raw: NDArray,
    targets: NDArray,
    weights: NDArray,
    *,
    loss: str,
    activation: str,
    levels: NDArray,
    count: int,
) -> tuple[float, NDArray]:
    """Return the weighted sum of the losses of some samples, and the gradient of `raw`.

    `raw` is (samples, outputs), before the activation. `weights` is (samples,), or empty. If there
    is an output for every time step, `raw`, the targets and the weights have a time axis before or
    after that of the samples, and the losses of the steps of a sample are added. The gradient is
    that of the mean over `count` samples, those of the whole batch. If there are `levels`, the
    outputs are quantiles, and the loss is the pinball loss.
    """
    shape = raw.shape
    raw, targets = (array.reshape(-1, array.shape[-1]) for array in (raw, targets))
    weights = weights.reshape(-1)
    gradient = np.empty_like(raw)
    if levels.size:
        total = pinball(raw, targets, weights, float(count), gradient, levels)
        return total, gradient.reshape(shape)
    # The losses of these activations are computed from `raw`, which is exact for large values.
    from_logits = loss.endswith("crossentropy")
    outputs = raw if from_logits else activated(raw, activation)
    total = LOSSES[loss](outputs, targets, weights, float(count), gradient)
    if activation == "sigmoid" and not from_logits:
        gradient *= outputs * (1 - outputs)
    return total, gradient.reshape(shape)
