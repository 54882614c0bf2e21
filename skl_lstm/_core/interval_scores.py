"""What quantiles and intervals cost: arithmetic on arrays, and on the columns of a backtest.

A smaller value is better, except for the coverage, which should be the promised one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .backtest_frames import INTERVAL_COLUMNS, numbers_of, quantile_columns
from .messages import listed

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLES = {
    "quantiles": "LSTMRegressor(quantiles=(0.05, 0.5, 0.95))",
    "interval": "ConformalRegressor(estimator, coverage=0.9)",
}


def pinball_losses(truth: NDArray, quantiles: NDArray, levels: NDArray) -> NDArray:
    """Return the mean over the quantiles (n, n_quantiles) of the loss of each of them."""
    error = truth[:, np.newaxis] - quantiles
    return np.maximum(levels * error, (levels - 1) * error).mean(axis=1)


def interval_scores(truth: NDArray, lower: NDArray, upper: NDArray, coverage: NDArray) -> NDArray:
    """Return the width of intervals and a penalty for truths outside."""
    outside = np.maximum(lower - truth, 0) + np.maximum(truth - upper, 0)
    return upper - lower + 2 / (1 - coverage) * outside


def is_covered(truth: NDArray, lower: NDArray, upper: NDArray) -> NDArray:
    """Return 1 where the interval holds the truth, 0 where it does not, NaN if not known."""
    known = ~(np.isnan(truth) | np.isnan(lower) | np.isnan(upper))
    return np.where(known, (lower <= truth) & (truth <= upper), np.nan)


def read_pinball_losses(frame: pd.DataFrame) -> NDArray:
    """Return the mean pinball loss of every row of a backtest."""
    levels = quantile_columns(frame)
    quantiles = np.column_stack([numbers_of(frame, column) for column in levels])
    return pinball_losses(numbers_of(frame, "truth"), quantiles, np.array([*levels.values()]))


def read_interval_scores(frame: pd.DataFrame) -> NDArray:
    """Return the interval score of every row of a backtest."""
    lower, upper, coverage = (numbers_of(frame, column) for column in INTERVAL_COLUMNS)
    return interval_scores(numbers_of(frame, "truth"), lower, upper, coverage)


def read_covered(frame: pd.DataFrame) -> NDArray:
    """Return for every row of a backtest whether its interval holds the truth."""
    return is_covered(*(numbers_of(frame, column) for column in ("truth", "lower", "upper")))


def read_width(frame: pd.DataFrame) -> NDArray:
    """Return the width of the interval of every row of a backtest."""
    return numbers_of(frame, "upper") - numbers_of(frame, "lower")


# The mean over rows is the value of a model.
READERS: dict[str, Callable[[pd.DataFrame], NDArray]] = {
    "pinball_loss": read_pinball_losses,
    "interval_score": read_interval_scores,
    "coverage": read_covered,
    "width": read_width,
}


def check_readable(frame: pd.DataFrame, name: str, argument: str) -> None:
    """Raise if `READERS[name]` cannot read the rows of every model.

    `argument` is the parameter that the user has set to `name`.
    """
    if name == "pinball_loss":
        _check_quantiles(frame, name, argument)
    else:
        _check_intervals(frame, name, argument)


def _check_quantiles(frame: pd.DataFrame, name: str, argument: str) -> None:
    columns = list(quantile_columns(frame))
    counts = _counts(frame, columns)
    _check_every_model(counts, "quantiles", name, argument)
    _check_same_quantiles(counts, name)
    _check_no_row_is_missing(frame, columns)


def _check_intervals(frame: pd.DataFrame, name: str, argument: str) -> None:
    columns = [*INTERVAL_COLUMNS] if name == "interval_score" else ["lower", "upper"]
    counts = _counts(frame, [column for column in columns if column in frame])
    _check_every_model(counts, "interval", name, argument)
    if missing := [column for column in columns if column not in frame]:
        raise ValueError(
            f"frame has no column {listed(missing)}, but {argument}={name!r} needs "
            f"{listed(columns)}. Pass the DataFrame that backtest returns, with all of its columns."
        )
    _check_no_row_is_missing(frame, columns)
    _check_order(frame)
    if name == "interval_score":
        _check_coverage(frame)


def _counts(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the number of values that are not missing, as a table (models, columns)."""
    return frame.groupby("model", observed=True, sort=False)[columns].count()


def _check_every_model(counts: pd.DataFrame, what: str, name: str, argument: str) -> None:
    lacking = counts.index[~(counts > 0).any(axis=1)].tolist()
    if not lacking:
        return
    needs = f"{argument}={name!r} needs the {what} of every model, but frame has none of "
    if len(lacking) == len(counts):
        raise ValueError(
            f"{needs}{listed(lacking)}. Use another {argument}, or backtest models such as "
            f"{_EXAMPLES[what]}."
        )
    others = f"frame['model'] != {lacking[0]!r}"
    if len(lacking) > 1:
        others = f"~frame['model'].isin({lacking!r})"
    raise ValueError(
        f"{needs}{listed(lacking)}. Use another {argument}, or leave models out by frame[{others}]."
    )


def _check_same_quantiles(counts: pd.DataFrame, name: str) -> None:
    has = counts > 0
    partly = has.columns[~has.all()].tolist()
    if not partly:
        return
    remedy = f"Leave quantiles out by frame.drop(columns={partly!r})."
    if len(partly) == has.shape[1]:
        remedy = "They have none in common: backtest the models with the same levels."
    of_models = has[partly[0]]
    raise ValueError(
        f"{of_models.idxmax()!r} has the quantile {partly[0]!r}, which {of_models.idxmin()!r} has "
        f"not, but {name} compares the same quantiles of all models. {remedy}"
    )


def _check_no_row_is_missing(frame: pd.DataFrame, columns: list[str]) -> None:
    for column in columns:
        missing = frame[column].isna()
        if missing.any():
            models = frame.loc[missing, "model"].unique().tolist()
            raise ValueError(
                f"Column {column!r} of frame is NaN in {missing.sum()} of {len(frame)} rows, of "
                f"the models {listed(models)}. Leave out these times for all models."
            )


def _check_coverage(frame: pd.DataFrame) -> None:
    coverage = numbers_of(frame, "coverage")
    wrong = ~((coverage > 0) & (coverage < 1))
    if wrong.any():
        raise ValueError(
            f"Column 'coverage' of frame is {coverage[wrong][0]:g} in {wrong.sum()} of "
            f"{len(frame)} rows, but must be the share of truths that the interval promises to "
            "hold, between 0 and 1."
        )
    other = ~np.isclose(coverage, coverage[0])
    if other.any():
        position = int(other.argmax())
        models = [repr(frame["model"].iloc[row]) for row in (0, position)]
        raise ValueError(
            f"The intervals of {models[0]} promise a coverage of {coverage[0]:g}, those of "
            f"{models[1]} {coverage[position]:g}, but only intervals of the same coverage have "
            "scores that can be compared. Backtest the models with the same coverage."
        )


def _check_order(frame: pd.DataFrame) -> None:
    crossed = read_width(frame) < 0
    if crossed.any():
        models = frame["model"][crossed].unique().tolist()
        raise ValueError(
            f"Column 'lower' of frame is above 'upper' in {crossed.sum()} of {len(frame)} rows, of "
            f"the models {listed(models)}. Correct what these models predict as their interval."
        )
