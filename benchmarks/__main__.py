"""Run the benchmarks in turn, or those named: ``python -m benchmarks windows``.

Some run only by name: they take long, or much of the disk.
"""

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
_BY_NAME_ONLY = ("larger_than_memory", "soak")


def main(names: list[str]) -> None:
    known = (*_BENCHMARKS, *_BY_NAME_ONLY)
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"No benchmark named {unknown}. There are: {', '.join(known)}.")
    for name in names or _BENCHMARKS:
        console.rule(name, style="bold")
        # Imported one by one: a benchmark that is not asked for must not load Keras.
        import_module(f".{name}", __package__).main()


if __name__ == "__main__":
    main(sys.argv[1:])
