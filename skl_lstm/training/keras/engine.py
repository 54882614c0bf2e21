"""How a Keras model is trained and asked, fast; nothing here knows of estimators.

A model is trained by a traced
copy, one call an epoch, and where that would not be the same, as Keras does it. Either way the
same seed gives the same model, whatever was built or trained before in the process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from multiprocessing import parent_process
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..._core.memmaps import is_large, slices
from ...networks.models import array_warnings_silenced
from .feed import Feed, batches, epoch_order, rows_of_a_part
from .plans import plan_of, prediction_plan
from .pool import POOL, TracedCopy

# Rows of one call in a prediction: enough to be fast, few enough to stay small.
_PREDICTED_ROWS = 512

_BY_BATCH = [
    f"on_{stage}batch_{moment}" for stage in ("", "train_", "test_") for moment in ("begin", "end")
]


def _use_granted_threads() -> None:
    """Leave the other cores to the other workers, if this process is one of joblib's.

    joblib says by this variable how many threads each may use; TensorFlow does not look.
    """
    granted = os.environ.get("OMP_NUM_THREADS", "")
    if parent_process() and granted.isdigit():
        with suppress(RuntimeError):  # it already computes
            tf.config.threading.set_intra_op_parallelism_threads(int(granted))
            tf.config.threading.set_inter_op_parallelism_threads(int(granted))


_use_granted_threads()


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
    training = [array[:n_train] for array in arrays]
    validation = [array[n_train:] for array in arrays] if n_train < n_rows else None
    run: dict[str, Any] = {
        "seed": seed,
        "epochs": range(initial_epoch, initial_epoch + epochs),
        "batch_size": batch_size,
        "callbacks": list(callbacks),
        "verbose": verbose,
    }
    plain = options or any(map(_watches_batches, callbacks))
    plan = None if plain else plan_of(model, training=True)
    with array_warnings_silenced():
        try:
            if plan is None or not _fits(model, training[0]):
                return _train_as_keras(model, training, validation, **run, **options)
            if not model.optimizer.built:
                model.optimizer.build(model.trainable_variables)
            with POOL.lend(plan, model) as copy:
                return _train_by_copy(copy, model, training, validation, **run)
        finally:
            _detach(callbacks)


def _fits(model: keras.Model, X: NDArray) -> bool:
    return tf.TensorShape(model.input_shape).is_compatible_with(X.shape)


def _watches_batches(callback: keras.callbacks.Callback) -> bool:
    # Functions of an instance count too: keras.callbacks.LambdaCallback has them.
    return any(
        getattr(getattr(callback, name), "__func__", None)
        is not getattr(keras.callbacks.Callback, name)
        for name in _BY_BATCH
    )


def _train_by_copy(
    copy: TracedCopy,
    model: keras.Model,
    training: Sequence[NDArray],
    validation: Sequence[NDArray] | None,
    *,
    seed: int | None,
    epochs: range,
    batch_size: int,
    callbacks: list[keras.callbacks.Callback],
    verbose: int | str,
) -> dict[str, list[float]]:
    """Do what `keras.Model.fit` does, an epoch at a time."""
    n_rows = len(training[0])
    feed = Feed(training, batch_size)
    held_out = None if validation is None else Feed(validation, batch_size)
    steps = -(-n_rows // batch_size)
    history = keras.callbacks.History()
    watching = keras.callbacks.CallbackList(
        [*callbacks, history],
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=epochs.stop,
        steps=steps,
    )
    model.stop_training = False
    watching.on_train_begin()
    logs: dict[str, float] = {}
    for epoch in epochs:
        watching.on_epoch_begin(epoch)
        # A callback may look at the model, and change it, or its learning rate.
        if callbacks or epoch == epochs[0]:
            copy.load(model, optimizer=True)
        logs = copy.train_epoch(feed.parts(epoch_order(n_rows, seed, epoch)), batch_size)
        if callbacks or epoch == epochs[-1]:
            copy.store(model)
        if verbose != 0:  # nobody but the progress bar watches the batches
            watching.on_train_batch_end(steps - 1, logs)
        if held_out is not None:
            watching.on_test_begin()
            measured = copy.evaluate(held_out.parts(), batch_size)
            watching.on_test_end(measured)
            logs |= {f"val_{name}": value for name, value in measured.items()}
            # Keras' recurrent layers draw from their seeds here too.
            if callbacks or epoch == epochs[-1]:
                copy.store(model)
        watching.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    watching.on_train_end(logs)
    return history.history


def _train_as_keras(
    model: keras.Model,
    training: Sequence[NDArray],
    validation: Sequence[NDArray] | None,
    *,
    seed: int | None,
    epochs: range,
    batch_size: int,
    **options: Any,
) -> dict[str, list[float]]:
    if validation is not None:
        steps = -(-len(validation[0]) // batch_size)
        told = tf.data.experimental.assert_cardinality(steps)
        options["validation_data"] = batches(validation, batch_size, None).take(steps).apply(told)
    history = model.fit(
        batches(training, batch_size, seed, epochs.start),
        steps_per_epoch=-(-len(training[0]) // batch_size),
        shuffle=False,
        validation_batch_size=batch_size,
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        **options,
    )
    return history.history


def _detach(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Let go of the model: callbacks are parameters, to be cloned and pickled."""
    for callback in callbacks:
        # TensorBoard, for one, has a set_model of its own that starts to write.
        if type(callback).set_model is keras.callbacks.Callback.set_model:
            callback.set_model(None)


def predict(model: keras.Model, X: NDArray, *, batch_size: int, **options: Any) -> NDArray:
    """Return the output of a model for X, in batches."""
    plan = None if options or model.run_eagerly else prediction_plan(model)
    if plan is None or not _fits(model, X):
        at_once = rows_of_a_part(X, batch_size) if is_large(X) and not options else len(X)
        options = {"batch_size": batch_size, "verbose": 0, **options}
        return _joined(model.predict(rows, **options) for rows in slices(X, at_once))
    with POOL.lend(plan, model) as copy:
        copy.load(model)
        at_once = max(batch_size, min(_PREDICTED_ROWS, rows_of_a_part(X, 1)))
        return _joined(map(copy.predict, slices(X, at_once)))


def _joined(parts: Iterable[NDArray]) -> NDArray:
    first, *others = parts
    return np.concatenate([first, *others]) if others else first


def training_rows(n_rows: int, validation_split: float) -> int:
    """Count the rows that are left for training."""
    n_train = int(n_rows * (1 - validation_split))
    if n_train < 1 or (validation_split and n_train == n_rows):
        raise ValueError(
            f"validation_split={validation_split} of {n_rows} samples leaves {n_train} to train "
            f"on and {n_rows - n_train} to validate on; both need at least one."
        )
    return n_train
