"""Seeding of the random numbers that Keras draws when it builds a model."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._compat.keras import seeds_drawn_from

_LOCK = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python's, NumPy's and Keras' generators, and restore their states afterwards.

    Keras' initializers draw from these generators. A layer without a seed draws one when it is
    created, so the seed also determines the dropout. TensorFlow's global seed is not changed:
    setting it clears TensorFlow's kernel caches. It could not be removed afterwards either, because
    scikeras calls `enable_op_determinism`, and every fit without a global seed would then fail.

    All threads of a process share the generators of Python and NumPy. If another thread draws from
    them in the meantime, as threads of a Dask worker do, a user's function that draws from them is
    not reproducible. Keras itself draws from a separate generator that no other thread uses.
    """
    with _LOCK:
        python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        own = _GeneratorOfThread(random.Random(seed))  # noqa: S311
        try:
            with seeds_drawn_from(own):
                yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002


class _GeneratorOfThread:
    """A separate generator in the thread that creates it, and Python's `random` in all others."""

    def __init__(self, own: random.Random) -> None:
        self._own = own
        self._thread = threading.get_ident()

    def __getattr__(self, name: str) -> Any:
        mine = threading.get_ident() == self._thread
        return getattr(self._own if mine else random, name)
