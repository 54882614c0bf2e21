"""Which rows an index of an array selects, for arrays that carry something of every row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def selected_rows(key: Any, n_rows: int) -> slice | NDArray[np.intp] | None:
    """Return the rows that ``array[key]`` selects, or None if it is no selection of whole rows.

    `key` must be valid for the array.
    """
    rows = key
    if isinstance(key, tuple):  # scikit-learn selects rows by array[rows, ...]
        rows, others = key[0] if key else ..., key[1:]
        if any(other is not Ellipsis for other in others):
            return None
    if isinstance(rows, slice):
        return rows
    if np.ndim(rows) != 1:
        return None
    # Positions, because pandas reads lists and tuples in its own way.
    return np.arange(n_rows)[np.asarray(rows) if len(rows) else []]
