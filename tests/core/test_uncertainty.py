"""Reading quantiles and intervals from estimators, alone or in pipelines and searches."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm._core.uncertainty import predict_with_uncertainty, quantile_levels

X = np.random.default_rng(0).normal(size=(12, 2))
Y = X.sum(axis=1)


class Quantiles(RegressorMixin, BaseEstimator):
    def __init__(self, levels=(0.05, 0.5, 0.95)):
        self.levels = levels

    def fit(self, X, y):
        self.quantiles_ = np.array(self.levels)
        return self

    def predict(self, X, return_quantiles=False):
        quantiles = X[:, :1] + self.quantiles_
        return (X[:, 0], quantiles) if return_quantiles else X[:, 0]


class Interval(RegressorMixin, BaseEstimator):
    def __init__(self, coverage=0.8):
        self.coverage = coverage

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return X[:, 0]

    def predict_interval(self, X):
        return np.column_stack([X[:, 0] - 1, X[:, 0] + 1])


def wrapped(estimator):
    search = GridSearchCV(estimator, {}, cv=2)
    return {
        "alone": estimator.fit(X, Y),
        "at the end of a pipeline": make_pipeline(StandardScaler(), estimator).fit(X, Y),
        "chosen by a search": search.fit(X, Y),
        "frozen": FrozenEstimator(make_pipeline(StandardScaler(), estimator).fit(X, Y)),
        "a search in a pipeline": make_pipeline(StandardScaler(), search).fit(X, Y),
        "the only step": make_pipeline(estimator).fit(X, Y),
        "a pipeline in a search": GridSearchCV(
            make_pipeline(StandardScaler(), estimator), {}, cv=2
        ).fit(X, Y),
    }


WRAPPINGS = list(wrapped(LinearRegression()))


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_quantiles_and_the_interval_between_the_outer_ones(wrapping, routing):
    model = wrapped(Quantiles())[wrapping]
    with config_context(enable_metadata_routing=routing):
        found = predict_with_uncertainty(model, X)
    assert_array_equal(found.levels, [0.05, 0.5, 0.95])
    assert_array_equal(found.forecast, model.predict(X))
    assert_array_equal(found.quantiles, found.forecast[:, np.newaxis] + found.levels)
    assert_array_equal(found.interval, found.quantiles[:, [0, 2]])
    assert found.coverage == 0.9


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_intervals(wrapping):
    model = wrapped(Interval())[wrapping]
    found = predict_with_uncertainty(model, X)
    assert_array_equal(found.forecast, model.predict(X))
    assert_array_equal(found.interval, found.forecast[:, np.newaxis] + [-1, 1])
    assert found.coverage == 0.8
    assert found.levels is found.quantiles is None


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_an_estimator_without_either(wrapping):
    model = wrapped(LinearRegression())[wrapping]
    found = predict_with_uncertainty(model, X)
    assert_array_equal(found.forecast, model.predict(X))
    assert found[1:] == (None, None, None, None)
    assert quantile_levels(model) is None


def test_one_quantile_is_no_interval():
    found = predict_with_uncertainty(Quantiles((0.9,)).fit(X, Y), X)
    assert found.quantiles.shape == (12, 1)
    assert found.interval is found.coverage is None


@pytest.mark.parametrize("outputs", [None, 1, 3])
def test_quantiles_of_a_transformed_target(outputs):
    class Several(Quantiles):
        """Has as many outputs as y, each of them the first column times its position."""

        def fit(self, X, y):
            self.factors_ = np.arange(1, 1 + np.prod(y.shape[1:], dtype=int))
            self.ndim_ = y.ndim
            return super().fit(X, y)

        def predict(self, X, return_quantiles=False):
            point = X[:, :1] * self.factors_
            quantiles = point[..., np.newaxis] + self.quantiles_ - 0.5
            if self.ndim_ == 1:
                point, quantiles = point[:, 0], quantiles[:, 0]
            return (point, quantiles) if return_quantiles else point

    y = np.abs(Y) if outputs is None else np.abs(np.outer(Y, np.arange(1, outputs + 1)))
    model = TransformedTargetRegressor(Several(), func=np.log1p, inverse_func=np.expm1)
    model = make_pipeline(StandardScaler(), model).fit(X, y)
    found = predict_with_uncertainty(model, X)
    assert_array_equal(found.levels, [0.05, 0.5, 0.95])
    assert_array_equal(found.forecast, model.predict(X))
    inner = model[-1].regressor_.predict(model[:-1].transform(X), return_quantiles=True)[1]
    assert_allclose(found.quantiles, np.expm1(inner).reshape(found.quantiles.shape))
    assert found.quantiles.shape == (*np.shape(found.forecast), 3)
    assert found.interval.shape == (*np.shape(found.forecast), 2)


def test_a_decreasing_transform_of_the_target_is_refused():
    model = TransformedTargetRegressor(Quantiles(), func=np.negative, inverse_func=np.negative).fit(
        X, Y
    )
    with pytest.raises(ValueError, match="The inverse transform of the target is decreasing"):
        predict_with_uncertainty(model, X)
