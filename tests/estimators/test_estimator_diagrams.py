"""Shapes in scikit-learn's HTML diagram of a fitted estimator or pipeline."""

import numpy as np
import pytest
from diagrams import captions
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import LSTMClassifier, LSTMRegressor, SequenceReshaper, SequenceWindower

TABLE = np.arange(240.0).reshape(5, 48) % 17
ARRAY = TABLE.reshape(5, 24, 2)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.arange(5.0), "(n, 24, 2) → (n,)"),
        (np.arange(15.0).reshape(5, 3), "(n, 24, 2) → (n, 3)"),
    ],
)
def test_a_regressor_shows_the_shape_of_its_prediction(y, expected):
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
def test_a_classifier_shows_the_shape_of_its_prediction(y, expected):
    assert captions(LSTMClassifier(units=2, epochs=1).fit(ARRAY, y)) == [expected]


def test_every_step_of_a_pipeline_shows_its_shapes():
    lstm = LSTMRegressor(units=2, epochs=1)
    pipeline = make_pipeline(StandardScaler(), SequenceReshaper(features=2), lstm)
    assert captions(pipeline) == []
    expected = ["(n, 48) → (n, 24, 2)", "(n, 24, 2) → (n,)"]
    assert captions(pipeline.fit(TABLE, np.arange(5.0))) == expected


def test_a_fitted_search_shows_the_shapes_of_the_best_pipeline():
    lstm = TransformedTargetRegressor(LSTMRegressor(units=2, epochs=1))
    search = GridSearchCV(
        make_pipeline(SequenceWindower(), lstm), {"sequencewindower__timesteps": [2]}, cv=2
    )
    assert captions(search.fit(TABLE, np.arange(5.0)))[0] == "(n, 48) → (n, 2, 48)"
