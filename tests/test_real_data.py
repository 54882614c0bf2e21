"""Forecasts on real data, compared with baselines and with published results."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower, leads


@pytest.fixture
def beijing(pytestconfig, monkeypatch):
    # `python -m pytest` finds the benchmarks without this, but `pytest` does not.
    monkeypatch.syspath_prepend(pytestconfig.rootpath)
    return import_module("benchmarks.beijing")


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


def test_the_log_volume_of_the_next_trading_day_is_forecast_as_well_as_published(nyse):
    """James et al., An Introduction to Statistical Learning with Applications in Python, 2023,
    section 10.9.6: R² of 0.42 for a recurrent network, 0.46 for the best model, on this split.
    """
    weekday = pd.get_dummies(nyse["day_of_week"], dtype=float)
    # The rows are consecutive trading days, so their labels are positions, not dates.
    table = nyse[["DJ_return", "log_volume", "log_volatility"]].join(weekday)
    y = leads(table, "log_volume")
    X = table.join(leads(table[weekday.columns]), how="inner")  # the weekday of the next day
    is_train = nyse["train"][1:].to_numpy()  # of the day that is forecast
    scores = []
    for seed in range(3):
        lstm = LSTMRegressor(units=16, epochs=20, random_state=seed)
        model = make_pipeline(SequenceWindower(timesteps=5), lstm).fit(X[is_train], y[is_train])
        scores.append(r2_score(y[~is_train], model.predict(X[~is_train])))
    assert np.mean(scores) >= 0.46
