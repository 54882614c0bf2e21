"""How saved data marks what only Keras can restore. This module does not load Keras."""

from __future__ import annotations

from numbers import Real
from typing import Any

# The key marks packed objects, to distinguish them from a dict of the user.
PACKED = "packed by skl_lstm"

# A configuration that names one of these, without a module, is an optimizer of Keras.
_OPTIMIZERS = [
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "ftrl",
    "lamb",
    "lion",
    "muon",
    "nadam",
    "rmsprop",
    "sgd",
]


def needs_keras(value: Any) -> bool:
    """Return whether a value contains a packed object or a configuration of Keras."""
    if isinstance(value, dict):
        return "class_name" in value or PACKED in value or any(map(needs_keras, value.values()))
    return isinstance(value, list | tuple) and any(map(needs_keras, value))


def is_plain_optimizer(optimizer: Any) -> bool:
    """Return whether a configuration names an optimizer of Keras and holds only plain values."""
    if not isinstance(optimizer, dict) or not optimizer.keys() <= {"class_name", "config"}:
        return False
    config = optimizer.get("config") or {}
    return (
        str(optimizer.get("class_name")).lower() in _OPTIMIZERS
        and isinstance(config, dict)
        and all(value is None or isinstance(value, Real | str) for value in config.values())
    )
