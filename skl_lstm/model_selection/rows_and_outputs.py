"""The rows of X and the outputs of y: reading them, matching them, and which rows to predict."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat.sklearn import num_samples
from .._core.messages import counted
from .._core.shapes import names_of_columns, parse_lead_names
from .._core.timed_windows import labels_of_rows
from .._core.validation import explained
from .rows_in_time import RowsInTime, read_times

if TYPE_CHECKING:
    import pandas as pd

Positions = NDArray[np.intp]


class Rows(NamedTuple):
    """The rows of X in time."""

    in_time: RowsInTime
    code: NDArray[np.intp]  # position of the series of every row
    horizon: int  # largest number of steps ahead in y
    ndim: int  # number of axes of X

    @property
    def times(self) -> pd.Index:
        """Return the time of every row; its position if the rows have no labels."""
        import pandas as pd

        if self.in_time.sorted is None:
            return pd.RangeIndex(len(self.code))
        return self.in_time.sorted.times

    def times_ahead(self, steps: int) -> pd.Index:
        """Return the time `steps` steps after every row."""
        if self.in_time.sorted is None:
            return self.times + steps
        from ..transformers.time_index import times_ahead

        return times_ahead(self.in_time.sorted, steps)


class Outputs(NamedTuple):
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


def read_rows(X: Any, horizon: int) -> Rows:
    """Return the rows of X, whose targets are known `horizon` steps later."""
    in_time = read_times(X, horizon, 0)
    code = np.zeros(len(in_time.moment), np.intp)
    if in_time.sorted is not None and in_time.sorted.labels.nlevels > 1:
        labels: Any = in_time.sorted.labels
        code = labels.droplevel(-1).factorize()[0]
    ndim = X.ndim if hasattr(X, "ndim") else 1 + np.ndim(X[0])
    return Rows(in_time, code, horizon, ndim)


def check_pairs(X: Any, y: Any) -> None:
    """Raise if X has no rows, or y has other rows or labels: rows are matched by position."""
    index, of_y = labels_of_rows(X), labels_of_rows(y)
    if num_samples(X) != num_samples(y):
        remedy = " If y is from leads, use X = table.loc[y.index]." if of_y is not None else ""
        raise ValueError(f"X has {num_samples(X)} rows, but y has {num_samples(y)}.{remedy}")
    if num_samples(X) == 0:
        raise ValueError("X has no rows, but at least one is needed.")
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


def read_outputs(X: Any, y: Any) -> Outputs:
    """Return the columns of y, whose names may be those of `leads`."""
    with explained(y, "y", numbers=False):
        values = np.asarray(y)
    if values.ndim > 2:
        raise ValueError(
            f"y has shape {values.shape}, but must have shape (n_samples,) or (n_samples, "
            "n_outputs)."
        )
    truth = values.reshape(len(values), -1)
    if not hasattr(y, "iloc"):
        return Outputs(list(range(1, truth.shape[1] + 1)), [None] * truth.shape[1], truth)
    names = names_of_columns(y)
    leads = parse_lead_names(names, getattr(X, "columns", ()))
    if leads is None:
        return Outputs([1] * len(names), names, truth)
    return Outputs([step for step, _ in leads], [target for _, target in leads], truth)


def rows_to_pass(rows: Rows, train: Positions, test: Positions) -> Positions:
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
