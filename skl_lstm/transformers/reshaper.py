"""`SequenceReshaper`: rows of lag columns to sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._compat.sklearn import StrOptions, check_feature_names_in, fit_context
from .._core.diagrams import shape_of
from .._core.parameters import AtLeast
from .._core.public import set_module
from .._core.shapes import ReshapePlan, plan_reshape
from .arrays import columns_to_sequences, sequences_to_columns
from .base import SequenceTransformer

if TYPE_CHECKING:
    import pandas as pd


@set_module("skl_lstm")
class SequenceReshaper(SequenceTransformer):
    """Reshape rows of lag columns into the 3D input of a recurrent layer.

    Each row of X is one flattened sequence. `transform` returns an array (samples, timesteps,
    features) without copying the data; `inverse_transform` flattens it again. In a
    :class:`~sklearn.pipeline.Pipeline` before a Keras estimator, ``timesteps`` can be tuned like
    any other parameter.

    Parameters
    ----------
    timesteps : int, default=None
        Length of axis 1. None: number of columns divided by `features`.
    features : int, default=None
        Length of axis 2. None: number of columns divided by `timesteps`. If both are
        None, every column is a timestep of one feature.
    order : {"C", "F"}, default="C"
        Order of the columns, as in :func:`numpy.reshape`. "C": the columns of one timestep
        are adjacent, ``t0_a t0_b t1_a t1_b``. "F": the columns of one feature are adjacent,
        ``t0_a t1_a t0_b t1_b``. The oldest step comes first in both.
    truncating : {"pre", "post"}, default=None
        What to do if the columns hold more timesteps than `timesteps`. None: raise an error.
        "pre": drop the oldest steps. "post": drop the newest. Both need `features`. A grid
        search can then use one wide table for every look-back, scored on the same rows.

    Attributes
    ----------
    timesteps_ : int
        Number of timesteps of the transformed sequences.
    features_ : int
        Number of features of each timestep.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were strings.

    See Also
    --------
    SequenceWindower : For rows that are single timesteps of a series.
    make_supervised : Create rows of lag columns and their targets from a series.
    sliding_windows : Cut a series into 3D windows without an estimator.

    Notes
    -----
    If X is an array, the output is a view of it: writing to the output changes X.

    Examples
    --------
    >>> import numpy as np
    >>> from skl_lstm import SequenceReshaper
    >>> X = np.arange(20).reshape(2, 10)  # two samples of ten columns
    >>> SequenceReshaper().fit_transform(X).shape
    (2, 10, 1)
    >>> reshaper = SequenceReshaper(features=2).fit(X)  # ten columns: five steps of two
    >>> reshaper.transform(X).shape
    (2, 5, 2)
    >>> reshaper.transform(X)[0, -1]  # the newest step of the first sample
    array([8, 9])
    >>> bool((reshaper.inverse_transform(reshaper.transform(X)) == X).all())
    True

    An error lists the values that fit:

    >>> SequenceReshaper(timesteps=100).fit(X)  # doctest: +NORMALIZE_WHITESPACE
    Traceback (most recent call last):
        ...
    ValueError: 10 columns cannot be 100 timesteps of whole features: 10 is not a multiple of 100.
    Timesteps that fit: 1, 2, 5, 10. If each row is one time step of a long series, use
    SequenceWindower(timesteps=100).
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "timesteps": [AtLeast(1), None],
        "features": [AtLeast(1), None],
        "order": [StrOptions({"C", "F"})],
        "truncating": [StrOptions({"pre", "post"}), None],
    }

    def __init__(
        self,
        timesteps: int | None = None,
        features: int | None = None,
        *,
        order: str = "C",
        truncating: str | None = None,
    ) -> None:
        self.timesteps = timesteps
        self.features = features
        self.order = order
        self.truncating = truncating

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Compute `timesteps_` and `features_` from the columns of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_columns)
            Flattened sequences of any numeric dtype. NaN is allowed, infinity is not.
        y : None
            Ignored; present for API consistency.

        Returns
        -------
        SequenceReshaper
            The fitted transformer.

        Raises
        ------
        ValueError
            If the columns cannot be divided into `timesteps` and `features`.
        """
        table = self._check_table(X)
        plan = plan_reshape(
            table.shape[1], self.timesteps, self.features, self.truncating, self.order
        )
        # Attributes are set last, so that a failed fit leaves the previous fit unchanged.
        self._remember_columns(X)
        # A dict, so that a saved file needs no other class of this package.
        self._plan = plan._asdict()
        self.timesteps_ = plan.timesteps
        self.features_ = plan.features
        return self

    def transform(self, X: ArrayLike) -> NDArray:
        """Reshape the rows of X into sequences.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_columns)
            Flattened sequences, with the columns of `fit`.

        Returns
        -------
        ndarray of shape (n_samples, `timesteps_`, `features_`)
            The sequences, oldest step first, in the dtype of X; a view of X if X is an
            array.
        """
        check_is_fitted(self)
        return columns_to_sequences(self._check_known_table(X), self._fitted_plan())

    def inverse_transform(self, X: ArrayLike) -> NDArray:
        """Flatten sequences into their original columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, `timesteps_`, `features_`)
            Sequences as `transform` returns them.

        Returns
        -------
        ndarray of shape (n_samples, `n_features_in_`)
            The table, in the dtype of X. Columns that `truncating` dropped are NaN; an
            integer or boolean X then becomes float64.

        Raises
        ------
        ValueError
            If X does not have the shape that `transform` returns.
        """
        check_is_fitted(self)
        sequences = self._check_transformed(X, self.timesteps_, self.features_)
        return sequences_to_columns(sequences, self._fitted_plan())

    def column_map(self) -> pd.DataFrame:
        """Show which input column is used for each timestep and feature.

        Returns
        -------
        DataFrame of shape (`timesteps_`, `features_`)
            Axis 0 is the timestep, oldest first, axis 1 the feature. Each value is the name
            of an input column, or its position if X had no column names in `fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from skl_lstm import SequenceReshaper
        >>> X = np.zeros((3, 6))
        >>> SequenceReshaper(features=2).fit(X).column_map()
        feature   0  1
        timestep
        0         0  1
        1         2  3
        2         4  5
        >>> SequenceReshaper(features=2, order="F").fit(X).column_map()
        feature   0  1
        timestep
        0         0  3
        1         1  4
        2         2  5
        """
        import pandas as pd

        check_is_fitted(self)
        columns = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
        return pd.DataFrame(
            self._reshape_row(columns),
            index=pd.RangeIndex(self.timesteps_, name="timestep"),
            columns=pd.RangeIndex(self.features_, name="feature"),
        )

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Name the values of a transformed sequence, step by step.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input columns. None: those seen in `fit`, else ``x0, x1, …``.

        Returns
        -------
        ndarray of str of shape (`timesteps_` * `features_`,)
            Names of the input columns of the values in ``transform(X)[0].ravel()``.
        """
        check_is_fitted(self)
        return self._reshape_row(check_feature_names_in(self, input_features)).ravel()

    def _shapes_in_and_out(self) -> tuple[str, str]:
        return (
            shape_of("n", self.n_features_in_),
            shape_of("n", self.timesteps_, self.features_),
        )

    def _fitted_plan(self) -> ReshapePlan:
        return ReshapePlan(**self._plan)

    def _reshape_row(self, columns: NDArray) -> NDArray:
        return columns_to_sequences(columns[np.newaxis], self._fitted_plan())[0]
