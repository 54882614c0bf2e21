"""The labels of the rows: which columns hold their times and name their series."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .arguments import Reading
from .dates import are_dates, form_of, has_text, read_times
from .errors import CommandError, comma_separated

Labels = pd.MultiIndex | pd.DatetimeIndex

# A column with one of these names is probably the time of the rows, even if it holds no dates.
_NAMES_OF_TIME = {"time", "times", "date", "dates", "datetime", "timestamp", "ds"}
# Columns of a backtest, which `backtest` refuses as names of series.
RESERVED = {"model", "fold", "origin", "target", "step", "time", "truth", "forecast"}
RESERVED |= {"lower", "upper", "coverage"}


def find_time_column(table: pd.DataFrame, series: Sequence[str]) -> str | None:
    """Return the only column whose values are all dates, or None if there is no such column."""
    others = table.drop(columns=list(series))
    found = [str(name) for name in others if are_dates(others[name])]
    if len(found) > 1:
        raise CommandError(
            f"the columns {comma_separated(found)} hold dates; name the time of the rows with "
            "--time-column, or use --no-time-column for rows in the order of the file"
        )
    return found[0] if found else None


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
    if values.isna().any():
        raise CommandError(
            f"column {time_column!r} has {values.isna().sum()} missing dates; fill them in, or "
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
            f"column {values.name!r} of --series has {values.isna().sum()} missing values; fill "
            "them in"
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
    if found:
        remedy = f"if {found[0]!r} names the series, use --series {' '.join([*given, found[0]])}"
    else:
        remedy = "keep one row for each time, or name the columns of the series with --series"
    raise CommandError(
        f"column {labels.names[-1]!r} contains {time} more than once{of_series}; {remedy}"
    )


def names_series(values: pd.Series, labels: Labels) -> bool:
    """Return whether a column makes the labels unique, and each of its values has several rows."""
    is_measured = values.dtype.kind == "f" and bool((values % 1 != 0).any())
    if is_measured or values.isna().any() or values.value_counts().min() < 2:
        return False
    keys = labels.to_frame(index=False).assign(**{"": values.to_numpy()})
    return not keys.duplicated().any()
