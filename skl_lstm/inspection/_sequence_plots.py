"""`plot_sequences`: one panel per sample."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._compat.sklearn import check_matplotlib_support
from .._core.masks import is_masked
from .._core.public import set_module
from .._core.sequences import Sequences, padding_mark, read_sequences, split_steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.text import Text

from ._frames import names_of_features
from ._panels import line_styles, resolve_positions
from ._step_targets import (
    SHADE,
    StepTargets,
    clear_lowest_ticks,
    draw_numbers,
    draw_strips,
    legend_of_targets,
    move_ticks,
    place_targets,
    read_step_targets,
    runs_of,
)

# Number of steps that can have a marker each without overlap, over the width of a figure.
_MAX_MARKERS = 120
_PAGE = (13.0, 12.0)  # width and height in inches


@set_module("skl_lstm.inspection")
def plot_sequences(
    X: ArrayLike,
    *,
    y: ArrayLike | None = None,
    y_pred: ArrayLike | None = None,
    feature_names: Sequence[str] | None = None,
    samples: int | Sequence[int] = 9,
    mask_value: float | None = None,
) -> NDArray[Any]:
    """Plot sequences, one panel per sample and one line per feature over the timesteps.

    All panels share their axes. Padding is shaded, without lines. Labels of the steps are strips
    of colour under the panels, numbers are lines in them. If both `y` and `y_pred` are labels, a
    third strip, "wrong", is black at the steps where they differ.

    Parameters
    ----------
    X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps), or \
            list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
        Sequences, in any form that the transformers of this package take or return.
    y : list of array-like of shape (timesteps_i,) or array-like of shape (n_samples, timesteps), \
            default=None
        The truth at every step: labels or numbers. Also an object array or a Series of arrays.
        Each sequence has as many values as X has timesteps, or as it has steps without the
        padding, or as it had before `SequencePadder` truncated it. A step whose value is NaN or
        None stays blank.
    y_pred : list of array-like of shape (timesteps_i,) or array-like of shape \
            (n_samples, timesteps), default=None
        The predictions for every step, in the same forms.
    feature_names : sequence of str of length n_features, default=None
        Names of the features. None: the columns of the DataFrames in X, else ``x0, x1, …``.
    samples : int or sequence of int, default=9
        Number of samples to plot, evenly spaced from the first to the last, or a list of their
        positions.
    mask_value : float, default=None
        Value of the padding in every feature. None: the `mask_value` of X, if `SequencePadder`
        padded it.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (n_panels,)
        One Axes per sample. ``axes[0].figure`` is the figure. The strips of labels are the Axes
        ``axes[0].child_axes[0]``.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If X is neither an array nor a list of sequences, `feature_names` does not have one name
        per feature, or `samples` are not in X. If `y` or `y_pred` has not the sequences and the
        steps of X, has several values for a step, or one holds labels and the other fractions.

    See Also
    --------
    to_frame : The same values as a DataFrame.

    Notes
    -----
    Text and booleans in `y` and `y_pred` are labels. So are whole numbers, if there are at most
    20 different ones; other numbers are lines on the axis of the features. To see whole numbers
    as labels however many there are, convert them to text.

    So that single steps can be seen in long sequences, rare labels are drawn over frequent ones,
    and labels or errors at less than 5 % of the steps of a strip at least as wide as 1/250 of the
    panel, or more in narrow panels.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skl_lstm import SequencePadder
    >>> from skl_lstm.inspection import plot_sequences
    >>> X = [[[1.0, 5.0], [2.0, 4.0]], [[3.0, 3.0], [4.0, 2.0], [5.0, 1.0]]]
    >>> axes = plot_sequences(SequencePadder().fit_transform(X), feature_names=["up", "down"])
    >>> [ax.get_title() for ax in axes]
    ['sample 0', 'sample 1']
    >>> plt.close()

    Labels of the steps, and what was predicted for them:

    >>> y = [["rest", "run"], ["rest", "run", "run"]]
    >>> y_pred = [["rest", "rest"], ["rest", "run", "run"]]
    >>> axes = plot_sequences(X, y=y, y_pred=y_pred)
    >>> [label.get_text() for label in axes[0].child_axes[0].get_yticklabels()]
    ['truth', 'prediction', 'wrong']
    >>> plt.close()
    """
    check_matplotlib_support("plot_sequences")
    mask_value = padding_mark(X) if mask_value is None else mask_value
    targets = read_step_targets(X, y, y_pred, _n_samples(X))
    X = X if isinstance(X, list | tuple) or hasattr(X, "columns") else np.asarray(X)
    sequences, positions = _read_samples(X, samples)
    names = names_of_features(sequences, feature_names)
    items = split_steps(sequences.steps, sequences.lengths)
    paddings = [_padding_of(steps, mask_value) for steps in items]
    placed = [
        place_targets(targets, position, padding)
        for position, padding in zip(positions, paddings, strict=True)
    ]
    axes, columns = _make_panels(len(positions), sequences.lengths.max())
    markers = columns * sequences.lengths.max() <= _MAX_MARKERS
    styles = list(islice(line_styles(markers), len(names)))
    for ax, position, steps, padding in zip(axes, positions, items, paddings, strict=True):
        _draw_steps(ax, steps, padding, names, styles)
        ax.set_title(f"sample {position}", fontsize="large" if columns <= 5 else "x-small")
    entries = _legend_of(axes)
    if targets.values:
        _draw_targets(axes, columns, targets, placed, paddings)
        entries += legend_of_targets(targets, placed)
    _label_figure(axes, len(positions), _n_samples(X), entries)
    return axes


def _n_samples(X: Any) -> int:
    try:
        return len(X)
    except TypeError:
        raise TypeError(
            f"X is {X}, but must be an array of shape (samples, timesteps, features) or a list of "
            "arrays."
        ) from None


def _read_samples(X: Any, samples: int | Sequence[int]) -> tuple[Sequences, list[int]]:
    """Read the chosen samples of X, and return their positions."""
    positions = resolve_positions("samples", samples, _n_samples(X))
    if isinstance(X, np.ndarray) and X.ndim > 1:
        # Copies of all windows of a long series may not fit into memory.
        return read_sequences(X[positions], allow_infinity=True), positions
    every = read_sequences(X, allow_infinity=True)
    items = split_steps(every.steps, every.lengths)
    steps, lengths = [items[position] for position in positions], every.lengths[positions]
    return every._replace(steps=np.concatenate(steps), lengths=lengths), positions


def _padding_of(steps: NDArray, mask_value: float | None) -> NDArray[np.bool_]:
    return np.zeros(len(steps), bool) if mask_value is None else is_masked(steps, mask_value)


def _make_panels(count: int, timesteps: int) -> tuple[NDArray[Any], int]:
    """Return `count` panels on a figure of at most a page, and the number of columns."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    size = (min(2.2 + 3.0 * columns, _PAGE[0]), min(1.2 + 2.0 * rows, _PAGE[1]))
    figure, grid = plt.subplots(
        rows, columns, sharex=True, sharey=True, squeeze=False, figsize=size, layout="constrained"
    )
    for ax in grid.flat[count:]:
        figure.delaxes(ax)
    # Panels above an empty cell are the last of their column.
    for ax in grid.flat[:count][-columns:]:
        ax.tick_params(labelbottom=True)
    bins = max(2, 8 - columns)
    for ax in grid.flat[:count]:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=bins, integer=True, min_n_ticks=1))
        ax.set_xlim(-0.5, timesteps - 0.5)
    return grid.ravel()[:count], columns


def _draw_steps(
    ax: Axes,
    steps: NDArray,
    padding: NDArray[np.bool_],
    names: list[str],
    styles: list[dict[str, Any]],
) -> None:
    values = np.where(padding[:, np.newaxis], np.nan, steps.astype(float))
    for feature, name in enumerate(names):
        ax.plot(values[:, feature], label=str(name), **styles[feature])
    for start, stop in runs_of(padding):
        ax.axvspan(start - 0.5, stop - 0.5, label="padding", **SHADE)


def _draw_targets(
    axes: NDArray[Any],
    columns: int,
    targets: StepTargets,
    placed: list[dict[str, NDArray]],
    paddings: list[NDArray[np.bool_]],
) -> None:
    for position, (ax, values, padding) in enumerate(zip(axes, placed, paddings, strict=True)):
        if targets.classes is None:
            draw_numbers(ax, values)
            continue
        area = draw_strips(ax, values, padding, targets.classes, columns)
        lowest = position >= len(axes) - columns
        move_ticks(ax, area, outer_bottom=lowest, outer_left=position % columns == 0)
    if targets.classes is not None:
        clear_lowest_ticks(axes[0], columns)


def _legend_of(axes: NDArray[Any]) -> list[tuple[Any, str]]:
    """Return handles and labels of the features, then of the padding."""
    entries: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    entries |= {"padding": entries.pop("padding")} if "padding" in entries else {}
    return [(handle, label) for label, handle in entries.items()]


def _label_figure(
    axes: NDArray[Any], n_drawn: int, n_samples: int, entries: list[tuple[Any, str]]
) -> None:
    figure = axes[0].figure
    drawn = f"{n_drawn} of {n_samples} samples" if n_drawn < n_samples else f"{n_samples} samples"
    title = figure.suptitle(f"axis 0: {drawn}" if n_samples > 1 else "axis 0: 1 sample")
    figure.supxlabel("axis 1: timesteps")
    legend = _add_legend(figure, entries)
    # The title is at the centre of the figure, and the legend must not cover it.
    if (width := _width_around(title, legend)) > _PAGE[0]:
        legend.remove()
        width = _width_around(title, _add_legend(figure, entries, "x-small"))
    figure.set_figwidth(max(figure.get_figwidth(), width))


def _add_legend(
    figure: Figure, entries: list[tuple[Any, str]], fontsize: str | None = None
) -> Legend:
    """Add a legend with as many columns as it needs to be lower than the figure."""
    handles, labels = zip(*entries, strict=True)
    columns = ceil(len(entries) / 25)
    while True:
        legend = figure.legend(
            handles,
            labels,
            title="axis 2: features",
            loc="outside right upper",
            ncols=columns,
            fontsize=fontsize,
            title_fontsize=fontsize,
        )
        excess = legend.get_window_extent().height / (0.96 * figure.bbox.height)
        if excess <= 1 or columns >= len(entries):
            return legend
        legend.remove()
        columns = ceil(columns * excess)


def _width_around(title: Text, legend: Legend) -> float:
    """Return the width in inches of a figure with a title at its centre and a legend beside it."""
    pixels = title.get_window_extent().width + 2 * legend.get_window_extent().width
    return float(pixels / title.figure.dpi) + 0.5
