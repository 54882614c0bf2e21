"""The compiled optimizers equal those of Keras, and their copies continue as they do."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.src.optimizers import ALL_OBJECTS_DICT
from numpy.testing import assert_allclose, assert_array_equal

from skl_lstm.training.native.optimizers import (
    DEFAULTS,
    canonical_name,
    make_optimizer,
    unsupported_settings,
)

# Keras' updates are slow without a graph.
few = settings(deadline=None, max_examples=5)

ADAM = {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}
CASES = [
    ("adam", {}),
    ("adam", ADAM),
    ("adam", {"beta_1": 0.0, "beta_2": 0.0}),
    ("adamw", {}),
    ("adamw", {**ADAM, "weight_decay": 0.1}),
    ("nadam", {}),
    ("nadam", ADAM),
    ("rmsprop", {}),
    ("rmsprop", {"learning_rate": 0.02, "rho": 0.7, "epsilon": 1e-3}),
    ("rmsprop", {"momentum": 0.6}),
    ("sgd", {}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("sgd", {"learning_rate": 0.5, "nesterov": True}),
]
all_cases = pytest.mark.parametrize(
    ("name", "config"), CASES, ids=[f"{name}-{'-'.join(config)}" for name, config in CASES]
)
CLASSES = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def run(optimizer, weights, gradients):
    weights = weights.copy()
    for gradient in gradients:
        optimizer.update(weights, gradient)
    return weights


def run_with_keras(optimizer, weights, gradients, rates=None):
    variable = keras.Variable(weights)
    optimizer.build([variable])
    update = tf.function(lambda gradient: optimizer.apply([gradient], [variable]))
    for step, gradient in enumerate(tf.constant(gradients)):
        if rates is not None:
            optimizer.learning_rate = rates[step]
        update(gradient)
    return variable.numpy()


@all_cases
def test_updates_equal_those_of_keras(name, config):
    @few
    @given(st.integers(1, 40), st.integers(0, 1000), st.sampled_from([1e-3, 1.0, 1e3]))
    def check(n_weights, seed, scale):
        weights = normal(n_weights, seed=seed)
        gradients = scale * normal(20, n_weights, seed=seed + 1)
        gradients[:, seed % n_weights] = 0
        actual = run(make_optimizer(name, config, n_weights), weights, gradients)
        expected = run_with_keras(CLASSES[name](**config), weights, gradients)
        # The size of the updates counts where they are larger than the weights.
        size = np.abs(expected - weights).max()
        assert_allclose(actual, expected, rtol=1e-6, atol=1e-6 * max(size, 0.1))

    check()


@all_cases
def test_many_updates_equal_those_of_keras(name, config):
    weights, gradients = normal(50), normal(400, 50, seed=1)
    actual = run(make_optimizer(name, config, 50), weights, gradients)
    expected = run_with_keras(CLASSES[name](**config), weights, gradients)
    assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * np.abs(expected - weights).max())


@all_cases
def test_the_learning_rate_may_change(name, config):
    weights, gradients = normal(7), normal(6, 7, seed=1)
    optimizer = make_optimizer(name, config, 7)
    rates = [0.01, 0.01, 0.003, np.float32(0.2), 0.0, 0.01]
    actual = weights.copy()
    for rate, gradient in zip(rates, gradients, strict=True):
        optimizer.settings["learning_rate"] = float(rate)
        optimizer.update(actual, gradient)
    expected = run_with_keras(CLASSES[name](**config), weights, gradients, rates)
    assert_allclose(actual, expected, rtol=2e-6, atol=1e-6)


@all_cases
def test_a_continued_run_equals_an_uninterrupted_one(name, config):
    weights, gradients = normal(33), normal(20, 33, seed=1)
    optimizer = make_optimizer(name, config, 33)
    expected = run(optimizer, weights, gradients)
    first = make_optimizer(name, config, 33)
    halfway = run(first, weights, gradients[:9])
    for second in (first.copy(), first):
        assert_array_equal(run(second, halfway, gradients[9:]), expected)
        assert_array_equal(second.slots, optimizer.slots)
        assert (second.iterations, second.product) == (20, optimizer.product)


def test_a_copy_is_independent():
    optimizer = make_optimizer("adam", {}, 4)
    weights = normal(4)
    optimizer.update(weights, normal(4, seed=1))
    copied, before = optimizer.copy(), optimizer.slots.copy()
    optimizer.update(weights, normal(4, seed=2))
    copied.settings["beta_1"] = 0.5
    assert_array_equal(copied.slots, before)
    assert copied.iterations == 1
    assert optimizer.settings["beta_1"] == 0.9


@pytest.mark.parametrize("name", DEFAULTS)
def test_weights_that_are_not_finite_stay_so(name):
    optimizer = make_optimizer(name, {}, 3)
    weights = run(optimizer, np.ones(3, np.float32), np.float32([[1, np.nan, 1], [1, 1, 1]]))
    assert np.isnan(weights[1])
    assert np.isfinite(weights[[0, 2]]).all()


@pytest.mark.parametrize(("weights", "gradients"), [(3, 4), (4, 3), (5, 5)])
def test_other_numbers_of_weights_are_errors(weights, gradients):
    optimizer = make_optimizer("adam", {}, 4)
    with pytest.raises(ValueError, match="expected 4 weights"):
        optimizer.update(normal(weights), normal(gradients))


# Names and settings.


def test_the_defaults_are_those_of_keras():
    for name, defaults in DEFAULTS.items():
        config = CLASSES[name]().get_config()
        assert {key: pytest.approx(config[key]) for key in defaults} == defaults
        assert unsupported_settings(name, config) == []
        optimizer = make_optimizer(name, config, 3)
        assert optimizer.settings["learning_rate"] == pytest.approx(defaults["learning_rate"])


def test_the_names_are_those_of_keras():
    assert {name: CLASSES[name] for name in DEFAULTS} == {
        name: found for name, found in ALL_OBJECTS_DICT.items() if canonical_name(name)
    }
    for alias in ("Adam", "ADAMW", "nadam", "RMSprop", "RmsProp", "sGd"):
        assert type(keras.optimizers.get(alias)) is CLASSES[canonical_name(alias)]
    for other in ("", "adamax", "Lion", "keras.optimizers.Adam", "adam "):
        assert canonical_name(other) is None


VALUES = {
    "weight_decay": 0.01,
    "clipnorm": 1.0,
    "clipvalue": 1.0,
    "global_clipnorm": 1.0,
    "use_ema": True,
    "loss_scale_factor": 2.0,
    "gradient_accumulation_steps": 2,
    "amsgrad": True,
    "centered": True,
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_argument_of_keras_is_either_honoured_or_reported(name):
    arguments = set(inspect.signature(CLASSES[name]).parameters) - {"kwargs"}
    without_effect = {"name", "ema_momentum", "ema_overwrite_frequency"}
    assert arguments <= set(DEFAULTS[name]) | set(VALUES) | without_effect
    for setting, value in VALUES.items():
        honoured = setting in DEFAULTS[name]
        config = {"learning_rate": 0.1, setting: value, "name": "x", "ema_momentum": 0.5}
        assert unsupported_settings(name, config) == ([] if honoured else [setting])
        if not honoured:
            with pytest.raises(ValueError, match=f"unsupported settings of {name}: {setting}"):
                make_optimizer(name, config, 1)


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("adam", "learning_rate", keras.optimizers.schedules.CosineDecay(0.1, 5)),
        ("adam", "learning_rate", {"class_name": "CosineDecay"}),
        ("adam", "learning_rate", lambda: 0.1),
        ("adam", "learning_rate", "0.1"),
        ("adam", "learning_rate", None),
        ("adam", "learning_rate", np.nan),
        ("adam", "learning_rate", 1),  # an error of Keras
        ("adam", "learning_rate", True),
        ("adam", "beta_1", 1.0),
        ("adam", "beta_2", -0.1),
        ("adam", "beta_2", lambda: 0.1),
        ("adam", "epsilon", None),
        ("adam", "momentum", 0.5),
        ("adam", "decay", 0.5),
        ("adam", "no_such_setting", None),
        ("adamw", "weight_decay", None),  # an error of Keras
        ("sgd", "momentum", 1.5),
        ("sgd", "momentum", 1),  # an error of Keras
        ("sgd", "nesterov", None),
    ],
)
def test_values_that_cannot_be_honoured_are_reported(name, setting, value):
    assert unsupported_settings(name, {setting: value}) == [setting]


def test_several_settings_are_reported_in_their_order():
    config = {"clipnorm": 1.0, "beta_1": 0.5, "amsgrad": True, "learning_rate": None}
    assert unsupported_settings("Adam", config) == ["clipnorm", "amsgrad", "learning_rate"]


def test_numbers_of_other_types_are_converted():
    optimizer = make_optimizer("RMSprop", {"rho": 0, "learning_rate": np.float64(0.5)}, 1)
    assert optimizer.name == "rmsprop"
    assert type(optimizer.settings["learning_rate"]) is type(optimizer.settings["rho"]) is float


def test_an_unknown_optimizer_is_an_error():
    with pytest.raises(ValueError, match="unknown optimizer 'lion'"):
        make_optimizer("lion", {}, 1)
