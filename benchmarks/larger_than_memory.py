"""The memory that a process takes to train from a file of 4 GB, and from a copy in memory.

This benchmark runs by name only, because it takes minutes. It runs on Linux only, because it reads
``/proc``. It needs up to three times 4 GB of disk space for temporary files (``TMPDIR`` sets the
folder), and about 9 GB of memory for the copy.
"""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._contestants import OURS
from ._fresh import Job, run_in_fresh_processes
from ._results import at_most, save, show_outcomes
from ._timing import console, duration, megabytes, show_setting

_PACKAGES = ("numpy", "numba", "scikit-learn")
_ROWS, _FEATURES, _TIMESTEPS = 1_000_000, 1_000, 4
_UNITS, _BATCH = 8, 256
_WARM_ROWS = 10 * _BATCH
_MOST = 1e9
_COPY = "copied into memory"
_SAMPLED_EVERY = 0.005


def main() -> None:
    show_setting(*_PACKAGES)
    with TemporaryDirectory() as folder:
        path = Path(folder, "series.bin")
        _write(path)
        jobs = [Job(name, train_from, (str(path), name == _COPY)) for name in (OURS, _COPY)]
        ours, copied = run_in_fresh_processes(jobs)
    outcomes = [
        at_most(kind, _COPY, ours[kind], copied[kind], _MOST) for kind in ("resident", "anonymous")
    ]
    show_outcomes(outcomes)
    same = "the same" if ours["results"] == copied["results"] else "NOT THE SAME"
    console.print(
        f"{_ROWS} rows of {_FEATURES} float32, {megabytes(_bytes())}, by SequenceWindower("
        f"{_TIMESTEPS}) and LSTMRegressor({_UNITS}): one epoch in shuffled batches of {_BATCH}, "
        f"and a prediction of all rows. skl_lstm reads a numpy.memmap and takes "
        f"{duration(ours['seconds'])}. The peer reads a copy of it in memory and takes "
        f"{duration(copied['seconds'])}. Loss and predictions are {same}. Resident memory is all "
        "memory of the process, including libraries and pages of the file. Before the data was "
        f"read, it was {megabytes(ours['before']['VmRSS'])}, mostly libraries. Anonymous memory "
        "is the part that the system cannot drop and read again. Before the data was read, it was "
        f"{megabytes(ours['before']['RssAnon'])}. It is sampled every "
        f"{_SAMPLED_EVERY * 1e3:g} ms."
    )
    save("larger_than_memory", _PACKAGES, outcomes, {OURS: ours, _COPY: copied})


def train_from(path: str, copy: bool) -> dict[str, Any]:
    """Train and predict, and return the memory used. Call this in a new process."""
    series, y = _mapped(path), _mapped(path)[:, 0].copy()
    _fit_and_predict(np.array(series[:_WARM_ROWS]), y[:_WARM_ROWS])
    before = {kind: _held(kind) for kind in ("VmRSS", "RssAnon")}
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    start = perf_counter()
    loss, predicted, anonymous = _watched(
        lambda: _fit_and_predict(np.array(series) if copy else series, y)
    )
    return {
        "before": before,
        "resident": _held("VmHWM"),
        "anonymous": anonymous,
        "seconds": perf_counter() - start,
        "results": [loss, float(predicted.sum()), float(predicted.std())],
    }


def _fit_and_predict(series: NDArray, y: NDArray) -> tuple[float, NDArray]:
    from sklearn.pipeline import make_pipeline

    from skl_lstm import LSTMRegressor, SequenceWindower

    lstm = LSTMRegressor(_UNITS, epochs=1, batch_size=_BATCH, random_state=0)
    pipeline = make_pipeline(SequenceWindower(_TIMESTEPS), lstm).fit(series, y)
    return lstm.history_["loss"][0], pipeline.predict(series)


def _mapped(path: str) -> np.memmap:
    return np.memmap(path, np.float32, mode="r", shape=(_ROWS, _FEATURES))


def _watched(call: Callable[[], tuple[float, NDArray]]) -> tuple[float, NDArray, int]:
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(_SAMPLED_EVERY):
            peak = max(peak, _held("RssAnon"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        loss, predicted = call()
    finally:
        done.set()
        watcher.join()
    return loss, predicted, peak


def _held(kind: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{kind}:\s+(\d+) kB", status)[1]) * 1024


def _write(path: Path) -> None:
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for _ in range(100):
            file.write(rng.standard_normal((_ROWS // 100, _FEATURES), dtype=np.float32).data)


def _bytes() -> int:
    return _ROWS * _FEATURES * np.dtype(np.float32).itemsize
