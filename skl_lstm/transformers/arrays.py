"""The transformers' arithmetic on arrays: columns to sequences and back, windows, padding.

Pure functions that return views wherever NumPy can give one; none of them writes to its input.
"""

import numpy as np
from numpy.typing import NDArray

from .._core.memmaps import cast_rows, stacked
from .._core.shapes import ReshapePlan, window_span
from .._core.windows import window_view

# The numbers of all rows of all windows would be as large as the windows.
_WINDOWS_OF_A_PART = 16_384


def columns_to_sequences(X: NDArray, plan: ReshapePlan) -> NDArray:
    """Turn (samples, columns) into (samples, timesteps, features), always as a view."""
    kept = slice(plan.start, plan.start + plan.timesteps)
    if plan.order == "C":
        return X.reshape(len(X), plan.table_timesteps, plan.features)[:, kept]
    by_feature = X.reshape(len(X), plan.features, plan.table_timesteps)
    return by_feature.transpose(0, 2, 1)[:, kept]


def sequences_to_columns(X: NDArray, plan: ReshapePlan) -> NDArray:
    """Undo `columns_to_sequences`; the steps that it dropped come back as NaN."""
    if plan.truncates:
        # The one forward mapping serves both ways: write through its view.
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

    None reaches back beyond its row in `first`. What is missing there is `padding`: the row
    in `first` itself ("edge"), or a number. With a slice and one `first` for all the result
    is a read-only view over the rows and the padding; otherwise it is written out.
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
    for start in range(0, len(last), _WINDOWS_OF_A_PART):
        part = slice(start, start + _WINDOWS_OF_A_PART)
        row, oldest = last[part, np.newaxis] - steps_back, first[part, np.newaxis]
        # No number is out of range: "clip" only spares NumPy a copy.
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
    """Return sequences (samples, timesteps, features), of steps that stand end to end.

    Each is padded with `mask_value`, or truncated, "pre" at its beginning or "post" at its end.
    """
    ends = np.cumsum(lengths)
    sample = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(steps)) - (ends - lengths)[sample]
    # What is cut off, or filled up, before the first step.
    shift = np.zeros_like(lengths)
    if padding == "pre":
        shift = np.maximum(timesteps - lengths, 0)
    if truncating == "pre":
        shift += np.minimum(timesteps - lengths, 0)
    place += shift[sample]
    kept = (place >= 0) & (place < timesteps)
    sequences = np.full((len(lengths), timesteps, steps.shape[1]), mask_value, steps.dtype)
    sequences[sample[kept], place[kept]] = steps[kept]
    return sequences


def cast_if_finite(values: NDArray, dtype: np.dtype) -> NDArray:
    """Cast floats to another dtype of floats, but none of them to infinity; leave others."""
    if not values.dtype.kind == dtype.kind == "f":
        return values
    with np.errstate(all="ignore"):
        cast = values.astype(dtype, copy=False)
    return values if np.isinf(cast).any() else cast


def _padded_before(rows: NDArray, missing: int, padding: str | float) -> NDArray:
    dtype = _dtype_with(padding, rows.dtype)
    if not missing:
        return cast_rows(rows, dtype)
    head = np.broadcast_to(rows[0] if padding == "edge" else padding, (missing, rows.shape[1]))
    return stacked(head, rows, dtype)


def _dtype_with(fill: str | float, dtype: np.dtype) -> np.dtype:
    """Return the dtype itself if it can hold what is to be filled in, else float64."""
    if isinstance(fill, str):
        return dtype
    if dtype.kind == "f":
        holds = not abs(fill) > float(np.finfo(dtype).max)
    else:
        limits = np.iinfo(np.uint8 if dtype.kind == "b" else dtype)
        highest = 1 if dtype.kind == "b" else limits.max
        holds = float(fill).is_integer() and limits.min <= fill <= highest
    return dtype if holds else np.dtype(np.float64)
