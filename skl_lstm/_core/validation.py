"""Validation of arrays, with error messages for what scikit-learn's checks miss or word poorly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set, ValuesView
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from .._compat.sklearn import is_pandas_na
from .messages import listed
from .missing import describe_missing, describe_not_finite


@contextmanager
def explained(X: Any, name: str = "X", *, numbers: bool = True) -> Iterator[None]:
    """Improve the error messages of scikit-learn's checks of X, which run in this context.

    With ``numbers=False``, X may hold labels of any kind.
    """
    _refuse_other_types(X, name)
    _refuse_masked(X, name)
    refuse_repeated_columns(X, name)
    if numbers:
        _refuse_dates(getattr(X, "dtype", None), name)
    try:
        # Values too large for the dtype become infinite, for which the checks raise.
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except (TypeError, ValueError, OverflowError) as error:
        explanation = _explain(error, X, name, numbers)
        if explanation is None:
            raise
        raise explanation from error


def _explain(error: Exception, X: Any, name: str, numbers: bool) -> Exception | None:
    """Return a better error for X, or None if there is none."""
    kind = TypeError if isinstance(error, TypeError) else ValueError
    if reason := _describe_shapes(X, name):
        return kind(reason)
    # A label can be of any kind, but a missing one is not a label.
    missing = describe_not_finite(X, name, str(error)) if numbers else describe_missing(X, name)
    if missing is not None:
        return ValueError(missing)
    reason = _describe_non_numeric(X, name) if numbers else None
    reason = reason or _describe_one_axis(name, str(error))
    return None if reason is None else kind(reason)


def numeric(array: NDArray, name: str = "X") -> NDArray:
    """Convert an array that passed `check_array` to numbers, or raise an error.

    `check_array` accepts dates and, below scikit-learn 1.9, the strings of pandas 3.
    """
    _refuse_dates(array.dtype, name)
    return array.astype(np.float64) if array.dtype.kind == "O" else array


def read_array(
    X: Any,
    name: str = "X",
    *,
    estimator: Any = None,
    dtype: Any = "numeric",
    finite: bool | str = "allow-nan",
    **options: Any,
) -> NDArray:
    """Return an array-like as an array of numbers, or raise an error.

    `finite` is `ensure_all_finite` of scikit-learn's `check_array`, and `options` are its other
    parameters. By default, X must be 2D.
    """
    is_unchecked = dtype == "numeric" and finite is False and not set(options) - {"allow_nd"}
    if is_unchecked and _is_filled_array(X) and (X.ndim == 2 or options.get("allow_nd")):
        return np.asarray(X)  # as `check_array` does, which takes longer
    with explained(X, name):
        array = check_array(
            X,
            dtype=dtype,
            ensure_all_finite=finite,
            estimator=estimator,
            input_name=name,
            **options,
        )
        return numeric(array, name)


def _is_filled_array(X: Any) -> bool:
    """Return whether X is an array of numbers, with two axes or more, and none of them empty."""
    if not isinstance(X, np.ndarray) or isinstance(X, np.ma.MaskedArray | np.matrix):
        return False
    return X.ndim >= 2 and X.size > 0 and X.dtype.kind in "fiub"


def items_of(X: Any) -> list[Any] | None:
    """Return the items of a list, a Series or an object array; None for other arrays."""
    if isinstance(X, list | tuple):
        return list(X)
    if hasattr(X, "__array__") and not hasattr(X, "columns"):
        array = np.asarray(X)
        if array.ndim == 1 and array.dtype.kind == "O":
            return list(array)
    return None


def _refuse_other_types(X: Any, name: str) -> None:
    """Refuse what NumPy would convert to an array without axes, or of records."""
    if fields := getattr(getattr(X, "dtype", None), "names", None):
        raise TypeError(
            f"{name} is a structured array with the fields {listed(fields)}, but must be an array "
            f"of numbers. Use pandas.DataFrame({name})."
        )
    if hasattr(X, "shape"):  # a sparse array can be a dict, too
        return
    remedy = next((text for types, text in _OTHER_TYPES if isinstance(X, types)), None)
    if remedy is not None:
        raise TypeError(
            f"{name} is of type {type(X).__name__}, but must be an array, a list or a DataFrame. "
            f"{remedy.format(name)}"
        )


_OTHER_TYPES: list[tuple[Any, str]] = [
    ((str, bytes), "If it names a column of a table, pass the column: table[name]."),
    (Mapping, "Convert it, for example by pandas.DataFrame({0})."),
    (Set, "A set has no order: use a list."),
    ((Iterator, ValuesView), "Pass list({0})."),
]


def _refuse_masked(X: Any, name: str) -> None:
    if isinstance(X, np.ma.MaskedArray) and (count := np.ma.count_masked(X)):
        raise ValueError(
            f"{name} is a masked array with {count} of {X.size} values masked, which would be used "
            f"as data. Fill them first: {name}.filled(value)."
        )


def refuse_repeated_columns(X: Any, name: str) -> None:
    """Raise an error if a DataFrame has two columns of one name."""
    if hasattr(X, "iloc") and hasattr(X, "columns") and not X.columns.is_unique:
        repeated = list(X.columns[X.columns.duplicated()].unique())
        raise ValueError(
            f"{name} has repeated column names, {listed(repeated)}, but columns must have unique "
            "names. Rename or drop the duplicates."
        )


def _refuse_dates(dtype: Any, name: str) -> None:
    if getattr(dtype, "kind", "") in ("m", "M"):
        raise TypeError(
            f"{name} has dtype {dtype}, but must be numeric. Convert the dates to numbers, such as "
            "the hour or the days since a start date, or move them to the index of a DataFrame."
        )


_SAME_SHAPE = {
    "X": (
        "Give all items the same shape; for sequences of unequal length, put a SequencePadder "
        "before the network."
    ),
    "y": (
        "y needs one target, or the same number of targets, for each sample. For a target at every "
        "time step, use LSTMStepClassifier or LSTMStepRegressor."
    ),
    "sample_weight": "sample_weight needs one weight for each sample.",
}


def _describe_shapes(X: Any, name: str) -> str | None:
    """Describe items of unequal shape, or an array that holds arrays; None for other X."""
    shapes = [_shape(item) for item in items_of(X) or []]
    unequal = [position for position, shape in enumerate(shapes) if shape != shapes[0]]
    if unequal:
        remedy = _SAME_SHAPE.get(name, "Give all items the same shape.")
        return (
            f"The items of {name} have unequal shapes: item {unequal[0]} has "
            f"{shapes[unequal[0]]}, item 0 has {shapes[0]}. {remedy}"
        )
    if hasattr(X, "dtype") and shapes and shapes[0] != _shape(0):
        return (
            f"{name} is an array of arrays, each of which has {shapes[0]}. Pass one array of "
            f"numbers, for example np.stack(list({name}))."
        )
    return None


def _shape(item: Any) -> str:
    try:
        return f"shape {np.shape(item)}"
    except ValueError:
        return "no single shape"


def _describe_one_axis(name: str, problem: str) -> str | None:
    """Add to scikit-learn's message for a 1D array what a series of numbers needs."""
    is_series = problem.startswith(("Expected 2D array, got 1D", "Expected a 2-dimensional"))
    if name != "X" or not is_series or problem.endswith(_FOR_ONE_SERIES):
        return None
    return f"{problem.rstrip()} {_FOR_ONE_SERIES}"


_FOR_ONE_SERIES = (
    "If X is one series, give it one row per time step and one column, and cut it into sequences "
    "by a SequenceWindower."
)


def _describe_non_numeric(X: Any, name: str) -> str | None:
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        others = [column for column in X.columns if not _is_numeric(X[column])]
        if not others:
            return None
        text = (
            f"Columns that do not hold numbers: {listed(others)}. Drop or encode them first, for "
            "example by select_dtypes('number')."
        )
        times = [column for column in others if getattr(X[column].dtype, "kind", "") == "M"]
        if times:
            text += f" The time of the rows belongs in the index: {name}.set_index({times[0]!r})."
        elif dates := [column for column in others if X[column][:1].map(_is_date).any()]:
            text += (
                f" If {dates[0]!r} is the time of the rows, it belongs in the index: "
                f"pandas.read_csv(…, index_col={dates[0]!r}, parse_dates=True)."
            )
        return text
    array = X if isinstance(X, np.ndarray) else np.asarray(X)
    if array.ndim == 0 or array.dtype.kind not in "OSU":
        return None
    for position, value in np.ndenumerate(array.astype(object)):
        try:
            float(value)
        except (TypeError, ValueError, OverflowError) as error:
            if value is None or is_pandas_na(value):
                continue
            return (
                f"{name} has a value at {position} that cannot be converted to a number: {error}. "
                "Encode, scale or drop it."
            )
    return None


def _is_date(value: Any) -> bool:
    """Return whether a value is text that begins like a date."""
    written = r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
    return isinstance(value, str) and re.match(written, value) is not None


def _is_numeric(column: Any) -> bool:
    try:
        return column.dtype.kind not in "mM" and column.to_numpy(np.float64) is not None
    except (TypeError, ValueError, OverflowError):
        return False
