"""`leads`: the values that come next, for targets and for futures that are known beforehand."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat.sklearn import validate_params
from .._core.messages import counted, did_you_mean, listed
from .._core.parameters import AtLeast
from .._core.public import set_module
from .._core.shapes import lead_names
from .._core.user_warnings import warn_user
from .._core.validation import read_array, refuse_repeated_columns
from .._core.windows import window_view
from .hollow_windows import length_of_time

if TYPE_CHECKING:
    import pandas as pd

    from .time_index import SortedRows

_MAX_NAMES = 5  # of series in a warning


@set_module("skl_lstm")
@validate_params({"horizon": [AtLeast(1)], "gap": [AtLeast(0)]}, prefer_skip_nested_validation=True)
def leads(
    table: Any,
    columns: Hashable | Sequence[Hashable] | None = None,
    *,
    horizon: int = 1,
    gap: int = 0,
) -> Any:
    """Return the next values of every row: targets, or futures that are known beforehand.

    The index of a DataFrame or Series defines which rows come next, as in `SequenceWindower`: the
    last level is the time, outer levels name the series. Rows without a complete future are left
    out: at the end of a series, and before a hole in time. Rows may be in any order. The rows of
    an array are consecutive.

    Parameters
    ----------
    table : DataFrame, Series or array-like of shape (n_rows,) or (n_rows, n_columns)
        One time step per row. A DataFrame may have columns of any dtype.
    columns : column, list of columns, default=None
        Columns of the table, by name, or by position for an array. None: every column.
    horizon : int, default=1
        Number of steps ahead.
    gap : int, default=0
        Number of steps to skip between the row and the first step ahead.

    Returns
    -------
    Series, DataFrame or ndarray of shape (n_complete,) or (n_complete, horizon * n_columns)
        The next values, in the order and with the index of those rows that have all of them.
        The columns of a DataFrame are named ``h1_a, h1_b, h2_a, …``, where ``h1`` is one step
        ahead; with a gap, the first is ``h{gap + 1}_a``. A single column and a single step give a
        Series, or a 1D array: it is named like the column, with a gap like ``h{gap + 1}_a``. A
        list of one column gives a DataFrame, as in pandas.

    Raises
    ------
    TypeError
        If the last level of the index does not hold times or numbers.
    ValueError
        If no row has a complete future, a label is missing or repeated, or a column is not in the
        table.

    Warns
    -----
    UserWarning
        If the labels are probably not what they look like, as in `SequenceWindower`; if the index
        only counts the rows, but a column holds dates; or if no row of a series has a complete
        future, so that the whole series is left out.

    See Also
    --------
    make_supervised : The same targets with windows as rows of lag columns.
    TimeSplit : Folds in which no target of a training row is in the test fold.

    Notes
    -----
    Missing values in the table stay missing in the result. To leave out these rows, too, use
    ``leads(...).dropna()``.

    Examples
    --------
    Targets, and the rows that they belong to. On 4 March the sensor failed, so the rows of 2 and
    3 March have no complete future:

    >>> import pandas as pd
    >>> from skl_lstm import leads
    >>> days = pd.to_datetime([f"2024-03-0{day}" for day in (1, 2, 3, 5, 6, 7)])
    >>> table = pd.DataFrame({"load": [1.0, 2, 3, 5, 6, 7], "holiday": [0, 0, 1, 0, 0, 1]}, days)
    >>> y = leads(table, "load", horizon=2)
    >>> y
                h1_load  h2_load
    2024-03-01      2.0      3.0
    2024-03-05      6.0      7.0
    >>> X = table.loc[y.index]

    Futures that are known beforehand become columns of X:

    >>> table.join(leads(table[["holiday"]]), how="inner")
                load  holiday  h1_holiday
    2024-03-01   1.0        0           0
    2024-03-02   2.0        0           1
    2024-03-05   5.0        0           0
    2024-03-06   6.0        0           1
    """
    horizon, gap = int(horizon), int(gap)  # NumPy's small integers would overflow
    if not hasattr(table, "iloc"):
        return _leads_of_array(table, columns, horizon, gap)

    from .time_index import rows_ahead, sort_rows, warn_of_labels

    chosen: Any = _choose_columns(table, columns)
    _warn_of_dates_in_a_column(table)
    rows = sort_rows(table.index)
    warn_of_labels(rows)
    complete = np.flatnonzero(rows_ahead(rows, gap + horizon) >= 0)
    if not len(complete):
        raise ValueError(_no_future(len(table), horizon, gap, rows))
    index = table.index[complete]
    steps = range(gap + 1, gap + horizon + 1)
    # A complete future is in one run, so the row `step` positions later is the one to take.
    position = np.argsort(rows.order)[complete]
    _warn_of_lost_series(rows, position, horizon, gap)
    parts = [chosen.iloc[rows.order[position + step]].set_axis(index) for step in steps]
    if chosen.ndim == 1 and horizon == 1:
        return parts[0] if gap == 0 else parts[0].rename(lead_names(steps, _names(chosen))[0])

    import pandas as pd

    ahead = pd.concat(parts, axis=1)
    return ahead.set_axis(lead_names(steps, _names(chosen)), axis=1)


def _choose_columns(table: Any, columns: Any) -> pd.Series | pd.DataFrame:
    """Return the columns; one column that is not in a list becomes a Series."""
    refuse_repeated_columns(table, "table")
    if columns is None:
        return table
    if table.ndim == 1:
        raise ValueError(f"columns must be None for a Series, which has one; got {columns!r}.")
    wanted = [columns] if isinstance(columns, Hashable) else list(columns)
    _check_columns(wanted, columns, list(table.columns))
    return table[columns] if isinstance(columns, Hashable) else table[wanted]


def _warn_of_dates_in_a_column(table: Any) -> None:
    """Warn if the time is probably still a column."""
    import pandas as pd

    if table.ndim == 1 or not isinstance(table.index, pd.RangeIndex):
        return
    dates = [name for name, dtype in table.dtypes.items() if dtype.kind == "M"]
    if dates:
        name = dates[0]
        warn_user(
            "The rows of the table are read as consecutive rows of one series, because its index "
            f"only counts them, but column {name!r} holds dates. If these are the times of the "
            f"rows, use table.set_index({name!r}); for several series, use "
            f"table.set_index([..., {name!r}])."
        )


def _warn_of_lost_series(
    rows: SortedRows, complete: NDArray[np.intp], horizon: int, gap: int
) -> None:
    """Warn of series without a complete future; `complete` are the positions of rows with one."""
    from .time_index import series_starts

    series = series_starts(rows.labels, rows.order)
    is_kept = np.zeros(len(series), dtype=bool)
    is_kept[series[complete]] = True
    is_lost = ~is_kept[series]
    if not is_lost.any():
        return
    lost = np.unique(series[is_lost])
    labels: Any = rows.labels[np.sort(rows.order[lost])[:_MAX_NAMES]]
    names = listed(labels.droplevel(-1)) + (", …" if len(lost) > _MAX_NAMES else "")
    longest = np.bincount(rows.first[is_lost]).max()
    warn_user(
        f"The result leaves out {len(lost)} of {len(np.unique(series))} series, which have no row "
        f"with a complete future: {names}. "
        f"{_needed(horizon, gap)}, but their longest run of rows without a hole in time has "
        f"{longest}. A step of at least 1.5 times the usual step, "
        f"{length_of_time(rows.step, rows.clock)}, is a hole. Use a shorter horizon or more rows. "
        "If these series have longer steps, pass them to leads in a table of their own."
    )


def _names(chosen: Any) -> list[Any]:
    """Return the names of the columns; a Series without a name is 0, as in pandas' to_frame."""
    if chosen.ndim == 2:
        return list(chosen.columns)
    return [0 if chosen.name is None else chosen.name]


def _check_columns(wanted: list[Any], columns: Any, known: list[Any]) -> None:
    if not wanted:
        raise ValueError(f"columns={columns!r} names no column. Columns: {listed(known)}.")
    for name in wanted:
        # True equals 1, but is not a column position.
        if isinstance(name, bool) or name not in known:
            similar = did_you_mean(name, map(str, known)) if isinstance(name, str) else ""
            raise ValueError(
                f"{name!r} is not a column of the table. Columns: {listed(known)}.{similar}"
            )
        if wanted.count(name) > 1:
            raise ValueError(f"columns={columns!r} names {name!r} more than once. Name it once.")


def _leads_of_array(table: ArrayLike, columns: Any, horizon: int, gap: int) -> NDArray:
    values = read_array(table, "table", ensure_2d=False)
    is_one_column = values.ndim == 1
    if is_one_column:
        if columns is not None:
            raise ValueError(
                f"columns must be None for a 1D array, which has one; got {columns!r}."
            )
        values = values[:, np.newaxis]
    elif columns is not None:
        is_one_column = isinstance(columns, Hashable)
        wanted: list[Any] = [columns] if is_one_column else list(columns)
        _check_columns(wanted, columns, list(range(values.shape[1])))
        values = np.take(values, wanted, axis=1)
    complete = len(values) - gap - horizon
    if complete < 1:
        raise ValueError(_no_future(len(values), horizon, gap))
    ahead = window_view(values[gap + 1 :], horizon).reshape(complete, -1)
    return ahead[:, 0] if is_one_column and horizon == 1 else ahead


def _no_future(n_rows: int, horizon: int, gap: int, rows: SortedRows | None = None) -> str:
    """Describe why no row has a complete future."""
    longest = n_rows if rows is None else int(np.bincount(rows.first).max())
    if longest == n_rows:
        where = f"the table has {n_rows}"
    else:
        where = f"the longest run of rows without a hole in time has {longest}"
    return f"{_needed(horizon, gap)}, but {where}. Use a shorter horizon or more rows."


def _needed(horizon: int, gap: int) -> str:
    """Describe how many rows a complete future has."""
    reason = f"gap={gap} and horizon={horizon}" if gap else f"horizon={horizon}"
    return f"With {reason}, a row needs {counted(gap + horizon, 'row')} after it"
