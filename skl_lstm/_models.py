"""Keras models as data: made from a seed, packed, copied, their weights read and written.

May import `_configs`. No global random state is left changed.
"""

from __future__ import annotations

import json
import random
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import keras
import numpy as np
from keras.src.random import seed_generator
from numpy.typing import NDArray

from ._configs import check_config, foreign_code, names_of

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
_ONE_BUILDER = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what Keras' initializers and seed generators draw from; give it back after.

    A layer without a seed takes one from Python's `random` when it is made, so this is all
    that dropout needs as well. TensorFlow's own seed stays untouched: setting it empties its
    kernel caches, and once `enable_op_determinism` was on, as in scikeras, taking it back
    fails every fit without a seed.

    NumPy's and Python's generators serve every thread of a process. A user's function that draws
    from them is seeded as long as no other thread does so meanwhile, as those of a Dask worker do;
    Keras gets a generator that no other thread can draw from.
    """
    with _ONE_BUILDER:
        python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
        keras_source = seed_generator.python_random
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        seed_generator.python_random = _OfThisThread(random.Random(seed))  # noqa: S311
        try:
            yield
        finally:
            seed_generator.python_random = keras_source
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002


class _OfThisThread:
    """Python's `random`, but for the thread that makes it a generator of its own."""

    def __init__(self, own: random.Random) -> None:
        self._own = own
        self._thread = threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        mine = threading.get_ident() == self._thread
        return getattr(self._own if mine else random, name)


def pack(model: keras.Model, *, compiled: bool = False) -> dict[str, Any]:
    """Reduce a model to its architecture in JSON and its weights as arrays.

    Not Keras' own pickling: that writes a whole zip file, and warns on NumPy 2. With
    `compiled` the JSON also says how the model was compiled. Code of the user's own that it
    names is listed beside it.
    """
    described = model if compiled else _bare_copy(model)
    architecture = described.to_json()
    code = _code_named(json.loads(architecture), _things_in(model))
    return {"architecture": architecture, "weights": read_weights(model), "code": code}


def unpack(packed: dict[str, Any]) -> keras.Model:
    """Restore what `pack` reduced; refuse code that is neither Keras' nor listed."""
    with seeded(0):
        model = _from_json(packed["architecture"], packed["code"])
    if not isinstance(model, keras.Model):
        raise ValueError(f"What was saved is no network, but {model!r}.")
    write_weights(model, packed["weights"])
    return model


def pack_objects(value: Any) -> Any:
    """Reduce the Keras objects in a parameter: models, optimizers, losses and their like."""
    if isinstance(value, keras.Model):
        return pack(value, compiled=True)
    if isinstance(value, _CONFIGURED):
        config = keras.saving.serialize_keras_object(value)
        if isinstance(value, keras.losses.Huber):  # whose configuration forgets it
            config["config"].setdefault("delta", value._fn_kwargs["delta"])
        return {"object": json.dumps(config), "code": _code_named(config, _things_of([value]))}
    return _map(pack_objects, value)


def unpack_objects(value: Any) -> Any:
    """Restore what `pack_objects` reduced."""
    keys = value.keys() if isinstance(value, dict) else ()
    if keys == {"architecture", "weights", "code"}:
        return unpack(value)
    if keys == {"object", "code"}:
        return _from_json(value["object"], value["code"])
    return _map(unpack_objects, value)


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


def _things_in(model: keras.Model) -> list[Any]:
    """Return the classes and functions that a model is made of, at its surface."""
    compiled = [model.optimizer, model._compile_config.config] if model.compiled else []
    return _things_of([*model._flatten_layers(), *keras.tree.flatten(compiled)])


def _things_of(holders: Sequence[Any]) -> list[Any]:
    values = [value for holder in holders for value in getattr(holder, "__dict__", {}).values()]
    candidates = [*holders, *values]
    return [o if isinstance(o, type | FunctionType) else type(o) for o in candidates]


def copy_model(model: keras.Model) -> keras.Model:
    """Copy architecture, weights and, if compiled, how; share no variable."""
    copied = _bare_copy(model)
    write_weights(copied, read_weights(model))
    if model.compiled:
        # Keras finds code by its name, and only if it is its own or has been named here.
        config = model.get_compile_config()
        with keras.saving.custom_object_scope(names_of(foreign_code(config, _things_in(model)))):
            copied.compile_from_config(config)
    return copied


def _bare_copy(model: keras.Model) -> keras.Model:
    """Copy the architecture alone; `keras.models.clone_model` compiles as well."""
    config = model.get_config()
    code = foreign_code(config, _things_in(model))
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
    for layer in model._flatten_layers():
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
