"""LSTM layers in ordinary scikit-learn pipelines.

The three axes of a recurrent layer's input are (samples, timesteps, features). Which tool
gives them to your data depends on what one of your rows is:

- a whole sequence, flattened: `SequenceReshaper`
- one time step of a series: `SequenceWindower`, or, where no Pipeline is at hand, the
  functions `sliding_windows` and `make_supervised`
- one of a list of sequences of unequal length: `SequencePadder`, and ahead of it
  `PerTimestep`, which scales their steps

Behind them stands `LSTMRegressor` or `LSTMClassifier`, or `SequenceRegressor` or
`SequenceClassifier` with a Keras network of your own. `lstm_network` is the network of the
former, for scikeras' plain wrappers too. `skl_lstm.inspection` draws sequences and forecasts.

`TRUSTED_TYPES` names what a model of these may hold when skops loads it from a file.

The rooms of the package; imports go downwards only:

========================  ==========================================================
``_shapes``               integers: how columns divide into time steps, shape errors
``_disk``                 rows in a file, more than memory shall hold: block by block
``_arrays``               NumPy: columns to sequences and back, windows, padding
``_checks``               what is no array of numbers, and why
``_index``                pandas' indexes: neighbours in time, runs of them
``_diagram``              scikit-learn's diagrams, with the shapes
``_base``                 what the transformers have in common
``_sequences``            sequences of unequal length, and what is wrong with which
``_reshaper``             `SequenceReshaper`
``_windower``             `SequenceWindower`
``_padder``               `SequencePadder`
``_per_timestep``         `PerTimestep`
``_supervised``           `sliding_windows`, `make_supervised`
``_networks``             `lstm_network`
``_configs``              what the configuration of a Keras model may name
``_models``               Keras models as data: seeded, copied, packed
``_feed``                 rows as tensors, windows of a table, the order of an epoch
``_fused``                Keras' LSTM by TensorFlow's fused CPU kernel
``_plans``                which models can share a traced copy
``_pool``                 traced copies of models, lent in turn
``_engine``               how a Keras model is trained and asked, fast
``_scikeras``             every seam with scikeras; what the estimators have in common
``_estimators``           the four estimators, their parameters and documentation
``_trusted``              `TRUSTED_TYPES`
``inspection``            frames and pictures of sequences and forecasts
``datasets``              embedded data
``cli``, ``__main__``     the ``skl-lstm`` command
========================  ==========================================================
"""

from typing import TYPE_CHECKING, Any

from ._padder import SequencePadder
from ._per_timestep import PerTimestep
from ._reshaper import SequenceReshaper
from ._supervised import make_supervised, sliding_windows
from ._trusted import TRUSTED_TYPES
from ._windower import SequenceWindower

if TYPE_CHECKING:
    from ._estimators import (
        LSTMClassifier,
        LSTMRegressor,
        SequenceClassifier,
        SequenceRegressor,
    )
    from ._networks import lstm_network

__version__ = "0.1.0.dev0"

__all__ = [
    "TRUSTED_TYPES",
    "LSTMClassifier",
    "LSTMRegressor",
    "PerTimestep",
    "SequenceClassifier",
    "SequencePadder",
    "SequenceRegressor",
    "SequenceReshaper",
    "SequenceWindower",
    "lstm_network",
    "make_supervised",
    "sliding_windows",
]

# Importing Keras takes seconds; only these names need it.
_LOADED_ON_FIRST_USE = {
    "LSTMClassifier": "_estimators",
    "LSTMRegressor": "_estimators",
    "SequenceClassifier": "_estimators",
    "SequenceRegressor": "_estimators",
    "lstm_network": "_networks",
}


def __getattr__(name: str) -> Any:
    if name not in _LOADED_ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{_LOADED_ON_FIRST_USE[name]}", __name__)
    globals()[name] = getattr(module, name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted(__all__)
