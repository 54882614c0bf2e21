"""Reading of y and of weights that have a value for every time step.

In this module, *steps* are stored end to end: those of the first sequence, then those of the
second one, and so on. The places of these steps in the array that a network reads are those at
which `StepInput.real` is True, in the order of its rows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._compat.sklearn import check_sample_weight
from .._core.float_type import floatx
from .._core.step_values import (
    StepValues,
    has_step_axis,
    in_form,
    is_missing,
    kept_steps,
    read_step_values,
    without_object_dtype,
)
from .._core.validation import explained
from ..training.rows import Rows, Split, count_of
from .data import TrainingData, has_weight
from .step_input import StepInput
from .targets import ClassTarget

_FOR_SEQUENCES = " For one value per sequence, use LSTMClassifier or LSTMRegressor."


class StepTargets(NamedTuple):
    """The labelled steps of y, and their places."""

    y: NDArray  # (steps,) or (steps, outputs)
    labelled: NDArray[np.bool_]  # (samples, timesteps)
    weight: NDArray | None  # (steps,)
    form: str  # that of `StepValues`, or "positions" for an array with values for the padding, too


def read_step_targets(
    y: Any, sample_weight: Any, X: StepInput, target: Any, estimator: Any
) -> StepTargets:
    """Return the labelled steps of y. `target` is `NumericTarget` or `ClassTarget`."""
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    steps = read_step_values(y, advice=_FOR_SEQUENCES)
    form = _form_of(steps, X)
    _check_gaps(steps, X)
    values = steps.values[_kept_steps(steps.lengths, X, form)]
    if target is ClassTarget and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    is_labelled = ~is_missing(values)
    if not is_labelled.any():
        outputs = f"one of its {values.shape[1]} outputs" if values.ndim == 2 else "y"
        kind = "label" if target is ClassTarget else "target"
        raise ValueError(
            f"No step has a {kind}: for all {len(values)} steps of the {len(X.real)} sequences, "
            f"{outputs} is NaN or None."
        )
    labelled = np.zeros(X.real.shape, bool)
    labelled[X.real] = is_labelled
    values = without_object_dtype(values[is_labelled])
    _check_targets(values, labelled)
    weight = None
    if sample_weight is not None:
        weight = _read_weights(sample_weight, X, labelled)
    return StepTargets(target.read(values, estimator), labelled, weight, form)


def _check_gaps(steps: StepValues, X: StepInput) -> None:
    """Raise if a step with a target would be skipped as padding, but is between other steps."""
    real = X.real
    if X.is_list or X.mask_value is None:
        return
    is_after = np.logical_or.accumulate(real, axis=1)
    is_before = np.logical_or.accumulate(real[:, ::-1], axis=1)[:, ::-1]
    gaps = ~real & is_after & is_before
    if not gaps.any() or (steps.lengths != real.shape[1]).any():
        return
    is_lost = gaps & ~is_missing(steps.values).reshape(real.shape)
    if is_lost.any():
        sequence, timestep = np.argwhere(is_lost)[0]
        raise ValueError(
            f"Timestep {timestep} of sequence {sequence} has a target, but every feature in X is "
            f"mask_value={X.mask_value}, so it would be skipped as padding between other steps. "
            "Use a mask_value that no step has, or set the target to NaN or None."
        )


def _form_of(steps: StepValues, X: StepInput) -> str:
    """Return "positions" if steps are those of the array X, else the form of the steps."""
    is_positions = steps.form == "array" and not X.is_list
    return "positions" if is_positions and steps.lengths[0] == X.real.shape[1] else steps.form


def _check_targets(values: NDArray, labelled: NDArray[np.bool_]) -> None:
    """Raise if a number is infinite in the float type of the network."""
    if values.dtype.kind not in "iuf":
        return
    with np.errstate(over="ignore"):
        is_infinite = np.isinf(values.astype(floatx())).reshape(len(values), -1).any(axis=1)
    if is_infinite.any():
        raise ValueError(
            f"Input y contains infinity or a value too large for dtype({floatx()!r}), first in "
            f"{_place_of(int(is_infinite.argmax()), labelled)}."
        )


def _place_of(step: int, labelled: NDArray[np.bool_]) -> str:
    """Return which step of which sequence one of the labelled steps is, padding not counted."""
    sequence, timestep = (int(axis[step]) for axis in np.nonzero(labelled))
    return f"timestep {timestep} of sequence {sequence}"


def _read_weights(sample_weight: Any, X: StepInput, labelled: NDArray[np.bool_]) -> NDArray:
    """Return the weight of each labelled step. That of a sequence is that of its steps."""
    options = {"dtype": np.dtype(floatx()), "ensure_non_negative": True}
    if not has_step_axis(sample_weight):
        with explained(sample_weight, "sample_weight"):
            weight = check_sample_weight(sample_weight, X.values, **options)
        return np.repeat(weight, labelled.sum(axis=1))
    steps = read_step_values(sample_weight, "sample_weight")
    kept = _kept_steps(steps.lengths, X, _form_of(steps, X), name="sample_weight")
    weight = without_object_dtype(steps.values[kept][labelled[X.real]])
    with explained(weight, "sample_weight"):
        return check_sample_weight(weight, weight, **options)


def _kept_steps(
    lengths: NDArray[np.intp], X: StepInput, form: str, name: str = "y"
) -> NDArray[np.bool_]:
    """Return which of the steps of y are in X, and are no padding there.

    `lengths` are the numbers of steps in y. A sequence of y has the steps of that of X before it
    was truncated, or one step for each position on the axis of time of the array X.
    """
    if len(lengths) != len(X.lengths):
        raise ValueError(
            f"X has {len(X.lengths)} sequences, but {name} has {len(lengths)}. Each needs an item "
            f"for every sequence.{' If X is one sequence, pass [X].' if len(lengths) == 1 else ''}"
        )
    timesteps, n_real = X.real.shape[1], X.real.sum(axis=1)
    by_position = (lengths == timesteps) & (lengths != X.lengths)
    by_position &= form == "positions" or X.by_position
    unequal = (lengths != X.lengths) & ~by_position
    if unequal.any():
        raise ValueError(_describe_unequal(int(unequal.argmax()), lengths, X, name))
    kept = kept_steps(lengths, np.where(by_position, lengths, n_real), X.truncating)
    kept[np.repeat(by_position, lengths)] = X.real[by_position].ravel()
    return kept


def _describe_unequal(position: int, lengths: NDArray[np.intp], X: StepInput, name: str) -> str:
    n_y, n_x, timesteps = lengths[position], X.lengths[position], X.real.shape[1]
    difference = f"{abs(n_y - n_x)} too {'many' if n_y > n_x else 'few'}"
    padded = f", or {timesteps} with its padding" if X.by_position and n_x < timesteps else ""
    missing = (
        "0 for a step that must not count"
        if name == "sample_weight"
        else "NaN or None for a step without a value"
    )
    remedy = f"{name} needs one value for every step of X, in the same order; use {missing}."
    if X.by_position and n_y < n_x and X.mask_value is None:
        remedy += " If X is padded, set mask_value."
    if X.by_position and n_y > n_x:
        remedy += (
            " If X was truncated, pass it as SequencePadder returned it: a copy or a computation "
            "does not keep the lengths."
        )
    return (
        f"Sequence {position} of X has {n_x} steps{padded}, but {name}[{position}] has {n_y}: "
        f"{difference}. {remedy}"
    )


def drop_weightless_steps(data: TrainingData) -> TrainingData:
    """Drop the steps whose sample weight or class weight is zero, and sequences without a step."""
    labelled = data.labelled
    nonzero = has_weight(data)
    if nonzero is not None:
        labelled = labelled.copy()
        labelled[labelled] = nonzero
        by_name = {name: getattr(data, name) for name in ("y", "weight", "class_weight")}
        data = data._replace(
            labelled=labelled,
            **{name: array[nonzero] for name, array in by_name.items() if array is not None},
        )
    rows = labelled.any(axis=1)
    if rows.all():  # indexing would copy windows that share memory
        return data
    times = None if data.times is None else data.times[rows]
    return data._replace(X=data.X[rows], labelled=labelled[rows], times=times)


def split_of_steps(split: Split, labelled: NDArray[np.bool_]) -> Split:
    """Return the positions of the labelled steps that train and of those that validate."""
    row_of_step = np.nonzero(labelled)[0]
    return Split(*(_positions_in(rows, row_of_step, len(labelled)) for rows in split))


def _positions_in(rows: Rows, row_of_step: NDArray, n_rows: int) -> NDArray[np.intp]:
    is_chosen = np.zeros(n_rows, bool)
    is_chosen[rows] = True
    return np.flatnonzero(is_chosen[row_of_step])


def targets_in_places(y: NDArray, labelled: NDArray[np.bool_]) -> NDArray:
    """Return targets, (steps, outputs), as (samples, timesteps, outputs), with zeros elsewhere."""
    targets = np.zeros((*labelled.shape, y.shape[1]), y.dtype)
    targets[labelled] = y
    return targets


def weights_in_places(weight: NDArray | None, labelled: NDArray[np.bool_], split: Split) -> NDArray:
    """Return the weights of the steps as (samples, timesteps), zero for steps without a label.

    The loss of a batch is the sum over its steps divided by its number of sequences. The weights
    are divided by the mean number of labelled steps of a sequence, so the loss of an epoch is the
    mean over all labelled steps.
    """
    weights = np.zeros(labelled.shape, floatx())
    weights[labelled] = 1 if weight is None else weight
    for rows in split:
        if n_rows := count_of(rows):
            weights[rows] *= n_rows / labelled[rows].sum()
    return weights


def in_form_of_y(values: NDArray, X: StepInput, form: str) -> Any:
    """Return predictions for the steps of X that are no padding, in the form of the y of `fit`.

    Steps that were truncated, and padding if y had values for it, are NaN, or None for labels.
    """
    lengths = X.lengths
    if form == "positions" and not X.is_list:
        lengths = np.full_like(lengths, X.real.shape[1])
    form_of_values = "array" if form == "positions" else form
    is_predicted = _kept_steps(lengths, X, form)
    if is_predicted.all():
        return in_form(values, lengths, form_of_values)
    filled = np.full((len(is_predicted), *values.shape[1:]), None, object)
    if values.dtype.kind == "f":
        filled = np.full(filled.shape, np.nan, values.dtype)
    filled[is_predicted] = values
    result = in_form(filled, lengths, form_of_values)
    if filled.dtype != values.dtype and (isinstance(result, list) or form == "object"):
        is_complete = np.logical_and.reduceat(is_predicted, np.cumsum(lengths) - lengths)
        for position in np.flatnonzero(is_complete):
            result[position] = result[position].astype(values.dtype)
    return result
