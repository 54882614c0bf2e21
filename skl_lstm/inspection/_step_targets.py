"""Labels and numbers of the steps: how `plot_sequences` reads, places and draws them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle, islice, product
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.messages import counted
from .._core.sequences import lengths_before_padding, split_steps
from .._core.step_values import is_missing, read_step_values

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

SHADE: dict[str, Any] = {"facecolor": "0.88", "edgecolor": "none"}
# The light scheme of Paul Tol, made for areas and for colour-blind readers, without its grey, the
# colour of padding. The first ones differ most. With more classes than colours, the hatch changes.
_FILLS = ("#77AADD", "#EE8866", "#EEDD88", "#99DDFF", "#FFAABB", "#BBCC33", "#44BB99", "#AAAA00")
_HATCHES = ("", "//////", "......", "xxxxxx")
# More different whole numbers are a quantity, and would be too many colours to read.
_MAX_WHOLE_NUMBERS = 20
# Runs of classes with a smaller share of the steps are widened. Those of others are not, because
# they would cover too much.
_RARE = 0.05
# Part of a panel: at least a pixel, because a narrower bar may be drawn with no width. With more
# columns of panels, a pixel is a larger part.
_LEAST_WIDTH = 1 / 250
_WIDE_COLUMNS = 3
# With more columns, a tenth of the height of a panel is too low for a name.
_MAX_COLUMNS = 5
# Of the strips of truth, prediction and errors.
_HEIGHTS = (1.0, 1.0, 0.6)
_ARGUMENTS = {"truth": "y", "prediction": "y_pred"}
# The truth is wide and grey, so that it and a prediction that equals it can both be seen.
_LINES: dict[str, dict[str, Any]] = {
    "truth": {"color": "0.5", "linewidth": 3.2, "linestyle": "-", "markersize": 5},
    "prediction": {"color": "0.0", "linewidth": 1.4, "linestyle": "--", "markersize": 3},
}


class StepTargets(NamedTuple):
    """Labels or numbers of the steps of all sequences."""

    values: dict[str, list[NDArray]]  # of "truth", "prediction" or both; (timesteps_i,) each
    classes: list[Any] | None  # None: the values are numbers
    before: NDArray[np.intp] | None  # length of each sequence before padding and truncation
    truncating: str | None


def read_step_targets(
    X: Any, y: ArrayLike | None, y_pred: ArrayLike | None, n_sequences: int
) -> StepTargets:
    """Read y and y_pred, and decide whether they are labels or numbers."""
    values = {
        name: _read(argument, _ARGUMENTS[name], n_sequences)
        for name, argument in (("truth", y), ("prediction", y_pred))
        if argument is not None
    }
    return StepTargets(values, _classes_of(values.values()), *lengths_before_padding(X))


def _read(values: ArrayLike, argument: str, n_sequences: int) -> list[NDArray]:
    """Return the values of every sequence."""
    steps = read_step_values(values, argument)
    if len(steps.lengths) != n_sequences:
        raise ValueError(
            f"{argument} has {counted(len(steps.lengths), 'sequence')}, but X has {n_sequences}. "
            f"Pass in {argument} the steps of each sequence of X, in the same order."
        )
    if steps.values.ndim > 1 and steps.values.shape[1] > 1:
        raise ValueError(
            f"{argument} has {steps.values.shape[1]} values for each step, but the plot shows one. "
            f"Pass one column, for example [values[:, 0] for values in {argument}]."
        )
    return split_steps(steps.values.reshape(-1), steps.lengths)


def _classes_of(arrays: Iterable[list[NDArray]]) -> list[Any] | None:
    """Return the classes in order, or None if the values are numbers.

    Missing values turn integers into floats, so whole numbers of both types are read alike.
    """
    distinct: set[Any] = set().union(*map(_distinct, arrays))
    numbers = {value for value in distinct if isinstance(value, Real | np.bool_)}
    text = distinct - numbers
    fraction = next((value for value in numbers if not float(value).is_integer()), None)
    if text and fraction is not None:
        raise ValueError(
            f"y and y_pred have labels, such as {min(text, key=str)!r}, and numbers, such as "
            f"{fraction}. Pass labels in both or numbers in both; predict of a classifier returns "
            "labels."
        )
    if fraction is not None or (len(numbers) > _MAX_WHOLE_NUMBERS and not text):
        return None
    try:
        return sorted(distinct)
    except TypeError:  # numbers and text
        return sorted(distinct, key=lambda value: (not isinstance(value, Real), str(value)))


def _distinct(sequences: list[NDArray]) -> set[Any]:
    """Return the different values; of numbers with fractions, one fraction."""
    values = np.concatenate(sequences)
    values = values[~is_missing(values)]
    if values.dtype.kind == "O":  # values of different types have no order, which `unique` needs
        return set(values.tolist())
    if values.dtype.kind == "f":
        fractions = values[values != np.trunc(values)]
        values = fractions[:1] if fractions.size else values
    return set(np.unique(values).tolist())


def place_targets(
    targets: StepTargets, position: int, padding: NDArray[np.bool_]
) -> dict[str, NDArray]:
    """Return the values at the timesteps of one sequence of X, None where there are none."""
    before = None if targets.before is None else int(targets.before[position])
    placed = {}
    for name, sequences in targets.values.items():
        values = _place(sequences[position], padding, before, targets.truncating)
        if values is None:
            raise ValueError(
                _describe_length(_ARGUMENTS[name], position, len(sequences[position]), padding)
            )
        placed[name] = values
    return placed


def _place(
    values: NDArray, padding: NDArray[np.bool_], before: int | None, truncating: str | None
) -> NDArray | None:
    """Return the values at the timesteps of a sequence; None if their number fits no steps."""
    timesteps = len(padding)
    if before == len(values) > timesteps:
        values = values[-timesteps:] if truncating == "pre" else values[:timesteps]
    placed = np.full(timesteps, None, object)
    if len(values) == timesteps:
        values = values[~padding]
    if len(values) != np.count_nonzero(~padding):
        return None
    objects = values.astype(object)
    objects[is_missing(values)] = None
    placed[~padding] = objects
    return placed


def _describe_length(argument: str, position: int, length: int, padding: NDArray[np.bool_]) -> str:
    timesteps, padded = len(padding), int(np.count_nonzero(padding))
    if length > timesteps:
        remedy = (
            "If X was truncated, pass it as SequencePadder returned it, which knows how many steps "
            "it dropped."
        )
    elif padded:
        remedy = "Pass one value for each step, with or without the padding."
    else:
        remedy = "If X is padded, pass its mask_value. Steps without a value can be NaN or None."
    return (
        f"Sequence {position} of {argument} has {counted(length, 'value')}, but sequence "
        f"{position} of X has {counted(timesteps, 'step')}"
        f"{f', {padded} of them padding' if padded else ''}. {remedy}"
    )


def runs_of(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where each run of True starts and stops."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def draw_strips(
    ax: Axes,
    strips: dict[str, NDArray],
    padding: NDArray[np.bool_],
    classes: list[Any],
    columns: int,
) -> Axes:
    """Draw a strip for each array of labels under a panel, and return the axes of the strips.

    Below the strips of truth and prediction, a strip of their errors is drawn.
    """
    codes = [_codes_of(labels, classes) for labels in strips.values()]
    names = [*strips, "wrong"] if len(codes) > 1 else list(strips)
    area = _make_area(ax, names, crowded=columns > _MAX_COLUMNS)
    least = _LEAST_WIDTH * max(1.0, columns / _WIDE_COLUMNS)
    for start, stop in runs_of(padding):
        area.axvspan(start - 0.5, stop - 0.5, **SHADE)
    styles = _class_styles(len(classes))
    for row, steps in enumerate(codes):
        for code in _by_frequency(steps):
            label = _name_of(classes[code])
            _draw_runs(area, row, steps == code, steps >= 0, least, label=label, **styles[code])
    if len(codes) > 1:
        truth, prediction = codes
        known = (truth >= 0) & (prediction >= 0)
        wrong = known & (truth != prediction)
        _draw_runs(area, 2, wrong, known, least, label="wrong", facecolor="black", linewidth=0.0)
    return area


def _make_area(ax: Axes, names: list[str], *, crowded: bool) -> Axes:
    """Return axes for strips under a panel.

    On axes of their own they hide no line, and the panels keep their scale.
    """
    edges = np.cumsum([0.0, *_HEIGHTS[: len(names)]])
    height = edges[-1] * (0.18 if crowded else 0.1)
    area = ax.inset_axes((0.0, -height, 1.0, height), sharex=ax)
    area.set_ylim(edges[-1], 0)
    area.set_yticks((edges[:-1] + edges[1:]) / 2, names)
    area.tick_params(axis="y", length=0, labelsize="xx-small" if crowded else "x-small")
    if crowded:
        ax.tick_params(axis="y", labelsize="x-small")
    return area


def clear_lowest_ticks(ax: Axes, columns: int) -> None:
    """Keep the ticks of crowded panels, which share them, away from the names of the strips."""
    from matplotlib.ticker import MaxNLocator

    if columns <= _MAX_COLUMNS:
        return
    low, high = ax.get_ylim()
    ticks = np.asarray(MaxNLocator(nbins=4).tick_values(low, high))
    ax.set_yticks(ticks[(ticks > low + 0.12 * (high - low)) & (ticks <= high)])


def _by_frequency(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the different codes, but -1, from the most to the least frequent."""
    found, counts = np.unique(codes[codes >= 0], return_counts=True)
    return found[np.argsort(-counts, kind="stable")]


def _draw_runs(
    area: Axes,
    row: int,
    mask: NDArray[np.bool_],
    known: NDArray[np.bool_],
    least: float,
    **style: Any,
) -> None:
    """Draw the runs of True in a strip; if True is rare, at least as wide as a part of it."""
    limits = area.get_xlim()
    rare = np.count_nonzero(mask) < _RARE * np.count_nonzero(known)
    width = least * (limits[1] - limits[0]) if rare else 0.0
    bars = [_bar_of(start, stop, width, limits) for start, stop in runs_of(mask)]
    area.broken_barh(bars, (row + 0.06, _HEIGHTS[row] - 0.12), **style)


def _bar_of(
    start: int, stop: int, least: float, limits: tuple[float, float]
) -> tuple[float, float]:
    """Return the left edge and the width of a run, widened on both sides but not over the limits.

    Half of a mark at the first or the last step would not be seen.
    """
    width = max(float(stop - start), least)
    left = (start + stop - 1 - width) / 2
    return min(max(left, limits[0]), limits[1] - width), width


def move_ticks(ax: Axes, area: Axes, *, outer_bottom: bool, outer_left: bool) -> None:
    """Put the timesteps under the strips, and name the strips only at the left of the figure."""
    ax.tick_params(axis="x", bottom=False, labelbottom=False)
    area.tick_params(labelbottom=outer_bottom, labelleft=outer_left)


def draw_numbers(ax: Axes, numbers: dict[str, NDArray]) -> None:
    """Draw one line for each array of numbers, over those of the features."""
    for name, values in numbers.items():
        floats = values.astype(float)
        there = ~np.isnan(floats)
        # No line leads to a number between two missing ones.
        alone = [start for start, stop in runs_of(there) if stop - start == 1]
        ax.plot(floats, marker="o", markevery=alone, **_LINES[name])


def legend_of_targets(
    targets: StepTargets, drawn: Iterable[dict[str, NDArray]]
) -> list[tuple[Artist, str]]:
    """Return handles and labels for the legend: the classes that are drawn, or the lines."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    heading: Artist = Line2D([], [], linestyle="none")
    if targets.classes is None:
        lines = [(Line2D([], [], **_LINES[name]), name) for name in targets.values]
        return [(heading, "y: numbers"), *lines]
    seen = {value for strips in drawn for values in strips.values() for value in values.tolist()}
    styles = _class_styles(len(targets.classes))
    patches = [
        (Patch(**style), _name_of(label))
        for label, style in zip(targets.classes, styles, strict=True)
        if label in seen
    ]
    return [(heading, "y: labels"), *patches]


def _name_of(label: Any) -> str:
    return str(int(label)) if isinstance(label, float) else str(label)


def _class_styles(count: int) -> list[dict[str, Any]]:
    pairs = islice(cycle(product(_HATCHES, _FILLS)), count)
    # The colour of the edge is that of the hatch.
    return [
        {"facecolor": fill, "hatch": hatch, "edgecolor": "0.25", "linewidth": 0.0}
        for hatch, fill in pairs
    ]


def _codes_of(labels: NDArray, classes: list[Any]) -> NDArray[np.intp]:
    """Return the position of each label in the classes, -1 for None."""
    positions = {label: position for position, label in enumerate(classes)}
    return np.array([positions.get(label, -1) for label in labels.tolist()], np.intp)
