"""Plans: which models share a traced copy, and which have no copy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from keras_models import ARCHITECTURES, X, Y, compiled, filled, from_a_network, in_a_row, on, small
from numpy.testing import assert_allclose

from skl_lstm.training.keras import plans as plans_module
from skl_lstm.training.keras.plans import plan_of, prediction_plan
from skl_lstm.training.keras.pool import TracedCopy


@pytest.fixture(params=ARCHITECTURES)
def build(request):
    return ARCHITECTURES[request.param]


def names(model):
    return [layer.name for layer in model.layers]


# Equal plans.


@pytest.mark.parametrize("training", [True, False])
def test_two_builds_of_one_function_have_equal_plans(build, training):
    first, second = compiled(build()), compiled(build())
    assert names(first) != names(second)
    plan = plan_of(first, training=training)
    assert plan is not None
    assert plan_of(second, training=training) == plan


def test_clearing_the_session_does_not_change_the_plan(build):
    plan = plan_of(compiled(build()), training=True)
    keras.backend.clear_session()
    assert plan_of(compiled(build()), training=True) == plan


def test_training_does_not_change_the_plan():
    model = filled(compiled(small(dropout=0.2)), 0)
    plan = plan_of(model, training=True)
    model.optimizer.learning_rate = 0.5
    assert plan_of(filled(model, 1), training=True) == plan


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.2)),
        (keras.optimizers.Adam(0.1, name="mine"), "adam"),
        (keras.optimizers.Adam(np.float64(0.1)), keras.optimizers.Adam()),
        (keras.optimizers.SGD(0.1, momentum=0.5), keras.optimizers.SGD(0.2, momentum=0.5)),
    ],
)
def test_the_plan_omits_name_and_learning_rate_of_the_optimizer(first, second):
    plans = [plan_of(compiled(optimizer=optimizer), training=True) for optimizer in (first, second)]
    assert plans[0] is not None
    assert plans[0] == plans[1]


def test_the_prediction_plan_omits_the_compile_settings():
    models = [small(), compiled(optimizer="sgd"), compiled(loss="mae", run_eagerly=True)]
    assert len({plan_of(model, training=False) for model in models}) == 1


DECAY = keras.optimizers.schedules.ExponentialDecay
LOSSES = keras.losses
MODELS = {
    "units": (lambda: small(2), lambda: small(3)),
    "features": (lambda: small(features=2), lambda: small(features=3)),
    "outputs": (lambda: small(), lambda: small(outputs=2)),
    "dropout": (lambda: small(), lambda: small(dropout=0.1)),
    "another dropout": (lambda: small(dropout=0.2), lambda: small(dropout=0.1)),
    "trainable": (lambda: small(), lambda: small(trainable=False)),
    "activation": (lambda: small(), lambda: small(activation="relu")),
    "precision": (lambda: small(), lambda: small(dtype="mixed_float16")),
    "regularizer": (lambda: small(), lambda: small(kernel_regularizer="l2")),
    "layer": (lambda: in_a_row(layers.LSTM(2)), lambda: in_a_row(layers.GRU(2))),
    "order": (
        lambda: in_a_row(layers.LSTM(2), layers.Dropout(0.1), layers.ReLU()),
        lambda: in_a_row(layers.LSTM(2), layers.ReLU(), layers.Dropout(0.1)),
    ),
    "class": (lambda: in_a_row(layers.LSTM(2)), small),
    "wiring": (
        lambda: on(lambda x: layers.Dense(1)(layers.Flatten()(x - layers.ReLU()(x)))),
        lambda: on(lambda x: layers.Dense(1)(layers.Flatten()(layers.ReLU()(x) - x))),
    ),
    "shared layers": (
        lambda: on(lambda x: (lambda dense: dense(dense(x)))(layers.Dense(2))),
        lambda: on(lambda x: layers.Dense(2)(layers.Dense(2)(x))),
    ),
    "constant in an operation": (lambda: on(lambda x: x * 2.0), lambda: on(lambda x: x * 3.0)),
    "mask": (
        lambda: from_a_network(units=2, conv_filters=2, mask_value=-1.0),
        lambda: from_a_network(units=2, conv_filters=2, mask_value=-2.0),
    ),
}
SETTINGS = {
    "optimizer": ({"optimizer": "adam"}, {"optimizer": "sgd"}),
    "optimizer's settings": (
        {"optimizer": keras.optimizers.Adam(beta_1=0.9)},
        {"optimizer": keras.optimizers.Adam(beta_1=0.8)},
    ),
    "clipping": ({}, {"optimizer": keras.optimizers.Adam(clipnorm=1.0)}),
    "schedule": ({}, {"optimizer": keras.optimizers.Adam(DECAY(0.1, 5, 0.9))}),
    "another schedule": (
        {"optimizer": keras.optimizers.Adam(DECAY(0.1, 5, 0.9))},
        {"optimizer": keras.optimizers.Adam(DECAY(0.2, 5, 0.9))},
    ),
    "loss": ({"loss": "mse"}, {"loss": "mae"}),
    "loss function": ({"loss": LOSSES.mean_squared_error}, {"loss": LOSSES.log_cosh}),
    "loss object": (
        {"loss": LOSSES.BinaryCrossentropy()},
        {"loss": LOSSES.BinaryCrossentropy(label_smoothing=0.1)},
    ),
    "loss weights": ({}, {"loss_weights": [0.5]}),
    "metrics": ({}, {"metrics": ["mae"]}),
    "metric's settings": (
        {"metrics": [keras.metrics.AUC(num_thresholds=5)]},
        {"metrics": [keras.metrics.AUC(num_thresholds=7)]},
    ),
    "weighted metrics": ({"metrics": ["mae"]}, {"weighted_metrics": ["mae"]}),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("change", MODELS)
def test_different_models_have_different_plans(change, training):
    plans = [plan_of(compiled(build()), training=training) for build in MODELS[change]]
    assert None not in plans
    assert plans[0] != plans[1]


@pytest.mark.parametrize("change", SETTINGS)
def test_models_with_different_compile_settings_have_different_plans(change):
    plans = [plan_of(compiled(**options), training=True) for options in SETTINGS[change]]
    assert None not in plans
    assert plans[0] != plans[1]


# Settings of layers, losses and metrics that their configuration may omit.
OMITTED_FROM_CONFIG = {
    "loss": (
        lambda: compiled(loss=LOSSES.Huber(1.0)),
        lambda: compiled(loss=LOSSES.Huber(2.0)),
    ),
    "axis of a loss": (
        lambda: compiled(small(outputs=3), loss=LOSSES.CosineSimilarity()),
        lambda: compiled(small(outputs=3), loss=LOSSES.CosineSimilarity(axis=0)),
    ),
    "axis of a metric": (
        lambda: compiled(metrics=[keras.metrics.CosineSimilarity()]),
        lambda: compiled(metrics=[keras.metrics.CosineSimilarity(axis=0)]),
    ),
    "regularizer of outputs": (
        lambda: compiled(in_a_row(layers.LSTM(2), layers.Dense(2))),
        lambda: compiled(in_a_row(layers.LSTM(2), layers.Dense(2, activity_regularizer="l2"))),
    ),
}


@pytest.mark.parametrize("setting", OMITTED_FROM_CONFIG)
def test_models_that_differ_in_an_omitted_setting_share_no_copy(setting):
    first, second = (plan_of(build(), training=True) for build in OMITTED_FROM_CONFIG[setting])
    assert first != second or first is second is None


@pytest.mark.parametrize("setting", OMITTED_FROM_CONFIG)
def test_a_copy_computes_the_loss_of_a_model_with_an_omitted_setting(setting):
    model = filled(OMITTED_FROM_CONFIG[setting][1](), 0)
    plan = plan_of(model, training=True)
    if plan is not None:
        copy = TracedCopy(plan, model)
        copy.load(model)
        y = np.repeat(Y, model.output_shape[-1], axis=1) * 10
        losses = [m.compute_loss(X, y, m(X)) for m in (copy.model, model)]
        assert_allclose(*losses, rtol=1e-5)


# No plan.


class OwnLayer(layers.Layer):
    def call(self, x):
        return 2 * x


class OwnDense(layers.Dense):
    """A subclass without changes, whose behaviour the plan still cannot know."""


class Closed(layers.Layer):
    def __init__(self, factor, other):
        super().__init__()
        self.factor = factor * other

    def call(self, x):
        return self.factor * x


class OwnLoss(keras.losses.Loss):
    def call(self, y, output):
        return ops.mean(ops.square(y - output))


class OwnMetric(keras.metrics.Mean):
    def update_state(self, y, output, sample_weight=None):
        return super().update_state(output, sample_weight)


class OwnOptimizer(keras.optimizers.Adam):
    pass


class OwnSchedule(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.1

    def get_config(self):
        return {}


class OwnModel(keras.Model):
    def train_step(self, data):
        return super().train_step(data)


class OwnRegularizer(keras.regularizers.Regularizer):
    def __call__(self, weights):
        return ops.sum(weights)

    def get_config(self):
        return {}


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = layers.LSTM(2), layers.Dense(1)

    def call(self, x):
        return self.last(self.hidden(x))


def mean_squared_error(y, output):
    return ops.mean(ops.abs(y - output))


def doubled(x):
    return 2 * x


def tanh(x):
    return 2 * ops.tanh(x)


@keras.saving.register_keras_serializable("tests_of_the_pool")
def registered(y, output):
    return ops.mean(ops.abs(y - output))


def slow_start():
    return 0.01


def with_two_inputs():
    inputs = [keras.Input((None, 2)), keras.Input((None, 2))]
    return keras.Model(inputs, layers.LSTM(2)(layers.Add()(inputs)))


def with_two_outputs():
    inputs = keras.Input((None, 2))
    hidden = layers.LSTM(2)(inputs)
    return keras.Model(inputs, [layers.Dense(1)(hidden), layers.Dense(1)(hidden)])


def with_named_outputs():
    inputs = keras.Input((None, 2))
    return keras.Model(inputs, {"last": layers.LSTM(2)(inputs)})


def with_fixed_batches():
    inputs = keras.Input(batch_shape=(5, None, 2))
    return keras.Model(inputs, layers.LSTM(2)(inputs))


def of_own_class():
    model = small()
    return OwnModel(model.inputs, model.outputs)


def called(model):
    model(X)
    return model


NO_COPY = {
    "layer of the user": lambda: in_a_row(OwnLayer(), layers.LSTM(2)),
    "subclass of a layer": lambda: in_a_row(layers.LSTM(2), OwnDense(2)),
    "wrapped layer of the user": lambda: in_a_row(
        layers.TimeDistributed(OwnDense(2)), layers.LSTM(2)
    ),
    "layer of the user in a nested model": lambda: in_a_row(
        keras.Sequential([keras.Input((None, 2)), OwnLayer()]), layers.LSTM(2)
    ),
    "layer without get_config": lambda: in_a_row(Closed(np.float32(2), 3), layers.LSTM(2)),
    "Lambda layer": lambda: in_a_row(layers.Lambda(lambda x: x[:, -1])),
    "Lambda layer of a function": lambda: in_a_row(layers.Lambda(tanh), layers.LSTM(2)),
    "activation of the user": lambda: small(activation=doubled),
    "activation with the name of a Keras function": lambda: small(activation=tanh),
    "activation layer with the name of a Keras function": lambda: in_a_row(
        layers.LSTM(2), layers.Activation(tanh)
    ),
    "regularizer of the user": lambda: small(kernel_regularizer=OwnRegularizer()),
    "layer that adapts to data": lambda: in_a_row(layers.Normalization(), layers.LSTM(2)),
    "several inputs": with_two_inputs,
    "several outputs": with_two_outputs,
    "named outputs": with_named_outputs,
    "fixed number of samples": with_fixed_batches,
    "subclass of the model": of_own_class,
    "subclassed model": Subclassed,
    "subclassed model that was called": lambda: called(Subclassed()),
    "model without a built input": lambda: keras.Sequential([layers.LSTM(2), layers.Dense(1)]),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NO_COPY)
def test_a_model_with_foreign_code_or_an_unsupported_form_has_no_plan(name, training):
    assert plan_of(compiled(NO_COPY[name]()), training=training) is None


TRAINED_BY_KERAS = {
    "loss function": {"loss": lambda y, output: ops.mean(y - output)},
    "loss with the name of a Keras function": {"loss": mean_squared_error},
    "loss class": {"loss": OwnLoss()},
    "loss in a list": {"loss": [mean_squared_error]},
    "registered loss": {"loss": registered},
    "registered loss by name": {"loss": "tests_of_the_pool>registered"},
    "registered metric by name": {"metrics": ["tests_of_the_pool>registered"]},
    "metric function": {"metrics": ["mae", mean_squared_error]},
    "metric class": {"metrics": [OwnMetric()]},
    "weighted metric": {"weighted_metrics": [mean_squared_error]},
    "metric that wraps a function": {"metrics": [keras.metrics.MeanMetricWrapper(registered)]},
    "optimizer class": {"optimizer": OwnOptimizer()},
    "schedule class": {"optimizer": keras.optimizers.Adam(OwnSchedule())},
    "learning rate function": {"optimizer": keras.optimizers.Adam(slow_start)},
    "no graph": {"run_eagerly": True},
    "XLA": {"jit_compile": True},
}


@pytest.mark.parametrize("name", TRAINED_BY_KERAS)
def test_foreign_compile_settings_allow_only_a_prediction_plan(name):
    model = compiled(**TRAINED_BY_KERAS[name])
    assert plan_of(model, training=True) is None
    assert plan_of(model, training=False) == plan_of(small(), training=False)


@pytest.mark.parametrize(
    "model",
    [
        lambda: compiled(optimizer=keras.optimizers.Adam(lambda: 0.01)),
        lambda: compiled(small(activation=lambda x: x)),
    ],
    ids=["learning rate", "activation"],
)
def test_plan_of_does_not_warn_of_lambdas(model):
    assert plan_of(model(), training=True) is None


@pytest.mark.parametrize("training", [True, False])
def test_a_distributed_model_has_no_plan(training):
    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        model = compiled()
        assert plan_of(model, training=training) is None
    # The variables still belong to the strategy outside its scope.
    assert plan_of(model, training=training) is None
    assert plan_of(compiled(), training=training) is not None


def test_there_is_no_plan_on_another_backend(monkeypatch):
    model = compiled()
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    assert plan_of(model, training=True) is plan_of(model, training=False) is None


def test_a_model_with_a_slice_has_a_plan():
    model = on(lambda x: layers.Dense(1)(x[:, -1]))
    assert plan_of(model, training=False) is not None
    assert plan_of(model, training=False) != plan_of(
        on(lambda x: layers.Dense(1)(x[:, -2])), training=False
    )


# Caching.


def test_the_prediction_plan_is_cached(monkeypatch):
    calls = []

    def spy(model, *, training):
        calls.append(training)
        return plan_of(model, training=training)

    monkeypatch.setattr(plans_module, "plan_of", spy)
    model, foreign = small(), in_a_row(OwnLayer(), layers.LSTM(2))
    for _ in range(3):
        assert prediction_plan(model) == plan_of(model, training=False)
        assert prediction_plan(foreign) is None
    assert calls == [False, False]
