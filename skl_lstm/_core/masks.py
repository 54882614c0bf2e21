"""Which time steps a network skips as padding: those that hold the mask value throughout."""

import numpy as np
from numpy.typing import NDArray


def is_masked(steps: NDArray, mask_value: float) -> NDArray[np.bool_]:
    """Mark the steps (…, features) that a `Masking` layer skips: every feature is the value."""
    return (as_network_sees(steps) == as_network_sees(mask_value)).all(axis=-1)


def can_mark(mask_value: float, dtype: np.dtype) -> bool:
    """Return whether the value, held in the dtype, is still itself to a network."""
    with np.errstate(all="ignore"):
        held = np.float64(mask_value).astype(dtype)
    return bool(as_network_sees(held) == as_network_sees(mask_value))


def as_network_sees(values: NDArray | float) -> NDArray:
    """Return values in the single precision of networks, to which tiny numbers are zero."""
    with np.errstate(all="ignore"):
        single = np.asarray(values).astype(np.float32)
    return np.where(np.abs(single) < np.finfo(np.float32).tiny, np.float32(0), single)
