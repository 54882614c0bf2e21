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

from ._frames import names_of_features
from ._panels import line_styles, resolve_positions

_SHADE: dict[str, Any] = {"facecolor": "0.88", "edgecolor": "none"}
# Number of steps that can have a marker each without overlap, over the width of a figure.
_MAX_MARKERS = 120


@set_module("skl_lstm.inspection")
def plot_sequences(
    X: ArrayLike,
    *,
    feature_names: Sequence[str] | None = None,
    samples: int | Sequence[int] = 9,
    mask_value: float | None = None,
) -> NDArray[Any]:
    """Plot sequences, one panel per sample and one line per feature over the timesteps.

    All panels share their axes. Padding is shaded, without lines.

    Parameters
    ----------
    X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps), or \
            list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
        Sequences, in any form that the transformers of this package take or return.
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
        One Axes per sample. ``axes[0].figure`` is the figure.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        If X is neither an array nor a list of sequences, `feature_names` does not have one name
        per feature, or `samples` are not in X.

    See Also
    --------
    to_frame : The same values as a DataFrame.

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
    sequences, positions = _read_samples(X, samples)
    names = names_of_features(sequences, feature_names)
    axes, columns = _make_panels(len(positions), sequences.lengths.max())
    markers = columns * sequences.lengths.max() <= _MAX_MARKERS
    styles = list(islice(line_styles(markers), len(names)))
    for ax, position, steps in zip(
        axes, positions, split_steps(sequences.steps, sequences.lengths), strict=True
    ):
        padding = np.zeros(len(steps), bool)
        if mask_value is not None:
            padding = is_masked(steps, mask_value)
        _draw_steps(ax, steps, padding, names, styles)
        ax.set_title(f"sample {position}")
    _label_figure(axes, len(positions), _n_samples(X))
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


def _make_panels(count: int, timesteps: int) -> tuple[NDArray[Any], int]:
    """Return `count` panels on a figure of at most a page, and the number of columns."""
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
    # Panels above an empty cell are the last of their column.
    for ax in grid.flat[:count][-columns:]:
        ax.tick_params(labelbottom=True)
    bins = max(2, 8 - columns)
    for ax in grid.flat[:count]:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=bins, integer=True, min_n_ticks=1))
        ax.set_xlim(-0.5, timesteps - 0.5)
        ax.title.set_fontsize("medium" if columns <= 5 else "x-small")
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
    edges = np.flatnonzero(np.diff(padding, prepend=False, append=False))
    for start, stop in edges.reshape(-1, 2):
        ax.axvspan(start - 0.5, stop - 0.5, label="padding", **_SHADE)


def _label_figure(axes: NDArray[Any], n_drawn: int, n_samples: int) -> None:
    figure = axes[0].figure
    drawn = f"{n_drawn} of {n_samples} samples" if n_drawn < n_samples else f"{n_samples} samples"
    figure.suptitle(f"axis 0: {drawn}" if n_samples > 1 else "axis 0: 1 sample")
    figure.supxlabel("axis 1: timesteps")
    entries: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    # Padding comes after the features.
    entries |= {"padding": entries.pop("padding")} if "padding" in entries else {}
    figure.legend(
        entries.values(),
        entries.keys(),
        title="axis 2: features",
        loc="outside right upper",
        ncols=ceil(len(entries) / 25),
    )
