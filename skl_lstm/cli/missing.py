"""Missing values: refuse them, fill them within each series, or drop their rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from .errors import CommandError, count_and_noun


class Filled(NamedTuple):
    """A table without missing values, and a remark on what was done, which may be empty."""

    table: pd.DataFrame
    remark: str


def fill_missing(
    table: pd.DataFrame, names: Sequence[str], how: str | None, cut: Any = None
) -> Filled:
    """Fill the missing values of columns, or drop the rows that have any.

    "previous" takes the last value before it in the series. "interpolate" is linear in time,
    between the values before and after it. `cut` is the time of the first held-out row. Then
    "interpolate" uses only values up to this time, and later missing values get the last value
    before them.
    """
    columns = table[list(names)]
    missing = columns.isna().sum()
    if not missing.any():
        return Filled(table, "")
    counts = ", ".join(f"{name} {count}" for name, count in missing[missing > 0].items())
    if how == "drop":
        kept = table[columns.notna().all(axis=1)]
        rows = count_and_noun(len(table) - len(kept), "row")
        return Filled(kept, f"{rows} with missing values left out ({counts})")
    if how is None:
        raise CommandError(refusal(columns))
    filled = previous(columns) if how == "previous" else interpolate(columns, cut)
    check_filled(filled, how if cut is None else "previous")
    remark = f"{count_and_noun(int(missing.sum()), 'missing value')} filled ({counts})"
    if how == "interpolate":
        remark += ", also from later values, which are not known at the time of a forecast"
    if cut is not None:
        remark += "; in the held-out rows, by the value before"
    return Filled(table.assign(**{str(name): filled[name] for name in filled}), remark)


def refusal(columns: pd.DataFrame) -> str:
    """Describe missing values, and the options that help."""
    missing = columns.isna().sum()
    missing = missing[missing > 0]
    first = columns.index[columns[missing.index[0]].isna()][0]
    counts = ", ".join(f"{name} ({count})" for name, count in missing.items())
    return (
        f"missing values in {counts}, the first at {show_label(first)}; use --fill previous, "
        "--fill interpolate or --fill drop"
    )


def show_label(label: object) -> str:
    """Format the label of a row."""
    return " ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def previous(columns: pd.DataFrame) -> pd.DataFrame:
    """Fill missing values with the last value before them in the same series."""
    outer = levels_of_series(columns)
    return columns.groupby(level=outer).ffill() if outer is not None else columns.ffill()


def levels_of_series(columns: pd.DataFrame) -> Any:
    """Return the level of the index that names the series, a list of several, or None."""
    outer = list(range(columns.index.nlevels - 1))
    return outer if len(outer) > 1 else next(iter(outer), None)


def interpolate(columns: pd.DataFrame, cut: Any = None) -> pd.DataFrame:
    """Fill missing values linearly in time, between two values of the same series.

    With `cut`, these are values up to this time. The others are filled with the value before.
    """
    if cut is not None:
        is_known = columns.index.get_level_values(-1) <= cut
        parts = [interpolate(columns[is_known]), columns[~is_known]]
        return previous(pd.concat(parts).loc[columns.index])
    outer = levels_of_series(columns)
    if outer is None:
        return between(columns)
    each = [
        between(part.droplevel(outer)).set_axis(part.index)
        for _, part in columns.groupby(level=outer, sort=False)
    ]
    return pd.concat(each).loc[columns.index]


def between(columns: pd.DataFrame) -> pd.DataFrame:
    """Fill missing values of one series between two values."""
    method: Any = "time" if isinstance(columns.index, pd.DatetimeIndex) else "index"
    return columns.interpolate(method=method, limit_area="inside")


def check_filled(columns: pd.DataFrame, how: str) -> None:
    """Raise if values are still missing: those before all values, or also after them."""
    missing = columns.isna()
    if not missing.any(axis=None):
        return
    name = missing.columns[missing.any()][0]
    label = columns.index[missing[name]][0]
    where, remedy = "before it", "--fill drop"
    if how == "interpolate":
        where = "on both sides"
        if not previous(columns).isna().any(axis=None):
            remedy = "--fill previous or --fill drop"
    raise CommandError(
        f"column {name!r} has {count_and_noun(int(missing[name].sum()), 'missing value')} that "
        f"--fill {how} cannot fill, the first at {show_label(label)}, because there is no value "
        f"{where} in the series; use {remedy}"
    )
