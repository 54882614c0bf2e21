"""The compiled layers equal the equations in float64, and the layers of Keras."""

from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from keras import layers
from numpy.testing import assert_array_equal

from skl_lstm.networks.architecture import steps_before
from skl_lstm.training.native import arithmetic, convolution, gru, lstm, simple_rnn

unhurried = settings(deadline=None)
few = settings(deadline=None, max_examples=40)

ALL_REAL = np.zeros((0, 0), bool)
NO_DROPOUT = np.zeros((0, 0), np.float32)
NOT_NEEDED = np.zeros((0, 0, 0), np.float32)


def normal(*shape, seed=0, scale=1.0):
    values = np.random.default_rng(seed).normal(scale=scale, size=shape)
    return np.asarray(values, np.float32)


def assert_close(actual, expected):
    """Compare up to rounding errors relative to the largest value of the array."""
    assert actual.shape == expected.shape
    # Very small values are differences of larger ones, which rounding errors are relative to.
    scale = max(np.abs(expected).max(initial=0), 0.1)
    assert np.abs(actual - expected).max(initial=0) <= 1e-5 * scale


# The equations in float64. The arrays may have more axes in front, and may be complex.


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def lstm_step(x, state, cell, kernel, recurrent_kernel, bias, factors):
    sums = x @ kernel + (state * factors) @ recurrent_kernel + bias[..., np.newaxis, :]
    i, f, g, o = np.split(sums, 4, axis=-1)
    cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


def gru_step(x, state, cell, kernel, recurrent_kernel, bias, factors):
    recurrent = (state * factors) @ recurrent_kernel + bias[..., 1:, :]
    x_z, x_r, x_h = np.split(x @ kernel + bias[..., :1, :], 3, axis=-1)
    recurrent_z, recurrent_r, recurrent_h = np.split(recurrent, 3, axis=-1)
    z = sigmoid(x_z + recurrent_z)
    h = np.tanh(x_h + sigmoid(x_r + recurrent_r) * recurrent_h)
    return z * state + (1 - z) * h, cell


def simple_rnn_step(x, state, cell, kernel, recurrent_kernel, bias, factors):
    sums = x @ kernel + (state * factors) @ recurrent_kernel + bias[..., np.newaxis, :]
    return np.tanh(sums), cell


CELLS = {
    "lstm": SimpleNamespace(
        native=lstm, step=lstm_step, layer=layers.LSTM, gates=4, bias_shape=lambda n: (n,)
    ),
    "gru": SimpleNamespace(
        native=gru, step=gru_step, layer=layers.GRU, gates=3, bias_shape=lambda n: (2, n)
    ),
    "simple_rnn": SimpleNamespace(
        native=simple_rnn,
        step=simple_rnn_step,
        layer=layers.SimpleRNN,
        gates=1,
        bias_shape=lambda n: (n,),
    ),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def make_weights(cell, features, units, seed=0):
    """Return random weights for which the gates are not saturated."""
    columns = cell.gates * units
    return (
        normal(features, columns, seed=seed, scale=0.5 / features**0.5),
        normal(units, columns, seed=seed + 1, scale=0.5 / units**0.5),
        normal(*cell.bias_shape(columns), seed=seed + 2, scale=0.5),
    )


def states_in_float64(cell, x, real, weights, dropout, reverse):
    """Return the states of all steps, computed with the equations in a plain loop."""
    timesteps, samples = x.shape[-3:-1]
    units = weights[1].shape[-2]
    state = carry = np.zeros((samples, units))
    factors = dropout if dropout.size else 1
    states = [None] * timesteps
    for t in reversed(range(timesteps)) if reverse else range(timesteps):
        new = cell.step(x[..., t, :, :], state, carry, *weights, factors)
        if real.size:
            new = [
                np.where(real[t, :, np.newaxis], a, b)
                for a, b in zip(new, (state, carry), strict=True)
            ]
        states[t] = state, carry = new
    return np.stack(np.broadcast_arrays(*(state for state, _ in states)), axis=-3)


def gradient_in_float64(function, array):
    """Return the gradient of the sum of `function` by the complex step method, which is exact."""
    step = 1e-30
    steps = np.eye(array.size).reshape(array.size, *array.shape) * (1j * step)
    results = function(array + steps)
    return (results.sum(axis=(-3, -2, -1)).imag / step).reshape(array.shape)


class Run:
    """A call of `forward`, and then calls of `backward`."""

    def __init__(self, cell, x, weights, real=ALL_REAL, dropout=NO_DROPOUT, reverse=False):
        self.cell, self.x, self.weights = cell, x, weights
        units = weights[1].shape[0]
        shape = (*x.shape[:2], units)
        self.states = np.empty(shape, np.float32)
        memory = cell.native.memory(*shape)
        inputs = np.empty_like(self.states)
        # Nothing may be read before it is written.
        for array in (*memory, inputs, self.states):
            array.fill(np.nan)
        self.args = (x, real, *weights, dropout, reverse, *memory, inputs, self.states)
        self.last = 0 if reverse else len(x) - 1
        cell.native.forward(*self.args)

    def backward(self, d_states, need_d_x=True, start=0):
        """Return the gradients of the weights and of `x`."""
        gradients = [np.full_like(weight, start) for weight in self.weights]
        d_x = np.full_like(self.x, start) if need_d_x else NOT_NEEDED
        self.cell.native.backward(*self.args, d_states, *gradients, d_x)
        return [*gradients, d_x]


@st.composite
def cases(draw, largest_units):
    """Draw the arguments of `Run` except the cell and the weights; units; and gradients."""
    timesteps, samples, features = (draw(st.integers(1, n)) for n in (7, 5, 11))
    units, seed = draw(st.integers(1, largest_units)), draw(st.integers(0, 1000))
    x = normal(timesteps, samples, features, seed=seed)
    options = {"reverse": draw(st.booleans())}
    if draw(st.booleans()):
        options["real"] = draw(arrays(bool, (timesteps, samples)))
    if draw(st.booleans()):
        factors = draw(arrays(bool, (samples, units)))
        options["dropout"] = np.where(factors, np.float32(1 / 0.7), np.float32(0))
    d_states = normal(timesteps if draw(st.booleans()) else 1, samples, units, seed=seed + 1)
    return x, units, options, d_states


def reference_arguments(x, weights, options):
    """Return arguments for `states_in_float64`."""
    real, dropout = options.get("real", ALL_REAL), options.get("dropout", NO_DROPOUT)
    arrays64 = [np.asarray(array, float) for array in (x, *weights)]
    return arrays64[0], real, arrays64[1:], np.asarray(dropout, float), options["reverse"]


@every_cell
@unhurried
@given(cases(largest_units=40))
def test_states_equal_those_in_float64(cell, case):
    x, units, options, _ = case
    weights = make_weights(cell, x.shape[2], units)
    expected = states_in_float64(cell, *reference_arguments(x, weights, options))
    assert_close(Run(cell, x, weights, **options).states, expected)


@every_cell
@few
@given(cases(largest_units=9))
def test_gradients_equal_those_in_float64(cell, case):
    x, units, options, d_states = case
    weights = make_weights(cell, x.shape[2], units)
    run = Run(cell, x, weights, **options)
    x, real, weights, dropout, reverse = reference_arguments(x, weights, options)

    def loss(index, array):
        replaced = [*weights, x]
        replaced[index] = array
        states = states_in_float64(cell, replaced[3], real, replaced[:3], dropout, reverse)
        return d_states * (states if len(d_states) == len(x) else states[..., [run.last], :, :])

    for index, actual in enumerate(run.backward(d_states)):
        expected = gradient_in_float64(lambda array, i=index: loss(i, array), [*weights, x][index])
        assert_close(actual, expected)


# Padding at the end, at the start and in between; all steps masked; and no step masked.
MASK = np.array(
    [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], dtype=bool
)


@pytest.mark.parametrize("dropout", [False, True], ids=["no-dropout", "dropout"])
@pytest.mark.parametrize("masked", [False, True], ids=["no-mask", "mask"])
@pytest.mark.parametrize(
    ("reverse", "sequences"), [(False, False), (True, True)], ids=["last", "all-reversed"]
)
@every_cell
def test_states_and_gradients_equal_those_of_keras(cell, reverse, sequences, masked, dropout):
    samples, timesteps, features, units = 6, 4, 5, 19
    x, weights = normal(timesteps, samples, features), make_weights(cell, features, units)
    factors = np.float32(2) * (normal(samples, units, seed=5) > 0)
    layer = cell.layer(
        units,
        return_sequences=sequences,
        go_backwards=reverse,
        recurrent_dropout=0.5 if dropout else 0.0,
    )
    layer.build((None, None, features))
    layer.set_weights(weights)
    # The LSTM and the GRU read one array of factors per gate.
    keras_factors = [factors] * cell.gates if cell.gates > 1 else factors
    layer.cell.get_recurrent_dropout_mask = lambda state: keras_factors

    X = tf.constant(x.swapaxes(0, 1))
    d_states = normal(timesteps if sequences else 1, samples, units, seed=6)
    with tf.GradientTape() as tape:
        tape.watch(X)
        outputs = layer(X, mask=tf.constant(MASK) if masked else None, training=dropout)
        # In Keras the states have the order in which the steps are read.
        states = tf.transpose(outputs, [1, 0, 2])[:: -1 if reverse else 1] if sequences else outputs
        loss = tf.reduce_sum(states * d_states if sequences else outputs * d_states[0])
    sources = [*(weight.value for weight in layer.trainable_weights), X]
    *expected, d_x = (keras.ops.convert_to_numpy(d) for d in tape.gradient(loss, sources))

    real = np.ascontiguousarray(MASK.T) if masked else ALL_REAL
    run = Run(cell, x, weights, real, factors if dropout else NO_DROPOUT, reverse)
    assert_close(run.states if sequences else run.states[run.last], states.numpy())
    gradients = run.backward(d_states)
    for actual, gradient in zip(gradients, [*expected, d_x.swapaxes(0, 1)], strict=True):
        assert_close(actual, gradient)


@every_cell
def test_gradients_are_added_to_the_arrays(cell):
    x, weights, d_states = normal(5, 3, 2), make_weights(cell, 2, 7), normal(1, 3, 7)
    expected = Run(cell, x, weights).backward(d_states)
    for actual, gradient in zip(
        Run(cell, x, weights).backward(d_states, start=3), expected, strict=True
    ):
        assert_close(actual, gradient + 3)


@every_cell
def test_the_gradient_of_x_may_be_left_out(cell):
    x, weights, d_states = normal(5, 3, 2), make_weights(cell, 2, 7), normal(5, 3, 7)
    *expected, _ = Run(cell, x, weights).backward(d_states)
    *gradients, _ = Run(cell, x, weights).backward(d_states, need_d_x=False)
    for actual, gradient in zip(gradients, expected, strict=True):
        assert_array_equal(actual, gradient)


@every_cell
@unhurried
@given(cases(largest_units=40), st.data())
def test_the_states_of_a_sample_do_not_depend_on_the_other_samples(cell, case, data):
    x, units, options, _ = case
    weights = make_weights(cell, x.shape[2], units)
    together = Run(cell, x, weights, **options).states
    # Any of the samples, in any order, also more than once.
    rows = data.draw(st.lists(st.integers(0, x.shape[1] - 1), min_size=1, max_size=9))
    if "real" in options:
        options["real"] = np.ascontiguousarray(options["real"][:, rows])
    if "dropout" in options:
        options["dropout"] = options["dropout"][rows]
    states = Run(cell, np.ascontiguousarray(x[:, rows]), weights, **options).states
    assert_array_equal(states, together[:, rows])


@every_cell
@unhurried
@given(cases(largest_units=9))
def test_a_masked_step_leaves_the_state_unchanged(cell, case):
    x, units, options, _ = case
    real = options.get("real", np.zeros(x.shape[:2], bool))
    weights = make_weights(cell, x.shape[2], units)
    states = Run(cell, x, weights, **options | {"real": real}).states
    if options["reverse"]:
        states, real = states[::-1], real[::-1]
    before = np.concatenate([np.zeros_like(states[:1]), states[:-1]])
    assert_array_equal(states[~real], before[~real])


@every_cell
@unhurried
@given(cases(largest_units=40), st.integers(0, 3), st.integers(0, 3))
def test_padding_changes_neither_the_last_state_nor_the_gradients(cell, case, start, end):
    x, units, options, d_states = case
    weights = make_weights(cell, x.shape[2], units)
    real = options.pop("real", np.ones(x.shape[:2], bool))
    plain = Run(cell, x, weights, real, **options)
    width = ((start, end), (0, 0))
    padded = Run(
        cell,
        np.pad(x, (*width, (0, 0)), constant_values=9),
        weights,
        np.pad(real, width),
        **options,
    )
    assert_array_equal(padded.states[padded.last], plain.states[plain.last])
    *expected, d_x = plain.backward(d_states[:1])
    *gradients, padded_d_x = padded.backward(d_states[:1])
    for actual, gradient in zip(gradients, expected, strict=True):
        assert_close(actual, gradient)
    assert_array_equal(padded_d_x, np.pad(d_x, (*width, (0, 0))))


@every_cell
def test_a_missing_value_makes_the_following_states_of_its_sample_missing(cell):
    x = normal(4, 3, 2)
    x[2, 1, 0] = np.nan
    states = Run(cell, x, make_weights(cell, 2, 19)).states
    missing = np.zeros(states.shape, bool)
    missing[2:, 1] = True
    assert_array_equal(np.isnan(states), missing)


PADDINGS = ["causal", "same"]


def convolve(x, kernel, bias, padding="causal"):
    out = np.empty((*x.shape[:2], kernel.shape[2]), np.float32)
    out.fill(np.nan)
    convolution.forward(x, kernel, bias, steps_before(len(kernel), padding), out)
    return out


def convolution_gradients(x, kernel, bias, d_out, padding="causal", need_d_x=True, start=0):
    """Return the gradients of the kernel, the bias and `x`."""
    gradients = [np.full_like(array, start) for array in (kernel, bias, x)]
    if not need_d_x:
        gradients[2] = NOT_NEEDED
    before = steps_before(len(kernel), padding)
    out = convolve(x, kernel, bias, padding)
    convolution.backward(x, kernel, before, out, d_out.copy(), *gradients)
    return gradients


def convolution_in_float64(x, kernel, bias, padding):
    size, timesteps = kernel.shape[-3], x.shape[-3]
    before = size - 1 if padding == "causal" else (size - 1) // 2
    sums = bias[..., np.newaxis, np.newaxis, :]
    width = [(0, 0)] * (x.ndim - 3) + [(before, size - 1 - before), (0, 0), (0, 0)]
    padded = np.pad(x, width)
    for k in range(size):
        sums = sums + padded[..., k : k + timesteps, :, :] @ kernel[..., k, np.newaxis, :, :]
    return np.where(sums.real > 0, sums, 0)


@st.composite
def convolution_cases(draw):
    """Draw x, kernel, bias and the gradient of the result. The kernel may be longer than x."""
    timesteps, samples, features = (draw(st.integers(1, n)) for n in (7, 5, 11))
    size, filters = draw(st.integers(1, 9)), draw(st.integers(1, 11))
    seed = draw(st.integers(0, 1000))
    return (
        normal(timesteps, samples, features, seed=seed),
        normal(size, features, filters, seed=seed + 1),
        normal(filters, seed=seed + 2),
        normal(timesteps, samples, filters, seed=seed + 3),
    )


@pytest.mark.parametrize("padding", PADDINGS)
@few
@given(convolution_cases())
def test_filters_and_their_gradients_equal_those_in_float64(padding, case):
    *arguments, d_out = case
    x, kernel, bias = (array.astype(float) for array in arguments)
    convolved = partial(convolution_in_float64, padding=padding)
    assert_close(convolve(*arguments, padding), convolved(x, kernel, bias))
    d_kernel, d_bias, d_x = convolution_gradients(*arguments, d_out, padding)

    def d(function, array):
        return gradient_in_float64(lambda values: d_out * function(values), array)

    assert_close(d_kernel, d(lambda values: convolved(x, values, bias), kernel))
    assert_close(d_bias, d(lambda values: convolved(x, kernel, values), bias))
    assert_close(d_x, d(lambda values: convolved(values, kernel, bias), x))


@pytest.mark.parametrize("timesteps", [1, 2, 3, 8])
@pytest.mark.parametrize("size", [2, 3, 4, 9])
@pytest.mark.parametrize("padding", PADDINGS)
def test_filters_and_their_gradients_equal_those_of_keras(padding, size, timesteps):
    x, d_out = normal(timesteps, 6, 5), normal(timesteps, 6, 19, seed=1)
    layer = layers.Conv1D(19, size, padding=padding, activation="relu")
    layer.build((None, None, 5))
    kernel, bias = normal(size, 5, 19), normal(19, seed=2)
    layer.set_weights([kernel, bias])
    X = tf.constant(x.swapaxes(0, 1))
    with tf.GradientTape() as tape:
        tape.watch(X)
        outputs = layer(X)
        loss = tf.reduce_sum(outputs * d_out.swapaxes(0, 1))
    sources = [*(weight.value for weight in layer.trainable_weights), X]
    d_kernel, d_bias, d_x = (keras.ops.convert_to_numpy(d) for d in tape.gradient(loss, sources))
    assert_close(convolve(x, kernel, bias, padding), outputs.numpy().swapaxes(0, 1))
    gradients = convolution_gradients(x, kernel, bias, d_out, padding)
    for actual, gradient in zip(gradients, [d_kernel, d_bias, d_x.swapaxes(0, 1)], strict=True):
        assert_close(actual, gradient)


def test_gradients_of_a_convolution_are_added_to_the_arrays():
    arguments = normal(5, 3, 2), normal(3, 2, 7), normal(7), normal(5, 3, 7)
    expected = convolution_gradients(*arguments)
    for actual, gradient in zip(convolution_gradients(*arguments, start=3), expected, strict=True):
        assert_close(actual, gradient + 3)


def test_the_gradient_of_x_may_be_left_out_of_a_convolution():
    arguments = normal(5, 3, 2), normal(3, 2, 7), normal(7), normal(5, 3, 7)
    *expected, _ = convolution_gradients(*arguments)
    *gradients, _ = convolution_gradients(*arguments, need_d_x=False)
    for actual, gradient in zip(gradients, expected, strict=True):
        assert_array_equal(actual, gradient)


@unhurried
@given(convolution_cases(), st.data())
def test_the_filters_of_a_sample_do_not_depend_on_the_other_samples(case, data):
    x, kernel, bias, _ = case
    rows = data.draw(st.lists(st.integers(0, x.shape[1] - 1), min_size=1, max_size=9))
    selected = np.ascontiguousarray(x[:, rows])
    for padding in PADDINGS:
        together = convolve(x, kernel, bias, padding)
        assert_array_equal(convolve(selected, kernel, bias, padding), together[:, rows])


@unhurried
@given(convolution_cases())
def test_filters_do_not_depend_on_later_steps_if_the_padding_is_causal(case):
    x, kernel, bias, _ = case
    out = convolve(x, kernel, bias)
    for stop in range(1, len(x)):
        assert_array_equal(convolve(x[:stop], kernel, bias), out[:stop])


@pytest.mark.parametrize(
    ("size", "padding", "reading"),
    [
        (2, "causal", slice(2, 4)),
        (3, "causal", slice(2, 5)),
        (2, "same", slice(1, 3)),
        (3, "same", slice(1, 4)),
        (4, "same", slice(0, 4)),
    ],
)
def test_a_missing_value_makes_the_filters_of_the_steps_that_read_it_missing(
    size, padding, reading
):
    x = normal(6, 3, 2)
    x[2, 1, 0] = np.nan
    missing = np.zeros((6, 3, 19), bool)
    missing[reading, 1] = True
    out = convolve(x, normal(size, 2, 19), normal(19), padding)
    assert_array_equal(np.isnan(out), missing)


@st.composite
def matrices(draw):
    """Draw matrices (rows, inner), (inner, columns) and (rows, columns)."""
    rows, inner, columns = (draw(st.integers(0, n)) for n in (9, 35, 35))
    seed = draw(st.integers(0, 1000))
    return (
        normal(rows, inner, seed=seed),
        normal(inner, columns, seed=seed + 1),
        normal(rows, columns, seed=seed + 2),
    )


@pytest.mark.parametrize("order", ["C", "F"])
@unhurried
@given(matrices())
def test_a_product_is_added(order, case):
    x, w, out = case
    expected = out + np.matmul(x, w, dtype=float)
    arithmetic.add_product(np.asarray(x, order=order), w, out)
    assert_close(out, expected)


@unhurried
@given(matrices())
def test_a_product_with_a_transposed_matrix_is_added(case):
    x, w, out = case
    expected = out + np.matmul(x, w, dtype=float)
    arithmetic.add_product_transposed(x, np.ascontiguousarray(w.T), out)
    assert_close(out, expected)


@unhurried
@given(matrices())
def test_values_are_copied(case):
    x, _, _ = case
    out = np.full_like(x, np.nan)
    arithmetic.copy(x, out)
    assert_array_equal(out, x)
    values = normal(x.shape[1], seed=3)
    arithmetic.copy_to_rows(values, out)
    for row in out:
        assert_array_equal(row, values)


@unhurried
@given(matrices())
def test_the_sums_of_columns_are_added(case):
    x, _, _ = case
    out = normal(x.shape[1], seed=3)
    expected = out + x.sum(axis=0, dtype=float)
    arithmetic.add_column_sums(x, out)
    assert_close(out, expected)


@unhurried
@given(matrices(), st.data())
def test_a_row_of_a_product_depends_only_on_the_same_row(case, data):
    x, w, out = case
    rows = data.draw(st.lists(st.integers(0, len(x) - 1), max_size=9)) if len(x) else []
    for add, right in [
        (arithmetic.add_product, w),
        (arithmetic.add_product_transposed, np.ascontiguousarray(w.T)),
    ]:
        together, alone = out.copy(), out[rows]
        add(x, right, together)
        add(x[rows], right, alone)
        assert_array_equal(alone, together[rows])


VALUES = np.concatenate(
    [np.linspace(-12, 12, 100_001), np.geomspace(1e-30, 1, 1001), [0, -0.0, 1e30, -1e30]]
).astype(np.float32)


@pytest.mark.parametrize(
    ("apply", "function"),
    [(arithmetic.apply_tanh, np.tanh), (arithmetic.apply_sigmoid, sigmoid)],
    ids=["tanh", "sigmoid"],
)
def test_activations_equal_those_in_float64(apply, function):
    values = VALUES.copy()
    apply(values)
    assert values.dtype == np.float32
    expected = function(VALUES.astype(float))
    # Units in the last place. The sigmoid is a sum with 1/2, so its units are those of 1/2.
    units = np.spacing(np.maximum(np.abs(expected), 0.5 if function is sigmoid else 0, dtype="f"))
    assert np.abs(values - expected).max() <= 4 * np.finfo(np.float32).eps
    assert (np.abs(values - expected) / units).max() <= 8


@pytest.mark.parametrize("apply", [arithmetic.apply_tanh, arithmetic.apply_sigmoid])
def test_activations_keep_missing_values(apply):
    for size in range(1, 40):
        for position in range(size):
            values = np.zeros(size, np.float32)
            values[position] = np.nan
            apply(values)
            assert_array_equal(np.flatnonzero(np.isnan(values)), [position])
