"""`ForecastDisplay`: forecasts and true values over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_consistent_length

from .._compat.sklearn import check_matplotlib_support
from .._core.backtest_frames import (
    check_backtest,
    has_intervals,
    numbers_of,
    select_models,
    select_target,
    series_columns,
)
from .._core.messages import counted, listed
from .._core.public import set_module
from .._core.uncertainty import predict_with_uncertainty

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

from ._panels import line_styles, resolve_positions

_TRUTH: dict[str, Any] = {"color": "0.55", "linewidth": 2.5}
_BAND: dict[str, Any] = {"alpha": 0.25, "linewidth": 0}


@set_module("skl_lstm.inspection")
class ForecastDisplay:
    """Plot of forecasts and true values over time.

    Create it with `from_estimator`, `from_predictions` or `from_backtest`, which also draw it. The
    plot has one row of panels per series and one column of panels per step ahead.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,) or (n_samples, n_steps)
        True values; NaN if not known yet.
    y_pred : ndarray of shape (n_samples,) or (n_samples, n_steps), or dict of str to such arrays
        Forecasts, or the forecasts of several models by their names.
    times : Index or ndarray of shape (n_samples,), or ndarray of shape (n_samples, n_steps)
        Times of the values, one per row, or one per row and step. Outer levels of a MultiIndex
        name the series.
    name : str, default=None
        Name of the target.
    steps_ahead : ndarray of int of shape (n_steps,), default=None
        Steps ahead of the columns of `y_true` and `y_pred`. None: 1, 2, ….
    y_interval : ndarray of shape (n_samples, 2) or (n_samples, n_steps, 2), or dict of str to \
            such arrays, default=None
        Lower and upper bounds of the forecasts, or those of several models by their names. Models
        may be left out. NaN is a gap.
    coverage : float, default=None
        Share of true values that the interval should hold, for the legend of a single model.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, of shape (n_series, n_steps)
        The panels.
    bands_ : ndarray of matplotlib PolyCollection, of shape (n_series, n_steps, n_models)
        The intervals of every model in every panel; None for models without.
    figure_ : matplotlib Figure
        The figure of the panels.
    lines_ : ndarray of matplotlib Line2D, of shape (n_series, n_steps, 1 + n_models)
        The lines of the true values and of the forecasts of every model in every panel.

    See Also
    --------
    StepErrorDisplay : Error by step ahead.
    sklearn.metrics.PredictionErrorDisplay : Forecasts against true values, not over time.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skl_lstm.inspection import ForecastDisplay
    >>> display = ForecastDisplay.from_predictions([1.0, 2.0, 3.0], [1.1, 1.9, 3.2])
    >>> display.axes_.shape
    (1, 1)
    >>> plt.close()

    With an interval from a lower to an upper bound:

    >>> bounds = [[0.5, 1.5], [1.5, 2.5], [2.5, 3.5]]
    >>> display = ForecastDisplay.from_predictions(
    ...     [1.0, 2.0, 3.0], [1.1, 1.9, 3.2], y_interval=bounds, coverage=0.9
    ... )
    >>> display.bands_[0, 0, 0].get_label()
    '90 % interval'
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        y_true: NDArray,
        y_pred: NDArray | Mapping[str, NDArray],
        times: Any,
        name: str | None = None,
        steps_ahead: NDArray[np.intp] | None = None,
        y_interval: NDArray | Mapping[str, NDArray] | None = None,
        coverage: float | None = None,
    ) -> None:
        self.y_true = y_true
        self.y_pred = y_pred
        self.times = times
        self.name = name
        self.steps_ahead = steps_ahead
        self.y_interval = y_interval
        self.coverage = coverage

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        times: ArrayLike | None = None,
        steps: int | Sequence[int] | None = None,
        series: int | Sequence[int] = 6,
        ax: Any = None,
    ) -> Self:
        """Plot the forecasts of a fitted estimator, and its intervals if it predicts them.

        Parameters
        ----------
        estimator : estimator
            Fitted regressor, or Pipeline that ends in one. The interval of a regressor with
            quantiles is from the lowest to the highest.
        X : array-like of shape (n_samples, ...)
            Input of `predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_steps)
            True values; NaN if not known yet.
        times : array-like of shape (n_samples,) or (n_samples, n_steps), default=None
            Times of the values. None: the index of y, else the index of X, else positions.
        steps : int or sequence of int, default=None
            Steps ahead to plot; 1 is the first column of y. None: the first and the last.
        series : int or sequence of int, default=6
            Number of series to plot, evenly spaced over those in `times`, or a list of their
            positions.
        ax : matplotlib Axes or array of them, default=None
            Axes to plot on, one per panel. None: a new figure.

        Returns
        -------
        ForecastDisplay
            The display, drawn.
        """
        if times is None:
            times = _index_of(X) if _index_of(y) is None else _index_of(y)
        prediction = predict_with_uncertainty(estimator, X)
        return cls.from_predictions(
            y,
            prediction.forecast,
            times=times,
            steps=steps,
            series=series,
            ax=ax,
            y_interval=prediction.interval,
            coverage=prediction.coverage,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        times: ArrayLike | None = None,
        steps: int | Sequence[int] | None = None,
        series: int | Sequence[int] = 6,
        ax: Any = None,
        y_interval: ArrayLike | None = None,
        coverage: float | None = None,
    ) -> Self:
        """Plot given forecasts.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_steps)
            True values; NaN if not known yet.
        y_pred : array-like of shape (n_samples,) or (n_samples, n_steps)
            Forecasts.
        times : array-like of shape (n_samples,) or (n_samples, n_steps), default=None
            Times of the values. None: the index of `y_true`, else positions.
        steps : int or sequence of int, default=None
            Steps ahead to plot; 1 is the first column of y. None: the first and the last.
        series : int or sequence of int, default=6
            Number of series to plot, evenly spaced over those in `times`, or a list of their
            positions.
        ax : matplotlib Axes or array of them, default=None
            Axes to plot on, one per panel. None: a new figure.
        y_interval : array-like of shape (n_samples, 2) or (n_samples, n_steps, 2), default=None
            Lower and upper bounds of the forecasts, drawn as a band. NaN is a gap.
        coverage : float, default=None
            Share of true values that the interval should hold, for the legend.

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `y_true` and `y_pred` differ in shape or are not numeric, `times` has another
            length, `y_interval` does not have two bounds for each of them, or a lower bound is
            above the upper one.
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        times = _index_of(y_true) if times is None else times
        name = getattr(y_true, "name", None)
        truth, forecast = _check_numeric("y_true", y_true), _check_numeric("y_pred", y_pred)
        if truth.shape != forecast.shape:
            raise ValueError(
                f"y_true has shape {truth.shape}, but y_pred has shape {forecast.shape}: they must "
                "be equal. Use NaN for true values that are not known yet."
            )
        times = np.arange(len(truth)) if times is None else times
        check_consistent_length(truth, times)
        bounds = None if y_interval is None else _check_bounds(y_interval, truth)
        display = cls(
            y_true=truth,
            y_pred=forecast,
            times=times,
            name=name,
            y_interval=bounds,
            coverage=coverage,
        )
        return display.plot(ax, steps=steps, series=series)

    @classmethod
    def from_backtest(
        cls,
        frame: pd.DataFrame,
        *,
        model: str | Sequence[str] | None = None,
        target: str | None = None,
        steps: int | Sequence[int] | None = None,
        series: int | Sequence[int] = 6,
        ax: Any = None,
    ) -> Self:
        """Plot the forecasts of a backtest at the times at which they come true.

        The intervals of models that have them are bands in the colours of the lines.

        Parameters
        ----------
        frame : DataFrame
            Table that `backtest` returns: a row for every model, tested row and step ahead, with
            the columns model, fold, origin, the names of the series, target (if there are
            several), step, time, truth, forecast; lower, upper and coverage, if models have
            intervals.
        model : str or sequence of str, default=None
            Models to plot, one line each. None: all.
        target : str, default=None
            Target to plot. Required if there are several.
        steps : int or sequence of int, default=None
            Steps ahead to plot, as in the column step. None: the first and the last.
        series : int or sequence of int, default=6
            Number of series to plot, evenly spaced over those in `frame`, or a list of their
            positions.
        ax : matplotlib Axes or array of them, default=None
            Axes to plot on, one per panel. None: a new figure.

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `frame` is not a DataFrame, a column has the wrong dtype, or `model` is neither a
            name nor a list of names.
        ValueError
            If `frame` is empty or has not all columns, `model`, `target`, `steps` or `series` are
            not in it, or it has several forecasts for the same model, series, step and time.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> import pandas as pd
        >>> from skl_lstm.inspection import ForecastDisplay
        >>> frame = pd.DataFrame(
        ...     {
        ...         "model": "naive",
        ...         "fold": 0,
        ...         "origin": [0, 0, 1, 1],
        ...         "step": [1, 2, 1, 2],
        ...         "time": [1, 2, 2, 3],
        ...         "truth": [2.0, 3.0, 3.0, 5.0],
        ...         "forecast": [1.0, 1.0, 2.0, 2.0],
        ...     }
        ... )
        >>> display = ForecastDisplay.from_backtest(frame)
        >>> [ax.get_title() for ax in display.axes_.flat]
        ['1 step ahead', '2 steps ahead']
        >>> plt.close()
        """
        check_matplotlib_support(f"{cls.__name__}.from_backtest")
        frame, name = select_target(check_backtest(frame), target)
        frame, models = select_models(frame, model)
        _check_one_forecast_each(frame)
        display = cls(**_by_time_and_step(frame, models), name=name)
        return display.plot(ax, steps=steps, series=series)

    def plot(
        self,
        ax: Any = None,
        *,
        steps: int | Sequence[int] | None = None,
        series: int | Sequence[int] = 6,
    ) -> Self:
        """Plot the true values and the forecasts, with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Axes to plot on, one per panel. None: a new figure.
        steps : int or sequence of int, default=None
            Steps ahead to plot; 1 is the first column of y. None: the first and the last.
        series : int or sequence of int, default=6
            Number of series to plot, evenly spaced over those in `times`, or a list of their
            positions.

        Returns
        -------
        ForecastDisplay
            This display.

        Raises
        ------
        ValueError
            If `steps` or `series` are out of range, or `ax` does not have one Axes per panel.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        columns = self._columns_of(steps)
        series_of_row, labels = _split_series(self.times)
        chosen = resolve_positions("series", series, len(labels))
        self.axes_ = _resolve_axes(ax, len(chosen), len(columns))
        self.figure_: Figure = self.axes_[0, 0].figure
        self.lines_ = np.empty((*self.axes_.shape, 1 + len(self._forecasts)), dtype=object)
        self.bands_ = np.empty((*self.axes_.shape, len(self._forecasts)), dtype=object)
        for (row, position), (i, column) in product(enumerate(chosen), enumerate(columns)):
            rows = np.flatnonzero(series_of_row == position)
            drawn = self._draw_panel(self.axes_[row, i], rows, column)
            self.lines_[row, i], self.bands_[row, i] = drawn
            title = [labels[position]] if len(labels) > 1 else []
            self.axes_[row, i].set_title(", ".join(title + self._step_title(column)))
        self._label_axes(own_figure=ax is None)
        return self

    @property
    def _forecasts(self) -> Mapping[str, NDArray]:
        return self.y_pred if isinstance(self.y_pred, Mapping) else {"forecast": self.y_pred}

    @property
    def _intervals(self) -> Mapping[str, NDArray]:
        if self.y_interval is None or isinstance(self.y_interval, Mapping):
            return self.y_interval or {}
        return dict.fromkeys(self._forecasts, self.y_interval)

    @property
    def _n_columns(self) -> int:
        return 1 if self.y_true.ndim == 1 else self.y_true.shape[1]

    def _columns_of(self, steps: int | Sequence[int] | None) -> list[int]:
        """Return the columns of the steps ahead to plot."""
        if self.steps_ahead is None:
            return [step - 1 for step in _resolve_steps(steps, range(1, self._n_columns + 1))]
        known = np.asarray(self.steps_ahead).tolist()
        return [known.index(step) for step in _resolve_steps(steps, known)]

    def _draw_panel(
        self, panel: Axes, rows: NDArray[np.intp], column: int
    ) -> tuple[list[Line2D], list[PolyCollection | None]]:
        """Draw the lines of the truth and of every model, and the bands of the models."""
        every = [self.y_true, *self._forecasts.values()]
        values = [y.reshape(len(y), -1)[rows, column] for y in every]
        if self.steps_ahead is not None:
            # A time that is tested at other steps only is no gap in the lines of this step.
            tested = ~np.isnan(values).all(axis=0)
            rows, values = rows[tested], [y[tested] for y in values]
        times = _plottable(_times_of_column(self.times, column), rows)
        order = np.argsort(times, kind="stable")
        if times.dtype.kind == "M":
            _use_concise_dates(panel)
        lines = [
            _draw_line(panel, times[order], y[order], label=name, **style)
            for name, y, style in zip(
                ["truth", *self._forecasts], values, _styles(len(values)), strict=True
            )
        ]
        bands = [
            self._draw_band(panel, name, times[order], rows[order], column, line.get_color())
            for name, line in zip(self._forecasts, lines[1:], strict=True)
        ]
        return lines, bands

    def _draw_band(
        self,
        panel: Axes,
        name: str,
        times: NDArray,
        rows: NDArray[np.intp],
        column: int,
        colour: Any,
    ) -> PolyCollection | None:
        if name not in self._intervals:
            return None
        bounds = self._intervals[name]
        lower, upper = bounds.reshape(len(bounds), -1, 2)[rows, column].T
        # With several models, a band is known by the colour of its line.
        label = self._interval_name() if len(self._forecasts) == 1 else ""
        # A single value has no area.
        edge = {"linewidth": 3} if np.isfinite(lower + upper).sum() == 1 else {}
        return panel.fill_between(times, lower, upper, color=colour, label=label, **_BAND | edge)

    def _interval_name(self) -> str:
        return "interval" if self.coverage is None else f"{100 * self.coverage:.4g} % interval"

    def _step_title(self, column: int) -> list[str]:
        step = column + 1 if self.steps_ahead is None else self.steps_ahead[column]
        if step == 1 and self._n_columns == 1:
            return []
        return [f"{counted(step, 'step')} ahead"]

    def _label_axes(self, *, own_figure: bool) -> None:
        names = getattr(self.times, "names", [getattr(self.times, "name", None)])
        for panel in self.axes_[-1]:
            panel.set_xlabel("" if names[-1] is None else str(names[-1]))
        for panel in self.axes_[:, 0]:
            panel.set_ylabel("" if self.name is None else str(self.name))
        if len(self._forecasts) > 1 and own_figure:  # there is no empty place in a full panel
            handles, labels = self.axes_[0, 0].get_legend_handles_labels()
            self.figure_.legend(handles, labels, loc="outside right upper")
        else:
            self.axes_[0, 0].legend()


def _check_one_forecast_each(frame: pd.DataFrame) -> None:
    """Refuse two forecasts of a model for one time and step ahead: a line shows only one."""
    again = frame.duplicated(["model", *series_columns(frame), "step", "time"], keep=False)
    if not again.any():
        return
    first = frame[again].iloc[0]
    raise ValueError(
        f"{again.sum()} rows of frame are not the only forecast of their model, series, step and "
        f"time; the first is {first['step']} step(s) ahead for {first['time']}. If test folds "
        f"overlap, select one: frame[frame['fold'] == {first['fold']}]. Columns that name the "
        "series must be left of 'step'."
    )


def _by_time_and_step(frame: pd.DataFrame, models: list[str]) -> dict[str, Any]:
    """Return truth and forecasts of a backtest as arrays (series and time, step)."""
    import pandas as pd

    keys = [*series_columns(frame), "time"]
    labels = frame.drop_duplicates(keys)[keys]
    rows = frame.groupby(keys, sort=False, dropna=False, observed=True).ngroup().to_numpy()
    steps, columns = np.unique(frame["step"].to_numpy(int), return_inverse=True)

    def spread(column: str, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        numbers = numbers_of(frame, column)
        values = np.full((len(labels), len(steps)), np.nan)
        values[rows[chosen], columns[chosen]] = numbers[chosen]
        return values

    of_model = {name: (frame["model"] == name).to_numpy() for name in models}
    bounds = {
        name: np.stack([spread("lower", rows_of), spread("upper", rows_of)], axis=-1)
        for name, rows_of in of_model.items()
        if has_intervals(frame)
    }
    return {
        "y_true": spread("truth", np.ones(len(frame), bool)),
        "y_pred": {name: spread("forecast", rows_of) for name, rows_of in of_model.items()},
        "times": pd.MultiIndex.from_frame(labels) if len(keys) > 1 else pd.Index(labels["time"]),
        "steps_ahead": steps,
        "y_interval": {name: each for name, each in bounds.items() if np.isfinite(each).any()},
        "coverage": _coverage_of(frame),
    }


def _coverage_of(frame: pd.DataFrame) -> float | None:
    """Return the coverage that all intervals promise, or None."""
    if "coverage" not in frame or not has_intervals(frame):
        return None
    coverage = numbers_of(frame, "coverage")
    known = coverage[~np.isnan(coverage)]
    return float(known[0]) if known.size and np.isclose(known, known[0]).all() else None


def _index_of(table: Any) -> pd.Index | None:
    return table.index if hasattr(table, "iloc") else None


def _check_numeric(name: str, y: ArrayLike) -> NDArray:
    values = np.asarray(y)
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
        raise ValueError(
            f"{name} has dtype {values.dtype} and shape {values.shape}, but must be numeric with "
            "shape (n_samples,) or (n_samples, n_steps). For classes, use "
            "sklearn.metrics.ConfusionMatrixDisplay."
        )
    return values


def _check_bounds(y_interval: ArrayLike, truth: NDArray) -> NDArray:
    bounds = np.asarray(y_interval)
    if bounds.dtype.kind not in "fiub" or bounds.shape != (*truth.shape, 2):
        raise ValueError(
            f"y_interval has dtype {bounds.dtype} and shape {bounds.shape}, but must be numeric "
            f"with shape {(*truth.shape, 2)}: a lower and an upper bound for each value of y_true."
        )
    crossed = bounds[..., 0] > bounds[..., 1]
    if crossed.any():
        lower, upper = bounds[crossed][0]
        raise ValueError(
            f"The lower bound is above the upper one in {crossed.sum()} of {crossed.size} "
            f"intervals of y_interval; the first is [{lower:g}, {upper:g}]. The last axis must be "
            "the lower bound, then the upper one."
        )
    return bounds


def _resolve_steps(steps: int | Sequence[int] | None, known: Sequence[int]) -> list[int]:
    """Return the steps ahead to plot, of those that are known."""
    if steps is None:
        return sorted({known[0], known[-1]})
    wanted = np.atleast_1d(steps)
    if wanted.ndim > 1 or wanted.dtype.kind not in "iu" or not len(wanted):
        raise TypeError(f"steps must be an integer or a list of them; got {steps!r}.")
    if invalid := [step for step in wanted.tolist() if step not in known]:
        span = f"between {known[0]} and {known[-1]}, as in y"
        if not isinstance(known, range):  # a gap or a selection can leave out any step
            span = f"in the column step of frame, {listed(known)}"
        raise ValueError(f"steps must be {span}; got {invalid}.")
    return wanted.tolist()


def _split_series(times: Any) -> tuple[NDArray[np.intp], list[str]]:
    """Return the position of the series of every row, and the names of the series."""
    if getattr(times, "nlevels", 1) == 1:
        return np.zeros(len(times), np.intp), [""]
    outer = times.droplevel(-1)
    positions, labels = outer.factorize()
    names = [label if isinstance(label, tuple) else (label,) for label in labels]
    return positions, [", ".join(map(str, name)) for name in names]


def _times_of_column(times: Any, column: int) -> Any:
    if getattr(times, "nlevels", 1) > 1:
        return times.get_level_values(-1)
    return np.asarray(times)[:, column] if np.ndim(times) == 2 else times


def _plottable(times: Any, rows: NDArray[np.intp]) -> NDArray:
    """Convert times to what matplotlib can plot: dates without a time zone, or numbers."""
    times = times[rows]
    if hasattr(times, "to_timestamp"):  # a period is plotted at its start
        times = times.to_timestamp()
    if getattr(times, "tz", None) is not None:  # in local time
        times = times.tz_localize(None)
    values = np.asarray(times)
    return values / np.timedelta64(1, "s") if values.dtype.kind == "m" else values


def _styles(count: int) -> list[dict[str, Any]]:
    """Return the style of the truth and of the forecasts."""
    # Several lines are thin, so that they hide less of the truth and of each other.
    width = {"linewidth": 1.0} if count > 2 else {}
    return [_TRUTH, *(style | width for style in islice(line_styles(markers=False), count - 1))]


def _draw_line(panel: Axes, times: NDArray, values: NDArray, **style: Any) -> Line2D:
    if np.isfinite(values).sum() == 1:  # a single value has no line
        style["marker"] = "o"
    (line,) = panel.plot(times, values, **style)
    return line


def _use_concise_dates(panel: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _resolve_axes(ax: Any, rows: int, columns: int) -> NDArray[Any]:
    """Return `ax` as an array (rows, columns), or the Axes of a new figure if it is None."""
    if ax is None:
        import matplotlib.pyplot as plt

        size = (min(4.0 + 4.0 * columns, 13.0), 1.4 + 2.2 * rows)
        _, axes = plt.subplots(
            rows, columns, sharex="col", squeeze=False, figsize=size, layout="constrained"
        )
        return axes
    axes = np.asarray(ax, dtype=object)
    if axes.size != rows * columns:
        raise ValueError(
            f"ax has {axes.size} Axes, but {rows} series with {columns} step(s) ahead need "
            f"{rows * columns}. Choose them with series= and steps=, or pass ax=None."
        )
    return axes.reshape(rows, columns)
