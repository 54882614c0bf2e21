"""What all recurrent cells do between two time steps: dropout of the state, and masked steps.

A cell reads the steps in the order ``step = 0, 1, ...``, which is the position ``t = step`` in
time, or ``timesteps - 1 - step`` if it reads in reverse.
"""

from __future__ import annotations

from numpy.typing import NDArray

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
