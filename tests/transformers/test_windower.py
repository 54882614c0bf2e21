"""`SequenceWindower`: which rows every window holds, what fit keeps, and what is refused."""

import pickle
import re
import sys
import tracemalloc
import warnings
from contextlib import contextmanager, nullcontext
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils._param_validation import InvalidParameterError
from strategies import DTYPES, labelled_cases, unhurried

from skl_lstm import SequenceWindower

# The cases have many sides, and take milliseconds each.
many = settings(unhurried, max_examples=3 * unhurried.max_examples)

HOURS = pd.date_range("2024-01-01", periods=6, freq="h")
DST = {"tz": "Europe/Berlin"}  # forward on 2024-03-31, back on 2024-10-27


def labelled(index, dtype="float64"):
    """A table whose one column says which row is which: 1, 2, 3, …"""
    return pd.DataFrame({"row": np.arange(1, len(index) + 1).astype(dtype)}, index=index)


def several_series(index, names=("a", "b")):
    return pd.MultiIndex.from_product([names, index])


def only_column(windows):
    assert windows.shape[2] == 1
    return windows[:, :, 0].tolist()


def assert_same(actual, expected):
    assert_array_equal(actual, expected, strict=True)


def whole(message):
    return f"^{re.escape(message)}$"


def past_not_kept(cut_short, rows, past):
    return whole(
        f"{cut_short} of {rows} windows are padded although fit saw the rows before them: fit only "
        f"keeps the last {past} rows of every run of neighbours. Pass X with the {past} rows "
        "before it, and drop their results."
    )


def reasons_for_padding(case, known):
    """Count the padded windows by their reasons, and the holes between two rows of the call."""
    in_hole = after_fit = too_short = 0
    holes = set()
    call = case.rows(case.call)
    lost = case.padded_in_vain() if known is case.known else []
    for label in call:
        run = case.run(known, label)
        if len(run) > case.past or label in lost:
            continue
        begin = run[-1]
        earlier = [other for other in known if other[0] == label[0] and other[1] < begin[1]]
        if not earlier:
            too_short += sum(series == label[0] for series, _ in known) <= case.past
        elif begin in call and max(earlier) in call:
            in_hole += 1
            holes.add(begin)
        else:
            after_fit += sum(case.run(known, row)[-1] == begin for row in known) <= case.past
    return in_hole, after_fit, too_short, len(holes)


@contextmanager
def expected_warnings(case, known):
    """Check that a call of `transform` gives the warnings that a loop expects, and no others."""
    rows = len(case.call)
    expected = []
    if known is case.known and (lost := len(case.padded_in_vain())):
        expected.append(f"{lost} of {rows} windows are padded although fit saw the rows before")
    in_hole, after_fit, too_short, holes = reasons_for_padding(case, known)
    if 2 * (in_hole + after_fit + too_short) > rows:
        texts = {
            f"they begin at a hole in time: {holes} of {rows} rows have no row": in_hole,
            "there is a hole in time between the rows of fit and those of X": after_fit,
            "their series are too short": too_short,
        }
        begins = [
            (count, f"{count} of {rows} windows are padded because {text}")
            for text, count in texts.items()
            if count
        ]
        expected.append([text for _, text in sorted(begins, key=lambda one: -one[0])])
    with warnings.catch_warnings(record=True, action="always") as caught:
        yield
    messages = [str(warning.message) for warning in caught]
    if rows >= 10 and messages and "at most half of max_gap_" in messages[0]:
        del messages[0]  # another test checks this warning, which needs ten rows
    assert len(messages) == len(expected)
    for message, begin in zip(messages, expected, strict=True):
        texts = [begin] if isinstance(begin, str) else begin
        assert message.startswith(tuple(texts))
        assert message.count("windows are padded") == len(texts)
        assert all(text in message for text in texts)


# --- every window is that of a loop over the labels ------------------------------------------


@many
@given(labelled_cases("same"))
def test_windows_are_those_of_a_loop_over_the_labels(case):
    windower = SequenceWindower(**case.params)
    expected = case.windows(case.seen)
    with expected_warnings(case, case.seen):
        windows = windower.fit_transform(case.fit)
    assert_same(windows, expected)
    with expected_warnings(case, case.seen):
        windows = windower.transform(case.fit)
    assert_same(windows, expected)


@many
@given(labelled_cases("later"))
def test_later_rows_find_their_past_in_what_fit_saw(case):
    windower = SequenceWindower(**case.params).fit(case.fit)
    with expected_warnings(case, case.known):
        windows = windower.transform(case.call)
    assert_same(windows, case.windows(case.seen))


@many
@given(labelled_cases("later"))
def test_later_rows_find_their_past_in_what_was_remembered(case):
    times = case.call.index.get_level_values(-1)
    is_later = times >= sorted(times)[len(times) // 2]
    assume(is_later.any() and not is_later.all())
    windower = SequenceWindower(**case.params).fit(case.fit)
    windower._remember(case.call[~is_later])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        windows = windower.transform(case.call[is_later])
    assert_same(windows, case.windows(case.seen)[is_later])
    # Rows of fit are lost in the same way as before.
    with catch_texts() as before:
        SequenceWindower(**case.params).fit(case.fit).transform(case.fit[-1:])
    with catch_texts() as after:
        windower.transform(case.fit[-1:])
    assert [t for t in after if "fit saw" in t] or not [t for t in before if "fit saw" in t]


@contextmanager
def catch_texts():
    """Collect the texts of the warnings."""
    texts = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
    texts += [str(warning.message) for warning in caught]


@many
@given(labelled_cases("any"))
def test_windows_are_made_of_what_is_known_and_a_warning_counts_what_is_lost(case):
    windower = SequenceWindower(**case.params).fit(case.fit)
    with expected_warnings(case, case.known):
        windows = windower.transform(case.call)
    assert_same(windows, case.windows(case.known))
    # Where nothing was lost that makes no difference.
    whole_past = np.array([case.past_is_known(label) for label in case.rows(case.call)])
    assert_same(windows[whole_past], case.windows(case.seen)[whole_past])


@many
@given(labelled_cases("any"))
def test_history_is_the_last_rows_of_every_run(case):
    history = SequenceWindower(**case.params).fit(case.fit).history_
    kept, expected = case.rows(history), case.history()
    assert len(history) == len(kept)
    assert kept.keys() == expected.keys()
    for label, row in kept.items():
        assert_same(row, expected[label])


def test_a_past_between_the_rows_of_the_call_is_not_missed():
    windower = SequenceWindower(timesteps=2, max_gap=None).fit(labelled(range(10)))
    # Row 3 is a neighbour of row 5, as without a max_gap all rows are. That fit saw row 4
    # between them is not known any more.
    with pytest.warns(UserWarning, match=past_not_kept(1, 2, 1)):
        windows = windower.transform(labelled([3, 5]))
    assert only_column(windows) == [[1, 1], [1, 2]]


def test_the_warning_points_at_the_call():
    windower = SequenceWindower(timesteps=3).fit(labelled(HOURS))
    with pytest.warns(UserWarning, match=past_not_kept(2, 3, 2)) as caught:
        windower.transform(labelled(HOURS[1:4]))
    assert [warning.filename for warning in caught] == [__file__]


# --- hollow windows say so -------------------------------------------------------------------


def hollow(begin):
    return pytest.warns(UserWarning, match="^" + re.escape(begin))


def test_rows_that_a_shuffled_split_tears_apart_are_named_with_the_remedy():
    X = labelled(pd.date_range("2024-01-01", periods=60))
    windower = SequenceWindower(timesteps=7)
    train, test = next(KFold(3, shuffle=True, random_state=0).split(X))
    before = np.diff(train, prepend=-1)
    message = (
        f"35 of 40 windows are padded because they begin at a hole in time: {(before > 1).sum()} "
        "of 40 rows have no row before them that is near enough. Neighbours are less than 1.5 "
        "times max_gap_=1 days apart, but the steps over these holes are between 2 days and "
        f"{before.max()} days. If the rows are missing because X is a fold of a shuffled split, "
        "use folds forwards in time, such as TimeSplit. If such rows are neighbours, "
        f"max_gap=pd.Timedelta('{before.max()} days') joins them."
    )
    windower.fit(X.iloc[train])  # says nothing
    with pytest.warns(UserWarning, match=whole(message)) as caught:
        windower.transform(X.iloc[train])
    assert [warning.filename for warning in caught] == [__file__]
    # Their past is in fit.
    windower.transform(X.iloc[test])
    for train, test in TimeSeriesSplit(5).split(X):
        windower.fit(X.iloc[train]).transform(X.iloc[train])
        windower.transform(X.iloc[test])


def test_the_max_gap_that_a_warning_names_joins_the_rows():
    X = labelled(pd.DatetimeIndex(["2024-01-01", "2024-01-04", "2024-01-09", "2024-01-10"]))
    windower = SequenceWindower(timesteps=2, max_gap=pd.Timedelta("1D")).fit(X)
    with pytest.warns(UserWarning, match="between 3 days and 5 days") as caught:
        windower.set_params(timesteps=3).fit_transform(X)
    max_gap = re.search(r"max_gap=(pd.Timedelta\(.*?\)) joins", str(caught[0].message))[1]
    windower.set_params(max_gap=eval(max_gap)).fit_transform(X)


def test_rows_of_a_coarser_clock_than_in_fit_are_named():
    windower = SequenceWindower(timesteps=2).fit(labelled(HOURS))
    days = pd.date_range("2024-03-01", periods=6)
    message = "Neighbours are less than 1.5 times max_gap_=01:00:00 apart, but the steps over "
    with pytest.warns(UserWarning, match=re.escape(message) + "these holes are 1 days"):
        windower.transform(labelled(days))


def test_series_that_are_shorter_than_a_window_are_counted():
    X = labelled(pd.MultiIndex.from_arrays([list("aaaabcccd"), range(9)]))
    windower = SequenceWindower(timesteps=4)
    windower.fit_transform(X.iloc[:8])  # 4 of 8
    with hollow("5 of 9 windows are padded because their series are too short: each has 1 to 3 "):
        windower.fit_transform(X[::-1])


def test_a_row_that_continues_a_series_of_fit_is_not_counted():
    windower = SequenceWindower(timesteps=3).fit(labelled(several_series(HOURS[:2])))
    # Two rows of fit and one of the call are a window, of "new" there is only one row.
    windower.transform(labelled(several_series(HOURS[2:3], ["a", "new"])))
    with hollow("2 of 3 windows are padded because their series are too short: each has 1 row, "):
        windower.transform(labelled(several_series(HOURS[2:3], ["a", "new", "newer"])))


@pytest.mark.parametrize("padding", ["edge", 0.0])
def test_half_of_the_windows_may_be_padded_for_another_reason(padding):
    windower = SequenceWindower(timesteps=2, padding=padding).fit(labelled(range(10)))
    windower.transform(labelled([10, 11, 20, 30]))
    with hollow("2 of 3 windows are padded because they begin at a hole in time: 2 of 3 rows "):
        windower.transform(labelled([10, 20, 30]))


def test_windows_whose_past_was_not_kept_are_not_counted_again():
    windower = SequenceWindower(timesteps=3).fit(labelled(range(10)))
    with pytest.warns(UserWarning, match=past_not_kept(2, 2, 2)) as caught:
        windower.transform(labelled([4, 7]))
    assert len(caught) == 1
    with pytest.warns(UserWarning, match="of 3 windows are padded") as caught:
        windower.transform(labelled([4, 20, 30]))
    assert [str(warning.message)[0] for warning in caught] == ["1", "1"]


def test_rows_after_a_hole_need_no_warning_if_they_fill_a_window():
    windower = SequenceWindower(timesteps=3).fit(labelled(range(10)))
    for rows in (3, 4, 9):
        windower.transform(labelled(range(20, 20 + rows)))
    message = (
        "2 of 2 windows are padded because there is a hole in time between the rows of fit and "
        "those of X, and fewer rows after it than the 3 rows that a window spans. Pass X with the "
        "rows before it, and drop their results."
    )
    with pytest.warns(UserWarning, match=whole(message)):
        windower.transform(labelled([20, 21]))


@pytest.mark.parametrize("timesteps", [1, 2, 3])
def test_one_row_after_another_needs_no_warning(timesteps):
    X = labelled(HOURS)
    windower = SequenceWindower(timesteps).fit(X[:3])
    for stop in range(4, 7):
        assert len(windower.fit(X[: stop - 1]).transform(X[stop - 1 : stop])) == 1
    SequenceWindower().fit_transform(labelled([1, 5, 9]))
    SequenceWindower().fit_transform([[1]])


def test_an_array_with_fewer_rows_than_a_window_spans_is_named():
    windower = SequenceWindower(timesteps=3, sampling_rate=2).fit(np.zeros((1, 1)))
    message = (
        "4 of 4 windows are padded because X has 4 rows, but a window spans 5 rows. Use fewer "
        "timesteps, or pass more rows. For windows that include rows of fit, pass DataFrames to "
        "fit and transform."
    )
    with pytest.warns(UserWarning, match=whole(message)) as caught:
        windower.transform(np.zeros((4, 1)))
    assert [warning.filename for warning in caught] == [__file__]
    with hollow("1 of 1 windows are padded because X has 1 row, but a window spans 5 rows."):
        windower.transform(np.zeros((1, 1)))
    windower.transform(np.zeros((5, 1)))


# --- labels that would be misread ------------------------------------------------------------


@pytest.mark.parametrize("written_as", ["%Y%m%d", "%Y%m"])
@pytest.mark.parametrize("series", [False, True])
def test_dates_that_are_written_as_numbers_are_named(written_as, series):
    days = pd.date_range("2024-12-25", periods=14, freq="D" if "%d" in written_as else "MS")
    numbers = days.strftime(written_as).astype(int)
    message = (
        "The labels of the index look like dates that are written as numbers, such as "
        f"{numbers[0]}: a longer step is read as a hole, also between the last label of a month or "
        "year and the next one. Convert them: pd.to_datetime(labels.astype(str), "
        f"format={written_as!r}). If they are numbers, set max_gap."
    )
    X = labelled(several_series(numbers) if series else numbers)
    with pytest.warns(UserWarning, match=whole(message)) as caught:
        SequenceWindower(timesteps=2).fit(X)
    assert [warning.filename for warning in caught] == [__file__]
    SequenceWindower(timesteps=2, max_gap=100).fit(X)
    assert (
        pd.to_datetime(numbers.astype(str), format=written_as)
        == days.to_period("D" if "%d" in written_as else "M").to_timestamp()
    ).all()


@pytest.mark.parametrize(
    "labels",
    [
        [20240101, 20240102, 20240105],  # a hole in any case
        range(20240120, 20240140),
        [*range(200001, 200030), 200040],
        range(1990, 2030),
        [200001, 200101, 200201],
        [20240131, 20240201],
    ],
)
def test_other_numbers_are_not_taken_for_dates(labels):
    SequenceWindower(timesteps=2).fit(labelled(pd.Index(labels)))


def test_floats_that_are_too_coarse_to_have_holes_are_named():
    index = pd.Index(1e6 + np.array([0, 0.1, 0.2, 0.3, 0.9]))
    SequenceWindower(timesteps=2).fit(labelled(index))
    message = (
        "The labels of the index are rounded to float32: near 1000000.875, steps have an error of "
        "up to 0.5, so a hole cannot be told from the usual step 0.125. Use integers, dates, or "
        "float64 labels that begin near 0."
    )
    with pytest.warns(UserWarning, match=whole(message)):
        SequenceWindower(timesteps=2).fit(labelled(index.astype("float32")))
    SequenceWindower(timesteps=2, max_gap=1).fit(labelled(index.astype("float32")))


@pytest.mark.parametrize(
    ("fit", "call", "n", "usual"),
    [
        (HOURS, pd.date_range("2024-03-01", periods=12, freq="min"), 11, "01:00:00"),
        (HOURS, pd.date_range("2024-03-01", periods=12, freq="30min"), 11, "01:00:00"),
        (HOURS - HOURS[0], pd.timedelta_range("3D", periods=12, freq="s"), 11, "01:00:00"),
        (
            pd.date_range("2024-01-01", periods=6, freq="MS"),
            pd.date_range("2025-01-02", periods=12),
            11,
            "1 month",
        ),
        (pd.Index([0, 4, 8]), pd.Index(range(100, 112)), 11, "4"),
        (pd.Index([0.0, 0.4, 0.8]), pd.Index(np.arange(100, 112) / 10), 11, "0.4"),
    ],
)
def test_rows_that_are_closer_together_than_in_fit_are_named(fit, call, n, usual):
    message = (
        f"{n} of {n} steps between the rows of X are at most half of max_gap_={usual}, the usual "
        "step in fit, so the windows of X span less time than those of fit. Resample X to the "
        "steps of fit, or fit on rows like those of X."
    )
    windower = SequenceWindower(timesteps=2).fit(labelled(fit))
    with pytest.warns(UserWarning, match=whole(message)) as caught:
        windower.transform(labelled(call))
    assert [warning.filename for warning in caught] == [__file__]
    # A few rows may be close together by chance.
    windower.transform(labelled(call[:9]))
    for max_gap in (None, type(windower.max_gap_)(windower.max_gap_)):
        if windower._runs.clock == "labels":
            SequenceWindower(timesteps=2, max_gap=max_gap).fit(labelled(fit)).transform(
                labelled(call)
            )


def test_series_named_by_numbers_in_fit_and_by_text_in_a_call_are_refused():
    windower = SequenceWindower(timesteps=2).fit(labelled(several_series(HOURS, [1, 2])))
    with pytest.raises(ValueError, match=r"Level 0 of the index names the series by labels such"):
        windower.transform(labelled(several_series(HOURS, ["1", "2"])))


@pytest.mark.parametrize("names", [["year", "month"], ["Date", "Hour"], ["x", "month", "day"]])
def test_parts_of_the_time_in_two_levels_are_named(names):
    levels = [["a"] * 4, [1, 1, 2, 2], [11, 12, 1, 2]][-len(names) :]
    whole_name, part = names[-2:]
    message = (
        f"Level {whole_name!r} names the series, so no window crosses from one {whole_name} to the "
        f"next. If {whole_name!r} and {part!r} are both parts of the time, join them in one level "
        "of dates or periods; if not, rename the level."
    )
    index = pd.MultiIndex.from_arrays(levels, names=names)
    with pytest.warns(UserWarning, match=whole(message)):
        SequenceWindower(timesteps=2).fit(labelled(index))
    other = index.set_names([f"{names[0]} of birth", *names[1:]]) if len(names) == 2 else index[:0]
    if len(other):
        SequenceWindower(timesteps=2).fit(labelled(other))


def test_the_hour_that_comes_twice_in_local_time_names_the_remedy():
    remedy = (
        "If the clocks were set back in that night, use X.tz_localize('Europe/Berlin', "
        "ambiguous='infer') with your time zone, or UTC."
    )
    windower = SequenceWindower(timesteps=2)
    X = labelled(pd.date_range("2024-10-27", periods=8, freq="30min", **DST).tz_localize(None))
    with pytest.raises(ValueError, match=re.escape(remedy)):
        windower.fit(X)
    with pytest.raises(ValueError, match=re.escape(remedy)):
        windower.fit(labelled(HOURS)).transform(X)
    assert runs_of(X.tz_localize("Europe/Berlin", ambiguous="infer").index) == [*range(1, 9)]
    panel = labelled(several_series(X.index, ["a"]))
    with pytest.raises(ValueError, match="in that night, convert the times of each series to UTC"):
        windower.fit(panel)


@pytest.mark.parametrize(
    "times",
    [
        ["2024-10-27 02:00", "2024-10-27 12:00"],  # at noon, too
        ["2024-10-28 02:00"],  # a Monday
        ["2024-07-28 02:00"],  # in July
        ["2024-10-27 04:00"],
    ],
)
def test_other_repeated_labels_do_not_name_the_clocks(times):
    index = pd.DatetimeIndex(times).repeat(2)
    for repeated in (index, index.tz_localize("UTC")):
        with pytest.raises(ValueError, match=r"swaplevel\(\)\.$"):
            SequenceWindower().fit(labelled(repeated))


# --- cross-validation ------------------------------------------------------------------------


def rows_before(rows, starts, timesteps):
    """Windows over labels 0, 1, 2, … that reach back no further than `starts`."""
    steps = np.arange(1 - timesteps, 1)
    return np.maximum(np.reshape(rows, (-1, 1)) + steps, np.reshape(starts, (-1, 1)))


@pytest.fixture
def contiguous():
    rng = np.random.default_rng(0)
    index = pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin")
    return pd.DataFrame(rng.normal(size=(60, 3)), index=index, columns=list("abc"))


@pytest.mark.parametrize("params", [{}, {"sampling_rate": 2}, {"padding": 0.0}, {"max_gap": None}])
def test_test_windows_of_a_time_series_split_are_those_of_the_whole_series(contiguous, params):
    windower = SequenceWindower(timesteps=5, **params)
    expected = windower.fit_transform(contiguous)
    for train, test in TimeSeriesSplit(5).split(contiguous):
        windower.fit(contiguous.iloc[train])
        assert windower.transform(contiguous.iloc[test]).tobytes() == expected[test].tobytes()
        assert windower.transform(contiguous.iloc[train]).tobytes() == expected[train].tobytes()


@pytest.mark.parametrize("splitter", [TimeSeriesSplit(5), KFold(5)])
def test_a_fold_of_several_series_finds_the_past_of_each(contiguous, splitter):
    other = contiguous[::-1] * 100
    X = pd.concat({"a": contiguous, "b": other}).swaplevel().sort_index().swaplevel()
    windower = SequenceWindower(timesteps=3)
    expected = windower.fit_transform(X)
    for train, test in splitter.split(X):
        if len(train) and train[0] < test[0]:
            assert_same(windower.fit(X.iloc[train]).transform(X.iloc[test]), expected[test])


def test_after_a_gap_no_window_joins_what_are_not_neighbours():
    X = labelled(pd.date_range("2024-01-01", periods=40)) - 1
    windower = SequenceWindower(timesteps=4)
    for train, test in TimeSeriesSplit(5, gap=3).split(X):
        of_train = windower.fit_transform(X.iloc[train])[:, :, 0]
        assert_array_equal(of_train, rows_before(train, 0, 4))
        of_test = windower.transform(X.iloc[test])[:, :, 0]
        assert_array_equal(of_test, rows_before(test, test[0], 4))


def test_around_the_hole_of_a_k_fold_no_window_joins_what_are_not_neighbours():
    X = labelled(pd.RangeIndex(40)) - 1
    windower = SequenceWindower(timesteps=4)
    for train, test in KFold(5).split(X):
        of_train = windower.fit_transform(X.iloc[train])[:, :, 0]
        starts = np.where(train > test[-1], test[-1] + 1, 0)
        assert_array_equal(of_train, rows_before(train, starts, 4))
        of_test = windower.transform(X.iloc[test])[:, :, 0]
        assert_array_equal(of_test, rows_before(test, 0, 4))


@pytest.mark.filterwarnings("ignore:.* windows are padded")
@pytest.mark.parametrize(
    "index",
    [None, HOURS, HOURS[[4, 1, 0, 5, 3, 2]], several_series(HOURS[:3]), HOURS[[0, 1, 2, 4, 5, 3]]],
    ids=["array", "in order", "in any order", "two series", "late row"],
)
def test_no_window_holds_a_later_row(index):
    time = np.arange(6) if index is None else index.get_level_values(-1)
    frame = labelled(HOURS if index is None else index)
    X = frame.to_numpy() if index is None else frame
    windower = SequenceWindower(timesteps=3).fit(X)
    expected = windower.transform(X)
    for now in time:
        later = X.copy()
        later[time > now] = -1e9
        so_far = time <= now
        assert_same(windower.fit(X).transform(later)[so_far], expected[so_far])
        assert_same(windower.fit(later).transform(later)[so_far], expected[so_far])
        # Nor one that only fit has seen.
        assert_same(windower.fit(later).transform(X[so_far]), expected[so_far])


# --- arrays ----------------------------------------------------------------------------------


def test_rows_of_an_array_follow_each_other_and_every_call_starts_anew():
    X = np.arange(1, 6).reshape(5, 1)
    windower = SequenceWindower(timesteps=3)
    expected = [[1, 1, 1], [1, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert only_column(windower.fit_transform(X)) == expected
    assert only_column(windower.transform(X[2:])) == [[3, 3, 3], [3, 3, 4], [3, 4, 5]]
    assert windower.history_ is None
    assert windower.max_gap_ is None


def test_a_data_frame_gains_the_past_that_an_array_has_to_pad():
    X = labelled(HOURS, "int64")
    of_frame = SequenceWindower(timesteps=3).fit(X[:3])
    of_array = SequenceWindower(timesteps=3).fit(X[:3].to_numpy())
    assert only_column(of_frame.transform(X[3:])) == [[2, 3, 4], [3, 4, 5], [4, 5, 6]]
    assert only_column(of_array.transform(X[3:].to_numpy())) == [[4, 4, 4], [4, 4, 5], [4, 5, 6]]
    # Without the third hour an array joins the second and the fourth.
    holed = X.drop(HOURS[2])
    assert only_column(of_frame.fit_transform(holed))[2:4] == [[4, 4, 4], [4, 4, 5]]
    assert only_column(of_array.fit_transform(holed.to_numpy()))[2:4] == [[1, 2, 4], [2, 4, 5]]


@pytest.mark.parametrize("frame", [False, True])
@pytest.mark.parametrize("params", [{}, {"sampling_rate": 5}, {"padding": 0.0}, {"max_gap": None}])
def test_one_timestep_is_the_row_itself(frame, params):
    X = labelled(HOURS) if frame else labelled(HOURS).to_numpy()
    windows = SequenceWindower(**params).fit(X[:2]).transform(X)
    assert_same(windows, np.asarray(X)[:, np.newaxis])


def test_a_list_of_rows_is_an_array():
    assert only_column(SequenceWindower(timesteps=2).fit_transform([[1], [2]])) == [[1, 1], [1, 2]]


# --- series and the holes in them ------------------------------------------------------------


def test_a_short_series_is_padded_and_kept():
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 1), ("b", 2), ("c", 1), ("b", 3)])
    windows = SequenceWindower(timesteps=3).fit_transform(labelled(index, "int64"))
    assert only_column(windows) == [[1, 1, 1], [2, 2, 2], [2, 2, 3], [4, 4, 4], [2, 3, 5]]


def test_one_row_is_enough_to_fit():
    windower = SequenceWindower(timesteps=2).fit(labelled(HOURS[:1]))
    # One row has no usual step, so none is short enough.
    assert windower.max_gap_ == pd.Timedelta(0)
    message = "max_gap_ is 0 because fit saw no two rows of one series, but the steps over"
    with pytest.warns(UserWarning, match=message):
        assert only_column(windower.transform(labelled(HOURS[1:3]))) == [[1, 1], [2, 2]]
    windower.set_params(max_gap=None).fit(labelled(HOURS[:1]))
    assert only_column(windower.transform(labelled(HOURS[1:3]))) == [[1, 1], [1, 2]]


def test_a_series_that_fit_has_not_seen_is_padded():
    windower = SequenceWindower(timesteps=3, padding=0).fit(labelled(several_series(HOURS)))
    index = several_series(HOURS[-1:] + pd.Timedelta("1h"), ["b", "new"])
    windows = windower.transform(labelled(index) * 100)
    assert only_column(windows) == [[11, 12, 100], [0, 0, 200]]


def test_series_may_be_named_by_categories():
    names = pd.Categorical(["b", "a", "b", "a"], categories=["a", "b", "unused"])
    index = pd.MultiIndex.from_arrays([names, [0, 0, 1, 1]])
    windower = SequenceWindower(timesteps=2).fit(labelled(index))
    later = pd.MultiIndex.from_arrays([pd.Categorical(["a", "b"]), [2, 2]])
    assert only_column(windower.transform(labelled(later) * 10)) == [[4, 10], [3, 20]]


def test_an_index_of_one_level_is_an_index():
    times = HOURS.tz_localize("UTC")
    index = pd.MultiIndex.from_arrays([times])
    windower = SequenceWindower(timesteps=2).fit(labelled(index[:2]))
    assert only_column(windower.transform(labelled(index[2:4]) * 10)) == [[2, 10], [10, 20]]
    assert only_column(windower.transform(labelled(times[2:4]) * 10)) == [[2, 10], [10, 20]]


def test_where_labels_meet_the_row_of_the_call_holds():
    windower = SequenceWindower(timesteps=3).fit(labelled(HOURS[:2]))
    windows = windower.transform(labelled(HOURS[1:4]) * 10)
    assert only_column(windows) == [[1, 1, 10], [1, 10, 20], [10, 20, 30]]


def test_calls_know_nothing_of_each_other():
    X = labelled(HOURS)
    windower = SequenceWindower(timesteps=2).fit(X[:2])
    assert only_column(windower.transform(X[2:3])) == [[2, 3]]
    assert only_column(windower.transform(X[3:])) == [[4, 4], [4, 5], [5, 6]]


def test_a_table_without_labels_of_its_own_has_row_numbers():
    X = pd.DataFrame(np.arange(12).reshape(6, 2))
    windower = SequenceWindower(timesteps=2).fit(X[:3])
    assert_same(windower.transform(X[3:]), SequenceWindower(timesteps=2).fit_transform(X)[3:])
    assert_same(windower.transform(X[4:])[0, 0], X.to_numpy()[4])
    assert not hasattr(windower, "feature_names_in_")


def runs_of(index, **params):
    """How many rows of its run stand before each row, the row included."""
    windower = SequenceWindower(timesteps=len(index), padding=0, **params)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* windows are padded")
        windows = windower.fit_transform(labelled(index))
    return np.count_nonzero(windows, axis=(1, 2)).tolist()


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2024-01-01", periods=5, freq="MS"),
        pd.date_range("2024-01-31", periods=5, freq="ME"),
        pd.date_range("2023-12-31", periods=5, freq="QE"),
        pd.date_range("2023-01-01", periods=5, freq="YS"),
        pd.date_range("2024-01-01", periods=5, freq="MS", **DST),
        pd.date_range("2024-03-29", periods=5, **DST),
        pd.date_range("2024-10-25 12:00", periods=5, **DST),
        pd.date_range("2024-03-17", periods=5, freq="W", **DST),
        pd.date_range("2024-03-31", periods=5, freq="h", **DST),
        pd.date_range("2024-10-27", periods=5, freq="h", **DST),
        pd.date_range("2024-10-27", periods=12, freq="15min", **DST),
        # The three rows around the hour that comes twice; of their local times none is usual.
        pd.date_range("2024-10-27", periods=4, freq="h", **DST)[1:],
        pd.date_range("2024-10-27", periods=4, freq="h", **DST)[2:],
        pd.period_range("2024-01", periods=5, freq="M"),
        pd.period_range("2024-01", periods=5, freq="Q"),
        pd.Index(np.arange(100) * 0.1),
        pd.Index(np.arange(100) * 0.1).astype("float32"),
        pd.Index(1.7e9 + np.arange(100) * 0.1),
        pd.timedelta_range("0h", periods=5, freq="90s"),
    ],
    ids=lambda index: f"{index.dtype} from {index[0]}",
)
def test_usual_steps_are_no_holes(index):
    assert runs_of(index) == list(range(1, len(index) + 1))


@pytest.mark.parametrize("times", ["2024-03-31", "2024-10-27"])
def test_an_hour_missing_where_the_clocks_change_is_a_hole(times):
    index = pd.date_range(times, periods=6, freq="h", **DST).delete(3)
    assert runs_of(index) == [1, 2, 3, 1, 2]


def test_a_missing_day_or_month_is_a_hole():
    assert runs_of(pd.date_range("2024-03-29", periods=5, **DST).delete(2)) == [1, 2, 1, 2]
    assert runs_of(pd.date_range("2024-01-01", periods=5, freq="MS").delete(2)) == [1, 2, 1, 2]
    # From the end of January to that of March are 59 days, from July to August 31.
    assert runs_of(pd.date_range("2024-01-31", periods=8, freq="ME").delete(1))[:2] == [1, 1]


def test_the_usual_step_is_the_most_frequent_and_of_several_the_shortest():
    assert runs_of(pd.Index([0, 3, 6, 7, 12])) == [1, 2, 3, 4, 1]
    assert runs_of(pd.Index([0, 3, 4, 9, 12, 13])) == [1, 1, 2, 1, 1, 2]
    assert runs_of(pd.Index([0, 0.1, 0.2, 0.7, 1.2])) == [1, 2, 3, 1, 1]


MONTHS = pd.PeriodIndex.from_ordinals
AS_LABELS = {
    "integers": lambda steps: steps,
    "unsigned": lambda steps: steps.astype("uint64"),
    "nullable": lambda steps: steps.astype("Int16"),
    "tenths": lambda steps: steps / 10,
    "float32": lambda steps: (steps / 10).astype("float32"),
    "seconds since 1970": lambda steps: 1.7e9 + steps / 10,
    "time spans": lambda steps: pd.to_timedelta(steps * 6, "s"),
    "hours": lambda steps: pd.Timestamp("2024-06-01") + pd.to_timedelta(steps, "h"),
    "days in a zone": lambda steps: pd.Timestamp("2024-06-01", **DST) + steps * pd.Timedelta("1D"),
    "periods": lambda steps: MONTHS(steps, freq="M"),
    "month starts": lambda steps: MONTHS(steps, freq="M").to_timestamp(),
    "month ends": lambda steps: MONTHS(steps, freq="M").to_timestamp(how="E").normalize(),
    "series": lambda steps: several_series(steps, ["a"]),
}


@pytest.mark.parametrize(
    ("steps", "runs"),
    [
        ([0, 10, 20, 34, 44], [1, 2, 3, 4, 5]),
        ([0, 10, 20, 35, 45], [1, 2, 3, 1, 2]),
        ([0, 1, 2, 3, 4, 6], [1, 2, 3, 4, 5, 1]),
        ([0, 3, 6, 10, 13, 18], [1, 2, 3, 4, 5, 1]),
    ],
)
@pytest.mark.parametrize("kind", AS_LABELS)
def test_a_hole_is_a_step_of_one_and_a_half_usual_steps(steps, runs, kind):
    assert runs_of(AS_LABELS[kind](pd.Index(steps))) == runs


def test_timestamps_that_are_off_by_milliseconds_are_neighbours():
    rng = np.random.default_rng(0)
    minutes = pd.date_range("2024-01-01", periods=500, freq="min")
    index = minutes + pd.to_timedelta(rng.integers(-5, 6, 500), "ms")
    windower = SequenceWindower(timesteps=3).fit(labelled(index))
    assert abs(windower.max_gap_ - pd.Timedelta("1min")) < pd.Timedelta("2ms")
    assert windower.max_gap_ in np.diff(index)
    assert runs_of(index) == list(range(1, 501))
    assert runs_of(index.delete(7))[5:9] == [6, 7, 1, 2]


def test_days_with_many_missing_rows_still_have_one_day_as_their_usual_step():
    rng = np.random.default_rng(0)
    steps = rng.choice([1, 2, 3, 4, 5], 300, p=[0.45, 0.3, 0.1, 0.1, 0.05])
    index = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(steps), "D")
    assert SequenceWindower().fit(labelled(index)).max_gap_ == pd.Timedelta("1D")


@pytest.mark.parametrize("dtype", ["int64", "uint64", "float64"])
def test_the_longest_steps_do_not_overflow(dtype):
    greatest = np.finfo(dtype).max if dtype == "float64" else np.iinfo(dtype).max
    index = pd.Index([0, greatest], dtype=dtype)
    assert SequenceWindower(timesteps=2).fit(labelled(index)).max_gap_ == greatest
    assert runs_of(index) == [1, 2]
    if dtype != "float64":
        assert runs_of(pd.Index([0, 1, greatest], dtype=dtype)) == [1, 2, 1]
    if dtype != "uint64":
        assert runs_of(pd.Index([-greatest, -1, greatest], dtype=dtype)) == [1, 2, 3]


def test_the_usual_step_is_that_of_all_series_and_none_between_two():
    index = pd.MultiIndex.from_tuples([("a", 0), ("b", 7), ("b", 9), ("b", 10), ("a", 1)])
    assert runs_of(index) == [1, 1, 1, 2, 2]


TRADING_DAYS = pd.bdate_range("2024-01-04", periods=12)  # from a Thursday on


@pytest.mark.parametrize(
    "index",
    [
        TRADING_DAYS,
        TRADING_DAYS + pd.Timedelta("17h"),
        TRADING_DAYS.as_unit("s"),
        TRADING_DAYS.tz_localize("America/New_York"),
        # Saturday 22:00 and Sunday 22:00 in UTC.
        (TRADING_DAYS + pd.Timedelta("7h")).tz_localize("Asia/Tokyo"),
        TRADING_DAYS.to_period("D"),
        several_series(TRADING_DAYS, ["a"]),
        # The clocks go forward on Sunday.
        pd.bdate_range("2024-03-28", periods=4, **DST),
        pd.date_range("2024-03-29", periods=72, freq="h")
        .drop(pd.date_range("2024-03-30", "2024-03-31 23:00", freq="h"))
        .tz_localize("Europe/Berlin"),
    ],
    ids=lambda index: f"{len(index)} {index.dtype} from {index[0]}",
)
def test_friday_and_monday_are_neighbours_on_a_calendar_of_weekdays(index):
    assert runs_of(index) == list(range(1, len(index) + 1))


def test_a_holiday_is_a_hole_in_trading_days_unless_the_user_says_otherwise():
    days = TRADING_DAYS.delete(7)  # without Monday 15
    assert runs_of(days) == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4]
    for max_gap in (None, pd.Timedelta("4D"), timedelta(days=4)):
        assert runs_of(days, max_gap=max_gap) == list(range(1, 12))
    # A length of time that is given includes the weekend.
    assert runs_of(days, max_gap=pd.Timedelta("1D"))[:4] == [1, 2, 1, 2]


def test_sessions_have_a_hole_each_night_but_none_more_on_weekends():
    hours = pd.timedelta_range("9h", "12h", freq="h")
    index = pd.DatetimeIndex([day + hour for day in TRADING_DAYS[:4] for hour in hours])
    assert runs_of(index) == [1, 2, 3, 4] * 4


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2024-01-04", periods=12).delete([2, 3]),  # without one weekend only
        TRADING_DAYS[::7],
        pd.date_range("2024-01-01", periods=12, freq="7D"),  # Mondays
        TRADING_DAYS[:2],
        pd.date_range("2024-01-01", periods=12, freq="MS"),
        TRADING_DAYS - TRADING_DAYS[0],
    ],
    ids=lambda index: f"{len(index)} {index.dtype} from {index[0]}",
)
def test_other_labels_have_no_calendar_of_weekdays(index):
    assert SequenceWindower(timesteps=2).fit(labelled(index))._runs.clock != "weekdays"


def test_rows_on_a_weekend_are_ordinary_rows_of_a_calendar_of_weekdays():
    windower = SequenceWindower(timesteps=2).fit(labelled(TRADING_DAYS))
    saturday = TRADING_DAYS[-1] + pd.Timedelta("1D")
    X = labelled(saturday + pd.to_timedelta([0, 1, 2, 3], "D")) * 100
    assert only_column(windower.transform(X)) == [[12, 100], [100, 200], [200, 300], [300, 400]]
    # The rows on Saturday and Monday have no Sunday between them.
    assert only_column(windower.transform(X.iloc[[0, 2, 3]])) == [[12, 100], [300, 300], [300, 400]]
    # A weekend without a Saturday.
    assert only_column(windower.transform(X.iloc[1:])) == [[200, 200], [200, 300], [300, 400]]
    assert only_column(windower.transform(X.iloc[2:])) == [[12, 300], [300, 400]]


def test_windows_over_weekends_are_those_of_the_whole_series_in_later_calls():
    X = labelled(pd.bdate_range("2024-01-01", periods=60))
    windower = SequenceWindower(timesteps=7)
    expected = windower.fit_transform(X)
    for train, test in TimeSeriesSplit(5).split(X):
        assert_same(windower.fit(X.iloc[train]).transform(X.iloc[test]), expected[test])


@pytest.mark.parametrize(
    ("index", "max_gap", "expected"),
    [
        (HOURS, "auto", pd.Timedelta("1h")),
        (HOURS.as_unit("s"), "auto", pd.Timedelta("1h")),
        (HOURS - HOURS[0], "auto", pd.Timedelta("1h")),
        (pd.date_range("2024-03-30", periods=3, **DST), "auto", pd.Timedelta("1D")),
        (pd.date_range("2024-03-01", periods=3, freq="MS"), "auto", 1),
        (pd.date_range("2024-03-01", periods=3, freq="YS"), "auto", 12),
        (pd.period_range("2024-03", periods=3, freq="M"), "auto", 1),
        (pd.Index([0, 3, 6]), "auto", 3),
        (pd.Index([0, 3, 6], dtype="int8"), "auto", 3),
        (pd.Index([0, 3, 6], dtype="Int64"), "auto", 3),
        (pd.Index([0, 0.5, 1]), "auto", 0.5),
        (HOURS, None, None),
        (HOURS, pd.Timedelta("2h"), pd.Timedelta("2h")),
        (HOURS, timedelta(hours=2), pd.Timedelta("2h")),
        (HOURS, np.timedelta64(2, "h"), pd.Timedelta("2h")),
        (pd.Index([0, 3, 6]), 2.5, 2.5),
        (pd.Index([0, 3, 6]), np.int64(2), 2),
        (pd.period_range("2024-03", periods=3, freq="M"), 2, 2),
    ],
)
def test_max_gap_is_resolved_in_the_unit_of_the_labels(index, max_gap, expected):
    windower = SequenceWindower(max_gap=max_gap).fit(labelled(index))
    assert windower.max_gap_ == expected
    if max_gap == "auto":
        assert type(windower.max_gap_) is type(expected)
    assert windower.max_gap is max_gap


@pytest.mark.parametrize(
    "max_gap", [pd.Timedelta("2h"), timedelta(hours=2), np.timedelta64(2, "h")]
)
def test_a_step_of_max_gap_is_no_hole_and_a_longer_one_is(max_gap):
    index = HOURS[[0, 1, 3]].append(HOURS[[5]] + pd.Timedelta("1s")).as_unit("s")
    assert runs_of(index, max_gap=max_gap) == [1, 2, 3, 1]


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
@pytest.mark.parametrize(
    ("max_gap", "expected"),
    [
        (np.timedelta64(10**6, "D"), [1, 2, 3]),
        (timedelta.max, [1, 2, 3]),
        (np.timedelta64(2, "30m"), [1, 2, 3]),
        (timedelta(hours=1), [1, 2, 3]),
        (timedelta(hours=1) - timedelta.resolution, [1, 1, 1]),
        (np.timedelta64(3600 * 10**9 - 1, "ns"), [1, 1, 1]),
        (np.timedelta64(3, "ps"), [1, 1, 1]),
    ],
)
def test_max_gap_may_be_longer_and_finer_than_the_labels_can_tell(max_gap, expected, unit):
    assert runs_of(HOURS[:3].as_unit(unit), max_gap=max_gap) == expected


@pytest.mark.parametrize("unit", ["Y", "M", "as"])
def test_a_max_gap_without_a_fixed_length_is_refused(unit):
    max_gap = np.timedelta64(1, unit)
    message = (
        f"max_gap={max_gap!r} has no fixed length. Give it in a unit from weeks to femtoseconds, "
        "for example np.timedelta64(31, 'D')."
    )
    with pytest.raises(ValueError, match=whole(message)):
        runs_of(HOURS[:3], max_gap=max_gap)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_the_least_and_the_greatest_integer_are_far_apart(dtype):
    ends = np.iinfo(dtype)
    assert runs_of(pd.Index([ends.min, ends.max], dtype=dtype), max_gap=1) == [1, 1]


def test_labels_beyond_the_greatest_signed_integer_stand_in_their_order():
    index = pd.Index([2**63 - 1, 2**63, 2**63 + 1, 2**63 + 3], dtype="uint64")
    assert runs_of(index, max_gap=1) == [1, 2, 3, 1]


def test_steps_that_differ_in_their_last_digit_are_one_step():
    # Four tenths, in two spellings, and three halves.
    index = pd.Index(1e8 + np.array([0, 0.1, 0.2, 0.7, 1.2, 1.7, 1.8, 1.9]))
    assert SequenceWindower().fit(labelled(index)).max_gap_ == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_dates_of_five_centuries_are_far_apart(unit):
    index = pd.DatetimeIndex(["1700-01-01", "2200-01-01"]).as_unit(unit)
    assert runs_of(index, max_gap=pd.Timedelta("1D")) == [1, 1]


# --- other ways to write the same labels -----------------------------------------------------


@pytest.mark.parametrize("series", [False, True])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "UTC", "Europe/Berlin", "Etc/GMT+3"])
@pytest.mark.parametrize("units", [("s", "ms"), ("ms", "s"), ("ns", "us"), ("us", "us")])
def test_instants_are_the_same_in_another_zone_and_unit(zone, units, series):
    index = pd.date_range("2024-10-27", periods=6, freq="h", **DST)
    expected = SequenceWindower(timesteps=3).fit_transform(labelled(index))[3:]
    known, later = index[:3].as_unit(units[0]), index[3:].tz_convert(zone).as_unit(units[1])
    known, later = (several_series(i, ["a"]) if series else i for i in (known, later))
    windower = SequenceWindower(timesteps=3).fit(labelled(known))
    assert_same(windower.transform(labelled(later) + 3), expected)


@pytest.mark.parametrize("series", [False, True])
@pytest.mark.parametrize("units", [("s", "ms"), ("ms", "s"), ("us", "ns"), ("ns", "us")])
def test_dates_and_time_spans_may_change_their_unit(units, series):
    for index in (HOURS, HOURS - HOURS[0]):
        known, later = index[:3].as_unit(units[0]), index[3:].as_unit(units[1])
        known, later = (several_series(i, ["a"]) if series else i for i in (known, later))
        windower = SequenceWindower(timesteps=2).fit(labelled(known))
        windows = windower.transform(labelled(later) * 10)
        assert only_column(windows) == [[3, 10], [10, 20], [20, 30]]


def test_whole_numbers_may_be_written_as_floats():
    windower = SequenceWindower(timesteps=2).fit(labelled([1, 2]))
    assert only_column(windower.transform(labelled([3.0, 4.0]) * 10)) == [[2, 10], [10, 20]]


# --- dtypes and padding ----------------------------------------------------------------------


@pytest.mark.parametrize("frame", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_fit_transform_is_fit_and_transform_and_keeps_the_dtype(dtype, frame):
    X = labelled(HOURS[[3, 0, 1, 5]], dtype) if frame else labelled(HOURS, dtype).to_numpy()
    windower = SequenceWindower(timesteps=3)
    windows = windower.fit_transform(X)
    assert windows.dtype == dtype
    assert_same(clone(windower).fit(X).transform(X), windows)
    if frame:
        assert windower.history_.dtypes.tolist() == [np.dtype(dtype)]


@pytest.mark.parametrize("index", [HOURS[:3], several_series(HOURS[:3])], ids=["view", "copy"])
@pytest.mark.parametrize(
    ("padding", "dtype", "expected"),
    [
        (0, "int64", "int64"),
        (-1.0, "int8", "int8"),
        (255, "uint8", "uint8"),
        (1, "bool", "bool"),
        (np.int64(7), "int16", "int16"),
        (np.float32(-2), "float16", "float16"),
        (0.1, "float32", "float32"),
        (256, "uint8", "float64"),
        (float(np.finfo("float32").max), "float32", "float32"),
        (-1, "uint8", "float64"),
        (2, "bool", "float64"),
        (0.5, "int64", "float64"),
        (1e300, "int64", "float64"),
        (np.nan, "int32", "float64"),
        (np.nan, "float32", "float32"),
    ],
)
def test_a_number_pads_in_the_dtype_of_the_table_if_it_fits(padding, dtype, expected, index):
    X = labelled(index, dtype)
    windows = SequenceWindower(timesteps=2, padding=padding).fit_transform(X)
    assert windows.dtype == expected
    assert_same(windows[0, 0, 0], np.dtype(expected).type(padding))
    assert_same(windows[:, 1], X.to_numpy().astype(expected))


@pytest.mark.parametrize("frame", [False, True])
def test_a_padding_too_large_for_the_floats_of_the_table_is_not_made_infinite(frame):
    X = labelled(HOURS, "float16")
    windows = SequenceWindower(timesteps=2, padding=1e6).fit_transform(X if frame else X.to_numpy())
    assert windows[0, 0, 0] == 1e6


def test_nan_in_the_rows_passes():
    X = labelled(HOURS)
    X.iloc[1] = np.nan
    windows = SequenceWindower(timesteps=2).fit_transform(X)
    assert_array_equal(windows[:3, :, 0], [[1, 1], [1, np.nan], [np.nan, 3]])


@pytest.mark.parametrize("dtype", ["Int64", "Float32", "boolean"])
def test_nullable_pandas_dtypes_give_numbers_and_nan(dtype):
    X = (labelled(HOURS) % 2).astype(dtype)
    X.iloc[2] = pd.NA
    windower = SequenceWindower(timesteps=2).fit(X[:3])
    expected = [[1, 1], [1, 0], [0, np.nan]]
    assert_array_equal(windower.transform(X[:3])[:, :, 0], expected)
    assert_array_equal(windower.transform(X[3:])[0, :, 0], [np.nan, 0])


@pytest.mark.parametrize(
    ("of_fit", "of_call", "expected"),
    [
        ("float64", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("float64", "int64", "float64"),
        ("int64", "float32", "float64"),
        ("int64", "int64", "int64"),
    ],
)
def test_the_call_gives_the_dtype_if_it_can_hold_the_history(of_fit, of_call, expected):
    windower = SequenceWindower(timesteps=2).fit(labelled(HOURS[:3], of_fit))
    windows = windower.transform(labelled(HOURS[3:], of_call))
    assert windows.dtype == expected
    assert only_column(windows) == [[3, 1], [1, 2], [2, 3]]


def test_a_history_too_large_for_the_floats_of_the_call_is_not_made_infinite():
    windower = SequenceWindower(timesteps=2).fit(labelled(HOURS[:3]) * 1e300)
    windows = windower.transform(labelled(HOURS[3:], "float32"))
    assert windows[0, 0, 0] == 3e300


def test_a_fraction_in_the_history_is_not_rounded_to_the_integers_of_the_call():
    windower = SequenceWindower(timesteps=2).fit(labelled(HOURS[:3]) / 2)
    windows = windower.transform(labelled(HOURS[3:5], "int64"))
    assert_same(windows[:, :, 0], np.array([[1.5, 1], [1, 2]]))


# --- what is kept ----------------------------------------------------------------------------


def test_history_holds_as_many_rows_a_run_as_a_window_reaches_back():
    index = several_series(HOURS, ["a", "b"]).delete([3, 7])
    X = labelled(index)
    history = SequenceWindower(timesteps=2, sampling_rate=2).fit(X[::-1]).history_
    pd.testing.assert_frame_equal(history.sort_index(), X.iloc[[1, 2, 3, 4, 5, 8, 9]])


@pytest.mark.parametrize("series", [False, True])
def test_a_pickle_does_not_grow_with_the_rows_of_fit(series):
    def size(rows):
        index = pd.date_range(end="2024-01-01", periods=rows, freq="h")
        X = labelled(several_series(index) if series else index)
        return len(pickle.dumps(SequenceWindower(timesteps=3).fit(X)))

    assert abs(size(10_000) - size(1_000)) < 100


def test_no_history_is_kept_of_an_array():
    windower = SequenceWindower(timesteps=3).fit(labelled(HOURS))
    assert len(windower.history_) == 2
    assert windower.fit(labelled(HOURS).to_numpy()).history_ is None


def test_fit_leaves_the_table_alone_and_does_not_depend_on_it():
    X = labelled(HOURS)
    windower = SequenceWindower(timesteps=2).fit(X[:3])
    expected = windower.transform(X[3:])
    before = X.copy()
    windower.transform(X)
    pd.testing.assert_frame_equal(X, before)
    X.iloc[:] = 0
    assert_same(windower.transform(before[3:]), expected)


# --- memory and time -------------------------------------------------------------------------


def owner(array):
    while array.base is not None:
        array = array.base
    return array


@pytest.mark.parametrize("frame", [False, True])
@pytest.mark.parametrize("padding", ["edge", 0.0])
@pytest.mark.parametrize("sampling_rate", [1, 3])
def test_windows_of_one_series_in_order_are_a_view_over_rows_and_padding(
    sampling_rate, padding, frame
):
    X = labelled(pd.date_range("2024-01-01", periods=90))
    X = X if frame else X.to_numpy()
    windower = SequenceWindower(timesteps=10, sampling_rate=sampling_rate, padding=padding)
    past = 9 * sampling_rate
    windows = windower.fit_transform(X)
    assert not windows.flags.writeable
    assert owner(windows).nbytes == (90 + past) * 8
    assert windows.strides == (8, 8 * sampling_rate, 8)
    # After fit the rows before take the place of the padding.
    windows = windower.fit(X[:40]).transform(X[40:])  # at least as many rows as a window spans
    assert not windows.flags.writeable
    assert owner(windows).nbytes == (50 + past) * 8
    assert windows.strides == (8, 8 * sampling_rate, 8)


def test_nothing_can_be_written_through_the_view_into_the_table():
    X = np.ones((5, 1))
    windows = SequenceWindower().fit_transform(X)
    assert np.shares_memory(windows, X)
    with pytest.raises(ValueError, match="read-only"):
        windows[0, 0, 0] = 0


@pytest.mark.parametrize("frame", [False, True])
def test_a_million_rows_take_no_more_than_half_their_size_besides_the_copy(frame):
    X = np.ones((1_000_000, 10), dtype=np.float32)
    if frame:
        X = pd.DataFrame(X, index=pd.date_range("2000-01-01", periods=len(X), freq="min"))
    windower = SequenceWindower(timesteps=100)
    windower.fit_transform(X[:100])
    tracemalloc.start()
    try:
        windows = windower.fit_transform(X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert windows.shape == (1_000_000, 100, 10)
    assert peak <= 1.5 * np.asarray(X).nbytes


def python_steps(call):
    """How many lines of Python the call takes."""
    steps = 0

    def trace(*_):
        nonlocal steps
        steps += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return steps


def test_neither_a_row_nor_a_series_takes_a_step_of_python():
    windower = SequenceWindower(timesteps=3)

    def steps(series, rows):
        index = pd.date_range("2000-01-01", periods=rows, freq="h")
        X = labelled(several_series(index, range(series)), "float32")
        return python_steps(lambda: windower.fit(X)), python_steps(lambda: windower.transform(X))

    steps(10, 10)  # what is done only once is done here
    few = np.array(steps(10, 10))
    assert (steps(10, 1000) <= few + 500).all()
    assert (steps(1000, 10) <= few + 500).all()
    # Rows are checked and windows are written out in parts of some thousand rows.
    assert (steps(1000, 1000) <= few + 2000).all()


# --- the way back, names, and the rest of scikit-learn ---------------------------------------


@pytest.mark.parametrize("frame", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_inverse_transform_gives_the_rows_back(dtype, frame):
    X = labelled(HOURS[[3, 0, 1, 5]], dtype) if frame else labelled(HOURS, dtype).to_numpy()
    windower = SequenceWindower(timesteps=2, sampling_rate=2).fit(X)
    assert_same(windower.inverse_transform(windower.transform(X)), np.asarray(X))


@pytest.mark.parametrize("shape", [(4, 6), (4, 2, 3), (4, 3), (4, 3, 2, 1), (3,)])
def test_inverse_transform_refuses_another_shape(shape):
    message = (
        f"X has shape {shape}, but this SequenceWindower was fitted to sequences of shape "
        "(n_samples, 3, 2)."
    )
    windower = SequenceWindower(timesteps=3).fit(np.zeros((4, 2)))
    with pytest.raises(ValueError, match=whole(message)):
        windower.inverse_transform(np.zeros(shape))


def test_feature_names_out_read_step_by_step():
    X = pd.DataFrame(np.zeros((3, 2)), columns=["a", "b"])
    windower = SequenceWindower(timesteps=2).fit(X)
    assert windower.get_feature_names_out().tolist() == ["t0_a", "t0_b", "t1_a", "t1_b"]
    assert windower.n_features_in_ == 2
    assert windower.feature_names_in_.tolist() == ["a", "b"]
    windower.fit(X.to_numpy())
    assert windower.get_feature_names_out().tolist() == ["t0_x0", "t0_x1", "t1_x0", "t1_x1"]
    assert not hasattr(windower, "feature_names_in_")
    assert windower.get_feature_names_out(["c", "d"]).tolist() == ["t0_c", "t0_d", "t1_c", "t1_d"]
    with pytest.raises(ValueError, match="should have length equal to number of features"):
        windower.get_feature_names_out(["c"])


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_output_setting_leaves_the_3d_array_alone(output):
    X = labelled(HOURS)
    expected = SequenceWindower(timesteps=2).fit_transform(X)
    windower = SequenceWindower(timesteps=2)
    assert windower.set_output(transform=output) is windower
    assert_same(windower.fit_transform(X), expected)
    with config_context(transform_output=output):
        assert_same(clone(windower).fit(X).transform(X), expected)


def test_output_setting_of_a_pipeline_brings_the_labels():
    X = labelled(HOURS.delete(3))
    pipeline = make_pipeline(StandardScaler(), SequenceWindower(timesteps=2))
    windows = pipeline.set_output(transform="pandas").fit_transform(X)
    assert_array_equal(windows[3, 0], windows[3, 1])
    with config_context(transform_output="pandas"):
        assert_same(clone(pipeline).fit_transform(X), windows)
    assert pipeline[-1].history_.index.equals(X.index[[2, 4]])


def test_parameters_survive_clone_and_pickle():
    params = {"timesteps": 3, "sampling_rate": 2, "padding": 0.5, "max_gap": pd.Timedelta("2h")}
    X = labelled(several_series(HOURS))
    windower = SequenceWindower(**params).fit(X[X.index.get_level_values(1) < HOURS[4]])
    assert windower.get_params() == clone(windower).get_params() == params
    with pytest.raises(NotFittedError):
        clone(windower).transform(X)
    later = X[X.index.get_level_values(1) >= HOURS[4]]
    thawed = pickle.loads(pickle.dumps(windower))
    assert thawed.get_params() == params
    assert_same(thawed.transform(later), windower.transform(later))


def test_grid_search_tunes_the_look_back_on_one_table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        rng.normal(size=(120, 2)),
        index=pd.date_range("2024-03-29", periods=120, freq="h", **DST),
        columns=["a", "b"],
    )
    y = X["a"].shift(2, fill_value=0).to_numpy()
    y_before = y.copy()
    pipeline = make_pipeline(
        StandardScaler().set_output(transform="pandas"),
        SequenceWindower(),
        FunctionTransformer(lambda X: X.reshape(len(X), -1)),
        Ridge(),
    )
    grid = {"sequencewindower__timesteps": [1, 3, 4]}
    search = GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(4), error_score="raise").fit(X, y)
    # What is to be found stands two hours back: three steps are enough, one is not.
    one, three, _ = search.cv_results_["mean_test_score"]
    assert one < 0.5 < 0.9 < three
    assert_same(y, y_before)
    assert search.predict(X).shape == (120,)


def test_parameters_set_after_fit_wait_for_the_next_fit():
    X = labelled(HOURS.delete(2))
    windower = SequenceWindower(timesteps=2).fit(X)
    expected = windower.transform(X)
    names = windower.get_feature_names_out()
    new = {"timesteps": 3, "sampling_rate": 2, "padding": 0, "max_gap": None}
    windower.set_params(**new)
    assert_same(windower.transform(X), expected)
    assert_same(windower.inverse_transform(expected), X.to_numpy())
    assert windower.get_feature_names_out().tolist() == names.tolist()
    assert_same(windower.fit(X).transform(X), SequenceWindower(**new).fit_transform(X))


def test_fit_returns_itself_and_leaves_the_parameters_alone():
    windower = SequenceWindower(timesteps=np.int64(2), sampling_rate=np.uint8(2))
    before = windower.get_params()
    assert windower.fit(labelled(HOURS)) is windower
    assert windower.get_params() == before


def test_small_numpy_integers_do_not_overflow():
    timesteps, sampling_rate = np.array([20, 20], "int8")
    X = np.zeros((400, 1))
    windower = SequenceWindower(timesteps, sampling_rate=sampling_rate)
    assert windower.fit_transform(X).shape == (400, 20, 1)


# --- what is refused -------------------------------------------------------------------------

DUPLICATES = (
    "{count} rows have the label {label}, but the labels of a series must be unique. Drop or "
    "aggregate the duplicates; if they belong to different series, name the series in an outer "
    "level of the index: X.set_index('name', append=True).swaplevel()."
)


@pytest.mark.parametrize(
    ("index", "count", "label"),
    [
        (pd.Index([7, 5, 7, 7]), 3, "7"),
        (HOURS[[0, 1, 1]], 2, "2024-01-01 01:00:00"),
        (pd.period_range("2024-01", periods=2, freq="M")[[0, 1, 0]], 2, "2024-01"),
        (pd.MultiIndex.from_arrays([list("aba"), HOURS[[1, 1, 1]]]), 2, None),
        (pd.MultiIndex.from_arrays([list("aaa"), [1, 2, 1], [0.5, 0.5, 0.5]]), 2, None),
    ],
)
def test_a_label_that_stands_twice_is_refused(index, count, label):
    X = labelled(index)
    known = X[~X.index.duplicated()]
    message = whole(DUPLICATES.format(count=count, label=label or index[0]))
    windower = SequenceWindower()
    with pytest.raises(ValueError, match=message):
        windower.fit(X)
    # Those of fit and of the call may be alike, those of the call may not.
    windower.fit(known).transform(known)
    with pytest.raises(ValueError, match=message):
        windower.transform(X)


def test_one_instant_written_in_two_zones_is_one_label():
    later = HOURS.tz_localize("UTC")
    windower = SequenceWindower(timesteps=2).fit(labelled(later.tz_convert("Asia/Tokyo")))
    windows = windower.transform(labelled(later) * 10)
    assert only_column(windows)[:2] == [[10, 10], [10, 20]]


def test_the_hour_that_comes_twice_is_two_labels():
    two = pd.date_range("2024-10-27 01:00", periods=4, freq="h", **DST)[1:3]
    assert two[0].hour == two[1].hour == 2
    SequenceWindower().fit(labelled(two))


@pytest.mark.parametrize(
    ("index", "dtype", "example"),
    [
        (pd.Index(["2024-01-01", "2024-01-02"]), "(str|object)", "'2024-01-01'"),
        (pd.Index([True, False]), "bool", "True"),
        (pd.Index([1, "a"], dtype=object), "object", "1"),
        (pd.CategoricalIndex(["a", "b"]), "category", "'a'"),
        (pd.interval_range(0, 2), r"interval\[int64, right\]", r"Interval\(0, 1, closed='right'\)"),
    ],
)
@pytest.mark.parametrize("series", [False, True])
def test_labels_whose_steps_have_no_length_are_refused(index, dtype, example, series):
    X = labelled(several_series(index) if series else index)
    to_dates, consecutive = "X.set_index(pd.to_datetime(X.index))", "X.reset_index(drop=True)"
    if series:
        to_dates = "X.index.set_levels(pd.to_datetime(X.index.levels[-1]), level=-1)"
        consecutive = "the positions of the rows in each series"
    message = (
        r"^The last level of the index must be the time of each row, but it holds labels of "
        rf"dtype {dtype}, such as {example}\. Use dates, for example {re.escape(to_dates)}, "
        rf"periods or numbers; if the rows are consecutive, use {re.escape(consecutive)}\.$"
    )
    known = labelled(several_series(HOURS[:2]) if series else HOURS[:2])
    for call in (SequenceWindower().fit, SequenceWindower().fit(known).transform):
        with pytest.raises(TypeError, match=message):
            call(X)


def test_dates_in_an_index_of_objects_are_refused_with_the_remedy():
    X = labelled(HOURS.astype(object))
    remedy = r"Use dates, for example X\.set_index\(pd\.to_datetime\(X\.index\)\)"
    with pytest.raises(TypeError, match=remedy):
        SequenceWindower().fit(X)
    SequenceWindower().fit(X.set_index(pd.to_datetime(X.index)))


@pytest.mark.parametrize(
    ("index", "missing", "first"),
    [
        (pd.DatetimeIndex(["2024-01-01", None, None]), 2, 1),
        (pd.DatetimeIndex([None, "2024-01-01"], tz="UTC"), 1, 0),
        (pd.PeriodIndex(["2024-01", None], freq="M"), 1, 1),
        (pd.TimedeltaIndex(["1h", None]), 1, 1),
        (pd.Index([1.0, 2.0, np.nan]), 1, 2),
        (pd.Index([1.0, np.inf, -np.inf]), 2, 1),
        (pd.Index([1, pd.NA], dtype="Int64"), 1, 1),
        (pd.Index([1, pd.NA, np.inf], dtype="Float64"), 2, 1),
        (pd.MultiIndex.from_arrays([["a", "a"], [HOURS[0], pd.NaT]]), 1, 1),
        (pd.MultiIndex.from_arrays([["a", None], HOURS[:2]]), 1, 1),
        (pd.MultiIndex.from_arrays([["a", "b", "b"], [1, 1, np.nan], [1, 2, np.nan]]), 1, 2),
        (pd.MultiIndex.from_arrays([["a", "b", "b"], [1, 1, np.nan], [1, 2, 3]]), 1, 2),
    ],
    ids=repr,
)
def test_rows_with_no_place_in_time_or_no_series_are_refused(index, missing, first):
    X = labelled(index)
    message = (
        f"{missing} of {len(X)} rows have a missing or infinite label in the index; the first is "
        f"row {first} with the label {index[first]}. Label or drop these rows."
    )
    known = X.iloc[[i for i in (0, 1) if i != first][:1]]
    for call in (SequenceWindower().fit, SequenceWindower().fit(known).transform):
        with pytest.raises(ValueError, match=whole(message)):
            call(X)


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
def test_labels_at_fit_and_none_at_transform_are_refused_and_the_reverse():
    X = labelled(HOURS)
    for known, other, kinds in (
        (X, X.to_numpy(), ("a DataFrame", "an array")),
        (X.to_numpy(), X, ("an array", "a DataFrame")),
    ):
        message = (
            "SequenceWindower was fitted on {}, but now X is {}. Pass the same type to fit and "
            "transform. In a Pipeline, StandardScaler().set_output(transform='pandas') keeps the "
            "DataFrame."
        ).format(*kinds)
        with pytest.raises(ValueError, match=whole(message)):
            SequenceWindower().fit(known).transform(other)


KINDS = {
    "dates in level 0": HOURS,
    "dates in a time zone in level 0": HOURS.tz_localize("UTC"),
    "numbers in level 0": pd.RangeIndex(3),
    "time spans in level 0": HOURS - HOURS[0],
    "periods of M in level 0": pd.period_range("2024-01", periods=3, freq="M"),
    "periods of D in level 0": pd.period_range("2024-01", periods=3, freq="D"),
    "numbers in level 1": several_series(pd.RangeIndex(3)),
    "dates in level 1": several_series(HOURS),
    "dates in level 2": pd.MultiIndex.from_product([["a"], [1], HOURS]),
}


@pytest.mark.parametrize("now", KINDS)
@pytest.mark.parametrize("was", KINDS)
def test_labels_of_another_kind_than_those_of_fit_are_refused(was, now):
    windower = SequenceWindower(timesteps=2).fit(labelled(KINDS[was]))
    (kind, level), (was_kind, was_level) = (name.split(" in level ") for name in (now, was))
    remedy = "Give X an index like that of fit."
    if {kind, was_kind} == {"dates", "dates in a time zone"}:
        remedy = f"Use X.tz_localize({None if was_kind == 'dates' else 'UTC'!r})."
    if level == was_level:
        now_described, was_described = kind, was_kind
    else:
        now_described, was_described = now, was
    message = (
        f"The index of X has {now_described} as the time of its rows, but in fit it had "
        f"{was_described}. {remedy}"
    )
    refused = pytest.raises(ValueError, match=whole(message))
    with refused if was != now else nullcontext():
        windower.transform(labelled(KINDS[now]))


@pytest.mark.parametrize(
    ("index", "max_gap", "kind", "wanted"),
    [
        (HOURS, 1, "dates", "a timedelta, for example pd.Timedelta('2h')"),
        (HOURS.tz_localize("UTC"), 1.5, "dates in a time zone", "a timedelta, for example pd"),
        (HOURS - HOURS[0], 1, "time spans", "a timedelta, for example pd.Timedelta('2h')"),
        (pd.RangeIndex(3), pd.Timedelta("1h"), "numbers", "a number"),
        (pd.Index([0.5]), timedelta(hours=1), "numbers", "a number"),
        (pd.RangeIndex(3), np.timedelta64(1, "h"), "numbers", "a number"),
        (KINDS["periods of M in level 0"], pd.Timedelta("31D"), "periods of M", "a number"),
        (several_series(HOURS), 1, "dates", "a timedelta"),
    ],
)
def test_max_gap_in_a_unit_that_the_labels_do_not_have_is_refused(index, max_gap, kind, wanted):
    message = (
        f"max_gap={max_gap!r} does not match the index, which has {kind} as its time: give {wanted}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        SequenceWindower(max_gap=max_gap).fit(labelled(index))


def test_max_gap_is_ignored_for_arrays():
    X = np.zeros((3, 1))
    for max_gap in (1, pd.Timedelta("1h"), np.timedelta64(1, "h"), None):
        assert SequenceWindower(max_gap=max_gap).fit(X).max_gap_ is None


@pytest.mark.parametrize(
    ("params", "message"),
    [
        *(
            ({name: value}, f"The {name!r} parameter of SequenceWindower must be an int in")
            for name in ("timesteps", "sampling_rate")
            for value in (0, -1, 1.5, 2.0, True, "3", None, np.inf, np.nan)
        ),
        *(
            ({"padding": value}, "The 'padding' parameter of SequenceWindower must be a str among")
            for value in ("x", "pre", np.inf, -np.inf, True, None, [0], np.timedelta64(1, "h"))
        ),
        *(
            ({"max_gap": value}, "The 'max_gap' parameter of SequenceWindower must be a str among")
            for value in ("x", "1h", 0, -1, np.inf, np.nan, True, pd.NaT, pd.offsets.Hour(1))
        ),
        *(
            ({"max_gap": value}, "max_gap")
            for value in (pd.Timedelta(0), timedelta(-1), np.timedelta64("NaT", "ns"))
        ),
    ],
    ids=repr,
)
@pytest.mark.parametrize("frame", [False, True])
def test_bad_parameter_is_refused_in_fit(params, message, frame):
    X = labelled(HOURS) if frame else labelled(HOURS).to_numpy()
    with pytest.raises(InvalidParameterError, match=message):
        SequenceWindower(**params).fit(X)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_refused_everywhere(value):
    X = labelled(HOURS)
    windower = SequenceWindower(timesteps=2).fit(X)
    infinite = X.replace(3, value)
    for call in (clone(windower).fit, windower.transform):
        with pytest.raises(ValueError, match="Input X contains infinity"):
            call(infinite)
    with pytest.raises(ValueError, match="contains infinity"):
        windower.inverse_transform(np.full((1, 2, 1), value))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.array([["a", "b"]]), "X has a value at (0, 0) that cannot be converted to a number"),
        (pd.DataFrame({"a": ["x"]}), "Columns that do not hold numbers: 'a'"),
        (np.ones((2, 2)) + 1j, "Complex data not supported"),
        (np.ones(3), "Expected 2D array, got 1D array instead"),
        (labelled(HOURS)["row"], "Expected a 2-dimensional container but got"),
        (np.ones((2, 2, 2)), "Found array with dim 3, while dim <= 2 is required"),
        (labelled(HOURS)[:0], "Found array with 0 sample(s)"),
        (labelled(HOURS).iloc[:, :0], "at least one array or dtype is required"),
        (np.ones((3, 0)), "Found array with 0 feature(s)"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(X, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SequenceWindower().fit(X)


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_input_is_refused_with_the_remedy(container):
    windower = SequenceWindower(timesteps=2).fit(np.ones((3, 2)))
    X = container(np.ones((3, 2)))
    for call in (clone(windower).fit, windower.transform, windower.inverse_transform):
        with pytest.raises(TypeError, match=r"dense data is required\. Use '\.toarray\(\)'"):
            call(X)


def test_other_columns_than_in_fit_are_refused():
    X = pd.DataFrame(np.ones((6, 2)), index=HOURS, columns=["a", "b"])
    windower = SequenceWindower(timesteps=2).fit(X)
    for other in (X[["b", "a"]], X[["a"]], X.assign(c=1)):
        with pytest.raises(ValueError, match=r"The feature names should match those .* during fit"):
            windower.transform(other)
    message = "X has 1 features, but SequenceWindower is expecting 2 features as input"
    with pytest.raises(ValueError, match=message):
        windower.fit(X.to_numpy()).transform(X[["a"]].to_numpy())


@pytest.mark.parametrize(
    "failing",
    [
        np.array([[np.inf]]),
        labelled(HOURS.append(HOURS)).assign(other=0),
        labelled(pd.Index(["a", "b"])).rename(columns={"row": "other"}),
        labelled(pd.Index([1.0, np.nan])),
        labelled(several_series(HOURS, ["a", None])),
        labelled(HOURS).assign(other=np.inf),
        pd.DataFrame({"row": [1], 2: [1]}),
        labelled(HOURS)[:0],
    ],
)
def test_failed_fit_leaves_the_fit_before_it_whole(failing):
    X = labelled(HOURS)
    windower = SequenceWindower(timesteps=3).fit(X[:3])
    before = dict(vars(windower))
    with pytest.raises((ValueError, TypeError)):
        windower.fit(failing)
    assert vars(windower).keys() == before.keys()
    assert all(value is before[name] for name, value in vars(windower).items())
    assert only_column(windower.transform(X[3:])) == [[2, 3, 4], [3, 4, 5], [4, 5, 6]]


@pytest.mark.parametrize(
    "params",
    [{"timesteps": 0}, {"sampling_rate": 1.5}, {"padding": "x"}, {"max_gap": 3, "timesteps": 1}],
)
def test_failed_fit_with_other_parameters_leaves_the_fit_before_it_whole(params):
    X = labelled(HOURS)
    windower = SequenceWindower(timesteps=3).fit(X[:3])
    with pytest.raises(ValueError, match=next(iter(params))):
        windower.set_params(**params).fit(X)
    assert only_column(windower.transform(X[3:])) == [[2, 3, 4], [3, 4, 5], [4, 5, 6]]


def test_refused_transform_leaves_the_fit_whole():
    X = labelled(HOURS)
    windower = SequenceWindower(timesteps=3).fit(X[:3])
    with pytest.raises(ValueError, match="2 rows have the label "):
        windower.transform(X.iloc[[4, 4]])
    assert only_column(windower.transform(X[3:])) == [[2, 3, 4], [3, 4, 5], [4, 5, 6]]


@pytest.mark.parametrize(
    "call",
    [
        lambda windower: windower.transform(labelled(HOURS)),
        lambda windower: windower.inverse_transform(np.zeros((1, 1, 1))),
        SequenceWindower.get_feature_names_out,
    ],
    ids=["transform", "inverse_transform", "get_feature_names_out"],
)
def test_nothing_works_before_fit(call):
    with pytest.raises(NotFittedError, match="This SequenceWindower instance is not fitted yet"):
        call(SequenceWindower())


@pytest.mark.parametrize("first", ["2024-03-01 10:00", "1.3.2024", "03/01/24"])
def test_dates_that_are_text_in_a_column_belong_in_the_index(first):
    table = pd.DataFrame({"load": [1.0, 2.0], "shop": "a", "hour": [first, "x"]})
    message = (
        "Columns that do not hold numbers: 'shop', 'hour'. Drop or encode them first, for example "
        "by select_dtypes('number'). If 'hour' is the time of the rows, it belongs in the index: "
        "pandas.read_csv(…, index_col='hour', parse_dates=True)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SequenceWindower().fit(table)


def test_text_with_offsets_from_utc_is_converted_by_utc():
    hours = [f"2024-03-31 0{hour}:00+0{offset}:00" for hour, offset in [(0, 1), (1, 1), (3, 2)]]
    table = pd.DataFrame({"load": [1.0, 2.0, 3.0]}, hours)
    with pytest.raises(
        TypeError, match=re.escape("X.set_index(pd.to_datetime(X.index, utc=True))")
    ):
        SequenceWindower().fit(table)
    SequenceWindower().fit(table.set_index(pd.to_datetime(table.index, utc=True)))
