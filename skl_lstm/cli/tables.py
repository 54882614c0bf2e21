"""Reading the user's table, and refusing what cannot be forecast from."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skl_lstm import SequenceWindower, datasets

from .arguments import DEFAULT_TARGET
from .errors import CommandError, counted, listed, one_line


def read_table(csv: Path | None, time_column: str | None) -> pd.DataFrame:
    """Read the user's CSV, or the embedded data, in the order of time."""
    if csv is None:
        return datasets.load_seattle_weather()
    try:
        table = pd.read_csv(csv)
    except (OSError, UnicodeError, ValueError) as error:  # pandas' parser errors are ValueErrors
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CommandError(f"cannot read {csv}: {one_line(reason)}") from error
    return table if time_column is None else order_by_time(table, time_column)


def order_by_time(table: pd.DataFrame, time_column: str) -> pd.DataFrame:
    """Index the table by its time column, oldest first."""
    check_column(table, time_column)
    try:
        times = pd.to_datetime(table[time_column])
    except (ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise CommandError(f"column {time_column!r} holds no dates: {reason}") from error
    if times.isna().any():
        raise CommandError(f"column {time_column!r} has {times.isna().sum()} missing dates")
    if times.duplicated().any():
        first = times[times.duplicated()].iloc[0]
        raise CommandError(f"column {time_column!r} has {first} more than once")
    return table.drop(columns=time_column).set_index(pd.DatetimeIndex(times)).sort_index()


def choose_target(table: pd.DataFrame, target: str | None, *, from_csv: bool) -> str:
    """Return the column to forecast, which must hold numbers."""
    numeric = list(table.select_dtypes("number").columns)
    if not numeric:
        raise CommandError(f"none of these columns holds numbers: {listed(table.columns)}")
    if target is None and from_csv and len(numeric) != 1:
        raise CommandError(f"which column to forecast? --target one of: {listed(numeric)}")
    if target is None:
        target = numeric[0] if from_csv else DEFAULT_TARGET
    check_numeric(table, target)
    return target


def select_features(
    table: pd.DataFrame, target: str, features: Sequence[str] | None
) -> pd.DataFrame:
    """Return the columns to read as float64, the target among them; none may miss a value."""
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
            f"missing values in {listed(gaps.index)}; fill them first, or choose other --features"
        )
    return as_finite(series)


def as_finite(series: pd.DataFrame) -> pd.DataFrame:
    """Return columns as float64; none may hold an infinite value."""
    if not np.isfinite(series.to_numpy(dtype=float)).all():
        raise CommandError("the table holds infinite values; replace them first")
    return series.astype(float)


def read_features(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the columns that a model was trained on, as float64; none may miss a value."""
    if not len(table):
        raise CommandError("the table has no rows")
    for name in names:
        check_numeric(table, name)
    rows = table[list(names)]
    missing = rows.isna().sum()
    if len(gaps := missing[missing > 0]):
        raise CommandError(f"missing values in {listed(gaps.index)}; fill or drop them first")
    return as_finite(rows)


def rows_with_future(
    series: pd.DataFrame, target: str, horizon: int
) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the rows that are followed by `horizon` more, and those values of the target."""
    # Windows know where the holes are: one that ends `horizon` rows later must be whole.
    windower = SequenceWindower(timesteps=horizon + 1, padding=np.nan)
    windows = windower.fit_transform(series[[target]])[:, :, 0]
    if holes := int(np.isnan(windows[1:, -2]).sum()):
        print(
            f"skl-lstm: note: {holes} steps in {series.index.name!r} are longer than the usual "
            f"{windower.max_gap_}; no window crosses them",
            file=sys.stderr,
        )
    rows = np.flatnonzero(~np.isnan(windows[horizon:]).any(axis=1))
    future = windows[rows + horizon, 1:]
    return rows, future[:, 0] if horizon == 1 else future


def split_tail(rows: int, args: argparse.Namespace) -> tuple[int, int]:
    """Return how many rows to tune on, from the oldest on, and how many to report on.

    Between the two, ``horizon - 1`` rows are left out: their targets reach into the tail,
    and at the time of its first forecast nobody could have known them.
    """
    n_test = int(rows * args.test_size)
    n_train = rows - n_test - (args.horizon - 1)
    # As TimeSeriesSplit cuts them.
    fold = n_train // (args.folds + 1)
    first_train = n_train - args.folds * fold - (args.horizon - 1)
    if min(n_test, fold) < 1 or first_train < max(args.timesteps):
        raise CommandError(
            f"{counted(rows, 'row')} with a future of {counted(args.horizon, 'step')} are too few: "
            f"with {args.folds} folds and a held-out share of {args.test_size} the first "
            f"network would learn from {max(first_train, 0)}, which is not one window of "
            f"{max(args.timesteps)} timesteps; use fewer timesteps or folds"
        )
    return n_train, n_test


def check_column(table: pd.DataFrame, name: str) -> None:
    """Refuse an unknown column by naming those there are."""
    if name not in table.columns:
        raise CommandError(f"no column {name!r}; the columns are: {listed(table.columns)}")


def check_numeric(table: pd.DataFrame, name: str) -> None:
    """Refuse a column that holds no numbers by naming those that do."""
    check_column(table, name)
    numeric = table.select_dtypes("number").columns
    if name not in numeric:
        raise CommandError(f"column {name!r} holds no numbers; those that do: {listed(numeric)}")


def as_columns(y: Any) -> NDArray[Any]:
    """View (n,) and (n, horizon) targets alike, as (n, horizon)."""
    return np.asarray(y).reshape(len(y), -1)
