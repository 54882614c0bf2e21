"""Differences from scikeras, each compared with scikeras' own wrapper for the same network.

If an assertion about scikeras itself fails, the workaround for it may no longer be needed.
"""

import pickle
import subprocess
import sys
from contextlib import nullcontext
from functools import partial

import cloudpickle
import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scikeras.utils import loss_name
from scikeras.wrappers import KerasClassifier, KerasRegressor
from scipy.sparse import csc_array
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.ensemble import (
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    check_cv,
    cross_val_score,
)
from sklearn.utils.class_weight import compute_sample_weight

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    SequenceClassifier,
    SequenceRegressor,
    lstm_network,
)

# 24 sequences of 4 time steps of 2 features.
X = np.random.default_rng(0).normal(size=(24, 4, 2))
Y = X[:, -1].sum(axis=1)
LABELS = np.where(Y > 0, "up", "down")
THREE = np.array(["a", "b", "c"])[np.arange(24) % 3]
FLAT = X[:, :, 0]
TABLE = pd.DataFrame(FLAT, columns=["t0", "t1", "t2", "t3"])


def make(wrapper, model=lstm_network, **params):
    """Create an estimator that is fitted quickly: two units, one epoch and no traced graph."""
    network = {"model__units": 2} if model is lstm_network else {}
    return wrapper(model, **{"epochs": 1, "run_eagerly": True, **network, **params})


regressor = partial(make, SequenceRegressor, random_state=0)
classifier = partial(make, SequenceClassifier, random_state=0)
# These have no seed, because a seed in scikeras affects all later fits in the process.
scikeras_regressor = partial(make, KerasRegressor, optimizer="adam", loss="mse", verbose=0)
scikeras_classifier = partial(
    make, KerasClassifier, optimizer="adam", loss="binary_crossentropy", verbose=0
)


def network(meta, width=None, activation=None, return_sequences=False, outputs=1, loss=None):
    """Build a network, optionally with a wrong output. With a loss, the network is compiled."""
    # n_features_in_ of scikeras is the length of axis 1, which is not the feature axis.
    inputs = keras.Input((None, meta["X_shape_"][-1]))
    hidden = keras.layers.SimpleRNN(2, return_sequences=return_sequences)(inputs)
    width = width or meta["n_outputs_"]
    heads = [keras.layers.Dense(width, activation=activation)(hidden) for _ in range(outputs)]
    model = keras.Model(inputs, heads[0] if outputs == 1 else heads)
    if loss is not None:
        model.compile(keras.optimizers.SGD(0.125), loss)
    return model


class NetworkFactory:
    """A callable object that builds a network."""

    def __call__(self, meta):
        return lstm_network(meta, units=2)

    build = __call__


class FailAfterEpoch(keras.callbacks.Callback):
    """A callback that raises an error at the end of the first epoch."""

    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError("interrupted")


def numpy_may_warn():
    """Expect the warning of newer NumPy versions about how Keras pickles a model."""
    try:
        np.array(keras.Variable(np.ones(1)))
    except DeprecationWarning:
        return pytest.raises(DeprecationWarning, match="__array__")
    return nullcontext()


@pytest.fixture(scope="module")
def sequence_estimator():
    return regressor().fit(X, Y)


@pytest.fixture(scope="module")
def scikeras_estimator():
    return scikeras_regressor().fit(X.astype("float32"), Y.astype("float32"))


# 1. Type of the estimator.


@pytest.mark.parametrize(
    ("is_kind", "sequence_estimator", "scikeras_estimator"),
    [
        (is_regressor, regressor(), scikeras_regressor()),
        (is_classifier, classifier(), scikeras_classifier()),
    ],
    ids=["regressor", "classifier"],
)
def test_scikit_learn_recognizes_the_type_of_estimator(
    is_kind, sequence_estimator, scikeras_estimator
):
    assert is_kind(sequence_estimator)
    assert not is_kind(scikeras_estimator)


@pytest.mark.parametrize(
    ("ensemble", "sequence_estimator", "scikeras_estimator", "y"),
    [
        (VotingRegressor, regressor(), scikeras_regressor(), Y),
        (partial(StackingRegressor, cv=2), regressor(), scikeras_regressor(), Y),
        (partial(VotingClassifier, voting="soft"), classifier(), scikeras_classifier(), LABELS),
    ],
    ids=["voting regressor", "stacking regressor", "voting classifier"],
)
def test_ensembles_accept_the_estimator(ensemble, sequence_estimator, scikeras_estimator, y):
    assert ensemble([("lstm", sequence_estimator)]).fit(X, y).predict(X).shape == y.shape
    with pytest.raises(ValueError, match=r"should be a (regressor|classifier)"):
        ensemble([("lstm", scikeras_estimator)]).fit(X, y)


def test_the_folds_of_a_classifier_are_stratified():
    folds = partial(check_cv, 2, LABELS)
    assert isinstance(folds(classifier=is_classifier(classifier())), StratifiedKFold)
    assert isinstance(folds(classifier=is_classifier(scikeras_classifier())), KFold)


def test_probabilities_can_be_scored():
    score = partial(cross_val_score, X=X, y=LABELS, cv=2, error_score="raise")
    for scoring in ("roc_auc", "neg_log_loss"):
        assert np.isfinite(score(classifier(), scoring=scoring)).all()
    with pytest.raises(ValueError, match=r"an array of shape \(12, 2\)|Got a regressor"):
        score(scikeras_classifier(), scoring="roc_auc")


# 2. Dtypes.


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "float16", "float64"])
def test_x_of_any_dtype_is_cast(sequence_estimator, scikeras_estimator, dtype):
    values = X.astype(dtype)
    assert_array_equal(
        sequence_estimator.predict(values), sequence_estimator.predict(values.astype("float32"))
    )
    again = regressor().fit(values, Y)
    assert_array_equal(again.predict(X), regressor().fit(values.astype("float32"), Y).predict(X))
    if dtype in ("int64", "float64"):
        with pytest.raises(ValueError, match=f"{dtype} to float32 is not safe"):
            scikeras_estimator.predict(values)


def test_y_of_another_dtype_can_be_scored(scikeras_estimator):
    fitted = regressor().fit(X, Y.astype("float32"))
    assert fitted.score(X, Y) == pytest.approx(fitted.score(X, Y.astype("float32")))
    with pytest.raises(ValueError, match=r"Got y with dtype float64, .* float32 is not safe"):
        scikeras_estimator.score(X.astype("float32"), Y)


# 3. The three axes.


def test_n_features_in_counts_the_last_axis_and_sequences_can_have_another_length(
    sequence_estimator, scikeras_estimator
):
    assert sequence_estimator.n_features_in_ == 2
    assert sequence_estimator.predict(X[:, :3]).shape == (24,)
    assert scikeras_estimator.n_features_in_ == 4
    with pytest.raises(ValueError, match=r"X has shape \(3, 2\)"):
        scikeras_estimator.predict(X[:, :3].astype("float32"))


def test_another_number_of_features_gives_the_error_of_scikit_learn(scikeras_estimator):
    message = "X has 3 features, but LSTMRegressor is expecting 2 features as input"
    more = np.zeros((24, 4, 3), dtype="float32")
    with pytest.raises(ValueError, match=message):
        LSTMRegressor(2, epochs=1).fit(X, Y).predict(more)
    with pytest.raises(ValueError, match=r"X has shape \(4, 3\)"):
        scikeras_estimator.predict(more)


def test_another_number_of_axes_than_in_fit_is_refused(sequence_estimator):
    with pytest.raises(ValueError, match="X has 2 dimensions, but SequenceRegressor was fitted on"):
        sequence_estimator.predict(FLAT)


# 4. Names of features.


def test_columns_in_another_order_are_refused():
    fitted = regressor().fit(TABLE, Y)
    assert_array_equal(fitted.feature_names_in_, TABLE.columns)
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        fitted.predict(TABLE[["t3", "t2", "t1", "t0"]])

    scikeras_estimator = scikeras_regressor().fit(TABLE, Y)
    assert not hasattr(scikeras_estimator, "feature_names_in_")
    assert scikeras_estimator.predict(TABLE[["t3", "t2", "t1", "t0"]]).shape == (24,)


# 5. Seeds.

SEEDED_FITS = """
import numpy as np
from scikeras.wrappers import KerasRegressor
from skl_lstm import SequenceRegressor, lstm_network

X, y = np.arange(48.0).reshape(8, 3, 2) % 7, np.arange(8.0)
network = dict(epochs=2, run_eagerly=True, model__units=2, model__dropout=0.5)

def fit_and_predict(seed):
    return SequenceRegressor(lstm_network, random_state=seed, **network).fit(X, y).predict(X)

def fit_scikeras(seed):
    KerasRegressor(
        lstm_network, random_state=seed, optimizer="adam", loss="mse", verbose=0, **network
    ).fit(X, y)

# Op determinism has an effect only if it is turned on before the first operation of TensorFlow.
fit_scikeras(0)
fit_and_predict(None)
print(fit_and_predict(0).tobytes().hex())
try:
    fit_scikeras(None)
except RuntimeError as error:
    print(error)
"""


def test_a_seed_affects_one_fit_and_gives_the_same_bits_in_every_process():
    done = subprocess.run(
        [sys.executable, "-c", SEEDED_FITS], capture_output=True, text=True, check=True
    )
    in_new_process, error = done.stdout.strip().splitlines()
    # The same fit in this process, after the fits of all previous tests.
    values, y = np.arange(48.0).reshape(8, 3, 2) % 7, np.arange(8.0)
    here = regressor(epochs=2, model__dropout=0.5).fit(values, y).predict(values)
    assert in_new_process == here.tobytes().hex()
    assert "Random ops require a seed to be set when determinism is enabled" in error


# 6. Input and output.


def test_sparse_x_is_refused_with_a_solution():
    sparse = csc_array(np.where(FLAT > 0.5, FLAT, 0))
    with pytest.raises(TypeError, match=r"Sparse data was passed for X.*toarray\(\)"):
        regressor().fit(sparse, Y)
    with pytest.raises(Exception, match="do not form a valid RowPartition"):
        scikeras_regressor().fit(sparse, Y)


def test_a_missing_y_is_refused():
    for estimator in (regressor(), classifier()):
        with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
            estimator.fit(X, None)
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute"):
        scikeras_regressor().fit(X, None)


def test_x_without_rows_is_refused(sequence_estimator):
    with pytest.raises(ValueError, match=r"Found array with 0 sample.* SequenceRegressor"):
        sequence_estimator.predict(X[:0])


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (Y, "float64"),
        (Y.astype("float32"), "float32"),
        (Y.astype("int64"), "float64"),
        (Y[:, np.newaxis], "float64"),
        (np.column_stack([Y, -Y]), "float64"),
    ],
    ids=["float64", "float32", "int", "one column", "two columns"],
)
def test_predictions_have_the_shape_and_dtype_of_y(y, dtype):
    predicted = regressor().fit(X, y).predict(X)
    assert predicted.shape == y.shape
    assert predicted.dtype == dtype


def test_scikeras_predicts_several_outputs_in_float32():
    assert scikeras_regressor().fit(X, np.column_stack([Y, -Y])).predict(X).dtype == "float32"


# 7. and 8. Pickles, and the types of `model`.


@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
def test_a_fitted_estimator_can_be_pickled(sequence_estimator, scikeras_estimator, pickler):
    back = pickle.loads(pickler.dumps(sequence_estimator))
    assert_array_equal(back.predict(X), sequence_estimator.predict(X))
    with numpy_may_warn():
        pickler.dumps(scikeras_estimator)


@pytest.mark.parametrize(
    "model", [NetworkFactory(), NetworkFactory().build], ids=["object", "bound method"]
)
def test_a_model_can_be_any_callable(sequence_estimator, model):
    fitted = regressor(model).fit(X, Y)
    assert_array_equal(fitted.predict(X), sequence_estimator.predict(X))
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), sequence_estimator.predict(X))
    with pytest.raises(TypeError, match="must be a callable"):
        scikeras_regressor(model).fit(X, Y)


def test_a_partial_function_keeps_its_arguments(sequence_estimator):
    model = partial(lstm_network, units=2)
    assert_array_equal(regressor(model).fit(X, Y).predict(X), sequence_estimator.predict(X))


def test_a_lambda_can_be_trained_but_only_cloudpickle_can_pickle_it(sequence_estimator):
    fitted = regressor(lambda meta: lstm_network(meta, units=2)).fit(X, Y)
    assert_array_equal(fitted.predict(X), sequence_estimator.predict(X))
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(fitted)
    assert_array_equal(
        cloudpickle.loads(cloudpickle.dumps(fitted)).predict(X), sequence_estimator.predict(X)
    )


@pytest.mark.parametrize("compiled", [False, True])
def test_a_keras_model_is_copied_in_every_fit(compiled):
    model = network({"X_shape_": (24, 4, 2), "n_outputs_": 1}, loss="mae" if compiled else None)
    start = model.predict(X, verbose=0)
    estimator = regressor(model)
    first = estimator.fit(X, Y).predict(X)
    assert_array_equal(model.predict(X, verbose=0), start)
    assert_array_equal(estimator.fit(X, Y).predict(X), first)
    assert not np.array_equal(first, start[:, 0])
    assert loss_name(estimator.model_.loss).endswith(
        "absolute_error" if compiled else "squared_error"
    )
    assert model.compiled is compiled

    # scikeras trains the model itself, so the second fit continues from the first.
    assert (
        make(KerasRegressor, model, loss=None if compiled else "mse", verbose=0).fit(X, Y).model_
        is model
    )
    assert not np.array_equal(model.predict(X, verbose=0), start)


@pytest.mark.parametrize("method", [clone, pickle.dumps], ids=["clone", "pickle"])
def test_an_estimator_with_a_keras_model_can_be_copied(method):
    model = network({"X_shape_": (24, 4, 2), "n_outputs_": 1})
    method(regressor(model))


@pytest.mark.parametrize("model", [keras.Model, None, "lstm"], ids=str)
def test_an_invalid_model_is_named(model):
    with pytest.raises(TypeError, match=f"must be a function that returns .* got {model!r}"):
        regressor(model).fit(X, Y)


# 9. Early stopping and class weights in searches.


def test_early_stopping_without_validation_data_monitors_the_training_loss():
    # No loss falls by 100, so early stopping would end the fit at once if it had a metric.
    assert regressor(epochs=4, patience=0, optimizer__learning_rate=1e-9).fit(X, Y).n_iter_ < 4
    never_better = keras.callbacks.EarlyStopping(patience=0, min_delta=100)
    scikeras_estimator = scikeras_regressor(epochs=4, callbacks=[never_better])
    with pytest.warns(UserWarning, match="Early stopping conditioned on metric `val_loss`"):
        scikeras_estimator.fit(X, Y)
    assert len(scikeras_estimator.history_["loss"]) == 4
    with pytest.raises(TypeError, match="unexpected keyword argument 'patience'"):
        scikeras_regressor(patience=0).fit(X, Y)


def test_a_search_in_two_processes_tunes_class_weight_and_patience():
    # joblib pickles with cloudpickle, so the model can be a lambda.
    searched = classifier(lambda meta: lstm_network(meta, units=2), epochs=2)
    grid = [
        {"class_weight": ["balanced"], "patience": [1]},
        {"class_weight": [{"up": 1, "down": 9}], "patience": [None]},
    ]
    search = partial(
        GridSearchCV, searched, grid, cv=2, scoring="neg_log_loss", error_score="raise"
    )
    one, two = (search(n_jobs=n_jobs).fit(X, LABELS) for n_jobs in (1, 2))
    assert_array_equal(two.cv_results_["mean_test_score"], one.cv_results_["mean_test_score"])
    # Equal scores would mean that class_weight and patience have no effect.
    assert len(set(one.cv_results_["mean_test_score"])) > 1


def test_callbacks_do_not_keep_a_reference_to_the_model():
    stopping = partial(keras.callbacks.EarlyStopping, "loss", restore_best_weights=True)
    sequence_estimator = regressor(callbacks=[stopping()]).fit(X, Y)
    assert sequence_estimator.callbacks[0].model is None
    assert clone(sequence_estimator).fit(X, Y).n_iter_ == 1
    scikeras_estimator = scikeras_regressor(callbacks=[stopping()]).fit(X, Y)
    assert scikeras_estimator.callbacks[0].model is scikeras_estimator.model_
    with numpy_may_warn():
        clone(scikeras_estimator)


# Parameters that are routed to Keras.

ROUTED = {"model__units": 3, "optimizer__learning_rate": 0.25, "callbacks__patience": 5}


def test_routed_parameters_can_be_read_and_set():
    estimator = regressor(**ROUTED)
    assert estimator.get_params().items() >= ROUTED.items()
    assert clone(estimator).get_params() == estimator.get_params()
    assert estimator.set_params(epochs=7, model__units=4, loss__delta=2.0) is estimator
    expected = ROUTED | {"epochs": 7, "model__units": 4, "loss__delta": 2.0}
    assert estimator.get_params().items() >= expected.items()
    for name in ("model__units=4", "optimizer__learning_rate=0.25", "callbacks__patience=5"):
        assert name in repr(estimator)


@pytest.mark.parametrize("name", ["units", "network__units"])
@pytest.mark.parametrize("wrapper", [SequenceRegressor, SequenceClassifier])
def test_an_unknown_parameter_is_refused_with_a_solution(wrapper, name):
    message = f"{wrapper.__name__} got an unexpected parameter '{name}'.*model__{name}"
    with pytest.raises(TypeError, match=message):
        wrapper(lstm_network, **{name: 3}).fit(X, LABELS == "up")
    with pytest.raises(ValueError, match="Invalid parameter"):
        wrapper(lstm_network).set_params(**{name: 3})


def test_routed_parameters_are_passed_to_keras():
    estimator = regressor(
        model__units=3,
        optimizer__learning_rate=0.25,
        metrics=["mae"],
        fit__batch_size=5,
        predict__batch_size=5,
        callbacks=[keras.callbacks.EarlyStopping],
        callbacks__monitor="loss",
        callbacks__min_delta=100,
        callbacks__patience=0,
        epochs=4,
    ).fit(X, Y)
    assert estimator.model_.layers[-1].input.shape == (None, 3)
    assert estimator.model_.optimizer.learning_rate.numpy() == 0.25
    assert estimator.model_.optimizer.iterations == 2 * 5
    assert set(estimator.history_) == {"loss", "mean_absolute_error"}
    assert estimator.n_iter_ == 2
    with pytest.raises(TypeError, match=r"unexpected parameter, model__unit. .* 'model__units'"):
        regressor(model__unit=3).fit(X, Y)


@pytest.mark.parametrize("optimizer", ["sgd", keras.optimizers.SGD], ids=["name", "class"])
def test_the_learning_rate_is_passed_to_the_optimizer(optimizer):
    fitted = LSTMRegressor(2, optimizer=optimizer, learning_rate=0.25, epochs=1).fit(X, Y)
    assert isinstance(fitted.model_.optimizer, keras.optimizers.SGD)
    assert fitted.model_.optimizer.learning_rate.numpy() == 0.25


def test_an_optimizer_instance_keeps_its_learning_rate_and_can_be_used_in_several_fits():
    optimizer = keras.optimizers.SGD(0.25)
    estimator = regressor(optimizer=optimizer)
    first, again = estimator.fit(X, Y).predict(X), estimator.fit(X, Y).predict(X)
    assert_array_equal(first, again)
    assert estimator.model_.optimizer is not optimizer
    named = LSTMClassifier(2, optimizer=optimizer, learning_rate=1e-9, epochs=1).fit(X, LABELS)
    assert named.model_.optimizer.learning_rate.numpy() == 0.25

    scikeras_estimator = scikeras_regressor(optimizer=optimizer).fit(X, Y)
    with pytest.raises(ValueError, match="Unknown variable"):
        scikeras_estimator.fit(X, Y)


# Networks and targets.

SHAPE = "The output of the network has shape .* Set return_sequences=False in the last recurrent"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"return_sequences": True}, SHAPE),
        ({"outputs": 2}, r"shape \[\(None, 1\), \(None, 1\)\].* with one output"),
        ({"width": 3, "activation": "softmax"}, "The network has 3 outputs, but y needs 1"),
    ],
    ids=["sequences", "two outputs", "width"],
)
@pytest.mark.parametrize(("make", "y"), [(regressor, Y), (classifier, LABELS)])
def test_a_network_with_a_wrong_output_is_refused(make, y, params, message):
    params = {f"model__{name}": value for name, value in params.items()}
    with pytest.raises(ValueError, match=message):
        make(network, **params).fit(X, y)


def test_scikeras_trains_a_network_that_returns_sequences():
    predicted = scikeras_regressor(network, model__return_sequences=True).fit(X, Y).predict(X)
    assert predicted.shape == (24 * 4,)


def test_a_compiled_network_keeps_its_loss_and_optimizer():
    fitted = regressor(network, model__loss="mae", optimizer="adam").fit(X, Y)
    assert loss_name(fitted.model_.loss) == "mean_absolute_error"
    assert isinstance(fitted.model_.optimizer, keras.optimizers.SGD)
    assert fitted.model_.optimizer.learning_rate.numpy() == 0.125


@pytest.mark.parametrize(
    ("make", "y", "loss"),
    [
        (regressor, Y, "mean_squared_error"),
        (regressor, np.column_stack([Y, -Y]), "mean_squared_error"),
        (classifier, LABELS, "binary_crossentropy"),
        (classifier, Y > 0, "binary_crossentropy"),
        (classifier, np.column_stack([Y > 0, Y < 1]).astype(int), "binary_crossentropy"),
        (classifier, THREE, "sparse_categorical_crossentropy"),
    ],
    ids=["one", "several", "strings", "bool", "multilabel", "three classes"],
)
def test_the_default_loss_and_the_predictions_follow_the_target(make, y, loss):
    fitted = make().fit(X, y)
    assert loss_name(fitted.model_.loss) == loss
    predicted = fitted.predict(X)
    assert predicted.shape == y.shape
    assert predicted.dtype == y.dtype
    if make is classifier:
        probabilities = fitted.predict_proba(X)
        assert probabilities.shape == (24, len(fitted.classes_))
        if y.ndim == 1:
            assert_allclose(probabilities.sum(axis=1), 1)
            assert_array_equal(fitted.classes_, np.unique(y))


@pytest.mark.parametrize(
    ("y", "model", "params"),
    [
        (THREE, lstm_network, {}),
        (LABELS, network, {"model__width": 2, "model__activation": "softmax"}),
    ],
    ids=["three classes", "two classes"],
)
def test_a_softmax_learns_the_same_from_codes_and_from_one_hot_rows(y, model, params):
    codes = classifier(model, **params).fit(X, y)
    rows = classifier(model, loss="categorical_crossentropy", **params).fit(X, y)
    assert loss_name(codes.model_.loss) == "sparse_categorical_crossentropy"
    assert_allclose(codes.predict_proba(X), rows.predict_proba(X), rtol=1e-5)


# Weights.


def test_rows_of_weight_zero_have_no_effect():
    weight = np.arange(24) % 3
    weighted = regressor().fit(X, Y, sample_weight=weight)
    nonzero = weight > 0
    without = regressor().fit(X[nonzero], Y[nonzero], sample_weight=weight[nonzero])
    assert_array_equal(weighted.predict(X), without.predict(X))
    assert not np.array_equal(weighted.predict(X), regressor().fit(X, Y).predict(X))


@pytest.mark.parametrize(("make", "y"), [(regressor, Y), (classifier, LABELS)])
def test_only_zero_weights_are_refused(make, y):
    with pytest.raises(ValueError, match="Sample weights must contain at least one non-zero"):
        make().fit(X, y, sample_weight=np.zeros(24))


def test_a_class_weight_of_zero_that_leaves_one_class_is_refused():
    with pytest.raises(ValueError, match=r"only one class has a weight above zero: .*up"):
        classifier(class_weight={"up": 1, "down": 0}).fit(X, LABELS)


@pytest.mark.parametrize("sample_weight", [None, 1 + np.arange(24) % 3], ids=["alone", "both"])
@pytest.mark.parametrize("class_weight", ["balanced", {"up": 5, "down": 1}], ids=str)
def test_class_weights_multiply_sample_weights(class_weight, sample_weight):
    by_class = classifier(class_weight=class_weight).fit(X, LABELS, sample_weight=sample_weight)
    product = compute_sample_weight(class_weight, LABELS)
    product = product if sample_weight is None else product * sample_weight
    by_row = classifier().fit(X, LABELS, sample_weight=product)
    assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), rtol=1e-6)


# Validation rows and patience.


@pytest.mark.parametrize(("validation_split", "monitor"), [(0.0, "loss"), (0.25, "val_loss")])
def test_patience_restores_the_weights_of_the_best_epoch(validation_split, monitor):
    # With this learning rate the loss soon rises.
    train = partial(
        regressor,
        validation_split=validation_split,
        optimizer="sgd",
        optimizer__learning_rate=2.0,
        model__units=3,
    )
    stopped = train(epochs=12, patience=2).fit(X, Y)
    best = int(np.argmin(stopped.history_[monitor])) + 1
    assert stopped.n_iter_ == best + 2 < 12
    assert_array_equal(stopped.predict(X), train(epochs=best).fit(X, Y).predict(X))


@pytest.mark.parametrize(("split", "left"), [(0.99, "0 for training and 24"), (1e-17, "24 for")])
def test_a_validation_split_without_rows_is_refused(split, left):
    with pytest.raises(ValueError, match=f"of 24 samples leaves {left}"):
        regressor(validation_split=split).fit(X, Y)


# One fit after another.


def test_warm_start_continues_training_and_fit_restarts_it():
    estimator = regressor(warm_start=True, epochs=2).fit(X, Y).fit(X, Y)
    whole = regressor(epochs=4).fit(X, Y)
    assert_array_equal(estimator.predict(X), whole.predict(X))
    assert estimator.history_ == whole.history_
    restarted = estimator.set_params(warm_start=False).fit(X, Y)
    assert restarted.n_iter_ == 2
    assert_array_equal(restarted.predict(X), regressor(epochs=2).fit(X, Y).predict(X))


@pytest.mark.parametrize("run_eagerly", [True, False], ids=["eager", "graph"])
def test_each_call_of_partial_fit_equals_an_epoch_of_fit(run_eagerly):
    params = {"run_eagerly": run_eagerly, "model__dropout": 0.3, "batch_size": 10}
    in_parts, whole = regressor(**params), regressor(epochs=3, **params).fit(X, Y)
    for _ in range(3):
        in_parts.partial_fit(X, Y)
    assert_array_equal(in_parts.predict(X), whole.predict(X))
    assert in_parts.history_ == whole.history_
    assert in_parts.n_iter_ == 3


def test_partial_fit_continues_after_unpickling():
    # A pickle does not keep the state of the optimizer. SGD without momentum has none.
    train = partial(regressor, optimizer="sgd")
    half = pickle.loads(pickle.dumps(train(epochs=2).fit(X, Y)))
    assert_array_equal(half.partial_fit(X, Y).predict(X), train(epochs=3).fit(X, Y).predict(X))
    assert half.n_iter_ == 3


def test_the_first_partial_fit_can_name_the_classes():
    fitted = classifier().partial_fit(X[:1], THREE[:1], classes=["a", "b", "c"])
    assert fitted._description.target.kind == "multiclass"
    assert fitted.predict_proba(X).shape == (24, 3)
    assert fitted.partial_fit(X, THREE).n_iter_ == 2


def test_a_later_partial_fit_can_repeat_the_classes():
    once, again = (classifier().partial_fit(X, THREE, ["a", "b", "c"]) for _ in range(2))
    once.partial_fit(X, THREE)
    again.partial_fit(X, THREE, ["c", "a", "b"])
    assert again.n_iter_ == 2
    assert_array_equal(again.predict_proba(X), once.predict_proba(X))


@pytest.mark.parametrize(
    ("make", "y", "more", "message"),
    [
        (
            classifier,
            LABELS,
            (X, THREE),
            "labels that are not classes of this SequenceClassifier: .*",
        ),
        (regressor, Y, (X[:, :, :1], Y), "X has 1 features, but SequenceRegressor is expecting 2"),
        (regressor, Y, (X, np.column_stack([Y, Y])), "y has 2 outputs, but .* was fitted on 1"),
        (regressor, Y, (FLAT, Y), "X has 2 dimensions, but SequenceRegressor was fitted on 3"),
    ],
    ids=["labels", "features", "outputs", "axes"],
)
def test_a_refused_partial_fit_does_not_change_the_estimator(make, y, more, message):
    fitted = make().fit(X, y)
    before = fitted.predict(X)
    with pytest.raises(ValueError, match=message):
        fitted.partial_fit(*more)
    assert_array_equal(fitted.predict(X), before)
    assert fitted.n_iter_ == 1


@pytest.mark.parametrize(
    ("method", "warm_start"),
    [
        ("fit", False),
        ("fit", True),
        ("partial_fit", False),
    ],
)
def test_a_failed_fit_does_not_change_the_predictions(method, warm_start):
    fitted = regressor(warm_start=warm_start).fit(X, Y)
    before = fitted.predict(X)
    fitted.set_params(callbacks=[FailAfterEpoch()])
    with pytest.raises(RuntimeError, match="interrupted"):
        getattr(fitted, method)(X[:9], -Y[:9])
    assert fitted.n_iter_ == 1
    assert_array_equal(fitted.predict(X), before)


def test_a_failed_fit_on_other_data_changes_no_attribute():
    fitted = regressor().fit(TABLE, Y)
    before = {name: value for name, value in vars(fitted).items() if name != "callbacks"}
    fitted.set_params(callbacks=[FailAfterEpoch()])
    with pytest.raises(RuntimeError, match="interrupted"):
        fitted.fit(X, np.column_stack([Y, Y]))
    assert {name: value for name, value in vars(fitted).items() if name != "callbacks"} == before


# scikit-learn's own callbacks.


class Recorder:
    """A scikit-learn callback that records its calls and stops after `stop_after` epochs."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.events = []
        self.estimators = []
        self.outputs = []

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name, context.max_subtasks))

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name, context.max_subtasks))

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.events.append(("begin", context.task_name, context.task_id))
        assert len(X) == len(y)

    def on_fit_task_end(self, estimator, context, *, metadata=None, fitted_estimator=None):
        self.events.append(("end", context.task_name, context.task_id))
        self.metadata = metadata
        self.estimators.append(fitted_estimator)
        self.outputs.append(fitted_estimator.predict(X))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


def events_of(epochs, max_subtasks):
    tasks = [(event, "epoch", epoch) for epoch in range(epochs) for event in ("begin", "end")]
    return [
        ("setup", "fit", max_subtasks),
        ("begin", "fit", 0),
        *tasks,
        ("end", "fit", 0),
        ("teardown", "fit", max_subtasks),
    ]


@pytest.fixture
def sklearn_callback():
    return pytest.importorskip(
        "sklearn.callback", reason="sklearn.callback is new in scikit-learn 1.9"
    )


@pytest.mark.usefixtures("sklearn_callback")
def test_callbacks_of_scikit_learn_are_called_in_every_epoch():
    recorder = Recorder()
    weight = np.ones(24)
    fitted = regressor(epochs=2).set_callbacks(recorder).fit(X, Y, sample_weight=weight)
    assert recorder.events == events_of(2, 2)
    assert_array_equal(recorder.metadata["sample_weight"], weight)
    # The estimator that a callback receives predicts like one fitted for that many epochs.
    for epochs, output in zip((1, 2, 2), recorder.outputs, strict=True):
        assert_array_equal(output, regressor(epochs=epochs).fit(X, Y, weight).predict(X))
    assert not hasattr(fitted, "_callback_fit_ctx")

    recorder.events.clear()
    fitted.partial_fit(X, Y)
    assert recorder.events == events_of(1, 1)


@pytest.mark.usefixtures("sklearn_callback")
def test_a_callback_of_scikit_learn_can_stop_the_training():
    recorder = Recorder(stop_after=2)
    fitted = regressor(epochs=5).set_callbacks(recorder).fit(X, Y)
    assert fitted.n_iter_ == 2
    assert recorder.events == events_of(2, 5)
    assert_array_equal(fitted.predict(X), regressor(epochs=2).fit(X, Y).predict(X))


@pytest.mark.usefixtures("sklearn_callback")
def test_later_epochs_do_not_change_the_estimator_that_a_callback_received():
    recorder = Recorder()
    regressor(epochs=2).set_callbacks(recorder).fit(X, Y)
    for estimator, output in zip(recorder.estimators, recorder.outputs, strict=True):
        assert_array_equal(estimator.predict(X), output)


@pytest.mark.usefixtures("sklearn_callback")
def test_callbacks_of_scikit_learn_are_torn_down_after_a_failed_fit():
    recorder = Recorder()
    estimator = regressor(callbacks=[FailAfterEpoch()]).set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="interrupted"):
        estimator.fit(X, Y)
    assert recorder.events[-1] == ("teardown", "fit", 1)
    assert not hasattr(estimator, "_callback_fit_ctx")


def test_the_progress_bar_of_a_search_includes_bars_of_its_fits(sklearn_callback, capsys):
    pytest.importorskip("rich")
    progress = partial(sklearn_callback.ProgressBar, max_propagation_depth=None)
    search = GridSearchCV(regressor(epochs=2), {"model__units": [2, 3]}, cv=2)
    search.set_callbacks(progress()).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    bars = [line for line in lines if "SequenceRegressor - fit" in line]
    assert len(bars) == 2 * 2 + 1
    # Without the epochs, the bars of the fits would not reach 100 %.
    assert all(bar.startswith("  ") and bar.rstrip().endswith("100%") for bar in bars)

    scikeras_search = GridSearchCV(scikeras_regressor(), {"model__units": [2]}, cv=2, refit=False)
    with pytest.warns(UserWarning, match="KerasRegressor does not support callbacks"):
        scikeras_search.set_callbacks(progress()).fit(X, Y)


@pytest.mark.parametrize("fits", [1, 2])
def test_a_score_is_monitored_in_every_epoch(sklearn_callback, fits):
    monitor = sklearn_callback.ScoringMonitor(scoring="r2")
    fitted = regressor(epochs=3).set_callbacks(monitor)
    for _ in range(fits):
        fitted.fit(TABLE, Y)
    scores = [row["r2"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 3
    assert scores[-1] == pytest.approx(fitted.score(TABLE, Y), rel=1e-6)


# Parameters with the prefix ``fit__``.


@pytest.mark.parametrize(
    ("routed", "named"),
    [
        ({"fit__epochs": 3}, {"epochs": 3}),
        ({"fit__batch_size": 5}, {"batch_size": 5}),
        ({"fit__shuffle": False}, {"shuffle": False}),
    ],
)
def test_a_parameter_of_fit_overrides_the_estimator_parameter(routed, named):
    by_prefix, by_name = regressor(**routed).fit(X, Y), regressor(**named).fit(X, Y)
    assert by_prefix.history_ == by_name.history_
    assert by_prefix.n_iter_ == named.get("epochs", 1)


def test_callbacks_routed_to_fit_are_called_once_per_epoch():
    epochs = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    regressor(epochs=2, fit__callbacks=[callback]).fit(X, Y)
    assert epochs == [0, 1]


# Losses and networks that Keras cannot rebuild from JSON.


def squared_error(y_true, y_pred):
    return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)


def test_training_with_a_custom_loss_continues_after_unpickling():
    fitted = regressor(loss=squared_error, optimizer="sgd").fit(X, Y)
    loaded = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(loaded.predict(X), fitted.predict(X))
    assert_allclose(
        loaded.partial_fit(X, Y).predict(X), fitted.partial_fit(X, Y).predict(X), rtol=1e-6
    )


@pytest.mark.parametrize("loss", ["mse", "kl_divergence", keras.losses.MeanAbsoluteError()])
def test_a_loss_that_compares_each_output_gets_one_target_per_class(loss):
    # Keras would compare the code of the class with every output, without an error.
    options = {"activation": "softmax", "width": 3}
    routed = {f"model__{name}": value for name, value in options.items()}
    fitted = classifier(network, loss=loss, batch_size=24, optimizer="sgd", **routed)
    fitted.set_params(optimizer__learning_rate=1e-9).fit(X, THREE)
    one_hot = np.eye(3)[np.searchsorted(fitted.classes_, THREE)]
    expected = keras.losses.get(loss)(one_hot, fitted.predict_proba(X))
    assert fitted.history_["loss"][0] == pytest.approx(float(np.mean(expected)), rel=1e-4)


def test_a_misspelt_parameter_is_named_with_a_similar_one():
    with pytest.raises(TypeError, match=r"unexpected parameter 'epoch'. Did you mean 'epochs'"):
        SequenceRegressor(lstm_network, epoch=3).fit(X, Y)
    with pytest.raises(TypeError, match="Did you mean 'model__units'"):
        SequenceRegressor(lstm_network, modle__units=3).fit(X, Y)
