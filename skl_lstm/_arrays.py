"""NumPy only: columns to sequences and back, sliding windows and their padding.

May import `_shapes` and `_disk`. Pure functions that return views wherever NumPy can give one;
none of them writes to its input.
"""

from math import gcd

import numpy as np
from numpy.typing import NDArray

from ._disk import cast, stacked
from ._shapes import ReshapePlan, window_span

# The numbers of all rows of all windows would be as large as the windows.
_ROWS_AT_A_TIME = 16_384


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


def window_view(
    series: NDArray, timesteps: int, *, stride: int = 1, sampling_rate: int = 1
) -> NDArray:
    """Read-only view (windows, timesteps, features) of a (rows, features) series."""
    span = window_span(timesteps, sampling_rate)
    windows = np.lib.stride_tricks.sliding_window_view(series, span, axis=0)
    return windows[::stride, :, ::sampling_rate].transpose(0, 2, 1)


def window_table(windows: NDArray) -> tuple[NDArray, int, int] | None:
    """Return the table that windows are a view of, their stride and their sampling rate.

    None for an array that is no view, or shares no memory between its windows.
    """
    if windows.ndim != 3 or 0 in windows.shape:
        return None
    n_windows, timesteps, features = windows.shape
    stride, step, _ = windows.strides
    if min(stride, step) <= 0:
        return None
    row = gcd(stride, step)
    stride, step = stride // row, step // row
    n_rows = (n_windows - 1) * stride + (timesteps - 1) * step + 1
    if n_rows >= n_windows * timesteps:
        return None
    # From the first to the last byte of the windows, so inside the memory that they view.
    table = np.lib.stride_tricks.as_strided(
        windows, (n_rows, features), (row, windows.strides[2]), writeable=False
    )
    return table, stride, step


def cast_windows(windows: NDArray, dtype: np.dtype) -> NDArray:
    """Cast windows of a table by casting the table; leave any other array as it is."""
    shared = window_table(windows)
    if shared is None:
        return windows
    table, stride, step = shared
    table = cast(table, dtype)
    return window_view(table, windows.shape[1], stride=stride, sampling_rate=step)


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
    for start in range(0, len(last), _ROWS_AT_A_TIME):
        part = slice(start, start + _ROWS_AT_A_TIME)
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


def is_masked(steps: NDArray, mask_value: float) -> NDArray[np.bool_]:
    """Mark the steps (…, features) that a `Masking` layer skips: every feature is the value."""
    return (as_network_sees(steps) == as_network_sees(mask_value)).all(axis=-1)


def can_mark(mask_value: float, dtype: np.dtype) -> bool:
    """Return whether the value, held in the dtype, is still itself to a network."""
    with np.errstate(all="ignore"):
        held = np.float64(mask_value).astype(dtype)
    return bool(as_network_sees(held) == as_network_sees(mask_value))


def as_network_sees(values: NDArray | float) -> NDArray:
    """Return values in the single precision of networks, to which tiny numbers are zero."""
    with np.errstate(all="ignore"):
        single = np.asarray(values).astype(np.float32)
    return np.where(np.abs(single) < np.finfo(np.float32).tiny, np.float32(0), single)


def with_dtype(values: NDArray, dtype: np.dtype) -> NDArray:
    """Cast floats to another dtype of floats, but none of them to infinity; leave others."""
    if not values.dtype.kind == dtype.kind == "f":
        return values
    with np.errstate(all="ignore"):
        cast = values.astype(dtype, copy=False)
    return values if np.isinf(cast).any() else cast


def _padded_before(rows: NDArray, missing: int, padding: str | float) -> NDArray:
    dtype = _dtype_with(padding, rows.dtype)
    if not missing:
        return cast(rows, dtype)
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
