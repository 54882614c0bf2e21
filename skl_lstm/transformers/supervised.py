"""`sliding_windows` and `make_supervised`: windows of a series without an estimator."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat.sklearn import validate_params
from .._core.messages import listed
from .._core.parameters import AtLeast
from .._core.public import set_module
from .._core.shapes import check_enough_rows, lead_names, step_names, window_span
from .._core.validation import read_array
from .._core.windows import window_view

if TYPE_CHECKING:
    import pandas as pd


@set_module("skl_lstm")
@validate_params(
    {"timesteps": [AtLeast(1)], "stride": [AtLeast(1)], "sampling_rate": [AtLeast(1)]},
    prefer_skip_nested_validation=True,
)
def sliding_windows(
    series: ArrayLike, timesteps: int, *, stride: int = 1, sampling_rate: int = 1
) -> NDArray:
    """Cut a series into windows (windows, timesteps, features) without copying it.

    Parameters
    ----------
    series : array-like of shape (n_rows,) or (n_rows, n_features)
        One timestep per row, oldest first; a 1D series is one feature. NaN is allowed,
        infinity is not.
    timesteps : int
        Number of timesteps of a window.
    stride : int, default=1
        Distance in rows between the first steps of consecutive windows. With
        ``stride=timesteps`` windows do not overlap.
    sampling_rate : int, default=1
        Distance in rows between consecutive steps of a window: 2 takes every second row.

    Returns
    -------
    ndarray of shape (n_windows, timesteps, n_features)
        A read-only view of the series in its dtype. Rows at the end that do not fill a
        window are left out.

    Raises
    ------
    ValueError
        If the series is too short for one window.

    See Also
    --------
    make_supervised : The same windows as rows of a table, with targets.
    SequenceWindower : For a Pipeline: one window per row, the first ones padded.

    Examples
    --------
    A series of ten values, and two parallel series of ten values:

    >>> from skl_lstm import sliding_windows
    >>> ten_values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    >>> sliding_windows(ten_values, 10).shape
    (1, 10, 1)
    >>> ten_by_two = [[value, 1 - value] for value in ten_values]
    >>> sliding_windows(ten_by_two, 10).shape
    (1, 10, 2)

    Overlapping windows, windows that do not overlap, and every second row:

    >>> sliding_windows(ten_values, 4).shape
    (7, 4, 1)
    >>> sliding_windows(ten_values, 4, stride=4).shape
    (2, 4, 1)
    >>> sliding_windows(range(10), 4, sampling_rate=2)[0].ravel()
    array([0, 2, 4, 6])
    """
    values = _as_rows(series, _to_frame(series))
    check_enough_rows(len(values), timesteps, sampling_rate)
    return window_view(values, timesteps, stride=stride, sampling_rate=sampling_rate)


@set_module("skl_lstm")
@validate_params(
    {
        "timesteps": [AtLeast(1)],
        "horizon": [AtLeast(1)],
        "gap": [AtLeast(0)],
        "stride": [AtLeast(1)],
        "sampling_rate": [AtLeast(1)],
    },
    prefer_skip_nested_validation=True,
)
def make_supervised(
    series: ArrayLike,
    timesteps: int,
    *,
    target: Hashable | Sequence[Hashable] | None = None,
    horizon: int = 1,
    gap: int = 0,
    stride: int = 1,
    sampling_rate: int = 1,
) -> tuple[Any, Any]:
    """Turn a series into rows of lag columns and the values that follow them.

    Row i of X is a flattened window of `timesteps` steps; row i of y holds the values after
    it. ``SequenceReshaper(features=n_features)`` reshapes X into sequences.

    Parameters
    ----------
    series : array-like of shape (n_rows,) or (n_rows, n_features), Series or DataFrame
        One timestep per row, oldest first, in rows of equal distance in time. A 1D series is
        one feature. NaN is allowed, infinity is not.
    timesteps : int
        Number of timesteps of a window, the look-back.
    target : column, list of columns, default=None
        Columns to forecast, by name, or by position for an array. None: every column.
    horizon : int, default=1
        Number of steps to forecast.
    gap : int, default=0
        Number of rows to skip between the window and the first forecast step.
    stride : int, default=1
        Distance in rows between consecutive windows.
    sampling_rate : int, default=1
        Distance in rows between consecutive steps of a window: 2 takes every second row.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_windows, timesteps * n_features)
        Windows, oldest step first, with the features of one step in adjacent columns. For
        an array, a read-only view where NumPy allows it. For a DataFrame or Series, a
        DataFrame with columns ``t0_a, t0_b, t1_a, …`` and the index of the last row of each
        window, the time of the forecast.
    y : ndarray, Series or DataFrame of shape (n_windows,) or (n_windows, horizon * n_targets)
        The next values of the target, 1D if there is one value per row. For a DataFrame, it
        has the index of X; several columns are named ``h1_a, h1_b, h2_a, …``, where ``h1`` is
        one step ahead.

    Raises
    ------
    ValueError
        If the series is too short for one window and its target, or `target` is not in it.

    See Also
    --------
    SequenceReshaper : Reshapes the rows of X into sequences.

    Examples
    --------
    >>> from skl_lstm import make_supervised
    >>> X, y = make_supervised([10, 20, 30, 40, 50, 60], 3)
    >>> X
    array([[10, 20, 30],
           [20, 30, 40],
           [30, 40, 50]])
    >>> y
    array([40, 50, 60])

    A DataFrame keeps its column names and its index:

    >>> from skl_lstm.datasets import load_seattle_weather
    >>> weather = load_seattle_weather()[["temp_max", "wind"]]
    >>> X, y = make_supervised(weather, 2, target="temp_max")
    >>> X.head(2)
                t0_temp_max  t0_wind  t1_temp_max  t1_wind
    date
    2012-01-02         12.8      4.7         10.6      4.5
    2012-01-03         10.6      4.5         11.7      2.3
    >>> y.head(2)
    date
    2012-01-02    11.7
    2012-01-03    12.2
    Freq: D, Name: temp_max, dtype: float64
    """
    table = _to_frame(series)
    values = _as_rows(series, table)
    names = list(range(values.shape[1])) if table is None else list(table.columns)
    targets = _target_columns(names, target)

    # NumPy's small integers would overflow.
    ahead = int(gap) + int(horizon)
    check_enough_rows(len(values), timesteps, sampling_rate, ahead)
    span = window_span(timesteps, sampling_rate)
    windows = window_view(values[:-ahead], timesteps, stride=stride, sampling_rate=sampling_rate)
    future = window_view(values[span + gap :, targets], horizon, stride=stride)
    X = windows.reshape(len(windows), -1)
    y = future.reshape(len(future), -1)
    if table is None:
        return X, y[:, 0] if y.shape[1] == 1 else y
    return _to_pandas(X, y, table, targets, span=span, stride=stride, gap=gap)


def _to_frame(series: Any) -> pd.DataFrame | None:
    # If pandas is not imported yet, the series is not a pandas object; importing it takes time.
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return None
    if isinstance(series, pandas.Series):
        series = series.to_frame(name=0 if series.name is None else series.name)
    return series if isinstance(series, pandas.DataFrame) else None


def _as_rows(series: ArrayLike, table: pd.DataFrame | None) -> NDArray:
    values = read_array(series if table is None else table, "series", ensure_2d=False)
    return values[:, np.newaxis] if values.ndim == 1 else values


def _target_columns(names: list[Any], target: Any) -> slice | list[int]:
    """Return the positions of the target columns, as a slice if that keeps y a view."""
    if target is None:
        return slice(None)
    wanted = [target] if isinstance(target, Hashable) else list(target)
    if not wanted:
        raise ValueError(f"target={target!r} names no column. Columns: {listed(names)}.")
    for name in wanted:
        # True equals 1, but is not a column position.
        if isinstance(name, bool) or name not in names:
            raise ValueError(
                f"target {name!r} is not a column of the series. Columns: {listed(names)}."
            )
    positions = [names.index(name) for name in wanted]
    return slice(positions[0], positions[0] + 1) if len(positions) == 1 else positions


def _to_pandas(
    X: NDArray,
    y: NDArray,
    table: pd.DataFrame,
    targets: slice | list[int],
    *,
    span: int,
    stride: int,
    gap: int,
) -> tuple[pd.DataFrame, pd.Series | pd.DataFrame]:
    import pandas as pd

    index = table.index[span - 1 :: stride][: len(X)]
    X_names = step_names(X.shape[1] // table.shape[1], table.columns)
    target_names = table.columns[targets]
    ahead = range(gap + 1, gap + 1 + y.shape[1] // len(target_names))
    y_names = lead_names(ahead, target_names)
    # Without copy=False, pandas copies every overlapping window.
    X_frame = pd.DataFrame(X, index=index, columns=X_names, copy=False)
    if y.shape[1] == 1:
        return X_frame, pd.Series(y[:, 0], index=index, name=target_names[0], copy=False)
    return X_frame, pd.DataFrame(y, index=index, columns=y_names, copy=False)
