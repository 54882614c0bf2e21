"""Batches with the time axis first, and the masks of their steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..._core.memmaps import is_large
from ..rows import read_rows, rows_per_part
from .compiling import compiled


@compiled
def gather(X: NDArray, positions: NDArray, out: NDArray) -> None:
    """Write the rows of X, (rows, T, F), at `positions`, (samples,), to `out`, (T, samples, F).

    X can be a view of a table, so windows are copied batch by batch only.
    """
    timesteps, samples, features = out.shape
    for b in range(samples):
        row = X[positions[b]]
        for t in range(timesteps):
            for f in range(features):
                out[t, b, f] = row[t, f]


@compiled
def _write_real_steps(x: NDArray, mask_value: float, real: NDArray) -> None:
    timesteps, samples, features = x.shape
    for t in range(timesteps):
        for b in range(samples):
            real[t, b] = False
            for f in range(features):
                real[t, b] |= x[t, b, f] != mask_value


def real_steps(x: NDArray, mask_value: float) -> NDArray:
    """Return False for the steps of x, (T, B, F), in which all features are the mask value."""
    real = np.empty(x.shape[:2], np.bool_)
    _write_real_steps(x, np.float32(mask_value), real)
    return real


def epoch_order(n_rows: int, rng: np.random.Generator | None) -> NDArray:
    """Return the positions of the rows in the order of an epoch, shuffled if there is a `rng`."""
    return np.arange(n_rows) if rng is None else rng.permutation(n_rows)


def epoch_batches(
    arrays: Sequence[NDArray], order: NDArray, batch_size: int
) -> Iterator[tuple[Sequence[NDArray], NDArray]]:
    """Yield arrays and the positions of one batch in them.

    If an array is large, a few batches at a time are copied to memory, so it can be a file on disk.
    """
    if not any(map(is_large, arrays)):
        for start in range(0, len(order), batch_size):
            yield arrays, order[start : start + batch_size]
        return
    n_rows = rows_per_part(arrays[0], batch_size)
    for first in range(0, len(order), n_rows):
        positions = order[first : first + n_rows]
        part, places = [read_rows(array, positions) for array in arrays], np.arange(len(positions))
        for start in range(0, len(positions), batch_size):
            yield part, places[start : start + batch_size]
