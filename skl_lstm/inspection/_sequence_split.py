"""Where sequences are inside a fitted estimator: what is before them, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from .._core.every_step import predicts_every_step
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
    source: Pipeline | None  # the transformers that returned X


class SequenceInput(NamedTuple):
    """Sequences as an array, in which the values of samples are exchanged."""

    values: NDArray  # (samples, timesteps, features); the samples may be the steps of a list
    restore: Callable[[NDArray], Any]  # the array in the form that the estimator reads
    real: NDArray[np.bool_] | None = None  # (samples, timesteps), False for padding; None: all real
    mask_value: float | None = None

    @property
    def counts_from_end(self) -> bool:
        """Whether timesteps are counted from the last one, not from the first.

        They are counted from the first only if some sequences are padded at the end and none at
        the start.
        """
        if self.real is None:
            return True
        return not self.real[:, 0].all() or bool(self.real[:, -1].all())


def split_at_sequences(estimator: Any, X: Any) -> Split:
    """Transform X up to the last step of a fitted estimator that returns sequences."""
    split = _split(estimator, X)
    if split is None:
        raise _no_sequences(estimator)
    return split


def _no_sequences(estimator: Any) -> ValueError:
    last = innermost(estimator)
    name = type(last).__name__
    if hasattr(last, "cv_results_") and getattr(last, "refit", None) is False:
        return NotFittedError(
            f"This {name} instance was initialized with `refit=False`. sequence_importance is "
            "available only after refitting on the best parameters. You can refit an estimator "
            "manually using the `best_params_` attribute"
        )
    inside = (
        f"If sequences are made inside {name}, put the transformer that makes them before it, in a "
        f"Pipeline around it: make_pipeline(SequenceWindower(...), {name}(...)). "
        if _contains_estimators(last)
        else ""
    )
    return ValueError(
        f"Neither X nor any step of {type(estimator).__name__} has the three axes (samples, "
        f"timesteps, features). {inside}For a table that is no sequences, use "
        "sklearn.inspection.permutation_importance."
    )


def _contains_estimators(estimator: Any) -> bool:
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    return any(isinstance(value, BaseEstimator) for value in parameters.values())


def _split(estimator: Any, X: Any) -> Split | None:
    if isinstance(estimator, Pipeline):
        return _split_pipeline(estimator, X)
    if (name := name_of_inner(estimator)) is None:
        return Split(X, estimator, None) if _is_read_as_sequences(X, estimator) else None
    split = _split(getattr(estimator, name), X)
    # A copy, so that it scores and predicts as the whole estimator does.
    return split and split._replace(reader=with_inner(estimator, name, split.reader))


def _split_pipeline(pipeline: Pipeline, X: Any) -> Split | None:
    found = Split(X, pipeline, None) if _is_sequences(X) else None
    for position, (_, step) in enumerate(pipeline.steps[:-1], start=1):
        if step is None or step == "passthrough":
            continue
        X = step.transform(X)
        if _is_sequences(X):
            found = Split(X, pipeline[position:], pipeline[:position])
    inner = _split(pipeline.steps[-1][1], X)  # the last step can contain a pipeline
    if inner is None:
        return found
    if inner.source is not None:  # the steps before know the names of its input
        return inner._replace(source=Pipeline([*pipeline.steps[:-1], *inner.source.steps]))
    return inner if found is None else inner._replace(source=found.source)


def name_of_inner(estimator: Any) -> str | None:
    """Return the attribute of the fitted estimator that a meta-estimator passes X on to."""
    if hasattr(estimator, "best_estimator_"):
        return "best_estimator_"
    if hasattr(estimator, "regressor_") and hasattr(estimator, "transformer_"):
        return "regressor_"
    if hasattr(estimator, "estimator_") and hasattr(estimator, "predict_interval"):
        return "estimator_"
    return None


def with_inner(estimator: Any, name: str, inner: Any) -> Any:
    """Return a copy of a fitted meta-estimator around another inner estimator."""
    changed = copy(estimator)
    setattr(changed, name, inner)
    return changed


def _is_sequences(X: Any) -> bool:
    """Return whether X has three axes, or is a list of sequences and no table."""
    items = items_of(X)
    if not items:
        return getattr(X, "ndim", None) == 3
    axes = set(map(_axes_of, items))
    return axes == {2} or (axes == {1} and len(set(map(len, items))) > 1)


def _axes_of(item: Any) -> int:
    try:
        return np.ndim(item)
    except ValueError:  # a list of lists of different lengths, for which `read_sequences` raises
        return 2


def _is_read_as_sequences(X: Any, estimator: Any) -> bool:
    return _is_sequences(X) or (predicts_every_step(estimator) and items_of(X) is not None)


def innermost(estimator: Any) -> Any:
    """Return the last estimator of a fitted pipeline, search or another meta-estimator."""
    if isinstance(estimator, Pipeline):
        return innermost(estimator.steps[-1][1])
    name = name_of_inner(estimator)
    return estimator if name is None else innermost(getattr(estimator, name))


def read_input(split: Split, over: tuple[str, ...]) -> SequenceInput:
    """Read the sequences of a split."""
    items = items_of(split.X)
    mask_value = getattr(innermost(split.reader), "mask_value", None)
    if items is not None:
        return _with_mask(_read_list(split.X, items, over), mask_value)
    mark = padding_mark(split.X)
    sequences = SequenceInput(np.asarray(split.X), _restorer(split.X))
    return _with_mask(sequences, mask_value if mark is None else mark)


def _with_mask(sequences: SequenceInput, mask_value: float | None) -> SequenceInput:
    """Return sequences with their padding. Without any, an exchange could still make some."""
    if mask_value is None:
        return sequences
    values = sequences.values
    is_real = ~is_masked(values, mask_value)
    return sequences._replace(
        # Floats, because the nearest number to an integer mask value may have to be written.
        values=values.astype(np.result_type(values.dtype, np.float32), copy=False),
        real=None if is_real.all() else is_real,
        mask_value=mask_value,
    )


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
    unequal = lengths != lengths[0]
    if "timestep" in over and unequal.any():
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

    # Sequences of unequal length have no course in common, and one sequence has no other: a value
    # can be that of any step of any sequence.
    pooled = unequal.any() or (len(lengths) == 1 and "timestep" not in over)
    timesteps = 1 if pooled else int(lengths[0])
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
    last = None if split.source is None else split.source[-1]
    known = (
        feature_names_of(split.X),
        _columns_of_items(split.X),
        _names_of_steps(split.source, *shape[1:]),
        _names_of_steps(last, *shape[1:]),
        getattr(last, "feature_names_in_", None),
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
