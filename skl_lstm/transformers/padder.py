"""`SequencePadder`: pad or truncate sequences of unequal length."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._compat.sklearn import StrOptions, fit_context
from .._core.diagrams import shape_of
from .._core.masks import can_mark, is_masked
from .._core.parameters import AtLeast, Number
from .._core.public import set_module
from .._core.sequences import (
    Sequences,
    mark_padding,
    padding_mark,
    read_sequences,
    sequence_of,
    split_steps,
)
from .arrays import pad_steps
from .base import RaggedTransformer


@set_module("skl_lstm")
class SequencePadder(RaggedTransformer):
    """Pad or truncate sequences of unequal length to one length.

    X is a list of sequences. `transform` returns an array (samples, timesteps, features) in
    which shorter sequences are padded with `mask_value`. A network with the same `mask_value`
    skips the padding.

    Parameters
    ----------
    timesteps : int, default=None
        Length of axis 1. None: the length of the longest sequence in `fit`.
    padding : {"pre", "post"}, default="post"
        Where to pad shorter sequences: "pre" before the first step, "post" after the last.
    truncating : {"pre", "post"}, default="post"
        Where to truncate longer sequences: "pre" drops the oldest steps, "post" the newest.
    mask_value : float, default=0.0
        Value of the padding in every feature. No real step may have it in every feature.

    Attributes
    ----------
    timesteps_ : int
        Number of timesteps of the transformed sequences.
    features_ : int
        Number of features of each timestep.
    n_features_in_ : int
        Number of features of a timestep, or of columns if X was a 2D array.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a DataFrame or a list of DataFrames.

    See Also
    --------
    PerTimestep : Scale the steps of such sequences before they are padded.
    LSTMClassifier : Takes the same `mask_value`.

    Notes
    -----
    Scale with `PerTimestep` before you pad. A scaler after the padding would scale the padding
    as data.

    An array in which any sequence was padded or truncated is a `PaddedSequences`. `LSTMRegressor`
    and `LSTMClassifier` raise an error if their `mask_value` differs from that of the array, and
    warn if theirs is None. Its `lengths` are those before padding and truncation, by which
    estimators that predict every time step find the step of each target.

    X may be an array of sequences of one length: 2D with one feature, or 3D (samples, timesteps,
    features). If `fit` sees an array and `timesteps` is not longer, nothing is padded: the array
    may contain `mask_value`, and `inverse_transform` returns it unchanged.

    The dtype of X is kept, unlike in `keras.utils.pad_sequences`, whose default is int32.

    Examples
    --------
    >>> from skl_lstm import SequencePadder
    >>> X = [[[0.5, 1.5]], [[2.5, 3.5], [4.5, 5.5], [6.5, 7.5]]]  # one step, three steps
    >>> padder = SequencePadder(mask_value=-1.0).fit(X)
    >>> padder.transform(X).shape
    (2, 3, 2)
    >>> padder.transform(X)[0].tolist()
    [[0.5, 1.5], [-1.0, -1.0], [-1.0, -1.0]]
    >>> padder.inverse_transform(padder.transform(X))[0].tolist()
    [[0.5, 1.5]]

    A real step must not look like padding:

    >>> SequencePadder().fit([[1.0, 0.0, 2.0], [3.0]])  # doctest: +NORMALIZE_WHITESPACE
    Traceback (most recent call last):
        ...
    ValueError: Sequence 0 of X has mask_value=0.0 in every feature of step 1: a network would
    skip this step as padding. Use a value that no step has, such as mask_value=-1.0, here and in
    the network.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "timesteps": [AtLeast(1), None],
        "padding": [StrOptions({"pre", "post"})],
        "truncating": [StrOptions({"pre", "post"})],
        "mask_value": [Number(Real, None, None, closed="neither"), np.nan],
    }

    def __init__(
        self,
        timesteps: int | None = None,
        *,
        padding: str = "post",
        truncating: str = "post",
        mask_value: float = 0.0,
    ) -> None:
        self.timesteps = timesteps
        self.padding = padding
        self.truncating = truncating
        self.mask_value = mask_value

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the length of the longest sequence, and check that no step looks like padding.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences of any length: arrays, lists or DataFrames. Also an object array or a
            Series of sequences, or an array of sequences of one length. NaN is allowed,
            infinity is not.
        y : None
            Ignored; present for API consistency.

        Returns
        -------
        SequencePadder
            The fitted transformer.

        Raises
        ------
        TypeError, ValueError
            If an item of X is not a sequence, does not match the others, or has a step with
            `mask_value` in every feature. The message gives the position of the item.
        """
        mask_value = float(self.mask_value)
        if np.isnan(mask_value):
            raise ValueError(
                "mask_value must not be NaN: NaN does not equal itself, so a network would skip "
                "no step. Use a number that is not in the data, such as -1.0."
            )
        if abs(mask_value) > float(np.finfo(np.float32).max):
            raise ValueError(
                f"mask_value={mask_value} is infinite in float32, the precision of networks. Use "
                "another number that is not in the data, such as -1.0."
            )
        sequences = read_sequences(X)
        longest = int(sequences.lengths.max())
        timesteps = longest if self.timesteps is None else int(self.timesteps)
        pads = sequences.is_ragged or timesteps > longest
        if pads:
            _check_mask_value(self.mask_value, sequences)
        # Attributes are set last, so that a failed fit leaves the previous fit unchanged.
        self._remember_sequences(sequences)
        # Used by transform, even if a parameter changes after fit.
        self._pads = pads
        self._mask_is_data = not pads and bool(is_masked(sequences.steps, mask_value).any())
        self._padding = (self.padding, self.truncating, mask_value)
        self.timesteps_ = timesteps
        return self

    def transform(self, X: ArrayLike) -> NDArray:
        """Pad or truncate sequences to `timesteps_`.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences, in any of the forms that `fit` takes.

        Returns
        -------
        ndarray of shape (n_samples, `timesteps_`, `features_`)
            The sequences in the dtype of X, oldest step first. If any was padded or truncated,
            the array is a `PaddedSequences`, whose `mask_value` is None if none was padded. If X
            is an array and none was padded, it is a view of X.

        Raises
        ------
        TypeError, ValueError
            As in `fit`; also if a sequence needs padding, but `fit` saw an array that contains
            `mask_value` as data.
        """
        check_is_fitted(self)
        sequences = read_sequences(X)
        self._check_known_sequences(sequences)
        shorter = sequences.lengths < self.timesteps_
        _, truncating, mask_value = self._padding
        if shorter.any() and self._mask_is_data:
            raise ValueError(
                f"Sequence {shorter.argmax()} of X has {sequences.lengths[shorter.argmax()]} of "
                f"{self.timesteps_} timesteps, but cannot be padded: in fit, X had steps with "
                f"mask_value={mask_value} in every feature. Fit with another mask_value."
            )
        if shorter.any() or self._pads:
            _check_mask_value(mask_value, sequences)
        if not sequences.is_ragged and not shorter.any():
            whole = sequences.steps.reshape(len(shorter), -1, self.features_)
            cut = whole.shape[1] - self.timesteps_ if truncating == "pre" else 0
            padded = whole[:, cut : cut + self.timesteps_]
        else:
            padded = pad_steps(sequences.steps, sequences.lengths, self.timesteps_, *self._padding)
        if (sequences.lengths == self.timesteps_).all():
            return padded
        mark = mask_value if shorter.any() else None
        return mark_padding(padded, mark, sequences.lengths, truncating)

    def inverse_transform(self, X: ArrayLike) -> list[NDArray] | NDArray:
        """Remove the padding.

        Parameters
        ----------
        X : array-like of shape (n_samples, `timesteps_`, `features_`)
            Sequences as `transform` returns them.

        Returns
        -------
        list of ndarray of shape (timesteps_i, n_features) or (timesteps_i,)
            The sequences in the dtype of X, without a feature axis if they had none in `fit`,
            and without the steps that `truncating` dropped. An array if `fit` saw one and X has
            no padding.

        Raises
        ------
        ValueError
            If X does not have the shape that `transform` returns, or has padding between real
            steps.
        """
        check_is_fitted(self)
        padded = self._check_transformed(X, self.timesteps_, self.features_)
        if not self._pads and padding_mark(X) is None:
            return padded if self._has_feature_axis or self._is_ragged else padded[:, :, 0]
        padding, _, mask_value = self._padding
        real = ~is_masked(padded, mask_value)
        # Seen from the side without padding, no real step may follow padding.
        turns = np.diff((real if padding == "post" else real[:, ::-1]).astype(np.int8), axis=1)
        if (bad := (turns > 0).any(axis=1) | ~real.any(axis=1)).any():
            side = "start" if padding == "pre" else "end"
            raise ValueError(
                f"Sample {bad.argmax()} of X is not a sequence padded with padding={padding!r}: "
                f"steps of mask_value={mask_value} must be at the {side}, and at least one other "
                "step must be left."
            )
        steps = padded[real]
        return split_steps(steps if self._has_feature_axis else steps[:, 0], real.sum(axis=1))

    def _fitted_mask_value(self) -> float | None:
        """Return the value of the padding, or None if it is data, so that nothing is padded."""
        return None if self._mask_is_data else self._padding[2]

    def _shapes_in_and_out(self) -> tuple[str, str]:
        return self._shape_in(), shape_of("n", self.timesteps_, self.features_)


def _check_mask_value(mask_value: float, sequences: Sequences) -> None:
    """Raise an error if the dtype cannot represent the mask value, or a real step equals it."""
    steps = sequences.steps
    if not can_mark(mask_value, steps.dtype):
        raise ValueError(
            f"mask_value={mask_value} cannot be represented in {steps.dtype}, the dtype of X. "
            f"{_suggest_mask_value(steps)}."
        )
    masked = is_masked(steps, mask_value)
    if masked.any():
        step = int(masked.argmax())
        position = sequence_of(step, sequences.lengths)
        step -= int(sequences.lengths[:position].sum())
        raise ValueError(
            f"Sequence {position} of X has mask_value={mask_value} in every feature of step "
            f"{step}: a network would skip this step as padding. {_suggest_mask_value(steps)}, "
            "here and in the network."
        )


def _suggest_mask_value(steps: NDArray) -> str:
    powers = 10.0 ** np.arange(9)
    for value in (*-powers, *powers, *range(256)):
        if can_mark(value, steps.dtype) and not is_masked(steps, value).any():
            return f"Use a value that no step has, such as mask_value={float(value)}"
    return f"X leaves no {steps.dtype} value free: convert X to float64 and use another value"
