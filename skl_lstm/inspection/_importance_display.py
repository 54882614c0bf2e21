"""`ImportanceDisplay`: which timesteps and features an estimator uses, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch

from .._compat.sklearn import check_matplotlib_support
from .._core.messages import listed
from .._core.public import set_module
from ._importance import sequence_importance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.container import BarContainer
    from matplotlib.image import AxesImage

_BARS: dict[str, Any] = {"color": "#0072B2", "ecolor": "0.3", "capsize": 3}
# More error bars than these are drawn without caps, which would overlap.
_MAX_CAPS = 40
# Of a result of `sequence_importance`, what is drawn.
_PARTS = (
    "importances_mean",
    "importances_std",
    "timesteps",
    "timesteps_from",
    "feature_names",
    "score_name",
)
# Height of a feature in inches, in a new figure.
_HEIGHT = 0.35
_WORDS = {"r2": "R²", "roc_auc": "ROC AUC"}
# Of negative importances, as a share of the largest: smaller ones are usually chance.
_CLEARLY_NEGATIVE = 0.1


@set_module("skl_lstm.inspection")
class ImportanceDisplay:
    """Plot of the importances of timesteps and features.

    Create it with `from_estimator` or `from_importances`, which also draw it. Importances of
    timesteps and features are a heat map over the look-back; those of one axis are bars with their
    standard deviation.

    Parameters
    ----------
    importances_mean : ndarray of shape (n_blocks, n_features), (n_blocks,) or (n_features,)
        Mean importances, oldest timestep or block first.
    importances_std : ndarray of the same shape, default=None
        Standard deviations, for the error bars of one axis.
    timesteps : ndarray of shape (n_blocks,), default=None
        Labels of the timesteps: steps back, or text for blocks. None if there are none.
    feature_names : ndarray of str of shape (n_features,), default=None
        Names of the features. None if there are none.
    timesteps_from : {"end", "start"}, default="end"
        Side that `timesteps` are counted from.
    score_name : str, default="score"
        Name of the score. That of an error begins with ``neg_``, as in scikit-learn.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the plot.
    figure_ : matplotlib Figure
        The figure of the plot.
    image_ : matplotlib AxesImage or None
        The heat map, with one row per feature.
    colorbar_ : matplotlib Colorbar or None
        The colour bar of the heat map.
    bars_ : matplotlib BarContainer or None
        The bars, if there is one axis.

    See Also
    --------
    sequence_importance : The importances as arrays.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import SequenceFlattener
    >>> from skl_lstm.inspection import ImportanceDisplay
    >>> X = np.random.default_rng(0).normal(size=(100, 5, 2))  # 100 sequences of 5 timesteps
    >>> y = X[:, 1, 0]
    >>> model = make_pipeline(SequenceFlattener(), Ridge()).fit(X, y)
    >>> display = ImportanceDisplay.from_estimator(model, X, y, random_state=0)
    >>> display.image_.get_array().round(1).tolist()
    [[0.0, 2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]]
    >>> display.colorbar_.ax.get_ylabel()
    'decrease in R²'
    >>> plt.close()
    """

    def __init__(
        self,
        *,
        importances_mean: NDArray,
        importances_std: NDArray | None = None,
        timesteps: NDArray | None = None,
        feature_names: NDArray | None = None,
        timesteps_from: str = "end",
        score_name: str = "score",
    ) -> None:
        self.importances_mean = importances_mean
        self.importances_std = importances_std
        self.timesteps = timesteps
        self.feature_names = feature_names
        self.timesteps_from = timesteps_from
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        over: str | Sequence[str] = ("timestep", "feature"),
        blocks: int | Sequence[int] | None = None,
        n_repeats: int = 5,
        scoring: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        sample_weight: ArrayLike | None = None,
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        cmap: Any = None,
    ) -> Self:
        """Compute the importances by `sequence_importance`, and plot them.

        Parameters
        ----------
        estimator : estimator
            Fitted estimator, Pipeline or search.
        X : array-like of shape (n_samples, ...) or list of array-like of shape (timesteps_i, \
                n_features)
            Input of `predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or list of array-like of \
                shape (timesteps_i,)
            True targets.
        over : {"timestep", "feature"} or tuple of them, default=("timestep", "feature")
            What to separate.
        blocks : int or sequence of int, default=None
            Neighbouring timesteps that are exchanged together.
        n_repeats : int, default=5
            Number of random exchanges.
        scoring : str or callable, default=None
            Score, a single one. None: that of the estimator.
        n_jobs : int, default=None
            Number of threads.
        random_state : int, RandomState instance or None, default=None
            Seed of the exchanges.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples in the score.
        feature_names : sequence of str of length n_features, default=None
            Names of the features.
        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure.
        cmap : str or matplotlib Colormap, default=None
            Colours of the heat map. None: "Blues", or "RdBu" if importances are clearly negative.

        Returns
        -------
        ImportanceDisplay
            The display, drawn.

        Raises
        ------
        TypeError, ValueError
            If there are several scores, or `sequence_importance` raises an error.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        _check_one_score(scoring)
        result = sequence_importance(
            estimator,
            X,
            y,
            over=over,
            blocks=blocks,
            n_repeats=n_repeats,
            scoring=scoring,
            n_jobs=n_jobs,
            random_state=random_state,
            sample_weight=sample_weight,
            feature_names=feature_names,
        )
        return cls.from_importances(result, ax=ax, cmap=cmap)

    @classmethod
    def from_importances(cls, importances: Any, *, ax: Any = None, cmap: Any = None) -> Self:
        """Plot the importances that `sequence_importance` returned.

        Parameters
        ----------
        importances : :class:`~sklearn.utils.Bunch`
            Result of `sequence_importance` for one score.
        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure.
        cmap : str or matplotlib Colormap, default=None
            Colours of the heat map. None: "Blues", or "RdBu" if importances are clearly negative.

        Returns
        -------
        ImportanceDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If `importances` is not such a result, or lacks a part of it.
        ValueError
            If it has several scores.
        """
        check_matplotlib_support(f"{cls.__name__}.from_importances")
        result = _check_importances(importances)
        display = cls(
            importances_mean=result.importances_mean,
            importances_std=result.importances_std,
            timesteps=result.timesteps,
            feature_names=result.feature_names,
            timesteps_from=result.timesteps_from,
            score_name=result.score_name,
        )
        return display.plot(ax, cmap=cmap)

    def plot(self, ax: Any = None, *, cmap: Any = None) -> Self:
        """Plot the importances.

        Importances around zero, within their standard deviation, are chance. Clearly negative ones
        mean that the model predicts better without the value. If there are any, below a tenth of
        the largest importance, the colours of the heat map have zero in the middle. Smaller ones
        have the colour of zero.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on. None: a new figure.
        cmap : str or matplotlib Colormap, default=None
            Colours of the heat map. None: "Blues", or "RdBu" if importances are clearly negative.

        Returns
        -------
        ImportanceDisplay
            This display.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        self.ax_: Axes = self._new_axes() if ax is None else ax
        self.figure_: Any = self.ax_.figure
        self.image_: AxesImage | None = None
        self.colorbar_: Colorbar | None = None
        self.bars_: BarContainer | None = None
        if self.timesteps is None:
            self._draw_bars_of_features()
        elif self.feature_names is None:
            self._draw_bars_of_timesteps()
        else:
            self._draw_heat_map(cmap)
        return self

    def _new_axes(self) -> Axes:
        import matplotlib.pyplot as plt

        rows = 0 if self.feature_names is None else len(self.feature_names)
        height = 3.4 if rows == 0 else 1.9 + _HEIGHT * min(max(rows, 5), 40)
        return plt.subplots(figsize=(7.5, height), layout="constrained")[1]

    def _draw_heat_map(self, cmap: Any) -> None:
        values = np.asarray(self.importances_mean).T
        low, high = _limits_of(values)
        self.image_ = self.ax_.imshow(
            values,
            cmap=cmap or ("RdBu" if low < 0 else "Blues"),
            aspect="auto",
            interpolation="none",
            vmin=low,
            vmax=high,
        )
        extend = "min" if values.min() < low else "neither"
        self.colorbar_ = self.figure_.colorbar(self.image_, ax=self.ax_, extend=extend)
        self.colorbar_.set_label(_label_of_decrease(self.score_name))
        self._label_features()
        self._label_timesteps()

    def _draw_bars_of_timesteps(self) -> None:
        positions = np.arange(len(self.importances_mean))
        style = _style_of_bars(len(positions))
        std = self.importances_std
        self.bars_ = self.ax_.bar(positions, self.importances_mean, yerr=std, **style)
        self.ax_.axhline(0, color="0.3", linewidth=0.8)
        self.ax_.margins(x=0.01)
        self.ax_.set_ylabel(_label_of_decrease(self.score_name))
        self._label_timesteps()

    def _draw_bars_of_features(self) -> None:
        positions = np.arange(len(self.importances_mean))
        style = _style_of_bars(len(positions))
        std = self.importances_std
        self.bars_ = self.ax_.barh(positions, self.importances_mean, xerr=std, **style)
        self.ax_.axvline(0, color="0.3", linewidth=0.8)
        self.ax_.set_ylim(len(positions) - 0.4, -0.6)  # the first feature is at the top
        self.ax_.set_xlabel(_label_of_decrease(self.score_name))
        self._label_features()

    def _label_features(self) -> None:
        names = [] if self.feature_names is None else [str(name) for name in self.feature_names]
        self.ax_.set_yticks(range(len(names)), names)

    def _label_timesteps(self) -> None:
        """Label timesteps by their distance, at round numbers, and blocks one by one."""
        labels = np.asarray(self.timesteps)
        positions = np.arange(len(labels))
        if labels.dtype.kind in "iu":
            chosen = _round_distances(labels)
            positions, labels = positions[chosen], labels[chosen]
        self.ax_.set_xticks(positions, [str(label) for label in labels])
        if len("".join(map(str, labels))) > 60:
            self.ax_.tick_params(axis="x", labelrotation=45)
        from_end = self.timesteps_from == "end"
        self.ax_.set_xlabel("steps back" if from_end else "timestep, from the start")


def _check_one_score(scoring: Any) -> None:
    """Raise an error for several scores before their importances are computed."""
    if not isinstance(scoring, list | tuple | dict) or not scoring:
        return
    first = next(iter(scoring))
    raise ValueError(
        f"scoring has several scores, {listed(scoring)}, but the plot shows one. Pass one of them. "
        "To compute all of them once, call sequence_importance, and draw them one by one: "
        f"ImportanceDisplay.from_importances(result[{first!r}])."
    )


def _check_importances(importances: Any) -> Bunch:
    if not isinstance(importances, Mapping):
        raise TypeError(
            f"importances is of type {type(importances).__name__}, but must be what "
            "sequence_importance returns. Use from_estimator to compute them."
        )
    missing = [part for part in _PARTS if part not in importances]
    if not missing:
        return Bunch(**importances)
    if importances and all(isinstance(value, Mapping) for value in importances.values()):
        first = next(iter(importances))
        raise ValueError(
            f"importances has several scores, {listed(importances)}. Pass one of them: "
            f"importances[{first!r}]."
        )
    raise TypeError(
        f"importances lacks {listed(missing)}: it must be what sequence_importance returns for one "
        "score. Use from_estimator to compute them."
    )


def _limits_of(values: NDArray) -> tuple[float, float]:
    """Return the limits of the colours: symmetric if a value is clearly negative, else from 0."""
    lowest, highest = float(values.min()), float(values.max())
    if lowest < -_CLEARLY_NEGATIVE * max(highest, 0):
        limit = max(highest, -lowest)
        return -limit, limit
    return 0, highest if highest > 0 else 1  # any limit above zero, if no value is


def _style_of_bars(count: int) -> dict[str, Any]:
    return _BARS if count <= _MAX_CAPS else _BARS | {"capsize": 0}


def _round_distances(distances: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which distances have a tick: all, or those at a round step, at most about 15."""
    step = next(
        step for step in (1, 2, 5, 7, 10, 12, 24, 50, 100, 10**9) if len(distances) <= 16 * step
    )
    return distances % step == 0


def _label_of_decrease(score_name: str) -> str:
    """Return what an importance is, in words: scikit-learn's ``neg_…`` are errors, which grow."""
    kind = "increase" if score_name.startswith("neg_") else "decrease"
    name = score_name.removeprefix("neg_")
    return f"{kind} in {_WORDS.get(name, name.replace('_', ' '))}"
