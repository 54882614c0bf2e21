"""The labels of the rows: their times, and the names of their series."""

import shlex
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .dates import Times, read_times
from .errors import CommandError, count_and_noun
from .reading import Reading
from .time_columns import NAMES_OF_HOURS, is_clock, names_series

Labels = pd.MultiIndex | pd.DatetimeIndex

# Columns of a backtest, which `backtest` refuses as names of series.
RESERVED = {"model", "fold", "origin", "target", "step", "time", "truth", "forecast"}
RESERVED |= {"lower", "upper", "coverage"}


def label_rows(
    table: pd.DataFrame, reading: Reading, remark: Callable[[str], None]
) -> tuple[Labels, Times]:
    """Return the labels of the rows: their series, if columns name them, and their times.

    The times also say how they were read.
    """
    values = table[reading.time]
    if n_missing := int(values.isna().sum()):
        raise CommandError(
            f"column {reading.time!r} has {n_missing} missing dates; fill them in, or "
            "name another column with --time-column"
        )
    times = read_times(values, reading.day_first, reading.time_format)
    if times.remark:
        remark(times.remark)
    index = times.labels.rename(reading.time)
    if not reading.series:
        return index, times
    levels: list[Any] = [*(read_names(table[name]) for name in reading.series), index]
    names = [*reading.series, reading.time]
    return pd.MultiIndex.from_arrays(levels, names=names), times


def read_names(values: pd.Series) -> pd.Series:
    """Return the names of series as text, as they are in the file."""
    if values.isna().any():
        raise CommandError(
            f"column {values.name!r} of --series has "
            f"{count_and_noun(int(values.isna().sum()), 'missing value')}; fill in all names"
        )
    return values.astype(str)


def check_series(series: Sequence[str], time_columns: Sequence[str]) -> None:
    """Raise if columns cannot name the series of the rows."""
    if series and not time_columns:
        raise CommandError(
            "--series needs the times of the rows, but no column holds dates only; name their "
            "column with --time-column"
        )
    for name in series:
        if name in time_columns:
            raise CommandError(f"column {name!r} cannot be both --series and --time-column")
        if name in RESERVED:
            raise CommandError(
                f"a column of --series cannot be named {name!r}, like a column of the report; "
                "rename it in the file"
            )


def check_unique(labels: Labels, others: pd.DataFrame, time_columns: Sequence[str]) -> None:
    """Raise if a time is repeated in a series; the message names the option that may help."""
    repeated = labels.duplicated()
    if not repeated.any():
        return
    label = labels[int(np.argmax(repeated))]
    of_series = f" for {' '.join(map(str, label[:-1]))}" if isinstance(label, tuple) else ""
    time = label[-1] if isinstance(label, tuple) else label
    given = [str(name) for name in labels.names[:-1]]
    keys = labels.to_frame(index=False)
    hours = [str(name) for name in others if holds_hours(others[name], labels)]
    found = [str(name) for name in others.drop(columns=hours) if names_series(others[name], keys)]
    remedies = []
    if hours:
        names = shlex.join([*time_columns, hours[0]])
        remedies.append(f"if {hours[0]!r} is the time of the day, use --time-column {names}")
    if found:
        names = shlex.join([*given, found[0]])
        remedies.append(f"if {found[0]!r} names the series, use --series {names}")
    if found and not hours and not have_clock(labels) and are_hours(others[found[0]]):
        names = shlex.join([*time_columns, found[0]])
        remedies.append(f"if it is the hour, use --time-column {names}")
    if remedies:
        remedy = "; ".join(remedies)
    elif may_be_set_back(labels, time):
        remedy = (
            "this hour is repeated when clocks are set back; write the times in UTC, or with their "
            "offsets to UTC, such as 02:00+01:00"
        )
    else:
        remedy = (
            "keep one row for each time, or name the columns of the series with --series, or those "
            "of the times with --time-column, or use --no-time-column for rows in the order of the "
            "file"
        )
    raise CommandError(
        f"column {labels.names[-1]!r} contains {time} more than once{of_series}; {remedy}"
    )


def may_be_set_back(labels: Labels, time: Any) -> bool:
    """Return whether a repeated local time is in a night in which clocks may be set back."""
    is_at_night = time.weekday() == 6 and time.hour <= 3
    return time.tz is None and have_clock(labels) and is_at_night


def have_clock(labels: Labels) -> bool:
    """Return whether the times are not only days."""
    times = pd.DatetimeIndex(labels.get_level_values(-1))
    return bool((times != times.normalize()).any())


def holds_hours(values: pd.Series, labels: Labels) -> bool:
    """Return whether a column probably holds the hours of labels that are days."""
    is_named = str(values.name).lower() in NAMES_OF_HOURS
    return (is_named or is_clock(values.dropna()[:1])) and not have_clock(labels)


def are_hours(values: pd.Series) -> bool:
    """Return whether all values are integers from 0 to 24."""
    return values.dtype.kind in "fiu" and bool((values.isin(range(25))).all())
