"""`PerTimestep`: a transformer of rows, applied to the steps of sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._compat.sklearn import HasMethods, fit_context
from .._core.diagrams import beside_shapes, shape_of
from .._core.masks import can_mark, is_masked
from .._core.public import set_module
from .._core.sequences import Sequences, mark_padding, padding_mark, read_sequences
from .base import RaggedTransformer

if TYPE_CHECKING:
    from sklearn.utils import Tags


def _inverts(self: PerTimestep) -> bool:
    return hasattr(getattr(self, "transformer_", self.transformer), "inverse_transform")


@set_module("skl_lstm")
class PerTimestep(RaggedTransformer):
    """Apply a transformer of rows, such as a scaler or PCA, to every time step of sequences.

    The steps of all sequences are the rows that `transformer` is fitted to; what it makes of
    them takes their place. So one mean and one scale is learned for every feature, whatever
    the lengths of the sequences.

    Parameters
    ----------
    transformer : estimator
        What is applied, to a table (steps, features). It is cloned, and the clone fitted. Its
        parameters are tuned as ``pertimestep__transformer__name``.

    Attributes
    ----------
    transformer_ : estimator
        The fitted transformer.
    features_ : int
        Features of every time step, before the transformation.
    n_features_in_ : int
        Features of a time step; if X was a 2D array, its number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a DataFrame or a list of them.

    See Also
    --------
    SequencePadder : What comes next: it brings the sequences to one length.

    Notes
    -----
    Put it ahead of `SequencePadder`. Behind it, padding that the padder has marked is left
    out: neither fitted to nor changed. An array that others have padded is all data.

    A transformer that reads y, such as ``SelectKBest``, is given the target of a sequence for
    each of its steps.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skl_lstm import PerTimestep
    >>> X = [[[1.0, 10.0]], [[3.0, 30.0], [5.0, 50.0]]]  # one step, two steps
    >>> scaler = PerTimestep(StandardScaler()).fit(X)
    >>> scaler.transformer_.mean_
    array([ 3., 30.])
    >>> scaler.transform(X)[1]
    array([[0.        , 0.        ],
           [1.22474487, 1.22474487]])
    >>> scaler.inverse_transform(scaler.transform(X))[0]
    array([[ 1., 10.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "transformer": [HasMethods(["fit", "transform"])]
    }

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Fit the transformer to the real steps of all sequences.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,), or \
                array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences, in any of the forms that `SequencePadder` takes, or padded by it.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Targets of the sequences, for a transformer that reads them.

        Returns
        -------
        PerTimestep
            The fitted transformer.

        Raises
        ------
        TypeError, ValueError
            If an item of X is not a sequence or unlike the others, or the transformer refuses
            its steps.
        """
        sequences, real, _ = _read(X)
        if y is not None:
            check_consistent_length(sequences.lengths, y)
            y = np.repeat(np.asarray(y), sequences.lengths, axis=0)[real]
        transformer = clone(self.transformer).fit(sequences.steps[real], y)
        # State is set only now: a fit that is refused leaves the fit before it whole.
        self._remember_sequences(sequences)
        self.transformer_ = transformer
        return self

    def transform(self, X: ArrayLike) -> list[NDArray] | NDArray:
        """Transform every real step.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,), or \
                array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences.

        Returns
        -------
        list of ndarray or ndarray
            The sequences in the form of X. Those without a feature axis stay so if the
            transformer makes one feature of one, and get one if it makes several.

        Raises
        ------
        TypeError, ValueError
            As in `fit`; also if the transformer returns another number of rows, a sparse
            matrix, or among them a step that looks like the padding of X.
        """
        check_is_fitted(self)
        sequences, real, mask_value = _read(X)
        self._check_known_sequences(sequences)
        steps = self._apply("transform", sequences.steps[real])
        if mask_value is None:
            return sequences.restore(steps, has_feature_axis=sequences.has_feature_axis)
        return _padded_again(sequences, real, steps, mask_value)

    @available_if(_inverts)
    def inverse_transform(self, X: ArrayLike) -> list[NDArray] | NDArray:
        """Undo `transform`, where `transformer` can.

        Parameters
        ----------
        X : list of array-like or array-like
            Sequences as `transform` gives them.

        Returns
        -------
        list of ndarray or ndarray
            The sequences in the form of X, without a feature axis if they had none in `fit`.
        """
        check_is_fitted(self)
        sequences, real, mask_value = _read(X)
        self._check_made(sequences.steps.shape[1])
        steps = self._apply("inverse_transform", sequences.steps[real])
        if mask_value is None:
            return sequences.restore(steps, has_feature_axis=self._has_feature_axis)
        return _padded_again(sequences, real, steps, mask_value)

    def _check_made(self, features: int) -> None:
        """Refuse other features than the transformer makes, where it tells which those are.

        A scaler would broadcast.
        """
        if not hasattr(self.transformer_, "get_feature_names_out"):
            return
        made = len(self.transformer_.get_feature_names_out())
        if features != made:
            raise ValueError(
                f"X has {features} features, but {type(self.transformer_).__name__} makes {made} "
                "of every time step."
            )

    def _apply(self, method: str, steps: NDArray) -> NDArray:
        """Return what the transformer makes of a table of steps, as a table of as many."""
        result = getattr(self.transformer_, method)(steps)
        name = type(self.transformer).__name__
        if issparse(result):
            raise TypeError(
                f"{name} returned a sparse matrix, which no sequence can be made of. Give it its "
                "parameter for dense output, such as sparse_output=False."
            )
        table = np.asarray(result)
        if table.ndim != 2 or len(table) != len(steps):
            raise ValueError(
                f"{name} made an array of shape {table.shape} of {len(steps)} steps, but each of "
                "them needs a row of its own."
            )
        return table

    def _sk_visual_block_(self) -> Any:
        return beside_shapes(self, "transformer")

    def _shapes_in_and_out(self) -> tuple[str, ...]:
        before = shape_of("steps", self.features_)
        if not hasattr(self.transformer_, "get_feature_names_out"):
            return (before,)
        return before, shape_of("steps", len(self.transformer_.get_feature_names_out()))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.transformer)
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.input_tags.positive_only = inner.input_tags.positive_only
        tags.target_tags.required = inner.target_tags.required
        tags.transformer_tags = inner.transformer_tags
        return tags


def _read(X: ArrayLike) -> tuple[Sequences, NDArray[np.bool_] | slice, float | None]:
    """Read sequences, which of their steps are real, and what marks those that are not."""
    sequences = read_sequences(X)
    mask_value = padding_mark(X)
    if mask_value is None:
        return sequences, slice(None), None
    return sequences, ~is_masked(sequences.steps, mask_value), mask_value


def _padded_again(
    sequences: Sequences, real: NDArray[np.bool_] | slice, steps: NDArray, mask_value: float
) -> NDArray:
    if not can_mark(mask_value, steps.dtype):
        raise ValueError(
            f"The transformer made {steps.dtype} of the steps, of which mask_value={mask_value} is "
            "no value. Put PerTimestep ahead of the SequencePadder."
        )
    if is_masked(steps, mask_value).any():
        raise ValueError(
            f"The transformer made a step of mask_value={mask_value} throughout, which a network "
            "would skip like padding. Take another mask_value, or put PerTimestep ahead of the "
            "SequencePadder."
        )
    padded = np.full((len(sequences.steps), steps.shape[1]), mask_value, steps.dtype)
    padded[real] = steps
    restored = sequences.restore(padded, has_feature_axis=sequences.has_feature_axis)
    return mark_padding(restored, mask_value)
