"""The time and the memory of processes that import skl_lstm, or predict with a saved model.

``BENCH_ROUNDS=3`` sets the number of rounds.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import pandas as pd

from ._results import Outcome, at_most, save, show_outcomes
from ._timing import Times, alternate, console, duration, megabytes, show_setting, show_table

_PACKAGES = ("numpy", "numba", "pandas", "scikit-learn", "keras", "tensorflow")
_BUDGET = 1.05
_ROUNDS, _ROUNDS_OF_PROCESSES = 15, 5
_SKLEARN = "import sklearn.pipeline, sklearn.preprocessing"
_OURS = "import skl_lstm"
_TIMED = """
from time import perf_counter
{before}
start = perf_counter()
{timed}
print(perf_counter() - start)
"""

_IMPORT = "from skl_lstm import LSTMRegressor"
_PREDICT = "skl-lstm predict"
_PREDICT_WITH_TORCH = "skl-lstm predict, torch installed"
_TENSORFLOW = "import tensorflow"
_MOST_SECONDS = {_IMPORT: 1.5, _PREDICT: 2.0}
_MOST_BYTES = {_IMPORT: 250e6, _PREDICT: 300e6}
_COMMAND = "import sys; from skl_lstm.__main__ import main; sys.argv[1:] = {arguments}; main()"
_TRAINING = ("--timesteps", "14", "--units", "16", "--epochs", "1", "--folds", "2", "--no-plot")
# skops imports PyTorch if it is installed. The package does not need it, but its peer skorch does.
_HIDE_TORCH = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name=name)
sys.meta_path.insert(0, Hidden())
"""
# The last line of the output: the peak of the resident memory in bytes, and which libraries are
# loaded. ru_maxrss would be at least the memory of the process that started this one.
_REPORTED = """
{code}
import json, re, sys
status = open("/proc/self/status").read()
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) * 1024
print()
libraries = ("tensorflow", "keras", "torch")
print(json.dumps([peak, [name for name in libraries if name in sys.modules]]))
"""


class Report(NamedTuple):
    """What a process reported at its end."""

    peak: int
    loaded: list[str]


def main() -> None:
    show_setting(*_PACKAGES)
    with TemporaryDirectory() as folder:
        # An installed package includes bytecode, but a checkout may not. The first round, which is
        # not counted, writes the bytecode to a temporary folder.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _show_imports(environment)
        if Path("/proc/self/status").exists():
            _show_processes(environment, Path(folder))
        else:
            console.print("The memory of processes is skipped, because it is read from /proc.")


def _show_imports(environment: dict[str, str]) -> None:
    measures = {
        "sklearn and skl_lstm": _fresh_import(f"{_SKLEARN}\n{_OURS}", environment),
        "sklearn alone": _fresh_import(_SKLEARN, environment),
        "skl_lstm after sklearn": _fresh_import(_OURS, environment, before=_SKLEARN),
    }
    times = alternate(measures, _rounds(_ROUNDS))
    both, alone, added = times.values()
    pairwise = median(a / b for a, b in zip(both, alone, strict=True))
    direct = 1 + median(added) / median(alone)

    show_table("Imports, each in a new process", times)
    console.print(
        "sklearn means sklearn.pipeline and sklearn.preprocessing. The start of the interpreter is "
        "not included.\n"
        "Ratio of the time with skl_lstm to the time without, median of "
        f"{_rounds(_ROUNDS)} pairs: {_verdict(pairwise)}.\n"
        f"The same ratio computed from the last row ({duration(median(added))}), which is measured "
        f"separately and has less noise: {_verdict(direct)}.\n"
    )


def _verdict(ratio: float) -> str:
    return f"{ratio:.3f}, {'within' if ratio <= _BUDGET else 'OVER'} the budget of {_BUDGET}"


def _fresh_import(timed: str, environment: dict[str, str], before: str = "") -> Callable[[], float]:
    """Return a measure of an import, timed inside a new process."""
    code = _TIMED.format(before=before, timed=timed)
    return lambda: float(_run(code, environment))


def _show_processes(environment: dict[str, str], folder: Path) -> None:
    table = Path(str(files("skl_lstm.datasets") / "seattle_weather.csv"))
    model = folder / "model.skops"
    _run(_command([*_TRAINING, "--save", str(model)]), environment)
    predict = _command(["predict", str(model), str(table)])
    codes = {
        _IMPORT: _IMPORT,
        _PREDICT: f"{_HIDE_TORCH}\n{predict}",
        _PREDICT_WITH_TORCH: predict,
        "nothing": "",
        "sklearn.pipeline, pandas": "import sklearn.pipeline, pandas",
        "import numba": "import numba",
        "import keras": "import keras",
        _TENSORFLOW: _TENSORFLOW,
    }
    reports: dict[str, list[Report]] = {name: [] for name in codes}
    measures = {
        name: _whole_process(code, environment, reports[name]) for name, code in codes.items()
    }
    times = alternate(measures, _rounds(_ROUNDS_OF_PROCESSES))
    # The first round is not counted.
    peaks = {name: median(one.peak for one in found[1:]) for name, found in reports.items()}
    loaded = {name: ", ".join(found[-1].loaded) or "none" for name, found in reports.items()}
    columns = {
        "peak memory": {name: megabytes(peak) for name, peak in peaks.items()},
        "loaded": loaded,
    }
    show_table("Whole processes", times, columns)
    outcomes = _judge(times, peaks)
    show_outcomes(outcomes)
    console.print(
        "The time of a process is measured from outside, from its start to its exit, so it "
        "includes the interpreter. The memory is the peak of its resident memory. The last column "
        "names what the process has loaded of TensorFlow, Keras and PyTorch. "
        f"{_PREDICT} forecasts from the {len(pd.read_csv(table))} rows of the embedded weather "
        "data with a saved pipeline, and prints a CSV. Its compiled functions are in numba's cache "
        "on disk. skops, which reads the pipeline, imports PyTorch if it is installed. PyTorch is "
        "not a requirement of skl_lstm and is installed here only for skorch, so it is hidden from "
        f"{_PREDICT}, but not from the row after it. "
        f"{_verdict_on_keras([reports[name][-1] for name in (_IMPORT, _PREDICT)])}"
    )
    save("import_cost", _PACKAGES, outcomes, {"seconds": times, "peaks": peaks, "loaded": loaded})


def _verdict_on_keras(reports: Sequence[Report]) -> str:
    if any({"tensorflow", "keras"}.intersection(report.loaded) for report in reports):
        return "skl_lstm LOADS TensorFlow or Keras."
    return "skl_lstm loads neither TensorFlow nor Keras."


def _whole_process(
    code: str, environment: dict[str, str], reports: list[Report]
) -> Callable[[], float]:
    """Return a measure of a process, which also appends what the process reports."""
    code = _REPORTED.format(code=code)

    def measure() -> float:
        start = perf_counter()
        output = _run(code, environment)
        seconds = perf_counter() - start
        reports.append(Report(*json.loads(output.splitlines()[-1])))
        return seconds

    return measure


def _judge(times: Times, peaks: dict[str, float]) -> list[Outcome]:
    seconds = {name: median(values) for name, values in times.items()}
    return [
        outcome
        for name in (_IMPORT, _PREDICT)
        for outcome in (
            at_most(
                name,
                _TENSORFLOW,
                seconds[name],
                seconds[_TENSORFLOW],
                _MOST_SECONDS[name],
                unit="seconds",
            ),
            at_most(name, _TENSORFLOW, peaks[name], peaks[_TENSORFLOW], _MOST_BYTES[name]),
        )
    ]


def _command(arguments: Sequence[str]) -> str:
    """Return the code that the script ``skl-lstm`` runs."""
    return _COMMAND.format(arguments=list(arguments))


def _run(code: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"A process failed.\n{code}\n{done.stderr}")
    return done.stdout


def _rounds(default: int) -> int:
    return int(os.environ.get("BENCH_ROUNDS", default))
