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

How a table becomes a forecast, stage by stage; imports go one way, from the top of this list
downwards, which ``make lint`` checks:

=================  ==============================================================
``cli/``           the ``skl-lstm`` command: arguments, reading files, the report
``inspection/``    frames and pictures of sequences and forecasts
``estimators/``    scikit-learn's face: parameters, targets, fit and predict
``training/``      how a network learns and predicts
``networks/``      what a network is: built, copied, saved
``transformers/``  a table or a list becomes (samples, timesteps, features)
``datasets/``      embedded data
``_core/``         what all stages read: shapes, parameters, windows, sequences
``_compat/``       private names of scikit-learn, Keras and scikeras
=================  ==============================================================
"""

from typing import TYPE_CHECKING, Any

from ._core.sequences import PaddedSequences
from ._core.trusted_types import TRUSTED_TYPES
from .transformers.padder import SequencePadder
from .transformers.per_timestep import PerTimestep
from .transformers.reshaper import SequenceReshaper
from .transformers.supervised import make_supervised, sliding_windows
from .transformers.windower import SequenceWindower

if TYPE_CHECKING:
    from .estimators.lstm import LSTMClassifier, LSTMRegressor
    from .estimators.sequence import SequenceClassifier, SequenceRegressor
    from .networks.lstm import lstm_network

__version__ = "0.1.0.dev0"

__all__ = [
    "TRUSTED_TYPES",
    "LSTMClassifier",
    "LSTMRegressor",
    "PaddedSequences",
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
    "LSTMClassifier": "estimators.lstm",
    "LSTMRegressor": "estimators.lstm",
    "SequenceClassifier": "estimators.sequence",
    "SequenceRegressor": "estimators.sequence",
    "lstm_network": "networks.lstm",
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
