"""The picture that the README's first example draws: a forecast of held-out days."""

import re
import tempfile
from contextlib import chdir
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

_README = Path(__file__).parents[2] / "README.md"
# Smaller than by default, so that its text can be read at the width of a phone.
_INCHES = (5.4, 3.2)


def draw() -> Figure:
    example = re.findall(r"```python\n(.*?)```", _README.read_text(encoding="utf-8"), re.DOTALL)[0]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):  # it saves a file
        exec(compile(example, "README.md", "exec"), {})  # noqa: S102
    plt.gcf().set_size_inches(_INCHES)
    return plt.gcf()
