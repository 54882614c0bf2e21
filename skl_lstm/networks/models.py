"""Functions that copy Keras models, read and write weights, and restore a state after an error."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import keras
from numpy.typing import NDArray

from .._compat.keras import SOURCE, all_layers, compile_settings
from .configs import foreign_code, names_of
from .seeding import seeded


def code_in(model: keras.Model) -> list[Any]:
    """Return the classes and functions of a model, its layers, optimizer, loss and metrics."""
    compiled = [model.optimizer, compile_settings(model)] if model.compiled else []
    return code_of([*all_layers(model), *keras.tree.flatten(compiled)])


def code_of(holders: Sequence[Any]) -> list[Any]:
    """Return the classes of objects and of their attributes, and attributes that are code."""
    values = [value for holder in holders for value in getattr(holder, "__dict__", {}).values()]
    candidates = [*holders, *values]
    return [o if isinstance(o, type | FunctionType) else type(o) for o in candidates]


def copy_model(model: keras.Model) -> keras.Model:
    """Copy the architecture, the weights and the compile settings of a model.

    The copy shares no variable with the model.
    """
    copied = copy_architecture(model)
    write_weights(copied, read_weights(model))
    copy_compile_settings(model, copied)
    return copied


def copy_compile_settings(model: keras.Model, target: keras.Model) -> None:
    """Compile `target` like `model`, if that is compiled."""
    if model.compiled:
        # Keras looks code up by name, and finds code of the user only inside this scope.
        config = model.get_compile_config()
        with keras.saving.custom_object_scope(names_of(foreign_code(config, code_in(model)))):
            target.compile_from_config(config)


def build_optimizer(model: keras.Model) -> None:
    """Create the variables of the optimizer, which Keras does in the first step of training.

    Keras warns if it loads a file whose optimizer has no variables.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def copy_architecture(model: keras.Model) -> keras.Model:
    """Copy the architecture only. `keras.models.clone_model` would also compile the copy."""
    try:
        config = accepted_config(type(model), model.get_config())
    except NotImplementedError as error:
        raise TypeError(
            f"The network {type(model).__name__} cannot be copied or saved, because Keras cannot "
            "save the arguments of its __init__. Define get_config() in the class. To only train "
            "it, pass a function that returns it instead of the network itself."
        ) from error
    code = foreign_code(config, code_in(model))
    # The caller overwrites the weights, so any seed will do.
    with seeded(0), keras.saving.custom_object_scope(names_of(code)):
        copied = type(model).from_config(config)
        if model.built and not copied.built:  # a class of the user
            copied.build_from_config(model.get_build_config())
        return copied


def accepted_config(model_class: type[keras.Model], config: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a model without the settings that a class of the user does not take.

    Keras adds `name`, `trainable` and `dtype` to the arguments of `__init__`, and passes all of
    them to it. Many classes take only their own arguments.
    """
    arguments = inspect.signature(model_class).parameters
    takes_all = any(argument.kind is argument.VAR_KEYWORD for argument in arguments.values())
    if takes_all or model_class.__module__.startswith(SOURCE):
        return config
    added = {"name", "trainable", "dtype"} - arguments.keys()
    return {name: value for name, value in config.items() if name not in added}


def read_weights(model: keras.Model) -> list[NDArray]:
    """Return copies of the weights."""
    if keras.backend.backend() != "tensorflow":
        return [keras.ops.convert_to_numpy(variable) for variable in model.weights]
    # Keras' own conversion of TensorFlow variables raises a DeprecationWarning in NumPy 2.
    return [variable.value.numpy() for variable in model.weights]


def write_weights(model: keras.Model, weights: Sequence[NDArray]) -> None:
    """Set the weights of a model."""
    for variable, array in zip(model.weights, weights, strict=True):
        variable.assign(array)
    for layer in all_layers(model):
        # Preprocessing layers such as Normalization compute further state from their weights.
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


@contextmanager
def state_restored_on_error(model: keras.Model) -> Iterator[None]:
    """Restore the model and its optimizer after an exception, so that training can be retried."""
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *(optimizer.variables if optimizer else ())]
    before = [keras.ops.copy(variable.value) for variable in variables]
    try:
        yield
    except BaseException:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        raise


_silence_lock = threading.Lock()
_silent_threads = 0
_filters = warnings.catch_warnings()


@contextmanager
def array_warnings_silenced() -> Iterator[None]:
    """Ignore the DeprecationWarning of NumPy 2 when Keras reads weights.

    Warning filters apply to the whole process. So the first thread that enters sets the filter,
    and the last thread that leaves removes it.
    """
    global _silent_threads, _filters
    with _silence_lock:
        if not _silent_threads:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            warnings.filterwarnings(
                "ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning
            )
        _silent_threads += 1
    try:
        yield
    finally:
        with _silence_lock:
            _silent_threads -= 1
            if not _silent_threads:
                _filters.__exit__(None, None, None)
