"""Training and prediction: callbacks, threads, errors, memory and other processes."""

import csv
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from threading import Barrier

import joblib
import keras
import numpy as np
import pytest
import tensorflow as tf
from joblib.externals.loky import get_reusable_executor
from keras.callbacks import CSVLogger, EarlyStopping, LambdaCallback, ModelCheckpoint
from keras_models import counted
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    SequenceRegressor,
    SequenceReshaper,
    SequenceWindower,
    lstm_network,
)
from skl_lstm.networks.models import read_weights, write_weights
from skl_lstm.networks.saving import pack, unpack
from skl_lstm.networks.seeding import seeded
from skl_lstm.training.keras import engine
from skl_lstm.training.keras.engine import predict, train
from skl_lstm.training.keras.pool import Pool, TracedCopy
from skl_lstm.training.rows import split_rows, training_rows

# 20 sequences of 3 time steps of 2 features.
X = np.random.default_rng(0).normal(size=(20, 3, 2)).astype("float32")
Y = X[:, -1].sum(axis=1, keepdims=True)
NUMBERS = Y[:, 0]
LABELS = np.where(NUMBERS > 0, "up", "down")
THREE_EPOCHS = {"seed": 0, "epochs": 3, "batch_size": 8}
ONE_STEP = {"seed": 0, "epochs": 1, "batch_size": 20}
QUARTER = split_rows(20, 0.25)


def build(seed=0, dropout=0.0, units=3, optimizer=None, **compiled):
    """Build a small network with weights, a seed and a mask."""
    with seeded(seed):
        inputs = keras.Input((None, 2))
        hidden = keras.layers.LSTM(units, dropout=dropout)(keras.layers.Masking(9.0)(inputs))
        model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    model.compile(optimizer or keras.optimizers.Adam(0.05), "mse", **compiled)
    return model


def assert_weights_equal(model, other):
    for left, right in zip(read_weights(model), read_weights(other), strict=True):
        assert_array_equal(left, right, strict=True)


def fit(cls=LSTMRegressor, **params):
    """Fit an estimator with shuffling and dropout."""
    settings = {"units": 3, "dropout": 0.3, "epochs": 3, "batch_size": 8, "random_state": 0}
    settings["engine"] = "keras"
    return cls(**{**settings, **params}).fit(X, NUMBERS if cls is LSTMRegressor else LABELS)


@pytest.fixture(scope="module")
def trained():
    model = build(dropout=0.3)
    train(model, [X, Y], seed=0, epochs=2, batch_size=8)
    return model


@pytest.fixture
def fresh_pool(monkeypatch):
    monkeypatch.setattr(engine, "POOL", Pool())


# Validation rows.


class Spy(keras.callbacks.Callback):
    """Record the number of training batches in Keras."""

    def on_train_begin(self, logs=None):
        self.steps = self.params["steps"]


@pytest.mark.parametrize("split", [0.0, 0.05, 0.1, 0.3, 1 / 3, 0.5, 0.95])
def test_the_number_of_training_rows_equals_that_of_keras(split):
    spy = Spy()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    column = np.zeros((20, 1), dtype="float32")
    options = {"batch_size": 1, "verbose": 0, "callbacks": [spy]}
    model.fit(column, column, validation_split=split, **options)
    assert training_rows(20, split) == spy.steps


@pytest.mark.parametrize(
    ("n_rows", "split", "message"),
    [
        (20, 0.96, "validation_split=0.96 of 20 samples leaves 0 for training and 20 for"),
        (1, 0.5, "validation_split=0.5 of 1 samples leaves 0 for training and 1 for"),
        (20, 1e-17, "leaves 20 for training and 0 for validation. Both need at least one"),
    ],
)
def test_a_split_that_leaves_a_side_without_rows_is_refused(n_rows, split, message):
    for refuse in (training_rows, split_rows):
        with pytest.raises(ValueError, match=message):
            refuse(n_rows, split)


# Training.


def test_training_in_parts_equals_training_at_once():
    whole, parts = build(dropout=0.3), build(dropout=0.3)
    options = {"seed": 5, "batch_size": 6}
    history = train(whole, [X, Y], epochs=3, **options)["loss"]
    first = train(parts, [X, Y], epochs=1, **options)["loss"]
    rest = train(parts, [X, Y], epochs=2, initial_epoch=1, **options)["loss"]
    assert first + rest == history
    assert_weights_equal(parts, whole)


def test_training_does_not_depend_on_tensorflows_seed():
    models = [build(dropout=0.3) for _ in range(2)]
    for seed, model in enumerate(models):
        tf.random.set_seed(seed)
        train(model, [X, Y], seed=0, epochs=2, batch_size=6)
    assert_weights_equal(*models)


def test_rows_of_another_shape_raise_the_error_of_keras():
    message = "Dimensions must be equal, but are 1 and 2"
    narrow = X[:, :, :1]
    with pytest.raises(ValueError, match=message):
        build().fit(narrow, Y, verbose=0)
    with pytest.raises(ValueError, match=message):
        train(build(), [narrow, Y], **THREE_EPOCHS)
    with pytest.raises(ValueError, match=message):
        predict(build(), narrow, batch_size=8)


# Callbacks.


class Recorder(keras.callbacks.Callback):
    """Record everything that a callback can read at the end of each epoch."""

    def on_train_begin(self, logs=None):
        self.epochs, self.weights, self.outputs, self.logs = [], [], [], []
        self.seen = self.model

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)
        self.logs.append(dict(logs))
        self.weights.append(self.model.get_weights())
        self.outputs.append(self.model.predict(X, verbose=0))
        self.layers = [type(layer) for layer in self.model.layers]


@pytest.fixture(scope="module")
def recorder():
    # No dropout: Keras' layers draw random numbers in predict, which the recorder calls.
    recorder, model = Recorder(), build()
    history = train(model, [X, Y], **THREE_EPOCHS, split=QUARTER, callbacks=[recorder])
    recorder.history, recorder.trained = history, model
    return recorder


def test_a_callback_gets_the_model_with_keras_layers(recorder):
    assert recorder.seen is recorder.trained
    kinds = keras.layers
    assert recorder.layers == [kinds.InputLayer, kinds.Masking, kinds.LSTM, kinds.Dense]


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_a_callback_gets_the_current_weights(recorder, epoch):
    model = build()
    train(model, [X, Y], **{**THREE_EPOCHS, "epochs": epoch + 1}, split=QUARTER)
    for seen, weights in zip(recorder.weights[epoch], read_weights(model), strict=True):
        assert_array_equal(seen, weights)
    assert_allclose(recorder.outputs[epoch], predict(model, X, batch_size=8), rtol=0, atol=1e-6)


def test_a_callback_gets_the_logs_of_the_history(recorder):
    assert recorder.epochs == [0, 1, 2]
    by_name = {name: [logs[name] for logs in recorder.logs] for name in ("loss", "val_loss")}
    assert by_name == recorder.history
    assert all(type(value) is float for values in by_name.values() for value in values)


def test_a_callback_that_only_reads_does_not_change_the_result(recorder):
    model = build()
    history = train(model, [X, Y], **THREE_EPOCHS, split=QUARTER)
    assert history == recorder.history
    assert_weights_equal(model, recorder.trained)


def test_callbacks_have_no_model_after_training_and_after_an_error():
    def fail(epoch, logs):
        if epoch == 3:
            raise RuntimeError("enough")

    callback = LambdaCallback(on_epoch_end=fail)
    model, options = build(), {"seed": 0, "batch_size": 20, "callbacks": [callback]}
    train(model, [X, Y], epochs=1, **options)
    assert callback.model is None
    with pytest.raises(RuntimeError, match="enough"):
        train(model, [X, Y], epochs=2, initial_epoch=2, **options)
    assert callback.model is None


class Starts(keras.callbacks.Callback):
    """Record the models passed to `set_model`, where Keras' TensorBoard starts to write."""

    def __init__(self):
        super().__init__()
        self.given = []

    def set_model(self, model):
        super().set_model(model)
        self.given.append(model)


def test_an_overridden_set_model_is_called_only_with_the_model():
    starts, callback, model = Starts(), keras.callbacks.Callback(), build()
    train(model, [X, Y], epochs=1, seed=0, batch_size=20, callbacks=[starts, callback])
    assert starts.given == [model]
    assert callback.model is None


class Changer(keras.callbacks.Callback):
    """Change the model after the first epoch."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            self.change(self.model)


def _set_weights(model):
    model.set_weights([0.5 * weights for weights in model.get_weights()])


def _set_rate(model):
    model.optimizer.learning_rate = 0.001


def _reset_iterations(model):
    model.optimizer.iterations.assign(0)


# Keras itself reads its variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
@pytest.mark.parametrize("change", [_set_weights, _set_rate, _reset_iterations])
def test_changes_by_a_callback_take_effect(change):
    actual, keras_model, unchanged = build(), build(run_eagerly=True), build()
    options = {"epochs": 3, "batch_size": 8}
    history = train(actual, [X, Y], seed=None, callbacks=[Changer(change)], **options)
    expected = keras_model.fit(
        X, Y, shuffle=False, verbose=0, callbacks=[Changer(change)], **options
    ).history
    assert_allclose(history["loss"], expected["loss"], rtol=0, atol=1e-5)
    for left, right in zip(read_weights(actual), read_weights(keras_model), strict=True):
        assert_allclose(left, right, rtol=0, atol=1e-5)
    train(unchanged, [X, Y], seed=None, **options)
    assert not np.allclose(read_weights(actual)[0], read_weights(unchanged)[0], atol=1e-4)


def test_a_callback_can_stop_training_but_not_the_next_fit():
    def stop(epoch, logs):
        model.stop_training = epoch == 1

    model, unstopped = build(), build()
    ended = []
    callbacks = [LambdaCallback(on_epoch_end=stop, on_train_end=ended.append)]
    history = train(model, [X, Y], **{**THREE_EPOCHS, "epochs": 9}, callbacks=callbacks)
    assert len(history["loss"]) == 2
    assert [logs["loss"] for logs in ended] == history["loss"][1:]
    train(unstopped, [X, Y], **{**THREE_EPOCHS, "epochs": 2})
    assert_weights_equal(model, unstopped)
    assert len(train(model, [X, Y], **THREE_EPOCHS)["loss"]) == 3


def test_restoring_the_best_weights_raises_no_deprecation_warning():
    # Warnings are errors in these tests; Keras reads weights in a way that NumPy 2 deprecates.
    best = EarlyStopping("loss", patience=0, restore_best_weights=True)
    model = build()
    assert len(train(model, [X, Y], seed=0, epochs=2, batch_size=20, callbacks=[best])["loss"]) == 2


def test_a_log_file_contains_the_history(tmp_path):
    path, history = tmp_path / "log.csv", keras.callbacks.History()
    callbacks = [CSVLogger(path), history]
    returned = train(build(), [X, Y], **THREE_EPOCHS, split=QUARTER, callbacks=callbacks)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    assert history.history == returned
    for name in ("loss", "val_loss"):
        assert [float(row[name]) for row in rows] == returned[name]


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
def test_a_checkpoint_contains_only_keras_layers(tmp_path):
    path, model = tmp_path / "checkpoint.keras", build()
    checkpoint = ModelCheckpoint(path, save_freq="epoch")
    train(model, [X, Y], **{**THREE_EPOCHS, "epochs": 1}, callbacks=[checkpoint])
    loaded = keras.models.load_model(path)
    assert {type(layer).__module__.split(".")[0] for layer in loaded.layers} == {"keras"}
    assert_weights_equal(loaded, model)


def final_lines(shown):
    """Return the final text of each line, without durations."""
    return [
        re.sub(r"[\d.]+m?s(?=[/ \x1b])", "", line.split("\r")[-1])
        for line in shown.rstrip("\n").split("\n")
    ]


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_progress_is_shown_as_keras_shows_it(verbose, capsys):
    options = {"epochs": 2, "batch_size": 8, "verbose": verbose}
    train(build(), [X, Y], seed=None, split=QUARTER, **options)
    actual = final_lines(capsys.readouterr().out)
    build(run_eagerly=True).fit(X, Y, shuffle=False, validation_split=0.25, **options)
    assert actual == final_lines(capsys.readouterr().out)
    assert actual[::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(" - loss: " in line and " - val_loss: " in line for line in actual[1::2])


def test_nothing_is_shown_by_default(capsys):
    train(build(), [X, Y], **THREE_EPOCHS, split=QUARTER)
    assert capsys.readouterr() == ("", "")


# Interrupted training.


def callbacks_that_raise(error):
    def interrupt(epoch, logs):
        if epoch % 3 == 1:
            raise error

    return [LambdaCallback(on_epoch_end=interrupt)]


ERRORS = [RuntimeError("enough"), KeyboardInterrupt("ctrl-c")]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_interrupted_first_fit_leaves_no_attributes(error, fresh_pool):
    expected = fit()
    assert len(engine.POOL._idle) == 1
    regressor = clone(expected).set_params(callbacks=callbacks_that_raise(error))
    with pytest.raises(type(error), match=str(error)):
        regressor.fit(X, NUMBERS)
    assert engine.POOL._idle == []
    assert not hasattr(regressor, "model_")
    assert not hasattr(regressor, "history_")
    with pytest.raises(NotFittedError, match="not fitted yet"):
        check_is_fitted(regressor)
    regressor.set_params(callbacks=None).fit(X, NUMBERS)
    assert regressor.history_ == expected.history_
    assert_weights_equal(regressor.model_, expected.model_)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_interrupted_second_fit_keeps_the_first(error):
    regressor, first = fit(), fit()
    regressor.set_params(callbacks=callbacks_that_raise(error), units=4)
    with pytest.raises(type(error), match=str(error)):
        regressor.fit(X, NUMBERS)
    assert regressor.history_ == first.history_
    assert regressor.n_iter_ == 3
    assert_weights_equal(regressor.model_, first.model_)
    assert_array_equal(regressor.predict(X), first.predict(X))


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_interrupted_continued_training_can_be_retried(method, error):
    def make():
        settings = {"model__units": 3, "model__dropout": 0.3, "epochs": 3, "batch_size": 8}
        regressor = SequenceRegressor(lstm_network, **settings, random_state=0)
        for _ in range(4):  # the next epoch raises
            regressor.partial_fit(X, NUMBERS)
        return regressor.set_params(warm_start=True)

    regressor, expected = make(), make()
    regressor.set_params(callbacks=callbacks_that_raise(error))
    with pytest.raises(type(error), match=str(error)):
        getattr(regressor, method)(X, NUMBERS)
    assert regressor.n_iter_ == 4
    assert regressor.history_ == expected.history_
    assert_weights_equal(regressor.model_, expected.model_)
    regressor.set_params(callbacks=None)
    getattr(regressor, method)(X, NUMBERS)
    getattr(expected, method)(X, NUMBERS)
    assert regressor.history_ == expected.history_
    assert_weights_equal(regressor.model_, expected.model_)


# Threads.


def _fit_and_predict(params):
    estimator = fit(**params)
    return [estimator.predict(X) for _ in range(3)], estimator.history_


@pytest.mark.parametrize(
    "params",
    [
        [{"random_state": seed} for seed in range(4)],
        [{"units": 2}, {"units": 4}, {"cls": LSTMClassifier}, {"cell": "gru"}],
    ],
    ids=["one architecture", "several"],
)
def test_fits_in_threads_equal_sequential_fits(params, fresh_pool):
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(_fit_and_predict, [*params, *params]))
    assert len(engine.POOL._idle) <= 8
    expected = [_fit_and_predict(each) for each in params]
    for (outputs, history), (expected_outputs, expected_history) in zip(
        at_once, [*expected, *expected], strict=True
    ):
        assert history == expected_history
        assert_array_equal(outputs, expected_outputs)


def test_threads_can_predict_with_one_model(trained, fresh_pool):
    expected = trained.predict(X, verbose=0)
    with ThreadPoolExecutor(4) as threads:
        sizes = [1 + index % 20 for index in range(80)]
        outputs = threads.map(lambda n_rows: predict(trained, X[:n_rows], batch_size=4), sizes)
        for n_rows, output in zip(sizes, outputs, strict=True):
            assert_allclose(output, expected[:n_rows], rtol=0, atol=1e-6)


def test_threads_that_train_restore_the_warning_filters():
    # If each thread saved and restored the filters itself, the first would remove the filter that
    # the second needs, and the second would restore the filter of the first.
    before = warnings.filters[:]
    first_entered, second_entered, first_left = (Barrier(2, timeout=60) for _ in range(3))

    def first():
        wait = LambdaCallback(
            on_epoch_begin=lambda epoch, logs: first_entered.wait(),
            on_epoch_end=lambda epoch, logs: second_entered.wait(),
        )
        train(build(), [X, Y], **ONE_STEP, callbacks=[wait])
        first_left.wait()

    def second():
        first_entered.wait()
        wait = LambdaCallback(
            on_epoch_begin=lambda epoch, logs: second_entered.wait(),
            on_epoch_end=lambda epoch, logs: first_left.wait(),
        )
        train(build(), [X, Y], **ONE_STEP, callbacks=[wait, Recorder()])

    try:
        with ThreadPoolExecutor(2) as threads:
            for ran in [threads.submit(first), threads.submit(second)]:
                ran.result()
        assert warnings.filters == before
    finally:
        warnings.filters[:] = before


def search(**params):
    pipeline = Pipeline(
        [
            ("reshape", SequenceReshaper(features=2, truncating="pre")),
            ("lstm", LSTMRegressor(3, epochs=2, batch_size=8, engine="keras", random_state=0)),
        ]
    )
    grid = {"reshape__timesteps": [1, 2, 3], **params}
    return GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise")


def test_a_search_in_threads_equals_a_sequential_search(fresh_pool):
    table, grid = X.reshape(20, 6), {"lstm__units": [2, 3]}
    with joblib.parallel_config("threading"):
        in_threads = search(**grid).fit(table, NUMBERS)
    one_by_one = search(**grid).set_params(n_jobs=1).fit(table, NUMBERS)
    scores = (each.cv_results_["mean_test_score"] for each in (in_threads, one_by_one))
    assert_allclose(*scores, rtol=1e-6)
    assert in_threads.best_params_ == one_by_one.best_params_
    assert_array_equal(in_threads.predict(table), one_by_one.predict(table))


# Prediction.


@pytest.fixture
def small_calls(monkeypatch):
    monkeypatch.setattr(engine, "_ROWS_PER_PREDICTION", 7)


@pytest.mark.parametrize("n_rows", [1, 2, 6, 7, 8, 13, 14, 15, 20])
def test_any_number_of_rows_is_predicted_as_by_keras(trained, n_rows, small_calls):
    output = predict(trained, X[:n_rows], batch_size=3)
    assert output.dtype == np.float32
    assert_allclose(output, trained.predict(X, verbose=0)[:n_rows], rtol=0, atol=1e-6)


@pytest.mark.parametrize("batch_size", [3, 7, 9, 64])
def test_the_batch_size_does_not_change_predictions(trained, batch_size, small_calls):
    expected = trained.predict(X, verbose=0)
    assert_allclose(predict(trained, X, batch_size=batch_size), expected, rtol=0, atol=1e-6)


def test_views_are_predicted_like_arrays(trained, small_calls):
    windows = SequenceWindower(5, sampling_rate=2).fit_transform(X[:, 0])
    for view in (windows, windows[::2], windows[:, ::-1], X[:, 1:], X[::3]):
        assert not view.flags.c_contiguous
        expected = trained.predict(np.array(view), verbose=0)
        assert_allclose(predict(trained, view, batch_size=3), expected, rtol=0, atol=1e-6)


def test_predict_uses_the_current_weights():
    model = build()
    before = predict(model, X, batch_size=8)
    write_weights(model, [array + 0.5 for array in read_weights(model)])
    after = predict(model, X, batch_size=8)
    assert not np.allclose(after, before, atol=0.1)
    assert_allclose(after, model.predict(X, verbose=0), rtol=0, atol=1e-6)


def test_a_model_that_is_not_compiled_can_predict(trained):
    unpacked = unpack(pack(trained))
    assert not unpacked.compiled
    assert_array_equal(predict(unpacked, X, batch_size=8), predict(trained, X, batch_size=8))


@pytest.mark.parametrize("compiled", [{}, {"run_eagerly": True}], ids=["graph", "eager"])
def test_predict_changes_neither_weights_nor_random_states(compiled):
    used, unused = (build(dropout=0.3, **compiled) for _ in range(2))
    predict(used, X, batch_size=8)
    if not compiled:
        for left, right in zip(used.variables, unused.variables, strict=True):
            assert_array_equal(left.value.numpy(), right.value.numpy())
    assert_weights_equal(used, unused)


def test_options_of_predict_are_passed_to_keras(trained, monkeypatch):
    calls = []

    def record(X, **options):
        calls.append(options)
        return np.zeros((len(X), 1))

    monkeypatch.setattr(trained, "predict", record)
    assert_array_equal(predict(trained, X, batch_size=8, steps=2), np.zeros((20, 1)))
    assert calls == [{"batch_size": 8, "verbose": 0, "steps": 2}]


def test_predict_refuses_an_input_without_rows():
    regressor = fit(epochs=1)
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        regressor.predict(X[:0])


# Separate variables.


def variables(estimator):
    model = estimator.model_
    return {id(variable) for variable in [*model.variables, *model.optimizer.variables]}


def test_estimators_share_no_variable_with_each_other_or_with_a_copy(fresh_pool):
    estimators = [fit(random_state=seed) for seed in range(3)]
    copies = [
        {id(variable) for variable in [*copy.model.variables, *copy.model.optimizer.variables]}
        for copy in engine.POOL._idle
    ]
    assert len(copies) == 1
    owned = [*map(variables, estimators), *copies]
    assert len(set.union(*owned)) == sum(map(len, owned))


def test_predictions_do_not_change_after_other_fits(fresh_pool):
    older = fit()
    expected, weights = older.predict(X), read_weights(older.model_)
    for params in ({"random_state": 1}, {"units": 4}, {"cls": LSTMClassifier}):
        fit(**params).predict(X)
        assert_array_equal(older.predict(X), expected)
    for array, kept in zip(read_weights(older.model_), weights, strict=True):
        assert_array_equal(array, kept)


@pytest.mark.parametrize("params", [{}, {"bidirectional": True}, {"units": (3, 2)}], ids=repr)
def test_a_fitted_model_contains_only_keras_layers(params, fresh_pool):
    model = fit(**params, epochs=1).model_
    assert all(type(layer).__module__.startswith("keras.") for layer in model._flatten_layers())
    assert "Fused" not in model.to_json()
    # The copy that trained the model has the fused layer.
    (copy,) = engine.POOL._idle
    assert "FusedLSTM" in copy.model.to_json()


# Reuse of copies.


@pytest.fixture
def counts(monkeypatch, fresh_pool):
    """Count the copies that are created, and their traces."""
    counter = Counter()
    monkeypatch.setattr(TracedCopy, "__init__", counted(counter, "copies", TracedCopy.__init__))
    monkeypatch.setattr(TracedCopy, "_trace", counted(counter, "traces", TracedCopy._trace))
    return counter


def traces_kept():
    return sum(len(copy._traced) for copy in engine.POOL._idle)


def test_only_the_first_of_many_fits_traces(counts):
    def fit_one(index):
        timesteps = 1 + index % 3
        regressor = LSTMRegressor(
            3, epochs=1, validation_split=0.25, engine="keras", random_state=index
        )
        # A trace is valid for any timesteps, learning rate, number of rows and batch size.
        regressor.set_params(learning_rate=0.01 * (1 + index), batch_size=4 + index)
        regressor.fit(X[index:, :timesteps].copy(), NUMBERS[index:])
        regressor.predict(X[: 1 + index, :timesteps])

    fit_one(0)
    assert counts == {"copies": 1, "traces": 2}
    assert traces_kept() == 3
    for index in range(1, 13):
        fit_one(index)
    assert counts == {"copies": 1, "traces": 2}
    assert traces_kept() == 3


def test_a_search_for_a_look_back_traces_once(counts):
    search().set_params(n_jobs=1).fit(X.reshape(20, 6), NUMBERS)
    assert counts == {"copies": 1, "traces": 1}
    assert traces_kept() == 2


def test_the_pool_limits_the_number_of_copies(monkeypatch):
    monkeypatch.setattr(engine, "POOL", Pool(2))
    for units in (1, 2, 3):
        fit(units=units, epochs=1)
    assert [copy.model.layers[-1].kernel.shape[0] for copy in engine.POOL._idle] == [2, 3]
    fit(units=2, epochs=1)
    assert [copy.model.layers[-1].kernel.shape[0] for copy in engine.POOL._idle] == [3, 2]


# Other processes.


def _threads():
    import skl_lstm.training.keras.engine  # noqa: F401

    threading = tf.config.threading
    return [
        threading.get_intra_op_parallelism_threads(),
        threading.get_inter_op_parallelism_threads(),
    ]


def test_a_joblib_worker_uses_the_number_of_threads_that_joblib_sets():
    # An existing worker may have set its threads before it imported this package.
    get_reusable_executor().shutdown()
    with joblib.parallel_config("loky", n_jobs=2):
        in_workers = joblib.Parallel()(joblib.delayed(_threads)() for _ in range(2))
    get_reusable_executor().shutdown()
    n_threads = max(joblib.cpu_count() // 2, 1)
    assert in_workers == [[n_threads, n_threads]] * 2
    # The main process uses TensorFlow's default.
    assert _threads() == [0, 0]


ON_ANOTHER_BACKEND = """
import pickle
import sys

import keras
import numpy as np
from sklearn.base import clone

from skl_lstm import LSTMClassifier, LSTMRegressor

X = np.random.default_rng(0).normal(size=(24, 3, 2))
y = X[:, -1].sum(axis=1)
assert keras.backend.backend() == sys.argv[1]
# With torch, Keras draws dropout from torch's generator, which is not seeded.
dropout = 0.2 if sys.argv[1] == "jax" else 0.0
settings = {"epochs": 3, "batch_size": 8, "dropout": dropout, "random_state": 0}
settings["engine"] = "keras"
for estimator, target, method in [
    (LSTMRegressor(3, **settings), y, "predict"),
    (LSTMClassifier(3, **settings), np.where(y > 0, "up", "down"), "predict_proba"),
]:
    estimator.fit(X, target)
    assert estimator.n_iter_ == len(estimator.history_["loss"]) == 3
    output = getattr(estimator, method)(X)
    assert np.isfinite(output).all()
    expected = estimator.model_.predict(X.astype("float32"), verbose=0)[:, 0]
    np.testing.assert_allclose(output.reshape(24, -1)[:, -1], expected, atol=1e-5)
    np.testing.assert_allclose(
        getattr(pickle.loads(pickle.dumps(estimator)), method)(X), output, atol=1e-6
    )
    np.testing.assert_allclose(
        getattr(clone(estimator).fit(X, target), method)(X), output, atol=1e-5
    )
    stopping = clone(estimator).set_params(
        epochs=30, patience=1, validation_split=0.25, learning_rate=0.9
    )
    stopping.fit(X, target)
    assert 1 < stopping.n_iter_ < 30, stopping.n_iter_
    assert stopping.history_.keys() == {"loss", "val_loss"}
    print(type(estimator).__name__)
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_estimators_work_on_another_backend(backend):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    result = subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_BACKEND, backend],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["LSTMRegressor", "LSTMClassifier"]


def test_an_unpickled_estimator_predicts_the_same_with_an_empty_pool(monkeypatch):
    regressor = fit()
    expected = regressor.predict(X)
    monkeypatch.setattr(engine, "POOL", Pool())
    assert_array_equal(pickle.loads(pickle.dumps(regressor)).predict(X), expected)
