"""The shapes that scikit-learn's diagram of a fitted transformer shows."""

import numpy as np
import pandas as pd
import pytest
from diagrams import captions, diagram
from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer

from skl_lstm import PerTimestep, SequencePadder, SequenceReshaper, SequenceWindower
from skl_lstm._core.diagrams import shape_of

TABLE = np.arange(240.0).reshape(5, 48) % 17
ARRAY = TABLE.reshape(5, 24, 2)
RAGGED = [np.ones((length, 3)) * length for length in (2, 5, 3)]


@pytest.mark.parametrize(
    ("transformer", "X", "expected"),
    [
        (SequenceReshaper(features=2), TABLE, "(n, 48) → (n, 24, 2)"),
        (SequenceReshaper(6, 2, truncating="pre"), TABLE, "(n, 48) → (n, 6, 2)"),
        (SequenceWindower(timesteps=3), TABLE, "(n, 48) → (n, 3, 48)"),
        (SequenceWindower(timesteps=3), pd.DataFrame(TABLE), "(n, 48) → (n, 3, 48)"),
        (SequencePadder(mask_value=-1), RAGGED, "list of (t, 3) → (n, 5, 3)"),
        (SequencePadder(4, mask_value=-1), [[1.0], [2.0, 3.0]], "list of (t,) → (n, 4, 1)"),
        (SequencePadder(mask_value=-1), TABLE, "(n, 48) → (n, 48, 1)"),
        (SequencePadder(mask_value=-1), ARRAY, "(n, t, 2) → (n, 24, 2)"),
    ],
)
def test_a_fitted_transformer_shows_its_shapes(transformer, X, expected):
    assert captions(transformer) == []
    assert captions(transformer.fit(X)) == [expected]
    assert type(transformer).__name__ in diagram(transformer)


def test_per_timestep_shows_the_shapes_beside_the_inner_transformer():
    X = [np.arange(length * 3.0).reshape(length, 3) ** 2 for length in (2, 5, 3)]
    transformer = PerTimestep(PCA(2))
    assert "transformer: PCA<" in diagram(transformer)
    assert "transformer: PCA, (steps, 3) → (steps, 2)<" in diagram(transformer.fit(X))


def test_an_inner_transformer_without_feature_names_shows_its_input_shape():
    transformer = PerTimestep(FunctionTransformer(np.log1p)).fit(RAGGED)
    assert "transformer: FunctionTransformer, (steps, 3)<" in diagram(transformer)


@pytest.mark.parametrize(
    ("axes", "expected"), [((), "()"), (("n",), "(n,)"), (("n", 24, np.int64(2)), "(n, 24, 2)")]
)
def test_shapes_are_written_as_numpy_writes_them(axes, expected):
    assert shape_of(*axes) == expected
