"""The rows of a text with separated columns: which of them is the header, and no title or unit.

Titles and comments are above the header, units below it.
"""

import csv
from collections.abc import Iterator
from itertools import islice, product
from statistics import mode
from typing import NamedTuple

from .dates import is_date
from .decimals import is_number
from .errors import CommandError, count_and_noun

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# Text that means that a value is missing, as in pandas. In names of series, it is text.
MISSING_WORDS = (
    "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "#N/A",
    "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN",
)  # fmt: skip


class Record(NamedTuple):
    """The cells of a row of a file, and the number of its first line."""

    line: int
    cells: list[str]


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, without a copy of the whole text."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def records_of(text: str, separator: str) -> Iterator[Record]:
    """Yield the rows of a text that are not empty."""
    reader = csv.reader(lines_of(text), delimiter=separator, skipinitialspace=True)
    line = 1
    for cells in reader:
        if is_filled(cells):
            yield Record(line, cells)
        line = reader.line_num + 1


def is_filled(cells: list[str]) -> bool:
    """Return whether a record has a cell with content, or more than one cell."""
    return len(cells) > 1 or any(cell.strip() for cell in cells)


def skip_above(text: str, count: int) -> str:
    """Empty the first lines of a text. The others keep their numbers, for messages."""
    lines = lines_of(text)
    length = sum(len(line) for _, line in zip(range(count), lines, strict=False))
    return "\n" * count + text[length:]


def skip_below(text: str, separator: str, count: int) -> str:
    """Remove lines with content below the header. Raise if one of them holds a row of the table."""
    header_and_units = [*islice(records_of(text, separator), count + 2)]
    units, following = header_and_units[1 : count + 1], header_and_units[count + 1 :]
    for record, row in product(units, following):
        if any(map(is_value, record.cells)) and kinds_of(record.cells) == kinds_of(row.cells):
            raise CommandError(
                f"line {record.line}, {show_cells(record.cells)}, holds values like those of line "
                f"{row.line}, but --skip-below {count} leaves it out; if it is a row of the table, "
                "use a smaller number, such as --skip-below 0; if not, delete it in the file"
            )
    left_out = [record.line for record in units]
    lines = enumerate(lines_of(text), start=1)
    return "".join(line for number, line in lines if number not in left_out)


def count_comments(text: str, header: bool | None) -> int:
    """Return the number of lines above the header, if all of them begin with # or are empty.

    If values follow them, the last one with text is the header.
    """
    comments, last, following = [], 0, ""
    for number, line in enumerate(lines_of(text), start=1):
        if line.startswith("#"):
            last = number
            comments += [number] if line.strip("# \t\n") else []
        elif line.strip():
            following = line
            break
    if header is not False and any(is_value(cell) for cell in cells_in_any_way(following)):
        return comments[-1] - 1 if comments else 0
    return last


def cells_in_any_way(line: str) -> list[str]:
    """Return the parts of a line between any of the separators."""
    for mark in SEPARATORS:
        line = line.replace(mark, "\n")
    return [cell.strip(' "') for cell in line.splitlines()]


def is_value(cell: str) -> bool:
    """Return whether a cell is a number or a date."""
    return is_number(cell) or is_date(cell)


def is_text(cell: str) -> bool:
    """Return whether a cell is a name or a unit, and neither a value nor a missing one."""
    has_letter = any(mark.isalpha() or mark in "%°$€£#" for mark in cell)
    return has_letter and cell not in MISSING_WORDS and not is_value(cell)


def check_first_lines(records: list[Record]) -> None:
    """Raise if a line below the first one holds text in place of the values below it.

    The first line is then a title, or the line of text holds units.
    """
    rows = [[cell.strip() for cell in record.cells] for record in records]
    texts = [i for i in range(1, len(rows) - 1) if not any(map(is_value, rows[i]))]
    for i in reversed(texts):
        above = {kinds_of(row) for row in rows[1:i]}
        if kinds_of(rows[i + 1]) not in above and is_unlike(rows[i], rows[i + 1 :]):
            refuse_line(records[i], i if texts[:i] == list(range(1, i + 1)) else None)


def kinds_of(row: list[str]) -> tuple[bool, ...]:
    """Return which cells of a row are numbers or dates."""
    return tuple(map(is_value, row))


def is_unlike(row: list[str], below: list[list[str]]) -> bool:
    """Return whether a cell of a row is text, and all cells below it are values, or missing."""
    for column, cell in enumerate(row):
        if is_text(cell):
            cells = [other[column] for other in below if column < len(other)]
            there = [cell for cell in cells if cell and cell not in MISSING_WORDS]
            if there and all(map(is_value, there)):
                return True
    return False


def refuse_line(record: Record, n_units: int | None) -> None:
    """Raise an error that names a line, and the options that leave out lines."""
    advice = f"if it holds the names of the columns, use --skip-above {record.line - 1}"
    if n_units is not None:
        advice += f"; if it holds units, use --skip-below {n_units}"
    raise CommandError(
        f"line {record.line}, {show_cells(record.cells)}, holds no number and no date, unlike the "
        f"lines below it; {advice}"
    )


def show_cells(cells: list[str]) -> str:
    """Format the cells of a line."""
    text = " | ".join(cells)
    return repr(text if len(text) < 60 else f"{text[:57]}...")


def lines_above(records: list[Record]) -> int:
    """Return the number of lines above the first row with the usual number of cells."""
    width = mode(len(record.cells) for record in records if len(record.cells) > 1)
    return next(record.line for record in records if len(record.cells) == width) - 1


def remark_on_comments(count: int) -> str:
    """Return a remark on lines that were left out."""
    return f"{count_and_noun(count, 'line')} above the header left out, because of # at the start"
