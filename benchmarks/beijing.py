"""Forecast the next hour's PM2.5 in Beijing from the last 24 hours.

The benchmark compares an LSTM, ridge regression and persistence. `tests/test_real_data.py` checks
the error of the LSTM. Keras trains the LSTM, because a callback changes its learning rate.
"""

from math import cos, pi
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from keras.callbacks import LearningRateScheduler
from numpy.typing import ArrayLike, NDArray
from rich.table import Table
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import LSTMRegressor, SequenceFlattener, SequenceWindower, leads

from ._data import BEIJING, COLUMNS, TARGET, read_hours
from ._timing import console, duration, show_setting, with_progress

HOUR, HELD_OUT = pd.Timedelta("1h"), pd.Timedelta("8760h")
_TIMESTEPS = 24
_EPOCHS = 10
_SEEDS = (0, 1, 2)


class Year(NamedTuple):
    """The training rows, and the test rows in the year after them."""

    X_train: pd.DataFrame
    y_train: pd.Series
    X_test: pd.DataFrame
    y_test: pd.Series


def main() -> None:
    if not BEIJING.is_file():
        console.print(f"Skipped, because {BEIJING} does not exist.")
        return
    show_setting("numpy", "pandas", "scikit-learn", "keras", "tensorflow")
    hours = read_hours(BEIJING)
    year = hold_out(*with_next_hour(hours), HELD_OUT)
    _check_no_seam(year)
    whole = _has_whole_past(year)
    _show_errors(year, whole)
    console.print(
        f"{len(hours)} hours without a missing value, {_count_holes(hours)} holes between them. "
        f"Training: the {len(year.X_train)} hours up to {year.X_train.index[-1]} whose next hour "
        f"is known. Test, the same for all models: the hour after each of the {len(year.X_test)} "
        f"hours in the {HELD_OUT.days} days after that. The LSTM and ridge regression read the "
        f"same windows of {_TIMESTEPS} hours and {len(COLUMNS)} columns, which are padded after a "
        "hole. Persistence forecasts that the next hour equals this one. "
        "Keras trains the LSTM, because a callback of Keras changes its learning rate. "
        f'"Unpadded" includes only the {whole.sum()} hours whose window has no padding.'
    )


def _show_errors(year: Year, whole: NDArray[np.bool_]) -> None:
    table = Table(
        title="Errors on the held-out year, µg/m³", title_justify="left", title_style="bold"
    )
    table.add_column("")
    for header in ("RMSE", "MAE", "RMSE, unpadded", "fit"):
        table.add_column(header, justify="right")
    models = {f"LSTM, random_state={seed}": make_lstm(seed) for seed in _SEEDS}
    models["ridge, same windows"] = make_ridge()
    for name in with_progress([(name, name) for name in models]):
        model = models[name]
        start = perf_counter()
        model.fit(year.X_train, year.y_train)
        seconds = perf_counter() - start
        table.add_row(name, *_errors(year, model.predict(year.X_test), whole), duration(seconds))
    table.add_row("persistence", *_errors(year, persistence(year.X_test), whole), "")
    console.print(table)


def with_next_hour(hours: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the hours whose next hour is known, and the target in that next hour.

    The hours left out are the last ones before a hole or the end, so no later window needs them.
    """
    y = leads(hours, TARGET)
    return hours.loc[y.index], y


def hold_out(X: pd.DataFrame, y: pd.Series, length: pd.Timedelta) -> Year:
    """Use the last `length` of the hours as test rows, and the hours before as training rows."""
    is_train = X.index <= X.index[-1] - length
    return Year(X[is_train], y[is_train], X[~is_train], y[~is_train])


def make_lstm(random_state: int) -> Pipeline:
    """Return the complete model, from a table to a forecast in µg/m³.

    Batch size, learning rate and epochs were chosen by the error on 2013, with the years before as
    training data. The held-out year was not used for this choice.
    """
    lstm = LSTMRegressor(
        units=32,
        epochs=_EPOCHS,
        batch_size=128,
        callbacks=[LearningRateScheduler(_learning_rate)],
        random_state=random_state,
    )
    return make_pipeline(SequenceWindower(timesteps=_TIMESTEPS), lstm)


def _learning_rate(epoch: int) -> float:
    # With a constant rate, the error varies between epochs as much as between the models.
    return 4e-3 * (1 + cos(pi * epoch / _EPOCHS)) / 2


def make_ridge() -> Pipeline:
    """Return ridge regression on the same windows, scaled for its penalty."""
    ridge = RidgeCV(alphas=np.logspace(-2, 4, 13))
    windower = SequenceWindower(timesteps=_TIMESTEPS)
    return make_pipeline(windower, SequenceFlattener(), StandardScaler(), ridge)


def persistence(X: pd.DataFrame) -> pd.Series:
    return X[TARGET]


def _errors(year: Year, forecast: ArrayLike, whole: NDArray[np.bool_]) -> list[str]:
    errors = [
        root_mean_squared_error(year.y_test, forecast),
        mean_absolute_error(year.y_test, forecast),
        root_mean_squared_error(year.y_test[whole], np.asarray(forecast)[whole]),
    ]
    return [f"{error:.2f}" for error in errors]


def _count_holes(hours: pd.DataFrame) -> int:
    return int((np.diff(hours.index) > HOUR).sum())


def _has_whole_past(year: Year) -> NDArray[np.bool_]:
    times = year.X_train.index.append(year.X_test.index)
    span = (_TIMESTEPS - 1) * HOUR
    # If there is no hole, the rows of a window span exactly this time.
    whole = times[_TIMESTEPS - 1 :] - times[: 1 - _TIMESTEPS] == span
    return whole[-len(year.X_test) :]


def _check_no_seam(year: Year) -> None:
    """Check that the first windows of the test year include the rows before it.

    They must equal the windows of the whole series.
    """
    windower = SequenceWindower(timesteps=_TIMESTEPS)
    whole_series = windower.fit_transform(pd.concat([year.X_train, year.X_test]))
    windows = windower.fit(year.X_train).transform(year.X_test)
    if not np.array_equal(windows, whole_series[-len(windows) :]):
        raise RuntimeError("The windows of the held-out year miss the rows before it.")
