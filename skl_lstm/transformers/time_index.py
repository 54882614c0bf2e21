"""Pandas indexes: find runs of rows that are neighbours in time.

The last level of an index is the time, outer levels name the series. "In order" means sorted by
series, then by time. Positions refer to that order, row positions to the table. The package does
not require pandas, so import this module only after a DataFrame was passed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_any_real_numeric_dtype

_DAY = np.timedelta64(1, "D")
_UNITS = ["s", "ms", "us", "ns"]  # of pandas' times, from coarse to fine
_FIXED_UNITS = ["W", "D", "h", "m", *_UNITS, "ps", "fs"]  # NumPy's units of a fixed length
_Positions = NDArray[np.intp]


class Runs(NamedTuple):
    """The runs of neighbours among the rows of fit, as far as transform needs them.

    Neighbours are at most `max_gap` apart. The clock "labels" measures this between labels,
    "wall" between local times, where a day of 23 or 25 hours is one day, and "months" in months.
    """

    clock: str
    max_gap: Any
    past: int  # number of rows that are kept of the end of every run
    firsts: pd.Index  # labels of the first rows of the runs with more rows
    lasts: pd.Index  # labels of the last rows of the same runs


class Places(NamedTuple):
    """Positions of the rows of X among all known rows: those kept from fit, then those of X."""

    order: _Positions | slice  # row positions that sort the known rows
    last: _Positions | slice  # position of each row of X
    first: _Positions | int  # position of the first row of its run; an int if it is one for all
    cut_short: int  # number of rows of X with a past that fit saw but did not keep


def find_runs(index: pd.Index, max_gap: Any, past: int) -> tuple[Runs, _Positions]:
    """Find the runs of neighbours in the rows of fit; also return which rows to keep."""
    index = _flat(index)
    check_labels(index)
    order = order_rows(index)
    clock, max_gap = learn_max_gap(index, order, max_gap)
    first = run_starts(index, order, clock, max_gap)
    starts = np.unique(first)
    stops = np.append(starts[1:], len(order))
    kept = np.arange(len(order)) >= np.repeat(stops - past, stops - starts)
    cut = stops - starts > past
    firsts, lasts = labels_of(index, order[starts[cut]]), labels_of(index, order[stops[cut] - 1])
    return Runs(clock, max_gap, past, firsts, lasts), order[kept]


def place_rows(index: pd.Index, before: pd.Index, runs: Runs) -> Places:
    """Find the positions of the rows of X; `before` is the index of the rows kept from fit."""
    index, before = _flat(index), _flat(before)
    check_labels(index)
    known = join_labels(before, index)
    order = order_rows(known, len(before))
    run_first = run_starts(known, order, runs.clock, runs.max_gap)
    in_X = order >= len(before)
    last = np.empty(len(index), dtype=np.intp)
    last[order[in_X] - len(before)] = np.flatnonzero(in_X)
    first = run_first[last]
    # A window is padded if its run starts less than `past` rows before it.
    padded = first[last - first < runs.past]
    cut_short = labels_inside(known[order[padded]], runs.firsts, runs.lasts).sum()
    if (first == first[0]).all():
        return Places(_as_slice(order), _as_slice(last), int(first[0]), int(cut_short))
    return Places(_as_slice(order), last, first, int(cut_short))


def labels_of(index: pd.Index, rows: _Positions) -> pd.Index:
    """Return the labels of some rows, without unused levels."""
    labels = index[rows]
    return labels.remove_unused_levels() if isinstance(labels, pd.MultiIndex) else labels


def check_labels(index: pd.Index) -> None:
    """Raise an error for labels without a distance, and for missing labels."""
    times = _times(index)
    kind_of_time(times)
    missing = np.array(times.isna())
    if times.dtype.kind == "f":
        missing |= np.isinf(times.to_numpy())
    for codes in _series_codes(index):
        missing |= codes < 0
    if missing.any():
        row = int(missing.argmax())
        raise ValueError(
            f"{missing.sum()} of {len(index)} rows have a missing or infinite label in the index; "
            f"the first is row {row} with the label {index[row]}. Label or drop these rows."
        )


def kind_of_time(times: pd.Index) -> str:
    """Describe the kind of the labels, or raise an error for labels without a distance."""
    if isinstance(times, pd.DatetimeIndex):
        return "dates" if times.tz is None else "dates in a time zone"
    if isinstance(times, pd.TimedeltaIndex):
        return "time spans"
    if isinstance(times, pd.PeriodIndex):
        return f"periods of {times.freqstr}"
    if is_any_real_numeric_dtype(times.dtype):
        return "numbers"
    raise TypeError(
        "The last level of the index must be the time of each row, but it holds labels of dtype "
        f"{times.dtype}, such as {times[0]!r}. Use dates, for example "
        "X.set_index(pd.to_datetime(X.index)), periods or numbers; if the rows are consecutive, "
        "use X.reset_index(drop=True)."
    )


def join_labels(before: pd.Index, index: pd.Index) -> pd.Index:
    """Append the index of X to that of the rows kept from fit, if both are of one kind."""
    was, now = (f"{kind_of_time(_times(i))} in level {i.nlevels}" for i in (before, index))
    if was != now:
        raise ValueError(
            f"The index of X has {now} as the time of its rows, but in fit it had {was}. Give X an "
            "index like that of fit."
        )
    zone = getattr(_times(before), "tz", None)
    if zone is not None:
        index = _with_times(index, lambda times: times.tz_convert(zone))
    return _appended(before, index)


def order_rows(index: pd.Index, n_before: int = 0) -> _Positions:
    """Return the row positions that sort an index by series and time.

    Of two rows with the same label, the one among the first `n_before` rows is dropped; other
    repeated labels raise an error.
    """
    keys = [_ticks(_times(index)), *_series_codes(index)]
    order = np.lexsort(keys)
    repeated = ~_changes(keys, order)
    if not repeated.any():
        return order
    if (row := order[:-1][repeated].max()) >= n_before:
        count = int((index[n_before:] == index[row]).sum())
        raise ValueError(
            f"{count} rows have the label {index[row]}, but the labels of a series must be unique. "
            "Drop or aggregate the duplicates; if they belong to different series, name the "
            "series in an outer level of the index: "
            "X.set_index('name', append=True).swaplevel()."
        )
    return order[~np.append(repeated, False)]


def learn_max_gap(index: pd.Index, order: _Positions, max_gap: Any) -> tuple[str, Any]:
    """Return the clock and the longest step between neighbours; see `Runs`."""
    times = _times(index)
    if max_gap is None:
        return "labels", None
    if max_gap != "auto":
        _check_max_gap(max_gap, kind_of_time(times))
        return "labels", max_gap
    within = ~_changes(_series_codes(index), order)
    clock = _choose_clock(times, order, within)
    step = _most_frequent(_steps(times, order, clock)[within], _tolerance(times))
    return clock, pd.Timedelta(step) if isinstance(step, np.timedelta64) else step.item()


def run_starts(index: pd.Index, order: _Positions, clock: str, max_gap: Any) -> _Positions:
    """Return for every position the first position of its run of neighbours."""
    begins = _changes(_series_codes(index), order)
    if max_gap is not None:
        times = _times(index)
        begins |= _are_longer(_steps(times, order, clock), max_gap, _tolerance(times))
    starts = np.arange(len(order))
    starts[1:][~begins] = 0
    return np.maximum.accumulate(starts, out=starts)


def labels_inside(labels: pd.Index, firsts: pd.Index, lasts: pd.Index) -> NDArray[np.bool_]:
    """Mark the labels after the first and up to the last label of a run."""
    index = _appended(firsts, lasts, labels)
    opens = np.repeat([1, -1, 0], [len(firsts), len(lasts), len(labels)])
    # A label that equals the first label of a run sorts before it, so it is not inside the run.
    order = np.lexsort([np.abs(opens), _ticks(_times(index)), *_series_codes(index)])
    is_open = np.empty(len(index), dtype=bool)
    is_open[order] = np.cumsum(opens[order]) > 0
    return is_open[len(index) - len(labels) :]


def _flat(index: pd.Index) -> pd.Index:
    """Convert a MultiIndex of one level, which names no series, to a plain index."""
    return index.get_level_values(0) if index.nlevels == 1 else index


def _times(index: pd.Index) -> Any:
    return index.get_level_values(-1)


def _series_codes(index: pd.Index) -> list[NDArray[np.integer]]:
    return list(index.codes[:-1]) if isinstance(index, pd.MultiIndex) else []


def _appended(*indexes: pd.Index) -> pd.Index:
    """Append indexes of one kind, whose times may have different units.

    Below pandas 3, empty indexes change the dtype, and a MultiIndex loses labels if its times
    have different units or are timedeltas with a frequency.
    """
    filled = [index for index in indexes if len(index)] or list(indexes[:1])
    if hasattr(_times(filled[0]), "unit"):
        finest = max((_times(index).unit for index in filled), key=_UNITS.index)
        # `repeat` drops the frequency.
        filled = [_with_times(i, lambda times: times.as_unit(finest).repeat(1)) for i in filled]
    return filled[0].append(filled[1:])


def _with_times(index: pd.Index, convert: Callable[[Any], Any]) -> pd.Index:
    if isinstance(index, pd.MultiIndex):
        return index.set_levels(convert(index.levels[-1]), level=-1)
    return convert(index)


def _ticks(times: Any, clock: str = "labels") -> NDArray:
    """Convert labels to NumPy numbers or times, which can be sorted and subtracted."""
    if clock == "months":
        return np.asarray(times.year * 12 + times.month, dtype=np.int64)
    if isinstance(times, pd.PeriodIndex):
        return times.asi8
    if isinstance(times, pd.DatetimeIndex) and times.tz is not None:
        times = times.tz_localize(None) if clock == "wall" else times.tz_convert(None)
    ticks = times.to_numpy()
    # The difference of two small integers may overflow.
    return ticks.astype(np.int64) if ticks.dtype.kind in "iu" and ticks.itemsize < 8 else ticks


def _changes(keys: list[NDArray], order: _Positions) -> NDArray[np.bool_]:
    """Mark the positions, from the second on, where a key differs from the previous position."""
    changes = np.zeros(len(order) - 1, dtype=bool)
    for key in keys:
        changes |= key[order[1:]] != key[order[:-1]]
    return changes


def _steps(times: pd.Index, order: _Positions, clock: str) -> NDArray:
    """Return the steps between consecutive positions; a step that overflows is the largest one."""
    ticks = _ticks(times, clock)[order]
    if ticks.dtype.kind not in "imM":
        return np.diff(ticks)
    # As integers: from NumPy 2.5 on, the difference of times too far apart raises an error.
    counts = np.diff(ticks.view(np.int64))
    if clock == "labels":
        counts[counts < 0] = np.iinfo(np.int64).max
    return counts.view(ticks.dtype.str.replace("M", "m"))


def _are_longer(steps: NDArray, max_gap: Any, tolerance: float) -> NDArray[np.bool_]:
    if steps.dtype.kind != "m":
        return steps > max_gap + 2 * tolerance
    # As integers: as NumPy's times, the longest steps or the longest max_gap would overflow.
    count, unit = _count_and_unit(max_gap)
    own_unit = np.ones((), steps.dtype)
    count = count * int(unit // own_unit) if unit > own_unit else count // int(own_unit // unit)
    return steps.view(np.int64) > min(count, np.iinfo(np.int64).max)


def _choose_clock(times: pd.Index, order: _Positions, within: NDArray[np.bool_]) -> str:
    if not isinstance(times, pd.DatetimeIndex) or not within.any():
        return "labels"
    steps = _steps(times, order, "wall")[within]
    starts, ends = times.is_month_start, times.is_month_end
    if steps.min() > 27 * _DAY and (starts.all() or ends.all()):
        return "months"
    step = _most_frequent(steps, 0)
    whole_days = step > 0 * _DAY and step % _DAY == 0 * _DAY
    return "wall" if whole_days and times.tz is not None else "labels"


def _most_frequent(steps: NDArray, tolerance: float) -> Any:
    """Return the most frequent step, the shortest of several; 0 if there are no steps."""
    if not len(steps):
        return np.zeros(1, steps.dtype)[0]
    values, counts = np.unique(
        np.round(steps / tolerance) * tolerance if tolerance else steps, return_counts=True
    )
    return values[counts.argmax()]


def _tolerance(times: pd.Index) -> float:
    """Return the rounding error of steps between floats; 0 for other labels."""
    if times.dtype.kind != "f":
        return 0
    return 8 * float(np.spacing(np.abs(times.to_numpy()).max()))


def _check_max_gap(max_gap: Any, kind: str) -> None:
    takes_number = kind == "numbers" or kind.startswith("periods")
    if takes_number == isinstance(max_gap, timedelta | np.timedelta64):
        wanted = "a number" if takes_number else "a timedelta, for example pd.Timedelta('2h')"
        raise ValueError(
            f"max_gap={max_gap!r} does not match the index, which has {kind} as its time: give "
            f"{wanted}."
        )
    if isinstance(max_gap, np.timedelta64) and np.datetime_data(max_gap)[0] not in _FIXED_UNITS:
        raise ValueError(
            f"max_gap={max_gap!r} has no fixed length. Give it in a unit from weeks to "
            "femtoseconds, for example np.timedelta64(31, 'D')."
        )


def _count_and_unit(max_gap: Any) -> tuple[int, NDArray]:
    """Return a timedelta as an integer and its unit."""
    if isinstance(max_gap, timedelta) and not isinstance(max_gap, pd.Timedelta):
        return max_gap // timedelta(microseconds=1), np.ones((), "m8[us]")
    gap = np.asarray(max_gap.to_timedelta64() if isinstance(max_gap, pd.Timedelta) else max_gap)
    return int(gap.view(np.int64)), np.ones((), gap.dtype)


def _as_slice(positions: _Positions) -> _Positions | slice:
    """Return consecutive positions as a slice, which takes no memory and indexes as a view."""
    first, last = positions[0], positions[-1]
    consecutive = last - first == len(positions) - 1 and (np.diff(positions) == 1).all()
    return slice(int(first), int(last) + 1) if consecutive else positions
