"""The compiled losses and their gradients equal those of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras.src.losses import ALL_OBJECTS_DICT
from numpy.testing import assert_allclose, assert_array_equal

from skl_lstm.networks.pinball import PinballLoss
from skl_lstm.training.native.losses import ALIASES, LOSSES, canonical_name, pinball

few = settings(deadline=None, max_examples=25)

NOTHING = np.empty(0, np.float32)
ACTIVATIONS = {
    "binary_crossentropy": keras.activations.sigmoid,
    "categorical_crossentropy": keras.activations.softmax,
    "sparse_categorical_crossentropy": keras.activations.softmax,
}


def floats(low, high):
    # TensorFlow rounds subnormal numbers to zero.
    return st.floats(low, high, width=32, allow_subnormal=False)


@st.composite
def batches(draw, name):
    """Outputs, targets and weights of a batch. The weights may be empty."""
    classes = "categorical" in name
    samples, columns = draw(st.integers(1, 6)), draw(st.integers(2 if classes else 1, 5))
    shape = (samples, columns)
    low, high = (0.015625, 30) if name == "poisson" else (-30, 30)
    outputs = draw(arrays(np.float32, shape, elements=floats(low, high)))
    if classes:
        targets = draw(arrays(np.float32, (samples, 1), elements=st.integers(0, columns - 1)))
    else:
        high = 1 if name == "binary_crossentropy" else 30
        targets = draw(arrays(np.float32, shape, elements=floats(0, high)))
    weights = draw(arrays(np.float32, samples, elements=floats(0, 8)))
    return outputs, targets, draw(st.sampled_from([weights, NOTHING]))


def compute(name, outputs, targets, weights=NOTHING, count=None):
    gradient = np.full_like(outputs, np.nan)
    count = float(len(outputs) if count is None else count)
    return LOSSES[name](outputs, targets, weights, count, gradient), gradient


def class_name(name):
    """Return the name of Keras' class of a function."""
    return name.title().replace("_", "")


def compute_with_keras(name, outputs, targets, weights):
    """Return the mean of the losses, and its gradient by the outputs (or the logits)."""
    if name == "categorical_crossentropy":
        targets = keras.utils.to_categorical(targets[:, 0], outputs.shape[1])
    loss = keras.losses.get(class_name(name))
    outputs = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        predictions = ACTIVATIONS.get(name, tf.identity)(outputs)
        value = loss(targets, predictions, sample_weight=weights if weights.size else None)
    return value.numpy(), tape.gradient(value, outputs).numpy()


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_equal_those_of_keras(name):
    @few
    @given(batches(name))
    def check(batch):
        total, gradient = compute(name, *batch)
        expected, expected_gradient = compute_with_keras(name, *batch)
        # Keras computes in float32, and some of its losses are small differences.
        assert_allclose(total / len(batch[0]), expected, rtol=1e-5, atol=5e-6)
        assert_allclose(gradient, expected_gradient, rtol=1e-5, atol=1e-6)

    check()


@pytest.mark.parametrize("name", LOSSES)
def test_the_parts_of_a_batch_add_up(name):
    @few
    @given(batches(name), st.integers(0, 6))
    def check(batch, cut):
        total, gradient = compute(name, *batch)
        outputs, targets, weights = batch
        parts = [
            compute(name, outputs[rows], targets[rows], weights[rows], count=len(outputs))
            for rows in (slice(cut), slice(cut, None))
        ]
        assert_allclose(sum(part[0] for part in parts), total, rtol=1e-12)
        assert_array_equal(np.concatenate([part[1] for part in parts]), gradient)

    check()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", LOSSES)
def test_outputs_that_are_not_finite_are_not_hidden(name, value):
    for column in range(3):
        outputs = np.full((2, 3), 0.5, np.float32)
        outputs[1, column] = value
        targets = np.ones((2, 1 if "categorical" in name else 3), np.float32)
        total, gradient = compute(name, outputs, targets)
        assert not np.isfinite(total)
        assert np.isfinite(gradient[0]).all()
        if np.isnan(value):
            assert np.isnan(gradient[1, column])


@pytest.mark.parametrize("code", [-1, 3, 1e9, np.nan, np.inf])
def test_codes_of_unknown_classes_give_nan(code):
    outputs = np.zeros((2, 3), np.float32)
    total, gradient = compute("categorical_crossentropy", outputs, np.float32([[2], [code]]))
    assert np.isnan(total)
    assert np.isnan(gradient[1]).all()
    assert_allclose(gradient[0], [1 / 6, 1 / 6, -1 / 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "slope"),
    [("mean_squared_error", 6e4), ("mean_absolute_error", 1), ("huber", 1), ("log_cosh", 1)],
)
def test_large_errors_have_a_finite_loss_and_the_right_slope(name, slope):
    for sign in (-1, 1):
        outputs = np.float32([[sign * 3e4]])
        total, gradient = compute(name, outputs, np.zeros_like(outputs))
        assert np.isfinite(total)
        assert gradient.item() == sign * slope


def test_crossentropies_of_large_logits_are_exact():
    outputs, target = np.float32([[200], [-200], [200]]), np.float32([[1], [0], [0]])
    total, gradient = compute("binary_crossentropy", outputs, target, count=1)
    assert total == 200
    assert_array_equal(gradient, [[0], [0], [1]])
    outputs, target = np.float32([[200, -200], [200, -200]]), np.float32([[0], [1]])
    total, gradient = compute("categorical_crossentropy", outputs, target, count=1)
    assert total == 400
    assert_array_equal(gradient, [[0, 0], [1, -1]])


def test_errors_of_zero_have_a_slope_of_zero():
    for name in ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh"):
        outputs = np.float32([[2, -2]])
        total, gradient = compute(name, outputs, outputs.copy())
        assert total == 0
        assert_array_equal(gradient, [[0, 0]])


def test_small_errors_have_an_exact_log_cosh():
    outputs = np.float32([[1e-4]])
    total, _ = compute("log_cosh", outputs, np.zeros_like(outputs))
    assert_allclose(total, 5e-9, rtol=1e-6)


# The pinball loss, which has levels as a further argument.


@st.composite
def quantile_batches(draw):
    """Outputs, targets and weights of a batch, and the levels. Some errors are zero."""
    levels = sorted(draw(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=4, unique=True)))
    samples, targets = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    numbers = st.sampled_from([0.0, 1.0, -2.5]) | floats(-30, 30)
    shape = (samples, targets * len(levels))
    outputs = draw(arrays(np.float32, shape, elements=numbers))
    y = draw(arrays(np.float32, (samples, targets), elements=numbers))
    weights = draw(arrays(np.float32, samples, elements=floats(0, 8)))
    return outputs, y, draw(st.sampled_from([weights, NOTHING])), np.array(levels)


def compute_pinball(outputs, targets, weights, levels, count=None):
    gradient = np.full_like(outputs, np.nan)
    count = float(len(outputs) if count is None else count)
    return pinball(outputs, targets, weights, count, gradient, levels), gradient


def plain_pinball(outputs, targets, weights, levels):
    """Return the mean and its gradient, with Python's own numbers."""
    weights = weights.tolist() if weights.size else [1.0] * len(outputs)
    terms, total = len(outputs) * outputs.shape[1], 0.0
    gradient = np.zeros(outputs.shape)
    for b, row in enumerate(outputs.tolist()):
        for j, output in enumerate(row):
            level = levels[j % len(levels)]
            error = float(targets[b, j // len(levels)]) - output
            total += weights[b] * max(level * error, (level - 1) * error) / terms
            slope = -level if error > 0 else 1 - level if error < 0 else 0.5 - level
            gradient[b, j] = weights[b] * slope / terms
    return total, gradient


@few
@given(quantile_batches())
def test_the_pinball_loss_and_its_gradient_equal_plain_loops_and_keras(batch):
    outputs, targets, weights, levels = batch
    total, gradient = compute_pinball(*batch)
    expected, expected_gradient = plain_pinball(*batch)
    assert_allclose(total / len(outputs), expected, rtol=1e-5, atol=1e-5)
    assert_allclose(gradient, expected_gradient, rtol=1e-5, atol=1e-7)
    predictions = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        weight = weights if weights.size else None
        value = PinballLoss(levels)(targets, predictions, sample_weight=weight)
    assert_allclose(value.numpy(), total / len(outputs), rtol=1e-5, atol=1e-6)
    assert_allclose(tape.gradient(value, predictions).numpy(), gradient, rtol=1e-5, atol=1e-7)


@few
@given(quantile_batches(), st.integers(0, 5))
def test_the_parts_of_a_batch_of_quantiles_add_up(batch, cut):
    *arrays_, levels = batch
    total, gradient = compute_pinball(*batch)
    parts = [
        compute_pinball(*(a[rows] for a in arrays_), levels, count=len(arrays_[0]))
        for rows in (slice(cut), slice(cut, None))
    ]
    assert_allclose(sum(part[0] for part in parts), total, rtol=1e-12)
    assert_array_equal(np.concatenate([part[1] for part in parts]), gradient)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_quantiles_that_are_not_finite_are_not_hidden(value):
    for column in range(4):
        outputs = np.full((2, 4), 0.5, np.float32)
        outputs[1, column] = value
        targets = np.ones((2, 2), np.float32)
        total, gradient = compute_pinball(outputs, targets, NOTHING, np.array([0.1, 0.9]))
        assert not np.isfinite(total)
        assert np.isfinite(gradient[0]).all()
        if np.isnan(value):
            assert np.isnan(gradient[1, column])


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_the_slope_of_the_pinball_loss_for_an_error_of_zero(level):
    outputs = np.float32([[2]])
    total, gradient = compute_pinball(outputs, outputs.copy(), NOTHING, np.array([level]))
    assert total == 0
    assert gradient.item() == np.float32(0.5 - level)


def test_no_samples_have_no_loss():
    outputs = np.empty((0, 3), np.float32)
    assert compute("mean_squared_error", outputs, outputs, count=4)[0] == 0


def test_every_alias_of_keras_is_known():
    ours = {
        found: name
        for name in LOSSES
        for found in (ALL_OBJECTS_DICT[name], ALL_OBJECTS_DICT[class_name(name)])
    }
    expected = {alias: ours.get(found) for alias, found in ALL_OBJECTS_DICT.items()}
    assert {alias: canonical_name(alias) for alias in expected} == expected
    assert set(ALIASES) <= set(expected)


@pytest.mark.parametrize("name", ["hinge", "MAPE", "Mse", "", "no such loss"])
def test_other_names_are_unknown(name):
    assert canonical_name(name) is None
