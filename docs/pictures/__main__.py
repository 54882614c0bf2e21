"""Redraw all pictures: ``python docs/pictures``. ``--help`` shows how to select some.

Every picture is a module in this folder with a function ``draw``. Its SVG has the same name.
"""

import argparse
from importlib import import_module
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

PICTURES = (
    "three_axes",
    "three_axes_narrow",
    "three_kinds",
    "sequences",
    "stages",
    "forecast",
    "command",
)
_STYLE = {"font.family": "DejaVu Sans", "svg.fonttype": "path"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw pictures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(PICTURES))
    parser.add_argument("--to", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    args = parser.parse_args()
    for name in args.names or PICTURES:
        style = {**mpl.rcParamsDefault, **_STYLE, "svg.hashsalt": name, "backend": "agg"}
        with mpl.rc_context(style):
            picture = import_module(name).draw()
            path = args.to / f"{name}.svg"
            if isinstance(picture, Figure):
                picture.savefig(path, metadata={"Date": None, "Creator": None})
            else:
                path.write_text(picture, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
