"""`LSTMRegressor` and `LSTMClassifier` with and without Keras."""

import copy
import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skl_lstm import LSTMClassifier, LSTMRegressor, SequenceRegressor, lstm_network
from skl_lstm.estimators import native_network
from skl_lstm.estimators.keras_network import KerasNetwork
from skl_lstm.estimators.native_network import NativeNetwork

X = np.random.default_rng(0).normal(size=(40, 5, 2)).astype(np.float32)
Y = X[:, -1].sum(axis=1)
LABELS = np.where(Y > 0, "up", "down")
QUICK = {"units": 3, "epochs": 2, "batch_size": 8, "random_state": 0}


def kind_of(estimator):
    return type(estimator._network)


def same_start(monkeypatch):
    """Let the native engine start from the weights that Keras draws."""

    def draw(architecture, rng):
        params = {**QUICK, "engine": "keras", "epochs": 1, "learning_rate": 1e-12}
        return LSTMRegressor(**params).fit(X, Y)._network.weights

    monkeypatch.setattr(native_network, "initial_weights", draw)


@pytest.mark.parametrize("cls", [LSTMRegressor, LSTMClassifier])
def test_by_default_a_network_is_trained_without_keras(cls):
    y = Y if cls is LSTMRegressor else LABELS
    assert kind_of(cls(**QUICK).fit(X, y)) is NativeNetwork
    assert kind_of(cls(**QUICK, engine="native").fit(X, y)) is NativeNetwork
    assert kind_of(cls(**QUICK, engine="keras").fit(X, y)) is KerasNetwork


NEED_KERAS = [
    ({"callbacks": [keras.callbacks.TerminateOnNaN()]}, "callbacks are objects of Keras"),
    ({"loss": "mape"}, "loss='mape' is not the name of a loss for an output with activation"),
    ({"loss": keras.losses.Huber(2.0)}, "is not the name of a loss"),
    ({"optimizer": "lion"}, "optimizer='lion' is not one of adam, adamw, nadam, rmsprop, sgd"),
    ({"optimizer": keras.optimizers.Adam}, "is not one of adam"),
    (
        {"optimizer": {"class_name": "adam", "config": {"clipnorm": 1.0}}},
        "it has no optimizer setting clipnorm",
    ),
]


@pytest.mark.parametrize(("params", "reason"), NEED_KERAS)
def test_other_parameters_need_keras(params, reason):
    estimator = LSTMRegressor(**QUICK, **params)
    assert kind_of(estimator.fit(X, Y)) is KerasNetwork
    with pytest.raises(ValueError, match="engine='native' cannot train this LSTMRegressor") as info:
        clone(estimator).set_params(engine="native").fit(X, Y)
    assert reason in str(info.value)
    assert "use engine='auto'" in str(info.value)


def test_another_float_type_needs_keras():
    keras.config.set_floatx("float64")
    try:
        assert kind_of(LSTMRegressor(**QUICK).fit(X, Y)) is KerasNetwork
        with pytest.raises(ValueError, match="the float type of Keras is not float32"):
            LSTMRegressor(**QUICK, engine="native").fit(X, Y)
    finally:
        keras.config.set_floatx("float32")


def test_a_dtype_policy_needs_keras():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert kind_of(LSTMRegressor(**QUICK).fit(X, Y)) is KerasNetwork
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("cls", [LSTMRegressor, LSTMClassifier])
def test_an_unknown_parameter_is_refused_by_the_name_of_the_class(cls):
    with pytest.raises(
        TypeError, match=rf"^{cls.__name__}\.__init__\(\) got an unexpected keyword"
    ):
        cls(unit=3)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="'engine' parameter of LSTMRegressor must be a str among"):
        LSTMRegressor(engine="numba").fit(X, Y)


@pytest.mark.parametrize(
    "params",
    [
        {"patience": 1, "validation_split": 0.3, "epochs": 30, "learning_rate": 0.1},
        {"patience": 0, "epochs": 30, "learning_rate": 0.5},
        {"loss": "mae", "optimizer": "rmsprop"},
        {"optimizer": {"class_name": "SGD", "config": {"momentum": 0.9}}, "learning_rate": 0.01},
        {"optimizer": {"class_name": "adam", "config": {"learning_rate": 0.02}}},
    ],
    ids=["patience", "no patience", "loss and optimizer", "momentum", "learning rate"],
)
def test_both_engines_train_alike(params, monkeypatch):
    same_start(monkeypatch)
    # One batch per epoch, because the engines shuffle the rows differently.
    settings = {**QUICK, "batch_size": 40, "epochs": 10, **params}
    native = LSTMRegressor(**settings, engine="native").fit(X, Y)
    with_keras = LSTMRegressor(**settings, engine="keras").fit(X, Y)
    assert native.n_iter_ == with_keras.n_iter_
    for name, values in with_keras.history_.items():
        assert_allclose(native.history_[name], values, rtol=1e-4)
    assert_allclose(native.predict(X), with_keras.predict(X), rtol=1e-4, atol=1e-5)


def test_weights_of_samples_count_as_in_keras(monkeypatch):
    same_start(monkeypatch)
    weight = np.random.default_rng(0).integers(0, 3, len(X))
    settings = {**QUICK, "batch_size": 40, "epochs": 5, "validation_split": 0.2}
    native, with_keras = (
        LSTMRegressor(**settings, engine=engine).fit(X, Y, sample_weight=weight)
        for engine in ("native", "keras")
    )
    for name, values in with_keras.history_.items():
        assert_allclose(native.history_[name], values, rtol=1e-4)


def test_the_model_is_a_compiled_keras_model_with_the_trained_weights():
    regressor = LSTMRegressor(**QUICK, optimizer="sgd", loss="mae", learning_rate=0.25).fit(X, Y)
    model = regressor.model_
    assert regressor.model_ is model
    assert_allclose(model.predict(X, verbose=0)[:, 0], regressor.predict(X), atol=1e-6)
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert model.optimizer.learning_rate.numpy() == 0.25
    assert model.loss == "mean_absolute_error"
    predicted = regressor.predict(X)
    model.set_weights([np.zeros_like(array) for array in model.get_weights()])
    assert_array_equal(regressor.predict(X), predicted)
    assert not np.any(regressor.model_.predict(X, verbose=0))
    # After more training there is a new model.
    assert regressor.partial_fit(X, Y).model_ is not model
    assert_allclose(regressor.model_.predict(X, verbose=0)[:, 0], regressor.predict(X), atol=1e-6)


def test_an_unfitted_estimator_has_no_model():
    assert not hasattr(LSTMRegressor(), "model_")


@pytest.mark.parametrize("first", ["native", "keras"])
def test_training_can_continue_with_the_other_engine(first):
    second = {"native": "keras", "keras": "native"}[first]
    regressor = LSTMRegressor(**QUICK, engine=first).fit(X, Y)
    predicted = regressor.predict(X)
    # A learning rate near zero, so that the weights stay what they were.
    regressor.set_params(engine=second, learning_rate=1e-12).partial_fit(X, Y)
    assert kind_of(regressor) is {"native": NativeNetwork, "keras": KerasNetwork}[second]
    assert_allclose(regressor.predict(X), predicted, atol=1e-6)
    assert regressor.n_iter_ == 3


def test_training_continues_with_keras_if_a_new_parameter_needs_it():
    regressor = LSTMRegressor(**QUICK).fit(X, Y)
    regressor.set_params(callbacks=[keras.callbacks.TerminateOnNaN()]).partial_fit(X, Y)
    assert kind_of(regressor) is KerasNetwork


def test_a_network_trained_by_keras_stays_with_keras():
    regressor = LSTMRegressor(**QUICK, engine="keras").fit(X, Y)
    regressor.set_params(engine="auto").partial_fit(X, Y)
    assert kind_of(regressor) is KerasNetwork


def test_a_warm_start_continues_like_partial_fit():
    regressor = LSTMRegressor(**{**QUICK, "epochs": 1}).fit(X, Y)
    continued = LSTMRegressor(**{**QUICK, "epochs": 1}, warm_start=True).fit(X, Y)
    for _ in range(2):
        regressor.partial_fit(X, Y)
        continued.fit(X, Y)
    assert continued.n_iter_ == regressor.n_iter_ == 3
    assert_array_equal(continued.predict(X), regressor.predict(X))


def test_a_loaded_network_continues_with_a_new_optimizer():
    restored = pickle.loads(pickle.dumps(LSTMRegressor(**QUICK).fit(X, Y)))
    # The first step of a new Adam changes each weight by the learning rate.
    before = restored._network.weights
    restored.set_params(batch_size=40).partial_fit(X, Y)
    steps = [a - b for a, b in zip(restored._network.weights, before, strict=True)]
    assert_allclose(np.abs(np.concatenate([step.ravel() for step in steps])), 1e-3, rtol=0.1)


def test_training_a_shallow_copy_does_not_change_the_original():
    regressor = LSTMRegressor(**QUICK).fit(X, Y)
    predicted = regressor.predict(X)
    copy.copy(regressor).partial_fit(X, Y)
    assert_array_equal(regressor.predict(X), predicted)


class Interrupt:
    """A stand-in for `train_epoch` that is interrupted in its second call."""

    def __init__(self, original):
        self._original, self._calls = original, 0

    def __call__(self, trainer, epoch):
        self._calls += 1
        if self._calls == 2:
            raise KeyboardInterrupt
        return self._original(trainer, epoch)


def test_an_interrupted_fit_leaves_the_estimator_as_it_was(monkeypatch):
    regressor = LSTMRegressor(**QUICK).fit(X, Y)
    predicted, history = regressor.predict(X), regressor.history_
    interrupt = Interrupt(native_network.Trainer.train_epoch)
    monkeypatch.setattr(
        native_network.Trainer, "train_epoch", lambda trainer, epoch: interrupt(trainer, epoch)
    )
    with pytest.raises(KeyboardInterrupt):
        regressor.set_params(warm_start=True).fit(X, Y)
    assert_array_equal(regressor.predict(X), predicted)
    assert regressor.history_ is history


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_verbose_prints_the_epochs(verbose, capsys):
    LSTMRegressor(**QUICK, validation_split=0.2, verbose=verbose).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    if verbose == 0:
        assert lines == []
        return
    assert lines[0::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(line.startswith("4/4 - ") and " - val_loss: " in line for line in lines[1::2])


def test_2d_x_has_one_feature():
    flat = LSTMRegressor(**QUICK).fit(X[:, :, 0], Y)
    deep = LSTMRegressor(**QUICK).fit(X[:, :, :1], Y)
    assert_array_equal(flat.predict(X[:, :, 0]), deep.predict(X[:, :, :1]))
    assert flat.model_.input_shape == (None, None)


def test_sequence_estimators_use_keras():
    params = {"epochs": 1, "run_eagerly": True}
    assert kind_of(SequenceRegressor(lstm_network, **params).fit(X, Y)) is KerasNetwork


# Run before other code, this makes the import of these packages fail.
WITHOUT_KERAS = """
import sys
class Refuse:
    def find_spec(name, path=None, target=None):
        if name in {"keras", "tensorflow", "scikeras"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse)
import pickle, tempfile
import joblib, numpy as np, skops.io
from sklearn import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr
from skl_lstm import TRUSTED_TYPES, LSTMClassifier, LSTMRegressor, SequenceReshaper
X = np.random.default_rng(0).normal(size=(40, 6)); y = X[:, -1]
"""

WORK_WITHOUT_KERAS = [
    "LSTMRegressor(2, epochs=1, callbacks=[], verbose=0).fit(X, y).partial_fit(X, y).score(X, y)",
    "LSTMClassifier(2, epochs=1, class_weight='balanced').fit(X, y > 0).predict_proba(X)",
    "pickle.loads(pickle.dumps(LSTMRegressor(2, epochs=1, optimizer={'class_name': 'sgd', "
    "'config': {}}).fit(X, y))).predict(X)",
    "search = GridSearchCV(make_pipeline(StandardScaler(), SequenceReshaper(features=2), "
    "LSTMRegressor(epochs=1)), {'lstmregressor__units': [2, 3]}, n_jobs=2).fit(X, y); "
    "search.predict(X); clone(search); estimator_html_repr(search.best_estimator_)",
    "fitted = LSTMRegressor(2, epochs=1).fit(X, y); expected = fitted.predict(X)\n"
    "for load in (lambda o: pickle.loads(pickle.dumps(o)), lambda o: skops.io.loads("
    "skops.io.dumps(o), trusted=TRUSTED_TYPES)):\n"
    "    assert (load(fitted).predict(X) == expected).all()\n"
    "with tempfile.TemporaryFile() as file:\n"
    "    joblib.dump(fitted, file); file.seek(0)\n"
    "    assert (joblib.load(file).predict(X) == expected).all()",
]


@pytest.mark.parametrize("code", WORK_WITHOUT_KERAS)
def test_native_estimators_work_where_keras_is_not_installed(code):
    subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_KERAS + code],
        check=True,
        capture_output=True,
        text=True,
    )


def test_a_safe_file_with_an_optimizer_as_a_dict_is_checked():
    evil = {"class_name": "TFSMLayer", "module": "keras.layers", "config": {"filepath": "x"}}
    state = LSTMRegressor(optimizer=evil).__getstate__()
    with pytest.raises(ValueError, match=r"names keras\.layers\.TFSMLayer"):
        LSTMRegressor().__setstate__(state)


def test_the_float_type_is_read_from_the_settings_of_keras(tmp_path):
    (tmp_path / "keras.json").write_text('{"floatx": "float64"}', encoding="utf-8")
    code = (
        "import sys; from skl_lstm._core.float_type import floatx; before = floatx(); "
        "loaded = 'keras' in sys.modules; import keras; print(before, loaded, floatx())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_HOME": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["float64", "False", "float64"]
