"""How saved data marks what only Keras can restore. This module does not load Keras."""

from __future__ import annotations

from typing import Any

# The key marks packed objects, to distinguish them from a dict of the user.
PACKED = "packed by skl_lstm"


def needs_keras(value: Any) -> bool:
    """Return whether a value contains a packed object or a configuration of Keras."""
    if isinstance(value, dict):
        return "class_name" in value or PACKED in value or any(map(needs_keras, value.values()))
    return isinstance(value, list | tuple) and any(map(needs_keras, value))
