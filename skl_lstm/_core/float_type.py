"""`floatx`: the float type of Keras, without loading Keras."""

from __future__ import annotations

import functools
import json
import os
import sys
from pathlib import Path


def floatx() -> str:
    """Return ``keras.config.floatx()``, or what it will be when Keras is loaded.

    The type must not depend on whether another package has loaded Keras.
    """
    config = getattr(sys.modules.get("keras"), "config", None)
    return _saved_floatx(os.environ.get("KERAS_HOME")) if config is None else str(config.floatx())


def is_float32() -> bool:
    """Return whether networks compute in float32: floatx, and the dtype policy of Keras."""
    config = getattr(sys.modules.get("keras"), "config", None)
    policy = "float32" if config is None else config.dtype_policy().name
    return floatx() == policy == "float32"


@functools.cache
def _saved_floatx(keras_home: str | None) -> str:
    """Read the type from the file keras.json, which Keras reads once, when it is loaded."""
    home = Path("~").expanduser() / ".keras" if keras_home is None else Path(keras_home)
    try:
        settings = json.loads((home / "keras.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "float32"
    return str(settings.get("floatx", "float32"))
