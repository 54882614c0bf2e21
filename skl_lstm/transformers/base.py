"""What the transformers have in common: how they validate, and that they return 3D arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data

from .._core.diagrams import ShapeDiagram, shape_of
from .._core.memmaps import check_finite
from .._core.sequences import Sequences
from .._core.validation import read_array

if TYPE_CHECKING:
    from sklearn.utils import Tags


class SequenceTransformer(  # type: ignore[call-arg]
    ShapeDiagram, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Base of the transformers that return (samples, timesteps, features)."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # scikit-learn would wrap `transform` of every subclass, to make a data frame of it.
        super().__init_subclass__(auto_wrap_output_keys=None, **kwargs)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Accept scikit-learn's output setting, and leave the 3D array alone.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored: no data frame has three axes. Accepted so that
            ``Pipeline.set_output`` reaches the other steps.

        Returns
        -------
        SequenceTransformer
            This transformer.
        """
        return self

    def _check_table(self, X: ArrayLike) -> NDArray:
        """Validate a table for `fit`, and set no state yet: it may still be refused."""
        return _without_infinity(read_array(X, estimator=self, finite=False))

    def _remember_columns(self, X: ArrayLike) -> None:
        validate_data(self, X, skip_check_array=True)

    def _check_known_columns(self, X: ArrayLike) -> None:
        """Refuse another number of columns than in `fit`, or other names."""
        validate_data(self, X, reset=False, skip_check_array=True)

    def _check_known_table(self, X: ArrayLike) -> NDArray:
        """Validate a table whose columns must be those of `fit`."""
        table = read_array(X, estimator=self, finite=False)
        self._check_known_columns(X)
        return _without_infinity(table)

    def _check_transformed(self, X: ArrayLike, timesteps: int, features: int) -> NDArray:
        """Validate what `inverse_transform` takes."""
        sequences = read_array(X, allow_nd=True, ensure_2d=False)
        if sequences.shape[1:] != (timesteps, features):
            raise ValueError(
                f"X has shape {sequences.shape}, but this {type(self).__name__} was fitted to "
                f"sequences of shape (n_samples, {timesteps}, {features})."
            )
        return sequences

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32", "float16", "int64"]
        return tags


class RaggedTransformer(SequenceTransformer):
    """Base of the transformers that take sequences of unequal length."""

    def _remember_sequences(self, sequences: Sequences) -> None:
        self._remember_columns(sequences.example)
        self._has_feature_axis = sequences.has_feature_axis
        self._is_ragged = sequences.is_ragged
        self.features_ = sequences.steps.shape[1]

    def _check_known_sequences(self, sequences: Sequences) -> None:
        """Refuse sequences with other features than those of `fit`."""
        features = sequences.steps.shape[1]
        is_table = not (sequences.has_feature_axis or sequences.is_ragged)
        if is_table == (not (self._has_feature_axis or self._is_ragged)):
            self._check_known_columns(sequences.example)
        elif features != self.features_:
            raise ValueError(
                f"The sequences of X have {features} feature(s), but in fit they had "
                f"{self.features_}. A 2D array is many sequences of one feature; if it is one "
                "sequence of several, pass [X]."
            )

    def _shape_in(self) -> str:
        """Write the shape of what `fit` saw, in which every sequence has its own length t."""
        features = [self.features_] if self._has_feature_axis else []
        if self._is_ragged:
            return f"list of {shape_of('t', *features)}"
        return shape_of("n", "t", *features) if features else shape_of("n", self.n_features_in_)


def _without_infinity(table: NDArray) -> NDArray:
    """Refuse infinity as `check_array` does, but block by block where rows lie on disk."""
    check_finite(table, allow_nan=True, input_name="X")
    return table
