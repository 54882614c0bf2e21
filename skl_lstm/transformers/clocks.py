"""Clocks: how long the steps between labels are, which step is usual, and which step is a hole.

The clock "labels" subtracts the labels. "wall" subtracts local times, so a day of 23 or 25 hours is
one day. "weekdays" does the same, and leaves out the weekends between two labels. "months" counts
months. The package does not require pandas, so import this module only after a DataFrame was
passed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FIXED_UNITS = ["W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs"]  # of a fixed length
_DAY = np.timedelta64(1, "D")
_Positions = NDArray[np.intp]


def ticks_of(times: Any, clock: str = "labels") -> NDArray:
    """Convert labels to NumPy numbers or times, which can be sorted and subtracted."""
    if clock == "months":
        return np.asarray(times.year * 12 + times.month, dtype=np.int64)
    if isinstance(times, pd.PeriodIndex):
        return times.asi8
    if isinstance(times, pd.DatetimeIndex) and times.tz is not None:
        times = times.tz_convert(None) if clock == "labels" else times.tz_localize(None)
    ticks = times.to_numpy()
    # The difference of two small integers may overflow.
    return ticks.astype(np.int64) if ticks.dtype.kind in "iu" and ticks.itemsize < 8 else ticks


def steps_between(times: Any, order: _Positions, clock: str) -> NDArray:
    """Return the steps between consecutive positions; a step that overflows is the largest one."""
    ticks = ticks_of(times, clock)[order]
    if ticks.dtype.kind not in "imM":
        with np.errstate(over="ignore"):
            return np.diff(ticks)
    # As integers: from NumPy 2.5 on, the difference of times too far apart raises an error.
    counts = np.diff(ticks.view(np.int64))
    # Where clocks are set back, local times are up to a day earlier than those before.
    shortest = -_ticks_per_day(ticks) if clock in ("wall", "weekdays") else 0
    counts[counts < shortest] = np.iinfo(np.int64).max
    if clock == "weekdays":
        day = _ticks_per_day(ticks)
        counts -= 2 * day * _weekends_between(ticks.view(np.int64) // day)
    return counts.view(ticks.dtype.str.replace("M", "m"))


def choose_clock(times: Any, order: _Positions, within: NDArray[np.bool_]) -> str:
    """Return the clock on which the steps within series follow the calendar of the labels."""
    is_daily = isinstance(times, pd.PeriodIndex) and times.freqstr == "D"
    if not (is_daily or isinstance(times, pd.DatetimeIndex)) or not within.any():
        return "labels"
    steps = steps_between(times, order, "wall")[within]
    if not is_daily and steps.min() > 27 * _DAY:
        starts, ends = times.is_month_start, times.is_month_end
        if starts.all() or ends.all():
            return "months"
    usual, day = usual_step(steps), 1 if is_daily else _DAY
    if usual < 7 * day and (times.day_of_week < 5).all():
        weekday_steps = steps_between(times, order, "weekdays")[within]
        # A usual step over weekends follows another calendar, such as every third day.
        if (weekday_steps < steps).any() and usual_step(weekday_steps) == usual:
            return "weekdays"
    whole_days = usual > 0 * day and usual % day == 0 * day
    return "wall" if whole_days and getattr(times, "tz", None) is not None else "labels"


def usual_step(steps: NDArray, tolerance: float = 0) -> Any:
    """Return the median of the largest group of steps of similar length; 0 if there are no steps.

    A group holds a step and all steps that are longer than it, but no holes beside it. Of several
    groups with most steps, the one of the shortest steps is used. Of two steps in the middle, the
    shorter one is the median.
    """
    # Local times can be equal, or go back.
    values, counts = np.unique(steps[steps > np.zeros((), steps.dtype)], return_counts=True)
    if not len(values):
        return np.zeros(1, steps.dtype)[0]
    before = np.append(0, np.cumsum(counts))
    numbers = values.view(np.int64) if values.dtype.kind == "m" else values
    ends = np.searchsorted(numbers, _longest_neighbours(numbers, tolerance), side="right")
    sizes = before[ends] - before[:-1]
    start = sizes.argmax()
    middle = before[start] + (sizes[start] - 1) // 2
    return values[np.searchsorted(before, middle, side="right") - 1]


def are_holes(
    steps: NDArray, max_gap: Any, is_usual: bool, tolerance: float = 0
) -> NDArray[np.bool_]:
    """Mark the steps longer than `max_gap`, or at least 1.5 times `max_gap` if it is usual."""
    if steps.dtype.kind == "m":
        longest = _in_ticks_of(steps, max_gap, is_usual)
        return steps.view(np.int64) > min(longest, np.iinfo(np.int64).max)
    if not is_usual:
        return steps > max_gap + 2 * tolerance
    if steps.dtype.kind == "f" or isinstance(max_gap, float):
        return steps > _longest_neighbours(np.float64(max_gap), tolerance)
    return steps > min((3 * max_gap - 1) // 2, np.iinfo(steps.dtype).max)


def rounding_error(times: pd.Index) -> float:
    """Return the rounding error of steps between floats; 0 for other labels."""
    if times.dtype.kind != "f":
        return 0
    greatest = np.abs(times.to_numpy()).max()
    return 8 * float(greatest - np.nextafter(greatest, 0))  # finite also for the greatest float


def _longest_neighbours(usual: Any, tolerance: float) -> Any:
    """Return the longest steps that are shorter than one and a half times the usual steps."""
    if usual.dtype.kind in "iu":
        return usual + np.minimum((usual - 1) // 2, np.iinfo(usual.dtype).max - usual)
    with np.errstate(over="ignore"):
        return np.maximum(1.5 * usual - 2 * tolerance, usual + 2 * tolerance)


def _in_ticks_of(steps: NDArray, max_gap: Any, is_usual: bool) -> int:
    """Return the longest step that is no hole as an integer in the unit of the steps.

    As NumPy's times, the longest steps or the longest `max_gap` would overflow.
    """
    count, unit = _count_and_unit(max_gap)
    own_unit = np.ones((), steps.dtype)
    if unit > own_unit:
        count, unit = count * int(unit // own_unit), own_unit
    longest = (3 * count - 1) // 2 if is_usual else count
    return longest // int(own_unit // unit)


def _count_and_unit(max_gap: Any) -> tuple[int, NDArray]:
    """Return a timedelta as an integer and its unit."""
    if isinstance(max_gap, timedelta) and not isinstance(max_gap, pd.Timedelta):
        return max_gap // timedelta(microseconds=1), np.ones((), "m8[us]")
    gap = np.asarray(max_gap.to_timedelta64() if isinstance(max_gap, pd.Timedelta) else max_gap)
    return int(gap.view(np.int64)), np.ones((), gap.dtype)


def _ticks_per_day(ticks: NDArray) -> int:
    """Return the length of a day in the unit of the ticks; integers count days."""
    if ticks.dtype.kind != "M":
        return 1
    return int(_DAY // np.ones((), ticks.dtype.str.replace("M", "m")))


def _weekends_between(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of whole weekends between consecutive days, counted from 1970-01-01.

    The weekend of a day that is itself on a weekend is not between it and another day.
    """
    weeks, weekday = np.divmod(days + 3, 7)  # 1970-01-01 was a Thursday
    begun = weeks + (weekday >= 5)
    return np.maximum(weeks[1:] - begun[:-1], 0)
