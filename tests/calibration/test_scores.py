"""The arithmetic of conformal prediction, compared with plain loops and with MAPIE."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, QuantileRegressor

from skl_lstm import ConformalRegressor
from skl_lstm.calibration.scores import (
    NOMINAL,
    adapt,
    bounds_of,
    conformity_scores,
    fewest_scores,
    level_in_use,
    new_levels,
    pair_coverages,
    ranks,
    thresholds,
)

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32)
COVERAGES = st.floats(0.001, 0.999)


def smallest_score_for(scores, coverage):
    """The smallest score that a share `coverage` of n + 1 places is not above; else the largest."""
    wanted = coverage * (len(scores) + 1) * (1 - 1e-9)
    for score in sorted(scores):
        if sum(other <= score for other in scores) >= wanted:
            return score
    return max(scores)


@settings(deadline=None)
@given(
    scores=st.integers(1, 30).flatmap(lambda n: arrays(float, (n, 2), elements=NUMBERS)),
    coverage=st.lists(COVERAGES, min_size=2, max_size=2),
)
def test_a_threshold_is_a_score_that_enough_scores_do_not_exceed(scores, coverage):
    found = thresholds(scores, np.array(coverage))
    assert found.tolist() == [
        smallest_score_for(column, c) for column, c in zip(scores.T.tolist(), coverage, strict=True)
    ]


@pytest.mark.parametrize(
    ("coverage", "needed"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99), (0.9999, 9999)]
)
def test_the_fewest_scores_are_those_with_a_quantile_that_is_one_of_them(coverage, needed):
    assert fewest_scores(coverage) == needed
    rank = math.ceil(coverage * (needed + 1) - 1e-9)
    assert rank == needed
    assert math.ceil(coverage * needed - 1e-9) > needed - 1


@settings(deadline=None)
@given(
    truth=arrays(float, (4, 2), elements=NUMBERS),
    quantiles=arrays(float, (4, 2, 5), elements=NUMBERS),
)
def test_a_score_is_the_distance_to_the_nearer_bound_negative_inside(truth, quantiles):
    quantiles = np.sort(quantiles, axis=-1)
    lower, upper = bounds_of(quantiles[..., 2], quantiles)
    scores = conformity_scores(truth, lower, upper)
    for row, output, pair in np.ndindex(scores.shape):
        low, high = quantiles[row, output, [pair, 4 - pair]]
        y, score = truth[row, output], scores[row, output, pair]
        assert score == max(low - y, y - high)
        assert (score <= 0) == (low <= y <= high)
        # The interval that is moved by a score has the truth on its edge.
        assert_allclose(min(abs(low - score - y), abs(high + score - y)), 0, atol=1e-6)


def test_the_score_of_a_point_forecast_is_the_absolute_error():
    truth, forecast = np.array([[1.0], [5.0]]), np.array([2.0, 2.5])
    for quantiles in (None, forecast[:, np.newaxis]):  # one quantile is no pair
        scores = conformity_scores(truth, *bounds_of(forecast, quantiles))
        assert_array_equal(scores, [[[1.0]], [[2.5]]])


@pytest.mark.parametrize("outputs", [(), (1,), (3,)])
@pytest.mark.parametrize("n_levels", [2, 3, 4, 7])
def test_bounds_have_an_axis_of_outputs_and_one_of_pairs(outputs, n_levels):
    quantiles = np.arange(5 * int(np.prod(outputs)) * n_levels, dtype=np.float32)
    quantiles = quantiles.reshape(5, *outputs, n_levels)
    forecast, n_outputs, n_pairs = quantiles[..., 0], int(np.prod(outputs)), n_levels // 2
    for found, first, step in zip(
        bounds_of(forecast, quantiles), (0, n_levels - 1), (1, -1), strict=True
    ):
        assert found.shape == (5, n_outputs, n_pairs)
        assert found.dtype == np.float64
        for pair in range(n_pairs):
            assert_array_equal(
                found[..., pair].ravel(), quantiles[..., first + step * pair].ravel()
            )
    for found in bounds_of(forecast, None):
        assert found.dtype == np.float64
        assert_array_equal(found, forecast.reshape(5, n_outputs, 1))


def test_ranks_are_not_off_by_a_rounding_error():
    assert 0.55 * 100 > 55
    assert ranks(0.55, 99) == 55
    assert ranks(np.array([0.9, 0.99, 1.0, 0.0]), 99).tolist() == [90, 99, 99, 1]


def test_pairs_are_counted_from_the_outermost_quantiles():
    assert_allclose(pair_coverages(np.array([0.05, 0.25, 0.5, 0.75, 0.95])), [0.9, 0.5])
    assert_allclose(pair_coverages(np.array([0.1, 0.4, 0.6, 0.9])), [0.8, 0.2])
    assert_array_equal(pair_coverages(np.array([0.5])), [0])
    assert_array_equal(pair_coverages(None), [0])


def adapted_by_a_loop(window, scores, moments, gamma):
    """Adaptive conformal inference of one output for all coverages, written out."""
    levels, window = NOMINAL.tolist(), list(window)
    for moment in sorted(set(moments)):
        new = [score for score, at in zip(scores, moments, strict=True) if at == moment]
        for position, coverage in enumerate(NOMINAL):
            level = levels[position]
            threshold = smallest_score_for(window, level) if level > 0 else min(window)
            share = sum(score <= threshold for score in new) / len(new)
            levels[position] = min(max(level + gamma * (coverage - share), 0), 1)
        levels.sort()
        window = (window + new)[len(new) :]
    return levels, window


@settings(deadline=None)
@given(data=st.data(), gamma=st.sampled_from([0.0, 0.05, 0.5]), n_new=st.integers(1, 12))
def test_levels_adapt_as_in_a_loop_over_the_moments(data, gamma, n_new):
    scores = data.draw(arrays(float, (8 + n_new, 2, 1), elements=NUMBERS))
    moments = np.sort(data.draw(arrays(int, n_new, elements=st.integers(0, 5))))
    window, new = scores[:8], scores[8:]
    levels, kept = adapt(new_levels(2, 1), window, new, moments, gamma)
    for output in range(2):
        columns = window[:, output, 0].tolist(), new[:, output, 0].tolist()
        expected = adapted_by_a_loop(*columns, moments.tolist(), gamma)
        assert_allclose(levels[:, output, 0], expected[0], atol=1e-12)
        assert kept[:, output, 0].tolist() == expected[1]


def test_levels_keep_the_share_of_misses_right_when_the_noise_jumps():
    rng = np.random.default_rng(0)
    scores = np.abs(rng.normal(size=2000)) * np.repeat([1, 5, 0.2, 30], 500)
    level, window, covered = new_levels(1, 1), scores[:100, None, None], []
    for score in scores[100:]:
        threshold = thresholds(window[..., 0], level_in_use(level[..., 0], 0.9))
        covered.append(score <= threshold[0])
        level, window = adapt(level, window, score.reshape(1, 1, 1), np.zeros(1), 0.05)
    assert abs(np.mean(covered) - 0.9) < 0.01


def test_before_an_update_every_coverage_is_its_own_level():
    for coverage in (0.001, 0.123, 0.5, 0.9, 0.999):
        assert_allclose(level_in_use(new_levels(3, 1)[..., 0], coverage), coverage)


class LinearQuantiles(LinearRegression):
    """Predicts quantiles as `LSTMRegressor` does, from linear quantile regressions."""

    def fit(self, X, y):
        self.quantiles_ = np.array([0.1, 0.5, 0.9])
        self.models_ = [QuantileRegressor(quantile=q, alpha=0).fit(X, y) for q in self.quantiles_]
        return self

    def predict(self, X, return_quantiles=False):
        quantiles = np.sort([model.predict(X) for model in self.models_], axis=0).T
        return (quantiles[:, 1], quantiles) if return_quantiles else quantiles[:, 1]


def rows_with_noise(n_rows=240):
    rng = np.random.default_rng(0)
    X = rng.uniform(1, 3, size=(n_rows, 2))
    return X, X.sum(axis=1) + X[:, 0] * rng.normal(size=n_rows)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_intervals_of_constant_width_are_those_of_mapie(coverage):
    from mapie.regression import SplitConformalRegressor

    X, y = rows_with_noise()
    ours = ConformalRegressor(LinearRegression(), coverage=coverage, calibration=0.25).fit(X, y)
    theirs = SplitConformalRegressor(
        LinearRegression().fit(X[:180], y[:180]), confidence_level=coverage, prefit=True
    ).conformalize(X[180:], y[180:])
    assert_allclose(ours.predict_interval(X), theirs.predict_interval(X)[1][..., 0], rtol=1e-12)


def test_intervals_from_quantiles_are_those_of_mapie():
    from mapie.regression import ConformalizedQuantileRegressor

    X, y = rows_with_noise()
    ours = ConformalRegressor(LinearQuantiles(), coverage=0.8, calibration=0.25).fit(X, y)
    low, median, high = ours.estimator_.models_
    theirs = ConformalizedQuantileRegressor(
        [low, high, median], confidence_level=0.8, prefit=True
    ).conformalize(X[180:], y[180:])
    expected = theirs.predict_interval(X, symmetric_correction=True)[1][..., 0]
    assert_allclose(ours.predict_interval(X), expected, rtol=1e-12)
