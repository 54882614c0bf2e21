"""How a model is trained and asked: what callbacks, threads, errors and memory see of it."""

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
from skl_lstm.training.keras import engine as engine
from skl_lstm.training.keras.engine import predict, train, training_rows
from skl_lstm.training.keras.pool import Pool, TracedCopy

# 20 sequences of 3 time steps of 2 features.
X = np.random.default_rng(0).normal(size=(20, 3, 2)).astype("float32")
Y = X[:, -1].sum(axis=1, keepdims=True)
NUMBERS = Y[:, 0]
LABELS = np.where(NUMBERS > 0, "up", "down")
THREE_EPOCHS = {"seed": 0, "epochs": 3, "batch_size": 8}
ONE_STEP = {"seed": 0, "epochs": 1, "batch_size": 20}


def build(seed=0, dropout=0.0, units=3, optimizer=None, **compiled):
    """Build a small network with layers of every kind of state: weights, a seed, a mask."""
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
    """Fit an estimator whose rows are shuffled and dropped out."""
    settings = {"units": 3, "dropout": 0.3, "epochs": 3, "batch_size": 8, "random_state": 0}
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
    """See how many batches Keras makes of the training rows."""

    def on_train_begin(self, logs=None):
        self.steps = self.params["steps"]


@pytest.mark.parametrize("split", [0.0, 0.05, 0.1, 0.3, 1 / 3, 0.5, 0.95])
def test_as_many_rows_are_left_for_training_as_keras_leaves(split):
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
        (20, 0.96, "validation_split=0.96 of 20 samples leaves 0 to train on and 20 to validate"),
        (1, 0.5, "validation_split=0.5 of 1 samples leaves 0 to train on and 1 to validate"),
        (20, 1e-17, "leaves 20 to train on and 0 to validate on; both need at least one"),
    ],
)
def test_a_split_that_leaves_a_side_without_rows_is_refused(n_rows, split, message):
    with pytest.raises(ValueError, match=message):
        training_rows(n_rows, split)
    with pytest.raises(ValueError, match=message):
        train(build(), [X[:n_rows], Y[:n_rows]], **THREE_EPOCHS, validation_split=split)


# Training.


def test_training_in_parts_is_training_at_once():
    whole, parts = build(dropout=0.3), build(dropout=0.3)
    options = {"seed": 5, "batch_size": 6}
    history = train(whole, [X, Y], epochs=3, **options)["loss"]
    first = train(parts, [X, Y], epochs=1, **options)["loss"]
    rest = train(parts, [X, Y], epochs=2, initial_epoch=1, **options)["loss"]
    assert first + rest == history
    assert_weights_equal(parts, whole)


def test_a_seed_trains_the_same_whatever_tensorflows_seed_is():
    models = [build(dropout=0.3) for _ in range(2)]
    for seed, model in enumerate(models):
        tf.random.set_seed(seed)
        train(model, [X, Y], seed=0, epochs=2, batch_size=6)
    assert_weights_equal(*models)


def test_rows_that_do_not_fit_the_network_get_keras_own_error():
    message = "Dimensions must be equal, but are 1 and 2"
    narrow = X[:, :, :1]
    with pytest.raises(ValueError, match=message):
        build().fit(narrow, Y, verbose=0)
    with pytest.raises(ValueError, match=message):
        train(build(), [narrow, Y], **THREE_EPOCHS)
    with pytest.raises(ValueError, match=message):
        predict(build(), narrow, batch_size=8)


# Callbacks.


class Diary(keras.callbacks.Callback):
    """Write down what a callback can see at the end of each epoch."""

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
def diary():
    # No dropout: Keras' layers draw for it whenever they are asked, and the diary asks.
    diary, model = Diary(), build()
    history = train(model, [X, Y], **THREE_EPOCHS, validation_split=0.25, callbacks=[diary])
    diary.history, diary.trained = history, model
    return diary


def test_a_callback_sees_the_model_of_standard_layers(diary):
    assert diary.seen is diary.trained
    kinds = keras.layers
    assert diary.layers == [kinds.InputLayer, kinds.Masking, kinds.LSTM, kinds.Dense]


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_a_callback_sees_the_weights_of_the_moment(diary, epoch):
    model = build()
    train(model, [X, Y], **{**THREE_EPOCHS, "epochs": epoch + 1}, validation_split=0.25)
    for seen, weights in zip(diary.weights[epoch], read_weights(model), strict=True):
        assert_array_equal(seen, weights)
    assert_allclose(diary.outputs[epoch], predict(model, X, batch_size=8), rtol=0, atol=1e-6)


def test_a_callback_sees_the_logs_that_become_the_history(diary):
    assert diary.epochs == [0, 1, 2]
    by_name = {name: [logs[name] for logs in diary.logs] for name in ("loss", "val_loss")}
    assert by_name == diary.history
    assert all(type(value) is float for values in by_name.values() for value in values)


def test_a_callback_that_only_looks_changes_no_bit(diary):
    model = build()
    history = train(model, [X, Y], **THREE_EPOCHS, validation_split=0.25)
    assert history == diary.history
    assert_weights_equal(model, diary.trained)


def test_callbacks_let_go_of_the_model_after_training_and_after_an_error():
    def give_up(epoch, logs):
        if epoch == 3:
            raise RuntimeError("enough")

    looks = LambdaCallback(on_epoch_end=give_up)
    model, options = build(), {"seed": 0, "batch_size": 20, "callbacks": [looks]}
    train(model, [X, Y], epochs=1, **options)
    assert looks.model is None
    with pytest.raises(RuntimeError, match="enough"):
        train(model, [X, Y], epochs=2, initial_epoch=2, **options)
    assert looks.model is None


class Starts(keras.callbacks.Callback):
    """Starts its work when it is given a model, as Keras' TensorBoard does."""

    def __init__(self):
        super().__init__()
        self.given = []

    def set_model(self, model):
        super().set_model(model)
        self.given.append(model)


def test_a_callback_that_starts_with_its_model_is_given_no_other_one():
    starts, looks, model = Starts(), keras.callbacks.Callback(), build()
    train(model, [X, Y], epochs=1, seed=0, batch_size=20, callbacks=[starts, looks])
    assert starts.given == [model]
    assert looks.model is None


class Meddler(keras.callbacks.Callback):
    """Change the model after its first epoch."""

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


def _forget_steps(model):
    model.optimizer.iterations.assign(0)


# Keras itself reads its variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
@pytest.mark.parametrize("change", [_set_weights, _set_rate, _forget_steps])
def test_what_a_callback_changes_takes_effect(change):
    ours, keras_own, unchanged = build(), build(run_eagerly=True), build()
    options = {"epochs": 3, "batch_size": 8}
    history = train(ours, [X, Y], seed=None, callbacks=[Meddler(change)], **options)
    expected = keras_own.fit(
        X, Y, shuffle=False, verbose=0, callbacks=[Meddler(change)], **options
    ).history
    assert_allclose(history["loss"], expected["loss"], rtol=0, atol=1e-5)
    for left, right in zip(read_weights(ours), read_weights(keras_own), strict=True):
        assert_allclose(left, right, rtol=0, atol=1e-5)
    train(unchanged, [X, Y], seed=None, **options)
    assert not np.allclose(read_weights(ours)[0], read_weights(unchanged)[0], atol=1e-4)


def test_a_callback_can_stop_training_and_the_next_one_is_not_stopped():
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


def test_a_log_file_holds_the_history(tmp_path):
    path, history = tmp_path / "log.csv", keras.callbacks.History()
    callbacks = [CSVLogger(path), history]
    returned = train(build(), [X, Y], **THREE_EPOCHS, validation_split=0.25, callbacks=callbacks)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    assert history.history == returned
    for name in ("loss", "val_loss"):
        assert [float(row[name]) for row in rows] == returned[name]


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
def test_a_checkpoint_is_a_model_of_standard_layers(tmp_path):
    path, model = tmp_path / "checkpoint.keras", build()
    checkpoint = ModelCheckpoint(path, save_freq="epoch")
    train(model, [X, Y], **{**THREE_EPOCHS, "epochs": 1}, callbacks=[checkpoint])
    loaded = keras.models.load_model(path)
    assert {type(layer).__module__.split(".")[0] for layer in loaded.layers} == {"keras"}
    assert_weights_equal(loaded, model)


def lines_left(shown):
    """Return what is left to see of each line, without the figures."""
    return [
        re.sub(r"[\d.]+m?s(?=[/ \x1b])", "", line.split("\r")[-1])
        for line in shown.rstrip("\n").split("\n")
    ]


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_progress_is_shown_as_keras_shows_it(verbose, capsys):
    options = {"epochs": 2, "batch_size": 8, "validation_split": 0.25, "verbose": verbose}
    train(build(), [X, Y], seed=None, **options)
    ours = lines_left(capsys.readouterr().out)
    build(run_eagerly=True).fit(X, Y, shuffle=False, **options)
    assert ours == lines_left(capsys.readouterr().out)
    assert ours[::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(" - loss: " in line and " - val_loss: " in line for line in ours[1::2])


def test_nothing_is_shown_unasked(capsys):
    train(build(), [X, Y], **THREE_EPOCHS, validation_split=0.25)
    assert capsys.readouterr() == ("", "")


# What breaks off.


def broken_off(error):
    def interrupt(epoch, logs):
        if epoch % 3 == 1:
            raise error

    return [LambdaCallback(on_epoch_end=interrupt)]


ERRORS = [RuntimeError("enough"), KeyboardInterrupt("ctrl-c")]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_a_first_fit_that_breaks_off_leaves_no_trace(error, fresh_pool):
    expected = fit()
    assert len(engine.POOL._idle) == 1
    regressor = clone(expected).set_params(callbacks=broken_off(error))
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
def test_a_second_fit_that_breaks_off_leaves_the_first(error):
    regressor, first = fit(), fit()
    regressor.set_params(callbacks=broken_off(error), units=4)
    with pytest.raises(type(error), match=str(error)):
        regressor.fit(X, NUMBERS)
    assert regressor.history_ == first.history_
    assert regressor.n_iter_ == 3
    assert_weights_equal(regressor.model_, first.model_)
    assert_array_equal(regressor.predict(X), first.predict(X))


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_that_breaks_off_can_be_tried_again(method, error):
    def make():
        settings = {"model__units": 3, "model__dropout": 0.3, "epochs": 3, "batch_size": 8}
        regressor = SequenceRegressor(lstm_network, **settings, random_state=0)
        for _ in range(4):  # the next epoch is the one that breaks off
            regressor.partial_fit(X, NUMBERS)
        return regressor.set_params(warm_start=True)

    regressor, expected = make(), make()
    regressor.set_params(callbacks=broken_off(error))
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


def _fit_and_ask(params):
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
def test_threads_get_the_answers_that_they_get_one_by_one(params, fresh_pool):
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(_fit_and_ask, [*params, *params]))
    assert len(engine.POOL._idle) <= 8
    expected = [_fit_and_ask(each) for each in params]
    for (answers, history), (expected_answers, expected_history) in zip(
        at_once, [*expected, *expected], strict=True
    ):
        assert history == expected_history
        assert_array_equal(answers, expected_answers)


def test_threads_ask_one_model_for_different_rows(trained, fresh_pool):
    expected = trained.predict(X, verbose=0)
    with ThreadPoolExecutor(4) as threads:
        numbers = [1 + number % 20 for number in range(80)]
        answers = threads.map(lambda n_rows: predict(trained, X[:n_rows], batch_size=4), numbers)
        for n_rows, answer in zip(numbers, answers, strict=True):
            assert_allclose(answer, expected[:n_rows], rtol=0, atol=1e-6)


def test_threads_that_train_leave_the_warnings_filters_as_they_were():
    # Of two that change the filters in turn, the first would take back what the second needs,
    # and the second leave what the first has set.
    before = warnings.filters[:]
    first_is_in, second_is_in, first_is_out = (Barrier(2, timeout=60) for _ in range(3))

    def first():
        meet = LambdaCallback(
            on_epoch_begin=lambda epoch, logs: first_is_in.wait(),
            on_epoch_end=lambda epoch, logs: second_is_in.wait(),
        )
        train(build(), [X, Y], **ONE_STEP, callbacks=[meet])
        first_is_out.wait()

    def second():
        first_is_in.wait()
        meet = LambdaCallback(
            on_epoch_begin=lambda epoch, logs: second_is_in.wait(),
            on_epoch_end=lambda epoch, logs: first_is_out.wait(),
        )
        train(build(), [X, Y], **ONE_STEP, callbacks=[meet, Diary()])

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
            ("lstm", LSTMRegressor(3, epochs=2, batch_size=8, random_state=0)),
        ]
    )
    grid = {"reshape__timesteps": [1, 2, 3], **params}
    return GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise")


def test_a_search_in_threads_is_a_search_one_by_one(fresh_pool):
    table, grid = X.reshape(20, 6), {"lstm__units": [2, 3]}
    with joblib.parallel_config("threading"):
        in_threads = search(**grid).fit(table, NUMBERS)
    one_by_one = search(**grid).set_params(n_jobs=1).fit(table, NUMBERS)
    scores = (each.cv_results_["mean_test_score"] for each in (in_threads, one_by_one))
    assert_allclose(*scores, rtol=1e-6)
    assert in_threads.best_params_ == one_by_one.best_params_
    assert_array_equal(in_threads.predict(table), one_by_one.predict(table))


# Asking.


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(engine, "_PREDICTED_ROWS", 7)


@pytest.mark.parametrize("n_rows", [1, 2, 6, 7, 8, 13, 14, 15, 20])
def test_any_number_of_rows_is_answered_as_keras_answers(trained, n_rows, few_at_once):
    answer = predict(trained, X[:n_rows], batch_size=3)
    assert answer.dtype == np.float32
    assert_allclose(answer, trained.predict(X, verbose=0)[:n_rows], rtol=0, atol=1e-6)


@pytest.mark.parametrize("batch_size", [3, 7, 9, 64])
def test_any_batch_size_is_answered_alike(trained, batch_size, few_at_once):
    expected = trained.predict(X, verbose=0)
    assert_allclose(predict(trained, X, batch_size=batch_size), expected, rtol=0, atol=1e-6)


def test_windows_and_other_views_are_answered_as_arrays_are(trained, few_at_once):
    windows = SequenceWindower(5, sampling_rate=2).fit_transform(X[:, 0])
    for view in (windows, windows[::2], windows[:, ::-1], X[:, 1:], X[::3]):
        assert not view.flags.c_contiguous
        expected = trained.predict(np.array(view), verbose=0)
        assert_allclose(predict(trained, view, batch_size=3), expected, rtol=0, atol=1e-6)


def test_a_model_is_answered_by_its_weights_of_now():
    model = build()
    before = predict(model, X, batch_size=8)
    write_weights(model, [array + 0.5 for array in read_weights(model)])
    after = predict(model, X, batch_size=8)
    assert not np.allclose(after, before, atol=0.1)
    assert_allclose(after, model.predict(X, verbose=0), rtol=0, atol=1e-6)


def test_a_model_that_is_not_compiled_can_be_asked(trained):
    unpacked = unpack(pack(trained))
    assert not unpacked.compiled
    assert_array_equal(predict(unpacked, X, batch_size=8), predict(trained, X, batch_size=8))


@pytest.mark.parametrize("compiled", [{}, {"run_eagerly": True}], ids=["graph", "eager"])
def test_asking_changes_neither_weights_nor_draws(compiled):
    asked, left_alone = (build(dropout=0.3, **compiled) for _ in range(2))
    predict(asked, X, batch_size=8)
    if not compiled:
        for left, right in zip(asked.variables, left_alone.variables, strict=True):
            assert_array_equal(left.value.numpy(), right.value.numpy())
    assert_weights_equal(asked, left_alone)


def test_options_of_predict_are_kerass(trained, monkeypatch):
    calls = []

    def predict(X, **options):
        calls.append(options)
        return np.zeros((len(X), 1))

    monkeypatch.setattr(trained, "predict", predict)
    assert_array_equal(predict(trained, X, batch_size=8, steps=2), np.zeros((20, 1)))
    assert calls == [{"batch_size": 8, "verbose": 0, "steps": 2}]


def test_no_rows_are_refused():
    regressor = fit(epochs=1)
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        regressor.predict(X[:0])


# Whose variables.


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


def test_an_older_estimator_answers_the_same_after_others(fresh_pool):
    older = fit()
    expected, weights = older.predict(X), read_weights(older.model_)
    for params in ({"random_state": 1}, {"units": 4}, {"cls": LSTMClassifier}):
        fit(**params).predict(X)
        assert_array_equal(older.predict(X), expected)
    for array, kept in zip(read_weights(older.model_), weights, strict=True):
        assert_array_equal(array, kept)


@pytest.mark.parametrize("params", [{}, {"bidirectional": True}, {"units": (3, 2)}], ids=repr)
def test_a_fitted_model_is_one_of_keras(params, fresh_pool):
    model = fit(**params, epochs=1).model_
    assert all(type(layer).__module__.startswith("keras.") for layer in model._flatten_layers())
    assert "Fused" not in model.to_json()
    # But it was trained by the other.
    (copy,) = engine.POOL._idle
    assert "FusedLSTM" in copy.model.to_json()


# What is kept.


@pytest.fixture
def made(monkeypatch, fresh_pool):
    """Count the copies that are made, and their traces."""
    counts = Counter()

    monkeypatch.setattr(TracedCopy, "__init__", counted(counts, "copies", TracedCopy.__init__))
    monkeypatch.setattr(TracedCopy, "_trace", counted(counts, "traces", TracedCopy._trace))
    return counts


def traces_kept():
    return sum(len(copy._traced) for copy in engine.POOL._idle)


def test_fits_after_the_first_trace_nothing(made):
    def fit_one(number):
        timesteps = 1 + number % 3
        regressor = LSTMRegressor(3, epochs=1, validation_split=0.25, random_state=number)
        # Neither look-back nor learning rate, number of rows or batch size are traced.
        regressor.set_params(learning_rate=0.01 * (1 + number), batch_size=4 + number)
        regressor.fit(X[number:, :timesteps].copy(), NUMBERS[number:])
        regressor.predict(X[: 1 + number, :timesteps])

    fit_one(0)
    assert made == {"copies": 1, "traces": 2}
    assert traces_kept() == 3
    for number in range(1, 13):
        fit_one(number)
    assert made == {"copies": 1, "traces": 2}
    assert traces_kept() == 3


def test_a_search_for_a_look_back_traces_once(made):
    search().set_params(n_jobs=1).fit(X.reshape(20, 6), NUMBERS)
    assert made == {"copies": 1, "traces": 1}
    assert traces_kept() == 2


def test_no_more_copies_are_kept_than_the_pool_holds(monkeypatch):
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


def test_a_worker_takes_the_threads_that_joblib_grants_it():
    # One that is there already may have set its threads before it knew this package.
    get_reusable_executor().shutdown()
    with joblib.parallel_config("loky", n_jobs=2):
        in_workers = joblib.Parallel()(joblib.delayed(_threads)() for _ in range(2))
    get_reusable_executor().shutdown()
    granted = max(joblib.cpu_count() // 2, 1)
    assert in_workers == [[granted, granted]] * 2
    # The process that started them leaves the choice to TensorFlow.
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
# With torch, Keras draws its dropout from a generator of torch's own.
dropout = 0.2 if sys.argv[1] == "jax" else 0.0
settings = {"epochs": 3, "batch_size": 8, "dropout": dropout, "random_state": 0}
for estimator, target, answer in [
    (LSTMRegressor(3, **settings), y, "predict"),
    (LSTMClassifier(3, **settings), np.where(y > 0, "up", "down"), "predict_proba"),
]:
    estimator.fit(X, target)
    assert estimator.n_iter_ == len(estimator.history_["loss"]) == 3
    output = getattr(estimator, answer)(X)
    assert np.isfinite(output).all()
    expected = estimator.model_.predict(X.astype("float32"), verbose=0)[:, 0]
    np.testing.assert_allclose(output.reshape(24, -1)[:, -1], expected, atol=1e-5)
    np.testing.assert_allclose(
        getattr(pickle.loads(pickle.dumps(estimator)), answer)(X), output, atol=1e-6
    )
    np.testing.assert_allclose(
        getattr(clone(estimator).fit(X, target), answer)(X), output, atol=1e-5
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


def test_an_unpickled_estimator_answers_the_same_from_an_empty_pool(monkeypatch):
    regressor = fit()
    expected = regressor.predict(X)
    monkeypatch.setattr(engine, "POOL", Pool())
    assert_array_equal(pickle.loads(pickle.dumps(regressor)).predict(X), expected)
