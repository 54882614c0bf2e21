"""What ``import skl_lstm`` adds for somebody who imports scikit-learn anyway."""

import os
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory

from ._timing import alternate, console, duration, show_setting, show_table

_BUDGET = 1.05
_ROUNDS = 15
_SKLEARN = "import sklearn.pipeline, sklearn.preprocessing"
_OURS = "import skl_lstm"
_TIMED = """
from time import perf_counter
{before}
start = perf_counter()
{timed}
print(perf_counter() - start)
"""


def main() -> None:
    show_setting("numpy", "scikit-learn")
    with TemporaryDirectory() as cache:
        measures = {
            "sklearn and skl_lstm": _fresh_import(f"{_SKLEARN}\n{_OURS}", cache),
            "sklearn alone": _fresh_import(_SKLEARN, cache),
            "skl_lstm after sklearn": _fresh_import(_OURS, cache, before=_SKLEARN),
        }
        times = alternate(measures, _ROUNDS)
    both, alone, added = times.values()
    pairwise = median(a / b for a, b in zip(both, alone, strict=True))
    direct = 1 + median(added) / median(alone)

    show_table("Imports, each in a fresh process", times)
    console.print(
        "sklearn is sklearn.pipeline and sklearn.preprocessing; interpreter start is left out.\n"
        f"With skl_lstm to without, median of {_ROUNDS} pairs: {_verdict(pairwise)}.\n"
        f"The same from the last row, which is {duration(median(added))} measured apart and so "
        f"with less noise: {_verdict(direct)}."
    )


def _verdict(ratio: float) -> str:
    return f"{ratio:.3f}, {'within' if ratio <= _BUDGET else 'OVER'} the budget of {_BUDGET}"


def _fresh_import(timed: str, cache: str, before: str = "") -> Callable[[], float]:
    """Measure an import in a new process, inside of it."""
    # An installed package comes with bytecode, a checkout may not: the round that does
    # not count writes it for all, to a place of its own so that nothing is left behind.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", _TIMED.format(before=before, timed=timed)]

    def measure() -> float:
        done = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return float(done.stdout)

    return measure
