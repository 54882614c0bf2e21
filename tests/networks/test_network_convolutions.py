"""`lstm_network` with convolutions beside the recurrent layers, and with batch normalization."""

from math import prod

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils._param_validation import InvalidParameterError

from skl_lstm import lstm_network
from skl_lstm.networks.architecture import architecture_of, steps_before, weight_shapes
from skl_lstm.networks.lstm import weights_by_layer
from skl_lstm.networks.models import read_weights, write_weights

META = {"X_shape_": (100, 24, 2), "n_outputs_": 1}
MASK_VALUE = 0.25
few = settings(deadline=None, max_examples=25)


def with_random_weights(model, seed=0):
    """Set random weights, variances above zero, that are equal for layers of the same name."""
    rng = np.random.default_rng(seed)
    for variable in sorted(model.weights, key=lambda variable: variable.path):
        values = rng.normal(scale=0.5, size=variable.shape)
        variable.assign(np.abs(values) + 0.1 if "variance" in variable.path else values)
    return model


@st.composite
def networks(draw, positions=("beside",)):
    """Draw parameters of `lstm_network` with convolutions."""
    filters = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    sizes = st.tuples(*[st.integers(1, 5) for _ in filters])
    return {
        "units": draw(st.sampled_from([2, (2, 3), (1, 2, 3)])),
        "cell": draw(st.sampled_from(["lstm", "gru", "simple_rnn"])),
        "bidirectional": draw(st.booleans()),
        "conv_filters": filters,
        "kernel_size": draw(sizes | st.integers(1, 5)),
        "conv_padding": draw(st.sampled_from(["causal", "same"])),
        "conv_position": draw(st.sampled_from(positions)),
        "batch_normalization": draw(st.booleans()),
    }


@st.composite
def masked_sequences(draw):
    """Draw (samples, timesteps, 2) with any steps masked, and which steps are real."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    samples, timesteps = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    X = rng.normal(size=(samples, timesteps, 2)).astype("float32")
    real = rng.random((samples, timesteps)) >= draw(st.sampled_from([0.0, 0.4, 0.9, 1.0]))
    X[~real] = MASK_VALUE
    return X, real


# The branch of convolutions, step by step.


def convolved(x, kernel, bias, padding):
    """Return a convolution of one sequence, (timesteps, features)."""
    before = steps_before(len(kernel), padding)
    out = np.tile(bias, (len(x), 1)).astype(float)
    for step in range(len(x)):
        for place, matrix in enumerate(kernel):
            read = step + place - before
            if 0 <= read < len(x):
                out[step] += x[read] @ matrix
    return out


def normalized(x, gamma, beta, mean, variance):
    return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta


def branch(X, real, model, params, *, training=False):
    """Return the means over time of the convolutions, and the moments of each of them."""
    x, moments = X.astype(float), []
    for depth in range(1, len(params["conv_filters"]) + 1):
        x = np.where(real[:, :, np.newaxis], x, 0)
        kernel, bias = model.get_layer(f"conv_{depth}").get_weights()
        x = np.stack([convolved(one, kernel, bias, params["conv_padding"]) for one in x])
        if params["batch_normalization"]:
            layer = model.get_layer(f"batch_normalization_{depth}")
            gamma, beta, *moving = layer.get_weights()
            steps = [x[place] for place in zip(*np.nonzero(real), strict=True)]
            of_batch = [np.mean(steps, axis=0), np.var(steps, axis=0)] if training else moving
            moments.append(of_batch)
            x = normalized(x, gamma, beta, *of_batch)
        x = np.maximum(x, 0)
    counts = np.maximum(real.sum(axis=1, keepdims=True), 1)
    return np.where(real[:, :, np.newaxis], x, 0).sum(axis=1) / counts, moments


def joined(model):
    """Return the part of a model that ends where both branches are joined."""
    return keras.Model(model.input, model.get_layer("joined").output)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
@given(networks(), masked_sequences())
@few
def test_the_branch_is_that_of_a_plain_loop(params, sequences):
    X, real = sequences
    model = with_random_weights(lstm_network(META, **params, mask_value=MASK_VALUE))
    expected, _ = branch(X, real, model, params)
    output = np.asarray(joined(model)(X))[:, -params["conv_filters"][-1] :]
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


@given(networks(), masked_sequences())
@few
def test_the_recurrent_layers_read_the_input(params, sequences):
    X, _ = sequences
    model = with_random_weights(lstm_network(META, **params, mask_value=MASK_VALUE))
    states = np.asarray(joined(model)(X))[:, : -params["conv_filters"][-1]]
    recurrent = {name: params[name] for name in ("units", "cell", "bidirectional")}
    alone = lstm_network(META, **recurrent, mask_value=MASK_VALUE)
    *hidden, _ = [layer for layer in alone.layers if layer.weights]
    for layer in hidden:
        write_weights(layer, read_weights(model.get_layer(layer.name)))
    expected = keras.Model(alone.input, hidden[-1].output)(X)
    np.testing.assert_allclose(states, expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
@given(networks(), masked_sequences())
@few
def test_moments_in_training_are_those_of_the_real_steps(params, sequences):
    X, real = sequences
    params["batch_normalization"] = True
    X[0, 0], real[0, 0] = 1.5, True
    model = with_random_weights(lstm_network(META, **params, mask_value=MASK_VALUE))
    before = [layer.get_weights()[2:] for layer in normalizations(model)]
    expected, moments = branch(X, real, model, params, training=True)
    output = np.asarray(joined(model)(X, training=True))[:, -params["conv_filters"][-1] :]
    np.testing.assert_allclose(output, expected, rtol=1e-2, atol=1e-3)
    for layer, old, new in zip(normalizations(model), before, moments, strict=True):
        moving = [0.9 * a + 0.1 * b for a, b in zip(old, new, strict=True)]
        for actual, value in zip(layer.get_weights()[2:], moving, strict=True):
            np.testing.assert_allclose(actual, value, rtol=1e-3, atol=1e-4)


def normalizations(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


@given(
    networks(["before", "beside"]),
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.integers(0, 4),
    st.integers(0, 4),
)
@few
def test_padding_does_not_change_the_output(params, lengths, before, after):
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, 2)).astype("float32") for length in lengths]
    plain = with_random_weights(lstm_network(META, **params))
    expected = np.concatenate([plain(sequence[np.newaxis]) for sequence in sequences])
    model = with_random_weights(lstm_network(META, **params, mask_value=MASK_VALUE))
    X = np.full((len(lengths), before + max(lengths) + after, 2), MASK_VALUE, "float32")
    for row, sequence in zip(X, sequences, strict=True):
        row[before : before + len(sequence)] = sequence
    np.testing.assert_allclose(model(X), expected, rtol=1e-4, atol=1e-5)


@given(networks(), st.booleans())
@few
def test_a_sequence_of_only_padding_gives_the_bias(params, training):
    model = with_random_weights(lstm_network(META, **params, mask_value=MASK_VALUE))
    output = model(np.full((2, 3, 2), MASK_VALUE, "float32"), training=training)
    bias = np.tile(np.asarray(model.get_layer("output").bias), (2, 1))
    np.testing.assert_allclose(output, bias, atol=1e-6)


@given(networks(["before", "beside"]), st.sampled_from([None, MASK_VALUE]))
@few
def test_weights_are_listed_by_layer(params, mask_value):
    model = with_random_weights(lstm_network(META, **params, mask_value=mask_value))
    off = {"dropout": 0.0, "recurrent_dropout": 0.0, "mask_value": mask_value}
    architecture = architecture_of(META, **params, **off)
    weights = weights_by_layer(model)
    assert [array.shape for array in weights] == weight_shapes(architecture)
    assert sum(map(prod, weight_shapes(architecture))) == model.count_params()
    first = len(params["conv_filters"]) * (6 if params["batch_normalization"] else 2)
    own = [array for layer in branch_layers(model) for array in read_weights(layer)]
    for actual, expected in zip(weights[:first], own, strict=True):
        np.testing.assert_array_equal(actual, expected)
    if params["conv_position"] == "before":
        for actual, expected in zip(weights, read_weights(model), strict=True):
            np.testing.assert_array_equal(actual, expected)


def branch_layers(model):
    kinds = (keras.layers.Conv1D, keras.layers.BatchNormalization)
    return [layer for layer in model.layers if isinstance(layer, kinds)]


FCN = {
    "units": 3,
    "conv_filters": (4, 2),
    "kernel_size": (5, 3),
    "conv_padding": "same",
    "conv_position": "beside",
    "batch_normalization": True,
}


def test_convolutions_have_no_activation_before_batch_normalization():
    for position in ("before", "beside"):
        model = lstm_network(META, **{**FCN, "conv_position": position})
        names = [type(layer).__name__ for layer in branch_layers(model)]
        assert names == ["Conv1D", "BatchNormalization"] * 2
        assert {layer.activation for layer in branch_layers(model)[::2]} == {
            keras.activations.linear
        }
    model = lstm_network(META, **{**FCN, "batch_normalization": False})
    assert {layer.activation for layer in branch_layers(model)} == {keras.activations.relu}


def test_each_convolution_has_a_size_of_its_own():
    sizes = {(5, 3): [5, 3], 4: [4, 4], np.int64(2): [2, 2]}
    for kernel_size, expected in sizes.items():
        model = lstm_network(META, conv_filters=(4, 2), kernel_size=kernel_size)
        assert [layer.kernel_size[0] for layer in branch_layers(model)] == expected
    model = lstm_network(META, conv_filters=4, kernel_size=[5])
    assert model.get_layer("conv_1").kernel_size == (5,)


def test_input_with_two_axes():
    model = lstm_network({**META, "X_shape_": (100, 24)}, **FCN, mask_value=-1.0)
    X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    longer = np.pad(X, [(0, 0), (2, 5)], constant_values=-1)
    np.testing.assert_allclose(model(longer), model(X), atol=1e-6)


@pytest.mark.parametrize("mask_value", [None, MASK_VALUE])
def test_the_network_contains_only_keras_layers(mask_value):
    model = with_random_weights(lstm_network(META, **FCN, mask_value=mask_value))
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    again = with_random_weights(keras.models.model_from_json(model.to_json()))
    X = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    np.testing.assert_array_equal(again(X), model(X))


def test_layers_have_the_same_names_in_every_build():
    paths = [[v.path for v in lstm_network(META, **FCN).weights] for _ in range(2)]
    assert paths[0] == paths[1]


def test_gradients_are_finite_with_a_mask_value_of_any_size():
    model = lstm_network(META, **FCN, mask_value=-3e38)
    X = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    X[:, 2:], X[0] = -3e38, -3e38
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((3, 1)), verbose=0)
    assert all(np.isfinite(weights).all() for weights in read_weights(model))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"conv_filters": (4, 2), "kernel_size": (7, 5, 3)},
            r"^kernel_size=\(7, 5, 3\) has length 3, but conv_filters=\(4, 2\) makes 2 "
            r"convolutions\. Use one size per convolution, or an int for all\.$",
        ),
        (
            {"conv_filters": 4, "kernel_size": (7, 5)},
            r"^kernel_size=\(7, 5\) has length 2, but conv_filters=4 makes 1 convolution\. Use one "
            r"size per convolution, or an int for all\.$",
        ),
        (
            {"kernel_size": (3,)},
            r"^kernel_size=\(3,\) has length 1, but conv_filters=None makes 0 convolutions\. Use "
            r"one size per convolution, or an int for all\.$",
        ),
        (
            {"conv_filters": (4, 2), "kernel_size": (3, 0)},
            r"^kernel_size must be positive integers, one per layer; got \(3, 0\)\.$",
        ),
        (
            {"conv_position": "beside"},
            r"^conv_position='beside' needs convolutions, but conv_filters=None\. Set "
            r"conv_filters, for example to 16, or leave out conv_position\.$",
        ),
        (
            {"batch_normalization": True},
            r"^batch_normalization=True needs convolutions, but conv_filters=None\. Set "
            r"conv_filters, for example to 16, or leave out batch_normalization\.$",
        ),
        (
            {"conv_filters": 2, "conv_position": "beside", "return_sequences": True},
            r"^conv_position='beside' averages the convolutions over all time steps, so "
            r"return_sequences=True would give every step the same average\. Use "
            r"conv_position='before' for an output for every time step\.$",
        ),
    ],
)
def test_parameters_that_do_not_fit_together(params, message):
    with pytest.raises(ValueError, match=message):
        lstm_network(META, **params)


@pytest.mark.parametrize(
    "params",
    [{"conv_position": "after"}, {"batch_normalization": "yes"}, {"kernel_size": 2.5}],
)
def test_invalid_parameters_are_named_in_the_error(params):
    (name,) = params
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of lstm_network"):
        lstm_network(META, conv_filters=2, **params)
