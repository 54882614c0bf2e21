"""`ForecastDisplay`: forecast and truth over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_consistent_length

from .._compat.sklearn import check_matplotlib_support
from .._core.public import set_module

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

from ._panels import COLOURS, resolve_positions

_TRUTH: dict[str, Any] = {"color": "0.55", "linewidth": 2.5}


@set_module("skl_lstm.inspection")
class ForecastDisplay:
    """Forecast and truth over time.

    Make it with `from_estimator` or `from_predictions`, which also draw it. A forecast of
    several steps has a column of panels for each step ahead that is drawn; several series in
    one table have a row of panels each.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,) or (n_samples, n_steps)
        What came true. NaN where nobody knows yet.
    y_pred : ndarray of shape (n_samples,) or (n_samples, n_steps)
        What was forecast.
    times : Index or ndarray of shape (n_samples,), or ndarray of shape (n_samples, n_steps)
        When. One time a row, or one for each of its steps. Outer levels of a MultiIndex name the
        series.
    name : str, default=None
        What is forecast.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, of shape (n_series, n_steps)
        The panels that are drawn.
    figure_ : matplotlib Figure
        The figure that they are in.
    lines_ : ndarray of matplotlib Line2D, of shape (n_series, n_steps, 2)
        Truth and forecast in every panel.

    See Also
    --------
    sklearn.metrics.PredictionErrorDisplay : Forecast against truth, not over time.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skl_lstm.inspection import ForecastDisplay
    >>> display = ForecastDisplay.from_predictions([1.0, 2.0, 3.0], [1.1, 1.9, 3.2])
    >>> display.axes_.shape
    (1, 1)
    >>> plt.close()
    """

    def __init__(
        self, *, y_true: NDArray, y_pred: NDArray, times: Any, name: str | None = None
    ) -> None:
        self.y_true = y_true
        self.y_pred = y_pred
        self.times = times
        self.name = name

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
        """Forecast with a fitted estimator, and draw it.

        Parameters
        ----------
        estimator : estimator
            Fitted regressor, or Pipeline that ends in one.
        X : array-like of shape (n_samples, ...)
            What it forecasts from.
        y : array-like of shape (n_samples,) or (n_samples, n_steps)
            What came true.
        times : array-like of shape (n_samples,) or (n_samples, n_steps), default=None
            When it came true. None: the index of y, else that of X, else positions.
        steps : int or sequence of int, default=None
            Which steps ahead to draw, 1 being the first column of y. None: the first and the
            last.
        series : int or sequence of int, default=6
            How many series to draw, spread evenly over those in `times`; or which, by their
            positions.
        ax : matplotlib Axes or array of them, default=None
            Where to draw: as many as there are panels. None: a new figure.

        Returns
        -------
        ForecastDisplay
            The display, drawn.
        """
        if times is None:
            times = _index_of(X) if _index_of(y) is None else _index_of(y)
        return cls.from_predictions(
            y, estimator.predict(X), times=times, steps=steps, series=series, ax=ax
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
    ) -> Self:
        """Draw forecasts that were made before.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_steps)
            What came true. NaN where nobody knows yet.
        y_pred : array-like of shape (n_samples,) or (n_samples, n_steps)
            What was forecast.
        times : array-like of shape (n_samples,) or (n_samples, n_steps), default=None
            When it came true. None: the index of `y_true`, else positions.
        steps : int or sequence of int, default=None
            Which steps ahead to draw, 1 being the first column of y. None: the first and the
            last.
        series : int or sequence of int, default=6
            How many series to draw, spread evenly over those in `times`; or which, by their
            positions.
        ax : matplotlib Axes or array of them, default=None
            Where to draw: as many as there are panels. None: a new figure.

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If truth, forecast and times differ in shape, or are no numbers.
        """
        check_matplotlib_support(f"{cls.__name__}.from_predictions")
        times = _index_of(y_true) if times is None else times
        name = getattr(y_true, "name", None)
        truth, forecast = _numbers("y_true", y_true), _numbers("y_pred", y_pred)
        if truth.shape != forecast.shape:
            raise ValueError(
                f"y_true has shape {truth.shape}, but y_pred has {forecast.shape}: every forecast "
                "needs its truth. Where nobody knows it yet, put NaN."
            )
        times = np.arange(len(truth)) if times is None else times
        check_consistent_length(truth, times)
        display = cls(y_true=truth, y_pred=forecast, times=times, name=name)
        return display.plot(ax, steps=steps, series=series)

    def plot(
        self,
        ax: Any = None,
        *,
        steps: int | Sequence[int] | None = None,
        series: int | Sequence[int] = 6,
    ) -> Self:
        """Draw truth and forecast.

        Parameters
        ----------
        ax : matplotlib Axes or array of them, default=None
            Where to draw: as many as there are panels. None: a new figure.
        steps : int or sequence of int, default=None
            Which steps ahead to draw, 1 being the first column of y. None: the first and the
            last.
        series : int or sequence of int, default=6
            How many series to draw, spread evenly over those in `times`; or which, by their
            positions.

        Returns
        -------
        ForecastDisplay
            This display.

        Raises
        ------
        ValueError
            If `steps` or `series` are not there, or `ax` are not as many as the panels.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        truth, forecast = (y.reshape(len(y), -1) for y in (self.y_true, self.y_pred))
        ahead = _steps_ahead(steps, truth.shape[1])
        rows_of, labels = _series_of(self.times)
        chosen = resolve_positions("series", series, len(labels))
        self.axes_ = _grid(ax, len(chosen), len(ahead))
        self.figure_: Figure = self.axes_[0, 0].figure
        self.lines_ = np.empty((*self.axes_.shape, 2), dtype=object)
        for (row, number), (column, step) in product(enumerate(chosen), enumerate(ahead)):
            rows = np.flatnonzero(rows_of == number)
            when = _plottable(_times_of_step(self.times, step), rows)
            in_time = np.argsort(when, kind="stable")
            rows, when = rows[in_time], when[in_time]
            panel = self.axes_[row, column]
            if when.dtype.kind == "M":
                _write_dates_shortly(panel)
            self.lines_[row, column] = [
                *panel.plot(when, truth[rows, step - 1], label="truth", **_TRUTH),
                *panel.plot(when, forecast[rows, step - 1], label="forecast", color=COLOURS[0]),
            ]
            several = [labels[number]] if len(labels) > 1 else []
            if truth.shape[1] > 1:
                several.append(f"{step} step{'s' if step > 1 else ''} ahead")
            panel.set_title(", ".join(several))
        self._label_axes()
        return self

    def _label_axes(self) -> None:
        names = getattr(self.times, "names", [getattr(self.times, "name", None)])
        for panel in self.axes_[-1]:
            panel.set_xlabel("" if names[-1] is None else str(names[-1]))
        for panel in self.axes_[:, 0]:
            panel.set_ylabel("" if self.name is None else str(self.name))
        self.axes_[0, 0].legend()


def _index_of(table: Any) -> pd.Index | None:
    return table.index if hasattr(table, "iloc") else None


def _numbers(what: str, y: ArrayLike) -> NDArray:
    values = np.asarray(y)
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
        raise ValueError(
            f"{what} is {values.dtype} of shape {values.shape}, but a forecast is of numbers, "
            "(n_samples,) or (n_samples, n_steps). For classes take "
            "sklearn.metrics.ConfusionMatrixDisplay."
        )
    return values


def _steps_ahead(steps: int | Sequence[int] | None, count: int) -> list[int]:
    if steps is None:
        return sorted({1, count})
    wanted = np.atleast_1d(steps)
    if wanted.ndim > 1 or wanted.dtype.kind not in "iu" or not len(wanted):
        raise TypeError(f"steps must be an integer or a list of them; got {steps!r}.")
    if strange := wanted[(wanted < 1) | (wanted > count)].tolist():
        raise ValueError(f"steps has {strange}, but y has the steps 1 to {count}.")
    return wanted.tolist()


def _series_of(times: Any) -> tuple[NDArray[np.intp], list[str]]:
    """Return for every row the number of its series, and the names of the series."""
    if getattr(times, "nlevels", 1) == 1:
        return np.zeros(len(times), np.intp), [""]
    outer = times.droplevel(-1)
    numbers, labels = outer.factorize()
    names = [label if isinstance(label, tuple) else (label,) for label in labels]
    return numbers, [", ".join(map(str, name)) for name in names]


def _times_of_step(times: Any, step: int) -> Any:
    if getattr(times, "nlevels", 1) > 1:
        return times.get_level_values(-1)
    return np.asarray(times)[:, step - 1] if np.ndim(times) == 2 else times


def _plottable(times: Any, rows: NDArray[np.intp]) -> NDArray:
    """Return times as matplotlib draws them: dates without a zone, and numbers."""
    times = times[rows]
    if hasattr(times, "to_timestamp"):  # periods begin where they begin
        times = times.to_timestamp()
    if getattr(times, "tz", None) is not None:  # as clocks on the wall show it
        times = times.tz_localize(None)
    values = np.asarray(times)
    return values / np.timedelta64(1, "s") if values.dtype.kind == "m" else values


def _write_dates_shortly(panel: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _grid(ax: Any, rows: int, columns: int) -> NDArray[Any]:
    """Return the panels to draw in: a new figure's, or those that came, if they are as many."""
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
            f"ax has {axes.size} panel(s), but {rows} series of {columns} step(s) ahead need "
            f"{rows * columns}. Choose fewer by series= and steps=, or pass ax=None."
        )
    return axes.reshape(rows, columns)
