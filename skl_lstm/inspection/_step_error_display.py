"""`StepErrorDisplay`: the error, or the coverage, of forecasts by step ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import sklearn.metrics
from sklearn.metrics import root_mean_squared_error

from .._compat.sklearn import check_matplotlib_support
from .._core.backtest_frames import check_backtest, numbers_of, select_models, select_target
from .._core.interval_scores import READERS, check_readable
from .._core.messages import did_you_mean, listed
from .._core.public import set_module

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

from ._panels import line_styles

# Functions of sklearn.metrics. Scores are not among them: a higher score is better.
_METRICS = (
    "max_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_log_error",
    "median_absolute_error",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
)
# Means over rows of what the quantiles and intervals of a backtest cost.
_UNCERTAINTY = {
    "coverage": "coverage",
    "interval_score": "mean interval score",
    "pinball_loss": "mean pinball loss",
    "width": "mean width of the interval",
}
_PROMISED: dict[str, Any] = {"color": "0.55", "linestyle": "--"}
# Number of steps that can have a marker each without overlap.
_MAX_MARKERS = 60


@set_module("skl_lstm.inspection")
class StepErrorDisplay:
    """Plot of the error of forecasts by step ahead, or of the coverage of their intervals.

    Create it with `from_backtest`, which also draws it. The plot has one line per model.

    Parameters
    ----------
    errors : DataFrame of shape (n_steps, n_models)
        Errors. The index is the step ahead, the columns are the models.
    metric_name : str, default=None
        Name of the error.
    promised : sequence of float, default=None
        Promised coverages, each drawn as a dashed line.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot.
    figure_ : matplotlib Figure
        The figure of the plot.
    lines_ : ndarray of matplotlib Line2D, of shape (n_models,)
        The lines of the models.

    See Also
    --------
    ForecastDisplay : Forecasts and true values over time.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from skl_lstm.inspection import StepErrorDisplay
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
    >>> display = StepErrorDisplay.from_backtest(frame, metric="mean_absolute_error")
    >>> display.errors
    model  naive
    step
    1        1.0
    2        2.5
    >>> plt.close()

    Does an interval hold as many true values as it promises, at every step?

    >>> frame = frame.assign(lower=frame["forecast"] - 1, upper=frame["forecast"] + 2, coverage=0.9)
    >>> display = StepErrorDisplay.from_backtest(frame, metric="coverage")
    >>> display.errors
    model  naive
    step
    1        1.0
    2        0.5
    >>> display.promised
    [0.9]
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        errors: pd.DataFrame,
        metric_name: str | None = None,
        promised: Sequence[float] | None = None,
    ) -> None:
        self.errors = errors
        self.metric_name = metric_name
        self.promised = promised

    @classmethod
    def from_backtest(
        cls,
        frame: pd.DataFrame,
        *,
        metric: str | Callable[[Any, Any], float] = root_mean_squared_error,
        model: str | Sequence[str] | None = None,
        target: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Plot the error of the forecasts of a backtest.

        An error is over all rows of a model and step, of all folds and series. Rows without a
        true value count nowhere.

        Parameters
        ----------
        frame : DataFrame
            Table that `backtest` returns: a row for every model, tested row and step ahead, with
            the columns model, fold, origin, the names of the series, target (if there are
            several), step, time, truth, forecast; lower, upper, coverage and the quantiles, if
            the models have them.
        metric : callable or str, default=root_mean_squared_error
            Error, as ``metric(y_true, y_pred)``, or the name of one in `sklearn.metrics`, such as
            "mean_absolute_error". For models with quantiles or intervals also "pinball_loss" and
            "interval_score", as in `compare_forecasts`, "width", the mean width of the interval,
            and "coverage", the share of true values inside, with a dashed line at the promised
            share.
        model : str or sequence of str, default=None
            Models to plot, one line each. None: all.
        target : str, default=None
            Target to plot. Required if there are several.
        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure.

        Returns
        -------
        StepErrorDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `frame` is not a DataFrame, a column has the wrong dtype, `model` is neither a name
            nor a list of names, or `metric` is neither a function nor a name.
        ValueError
            If `frame` is empty or has not all columns, `model` or `target` are not in it, no true
            value is known, a forecast is NaN, `metric` is not the name of an error, or a model
            does not have the quantiles or the interval that `metric` needs.
        """
        check_matplotlib_support(f"{cls.__name__}.from_backtest")
        error = _resolve_metric(metric)
        frame, _ = select_target(check_backtest(frame), target)
        frame, models = select_models(frame, model)
        frame = _with_truth(frame)
        if error.of_uncertainty is not None:
            check_readable(frame, error.of_uncertainty, "metric")
        promised = _promised_by(frame) if error.of_uncertainty == "coverage" else None
        errors = _errors_by_step(frame, models, error.of_rows)
        return cls(errors=errors, metric_name=error.name, promised=promised).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Plot the errors.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure.

        Returns
        -------
        StepErrorDisplay
            This display.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        self.ax_ = _new_axes() if ax is None else ax
        self.figure_: Figure = self.ax_.figure
        steps = self.errors.index.to_numpy()
        self.lines_ = np.empty(self.errors.shape[1], dtype=object)
        styles = line_styles(markers=len(steps) <= _MAX_MARKERS)
        size = {"markersize": 8} if len(steps) == 1 else {}
        for i, (name, style) in enumerate(zip(self.errors, styles, strict=False)):
            values = self.errors[name].to_numpy()
            (self.lines_[i],) = self.ax_.plot(steps, values, label=name, **style | size)
        for share in self.promised or ():
            self.ax_.axhline(share, label=f"promised {100 * share:g} %", **_PROMISED)
            # Coverages differ little. These limits show them, and no differences by chance only.
            self.ax_.update_datalim([(steps[0], share - 0.1), (steps[0], min(share + 0.1, 1))])
        self.ax_.autoscale_view()
        _label_axes(self.ax_, steps, self.metric_name)
        # Zero is the best error, but a metric of the user's own can be below it. With auto=None a
        # second display on these axes can still extend them.
        if self.promised is None and not (self.errors < 0).any(axis=None):
            self.ax_.set_ylim(bottom=0, auto=None)
        return self


class _Error(NamedTuple):
    """What to compute from the rows of a model and step."""

    name: str
    of_rows: Callable[[pd.DataFrame], float]
    of_uncertainty: str | None = None  # one of _UNCERTAINTY


def _resolve_metric(metric: Any) -> _Error:
    if callable(metric):
        return _Error(_name_of(metric), partial(_of_forecasts, metric))
    if not isinstance(metric, str):
        raise TypeError(
            f"metric must be a function metric(y_true, y_pred) or a name; got {metric!r}."
        )
    if metric in _UNCERTAINTY:
        of_rows = READERS[metric]
        return _Error(_UNCERTAINTY[metric], lambda rows: float(of_rows(rows).mean()), metric)
    name = metric.removeprefix("neg_")  # the scorers of scikit-learn have the same names
    if name not in _METRICS:
        known = (*_METRICS, *_UNCERTAINTY)
        raise ValueError(
            f"metric {metric!r} is not one of {listed(known)}. Any other error can be passed as "
            f"a function metric(y_true, y_pred).{did_you_mean(name, known)}"
        )
    return _resolve_metric(getattr(sklearn.metrics, name))


def _of_forecasts(metric: Callable[[Any, Any], float], rows: pd.DataFrame) -> float:
    return metric(rows["truth"].to_numpy(float), rows["forecast"].to_numpy(float))


def _promised_by(frame: pd.DataFrame) -> list[float] | None:
    """Return the promised coverages of a backtest, without copies."""
    if "coverage" not in frame:
        return None
    coverage = numbers_of(frame, "coverage")
    # A difference of two levels is a bit off: 0.95 - 0.05 is below 0.9.
    return np.unique(coverage[~np.isnan(coverage)].round(9)).tolist()


def _name_of(metric: Any) -> str:
    """Return the name of a metric in words."""
    metric = metric.func if isinstance(metric, partial) else metric
    return getattr(metric, "__name__", type(metric).__name__).strip("_").replace("_", " ")


def _with_truth(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose true value is known."""
    known = frame[frame["truth"].notna()]
    if known.empty:
        raise ValueError(
            f"truth is NaN in all {len(frame)} rows, but an error needs 1 known value or more. "
            "ForecastDisplay draws forecasts without it."
        )
    missing = known["forecast"].isna()
    if missing.any():
        raise ValueError(
            f"forecast is NaN in {missing.sum()} of {len(known)} rows, of the models "
            f"{listed(known.loc[missing, 'model'].unique().tolist())}. Leave out these times for "
            "all models, so that their errors can be compared, or choose other models by model=."
        )
    return known


def _errors_by_step(
    frame: pd.DataFrame, models: list[str], of_rows: Callable[[pd.DataFrame], float]
) -> pd.DataFrame:
    """Return the errors as a table: the index is the step, the columns are the models."""
    import pandas as pd

    errors: dict[Any, dict[Any, float]] = {name: {} for name in models}
    for (name, step), rows in frame.groupby(["model", "step"], observed=True):
        errors[name][step] = of_rows(rows)
    table = pd.DataFrame(errors, columns=pd.Index(models, name="model")).sort_index()
    return table.rename_axis(index="step")


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def _label_axes(ax: Axes, steps: Any, metric_name: str | None) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    # Half a step on both sides, so that the axis of a single step has a length, and none shows 0.
    ax.update_datalim([(steps[0] - 0.5, 0), (steps[-1] + 0.5, 0)], updatey=False)
    ax.margins(x=0)
    ax.set_xlabel("steps ahead")
    ax.set_ylabel(metric_name or "error")
    ax.legend()
