"""The folders of the package, in the order in which they import each other.

The order comes from the import rules in ``pyproject.toml``, the text from the docstrings of the
folders.
"""

import ast
import textwrap
import tomllib
from pathlib import Path

from drawing import GREY, HUES, arrow, page, pale, text
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

_ROOT = Path(__file__).parents[2]
_WIDTH, _ROW, _NAME = 500, 50, 130


def draw() -> Figure:
    names = read_layers()
    figure, axes = page(_WIDTH, 20 + _ROW * len(names))
    for position, name in enumerate(names):
        _draw_folder(axes, 10 + _ROW * position, name, is_last=position == len(names) - 1)
    return figure


def read_layers() -> list[str]:
    """Return the names of the folders. Each may import those after it."""
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    stages = settings["tool"]["importlinter"]["contracts"][0]
    return [layer.removeprefix("skl_lstm.") for layer in stages["layers"]]


def summary_of(folder: str) -> str:
    """Return the first line of the docstring of a folder."""
    source = (_ROOT / "skl_lstm" / folder / "__init__.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0].replace("``", "")


def _draw_folder(axes: Axes, top: int, name: str, *, is_last: bool) -> None:
    is_shared = name.startswith("_")
    colour = (0.92, 0.92, 0.92) if is_shared else pale(HUES[1], 1)
    axes.add_patch(Rectangle((10, top), _NAME, 34, facecolor=colour, edgecolor="white"))
    text(axes, 10 + _NAME / 2, top + 17, f"{name}/", family="DejaVu Sans Mono", size=12)
    for line, words in enumerate(textwrap.wrap(summary_of(name), 54)):
        text(axes, 24 + _NAME, top + 10 + 15 * line, words, ha="left", size=10.5, color=GREY)
    if not is_last:
        arrow(axes, (10 + _NAME / 2, top + 35), (10 + _NAME / 2, top + _ROW - 1))
