"""scikit-learn's estimator checks for every public estimator."""

import inspect

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

import skl_lstm
from skl_lstm import (
    ConformalRegressor,
    LSTMClassifier,
    LSTMRegressor,
    LSTMStepClassifier,
    LSTMStepRegressor,
    NaiveRegressor,
    PerTimestep,
    SequenceClassifier,
    SequenceFlattener,
    SequencePadder,
    SequenceRegressor,
    SequenceReshaper,
    SequenceWindower,
    lstm_network,
)

MINI_BATCHES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "A row with weight 2 is one row of a mini-batch, but the same row twice is two rows, which "
        "may be in two mini-batches. scikit-learn expects its own SGD estimators to fail, too."
    )
}

WINDOWS_DEPEND_ON_NEIGHBOURS = (
    "The rows of an array are treated as consecutive. With other rows before it, or in another "
    "order, a row has another past. The index of a DataFrame prevents this; arrays have no index."
)
WINDOWS = {
    "check_methods_subset_invariance": WINDOWS_DEPEND_ON_NEIGHBOURS,
    "check_methods_sample_order_invariance": WINDOWS_DEPEND_ON_NEIGHBOURS,
}

STEP_WEIGHTS = {
    "check_sample_weights_shape": (
        "The check expects an error for weights of shape (n, 2). X has two columns, which are time "
        "steps here, so these are valid: one weight for every step."
    )
}


class OneTargetForAllSteps:
    """Mixin for the checks, which have one target per row: repeat it for every time step."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, self._repeated(X, y), sample_weight)

    def partial_fit(self, X, y, **options):
        return super().partial_fit(X, self._repeated(X, y), **options)

    def score(self, X, y, sample_weight=None):
        return super().score(X, self._repeated(X, y), sample_weight)

    @staticmethod
    def _repeated(X, y):
        rows, targets = np.asarray(X), np.asarray(y)
        if rows.ndim != 2 or targets.ndim != 1:
            return y
        return np.repeat(targets[:, np.newaxis], rows.shape[1], axis=1)


class LSTMStepRegressorOfRows(OneTargetForAllSteps, LSTMStepRegressor):
    pass


class LSTMStepClassifierOfRows(OneTargetForAllSteps, LSTMStepClassifier):
    pass


# Every public estimator, with the checks that it is expected to fail and the reasons. There are
# fewer epochs than by default, to save time. The classifiers need enough of them to reach the
# accuracy that the checks require.
ESTIMATORS = [
    (SequenceReshaper(), {}),
    (SequenceWindower(), {}),
    (SequenceWindower(timesteps=3), WINDOWS),
    (SequencePadder(), {}),
    (PerTimestep(StandardScaler()), {}),
    (SequenceFlattener(), {}),
    (NaiveRegressor(feature=0), {}),
    # The checks have up to 30 rows, too few to calibrate a coverage of 0.9.
    (ConformalRegressor(LinearRegression(), coverage=0.5), {}),
    (
        ConformalRegressor(
            LSTMRegressor(epochs=2, quantiles=(0.2, 0.8), random_state=0), coverage=0.5
        ),
        {},
    ),
    (SequenceRegressor(lstm_network, epochs=2), MINI_BATCHES),
    (SequenceClassifier(lstm_network, epochs=15), MINI_BATCHES),
    (LSTMRegressor(epochs=2, engine="native"), MINI_BATCHES),
    (LSTMRegressor(epochs=2, engine="keras"), MINI_BATCHES),
    (LSTMRegressor(epochs=2, quantiles=(0.1, 0.5, 0.9)), MINI_BATCHES),
    (LSTMClassifier(epochs=15, engine="native"), MINI_BATCHES),
    (LSTMClassifier(epochs=15, engine="keras"), MINI_BATCHES),
    (LSTMStepRegressorOfRows(epochs=2, engine="native"), MINI_BATCHES | STEP_WEIGHTS),
    (LSTMStepRegressorOfRows(epochs=2, engine="keras"), MINI_BATCHES | STEP_WEIGHTS),
    (LSTMStepClassifierOfRows(epochs=2, engine="native"), MINI_BATCHES | STEP_WEIGHTS),
    (LSTMStepClassifierOfRows(epochs=2, engine="keras"), MINI_BATCHES | STEP_WEIGHTS),
]

# scikit-learn skips this check for multilabel classifiers without decision_function.
NO_DECISION_FUNCTION = "check_classifiers_multilabel_output_format_decision_function"


def test_every_public_estimator_is_registered():
    public = {getattr(skl_lstm, name) for name in skl_lstm.__all__}
    estimators = {c for c in public if inspect.isclass(c) and issubclass(c, BaseEstimator)}
    checked = {base for estimator, _ in ESTIMATORS for base in type(estimator).__mro__}
    assert estimators == {kind for kind in checked if getattr(skl_lstm, kind.__name__, 0) is kind}


def _name(case):
    estimator, _ = case
    return f"{type(estimator).__name__} {getattr(estimator, 'engine', '')}".rstrip()


@pytest.mark.parametrize(("estimator", "expected"), ESTIMATORS, ids=map(_name, ESTIMATORS))
def test_check_estimator(estimator, expected):
    results = check_estimator(
        estimator, expected_failed_checks=expected, on_fail=None, on_skip=None
    )
    names = {
        status: {r["check_name"] for r in results if r["status"] == status}
        for status in ("failed", "skipped", "xfail")
    }
    assert {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"} == {}
    # If an expected failure passes, its declaration is outdated.
    assert names["xfail"] == set(expected)
    assert names["skipped"] == ({NO_DECISION_FUNCTION} if is_classifier(estimator) else set())
    assert len(results) == len(list(estimator_checks_generator(estimator)))


@pytest.mark.parametrize(
    "transformer",
    [e for e, _ in ESTIMATORS if hasattr(e, "transform")],
    ids=lambda transformer: type(transformer).__name__,
)
@pytest.mark.parametrize("unit", ["M8[D]", "m8[s]"], ids=["dates", "time spans"])
def test_transformers_refuse_dates_as_data(transformer, unit):
    fitted = clone(transformer).fit([[1.0, 2.0], [3.0, 4.0]])
    X = np.arange(4).reshape(2, 2).astype(unit)
    message = r"X has dtype (datetime64\[D\]|timedelta64\[s\]), but must be numeric"
    for method in (clone(transformer).fit, fitted.transform):
        with pytest.raises(TypeError, match=message):
            method(X)
    assert fitted.transform([[1.0, 2.0]] * 3).shape[0] == 3
