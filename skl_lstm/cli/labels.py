"""The labels of the rows: which columns hold their times and name their series."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .arguments import Reading
from .dates import are_dates, find_dates, form_of, has_text, read_times
from .decimals import matches_all
from .errors import CommandError, comma_separated, count_and_noun

Labels = pd.MultiIndex | pd.DatetimeIndex

# A column with one of these names is probably the time of the rows, even if it holds no dates.
_NAMES_OF_TIME = {"time", "times", "date", "dates", "datetime", "timestamp", "ds"}
_NAMES_OF_HOURS = {"hour", "hours", "hr", "time", "uhrzeit", "stunde", "zeit"}
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?"
# Columns of a backtest, which `backtest` refuses as names of series.
RESERVED = {"model", "fold", "origin", "target", "step", "time", "truth", "forecast"}
RESERVED |= {"lower", "upper", "coverage"}


def find_time_column(table: pd.DataFrame, series: Sequence[str]) -> str | None:
    """Return the only column whose values are all dates, or None if there is no such column.

    Raise if most values of a column are dates, but not all of them.
    """
    others = table.drop(columns=list(series))
    found = [str(name) for name in others if are_dates(others[name])]
    for name in others.columns.difference(found, sort=False):
        check_no_date_missing(others[name])
    if len(found) > 1:
        raise CommandError(
            f"the columns {comma_separated(found)} hold dates; name the time of the rows with "
            "--time-column, or use --no-time-column for rows in the order of the file"
        )
    return found[0] if found else None


def check_no_date_missing(values: pd.Series) -> None:
    """Raise if at least half of the values are dates, and others are not, such as a total."""
    is_wrong = ~find_dates(values)
    if 2 * is_wrong.sum() > len(values) or not is_wrong.any():
        return
    row = int(np.argmax(is_wrong))
    value = values.iloc[row]
    wrong = "no value" if pd.isna(value) else repr(value)
    raise CommandError(
        f"column {values.name!r} holds dates, but {wrong} in row {row + 1} below the header; "
        "correct or delete the row, or name another column with --time-column, or use "
        "--no-time-column for rows in the order of the file"
    )


def remark_on_time(table: pd.DataFrame, time_column: str | None) -> str:
    """Return a remark on the time column that was found, or on columns that may be the time."""
    if time_column is not None:
        return f"the time of the rows is column {time_column!r}"
    named = [name for name in table if str(name).lower() in _NAMES_OF_TIME]
    likely = named or [name for name in table if has_dates(table[name])]
    if not likely:
        return ""
    return (
        f"the rows are read in the order of the file, because no column holds dates only; if "
        f"{likely[0]!r} is their time, use --time-column {likely[0]}"
    )


def has_dates(values: pd.Series) -> bool:
    """Return whether the first value of a column of text is a date."""
    first = values.dropna()[:1]
    return has_text(values) and len(first) > 0 and form_of(first) is not None


def label_rows(
    table: pd.DataFrame,
    time_column: str,
    series: Sequence[str],
    reading: Reading,
    remark: Callable[[str], None],
) -> Labels:
    """Return the labels of the rows: their series, if columns name them, and their times."""
    values = table[time_column]
    if n_missing := int(values.isna().sum()):
        raise CommandError(
            f"column {time_column!r} has {n_missing} missing dates; fill them in, or "
            "name another column with --time-column"
        )
    times = read_times(values, reading.day_first, reading.time_format)
    if times.remark:
        remark(times.remark)
    index = times.labels.rename(time_column)
    levels: list[Any] = [*(read_names(table[name]) for name in series), index]
    return pd.MultiIndex.from_arrays(levels, names=[*series, time_column]) if series else index


def read_names(values: pd.Series) -> pd.Series:
    """Return the names of series as text, as they are in the file."""
    if values.isna().any():
        raise CommandError(
            f"column {values.name!r} of --series has "
            f"{count_and_noun(int(values.isna().sum()), 'missing value')}; fill in all names"
        )
    return values.astype(str)


def check_series(series: Sequence[str], time_column: str | None) -> None:
    """Raise if columns cannot name the series of the rows."""
    if series and time_column is None:
        raise CommandError(
            "--series needs the times of the rows, but no column holds dates only; name their "
            "column with --time-column"
        )
    for name in series:
        if name == time_column:
            raise CommandError(f"column {name!r} cannot be both --series and --time-column")
        if name in RESERVED:
            raise CommandError(
                f"a column of --series cannot be named {name!r}, like a column of the report; "
                "rename it in the file"
            )


def check_unique(labels: Labels, others: pd.DataFrame) -> None:
    """Raise if a time is repeated in a series; the message names a column to use as --series."""
    repeated = labels.duplicated()
    if not repeated.any():
        return
    label = labels[int(np.argmax(repeated))]
    of_series = f" for {' '.join(map(str, label[:-1]))}" if isinstance(label, tuple) else ""
    time = label[-1] if isinstance(label, tuple) else label
    given = [str(name) for name in labels.names[:-1]]
    found = [str(name) for name in others if names_series(others[name], labels)]
    hours = [str(name) for name in others if holds_hours(others[name], labels)]
    if hours:
        remedy = (
            f"if {hours[0]!r} is the time of the day, join {labels.names[-1]!r} and {hours[0]!r} "
            "to one column in the file, such as 2024-01-30 14:00"
        )
    elif found:
        remedy = f"if {found[0]!r} names the series, use --series {' '.join([*given, found[0]])}"
        if are_hours(others[found[0]], 24):
            remedy += (
                f"; if it is the hour, join {labels.names[-1]!r} and {found[0]!r} to one column"
            )
    elif may_be_set_back(labels, time):
        remedy = (
            "this hour is repeated when clocks are set back; write the times in UTC, or with their "
            "offsets to UTC, such as 02:00+01:00"
        )
    else:
        remedy = "keep one row for each time, or name the columns of the series with --series"
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
    is_named = str(values.name).lower() in _NAMES_OF_HOURS and are_hours(values, 2400)
    is_clock = has_text(values) and matches_all(values.tolist(), _CLOCK)
    return (is_named or is_clock) and not have_clock(labels)


def are_hours(values: pd.Series, last: int) -> bool:
    """Return whether all values are integers from 0 to the last hour."""
    return values.dtype.kind in "fiu" and bool((values.isin(range(last + 1))).all())


def names_series(values: pd.Series, labels: Labels) -> bool:
    """Return whether a column makes the labels unique, and each of its values has several rows."""
    is_measured = values.dtype.kind == "f" and bool((values % 1 != 0).any())
    if is_measured or values.isna().any() or values.value_counts().min() < 2:
        return False
    keys = labels.to_frame(index=False).assign(**{"": values.to_numpy()})
    return not keys.duplicated().any()
