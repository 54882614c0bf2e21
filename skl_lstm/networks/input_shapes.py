"""Building of Keras models that do not define the shape of their input."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import keras
import numpy as np

from .._compat.keras import all_layers

Shape = tuple[int | None, ...]

_FOR_TWO_AXES = (
    "Recurrent layers need three axes, (samples, timesteps, features): for sequences of one "
    "feature, pass X[:, :, np.newaxis]."
)


def build_for(make: Callable[[], keras.Model], X_shape: Sequence[int]) -> keras.Model:
    """Return the model that `make` makes, built for an X of this shape unless it has an input.

    Without an Input layer, and in a subclass of ``keras.Model``, the shape follows from X. The
    number of time steps stays open if the layers allow it, so that predictions for sequences of
    other lengths are possible.
    """
    model = make()
    if getattr(model, "output_shape", None) is not None:
        return model
    *attempts, last = _ways_to_build(model, X_shape)
    for attempt in attempts:
        with suppress(Exception):  # the code of the user can raise anything
            if _set_shapes(model, attempt(model)):
                return model
        # A failed attempt leaves some layers built for the wrong shape.
        model = make()
    try:
        _set_shapes(model, last(model))
    except (NotImplementedError, TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        reason = re.sub(r"\x1b\[\d+m", "", str(error))  # Keras prints a part in bold type
        remedy = "" if len(X_shape) > 2 else f" {_FOR_TWO_AXES}"
        raise kind(
            f"The {type(model).__name__} cannot be built for X of shape {tuple(X_shape)}: {reason}"
            f"{remedy}"
        ) from error
    return model


def _ways_to_build(
    model: keras.Model, X_shape: Sequence[int]
) -> list[Callable[[keras.Model], Any]]:
    """Return functions that build a model and return a description of its output."""
    timesteps, *features = X_shape[1:]
    shapes: list[Shape] = [(None, timesteps, *features)]
    if not _needs_fixed_length(model):
        shapes.insert(0, (None, None, *features))
    by_shape = [_symbolic_call(shape) for shape in shapes]
    is_sequential = isinstance(model, keras.Sequential)
    return by_shape if is_sequential else [*by_shape, _call_on_zeros(X_shape)]


def _needs_fixed_length(model: keras.Model) -> bool:
    """Return whether a layer can be built, but not computed, for an open number of time steps."""
    return any(
        isinstance(layer, keras.layers.TimeDistributed) or getattr(layer, "unroll", False)
        for layer in all_layers(model)
    )


def _symbolic_call(shape: Shape) -> Callable[[keras.Model], Any]:
    def build(model: keras.Model) -> Any:
        tensor = keras.KerasTensor(shape, keras.config.floatx())
        if type(model).build is keras.Model.build:
            # A call that fails here raises, while a call of the model also warns.
            model.compute_output_spec(tensor)
        return model(tensor)

    return build


def _call_on_zeros(X_shape: Sequence[int]) -> Callable[[keras.Model], Any]:
    def build(model: keras.Model) -> Any:
        return model(np.zeros((1, *X_shape[1:]), keras.config.floatx()))

    return build


def _set_shapes(model: keras.Model, outputs: Any) -> bool:
    """Note the shape of the output, and return whether its width is known."""
    shapes = [(None, *output.shape[1:]) for output in keras.tree.flatten(outputs)]
    shape = shapes[0] if hasattr(outputs, "shape") else shapes
    if getattr(model, "output_shape", None) is None:
        # Keras defines the attribute for its own classes only.
        model.output_shape = shape
    return shape[-1] is not None
