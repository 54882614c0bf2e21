"""`PerTimestep`: apply a transformer to the timesteps of sequences."""

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
from .._core.diagrams import meta_estimator_block, shape_of
from .._core.masks import can_mark, is_masked
from .._core.public import set_module
from .._core.sequences import (
    Sequences,
    lengths_before_padding,
    mark_padding,
    padding_mark,
    read_sequences,
)
from .._core.step_values import (
    StepValues,
    check_same_steps,
    has_step_axis,
    is_missing,
    kept_steps,
    read_step_values,
    without_object_dtype,
)
from .._core.timed_windows import TimedWindows, feature_names_of, mark_times
from .base import RaggedTransformer

if TYPE_CHECKING:
    from sklearn.utils import Tags


def _has_inverse_transform(self: PerTimestep) -> bool:
    return hasattr(getattr(self, "transformer_", self.transformer), "inverse_transform")


@set_module("skl_lstm")
class PerTimestep(RaggedTransformer):
    """Apply a transformer, such as a scaler or PCA, to every timestep of sequences.

    `transformer` is fitted on a table whose rows are the steps of all sequences. A scaler thus
    learns one mean and one scale per feature, for sequences of any length.

    Parameters
    ----------
    transformer : estimator
        Transformer of tables (steps, features). A clone of it is fitted. In a Pipeline, tune its
        parameters as ``pertimestep__transformer__name``.

    Attributes
    ----------
    transformer_ : estimator
        The fitted transformer.
    features_ : int
        Number of features of each timestep, before the transformation.
    n_features_in_ : int
        Number of features of a timestep, or of columns if X was a 2D array.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a DataFrame or a list of DataFrames.

    See Also
    --------
    SequencePadder : The next step: pad the sequences to one length.

    Notes
    -----
    Put it before `SequencePadder`. After it, the padding of the padder is ignored in `fit` and
    not changed by `transform`. Arrays that were padded in another way are treated as data.

    A transformer that uses y, such as ``SelectKBest``, gets the target of a sequence for each
    of its steps, or the targets of the steps.

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
        """Fit the transformer on the steps of all sequences, without the padding.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,), or \
                array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences, in any of the forms that `SequencePadder` takes, or padded by it.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or list of array-like of \
                shape (timesteps_i,) or (timesteps_i, n_outputs), default=None
            Targets of the sequences or of their steps, for a transformer that uses them. If they
            are those of the steps, the transformer is fitted on the steps that have one. An array
            whose axis 1 is as long as the sequences is read as (n_samples, timesteps), but not the
            targets of the windows of a table.

        Returns
        -------
        PerTimestep
            The fitted transformer.

        Raises
        ------
        TypeError, ValueError
            If an item of X is not a sequence or does not match the others, or the transformer
            raises an error.
        """
        sequences, real, _ = _read_with_padding(X)
        if y is None:
            steps = sequences.steps[real]
        else:
            check_consistent_length(sequences.lengths, y)
            steps, y = _with_targets(X, y, sequences, real)
        transformer = clone(self.transformer).fit(steps, y)
        # Attributes are set last, so that a failed fit leaves the previous fit unchanged.
        self._remember_sequences(sequences)
        self.transformer_ = transformer
        return self

    def transform(self, X: ArrayLike) -> list[NDArray] | NDArray:
        """Transform every step, except the padding.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,), or \
                array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences.

        Returns
        -------
        list of ndarray or ndarray
            The sequences in the form of X. Sequences without a feature axis get one only if
            the transformer returns several features. The windows of a DataFrame, `TimedWindows`,
            keep their labels and times, and get the names of the transformed features.

        Raises
        ------
        TypeError, ValueError
            As in `fit`; also if the transformer returns another number of rows, a sparse
            matrix, or a step that equals the padding of X.
        """
        check_is_fitted(self)
        sequences, real, mask_value = _read_with_padding(X)
        self._check_known_sequences(sequences)
        steps = self._apply("transform", sequences.steps[real])
        if mask_value is None:
            result = sequences.restore(steps, has_feature_axis=sequences.has_feature_axis)
            return _keep_labels(result, X, self._names_of_result(X))
        return _restore_padding(X, sequences, real, steps, mask_value)

    @available_if(_has_inverse_transform)
    def inverse_transform(self, X: ArrayLike) -> list[NDArray] | NDArray:
        """Apply the `inverse_transform` of the transformer to every step, except the padding.

        Parameters
        ----------
        X : list of array-like or array-like
            Sequences as `transform` returns them.

        Returns
        -------
        list of ndarray or ndarray
            The sequences in the form of X, without a feature axis if they had none in `fit`.
            `TimedWindows` keep their labels and times, but not the names of their features.
        """
        check_is_fitted(self)
        sequences, real, mask_value = _read_with_padding(X)
        self._check_features_out(sequences.steps.shape[1])
        steps = self._apply("inverse_transform", sequences.steps[real])
        if mask_value is None:
            result = sequences.restore(steps, has_feature_axis=self._has_feature_axis)
            return _keep_labels(result, X, None)
        return _restore_padding(X, sequences, real, steps, mask_value)

    def _check_features_out(self, features: int) -> None:
        """Raise an error if the transformer is known to return another number of features.

        A scaler would broadcast instead.
        """
        if not hasattr(self.transformer_, "get_feature_names_out"):
            return
        features_out = len(self.transformer_.get_feature_names_out())
        if features != features_out:
            raise ValueError(
                f"X has {features} features, but {type(self.transformer_).__name__} returns "
                f"{features_out} features per timestep."
            )

    def _names_of_result(self, X: ArrayLike) -> NDArray | None:
        """Return the names of the transformed features, or None if they are unknown."""
        names = feature_names_of(X)
        if names is None or not hasattr(self.transformer_, "get_feature_names_out"):
            return None
        try:
            return self.transformer_.get_feature_names_out(names)
        except AttributeError:  # a Pipeline has the method, but maybe not all of its steps
            return None

    def _apply(self, method: str, steps: NDArray) -> NDArray:
        """Call a method of the transformer on steps; return a table with one row per step."""
        result = getattr(self.transformer_, method)(steps)
        name = type(self.transformer).__name__
        if issparse(result):
            raise TypeError(
                f"{name} returned a sparse matrix, but sequences must be dense. Set its parameter "
                "for dense output, such as sparse_output=False."
            )
        table = np.asarray(result)
        if table.ndim != 2 or len(table) != len(steps):
            raise ValueError(
                f"{name} returned an array of shape {table.shape} for {len(steps)} steps, but must "
                "return one row per step."
            )
        return table

    def _sk_visual_block_(self) -> Any:
        return meta_estimator_block(self, "transformer")

    def _shapes_in_and_out(self) -> tuple[str, ...]:
        shape_in = shape_of("steps", self.features_)
        if not hasattr(self.transformer_, "get_feature_names_out"):
            return (shape_in,)
        return shape_in, shape_of("steps", len(self.transformer_.get_feature_names_out()))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.transformer)
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.input_tags.positive_only = inner.input_tags.positive_only
        tags.target_tags.required = inner.target_tags.required
        tags.transformer_tags = inner.transformer_tags
        return tags


def _read_with_padding(
    X: ArrayLike,
) -> tuple[Sequences, NDArray[np.bool_] | slice, float | None]:
    """Return the sequences, which of their steps are not padding, and the mask value."""
    sequences = read_sequences(X)
    mask_value = padding_mark(X)
    if mask_value is None:
        return sequences, slice(None), None
    return sequences, ~is_masked(sequences.steps, mask_value), mask_value


def _with_targets(
    X: ArrayLike, y: Any, sequences: Sequences, real: NDArray[np.bool_] | slice
) -> tuple[NDArray, NDArray]:
    """Return the steps that have a target, and the targets.

    The target of a sequence is that of all its steps. Whether the transformer uses y is unknown:
    the tags of scikit-learn do not always say it.
    """
    steps, n_kept = sequences.steps[real], sequences.lengths
    if not isinstance(real, slice):
        n_kept = np.add.reduceat(real.astype(np.intp), np.cumsum(n_kept) - n_kept)
    targets = _targets_of_steps(X, y, sequences, real, n_kept)
    if targets is None:
        return steps, np.repeat(np.asarray(y), n_kept, axis=0)
    has_target = ~is_missing(targets)
    if has_target.all():
        return steps, without_object_dtype(targets)
    if not has_target.any():
        raise ValueError(f"y has no target: all {len(steps)} steps are NaN or None.")
    return steps[has_target], without_object_dtype(targets[has_target])


def _targets_of_steps(
    X: ArrayLike,
    y: Any,
    sequences: Sequences,
    real: NDArray[np.bool_] | slice,
    n_kept: NDArray[np.intp],
) -> NDArray | None:
    """Return the targets of the steps that are no padding, or None if y has one per sequence."""
    # The rows of windows, and the columns of a table, are targets of sequences.
    if isinstance(X, TimedWindows) or hasattr(y, "columns") or not has_step_axis(y):
        return None
    targets = read_step_values(y)
    lengths, truncating = lengths_before_padding(X)
    lengths = n_kept if lengths is None else lengths
    if (targets.lengths == lengths).all():
        return targets.values[kept_steps(lengths, n_kept, truncating)]
    if (targets.lengths == sequences.lengths).all():  # with values for the padding
        return targets.values[real]
    if (targets.lengths != targets.lengths[0]).any():
        check_same_steps(StepValues(sequences.steps, lengths, "list"), targets, "X", "y")
    return None  # several targets of each sequence


def _keep_labels(result: Any, X: ArrayLike, names: NDArray | None) -> Any:
    """Mark a result with the labels and times of X, or the lengths before truncation, if any."""
    if isinstance(X, TimedWindows):
        return mark_times(result, X.index, X.times, names)
    lengths, truncating = lengths_before_padding(X)
    return result if lengths is None else mark_padding(result, None, lengths, truncating)


def _restore_padding(
    X: ArrayLike,
    sequences: Sequences,
    real: NDArray[np.bool_] | slice,
    steps: NDArray,
    mask_value: float,
) -> NDArray:
    if not can_mark(mask_value, steps.dtype):
        raise ValueError(
            f"The transformer returned dtype {steps.dtype}, which cannot represent "
            f"mask_value={mask_value}. Put PerTimestep before the SequencePadder."
        )
    if is_masked(steps, mask_value).any():
        raise ValueError(
            f"The transformer returned a step with mask_value={mask_value} in every feature, which "
            "a network would skip as padding. Use another mask_value, or put PerTimestep before "
            "the SequencePadder."
        )
    padded = np.full((len(sequences.steps), steps.shape[1]), mask_value, steps.dtype)
    padded[real] = steps
    restored = sequences.restore(padded, has_feature_axis=sequences.has_feature_axis)
    return mark_padding(restored, mask_value, *lengths_before_padding(X))
