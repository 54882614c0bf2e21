"""Reading and checking of the table."""

import argparse
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import infer_dtype

from skl_lstm import SequenceWindower, TimeSplit, datasets, leads

from .arguments import DEFAULT_TARGET
from .csv_text import mark_missing, read_cells
from .dates import are_dates, has_text
from .decimals import mostly_have_digits, read_numbers, why_text
from .errors import (
    CommandError,
    comma_separated,
    count_and_noun,
    one_line,
    print_note,
    warnings_as_notes,
)
from .labels import check_series, check_unique, label_rows
from .missing import fill_missing
from .reading import Reading
from .time_columns import find_time_columns, join_columns, remark_on_time

Positions = NDArray[np.intp]


class Table(NamedTuple):
    """The rows of a file, and how it was read, so that later files can be read in the same way."""

    rows: pd.DataFrame
    reading: Reading


def read_table(
    path: Path | str | None,
    reading: Reading | None = None,
    *,
    needs_series: bool = True,
    remark: Callable[[str], None] = print_note,
) -> Table:
    """Read a file, or the embedded data if there is none.

    The index is the time, after the columns of series if there are any, and the rows are sorted by
    it. Without a time, the rows keep the order of the file. Without `needs_series`, a table without
    any column of series holds times only. `remark` gets sentences on what was found.
    """
    reading = reading or Reading()
    if path is None:
        rows = datasets.load_seattle_weather()
        return Table(rows, reading._replace(time_columns=(str(rows.index.name),)))
    table, separator = read_columns(Path(path), reading, remark)
    if not needs_series and not set(reading.series) & set(table.columns):
        reading = reading._replace(series=())
    for name in reading.series:
        check_column(table, name, "--series")
    for name in reading.times:
        check_column(table, name, "--time-column")
    if reading.time_columns is None:
        reading = reading._replace(time_columns=find_time_columns(table, reading.series))
        if found := remark_on_time(table, reading.times):
            remark(found)
    check_series(reading.series, reading.times)
    joined = join_columns(table, reading)
    rows, found_reading = convert_columns(joined, separator, reading, remark)
    if reading.time is None:
        return Table(rows, found_reading)
    labels: Any = rows.index
    check_unique(labels, rows, reading.times)
    return Table(rows.sort_index(), found_reading)


def convert_columns(
    table: pd.DataFrame,
    separator: str | None,
    reading: Reading,
    remark: Callable[[str], None],
) -> Table:
    """Convert text to numbers, and label the rows with their series and times."""
    series, time = list(reading.series), reading.time
    others = table.drop(columns=series)
    if separator is not None:
        others = mark_missing(others)
    with_series = table[series].join(others)
    others = others.drop(columns=[time] if time else [])
    if separator is not None:
        others, decimal = read_numbers(
            others, separator, reading.decimal, reading.usual_decimal, remark
        )
        reading = reading._replace(usual_decimal=decimal or reading.usual_decimal)
    if time is None:
        return Table(others, reading)
    labels, times = label_rows(with_series, reading, remark)
    reading = reading._replace(day_first=times.day_first, time_format=times.time_format)
    return Table(others.set_axis(labels), reading)


def read_columns(
    path: Path, reading: Reading, remark: Callable[[str], None]
) -> tuple[pd.DataFrame, str | None]:
    """Return the columns of a file and their separator, which is None if they have types."""
    if path.suffix == ".parquet":
        return read_parquet(path), None
    return read_cells(path, reading, remark)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file. Its index, such as the times, becomes columns."""
    try:
        table = pd.read_parquet(path)
    except ImportError as error:
        raise CommandError(
            f"cannot read {path}: reading Parquet needs pyarrow; install it with: pip install "
            "pyarrow"
        ) from error
    except (OSError, ValueError) as error:  # the errors of pyarrow are ValueErrors
        raise CommandError(f"cannot read {path}: {one_line(str(error))}") from error
    if table.index.names != [None]:
        table = table.reset_index()
    table = table.rename(columns=str).reset_index(drop=True)
    kinds = {str(name): infer_dtype(table[name], skipna=True) for name in table}
    days = {name: pd.to_datetime(table[name]) for name, kind in kinds.items() if kind == "date"}
    clocks = {name: table[name].map(str) for name, kind in kinds.items() if kind == "time"}
    return table.assign(**days, **clocks)


def choose_target(table: pd.DataFrame, target: str | None, *, from_csv: bool) -> str:
    """Return the name of the column to forecast, which must be numeric."""
    if not len(table):
        raise CommandError("the table has no rows")
    numeric = list(table.select_dtypes("number").columns)
    if not numeric:
        columns = f"the columns are: {comma_separated(table.columns)}"
        shown = [target] if target in table else list(table.columns[:3])
        raise CommandError(
            f"no column is numeric; {columns if len(table.columns) else 'all are times or series'}"
            f"{why_no_numbers(table, shown)}"
        )
    if target is None:
        target = find_target(table, numeric) if from_csv else DEFAULT_TARGET
    check_numeric(table, target)
    return target


def find_target(table: pd.DataFrame, numeric: list[str]) -> str:
    """Return the only numeric column, if no other one could be meant as the target."""
    like_numbers = [name for name in table if is_left_out(table[name])]
    if len(numeric) == 1 and not like_numbers:
        return numeric[0]
    raise CommandError(
        f"choose the column to forecast with --target, one of: {comma_separated(numeric)}"
        f"{why_no_numbers(table, like_numbers)}"
    )


def is_left_out(values: pd.Series) -> bool:
    """Return whether a column of text may be meant as numbers, such as 5% or $10.50."""
    return has_text(values) and mostly_have_digits(values) and not are_dates(values.dropna())


def why_no_numbers(table: pd.DataFrame, names: Iterable[Any]) -> str:
    """Return how a sentence goes on that says why columns are not numeric."""
    reasons = [f"; {name!r}: {why_text(table[name])}" for name in names if has_text(table[name])]
    return "".join(reasons)


def select_features(
    table: pd.DataFrame,
    target: str,
    features: Sequence[str] | None,
    fill: str | None = None,
    remark: Callable[[str], None] = print_note,
    cut: Any = None,
) -> pd.DataFrame:
    """Return the features and the target as float64. Fill missing values, or raise if there are.

    `cut` is the time up to which `fill` may interpolate.
    """
    for name in features or []:
        check_numeric(table, name)
    if features is None:
        remark_on_text(table, remark)
    columns = table.select_dtypes("number").columns if features is None else features
    return fill_and_check(table, list(dict.fromkeys([*columns, target])), fill, remark, cut)


def remark_on_text(table: pd.DataFrame, remark: Callable[[str], None]) -> None:
    """Name the columns of text that are left out, but may be meant as numbers."""
    for name in table.columns:
        if is_left_out(table[name]):
            remark(f"column {name!r} is left out: {why_text(table[name])}")


def fill_and_check(
    table: pd.DataFrame,
    names: Sequence[str],
    fill: str | None,
    remark: Callable[[str], None],
    cut: Any = None,
) -> pd.DataFrame:
    """Return columns as float64. Fill missing values, or raise; raise if a value is infinite."""
    filled = fill_missing(table[list(names)], names, fill, cut)
    if filled.remark:
        remark(filled.remark)
    return to_finite_float(filled.table)


def to_finite_float(series: pd.DataFrame) -> pd.DataFrame:
    """Return the columns as float64. Raise if a value is infinite."""
    if not np.isfinite(series.to_numpy(dtype=float)).all():
        raise CommandError("the table contains infinite values; replace them first")
    return series.astype(float)


def read_features(
    table: pd.DataFrame,
    names: Sequence[str],
    fill: str | None = None,
    remark: Callable[[str], None] = print_note,
) -> pd.DataFrame:
    """Return the columns that a model was trained on as float64, without missing values."""
    if not len(table):
        raise CommandError("the table has no rows")
    for name in names:
        check_numeric(table, name)
    return fill_and_check(table, names, fill, remark)


def fill_features(table: pd.DataFrame, names: Sequence[str], fill: str | None) -> pd.DataFrame:
    """Fill the missing values of features if this is wanted; the table has other columns, too."""
    if fill is None:
        return table
    numeric = table.select_dtypes("number").columns
    filled = fill_missing(table, [name for name in names if name in numeric], fill)
    if filled.remark:
        print_note(filled.remark)
    return filled.table


def targets_are_read(
    table: pd.DataFrame, series: pd.DataFrame, target: str, horizon: int
) -> NDArray[np.bool_]:
    """Return for every row with a future whether its targets are values of the file.

    `series` are the rows of the table in which missing values are filled or dropped.
    """
    is_filled = table.loc[series.index, target].isna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # next_values has printed the notes already
        filled = as_columns(leads(is_filled, horizon=horizon))
    return np.logical_not(filled.any(axis=1))


def report_holes(series: pd.DataFrame) -> None:
    """Print a note on the holes in time, which no window and no target crosses."""
    # Windows of two rows are padded at the first row, and after every hole.
    windower = SequenceWindower(timesteps=2, padding=np.nan)
    with padded_windows_ignored():
        windows = windower.fit_transform(series)
    if holes := int(np.isnan(windows[:, 0, 0]).sum()) - count_series(series):
        usual = windower.max_gap_
        if isinstance(usual, int):  # a number of months
            usual = count_and_noun(usual, "month")
        print_note(
            f"{count_and_noun(holes, 'hole')} in {series.index.names[-1] or 'row'!r}, where a "
            f"step is at least 1.5 times the usual {usual}; no window crosses a hole"
        )


def count_series(table: pd.DataFrame) -> int:
    """Return the number of series, which the outer levels of the index name."""
    series = [table.index.get_level_values(level) for level in range(table.index.nlevels - 1)]
    return len(set(zip(*series, strict=True))) if series else 1


def next_values(series: pd.DataFrame, target: str, horizon: int) -> pd.Series | pd.DataFrame:
    """Return the next values of the target, for the rows that have all of them."""
    try:
        with warnings_as_notes():
            return leads(series, target, horizon=horizon)
    except ValueError as error:
        raise CommandError(one_line(str(error))) from error


@contextmanager
def padded_windows_ignored() -> Iterator[None]:
    """Ignore the warning that more than half of the windows of a call are padded."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\d+ of \d+ windows are padded", UserWarning)
        yield


def split_rows(X: pd.DataFrame, args: argparse.Namespace) -> tuple[Positions, Positions]:
    """Return the positions of the training rows and of the test rows.

    Several series are cut at one moment.
    """
    if X.index.nlevels == 1:
        n_train, n_test = split_tail(len(X), args)
        return np.arange(n_train), np.arange(len(X) - n_test, len(X))
    _, n_test = split_tail(X.index.get_level_values(-1).nunique(), args, "time")
    try:
        ((train, test),) = TimeSplit(1, test_size=n_test, horizon=args.horizon).split(X)
    except ValueError as error:
        raise CommandError(one_line(str(error))) from error
    return train, test


def find_cut(table: pd.DataFrame, target: str, args: argparse.Namespace) -> Any:
    """Return the time of the first held-out row, up to which "interpolate" may use values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # next_values will print the notes
        # The values are zeros, because the rows decide, and no value may be missing.
        future = next_values(pd.DataFrame({target: 0.0}, table.index), target, args.horizon)
    X = table.loc[future.index]
    _, test = split_rows(X, args)
    return X.index[test].get_level_values(-1).min()


def split_tail(rows: int, args: argparse.Namespace, noun: str = "row") -> tuple[int, int]:
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
            f"{count_and_noun(rows, noun)} with a future of "
            f"{count_and_noun(args.horizon, 'step')} are too few: with {args.folds} folds and "
            f"--test-size {args.test_size}, the first fold would train on "
            f"{count_and_noun(max(first_train, 0), noun)}, but it needs at least one window of "
            f"{count_and_noun(max(args.timesteps), 'timestep')}; use fewer timesteps or folds"
        )
    return n_train, n_test


def numeric_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that hold numbers, as float64."""
    if not len(table):
        raise CommandError("the table has no rows")
    return table.select_dtypes("number").astype(float)


def check_column(table: pd.DataFrame, name: str, option: str = "") -> None:
    """Raise if a column does not exist; the message lists the existing columns."""
    if name not in table.columns:
        remedy = f"; name it with {option}" if option else ""
        raise CommandError(
            f"no column {name!r}; the columns are: {comma_separated(table.columns)}{remedy}"
        )


def check_numeric(table: pd.DataFrame, name: str) -> None:
    """Raise if a column is not numeric; the message lists the numeric columns."""
    check_column(table, name)
    numeric = table.select_dtypes("number").columns
    if name not in numeric:
        others = f"the numeric columns are: {comma_separated(numeric)}"
        reason = f"; {why_text(table[name])}" if has_text(table[name]) else ""
        raise CommandError(
            f"column {name!r} is not numeric; {others if len(numeric) else 'no column is numeric'}"
            f"{reason}"
        )


def as_columns(y: Any) -> NDArray[Any]:
    """Return targets of shape (n,) or (n, horizon) as (n, horizon)."""
    return np.asarray(y).reshape(len(y), -1)


def forecast_columns(name: str, n_outputs: int, has_bounds: bool) -> list[str]:
    """Return the columns of `predict`: load+1, load+1_lower, load+1_upper, load+2, …"""
    ends = ["", "_lower", "_upper"] if has_bounds else [""]
    return [f"{name}+{i}{end}" for i in range(1, n_outputs + 1) for end in ends]


def check_coverage(coverage: float, n_rows: int, measured: str) -> None:
    """Raise if too few rows measure the errors for a coverage."""
    highest = n_rows / (n_rows + 1)
    if coverage > highest + 1e-9:  # the rounding error of a coverage such as 0.9
        raise CommandError(
            f"--coverage {coverage:g} needs more rows: {measured}, which is enough for a coverage "
            f"of up to {highest:.3g}"
        )
