"""The plot of the command."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from skl_lstm.inspection import ForecastDisplay

from .files import write_atomically

# Series in the plot, evenly spaced over all of them.
MAX_SERIES = 4


def draw_forecast(
    path: Path, forecasts: pd.DataFrame, target: str, time: str, n_series: int = 1
) -> None:
    """Draw true values and the forecasts of the LSTM to a PNG, for the first and last step.

    Several series are rows of panels.
    """
    n_steps = min(2, forecasts["step"].nunique())
    n_rows = min(MAX_SERIES, n_series)
    if n_series == 1:
        figure = Figure(figsize=(10, 3.5 * n_steps), layout="constrained")
        panels = figure.subplots(n_steps, squeeze=False)
    else:
        figure = Figure(figsize=(8 * n_steps, 3 * n_rows), layout="constrained")
        panels = figure.subplots(n_rows, n_steps, squeeze=False)
    display = ForecastDisplay.from_backtest(forecasts, model="LSTM", series=n_rows, ax=panels)
    for axes in display.axes_.flat:
        axes.set(ylabel=target, xlabel=time)
    write_atomically(path, lambda file: figure.savefig(file, dpi=150, format="png"))
