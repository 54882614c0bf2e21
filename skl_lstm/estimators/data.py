"""X, y and weights: read and validated once, when they come in."""

from __future__ import annotations

from contextlib import suppress
from numbers import Real
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_consistent_length

from .._compat.sklearn import check_sample_weight, get_feature_names
from .._core.memmaps import cast_rows, check_finite, lies_on_disk
from .._core.sequences import padding_mark
from .._core.validation import explained, read_array
from .._core.windows import cast_windows, window_table
from ..training.keras.engine import training_rows


class TrainingData(NamedTuple):
    """What `fit` hands down from stage to stage."""

    X: NDArray  # (samples, timesteps, features) or (samples, timesteps), in Keras' float type
    y: NDArray  # (samples,) or (samples, outputs), as the user gave it
    weight: NDArray | None  # (samples,); None where all weigh the same
    feature_names: NDArray | None


# What an estimator knows of the mask value of its network: "unknown" if the network is the
# user's own and has no parameter of that name.
MaskValue = float | None | Literal["unknown"]


def read_X(X: ArrayLike, estimator: Any) -> NDArray:
    """Return X in Keras' float type: finite sequences, of any length, none of them empty.

    Windows of a table are cast and checked by the table, and rows on disk stay there.
    """
    floatx = np.dtype(keras.config.floatx())
    if isinstance(X, np.ndarray):
        X = cast_windows(X, floatx)
        X = cast_rows(X, floatx) if lies_on_disk(X) else X
    with explained(X):
        values = read_array(X, estimator=estimator, dtype=floatx, finite=False, allow_nd=True)
        _check_finite(values, type(estimator).__name__)
    if 0 in values.shape:
        raise ValueError(
            f"X has shape {values.shape}, but {type(estimator).__name__} reads (samples, "
            "timesteps, features) or (samples, timesteps), none of them zero."
        )
    return values


def read_training_data(
    X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, target: Any, estimator: Any
) -> TrainingData:
    """Read what `fit` is given; `target` is the kind of target that y has to be."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None"
        )
    values, labels = read_X(X, estimator), target.read(y, estimator)
    check_consistent_length(values, labels)
    weight = None
    if sample_weight is not None:
        with explained(sample_weight, "sample_weight"):
            weight = check_sample_weight(
                sample_weight, values, dtype=values.dtype, ensure_non_negative=True
            )
    return TrainingData(values, labels, weight, get_feature_names(X))


def weigh(
    data: TrainingData, class_weight: NDArray | None, validation_split: float
) -> TrainingData:
    """Join sample and class weights, and leave out the rows that weigh nothing."""
    if data.weight is None and class_weight is None:
        return data
    ones = np.ones(len(data.X), data.X.dtype)
    by_sample = ones if data.weight is None else data.weight
    by_class = ones if class_weight is None else class_weight.astype(data.X.dtype)
    counts = by_sample * by_class != 0
    if not counts.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    X, y = data.X, data.y
    if not counts.all():  # else windows that share their memory stay as they are
        X, y, by_sample, by_class = X[counts], y[counts], by_sample[counts], by_class[counts]
    # In validation Keras weighs samples, but not classes.
    in_training = np.arange(len(y)) < training_rows(len(y), validation_split)
    weight = by_sample * np.where(in_training, by_class, 1)
    return data._replace(X=X, y=y, weight=weight.astype(X.dtype, copy=False))


def compare_mask_values(X: ArrayLike, mask_value: MaskValue, name: str) -> str | None:
    """Compare the mask value of a network with that of a padded X, where both are known.

    Returns the text of a warning if the network has none.
    """
    padding = padding_mark(X)
    if padding is None or mask_value == "unknown":
        return None
    if mask_value is None:
        return (
            f"X holds padding, marked by {padding}, which {name} reads as data. Give it "
            f"mask_value={padding} too, and it is skipped."
        )
    if isinstance(mask_value, Real) and not _same_single(mask_value, padding):
        raise ValueError(
            f"X was padded with mask_value={padding}, but {name} skips mask_value={mask_value}. "
            "Give both the same."
        )
    return None


def _check_finite(values: NDArray, name: str) -> None:
    """Refuse NaN and infinity; windows of a table are checked by the table."""
    table = window_table(values)
    if table is not None:
        # Rows of the table that no window holds may be NaN or infinite.
        with suppress(ValueError):
            return check_finite(table[0])
    return check_finite(values, estimator_name=name, input_name="X")


def _same_single(one: Real, other: Real) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.float32(one) == np.float32(other))
