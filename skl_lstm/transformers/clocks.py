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
_MONDAY = 3  # 1970-01-01 was a Thursday, three days after a Monday
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
    return steps_of_ticks(ticks_of(times, clock)[order], clock)


def steps_of_ticks(ticks: NDArray, clock: str) -> NDArray:
    """Return the steps between consecutive ticks that `ticks_of` has returned for this clock."""
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
    is_longer = not is_daily and steps.min() > 27 * _DAY
    if is_longer and (_are_month_ends(times) or _are_on_one_day(times)):
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


def steps_since_first(times: Any, clock: str, step: Any) -> NDArray[np.float64]:
    """Return the times in usual steps since the earliest one; in ranks if the step is unknown."""
    positions = _positions_on(times, clock)
    if positions.dtype.kind == "f":
        positions = positions.astype(np.float64)
    if not step:
        return np.unique(positions, return_inverse=True)[1].astype(np.float64)
    if positions.dtype.kind == "f":
        return positions / step - positions.min() / step  # the difference may overflow
    # The labels may be further apart than the greatest integer.
    return (positions - positions.min()).view(np.uint64) / _step_in_ticks(step, times, clock)


def add_steps(times: Any, count: int, clock: str, step: Any) -> Any:
    """Return the labels that are `count` usual steps after `times`.

    On the clock "months", the day of the month stays the same, and last days follow last days.
    On "weekdays", no label is on a weekend; if the usual step is more than a day, all labels are
    on the weekdays of `times`.
    """
    if isinstance(times, pd.PeriodIndex):
        if clock == "weekdays":
            return _later_weekdays(times, count, step)
        # The sum of a period of two hours and 1 would be two hours later.
        return pd.PeriodIndex.from_ordinals(  # type: ignore[attr-defined]
            times.asi8 + count * step, freq=times.freq, name=times.name
        )
    if clock == "labels":
        is_small = times.dtype.kind in "iu" and times.dtype.itemsize < 8  # and may overflow
        return (times.astype(np.int64) if is_small else times) + count * step
    local = times.tz_localize(None)
    if clock == "months":
        later = _later_months(local, count, step)
    else:
        later = local + count * step if clock == "wall" else _later_weekdays(local, count, step)
    if times.tz is None:
        return later
    # A label between the hours when the clocks are set does not exist, or exists twice.
    first = np.ones(len(later), dtype=bool)
    return later.tz_localize(times.tz, ambiguous=first, nonexistent="shift_forward")


def _are_month_ends(times: Any) -> bool:
    # `is_month_end` depends on the frequency of the index, and raises an error for some.
    return bool((times.day == times.days_in_month).all())


def _are_on_one_day(times: Any) -> bool:
    """Return whether all times are on one day of the month that is never the last one."""
    # A single 28 February does not show whether 28 March or 31 March follows.
    return bool(times[0].day < 28 and (times.day == times[0].day).all())


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
    weeks, weekday = np.divmod(days + _MONDAY, 7)
    begun = weeks + (weekday >= 5)
    return np.maximum(weeks[1:] - begun[:-1], 0)


def _positions_on(times: Any, clock: str) -> NDArray:
    """Return the times as numbers whose differences are the steps on the clock."""
    ticks = ticks_of(times, clock)
    if ticks.dtype.kind not in "imM":
        return ticks
    positions = ticks.view(np.int64)
    if clock != "weekdays":
        return positions
    day = _ticks_per_day(ticks)
    weeks, in_week = np.divmod(positions + _MONDAY * day, 7 * day)
    return 5 * day * weeks + np.minimum(in_week, 5 * day)


def _later_months(times: Any, count: int, step: int) -> Any:
    later = times + pd.DateOffset(months=count * step)
    return later + pd.offsets.MonthEnd(0) if _are_month_ends(times) else later


def _later_weekdays(times: Any, count: int, step: Any) -> Any:
    """Return the labels `count` steps later on a calendar without weekends."""
    is_daily = isinstance(times, pd.PeriodIndex)
    day = 1 if is_daily else _DAY
    if step >= day and step % day == 0 * day:
        dates = (times.to_timestamp() if is_daily else times).to_numpy().astype("M8[D]")
        used, per_step = _weekdays_used(times, int(step // day))
        mask = used.tolist()  # NumPy 2.0 warns if it reads np.bool
        later = np.busday_offset(dates, count * per_step, roll="backward", weekmask=mask)
        if is_daily:
            return pd.PeriodIndex(later, freq="D", name=times.name)
        return times + (later - dates)
    times = times + 0 * step  # in the finer of the two units
    ticks = times.to_numpy()
    ticks_per_day = _ticks_per_day(ticks)
    ahead = count * int(_step_in_ticks(step, times, "weekdays"))
    positions = _positions_on(times, "weekdays") + ahead
    weeks, in_week = np.divmod(positions, 5 * ticks_per_day)
    later = 7 * ticks_per_day * weeks + in_week - _MONDAY * ticks_per_day
    return pd.DatetimeIndex(later.view(ticks.dtype), name=times.name)


def _weekdays_used(times: Any, step: int) -> tuple[NDArray[np.bool_], int]:
    """Return the weekdays of a calendar of whole days, and how many of them a step is long.

    Steps of two days are from one of the days in use to the next, as from Monday to Wednesday,
    Friday and Monday, or two days of the week from Monday to Friday.
    """
    used = np.isin(np.arange(7), times.day_of_week)
    days = np.flatnonzero(used)
    if step > 1 and usual_step(np.diff(days, append=days[0] + 5)) == step:
        return used, 1
    return np.arange(7) < 5, step


def _step_in_ticks(step: Any, times: Any, clock: str) -> float:
    """Return the length of a step in ticks of the times."""
    ticks = ticks_of(times[:0], clock)
    if ticks.dtype.kind not in "mM":
        return step
    unit: Any = np.datetime_data(ticks.dtype)[0]
    return step / pd.Timedelta(1, unit)
