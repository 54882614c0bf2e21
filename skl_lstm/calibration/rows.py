"""Rows in time: those that calibrate, their order, and the past of the rows to come."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._core.messages import counted
from .._core.timed_windows import labels_of_rows
from ..model_selection.rows_in_time import RowsInTime

if TYPE_CHECKING:
    import pandas as pd

_Positions = NDArray[np.intp]


def split_by_time(
    rows: RowsInTime, calibration: float, horizon: int
) -> tuple[_Positions, _Positions]:
    """Return the training rows and the latest rows, which calibrate.

    The target of a training row is known at the first calibration row. `calibration` is a number
    of time steps, or a share of them.
    """
    count = rows.n_moments
    size = calibration if isinstance(calibration, Integral) else np.ceil(calibration * count)
    cut = count - int(size)
    train = np.flatnonzero(rows.usable_from <= cut) if cut > 0 else np.array([], np.intp)
    if not len(train):
        raise ValueError(
            f"calibration={calibration} of {counted(count, 'time step')}{_in_words(count)} leaves "
            f"no row to train on whose targets, up to {counted(horizon, 'step')} ahead, are known "
            "before the first calibration row. Use a smaller calibration, or more rows."
        )
    return train, np.flatnonzero(rows.moment >= cut)


def _in_words(count: int) -> str:
    # scikit-learn's checks look for its own words for a single row.
    return " (n_samples = 1)" if count == 1 else ""


def check_order(X: Any, y: Any) -> None:
    """Raise if the rows of a series are not in order of time, as if they had been shuffled."""
    index, name = labels_of_rows(X), "X"
    if index is None:
        index, name = labels_of_rows(y), "y"
        # The labels of y alone need not be times, and may be repeated.
        if index is None or index.nlevels > 1 or not index.is_unique:
            return
    after = _first_out_of_order(index)
    if after is None:
        return
    before, row = after
    raise ValueError(
        f"The rows of {name} are not in order of time: row {row} ({index[row]}) comes after row "
        f"{before} ({index[before]}). Shuffled rows, as from train_test_split, mix past and "
        "future, so the intervals would not keep their coverage. Sort the rows of X and y by "
        "their index, and hold out the latest rows for a test."
    )


def _first_out_of_order(index: pd.Index) -> tuple[int, int] | None:
    """Return the positions of two consecutive rows of a series, the later one in time first."""
    if index.nlevels == 1:
        code, times = np.zeros(len(index), np.intp), index
    else:
        code, times = _outer(index).factorize()[0], index.get_level_values(-1)
    place = np.argsort(code, kind="stable")
    try:
        earlier = np.asarray(times[place][1:] < times[place][:-1])
    except TypeError:  # labels that cannot be compared are no times
        return None
    wrong = np.flatnonzero(earlier & (code[place][1:] == code[place][:-1]))
    return (int(place[wrong[0]]), int(place[wrong[0] + 1])) if len(wrong) else None


def last_labels(index: pd.Index) -> pd.Index:
    """Return the label of the last row of every series; its rows are in order of time."""
    if index.nlevels == 1:
        return index[-1:]
    return index[~_outer(index).duplicated(keep="last")]


def check_later(ends: pd.Index, index: pd.Index) -> None:
    """Raise unless the rows come after those seen, of which `ends` has the last of each series."""
    import pandas as pd

    from ..transformers.label_checks import check_same_kind

    check_same_kind(ends, index)
    end = _by_series(ends).reindex(_by_series(index).index)
    seen = np.asarray(pd.Index(index.get_level_values(-1)) <= pd.Index(end))
    if seen.any():
        first = int(seen.argmax())
        raise ValueError(
            f"{seen.sum()} of {len(index)} rows of X were seen before, or are earlier than rows "
            f"that were; the first is {index[first]}. Pass every row once, in order of time: those "
            f"after {end.iloc[first]}."
        )


def _by_series(index: pd.Index) -> pd.Series:
    """Return the times of labels by their series."""
    import pandas as pd

    times = index.get_level_values(-1)
    return pd.Series(times, pd.Index([0] * len(index)) if index.nlevels == 1 else _outer(index))


def _outer(index: Any) -> Any:
    """Return the levels that name the series."""
    return index.droplevel(-1)


def join_past(past: pd.DataFrame | None, X: Any) -> tuple[Any, slice]:
    """Return X behind the rows of its past that are not in it, and the positions of its own rows.

    `past` is in order of time. Rows of other series are left out.
    """
    is_table = hasattr(X, "iloc") and hasattr(X, "columns")
    if past is None or not is_table or not X.columns.equals(past.columns) or not len(X):
        return X, slice(None)
    import pandas as pd

    from ..transformers.label_checks import check_same_kind

    check_same_kind(past.index, X.index)
    times = _by_series(X.index)
    first = times.groupby(times.index).min().reindex(_by_series(past.index).index)
    is_before = np.asarray(pd.Index(past.index.get_level_values(-1)) < pd.Index(first))
    if not is_before.any():
        return X, slice(None)
    return pd.concat([past[is_before], X]), slice(int(is_before.sum()), None)


def latest_rows(table: pd.DataFrame, span: float) -> pd.DataFrame:
    """Return the last `span` rows of every series; all rows if it is infinite."""
    if np.isinf(span):
        return table
    if table.index.nlevels == 1:
        return table.iloc[-int(span) :] if span else table.iloc[:0]
    return table.groupby(_outer(table.index), sort=False).tail(int(span))
