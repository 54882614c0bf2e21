"""Run the benchmarks one after the other: ``python -m benchmarks``, or with names to select some.

Some benchmarks run only by name, because they take long or need much disk space.
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
    "intervals",
    "search",
    "steps",
    "prediction",
    "stream",
    "memory",
)
_BY_NAME_ONLY = ("accuracy", "larger_than_memory", "soak")


def main(names: list[str]) -> None:
    known = (*_BENCHMARKS, *_BY_NAME_ONLY)
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"No benchmark named {unknown}. There are: {', '.join(known)}.")
    for name in names or _BENCHMARKS:
        console.rule(name, style="bold")
        # Imported only when it runs, so that other benchmarks do not load Keras.
        import_module(f".{name}", __package__).main()


if __name__ == "__main__":
    main(sys.argv[1:])
