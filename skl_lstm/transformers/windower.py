"""`SequenceWindower`: one window of past rows for every row of a series."""

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
from .._core.timed_windows import TimedWindows, mark_times
from .._core.user_warnings import warn_user
from .arrays import cast_if_finite, trailing_windows
from .base import SequenceTransformer
from .hollow_windows import array_too_short, describe

if TYPE_CHECKING:
    import pandas as pd

    from .time_index import Runs


@set_module("skl_lstm")
class SequenceWindower(SequenceTransformer):
    """Turn every row of a time series into a window of the row and the rows before it.

    Each row of X is one timestep. `transform` returns one window per row, in the order of the
    rows, so y does not change. In a :class:`~sklearn.pipeline.Pipeline` before an estimator of
    sequences, ``timesteps``, the look-back, can be tuned. A window holds no rows after its own row.

    The index of a DataFrame defines which rows are neighbours: the last level is the time, outer
    levels name the series. Windows do not cross from one series to another, or a hole in time.
    They include rows seen in `fit`: in cross-validation, the windows of a test fold that directly
    follows the training fold are those of the whole series. The rows of an array are consecutive,
    and no rows precede the first.

    Parameters
    ----------
    timesteps : int, default=1
        Length of axis 1, the look-back: the row itself and ``timesteps - 1`` rows before it.
    sampling_rate : int, default=1
        Distance in rows between consecutive steps of a window: 2 takes every second row.
    padding : "edge" or float, default="edge"
        Value of steps before the first row of a series, or before the first row after a hole.
        "edge": repeat that row. A number: use that number, which a network with this
        ``mask_value`` skips.
    max_gap : "auto", number, timedelta or None, default="auto"
        The longest step between neighbours; a longer step is a hole. Give a number if the index
        holds numbers or periods, a timedelta if it holds dates or timedeltas. "auto": a step of
        at least one and a half times the usual step of X in `fit` is a hole, because a row is
        missing there. None: a series has no holes. Ignored for arrays.

    Attributes
    ----------
    history_ : DataFrame or None
        The last ``(timesteps - 1) * sampling_rate`` rows, or fewer, of every run of neighbours
        seen in `fit`: the past of the rows after them. None if `fit` saw an array.
    max_gap_ : timedelta, int, float or None
        If ``max_gap="auto"``, the usual step of X in `fit`: rows less than 1.5 times this step
        apart are neighbours. It is a number of months if the rows are labelled by last days of
        months or by one day from the 1st to the 27th, and 0 if `fit` saw no two rows of one series.
        Otherwise `max_gap`, the longest step between neighbours. None if `fit` saw an array.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were strings.

    See Also
    --------
    SequenceReshaper : For rows that already hold whole sequences.
    sliding_windows : Cut a series into windows without an estimator and without padding.

    Notes
    -----
    Rows need not be sorted. `fit` only keeps `history_`. If X in `transform` starts in the middle
    of a run of `fit`, its first windows are padded, with a warning; to avoid this, pass the rows
    before them, too. Rows of X are neighbours if `max_gap` allows it, even if `fit` saw rows
    between them. If a row of X has the same label as a row of `fit`, the row of X is used.

    For one sorted series, the windows are a read-only view of a table with
    ``n_samples + (timesteps - 1) * sampling_rate`` rows, so memory hardly grows with
    ``timesteps``. Windows of several series, or of a series with holes, are copied. If X is a
    :class:`numpy.memmap` of 256 MB or more, the table is a temporary file.

    With "auto", the usual step is the median of the most frequent steps of similar length, where
    the longest is less than 1.5 times the shortest. Of two such groups of equal size, the shorter
    steps are used. Timestamps may therefore be off by a few seconds.

    Steps between dates follow the calendar: last days of months are whole months apart, and so are
    dates that are all on one day of the month from the 1st to the 27th, such as the 15th. Days in
    a time zone are one day apart even if the clocks change. If all rows of `fit` are on weekdays,
    and usually less than a week apart, weekends do not count: Friday and Monday are neighbours.
    Holidays are holes. For windows that cross them, use ``max_gap=None``, or the longest step to
    accept, such as ``pd.Timedelta("4D")``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skl_lstm import SequenceWindower
    >>> hours = pd.date_range("2024-03-01", periods=5, freq="h")
    >>> X = pd.DataFrame({"load": [10, 20, 30, 40, 50]}, index=hours)
    >>> windower = SequenceWindower(timesteps=2)
    >>> windower.fit_transform(X)[:, :, 0]
    array([[10, 10],
           [10, 20],
           [20, 30],
           [30, 40],
           [40, 50]])

    After `fit` on the first three hours, the window of the fourth hour includes them. Without
    the third hour there is a hole, which no window crosses:

    >>> windower.fit(X[:3]).transform(X[3:])[:, :, 0]
    array([[30, 40],
           [40, 50]])
    >>> windower.fit(X[:2]).transform(X[3:])[:, :, 0]
    array([[40, 40],
           [40, 50]])

    For arrays, windows only include rows of the same call:

    >>> windower.fit(X[:3].to_numpy()).transform(X[3:].to_numpy())[:, :, 0]
    array([[40, 40],
           [40, 50]])
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
        """Find the runs of neighbours, and keep the last rows of every run.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            One timestep per row, of any numeric dtype. NaN is allowed, infinity is not.
        y : None
            Ignored; present for API consistency.

        Returns
        -------
        SequenceWindower
            The fitted transformer.

        Raises
        ------
        TypeError
            If the last level of the index does not hold times or numbers, or if it holds numbers
            and an outer level holds dates.
        ValueError
            If a label is missing or repeated, or `max_gap` does not match the index.

        Warns
        -----
        UserWarning
            If the last two levels are named like parts of one time, such as year and month; or,
            with ``max_gap="auto"``, if numbers in the index look like dates, or are rounded too
            coarsely to find holes.
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
        # Attributes are set last, so that a failed fit leaves the previous fit unchanged.
        self._remember_columns(X)
        # Used by transform, even if a parameter changes after fit.
        self._window = (int(self.timesteps), int(self.sampling_rate), self.padding)
        self._runs: Any = runs
        self.history_ = history
        self.max_gap_ = None if runs is None else runs.max_gap
        return self

    def transform(self, X: ArrayLike) -> NDArray | TimedWindows:
        """Return the window of every row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            One timestep per row, with the columns of `fit`. A DataFrame with an index of the
            same kind if `fit` saw a DataFrame, else an array.

        Returns
        -------
        ndarray or TimedWindows of shape (n_samples, timesteps, n_features)
            The windows in the order of the rows of X, oldest step first. In the dtype of X,
            or float64 if that dtype cannot represent the padding or `history_`. A read-only
            view if X is an array, or one sorted series. If X is a DataFrame, the array also
            carries its index and its column names: see `TimedWindows`.

        Raises
        ------
        ValueError
            If a label is missing or repeated, or is of another kind than in `fit`.

        Warns
        -----
        UserWarning
            If windows are padded because `fit` did not keep the rows before them, or if more than
            half of the windows are padded for another reason than the beginning of a series or of
            X: after a hole in X, or because a series or X is shorter than a window. With
            ``max_gap="auto"``, also if the rows of X are much closer together than those of `fit`.
        """
        check_is_fitted(self)
        table = self._check_known_table(X)
        frame = _frame_or_none(X)
        if frame is None and self.history_ is None:
            if len(table) < (span := window_span(*self._window[:2])):
                warn_user(array_too_short(len(table), span))
            return trailing_windows(table, slice(0, len(table)), 0, *self._window)
        if frame is None or self.history_ is None:
            raise ValueError(_not_the_same_type(fitted_on_frame=frame is None))
        from .time_index import times_in_steps

        rows, last, first = _join_history(table, frame.index, self.history_, self._runs)
        windows = trailing_windows(rows, last, first, *self._window)
        times = times_in_steps(frame.index, self._runs)
        return mark_times(windows, frame.index, times, getattr(self, "feature_names_in_", None))

    def inverse_transform(self, X: ArrayLike) -> NDArray:
        """Return the last row of every window.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features)
            Windows as `transform` returns them.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The last timestep of every window, in the dtype of X.

        Raises
        ------
        ValueError
            If X does not have the shape that `transform` returns.
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
            Names of the values in ``transform(X)[0].ravel()``: ``t0_a, t0_b, t1_a, …``, where
            ``t0`` is the oldest step, as in `make_supervised`.
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        return np.array(step_names(self._window[0], names), dtype=object)

    def _remember(self, X: pd.DataFrame) -> None:
        """Keep the last rows of X, too, as the past of the rows after them."""
        import pandas as pd

        from .time_index import extend_runs, labels_of

        before: Any = self.history_  # not None, because fit saw a DataFrame
        table = self._check_known_table(X)
        if self._runs.past == 0:
            return
        runs, known, kept = extend_runs(self._runs, before.index, X.index)
        rows = np.concatenate([before.to_numpy(), table])[kept]
        history = pd.DataFrame(rows, labels_of(known, kept), before.columns)
        self._runs, self.history_ = runs, history

    def _shapes_in_and_out(self) -> tuple[str, str]:
        features = self.n_features_in_
        return shape_of("n", features), shape_of("n", self._window[0], features)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if "pandas" not in sys.modules:  # then no attribute is a pandas object
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


def _join_history(
    table: NDArray, index: pd.Index, history: pd.DataFrame, runs: Runs
) -> tuple[NDArray, NDArray[np.intp] | slice, NDArray[np.intp] | int]:
    """Return history and table in order, the position of each row of the table, and of its run."""
    from .time_index import place_rows

    found = place_rows(index, history.index, runs)
    if found.cut_short:
        warn_user(_past_not_kept(found.cut_short, len(table), runs.past))
    if found.hollow is not None:
        limits = runs.clock, runs.max_gap, runs.is_usual
        warn_user(describe(found.hollow, *limits, span=runs.past + 1))
    if isinstance(found.order, slice) and found.order.start == len(history):
        return table, found.last, found.first
    kept = cast_if_finite(history.to_numpy(), table.dtype)
    known = stacked(kept, table, np.result_type(kept, table))
    return known[found.order], found.last, found.first


def _not_the_same_type(fitted_on_frame: bool) -> str:
    fitted, passed = ("a DataFrame", "an array") if fitted_on_frame else ("an array", "a DataFrame")
    return (
        f"SequenceWindower was fitted on {fitted}, but now X is {passed}. Pass the same type to "
        "fit and transform. In a Pipeline, StandardScaler().set_output(transform='pandas') keeps "
        "the DataFrame."
    )


def _past_not_kept(cut_short: int, rows: int, past: int) -> str:
    return (
        f"{cut_short} of {rows} windows are padded although fit saw the rows before them: fit only "
        f"keeps the last {past} rows of every run of neighbours. Pass X with the {past} rows "
        "before it, and drop their results."
    )
