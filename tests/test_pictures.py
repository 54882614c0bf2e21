"""The pictures that are kept are what their code draws."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"


def words(svg):
    """What is written in a picture; where it stands depends on the version of matplotlib."""
    text = svg.read_text(encoding="utf-8")
    written = re.findall(r"<!-- (.*?) -->", text) or re.findall(r"<text[^>]*>([^<]*)</text>", text)
    # What a terminal showed has times in it.
    return [re.sub(r"[\d.]+", "#", word) if svg.stem == "command" else word for word in written]


@pytest.mark.parametrize(
    "name",
    [
        "three_axes",
        "three_kinds",
        "sequences",
        "stages",
        pytest.param("forecast", marks=pytest.mark.site),
        pytest.param("command", marks=pytest.mark.site),
    ],
)
def test_the_picture_is_what_the_code_draws(name, tmp_path):
    subprocess.run([sys.executable, str(PICTURES), name, "--to", str(tmp_path)], check=True)
    assert words(tmp_path / f"{name}.svg") == words(PICTURES / f"{name}.svg") != []


def test_every_picture_has_its_code():
    drawn = {path.stem for path in PICTURES.glob("*.svg")}
    assert drawn == {path.stem for path in PICTURES.glob("*.py")} - {"__main__", "drawing"}
