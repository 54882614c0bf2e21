"""Many fits and predictions in several threads: the results are right and memory does not grow.

``python -m benchmarks soak`` does the same for longer, and measures the times.
"""

import gc
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMClassifier, LSTMRegressor, SequenceWindower

SERIES = np.random.default_rng(0).standard_normal((60, 2)).astype("float32")
KINDS = [
    (cls, units, engine)
    for cls in (LSTMRegressor, LSTMClassifier)
    for units in (2, 3)
    for engine in ("native", "keras")
]
FITS, PREDICTIONS = 48, 480
# Memory grows until every thread has a traced copy of every architecture.
WARM_UP = 32
# A sixth of the growth of plain scikeras over the same number of fits. The allocator takes 10 to
# 50 MB for four threads.
MOST_GROWTH = 80e6


def fit(index):
    cls, units, engine = KINDS[index % len(KINDS)]
    y = SERIES[:, 0] > 0 if cls is LSTMClassifier else SERIES[:, 0]
    lstm = cls(units, dropout=0.2, epochs=1, engine=engine, random_state=index % len(KINDS))
    return make_pipeline(SequenceWindower(3 + units), lstm).fit(SERIES, y)


def memory_used():
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024


@contextmanager
def drawing():
    """Draw Python's random numbers in a thread meanwhile, as other libraries may do."""
    done = Event()

    def draw():
        while not done.wait(0.0002):
            random.random()

    thread = Thread(target=draw)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def soak():
    """Fit and predict in four threads, compare all results, and return the growth of memory."""
    alone = [fit(index) for index in range(len(KINDS))]
    expected = [
        [pipeline.predict(SERIES[row : row + 1]) for row in range(len(SERIES))]
        for pipeline in alone
    ]

    def fit_again(index):
        kind = index % len(KINDS)
        pipeline = fit(index)
        assert pipeline[-1].history_ == alone[kind][-1].history_
        assert_array_equal(pipeline.predict(SERIES), alone[kind].predict(SERIES))

    def predict_again(index):
        kind, row = index % len(KINDS), index % len(SERIES)
        assert_array_equal(alone[kind].predict(SERIES[row : row + 1]), expected[kind][row])

    def work(index):
        fit_again(index)
        for prediction in range(PREDICTIONS // FITS):
            predict_again(index + prediction)

    with drawing(), ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(WARM_UP)))
        before = memory_used()
        list(threads.map(work, range(WARM_UP, WARM_UP + FITS)))
    return memory_used() - before


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_threads_give_right_results_and_memory_does_not_grow():
    # In a new process, so that memory of other tests is not counted.
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < MOST_GROWTH


if __name__ == "__main__":
    print(soak())
