"""Read sequences of equal or unequal length; errors give the position of the invalid sequence.

Sequences are stored as one table of steps, end to end, and the length of each sequence.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .public import set_module
from .row_selection import selected_rows
from .validation import items_of, read_array

# Infinity is checked later, for lists and arrays alike.
_ITEM_CHECKS: dict[str, Any] = {
    "finite": False,
    "allow_nd": True,
    "ensure_2d": False,
    "ensure_min_samples": 0,
    "ensure_min_features": 0,
}


class Sequences(NamedTuple):
    """Sequences end to end, and the form in which they were passed."""

    steps: NDArray  # (total number of steps, features)
    lengths: NDArray[np.intp]  # number of steps of each sequence
    has_feature_axis: bool  # False: every step is one number
    is_ragged: bool  # True: passed as a list, lengths may differ; False: as an array
    example: Any  # table whose columns scikit-learn counts and names
    nested: bool = False  # nested lists of one length, which scikit-learn reads as an array

    def restore(self, steps: NDArray, *, has_feature_axis: bool) -> Any:
        """Return transformed steps in the form of the input: a list or an array.

        Without a feature axis, steps of one feature become numbers.
        """
        steps = steps if has_feature_axis or steps.shape[1] > 1 else steps[:, 0]
        if self.is_ragged and not self.nested:
            return split_steps(steps, self.lengths)
        return steps.reshape(len(self.lengths), -1, *steps.shape[1:])


@set_module("skl_lstm")
class PaddedSequences(np.ndarray):
    """Array of padded or truncated sequences, with their lengths before.

    `SequencePadder.transform` returns it if it padded or truncated any sequence. It is an
    ordinary array of shape (samples, timesteps, features) with more attributes. The estimators
    compare `mask_value` with their own; those that predict every time step read the others. A
    selection of sequences, ``X[rows]``, keeps all attributes. Other views and copies keep only
    `mask_value`. Computations return a plain array.

    Attributes
    ----------
    mask_value : float or None
        Value of the padding in every feature; None if nothing was padded.
    lengths : ndarray of int of shape (n_samples,), or None
        Number of steps of each sequence before padding and truncation; None if it is unknown.
    truncating : {"pre", "post"} or None
        Where longer sequences were truncated: "pre" dropped the oldest steps, "post" the newest.
        None if `lengths` is.

    Examples
    --------
    >>> from skl_lstm import SequencePadder
    >>> X = SequencePadder(mask_value=-1.0).fit_transform([[0.5, 1.5], [2.5]])
    >>> X.mask_value
    -1.0
    >>> X.lengths, X[1:].lengths
    (array([2, 1]), array([1]))
    >>> type(X).__name__, type(X + 1).__name__
    ('PaddedSequences', 'ndarray')
    """

    mask_value: float | None = None
    lengths: NDArray[np.intp] | None = None
    truncating: str | None = None

    def __array_finalize__(self, obj: Any) -> None:
        self.mask_value = getattr(obj, "mask_value", None)
        # A view may have other sequences or steps than the array that it is made of.
        self.lengths = self.truncating = None

    def __getitem__(self, key: Any) -> Any:
        selected = super().__getitem__(key)
        if self.lengths is None or not isinstance(selected, PaddedSequences):
            return selected
        rows = selected_rows(key, len(self))
        if rows is not None:
            selected.lengths, selected.truncating = self.lengths[rows], self.truncating
        return selected

    def __array_wrap__(
        self, array: NDArray, context: Any = None, return_scalar: bool = False
    ) -> Any:
        # A computation changes the value of the padding, too.
        return np.asarray(array)[()] if return_scalar else np.asarray(array)

    def __reduce__(self) -> Any:
        reduced: Any = super().__reduce__()
        return *reduced[:2], (reduced[2], self.mask_value, self.lengths, self.truncating)

    def __setstate__(self, state: Any) -> None:
        # Files of earlier versions lack the last two.
        state, self.mask_value, self.lengths, self.truncating = (*state, None, None)[:4]
        super().__setstate__(state)


def mark_padding(
    array: NDArray,
    mask_value: float | None,
    lengths: NDArray[np.intp] | None = None,
    truncating: str | None = None,
) -> PaddedSequences:
    """Return a view of an array as `PaddedSequences` with these attributes."""
    padded = array.view(PaddedSequences)
    padded.mask_value, padded.lengths, padded.truncating = mask_value, lengths, truncating
    return padded


def padding_mark(X: Any) -> float | None:
    """Return the mask value of X, or None if it is unknown or nothing was padded."""
    return X.mask_value if isinstance(X, PaddedSequences) else None


def lengths_before_padding(X: Any) -> tuple[NDArray[np.intp] | None, str | None]:
    """Return the lengths of the sequences of X before padding and truncation, and `truncating`.

    Both are None if they are unknown.
    """
    return (X.lengths, X.truncating) if isinstance(X, PaddedSequences) else (None, None)


def split_steps(steps: NDArray, lengths: NDArray[np.intp]) -> list[NDArray]:
    """Split steps that are stored end to end into sequences."""
    return np.split(steps, np.cumsum(lengths)[:-1])


def sequence_of(step: int | np.integer, lengths: NDArray[np.intp]) -> int:
    """Return the position of the sequence that contains a step, counted end to end."""
    return int(np.searchsorted(np.cumsum(lengths), step, side="right"))


def read_sequences(X: ArrayLike, *, allow_infinity: bool = False) -> Sequences:
    """Read a list of sequences, a table or a 3D array; raise an error for anything else."""
    items = items_of(X)
    sequences = _from_array(X) if items is None else _from_list(items)
    if allow_infinity:
        return sequences
    infinite = np.isinf(sequences.steps).any(axis=1)
    if infinite.any():
        position = sequence_of(infinite.argmax(), sequences.lengths)
        raise ValueError(
            f"Input X contains infinity, first in sequence {position}. Replace it, or drop the "
            "sequence."
        )
    return sequences


def _from_array(X: ArrayLike) -> Sequences:
    if not (hasattr(X, "__array__") or hasattr(X, "shape")):
        raise ValueError(
            f"X is of type {type(X).__name__}, but must be a list of sequences or an array of "
            "shape (samples, timesteps) or (samples, timesteps, features). If X is another "
            "iterable, pass list(X)."
        )
    array = read_array(X, finite=False, allow_nd=True)
    if array.ndim > 3 or 0 in array.shape:
        raise ValueError(
            f"X has shape {array.shape}, but must have shape (samples, timesteps) or (samples, "
            "timesteps, features), with no axis of length 0."
        )
    flat = array.ndim == 2
    steps = array.reshape(-1, 1 if flat else array.shape[2])
    lengths = np.full(len(array), array.shape[1])
    return Sequences(steps, lengths, not flat, False, X if flat else array[0])


def _from_list(items: list[Any]) -> Sequences:
    if not items:
        raise ValueError("X is an empty list: a minimum of 1 sequence is required.")
    first = _read_item(0, items[0])
    arrays = [first]
    for position, item in enumerate(items[1:], start=1):
        arrays.append(_read_item(position, item))
        _check_features(position, arrays[position], first)
    named = [position for position, item in enumerate(items) if has_column_names(item)]
    for position in named[1:]:
        check_column_names(position, items[position], named[0], items[named[0]])
    flat = first.ndim == 1
    steps = np.concatenate(arrays)
    lengths = np.array([len(array) for array in arrays])
    first = first[:, np.newaxis] if flat else first
    return Sequences(
        steps[:, np.newaxis] if flat else steps,
        lengths,
        not flat,
        True,
        items[named[0]] if named else first,
        nested=(lengths == lengths[0]).all() and all(isinstance(i, list | tuple) for i in items),
    )


def _read_item(position: int, item: Any) -> NDArray:
    array = item
    if not (type(item) is np.ndarray and item.dtype.kind in "fiub"):
        try:
            array = read_array(item, f"X[{position}]", **_ITEM_CHECKS)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"Sequence {position} of X cannot be read: {error}") from error
    if array.ndim == 0:
        raise ValueError(
            f"Item {position} of X is a single number, but every item must be a sequence of "
            "shape (timesteps,) or (timesteps, features). If X is one sequence, pass [X]."
        )
    if array.ndim > 2:
        raise ValueError(
            f"Sequence {position} of X has shape {array.shape}, but must have shape "
            "(timesteps,) or (timesteps, features)."
        )
    if 0 in array.shape:
        raise ValueError(
            f"Sequence {position} of X is empty: it has shape {array.shape}. Drop it and its "
            "target."
        )
    return array


def _check_features(position: int, array: NDArray, first: NDArray) -> None:
    if array.ndim != first.ndim:
        raise ValueError(
            f"Sequence {position} of X has shape {array.shape}, but sequence 0 has shape "
            f"{first.shape}: give all sequences a feature axis, or none of them."
        )
    if array.shape[1:] != first.shape[1:]:
        raise ValueError(
            f"Sequence {position} of X has {array.shape[1]} features, but sequence 0 has "
            f"{first.shape[1]}: all sequences must have the same features."
        )


def has_column_names(item: Any) -> bool:
    """Return whether a sequence is a table whose columns have names."""
    return all(isinstance(name, str) for name in getattr(item, "columns", [None]))


def check_column_names(
    position: int, frame: Any, first_position: int, first: Any, name: str = "X"
) -> None:
    """Raise an error if two sequences do not have the same columns in the same order."""
    names, first_names = list(frame.columns), list(first.columns)
    if names != first_names:
        raise ValueError(
            f"Sequence {position} of {name} has the columns {names}, but sequence {first_position} "
            f"has {first_names}: all sequences must have the same columns in the same order."
        )
