"""Conversion of Keras models and objects to JSON and arrays, for pickle and skops."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import keras

from .._compat.keras import huber_delta
from .configs import check_config, foreign_code, names_of
from .markers import PACKED
from .models import (
    accepted_config,
    code_in,
    code_of,
    copy_architecture,
    read_weights,
    write_weights,
)
from .seeding import seeded

# Objects that their configuration restores. Models have weights, too.
_RESTORED_FROM_CONFIG = (
    keras.constraints.Constraint,
    keras.initializers.Initializer,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.regularizers.Regularizer,
)


def pack(model: keras.Model, *, compiled: bool = False) -> dict[str, Any]:
    """Convert a model to a dict of its architecture in JSON and its weights as arrays.

    With `compiled` the JSON also contains the compile settings. The dict lists the user's classes
    and functions that the JSON names. Keras' own pickling is not used: it writes a zip file, and
    raises a DeprecationWarning with NumPy 2.
    """
    described = model if compiled else copy_architecture(model)
    serialized = json.loads(described.to_json())
    serialized["config"] = accepted_config(type(model), serialized["config"])
    code = _code_to_save(serialized, code_in(model))
    architecture, weights = json.dumps(serialized), read_weights(model)
    return {PACKED: "model", "architecture": architecture, "weights": weights, "code": code}


def unpack(packed: dict[str, Any]) -> keras.Model:
    """Restore a model from the dict that `pack` returned.

    Raises ValueError if the architecture names code that is neither Keras' own nor listed.
    """
    with seeded(0):
        model = _from_json(packed["architecture"], packed["code"])
    if not isinstance(model, keras.Model):
        raise ValueError(f"The saved object is {model!r}, not a network.")
    write_weights(model, packed["weights"])
    return model


def pack_objects(value: Any) -> Any:
    """Convert the Keras objects in a parameter: models, optimizers, losses and others."""
    if isinstance(value, keras.Model):
        return pack(value, compiled=True)
    if isinstance(value, _RESTORED_FROM_CONFIG):
        config = keras.saving.serialize_keras_object(value)
        if isinstance(value, keras.losses.Huber):  # the configuration of Huber lacks delta
            config["config"].setdefault("delta", huber_delta(value))
        code = _code_to_save(config, code_of([value]))
        return {PACKED: "object", "object": json.dumps(config), "code": code}
    packed = _map_nested(pack_objects, value)
    looks_packed = type(value) is dict and PACKED in value
    return {PACKED: "dict", "items": packed} if looks_packed else packed


def unpack_objects(value: Any) -> Any:
    """Restore the Keras objects in a value that `pack_objects` returned."""
    kind = value.get(PACKED) if type(value) is dict else None
    if kind == "model":
        return unpack(value)
    if kind == "object":
        return _from_json(value["object"], value["code"])
    return _map_nested(unpack_objects, value["items"] if kind == "dict" else value)


def _map_nested(function: Callable[[Any], Any], value: Any) -> Any:
    if type(value) is dict:
        return {name: function(inner) for name, inner in value.items()}
    return type(value)(map(function, value)) if type(value) in (list, tuple) else value


def _from_json(text: str, code: Sequence[Any]) -> Any:
    config = json.loads(text)
    check_config(config, code)
    return keras.saving.deserialize_keras_object(config, custom_objects=names_of(code))


def _code_to_save(config: Any, things: Sequence[Any]) -> list[Any]:
    """Return the code to save with a configuration; raise ValueError if it cannot be saved."""
    code = foreign_code(config, things)
    check_config(config, code)
    return code
