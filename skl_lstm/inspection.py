"""To look at sequences and forecasts: which number went where, and how good it is.

May import `_sequences` and `_arrays`. Drawing needs matplotlib, frames need pandas; both are
imported where they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice, product
from math import ceil, sqrt
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_consistent_length

from ._arrays import is_masked
from ._sequences import Sequences, mark_of, read_sequences, split_steps

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ForecastDisplay", "plot_sequences", "to_frame"]

# Okabe and Ito's, less the yellow that white paper swallows: colour-blind readers tell them
# apart. More features than colours are told apart by the style of the line.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = ("-", "--", ":", "-.")
_TRUTH: dict[str, Any] = {"color": "0.55", "linewidth": 2.5}
_SHADE: dict[str, Any] = {"facecolor": "0.88", "edgecolor": "none"}
# As many steps have room for a dot each, side by side over the width of a figure.
_DOTS = 120


def to_frame(X: ArrayLike, *, feature_names: Sequence[str] | None = None) -> pd.DataFrame:
    """Lay sequences out as a table, one row a time step.

    Parameters
    ----------
    X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps), or \
            list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
        Sequences, as every transformer of this package returns them or takes them.
    feature_names : sequence of str of length n_features, default=None
        Names of the features. None: those of the DataFrames in the list, else ``x0, x1, …``.

    Returns
    -------
    DataFrame of shape (n_samples * timesteps, n_features)
        Indexed by (sample, timestep), axes 0 and 1 of the array; a column a feature, axis 2.

    Raises
    ------
    TypeError, ValueError
        If X is neither an array of sequences nor a list of them, or `feature_names` are not
        one a feature.

    Examples
    --------
    >>> from skl_lstm import sliding_windows
    >>> from skl_lstm.inspection import to_frame
    >>> to_frame(sliding_windows([1, 2, 3, 4], 3), feature_names=["load"])
                     load
    sample timestep
    0      0            1
           1            2
           2            3
    1      0            2
           1            3
           2            4
    """
    import pandas as pd

    sequences = read_sequences(X, allow_infinity=True)
    samples = np.arange(len(sequences.lengths))
    steps = [np.arange(length) for length in sequences.lengths]
    index = [np.repeat(samples, sequences.lengths), np.concatenate(steps)]
    return pd.DataFrame(
        sequences.steps,
        index=pd.MultiIndex.from_arrays(index, names=["sample", "timestep"]),
        columns=_feature_names(sequences, feature_names),
        copy=True,
    )


def plot_sequences(
    X: ArrayLike,
    *,
    feature_names: Sequence[str] | None = None,
    samples: int | Sequence[int] = 9,
    mask_value: float | None = None,
) -> NDArray[Any]:
    """Draw sequences, a panel a sample: time runs along x, every feature is a line.

    All panels have the same axes. Padding is shaded, and no line is drawn there.

    Parameters
    ----------
    X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps), or \
            list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
        Sequences, as every transformer of this package returns them or takes them.
    feature_names : sequence of str of length n_features, default=None
        Names of the features. None: those of the DataFrames in the list, else ``x0, x1, …``.
    samples : int or sequence of int, default=9
        How many to draw, spread evenly from the first to the last; or which, by their
        positions.
    mask_value : float, default=None
        What padding holds in every feature. None: what X, made by `SequencePadder`, knows of
        its own padding.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (n_panels,)
        The panels, in the order of their samples. ``axes[0].figure`` is the figure.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If X is neither an array of sequences nor a list of them, `feature_names` are not one a
        feature, or `samples` are not in X.

    See Also
    --------
    to_frame : The same numbers as a table.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skl_lstm import SequencePadder
    >>> from skl_lstm.inspection import plot_sequences
    >>> X = [[[1.0, 5.0], [2.0, 4.0]], [[3.0, 3.0], [4.0, 2.0], [5.0, 1.0]]]
    >>> axes = plot_sequences(SequencePadder().fit_transform(X), feature_names=["up", "down"])
    >>> [ax.get_title() for ax in axes]
    ['sample 0', 'sample 1']
    >>> plt.close()
    """
    check_matplotlib_support("plot_sequences")
    mask_value = mark_of(X) if mask_value is None else mask_value
    X = X if isinstance(X, list | tuple) or hasattr(X, "columns") else np.asarray(X)
    sequences, numbers = _picked(X, samples)
    names = _feature_names(sequences, feature_names)
    axes, columns = _panels(len(numbers), sequences.lengths.max())
    dots = columns * sequences.lengths.max() <= _DOTS
    styles = list(islice(_line_styles(dots), len(names)))
    for ax, number, steps in zip(
        axes, numbers, split_steps(sequences.steps, sequences.lengths), strict=True
    ):
        padding = np.zeros(len(steps), bool)
        if mask_value is not None:
            padding = is_masked(steps, mask_value)
        _draw_steps(ax, steps, padding, names, styles)
        ax.set_title(f"sample {number}")
    _explain_axes(axes, numbers, _count(X))
    return axes


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
        chosen = _positions("series", series, len(labels))
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
                *panel.plot(when, forecast[rows, step - 1], label="forecast", color=_COLOURS[0]),
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


def _feature_names(sequences: Sequences, names: Sequence[str] | None) -> list[str]:
    features = sequences.steps.shape[1]
    if names is None and sequences.form == "list":
        names = getattr(sequences.example, "columns", None)
    if names is None:
        return [f"x{feature}" for feature in range(features)]
    if isinstance(names, str) or len(names) != features:
        raise ValueError(
            f"feature_names must be a name for each of the {features} features; got {names!r}."
        )
    return list(names)


def _count(X: Any) -> int:
    try:
        return len(X)
    except TypeError:
        raise TypeError(
            f"X is {X}, but sequences are an array (samples, timesteps, features), or a list of "
            "arrays."
        ) from None


def _picked(X: Any, samples: int | Sequence[int]) -> tuple[Sequences, list[int]]:
    """Read the chosen samples only: the windows of a long series would fill the memory."""
    numbers = _positions("samples", samples, _count(X))
    if isinstance(X, np.ndarray) and X.ndim > 1:
        return read_sequences(X[numbers], allow_infinity=True), numbers
    every = read_sequences(X, allow_infinity=True)
    items = split_steps(every.steps, every.lengths)
    steps, lengths = [items[number] for number in numbers], every.lengths[numbers]
    return every._replace(steps=np.concatenate(steps), lengths=lengths), numbers


def _positions(what: str, chosen: int | Sequence[int], count: int) -> list[int]:
    """Resolve how many, spread evenly, or which ones, against how many there are."""
    if isinstance(chosen, Integral) and not isinstance(chosen, bool):
        if chosen < 1:
            raise ValueError(f"{what} must be 1 or more, or a list of positions; got {chosen}.")
        return np.linspace(0, count - 1, min(int(chosen), count)).round().astype(int).tolist()
    numbers = np.asarray(chosen)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not len(numbers):
        raise TypeError(f"{what} must be an integer, or a list of positions; got {chosen!r}.")
    if strange := numbers[(numbers < -count) | (numbers >= count)].tolist():
        raise ValueError(
            f"{what} has {strange}, but there are {count}: positions go from 0 to {count - 1}."
        )
    return (numbers % count).tolist()


def _panels(count: int, timesteps: int) -> tuple[NDArray[Any], int]:
    """Lay out as many panels, the whole no larger than a page; return them and their columns."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    size = (min(2.2 + 3.0 * columns, 13.0), min(1.2 + 2.0 * rows, 12.0))
    figure, grid = plt.subplots(
        rows, columns, sharex=True, sharey=True, squeeze=False, figsize=size, layout="constrained"
    )
    for ax in grid.flat[count:]:
        figure.delaxes(ax)
    # The panel above an empty place is the last of its column.
    for ax in grid.flat[:count][-columns:]:
        ax.tick_params(labelbottom=True)
    bins = max(2, 8 - columns)
    for ax in grid.flat[:count]:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=bins, integer=True, min_n_ticks=1))
        ax.set_xlim(-0.5, timesteps - 0.5)
        ax.title.set_fontsize("medium" if columns <= 5 else "x-small")
    return grid.ravel()[:count], columns


def _line_styles(dots: bool) -> Iterator[dict[str, Any]]:
    marker = {"marker": "o", "markersize": 3} if dots else {}
    return cycle({"color": c, "linestyle": s, **marker} for s, c in product(_STYLES, _COLOURS))


def _draw_steps(
    ax: Axes,
    steps: NDArray,
    padding: NDArray[np.bool_],
    names: list[str],
    styles: list[dict[str, Any]],
) -> None:
    values = np.where(padding[:, np.newaxis], np.nan, steps.astype(float))
    for feature, name in enumerate(names):
        ax.plot(values[:, feature], label=str(name), **styles[feature])
    edges = np.flatnonzero(np.diff(padding, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2):
        ax.axvspan(start - 0.5, stop - 0.5, label="padding", **_SHADE)


def _explain_axes(axes: NDArray[Any], numbers: list[int], count: int) -> None:
    figure = axes[0].figure
    drawn = f"{len(numbers)} of {count} samples" if len(numbers) < count else f"{count} samples"
    figure.suptitle(f"axis 0: {drawn}" if count > 1 else "axis 0: 1 sample")
    figure.supxlabel("axis 1: timesteps")
    entries: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    # Behind the features, wherever padding came first.
    entries |= {"padding": entries.pop("padding")} if "padding" in entries else {}
    figure.legend(
        entries.values(),
        entries.keys(),
        title="axis 2: features",
        loc="outside right upper",
        ncols=ceil(len(entries) / 25),
    )


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
