"""Four threads that fit and predict in one process for minutes: results, memory and latency.

`LSTMRegressor` and `LSTMClassifier` train without Keras, `SequenceRegressor` and
`SequenceClassifier` with Keras. This benchmark runs by name only, because it takes minutes.
``BENCH_FITS=20000`` and ``BENCH_PREDICTIONS=200000`` set other numbers than the default ones.
"""

import gc
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import psutil
from numpy.typing import NDArray

from ._contestants import OURS
from ._fresh import Job, run_in_fresh_processes
from ._results import save
from ._timing import console, duration, megabytes, show_setting
from .memory import MOST_GROWTH, grow, grown

_PACKAGES = ("numpy", "numba", "scikit-learn", "keras", "tensorflow", "psutil")
_THREADS, _LEGS = 4, 10
_ROWS, _LOOKBACKS, _UNITS = 200, (4, 8, 12), (4, 8)
_FITS_IN_TURN = 100


class Soak(NamedTuple):
    """The numbers of fits and predictions, and a limit for the growth of memory."""

    fits: int
    predictions: int
    most_growth: float


_SOAKS = {"native": Soak(5_000, 50_000, 20e6), "keras": Soak(500, 5_000, 60e6)}


def main() -> None:
    show_setting(*_PACKAGES)
    soaks = {engine: _with_chosen_numbers(chosen) for engine, chosen in _SOAKS.items()}
    jobs = [
        Job(f"soak, {engine}", soak, (engine, chosen.fits, chosen.predictions))
        for engine, chosen in soaks.items()
    ]
    in_turn = Job(f"{_FITS_IN_TURN} fits in turn", grow, (OURS, _FITS_IN_TURN))
    *results, resident = run_in_fresh_processes([*jobs, in_turn])
    for (engine, chosen), result in zip(soaks.items(), results, strict=True):
        _show(engine, chosen, result)
    console.print(
        f"{_FITS_IN_TURN} fits one after the other, native, in a process without other threads: "
        f"the memory {_growth(grown(resident), MOST_GROWTH)}. The first fits are not counted, as "
        "in the benchmark memory."
    )
    save("soak", _PACKAGES, [], dict(zip(soaks, results, strict=True)) | {"in turn": resident})


def _with_chosen_numbers(chosen: Soak) -> Soak:
    fits = int(os.environ.get("BENCH_FITS", chosen.fits))
    predictions = int(os.environ.get("BENCH_PREDICTIONS", chosen.predictions))
    return chosen._replace(fits=fits, predictions=predictions)


def _show(engine: str, chosen: Soak, result: dict[str, Any]) -> None:
    resident = result["resident"]
    percentiles = ", ".join(f"{name} {duration(s)}" for name, s in result["latency"].items())
    console.print(
        f"{engine}: {chosen.fits} fits and {chosen.predictions} predictions of one row in "
        f"{_THREADS} threads: {result['wrong']} wrong results. Each was compared with the result "
        "of the same work without other threads. After the first tenth of the work, the memory of "
        f"the process {_growth(resident[-1] - resident[0], chosen.most_growth)}. The memory after "
        f"each tenth: {', '.join(map(megabytes, resident))}.\n"
        f"Latency of a prediction while other threads fit: {percentiles}. Median latency without "
        f"other threads: {duration(result['alone'])}.\n"
    )


def _growth(count: int, most: float) -> str:
    within = "within" if count <= most else "BEYOND"
    return f"grew by {count / 1e6:.1f} MB, {within} the limit of {most / 1e6:g} MB"


def soak(engine: str, fits: int, predictions: int) -> dict[str, Any]:
    """Fit and predict in threads, and compare all results. Call this in a new process."""
    kinds = _kinds()
    alone = [_fit(engine, kind) for kind in kinds]
    rows = [_series()[number : number + 1] for number in range(_ROWS)]
    expected = [[pipeline.predict(row) for row in rows] for pipeline, _ in alone]
    times = _timed_alone(alone[0][0], rows)
    wrong: list[str] = []
    latencies: list[float] = []

    def fit(index: int) -> None:
        kind = index % len(kinds)
        pipeline, history = _fit(engine, kinds[kind])
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


def _fit(engine: str, kind: tuple[int, int, bool]) -> tuple[Any, dict[str, list[float]]]:
    from sklearn.pipeline import make_pipeline

    from skl_lstm import SequenceWindower

    timesteps, units, classifies = kind
    series = _series()
    y = series[:, 0] > 0 if classifies else series[:, 0]
    lstm = _estimator(engine, units, classifies)
    return make_pipeline(SequenceWindower(timesteps), lstm).fit(series, y), lstm.history_


def _estimator(engine: str, units: int, classifies: bool) -> Any:
    if engine == "native":
        from skl_lstm import LSTMClassifier, LSTMRegressor

        estimator = LSTMClassifier if classifies else LSTMRegressor
        return estimator(units, dropout=0.1, epochs=1, engine="native", random_state=0)
    from skl_lstm import SequenceClassifier, SequenceRegressor, lstm_network

    estimator = SequenceClassifier if classifies else SequenceRegressor
    settings = {"model__units": units, "model__dropout": 0.1}
    return estimator(lstm_network, **settings, epochs=1, random_state=0)


def _series() -> NDArray:
    return np.random.default_rng(0).standard_normal((_ROWS, 3), dtype=np.float32)


def _timed_alone(pipeline: Any, rows: list[NDArray]) -> float:
    times = []
    for row in rows:
        start = perf_counter()
        pipeline.predict(row)
        times.append(perf_counter() - start)
    return float(np.median(times))
