"""`plot_sequences`: a panel a sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, islice, product
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

from ._frames import names_of_features
from ._panels import COLOURS, STYLES, resolve_positions

_SHADE: dict[str, Any] = {"facecolor": "0.88", "edgecolor": "none"}
# As many steps have room for a dot each, side by side over the width of a figure.
_DOTS = 120


@set_module("skl_lstm.inspection")
def plot_sequences(
    X: ArrayLike,
    *,
    feature_names: Sequence[str] | None = None,
    samples: int | Sequence[int] = 9,
    mask_value: float | None = None,
) -> NDArray[Any]:
    """Draw sequences, a panel a sample: time runs along x, every feature is a line.

    All panels have the same axes. Padding is shaded, and no line is drawn there.

    Parameters
    ----------
    X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps), or \
            list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
        Sequences, as every transformer of this package returns them or takes them.
    feature_names : sequence of str of length n_features, default=None
        Names of the features. None: those of the DataFrames in the list, else ``x0, x1, …``.
    samples : int or sequence of int, default=9
        How many to draw, spread evenly from the first to the last; or which, by their
        positions.
    mask_value : float, default=None
        What padding holds in every feature. None: what X, made by `SequencePadder`, knows of
        its own padding.

    Returns
    -------
    ndarray of matplotlib Axes, of shape (n_panels,)
        The panels, in the order of their samples. ``axes[0].figure`` is the figure.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If X is neither an array of sequences nor a list of them, `feature_names` are not one a
        feature, or `samples` are not in X.

    See Also
    --------
    to_frame : The same numbers as a table.

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
    """
    check_matplotlib_support("plot_sequences")
    mask_value = padding_mark(X) if mask_value is None else mask_value
    X = X if isinstance(X, list | tuple) or hasattr(X, "columns") else np.asarray(X)
    sequences, numbers = _picked(X, samples)
    names = names_of_features(sequences, feature_names)
    axes, columns = _panels(len(numbers), sequences.lengths.max())
    dots = columns * sequences.lengths.max() <= _DOTS
    styles = list(islice(_line_styles(dots), len(names)))
    for ax, number, steps in zip(
        axes, numbers, split_steps(sequences.steps, sequences.lengths), strict=True
    ):
        padding = np.zeros(len(steps), bool)
        if mask_value is not None:
            padding = is_masked(steps, mask_value)
        _draw_steps(ax, steps, padding, names, styles)
        ax.set_title(f"sample {number}")
    _explain_axes(axes, numbers, _count(X))
    return axes


def _count(X: Any) -> int:
    try:
        return len(X)
    except TypeError:
        raise TypeError(
            f"X is {X}, but sequences are an array (samples, timesteps, features), or a list of "
            "arrays."
        ) from None


def _picked(X: Any, samples: int | Sequence[int]) -> tuple[Sequences, list[int]]:
    """Read the chosen samples only: the windows of a long series would fill the memory."""
    numbers = resolve_positions("samples", samples, _count(X))
    if isinstance(X, np.ndarray) and X.ndim > 1:
        return read_sequences(X[numbers], allow_infinity=True), numbers
    every = read_sequences(X, allow_infinity=True)
    items = split_steps(every.steps, every.lengths)
    steps, lengths = [items[number] for number in numbers], every.lengths[numbers]
    return every._replace(steps=np.concatenate(steps), lengths=lengths), numbers


def _panels(count: int, timesteps: int) -> tuple[NDArray[Any], int]:
    """Lay out as many panels, the whole no larger than a page; return them and their columns."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    size = (min(2.2 + 3.0 * columns, 13.0), min(1.2 + 2.0 * rows, 12.0))
    figure, grid = plt.subplots(
        rows, columns, sharex=True, sharey=True, squeeze=False, figsize=size, layout="constrained"
    )
    for ax in grid.flat[count:]:
        figure.delaxes(ax)
    # The panel above an empty place is the last of its column.
    for ax in grid.flat[:count][-columns:]:
        ax.tick_params(labelbottom=True)
    bins = max(2, 8 - columns)
    for ax in grid.flat[:count]:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=bins, integer=True, min_n_ticks=1))
        ax.set_xlim(-0.5, timesteps - 0.5)
        ax.title.set_fontsize("medium" if columns <= 5 else "x-small")
    return grid.ravel()[:count], columns


def _line_styles(dots: bool) -> Iterator[dict[str, Any]]:
    marker = {"marker": "o", "markersize": 3} if dots else {}
    return cycle({"color": c, "linestyle": s, **marker} for s, c in product(STYLES, COLOURS))


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
    edges = np.flatnonzero(np.diff(padding, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2):
        ax.axvspan(start - 0.5, stop - 0.5, label="padding", **_SHADE)


def _explain_axes(axes: NDArray[Any], numbers: list[int], count: int) -> None:
    figure = axes[0].figure
    drawn = f"{len(numbers)} of {count} samples" if len(numbers) < count else f"{count} samples"
    figure.suptitle(f"axis 0: {drawn}" if count > 1 else "axis 0: 1 sample")
    figure.supxlabel("axis 1: timesteps")
    entries: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    # Behind the features, wherever padding came first.
    entries |= {"padding": entries.pop("padding")} if "padding" in entries else {}
    figure.legend(
        entries.values(),
        entries.keys(),
        title="axis 2: features",
        loc="outside right upper",
        ncols=ceil(len(entries) / 25),
    )
