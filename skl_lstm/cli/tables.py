"""Reading and checking of the table."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skl_lstm import SequenceWindower, datasets, leads

from .arguments import DEFAULT_TARGET
from .errors import CommandError, comma_separated, count_and_noun, one_line


def read_table(csv: Path | None, time_column: str | None) -> pd.DataFrame:
    """Read the CSV, or the embedded data if there is none. Sort the rows by the time column."""
    if csv is None:
        return datasets.load_seattle_weather()
    try:
        table = pd.read_csv(csv)
    except (OSError, UnicodeError, ValueError) as error:  # pandas' ParserError is a ValueError
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CommandError(f"cannot read {csv}: {one_line(reason)}") from error
    return table if time_column is None else order_by_time(table, time_column)


def order_by_time(table: pd.DataFrame, time_column: str) -> pd.DataFrame:
    """Set the time column as the index and sort the rows by it, oldest first."""
    check_column(table, time_column)
    try:
        times = pd.to_datetime(table[time_column])
    except (ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise CommandError(f"column {time_column!r} does not contain dates: {reason}") from error
    if times.isna().any():
        raise CommandError(f"column {time_column!r} has {times.isna().sum()} missing dates")
    if times.duplicated().any():
        first = times[times.duplicated()].iloc[0]
        raise CommandError(
            f"column {time_column!r} contains {first} more than once, but the command reads one "
            "series with one row for each time"
        )
    return table.drop(columns=time_column).set_index(pd.DatetimeIndex(times)).sort_index()


def choose_target(table: pd.DataFrame, target: str | None, *, from_csv: bool) -> str:
    """Return the name of the column to forecast, which must be numeric."""
    numeric = list(table.select_dtypes("number").columns)
    if not numeric:
        raise CommandError(
            f"no column is numeric; the columns are: {comma_separated(table.columns)}"
        )
    if target is None and from_csv and len(numeric) != 1:
        raise CommandError(
            f"choose the column to forecast with --target, one of: {comma_separated(numeric)}"
        )
    if target is None:
        target = numeric[0] if from_csv else DEFAULT_TARGET
    check_numeric(table, target)
    return target


def select_features(
    table: pd.DataFrame, target: str, features: Sequence[str] | None
) -> pd.DataFrame:
    """Return the features and the target as float64. Raise if a value is missing."""
    for name in features or []:
        check_numeric(table, name)
    columns = table.select_dtypes("number").columns if features is None else features
    series = table[list(dict.fromkeys([*columns, target]))]
    missing = series.isna().sum()
    if missing[target]:
        first = series.index[series[target].isna()][0]
        raise CommandError(
            f"column {target!r} has {missing[target]} missing values, the first at {first}; "
            "fill or drop them first"
        )
    if len(gaps := missing[missing > 0]):
        raise CommandError(
            f"missing values in {comma_separated(gaps.index)}; fill them first, or choose other "
            "--features"
        )
    return to_finite_float(series)


def to_finite_float(series: pd.DataFrame) -> pd.DataFrame:
    """Return the columns as float64. Raise if a value is infinite."""
    if not np.isfinite(series.to_numpy(dtype=float)).all():
        raise CommandError("the table contains infinite values; replace them first")
    return series.astype(float)


def read_features(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the columns that a model was trained on as float64. Raise if a value is missing."""
    if not len(table):
        raise CommandError("the table has no rows")
    for name in names:
        check_numeric(table, name)
    rows = table[list(names)]
    missing = rows.isna().sum()
    if len(gaps := missing[missing > 0]):
        raise CommandError(
            f"missing values in {comma_separated(gaps.index)}; fill or drop them first"
        )
    return to_finite_float(rows)


def report_holes(series: pd.DataFrame) -> None:
    """Print a note on the holes in time, which no window and no target crosses."""
    # Windows of two rows are padded at the first row, and after every hole.
    windower = SequenceWindower(timesteps=2, padding=np.nan)
    with padded_windows_ignored():
        windows = windower.fit_transform(series)
    if holes := int(np.isnan(windows[:, 0, 0]).sum()) - 1:
        usual = windower.max_gap_
        if isinstance(usual, int):  # a number of months
            usual = count_and_noun(usual, "month")
        print(
            f"skl-lstm: note: {count_and_noun(holes, 'hole')} in {series.index.name!r}, where a "
            f"step is at least 1.5 times the usual {usual}; no window crosses a hole",
            file=sys.stderr,
        )


def next_values(series: pd.DataFrame, target: str, horizon: int) -> pd.Series | pd.DataFrame:
    """Return the next values of the target, for the rows that have all of them."""
    try:
        return leads(series, target, horizon=horizon)
    except ValueError as error:
        raise CommandError(one_line(str(error))) from error


@contextmanager
def padded_windows_ignored() -> Iterator[None]:
    """Ignore the warning that more than half of the windows of a call are padded."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\d+ of \d+ windows are padded", UserWarning)
        yield


def split_tail(rows: int, args: argparse.Namespace) -> tuple[int, int]:
    """Return the number of training rows at the start and of test rows at the end.

    ``horizon - 1`` rows between them are left out. Their targets extend beyond the time of the
    first test row, so they would not be known when the first test forecast is made.
    """
    n_test = int(rows * args.test_size)
    n_train = rows - n_test - (args.horizon - 1)
    # TimeSplit computes the sizes of its folds in the same way.
    fold = n_train // (args.folds + 1)
    first_train = n_train - args.folds * fold - (args.horizon - 1)
    if min(n_test, fold) < 1 or first_train < max(args.timesteps):
        raise CommandError(
            f"{count_and_noun(rows, 'row')} with a future of "
            f"{count_and_noun(args.horizon, 'step')} are too few: with {args.folds} folds and "
            f"--test-size {args.test_size}, the first fold would train on "
            f"{count_and_noun(max(first_train, 0), 'row')}, but it needs at least one window of "
            f"{count_and_noun(max(args.timesteps), 'timestep')}; use fewer timesteps or folds"
        )
    return n_train, n_test


def numeric_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that hold numbers, as float64."""
    if not len(table):
        raise CommandError("the table has no rows")
    return table.select_dtypes("number").astype(float)


def check_column(table: pd.DataFrame, name: str) -> None:
    """Raise if a column does not exist; the message lists the existing columns."""
    if name not in table.columns:
        raise CommandError(f"no column {name!r}; the columns are: {comma_separated(table.columns)}")


def check_numeric(table: pd.DataFrame, name: str) -> None:
    """Raise if a column is not numeric; the message lists the numeric columns."""
    check_column(table, name)
    numeric = table.select_dtypes("number").columns
    if name not in numeric:
        raise CommandError(
            f"column {name!r} is not numeric; the numeric columns are: {comma_separated(numeric)}"
        )


def as_columns(y: Any) -> NDArray[Any]:
    """Return targets of shape (n,) or (n, horizon) as (n, horizon)."""
    return np.asarray(y).reshape(len(y), -1)
