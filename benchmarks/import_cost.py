"""The time that ``import skl_lstm`` adds to the import of scikit-learn."""

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

    show_table("Imports, each in a new process", times)
    console.print(
        "sklearn means sklearn.pipeline and sklearn.preprocessing. The start of the interpreter is "
        "not included.\n"
        "Ratio of the time with skl_lstm to the time without, median of "
        f"{_ROUNDS} pairs: {_verdict(pairwise)}.\n"
        f"The same ratio computed from the last row ({duration(median(added))}), which is measured "
        f"separately and has less noise: {_verdict(direct)}."
    )


def _verdict(ratio: float) -> str:
    return f"{ratio:.3f}, {'within' if ratio <= _BUDGET else 'OVER'} the budget of {_BUDGET}"


def _fresh_import(timed: str, cache: str, before: str = "") -> Callable[[], float]:
    """Return a measure of an import, timed inside a new process."""
    # An installed package includes bytecode, but a checkout may not. The first round, which is not
    # counted, writes the bytecode to a temporary folder.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", _TIMED.format(before=before, timed=timed)]

    def measure() -> float:
        done = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return float(done.stdout)

    return measure
