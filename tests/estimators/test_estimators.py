"""The estimators inside the tools of scikit-learn, their seeds and their copies."""

import ast
import copy
import inspect
import io
import pickle
import random
import re
import subprocess
import sys

import cloudpickle
import joblib
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay, get_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    ShuffleSplit,
    StratifiedKFold,
    check_cv,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    SequenceClassifier,
    SequenceRegressor,
    SequenceReshaper,
    lstm_network,
)

# Each row has 3 steps of 2 features: t0_a t0_b t1_a … The target is the sum of the last step.
TIMESTEPS, FEATURES = 3, 2
EVERY_ROW = np.random.default_rng(0).normal(size=(120, TIMESTEPS * FEATURES))
TABLE, NEW_TABLE = EVERY_ROW[:60], EVERY_ROW[60:]
X, NEW_X = (rows.reshape(-1, TIMESTEPS, FEATURES) for rows in (TABLE, NEW_TABLE))
NUMBERS, NEW_NUMBERS = (rows[:, -1].sum(axis=1) for rows in (X, NEW_X))
LABELS, NEW_LABELS = (np.where(y > 0, "up", "down") for y in (NUMBERS, NEW_NUMBERS))

# The same estimators with the other engine.


class KerasLSTMRegressor(LSTMRegressor):
    __doc__ = LSTMRegressor.__doc__

    def _trains_natively(self, description):
        return False


class KerasLSTMClassifier(LSTMClassifier):
    __doc__ = LSTMClassifier.__doc__

    def _trains_natively(self, description):
        return False


REGRESSORS = [LSTMRegressor, KerasLSTMRegressor, SequenceRegressor]
CLASSIFIERS = [LSTMClassifier, KerasLSTMClassifier, SequenceClassifier]
LSTMS = [LSTMRegressor, KerasLSTMRegressor, LSTMClassifier, KerasLSTMClassifier]


def make(cls, **params):
    """Create an estimator that learns the data within a second."""
    quick = {"units": 4, "learning_rate": 0.05, "epochs": 10, "batch_size": 8}
    if cls not in LSTMS:
        quick = {
            "model": lstm_network,
            "model__units": 4,
            "model__cell": "simple_rnn",
            "optimizer__learning_rate": 0.1,
            "epochs": 4,
            "batch_size": 20,
            # Tracing a graph takes longer than running these few steps eagerly.
            "run_eagerly": True,
        }
    return cls(**{**quick, "random_state": 0, **params})


def make_pipeline(cls, **params):
    return Pipeline(
        [
            ("scale", StandardScaler()),
            ("reshape", SequenceReshaper(features=FEATURES)),
            ("lstm", make(cls, **params)),
        ]
    )


def target_of(cls):
    return NUMBERS if cls in REGRESSORS else LABELS


def new_target_of(cls):
    return NEW_NUMBERS if cls in REGRESSORS else NEW_LABELS


# In older versions of scikit-learn, the default solver triggers a deprecation warning of SciPy.
LOGISTIC = LogisticRegression(solver="newton-cholesky")
ONE_SPLIT = ShuffleSplit(1, test_size=20, random_state=0)


def assert_learned(cls, score):
    """Require a better score than chance, which is R² = 0 or 57 % correct labels."""
    assert score > (0.5 if cls in REGRESSORS else 0.7)


def outputs(estimator, rows):
    return (estimator.predict_proba if is_classifier(estimator) else estimator.predict)(rows)


def variables(estimator):
    return {id(variable) for variable in estimator.model_.variables}


each = pytest.mark.parametrize("cls", REGRESSORS + CLASSIFIERS)
each_regressor = pytest.mark.parametrize("cls", REGRESSORS)
each_classifier = pytest.mark.parametrize("cls", CLASSIFIERS)


@pytest.fixture(scope="module")
def fitted_by_class():
    """One fitted pipeline of each class, for tests that do not fit."""
    return {
        cls: make_pipeline(cls, epochs=20 if cls in LSTMS else 8).fit(TABLE, target_of(cls))
        for cls in REGRESSORS + CLASSIFIERS
    }


@pytest.fixture
def pipeline(fitted_by_class, cls):
    return fitted_by_class[cls]


@pytest.fixture
def fitted(pipeline):
    return pipeline["lstm"]


@pytest.fixture
def no_window():
    """Draw without opening a window."""
    plt.switch_backend("Agg")
    yield
    plt.close("all")


# Type, parameters and representation


@each
def test_scikit_learn_distinguishes_regressors_and_classifiers(cls):
    assert is_regressor(cls()) == (cls in REGRESSORS)
    assert is_classifier(cls()) == (cls in CLASSIFIERS)


@each_classifier
def test_folds_of_a_classifier_are_stratified(cls):
    assert isinstance(check_cv(2, LABELS, classifier=is_classifier(make(cls))), StratifiedKFold)
    # The rows are sorted by label, so folds that are not stratified would contain one class each.
    order = np.argsort(LABELS)
    scores = cross_val_score(
        make(cls), X[order], LABELS[order], cv=2, scoring="roc_auc", error_score="raise"
    )
    assert (scores > 0.7).all()


@each
def test_the_documented_parameters_match_the_signature(cls):
    section = inspect.getdoc(cls).partition("Parameters\n---")[2].partition("Attributes\n---")[0]
    documented = dict(re.findall(r"^(\*{0,2}\w+) : (.+)$", section, flags=re.MULTILINE))
    documented.pop("**routed", None)
    params = cls().get_params()
    assert set(documented) == set(params)
    in_signature = [name for name in inspect.signature(cls).parameters if name in params]
    assert list(documented) == in_signature
    for name, description in documented.items():
        if default := re.search("default=(.+)$", description):
            assert ast.literal_eval(default[1]) == params[name], name


@each
def test_an_unfitted_and_a_fitted_estimator_have_a_representation(cls, fitted):
    for estimator in (make(cls), fitted):
        assert repr(estimator).startswith(f"{cls.__name__}(")
        assert "random_state=0" in repr(estimator)
        assert cls.__name__ in estimator_html_repr(estimator)
        assert cls.__name__ in estimator._repr_html_()


# Learning


@each
def test_the_last_step_of_a_series_is_learned(cls, pipeline):
    score = pipeline.score(NEW_TABLE, new_target_of(cls))
    assert score > (0.8 if cls in REGRESSORS else 0.9)


@pytest.mark.parametrize(
    ("labels", "width"),
    [
        pytest.param([7, 3], 1, id="binary"),
        pytest.param([True, False], 1, id="boolean"),
        pytest.param(["sun", "drizzle", "rain"], 3, id="strings"),
    ],
)
def test_the_output_of_the_network_and_the_probabilities_follow_the_labels(labels, width):
    codes = X[:, -1].argmax(axis=1) if len(labels) == 2 else np.digitize(NUMBERS, [-0.8, 0.8])
    y = np.array(labels)[codes]
    classifier = make(LSTMClassifier, epochs=40).fit(X, y)
    probabilities = classifier.predict_proba(X)
    assert classifier.classes_.tolist() == sorted(labels)
    assert classifier.classes_.dtype == classifier.predict(X).dtype == y.dtype
    assert classifier.model_.output_shape == (None, width)
    assert probabilities.shape == (len(X), len(labels))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(
        classifier.predict(X), classifier.classes_[probabilities.argmax(axis=1)]
    )
    assert classifier.score(X, y) > 0.9


def test_several_labels_per_sample_are_learned():
    y = (X[:, -1] > 0).astype(int)
    classifier = make(LSTMClassifier, epochs=40).fit(X, y)
    assert classifier.classes_.tolist() == [0, 1]
    assert classifier.predict(X).dtype == y.dtype
    np.testing.assert_array_equal(classifier.predict(X), classifier.predict_proba(X) > 0.5)
    assert (classifier.predict(X) == y).mean() > 0.9


@each_classifier
def test_a_single_class_is_refused(cls):
    with pytest.raises(ValueError, match=r"needs samples of at least 2 classes.*only one class"):
        make(cls).fit(X, np.full(len(X), "up"))


def test_classes_in_several_columns_are_learned_with_the_wrapper_named_in_the_error():
    y = np.column_stack([LABELS, np.where(X[:, -1, 0] > 0, "warm", "cold")])
    classifier = make(SequenceClassifier)
    with pytest.raises(ValueError, match=r"Wrap it in sklearn\.multioutput\.MultiOutputClass"):
        classifier.fit(X, y)
    predicted = MultiOutputClassifier(classifier).fit(X, y).predict(X)
    assert (predicted == y).mean() > 0.8


def test_each_column_of_2d_x_is_a_timestep_of_one_feature():
    flat = make(SequenceRegressor, epochs=1).fit(TABLE, NUMBERS)
    deep = make(SequenceRegressor, epochs=1).fit(TABLE[..., np.newaxis], NUMBERS)
    np.testing.assert_array_equal(flat.predict(TABLE), deep.predict(TABLE[..., np.newaxis]))
    # check_estimator requires the number of columns for 2D X. The 3D X has one feature per step.
    assert (flat.n_features_in_, deep.n_features_in_) == (TABLE.shape[1], 1)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {"units": 3, "cell": "gru", "bidirectional": True, "mask_value": -1.0},
            [
                ("Masking", "Masking", {"mask_value": -1.0}),
                ("Bidirectional", "GRU", {"units": 3}),
            ],
        ),
        (
            {"units": (4, 3), "cell": "simple_rnn", "conv_filters": 2, "kernel_size": 2},
            [
                ("Conv1D", "Conv1D", {"filters": 2, "kernel_size": (2,)}),
                ("SimpleRNN", "SimpleRNN", {"units": 4}),
                ("SimpleRNN", "SimpleRNN", {"units": 3}),
            ],
        ),
        (
            {"dropout": 0.25, "recurrent_dropout": 0.5},
            [("LSTM", "LSTM", {"units": 4, "dropout": 0.25, "recurrent_dropout": 0.5})],
        ),
    ],
)
def test_every_network_parameter_is_passed_to_the_network(params, expected):
    regressor = make(LSTMRegressor, epochs=1, scaling=None, **params).fit(X, NUMBERS)
    hidden = regressor.model_.layers[1:-1]
    for layer, (outer_name, inner_name, settings) in zip(hidden, expected, strict=True):
        inner = getattr(layer, "forward_layer", layer)
        assert (type(layer).__name__, type(inner).__name__) == (outer_name, inner_name)
        assert settings.items() <= inner.get_config().items()


# Inside scikit-learn


@each
def test_a_voting_ensemble_averages_the_outputs(cls):
    if cls in REGRESSORS:
        voting = VotingRegressor([("lstm", make_pipeline(cls)), ("other", Ridge())])
    else:
        members = [("lstm", make_pipeline(cls)), ("other", LOGISTIC)]
        voting = VotingClassifier(members, voting="soft")
    voting.fit(TABLE, target_of(cls))
    mean = np.mean([outputs(member, NEW_TABLE) for member in voting.estimators_], axis=0)
    np.testing.assert_allclose(outputs(voting, NEW_TABLE), mean)
    assert_learned(cls, voting.score(NEW_TABLE, new_target_of(cls)))


@each
def test_a_stacking_ensemble_learns_from_the_outputs(cls):
    members = [("lstm", make_pipeline(cls))]
    if cls in REGRESSORS:
        stacking = StackingRegressor(members, Ridge(), cv=2)
    else:
        stacking = StackingClassifier(members, LOGISTIC, cv=2)
    stacking.fit(TABLE, target_of(cls))
    assert stacking.stack_method_ == ["predict" if cls in REGRESSORS else "predict_proba"]
    assert stacking.transform(NEW_TABLE).shape == (len(NEW_TABLE), 1)
    assert_learned(cls, stacking.score(NEW_TABLE, new_target_of(cls)))


@each
def test_the_members_of_a_bagging_ensemble_differ(cls):
    bagging_class = BaggingRegressor if cls in REGRESSORS else BaggingClassifier
    bagging = bagging_class(make_pipeline(cls), n_estimators=2, random_state=0)
    bagging.fit(TABLE, target_of(cls))
    first, second = (outputs(member, NEW_TABLE) for member in bagging.estimators_)
    assert not np.array_equal(first, second)
    np.testing.assert_allclose(outputs(bagging, NEW_TABLE), (first + second) / 2)
    assert_learned(cls, bagging.score(NEW_TABLE, new_target_of(cls)))


@each_regressor
@pytest.mark.parametrize("horizon", [None, 2])
def test_predictions_of_a_transformed_target_have_the_original_units(cls, horizon):
    # The target is far from zero, so a network could not learn it without the transformation.
    y, new_y = (NUMBERS, NEW_NUMBERS) if horizon is None else (X[:, -1], NEW_X[:, -1])
    regressor = TransformedTargetRegressor(
        make(cls, epochs=12 if cls in LSTMS else 6), transformer=StandardScaler()
    )
    regressor.fit(X, 1000 + 50 * y)
    assert regressor.predict(NEW_X).shape == new_y.shape
    assert_learned(cls, regressor.score(NEW_X, 1000 + 50 * new_y))


@each_classifier
def test_a_calibrated_classifier_predicts_well(cls):
    calibrated = CalibratedClassifierCV(make_pipeline(cls), cv=2).fit(TABLE, LABELS)
    probabilities = calibrated.predict_proba(NEW_TABLE)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert calibrated.classes_.tolist() == ["down", "up"]
    assert_learned(cls, calibrated.score(NEW_TABLE, NEW_LABELS))


@each
def test_cross_val_predict_predicts_unseen_rows(cls):
    predicted = cross_val_predict(make(cls), X, target_of(cls), cv=2)
    assert predicted.shape == (len(X),)
    score = r2_score(NUMBERS, predicted) if cls in REGRESSORS else np.mean(predicted == LABELS)
    assert_learned(cls, score)


@each_classifier
def test_cross_val_predict_gives_probabilities_in_order_of_the_classes(cls):
    probabilities = cross_val_predict(make(cls), X, LABELS, cv=2, method="predict_proba")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert_learned(cls, np.mean(np.array(["down", "up"])[probabilities.argmax(axis=1)] == LABELS))


@each
def test_the_learning_curve_rises_with_the_number_of_rows(cls):
    sizes, _, scores = learning_curve(
        make_pipeline(cls),
        TABLE,
        target_of(cls),
        train_sizes=[4, 40],
        cv=ONE_SPLIT,
        error_score="raise",
    )
    assert sizes.tolist() == [4, 40]
    assert scores[1, 0] > scores[0, 0]
    assert_learned(cls, scores[1, 0])


@each
def test_permuting_the_columns_of_the_last_step_matters_most(cls, pipeline):
    importance = permutation_importance(
        pipeline, TABLE, target_of(cls), n_repeats=1, random_state=0
    ).importances_mean
    assert importance[-FEATURES:].min() > importance[:-FEATURES].max()


@each
def test_a_grid_search_gives_the_same_scores_in_one_and_two_processes(cls):
    # With a large learning rate the loss soon rises, so that patience stops the training.
    model = make_pipeline(cls, validation_split=0.2, epochs=8)
    rate = "learning_rate" if cls in LSTMS else "optimizer__learning_rate"
    model.set_params(**{f"lstm__{rate}": 0.3})
    grid = {"lstm__patience": [None, 1]}
    if cls in CLASSIFIERS:
        grid = {"lstm__patience": [1], "lstm__class_weight": [None, {"up": 9, "down": 1}]}
    one, two = (
        GridSearchCV(
            model,
            grid,
            cv=ONE_SPLIT,
            scoring="r2" if cls in REGRESSORS else "neg_log_loss",
            n_jobs=n_jobs,
            refit=n_jobs == 1,
            error_score="raise",
        ).fit(TABLE, target_of(cls))
        for n_jobs in (1, 2)
    )
    scores = one.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(two.cv_results_["mean_test_score"], scores)
    # Equal scores would mean that patience and class_weight have no effect.
    assert len(set(scores)) == 2
    assert_learned(cls, one.best_estimator_.score(NEW_TABLE, new_target_of(cls)))


@each
def test_a_halving_search_gives_the_same_results_in_one_and_two_processes(cls):
    units = "units" if cls in LSTMS else "model__units"
    one, two = (
        HalvingGridSearchCV(
            make_pipeline(cls),
            {f"lstm__{units}": [1, 4]},
            resource="lstm__epochs",
            factor=2,
            min_resources=3,
            max_resources=6,
            cv=ONE_SPLIT,
            n_jobs=n_jobs,
            refit=False,
            random_state=0,
            error_score="raise",
        ).fit(TABLE, target_of(cls))
        for n_jobs in (1, 2)
    )
    assert one.cv_results_["n_resources"].tolist() == [3, 3, 6]
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    assert one.best_params_ == two.best_params_


@each
def test_sample_weight_is_routed_through_a_search(cls):
    y, weight = target_of(cls).copy(), np.ones(len(X))
    # Half of the targets are wrong and have weight zero. Without the weights, the score would be
    # that of chance.
    y[::2] = -y[::2] if cls in REGRESSORS else np.where(y[::2] == "up", "down", "up")
    weight[::2] = 0
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(cls, batch_size=4, epochs=10)
        model["lstm"].set_fit_request(sample_weight=True)
        # The scaler supports weights too, so scikit-learn requires an explicit choice.
        model["scale"].set_fit_request(sample_weight=False)
        scorer = get_scorer("r2" if cls in REGRESSORS else "accuracy")
        scorer.set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"lstm__patience": [5]}, scoring=scorer, cv=2, refit=False)
        search.fit(TABLE, y, sample_weight=weight)
    assert_learned(cls, search.cv_results_["mean_test_score"][0])


@pytest.mark.parametrize(
    ("cls", "scoring", "at_least"),
    [
        *[(cls, "r2", 0.8) for cls in REGRESSORS],
        *[(cls, "roc_auc", 0.9) for cls in CLASSIFIERS],
        *[(cls, "neg_log_loss", -0.5) for cls in CLASSIFIERS],
    ],
)
def test_scorers_by_name_use_the_right_output(cls, scoring, at_least, fitted):
    assert get_scorer(scoring)(fitted, NEW_X, new_target_of(cls)) > at_least


@each_classifier
def test_displays_of_scikit_learn_draw_a_classifier(cls, pipeline, no_window):
    curve = RocCurveDisplay.from_estimator(pipeline, NEW_TABLE, NEW_LABELS)
    assert len(curve.ax_.lines) == 1
    assert curve.line_.get_ydata().max() == 1
    confusion = ConfusionMatrixDisplay.from_estimator(pipeline, NEW_TABLE, NEW_LABELS)
    assert np.trace(confusion.confusion_matrix) > 0.9 * len(NEW_LABELS)
    assert [text.get_text() for text in confusion.ax_.get_xticklabels()] == ["down", "up"]


def test_a_pipeline_that_passes_dataframes_can_be_fitted():
    model = make_pipeline(SequenceRegressor).set_output(transform="pandas")
    names = [f"t{step}_{name}" for step in range(TIMESTEPS) for name in "ab"]
    model.fit(pd.DataFrame(TABLE, columns=names), NUMBERS)
    assert_learned(
        SequenceRegressor, model.score(pd.DataFrame(NEW_TABLE, columns=names), NEW_NUMBERS)
    )


# Seeds


SEEDED_FITS = """
import sys
import keras
import numpy as np
from scikeras.wrappers import KerasRegressor
from skl_lstm import LSTMRegressor, SequenceClassifier, SequenceRegressor, lstm_network

X, y = (np.load(sys.argv[1])[name] for name in ("X", "y"))
noise = {"dropout": 0.2, "recurrent_dropout": 0.2}
eager = {"run_eagerly": True, **{f"model__{name}": value for name, value in noise.items()}}
short = {"epochs": 2, "batch_size": 20}


def fit_others():
    keras.utils.set_random_seed(5)
    SequenceRegressor(lstm_network, **eager, **short, random_state=9).fit(X, y)
    # scikeras turns on TensorFlow's op determinism for the rest of the process.
    KerasRegressor(lstm_network, loss="mse", verbose=0, **eager, **short, random_state=1).fit(
        X.astype("float32"), y
    )
    keras.random.normal((3,))


def predictions():
    yield LSTMRegressor(3, **noise, **short, random_state=0).fit(X, y).predict(X)
    yield SequenceClassifier(
        lstm_network, **eager, **short, model__cell="gru", random_state=0
    ).fit(X, y > 0).predict_proba(X)


if sys.argv[2:]:
    fit_others()
print(*[array.tobytes().hex() for array in predictions()])
"""


def test_a_seed_gives_the_same_bits_in_every_process_and_after_other_fits(tmp_path):
    data = tmp_path / "data.npz"
    np.savez(data, X=X, y=NUMBERS)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SEEDED_FITS, data, *others], stdout=subprocess.PIPE, text=True
        )
        for others in ([], ["fit others first"])
    ]
    fresh, after_others = (process.communicate()[0].split() for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert len(fresh) == 2
    assert fresh == after_others


def test_without_a_seed_fit_uses_the_global_generator_of_numpy():
    def fit(random_state):
        return make(SequenceRegressor, epochs=1, random_state=random_state).fit(X, NUMBERS)

    np.random.seed(3)  # noqa: NPY002
    first, second = fit(None).predict(X), fit(None).predict(X)
    assert not np.array_equal(first, second)
    # A RandomState with the same seed as the global generator gives the same results.
    generator = np.random.RandomState(3)
    np.testing.assert_array_equal(fit(generator).predict(X), first)
    np.testing.assert_array_equal(fit(generator).predict(X), second)


def seed_everything():
    keras.utils.clear_session()  # Keras 3.6 does not reseed an existing global generator
    keras.utils.set_random_seed(7)


def draws():
    """Draw from every global generator that a fit could use."""
    return (
        random.random(),
        np.random.random(),  # noqa: NPY002
        np.asarray(keras.random.normal((3,))).tolist(),
        tf.random.normal((3,)).numpy().tolist(),
    )


@pytest.mark.parametrize("cls", [LSTMRegressor, KerasLSTMRegressor, SequenceClassifier])
def test_a_seeded_fit_does_not_change_any_global_generator(cls):
    noise = {"dropout": 0.2, "recurrent_dropout": 0.2}
    if cls is SequenceClassifier:
        noise = {f"model__{name}": value for name, value in noise.items()}
    seed_everything()
    first, expected = draws(), draws()
    seed_everything()
    assert draws() == first
    states = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    make(cls, epochs=1, **noise).fit(X, target_of(cls)).predict(X)
    assert (random.getstate(), repr(np.random.get_state())) == states  # noqa: NPY002
    assert draws() == expected


# Copies


def through_joblib(estimator):
    stream = io.BytesIO()
    joblib.dump(estimator, stream)
    stream.seek(0)
    return joblib.load(stream)


ROUND_TRIPS = {
    "deepcopy": copy.deepcopy,
    "joblib": through_joblib,
    "cloudpickle": lambda estimator: pickle.loads(cloudpickle.dumps(estimator)),
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
}


@each
@pytest.mark.parametrize("method", ROUND_TRIPS)
def test_a_copy_of_a_fitted_estimator_predicts_the_same_bits(cls, method, fitted):
    loaded = ROUND_TRIPS[method](fitted)
    np.testing.assert_array_equal(outputs(loaded, NEW_X), outputs(fitted, NEW_X))
    assert variables(loaded).isdisjoint(variables(fitted))
    assert loaded.history_ == fitted.history_
    assert loaded.model_.run_eagerly == fitted.model_.run_eagerly
    assert loaded.get_params() == fitted.get_params()


def absolute_error(y, y_pred):
    return keras.ops.mean(keras.ops.abs(y - y_pred))


def test_an_estimator_with_a_custom_loss_can_be_pickled():
    regressor = make(LSTMRegressor, epochs=1, loss=absolute_error).fit(X, NUMBERS)
    loaded = pickle.loads(pickle.dumps(regressor))
    np.testing.assert_array_equal(loaded.predict(X), regressor.predict(X))


@pytest.mark.parametrize("cls", [LSTMRegressor])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_any_protocol_is_about_as_large_as_the_weights(cls, protocol, fitted):
    pickled = pickle.dumps(fitted, protocol)
    n_bytes = sum(variable.value.numpy().nbytes for variable in fitted.model_.weights)
    assert len(pickled) <= 1.2 * n_bytes + 100_000
    loaded = pickle.loads(pickled)
    np.testing.assert_array_equal(loaded.predict(NEW_X), fitted.predict(NEW_X))


def test_a_pickle_of_a_large_network_is_about_as_large_as_the_weights():
    regressor = make(SequenceRegressor, epochs=1, model__units=256).fit(X, NUMBERS)
    n_bytes = sum(variable.value.numpy().nbytes for variable in regressor.model_.weights)
    assert n_bytes > 250_000  # else the limit below would be mostly the constant
    assert len(pickle.dumps(regressor)) <= 1.2 * n_bytes + 100_000


@each
def test_a_clone_is_unfitted_and_its_fit_gives_the_same_bits(cls, fitted, pipeline):
    cloned = clone(fitted)
    assert cloned.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        check_is_fitted(cloned)
    cloned.fit(pipeline[:-1].transform(TABLE), target_of(cls))
    np.testing.assert_array_equal(outputs(cloned, NEW_X), outputs(fitted, NEW_X))
    assert variables(cloned).isdisjoint(variables(fitted))


def test_a_second_fit_does_not_change_the_first_model():
    regressor = make(SequenceRegressor, epochs=1).fit(X, NUMBERS)
    model, before, predicted = regressor.model_, variables(regressor), regressor.predict(X)
    weights = [variable.value.numpy() for variable in model.weights]
    regressor.set_params(random_state=1).fit(X, NUMBERS)
    assert variables(regressor).isdisjoint(before)
    assert not np.array_equal(regressor.predict(X), predicted)
    for variable, value in zip(model.weights, weights, strict=True):
        np.testing.assert_array_equal(variable.value.numpy(), value)


def test_an_optimizer_can_be_shared_by_two_estimators():
    optimizer = keras.optimizers.Adam(0.05)
    first, second = (
        make(LSTMRegressor, epochs=1, optimizer=optimizer).fit(X, NUMBERS) for _ in range(2)
    )
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    assert first.optimizer is optimizer
    assert not optimizer.built
    assert len({id(optimizer), id(first.model_.optimizer), id(second.model_.optimizer)}) == 3


# Saving in Keras triggers a deprecation warning of NumPy 2.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
def test_a_model_saved_by_keras_loads_without_this_package(fitted_by_class, tmp_path):
    expected = {}
    for cls, pipeline in fitted_by_class.items():
        model = pipeline["lstm"].model_
        model.save(tmp_path / f"{cls.__name__}.keras")
        expected[cls.__name__] = model.predict(X, verbose=0)
    np.savez(tmp_path / "data.npz", X=X.astype("float32"), **expected)
    script = (
        "import pathlib, sys, keras, numpy as np\n"
        "data = np.load(sys.argv[1] + '/data.npz')\n"
        "for path in pathlib.Path(sys.argv[1]).glob('*.keras'):\n"
        "    output = keras.models.load_model(path).predict(data['X'], verbose=0)\n"
        "    np.testing.assert_allclose(output, data[path.stem], atol=1e-6)\n"
        "    print(path.stem)\n"
        "assert 'skl_lstm' not in sys.modules\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script, tmp_path], check=True, stdout=subprocess.PIPE, text=True
    )
    assert set(loaded.stdout.split()) == set(expected)


def test_a_fit_creates_the_optimizer_parameters_once(monkeypatch):
    from skl_lstm.estimators import building

    original, copied = building.optimizer_params, []

    def copy(optimizer):
        copied.append(optimizer)
        return original(optimizer)

    monkeypatch.setattr(building, "optimizer_params", copy)
    optimizer = keras.optimizers.SGD(0.125)
    make(LSTMRegressor, epochs=1, optimizer=optimizer).fit(X, NUMBERS)
    assert copied == [optimizer]


def test_the_names_of_the_targets_are_kept_for_forecast():
    X, y = np.zeros((6, 3, 1)), pd.DataFrame(np.eye(6)[:, :2], columns=["h1_load", "h2_load"])
    model = LSTMRegressor(2, epochs=1, random_state=0).fit(X, y)
    assert model._target_names == ["h1_load", "h2_load"]
    assert pickle.loads(pickle.dumps(model))._target_names == ["h1_load", "h2_load"]
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X * np.nan, y.set_axis(["a", "b"], axis=1))
    assert model._target_names == ["h1_load", "h2_load"]
    assert model.fit(X, y.to_numpy())._target_names is None
    assert model.partial_fit(X, y)._target_names == ["h1_load", "h2_load"]
    assert not hasattr(clone(model), "_target_names")
