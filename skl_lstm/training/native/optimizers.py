"""Optimizers, equal to those of Keras.

One `Optimizer` updates all weights of a network, which lie in one vector.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import compiled

_ADAM = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}

# Keras' defaults, by the names that keras.optimizers.get accepts in any case.
DEFAULTS: dict[str, dict[str, Any]] = {
    "adam": _ADAM,
    "adamw": {**_ADAM, "weight_decay": 0.004},
    "nadam": _ADAM,
    "rmsprop": {"learning_rate": 0.001, "rho": 0.9, "momentum": 0.0, "epsilon": 1e-7},
    "sgd": {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
}

# Settings of Keras' optimizers that are supported with this value only.
_ONLY: dict[str, Any] = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "amsgrad": False,
    "centered": False,
}

# Settings without an effect. Those of the moving average need use_ema.
_WITHOUT_EFFECT = {"name", "ema_momentum", "ema_overwrite_frequency"}


def canonical_name(name: str) -> str | None:
    """Return the key in `DEFAULTS` of a name that `keras.optimizers.get` accepts, else None."""
    return name.lower() if name.lower() in DEFAULTS else None


def unsupported_settings(name: str, config: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that `make_optimizer` cannot honour.

    Parameters
    ----------
    name : str
        Name of the optimizer.
    config : dict
        Arguments of Keras' optimizer, or a part of them. Values that Keras itself rejects are
        unsupported too.
    """
    name = _known(name)
    defaults = DEFAULTS[name]
    return [
        key
        for key, value in config.items()
        if key not in _WITHOUT_EFFECT
        and not (_is_valid(name, key, value) if key in defaults else _is_only_value(key, value))
    ]


def _is_only_value(key: str, value: Any) -> bool:
    return key in _ONLY and (value is _ONLY[key] or (value is not None and value == _ONLY[key]))


def _is_valid(name: str, key: str, value: Any) -> bool:
    if key == "nesterov":
        return isinstance(value, bool)
    # Keras accepts integers for all settings but these.
    float_only = key == "learning_rate" or (name, key) == ("sgd", "momentum")
    if isinstance(value, bool) or not isinstance(value, float if float_only else Real):
        return False
    number = float(value)
    if key in {"beta_1", "beta_2"}:
        return 0 <= number < 1
    if key == "momentum":
        return 0 <= number <= 1
    return math.isfinite(number)


def _known(name: str) -> str:
    known = canonical_name(name)
    if known is None:
        raise ValueError(f"unknown optimizer {name!r}")
    return known


class Optimizer:
    """An optimizer with its state.

    Parameters
    ----------
    name : str
        Key in `DEFAULTS`.
    settings : dict
        Value of every key in ``DEFAULTS[name]``.
    n_weights : int
        Number of weights.

    Attributes
    ----------
    name : str
        As passed.
    settings : dict
        As passed.
    slots : array of float32 of shape (k, n_weights)
        Moving averages of the gradients.
    iterations : int
        Number of updates so far.
    product : float
        Product of the momenta of all updates, which only Nadam needs.
    """

    def __init__(self, name: str, settings: Mapping[str, Any], n_weights: int) -> None:
        self.name = name
        self.settings = dict(settings)
        self.slots: NDArray[np.float32] = np.zeros((self._n_slots(), n_weights), np.float32)
        self.iterations = 0
        self.product = 1.0

    def _n_slots(self) -> int:
        if self.name in {"adam", "adamw", "nadam"}:
            return 2
        return int(self.name == "rmsprop") + int(self.settings["momentum"] > 0)

    def update(self, weights: NDArray[np.float32], gradients: NDArray[np.float32]) -> None:
        """Update `weights` in place. Both arrays are (n_weights,), float32."""
        # Compiled functions do not check the bounds of arrays.
        if not weights.shape == gradients.shape == self.slots.shape[1:]:
            raise ValueError(
                f"expected {self.slots.shape[1]} weights and gradients, but got "
                f"{weights.shape} and {gradients.shape}"
            )
        numbers = self.iterations + 1, *self.settings.values()
        if self.name == "nadam":
            self.product = _nadam(weights, gradients, self.slots, *numbers, self.product)
        else:
            _UPDATES[self.name](weights, gradients, self.slots, *numbers)
        self.iterations += 1

    def copy(self) -> Optimizer:
        """Return an independent optimizer with the same state."""
        return copy.deepcopy(self)


def make_optimizer(name: str, settings: Mapping[str, Any], n_weights: int) -> Optimizer:
    """Return a new optimizer.

    Parameters
    ----------
    name : str
        A name for which `canonical_name` is not None.
    settings : dict
        Arguments of Keras' optimizer. The others have Keras' defaults.
    n_weights : int
        Number of weights.
    """
    name = _known(name)
    unsupported = unsupported_settings(name, settings)
    if unsupported:
        raise ValueError(f"unsupported settings of {name}: {', '.join(unsupported)}")
    values = {key: type(value)(settings.get(key, value)) for key, value in DEFAULTS[name].items()}
    return Optimizer(name, values, n_weights)


# The compiled functions. Their numbers are float64 at first, and float32 in the loops. Each loop
# has one result, because LLVM vectorizes only loops with few arrays to check for overlap.


@compiled
def _rounded(value: float) -> float:
    """Round to float32.

    Keras computes in float32. This makes a difference in 1 - beta, so beta is rounded as in Keras.
    """
    return np.float64(np.float32(value))


@compiled
def _power(base: float, exponent: int) -> float:
    return _rounded(_rounded(base) ** np.float64(exponent))


@compiled
def _average(values: NDArray, factor: float, mean: NDArray) -> None:
    part = np.float32(factor)
    for n in range(mean.size):
        mean[n] += (values[n] - mean[n]) * part


@compiled
def _average_squares(values: NDArray, factor: float, mean: NDArray) -> None:
    part = np.float32(factor)
    for n in range(mean.size):
        mean[n] += (values[n] * values[n] - mean[n]) * part


@compiled
def _adam(
    weights: NDArray,
    gradients: NDArray,
    slots: NDArray,
    step: int,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    mean, square = slots[0], slots[1]
    _average(gradients, 1 - beta_1, mean)
    _average_squares(gradients, 1 - beta_2, square)
    correction = np.sqrt(1 - _power(beta_2, step)) / (1 - _power(beta_1, step))
    rate, small = np.float32(_rounded(learning_rate) * correction), np.float32(epsilon)
    for n in range(weights.size):
        weights[n] -= mean[n] * rate / (np.sqrt(square[n]) + small)


@compiled
def _adamw(
    weights: NDArray,
    gradients: NDArray,
    slots: NDArray,
    step: int,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
) -> None:
    decay, rate = np.float32(weight_decay), np.float32(learning_rate)
    for n in range(weights.size):
        weights[n] -= weights[n] * decay * rate
    _adam(weights, gradients, slots, step, learning_rate, beta_1, beta_2, epsilon)


@compiled
def _nadam(
    weights: NDArray,
    gradients: NDArray,
    slots: NDArray,
    step: int,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    product: float,
) -> float:
    """Return `product` after the update."""
    learning_rate, beta_1, beta_2 = _rounded(learning_rate), _rounded(beta_1), _rounded(beta_2)
    momentum = beta_1 * (1 - 0.5 * _power(0.96, step))
    next_momentum = beta_1 * (1 - 0.5 * _power(0.96, step + 1))
    product *= momentum
    mean, square = slots[0], slots[1]
    _average(gradients, 1 - beta_1, mean)
    _average_squares(gradients, 1 - beta_2, square)
    mean_rate = np.float32(learning_rate * next_momentum / (1 - product * next_momentum))
    rate = np.float32(learning_rate * (1 - momentum) / (1 - product))
    scale, small = np.float32(1 / (1 - _power(beta_2, step))), np.float32(epsilon)
    for n in range(weights.size):
        change = mean_rate * mean[n] + rate * gradients[n]
        weights[n] -= change / (np.sqrt(square[n] * scale) + small)
    return product


@compiled
def _rmsprop(
    weights: NDArray,
    gradients: NDArray,
    slots: NDArray,
    step: int,
    learning_rate: float,
    rho: float,
    momentum: float,
    epsilon: float,
) -> None:
    rate, small = np.float32(learning_rate), np.float32(epsilon)
    kept, factor = np.float32(rho), np.float32(1 - rho)
    square = slots[0]
    for n in range(weights.size):
        square[n] = kept * square[n] + factor * (gradients[n] * gradients[n])
    if slots.shape[0] == 1:
        for n in range(weights.size):
            weights[n] -= rate * gradients[n] / np.sqrt(square[n] + small)
        return
    velocity, friction = slots[1], np.float32(momentum)
    for n in range(weights.size):
        change = rate * gradients[n] / np.sqrt(square[n] + small)
        velocity[n] = friction * velocity[n] + change
    for n in range(weights.size):
        weights[n] -= velocity[n]


@compiled
def _sgd(
    weights: NDArray,
    gradients: NDArray,
    slots: NDArray,
    step: int,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
) -> None:
    rate = np.float32(learning_rate)
    if slots.shape[0] == 0:
        for n in range(weights.size):
            weights[n] -= gradients[n] * rate
        return
    velocity, friction = slots[0], np.float32(momentum)
    for n in range(weights.size):
        velocity[n] = velocity[n] * friction - gradients[n] * rate
    if nesterov:
        for n in range(weights.size):
            weights[n] += velocity[n] * friction - gradients[n] * rate
    else:
        for n in range(weights.size):
            weights[n] += velocity[n]


# The arguments after the step are the settings, in the order of `DEFAULTS`.
_UPDATES: dict[str, Callable[..., Any]] = {
    "adam": _adam,
    "adamw": _adamw,
    "rmsprop": _rmsprop,
    "sgd": _sgd,
}
