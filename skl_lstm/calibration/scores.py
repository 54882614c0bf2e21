"""The arithmetic of conformal prediction: bounds, scores, their quantiles and their adaptation.

A forecast is a pair of bounds, (rows, outputs, pairs): a pair of quantiles, or the point forecast
twice. The score of a row is how far its truth lies outside the bounds, and is negative inside. The
interval is the bounds, moved outwards by a quantile of the scores of calibration rows. With two
quantiles this is conformalized quantile regression [1]_, with a point forecast split conformal
prediction [2]_.

MAPIE does not do this arithmetic here: its scores take one output and refuse values above about
1e8, its quantile is private, and its regressors need the coverage before the data. The tests
compare with its intervals where it has them.

References
----------
.. [1] Y. Romano, E. Patterson and E. Candès, "Conformalized quantile regression", NeurIPS 2019.
.. [2] J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani and L. Wasserman, "Distribution-free predictive
   inference for regression", Journal of the American Statistical Association 113(523), 2018.
.. [3] I. Gibbs and E. Candès, "Adaptive conformal inference under distribution shift",
   NeurIPS 2021.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The coverages that are adapted. Others are interpolated.
NOMINAL = np.linspace(0, 1, 101)
# 0.9 / 0.1 and similar terms may exceed the integer that they mean by a rounding error.
_ROUNDING = 1e-9


def pair_coverages(levels: NDArray | None) -> NDArray[np.float64]:
    """Return the coverage of every pair of bounds: the outermost quantiles first."""
    if levels is None or len(levels) == 1:
        return np.zeros(1)
    return (levels[::-1] - levels)[: len(levels) // 2]


def bounds_of(forecast: NDArray, quantiles: NDArray | None) -> tuple[NDArray, NDArray]:
    """Return the lower and the upper bounds (rows, outputs, pairs) of a forecast.

    `forecast` is (rows,) or (rows, outputs), and `quantiles` has an axis of quantiles more.
    """
    n_rows = len(forecast)
    if quantiles is None or quantiles.shape[-1] == 1:
        point = np.asarray(forecast, np.float64).reshape(n_rows, -1, 1)
        return point, point
    n_levels = quantiles.shape[-1]
    columns = np.asarray(quantiles, np.float64).reshape(n_rows, -1, n_levels)
    return columns[..., : n_levels // 2], columns[..., : -(n_levels // 2) - 1 : -1]


def conformity_scores(truth: NDArray, lower: NDArray, upper: NDArray) -> NDArray[np.float64]:
    """Return how far the truth (rows, outputs) lies outside the bounds (rows, outputs, pairs)."""
    y = truth[..., np.newaxis]
    return np.maximum(lower - y, y - upper)


def fewest_scores(coverage: float) -> int:
    """Return the number of scores that a coverage needs: its quantile must be one of them."""
    return int(np.ceil(coverage / (1 - coverage) * (1 - _ROUNDING)))


def ranks(coverage: float | NDArray, n_scores: int) -> NDArray[np.intp]:
    """Return which of the sorted scores is their quantile, counted from 1.

    A share `coverage` of new scores is not above it, if they are like the old ones: of n + 1
    places among n sorted scores, each is equally likely. It is the largest score at most.
    """
    rank = np.ceil(np.asarray(coverage) * (n_scores + 1) * (1 - _ROUNDING)).astype(np.intp)
    return np.clip(rank, 1, n_scores)


def thresholds(scores: NDArray, coverage: NDArray) -> NDArray[np.float64]:
    """Return the quantile of the scores (rows, outputs) for the coverage of every output."""
    rank = ranks(coverage, len(scores))
    return np.take_along_axis(np.sort(scores, axis=0), rank[np.newaxis] - 1, axis=0)[0]


def new_levels(n_outputs: int, n_pairs: int) -> NDArray[np.float64]:
    """Return the levels before any update, (coverages, outputs, pairs): those of `NOMINAL`."""
    return np.tile(NOMINAL[:, np.newaxis, np.newaxis], (1, n_outputs, n_pairs))


def level_in_use(levels: NDArray, coverage: float) -> NDArray[np.float64]:
    """Return the level of every output for a coverage; `levels` is (coverages, outputs)."""
    return np.array([np.interp(coverage, NOMINAL, level) for level in levels.T])


def adapt(
    levels: NDArray, window: NDArray, scores: NDArray, moments: NDArray, gamma: float
) -> tuple[NDArray, NDArray]:
    """Take new scores into account, one moment after the other; return new levels and window.

    Adaptive conformal inference [3]_: where the interval missed the truth, the level in use rises
    by ``gamma * coverage``, and where it held the truth, it falls by ``gamma * (1 - coverage)``.
    Series of a panel at one moment count by their mean. The new scores replace the oldest ones of
    `window`, (rows, outputs, pairs). `moments` are sorted.
    """
    levels, n_scores = levels.copy(), len(window)
    starts = np.flatnonzero(np.diff(moments, prepend=moments[0] - 1))
    recent = np.concatenate([window, scores])
    for start, stop in zip(starts, [*starts[1:], len(moments)], strict=True):
        known = np.sort(recent[start : start + n_scores], axis=0)
        share = _share_covered(known, scores[start:stop], ranks(levels, n_scores))
        nominal = NOMINAL[:, np.newaxis, np.newaxis]
        # Sorted, as the coverages are: the interval of a higher coverage is not narrower.
        levels = np.sort(np.clip(levels + gamma * (nominal - share), 0, 1), axis=0)
    return levels, recent[-n_scores:]


def _share_covered(known: NDArray, scores: NDArray, rank: NDArray) -> NDArray[np.float64]:
    """Return the share of the scores that are not above the known score of each rank.

    The axes are: `known` (sorted scores, outputs, pairs), `scores` (rows, outputs, pairs), `rank`
    and the result (coverages, outputs, pairs).
    """
    n_below = np.empty(scores.shape, np.intp)
    for column in np.ndindex(scores.shape[1:]):
        place = (slice(None), *column)
        n_below[place] = np.searchsorted(known[place], scores[place])
    return np.mean(n_below < rank[:, np.newaxis], axis=1)
