"""Training with traced copies gives the same weights, history and seeds as Keras' own `fit`."""

import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, optimizers
from keras.callbacks import (
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
)
from keras_models import counted
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    SequenceClassifier,
    SequenceRegressor,
    SequenceWindower,
    lstm_network,
)
from skl_lstm.networks.models import array_warnings_silenced, copy_model, read_weights
from skl_lstm.networks.seeding import seeded
from skl_lstm.training.keras import engine, feed
from skl_lstm.training.keras.engine import predict
from skl_lstm.training.keras.feed import epoch_order
from skl_lstm.training.keras.plans import plan_of
from skl_lstm.training.keras.pool import Pool, TracedCopy
from skl_lstm.training.rows import split_rows

# 40 sequences of 4 time steps of 2 features.
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4, 2)).astype("float32")
Y = X[:, -1].sum(axis=1, keepdims=True)
TWO = np.column_stack([Y, X[:, 0, 0]])
WEIGHT = np.linspace(0.25, 2, 40, dtype="float32")
BINARY = np.where(Y[:, 0] > 0.5, "up", "down")
THREE = np.array(["a", "b", "c"])[np.digitize(Y[:, 0], [-1, 1])]
SEVERAL = (TWO > 0).astype(int)

MASK = -9.0
STEP = np.arange(4)
LENGTHS = RNG.integers(1, 5, size=(40, 1))


def masked(skipped):
    return np.where(skipped[:, :, np.newaxis], np.float32(MASK), X)


POST_PADDED = masked(STEP >= LENGTHS)
PRE_PADDED = masked(STEP < 4 - LENGTHS)
# Masked steps between others, and two sequences of only padding.
HOLED = masked(RNG.random((40, 4)) < 0.4)
HOLED[[3, 39]] = MASK

TABLE = RNG.normal(size=(40, 2)).astype("float32")
WINDOWS = SequenceWindower(4, sampling_rate=2).fit_transform(TABLE)


# Networks. All are built with the same seed.


def network(outputs=1, **settings):
    meta = {"X_shape_": X.shape, "n_outputs_": outputs}
    with seeded(0):
        return lstm_network(meta, **{"units": 3, **settings})


def layered(*makers, shape=(None, 2), outputs=1, model_class=keras.Model):
    with seeded(0):
        inputs = x = keras.Input(shape)
        for make in makers:
            x = make()(x)
        return model_class(inputs, layers.Dense(outputs)(x))


lstm = partial(layers.LSTM, 3)
every_step = partial(lstm, return_sequences=True)


# Without a recurrent layer, which Keras traces and runs eagerly very slowly.
flat = partial(layered, layers.Flatten, shape=(4, 2))


def named():
    model = flat(layers.BatchNormalization)
    with seeded(0):
        return keras.Model(model.inputs, layers.Dense(1, name="level")(model.layers[-2].output))


def frozen():
    model = layered(every_step, lstm)
    model.layers[1].trainable = False
    return model


def with_shared_model():
    """Build a network with a shared inner model that reads two inputs."""
    with seeded(0):
        inputs = keras.Input((None, 2))
        shared = keras.Sequential([keras.Input((None, 2)), lstm()])
        both = [shared(inputs), shared(layers.Rescaling(2.0)(inputs))]
        return keras.Model(inputs, layers.Dense(1)(layers.Concatenate()(both)))


def decoder():
    with seeded(0):
        inputs = keras.Input((None, 2))
        _, *states = lstm(return_state=True)(inputs)
        return keras.Model(inputs, layers.Dense(1)(lstm()(inputs, initial_state=states)))


def sequential():
    with seeded(0):
        return keras.Sequential([keras.Input((4, 2)), lstm(), layers.Dense(1)])


def adapted():
    layer = layers.Normalization()
    layer.adapt(3 * X + 5)
    return layer


def time_distributed():
    return layers.TimeDistributed(layers.Dense(3))


def rate_after(epoch, rate):
    return rate * (0.5 if epoch == 2 else 1.0)


def adam():
    return optimizers.Adam(0.05)


def without_decay_of_biases():
    optimizer = optimizers.AdamW(0.05, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


@dataclass(frozen=True)
class Case:
    """A model and the settings to train it with Keras or with the engine."""

    build: Callable = network
    arrays: tuple = (X, Y)
    optimizer: Callable = adam
    compiled: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    callbacks: Callable = list

    def model(self, **compiled):
        model = self.build()
        model.compile(self.optimizer(), **{"loss": "mse", **self.compiled, **compiled})
        return model

    @property
    def settings(self):
        # The last batch is smaller, both with 40 rows and with 30 rows after a validation split.
        return {"epochs": 5, "batch_size": 24, "callbacks": self.callbacks(), **self.options}


def stepping(optimizer, *args, build=flat, **settings):
    return Case(build, optimizer=partial(optimizer, *args, **settings))


QUARTER = {"validation_split": 0.25}
MEASURED = {"metrics": ["mae", keras.metrics.RootMeanSquaredError()], "weighted_metrics": ["mape"]}

CASES = {
    "lstm": Case(),
    "validated": Case(options=QUARTER),
    "weighted": Case(arrays=(X, Y, WEIGHT)),
    "weighted, validated, measured": Case(
        arrays=(X, Y, WEIGHT), options=QUARTER, compiled=MEASURED
    ),
    "another loss": Case(flat, compiled={"loss": keras.losses.LogCosh()}),
    "one epoch": Case(options={"epochs": 1}),
    "one batch": Case(flat, options={"batch_size": 64}),
    "full batches": Case(flat, options={"batch_size": 20}),
    # Networks.
    "stacked": Case(partial(network, units=(3, 2))),
    "bidirectional": Case(partial(network, bidirectional=True)),
    "convolutional": Case(partial(network, conv_filters=3, kernel_size=2)),
    "post-padded": Case(partial(network, mask_value=MASK), (POST_PADDED, Y)),
    "pre-padded": Case(partial(network, mask_value=MASK), (PRE_PADDED, Y)),
    "holed": Case(partial(network, mask_value=MASK), (HOLED, Y)),
    "stacked, holed": Case(partial(network, units=(3, 2), mask_value=MASK), (HOLED, Y)),
    "convolutional, post-padded": Case(
        partial(network, conv_filters=3, kernel_size=2, mask_value=MASK), (POST_PADDED, Y)
    ),
    "gru": Case(partial(network, cell="gru")),
    "simple rnn": Case(partial(network, cell="simple_rnn")),
    "several outputs": Case(partial(network, outputs=2), (X, TWO)),
    "normalized by batch": Case(
        partial(layered, layers.BatchNormalization, lstm, layers.LayerNormalization),
        options=QUARTER,
    ),
    "regularized": Case(
        partial(
            layered,
            partial(lstm, kernel_regularizer="l2", recurrent_regularizer="l1"),
            partial(layers.Dense, 2, bias_regularizer="l2", kernel_constraint="max_norm"),
        )
    ),
    "activity regularized": Case(
        partial(
            layered,
            partial(lstm, activity_regularizer="l2"),
            partial(layers.Dense, 2, activity_regularizer="l1"),
        )
    ),
    "other activations": Case(
        partial(layered, partial(lstm, activation="relu", recurrent_activation="hard_sigmoid"))
    ),
    "without bias": Case(partial(layered, partial(lstm, use_bias=False))),
    "backwards": Case(partial(layered, partial(lstm, go_backwards=True))),
    "frozen": Case(frozen),
    "shared model": Case(with_shared_model),
    "decoder": Case(decoder),
    "sequential": Case(sequential),
    "double precision": Case(partial(layered, partial(lstm, dtype="float64"))),
    "dropout": Case(
        partial(
            layered, partial(lstm, dropout=0.5, recurrent_dropout=0.0), partial(layers.Dropout, 0.5)
        )
    ),
    "bidirectional, stacked, holed, dropout": Case(
        partial(network, units=(3, 2), bidirectional=True, mask_value=MASK, dropout=0.5),
        (HOLED, Y),
        options={"epochs": 2},
    ),
    "recurrent dropout": Case(partial(network, recurrent_dropout=0.5)),
    # Optimizers.
    "momentum": stepping(optimizers.SGD, 0.05, build=network, momentum=0.9, nesterov=True),
    "rmsprop": stepping(optimizers.RMSprop, 0.01),
    "weight decay": stepping(optimizers.AdamW, 0.05, weight_decay=0.5),
    "averaged": stepping(optimizers.Adam, 0.05, build=network, use_ema=True, ema_momentum=0.8),
    "averaged in between": stepping(
        optimizers.SGD, 0.05, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=4
    ),
    "clipped": stepping(optimizers.SGD, 0.1, clipnorm=0.1),
    "accumulated": stepping(optimizers.Adam, 0.05, gradient_accumulation_steps=2),
    # Learning rates.
    "exponential decay": stepping(
        optimizers.Adam, optimizers.schedules.ExponentialDecay(0.1, 4, 0.5, staircase=True)
    ),
    "cosine decay": stepping(optimizers.SGD, optimizers.schedules.CosineDecay(0.1, 12)),
    "scheduled": Case(flat, callbacks=lambda: [LearningRateScheduler(rate_after)]),
    "reduced on a plateau": Case(
        flat,
        optimizer=partial(optimizers.SGD, 1e-7),
        callbacks=lambda: [ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=0.1)],
    ),
    "stopped early": Case(
        network,
        optimizer=partial(optimizers.SGD, 1.0),
        options={**QUARTER, "epochs": 20},
        callbacks=lambda: [EarlyStopping("val_loss", patience=2, restore_best_weights=True)],
    ),
}

# Settings that a configuration omits, or contains only by name. The result must be that of Keras,
# with or without a copy.
NOT_IN_CONFIG = {
    "huber, 0.5": Case(flat, compiled={"loss": keras.losses.Huber(0.5)}),
    "huber, 0.25": Case(flat, compiled={"loss": keras.losses.Huber(0.25)}),
    "named output": Case(named, compiled={"loss": {"level": "mse"}, "metrics": {"level": ["mae"]}}),
    "adapted to the data": Case(partial(layered, adapted, lstm)),
    "time distributed": Case(partial(layered, time_distributed, lstm)),
    "weight decay, not of biases": Case(flat, optimizer=without_decay_of_biases),
}

ALL_CASES = CASES | NOT_IN_CONFIG


def by_keras(case, **compiled):
    """Train with Keras, without shuffling."""
    model = case.model(**{"run_eagerly": True, **compiled})
    names = dict(zip(("x", "y", "sample_weight"), case.arrays, strict=False))
    with array_warnings_silenced():
        history = model.fit(**names, shuffle=False, verbose=0, **case.settings).history
    return model, history


by_keras_once = cache(lambda name: by_keras(ALL_CASES[name]))


def train(model, arrays, *, validation_split=0.0, **settings):
    split = split_rows(len(arrays[0]), validation_split)
    return engine.train(model, arrays, split=split, **settings)


def by_engine(case, seed=None, **compiled):
    model = case.model(**compiled)
    return model, train(model, case.arrays, seed=seed, **case.settings)


def state_of(model):
    """Return the weights, the counters and the states of the seeds."""
    variables = [*model.variables, *model.optimizer.variables]
    return [variable.value.numpy() for variable in variables]


def assert_same(actual, expected):
    (model, history), (keras_model, keras_history) = actual, expected
    assert_history_equal(history, keras_history)
    for left, right in zip(state_of(model), state_of(keras_model), strict=True):
        assert_allclose(left, right, rtol=0, atol=1e-5)


def assert_history_equal(history, expected):
    assert history.keys() == expected.keys()
    for name, values in expected.items():
        assert_allclose(history[name], values, rtol=1e-5, atol=1e-5, err_msg=name)


def assert_bits_equal(model, other):
    for left, right in zip(read_weights(model), read_weights(other), strict=True):
        assert_array_equal(left, right, strict=True)


@pytest.fixture
def ways(monkeypatch):
    """Count the epochs trained by a copy, and the fits by Keras."""
    counts = Counter()
    monkeypatch.setattr(TracedCopy, "train_epoch", counted(counts, "copy", TracedCopy.train_epoch))
    monkeypatch.setattr(
        engine, "_train_with_keras_fit", counted(counts, "keras", engine._train_with_keras_fit)
    )
    return counts


@pytest.fixture
def fresh_pool(monkeypatch):
    """Return a function that gives the engine an empty pool of a given size."""

    def empty(*size):
        monkeypatch.setattr(engine, "POOL", Pool(*size))

    empty()
    return empty


# Training with a copy.


@pytest.mark.parametrize("name", CASES)
def test_a_copy_trains_as_keras_does(name, ways):
    actual = by_engine(CASES[name])
    assert ways == {"copy": len(actual[1]["loss"])}
    assert_same(actual, by_keras_once(name))


@pytest.mark.parametrize("name", NOT_IN_CONFIG)
def test_settings_missing_from_a_config_take_effect(name):
    assert_same(by_engine(NOT_IN_CONFIG[name]), by_keras_once(name))


@pytest.mark.parametrize(
    "name", ["dropout", "post-padded", "time distributed", "adapted to the data"]
)
def test_predictions_equal_those_of_keras(name):
    case = ALL_CASES[name]
    model, rows = case.model(), case.arrays[0]
    expected = model.predict(rows, verbose=0)
    assert_allclose(predict(model, rows, batch_size=16), expected, rtol=0, atol=1e-6)


def test_the_cases_do_what_their_names_state():
    histories = {name: by_keras_once(name)[1] for name in ("stopped early", "reduced on a plateau")}
    watched = histories["stopped early"]["val_loss"]
    assert len(watched) < 20
    # The best weights are not the last ones.
    assert watched.index(min(watched)) == len(watched) - 3
    assert len(set(histories["reduced on a plateau"]["learning_rate"])) > 2
    (frozen_weights, *_), (initial, *_) = (
        read_weights(model) for model in (by_keras_once("frozen")[0], frozen())
    )
    assert_array_equal(frozen_weights, initial)


@pytest.fixture
def converted(monkeypatch):
    """The tensors of every array that training has converted, in order."""
    arrays, convert = [], feed.to_tensors

    def to_tensors(array):
        arrays.append(convert(array))
        return arrays[-1]

    monkeypatch.setattr(feed, "to_tensors", to_tensors)
    return arrays


def test_training_on_windows_equals_training_on_arrays(ways, converted):
    case = Case(arrays=(WINDOWS, Y), options=QUARTER)
    actual = by_engine(case)
    (table, stride, steps), _ = converted
    # 40 windows for training and validation, each of which starts 6 rows before its last row.
    assert len(table) == 46
    assert (stride.numpy(), steps.numpy().tolist()) == (1, [0, 2, 4, 6])
    assert ways == {"copy": 5}
    copied = Case(arrays=(np.array(WINDOWS), Y), options=QUARTER)
    assert_same(actual, by_keras(copied))
    # Windows and arrays must give bitwise equal weights.
    assert_bits_equal(actual[0], by_engine(copied)[0])


def test_windows_of_a_pipeline_are_not_copied(converted):
    pipeline = make_pipeline(
        SequenceWindower(4), LSTMRegressor(3, epochs=1, engine="keras", random_state=0)
    )
    pipeline.fit(TABLE, Y[:, 0])
    assert [len(rows) for rows in converted] == [3, 1]
    assert converted[0][0].shape == (43, 2)


# Continued training.


CONTINUED = {
    "adam": Case(),
    "exponential decay": CASES["exponential decay"],
    "dropout": CASES["dropout"],
    "dropout, validated": Case(CASES["dropout"].build, options=QUARTER),
}


@pytest.mark.parametrize("name", CONTINUED)
def test_training_in_parts_equals_one_training_by_keras(name, ways):
    case = CONTINUED[name]
    model, history = case.model(), {}
    for initial_epoch, epochs in [(0, 2), (2, 1), (3, 2)]:
        settings = {**case.settings, "epochs": epochs, "initial_epoch": initial_epoch}
        for metric, values in train(model, case.arrays, seed=None, **settings).items():
            history.setdefault(metric, []).extend(values)
    assert ways == {"copy": 5}
    expected = by_keras_once(name) if CASES.get(name) is case else by_keras(case)
    assert_same((model, history), expected)


@pytest.mark.parametrize("callbacks", [[], [keras.callbacks.Callback()]], ids=["none", "one"])
def test_validation_draws_the_same_random_numbers_as_keras(callbacks):
    # Keras' recurrent layers draw a dropout mask and advance their seed even in validation.
    case = Case(CASES["dropout"].build, options=QUARTER, callbacks=lambda: callbacks)
    assert_same(by_engine(case), by_keras(Case(case.build, options=QUARTER)))


# Estimators.


def ready(outputs=1, activation=None, hidden=layers.Flatten):
    with seeded(0):
        inputs = keras.Input((4, 2))
        return keras.Model(inputs, layers.Dense(outputs, activation=activation)(hidden()(inputs)))


def plain_fit(network, loss, x, y, metrics=None, **options):
    model = copy_model(network)
    model.compile(optimizers.Adam(0.05), loss, metrics=metrics, run_eagerly=True)
    with array_warnings_silenced():
        history = model.fit(x, y, shuffle=False, verbose=0, **options).history
    return model, history


SETTINGS = {"epochs": 5, "batch_size": 24}
IN_ORDER = {**SETTINGS, "optimizer": "adam", "optimizer__learning_rate": 0.05, "random_state": 0}


def in_order(cls, network, **params):
    return cls(network, **{**IN_ORDER, "shuffle": False, **params})


ESTIMATORS = {
    "regressor": (SequenceRegressor, ready(hidden=lstm), Y[:, 0], Y, "mse"),
    "several outputs": (SequenceRegressor, ready(2), TWO, TWO, "mse"),
    "binary": (
        SequenceClassifier,
        ready(1, "sigmoid", lstm),
        BINARY,
        (BINARY == "up")[:, np.newaxis].astype("float32"),
        "binary_crossentropy",
    ),
    "multiclass": (
        SequenceClassifier,
        ready(3, "softmax"),
        THREE,
        np.searchsorted(["a", "b", "c"], THREE)[:, np.newaxis].astype("float32"),
        "sparse_categorical_crossentropy",
    ),
    "multilabel": (
        SequenceClassifier,
        ready(2, "sigmoid"),
        SEVERAL,
        SEVERAL.astype("float32"),
        "binary_crossentropy",
    ),
}


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_an_estimator_fits_as_keras_does(kind, weight, ways):
    cls, untrained, y, encoded, loss = ESTIMATORS[kind]
    estimator = in_order(cls, untrained, metrics=["mean_absolute_error"], validation_split=0.25)
    estimator.fit(X, y, sample_weight=weight)
    assert ways == {"copy": 5}
    expected = plain_fit(
        untrained,
        loss,
        X,
        encoded,
        ["mean_absolute_error"],
        sample_weight=weight,
        validation_split=0.25,
        **SETTINGS,
    )
    assert_same((estimator.model_, estimator.history_), expected)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_class_weights_are_those_of_keras(kind, weight, ways):
    cls, untrained, y, encoded, loss = ESTIMATORS[kind]
    by_label = dict(zip(np.unique(y), [0.5, 3.0, 2.0], strict=False))
    # Keras does not apply class_weight to validation rows, so a weighted validation would differ.
    split = 0.25 if weight is None else 0.0
    params = {"class_weight": by_label, "validation_split": split}
    classifier = in_order(cls, untrained, **params).fit(X, y, sample_weight=weight)
    assert ways == {"copy": 5}
    if weight is None:
        options = {"class_weight": dict(enumerate(by_label.values())), "validation_split": split}
    else:  # Keras accepts either class_weight or sample_weight
        options = {"sample_weight": weight * [by_label[label] for label in y]}
    options |= SETTINGS
    assert_same(
        (classifier.model_, classifier.history_), plain_fit(untrained, loss, X, encoded, **options)
    )


def test_patience_stops_and_restores_like_keras(ways):
    untrained = ready(hidden=lstm)
    options = {"validation_split": 0.25, "epochs": 30, "batch_size": 16}
    regressor = in_order(SequenceRegressor, untrained, patience=1, **options)
    regressor.set_params(optimizer__learning_rate=0.5).fit(X, Y[:, 0])
    assert ways["keras"] == 0
    assert 2 <= regressor.n_iter_ < 30
    model = copy_model(untrained)
    model.compile(optimizers.Adam(0.5), "mse", run_eagerly=True)
    best = EarlyStopping("val_loss", patience=1, restore_best_weights=True)
    with array_warnings_silenced():
        history = model.fit(X, Y, shuffle=False, verbose=0, callbacks=[best], **options).history
    assert_same((regressor.model_, regressor.history_), (model, history))


def test_a_given_network_with_an_adapted_layer_stays_adapted():
    untrained = NOT_IN_CONFIG["adapted to the data"].build()
    regressor = in_order(SequenceRegressor, untrained).fit(X, Y[:, 0])
    model = keras.Model(untrained.inputs, untrained.outputs)  # shares the adapted layer
    model.compile(adam(), "mse", run_eagerly=True)
    with array_warnings_silenced():
        history = model.fit(X, Y, shuffle=False, verbose=0, **SETTINGS).history
    assert_same((regressor.model_, regressor.history_), (model, history))


def adapted_network(meta):
    return layered(adapted, layers.Flatten, shape=(4, 2), outputs=meta["n_outputs_"])


def test_a_pickled_network_with_an_adapted_layer_stays_adapted():
    regressor = in_order(SequenceRegressor, adapted_network).fit(X, Y[:, 0])
    expected = regressor.model_.predict(X, verbose=0)[:, 0]
    assert_allclose(regressor.predict(X), expected, rtol=0, atol=1e-6)
    unpickled = pickle.loads(pickle.dumps(regressor))
    assert_allclose(unpickled.predict(X), expected, rtol=0, atol=1e-6)


def _warm_start(regressor):
    regressor.set_params(warm_start=True, epochs=2).fit(X, Y[:, 0])
    return regressor.set_params(epochs=3).fit(X, Y[:, 0])


def _partial_fit(regressor):
    for _ in range(5):
        regressor.partial_fit(X, Y[:, 0])
    return regressor


@pytest.mark.parametrize("continue_fit", [_warm_start, _partial_fit])
def test_continued_fits_equal_one_longer_fit(continue_fit, ways):
    untrained = ready(hidden=lstm)
    regressor = continue_fit(in_order(SequenceRegressor, untrained))
    assert ways == {"copy": 5}
    assert regressor.n_iter_ == 5
    expected = plain_fit(untrained, "mse", X, Y, **SETTINGS)
    assert_same((regressor.model_, regressor.history_), expected)


@pytest.mark.parametrize("continue_fit", [_warm_start, _partial_fit])
@pytest.mark.parametrize("shuffle", [True, False])
def test_continued_fits_are_bitwise_equal_to_one_longer_fit(continue_fit, shuffle):
    untrained = layered(partial(lstm, dropout=0.5))
    whole, parts = (in_order(SequenceRegressor, untrained, shuffle=shuffle) for _ in range(2))
    whole.fit(X, Y[:, 0])
    continue_fit(parts)
    assert parts.history_ == whole.history_
    assert_bits_equal(parts.model_, whole.model_)


# Training with Keras' own fit, where a copy could give other results.


class Halving(keras.Model):
    """A network with its own training step."""

    def train_step(self, data):
        x, y = data
        return super().train_step((x, y / 2))


class Doubling(layers.Layer):
    """A layer defined by the user."""

    def call(self, inputs):
        return 2 * inputs

    def compute_output_shape(self, input_shape):
        return input_shape


class Watcher(keras.callbacks.Callback):
    """Change the learning rate after every batch."""

    def on_train_batch_end(self, batch, logs=None):
        self.model.optimizer.learning_rate = 0.01


def squared(y, output):
    return keras.ops.mean(keras.ops.square(y - output), axis=-1)


def do_nothing(*_args, **_kwargs):
    pass


doubled = partial(flat, Doubling)

TRAINED_BY_KERAS = {
    "own train_step": Case(partial(flat, model_class=Halving)),
    "own layer": Case(doubled),
    "own loss": Case(flat, compiled={"loss": squared}),
    "own metric": Case(flat, compiled={"metrics": [squared]}),
    "watched batches": Case(flat, callbacks=lambda: [Watcher()]),
    "function of a batch": Case(
        flat, callbacks=lambda: [LambdaCallback(on_train_batch_end=do_nothing)]
    ),
    "option of fit": Case(flat, options={**QUARTER, "validation_freq": 2}),
}


@pytest.mark.parametrize("name", TRAINED_BY_KERAS)
def test_cases_without_a_copy_are_trained_by_keras(name, ways):
    case = TRAINED_BY_KERAS[name]
    actual = by_engine(case)
    assert ways == {"keras": 1}
    assert_same(actual, by_keras(case))
    assert_allclose(
        predict(actual[0], X, batch_size=16), actual[0].predict(X, verbose=0), rtol=0, atol=1e-6
    )


def test_an_eager_model_is_trained_by_keras(ways):
    actual = by_engine(Case(), run_eagerly=True)
    assert ways == {"keras": 1}
    assert_same(actual, by_keras_once("lstm"))


def test_callbacks_of_epochs_do_not_prevent_a_copy(ways):
    epochs = []
    functions = {
        "on_epoch_end": lambda epoch, logs: epochs.append(epoch),
        "on_train_end": do_nothing,
    }
    by_engine(Case(callbacks=lambda: [LambdaCallback(**functions)]))
    assert ways == {"copy": 5}
    assert epochs == [0, 1, 2, 3, 4]


def test_an_estimator_of_a_network_with_its_own_train_step(ways):
    untrained = flat(model_class=Halving)
    regressor = in_order(SequenceRegressor, untrained).fit(X, Y[:, 0])
    assert ways == {"keras": 1}
    expected = plain_fit(untrained, "mse", X, Y, **SETTINGS)
    assert_same((regressor.model_, regressor.history_), expected)
    assert_allclose(regressor.predict(X), expected[0].predict(X, verbose=0)[:, 0], atol=1e-6)


class OwnRegularizer(keras.regularizers.Regularizer):
    def __call__(self, x):
        return keras.ops.sum(x)

    def get_config(self):
        return {}


class OwnOptimizer(optimizers.SGD):
    """An optimizer defined by the user."""


class OwnSchedule(optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.1

    def get_config(self):
        return {}


class OwnLoss(keras.losses.MeanSquaredError):
    """A loss defined by the user."""


class OwnMetric(keras.metrics.MeanSquaredError):
    """A metric defined by the user."""


WITH_FOREIGN_CODE = {
    "model": Case(partial(flat, model_class=Halving)),
    "layer": Case(doubled),
    "layer in a layer": Case(partial(layered, lambda: layers.TimeDistributed(Doubling()), lstm)),
    "function in a layer": Case(
        partial(layered, lambda: layers.Lambda(lambda x: 2 * x, output_shape=(None, 2)), lstm)
    ),
    "activation": Case(partial(layered, partial(lstm, activation=lambda x: x))),
    "regularizer": Case(partial(layered, partial(lstm, kernel_regularizer=OwnRegularizer()))),
    "optimizer": Case(flat, optimizer=OwnOptimizer),
    "schedule": Case(flat, optimizer=lambda: optimizers.SGD(OwnSchedule())),
    "loss": Case(flat, compiled={"loss": OwnLoss()}),
    "loss function": Case(flat, compiled={"loss": squared}),
    "metric": Case(flat, compiled={"metrics": [OwnMetric()]}),
    "metric function": Case(flat, compiled={"weighted_metrics": [squared]}),
    "compiled by XLA": Case(flat, compiled={"jit_compile": True}),
    "eager": Case(flat, compiled={"run_eagerly": True}),
}


@pytest.mark.parametrize("name", WITH_FOREIGN_CODE)
def test_a_model_with_foreign_code_has_no_plan(name):
    assert plan_of(WITH_FOREIGN_CODE[name].model(), training=True) is None
    assert plan_of(Case(flat).model(), training=True) is not None


# Sharing of copies.


ALIKE = {
    "built again": Case(),
    "learning rate": stepping(optimizers.Adam, 0.01, build=network),
    "name of the optimizer": stepping(optimizers.Adam, 0.05, build=network, name="mine"),
}
UNLIKE = {
    "units": Case(partial(network, units=4)),
    "layers": Case(partial(network, units=(3, 3))),
    "dropout": Case(partial(network, dropout=0.5)),
    "mask": Case(partial(network, mask_value=MASK)),
    "frozen": Case(lambda: _frozen_all(network())),
    "optimizer": stepping(optimizers.Adamax, 0.05, build=network),
    "setting of the optimizer": stepping(optimizers.Adam, 0.05, build=network, beta_1=0.5),
    "schedule": stepping(optimizers.Adam, optimizers.schedules.CosineDecay(0.1, 12), build=network),
    "loss": Case(compiled={"loss": "mae"}),
    "setting of the loss": Case(compiled={"loss": keras.losses.Huber(0.5)}),
    "metrics": Case(compiled={"metrics": ["mae"]}),
}


def _frozen_all(model):
    model.layers[1].trainable = False
    return model


@pytest.mark.parametrize("name", [*ALIKE, *UNLIKE])
def test_models_share_a_copy_only_if_they_train_equally(name):
    this, other = (
        plan_of(case.model(), training=True) for case in (Case(), (ALIKE | UNLIKE)[name])
    )
    assert (this == other) is (name in ALIKE)


def test_models_with_other_connections_share_no_copy():
    def joined(first, second):
        inputs = keras.Input((4, 2))
        one, other = (layers.Dense(2, activation="tanh")(inputs) for _ in range(2))
        parts = {"one": one, "other": other}
        both = layers.Concatenate()([parts[first], parts[second]])
        return keras.Model(inputs, layers.Dense(1)(layers.Flatten()(both)))

    plans = [
        plan_of(joined(*order), training=False)
        for order in [("one", "other"), ("one", "one"), ("one", "other")]
    ]
    assert plans[0] == plans[2] != plans[1]


# Shuffling and dropout.


RANDOM = {
    "units": 3,
    "dropout": 0.3,
    "epochs": 2,
    "batch_size": 16,
    "validation_split": 0.25,
    "engine": "keras",
}


def fit_random(cls=LSTMRegressor, random_state=0, **params):
    y = Y[:, 0] if cls is LSTMRegressor else BINARY
    return cls(**{**RANDOM, "random_state": random_state, **params}).fit(X, y)


@pytest.mark.parametrize("cls", [LSTMRegressor, LSTMClassifier])
def test_a_random_state_gives_equal_bits_for_any_state_of_the_pool(cls, fresh_pool, ways):
    first = fit_random(cls)
    again = fit_random(cls)
    fit_random(cls, random_state=1)
    after_another = fit_random(cls)
    fresh_pool()
    with_empty_pool = fit_random(cls)
    fresh_pool(1)
    fit_random(cls, units=2)
    evicted = fit_random(cls)
    assert ways.keys() == {"copy"}
    for other in (again, after_another, with_empty_pool, evicted):
        assert other.history_ == first.history_
        assert_bits_equal(other.model_, first.model_)
        assert_array_equal(other.predict(X), first.predict(X))
    assert fit_random(cls, random_state=1).history_ != first.history_


def test_a_random_state_gives_equal_bits_after_an_interrupted_fit(fresh_pool):
    first = fit_random()
    fresh_pool()
    with pytest.raises(RuntimeError, match="enough"):
        fit_random(callbacks=[LambdaCallback(on_epoch_end=_fail)])
    assert fit_random().history_ == first.history_


def _fail(epoch, logs):
    raise RuntimeError("enough")


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_seed_gives_the_same_order_with_a_copy_and_with_keras(dropout, ways, monkeypatch):
    case = Case(partial(network, dropout=dropout))
    by_copy = by_engine(case, seed=7)
    monkeypatch.setattr(engine, "plan_of", lambda model, training: None)
    with_keras = by_engine(case, seed=7, run_eagerly=True)
    assert ways == {"copy": 5, "keras": 1}
    assert_same(by_copy, with_keras)
    _, history = by_engine(case, run_eagerly=True)
    assert not np.allclose(history["loss"], by_copy[1]["loss"], atol=1e-4)


def test_shuffled_training_equals_that_of_keras_on_shuffled_rows():
    case = Case(arrays=(X, Y, WEIGHT))
    expected, losses = case.model(run_eagerly=True), []
    for epoch in range(5):
        order = epoch_order(40, 7, epoch).numpy()
        assert sorted(order) != order.tolist()
        x, y, weight = (array[order] for array in case.arrays)
        options = {"sample_weight": weight, "batch_size": 24, "shuffle": False, "verbose": 0}
        losses += expected.fit(x, y, **options).history["loss"]
    assert_same(by_engine(case, seed=7), (expected, {"loss": losses}))


# On a GPU.


def copied_layers(pool):
    return {type(layer) for copy in pool._idle for layer in copy.model._flatten_layers()}


def test_with_a_gpu_the_copies_have_the_lstm_of_keras(fresh_pool, monkeypatch):
    by_engine(Case())
    assert layers.LSTM not in copied_layers(engine.POOL)
    fresh_pool()
    real = tf.config.list_physical_devices
    monkeypatch.setattr(
        tf.config,
        "list_physical_devices",
        lambda kind=None: ["a GPU"] if kind == "GPU" else real(kind),
    )
    actual = by_engine(Case())
    assert layers.LSTM in copied_layers(engine.POOL)
    assert_same(actual, by_keras_once("lstm"))


def test_training_on_a_gpu_equals_training_on_the_cpu(fresh_pool, ways):
    if not tf.config.list_physical_devices("GPU"):
        pytest.skip("TensorFlow sees no GPU")
    for case in (Case(options=QUARTER), CASES["post-padded"]):
        model, history = by_engine(case)
        assert layers.LSTM in copied_layers(engine.POOL)
        with tf.device("/CPU:0"):
            expected, expected_history = by_keras(case)
        for left, right in zip(read_weights(model), read_weights(expected), strict=True):
            assert_allclose(left, right, rtol=0, atol=1e-4)
        assert_allclose(history["loss"], expected_history["loss"], rtol=0, atol=1e-4)
        output = predict(model, case.arrays[0], batch_size=16)
        assert_allclose(output, expected.predict(case.arrays[0], verbose=0), rtol=0, atol=1e-4)
    assert ways["keras"] == 0
