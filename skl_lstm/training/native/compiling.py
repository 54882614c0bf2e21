"""`compiled` and `compiled_sum`: how the functions of this folder are compiled."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit
from numba.extending import is_jitted

from ..._compat.numba import enable_cache


def _fingerprint(folder: Path) -> str:
    """Return a hash of the names and contents of all Python files in a folder."""
    files = sorted(folder.glob("*.py"))
    contents = ((path.name, sha256(path.read_bytes()).hexdigest()) for path in files)
    return sha256(repr(list(contents)).encode()).hexdigest()


# Compiled functions contain the compiled functions that they call, so all files belong together.
_VERSION = _fingerprint(Path(__file__).parent)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function at its first call, and cache it on disk."""
    return _cached(njit(error_model="numpy", nogil=True, fastmath={"contract"})(function))


def compiled_sum(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function, as `compiled` does, whose sums may be added in any order.

    The order is chosen at compilation, so all calls of the function have the same order.
    """
    flags = {"contract", "reassoc"}
    return _cached(njit(error_model="numpy", nogil=True, fastmath=flags)(function))


def _cached(function: Callable[..., Any]) -> Callable[..., Any]:
    if is_jitted(function):  # not with NUMBA_DISABLE_JIT=1
        enable_cache(function, _VERSION)
    return function
