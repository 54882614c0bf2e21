"""The time and the scores of grid searches over the look-back.

skl_lstm, plain scikeras and skorch run the searches S, M and L. M also runs with two workers, and
with Keras on a GPU if there is one. ``BENCH_SEARCHES=S,L`` selects searches, ``BENCH_ROUNDS=5``
repeats them.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from rich.table import Table

from ._contestants import (
    CONTESTANTS,
    OURS,
    OURS_WITH_KERAS,
    PACKAGES,
    SCIKERAS,
    SKORCH,
    WORKS,
    Work,
    can_run,
    make_search,
    target_for,
)
from ._data import BEIJING
from ._fresh import Job, run_in_fresh_processes
from ._peak import measure_peak, show_shares
from ._results import Outcome, save, show_outcomes, times_faster
from ._timing import Times, console, duration, show_setting, show_table

_ROUNDS = {"S": 3, "M": 1, "L": 1, "n_jobs": 1, "GPU": 1}
_TIMES_SCIKERAS = {"S": 40, "M": 40, "L": 7}
_TIMES_SKORCH = {"S": 4, "M": 10, "L": 2.5}
_JOBS_WORK, _JOBS, _TIMES_ONE_JOB = "M", 2, 1.8
_ROWS_OF_TINY_SEARCH = 500

Searches = dict[str, list[dict[str, Any]]]


def main() -> None:
    show_setting(*PACKAGES)
    outcomes: list[Outcome] = []
    measured: dict[str, Any] = {}
    for name in _chosen():
        if not can_run(name):
            console.print(f"{name} is skipped, because {BEIJING} does not exist.")
            continue
        measured[name] = _run_searches(name)
        _show_searches(name, measured[name])
        measured[f"{name}, peak"] = _show_peak(name, measured[name])
        outcomes += _judge(name, measured[name])
    if not measured:
        return
    if _JOBS_WORK in measured:
        measured["n_jobs"] = _run_jobs()
        outcomes.append(_judge_jobs(measured["n_jobs"]))
        measured["GPU"] = _run_on_gpu()
    measured["compile"] = _run_once(
        "A search without a cache", time_without_cache, next(iter(measured))
    )
    show_outcomes(outcomes)
    console.print(
        "The times are those of GridSearchCV.fit, including the refit, in a new process that has "
        f"imported everything but fitted nothing yet. For {OURS}, this includes numba and the "
        "modules of its compiled functions. The functions are in numba's cache on disk, because an "
        "earlier process ran a tiny search. Reading them from the cache is part of the time. "
        "Compiling them is not, because it happens once after an installation: a tiny search "
        f"without a cache takes {duration(measured['compile'])}.\n"
        "All train on the CPU unless a title says otherwise, with the same batches, epochs and "
        "folds, Adam at 1e-3, and shuffling. A look-back keeps the newest timesteps of a row. The "
        "target for skorch applies to the faster of its two rows. skl_lstm has a fixed seed. The "
        "peers do not, so their scores vary from run to run. PyTorch initializes weights "
        "differently from Keras, so its scores differ systematically. With n_jobs, the second "
        "search of a process is timed, when the workers have imported everything and read the "
        "compiled functions.\n"
        "The peak is the fastest of several products of float32 matrices of 1024 x 1024, by NumPy "
        "in one thread. The operations are the multiplications and additions in the products of "
        "matrices that training needs: forward, and backward for the weights and for the state. "
        "Activations, the optimizer, copies of batches and predictions are not counted, but they "
        "take a part of the seconds. Those of the whole search are its median time, with "
        "everything else that GridSearchCV does. A training step is the median of epochs on random "
        "batches. With several threads, a share can exceed 100%.\n"
        "S and M learn a synthetic signal. L forecasts PM2.5 from the first "
        f"{WORKS['L'].rows} complete hours in Beijing, scaled before the search. Hours with a "
        "missing value are dropped, and the hours before and after them become neighbours."
    )
    save("search", PACKAGES, outcomes, measured)


def time_search(contestant: str, name: str) -> dict[str, Any]:
    """Search once. Call this in a new process."""
    return _timed(contestant, WORKS[name], n_jobs=1)


def time_second_search(n_jobs: int) -> dict[str, Any]:
    """Search twice and return the second result. Call this in a new process."""
    _timed(OURS, WORKS[_JOBS_WORK], n_jobs)
    return _timed(OURS, WORKS[_JOBS_WORK], n_jobs)


def fill_cache(name: str) -> None:
    """Put the compiled functions into numba's cache on disk. Call this in a new process."""
    _time_tiny_search(name)


def time_without_cache(name: str) -> float:
    """Return the seconds of a tiny search that compiles. Call this in a new process."""
    with TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder  # numba reads this when it is imported
        return _time_tiny_search(name)


def sees_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _time_tiny_search(name: str) -> float:
    tiny = WORKS[name]._replace(epochs=1)
    return _timed(OURS, tiny, n_jobs=1, rows=_ROWS_OF_TINY_SEARCH)["seconds"]


def _timed(contestant: str, work: Work, n_jobs: int, rows: int | None = None) -> dict[str, Any]:
    X, y = (array[:rows] for array in work.data())
    search = make_search(contestant, work, n_jobs)
    start = perf_counter()
    search.fit(X, target_for(contestant, y))
    seconds = perf_counter() - start
    return {"seconds": seconds, "scores": search.cv_results_["mean_test_score"].tolist()}


def _chosen() -> Sequence[str]:
    names = os.environ.get("BENCH_SEARCHES", ",".join(WORKS)).split(",")
    if unknown := [name for name in names if name not in WORKS]:
        raise SystemExit(f"No search named {unknown}. There are: {', '.join(WORKS)}.")
    return names


def _run_searches(name: str) -> Searches:
    _run_once(f"{name}, filling the cache", fill_cache, name)
    # S is short enough for one more contestant.
    contestants = (*CONTESTANTS, OURS_WITH_KERAS) if name == "S" else CONTESTANTS
    return _alternate(name, time_search, {one: (one, name) for one in contestants})


def _run_jobs() -> Searches:
    return _alternate("n_jobs", time_second_search, {"1": (1,), str(_JOBS): (_JOBS,)})


def _run_on_gpu() -> Searches:
    [found] = run_in_fresh_processes([Job("Looking for a GPU", sees_gpu, on_gpu=True)])
    if not found:
        console.print("No GPU was found, so the search on a GPU is skipped.")
        return {}
    calls = {one: (one, _JOBS_WORK) for one in (OURS_WITH_KERAS, SCIKERAS)}
    searches = _alternate("GPU", time_search, calls, on_gpu=True)
    show_table(f"{_JOBS_WORK} on the GPU, with Keras' own kernel", _times(searches))
    return searches


def _run_once(title: str, function: Callable[..., Any], *arguments: object) -> Any:
    return run_in_fresh_processes([Job(title, function, arguments)])[0]


def _alternate(
    title: str,
    function: Callable[..., Any],
    calls: Mapping[str, tuple[object, ...]],
    *,
    on_gpu: bool = False,
) -> Searches:
    rounds = int(os.environ.get("BENCH_ROUNDS", _ROUNDS[title]))
    jobs = [
        Job(f"{title}, round {count} of {rounds}: {name}", function, arguments, on_gpu)
        for count in range(1, rounds + 1)
        for name, arguments in calls.items()
    ]
    results = run_in_fresh_processes(jobs)
    return {name: results[place :: len(calls)] for place, name in enumerate(calls)}


def _show_searches(name: str, searches: Searches) -> None:
    work = WORKS[name]
    show_table(
        f"{name}: {work.fits} fits of LSTM({work.units}), {work.rows} rows of "
        f"{max(work.lookbacks)} timesteps x {work.features}, {work.epochs} epochs, "
        f"batch {work.batch_size}",
        _times(searches),
    )
    _show_scores(work, searches)


def _show_peak(name: str, searches: Searches) -> dict[str, Any]:
    scores = _mean_scores(searches)[OURS]
    best = WORKS[name].lookbacks[scores.index(max(scores))]
    measured = _run_once(f"{name}, peak", measure_peak, name, best)
    show_shares(name, measured, search=median(_times(searches)[OURS]))
    return measured


def _show_scores(work: Work, searches: Searches) -> None:
    table = Table(title="Mean test R² by look-back", title_justify="left", title_style="bold")
    table.add_column("")
    for header in (*map(str, work.lookbacks), "best"):
        table.add_column(header, justify="right")
    for contestant, scores in _mean_scores(searches).items():
        table.add_row(contestant, *(f"{score:.3f}" for score in (*scores, max(scores))))
    console.print(table)


def _judge(name: str, searches: Searches) -> list[Outcome]:
    seconds = {contestant: median(times) for contestant, times in _times(searches).items()}
    skorch = min(SKORCH, key=seconds.__getitem__)
    targets = {SCIKERAS: _TIMES_SCIKERAS[name], skorch: _TIMES_SKORCH[name]}
    return [
        times_faster(f"search {name}", peer, seconds[OURS], seconds[peer], target)
        for peer, target in targets.items()
    ]


def _judge_jobs(searches: Searches) -> Outcome:
    one, several = _mean_scores(searches).values()
    apart = max(abs(a - b) for a, b in zip(one, several, strict=True))
    console.print(f"The scores with n_jobs={_JOBS} and n_jobs=1 differ by at most {apart:.0e}.")
    theirs, ours = (median(times) for times in _times(searches).values())
    work = f"search {_JOBS_WORK}, n_jobs={_JOBS}"
    return times_faster(work, "n_jobs=1", ours, theirs, _TIMES_ONE_JOB)


def _times(searches: Searches) -> Times:
    return {name: [one["seconds"] for one in rounds] for name, rounds in searches.items()}


def _mean_scores(searches: Searches) -> dict[str, list[float]]:
    return {
        name: [fmean(scores) for scores in zip(*(one["scores"] for one in rounds), strict=True)]
        for name, rounds in searches.items()
    }
