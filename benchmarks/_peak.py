"""The share of the peak of a core that the training of skl_lstm reaches.

The peak is the speed of a large product of matrices with NumPy. Only the products of matrices in
training count as work.
"""

import os
from statistics import median
from time import perf_counter
from typing import Any
from unittest.mock import patch

import numpy as np
from rich.table import Table
from sklearn.model_selection import TimeSeriesSplit
from threadpoolctl import threadpool_limits

from ._contestants import WORKS, Work
from ._timing import console, duration

_SIZE, _PRODUCTS = 1024, 20
_BATCHES, _EPOCHS = 20, 10


def measure_peak(name: str, best_lookback: int) -> dict[str, Any]:
    """Measure a core and single training steps, and count operations. Call in a new process."""
    work = WORKS[name]
    with threadpool_limits(1):
        peak = _peak()
    timesteps = max(work.lookbacks)
    return {
        "peak": peak,
        "search operations": _operations_of_search(work, best_lookback),
        "step operations": work.batch_size * _operations_of_row(work, timesteps),
        "step": _time_step(work, timesteps),
        "step, one thread": _time_step_in_one_thread(work, timesteps),
    }


def show_shares(name: str, measured: dict[str, Any], search: float) -> None:
    """Print the share of the peak in the whole search and in one training step."""
    work = WORKS[name]
    title = f"Training by skl_lstm in {name}, and {_speed(measured['peak'])}, the peak of one core"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    for header in ("operations", "seconds", "speed", "share of the peak"):
        table.add_column(header, justify="right")
    step = f"one training step of {work.batch_size} x {max(work.lookbacks)} timesteps"
    rows = {
        "the whole search": (measured["search operations"], search),
        step: (measured["step operations"], measured["step"]),
        "the same in one thread": (measured["step operations"], measured["step, one thread"]),
    }
    for label, (operations, seconds) in rows.items():
        speed = operations / seconds
        share = f"{speed / measured['peak']:.0%}"
        table.add_row(label, f"{operations:.2g}", duration(seconds), _speed(speed), share)
    console.print(table)


def _speed(operations_per_second: float) -> str:
    return f"{operations_per_second / 1e9:.3g} GFLOP/s"


def _peak() -> float:
    """Return the operations per second of the fastest of several products of matrices."""
    left, right = np.random.default_rng(0).standard_normal((2, _SIZE, _SIZE), dtype=np.float32)
    out = np.empty_like(left)
    seconds = []
    for _ in range(_PRODUCTS):
        start = perf_counter()
        np.dot(left, right, out=out)
        seconds.append(perf_counter() - start)
    return 2 * _SIZE**3 / min(seconds)


def _operations_of_search(work: Work, best_lookback: int) -> int:
    X, _ = work.data()
    folds = [len(train) for train, _ in TimeSeriesSplit(work.splits).split(X)]
    fitted = [(steps, sum(folds)) for steps in work.lookbacks] + [(best_lookback, len(X))]
    return work.epochs * sum(rows * _operations_of_row(work, steps) for steps, rows in fitted)


def _operations_of_row(work: Work, timesteps: int) -> int:
    """Return the operations of the products for one row, forward and backward."""
    # Forward and for the weights. The gradient of the input of the network is not needed.
    inputs = 2 * timesteps * work.features
    # Forward, for the weights and for the state before. At the first step this state is zero.
    states = 3 * (timesteps - 1) * work.units
    dense = 3 * work.units
    return 2 * ((inputs + states) * 4 * work.units + dense)


def _time_step_in_one_thread(work: Work, timesteps: int) -> float:
    # skl_lstm reads the variable in every call.
    with patch.dict(os.environ, OMP_NUM_THREADS="1"):
        return _time_step(work, timesteps)


def _time_step(work: Work, timesteps: int) -> float:
    """Return the seconds per batch of the median epoch."""
    trainer = _trainer(work, timesteps)
    trainer.train_epoch(0)  # reads the compiled functions
    seconds = []
    for epoch in range(_EPOCHS):
        start = perf_counter()
        trainer.train_epoch(epoch)
        seconds.append(perf_counter() - start)
    return median(seconds) / _BATCHES


def _trainer(work: Work, timesteps: int) -> Any:
    from skl_lstm import LSTMRegressor
    from skl_lstm.networks.architecture import initial_weights
    from skl_lstm.training.native.engine import Trainer
    from skl_lstm.training.native.network import vector_of
    from skl_lstm.training.native.optimizers import make_optimizer

    rng = np.random.default_rng(0)
    rows = _BATCHES * work.batch_size
    X = rng.standard_normal((rows, timesteps, work.features), dtype=np.float32)
    y = X[:, -1, :1].copy()
    # The architecture of a tiny fit, so that it is the one of the search.
    fitted = LSTMRegressor(work.units, epochs=1, random_state=0).fit(X[:2], y[:2, 0])
    architecture = fitted._network.architecture
    weights = vector_of(initial_weights(architecture, rng))
    return Trainer(
        architecture,
        weights,
        make_optimizer("adam", {}, len(weights)),
        [X, y],
        loss="mean_squared_error",
        batch_size=work.batch_size,
        seed=0,
        shuffle=True,
    )
