"""The README's forecast on real data with holes, compared with the baselines."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import root_mean_squared_error

from skl_lstm import SequenceWindower


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
