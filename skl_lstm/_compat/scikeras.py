"""The private names of scikeras that this package uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from scikeras.wrappers import BaseWrapper

_BUILDING = (
    "scikeras builds and compiles a model, and routes parameters, only inside its fit(). "
    "Replacement: public methods for these steps."
)
PRIVATE_NAMES = {
    "scikeras.wrappers.BaseWrapper._build_keras_model": _BUILDING,
    "scikeras.wrappers.BaseWrapper._ensure_compiled_model": _BUILDING,
    "scikeras.wrappers.BaseWrapper._initialize_callbacks": _BUILDING,
    "scikeras.wrappers.BaseWrapper._get_metadata": _BUILDING,
    "scikeras.wrappers.BaseWrapper._fit_callbacks": (
        "The callbacks that `_initialize_callbacks` creates. Replacement: a return value."
    ),
    "scikeras.wrappers.BaseWrapper._random_state": (
        "The seed that scikeras sets for the whole process. Replacement: a parameter that turns "
        "the seeding off."
    ),
}


class Builder(BaseWrapper):
    """A scikeras wrapper that builds a model from a description of the data, without data."""

    # None turns off the seeding of scikeras, which enables TensorFlow's op determinism and cannot
    # disable it again: every later fit without a seed would raise. `networks.seeding` sets the
    # seeds instead.
    _random_state = None

    loss: Any
    callbacks: Any

    def __init__(self, meta: Mapping[str, Any], **params: Any) -> None:
        super().__init__(**params)
        self._meta = meta

    def build_model(self) -> Any:
        """Call the user's function with the parameters routed to it."""
        self.model_ = self._build_keras_model()
        return self.model_

    def compile_model(self) -> None:
        """Compile the model, unless the user's function has compiled it."""
        self._ensure_compiled_model()

    def make_callbacks(self) -> list[keras.callbacks.Callback]:
        """Return all callbacks. Classes are instantiated with the parameters routed to them."""
        self._initialize_callbacks()
        return keras.tree.flatten(self._fit_callbacks)

    def _get_metadata(self) -> Mapping[str, Any]:
        return self._meta
