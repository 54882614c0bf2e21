"""Hollow windows: most windows of a call are padded, and not because their series begins.

The arithmetic on indexes is in `time_index`. Arrays, which have no index, only use the messages.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._core.messages import counted


class HollowWindows(NamedTuple):
    """The numbers of the windows of a call that are padded, by the reasons."""

    rows: int  # of X
    in_hole: int  # windows that begin at a hole between two rows of X
    without_past: int  # number of these holes
    steps: tuple[Any, Any]  # the shortest and the longest step over these holes
    after_fit: int  # windows that begin at a hole between the rows of fit and too few rows of X
    too_short: int  # windows of series that have fewer rows than a window spans
    lengths: tuple[int, int]  # the least and the greatest number of rows of these series


def describe(hollow: HollowWindows, clock: str, max_gap: Any, is_usual: bool, span: int) -> str:
    """Describe the reasons why windows are padded, the more frequent one first."""
    reasons = []
    if hollow.in_hole:
        reasons.append((hollow.in_hole, _in_hole(hollow, clock, max_gap, is_usual)))
    if hollow.after_fit:
        reasons.append((hollow.after_fit, _after_fit(hollow, span)))
    if hollow.too_short:
        reasons.append((hollow.too_short, _in_short_series(hollow, span)))
    return " ".join(text for _, text in sorted(reasons, reverse=True))


def array_too_short(rows: int, span: int) -> str:
    """Describe windows of an array that has fewer rows than a window spans."""
    return (
        f"{rows} of {rows} windows are padded because X has {counted(rows, 'row')}, but a window "
        f"spans {counted(span, 'row')}. Use fewer timesteps, or pass more rows. For windows that "
        "include rows of fit, pass DataFrames to fit and transform."
    )


def length_of_time(step: Any, clock: str = "labels") -> str:
    """Format a step, a length of time as short as `pd.Timedelta` reads it."""
    if clock == "months":
        return "1 month" if step == 1 else f"{step} months"
    text = str(step).removeprefix("0 days ").removesuffix(" 00:00:00")
    return f"{text} without weekends" if clock == "weekdays" else text


def _in_hole(hollow: HollowWindows, clock: str, max_gap: Any, is_usual: bool) -> str:
    shortest, longest = map(length_of_time, hollow.steps)
    steps = shortest if shortest == longest else f"between {shortest} and {longest}"
    is_time = hasattr(hollow.steps[1], "isoformat")
    joining = f"pd.Timedelta({longest!r})" if is_time else longest
    return (
        f"{hollow.in_hole} of {hollow.rows} windows are padded because they begin at a hole in "
        f"time: {hollow.without_past} of {hollow.rows} rows have no row before them that is near "
        f"enough. {_limit(clock, max_gap, is_usual)}, but the steps over these holes are {steps}. "
        "If the rows are missing because X is a fold of a shuffled split, use folds forwards in "
        f"time, such as TimeSplit. If such rows are neighbours, max_gap={joining} joins them."
    )


def _after_fit(hollow: HollowWindows, span: int) -> str:
    return (
        f"{hollow.after_fit} of {hollow.rows} windows are padded because there is a hole in time "
        f"between the rows of fit and those of X, and fewer rows after it than the {span} rows "
        "that a window spans. Pass X with the rows before it, and drop their results."
    )


def _in_short_series(hollow: HollowWindows, span: int) -> str:
    fewest, most = hollow.lengths
    rows = counted(most, "row") if fewest == most else f"{fewest} to {counted(most, 'row')}"
    return (
        f"{hollow.too_short} of {hollow.rows} windows are padded because their series are too "
        f"short: each has {rows}, with those kept from fit, but a window spans "
        f"{counted(span, 'row')}. Use fewer timesteps, or pass more rows of each series."
    )


def _limit(clock: str, max_gap: Any, is_usual: bool) -> str:
    """Describe which rows are neighbours."""
    if is_usual and not max_gap:
        return "max_gap_ is 0 because fit saw no two rows of one series"
    near = "less than 1.5 times" if is_usual else "at most"
    return f"Neighbours are {near} max_gap_={length_of_time(max_gap, clock)} apart"
