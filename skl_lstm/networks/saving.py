"""Keras models and objects as plain data: JSON and arrays, for pickle and skops."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import keras

from .._compat.keras import huber_delta
from .configs import check_config, foreign_code, names_of
from .models import code_in, code_of, copy_architecture, read_weights, write_weights
from .seeding import seeded

# What has a configuration and little else; models have weights besides.
_CONFIGURED = (
    keras.constraints.Constraint,
    keras.initializers.Initializer,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.regularizers.Regularizer,
)


# The key that tells what we have packed from a dictionary of the user's.
_PACKED = "packed by skl_lstm"


def pack(model: keras.Model, *, compiled: bool = False) -> dict[str, Any]:
    """Reduce a model to its architecture in JSON and its weights as arrays.

    Not Keras' own pickling: that writes a whole zip file, and warns on NumPy 2. With
    `compiled` the JSON also says how the model was compiled. Code of the user's own that it
    names is listed beside it.
    """
    described = model if compiled else copy_architecture(model)
    architecture = described.to_json()
    code = _code_named(json.loads(architecture), code_in(model))
    weights = read_weights(model)
    return {_PACKED: "model", "architecture": architecture, "weights": weights, "code": code}


def unpack(packed: dict[str, Any]) -> keras.Model:
    """Restore what `pack` reduced; refuse code that is neither Keras' nor listed."""
    with seeded(0):
        model = _from_json(packed["architecture"], packed["code"])
    if not isinstance(model, keras.Model):
        raise ValueError(f"The saved object is not a network, but {model!r}.")
    write_weights(model, packed["weights"])
    return model


def pack_objects(value: Any) -> Any:
    """Reduce the Keras objects in a parameter: models, optimizers, losses and so on."""
    if isinstance(value, keras.Model):
        return pack(value, compiled=True)
    if isinstance(value, _CONFIGURED):
        config = keras.saving.serialize_keras_object(value)
        if isinstance(value, keras.losses.Huber):  # its configuration leaves delta out
            config["config"].setdefault("delta", huber_delta(value))
        code = _code_named(config, code_of([value]))
        return {_PACKED: "object", "object": json.dumps(config), "code": code}
    packed = _map(pack_objects, value)
    is_like_ours = type(value) is dict and _PACKED in value
    return {_PACKED: "dict", "items": packed} if is_like_ours else packed


def unpack_objects(value: Any) -> Any:
    """Restore what `pack_objects` reduced."""
    kind = value.get(_PACKED) if type(value) is dict else None
    if kind == "model":
        return unpack(value)
    if kind == "object":
        return _from_json(value["object"], value["code"])
    return _map(unpack_objects, value["items"] if kind == "dict" else value)


def _map(function: Callable[[Any], Any], value: Any) -> Any:
    if type(value) is dict:
        return {name: function(inner) for name, inner in value.items()}
    return type(value)(map(function, value)) if type(value) in (list, tuple) else value


def _from_json(text: str, code: Sequence[Any]) -> Any:
    config = json.loads(text)
    check_config(config, code)
    return keras.saving.deserialize_keras_object(config, custom_objects=names_of(code))


def _code_named(config: Any, things: Sequence[Any]) -> list[Any]:
    """Return the code that has to be saved with a configuration; refuse what cannot be."""
    code = foreign_code(config, things)
    check_config(config, code)
    return code
