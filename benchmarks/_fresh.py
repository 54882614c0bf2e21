"""Call functions of this package, each in a new process, so that no earlier work affects it.

Their arguments and results must be JSON data.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ._timing import with_progress

_ROOT = Path(__file__).parents[1]
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
# PyTorch and TensorFlow differ in when they use a GPU.
_WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": "-1"}


class Job(NamedTuple):
    """A function, its arguments, and the name shown while it runs."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[object, ...] = ()
    on_gpu: bool = False  # other jobs run on the CPU even if there is a GPU


def run_in_fresh_processes(jobs: Sequence[Job]) -> list[Any]:
    """Run one job after the other, never two at once, and show the progress."""
    named = [(job.name, job) for job in jobs]
    return [_run(job) for job in with_progress(named, ticking=True)]


def _run(job: Job) -> Any:
    name = f"{job.function.__module__}:{job.function.__qualname__}"
    command = [sys.executable, "-W", "ignore", "-m", __name__, name, json.dumps(job.arguments)]
    environment = os.environ | _QUIET | ({} if job.on_gpu else _WITHOUT_GPU)
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{job.name} failed.\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _call(name: str, arguments: str) -> object:
    module, function = name.split(":")
    return getattr(import_module(module), function)(*json.loads(arguments))


if __name__ == "__main__":
    print(json.dumps(_call(*sys.argv[1:])))
