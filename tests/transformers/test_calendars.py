"""Times to come: `steps_since_first`, `add_steps` and `times_ahead` against pandas' own offsets."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import CALENDARS, labelled_cases, unhurried

from skl_lstm.transformers.clocks import add_steps, steps_since_first, ticks_of
from skl_lstm.transformers.time_index import (
    find_runs,
    rows_ahead,
    sort_rows,
    times_ahead,
    times_in_steps,
)

DAY = pd.Timedelta("1D")


def around_a_weekend(freq, **params):
    times = pd.date_range("2024-03-28 18:00", "2024-04-02", freq=freq, **params)
    return times[times.day_of_week < 5]


def on_days(numbers, **params):
    times = pd.date_range("2024-02-02", periods=80, **params)
    return times[times.day_of_week.isin(numbers)]


REGULAR = {
    **CALENDARS,
    "business days": pd.bdate_range("1969-12-01", periods=40),
    "business days at 9:30 in New York": pd.bdate_range(
        "2024-03-01 09:30", periods=40, tz="America/New_York"
    ),
    "business days in seconds": pd.bdate_range("2024-03-01", periods=40).as_unit("s"),
    "every second business day": pd.date_range("2024-03-01", periods=40, freq="2B"),
    "periods of business days": pd.bdate_range("2024-03-01", periods=40).to_period("D"),
    "Mondays, Wednesdays and Fridays": on_days([0, 2, 4]),
    "Mondays, Wednesdays and Fridays in a zone": on_days([0, 2, 4], tz="Europe/Berlin"),
    "periods of Mondays, Wednesdays and Fridays": on_days([0, 2, 4]).to_period("D"),
    "hours of weekdays": around_a_weekend("h"),
    "hours of weekdays in a zone": around_a_weekend("h", tz="Europe/Berlin"),
    "quarters of an hour on weekdays": around_a_weekend("15min").as_unit("s"),
    "weeks": pd.date_range("2024-01-01", periods=30, freq="W-WED", tz="Europe/Berlin"),
    "quarter ends": pd.date_range("2023-01-31", periods=30, freq="QE"),
    "quarter starts": pd.date_range("2023-01-31", periods=30, freq="QS-FEB"),
    "half years": pd.date_range("2023-01-31", periods=30, freq="6ME"),
    "month ends at noon": pd.date_range("2023-01-31 12:00", periods=30, freq="ME"),
    "month ends in a zone": pd.date_range("2023-01-31", periods=30, freq="ME", tz="Europe/Berlin"),
    "month starts in seconds": pd.date_range("2023-01-01", periods=30, freq="MS").as_unit("s"),
    "15th of months": pd.date_range("2023-01-15", periods=30, freq=pd.DateOffset(months=1)),
    "27th of quarters at noon in a zone": pd.date_range(
        "2023-01-27 12:00", periods=30, freq=pd.DateOffset(months=3), tz="Europe/Berlin"
    ),
    "days at 2:30 in a zone": pd.date_range("2024-03-20 12:30", periods=9, tz="Europe/Berlin")
    - pd.Timedelta("10h"),
    "distant years": pd.date_range("2990-01-01", periods=30, freq="YS", unit="s"),
    "milliseconds": pd.date_range("2024", periods=30, freq="ms", unit="ms"),
    "nanoseconds": pd.date_range("2024", periods=30, freq="3ns", unit="ns"),
    "periods of two hours": pd.period_range("2024", periods=30, freq="2h"),
    "quarters as periods": pd.period_range("2024", periods=30, freq="Q"),
    "32-bit floats": pd.Index(np.arange(30, dtype=np.float32) / 4),
    "small integers near their end": pd.Index(np.arange(68, 128, 2, dtype=np.int8)),
    "large integers": pd.Index(np.arange(2**63, 2**63 + 90, 3, dtype=np.uint64)),
    "nullable integers": pd.Index(range(5, 35), dtype="Int16"),
    "nullable floats": pd.Index(np.arange(30) / 2, dtype="Float64"),
    "time spans in seconds": pd.timedelta_range("0s", periods=30, freq="7s", unit="s"),
}


def assert_same_times(found, expected):
    if expected.dtype.kind == "f":
        assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-6, atol=1e-6)
    else:
        assert found.tolist() == expected.tolist()
        assert getattr(found, "tz", None) == getattr(expected, "tz", None)


@pytest.mark.parametrize("name", REGULAR)
@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_regular_index_goes_on_as_it_was_cut_at_any_row(name, count):
    index = REGULAR[name]
    whole = sort_rows(index)
    for stop in range(len(index) - count, 4, -max(len(index) // 8, 1)):
        rows = sort_rows(index[:stop])
        if (rows.clock, rows.step) != (whole.clock, whole.step):
            continue  # too few rows to know the calendar
        assert_same_times(times_ahead(rows, count), index[count : stop + count])


@pytest.mark.parametrize("name", REGULAR)
def test_regular_times_are_counted(name):
    index = REGULAR[name]
    rows = sort_rows(index)
    steps = steps_since_first(rows.times, rows.clock, rows.step)
    assert steps.dtype == np.float64
    if "Wednesdays" in name:  # a step over a weekend has one weekday less
        assert_array_equal(np.diff(steps).min(), 0.5)
    else:
        assert_allclose(steps, np.arange(len(index)), atol=1e-3)
    backwards = steps_since_first(rows.times[::-1], rows.clock, rows.step)
    assert_array_equal(backwards, steps[::-1])


OFFSETS = [
    ("weekdays", DAY, pd.offsets.BDay(), pd.bdate_range("1969-12-24", periods=9)),
    ("weekdays", DAY, pd.offsets.BDay(), pd.bdate_range("2024-03-01 18:00", periods=9, unit="s")),
    ("months", 1, pd.offsets.MonthEnd(), pd.date_range("2023-01-31", periods=14, freq="ME")),
    ("months", 1, pd.offsets.MonthBegin(), pd.date_range("1969-01-31", periods=14, freq="MS")),
    (
        "months",
        1,
        pd.DateOffset(months=1),
        pd.date_range("2023-01-15", periods=14, freq=pd.DateOffset(months=1)),
    ),
    ("months", 3, pd.offsets.QuarterEnd(), pd.date_range("2023-01-31", periods=9, freq="QE")),
    ("months", 12, pd.offsets.YearEnd(), pd.date_range("2023-01-31", periods=9, freq="YE")),
    (
        "wall",
        DAY,
        pd.DateOffset(days=1),
        pd.date_range("2024-03-22 06:30", periods=14, tz="Europe/Berlin"),
    ),
    (
        "wall",
        7 * DAY,
        pd.DateOffset(weeks=1),
        pd.date_range("2024-10-01", periods=9, freq="W", tz="America/New_York"),
    ),
    (
        "labels",
        pd.Timedelta("15min"),
        pd.DateOffset(minutes=15),
        pd.date_range("2024-10-27", periods=20, freq="15min", tz="Europe/Berlin"),
    ),
    ("labels", pd.Timedelta("90s"), pd.Timedelta("90s"), pd.to_timedelta(range(5), "h")),
    ("labels", 2, pd.offsets.MonthEnd(2), pd.period_range("2024-01", periods=5, freq="M")),
]


@pytest.mark.parametrize("count", [0, 1, 5, 30])
@pytest.mark.parametrize(("clock", "step", "offset", "times"), OFFSETS)
def test_coming_times_are_those_of_the_offsets_of_pandas(count, clock, step, offset, times):
    expected = [time + count * offset for time in times]
    assert list(add_steps(times.rename("t"), count, clock, step)) == expected
    assert add_steps(times.rename("t"), count, clock, step).name == "t"


@unhurried
@given(
    st.lists(st.integers(0, 24 * 60), min_size=2, max_size=9, unique=True),
    st.integers(1, 60),
    st.sampled_from(["1h", "90min", "5h", "1D"]),
    st.sampled_from(["s", "ms", "us", "ns"]),
)
def test_no_coming_time_of_a_weekday_calendar_is_on_a_weekend(hours, count, step, unit):
    times = pd.Timestamp("1969-12-01") + pd.to_timedelta(hours, "h")
    times = times[times.day_of_week < 5].as_unit(unit)
    step = pd.Timedelta(step)
    later = add_steps(times, count, "weekdays", step)
    for time, found in zip(times, later, strict=True):
        expected = time
        for _ in range(count * (step // pd.Timedelta("30min"))):
            expected += pd.Timedelta("30min")
            while expected.day_of_week >= 5:
                expected += DAY
        assert found == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2024-03-30 02:30", "2024-03-31 03:00"),  # 2:30 does not exist
        ("2024-10-26 02:30", "2024-10-27 02:30+02:00"),  # exists twice
    ],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_the_next_or_the_first(start, expected):
    times = pd.DatetimeIndex([start], tz="Europe/Berlin")
    expected = pd.Timestamp(expected)
    if expected.tz is None:
        expected = expected.tz_localize("Europe/Berlin")
    assert add_steps(times, 1, "wall", DAY)[0] == expected
    last_of_month = pd.DatetimeIndex(["2024-02-29 02:30"], tz="Europe/Berlin")
    assert add_steps(last_of_month, 1, "months", 1)[0] == pd.Timestamp("2024-03-31 01:00Z")


def test_small_integers_do_not_overflow():
    times = pd.Index([100, 120], dtype=np.int8)
    assert list(add_steps(times, 3, "labels", 20)) == [160, 180]
    assert list(times_ahead(sort_rows(times), 3)) == [160, 180]
    assert_array_equal(
        steps_since_first(pd.Index([-128, 127], dtype=np.int8), "labels", 1), [0, 255]
    )


def test_labels_further_apart_than_the_greatest_integer_are_counted():
    times = pd.Index([-(2**63), 0, 2**63 - 1])
    assert_allclose(steps_since_first(times, "labels", 2**62), [0, 2, 4])
    times = pd.Index([-1e308, 1e308])
    assert_allclose(steps_since_first(times, "labels", 1e307), [0, 20])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("step", [np.timedelta64(1500, "ms"), timedelta(seconds=1.5)], ids=str)
def test_the_step_may_have_another_unit_than_the_labels(unit, step):
    times = pd.date_range("2024-03-01", periods=3, freq="3s").as_unit(unit)
    step = pd.Timedelta(step)
    assert_array_equal(steps_since_first(times, "labels", step), [0, 2, 4])
    assert list(add_steps(times, 2, "labels", step)) == [time + 2 * step for time in times]


def test_without_a_usual_step_times_are_counted_by_rank():
    index = pd.MultiIndex.from_arrays([list("bca"), [7, 9, 7]])
    rows = sort_rows(index)
    assert rows.step == 0
    assert_array_equal(steps_since_first(rows.times, rows.clock, rows.step), [0, 1, 0])
    with pytest.raises(ValueError, match=r"^The times of coming steps are unknown, .* two rows"):
        times_ahead(rows, 1)


@unhurried
@given(labelled_cases("same"), st.integers(0, 12))
def test_the_row_ahead_is_the_one_that_a_loop_finds(case, count):
    table = case.fit
    rows = sort_rows(table.index)
    found = rows_ahead(rows, count)
    auto = type(case)(**{**vars_of(case), "max_gap": "auto"})
    known = auto.rows(table)
    labels = list(known)
    expected = [-1] * len(labels)
    for place, label in enumerate(labels):
        run = auto.run(known, label)
        if count < len(run):
            expected[labels.index(run[count])] = place
    assert found.tolist() == expected
    if rows.step:
        later = ticks_of(times_ahead(rows, count))
        times = ticks_of(rows.times)
        assert_array_equal(later[found >= 0], times[found[found >= 0]])


def vars_of(case):
    names = ("calendar", "fit", "call", "timesteps", "sampling_rate", "padding", "max_gap")
    return {name: getattr(case, name) for name in names}


def test_a_row_far_ahead_does_not_exist():
    assert rows_ahead(sort_rows(pd.RangeIndex(3)), 10**30).tolist() == [-1, -1, -1]


def test_rows_behind_a_hole_go_on_by_the_calendar():
    index = pd.Index([0, 1, 2, 7, 8])
    assert times_ahead(sort_rows(index), 1).tolist() == [1, 2, 3, 8, 9]
    assert times_ahead(sort_rows(index), 2).tolist() == [2, 3, 4, 9, 10]
    shuffled = sort_rows(index[[3, 0, 4, 2, 1]])
    assert times_ahead(shuffled, 2).tolist() == [9, 2, 10, 4, 3]


def test_an_index_of_one_level_is_a_plain_one():
    rows = sort_rows(pd.MultiIndex.from_arrays([[3, 1]]))
    assert rows_ahead(rows, 1).tolist() == [-1, 0]


def test_an_empty_index_is_refused():
    for index in (pd.RangeIndex(0), pd.DatetimeIndex([]), pd.MultiIndex.from_product([[], [1]])):
        with pytest.raises(ValueError, match=r"^Found array with 0 sample\(s\)"):
            sort_rows(index)


@pytest.mark.parametrize("max_gap", ["auto", None, DAY])
def test_windows_count_times_by_the_calendar_of_fit(max_gap):
    index = pd.bdate_range("2024-03-25", periods=9, tz="Europe/Berlin")
    runs, _ = find_runs(index, max_gap, past=1)
    assert_array_equal(times_in_steps(index[3:6], runs), [0, 1, 2])
    assert_array_equal(times_in_steps(index[[8, 3]], runs), [5, 0])
