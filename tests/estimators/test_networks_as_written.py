"""Networks as people write them for Keras: without an Input layer, or as a subclass of Model."""

import pickle

import keras
import numpy as np
import pytest
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

from skl_lstm import SequenceClassifier, SequenceRegressor, lstm_network

# 24 sequences of 4 time steps of 2 features.
X = np.random.default_rng(0).normal(size=(24, 4, 2))
Y = X[:, -1].sum(axis=1)
LABELS = np.where(Y > 0, "up", "down")


class WithArguments(keras.Model):
    """A network that passes the arguments of Keras on, as its documentation recommends."""

    def __init__(self, units=2, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.recurrent = layers.LSTM(units)
        self.head = layers.Dense(1, activation)

    def call(self, x):
        return self.head(self.recurrent(x))


class Plain(keras.Model):
    """A network that takes only its own arguments, as most people write it."""

    def __init__(self, units=2):
        super().__init__()
        self.recurrent = layers.GRU(units)
        self.dropout = layers.Dropout(0.1)
        self.head = layers.Dense(1)

    def call(self, x, training=None):
        return self.head(self.dropout(self.recurrent(x), training=training))


class ReadsTheLength(keras.Model):
    """A network whose code needs the number of time steps."""

    def __init__(self):
        super().__init__()
        self.head = layers.Dense(1)

    def call(self, x):
        return self.head(sum(x[:, step] for step in range(x.shape[1])))


class OwnTrainingStep(Plain):
    """A network that counts its training steps."""

    def __init__(self, units=2):
        super().__init__(units)
        self.steps = 0

    def train_step(self, data):
        self.steps += 1
        return super().train_step(data)


class NotDescribed(keras.Model):
    """A network whose argument Keras cannot save."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.head = layers.Dense(1)

    def call(self, x):
        return self.head(self.function(x))


def sequential(units=2, activation=None):
    return keras.Sequential([layers.LSTM(units), layers.Dense(1, activation)])


def with_input(units=2):
    return keras.Sequential([keras.Input((None, 2)), layers.LSTM(units), layers.Dense(1)])


def flattened():
    return keras.Sequential(
        [layers.LSTM(2, return_sequences=True), layers.Flatten(), layers.Dense(1)]
    )


def unrolled():
    return keras.Sequential([layers.LSTM(2, unroll=True), layers.Dense(1)])


def distributed():
    shared = layers.TimeDistributed(layers.Dense(2))
    return keras.Sequential([shared, layers.LSTM(2), layers.Dense(1)])


def with_arguments(units=2, activation=None):
    return WithArguments(units, activation)


def compiled(units=2):
    model = Plain(units)
    model.compile("sgd", "mae")
    return model


def not_described():
    return NotDescribed(lambda x: x[:, -1])


def last_step(x):
    return x[:, -1]


def regressor(model, **params):
    """Create an estimator that is fitted quickly: one epoch and no traced graph."""
    quick = {"epochs": 1, "run_eagerly": True, "random_state": 0}
    return SequenceRegressor(model, **{**quick, **params})


OPEN_LENGTH = [sequential, with_arguments, Plain, compiled]
FIXED_LENGTH = [flattened, unrolled, distributed]


def made_by(function):
    """Return a function of the network; a class is not a function."""
    return lambda: function()


# 1. Fit and predict.


@pytest.mark.parametrize("make", [*OPEN_LENGTH, *FIXED_LENGTH, ReadsTheLength, OwnTrainingStep])
@pytest.mark.parametrize("kind", ["function", "network"])
def test_the_shape_of_the_input_follows_from_X(make, kind):
    model = made_by(make) if kind == "function" else make()
    fitted = regressor(model).fit(X, Y)
    assert fitted.predict(X).shape == (24,)
    assert np.isfinite(fitted.score(X, Y))
    # Each fit starts from the same weights.
    assert_array_equal(clone(fitted).fit(X, Y).predict(X), fitted.predict(X))


@pytest.mark.parametrize("make", [*OPEN_LENGTH, ReadsTheLength])
def test_sequences_of_another_length_than_in_fit_can_be_predicted(make):
    fitted = regressor(made_by(make)).fit(X, Y)
    assert fitted.predict(X[:, 1:]).shape == (24,)
    assert fitted.predict(np.concatenate([X, X], axis=1)).shape == (24,)


def test_layers_for_a_fixed_length_refuse_another_length():
    fitted = regressor(flattened).fit(X, Y)
    assert fitted.model_.input_shape == (None, 4, 2)
    with pytest.raises(ValueError, match="incompatible with the layer"):
        fitted.predict(X[:, 1:])


@pytest.mark.parametrize("make", [sequential, Plain, unrolled])
def test_a_network_as_written_is_trained_in_a_graph(make):
    fitted = regressor(made_by(make), run_eagerly=False, epochs=2).fit(X, Y)
    eager = regressor(made_by(make), epochs=2).fit(X, Y)
    assert_allclose(fitted.predict(X), eager.predict(X), rtol=1e-4, atol=1e-5)


def test_a_sequential_trains_like_one_with_an_input_layer():
    without, with_layer = regressor(sequential, epochs=3), regressor(with_input, epochs=3)
    assert without.fit(X, Y).model_.input_shape == (None, None, 2)
    assert_array_equal(without.predict(X), with_layer.fit(X, Y).predict(X))


def test_recurrent_layers_need_a_feature_axis():
    with pytest.raises(ValueError, match=r"expected ndim=3.* pass X\[:, :, np.newaxis\]"):
        regressor(sequential).fit(X[:, :, 0], Y)


def test_a_sequential_of_dense_layers_reads_a_table_as_columns():
    def dense():
        return keras.Sequential([layers.Dense(3, "relu"), layers.Dense(1)])

    assert regressor(dense).fit(X[:, :, 0], Y).model_.input_shape == (None, 4)


@pytest.mark.parametrize("make", [sequential, with_arguments])
def test_a_classifier_trains_a_network_as_written(make):
    classifier = SequenceClassifier(make, model__activation="sigmoid", epochs=1, random_state=0)
    probabilities = classifier.fit(X, LABELS).predict_proba(X)
    assert probabilities.shape == (24, 2)
    assert_allclose(probabilities.sum(axis=1), 1)


def test_the_training_of_a_subclass_is_its_own():
    fitted = regressor(OwnTrainingStep(), run_eagerly=True, batch_size=8, epochs=2).fit(X, Y)
    assert isinstance(fitted.model_, OwnTrainingStep)
    assert fitted.model_.steps == 3 * 2


def test_a_subclass_keeps_its_own_loss_and_optimizer():
    fitted = regressor(compiled).fit(X, Y)
    assert isinstance(fitted.model_.optimizer, keras.optimizers.SGD)
    assert fitted.history_["loss"][0] < 3  # the mean absolute error


def test_a_network_that_is_passed_is_not_changed():
    for model in (sequential(), Plain()):
        regressor(model).fit(X, Y)
        assert not model.built


def test_a_trained_subclass_is_trained_further():
    trained = regressor(Plain()).fit(X, Y).model_
    before = [weight.numpy() for weight in trained.weights]
    onward = regressor(trained, epochs=1, optimizer="adam").fit(X, Y)
    assert [w.shape for w in onward.model_.weights] == [w.shape for w in before]
    for weight, array in zip(trained.weights, before, strict=True):
        assert_array_equal(weight.numpy(), array)
        assert abs(array).sum() > 0


def test_partial_fit_and_warm_start_continue():
    fitted = regressor(Plain()).partial_fit(X, Y).partial_fit(X, Y)
    assert fitted.n_iter_ == 2
    assert fitted.set_params(warm_start=True).fit(X, Y).n_iter_ == 3


# 2. Searches and files.


@pytest.mark.parametrize("make", [sequential, Plain, with_arguments])
def test_a_search_tunes_a_network_as_written(make):
    def network(units):
        return make(units)

    search = GridSearchCV(
        regressor(network, model__units=2), {"model__units": [2, 3]}, cv=2, error_score="raise"
    ).fit(X, Y)
    assert search.best_estimator_.predict(X).shape == (24,)


@pytest.mark.parametrize("make", [sequential, Plain, with_arguments])
def test_a_network_that_is_passed_can_be_cross_validated(make):
    estimator = regressor(make())
    scores = cross_val_score(estimator, X, Y, cv=2, error_score="raise")
    assert np.isfinite(scores).all()
    copied = clone(estimator)
    assert copied.model is not estimator.model
    assert type(copied.model) is type(estimator.model)
    assert clone(estimator).get_params().keys() == estimator.get_params().keys()


@pytest.mark.parametrize("make", [*OPEN_LENGTH, *FIXED_LENGTH, ReadsTheLength])
@pytest.mark.parametrize("kind", ["function", "network"])
def test_a_fitted_estimator_can_be_pickled(make, kind):
    if kind == "function" and isinstance(make, type):
        pytest.skip("a class is not a function")
    fitted = regressor(make if kind == "function" else make()).fit(X, Y)
    loaded = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(loaded.predict(X), fitted.predict(X))
    assert type(loaded.model_) is type(fitted.model_)
    assert loaded.partial_fit(X, Y).n_iter_ == 2


def test_a_network_that_keras_cannot_describe_is_trained_but_not_saved():
    fitted = regressor(not_described).fit(X, Y)
    assert fitted.predict(X).shape == (24,)
    assert cross_val_score(fitted, X, Y, cv=2, error_score="raise").shape == (2,)
    message = r"NotDescribed cannot be copied or saved.*Define get_config\(\) in the class"
    with pytest.raises(TypeError, match=message):
        pickle.dumps(fitted)
    with pytest.raises(TypeError, match="pass a function that returns it instead of the network"):
        regressor(not_described()).fit(X, Y)


def test_a_class_inside_a_function_cannot_be_pickled():
    class Inner(Plain):
        pass

    fitted = regressor(made_by(Inner)).fit(X, Y)
    with pytest.raises((AttributeError, pickle.PicklingError), match=r"Inner|made_by|lambda"):
        pickle.dumps(fitted)


# 3. Networks that cannot be built.


class Wrong(keras.Model):
    """A network whose code raises an error."""

    def __init__(self, problem):
        super().__init__()
        self.problem = problem

    def call(self, x):
        if self.problem == "a name":
            return self.undefined(x)
        if self.problem == "two outputs":
            return x[:, -1, :1], x[:, 0, :1]
        raise ValueError("no such length")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Wrong("a name"), AttributeError, "undefined"),
        (lambda: Wrong("two outputs"), ValueError, r"\[\(None, 1\), \(None, 1\)\].* one output"),
        (
            lambda: Wrong("a shape"),
            ValueError,
            r"Wrong cannot be built for X of shape \(24, 4, 2\)",
        ),
        (lambda: keras.Sequential([]), ValueError, "Sequential cannot be built for .* no layers"),
        (
            lambda: keras.Sequential([layers.Conv2D(1, 1), layers.Dense(1)]),
            ValueError,
            r"cannot be built for X of shape \(24, 4, 2\): .* expected min_ndim=4, found ndim=3",
        ),
        (
            lambda: keras.Sequential([layers.LSTM(2, return_sequences=True)]),
            ValueError,
            "Set return_sequences=False",
        ),
        (keras.Model, TypeError, "must be a function that"),
        (Plain, TypeError, "the class Plain. Pass an instance of it"),
    ],
    ids=["a name", "two outputs", "a shape", "empty", "axes", "sequences out", "Model", "a class"],
)
def test_a_network_that_cannot_be_built_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        regressor(make).fit(X, Y)


def test_an_estimator_with_an_optimizer_as_a_dict_can_be_pickled():
    optimizer = {"class_name": "sgd", "config": {"momentum": 0.9}}
    fitted = SequenceRegressor(lstm_network, optimizer=optimizer, epochs=1).fit(X, Y)
    restored = pickle.loads(pickle.dumps(fitted))
    assert restored.optimizer == optimizer
    assert_array_equal(restored.predict(X), fitted.predict(X))


@pytest.mark.parametrize("shape", [(4, 3), (None, 1), (5, 2)])
def test_an_input_that_does_not_fit_x_is_refused(shape):
    network = keras.Sequential([keras.Input(shape), layers.LSTM(2), layers.Dense(1)])
    message = r"The network takes an input of shape \(None, .*\), but X has shape \(24, 4, 2\)"
    with pytest.raises(ValueError, match=message):
        SequenceRegressor(network).fit(X, Y)


class Logits(keras.Model):
    """A classifier without an activation at the end."""

    def __init__(self):
        super().__init__()
        self.recurrent = layers.LSTM(2)
        self.head = layers.Dense(1, kernel_initializer=keras.initializers.Constant(9.0))

    def call(self, x):
        return self.head(self.recurrent(x))


def test_outputs_that_are_no_probabilities_are_refused():
    classifier = SequenceClassifier(Logits(), epochs=1, random_state=0).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"which are not probabilities\. Use the activation"):
        classifier.predict(X)
