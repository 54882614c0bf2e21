"""Checks of the labels of pandas indexes, with errors that name the remedy.

The last level of an index is the time, outer levels name the series. The package does not require
pandas, so import this module only after a DataFrame was passed.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import infer_dtype, is_any_real_numeric_dtype

from .._core.user_warnings import warn_user
from .clocks import FIXED_UNITS, are_holes
from .hollow_windows import length_of_time

_Positions = NDArray[np.intp]
# Formats of dates that are written as integers, with the range of the integers.
_DATE_FORMATS = {"%Y%m%d": (19000101, 21001231), "%Y%m": (190001, 210012)}

# Names of the last two levels that are rather one time than a series and a time.
_PARTS_OF_TIME = {
    *(("year", part) for part in ("quarter", "month", "week", "day", "dayofyear")),
    *(("month", "day"), ("date", "hour"), ("day", "hour"), ("hour", "minute")),
}


def times_of(index: pd.Index) -> Any:
    """Return the times of the rows."""
    return index.get_level_values(-1)


def series_codes(index: pd.Index) -> list[NDArray[np.integer]]:
    """Return the series of the rows, one array of integers per outer level."""
    return list(index.codes[:-1]) if isinstance(index, pd.MultiIndex) else []


def check_labels(index: pd.Index) -> None:
    """Raise an error for labels without a distance, and for missing labels."""
    times = times_of(index)
    _check_dates_are_last(index)
    kind_of_time(times, in_panel=index.nlevels > 1)
    missing = np.array(times.isna())
    if times.dtype.kind == "f":
        missing |= np.isinf(times.to_numpy())
    for codes in series_codes(index):
        missing |= codes < 0
    if missing.any():
        row = int(missing.argmax())
        raise ValueError(
            f"{missing.sum()} of {len(index)} rows have a missing or infinite label in the index; "
            f"the first is row {row} with the label {index[row]}. Label or drop these rows."
        )


def kind_of_time(times: pd.Index, in_panel: bool = False, name: str = "X") -> str:
    """Describe the kind of the labels, or raise an error for labels without a distance.

    `name` is how the message calls X.
    """
    if isinstance(times, pd.DatetimeIndex):
        return "dates" if times.tz is None else "dates in a time zone"
    if isinstance(times, pd.TimedeltaIndex):
        return "time spans"
    if isinstance(times, pd.PeriodIndex):
        return f"periods of {times.freqstr}"
    if is_any_real_numeric_dtype(times.dtype):
        return "numbers"
    # pandas reads times with different offsets, as before and after a change of the clocks, as UTC.
    utc = ", utc=True" if re.search(r"[+-]\d\d:?\d\d$", str(times[0])) else ""
    to_dates = f"{name}.set_index(pd.to_datetime({name}.index{utc}))"
    consecutive = f"{name}.reset_index(drop=True)"
    if in_panel:
        to_dates = (
            f"{name}.index.set_levels(pd.to_datetime({name}.index.levels[-1]{utc}), level=-1)"
        )
        consecutive = "the positions of the rows in each series"
    raise TypeError(
        "The last level of the index must be the time of each row, but it holds labels of dtype "
        f"{times.dtype}, such as {_example(times)}. Use dates, for example {to_dates}, periods or "
        f"numbers; if the rows are consecutive, use {consecutive}."
    )


def check_gap(max_gap: Any, kind: str) -> None:
    """Raise an error if `max_gap` cannot be compared with steps between labels of a kind."""
    takes_number = kind == "numbers" or kind.startswith("periods")
    if takes_number == isinstance(max_gap, timedelta | np.timedelta64):
        wanted = "a number" if takes_number else "a timedelta, for example pd.Timedelta('2h')"
        raise ValueError(
            f"max_gap={max_gap!r} does not match the index, which has {kind} as its time: give "
            f"{wanted}."
        )
    if isinstance(max_gap, np.timedelta64) and np.datetime_data(max_gap)[0] not in FIXED_UNITS:
        raise ValueError(
            f"max_gap={max_gap!r} has no fixed length. Give it in a unit from weeks to "
            "femtoseconds, for example np.timedelta64(31, 'D')."
        )


def check_same_kind(before: pd.Index, index: pd.Index, name: str = "X") -> None:
    """Raise an error if the index of X differs in kind from that of the rows kept from fit.

    `name` is how the message calls X.
    """
    was, now = (kind_of_time(times_of(i)) for i in (before, index))
    remedy = zone_remedy(before, index, name) or f"Give {name} an index like that of fit."
    if before.nlevels != index.nlevels:
        was, now = (f"{kind} in level {i.nlevels - 1}" for kind, i in ((was, before), (now, index)))
    if was != now:
        raise ValueError(
            f"The index of {name} has {now} as the time of its rows, but in fit it had {was}. "
            f"{remedy}"
        )
    names, own_names = list(before.names), list(index.names)
    if names != own_names and set(names) == set(own_names) and len(set(names)) == len(names):
        raise ValueError(
            f"The levels of the index of {name} are {own_names}, but in fit they were {names}. "
            f"Use {name}.reorder_levels({names})."
        )
    if isinstance(before, pd.MultiIndex) and isinstance(index, pd.MultiIndex):
        for level in range(before.nlevels - 1):
            _check_same_names(before.levels[level], index.levels[level], level, name)


def zone_remedy(like: pd.Index, index: pd.Index, name: str) -> str:
    """Return how dates get a time zone like others, or lose it; empty if nothing else differs."""
    times, others = times_of(index), times_of(like)
    if not all(isinstance(each, pd.DatetimeIndex) for each in (times, others)):
        return ""
    if (times.tz is None) == (others.tz is None):
        return ""
    zone = None if others.tz is None else str(others.tz)
    level = ", level=-1" if index.nlevels == like.nlevels > 1 else ""
    return f"Use {name}.tz_localize({zone!r}{level})."


def repeated_label(index: pd.Index, repeated: _Positions, n_before: int) -> str:
    """Describe the last of the labels that are repeated after the first `n_before` rows."""
    label = index[repeated.max()]
    message = (
        f"{(index[n_before:] == label).sum()} rows have the label {label}, but the labels of a "
        "series must be unique. Drop or aggregate the duplicates; if they belong to different "
        "series, name the series in an outer level of the index: "
        "X.set_index('name', append=True).swaplevel()."
    )
    if not _are_set_back(times_of(index)[repeated]):
        return message
    remedy = (
        "convert the times of each series to UTC"
        if isinstance(index, pd.MultiIndex)
        else "use X.tz_localize('Europe/Berlin', ambiguous='infer') with your time zone, or UTC"
    )
    return f"{message} If the clocks were set back in that night, {remedy}."


def warn_of_misread_numbers(times: Any, usual: Any, tolerance: float, has_holes: bool) -> None:
    """Warn if numbers are dates in disguise, or too coarse to tell a hole from the usual step."""
    if 0 < usual <= 2 * tolerance:
        warn_user(
            f"The labels of the index are rounded to {times.dtype}: near {times.max()}, steps have "
            f"an error of up to {tolerance}, so a hole cannot be told from the usual step "
            f"{usual}. Use integers, dates, or float64 labels that begin near 0."
        )
    if has_holes and (written_as := _date_format(times)) is not None:
        warn_user(
            f"The labels of the index look like dates that are written as numbers, such as "
            f"{times[0]}: a longer step is read as a hole, also between the last label of a month "
            "or year and the next one. Convert them: "
            f"pd.to_datetime(labels.astype(str), format={written_as!r}). If they are numbers, set "
            "max_gap."
        )


def warn_of_parts_of_time(index: pd.Index) -> None:
    """Warn if a level that names the series is a part of the time by its name."""
    names = tuple(str(name).lower() for name in index.names[-2:])
    if names in _PARTS_OF_TIME and kind_of_time(times_of(index)) == "numbers":
        whole, part = index.names[-2:]
        warn_user(
            f"Level {whole!r} names the series, so no window crosses from one {whole} to the next. "
            f"If {whole!r} and {part!r} are both parts of the time, join them in one level of "
            "dates or periods; if not, rename the level."
        )


def warn_of_finer_steps(steps: NDArray, clock: str, max_gap: Any) -> None:
    """Warn if nearly all steps of X are at most half of the usual step of fit."""
    finer = int((~are_holes(steps, max_gap / 2, is_usual=False)).sum()) if max_gap else 0
    if finer > 0.9 * len(steps):
        usual = length_of_time(max_gap, clock)
        warn_user(
            f"{finer} of {len(steps)} steps between the rows of X are at most half of max_gap_="
            f"{usual}, the usual step in fit, so the windows of X span less time than those of "
            "fit. Resample X to the steps of fit, or fit on rows like those of X."
        )


def _check_dates_are_last(index: pd.Index) -> None:
    """Raise an error if an outer level holds dates, but the last one no times."""
    times = times_of(index)
    if not isinstance(index, pd.MultiIndex) or hasattr(times, "asi8"):
        return
    for level, labels in enumerate(index.levels[:-1]):
        if isinstance(labels, pd.DatetimeIndex | pd.PeriodIndex):
            raise TypeError(
                "The last level of the index must be the time of each row, but "
                f"{_named(index, -1)} holds labels of dtype {times.dtype}, such as "
                f"{_example(times)}, and {_named(index, level)} holds dates. If the dates "
                f"are the time, put them last: {_put_last(index, level)}. If both are the time, "
                "join them in one level of dates. If the dates name the series, convert them to "
                "text."
            )


def _example(labels: pd.Index) -> str:
    """Format the first label, as a Python object."""
    return repr(labels[:1].tolist()[0])


def _named(index: pd.Index, level: int) -> str:
    return f"level {level % index.nlevels if index.names[level] is None else index.names[level]!r}"


def _put_last(index: pd.Index, level: int) -> str:
    if index.nlevels == 2:
        return "X.swaplevel()"
    is_named = None not in index.names and len(set(index.names)) == index.nlevels
    levels: list[Any] = list(index.names) if is_named else list(range(index.nlevels))
    return f"X.reorder_levels({[*levels[:level], *levels[level + 1 :], levels[level]]})"


def _check_same_names(before: pd.Index, index: pd.Index, level: int, name: str) -> None:
    """Raise an error if series are named by text in fit and by numbers in X, or the reverse."""
    if before.dtype == index.dtype:
        return
    was, now = (infer_dtype(getattr(i, "categories", i)) for i in (before, index))
    if {was, now} in ({"string", "integer"}, {"string", "floating"}):
        raise ValueError(
            f"Level {level} of the index names the series by labels such as {_example(index)}, but "
            f"in fit such as {_example(before)}, so no row of {name} has a past in fit. Give the "
            "labels one dtype."
        )


def _are_set_back(times: Any) -> bool:
    """Return whether local times are in nights in which clocks may be set back."""
    if not isinstance(times, pd.DatetimeIndex) or times.tz is not None:
        return False
    in_season = times.month.isin([3, 4, 9, 10, 11])
    return bool((in_season & (times.day_of_week == 6) & (times.hour < 4)).all())


def _date_format(times: Any) -> str | None:
    """Return the format of integers that are the dates of more than one month or year."""
    if times.dtype.kind not in "iu":
        return None
    least, greatest = int(times.min()), int(times.max())
    for written_as, (lowest, highest) in _DATE_FORMATS.items():
        if lowest <= least and greatest <= highest and least // 100 < greatest // 100:
            dates = pd.to_datetime(times.astype(str), format=written_as, errors="coerce")
            return None if dates.hasnans else written_as
    return None
