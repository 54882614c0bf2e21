"""`TimeSplit`: folds forwards in time, for one series or many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils.validation import check_consistent_length

from .._compat.sklearn import validate_parameter_constraints
from .._core.messages import counted
from .._core.older_files import ReadsOlderFiles
from .._core.parameters import AtLeast, LengthOfTime
from .._core.public import set_module
from .._core.shapes import furthest_lead, names_of_columns
from .._core.user_warnings import warn_user
from .rows_in_time import RowsInTime, is_length, read_times

_Positions = NDArray[np.intp]
_Length = int | str | timedelta | np.timedelta64


@set_module("skl_lstm")
class TimeSplit(ReadsOlderFiles, BaseCrossValidator):
    """Split rows forwards in time, for one series or many.

    Each fold trains on the past and tests on the time after it, as in
    :class:`~sklearn.model_selection.TimeSeriesSplit`. The rows are those of a DataFrame. The last
    level of its index is the time, outer levels name the series. All series are split at the same
    times, and the order of the rows does not matter. A row is only used for training if its target
    is known at the first test row. For rows without labels, such as those of arrays, the folds
    equal those of ``TimeSeriesSplit(gap=horizon - 1 + gap)``.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, 1 or more.
    test_size : int, str or timedelta, default=None
        Size of each test fold: a number of distinct times of X, or a length of time such as
        "30D". None: ``n_times // (n_splits + 1)``.
    gap : int, str or timedelta, default=0
        Number of steps, or length of time, that is left out between the last target of the
        training rows and the first test row. With targets of ``leads(gap=...)``, use the same gap.
    horizon : int, default=1
        Number of steps ahead of the targets. Rows whose targets reach beyond the first test row
        are not used for training.
    max_train_size : int, str or timedelta, default=None
        The largest training fold, in distinct times or as a length of time. The latest rows are
        used. None: all rows.

    See Also
    --------
    sklearn.model_selection.TimeSeriesSplit : Splits by position.
    leads : Targets by label.
    backtest : Forecasts of every fold.

    Notes
    -----
    The target of a row is the row ``gap + horizon`` steps later in the same series. If X does not
    hold it, as at the end of a series, its time is computed from the usual step between the rows,
    which is learned as in `SequenceWindower`.

    Lengths of time are local time if the rows are in a time zone and at least a day apart.

    Examples
    --------
    >>> import pandas as pd
    >>> from skl_lstm import TimeSplit, leads
    >>> days = pd.date_range("2024-01-01", periods=10, name="day")
    >>> table = pd.DataFrame({"level": range(20)}, pd.MultiIndex.from_product([["a", "b"], days]))
    >>> y = leads(table, "level", horizon=2)
    >>> X = table.loc[y.index]
    >>> for train, test in TimeSplit(n_splits=2, test_size="2D", horizon=2).split(X):
    ...     print(train, test)
    [ 0  1  2  8  9 10] [ 4  5 12 13]
    [ 0  1  2  3  4  8  9 10 11 12] [ 6  7 14 15]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_splits": [AtLeast(1)],
        "test_size": [AtLeast(1), str, LengthOfTime(), None],
        "gap": [AtLeast(0), str, LengthOfTime()],
        "horizon": [AtLeast(1)],
        "max_train_size": [AtLeast(1), str, LengthOfTime(), None],
    }

    def __init__(
        self,
        n_splits: int = 5,
        *,
        test_size: _Length | None = None,
        gap: _Length = 0,
        horizon: int = 1,
        max_train_size: _Length | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.test_size = test_size
        self.gap = gap
        self.horizon = horizon
        self.max_train_size = max_train_size
        validate_parameter_constraints(
            self._parameter_constraints, vars(self), caller_name=type(self).__name__
        )

    def split(
        self, X: ArrayLike, y: object = None, groups: object = None
    ) -> Iterator[tuple[_Positions, _Positions]]:
        """Return the positions of the training rows and the test rows of every fold.

        Parameters
        ----------
        X : DataFrame, TimedWindows or array-like of shape (n_samples, ...)
            The rows. Only their labels are used.
        y : array-like of shape (n_samples, ...), default=None
            Only the names of targets from `leads` are read, for the warning below.
        groups : array-like of shape (n_samples,), default=None
            Ignored, with a warning.

        Returns
        -------
        iterator of (ndarray of int, ndarray of int)
            Positions of the training rows and of the test rows, in the order of X.

        Raises
        ------
        TypeError
            If the last level of the index does not hold times or numbers.
        ValueError
            If a fold has no training rows or no test rows, a label is missing or repeated, or a
            length of time is given for rows without dates.

        Warns
        -----
        UserWarning
            If y has a name such as ``h3_load``, and its steps ahead are more than `horizon` and
            `gap`, so that the targets of training rows are in the test fold; or if `groups` is
            passed.
        """
        if groups is not None:
            warn_user("The groups parameter is ignored by TimeSplit")
        if y is not None:
            check_consistent_length(X, y)
            _warn_of_late_targets(X, y, self)
        rows = read_times(X, self.horizon, self.gap)
        bounds = test_bounds(rows, self.get_n_splits(), self.test_size)
        folds = [fold_rows(rows, *bound, self.max_train_size) for bound in bounds]
        for fold, (train, test) in enumerate(folds):
            _check_fold(fold, train, test, bounds[fold], rows, self)
        return iter(folds)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X : object, default=None
            Ignored; present for API consistency.
        y : object, default=None
            Ignored; present for API consistency.
        groups : object, default=None
            Ignored; present for API consistency.

        Returns
        -------
        int
            The number of folds.
        """
        return int(self.n_splits)


def test_bounds(rows: RowsInTime, n_splits: int, size: Any) -> list[tuple[int, int]]:
    """Return the first moment of every test fold, and the moment after its last one."""
    count = rows.n_moments
    if is_length(size):
        lengths = [rows.clock_length("test_size", size, n) for n in range(n_splits, -1, -1)]
        limits = np.searchsorted(rows.clock, rows.clock[-1] - np.array(lengths), side="right")
        if limits[0] < 1:
            raise ValueError(
                f"{n_splits} test folds of test_size={size!r}, and rows to train on before them, "
                f"need more time than from {rows.labels[0]} to {rows.labels[-1]}, the first and "
                "the last row of X. Use fewer or smaller folds."
            )
    else:
        size = count // (n_splits + 1) if size is None else int(size)
        limits = count - size * np.arange(n_splits, -1, -1)
        if size == 0 or limits[0] < 1:
            raise ValueError(
                f"{n_splits} test folds of {max(size, 1)} time steps, and rows to train on before "
                f"them, need more than {n_splits * max(size, 1)} time steps, but X has {count}. "
                "Use fewer or smaller folds."
            )
    return list(zip(limits[:-1].tolist(), limits[1:].tolist(), strict=True))


def fold_rows(
    rows: RowsInTime, start: int, stop: int, max_train_size: Any
) -> tuple[_Positions, _Positions]:
    """Return the positions of the training and test rows of the fold with these test moments."""
    test = np.flatnonzero((rows.moment >= start) & (rows.moment < stop))
    train = np.flatnonzero(rows.usable_from <= start)
    if max_train_size is None or not len(train):
        return train, test
    moments = np.unique(rows.moment[train])
    if is_length(max_train_size):
        length = rows.clock_length("max_train_size", max_train_size)
        earliest = np.searchsorted(rows.clock, rows.clock[moments[-1]] - length, side="right")
    else:
        earliest = moments[-min(int(max_train_size), len(moments))]
    return train[rows.moment[train] >= earliest], test


def _warn_of_late_targets(X: Any, y: Any, splitter: TimeSplit) -> None:
    """Warn if the names of y are those of `leads`, and reach further than horizon and gap."""
    gap: Any = splitter.gap
    if not hasattr(y, "iloc") or is_length(gap):
        return
    horizon, gap = int(splitter.horizon), int(gap)
    step, name = furthest_lead(names_of_columns(y), getattr(X, "columns", ()))
    if step > horizon + gap:
        remedy = f"horizon={step - gap}" + (f", gap={gap}" if gap else "")
        warn_user(
            f"y holds targets up to {counted(step, 'step')} ahead ({name}), but TimeSplit("
            f"horizon={horizon}, gap={gap}) leaves out {counted(horizon - 1 + gap, 'step')} "
            f"before the first test row instead of {step - 1}: the targets of the last training "
            f"rows are in the test fold. Use TimeSplit({remedy})."
        )


def _check_fold(
    fold: int,
    train: _Positions,
    test: _Positions,
    bound: tuple[int, int],
    rows: RowsInTime,
    splitter: TimeSplit,
) -> None:
    """Raise if a side of a fold has no rows."""
    where = f"Fold {fold} of {splitter.n_splits}"
    if not len(test):
        raise ValueError(
            f"{where} has no test rows: X has no rows in its period of test_size="
            f"{splitter.test_size!r}; the next row is {rows.label(bound[0])}. Use longer or fewer "
            "test folds."
        )
    if not len(train):
        raise ValueError(
            f"{where} has no training rows: its first test row is {rows.label(bound[0])}, and with "
            f"horizon={splitter.horizon} and gap={splitter.gap!r} no row of X has a target that is "
            "known by then. Use fewer or smaller test folds, or more rows."
        )
