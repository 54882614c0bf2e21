"""Files of older versions load, and their models predict the same values."""

from inspect import isclass, signature

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

import skl_lstm
from skl_lstm import (
    TRUSTED_TYPES,
    ConformalRegressor,
    LSTMRegressor,
    LSTMStepClassifier,
    SequencePadder,
    SequenceWindower,
)

ROWS = np.random.default_rng(0).normal(size=(24, 2))
OWN_NAMES = [name.removeprefix("skl_lstm.") for name in TRUSTED_TYPES if "skl_lstm" in name]
OWN_CLASSES = [one for one in (getattr(skl_lstm, name) for name in OWN_NAMES) if isclass(one)]


def defaults_of(kind):
    parameters = signature(kind).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


@pytest.mark.parametrize("kind", OWN_CLASSES, ids=lambda one: one.__name__)
def test_a_parameter_that_a_file_lacks_has_its_default(kind):
    restored = object.__new__(kind)
    restored.__setstate__({"other": 1})
    assert vars(restored) == {**defaults_of(kind), "other": 1}


def without_defaults(estimator):
    """Return the estimator without its parameters that have the default, and those inside it."""
    for inner in [estimator, *estimator.get_params().values()]:
        if type(inner) in OWN_CLASSES:
            defaults = defaults_of(type(inner))
            for name in [one for one in defaults if vars(inner)[one] is defaults[one]]:
                del vars(inner)[name]
    return estimator


STEPS = [rows[:, 0] > 0 for rows in np.split(ROWS, 6)]
QUICK = {"units": 2, "epochs": 1, "random_state": 0}
FITTED = {
    "windows": (make_pipeline(SequenceWindower(3), LSTMRegressor(**QUICK)), ROWS, ROWS[:, 0]),
    "steps": (
        make_pipeline(SequencePadder(), LSTMStepClassifier(**QUICK)),
        np.split(ROWS, 6),
        [np.where(step, "up", "down") for step in STEPS],
    ),
    "intervals": (
        ConformalRegressor(
            make_pipeline(SequenceWindower(3), LSTMRegressor(**QUICK)), coverage=0.5
        ),
        ROWS,
        ROWS[:, 0],
    ),
}


@pytest.mark.parametrize("kind", FITTED)
def test_a_fitted_model_whose_file_lacks_parameters_predicts_the_same(kind):
    estimator, X, y = FITTED[kind]
    expected = estimator.fit(X, y).predict(X)
    file = skops.io.dumps(without_defaults(estimator))
    assert_array_equal(skops.io.loads(file, trusted=TRUSTED_TYPES).predict(X), expected)
