"""Checks of the arguments of `ConformalRegressor`, with errors in the terms of the user."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier, is_clusterer

from .._compat.sklearn import check_y
from .._core.every_step import refuse_estimator_of_steps
from .._core.messages import counted, listed
from .._core.uncertainty import quantile_levels
from .._core.user_warnings import warn_user
from .._core.validation import explained, numeric
from ..estimators.data import target_names
from ..forecasting.windows import parts_of
from .scores import fewest_scores


def read_truth(y: ArrayLike, estimator: Any) -> NDArray[np.float64]:
    """Return the truths as (rows, outputs)."""
    with explained(y, "y"):
        values = numeric(check_y(y, multi_output=True, estimator=estimator), "y")
    return values.reshape(len(values), -1).astype(np.float64)


def check_names(y: Any, of_fit: list[str] | None) -> None:
    """Raise if the columns of y have other names than in fit."""
    names = target_names(y)
    if names is None or of_fit is None or names == of_fit:
        return
    remedy = "Make it in the same way as in fit."
    if sorted(names) == sorted(of_fit):
        remedy = f"Use y[{of_fit}]."
    raise ValueError(f"y has the columns {listed(names)}, but in fit {listed(of_fit)}. {remedy}")


def refuse_other_kinds(estimator: Any) -> None:
    """Raise for estimators whose predictions are no numbers that a truth can be far from."""
    for kind, is_kind in (("classifier", is_classifier), ("clusterer", is_clusterer)):
        if is_kind(estimator):
            raise ValueError(
                f"estimator is the {kind} {type(estimator).__name__}, but ConformalRegressor needs "
                "a regressor. Its intervals are for numbers."
            )
    refuse_estimator_of_steps(estimator, "ConformalRegressor")


def check_same_levels(levels: NDArray | None, of_refit: NDArray | None) -> None:
    """Raise if the estimator predicts other quantiles after a refit."""
    if not np.array_equal(() if levels is None else levels, () if of_refit is None else of_refit):
        raise ValueError(
            f"The estimator predicts the quantiles {levels} for the training rows, but {of_refit} "
            "after the refit on all rows, so the widths belong to other quantiles. Leave quantiles "
            "out of the search, or use refit=False."
        )


def warn_of_hidden_quantiles(estimator: Any) -> None:
    """Warn if a part of the estimator predicts quantiles, and the estimator does not return them.

    An example is `VotingRegressor`, which averages the forecasts only.
    """
    if quantile_levels(estimator) is not None:
        return
    for part in parts_of(estimator):
        # QuantileTransformer has the attribute, too.
        if hasattr(part, "predict") and getattr(part, "quantiles_", None) is not None:
            warn_user(
                f"The intervals have the same width for all rows, because "
                f"{type(estimator).__name__} does not return the quantiles of the "
                f"{type(part).__name__} in it. Use the {type(part).__name__}, or a Pipeline that "
                "ends with it, to get a width for each row."
            )
            return


def check_coverage(coverage: Any) -> float:
    """Return the coverage, or raise if it is none."""
    is_number = isinstance(coverage, Real) and not isinstance(coverage, bool)
    if not is_number or not 0 < float(coverage) < 1:
        raise ValueError(
            f"coverage={coverage!r} is not above 0 and below 1. It is the share of the truths that "
            "the intervals should hold, such as 0.9."
        )
    return float(coverage)


def check_enough(coverage: float, n_rows: int, calibration: float) -> None:
    """Raise if there are too few calibration rows for a coverage."""
    needed = fewest_scores(coverage)
    if n_rows < needed:
        possible = n_rows / (n_rows + 1)
        raise ValueError(
            f"coverage={coverage:g} needs {counted(needed, 'calibration row')} or more, but "
            f"calibration={calibration} leaves {n_rows}. Use a larger calibration, more "
            f"rows, or a coverage of {possible:.3g} or less."
        )


def check_labelled(index: Any, ends: Any) -> None:
    """Raise if only one of the rows of X and those of fit have labels."""
    if (index is None) != (ends is None):
        was, now = ("no labels", "labels") if ends is None else ("labels", "no labels")
        raise ValueError(
            f"The rows of X have {now}, but those of fit had {was}. Pass rows of the same kind, so "
            "that their order in time is known."
        )
