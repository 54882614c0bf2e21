"""What both kinds of picture share: colours, and which samples or series to draw."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    pass


# Okabe and Ito's, less the yellow that white paper swallows: colour-blind readers tell them
# apart. More features than colours are told apart by the style of the line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", ":", "-.")


def resolve_positions(what: str, chosen: int | Sequence[int], count: int) -> list[int]:
    """Resolve how many, spread evenly, or which ones, against how many there are."""
    if isinstance(chosen, Integral) and not isinstance(chosen, bool):
        if chosen < 1:
            raise ValueError(f"{what} must be 1 or more, or a list of positions; got {chosen}.")
        return np.linspace(0, count - 1, min(int(chosen), count)).round().astype(int).tolist()
    numbers = np.asarray(chosen)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not len(numbers):
        raise TypeError(f"{what} must be an integer, or a list of positions; got {chosen!r}.")
    if strange := numbers[(numbers < -count) | (numbers >= count)].tolist():
        raise ValueError(
            f"{what} has {strange}, but there are {count}: positions go from 0 to {count - 1}."
        )
    return (numbers % count).tolist()
