"""How a Keras model is trained and asked; nothing here knows of estimators.

May import nothing of ours. The same seed gives the same model, whatever was built or
trained before in the process, and no global random state is left changed.
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
import tensorflow as tf
from numpy.typing import NDArray

_ONE_BUILDER = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what Keras' initializers and seed generators draw from; give it back after.

    A layer without a seed takes one from Python's `random` when it is made, so this is all
    that dropout needs as well. TensorFlow's own seed stays untouched: setting it empties its
    kernel caches, and once `enable_op_determinism` was on, as in scikeras, taking it back
    fails every fit without a seed.
    """
    with _ONE_BUILDER:
        python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002


def train(
    model: keras.Model,
    arrays: Sequence[NDArray],
    *,
    seed: int | None,
    epochs: int,
    batch_size: int,
    initial_epoch: int = 0,
    validation_split: float = 0.0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = 0,
    **options: Any,
) -> dict[str, list[float]]:
    """Fit a compiled model to (X, y) or (X, y, sample_weight); return Keras' history.

    Trains `epochs` more after `initial_epoch`. A seed shuffles the rows of every epoch, None
    takes them in order. As in Keras, the last `validation_split` of the rows are kept aside,
    before shuffling.
    """
    n_rows = len(arrays[0])
    n_train = training_rows(n_rows, validation_split)
    if n_train < n_rows:
        options["validation_data"] = tuple(array[n_train:] for array in arrays)
    with array_warnings_silenced():
        try:
            history = model.fit(
                batches([array[:n_train] for array in arrays], batch_size, seed, initial_epoch),
                steps_per_epoch=-(-n_train // batch_size),
                shuffle=False,
                validation_batch_size=batch_size,
                initial_epoch=initial_epoch,
                epochs=initial_epoch + epochs,
                callbacks=list(callbacks),
                verbose=verbose,
                **options,
            )
        finally:
            _detach(callbacks)
    return history.history


def _detach(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Let go of the model: callbacks are parameters, to be cloned and pickled."""
    for callback in callbacks:
        # TensorBoard, for one, has a set_model of its own that starts to write.
        if type(callback).set_model is keras.callbacks.Callback.set_model:
            callback.set_model(None)


def ask(model: keras.Model, X: NDArray, **options: Any) -> NDArray:
    """Return the output of a model for X, in batches."""
    return model.predict(X, **options)


def training_rows(n_rows: int, validation_split: float) -> int:
    """Count the rows that are left for training."""
    n_train = int(n_rows * (1 - validation_split))
    if n_train < 1 or (validation_split and n_train == n_rows):
        raise ValueError(
            f"validation_split={validation_split} of {n_rows} samples leaves {n_train} to train "
            f"on and {n_rows - n_train} to validate on; both need at least one."
        )
    return n_train


def batches(
    arrays: Sequence[NDArray], batch_size: int, seed: int | None, initial_epoch: int = 0
) -> tf.data.Dataset:
    """Batch the rows of all arrays alike, epoch after epoch without end.

    The order of an epoch follows from (seed, epoch) alone. Keras' own shuffling follows
    TensorFlow's global seed, and so whatever was drawn before.
    """
    n_rows = len(arrays[0])
    tensors = [tf.convert_to_tensor(array) for array in arrays]

    def rows_of(epoch: tf.Tensor) -> tf.data.Dataset:
        rows = tf.range(n_rows)
        if seed is not None:
            rows = tf.random.experimental.stateless_shuffle(rows, seed=(seed, epoch))
        return tf.data.Dataset.from_tensor_slices(rows).batch(batch_size)

    def take(rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(tf.gather(tensor, rows) for tensor in tensors)

    epochs = tf.data.Dataset.counter(initial_epoch)
    return epochs.flat_map(rows_of).map(take).prefetch(tf.data.AUTOTUNE)


def pack(model: keras.Model, *, compiled: bool = False) -> dict[str, Any]:
    """Reduce a model to its architecture in JSON and its weights as arrays.

    Not Keras' own pickling: that writes a whole zip file, and warns on NumPy 2. With
    `compiled` the JSON also says how the model was compiled.
    """
    described = model if compiled else _bare_copy(model)
    return {"architecture": described.to_json(), "weights": read_weights(model)}


def unpack(packed: dict[str, Any]) -> keras.Model:
    """Restore what `pack` reduced."""
    model = keras.models.model_from_json(packed["architecture"])
    write_weights(model, packed["weights"])
    return model


def copy_model(model: keras.Model) -> keras.Model:
    """Copy architecture, weights and, if compiled, how; share no variable."""
    copied = _bare_copy(model)
    write_weights(copied, read_weights(model))
    if model.compiled:
        # Keras finds a function by its name, and only if it is its own or has been named here.
        name = getattr(model.loss, "__name__", None)
        with keras.saving.custom_object_scope({name: model.loss} if name else {}):
            copied.compile_from_config(model.get_compile_config())
    return copied


def _bare_copy(model: keras.Model) -> keras.Model:
    """Copy the architecture alone; `keras.models.clone_model` compiles as well."""
    return type(model).from_config(model.get_config())


def read_weights(model: keras.Model) -> list[NDArray]:
    """Copy the weights out."""
    # Not get_weights(): it converts in a way that NumPy 2 deprecates.
    return [variable.value.numpy() for variable in model.weights]


def write_weights(model: keras.Model, weights: Sequence[NDArray]) -> None:
    """Copy weights in."""
    for variable, array in zip(model.weights, weights, strict=True):
        variable.assign(array)


@contextmanager
def weights_restored_on_error(model: keras.Model) -> Iterator[None]:
    """Take back what was trained if training breaks off."""
    weights = read_weights(model)
    try:
        yield
    except BaseException:
        write_weights(model, weights)
        raise


@contextmanager
def array_warnings_silenced() -> Iterator[None]:
    """Silence what Keras trips over whenever it reads weights under NumPy 2."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning
        )
        yield
