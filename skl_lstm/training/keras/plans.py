"""Plans, which decide whether two models can share a traced copy.

Two models with equal plans compute the same, given the same variables. A model with code that is
not Keras' own has no plan, because such code may behave differently in the next model. The loss of
quantiles is an exception. Nor has a model with settings that its configuration does not contain.
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
    has_weight_decay_exclusions,
)
from ...networks.pinball import PinballLoss


class Plan(NamedTuple):
    """The properties that models must share to use the same copy."""

    model_class: type[keras.Model]
    architecture: str  # JSON, with numbered names: default names differ in every build
    trainable: tuple[bool, ...]  # one per variable
    compiled: str | None  # JSON without the learning rate; None: only for prediction


def plan_of(model: keras.Model, *, training: bool) -> Plan | None:
    """Return the plan of a model, or None if a copy could behave differently."""
    if (
        not _is_keras(model)
        or not _has_one_input_and_output(model)
        or _is_distributed(model)
        or not all(map(_is_defined_by_config, all_layers(model, include_self=False)))
        or (training and not _is_defined_by_compile_config(model))
    ):
        return None
    try:
        architecture = _with_numbered_names(model.get_config(), {})
    except NotImplementedError:  # a layer without get_config
        return None
    if _has_foreign_code(architecture) or _has_dict_input_or_output(architecture):
        return None
    trainable = tuple(variable.trainable for variable in model.variables)
    compiled = (
        _to_json(_without_name_and_learning_rate(compile_config(model))) if training else None
    )
    return Plan(type(model), _to_json(architecture), trainable, compiled)


_PREDICTION_PLANS: weakref.WeakKeyDictionary[keras.Model, Plan | None] = weakref.WeakKeyDictionary()


def prediction_plan(model: keras.Model) -> Plan | None:
    """Return the plan for prediction. It is cached, so the architecture must not change."""
    if model not in _PREDICTION_PLANS:
        _PREDICTION_PLANS[model] = plan_of(model, training=False)
    return _PREDICTION_PLANS[model]


def compile_config(model: keras.Model) -> dict[str, Any]:
    """Return the compile settings of a model, including all settings of its optimizer."""
    # get_compile_config() may contain only the name of the optimizer.
    optimizer = keras.optimizers.serialize(model.optimizer)
    return model.get_compile_config() | {"optimizer": optimizer}


# Architecture.


def _is_keras(thing: Any) -> bool:
    """Return whether an instance, a class or a function belongs to Keras."""
    return str(thing.__module__).startswith("keras.")


def _has_one_input_and_output(model: keras.Model) -> bool:
    """Return whether a model has one input and one output, with any number of samples."""
    shapes = [getattr(model, name, None) for name in ("input_shape", "output_shape")]
    if not all(isinstance(shape, tuple) and shape[0] is None for shape in shapes):
        return False
    # In Keras 3.15, if the number of time steps is None, TimeDistributed processes as many steps
    # as there are samples.
    is_time_distributed = any(
        isinstance(o, keras.layers.TimeDistributed) for o in all_layers(model)
    )
    return not (is_time_distributed and None in model.input_shape[1:])


def _has_dict_input_or_output(architecture: dict[str, Any]) -> bool:
    """Return whether the inputs or the outputs of a model are dicts."""
    by_direction = (architecture.get(name) for name in ("input_layers", "output_layers"))
    return any(isinstance(layer, dict) for layer in by_direction)


def _is_distributed(model: keras.Model) -> bool:
    return bool(
        keras.backend.backend() != "tensorflow"
        or keras.distribution.distribution()
        or tf.distribute.has_strategy()
        or distribution_strategy(model)
    )


def _is_defined_by_config(layer: keras.Layer) -> bool:
    """Return whether the config and the variables of a layer describe it completely."""
    # The variables of a layer with `adapt` do not contain all state that it computed from data.
    return not hasattr(layer, "adapt") and not _has_foreign_function(layer)


def _has_foreign_function(thing: Any) -> bool:
    """Return whether an attribute is a function of the user: a config contains only its name."""
    return not all(map(_is_keras, filter(inspect.isfunction, vars(thing).values())))


def _has_foreign_code(config: Any) -> bool:
    if isinstance(config, list | tuple):
        return any(map(_has_foreign_code, config))
    if not isinstance(config, dict):
        return not (config is None or isinstance(config, str | int | float))
    kind, module = str(config.get("class_name", "")), f"{config.get('module')}."
    is_object = kind and not kind.startswith("__")  # excludes tensors, slices and similar data
    if kind == "__lambda__" or (is_object and not module.startswith("keras.")):
        return True
    return any(map(_has_foreign_code, config.values()))


# Compile settings.


def _is_defined_by_compile_config(model: keras.Model) -> bool:
    settings, optimizer = compile_settings(model), model.optimizer
    if any(isinstance(setting, dict) for setting in settings.values()):
        return False  # keyed by the name of an output, which differs in a copy
    losses = keras.tree.flatten(settings["loss"])
    metrics = keras.tree.flatten([settings["metrics"], settings["weighted_metrics"]])
    return (
        not (model.run_eagerly or model.jit_compile)
        and _is_keras(optimizer)
        and not has_weight_decay_exclusions(optimizer)
        and not _has_foreign_function(optimizer)
        and not _has_foreign_code(optimizer.get_config())
        and all(_is_defined_by_name_or_config(loss, keras.losses.get) for loss in losses)
        and all(_is_defined_by_name_or_config(metric, keras.metrics.get) for metric in metrics)
    )


def _is_defined_by_name_or_config(thing: Any, find: Callable[[str], Any]) -> bool:
    """Return whether a loss or a metric is known and its name or config describes it."""
    if isinstance(thing, str):
        try:
            thing = find(thing)
        except ValueError:  # Keras resolves these names by the shape of the output
            return thing in ("accuracy", "acc", "crossentropy", "ce")
    if thing is None:
        return True
    if not (_is_keras(thing) or isinstance(thing, PinballLoss)):
        return False
    if inspect.isfunction(thing) or inspect.isclass(thing):
        return True
    return not _has_foreign_function(thing) and _is_equal_after_rebuild(thing)


_EQUAL_AFTER_REBUILD: dict[str, bool] = {}


def _is_equal_after_rebuild(thing: Any) -> bool:
    """Return whether `from_config` gives an equal object. The config of Huber lacks delta."""
    settings = _comparable(vars(thing))
    key = repr((type(thing), settings))
    if key not in _EQUAL_AFTER_REBUILD:
        rebuilt = type(thing).from_config(thing.get_config())
        _EQUAL_AFTER_REBUILD[key] = _comparable(vars(rebuilt)) == settings
    return _EQUAL_AFTER_REBUILD[key]


def _comparable(value: Any) -> Any:
    """Return nested numbers, strings and functions, with other objects replaced by their type."""
    if isinstance(value, dict):
        return {name: _comparable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(item) for item in value]
    is_plain = value is None or isinstance(value, str | int | float) or inspect.isfunction(value)
    return value if is_plain else type(value)


# Conversion to JSON, without names.


def _to_json(config: Any) -> str:
    return json.dumps(config, sort_keys=True)


def _without_name_and_learning_rate(config: dict[str, Any]) -> dict[str, Any]:
    """Remove the optimizer's name, and a learning rate that is one of its variables."""
    optimizer = config["optimizer"]
    settings = {name: value for name, value in optimizer["config"].items() if name != "name"}
    if isinstance(settings.get("learning_rate"), float):
        del settings["learning_rate"]
    return config | {"optimizer": optimizer | {"config": settings}}


def _with_numbered_names(config: Any, names: dict[str, str]) -> Any:
    """Replace the names of layers, and references to them, by ``layer_0``, ``layer_1``, ..."""
    if isinstance(config, dict):
        if str(config.get("class_name")).endswith("DTypePolicy"):  # here the name is a setting
            return config
        return {
            key: _numbered_name(value, names)
            if key == "name" and isinstance(value, str)
            else _with_numbered_names(value, names)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        if [type(item) for item in config] == [str, int, int]:  # [layer, call index, output index]
            return [_numbered_name(config[0], names), *config[1:]]
        return [_with_numbered_names(item, names) for item in config]
    return config


def _numbered_name(name: str, names: dict[str, str]) -> str:
    return names.setdefault(name, f"layer_{len(names)}")
