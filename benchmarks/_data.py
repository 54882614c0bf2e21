"""The data of the benchmarks: a synthetic signal, and hourly air quality in Beijing.

The Beijing data are real and have holes. Their file is outside the repository, in the folder
``shared`` next to it.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BEIJING = Path(__file__).parents[2] / "shared" / "data" / "beijing_pm25.csv.gz"
TARGET = "pm2.5"
COLUMNS = [TARGET, "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"]


def read_hours(path: Path) -> pd.DataFrame:
    """Read the numeric columns, indexed by hour, without the rows that have missing values."""
    table = pd.read_csv(path)
    times = pd.to_datetime(table[["year", "month", "day", "hour"]])
    return table.set_index(pd.DatetimeIndex(times))[COLUMNS].astype(float).dropna()


def make_sequences(rows: int, timesteps: int) -> tuple[NDArray, NDArray]:
    """Return flattened rows with two features per timestep, and a target.

    The target is a weighted sum of the first feature minus the second. The weight decays
    exponentially from the newest timestep to the oldest.
    """
    X = np.random.default_rng(0).standard_normal((rows, timesteps, 2), dtype=np.float32)
    weight = 0.7 ** np.arange(timesteps, dtype=np.float32)[::-1]
    y = (X[..., 0] - X[..., 1]) @ weight
    return X.reshape(rows, -1), _standardized(y)


def make_lags(rows: int, timesteps: int) -> tuple[NDArray, NDArray]:
    """Return the first `rows` hours of Beijing as lag columns, and the target of the next hour.

    Hours with a missing value are dropped, and the rows before and after them become neighbours.
    """
    from skl_lstm import make_supervised

    hours = read_hours(BEIJING).iloc[:rows].to_numpy(np.float32)
    X, y = make_supervised(_standardized(hours), timesteps, target=0)
    return np.ascontiguousarray(X), np.ascontiguousarray(y)


def _standardized(values: NDArray) -> NDArray:
    return (values - values.mean(axis=0)) / values.std(axis=0)
