"""The error for problems that the user can fix, notes, and helpers that format messages."""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Advice of the package for Python, and its names, with the words of the command.
_FOR_PYTHON = (
    (r" If the rows are missing because X is a fold of a shuffled split.*? joins them\.", ""),
    (r" For windows that include rows of fit, pass DataFrames to fit and transform\.", ""),
    (r"max_gap_=(.*?), the usual step in fit", r"the usual step of \1 in the training"),
    (r"max_gap_=", "the usual step of "),
    (r"Resample X to the steps of fit, or fit on rows like those of X", "Resample the rows"),
    (r"\b(of|from|in) fit\b", r"\1 the training"),
    (r"\bX\b", "the table"),
)


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
        print_note(without_python(message))


def without_python(message: str) -> str:
    """Leave out the advice for Python, and name what the command shows in its own words."""
    for pattern, words in _FOR_PYTHON:
        message = re.sub(pattern, words, message)
    return message
