"""`SequenceReshaper`: rows that already hold whole sequences, flattened into columns."""

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

    Each row of X is one whole sequence, flattened. `transform` gives it its three axes,
    (samples, timesteps, features), without copying a byte; `inverse_transform` takes them
    away again. As an ordinary transformer it goes into a :class:`~sklearn.pipeline.Pipeline`
    ahead of a Keras estimator, where ``timesteps`` can be tuned like any other parameter.

    Parameters
    ----------
    timesteps : int, default=None
        Length of axis 1. None: as many as the columns and `features` give.
    features : int, default=None
        Length of axis 2. None: as many as the columns and `timesteps` give. With both
        None every column is a time step of one feature.
    order : {"C", "F"}, default="C"
        How the columns are laid out, in NumPy's words. "C": the columns of one time step
        stand together, ``t0_a t0_b t1_a t1_b``. "F": the columns of one feature stand
        together, ``t0_a t1_a t0_b t1_b``. The oldest step comes first in both.
    truncating : {"pre", "post"}, default=None
        What to do when the columns hold more time steps than `timesteps`. None: refuse.
        "pre": drop the oldest steps. "post": drop the newest. `features` must then be
        given. So one wide table serves every look-back of a grid search, each scored on
        the same rows.

    Attributes
    ----------
    timesteps_ : int
        Time steps of every transformed sequence.
    features_ : int
        Features of every time step.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were strings.

    See Also
    --------
    SequenceWindower : For rows that are single time steps of a series.
    make_supervised : Make rows of lag columns, and their targets, from a series.
    sliding_windows : Cut a series into 3D windows without an estimator.

    Notes
    -----
    The output shares memory with an array input of any memory order: write to it and you
    write to X. Complete the sentence "one row of my table is one whole sequence" before
    you use it; if one row is one time step, take `SequenceWindower`.

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

    What cannot fit is refused in your numbers:

    >>> SequenceReshaper(timesteps=100).fit(X)  # doctest: +NORMALIZE_WHITESPACE
    Traceback (most recent call last):
        ...
    ValueError: 10 columns cannot be 100 timesteps of whole features: 10 is not a multiple
    of 100. Timesteps that fit: 1, 2, 5, 10. If each row is one time step of a long series,
    use SequenceWindower(timesteps=100).
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
        """Resolve `timesteps` and `features` against the columns of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_columns)
            Flattened sequences of any numeric dtype. NaN passes, infinity does not.
        y : None
            Ignored; present for API consistency.

        Returns
        -------
        SequenceReshaper
            The fitted transformer.

        Raises
        ------
        ValueError
            If the columns are not `timesteps` whole steps of `features`.
        """
        table = self._check_table(X)
        plan = plan_reshape(
            table.shape[1], self.timesteps, self.features, self.truncating, self.order
        )
        # State is set only now: a fit that is refused leaves the fit before it whole.
        self._remember_columns(X)
        # As plain data, so that a saved file names no other class of ours.
        self._plan = plan._asdict()
        self.timesteps_ = plan.timesteps
        self.features_ = plan.features
        return self

    def transform(self, X: ArrayLike) -> NDArray:
        """Give the columns of X their two axes.

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
        return columns_to_sequences(self._check_known_table(X), ReshapePlan(**self._plan))

    def inverse_transform(self, X: ArrayLike) -> NDArray:
        """Flatten sequences to the columns they came from.

        Parameters
        ----------
        X : array-like of shape (n_samples, `timesteps_`, `features_`)
            Sequences as `transform` gives them.

        Returns
        -------
        ndarray of shape (n_samples, `n_features_in_`)
            The table, in the dtype of X. Columns that `truncating` dropped hold NaN, for
            which other dtypes than floats become float64.

        Raises
        ------
        ValueError
            If X has not the shape that `transform` gives.
        """
        check_is_fitted(self)
        sequences = self._check_transformed(X, self.timesteps_, self.features_)
        return sequences_to_columns(sequences, ReshapePlan(**self._plan))

    def column_map(self) -> pd.DataFrame:
        """Show which input column lands at which time step and feature.

        Returns
        -------
        DataFrame of shape (`timesteps_`, `features_`)
            Axis 0 is the time step, oldest first, axis 1 the feature; each value is the
            name of the input column that lands there, or its number if the columns seen
            in `fit` had no names.

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
            self._place(columns),
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
            The input column behind each value of ``transform(X)[0].ravel()``.
        """
        check_is_fitted(self)
        return self._place(check_feature_names_in(self, input_features)).ravel()

    def _shapes_in_and_out(self) -> tuple[str, str]:
        return (
            shape_of("n", self.n_features_in_),
            shape_of("n", self.timesteps_, self.features_),
        )

    def _place(self, columns: NDArray) -> NDArray:
        return columns_to_sequences(columns[np.newaxis], ReshapePlan(**self._plan))[0]
