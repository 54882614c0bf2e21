"""`SequenceFlattener`: every value of a sequence is in the column of its step and feature."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
from diagrams import captions
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from strategies import tables, unhurried

from skl_lstm import (
    TRUSTED_TYPES,
    PerTimestep,
    SequenceFlattener,
    SequencePadder,
    SequenceReshaper,
    SequenceWindower,
)
from skl_lstm._core.timed_windows import mark_times

X = np.arange(24.0).reshape(4, 3, 2)
NAMES = ["t0_a", "t0_b", "t1_a", "t1_b", "t2_a", "t2_b"]
DAYS = pd.date_range("2024-01-01", periods=40, name="day")
TABLE = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), index=DAYS, columns=["a", "b"])
TARGET = TABLE["a"] + TABLE["b"].shift(1, fill_value=0)


def assert_same(actual, expected):
    assert_array_equal(actual, expected, strict=True)


def timed(windows, names=("a", "b"), index=DAYS):
    names = None if names is None else np.array(names, dtype=object)
    return mark_times(windows, index[: len(windows)], np.arange(len(windows)) * 1.0, names)


@st.composite
def sequences(draw):
    samples, timesteps, features = (draw(st.integers(1, 4)) for _ in range(3))
    return draw(tables(samples, timesteps * features)).reshape(samples, timesteps, features)


@unhurried
@given(sequences())
def test_every_value_is_in_the_column_of_its_step_and_feature(X):
    expected = [[value for step in sequence for value in step] for sequence in X]
    flattener = SequenceFlattener().fit(X)
    flat = flattener.transform(X)
    assert_same(flat, np.array(expected, X.dtype))
    assert_same(flattener.inverse_transform(flat), np.asarray(X))
    names = flattener.get_feature_names_out()
    features = range(X.shape[2])
    assert names.tolist() == [f"t{step}_x{f}" for step in range(X.shape[1]) for f in features]
    assert (flattener.timesteps_, flattener.features_) == X.shape[1:]
    assert flattener.n_features_in_ == X.shape[2]


@unhurried
@given(tables(3, 4))
def test_the_rows_of_a_table_are_returned_as_they_are(X):
    flattener = SequenceFlattener().fit(X)
    assert_same(flattener.transform(X), np.asarray(X))
    assert_same(flattener.inverse_transform(X), np.asarray(X))
    assert (flattener.timesteps_, flattener.features_, flattener.n_features_in_) == (4, 1, 4)


def test_it_undoes_the_reshaper():
    wide = X.reshape(4, 6)
    assert_same(
        make_pipeline(SequenceReshaper(features=2), SequenceFlattener()).fit_transform(wide), wide
    )


def test_lists_are_read_as_arrays():
    assert_same(SequenceFlattener().fit_transform(X.tolist()), X.reshape(4, 6))
    assert_same(SequenceFlattener().fit_transform([x for x in X]), X.reshape(4, 6))  # noqa: C416
    assert_same(SequenceFlattener().fit_transform([[1, 2], [3, 4]]), np.array([[1, 2], [3, 4]]))


def test_the_output_is_a_view_if_the_memory_allows_it():
    flattener = SequenceFlattener().fit(X)
    flat = flattener.transform(X)
    assert np.shares_memory(flat, X)
    assert np.shares_memory(flattener.transform(X[::2]), X)
    assert np.shares_memory(flattener.inverse_transform(flat), flat)
    assert np.shares_memory(SequenceFlattener().fit_transform(flat), flat)
    assert type(SequenceFlattener().fit_transform(timed(X))) is np.ndarray
    windows = SequenceWindower(3).fit_transform(TABLE.to_numpy())
    rows = SequenceFlattener().fit_transform(windows)
    assert np.shares_memory(rows, windows)
    assert not rows.flags.writeable


def test_missing_values_stay_and_may_be_filled_later():
    missing = np.where(X % 5 == 0, np.nan, X)
    assert_same(SequenceFlattener().fit_transform(missing), missing.reshape(4, 6))
    pipeline = make_pipeline(SequenceFlattener(), HistGradientBoostingRegressor())
    assert pipeline.fit(missing, np.arange(4)).predict(missing).shape == (4,)


# Names.


def test_names_are_those_of_the_features_or_of_all_values():
    flattener = SequenceFlattener().fit(X)
    assert flattener.get_feature_names_out(["a", "b"]).tolist() == NAMES
    assert flattener.get_feature_names_out(NAMES).tolist() == NAMES
    assert flattener.get_feature_names_out(np.array(NAMES[::-1])).tolist() == NAMES[::-1]
    with pytest.raises(ValueError, match=r"length equal to number of features \(2\), got 5"):
        flattener.get_feature_names_out(list("abcde"))


def test_names_are_those_seen_in_fit():
    flattener = SequenceFlattener().fit(timed(X))
    assert flattener.feature_names_in_.tolist() == ["a", "b"]
    assert flattener.get_feature_names_out().tolist() == NAMES
    assert flattener.get_feature_names_out(["a", "b"]).tolist() == NAMES
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        flattener.get_feature_names_out(["b", "a"])
    assert not hasattr(flattener.fit(timed(X, names=None)), "feature_names_in_")


def test_with_one_timestep_names_of_values_are_known_by_their_step():
    for one in (SequenceFlattener().fit(X[:, :1]), SequenceFlattener().fit(timed(X[:, :1].copy()))):
        assert one.get_feature_names_out(["a", "b"]).tolist() == ["t0_a", "t0_b"]
        assert one.get_feature_names_out(["t0_a", "t0_b"]).tolist() == ["t0_a", "t0_b"]


def test_names_of_a_table_are_its_columns():
    frame = pd.DataFrame(X.reshape(4, 6), columns=NAMES)
    assert SequenceFlattener().fit(frame).get_feature_names_out().tolist() == NAMES
    plain = SequenceFlattener().fit(X.reshape(4, 6))
    assert plain.get_feature_names_out().tolist() == [f"t{step}_x0" for step in range(6)]
    assert plain.get_feature_names_out(["a"]).tolist() == [f"t{step}_a" for step in range(6)]
    assert plain.get_feature_names_out(NAMES).tolist() == NAMES
    with pytest.raises(ValueError, match=r"length equal to number of features \(6\), got 2"):
        plain.get_feature_names_out(["a", "b"])
    one = SequenceFlattener().fit([[1.0], [2.0]])
    assert one.get_feature_names_out().tolist() == ["t0_x0"]


@pytest.mark.parametrize("timesteps", [1, 3])
def test_a_pipeline_names_the_values_as_the_windower_does(timesteps):
    pipeline = make_pipeline(SequenceWindower(timesteps), SequenceFlattener(), StandardScaler())
    names = pipeline.fit(TABLE).get_feature_names_out()
    assert names.tolist() == NAMES[: 2 * timesteps]
    assert names.tolist() == pipeline[1].get_feature_names_out().tolist()


def test_the_names_of_transformed_steps_are_carried_on():
    windows = timed(X)
    scaled = PerTimestep(StandardScaler()).fit_transform(windows)
    flattener = SequenceFlattener().fit(scaled)
    assert flattener.get_feature_names_out().tolist() == NAMES


# Data frames.


def test_a_pipeline_gives_a_data_frame_with_the_dates():
    lags = make_pipeline(SequenceWindower(3), SequenceFlattener()).set_output(transform="pandas")
    frame = lags.fit_transform(TABLE)
    expected = pd.DataFrame(
        {
            f"t{step}_{name}": TABLE[name].shift(2 - step).fillna(TABLE[name].iloc[0])
            for step in range(3)
            for name in "ab"
        }
    )
    pd.testing.assert_frame_equal(frame, expected, check_freq=False)
    lags.fit(TABLE[:8])
    pd.testing.assert_frame_equal(lags.transform(TABLE[8:]), expected[8:], check_freq=False)


def test_every_step_of_a_pipeline_sees_the_dates():
    seen = []

    def note(frame):
        seen.append(frame)
        return frame

    pipeline = make_pipeline(
        SequenceWindower(3),
        SequenceFlattener(),
        StandardScaler(),
        FunctionTransformer(note, feature_names_out="one-to-one"),
        Ridge(),
    ).set_output(transform="pandas")
    pipeline.fit(TABLE, TARGET)
    assert seen[0].columns.tolist() == NAMES
    pd.testing.assert_index_equal(seen[0].index, DAYS, check_names=True)
    assert pipeline[-1].feature_names_in_.tolist() == NAMES
    assert pipeline.score(TABLE, TARGET) > 0.99  # TARGET is linear in the window


def test_a_panel_keeps_its_labels():
    table = pd.concat({"x": TABLE[:7], "y": TABLE[3:9]}, names=["series"]).sample(
        frac=1, random_state=0
    )
    lags = make_pipeline(SequenceWindower(2), SequenceFlattener()).set_output(transform="pandas")
    frame = lags.fit_transform(table)
    pd.testing.assert_index_equal(frame.index, table.index)
    for name, rows in table.groupby("series"):
        rows = rows.sort_index()
        before = rows.shift(1).fillna(rows.iloc[0])
        expected = pd.concat([before.add_prefix("t0_"), rows.add_prefix("t1_")], axis=1)
        assert_array_equal(frame.loc[name].sort_index(), expected)


def test_without_labels_a_data_frame_has_positions():
    flattener = SequenceFlattener().set_output(transform="pandas")
    assert flattener.fit_transform(X).index.tolist() == [0, 1, 2, 3]
    assert flattener.fit_transform(timed(X, index=DAYS))[1:].index.tolist() == list(DAYS[1:4])
    no_index = mark_times(X, None, None, None)
    assert flattener.fit_transform(no_index).index.tolist() == [0, 1, 2, 3]
    with config_context(transform_output="pandas"):
        assert SequenceFlattener().fit_transform(timed(X)).index.tolist() == list(DAYS[:4])


def test_a_data_frame_of_rows_keeps_its_labels():
    frame = pd.DataFrame(X.reshape(4, 6), columns=NAMES, index=DAYS[:4])
    flattener = SequenceFlattener().set_output(transform="pandas")
    pd.testing.assert_frame_equal(flattener.fit_transform(frame), frame)
    assert_same(flattener.inverse_transform(frame), frame.to_numpy())


# Searches and files.


def test_the_look_back_can_be_tuned():
    pipeline = make_pipeline(SequenceWindower(), SequenceFlattener(), StandardScaler(), Ridge(1e-6))
    grid = {"sequencewindower__timesteps": [1, 2]}
    search = GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(3)).fit(TABLE, TARGET)
    assert search.best_params_ == {"sequencewindower__timesteps": 2}
    assert search.best_score_ > 0.99


@pytest.mark.parametrize("data", [X, timed(X), X.reshape(4, 6)], ids=["3D", "timed", "2D"])
def test_files_and_clones(data):
    flattener = SequenceFlattener().set_output(transform="pandas").fit(data)
    in_file = skops.io.loads(skops.io.dumps(flattener), trusted=TRUSTED_TYPES)
    buffer = io.BytesIO(pickle.dumps(flattener))
    for back in (in_file, pickle.load(buffer), clone(flattener).fit(data)):
        pd.testing.assert_frame_equal(back.transform(data), flattener.transform(data))
        assert vars(back).keys() == vars(flattener).keys()
    with pytest.raises(NotFittedError):
        clone(flattener).transform(data)


@pytest.mark.parametrize(
    ("data", "expected"), [(X, "(n, 3, 2) → (n, 6)"), (X[:, :, 0], "(n, 3) → (n, 3)")]
)
def test_the_diagram_shows_the_shapes(data, expected):
    flattener = SequenceFlattener()
    assert captions(flattener) == []
    assert captions(flattener.fit(data)) == [expected]


# Warnings and errors.

PADDED = SequencePadder(mask_value=-1.0).fit_transform([X[0], X[1, :2]])


def test_padding_that_becomes_data_is_a_warning():
    flattener = SequenceFlattener().fit(PADDED)
    with pytest.warns(
        UserWarning, match=r"padded with mask_value=-1\.0.*keeps the padding as data"
    ):
        flat = flattener.transform(PADDED)
    assert type(flat) is np.ndarray
    assert flat[1].tolist() == [*X[1, :2].ravel(), -1.0, -1.0]
    assert_same(flattener.transform(np.asarray(PADDED)), flat)  # no warning
    whole = make_pipeline(SequencePadder(timesteps=2, mask_value=-1.0), SequenceFlattener())
    assert whole.fit_transform([X[0], X[1, :2]]).shape == (2, 4)  # nothing is padded


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([X[0], X[1, :2]], ValueError, r"item 1 has shape \(2, 2\).*put a SequencePadder before"),
        (np.where(X == 3, np.inf, X), ValueError, "Input X contains infinity"),
        (X[np.newaxis], ValueError, r"X has shape \(1, 4, 3, 2\), but must have shape \(samples"),
        (X[:, :0], ValueError, r"X has shape \(4, 0, 2\).*with no axis of length 0"),
        (X[:, :, :0], ValueError, r"X has shape \(4, 3, 0\).*with no axis of length 0"),
        (X[:0], ValueError, r"0 sample\(s\)"),
        (X[0, 0], ValueError, "Expected 2D array, got 1D array.*by a SequenceWindower"),
        (X.astype("M8[D]"), TypeError, "X has dtype datetime64"),
        ("abc", TypeError, "X is of type str"),
    ],
)
def test_what_cannot_be_flattened_is_an_error_in_fit_and_transform(data, error, message):
    flattener = SequenceFlattener().fit(X)
    before = dict(vars(flattener))
    for method in (flattener.fit, flattener.transform):
        with pytest.raises(error, match=f"(?s){message}"):
            method(data)
    assert vars(flattener) == before


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (X[:, :2], r"\(4, 2, 2\)"),
        (X[:, :, :1], r"\(4, 3, 1\)"),
        (X.reshape(4, 6), r"\(4, 6\)"),
        (X.reshape(4, 2, 3), r"\(4, 2, 3\)"),
    ],
)
def test_another_shape_than_in_fit_is_an_error(data, shape):
    message = rf"X has shape {shape}, but this SequenceFlattener was fitted to sequences of shape "
    with pytest.raises(ValueError, match=message + r"\(n_samples, 3, 2\)\. Pass sequences with"):
        SequenceFlattener().fit(X).transform(data)


def test_another_shape_than_that_of_a_table_is_an_error():
    flattener = SequenceFlattener().fit(X.reshape(4, 6))
    with pytest.raises(ValueError, match=r"X has shape \(4, 3, 2\).*of shape \(n_samples, 6\)"):
        flattener.transform(X)
    with pytest.raises(ValueError, match="X has 5 features, but SequenceFlattener is expecting 6"):
        flattener.transform(X.reshape(4, 6)[:, :5])


def test_other_names_than_in_fit_are_an_error():
    flattener = SequenceFlattener().fit(timed(X))
    with pytest.raises(ValueError, match="feature names should match those that were passed"):
        flattener.transform(timed(X, names=["b", "a"]))
    assert_same(flattener.transform(X), flattener.transform(timed(X)))  # without names: no warning
    assert_same(SequenceFlattener().fit(X).transform(timed(X)), X.reshape(4, 6))


def test_the_inverse_takes_rows_of_the_same_width():
    flattener = SequenceFlattener().fit(X)
    message = (
        "X has 5 columns, but this SequenceFlattener was fitted to sequences of 3 timesteps and 2 "
        "features, which are 6 columns"
    )
    with pytest.raises(ValueError, match=message):
        flattener.inverse_transform(X.reshape(4, 6)[:, :5])
    with pytest.raises(ValueError, match=r"Found array with dim 3"):
        flattener.inverse_transform(X)
    for method in (SequenceFlattener().inverse_transform, SequenceFlattener().transform):
        with pytest.raises(NotFittedError):
            method(X)


# `PerTimestep`, between the windows and the rows.


def test_per_timestep_keeps_labels_times_and_names():
    windows = SequenceWindower(3).fit_transform(TABLE)
    scaler = PerTimestep(StandardScaler()).fit(windows)
    scaled = scaler.transform(windows)
    assert_array_equal(scaled, scaler.transform(np.asarray(windows)))
    pd.testing.assert_index_equal(scaled.index, TABLE.index)
    assert_array_equal(scaled.times, np.arange(40.0))
    assert scaled.feature_names.tolist() == ["a", "b"]
    back = scaler.inverse_transform(scaled)
    pd.testing.assert_index_equal(back.index, TABLE.index)
    assert back.feature_names is None


@pytest.mark.parametrize(
    ("inner", "names", "expected"),
    [
        (FunctionTransformer(np.square), ["a", "b"], None),
        (make_pipeline(FunctionTransformer(np.square), StandardScaler()), ["a", "b"], None),
        (make_pipeline(StandardScaler()), ["a", "b"], ["a", "b"]),
        (StandardScaler(), None, None),
    ],
)
def test_per_timestep_names_what_the_transformer_can_name(inner, names, expected):
    result = PerTimestep(inner).fit_transform(timed(X, names))
    assert (
        (result.feature_names is None)
        if expected is None
        else (result.feature_names.tolist() == expected)
    )
    assert result.index is not None
