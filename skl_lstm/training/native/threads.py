"""`run_all` runs tasks in several threads. The compiled functions release Python's global lock."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib


def run_all(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all tasks and return their results in order. Other threads help if they are free."""
    if len(tasks) == 1:
        return [tasks[0]()]
    helpers = min(len(tasks), _thread_limit(os.environ.get("OMP_NUM_THREADS", ""))) - 1
    if helpers < 1:
        return [task() for task in tasks]
    results: list[Any] = [None] * len(tasks)
    waiting = deque(range(len(tasks)))

    def work() -> None:
        while True:
            try:
                index = waiting.popleft()
            except IndexError:
                return
            results[index] = tasks[index]()

    pool = _pool(os.getpid())
    futures = [pool.submit(work) for _ in range(helpers)]
    try:
        work()
    finally:
        waiting.clear()
        # A helper that has not started has nothing left to do.
        running = [future for future in futures if not future.cancel()]
        errors = [future.exception() for future in running]
    for error in filter(None, errors):
        raise error
    return results


@functools.cache
def _thread_limit(omp_num_threads: str) -> int:
    """Return the number of threads. joblib sets OMP_NUM_THREADS in its workers."""
    limit = joblib.cpu_count()
    return min(limit, int(omp_num_threads)) if omp_num_threads.isdigit() else limit


@functools.cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Return the threads of a process. A forked process needs new ones."""
    return ThreadPoolExecutor(max(1, joblib.cpu_count() - 1), "skl_lstm")
