"""DataFrames and plots of sequences and forecasts.

Plots need matplotlib and DataFrames need pandas; both are imported on first use.
"""

from ._forecast_display import ForecastDisplay
from ._frames import to_frame
from ._sequence_plots import plot_sequences
from ._step_error_display import StepErrorDisplay

__all__ = ["ForecastDisplay", "StepErrorDisplay", "plot_sequences", "to_frame"]
