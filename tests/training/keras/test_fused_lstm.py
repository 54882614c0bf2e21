"""The fused LSTM against `keras.layers.LSTM`, layer by layer, and where it stands in for it."""

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

# Keras computes step by step, which takes its time.
few = settings(deadline=None, max_examples=25)


def assert_close(actual, expected, atol=1e-6):
    for left, right in zip(keras.tree.flatten(actual), keras.tree.flatten(expected), strict=True):
        assert_allclose(left, right, rtol=1e-5, atol=atol)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def pair(units, features, seed=0, **params):
    """Keras' layer and the fused one with the same weights and the same random numbers."""
    with seeded(seed):
        theirs = layers.LSTM(units, **params)
    ours = FusedLSTM.from_config(theirs.get_config())
    for layer in (theirs, ours):
        layer.build((None, None, features))
        # Keras' biases begin as zeros and ones, which look alike in any order.
        write_weights(layer, [normal(*weight.shape, seed=seed) for weight in layer.weights])
    for left, right in zip(ours.variables, theirs.variables, strict=True):
        left.assign(right)
    return theirs, ours


def run(layer, X, initial_state=None, **kwargs):
    """Return what a layer gives, and the gradient of it by all that went in."""
    X = tf.constant(X)
    state = None if initial_state is None else list(map(tf.constant, initial_state))
    sources = [X, *(state or ()), *(weight.value for weight in layer.trainable_weights)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs = keras.tree.flatten(layer(X, initial_state=state, **kwargs))
        # A weight for every number, or errors might cancel out.
        loss = sum(
            tf.reduce_sum(output * normal(*output.shape, seed=number))
            for number, output in enumerate(outputs)
        )
    return outputs, tape.gradient(loss, sources, unconnected_gradients="zero")


def assert_same(theirs, ours, X, **kwargs):
    outputs, gradients = run(theirs, X, **kwargs)
    our_outputs, our_gradients = run(ours, X, **kwargs)
    assert_close(our_outputs, outputs)
    # Sums over samples and time steps.
    scale = max(1.0, *(np.abs(gradient).max() for gradient in gradients))
    assert_close(
        [gradient / scale for gradient in our_gradients],
        [gradient / scale for gradient in gradients],
    )


@st.composite
def layer_cases(draw, masked):
    """Parameters of a layer, an input, and with `masked` any mask, even one without a step."""
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
def test_outputs_states_and_gradients_are_those_of_keras_layer(case):
    params, X, kwargs = case
    assert_same(*pair(**params), X, **kwargs)


@few
@given(layer_cases(masked=True))
def test_they_are_under_any_mask(case):
    params, X, kwargs = case
    assert_same(*pair(**params), X, **kwargs)


# Padding behind, padding ahead, holes, no step at all, and every step.
MASK = np.array(
    [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], dtype=bool
)


@pytest.mark.parametrize("zero", [False, True], ids=["keeps", "zeros"])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_every_kind_of_mask_at_once(zero, backwards):
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
    theirs, ours = pair(3, 2, return_sequences=True, zero_output_for_mask=True)
    mask = tf.constant(MASK.astype(dtype))
    expected = theirs(normal(6, 4, 2), mask=mask)
    assert_close(ours(normal(6, 4, 2), mask=[mask] if as_list else mask), expected)
    assert_close(ours(normal(6, 4, 2), mask=mask[:, :, tf.newaxis]), expected)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("samples", [1, 2, 3, 5])
def test_a_large_layer_runs_each_half_of_the_samples(samples, masked):
    flags = {"return_sequences": True, "go_backwards": True, "zero_output_for_mask": True}
    mask = np.random.default_rng(samples).random((samples, 4)) < 0.6
    options = {"mask": tf.constant(mask)} if masked else {}
    X = normal(samples, 4, 2)
    # Time and again, as the gradient of no samples is not zero but whatever was in memory.
    for params in ({}, flags) * 3:
        assert_same(*pair(48, 2, **params), X, **options)


ODD = """
import numpy as np
from skl_lstm import LSTMRegressor

X = np.random.default_rng(0).normal(size=(5, 3, 1))
print(LSTMRegressor(3, epochs=1, random_state=0).fit(X, X[:, -1, 0]).predict(X[:1]).shape)
"""


def test_tensorflow_has_nothing_to_say_about_odd_numbers_of_samples_and_features():
    log = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
    command = [sys.executable, "-c", ODD]
    result = subprocess.run(command, env=log, check=True, capture_output=True, text=True)
    assert result.stdout == "(1,)\n"
    assert "BlockLSTM" not in result.stderr


def test_what_is_masked_is_never_read():
    _, ours = pair(3, 2, return_sequences=True)
    X = normal(6, 4, 2)
    expected = ours(X, mask=tf.constant(MASK))
    X[~MASK] = np.nan
    assert_array_equal(ours(X, mask=tf.constant(MASK)), expected)


def test_numbers_of_other_types_are_computed_in_single_precision():
    theirs, ours = pair(3, 2)
    for dtype in ("int32", "int64", "float64", "float16"):
        X = np.arange(12).reshape(2, 3, 2).astype(dtype)
        assert ours(X).dtype == tf.float32
        assert_close(ours(X), theirs(X.astype("float32")))


@pytest.mark.parametrize("masked", [False, True], ids=["no mask", "mask"])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_dropout_draws_the_same_numbers(masked, backwards):
    both = pair(3, 2, dropout=0.5, go_backwards=backwards, return_sequences=True)
    kwargs = {"mask": tf.constant(MASK)} if masked else {}
    X = normal(6, 4, 2)
    assert_same(*both, X, training=False, **kwargs)
    for _ in range(3):  # each time the next numbers
        assert_same(*both, X, training=True, **kwargs)
    first, second = (both[1](X, training=True, **kwargs) for _ in range(2))
    assert not np.array_equal(first, second)


def test_regularizers_and_constraints_go_with_the_layer():
    params = {
        "kernel_regularizer": "l2",
        "recurrent_regularizer": "l1",
        "bias_regularizer": "l2",
        "activity_regularizer": "l2",
        "kernel_constraint": "non_neg",
    }
    theirs, ours = pair(3, 2, **params)
    for layer in (theirs, ours):
        layer(normal(4, 3, 2))
    assert len(ours.losses) == len(theirs.losses) == 4
    assert_close(sorted(map(float, ours.losses)), sorted(map(float, theirs.losses)))
    assert type(ours.cell.kernel.constraint) is type(theirs.cell.kernel.constraint)


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


def other_way_back(inputs):
    back = layers.LSTM(3, go_backwards=True, dropout=0.2)
    return layers.Bidirectional(layers.LSTM(3), backward_layer=back)(masked(inputs))


def on_parts(inputs):
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


def beside_others(inputs):
    x = layers.Conv1D(3, 2, padding="causal")(inputs)
    x = layers.GRU(3, return_sequences=True)(layers.LSTM(3, return_sequences=True)(x))
    return layers.LSTM(3, activation="relu")(x)


NETWORKS = {
    plain: 1,
    stacked: 2,
    both_directions: 4,
    other_way_back: 2,
    on_parts: 2,
    nested: 3,
    encoder_and_decoder: 2,
    shared: 1,
    beside_others: 1,
}


def build(network, seed=3):
    with seeded(seed):
        inputs = keras.Input((4, 2))
        return keras.Model(inputs, layers.Dense(1)(network(inputs)))


def with_fused(model):
    """Build a model anew with the fused layer, its variables those of the model."""
    config = model.get_config()
    before = copy.deepcopy(config)
    ours = type(model).from_config(fused(config))
    assert config == before
    for left, right in zip(ours.variables, model.variables, strict=True):
        left.assign(right)
    return ours


def fused_layers(model):
    return [layer for layer in model._flatten_layers() if type(layer) is FusedLSTM]


def padded_sequences(samples):
    X = normal(samples, 4, 2, seed=1)
    lengths = np.random.default_rng(2).integers(1, 5, samples)
    X[np.arange(4) >= lengths[:, np.newaxis]] = 0
    return X


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_a_model_asks_and_trains_the_same_with_the_fused_layer(network):
    theirs = build(network)
    ours = with_fused(theirs)
    assert len(fused_layers(ours)) == NETWORKS[network]
    assert not fused_layers(theirs)
    X = padded_sequences(10)
    y = X.sum(axis=(1, 2))[:, np.newaxis]
    assert_close(ours(X), theirs(X))
    for model in (theirs, ours):
        model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse", run_eagerly=True)
        for _ in range(3):
            for start in range(0, 10, 4):
                model.train_on_batch(X[start : start + 4], y[start : start + 4])
    trained = read_weights(theirs)
    assert_close(read_weights(ours), trained, atol=1e-5)
    untrained = read_weights(build(network))
    assert max(np.abs(a - b).max() for a, b in zip(trained, untrained, strict=True)) > 1e-2


def test_keras_own_fit_in_a_graph_ends_at_the_same_weights():
    theirs = build(stacked)
    ours = with_fused(theirs)
    X = padded_sequences(20)
    y = X.sum(axis=(1, 2))[:, np.newaxis]
    histories = []
    for model in (theirs, ours):
        model.compile(keras.optimizers.Adam(0.01), "mse")
        fitted = model.fit(X, y, epochs=4, batch_size=6, shuffle=False, verbose=0)
        histories.append(fitted.history["loss"])
    assert_close(read_weights(ours), read_weights(theirs), atol=1e-5)
    assert_allclose(*histories, rtol=1e-5)


def test_one_trace_serves_sequences_of_any_length():
    inputs = keras.Input((None, 2))
    theirs = keras.Model(inputs, layers.LSTM(3)(layers.Masking()(inputs)))
    ours = with_fused(theirs)
    traces = []

    @tf.function(input_signature=[tf.TensorSpec([None, None, 2])])
    def asked(X):
        traces.append(X)
        return ours(X)

    for samples, timesteps in ((3, 4), (5, 1), (1, 9)):
        X = normal(samples, timesteps, 2)
        assert_close(asked(X), theirs(X))
    assert len(traces) == 1


# Which layers.


class LSTM(layers.LSTM):
    """Somebody's own layer, of the same name."""


def doubled(x):
    return 2 * keras.ops.tanh(x)


OTHERS = {
    "another activation": lambda: layers.LSTM(2, activation="relu"),
    "no activation": lambda: layers.LSTM(2, activation=None),
    "an activation of one's own": lambda: layers.LSTM(2, activation=doubled),
    "another recurrent activation": lambda: layers.LSTM(2, recurrent_activation="hard_sigmoid"),
    "no bias": lambda: layers.LSTM(2, use_bias=False),
    "recurrent dropout": lambda: layers.LSTM(2, recurrent_dropout=0.1),
    "states that stay": lambda: layers.LSTM(2, stateful=True),
    "an unrolled loop": lambda: layers.LSTM(2, unroll=True),
    "many units": lambda: layers.LSTM(113),
    "double precision": lambda: layers.LSTM(2, dtype="float64"),
    "half precision": lambda: layers.LSTM(2, dtype="float16"),
    "mixed precision": lambda: layers.LSTM(2, dtype="mixed_float16"),
    "a policy object": lambda: layers.LSTM(2, dtype=keras.DTypePolicy("mixed_bfloat16")),
    "a layer of one's own": lambda: LSTM(2),
    "GRU": lambda: layers.GRU(2),
    "SimpleRNN": lambda: layers.SimpleRNN(2),
    "an RNN of cells": lambda: layers.RNN(layers.LSTMCell(2)),
    "ConvLSTM1D": lambda: layers.ConvLSTM1D(2, 2),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_layer_that_the_kernel_is_not_made_for_stays(name):
    config = keras.saving.serialize_keras_object(OTHERS[name]())
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
def test_a_layer_that_the_kernel_is_made_for_is_replaced_with_all_its_parameters(params):
    layer = layers.LSTM(**{"units": 2, **params})
    config = keras.saving.serialize_keras_object(layer)
    before = copy.deepcopy(config)
    replaced = keras.saving.deserialize_keras_object(fused(config))
    assert config == before
    assert type(replaced) is FusedLSTM
    assert replaced.get_config() == layer.get_config()


@pytest.mark.parametrize("value", [None, 3, "LSTM", {}, [], ["LSTM", 0, 0], {"class_name": "LSTM"}])
def test_what_is_no_layer_stays(value):
    assert fused(value) == value


def test_the_global_precision_decides_for_layers_without_one():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        config = build(plain).get_config()
    finally:
        keras.config.set_dtype_policy("float32")
    assert not fused_layers(keras.Model.from_config(fused(config)))
