"""`set_module`: the public module of a class or function that is defined elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_Public = TypeVar("_Public", bound=Any)


def set_module(name: str) -> Callable[[_Public], _Public]:
    """Set the module that users import a class or function from, as NumPy and pandas do.

    Pickle, skops and `repr` use this name, so saved files stay valid when code moves.
    """

    def decorate(public: _Public) -> _Public:
        public.__module__ = name
        return public

    return decorate
