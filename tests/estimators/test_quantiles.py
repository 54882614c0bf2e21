"""`LSTMRegressor(quantiles=…)`: one network predicts several quantiles, which never cross."""

import io
import pickle
import re
import subprocess
import sys

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import d2_pinball_score, make_scorer, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from strategies import unhurried

from skl_lstm import (
    TRUSTED_TYPES,
    LSTMClassifier,
    LSTMRegressor,
    SequenceRegressor,
    SequenceReshaper,
    lstm_network,
)
from skl_lstm._core.uncertainty import predict_with_uncertainty, quantile_levels
from skl_lstm.estimators import native_network
from skl_lstm.estimators.keras_network import KerasNetwork
from skl_lstm.estimators.native_network import NativeNetwork
from skl_lstm.estimators.targets import NumericTarget, point_forecast
from skl_lstm.networks.pinball import PinballLoss
from skl_lstm.training.keras.plans import plan_of

ENGINES = ["native", "keras"]
LEVELS = (0.1, 0.5, 0.9)
X = np.random.default_rng(0).normal(size=(40, 5, 2))
Y = X[:, -1].sum(axis=1)
TWO = np.column_stack([650 + 50 * Y, 1e-6 * (Y + 20)])
SMALL = {"units": 4, "epochs": 3, "batch_size": 8, "random_state": 0}


def regressor(quantiles=LEVELS, **params):
    return LSTMRegressor(**{**SMALL, **params}, quantiles=quantiles)


def quantiles_of(estimator, X):
    return estimator.predict(X, return_quantiles=True)[1]


def raw_outputs(fitted, X):
    """Return the outputs of the network, which are neither scaled back nor sorted."""
    return fitted._network.predict(fitted._to_network(X, fitted._description), batch_size=32)


levels = st.lists(st.floats(0.001, 0.999), min_size=1, max_size=6, unique=True).map(sorted)


# The arithmetic, beside plain loops.


@unhurried
@given(st.data(), levels, st.integers(1, 4), st.integers(1, 3), st.sampled_from(["f4", "f8", "i8"]))
def test_the_quantiles_of_each_output_are_sorted(data, levels, n, outputs, dtype):
    raw = data.draw(arrays("f8", (n, outputs * len(levels)), elements=st.floats(-9, 9)))
    y = np.zeros((n, outputs), dtype)
    target = NumericTarget.describe(y, "LSTMRegressor", quantiles=tuple(levels))
    quantiles = target.decode_quantiles(raw)
    assert quantiles.shape == (n, outputs, len(levels))
    assert quantiles.dtype == ("f4" if dtype == "f4" else "f8")
    for sample, outputs_of_sample in zip(raw, quantiles, strict=True):
        for k, of_output in enumerate(outputs_of_sample):
            first = k * len(levels)
            expected = sorted(sample[first : first + len(levels)].tolist())
            assert_array_equal(of_output, np.array(expected, quantiles.dtype))
    forecast = target.decode(raw)
    assert forecast.shape == y.shape
    assert (forecast >= quantiles[..., 0]).all()
    assert (forecast <= quantiles[..., -1]).all()


def plain_forecast(quantiles, levels):
    nearest = min(levels, key=lambda level: abs(level - 0.5))
    if abs(nearest - 0.5) < 1e-6:
        return quantiles[levels.index(nearest)]
    below = [value for value, level in zip(quantiles, levels, strict=True) if level < 0.5]
    above = [value for value, level in zip(quantiles, levels, strict=True) if level > 0.5]
    if not below:
        return above[0]
    return (below[-1] + above[0]) / 2 if above else below[-1]


@unhurried
@given(st.data(), levels, st.booleans())
def test_the_forecast_is_the_middle_of_the_quantiles(data, levels, with_median):
    if with_median:
        levels = sorted({level for level in levels if abs(level - 0.5) > 1e-3} | {0.5})
    elements = st.floats(-9, 9)
    quantiles = np.sort(data.draw(arrays("f8", (3, len(levels)), elements=elements)))
    expected = [plain_forecast(row.tolist(), levels) for row in quantiles]
    assert_allclose(point_forecast(quantiles, levels), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((0.1, 0.5, 0.9), 10.0),
        ((0.1, 0.3 + 0.2, 0.9), 10.0),
        ((0.1, 0.5 + 1e-9, 0.9), 10.0),  # a rounded 0.5
        ((0.1, 0.5, 0.5 + 1e-9), 10.0),
        ((0.1, 0.4, 0.8), 55.0),
        ((0.1, 0.6, 0.8), 5.5),
        ((0.6, 0.7, 0.8), 1.0),
        ((0.1, 0.2, 0.3), 100.0),
    ],
)
def test_the_rule_of_the_forecast_by_example(levels, expected):
    assert point_forecast(np.array([[1.0, 10.0, 100.0]]), levels) == [expected]


# Predictions.


@settings(max_examples=15, deadline=None)
@given(levels, st.integers(0, 99), st.integers(1, 2), st.sampled_from(["standard", None]))
def test_quantiles_never_cross(levels, seed, epochs, scaling):
    params = {"epochs": epochs, "random_state": seed, "scaling": scaling}
    for y in (Y, TWO):
        fitted = regressor(levels, **params).fit(X, y)
        forecast, quantiles = fitted.predict(100 * X, return_quantiles=True)
        assert (np.diff(quantiles, axis=-1) >= 0).all()
        assert forecast.shape == y.shape
        assert quantiles.shape == (*y.shape, len(levels))
        assert_array_equal(fitted.predict(100 * X), forecast)


def test_the_network_itself_can_return_them_in_a_wrong_order():
    fitted = regressor(epochs=1).fit(X, Y)
    assert (np.diff(raw_outputs(fitted, X)) < 0).any()
    assert (np.diff(quantiles_of(fitted, X)) >= 0).all()


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
def test_quantiles_have_the_dtype_of_y(dtype):
    y = (650 + 50 * Y).astype(dtype)
    forecast, quantiles = regressor().fit(X, y).predict(X, return_quantiles=True)
    assert forecast.dtype == quantiles.dtype == ("f4" if dtype == "f4" else "f8")
    assert_array_equal(forecast, quantiles[:, 1])


def test_a_column_stays_a_column():
    fitted = regressor().fit(X, Y[:, np.newaxis])
    forecast, quantiles = fitted.predict(X, return_quantiles=True)
    assert (forecast.shape, quantiles.shape) == ((40, 1), (40, 1, 3))
    assert_array_equal(quantiles[:, 0], quantiles_of(regressor().fit(X, Y), X))


def test_2d_x_has_one_feature():
    flat = regressor().fit(X[:, :, 0], Y)
    deep = regressor().fit(X[:, :, :1], Y)
    assert_array_equal(quantiles_of(flat, X[:, :, 0]), quantiles_of(deep, X[:, :, :1]))
    output = flat.model_.predict(X[:, :, 0].astype("f4"), verbose=0)
    assert_allclose(output, quantiles_of(flat, X[:, :, 0]), atol=1e-5)


@pytest.mark.parametrize(
    "quantiles", [list(LEVELS), np.array(LEVELS), np.array(LEVELS, "f4"), pd.Series(LEVELS)]
)
def test_quantiles_can_be_any_list_and_stay_as_they_are(quantiles):
    estimator = regressor(quantiles)
    fitted = estimator.fit(X, Y)
    assert estimator.quantiles is quantiles
    assert fitted.quantiles_.dtype == np.float64
    assert_allclose(fitted.quantiles_, LEVELS, rtol=1e-7)
    assert_allclose(quantiles_of(fitted, X), quantiles_of(regressor().fit(X, Y), X), rtol=1e-5)


# A negative factor would mirror the quantiles.
factors = st.floats(-20, 20).map(lambda exponent: 10.0**exponent)
shifts = st.floats(-100, 100)


@settings(max_examples=25, deadline=None)
@given(factors, shifts, factors, shifts)
def test_quantiles_follow_an_affine_change(factor, shift, y_factor, y_shift):
    plain = quantiles_of(regressor().fit(X, Y), X)
    X_changed = np.stack([factor * (X[:, :, 0] + shift), X[:, :, 1]], axis=2)
    changed = quantiles_of(regressor().fit(X_changed, y_factor * (Y + y_shift)), X_changed)
    assert_allclose(changed / y_factor - y_shift, plain, atol=1e-4 * Y.std())


@pytest.mark.parametrize("engine", ENGINES)
def test_each_output_is_scaled_with_its_own_units(engine):
    alone = quantiles_of(regressor(engine=engine).fit(X, np.column_stack([Y, Y])), X)
    quantiles = quantiles_of(regressor(engine=engine).fit(X, TWO), X)
    assert_allclose((quantiles[:, 0] - 650) / 50, alone[:, 0], atol=1e-4)
    assert_allclose(quantiles[:, 1] / 1e-6 - 20, alone[:, 1], atol=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_quantiles_are_calibrated_on_known_noise(engine):
    """With noise whose spread depends on X, each share and each value approaches the truth."""
    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, size=(2000, 3, 1))
    spread = 0.2 + 0.4 * (X[:, -1, 0] > 0)
    y = 5 + 2 * X[:, -1, 0] + spread * rng.normal(size=2000)
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    params = {"units": 8, "epochs": 30, "batch_size": 64, "learning_rate": 0.01, "engine": engine}
    fitted = regressor(levels, **params).fit(X[:1000], y[:1000])
    quantiles = quantiles_of(fitted, X[1000:])
    assert_allclose((y[1000:, np.newaxis] <= quantiles).mean(axis=0), levels, atol=0.05)
    truth = 5 + 2 * X[1000:, -1] + spread[1000:, np.newaxis] * norm.ppf(levels)
    assert np.abs(quantiles - truth).mean() < 0.15
    widths = quantiles[:, -1] - quantiles[:, 0]
    wide = X[1000:, -1, 0] > 0.2
    narrow = X[1000:, -1, 0] < -0.2
    assert widths[wide].mean() > 2 * widths[narrow].mean()


# Engines.


def same_start(monkeypatch):
    """Let the native engine start from the weights that Keras draws."""

    def draw(architecture, rng):
        y = np.zeros((40, architecture.outputs // len(architecture.quantiles)))
        params = {"engine": "keras", "epochs": 1, "learning_rate": 1e-12}
        return regressor(architecture.quantiles, **params).fit(X, y)._network.weights

    monkeypatch.setattr(native_network, "initial_weights", draw)


@pytest.mark.parametrize("y", [Y, TWO], ids=["one output", "two outputs"])
@pytest.mark.parametrize(
    ("params", "weighted"),
    [
        ({}, False),
        ({"validation_split": 0.25}, True),
        ({"patience": 1, "validation_split": 0.3, "epochs": 30, "learning_rate": 0.1}, False),
        ({"scaling": None, "optimizer": "sgd"}, False),
    ],
    ids=["plain", "weights", "patience", "unscaled"],
)
def test_both_engines_train_alike(params, weighted, y, monkeypatch):
    same_start(monkeypatch)
    weight = np.random.default_rng(0).integers(0, 3, len(X)) if weighted else None
    y = (y - y.mean(axis=0)) / y.std(axis=0) if params.get("scaling", 1) is None else y
    # One batch per epoch, because the engines shuffle the rows differently.
    settings = {"batch_size": 40, "epochs": 10, **params}
    native, with_keras = (
        regressor((0.05, 0.3, 0.9), **settings, engine=engine).fit(X, y, sample_weight=weight)
        for engine in ENGINES
    )
    assert type(native._network) is NativeNetwork
    assert type(with_keras._network) is KerasNetwork
    assert native.n_iter_ == with_keras.n_iter_
    for name, values in with_keras.history_.items():
        assert_allclose(native.history_[name], values, rtol=1e-5, atol=1e-6)
    spread = y.std(axis=0)[..., np.newaxis]
    assert_allclose(
        quantiles_of(native, X) / spread, quantiles_of(with_keras, X) / spread, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("first", ENGINES)
def test_training_can_continue_with_the_other_engine(first):
    second = {"native": "keras", "keras": "native"}[first]
    fitted = regressor(engine=first).fit(X, TWO)
    quantiles = quantiles_of(fitted, X)
    # A learning rate near zero, so that the weights stay what they were.
    fitted.set_params(engine=second, learning_rate=1e-12).partial_fit(X, TWO)
    assert_allclose(quantiles_of(fitted, X) / TWO.std(), quantiles / TWO.std(), atol=1e-6)
    assert_array_equal(fitted.quantiles_, LEVELS)
    assert isinstance(fitted.model_.loss, PinballLoss)


def test_traced_copies_are_shared_by_networks_of_equal_quantiles():
    plans = [
        plan_of(regressor(q, engine="keras").fit(X, Y)._network.model, training=True)
        for q in (LEVELS, LEVELS, (0.2, 0.5, 0.9))
    ]
    assert plans[0] is not None
    assert plans[0] == plans[1] != plans[2]


def test_callbacks_of_keras_train_with_keras():
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    fitted = regressor(callbacks=[callback]).fit(X, Y)
    assert type(fitted._network) is KerasNetwork
    assert seen == [0, 1, 2]


def test_keras_is_not_loaded_for_quantiles():
    code = (
        "import sys, pickle, numpy as np; from skl_lstm import LSTMRegressor\n"
        "X = np.random.default_rng(0).normal(size=(40, 6)); y = X[:, -1]\n"
        "fitted = LSTMRegressor(2, epochs=1, quantiles=(0.1, 0.9)).fit(X, y).partial_fit(X, y)\n"
        "expected = fitted.predict(X, return_quantiles=True)\n"
        "back = pickle.loads(pickle.dumps(fitted)).predict(X, return_quantiles=True)\n"
        "assert all(map(np.array_equal, back, expected)); assert 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True)


# model_, files.


@pytest.mark.parametrize("scaling", ["standard", None])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_model_returns_sorted_quantiles(engine, scaling):
    y = TWO if scaling else np.column_stack([Y, -Y])
    fitted = regressor(engine=engine, scaling=scaling, epochs=1).fit(X, y)
    model, quantiles = fitted.model_, quantiles_of(fitted, X)
    assert fitted.model_ is model
    output = model.predict(X.astype("f4"), verbose=0)
    assert output.shape == (40, 6)
    assert (np.diff(raw_outputs(fitted, X).reshape(40, 2, 3)) < 0).any()
    spread = y.std(axis=0)[:, np.newaxis]
    assert_allclose(output.reshape(40, 2, 3) / spread, quantiles / spread, atol=1e-5)
    assert isinstance(model.loss, PinballLoss)
    expected = np.mean(
        [mean_pinball_loss(y, quantiles[..., i], alpha=q) for i, q in enumerate(LEVELS)]
    )
    assert_allclose(model.evaluate(X.astype("f4"), y, verbose=0), expected, rtol=1e-4)
    # It is a copy, and is replaced after more training.
    model.set_weights([np.zeros_like(array) for array in model.get_weights()])
    assert_array_equal(quantiles_of(fitted, X), quantiles)
    assert fitted.partial_fit(X, y).model_ is not model


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras
@pytest.mark.parametrize("engine", ENGINES)
def test_a_saved_model_loads(engine, tmp_path):
    fitted = regressor(engine=engine).fit(X, Y)
    fitted.model_.save(tmp_path / "network.keras")
    for options in ({}, {"compile": False}):
        loaded = keras.saving.load_model(tmp_path / "network.keras", **options)
        output = loaded.predict(X.astype("f4"), verbose=0)
        assert_allclose(output, quantiles_of(fitted, X), atol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras
def test_a_saved_model_loads_in_another_process(tmp_path):
    fitted = regressor().fit(X, Y)
    fitted.model_.save(tmp_path / "network.keras")
    np.save(tmp_path / "X.npy", X.astype("f4"))
    code = (
        "import keras, numpy as np; import skl_lstm.networks.pinball\n"
        "model = keras.saving.load_model('network.keras')\n"
        "assert model.loss.quantiles == (0.1, 0.5, 0.9)\n"
        "np.save('output.npy', model.predict(np.load('X.npy'), verbose=0))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=tmp_path)
    assert_allclose(np.load(tmp_path / "output.npy"), quantiles_of(fitted, X), atol=1e-5)


def test_the_layers_of_the_model_are_keras_own():
    model = regressor().fit(X, Y).model_
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)


def through_joblib(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


WAYS = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "joblib": through_joblib,
    "skops": lambda estimator: skops.io.loads(skops.io.dumps(estimator), trusted=TRUSTED_TYPES),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_files_keep_the_quantiles(way, engine):
    fitted = regressor(engine=engine).fit(X, TWO)
    back = way(fitted)
    assert_array_equal(quantiles_of(back, X), quantiles_of(fitted, X), strict=True)
    assert_array_equal(back.quantiles_, fitted.quantiles_, strict=True)
    assert back.quantiles == LEVELS
    output = back.model_.predict(X.astype("f4"), verbose=0).reshape(40, 2, 3)
    spread = TWO.std(axis=0)[:, np.newaxis]
    assert_allclose(output / spread, quantiles_of(fitted, X) / spread, atol=1e-5)
    first = fitted.history_["loss"][-1]
    assert back.partial_fit(X, TWO).history_["loss"][-1] < 1.1 * first
    assert_array_equal(back.quantiles_, LEVELS)


@pytest.mark.parametrize("engine", ENGINES)
def test_files_without_quantiles_can_still_be_read(engine):
    """Before there were quantiles, a file contained none of these entries."""
    fitted = LSTMRegressor(**SMALL, engine=engine).fit(X, TWO)
    state = fitted.__getstate__()
    description = state["_description"]
    del state["quantiles"], description["target"]["quantiles"]
    del description["architecture"]["quantiles"]
    if engine == "native":
        del state["_network"]["architecture"]["quantiles"]
    back = LSTMRegressor.__new__(LSTMRegressor)
    back.__setstate__(state)
    assert_array_equal(back.predict(X), fitted.predict(X))
    assert back.quantiles is None
    assert not hasattr(back, "quantiles_")
    clone(back.partial_fit(X, TWO)).fit(X, Y)


def test_the_loss_of_keras_is_restored_from_its_configuration():
    loss = PinballLoss(np.array(LEVELS))
    back = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(back) is PinballLoss
    assert back.get_config() == loss.get_config()
    assert back.quantiles == LEVELS


# In ordinary scikit-learn.


def test_a_pipeline_passes_the_argument_on():
    table = X.reshape(40, 10)
    pipeline = make_pipeline(SequenceReshaper(features=2), regressor()).fit(table, Y)
    forecast, quantiles = pipeline.predict(table, return_quantiles=True)
    alone = regressor().fit(X, Y).predict(X, return_quantiles=True)
    assert_array_equal(forecast, alone[0])
    assert_array_equal(quantiles, alone[1])
    assert_array_equal(pipeline.predict(table), forecast)
    assert_array_equal(quantile_levels(pipeline), LEVELS)


def test_the_argument_can_be_routed():
    with config_context(enable_metadata_routing=True):
        estimator = regressor().set_predict_request(return_quantiles=True)
        pipeline = make_pipeline(SequenceReshaper(features=2), estimator)
        pipeline.fit(X.reshape(40, 10), Y)
        forecast, quantiles = pipeline.predict(X.reshape(40, 10), return_quantiles=True)
    assert (forecast.shape, quantiles.shape) == ((40,), (40, 3))


def test_metrics_of_quantiles_accept_the_predictions():
    quantiles = quantiles_of(regressor(epochs=30, learning_rate=0.02).fit(X, Y), X)
    for i, level in enumerate(LEVELS):
        assert d2_pinball_score(Y, quantiles[:, i], alpha=level) > 0.3
        assert mean_pinball_loss(Y, quantiles[:, i], alpha=level) < 0.3


def test_one_quantile_is_scored_like_any_regressor():
    scorer = make_scorer(mean_pinball_loss, alpha=0.9, greater_is_better=False)
    scores = cross_val_score(regressor((0.9,)), X, Y, scoring=scorer, cv=2)
    assert (scores < 0).all()
    fitted = regressor((0.9,)).fit(X, Y)
    assert_array_equal(fitted.predict(X), quantiles_of(fitted, X)[:, 0])


def test_quantiles_can_be_searched():
    grid = {"quantiles": [None, (0.5,), (0.1, 0.5, 0.9)], "units": [2]}
    search = GridSearchCV(regressor(epochs=1), grid, cv=2, error_score="raise").fit(X, Y)
    assert len(search.cv_results_["mean_test_score"]) == 3
    assert search.best_estimator_.predict(X).shape == (40,)


def test_a_clone_has_the_parameter_but_not_the_attribute():
    fitted = regressor().fit(X, Y)
    copied = clone(fitted)
    assert copied.get_params()["quantiles"] == LEVELS
    assert not hasattr(copied, "quantiles_")
    assert_array_equal(quantiles_of(copied.fit(X, Y), X), quantiles_of(fitted, X))


def test_the_uncertainty_of_a_fitted_estimator():
    prediction = predict_with_uncertainty(regressor().fit(X, Y), X)
    assert_array_equal(prediction.levels, LEVELS)
    assert_array_equal(prediction.interval, prediction.quantiles[:, [0, 2]])
    assert prediction.coverage == pytest.approx(0.8)
    assert predict_with_uncertainty(LSTMRegressor(**SMALL).fit(X, Y), X).levels is None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("again", ["partial_fit", "warm_start"])
def test_more_training_keeps_the_quantiles_of_the_first_fit(engine, again):
    fitted = regressor(engine=engine, warm_start=True).fit(X, Y)
    before = fitted.history_["loss"][-1]
    fitted.set_params(quantiles=(0.3, 0.6), loss="mae", learning_rate=0.01)
    step = fitted.partial_fit if again == "partial_fit" else fitted.fit
    for continued in (step(X, Y), step(X, Y)):
        assert_array_equal(continued.quantiles_, LEVELS)
        assert quantiles_of(continued, X).shape == (40, 3)
    assert fitted.history_["loss"][-1] < before


def test_partial_fit_can_be_the_first_call():
    fitted = regressor().partial_fit(X, Y)
    assert_array_equal(fitted.quantiles_, LEVELS)
    assert quantiles_of(fitted, X).shape == (40, 3)


def test_a_new_fit_without_quantiles_has_none():
    fitted = regressor().fit(X, Y).set_params(quantiles=None).fit(X, Y)
    assert not hasattr(fitted, "quantiles_")
    assert_array_equal(fitted.predict(X), LSTMRegressor(**SMALL).fit(X, Y).predict(X))


def test_a_failed_fit_keeps_the_quantiles():
    fitted = regressor().fit(X, Y)
    with pytest.raises(ValueError, match="is not increasing"):
        fitted.set_params(quantiles=(0.9, 0.1)).fit(X, Y)
    assert_array_equal(fitted.quantiles_, LEVELS)
    assert quantiles_of(fitted, X).shape == (40, 3)


def test_validation_and_patience_use_the_pinball_loss():
    fitted = regressor(epochs=40, learning_rate=0.5, validation_split=0.25, patience=1).fit(X, Y)
    assert fitted.n_iter_ < 40
    best = min(fitted.history_["val_loss"])
    quantiles = quantiles_of(fitted, X[30:])
    losses = [mean_pinball_loss(Y[30:], quantiles[:, i], alpha=q) for i, q in enumerate(LEVELS)]
    assert best * Y[:30].std() >= np.mean(losses) - 1e-5  # sorted quantiles are no worse


def test_the_shape_in_a_diagram_is_that_of_y():
    assert "(n, 2)" in str(regressor().fit(X, TWO)._shapes_in_and_out())


def test_other_estimators_have_no_quantiles():
    assert "quantiles" not in LSTMClassifier().get_params()
    own = SequenceRegressor(lstm_network, model__units=2, epochs=1).fit(X, Y)
    with pytest.raises(TypeError, match="return_quantiles"):
        own.predict(X, return_quantiles=True)


# Errors.


@pytest.mark.parametrize(
    ("quantiles", "error", "message"),
    [
        ((0.5, 0.5), ValueError, "quantiles=(0.5, 0.5) repeats 0.5. Name each quantile once: "),
        ((0.9, 0.1, 0.9), ValueError, "repeats 0.9. Name each quantile once: quantiles=(0.1, 0.9)"),
        ((0.9, 0.5), ValueError, "is not increasing. The columns of the predictions are in "),
        ([0.9, 0.5], ValueError, "so set quantiles=(0.5, 0.9)."),
        ((0.1, 1.5), ValueError, "quantiles=(0.1, 1.5) contains 1.5, but a quantile is above 0"),
        ((0, 0.5), ValueError, "contains 0.0, but a quantile is above 0 and below 1"),
        ((0.5, 1), ValueError, "contains 1.0, but"),
        ((10, 50, 90), ValueError, "contains 10.0, 50.0, 90.0, but a quantile"),
        ((np.nan,), ValueError, "contains nan"),
        (
            (),
            ValueError,
            "quantiles is empty. Name at least one, such as quantiles=(0.1, 0.5, 0.9)",
        ),
        (np.array([]), ValueError, "quantiles is empty"),
        (0.5, TypeError, "quantiles=0.5 must be a tuple of numbers above 0 and below 1, such as"),
        ("0.5", TypeError, "quantiles='0.5' must be a tuple of numbers"),
        (("a", "b"), TypeError, "quantiles=('a', 'b') must be a tuple of numbers"),
        ((0.1, None), TypeError, "quantiles=(0.1, None) must be a tuple of numbers"),
        ((True,), TypeError, "quantiles=(True,) must be a tuple of numbers"),
        (((0.1, 0.5),), TypeError, "quantiles=((0.1, 0.5),) must be a tuple of numbers"),
        ({0.1, 0.5}, TypeError, "must be a tuple of numbers"),
        ({0.1: 1}, TypeError, "quantiles={0.1: 1} must be a tuple of numbers"),
    ],
)
def test_other_quantiles_are_refused(quantiles, error, message):
    with pytest.raises(error, match=re.escape(message)):
        regressor(quantiles).fit(X, Y)
    with pytest.raises(error, match=re.escape(message)):
        regressor(quantiles).partial_fit(X, Y)


@pytest.mark.parametrize(
    "loss", ["mae", "poisson", keras.losses.Huber()], ids=["mae", "poisson", "Huber"]
)
def test_a_loss_and_quantiles_are_refused(loss):
    message = "with quantiles, the loss is the pinball loss. Leave loss=None, or set quantiles=None"
    with pytest.raises(ValueError, match=message):
        regressor(loss=loss).fit(X, Y)


def test_quantiles_of_an_estimator_without_them_are_refused():
    message = "return_quantiles=True needs quantiles, but this LSTMRegressor was fitted without"
    fitted = LSTMRegressor(**SMALL).fit(X, Y)
    with pytest.raises(ValueError, match=message):
        fitted.predict(X, return_quantiles=True)
    with pytest.raises(ValueError, match=message):  # set after fit
        fitted.set_params(quantiles=LEVELS).predict(X, return_quantiles=True)


def test_an_unfitted_estimator_says_so():
    with pytest.raises(NotFittedError):
        regressor().predict(X, return_quantiles=True)


def test_a_y_of_other_outputs_is_refused_in_the_words_of_y():
    fitted = regressor().fit(X, TWO)
    with pytest.raises(ValueError, match="y has 1 outputs, but LSTMRegressor was fitted on 2"):
        fitted.partial_fit(X, Y)


def test_the_native_engine_says_what_it_lacks():
    with pytest.raises(ValueError, match="engine='native' cannot train this LSTMRegressor: opt"):
        regressor(engine="native", optimizer="lion").fit(X, Y)


def test_a_file_from_before_there_were_quantiles_is_loaded(tmp_path):
    regressor = LSTMRegressor(2, epochs=1, random_state=0).fit(X, Y)
    state = regressor.__getstate__()
    for part in (state, state["_description"]["target"], state["_network"]["architecture"]):
        del part["quantiles"]
    del state["_description"]["architecture"]["quantiles"]
    loaded = LSTMRegressor.__new__(LSTMRegressor)
    loaded.__setstate__(state)
    assert loaded.get_params() == regressor.get_params()
    assert_array_equal(loaded.predict(X), regressor.predict(X))
    loaded.partial_fit(X, Y)


def test_model_can_be_evaluated_and_trained_further_on_one_target_of_one_axis():
    regressor = LSTMRegressor(2, quantiles=(0.1, 0.5, 0.9), epochs=2, random_state=0).fit(X, Y)
    quantiles = regressor.predict(X, return_quantiles=True)[1]
    losses = [mean_pinball_loss(Y, quantiles[:, i], alpha=q) for i, q in enumerate((0.1, 0.5, 0.9))]
    model = regressor.model_
    for y in (Y, Y[:, np.newaxis]):
        assert_allclose(model.evaluate(X, y, verbose=0), np.mean(losses), rtol=1e-4)
    before = model.evaluate(X, Y, verbose=0)
    model.fit(X, Y, epochs=20, verbose=0)
    assert model.evaluate(X, Y, verbose=0) < before
