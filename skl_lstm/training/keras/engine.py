"""Training of Keras models, and prediction with them. This module does not depend on estimators.

A traced copy of the model trains one epoch per call. If a copy could give other results,
`keras.Model.fit` trains the model instead. Both ways give the same model for the same seed,
independent of what the process has built or trained before.
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
from ...networks.models import array_warnings_silenced, build_optimizer, read_weights
from ..divergence import check_epoch
from ..rows import Split, count_of, rows_per_part, split_rows
from .feed import Feed, batch_reader, batches, epoch_order, to_positions
from .plans import plan_of, prediction_plan
from .pool import POOL, TracedCopy

# Larger calls would use more memory, and are hardly faster.
_ROWS_PER_PREDICTION = 512

_BATCH_METHODS = [
    f"on_{stage}batch_{moment}" for stage in ("", "train_", "test_") for moment in ("begin", "end")
]


def _limit_threads_in_joblib_worker() -> None:
    """Limit TensorFlow's threads in a joblib worker, so that workers do not compete for cores.

    joblib sets the environment variable OMP_NUM_THREADS in its workers. TensorFlow ignores it.
    """
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    if parent_process() and n_threads.isdigit():
        with suppress(RuntimeError):  # raised if TensorFlow has already started its threads
            tf.config.threading.set_intra_op_parallelism_threads(int(n_threads))
            tf.config.threading.set_inter_op_parallelism_threads(int(n_threads))


_limit_threads_in_joblib_worker()


def train(
    model: keras.Model,
    arrays: Sequence[NDArray],
    *,
    seed: int | None,
    epochs: int,
    batch_size: int,
    initial_epoch: int = 0,
    split: Split | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = 0,
    **options: Any,
) -> dict[str, list[float]]:
    """Fit a compiled model to (X, y) or (X, y, sample_weight), and return Keras' history.

    The model is trained for `epochs` further epochs after `initial_epoch`. With a seed the rows
    are shuffled in every epoch, with None they keep their order. `split` holds the rows that train
    and those that validate; None: all rows train.
    """
    run: dict[str, Any] = {
        "split": split or split_rows(len(arrays[0]), 0.0),
        "seed": seed,
        "epochs": range(initial_epoch, initial_epoch + epochs),
        "batch_size": batch_size,
        "callbacks": list(callbacks),
        "verbose": verbose,
    }
    needs_keras_fit = options or any(map(_has_batch_methods, callbacks))
    plan = None if needs_keras_fit else plan_of(model, training=True)
    with array_warnings_silenced():
        try:
            if plan is None or not _accepts_shape_of(model, arrays[0]):
                return _train_with_keras_fit(model, arrays, **run, **options)
            build_optimizer(model)
            with POOL.lend(plan, model) as copy:
                return _train_with_copy(copy, model, arrays, **run)
        finally:
            _remove_model(callbacks)


def _accepts_shape_of(model: keras.Model, X: NDArray) -> bool:
    return tf.TensorShape(model.input_shape).is_compatible_with(X.shape)


def _has_batch_methods(callback: keras.callbacks.Callback) -> bool:
    # Instances count too: keras.callbacks.LambdaCallback sets the methods on itself.
    return any(
        getattr(getattr(callback, name), "__func__", None)
        is not getattr(keras.callbacks.Callback, name)
        for name in _BATCH_METHODS
    )


def _train_with_copy(
    copy: TracedCopy,
    model: keras.Model,
    arrays: Sequence[NDArray],
    *,
    split: Split,
    seed: int | None,
    epochs: range,
    batch_size: int,
    callbacks: list[keras.callbacks.Callback],
    verbose: int | str,
) -> dict[str, list[float]]:
    """Train like `keras.Model.fit`, but with one call of the traced copy per epoch."""
    training, validation = map(to_positions, split)
    n_rows = count_of(split.train)
    feed = Feed(arrays, batch_size)
    steps = -(-n_rows // batch_size)
    history = keras.callbacks.History()
    callback_list = keras.callbacks.CallbackList(
        [*callbacks, history],
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=epochs.stop,
        steps=steps,
    )
    model.stop_training = False
    callback_list.on_train_begin()
    logs: dict[str, float] = {}
    for epoch in epochs:
        callback_list.on_epoch_begin(epoch)
        # Callbacks can read and change the model and its learning rate, so with callbacks the
        # state is copied in every epoch.
        if callbacks or epoch == epochs[0]:
            copy.load(model, optimizer=True)
        order = tf.gather(training, epoch_order(n_rows, seed, epoch))
        logs = copy.train_epoch(feed.parts(order), batch_size)
        if callbacks or epoch == epochs[-1]:
            copy.store(model)
        if verbose != 0:  # only the progress bar has batch methods here
            callback_list.on_train_batch_end(steps - 1, logs)
        if count_of(split.validation):
            callback_list.on_test_begin()
            measured = copy.evaluate(feed.parts(validation), batch_size)
            callback_list.on_test_end(measured)
            logs |= {f"val_{name}": value for name, value in measured.items()}
            # Keras' recurrent layers change the state of their seeds in validation, too.
            if callbacks or epoch == epochs[-1]:
                copy.store(model)
        _check_epoch(copy.model, epoch, logs)
        callback_list.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    callback_list.on_train_end(logs)
    return history.history


def _train_with_keras_fit(
    model: keras.Model,
    arrays: Sequence[NDArray],
    *,
    split: Split,
    seed: int | None,
    epochs: range,
    batch_size: int,
    **options: Any,
) -> dict[str, list[float]]:
    training, validation = map(to_positions, split)
    read = batch_reader(arrays)
    if count_of(split.validation):
        steps = -(-count_of(split.validation) // batch_size)
        endless = batches(read, validation, batch_size, None)
        with_length = tf.data.experimental.assert_cardinality(steps)
        options["validation_data"] = endless.take(steps).apply(with_length)
    options["callbacks"] = [_FiniteCheck(), *options["callbacks"]]
    history = model.fit(
        batches(read, training, batch_size, seed, epochs.start),
        steps_per_epoch=-(-count_of(split.train) // batch_size),
        shuffle=False,
        validation_batch_size=batch_size,
        initial_epoch=epochs.start,
        epochs=epochs.stop,
        **options,
    )
    return history.history


class _FiniteCheck(keras.callbacks.Callback):
    """Stops the training of Keras with an error if it breaks."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        _check_epoch(self.model, epoch, logs or {})


def _check_epoch(model: keras.Model, epoch: int, logs: dict[str, float]) -> None:
    check_epoch(epoch, logs, read_weights(model), float(model.optimizer.learning_rate))


def _remove_model(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Remove the model from the callbacks: they are parameters, to be cloned and pickled."""
    for callback in callbacks:
        # Some callbacks override set_model: that of TensorBoard starts to write files.
        if type(callback).set_model is keras.callbacks.Callback.set_model:
            callback.set_model(None)


def predict(model: keras.Model, X: NDArray, *, batch_size: int, **options: Any) -> NDArray:
    """Return the output of a model for X, in batches."""
    plan = None if options or model.run_eagerly else prediction_plan(model)
    if plan is None or not _accepts_shape_of(model, X):
        rows_per_call = rows_per_part(X, batch_size) if is_large(X) and not options else len(X)
        options = {"batch_size": batch_size, "verbose": 0, **options}
        return _concatenated(model.predict(rows, **options) for rows in slices(X, rows_per_call))
    with POOL.lend(plan, model) as copy:
        copy.load(model)
        rows_per_call = max(batch_size, min(_ROWS_PER_PREDICTION, rows_per_part(X, 1)))
        return _concatenated(map(copy.predict, slices(X, rows_per_call)))


def _concatenated(parts: Iterable[NDArray]) -> NDArray:
    first, *others = parts
    return np.concatenate([first, *others]) if others else first
