"""`RowsInTime`: the rows of X as integers in time, read from their labels or their positions."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat.sklearn import num_samples
from .._core.timed_windows import labels_of_rows

if TYPE_CHECKING:
    import pandas as pd

    from ..transformers.time_index import SortedRows

_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}  # of the units of pandas' times


class RowsInTime(NamedTuple):
    """The distinct times of the rows are moments, counted from 0 in the order of time."""

    moment: NDArray[np.intp]  # of every row
    usable_from: NDArray[np.intp]  # the first moment at which the target of every row is known
    labels: Any  # the index of the moments; None if the rows are consecutive without labels
    clock: NDArray  # of the moments, in ticks of a clock
    unit: str | None  # of the ticks; None if the labels are numbers
    sorted: SortedRows | None = None  # None for rows without labels

    @property
    def n_moments(self) -> int:
        """Return the number of distinct times."""
        return len(self.clock)

    def label(self, moment: int) -> str:
        """Format the label of a moment."""
        return f"row {moment}" if self.labels is None else f"that of {self.labels[moment]}"

    def clock_length(self, name: str, length: Any, count: int = 1) -> int:
        """Return `count` lengths of time in ticks of the clock, rounded up.

        All lengths that are longer than the clock are equal, because they could overflow.
        """
        if self.unit is None:
            labelled = "have no labels" if self.labels is None else "are labelled by numbers"
            raise ValueError(
                f"{name}={length!r} is a length of time, but the rows of X {labelled}. Give a "
                "number of steps, or a DataFrame with dates in its index."
            )
        ticks = -(-count * read_length(name, length) // _NANOSECONDS[self.unit])
        return min(ticks, int(self.clock[-1]) - int(self.clock[0]) + 1)


def read_length(name: str, length: str | timedelta | np.timedelta64) -> int:
    """Return a length of time in nanoseconds, which must be longer than 0."""
    import pandas as pd

    example = "Write it like '30D', '12h' or '15min'"
    if _has_no_unit(length):  # pandas would read nanoseconds
        raise ValueError(f"{name}={length!r} has no unit. {example}, or pass a number of steps.")
    try:
        read = pd.Timedelta(length)
    except ValueError as error:
        raise ValueError(
            f"{name}={length!r} is not a length of time. {example}; pandas says: {error}"
        ) from error
    if not read > pd.Timedelta(0):
        raise ValueError(f"{name}={length!r} must be longer than 0.")
    return int(read.to_timedelta64().view(np.int64)) * _NANOSECONDS[read.unit]


def _has_no_unit(length: str | timedelta | np.timedelta64) -> bool:
    if isinstance(length, np.timedelta64):
        return np.datetime_data(length.dtype)[0] == "generic"
    return isinstance(length, str) and re.fullmatch(r"[\s\d.+-]*", length) is not None


def read_times(X: ArrayLike, horizon: int, gap: Any) -> RowsInTime:
    """Read the labels of X; a row is usable once its target is known and the gap has passed."""
    index = labels_of_rows(X)
    if index is not None:
        return _read_labels(index, int(horizon), gap)
    moment = np.arange(num_samples(X))
    rows = RowsInTime(moment, moment, None, moment, None)
    steps = rows.clock_length("gap", gap) if is_length(gap) else int(gap)
    return rows._replace(usable_from=moment + min(int(horizon) + steps, len(moment)))


def _read_labels(index: pd.Index, horizon: int, gap: Any) -> RowsInTime:
    from ..transformers.clocks import ticks_of
    from ..transformers.time_index import sort_rows

    rows = sort_rows(index)
    times = rows.times
    _, first, moment = np.unique(ticks_of(times), return_index=True, return_inverse=True)
    moments = times[first]
    clock, unit = _read_clock(moments, rows.clock)
    read = RowsInTime(moment, moment, moments, np.maximum.accumulate(clock), unit, rows)
    if not is_length(gap):
        return read._replace(usable_from=_known_from(rows, read, horizon + int(gap))[0])
    length = read.clock_length("gap", gap)
    usable_from, known_at = _known_from(rows, read, horizon)
    if known_at is not None:
        known_at, _ = _read_clock(known_at, rows.clock, unit)
        usable_from = np.maximum(usable_from, np.searchsorted(read.clock, known_at + length))
    return read._replace(usable_from=usable_from)


def _known_from(rows: SortedRows, read: RowsInTime, steps: int) -> tuple[NDArray[np.intp], Any]:
    """Return the first moment and the time at which the target of every row is known.

    The times are None if no target is known within X.
    """
    from ..transformers.clocks import rounding_error, steps_since_first, ticks_of
    from ..transformers.time_index import rows_ahead, times_ahead

    times = rows.times
    ahead = rows_ahead(rows, steps)
    span = steps_since_first(times, rows.clock, rows.step).max()
    if steps > span + 0.5 and not (ahead >= 0).any():  # the times may be too late for pandas
        return np.full(len(times), read.n_moments), None
    if not rows.step:
        later = read.moment + steps
        return later, read.labels[np.minimum(later, read.n_moments - 1)]
    known_at = times_ahead(rows, steps)
    ticks = ticks_of(known_at)
    if ticks.dtype.kind == "f":  # the sum of many steps is not exact
        ticks = ticks - min(steps * rounding_error(times), rows.step / 2)
    computed = np.searchsorted(ticks_of(read.labels), ticks)
    return np.where(ahead >= 0, read.moment[ahead], computed), known_at


def _read_clock(times: Any, clock: str, unit: str | None = None) -> tuple[NDArray, str | None]:
    """Return times as integers in a unit, and the unit; None for numbers."""
    import pandas as pd

    from ..transformers.clocks import ticks_of

    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    if unit is not None:
        times = times.as_unit(unit)
    ticks = ticks_of(times, "labels" if clock == "labels" else "wall")
    if ticks.dtype.kind not in "mM":
        return ticks, None
    return ticks.view(np.int64), times.unit


def is_length(size: Any) -> bool:
    """Return whether a size is a length of time, not a number of steps."""
    return isinstance(size, str | timedelta | np.timedelta64)
