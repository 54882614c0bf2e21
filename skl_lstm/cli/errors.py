"""The error for problems that the user can fix, notes, and helpers that format messages."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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


def print_note(text: str) -> None:
    """Print a note of one line on standard error."""
    print(f"skl-lstm: note: {one_line(text)}", file=sys.stderr)


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Print the warnings of a model as notes on standard error, each of them once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for message in dict.fromkeys(str(w.message) for w in caught if w.category is UserWarning):
        print_note(message)
