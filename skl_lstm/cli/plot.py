"""The plot of the command."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from skl_lstm.inspection import ForecastDisplay

from .files import write_atomically


def draw_forecast(
    path: Path, truth: pd.Series, rows: NDArray[np.intp], y_pred: NDArray[Any]
) -> None:
    """Draw true values and the forecasts from `rows` to a PNG, for 1 and `horizon` steps ahead."""
    targets = rows[:, np.newaxis] + np.arange(1, y_pred.shape[1] + 1)
    panels = min(2, y_pred.shape[1])
    figure = Figure(figsize=(10, 3.5 * panels), layout="constrained")
    display = ForecastDisplay.from_predictions(
        truth.to_numpy()[targets],
        y_pred,
        times=np.asarray(truth.index)[targets],
        ax=figure.subplots(panels, squeeze=False),
    )
    for axes in display.axes_.flat:
        axes.set(ylabel=truth.name, xlabel=truth.index.name or "row")
    write_atomically(path, lambda file: figure.savefig(file, dpi=150, format="png"))
