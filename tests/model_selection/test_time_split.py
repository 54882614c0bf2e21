"""`TimeSplit` against scikit-learn's `TimeSeriesSplit`, and against plain loops on panels."""

import pickle
import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
    learning_curve,
    permutation_test_score,
)
from sklearn.utils._param_validation import InvalidParameterError
from strategies import CALENDARS, unhurried

from skl_lstm import SequenceWindower, TimeSplit, leads
from skl_lstm.transformers.time_index import sort_rows

WEEKDAYS = pd.bdate_range("2024-03-01", periods=64, tz="Europe/Berlin")
REGULAR = {**CALENDARS, "weekdays": WEEKDAYS}


def days(n=12, **params):
    return pd.DataFrame({"v": np.arange(n * 1.0)}, pd.date_range("2024-03-25", periods=n, **params))


def panel_of(series, calendar):
    """Return a table; `series` is a list of the positions of each series in the calendar."""
    parts = [
        pd.DataFrame({"v": np.random.default_rng(0).normal(size=len(s))}, REGULAR[calendar][s])
        for s in series
    ]
    return pd.concat(dict(enumerate(parts)), names=["series", "time"])


def positions_of(table, calendar):
    """Return the position in the calendar of every row."""
    utc = [
        i.tz_convert("UTC") if getattr(i, "tz", None) else i
        for i in (REGULAR[calendar], table.index.get_level_values(-1))
    ]
    return pd.Series(range(64), utc[0])[utc[1]].to_numpy()


def folds_of(splitter, X):
    return [(train.tolist(), test.tolist()) for train, test in splitter.split(X)]


@st.composite
def parameters(draw):
    return {
        "n_splits": draw(st.integers(1, 5)),
        "test_size": draw(st.none() | st.integers(1, 6)),
        "gap": draw(st.integers(0, 3)),
        "horizon": draw(st.integers(1, 4)),
        "max_train_size": draw(st.none() | st.integers(1, 8)),
    }


@unhurried
@given(st.integers(1, 40), parameters(), st.sampled_from([None, *REGULAR]))
def test_the_folds_of_one_sorted_series_are_those_of_scikit_learn(n, params, calendar):
    X = np.zeros((n, 2))
    if calendar is not None:
        X = pd.DataFrame(X, REGULAR[calendar][:n])
    n_splits, horizon = params["n_splits"], params["horizon"]
    assume(n_splits > 1)
    others = {name: params[name] for name in ("test_size", "max_train_size")}
    theirs = TimeSeriesSplit(n_splits, gap=params["gap"] + horizon - 1, **others)
    try:
        expected = folds_of(theirs, X)
    except ValueError:
        expected = None
    if expected is None or not all(train for train, _ in expected):
        with pytest.raises(ValueError, match="Use fewer or smaller"):
            TimeSplit(**params).split(X)
        return
    assert folds_of(TimeSplit(**params), X) == expected
    assert TimeSplit(**params).get_n_splits() == n_splits
    # TimeSeriesSplit needs two folds. A single one is the last of two.
    if n_splits == 2 and params["test_size"]:
        assert folds_of(TimeSplit(**{**params, "n_splits": 1}), X) == expected[1:]


@st.composite
def regular_panels(draw):
    """Draw a calendar and series without holes; they may begin between the steps of others."""
    calendar = draw(st.sampled_from(list(REGULAR)))
    step = 1 if calendar == "weekdays" else draw(st.sampled_from([1, 3]))
    series = []
    for _ in range(draw(st.integers(1, 4))):
        first, steps = draw(st.integers(0, 9)), draw(st.integers(2, 15))
        series.append(np.arange(first, first + steps * step, step))
    return calendar, step, series


def expected_folds(position, step, params):
    """Return the positions of the training and test rows of every fold, by a loop."""
    moments = sorted(set(position))
    size = params["test_size"] or len(moments) // (params["n_splits"] + 1)
    folds = []
    for fold in range(params["n_splits"]):
        stop = len(moments) - (params["n_splits"] - 1 - fold) * size
        start = stop - size
        if size == 0 or start < 1:
            return None
        ahead = step * (params["gap"] + params["horizon"])
        trained = [moment for moment in moments if moment + ahead <= moments[start]]
        trained = trained[-(params["max_train_size"] or len(trained)) :]
        if not trained:
            return None
        folds.append((trained, moments[start:stop]))
    return folds


@unhurried
@given(st.data(), regular_panels(), parameters())
def test_no_row_of_a_regular_panel_is_left_out_needlessly(data, drawn, params):
    calendar, step, series = drawn
    table = panel_of(series, calendar)
    table = table.iloc[data.draw(st.permutations(range(len(table))))]
    # Two steps over weekends and one within a week look like another calendar.
    assume((calendar == "weekdays") == (sort_rows(table.index).clock == "weekdays"))
    position = positions_of(table, calendar)
    expected = expected_folds(position, step, params)
    if expected is None:
        with pytest.raises(ValueError, match="Use fewer or smaller"):
            TimeSplit(**params).split(table)
        return
    for found, moments in zip(TimeSplit(**params).split(table), expected, strict=True):
        for rows, wanted in zip(found, moments, strict=True):
            assert rows.tolist() == np.flatnonzero(np.isin(position, wanted)).tolist()


@st.composite
def panels(draw):
    """Draw a calendar and series with holes; most steps are the usual one."""
    calendar, _, series = draw(regular_panels())
    holed = []
    for positions in series:
        dropped = draw(st.sets(st.integers(1, max(len(positions) - 2, 1)), max_size=2))
        holed.append(np.delete(positions, [d for d in dropped if d < len(positions)]))
    return calendar, holed


@pytest.mark.filterwarnings("ignore:The result leaves out:UserWarning")
@unhurried
@given(st.data(), panels(), parameters())
def test_no_training_target_is_later_than_the_first_test_row(data, drawn, params):
    calendar, series = drawn
    table = panel_of(series, calendar)
    horizon, gap = params["horizon"], params["gap"]
    try:
        y = leads(table, "v", horizon=horizon, gap=gap)
        X = table.loc[y.index]
        X = X.iloc[data.draw(st.permutations(range(len(X))))]
        folds = list(TimeSplit(**params).split(X))
    except ValueError:
        assume(False)
    # The calendar is learned from X. Where it is finer than that of the table, targets that are
    # not in X seem to be earlier than they are.
    learned, whole = sort_rows(X.index), sort_rows(table.index)
    assume(learned.clock == whole.clock)
    assume(learned.step == 0 or learned.step >= whole.step)
    last_target = {}
    for _, rows in table.groupby(level=0):
        later = rows.index[horizon + gap :]
        last_target.update(zip(rows.index, positions_of(rows.loc[later], calendar), strict=False))
    position, times = positions_of(X, calendar), []
    for train, test in folds:
        first = position[test].min()
        assert max(last_target[label] for label in X.index[train]) <= first
        assert position[train].max() < first
        assert set(np.flatnonzero(np.isin(position, position[test]))) == set(test)
        times.append(sorted(set(position[test])))
    assert times == sorted(times)
    assert len({time for fold in times for time in fold}) == sum(map(len, times))
    assert len(set(map(len, times))) == 1
    assert times[-1][-1] == position.max()


@unhurried
@given(st.data(), panels(), parameters())
def test_the_order_of_the_rows_does_not_matter(data, drawn, params):
    calendar, series = drawn
    table = panel_of(series, calendar)
    order = np.array(data.draw(st.permutations(range(len(table)))))
    try:
        expected = list(TimeSplit(**params).split(table))
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error)[:20])):
            TimeSplit(**params).split(table.iloc[order])
        return
    for found, sides in zip(TimeSplit(**params).split(table.iloc[order]), expected, strict=True):
        for rows, wanted in zip(found, sides, strict=True):
            assert sorted(order[rows]) == wanted.tolist()


def test_a_target_between_the_steps_of_another_series_is_not_known_before():
    hours = pd.date_range("2024-03-01", periods=6, freq="h")
    table = pd.concat(
        {"full": days(5).set_axis(hours[:5]), "half": days(6).set_axis(hours + pd.Timedelta("30m"))}
    )
    # The target of 4:00 is 5:00, which is after the first test row 4:30.
    train, test = next(TimeSplit(1, test_size=2).split(table))
    assert table.index[test].tolist() == [
        ("half", hours[4] + pd.Timedelta("30m")),
        ("half", hours[5] + pd.Timedelta("30m")),
    ]
    assert table.index[train].get_level_values(1).max() == hours[3] + pd.Timedelta("30m")
    starts = pd.date_range("2024-01-01", periods=6, freq="MS")
    noons = starts + pd.Timedelta("12h")
    table = pd.concat({"start": days(6).set_axis(starts), "noon": days(6).set_axis(noons)})
    for test_size in (1, 2, 3):
        for train, test in TimeSplit(2, test_size=test_size).split(table):
            first = table.index[test].get_level_values(1).min()
            for series, time in table.index[train]:
                assert (series, time + pd.DateOffset(months=1)) in table.index
                assert time + pd.DateOffset(months=1) <= first


def test_about_regular_times_are_read_as_regular():
    noise = pd.to_timedelta(np.random.default_rng(0).integers(-200, 200, 30), "s")
    X = days(30).set_axis(pd.date_range("2024-03-01", periods=30, freq="h") + noise)
    expected = folds_of(TimeSeriesSplit(4, gap=3), X)
    assert folds_of(TimeSplit(4, horizon=3, gap=1), X) == expected


LENGTHS = {
    "text": lambda days: f"{days}D",
    "timedelta": lambda days: timedelta(days=days),
    "pandas": lambda days: pd.Timedelta(days, "D"),
    "numpy": lambda days: np.timedelta64(24 * days, "h"),
}
DAILY = {
    "days": pd.date_range("2024-03-15", periods=40),
    "seconds": pd.date_range("2024-03-15", periods=40, unit="s"),
    "clocks go forward": pd.date_range("2024-03-15", periods=40, tz="Europe/Berlin"),
    "clocks go back": pd.date_range("2024-10-10 06:00", periods=40, tz="Europe/Berlin"),
    "periods": pd.period_range("2024-03-15", periods=40, freq="D"),
    "distant years": pd.date_range("9000-03-15", periods=40, unit="s"),
    "spans": pd.timedelta_range("0D", periods=40, freq="D"),
}


@pytest.mark.parametrize("as_length", LENGTHS.values(), ids=list(LENGTHS))
@pytest.mark.parametrize("index", DAILY.values(), ids=list(DAILY))
def test_lengths_of_days_are_days(index, as_length):
    X = pd.DataFrame({"v": range(40)}, index)
    numbers = {"test_size": 4, "max_train_size": 9}
    lengths = {name: as_length(value) for name, value in numbers.items()}
    expected = folds_of(TimeSplit(3, horizon=2, gap=3, **numbers), X)
    assert folds_of(TimeSplit(3, horizon=2, gap=as_length(3), **lengths), X) == expected


@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_lengths_of_weekdays_count_weekends(tz):
    X = days(30).set_axis(pd.bdate_range("2024-03-04", periods=30, tz=tz))  # a Monday
    (train, test), (_, last) = TimeSplit(2, test_size="7D", gap="2D").split(X)
    assert_array_equal(X.index[test], X.index[20:25])
    assert_array_equal(X.index[last], X.index[25:])
    # The target of Friday is Monday, which is less than two days before Monday.
    assert X.index[train[-1]] == X.index[20] - pd.offsets.BDay(2)


def test_lengths_of_hours_are_hours_over_clock_changes():
    hours = pd.date_range("2024-03-30", periods=60, freq="h", tz="Europe/Berlin")
    X = days(60).set_axis(hours)
    train, test = next(TimeSplit(1, test_size="24h", gap="2h", max_train_size="90min").split(X))
    assert test.tolist() == list(range(36, 60))
    assert train.tolist() == [32, 33]


def test_lengths_of_months_are_days():
    X = days(24).set_axis(pd.date_range("2023-01-31", periods=24, freq="ME"))
    train, test = next(TimeSplit(1, test_size="366D", gap="31D").split(X))
    assert X.index[test[0]] == pd.Timestamp("2024-01-31")
    assert X.index[train[-1]] == pd.Timestamp("2023-11-30")
    X = X.set_axis(X.index.to_period("M"))
    assert [len(rows) for rows in next(TimeSplit(1, test_size="366D").split(X))] == [12, 12]


def test_a_gap_in_time_follows_the_targets_of_series_that_have_ended():
    table = pd.concat({"a": days(4), "b": days(12)})
    for gap in (1, 2, 3):
        numbers = folds_of(TimeSplit(4, test_size=2, gap=gap), table)
        assert folds_of(TimeSplit(4, test_size=2, gap=f"{gap}D"), table) == numbers


def test_fractions_of_the_unit_of_the_labels_count():
    X = days(9).set_axis(pd.date_range("2024-03-01", periods=9, freq="s", unit="s"))
    sizes = [len(test) for _, test in TimeSplit(3, test_size="1500ms").split(X)]
    assert sizes == [2, 1, 2]  # of 3.5 to 5, 5 to 6.5 and 6.5 to 8 seconds


def test_great_lengths_are_everything():
    X = days()
    _, test = next(TimeSplit(1, test_size=2, max_train_size="100000D").split(X))
    assert len(test) == 2
    for length in ("100000D", np.timedelta64(10**9, "D"), timedelta(10**5)):
        with pytest.raises(ValueError, match="need more time than from 2024-03-25 00:00:00 to"):
            TimeSplit(5, test_size=length).split(X)
        with pytest.raises(ValueError, match="no training rows"):
            TimeSplit(1, gap=length).split(X)


def test_windows_are_split_like_their_table():
    table = pd.concat({"b": days(), "a": days(9)})
    windows = SequenceWindower(timesteps=3).fit_transform(table)
    assert folds_of(TimeSplit(3, horizon=2), windows) == folds_of(TimeSplit(3, horizon=2), table)
    bare = folds_of(TimeSplit(3), np.asarray(windows))
    assert bare == folds_of(TimeSeriesSplit(3), np.asarray(windows))
    assert folds_of(TimeSplit(3), table["v"]) == folds_of(TimeSplit(3), table)
    assert folds_of(TimeSplit(3), [[1]] * 8) == folds_of(TimeSeriesSplit(3), [[1]] * 8)


def test_series_of_one_row_each_are_split_by_the_order_of_their_times():
    X = pd.DataFrame({"v": range(5)}, pd.MultiIndex.from_arrays([list("abcde"), [9, 3, 5, 1, 7]]))
    assert folds_of(TimeSplit(2, test_size=1), X) == [([1, 2, 3], [4]), ([1, 2, 3, 4], [0])]
    assert folds_of(TimeSplit(1, test_size=1, horizon=2), X) == [([1, 2, 3], [0])]


@pytest.fixture
def searched():
    rng = np.random.default_rng(0)
    table = pd.concat({"b": days(30), "a": days(25)}).assign(w=lambda t: rng.normal(size=len(t)))
    table["v"] += rng.normal(size=len(table))
    y = leads(table, "v", horizon=2)
    return table.loc[y.index].sample(frac=1, random_state=0), y


SPLIT = TimeSplit(3, test_size="4D", horizon=2)


def expected_scores(X, y, alpha=1.0):
    return [
        Ridge(alpha=alpha).fit(X.iloc[train], y.iloc[train]).score(X.iloc[test], y.iloc[test])
        for train, test in SPLIT.split(X)
    ]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_searches_use_these_folds(searched, n_jobs):
    X, y = searched[0], searched[1].loc[searched[0].index]
    search = GridSearchCV(Ridge(), {"alpha": [1.0, 1e4]}, cv=SPLIT, n_jobs=n_jobs).fit(X, y)
    assert search.n_splits_ == 3
    for fold, score in enumerate(expected_scores(X, y, 1e4)):
        assert search.cv_results_[f"split{fold}_test_score"][1] == pytest.approx(score)


def test_scikit_learn_takes_it_everywhere(searched):
    X, y = searched[0], searched[1].loc[searched[0].index]
    expected = expected_scores(X, y)
    assert cross_val_score(Ridge(), X, y, cv=SPLIT) == pytest.approx(expected)
    score, others, _ = permutation_test_score(Ridge(), X, y, cv=SPLIT, n_permutations=3)
    assert score == pytest.approx(np.mean(expected))
    assert len(others) == 3
    sizes, _, scores = learning_curve(Ridge(), X, y, cv=SPLIT, train_sizes=[0.5, 1.0])
    assert scores.shape == (2, 3)
    assert sizes[-1] == len(next(SPLIT.split(X))[0])
    halving = HalvingGridSearchCV(
        Ridge(),
        {"alpha": [1.0, 10.0]},
        cv=SPLIT,
        factor=2,
        min_resources=20,
        random_state=0,
        scoring="neg_mean_absolute_error",
    ).fit(X, y)
    assert halving.n_splits_ == 3


def test_it_takes_part_in_metadata_routing(searched):
    X, y = searched[0], searched[1].loc[searched[0].index]
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(Ridge(), X, y, cv=SPLIT)
        search = GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=SPLIT).fit(X, y)
    assert scores == pytest.approx(expected_scores(X, y))
    assert search.n_splits_ == 3


def test_it_is_cloned_pickled_and_shown():
    splitter = TimeSplit(3, test_size="30D", horizon=2)
    assert (
        repr(splitter)
        == "TimeSplit(gap=0, horizon=2, max_train_size=None, n_splits=3, test_size='30D')"
    )
    for copy in (pickle.loads(pickle.dumps(splitter)), clone(splitter, safe=False)):
        assert vars(copy) == vars(splitter)
    search = clone(GridSearchCV(Ridge(), {}, cv=splitter))
    assert vars(search.cv) == vars(splitter)
    assert TimeSplit.__module__ == "skl_lstm"


def test_small_numpy_integers_do_not_overflow():
    X = np.zeros((1000, 1))
    small = {
        name: np.int8(value)
        for name, value in {
            "n_splits": 100,
            "test_size": 7,
            "gap": 100,
            "horizon": 100,
            "max_train_size": 120,
        }.items()
    }
    plain = {name: int(value) for name, value in small.items()}
    for data in (X, pd.DataFrame(X)):
        assert folds_of(TimeSplit(**small), data) == folds_of(TimeSplit(**plain), data)
    assert len(folds_of(TimeSplit(np.int8(127), horizon=np.int8(2)), X)) == 127


@pytest.mark.parametrize(
    ("options", "splitter", "message"),
    [
        (
            {"horizon": 3},
            TimeSplit(2),
            "y holds targets up to 3 steps ahead (h3_v), but TimeSplit(horizon=1, gap=0) leaves "
            "out 0 steps before the first test row instead of 2: the targets of the last training "
            "rows are in the test fold. Use TimeSplit(horizon=3).",
        ),
        (
            {"horizon": 2, "gap": 1},
            TimeSplit(2, gap=1),
            "y holds targets up to 3 steps ahead (h3_v), but TimeSplit(horizon=1, gap=1) leaves "
            "out 1 step before the first test row instead of 2: the targets of the last training "
            "rows are in the test fold. Use TimeSplit(horizon=2, gap=1).",
        ),
        (
            {"gap": 1},  # a Series
            TimeSplit(2),
            "y holds targets up to 2 steps ahead (h2_v), but TimeSplit(horizon=1, gap=0) leaves "
            "out 0 steps before the first test row instead of 1: the targets of the last training "
            "rows are in the test fold. Use TimeSplit(horizon=2).",
        ),
    ],
)
def test_targets_further_ahead_than_the_horizon_cause_a_warning(options, splitter, message):
    y = leads(days(20), "v", **options)
    X = days(20).loc[y.index]
    for use in (splitter.split, lambda X, y: cross_val_score(Ridge(), X, y, cv=splitter)):
        with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as caught:
            use(X, y)
        assert len(caught) == 1
        assert caught[0].filename == __file__


def test_targets_within_the_horizon_and_other_names_cause_no_warning():
    y = leads(days(20), "v", horizon=3)
    X = days(20).loc[y.index]
    TimeSplit(2, horizon=3).split(X, y)
    TimeSplit(2, horizon=2, gap=1).split(X, y)
    TimeSplit(2, gap="1D").split(X, y)
    TimeSplit(2).split(X, y.to_numpy())
    TimeSplit(2).split(X, y.assign(other=1))
    TimeSplit(2).split(X, X["v"])
    water = X.rename(columns={"v": "h2_o"})
    TimeSplit(2).split(water, water["h2_o"])


def test_groups_are_ignored_with_a_warning():
    with pytest.warns(UserWarning, match="^The groups parameter is ignored by TimeSplit$"):
        found = TimeSplit(2).split(days(), groups=range(12))
    assert len(list(found)) == 2


@pytest.mark.parametrize(
    ("X", "params", "message"),
    [
        (
            np.zeros((5, 1)),
            {"n_splits": 5},
            "5 test folds of 1 time steps, and rows to train on before them, need more than 5 time "
            "steps, but X has 5. Use fewer or smaller folds.",
        ),
        (
            days(),
            {"n_splits": 3, "test_size": 4},
            "3 test folds of 4 time steps, and rows to train on before them, need more than 12 "
            "time steps, but X has 12. Use fewer or smaller folds.",
        ),
        (
            days(),
            {"n_splits": 2, "test_size": "7D"},
            "2 test folds of test_size='7D', and rows to train on before them, need more time than "
            "from 2024-03-25 00:00:00 to 2024-04-05 00:00:00, the first and the last row of X. Use "
            "fewer or smaller folds.",
        ),
        (
            days().iloc[[0, 1, 2, 3, 10, 11]],
            {"n_splits": 2, "test_size": "3D"},
            "Fold 0 of 2 has no test rows: X has no rows in its period of test_size='3D'; the next "
            "row is that of 2024-04-04 00:00:00. Use longer or fewer test folds.",
        ),
        (
            days(),
            {"n_splits": 2, "test_size": 4, "horizon": 3, "gap": 2},
            "Fold 0 of 2 has no training rows: its first test row is that of 2024-03-29 00:00:00, "
            "and with horizon=3 and gap=2 no row of X has a target that is known by then. Use "
            "fewer or smaller test folds, or more rows.",
        ),
        (
            np.zeros((12, 1)),
            {"n_splits": 2, "test_size": 4, "horizon": 10**30},
            f"Fold 0 of 2 has no training rows: its first test row is row 4, and with "
            f"horizon={10**30} and gap=0 no row of X",
        ),
        (
            np.zeros((12, 1)),
            {"test_size": "3D"},
            "test_size='3D' is a length of time, but the rows of X have no labels. Give a number "
            "of steps, or a DataFrame with dates in its index.",
        ),
        (
            days().reset_index(drop=True),
            {"gap": timedelta(1)},
            "gap=datetime.timedelta(days=1) is a length of time, but the rows of X are labelled by "
            "numbers.",
        ),
        (
            days(),
            {"max_train_size": "3 steps"},
            "max_train_size='3 steps' is not a length of time. Write it like '30D', '12h' or "
            "'15min'; pandas says: ",
        ),
        (days(), {"gap": "1M"}, "gap='1M' is not a length of time. Write it like '30D', '12h' or"),
        (
            days(),
            {"test_size": "3"},
            "test_size='3' has no unit. Write it like '30D', '12h' or '15min', or pass a number of "
            "steps.",
        ),
        (days(), {"gap": np.timedelta64(3)}, "gap=np.timedelta64(3) has no unit. Write it like"),
        (days(), {"test_size": "-3D"}, "test_size='-3D' must be longer than 0."),
        (days(), {"test_size": "NaT"}, "test_size='NaT' must be longer than 0."),
        (days()[:0], {}, "Found array with 0 sample(s)"),
        (days().set_axis([*days().index[:11], pd.NaT]), {}, "1 of 12 rows have a missing or"),
        (days().set_axis(days().index[[0, *range(11)]]), {}, "2 rows have the label 2024-03-25"),
    ],
)
def test_rows_that_cannot_be_split_are_refused_in_the_users_numbers(X, params, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        TimeSplit(**params).split(X)


def test_labels_that_are_no_times_are_refused():
    with pytest.raises(TypeError, match="must be the time of each row, but it holds labels of"):
        TimeSplit(2).split(days().set_axis(list("abcdefghijkl")))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        TimeSplit(2).split(days(), range(3))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n_splits", (0, 2.0, True, None, "3")),
        ("horizon", (0, 2.5, True, None, "3D")),
        ("test_size", (0, -1, 0.2, True, timedelta(0), np.timedelta64("NaT"))),
        ("gap", (-1, 0.5, True, None, timedelta(-1))),
        ("max_train_size", (0, 0.5, True, np.timedelta64(0, "D"))),
    ],
)
def test_bad_parameter_is_refused(name, values):
    for value in values:
        message = f"^The {name!r} parameter of TimeSplit must be .* Got {re.escape(repr(value))}"
        with pytest.raises(InvalidParameterError, match=message):
            TimeSplit(**{name: value})
