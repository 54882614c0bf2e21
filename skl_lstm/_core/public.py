"""The public place of a class or function, whatever file it is written in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_Public = TypeVar("_Public", bound=Any)


def set_module(name: str) -> Callable[[_Public], _Public]:
    """Name the module that users import a class or function from, as NumPy and pandas do.

    Pickle, skops and `repr` name this module, so that a saved file outlives a move of the code.
    """

    def decorate(public: _Public) -> _Public:
        public.__module__ = name
        return public

    return decorate
