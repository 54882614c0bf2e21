"""The memory of the process over many fits, and in one fit on a long series of windows.

This is the resident memory reported by the system, which includes that of all libraries.
`LSTMRegressor` trains without Keras here, so its process never loads TensorFlow.
"""

import gc
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from ._contestants import OURS, SCIKERAS, WORKS, make_pipeline
from ._fresh import Job, run_in_fresh_processes
from ._results import Outcome, at_most, save, show_outcomes
from ._timing import console, megabytes, show_setting

_PACKAGES = ("numpy", "numba", "scikit-learn", "keras", "tensorflow", "scikeras", "psutil")
_FITS = {OURS: 100, SCIKERAS: 40}
_SETTLED = 10
MOST_GROWTH = 5e6
_FITTED = WORKS["S"]._replace(rows=200, epochs=1)

_ROWS, _FEATURES, _TIMESTEPS = 200_000, 10, 100
_UNITS, _BATCH = 16, 256
_WARM_ROWS = 10 * _BATCH
_PEER_STEPS = 10
_MOST_EXTRA = 100e6
_SAMPLED_EVERY = 0.002


def main() -> None:
    show_setting(*_PACKAGES)
    growing = [Job(f"{n} fits: {who}", grow, (who, n)) for who, n in _FITS.items()]
    windowing = [Job(f"long series: {who}", fit_windows, (who,)) for who in (OURS, SCIKERAS)]
    results = run_in_fresh_processes([*growing, *windowing])
    resident = dict(zip(_FITS, results[:2], strict=True))
    extra = dict(zip((OURS, SCIKERAS), results[2:], strict=True))
    outcomes = [_judge_growth(resident), _judge_windows(extra)]
    show_outcomes(outcomes)
    console.print(
        f"{_FITS[OURS]} fits: the growth of memory after the first {_SETTLED} fits. Each is a fit "
        f"and a prediction of {_FITTED.rows} rows in a Pipeline, with the look-backs "
        f"{_lookbacks()} in turn. {SCIKERAS} makes only {_FITS[SCIKERAS]} fits. Its growth after "
        f"the first {_SETTLED} was {megabytes(grown(resident[SCIKERAS]))}, and is scaled to the "
        f"{_FITS[OURS] - _SETTLED} fits of {OURS}.\n"
        f"Long series: {_ROWS} rows of {_FEATURES} float32, timesteps={_TIMESTEPS}. The value is "
        f"the peak memory in a fit of LSTM({_UNITS}), one epoch in batches of {_BATCH}, minus the "
        f"memory before the fit. A fit on {_WARM_ROWS} rows comes first and is not counted. Memory "
        f"is sampled every {_SAMPLED_EVERY * 1e3:g} ms. {OURS} uses SequenceWindower and "
        f"LSTMRegressor in a Pipeline. {SCIKERAS} gets a copy of all windows "
        f"({megabytes(_windows_bytes())}, which are counted), and is stopped after {_PEER_STEPS} "
        "batches, when all of it is in memory."
    )
    save("memory", _PACKAGES, outcomes, {"resident": resident, "extra": extra})


def grow(contestant: str, fits: int) -> list[int]:
    """Return the memory used after each of many fits. Call this in a new process."""
    X, y = _FITTED.data()
    held = []
    for count in range(fits):
        lookback = _FITTED.lookbacks[count % len(_FITTED.lookbacks)]
        # make_pipeline uses the longest look-back, so only this one is listed.
        work = _FITTED._replace(lookbacks=(lookback,))
        newest = X[:, -lookback * work.features :]
        make_pipeline(contestant, work).fit(newest, y).predict(newest)
        gc.collect()
        held.append(_resident())
    return held


def grown(resident: list[int]) -> int:
    """Return the growth of memory after the first fits."""
    return resident[-1] - resident[_SETTLED - 1]


def fit_windows(contestant: str) -> int:
    """Return the peak memory that a fit takes in addition to the series. Call in a new process."""
    series, y = _series()
    fit = _fit_ours if contestant == OURS else _fit_scikeras
    fit(series[:_WARM_ROWS], y[:_WARM_ROWS])
    gc.collect()
    return _peak_extra(lambda: fit(series, y))


def _fit_ours(series: NDArray, y: NDArray) -> object:
    from sklearn.pipeline import make_pipeline

    from skl_lstm import LSTMRegressor, SequenceWindower

    lstm = LSTMRegressor(_UNITS, epochs=1, batch_size=_BATCH, random_state=0)
    return make_pipeline(SequenceWindower(_TIMESTEPS), lstm).fit(series, y)


def _fit_scikeras(series: NDArray, y: NDArray) -> object:
    from ._with_scikeras import make_net

    past = np.concatenate([np.repeat(series[:1], _TIMESTEPS - 1, axis=0), series])
    windows = np.lib.stride_tricks.sliding_window_view(past, _TIMESTEPS, axis=0)
    written_out = np.ascontiguousarray(windows.swapaxes(1, 2))
    net = make_net(_UNITS, epochs=1, batch_size=_BATCH)
    # Keras copies all windows before the first batch, so later batches would not add memory.
    return net.set_params(fit__steps_per_epoch=_PEER_STEPS).fit(written_out, y)


def _series() -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(0)
    series = rng.standard_normal((_ROWS, _FEATURES), dtype=np.float32)
    return series, series[:, 0].copy()


def _peak_extra(call: Callable[[], Any]) -> int:
    before, peak, done = _resident(), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(_SAMPLED_EVERY):
            peak = max(peak, _resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        result = call()
        peak = max(peak, _resident())
        del result
    finally:
        done.set()
        watcher.join()
    return peak - before


def _resident() -> int:
    return psutil.Process().memory_info().rss


def _judge_growth(resident: dict[str, list[int]]) -> Outcome:
    scale = (_FITS[OURS] - _SETTLED) / (_FITS[SCIKERAS] - _SETTLED)
    ours, theirs = grown(resident[OURS]), scale * grown(resident[SCIKERAS])
    return at_most(f"{_FITS[OURS]} fits", SCIKERAS, ours, theirs, MOST_GROWTH)


def _judge_windows(extra: dict[str, int]) -> Outcome:
    return at_most("long series", "windows copied", extra[OURS], extra[SCIKERAS], _MOST_EXTRA)


def _windows_bytes() -> int:
    return _ROWS * _TIMESTEPS * _FEATURES * np.dtype(np.float32).itemsize


def _lookbacks() -> str:
    return ", ".join(map(str, _FITTED.lookbacks))
