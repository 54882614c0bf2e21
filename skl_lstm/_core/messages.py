"""Formatting of values in error messages."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def listed(values: Iterable[Any]) -> str:
    """Join the reprs of values by commas."""
    return ", ".join(map(repr, values))


def counted(count: int, noun: str) -> str:
    """Format a count with its noun, which takes an s in the plural."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def of_series(series: tuple[Any, ...]) -> str:
    """Name a series by its labels in the outer levels of an index; empty if there are none."""
    return f" of series {series[0] if len(series) == 1 else series!r}" if series else ""


def did_you_mean(name: str, names: Iterable[str], form: str = "{}") -> str:
    """Return a sentence with the most similar names, or an empty string.

    `form` is how the name is written, such as ``"model__{}"``.
    """
    by_lower_case = {known.lower(): known for known in names}
    matches = get_close_matches(name.lower(), by_lower_case)
    similar = [repr(form.format(by_lower_case[match])) for match in matches]
    return f" Did you mean {' or '.join(similar)}?" if similar else ""
