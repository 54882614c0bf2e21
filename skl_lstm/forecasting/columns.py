"""Columns: where the features of the estimator come from, and their values in coming rows.

Import this module only after a DataFrame was passed, because the package does not require pandas.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._core.messages import counted, did_you_mean, listed, of_series
from .._core.shapes import lead_names, parse_lead_name, parse_lead_names
from ..transformers.label_checks import times_of
from ..transformers.time_index import SortedRows, series_starts
from .coming import Timeline

_MOST_NAMES = 6  # of the columns of y that a message lists

_Positions = NDArray[np.intp]
# A feature is a column some steps ahead: {"load": ("load", 0), "h2_holiday": ("holiday", 2)}.
Sources = dict[str, tuple[Any, int]]


def read_targets(target: Any, table: pd.DataFrame) -> list[Any]:
    """Return the targets as a list of columns of the table."""
    targets = [target] if isinstance(target, Hashable) else list(target)
    if not targets or len(set(targets)) < len(targets):
        raise ValueError(f"target={target!r} must name a column, or a list of different columns.")
    for name in targets:
        if name not in table.columns:
            raise ValueError(
                f"The target {name!r} is not a column of the table. Columns: "
                f"{listed(table.columns)}.{did_you_mean(str(name), map(str, table.columns))}"
            )
    return targets


def check_target_names(names: list[str] | None, targets: list[Any], table: pd.DataFrame) -> None:
    """Raise an error if the y of fit, whose columns had these names, was not made of the targets.

    Names that are neither leads nor columns of the table are not checked.
    """
    if names is None:
        return
    steps = range(1, len(names) // len(targets) + 1)
    if names in (lead_names(steps, targets), [*map(str, targets)]):
        return
    leads = parse_lead_names(names, table.columns)
    if leads is not None:
        remedy = _remedy_of_leads(leads, targets)
    elif len(names) == 1 and names[0] in table.columns:
        remedy = (
            f"If y holds the coming values of {names[0]!r}, use target={names[0]!r}; if not, fit "
            f"y = leads(table, {_one_or_all(targets)!r})."
        )
    elif set(names) & set(targets) and set(names) <= set(table.columns):
        remedy = f"Use target={names}, as in y."
    else:
        return
    shown = listed(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    meant = listed(lead_names([1, 2], targets)[:_MOST_NAMES])
    raise ValueError(
        f"The estimator was fitted on y with {counted(len(names), 'column')}, {shown}, but target="
        f"{_one_or_all(targets)!r} means the columns {meant}, …, with every step from 1 on. "
        f"{remedy}"
    )


def _remedy_of_leads(leads: list[tuple[int, str]], targets: list[Any]) -> str:
    columns = list(dict.fromkeys(column for _, column in leads))
    horizon = max(step for step, _ in leads)
    if leads == [(step, column) for step in range(1, horizon + 1) for column in columns]:
        return f"Use target={_one_or_all(columns)!r}, as in y."
    return f"Fit y = leads(table, {_one_or_all(targets)!r}, horizon={horizon}), without a gap."


def _one_or_all(names: Sequence[Any]) -> Any:
    """Return names as a user writes them."""
    return names[0] if len(names) == 1 else names


def check_ends(table: pd.DataFrame, rows: SortedRows, targets: list[Any]) -> None:
    """Raise an error if the last row of a series has no value of a target."""
    series = series_starts(rows.labels, rows.order)
    is_end = np.diff(series, append=-1) != 0
    for name in targets:
        is_missing = table[name].isna().to_numpy()[rows.order]
        if (is_end & is_missing).any():
            end = int((is_end & is_missing).argmax())
            own = is_missing[series[end] : end + 1]
            count = len(own) if own.all() else int((~own[::-1]).argmax())
            label = rows.labels[[rows.order[end]]].tolist()[0]
            raise ValueError(_no_value_at_the_end(name, count, label, table, targets))


def _no_value_at_the_end(
    name: Any, count: int, label: Any, table: pd.DataFrame, targets: list[Any]
) -> str:
    if count == len(table):
        return f"The table has no value of {name!r}. End the table at its last known value."
    which, have = ("last row", "has") if count == 1 else (f"last {count} rows", "have")
    others = "and pass the coming values of the other columns in known: forecast(..., "
    if isinstance(label, tuple):
        return (
            f"The {which}{_of_series(label)} {have} no value of {name!r}. End every series at its "
            f"last known value, {others}table.dropna(subset={targets!r}), known=table)"
        )
    rows = "table" if table.index.is_monotonic_increasing else "table.sort_index()"
    return (
        f"The {which} of the table {have} no value of {name!r}. End the table at the last known "
        f"value, {others}{rows}[:-{count}], known={rows}[-{count}:])"
    )


def find_sources(
    estimator: Any, table: pd.DataFrame, known: pd.DataFrame | None, targets: list[Any]
) -> Sources:
    """Return where the features of the estimator come from, or raise an error."""
    features = getattr(estimator, "feature_names_in_", None)
    if features is None:
        raise ValueError(
            f"The {type(estimator).__name__} does not know the columns of X. Fit it on a DataFrame "
            "whose columns are named by strings, so that they are found in the table."
        )
    of_known = [] if known is None or not len(known) else list(known.columns)
    return {name: _find_source(name, list(table.columns), of_known, targets) for name in features}


def _find_source(
    name: str, table: list[Any], known: list[Any], targets: list[Any]
) -> tuple[Any, int]:
    if name in table:
        return name, 0
    step, column = parse_lead_name(name) or (0, name)
    if step and column in targets:
        raise ValueError(
            f"The estimator was fitted on the column {name!r}, the coming values of the target "
            f"{column!r}, which are not known before the forecast. Fit it without this column."
        )
    if column in [*table, *known]:
        return column, step
    raise ValueError(_no_source(name, step, column, table))


def _no_source(name: str, step: int, column: str, table: list[Any]) -> str:
    fitted, columns = f"The estimator was fitted on the column {name!r}", listed(table)
    if step:
        return (
            f"{fitted}, the coming values of {column!r}, but neither the table nor known has the "
            f"column {column!r}. Columns of the table: {columns}."
        )
    lag = re.fullmatch(r"t\d+_(.+)", name, re.DOTALL)
    if lag is not None and lag[1] in table:
        remedy = (
            f" If it is a lag of {lag[1]!r}, use a SequenceWindower in the Pipeline, and fit it on "
            "the table itself."
        )
    else:
        remedy = did_you_mean(name, map(str, table))
    return f"{fitted}, which the table does not have. Columns of the table: {columns}.{remedy}"


def continue_columns(
    sources: Sources,
    table: pd.DataFrame,
    known: pd.DataFrame | None,
    targets: list[Any],
    found: _Positions,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the columns in the rows of the table and in those to come, and where they lack values.

    `found` are the rows of known for all of these rows. In place of a missing value is any other
    one of the column, which keeps the dtype.
    """
    columns, is_missing = {}, {}
    for name in dict.fromkeys(name for name, _ in sources.values()):
        values, place = _read_column(name, table, known, found, name in targets)
        columns[name] = values.iloc[place].array
        is_missing[name] = place < 0
    return pd.DataFrame(columns), pd.DataFrame(is_missing)


def _read_column(
    name: Any, table: pd.DataFrame, known: pd.DataFrame | None, found: _Positions, is_target: bool
) -> tuple[pd.Series, _Positions]:
    """Return values of the table and of known, and the position of the value of every row."""
    parts = [table[name]] if name in table.columns else []
    n_rows = sum(map(len, parts))
    place = np.full(len(found), -1)
    if is_target:
        # 0 until it is forecast. A float, so that a column of integers can take the forecasts.
        parts.append(pd.Series(np.zeros(1, np.float32)))
        place[:] = n_rows
    elif known is not None and name in known.columns:
        parts.append(known[name])
        has_value = np.append(known[name].notna(), False)  # the last one is for -1
        place = np.where(has_value[found], n_rows + found, -1)
    place[:n_rows] = np.arange(n_rows)
    return pd.concat(parts, ignore_index=True), place


def make_X(sources: Sources, columns: pd.DataFrame, timeline: Timeline) -> pd.DataFrame:
    """Return the features in the rows of X."""
    features = {
        feature: columns[name].iloc[timeline.rows(step)].array
        for feature, (name, step) in sources.items()
    }
    return pd.DataFrame(features, index=timeline.labels[timeline.rows()])


def check_known(
    sources: Sources,
    is_missing: pd.DataFrame,
    timeline: Timeline,
    known: pd.DataFrame | None,
    now: int,
    reason: str = "",
) -> None:
    """Raise an error if the rows of X up to `now` rows after the table need a missing value."""
    is_seen = timeline.ahead <= now
    for name in is_missing.columns:
        is_needed = np.zeros(len(is_missing), dtype=bool)
        for step in {step for source, step in sources.values() if source == name}:
            is_needed[timeline.rows(step)[is_seen]] = True
        labels = timeline.labels[is_needed & is_missing[name].to_numpy()]
        if len(labels):
            raise ValueError(_missing(name, labels, known, reason))


def _missing(name: Any, labels: pd.Index, known: pd.DataFrame | None, reason: str) -> str:
    """Describe values that are neither in the table nor known."""
    label = labels[[int(times_of(labels).argmin())]].tolist()[0]
    if known is None:
        where = "known is None"
    elif name in known.columns:
        where = f"known has no value there: {_span_of(known.index, label)}"
    else:
        where = f"the columns of known are {listed(known.columns)}"
    at = _day_or_time(label[-1] if isinstance(label, tuple) else label) + _of_series(label)
    more = f" In all, {len(labels)} values of {name!r} are missing." if len(labels) > 1 else ""
    return (
        f"The forecast needs a value of {name!r} at {at}, but {where}.{more} Pass known with the "
        f"values of {name!r} in the rows to come, and an index like that of the table, or of only "
        f"the times.{reason}"
    )


def _span_of(known: pd.Index, label: Any) -> str:
    """Describe from when to when known goes, in the series of a label."""
    series = ""
    if isinstance(known, pd.MultiIndex):
        known = known[known.droplevel(-1).isin([label[0] if len(label) == 2 else label[:-1]])]
        series = _of_series(label)
    if not len(known):
        return f"known has no rows{series}"
    first, last = (_day_or_time(time) for time in (times_of(known).min(), times_of(known).max()))
    return f"known goes from {first} to {last}{series}"


def _day_or_time(time: Any) -> str:
    return str(time).removesuffix(" 00:00:00")


def _of_series(label: Any) -> str:
    """Name the series of a label; empty if the table is one series."""
    return of_series(label[:-1]) if isinstance(label, tuple) else ""


def find_known(known: pd.DataFrame | None, labels: pd.Index, step: Any) -> _Positions:
    """Return the row position in known of every label; -1 where there is none."""
    if known is None:
        return np.full(len(labels), -1)
    times, wanted = times_of(known.index), times_of(labels)
    if "f" in (times.dtype.kind, wanted.dtype.kind):  # 0.1 + 0.2 is not 0.3
        times, wanted = (pd.Index(np.rint(i.to_numpy() / step * 1e6)) for i in (times, wanted))
    if known.index.nlevels == 1 or labels.nlevels == 1:
        return times.get_indexer(wanted)
    # As integers, because times in several levels are not found if their units differ.
    distinct = wanted.unique()
    moment = distinct.get_indexer(times)
    rows = np.flatnonzero(moment >= 0)
    of_known = _with_times(known.index[rows], moment[rows])
    found = of_known.get_indexer(_with_times(labels, distinct.get_indexer(wanted)))
    return np.append(rows, -1)[found]


def _with_times(index: pd.Index, times: _Positions) -> pd.Index:
    outer = [index.get_level_values(level) for level in range(index.nlevels - 1)]
    return pd.MultiIndex.from_arrays([*outer, times])
