"""Forecasts on real data, compared with baselines and with published results."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import QuantileRegressor, RidgeCV
from sklearn.metrics import (
    balanced_accuracy_score,
    mean_pinball_loss,
    root_mean_squared_error,
)
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import (
    ConformalRegressor,
    LSTMRegressor,
    LSTMStepClassifier,
    SequenceFlattener,
    SequenceWindower,
    leads,
    make_step_scorer,
)
from skl_lstm.datasets import load_seattle_weather

COVERAGES = (0.5, 0.8, 0.9)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@pytest.fixture
def beijing(benchmarks):
    return benchmarks("beijing")


@pytest.fixture
def year(beijing, shared_data):
    hours = beijing.read_hours(shared_data / "beijing_pm25.csv.gz")
    return beijing.hold_out(*beijing.with_next_hour(hours), beijing.HELD_OUT)


def test_next_hours_pm25_is_forecast_better_than_by_persistence_and_ridge(beijing, year):
    def error(forecast):
        return root_mean_squared_error(year.y_test, forecast)

    lstm, ridge = (
        model.fit(year.X_train, year.y_train)
        for model in (beijing.make_lstm(random_state=0), beijing.make_ridge())
    )
    persistence = error(beijing.persistence(year.X_test))
    linear, recurrent = error(ridge.predict(year.X_test)), error(lstm.predict(year.X_test))
    assert recurrent <= 21.0
    assert recurrent < linear < persistence


def test_windows_of_the_held_out_year_include_rows_of_fit(year):
    windower = SequenceWindower(timesteps=24).fit(year.X_train)
    windows = windower.transform(year.X_test)
    known = pd.concat([year.X_train, year.X_test])
    np.testing.assert_array_equal(windows, windower.fit_transform(known)[-len(windows) :])
    # The first window contains the rows before the first test hour, without padding.
    np.testing.assert_array_equal(windows[0], known[len(year.X_train) - 23 :][:24])


def test_the_log_volume_of_the_next_trading_day_is_forecast_as_well_as_published(
    benchmarks, read_task
):
    """James et al., An Introduction to Statistical Learning with Applications in Python, 2023,
    section 10.5.2: R² of 0.46 for a recurrent network that knows the weekday, on this split.
    """
    accuracy, nyse = benchmarks("accuracy"), read_task("NYSE")
    ours = accuracy.FORECASTERS[accuracy.OURS]
    scores = [accuracy.score_on_test_rows(ours, nyse, seed) for seed in range(3)]
    assert np.mean(scores) >= 0.46


def score_of_single_notes(X, y, folds):
    """The mean balanced accuracy of a forest that sees one note at a time."""
    forest = RandomForestClassifier(50, min_samples_leaf=5, class_weight="balanced", random_state=0)
    scores = []
    for train, test in folds.split(X):
        rows, labels = (np.concatenate([values[i] for i in train]) for values in (X, y))
        new_rows, truth = (np.concatenate([values[i] for i in test]) for values in (X, y))
        scores.append(balanced_accuracy_score(truth, forest.fit(rows, labels).predict(new_rows)))
    return np.mean(scores)


@pytest.mark.parametrize("seed", [0, 1])
def test_notes_of_a_song_are_labelled_better_than_by_a_forest_of_single_notes(finch_songs, seed):
    X, y = finch_songs
    folds = KFold(3)  # of recordings
    lstm = LSTMStepClassifier(
        bidirectional=True, learning_rate=0.02, batch_size=16, epochs=15, random_state=seed
    )
    scoring = make_step_scorer("balanced_accuracy")
    score = cross_val_score(lstm, X, y, cv=folds, scoring=scoring).mean()
    assert score >= score_of_single_notes(X, y, folds) + 0.05


# Quantiles and intervals.


def mean_loss_of_quantiles(y, quantiles, levels):
    losses = [mean_pinball_loss(y, quantiles[:, i], alpha=level) for i, level in enumerate(levels)]
    return np.mean(losses)


def linear_quantiles(X_train, y_train, X_test, levels):
    """The forecasts of linear quantile regressions on flattened windows."""
    flatten = make_pipeline(SequenceFlattener(), StandardScaler()).fit(X_train)
    rows, new_rows = flatten.transform(X_train), flatten.transform(X_test)
    models = [QuantileRegressor(quantile=q, alpha=0).fit(rows, y_train) for q in levels]
    return np.column_stack([model.predict(new_rows) for model in models])


def shares_covered(model, X, y):
    y_true = np.asarray(y)
    for coverage in COVERAGES:
        interval = model.predict_interval(X, coverage)
        yield np.mean((interval[..., 0] <= y_true) & (y_true <= interval[..., 1]))


@pytest.fixture(scope="module")
def seattle():
    """The weather of three years with the temperature of the next three days, and of 2015."""
    weather = load_seattle_weather().select_dtypes("number")
    y = leads(weather, "temp_max", horizon=3)
    angle = 2 * np.pi * weather.index.day_of_year / 365.25
    X = weather.assign(year_sin=np.sin(angle), year_cos=np.cos(angle)).loc[y.index]
    return X[:"2014"], y[:"2014"], X["2015":], y["2015":]


def seattle_lstm(seed):
    lstm = LSTMRegressor(16, quantiles=QUANTILES, learning_rate=0.003, epochs=20, random_state=seed)
    return make_pipeline(SequenceWindower(7), lstm)


@pytest.mark.parametrize("refit", [False, True])
def test_intervals_of_a_year_in_seattle_are_covered_as_promised(seattle, refit):
    X_train, y_train, X_test, y_test = seattle
    ridge = make_pipeline(
        SequenceWindower(7), SequenceFlattener(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))
    )
    for estimator in (ridge, seattle_lstm(0)):
        model = ConformalRegressor(estimator, calibration=365, refit=refit).fit(X_train, y_train)
        shares = list(shares_covered(model, X_test, y_test))
        np.testing.assert_allclose(shares, COVERAGES, atol=0.03)


def test_quantiles_of_seattle_are_better_than_those_of_linear_quantile_regression(seattle):
    X_train, y_train, X_test, y_test = seattle
    windower = SequenceWindower(7).fit(X_train)
    windows = windower.transform(X_train), windower.transform(X_test)
    networks = [
        seattle_lstm(seed).fit(X_train, y_train).predict(X_test, return_quantiles=True)[1]
        for seed in range(3)
    ]
    for step in range(3):
        y = y_test.iloc[:, step]
        linear = linear_quantiles(windows[0], y_train.iloc[:, step], windows[1], QUANTILES)
        losses = [mean_loss_of_quantiles(y, each[:, step], QUANTILES) for each in networks]
        assert np.mean(losses) < mean_loss_of_quantiles(y, linear, QUANTILES)


def test_intervals_of_a_year_in_beijing_are_covered_as_promised(year):
    lstm = LSTMRegressor(
        32, quantiles=QUANTILES, learning_rate=0.004, batch_size=256, epochs=5, random_state=0
    )
    pipeline = make_pipeline(SequenceWindower(24), lstm)
    model = ConformalRegressor(pipeline, calibration=365 * 24).fit(year.X_train, year.y_train)
    shares = list(shares_covered(model, year.X_test, year.y_test))
    np.testing.assert_allclose(shares, COVERAGES, atol=0.03)


def test_quantiles_of_beijing_are_better_than_those_of_linear_quantile_regression(year):
    # Both learn from every tenth window: linear programming takes minutes for all of them.
    windower, levels = SequenceWindower(24).fit(year.X_train), (0.05, 0.5, 0.95)
    windows, y = windower.transform(year.X_train)[::10], year.y_train[::10]
    new_windows = windower.transform(year.X_test)
    linear = linear_quantiles(windows, y, new_windows, levels)
    lstm = LSTMRegressor(quantiles=levels, learning_rate=0.004, epochs=10, random_state=0)
    network = lstm.fit(windows, y).predict(new_windows, return_quantiles=True)[1]
    losses = [mean_loss_of_quantiles(year.y_test, each, levels) for each in (network, linear)]
    assert losses[0] < losses[1]
