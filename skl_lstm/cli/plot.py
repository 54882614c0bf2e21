"""The plot of the command."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from skl_lstm.inspection import ForecastDisplay

from .files import write_atomically


def draw_forecast(path: Path, forecasts: pd.DataFrame, target: str, time: str) -> None:
    """Draw true values and the forecasts of the LSTM to a PNG, for the first and last step."""
    panels = min(2, forecasts["step"].nunique())
    figure = Figure(figsize=(10, 3.5 * panels), layout="constrained")
    display = ForecastDisplay.from_backtest(
        forecasts, model="LSTM", ax=figure.subplots(panels, squeeze=False)
    )
    for axes in display.axes_.flat:
        axes.set(ylabel=target, xlabel=time)
    write_atomically(path, lambda file: figure.savefig(file, dpi=150, format="png"))
