"""Times in text: which columns hold dates, and in which order day, month and year are written."""

import re
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import infer_dtype

from .decimals import matches_all, without_decimals
from .errors import CommandError, one_line

# Units of times that count from 1970.
EPOCH_UNITS: tuple[Any, ...] = ("s", "ms", "us", "ns")
# What integers can be, by their number of digits. The first form is read if no other one fits, and
# only if the column is named.
_INTEGER_FORMS = {
    4: ["%Y"],
    6: ["%Y%m", "%y%m%d"],
    8: ["%Y%m%d", "%y%m%d%H"],
    10: ["s", "%Y%m%d%H", "%y%m%d%H%M"],
    12: ["%Y%m%d%H%M", "%y%m%d%H%M%S"],
    13: ["ms"],
    14: ["%Y%m%d%H%M%S"],
    16: ["us", "%Y%m%d%H%M%S%f"],
    19: ["ns"],
}
# The first year that integers of a form can have; 1900 for other forms. Integers with 10 digits
# from 1000000000 to 1999999999 are seconds of today, and so no years such as 17 with minutes.
_FIRST_YEARS = {"%Y": 1700, "%y%m%d%H%M": 2020}
# Number of values that show that a column may hold dates.
SAMPLE_VALUES = 20

_CLOCK = (
    r"(?:(?:,? +|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})"
    r"(?:[.,](?P<fraction>\d{1,9}))?)?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?: ?(?P<offset>Z|UTC|[+-]\d{2}(?::?\d{2})?))?)?"
)
_ISO = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"  # without an offset
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_NAME = (
    r"(?P<month>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))\.?"
)
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?"
_NUMBERED = (  # day and month in either order
    r"(?P<first>\d{1,2})(?P<mark>[-/.])(?P<other>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})" + _CLOCK
)
# Those with the digits of day, month and year at fixed places.
_USUAL = r"\d{2}[-/.]\d{2}[-/.]\d{4}(?: \d{2}:\d{2}(?::\d{2})?)?"
_FORMS = [
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})" + _CLOCK,
    _NUMBERED,
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})\.?[- ]{_MONTH_NAME}[- ](?P<year>\d{{4}})" + _CLOCK,
    rf"{_WEEKDAY}{_MONTH_NAME} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}})" + _CLOCK,
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})T"
    r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?P<offset>Z)?",
    r"(?P<year>\d{4})[-/](?P<month>\d{1,2})",
    r"(?P<month>\d{1,2})[-/](?P<year>\d{4})",
    rf"{_MONTH_NAME}[- ](?P<year>\d{{4}})",
    r"(?P<year>\d{4})[- ]?[Qq](?P<quarter>[1-4])",
    r"[Qq](?P<quarter>[1-4])[-/ ](?P<year>\d{4})",
]


# Directives of strptime for parts of a day, and for a time of the day.
_PARTS_OF_DAY = re.compile("%[HIMSfpcXTRrs]")
# Directives whose digits are not separated.
_ADJACENT = re.compile("%[YymdHIMSj]%[YymdHIMSj]")


class Times(NamedTuple):
    """The times of the rows, a remark on how they were read, which may be empty, and their form.

    The form is what later files may leave open: the order of day and month, and a format.
    """

    labels: pd.DatetimeIndex
    remark: str = ""
    day_first: bool | None = None
    time_format: str | None = None


def are_dates(values: pd.Series) -> bool:
    """Return whether all values are dates in the same form, and cannot be plain numbers."""
    if values.dtype.kind == "M":
        return bool(values.notna().all()) and len(values) > 0
    return has_text(values) and len(values) > 0 and form_of(values) is not None


def is_date(text: str) -> bool:
    """Return whether a text is a date."""
    return any(re.fullmatch(form, text) for form in _FORMS)


def has_text(values: pd.Series) -> bool:
    """Return whether a column holds text."""
    return values.dtype.kind == "O" and infer_dtype(values, skipna=True) == "string"


def form_of(values: pd.Series) -> str | None:
    """Return the pattern that all values match."""
    texts = values.tolist()
    return next((form for form in _FORMS if matches_all(texts, form)), None)


def find_dates(values: pd.Series) -> NDArray[np.bool_]:
    """Return which values are dates, in the form of most of them."""
    if values.dtype.kind == "M":
        return values.notna().to_numpy()
    found = np.zeros(len(values), dtype=bool)
    # Columns of numbers have no dates, which a few values show.
    some = values.iloc[:: len(values) // SAMPLE_VALUES + 1].tolist()
    if not any(matches_all([value], form) for value in some for form in _FORMS):
        return found
    for form in _FORMS:
        matches = re.compile(form).fullmatch
        now = np.array([isinstance(v, str) and bool(matches(v)) for v in values], dtype=bool)
        found = now if now.sum() > found.sum() else found
    return found


def read_times(
    values: pd.Series, day_first: bool | None = None, time_format: str | None = None
) -> Times:
    """Read a column of times. The name of the column is for messages."""
    if values.dtype.kind == "M":
        return Times(pd.DatetimeIndex(values))
    if not has_text(values):
        values = values.astype(str)
    if matches_all(values.tolist(), r"\d+\.0+"):
        values = without_decimals(values)
    if time_format is not None:
        return read_formatted(values, time_format)
    form = form_of(values)
    if form is not None:
        return read_form(values, form, day_first)
    if matches_all(values.tolist(), r"\d+"):
        return read_integers(values)
    raise CommandError(
        f"column {values.name!r} does not contain dates{in_one_form(values)}; name their form with "
        "--time-format, or another column with --time-column"
    )


def names_hour(text: str, time_format: str | None = None) -> bool:
    """Return whether a time is written in a form that names the hour, or counts from 1970."""
    if time_format is not None:
        is_epoch = time_format in EPOCH_UNITS
        return is_epoch or _PARTS_OF_DAY.search(time_format) is not None
    digits = re.sub(r"\.0+$", "", text)
    return re.search(r":|\dT\d", text) is not None or (digits.isdigit() and len(digits) > 8)


def in_one_form(values: pd.Series) -> str:
    """Return how a sentence on values that are no dates in one form goes on."""
    form = form_of(values[:1])
    if form is None:
        return f", but values such as {values.iloc[0]!r}"
    other = next(value for value in values if not matches_all([value], form))
    return f" in one form, but {values.iloc[0]!r} and {other!r}"


def read_formatted(values: pd.Series, time_format: str) -> Times:
    """Read times in the form of the user: a unit since 1970, or a format of strptime."""
    if time_format in EPOCH_UNITS:
        numbers = pd.to_numeric(values, errors="coerce")
        unit: Any = time_format
        times = pd.to_datetime(numbers, unit=unit, errors="coerce")
    else:
        times = read_format(values, time_format)
    check_all_read(values, times, f"a time in the form {time_format!r} of --time-format")
    remark = f"times in {values.name!r} are converted to UTC" if "%z" in time_format else ""
    return Times(pd.DatetimeIndex(times), remark, time_format=time_format)


def read_format(values: pd.Series, time_format: str) -> pd.Series:
    """Read times in a format of strptime; those that have another are NaT."""
    try:
        if "%" not in time_format:  # pandas has other words, such as "mixed"
            raise ValueError("it has no directive such as %Y")
        utc = "%z" in time_format
        times = pd.Series(pd.to_datetime(values, format=time_format, errors="coerce", utc=utc))
    except ValueError as error:
        raise CommandError(
            f"--time-format {time_format!r} is not a form of times: {one_line(str(error))}; use a "
            "format such as '%d.%m.%y %H:%M', or s, ms, us or ns for a number since 1970"
        ) from error
    if not _ADJACENT.search(time_format) or re.search("%[fzZ]", time_format):
        return times
    # In %H%M, 100 is 10:00 for strptime, and 1:00 for people.
    written, as_read = (
        texts.str.replace(r"(?<!\d)0+(?=\d)", "", regex=True).str.lower()
        for texts in (values, times.dt.strftime(time_format))
    )
    return times.where(written == as_read)


def read_integers(digits: pd.Series) -> Times:
    """Read integers as dates such as 20240305, or as times since 1970, by their digits.

    Raise if they can be read in several ways.
    """
    lengths = set(digits.str.len())
    forms = _INTEGER_FORMS.get(lengths.pop(), []) if len(lengths) == 1 else []
    fitting = [form for form in forms if fits(digits, form)]
    if fitting == forms[:1] and forms:
        time_format = None if forms[0] in EPOCH_UNITS else forms[0]
        times = pd.DatetimeIndex(to_datetimes(digits, forms[0]))
        return Times(times, time_format=time_format)
    raise CommandError(
        f"column {digits.name!r} does not contain dates, but numbers such as {digits.iloc[0]!r}"
        f"{ways_to_read(fitting)}"
    )


def ways_to_read(forms: list[str]) -> str:
    """Return how a sentence on integers goes on, with the forms in which they can be read."""
    if not forms:
        return "; name their form with --time-format, such as %Y%m%d, or s for seconds since 1970"
    advice = " or ".join(f"--time-format {form}" for form in forms)
    return f", which can be times in the form {' or '.join(forms)}; use {advice}"


def fits(digits: pd.Series, form: str) -> bool:
    """Return whether integers can be times in a form; those in formats have usual years."""
    if form in EPOCH_UNITS:
        return True
    times = to_datetimes(digits, form)
    return bool(times.dt.year.between(_FIRST_YEARS.get(form, 1900), 2099).all())


def to_datetimes(digits: pd.Series, form: str) -> pd.Series:
    """Read integers in a form; those that have another are NaT."""
    unit: Any = form
    if form in EPOCH_UNITS:
        return pd.Series(pd.to_datetime(digits.astype("int64"), unit=unit))
    return pd.Series(pd.to_datetime(digits, format=form, errors="coerce"))


def read_form(values: pd.Series, form: str, day_first: bool | None) -> Times:
    """Read times in one of the forms."""
    times = read_iso(values)
    if times is not None:
        return Times(times)
    remark = ""
    if form == _NUMBERED:
        if day_first is None:
            days = first_of_each_day(values)
            day_first = find_day_first(days, days.str.extract(form))
            if day_first is not None:
                order = "day" if day_first else "month"
                remark = f"dates in {values.name!r} have the {order} first"
        times = read_numbered(values, bool(day_first))
        if times is not None:
            return Times(times, remark, day_first)
    parts = values.str.extract(form)
    if form == _NUMBERED:
        names = ["day", "month"] if day_first else ["month", "day"]
        parts = parts.rename(columns=dict(zip(["first", "other"], names, strict=True)))
    offsets = parts["offset"] if "offset" in parts else pd.Series([None])
    check_offsets(values, offsets)
    is_mixed = offsets.nunique() > 1
    if is_mixed:
        remark = f"{remark}; " if remark else ""
        remark += f"times in {values.name!r} have different offsets, and are converted to UTC"
    return Times(to_times(values, parts, utc=is_mixed), remark, day_first)


def read_iso(values: pd.Series) -> pd.DatetimeIndex | None:
    """Read times in the usual form of ISO 8601, for speed; None if some have another form."""
    if not matches_all(values.tolist(), _ISO):
        return None
    try:
        return pd.DatetimeIndex(pd.to_datetime(values, format="ISO8601"))
    except ValueError:  # 24:00, or no such day
        return None


def read_numbered(values: pd.Series, day_first: bool) -> pd.DatetimeIndex | None:
    """Read times such as 05.03.2024 14:00, for speed; None if some have another form."""
    texts = values.tolist()
    if not matches_all(texts, _USUAL):
        return None
    day, month = (slice(0, 2), slice(3, 5)) if day_first else (slice(3, 5), slice(0, 2))
    iso = [f"{text[6:10]}-{text[month]}-{text[day]}{text[10:]}" for text in texts]
    return read_iso(pd.Series(iso, dtype=object))


def first_of_each_day(values: pd.Series) -> pd.Series:
    """Return the first value of every date, which has at most ten characters."""
    return values[~pd.Series([value[:10] for value in values], values.index).duplicated()]


def find_day_first(values: pd.Series, parts: pd.DataFrame) -> bool | None:
    """Return whether the day comes before the month, if a day above 12 decides it.

    Return None if both orders give the same dates.
    """
    first, other = parts["first"].astype(int), parts["other"].astype(int)
    example = values.iloc[int(np.argmax(first != other))]
    if (parts["year"].str.len() == 2).any():
        raise CommandError(
            f"column {values.name!r} has dates with two digits for the year, such as {example!r}, "
            "which can be read in several ways; use --dayfirst, --no-dayfirst (the month first) or "
            "--time-format"
        )
    if (first > 12).any() != (other > 12).any():
        return bool((first > 12).any())
    if (first == other).all():
        return None
    if (first > 12).any():
        raise CommandError(
            f"column {values.name!r} has dates with the day first and dates with the month first: "
            f"{values[first > 12].iloc[0]!r} and {values[other > 12].iloc[0]!r}; write them in one "
            "form, or name the form of all with --time-format"
        )
    raise CommandError(
        f"column {values.name!r} has dates such as {example!r}, and no day above 12 shows whether "
        "the day or the month comes first; use --dayfirst, --no-dayfirst (the month first) or "
        "--time-format"
    )


def check_offsets(values: pd.Series, offsets: pd.Series) -> None:
    """Raise if some times have an offset to UTC and others have none."""
    if offsets.isna().any() and offsets.notna().any():
        raise CommandError(
            f"column {values.name!r} has times with an offset to UTC and times without: "
            f"{values[offsets.notna()].iloc[0]!r} and {values[offsets.isna()].iloc[0]!r}; write "
            "all of them in one form"
        )


def to_times(values: pd.Series, parts: pd.DataFrame, utc: bool) -> pd.DatetimeIndex:
    """Join the parts of times, which are text, to times."""
    hours = read_hours(parts)
    is_midnight = hours == 24  # the end of the day
    text = date_text(parts) + "T" + hours.mod(24).astype(str).str.zfill(2)
    for mark, name in [(":", "minute"), (":", "second"), (".", "fraction")]:
        text += mark + part_of(parts, name, "00")
    offset = part_of(parts, "offset", "")
    text += offset.mask(offset == "UTC", "Z")
    times = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=utc)
    is_late = is_midnight & ~text.str.contains("T00:00:00.0*(?:[^0-9]|$)")
    check_all_read(values, times.mask((hours > 24) | is_late), "a date")
    return pd.DatetimeIndex(times + pd.to_timedelta(is_midnight.astype(int), unit="D"))


def part_of(parts: pd.DataFrame, name: str, default: str) -> pd.Series:
    """Return a part of the times, with a default where it is missing."""
    if name not in parts:
        return pd.Series(default, index=parts.index)
    return parts[name].astype(object).fillna(default)


def read_hours(parts: pd.DataFrame) -> pd.Series:
    """Return the hours of the day as integers; those of a wrong clock of 12 hours are 99."""
    hours = part_of(parts, "hour", "0").astype(int)
    half = part_of(parts, "half", "").str.lower()
    is_wrong = half.ne("") & ~hours.between(1, 12)
    on_day = (hours % 12 + 12 * half.eq("p")).where(half.ne(""), hours)
    return on_day.mask(is_wrong, 99)


def date_text(parts: pd.DataFrame) -> pd.Series:
    """Return the days in the form 2024-03-05; the first one of a month or of a quarter."""
    year = part_of(parts, "year", "")
    # As in POSIX, 69 is 1969 and 68 is 2068.
    year = year.where(year.str.len() == 4, np.where(year > "68", "19", "20") + year)
    if "quarter" in parts:
        month = (3 * parts["quarter"].astype(int) - 2).astype(str)
    else:
        month = parts["month"].astype(object).map(month_number)
    return year + "-" + month.str.zfill(2) + "-" + part_of(parts, "day", "1").str.zfill(2)


def month_number(text: str) -> str:
    """Return the number of a month, which is given by its number or its English name."""
    return text if text.isdigit() else str(_MONTHS.index(text[:3].lower()) + 1)


def check_all_read(values: pd.Series, times: pd.Series, expected: str) -> None:
    """Raise if a value could not be read; the message shows the first one."""
    if times.isna().any():
        raise CommandError(
            f"column {values.name!r} contains {values[times.isna()].iloc[0]!r}, which is not "
            f"{expected}; correct it, or name the form of the column with --time-format, "
            "--dayfirst or --no-dayfirst"
        )
