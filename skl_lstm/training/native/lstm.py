"""The LSTM cell: one function forward, and one backward through time.

The equations and the order of the weights are those of `keras.layers.LSTM`. All arrays are float32
in C order. The names of their axes: T time steps, B samples, F features, U units.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arithmetic import (
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

    They are the gates (T, B, 4, U), in the order input, forget, candidate, output; the cells
    (T, B, U); and tanh of the cells.
    """
    shape = (timesteps, samples, units)
    gates = np.empty((timesteps, samples, 4, units), np.float32)
    return gates, np.empty(shape, np.float32), np.empty(shape, np.float32)


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
    cells: NDArray,
    squashed: NDArray,
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
    kernel, recurrent_kernel, bias : arrays of shape (F, 4 U), (U, 4 U) and (4 U,)
        Weights.
    dropout : array of shape (B, U), or empty
        Factors of the state at the input of every step. Empty: no dropout.
    reverse : bool
        Read the steps from the last to the first.
    gates, cells, squashed : arrays
        The arrays of `memory`, which are overwritten.
    inputs, states : arrays of shape (T, B, U)
        The state at the input and at the output of every step, which are overwritten.
    """
    timesteps, samples, features = x.shape
    units = states.shape[2]
    wide = gates.reshape(timesteps, samples, 4 * units)
    flat = gates.reshape(timesteps * samples, 4 * units)
    copy_to_rows(bias, flat)
    add_product(x.reshape(timesteps * samples, features), kernel, flat)
    nothing = np.zeros((samples, units), x.dtype)
    for step in range(timesteps):
        t, before = position(step, timesteps, reverse), position(step - 1, timesteps, reverse)
        state_before, cell_before = nothing, nothing
        if step:
            state_before, cell_before = states[before], cells[before]
        copy(state_before, inputs[t])
        apply_dropout(dropout, inputs[t])
        if step:
            add_product(inputs[t], recurrent_kernel, wide[t])
        _apply_activations(wide[t], units)
        _update(gates[t], cell_before, cells[t], squashed[t], states[t])
        if real.size:
            keep_masked(real[t], cell_before, cells[t])
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
    cells: NDArray,
    squashed: NDArray,
    inputs: NDArray,
    states: NDArray,
    d_states: NDArray,
    d_kernel: NDArray,
    d_recurrent_kernel: NDArray,
    d_bias: NDArray,
    d_x: NDArray,
) -> None:
    """Compute the gradients of the weights and of `x`. The gates are overwritten.

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
    wide = gates.reshape(timesteps, samples, 4 * units)
    d_state, d_cell = np.zeros((samples, units), x.dtype), np.zeros((samples, units), x.dtype)
    kept_state, kept_cell = np.empty_like(d_state), np.empty_like(d_cell)
    nothing = np.zeros((samples, units), x.dtype)
    for step in range(timesteps - 1, -1, -1):
        t, before = position(step, timesteps, reverse), position(step - 1, timesteps, reverse)
        add_state_gradient(d_states, t, step == timesteps - 1, d_state)
        if real.size:
            copy(d_state, kept_state)
            copy(d_cell, kept_cell)
        _differentiate(gates[t], cells[before] if step else nothing, squashed[t], d_state, d_cell)
        if real.size:
            clear_masked(real[t], wide[t])
            keep_masked(real[t], kept_cell, d_cell)
        if step:
            d_state[:] = 0
            add_product_transposed(wide[t], recurrent_kernel, d_state)
            apply_dropout(dropout, d_state)
            if real.size:
                keep_masked(real[t], kept_state, d_state)
    flat, rows = gates.reshape(timesteps * samples, 4 * units), timesteps * samples
    add_product(inputs.reshape(rows, units).T, flat, d_recurrent_kernel)
    add_input_gradients(x, flat, kernel, d_kernel, d_bias, d_x)


@compiled
def _apply_activations(wide: NDArray, units: int) -> None:
    for b in range(wide.shape[0]):
        # Slices, because a loop over range(start, stop) is not vectorized.
        row = wide[b]
        apply_sigmoid(row[: 2 * units])
        apply_tanh(row[2 * units : 3 * units])
        apply_sigmoid(row[3 * units :])


# Loops with one result each, because LLVM vectorizes only loops in which it has few arrays to
# check for overlap.


@compiled
def _update(
    gates: NDArray, cell_before: NDArray, cell: NDArray, squashed: NDArray, state: NDArray
) -> None:
    """Compute cell, tanh(cell) and state of one step, (B, U), from the gates, (B, 4, U)."""
    samples, units = cell.shape
    for b in range(samples):
        for u in range(units):
            cell[b, u] = gates[b, 1, u] * cell_before[b, u] + gates[b, 0, u] * gates[b, 2, u]
    copy(cell, squashed)
    apply_tanh(squashed.reshape(samples * units))
    for b in range(samples):
        for u in range(units):
            state[b, u] = gates[b, 3, u] * squashed[b, u]


@compiled
def _differentiate(
    gates: NDArray, cell_before: NDArray, squashed: NDArray, d_state: NDArray, d_cell: NDArray
) -> None:
    """Replace the gates of one step by the gradients of their inputs.

    `d_cell` holds the gradient of the cell after this step, and then of the cell before it.
    """
    samples, units = d_cell.shape
    for b in range(samples):
        for u in range(units):
            slope = _ONE - squashed[b, u] * squashed[b, u]
            d_cell[b, u] += d_state[b, u] * gates[b, 3, u] * slope
    for b in range(samples):
        for u in range(units):
            o = gates[b, 3, u]
            gates[b, 3, u] = d_state[b, u] * squashed[b, u] * o * (_ONE - o)
    for b in range(samples):
        for u in range(units):
            i, g = gates[b, 0, u], gates[b, 2, u]
            gates[b, 0, u] = d_cell[b, u] * g * i * (_ONE - i)
            gates[b, 2, u] = d_cell[b, u] * i * (_ONE - g * g)
    for b in range(samples):
        for u in range(units):
            f, d = gates[b, 1, u], d_cell[b, u]
            gates[b, 1, u] = d * cell_before[b, u] * f * (_ONE - f)
            d_cell[b, u] = d * f
