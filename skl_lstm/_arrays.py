"""NumPy only: columns to sequences and back, and sliding windows.

May import `_shapes`. Pure functions that return views wherever NumPy can give one;
none of them writes to its input.
"""

import numpy as np
from numpy.typing import NDArray

from ._shapes import ReshapePlan, window_span


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
        table = np.full((len(X), plan.columns), np.nan, dtype=_dtype_with_nan(X.dtype))
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


def _dtype_with_nan(dtype: np.dtype) -> np.dtype:
    return dtype if dtype.kind == "f" else np.dtype(np.float64)
