"""Rows of a stream: the end of every series, new rows behind it, and the windows of these rows.

A series is named by the tuple of its labels in the outer levels of the index. Import this module
only after a DataFrame was passed, because the package does not require pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_scalar

from .._core.messages import did_you_mean, listed, of_series
from ..transformers.arrays import cast_if_finite, trailing_windows
from ..transformers.clocks import are_holes, rounding_error, steps_of_ticks, ticks_of
from ..transformers.label_checks import check_labels, times_of
from ..transformers.time_index import (
    Runs,
    append_labels,
    join_labels,
    labels_like,
    order_rows,
    run_starts,
    series_starts,
)

Series = tuple[Any, ...]
_Positions = NDArray[np.intp]


class Moments(NamedTuple):
    """The times of some rows, as pandas and as NumPy have them."""

    times: pd.Index  # in the time zone of fit
    label_ticks: NDArray  # the times on the clock "labels"
    clock_ticks: NDArray  # the times on the clock that decides which rows are neighbours

    @classmethod
    def of(cls, times: pd.Index, clock: str) -> Moments:
        """Return the moments of times."""
        ticks = ticks_of(times)
        return cls(times, ticks, ticks if clock == "labels" else ticks_of(times, clock))

    def take(self, rows: _Positions | slice) -> Moments:
        """Return the moments of some of the rows."""
        return Moments(self.times[rows], self.label_ticks[rows], self.clock_ticks[rows])

    def latest(self) -> Moments:
        """Return the moment of the last row. Indexing pandas takes long, so it is left out."""
        times = self.times if len(self.times) == 1 else self.times[-1:]
        return Moments(times, self.label_ticks[-1:], self.clock_ticks[-1:])


class End(NamedTuple):
    """The end of a series. It is never changed, so a failed push leaves it as it is."""

    rows: NDArray  # (rows, features): the last rows of its last run, as many as windows need
    moments: Moments  # of the last row


class Dtypes(NamedTuple):
    """The dtypes of the rows so far, which decide the dtype of the windows of the next ones."""

    greatest: NDArray  # the greatest absolute value of the rows kept from fit, in their dtype
    of_rows: np.dtype | None  # that holds the rows of the table and of all pushes
    of_windows: np.dtype  # as in `predict` for a table of the dtype `of_rows`

    @classmethod
    def of(cls, history: NDArray, table: NDArray | None) -> Dtypes:
        """Return the dtypes at the beginning of a stream."""
        greatest = history.reshape(-1)[:1]
        if history.dtype.kind == "f" and len(history):
            greatest = np.fmax.reduce(np.abs(history), axis=None, initial=0, keepdims=True)[0]
        start = cls(greatest, None, history.dtype)
        return start if table is None else start.with_rows(table.dtype)

    def with_rows(self, dtype: np.dtype) -> Dtypes:
        """Return the dtypes with those of new rows."""
        # For NumPy, None equals float64.
        of_rows = dtype if self.of_rows is None else np.result_type(self.of_rows, dtype)
        if self.of_rows is not None and of_rows == self.of_rows:
            return self
        kept = cast_if_finite(self.greatest, of_rows)
        of_windows = np.result_type(kept.dtype, of_rows) if len(kept) else of_rows
        return Dtypes(self.greatest, of_rows, of_windows)


class Labels(NamedTuple):
    """The labels of new rows."""

    series: list[Series]
    times: pd.Index  # in the time zone of fit


class Hole(NamedTuple):
    """The times before and after a hole in a series."""

    before: Any
    after: Any


class Continued(NamedTuple):
    """New rows of one series behind the end of this series."""

    end: End  # with the new rows
    rows: NDArray  # those of the end before, then the new ones
    last: _Positions  # position of every new row
    first: _Positions  # position of the first row of its run
    hole: Hole | None  # the last one before a new row


class NewRows(NamedTuple):
    """New rows of several series."""

    series: dict[Series, Continued]
    order: _Positions  # row positions, sorted by series and time

    @property
    def ends(self) -> dict[Series, End]:
        """Return the new ends of the series."""
        return {series: continued.end for series, continued in self.series.items()}

    @property
    def holes(self) -> dict[Series, Hole]:
        """Return the last hole of every series that has one before a new row."""
        return {series: one.hole for series, one in self.series.items() if one.hole is not None}

    def windows(self, window: tuple[int, int, Any], dtype: np.dtype) -> NDArray:
        """Return the window (timesteps, features) of every new row, in the order of the rows."""
        parts = list(self.series.values())
        if len(parts) == 1:
            rows, last, first = parts[0].rows, parts[0].last, parts[0].first
        else:
            offsets = np.cumsum([0, *(len(part.rows) for part in parts[:-1])])
            pairs = list(zip(parts, offsets, strict=True))
            rows = np.concatenate([part.rows for part in parts])
            last = np.concatenate([part.last + offset for part, offset in pairs])
            first = np.concatenate([part.first + offset for part, offset in pairs])
        place = np.argsort(self.order)
        rows = rows.astype(dtype, copy=False)
        return trailing_windows(rows, last[place], first[place], *window)


def forget_runs(runs: Runs) -> Runs:
    """Return how the windower finds neighbours, without the runs that it has found in fit."""
    return runs._replace(firsts=runs.firsts[:0], lasts=runs.lasts[:0])


def first_ends(
    runs: Runs, history: pd.DataFrame, values: NDArray | None, index: pd.Index | None
) -> dict[Series, End]:
    """Return the ends of all series in the rows kept from fit, and in those of a table.

    As in the windower, a row of the table replaces a kept row with the same label.
    """
    known, rows = history.index, history.to_numpy()
    if values is not None and index is not None:
        check_labels(index)
        known = join_labels(history.index, index, "table")
        rows = np.concatenate([rows, values])
    if not len(known):
        return {}
    order = order_rows(known, len(history))
    first = run_starts(known, order, runs.clock, runs.max_gap, runs.is_usual)
    stops = np.flatnonzero(np.diff(series_starts(known, order), append=-1)) + 1
    starts = np.maximum(first[stops - 1], stops - runs.past)
    labels = known[order[stops - 1]]
    moments = Moments.of(times_of(labels), runs.clock)
    ends = {}
    for place, series in enumerate(series_of(labels)):
        kept = rows[order[starts[place] : stops[place]]]
        ends[series] = End(kept, moments.take(slice(place, place + 1)))
    return ends


def greatest_label(times: pd.Index, before: float) -> float:
    """Return the greatest label so far, on which the rounding error of floats depends."""
    if times.dtype.kind not in "iuf" or not len(times):
        return before
    return max(before, float(np.abs(times.to_numpy(np.float64)).max()))


def labels_of_ends(ends: dict[Series, End], like: pd.Index) -> pd.Index:
    """Return the labels of the last rows of all series."""
    if not ends:
        return like
    times = append_labels(*(end.moments.times for end in ends.values()))
    if like.nlevels == 1:
        return times.rename(like.name)
    return pd.MultiIndex.from_arrays([*zip(*ends, strict=True), times], names=like.names)


def series_of(index: pd.Index) -> list[Series]:
    """Return the series of every row."""
    if index.nlevels == 1:
        return [()] * len(index)
    outer = [index.get_level_values(level).tolist() for level in range(index.nlevels - 1)]
    return list(zip(*outer, strict=True))


def level_keys(index: pd.Index) -> list[Any]:
    """Return the names of the levels of an index, those of `reset_index` if they have none."""
    if index.nlevels == 1:
        return ["index" if index.name is None else index.name]
    return [f"level_{i}" if name is None else name for i, name in enumerate(index.names)]


def read_mapping(
    row: Mapping[Any, Any], columns: list[Any], like: pd.Index
) -> tuple[list[Any], pd.Index, Labels]:
    """Return the values of one row that is given by names, in the order of the columns."""
    keys = level_keys(like)
    if len(row) != len(keys) + len(columns) or not all(name in row for name in (*keys, *columns)):
        raise ValueError(_other_keys(row, keys, columns))
    labels, values = [row[key] for key in keys], [row[name] for name in columns]
    for key, value in zip((*keys, *columns), (*labels, *values), strict=True):
        if not is_scalar(value) and np.ndim(value):
            raise ValueError(
                f"The row has {value!r} as its {key!r}, but a dict is one row with one value for "
                "each key. For several rows, pass a DataFrame."
            )
    for key, label in zip(keys, labels, strict=True):
        _check_label(key, label, times_of(like) if key is keys[-1] else None)
    index, times = _index_of_row(labels, list(like.names))
    return values, index, Labels([tuple(labels[:-1])], times)


def _index_of_row(labels: list[Any], names: list[Any]) -> tuple[pd.Index, pd.Index]:
    """Return the index of one row, and its time. `MultiIndex.from_arrays` takes longer."""
    make: Any = pd.DatetimeIndex if isinstance(labels[-1], datetime) else pd.Index
    times = make(labels[-1:], name=names[-1])
    if len(labels) == 1:
        return times, times
    levels = [*(pd.Index([label]) for label in labels[:-1]), times]
    codes = [[0]] * len(levels)
    return pd.MultiIndex(levels, codes, names=names, verify_integrity=False), times


def frame_of_row(values: list[Any], columns: list[Any], index: pd.Index) -> pd.DataFrame:
    """Return one row as a DataFrame, in which every column has the type of its value."""
    if len(set(map(type, values))) == 1:  # an array is faster, but has one dtype
        array = np.array([values])
        if array.ndim == 2 and array.dtype.kind in "fiub":
            return pd.DataFrame(array, index, columns)
    return pd.DataFrame([values], index, columns)


def _check_label(key: Any, label: Any, times: pd.Index | None) -> None:
    """Raise an error for a label that a dict cannot have; `times` are like those of fit."""
    if pd.isna(label):
        raise ValueError(
            f"The row has the {key!r} {label!r}, which is a missing label. Label the row, or drop "
            "it."
        )
    if times is None:
        return
    if isinstance(label, str):
        raise TypeError(
            f"The row has the text {label!r} as its {key!r}, but the time must be of the kind that "
            "the index had in fit. Convert dates by pd.to_datetime(text, format=...), because "
            "pandas reads text such as 09.03.2024 with the month first."
        )
    if not isinstance(times, pd.DatetimeIndex):
        return
    if isinstance(label, date) and not isinstance(label, datetime):
        raise TypeError(
            f"The row has the date {label!r} as its {key!r}, but the time must be of the kind that "
            f"the index had in fit. Use {_timestamp(label, times)}."
        )
    if isinstance(label, datetime) and (label.tzinfo is None) != (times.tz is None):
        was, now = ("a time zone", "none") if times.tz else ("no time zone", "one")
        raise ValueError(
            f"The times had {was} in fit, but the row has {now} in its {key!r}, {label}. "
            f"Use {_timestamp(label, times)}."
        )


def _timestamp(label: date, times: pd.DatetimeIndex) -> str:
    """Return the code of a label as a time like those of fit."""
    zone = "" if times.tz is None else f", tz={str(times.tz)!r}"
    without = ".tz_localize(None)" if getattr(label, "tzinfo", None) and not zone else ""
    return f"pd.Timestamp({str(label)!r}{zone}){without}"


def _other_keys(row: Mapping[Any, Any], keys: list[Any], columns: list[Any]) -> str:
    wanted = [*keys, *columns]
    if len(set(wanted)) < len(wanted):
        return (
            f"A level of the index and a column have one name: {listed(wanted)}. So a dict cannot "
            "hold both; pass the row as a DataFrame."
        )
    missing = [name for name in wanted if name not in row]
    unknown = [name for name in row if name not in wanted]
    said = [f"lacks the keys {listed(missing)}"] if missing else []
    said += [f"has the unknown keys {listed(unknown)}"] if unknown else []
    similar = did_you_mean(str(missing[0]), map(str, unknown)) if missing else ""
    return (
        f"The row {' and '.join(said)}. It must have the names of the levels of the index, "
        f"{listed(keys)}, and of the columns of fit, {listed(columns)}.{similar}"
    )


def read_labels(
    index: pd.Index, known: Labels | None, like: pd.Index, ends: Mapping[Series, End]
) -> Labels:
    """Return the labels of new rows, or raise an error if they are of another kind than in fit.

    `known` are the same labels, if they are known already.
    """
    if index.nlevels == like.nlevels and list(index.names) == list(like.names):
        labels = Labels(series_of(index), times_of(index)) if known is None else known
        # Then the checks, which take longer, would find nothing.
        is_known = labels.times.dtype == _dtype_of_times(like) and not labels.times.hasnans
        if is_known and _are_finite(labels.times) and all(one in ends for one in labels.series):
            return labels
    check_labels(index)
    index = labels_like(like, index, "rows")
    return Labels(series_of(index), times_of(index))


def _dtype_of_times(index: pd.Index) -> Any:
    return index.levels[-1].dtype if isinstance(index, pd.MultiIndex) else index.dtype


def _are_finite(times: pd.Index) -> bool:
    return times.dtype.kind != "f" or bool(np.isfinite(times.to_numpy()).all())


def append_rows(
    ends: Mapping[Series, End], values: NDArray, labels: Labels, runs: Runs, greatest: float
) -> NewRows:
    """Append new rows to the ends of their series, which stay unchanged.

    `greatest` is the greatest label of all rows so far.
    """
    moments = Moments.of(labels.times, runs.clock)
    if len(values) == 1:
        series = labels.series[0]
        new = continue_series(ends.get(series), values, moments, series, runs, greatest)
        return NewRows({series: new}, np.zeros(1, np.intp))
    found: dict[Series, list[int]] = {}
    for row, series in enumerate(labels.series):
        found.setdefault(series, []).append(row)
    continued, order = {}, []
    for series, own in found.items():
        rows = np.array(own)
        rows = rows[np.argsort(moments.label_ticks[rows], kind="stable")]
        end = ends.get(series)
        continued[series] = continue_series(
            end, values[rows], moments.take(rows), series, runs, greatest
        )
        order.append(rows)
    return NewRows(continued, np.concatenate(order))


def continue_series(
    end: End | None,
    values: NDArray,
    moments: Moments,
    series: Series,
    runs: Runs,
    greatest: float,
) -> Continued:
    """Append rows of one series, in order of time, to its end."""
    n_new, n_before = len(values), 0
    label_ticks, clock_ticks = moments.label_ticks, moments.clock_ticks
    if end is not None:
        n_before, values = len(end.rows), np.concatenate([end.rows, values])
        before, moments = _alike(end.moments, moments, runs.clock)
        label_ticks = clock_ticks = np.concatenate([before.label_ticks, moments.label_ticks])
        if runs.clock != "labels":
            clock_ticks = np.concatenate([before.clock_ticks, moments.clock_ticks])
    if not (label_ticks[1:] > label_ticks[:-1]).all():
        raise ValueError(_not_in_order(end, moments.times, label_ticks, series))
    begins = np.zeros(n_new, dtype=bool)
    if runs.max_gap is not None and len(label_ticks) > 1:
        steps = steps_of_ticks(clock_ticks, runs.clock)
        tolerance = _tolerance(label_ticks, greatest)
        begins[n_new - len(steps) :] = are_holes(steps, runs.max_gap, runs.is_usual, tolerance)
    last = np.arange(n_before, n_before + n_new)
    first = np.maximum.accumulate(np.where(begins, last, 0))
    # A copy, because a view would keep all rows of a large push in memory.
    kept = values[max(first[-1], len(values) - runs.past) :].copy()
    hole = _last_hole(begins, moments.times, None if end is None else end.moments.times)
    return Continued(End(kept, moments.latest()), values, last, first, hole)


def _last_hole(begins: NDArray[np.bool_], times: pd.Index, before: pd.Index | None) -> Hole | None:
    """Return the last hole before one of the new rows; `begins` marks those after a hole."""
    if not begins.any():
        return None
    place = len(begins) - 1 - int(begins[::-1].argmax())
    if place == 0 and before is not None:
        return Hole(before[-1], times[0])
    return Hole(times[place - 1], times[place])


def _alike(before: Moments, after: Moments, clock: str) -> tuple[Moments, Moments]:
    """Return the moments with times of one dtype."""
    if before.times.dtype == after.times.dtype:
        return before, after
    # Such as other units, or integers after floats.
    joined = Moments.of(append_labels(before.times, after.times), clock)
    n_before = len(before.times)
    return joined.take(slice(n_before)), joined.take(slice(n_before, None))


def _tolerance(label_ticks: NDArray, greatest: float) -> float:
    if label_ticks.dtype.kind != "f":
        return 0
    return rounding_error(pd.Index(np.append(label_ticks, label_ticks.dtype.type(greatest))))


def _not_in_order(end: End | None, times: pd.Index, ticks: NDArray, series: Series) -> str:
    """Describe the first row that is not later than the row before it."""
    place = int((ticks[1:] > ticks[:-1]).argmin()) + 1  # among the ticks
    named = of_series(series)
    if end is None or place > 1:  # rows are sorted, so their times are equal
        return (
            f"The rows have the time {times[place - (end is not None)]}{named} more than once. "
            "Drop the duplicates; if they belong to different series, name the series in an outer "
            "level of the index."
        )
    return (
        f"The row at {times[0]}{named} is not later than the last row of the stream"
        f"{named and ' in this series'}, at {end.moments.times[0]}. Push the rows of a series "
        "in order of time, and each of them once. To correct rows, or to add earlier ones, create "
        "a new Stream with a table of the latest rows."
    )
