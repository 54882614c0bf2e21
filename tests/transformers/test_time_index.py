"""pandas indexes: order, clocks, runs of neighbours, and places among what is known."""

import re
from datetime import timedelta, timezone
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from strategies import labelled_cases, unhurried

from skl_lstm.transformers.packing import pack, unpack
from skl_lstm.transformers.time_index import (
    Places,
    Runs,
    check_labels,
    find_runs,
    join_labels,
    kind_of_time,
    labels_inside,
    learn_max_gap,
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


def test_labels_of_two_kinds_are_not_joined():
    message = (
        "The index of X has dates in level 2 as the time of its rows, but in fit it had numbers in "
        "level 1. Give X an index like that of fit."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        join_labels(numbered(1), series("a", days(1)))


@pytest.mark.parametrize(
    ("index", "clock", "max_gap"),
    [
        (days(1, 2, 3, 5), "labels", DAY),
        (days(1, 3, 4, 6, 7), "labels", DAY),
        (days(1, 2, 3, tz="Europe/Berlin"), "wall", DAY),
        (days(1, 2, 3, tz="UTC"), "wall", DAY),
        (days(1, 8, 15, tz="UTC"), "wall", 7 * DAY),
        (pd.date_range("2024-10-27", periods=5, freq="h", tz="Europe/Berlin"), "labels", HOUR),
        (pd.date_range("2024-01-01", periods=3, freq="MS"), "months", 1),
        (pd.date_range("2024-01-31", periods=3, freq="ME"), "months", 1),
        (pd.date_range("2024-01-01", periods=3, freq="QS"), "months", 3),
        (pd.date_range("2024-01-01", periods=3, freq="YE"), "months", 12),
        (pd.date_range("2024-01-01", periods=3, freq="MS", tz="Europe/Berlin"), "months", 1),
        # Neither all first days of months nor all last ones.
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
    learnt = learn_max_gap(index, order_rows(index), "auto")
    assert learnt == (clock, max_gap)
    assert type(learnt[1]) is type(max_gap)


def test_the_order_of_the_rows_does_not_change_the_usual_step():
    index = numbered(16, 10, 17, 13)
    assert learn_max_gap(index, order_rows(index), "auto") == ("labels", 3)


@pytest.mark.parametrize("max_gap", [None, DAY, 2 * HOUR])
def test_a_gap_that_is_given_is_measured_on_the_labels(max_gap):
    index = days(1, 2, 3, tz="Europe/Berlin")
    assert learn_max_gap(index, order_rows(index), max_gap) == ("labels", max_gap)


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
    ],
)
def test_a_run_starts_at_a_series_and_behind_a_hole(index, clock, max_gap, starts):
    assert run_starts(index, order_rows(index), clock, max_gap).tolist() == starts


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
    return Runs("labels", 1, past, numbered(*firsts), numbered(*lasts))


def test_the_rows_that_follow_one_series_are_placed_by_slices():
    before, call = numbered(8, 9), numbered(10, 11, 12)
    places = place_rows(call, before, runs_of_integers(2, (1, 9)))
    assert places == Places(slice(0, 5), slice(2, 5), 0, 0)
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
