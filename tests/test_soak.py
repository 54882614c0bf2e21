"""Fits and predictions by several threads for longer: every answer, and the memory held.

``python -m benchmarks soak`` does more of it, and times it.
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
KINDS = [(cls, units) for cls in (LSTMRegressor, LSTMClassifier) for units in (2, 3)]
FITS, PREDICTIONS = 48, 480
# Before memory is flat, every thread has a traced copy of every architecture.
WARM_UP = 32
# A sixth of what plain scikeras holds on to in as many fits; 10 to 50 MB are the allocator's, for
# four threads.
MOST_GROWTH = 80e6


def fit(number):
    cls, units = KINDS[number % len(KINDS)]
    y = SERIES[:, 0] > 0 if cls is LSTMClassifier else SERIES[:, 0]
    lstm = cls(units, dropout=0.2, epochs=1, random_state=number % len(KINDS))
    return make_pipeline(SequenceWindower(3 + units), lstm).fit(SERIES, y)


def held():
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) * 1024


@contextmanager
def drawing():
    """Draw from Python's random numbers all the while, as a library's threads may."""
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
    """Fit and predict in four threads, every answer compared; return the bytes held in the end."""
    alone = [fit(number) for number in range(len(KINDS))]
    answers = [
        [pipeline.predict(SERIES[row : row + 1]) for row in range(len(SERIES))]
        for pipeline in alone
    ]

    def fit_again(number):
        kind = number % len(KINDS)
        pipeline = fit(number)
        assert pipeline[-1].history_ == alone[kind][-1].history_
        assert_array_equal(pipeline.predict(SERIES), alone[kind].predict(SERIES))

    def predict_again(number):
        kind, row = number % len(KINDS), number % len(SERIES)
        assert_array_equal(alone[kind].predict(SERIES[row : row + 1]), answers[kind][row])

    def work(number):
        fit_again(number)
        for prediction in range(PREDICTIONS // FITS):
            predict_again(number + prediction)

    with drawing(), ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(WARM_UP)))
        before = held()
        list(threads.map(work, range(WARM_UP, WARM_UP + FITS)))
    return held() - before


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_threads_give_right_answers_and_hold_on_to_no_memory():
    # In a process of its own: what other tests have left behind would be counted too.
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < MOST_GROWTH


if __name__ == "__main__":
    print(soak())
