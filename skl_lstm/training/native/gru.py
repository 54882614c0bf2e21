"""The GRU cell: one function forward, and one backward through time.

The equations and the order of the weights are those of `keras.layers.GRU` with its default,
``reset_after=True``. All arrays are float32 in C order. The names of their axes: T time steps,
B samples, F features, U units.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arithmetic import (
    add_column_sums,
    add_product,
    add_product_transposed,
    apply_sigmoid,
    apply_tanh,
    copy,
    copy_to_rows,
)
from .compiling import compiled
from .steps import (
    add_input_gradients,
    add_state_gradient,
    apply_dropout,
    clear_masked,
    keep_masked,
    position,
)

_ONE = np.float32(1)


def memory(timesteps: int, samples: int, units: int) -> tuple[NDArray, ...]:
    """Return the arrays in which `forward` leaves what `backward` needs.

    They are the gates (T, B, 3, U), in the order update, reset, candidate; and the products of the
    states and the recurrent kernel, plus the recurrent bias, in the same shape.
    """
    shape = (timesteps, samples, 3, units)
    return np.empty(shape, np.float32), np.empty(shape, np.float32)


@compiled
def forward(
    x: NDArray,
    real: NDArray,
    kernel: NDArray,
    recurrent_kernel: NDArray,
    bias: NDArray,
    dropout: NDArray,
    reverse: bool,
    gates: NDArray,
    products: NDArray,
    inputs: NDArray,
    states: NDArray,
) -> None:
    """Compute the states of all steps.

    Parameters
    ----------
    x : array of shape (T, B, F)
        Sequences.
    real : array of bool of shape (T, B), or empty
        False for masked steps, which leave the state unchanged. Empty: no step is masked.
    kernel, recurrent_kernel, bias : arrays of shape (F, 3 U), (U, 3 U) and (2, 3 U)
        Weights. The first row of `bias` belongs to `kernel`, the second to `recurrent_kernel`.
    dropout : array of shape (B, U), or empty
        Factors of the state at the input of every step, in the products with `recurrent_kernel`.
        As in Keras, the state that the update gate keeps is not dropped. Empty: no dropout.
    reverse : bool
        Read the steps from the last to the first.
    gates, products : arrays
        The arrays of `memory`, which are overwritten.
    inputs, states : arrays of shape (T, B, U)
        The state at the input (after dropout) and at the output of every step, which are
        overwritten.
    """
    timesteps, samples, features = x.shape
    units = states.shape[2]
    wide = gates.reshape(timesteps, samples, 3 * units)
    wide_products = products.reshape(timesteps, samples, 3 * units)
    flat = gates.reshape(timesteps * samples, 3 * units)
    copy_to_rows(bias[0], flat)
    copy_to_rows(bias[1], products.reshape(timesteps * samples, 3 * units))
    add_product(x.reshape(timesteps * samples, features), kernel, flat)
    nothing = np.zeros((samples, units), x.dtype)
    for step in range(timesteps):
        t, before = position(step, timesteps, reverse), position(step - 1, timesteps, reverse)
        state_before = nothing
        if step:
            state_before = states[before]
        copy(state_before, inputs[t])
        apply_dropout(dropout, inputs[t])
        if step:
            add_product(inputs[t], recurrent_kernel, wide_products[t])
        _apply_activations(wide[t], wide_products[t], units)
        _update(gates[t], state_before, states[t])
        if real.size:
            keep_masked(real[t], state_before, states[t])


@compiled
def backward(
    x: NDArray,
    real: NDArray,
    kernel: NDArray,
    recurrent_kernel: NDArray,
    bias: NDArray,
    dropout: NDArray,
    reverse: bool,
    gates: NDArray,
    products: NDArray,
    inputs: NDArray,
    states: NDArray,
    d_states: NDArray,
    d_kernel: NDArray,
    d_recurrent_kernel: NDArray,
    d_bias: NDArray,
    d_x: NDArray,
) -> None:
    """Compute the gradients of the weights and of `x`. The gates and products are overwritten.

    The first parameters are those of the call of `forward`.

    Parameters
    ----------
    d_states : array of shape (T, B, U) or (1, B, U)
        Gradient of the states of all steps, or of the last one that was read.
    d_kernel, d_recurrent_kernel, d_bias : arrays
        The gradients are added to these arrays.
    d_x : array of shape (T, B, F), or empty
        The gradient of `x` is added to this array. Empty: it is not computed.
    """
    timesteps, samples, units = states.shape
    wide = gates.reshape(timesteps, samples, 3 * units)
    wide_products = products.reshape(timesteps, samples, 3 * units)
    d_state = np.zeros((samples, units), x.dtype)
    # The part of the gradient of the state before a step that does not pass through the products.
    kept = np.empty_like(d_state)
    nothing = np.zeros((samples, units), x.dtype)
    for step in range(timesteps - 1, -1, -1):
        t, before = position(step, timesteps, reverse), position(step - 1, timesteps, reverse)
        add_state_gradient(d_states, t, step == timesteps - 1, d_state)
        _differentiate(gates[t], products[t], states[before] if step else nothing, d_state, kept)
        if real.size:
            clear_masked(real[t], wide[t])
            clear_masked(real[t], wide_products[t])
            keep_masked(real[t], d_state, kept)
        if step:
            d_state[:] = 0
            add_product_transposed(wide_products[t], recurrent_kernel, d_state)
            apply_dropout(dropout, d_state)
            d_state += kept
    rows = timesteps * samples
    flat, flat_products = gates.reshape(rows, 3 * units), products.reshape(rows, 3 * units)
    add_product(inputs.reshape(rows, units).T, flat_products, d_recurrent_kernel)
    add_column_sums(flat_products, d_bias[1])
    add_input_gradients(x, flat, kernel, d_kernel, d_bias[0], d_x)


@compiled
def _add(values: NDArray, out: NDArray) -> None:
    for n in range(out.size):
        out[n] += values[n]


@compiled
def _apply_activations(wide: NDArray, products: NDArray, units: int) -> None:
    """Compute the gates of one step, (B, 3 U), from `products` and the products of `x`."""
    for b in range(wide.shape[0]):
        # Slices, because a loop over range(start, stop) is not vectorized.
        row, product = wide[b], products[b]
        _add(product[: 2 * units], row[: 2 * units])
        apply_sigmoid(row[: 2 * units])
        reset, recurrent, candidate = row[units : 2 * units], product[2 * units :], row[2 * units :]
        for u in range(units):
            candidate[u] += reset[u] * recurrent[u]
        apply_tanh(candidate)


# Loops with one result each, because LLVM vectorizes only loops in which it has few arrays to
# check for overlap.


@compiled
def _update(gates: NDArray, state_before: NDArray, state: NDArray) -> None:
    """Compute the state of one step, (B, U), from the gates, (B, 3, U)."""
    samples, units = state.shape
    for b in range(samples):
        for u in range(units):
            z = gates[b, 0, u]
            state[b, u] = z * state_before[b, u] + (_ONE - z) * gates[b, 2, u]


@compiled
def _differentiate(
    gates: NDArray, products: NDArray, state_before: NDArray, d_state: NDArray, kept: NDArray
) -> None:
    """Replace the gates and the products of one step by their gradients.

    The gradient of a gate is that of its input. `kept` becomes the gradient of the state before
    this step, without the part that passes through the products.
    """
    samples, units = d_state.shape
    for b in range(samples):
        for u in range(units):
            kept[b, u] = d_state[b, u] * gates[b, 0, u]
    for b in range(samples):
        for u in range(units):
            z, h = gates[b, 0, u], gates[b, 2, u]
            gates[b, 0, u] = d_state[b, u] * (state_before[b, u] - h) * z * (_ONE - z)
            gates[b, 2, u] = d_state[b, u] * (_ONE - z) * (_ONE - h * h)
    for b in range(samples):
        for u in range(units):
            r, d, recurrent = gates[b, 1, u], gates[b, 2, u], products[b, 2, u]
            products[b, 2, u] = d * r
            gates[b, 1, u] = d * recurrent * r * (_ONE - r)
    for b in range(samples):
        for u in range(units):
            products[b, 0, u] = gates[b, 0, u]
            products[b, 1, u] = gates[b, 1, u]
