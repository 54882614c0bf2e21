"""The fused LSTM equals `keras.layers.LSTM`, and replaces only supported layers."""

import copy
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal

from skl_lstm.networks.models import read_weights, write_weights
from skl_lstm.networks.seeding import seeded
from skl_lstm.training.keras.fused_lstm import FusedLSTM, fused

# Keras' loop over time is slow without a graph.
few = settings(deadline=None, max_examples=25)


def assert_close(actual, expected, atol=1e-6):
    for left, right in zip(keras.tree.flatten(actual), keras.tree.flatten(expected), strict=True):
        assert_allclose(left, right, rtol=1e-5, atol=atol)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def pair(units, features, seed=0, **params):
    """Return Keras' layer and the fused layer with the same weights and seeds."""
    with seeded(seed):
        original = layers.LSTM(units, **params)
    replacement = FusedLSTM.from_config(original.get_config())
    for layer in (original, replacement):
        layer.build((None, None, features))
        # Keras' initial biases are zeros and ones, which would hide a wrong order of the gates.
        write_weights(layer, [normal(*weight.shape, seed=seed) for weight in layer.weights])
    for left, right in zip(replacement.variables, original.variables, strict=True):
        left.assign(right)
    return original, replacement


def run(layer, X, initial_state=None, **kwargs):
    """Return the outputs of a layer, and their gradients by the inputs, states and weights."""
    X = tf.constant(X)
    state = None if initial_state is None else list(map(tf.constant, initial_state))
    sources = [X, *(state or ()), *(weight.value for weight in layer.trainable_weights)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs = keras.tree.flatten(layer(X, initial_state=state, **kwargs))
        # Random weights, because errors could cancel out in a plain sum.
        loss = sum(
            tf.reduce_sum(output * normal(*output.shape, seed=index))
            for index, output in enumerate(outputs)
        )
    return outputs, tape.gradient(loss, sources, unconnected_gradients="zero")


def assert_same(original, replacement, X, **kwargs):
    outputs, gradients = run(original, X, **kwargs)
    fused_outputs, fused_gradients = run(replacement, X, **kwargs)
    assert_close(fused_outputs, outputs)
    # Gradients are sums over samples and time steps, so the tolerance is relative to their size.
    scale = max(1.0, *(np.abs(gradient).max() for gradient in gradients))
    assert_close(
        [gradient / scale for gradient in fused_gradients],
        [gradient / scale for gradient in gradients],
    )


@st.composite
def layer_cases(draw, masked):
    """Parameters of a layer, an input, and a mask if `masked`. The mask may be False everywhere."""
    samples, timesteps = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    flags = ["return_sequences", "return_state", "go_backwards"]
    params = {flag: draw(st.booleans()) for flag in flags}
    params["zero_output_for_mask"] = draw(st.booleans())
    units, features = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    params |= {"units": units, "features": features, "seed": draw(st.integers(0, 100))}
    kwargs = {}
    if masked:
        rows = st.lists(st.booleans(), min_size=timesteps, max_size=timesteps)
        mask = draw(st.lists(rows, min_size=samples, max_size=samples))
        kwargs["mask"] = tf.constant(mask)
    if draw(st.booleans()):
        kwargs["initial_state"] = [normal(samples, units, seed=seed) for seed in (5, 6)]
    return params, normal(samples, timesteps, features, seed=7), kwargs


@few
@given(layer_cases(masked=False))
def test_outputs_states_and_gradients_equal_those_of_keras(case):
    params, X, kwargs = case
    assert_same(*pair(**params), X, **kwargs)


@few
@given(layer_cases(masked=True))
def test_masked_outputs_states_and_gradients_equal_those_of_keras(case):
    params, X, kwargs = case
    assert_same(*pair(**params), X, **kwargs)


# Padding at the end, at the start and in between; all steps masked; and no step masked.
MASK = np.array(
    [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], dtype=bool
)


@pytest.mark.parametrize("zero", [False, True], ids=["keeps", "zeros"])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_one_batch_may_contain_all_kinds_of_masks(zero, backwards):
    both = pair(
        3,
        2,
        return_sequences=True,
        return_state=True,
        zero_output_for_mask=zero,
        go_backwards=backwards,
    )
    mask = tf.constant(MASK)
    state = [normal(6, 3, seed=n) for n in (1, 2)]
    assert_same(*both, normal(6, 4, 2), mask=mask, initial_state=state)
    assert_same(*both, normal(6, 4, 2), mask=mask)


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize("dtype", ["bool", "int32", "float32"])
def test_a_mask_may_be_of_any_type(dtype, as_list):
    original, replacement = pair(3, 2, return_sequences=True, zero_output_for_mask=True)
    mask = tf.constant(MASK.astype(dtype))
    expected = original(normal(6, 4, 2), mask=mask)
    assert_close(replacement(normal(6, 4, 2), mask=[mask] if as_list else mask), expected)
    assert_close(replacement(normal(6, 4, 2), mask=mask[:, :, tf.newaxis]), expected)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("samples", [1, 2, 3, 5])
def test_a_large_layer_gives_the_same_results_in_two_halves(samples, masked):
    flags = {"return_sequences": True, "go_backwards": True, "zero_output_for_mask": True}
    mask = np.random.default_rng(samples).random((samples, 4)) < 0.6
    options = {"mask": tf.constant(mask)} if masked else {}
    X = normal(samples, 4, 2)
    # Repeated, because the kernel does not initialize the gradient of zero samples, and the memory
    # may contain zeros by chance.
    for params in ({}, flags) * 3:
        assert_same(*pair(48, 2, **params), X, **options)


ODD = """
import numpy as np
from skl_lstm import LSTMRegressor

X = np.random.default_rng(0).normal(size=(5, 3, 1))
regressor = LSTMRegressor(3, epochs=1, engine="keras", random_state=0).fit(X, X[:, -1, 0])
print(regressor.predict(X[:1]).shape)
"""


def test_odd_numbers_of_samples_and_features_log_no_warning():
    log = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
    command = [sys.executable, "-c", ODD]
    result = subprocess.run(command, env=log, check=True, capture_output=True, text=True)
    assert result.stdout == "(1,)\n"
    assert "BlockLSTM" not in result.stderr


def test_masked_steps_do_not_affect_the_output():
    _, replacement = pair(3, 2, return_sequences=True)
    X = normal(6, 4, 2)
    expected = replacement(X, mask=tf.constant(MASK))
    X[~MASK] = np.nan
    assert_array_equal(replacement(X, mask=tf.constant(MASK)), expected)


def test_inputs_of_other_dtypes_are_computed_in_float32():
    original, replacement = pair(3, 2)
    for dtype in ("int32", "int64", "float64", "float16"):
        X = np.arange(12).reshape(2, 3, 2).astype(dtype)
        assert replacement(X).dtype == tf.float32
        assert_close(replacement(X), original(X.astype("float32")))


@pytest.mark.parametrize("masked", [False, True], ids=["no mask", "mask"])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_dropout_draws_the_same_random_numbers(masked, backwards):
    both = pair(3, 2, dropout=0.5, go_backwards=backwards, return_sequences=True)
    kwargs = {"mask": tf.constant(MASK)} if masked else {}
    X = normal(6, 4, 2)
    assert_same(*both, X, training=False, **kwargs)
    for _ in range(3):  # every call draws new random numbers
        assert_same(*both, X, training=True, **kwargs)
    first, second = (both[1](X, training=True, **kwargs) for _ in range(2))
    assert not np.array_equal(first, second)


def test_regularizers_and_constraints_are_kept():
    params = {
        "kernel_regularizer": "l2",
        "recurrent_regularizer": "l1",
        "bias_regularizer": "l2",
        "activity_regularizer": "l2",
        "kernel_constraint": "non_neg",
    }
    original, replacement = pair(3, 2, **params)
    for layer in (original, replacement):
        layer(normal(4, 3, 2))
    assert len(replacement.losses) == len(original.losses) == 4
    assert_close(sorted(map(float, replacement.losses)), sorted(map(float, original.losses)))
    assert type(replacement.cell.kernel.constraint) is type(original.cell.kernel.constraint)


# Models.


def masked(inputs):
    return layers.Masking(0.0)(inputs)


def plain(inputs):
    return layers.LSTM(3)(inputs)


def stacked(inputs):
    x = layers.LSTM(3, return_sequences=True)(masked(inputs))
    return layers.LSTM(2, dropout=0.4)(x)


def both_directions(inputs):
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(masked(inputs))
    return layers.Bidirectional(layers.LSTM(2), merge_mode="sum")(x)


def with_backward_layer(inputs):
    back = layers.LSTM(3, go_backwards=True, dropout=0.2)
    return layers.Bidirectional(layers.LSTM(3), backward_layer=back)(masked(inputs))


def time_distributed(inputs):
    parts = layers.Reshape((2, 2, 2))(inputs)
    return layers.LSTM(2)(layers.TimeDistributed(layers.LSTM(3))(parts))


def nested(inputs):
    inner = keras.Sequential([keras.Input((4, 2)), layers.LSTM(3, return_sequences=True)])
    middle_inputs = keras.Input((4, 3))
    middle = keras.Model(middle_inputs, layers.LSTM(2, return_sequences=True)(middle_inputs))
    return layers.LSTM(2)(middle(inner(inputs)))


def encoder_and_decoder(inputs):
    _, h, c = layers.LSTM(3, return_state=True)(masked(inputs))
    return layers.LSTM(3, go_backwards=True)(inputs, initial_state=[h, c])


def shared(inputs):
    layer = layers.LSTM(3)
    return layers.Add()([layer(inputs), layer(-inputs)])


def among_other_layers(inputs):
    x = layers.Conv1D(3, 2, padding="causal")(inputs)
    x = layers.GRU(3, return_sequences=True)(layers.LSTM(3, return_sequences=True)(x))
    return layers.LSTM(3, activation="relu")(x)


NETWORKS = {
    plain: 1,
    stacked: 2,
    both_directions: 4,
    with_backward_layer: 2,
    time_distributed: 2,
    nested: 3,
    encoder_and_decoder: 2,
    shared: 1,
    among_other_layers: 1,
}


def build(network, seed=3):
    with seeded(seed):
        inputs = keras.Input((4, 2))
        return keras.Model(inputs, layers.Dense(1)(network(inputs)))


def with_fused(model):
    """Rebuild a model with fused layers and the same values of the variables."""
    config = model.get_config()
    before = copy.deepcopy(config)
    replacement = type(model).from_config(fused(config))
    assert config == before
    for left, right in zip(replacement.variables, model.variables, strict=True):
        left.assign(right)
    return replacement


def fused_layers(model):
    return [layer for layer in model._flatten_layers() if type(layer) is FusedLSTM]


def padded_sequences(samples):
    X = normal(samples, 4, 2, seed=1)
    lengths = np.random.default_rng(2).integers(1, 5, samples)
    X[np.arange(4) >= lengths[:, np.newaxis]] = 0
    return X


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_a_model_predicts_and_trains_the_same_with_the_fused_layer(network):
    original = build(network)
    replacement = with_fused(original)
    assert len(fused_layers(replacement)) == NETWORKS[network]
    assert not fused_layers(original)
    X = padded_sequences(10)
    y = X.sum(axis=(1, 2))[:, np.newaxis]
    assert_close(replacement(X), original(X))
    for model in (original, replacement):
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse", run_eagerly=True)
        for _ in range(3):
            for start in range(0, 10, 4):
                model.train_on_batch(X[start : start + 4], y[start : start + 4])
    trained = read_weights(original)
    assert_close(read_weights(replacement), trained, atol=1e-5)
    untrained = read_weights(build(network))
    assert max(np.abs(a - b).max() for a, b in zip(trained, untrained, strict=True)) > 1e-2


def test_fit_in_a_graph_gives_the_same_weights():
    original = build(stacked)
    replacement = with_fused(original)
    X = padded_sequences(20)
    y = X.sum(axis=(1, 2))[:, np.newaxis]
    histories = []
    for model in (original, replacement):
        model.compile(keras.optimizers.Adam(0.01), "mse")
        fitted = model.fit(X, y, epochs=4, batch_size=6, shuffle=False, verbose=0)
        histories.append(fitted.history["loss"])
    assert_close(read_weights(replacement), read_weights(original), atol=1e-5)
    assert_allclose(*histories, rtol=1e-5)


def test_one_trace_works_for_sequences_of_any_length():
    inputs = keras.Input((None, 2))
    original = keras.Model(inputs, layers.LSTM(3)(layers.Masking()(inputs)))
    replacement = with_fused(original)
    traces = []

    @tf.function(input_signature=[tf.TensorSpec([None, None, 2])])
    def traced(X):
        traces.append(X)
        return replacement(X)

    for samples, timesteps in ((3, 4), (5, 1), (1, 9)):
        X = normal(samples, timesteps, 2)
        assert_close(traced(X), original(X))
    assert len(traces) == 1


# Supported layers.


class LSTM(layers.LSTM):
    """A layer of the user with the name of Keras' layer."""


def doubled(x):
    return 2 * keras.ops.tanh(x)


UNSUPPORTED = {
    "another activation": lambda: layers.LSTM(2, activation="relu"),
    "no activation": lambda: layers.LSTM(2, activation=None),
    "an activation of the user": lambda: layers.LSTM(2, activation=doubled),
    "another recurrent activation": lambda: layers.LSTM(2, recurrent_activation="hard_sigmoid"),
    "no bias": lambda: layers.LSTM(2, use_bias=False),
    "recurrent dropout": lambda: layers.LSTM(2, recurrent_dropout=0.1),
    "stateful": lambda: layers.LSTM(2, stateful=True),
    "an unrolled loop": lambda: layers.LSTM(2, unroll=True),
    "many units": lambda: layers.LSTM(113),
    "double precision": lambda: layers.LSTM(2, dtype="float64"),
    "half precision": lambda: layers.LSTM(2, dtype="float16"),
    "mixed precision": lambda: layers.LSTM(2, dtype="mixed_float16"),
    "a policy object": lambda: layers.LSTM(2, dtype=keras.DTypePolicy("mixed_bfloat16")),
    "a layer of the user": lambda: LSTM(2),
    "GRU": lambda: layers.GRU(2),
    "SimpleRNN": lambda: layers.SimpleRNN(2),
    "an RNN of cells": lambda: layers.RNN(layers.LSTMCell(2)),
    "ConvLSTM1D": lambda: layers.ConvLSTM1D(2, 2),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_an_unsupported_layer_is_not_replaced(name):
    config = keras.saving.serialize_keras_object(UNSUPPORTED[name]())
    config = json.loads(json.dumps(config))
    before = copy.deepcopy(config)
    assert fused(config) == before
    wrapped = {"module": "keras.layers", "class_name": "Bidirectional", "config": {"layer": config}}
    assert fused(wrapped) == wrapped
    assert config == before


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"activation": keras.activations.tanh, "recurrent_activation": keras.ops.sigmoid},
        {"dropout": 0.3, "seed": 5},
        {"dtype": "float32"},
        {"dtype": keras.DTypePolicy("float32")},
        {"go_backwards": True, "use_cudnn": False},
        {"return_sequences": True, "return_state": True, "zero_output_for_mask": True},
        {"unit_forget_bias": False, "bias_initializer": "ones"},
        {"kernel_regularizer": keras.regularizers.L2(0.1), "bias_constraint": "non_neg"},
        {"trainable": False, "name": "mine"},
        {"units": 112},
    ],
    ids=lambda params: ", ".join(params) or "nothing",
)
def test_a_supported_layer_is_replaced_with_all_its_parameters(params):
    layer = layers.LSTM(**{"units": 2, **params})
    config = keras.saving.serialize_keras_object(layer)
    before = copy.deepcopy(config)
    replaced = keras.saving.deserialize_keras_object(fused(config))
    assert config == before
    assert type(replaced) is FusedLSTM
    assert replaced.get_config() == layer.get_config()


@pytest.mark.parametrize("value", [None, 3, "LSTM", {}, [], ["LSTM", 0, 0], {"class_name": "LSTM"}])
def test_values_that_are_not_layers_are_unchanged(value):
    assert fused(value) == value


def test_the_global_dtype_policy_applies_to_layers_without_one():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        config = build(plain).get_config()
    finally:
        keras.config.set_dtype_policy("float32")
    assert not fused_layers(keras.Model.from_config(fused(config)))
