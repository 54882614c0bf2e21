"""Alternated timings, peak memory and the table of results, shared by all benchmarks."""

import os
import platform
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from statistics import median
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import DTypeLike
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Times = dict[str, list[float]]
T = TypeVar("T")

_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)

console = Console(highlight=False, markup=False)


def alternate(measures: Mapping[str, Callable[[], float]], rounds: int) -> Times:
    """Take every measure once per round, in seconds. The first round is not counted.

    The order is A B C A B C, not A A B B C C. If the machine slows down, it affects all alike.
    """
    times: Times = {name: [] for name in measures}
    turns = [(name, name) for _ in range(rounds + 1) for name in measures]
    for turn, name in enumerate(with_progress(turns)):
        seconds = measures[name]()
        if turn >= len(measures):
            times[name].append(seconds)
    return times


def with_progress(work: Iterable[tuple[str, T]], *, ticking: bool = False) -> Iterator[T]:
    """Yield the items one by one, and show the name of the current one and the progress.

    `ticking` updates the elapsed seconds from a thread. Do not use it around timings in this
    process, because the thread would disturb them.
    """
    work = list(work)
    bar = Progress(*_COLUMNS, console=console, transient=True, auto_refresh=ticking)
    with bar as progress:
        task = progress.add_task("", total=len(work))
        for name, item in work:
            progress.update(task, description=name, refresh=True)
            yield item
            progress.advance(task)


def stopwatch(
    call: Callable[[], object], before: Callable[[], object] | None = None
) -> Callable[[], float]:
    """Return a measure of the seconds that `call` takes. The time of `before` is not included."""

    def measure() -> float:
        if before is not None:
            before()
        start = perf_counter()
        result = call()
        seconds = perf_counter() - start
        # Freeing the result is not part of the timed call.
        del result
        return seconds

    return measure


def alternate_touched(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    shape: tuple[int, ...],
    dtype: DTypeLike = np.float64,
) -> Times:
    """Time calls, each after memory of the size of one result was allocated and freed.

    The first access to new memory is several times as expensive as a copy. Without this step, the
    time of a call would depend on the call before it.
    """

    def touch() -> None:
        np.ones(shape, dtype)

    return alternate({name: stopwatch(call, touch) for name, call in calls.items()}, rounds)


def peak_memory(call: Callable[[], object]) -> int:
    """Return the peak memory of a call in bytes, including its result.

    It is measured by tracemalloc, which sees allocations of NumPy and pandas, but not of
    TensorFlow.
    """
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def show_setting(*packages: str) -> None:
    """Print the versions and the number of cores."""
    versions = [f"{package} {version(package)}" for package in packages]
    python = f"Python {platform.python_version()}"
    console.print(", ".join([python, *versions, f"{os.cpu_count()} cores"]), style="dim")


def show_table(
    title: str, times: Times, columns: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Print the times, and their ratio to those in the first row, which includes skl_lstm.

    `columns` adds further columns. It maps a header to a dictionary from row name to text.
    """
    columns = columns or {}
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    for header in ("median", "min to max", "vs first row", *columns):
        table.add_column(header, justify="right")
    ours = median(next(iter(times.values())))
    for name, seconds in times.items():
        middle, extremes = median(seconds), f"{duration(min(seconds))} to {duration(max(seconds))}"
        extra = [texts.get(name, "") for texts in columns.values()]
        table.add_row(name, duration(middle), extremes, _ratio(middle / ours), *extra)
    console.print(table)


def duration(seconds: float) -> str:
    """Format seconds with three digits in a suitable unit."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{_three_digits(seconds * factor)} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def megabytes(count: int) -> str:
    """Format bytes as megabytes with three digits."""
    return f"{_three_digits(count / 1e6)} MB"


def _ratio(ratio: float) -> str:
    return f"{_three_digits(ratio)} x" if ratio >= 1e-2 else f"1/{1 / ratio:.0f} x"


def _three_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:#.3g}"
