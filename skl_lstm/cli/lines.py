"""Forecasts from rows on standard input, line by line."""

import csv
import io
import os
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from skl_lstm import Stream

from .csv_text import find_separator, split_cells
from .dates import names_hour
from .errors import CommandError, comma_separated, count_and_noun, one_line, print_note
from .files import SavedModel
from .labels import check_series
from .reading import Reading
from .tables import (
    as_columns,
    check_column,
    check_coverage,
    convert_columns,
    forecast_columns,
    read_features,
)
from .time_columns import join_columns


class Columns(NamedTuple):
    """The features in the lines that a model reads, and how to read them."""

    features: list[str]
    reading: Reading

    @property
    def time(self) -> str | None:
        """The name of the times of the rows."""
        return self.reading.time

    @property
    def series(self) -> tuple[str, ...]:
        """The columns that name the series of the rows."""
        return self.reading.series


def predict_lines(model: SavedModel, columns: Columns, coverage: float | None) -> int:
    """Forecast from every line of standard input at once, and return the exit code.

    It is 1 if a line was refused. The columns of the answers are those of `skl-lstm predict`.
    """
    try:
        lines = numbered_lines(columns.reading.encoding)
        return answer_lines(lines, model, columns, coverage)
    except BrokenPipeError:
        # The reader of the answers is gone. Python would fail to flush the rest at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def numbered_lines(encoding: str | None) -> Iterator[tuple[int, str]]:
    """Yield the lines of standard input that are not empty, with their numbers."""
    if sys.stdin is None:
        raise CommandError("standard input is closed")
    # Bytes that are no text make a cell that is no number, which is an error of its line only.
    source = io.TextIOWrapper(sys.stdin.buffer, encoding or "utf-8-sig", errors="replace")
    for number, line in enumerate(source, start=1):
        if line.strip():
            yield number, line.rstrip("\n") + "\n"


def answer_lines(
    lines: Iterator[tuple[int, str]],
    model: SavedModel,
    columns: Columns,
    coverage: float | None,
) -> int:
    """Print the forecasts from every line, or why it was refused."""
    _, head = next(lines, (1, ""))
    reader = RowReader(head, columns)
    writer = AnswerWriter(model.target or "forecast", columns, coverage is not None)
    stream = begin_stream(model, columns)
    check_labels(model.windower, columns)
    if coverage is not None:
        n_rows = len(model.pipeline.conformity_scores_)
        measured = f"{n_rows} rows have measured the errors of the model"
        check_coverage(coverage, n_rows, measured)
    writer.write_head(count_outputs(model, columns.time))
    n_refused = 0
    for number, line in lines:
        try:
            row = reader.read(line)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                forecasts = stream.push(row, coverage=coverage)
        except Exception as error:  # an estimator can raise any exception
            n_refused += 1
            reason = one_line(str(error))
            if not isinstance(error, CommandError):
                reason = first_sentence(reason)  # the next ones give advice for Python
            print(f"skl-lstm: line {number}: {reason}", file=sys.stderr, flush=True)
        else:
            for warning in caught:
                print_note(f"line {number}: {first_sentence(one_line(str(warning.message)))}")
            writer.write(forecasts, *reader.accept(line))
    return int(n_refused > 0)


def first_sentence(text: str) -> str:
    """Return the first sentence of a text. A point in quotes, as in a name, does not end it."""
    ends = (match.start() for match in re.finditer(r"\. (?=[A-Z])", text))
    return text[: next((end for end in ends if text[:end].count("'") % 2 == 0), None)]


def begin_stream(model: SavedModel, columns: Columns) -> Stream:
    """Return a stream after the rows that a model keeps, or of new series if rows have no time."""
    windower: Any = model.windower
    if columns.time is None and windower is not None and windower.history_ is not None:
        # The rows are numbered from 0, so those of the training are not before them.
        windower.history_ = windower.history_.head(0)
    try:
        return Stream(model.pipeline)
    except (TypeError, ValueError) as error:
        raise CommandError(f"cannot forecast: {first_sentence(one_line(str(error)))}") from error


def check_labels(windower: Any, columns: Columns) -> None:
    """Raise if the lines have no labels like those of the training, so that all are refused."""
    check_series(columns.series, columns.reading.times)
    if windower is None:  # it is in a pipeline within the pipeline
        return
    index = windower.history_.index
    has_dates = isinstance(index.get_level_values(-1), pd.DatetimeIndex)
    if has_dates and columns.time is None:
        raise CommandError(
            "the model was trained on rows with dates as their times; name their column with "
            "--time-column"
        )
    if not has_dates and columns.time is not None:
        raise CommandError(
            f"column {columns.time!r} cannot be the time of the rows, because the model was "
            "trained on rows without dates"
        )
    if len(columns.series) != index.nlevels - 1:
        raise CommandError(
            f"the model was trained on rows with {count_and_noun(index.nlevels - 1, 'column')} of "
            f"series; name as many with --series, not {len(columns.series)}"
        )


def count_outputs(model: SavedModel, time_column: str | None) -> int | None:
    """Return how many values are forecast from a row; None if this is not known before a row.

    So the header is printed before the first row is read. This also loads the compiled functions.
    """
    labels: Any = pd.RangeIndex(1)
    windower: Any = model.windower
    try:
        if time_column is not None:
            labels = one_label(windower.history_.index)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            zeros = pd.DataFrame(0.0, labels, model.features)
            return as_columns(model.pipeline.predict(zeros)).shape[1]
    except Exception:  # the row of zeros may be invalid for a step of the pipeline
        return None


def one_label(known: Any) -> Any:
    """Return the index of one row, like that of the rows that a windower keeps, which may be none.

    The last level holds dates.
    """
    if len(known):
        return known[:1]
    time = pd.DatetimeIndex(["2000-01-01"], tz=known.get_level_values(-1).tz, name=known.names[-1])
    series = [["one"]] * (known.nlevels - 1)
    return pd.MultiIndex.from_arrays([*series, time], names=known.names) if series else time


class RowReader:
    """Reads a line as the line of a file.

    Every line is read together with the first accepted one, which decides what both leave open,
    such as the order of day and month.
    """

    def __init__(self, head: str, columns: Columns) -> None:
        if not head:
            raise CommandError("standard input is empty; its first line must name the columns")
        self._head, self._columns = head, columns
        self._first, self._n_rows = "", 0
        self._label: Any = None  # of the last row
        self._format: str | None = None  # of its time
        self._remarks: set[str] = set()
        found, names = read_head(head, columns.reading)
        # The header of one column does not show whether a comma is part of the numbers.
        is_known = len(names.columns) > 1 or columns.reading.separator is not None
        self._separator = found if is_known else None
        for name in [*columns.features, *columns.series, *columns.reading.times]:
            check_column(names, name)

    def read(self, line: str) -> pd.DataFrame:
        """Return the row of a line with its features."""
        text, columns = self._head + self._first + line, self._columns
        separator = self._separator or find_separator(text)
        if ends_in_quotes(line, separator):
            raise CommandError(
                "a quoted cell does not end in this line; a cell may not contain a line break"
            )
        n_cells, n_columns = count_cells(line, separator), count_cells(self._head, separator)
        if n_cells != n_columns:
            raise CommandError(f"it has {n_cells} cells, but the header has {n_columns}")
        reading = columns.reading
        cells = split_cells(text, separator, header=True)
        table = join_columns(cells, reading)
        row = convert_columns(table, separator, reading, self._remark).rows[-1:]
        if missing := [name for name in columns.features if row[name].isna().any()]:
            raise CommandError(f"it has no value in {comma_separated(missing)}")
        row = read_features(row, columns.features)
        if columns.time is None:
            self._label = pd.Index([self._n_rows])
            return row.set_axis(self._label)
        self._label, cell = row.index, str(table[columns.time].iloc[-1])
        time: Any = row.index.get_level_values(-1)
        # pandas would write the time of one row at midnight as a day.
        is_hour = time.tz is None and names_hour(cell, reading.time_format)
        self._format = "%Y-%m-%d %H:%M:%S" if is_hour and time[0] == time[0].normalize() else None
        return row

    def accept(self, line: str) -> tuple[pd.Index, str | None]:
        """Note that the row of a line was used, and return its label and the form of its time."""
        self._n_rows += 1
        self._first = self._first or line
        return self._label, self._format

    def _remark(self, text: str) -> None:
        """Print a note on how lines are read, once."""
        if text not in self._remarks:
            self._remarks.add(text)
            print_note(text)


class AnswerWriter:
    """Prints forecasts in the format of `skl-lstm predict`, each at once."""

    def __init__(self, name: str, columns: Columns, has_bounds: bool) -> None:
        self._name, self._labels = name, [*columns.series, columns.time or "row"]
        self._has_bounds, self._has_head = has_bounds, False

    def write_head(self, n_outputs: int | None) -> None:
        """Print the names of the columns, if their number is known."""
        if n_outputs is None or self._has_head:
            return
        columns = forecast_columns(self._name, n_outputs, self._has_bounds)
        self._print(pd.DataFrame(columns=[*self._labels, *columns]).to_csv(index=False))
        self._has_head = True

    def write(self, forecasts: pd.DataFrame, label: pd.Index, date_format: str | None) -> None:
        """Print the forecasts from one row."""
        self.write_head(forecasts.shape[1] // (3 if self._has_bounds else 1))
        self._print(forecasts.set_axis(label).to_csv(header=False, date_format=date_format))

    @staticmethod
    def _print(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def read_head(head: str, reading: Reading) -> tuple[str, pd.DataFrame]:
    """Return the separator in the header, and a table without rows that has its names."""
    try:
        separator = reading.separator or find_separator(head)
        if ends_in_quotes(head, separator):
            raise CommandError(
                "a quoted name does not end in the first line of standard input; a name may not "
                "contain a line break"
            )
        return separator, split_cells(head, separator, reading.header)
    except (ValueError, csv.Error) as error:  # pandas' ParserError is a ValueError
        raise CommandError(f"cannot read the names of columns: {one_line(str(error))}") from error


def ends_in_quotes(line: str, separator: str) -> bool:
    """Return whether a quoted cell in a line of CSV goes on in the next line."""
    return len(list(read_records([line, "next"], separator))) == 1


def count_cells(line: str, separator: str) -> int:
    """Return the number of cells in a line of CSV."""
    return len(next(read_records([line], separator)))


def read_records(lines: list[str], separator: str) -> Iterator[list[str]]:
    """Yield the cells of every record of CSV."""
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)
