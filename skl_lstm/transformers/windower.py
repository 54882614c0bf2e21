"""`SequenceWindower`: rows that are time steps, each to be seen with its past."""

from __future__ import annotations

import sys
from datetime import timedelta
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._compat.sklearn import StrOptions, check_feature_names_in, fit_context
from .._core.diagrams import shape_of
from .._core.memmaps import stacked
from .._core.parameters import AtLeast, LengthOfTime, Number
from .._core.public import set_module
from .._core.shapes import step_names, window_span
from .._core.user_warnings import warn_user
from .arrays import cast_if_finite, trailing_windows
from .base import SequenceTransformer

if TYPE_CHECKING:
    import pandas as pd

    from .time_index import Runs


@set_module("skl_lstm")
class SequenceWindower(SequenceTransformer):
    """Give every row of a time series the rows before it, as a window that ends at the row.

    Each row of X is one time step. `transform` returns as many windows as there are rows, in
    their order, so y stays as it is, and the transformer goes into a
    :class:`~sklearn.pipeline.Pipeline` ahead of a Keras estimator, where ``timesteps``, the
    look-back, can be tuned. No window holds anything later than its own row.

    With a DataFrame the index says which rows are neighbours: the last level is the time,
    outer levels name the series. A window crosses neither from one series into another nor a
    hole in time, and it finds its past among the rows seen in `fit` too: in cross-validation
    forwards in time the tested windows are those that the whole series would give. The rows
    of an array are taken to follow each other, with nothing before the first.

    Parameters
    ----------
    timesteps : int, default=1
        Length of axis 1, the look-back: the row itself and the ``timesteps - 1`` before it.
    sampling_rate : int, default=1
        Rows between neighbouring steps inside a window: every k-th row.
    padding : "edge" or float, default="edge"
        What stands for steps before the oldest row of a series, or before a hole. "edge":
        that oldest row, repeated. A number: that number, which a network can be told to skip
        by ``mask_value``.
    max_gap : "auto", number, timedelta or None, default="auto"
        The longest step between neighbours; a longer one is a hole. "auto": the most frequent
        step of X in `fit` (of several, the shortest). A number, for an index of numbers or
        periods, or a timedelta, for dates. None: whatever follows in a series is a neighbour.
        Ignored for arrays.

    Attributes
    ----------
    history_ : DataFrame or None
        The last ``(timesteps - 1) * sampling_rate`` rows, or fewer, of every run of neighbours
        seen in `fit`: the past of rows that follow them. None after `fit` on an array.
    max_gap_ : timedelta, int, float or None
        The longest step between neighbours. None after `fit` on an array.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were strings.

    See Also
    --------
    SequenceReshaper : For rows that already hold whole sequences.
    sliding_windows : Cut a series into windows without an estimator, none of them padded.

    Notes
    -----
    Rows need not be sorted. Only rows of `fit` that come before a row in time are its past,
    and of these only `history_` is kept: rows that lie in the midst of a run of `fit` have
    to come with the rows before them, or their windows are padded, which a warning says. (Rows of
    `fit` between them that were not kept are not missed: the rows of X are neighbours if
    `max_gap` lets them be.) Where a row of `transform` has the label of one of `fit`, its own
    values hold.

    For one series in order the windows are a read-only view over one table of
    ``n_samples + (timesteps - 1) * sampling_rate`` rows: memory does not grow with
    ``timesteps``. Windows of several series, or across holes, are written out. Where X is a
    large :class:`numpy.memmap`, from 256 MB on, that table is a temporary file.

    Steps of dates are measured on the calendar where "auto" finds one: first or last days of
    months are whole months apart, and days in a time zone one day, even where the clocks
    change. Trading days have a hole every weekend: give ``max_gap=None``, or the longest step
    to accept, such as ``pd.Timedelta("4D")``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skl_lstm import SequenceWindower
    >>> hours = pd.date_range("2024-03-01", periods=5, freq="h")
    >>> X = pd.DataFrame({"load": [10, 20, 30, 40, 50]}, index=hours)
    >>> windower = SequenceWindower(timesteps=3)
    >>> windower.fit_transform(X)[:, :, 0]
    array([[10, 10, 10],
           [10, 10, 20],
           [10, 20, 30],
           [20, 30, 40],
           [30, 40, 50]])

    Fitted on the first three hours, it knows the past of the fourth. Without the third hour
    there is a hole, which no window crosses:

    >>> windower.fit(X[:3]).transform(X[3:])[:, :, 0]
    array([[20, 30, 40],
           [30, 40, 50]])
    >>> windower.fit(X[:2]).transform(X[3:])[:, :, 0]
    array([[40, 40, 40],
           [40, 40, 50]])

    The rows of an array follow each other within one call:

    >>> windower.fit(X[:3].to_numpy()).transform(X[3:].to_numpy())[:, :, 0]
    array([[40, 40, 40],
           [40, 40, 50]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "timesteps": [AtLeast(1)],
        "sampling_rate": [AtLeast(1)],
        "padding": [StrOptions({"edge"}), Number(Real, None, None, closed="neither"), np.nan],
        "max_gap": [
            StrOptions({"auto"}),
            Number(Real, 0, None, closed="neither"),
            LengthOfTime(),
            None,
        ],
    }

    def __init__(
        self,
        timesteps: int = 1,
        *,
        sampling_rate: int = 1,
        padding: str | float = "edge",
        max_gap: str | float | timedelta | np.timedelta64 | None = "auto",
    ) -> None:
        self.timesteps = timesteps
        self.sampling_rate = sampling_rate
        self.padding = padding
        self.max_gap = max_gap

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn which rows are neighbours, and keep the last rows of every run of them.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            One time step a row, of any numeric dtype. NaN passes, infinity does not.
        y : None
            Ignored; present for API consistency.

        Returns
        -------
        SequenceWindower
            The fitted transformer.

        Raises
        ------
        TypeError
            If the time level of the index holds labels without length, such as text.
        ValueError
            If a label is missing or stands twice, or `max_gap` cannot measure the time.
        """
        table = self._check_table(X)
        past = window_span(self.timesteps, self.sampling_rate) - 1
        frame, history, runs = _frame_or_none(X), None, None
        if frame is not None:
            import pandas as pd

            from .time_index import find_runs, labels_of

            runs, kept = find_runs(frame.index, self.max_gap, past)
            index = labels_of(frame.index, kept)
            history = pd.DataFrame(table[kept], index=index, columns=frame.columns)
        # State is set only now: a fit that is refused leaves the fit before it whole.
        self._remember_columns(X)
        # What transform goes by, even if a parameter is set anew in between.
        self._window = (int(self.timesteps), int(self.sampling_rate), self.padding)
        self._runs: Any = runs
        self.history_ = history
        self.max_gap_ = None if runs is None else runs.max_gap
        return self

    def transform(self, X: ArrayLike) -> NDArray:
        """Give every row its window.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            One time step a row, with the columns of `fit`; a DataFrame if `fit` saw one, with
            labels of the same kind, and an array if not.

        Returns
        -------
        ndarray of shape (n_samples, timesteps, n_features)
            The windows in the order of the rows of X, oldest step first. In the dtype of X,
            unless that cannot hold the padding or the kept history: then float64. A read-only
            view if X is an array, or one series in order.

        Raises
        ------
        ValueError
            If a label is missing or stands twice, or is of another kind than in `fit`.

        Warns
        -----
        UserWarning
            If windows are padded though `fit` saw rows before theirs, which it did not keep.
        """
        check_is_fitted(self)
        table = self._check_known_table(X)
        frame = _frame_or_none(X)
        if frame is None and self.history_ is None:
            return trailing_windows(table, slice(0, len(table)), 0, *self._window)
        if frame is None or self.history_ is None:
            raise ValueError(_labels_once_only(fitted_with_labels=frame is None))
        rows, last, first = _among_known_rows(table, frame.index, self.history_, self._runs)
        return trailing_windows(rows, last, first, *self._window)

    def inverse_transform(self, X: ArrayLike) -> NDArray:
        """Return the rows that the windows end at.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features)
            Windows as `transform` gives them.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The last time step of every window, in the dtype of X.

        Raises
        ------
        ValueError
            If X has not the shape that `transform` gives.
        """
        check_is_fitted(self)
        windows = self._check_transformed(X, self._window[0], self.n_features_in_)
        return windows[:, -1]

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Name the values of a window, step by step.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input columns. None: those seen in `fit`, else ``x0, x1, …``.

        Returns
        -------
        ndarray of str of shape (timesteps * n_features,)
            The names behind ``transform(X)[0].ravel()``: ``t0_a, t0_b, t1_a, …``, ``t0`` being
            the oldest step, as in `make_supervised`.
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        return np.array(step_names(self._window[0], names), dtype=object)

    def _shapes_in_and_out(self) -> tuple[str, str]:
        features = self.n_features_in_
        return shape_of("n", features), shape_of("n", self._window[0], features)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if "pandas" not in sys.modules:  # so nothing in here is of it
            return state
        from .packing import pack

        return {name: pack(value) for name, value in state.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if any(isinstance(value, dict) for value in state.values()):
            from .packing import unpack

            state = {name: unpack(value) for name, value in state.items()}
        super().__setstate__(state)


def _frame_or_none(X: Any) -> pd.DataFrame | None:
    return X if hasattr(X, "iloc") else None


def _among_known_rows(
    table: NDArray, index: pd.Index, history: pd.DataFrame, runs: Runs
) -> tuple[NDArray, NDArray[np.intp] | slice, NDArray[np.intp] | int]:
    """Return all known rows in order; by row of the table its place there, and its run's."""
    from .time_index import place_rows

    places = place_rows(index, history.index, runs)
    if places.cut_short:
        warn_user(_past_not_kept(places.cut_short, len(table), runs.past))
    if isinstance(places.order, slice) and places.order.start == len(history):
        return table, places.last, places.first
    kept = cast_if_finite(history.to_numpy(), table.dtype)
    known = stacked(kept, table, np.result_type(kept, table))
    return known[places.order], places.last, places.first


def _labels_once_only(fitted_with_labels: bool) -> str:
    fitted, came = (
        ("a DataFrame", "an array") if fitted_with_labels else ("an array", "a DataFrame")
    )
    return (
        f"SequenceWindower was fitted on {fitted}, and now X is {came}: without labels on both "
        "sides no row can find its past. Pass the same kind to both. In a Pipeline, "
        "StandardScaler().set_output(transform='pandas') keeps the labels."
    )


def _past_not_kept(cut_short: int, rows: int, past: int) -> str:
    return (
        f"{cut_short} of {rows} windows are padded though fit saw rows before theirs: these lie "
        f"in the midst of what fit saw, of which only the last {past} rows of every run are "
        f"kept. Pass X with the {past} rows before it, and leave out their results."
    )
