"""What the process comes to hold: over many fits, and in one fit to a long series of windows.

It is the resident memory that the system counts, TensorFlow's included.
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

_PACKAGES = ("numpy", "scikit-learn", "keras", "tensorflow", "scikeras", "psutil")
_FITS = {OURS: 100, SCIKERAS: 40}
_SETTLED = 10
_MOST_GROWTH = 60e6
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
        f"Over {_FITS[OURS]} fits: growth after the first {_SETTLED}, each a fit and a prediction "
        f"of {_FITTED.rows} rows in a Pipeline, the look-backs {_lookbacks()} in turn. "
        f"{SCIKERAS} makes {_FITS[SCIKERAS]} fits only; its growth after the first {_SETTLED} "
        f"was {megabytes(_grown(resident[SCIKERAS]))} and is scaled up to the "
        f"{_FITS[OURS] - _SETTLED} that ours has.\n"
        f"Long series: {_ROWS} rows of {_FEATURES} float32, timesteps={_TIMESTEPS}. The most held "
        f"in a fit of LSTM({_UNITS}), one epoch in batches of {_BATCH}, beyond what was held "
        f"before it, after a fit to {_WARM_ROWS} rows; sampled every {_SAMPLED_EVERY * 1e3:g} ms. "
        f"Ours is SequenceWindower and LSTMRegressor in a Pipeline. {SCIKERAS} is given windows "
        f"copied out, {megabytes(_windows_bytes())} that count, and stopped after {_PEER_STEPS} "
        "batches, by when it has all in memory."
    )
    save("memory", _PACKAGES, outcomes, {"resident": resident, "extra": extra})


def grow(contestant: str, fits: int) -> list[int]:
    """Return the memory held after each of many fits; to be called in a fresh process."""
    X, y = _FITTED.data()
    held = []
    for count in range(fits):
        lookback = _FITTED.lookbacks[count % len(_FITTED.lookbacks)]
        # Its longest look-back is the one that a Pipeline reads.
        work = _FITTED._replace(lookbacks=(lookback,))
        newest = X[:, -lookback * work.features :]
        make_pipeline(contestant, work).fit(newest, y).predict(newest)
        gc.collect()
        held.append(_resident())
    return held


def fit_windows(contestant: str) -> int:
    """Return the most memory that a fit takes beyond its data; to be called in a fresh process."""
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
    # All is copied before the first batch, and the other minutes would add nothing.
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
    ours, theirs = _grown(resident[OURS]), scale * _grown(resident[SCIKERAS])
    return at_most(f"{_FITS[OURS]} fits", SCIKERAS, ours, theirs, _MOST_GROWTH)


def _judge_windows(extra: dict[str, int]) -> Outcome:
    return at_most("long series", "windows copied", extra[OURS], extra[SCIKERAS], _MOST_EXTRA)


def _grown(resident: list[int]) -> int:
    return resident[-1] - resident[_SETTLED - 1]


def _windows_bytes() -> int:
    return _ROWS * _TIMESTEPS * _FEATURES * np.dtype(np.float32).itemsize


def _lookbacks() -> str:
    return ", ".join(map(str, _FITTED.lookbacks))
