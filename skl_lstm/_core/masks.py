"""Masks of padding: the timesteps that equal the mask value in every feature."""

import numpy as np
from numpy.typing import NDArray


def is_masked(steps: NDArray, mask_value: float) -> NDArray[np.bool_]:
    """Mark the steps (…, features) that a `Masking` layer skips: all features equal the value."""
    return (as_network_sees(steps) == as_network_sees(mask_value)).all(axis=-1)


def can_mark(mask_value: float, dtype: np.dtype) -> bool:
    """Return whether a network recognises the mask value after a cast to the dtype."""
    with np.errstate(all="ignore"):
        held = np.float64(mask_value).astype(dtype)
    return bool(as_network_sees(held) == as_network_sees(mask_value))


def as_network_sees(values: NDArray | float) -> NDArray:
    """Return values as networks compare them: as float32, with subnormal numbers as zero."""
    with np.errstate(all="ignore"):
        single = np.asarray(values).astype(np.float32)
    return np.where(np.abs(single) < np.finfo(np.float32).tiny, np.float32(0), single)
