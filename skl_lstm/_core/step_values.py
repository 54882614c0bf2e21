"""Read one value per time step, such as targets and predictions, and put them end to end.

The values of all sequences are stored as one array, end to end, and the length of each sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from .messages import counted
from .missing import missing_values
from .public import set_module
from .sequences import check_column_names, has_column_names, split_steps
from .validation import explained, items_of

_NUMBERS = "biufc"  # kinds of dtypes that are joined as NumPy joins them


class StepValues(NamedTuple):
    """Values of all time steps of sequences, end to end, and the form in which they were passed."""

    values: NDArray  # (steps,) or (steps, columns); missing values included
    lengths: NDArray[np.intp]  # number of steps of each sequence
    form: str  # "list", "object" (1D object array or a Series of arrays), "array"


def read_step_values(y: Any, name: str = "y", advice: str = "") -> StepValues:
    """Read one value, or one row of values, per time step; raise an error for anything else.

    `advice` is appended to the error for values without an axis of time steps.

    y is a list, an object array or a Series of (timesteps_i,) or (timesteps_i, outputs), or an
    array or a DataFrame of shape (n_samples, timesteps), or an array of shape (n_samples,
    timesteps, outputs). Values of different kinds, such as text and numbers, are kept as objects.
    """
    if issparse(y):
        raise TypeError(_sparse(name))
    with explained(y, name, numbers=False):
        items = items_of(y)
        array = _as_array(y) if items is None else None
    if array is not None:
        return _from_array(array, name, y, advice)
    values, lengths = _from_items(items or [], name, advice)
    return StepValues(values, lengths, "list" if isinstance(y, list | tuple) else "object")


def has_step_axis(values: Any) -> bool:
    """Return whether values have an axis after that of the sequences, such as one of time steps."""
    items = items_of(values)
    return np.ndim(items[0]) > 0 if items else np.asarray(values).ndim > 1


def is_missing(values: NDArray) -> NDArray[np.bool_]:
    """Return which steps are missing: NaN, None, pandas.NA or NaT, in any of their columns."""
    missing = missing_values(values)
    return missing if missing.ndim == 1 else np.any(missing, axis=1)


def without_object_dtype(values: NDArray) -> NDArray:
    """Return objects that are all text, or all numbers, in NumPy's dtype for them.

    Other objects are returned unchanged, as are integers that no integer dtype can hold.
    """
    if values.dtype.kind != "O" or not values.size:
        return values
    kinds = {_kind_of_type(kind) for kind in set(map(type, values.flat))}
    if kinds == {"U"}:
        return values.astype(str)
    if not kinds <= set("bif"):
        return values
    numbers = np.array(values.tolist())
    # NumPy makes floats or objects of integers that are too large, which changes labels.
    return numbers if "f" in kinds or numbers.dtype.kind in "biu" else values


def in_form(values: NDArray, lengths: NDArray[np.intp], form: str) -> Any:
    """Return values of steps in the form of `StepValues`: the inverse of `read_step_values`.

    Sequences of unequal length, which an array cannot hold, are returned as a list.
    """
    if form == "array" and (lengths == lengths[0]).all():
        return values.reshape(len(lengths), lengths[0], *values.shape[1:])
    items = split_steps(values, lengths)
    return _boxed(items) if form == "object" else items


def kept_steps(
    lengths: NDArray[np.intp], n_kept: NDArray[np.intp], truncating: str | None
) -> NDArray[np.bool_]:
    """Return which steps of sequences of these lengths, end to end, a truncation has kept.

    It kept `n_kept` steps of each sequence: the last ones if `truncating` is "pre", else the first.
    """
    step = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    first = lengths - n_kept if truncating == "pre" else np.zeros_like(lengths)
    return (step >= np.repeat(first, lengths)) & (step < np.repeat(first + n_kept, lengths))


@set_module("skl_lstm")
def flatten_steps(y: Any, *others: Any) -> tuple[NDArray, ...]:
    """Return the values of all time steps end to end, without missing steps.

    scikit-learn's metrics take one value per row. Of sequences, each step is one row:
    ``classification_report(*flatten_steps(y_true, y_pred))``. A step that is missing in any
    argument is left out of all of them.

    Parameters
    ----------
    y : list of array-like of shape (timesteps_i,) or (timesteps_i, n_outputs)
        Labels or numbers of every time step. Also an object array or a Series of them, or an
        array of shape (n_samples, timesteps) or (n_samples, timesteps, n_outputs). A step is
        missing if its value is NaN, None or pandas.NA; of several outputs, if any is.
    *others : list of array-like of shape (timesteps_i,) or (timesteps_i, n_columns)
        More values of the same steps in any of these forms, such as predictions, probabilities
        or weights.

    Returns
    -------
    tuple of ndarray of shape (n_steps,) or (n_steps, n_columns)
        One array for every argument: the steps of the first sequence, then those of the second.

    Raises
    ------
    TypeError, ValueError
        If an argument has no axis of time steps, if the arguments have different numbers of
        sequences or of steps, or if no step is left. The message gives the argument and the
        sequence, counted from 0.

    See Also
    --------
    make_step_scorer : Score the steps in `cross_val_score` or a search.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.metrics import accuracy_score
    >>> from skl_lstm import flatten_steps
    >>> y_true = [["walk", "run", "run"], ["walk", None]]  # three steps, two steps
    >>> y_pred = [["walk", "run", "walk"], ["walk", "run"]]
    >>> flatten_steps(y_true, y_pred)[0].tolist()
    ['walk', 'run', 'run', 'walk']
    >>> accuracy_score(*flatten_steps(y_true, y_pred))
    0.75
    """
    arguments = [
        read_step_values(argument, f"argument {position}")
        for position, argument in enumerate((y, *others))
    ]
    for position, argument in enumerate(arguments[1:], start=1):
        check_same_steps(arguments[0], argument, "argument 0", f"argument {position}")
    missing = [is_missing(argument.values) for argument in arguments]
    left = ~np.any(missing, axis=0)
    if not left.any():
        raise ValueError(_no_step_left(missing))
    return tuple(without_object_dtype(argument.values[left]) for argument in arguments)


def check_same_steps(first: StepValues, second: StepValues, name: str, second_name: str) -> None:
    """Raise an error if two values of steps differ in their sequences or in their steps."""
    if len(first.lengths) != len(second.lengths):
        raise ValueError(
            f"{name} has {counted(len(first.lengths), 'sequence')}, but {second_name} has "
            f"{len(second.lengths)}: both must have the same sequences."
        )
    unequal = first.lengths != second.lengths
    if unequal.any():
        position = int(unequal.argmax())
        raise ValueError(
            f"Sequence {position} has {counted(int(first.lengths[position]), 'time step')} in "
            f"{name}, but {second.lengths[position]} in {second_name}: both must have one value "
            "for each of its time steps. Use NaN or None for a step whose value is unknown."
        )


def _no_step_left(missing: Sequence[NDArray[np.bool_]]) -> str:
    counts = ", ".join(
        f"{int(steps.sum())} in argument {position}" for position, steps in enumerate(missing)
    )
    return (
        f"No time step is left: of {len(missing[0])}, the number of missing ones is {counts}. A "
        "step needs a value in every argument."
    )


def _from_array(array: NDArray, name: str, y: Any, advice: str) -> StepValues:
    if array.ndim == 0:
        raise TypeError(
            f"{name} is of type {type(y).__name__}, but must be a list of arrays of shape "
            "(timesteps_i,), or an array of shape (n_samples, timesteps)."
        )
    if array.ndim == 1 and len(array):
        raise ValueError(_no_step_axis(len(array), name) + advice)
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(
            f"{name} has shape {array.shape}, but must have shape (n_samples, timesteps) or "
            "(n_samples, timesteps, outputs), with no axis of length 0."
        )
    lengths = np.full(len(array), array.shape[1], dtype=np.intp)
    return StepValues(array.reshape(-1, *array.shape[2:]), lengths, "array")


def _from_items(items: list[Any], name: str, advice: str) -> tuple[NDArray, NDArray[np.intp]]:
    if not items:
        raise ValueError(f"{name} is an empty list: a minimum of 1 sequence is required.")
    arrays = [_read_item(item, name, position) for position, item in enumerate(items)]
    if all(array.ndim == 0 for array in arrays):
        raise ValueError(_no_step_axis(len(arrays), name) + advice)
    for position, array in enumerate(arrays):
        _check_shape(array, arrays[0], name, position)
    named = [position for position, item in enumerate(items) if has_column_names(item)]
    for position in named[1:]:
        check_column_names(position, items[position], named[0], items[named[0]], name)
    lengths = np.fromiter(map(len, arrays), np.intp, len(arrays))
    return _end_to_end(arrays), lengths


def _read_item(item: Any, name: str, position: int) -> NDArray:
    if type(item) is np.ndarray and item.dtype.kind in _NUMBERS:
        return item
    if isinstance(item, str | bytes):
        return np.asarray(item)
    try:
        if issparse(item):
            raise TypeError(_sparse(f"{name}[{position}]"))
        with explained(item, f"{name}[{position}]", numbers=False):
            array = _as_array(item)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"Sequence {position} of {name} cannot be read: {error}") from error
    if array.dtype.kind == "O" and array.size and np.ndim(array.flat[0]):
        raise ValueError(
            f"Sequence {position} of {name} is an array of arrays. Pass one array, for example "
            f"np.stack(list({name}[{position}]))."
        )
    return array


def _check_shape(array: NDArray, first: NDArray, name: str, position: int) -> None:
    if array.ndim == 0:
        raise ValueError(
            f"Item {position} of {name} is a single value, but every item must be a sequence of "
            f"shape (timesteps,) or (timesteps, outputs). If {name} is one sequence, pass [{name}]."
        )
    if array.ndim > 2:
        raise ValueError(
            f"Sequence {position} of {name} has shape {array.shape}, but must have shape "
            "(timesteps,) or (timesteps, outputs)."
        )
    if 0 in array.shape:
        raise ValueError(
            f"Sequence {position} of {name} is empty: it has shape {array.shape}. Drop it, and the "
            "sequence of X."
        )
    if array.ndim != first.ndim:
        raise ValueError(
            f"Sequence {position} of {name} has shape {array.shape}, but sequence 0 has shape "
            f"{first.shape}: give all sequences an axis of outputs, or none of them."
        )
    if array.shape[1:] != first.shape[1:]:
        raise ValueError(
            f"Sequence {position} of {name} has {counted(array.shape[1], 'value')} per step, but "
            f"sequence 0 has {first.shape[1]}: all steps must have the same number of values."
        )


def _no_step_axis(n_sequences: int, name: str) -> str:
    text = (
        f"{name} has one value for each of the {n_sequences} sequences, but needs one for each of "
        "their time steps: a list of arrays of shape (timesteps_i,), or an array of shape "
        "(n_samples, timesteps)."
    )
    if name != "y":
        return text
    return (
        f"{text} If the rows are the time steps of one sequence, pass [X] and [y]; of several, "
        "pass lists of their parts."
    )


def _sparse(name: str) -> str:
    return (
        f"Sparse data was passed for {name}, but dense data is required. Use '.toarray()' to "
        "convert to a dense numpy array."
    )


def _as_array(values: Any) -> NDArray:
    """Return values as an array, in which numbers do not become text."""
    if hasattr(values, "iloc") and not isinstance(
        getattr(values, "dtype", np.dtype(int)), np.dtype
    ):
        # A Series of a type of pandas, which makes floats of integers with missing values.
        values = values.to_numpy(object)
    array = np.asarray(values)
    if array.dtype.kind == "T":  # may contain missing values, unlike other text
        return array.astype(object)
    if array.dtype.kind not in "SU" or hasattr(values, "dtype"):
        return array
    objects = np.asarray(values, dtype=object)
    return array if len(set(map(type, objects.flat))) == 1 else objects


def _end_to_end(arrays: list[NDArray]) -> NDArray:
    """Join arrays; as objects, if their values are of different kinds."""
    kinds = {array.dtype.kind for array in arrays}
    joined = len(kinds) == 1 or kinds <= set(_NUMBERS)
    return np.concatenate(arrays if joined else [array.astype(object) for array in arrays])


def _boxed(items: list[NDArray]) -> NDArray:
    # A new array, because NumPy would make one of more axes of items of one length.
    box = np.empty(len(items), dtype=object)
    box[:] = items
    return box


def _kind_of_type(kind: type) -> str:
    """Return the kind of the dtype for values of a type; "O" if they are not text or numbers."""
    for types, letter in _KINDS:
        if issubclass(kind, types):
            return letter
    return "O"


_KINDS: list[tuple[tuple[type, ...], str]] = [
    ((str,), "U"),
    ((bool, np.bool_), "b"),
    ((int, np.integer), "i"),
    ((float, np.floating), "f"),
]
