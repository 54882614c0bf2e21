"""Numbers in text: decimal points, decimal commas and thousands separators.

A column is read as numbers only if all of its values are numbers in the same notation. "1,5" can
only be read in one way, "1,234" can be read in two.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .errors import CommandError

DECIMALS = (".", ",")
_SPACES = " \u00a0\u202f\u2009"  # no-break, narrow no-break and thin
_MINUSES = "\u2212-"  # the minus sign and the hyphen
_APOSTROPHES = "'\u2019"
# Digits from 1 to 4 become 1, and those from 5 to 9 become 5: a quarter is 1 to 4.
_CLASSES = str.maketrans("12346789", "11115555")


def _number_pattern(decimal: str) -> str:
    """Return the pattern of a number with a decimal mark, and thousands separators of one kind."""
    point = re.escape(decimal)
    whole = rf"[0-9]+|[1-9][0-9]{{0,2}}(?P<mark>{_thousands(decimal)})[0-9]{{3}}"
    whole += r"(?:(?P=mark)[0-9]{3})*"
    number = rf"(?:(?:{whole})(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    return rf"[+{_MINUSES}]?(?:{number}|(?i:inf|infinity))"


def _thousands(decimal: str) -> str:
    """Return the class of characters that may separate thousands."""
    other = "." if decimal == "," else ","
    return f"[{_SPACES}{_APOSTROPHES}{other}]"


_PATTERNS = {decimal: _number_pattern(decimal) for decimal in DECIMALS}


def are_numbers(values: pd.Series) -> bool:
    """Return whether all values that are there are numbers in the same notation."""
    return bool(notations(values))


def notations(values: pd.Series) -> list[str]:
    """Return the decimal marks with which all values that are there are numbers."""
    present = texts_of(values)
    return [
        decimal
        for decimal in DECIMALS
        if are_plain(present, decimal) or matches_all(present, _PATTERNS[decimal])
    ]


def texts_of(values: pd.Series) -> list[Any]:
    """Return the values that are there, as a list, which is faster to search than a Series."""
    return values.dropna().tolist()


def are_plain(texts: list[Any], decimal: str) -> bool:
    """Return whether all values are numbers without thousands separators, for speed.

    If not, they can still be numbers.
    """
    try:
        float("".join(texts[:1]).replace(decimal, ".") or "0")
        joined = "\0".join(texts)
        if "_" in joined or (decimal == "," and "." in joined) or not joined.isascii():
            return False
        numbers = np.array(joined.replace(decimal, ".").split("\0"), dtype=object).astype(float)
    except (TypeError, ValueError):
        return False
    return not np.isnan(numbers).any()  # NAN is no number


def matches_all(values: list[Any], pattern: str) -> bool:
    """Return whether all values match a pattern, which must not distinguish digits of a class.

    The classes are 0, 1 to 4, and 5 to 9.
    """
    matches = re.compile(pattern).fullmatch
    # Most columns of another kind differ in the first value.
    if not values:
        return True
    if not isinstance(values[0], str) or not matches(values[0]):
        return False
    shapes = shapes_of(values)
    return shapes is not None and all(map(matches, shapes))


def shapes_of(texts: list[Any]) -> set[str] | None:
    """Return the distinct texts with one digit for each class, or None if a value is no text.

    A long column has few of them, so the search is fast, and still sees every value.
    """
    try:
        shapes = "\0".join(texts).translate(_CLASSES).split("\0")
    except TypeError:
        return None
    return set(shapes) if len(shapes) == len(texts) else None


def without_decimals(values: pd.Series) -> pd.Series:
    """Return integers as text without decimals: 5.0 is 5."""
    return values.str.replace(r"\.0+$", "", regex=True)


class Numbers(NamedTuple):
    """A table with numbers, and the decimal mark that they have, if it is only one."""

    table: pd.DataFrame
    decimal: str | None


def read_numbers(
    cells: pd.DataFrame,
    separator: str,
    decimal: str | None = None,
    usual: str | None = None,
    remark: Callable[[str], None] = lambda text: None,
) -> Numbers:
    """Convert the columns of numbers to float64. Other columns stay text.

    Raise if a column can be read with a decimal point and with a decimal comma, and neither another
    column nor `usual` decides which of them it has.
    """
    found = {name: notations(cells[name]) for name in cells}
    marks = {marks[0] for marks in found.values() if len(marks) == 1}
    columns, used = {}, set(marks)
    for name, values in cells.items():
        allowed = [mark for mark in found[name] if decimal in (None, mark)]
        if len(allowed) > 1 and has_marks(values):
            mark, reason = choose_decimal(values, marks, separator, usual)
            allowed = [mark]
            if reason:
                word = {".": "points", ",": "commas"}[mark]
                remark(f"{name!r} is read with decimal {word}, {reason}")
            used.add(mark)
        columns[name] = to_float(values, allowed[0]) if allowed else values
    table = pd.DataFrame(columns, index=cells.index)
    return Numbers(table, next(iter(used)) if len(used) == 1 else None)


def why_text(values: pd.Series) -> str:
    """Describe why a column of text is not numeric."""
    text = next((value for value in values.dropna() if not is_number(value)), None)
    if text is not None:
        return f"{text!r} is not a number"
    if not notations(values):
        unlike = [
            next(value for value in values.dropna() if not re.fullmatch(pattern, value))
            for pattern in _PATTERNS.values()
        ]
        return f"its numbers are in several notations, such as {unlike[0]!r} and {unlike[1]!r}"
    return "its numbers are in another notation than the option names, or stored as text"


def is_number(value: object) -> bool:
    """Return whether a value is the text of a number in any notation."""
    return isinstance(value, str) and any(re.fullmatch(p, value) for p in _PATTERNS.values())


def mostly_have_digits(values: pd.Series) -> bool:
    """Return whether at least half of the values of a column of text contain a digit."""
    present = texts_of(values)
    with_digit = sum(any(mark.isdigit() for mark in str(text)) for text in present)
    return 2 * with_digit >= max(len(present), 1)


def has_marks(values: pd.Series) -> bool:
    """Return whether a value has a point or a comma."""
    return any(mark in "".join(texts_of(values)) for mark in DECIMALS)


def choose_decimal(
    values: pd.Series, marks: set[str], separator: str, usual: str | None = None
) -> tuple[str, str]:
    """Return the decimal mark of a column that can be read with both, and why, for a remark.

    It is the only mark of the other columns. Between commas that separate columns, numbers with
    points have decimal points, unless other columns have decimal commas. If nothing decides, it is
    the usual mark.
    """
    has_commas = "," in "".join(texts_of(values))
    points_only = separator == "," and not has_commas  # between commas, a point is decimal
    reason = "because other columns have them" if marks else ""
    if points_only and marks <= {"."}:
        return ".", reason
    if len(marks) == 1 and not points_only:
        return next(iter(marks)), reason
    if usual is not None and not marks:
        return usual, "as in the training"
    example = values.dropna()[values.dropna().str.contains("[.,]")].iloc[0]
    mark = "comma" if "," in example else "point"
    raise CommandError(
        f"column {values.name!r} has numbers such as {example!r}, whose {mark} can separate "
        "decimals or thousands; name the decimal mark with --decimal ',' or --decimal '.'"
    )


def to_float(values: pd.Series, decimal: str) -> pd.Series:
    """Convert numbers in a notation to float64; missing values become NaN."""
    is_there = values.notna().to_numpy()
    joined = "\0".join(texts_of(values)).replace(_MINUSES[0], "-")
    plain = re.sub(_thousands(decimal), "", joined).replace(decimal, ".")
    numbers = np.full(len(values), np.nan)
    if is_there.any():
        # float keeps all digits, and to_numeric does not.
        numbers[is_there] = np.array(plain.split("\0"), dtype=object).astype(float)
    return pd.Series(numbers, values.index, name=values.name)
