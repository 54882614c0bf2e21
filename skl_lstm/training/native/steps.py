"""What all recurrent cells have in common: dropout of the state, masked steps, and gradients.

A cell reads the steps in the order ``step = 0, 1, ...``, which is the position ``t = step`` in
time, or ``timesteps - 1 - step`` if it reads in reverse.
"""

from __future__ import annotations

from numpy.typing import NDArray

from .arithmetic import add_column_sums, add_product, add_product_transposed
from .compiling import compiled


@compiled
def position(step: int, timesteps: int, reverse: bool) -> int:
    """Return the position in time of a step. For step -1 the position is not inside the array."""
    return timesteps - 1 - step if reverse else step


@compiled
def apply_dropout(dropout: NDArray, values: NDArray) -> None:
    """Multiply `values` by `dropout`, both (samples, units). Empty: no value is dropped."""
    for b in range(dropout.shape[0]):
        for u in range(values.shape[1]):
            values[b, u] *= dropout[b, u]


@compiled
def keep_masked(real: NDArray, before: NDArray, values: NDArray) -> None:
    """Replace the rows of masked samples in `values` by those of `before`; both (samples, units).

    `real` is (samples,), False for the samples whose step is masked.
    """
    for b in range(real.size):
        if not real[b]:
            for u in range(values.shape[1]):
                values[b, u] = before[b, u]


@compiled
def clear_masked(real: NDArray, values: NDArray) -> None:
    """Set the rows of masked samples in `values`, (samples, columns), to zero."""
    for b in range(real.size):
        if not real[b]:
            for j in range(values.shape[1]):
                values[b, j] = 0


@compiled
def add_state_gradient(d_states: NDArray, t: int, is_last: bool, d_state: NDArray) -> None:
    """Add the gradient of the state at position `t` to `d_state`, (samples, units).

    `d_states` is (timesteps, samples, units), or (1, samples, units) with only the gradient of the
    last step that was read.
    """
    if d_states.shape[0] > 1:
        d_state += d_states[t]
    elif is_last:
        d_state += d_states[0]


@compiled
def add_input_gradients(
    x: NDArray, d_gates: NDArray, kernel: NDArray, d_kernel: NDArray, d_bias: NDArray, d_x: NDArray
) -> None:
    """Add the gradients of the kernel, the bias and, unless `d_x` is empty, `x` for all steps.

    `d_gates`, (timesteps * samples, columns), is the gradient of ``x @ kernel + bias``.
    """
    rows, features = d_gates.shape[0], x.shape[2]
    add_product(x.reshape(rows, features).T, d_gates, d_kernel)
    add_column_sums(d_gates, d_bias)
    if d_x.size:
        add_product_transposed(d_gates, kernel, d_x.reshape(rows, features))
