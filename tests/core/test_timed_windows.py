"""`TimedWindows` keep the labels of selected rows, and forget them for everything else."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils import _safe_indexing, check_array, shuffle
from strategies import unhurried

from skl_lstm import SequenceWindower, TimedWindows
from skl_lstm._core.timed_windows import (
    feature_names_of,
    labels_of_rows,
    mark_times,
    times_of_windows,
)

ROWS = 6
DAYS = pd.date_range("2024-01-01", periods=ROWS, name="day")
PANEL = pd.MultiIndex.from_product([["b", "a"], DAYS[: ROWS // 2]])


def windows(index=DAYS):
    values = np.arange(ROWS * 4.0).reshape(ROWS, 2, 2)
    return mark_times(values, index, np.arange(ROWS) / 2, np.array(["u", "v"], dtype=object))


def knows_nothing(array):
    return array.index is None and array.times is None and array.feature_names is None


def test_a_table_comes_as_windows_with_its_labels():
    table = pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, 5, 6]}, DAYS[[0, 1, 3]])
    found = SequenceWindower(timesteps=2, padding=0).fit_transform(table)
    assert type(found) is TimedWindows
    assert found.index is table.index
    assert_array_equal(found.times, [0, 1, 3])
    assert_array_equal(found.feature_names, ["a", "b"])
    plain = SequenceWindower(timesteps=2, padding=0).fit_transform(table.to_numpy())
    assert type(plain) is np.ndarray


KEYS = {
    "slice": slice(1, 4),
    "backwards": slice(None, None, -2),
    "none": slice(0, 0),
    "positions": np.array([4, 0, 0, -1]),
    "small integers": np.array([4, 0], dtype=np.int8),
    "list": [2, 1],
    "empty list": [],
    "mask": np.array([True, False, True, False, False, True]),
    "list of booleans": [True, False, True, False, False, True],
    "mask of a Series": pd.Series([True, False, True, False, False, True]),
    "index": pd.Index([3, 1]),
    "range": range(2, 5),
}


@pytest.mark.parametrize("index", [DAYS, PANEL], ids=["one series", "panel"])
@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
@pytest.mark.parametrize("is_tuple", [False, True])
def test_selected_rows_keep_their_labels(index, key, is_tuple):
    whole = windows(index)
    found = whole[key, ...] if is_tuple else whole[key]
    positions = np.arange(ROWS)[key]
    assert type(found) is TimedWindows
    assert found.index.equals(index[positions])
    assert_array_equal(found.times, whole.times[positions], strict=True)
    assert_array_equal(found.feature_names, ["u", "v"])
    assert_array_equal(np.asarray(found), np.asarray(whole)[key], strict=True)


@unhurried
@given(st.lists(st.integers(-ROWS, ROWS - 1), min_size=1).map(np.array), st.integers(1, 3))
def test_rows_may_be_selected_twice(rows, step):
    found = windows()[rows][::step]
    assert found.index.equals(DAYS[rows][::step])
    assert_array_equal(found.times, windows().times[rows][::step])


@pytest.mark.parametrize(
    "key", [[3, 1], np.array([3, 1]), np.array([False, True] * 3), slice(2, 4)], ids=str
)
def test_scikit_learn_selects_rows_with_their_labels(key):
    assert _safe_indexing(windows(), key).index.equals(DAYS[key])


def test_train_and_test_of_scikit_learn_keep_their_labels():
    train, test = train_test_split(windows(), shuffle=False, test_size=2)
    assert (train.index.append(test.index)).equals(DAYS)
    mixed = shuffle(windows(), random_state=0)
    assert sorted(mixed.index) == list(DAYS)
    assert_array_equal(mixed[:, 0, 0], windows()[DAYS.get_indexer(mixed.index), 0, 0])


OTHERS = {
    "one window": lambda X: X[0],
    "one step": lambda X: X[:, 0],
    "steps": lambda X: X[:, :1],
    "features": lambda X: X[..., :1],
    "rows and features": lambda X: X[1:3, :, [0]],
    "new axis": lambda X: X[None],
    "mask of values": lambda X: X[np.asarray(X) > 3],
    "rows in two axes": lambda X: X[np.array([[0, 1]])],
    "nothing": lambda X: X[()],
    "sum": lambda X: X + 1,
    "sum of two": lambda X: X + X,
    "negative": lambda X: -X,
    "exponential": np.exp,
    "comparison": lambda X: X > 3,
    "mean of rows": lambda X: X.mean(axis=0),
    "mean": lambda X: X.mean(axis=2),
    "where": lambda X: np.where(X > 3, X, 0),
    "plain": np.asarray,
    "checked": lambda X: check_array(X, allow_nd=True),
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=list(OTHERS))
def test_other_selections_and_computations_are_plain_arrays(change):
    found = change(windows())
    assert type(found) is np.ndarray
    assert_array_equal(found, change(np.asarray(windows())), strict=True)


FORGETFUL = {
    "reshape": lambda X: X.reshape(ROWS, -1),
    "same shape": lambda X: X.reshape(X.shape),
    "astype": lambda X: X.astype(np.float32),
    "view": lambda X: X.view(),
    "transpose": lambda X: X.T,
    "copy": lambda X: X.copy(),
    "deep copy": copy.deepcopy,
    "joined": lambda X: np.concatenate([X, X]),
    "taken": lambda X: X.take([0], axis=0),
    "iterated": lambda X: next(iter(X)),
}


@pytest.mark.parametrize("change", FORGETFUL.values(), ids=list(FORGETFUL))
def test_views_and_copies_know_no_labels(change):
    found = change(windows())
    assert type(found) is np.ndarray or knows_nothing(found)
    assert_array_equal(np.asarray(found), change(np.asarray(windows())), strict=True)


def test_windows_without_labels_have_none_after_a_selection():
    bare = windows().view()[1:]
    assert type(bare) is TimedWindows
    assert knows_nothing(bare)
    assert labels_of_rows(bare) is None
    assert times_of_windows(bare) is None
    assert feature_names_of(bare) is None


@pytest.mark.parametrize("reduce", [np.sum, np.max, np.mean, np.std, lambda X: X[0, 0, 0]])
def test_scalars_are_plain(reduce):
    found = reduce(windows())
    assert type(found) is np.float64
    assert found == reduce(np.asarray(windows()))


def test_arithmetic_in_place_changes_the_values():
    array = windows()
    array += 1
    assert_array_equal(np.asarray(array), np.asarray(windows()) + 1)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("index", [DAYS, PANEL, None], ids=["one series", "panel", "no labels"])
def test_windows_are_pickled_with_their_labels(protocol, index):
    back = pickle.loads(pickle.dumps(windows(index), protocol))
    assert type(back) is TimedWindows
    assert back.index is None if index is None else back.index.equals(index)
    assert_array_equal(back.times, windows().times)
    assert_array_equal(back.feature_names, ["u", "v"])
    assert_array_equal(np.asarray(back), np.asarray(windows()), strict=True)


def test_windows_are_saved_by_joblib(tmp_path):
    joblib.dump(windows(), tmp_path / "windows")
    assert joblib.load(tmp_path / "windows")[2:].index.equals(DAYS[2:])


class LabelReader(BaseEstimator):
    """An estimator that only remembers the labels of its X."""

    def fit(self, X, y=None):
        self.labels_ = X.index
        return self


def test_a_pipeline_finds_them_in_its_cache(tmp_path):
    table = pd.DataFrame({"a": np.arange(ROWS) * 1.0}, DAYS)
    later = table.set_axis(DAYS + pd.Timedelta("9D"))
    pipeline = make_pipeline(SequenceWindower(timesteps=2), LabelReader(), memory=str(tmp_path))
    for rows in (table, table, later, table):  # the second and the last come from the cache
        assert pipeline.fit(rows)[-1].labels_.equals(rows.index)


def test_labels_of_rows_are_those_of_tables_series_and_windows():
    table = pd.DataFrame({"a": np.arange(ROWS)}, DAYS)
    for labelled in (table, table["a"], windows()):
        assert labels_of_rows(labelled).equals(DAYS)
    for bare in (np.asarray(windows()), [1, 2], DAYS):
        assert labels_of_rows(bare) is None
        assert times_of_windows(bare) is None
        assert feature_names_of(bare) is None


def test_windows_look_like_an_array():
    assert repr(windows()) == repr(np.asarray(windows()))
    assert str(windows()) == str(np.asarray(windows()))
