"""Frames and pictures of sequences and forecasts.

Drawing needs matplotlib, frames need pandas; both are imported where they are needed.
"""

from ._forecast_display import ForecastDisplay
from ._frames import to_frame
from ._sequence_plots import plot_sequences

__all__ = ["ForecastDisplay", "plot_sequences", "to_frame"]
