"""Reading of X for estimators with a target at every time step: lists and padded arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.float_type import floatx
from .._core.masks import is_masked
from .._core.sequences import (
    Sequences,
    lengths_before_padding,
    padding_mark,
    read_sequences,
    sequence_of,
)
from .._core.validation import items_of
from .data import compare_mask_values, read_X
from .scaling import MASK_VALUE, with_feature_axis


class StepInput(NamedTuple):
    """Sequences as the network reads them."""

    values: NDArray  # (samples, timesteps, features) or (samples, timesteps)
    real: NDArray[np.bool_]  # (samples, timesteps), False for padding, which is MASK_VALUE
    lengths: NDArray[np.intp]  # number of steps of each sequence, before a truncation
    truncating: str | None  # "pre" or "post": which steps were dropped from longer sequences
    is_list: bool
    by_position: bool  # whether a list y may have values for the padding of the array X, too
    mask_value: float | None  # value of the padding in arrays such as X, or None
    table: Any  # table whose columns scikit-learn counts and names


def read_step_input(X: ArrayLike, mask_value: Any, estimator: Any, *, cast: bool) -> StepInput:
    """Return a list or an array of sequences as the network reads them.

    `mask_value` is the value of the padding in an array that does not name it. With `cast`, the
    result has the float type of Keras.
    """
    if (items := items_of(X)) is not None:
        _refuse_padded_items(items)
        return _pad(read_sequences(X), mask_value, type(estimator).__name__, cast=cast)
    if mask_value is not None:
        compare_mask_values(X, mask_value, type(estimator).__name__)
    values = read_X(X, estimator, cast=cast)
    mark = padding_mark(X)
    mask_value = mask_value if mark is None else mark
    real = np.broadcast_to(True, values.shape[:2])
    if mask_value is not None:
        real = ~is_masked(with_feature_axis(values), mask_value)
        values = _marked(values, real)
    n_real = real.sum(axis=1)
    lengths, truncating = lengths_before_padding(X)
    if lengths is None:
        return StepInput(values, real, n_real, None, False, True, mask_value, X)
    _check_unchanged(np.minimum(lengths, real.shape[1]), n_real, mask_value)
    return StepInput(values, real, lengths, truncating, False, False, mask_value, X)


def _check_unchanged(expected: NDArray, n_real: NDArray, mask_value: float | None) -> None:
    """Raise if the steps that differ from the padding are not those that the padder has kept."""
    if (unequal := n_real != expected).any():
        position = int(unequal.argmax())
        raise ValueError(
            f"Sequence {position} of X was changed after the padder: {n_real[position]} of its "
            f"steps differ from mask_value={mask_value}, but {expected[position]} were not padded. "
            "Change sequences before the padder, for example with PerTimestep."
        )


def _refuse_padded_items(items: list[Any]) -> None:
    """Raise if a sequence of a list is one of those that a padder has padded."""
    for position, item in enumerate(items):
        if (mark := padding_mark(item)) is not None:
            raise ValueError(
                f"Sequence {position} of X is padded with mask_value={mark}, which would be read "
                "as data in a list. Pass the array that SequencePadder returned, or the list that "
                "it was made of."
            )


def _refuse_mask_value(sequences: Sequences, mask_value: float) -> None:
    """Raise if a step of a list equals the mask value of arrays."""
    masked = is_masked(sequences.steps, mask_value)
    if masked.any():
        position = sequence_of(int(masked.argmax()), sequences.lengths)
        raise ValueError(
            f"Sequence {position} of X has a step with mask_value={mask_value} in every feature. "
            "The sequences of a list need no padding. If they are padded, pass one array, "
            "np.stack(X). If the step is data, set mask_value=None."
        )


def _pad(sequences: Sequences, mask_value: Any, name: str, *, cast: bool) -> StepInput:
    """Return sequences of unequal length as one array."""
    steps, lengths = sequences.steps, sequences.lengths
    _check_finite(steps, lengths, name)
    if mask_value is not None:
        _refuse_mask_value(sequences, mask_value)
    dtype = np.dtype(floatx()) if cast else np.result_type(steps.dtype, np.float32)
    try:
        real = np.arange(lengths.max()) < lengths[:, np.newaxis]
        values = np.full((*real.shape, steps.shape[1]), MASK_VALUE, dtype)
    except MemoryError as error:
        raise MemoryError(
            f"The {len(lengths)} sequences of X do not fit into memory when they are padded to the "
            f"longest one, sequence {lengths.argmax()} with {lengths.max()} steps. Cut it into "
            "several sequences."
        ) from error
    values[real] = steps
    return StepInput(values, real, lengths, None, True, False, mask_value, sequences.example)


def _check_finite(steps: NDArray, lengths: NDArray[np.intp], name: str) -> None:
    """Raise if a step is NaN or too large for the float type of Keras."""
    with np.errstate(over="ignore"):
        is_finite = np.isfinite(steps.astype(floatx(), copy=False)).all(axis=1)
    if is_finite.all():
        return
    step = int(is_finite.argmin())
    position = sequence_of(step, lengths)
    place = f"step {step - int(lengths[:position].sum())} of sequence {position}"
    if np.isnan(steps[step]).any():
        raise ValueError(
            f"Input X contains NaN, first in {place}. {name} needs all values: fill them before, "
            "for example by PerTimestep(SimpleImputer())."
        )
    raise ValueError(
        f"Input X contains a value too large for dtype({floatx()!r}), first in {place}."
    )


def _marked(values: NDArray, real: NDArray[np.bool_]) -> NDArray:
    """Return a copy of padded sequences in which the padding is MASK_VALUE."""
    values = values.astype(np.result_type(values.dtype, np.float32))
    values[~real] = MASK_VALUE
    return values


def describe_truncation(X: StepInput, name: str) -> str | None:
    """Return a warning if X was truncated, else None."""
    dropped = X.lengths - X.real.sum(axis=1)
    if not dropped.any():
        return None
    return (
        f"{dropped.sum()} steps of {np.count_nonzero(dropped)} of {len(dropped)} sequences have no "
        f"prediction, because the padder kept {X.real.shape[1]} timesteps. Give SequencePadder a "
        f"larger timesteps, or leave it out: {name} takes lists of sequences of any length."
    )
