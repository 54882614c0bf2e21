"""The simple recurrent cell: one function forward, and one backward through time.

The equations and the order of the weights are those of `keras.layers.SimpleRNN`. All arrays are
float32 in C order. The names of their axes: T time steps, B samples, F features, U units.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arithmetic import add_product, add_product_transposed, apply_tanh, copy, copy_to_rows
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

    It is one array (T, B, U): tanh of the sums, which is the state except at masked steps.
    """
    return (np.empty((timesteps, samples, units), np.float32),)


@compiled
def forward(
    x: NDArray,
    real: NDArray,
    kernel: NDArray,
    recurrent_kernel: NDArray,
    bias: NDArray,
    dropout: NDArray,
    reverse: bool,
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
    kernel, recurrent_kernel, bias : arrays of shape (F, U), (U, U) and (U,)
        Weights.
    dropout : array of shape (B, U), or empty
        Factors of the state at the input of every step. Empty: no dropout.
    reverse : bool
        Read the steps from the last to the first.
    squashed : array
        The array of `memory`, which is overwritten.
    inputs, states : arrays of shape (T, B, U)
        The state at the input and at the output of every step, which are overwritten.
    """
    timesteps, samples, features = x.shape
    units = states.shape[2]
    flat = squashed.reshape(timesteps * samples, units)
    copy_to_rows(bias, flat)
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
            add_product(inputs[t], recurrent_kernel, squashed[t])
        apply_tanh(squashed[t].reshape(samples * units))
        copy(squashed[t], states[t])
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
    squashed: NDArray,
    inputs: NDArray,
    states: NDArray,
    d_states: NDArray,
    d_kernel: NDArray,
    d_recurrent_kernel: NDArray,
    d_bias: NDArray,
    d_x: NDArray,
) -> None:
    """Compute the gradients of the weights and of `x`. `squashed` is overwritten.

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
    d_state = np.zeros((samples, units), x.dtype)
    kept = np.empty_like(d_state)
    for step in range(timesteps - 1, -1, -1):
        t = position(step, timesteps, reverse)
        add_state_gradient(d_states, t, step == timesteps - 1, d_state)
        _differentiate(d_state, squashed[t])
        if real.size:
            clear_masked(real[t], squashed[t])
            copy(d_state, kept)
        if step:
            d_state[:] = 0
            add_product_transposed(squashed[t], recurrent_kernel, d_state)
            apply_dropout(dropout, d_state)
            if real.size:
                keep_masked(real[t], kept, d_state)
    flat, rows = squashed.reshape(timesteps * samples, units), timesteps * samples
    add_product(inputs.reshape(rows, units).T, flat, d_recurrent_kernel)
    add_input_gradients(x, flat, kernel, d_kernel, d_bias, d_x)


@compiled
def _differentiate(d_state: NDArray, squashed: NDArray) -> None:
    """Replace the values of one step, (B, U), by the gradients of the inputs of tanh."""
    for b in range(squashed.shape[0]):
        for u in range(squashed.shape[1]):
            slope = _ONE - squashed[b, u] * squashed[b, u]
            squashed[b, u] = d_state[b, u] * slope
