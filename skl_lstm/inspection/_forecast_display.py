"""`ForecastDisplay`: forecasts and true values over time."""

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
    """Plot of forecasts and true values over time.

    Create it with `from_estimator` or `from_predictions`, which also draw it. The plot has one row
    of panels per series and one column of panels per step ahead.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,) or (n_samples, n_steps)
        True values; NaN if not known yet.
    y_pred : ndarray of shape (n_samples,) or (n_samples, n_steps)
        Forecasts.
    times : Index or ndarray of shape (n_samples,), or ndarray of shape (n_samples, n_steps)
        Times of the values, one per row, or one per row and step. Outer levels of a MultiIndex
        name the series.
    name : str, default=None
        Name of the target.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, of shape (n_series, n_steps)
        The panels.
    figure_ : matplotlib Figure
        The figure of the panels.
    lines_ : ndarray of matplotlib Line2D, of shape (n_series, n_steps, 2)
        The lines of the true values and of the forecasts in every panel.

    See Also
    --------
    sklearn.metrics.PredictionErrorDisplay : Forecasts against true values, not over time.

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
        """Plot the forecasts of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted regressor, or Pipeline that ends in one.
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

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `y_true` and `y_pred` differ in shape or are not numeric, or `times` has another
            length.
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
        display = cls(y_true=truth, y_pred=forecast, times=times, name=name)
        return display.plot(ax, steps=steps, series=series)

    def plot(
        self,
        ax: Any = None,
        *,
        steps: int | Sequence[int] | None = None,
        series: int | Sequence[int] = 6,
    ) -> Self:
        """Plot the true values and the forecasts.

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
        truth, forecast = (y.reshape(len(y), -1) for y in (self.y_true, self.y_pred))
        ahead = _resolve_steps(steps, truth.shape[1])
        series_of_row, labels = _split_series(self.times)
        chosen = resolve_positions("series", series, len(labels))
        self.axes_ = _resolve_axes(ax, len(chosen), len(ahead))
        self.figure_: Figure = self.axes_[0, 0].figure
        self.lines_ = np.empty((*self.axes_.shape, 2), dtype=object)
        for (row, position), (column, step) in product(enumerate(chosen), enumerate(ahead)):
            rows = np.flatnonzero(series_of_row == position)
            times = _plottable(_times_of_step(self.times, step), rows)
            order = np.argsort(times, kind="stable")
            rows, times = rows[order], times[order]
            panel = self.axes_[row, column]
            if times.dtype.kind == "M":
                _use_concise_dates(panel)
            self.lines_[row, column] = [
                *panel.plot(times, truth[rows, step - 1], label="truth", **_TRUTH),
                *panel.plot(times, forecast[rows, step - 1], label="forecast", color=COLOURS[0]),
            ]
            title = [labels[position]] if len(labels) > 1 else []
            if truth.shape[1] > 1:
                title.append(f"{step} step{'s' if step > 1 else ''} ahead")
            panel.set_title(", ".join(title))
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


def _check_numeric(name: str, y: ArrayLike) -> NDArray:
    values = np.asarray(y)
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
        raise ValueError(
            f"{name} has dtype {values.dtype} and shape {values.shape}, but must be numeric with "
            "shape (n_samples,) or (n_samples, n_steps). For classes, use "
            "sklearn.metrics.ConfusionMatrixDisplay."
        )
    return values


def _resolve_steps(steps: int | Sequence[int] | None, count: int) -> list[int]:
    if steps is None:
        return sorted({1, count})
    wanted = np.atleast_1d(steps)
    if wanted.ndim > 1 or wanted.dtype.kind not in "iu" or not len(wanted):
        raise TypeError(f"steps must be an integer or a list of them; got {steps!r}.")
    if invalid := wanted[(wanted < 1) | (wanted > count)].tolist():
        raise ValueError(f"steps must be between 1 and {count}, as in y; got {invalid}.")
    return wanted.tolist()


def _split_series(times: Any) -> tuple[NDArray[np.intp], list[str]]:
    """Return the position of the series of every row, and the names of the series."""
    if getattr(times, "nlevels", 1) == 1:
        return np.zeros(len(times), np.intp), [""]
    outer = times.droplevel(-1)
    positions, labels = outer.factorize()
    names = [label if isinstance(label, tuple) else (label,) for label in labels]
    return positions, [", ".join(map(str, name)) for name in names]


def _times_of_step(times: Any, step: int) -> Any:
    if getattr(times, "nlevels", 1) > 1:
        return times.get_level_values(-1)
    return np.asarray(times)[:, step - 1] if np.ndim(times) == 2 else times


def _plottable(times: Any, rows: NDArray[np.intp]) -> NDArray:
    """Convert times to what matplotlib can plot: dates without a time zone, or numbers."""
    times = times[rows]
    if hasattr(times, "to_timestamp"):  # a period is plotted at its start
        times = times.to_timestamp()
    if getattr(times, "tz", None) is not None:  # in local time
        times = times.tz_localize(None)
    values = np.asarray(times)
    return values / np.timedelta64(1, "s") if values.dtype.kind == "m" else values


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
