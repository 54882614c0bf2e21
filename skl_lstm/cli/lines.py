"""Forecasts from rows on standard input, line by line."""

import csv
import io
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from skl_lstm import ConformalRegressor, SequenceWindower, Stream

from .arguments import Reading
from .csv_text import find_separator, split_cells
from .errors import CommandError, comma_separated, one_line, print_note
from .files import SavedModel
from .tables import as_columns, check_column, convert_columns, read_features

STANDARD_INPUT = Path("-")
# How an error of `Stream.push` about a late row ends.
ADVICE_FOR_PYTHON = " To correct rows,"


class Columns(NamedTuple):
    """The columns of the lines that a model reads, and how to read their text."""

    features: list[str]
    time: str | None
    series: list[str]
    reading: Reading


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
    stream = begin_stream(model.pipeline, columns.time)
    writer.write_head(count_outputs(model, columns.time))
    n_refused = 0
    for number, line in lines:
        try:
            row = reader.read(line)
            forecasts = stream.push(row, coverage=coverage)
        except Exception as error:  # an estimator can raise any exception
            n_refused += 1
            reason, *_ = one_line(str(error)).split(ADVICE_FOR_PYTHON)
            print(f"skl-lstm: line {number}: {reason}", file=sys.stderr, flush=True)
        else:
            writer.write(forecasts, reader.accept(line))
    return int(n_refused > 0)


def begin_stream(pipeline: Any, time_column: str | None) -> Stream:
    """Return a stream after the rows of the training, or of a new series if rows have no time."""
    try:
        stream = Stream(pipeline)
    except (TypeError, ValueError) as error:
        raise CommandError(f"cannot forecast: {one_line(str(error))}") from error
    if time_column is None:
        # The rows are numbered from 0, so those of the training are not before them.
        windower = find_windower(pipeline)
        windower.history_ = windower.history_.head(0)
        stream = Stream(pipeline)
    return stream


def find_windower(pipeline: Any) -> Any:
    """Return the windower of a pipeline, or of the one with intervals around it."""
    inner = pipeline.estimator_ if isinstance(pipeline, ConformalRegressor) else pipeline
    return next(step for _, step in inner.steps if isinstance(step, SequenceWindower))


def count_outputs(model: SavedModel, time_column: str | None) -> int | None:
    """Return how many values are forecast from a row; None if this is not known before a row.

    So the header is printed before the first row is read. This also loads the compiled functions.
    """
    labels: Any = pd.RangeIndex(1)
    try:
        if time_column is not None:
            known = find_windower(model.pipeline).history_.index
            labels = known[:1] if len(known) else pd.DatetimeIndex(["2000-01-01"], tz=known.tz)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            zeros = pd.DataFrame(0.0, labels, model.features)
            return as_columns(model.pipeline.predict(zeros)).shape[1]
    except Exception:  # the row of zeros may be invalid for a step of the pipeline
        return None


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
        self._remarks: set[str] = set()
        found = columns.reading.separator or find_separator(head)
        names = split_cells(head, found, columns.reading.header)
        # The header of one column does not show whether a comma is part of the numbers.
        is_known = len(names.columns) > 1 or columns.reading.separator is not None
        self._separator = found if is_known else None
        for name in [*columns.features, *columns.series, *filter(None, [columns.time])]:
            check_column(names, name)

    def read(self, line: str) -> pd.DataFrame:
        """Return the row of a line with its features."""
        text, columns = self._head + self._first + line, self._columns
        separator = self._separator or find_separator(text)
        n_cells, n_columns = count_cells(line, separator), count_cells(self._head, separator)
        if n_cells != n_columns:
            raise CommandError(f"it has {n_cells} cells, but the header has {n_columns}")
        table = split_cells(text, separator, header=True)
        labelled = columns.time, columns.series, columns.reading, self._remark
        row = convert_columns(table, separator, *labelled)[-1:]
        if missing := [name for name in columns.features if row[name].isna().any()]:
            raise CommandError(f"it has no value in {comma_separated(missing)}")
        row = read_features(row, columns.features)
        if columns.time is None:
            return row.set_axis([self._n_rows])
        self._label = row.index
        return row

    def accept(self, line: str) -> pd.Index:
        """Note that the row of a line was used, and return its label as text."""
        self._n_rows += 1
        if self._columns.time is None:
            return pd.Index([str(self._n_rows - 1)])
        self._first = self._first or line
        *series, time = [self._label.get_level_values(i)[0] for i in range(self._label.nlevels)]
        # As in a file of days, which has no hours.
        text = str(time) if ":" in line else str(time).removesuffix(" 00:00:00")
        return pd.MultiIndex.from_tuples([(*series, text)])

    def _remark(self, text: str) -> None:
        """Print a note on how lines are read, once."""
        if text not in self._remarks:
            self._remarks.add(text)
            print_note(text)


class AnswerWriter:
    """Prints forecasts in the format of `skl-lstm predict`, each at once."""

    def __init__(self, name: str, columns: Columns, has_bounds: bool) -> None:
        self._name, self._labels = name, [*columns.series, columns.time or "row"]
        self._ends = ["", "_lower", "_upper"] if has_bounds else [""]
        self._has_head = False

    def write_head(self, n_outputs: int | None) -> None:
        """Print the names of the columns, if their number is known."""
        if n_outputs is None or self._has_head:
            return
        names = [f"{self._name}+{i}" for i in range(1, n_outputs + 1)]
        columns = [f"{name}{end}" for name in names for end in self._ends]
        self._print(pd.DataFrame(columns=[*self._labels, *columns]).to_csv(index=False))
        self._has_head = True

    def write(self, forecasts: pd.DataFrame, label: pd.Index) -> None:
        """Print the forecasts from one row."""
        self.write_head(forecasts.shape[1] // len(self._ends))
        self._print(forecasts.set_axis(label).to_csv(header=False))

    @staticmethod
    def _print(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def count_cells(line: str, separator: str) -> int:
    """Return the number of cells in a line of CSV."""
    return len(next(csv.reader([line], delimiter=separator, skipinitialspace=True)))
