"""The columns that hold the times of the rows, and how several of them become one."""

import re
import shlex
from collections.abc import Iterable, Sequence
from itertools import takewhile

import numpy as np
import pandas as pd

from .csv_text import mark_missing
from .dates import are_dates, find_dates, form_of, has_text
from .decimals import matches_all, texts_of, without_decimals
from .errors import CommandError, comma_separated
from .reading import Reading

# A column with one of these names is probably the time of the rows, even if it holds no dates.
_NAMES_OF_TIME = {"time", "times", "date", "dates", "datetime", "timestamp", "ds"}
_NAMES_OF_TIME |= {"yyyymmdd", "datum", "mess_datum", "zeit", "zeitstempel"}
NAMES_OF_HOURS = {"hour", "hours", "hr", "time", "uhrzeit", "stunde", "zeit", "heure", "hh"}
# Columns with these names hold one date together. The first three are needed.
_PARTS = ("year", "month", "day", "hour", "minute", "second")
# Names of columns that a remark proposes as the parts of the time.
_NAMES_OF_YEARS = {"year", "jahr", "année", "annee"}
_NAMES_OF_PARTS = {*_PARTS, *_NAMES_OF_YEARS, "mo", "dy", "hr", "monat", "tag", "stunde"}
_NAMES_OF_PARTS |= {"mois", "jour", "heure"}
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

    A row per day with another time in it, such as that of the sunrise, has no date twice, unless
    a further column names series.
    """
    if ":" in "".join(without_midnight(table[day])):
        return False
    if clock.lower() in NAMES_OF_HOURS:
        return True
    labels = table[[*series, day]]
    others = table.columns.difference([*labels, clock])
    return bool(labels.duplicated().any()) and not any(
        names_series(table[name], labels) for name in others
    )


def names_series(values: pd.Series, labels: pd.DataFrame) -> bool:
    """Return whether a column makes the labels unique, and each of its values has several rows."""
    is_measured = values.dtype.kind == "f" and bool((values % 1 != 0).any())
    if is_measured or values.isna().any() or values.value_counts().min() < 2:
        return False
    keys = labels.assign(**{"": values.to_numpy()})
    return not keys.duplicated().any()


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
    in_order = "the rows are read in the order of the file, because no column holds dates only"
    named = [str(name) for name in table if str(name).lower() in _NAMES_OF_TIME]
    likely = named or [str(name) for name in table if has_dates(table[name])]
    if likely:
        option = shlex.join(likely[:1])
        return f"{in_order}; if {likely[0]!r} is their time, use --time-column {option}"
    parts = [str(name) for name in table if str(name).lower() in _NAMES_OF_PARTS]
    if len(parts) > 1 and _NAMES_OF_YEARS & {name.lower() for name in parts}:
        return (
            f"{in_order}; if the columns {comma_separated(parts)} are their time, use "
            f"--time-column {shlex.join(parts)}"
        )
    return ""


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
    """Return the times of rows as text, from the parts of their times.

    Days are in the first column, or year, month and day in the first three. Clocks are in the
    others.
    """
    are_integers = [matches_all(texts_of(column), _INTEGER) for column in columns]
    is_year = matches_all(texts_of(columns[0]), r"\d{4}(?:\.0+)?")
    n_days = 3 if is_year and all(are_integers[:3]) else 1
    if n_days == 3:
        days = join_parts(columns[:3], "-")
    elif matches_all(texts_of(columns[0]), r"\d{8}(?:\.0+)?"):
        days = [f"{text[:4]}-{text[4:6]}-{text[6:8]}" for text in columns[0]]
    else:
        days = without_midnight(columns[0])
    clocks, are_hours = columns[n_days:], are_integers[n_days:]
    if are_hours == [True] and are_dates(pd.Series(days, dtype=object)):
        clocks = [hours_as_clock(clocks[0])]
    if n_days == 3 and len(clocks) > 1 and all(are_hours):
        return join_cells([days, join_parts(clocks, ":")])
    return join_cells([days, *clocks])


def join_cells(columns: Sequence[Iterable[str]]) -> list[str]:
    """Return the cells of every row with spaces between them."""
    return [" ".join(cells) for cells in zip(*columns, strict=True)]


def join_parts(columns: Sequence[pd.Series], mark: str) -> list[str]:
    """Return days such as 2024-01-30, or times of day such as 14:05:00, from integers."""
    digits = [without_decimals(column).str.zfill(2) for column in columns]
    return [mark.join(parts) for parts in zip(*digits, strict=True)]


def hours_as_clock(hours: pd.Series) -> pd.Series:
    """Return hours such as 5, hours and minutes such as 530, or 053000, as times of day."""
    digits = without_decimals(hours)
    lengths = digits.str.len()
    if (lengths <= 2).all():
        return digits.str.zfill(2) + ":00"
    if (lengths == 6).all():
        return digits.str[:2] + ":" + digits.str[2:4] + ":" + digits.str[4:]
    # 15 beside 100 is 0:15, but 15 alone, as in a later file, would be 15:00.
    if matches_all(digits.tolist(), r"0|\d{3,4}"):
        digits = digits.str.zfill(4)
        return digits.str[:2] + ":" + digits.str[2:]
    shortest, longest = min(digits, key=len), max(digits, key=len)
    raise CommandError(
        f"column {hours.name!r} cannot be the time of day: {shortest!r} and {longest!r} can "
        "be hours, minutes or seconds; write them in one form, such as 14:00 or 1400"
    )
