"""Messages for missing and infinite values: how many there are, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._compat.sklearn import is_pandas_na
from .memmaps import small_blocks

# scikit-learn's messages. With other text after them, the place has been added already.
_MISSING = re.compile(r"Input (?:\S+ )?contains NaN\.?(?:$|\n(?P<estimator>\w+) does not accept)")
_INFINITE = re.compile(
    r"Input (?:\S+ )?contains infinity or a value too large for dtype\('(?P<dtype>\w+)'\)\.$"
)
_MAX_ROWS_LISTED = 5
# Types of which a value can differ from itself: NaN of any type, and NaT, which is a date.
_MAY_BE_MISSING = (Number, np.generic, date)


class Found(NamedTuple):
    """The values that `_find` has found."""

    n_found: int
    total: int  # number of values in the array
    first: tuple[int, ...]  # position of the first of them
    value: Any  # the first of them
    rows: NDArray[np.intp]  # positions of the rows that contain any


def describe_not_finite(X: Any, name: str, problem: str) -> str | None:
    """Add to scikit-learn's message for NaN or infinity where they are; None for other messages."""
    if match := _MISSING.match(problem):
        return describe_missing(X, name, match["estimator"])
    if match := _INFINITE.match(problem):
        dtype = np.dtype(match["dtype"])
        with np.errstate(over="ignore"):
            found = _find(X, lambda block: np.isinf(_as_floats(block).astype(dtype)))
        return None if found is None else f"{problem} {_infinite(X, found)}"
    return None


def describe_missing(X: Any, name: str, estimator: str | None = None) -> str | None:
    """Describe the values of X that are NaN, None or pandas.NA; None if there are none."""
    found = _find(X, missing_values)
    if found is None:
        return None
    if name == "y":
        return f"Input y contains NaN. {_missing_targets(X, found)}"
    text = (
        f"Input {name} contains NaN. {found.n_found} of {found.total} values are missing, the "
        f"first {_place(X, found.first)}."
    )
    if name != "X":
        return text
    who = "" if estimator is None else f" {estimator} does not accept missing values."
    return (
        f"{text}{who} Fill them before the sequences are formed: with X.ffill() if X is a "
        'DataFrame, or with SimpleImputer().set_output(transform="pandas") as the first step of a '
        "Pipeline, which keeps the labels of the rows."
    )


def _missing_targets(y: Any, found: Found) -> str:
    """Describe the rows without a target. The last rows often lack one: it is still to come."""
    n_rows, missing, first = len(y), len(found.rows), int(found.rows[0])
    if missing == n_rows:
        return f"All {n_rows} rows have a missing target."
    label = _label(y, first)
    if first == n_rows - missing:
        last = (
            f"The last of {n_rows} rows, row {first}{label}, has no target"
            if missing == 1
            else f"The last {missing} of {n_rows} rows, from row {first}{label} on, have no target"
        )
        return (
            f"{last}. y.shift(-{missing}), for example, leaves such rows: their targets are values "
            "of the future. They are the rows to predict. Leave them out of fit: "
            f"X = X[:-{missing}] and y = y[:-{missing}]."
        )
    listed = ", ".join(map(str, found.rows[:_MAX_ROWS_LISTED].tolist()))
    more = ", …" if missing > _MAX_ROWS_LISTED else ""
    return (
        f"{missing} of {n_rows} rows have no target, at the positions {listed}{more}"
        f"{label and f', the first with the label{label}'}. Leave these rows out of X and y."
    )


def _infinite(X: Any, found: Found) -> str:
    return (
        f"{found.n_found} of {found.total} values are too large, the first, {found.value}, "
        f"{_place(X, found.first)}. Replace or clip them."
    )


def _place(X: Any, position: tuple[int, ...]) -> str:
    """Describe a position in a table, a list of numbers or an array of sequences."""
    row = position[0]
    if len(position) == 3:
        return "at sample {}, timestep {}, feature {}".format(*position)
    if len(position) != 2:
        return f"at row {row}{_label(X, row)}"
    column = repr(X.columns[position[1]]) if hasattr(X, "columns") else position[1]
    return f"in column {column}, row {row}{_label(X, row)}"


def _label(X: Any, row: int) -> str:
    """Return the label of a row of a DataFrame or a Series, unless it is its position."""
    if not hasattr(X, "iloc") or X.index[row] == row:
        return ""
    return f" ({X.index[row]})"


def _find(X: Any, test: Callable[[NDArray], NDArray]) -> Found | None:
    """Return the values that pass a test, or None. X can lie on disk: it is read in blocks."""
    try:
        array = np.asarray(X)
    except ValueError:  # items of unequal shape
        return None
    if array.ndim == 0:
        return None
    n_found, start, first, value = 0, 0, None, None
    rows = []
    for block in small_blocks(array):
        passed = test(block)
        if passed.any():
            positions = np.argwhere(passed)
            if first is None:
                first = (start + int(positions[0, 0]), *map(int, positions[0, 1:]))
                value = block[tuple(positions[0])]
            n_found += len(positions)
            rows.append(start + np.unique(positions[:, 0]))
        start += len(block)
    if first is None:
        return None
    return Found(n_found, array.size, first, value, np.concatenate(rows))


def missing_values(block: NDArray) -> NDArray[np.bool_]:
    """Return which values are NaN, None, pandas.NA or NaT."""
    if block.dtype.kind == "O":
        return np.frompyfunc(_is_missing_object, 1, 1)(block).astype(bool)
    if block.dtype.kind in "mM":
        return np.isnat(block)
    return np.isnan(block) if block.dtype.kind in "fc" else np.zeros(block.shape, bool)


def _is_missing_object(value: Any) -> bool:
    if value is None or is_pandas_na(value):
        return True
    return isinstance(value, _MAY_BE_MISSING) and bool(value != value)


def _as_floats(block: NDArray) -> NDArray:
    if block.dtype.kind != "O":
        return block
    return np.where(missing_values(block), np.nan, block).astype(np.float64)
