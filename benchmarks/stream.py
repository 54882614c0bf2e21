"""The time from a new row to its forecast: by Stream, and by predict on the rows of its window."""

import warnings
from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline, make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower, Stream, leads

from ._results import Outcome, at_most, save, show_outcomes
from ._timing import console, duration, show_setting, show_table, with_progress

_PACKAGES = ("numpy", "pandas", "scikit-learn", "numba")
_TIMESTEPS, _UNITS, _FEATURES = 24, 32, 3
_FITTED, _PUSHED, _WARM_UP = 2_000, 3_000, 50
_MOST_SECONDS, _MOST_SECONDS_OF_99 = 1e-3, 5e-3
_DICT, _FRAME, _BY_HAND = (
    "Stream.push, a dict",
    "Stream.push, one row",
    "predict, rows of the window",
)


def main() -> None:
    show_setting(*_PACKAGES)
    table = _make_table()
    pipeline = _fit(table[:_FITTED])
    with warnings.catch_warnings():
        # The first row of a window by hand is in the middle of the rows of fit.
        warnings.filterwarnings("ignore", r"\d+ of \d+ windows are padded", UserWarning)
        times = _time_in_turns(pipeline, table)
    at_99 = {name: float(np.quantile(seconds, 0.99)) for name, seconds in times.items()}
    shown = {name: duration(seconds) for name, seconds in at_99.items()}
    title = f"One new row, {_TIMESTEPS} timesteps x {_FEATURES}, LSTM({_UNITS})"
    show_table(title, times, {"99th percentile": shown})
    outcomes = _judge(times, at_99)
    show_outcomes(outcomes)
    console.print(
        f"{_PUSHED} rows, each forecast in three ways in turn, after {_WARM_UP} rows that are not "
        f'counted. "{_BY_HAND}" is what a service does without Stream: it keeps the last '
        f"{_TIMESTEPS} rows as a DataFrame, passes them to the Pipeline, and uses the last "
        "forecast. The time to append the row to the DataFrame is not counted. All forecasts are "
        "checked to be equal to the bit. The targets apply to both ways to push a row."
    )
    save("stream", _PACKAGES, outcomes, {title: times})


def _make_table() -> pd.DataFrame:
    n_rows = _FITTED + _WARM_UP + _PUSHED
    times = pd.date_range("2024-01-01", periods=n_rows, freq="h", name="time")
    values = np.random.default_rng(0).normal(size=(n_rows, _FEATURES))
    return pd.DataFrame(values, times, ["load", "temperature", "wind"])


def _fit(table: pd.DataFrame) -> Pipeline:
    y = leads(table, "load")
    lstm = LSTMRegressor(_UNITS, epochs=1, random_state=0)
    return make_pipeline(SequenceWindower(_TIMESTEPS), lstm).fit(table.loc[y.index], y)


def _time_in_turns(pipeline: Pipeline, table: pd.DataFrame) -> dict[str, list[float]]:
    by_dict, by_frame = (Stream(pipeline, table[:_FITTED]) for _ in range(2))
    times: dict[str, list[float]] = {_DICT: [], _FRAME: [], _BY_HAND: []}
    rows = [("rows", row) for row in range(_FITTED, len(table))]
    for row in with_progress(rows):
        new, window = table[row : row + 1], table[row + 1 - _TIMESTEPS : row + 1]
        record = {"time": table.index[row], **new.iloc[0].to_dict()}
        calls: dict[str, Callable[[], float]] = {
            _DICT: partial(_push, by_dict, record),
            _FRAME: partial(_push, by_frame, new),
            _BY_HAND: lambda window=window: float(pipeline.predict(window)[-1]),
        }
        forecasts = set()
        for name, call in calls.items():
            start = perf_counter()
            forecasts.add(call())
            seconds = perf_counter() - start
            if row >= _FITTED + _WARM_UP:
                times[name].append(seconds)
        if len(forecasts) != 1:
            raise AssertionError(f"The forecasts from row {row} differ: {forecasts}.")
    return times


def _push(stream: Stream, row: object) -> float:
    return float(stream.push(row).iat[0, 0])


def _judge(times: dict[str, list[float]], at_99: dict[str, float]) -> list[Outcome]:
    by_hand = float(np.median(times[_BY_HAND]))
    outcomes = []
    for name in (_DICT, _FRAME):
        middle = float(np.median(times[name]))
        limits = {"median": (middle, by_hand, _MOST_SECONDS)}
        limits["99th percentile"] = (at_99[name], at_99[_BY_HAND], _MOST_SECONDS_OF_99)
        for what, (own, other, most) in limits.items():
            outcomes.append(at_most(f"{name}: {what}", _BY_HAND, own, other, most, unit="seconds"))
    return outcomes
