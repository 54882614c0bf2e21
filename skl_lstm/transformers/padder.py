"""`SequencePadder`: sequences of unequal length, each a sample."""

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
    """Bring sequences of unequal length to one length, for a network that skips the padding.

    X is a list of sequences. `transform` gives one array, (samples, timesteps, features), in
    which the shorter ones are filled up with `mask_value`. A network that is told the same
    `mask_value` skips those steps: for it, a padded sequence is what it was before.

    Parameters
    ----------
    timesteps : int, default=None
        Length of axis 1. None: that of the longest sequence in `fit`.
    padding : {"pre", "post"}, default="post"
        Where shorter sequences are filled up: before their first or behind their last step.
    truncating : {"pre", "post"}, default="post"
        Where longer sequences are cut: "pre" drops the oldest steps, "post" the newest.
    mask_value : float, default=0.0
        What padding holds in every feature. No real step may be the same in every feature.

    Attributes
    ----------
    timesteps_ : int
        Time steps of every transformed sequence.
    features_ : int
        Features of every time step.
    n_features_in_ : int
        Features of a time step; if X was a 2D array, its number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a DataFrame or a list of them.

    See Also
    --------
    PerTimestep : Scale the steps of such sequences, ahead of the padding.
    LSTMClassifier : Takes the same `mask_value`.

    Notes
    -----
    Scale before you pad, with `PerTimestep`: behind a scaler the padding would no longer be
    `mask_value`, and would have been scaled as if it were data.

    The array knows its `mask_value` (an attribute of that name, where anything was padded).
    `LSTMRegressor` and `LSTMClassifier` refuse another one, and warn if they have none.

    Arrays hold sequences of one length: a 2D array n sequences of one feature, a 3D array
    (samples, timesteps, features). Fitted on one, and with no longer `timesteps`, there is
    nothing to pad. Then any value may be in an array, and `inverse_transform` gives it back.

    Unlike `keras.utils.pad_sequences`, whose default dtype is int32, the dtype is kept.

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
    ValueError: Sequence 0 of X has mask_value=0.0 as its step 1: the network would skip it like
    padding. Take a value that no step has, such as mask_value=-1.0, here and in the network.
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
        """Learn how long the longest sequence is, and check that none looks like padding.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences, each with as many steps as it has: arrays, lists or DataFrames. Also
            an object array or Series of them, or an array of sequences of one length. NaN
            passes, infinity does not.
        y : None
            Ignored; present for API consistency.

        Returns
        -------
        SequencePadder
            The fitted transformer.

        Raises
        ------
        TypeError, ValueError
            If an item of X is not a sequence or unlike the others, or has a step that is
            `mask_value` throughout; the message says which item.
        """
        mask_value = float(self.mask_value)
        if np.isnan(mask_value):
            raise ValueError(
                "mask_value=nan marks nothing: NaN equals no value, itself included, so a network "
                "would skip no step. Take a number that is not in the data, such as -1.0."
            )
        if abs(mask_value) > float(np.finfo(np.float32).max):
            raise ValueError(
                f"mask_value={mask_value} is infinite in single precision, in which networks "
                "compute. Take a smaller number that is not in the data, such as -1.0."
            )
        sequences = read_sequences(X)
        longest = int(sequences.lengths.max())
        timesteps = longest if self.timesteps is None else int(self.timesteps)
        pads = sequences.is_ragged or timesteps > longest
        if pads:
            _check_mask_value(self.mask_value, sequences)
        # State is set only now: a fit that is refused leaves the fit before it whole.
        self._remember_sequences(sequences)
        # What transform goes by, even if a parameter is set anew in between.
        self._pads = pads
        self._mask_is_data = not pads and bool(is_masked(sequences.steps, mask_value).any())
        self._padding = (self.padding, self.truncating, mask_value)
        self.timesteps_ = timesteps
        return self

    def transform(self, X: ArrayLike) -> NDArray:
        """Bring sequences to one length.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences, in any of the forms that `fit` takes.

        Returns
        -------
        ndarray of shape (n_samples, `timesteps_`, `features_`)
            The sequences in the dtype of X, oldest step first. With the attribute
            `mask_value` where any was padded; a view of X if X is an array and none was.

        Raises
        ------
        TypeError, ValueError
            As in `fit`; also if a sequence is to be padded though in an array that `fit` saw
            `mask_value` was data.
        """
        check_is_fitted(self)
        sequences = read_sequences(X)
        self._check_known_sequences(sequences)
        shorter = sequences.lengths < self.timesteps_
        _, truncating, mask_value = self._padding
        if shorter.any() and self._mask_is_data:
            raise ValueError(
                f"Sequence {shorter.argmax()} of X has {sequences.lengths[shorter.argmax()]} of "
                f"{self.timesteps_} time steps, but cannot be padded: in fit, where nothing was, "
                f"some steps were mask_value={mask_value}. Fit with another mask_value."
            )
        if shorter.any() or self._pads:
            _check_mask_value(mask_value, sequences)
        if not sequences.is_ragged and not shorter.any():
            whole = sequences.steps.reshape(len(shorter), -1, self.features_)
            cut = whole.shape[1] - self.timesteps_ if truncating == "pre" else 0
            return whole[:, cut : cut + self.timesteps_]
        padded = pad_steps(sequences.steps, sequences.lengths, self.timesteps_, *self._padding)
        return mark_padding(padded, mask_value) if shorter.any() else padded

    def inverse_transform(self, X: ArrayLike) -> list[NDArray] | NDArray:
        """Take the padding away.

        Parameters
        ----------
        X : array-like of shape (n_samples, `timesteps_`, `features_`)
            Sequences as `transform` gives them.

        Returns
        -------
        list of ndarray of shape (timesteps_i, n_features) or (timesteps_i,)
            The sequences in the dtype of X, without a feature axis if they had none in `fit`;
            what `truncating` cut is gone. An array if `fit` saw one, and X has no padding.

        Raises
        ------
        ValueError
            If X has not the shape that `transform` gives, or padding among the real steps.
        """
        check_is_fitted(self)
        padded = self._check_transformed(X, self.timesteps_, self.features_)
        if not self._pads and padding_mark(X) is None:
            return padded if self._has_feature_axis or self._is_ragged else padded[:, :, 0]
        padding, _, mask_value = self._padding
        real = ~is_masked(padded, mask_value)
        # Away from the padded side no step may turn from padding to real.
        turns = np.diff((real if padding == "post" else real[:, ::-1]).astype(np.int8), axis=1)
        if (bad := (turns > 0).any(axis=1) | ~real.any(axis=1)).any():
            raise ValueError(
                f"Sample {bad.argmax()} of X has steps of mask_value={mask_value} where "
                f"padding={padding!r} puts none, or no other step: it is not a padded sequence."
            )
        steps = padded[real]
        return split_steps(steps if self._has_feature_axis else steps[:, 0], real.sum(axis=1))

    def _shapes_in_and_out(self) -> tuple[str, str]:
        return self._shape_in(), shape_of("n", self.timesteps_, self.features_)


def _check_mask_value(mask_value: float, sequences: Sequences) -> None:
    """Refuse a mask value that X cannot hold, or that a real step of X looks like."""
    steps = sequences.steps
    if not can_mark(mask_value, steps.dtype):
        raise ValueError(
            f"mask_value={mask_value} is no value of dtype {steps.dtype}, which X has. "
            f"{_proposal(steps)}."
        )
    masked = is_masked(steps, mask_value)
    if masked.any():
        step = int(masked.argmax())
        number = sequence_of(step, sequences.lengths)
        step -= int(sequences.lengths[:number].sum())
        raise ValueError(
            f"Sequence {number} of X has mask_value={mask_value} as its step {step}: the network "
            f"would skip it like padding. {_proposal(steps)}, here and in the network."
        )


def _proposal(steps: NDArray) -> str:
    powers = 10.0 ** np.arange(9)
    for value in (*-powers, *powers, *range(256)):
        if can_mark(value, steps.dtype) and not is_masked(steps, value).any():
            return f"Take a value that no step has, such as mask_value={float(value)}"
    return f"All {steps.dtype} values may stand for steps: make X float64 and take another"
