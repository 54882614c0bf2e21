"""The committed pictures are up to date with their code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"


def words(svg):
    """The texts in a picture. Their positions depend on the version of matplotlib, so skip them."""
    text = svg.read_text(encoding="utf-8")
    written = re.findall(r"<!-- (.*?) -->", text) or re.findall(r"<text[^>]*>([^<]*)</text>", text)
    # The output of the command contains times.
    return [re.sub(r"[\d.]+", "#", word) if svg.stem == "command" else word for word in written]


@pytest.mark.parametrize(
    "name",
    [
        "three_axes",
        "three_axes_narrow",
        "three_kinds",
        "sequences",
        "stages",
        pytest.param("forecast", marks=pytest.mark.site),
        pytest.param("command", marks=pytest.mark.site),
    ],
)
def test_the_picture_matches_its_code(name, tmp_path):
    subprocess.run([sys.executable, str(PICTURES), name, "--to", str(tmp_path)], check=True)
    assert words(tmp_path / f"{name}.svg") == words(PICTURES / f"{name}.svg") != []


def test_every_picture_has_its_code():
    drawn = {path.stem for path in PICTURES.glob("*.svg")}
    assert drawn == {path.stem for path in PICTURES.glob("*.py")} - {"__main__", "drawing"}
