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
    if steps := getattr(estimator, "steps", None):
        return quantile_levels(steps[-1][1])
    if _transforms_target(estimator):
        return quantile_levels(estimator.regressor_)
    return getattr(estimator, "quantiles_", None)


def chosen_by_search(estimator: Any) -> Any:
    """Return the best estimator of a fitted search, whose own predict takes only X."""
    return getattr(estimator, "best_estimator_", estimator)


def predict_quantiles(estimator: Any, X: ArrayLike) -> tuple[NDArray, NDArray]:
    """Return the point forecast and the quantiles of an estimator that has `quantile_levels`."""
    estimator = chosen_by_search(estimator)
    # Not by the Pipeline: if its last step is a search, this takes only X.
    if steps := getattr(estimator, "steps", None):
        return predict_quantiles(steps[-1][1], _before_last_step(estimator, X))
    if _transforms_target(estimator):
        forecast, (_, quantiles) = estimator.predict(X), predict_quantiles(estimator.regressor_, X)
        back = _transformed_back(quantiles, estimator.transformer_)
        return forecast, back.reshape(*forecast.shape, -1)  # y of one column has lost its axis
    return estimator.predict(X, return_quantiles=True)


def _transforms_target(estimator: Any) -> bool:
    """Return whether an estimator is a fitted `TransformedTargetRegressor`."""
    return hasattr(estimator, "regressor_") and hasattr(estimator, "transformer_")


def _transformed_back(quantiles: NDArray, transformer: Any) -> NDArray:
    """Return quantiles of a transformed target in the units of the target, (rows, outputs, levels).

    A quantile of a function of the target is the function of the quantile, if it is increasing.
    """
    n_rows, n_levels = len(quantiles), quantiles.shape[-1]
    levels = np.moveaxis(quantiles.reshape(n_rows, -1, n_levels), -1, 0)
    back = np.stack([transformer.inverse_transform(level) for level in levels], axis=-1)
    if (back[..., 1:] < back[..., :-1]).any():
        raise ValueError(
            "The inverse transform of the target is decreasing, so its low quantiles would become "
            "high ones. Use a transform that increases, such as np.log1p with np.expm1."
        )
    return back


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
