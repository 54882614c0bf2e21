"""The time to make and to read the windows of a series.

`sliding_windows` and `make_supervised` are compared with the alternatives that a user would choose.
"""

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skl_lstm import make_supervised, sliding_windows

from ._timing import (
    alternate_touched,
    console,
    megabytes,
    peak_memory,
    show_setting,
    show_table,
)

_ROWS, _FEATURES, _TIMESTEPS = 50_000, 10, 100
_WINDOWS = _ROWS - _TIMESTEPS
_SHAPE = (_WINDOWS, _TIMESTEPS, _FEATURES)
_BATCH = 32
_ROUNDS = 5
_KERAS = "Keras dataset, read"


def main() -> None:
    show_setting("numpy", "scikit-learn", "keras", "tensorflow")
    series = np.random.default_rng(0).standard_normal((_ROWS, _FEATURES))
    # make_supervised uses the last row only as a target, so the others do not get it.
    past = series[:-1]
    _check_equal(series, past)
    _show_making(series, past)
    _show_reading(past)


def _show_making(series: NDArray, past: NDArray) -> None:
    calls = {
        "sliding_windows": lambda: sliding_windows(past, _TIMESTEPS),
        "make_supervised": lambda: make_supervised(series, _TIMESTEPS),
        "sliding_windows, copied": lambda: sliding_windows(past, _TIMESTEPS).copy(),
        "Python loop": lambda: _by_loop(past),
        "fancy indexing": lambda: _by_fancy_indexing(past),
    }
    memory = {name: megabytes(peak_memory(call)) for name, call in calls.items()}
    memory[_KERAS] = "not measured"
    calls[_KERAS] = lambda: _read(_keras_batches(past))
    title = f"{series.shape} float64 to {_SHAPE}"
    show_table(title, alternate_touched(calls, _ROUNDS, _SHAPE), {"peak memory": memory})
    console.print(
        "Peak memory is measured by tracemalloc in a separate run, without the series itself. It "
        "includes allocations of NumPy, but not of TensorFlow. Memory of the size of the result "
        "is allocated and freed before every call, which is the best case for calls that copy. "
        "sliding_windows returns a view. Its time is the finite scan of the series. The windows "
        "are copied only when they are read, which the next table includes.\n"
    )


def _show_reading(past: NDArray) -> None:
    view, copied = sliding_windows(past, _TIMESTEPS), _by_loop(past)
    order = np.random.default_rng(1).permutation(_WINDOWS)

    def epoch(windows: NDArray) -> None:
        _read(windows[order[i : i + _BATCH]] for i in range(0, _WINDOWS, _BATCH))

    calls = {
        "sliding_windows, made and read": lambda: epoch(sliding_windows(past, _TIMESTEPS)),
        "sliding_windows, read": lambda: epoch(view),
        "loop, made and read": lambda: epoch(_by_loop(past)),
        "loop, read": lambda: epoch(copied),
        "Keras, made and read": lambda: _read(
            _keras_batches(past, batch_size=_BATCH, shuffle=True)
        ),
    }
    title = f"One epoch in shuffled batches of {_BATCH}, windows[idx]"
    show_table(title, alternate_touched(calls, _ROUNDS, _SHAPE))
    console.print(
        "Every batch is copied here, from the view as well as from the array. The view reads the "
        "few megabytes of the series, which fit into a processor's cache. Only code that reads "
        "batches has this advantage. Code that first converts all of X to one tensor, as Keras' "
        "own fit does on TensorFlow, copies all windows at that point."
    )


def _by_loop(past: NDArray) -> NDArray:
    # This is the loop of the tutorials.
    X = []
    for i in range(len(past) - _TIMESTEPS + 1):
        X.append(past[i : i + _TIMESTEPS])
    return np.array(X)


def _by_fancy_indexing(past: NDArray) -> NDArray:
    starts = np.arange(len(past) - _TIMESTEPS + 1)
    return past[starts[:, np.newaxis] + np.arange(_TIMESTEPS)]


def _keras_batches(past: NDArray, **options: Any) -> Iterable[Any]:
    # TensorFlow reads this when it is loaded. Its start-up messages would clutter the output.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras.utils.timeseries_dataset_from_array(past, None, _TIMESTEPS, **options)


def _read(batches: Iterable[object]) -> None:
    for _ in batches:
        pass


def _check_equal(series: NDArray, past: NDArray) -> None:
    expected = sliding_windows(past, _TIMESTEPS)
    table, _ = make_supervised(series, _TIMESTEPS)
    others = {
        "make_supervised": lambda: table.reshape(expected.shape),
        "the loop": lambda: _by_loop(past),
        "fancy indexing": lambda: _by_fancy_indexing(past),
        "Keras": lambda: np.concatenate([batch.numpy() for batch in _keras_batches(past)]),
    }
    for name, windows in others.items():
        if not np.array_equal(windows(), expected):
            raise RuntimeError(f"The windows of {name} differ from those of sliding_windows.")
