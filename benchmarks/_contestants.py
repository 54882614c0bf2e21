"""The same Pipelines for all contestants: skl_lstm, plain scikeras, and skorch with PyTorch.

Each is written in the way of its users, with Adam at 1e-3 and shuffled batches. skl_lstm and
TensorFlow choose their number of threads, and the number of PyTorch's threads is set. A process
loads only the libraries of its contestant.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from ._data import BEIJING, make_lags, make_sequences

OURS, OURS_WITH_KERAS, SCIKERAS = "skl_lstm", "skl_lstm, engine='keras'", "plain scikeras"
_ENGINES = {OURS: "auto", OURS_WITH_KERAS: "keras"}
SKORCH = {f"skorch, {count} thread{'s' * (count > 1)}": count for count in (1, 2)}
CONTESTANTS = (OURS, SCIKERAS, *SKORCH)
PACKAGES = ("numpy", "numba", "scikit-learn", "keras", "tensorflow", "scikeras", "skorch", "torch")


class Work(NamedTuple):
    """A search over look-backs, and its data."""

    rows: int
    make_data: Callable[[int, int], tuple[NDArray, NDArray]]
    features: int
    lookbacks: tuple[int, ...]
    splits: int
    units: int
    epochs: int
    batch_size: int

    @property
    def fits(self) -> int:
        return len(self.lookbacks) * self.splits + 1

    def data(self) -> tuple[NDArray, NDArray]:
        return self.make_data(self.rows, max(self.lookbacks))


_SHORT = Work(
    rows=1_000,
    make_data=make_sequences,
    features=2,
    lookbacks=(2, 4, 6, 12, 18, 24),
    splits=5,
    units=16,
    epochs=5,
    batch_size=32,
)
_LONG = Work(
    rows=17_520,
    make_data=make_lags,
    features=7,
    lookbacks=(24, 48),
    splits=3,
    units=64,
    epochs=3,
    batch_size=64,
)
WORKS = {"S": _SHORT, "M": _SHORT._replace(rows=4_000, epochs=10), "L": _LONG}


def can_run(work: str) -> bool:
    return WORKS[work].make_data is not make_lags or BEIJING.is_file()


def make_search(contestant: str, work: Work, n_jobs: int = 1) -> GridSearchCV:
    pipeline = make_pipeline(contestant, work)
    if contestant in _ENGINES:
        grid: dict[str, list[Any]] = {"reshape__timesteps": list(work.lookbacks)}
    else:
        grid = {"reshape__kw_args": [_slicing(work, steps) for steps in work.lookbacks]}
    cv = TimeSeriesSplit(work.splits)
    # A contestant whose fits fail would seem fast.
    return GridSearchCV(pipeline, grid, cv=cv, n_jobs=n_jobs, error_score="raise")


def make_pipeline(contestant: str, work: Work) -> Pipeline:
    """Return the Pipeline with the longest look-back."""
    reshape, net = _reshaper(contestant, work), _network(contestant, work)
    return Pipeline([("reshape", reshape), ("net", net)])


def target_for(contestant: str, y: NDArray) -> NDArray:
    # skorch refuses a target with one axis, or broadcasts it.
    return y[:, None] if contestant in SKORCH else y


def _reshaper(contestant: str, work: Work) -> BaseEstimator:
    if contestant in _ENGINES:
        from skl_lstm import SequenceReshaper

        return SequenceReshaper(features=work.features, truncating="pre")
    return FunctionTransformer(newest_steps, kw_args=_slicing(work, max(work.lookbacks)))


def _slicing(work: Work, timesteps: int) -> dict[str, int]:
    return {"timesteps": timesteps, "features": work.features}


def newest_steps(X: NDArray, timesteps: int, features: int) -> NDArray:
    return X.reshape(len(X), -1, features)[:, -timesteps:]


def _network(contestant: str, work: Work) -> BaseEstimator:
    settings = {"units": work.units, "epochs": work.epochs, "batch_size": work.batch_size}
    if contestant in _ENGINES:
        return _our_network(_ENGINES[contestant], **settings)
    if contestant == SCIKERAS:
        from . import _with_scikeras

        return _with_scikeras.make_net(**settings)
    return _skorch_network(SKORCH[contestant], features=work.features, **settings)


def _our_network(engine: str, **settings: int) -> BaseEstimator:
    # fit would import these modules, so that their import would be part of the measured time.
    if engine == "keras":
        from skl_lstm import LSTMRegressor, SequenceRegressor, lstm_network  # noqa: F401
    else:
        import skl_lstm.estimators.native_network  # noqa: F401
        from skl_lstm import LSTMRegressor

    return LSTMRegressor(**settings, engine=engine, random_state=0)


def _skorch_network(threads: int, **settings: int) -> BaseEstimator:
    import torch

    from . import _with_skorch

    torch.set_num_threads(threads)
    return _with_skorch.make_net(**settings)
