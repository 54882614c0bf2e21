"""`TimedWindows`: windows that carry the labels of their rows and the names of their features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .public import set_module
from .row_selection import selected_rows

if TYPE_CHECKING:
    import pandas as pd


@set_module("skl_lstm")
class TimedWindows(np.ndarray):
    """Array of windows with the labels of the rows at which they end.

    `SequenceWindower.transform` returns it for a DataFrame. It is an ordinary array of shape
    (samples, timesteps, features) with more attributes. Estimators read `times` to hold out the
    latest rows, and transformers the names. A selection of windows along the first axis keeps the
    attributes. Any other result has none: a copy, another dtype, a computation.

    Attributes
    ----------
    index : Index of length n_samples, or None
        Label of the last row of every window, as in the DataFrame.
    times : ndarray of shape (n_samples,), or None
        Time of the last row of every window, in steps of the usual length. Equal times are
        equal for all series.
    feature_names : ndarray of str of shape (n_features,), or None
        Names of the columns.

    Examples
    --------
    >>> from skl_lstm import SequenceWindower
    >>> from skl_lstm.datasets import load_seattle_weather
    >>> weather = load_seattle_weather()[["temp_max", "wind"]]
    >>> windows = SequenceWindower(timesteps=7).fit_transform(weather)
    >>> windows.shape, windows.feature_names
    ((1461, 7, 2), array(['temp_max', 'wind'], dtype=object))
    >>> windows.times[:3]
    array([0., 1., 2.])
    >>> windows[-2:].index[0]
    Timestamp('2015-12-30 00:00:00')
    """

    index: pd.Index | None = None
    times: NDArray[np.float64] | None = None
    feature_names: NDArray | None = None

    def __array_finalize__(self, obj: Any) -> None:
        # A view may have other rows or features than the array that it is made of.
        self.index = self.times = self.feature_names = None

    def __getitem__(self, key: Any) -> Any:
        selected = np.asarray(self)[key]
        rows = selected_rows(key, len(self))
        if selected.ndim != 3 or rows is None:
            return selected
        return mark_times(
            selected,
            None if self.index is None else self.index[rows],
            None if self.times is None else self.times[rows],
            self.feature_names,
        )

    def __array_wrap__(
        self, array: NDArray, context: Any = None, return_scalar: bool = False
    ) -> Any:
        return np.asarray(array)[()] if return_scalar else np.asarray(array)

    def __repr__(self) -> str:
        return repr(np.asarray(self))

    def __reduce__(self) -> Any:
        reduced: Any = super().__reduce__()
        return *reduced[:2], (reduced[2], self.index, self.times, self.feature_names)

    def __setstate__(self, state: Any) -> None:
        state, self.index, self.times, self.feature_names = state
        super().__setstate__(state)


def mark_times(
    windows: NDArray,
    index: pd.Index | None,
    times: NDArray[np.float64] | None,
    feature_names: NDArray | None,
) -> TimedWindows:
    """Return a view of windows as `TimedWindows` with these attributes."""
    marked = windows.view(TimedWindows)
    marked.index, marked.times, marked.feature_names = index, times, feature_names
    return marked


def labels_of_rows(X: Any) -> pd.Index | None:
    """Return the index of a DataFrame, a Series or windows; None for rows without labels."""
    return X.index if hasattr(X, "iloc") or isinstance(X, TimedWindows) else None


def times_of_windows(X: Any) -> NDArray[np.float64] | None:
    """Return the times of the rows of X, or None if they are unknown."""
    return X.times if isinstance(X, TimedWindows) else None


def feature_names_of(X: Any) -> NDArray | None:
    """Return the names of the features of X, axis 2, or None if they are unknown."""
    return X.feature_names if isinstance(X, TimedWindows) else None


def table_of_features(X: Any, values: NDArray) -> Any:
    """Return a table whose columns scikit-learn counts and names: the features of X.

    `values` is X as an array. If it is 2D, the table is X itself.
    """
    if values.ndim == 2:
        return X
    names = feature_names_of(X)
    if names is None:
        return values[0]
    import pandas as pd

    return pd.DataFrame(columns=names)
