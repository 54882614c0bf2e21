"""Searches with joblib's Dask backend: two processes that communicate like machines."""

import os
import signal
import time
from threading import Thread

import joblib
import numpy as np
import pytest
from dask.distributed import Client, LocalCluster
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline

from skl_lstm import LSTMRegressor, SequenceWindower

# joblib scatters only arrays of more than a thousand bytes.
X = np.random.default_rng(0).standard_normal((600, 3))
Y = X.sum(axis=1)
SPLITS = [*TimeSeriesSplit(3).split(X)]
SCORES = [f"split{split}_test_score" for split in range(3)]
PATIENCE = 60


class HaltOnce(TransformerMixin, BaseEstimator):
    """Halt in the first fit of all processes, so that the test can kill its process."""

    def __init__(self, path):
        self.path = path

    def fit(self, X, y=None):
        try:
            file = self.path.open("x")
        except FileExistsError:
            return self
        with file:
            file.write(f"{os.getpid()}\n")
        time.sleep(PATIENCE)
        raise RuntimeError("was not killed")

    def transform(self, X):
        return X


def make_search(path, **params):
    pipeline = Pipeline(
        [
            ("halt", HaltOnce(path)),
            ("window", SequenceWindower()),
            ("lstm", LSTMRegressor(3, epochs=2, dropout=0.2, random_state=0)),
        ]
    )
    grid = {"window__timesteps": [1, 2, 3, 4]}
    return GridSearchCV(pipeline, grid, cv=SPLITS, error_score="raise", **params)


@pytest.fixture
def already_halted(tmp_path):
    """Return the path of a file that already exists, so that no fit halts."""
    path = tmp_path / "already_halted"
    path.touch()
    return path


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def assert_scores_equal(search, expected):
    for name in SCORES:
        assert_array_equal(search.cv_results_[name], expected.cv_results_[name])
    assert search.best_params_ == expected.best_params_
    assert_array_equal(search.predict(X), expected.predict(X))


def test_two_processes_of_a_cluster_give_the_same_scores_as_one(
    client, already_halted, monkeypatch
):
    sent = []
    scatter = Client.scatter
    monkeypatch.setattr(
        Client,
        "scatter",
        lambda *args, **options: sent.append(args[1]) or scatter(*args, **options),
    )
    with joblib.parallel_config("dask"):
        search = make_search(already_halted, n_jobs=-1).fit(X, Y)
    assert_scores_equal(search, make_search(already_halted).fit(X, Y))
    # There are twelve fits, but the rows were sent only once.
    assert [rows is X for rows in sent].count(True) == 1


def test_a_search_continues_after_a_worker_is_killed(client, already_halted, tmp_path):
    halted, killed = tmp_path / "halted", []

    def kill_halted_worker():
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if halted.exists() and halted.read_text().endswith("\n"):
                killed.append(int(halted.read_text()))
                os.kill(killed[0], signal.SIGKILL)
                return
            time.sleep(0.02)

    workers = client.run(os.getpid).values()
    killer = Thread(target=kill_halted_worker)
    killer.start()
    # Both workers must have a copy of the data, because one is killed. Dask's memory manager would
    # reduce scattered data to one copy, so it is stopped.
    client.amm.stop()
    rows = [X, Y, *(positions for split in SPLITS for positions in split)]
    with joblib.parallel_config("dask", scatter=rows):
        search = make_search(halted, n_jobs=-1).fit(X, Y)
    killer.join()
    assert killed[0] in workers
    assert_scores_equal(search, make_search(already_halted).fit(X, Y))
    client.wait_for_workers(2, timeout=PATIENCE)
    assert killed[0] not in client.run(os.getpid).values()
