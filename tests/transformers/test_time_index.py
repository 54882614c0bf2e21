"""pandas indexes: order, clocks, runs of neighbours, and places among what is known."""

import re
from datetime import timedelta, timezone
from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import labelled_cases, unhurried

from skl_lstm.transformers.clocks import are_holes, choose_clock, steps_between, usual_step
from skl_lstm.transformers.hollow_windows import HollowWindows, describe, length_of_time
from skl_lstm.transformers.label_checks import check_labels, kind_of_time
from skl_lstm.transformers.packing import pack, unpack
from skl_lstm.transformers.time_index import (
    Places,
    Runs,
    find_runs,
    join_labels,
    labels_inside,
    learn_calendar,
    order_rows,
    place_rows,
    run_starts,
)

DAY, HOUR = pd.Timedelta("1D"), pd.Timedelta("1h")


def days(*numbers, **params):
    return pd.DatetimeIndex([f"2024-03-{number:02}" for number in numbers], **params)


def series(names, times):
    return pd.MultiIndex.from_arrays([list(names), times])


def numbered(*numbers):
    return pd.Index(numbers)


@pytest.mark.parametrize(
    ("times", "kind"),
    [
        (days(1), "dates"),
        (days(1, tz="UTC"), "dates in a time zone"),
        (days(1) - days(1), "time spans"),
        (days(1).to_period("D"), "periods of D"),
        (pd.period_range("2024", periods=1, freq="2M"), "periods of 2M"),
        *((pd.Index([1], dtype=dtype), "numbers") for dtype in ("int8", "uint64", "float32")),
        *((pd.Index([1], dtype=dtype), "numbers") for dtype in ("Int64", "Float64")),
        (pd.RangeIndex(1), "numbers"),
    ],
)
def test_kind_of_time_says_what_the_labels_are(times, kind):
    assert kind_of_time(times) == kind


@pytest.mark.parametrize("times", [pd.Index(["a"]), pd.Index([True]), pd.CategoricalIndex([1])])
def test_labels_whose_steps_have_no_length_have_no_kind(times):
    with pytest.raises(TypeError, match=r"index must be the time of each row, but it holds labels"):
        kind_of_time(times)


def test_labels_are_checked_in_every_level():
    check_labels(series("aab", numbered(1, 2, 1)))
    for index in (series("ab", [1, np.nan]), series(["a", None], [1, 2])):
        with pytest.raises(
            ValueError, match="1 of 2 rows have a missing or infinite label in the index"
        ):
            check_labels(index)


@pytest.mark.parametrize("times", [days(1, 2), days(1, 2).to_period("D")])
@pytest.mark.parametrize(
    ("names", "named", "remedy"),
    [
        (["time", "sensor"], ["'sensor'", "'time'"], "X.swaplevel()"),
        ([None, None], ["1", "0"], "X.swaplevel()"),
        (["plant", "time", "id"], ["'id'", "'time'"], "X.reorder_levels(['plant', 'id', 'time'])"),
        ([None, "time", None], ["2", "'time'"], "X.reorder_levels([0, 2, 1])"),
    ],
)
@pytest.mark.parametrize(
    ("last", "example"), [([7, 7], "7"), (["x", "y"], "'x'"), ([0.5, 1], "0.5")]
)
def test_dates_in_an_outer_level_are_to_be_put_last(times, names, named, remedy, last, example):
    levels = [times, last] if len(names) == 2 else [["a", "a"], times, last]
    index = pd.MultiIndex.from_arrays(levels, names=names)
    message = (
        f"The last level of the index must be the time of each row, but level {named[0]} holds "
        f"labels of dtype {index.levels[-1].dtype}, such as {example}, and level {named[1]} holds "
        f"dates. If the dates are the time, put them last: {remedy}. If both are the time, join "
        "them in one level of dates. If the dates name the series, convert them to text."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        check_labels(index)
    check_labels(eval(remedy, {"X": pd.DataFrame(index=index)}).index)


def test_dates_may_name_the_series_of_times():
    for times in (days(2, 3), days(2, 3) - days(1)[0], days(2, 3).to_period("D")):
        check_labels(pd.MultiIndex.from_product([days(1), times]))


def test_text_in_the_last_level_of_several_has_its_own_remedy():
    index = series("ab", ["2024-03-01", "2024-03-02"])
    with pytest.raises(TypeError, match=re.escape("Use dates, for example X.index.set_levels(")):
        check_labels(index)
    check_labels(index.set_levels(pd.to_datetime(index.levels[-1]), level=-1))


def test_rows_are_ordered_by_series_and_time():
    assert order_rows(numbered(5, 3, 4)).tolist() == [1, 2, 0]
    assert order_rows(series("baba", days(2, 2, 1, 1))).tolist() == [3, 1, 2, 0]
    assert order_rows(days(2, 1, tz="Europe/Berlin")).tolist() == [1, 0]


def test_of_two_rows_with_one_label_the_one_from_before_is_left_out():
    assert order_rows(numbered(5, 3, 3, 4), n_before=2).tolist() == [2, 3, 0]
    for n_before in (0, 1):
        with pytest.raises(ValueError, match=f"^{3 - n_before} rows have the label 3, "):
            order_rows(numbered(3, 3, 3), n_before)


def test_joined_labels_are_those_of_the_zone_of_fit():
    berlin, tokyo = days(1, tz="Europe/Berlin"), days(2, tz="Asia/Tokyo")
    joined = join_labels(berlin, tokyo)
    assert joined.equals(berlin.append(tokyo.tz_convert("Europe/Berlin")))
    joined = join_labels(series("a", berlin), series("b", tokyo))
    assert joined.tolist() == [("a", berlin[0]), ("b", tokyo[0])]
    assert joined.get_level_values(1).tz == berlin.tz


@pytest.mark.parametrize("units", list(permutations(["s", "ms", "us", "ns"], 2)), ids="-".join)
@pytest.mark.parametrize("kind", [pd.DatetimeIndex, pd.TimedeltaIndex])
def test_joined_labels_keep_the_digits_of_the_finer_unit(units, kind):
    code = "M" if kind is pd.DatetimeIndex else "m"
    before, index = (kind(np.array([1], f"{code}8[{unit}]")) for unit in units)
    assert join_labels(before, index).tolist() == [before[0], index[0]]
    joined = join_labels(series("a", before), series("b", index))
    assert joined.tolist() == [("a", before[0]), ("b", index[0])]


def test_levels_in_another_order_are_not_joined():
    index = pd.MultiIndex.from_arrays([[1], [2], [3]], names=["plant", "sensor", "hour"])
    message = (
        "The levels of the index of X are ['hour', 'plant', 'sensor'], but in fit they were "
        "['plant', 'sensor', 'hour']. Use X.reorder_levels(['plant', 'sensor', 'hour'])."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        join_labels(index, index.reorder_levels([2, 0, 1]))
    for names in (["other", "sensor", "hour"], [None, None, "plant"]):
        assert len(join_labels(index, index.set_names(names))) == 2


def as_categories(names):
    return pd.CategoricalIndex(names)


@pytest.mark.parametrize("convert", [pd.Index, as_categories])
@pytest.mark.parametrize(("before", "now"), [([1, 2], ["1", "2"]), (["1.5"], [1.5])])
def test_series_named_by_text_and_by_numbers_are_not_joined(before, now, convert):
    was, index = (pd.MultiIndex.from_product([convert(names), [1]]) for names in (before, now))
    message = (
        f"Level 0 of the index names the series by labels such as {now[0]!r}, but in fit such as "
        f"{before[0]!r}, so no row of X has a past in fit. Give the labels one dtype."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        join_labels(was, index)


def test_series_may_be_named_in_another_dtype_of_the_same_kind():
    names = [pd.Index(["a"], dtype=object), pd.Index(["a"], dtype="str"), as_categories(["a"])]
    names += [pd.Index([1]), pd.Index([1.0]), pd.Index([1], dtype="Int8")]
    for before, now in [*permutations(names[:3], 2), *permutations(names[3:], 2)]:
        was, index = (pd.MultiIndex.from_product([i, [5]]) for i in (before, now))
        assert len(set(join_labels(was, index))) == 1


def test_labels_of_two_kinds_are_not_joined():
    message = (
        "The index of X has dates in level 1 as the time of its rows, but in fit it had numbers in "
        "level 0. Give X an index like that of fit."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        join_labels(numbered(1), series("a", days(1)))


@pytest.mark.parametrize(
    ("index", "clock", "max_gap"),
    [
        (days(1, 2, 3, 5), "labels", DAY),
        (days(1, 3, 4, 6, 7), "labels", DAY),
        (days(1, 4, 5), "weekdays", DAY),
        (days(1, 4, 5, tz="UTC"), "weekdays", DAY),
        (days(1, 4, 5).to_period("D"), "weekdays", 1),
        (days(1, 2, 4, 5), "labels", DAY),
        (days(1, 4), "labels", 3 * DAY),
        (days(4, 6, 8, 11, 13), "weekdays", 2 * DAY),  # Mondays, Wednesdays and Fridays
        (days(1, 5, 8, 12), "labels", 4 * DAY),  # Tuesdays and Fridays
        (days(4, 11, 18), "labels", 7 * DAY),
        (days(4, 5, 6, 7, 8), "labels", DAY),
        (series("aabb", days(4, 5, 11, 12)), "labels", DAY),
        (days(1, 2, 3, tz="Europe/Berlin"), "wall", DAY),
        (days(1, 2, 3, tz="UTC"), "wall", DAY),
        (days(1, 8, 15, tz="UTC"), "wall", 7 * DAY),
        (pd.date_range("2024-10-27", periods=5, freq="h", tz="Europe/Berlin"), "labels", HOUR),
        (pd.date_range("2024-01-01", periods=3, freq="MS"), "months", 1),
        (pd.date_range("2024-01-31", periods=3, freq="ME"), "months", 1),
        (pd.date_range("2024-01-01", periods=3, freq="QS"), "months", 3),
        (pd.date_range("2024-01-01", periods=3, freq="YE"), "months", 12),
        (pd.date_range("2024-01-01", periods=3, freq="MS", tz="Europe/Berlin"), "months", 1),
        (pd.date_range("2024-01-01", periods=3, freq="MS") + 14 * DAY, "months", 1),
        (pd.date_range("2021-06-27", periods=3, freq=pd.DateOffset(years=1)), "months", 12),
        (series("ab", pd.DatetimeIndex(["2024-01-15", "2024-02-16"])), "labels", 0 * DAY),
        # Neither all last days of months nor all on one day from the 1st to the 27th.
        (pd.DatetimeIndex(["2024-01-15", "2024-02-15", "2024-03-16"]), "labels", 30 * DAY),
        (pd.date_range("2024-01-28", periods=3, freq=pd.DateOffset(months=1)), "labels", 29 * DAY),
        (pd.date_range("2024-01-31", periods=3, freq="BME"), "labels", 29 * DAY),  # 29 March
        (pd.DatetimeIndex(["2024-01-31", "2024-03-01", "2024-03-31"]), "labels", 30 * DAY),
        (pd.date_range("2024-01-15", periods=3, freq="30D"), "labels", 30 * DAY),
        (pd.period_range("2024-01", periods=3, freq="M"), "labels", 1),
        (pd.timedelta_range("0h", periods=3, freq="h"), "labels", HOUR),
        (numbered(10, 13, 16, 17), "labels", 3),
        (numbered(0.0, 0.5, 1.0, 7.0), "labels", 0.5),
        (series("aabb", numbered(0, 2, 9, 11)), "labels", 2),
        (series("abab", numbered(0, 0, 7, 7)), "labels", 7),
        (numbered(5), "labels", 0),
        (days(5), "labels", 0 * DAY),
        (series("ab", days(1, 2)), "labels", 0 * DAY),
    ],
)
def test_usual_step_is_learnt_on_the_clock_of_the_calendar(index, clock, max_gap):
    learnt = learn_calendar(index, order_rows(index))
    assert learnt == (clock, max_gap)
    assert type(learnt[1]) is type(max_gap)


def usual(steps):
    """The lower median of the largest group [s, 1.5 s) of steps, by loops."""
    groups = [sorted(step for step in steps if s <= step and 2 * step < 3 * s) for s in steps]
    largest = max(groups, key=lambda group: (len(group), -group[0]))
    return largest[(len(largest) - 1) // 2]


LONGEST = {"int64": 2**63 - 1, "uint64": 2**64 - 1, "m8[ns]": 2**63 - 1, "m8[s]": 2**63 - 1}


@unhurried
@given(st.data(), st.sampled_from(list(LONGEST)))
def test_the_usual_step_is_the_median_of_the_largest_group_that_loops_find(data, dtype):
    longest = LONGEST[dtype]
    lengths = st.one_of(st.integers(1, 12), st.integers(2 * longest // 3 - 2, longest))
    steps = data.draw(st.lists(lengths, min_size=1, max_size=12))
    found = usual_step(np.array(steps, "int64" if dtype[0] == "m" else dtype).astype(dtype))
    assert int(found.astype("uint64" if dtype == "uint64" else "int64")) == usual(steps)
    max_gap = found if dtype[0] == "m" else found.item()
    own = np.array(steps, dtype if dtype[0] != "m" else "int64").astype(dtype)
    expected = [2 * step >= 3 * usual(steps) for step in steps]
    assert are_holes(own, max_gap, is_usual=True).tolist() == expected


@unhurried
@given(st.lists(st.sampled_from([0.1, 0.1 + 0.2 - 0.2, 0.15, 0.2, 0.3, 0.35, 0.7]), min_size=1))
def test_rounding_makes_no_difference_to_the_usual_step(steps):
    found = usual_step(np.array(steps), 1e-15)
    assert round(found, 9) == usual([round(100 * step) for step in steps]) / 100
    assert found in steps


def test_steps_between_equal_or_earlier_local_times_are_not_usual():
    assert usual_step(np.array([0, -5, -5, 7])) == 7
    assert usual_step(np.array([0, -5])) == 0
    assert usual_step(np.array([], "m8[s]")) == np.timedelta64(0, "s")


@pytest.mark.parametrize(
    ("usual", "holes"),
    [
        (pd.Timedelta("1500ms"), [False, False, True, True]),
        (pd.Timedelta("2s"), [False, False, True, True]),
        (pd.Timedelta("1s"), [False, True, True, True]),
        (np.timedelta64(2001, "ms"), [False, False, False, True]),
        (np.timedelta64(1, "m"), [False, False, False, False]),
    ],
)
@pytest.mark.parametrize("unit", ["s", "ms", "ns"])
def test_the_usual_step_may_have_another_unit_than_the_steps(usual, holes, unit):
    steps = np.array([1, 2, 3, 4], "m8[s]").astype(f"m8[{unit}]")
    assert are_holes(steps, usual, is_usual=True).tolist() == holes


def test_one_and_a_half_seconds_are_a_hole_among_labels_of_whole_seconds():
    steps = np.array([1499, 1500], "m8[ms]")
    assert are_holes(steps, pd.Timedelta("1s"), is_usual=True).tolist() == [False, True]


@unhurried
@given(
    st.lists(st.integers(0, 60 * 24), min_size=2, max_size=20, unique=True).map(sorted),
    st.sampled_from(["s", "ns"]),
    st.sampled_from([None, "Asia/Tokyo"]),
)
def test_weekdays_are_counted_by_a_loop(hours, unit, tz):
    start = pd.Timestamp("1969-12-01", tz=tz)  # a Monday before the origin
    times = (start + pd.to_timedelta(hours, "h")).as_unit(unit)
    expected = []
    for earlier, later in pairwise(times):
        between = pd.date_range(earlier.floor("D") + DAY, later.floor("D") - 2 * DAY)
        saturdays = [day for day in between if day.weekday() == 5]
        expected.append(later - earlier - 2 * DAY * len(saturdays))
    steps = steps_between(times, np.arange(len(times)), "weekdays")
    assert [pd.Timedelta(step) for step in steps] == expected


def test_the_calendar_of_weekdays_follows_local_time():
    fridays_in_utc = pd.bdate_range("2024-01-04", periods=8, tz="America/New_York") + 20 * HOUR
    everything = np.ones(7, dtype=bool)
    order = np.arange(8)
    assert choose_clock(fridays_in_utc, order, everything) == "weekdays"
    # There it is already Saturday.
    assert choose_clock(fridays_in_utc.tz_convert("UTC"), order, everything) == "wall"


def test_the_order_of_the_rows_does_not_change_the_usual_step():
    index = numbered(16, 10, 17, 13)
    assert learn_calendar(index, order_rows(index)) == ("labels", 3)


@pytest.mark.parametrize("max_gap", [None, DAY, 2 * HOUR])
def test_a_gap_that_is_given_is_measured_on_the_labels(max_gap):
    index = days(1, 2, 3, tz="Europe/Berlin")
    runs, _ = find_runs(index, max_gap, past=0)
    assert (runs.clock, runs.max_gap, runs.is_usual) == ("labels", max_gap, False)
    assert (runs.step_clock, runs.step) == ("wall", DAY)


@pytest.mark.parametrize(
    ("index", "clock", "max_gap", "starts"),
    [
        (numbered(1, 2, 3, 5, 6, 9), "labels", 1, [0, 0, 0, 3, 3, 5]),
        (numbered(1, 2, 3, 5, 6, 9), "labels", 2, [0, 0, 0, 0, 0, 5]),
        (numbered(1, 2, 3, 5, 6, 9), "labels", None, [0, 0, 0, 0, 0, 0]),
        (numbered(1, 2, 3, 5, 6, 9), "labels", 0.5, [0, 1, 2, 3, 4, 5]),
        (numbered(9, 2, 3, 5, 6, 1), "labels", 1, [0, 0, 0, 3, 3, 5]),
        (series("aabb", numbered(1, 2, 3, 4)), "labels", None, [0, 0, 2, 2]),
        (days(30, 31, tz="Europe/Berlin"), "labels", 23 * HOUR, [0, 1]),
        (days(30, 31, tz="Europe/Berlin"), "wall", DAY, [0, 0]),
        (pd.DatetimeIndex(["2024-01-01", "2024-02-01", "2024-04-01"]), "months", 1, [0, 0, 2]),
        (numbered(0.0, 0.1, 0.2, 0.1 + 0.2, 0.5), "labels", 0.1, [0, 0, 0, 0, 4]),
        (days(1, 4, 6), "weekdays", DAY, [0, 0, 2]),
        (pd.DatetimeIndex(["1700-01-06", "2200-01-06"]).as_unit("ns"), "weekdays", DAY, [0, 1]),
    ],
)
def test_a_run_starts_at_a_series_and_behind_a_hole(index, clock, max_gap, starts):
    starts_found = run_starts(index, order_rows(index), clock, max_gap, is_usual=False)
    assert starts_found.tolist() == starts


def test_inside_a_run_is_behind_its_first_label_and_no_further_than_its_last():
    labels = numbered(0, 1, 2, 3, 4, 5, 6, 7, 8)
    inside = labels_inside(labels, numbered(1, 5), numbered(3, 7))
    assert labels[inside].tolist() == [2, 3, 6, 7]
    assert not labels_inside(labels, numbered(4), numbered(4)).any()
    assert not labels_inside(labels, labels[:0], labels[:0]).any()


def test_inside_a_run_is_a_matter_of_one_series():
    labels = series("aabbcc", numbered(1, 2, 1, 2, 1, 2))
    inside = labels_inside(labels, series("b", numbered(0)), series("b", numbered(1)))
    assert labels[inside].tolist() == [("b", 1)]


def test_runs_longer_than_a_window_reaches_are_remembered_by_their_ends():
    index = numbered(8, 1, 2, 3, 4, 6, 7)
    runs, kept = find_runs(index, "auto", past=2)
    assert runs[:3] == ("labels", 1, 2)
    assert runs.is_usual
    assert index[kept].tolist() == [3, 4, 7, 8]
    assert (runs.firsts.tolist(), runs.lasts.tolist()) == ([1, 6], [4, 8])
    runs, kept = find_runs(index, "auto", past=3)
    assert index[kept].tolist() == [2, 3, 4, 6, 7, 8]
    assert (runs.firsts.tolist(), runs.lasts.tolist()) == ([1], [4])


def test_a_window_of_one_step_keeps_nothing():
    _, kept = find_runs(numbered(1, 2, 3), "auto", past=0)
    assert kept.tolist() == []


def runs_of_integers(past, *ends):
    firsts, lasts = zip(*ends, strict=True)
    return Runs("labels", 1, past, numbered(*firsts), numbered(*lasts), is_usual=True)


def test_the_rows_that_follow_one_series_are_placed_by_slices():
    before, call = numbered(8, 9), numbered(10, 11, 12)
    places = place_rows(call, before, runs_of_integers(2, (1, 9)))
    assert places == Places(slice(0, 5), slice(2, 5), 0, 0, None)
    # What the call repeats is left out, and nothing is left of the history.
    places = place_rows(numbered(8, 9, 10), before, runs_of_integers(2, (8, 9)))
    assert places == Places(slice(2, 5), slice(0, 3), 0, 0)


def test_rows_that_do_not_stand_in_order_are_placed_one_by_one():
    before, call = numbered(8, 9), numbered(11, 10, 13)
    places = place_rows(call, before, runs_of_integers(2, (1, 9)))
    assert [list(place) for place in places[:3]] == [[0, 1, 3, 2, 4], [3, 2, 4], [0, 0, 4]]
    assert places.cut_short == 0


def test_rows_whose_past_was_not_kept_are_counted():
    before, runs = numbered(8, 9), runs_of_integers(2, (1, 9))
    for call, cut_short in (
        (numbered(1, 2), 0),
        (numbered(2, 3), 2),
        (numbered(2, 3, 4, 5), 2),
        (numbered(8, 9, 10, 11), 2),
        (numbered(9, 10, 11), 1),
        (numbered(10, 11), 0),
        (numbered(4, 6, 20), 2),
    ):
        assert place_rows(call, before, runs).cut_short == cut_short


def test_hollow_windows_are_counted_by_their_reasons():
    # A series of two rows, one with holes, and one whose beginning is padded.
    call = series("aabbbbccc", numbered(1, 2, 1, 4, 9, 10, 1, 2, 3))
    none = series("a", numbered(0))[:0]
    ends = series("z", numbered(0)), series("z", numbered(9))
    places = place_rows(call, none, Runs("labels", 1, 2, *ends, is_usual=True))
    assert places.hollow == HollowWindows(9, 3, 2, (3, 5), 0, 2, (2, 2))
    assert place_rows(call[2:], none, Runs("labels", 1, 2, *ends, is_usual=True)).hollow is None
    assert place_rows(call, none, Runs("labels", 9, 1, *ends, is_usual=False)).hollow is None


def test_a_hole_between_fit_and_the_call_counts_if_the_call_is_short():
    before, runs = numbered(1, 2), Runs("labels", 1, 1, numbered(0), numbered(2), is_usual=True)
    assert place_rows(numbered(90), before, runs).hollow == HollowWindows(
        1, 0, 0, (0, 0), 1, 0, (0, 0)
    )
    assert place_rows(numbered(90, 91), before, runs).hollow is None
    # Row 2 is a row of fit, so the hole before it is not one of the call.
    assert place_rows(numbered(0, 3), numbered(2), runs).hollow is None
    assert place_rows(numbered(90, 93), before, runs).hollow == HollowWindows(
        2, 1, 1, (3, 3), 1, 0, (0, 0)
    )


def test_reasons_are_named_by_their_weight():
    hollow = HollowWindows(9, 3, 2, (3, 5), 0, 2, (1, 2))
    message = (
        "3 of 9 windows are padded because they begin at a hole in time: 2 of 9 rows have no row "
        "before them that is near enough. Neighbours are less than 1.5 times max_gap_=1 apart, but "
        "the steps over these holes are between 3 and 5. If the rows are missing because X is a "
        "fold of a shuffled split, use folds forwards in time, such as TimeSplit. If such "
        "rows are neighbours, max_gap=5 joins them. 2 of 9 windows are padded because their series "
        "are too short: each has 1 to 2 rows, with those kept from fit, but a window spans 3 rows. "
        "Use fewer timesteps, or pass more rows of each series."
    )
    assert describe(hollow, "labels", 1, True, 3) == message
    other = describe(hollow._replace(too_short=4, lengths=(1, 1)), "labels", 1, True, 3)
    assert other.startswith("4 of 9 windows are padded because their series")
    assert "each has 1 row, with" in other
    assert other.count("windows are padded") == 2


@pytest.mark.parametrize(
    ("clock", "max_gap", "is_usual", "expected"),
    [
        ("labels", HOUR, True, "less than 1.5 times max_gap_=01:00:00 apart"),
        ("labels", HOUR, False, "at most max_gap_=01:00:00 apart"),
        ("months", 1, True, "less than 1.5 times max_gap_=1 month apart"),
        ("months", 3, True, "less than 1.5 times max_gap_=3 months apart"),
        ("weekdays", DAY, True, "less than 1.5 times max_gap_=1 days without weekends apart"),
    ],
)
def test_the_limit_is_named_in_the_unit_of_the_clock(clock, max_gap, is_usual, expected):
    hollow = HollowWindows(2, 2, 2, (HOUR, 30 * HOUR), 0, 0, (0, 0))
    message = describe(hollow, clock, max_gap, is_usual, 3)
    assert f"Neighbours are {expected}, but the steps over these holes are between" in message
    assert "max_gap=pd.Timedelta('1 days 06:00:00') joins them." in message


@pytest.mark.parametrize("step", [DAY, HOUR, 30 * HOUR, pd.Timedelta("1.5s"), pd.Timedelta(7)])
def test_a_length_of_time_is_written_as_pandas_reads_it(step):
    assert pd.Timedelta(length_of_time(step)) == step


@unhurried
@given(labelled_cases("any"))
def test_the_ends_of_long_runs_are_those_that_a_loop_finds(case):
    runs, _ = find_runs(case.fit.index, case.max_gap, case.past)
    fit = case.rows(case.fit)
    behind = {earlier for label in fit for earlier in case.run(fit, label)[1:]}
    # The last label of a run stands before no other.
    ends = {(case.run(fit, label)[-1], label) for label in fit if label not in behind}
    long = {(first, last) for first, last in ends if len(case.run(fit, last)) > case.past}
    firsts, lasts = (
        case.rows(pd.DataFrame({"row": 0}, index=index)) for index in (runs.firsts, runs.lasts)
    )
    assert set(zip(firsts, lasts, strict=True)) == long


# Labels as plain arrays, and back.

CET = timezone(timedelta(hours=1), "CET")  # another zone than the one that pandas knows as CET


LABELS = {
    "days": pd.date_range("2024-01-01", periods=3, name="day"),
    "local hours": pd.date_range("2024-01-01", periods=3, freq="h", tz="Europe/Berlin", name="h"),
    "named offset": pd.date_range("2024-06-01", periods=3, tz=CET),
    "spans": pd.timedelta_range("0h", periods=3, freq="2h", name="span"),
    "weeks": pd.period_range("2024-01", periods=3, freq="W-SUN", name="week"),
    "shuffled": days(1, 3, 2),
    "floats": numbered(0.0, 0.1, 0.3).rename("second"),
    "nullable": numbered(1, 2, 3).astype("Int8"),
    "rows": pd.RangeIndex(3, name="row"),
    "text": pd.Index(["a", "b"], name="column"),
    "sizes": pd.CategoricalIndex(list("ba"), list("cba"), ordered=True, name="size"),
    "categories of days": pd.CategoricalIndex(days(2, 1), name="day"),
    "series": pd.MultiIndex.from_product([["b", "a"], days(1, 2)], names=["place", None]),
}


@pytest.mark.parametrize("index", LABELS.values(), ids=list(LABELS))
def test_packed_labels_come_back(index):
    back = unpack(pack(index))
    pd.testing.assert_index_equal(back, index, exact="equiv")
    assert back.dtype == index.dtype
    assert getattr(back, "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize("unit", ["s", "ns"])
def test_a_packed_length_of_time_comes_back_to_the_last_digit(unit):
    # As a float it would be rounded.
    length = pd.Timedelta(np.timedelta64(2**53 + 1, unit))
    back = unpack(pack(length))
    assert (back, back.unit) == (length, unit)
