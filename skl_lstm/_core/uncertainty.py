"""What an estimator forecasts besides its point forecast: quantiles, or an interval."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Prediction(NamedTuple):
    """A point forecast, with its quantiles and its interval if the estimator has them."""

    forecast: NDArray  # (n_samples,) or (n_samples, n_outputs)
    levels: NDArray | None = None  # (n_quantiles,), increasing
    quantiles: NDArray | None = None  # (n_samples, [n_outputs,] n_quantiles)
    interval: NDArray | None = None  # (n_samples, [n_outputs,] 2): lower and upper bound
    coverage: float | None = None  # share of the truths that the interval should hold


def quantile_levels(estimator: Any) -> NDArray | None:
    """Return the levels of the quantiles that a fitted estimator predicts, or None."""
    estimator = chosen_by_search(estimator)
    steps = getattr(estimator, "steps", None)
    return quantile_levels(steps[-1][1]) if steps else getattr(estimator, "quantiles_", None)


def chosen_by_search(estimator: Any) -> Any:
    """Return the best estimator of a fitted search, whose own predict takes only X."""
    return getattr(estimator, "best_estimator_", estimator)


def predict_quantiles(estimator: Any, X: ArrayLike) -> tuple[NDArray, NDArray]:
    """Return the point forecast and the quantiles of an estimator that has `quantile_levels`."""
    chosen = chosen_by_search(estimator)
    if not getattr(chosen, "steps", None):
        return chosen.predict(X, return_quantiles=True)
    # Not by the Pipeline: if its last step is a search, this takes only X.
    return predict_quantiles(chosen.steps[-1][1], _before_last_step(chosen, X))


def predict_with_uncertainty(estimator: Any, X: ArrayLike) -> Prediction:
    """Return all that a fitted estimator forecasts for X.

    The interval of an estimator of quantiles reaches from the lowest to the highest one.
    """
    chosen = chosen_by_search(estimator)
    steps = getattr(chosen, "steps", None)
    if steps and _has_intervals(chosen_by_search(steps[-1][1])):  # a Pipeline hides the method
        return predict_with_uncertainty(steps[-1][1], _before_last_step(chosen, X))
    if _has_intervals(chosen):
        interval, coverage = chosen.predict_interval(X), float(chosen.coverage)
        return Prediction(np.asarray(estimator.predict(X)), interval=interval, coverage=coverage)
    levels = quantile_levels(chosen)
    if levels is None:
        return Prediction(np.asarray(estimator.predict(X)))
    forecast, quantiles = predict_quantiles(chosen, X)
    if len(levels) == 1:
        return Prediction(forecast, levels, quantiles)
    coverage = round(float(levels[-1] - levels[0]), 12)
    return Prediction(forecast, levels, quantiles, quantiles[..., [0, -1]], coverage)


def _before_last_step(pipeline: Any, X: ArrayLike) -> Any:
    """Return what a fitted Pipeline passes to its last step."""
    return pipeline[:-1].transform(X) if len(pipeline.steps) > 1 else X


def _has_intervals(estimator: Any) -> bool:
    return hasattr(estimator, "predict_interval") and hasattr(estimator, "coverage")
