"""Shared helpers of the drawings: a page measured in points, cells, arrows and text."""

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Okabe and Ito's orange, sky blue, green and purple. Colour-blind readers can distinguish them,
# and black text is legible on all of them.
HUES = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7")
GREY = "#555555"


def page(width: int, height: int) -> tuple[Figure, Axes]:
    figure = Figure((width / 72, height / 72), dpi=72, facecolor="white")
    # Coordinates are points from the upper left corner.
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def pale(hue: str, times: int) -> tuple[float, ...]:
    """Mix a hue with an equal part of white, `times` times, to mark the features of a timestep."""
    return tuple(1 - (1 - part) * 0.5**times for part in to_rgb(hue))


def cell(axes: Axes, place, size, colour, number: int, name: str = "") -> None:
    # All have the same zorder. By default, matplotlib draws every text above every patch, and the
    # numbers of a sheet behind would be visible on the sheet in front.
    style = {"facecolor": colour, "edgecolor": "white", "linewidth": 1.5, "zorder": 3}
    axes.add_patch(Rectangle(place, *size, **style))
    x, y = place + size / 2
    text(axes, x, y - 6 if name else y, str(number), size=14)
    text(axes, x, y + 10, name, size=10)


def arrow(axes: Axes, start, end, *, width: float = 1.5, colour: str = GREY) -> None:
    style = {"arrowstyle": "-|>", "lw": width, "color": colour, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops={**style, "mutation_scale": 10 + 2 * width})


def text(axes: Axes, x: float, y: float, text: str, **options) -> None:
    axes.text(x, y, text, **{"ha": "center", "va": "center", "size": 12, "zorder": 3, **options})
