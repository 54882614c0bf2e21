"""
More than one machine
=====================

A search consists of many fits that do not depend on each other. joblib can distribute them to the
cores of one machine or to a cluster. The pipeline and the search do not change.
"""

# %%
# The search of this page has two look-backs, two network sizes and three folds, so it runs twelve
# fits.

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
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import LSTMRegressor, SequenceRegressor, SequenceWindower, TimeSplit, leads
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather()[["temp_max", "wind"]]
y = leads(weather, "temp_max")
X = weather.loc[y.index]
pipeline = make_pipeline(
    SequenceWindower(),
    LSTMRegressor(learning_rate=0.02, epochs=8, random_state=0),
)
grid = {"sequencewindower__timesteps": [7, 14], "lstmregressor__units": [8, 16]}
search = GridSearchCV(pipeline, grid, cv=TimeSplit(3), refit=False)

scores = {"one process": search.fit(X, y).cv_results_["mean_test_score"]}

# %%
# The cores of one machine
# ------------------------
#
# ``n_jobs=2`` starts two processes. Each process imports the packages and loads the compiled
# functions, which takes seconds (:doc:`/speed`). Processes are therefore faster only if the fits
# take longer than this start. joblib keeps the processes for the next search. It also limits the
# number of threads in each process, and the estimators respect the limit. The limit is the number
# of cores divided by ``n_jobs``, or ``inner_max_num_threads`` of ``joblib.parallel_config``.
#
# joblib writes arrays of more than 1 MB, and tables of such arrays, to a file once. It maps the
# file into the memory of every process, so the data are not sent with every task. If an array is
# already memory-mapped, as with ``numpy.load("X.npy", mmap_mode="r")``, its own file is used.
#
# Threads need no start: ``joblib.parallel_config(backend="threading", n_jobs=2)``. The compiled
# functions that train the network run in several threads at the same time.

with joblib.parallel_config(backend="threading", n_jobs=2):
    scores["two threads"] = search.fit(X, y).cv_results_["mean_test_score"]

# %%
# A Dask cluster
# --------------
#
# A cluster consists of a scheduler and any number of workers. You can start them on your own
# machines with three commands, or use ``dask-jobqueue``, ``dask-kubernetes`` or a similar package:
#
# .. code-block:: sh
#
#     pip install skl-lstm 'dask[distributed]'           # on every machine
#     dask scheduler                                     # on one, it listens at port 8786
#     dask worker tcp://scheduler:8786 --nworkers 4 --nthreads 1    # on each of the others
#
# In your script, add ``client = Client("tcp://scheduler:8786")``. This page uses a small but real
# cluster on one machine: a scheduler, and two worker processes started with the same command.

# ":0" selects any free port. None would select port 8787, and warn if it is in use.
cluster = LocalCluster(n_workers=0, dashboard_address="localhost:0")
command = f"-m dask worker {cluster.scheduler_address} --nworkers 2 --nthreads 1 --no-dashboard"
workers = subprocess.Popen([sys.executable, *command.split()], stderr=subprocess.DEVNULL)
client = Client(cluster)
client.wait_for_workers(2)

# %%
# ``LocalCluster(n_workers=2, threads_per_worker=1)`` starts such workers without a command. The
# workers import the script that started them. In a script, all code must therefore be under ``if
# __name__ == "__main__":``. A notebook does not need this.
#
# One line around the search sends its fits to the cluster. The number of simultaneous fits is the
# number of threads of the workers. ``n_jobs`` is ignored.

with joblib.parallel_config(backend="dask", scatter=[X, y]):
    for which in ("first, with the imports", "second"):
        start = perf_counter()
        search.fit(X, y)
        print(f"{which}: {perf_counter() - start:.1f} s")

scores["Dask"] = search.cv_results_["mean_test_score"]
pd.DataFrame(scores, index=pd.MultiIndex.from_frame(pd.DataFrame(search.cv_results_["params"])))

# %%
# The scores (R²) are identical, because every fit depends only on its ``random_state`` and its
# data. On different kinds of processors, the last bits may differ.

all(np.array_equal(scores["one process"], others) for others in scores.values())

# %%
# Which data are sent
# -------------------
#
# Apart from the data, a task is small: it contains a pipeline and its parameters. joblib sends the
# data and the row indices of every fold once per search, and the tasks refer to them. ``scatter``
# sends the data to all workers in advance and keeps the data there inside the ``with`` block. The
# next cell runs two searches over 16 MB of data and prints how much data this machine sent over its
# network interfaces, including the replies:

big = np.random.default_rng(0).normal(size=(100_000, 20))
two_searches = [GridSearchCV(Ridge(), {"alpha": [1, 10]}, cv=2, refit=False) for _ in range(2)]

for name, options in {"without scatter": {}, "with scatter": {"scatter": [big]}}.items():
    before = psutil.net_io_counters().bytes_sent
    with joblib.parallel_config(backend="dask", **options):
        for one in two_searches:
            one.fit(big, big[:, 0])
    sent = psutil.net_io_counters().bytes_sent - before
    print(f"{name:15} {sent / 1e6:.0f} MB")

# %%
# ``scatter`` recognises the data by object identity. Pass the same objects to ``fit`` that you
# passed to ``scatter``, not a copy or a slice. For a single search, ``scatter`` does not change the
# amount of data sent.
#
# If a worker stops
# -----------------
#
# If a worker stops, Dask gives its fits to the other workers. However, Dask cannot recompute data
# that was sent to the worker. If the only copy of the data was on that worker, the search ends with
# ``FutureCancelledError``. joblib sends the row indices of the folds to one worker only, and Dask
# removes copies that it considers redundant. To make the search robust against the loss of any
# worker, create the folds first, scatter them too, and turn off Dask's memory manager:
#
# .. code-block:: python
#
#     folds = [*TimeSplit(3).split(X, y)]
#     rows = [numbers for fold in folds for numbers in fold]
#     search.set_params(cv=folds)
#     client.amm.stop()
#     with joblib.parallel_config(backend="dask", scatter=[X, y, *rows]):
#         search.fit(X, y)
#
# A test of the package stops a worker during such a search. The search then finishes with the same
# scores.
#
# Successive halving
# ------------------
#
# ``HalvingGridSearchCV`` trains many candidates with few resources, and the best of them with more.
# Use the number of epochs as the resource. By default, the resource is the number of rows, and the
# rows are drawn at random. A series with randomly missing rows has holes everywhere, and the
# windows of :class:`~skl_lstm.SequenceWindower` do not cross holes. Every round would send the data
# again. ``scatter`` sends the data only once.

halving = HalvingGridSearchCV(
    pipeline,
    grid,
    resource="lstmregressor__epochs",
    min_resources=1,
    max_resources=4,
    factor=2,
    cv=TimeSplit(3),
    refit=False,
)
with joblib.parallel_config(backend="dask", scatter=[X, y]):
    halving.fit(X, y)
print(halving.n_resources_, "epochs for", halving.n_candidates_, "candidates")
halving.best_params_

# %%
# Your own network
# ----------------
#
# A function defined in the script or the notebook, as in the next cell, is sent as a whole. A
# function defined in a module is sent by name, and the workers import the module. Install the
# module on the workers, or send the file with ``client.upload_file("networks.py")``. A worker that
# cannot import the module fails. The search then ends with ``FutureCancelledError``, and only the
# log of the worker shows the ``ModuleNotFoundError``.
#
# ``SequenceRegressor`` passes X to your network as it is, so this pipeline begins with a scaler.
# ``set_output(transform="pandas")`` keeps the dates for the windower.


def network(meta, units=4):
    inputs = keras.Input((None, meta["n_features_in_"]))
    outputs = keras.layers.Dense(1)(keras.layers.GRU(units)(inputs))
    return keras.Model(inputs, outputs)


own = make_pipeline(
    StandardScaler().set_output(transform="pandas"),
    SequenceWindower(timesteps=7),
    SequenceRegressor(network, random_state=0),
)
search = GridSearchCV(own, {"sequenceregressor__epochs": [1, 2]}, cv=TimeSplit(2))
with joblib.parallel_config(backend="dask", scatter=[X, y]):
    search.fit(X, y)
search.best_params_

# %%
# The best candidate was refitted on all rows in this process, not on a worker.

client.close()
workers.terminate()
workers.wait()
cluster.close()

# %%
# Requirements for the workers
# ----------------------------
#
# The workers need the same versions of Python and of the packages. ``Client`` warns if the versions
# of Python, NumPy, pandas or Dask differ. ``client.get_versions(check=True,
# packages=["scikit-learn", "numba"])`` also checks these two packages. The workers do not need
# your data files, because the data are sent to them. Each task uses one thread, because Dask sets
# ``OMP_NUM_THREADS=1`` for its workers, unless you set another value.
#
# A cluster that grows on demand may have no worker at first. joblib waits ten seconds for a worker.
# To wait longer, pass ``wait_for_workers_timeout=300`` together with ``backend="dask"``.
#
# A Ray cluster
# -------------
#
# Ray also has a backend for joblib. The search was tested with Ray 2.60 and joblib 1.6, including
# functions defined in the script, and gave the same scores. The code does not run on this page,
# because Ray is not installed where this site is built.
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
# Set ``n_jobs``. Without it, the search runs in this process only. Ray logs once that ``'context'``
# is not supported; this message is harmless. Ray starts new processes for every search, and they
# import all packages again. Dask's workers keep running. If a Ray
# process stops, the search ends with ``ActorDiedError``. To let Ray restart the process, also pass
# ``ray_remote_args={"max_restarts": -1, "max_task_retries": -1}`` to ``parallel_config``.
