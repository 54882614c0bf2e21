"""Which models can share a traced copy, and which have to do without one.

Two models of one plan do the same, given the same variables. A
model has none if it holds code that is not Keras' own, as that may do something else the
next time, or anything else that Keras does not tell.
"""

from __future__ import annotations

import inspect
import json
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from ..._compat.keras import (
    all_layers,
    compile_settings,
    distribution_strategy,
    excludes_weight_decay,
)


class Plan(NamedTuple):
    """All that models must have in common to take turns in one copy."""

    model_class: type[keras.Model]
    architecture: str  # JSON, with numbers for the names that every build makes anew
    trainable: tuple[bool, ...]  # by variable
    compiled: str | None  # JSON, without the learning rate; None: not for training


def plan_of(model: keras.Model, *, training: bool) -> Plan | None:
    """Return the plan of a model, None if a copy would not do the same."""
    if (
        not _is_keras(model)
        or not _has_one_input_and_output(model)
        or _is_distributed(model)
        or not all(map(_is_described_by_config, all_layers(model, include_self=False)))
        or (training and not _is_described_by_compile_config(model))
    ):
        return None
    try:
        architecture = _numbered(model.get_config(), {})
    except NotImplementedError:  # a layer that cannot say what it is made of
        return None
    if _has_foreign_code(architecture) or _has_named_ends(architecture):
        return None
    trainable = tuple(variable.trainable for variable in model.variables)
    compiled = _text(_without_names(compile_config(model))) if training else None
    return Plan(type(model), _text(architecture), trainable, compiled)


_PREDICTION_PLANS: weakref.WeakKeyDictionary[keras.Model, Plan | None] = weakref.WeakKeyDictionary()


def prediction_plan(model: keras.Model) -> Plan | None:
    """Return the plan of a model that is not going to change: it is read once."""
    if model not in _PREDICTION_PLANS:
        _PREDICTION_PLANS[model] = plan_of(model, training=False)
    return _PREDICTION_PLANS[model]


def compile_config(model: keras.Model) -> dict[str, Any]:
    """Say how a model was compiled, and with which optimizer."""
    # What the model was compiled with may be no more than the optimizer's name.
    optimizer = keras.optimizers.serialize(model.optimizer)
    return model.get_compile_config() | {"optimizer": optimizer}


# What a model is.


def _is_keras(thing: Any) -> bool:
    """Return whether an instance, a class or a function is Keras' own."""
    return str(thing.__module__).startswith("keras.")


def _has_one_input_and_output(model: keras.Model) -> bool:
    """Return whether the model has one input and one output, for any number of samples."""
    shapes = [getattr(model, name, None) for name in ("input_shape", "output_shape")]
    if not all(isinstance(shape, tuple) and shape[0] is None for shape in shapes):
        return False
    # Of steps whose number is open, Keras 3.15 takes as many as there are samples.
    by_step = any(isinstance(o, keras.layers.TimeDistributed) for o in all_layers(model))
    return not (by_step and None in model.input_shape[1:])


def _has_named_ends(architecture: dict[str, Any]) -> bool:
    """Return whether arrays go in or come out by name, in dictionaries."""
    ends = (architecture.get(name) for name in ("input_layers", "output_layers"))
    return any(isinstance(end, dict) for end in ends)


def _is_distributed(model: keras.Model) -> bool:
    return bool(
        keras.backend.backend() != "tensorflow"
        or keras.distribution.distribution()
        or tf.distribute.has_strategy()
        or distribution_strategy(model)  # it was built under one
    )


def _is_described_by_config(layer: keras.Layer) -> bool:
    """Return whether its config and its variables make up a layer."""
    # What such a layer has adapted to is not all in its variables.
    return not hasattr(layer, "adapt") and not _has_foreign_function(layer)


def _has_foreign_function(thing: Any) -> bool:
    """Look for functions among attributes: of a function, Keras tells no more than the name."""
    return not all(map(_is_keras, filter(inspect.isfunction, vars(thing).values())))


def _has_foreign_code(config: Any) -> bool:
    if isinstance(config, list | tuple):
        return any(map(_has_foreign_code, config))
    if not isinstance(config, dict):
        return not (config is None or isinstance(config, str | int | float))
    kind, module = str(config.get("class_name", "")), f"{config.get('module')}."
    is_object = kind and not kind.startswith("__")  # tensors, slices and their like
    if kind == "__lambda__" or (is_object and not module.startswith("keras.")):
        return True
    return any(map(_has_foreign_code, config.values()))


# How it is trained.


def _is_described_by_compile_config(model: keras.Model) -> bool:
    settings, optimizer = compile_settings(model), model.optimizer
    if any(isinstance(setting, dict) for setting in settings.values()):
        return False  # by the name of the output, which a copy does not have
    losses = keras.tree.flatten(settings["loss"])
    metrics = keras.tree.flatten([settings["metrics"], settings["weighted_metrics"]])
    return (
        not (model.run_eagerly or model.jit_compile)
        and _is_keras(optimizer)
        and not excludes_weight_decay(optimizer)
        and not _has_foreign_function(optimizer)
        and not _has_foreign_code(optimizer.get_config())
        and all(_is_described_by_name_or_config(loss, keras.losses.get) for loss in losses)
        and all(_is_described_by_name_or_config(metric, keras.metrics.get) for metric in metrics)
    )


def _is_described_by_name_or_config(thing: Any, find: Callable[[str], Any]) -> bool:
    """Return whether a loss or a metric is Keras' own, and its config all there is to it."""
    if isinstance(thing, str):
        try:
            thing = find(thing)
        except ValueError:  # a name for several, to be chosen by the shape of the output
            return thing in ("accuracy", "acc", "crossentropy", "ce")
    if thing is None:
        return True
    if not _is_keras(thing):
        return False
    if inspect.isfunction(thing) or inspect.isclass(thing):
        return True
    return not _has_foreign_function(thing) and _is_rebuilt_by_config(thing)


_WHOLE: dict[str, bool] = {}


def _is_rebuilt_by_config(thing: Any) -> bool:
    """Make another one of the config, to see if it is the same; Huber keeps its delta back."""
    settings = _plain(vars(thing))
    key = repr((type(thing), settings))
    if key not in _WHOLE:
        again = type(thing).from_config(thing.get_config())
        _WHOLE[key] = _plain(vars(again)) == settings
    return _WHOLE[key]


def _plain(value: Any) -> Any:
    """Return numbers, text and functions, however deep; of anything else its type."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    is_plain = value is None or isinstance(value, str | int | float) or inspect.isfunction(value)
    return value if is_plain else type(value)


# Both as text.


def _text(config: Any) -> str:
    return json.dumps(config, sort_keys=True)


def _without_names(config: dict[str, Any]) -> dict[str, Any]:
    """Leave out how the optimizer is called, and a learning rate that is one of its variables."""
    optimizer = config["optimizer"]
    settings = {name: value for name, value in optimizer["config"].items() if name != "name"}
    if isinstance(settings.get("learning_rate"), float):
        del settings["learning_rate"]
    return config | {"optimizer": optimizer | {"config": settings}}


def _numbered(config: Any, names: dict[str, str]) -> Any:
    """Replace the names of layers, and the references to them, by numbers."""
    if isinstance(config, dict):
        if str(config.get("class_name")).endswith("DTypePolicy"):  # whose name is its meaning
            return config
        return {
            key: _number(value, names)
            if key == "name" and isinstance(value, str)
            else _numbered(value, names)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        if [type(item) for item in config] == [str, int, int]:  # a layer, and which call of it
            return [_number(config[0], names), *config[1:]]
        return [_numbered(item, names) for item in config]
    return config


def _number(name: str, names: dict[str, str]) -> str:
    return names.setdefault(name, f"layer_{len(names)}")
