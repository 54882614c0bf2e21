"""Text files with separated columns: their encoding, their separator and their header.

The result is a table of text: `decimals` and `dates` find the numbers and the times in it.
"""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
import sys
import zipfile
import zlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .dates import are_dates
from .decimals import are_numbers, is_number
from .errors import CommandError, comma_separated, one_line
from .reading import Reading
from .records import (
    MISSING_WORDS,
    SEPARATORS,
    Record,
    check_first_lines,
    count_comments,
    is_filled,
    lines_above,
    lines_of,
    records_of,
    remark_on_comments,
    skip_above,
    skip_below,
)

# Number of records from which the separator and the number of columns are found.
SAMPLE_RECORDS = 200

_ENCODINGS_BY_MARK = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # .xlsx, .ods, .zip and .xls
_DAMAGED = (EOFError, zipfile.BadZipFile, lzma.LZMAError, zlib.error)
_BLANKS = " \t\u00a0\u202f"
# Excel writes and reads this line to name the separator of the rest of the file.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?(?:\n|$)', re.IGNORECASE)


class Cells(NamedTuple):
    """The cells of a file as text, and the separator between them."""

    table: pd.DataFrame
    separator: str


def read_cells(path: Path, reading: Reading, remark: Callable[[str], None]) -> Cells:
    """Read a file. `remark` gets sentences on what was found."""
    try:
        text, encoding = decode(read_bytes(path), reading.encoding)
        if encoding == "cp1252" and reading.encoding is None:
            remark("the text is not UTF-8, and read as Windows-1252; --encoding names another")
        separator = reading.separator
        if match := _SEPARATOR_LINE.match(text):
            separator = separator or match[1]
            text = skip_above(text, 1)
        if reading.skip_above is not None:
            text = skip_above(text, reading.skip_above)
        elif count := count_comments(text, reading.header):
            remark(remark_on_comments(count))
            text = skip_above(text, count)
        separator = separator or find_separator(text)
        if reading.skip_below is not None:
            text = skip_below(text, separator, reading.skip_below)
        if reading.header is not False:
            check_first_lines([*islice(records_of(text, separator), SAMPLE_RECORDS)])
        return Cells(split_cells(text, separator, reading.header), separator)
    except (OSError, ValueError, csv.Error, CommandError, *_DAMAGED) as error:
        # pandas' ParserError is a ValueError.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CommandError(f"cannot read {path}: {one_line(reason)}") from error


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, decompressed if its name ends in .gz, .bz2, .xz or .zip."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) != 1:
                raise CommandError(f"it holds {len(names)} files, but one was expected")
            return archive.read(names[0])
    with _OPENERS.get(path.suffix, open)(path, "rb") as file:
        return bytes(file.read())


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file, and its encoding.

    A byte order mark names UTF-8 or UTF-16. Without one, text that is not UTF-8 is Windows-1252,
    which contains the letters of Latin-1.
    """
    if data.startswith(_ARCHIVES):
        raise CommandError(
            "it is no text, but a spreadsheet or an archive; save it as CSV, or end the name of a "
            "zip archive in .zip"
        )
    marked = [name for mark, name in _ENCODINGS_BY_MARK.items() if data.startswith(mark)]
    candidates = [encoding] if encoding else marked or ["utf-8", "cp1252"]
    for name in candidates:
        try:
            text = data.decode(name)
            break
        except UnicodeError:
            continue
    else:
        raise CommandError(
            f"the text is not {' or '.join(candidates)}; name its encoding with --encoding"
        )
    if "\0" in text:
        raise CommandError(
            "the text contains NUL characters, as binary files do and UTF-16 without a byte order "
            "mark; if it is text, name its encoding with --encoding, such as utf-16-le"
        )
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n"), name


def find_separator(text: str) -> str:
    """Return the separator that gives every record as many cells as the header.

    A file with none of the separators in its header has one column.
    """
    records = {mark: [*islice(records_of(text, mark), SAMPLE_RECORDS)] for mark in SEPARATORS}
    if not any(records.values()):
        raise CommandError("the file is empty")
    widths = {mark: [len(record.cells) for record in found] for mark, found in records.items()}
    in_header = [mark for mark, counts in widths.items() if counts[0] > 1]
    even = [mark for mark in in_header if set(widths[mark]) == {widths[mark][0]}]
    if len(even) == 1:
        return even[0]
    check_lines_before_header(records, in_header)
    if len(in_header) == 1:
        return in_header[0]
    if in_header:
        names = " or ".join(SEPARATORS[mark] for mark in even or in_header)
        raise CommandError(
            f"the columns can be separated by {names}; name the separator with --sep"
        )
    # A mark in the rows only is part of a number such as 1,5.
    return next((mark for mark in SEPARATORS if mark not in text), "\x1f")


def check_lines_before_header(records: dict[str, list[Record]], in_header: list[str]) -> None:
    """Raise if another mark separates more rows than those of the first line, which has a title."""
    rows = {mark: sum(len(row.cells) > 1 for row in found[1:]) for mark, found in records.items()}
    if not in_header and has_decimal_commas(records[","]):
        rows[","] = 0  # one column of decimal commas
    other = max(rows, key=lambda mark: rows[mark])
    if other not in in_header and rows[other] > max((rows[mark] for mark in in_header), default=0):
        raise CommandError(
            f"most rows contain a {SEPARATORS[other]}, but the first line does not; leave out the "
            f"lines above the header with --skip-above {lines_above(records[other])}, or name the "
            "separator with --sep"
        )


def has_decimal_commas(records: list[Record]) -> bool:
    """Return whether all commas in the rows are in numbers such as 1,5."""
    return all(is_number(",".join(cells).strip()) for _, cells in records if len(cells) > 1)


def first_records(text: str, separator: str, count: int = SAMPLE_RECORDS) -> list[list[str]]:
    """Return the cells of the first lines that are not empty."""
    return [record.cells for record in islice(records_of(text, separator), count)]


def split_cells(text: str, separator: str, header: bool | None) -> pd.DataFrame:
    """Return the cells as a table of text with the names of the header."""
    records = first_records(text, separator)
    if not records:
        raise CommandError("the file is empty")
    width = max(map(len, records))
    if header is None and looks_like_data(records[0]):
        raise CommandError(
            f"the first line, {separator.join(records[0])!r}, holds values and no names of "
            "columns; use --no-header if the file has no header, or --header if these are names"
        )
    if header is None:
        check_no_date_in_header(records)
    skipped = 0 if header is False else lines_to_skip(text, separator)
    try:
        cells = parse(text, separator, width, skipped)
    except pd.errors.ParserError:  # a later row has more cells
        width = max(map(len, first_records(text, separator, sys.maxsize)))
        cells = parse(text, separator, width, skipped)
    cells = drop_empty_end(cells)
    if has_padding(text, separator):
        cells = cells.apply(strip_spaces)
    names = [f"c{column}" for column in range(width)] if header is False else records[0]
    return name_columns(cells, names)


def parse(text: str, separator: str, width: int, skipped: int) -> pd.DataFrame:
    """Return the cells after the skipped lines as text. Only empty cells are missing."""
    return pd.read_csv(
        io.StringIO(text),
        sep=separator,
        header=None,
        names=list(range(width)),
        index_col=False,
        dtype=object,  # str would convert every cell to pyarrow and back
        keep_default_na=False,
        na_values=[""],
        skiprows=skipped,
        skip_blank_lines=width > 1,  # in a file of one column, they are missing values
        skipinitialspace=True,
    )


def mark_missing(table: pd.DataFrame) -> pd.DataFrame:
    """Replace the words that mean missing."""
    return table.mask(table.isin(MISSING_WORDS))


def check_no_date_in_header(records: list[list[str]]) -> None:
    """Raise if a cell of the header is a date in the same form as the value below it."""
    for cells in zip(*records[:2], strict=False):
        both = pd.Series(cells, dtype=object).str.strip()
        if len(both) == 2 and are_dates(both):
            raise CommandError(
                f"the first line contains {both[0]!r}, a date like those below it, so it may hold "
                "values; use --no-header if the file has no header, or --header if it has"
            )


def looks_like_data(cells: list[str]) -> bool:
    """Return whether a line holds numbers and dates only, and so is not a header."""
    values = pd.Series(cells, dtype=str).str.strip()
    return all(are_numbers(values[[i]]) or are_dates(values[[i]]) for i in values.index)


def lines_to_skip(text: str, separator: str) -> int:
    """Return the number of records up to the header, including it."""
    records = csv.reader(lines_of(text), delimiter=separator)
    return next(count for count, cells in enumerate(records, start=1) if is_filled(cells))


def drop_empty_end(cells: pd.DataFrame) -> pd.DataFrame:
    """Drop the rows without any value at the end, which spreadsheets write."""
    filled = np.flatnonzero(cells.notna().any(axis=1))
    return cells.iloc[: filled[-1] + 1 if len(filled) else 0]


def has_padding(text: str, separator: str) -> bool:
    """Return whether a space is next to a separator, a quote or an end of a line."""
    blanks = [blank for blank in _BLANKS if blank != separator and blank in text]
    edges = (separator, '"', "\n")
    return text[-1] in blanks or any(
        blank + edge in text or edge + blank in text for blank in blanks for edge in edges
    )


def strip_spaces(column: pd.Series) -> pd.Series:
    """Remove spaces around the text of cells; cells of spaces only are missing."""
    stripped = column.str.strip()
    return stripped.where(stripped != "")


def name_columns(cells: pd.DataFrame, header: list[str]) -> pd.DataFrame:
    """Name the columns. Columns without a name and without any value are left out."""
    names = [name.strip() for name in header] + [""] * (cells.shape[1] - len(header))
    is_used = [bool(name) or cells[i].notna().any() for i, name in enumerate(names)]
    if any(is_used[len(header) :]):
        raise CommandError(
            f"the header has {len(header)} names, but rows have {len(names)} cells; complete the "
            "header, name another separator with --sep, or leave out lines above the header with "
            "--skip-above"
        )
    names = [name or f"Unnamed: {i}" for i, name in enumerate(names)]  # as pandas names them
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise CommandError(
            f"the header has several columns named {comma_separated(repeated)}; rename all but one "
            "of them in the file"
        )
    return cells.set_axis(names, axis=1).loc[:, is_used]
