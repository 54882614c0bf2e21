"""The same values in a flat table and on three axes.

`SequenceReshaper` computes the position of every column and the values, so the picture always
shows what the package does. `three_axes_narrow` draws the same for a phone.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from drawing import GREY, HUES, arrow, cell, page, pale, text
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skl_lstm import SequenceReshaper

_SAMPLES, _TIMESTEPS, _FEATURES = 3, 4, "ab"
_CELL = np.array([38, 36])
_SHEET_CELL = np.array([54, 40])
# More than one cell, so that the oldest timestep and last feature of a sheet behind are visible.
_SHEET_STEP = _SHEET_CELL * [1.15, -1.15]


class Layout(NamedTuple):
    """Where the parts of the picture are."""

    size: tuple[int, int]
    table: tuple[int, int]  # the upper left corner
    arrow: tuple[tuple[int, int], tuple[int, int]]
    reshaper: tuple[int, int]
    stack: tuple[int, int]  # the upper left corner of the sheet in front
    table_shape: int  # how far from the top
    stack_shape: int


_WIDE = Layout((830, 386), (76, 136), ((394, 190), (506, 190)), (448, 166), (575, 130), 352, 352)


def draw(layout: Layout = _WIDE) -> Figure:
    names = [f"t{step}_{feature}" for step in range(_TIMESTEPS) for feature in _FEATURES]
    numbers = np.arange(1, _SAMPLES * len(names) + 1).reshape(_SAMPLES, -1)
    table = pd.DataFrame(numbers, columns=names)
    reshaper = SequenceReshaper(features=len(_FEATURES)).fit(table)
    column_map = reshaper.column_map()
    colours = _colours(column_map)

    figure, axes = page(*layout.size)
    x = _draw_table(axes, table, colours, np.array(layout.table))
    _caption(axes, x, layout.table_shape, table.shape, "(samples, columns)")
    arrow(axes, *layout.arrow, width=2.5, colour="black")
    reshaper_call = "SequenceReshaper\n(features=2)"
    text(axes, *layout.reshaper, reshaper_call, family="DejaVu Sans Mono", size=11)
    stack = reshaper.transform(table)
    x = _draw_stack(axes, stack, column_map, colours, np.array(layout.stack))
    _caption(axes, x, layout.stack_shape, stack.shape, "(samples, timesteps, features)")
    return figure


def _colours(column_map: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    """Give every column the hue of its timestep. Later features are paler."""
    return {
        name: pale(hue, feature)
        for hue, row in zip(HUES, column_map.to_numpy(), strict=True)
        for feature, name in enumerate(row)
    }


def _draw_table(axes: Axes, table: pd.DataFrame, colours: dict, corner: np.ndarray) -> float:
    """Draw the table, and return the x of its middle."""
    for column, name in enumerate(table):
        x = corner[0] + (column + 0.5) * _CELL[0]
        text(axes, x, corner[1] - 12, name, size=11)
        for sample, number in enumerate(table[name]):
            cell(axes, corner + _CELL * [column, sample], _CELL, colours[name], number)
    for sample in table.index:
        y = corner[1] + (sample + 0.5) * _CELL[1]
        text(axes, corner[0] - 8, y, f"sample {sample}", ha="right", size=11)
    middle = corner[0] + _CELL[0] * table.shape[1] / 2
    text(axes, middle, corner[1] - 50, "One row is one sample, flattened", size=13)
    return middle


def _draw_stack(
    axes: Axes, stack: np.ndarray, column_map: pd.DataFrame, colours: dict, corner: np.ndarray
) -> float:
    """Draw one sheet per sample, and return the x of the middle of the sheet in front."""
    samples, timesteps, features = stack.shape
    text(axes, corner[0] + 30, corner[1] - 90, "One sheet is one sample", size=13)
    # From back to front, because a later sheet covers an earlier one.
    for sample in reversed(range(samples)):
        sheet = corner + _SHEET_STEP * sample
        text(axes, sheet[0] + 1, sheet[1] - 10, f"sample {sample}", ha="left", size=11)
        for (step, feature), number in np.ndenumerate(stack[sample]):
            name, place = column_map.iloc[step, feature], sheet + _SHEET_CELL * [feature, step]
            cell(axes, place, _SHEET_CELL, colours[name], number, name)

    right, bottom = corner + _SHEET_CELL * [features, timesteps]
    arrow(axes, (corner[0] - 10, corner[1]), (corner[0] - 10, bottom))
    text(axes, corner[0] - 24, (corner[1] + bottom) / 2, "axis 1: timesteps", rotation=90)
    arrow(axes, (corner[0], bottom + 10), (right, bottom + 10))
    text(axes, (corner[0] + right) / 2, bottom + 24, "axis 2: features")
    start = np.array([right + 8, bottom + 6])
    end = start + _SHEET_STEP * (samples - 1)
    arrow(axes, start, end)
    text(axes, *((start + end) / 2 + [6, 24]), "axis 0:\nsamples", ha="left")
    return (corner[0] + right) / 2


def _caption(axes: Axes, x: float, y: float, shape: tuple[int, ...], meaning: str) -> None:
    text(axes, x, y, str(shape), size=16, weight="bold")
    text(axes, x, y + 20, meaning, size=12, color=GREY)
