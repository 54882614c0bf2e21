"""Keras models as data: made from a seed, packed, copied, their weights read and written.

May import nothing of ours. No global random state is left changed.
"""

from __future__ import annotations

import random
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras.src.random import seed_generator
from numpy.typing import NDArray

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
    `compiled` the JSON also says how the model was compiled.
    """
    described = model if compiled else _bare_copy(model)
    return {"architecture": described.to_json(), "weights": read_weights(model)}


def unpack(packed: dict[str, Any]) -> keras.Model:
    """Restore what `pack` reduced."""
    with seeded(0):
        model = keras.models.model_from_json(packed["architecture"])
    write_weights(model, packed["weights"])
    return model


def copy_model(model: keras.Model) -> keras.Model:
    """Copy architecture, weights and, if compiled, how; share no variable."""
    copied = _bare_copy(model)
    write_weights(copied, read_weights(model))
    if model.compiled:
        # Keras finds code by its name, and only if it is its own or has been named here.
        things = [model.optimizer, *keras.tree.flatten(model._compile_config.config)]
        code = [o if hasattr(o, "__name__") else type(o) for o in things]
        with keras.saving.custom_object_scope({o.__name__: o for o in code}):
            copied.compile_from_config(model.get_compile_config())
    return copied


def _bare_copy(model: keras.Model) -> keras.Model:
    """Copy the architecture alone; `keras.models.clone_model` compiles as well."""
    # Whatever is drawn here is overwritten.
    with seeded(0):
        return type(model).from_config(model.get_config())


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
