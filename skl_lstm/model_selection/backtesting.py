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
from .._core.backtest_frames import COLUMNS
from .._core.messages import counted
from .._core.parameters import AtLeast
from .._core.public import set_module
from .._core.shapes import names_of_columns, parse_lead_names
from .._core.timed_windows import labels_of_rows
from .rows_in_time import RowsInTime, read_times

if TYPE_CHECKING:
    import pandas as pd


_Positions = NDArray[np.intp]
_Fold = tuple[_Positions, _Positions]  # training rows, test rows


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

    Raises
    ------
    TypeError
        If `estimator` or `cv` is a class or, for several models, a list, or a model has no `fit` or
        `predict`.
    ValueError
        If a fold trains on targets that are not known at its first test row, X and y do not match,
        cv does not hold pairs of positions, a model predicts another number of values than y has,
        or a level of the index is named like a column of the result.

    See Also
    --------
    TimeSplit : Folds forwards in time, for one series or many.
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
    """
    models = _read_models(estimator)
    _check_pairs(X, y)
    outputs = _read_outputs(X, y)
    rows = _read_rows(X, max(outputs.steps))
    folds = _read_folds(cv, X, y)
    plan = _plan(rows, folds, len(folds) if refit is False else int(refit))
    tasks = [(name, train, tests) for name in models for train, tests in plan]
    forecasts = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_predict)(models[name], X, y, train, tests) for name, train, tests in tasks
    )
    results = [
        _Result(name, test.fold, test.rows, outputs.like_truth(forecast, name))
        for (name, _, tests), of_task in zip(tasks, forecasts, strict=True)
        for test, forecast in zip(tests, of_task, strict=True)
    ]
    return _to_frame(results, rows, outputs)


class _Rows(NamedTuple):
    """The labels of the rows of X."""

    times: pd.Index
    series: dict[Hashable, pd.Index]  # levels that name the series
    code: NDArray[np.intp]  # position of the series of every row
    in_time: RowsInTime
    horizon: int  # largest number of steps ahead in y
    ndim: int  # number of axes of X

    def times_ahead(self, steps: int) -> pd.Index:
        """Return the time `steps` steps after every row."""
        if self.in_time.sorted is None:
            return self.times + steps
        from ..transformers.time_index import times_ahead

        return times_ahead(self.in_time.sorted, steps)


class _Outputs(NamedTuple):
    """The columns of y: the steps ahead, the names of the targets and the values."""

    steps: list[int]
    targets: list[Any]
    truth: NDArray  # (samples, outputs)

    def like_truth(self, forecast: ArrayLike, name: Hashable) -> NDArray:
        """Return a forecast as (samples, outputs), or raise if it has other outputs than y."""
        values = np.asarray(forecast)
        columns = values.reshape(len(values), -1)
        if columns.shape[1] != len(self.steps):
            raise ValueError(
                f"{name} predicts {counted(columns.shape[1], 'value')} for each row, but y has "
                f"{len(self.steps)}: each value that a model predicts is compared with one of y."
            )
        return columns


class _Test(NamedTuple):
    """The test rows of a fold, and the rows to pass to `predict`, which include them."""

    fold: int
    rows: _Positions
    passed: _Positions


class _Result(NamedTuple):
    """The forecasts of a model for the test rows of a fold."""

    name: Hashable
    fold: int
    rows: _Positions
    forecast: NDArray  # (test rows, outputs)


def _read_models(estimator: Any) -> dict[Hashable, Any]:
    """Return the models by their names."""
    if isinstance(estimator, list | tuple):
        raise TypeError(
            f"estimator is a {type(estimator).__name__}, but several models need names. Use a "
            "dict: {'name': model}."
        )
    _refuse_class(estimator, "estimator", "a model")
    if not isinstance(estimator, Mapping):
        last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
        return {type(last).__name__: estimator}
    if not estimator:
        raise ValueError("estimator is an empty dict, but must have one model or more.")
    for name, model in estimator.items():
        _refuse_class(model, f"estimator[{name!r}]", "a model")
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


def _read_rows(X: Any, horizon: int) -> _Rows:
    import pandas as pd

    in_time = read_times(X, horizon, 0)
    code = np.zeros(len(in_time.moment), np.intp)
    if in_time.sorted is None:
        ndim = X.ndim if hasattr(X, "ndim") else 1 + np.ndim(X[0])
        return _Rows(pd.RangeIndex(len(code)), {}, code, in_time, horizon, ndim)
    labels: Any = in_time.sorted.labels
    if labels.nlevels > 1:
        code = labels.droplevel(-1).factorize()[0]
    times, levels = in_time.sorted.times, _series_levels(labels)
    return _Rows(times, levels, code, in_time, horizon, X.ndim)


def _check_pairs(X: Any, y: Any) -> None:
    """Raise if X has no rows, or y has other rows or labels: rows are matched by position."""
    index, of_y = labels_of_rows(X), labels_of_rows(y)
    if num_samples(X) != num_samples(y):
        remedy = " If y is from leads, use X = table.loc[y.index]." if of_y is not None else ""
        raise ValueError(f"X has {num_samples(X)} rows, but y has {num_samples(y)}.{remedy}")
    if num_samples(X) == 0:
        raise ValueError("X has no rows, but a fold needs training rows and later test rows.")
    if index is None or of_y is None or of_y.equals(index) or _is_unlabelled(of_y, index):
        return
    # As objects: labels of other kinds can be compared, too.
    differs = index.astype(object).to_numpy() != of_y.astype(object).to_numpy()
    if not differs.any():  # times in another unit
        return
    if of_y.nlevels == index.nlevels and index.isin(of_y).all():
        raise ValueError(
            "y has the labels of X, but in another order, and rows are matched by position. Use "
            "y = y.loc[X.index]."
        )
    row = int(differs.argmax())
    labels = [rows[row : row + 1].tolist()[0] for rows in (index, of_y)]
    raise ValueError(
        f"Row {row} has the label {labels[0]} in X, but {labels[1]} in y, and rows are matched by "
        "position. If y is from leads, use X = table.loc[y.index]. If the rows belong together by "
        "position, use y.set_axis(X.index)."
    )


def _is_unlabelled(index: pd.Index, index_of_X: pd.Index) -> bool:
    """Return whether an index only counts the rows, and X is not labelled by integers."""
    import pandas as pd

    is_default = isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(index)))
    return is_default and index_of_X.dtype.kind not in "iu"


def _series_levels(index: pd.Index) -> dict[Hashable, pd.Index]:
    """Return the levels that name the series, by the names of their columns."""
    n_outer = index.nlevels - 1
    unnamed = ["series"] if n_outer == 1 else [f"series_{level}" for level in range(n_outer)]
    levels = {
        unnamed[level]
        if index.names[level] is None
        else index.names[level]: index.get_level_values(level)
        for level in range(n_outer)
    }
    if taken := [name for name in levels if name in (*COLUMNS, "target")]:
        raise ValueError(
            f"The index of X has a level named {taken[0]!r}, which is a column of the result. "
            f"Rename it: X.rename_axis(index={{{taken[0]!r}: 'series'}})."
        )
    return levels


def _read_outputs(X: Any, y: Any) -> _Outputs:
    values = np.asarray(y)
    if values.ndim > 2:
        raise ValueError(
            f"y has shape {values.shape}, but must have shape (n_samples,) or (n_samples, "
            "n_outputs)."
        )
    truth = values.reshape(len(values), -1)
    if not hasattr(y, "iloc"):
        return _Outputs(list(range(1, truth.shape[1] + 1)), [None] * truth.shape[1], truth)
    names = names_of_columns(y)
    leads = parse_lead_names(names, getattr(X, "columns", ()))
    if leads is None:
        return _Outputs([1] * len(names), names, truth)
    return _Outputs([step for step, _ in leads], [target for _, target in leads], truth)


def _plan(rows: _Rows, folds: list[_Fold], refit: int) -> list[tuple[_Positions, list[_Test]]]:
    """Return the training rows of every fit, and the tests of the folds that it predicts."""
    plan = []
    for start in range(0, len(folds), refit):
        train = folds[start][0]
        tests = []
        for fold in range(start, min(start + refit, len(folds))):
            test = folds[fold][1]
            _check_forwards(rows, fold, train, test)
            tests.append(_Test(fold, test, _rows_to_pass(rows, train, test)))
        plan.append((train, tests))
    return plan


def _check_forwards(rows: _Rows, fold: int, train: _Positions, test: _Positions) -> None:
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


def _rows_to_pass(rows: _Rows, train: _Positions, test: _Positions) -> _Positions:
    """Return the rows to pass to `predict`, in order: the test rows, and those before them.

    A windower finds the training rows in what it kept in `fit`, so they are not passed again. It
    keeps no rows of arrays.
    """
    if rows.ndim != 2:
        return np.sort(test)
    if rows.in_time.sorted is None:
        return np.arange(test.max() + 1)
    n_series = rows.code.max() + 1
    begin, end = np.full(n_series, -1), np.full(n_series, -1)
    np.maximum.at(begin, rows.code[train], rows.in_time.moment[train])
    np.maximum.at(end, rows.code[test], rows.in_time.moment[test])
    return np.flatnonzero(
        (rows.in_time.moment > begin[rows.code]) & (rows.in_time.moment <= end[rows.code])
    )


def _fit_and_predict(
    estimator: Any, X: Any, y: Any, train: _Positions, tests: list[_Test]
) -> list[NDArray]:
    """Fit a clone of the estimator, and return its forecasts for each of the tests."""
    model = clone(estimator).fit(safe_indexing(X, train), safe_indexing(y, train))
    forecasts = []
    for test in tests:
        forecast = np.asarray(model.predict(safe_indexing(X, test.passed)))
        forecasts.append(forecast[np.searchsorted(test.passed, test.rows)])
    return forecasts


def _to_frame(results: list[_Result], rows: _Rows, outputs: _Outputs) -> pd.DataFrame:
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
        **{name: level[row] for name, level in rows.series.items()},
    }
    if len(set(outputs.targets)) > 1:
        columns["target"] = _names(outputs.targets)[output]
    columns |= {
        "step": np.take(outputs.steps, output),
        "time": later[0].append(later[1:])[place],
        "truth": outputs.truth[row, output],
        "forecast": np.concatenate([result.forecast.ravel() for result in results]),
    }
    return pd.DataFrame(columns)


def _names(names: list[Any]) -> pd.Index:
    """Return names as an index, without converting names of other types to text."""
    import pandas as pd

    return pd.Index(names, dtype=object, tupleize_cols=False).infer_objects()
