"""`SequenceFlattener`: sequences to rows of lag columns, for estimators that read tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._compat.sklearn import check_feature_names_in, fit_context
from .._core.diagrams import shape_of
from .._core.public import set_module
from .._core.sequences import padding_mark
from .._core.shapes import step_names
from .._core.timed_windows import TimedWindows, feature_names_of, table_of_features
from .._core.user_warnings import warn_user
from .._core.validation import read_array
from .base import TableTransformer, without_infinity

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.utils import Tags


@set_module("skl_lstm")
class SequenceFlattener(TableTransformer):
    """Flatten sequences into rows, so that any estimator of scikit-learn can read them.

    X has the axes (samples, timesteps, features). `transform` returns one row per sequence with a
    column for every value, oldest step first. The features of one step are adjacent. In a
    :class:`~sklearn.pipeline.Pipeline` after a `SequenceWindower`, a linear model or a forest thus
    reads the same windows as an LSTM estimator.

    Attributes
    ----------
    timesteps_ : int
        Number of timesteps of the sequences in `fit`.
    features_ : int
        Number of features of each timestep.
    n_features_in_ : int
        Number of features of a timestep, or of columns if X was a 2D array.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X was made from a DataFrame by `SequenceWindower`. Names of the
        columns, if X was a DataFrame.

    See Also
    --------
    SequenceReshaper : The opposite: rows of lag columns to sequences.
    make_supervised : Make rows of lag columns and their targets without an estimator.
    NaiveRegressor : A baseline that reads sequences as they are.

    Notes
    -----
    If the memory of X allows it, the output is a view of X: writing to the output changes X. The
    windows of one series share their memory, and so do their flattened rows, which are read-only.

    After ``set_output(transform="pandas")``, the rows have the labels of the DataFrame from which
    `SequenceWindower` made the windows.

    A 2D array (samples, timesteps) holds sequences of one feature, as for `LSTMRegressor`. It is
    flat already and returned as it is. So are the columns of a DataFrame, with their names.

    `transform` keeps the padding of `SequencePadder` as data, with a warning. The steps that
    ``SequenceWindower(padding=0.0)`` adds are kept, too.

    Examples
    --------
    >>> import numpy as np
    >>> from skl_lstm import SequenceFlattener
    >>> X = np.arange(12).reshape(2, 3, 2)  # two samples, three timesteps, two features
    >>> flattener = SequenceFlattener().fit(X)
    >>> flattener.transform(X)
    array([[ 0,  1,  2,  3,  4,  5],
           [ 6,  7,  8,  9, 10, 11]])
    >>> flattener.get_feature_names_out(["a", "b"]).tolist()
    ['t0_a', 't0_b', 't1_a', 't1_b', 't2_a', 't2_b']
    >>> bool((flattener.inverse_transform(flattener.transform(X)) == X).all())
    True

    The windows of a DataFrame keep their names and dates:

    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import SequenceWindower
    >>> from skl_lstm.datasets import load_seattle_weather
    >>> weather = load_seattle_weather()[["temp_max", "wind"]]
    >>> lags = make_pipeline(SequenceWindower(timesteps=2), SequenceFlattener())
    >>> lags.set_output(transform="pandas").fit_transform(weather).tail(2)
                t0_temp_max  t0_wind  t1_temp_max  t1_wind
    date
    2015-12-30          7.2      2.6          5.6      3.4
    2015-12-31          5.6      3.4          5.6      3.5
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the shape of the sequences and the names of their features.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences of any numeric dtype. NaN is allowed, infinity is not.
        y : None
            Ignored; present for API consistency.

        Returns
        -------
        SequenceFlattener
            The fitted transformer.

        Raises
        ------
        TypeError, ValueError
            If X does not hold numbers, is infinite somewhere, has sequences of unequal length or
            other axes.
        """
        sequences = self._read(X)
        # Attributes are set last, so that a failed fit leaves the previous fit unchanged.
        self._remember_columns(table_of_features(X, sequences))
        self._is_table = sequences.ndim == 2
        self.timesteps_ = sequences.shape[1]
        self.features_ = 1 if self._is_table else sequences.shape[2]
        return self

    def transform(self, X: ArrayLike) -> NDArray | pd.DataFrame:
        """Return one row per sequence.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences with the timesteps and features of `fit`.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, `timesteps_` * `features_`)
            The values of every sequence, oldest step first, in the dtype of X. A view of X if
            possible.

        Raises
        ------
        TypeError, ValueError
            As in `fit`; also if X has other timesteps or features than in `fit`.

        Warns
        -----
        UserWarning
            If X was padded by `SequencePadder`.
        """
        table = super().transform(X)
        if isinstance(X, TimedWindows) and X.index is not None and hasattr(table, "iloc"):
            table.index = X.index
        return table

    def inverse_transform(self, X: ArrayLike) -> NDArray:
        """Return the sequences of flattened rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, `timesteps_` * `features_`)
            Rows as `transform` returns them.

        Returns
        -------
        ndarray of shape (n_samples, `timesteps_`, `features_`)
            The sequences in the dtype of X, a view of X if possible. Of shape (n_samples,
            `timesteps_`) if `fit` saw a 2D array.

        Raises
        ------
        ValueError
            If X does not have the shape that `transform` returns.
        """
        check_is_fitted(self)
        table = read_array(X)
        columns = self.timesteps_ * self.features_
        if table.shape[1] != columns:
            raise ValueError(
                f"X has {table.shape[1]} columns, but this SequenceFlattener was fitted to "
                f"sequences of {self.timesteps_} timesteps and {self.features_} features, which "
                f"are {columns} columns."
            )
        return table if self._is_table else table.reshape(-1, self.timesteps_, self.features_)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Name the columns of the flattened rows.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features. Or names of all ``timesteps_ * features_`` values, as a Pipeline
            passes them from `SequenceWindower`: these are returned as they are. None: the names
            seen in `fit`, else ``x0, x1, …``.

        Returns
        -------
        ndarray of str of shape (`timesteps_` * `features_`,)
            ``t0_a, t0_b, t1_a, …``, where ``t0`` is the oldest step. If `fit` saw a DataFrame, its
            columns.

        Raises
        ------
        ValueError
            If `input_features` has another length, or differs from the names seen in `fit`.
        """
        check_is_fitted(self)
        names = None if input_features is None else np.asarray(input_features, dtype=object)
        if self._is_table:
            return self._names_of_table(names)
        if names is not None and _are_of_values(names, self.timesteps_, self.features_):
            return names
        return self._names_of_steps(check_feature_names_in(self, names))

    def _names_of_table(self, names: NDArray | None) -> NDArray:
        if names is None and not hasattr(self, "feature_names_in_"):
            return self._names_of_steps(["x0"])
        if names is not None and len(names) == 1 < self.timesteps_:
            return self._names_of_steps(names)
        return check_feature_names_in(self, names)

    def _names_of_steps(self, names: Iterable[str]) -> NDArray:
        return np.array(step_names(self.timesteps_, names), dtype=object)

    def _to_table(self, X: ArrayLike) -> NDArray:
        check_is_fitted(self)
        sequences = self._read(X)
        self._check_known_shape(X, sequences)
        if (mask_value := padding_mark(X)) is not None:
            warn_user(_padding_is_data(mask_value))
        return sequences.reshape(len(sequences), -1)

    def _read(self, X: ArrayLike) -> NDArray:
        """Return X as an array of two or three axes, or raise an error."""
        sequences = read_array(X, estimator=self, finite=False, allow_nd=True)
        if sequences.ndim > 3 or 0 in sequences.shape:
            raise ValueError(
                f"X has shape {sequences.shape}, but must have shape (samples, timesteps, "
                "features) or (samples, timesteps), with no axis of length 0."
            )
        return without_infinity(sequences)

    def _check_known_shape(self, X: ArrayLike, sequences: NDArray) -> None:
        """Raise an error if the timesteps, or the number or names of the features, differ."""
        if self._is_table and sequences.ndim == 2:
            self._check_known_columns(X)
        elif sequences.shape[1:] != self._axes:
            raise ValueError(
                f"X has shape {sequences.shape}, but this SequenceFlattener was fitted to "
                f"sequences of shape {shape_of('n_samples', *self._axes)}. Pass sequences with "
                "the same timesteps and features, or fit again."
            )
        elif feature_names_of(X) is not None and hasattr(self, "feature_names_in_"):
            self._check_known_columns(table_of_features(X, sequences))

    @property
    def _axes(self) -> tuple[int, ...]:
        """The axes of a sequence in `fit`."""
        return (self.timesteps_,) if self._is_table else (self.timesteps_, self.features_)

    def _shapes_in_and_out(self) -> tuple[str, str]:
        return shape_of("n", *self._axes), shape_of("n", self.timesteps_ * self.features_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _are_of_values(names: NDArray, timesteps: int, features: int) -> bool:
    """Return whether names are those of all values, not of the features."""
    # With one timestep, the numbers are equal. A windower then names the values t0_a, t0_b.
    return len(names) == timesteps * features and (
        timesteps > 1 or all(str(name).startswith("t0_") for name in names)
    )


def _padding_is_data(mask_value: float) -> str:
    return (
        f"X was padded with mask_value={mask_value}. SequenceFlattener keeps the padding as data, "
        "so the next estimator reads it as numbers. Cut all sequences to the length of the "
        "shortest, by timesteps of SequencePadder; or pass np.asarray(X) if the padding is meant "
        "as data."
    )
