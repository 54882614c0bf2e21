"""Which cells of (timesteps, features) are permuted together, and how: plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._core.masks import as_network_sees, is_masked
from .._core.messages import counted

AXES = ("timestep", "feature")


class Cell(NamedTuple):
    """Values that are permuted together: axes 1 and 2 of (samples, timesteps, features)."""

    timesteps: slice
    features: slice


def check_over(over: Any) -> tuple[str, ...]:
    """Return the axes to separate in the order of the array, or raise an error."""
    names = (over,) if isinstance(over, str) else over
    if not isinstance(names, tuple | list) or not names or set(names) - set(AXES):
        raise ValueError(
            f"over must be 'timestep', 'feature' or both, ('timestep', 'feature'); got {over!r}."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"over must name an axis once; got {over!r}.")
    return tuple(name for name in AXES if name in names)


def block_edges(timesteps: int, blocks: Any, *, from_end: bool) -> list[int]:
    """Return the edges of blocks of neighbouring timesteps, from 0 to `timesteps`.

    `blocks` is a length, or the distances from one side at which a new block begins. They are
    counted from the last timestep if `from_end`, else from the first. None: a block per timestep.
    """
    blocks = 1 if blocks is None else blocks
    if isinstance(blocks, Integral) and not isinstance(blocks, bool):
        length = int(blocks)
        if not 1 <= length <= timesteps:
            raise ValueError(
                f"blocks={length} is not a length between 1 and {timesteps}, the number of "
                "timesteps."
            )
        distances = list(range(0, timesteps, length))
    else:
        distances = [0, *_check_distances(timesteps, blocks, from_end)]
    edges = [*distances, timesteps]
    return [timesteps - edge for edge in reversed(edges)] if from_end else edges


def _check_distances(timesteps: int, blocks: Any, from_end: bool) -> list[int]:
    side = "steps back" if from_end else "steps"
    array = np.asarray(blocks) if isinstance(blocks, Sequence | np.ndarray) else np.empty(0)
    if array.ndim != 1 or array.dtype.kind not in "iu" or not len(array):
        raise TypeError(
            f"blocks must be None, the length of the blocks, or a list of the {side} at which a "
            f"new block begins, such as [1, 7]; got {blocks!r}."
        )
    distances = array.tolist()
    if any(a >= b for a, b in pairwise([0, *distances, timesteps])):
        raise ValueError(
            f"blocks={distances} must increase and lie between 1 and {timesteps - 1}, because "
            f"there are {counted(timesteps, 'timestep')}: they are the {side} at which a new block "
            "begins."
        )
    return distances


def cells_of(over: tuple[str, ...], edges: Sequence[int], features: int) -> list[Cell]:
    """Return the cells that are permuted one after the other: timesteps, then features."""
    in_time = [slice(*pair) for pair in pairwise(edges)]
    in_features = [slice(feature, feature + 1) for feature in range(features)]
    return [
        Cell(*cell)
        for cell in product(
            in_time if "timestep" in over else [slice(None)],
            in_features if "feature" in over else [slice(None)],
        )
    ]


def permuted(
    values: NDArray, cell: Cell, order: NDArray[np.intp], real: NDArray[np.bool_] | None
) -> NDArray:
    """Return the values of a cell after an exchange between the samples.

    Sample i gets the values of sample ``order[i]``. `real` is False for padding, of shape
    (samples, timesteps): padding stays where it is. None: there is no padding.
    """
    source = values[:, cell.timesteps, cell.features]
    if real is None:
        return source[order]
    block = source.copy()
    for step, is_real in enumerate(real[:, cell.timesteps].T):
        rows = np.flatnonzero(is_real)
        block[rows, step] = source[donors_among(order, is_real)[rows], step]
    return block


def donors_among(order: NDArray[np.intp], is_real: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return a permutation of the real samples that keeps `order` wherever it can.

    If the sample that ``order`` names is padding, the sample that this one would get its values
    from is next, and so on. So a sequence gets the steps of the same other sequence wherever this
    one has them. If `order` is uniformly distributed, so is the result.
    """
    donors = order.copy()
    rows = np.flatnonzero(is_real & ~is_real[donors])
    # A chain of a real sample ends at itself at the latest.
    while rows.size:
        donors[rows] = order[donors[rows]]
        rows = rows[~is_real[donors[rows]]]
    return donors


def keep_off_mask(
    steps: NDArray, real: NDArray[np.bool_] | None, cell: Cell, mask_value: float
) -> None:
    """Change permuted values that made a real step of (samples, timesteps, features) padding.

    Features that come from different steps can together be the mask value in every feature. The
    nearest number is no padding. `real` is None if all steps are real.
    """
    in_time = steps[:, cell.timesteps]
    masked = is_masked(in_time, mask_value)
    if real is not None:
        masked &= real[:, cell.timesteps]
    if masked.any():
        in_time[:, :, cell.features][masked] = _beside(mask_value)


def _beside(mask_value: float) -> np.float32:
    """Return the number nearest to a mask value that networks distinguish from it."""
    if as_network_sees(mask_value) == 0:
        return np.finfo(np.float32).tiny
    return np.nextafter(np.float32(mask_value), np.float32(0))
