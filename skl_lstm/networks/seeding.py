"""Random numbers for building a Keras model, from a seed alone. No global state is left changed."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._compat.keras import seeds_drawn_from

_ONE_BUILDER = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what Keras' initializers and seed generators draw from; give it back after.

    A layer without a seed takes one from Python's `random` when it is made, so this is all
    that dropout needs as well. TensorFlow's own seed stays untouched: setting it empties its
    kernel caches, and once `enable_op_determinism` was on, as in scikeras, taking it back
    fails every fit without a seed.

    NumPy's and Python's generators serve every thread of a process. A user's function that draws
    from them is seeded as long as no other thread does so meanwhile, as those of a Dask worker do;
    Keras gets a generator that no other thread can draw from.
    """
    with _ONE_BUILDER:
        python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        own = _OfThisThread(random.Random(seed))  # noqa: S311
        try:
            with seeds_drawn_from(own):
                yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002


class _OfThisThread:
    """Python's `random`, but for the thread that makes it a generator of its own."""

    def __init__(self, own: random.Random) -> None:
        self._own = own
        self._thread = threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        mine = threading.get_ident() == self._thread
        return getattr(self._own if mine else random, name)
