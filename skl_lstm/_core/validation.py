"""What is no array of numbers: cases that scikit-learn's checks let pass, or word poorly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

from .._compat.sklearn import is_pandas_na
from .messages import listed


@contextmanager
def explained(X: Any, name: str = "X", *, numbers: bool = True) -> Iterator[None]:
    """Say what is wrong with X where one of scikit-learn's checks, run inside, does not.

    Without `numbers` X may hold labels of any kind.
    """
    _refuse_masked(X, name)
    _refuse_repeated_columns(X, name)
    if numbers:
        _refuse_dates(getattr(X, "dtype", None), name)
    try:
        # What is too large becomes infinite, which the checks refuse.
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except (TypeError, ValueError, OverflowError) as error:
        reason = _why_ragged(X, name) or (_why_no_numbers(X, name) if numbers else None)
        if reason is None:
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(reason) from error


def numeric(array: NDArray, name: str = "X") -> NDArray:
    """Return what `check_array` has let through as numbers.

    It lets dates through, and below scikit-learn 1.9 the text of pandas 3; this refuses both.
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
    """Return an array-like as an array of numbers, or say what is wrong with it.

    The one place where arrays are validated. `finite` and `options` are those of scikit-learn's
    `check_array`; without an option X has two axes.
    """
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


def items_of(X: Any) -> list[Any] | None:
    """Return the items of a list, a Series or an object array; None for other arrays."""
    if isinstance(X, list | tuple):
        return list(X)
    if hasattr(X, "__array__") and not hasattr(X, "columns"):
        array = np.asarray(X)
        if array.ndim == 1 and array.dtype.kind == "O":
            return list(array)
    return None


def _refuse_masked(X: Any, name: str) -> None:
    if isinstance(X, np.ma.MaskedArray) and (count := np.ma.count_masked(X)):
        raise ValueError(
            f"{name} is a masked array, and what it masks, {count} of {X.size} values, would come "
            f"back as data. Fill it first: {name}.filled(value)."
        )


def _refuse_repeated_columns(X: Any, name: str) -> None:
    if hasattr(X, "iloc") and hasattr(X, "columns") and not X.columns.is_unique:
        repeated = list(X.columns[X.columns.duplicated()].unique())
        raise ValueError(
            f"{name} has several columns of one name, {listed(repeated)}: which is which cannot "
            "be told. Rename them, or drop all but one."
        )


def _refuse_dates(dtype: Any, name: str) -> None:
    if getattr(dtype, "kind", "") in ("m", "M"):
        raise TypeError(
            f"{name} is of dtype {dtype}, but sequences are of numbers. Take what matters about "
            "the dates, such as the hour, or the days since one of them; the index of a "
            "DataFrame is the place for the dates themselves."
        )


def _why_ragged(X: Any, name: str) -> str | None:
    shapes = [_shape(item) for item in items_of(X) or []]
    odd = [number for number, shape in enumerate(shapes) if shape != shapes[0]]
    remedy = (
        "Make them alike; if they are sequences of unequal length, a SequencePadder ahead of the "
        "network does."
    )
    if odd:
        return (
            f"The items of {name} are of unequal shapes: item {odd[0]} has {shapes[odd[0]]}, item "
            f"0 has {shapes[0]}. {remedy}"
        )
    if hasattr(X, "dtype") and shapes and shapes[0] != ():
        return f"{name} is no array of numbers, but one of arrays of shape {shapes[0]}. {remedy}"
    return None


def _shape(item: Any) -> tuple[int, ...] | str:
    try:
        return np.shape(item)
    except ValueError:
        return "no one shape"


def _why_no_numbers(X: Any, name: str) -> str | None:
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        others = [column for column in X.columns if not _is_numeric(X[column])]
        return (
            f"Columns that do not hold numbers: {listed(others)}. Drop or encode them first, for "
            "example by select_dtypes('number')."
            if others
            else None
        )
    array = X if isinstance(X, np.ndarray) else np.asarray(X)
    if array.ndim == 0 or array.dtype.kind != "O":
        return None
    for place, value in np.ndenumerate(array):
        try:
            float(value)
        except (TypeError, ValueError, OverflowError) as error:
            if value is None or is_pandas_na(value):
                continue
            return (
                f"{name} has at {place} what cannot be read as a number: {error}. Encode it, scale "
                "it or leave it out."
            )
    return None


def _is_numeric(column: Any) -> bool:
    try:
        return column.dtype.kind not in "mM" and column.to_numpy(np.float64) is not None
    except (TypeError, ValueError, OverflowError):
        return False
