"""
More than one machine
=====================

A search is many fits that know nothing of each other. joblib hands them to the cores of one
machine or to those of a cluster; pipeline and search stay as they are.
"""

# %%
# The search of this page: two look-backs, two sizes, three folds, twelve fits.

import subprocess
import sys
from time import perf_counter

import joblib
import keras
import numpy as np
import pandas as pd
import psutil
from dask.distributed import Client, LocalCluster
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import LSTMRegressor, SequenceRegressor, SequenceWindower
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather()[["temp_max", "wind"]]
X, y = weather[:-1], weather["temp_max"][1:]
pipeline = make_pipeline(
    StandardScaler().set_output(transform="pandas"),
    SequenceWindower(),
    LSTMRegressor(learning_rate=0.02, epochs=8, random_state=0),
)
grid = {"sequencewindower__timesteps": [7, 14], "lstmregressor__units": [8, 16]}
search = GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(3), refit=False)

scores = {"here": search.fit(X, y).cv_results_["mean_test_score"]}

# %%
# The cores of one machine
# ------------------------
#
# ``n_jobs=2`` starts two processes. Each imports TensorFlow, which takes seconds, and traces the
# networks for itself (:doc:`/speed`), so processes pay off where the fits take longer than that.
# joblib keeps them for the next search. It also says how many threads each may use, and the
# estimators obey: the cores divided by ``n_jobs``, or ``inner_max_num_threads`` of
# ``joblib.parallel_config``.
#
# Arrays of more than 1 MB, and tables of such, are written to a file once and mapped into every
# process, not sent with every task. An array that is a map already, ``numpy.load("X.npy",
# mmap_mode="r")``, stays the file that it is.
#
# Threads share the import: ``joblib.parallel_config(backend="threading", n_jobs=2)``. Two fits
# at a time of one architecture have a traced copy each.

with joblib.parallel_config(backend="threading", n_jobs=2):
    scores["two threads"] = search.fit(X, y).cv_results_["mean_test_score"]

# %%
# A cluster of Dask
# -----------------
#
# A cluster is a scheduler and any number of workers. On machines of your own, or through
# ``dask-jobqueue``, ``dask-kubernetes`` and the like, it takes three commands:
#
# .. code-block:: sh
#
#     pip install skl-lstm 'dask[distributed]'           # on every machine
#     dask scheduler                                     # on one, it listens at port 8786
#     dask worker tcp://scheduler:8786 --nworkers 4 --nthreads 1    # on each of the others
#
# and in your script ``client = Client("tcp://scheduler:8786")``. The cluster of this page is
# smaller, and as real: a scheduler here, and two worker processes started by the same command.

# ":0" is any free port. None is not "no port": it is 8787, and a warning if that is taken.
cluster = LocalCluster(n_workers=0, dashboard_address="localhost:0")
command = f"-m dask worker {cluster.scheduler_address} --nworkers 2 --nthreads 1 --no-dashboard"
workers = subprocess.Popen([sys.executable, *command.split()], stderr=subprocess.DEVNULL)
client = Client(cluster)
client.wait_for_workers(2)


def timed(work):
    start = perf_counter()
    work()
    return perf_counter() - start


# %%
# ``LocalCluster(n_workers=2, threads_per_worker=1)`` starts such workers by itself. They import
# the script that started them, so in a script, other than in a notebook, everything must then
# stand under ``if __name__ == "__main__":``.
#
# A search goes there by one line around it. How many fits run at a time is the workers' threads;
# ``n_jobs`` is not asked.

with joblib.parallel_config(backend="dask", scatter=[X, y]):
    first = timed(lambda: search.fit(X, y))
    again = timed(lambda: search.fit(X, y))

scores["Dask"] = search.cv_results_["mean_test_score"]
print(f"first search {first:.1f} s, with TensorFlow's import; the next {again:.1f} s")
pd.DataFrame(scores, index=pd.MultiIndex.from_frame(pd.DataFrame(search.cv_results_["params"])))

# %%
# The scores, R², are the same numbers, as every fit follows from its ``random_state`` and its data
# alone. Between kinds of processors the last bits may differ.

all(np.array_equal(scores["here"], others) for others in scores.values())

# %%
# What travels
# ------------
#
# What a task holds beside the data is small: a pipeline with its parameters. The data, and the
# row numbers of every fold, joblib sends once a search, and tasks name them. ``scatter`` sends
# the data before, to all workers, and keeps it there for all that happens inside the ``with``.
# Two searches over 16 MB, and how much went through this machine's network, replies included:

big = np.random.default_rng(0).normal(size=(100_000, 20))
two_searches = [GridSearchCV(Ridge(), {"alpha": [1, 10]}, cv=2, refit=False) for _ in range(2)]


def megabytes(**options):
    before = psutil.net_io_counters().bytes_sent
    with joblib.parallel_config(backend="dask", **options):
        for one in two_searches:
            one.fit(big, big[:, 0])
    return (psutil.net_io_counters().bytes_sent - before) / 1e6


print(f"without scatter: {megabytes():.0f} MB")
print(f"with scatter:    {megabytes(scatter=[big]):.0f} MB")

# %%
# ``scatter`` finds its objects by identity: pass those to ``fit`` that you scattered, not a copy or
# a slice. For one search it makes no difference to the bytes.
#
# If a worker dies
# ----------------
#
# Dask gives its fits to the others. But data that was sent, and not computed, cannot be computed
# again: if the only copy lay on that worker, the search ends with ``FutureCancelledError``. joblib
# sends the row numbers of the folds to one worker alone, and Dask takes copies back that it thinks
# too many. So that any worker may die, make the folds before, scatter them too, and stop Dask from
# tidying up:
#
# .. code-block:: python
#
#     folds = [*TimeSeriesSplit(3).split(X, y)]
#     rows = [numbers for fold in folds for numbers in fold]
#     search.set_params(cv=folds)
#     client.amm.stop()
#     with joblib.parallel_config(backend="dask", scatter=[X, y, *rows]):
#         search.fit(X, y)
#
# A test of the package kills a worker in the midst of such a search, which then finishes with the
# same scores.
#
# Successive halving
# ------------------
#
# ``HalvingGridSearchCV`` gives many candidates little and the better ones more. Let the little be
# epochs. By default it is rows, drawn at random, and a series with rows missing at random has
# holes everywhere, which :class:`~skl_lstm.SequenceWindower` will not cross. Every round would
# send the data anew; ``scatter`` sends it once.

halving = HalvingGridSearchCV(
    pipeline,
    grid,
    resource="lstmregressor__epochs",
    min_resources=1,
    max_resources=4,
    factor=2,
    cv=TimeSeriesSplit(3),
    refit=False,
)
with joblib.parallel_config(backend="dask", scatter=[X, y]):
    halving.fit(X, y)
print(halving.n_resources_, "epochs for", halving.n_candidates_, "candidates")
halving.best_params_

# %%
# A network of your own
# ---------------------
#
# A function of the script or the notebook, as here, travels as a whole. A function in a module
# travels by its name, and the workers import the module: install it there, or send the file by
# ``client.upload_file("networks.py")``. A worker that cannot import it is lost: the search ends
# with ``FutureCancelledError``, and ``ModuleNotFoundError`` stands in the worker's log alone.


def network(meta, units=4):
    inputs = keras.Input((None, meta["n_features_in_"]))
    outputs = keras.layers.Dense(1)(keras.layers.GRU(units)(inputs))
    return keras.Model(inputs, outputs)


own = make_pipeline(
    StandardScaler().set_output(transform="pandas"),
    SequenceWindower(timesteps=7),
    SequenceRegressor(network, random_state=0),
)
search = GridSearchCV(own, {"sequenceregressor__epochs": [1, 2]}, cv=TimeSeriesSplit(2))
with joblib.parallel_config(backend="dask", scatter=[X, y]):
    search.fit(X, y)
search.best_params_

# %%
# The best candidate was fitted again here, on all rows, not on a worker.

client.close()
workers.terminate()
workers.wait()
cluster.close()

# %%
# What the workers need
# ---------------------
#
# The same version of Python and of the packages. ``Client`` warns where Python, NumPy, pandas or
# Dask differ; ``client.get_versions(check=True, packages=["scikit-learn", "tensorflow"])`` looks at
# these too. No file of yours, as data travels. A task gets one thread, by ``OMP_NUM_THREADS=1``
# that Dask sets for its workers, unless you set it otherwise.
#
# A cluster that has no worker yet, because it grows on demand, is waited for ten seconds;
# ``wait_for_workers_timeout=300``, beside ``backend="dask"``, waits longer.
#
# On a cluster of Ray
# -------------------
#
# Ray has a backend for joblib, too. This ran with Ray 2.60 and joblib 1.6, to the same scores,
# functions of the script included; it is not run here, as Ray is not installed for this site.
#
# .. code-block:: python
#
#     import ray
#     from ray.util.joblib import register_ray
#
#     ray.init()  # or ray.init(address="auto") on a cluster
#     register_ray()
#     with joblib.parallel_config(backend="ray", n_jobs=-1):
#         search.fit(X, y)
#
# Say ``n_jobs``: without it the search runs here, alone. Ray logs once that ``'context'`` is not
# supported, which does no harm. It starts new processes for every search, which import TensorFlow
# anew; Dask's workers stay, with all that they have traced. If a process dies, the search ends with
# ``ActorDiedError``, unless Ray may start it again: give ``parallel_config`` also
# ``ray_remote_args={"max_restarts": -1, "max_task_retries": -1}``.
