"""Scores of predictions of every time step are those of scikit-learn for the steps end to end."""

import copy
import functools
import pickle
import re

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skl_lstm import PerTimestep, SequencePadder, flatten_steps, make_step_scorer

RNG = np.random.default_rng(0)
LENGTHS = [3, 1, 5, 2, 4, 6, 2, 3]
X = [RNG.normal(size=(length, 2)) for length in LENGTHS]
Y = [np.where(x[:, 0] + RNG.normal(scale=0.7, size=len(x)) > 0, "run", "walk") for x in X]
NUMBERS = [x[:, 0] + RNG.normal(scale=0.7, size=len(x)) for x in X]


def whole(message):
    return f"^{re.escape(message)}$"


class Steps(BaseEstimator):
    """What the estimators of steps have in common: predictions that are a list of arrays."""

    def __init__(self, threshold=0.0):
        self.threshold = threshold

    def fit(self, X, y, sample_weight=None):
        self.fitted_ = True
        return self

    def values(self, X):
        return [np.asarray(x)[:, 0] - self.threshold for x in X]


class Numbers(Steps):
    def predict(self, X):
        return self.values(X)


class Labels(Steps):
    def fit(self, X, y):
        self.classes_ = np.unique(flatten_steps(y)[0])
        self.calls_ = []
        return self

    def predict(self, X):
        self.calls_.append("predict")
        return [self.classes_[(p[:, 1] > 0.5).astype(int)] for p in self.probabilities(X)]

    def predict_proba(self, X):
        self.calls_.append("predict_proba")
        return self.probabilities(X)

    def probabilities(self, X):
        walk = [1 / (1 + np.exp(values)) for values in self.values(X)]
        return [np.column_stack([1 - p, p]) for p in walk]


LABELS = Labels(0.2).fit(X, Y)
TRUE, PREDICTED, PROBA = flatten_steps(Y, LABELS.predict(X), LABELS.predict_proba(X))

# 1. The score is that of the steps end to end.

EXPECTED = {
    "accuracy": accuracy_score(TRUE, PREDICTED),
    "balanced_accuracy": balanced_accuracy_score(TRUE, PREDICTED),
    "f1_macro": f1_score(TRUE, PREDICTED, average="macro"),
    "roc_auc": roc_auc_score(TRUE == "walk", PROBA[:, 1]),
    "neg_log_loss": -log_loss(TRUE, PROBA),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_labels_are_scored_by_scikit_learn(name):
    assert make_step_scorer(name)(LABELS, X, Y) == pytest.approx(EXPECTED[name])


@pytest.mark.parametrize("name", ["neg_root_mean_squared_error", "r2", "neg_mean_absolute_error"])
def test_numbers_are_scored_by_scikit_learn(name):
    model = Numbers(0.3).fit(X, NUMBERS)
    y_true, y_pred = flatten_steps(NUMBERS, model.predict(X))
    expected = get_scorer(name)(DummyPredicting(y_pred), None, y_true)
    assert make_step_scorer(name)(model, X, NUMBERS) == pytest.approx(expected)


class DummyPredicting(DummyRegressor):
    def __init__(self, values):
        self.values = values

    def predict(self, X):
        return self.values


def test_several_outputs_are_scored():
    class Both(Numbers):
        def predict(self, X):
            return [np.asarray(x) * 2 for x in X]

    score = make_step_scorer("neg_mean_absolute_error")(Both().fit(X, X), X, X)
    assert score == pytest.approx(-np.abs(np.concatenate(X)).mean())


@pytest.mark.parametrize(
    ("scorer", "expected"),
    [
        (make_scorer(f1_score, pos_label="run"), f1_score(TRUE, PREDICTED, pos_label="run")),
        (make_scorer(accuracy_score, greater_is_better=False), -EXPECTED["accuracy"]),
        (
            make_scorer(log_loss, response_method="predict_proba", greater_is_better=False),
            EXPECTED["neg_log_loss"],
        ),
        (
            make_scorer(roc_auc_score, response_method=("decision_function", "predict_proba")),
            EXPECTED["roc_auc"],
        ),
        (
            lambda estimator, X, y: accuracy_score(y, estimator.predict(X)),
            EXPECTED["accuracy"],
        ),
    ],
    ids=["parameters", "a loss", "probabilities", "several methods", "a function"],
)
def test_other_scorers_are_taken(scorer, expected):
    assert make_step_scorer(scorer)(LABELS, X, Y) == pytest.approx(expected)


def test_a_step_scorer_is_returned_unchanged():
    scorer = make_step_scorer("f1_macro")
    assert make_step_scorer(scorer) is scorer


def test_the_network_predicts_once():
    for name, method in [("accuracy", "predict"), ("neg_log_loss", "predict_proba")]:
        model = Labels().fit(X, Y)
        make_step_scorer(name)(model, X, Y)
        assert model.calls_ == [method]


# 2. What is not scored.


def without_some(y):
    """y with every fourth step missing."""
    missing = np.arange(sum(LENGTHS)) % 4 == 0
    values = np.where(missing, None, np.concatenate(y).astype(object))
    return np.split(values, np.cumsum(LENGTHS)[:-1]), ~missing


def test_missing_labels_are_not_scored():
    y, known = without_some(Y)
    assert make_step_scorer("f1_macro")(LABELS, X, y) == pytest.approx(
        f1_score(TRUE[known], PREDICTED[known], average="macro")
    )
    assert make_step_scorer("neg_log_loss")(LABELS, X, y) == pytest.approx(
        -log_loss(TRUE[known], PROBA[known])
    )


class Truncated(Labels):
    """Predicts the first two steps of each sequence only."""

    def predict(self, X):
        first = [x.astype(object) for x in super().predict(X)]
        for x in first:
            x[2:] = None
        return first

    def predict_proba(self, X):
        first = super().predict_proba(X)
        for x in first:
            x[2:] = np.nan
        return first


def test_steps_without_a_prediction_are_not_scored():
    model = Truncated(0.2).fit(X, Y)
    known = np.concatenate([np.arange(length) for length in LENGTHS]) < 2
    assert make_step_scorer("accuracy")(model, X, Y) == pytest.approx(
        accuracy_score(TRUE[known], PREDICTED[known])
    )
    assert make_step_scorer("neg_log_loss")(model, X, Y) == pytest.approx(
        -log_loss(TRUE[known], PROBA[known])
    )
    assert model.calls_ == ["predict", "predict_proba"]
    weights = RNG.random(len(X))
    assert make_step_scorer("accuracy")(model, X, Y, weights) == pytest.approx(
        accuracy_score(
            TRUE[known], PREDICTED[known], sample_weight=np.repeat(weights, LENGTHS)[known]
        )
    )


def test_a_sequence_without_any_prediction_is_an_error():
    class Diverged(Numbers):
        def predict(self, X):
            return [values * (np.nan if len(values) == 5 else 1) for values in self.values(X)]

    message = (
        "The prediction for sequence 2 is NaN or None for all of its 5 time steps, so it cannot be "
        "scored; it is for 1 of 8 sequences. If the network diverged, use a smaller learning_rate."
    )
    with pytest.raises(ValueError, match=whole(message)):
        make_step_scorer("r2")(Diverged().fit(X, NUMBERS), X, NUMBERS)


def test_no_step_with_a_label_and_a_prediction_is_an_error():
    y = [
        [None] * 2 + ["run"] * (length - 2) if length > 2 else [None] * length for length in LENGTHS
    ]
    message = (
        "No time step can be scored: of 26, 15 are missing in y, and the others have no "
        "prediction. A score needs a step with both."
    )
    with pytest.raises(ValueError, match=whole(message)):
        make_step_scorer("accuracy")(Truncated().fit(X, Y), X, y)


# 3. Weights.


@pytest.mark.parametrize("form", [list, np.asarray, tuple])
def test_the_weight_of_a_sequence_is_that_of_its_steps(form):
    weights = RNG.random(len(X))
    expected = accuracy_score(TRUE, PREDICTED, sample_weight=np.repeat(weights, LENGTHS))
    score = make_step_scorer("accuracy")(LABELS, X, Y, sample_weight=form(weights))
    assert score == pytest.approx(expected)


def test_a_step_may_have_a_weight_of_its_own():
    weights = [RNG.random(length) for length in LENGTHS]
    y, known = without_some(Y)
    flat = np.concatenate(weights)
    expected = accuracy_score(TRUE[known], PREDICTED[known], sample_weight=flat[known])
    assert make_step_scorer("accuracy")(LABELS, X, y, weights) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            [1.0, 2.0],
            "sample_weight has 2 numbers, but y has 8 sequences: it needs one number for each "
            "sequence, or for each of its time steps.",
        ),
        (
            [np.ones(3)] * 8,
            "Sequence 1 has 1 time step in y, but 3 in sample_weight: both must have one value for "
            "each of its time steps. Use NaN or None for a step whose value is unknown.",
        ),
    ],
)
def test_weights_that_do_not_match_are_refused(weights, message):
    with pytest.raises(ValueError, match=whole(message)):
        make_step_scorer("accuracy")(LABELS, X, Y, weights)


# 4. Where scikit-learn takes a scorer.


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_searches_and_folds_take_it(n_jobs):
    scoring = make_step_scorer("f1_macro")
    search = GridSearchCV(Labels(), {"threshold": [3.0, 0.0]}, scoring=scoring, cv=2, n_jobs=n_jobs)
    search.fit(X, Y)
    assert search.best_params_ == {"threshold": 0.0}
    assert search.score(X, Y) == scoring(search.best_estimator_, X, Y)
    scores = cross_val_score(Labels(), X, Y, scoring=scoring, cv=2, n_jobs=n_jobs)
    by_hand = [
        scoring(Labels().fit(X[4:], Y[4:]), X[:4], Y[:4]),
        scoring(Labels().fit(X[:4], Y[:4]), X[4:], Y[4:]),
    ]
    assert_allclose(scores, by_hand)


def test_several_scorers_are_taken_by_name():
    scoring = {"f1": make_step_scorer("f1_macro"), "loss": make_step_scorer("neg_log_loss")}
    result = cross_validate(Labels(), X, Y, scoring=scoring, cv=2)
    assert {"test_f1", "test_loss"} < set(result)
    assert (result["test_loss"] < 0).all()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: make_pipeline(PerTimestep(FunctionTransformer()), model).fit(X, Y),
        lambda model: GridSearchCV(
            model, {"threshold": [0.2]}, scoring=make_step_scorer("accuracy"), cv=2
        ).fit(X, Y),
        lambda model: FrozenEstimator(model.fit(X, Y)),
    ],
    ids=["Pipeline", "search", "frozen"],
)
def test_an_estimator_inside_another_is_scored(wrap):
    score = make_step_scorer("neg_log_loss")(wrap(Labels(0.2)), X, Y)
    assert score == pytest.approx(EXPECTED["neg_log_loss"])


def test_importance_by_permutation_takes_it():
    table = np.stack([x[0] for x in X])

    class OfTable(Numbers):
        def predict(self, X):
            return np.column_stack([X[:, 0], np.zeros(len(X))])

    y = OfTable().predict(table)
    scoring = make_step_scorer("neg_root_mean_squared_error")
    importance = permutation_importance(
        OfTable().fit(table, y), table, y, scoring=scoring, sample_weight=np.ones(len(y))
    )
    assert importance.importances_mean[0] > 0
    assert importance.importances_mean[1] == 0


def test_weights_are_routed_if_they_are_requested():
    weights = RNG.random(len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        requesting = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        for scoring in (
            make_step_scorer(requesting),
            make_step_scorer("accuracy").set_score_request(sample_weight=True),
        ):
            scores = cross_validate(
                Labels(), X, Y, scoring=scoring, cv=2, params={"sample_weight": weights}
            )["test_score"]
            first = scoring(Labels().fit(X[4:], Y[4:]), X[:4], Y[:4], weights[:4])
            assert scores[0] == pytest.approx(first)
            assert pickle.loads(pickle.dumps(scoring)).get_metadata_routing() is not None


@pytest.mark.parametrize(
    ("scoring", "text"),
    [
        ("f1_macro", "make_step_scorer('f1_macro')"),
        (
            make_scorer(mean_absolute_error, greater_is_better=False),
            f"make_step_scorer({make_scorer(mean_absolute_error, greater_is_better=False)!r})",
        ),
    ],
)
@pytest.mark.parametrize(
    "change", [lambda scorer: pickle.loads(pickle.dumps(scorer)), copy.deepcopy, copy.copy]
)
def test_a_scorer_is_copied_with_its_text(scoring, text, change):
    scorer = make_step_scorer(scoring)
    assert repr(scorer) == repr(change(scorer)) == text


def test_a_pickle_does_not_name_the_module():
    pickled = pickle.dumps(make_step_scorer("f1_macro"))
    assert b"StepScorer" in pickled
    assert b"model_selection" not in pickled


# 5. What is refused.


@pytest.mark.parametrize("scoring", [3, None, ["accuracy"], {"f1": "f1_macro"}])
def test_what_is_no_scorer_is_refused(scoring):
    message = (
        f"scoring is of type {type(scoring).__name__}, but must be the name of a scorer, such as "
        "'f1_macro' (see sklearn.metrics.get_scorer_names()), or a scorer of make_scorer."
    )
    with pytest.raises(TypeError, match=whole(message)):
        make_step_scorer(scoring)


def test_an_unknown_name_is_refused_in_the_words_of_scikit_learn():
    with pytest.raises(ValueError, match=r"^'f2' is not a valid scoring value"):
        make_step_scorer("f2")


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (f1_score, "f1_score"),
        (root_mean_squared_error, "root_mean_squared_error"),
        (functools.partial(f1_score, average="macro"), "metric"),
        (lambda y_true, y_pred: 0.0, "<lambda>"),
    ],
)
def test_a_metric_is_refused_with_the_scorer_of_it(metric, name):
    message = (
        f"scoring is the metric {name}, but must be a scorer. Make one of it: "
        f"make_step_scorer(make_scorer({name})). Pass the parameters of the metric to make_scorer, "
        'for example make_scorer(f1_score, average="macro").'
    )
    with pytest.raises(TypeError, match=whole(message)):
        make_step_scorer(metric)


def test_predictions_of_whole_sequences_are_refused():
    class OfSequences(Numbers):
        def predict(self, X):
            return np.zeros(len(X))

    with pytest.raises(ValueError, match=r"^the prediction has one value for each of the 8 seq"):
        make_step_scorer("r2")(OfSequences().fit(X, NUMBERS), X, NUMBERS)


def test_predictions_of_other_steps_are_refused():
    message = (
        "Sequence 3 has 2 time steps in y, but 3 in the prediction: both must have one value for "
        "each of its time steps. Use NaN or None for a step whose value is unknown."
    )
    longer = [*X[:3], X[7], *X[4:]]
    with pytest.raises(ValueError, match=whole(message)):
        make_step_scorer("accuracy")(LABELS, longer, Y)


def test_probabilities_of_numbers_are_refused_in_the_words_of_scikit_learn():
    with pytest.raises(AttributeError, match="StepRegressor has none of the following attributes"):
        make_step_scorer("roc_auc")(Numbers().fit(X, NUMBERS), X, NUMBERS)


def test_padded_sequences_are_scored_by_position():
    padded = SequencePadder(6).fit_transform(X)

    class OfArrays(Numbers):
        def predict(self, X):
            return np.where(np.arange(6) < X.lengths[:, np.newaxis], X[:, :, 0], np.nan)

    y = np.full((8, 6), np.nan)
    for row, values in zip(y, NUMBERS, strict=True):
        row[: len(values)] = values
    expected = -root_mean_squared_error(np.concatenate(NUMBERS), np.concatenate(X)[:, 0])
    score = make_step_scorer("neg_root_mean_squared_error")(OfArrays(), padded, y)
    assert score == pytest.approx(expected)
