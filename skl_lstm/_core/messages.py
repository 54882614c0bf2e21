"""Formatting of values in error messages."""

from collections.abc import Iterable
from typing import Any


def listed(values: Iterable[Any]) -> str:
    """Join the reprs of values by commas."""
    return ", ".join(map(repr, values))
