"""The error for problems that the user can fix, and helpers that format messages."""

from typing import Any


class CommandError(Exception):
    """A problem that the user can fix, described in one line."""


def count_and_noun(number: int, noun: str) -> str:
    """Return a number and its noun, with an s unless the number is 1."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str) -> str:
    """Replace the line breaks and repeated spaces of a message by single spaces."""
    return " ".join(text.split())


def comma_separated(names: Any) -> str:
    """Join names with commas."""
    return ", ".join(map(str, names))
