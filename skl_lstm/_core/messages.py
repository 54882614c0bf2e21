"""Words that error messages share."""

from collections.abc import Iterable
from typing import Any


def listed(values: Iterable[Any]) -> str:
    """Write values with commas between them, texts in quotation marks."""
    return ", ".join(map(repr, values))
