"""The time that a fitted Pipeline takes to predict one row, and 20,000 rows.

``BENCH_ROUNDS=5`` repeats the benchmark five times, in new processes.
"""

import os
from collections.abc import Sequence
from itertools import chain
from statistics import median
from time import perf_counter

from sklearn.pipeline import Pipeline

from ._contestants import (
    OURS,
    OURS_WITH_KERAS,
    PACKAGES,
    SCIKERAS,
    SKORCH,
    WORKS,
    make_pipeline,
    target_for,
)
from ._data import make_sequences
from ._fresh import Job, run_in_fresh_processes
from ._results import Outcome, at_most, save, show_outcomes, times_faster
from ._timing import Times, console, show_setting, show_table

_WORK = WORKS["S"]._replace(epochs=1)
_SIZES = {"one row": 1, "20,000 rows": 20_000}
_CONTESTANTS = (OURS, OURS_WITH_KERAS, SCIKERAS, *SKORCH)
_MOST_SECONDS_OF_ONE_ROW = 3e-4
_TIMES_KERAS_OF_MANY_ROWS = 1
_SECONDS, _CALLS = 2.0, range(5, 500)
_ROUNDS = 1


def main() -> None:
    show_setting(*PACKAGES)
    measured = _run()
    for size, times in measured.items():
        show_table(_title(size), times)
    outcomes = _judge(measured)
    show_outcomes(outcomes)
    console.print(
        f"Every contestant runs in its own process. It repeats the call for {_SECONDS:g} "
        f"seconds, at least {_CALLS.start} and at most {_CALLS.stop} times. Two calls before "
        f"are not counted. All have a batch size of {_WORK.batch_size}. {OURS} predicts with its "
        f"compiled functions, {OURS_WITH_KERAS} with a traced copy of a Keras model. The target "
        f"for one row, {_MOST_SECONDS_OF_ONE_ROW * 1e3:g} ms, applies to the median of {OURS} "
        "alone. The target for 20,000 rows is a ratio: not slower than with Keras."
    )
    save("prediction", PACKAGES, outcomes, measured)


def time_predictions(contestant: str) -> dict[str, list[float]]:
    """Fit, then time the calls of predict. Call this in a new process."""
    X, y = _WORK.data()
    pipeline = make_pipeline(contestant, _WORK).fit(X, target_for(contestant, y))
    return {size: _time_calls(pipeline, rows) for size, rows in _SIZES.items()}


def _time_calls(pipeline: Pipeline, rows: int) -> list[float]:
    X, _ = make_sequences(rows, max(_WORK.lookbacks))
    for _ in range(2):
        pipeline.predict(X)
    times: list[float] = []
    while len(times) < _CALLS.start or (sum(times) < _SECONDS and len(times) < _CALLS.stop):
        start = perf_counter()
        pipeline.predict(X)
        times.append(perf_counter() - start)
    return times


def _run() -> dict[str, Times]:
    rounds = int(os.environ.get("BENCH_ROUNDS", _ROUNDS))
    names = [*_CONTESTANTS] * rounds
    jobs = [Job(f"predict: {name}", time_predictions, (name,)) for name in names]
    results = run_in_fresh_processes(jobs)
    return {size: _by_contestant(names, [one[size] for one in results]) for size in _SIZES}


def _by_contestant(names: Sequence[str], calls: Sequence[list[float]]) -> Times:
    pairs = list(zip(names, calls, strict=True))
    return {
        contestant: list(chain.from_iterable(times for name, times in pairs if name == contestant))
        for contestant in _CONTESTANTS
    }


def _judge(measured: dict[str, Times]) -> list[Outcome]:
    (one, one_keras), (many, many_keras) = (
        [median(times[name]) for name in (OURS, OURS_WITH_KERAS)] for times in measured.values()
    )
    return [
        at_most(
            "predict one row",
            OURS_WITH_KERAS,
            one,
            one_keras,
            _MOST_SECONDS_OF_ONE_ROW,
            unit="seconds",
        ),
        times_faster(
            "predict 20,000 rows", OURS_WITH_KERAS, many, many_keras, _TIMES_KERAS_OF_MANY_ROWS
        ),
    ]


def _title(size: str) -> str:
    steps, units = max(_WORK.lookbacks), _WORK.units
    return f"Predict {size}, {steps} timesteps x {_WORK.features}, LSTM({units})"
