"""`backtest`: the forecasts of every fold as one table."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from .._compat.sklearn import HasMethods, num_samples, safe_indexing, validate_params
from .._core.backtest_frames import COLUMNS, INTERVAL_COLUMNS, quantile_column, quantile_columns
from .._core.every_step import refuse_estimator_of_steps
from .._core.messages import counted
from .._core.parameters import AtLeast
from .._core.public import set_module
from .._core.uncertainty import Prediction, predict_with_uncertainty
from .rows_and_outputs import (
    Outputs,
    Positions,
    Rows,
    check_pairs,
    read_outputs,
    read_rows,
    rows_to_pass,
)

if TYPE_CHECKING:
    import pandas as pd


_Fold = tuple[Positions, Positions]  # training rows, test rows


@set_module("skl_lstm")
@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict"]), Mapping, list, tuple],
        "refit": ["boolean", AtLeast(1)],
    },
    prefer_skip_nested_validation=True,
)
def backtest(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    cv: Any,
    refit: bool | int = True,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Forecast every test row of folds forwards in time.

    A model only predicts rows that come after its training rows of the same series. A fold may
    leave whole series out of the training and test on them. Windows reach back to the training rows
    and to all rows after the last of them, also over a gap.
    :func:`~sklearn.model_selection.cross_val_predict` does not take such folds, because it needs a
    forecast for every row.

    Parameters
    ----------
    estimator : estimator or dict of {name: estimator}
        The models to compare, not fitted. Clones of them are fitted.
    X : DataFrame, TimedWindows or array-like of shape (n_samples, ...)
        One row per time step. Labels are read as in `SequenceWindower`: the last level of the
        index is the time, outer levels name the series. Rows of arrays are consecutive.
    y : Series, DataFrame or array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets of the rows of X, for example from `leads`. Columns such as ``h3_load`` are read
        as the target ``load``, three steps ahead. Other columns are one step ahead; the columns of
        an array are consecutive steps ahead. Rows of X and y are matched by position, and their
        labels must be equal.
    cv : splitter or iterable of (train, test)
        Folds forwards in time, such as `TimeSplit`, or a list of pairs of 1D arrays of positions.
    refit : bool or int, default=True
        True: fit the models for every fold. A number: for every ``refit``-th fold; the folds
        between are predicted with the models of an earlier fold. False: for the first fold only.
    n_jobs : int, default=None
        Number of fits that run in parallel, as in scikit-learn. None is 1, -1 uses all cores.

    Returns
    -------
    DataFrame
        A row for every model, test row and step ahead, with the columns:

        - ``model``: its name in the dict, or the class of the estimator, or of the last step of a
          Pipeline.
        - ``fold``: position of the fold.
        - ``origin``: time of the row that the forecast was made from.
        - a column for each level of the index that names the series.
        - ``target``: name of the target, if y has several.
        - ``step``: number of steps ahead.
        - ``time``: time at which the forecast comes true.
        - ``truth``, ``forecast``: the values of y, and of `predict`.
        - ``lower``, ``upper``, ``coverage``: bounds of the interval, and the share of truths that
          it promises to hold. Only if a model has an interval, such as `ConformalRegressor` or
          ``LSTMRegressor(quantiles=...)``; NaN for models without.
        - ``q0.05``, ``q0.5``, …: a quantile for each level of any model, in increasing order.
          Only if a model has quantiles; NaN for models without this level.

    Raises
    ------
    TypeError
        If `estimator` or `cv` is a class or, for several models, a list, or a model has no `fit` or
        `predict`.
    ValueError
        If a fold trains on targets that are not known at its first test row, X and y do not match,
        cv does not hold pairs of positions, a model predicts another number of values than y has,
        its quantiles or its interval do not fit its forecast, or a level of the index is named
        like a column of the result.

    See Also
    --------
    TimeSplit : Folds forwards in time, for one series or many.
    ConformalRegressor : Add intervals to any model.
    compare_forecasts : Test whether a model is better than a baseline.
    skl_lstm.inspection.ForecastDisplay.from_backtest : Plot the forecasts.
    skl_lstm.inspection.StepErrorDisplay.from_backtest : Plot the error by step ahead.

    Notes
    -----
    The time at which a forecast comes true is the label of a later row of X. Behind the last row,
    it is computed from the usual step between the rows.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import (
    ...     NaiveRegressor, SequenceFlattener, SequenceWindower, TimeSplit, backtest, leads
    ... )
    >>> from skl_lstm.datasets import load_seattle_weather
    >>> weather = load_seattle_weather()[["temp_max", "wind"]]
    >>> y = leads(weather, "temp_max", horizon=3)
    >>> X = weather.loc[y.index]
    >>> models = {
    ...     "ridge": make_pipeline(SequenceWindower(7), SequenceFlattener(), Ridge()),
    ...     "persistence": make_pipeline(SequenceWindower(1), NaiveRegressor("temp_max")),
    ... }
    >>> frame = backtest(models, X, y, cv=TimeSplit(2, test_size="100D", horizon=3))
    >>> frame.shape
    (1200, 7)
    >>> frame[frame["model"] == "ridge"].head(3).round({"forecast": 1})
       model  fold     origin  step       time  truth  forecast
    0  ridge     0 2015-06-12     1 2015-06-13   23.9      21.5
    1  ridge     0 2015-06-12     2 2015-06-14   27.8      23.3
    2  ridge     0 2015-06-12     3 2015-06-15   30.0      24.0

    A model with intervals adds their bounds:

    >>> from skl_lstm import ConformalRegressor
    >>> models["ridge"] = ConformalRegressor(models["ridge"], coverage=0.8)
    >>> frame = backtest(models, X, y, cv=TimeSplit(1, test_size="100D", horizon=3))
    >>> list(frame.columns[6:])
    ['forecast', 'lower', 'upper', 'coverage']
    >>> frame.groupby("model")["coverage"].first()
    model
    persistence    NaN
    ridge          0.8
    Name: coverage, dtype: float64
    """
    models = _read_models(estimator)
    check_pairs(X, y)
    outputs = read_outputs(X, y)
    rows = read_rows(X, max(outputs.steps))
    series = _series_levels(rows)
    folds = _read_folds(cv, X, y)
    plan = _plan(rows, folds, len(folds) if refit is False else int(refit))
    tasks = [(name, train, tests) for name in models for train, tests in plan]
    predictions = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_predict)(name, models[name], X, y, train, tests)
        for name, train, tests in tasks
    )
    results = [
        _Result(name, test.fold, test.rows, _columns_of(prediction, outputs, name))
        for (name, _, tests), of_task in zip(tasks, predictions, strict=True)
        for test, prediction in zip(tests, of_task, strict=True)
    ]
    return _to_frame(results, rows, series, outputs)


class _Test(NamedTuple):
    """The test rows of a fold, and the rows to pass to `predict`, which include them."""

    fold: int
    rows: Positions
    passed: Positions


class _Result(NamedTuple):
    """The forecasts of a model for the test rows of a fold."""

    name: Hashable
    fold: int
    rows: Positions
    columns: dict[str, NDArray]  # each of shape (test rows * outputs,)


def _read_models(estimator: Any) -> dict[Hashable, Any]:
    """Return the models by their names."""
    if isinstance(estimator, list | tuple):
        raise TypeError(
            f"estimator is a {type(estimator).__name__}, but several models need names. Use a "
            "dict: {'name': model}."
        )
    _refuse_class(estimator, "estimator", "a model")
    refuse_estimator_of_steps(estimator, "backtest")
    if not isinstance(estimator, Mapping):
        last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
        return {type(last).__name__: estimator}
    if not estimator:
        raise ValueError("estimator is an empty dict, but must have one model or more.")
    for name, model in estimator.items():
        _refuse_class(model, f"estimator[{name!r}]", "a model")
        refuse_estimator_of_steps(model, "backtest")
        for method in ("fit", "predict"):
            if not hasattr(model, method):
                raise TypeError(f"estimator[{name!r}] is {model!r}, which has no {method}.")
    return dict(estimator)


def _refuse_class(value: Any, name: str, wanted: str) -> None:
    if isinstance(value, type):
        raise TypeError(
            f"{name} is the class {value.__name__}, not {wanted}. Use {value.__name__}()."
        )


def _read_folds(cv: Any, X: Any, y: Any) -> list[_Fold]:
    """Return the training and test rows of every fold."""
    _refuse_class(cv, "cv", "a splitter")
    pairs = cv
    if hasattr(cv, "split") or not isinstance(cv, Iterable):
        # Without the names of y: TimeSplit would warn of late targets, which are an error here.
        pairs = check_cv(cv).split(X, np.asarray(y))
    n_rows = num_samples(X)
    folds = [_read_fold(fold, pair, n_rows) for fold, pair in enumerate(pairs)]
    if not folds:
        raise ValueError(f"cv={cv!r} yields no fold, but at least one is needed.")
    return folds


def _read_fold(fold: int, pair: Any, n_rows: int) -> _Fold:
    """Return a pair of arrays of positions, or raise if a user's fold is something else."""
    sides = [np.asarray(side) for side in pair] if isinstance(pair, Iterable) else []
    if len(sides) != 2 or not (sides[0].ndim and sides[1].ndim):
        raise ValueError(
            f"Item {fold} of cv is not a pair (train, test). cv must be a splitter or a list of "
            "pairs of positions, also for a single fold: cv=[(train, test)]."
        )
    for side, rows in zip(("training", "test"), sides, strict=True):
        what = f"The {side} rows of fold {fold}"
        if not rows.size:
            raise ValueError(f"{what} are empty, but a fold needs training rows and test rows.")
        if rows.dtype.kind == "b":
            raise ValueError(
                f"{what} are a boolean mask, but must be positions. Use np.flatnonzero(mask)."
            )
        found = f"they have the dtype {rows.dtype} and the shape {rows.shape}"
        is_valid = rows.ndim == 1 and rows.dtype.kind in "iu"
        if is_valid:
            found = f"they reach from {rows.min()} to {rows.max()}"
            is_valid = rows.min() >= 0 and rows.max() < n_rows
        if not is_valid:
            raise ValueError(
                f"{what} must be a 1D array of positions from 0 to {n_rows - 1}, but {found}. "
                "Labels are converted to positions by X.index.get_indexer(labels)."
            )
    return sides[0].astype(np.intp), sides[1].astype(np.intp)


def _series_levels(rows: Rows) -> dict[Hashable, pd.Index]:
    """Return the levels of the index that name the series, by the names of their columns."""
    if rows.in_time.sorted is None:
        return {}
    index = rows.in_time.sorted.labels
    n_outer = index.nlevels - 1
    unnamed = ["series"] if n_outer == 1 else [f"series_{level}" for level in range(n_outer)]
    levels = {
        unnamed[level]
        if index.names[level] is None
        else index.names[level]: index.get_level_values(level)
        for level in range(n_outer)
    }
    reserved = (*COLUMNS, "target", *INTERVAL_COLUMNS, *quantile_columns(levels))
    if taken := [name for name in levels if name in reserved]:
        raise ValueError(
            f"The index of X has a level named {taken[0]!r}, which is a column of the result. "
            f"Rename it: X.rename_axis(index={{{taken[0]!r}: 'series'}})."
        )
    return levels


def _plan(rows: Rows, folds: list[_Fold], refit: int) -> list[tuple[Positions, list[_Test]]]:
    """Return the training rows of every fit, and the tests of the folds that it predicts."""
    plan = []
    for start in range(0, len(folds), refit):
        train = folds[start][0]
        tests = []
        for fold in range(start, min(start + refit, len(folds))):
            test = folds[fold][1]
            _check_forwards(rows, fold, train, test)
            tests.append(_Test(fold, test, rows_to_pass(rows, train, test)))
        plan.append((train, tests))
    return plan


def _check_forwards(rows: Rows, fold: int, train: Positions, test: Positions) -> None:
    """Raise if the target of a training row is not known at the first test row of its series."""
    first = np.full(rows.code.max() + 1, np.iinfo(np.intp).max)
    np.minimum.at(first, rows.code[test], rows.in_time.moment[test])
    late = rows.in_time.usable_from[train] > first[rows.code[train]]
    if late.any():
        ahead = counted(rows.horizon, "step")
        raise ValueError(
            f"Fold {fold} trains on {late.sum()} of {len(train)} rows whose target, {ahead} ahead, "
            "is not known at the first test row of the same series, so its forecasts would use the "
            f"future. Use folds forwards in time, such as TimeSplit(horizon={rows.horizon})."
        )


def _fit_and_predict(
    name: Hashable, estimator: Any, X: Any, y: Any, train: Positions, tests: list[_Test]
) -> list[Prediction]:
    """Fit a clone of the estimator, and return what it forecasts for each of the tests."""
    model = clone(estimator).fit(safe_indexing(X, train), safe_indexing(y, train))
    predictions = []
    for test in tests:
        prediction = predict_with_uncertainty(model, safe_indexing(X, test.passed))
        tested = np.searchsorted(test.passed, test.rows)
        predictions.append(_of_rows(prediction, tested, name))
    return predictions


def _of_rows(prediction: Prediction, rows: Positions, name: Hashable) -> Prediction:
    """Return the prediction for some of its rows, or raise if its arrays do not fit together."""
    forecast = np.asarray(prediction.forecast)
    chosen = prediction._replace(forecast=forecast[rows])
    if prediction.levels is not None:
        n_levels = len(prediction.levels)
        quantiles = _like_forecast(prediction.quantiles, forecast, n_levels, "quantile", name)
        chosen = chosen._replace(quantiles=quantiles[rows])
    if prediction.interval is not None:
        bounds = _like_forecast(prediction.interval, forecast, 2, "bound", name)
        chosen = chosen._replace(interval=bounds[rows])
    return chosen


def _like_forecast(values: Any, forecast: NDArray, size: int, noun: str, name: Hashable) -> NDArray:
    """Return an array of shape (samples, [outputs,] size), or raise if it has another one."""
    values = np.asarray(values, dtype=float)
    last = values.shape[-1:]
    if last != (size,) or len(values) != len(forecast) or values.size != size * forecast.size:
        raise ValueError(
            f"{name} predicts {noun}s in the shape {values.shape}, but its forecast has the shape "
            f"{forecast.shape}: with {counted(size, noun)} for each value, the shape must be "
            f"{(*forecast.shape, size)}."
        )
    return values


def _columns_of(prediction: Prediction, outputs: Outputs, name: Hashable) -> dict[str, NDArray]:
    """Return columns of the result, each of shape (test rows * outputs,)."""
    columns = {"forecast": outputs.like_truth(prediction.forecast, name).ravel()}
    if prediction.interval is not None:
        lower, upper = prediction.interval.reshape(-1, 2).T
        coverage = np.full(len(lower), prediction.coverage, float)
        columns |= {"lower": lower, "upper": upper, "coverage": coverage}
    if prediction.levels is not None and prediction.quantiles is not None:
        quantiles = prediction.quantiles.reshape(-1, len(prediction.levels)).T
        columns |= dict(zip(map(quantile_column, prediction.levels), quantiles, strict=True))
    return columns


def _to_frame(
    results: list[_Result], rows: Rows, series: dict[Hashable, pd.Index], outputs: Outputs
) -> pd.DataFrame:
    """Return the results with one row for every model, test row and output."""
    import pandas as pd

    n_outputs = len(outputs.steps)
    tested = np.concatenate([result.rows for result in results])
    row = np.repeat(tested, n_outputs)
    output = np.tile(np.arange(n_outputs), len(tested))
    sizes = [len(result.rows) * n_outputs for result in results]
    later = [rows.times_ahead(step)[tested] for step in outputs.steps]
    place = output * len(tested) + np.repeat(np.arange(len(tested)), n_outputs)
    columns: dict[Hashable, Any] = {
        "model": _names([result.name for result in results]).repeat(sizes),
        "fold": np.repeat([result.fold for result in results], sizes),
        "origin": rows.times[row],
        **{name: level[row] for name, level in series.items()},
    }
    if len(set(outputs.targets)) > 1:
        columns["target"] = _names(outputs.targets)[output]
    columns |= {
        "step": np.take(outputs.steps, output),
        "time": later[0].append(later[1:])[place],
        "truth": outputs.truth[row, output],
    }
    columns |= _join([result.columns for result in results], sizes)
    return pd.DataFrame(columns)


def _join(parts: list[dict[str, NDArray]], sizes: list[int]) -> dict[Hashable, NDArray]:
    """Return the columns of all parts, one below the other. NaN where a part lacks one."""
    present = {name for part in parts for name in part}
    order = ["forecast", *INTERVAL_COLUMNS, *quantile_columns(present)]
    return {
        name: np.concatenate(
            [
                part[name] if name in part else np.full(size, np.nan)
                for part, size in zip(parts, sizes, strict=True)
            ]
        )
        for name in order
        if name in present
    }


def _names(names: list[Any]) -> pd.Index:
    """Return names as an index, without converting names of other types to text."""
    import pandas as pd

    return pd.Index(names, dtype=object, tupleize_cols=False).infer_objects()
