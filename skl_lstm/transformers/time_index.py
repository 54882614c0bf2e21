"""Pandas indexes: find runs of rows that are neighbours in time.

The last level of an index is the time, outer levels name the series. "In order" means sorted by
series, then by time. Positions refer to that order, row positions to the table. The package does
not require pandas, so import this module only after a DataFrame was passed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .clocks import (
    add_steps,
    are_holes,
    choose_clock,
    rounding_error,
    steps_between,
    steps_since_first,
    ticks_of,
    usual_step,
)
from .hollow_windows import HollowWindows
from .label_checks import (
    check_gap,
    check_labels,
    check_same_kind,
    kind_of_time,
    repeated_label,
    series_codes,
    times_of,
    warn_of_finer_steps,
    warn_of_misread_numbers,
    warn_of_parts_of_time,
)

_UNITS = ["s", "ms", "us", "ns"]  # of pandas' times, from coarse to fine
# Fewer steps of X are not compared with those of fit, because they may be short by chance.
_FEWEST_ROWS = 10
_Positions = NDArray[np.intp]


class Runs(NamedTuple):
    """The runs of neighbours among the rows of fit, as far as transform needs them.

    Neighbours are at most `max_gap` apart on the clock, or less than 1.5 times `max_gap` if this
    is the usual step.
    """

    clock: str
    max_gap: Any
    past: int  # number of rows that are kept of the end of every run
    firsts: pd.Index  # labels of the first rows of the runs with more rows
    lasts: pd.Index  # labels of the last rows of the same runs
    is_usual: bool = False  # the default is for files of earlier versions
    step_clock: str = "labels"
    step: Any = 0  # the usual step on the clock `step_clock`; 0 if it is unknown


class SortedRows(NamedTuple):
    """The rows of an index in order, their runs of neighbours, and the calendar of their labels."""

    labels: pd.Index
    order: _Positions  # row positions that sort the labels
    first: _Positions  # first position of the run of every position
    clock: str
    step: Any  # the usual step on the clock; 0 if no series has two rows

    @property
    def times(self) -> Any:
        """Return the times of the rows."""
        return times_of(self.labels)


class Places(NamedTuple):
    """Positions of the rows of X among all known rows: those kept from fit, then those of X."""

    order: _Positions | slice  # row positions that sort the known rows
    last: _Positions | slice  # position of each row of X
    first: _Positions | int  # position of the first row of its run; an int if it is one for all
    cut_short: int  # number of rows of X with a past that fit saw but did not keep
    hollow: HollowWindows | None = None  # if most rows of X have padding for another reason


def find_runs(index: pd.Index, max_gap: Any, past: int) -> tuple[Runs, _Positions]:
    """Find the runs of neighbours in the rows of fit; also return which rows to keep."""
    rows = sort_rows(index)
    index, order, first, clock, step = rows
    is_usual = isinstance(max_gap, str)
    if is_usual:
        warn_of_labels(rows)
        max_gap = step
    else:
        warn_of_parts_of_time(index)
        if max_gap is not None:
            check_gap(max_gap, kind_of_time(times_of(index)))
        clock = "labels"
        first = run_starts(index, order, clock, max_gap, is_usual)
    starts, stops, kept = _ends_of_runs(first, past)
    cut = stops - starts > past
    firsts, lasts = labels_of(index, order[starts[cut]]), labels_of(index, order[stops[cut] - 1])
    return Runs(clock, max_gap, past, firsts, lasts, is_usual, rows.clock, step), order[kept]


def extend_runs(runs: Runs, before: pd.Index, index: pd.Index) -> tuple[Runs, pd.Index, _Positions]:
    """Continue the runs of fit by later rows; also return all known labels, and which to keep.

    `before` is the index of the rows kept from fit.
    """
    known = join_labels(before, index)
    order = order_rows(known, len(before))
    first = run_starts(known, order, runs.clock, runs.max_gap, runs.is_usual)
    starts, stops, kept = _ends_of_runs(first, runs.past)
    in_order = known[order]
    # Of a run that was cut before, the last row is known, but not the first one.
    continued = np.searchsorted(starts, first[in_order.get_indexer(runs.lasts)])
    is_new = stops - starts > runs.past
    is_new[continued] = False
    firsts, lasts = in_order[starts], in_order[stops - 1]
    return (
        runs._replace(
            firsts=append_labels(runs.firsts, firsts[is_new]),
            lasts=append_labels(lasts[continued], lasts[is_new]),
        ),
        known,
        order[kept],
    )


def _ends_of_runs(first: _Positions, past: int) -> tuple[_Positions, _Positions, NDArray[np.bool_]]:
    """Return where each run starts and stops, and which positions are among its last `past`."""
    starts = np.unique(first)
    stops = np.append(starts[1:], len(first))
    kept = np.arange(len(first)) >= np.repeat(stops - past, stops - starts)
    return starts, stops, kept


def sort_rows(index: pd.Index) -> SortedRows:
    """Sort the rows of an index, learn its calendar, and find the runs of neighbours."""
    index = _flat(index)
    if not len(index):
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
    check_labels(index)
    order = order_rows(index)
    clock, step = learn_calendar(index, order)
    return SortedRows(index, order, run_starts(index, order, clock, step, True), clock, step)


def warn_of_labels(rows: SortedRows) -> None:
    """Warn if labels are probably not what they look like."""
    times = rows.times
    warn_of_parts_of_time(rows.labels)
    if times.dtype.kind in "iuf":
        n_runs = len(np.unique(rows.first))
        n_series = 1 + _changes(series_codes(rows.labels), rows.order).sum()
        warn_of_misread_numbers(times, rows.step, rounding_error(times), n_runs > n_series)


def times_in_steps(index: pd.Index, runs: Runs) -> NDArray[np.float64]:
    """Return the times of the rows of X in usual steps of fit since the earliest one."""
    return steps_since_first(times_of(index), runs.step_clock, runs.step)


def rows_ahead(rows: SortedRows, count: int) -> _Positions:
    """Return for every row the row position of the row `count` steps after it.

    The position is -1 where the run of neighbours of the row ends before it.
    """
    position = np.arange(len(rows.order))
    count = min(count, len(position))
    later = np.minimum(position + count, len(position) - 1)
    in_run = (rows.first[later] == rows.first) & (position + count == later)
    ahead = np.empty_like(rows.order)
    ahead[rows.order] = np.where(in_run, rows.order[later], -1)
    return ahead


def times_ahead(rows: SortedRows, count: int) -> pd.Index:
    """Return for every row the time `count` steps after it, by the calendar behind its run."""
    times = rows.times
    ahead = rows_ahead(rows, count)
    if (ahead >= 0).all():
        return times[ahead]
    if not rows.step:
        raise ValueError(
            "The times of coming steps are unknown, because the rows of every series are too few "
            "to know the length of a step. Pass at least two rows of one series."
        )
    computed = add_steps(times, count, rows.clock, rows.step)
    own = np.flatnonzero(ahead < 0)
    ahead[own] = len(times) + own
    return append_labels(times, computed)[ahead]


def place_rows(index: pd.Index, before: pd.Index, runs: Runs) -> Places:
    """Find the positions of the rows of X; `before` is the index of the rows kept from fit."""
    index, before = _flat(index), _flat(before)
    check_labels(index)
    known = join_labels(before, index)
    order = order_rows(known, len(before))
    in_X = order >= len(before)
    if runs.is_usual and len(index) >= _FEWEST_ROWS:
        warn_of_finer_steps(_steps_of_X(known, order, in_X, runs.clock), runs.clock, runs.max_gap)
    run_first = run_starts(known, order, runs.clock, runs.max_gap, runs.is_usual)
    last = np.empty(len(index), dtype=np.intp)
    last[order[in_X] - len(before)] = np.flatnonzero(in_X)
    first = run_first[last]
    # A window is padded if its run starts less than `past` rows before it.
    padded = np.flatnonzero(last - first < runs.past)
    lost = labels_inside(known[order[first[padded]]], runs.firsts, runs.lasts)
    kept = padded[~lost]
    hollow = None
    if 2 * len(kept) > len(index):
        hollow = find_hollow_windows(known, order, last, run_first, kept, runs)
    if (first == first[0]).all():
        return Places(_as_slice(order), _as_slice(last), int(first[0]), int(lost.sum()), hollow)
    return Places(_as_slice(order), last, first, int(lost.sum()), hollow)


def find_hollow_windows(
    known: pd.Index,
    order: _Positions,
    last: _Positions,
    run_first: _Positions,
    padded: _Positions,
    runs: Runs,
) -> HollowWindows | None:
    """Count the padded windows that do not begin a series, or X, with enough rows.

    `last` holds the positions of the rows of X, `run_first` the first position of the run of every
    position, and `padded` the rows of X whose windows are padded. Return None unless more than half
    of the windows of X are counted.
    """
    first = run_first[last[padded]]
    series = series_starts(known, order)
    behind_hole = first > series[first]
    in_X = np.zeros(len(order), dtype=bool)
    in_X[last] = True
    in_hole = behind_hole & in_X[first - 1] & in_X[first]
    after_fit = behind_hole & ~in_hole & (np.bincount(run_first)[first] <= runs.past)
    lengths = np.bincount(series)[series[first]]
    too_short = ~behind_hole & (lengths <= runs.past)
    if 2 * (in_hole | after_fit | too_short).sum() <= len(last):
        return None
    holes = np.unique(first[in_hole])
    steps = steps_between(times_of(known), order, "labels")[holes - 1]
    return HollowWindows(
        rows=len(last),
        in_hole=int(in_hole.sum()),
        without_past=len(holes),
        steps=_least_and_greatest(steps),
        after_fit=int(after_fit.sum()),
        too_short=int(too_short.sum()),
        lengths=_least_and_greatest(lengths[too_short]),
    )


def labels_of(index: pd.Index, rows: _Positions) -> pd.Index:
    """Return the labels of some rows, without unused levels."""
    labels = index[rows]
    return labels.remove_unused_levels() if isinstance(labels, pd.MultiIndex) else labels


def join_labels(before: pd.Index, index: pd.Index, name: str = "X") -> pd.Index:
    """Append the index of X to that of the rows kept from fit, if both are of one kind."""
    return append_labels(_flat(before), labels_like(before, index, name))


def labels_like(before: pd.Index, index: pd.Index, name: str = "X") -> pd.Index:
    """Return the index of X in the time zone of the rows kept from fit, if both are of one kind."""
    before, index = _flat(before), _flat(index)
    check_same_kind(before, index, name)
    zone = getattr(times_of(before), "tz", None)
    return index if zone is None else _with_times(index, lambda times: times.tz_convert(zone))


def order_rows(index: pd.Index, n_before: int = 0) -> _Positions:
    """Return the row positions that sort an index by series and time.

    Of two rows with the same label, the one among the first `n_before` rows is dropped; other
    repeated labels raise an error.
    """
    keys = [ticks_of(times_of(index)), *series_codes(index)]
    order = np.lexsort(keys)
    repeated = ~_changes(keys, order)
    if not repeated.any():
        return order
    rows = order[:-1][repeated]
    if rows.max() >= n_before:
        raise ValueError(repeated_label(index, rows[rows >= n_before], n_before))
    return order[~np.append(repeated, False)]


def learn_calendar(index: pd.Index, order: _Positions) -> tuple[str, Any]:
    """Return the clock of the labels, and the usual step on it."""
    times = times_of(index)
    within = ~_changes(series_codes(index), order)
    clock = choose_clock(times, order, within)
    step = usual_step(steps_between(times, order, clock)[within], rounding_error(times))
    return clock, pd.Timedelta(step) if isinstance(step, np.timedelta64) else step.item()


def run_starts(
    index: pd.Index, order: _Positions, clock: str, max_gap: Any, is_usual: bool
) -> _Positions:
    """Return for every position the first position of its run of neighbours."""
    begins = _changes(series_codes(index), order)
    if max_gap is not None:
        times = times_of(index)
        steps = steps_between(times, order, clock)
        begins |= are_holes(steps, max_gap, is_usual, rounding_error(times))
    return _latest_start(begins)


def series_starts(index: pd.Index, order: _Positions) -> _Positions:
    """Return for every position the first position of its series."""
    return _latest_start(_changes(series_codes(index), order))


def labels_inside(labels: pd.Index, firsts: pd.Index, lasts: pd.Index) -> NDArray[np.bool_]:
    """Mark the labels after the first and up to the last label of a run."""
    index = append_labels(firsts, lasts, labels)
    opens = np.repeat([1, -1, 0], [len(firsts), len(lasts), len(labels)])
    # A label that equals the first label of a run sorts before it, so it is not inside the run.
    order = np.lexsort([np.abs(opens), ticks_of(times_of(index)), *series_codes(index)])
    is_open = np.empty(len(index), dtype=bool)
    is_open[order] = np.cumsum(opens[order]) > 0
    return is_open[len(index) - len(labels) :]


def _flat(index: pd.Index) -> pd.Index:
    """Convert a MultiIndex of one level, which names no series, to a plain index."""
    return index.get_level_values(0) if index.nlevels == 1 else index


def append_labels(*indexes: pd.Index) -> pd.Index:
    """Append indexes of one kind, whose times may have different units.

    Below pandas 3, empty indexes change the dtype, and a MultiIndex loses labels if its times
    have different units or are timedeltas with a frequency.
    """
    filled = [index for index in indexes if len(index)] or list(indexes[:1])
    if hasattr(times_of(filled[0]), "unit"):
        finest = max((times_of(index).unit for index in filled), key=_UNITS.index)
        # `repeat` drops the frequency.
        filled = [_with_times(i, lambda times: times.as_unit(finest).repeat(1)) for i in filled]
    return filled[0].append(filled[1:])


def _with_times(index: pd.Index, convert: Callable[[Any], Any]) -> pd.Index:
    if isinstance(index, pd.MultiIndex):
        return index.set_levels(convert(index.levels[-1]), level=-1)
    return convert(index)


def _changes(keys: list[NDArray], order: _Positions) -> NDArray[np.bool_]:
    """Mark the positions, from the second on, where a key differs from the previous position."""
    changes = np.zeros(len(order) - 1, dtype=bool)
    for key in keys:
        changes |= key[order[1:]] != key[order[:-1]]
    return changes


def _steps_of_X(known: pd.Index, order: _Positions, in_X: NDArray[np.bool_], clock: str) -> NDArray:
    """Return the steps between consecutive positions that are rows of X, of one series."""
    both = in_X[1:] & in_X[:-1] & ~_changes(series_codes(known), order)
    return steps_between(times_of(known), order, clock)[both]


def _latest_start(begins: NDArray[np.bool_]) -> _Positions:
    """Return for every position the latest position that begins; the first one does."""
    starts = np.arange(len(begins) + 1)
    starts[1:][~begins] = 0
    return np.maximum.accumulate(starts, out=starts)


def _least_and_greatest(values: NDArray) -> tuple[Any, Any]:
    """Return the ends of the values as pandas' or Python's objects; (0, 0) if there are none."""
    if not len(values):
        return 0, 0
    ends = values.min(), values.max()
    if values.dtype.kind == "m":
        return pd.Timedelta(ends[0]), pd.Timedelta(ends[1])
    return ends[0].item(), ends[1].item()


def _as_slice(positions: _Positions) -> _Positions | slice:
    """Return consecutive positions as a slice, which takes no memory and indexes as a view."""
    first, last = positions[0], positions[-1]
    consecutive = last - first == len(positions) - 1 and (np.diff(positions) == 1).all()
    return slice(int(first), int(last) + 1) if consecutive else positions
