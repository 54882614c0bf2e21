"""What the transformers have in common: how they validate, and that they return 3D arrays.

May import `_checks`, `_diagram` and `_disk`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from ._checks import explained, numeric
from ._diagram import ShapeDiagram
from ._disk import check_finite

if TYPE_CHECKING:
    from sklearn.utils import Tags

_CHECKS: dict[str, Any] = {"dtype": "numeric", "ensure_all_finite": "allow-nan"}
# `_finite` goes on from there.
_AHEAD: dict[str, Any] = {**_CHECKS, "ensure_all_finite": False}


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
        with explained(X):
            return _finite(numeric(check_array(X, estimator=self, input_name="X", **_AHEAD)))

    def _remember_columns(self, X: ArrayLike) -> None:
        validate_data(self, X, skip_check_array=True)

    def _check_known_columns(self, X: ArrayLike) -> None:
        """Refuse another number of columns than in `fit`, or other names."""
        validate_data(self, X, reset=False, skip_check_array=True)

    def _check_known_table(self, X: ArrayLike) -> NDArray:
        """Validate a table whose columns must be those of `fit`."""
        with explained(X):
            return _finite(numeric(validate_data(self, X, reset=False, **_AHEAD)))

    def _check_sequences(self, X: ArrayLike, timesteps: int, features: int) -> NDArray:
        """Validate what `inverse_transform` takes."""
        with explained(X):
            checks = {"allow_nd": True, "ensure_2d": False, "input_name": "X", **_CHECKS}
            sequences = numeric(check_array(X, **checks))
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


def _finite(table: NDArray) -> NDArray:
    """Refuse infinity as `check_array` does, but block by block where rows lie on disk."""
    check_finite(table, allow_nan=True, input_name="X")
    return table
