"""Comparison of the mask value of a padded X with that of the network."""

import copy
import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skl_lstm import LSTMClassifier, LSTMRegressor, SequencePadder, SequenceRegressor

SEQUENCES = [np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[7.0, 8.0]])]


def padded(mask_value=-9.0, timesteps=4):
    return SequencePadder(timesteps, mask_value=mask_value).fit_transform(SEQUENCES)


def exactly(message):
    return f"^{re.escape(message)}$"


class NetworkBuilt(Exception):
    """Raised when the network would be built, which means that X was accepted."""


def network(meta, mask_value=None):
    raise NetworkBuilt


Y = [0.0, 1.0]


def mismatch(name, X_value, network_value):
    return exactly(
        f"X was padded with mask_value={X_value}, but {name} skips "
        f"mask_value={network_value}. Use the same value in both."
    )


@pytest.mark.parametrize("network_value", [0.0, -1, 9.0, np.float32(0.5)])
@pytest.mark.parametrize(
    ("estimator", "parameter"),
    [
        (LSTMRegressor(), "mask_value"),
        (LSTMClassifier(), "mask_value"),
        (SequenceRegressor(network), "model__mask_value"),
    ],
)
def test_a_different_mask_value_is_refused_in_fit(estimator, parameter, network_value):
    estimator = clone(estimator).set_params(**{parameter: network_value})
    with pytest.raises(ValueError, match=mismatch(type(estimator).__name__, -9.0, network_value)):
        estimator.fit(padded(), Y)


def test_a_missing_mask_value_gives_a_warning_before_the_network_is_built():
    message = (
        "X was padded with mask_value=-9.0, but SequenceRegressor has no mask_value and reads the "
        "padding as data. Set mask_value=-9.0 to skip the padding."
    )
    regressor = SequenceRegressor(network, model__mask_value=None)
    with pytest.warns(UserWarning, match=exactly(message)), pytest.raises(NetworkBuilt):
        regressor.fit(padded(), Y)


@pytest.mark.parametrize("network_value", [-9.0, -9, np.float64(-9), np.float32(-9), np.int8(-9)])
def test_the_same_mask_value_is_accepted(network_value):
    with pytest.raises(NetworkBuilt):
        SequenceRegressor(network, model__mask_value=network_value).fit(padded(), Y)


def test_mask_values_are_compared_in_single_precision():
    for X_value, network_value in [
        (0.1, np.float32(0.1)),
        (np.float32(0.1), 0.1),
        (0.1, 0.1 + 1e-10),
    ]:
        with pytest.raises(NetworkBuilt):
            SequenceRegressor(network, model__mask_value=network_value).fit(padded(X_value), Y)


@pytest.mark.parametrize("params", [{}, {"model__mask_value": 0.0}, {"model__mask_value": None}])
@pytest.mark.parametrize(
    "X",
    [np.asarray(padded()), padded(timesteps=1), padded() * 1, padded().tolist()],
    ids=["plain array", "nothing padded", "computed", "lists"],
)
def test_arrays_without_a_padding_mark_are_accepted(X, params):
    with pytest.raises(NetworkBuilt):
        SequenceRegressor(network, **params).fit(X, Y)


def test_networks_without_a_mask_value_parameter_are_not_compared():
    with pytest.raises(NetworkBuilt):
        SequenceRegressor(lambda meta: network(meta)).fit(padded(), Y)


@pytest.fixture(scope="module")
def fitted():
    regressor = LSTMRegressor(1, cell="simple_rnn", mask_value=-9.0, epochs=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return regressor.fit(padded(), Y)


def test_a_different_mask_value_is_refused_in_predict_too(fitted):
    assert fitted.predict(padded()).shape == (2,)
    for method in (fitted.predict, lambda X: fitted.score(X, Y)):
        with pytest.raises(ValueError, match=mismatch("LSTMRegressor", -1.0, -9.0)):
            method(padded(-1.0))


def test_the_mask_value_of_the_last_fit_is_compared_and_not_the_parameter(fitted):
    changed = copy.copy(fitted).set_params(mask_value=-1.0)
    for method in (changed.predict, lambda X: changed.partial_fit(X, Y)):
        with pytest.raises(ValueError, match=mismatch("LSTMRegressor", -1.0, -9.0)):
            method(padded(-1.0))
    assert_array_equal(changed.predict(padded()), fitted.predict(padded()))


def test_a_missing_mask_value_gives_a_warning_in_predict_too():
    classifier = LSTMClassifier(1, cell="simple_rnn", epochs=1, random_state=0)
    classifier.fit(np.asarray(padded()), [0, 1])
    message = "X was padded with mask_value=-9.0, but LSTMClassifier has no mask_value"
    for method in (classifier.predict, classifier.predict_proba):
        with pytest.warns(UserWarning, match=message) as caught:
            method(padded())
        assert len(caught) == 1
