"""The plot of the README's first example: a forecast of held-out days."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

_README = Path(__file__).parents[2] / "README.md"


def draw() -> Figure:
    example = re.findall(r"```python\n(.*?)```", _README.read_text(encoding="utf-8"), re.DOTALL)[0]
    names: dict = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102
    return plt.gcf()
