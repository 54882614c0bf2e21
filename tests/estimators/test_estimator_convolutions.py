"""Estimators with convolutions beside the LSTM, and with batch normalization."""

import pickle

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scikeras.wrappers import KerasRegressor
from sklearn.base import clone

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    LSTMStepClassifier,
    LSTMStepRegressor,
    lstm_network,
)
from skl_lstm.networks.models import read_weights

FCN = {
    "units": (3, 2, 2),  # with which Keras lists the weights of both branches in turn
    "conv_filters": (4, 2),
    "kernel_size": (5, 3),
    "conv_padding": "same",
    "conv_position": "beside",
    "batch_normalization": True,
}
QUICK = {"epochs": 2, "learning_rate": 0.01, "random_state": 0}
MASK_VALUE = -1.0


@pytest.fixture(scope="module")
def sequences():
    """Sequences of 1 to 6 steps, padded behind the end."""
    rng = np.random.default_rng(0)
    X = rng.normal(5.0, size=(40, 6, 2)) * [1, 1e3]
    for row, length in zip(X, rng.integers(1, 7, 40), strict=True):
        row[length:] = MASK_VALUE
    return X


@pytest.fixture(scope="module")
def target(sequences):
    return 1e3 * sequences[:, 0, 0] + sequences[:, 0, 1]


def regressor(**changes):
    return LSTMRegressor(**{**FCN, **QUICK, "mask_value": MASK_VALUE, **changes})


OPTIONS = {
    "all": {},
    "before": {"conv_position": "before"},
    "without batch normalization": {"batch_normalization": False},
    "bidirectional": {"bidirectional": True, "cell": "gru", "units": (2, 3)},
    "one filter": {"conv_filters": 1, "kernel_size": 2},
    "unscaled": {"scaling": None},
    "no mask": {"mask_value": None},
    "quantiles": {"quantiles": (0.1, 0.5, 0.9)},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_model_and_copies_give_the_same_predictions(sequences, target, name):
    fitted = regressor(**OPTIONS[name]).fit(sequences, target)
    predicted = fitted.predict(sequences)
    model = keras.models.model_from_json(fitted.model_.to_json())
    model.set_weights(read_weights(fitted.model_))
    output = model.predict(sequences.astype(np.float32), verbose=0)
    column = 1 if "quantiles" in OPTIONS[name] else 0
    np.testing.assert_allclose(output[:, column], predicted, atol=1e-4 * target.std())
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict(sequences), predicted)
    np.testing.assert_array_equal(
        clone(fitted).fit(sequences, target).predict(sequences), predicted
    )
    # Unpickling does not compile the model, so this builds a new one.
    loaded.set_params(optimizer="sgd", learning_rate=1e-12).partial_fit(sequences, target)
    pairs = (one._network.model.trainable_variables for one in (loaded, fitted))
    for actual, expected in zip(*pairs, strict=True):
        np.testing.assert_allclose(actual.value, expected.value, atol=1e-6)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 4), st.integers(0, 4), st.sampled_from(["before", "beside"]))
def test_padding_changes_no_training(before, after, position):
    rng = np.random.default_rng(0)
    X = rng.normal(5.0, size=(24, 4, 2))
    X[::3, 2:] = MASK_VALUE
    labels = np.where(X[:, 0, 0] > 5, "up", "down")
    padded = np.pad(X, ((0, 0), (before, after), (0, 0)), constant_values=MASK_VALUE)
    params = {**FCN, **QUICK, "conv_position": position, "mask_value": MASK_VALUE}
    classifier = LSTMClassifier(**params, optimizer="sgd", batch_size=8)
    expected = clone(classifier).fit(X, labels).predict_proba(X)
    classifier.fit(padded, labels)
    for values in (X, padded):
        np.testing.assert_allclose(classifier.predict_proba(values), expected, atol=1e-4)


def test_training_fits_the_data():
    # The label is the sign of a pattern that is anywhere in the sequence.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 20, 1))
    labels = np.arange(120) % 2
    for row, label, start in zip(X, labels, rng.integers(0, 16, 120), strict=True):
        row[start : start + 4, 0] += [4, -4, 4, -4] if label else [-4, -4, 4, 4]
    classifier = LSTMClassifier(4, conv_filters=8, kernel_size=4, random_state=0)
    classifier.set_params(conv_position="beside", batch_normalization=True, conv_padding="same")
    classifier.set_params(epochs=30, learning_rate=0.01, validation_split=0.25).fit(X, labels)
    assert classifier.history_["val_loss"][-1] < 0.3
    assert classifier.score(X[90:], labels[90:]) > 0.9


def test_early_stopping_restores_the_moving_statistics(sequences, target):
    class Record(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            recorded.append(read_weights(self.model))

    recorded = []
    fitted = regressor(validation_split=0.25, patience=1, epochs=40, learning_rate=0.3)
    fitted.set_params(callbacks=[Record()]).fit(sequences, target)
    best = int(np.argmin(fitted.history_["val_loss"]))
    assert best < fitted.n_iter_ - 1
    for actual, expected in zip(fitted._network.weights, recorded[best], strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_warm_start_continues_with_the_moving_statistics(sequences, target):
    whole = regressor(epochs=4).fit(sequences, target)
    halves = regressor(warm_start=True).fit(sequences, target).fit(sequences, target)
    np.testing.assert_array_equal(halves.predict(sequences), whole.predict(sequences))


def test_weightless_samples_change_nothing(sequences, target):
    weight = np.where(np.arange(40) < 30, 2.0, 0.0)
    X = np.where(weight[:, np.newaxis, np.newaxis] > 0, sequences, 1e6)
    fitted = regressor().fit(X, target, sample_weight=weight)
    expected = regressor().fit(sequences[:30], target[:30], sample_weight=np.full(30, 2.0))
    np.testing.assert_array_equal(fitted.predict(sequences), expected.predict(sequences))


@pytest.mark.parametrize("cls", [LSTMRegressor, LSTMClassifier])
@pytest.mark.parametrize(
    ("params", "reasons"),
    [
        ({"conv_position": "beside"}, "conv_position='beside' needs Keras"),
        ({"batch_normalization": True}, "batch_normalization=True needs Keras"),
        (
            {"conv_position": "beside", "batch_normalization": True},
            "conv_position='beside' needs Keras; batch_normalization=True needs Keras",
        ),
    ],
)
def test_the_native_engine_names_what_it_cannot_train(cls, params, reasons):
    estimator = cls(2, conv_filters=2, engine="native", **params)
    message = (
        f"^engine='native' cannot train this {cls.__name__}: {reasons}\\. Change these parameters, "
        "or use engine='auto', which trains with Keras here\\.$"
    )
    with pytest.raises(ValueError, match=message):
        estimator.fit(np.zeros((4, 3, 1)), [0, 1, 0, 1])


def test_the_native_engine_trains_centred_kernels_of_several_sizes(sequences, target):
    params = {"conv_position": "before", "batch_normalization": False}
    native = regressor(**params, engine="native").fit(sequences, target)
    output = native.model_.predict(sequences.astype(np.float32), verbose=0)[:, 0]
    np.testing.assert_allclose(output, native.predict(sequences), atol=1e-4 * target.std())
    assert [kernel.shape[0] for kernel in native._network.weights[:3:2]] == [5, 3]
    # The weights are those of the native engine. One more epoch hardly changes them.
    before = native.predict(sequences)
    native.set_params(engine="keras", optimizer="sgd", learning_rate=1e-12)
    native.partial_fit(sequences, target)
    np.testing.assert_allclose(native.predict(sequences), before, atol=1e-4 * target.std())


def test_scikeras_takes_the_parameters(sequences, target):
    params = {f"model__{name}": value for name, value in FCN.items()}
    wrapper = KerasRegressor(lstm_network, **params, loss="mse", epochs=1, verbose=0)
    wrapper.fit(sequences.astype("float32"), target)
    assert wrapper.model_.get_layer("joined").output.shape == (None, 4)
    assert np.isfinite(wrapper.predict(sequences.astype("float32"))).all()


@pytest.mark.parametrize("cls", [LSTMRegressor, LSTMClassifier])
def test_files_without_the_new_parameters_are_read(cls):
    new = ["conv_padding", "conv_position", "batch_normalization"]
    X, y = np.random.default_rng(0).normal(size=(8, 3, 1)), [0, 1] * 4
    fitted = cls(2, conv_filters=2, epochs=1, random_state=0).fit(X, y)
    state = fitted.__getstate__()
    for parameter in new:
        del state[parameter]
    for architecture in (state["_description"]["architecture"], *_architectures(state)):
        for field in new:
            architecture.pop(field, None)
    loaded = cls.__new__(cls)
    loaded.__setstate__(state)
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    assert loaded.get_params() == fitted.get_params()
    loaded.partial_fit(X, y)


def _architectures(value):
    """Return the dicts of architectures inside the state of an estimator."""
    if not isinstance(value, dict):
        return []
    inner = [found for item in value.values() for found in _architectures(item)]
    return [*inner, *([value] if "conv_filters" in value and "ndim" in value else [])]


@pytest.mark.parametrize("cls", [LSTMStepRegressor, LSTMStepClassifier])
def test_estimators_of_steps_lack_what_needs_the_whole_sequence(cls):
    assert not {"conv_position", "batch_normalization"} & set(cls().get_params())
    X = [np.random.default_rng(0).normal(size=(length, 2)) for length in (3, 5, 4)]
    y = [np.arange(len(item)) % 2 for item in X]
    params = {"conv_filters": (3, 2), "kernel_size": (4, 2), "epochs": 1, "random_state": 0}
    fitted = cls(2, **params).fit(X, y)
    assert [len(array) for array in fitted._network.weights[:3:2]] == [4, 2]
