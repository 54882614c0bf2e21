"""Permutation importance of trained networks: what was planted is ten times what comes next."""

import time

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    LSTMStepClassifier,
    LSTMStepRegressor,
    SequencePadder,
    SequenceWindower,
    make_step_scorer,
)
from skl_lstm.inspection import sequence_importance

FAST = {"units": 8, "learning_rate": 0.03, "epochs": 30, "random_state": 0}
ROWS = np.random.default_rng(0).normal(size=(1500, 2))


def found(result):
    """The place of the largest importance, which is ten times the next."""
    flat = np.sort(result.importances_mean.ravel())
    assert flat[-1] > 10 * np.abs(flat[:-1]).max()
    return np.unravel_index(result.importances_mean.argmax(), result.importances_mean.shape)


@pytest.fixture(scope="module")
def of_lag_3():
    """A pipeline, and rows and targets that it has not seen: the target is b three steps back."""
    hours = pd.date_range("2024-01-01", periods=len(ROWS), freq="h")
    X = pd.DataFrame(ROWS, hours, ["a", "b"])
    y = X["b"].shift(3, fill_value=0.0)
    model = make_pipeline(SequenceWindower(timesteps=6), LSTMRegressor(**FAST))
    return model.fit(X[:1000], y[:1000]), X[1000:], y[1000:]


def test_a_lag_of_a_table(of_lag_3):
    model, X, y = of_lag_3
    result = sequence_importance(model, X, y, random_state=0)
    assert found(result) == (2, 1)
    assert (result.timesteps[2], result.feature_names[1]) == (3, "b")
    assert result.score > 0.95
    np.testing.assert_allclose(result.importances_mean.sum(), 2 * result.score, rtol=0.1)


def test_threads_change_no_bit(of_lag_3):
    model, X, y = of_lag_3
    results = [sequence_importance(model, X, y, random_state=0, n_jobs=n) for n in (1, 2)]
    assert_array_equal(results[0].importances, results[1].importances)


def test_windows_without_a_pipeline(of_lag_3):
    model, X, y = of_lag_3
    windows = model[0].transform(X)
    of_windows = sequence_importance(model[1], windows, y, random_state=0)
    of_table = sequence_importance(model, X, y, random_state=0)
    assert_array_equal(of_windows.importances, of_table.importances)
    assert_array_equal(of_windows.feature_names, ["a", "b"])


def test_a_block_of_an_array_of_three_axes():
    X = ROWS[:1200].reshape(200, 6, 2)
    y = np.where(X[:, 4, 0] + X[:, 5, 0] > 0, "up", "down")
    model = LSTMClassifier(**FAST).fit(X[:150], y[:150])
    result = sequence_importance(
        model, X[150:], y[150:], blocks=2, scoring="neg_log_loss", random_state=0, n_repeats=10
    )
    assert result.importances_mean.argmax() == 4
    assert result.timesteps[2] == "1 to 0"


@pytest.mark.parametrize("padding", ["pre", "post"])
def test_lists_that_are_padded(padding):
    lengths = np.random.default_rng(1).integers(3, 7, size=600)
    X = np.split(np.random.default_rng(2).normal(size=(lengths.sum(), 2)), np.cumsum(lengths)[:-1])
    position = -2 if padding == "pre" else 1
    y = np.array([x[position, 1] for x in X])
    padder = SequencePadder(padding=padding, mask_value=-9.0)
    model = make_pipeline(padder, LSTMRegressor(**FAST | {"epochs": 60}, mask_value=-9.0))
    model.fit(X[:400], y[:400])
    result = sequence_importance(model, X[400:], y[400:], random_state=0)
    assert found(result) == (4 if padding == "pre" else 1, 1)
    assert result.timesteps_from == ("end" if padding == "pre" else "start")


@pytest.mark.parametrize("padded", [False, True])
def test_a_feature_of_steps(padded):
    lengths = np.random.default_rng(1).integers(3, 9, size=90)
    X = np.split(ROWS[: lengths.sum()], np.cumsum(lengths)[:-1])
    steps = [SequencePadder(mask_value=-9.0)] if padded else []
    y = [x[:, 1] for x in X]
    model = make_pipeline(*steps, LSTMStepRegressor(**FAST)).fit(X[:60], y[:60])
    result = sequence_importance(model, X[60:], y[60:], over="feature", random_state=0)
    assert found(result) == (1,)
    assert result.score == model.score(X[60:], y[60:])
    labels = [np.where(values > 0, "up", "down") for values in y]
    classifier = make_pipeline(*steps, LSTMStepClassifier(**FAST)).fit(X[:60], labels[:60])
    scoring = make_step_scorer("neg_log_loss")
    result = sequence_importance(
        classifier, X[60:], labels[60:], over="feature", scoring=scoring, random_state=0
    )
    assert found(result) == (1,)


@pytest.mark.parametrize("over", ["feature", ("timestep", "feature")])
def test_a_list_without_padding_whose_exchanged_steps_could_be_masked(over):
    X = np.random.default_rng(0).integers(0, 2, (40, 4, 2))
    X[(X == 0).all(axis=-1)] = 1
    y = X[:, :, 0]
    classifier = LSTMStepClassifier(**FAST | {"epochs": 3}, mask_value=0.0)
    classifier.fit(list(X), list(y))
    result = sequence_importance(classifier, list(X), list(y), over=over, random_state=0)
    assert np.isfinite(result.importances).all()


def test_24_timesteps_of_4_features_take_less_than_ten_seconds():
    X = np.random.default_rng(0).normal(size=(200, 24, 4))
    model = LSTMRegressor(32, epochs=1, random_state=0).fit(X, X[:, 20, 1])
    start = time.perf_counter()
    sequence_importance(model, X, X[:, 20, 1], random_state=0)
    assert time.perf_counter() - start < 10
