"""Run every benchmark in turn, or those named: ``python -m benchmarks windows``."""

import sys
from importlib import import_module

from ._timing import console

_BENCHMARKS = (
    "import_cost",
    "reshape",
    "windows",
    "windower",
    "beijing",
    "search",
    "prediction",
    "memory",
)


def main(names: list[str]) -> None:
    if unknown := [name for name in names if name not in _BENCHMARKS]:
        raise SystemExit(f"No benchmark named {unknown}. There are: {', '.join(_BENCHMARKS)}.")
    for name in names or _BENCHMARKS:
        console.rule(name, style="bold")
        # Imported one by one: a benchmark that is not asked for must not load Keras.
        import_module(f".{name}", __package__).main()


if __name__ == "__main__":
    main(sys.argv[1:])
