"""Three kinds of data, and the transformer that gives each of them three axes.

The transformers compute the arrays on the right from those on the left.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from drawing import GREY, HUES, arrow, cell, page, pale, text
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skl_lstm import SequencePadder, SequenceReshaper, SequenceWindower

_WIDTH, _BLOCK = 500, 220
_SIZE = np.array([28, 24])
_SHEET_STEP = np.array([34, -13])
_LEFT, _RIGHT = 30, 316


def draw() -> Figure:
    figure, axes = page(_WIDTH, 3 * _BLOCK)
    _draw_reshaper(axes, 0)
    _draw_windower(axes, _BLOCK)
    _draw_padder(axes, 2 * _BLOCK)
    for top in (_BLOCK, 2 * _BLOCK):
        axes.plot([20, _WIDTH - 20], [top, top], color="0.8", linewidth=1)
    return figure


def _draw_reshaper(axes: Axes, top: int) -> None:
    table = np.arange(1, 13).reshape(2, 6)
    _explain(axes, top, "One row is a whole sequence", SequenceReshaper, "(n, 6) → (n, 3, 2)")
    colours = [pale(HUES[column // 2], column % 2) for column in range(6)]
    for (row, column), number in np.ndenumerate(table):
        place = np.array([_LEFT, top + 92]) + _SIZE * [column, row]
        cell(axes, place, _SIZE, colours[column], number)
    arrays = SequenceReshaper(features=2).fit_transform(table)
    _draw_sheets(axes, top, arrays, dict(zip(table.ravel(), colours * 2, strict=True)))


def _draw_windower(axes: Axes, top: int) -> None:
    days = pd.date_range("2024-03-01", periods=4)
    table = pd.DataFrame({"a": [1, 3, 5, 7], "b": [2, 4, 6, 8]}, index=days)
    _explain(axes, top, "One row is one timestep", SequenceWindower, "(n, 2) → (n, 3, 2)")
    colours = {}
    for (row, column), number in np.ndenumerate(table.to_numpy()):
        place = np.array([_LEFT + 92, top + 66]) + _SIZE * [column, row]
        colours[number] = pale(HUES[row], column)
        cell(axes, place, _SIZE, colours[number], number)
        if not column:
            day = f"{days[row]:%d %B}"
            text(axes, _LEFT + 84, place[1] + 12, day, ha="right", size=11, color=GREY)
    windows = SequenceWindower(timesteps=3).fit_transform(table)
    # The newest window is in front, because it needs no padding.
    _draw_sheets(axes, top, windows[::-1], colours)


def _draw_padder(axes: Axes, top: int) -> None:
    sequences = [
        np.array([[1, 2]]),
        np.array([[3, 4], [5, 6], [7, 8]]),
        np.array([[9, 10], [11, 12]]),
    ]
    _explain(
        axes, top, "Every sequence has its own length", SequencePadder, "list of (t, 2) → (n, 3, 2)"
    )
    colours = {0: (0.88, 0.88, 0.88)}
    for number, sequence in enumerate(sequences):
        corner = np.array([_LEFT + 66 * number, top + 82])
        for (step, feature), value in np.ndenumerate(sequence):
            colours[value] = pale(HUES[step], feature)
            cell(axes, corner + _SIZE * [feature, step], _SIZE, colours[value], value)
    _draw_sheets(axes, top, SequencePadder().fit_transform(sequences), colours)


def _explain(axes: Axes, top: int, rows: str, transformer: type, shapes: str) -> None:
    text(axes, _WIDTH / 2, top + 22, rows, size=16, weight="bold")
    text(axes, _WIDTH / 2, top + 184, transformer.__name__, family="DejaVu Sans Mono", size=15)
    text(axes, _WIDTH / 2, top + 203, shapes, size=13, color=GREY)
    arrow(axes, (_LEFT + 204, top + 116), (_RIGHT - 24, top + 116), width=2.5, colour="black")


def _draw_sheets(axes: Axes, top: int, arrays: np.ndarray, colours: dict[int, Sequence]) -> None:
    # From back to front, because a later sheet covers an earlier one.
    for sample in reversed(range(len(arrays))):
        corner = np.array([_RIGHT, top + 92]) + _SHEET_STEP * sample
        for (step, feature), number in np.ndenumerate(arrays[sample]):
            place = corner + _SIZE * [feature, step]
            cell(axes, place, _SIZE, colours[int(number)], int(number))
