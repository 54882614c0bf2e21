"""Pandas indexes: which rows are neighbours in time, and the runs they form.

The last level of an index is the time, outer levels name the series. "In order" means by series,
then by time; a place is a position in that order. As pandas is not a requirement of the package,
only those with a DataFrame in hand import this module.
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
_LENGTHS = ["W", "D", "h", "m", *_UNITS, "ps", "fs"]  # NumPy's units that have one
_Rows = NDArray[np.intp]


class Runs(NamedTuple):
    """The runs of neighbours among the rows of fit, as far as later rows must know them.

    Neighbours are at most `max_gap` apart on a clock. The clock "labels" subtracts labels,
    "wall" local times, by which a day of 23 or 25 hours is a day, and "months" counts months.
    """

    clock: str
    max_gap: Any
    past: int  # so many rows are kept of the end of every run
    firsts: pd.Index  # labels of the first rows of the runs that are longer than that
    lasts: pd.Index  # and of their last rows


class Places(NamedTuple):
    """Where the rows of a call stand among all known rows, those kept from fit included."""

    order: _Rows | slice  # the known rows in order; the kept ones are numbered first
    last: _Rows | slice  # by row of the call: its place
    first: _Rows | int  # by row of the call: the place where its run begins; one for all rows
    cut_short: int  # rows of the call with a past that fit saw and did not keep


def find_runs(index: pd.Index, max_gap: Any, past: int) -> tuple[Runs, _Rows]:
    """Find the runs of neighbours in the rows of fit; return also the rows to keep."""
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
    """Find the rows of a call among the rows kept `before`, which they may repeat."""
    index, before = _flat(index), _flat(before)
    check_labels(index)
    known = join_labels(before, index)
    order = order_rows(known, len(before))
    run_first = run_starts(known, order, runs.clock, runs.max_gap)
    of_call = order >= len(before)
    last = np.empty(len(index), dtype=np.intp)
    last[order[of_call] - len(before)] = np.flatnonzero(of_call)
    first = run_first[last]
    # A window is padded where its run begins too late. Was that run cut off there?
    padded = first[last - first < runs.past]
    cut_short = labels_inside(known[order[padded]], runs.firsts, runs.lasts).sum()
    if (first == first[0]).all():
        return Places(_as_slice(order), _as_slice(last), int(first[0]), int(cut_short))
    return Places(_as_slice(order), last, first, int(cut_short))


def labels_of(index: pd.Index, rows: _Rows) -> pd.Index:
    """Return the labels of some rows, and none of the others behind them."""
    labels = index[rows]
    return labels.remove_unused_levels() if isinstance(labels, pd.MultiIndex) else labels


def check_labels(index: pd.Index) -> None:
    """Refuse labels that say neither order nor distance, and missing ones."""
    times = _times(index)
    kind_of_time(times)
    missing = np.array(times.isna())
    if times.dtype.kind == "f":
        missing |= np.isinf(times.to_numpy())
    for codes in _series(index):
        missing |= codes < 0
    if missing.any():
        row = int(missing.argmax())
        raise ValueError(
            f"{missing.sum()} of {len(index)} rows have no place in time or no series; the first "
            f"is row {row}, labelled {index[row]}. Label them, or drop them."
        )


def kind_of_time(times: pd.Index) -> str:
    """Say in words what the labels are; refuse those whose steps have no length."""
    if isinstance(times, pd.DatetimeIndex):
        return "dates" if times.tz is None else "dates in a time zone"
    if isinstance(times, pd.TimedeltaIndex):
        return "time spans"
    if isinstance(times, pd.PeriodIndex):
        return f"periods of {times.freqstr}"
    if is_any_real_numeric_dtype(times.dtype):
        return "numbers"
    raise TypeError(
        "The last level of the index is the time of each row, but here it holds labels of "
        f"dtype {times.dtype}, such as {times[0]!r}: how far apart two rows are cannot be told. "
        "Use dates, for example X.set_index(pd.to_datetime(X.index)), periods or numbers; if "
        "the rows simply follow each other, X.reset_index(drop=True)."
    )


def join_labels(before: pd.Index, index: pd.Index) -> pd.Index:
    """Put the labels of a call behind those kept from fit, if they are of one kind."""
    was, now = (f"{kind_of_time(_times(i))} in level {i.nlevels} of it" for i in (before, index))
    if was != now:
        raise ValueError(
            f"In fit the index of X had its time as {was}, now as {now}. Rows find their past by "
            "their labels: give X an index like that of fit."
        )
    zone = getattr(_times(before), "tz", None)
    if zone is not None:
        index = _with_times(index, lambda times: times.tz_convert(zone))
    return _appended(before, index)


def order_rows(index: pd.Index, n_before: int = 0) -> _Rows:
    """Return the numbers of the rows, ordered by series and time.

    Of two rows with one label the earlier is left out if it is one of the first `n_before`;
    otherwise a label may stand only once.
    """
    keys = [_ticks(_times(index)), *_series(index)]
    order = np.lexsort(keys)
    repeated = ~_changes(keys, order)
    if not repeated.any():
        return order
    if (row := order[:-1][repeated].max()) >= n_before:
        count = int((index[n_before:] == index[row]).sum())
        raise ValueError(
            f"{count} rows have the label {index[row]}, but a series has one row at a time. Drop "
            "or aggregate the others; if they belong to different series, name those in an "
            "outer level of the index: X.set_index('name', append=True).swaplevel()."
        )
    return order[~np.append(repeated, False)]


def learn_max_gap(index: pd.Index, order: _Rows, max_gap: Any) -> tuple[str, Any]:
    """Resolve `max_gap`, and the clock that it is read on."""
    times = _times(index)
    if max_gap is None:
        return "labels", None
    if max_gap != "auto":
        _check_unit(max_gap, kind_of_time(times))
        return "labels", max_gap
    within = ~_changes(_series(index), order)
    clock = _choose_clock(times, order, within)
    usual = _usual(_steps(times, order, clock)[within], _digit(times))
    return clock, pd.Timedelta(usual) if isinstance(usual, np.timedelta64) else usual.item()


def run_starts(index: pd.Index, order: _Rows, clock: str, max_gap: Any) -> _Rows:
    """Return, by place, the place at which its run of neighbours begins."""
    begins = _changes(_series(index), order)
    if max_gap is not None:
        times = _times(index)
        begins |= _are_longer(_steps(times, order, clock), max_gap, _digit(times))
    starts = np.arange(len(order))
    starts[1:][~begins] = 0
    return np.maximum.accumulate(starts, out=starts)


def labels_inside(labels: pd.Index, firsts: pd.Index, lasts: pd.Index) -> NDArray[np.bool_]:
    """Mark the labels behind the first, and up to the last label of a run."""
    index = _appended(firsts, lasts, labels)
    opens = np.repeat([1, -1, 0], [len(firsts), len(lasts), len(labels)])
    # Among equals those asked about go first: at the first label of a run nothing is open.
    order = np.lexsort([np.abs(opens), _ticks(_times(index)), *_series(index)])
    is_open = np.empty(len(index), dtype=bool)
    is_open[order] = np.cumsum(opens[order]) > 0
    return is_open[len(index) - len(labels) :]


def _flat(index: pd.Index) -> pd.Index:
    """Return a MultiIndex of one level, which names no series, as the index that it is."""
    return index.get_level_values(0) if index.nlevels == 1 else index


def _times(index: pd.Index) -> Any:
    return index.get_level_values(-1)


def _series(index: pd.Index) -> list[NDArray[np.integer]]:
    return list(index.codes[:-1]) if isinstance(index, pd.MultiIndex) else []


def _appended(*indexes: pd.Index) -> pd.Index:
    """Append indexes of one kind, whose times may be of several units.

    Below pandas 3 empty ones have a say in the dtype, and a MultiIndex loses labels if its
    times are of several units, or time spans with a frequency.
    """
    filled = [index for index in indexes if len(index)] or list(indexes[:1])
    if hasattr(_times(filled[0]), "unit"):
        finest = max((_times(index).unit for index in filled), key=_UNITS.index)
        # What is repeated has no frequency.
        filled = [_with_times(i, lambda times: times.as_unit(finest).repeat(1)) for i in filled]
    return filled[0].append(filled[1:])


def _with_times(index: pd.Index, convert: Callable[[Any], Any]) -> pd.Index:
    if isinstance(index, pd.MultiIndex):
        return index.set_levels(convert(index.levels[-1]), level=-1)
    return convert(index)


def _ticks(times: Any, clock: str = "labels") -> NDArray:
    """Return the labels as numbers or times of NumPy, to be sorted and subtracted."""
    if clock == "months":
        return np.asarray(times.year * 12 + times.month, dtype=np.int64)
    if isinstance(times, pd.PeriodIndex):
        return times.asi8
    if isinstance(times, pd.DatetimeIndex) and times.tz is not None:
        times = times.tz_localize(None) if clock == "wall" else times.tz_convert(None)
    ticks = times.to_numpy()
    # The difference of two small integers may overflow.
    return ticks.astype(np.int64) if ticks.dtype.kind in "iu" and ticks.itemsize < 8 else ticks


def _changes(keys: list[NDArray], order: _Rows) -> NDArray[np.bool_]:
    """Mark the places, from the second on, where a key differs from the place before."""
    changes = np.zeros(len(order) - 1, dtype=bool)
    for key in keys:
        changes |= key[order[1:]] != key[order[:-1]]
    return changes


def _steps(times: pd.Index, order: _Rows, clock: str) -> NDArray:
    """Return the steps from place to place; those too long to be counted are the longest."""
    ticks = _ticks(times, clock)[order]
    if ticks.dtype.kind not in "imM":
        return np.diff(ticks)
    # As numbers: from NumPy 2.5 on, times that are too far apart raise.
    counts = np.diff(ticks.view(np.int64))
    if clock == "labels":
        counts[counts < 0] = np.iinfo(np.int64).max
    return counts.view(ticks.dtype.str.replace("M", "m"))


def _are_longer(steps: NDArray, max_gap: Any, digit: float) -> NDArray[np.bool_]:
    if steps.dtype.kind != "m":
        return steps > max_gap + 2 * digit
    # Counted: in NumPy's times the longest steps, or the longest max_gap, would overflow.
    count, unit = _count(max_gap)
    own_unit = np.ones((), steps.dtype)
    count = count * int(unit // own_unit) if unit > own_unit else count // int(own_unit // unit)
    return steps.view(np.int64) > min(count, np.iinfo(np.int64).max)


def _choose_clock(times: pd.Index, order: _Rows, within: NDArray[np.bool_]) -> str:
    if not isinstance(times, pd.DatetimeIndex) or not within.any():
        return "labels"
    steps = _steps(times, order, "wall")[within]
    starts, ends = times.is_month_start, times.is_month_end
    if steps.min() > 27 * _DAY and (starts.all() or ends.all()):
        return "months"
    usual = _usual(steps, 0)
    whole_days = usual > 0 * _DAY and usual % _DAY == 0 * _DAY
    return "wall" if whole_days and times.tz is not None else "labels"


def _usual(steps: NDArray, digit: float) -> Any:
    """Return the most frequent step, the shortest of several; none at all without steps."""
    if not len(steps):
        return np.zeros(1, steps.dtype)[0]
    values, counts = np.unique(
        np.round(steps / digit) * digit if digit else steps, return_counts=True
    )
    return values[counts.argmax()]


def _digit(times: pd.Index) -> float:
    """Return how far apart two steps of floats may be and yet the same; 0 for other labels."""
    if times.dtype.kind != "f":
        return 0
    return 8 * float(np.spacing(np.abs(times.to_numpy()).max()))


def _check_unit(max_gap: Any, kind: str) -> None:
    takes_number = kind == "numbers" or kind.startswith("periods")
    if takes_number == isinstance(max_gap, timedelta | np.timedelta64):
        wanted = "a number" if takes_number else "a timedelta, for example pd.Timedelta('2h')"
        raise ValueError(
            f"max_gap={max_gap!r} cannot measure the time of the rows, which the index has as "
            f"{kind}: give {wanted}."
        )
    if isinstance(max_gap, np.timedelta64) and np.datetime_data(max_gap)[0] not in _LENGTHS:
        raise ValueError(
            f"max_gap={max_gap!r} has no fixed length. Give it in a unit from weeks to "
            "femtoseconds, for example np.timedelta64(31, 'D')."
        )


def _count(max_gap: Any) -> tuple[int, NDArray]:
    """Return a length of time as a whole number, and its unit."""
    if isinstance(max_gap, timedelta) and not isinstance(max_gap, pd.Timedelta):
        return max_gap // timedelta(microseconds=1), np.ones((), "m8[us]")
    gap = np.asarray(max_gap.to_timedelta64() if isinstance(max_gap, pd.Timedelta) else max_gap)
    return int(gap.view(np.int64)), np.ones((), gap.dtype)


def _as_slice(numbers: _Rows) -> _Rows | slice:
    """Return consecutive numbers as a slice, which takes no memory and copies nothing."""
    consecutive = numbers[-1] - numbers[0] == len(numbers) - 1 and (np.diff(numbers) == 1).all()
    return slice(int(numbers[0]), int(numbers[-1]) + 1) if consecutive else numbers
