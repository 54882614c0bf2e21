"""How a file is read: by the options, by what a model remembers, and by what is in the file."""

from typing import Any, NamedTuple


class Reading(NamedTuple):
    """How to read a file. What is None is found in the file.

    `time_columns` is empty for rows without times. `usual_decimal` is the decimal mark of numbers
    that can be read with both, if nothing in the file decides it.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: bool | None = None
    skip_above: int | None = None
    skip_below: int | None = None
    time_columns: tuple[str, ...] | None = None
    series: tuple[str, ...] = ()
    day_first: bool | None = None
    time_format: str | None = None
    usual_decimal: str | None = None

    @property
    def times(self) -> tuple[str, ...]:
        """The columns of the times, as far as they are known."""
        return self.time_columns or ()

    @property
    def time(self) -> str | None:
        """The name of the times of the rows; several columns become one."""
        return " ".join(self.times) or None


_TYPES: dict[str, type] = {
    **dict.fromkeys(["separator", "decimal", "encoding", "time_format", "usual_decimal"], str),
    **dict.fromkeys(["header", "day_first"], bool),
    **dict.fromkeys(["skip_above", "skip_below"], int),
    **dict.fromkeys(["time_columns", "series"], list),
}
_OPTIONS = {
    "separator": "--sep",
    "decimal": "--decimal",
    "encoding": "--encoding",
    "header": {True: "--header", False: "--no-header"},
    "skip_above": "--skip-above",
    "skip_below": "--skip-below",
    "day_first": {True: "--dayfirst", False: "--no-dayfirst"},
    "time_format": "--time-format",
}


def to_plain(reading: Reading) -> dict[str, Any]:
    """Return a reading as a dictionary of text, numbers and lists, for a file."""
    fields = {name: value for name, value in reading._asdict().items() if value is not None}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in fields.items()}


def from_plain(fields: dict[str, Any]) -> Reading:
    """Return the reading that a file holds. Raise if it is none."""
    for name, value in fields.items():
        if type(value) is not _TYPES.get(name):
            raise ValueError(f"{name}={value!r} is not a way to read a file")
    values: Any = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
    return Reading(**values)


def as_in_training(trained: Reading, given: Reading) -> tuple[Reading, str]:
    """Return how to read a later file, and a remark on the options that are not given again.

    Each option that is given replaces the one of the training. The form of the times is one option.
    """
    kept = trained._asdict()
    if given.day_first is not None or given.time_format is not None:
        kept.update(day_first=None, time_format=None)
    for name, value in given._asdict().items():
        if value is not None and value != ():
            kept[name] = value
    reading = Reading(**kept)
    options = [
        option_text(name, getattr(reading, name))
        for name in _OPTIONS
        if getattr(given, name) is None and getattr(reading, name) is not None
    ]
    return reading, f"as in the training, read with {' '.join(options)}" if options else ""


def option_text(name: str, value: Any) -> str:
    """Return an option as it is written in a shell."""
    option = _OPTIONS[name]
    if isinstance(option, dict):
        return option[value]
    text = "tab" if value == "\t" else str(value)
    return f"{option} {text}" if text.isalnum() else f"{option} '{text}'"
