"""scikit-learn's own checks, on every public estimator."""

import inspect

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

import skl_lstm
from skl_lstm import SequenceReshaper

# Every public estimator, with the checks it is expected to fail and why.
ESTIMATORS = [
    (SequenceReshaper(), {}),
]


def test_every_public_estimator_is_registered():
    public = {getattr(skl_lstm, name) for name in skl_lstm.__all__}
    estimators = {c for c in public if inspect.isclass(c) and issubclass(c, BaseEstimator)}
    assert estimators == {type(estimator) for estimator, _ in ESTIMATORS}


@pytest.mark.parametrize(("estimator", "expected"), ESTIMATORS, ids=str)
def test_check_estimator(estimator, expected):
    results = check_estimator(
        estimator, expected_failed_checks=expected, on_fail=None, on_skip=None
    )
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}
    assert {r["check_name"] for r in results if r["status"] == "skipped"} == set()
    # An expected failure that passes is a declaration that has gone stale.
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == set(expected)
    assert len(results) == len(list(estimator_checks_generator(estimator)))
