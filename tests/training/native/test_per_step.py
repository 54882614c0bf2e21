"""Networks with an output for every time step, without Keras and compared with Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from test_training import MASK, PLAIN, assert_equal_training, assert_equal_weights, train_natively

from skl_lstm._core import memmaps
from skl_lstm.networks.architecture import initial_weights, layers_of
from skl_lstm.networks.lstm import build_model
from skl_lstm.networks.models import write_weights
from skl_lstm.training.native import engine
from skl_lstm.training.native.network import Network, draw_dropout, vector_of

few = settings(deadline=None, max_examples=30)

PER_STEP = PLAIN._replace(return_sequences=True)
MASKED = PER_STEP._replace(mask_value=MASK)
EVERY_CELL = pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn"])
STACKED = {"units": (3, 2), "bidirectional": True}
CENTRED = {"conv_filters": (3, 2), "kernel_size": 4, "conv_padding": "same"}
NETWORKS = pytest.mark.parametrize(
    "changes",
    [
        {},
        {"units": (3, 2)},
        STACKED,
        {"conv_filters": (3,)},
        CENTRED,
        {**STACKED, "conv_filters": (3,), "kernel_size": 3, "conv_padding": "same"},
        {"conv_filters": (3,), "kernel_size": 13, "conv_padding": "same"},
        {"conv_filters": (3,), "kernel_size": 9},
    ],
    ids=["plain", "stacked", "both", "causal", "centred", "all", "long centred", "long causal"],
)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(scale=0.5, size=shape).astype(np.float32)


def random_weights(architecture):
    """Biases too are drawn, so that no error is hidden by zeros."""
    shapes = [shape for pair in layers_of(architecture) for layer in pair for shape in layer.shapes]
    return [normal(*shape, seed=index) for index, shape in enumerate(shapes)]


def padded(lengths, timesteps, side, features=2, seed=0):
    """Return sequences of several lengths, padded at the end ("post") or at the start ("pre")."""
    X = np.full((len(lengths), timesteps, features), MASK, np.float32)
    for row, length in enumerate(lengths):
        sequence = normal(length, features, seed=seed + row)
        X[row, slice(length) if side == "post" else slice(timesteps - length, None)] = sequence
    return X


def is_real(X):
    return (X != MASK).any(axis=2)


def run(architecture, weights, X, d_outputs):
    """Return the outputs before the activation, and the gradients of the weights."""
    vector = vector_of(weights)
    gradients = np.zeros_like(vector)
    network = Network(architecture, vector, gradients)
    outputs = network.forward(np.ascontiguousarray(X.swapaxes(0, 1)))
    network.backward(np.ascontiguousarray(d_outputs.swapaxes(0, 1)))
    return outputs.swapaxes(0, 1), gradients


def run_keras(model, X, d_outputs):
    with tf.GradientTape() as tape:
        outputs = model(tf.constant(X))
        loss = tf.reduce_sum(outputs * d_outputs)
    sources = [weight.value for weight in model.trainable_weights]
    gradients = [keras.ops.convert_to_numpy(d) for d in tape.gradient(loss, sources)]
    return outputs.numpy(), vector_of(gradients)


def assert_close(actual, expected):
    assert_allclose(actual, expected, atol=1e-5 * max(1, np.abs(expected).max()), rtol=0)


# Without padding, at the end, at the start, and inside of the sequences; no step in one sequence.
SEQUENCES = {
    "full": normal(4, 5, 2),
    "one step": normal(4, 1, 2),
    "post": padded([4, 1, 0, 3], 7, "post"),
    "pre": padded([4, 1, 0, 3], 7, "pre"),
    "only padding": padded([0, 0], 3, "post"),
    "holes": np.where(normal(4, 6, 1, seed=3) > 0, np.float32(MASK), normal(4, 6, 2)),
}


@pytest.mark.parametrize("mask_value", [None, MASK])
@NETWORKS
@EVERY_CELL
def test_outputs_and_gradients_equal_those_of_keras(cell, changes, mask_value):
    architecture = PER_STEP._replace(cell=cell, outputs=3, mask_value=mask_value, **changes)
    weights, model = random_weights(architecture), build_model(architecture)
    write_weights(model, weights)
    for X in SEQUENCES.values() if mask_value is not None else [SEQUENCES["full"]]:
        d_outputs = normal(*X.shape[:2], 3, seed=9) * is_real(X)[:, :, np.newaxis]
        expected, expected_gradients = run_keras(model, X, d_outputs)
        outputs, gradients = run(architecture, weights, X, d_outputs)
        assert_close(outputs, expected)
        assert_close(gradients, expected_gradients)


@NETWORKS
@pytest.mark.parametrize("side", ["pre", "post"])
def test_a_padded_sequence_gives_the_outputs_of_the_sequence_alone(side, changes):
    architecture = MASKED._replace(**changes)
    weights = vector_of(random_weights(architecture))
    lengths = [4, 1, 7, 3]
    X = padded(lengths, 9, side)
    outputs = engine.predict(architecture, weights, X)
    assert outputs.shape == (4, 9, 1)
    for row, real in enumerate(is_real(X)):
        alone = engine.predict(architecture, weights, X[[row]][:, real])
        assert_array_equal(outputs[[row]][:, real], alone)


@few
@given(st.data())
def test_outputs_of_a_sequence_do_not_depend_on_the_other_sequences(data):
    cell = data.draw(st.sampled_from(["lstm", "gru", "simple_rnn"]))
    changes = data.draw(st.sampled_from([{}, STACKED, CENTRED]))
    architecture = MASKED._replace(cell=cell, **changes)
    samples, timesteps = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 5))
    skipped = data.draw(arrays(bool, (samples, timesteps, 1)))
    X = np.where(skipped, np.float32(MASK), normal(samples, timesteps, 2))
    weights = vector_of(random_weights(architecture))
    together = engine.predict(architecture, weights, X)
    rows = data.draw(st.lists(st.integers(0, samples - 1), min_size=1, max_size=8))
    assert_array_equal(engine.predict(architecture, weights, X[rows]), together[rows])
    bias = weights[-1]
    assert_array_equal(together[skipped], np.full(skipped.sum(), bias))


def make_arrays(architecture, loss="mean_squared_error", rows=22, timesteps=5):
    """Padded sequences, targets, and weights that are zero at padding and some other steps."""
    rng = np.random.default_rng(0)
    X = padded(rng.integers(1, timesteps + 1, rows), timesteps, "post", architecture.features)
    shape = (rows, timesteps, architecture.outputs)
    y = {
        "binary_crossentropy": lambda: rng.integers(0, 2, shape),
        "sparse_categorical_crossentropy": lambda: rng.integers(0, shape[2], (*shape[:2], 1)),
        "categorical_crossentropy": lambda: rng.integers(0, shape[2], (*shape[:2], 1)),
    }.get(loss, lambda: rng.normal(size=shape))()
    weights = rng.uniform(0.5, 2, shape[:2]) * is_real(X) * (rng.random(shape[:2]) < 0.8)
    return [X, y.astype(np.float32), weights.astype(np.float32)]


LOSSES = pytest.mark.parametrize(
    ("activation", "outputs", "loss"),
    [
        ("linear", 1, "mean_squared_error"),
        ("linear", 2, "mean_absolute_error"),
        ("sigmoid", 1, "binary_crossentropy"),
        ("sigmoid", 3, "binary_crossentropy"),
        ("sigmoid", 1, "mean_squared_error"),
        ("softmax", 3, "sparse_categorical_crossentropy"),
        ("softmax", 4, "categorical_crossentropy"),
    ],
)


@LOSSES
def test_every_loss_gives_the_weights_of_keras(activation, outputs, loss):
    architecture = MASKED._replace(activation=activation, outputs=outputs)
    arrays = make_arrays(architecture, loss)
    assert_equal_training(architecture, arrays, epochs=10, loss=loss, validation_split=0.25)


@NETWORKS
def test_every_network_gives_the_weights_of_keras(changes):
    architecture = MASKED._replace(**changes)
    assert_equal_training(architecture, make_arrays(architecture), epochs=3)


@EVERY_CELL
def test_every_cell_gives_the_weights_of_keras(cell):
    architecture = PER_STEP._replace(cell=cell, outputs=2)
    arrays = make_arrays(architecture)
    assert_equal_training(architecture, arrays, validation_split=0.25, epochs=5)


def test_a_divided_batch_gives_the_weights_of_keras():
    architecture = MASKED._replace(units=(64,), features=7)
    assert len(engine._parts_of_batch(architecture, 64, 20)) > 2
    arrays = make_arrays(architecture, rows=100, timesteps=20)
    assert_equal_training(architecture, arrays, batch_size=64, validation_split=0.2)


@LOSSES
def test_predictions_are_the_outputs_of_keras(activation, outputs, loss):
    architecture = MASKED._replace(activation=activation, outputs=outputs)
    weights, X = random_weights(architecture), SEQUENCES["post"]
    model = build_model(architecture)
    write_weights(model, weights)
    actual = engine.predict(architecture, vector_of(weights), X)
    assert actual.shape == (4, 7, outputs)
    assert_allclose(actual, model(X), atol=1e-5)


def extended(arrays, side, steps=3):
    """Return the arrays with more padding on one side, where the targets are other numbers."""
    width = (0, steps) if side == "post" else (steps, 0)
    X, y, weights = arrays
    return [
        np.pad(X, [(0, 0), width, (0, 0)], constant_values=MASK),
        np.pad(y, [(0, 0), width, (0, 0)], constant_values=1),
        np.pad(weights, [(0, 0), width]),
    ]


@LOSSES
@pytest.mark.parametrize("side", ["pre", "post"])
def test_padding_does_not_change_the_training(side, activation, outputs, loss):
    # Dropout does not depend on the number of time steps.
    architecture = MASKED._replace(
        activation=activation, outputs=outputs, **STACKED, **CENTRED, dropout=0.2
    )
    arrays = make_arrays(architecture, loss)
    settings = {"loss": loss, "validation_split": 0.25, "shuffle": True, "epochs": 4}
    expected, history = train_natively(architecture, arrays, **settings)
    longer = extended(arrays, side)
    actual, longer_history = train_natively(architecture, longer, **settings)
    assert_equal_weights(actual, expected)
    for name in history:
        assert_allclose(longer_history[name], history[name], rtol=1e-5)
    steps = slice(5) if side == "post" else slice(3, None)
    weights = vector_of(actual)
    real = is_real(arrays[0])
    assert_allclose(
        engine.predict(architecture, weights, longer[0])[:, steps][real],
        engine.predict(architecture, weights, arrays[0])[real],
        atol=1e-6,
    )


def test_the_dropout_of_a_batch_follows_from_its_samples():
    architecture = MASKED._replace(**STACKED, dropout=0.2, recurrent_dropout=0.3)
    for factors in draw_dropout(architecture, 6, np.random.default_rng(0)):
        assert len(factors.inputs) == len(factors.state) == 6


@LOSSES
def test_targets_of_weight_zero_do_not_change_a_bit(activation, outputs, loss):
    architecture = MASKED._replace(activation=activation, outputs=outputs)
    X, y, weights = make_arrays(architecture, loss)
    other = np.where(weights[:, :, np.newaxis] == 0, np.float32(0), y)
    assert (other != y).any()
    results = [
        train_natively(architecture, [X, targets, weights], loss=loss, validation_split=0.25)
        for targets in (y, other)
    ]
    assert_array_equal(*(vector_of(trained) for trained, _ in results))
    assert results[0][1] == results[1][1]


def test_the_loss_is_the_sum_over_time_divided_by_the_number_of_rows():
    X, y, weights = make_arrays(MASKED)
    weights_before = vector_of(initial_weights(MASKED, np.random.default_rng(0)))
    errors = engine.predict(MASKED, weights_before, X)[:, :, 0] - y[:, :, 0]
    _, history = train_natively(
        MASKED, [X, y, weights], optimizer=("sgd", {"learning_rate": 0.0}), epochs=1
    )
    assert_allclose(history["loss"], [(weights * errors**2).sum() / len(X)], rtol=1e-5)


def test_large_arrays_do_not_change_a_bit(monkeypatch):
    arrays = make_arrays(MASKED)
    settings = {"validation_split": 0.25, "shuffle": True}
    expected, history = train_natively(MASKED, arrays, **settings)
    monkeypatch.setattr(memmaps, "_LARGE", 0)
    actual, large_history = train_natively(MASKED, arrays, **settings)
    assert_array_equal(vector_of(actual), vector_of(expected))
    assert large_history == history


def test_batches_of_several_lengths_share_their_memory():
    network = Network(MASKED, vector_of(random_weights(MASKED)))
    for length in (3, 9, 5, 1):
        X = padded([length, 1], 9, "post")
        network.forward(np.ascontiguousarray(X.swapaxes(0, 1)))
    [direction] = network._recurrent[0]._directions
    assert [len(arrays[-1]) for arrays in direction._memory.values()] == [9]
