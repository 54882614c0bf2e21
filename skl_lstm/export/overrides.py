"""Which classes define the methods of an estimator: a subclass may do anything else.

This module does not need the package onnx.
"""

from __future__ import annotations

from typing import Any


def overridden(estimator: Any, package: str, *methods: str) -> tuple[str, str] | None:
    """Return the first of these methods that no class of a package defines, and that class.

    The class is the one of the package whose method is overridden. The result is None if all
    methods that the estimator has are those of the package.
    """
    for method in methods:
        classes = [base for base in type(estimator).__mro__ if method in vars(base)]
        known = [base for base in classes if base.__module__.split(".")[0] == package]
        if known and known[0] is not classes[0]:
            return method, known[0].__name__
    return None
