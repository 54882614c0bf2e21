"""Four threads that fit and predict in one process for minutes: results, memory and latency.

This benchmark runs by name only, because it takes minutes. ``BENCH_FITS=2000`` and
``BENCH_PREDICTIONS=20000`` make it longer.
"""

import gc
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from ._fresh import Job, run_in_fresh_processes
from ._results import save
from ._timing import console, duration, megabytes, show_setting

_PACKAGES = ("numpy", "scikit-learn", "keras", "tensorflow", "psutil")
_FITS, _PREDICTIONS, _THREADS, _LEGS = 500, 5_000, 4, 10
_ROWS, _LOOKBACKS, _UNITS = 200, (4, 8, 12), (4, 8)
_MOST_GROWTH = 60e6


def main() -> None:
    show_setting(*_PACKAGES)
    fits = int(os.environ.get("BENCH_FITS", _FITS))
    predictions = int(os.environ.get("BENCH_PREDICTIONS", _PREDICTIONS))
    [result] = run_in_fresh_processes([Job("soak", soak, (fits, predictions))])
    grown = result["resident"][-1] - result["resident"][0]
    within = "within" if grown <= _MOST_GROWTH else "BEYOND"
    percentiles = ", ".join(f"{name} {duration(s)}" for name, s in result["latency"].items())
    console.print(
        f"{fits} fits and {predictions} predictions of one row in {_THREADS} threads: "
        f"{result['wrong']} wrong results. Each was compared with the result of the same work "
        "without other threads. After the first tenth of the work, the memory of the process grew "
        f"by {megabytes(grown)}, {within} the limit of {megabytes(_MOST_GROWTH)}. The memory after "
        f"each tenth: {', '.join(map(megabytes, result['resident']))}.\n"
        f"Latency of a prediction while other threads fit: {percentiles}. Median latency without "
        f"other threads: {duration(result['alone'])}."
    )
    save("soak", _PACKAGES, [], result)


def soak(fits: int, predictions: int) -> dict[str, Any]:
    """Fit and predict in threads, and compare all results. Call this in a new process."""
    kinds = _kinds()
    alone = [_fit(kind) for kind in kinds]
    rows = [_series()[number : number + 1] for number in range(_ROWS)]
    expected = [[pipeline.predict(row) for row in rows] for pipeline, _ in alone]
    times = _timed_alone(alone[0][0], rows)
    wrong: list[str] = []
    latencies: list[float] = []

    def fit(index: int) -> None:
        kind = index % len(kinds)
        pipeline, history = _fit(kinds[kind])
        if history != alone[kind][1]:
            wrong.append(f"fit {index}")
        if not np.array_equal(pipeline.predict(rows[0]), expected[kind][0]):
            wrong.append(f"prediction of fit {index}")

    def predict(index: int) -> None:
        kind, row = index % len(kinds), index % len(rows)
        start = perf_counter()
        y_pred = alone[kind][0].predict(rows[row])
        latencies.append(perf_counter() - start)
        if not np.array_equal(y_pred, expected[kind][row]):
            wrong.append(f"prediction {index}")

    resident = [
        _leg(fit, range(*fits_of), predict, range(*predictions_of))
        for fits_of, predictions_of in zip(_legs(fits), _legs(predictions), strict=True)
    ]
    latency = {f"{share}%": float(np.percentile(latencies, share)) for share in (50, 99, 99.9)}
    return {"wrong": len(wrong), "resident": resident, "latency": latency, "alone": times}


def _leg(
    fit: Callable[[int], None], fits: range, predict: Callable[[int], None], predictions: range
) -> int:
    """Run fits and predictions mixed in threads, and return the memory of the process after."""
    work = [(number / len(fits), fit, count) for number, count in enumerate(fits)]
    work += [(number / len(predictions), predict, c) for number, c in enumerate(predictions)]
    with ThreadPoolExecutor(_THREADS) as threads:
        for done in [threads.submit(task, n) for _, task, n in sorted(work, key=lambda w: w[0])]:
            done.result()
    gc.collect()
    return psutil.Process().memory_info().rss


def _legs(count: int) -> list[tuple[int, int]]:
    return list(pairwise(round(count * leg / _LEGS) for leg in range(_LEGS + 1)))


def _kinds() -> list[tuple[int, int, bool]]:
    return [(steps, units, c) for steps in _LOOKBACKS for units in _UNITS for c in (False, True)]


def _fit(kind: tuple[int, int, bool]) -> tuple[Any, dict[str, list[float]]]:
    from sklearn.pipeline import make_pipeline

    from skl_lstm import LSTMClassifier, LSTMRegressor, SequenceWindower

    timesteps, units, classifies = kind
    series = _series()
    y = series[:, 0] > 0 if classifies else series[:, 0]
    estimator = LSTMClassifier if classifies else LSTMRegressor
    lstm = estimator(units, dropout=0.1, epochs=1, random_state=0)
    return make_pipeline(SequenceWindower(timesteps), lstm).fit(series, y), lstm.history_


def _series() -> NDArray:
    return np.random.default_rng(0).standard_normal((_ROWS, 3), dtype=np.float32)


def _timed_alone(pipeline: Any, rows: list[NDArray]) -> float:
    times = []
    for row in rows:
        start = perf_counter()
        pipeline.predict(row)
        times.append(perf_counter() - start)
    return float(np.median(times))
