"""Private names of scikeras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from scikeras.wrappers import BaseWrapper

_BUILDING = (
    "scikeras builds, compiles and routes parameters only inside its own fit. Replacement: public "
    "methods for these steps."
)
PRIVATE_NAMES = {
    "scikeras.wrappers.BaseWrapper._build_keras_model": _BUILDING,
    "scikeras.wrappers.BaseWrapper._ensure_compiled_model": _BUILDING,
    "scikeras.wrappers.BaseWrapper._initialize_callbacks": _BUILDING,
    "scikeras.wrappers.BaseWrapper._get_metadata": _BUILDING,
    "scikeras.wrappers.BaseWrapper._fit_callbacks": (
        "The callbacks that `_initialize_callbacks` makes. Replacement: its return value."
    ),
    "scikeras.wrappers.BaseWrapper._random_state": (
        "The seed that scikeras sets for the whole process. Replacement: a parameter to leave "
        "seeding to others."
    ),
}


class Builder(BaseWrapper):
    """A scikeras wrapper that only builds: it is given a description of the data, and no data."""

    # scikeras seeds by TensorFlow's global seed and op determinism, and cannot take the
    # latter back: every later fit without a seed then raises. `networks.seeding` seeds instead.
    _random_state = None

    loss: Any

    def __init__(self, meta: Mapping[str, Any], **params: Any) -> None:
        super().__init__(**params)
        self._meta = meta

    def build_model(self) -> Any:
        """Call the user's function with the parameters that are routed to it."""
        self.model_ = self._build_keras_model()
        return self.model_

    def compile_model(self) -> None:
        """Compile the model, unless the user's function has done so."""
        self._ensure_compiled_model()

    def make_callbacks(self) -> list[keras.callbacks.Callback]:
        """Make the callbacks that are given as classes with routed parameters."""
        self._initialize_callbacks()
        return keras.tree.flatten(self._fit_callbacks)

    def _get_metadata(self) -> Mapping[str, Any]:
        return self._meta
