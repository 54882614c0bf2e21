"""Base classes of the transformers: validation, and the output setting for 3D arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data

from .._compat.sklearn import FitIsOneTask
from .._core.diagrams import ShapeDiagram, shape_of
from .._core.memmaps import check_finite
from .._core.older_files import ReadsOlderFiles
from .._core.sequences import Sequences
from .._core.validation import read_array

if TYPE_CHECKING:
    from sklearn.utils import Tags


class Transformer(ReadsOlderFiles, ShapeDiagram, FitIsOneTask, TransformerMixin, BaseEstimator):
    """Base of all transformers: the columns of X, and the tags."""

    def _remember_columns(self, X: ArrayLike) -> None:
        validate_data(self, X, skip_check_array=True)

    def _check_known_columns(self, X: ArrayLike) -> None:
        """Raise an error if the number or the names of the columns differ from `fit`."""
        validate_data(self, X, reset=False, skip_check_array=True)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32", "float16", "int64"]
        return tags


class TableTransformer(Transformer):
    """Base of the transformers that return (samples, columns), to which `set_output` applies.

    scikit-learn wraps `transform` so that it returns a data frame on demand, and labels its rows
    only if X is a data frame. A subclass whose X has labels of another kind extends `transform`.
    """

    def transform(self, X: ArrayLike) -> Any:
        """Return X as a table."""
        return self._to_table(X)

    def _to_table(self, X: ArrayLike) -> NDArray:
        raise NotImplementedError


class SequenceTransformer(Transformer, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Base of the transformers that return (samples, timesteps, features)."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Otherwise scikit-learn wraps `transform` of every subclass to return a data frame.
        super().__init_subclass__(auto_wrap_output_keys=None, **kwargs)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Accept scikit-learn's output setting, and ignore it.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored, as a data frame cannot have three axes. It is accepted so that
            ``Pipeline.set_output`` works for the other steps.

        Returns
        -------
        SequenceTransformer
            This transformer.
        """
        return self

    def _check_table(self, X: ArrayLike) -> NDArray:
        """Validate the X of `fit`, without setting attributes: `fit` may still fail."""
        return without_infinity(read_array(X, estimator=self, finite=False))

    def _check_known_table(self, X: ArrayLike) -> NDArray:
        """Validate the X of `transform`, which must have the columns of `fit`."""
        table = read_array(X, estimator=self, finite=False)
        self._check_known_columns(X)
        return without_infinity(table)

    def _check_transformed(self, X: ArrayLike, timesteps: int, features: int) -> NDArray:
        """Validate the X of `inverse_transform`."""
        sequences = read_array(X, allow_nd=True, ensure_2d=False)
        if sequences.shape[1:] != (timesteps, features):
            raise ValueError(
                f"X has shape {sequences.shape}, but this {type(self).__name__} was fitted to "
                f"sequences of shape (n_samples, {timesteps}, {features})."
            )
        return sequences


class RaggedTransformer(SequenceTransformer):
    """Base of the transformers that take sequences of unequal length."""

    def _remember_sequences(self, sequences: Sequences) -> None:
        self._remember_columns(sequences.example)
        self._has_feature_axis = sequences.has_feature_axis
        self._is_ragged = sequences.is_ragged
        self.features_ = sequences.steps.shape[1]

    def _check_known_sequences(self, sequences: Sequences) -> None:
        """Raise an error if the features differ from `fit`."""
        features = sequences.steps.shape[1]
        is_table = not (sequences.has_feature_axis or sequences.is_ragged)
        if is_table == (not (self._has_feature_axis or self._is_ragged)):
            self._check_known_columns(sequences.example)
        elif features != self.features_:
            raise ValueError(
                f"The sequences of X have {features} feature(s), but in fit they had "
                f"{self.features_}. A 2D array is read as many sequences of one feature; to pass "
                "one sequence of several features, use [X]."
            )

    def _shape_in(self) -> str:
        """Format the shape of X in `fit`; t is the length of a sequence."""
        features = [self.features_] if self._has_feature_axis else []
        if self._is_ragged:
            return f"list of {shape_of('t', *features)}"
        return shape_of("n", "t", *features) if features else shape_of("n", self.n_features_in_)


def without_infinity(table: NDArray) -> NDArray:
    """Check for infinity as `check_array` does, but in blocks for arrays on disk."""
    check_finite(table, allow_nan=True, input_name="X")
    return table
