"""`leads` against plain loops over the series of a table."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.utils._param_validation import InvalidParameterError
from strategies import CALENDARS, labelled_cases, series_cases, unhurried

from skl_lstm import leads, make_supervised
from skl_lstm._core.shapes import lead_names, parse_lead_name

DAYS = pd.date_range("2024-03-01", periods=6, name="day")
MONTH_ENDS = pd.date_range("2024-01-31", periods=6, freq="ME")


def table(index=DAYS):
    return pd.DataFrame({"load": np.arange(6.0), "holiday": [0, 0, 1, 0, 0, 1]}, index)


def futures(case, steps):
    """Return the rows with a complete future, and the rows of their future, by a loop."""
    known = case.rows(case.fit)
    later = {}  # (label, steps ahead) to the label there
    for label in known:
        for step, earlier in enumerate(case.run(known, label)):
            later[earlier, step] = label
    places = {label: place for place, label in enumerate(known)}
    rows = [place for label, place in places.items() if (label, steps[-1]) in later]
    labels = list(known)
    return rows, [[places[later[labels[row], step]] for step in steps] for row in rows]


@unhurried
@given(labelled_cases("same"), st.integers(1, 3), st.integers(0, 2))
def test_the_values_ahead_are_those_that_a_loop_finds(case, horizon, gap):
    case = replace(case, max_gap="auto")
    steps = range(gap + 1, gap + horizon + 1)
    rows, ahead = futures(case, steps)
    if not rows:
        with pytest.raises(ValueError, match=r"Use a shorter horizon or more rows\.$"):
            leads(case.fit, horizon=horizon, gap=gap)
        return
    before = case.fit.copy()
    labels = list(case.rows(case.fit))
    n_lost = len({name for name, _ in labels} - {labels[row][0] for row in rows})
    with warnings.catch_warnings(record=True, action="always") as caught:
        found = leads(case.fit, horizon=horizon, gap=gap)
    started = [str(warning.message).split(" series")[0] for warning in caught]
    n_series = len({name for name, _ in labels})
    assert started == ([f"The result leaves out {n_lost} of {n_series}"] if n_lost else [])
    names = [f"h{step}_{name}" for step in steps for name in case.fit.columns]
    values = case.fit.to_numpy()
    expected = np.array(
        [[value for place in places for value in values[place]] for places in ahead]
    )
    assert list(found.columns) == names
    assert found.index.equals(case.fit.index[rows])
    assert_array_equal(found.to_numpy(), expected.astype(values.dtype), strict=True)
    pd.testing.assert_frame_equal(case.fit, before)
    with warnings.catch_warnings(action="ignore"):
        one = leads(case.fit, "a", horizon=horizon, gap=gap)
    assert_array_equal(np.reshape(one, (len(rows), -1)), found.iloc[:, :: case.features])


@unhurried
@given(series_cases(ahead=True))
def test_the_rows_of_an_array_are_consecutive(case):
    case = replace(case, timesteps=1, stride=1, sampling_rate=1)
    found = leads(case.series, horizon=case.horizon, gap=case.gap)
    assert_array_equal(found, case.future(range(case.features)), strict=True)
    column = leads(case.series, 0, horizon=case.horizon, gap=case.gap)
    expected = case.future([0])
    assert_array_equal(column, expected[:, 0] if case.horizon == 1 else expected, strict=True)


@unhurried
@given(series_cases(ahead=True), st.sampled_from(list(CALENDARS)))
def test_one_series_without_holes_has_the_targets_of_make_supervised(case, calendar):
    index = CALENDARS[calendar][: len(case.series)]
    series = pd.DataFrame(case.series, index, columns=list("abc")[: case.features])
    params = {"horizon": case.horizon, "gap": case.gap}
    for target in (None, "a"):
        _, expected = make_supervised(series, 1, target=target, **params)
        found = leads(series, target, **params)
        if isinstance(expected, pd.Series) and case.gap:
            expected = expected.rename(f"h{case.gap + 1}_a")
        if isinstance(expected, pd.Series) and isinstance(found, pd.DataFrame):
            expected = expected.to_frame(f"h{case.gap + 1}_a")  # a table of one column
        assert type(found) is type(expected)
        assert_array_equal(found.to_numpy(), expected.to_numpy(), strict=True)
        assert found.index.equals(expected.index)
        names = ["name"] if isinstance(found, pd.Series) else ["columns"]
        assert all(list(getattr(found, n)) == list(getattr(expected, n)) for n in names)


@unhurried
@given(st.permutations(range(12)), st.integers(1, 3))
def test_targets_belong_to_the_rows_of_their_labels(order, horizon):
    index = pd.MultiIndex.from_product([["b", "a"], DAYS], names=["place", "day"])
    panel = pd.DataFrame({"load": np.arange(12)}, index).iloc[order]
    y = leads(panel, "load", horizon=horizon)
    X = panel.loc[y.index]
    assert X.index.equals(y.index)
    for label, future in zip(X.index, np.reshape(y, (len(y), -1)), strict=True):
        days = [(label[0], label[1] + step * pd.Timedelta("1D")) for step in range(1, horizon + 1)]
        assert list(future) == panel.loc[days, "load"].tolist()


def test_futures_that_are_known_become_columns():
    joined = table().join(leads(table()[["holiday"]], horizon=2), how="inner")
    assert list(joined.columns) == ["load", "holiday", "h1_holiday", "h2_holiday"]
    assert joined["h2_holiday"].tolist() == [1, 0, 0, 1]
    assert joined.index.equals(DAYS[:4])
    panel = pd.concat({"a": table(), "b": table()}, names=["place"])
    assert len(panel.join(leads(panel[["holiday"]], horizon=2), how="inner")) == 8


@pytest.mark.parametrize(
    "index",
    [
        pd.bdate_range("2024-02-29", periods=6),
        pd.date_range("2024-03-29", periods=6, tz="Europe/Berlin"),
        pd.date_range("2024-10-27", periods=6, freq="h", tz="Europe/Berlin"),
        MONTH_ENDS,
        MONTH_ENDS.to_period("M"),
        pd.to_datetime([f"2024-03-0{day} 00:0{day % 3}" for day in range(1, 7)]),
        pd.Index([10, 20, 31, 40, 49, 60]),
        pd.MultiIndex.from_arrays([DAYS]),
        pd.MultiIndex.from_product([["x"], ["y"], DAYS]),
    ],
    ids=["weekdays", "days", "hours", "months", "periods", "about daily", "numbers", "1", "3"],
)
def test_neighbours_are_those_of_the_calendar(index):
    y = leads(table(index), "load", horizon=2)
    assert_array_equal(y, [[1, 2], [2, 3], [3, 4], [4, 5]])
    assert y.index.equals(index[:4])


def test_a_future_ends_at_a_hole_and_at_the_end_of_a_series():
    holes = pd.Index([1, 2, 3, 5, 6, 7])
    assert_array_equal(leads(table(holes), "load"), [1, 2, 4, 5])
    assert leads(table(holes), "load", horizon=2).index.tolist() == [1, 5]
    assert leads(table(holes), "load", gap=1).index.tolist() == [1, 5]
    panel = pd.MultiIndex.from_arrays([list("aaabbb"), [1, 2, 3, 4, 5, 6]])
    assert leads(table(panel), "load").index.tolist() == [("a", 1), ("a", 2), ("b", 4), ("b", 5)]


DTYPES = {
    "integers": np.arange(6, dtype=np.int8),
    "booleans": np.arange(6) < 3,
    "texts": pd.array(list("abcdef"), dtype="str"),
    "objects": pd.array(list("abcdef"), dtype=object),
    "categories": pd.Categorical(list("abcabc"), categories=list("cba"), ordered=True),
    "nullable": pd.array([1, None, 3, 4, 5, 6], dtype="Int16"),
    "dates": pd.date_range("2024", periods=6, tz="Europe/Berlin"),
    "missing": np.array([0, np.nan, 2, np.inf, 4, 5], dtype=np.float32),
}


@pytest.mark.parametrize("values", DTYPES.values(), ids=list(DTYPES))
def test_columns_keep_their_dtype_and_missing_values(values):
    frame = table().assign(v=values)
    found = leads(frame, ["v"], horizon=2)
    for step in (1, 2):
        expected = frame["v"].iloc[step : step + 4].set_axis(DAYS[:4]).rename(f"h{step}_v")
        pd.testing.assert_series_equal(found[f"h{step}_v"], expected, check_freq=False)


@pytest.mark.parametrize(
    ("data", "columns", "options", "names"),
    [
        (table(), None, {}, ["h1_load", "h1_holiday"]),
        (table(), ["holiday", "load"], {}, ["h1_holiday", "h1_load"]),
        (table(), pd.Index(["load"]), {}, ["h1_load"]),
        (table(), "load", {"horizon": 2, "gap": 2}, ["h3_load", "h4_load"]),
        (table(), "load", {}, "load"),
        (table(), "load", {"gap": 2}, "h3_load"),
        (table()["load"], None, {}, "load"),
        (table()["load"], None, {"horizon": 2}, ["h1_load", "h2_load"]),
        (table()["load"].rename(None), None, {}, None),
        (table()["load"].rename(None), None, {"gap": 1}, "h2_0"),
        (table()["load"].rename(None), None, {"horizon": 2}, ["h1_0", "h2_0"]),
        (table()[["load"]], None, {}, ["h1_load"]),
        (table().set_axis([0, 1], axis=1), 1, {}, 1),
        (table().set_axis([0, 1], axis=1), [1], {}, ["h1_1"]),
        (table().set_axis([("x", 1), ("x", 2)], axis=1), ("x", 2), {}, ("x", 2)),
        (pd.concat({"x": table()}, axis=1), ("x", "load"), {}, ("x", "load")),
        (pd.concat({"x": table()}, axis=1), None, {}, ["h1_('x', 'load')", "h1_('x', 'holiday')"]),
    ],
)
def test_columns_are_named_by_step_and_a_single_value_by_its_column(data, columns, options, names):
    found = leads(data, columns, **options)
    if isinstance(found, pd.Series):
        assert found.name == names
    else:
        assert list(found.columns) == names
    assert found.index.name == "day"


@pytest.mark.parametrize(
    ("data", "columns", "options", "expected"),
    [
        ([1, 2, 3], None, {}, [2, 3]),
        ([1, 2, 3], None, {"gap": 1}, [3]),
        (range(4), None, {"horizon": 2}, [[1, 2], [2, 3]]),
        ([[1, 2], [3, 4]], None, {}, [[3, 4]]),
        ([[1, 2], [3, 4]], 1, {}, [4]),
        ([[1, 2], [3, 4]], np.int64(1), {}, [4]),
        ([[1, 2], [3, 4]], [1], {}, [[4]]),
        ([[1, 2], [3, 4]], [1, 0], {}, [[4, 3]]),
        (np.array([True, False]), None, {}, [False]),
        ([1, np.nan], None, {}, [np.nan]),
    ],
)
def test_arrays_are_read_by_position(data, columns, options, expected):
    assert_array_equal(leads(data, columns, **options), expected)


@pytest.mark.parametrize("make", [table, lambda: table().to_numpy()], ids=["table", "array"])
@pytest.mark.parametrize(
    ("options", "reason", "rows"),
    [
        ({"horizon": 6}, "horizon=6", "6 rows"),
        ({"gap": 5, "horizon": np.int8(2)}, "gap=5 and horizon=2", "7 rows"),
        ({"horizon": 10**30}, f"horizon={10**30}", f"{10**30} rows"),
        ({"gap": 10**30}, f"gap={10**30} and horizon=1", f"{10**30 + 1} rows"),
    ],
)
def test_a_table_without_any_future_is_refused(make, options, reason, rows):
    message = (
        f"With {reason}, a row needs {rows} after it, but the table has 6. Use a shorter horizon "
        "or more rows."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        leads(make(), **options)


def test_series_that_are_too_short_and_holes_are_named():
    message = (
        "With horizon=2, a row needs 2 rows after it, but the longest run of rows without a hole "
        "in time has 2. Use a shorter horizon or more rows."
    )
    for index in (
        pd.Index([1, 2, 11, 12, 21, 22]),
        pd.MultiIndex.from_product([["a", "b", "c"], DAYS[:2]]),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            leads(table(index), horizon=2)
    with pytest.raises(ValueError, match=r"^With horizon=1, a row needs 1 row after it, but the"):
        leads(table()[:1])


COLUMNS = "Columns: 'load', 'holiday'."


@pytest.mark.parametrize(
    ("data", "columns", "message"),
    [
        (table(), "rain", f"'rain' is not a column of the table. {COLUMNS}"),
        (table(), ["load", 1], f"1 is not a column of the table. {COLUMNS}"),
        (table(), [True, False], f"True is not a column of the table. {COLUMNS}"),
        (table(), [], f"columns=[] names no column. {COLUMNS}"),
        (
            table(),
            ["load", "load"],
            "columns=['load', 'load'] names 'load' more than once. Name it once.",
        ),
        (
            table()["load"],
            "load",
            "columns must be None for a Series, which has one; got 'load'.",
        ),
        ([1, 2], 0, "columns must be None for a 1D array, which has one; got 0."),
        ([[1, 2]], 2, "2 is not a column of the table. Columns: 0, 1."),
        ([[1, 2]], -1, "-1 is not a column of the table. Columns: 0, 1."),
        ([[1, 2]], True, "True is not a column of the table. Columns: 0, 1."),
        (
            table().set_axis(["a", "a"], axis=1),
            None,
            "table has repeated column names, 'a', but columns must have unique names. Rename or "
            "drop the duplicates.",
        ),
    ],
)
def test_columns_that_are_not_in_the_table_are_refused(data, columns, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        leads(data, columns)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (table(list("abcdef")), TypeError, "must be the time of each row, but it holds labels of"),
        (table(pd.CategoricalIndex(DAYS)), TypeError, "must be the time of each row, but it holds"),
        (
            table(DAYS[[0, 0, 1, 2, 3, 4]]),
            ValueError,
            "2 rows have the label 2024-03-01 00:00:00, but the labels of a series must be unique.",
        ),
        (table([1, 2, np.nan, 4, 5, 6]), ValueError, "1 of 6 rows have a missing or infinite"),
        (table()[:0], ValueError, "Found array with 0 sample(s)"),
        ([], ValueError, "Found array with 0 sample(s)"),
        (["a", "b"], ValueError, "table has a value at (0,) that cannot be converted to a number"),
        (np.zeros((2, 2, 2)), ValueError, "Found array with dim 3, while dim <= 2 is required"),
        (5, TypeError, "Input should have at least 1 dimension"),
        ({"a": [1, 2]}, TypeError, "table is of type dict, but must be an array"),
    ],
)
def test_tables_without_time_and_other_objects_are_refused(data, error, message):
    with pytest.raises(error, match=re.escape(message)):
        leads(data)


def test_labels_that_are_not_what_they_look_like_cause_a_warning():
    with pytest.warns(UserWarning, match="look like dates that are written as numbers"):
        leads(table([20240228, 20240229, 20240301, 20240302, 20240303, 20240304]))


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_in_a_column_cause_a_warning_if_the_index_counts_the_rows(zone):
    day = DAYS.tz_localize(zone)
    message = (
        "The rows of the table are read as consecutive rows of one series, because its index only "
        "counts them, but column 'day' holds dates. If these are the times of the rows, use "
        "table.set_index('day'); for several series, use table.set_index([..., 'day'])."
    )
    counted = table(day).reset_index()
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        assert leads(counted, "load").tolist() == [1, 2, 3, 4, 5]
    assert leads(counted["load"]).tolist() == [1, 2, 3, 4, 5]
    assert leads(counted.set_index(DAYS), "load").tolist() == [1, 2, 3, 4, 5]
    assert leads(counted.drop(columns="day"), "load").tolist() == [1, 2, 3, 4, 5]


def test_series_without_a_complete_future_are_named():
    panel = pd.concat({"b": table(), "a": table()[:2], "c": table()[::2]})
    message = (
        "The result leaves out 2 of 3 series, which have no row with a complete future: 'a', 'c'. "
        "With horizon=2, a row needs 2 rows after it, but their longest run of rows without a hole "
        "in time has 2. A step of at least 1.5 times the usual step, 1 days, is a hole. Use a "
        "shorter horizon or more rows. If these series have longer steps, pass them to leads in a "
        "table of their own."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        y = leads(panel, "load", horizon=2)
    assert set(y.index.get_level_values(0)) == {"b"}
    many = pd.concat({("x", 9): table(), **{("y", i): table()[:1] for i in range(6)}})
    names = "6 of 7 series, .*: " + re.escape("('y', 0), ('y', 1), ('y', 2), ('y', 3), ('y', 4), …")
    with pytest.warns(UserWarning, match=rf"leaves out {names}\. With gap=1 and horizon=1, "):
        leads(many, gap=1)


@pytest.mark.parametrize(("name", "low"), [("horizon", 1), ("gap", 0)])
def test_bad_parameter_is_refused(name, low):
    for value in (low - 1, 2.5, True, "3", None):
        message = (
            f"The {name!r} parameter of leads must be an int in the range [{low}, inf). Got "
            f"{value!r} instead."
        )
        with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}$"):
            leads(table(), **{name: value})


def test_small_numpy_integers_do_not_overflow():
    found = leads(pd.Series(range(500)), horizon=np.int8(100), gap=np.int8(100))
    assert found.shape == (300, 100)
    assert found.columns[-1] == "h200_0"
    assert leads(range(500), horizon=np.int8(100), gap=np.int8(100)).shape == (300, 100)


@given(st.integers(1, 10**6), st.text(min_size=1))
def test_names_of_steps_ahead_are_read_back(step, name):
    assert parse_lead_name(lead_names([step], [name])[0]) == (step, name)


@pytest.mark.parametrize(
    "name", ["h0_a", "h1_", "h_a", "h01_a", "xh1_a", "H1_a", "t0_a", 1, ("a",)]
)
def test_other_names_are_no_steps_ahead(name):
    assert parse_lead_name(name) is None


def test_several_steps_and_names_are_in_the_order_of_the_steps():
    assert lead_names([2, 3], ["a", 1]) == ["h2_a", "h2_1", "h3_a", "h3_1"]
