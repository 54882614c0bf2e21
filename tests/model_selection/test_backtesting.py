"""`backtest`: every forecast is that of a model that was fitted on the past only."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skl_lstm import (
    LSTMRegressor,
    NaiveRegressor,
    SequenceFlattener,
    SequenceReshaper,
    SequenceWindower,
    TimeSplit,
    backtest,
    leads,
    make_supervised,
)
from skl_lstm._core.backtest_frames import quantile_column, quantile_columns

DAYS = pd.date_range("2024-01-01", periods=60, name="day")
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(RNG.normal(size=(60, 2)), DAYS, ["load", "heat"])
PANEL = pd.concat(
    {"a": TABLE[:50], "b": 2 * TABLE[10:], "c": TABLE[5:40] - 1}, names=["river"]
).drop(index=[("b", day) for day in DAYS[20:23]])


def linear(timesteps=3):
    return make_pipeline(SequenceWindower(timesteps), SequenceFlattener(), LinearRegression())


def last_windows(table, label, timesteps):
    """The window of a row, from the rows before it in the whole table; None if there are too few.

    The rows of a series are a day apart.
    """
    days = pd.date_range(end=label[-1], periods=timesteps)
    labels = [(*label[:-1], day) for day in days]
    index = table.index
    found = [(key if index.nlevels > 1 else key[-1]) in index for key in labels]
    if not all(found):
        return None
    return np.array([table.loc[key if index.nlevels > 1 else key[-1]] for key in labels])


@pytest.mark.parametrize("table", [TABLE, PANEL], ids=["one series", "panel"])
@pytest.mark.parametrize(("horizon", "gap"), [(1, 0), (3, 0), (2, 2)])
def test_a_row_holds_the_forecast_of_a_model_of_the_past(table, horizon, gap):
    y = leads(table, "load", horizon=horizon, gap=gap)
    X = table.loc[y.index]
    cv = TimeSplit(3, test_size=4, horizon=horizon, gap=gap)
    frame = backtest(linear(), X, y, cv=cv)
    levels = ["river"] if table is PANEL else []
    columns = ["model", "fold", "origin", *levels, "step", "time", "truth", "forecast"]
    assert list(frame.columns) == columns
    assert set(frame["model"]) == {"LinearRegression"}
    rows = frame.itertuples()
    n_checked = 0
    for fold, (train, test) in enumerate(cv.split(X)):
        model = linear().fit(X.iloc[train], y.iloc[train])
        for position in test:
            label = X.index[position]
            key = label if isinstance(label, tuple) else (label,)
            window = last_windows(X, key, 3)
            for column in range(horizon):
                row = next(rows)
                step = gap + column + 1
                assert (row.fold, row.origin, row.step) == (fold, key[-1], step)
                assert row.time == key[-1] + pd.Timedelta(days=step)
                assert levels == [] or row.river == key[0]
                assert row.truth == np.ravel(y.iloc[position])[column]
                if window is not None:
                    forecast = np.ravel(model[1:].predict(window[np.newaxis]))[column]
                    assert row.forecast == pytest.approx(forecast)
                    n_checked += 1
    assert next(rows, None) is None
    assert n_checked > 0.8 * len(frame)


def test_rows_that_a_gap_leaves_out_are_in_the_windows():
    y = leads(TABLE, "load", horizon=9)
    X = TABLE.loc[y.index]
    frame = backtest(
        make_pipeline(SequenceWindower(8), NaiveRegressor("heat", period=8)),
        X,
        y,
        cv=TimeSplit(1, test_size=1, horizon=9),
    )
    assert frame["forecast"].tolist() == [*X["heat"][-8:], X["heat"].iloc[-8]]


def test_models_are_compared_on_the_same_rows():
    y = leads(TABLE, "load")
    X = TABLE.loc[y.index]
    models = {"linear": linear(), "mean": DummyRegressor()}
    frame = backtest(models, X, y, cv=TimeSplit(2))
    assert list(frame["model"].unique()) == ["linear", "mean"]
    linear_rows, mean_rows = (frame[frame["model"] == name] for name in models)
    shared = ["fold", "origin", "step", "time", "truth"]
    pd.testing.assert_frame_equal(
        linear_rows[shared].reset_index(drop=True), mean_rows[shared].reset_index(drop=True)
    )
    alone = backtest(models["mean"], X, y, cv=TimeSplit(2))
    assert set(alone["model"]) == {"DummyRegressor"}
    np.testing.assert_array_equal(alone["forecast"], mean_rows["forecast"])


class CountsFits(RegressorMixin, BaseEstimator):
    """Predicts the number of its training rows."""

    def fit(self, X, y):
        self.n_rows_ = len(X)
        return self

    def predict(self, X):
        return np.full(len(X), self.n_rows_)


@pytest.mark.parametrize(
    ("refit", "expected"),
    [
        (True, [10, 20, 30, 40, 50]),
        (1, [10, 20, 30, 40, 50]),
        (2, [10, 10, 30, 30, 50]),
        (9, [10, 10, 10, 10, 10]),
        (False, [10, 10, 10, 10, 10]),
    ],
)
def test_a_model_may_predict_several_folds(refit, expected):
    frame = backtest(CountsFits(), TABLE, TABLE["load"], cv=TimeSplit(5), refit=refit)
    assert frame.groupby("fold")["forecast"].first().tolist() == expected


def test_without_a_refit_windows_include_the_rows_of_the_folds_between():
    y = leads(PANEL, "load")
    X = PANEL.loc[y.index]
    frame = backtest(linear(4), X, y, cv=TimeSplit(4, test_size=5), refit=False)
    train, _ = next(TimeSplit(4, test_size=5).split(X))
    model = linear(4).fit(X.iloc[train], y.iloc[train])
    of_all = pd.Series(model.predict(X), X.index)
    expected = [
        of_all[river, day] for river, day in zip(frame["river"], frame["origin"], strict=True)
    ]
    np.testing.assert_allclose(frame["forecast"], expected)


def test_two_processes_give_the_same_table():
    y = leads(TABLE, "load", horizon=2)
    X = TABLE.loc[y.index]
    lstm = make_pipeline(SequenceWindower(3), LSTMRegressor(2, epochs=1, random_state=0))
    models = {"lstm": lstm, "linear": linear()}
    cv = TimeSplit(2, horizon=2)
    pd.testing.assert_frame_equal(
        backtest(models, X, y, cv=cv, n_jobs=2), backtest(models, X, y, cv=cv)
    )


def test_the_order_of_the_rows_does_not_matter():
    y = leads(PANEL, "load", horizon=2)
    X = PANEL.loc[y.index]
    mixed = np.random.default_rng(1).permutation(len(X))
    cv = TimeSplit(3, test_size=4, horizon=2)
    frame = backtest(linear(), X, y, cv=cv)
    other = backtest(linear(), X.iloc[mixed], y.iloc[mixed], cv=cv)
    keys = ["fold", "river", "origin", "step"]
    pd.testing.assert_frame_equal(
        frame.sort_values(keys, ignore_index=True), other.sort_values(keys, ignore_index=True)
    )


def test_rows_of_arrays_are_consecutive():
    y = leads(TABLE, "load", horizon=3)
    X = TABLE.loc[y.index]
    cv = TimeSplit(3, horizon=3)
    frame = backtest(linear(), X, y, cv=cv)
    by_position = backtest(linear(), X.to_numpy(), y.to_numpy(), cv=cv)
    np.testing.assert_allclose(by_position["forecast"], frame["forecast"])
    np.testing.assert_array_equal(by_position["truth"], frame["truth"])
    origins = X.index.get_indexer(frame["origin"])
    np.testing.assert_array_equal(by_position["origin"], origins)
    np.testing.assert_array_equal(by_position["time"], origins + frame["step"])


def test_windows_and_lag_columns_can_be_cut_beforehand():
    y = leads(TABLE, "load", horizon=3)
    X = TABLE.loc[y.index]
    cv = TimeSplit(3, horizon=3)
    frame = backtest(linear(), X, y, cv=cv)
    windows = SequenceWindower(3).fit_transform(X)
    of_windows = backtest(make_pipeline(SequenceFlattener(), LinearRegression()), windows, y, cv=cv)
    pd.testing.assert_frame_equal(of_windows, frame)

    lags, y = make_supervised(TABLE, 3, target="load", horizon=3)
    of_lags = backtest(
        make_pipeline(SequenceReshaper(features=2), SequenceFlattener(), Ridge()), lags, y, cv=cv
    )
    assert of_lags["origin"].max() == DAYS[-4]
    assert of_lags["time"].max() == DAYS[-1]


def test_a_search_is_a_model():
    y = leads(TABLE, "load")
    X = TABLE.loc[y.index]
    search = GridSearchCV(linear(), {"sequencewindower__timesteps": [1, 2]}, cv=TimeSplit(2))
    assert len(backtest(search, X, y, cv=TimeSplit(2))) == 2 * 19


@pytest.mark.parametrize("gap", [0, 2])
def test_several_targets_have_a_column(gap):
    y = leads(TABLE, horizon=2, gap=gap)
    X = TABLE.loc[y.index]
    frame = backtest(linear(), X, y, cv=TimeSplit(1, test_size=2, horizon=2, gap=gap))
    assert list(frame.columns[:5]) == ["model", "fold", "origin", "target", "step"]
    assert frame["target"].tolist() == ["load", "heat"] * 4
    assert frame["step"].tolist() == [gap + 1, gap + 1, gap + 2, gap + 2] * 2
    for row in frame.itertuples():
        assert row.truth == TABLE.loc[row.time, row.target]
    one_step = backtest(linear(), X, X[["heat", "load"]], cv=TimeSplit(1, test_size=2))
    assert one_step["target"].tolist() == ["heat", "load"] * 2
    assert set(one_step["step"]) == {1}


def test_the_name_of_a_single_target_gives_the_step():
    y = leads(TABLE, "load", gap=2)
    frame = backtest(linear(), TABLE.loc[y.index], y, cv=TimeSplit(1, test_size=4, gap=2))
    assert set(frame["step"]) == {3}
    assert "target" not in frame
    assert (frame["truth"].to_numpy() == TABLE["load"][frame["time"]].to_numpy()).all()


@pytest.mark.parametrize(
    ("index", "later"),
    [
        (pd.date_range("2020-01-31", periods=40, freq="ME"), pd.offsets.MonthEnd()),
        (pd.bdate_range("2024-01-01", periods=40), pd.offsets.BDay()),
        (
            pd.date_range("2024-03-10", periods=40, tz="Europe/Berlin"),
            pd.DateOffset(days=1),
        ),
        (pd.period_range("2024-01", periods=40, freq="M"), 1),
        (pd.RangeIndex(40), 1),
    ],
    ids=["months", "trading days", "zone", "periods", "numbers"],
)
def test_the_time_follows_the_calendar_of_the_labels(index, later):
    table = pd.DataFrame({"load": np.arange(40.0)}, index)
    y = leads(table, "load", horizon=2)
    X = table.loc[y.index]
    frame = backtest(DummyRegressor(), X, y, cv=TimeSplit(1, test_size=3, horizon=2))
    expected = [time for origin in index[-5:-2] for time in (origin + later, origin + 2 * later)]
    assert frame["time"].tolist() == expected


def test_names_of_models_and_targets_keep_their_types():
    y = leads(TABLE, "load")
    X = TABLE.loc[y.index]
    models = {1: DummyRegressor(), ("a", 2): DummyRegressor()}
    frame = backtest(models, X, y, cv=TimeSplit(1, test_size=1))
    assert frame["model"].tolist() == [1, ("a", 2)]
    columns = pd.MultiIndex.from_tuples([("load", "x"), ("heat", "x")])
    frame = backtest(linear(), X, X.set_axis(columns, axis=1), cv=TimeSplit(1, test_size=1))
    assert frame["target"].tolist() == [("load", "x"), ("heat", "x")]


def test_a_column_that_is_named_like_a_lead_is_an_ordinary_target():
    table = TABLE.rename(columns={"load": "h2_o"})
    y = leads(table, "h2_o")
    frame = backtest(DummyRegressor(), table.loc[y.index], y, cv=TimeSplit(1))
    assert set(frame["step"]) == {1}


def test_levels_without_a_name_get_one():
    y = leads(PANEL, "load")
    X = PANEL.loc[y.index].rename_axis([None, None])
    frame = backtest(DummyRegressor(), X, y, cv=TimeSplit(1))
    assert list(frame.columns[:4]) == ["model", "fold", "origin", "series"]
    X, y = pd.concat({2024: X}), pd.concat({2024: y})
    frame = backtest(DummyRegressor(), X, y, cv=TimeSplit(1))
    assert list(frame.columns[2:6]) == ["origin", "series_0", "series_1", "step"]


def test_new_series_can_be_left_out():
    y = leads(PANEL, "load")
    X = PANEL.loc[y.index]
    rivers = X.index.get_level_values("river")
    folds = list(GroupKFold(3).split(X, groups=rivers))
    frame = backtest(linear(), X, y, cv=folds)
    assert len(frame) == len(X)
    assert (frame.groupby("fold")["river"].nunique() == 1).all()


@pytest.mark.parametrize("table", [TABLE, PANEL], ids=["one series", "panel"])
def test_rows_are_matched_by_position_if_y_is_unlabelled(table):
    y = leads(table, "load")
    X = table.loc[y.index]
    expected = backtest(linear(), X, y, cv=TimeSplit(2))
    for same in (y.to_numpy(), y.reset_index(drop=True)):
        pd.testing.assert_frame_equal(backtest(linear(), X, same, cv=TimeSplit(2)), expected)


def test_labels_in_another_unit_are_equal():
    y = leads(TABLE, "load")
    X = TABLE.loc[y.index]
    expected = backtest(linear(), X, y, cv=TimeSplit(2))
    y.index = y.index.as_unit("s")
    pd.testing.assert_frame_equal(backtest(linear(), X, y, cv=TimeSplit(2)), expected)


@pytest.mark.parametrize("as_array", [list, np.array, pd.Index, pd.Series])
def test_a_fold_is_a_pair_of_positions(as_array):
    fold = as_array(range(20)), as_array(np.arange(20, 30, dtype=np.uint8))
    expected = backtest(linear(), TABLE, TABLE["load"], cv=[(np.arange(20), np.arange(20, 30))])
    for cv in ([fold], iter([fold]), np.array([[[*range(20)], [*range(20, 40)]]])):
        frame = backtest(linear(), TABLE, TABLE["load"], cv=cv)
        pd.testing.assert_frame_equal(frame[:10], expected)


@settings(deadline=None, max_examples=50)
@given(
    n_splits=st.integers(1, 4), test_size=st.integers(1, 4), horizon=st.integers(1, 4),
    gap=st.integers(0, 3), refit=st.integers(1, 5),
)  # fmt: skip
def test_no_forecast_uses_the_future(n_splits, test_size, horizon, gap, refit):
    """Changing every value after an origin changes no forecast that is made from it."""
    cv = TimeSplit(n_splits, test_size=test_size, horizon=horizon, gap=gap)
    y = leads(PANEL, "load", horizon=horizon, gap=gap)
    frame = backtest(linear(2), PANEL.loc[y.index], y, cv=cv, refit=refit)
    cut = frame["origin"].iloc[len(frame) // 2]
    changed = PANEL.copy()
    changed[changed.index.get_level_values("day") > cut] += 1000
    y = leads(changed, "load", horizon=horizon, gap=gap)
    other = backtest(linear(2), changed.loc[y.index], y, cv=cv, refit=refit)
    known = frame["origin"] <= cut
    np.testing.assert_array_equal(frame["forecast"][known], other["forecast"][known])


class Quantiles(RegressorMixin, BaseEstimator):
    """Predicts the first column of X, and it times each level as quantiles."""

    def __init__(self, levels=(0.05, 0.5, 0.95), n_outputs=None, shape=None):
        self.levels = levels
        self.n_outputs = n_outputs
        self.shape = shape

    def fit(self, X, y):
        self.quantiles_ = np.array(self.levels)
        return self

    def predict(self, X, return_quantiles=False):
        forecast = np.asarray(X)[:, 0]
        if self.n_outputs is not None:
            forecast = forecast[:, np.newaxis] + np.arange(self.n_outputs)
        quantiles = forecast[..., np.newaxis] * self.quantiles_
        if self.shape is not None:
            quantiles = np.zeros(self.shape)
        return (forecast, quantiles) if return_quantiles else forecast


class Interval(RegressorMixin, BaseEstimator):
    """Predicts the first column of X, with an interval of a fixed width around it."""

    def __init__(self, coverage=0.8, n_outputs=None, shape=None):
        self.coverage = coverage
        self.n_outputs = n_outputs
        self.shape = shape

    def fit(self, X, y):
        return self

    def predict(self, X):
        forecast = np.asarray(X)[:, 0]
        outputs = 0 if self.n_outputs is None else np.arange(self.n_outputs)
        return forecast if self.n_outputs is None else forecast[:, np.newaxis] + outputs

    def predict_interval(self, X):
        forecast = self.predict(X)
        if self.shape is not None:
            return np.zeros(self.shape)
        return np.stack([forecast - 1, forecast + 2], axis=-1)


BEFORE = ["model", "fold", "origin", "step", "time", "truth", "forecast"]


def test_intervals_and_quantiles_are_columns():
    X, y = TABLE, TABLE["load"].shift(-1).fillna(0)
    models = {
        "mean": DummyRegressor(),
        "interval": Interval(),
        "quantiles": make_pipeline(Quantiles()),
        "others": Quantiles((0.25, 0.5)),
        "median": Quantiles((0.5,)),
    }
    frame = backtest(models, X, y, cv=TimeSplit(2, test_size=5))
    levels = {"q0.05": 0.05, "q0.25": 0.25, "q0.5": 0.5, "q0.95": 0.95}
    assert list(frame.columns) == [*BEFORE, "lower", "upper", "coverage", *levels]
    has = {"quantiles": {0.05, 0.5, 0.95}, "others": {0.25, 0.5}, "median": {0.5}}
    for _, row in frame.iterrows():
        of_model = has.get(row["model"], set())
        for column, level in levels.items():
            expected = level * row["forecast"] if level in of_model else np.nan
            np.testing.assert_equal(row[column], expected)
        bounds = [np.nan] * 3
        if row["model"] == "interval":
            bounds = [row["forecast"] - 1, row["forecast"] + 2, 0.8]
        elif len(of_model) > 1:
            low, high = min(of_model), max(of_model)
            bounds = [low * row["forecast"], high * row["forecast"], round(high - low, 12)]
        np.testing.assert_equal(row[["lower", "upper", "coverage"]].tolist(), bounds)
    only = backtest(models["mean"], X, y, cv=TimeSplit(2, test_size=5))
    assert list(only.columns) == BEFORE
    of_mean = frame[frame["model"] == "mean"][BEFORE[1:]]
    pd.testing.assert_frame_equal(of_mean, only[BEFORE[1:]])


@pytest.mark.parametrize("model", [Interval(n_outputs=2), Quantiles((0.1, 0.9), n_outputs=2)])
def test_bounds_of_several_steps_are_those_of_their_forecasts(model):
    """The test rows of an array are a part of what is passed to predict."""
    y = leads(TABLE, "load", horizon=2)
    X = TABLE.loc[y.index].to_numpy()
    frame = backtest(model, X, y.to_numpy(), cv=TimeSplit(2, test_size=4, horizon=2))
    np.testing.assert_allclose(frame["forecast"], X[frame["origin"], 0] + frame["step"] - 1)
    if isinstance(model, Interval):
        lower, upper = frame["forecast"] - 1, frame["forecast"] + 2
    else:
        lower, upper = 0.1 * frame["forecast"], 0.9 * frame["forecast"]
        np.testing.assert_array_equal(frame["q0.1"], lower)
        np.testing.assert_array_equal(frame["q0.9"], upper)
    np.testing.assert_array_equal(frame["lower"], lower)
    np.testing.assert_array_equal(frame["upper"], upper)
    np.testing.assert_allclose(frame["coverage"], 0.8)


def test_two_processes_give_the_same_intervals():
    models = {"interval": Interval(), "quantiles": Quantiles()}
    pair = {"X": TABLE, "y": TABLE["load"], "cv": TimeSplit(2)}
    pd.testing.assert_frame_equal(backtest(models, **pair, n_jobs=2), backtest(models, **pair))


def test_the_quantiles_of_a_search_are_those_of_its_best_model():
    search = GridSearchCV(Quantiles(), {"levels": [(0.1, 0.9)]}, cv=TimeSplit(2))
    frame = backtest(search, TABLE, TABLE["load"], cv=TimeSplit(1))
    assert list(frame.columns[-2:]) == ["q0.1", "q0.9"]
    np.testing.assert_array_equal(frame["upper"], frame["q0.9"])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            Interval(shape=(30, 3)),
            "Interval predicts bounds in the shape (30, 3), but its forecast has the shape (30,): "
            "with 2 bounds for each value, the shape must be (30, 2).",
        ),
        (
            Interval(shape=(2, 30)),
            "Interval predicts bounds in the shape (2, 30), but its forecast has the shape (30,): "
            "with 2 bounds for each value, the shape must be (30, 2).",
        ),
        (
            Interval(n_outputs=2, shape=(30, 2)),
            "Interval predicts bounds in the shape (30, 2), but its forecast has the shape "
            "(30, 2): with 2 bounds for each value, the shape must be (30, 2, 2).",
        ),
        (
            Interval(shape=()),
            "Interval predicts bounds in the shape (), but its forecast has the shape (30,): "
            "with 2 bounds for each value, the shape must be (30, 2).",
        ),
        (
            Quantiles((0.5,), shape=(30,)),
            "Quantiles predicts quantiles in the shape (30,), but its forecast has the shape "
            "(30,): with 1 quantile for each value, the shape must be (30, 1).",
        ),
        (
            Quantiles(shape=(3, 30)),
            "Quantiles predicts quantiles in the shape (3, 30), but its forecast has the shape "
            "(30,): with 3 quantiles for each value, the shape must be (30, 3).",
        ),
        (
            Interval(n_outputs=2),
            "Interval predicts 2 values for each row, but y has 1: each value that a model "
            "predicts is compared with one of y.",
        ),
    ],
    ids=lambda case: None,
)
def test_bounds_of_another_shape_are_refused(model, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        backtest(model, TABLE, TABLE["load"], cv=TimeSplit(1))


@pytest.mark.parametrize("name", ["lower", "upper", "coverage", "q0.5"])
def test_a_level_that_is_named_like_a_column_of_intervals_is_refused(name):
    X = PANEL.rename_axis(index={"river": name})
    message = (
        f"The index of X has a level named {name!r}, which is a column of the result. Rename it: "
        f"X.rename_axis(index={{{name!r}: 'series'}})."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        backtest(DummyRegressor(), X, X["load"], cv=TimeSplit(1))


@given(st.lists(st.integers(1, 9999), min_size=1, unique=True))
@settings(deadline=None)
def test_names_of_quantiles_can_be_read(ten_thousandths):
    levels = {quantile_column(n / 10000): n / 10000 for n in ten_thousandths}
    assert quantile_columns(["forecast", *levels, "upper"]) == levels
    assert list(quantile_columns(levels).values()) == sorted(levels.values())


@pytest.mark.parametrize(
    "name",
    ["q", "q0", "q1", "q0_5", "q0.50", "q.5", "0.5", "q-0.5", "qnan", "q1.5", "Q0.5", 0.5, None,
     b"q0.5", ("q0.5",)],
)  # fmt: skip
def test_other_names_are_not_those_of_quantiles(name):
    assert quantile_columns([name]) == {}


BY_STEP = TABLE.rename_axis("step").set_index(TABLE.index.rename("day"), append=True)
NO_PAIR = (
    "Item 0 of cv is not a pair (train, test). cv must be a splitter or a list of pairs of "
    "positions, also for a single fold: cv=[(train, test)]."
)
GET_INDEXER = "Labels are converted to positions by X.index.get_indexer(labels)."


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        (
            {"cv": KFold(3, shuffle=True, random_state=0)},
            ValueError,
            "Fold 0 trains on 38 of 40 rows whose target, 1 step ahead, is not known at the first "
            "test row of the same series, so its forecasts would use the future. Use folds "
            "forwards in time, such as TimeSplit(horizon=1).",
        ),
        (
            {"X": TABLE[:-3], "y": leads(TABLE, "load", horizon=3)},
            ValueError,
            "Fold 0 trains on 2 of 19 rows whose target, 3 steps ahead, is not known at the first "
            "test row of the same series, so its forecasts would use the future. Use folds "
            "forwards in time, such as TimeSplit(horizon=3).",
        ),
        (
            {"X": TABLE[3:], "y": leads(TABLE, "load", horizon=3)},
            ValueError,
            "Row 0 has the label 2024-01-04 00:00:00 in X, but 2024-01-01 00:00:00 in y, and rows "
            "are matched by position. If y is from leads, use X = table.loc[y.index]. If the rows "
            "belong together by position, use y.set_axis(X.index).",
        ),
        (
            {"X": TABLE.reset_index(drop=True)[1:], "y": TABLE["load"].reset_index(drop=True)[:-1]},
            ValueError,
            "Row 0 has the label 1 in X, but 0 in y, and rows are matched by position. If y is "
            "from leads, use X = table.loc[y.index]. If the rows belong together by position, use "
            "y.set_axis(X.index).",
        ),
        (
            {"X": PANEL, "y": PANEL["load"].droplevel("river")},
            ValueError,
            "Row 0 has the label ('a', Timestamp('2024-01-01 00:00:00')) in X, but 2024-01-01 "
            "00:00:00 in y, and rows are matched by position. If y is from leads, use X = "
            "table.loc[y.index]. If the rows belong together by position, use y.set_axis(X.index).",
        ),
        (
            {"X": TABLE[:0], "y": TABLE["load"][:0]},
            ValueError,
            "X has no rows, but at least one is needed.",
        ),
        (
            {"cv": TimeSplit},
            TypeError,
            "cv is the class TimeSplit, not a splitter. Use TimeSplit().",
        ),
        ({"cv": ([0, 1, 2], [3, 4])}, ValueError, NO_PAIR),
        ({"cv": ([0, 1], [3, 4])}, ValueError, NO_PAIR),
        ({"cv": [0, 1]}, ValueError, NO_PAIR),
        (
            {"cv": [(np.arange(60) < 9, np.arange(60) > 9)]},
            ValueError,
            "The training rows of fold 0 are a boolean mask, but must be positions. Use "
            "np.flatnonzero(mask).",
        ),
        (
            {"cv": [([0, 1], [2]), ([0, 1], [])]},
            ValueError,
            "The test rows of fold 1 are empty, but a fold needs training rows and test rows.",
        ),
        (
            {"cv": [([0], list("abc"))]},
            ValueError,
            "The test rows of fold 0 must be a 1D array of positions from 0 to 59, but they have "
            f"the dtype <U1 and the shape (3,). {GET_INDEXER}",
        ),
        (
            {"cv": [([[0]], [1])]},
            ValueError,
            "The training rows of fold 0 must be a 1D array of positions from 0 to 59, but they "
            f"have the dtype int64 and the shape (1, 1). {GET_INDEXER}",
        ),
        (
            {"cv": [([0, 1], [2, 60])]},
            ValueError,
            "The test rows of fold 0 must be a 1D array of positions from 0 to 59, but they reach "
            f"from 2 to 60. {GET_INDEXER}",
        ),
        (
            {"cv": [([0, -1], [2])]},
            ValueError,
            "The training rows of fold 0 must be a 1D array of positions from 0 to 59, but they "
            f"reach from -1 to 0. {GET_INDEXER}",
        ),
        (
            {"estimator": [Ridge(), LinearRegression()]},
            TypeError,
            "estimator is a list, but several models need names. Use a dict: {'name': model}.",
        ),
        (
            {"estimator": ("ridge", Ridge())},
            TypeError,
            "estimator is a tuple, but several models need names. Use a dict: {'name': model}.",
        ),
        (
            {"estimator": Ridge},
            TypeError,
            "estimator is the class Ridge, not a model. Use Ridge().",
        ),
        (
            {"y": np.zeros((60, 2, 2))},
            ValueError,
            "y has shape (60, 2, 2), but must have shape (n_samples,) or (n_samples, n_outputs).",
        ),
        (
            {"y": [np.zeros(2 + position % 2) for position in range(60)]},
            ValueError,
            "The items of y have unequal shapes: item 1 has shape (3,), item 0 has shape (2,). y "
            "needs one target, or the same number of targets, for each sample. For a target at "
            "every time step, use LSTMStepClassifier or LSTMStepRegressor.",
        ),
        ({"cv": []}, ValueError, "cv=[] yields no fold, but at least one is needed."),
        (
            {"estimator": {}},
            ValueError,
            "estimator is an empty dict, but must have one model or more.",
        ),
        (
            {"estimator": {"lstm": LSTMRegressor}},
            TypeError,
            "estimator['lstm'] is the class LSTMRegressor, not a model. Use LSTMRegressor().",
        ),
        (
            {"estimator": {"scaler": SequenceWindower()}},
            TypeError,
            "estimator['scaler'] is SequenceWindower(), which has no predict.",
        ),
        (
            {"estimator": CountsFits(), "y": TABLE},
            ValueError,
            "CountsFits predicts 1 value for each row, but y has 2: each value that a model "
            "predicts is compared with one of y.",
        ),
        (
            {"y": TABLE["load"][::-1]},
            ValueError,
            "y has the labels of X, but in another order, and rows are matched by position. Use "
            "y = y.loc[X.index].",
        ),
        (
            {"X": BY_STEP, "y": BY_STEP["load"]},
            ValueError,
            "The index of X has a level named 'step', which is a column of the result. Rename it: "
            "X.rename_axis(index={'step': 'series'}).",
        ),
        (
            {"y": TABLE["load"][1:]},
            ValueError,
            "X has 60 rows, but y has 59. If y is from leads, use X = table.loc[y.index].",
        ),
    ],
    ids=lambda case: None,
)
def test_bad_input_is_refused(changed, kind, message):
    arguments = {"estimator": Ridge(), "X": TABLE, "y": TABLE["load"], "cv": TimeSplit(2)}
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        backtest(**arguments | changed)


@pytest.mark.parametrize("changed", [{"refit": 0}, {"refit": 1.5}, {"estimator": None}])
def test_bad_parameters_are_refused(changed):
    arguments = {"estimator": Ridge(), "X": TABLE, "y": TABLE["load"], "cv": TimeSplit(2)}
    with pytest.raises(ValueError, match="parameter of backtest must be"):
        backtest(**arguments | changed)


def test_the_models_stay_unfitted():
    model = Ridge()
    backtest(model, TABLE, TABLE["load"], cv=TimeSeriesSplit(2))
    assert vars(model) == vars(clone(model))
