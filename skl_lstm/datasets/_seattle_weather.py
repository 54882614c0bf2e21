"""Daily weather in Seattle; ``seattle_weather.md`` is its data card."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from .._core.public import set_module

if TYPE_CHECKING:
    import pandas as pd


@set_module("skl_lstm.datasets")
def load_seattle_weather() -> pd.DataFrame:
    """Load four years of daily weather in Seattle.

    Observations by NOAA, in the public domain, as packaged in ``vega_datasets`` 0.9.0.
    Needs pandas.

    Returns
    -------
    DataFrame of shape (1461, 5)
        One row per day from 2012-01-01 to 2015-12-31, no day missing, with a daily
        DatetimeIndex named ``date``. Columns: ``precipitation`` (mm), ``temp_max`` and
        ``temp_min`` (°C), ``wind`` (m/s), all float64, and ``weather`` (drizzle, fog,
        rain, snow or sun).

    Examples
    --------
    >>> from skl_lstm.datasets import load_seattle_weather
    >>> load_seattle_weather().head(3)
                precipitation  temp_max  temp_min  wind  weather
    date
    2012-01-01            0.0      12.8       5.0   4.7  drizzle
    2012-01-02           10.9      10.6       2.8   4.5     rain
    2012-01-03            0.8      11.7       7.2   2.3     rain
    """
    import pandas as pd

    with files(__package__).joinpath("seattle_weather.csv").open(encoding="utf-8") as file:
        weather = pd.read_csv(file, index_col="date", parse_dates=["date"])
    return weather.asfreq("D")
