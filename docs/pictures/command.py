"""The output of the command in a terminal."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

_COMMAND = "skl-lstm --timesteps 7 14 --units 16"
_WIDTH = 84


def draw() -> str:
    environment = {"FORCE_COLOR": "1", "COLUMNS": str(_WIDTH), "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", *_COMMAND.replace("-", "_", 1).split()],
            cwd=folder,
            env={**os.environ, **environment},
            check=True,
            capture_output=True,
            text=True,
        )
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=_WIDTH, file=nowhere, highlight=False)
        console.print(f"[bold]$[/bold] {_COMMAND}")
        console.print(Text.from_ansi(done.stdout))
        svg = console.export_svg(title="", theme=DIMMED_MONOKAI, unique_id="command")
    # rich embeds links to web fonts. Without them, the picture uses the fonts of the reader.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
