"""`SequenceReshaper`: where every value lands, the way back, and what is refused."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from strategies import DTYPES, LAYOUTS, reshape_cases, unhurried

from skl_lstm import SequenceReshaper

NAMES = ["t0_a", "t0_b", "t1_a", "t1_b", "t2_a", "t2_b"]


def table(dtype="float64"):
    values = np.arange(24).reshape(4, 6)
    values = (values % 3 == 0 if dtype == "bool" else values).astype(dtype)
    if values.dtype.kind == "f":
        values[1, 4] = np.nan
    return values


def frame(dtype="float64"):
    return pd.DataFrame(table(dtype), columns=NAMES)


def assert_same(actual, expected):
    assert_array_equal(actual, expected, strict=True)


@unhurried
@given(reshape_cases())
def test_transform_puts_every_value_where_a_loop_does(case):
    before = case.table.copy()
    assert_same(SequenceReshaper(**case.params).fit_transform(case.table), case.sequences())
    assert_same(case.table, before)


@unhurried
@given(reshape_cases())
def test_inverse_transform_restores_all_but_the_dropped_steps_which_are_nan(case):
    reshaper = SequenceReshaper(**case.params).fit(case.table)
    assert_same(reshaper.inverse_transform(reshaper.transform(case.table)), case.restored())


@unhurried
@given(reshape_cases())
def test_column_map_predicts_where_every_value_lands(case):
    reshaper = SequenceReshaper(**case.params).fit(case.table)
    sequences, column_map = reshaper.transform(case.table), reshaper.column_map()
    for step, feature in np.ndindex(column_map.shape):
        column = column_map.loc[step, feature]
        assert_same(sequences[:, step, feature], case.table[:, column])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_round_trip_is_exact_and_shares_memory(dtype, layout, order):
    X = LAYOUTS[layout](table(dtype))
    reshaper = SequenceReshaper(features=2, order=order).fit(X)
    sequences = reshaper.transform(X)
    assert np.shares_memory(sequences, X)
    assert_same(reshaper.inverse_transform(sequences), table(dtype))


def test_ten_values_are_ten_steps_of_one_feature():
    X = np.arange(10).reshape(1, 10)
    assert_same(SequenceReshaper().fit_transform(X), X.reshape(1, 10, 1))


@pytest.mark.parametrize(("order", "axis"), [("C", 1), ("F", 0)])
def test_two_parallel_series_of_ten_are_ten_steps_of_two_features(order, axis):
    a, b = np.arange(10), np.arange(10) * 100
    row = np.stack([a, b], axis=axis).reshape(1, 20)
    sequences = SequenceReshaper(features=2, order=order).fit_transform(row)
    assert_same(sequences, np.stack([a, b], axis=1)[np.newaxis])


@pytest.mark.parametrize(
    ("params", "shape"),
    [
        ({}, (6, 1)),
        ({"timesteps": 3}, (3, 2)),
        ({"features": 2}, (3, 2)),
        ({"timesteps": np.int64(3), "features": np.int64(2)}, (3, 2)),
        ({"timesteps": 1, "features": 2, "truncating": "pre"}, (1, 2)),
    ],
)
def test_fit_resolves_the_shape_and_leaves_the_parameters_alone(params, shape):
    reshaper = SequenceReshaper(**params)
    before = reshaper.get_params()
    assert reshaper.fit(table()) is reshaper
    assert (reshaper.timesteps_, reshaper.features_) == shape
    assert reshaper.n_features_in_ == 6
    assert not hasattr(reshaper, "feature_names_in_")
    assert reshaper.get_params() == before


def test_grid_search_tunes_the_look_back_on_one_table():
    X = np.random.default_rng(0).normal(size=(40, 6))
    flatten = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    pipeline = make_pipeline(SequenceReshaper(features=2, truncating="pre"), flatten, Ridge())
    grid = {"sequencereshaper__timesteps": [1, 2, 3]}
    # What is to be found stands in the middle step: two steps are enough, one is not.
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, X[:, 2])
    one, two, _ = search.cv_results_["mean_test_score"]
    assert one < 0.5 < 0.9 < two


def test_data_frame_gives_its_values_and_its_names():
    X = frame()
    reshaper = SequenceReshaper(features=2).fit(X)
    assert_array_equal(reshaper.feature_names_in_, NAMES)
    assert_same(reshaper.transform(X), table().reshape(4, 3, 2))
    assert_same(reshaper.inverse_transform(reshaper.transform(X)), table())


def test_mixed_data_frame_takes_the_dtype_that_holds_all():
    mixed = {"a": [1, 2], "b": [0.5, np.nan], "c": np.float32([3, 4]), "d": [True, False]}
    X = pd.DataFrame(mixed)
    expected = np.array([[1, 0.5, 3, 1], [2, np.nan, 4, 0]])
    reshaper = SequenceReshaper(features=2).fit(X)
    assert_same(reshaper.transform(X), expected.reshape(2, 2, 2))
    assert_same(reshaper.inverse_transform(reshaper.transform(X)), expected)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("dtype", ["Int64", "Int8", "UInt8", "Float64", "Float32", "boolean"])
def test_nullable_pandas_dtypes_give_numbers_and_nan(dtype, missing):
    X = pd.DataFrame({"a": [1, 0], "b": [0, 1]}).astype(dtype)
    expected = np.array([[1.0, 0.0], [0.0, 1.0]])
    if missing:
        X.loc[0, "b"] = pd.NA
        expected[0, 1] = np.nan
    reshaper = SequenceReshaper().fit(X)
    sequences = reshaper.transform(X)
    # scikit-learn, not this package, picks the dtype here.
    assert_array_equal(sequences, expected[:, :, np.newaxis])
    assert_array_equal(reshaper.inverse_transform(sequences), expected)


@pytest.mark.parametrize(
    ("params", "places"),
    [
        ({}, [[0], [1], [2], [3], [4], [5]]),
        ({"features": 2}, [[0, 1], [2, 3], [4, 5]]),
        ({"features": 2, "order": "F"}, [[0, 3], [1, 4], [2, 5]]),
        ({"timesteps": 2, "features": 2, "truncating": "pre"}, [[2, 3], [4, 5]]),
        ({"timesteps": 2, "features": 2, "truncating": "post"}, [[0, 1], [2, 3]]),
        ({"timesteps": 1, "features": 2, "truncating": "pre", "order": "F"}, [[2, 5]]),
    ],
)
def test_column_map_and_feature_names_out_read_step_by_step(params, places):
    reshaper = SequenceReshaper(**params).fit(table())
    column_map = reshaper.column_map()
    assert (column_map.index.name, column_map.columns.name) == ("timestep", "feature")
    assert column_map.to_numpy().tolist() == places
    flat = np.ravel(places)
    assert reshaper.get_feature_names_out().tolist() == [f"x{column}" for column in flat]

    reshaper.fit(frame())
    names = [[NAMES[column] for column in step] for step in places]
    assert reshaper.column_map().to_numpy().tolist() == names
    assert reshaper.get_feature_names_out().tolist() == np.ravel(names).tolist()


def test_feature_names_out_follow_the_names_given():
    reshaper = SequenceReshaper(features=2, order="F").fit(table())
    assert reshaper.get_feature_names_out(list("abcdef")).tolist() == list("adbecf")
    with pytest.raises(ValueError, match="should have length equal to number of features"):
        reshaper.get_feature_names_out(["a"])
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        reshaper.fit(frame()).get_feature_names_out(list("abcdef"))


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_output_setting_leaves_the_3d_array_alone(output):
    X = frame()
    expected = table().reshape(4, 3, 2)
    reshaper = SequenceReshaper(features=2)
    assert reshaper.set_output(transform=output) is reshaper
    assert_same(reshaper.fit_transform(X), expected)
    with config_context(transform_output=output):
        assert_same(clone(reshaper).fit(X).transform(X), expected)


def test_output_setting_of_a_pipeline_reaches_the_other_steps():
    pipeline = make_pipeline(StandardScaler(), SequenceReshaper(features=2))
    sequences = pipeline.set_output(transform="pandas").fit_transform(frame())
    assert_same(sequences, StandardScaler().fit_transform(table()).reshape(4, 3, 2))
    # Only a frame between the two steps could have brought the names.
    assert_array_equal(pipeline[-1].feature_names_in_, NAMES)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_refused_everywhere(value):
    reshaper = SequenceReshaper(features=2).fit(table())
    X = np.full((1, 6), value)
    for call in (clone(reshaper).fit, reshaper.transform):
        with pytest.raises(ValueError, match="Input X contains infinity"):
            call(X)
    with pytest.raises(ValueError, match="contains infinity"):
        reshaper.inverse_transform(X.reshape(1, 3, 2))


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_input_is_refused_with_the_remedy(container):
    reshaper = SequenceReshaper(features=2).fit(table("int64"))
    X = container(table("int64"))
    for call in (clone(reshaper).fit, reshaper.transform, reshaper.inverse_transform):
        with pytest.raises(TypeError, match=r"dense data is required\. Use '\.toarray\(\)'"):
            call(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.array([["a", "b"]]), "X has a value at (0, 0) that cannot be converted to a number"),
        (pd.DataFrame({"a": ["x"]}), "Columns that do not hold numbers: 'a'"),
        (table() + 1j, "Complex data not supported"),
        (table()[0], "Expected 2D array, got 1D array instead"),
        (table()[np.newaxis], "Found array with dim 3, while dim <= 2 is required"),
        (table()[:0], "Found array with 0 sample(s)"),
        (table()[:, :0], "Found array with 0 feature(s)"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(X, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SequenceReshaper().fit(X)


def test_other_columns_than_in_fit_are_refused():
    reshaper = SequenceReshaper(features=2).fit(table())
    message = "X has 4 features, but SequenceReshaper is expecting 6 features as input"
    with pytest.raises(ValueError, match=message):
        reshaper.transform(table()[:, :4])
    reshaper.fit(frame())
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        reshaper.transform(frame()[NAMES[::-1]])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        reshaper.transform(table())


@pytest.mark.parametrize("shape", [(4, 6), (4, 2, 3), (4, 3), (4, 3, 2, 1), (3,)])
def test_inverse_transform_refuses_another_shape(shape):
    message = (
        f"X has shape {shape}, but this SequenceReshaper was fitted to sequences of shape "
        "(n_samples, 3, 2)."
    )
    reshaper = SequenceReshaper(features=2).fit(table())
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        reshaper.inverse_transform(np.zeros(shape))


def test_inverse_transform_takes_lists_and_as_many_samples_as_come():
    reshaper = SequenceReshaper(features=2, order="F").fit(table())
    assert_same(reshaper.inverse_transform([[[1, 4], [2, 5], [3, 6]]]), np.arange(1, 7)[np.newaxis])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        *(
            ({name: value}, f"The {name!r} parameter of SequenceReshaper must be an int in")
            for name in ("timesteps", "features")
            for value in (0, -1, 2.5, True, "3")
        ),
        ({"order": "A"}, "The 'order' parameter of SequenceReshaper must be a str among"),
        ({"truncating": "both"}, "The 'truncating' parameter of SequenceReshaper must be a str"),
    ],
)
def test_bad_parameter_is_refused_in_fit(params, message):
    with pytest.raises(InvalidParameterError, match=message):
        SequenceReshaper(**params).fit(table())


def test_columns_that_do_not_fit_are_refused_in_the_users_numbers():
    message = "6 columns cannot be 100 timesteps of whole features: 6 is not a multiple of 100."
    with pytest.raises(ValueError, match=re.escape(message)):
        SequenceReshaper(timesteps=100).fit(table())


@pytest.mark.parametrize("failing", [table()[:, :5], frame().iloc[:, :5], np.full((1, 4), np.inf)])
def test_failed_fit_leaves_the_fit_before_it_whole(failing):
    reshaper = SequenceReshaper(features=2).fit(frame())
    with pytest.raises(ValueError, match=r"multiple of 2|infinity"):
        reshaper.fit(failing)
    sequences = reshaper.transform(frame())
    assert_same(sequences, table().reshape(4, 3, 2))
    assert_same(reshaper.inverse_transform(sequences), table())
    assert_array_equal(reshaper.feature_names_in_, NAMES)


@pytest.mark.parametrize(
    "params",
    [
        {"timesteps": 5},
        {"features": 4},
        {"truncating": None},
        {"order": "F", "features": 4},
        {"order": "A"},
    ],
)
def test_failed_fit_with_other_parameters_leaves_the_fit_before_it_whole(params):
    reshaper = SequenceReshaper(timesteps=2, features=2, truncating="pre").fit(table())
    with pytest.raises(ValueError, match=r"\b6\b|'order' parameter"):
        reshaper.set_params(**params).fit(table())
    assert_same(reshaper.transform(table()), table().reshape(4, 3, 2)[:, 1:])


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_small_numpy_integers_do_not_overflow(dtype):
    timesteps, features = np.array([20, 20], dtype)
    X = np.zeros((1, 400))
    assert SequenceReshaper(timesteps, features).fit_transform(X).shape == (1, 20, 20)


@pytest.mark.parametrize(
    "call",
    [
        lambda reshaper: reshaper.transform(table()),
        lambda reshaper: reshaper.inverse_transform(table().reshape(4, 3, 2)),
        SequenceReshaper.column_map,
        SequenceReshaper.get_feature_names_out,
    ],
    ids=["transform", "inverse_transform", "column_map", "get_feature_names_out"],
)
def test_nothing_works_before_fit(call):
    with pytest.raises(NotFittedError, match="This SequenceReshaper instance is not fitted yet"):
        call(SequenceReshaper())


def test_parameters_survive_clone_and_pickle():
    params = {"timesteps": 2, "features": 2, "order": "F", "truncating": "post"}
    reshaper = SequenceReshaper(**params).fit(frame())
    assert reshaper.get_params() == clone(reshaper).get_params() == params
    with pytest.raises(NotFittedError):
        clone(reshaper).transform(frame())
    thawed = pickle.loads(pickle.dumps(reshaper))
    assert thawed.get_params() == params
    assert_same(thawed.transform(frame()), reshaper.transform(frame()))
