"""Array functions of the transformers: columns to sequences and back, windows, padding.

They return views where NumPy allows it, and do not change their input.
"""

import numpy as np
from numpy.typing import NDArray

from .._core.memmaps import cast_rows, stacked
from .._core.shapes import ReshapePlan, window_span
from .._core.windows import window_view

# The row positions of all windows at once would take as much memory as the windows.
_WINDOWS_PER_PART = 16_384


def columns_to_sequences(X: NDArray, plan: ReshapePlan) -> NDArray:
    """Turn (samples, columns) into (samples, timesteps, features), always as a view."""
    kept = slice(plan.start, plan.start + plan.timesteps)
    if plan.order == "C":
        return X.reshape(len(X), plan.table_timesteps, plan.features)[:, kept]
    by_feature = X.reshape(len(X), plan.features, plan.table_timesteps)
    return by_feature.transpose(0, 2, 1)[:, kept]


def sequences_to_columns(X: NDArray, plan: ReshapePlan) -> NDArray:
    """Invert `columns_to_sequences`; the steps that it dropped become NaN."""
    if plan.truncates:
        # `columns_to_sequences` returns a view, so writing X into it fills the right columns.
        table = np.full((len(X), plan.columns), np.nan, dtype=_dtype_with(np.nan, X.dtype))
        columns_to_sequences(table, plan)[...] = X
        return table
    by_group = X if plan.order == "C" else X.transpose(0, 2, 1)
    return by_group.reshape(len(X), plan.columns)


def trailing_windows(
    rows: NDArray,
    last: NDArray[np.intp] | slice,
    first: NDArray[np.intp] | int,
    timesteps: int,
    sampling_rate: int,
    padding: str | float,
) -> NDArray:
    """Return the windows (windows, timesteps, features) that end at the rows `last`.

    A window holds no row before its row in `first`. Missing steps are filled by `padding`:
    "edge" repeats the row in `first`, a number is used as it is. If `last` is a slice and
    `first` one position, the result is a read-only view of the rows and the padding; otherwise
    it is a copy.
    """
    if isinstance(last, slice):
        past = window_span(timesteps, sampling_rate) - 1
        oldest = max(first, last.start - past)
        missing = past - (last.start - oldest)
        table = _padded_before(rows[oldest : last.stop], missing, padding)
        return window_view(table, timesteps, sampling_rate=sampling_rate)
    rows = rows.astype(_dtype_with(padding, rows.dtype), copy=False)
    windows = np.empty((len(last), timesteps, rows.shape[1]), rows.dtype)
    steps_back = np.arange(timesteps - 1, -1, -1) * sampling_rate
    first = np.broadcast_to(first, len(last))
    for start in range(0, len(last), _WINDOWS_PER_PART):
        part = slice(start, start + _WINDOWS_PER_PART)
        row, oldest = last[part, np.newaxis] - steps_back, first[part, np.newaxis]
        # All positions are in range; mode="clip" saves NumPy a copy.
        np.take(rows, np.maximum(row, oldest), axis=0, out=windows[part], mode="clip")
        if padding != "edge":
            windows[part][row < oldest] = padding
    return windows


def pad_steps(
    steps: NDArray,
    lengths: NDArray[np.intp],
    timesteps: int,
    padding: str,
    truncating: str,
    mask_value: float,
) -> NDArray:
    """Pad or truncate sequences that are stored end to end to (samples, timesteps, features).

    `padding` and `truncating` are "pre" for the start of a sequence, "post" for its end.
    """
    ends = np.cumsum(lengths)
    sample = np.repeat(np.arange(len(lengths)), lengths)
    position = np.arange(len(steps)) - (ends - lengths)[sample]
    # Number of steps to insert before the first step; negative: to drop.
    shift = np.zeros_like(lengths)
    if padding == "pre":
        shift = np.maximum(timesteps - lengths, 0)
    if truncating == "pre":
        shift += np.minimum(timesteps - lengths, 0)
    position += shift[sample]
    kept = (position >= 0) & (position < timesteps)
    sequences = np.full((len(lengths), timesteps, steps.shape[1]), mask_value, steps.dtype)
    sequences[sample[kept], position[kept]] = steps[kept]
    return sequences


def cast_if_finite(values: NDArray, dtype: np.dtype) -> NDArray:
    """Cast floats to another float dtype, unless a value would become infinite."""
    if not values.dtype.kind == dtype.kind == "f":
        return values
    with np.errstate(all="ignore"):
        converted = values.astype(dtype, copy=False)
    return values if np.isinf(converted).any() else converted


def _padded_before(rows: NDArray, missing: int, padding: str | float) -> NDArray:
    dtype = _dtype_with(padding, rows.dtype)
    if not missing:
        return cast_rows(rows, dtype)
    head = np.broadcast_to(rows[0] if padding == "edge" else padding, (missing, rows.shape[1]))
    return stacked(head, rows, dtype)


def _dtype_with(fill: str | float, dtype: np.dtype) -> np.dtype:
    """Return the dtype if it can represent the fill value, else float64."""
    if isinstance(fill, str):
        return dtype
    if dtype.kind == "f":
        holds = not abs(fill) > float(np.finfo(dtype).max)
    else:
        limits = np.iinfo(np.uint8 if dtype.kind == "b" else dtype)
        highest = 1 if dtype.kind == "b" else limits.max
        holds = float(fill).is_integer() and limits.min <= fill <= highest
    return dtype if holds else np.dtype(np.float64)
