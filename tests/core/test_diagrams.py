"""scikit-learn's diagrams: which shape becomes which, in words that a notebook shows."""

import html
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import estimator_html_repr

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
    SequencePadder,
    SequenceReshaper,
    SequenceWindower,
)
from skl_lstm._core.diagrams import shape_of

TABLE = np.arange(240.0).reshape(5, 48) % 17
ARRAY = TABLE.reshape(5, 24, 2)
RAGGED = [np.ones((length, 3)) * length for length in (2, 5, 3)]


def captions(estimator):
    """What stands under the names, from the first step to the last."""
    return re.findall(r'<div class="caption">(.*?)</div>', diagram(estimator))


def diagram(estimator):
    return html.unescape(estimator_html_repr(estimator))


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
def test_a_fitted_transformer_says_which_shape_becomes_which(transformer, X, expected):
    assert captions(transformer) == []
    assert captions(transformer.fit(X)) == [expected]
    assert type(transformer).__name__ in diagram(transformer)


def test_a_transformer_of_steps_says_it_beside_the_inner_one():
    X = [np.arange(length * 3.0).reshape(length, 3) ** 2 for length in (2, 5, 3)]
    transformer = PerTimestep(PCA(2))
    assert "transformer: PCA<" in diagram(transformer)
    assert "transformer: PCA, (steps, 3) → (steps, 2)<" in diagram(transformer.fit(X))


def test_an_inner_one_that_does_not_tell_its_features_is_drawn_with_those_it_takes():
    transformer = PerTimestep(FunctionTransformer(np.log1p)).fit(RAGGED)
    assert "transformer: FunctionTransformer, (steps, 3)<" in diagram(transformer)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.arange(5.0), "(n, 24, 2) → (n,)"),
        (np.arange(15.0).reshape(5, 3), "(n, 24, 2) → (n, 3)"),
    ],
)
def test_a_regressor_says_what_it_predicts(y, expected):
    regressor = LSTMRegressor(units=2, epochs=1)
    assert captions(regressor) == []
    assert captions(regressor.fit(ARRAY, y)) == [expected]


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (list("abcab"), "(n, 24, 2) → (n,) of 3 classes"),
        (np.eye(5, 4, dtype=int), "(n, 24, 2) → (n, 4)"),
    ],
)
def test_a_classifier_says_what_it_predicts(y, expected):
    assert captions(LSTMClassifier(units=2, epochs=1).fit(ARRAY, y)) == [expected]


def test_a_pipeline_reads_as_a_story():
    lstm = LSTMRegressor(units=2, epochs=1)
    pipeline = make_pipeline(StandardScaler(), SequenceReshaper(features=2), lstm)
    assert captions(pipeline) == []
    expected = ["(n, 48) → (n, 24, 2)", "(n, 24, 2) → (n,)"]
    assert captions(pipeline.fit(TABLE, np.arange(5.0))) == expected


def test_a_fitted_search_tells_the_story_of_the_best():
    lstm = TransformedTargetRegressor(LSTMRegressor(units=2, epochs=1))
    search = GridSearchCV(
        make_pipeline(SequenceWindower(), lstm), {"sequencewindower__timesteps": [3]}, cv=2
    )
    assert captions(search.fit(TABLE, np.arange(5.0)))[0] == "(n, 48) → (n, 3, 48)"


@pytest.mark.parametrize(
    ("axes", "expected"), [((), "()"), (("n",), "(n,)"), (("n", 24, np.int64(2)), "(n, 24, 2)")]
)
def test_shapes_are_written_as_numpy_writes_them(axes, expected):
    assert shape_of(*axes) == expected
