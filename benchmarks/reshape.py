"""`SequenceReshaper.transform`, including validation, compared with a reshape by hand."""

from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import assert_all_finite

from skl_lstm import SequenceReshaper

from ._timing import alternate, console, duration, show_setting, show_table, stopwatch

_SAMPLES, _TIMESTEPS, _FEATURES = 50_000, 120, 2
_ROUNDS = 25
_OURS = "SequenceReshaper"
_SCAN = "the finite scan alone"


def main() -> None:
    show_setting("numpy", "scikit-learn")
    X = np.random.default_rng(0).standard_normal((_SAMPLES, _TIMESTEPS * _FEATURES))
    calls = _transforms(X)
    _check_equal({name: call() for name, call in calls.items()}, X)
    calls[_SCAN] = lambda: assert_all_finite(X, allow_nan=True)
    times = alternate({name: stopwatch(call) for name, call in calls.items()}, _ROUNDS)

    show_table(f"{X.shape} float64 to {_by_hand(X).shape}", times)
    # Subtracted round by round, so that both times were measured under the same load.
    rest = median(ours - scan for ours, scan in zip(times[_OURS], times[_SCAN], strict=True))
    console.print(
        "All return a view and copy nothing. SequenceReshaper spends its time, except for "
        f"{duration(max(rest, 0))}, on the finite scan of scikit-learn's validation, which reads X "
        "once to refuse infinity. FunctionTransformer without validate=True checks nothing, like "
        "the reshape by hand."
    )


def _transforms(X: NDArray) -> dict[str, Callable[[], NDArray]]:
    ours = SequenceReshaper(features=_FEATURES).fit(X)
    checked = FunctionTransformer(_by_hand, validate=True).fit(X)
    unchecked = FunctionTransformer(_by_hand).fit(X)
    return {
        _OURS: lambda: ours.transform(X),
        "FunctionTransformer, validate=True": lambda: checked.transform(X),
        "FunctionTransformer": lambda: unchecked.transform(X),
        "X.reshape(n, t, f)": lambda: _by_hand(X),
    }


def _by_hand(X: NDArray) -> NDArray:
    return X.reshape(len(X), _TIMESTEPS, _FEATURES)


def _check_equal(results: dict[str, NDArray], X: NDArray) -> None:
    for name, result in results.items():
        if not (np.shares_memory(result, X) and np.array_equal(result, _by_hand(X))):
            raise RuntimeError(f"{name} does not return the same view as the others.")
