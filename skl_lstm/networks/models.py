"""Keras models: copied, their weights read and written, their state restored after an error."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import keras
from numpy.typing import NDArray

from .._compat.keras import all_layers, compile_settings
from .configs import foreign_code, names_of
from .seeding import seeded


def code_in(model: keras.Model) -> list[Any]:
    """Return the classes and functions that a model is made of, at its surface."""
    compiled = [model.optimizer, compile_settings(model)] if model.compiled else []
    return code_of([*all_layers(model), *keras.tree.flatten(compiled)])


def code_of(holders: Sequence[Any]) -> list[Any]:
    """Return the classes of objects, and the classes and functions among their attributes."""
    values = [value for holder in holders for value in getattr(holder, "__dict__", {}).values()]
    candidates = [*holders, *values]
    return [o if isinstance(o, type | FunctionType) else type(o) for o in candidates]


def copy_model(model: keras.Model) -> keras.Model:
    """Copy architecture, weights and, if compiled, how; share no variable."""
    copied = copy_architecture(model)
    write_weights(copied, read_weights(model))
    if model.compiled:
        # Keras finds code by its name, and only if it is its own or has been named here.
        config = model.get_compile_config()
        with keras.saving.custom_object_scope(names_of(foreign_code(config, code_in(model)))):
            copied.compile_from_config(config)
    return copied


def copy_architecture(model: keras.Model) -> keras.Model:
    """Copy the architecture alone; `keras.models.clone_model` compiles as well."""
    config = model.get_config()
    code = foreign_code(config, code_in(model))
    # Whatever is drawn here is overwritten.
    with seeded(0), keras.saving.custom_object_scope(names_of(code)):
        return type(model).from_config(config)


def read_weights(model: keras.Model) -> list[NDArray]:
    """Copy the weights out."""
    if keras.backend.backend() != "tensorflow":
        return [keras.ops.convert_to_numpy(variable) for variable in model.weights]
    # Keras' own ways convert these in a manner that NumPy 2 deprecates.
    return [variable.value.numpy() for variable in model.weights]


def write_weights(model: keras.Model, weights: Sequence[NDArray]) -> None:
    """Copy weights in."""
    for variable, array in zip(model.weights, weights, strict=True):
        variable.assign(array)
    for layer in all_layers(model):
        if hasattr(layer, "finalize_state"):  # one that has adapted to data, by its weights
            layer.finalize_state()


@contextmanager
def state_restored_on_error(model: keras.Model) -> Iterator[None]:
    """Take back what was trained if training breaks off, that it may be tried again."""
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *(optimizer.variables if optimizer else ())]
    before = [keras.ops.copy(variable.value) for variable in variables]
    try:
        yield
    except BaseException:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
        raise


_silencing = threading.Lock()
_silent = 0
_filters = warnings.catch_warnings()


@contextmanager
def array_warnings_silenced() -> Iterator[None]:
    """Silence what Keras trips over whenever it reads weights under NumPy 2.

    Filters belong to the process: the first thread to come sets one, the last to go takes it
    back.
    """
    global _silent, _filters
    with _silencing:
        if not _silent:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            warnings.filterwarnings(
                "ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning
            )
        _silent += 1
    try:
        yield
    finally:
        with _silencing:
            _silent -= 1
            if not _silent:
                _filters.__exit__(None, None, None)
