"""Every warning of the package points to the line of user code that caused it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    SequencePadder,
    SequenceRegressor,
    SequenceWindower,
    lstm_network,
)
from skl_lstm._core.user_warnings import warn_user

RAGGED = [np.full((1 + i % 3, 2), 1.0 + i) for i in range(12)]
PADDED = SequencePadder().fit_transform(RAGGED)
WHOLE = np.ones((12, 3, 2))
Y = np.arange(12.0)
LABELS = np.array(["up", "down"] * 6)
QUICK = {"units": 1, "epochs": 1, "random_state": 0}


def lines_warned_of(call):
    """The files and lines that the warnings of a call point to."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return {(warning.filename, warning.lineno) for warning in caught}


def line_of(call):
    return {(__file__, call.__code__.co_firstlineno)}


@pytest.fixture(scope="module")
def regressor():
    return LSTMRegressor(**QUICK).fit(WHOLE, Y)


@pytest.fixture(scope="module")
def classifier():
    return LSTMClassifier(**QUICK).fit(WHOLE, LABELS)


@pytest.mark.parametrize(
    "call",
    [
        lambda regressor, _: LSTMRegressor(**QUICK).fit(PADDED, Y),
        lambda regressor, _: LSTMRegressor(**QUICK).partial_fit(PADDED, Y),
        lambda regressor, _: regressor.predict(PADDED),
        lambda regressor, _: regressor.score(PADDED, Y),
        lambda _, classifier: LSTMClassifier(**QUICK).fit(PADDED, LABELS),
        lambda _, classifier: LSTMClassifier(**QUICK).partial_fit(PADDED, LABELS),
        lambda _, classifier: classifier.predict(PADDED),
        lambda _, classifier: classifier.predict_proba(PADDED),
        lambda _, classifier: classifier.score(PADDED, LABELS),
        lambda _, __: SequenceRegressor(lstm_network, model__mask_value=None).fit(PADDED, Y),
        lambda _, __: make_pipeline(SequencePadder(), LSTMRegressor(**QUICK)).fit(RAGGED, Y),
        lambda _, __: make_pipeline(SequencePadder(), LSTMRegressor(**QUICK)).fit(RAGGED, Y).predict(RAGGED),  # noqa: E501
        lambda _, __: cross_val_score(LSTMRegressor(**QUICK), PADDED, Y, cv=2),
        lambda _, __: cross_val_predict(LSTMClassifier(**QUICK), PADDED, LABELS, cv=2),
    ],
)  # fmt: skip
def test_a_warning_about_padding_read_as_data_points_to_the_call(call, regressor, classifier):
    assert lines_warned_of(lambda: call(regressor, classifier)) == line_of(call)


DAYS = pd.DataFrame({"a": np.arange(9.0)}, index=pd.date_range("2024-01-01", periods=9))


@pytest.mark.parametrize(
    "call",
    [
        lambda windower: windower.transform(DAYS[4:6]),
        lambda windower: make_pipeline(windower, "passthrough").transform(DAYS[4:6]),
    ],
)
def test_a_warning_about_a_missing_past_points_to_the_call(call):
    windower = SequenceWindower(3).fit(DAYS)
    assert lines_warned_of(lambda: call(windower)) == line_of(call)


def test_a_warning_in_a_thread_without_user_code_points_to_the_outermost_line():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool, pytest.warns(UserWarning, match="far from home") as caught:
        pool.submit(warn_user, "far from home").result()
    assert "skl_lstm" not in caught[0].filename
