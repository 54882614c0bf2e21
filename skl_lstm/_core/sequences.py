"""Sequences of equal or unequal length: how they are read, and which item is wrong if one is.

They are held as one table of steps, end to end, and the number of steps of each sequence.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .public import set_module
from .validation import items_of, read_array

# Infinity is looked for later, in lists and arrays alike.
_ITEM: dict[str, Any] = {
    "finite": False,
    "allow_nd": True,
    "ensure_2d": False,
    "ensure_min_samples": 0,
    "ensure_min_features": 0,
}


class Sequences(NamedTuple):
    """Sequences end to end, and how they came."""

    steps: NDArray  # (steps of all sequences, features)
    lengths: NDArray[np.intp]  # by sequence: how many of them are its own
    has_feature_axis: bool  # else every step is one number
    is_ragged: bool  # they came as a list, and may have unequal lengths; else as an array
    example: Any  # a table with the columns that scikit-learn shall count and name
    nested: bool = False  # plain lists of one length, which scikit-learn calls an array-like

    def restore(self, steps: NDArray, *, has_feature_axis: bool) -> Any:
        """Return other steps, as many as these, as a list or an array like the one that came.

        Without a feature axis steps of one feature become numbers.
        """
        steps = steps if has_feature_axis or steps.shape[1] > 1 else steps[:, 0]
        if self.is_ragged and not self.nested:
            return split_steps(steps, self.lengths)
        return steps.reshape(len(self.lengths), -1, *steps.shape[1:])


@set_module("skl_lstm")
class PaddedSequences(np.ndarray):
    """Padded sequences that know which value marks their padding.

    `SequencePadder.transform` returns it where anything was padded. It is an ordinary array of
    shape (samples, timesteps, features) with one attribute more, by which the estimators can
    tell that they mask another value, or none. What is computed from it is a plain array.

    Attributes
    ----------
    mask_value : float or None
        What padding holds in every feature; None where nothing is known of any.

    Examples
    --------
    >>> from skl_lstm import SequencePadder
    >>> X = SequencePadder(mask_value=-1.0).fit_transform([[0.5, 1.5], [2.5]])
    >>> X.mask_value
    -1.0
    >>> type(X).__name__, type(X + 1).__name__
    ('PaddedSequences', 'ndarray')
    """

    mask_value: float | None = None

    def __array_finalize__(self, obj: Any) -> None:
        self.mask_value = getattr(obj, "mask_value", None)

    def __array_wrap__(
        self, array: NDArray, context: Any = None, return_scalar: bool = False
    ) -> Any:
        # What is computed from it is marked by another value, or none.
        return np.asarray(array)[()] if return_scalar else np.asarray(array)

    def __reduce__(self) -> Any:
        reduced: Any = super().__reduce__()
        return *reduced[:2], (reduced[2], self.mask_value)

    def __setstate__(self, state: Any) -> None:
        state, self.mask_value = state
        super().__setstate__(state)


def mark_padding(array: NDArray, mask_value: float) -> PaddedSequences:
    """View an array as one whose padding is marked by `mask_value`."""
    padded = array.view(PaddedSequences)
    padded.mask_value = mask_value
    return padded


def padding_mark(X: Any) -> float | None:
    """Return what marks the padding of X, None where nothing is known of any."""
    return X.mask_value if isinstance(X, PaddedSequences) else None


def split_steps(steps: NDArray, lengths: NDArray[np.intp]) -> list[NDArray]:
    """Cut steps that stand end to end into their sequences."""
    return np.split(steps, np.cumsum(lengths)[:-1])


def sequence_of(step: int | np.integer, lengths: NDArray[np.intp]) -> int:
    """Return the position of the sequence that a step, counted end to end, is in."""
    return int(np.searchsorted(np.cumsum(lengths), step, side="right"))


def read_sequences(X: ArrayLike, *, allow_infinity: bool = False) -> Sequences:
    """Read a list of sequences, a table or a 3D array; refuse what is none of these."""
    items = items_of(X)
    sequences = _from_array(X) if items is None else _from_list(items)
    if allow_infinity:
        return sequences
    infinite = np.isinf(sequences.steps).any(axis=1)
    if infinite.any():
        number = sequence_of(infinite.argmax(), sequences.lengths)
        raise ValueError(
            f"Input X contains infinity, first in sequence {number}. Replace it, or leave the "
            "sequence out."
        )
    return sequences


def _from_array(X: ArrayLike) -> Sequences:
    if not (hasattr(X, "__array__") or hasattr(X, "shape")):
        raise ValueError(
            f"X is of type {type(X).__name__}, but sequences come as a list of them, or as an "
            "array (samples, timesteps) or (samples, timesteps, features). If X can be iterated, "
            "pass list(X)."
        )
    array = read_array(X, finite=False, allow_nd=True)
    if array.ndim > 3 or 0 in array.shape:
        raise ValueError(
            f"X has shape {array.shape}, but sequences are (samples, timesteps) or (samples, "
            "timesteps, features), none of them zero."
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
    for number, item in enumerate(items[1:], start=1):
        arrays.append(_read_item(number, item))
        _check_alike(number, arrays[number], first)
    named = [number for number, item in enumerate(items) if _has_names(item)]
    for number in named[1:]:
        _check_names(number, items[number], named[0], items[named[0]])
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


def _read_item(number: int, item: Any) -> NDArray:
    array = item
    if not (type(item) is np.ndarray and item.dtype.kind in "fiub"):
        try:
            array = read_array(item, "it", **_ITEM)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"Sequence {number} of X cannot be read: {error}") from error
    if array.ndim == 0:
        raise ValueError(
            f"Item {number} of X is a single number, but every item is a whole sequence, "
            "(timesteps,) or (timesteps, features). If X is one sequence, pass [X]."
        )
    if array.ndim > 2:
        raise ValueError(
            f"Sequence {number} of X has shape {array.shape}, but a sequence is (timesteps,) or "
            "(timesteps, features)."
        )
    if 0 in array.shape:
        raise ValueError(
            f"Sequence {number} of X is empty, its shape is {array.shape}: no network can read it. "
            "Leave it out, and its target too."
        )
    return array


def _check_alike(number: int, array: NDArray, first: NDArray) -> None:
    if array.ndim != first.ndim:
        raise ValueError(
            f"Sequence {number} of X has shape {array.shape}, but sequence 0 has {first.shape}: "
            "give all of them a feature axis, or none."
        )
    if array.shape[1:] != first.shape[1:]:
        raise ValueError(
            f"Sequence {number} of X has {array.shape[1]} features, but sequence 0 has "
            f"{first.shape[1]}: the steps of all sequences need the same."
        )


def _has_names(item: Any) -> bool:
    return all(isinstance(name, str) for name in getattr(item, "columns", [None]))


def _check_names(number: int, frame: Any, first_number: int, first: Any) -> None:
    names, first_names = list(frame.columns), list(first.columns)
    if names != first_names:
        raise ValueError(
            f"Sequence {number} of X has the columns {names}, but sequence {first_number} has "
            f"{first_names}: bring them into one order."
        )
