"""Windows as views of a table: create, recognise and cast them without copying them."""

from collections.abc import Callable
from math import gcd

import numpy as np
from numpy.typing import NDArray

from .shapes import window_span


def window_view(
    series: NDArray, timesteps: int, *, stride: int = 1, sampling_rate: int = 1
) -> NDArray:
    """Return a read-only view (windows, timesteps, features) of a series (rows, features)."""
    span = window_span(timesteps, sampling_rate)
    windows = np.lib.stride_tricks.sliding_window_view(series, span, axis=0)
    return windows[::stride, :, ::sampling_rate].transpose(0, 2, 1)


def window_table(windows: NDArray) -> tuple[NDArray, int, int] | None:
    """Return the table that windows are a view of, their stride and their sampling rate.

    Return None for an array that is not such a view, or whose windows share no memory.
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
    # The table starts and ends where the windows do, so as_strided stays within their memory.
    table = np.lib.stride_tricks.as_strided(
        windows, (n_rows, features), (row, windows.strides[2]), writeable=False
    )
    return table, stride, step


def apply_to_table(windows: NDArray, convert: Callable[[NDArray], NDArray]) -> NDArray:
    """Convert the table that windows are a view of, or any other array itself.

    `convert` changes no axis, and each row of the result depends only on the same row.
    """
    shared = window_table(windows)
    if shared is None:
        return convert(windows)
    table, stride, step = shared
    return window_view(convert(table), windows.shape[1], stride=stride, sampling_rate=step)
