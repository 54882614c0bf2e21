"""`compare_forecasts`: is one model's forecast better than another's, or was it chance?"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import product
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.special import stdtr, stdtrit

from .._compat.sklearn import StrOptions, validate_params
from .._core.backtest_frames import (
    check_backtest,
    has_intervals,
    not_in_frame,
    numbers_of,
    spread_models,
)
from .._core.interval_scores import READERS, check_readable, read_covered, read_width
from .._core.messages import listed
from .._core.parameters import Number
from .._core.public import set_module

if TYPE_CHECKING:
    import pandas as pd

# Errors are like those of the rows before them, even where targets do not overlap.
SHORTEST_OVERLAP = 4
# With fewer, the interval would rest on a single cosine, and be too wide to be of use.
FEWEST_ORIGINS_PER_OVERLAP = 4

Loss = Callable[[NDArray, NDArray], NDArray]

LOSSES: dict[str, Loss] = {
    "squared_error": lambda truth, forecast: np.square(truth - forecast),
    "absolute_error": lambda truth, forecast: np.abs(truth - forecast),
}
# Coverage and mean width by model and target.
Intervals = dict[Any, dict[Hashable, float]]

# These read other columns of the frame than the forecast.
LOSSES_OF_UNCERTAINTY = ("pinball_loss", "interval_score")


class Difference(NamedTuple):
    """A mean difference of losses, the bounds of its interval, and its p-value."""

    difference: float
    lower: float
    upper: float
    p_value: float


class Forecasts(NamedTuple):
    """The forecasts of one target."""

    losses: pd.DataFrame  # (n_forecasts, n_models)
    origins: NDArray[np.intp]  # (n_forecasts,): positions of the origins in time
    overlap: int  # number of consecutive origins that have a target in common
    n_rows: int  # number of rows of X that were forecast from


@set_module("skl_lstm")
@validate_params(
    {
        "loss": [StrOptions({*LOSSES, *LOSSES_OF_UNCERTAINTY}), callable],
        "confidence_level": [Number(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def compare_forecasts(
    frame: pd.DataFrame,
    baseline: str,
    *,
    loss: str | Loss = "squared_error",
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Test whether models forecast better than a baseline, and say so in a sentence.

    The test of Diebold and Mariano [1]_ on the loss that two models have at the same rows.
    It allows for steps ahead whose targets overlap, as Harvey, Leybourne and Newbold [2]_ do,
    and for errors that follow from those before them.

    Parameters
    ----------
    frame : DataFrame of shape (n_forecasts, n_columns)
        What `backtest` returns, with all of its columns, in any order of rows. Columns that you
        have added on the right of ``step`` are not read, unless they are named like those of
        intervals or quantiles.
    baseline : str
        Name of the simpler model, with which all others are compared.
    loss : {"squared_error", "absolute_error", "pinball_loss", "interval_score"} or callable, \
            default="squared_error"
        What an error costs. A callable gets the arrays ``truth`` and ``forecast`` of shape
        (n_forecasts,) and returns the losses in the same shape.

        - "pinball_loss" is the mean over the quantiles ``q0.05``, ``q0.5``, … in `frame`, which
          must be the same for all models. A quantile of the level a costs a times the error if
          the truth is above, and 1 - a times the error if it is below.
        - "interval_score" [5]_ is the width of the interval and, for a truth outside, its
          distance to the interval times 2 / (1 - coverage). All models must have intervals of
          the same promised coverage.
    confidence_level : float, default=0.95
        Share of intervals that hold the true difference. A model is better or worse if 0 is
        outside the interval, that is, if the p-value is below ``1 - confidence_level``.

    Returns
    -------
    DataFrame of shape (n_models - 1, 10) or (n_models - 1, 14)
        A row for every model but the baseline, in order of appearance. If `frame` has a column
        ``target``, a row for every model and target, because targets may differ in units.

        - ``loss``, ``baseline_loss``: mean loss over all rows, steps and series
        - ``difference``, ``lower``, ``upper``: mean loss less that of the baseline, with the
          bounds of its interval; negative is better
        - ``p_value``: of the test that both are equally good, two-sided
        - ``improvement``, ``improvement_lower``, ``improvement_upper``: the same difference as
          a gain in per cent of the baseline's loss, which the bounds take as given; positive is
          better. At most 100, also the upper bound, if no loss is below 0. NaN if the baseline's
          loss is not above 0
        - ``coverage``, ``baseline_coverage``: share of truths inside the interval, bounds
          included; compare it with the promised one, the column ``coverage`` of `frame`
        - ``width``, ``baseline_width``: mean width of the interval
        - ``verdict``: the result in a sentence

        Coverage and width are there only if `frame` has the columns ``lower`` and ``upper``, and
        are NaN for models without intervals. They play no part in the test.

        With fewer than 16 origins, or fewer than 4 times as many as overlap, there is no test:
        the bounds and the p-value are NaN, and the verdict says how many origins are needed.

    Raises
    ------
    TypeError
        If `frame` is not a DataFrame, or a column has the wrong dtype.
    ValueError
        If a column is missing, `baseline` is not in the frame or is alone in it, models were
        not tested on the same rows or not with the same truth, a loss is NaN or infinite, or a
        model does not have the quantiles or the interval that the loss needs.

    See Also
    --------
    backtest : Make the forecasts of the models.
    skl_lstm.inspection.StepErrorDisplay.from_backtest : Plot the error by step ahead.

    Notes
    -----
    The losses of all steps and series are averaged by origin, because they depend on each
    other. The origins, in order of time and across folds, are one series of T differences. The
    variance of their mean comes from the B slowest cosines [4]_, and the mean is compared with
    Student's t with B degrees of freedom. For this test, Coroneo and Iacone [3]_ recommend twice
    the cube root of T for B. Where forecasts overlap over H origins, B is at most T / 2H, so
    that all cosines are slower than the overlap. H counts as 4 at least.

    In simulations with 16 to 1500 origins, up to 24 steps and autoregressive errors of up to
    0.8, two equally good models looked different in 3 to 7 % of the draws at a level of 5 %. With
    errors of 0.9 and fewer than 200 origins it was up to 13 %. With H - 1 autocovariances and the
    correction of [2]_ it was 4 to 37 %.

    A series or step with large errors weighs more in the mean than one with small errors. No
    comparison makes allowance for the others: of 20 models as good as the baseline, one can be
    expected to look different at a level of 5 %.

    References
    ----------
    .. [1] F. X. Diebold and R. S. Mariano, "Comparing predictive accuracy", Journal of
       Business & Economic Statistics 13(3), 1995.
    .. [2] D. Harvey, S. Leybourne and P. Newbold, "Testing the equality of prediction mean
       squared errors", International Journal of Forecasting 13(2), 1997.
    .. [3] L. Coroneo and F. Iacone, "Comparing predictive accuracy in small samples using
       fixed-smoothing asymptotics", Journal of Applied Econometrics 35(4), 2020.
    .. [4] E. Lazarus, D. J. Lewis, J. H. Stock and M. W. Watson, "HAR inference:
       recommendations for practice", Journal of Business & Economic Statistics 36(4), 2018.
    .. [5] T. Gneiting and A. E. Raftery, "Strictly proper scoring rules, prediction, and
       estimation", Journal of the American Statistical Association 102(477), 2007, equation 43.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import NaiveRegressor, SequenceFlattener, SequenceWindower, TimeSplit
    >>> from skl_lstm import backtest, compare_forecasts, leads
    >>> from skl_lstm.datasets import load_seattle_weather
    >>> weather = load_seattle_weather()[["temp_max", "wind"]]
    >>> y = leads(weather, "temp_max", horizon=3)
    >>> X = weather.loc[y.index]
    >>> models = {
    ...     "ridge": make_pipeline(SequenceWindower(7), SequenceFlattener(), Ridge()),
    ...     "persistence": make_pipeline(SequenceWindower(1), NaiveRegressor("temp_max")),
    ... }
    >>> frame = backtest(models, X, y, cv=TimeSplit(2, test_size="100D", horizon=3))
    >>> result = compare_forecasts(frame, baseline="persistence")
    >>> result[["loss", "baseline_loss", "p_value"]].round(3)
             loss  baseline_loss  p_value
    model
    ridge  11.338         13.902    0.007
    >>> print(result.verdict["ridge"])
    ridge is better than persistence by 18.4 % (6.4 to 30.5) in mean squared error

    `backtest` adds the intervals of models that predict them. These have a fixed width:

    >>> frame["lower"], frame["upper"] = frame["forecast"] - 6, frame["forecast"] + 6
    >>> frame["coverage"] = 0.9
    >>> result = compare_forecasts(frame, baseline="persistence", loss="interval_score")
    >>> result[["coverage", "baseline_coverage", "width"]].round(3)
           coverage  baseline_coverage  width
    model
    ridge     0.933              0.882   12.0
    """
    import pandas as pd

    check_backtest(frame)
    models = _names_of_models(frame, baseline)
    losses = spread_models(frame, _losses(frame, loss))
    intervals = _intervals(frame)
    targets = frame["target"].unique() if "target" in frame else [None]
    parts = {target: _forecasts_of(target, losses) for target in targets}
    cost = f"mean {loss.replace('_', ' ')}" if isinstance(loss, str) else "mean loss"
    rows = []
    for model, (target, part) in product(models, parts.items()):
        if model != baseline:
            row = compare_losses(part, model, baseline, confidence_level)
            sentence = verdict(model, baseline, row, part, cost)
            row |= _compare_intervals(intervals, model, baseline, target)
            row["verdict"] = sentence if target is None else f"{target}: {sentence}"
            rows.append({"model": model, "target": target, **row})
    result = pd.DataFrame(rows).set_index(["model", "target"])
    return result if "target" in frame else result.droplevel("target")


def n_cosines(n_origins: int, overlap: int) -> int:
    """Return the number of cosines that are slower than the overlap and the autocorrelation."""
    slower = n_origins // (2 * max(overlap, SHORTEST_OVERLAP))
    return min(slower, 2 * int(np.cbrt(n_origins)))


def fewest_origins(overlap: int) -> int:
    """Return the number of origins that a test needs."""
    return FEWEST_ORIGINS_PER_OVERLAP * max(overlap, SHORTEST_OVERLAP)


def error_of_mean(series: NDArray, cosines: int) -> float:
    """Return the standard error of the mean of an autocorrelated series (n_origins,)."""
    weights = dct(series, norm="ortho")[1 : 1 + cosines]
    return float(np.sqrt(np.mean(weights**2) / len(series)))


def mean_difference(
    differences: NDArray, origins: NDArray, overlap: int, confidence_level: float
) -> Difference:
    """Return the mean of the differences (n_forecasts,) and the test that it is 0."""
    mean = float(differences.mean())
    n_origins = int(origins.max()) + 1
    if n_origins < fewest_origins(overlap):
        return Difference(mean, np.nan, np.nan, np.nan)
    # What each origin adds to the mean: an origin with more series adds more.
    by_origin = np.bincount(origins, differences - mean) * (n_origins / len(differences))
    cosines = n_cosines(n_origins, overlap)
    error = error_of_mean(by_origin, cosines)
    if error == 0:
        return Difference(mean, mean, mean, float(mean == 0))
    width = float(stdtrit(cosines, (1 + confidence_level) / 2)) * error
    p_value = 2 * float(stdtr(cosines, -abs(mean) / error))
    return Difference(mean, mean - width, mean + width, p_value)


def compare_losses(
    part: Forecasts, model: str, baseline: str, confidence_level: float
) -> dict[str, Any]:
    """Return a row of the result, without the verdict."""
    losses, baseline_losses = part.losses[model].to_numpy(), part.losses[baseline].to_numpy()
    baseline_loss = float(baseline_losses.mean())
    test = mean_difference(losses - baseline_losses, part.origins, part.overlap, confidence_level)
    per_cent = 100 / baseline_loss if baseline_loss > 0 else np.nan
    highest = 100 if losses.min() >= 0 else np.inf
    return {
        "loss": float(losses.mean()),
        "baseline_loss": baseline_loss,
        **test._asdict(),
        # 0 - x, because -x makes 0 a negative zero.
        "improvement": 0 - per_cent * test.difference,
        "improvement_lower": 0 - per_cent * test.upper,
        # np.minimum keeps the NaN of a bound that is not known.
        "improvement_upper": np.minimum(0 - per_cent * test.lower, highest),
    }


def verdict(model: str, baseline: str, row: dict[str, Any], part: Forecasts, cost: str) -> str:
    """Return the result of a test in a sentence."""
    if np.isnan(row["p_value"]):
        n_origins, overlap = part.origins.max() + 1, part.overlap
        why = f", because {overlap} in a row overlap" if overlap > SHORTEST_OVERLAP else ""
        return (
            f"{n_origins} origins are too few to compare {model} with {baseline}; "
            f"{fewest_origins(overlap)} are needed{why}"
        )
    if row["lower"] <= 0 <= row["upper"]:
        rows = f"these {part.n_rows} rows"
        return f"{model} is no better than {baseline} on {rows}; {baseline} is simpler"
    word = "better" if row["difference"] < 0 else "worse"
    if np.isnan(row["improvement"]):
        means = f"{row['loss']:.3g} against {row['baseline_loss']:.3g}"
        return f"{model} is {word} than {baseline}: a {cost} of {means}"
    low, high = sorted(abs(row[name]) for name in ("improvement_lower", "improvement_upper"))
    gain, low, high = map(_per_cent, (abs(row["improvement"]), low, high))
    return f"{model} is {word} than {baseline} by {gain} % ({low} to {high}) in {cost}"


def _per_cent(value: float) -> str:
    """Return a share with one decimal, or one digit if that would be 0.0."""
    return f"{value:.1f}" if value >= 0.05 else f"{value:.1g}"


def _names_of_models(frame: pd.DataFrame, baseline: str) -> list[str]:
    """Return the models in order of appearance."""
    models = frame["model"].unique().tolist()
    if baseline not in models:
        raise ValueError(not_in_frame("baseline", baseline, models))
    if len(models) == 1:
        raise ValueError(
            f"frame has one model only, {baseline!r}, and nothing to compare it with. Pass several "
            f"to backtest: {{{baseline!r}: …, 'LSTM': …}}."
        )
    return models


def _losses(frame: pd.DataFrame, loss: str | Loss) -> NDArray:
    """Return the loss of every row of the frame."""
    truth, forecast = numbers_of(frame, "truth"), numbers_of(frame, "forecast")
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(loss, str) and loss in LOSSES_OF_UNCERTAINTY:
            check_readable(frame, loss, "loss")
            losses = READERS[loss](frame)
        else:
            cost = LOSSES[loss] if isinstance(loss, str) else loss
            losses = np.asarray(cost(truth, forecast), dtype=float)
    if losses.shape != truth.shape:
        raise ValueError(
            f"loss returned an array of shape {losses.shape}, but must return a value for each of "
            f"{len(truth)} forecasts, in shape {truth.shape}."
        )
    wrong = ~np.isfinite(losses)
    if wrong.any():
        raise ValueError(
            f"The loss is NaN or infinite in {wrong.sum()} of {len(frame)} rows, of the models "
            f"{listed(frame['model'][wrong].unique().tolist())}. If truth or forecast is NaN, "
            "leave out these times for all models."
        )
    return losses


def _intervals(frame: pd.DataFrame) -> Intervals | None:
    """Return coverage and mean width by model and target, or None without intervals."""
    if not has_intervals(frame):
        return None
    values = frame[["model"]].assign(
        target=frame.get("target", ""),
        coverage=read_covered(frame),
        width=read_width(frame),
    )
    means = values.groupby(["model", "target"], observed=True).mean()
    return dict(zip(means.index, means.to_dict("records"), strict=True))


def _compare_intervals(
    intervals: Intervals | None, model: str, baseline: str, target: str | None
) -> dict[str, float]:
    """Return the columns of intervals of a row of the result."""
    if intervals is None:
        return {}
    key = "" if target is None else target
    of_model, of_baseline = intervals[model, key], intervals[baseline, key]
    return {
        "coverage": of_model["coverage"],
        "baseline_coverage": of_baseline["coverage"],
        "width": of_model["width"],
        "baseline_width": of_baseline["width"],
    }


def _forecasts_of(target: str | None, losses: pd.DataFrame) -> Forecasts:
    """Return the losses of one target, with the origins and the overlap of its forecasts."""
    part: Any = losses if target is None else losses.xs(target, level="target")
    labels = part.index.to_frame(index=False)
    last = labels.groupby("origin", observed=True)["time"].max()
    origins = last.index.get_indexer(labels["origin"])
    n_rows = len(labels.drop(columns=["step", "time"]).drop_duplicates())
    return Forecasts(part, origins, _overlap(last), n_rows)


def _overlap(last: pd.Series) -> int:
    """Return how many consecutive origins have a target in common, from the last time of each."""
    try:
        # An origin overlaps with those that come before its last target comes true.
        ahead = last.index.searchsorted(last) - np.arange(len(last))
    except (TypeError, ValueError):
        raise TypeError(
            f"Columns 'origin' and 'time' of frame have dtypes {last.index.dtype} and "
            f"{last.dtype}, which cannot be compared. Convert dates by pd.to_datetime."
        ) from None
    return max(1, int(ahead.max()))
