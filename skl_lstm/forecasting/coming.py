"""Rows to come: their labels, and their place after the rows of the table.

Import this module only after a DataFrame was passed, because the package does not require pandas.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..transformers.clocks import add_steps
from ..transformers.label_checks import times_of
from ..transformers.time_index import (
    SortedRows,
    join_labels,
    order_rows,
    rows_ahead,
    run_starts,
    series_starts,
    sort_rows,
    warn_of_labels,
)
from ..transformers.windower import SequenceWindower

_Positions = NDArray[np.intp]


class Calendar(NamedTuple):
    """How the times of every series go on."""

    clock: str
    step: Any  # the usual step on the clock
    weekdays: Any  # a time on each weekday in use, if the clock leaves out weekends


class Timeline(NamedTuple):
    """The rows of the table, and the rows to come of every series.

    Row positions count the rows of the table first, then the rows to come. X has some of these
    rows, sorted by series and time.
    """

    labels: pd.Index
    order: _Positions  # row positions, sorted by series and time
    position: _Positions  # where the rows of X are in `order`
    ahead: _Positions  # rows of X from the last row of the table of a series to this row

    def rows(self, step: int = 0) -> _Positions:
        """Return the row positions of the rows that are some steps after those of X."""
        return self.order[self.position + step]


def read_index(index: pd.Index, windower: SequenceWindower | None) -> tuple[SortedRows, Calendar]:
    """Return the rows of the table and their calendar, both in the time zone of fit."""
    history = None if windower is None else windower.history_
    before = index[:0] if history is None else history.index
    labels = join_labels(before, index, "table")
    rows = sort_rows(labels[len(before) :])
    if windower is not None and windower._runs.step:
        # A short table may not show that there are no weekends, or which step is usual.
        clock, step = windower._runs.step_clock, windower._runs.step
    else:
        warn_of_labels(rows)
        clock, step = rows.clock, rows.step
    if not step:
        raise ValueError(
            "The times of coming steps are unknown, because neither fit nor the table has two "
            "rows of one series. Pass at least two rows of one series."
        )
    times = times_of(labels)
    is_new = ~times.day_of_week.duplicated() if clock == "weekdays" else slice(0)
    return rows, Calendar(clock, step, times[is_new])


def coming_labels(ends: pd.Index, calendar: Calendar, count: int) -> pd.Index:
    """Return the labels of the `count` rows after each of the labels, first those of one step."""
    if not count:
        return ends[:0]
    clock, step, weekdays = calendar
    # `add_steps` learns from its labels which weekdays are in use.
    times = weekdays.append(times_of(ends))
    parts = [add_steps(times, k, clock, step)[len(weekdays) :] for k in range(1, count + 1)]
    coming = parts[0].append(parts[1:])
    if ends.nlevels == 1:
        return coming.rename(ends.name)
    series = ends[np.tile(np.arange(len(ends)), count)]
    outer = [series.get_level_values(level) for level in range(ends.nlevels - 1)]
    return pd.MultiIndex.from_arrays([*outer, coming], names=ends.names)


def make_timeline(
    rows: SortedRows, calendar: Calendar, n_new: int, furthest: int, span: float
) -> Timeline:
    """Append rows to come to every series.

    X has the last `span` rows of the table of every series, and `n_new` rows to come. The features
    of a row are up to `furthest` steps ahead of it, so `furthest` more rows follow.
    """
    starts = series_starts(rows.labels, rows.order)
    ends = rows.labels[rows.order[np.flatnonzero(np.diff(starts, append=-1))]]
    labels = join_labels(rows.labels, coming_labels(ends, calendar, n_new + furthest))
    order = order_rows(labels)
    first = run_starts(labels, order, calendar.clock, calendar.step, True)
    all_rows = SortedRows(labels, order, first, calendar.clock, calendar.step)
    position, ahead = _choose_rows(all_rows, n_new, furthest)
    is_used = ahead > -span
    return Timeline(labels, order, position[is_used], ahead[is_used])


def _choose_rows(rows: SortedRows, n_new: int, furthest: int) -> tuple[_Positions, _Positions]:
    """Return the positions of the rows of X, and how many steps ahead of the table they are."""
    # As `leads` does in training, leave out rows without a complete future. These are rows before
    # a hole, and the last rows to come of every series.
    position = np.flatnonzero(rows_ahead(rows, furthest)[rows.order] >= 0)
    series = pd.Series(series_starts(rows.labels, rows.order)[position])
    n_after: Any = series.groupby(series).cumcount(ascending=False).to_numpy()
    return position, n_new - n_after
