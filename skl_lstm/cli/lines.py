"""Forecasts from rows on standard input, line by line."""

import csv
import io
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from skl_lstm import ConformalRegressor, SequenceWindower, Stream

from .errors import CommandError, one_line
from .files import SavedModel
from .tables import as_columns, check_column, order_by_time, read_features

STANDARD_INPUT = Path("-")
# How an error of `Stream.push` about a late row ends.
ADVICE_FOR_PYTHON = " To correct rows,"


def predict_lines(model: SavedModel, time_column: str | None, coverage: float | None) -> int:
    """Forecast from every line of standard input at once, and return the exit code.

    It is 1 if a line was refused. The columns of the answers are those of `skl-lstm predict`.
    """
    try:
        return answer_lines(numbered_lines(), model, time_column, coverage)
    except BrokenPipeError:
        # The reader of the answers is gone. Python would fail to flush the rest at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def numbered_lines() -> Iterator[tuple[int, str]]:
    """Yield the lines of standard input that are not empty, with their numbers."""
    # Bytes that are no text make a cell that is no number, which is an error of its line only.
    source = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", errors="replace")
    for number, line in enumerate(source, start=1):
        if line.strip():
            yield number, line.rstrip("\n") + "\n"


def answer_lines(
    lines: Iterator[tuple[int, str]],
    model: SavedModel,
    time_column: str | None,
    coverage: float | None,
) -> int:
    """Print the forecasts from every line, or why it was refused."""
    _, head = next(lines, (1, ""))
    reader = RowReader(head, model.features, time_column)
    writer = AnswerWriter(model.target or "forecast", time_column, coverage is not None)
    stream = begin_stream(model.pipeline, time_column)
    writer.write_head(count_outputs(model, time_column))
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
    times: Any = pd.RangeIndex(1)
    try:
        if time_column is not None:
            zone = find_windower(model.pipeline).history_.index.tz
            times = pd.DatetimeIndex(["2000-01-01"], tz=zone)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            zeros = pd.DataFrame(0.0, times, model.features)
            return as_columns(model.pipeline.predict(zeros)).shape[1]
    except Exception:  # the row of zeros may be invalid for a step of the pipeline
        return None


class RowReader:
    """Reads a line as pandas reads the line of a file.

    Every line is read together with the first accepted one, from which pandas infers the format of
    the times.
    """

    def __init__(self, head: str, features: list[str], time_column: str | None) -> None:
        if not head:
            raise CommandError("standard input is empty; its first line must name the columns")
        self._head, self._features, self._time_column = head, features, time_column
        self._first, self._first_time, self._n_rows = "", None, 0
        columns = pd.read_csv(io.StringIO(head)).head(0)
        for name in [*features, *([] if time_column is None else [time_column])]:
            check_column(columns, name)

    def read(self, line: str) -> pd.DataFrame:
        """Return the row of a line with its features."""
        n_cells, n_columns = count_cells(line), count_cells(self._head)
        if n_cells != n_columns:
            raise CommandError(f"it has {n_cells} cells, but the header has {n_columns}")
        table = pd.read_csv(io.StringIO(self._head + self._first + line))
        if self._time_column is None:
            row = table.tail(1).set_axis([self._n_rows])
        else:
            row = order_by_time(table, self._time_column)
            row = row[row.index != self._first_time] if self._first else row
            self._time = row.index[0]
        return read_features(row, self._features)

    def accept(self, line: str) -> str:
        """Note that the row of a line was used, and return its label as text."""
        self._n_rows += 1
        if self._time_column is None:
            return str(self._n_rows - 1)
        if not self._first:
            self._first, self._first_time = line, self._time
        text = str(self._time)
        # As in a file of days, which has no hours.
        return text if ":" in line else text.removesuffix(" 00:00:00")


class AnswerWriter:
    """Prints forecasts in the format of `skl-lstm predict`, each at once."""

    def __init__(self, name: str, time_column: str | None, has_bounds: bool) -> None:
        self._name, self._label = name, time_column or "row"
        self._ends = ["", "_lower", "_upper"] if has_bounds else [""]
        self._has_head = False

    def write_head(self, n_outputs: int | None) -> None:
        """Print the names of the columns, if their number is known."""
        if n_outputs is None or self._has_head:
            return
        names = [f"{self._name}+{i}" for i in range(1, n_outputs + 1)]
        columns = [f"{name}{end}" for name in names for end in self._ends]
        self._print(pd.DataFrame(columns=columns).to_csv(index_label=self._label))
        self._has_head = True

    def write(self, forecasts: pd.DataFrame, label: str) -> None:
        """Print the forecasts from one row."""
        self.write_head(forecasts.shape[1] // len(self._ends))
        self._print(forecasts.set_axis([label]).to_csv(header=False))

    @staticmethod
    def _print(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def count_cells(line: str) -> int:
    """Return the number of cells in a line of CSV."""
    return len(next(csv.reader([line])))
