"""`sliding_windows` and `make_supervised` against plain loops, on arrays and on pandas."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.utils._param_validation import InvalidParameterError
from strategies import series_cases, unhurried

from skl_lstm import SequenceReshaper, make_supervised, sliding_windows

TEN_VALUES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
TEN_BY_TWO = [[value, 1 - value] for value in TEN_VALUES]


def weather(rows=7):
    index = pd.date_range("2012-01-01", periods=rows, name="date")
    return pd.DataFrame({"temp": np.arange(rows) * 1.0, "wind": np.arange(rows) * 10.0}, index)


def assert_same(actual, expected):
    assert_array_equal(actual, expected, strict=True)


@st.composite
def targets(draw, features):
    """A target parameter for an array, and the columns that it means."""
    columns = st.integers(0, features - 1)
    number, several = draw(columns), draw(st.lists(columns, min_size=1, unique=True))
    forms = [(None, list(range(features))), (number, [number]), (several, several)]
    return draw(st.sampled_from(forms))


@unhurried
@given(series_cases())
def test_sliding_windows_are_those_that_a_loop_cuts(case):
    windows = sliding_windows(case.series, case.timesteps, **case.window_params)
    assert_same(windows, case.windows())
    assert np.shares_memory(windows, case.series)
    assert not windows.flags.writeable


@unhurried
@given(st.data(), series_cases(ahead=True))
def test_rows_and_targets_are_those_that_a_loop_makes(data, case):
    target, columns = data.draw(targets(case.features))
    before = case.series.copy()
    X, y = make_supervised(case.series, case.timesteps, target=target, **case.params)
    expected = case.future(columns)
    assert_same(X, case.windows().reshape(len(X), -1))
    assert_same(y, expected[:, 0] if expected.shape[1] == 1 else expected)
    assert_same(case.series, before)


@unhurried
@given(st.data(), series_cases(ahead=True))
def test_data_frame_gives_the_values_of_its_array(data, case):
    target, _ = data.draw(targets(case.features))
    index = np.arange(len(case.series)) * 10
    expected_X, expected_y = make_supervised(
        case.series, case.timesteps, target=target, **case.params
    )
    X, y = make_supervised(
        pd.DataFrame(case.series, index), case.timesteps, target=target, **case.params
    )
    assert_same(X.to_numpy(), expected_X)
    assert_same(y.to_numpy(), expected_y)
    assert_array_equal(X.index, index[case.last_rows])
    assert_array_equal(y.index, X.index)


@unhurried
@given(series_cases(ahead=True))
def test_rows_go_into_the_reshaper_and_come_out_as_the_windows(case):
    X, _ = make_supervised(case.series, case.timesteps, **case.params)
    sequences = SequenceReshaper(features=case.features).fit_transform(X)
    windows = sliding_windows(case.series, case.timesteps, **case.window_params)
    assert_same(sequences, windows[: len(X)])


@pytest.mark.parametrize(
    ("series", "options", "shape"),
    [
        (TEN_VALUES, {}, (1, 10, 1)),
        (np.array(TEN_VALUES), {}, (1, 10, 1)),
        (pd.Series(TEN_VALUES), {}, (1, 10, 1)),
        (TEN_BY_TWO, {}, (1, 10, 2)),
        (pd.DataFrame(TEN_BY_TWO), {}, (1, 10, 2)),
        (range(25), {"stride": 10}, (2, 10, 1)),
        (range(25), {"sampling_rate": 2}, (7, 10, 1)),
    ],
)
def test_tutorial_shapes(series, options, shape):
    windows = sliding_windows(series, 10, **options)
    assert windows.shape == shape
    assert_array_equal(windows[0, 0], np.ravel(np.asarray(series)[0]))


@pytest.mark.parametrize("target", [None, 0, [1]])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("horizon", [1, 2])
def test_rows_and_targets_of_a_contiguous_array_are_read_only_views(target, stride, horizon):
    series = np.arange(24.0).reshape(12, 2)
    X, y = make_supervised(series, 3, target=target, horizon=horizon, gap=1, stride=stride)
    for view in (X, y):
        assert np.shares_memory(view, series)
        assert not view.flags.writeable


@pytest.mark.parametrize(
    "series",
    [pd.DataFrame(np.arange(12.0).reshape(6, 2), copy=False), pd.Series(np.arange(6.0))],
    ids=["frame over a C-contiguous array", "series"],
)
def test_frame_of_rows_shares_memory_with_the_series(series):
    X, y = make_supervised(series, 2)
    assert np.shares_memory(X.to_numpy(), series.to_numpy())
    assert np.shares_memory(y.to_numpy(), series.to_numpy())


def test_frame_keeps_names_and_the_moment_of_each_forecast():
    X, y = make_supervised(weather(), 2, target="temp", sampling_rate=2, gap=1, stride=2)
    moments = pd.DatetimeIndex(["2012-01-03", "2012-01-05"], name="date")
    rows = [[0.0, 0.0, 2.0, 20.0], [2.0, 20.0, 4.0, 40.0]]
    names = ["t0_temp", "t0_wind", "t1_temp", "t1_wind"]
    pd.testing.assert_frame_equal(X, pd.DataFrame(rows, moments, names), check_freq=False)
    pd.testing.assert_series_equal(y, pd.Series([4.0, 6.0], moments, name="temp"), check_freq=False)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["h1_temp", "h1_wind"]),
        ({"target": ["wind", "temp"]}, ["h1_wind", "h1_temp"]),
        ({"target": pd.Index(["wind", "temp"])}, ["h1_wind", "h1_temp"]),
        ({"target": "wind", "horizon": 3}, ["h1_wind", "h2_wind", "h3_wind"]),
        ({"target": ["wind"], "horizon": 2, "gap": 2}, ["h3_wind", "h4_wind"]),
        ({"horizon": 2}, ["h1_temp", "h1_wind", "h2_temp", "h2_wind"]),
    ],
)
def test_several_values_to_forecast_are_named_after_the_steps_ahead(options, names):
    X, y = make_supervised(weather(), 2, **options)
    assert list(y.columns) == names
    assert y.index.equals(X.index)
    # The first window ends at row 1; h2 is two rows on.
    expected = [weather()[name[3:]].iloc[1 + int(name[1])] for name in names]
    assert_array_equal(y.iloc[0], expected)


@pytest.mark.parametrize("target", ["wind", ["wind"]])
def test_one_value_to_forecast_is_a_series_with_the_columns_name(target):
    _, y = make_supervised(weather(), 2, target=target)
    assert isinstance(y, pd.Series)
    assert y.name == "wind"


def test_series_is_one_feature_under_its_own_name():
    X, y = make_supervised(weather()["wind"], 2)
    assert list(X.columns) == ["t0_wind", "t1_wind"]
    assert y.name == "wind"
    X, _ = make_supervised(pd.Series(range(5)), 2)
    assert list(X.columns) == ["t0_0", "t1_0"]


def test_column_under_a_tuple_is_one_target():
    levels = pd.MultiIndex.from_product([["x"], [1, 2]])
    _, y = make_supervised(weather().set_axis(levels, axis=1), 2, target=("x", 2))
    assert_array_equal(y, weather()["wind"][2:])


def test_missing_values_pass_those_of_nullable_pandas_too():
    for missing in (pd.Series([1, None, 3, 4], dtype="Int64"), pd.Series([1, np.nan, 3, 4])):
        X, y = make_supervised(missing, 2)
        assert_array_equal(X, [[1, np.nan], [np.nan, 3]])
        assert_array_equal(y, [3, 4])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("rain", "target 'rain' is not a column of the series. Columns: 'temp', 'wind'."),
        (["temp", 1], "target 1 is not a column of the series. Columns: 'temp', 'wind'."),
        ([], "target=[] names no column. Columns: 'temp', 'wind'."),
        (
            ("temp", "wind"),
            "target ('temp', 'wind') is not a column of the series. Columns: 'temp', 'wind'.",
        ),
    ],
)
def test_target_that_is_no_column_is_refused_with_those_there_are(target, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_supervised(weather(), 2, target=target)


@pytest.mark.parametrize("target", [2, -1, "a", True])
def test_target_of_an_array_is_a_column_number(target):
    message = f"target {target!r} is not a column of the series. Columns: 0, 1."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_supervised(TEN_BY_TWO, 2, target=target)


def test_columns_of_one_name_are_refused():
    with pytest.raises(ValueError, match=r"^series has repeated column names, 'a', but columns"):
        make_supervised(weather().set_axis(["a", "a"], axis=1), 2, target="a")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: sliding_windows(TEN_VALUES, 6, sampling_rate=2),
            "A series of 10 rows is too short for one window: 6 timesteps at sampling_rate=2 span "
            "11 rows. Use fewer timesteps or a longer series.",
        ),
        (
            lambda: make_supervised(TEN_VALUES, 8, horizon=2, gap=1),
            "A series of 10 rows is too short for one window: 8 timesteps at sampling_rate=1 span "
            "8 rows, and gap plus horizon need 3 more. Use fewer timesteps or a longer series.",
        ),
    ],
)
def test_short_series_is_refused_in_the_users_numbers(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()


@pytest.mark.parametrize("function", [sliding_windows, make_supervised])
def test_text_columns_are_refused_by_name(function):
    message = (
        "Columns that do not hold numbers: 'sky', 'day'. Drop or encode them first, for example "
        "by select_dtypes('number'). The time of the rows belongs in the index: "
        "series.set_index('day')."
    )
    series = weather().assign(sky="sun", day=pd.Timestamp("2012-01-01"))
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}$"):
        function(series, 2)


@pytest.mark.parametrize("function", [sliding_windows, make_supervised])
@pytest.mark.parametrize(
    ("series", "error", "message"),
    [
        ([1.0, np.inf, 2.0], ValueError, "Input series contains infinity"),
        (
            ["a", "b", "c"],
            ValueError,
            "series has a value at (0,) that cannot be converted to a number",
        ),
        (np.zeros((3, 2, 1)), ValueError, "Found array with dim 3, while dim <= 2 is required"),
        (np.float64(3), TypeError, "Input should have at least 1 dimension"),
        ([], ValueError, "Found array with 0 sample(s)"),
        (sparse.csr_array(np.eye(3)), TypeError, "dense data is required. Use '.toarray()'"),
    ],
)
def test_what_is_no_series_of_numbers_is_refused(function, series, error, message):
    with pytest.raises(error, match=re.escape(message)):
        function(series, 1)


@pytest.mark.parametrize(
    ("function", "name", "low"),
    [
        *((sliding_windows, name, 1) for name in ("timesteps", "stride", "sampling_rate")),
        *(
            (make_supervised, name, 1)
            for name in ("timesteps", "stride", "sampling_rate", "horizon")
        ),
        (make_supervised, "gap", 0),
    ],
)
def test_bad_parameter_is_refused(function, name, low):
    for value in (low - 1, 2.5, True, "3", None):
        message = (
            f"The {name!r} parameter of {function.__name__} must be an int in the range "
            f"[{low}, inf). Got {value!r} instead."
        )
        with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}$"):
            function(TEN_VALUES, **{"timesteps": 2, name: value})


@pytest.mark.parametrize(
    ("timesteps", "options", "rows"),
    [(200, {"sampling_rate": 2}, 101), (2, {"gap": 200, "horizon": 100}, 199)],
)
def test_small_numpy_integers_do_not_overflow(timesteps, options, rows):
    options = {name: np.uint8(value) for name, value in options.items()}
    X, _ = make_supervised(range(500), np.uint8(timesteps), **options)
    assert len(X) == rows
