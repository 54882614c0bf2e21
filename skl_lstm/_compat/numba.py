"""The private names of numba that this package uses."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.serialize import dumps

_CACHE = (
    "The cache of compiled functions on disk, changed so that no error stops a fit. Replacement: a "
    "cache of numba that ignores errors and knows the functions that a function calls."
)

PRIVATE_NAMES = {
    "numba.core.caching.FunctionCache": _CACHE,
    "numba.core.caching.FunctionCache._cache_file": _CACHE,
    "numba.core.caching.FunctionCache._impl": (
        "The file name and the hash of the source file of a cached function. Replacement: none "
        "known."
    ),
    "numba.core.caching.IndexDataCacheFile": _CACHE,
    "numba.core.dispatcher.Dispatcher._cache": (
        "The cache of one function, which is replaced. Replacement: an argument of "
        "enable_caching()."
    ),
    "numba.core.serialize.dumps": (
        "Pickles compiled functions, which pickle.dumps cannot. Replacement: none known."
    ),
}


def enable_cache(dispatcher: Any, version: str) -> None:
    """Cache a compiled function on disk, like ``njit(cache=True)``, but never raise an error.

    Without a writable folder there is no cache. If an entry cannot be read, the function is
    compiled again. If it cannot be written, it is not cached.

    Parameters
    ----------
    dispatcher : function
        What `numba.njit` returns.
    version : str
        Entries of other versions are ignored. numba itself only ignores those of another version of
        the file that contains the function, and not those of another version of a function that it
        calls.
    """
    with suppress(RuntimeError, OSError):  # RuntimeError: no folder is writable
        dispatcher._cache = _SafeCache(dispatcher.py_func, version)


class _SafeCache(FunctionCache):
    def __init__(self, function: Callable[..., Any], version: str) -> None:
        super().__init__(function)
        self._cache_file = _CheckedFile(
            cache_path=self.cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=(self._impl.locator.get_source_stamp(), version),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # pickle raises errors of any class for a damaged file
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(sig, data)


class _CheckedFile(IndexDataCacheFile):
    """An index and its data files, whose entries state what they contain.

    A damaged entry could crash the process. And numba numbers the data files without a lock, so two
    processes that write at the same time may exchange their entries.
    """

    def __init__(self, cache_path: str, filename_base: str, source_stamp: Any) -> None:
        super().__init__(cache_path, filename_base, source_stamp)
        self._stamp = source_stamp

    def save(self, key: Any, data: Any) -> None:
        content = dumps((key, self._stamp, data))
        entry = sha256(content).digest(), content
        try:
            super().save(key, entry)
        except OSError:
            raise
        except Exception:  # a damaged index
            self.flush()
            super().save(key, entry)

    def load(self, key: Any) -> Any:
        entry = super().load(key)
        if entry is None:
            return None
        digest, content = entry
        if sha256(content).digest() != digest:
            return None
        # numba itself reads the cache with pickle, from the same folder.
        saved_key, stamp, data = pickle.loads(content)  # noqa: S301
        return data if (saved_key, stamp) == (key, self._stamp) else None
