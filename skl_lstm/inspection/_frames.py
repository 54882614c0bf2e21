"""`to_frame`: sequences as a DataFrame of timesteps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .._core.public import set_module
from .._core.sequences import Sequences, read_sequences

if TYPE_CHECKING:
    import pandas as pd


@set_module("skl_lstm.inspection")
def to_frame(X: ArrayLike, *, feature_names: Sequence[str] | None = None) -> pd.DataFrame:
    """Convert sequences to a DataFrame with one row per timestep.

    Parameters
    ----------
    X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps), or \
            list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
        Sequences, in any form that the transformers of this package take or return.
    feature_names : sequence of str of length n_features, default=None
        Names of the features. None: the columns of the DataFrames in X, else ``x0, x1, …``.

    Returns
    -------
    DataFrame of shape (n_samples * timesteps, n_features)
        The index levels are sample and timestep, axes 0 and 1 of the array. The columns are the
        features, axis 2.

    Raises
    ------
    TypeError, ValueError
        If X is neither an array nor a list of sequences, or `feature_names` does not have one
        name per feature.

    Examples
    --------
    >>> from skl_lstm import sliding_windows
    >>> from skl_lstm.inspection import to_frame
    >>> to_frame(sliding_windows([1, 2, 3, 4], 3), feature_names=["load"])
                     load
    sample timestep
    0      0            1
           1            2
           2            3
    1      0            2
           1            3
           2            4
    """
    import pandas as pd

    sequences = read_sequences(X, allow_infinity=True)
    samples = np.arange(len(sequences.lengths))
    steps = [np.arange(length) for length in sequences.lengths]
    index = [np.repeat(samples, sequences.lengths), np.concatenate(steps)]
    return pd.DataFrame(
        sequences.steps,
        index=pd.MultiIndex.from_arrays(index, names=["sample", "timestep"]),
        columns=names_of_features(sequences, feature_names),
        copy=True,
    )


def names_of_features(sequences: Sequences, names: Sequence[str] | None) -> list[str]:
    features = sequences.steps.shape[1]
    if names is None and sequences.is_ragged and sequences.has_feature_axis:
        names = getattr(sequences.example, "columns", None)
    if names is None:
        return [f"x{feature}" for feature in range(features)]
    if isinstance(names, str) or len(names) != features:
        raise ValueError(
            f"feature_names must have one name for each of the {features} features; got {names!r}."
        )
    return list(names)
