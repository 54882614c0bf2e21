"""The embedded data is complete and matches its description."""

import hashlib
from importlib.resources import files

import pandas as pd

from skl_lstm import datasets
from skl_lstm.datasets import load_seattle_weather


def test_every_day_of_four_years_is_there_and_complete():
    weather = load_seattle_weather()
    assert weather.shape == (1461, 5)
    assert weather.index.equals(pd.date_range("2012-01-01", "2015-12-31", name="date"))
    assert weather.index.freqstr == "D"
    assert weather.index.name == "date"
    assert not weather.isna().any().any()
    assert list(weather.columns) == ["precipitation", "temp_max", "temp_min", "wind", "weather"]
    assert (weather.dtypes.iloc[:4] == "float64").all()
    assert set(weather["weather"]) == {"drizzle", "fog", "rain", "snow", "sun"}
    assert weather.loc["2015-12-31"].tolist() == [0.0, 5.6, -2.1, 3.5, "sun"]


def test_every_call_returns_a_new_table():
    weather = load_seattle_weather()
    weather["precipitation"] = -1.0
    assert load_seattle_weather()["precipitation"].min() == 0.0


def test_the_file_is_the_one_that_is_described():
    folder = files(datasets)
    digest = hashlib.sha256(folder.joinpath("seattle_weather.csv").read_bytes()).hexdigest()
    assert digest in folder.joinpath("seattle_weather.md").read_text(encoding="utf-8")
