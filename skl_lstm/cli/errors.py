"""Errors that the user can mend, and the words that messages share."""

from typing import Any


class CommandError(Exception):
    """Something the user can mend, said in one line."""


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, in the plural where it takes one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str) -> str:
    """Join the lines of a message."""
    return " ".join(text.split())


def listed(names: Any) -> str:
    """Join names for a message."""
    return ", ".join(map(str, names))
