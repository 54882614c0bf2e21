"""Draw ``three_axes.svg``: the same numbers as a flat table and on three axes.

``python docs/three_axes.py`` writes the drawing beside this file, the same bytes every time.
Where a column lands, and the numbers there, are asked of `SequenceReshaper`: the picture
cannot show anything else than what the package does.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from skl_lstm import SequenceReshaper

_WIDTH, _HEIGHT = 830, 386
_SAMPLES, _TIMESTEPS, _FEATURES = 3, 4, "ab"
_CELL = np.array([38, 36])
_SHEET_CELL = np.array([54, 40])
# More than one cell, so that a sheet behind shows its oldest step and last feature in full.
_SHEET_STEP = _SHEET_CELL * [1.15, -1.15]
# Okabe and Ito's orange, sky blue, green and purple: colour-blind readers tell them apart,
# and black text can be read on all of them.
_HUES = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7")
_GREY = "#555555"
_STYLE = {"font.family": "DejaVu Sans", "svg.fonttype": "path", "svg.hashsalt": "three_axes"}


def draw() -> Figure:
    names = [f"t{step}_{feature}" for step in range(_TIMESTEPS) for feature in _FEATURES]
    numbers = np.arange(1, _SAMPLES * len(names) + 1).reshape(_SAMPLES, -1)
    table = pd.DataFrame(numbers, columns=names)
    reshaper = SequenceReshaper(features=len(_FEATURES)).fit(table)
    lands = reshaper.column_map()
    colours = _colours(lands)

    figure = Figure((_WIDTH / 72, _HEIGHT / 72), dpi=72, facecolor="white")
    # Points from the upper left corner, as on a page.
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(_HEIGHT, 0))
    axes.set_axis_off()
    _draw_table(axes, table, colours, corner=np.array([76, 136]))
    _arrow(axes, (394, 190), (506, 190), width=2.5, colour="black")
    _text(axes, 448, 166, "SequenceReshaper\n(features=2)", family="DejaVu Sans Mono", size=11)
    _draw_stack(axes, reshaper.transform(table), lands, colours, corner=np.array([575, 130]))
    return figure


def _colours(lands: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    """Give every column the hue of its time step, paler for the next feature."""
    return {
        name: tuple(1 - (1 - part) * 0.5**feature for part in to_rgb(hue))
        for hue, row in zip(_HUES, lands.to_numpy(), strict=True)
        for feature, name in enumerate(row)
    }


def _draw_table(axes: Axes, table: pd.DataFrame, colours: dict, corner: np.ndarray) -> None:
    for column, name in enumerate(table):
        x = corner[0] + (column + 0.5) * _CELL[0]
        _text(axes, x, corner[1] - 12, name, size=11)
        for sample, number in enumerate(table[name]):
            _cell(axes, corner + _CELL * [column, sample], _CELL, colours[name], number)
    for sample in table.index:
        y = corner[1] + (sample + 0.5) * _CELL[1]
        _text(axes, corner[0] - 8, y, f"sample {sample}", ha="right", size=11)
    middle = corner[0] + _CELL[0] * table.shape[1] / 2
    _text(axes, middle, 86, "One row is one sample, flattened", size=13)
    _caption(axes, middle, table.shape, "(samples, columns)")


def _draw_stack(
    axes: Axes, stack: np.ndarray, lands: pd.DataFrame, colours: dict, corner: np.ndarray
) -> None:
    samples, timesteps, features = stack.shape
    _text(axes, corner[0] + 30, 40, "One sheet is one sample", size=13)
    # The sheet that is farthest behind first, as what is drawn later covers it.
    for sample in reversed(range(samples)):
        sheet = corner + _SHEET_STEP * sample
        _text(axes, sheet[0] + 1, sheet[1] - 10, f"sample {sample}", ha="left", size=11)
        for (step, feature), number in np.ndenumerate(stack[sample]):
            name, place = lands.iloc[step, feature], sheet + _SHEET_CELL * [feature, step]
            _cell(axes, place, _SHEET_CELL, colours[name], number, name)

    right, bottom = corner + _SHEET_CELL * [features, timesteps]
    _arrow(axes, (corner[0] - 10, corner[1]), (corner[0] - 10, bottom))
    _text(axes, corner[0] - 24, (corner[1] + bottom) / 2, "axis 1: timesteps", rotation=90)
    _arrow(axes, (corner[0], bottom + 10), (right, bottom + 10))
    _text(axes, (corner[0] + right) / 2, bottom + 24, "axis 2: features")
    start = np.array([right + 8, bottom + 6])
    end = start + _SHEET_STEP * (samples - 1)
    _arrow(axes, start, end)
    _text(axes, *((start + end) / 2 + [6, 24]), "axis 0:\nsamples", ha="left")
    _caption(axes, (corner[0] + right) / 2, stack.shape, "(samples, timesteps, features)")


def _cell(axes: Axes, place, size, colour, number: int, name: str = "") -> None:
    # One zorder for all: by default every text would lie above every patch, and the numbers
    # of a sheet behind would show through the sheet in front.
    style = {"facecolor": colour, "edgecolor": "white", "linewidth": 1.5, "zorder": 3}
    axes.add_patch(Rectangle(place, *size, **style))
    x, y = place + size / 2
    _text(axes, x, y - 6 if name else y, str(number), size=14)
    _text(axes, x, y + 10, name, size=10)


def _caption(axes: Axes, x: float, shape: tuple[int, ...], meaning: str) -> None:
    _text(axes, x, _HEIGHT - 34, str(shape), size=16, weight="bold")
    _text(axes, x, _HEIGHT - 14, meaning, size=12, color=_GREY)


def _arrow(axes: Axes, start, end, *, width: float = 1.5, colour: str = _GREY) -> None:
    style = {"arrowstyle": "-|>", "lw": width, "color": colour, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops={**style, "mutation_scale": 10 + 2 * width})


def _text(axes: Axes, x: float, y: float, text: str, **options) -> None:
    axes.text(x, y, text, **{"ha": "center", "va": "center", "size": 12, "zorder": 3, **options})


def main() -> None:
    with mpl.rc_context({**mpl.rcParamsDefault, **_STYLE}):
        path = Path(__file__).with_suffix(".svg")
        draw().savefig(path, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
