"""LSTM layers in ordinary scikit-learn pipelines.

The input of a recurrent layer has the three axes (samples, timesteps, features). The
transformer that creates these axes depends on your data:

- Each row is a whole sequence, flattened: `SequenceReshaper`.
- Each row is one time step of a series: `SequenceWindower`. Outside a Pipeline, use the
  functions `sliding_windows` and `make_supervised`.
- The data is a list of sequences of unequal length: `SequencePadder`. `PerTimestep` can scale
  the time steps before the padding.

`SequenceFlattener` turns sequences into rows, so that any estimator of scikit-learn reads them.

The last step of the Pipeline is an estimator. `LSTMRegressor` and `LSTMClassifier` train
`lstm_network`, and need Keras only for some parameters. `SequenceRegressor` and
`SequenceClassifier` train your own Keras network. `NaiveRegressor` is a baseline.
`lstm_network` can also be used with scikeras' wrappers. `skl_lstm.inspection` draws sequences
and forecasts, and measures which timesteps and features an estimator uses.

Around the Pipeline, `leads` makes the targets, `TimeSplit` the folds, `backtest` the forecasts of
past rows and `forecast` those of the coming ones. `Stream` forecasts from new rows, as they come.
`compare_forecasts` tests whether a model is better than a baseline. `ConformalRegressor` adds
intervals to any regressor. `to_onnx` writes a fitted Pipeline as a file that runs without Python.

`TRUSTED_TYPES` lists the types that skops needs to trust when it loads a saved model.

A table goes through ``transformers/`` into ``estimators/``, which build a network with
``networks/`` and train it with ``training/``. Each folder imports only from folders further down
in this list, which ``make lint`` checks:

====================  ==============================================================
``cli/``              the ``skl-lstm`` command: arguments, reading files, the report
``export/``           fitted pipelines as ONNX files, which run without Python
``calibration/``      intervals around forecasts, calibrated on held-out rows
``forecasting/``      forecasts of the coming steps, and from new rows as they come
``model_selection/``  folds, backtests and the comparison of forecasts
``inspection/``       frames and pictures of sequences, forecasts and importances
``estimators/``       estimators of the scikit-learn API: parameters, targets, fit, predict
``training/``         training and prediction of networks
``networks/``         networks as plain data and as Keras models
``transformers/``     conversion of tables and lists to (samples, timesteps, features)
``datasets/``         embedded data
``_core/``            shared code: shapes, parameters, windows, sequences
``_compat/``          private names of scikit-learn, Keras, scikeras and numba
====================  ==============================================================
"""

from typing import TYPE_CHECKING, Any

from ._core.sequences import PaddedSequences
from ._core.step_values import flatten_steps
from ._core.timed_windows import TimedWindows
from ._core.trusted_types import TRUSTED_TYPES
from .transformers.flattener import SequenceFlattener
from .transformers.leads import leads
from .transformers.padder import SequencePadder
from .transformers.per_timestep import PerTimestep
from .transformers.reshaper import SequenceReshaper
from .transformers.supervised import make_supervised, sliding_windows
from .transformers.windower import SequenceWindower

if TYPE_CHECKING:
    from .calibration.conformal import ConformalRegressor
    from .estimators.lstm import LSTMClassifier, LSTMRegressor
    from .estimators.lstm_step import LSTMStepClassifier, LSTMStepRegressor
    from .estimators.naive import NaiveRegressor
    from .estimators.sequence import SequenceClassifier, SequenceRegressor
    from .export.to_onnx import to_onnx
    from .forecasting.forecast import forecast
    from .forecasting.stream import Stream
    from .model_selection.backtesting import backtest
    from .model_selection.comparison import compare_forecasts
    from .model_selection.step_scorer import make_step_scorer
    from .model_selection.time_split import TimeSplit
    from .networks.lstm import lstm_network

__version__ = "0.1.0"

__all__ = [
    "TRUSTED_TYPES",
    "ConformalRegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "LSTMStepClassifier",
    "LSTMStepRegressor",
    "NaiveRegressor",
    "PaddedSequences",
    "PerTimestep",
    "SequenceClassifier",
    "SequenceFlattener",
    "SequencePadder",
    "SequenceRegressor",
    "SequenceReshaper",
    "SequenceWindower",
    "Stream",
    "TimeSplit",
    "TimedWindows",
    "backtest",
    "compare_forecasts",
    "flatten_steps",
    "forecast",
    "leads",
    "lstm_network",
    "make_step_scorer",
    "make_supervised",
    "sliding_windows",
    "to_onnx",
]

# Importing these modules takes longer, and some of them load Keras. `StepScorer` is the type of
# what `make_step_scorer` returns, which saved files name.
_LOADED_ON_FIRST_USE = {
    "ConformalRegressor": "calibration.conformal",
    "LSTMClassifier": "estimators.lstm",
    "LSTMRegressor": "estimators.lstm",
    "LSTMStepClassifier": "estimators.lstm_step",
    "LSTMStepRegressor": "estimators.lstm_step",
    "NaiveRegressor": "estimators.naive",
    "SequenceClassifier": "estimators.sequence",
    "SequenceRegressor": "estimators.sequence",
    "Stream": "forecasting.stream",
    "StepScorer": "model_selection.step_scorer",
    "TimeSplit": "model_selection.time_split",
    "backtest": "model_selection.backtesting",
    "compare_forecasts": "model_selection.comparison",
    "forecast": "forecasting.forecast",
    "lstm_network": "networks.lstm",
    "make_step_scorer": "model_selection.step_scorer",
    "to_onnx": "export.to_onnx",
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
