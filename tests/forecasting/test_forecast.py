"""`forecast` against loops written by hand, and its messages."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from strategies import unhurried

from skl_lstm import (
    ConformalRegressor,
    LSTMRegressor,
    NaiveRegressor,
    SequenceWindower,
    forecast,
    leads,
)
from skl_lstm.forecasting.windows import rows_of_last_window


def flatten(windows):
    return np.asarray(windows).reshape(len(windows), -1)


def linear(timesteps=3, regressor=None, **params):
    windower = SequenceWindower(timesteps, **params)
    return make_pipeline(windower, FunctionTransformer(flatten), regressor or Ridge(1e-3))


def one_series(n=40, seed=0, freq="D", start="2024-01-01"):
    random = np.random.default_rng(seed)
    times = pd.date_range(start, periods=n, freq=freq, name="time")
    data = {"load": random.normal(size=n).cumsum(), "holiday": random.integers(0, 2, n)}
    return pd.DataFrame(data, times)


def panel(n=40, names=("b", "a", "c"), seed=0):
    """Series of unequal length, which end on different days."""
    parts = {name: one_series(n - 3 * k, seed + k) for k, name in enumerate(names)}
    return pd.concat(parts, names=["meter"])


def fitted(table, target="load", horizon=2, features=("load",), model=None):
    y = leads(table, target, horizon=horizon)
    return (linear() if model is None else model).fit(table.loc[y.index, list(features)], y)


def quiet(predict, X):
    """Predict without the warnings about windows that the test does not look at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(predict(X))


# ---- one block ----


@pytest.mark.parametrize("horizon", [1, 3])
def test_one_block_of_a_panel_is_predict_at_the_last_rows(horizon):
    table = panel()
    model = fitted(table, horizon=horizon)
    result = forecast(model, table, target="load")
    assert list(result.columns) == ["load"]
    assert result.index.names == ["meter", "time"]
    assert result.index.is_monotonic_increasing
    predicted = pd.DataFrame(model.predict(table[["load"]]).reshape(len(table), -1), table.index)
    for name, own in predicted.groupby(level=0):
        assert_allclose(result.loc[name, "load"], own.iloc[-1], rtol=1e-12)
        last = own.index[-1][1]
        days = pd.date_range(last + pd.Timedelta("1D"), periods=horizon)
        assert result.loc[name].index.tolist() == days.tolist()


def test_fewer_steps_are_the_first_of_the_fitted_ones():
    table = panel()
    model = fitted(table, horizon=3)
    whole = forecast(model, table, target="load")
    part = forecast(model, table, target="load", steps=np.int8(2))
    assert_frame_equal(part, whole.groupby(level=0).head(2))


def test_rows_may_be_in_any_order():
    table = panel()
    model = fitted(table)
    shuffled = table.sample(frac=1, random_state=0)
    expected = forecast(model, table, target="load", steps=5)
    assert_frame_equal(forecast(model, shuffled, target="load", steps=5), expected)


def test_forecasts_are_sorted_by_the_names_of_the_series():
    table = panel()  # its levels are in the order b, a, c
    result = forecast(fitted(table), table, target="load")
    assert result.index.get_level_values(0).unique().tolist() == ["a", "b", "c"]


def test_the_input_is_not_changed():
    table, known = one_series(), one_series(start="2024-02-10")
    before, known_before = table.copy(), known.copy()
    model = fitted(table, features=["load", "holiday"])
    forecast(model, table, target="load", steps=5, known=known)
    assert_frame_equal(table, before)
    assert_frame_equal(known, known_before)


def test_windows_of_rows_that_are_not_used_do_not_warn():
    table = one_series(30)
    model = fitted(table, model=linear(20))
    forecast(model, table[-20:], target="load")  # all other windows are padded


# ---- further blocks ----


def by_hand(model, table, steps, horizon, targets=("load",), known=None):
    """One series: append the forecasts as rows, and predict again from the last one."""
    rows, forecasts = table, []
    while len(forecasts) < steps:
        predicted = quiet(model.predict, rows)[-1].reshape(horizon, len(targets))
        forecasts.extend(predicted)
        times = rows.index[-1] + pd.to_timedelta(np.arange(1, horizon + 1), unit="D")
        new = pd.DataFrame(predicted, times, list(targets))
        if known is not None:
            new = new.join(known, how="left")
        rows = pd.concat([rows, new[rows.columns]])
    return np.array(forecasts)[:steps]


@pytest.mark.parametrize(("horizon", "steps"), [(1, 7), (3, 7), (3, 9)])
def test_recursive_forecasts_are_those_of_a_loop_by_hand(horizon, steps):
    table = one_series()
    model = fitted(table, horizon=horizon)
    result = forecast(model, table, target="load", steps=steps)
    assert_allclose(result, by_hand(model, table[["load"]], steps, horizon), rtol=1e-9)
    assert result.index.equals(pd.date_range("2024-02-10", periods=steps))
    assert result.index.name == "time"


@pytest.mark.parametrize("horizon", [1, 3])
def test_recursive_forecasts_of_a_panel_are_those_of_every_series(horizon):
    table = panel()
    known = pd.concat(
        {name: one_series(30, 7 + k, start="2024-01-20") for k, name in enumerate("abc")}
    )[["holiday"]]
    model = fitted(table, horizon=horizon, features=["load", "holiday"])
    result = forecast(model, table, target="load", steps=7, known=known.sample(frac=1))
    for name in "abc":
        # A panel of one series, because the windower was fitted on a panel.
        rows = table.loc[[name]]
        forecasts = []
        while len(forecasts) < 7:
            forecasts.extend(quiet(model.predict, rows)[-1].reshape(-1, 1))
            ahead = [rows.index[-1][1] + pd.Timedelta(days=k) for k in range(1, horizon + 1)]
            labels = pd.MultiIndex.from_product([[name], ahead], names=rows.index.names)
            new = pd.DataFrame({"load": np.ravel(forecasts[-horizon:])}, labels)
            new["holiday"] = [known.loc[label, "holiday"] for label in labels]
            rows = pd.concat([rows, new])
        assert_allclose(result.loc[name], np.array(forecasts)[:7], rtol=1e-9)


def test_several_targets_are_ordered_as_in_leads():
    table = one_series().rename(columns={"holiday": "heat"})
    targets = ["heat", "load"]
    model = fitted(table, targets, 2, ["load", "heat"])
    result = forecast(model, table, target=targets, steps=5)
    assert list(result.columns) == targets
    expected = by_hand(model, table[["load", "heat"]], 5, 2, targets)
    assert_allclose(result, expected, rtol=1e-9)


def test_a_target_that_is_no_feature_needs_no_rows_of_its_own():
    table = one_series(60)
    model = fitted(table, features=["holiday"])
    known = one_series(10, 1, start=table.index[-1] + pd.Timedelta("1D"))
    result = forecast(model, table, target="load", steps=6, known=known)
    rows = pd.concat([table, known])[["holiday"]]
    predicted = model.predict(rows)
    expected = [*predicted[59], *predicted[61], *predicted[63]]
    assert_allclose(result["load"], expected, rtol=1e-9)


def test_columns_of_integers_become_floats_for_the_forecasts():
    table = one_series().assign(load=np.arange(40) ** 2)
    model = fitted(table, horizon=1)
    result = forecast(model, table, target="load", steps=3)
    assert_allclose(result, by_hand(model, table[["load"]].astype(float), 3, 1), rtol=1e-9)


# ---- known futures ----


def with_futures(table, horizon, columns=("holiday",)):
    return table.join(leads(table[list(columns)], horizon=horizon), how="inner")


def test_known_futures_are_those_of_a_loop_by_hand():
    table, horizon = one_series(), 2
    known = one_series(20, 5, start="2024-02-10")[["holiday"]]
    model = linear().fit(with_futures(table, horizon), leads(table, "load", horizon=horizon))
    result = forecast(model, table, target="load", steps=5, known=known)

    whole = pd.concat([table, known])
    for start in (0, 2, 4):
        # Up to now; the leads read two days more.
        X = with_futures(whole[: 40 + start + horizon], horizon)
        predicted = model.predict(X)[-1]
        whole.iloc[40 + start : 42 + start, 0] = predicted
    assert_allclose(result["load"], whole["load"].iloc[40:45], rtol=1e-9)


def test_known_futures_of_a_panel_may_hold_for_every_series():
    table, horizon = panel(), 2
    model = linear().fit(with_futures(table, horizon), leads(table, "load", horizon=horizon))
    known = one_series(40, 5, start="2024-01-20")[["holiday"]]
    of_each = pd.concat(dict.fromkeys("cabz", known), names=["meter"])
    expected = forecast(model, table, target="load", steps=6, known=of_each)
    assert_frame_equal(forecast(model, table, target="load", steps=6, known=known), expected)

    last = table.loc["c"].index[-1]
    own = pd.concat([table.loc["c"], known[last + pd.Timedelta("1D") :]])
    own = pd.concat({"c": own[: len(table.loc["c"]) + horizon]}, names=["meter"])
    predicted = model.predict(with_futures(own, horizon))[-1]
    assert_allclose(expected.loc["c", "load"].iloc[:2], predicted, rtol=1e-9)


def test_rows_of_the_table_win_and_the_targets_of_known_are_not_read():
    table = one_series()
    model = linear().fit(with_futures(table, 2), leads(table, "load", horizon=2))
    known = one_series(60, 5)  # from the first row on, with the column load
    expected = forecast(model, table, target="load", steps=5, known=known.loc["2024-02-10":])
    assert_frame_equal(forecast(model, table, target="load", steps=5, known=known), expected)
    without_load = known[["holiday"]].iloc[::-1]
    assert_frame_equal(forecast(model, table, target="load", steps=5, known=without_load), expected)


def test_a_known_column_may_be_missing_in_the_table():
    whole = one_series(60)
    table = whole[:40]
    model = linear().fit(with_futures(table, 2), leads(table, "load", horizon=2))
    expected = forecast(model, table, target="load", steps=5, known=whole)
    result = forecast(model, table[["load"]], target="load", steps=5, known=whole)
    assert_frame_equal(result, expected)


def test_a_column_of_the_table_may_be_named_like_a_lead():
    table = one_series().rename(columns={"holiday": "h1_load"})
    model = fitted(table, features=["load", "h1_load"])
    assert_allclose(
        forecast(model, table, target="load")["load"],
        model.predict(table[["load", "h1_load"]])[-1],
    )


def test_rows_before_a_hole_have_no_complete_future_as_in_training():
    table = one_series(60).drop(pd.date_range("2024-02-24", periods=2))
    model = linear(8, max_gap=pd.Timedelta("9D"))  # windows go on behind holes
    model.fit(with_futures(table, 3), leads(table, "load", horizon=3))
    known = one_series(10, 5, start=table.index[-1] + pd.Timedelta("1D"))
    result = forecast(model, table, target="load", known=known)
    X = with_futures(pd.concat([table, known[:3]]), 3)
    assert X.index[-1] == table.index[-1]
    assert_allclose(result["load"], model.predict(X)[-1], rtol=1e-9)


def test_known_may_have_another_unit_zone_or_type_of_numbers():
    hours = pd.date_range("2024-03-30", periods=40, freq="h", tz="Europe/Berlin", unit="us")
    table = one_series().set_index(hours)
    coming = pd.date_range(hours[-1], periods=9, freq="h", unit="ns").tz_convert("UTC")[1:]
    known = one_series(8, 3).set_index(coming)
    model = linear().fit(with_futures(table, 2), leads(table, "load", horizon=2))
    result = forecast(model, table, target="load", steps=6, known=known)
    assert str(result.index.tz) == "Europe/Berlin"
    same = known.set_index(coming.tz_convert("Europe/Berlin").as_unit("us"))
    assert_frame_equal(forecast(model, table, target="load", steps=6, known=same), result)
    of_series = pd.concat({"a": table})
    model.fit(with_futures(of_series, 2), leads(of_series, "load", horizon=2))
    result_of_panel = forecast(
        model, of_series, target="load", steps=6, known=pd.concat({"a": known})
    )
    assert_allclose(result_of_panel, result)


def test_floats_are_found_although_they_are_rounded():
    table = one_series().set_index(np.arange(40) * 0.1)
    model = fitted(table, features=["load", "holiday"], horizon=1)
    known = one_series(9, 3).set_index(np.linspace(4.0, 4.8, 9))
    result = forecast(model, table, target="load", steps=9, known=known)
    assert_allclose(result.index, known.index)


# ---- the newest rows only ----


def test_the_newest_rows_are_enough_behind_those_of_fit():
    table = panel(60)
    early = table.groupby(level=0).head(30)
    model = fitted(early, model=linear(20))
    whole = forecast(model, table, target="load", steps=5)
    # Behind the last row of X in fit, which has no complete target for the last two rows.
    late = table.drop(early.groupby(level=0).head(28).index)
    for newest in (late, table.groupby(level=0).tail(20)):
        assert_frame_equal(forecast(model, newest, target="load", steps=5), whole)


def test_a_short_table_follows_the_calendar_of_fit():
    days = pd.bdate_range("2024-01-01", "2024-03-08", name="time")  # a Friday
    table = pd.DataFrame({"load": np.random.default_rng(0).normal(size=len(days))}, days)
    model = fitted(table[:-4])
    result = forecast(model, table[-4:], target="load", steps=6)
    assert result.index.equals(pd.bdate_range("2024-03-11", periods=6))
    assert_frame_equal(result, forecast(model, table, target="load", steps=6))


def test_every_second_day_of_the_week_goes_on_from_two_rows():
    days = pd.bdate_range("2024-01-01", "2024-03-04", freq="C", weekmask="Mon Wed Fri")
    table = pd.DataFrame({"load": np.random.default_rng(0).normal(size=len(days))}, days)
    model = fitted(table[:-1], horizon=1)
    result = forecast(model, table[-2:], target="load", steps=4)
    assert [str(day.date()) for day in result.index] == [
        "2024-03-06",
        "2024-03-08",
        "2024-03-11",
        "2024-03-13",
    ]


def test_dates_go_on_in_the_zone_of_fit_and_are_in_that_of_the_table():
    days = pd.date_range("2024-02-25", periods=34, tz="Europe/Berlin")  # to 2024-03-29
    table = pd.DataFrame({"load": np.random.default_rng(0).normal(size=34)}, days)
    model = fitted(table)
    result = forecast(model, table.tz_convert("UTC"), target="load", steps=4)
    expected = forecast(model, table, target="load", steps=4)
    assert str(result.index.tz) == "UTC"
    assert (result.index == expected.index).all()
    assert {time.hour for time in expected.index} == {0}
    assert_allclose(result, expected)


def test_weekends_in_the_zone_of_fit_are_no_holes_in_that_of_the_table():
    days = pd.bdate_range("2024-02-01", periods=30, tz="Europe/Berlin")
    table = pd.DataFrame({"load": np.arange(30.0), "holiday": np.arange(30) % 3}, days)
    model = linear(5).fit(with_futures(table, 2), leads(table, "load", horizon=2))
    known = pd.DataFrame({"holiday": 1}, pd.bdate_range(days[-1], periods=20))
    expected = forecast(model, table, target="load", steps=7, known=known)
    # In UTC, the days from Monday to Friday are those from Sunday to Thursday.
    result = forecast(model, table.tz_convert("UTC"), target="load", steps=7, known=known)
    assert_frame_equal(result.tz_convert("Europe/Berlin"), expected)


# ---- against plain loops ----


class MeanOfWindow(RegressorMixin, BaseEstimator):
    """Forecasts that depend on every value of a window; exact, and without fitting."""

    def fit(self, X, y):
        self.horizon_ = y.shape[1] if np.ndim(y) > 1 else 1
        return self

    def predict(self, X):
        weights = np.cos(np.arange(X[0].size)).reshape(X[0].shape)
        value = (np.asarray(X) * weights).sum((1, 2))
        return value[:, np.newaxis] / 3 + np.arange(self.horizon_)


DAY = pd.Timedelta("1D")
# How to get the n-th label of a calendar, without any code of the package.
CALENDARS = {
    "days": lambda n: pd.date_range("2024-02-20", periods=n),
    "weekdays": lambda n: pd.bdate_range("2024-02-20", periods=n),
    "month starts": lambda n: pd.date_range("2020-01-01", periods=n, freq="MS"),
    "month ends": lambda n: pd.date_range("2020-01-31", periods=n, freq="ME"),
    "quarter starts": lambda n: pd.date_range("2000-01-01", periods=n, freq="QS"),
    "local days": lambda n: pd.date_range("2024-03-10", periods=n, tz="Europe/Berlin"),
    "local days in autumn": lambda n: pd.date_range(
        "2024-10-10 06:30", periods=n, tz="Europe/Berlin"
    ),
    "local hours": lambda n: pd.date_range("2024-03-30", periods=n, freq="h", tz="Europe/Berlin"),
    "quarters of an hour": lambda n: pd.date_range("2024-02-01", periods=n, freq="15min"),
    "periods": lambda n: pd.period_range("2020-01", periods=n, freq="M"),
    "daily periods": lambda n: pd.bdate_range("2024-02-20", periods=n).to_period("D"),
    "integers": lambda n: pd.RangeIndex(0, 7 * n, 7),
    "lengths of time": lambda n: pd.timedelta_range("1h", periods=n, freq="90min"),
}
COMING = 16
LENGTH = 40


@st.composite
def panels(draw):
    """A table with holes and series of unequal length, as {name: positions in the calendar}."""
    calendar = draw(st.sampled_from(list(CALENDARS)))
    series = {}
    for name in draw(st.sampled_from([[()], [("b",), ("a",), ("c",)], [("a", 2), ("a", 1)]])):
        stop = draw(st.integers(LENGTH - 10, LENGTH))
        start = draw(st.integers(0, 5))
        holes = draw(st.sets(st.integers(start + 1, stop - 2), max_size=3))
        series[name] = [n for n in range(start, stop) if n not in holes]
    return calendar, series


def make_table(calendar, series, columns, seed):
    times = CALENDARS[calendar](LENGTH + COMING)
    labels = [(*name, times[n]) for name, own in series.items() for n in own]
    if len(labels[0]) == 1:
        index = times[[n for own in series.values() for n in own]].rename("time")
    else:
        outer = list(zip(*labels, strict=True))[:-1]
        own_times = times[[n for own in series.values() for n in own]]
        names = [*(f"level {k}" for k in range(len(outer))), "time"]
        index = pd.MultiIndex.from_arrays([*map(list, outer), own_times], names=names)
    values = np.random.default_rng(seed).normal(size=(len(index), len(columns)))
    return pd.DataFrame(values, index, columns)


def loop(rows, timesteps, sampling_rate, horizon, steps, heat):
    """The forecasts of one series, {position: row}; `heat` is known at every position, or None."""
    rows, forecasts, now = dict(rows), [], max(rows)
    while len(forecasts) < steps:
        run = [now]  # back to the last hole, newest first
        while run[-1] - 1 in rows:
            run.append(run[-1] - 1)
        steps_back = [k * sampling_rate for k in reversed(range(timesteps))]
        at = [run[min(back, len(run) - 1)] for back in steps_back]
        window = np.array([rows[n] for n in at])
        if heat is not None:
            ahead = [[heat[n + k] for k in range(1, horizon + 1)] for n in at]
            window = np.column_stack([window, ahead])
        weights = np.cos(np.arange(window.size)).reshape(window.shape)
        block = (window * weights).sum() / 3 + np.arange(horizon)
        forecasts.extend(block)
        for k, value in enumerate(block, 1):
            rows[now + k] = [value] if heat is None else [value, heat[now + k]]
        now += horizon
    return forecasts[:steps]


def rows_of(table, name):
    """The rows of a series."""
    return table[[label[:-1] == name for label in table.index]] if name else table


def has_future(n, positions, horizon):
    """Whether no hole lies among the next rows; those after the last row are all known."""
    return set(range(n + 1, min(n + horizon, max(positions)) + 1)) <= set(positions)


@settings(unhurried, max_examples=60)
@given(
    panels(),
    st.integers(1, 4),
    st.integers(1, 2),
    st.integers(1, 3),
    st.integers(1, 7),
    st.sampled_from([None, "panel", "times"]),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_forecasts_of_panels_are_those_of_loops(
    drawn, timesteps, sampling_rate, horizon, steps, known_as, seed, is_tail
):
    calendar, series = drawn
    columns = ["load"] if known_as is None else ["load", "heat"]
    table = make_table(calendar, series, columns, seed)
    windower = SequenceWindower(timesteps, sampling_rate=sampling_rate)
    model = make_pipeline(windower, MeanOfWindow())
    X = table if known_as is None else with_futures(table, horizon, ["heat"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the series are short, and have holes
        model.fit(X, leads(table, ["load"], horizon=horizon))

    times, known, heats = CALENDARS[calendar](LENGTH + COMING), None, None
    if known_as is not None:
        # The past of known differs from the table, which is used there.
        known = make_table(
            calendar, {name: range(len(times)) for name in series}, ["heat"], seed + 1
        )
        if known_as == "times":
            known = known[: len(times)].set_axis(times)
    levels = list(range(table.index.nlevels - 1))
    newest = table.groupby(level=levels).tail(25) if levels else table[-25:]
    passed = newest if is_tail else table.sample(frac=1, random_state=seed % 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = forecast(model, passed, target="load", steps=steps, known=known)

    expected, labels = [], []
    for name, positions in sorted(series.items()):
        own = dict(zip(positions, rows_of(table, name).to_numpy(), strict=True))
        if known is not None:
            of_series = known if known_as == "times" else rows_of(known, name)
            heats = dict(enumerate(of_series["heat"])) | {n: row[1] for n, row in own.items()}
            own = {n: row for n, row in own.items() if has_future(n, positions, horizon)}
        expected += loop(own, timesteps, sampling_rate, horizon, steps, heats)
        last = max(positions)
        labels += [(*name, time) for time in times[last + 1 : last + 1 + steps]]
    assert [label if levels else (label,) for label in result.index] == labels
    assert result.index.names == table.index.names
    assert_allclose(result["load"], expected, rtol=1e-7, atol=1e-9)


# ---- other estimators ----


@pytest.mark.parametrize("steps", [2, 5])
def test_searches_and_other_meta_estimators_forecast_like_the_pipeline(steps):
    table = panel()
    y = leads(table, "load", horizon=2)
    X = table.loc[y.index, ["load"]]
    pipeline = linear(regressor=LinearRegression())
    search = GridSearchCV(
        pipeline, {"sequencewindower__timesteps": [3]}, cv=TimeSeriesSplit(2), error_score="raise"
    )
    expected = forecast(pipeline.fit(X, y), table, target="load", steps=steps)
    search.fit(X, y)
    scaled = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
    for model in (search, scaled.fit(X, y), FrozenEstimator(pipeline), FrozenEstimator(search)):
        result = forecast(model, table, target="load", steps=steps)
        assert_frame_equal(result, expected, rtol=1e-9)


class Recorder(FunctionTransformer):
    """Pass X on, and remember how many rows there were."""

    def transform(self, X):
        self.n_rows_ = len(X)
        return super().transform(X)


def test_only_the_rows_of_the_last_windows_are_passed_if_the_windower_is_the_first_step():
    table = panel()
    recorder = Recorder(flatten)
    model = make_pipeline(SequenceWindower(4, sampling_rate=2), recorder, Ridge())
    result = forecast(fitted(table, model=model), table, target="load", steps=5)
    assert recorder.n_rows_ == 3 * 7

    scaler = StandardScaler().set_output(transform="pandas")
    behind = Recorder(flatten)
    scaled = make_pipeline(scaler, SequenceWindower(4, sampling_rate=2), behind, Ridge())
    forecast(fitted(table, model=scaled), table, target="load", steps=5)
    assert behind.n_rows_ == len(table) + 3 * 4
    assert len(result) == 15


def test_a_step_before_the_windower_sees_all_rows():
    table = one_series(60)
    rolling = FunctionTransformer(lambda X: X.rolling(30, min_periods=1).mean())
    model = make_pipeline(rolling, SequenceWindower(3), FunctionTransformer(flatten), Ridge())
    fitted(table, model=model)
    result = forecast(model, table, target="load", steps=5)
    assert_allclose(result, by_hand(model, table[["load"]], 5, 2), rtol=1e-9)


def test_windows_of_two_lengths_follow_the_calendar_of_the_longer_one():
    table = one_series(60, freq="B")
    union = FeatureUnion([(str(n), linear(n)[:-1]) for n in (2, 5)])
    model = fitted(table, model=make_pipeline(union, Ridge()))
    result = forecast(model, table[-6:], target="load", steps=6)
    assert result.index.equals(pd.bdate_range(table.index[-1], periods=7)[1:])
    assert_frame_equal(result, forecast(model, table, target="load", steps=6))


def test_without_a_windower_the_last_row_is_the_input():
    table = one_series(freq="MS")
    model = fitted(table, model=Ridge())
    result = forecast(model, table, target="load", steps=6)
    assert_allclose(result, by_hand(model, table[["load"]], 6, 2), rtol=1e-9)
    assert result.index.equals(pd.date_range("2027-05-01", periods=6, freq="MS"))


def test_an_lstm_forecasts():
    table = panel(30, "ab")
    lstm = LSTMRegressor(2, epochs=1, random_state=0)
    y = leads(table, "load", horizon=2)
    X = with_futures(table, 2).astype("float32")
    model = make_pipeline(SequenceWindower(4), lstm).fit(X, y)
    known = one_series(30, start="2024-01-20")
    result = forecast(model, table, target="load", steps=5, known=known)
    assert len(result) == 10
    assert result.notna().all(axis=None)


# ---- errors and warnings ----


def message(error, call, *args, **params):
    with pytest.raises(error) as caught:
        call(*args, **params)
    return str(caught.value)


def of(model, table, **params):
    return message(ValueError, forecast, model, table, **{"target": "load"} | params)


def test_a_table_must_be_a_data_frame_with_rows():
    table = one_series()
    model = fitted(table)
    for other in (table["load"].to_numpy(), table["load"], [1, 2]):
        text = message(TypeError, forecast, model, other, target="load")
        assert text.startswith(f"table is of type {type(other).__name__}, but must be a pandas")
    text = message(TypeError, forecast, model, table, target="load", known=table["holiday"])
    assert text.startswith("known is of type Series")
    assert of(model, table[:0]) == (
        "Found array with 0 sample(s) while a minimum of 1 is required."
    )
    twice = table[["load", "load"]]
    assert of(model, twice).startswith("table has repeated column names, 'load', but")


def test_parameters_are_checked():
    table = one_series()
    model = fitted(table)
    for steps in (0, 1.5, True):
        assert "'steps' parameter of forecast must be" in of(model, table, steps=steps)
    assert "implementing 'predict'" in of(StandardScaler(), table)
    with pytest.raises(NotFittedError):
        forecast(linear(), table, target="load")
    assert of(model, table, target="Load") == (
        "The target 'Load' is not a column of the table. Columns: 'load', 'holiday'. Did you mean "
        "'load'?"
    )
    for target in ([], ["load", "load"]):
        assert of(model, table, target=target).endswith("or a list of different columns.")


def test_the_columns_of_fit_must_be_known_by_name():
    table = one_series()
    y = leads(table, "load")
    model = Ridge().fit(table.loc[y.index, ["load"]].to_numpy(), y)
    assert of(model, table).startswith("The Ridge does not know the columns of X. Fit it on a Data")


def test_a_column_that_is_nowhere_is_named():
    table = one_series()
    model = fitted(table, features=["load", "holiday"])
    assert of(model, table.rename(columns={"holiday": "holidays"})) == (
        "The estimator was fitted on the column 'holiday', which the table does not have. Columns "
        "of the table: 'load', 'holidays'. Did you mean 'holidays'?"
    )
    lags = pd.DataFrame({"t0_load": table["load"].shift(), "t1_load": table["load"]})[1:-1]
    assert of(Ridge().fit(lags, leads(table["load"])[1:]), table) == (
        "The estimator was fitted on the column 't0_load', which the table does not have. Columns "
        "of the table: 'load', 'holiday'. If it is a lag of 'load', use a SequenceWindower in the "
        "Pipeline, and fit it on the table itself."
    )
    X = with_futures(table, 1)
    model = linear().fit(X, leads(table, "load"))
    assert of(model, table[["load"]], target="load").startswith(
        "The estimator was fitted on the column 'holiday', which the table does not have."
    )
    model = linear().fit(X[["load", "h1_holiday"]], leads(table, "load"))
    assert of(model, table[["load"]]) == (
        "The estimator was fitted on the column 'h1_holiday', the coming values of 'holiday', but "
        "neither the table nor known has the column 'holiday'. Columns of the table: 'load'."
    )


def test_coming_values_of_the_target_cannot_be_an_input():
    table = one_series()
    model = linear().fit(with_futures(table, 1, ["load"]), leads(table, "load"))
    assert of(model, table, known=table) == (
        "The estimator was fitted on the column 'h1_load', the coming values of the target 'load', "
        "which are not known before the forecast. Fit it without this column."
    )


def test_missing_futures_are_named_with_time_series_and_number():
    table = panel()
    model = linear().fit(with_futures(table, 2), leads(table, "load", horizon=2))
    assert of(model, table) == (
        "The forecast needs a value of 'holiday' at 2024-02-04 of series 'c', but known is None. "
        "In all, 6 values of 'holiday' are missing. Pass known with the values of 'holiday' in the "
        "rows to come, and an index like that of the table, or of only the times."
    )
    known = one_series(9, start="2024-02-04")[["holiday"]]
    text = of(model, table, known=known.rename(columns=str.upper))
    assert "at 2024-02-04 of series 'c', but the columns of known are 'HOLIDAY'. In all, 6" in text
    gap = known.astype(float)
    gap.iloc[-1] = np.nan
    for short in (known[:-1], gap):
        text = of(model, table, known=short.loc[:"2024-02-10"])
        assert (
            "at 2024-02-11 of series 'b', but known has no value there: known goes from 2024-02-04 "
            f"to {str(short.index[-1].date()) if len(short) < 8 else '2024-02-10'}. Pass"
        ) in text
    of_others = pd.concat({"z": known})
    for other, rows in ((known[:0], "rows"), (of_others, "rows of series 'c'")):
        text = of(model, table, known=other)
        assert f"but known has no value there: known has no {rows}. In all, 6" in text
    own = pd.concat([pd.concat({"c": known[:1]}), of_others])
    assert (
        "at 2024-02-05 of series 'c', but known has no value there: known goes from 2024-02-04 to "
        "2024-02-04 of series 'c'. In all, 5"
    ) in of(model, table, known=own)
    by_number = table.rename(index={"a": 1, "b": 2, "c": 3}, level=0)
    assert "at 2024-02-04 of series 3, but" in of(
        linear().fit(
            by_number[["holiday"]].join(leads(by_number[["holiday"]]), how="inner"),
            leads(by_number, "load"),
        ),
        by_number,
    )


def test_missing_rows_beyond_the_horizon_say_why_they_are_needed():
    table = one_series()
    model = fitted(table, features=["load", "holiday"])
    assert forecast(model, table, target="load").shape == (2, 1)
    assert of(model, table, steps=4, known=table) == (
        "The forecast needs a value of 'holiday' at 2024-02-10, but known has no value there: "
        "known goes from 2024-01-01 to 2024-02-09. In all, 2 values of 'holiday' are missing. Pass "
        "known with the values of 'holiday' in the rows to come, and an index like that of the "
        "table, or of only the times. The estimator forecasts 2 steps at once. For more, it also "
        "reads its columns in rows to come. If they are not known, fit it to all steps: y = "
        "leads(table, 'load', horizon=4)."
    )


def test_the_index_of_known_must_be_like_that_of_the_table():
    table = panel()
    model = linear().fit(with_futures(table, 1), leads(table, "load"))
    known = one_series(9, start="2024-02-04")
    by_number = known.reset_index(drop=True)
    assert of(model, table, known=by_number) == (
        "The index of known has numbers as the time of its rows, but that of the table has dates. "
        "Give known an index like that of the table."
    )
    deep = pd.concat({"x": pd.concat({"b": known})})
    assert of(model, table, known=deep) == (
        "The index of known has the levels [None, None, 'time'], but must have those of the table, "
        "['meter', 'time'], or only the time."
    )
    swapped = pd.concat({"b": known}, names=["meter"]).swaplevel()
    assert "has the levels ['time', 'meter'], but must" in of(model, table, known=swapped)
    twice = pd.concat([known, known])
    assert of(model, table, known=twice).startswith("known has 2 rows with the label 2024-02-04")
    single = table.loc["b"]
    assert "or only the time" in of(fitted(single), single, known=table)


def test_the_time_zone_of_known_must_be_like_that_of_the_table():
    table, known = panel(), one_series(9, start="2024-02-04")
    model = linear().fit(with_futures(table, 1), leads(table, "load"))
    for zoned, call in (
        (known.tz_localize("UTC"), "tz_localize(None)"),
        (pd.concat({"b": known.tz_localize("UTC")}), "tz_localize(None, level=-1)"),
    ):
        assert of(model, table, known=zoned) == (
            "The index of known has dates in a time zone as the time of its rows, but that of the "
            f"table has dates. Use known.{call}."
        )
        repaired = zoned.tz_localize(None, level=-1 if zoned.index.nlevels > 1 else None)
        assert "known has no value there" in of(model, table, known=repaired[:1])
    berlin = one_series().tz_localize("Europe/Berlin")
    assert of(fitted(berlin), berlin, known=known) == (
        "The index of known has dates as the time of its rows, but that of the table has dates in "
        "a time zone. Use known.tz_localize('Europe/Berlin')."
    )


def test_text_as_the_time_of_known_is_refused_with_the_call_that_repairs_it():
    table, known = one_series(), one_series(9, start="2024-02-10")
    known.index = known.index.strftime("%d.%m.%Y").astype(object)
    text = message(TypeError, forecast, fitted(table), table, target="load", known=known)
    assert text == (
        "The last level of the index must be the time of each row, but it holds labels of dtype "
        "object, such as '10.02.2024'. Use dates, for example known.set_index(pd.to_datetime("
        "known.index)), periods or numbers; if the rows are consecutive, use known.reset_index("
        "drop=True)."
    )


def test_the_index_of_the_table_must_be_like_that_of_fit():
    model = fitted(one_series())
    text = of(model, one_series().reset_index(drop=True))
    assert text == (
        "The index of table has numbers as the time of its rows, but in fit it had dates. Give "
        "table an index like that of fit."
    )
    zoned = of(model, one_series().tz_localize("UTC"))
    assert zoned.endswith("but in fit it had dates. Use table.tz_localize(None).")
    zoned = of(fitted(panel()), panel().tz_localize("UTC", level=-1))
    assert zoned.endswith("but in fit it had dates. Use table.tz_localize(None, level=-1).")
    twice = pd.concat([one_series(), one_series()])
    assert "rows have the label 2024-02-09" in of(model, twice)
    with pytest.raises(TypeError, match="must be the time of each row"):
        forecast(model, one_series().set_axis(map(str, range(40))), target="load")


def test_the_outputs_must_be_a_multiple_of_the_targets():
    table = one_series()
    model = fitted(table, horizon=3)
    assert of(model, table, target=["load", "holiday"]) == (
        "The estimator predicts an array of shape (3, 3) for 3 rows, but must predict whole steps "
        "of 2 targets, 'load', 'holiday'. Name all targets of y = leads(table, target, horizon=…)."
    )


def test_the_length_of_a_step_must_be_known():
    table = one_series()
    model = fitted(table, model=Ridge())
    assert of(model, table[-1:]).startswith(
        "The times of coming steps are unknown, because neither"
    )
    alone = pd.concat({name: table[n : n + 1] for n, name in enumerate("abc")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = linear(1).fit(alone[["load"]], [1, 2, 3])
    assert of(model, alone).startswith("The times of coming steps are unknown, because neither")
    several = pd.concat({"a": table})
    assert forecast(model, several, target="load").index[0][1] == pd.Timestamp("2024-02-10")


def test_a_padded_last_window_warns_once_and_names_the_series():
    table = panel(60)
    model = fitted(table, model=linear(20))
    new = pd.concat({"new": one_series(5), "old": one_series(30)}, names=["meter"])
    with pytest.warns(UserWarning, match="padded") as caught:
        result = forecast(model, new, target="load", steps=30)
    assert [str(warning.message) for warning in caught] == [
        "The forecasts of 1 of 2 series are made from a padded window: a window spans 20 rows, but "
        "'new' ends with 5 rows without a hole in time, with those kept from fit. Pass more rows, "
        "or use fewer timesteps."
    ]
    assert caught[0].filename == __file__
    assert len(result) == 60
    many = pd.concat({name: one_series(1) for name in "tuvwxyz"}, names=["meter"])
    with pytest.warns(UserWarning, match="of 7 of 7 series .* 'x' ends with 1 row, … without"):
        forecast(model, many, target="load")


def test_a_hole_before_the_last_row_warns():
    table = one_series(60)
    model = fitted(table[:30], model=linear(20))
    cut = table.drop(table.index[-10])
    with pytest.warns(UserWarning, match="The forecast is made .* the table ends with 9 rows"):
        forecast(model, cut, target="load")


def test_an_array_that_is_shorter_than_a_window_warns():
    table = one_series(60)
    scaler = StandardScaler()
    model = make_pipeline(scaler, SequenceWindower(20), FunctionTransformer(flatten), Ridge())
    fitted(table, model=model)
    forecast(model, table[-20:], target="load")
    with pytest.warns(UserWarning, match="5 of 5 windows are padded because X has 5 rows"):
        forecast(model, table[-5:], target="load")


def test_numbers_that_look_like_dates_warn_without_a_windower():
    days = pd.date_range("2024-01-20", periods=40).strftime("%Y%m%d").astype(int)
    table = one_series().set_index(days)
    model = Ridge().fit(table[["load"]][:-1], table["load"][1:])
    with pytest.warns(UserWarning, match="look like dates that are written as numbers"):
        forecast(model, table, target="load")


def test_missing_values_in_the_last_window_are_the_error_of_the_estimator():
    table = one_series()
    model = fitted(table)
    table.iloc[-2, 0] = np.nan
    assert re.search("NaN", of(model, table))


# ---- the targets of fit ----


def naive(features=("load", "heat")):
    return make_pipeline(SequenceWindower(3), NaiveRegressor(list(features)))


def named(y, table, model=None):
    return (naive(y_columns(y)) if model is None else model).fit(table.loc[y.index], y)


def y_columns(y):
    names = [y.name] if isinstance(y, pd.Series) else y.columns
    return dict.fromkeys(re.sub(r"h\d+_", "", name) for name in names)


def two_columns():
    return one_series().rename(columns={"holiday": "heat"})


BOTH = ["load", "heat"]


@pytest.mark.parametrize(
    ("columns", "options", "target", "expected"),
    [
        (
            BOTH,
            {"horizon": 2},
            "load",
            "4 columns, 'h1_load', 'h1_heat', 'h2_load', 'h2_heat', but target='load' means the "
            "columns 'h1_load', 'h2_load', …, with every step from 1 on. Use target=['load', "
            "'heat'], as in y.",
        ),
        (
            BOTH,
            {"horizon": 4},
            ["heat", "load"],
            "8 columns, 'h1_load', 'h1_heat', 'h2_load', 'h2_heat', 'h3_load', 'h3_heat', …, but "
            "target=['heat', 'load'] means the columns 'h1_heat', 'h1_load', 'h2_heat', 'h2_load', "
            "…, with every step from 1 on. Use target=['load', 'heat'], as in y.",
        ),
        (
            "load",
            {"horizon": 2},
            "heat",
            "2 columns, 'h1_load', 'h2_load', but target='heat' means the columns 'h1_heat', "
            "'h2_heat', …, with every step from 1 on. Use target='load', as in y.",
        ),
        (
            "load",
            {"gap": 2},
            "load",
            "1 column, 'h3_load', but target='load' means the columns 'h1_load', 'h2_load', …, "
            "with every step from 1 on. Fit y = leads(table, 'load', horizon=3), without a gap.",
        ),
        (
            BOTH,
            {"gap": 1},
            BOTH,
            "2 columns, 'h2_load', 'h2_heat', but target=['load', 'heat'] means the columns "
            "'h1_load', 'h1_heat', 'h2_load', 'h2_heat', …, with every step from 1 on. Fit y = "
            "leads(table, ['load', 'heat'], horizon=2), without a gap.",
        ),
        (
            "heat",
            {},
            "load",
            "1 column, 'heat', but target='load' means the columns 'h1_load', 'h2_load', …, with "
            "every step from 1 on. If y holds the coming values of 'heat', use target='heat'; if "
            "not, fit y = leads(table, 'load').",
        ),
    ],
)
def test_the_y_of_fit_must_hold_the_steps_of_the_targets_in_order(
    columns, options, target, expected
):
    table = two_columns()
    model = named(leads(table, columns, **options), table)
    assert of(model, table, target=target) == f"The estimator was fitted on y with {expected}"


def test_columns_that_are_not_named_as_leads_must_be_the_targets_in_order():
    table = two_columns()
    y = table.shift(-1).dropna()
    model = named(y, table)
    assert forecast(model, table, target=BOTH).shape == (1, 2)
    for target, means in (("load", ["load"]), (["heat", "load"], ["heat", "load"])):
        meant = ", ".join(f"'h{step}_{name}'" for step in (1, 2) for name in means)
        assert of(model, table, target=target) == (
            f"The estimator was fitted on y with 2 columns, 'load', 'heat', but target={target!r} "
            f"means the columns {meant}, …, with every step from 1 on. Use target=['load', "
            "'heat'], as in y."
        )


def test_one_step_of_several_must_be_the_first():
    table = two_columns()
    y = leads(table, "load", horizon=2)
    model = named(y["h1_load"], table)
    assert forecast(model, table, target="load").shape == (1, 1)
    named(y["h2_load"], table, model)
    assert of(model, table).endswith("Fit y = leads(table, 'load', horizon=2), without a gap.")


def test_searches_and_estimators_around_a_pipeline_check_the_targets_of_fit():
    table = two_columns()
    y = leads(table, BOTH)
    pipeline = named(y, table)
    search = GridSearchCV(naive(), {"naiveregressor__period": [1]}, cv=2).fit(table.loc[y.index], y)
    for model in (pipeline, search, FrozenEstimator(search), linear(regressor=pipeline[-1])):
        assert of(model, table).endswith("Use target=['load', 'heat'], as in y.")
    inside = TransformedTargetRegressor(naive(["load"]), transformer=StandardScaler())
    y = leads(table, "load", horizon=2)["h2_load"]
    inside.fit(table.loc[y.index], y)  # it passes y without names
    assert forecast(inside, table, target="load").shape == (1, 1)


@pytest.mark.parametrize("make", [np.asarray, lambda y: y.set_axis(["x", "y"], axis=1)])
def test_names_that_say_nothing_are_not_checked(make):
    table = two_columns()
    y = leads(table, "load", horizon=2)
    model = naive(["load"]).fit(table.loc[y.index], make(y))
    assert forecast(model, table, target="heat").shape == (2, 1)


def test_an_estimator_of_an_older_file_is_not_checked():
    table = two_columns()
    model = named(leads(table, "load", gap=1), table)
    del model[-1]._target_names
    assert forecast(model, table, target="load").shape == (1, 1)


def test_a_column_may_be_named_like_a_lead_of_another_one():
    table = two_columns().rename(columns={"heat": "h2_o"})
    model = naive(["h2_o"])
    y = leads(table, "h2_o")
    model.fit(table.loc[y.index], y)
    assert forecast(model, table, target="h2_o").shape == (1, 1)
    assert "1 column, 'h2_o', but target='load'" in of(model, table)


def test_an_lstm_remembers_the_names_of_the_targets():
    table = two_columns().astype("float32")
    y = leads(table, BOTH)
    model = make_pipeline(SequenceWindower(3), LSTMRegressor(2, epochs=1, random_state=0))
    model.fit(table.loc[y.index], y)
    assert forecast(model, table, target=BOTH).shape == (1, 2)
    assert of(model, table).endswith("Use target=['load', 'heat'], as in y.")


# ---- rows without a value of the target ----


@pytest.mark.parametrize(
    ("n_rows", "text"),
    [
        (
            1,
            "The last row of the table has no value of 'load'. End the table at the last known "
            "value, and pass the coming values of the other columns in known: forecast(..., "
            "table[:-1], known=table[-1:])",
        ),
        (
            24,
            "The last 24 rows of the table have no value of 'load'. End the table at the last "
            "known value, and pass the coming values of the other columns in known: forecast(..., "
            "table[:-24], known=table[-24:])",
        ),
        (60, "The table has no value of 'load'. End the table at its last known value."),
    ],
)
def test_rows_for_the_future_belong_into_known(n_rows, text):
    table = one_series(60)
    model = linear().fit(with_futures(table, 1), leads(table, "load"))
    table.iloc[-n_rows:, 0] = np.nan
    table.iloc[5, 0] = np.nan
    assert of(model, table) == text
    if n_rows < 60:
        assert of(model, table[::-1]) == text.replace("table[", "table.sort_index()[")
        result = forecast(
            model, table[:-n_rows], target="load", known=table[-n_rows:], steps=n_rows
        )
        assert result.index.equals(table.index[-n_rows:])


def test_rows_for_the_future_of_a_panel_belong_into_known():
    table = two_columns()
    table = pd.concat(dict.fromkeys("abc", table), names=["meter"])
    y = leads(table, BOTH)
    model = linear().fit(table.loc[y.index], y)
    table.loc["c", "heat"] = np.nan
    table.loc[("b", "2024-02-07") : ("b", "2024-02-09"), "heat"] = np.nan
    assert of(model, table, target=BOTH) == (
        "The last 3 rows of series 'b' have no value of 'heat'. End every series at its last known "
        "value, and pass the coming values of the other columns in known: forecast(..., "
        "table.dropna(subset=['load', 'heat']), known=table)"
    )
    result = forecast(model, table.dropna(subset=BOTH), target=BOTH, known=table)
    assert [str(time.date()) for _, time in result.index] == ["2024-02-10", "2024-02-07"]


@pytest.mark.parametrize("dtype", ["float32", "int8", "int16", "int64", "float64"])
def test_targets_of_every_dtype_take_forecasts_as_values(dtype):
    table = one_series()[["load"]].round().astype(dtype)
    y = leads(table, "load").astype("float64")
    model = linear().fit(table.loc[y.index], y)
    coming = forecast(model, table, target="load", steps=3)
    by_hand = table.astype("float64")
    for day in coming.index:
        by_hand.loc[day] = model.predict(by_hand)[-1]
    np.testing.assert_allclose(coming["load"], by_hand["load"][-3:], rtol=1e-5)


def test_the_index_has_the_names_of_the_table():
    table = one_series()[["load"]]
    y = leads(table, "load")
    model = linear().fit(table.loc[y.index].rename_axis(None), y)
    assert forecast(model, table.rename_axis("day"), target="load").index.name == "day"


def test_monday_follows_a_saturday_where_there_are_usually_no_weekends():
    days = pd.bdate_range("2024-01-01", periods=60)
    table = pd.DataFrame({"load": np.arange(60.0)}, days)
    y = leads(table, "load")
    model = linear(timesteps=1)
    model.fit(table.loc[y.index], y)
    saturday = days[-1] + pd.Timedelta("1D")
    assert saturday.day_of_week == 5
    table.loc[saturday] = 60.0
    coming = forecast(model, table, target="load")
    assert list(coming.index) == [saturday + pd.Timedelta("2D")]


# ---- intervals ----


@pytest.mark.parametrize("target", ["load", ["load", "holiday"]], ids=["one target", "two"])
@pytest.mark.parametrize("searched", [False, True])
def test_intervals_are_those_of_predict_interval_at_the_last_rows(target, searched):
    table = panel(80)
    model = ConformalRegressor(linear(), coverage=0.5)
    if searched:
        model = GridSearchCV(model, {"coverage": [0.6]}, cv=TimeSeriesSplit(2))
    table = table.sort_index(level="time", kind="stable")
    model = fitted(table, target, features=("load", "holiday"), model=model)
    result = forecast(model, table, target=target, coverage=0.8)
    names = [target] if isinstance(target, str) else target
    assert list(result.columns) == [n + end for n in names for end in ("", "_lower", "_upper")]
    assert_frame_equal(result[names], forecast(model, table, target=target))
    calibrated = model.best_estimator_ if searched else model
    ends = table.groupby(level="meter").tail(1).index
    interval = pd.Series(list(calibrated.predict_interval(table, 0.8)), table.index)[ends]
    for (meter, _), bounds in interval.items():
        own = result.loc[meter, [n + end for n in names for end in ("_lower", "_upper")]]
        assert_allclose(own.to_numpy().ravel(), bounds.ravel(), rtol=1e-12)
    shorter = forecast(model, table, target=target, steps=1, coverage=0.8)
    assert_frame_equal(shorter, result.groupby(level="meter").head(1), check_freq=False)


def test_a_conformal_regressor_reads_the_rows_of_the_last_windows_only():
    table = one_series(60)
    model = fitted(table, model=ConformalRegressor(linear(timesteps=3), coverage=0.5))
    assert rows_of_last_window(model) == 3
    assert_allclose(
        forecast(model, table, target="load"), forecast(model.estimator_, table, target="load")
    )


def test_intervals_that_an_estimator_does_not_have_are_refused():
    table = one_series(60)
    plain = fitted(table)
    message = (
        "coverage=0.9 needs an estimator with intervals, but Pipeline has none. Use "
        "ConformalRegressor(estimator).fit(X, y)."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        forecast(plain, table, target="load", coverage=0.9)
    model = fitted(table, model=ConformalRegressor(linear()))
    message = (
        "steps=5, but the intervals of the estimator reach 2 steps ahead, its horizon. Fit it to "
        "all steps: y = leads(table, 'load', horizon=5)."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        forecast(model, table, target="load", steps=5, coverage=0.9)
    assert len(forecast(model, table, target="load", steps=5)) == 5
    table["load_upper"] = table["load"]
    two = fitted(
        table, ["load", "load_upper"], features=("load",), model=ConformalRegressor(linear())
    )
    with pytest.raises(ValueError, match="The target 'load_upper' is named like a bound"):
        forecast(two, table, target=["load", "load_upper"], coverage=0.9)
    with pytest.raises(ValueError, match="The 'coverage' parameter of forecast must be a float"):
        forecast(model, table, target="load", coverage=1.0)
    with pytest.raises(ValueError, match=r"coverage=0\.99 needs 99 calibration rows"):
        forecast(model, table, target="load", coverage=0.99)
