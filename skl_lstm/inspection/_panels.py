"""Shared by all plots of sequences and series: line styles, and the choice of panels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, product
from numbers import Integral
from typing import Any

import numpy as np

# The palette of Okabe and Ito for colour-blind readers, without yellow, which is hard to see on
# white. With more features than colours, the line style changes.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = ("-", "--", ":", "-.")


def line_styles(markers: bool) -> Iterator[dict[str, Any]]:
    """Yield the style of one line after the other, without end."""
    marker = {"marker": "o", "markersize": 3} if markers else {}
    return cycle({"color": c, "linestyle": s, **marker} for s, c in product(_STYLES, _COLOURS))


def resolve_positions(what: str, chosen: int | Sequence[int], count: int) -> list[int]:
    """Return the chosen positions; an integer chooses that many, evenly spaced, of `count`."""
    if isinstance(chosen, Integral) and not isinstance(chosen, bool):
        if chosen < 1:
            raise ValueError(f"{what} must be 1 or more, or a list of positions; got {chosen}.")
        return np.linspace(0, count - 1, min(int(chosen), count)).round().astype(int).tolist()
    positions = np.asarray(chosen)
    if positions.ndim != 1 or positions.dtype.kind not in "iu" or not len(positions):
        raise TypeError(f"{what} must be an integer, or a list of positions; got {chosen!r}.")
    if invalid := positions[(positions < -count) | (positions >= count)].tolist():
        raise ValueError(f"{what} must be positions between 0 and {count - 1}; got {invalid}.")
    return (positions % count).tolist()
