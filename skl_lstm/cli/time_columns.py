"""The columns that hold the times of the rows, and how several of them become one."""

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

import numpy as np
import pandas as pd

from .csv_text import mark_missing
from .dates import are_dates, find_dates, form_of, has_text
from .decimals import matches_all, texts_of
from .errors import CommandError, comma_separated
from .reading import Reading

# A column with one of these names is probably the time of the rows, even if it holds no dates.
_NAMES_OF_TIME = {"time", "times", "date", "dates", "datetime", "timestamp", "ds"}
NAMES_OF_HOURS = {"hour", "hours", "hr", "time", "uhrzeit", "stunde", "zeit"}
# Columns with these names hold one date together. The first three are needed.
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?"
_MIDNIGHT = r"[^:]*[T ]0?0:00(?::00(?:[.,]0+)?)?"
_INTEGER = r"\d+(?:\.0+)?"


def find_time_columns(table: pd.DataFrame, series: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of the times, or nothing if there are none.

    They are the only column of dates, that column and the only one of times of day, or the columns
    year, month, day and so on. Raise if most values of a column are dates, but not all of them.
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
    if not found:
        return find_parts(others)
    clocks = [str(name) for name in others if is_clock(others[name])]
    if len(clocks) == 1 and is_day_of(table, found[0], clocks[0], series):
        return found[0], clocks[0]
    return (found[0],)


def find_parts(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns named year, month, day and so on, if they hold integers."""
    by_name = {str(name).lower(): str(name) for name in table}
    names = tuple(by_name[part] for part in takewhile(by_name.__contains__, _PARTS))
    are_integers = all(matches_all(as_text(table[name]).tolist(), _INTEGER) for name in names)
    return names if len(names) > 2 and are_integers and len(table) else ()


def is_clock(values: pd.Series) -> bool:
    """Return whether all values are times of day."""
    return has_text(values) and matches_all(values.tolist(), _CLOCK)


def is_day_of(table: pd.DataFrame, day: str, clock: str, series: Sequence[str]) -> bool:
    """Return whether a column of dates and a column of times of day are times together.

    A row per day with another time in it, such as that of the sunrise, has no date twice.
    """
    if ":" in "".join(without_midnight(table[day])):
        return False
    is_repeated = bool(table[[*series, day]].duplicated().any())
    return is_repeated or clock.lower() in NAMES_OF_HOURS


def without_midnight(values: pd.Series) -> list[str]:
    """Return dates as text, without the time of day if it is midnight in all of them."""
    texts = as_text(values).tolist()
    if matches_all(texts, _MIDNIGHT):
        return [re.split(r"[T ]0?0:", text)[0] for text in texts]
    return texts


def as_text(values: pd.Series) -> pd.Series:
    """Return a column as text, also if it has a type as in a Parquet file."""
    if values.dtype.kind == "M":
        has_clock = (values != values.dt.normalize()).any()
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S.%f" if has_clock else "%Y-%m-%d")
    return values if has_text(values) else values.astype(str)


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


def remark_on_time(table: pd.DataFrame, time_columns: Sequence[str]) -> str:
    """Return a remark on the time columns that were found, or on one that may be the time."""
    if len(time_columns) == 1:
        return f"the time of the rows is column {time_columns[0]!r}"
    if time_columns:
        *first, last = map(repr, time_columns)
        return f"the time of the rows is in the columns {comma_separated(first)} and {last}"
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


def join_columns(table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Replace the columns of the times by one of text, whose name is theirs with spaces between.

    With a format, the text has spaces between the parts, too. Without one, a date and a time of
    day, or year, month and day, become a date in a usual form.
    """
    names, name = list(reading.times), str(reading.time)
    if len(names) < 2:
        return table
    parts, others = mark_missing(table[names]), table.drop(columns=names)
    if name in others:
        raise CommandError(
            f"the columns {comma_separated(names)} cannot be joined, because another one is named "
            f"{name!r}; rename it in the file"
        )
    is_whole = parts.notna().all(axis=1)
    columns = [as_text(parts.loc[is_whole, part]) for part in names]
    cells = join_texts(columns) if reading.time_format is None else join_cells(columns)
    joined = pd.Series(None, table.index, dtype=object)
    joined[is_whole] = cells
    return others.assign(**{name: joined})


def join_texts(columns: Sequence[pd.Series]) -> list[str]:
    """Return the times of rows as text, from the parts of their times."""
    first, *others = columns
    are_integers = [matches_all(texts_of(column), _INTEGER) for column in columns]
    if (
        all(are_integers)
        and len(columns) <= len(_PARTS)
        and first.str.fullmatch(r"\d{4}(?:\.0+)?").all()
    ):
        return join_parts(columns)
    if len(columns) == 2 and are_integers[1]:
        others = [hours_as_clock(others[0])]
    return join_cells([without_midnight(first), *others])


def join_cells(columns: Sequence[Iterable[str]]) -> list[str]:
    """Return the cells of every row with spaces between them."""
    return [" ".join(cells) for cells in zip(*columns, strict=True)]


def join_parts(columns: Sequence[pd.Series]) -> list[str]:
    """Return times such as 2024-01-30 14:00, from integers that are their parts."""
    marks = ["", "-", "-", " ", ":", ":"]
    texts = [""] * len(columns[0])
    for mark, column in zip(marks, columns, strict=False):
        digits = column.str.replace(r"\.0+$", "", regex=True).str.zfill(2)
        texts = [text + mark + part for text, part in zip(texts, digits, strict=True)]
    return [f"{text}:00" for text in texts] if len(columns) == 4 else texts


def hours_as_clock(hours: pd.Series) -> pd.Series:
    """Return hours such as 5, or hours and minutes such as 530, as times of day."""
    digits = hours.str.replace(r"\.0+$", "", regex=True)
    if matches_all(digits.tolist(), r"\d{1,2}"):
        return digits + ":00"
    if matches_all(digits.tolist(), r"0|\d{3,4}"):
        digits = digits.str.zfill(4)
        return digits.str[:2] + ":" + digits.str[2:]
    raise CommandError(
        f"column {hours.name!r} cannot be the time of day: {digits.iloc[0]!r} and "
        f"{next(text for text in digits if len(text) != len(digits.iloc[0]))!r} can be hours, or "
        "hours and minutes; write them in one form, such as 14:00"
    )
