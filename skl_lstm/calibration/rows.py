"""Rows in time: which of them calibrate, whether they are in order, and which were seen."""

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
            f"calibration={calibration} of {counted(count, 'time step')} (n_samples = "
            f"{len(rows.moment)}) leaves no row to train on whose targets, up to "
            f"{counted(horizon, 'step')} ahead, are known before the first calibration row. Use a "
            "smaller calibration, or more rows."
        )
    return train, np.flatnonzero(rows.moment >= cut)


def check_in_order_of_time(X: Any, y: Any) -> None:
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


def last_labels(ends: pd.Index | None, index: pd.Index) -> pd.Index:
    """Return the label of the last row of every series; the rows are in order of time.

    `ends` are the last labels before these rows.
    """
    from ..transformers.time_index import join_labels

    labels: Any = index if ends is None else join_labels(ends, index)
    if labels.nlevels == 1:
        return labels[-1:]
    return labels[~_outer(labels).duplicated(keep="last")]


def check_later(ends: pd.Index, index: pd.Index) -> None:
    """Raise unless the rows come after those seen, of which `ends` has the last of each series."""
    import pandas as pd

    from ..transformers.time_index import join_labels

    labels = join_labels(ends, index)[len(ends) :]  # in the time zone of fit
    end = _by_series(ends).reindex(_by_series(labels).index)
    seen = np.asarray(labels.get_level_values(-1) <= pd.Index(end))
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
