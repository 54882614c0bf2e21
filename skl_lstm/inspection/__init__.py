"""Frames and plots of sequences, forecasts and importances.

Plots need matplotlib and DataFrames need pandas; both are imported on first use.
"""

from ._forecast_display import ForecastDisplay
from ._frames import to_frame
from ._importance import sequence_importance
from ._importance_display import ImportanceDisplay
from ._sequence_plots import plot_sequences
from ._step_error_display import StepErrorDisplay

__all__ = [
    "ForecastDisplay",
    "ImportanceDisplay",
    "StepErrorDisplay",
    "plot_sequences",
    "sequence_importance",
    "to_frame",
]
