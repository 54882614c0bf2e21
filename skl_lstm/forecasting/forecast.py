"""`forecast`: the values to come of every series, with their dates."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .._compat.sklearn import HasMethods, validate_params
from .._core.every_step import refuse_estimator_of_steps
from .._core.messages import counted, listed
from .._core.parameters import AtLeast, Number
from .._core.public import set_module
from .._core.uncertainty import chosen_by_search
from .._core.validation import refuse_repeated_columns
from .windows import find_target_names, find_windower, rows_of_last_window, warn_of_padding

if TYPE_CHECKING:
    import pandas as pd

# `forecast` uses the last window of every series, and warns by itself if one of them is padded. An
# array that is shorter than a window has no other window.
_OF_UNUSED_WINDOWS = r"\d+ of \d+ windows are padded (?!because X has)"


@set_module("skl_lstm")
@validate_params(
    {
        "estimator": [HasMethods("predict")],
        "steps": [AtLeast(1), None],
        "coverage": [Number(Real, 0, 1, closed="neither"), None],
    },
    prefer_skip_nested_validation=True,
)
def forecast(
    estimator: Any,
    table: pd.DataFrame,
    *,
    target: Hashable | Sequence[Hashable],
    steps: int | None = None,
    known: pd.DataFrame | None = None,
    coverage: float | None = None,
) -> pd.DataFrame:
    """Forecast the values that follow the last row of every series, with their dates.

    The estimator was fitted on the rows of such a table, and on the next values of each row, as
    `leads` returns them. Up to its horizon H, the number of steps in y, the forecasts are those of
    ``estimator.predict`` at the last row of every series. Further steps are forecast in blocks of
    H: the forecasts become rows of the table, and the next block follows the last of these rows.

    Parameters
    ----------
    estimator : estimator
        A fitted Pipeline of a `SequenceWindower` and a regressor, or a search or another
        meta-estimator around it. X was a DataFrame, and y was made by `leads` without a gap.
    table : DataFrame of shape (n_rows, n_columns)
        The rows up to now, in any order. **Pass the table, not** ``X = table.loc[y.index]``,
        **which ends H rows earlier.** The last row of every series has a value of `target`. The
        last level of the index is the time, outer levels name the series. The newest rows are
        enough if they begin right after the last row of X in `fit`, or before: the last H rows had
        no target then.
    target : column, list of columns
        Name of the column that is forecast. A list if y has several targets, in the order of
        `leads`.
    steps : int, default=None
        Number of steps to forecast. None: the horizon of the estimator.
    known : DataFrame of shape (n_coming, n_known_columns), default=None
        Values of other columns that are known beforehand, by the label of the row to come. The
        index is like that of `table`, or is only the time, and then applies to every series.
        It may have more columns and rows than needed. For rows of the table, the values of the
        table are used; values of `target` are never read from `known`.
    coverage : float, default=None
        Share of the coming values that intervals around the forecasts should hold, above 0 and
        below 1. The estimator is a `ConformalRegressor`, and `steps` is its horizon at most. None:
        no intervals.

    Returns
    -------
    DataFrame of shape (n_series * steps, n_targets) or (n_series * steps, 3 * n_targets)
        The forecasts, sorted by series and time. The index has the levels of the index of
        `table`, and continues each series from its own last row. The columns are the targets.
        With `coverage`, each target such as ``load`` is followed by the bounds of its interval,
        ``load_lower`` and ``load_upper``.

    Raises
    ------
    TypeError
        If `table` or `known` is not a DataFrame, or the last level of the index does not hold
        times or numbers.
    ValueError
        If a column that the estimator needs is not there, `known` lacks a value that is needed,
        the last row of a series has no value of `target`, the y of `fit` was made of other targets
        or with a gap, the outputs of the estimator are not a multiple of the targets, a label is
        missing or repeated, or intervals are wanted that the estimator does not have.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Warns
    -----
    UserWarning
        If the window of the last row of a series is padded, because too few rows precede it in the
        table and in the `history_` of the windower.

    See Also
    --------
    ConformalRegressor : Intervals around the forecasts.
    leads : Make the targets, and the columns of futures that are known beforehand.
    SequenceWindower : Windows of past rows, in a Pipeline.
    Stream : Forecasts from new rows, as they come.

    Notes
    -----
    If the estimator was fitted on columns such as ``h1_holiday``, which `leads` made of the column
    ``holiday``, pass `table` and `known` with the column ``holiday``. The leads are made as in
    training: rows before a hole in time that have no complete future are left out. If `table`
    already has the column ``h1_holiday``, the forecast begins after the last row that has it.

    Beyond the horizon, the estimator also reads the coming values of its other columns, from
    `known`.

    The dates follow the calendar that the windower has learned in `fit`: the usual step, months,
    weekdays and time zones. Without a windower, the calendar is learned from `table`.

    If the windower is the first step, only the rows of the last windows are passed to the
    estimator. Any other estimator gets all rows, sorted by series and time.

    Examples
    --------
    Two steps ahead, forecast at once by two outputs, and two more from these forecasts:

    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import SequenceFlattener, SequenceWindower, forecast, leads
    >>> days = pd.date_range("2024-01-01", periods=60, name="day")
    >>> table = pd.DataFrame({"load": 10.0 + days.day_of_week}, index=days)
    >>> y = leads(table, "load", horizon=2)
    >>> model = make_pipeline(SequenceWindower(7), SequenceFlattener(), LinearRegression())
    >>> _ = model.fit(table.loc[y.index], y)
    >>> forecast(model, table, target="load", steps=4).round()
                load
    day
    2024-03-01  14.0
    2024-03-02  15.0
    2024-03-03  16.0
    2024-03-04  10.0

    With holidays, which are known beforehand:

    >>> table["holiday"] = days.day.isin([3, 14, 25])
    >>> table["load"] -= 5 * table["holiday"]
    >>> y = leads(table, "load", horizon=2)
    >>> X = table.join(leads(table[["holiday"]], horizon=2), how="inner")
    >>> _ = model.fit(X, y)
    >>> coming = pd.date_range("2024-03-01", periods=2)
    >>> known = pd.DataFrame({"holiday": [False, True]}, index=coming)
    >>> forecast(model, table, target="load", known=known).round(2)
                load
    day
    2024-03-01  14.0
    2024-03-02  10.0

    With the intervals that should hold 80 % of the coming values:

    >>> from skl_lstm import ConformalRegressor
    >>> noise = [0.0, 0.5, -0.5, 1.0, -1.0, 0.3] * 10
    >>> table = table[["load"]].add(noise, axis=0)
    >>> y = leads(table, "load", horizon=2)
    >>> model = make_pipeline(SequenceWindower(7), SequenceFlattener(), LinearRegression())
    >>> conformal = ConformalRegressor(model, calibration=20).fit(table.loc[y.index], y)
    >>> forecast(conformal, table, target="load", coverage=0.8).round(1)
                load  load_lower  load_upper
    day
    2024-03-01  13.8        11.6        16.0
    2024-03-02  13.5        11.1        15.9
    """
    refuse_estimator_of_steps(estimator, "forecast")
    _check_frame(table, "table")
    import pandas as pd

    from ..transformers.time_index import join_labels
    from .columns import (
        check_ends,
        check_known,
        check_target_names,
        continue_columns,
        find_known,
        find_sources,
        make_X,
        read_targets,
    )
    from .coming import coming_labels, make_timeline, read_index

    if known is not None:
        _check_frame(known, "known")
        _check_known_index(known.index, table.index)
    targets = read_targets(target, table)
    check_is_fitted(estimator)
    check_target_names(find_target_names(estimator), targets, table)
    sources = find_sources(estimator, table, known, targets)
    rows, calendar = read_index(table.index, find_windower(estimator))
    check_ends(table, rows, targets)
    # How many rows to come are predicted from is known after the first block; this is the most.
    n_new = 0 if steps is None else int(steps) - 1
    furthest = max(step for _, step in sources.values())
    timeline = make_timeline(rows, calendar, n_new, furthest, rows_of_last_window(estimator))
    found = find_known(known, timeline.labels, calendar.step)
    columns, is_missing = continue_columns(sources, table, known, targets, found)
    X = make_X(sources, columns, timeline)
    check = partial(check_known, sources, is_missing, timeline, known)
    values = _forecast_blocks(estimator, X, timeline.ahead, targets, steps, check)
    names = targets
    if coverage is not None:
        bounds = _predict_bounds(estimator, X, timeline.ahead, targets, values.shape[1], coverage)
        values = np.concatenate([values[..., np.newaxis], bounds], axis=-1)
        names = [name for target in targets for name in _with_bounds(target, targets)]

    ends = rows.labels[timeline.rows()[timeline.ahead == 0]]
    labels = coming_labels(ends, calendar, values.shape[1])
    # In the time zone of the table.
    labels = join_labels(table.index[:0], labels).set_names(table.index.names)
    by_step = values.swapaxes(0, 1).reshape(len(labels), -1)  # like the labels
    return pd.DataFrame(by_step, labels, names).sort_index()


def _forecast_blocks(
    estimator: Any,
    X: pd.DataFrame,
    ahead: NDArray[np.intp],
    targets: list[Any],
    steps: int | None,
    check: Callable[..., None],
) -> NDArray:
    """Return the forecasts: (n_series, steps, n_targets)."""
    check(now=0)
    is_seen, span = ahead <= 0, rows_of_last_window(estimator)
    first = _predict_ends(estimator, X[is_seen], ahead[is_seen] == 0, targets)
    if (windower := find_windower(estimator)) is not None:
        warn_of_padding(windower, X.index[is_seen], ahead[is_seen] == 0)
    horizon = first.shape[1]
    steps = horizon if steps is None else int(steps)
    if steps > horizon:
        reason = (
            f" The estimator forecasts {counted(horizon, 'step')} at once. For more, it also reads "
            "its columns in rows to come. If they are not known, fit it to all steps: y = leads("
            f"table, {(targets[0] if len(targets) == 1 else targets)!r}, horizon={steps})."
        )
        check(now=(steps - 1) // horizon * horizon, reason=reason)
    blocks = [first]
    for now in range(horizon, steps, horizon):
        _write_forecasts(X, (ahead > now - horizon) & (ahead <= now), blocks[-1], targets)
        is_seen = (ahead > now - span) & (ahead <= now)
        blocks.append(_predict_ends(estimator, X[is_seen], ahead[is_seen] == now, targets))
    return np.concatenate(blocks, axis=1)[:, :steps]


def _predict_bounds(
    estimator: Any,
    X: pd.DataFrame,
    ahead: NDArray[np.intp],
    targets: list[Any],
    steps: int,
    coverage: float,
) -> NDArray:
    """Return the intervals at the last row of every series: (n_series, steps, n_targets, 2)."""
    estimator = chosen_by_search(estimator)
    if not hasattr(estimator, "predict_interval"):
        raise ValueError(
            f"coverage={coverage} needs an estimator with intervals, but "
            f"{type(estimator).__name__} has none. Use ConformalRegressor(estimator).fit(X, y)."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # predict has warned already
        interval = estimator.predict_interval(X[ahead <= 0], coverage)[ahead[ahead <= 0] == 0]
    bounds = interval.reshape(len(interval), -1, len(targets), 2)
    if steps > bounds.shape[1]:
        wanted = targets[0] if len(targets) == 1 else targets
        raise ValueError(
            f"steps={steps}, but the intervals of the estimator reach "
            f"{counted(bounds.shape[1], 'step')} ahead, its horizon. Fit it to all steps: "
            f"y = leads(table, {wanted!r}, horizon={steps})."
        )
    return bounds[:, :steps]


def _with_bounds(target: Any, targets: list[Any]) -> list[Any]:
    """Return the names of a forecast and of the bounds of its interval."""
    bounds = [f"{target}_lower", f"{target}_upper"]
    if taken := [name for name in bounds if name in targets]:
        raise ValueError(
            f"The target {taken[0]!r} is named like a bound of the interval of {target!r}. Rename "
            "this column of the table, and fit the estimator again."
        )
    return [target, *bounds]


def _predict_ends(
    estimator: Any, X: pd.DataFrame, is_end: NDArray[np.bool_], targets: list[Any]
) -> NDArray:
    """Return the forecasts at the last row of every series: (n_series, horizon, n_targets)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _OF_UNUSED_WINDOWS, UserWarning)
        predicted = np.asarray(estimator.predict(X))
    predicted = predicted[:, np.newaxis] if predicted.ndim == 1 else predicted
    if predicted.ndim != 2 or predicted.shape[1] % len(targets):
        raise ValueError(
            f"The estimator predicts an array of shape {predicted.shape} for {len(X)} rows, but "
            f"must predict whole steps of {counted(len(targets), 'target')}, "
            f"{listed(targets)}. Name all targets of y = leads(table, target, horizon=…)."
        )
    ends = predicted[is_end]
    return ends.reshape(len(ends), -1, len(targets))


def _write_forecasts(
    X: pd.DataFrame, is_new: NDArray[np.bool_], values: NDArray, targets: list[Any]
) -> None:
    """Write forecasts into the rows to come, as values of the targets that are features."""
    for name, own_values in zip(targets, np.moveaxis(values, 2, 0), strict=True):
        if name in X.columns:
            # pandas refuses to write float64 into a column of float32.
            cells: Any = np.flatnonzero(is_new), X.columns.get_loc(name)
            X.iloc[cells] = own_values.ravel().astype(X[name].dtype)


def _check_frame(frame: Any, name: str) -> None:
    if not (hasattr(frame, "iloc") and hasattr(frame, "columns")):
        raise TypeError(
            f"{name} is of type {type(frame).__name__}, but must be a pandas DataFrame whose index "
            "holds the time of each row, from which the times of the forecasts follow. Use "
            f"pandas.DataFrame({name}, index=times, columns=names)."
        )
    refuse_repeated_columns(frame, name)


def _check_known_index(known: pd.Index, index: pd.Index) -> None:
    """Raise an error if rows to come cannot be found by their labels."""
    from ..transformers.label_checks import kind_of_time, times_of, zone_remedy

    if known.nlevels not in (1, index.nlevels) or (
        known.nlevels > 1 and known.names != index.names and set(known.names) == set(index.names)
    ):
        raise ValueError(
            f"The index of known has the levels {list(known.names)}, but must have those of the "
            f"table, {list(index.names)}, or only the time."
        )
    kind = kind_of_time(times_of(index), index.nlevels > 1)
    own = kind_of_time(times_of(known), known.nlevels > 1, "known")
    if own != kind:
        remedy = zone_remedy(index, known, "known") or "Give known an index like that of the table."
        raise ValueError(
            f"The index of known has {own} as the time of its rows, but that of the table has "
            f"{kind}. {remedy}"
        )
    if known.has_duplicates:
        label = known[known.duplicated()][0]
        raise ValueError(
            f"known has {(known == label).sum()} rows with the label {label}. Drop the duplicates; "
            "if they belong to different series, name the series in an outer level of the index."
        )
