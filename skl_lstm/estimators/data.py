"""Reading and validation of X, y and weights."""

from __future__ import annotations

from contextlib import suppress
from numbers import Real
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_consistent_length

from .._compat.sklearn import check_sample_weight, get_feature_names
from .._core.float_type import floatx
from .._core.memmaps import cast_rows, check_finite, lies_on_disk
from .._core.messages import counted, listed
from .._core.sequences import padding_mark
from .._core.shapes import furthest_lead, names_of_columns
from .._core.timed_windows import feature_names_of, times_of_windows
from .._core.validation import explained, read_array
from .._core.windows import apply_to_table, window_table
from ..training.rows import Split, count_of


class TrainingData(NamedTuple):
    """Validated input of `fit`."""

    X: NDArray  # (samples, timesteps, features) or (samples, timesteps)
    y: NDArray  # (samples,) or (samples, outputs), not yet encoded
    weight: NDArray | None  # (samples,), or None if the samples have no weights
    table: Any  # whose columns scikit-learn counts and names
    feature_names: NDArray | None
    target_names: list[str] | None
    class_weight: NDArray | None = None  # (samples,), the weight of the class of each sample
    times: NDArray | None = None  # (samples,), in steps, or None if they are unknown
    # If y has a value for every time step, the sample axis of y and of the weights is that of the
    # labelled steps, end to end, and these are their places, (samples, timesteps).
    labelled: Any = None
    form_of_y: Any = None  # in the words of `StepValues`
    mask_value: float | None = None  # that of the padding in X, or None


# None: the network does not skip time steps. "unknown": the network is the user's own and has no
# parameter `mask_value`.
MaskValue = float | None | Literal["unknown"]


def read_X(X: ArrayLike, estimator: Any, *, cast: bool) -> NDArray:
    """Return X, cast to the float type of Keras or in its own dtype.

    Raise if it is empty, or contains NaN or values that are infinite in the float type of Keras.
    Windows that are views of a table are cast and checked once per value of the table, which
    keeps their memory shared. A memory-mapped array stays on disk.
    """
    dtype = np.dtype(floatx())
    if cast and isinstance(X, np.ndarray) and (lies_on_disk(X) or window_table(X) is not None):
        X = apply_to_table(X, lambda table: cast_rows(table, dtype))
    with explained(X):
        values = read_array(
            X,
            estimator=estimator,
            dtype=dtype if cast else "numeric",
            finite=False,
            allow_nd=True,
        )
        _check_finite(values, dtype, type(estimator).__name__)
    if 0 in values.shape:
        raise ValueError(
            f"X has shape {values.shape}, but {type(estimator).__name__} needs shape "
            "(samples, timesteps, features) or (samples, timesteps) without an empty axis."
        )
    return values


def read_training_data(
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    target: Any,
    estimator: Any,
    *,
    cast: bool,
) -> TrainingData:
    """Validate the arguments of `fit`. `target` is `NumericTarget` or `ClassTarget`.

    With `cast`, X is cast to the float type of Keras.
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None"
        )
    values, labels = read_X(X, estimator, cast=cast), target.read(y, estimator)
    check_consistent_length(values, labels)
    weight = None
    if sample_weight is not None:
        with explained(sample_weight, "sample_weight"):
            weight = check_sample_weight(
                sample_weight, values, dtype=np.dtype(floatx()), ensure_non_negative=True
            )
    return TrainingData(
        values,
        labels,
        weight,
        table=X,
        feature_names=get_feature_names(X),
        target_names=target_names(y),
        times=times_of_windows(X),
    )


def target_names(y: Any) -> list[str] | None:
    """Return the names of the columns of y; None if it has none, or others than text."""
    names = names_of_columns(y)
    return [str(name) for name in names] if all(isinstance(n, str) for n in names) else None


def describe_late_targets(X: Any, y: Any, validation_gap: int) -> str | None:
    """Return a warning if the names of y, as `leads` makes them, reach further than the gap."""
    names = target_names(y) or []
    feature_names = feature_names_of(X)
    furthest, name = furthest_lead(names, () if feature_names is None else feature_names)
    if furthest <= validation_gap + 1:
        return None
    return (
        f"y holds targets up to {counted(furthest, 'step')} ahead ({name}), but validation_gap="
        f"{validation_gap}: the last targets of the training rows contain values that also "
        f"validate, so val_loss is too low. Use validation_gap={furthest - 1}."
    )


def describe_held_out(classes: list[Any], n_rows: int, split: Split, by_time: bool) -> str:
    """Return a warning about classes whose samples are all held out, or in the gap before them."""
    n_held_out, n_train = count_of(split.validation), count_of(split.train)
    n_left_out = n_rows - n_train - n_held_out
    gap = f" and {n_left_out} before them are left out" if n_left_out else ""
    smaller = "a smaller validation_split"
    return (
        f"The {'latest' if by_time else 'last'} {n_held_out} of {n_rows} rows are held out for "
        f"validation{gap}, and with them all samples of {listed(classes)}, so these classes are "
        f"not learned. {'Use' if by_time else 'Shuffle X and y, or use'} {smaller}."
    )


def has_weight(data: TrainingData) -> NDArray[np.bool_] | None:
    """Return which targets have a weight above zero, or None if there are no weights."""
    weights = [weight for weight in (data.weight, data.class_weight) if weight is not None]
    if not weights:
        return None
    nonzero = np.prod(weights, axis=0) != 0
    if not nonzero.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return nonzero


def drop_weightless(data: TrainingData) -> TrainingData:
    """Drop the rows whose sample weight or class weight is zero."""
    nonzero = has_weight(data)
    if nonzero is None or nonzero.all():  # indexing would copy windows that share memory
        return data
    per_row = ("X", "y", "weight", "class_weight", "times")
    by_name = {name: getattr(data, name) for name in per_row}
    return data._replace(
        **{name: array[nonzero] for name, array in by_name.items() if array is not None}
    )


def multiply_weights(data: TrainingData, split: Split) -> NDArray | None:
    """Return the weight of each row, or None if there are neither sample nor class weights."""
    if data.class_weight is None:
        return data.weight
    # Keras applies class weights to the training rows only, and sample weights to all rows.
    weight = np.ones(len(data.y), floatx()) if data.weight is None else data.weight.copy()
    weight[split.train] *= data.class_weight[split.train]
    return weight


def compare_mask_values(X: ArrayLike, mask_value: MaskValue, name: str) -> str | None:
    """Compare the mask value of a padded X with that of the network.

    Return a warning if the network has no mask value, else None. Raise if the values differ.
    """
    padding = padding_mark(X)
    if padding is None or mask_value == "unknown":
        return None
    if mask_value is None:
        return (
            f"X was padded with mask_value={padding}, but {name} has no mask_value and reads the "
            f"padding as data. Set mask_value={padding} to skip the padding."
        )
    if isinstance(mask_value, Real) and not _equal_in_float32(mask_value, padding):
        raise ValueError(
            f"X was padded with mask_value={padding}, but {name} skips mask_value={mask_value}. "
            "Use the same value in both."
        )
    return None


def _check_finite(values: NDArray, dtype: np.dtype, name: str) -> None:
    """Raise if X contains NaN, infinity or values that are infinite in `dtype`."""
    table = window_table(values)
    if table is not None:
        # Checking the table is faster, but it fails if rows outside the windows are not finite.
        with suppress(ValueError):
            return check_finite(table[0], dtype)
    return check_finite(values, dtype, estimator_name=name, input_name="X")


def _equal_in_float32(first: Real, second: Real) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.float32(first) == np.float32(second))
