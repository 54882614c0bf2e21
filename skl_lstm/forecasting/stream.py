"""`Stream`: forecasts of new rows, as they come."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._core.backtest_frames import quantile_column
from .._core.messages import counted, of_series
from .._core.public import set_module
from .._core.shapes import lead_names
from .._core.timed_windows import mark_times
from .._core.uncertainty import predict_quantiles, quantile_levels
from .._core.user_warnings import warn_user
from .._core.validation import refuse_repeated_columns
from .stream_parts import split_at_windower
from .windows import find_target_names

if TYPE_CHECKING:
    import pandas as pd

    from .stream_rows import Hole, Labels


@set_module("skl_lstm")
class Stream:
    """Forecast from new rows, as they come.

    A stream keeps the last rows of every series. `push` takes new rows and returns their forecasts:
    those that ``estimator.predict`` returns for these rows within the whole table. So a service
    keeps no table, and a forecast takes as long after a million rows as after one.

    Parameters
    ----------
    estimator : estimator
        A fitted Pipeline of a `SequenceWindower` and an estimator of windows, or a search, a
        :class:`~sklearn.compose.TransformedTargetRegressor` or a `ConformalRegressor` around it. It
        must have been fitted on a DataFrame. Steps before the windower must return DataFrames, as
        ``StandardScaler().set_output(transform="pandas")`` does, and transform each row by itself.
        Others, such as differences, are refused when a `table` or several rows are passed; single
        rows do not show them. The stream refers to the estimator and does not copy it.
    table : DataFrame of shape (n_rows, n_features), default=None
        The latest rows, with the columns and the kind of index of X in `fit`, in any order. They
        follow the rows that the windower has kept from `fit`, and replace those with the same
        label. None: only the rows kept from `fit`.

    Attributes
    ----------
    estimator : estimator
        The estimator.
    last_labels : Index
        Label of the last row of every series, in the time zone of `fit`. A stream that was restored
        from a file continues after these rows. Without `table`, these are the last rows of `fit`,
        or no rows if the windower has ``timesteps=1``, because it then keeps none.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If `table` is not a DataFrame, or its times are no times.
    ValueError
        If the estimator has no windower that a stream can use, or was fitted on an array, or if the
        columns or labels of `table` are not like those of `fit`.

    See Also
    --------
    forecast : The coming values of every series in a table, with their dates.
    SequenceWindower : Which rows are neighbours.

    Notes
    -----
    **Neighbours.** A new row continues the run of its series if the windower reads both rows as
    neighbours. After a hole in time a new run starts, and so does a new series: the first windows
    are padded, as in `predict` for the whole table. A hole is a warning. Times of another time zone
    are converted. Rows at or before the time of the last row of their series are refused, and so
    are repeated rows, and times that are missing or of another kind. Missing values of features
    are passed on to the estimator, which uses or refuses them. A windower with ``timesteps=1``
    keeps no rows of `fit`. So without `table`, a stream does not recognise rows that are as early
    as those of `fit`.

    **All or nothing.** If `push` raises an error, the stream is as it was before, also if it is the
    estimator that raises.

    **Equality.** With the native engine of `LSTMRegressor` and `LSTMClassifier`, the forecasts
    equal those of `predict` to the last bit. Keras, and estimators that call a BLAS library, such
    as :class:`~sklearn.linear_model.Ridge`, may round differently if there are other rows in the
    call. The whole table has the dtype that holds the values of `table` and of all pushes so far:
    the values of `fit` are rounded to float32 in windows of float32 rows, and no longer after a row
    of float64. If rows of several dtypes are pushed through steps in front of the windower, these
    steps may round them differently than the whole table.

    **Memory.** The stream keeps ``(timesteps - 1) * sampling_rate`` rows of every series. A series
    that gets no more rows is kept, too. Create a new stream to drop it.

    **State of the estimator.** `push` uses the estimator as it is at this time. So after `update`
    of a `ConformalRegressor`, or `partial_fit` of the last step, the stream gives the new intervals
    and forecasts. The rows of `update` are not added to those of the stream: push every row once,
    and update when its truth is known. After another `fit`, create a new stream. If this `fit` has
    changed the windows or the columns, `push` raises an error.

    **Files and threads.** A stream can be pickled, together with its estimator. Pushes of several
    threads are done one after the other.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import SequenceFlattener, SequenceWindower, Stream, leads
    >>> days = pd.date_range("2024-01-01", periods=60, name="day")
    >>> table = pd.DataFrame({"load": 10.0 + days.day_of_week}, index=days)
    >>> y = leads(table, "load", horizon=2)
    >>> model = make_pipeline(SequenceWindower(7), SequenceFlattener(), LinearRegression())
    >>> _ = model.fit(table.loc[y.index], y)
    >>> stream = Stream(model, table)
    >>> stream.last_labels[0]
    Timestamp('2024-02-29 00:00:00')

    The forecast of the two days after the new day, which is a Friday:

    >>> friday = pd.Timestamp("2024-03-01")
    >>> stream.push({"day": friday, "load": 14.0}).round()
                h1_forecast  h2_forecast
    day
    2024-03-01         15.0         16.0
    """

    def __init__(self, estimator: Any, table: pd.DataFrame | None = None) -> None:
        self.estimator = estimator
        self._parts = split_at_windower(estimator)
        self._lock = Lock()
        self._answers: dict[Any, pd.Index] = {}
        from ..transformers.label_checks import times_of
        from .stream_rows import Dtypes, first_ends, forget_runs, greatest_label

        windower, values, index = self._parts.windower, None, None
        history: Any = windower.history_
        if table is not None:
            _check_frame(table, "table")
            values, index = self._values_of(table), table.index
        self._columns = self._find_columns(table)
        self._window, self._features = windower._window, history.columns
        self._runs, self._like = forget_runs(windower._runs), history.index[:0]
        self._ends = first_ends(windower._runs, history, values, index)
        self._dtypes = Dtypes.of(history.to_numpy(), values)
        self._greatest = greatest_label(times_of(history.index), 0.0)
        if index is not None:
            self._greatest = greatest_label(times_of(index), self._greatest)

    @property
    def last_labels(self) -> pd.Index:
        """Label of the last row of every series."""
        from .stream_rows import labels_of_ends

        with self._lock:
            return labels_of_ends(self._ends, self._like)

    def push(
        self,
        rows: pd.DataFrame | Mapping[Any, Any],
        *,
        return_quantiles: bool = False,
        coverage: float | None = None,
    ) -> pd.DataFrame:
        """Add new rows to the end of their series, and return their forecasts.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_features) or dict
            New rows of one or several series, in any order, with the columns and the kind of index
            of X in `fit`. A dict is one row: its keys are the names of the columns and of the
            levels of the index, such as ``{"city": "a", "time": time, "load": 3.2}``. If levels
            have no name, the keys are the names that :meth:`pandas.DataFrame.reset_index` gives
            them: "index", or "level_0", "level_1" for several levels.
        return_quantiles : bool, default=False
            Also return the quantiles of an `LSTMRegressor` that was fitted with `quantiles`.
        coverage : float, default=None
            Share of the truths that intervals around the forecasts should hold, above 0 and below
            1. The estimator is a `ConformalRegressor`. None: no intervals.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            The forecasts, or the classes of a classifier, with the labels of `rows` and in their
            order. The columns have the names of y in `fit`, such as ``h1_load``. If the estimator
            does not know them: ``forecast``, or ``h1_forecast, h2_forecast, …`` for several
            outputs. With `coverage`, every column is followed by ``h1_load_lower`` and
            ``h1_load_upper``, and with `return_quantiles` by ``h1_load_q0.05, h1_load_q0.5, …``.

        Raises
        ------
        TypeError
            If `rows` is neither a DataFrame nor a dict, or its times are no times.
        ValueError
            If a row is not later than the last row of its series, a label is missing, repeated or
            of another kind than in `fit`, the columns are not those of `fit`, the estimator refuses
            the values, or quantiles or intervals are wanted that it does not have. The stream is
            then as it was before.

        Warns
        -----
        UserWarning
            If a row comes after a hole in time in its series, so that its window is padded.
        """
        from .stream_rows import append_rows, greatest_label, read_labels

        with self._lock:
            self._check_windower()
            values, index, known = self._read(rows)
            labels = read_labels(index, known, self._like, self._ends)
            greatest = greatest_label(labels.times, self._greatest)
            new = append_rows(self._ends, values, labels, self._runs, greatest)
            dtypes = self._dtypes.with_rows(values.dtype)
            windows = new.windows(self._window, dtypes.of_windows)
            forecasts = self._predict(self._mark(windows, index), return_quantiles, coverage)
            frame = self._frame_of(forecasts, index)
            for series, hole in new.holes.items() if self._runs.past else ():
                warn_user(_padded_after(hole, series, self._runs.past))
            # Nothing raises from here on, so an error leaves the stream as it was.
            self._ends.update(new.ends)
            self._greatest, self._dtypes = greatest, dtypes
        return frame

    def _check_windower(self) -> None:
        """Raise an error if the windower was fitted to other windows than those of the stream."""
        windower: Any = self._parts.windower
        columns = windower.history_.columns if windower.history_ is not None else None
        is_same = columns is self._features or self._features.equals(columns)
        if windower._window != self._window or not is_same:
            raise ValueError(
                "The SequenceWindower has been fitted again, to other windows or columns than "
                "those of the stream. Create a new Stream."
            )

    def _read(self, rows: Any) -> tuple[NDArray, pd.Index, Labels | None]:
        """Return the values of new rows behind the steps in front of the windower, and labels."""
        if not isinstance(rows, Mapping):
            _check_frame(rows, "rows")
            return self._values_of(rows), rows.index, None
        from .stream_rows import frame_of_row, read_mapping

        if self._columns is None:
            raise ValueError(
                "The stream does not know the names of the columns, because the first step of the "
                "estimator has no feature_names_in_. Pass the row as a DataFrame, or create the "
                "stream with a table."
            )
        values, index, labels = read_mapping(rows, self._columns, self._like)
        if not self._parts.before:
            array = np.array([values])
            if array.ndim == 2 and _has_no_infinity(array):
                return array, index, labels
        return self._values_of(frame_of_row(values, self._columns, index)), index, labels

    def _values_of(self, frame: pd.DataFrame) -> NDArray:
        """Return rows as the windower reads them."""
        table = self._transform(frame)
        if self._parts.before and len(frame) > 1:
            _check_by_itself(table.iloc[[-1]], self._transform(frame.iloc[[-1]]))
        windower: Any = self._parts.windower
        values = table.to_numpy()
        # The checks of the windower take longer, and would find nothing.
        if _has_no_infinity(values) and table.columns.equals(windower.history_.columns):
            return values
        return windower._check_known_table(table)

    def _transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return rows behind the steps in front of the windower."""
        table = frame
        for step in self._parts.before:
            table = step.transform(table)
        if self._parts.before:
            _check_transformed(table, frame)
        return table

    def _find_columns(self, table: pd.DataFrame | None) -> list[Any] | None:
        """Return the names of the columns of X; None if they are unknown."""
        windower: Any = self._parts.windower
        if not self._parts.before:
            return list(windower.history_.columns)
        names = getattr(self._parts.before[0], "feature_names_in_", None)
        if names is None and table is not None:
            names = table.columns
        return None if names is None else list(names)

    def _mark(self, windows: NDArray, index: pd.Index) -> NDArray:
        """Return windows as the windower returns them."""
        times = np.zeros(1)  # one time is zero steps after the earliest one
        if len(index) > 1:
            from ..transformers.time_index import times_in_steps

            times = times_in_steps(index, self._runs)
        names = getattr(self._parts.windower, "feature_names_in_", None)
        return mark_times(windows, index, times, names)

    def _predict(
        self, windows: NDArray, return_quantiles: bool, coverage: float | None
    ) -> dict[str, NDArray]:
        """Return arrays (rows, outputs) by the ends of the names of their columns."""
        reader, intervals = self._parts.reader, self._parts.intervals
        forecast, bounded, by_level = None, {}, {}
        if coverage is not None:
            if intervals is None:
                raise ValueError(_no_intervals(self.estimator, coverage))
            forecast, interval = intervals._predict_with_interval(reader, windows, coverage)
            bounded = {"_lower": interval[..., 0], "_upper": interval[..., 1]}
        if return_quantiles:
            if (levels := quantile_levels(reader)) is None:
                raise ValueError(_no_quantiles(reader))
            forecast, quantiles = predict_quantiles(reader, windows)
            by_level = {
                f"_{quantile_column(level)}": quantiles[..., place]
                for place, level in enumerate(levels)
            }
        if forecast is None:
            forecast = reader.predict(windows)
        arrays = {"": forecast, **bounded, **by_level}
        return {end: _as_columns(array, len(windows)) for end, array in arrays.items()}

    def _frame_of(self, forecasts: dict[str, NDArray], index: pd.Index) -> pd.DataFrame:
        import pandas as pd

        point = forecasts[""]
        columns = self._columns_of(point.shape[1], tuple(forecasts))
        if len(forecasts) == 1:
            return pd.DataFrame(point, index, columns)
        values = np.stack([*forecasts.values()], axis=2).reshape(len(point), -1)
        return pd.DataFrame(values, index, columns)

    def _columns_of(self, n_outputs: int, ends: tuple[str, ...]) -> pd.Index:
        """Return the names of the columns of an answer. They are kept, because pandas is slow."""
        if (n_outputs, ends) not in self._answers:
            import pandas as pd

            names = self._output_names(n_outputs)
            columns = [f"{name}{end}" for name in names for end in ends]
            if len(set(columns)) < len(columns):
                raise ValueError(
                    f"The columns of y, {', '.join(names)}, are named like the bounds or quantiles "
                    "of one of them. Rename them, and fit the estimator again."
                )
            self._answers[n_outputs, ends] = pd.Index(columns)
        return self._answers[n_outputs, ends]

    def _output_names(self, n_outputs: int) -> list[str]:
        names = find_target_names(self.estimator)
        if names is not None and len(names) == n_outputs:
            return names
        return ["forecast"] if n_outputs == 1 else lead_names(range(1, n_outputs + 1), ["forecast"])

    def __repr__(self) -> str:
        timesteps, features = self._parts.windower._window[0], self._parts.windower.n_features_in_
        return (
            f"<Stream of {len(self._ends)} series through {type(self.estimator).__name__}, in "
            f"windows of {counted(timesteps, 'timestep')} and {counted(features, 'feature')}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            state = {**vars(self), "_ends": dict(self._ends)}
        for name in ("_lock", "_parts", "_answers"):
            del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._parts = split_at_windower(self.estimator)
        self._lock, self._answers = Lock(), {}


def _padded_after(hole: Hole, series: tuple[Any, ...], past: int) -> str:
    windows = "its window is"
    if past > 1:
        rows = "row" if past == 2 else f"{past - 1} rows"
        windows = f"its window and those of the next {rows} are"
    return (
        f"The row at {hole.after}{of_series(series)} comes after a hole in time, because the row "
        f"before it is at {hole.before}: {windows} padded. If the rows in the hole are known, "
        "create the Stream with a table that has them."
    )


def _check_frame(frame: Any, name: str) -> None:
    if not (hasattr(frame, "iloc") and hasattr(frame, "columns")):
        one_row = ", or one row as a dict" if name == "rows" else ""
        raise TypeError(
            f"{name} is of type {type(frame).__name__}, but must be a pandas DataFrame like X in "
            f"fit, with the time of each row in its index{one_row}."
        )
    refuse_repeated_columns(frame, name)
    if not len(frame):
        raise ValueError(f"{name} has no rows, but must have 1 or more.")


def _check_transformed(table: Any, frame: pd.DataFrame) -> None:
    """Raise an error if the steps in front of the windower do not keep the rows."""
    if not hasattr(table, "iloc"):
        raise ValueError(
            f"The steps in front of the SequenceWindower return {type(table).__name__}, but must "
            "return a DataFrame with the index of the rows. Use set_output(transform='pandas')."
        )
    if table.index is not frame.index and not table.index.equals(frame.index):
        raise ValueError(
            f"The steps in front of the SequenceWindower make {counted(len(table), 'row')} of "
            f"{len(frame)}, or change their labels. A stream needs steps that transform every row "
            "by itself. Transform the table before fit, and push transformed rows."
        )


def _check_by_itself(row: pd.DataFrame, alone: pd.DataFrame) -> None:
    """Raise an error if a row differs from the same row that was transformed alone."""
    if not _are_equal(row, alone):
        raise ValueError(
            "The steps in front of the SequenceWindower transform the last row in another way if "
            "the rows before it are missing, as steps do that use neighbouring rows. A stream "
            "needs steps that transform every row by itself. Transform the table before fit, and "
            "push transformed rows."
        )


def _are_equal(row: pd.DataFrame, alone: pd.DataFrame) -> bool:
    if not row.columns.equals(alone.columns):
        return False
    values, others = row.to_numpy(), alone.to_numpy()
    try:
        pair = values.astype(np.float64), others.astype(np.float64)
        return np.allclose(*pair, equal_nan=True)
    except (TypeError, ValueError):  # the windower refuses or converts such values
        return row.astype(object).equals(alone.astype(object))


def _has_no_infinity(values: NDArray) -> bool:
    """Return whether values are numbers of NumPy, each of them finite or missing."""
    return values.dtype.kind in "fiub" and not np.isinf(values).any()


def _as_columns(values: Any, n_rows: int) -> NDArray:
    array = np.asarray(values)
    if array.ndim not in (1, 2) or len(array) != n_rows:
        raise ValueError(
            f"The estimator predicts an array of shape {array.shape} for "
            f"{counted(n_rows, 'window')}, but must predict one row of outputs for each window."
        )
    return array.reshape(n_rows, -1)


def _no_intervals(estimator: Any, coverage: float) -> str:
    return (
        f"coverage={coverage} needs an estimator with intervals, but {type(estimator).__name__} "
        "has none around its windows. Use ConformalRegressor(estimator).fit(X, y)."
    )


def _no_quantiles(reader: Any) -> str:
    return (
        f"return_quantiles=True needs an estimator of quantiles, but {type(reader).__name__} was "
        "fitted without them. Use LSTMRegressor(quantiles=(0.05, 0.5, 0.95))."
    )
