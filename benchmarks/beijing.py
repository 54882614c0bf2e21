"""The next hour's PM2.5 in Beijing from the last 24 hours: an LSTM, a ridge, and persistence.

`tests/test_real_data.py` holds the LSTM of this module to its error.
"""

from math import cos, pi
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from keras.callbacks import LearningRateScheduler
from numpy.typing import ArrayLike, NDArray
from rich.table import Table
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skl_lstm import LSTMRegressor, SequenceWindower

from ._data import BEIJING, COLUMNS, TARGET, read_hours
from ._timing import console, duration, show_setting, with_progress

HOUR, HELD_OUT = pd.Timedelta("1h"), pd.Timedelta("8760h")
_TIMESTEPS = 24
_EPOCHS = 10
_SEEDS = (0, 1, 2)


class Year(NamedTuple):
    """Hours to learn from, and those of the year after them to forecast from."""

    X_train: pd.DataFrame
    y_train: pd.Series
    X_test: pd.DataFrame
    y_test: pd.Series


def main() -> None:
    if not BEIJING.is_file():
        console.print(f"Left out, as there is no {BEIJING}.")
        return
    show_setting("numpy", "pandas", "scikit-learn", "keras", "tensorflow")
    hours = read_hours(BEIJING)
    year = hold_out(*with_next_hour(hours), HELD_OUT)
    _check_no_seam(year)
    whole = _has_whole_past(year)
    _show_errors(year, whole)
    console.print(
        f"{len(hours)} hours without a missing value, {_count_holes(hours)} holes between them. "
        f"Learnt from: the {len(year.X_train)} hours with a known next one up to "
        f"{year.X_train.index[-1]}. Forecast, the same by all: the hour after each of the "
        f"{len(year.X_test)} in the {HELD_OUT.days} days after that. LSTM and ridge read the "
        f"same windows, {_TIMESTEPS} hours of {len(COLUMNS)} columns, padded after a hole; "
        "persistence says that the next hour will be as this one. "
        f'"Whole past" counts the {whole.sum()} hours whose window is not padded.'
    )


def _show_errors(year: Year, whole: NDArray[np.bool_]) -> None:
    table = Table(
        title="Errors on the held-out year, µg/m³", title_justify="left", title_style="bold"
    )
    table.add_column("")
    for header in ("RMSE", "MAE", "RMSE, whole past", "fit"):
        table.add_column(header, justify="right")
    models = {f"LSTM, random_state={seed}": make_lstm(seed) for seed in _SEEDS}
    models["ridge, same lags"] = make_ridge()
    for name in with_progress([(name, name) for name in models]):
        model = models[name]
        start = perf_counter()
        model.fit(year.X_train, year.y_train)
        seconds = perf_counter() - start
        table.add_row(name, *_errors(year, model.predict(year.X_test), whole), duration(seconds))
    table.add_row("persistence", *_errors(year, persistence(year.X_test), whole), "")
    console.print(table)


def with_next_hour(hours: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return the hours whose next is known too, and the target in that next hour.

    The others stand at the end of their run, so no window misses them.
    """
    target = hours[TARGET].shift(freq=-HOUR)
    known = hours.index.intersection(target.index)
    return hours.loc[known], target[known]


def hold_out(X: pd.DataFrame, y: pd.Series, length: pd.Timedelta) -> Year:
    """Split off the hours whose next lies in the last `length` of the time known."""
    is_train = X.index <= X.index[-1] - length
    return Year(X[is_train], y[is_train], X[~is_train], y[~is_train])


def make_lstm(random_state: int) -> TransformedTargetRegressor:
    """Return the whole model: table in, µg/m³ out.

    Batch size, learning rate and epochs were chosen by the errors of 2013, after learning from
    the years before; the held-out year had no say.
    """
    lstm = LSTMRegressor(
        units=32,
        epochs=_EPOCHS,
        batch_size=128,
        callbacks=[LearningRateScheduler(_learning_rate)],
        random_state=random_state,
    )
    return _on_scaled_target(make_pipeline(*_scaled_windows(), lstm))


def _learning_rate(epoch: int) -> float:
    # At a constant one the error jumps between epochs by as much as the models differ.
    return 4e-3 * (1 + cos(pi * epoch / _EPOCHS)) / 2


def make_ridge() -> TransformedTargetRegressor:
    flatten = FunctionTransformer(_flatten)
    ridge = RidgeCV(alphas=np.logspace(-2, 4, 13))
    return _on_scaled_target(make_pipeline(*_scaled_windows(), flatten, ridge))


def persistence(X: pd.DataFrame) -> pd.Series:
    return X[TARGET]


def _scaled_windows() -> list[Any]:
    # As a DataFrame: by the index the windower finds holes, and the past kept from fit.
    scaler = StandardScaler().set_output(transform="pandas")
    return [scaler, SequenceWindower(timesteps=_TIMESTEPS)]


def _on_scaled_target(pipeline: Pipeline) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler())


def _flatten(windows: NDArray) -> NDArray:
    return windows.reshape(len(windows), -1)


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
    # Without a hole between them, so many rows span so many hours.
    whole = times[_TIMESTEPS - 1 :] - times[: 1 - _TIMESTEPS] == span
    return whole[-len(year.X_test) :]


def _check_no_seam(year: Year) -> None:
    """Demand the windows that the whole series has: the first of the year reach back."""
    windower = SequenceWindower(timesteps=_TIMESTEPS)
    whole_series = windower.fit_transform(pd.concat([year.X_train, year.X_test]))
    windows = windower.fit(year.X_train).transform(year.X_test)
    if not np.array_equal(windows, whole_series[-len(windows) :]):
        raise RuntimeError("The windows of the held-out year miss the rows before it.")
