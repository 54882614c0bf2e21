"""Quantiles and intervals of the next hour's PM2.5 in Beijing: error, coverage, width and time.

All models read the same windows of 24 hours of the same years, and forecast the same held-out year.
`tests/test_real_data.py` checks the coverage and the loss of the LSTM.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from mapie.regression import SplitConformalRegressor
from numpy.typing import NDArray
from rich.table import Table
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import QuantileRegressor, RidgeCV
from sklearn.metrics import mean_pinball_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import ConformalRegressor, LSTMRegressor, SequenceFlattener, SequenceWindower

from ._data import BEIJING, read_hours
from ._timing import console, duration, show_setting, with_progress
from .beijing import HELD_OUT, Year, hold_out, with_next_hour

_LEVELS = np.array([0.05, 0.5, 0.95])
_COVERAGE = 0.9
_CALIBRATION = 365 * 24  # hours
_EVERY = 10  # window of a linear quantile regression, whose time grows fast with the rows


class Result(NamedTuple):
    """What a model forecasts for the held-out year, and the seconds that it took."""

    quantiles: NDArray | None  # (rows, levels)
    interval: NDArray  # (rows, 2)
    fit: float
    predict: float


def main() -> None:
    if not BEIJING.is_file():
        console.print(f"Skipped, because {BEIJING} does not exist.")
        return
    show_setting("numpy", "scikit-learn", "mapie")
    year = hold_out(*with_next_hour(read_hours(BEIJING)), HELD_OUT)
    contestants: dict[str, Callable[[Year], Result]] = {
        "LSTM, quantiles": lambda year: _quantiles(make_lstm(), year),
        "LSTM, quantiles, calibrated": lambda year: _calibrated(make_lstm(), year),
        "gradient boosting, a model per quantile": lambda year: _per_quantile(_boosting, year),
        "linear, a model per quantile": lambda year: _per_quantile(_linear, year, _EVERY),
        "ridge, calibrated": lambda year: _calibrated(make_ridge(), year),
        "ridge, calibrated by MAPIE": _calibrated_by_mapie,
    }
    table = Table(title="The held-out year, µg/m³", title_justify="left", title_style="bold")
    table.add_column("")
    for header in ("pinball loss", "coverage", "width", "fit", "predict"):
        table.add_column(header, justify="right")
    for name in with_progress([(name, name) for name in contestants]):
        table.add_row(name, *_cells(contestants[name](year), np.asarray(year.y_test)))
    console.print(table)
    console.print(
        f"Training: {len(year.X_train)} hours. Test: {len(year.X_test)} hours. Pinball loss: the "
        f"mean over the quantiles {', '.join(map(str, _LEVELS))}. Coverage and width: of the "
        f"intervals for {_COVERAGE:.0%}, which reach from the first to the last quantile if they "
        f"are not calibrated. Calibrated: on the last {_CALIBRATION} training hours, which the "
        f"model does not see. The linear quantiles learn from every {_EVERY}th window, because the "
        "time of linear programming grows fast with the rows."
    )


def make_lstm() -> Pipeline:
    lstm = LSTMRegressor(
        32, quantiles=_LEVELS, learning_rate=0.004, batch_size=256, epochs=10, random_state=0
    )
    return make_pipeline(SequenceWindower(timesteps=24), lstm)


def make_ridge() -> Pipeline:
    ridge = RidgeCV(alphas=np.logspace(-2, 4, 13))
    return make_pipeline(SequenceWindower(24), SequenceFlattener(), StandardScaler(), ridge)


def _boosting(level: float) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(loss="quantile", quantile=level, random_state=0)


def _linear(level: float) -> Pipeline:
    return make_pipeline(StandardScaler(), QuantileRegressor(quantile=level, alpha=0))


def _quantiles(model: Pipeline, year: Year) -> Result:
    start = perf_counter()
    model.fit(year.X_train, year.y_train)
    fitted = perf_counter()
    _, quantiles = model.predict(year.X_test, return_quantiles=True)
    return Result(quantiles, quantiles[:, [0, -1]], fitted - start, perf_counter() - fitted)


def _calibrated(model: Pipeline, year: Year) -> Result:
    start = perf_counter()
    conformal = ConformalRegressor(model, coverage=_COVERAGE, calibration=_CALIBRATION)
    conformal.fit(year.X_train, year.y_train)
    fitted = perf_counter()
    interval = conformal.predict_interval(year.X_test)
    return Result(None, interval, fitted - start, perf_counter() - fitted)


def _calibrated_by_mapie(year: Year) -> Result:
    """MAPIE takes the flattened windows, because it probes the last step of a pipeline."""
    ridge = make_ridge()
    start = perf_counter()
    windows = ridge[:2].fit_transform(year.X_train)
    rows, y = windows[:-_CALIBRATION], year.y_train[:-_CALIBRATION]
    conformal = SplitConformalRegressor(
        clone(ridge[2:]).fit(rows, y), confidence_level=_COVERAGE, prefit=True
    )
    conformal.conformalize(windows[-_CALIBRATION:], year.y_train[-_CALIBRATION:])
    fitted = perf_counter()
    _, interval = conformal.predict_interval(ridge[:2].transform(year.X_test))
    return Result(None, interval[..., 0], fitted - start, perf_counter() - fitted)


def _per_quantile(make_model: Callable[[float], Any], year: Year, every: int = 1) -> Result:
    flatten = make_pipeline(SequenceWindower(24), SequenceFlattener())
    start = perf_counter()
    rows, y = flatten.fit_transform(year.X_train)[::every], year.y_train[::every]
    models = [make_model(level).fit(rows, y) for level in _LEVELS]
    fitted = perf_counter()
    test = flatten.transform(year.X_test)
    quantiles = np.sort([model.predict(test) for model in models], axis=0).T
    return Result(quantiles, quantiles[:, [0, -1]], fitted - start, perf_counter() - fitted)


def _cells(result: Result, y: NDArray) -> list[str]:
    loss = ""
    if result.quantiles is not None:
        columns = zip(_LEVELS, result.quantiles.T, strict=True)
        losses = [mean_pinball_loss(y, column, alpha=level) for level, column in columns]
        loss = f"{np.mean(losses):.2f}"
    lower, upper = result.interval.T
    covered = np.mean((lower <= y) & (y <= upper))
    width = f"{np.mean(upper - lower):.1f}"
    return [loss, f"{covered:.1%}", width, duration(result.fit), duration(result.predict)]
