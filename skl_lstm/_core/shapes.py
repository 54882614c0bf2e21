"""Shape arithmetic: how columns divide into timesteps, and the errors if they do not.

Every function takes and returns plain integers, so shape rules can be tested without arrays.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from .messages import listed

_MAX_SUGGESTIONS = 12


def step_names(timesteps: int, names: Iterable[str]) -> list[str]:
    """Name the values of a flattened window: ``t0_a, t0_b, t1_a, …``; ``t0`` is the oldest step."""
    names = list(names)
    return [f"t{step}_{name}" for step in range(timesteps) for name in names]


def lead_names(steps: Iterable[int], names: Iterable[Any]) -> list[str]:
    """Name the values of coming steps: ``h1_a, h1_b, h2_a, …``; ``h1`` is one step ahead."""
    names = list(names)
    return [f"h{step}_{name}" for step in steps for name in names]


def parse_lead_name(name: Any) -> tuple[int, str] | None:
    """Return the step ahead and the column of a name of `lead_names`; None for other names."""
    found = re.fullmatch(r"h([1-9]\d*)_(.+)", name, re.DOTALL) if isinstance(name, str) else None
    return None if found is None else (int(found[1]), found[2])


def names_of_columns(y: Any) -> list[Any]:
    """Return the names of the columns of y, a DataFrame or a Series; [None] for an array."""
    return list(y.columns) if hasattr(y, "columns") else [getattr(y, "name", None)]


def parse_lead_names(names: list[Any], columns: Iterable[Any] = ()) -> list[tuple[int, str]] | None:
    """Return the step ahead and the column of every name; None if they are not all leads.

    The name of a column of X is not that of a lead, even if it looks like one: h2_o.
    """
    leads = [lead for name in names if (lead := parse_lead_name(name)) is not None]
    are_leads = 0 < len(leads) == len(names) and not set(names) & set(columns)
    return leads if are_leads else None


def furthest_lead(names: list[Any], columns: Iterable[Any] = ()) -> tuple[int, str]:
    """Return the largest step ahead of leads, and its name; 1 if the names are not all leads."""
    steps = [step for step, _ in parse_lead_names(names, columns) or ()]
    furthest = max(steps, default=1)
    return furthest, names[steps.index(furthest)] if steps else ""


class ReshapePlan(NamedTuple):
    """How the columns of a row become a sequence."""

    timesteps: int
    features: int
    columns: int
    start: int
    order: str

    @property
    def table_timesteps(self) -> int:
        """Number of timesteps in the table, including those that truncating drops."""
        return self.columns // self.features

    @property
    def truncates(self) -> bool:
        """Whether timesteps of the table are dropped."""
        return self.timesteps < self.table_timesteps


def plan_reshape(
    columns: int,
    timesteps: int | None,
    features: int | None,
    truncating: str | None = None,
    order: str = "C",
) -> ReshapePlan:
    """Compute timesteps and features for a number of columns, or raise an error."""
    # NumPy's small integers are valid parameters, but would overflow.
    timesteps = None if timesteps is None else int(timesteps)
    features = (
        _infer_features(columns, timesteps, truncating) if features is None else int(features)
    )
    table_timesteps = _whole_timesteps(columns, features)
    timesteps = table_timesteps if timesteps is None else timesteps
    if timesteps > table_timesteps:
        raise ValueError(_too_few_columns(columns, timesteps, features))
    if timesteps < table_timesteps and truncating is None:
        raise ValueError(_too_many_columns(columns, timesteps, features))
    start = table_timesteps - timesteps if truncating == "pre" else 0
    return ReshapePlan(timesteps, features, columns, start, order)


def window_span(timesteps: int, sampling_rate: int) -> int:
    """Return the number of rows from the first to the last step of a window, inclusive."""
    return (int(timesteps) - 1) * int(sampling_rate) + 1


def check_enough_rows(rows: int, timesteps: int, sampling_rate: int, ahead: int = 0) -> None:
    """Raise an error if a series is too short for one window and the `ahead` rows after it."""
    span = window_span(timesteps, sampling_rate)
    if rows >= span + ahead:
        return
    more = f", and gap plus horizon need {ahead} more" if ahead else ""
    raise ValueError(
        f"A series of {rows} rows is too short for one window: {timesteps} timesteps at "
        f"sampling_rate={sampling_rate} span {span} rows{more}. Use fewer timesteps or a "
        "longer series."
    )


def divisors(number: int) -> list[int]:
    """Return all divisors of a positive integer, in ascending order."""
    small = [d for d in range(1, int(number**0.5) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d != number]


def _infer_features(columns: int, timesteps: int | None, truncating: str | None) -> int:
    if timesteps is None:
        return 1
    if truncating is not None:
        raise ValueError(_truncating_needs_features(columns, timesteps, truncating))
    if columns % timesteps:
        raise ValueError(_not_a_multiple_of_timesteps(columns, timesteps))
    return columns // timesteps


def _whole_timesteps(columns: int, features: int) -> int:
    if columns % features:
        raise ValueError(
            f"{columns} columns cannot be divided into timesteps of {features} features: "
            f"{columns} is not a multiple of {features}. "
            f"{_suggest('Features', columns, features)}"
        )
    return columns // features


def _not_a_multiple_of_timesteps(columns: int, timesteps: int) -> str:
    return (
        f"{columns} columns cannot be {timesteps} timesteps of whole features: "
        f"{columns} is not a multiple of {timesteps}. "
        f"{_suggest('Timesteps', columns, timesteps)} "
        "If each row is one time step of a long series, use "
        f"SequenceWindower(timesteps={timesteps})."
    )


def _truncating_needs_features(columns: int, timesteps: int, truncating: str) -> str:
    return (
        f"truncating={truncating!r} drops whole timesteps: give features as well as "
        f"timesteps={timesteps}, for example features=1 if each of the {columns} columns is one "
        "timestep."
    )


def _too_few_columns(columns: int, timesteps: int, features: int) -> str:
    return (
        f"{timesteps} timesteps of {features} features need {timesteps * features} columns, "
        f"but X has {columns}. Use timesteps={columns // features} or fewer, or make a table "
        "with more lag columns."
    )


def _too_many_columns(columns: int, timesteps: int, features: int) -> str:
    table_timesteps = columns // features
    return (
        f"{timesteps} timesteps of {features} features are {timesteps * features} columns, "
        f"but X has {columns}. Use timesteps={table_timesteps}, or choose which of the "
        f"{table_timesteps} steps to drop: truncating='pre' keeps the newest {timesteps}, "
        f"truncating='post' the oldest {timesteps}."
    )


def _suggest(what: str, columns: int, wanted: int) -> str:
    fitting = divisors(columns)
    if len(fitting) <= _MAX_SUGGESTIONS:
        return f"{what} that fit: {listed(fitting)}."
    nearest = sorted(fitting, key=lambda d: abs(d - wanted))[:_MAX_SUGGESTIONS]
    return f"{what} that fit, nearest first: {listed(nearest)}."
