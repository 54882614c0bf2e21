"""The data of the benchmarks: a synthetic signal, and real data sets.

The hourly air quality in Beijing has holes. Its file is outside the repository, in the folder
``shared`` next to it. The data sets with published results are files in the wheels of aeon and
ISLP, which are not imported.
"""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BEIJING = Path(__file__).parents[2] / "shared" / "data" / "beijing_pm25.csv.gz"
TARGET = "pm2.5"
COLUMNS = [TARGET, "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"]

ARCHIVE = ("JapaneseVowels", "ItalyPowerDemand", "GunPoint")

Sequences = list[NDArray[np.float64]]


class Task(NamedTuple):
    """The training rows and the test rows of a published split."""

    X_train: pd.DataFrame | Sequences
    y_train: pd.Series | NDArray[np.str_]
    X_test: pd.DataFrame | Sequences
    y_test: pd.Series | NDArray[np.str_]


def read_archive(name: str) -> Task:
    """Read a classification task of the UCR and UEA archives: a list of sequences, and classes."""
    folder = _in_wheel("aeon", "datasets", "data", name)
    train, test = (
        parse_ts((folder / f"{name}_{split}.ts").read_text(encoding="utf-8").splitlines())
        for split in ("TRAIN", "TEST")
    )
    return Task(*train, *test)


def parse_ts(lines: Iterable[str]) -> tuple[Sequences, NDArray[np.str_]]:
    """Return sequences (timesteps, features) and their classes from the lines of a .ts file.

    A sequence is a line: a list of numbers per feature, and the class. Colons separate them.
    """
    lines = iter(lines)
    for line in lines:
        if line.strip().lower() == "@data":
            break
    rows = [line.strip().split(":") for line in lines if line.strip()]
    sequences = [
        np.array([feature.split(",") for feature in features], dtype=float).T
        for *features, _ in rows
    ]
    return sequences, np.array([label for *_, label in rows])


def read_nyse() -> Task:
    """Read the trading days of New York, and the log volume of the next day as the target.

    A row also has the weekday of the next day, which is known beforehand. The column `train` of
    the file marks the days that may be a target in training.
    """
    from skl_lstm import leads

    days = pd.read_csv(_in_wheel("ISLP", "data", "NYSE.csv"))
    weekday = pd.get_dummies(days["day_of_week"], dtype=float)
    # The rows are consecutive trading days, so their labels are positions, not dates.
    table = days[["DJ_return", "log_volume", "log_volatility"]].join(weekday)
    y = leads(table, "log_volume")
    X = table.join(leads(table[weekday.columns]), how="inner")
    is_train = days["train"][1:].to_numpy()  # of the day that is forecast
    return Task(X[is_train], y[is_train], X[~is_train], y[~is_train])


def _in_wheel(package: str, *parts: str) -> Path:
    """Return the path of a file or folder in an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            f"{parts[-1]} is a part of the wheel of {package}, which is not installed. Install it "
            f"without its requirements: pip install --no-deps {package}."
        )
    path = Path(spec.submodule_search_locations[0], *parts)
    if not path.exists():
        raise FileNotFoundError(
            f"The installed {package} has no {'/'.join(parts)}. Install a version that has it: "
            f"pip install --no-deps --upgrade {package}."
        )
    return path


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
