"""Where sequences are inside a fitted estimator: what is before them, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from .._core.masks import is_masked
from .._core.messages import counted
from .._core.sequences import (
    PaddedSequences,
    lengths_before_padding,
    mark_padding,
    padding_mark,
    read_sequences,
    split_steps,
)
from .._core.shapes import step_names
from .._core.timed_windows import TimedWindows, feature_names_of, mark_times
from .._core.validation import items_of


class Split(NamedTuple):
    """Sequences, and the part of an estimator that reads them."""

    X: Any  # array of three axes, or list of sequences
    reader: Any  # estimator
    source: Any  # the transformer that returned X, or None


class SequenceInput(NamedTuple):
    """Sequences as an array, in which the values of samples are exchanged."""

    values: NDArray  # (samples, timesteps, features); the samples may be the steps of a list
    restore: Callable[[NDArray], Any]  # the array in the form that the estimator reads
    real: NDArray[np.bool_] | None = None  # (samples, timesteps), False for padding
    mask_value: float | None = None

    @property
    def counts_from_end(self) -> bool:
        """Whether timesteps are counted from the last one: the side without padding."""
        return self.real is None or bool(self.real[:, -1].all())


def split_at_sequences(estimator: Any, X: Any) -> Split:
    """Transform X up to the last step of a fitted estimator that returns sequences."""
    split = _split(estimator, X)
    if split is None:
        raise ValueError(
            f"Neither X nor any step of {type(estimator).__name__} has the three axes (samples, "
            "timesteps, features). For a table that is no sequences, use "
            "sklearn.inspection.permutation_importance."
        )
    return split


def _split(estimator: Any, X: Any) -> Split | None:
    if isinstance(estimator, Pipeline):
        return _split_pipeline(estimator, X)
    if (name := _name_of_inner(estimator)) is None:
        return Split(X, estimator, None) if _is_read_as_sequences(X, estimator) else None
    split = _split(getattr(estimator, name), X)
    # A copy, so that it scores and predicts as the whole estimator does.
    return split and split._replace(reader=_with_inner(estimator, name, split.reader))


def _split_pipeline(pipeline: Pipeline, X: Any) -> Split | None:
    found = Split(X, pipeline, None) if _is_sequences(X) else None
    for position, (_, step) in enumerate(pipeline.steps[:-1], start=1):
        if step is None or step == "passthrough":
            continue
        X = step.transform(X)
        if _is_sequences(X):
            found = Split(X, pipeline[position:], step)
    inner = _split(pipeline.steps[-1][1], X)  # the last step can contain a pipeline
    if inner is None:
        return found
    if inner.source is None and found is not None:
        return inner._replace(source=found.source)
    return inner


def _name_of_inner(estimator: Any) -> str | None:
    """Return the attribute of the fitted estimator that a meta-estimator passes X on to."""
    if hasattr(estimator, "best_estimator_"):
        return "best_estimator_"
    if hasattr(estimator, "regressor_") and hasattr(estimator, "transformer_"):
        return "regressor_"
    if hasattr(estimator, "estimator_") and hasattr(estimator, "predict_interval"):
        return "estimator_"
    return None


def _with_inner(estimator: Any, name: str, inner: Any) -> Any:
    changed = copy(estimator)
    setattr(changed, name, inner)
    return changed


def _is_sequences(X: Any) -> bool:
    """Return whether X has three axes, or is a list of sequences and no table."""
    items = items_of(X)
    if not items:
        return getattr(X, "ndim", None) == 3
    axes = {np.ndim(item) for item in items}
    return axes == {2} or (axes == {1} and len(set(map(len, items))) > 1)


def _is_read_as_sequences(X: Any, estimator: Any) -> bool:
    by_step = getattr(estimator, "_predicts_every_step", False)
    return _is_sequences(X) or (by_step and items_of(X) is not None)


def innermost(estimator: Any) -> Any:
    """Return the last estimator of a fitted pipeline, search or another meta-estimator."""
    if isinstance(estimator, Pipeline):
        return innermost(estimator.steps[-1][1])
    name = _name_of_inner(estimator)
    return estimator if name is None else innermost(getattr(estimator, name))


def read_input(split: Split, over: tuple[str, ...]) -> SequenceInput:
    """Read the sequences of a split."""
    items = items_of(split.X)
    if items is None:
        return _read_array(split.X, getattr(innermost(split.reader), "mask_value", None))
    return _read_list(split.X, items, over)


def _read_array(X: Any, mask_value: float | None) -> SequenceInput:
    values = np.asarray(X)
    mark = padding_mark(X)
    mask_value = mask_value if mark is None else mark
    real = None if mask_value is None else ~is_masked(values, mask_value)
    if real is None or real.all():
        return SequenceInput(values, _restorer(X))
    # A float, because the nearest number to an integer mask value may have to be written.
    values = values.astype(np.result_type(values.dtype, np.float32), copy=False)
    return SequenceInput(values, _restorer(X), real, mask_value)


def _restorer(X: Any) -> Callable[[NDArray], Any]:
    """Return a function that marks an array as X is marked."""
    if isinstance(X, TimedWindows):
        return lambda array: mark_times(array, X.index, X.times, X.feature_names)
    if isinstance(X, PaddedSequences):
        return lambda array: mark_padding(array, X.mask_value, *lengths_before_padding(X))
    return lambda array: array


def _read_list(X: Any, items: list[Any], over: tuple[str, ...]) -> SequenceInput:
    sequences = read_sequences(X, allow_infinity=True)
    lengths, steps = sequences.lengths, sequences.steps
    if "timestep" in over and (unequal := lengths != lengths[0]).any():
        position = int(unequal.argmax())
        steps_of_first = counted(int(lengths[0]), "step")
        raise ValueError(
            f"The sequences of X differ in length: sequence 0 has {steps_of_first}, sequence "
            f"{position} has {lengths[position]}, so no timestep is the same one in all of them. "
            "Use over='feature', which permutes a feature over the steps of all sequences, "
            "or give all sequences one length by a SequencePadder in the Pipeline."
        )

    def restore(array: NDArray) -> list[Any]:
        parts = split_steps(array.reshape(steps.shape), lengths)
        if not sequences.has_feature_axis:
            return [part[:, 0] for part in parts]
        return [_like(item, part) for item, part in zip(items, parts, strict=True)]

    # If timesteps are not told apart, a value can be that of any step of any sequence.
    timesteps = int(lengths[0]) if "timestep" in over else 1
    return SequenceInput(steps.reshape(-1, timesteps, steps.shape[1]), restore)


def _like(item: Any, steps: NDArray) -> Any:
    """Return steps as a table with the columns of a sequence, if this has any."""
    if not hasattr(item, "iloc"):
        return steps
    import pandas as pd

    return pd.DataFrame(steps, index=item.index, columns=item.columns)


def find_feature_names(
    split: Split, shape: tuple[int, ...], names: Sequence[str] | None
) -> NDArray[np.object_]:
    """Return the names of the features of sequences of the shape (samples, timesteps, features)."""
    features = shape[2]
    if names is not None:
        if isinstance(names, str) or len(names) != features:
            raise ValueError(
                f"feature_names must have one name for each of the {features} features; got "
                f"{names!r}."
            )
        return np.array([*names], dtype=object)
    known = (
        feature_names_of(split.X),
        _columns_of_items(split.X),
        _names_of_steps(split.source, *shape[1:]),
        getattr(split.source, "feature_names_in_", None),
        getattr(innermost(split.reader), "feature_names_in_", None),
    )
    for candidate in known:
        if candidate is not None and len(candidate) == features:
            return np.array([*candidate], dtype=object)
    return np.array([f"x{feature}" for feature in range(features)], dtype=object)


def _columns_of_items(X: Any) -> Any:
    tables = [item.columns for item in items_of(X) or [] if hasattr(item, "columns")]
    return tables[0] if tables else None


def _names_of_steps(source: Any, timesteps: int, features: int) -> list[str] | None:
    """Return the names of the features, if a transformer names its values ``t0_a, t0_b, t1_a``."""
    if not hasattr(source, "get_feature_names_out"):
        return None
    try:
        values = list(source.get_feature_names_out())
    except (AttributeError, ValueError):  # a Pipeline has the method, but maybe not all its steps
        return None
    names = [str(value).removeprefix("t0_") for value in values[:features]]
    return names if values == step_names(timesteps, names) else None
