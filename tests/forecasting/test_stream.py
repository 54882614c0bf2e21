"""`Stream` against `predict` on the whole table, its refusals, its state, files and threads."""

import datetime
import gc
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import threading
import tracemalloc
import warnings
from copy import deepcopy

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from strategies import CALENDARS, unhurried

from skl_lstm import (
    ConformalRegressor,
    LSTMClassifier,
    LSTMRegressor,
    LSTMStepRegressor,
    NaiveRegressor,
    SequenceFlattener,
    SequenceWindower,
    Stream,
    TimeSplit,
    leads,
)

HOLES_IGNORED = pytest.mark.filterwarnings("ignore:The row at .* comes after a hole in time")


class SumOfSteps(RegressorMixin, BaseEstimator):
    """A reader of windows whose predictions show every value, its place and dtype, and NaN."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.asarray(X).reshape(len(X), -1)


class Negating(TransformerMixin, BaseEstimator):
    """A step in front of the windower that knows the names of its columns."""

    def fit(self, X, y=None):
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        return self

    def transform(self, X):
        return -X


def one_series(n=60, seed=0, freq="h", start="2024-01-01", tz=None):
    random = np.random.default_rng(seed)
    times = pd.date_range(start, periods=n, freq=freq, name="time", tz=tz)
    return pd.DataFrame({"load": random.normal(size=n), "heat": random.normal(size=n)}, times)


def panel(n=60, names=("a", "b", "c")):
    parts = {name: one_series(n, seed) for seed, name in enumerate(names)}
    return pd.concat(parts, names=["city"])


def lstm(**params):
    return LSTMRegressor(3, epochs=1, random_state=0, **params)


def fit_pipeline(table, *steps, target="load", horizon=2, timesteps=4):
    y = leads(table, target, horizon=horizon)
    return make_pipeline(SequenceWindower(timesteps), *(steps or [lstm()])).fit(
        table.loc[y.index], y
    )


@pytest.fixture(scope="module")
def table():
    return one_series()


@pytest.fixture(scope="module")
def model(table):
    """A network on the first 40 hours, two steps ahead."""
    return fit_pipeline(table[:40])


def new_rows(table, model):
    """Return the rows after those of fit."""
    return table[table.index > model[0].history_.index[-1]]


def quiet(predict, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(predict(X))


def as_dict(table, row):
    """Return one row as a dict, as `reset_index` names the levels."""
    one = table.iloc[[row]]
    levels = one.reset_index().drop(columns=one.columns).iloc[0]
    return {**levels.to_dict(), **{name: one[name].iloc[0] for name in one}}


def state_of(stream):
    ends = {
        series: (end.rows.tolist(), *(each.tolist() for each in end.moments))
        for series, end in stream._ends.items()
    }
    return ends, stream._greatest, stream._dtypes


# ---- equal to predict ----


SERIES = {0: [()], 1: [("a",), ("b",), ("c",)], 2: [("a", 1), ("a", 2), ("b", 1)]}


def draw_gap(draw, calendar):
    """Draw a `max_gap` that suits the times of a calendar."""
    if isinstance(calendar, pd.PeriodIndex):
        return draw(st.sampled_from(["auto", None, 1, 2]))
    step = (calendar[1:] - calendar[:-1]).min()
    return draw(st.sampled_from(["auto", None, step, 2 * step]))


@st.composite
def streams(draw):
    """Draw a table of series on a calendar with holes, its first rows, and how to push the rest."""
    calendar = CALENDARS[draw(st.sampled_from(sorted(CALENDARS)))]
    n_outer = draw(st.integers(0, 2))
    labels = []
    for series in SERIES[n_outer][: draw(st.integers(1, 3))]:
        position = draw(st.integers(0, 6))
        for step in draw(st.lists(st.sampled_from([1, 1, 1, 1, 2, 3]), min_size=3, max_size=18)):
            labels.append((series, position))
            position += step
    labels.sort(key=lambda label: label[1])
    index = times = calendar.take([position for _, position in labels])
    values = np.arange(2.0 * len(labels)).reshape(-1, 2) + 0.1
    if n_outer:
        outer = zip(*(series for series, _ in labels), strict=True)
        index = pd.MultiIndex.from_arrays([*map(list, outer), times])
    whole = pd.DataFrame(values, index, ["load", "heat"])
    n_fit = draw(st.integers(2, len(labels)))
    n_start = draw(st.integers(n_fit, len(labels)))
    cuts = sorted(draw(st.sets(st.integers(n_start, len(labels)), max_size=6)))
    bounds = list(zip([n_start, *cuts], [*cuts, len(labels)], strict=True))
    windower = SequenceWindower(
        draw(st.integers(1, 4)),
        sampling_rate=draw(st.integers(1, 2)),
        padding=draw(st.sampled_from(["edge", -1.5, np.nan])),
        max_gap=draw_gap(draw, calendar),
    )
    return whole, n_fit, n_start, [b for b in bounds if b[0] < b[1]], windower


@HOLES_IGNORED
@given(streams(), st.data())
@unhurried
def test_any_cut_of_any_calendar_gives_the_windows_of_the_whole_table(drawn, data):
    whole, n_fit, n_start, bounds, windower = drawn
    kinds = st.sampled_from(["float64", "float64", "float32", "float16", "int64", "int8"])
    front = [Negating()] if data.draw(st.booleans()) else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # labels that look like dates, or have a coarse precision
        rows = whole[:n_fit].astype(data.draw(st.sampled_from(["float64", "float32"])))
        model = make_pipeline(*front, windower, SumOfSteps()).fit(rows, np.zeros(n_fit))
    has_table = data.draw(st.booleans()) or n_start > n_fit
    so_far = [whole[:n_start].astype(data.draw(kinds))] if has_table else []
    stream = Stream(model, *so_far)
    for start, stop in bounds:
        rows = whole[start:stop].astype(data.draw(kinds))
        parts = [rows[row : row + 1] for row in range(len(rows))]
        if data.draw(st.booleans()):
            parts = [rows.iloc[data.draw(st.permutations(range(len(rows))))]]
        for part in parts:
            so_far.append(part)
            expected = quiet(model.predict, pd.concat(so_far))[-len(part) :]
            is_dict = len(part) == 1 and data.draw(st.booleans())
            pushed = stream.push(as_dict(part, 0) if is_dict else part)
            assert_array_equal(pushed, expected)
            if pd.concat(so_far).to_numpy().dtype.kind == "f":
                assert set(pushed.dtypes) == {expected.dtype}
            assert pushed.index.tolist() == part.index.tolist()
            assert pushed.index.names == part.index.names


@HOLES_IGNORED
@pytest.mark.filterwarnings(r"ignore:\d+ of \d+ windows are padded")  # in fit
@given(st.integers(0, 2**32 - 1))
@settings(unhurried, max_examples=10)
def test_a_network_forecasts_the_same_bits(seed):
    random = np.random.default_rng(seed)
    whole = panel(40)
    whole = whole[random.random(len(whole)) > 0.1].sort_index(level="time", sort_remaining=False)
    model = fit_pipeline(whole[:60], horizon=1)
    expected = quiet(model.predict, whole)
    stream, start = Stream(model, whole[:60]), 60
    while start < len(whole):
        stop = start + int(random.integers(1, 6))
        assert_array_equal(stream.push(whole[start:stop]).iloc[:, 0], expected[start:stop])
        start = stop


def test_ten_thousand_rows_of_three_series_equal_the_batch_and_memory_is_flat():
    times = pd.date_range("2024-01-01", periods=3_400, freq="h", name="time")
    random = np.random.default_rng(0)
    parts = {name: random.normal(size=(3_400, 1)) for name in "abc"}
    whole = pd.concat(
        {name: pd.DataFrame(values, times, ["load"]) for name, values in parts.items()},
        names=["city"],
    ).sort_index(level="time", sort_remaining=False)
    model = fit_pipeline(whole[:200], horizon=1, timesteps=5)
    expected = quiet(model.predict, whole)[200:]
    stream, values = Stream(model, whole[:200]), whole["load"].to_numpy()
    answers, memory, sizes = [], [], []
    for row in range(200, 1_200):
        city, time = whole.index[row]
        pushed = stream.push({"city": city, "time": time, "load": values[row]})
        answers.append(pushed.iat[0, 0])
        if row == 300:  # tracing takes long
            tracemalloc.start()
        if row in (320, 420):
            sizes.append(len(pickle.dumps(stream)))
            gc.collect()
            memory.append(tracemalloc.get_traced_memory()[0])
        if row == 420:
            tracemalloc.stop()
    for row in range(1_200, len(whole), 20):
        answers += stream.push(whole[row : row + 20]).iloc[:, 0].tolist()
    assert_array_equal(answers, expected)
    sizes.append(len(pickle.dumps(stream)))
    assert max(sizes) - min(sizes) < 500
    assert memory[1] - memory[0] < 100_000  # an answer takes 5,000 bytes


def test_a_stream_without_a_table_begins_after_the_rows_of_fit(table, model):
    rows = new_rows(table, model)
    stream = Stream(model)
    assert stream.last_labels.tolist() == [model[0].history_.index[-1]]
    pushed = stream.push(rows)
    assert list(pushed.columns) == ["h1_load", "h2_load"]
    assert_array_equal(pushed, model.predict(rows))
    assert stream.last_labels.equals(rows.index[-1:])


def test_rows_of_the_table_replace_those_of_fit(table, model):
    changed = table[:40] + 1
    expected = quiet(model.predict, pd.concat([changed, table[40:]]))
    assert_array_equal(Stream(model, changed).push(table[40:]), expected[40:])


def test_a_table_in_any_order_is_sorted(table, model):
    shuffled = table[:50].sample(frac=1, random_state=0)
    assert_array_equal(Stream(model, shuffled).push(table[50:]), model.predict(table)[50:])


def test_a_hole_and_a_new_series_start_a_run():
    whole = panel(50)
    model = fit_pipeline(whole.loc[["a", "b"]], horizon=1)
    late = whole.loc[["a"]].copy()
    late.index = late.index.set_levels(late.index.levels[1] + pd.Timedelta("90D"), level=1)
    rows = pd.concat([late[:6], whole.loc[["c"]][:6]])
    stream = Stream(model)
    with pytest.warns(UserWarning, match="of series 'a' comes after a hole in time") as caught:
        answers = pd.concat([stream.push(rows[i : i + 1]) for i in range(len(rows))])
    assert len(caught) == 1
    assert_array_equal(answers.iloc[:, 0], quiet(model.predict, rows))
    assert stream.last_labels.get_level_values("city").tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("timesteps", "windows"),
    [
        (2, "its window is padded"),
        (3, "its window and those of the next row are padded"),
        (4, "its window and those of the next 2 rows are padded"),
    ],
)
def test_a_hole_is_a_warning_that_names_its_ends(table, timesteps, windows):
    model = make_pipeline(SequenceWindower(timesteps), SumOfSteps()).fit(table[:30], np.zeros(30))
    stream = Stream(model, table[:40])
    message = (
        f"The row at {table.index[45]} comes after a hole in time, because the row before it is at "
        f"{table.index[42]}: {windows}. If the rows in the hole are known, create the Stream with "
        "a table that has them."
    )
    state = state_of(stream)
    with pytest.raises(UserWarning, match=re.escape(message)):  # warnings are errors here
        stream.push(table.iloc[[40, 41, 42, 45]])
    assert state_of(stream) == state
    with pytest.warns(UserWarning, match=re.escape(message)):
        stream.push(table.iloc[[40, 41, 42, 45]])
    stream.push(table[46:47])


def test_windows_of_one_row_have_no_hole(table):
    model = make_pipeline(SequenceWindower(1), SumOfSteps()).fit(table[:30], np.zeros(30))
    assert len(Stream(model, table[:40]).push(table[45:46])) == 1


def test_other_time_zones_and_units_are_converted(table):
    whole = one_series(tz="Europe/Berlin")
    model = fit_pipeline(whole[:40])
    expected = model.predict(whole)[40:]
    stream = Stream(model, whole[:40])
    for row, unit in zip(range(40, 60), ["s", "ns", "us", "ms"] * 5, strict=True):
        other = whole[row : row + 1].tz_convert("Asia/Tokyo")
        other.index = other.index.as_unit(unit)
        pushed = stream.push(other)
        assert_array_equal(pushed, expected[[row - 40]])
        assert pushed.index.tz == other.index.tz
    assert str(stream.last_labels.tz) == "Europe/Berlin"


def test_floats_may_follow_integers():
    index = pd.Index(np.arange(30), name="time")
    whole = one_series(30).set_index(index)
    model = fit_pipeline(whole[:20])
    expected = model.predict(whole)
    stream = Stream(model, whole[:20])
    for row in range(20, 30):
        time = float(row) if row % 2 else row
        assert_array_equal(
            stream.push({"time": time, **whole.iloc[row].to_dict()}), expected[[row]]
        )


def test_steps_in_front_of_the_windower_transform_the_rows(table):
    scaler = StandardScaler().set_output(transform="pandas")
    y = leads(table, "load")
    model = make_pipeline(scaler, SequenceWindower(4), lstm()).fit(table.loc[y.index][:40], y[:40])
    expected = model.predict(table)
    stream = Stream(model, table[:40])
    assert_array_equal(stream.push(table[40:50]).iloc[:, 0], expected[40:50])
    assert_array_equal(stream.push(as_dict(table, 50)).iloc[:, 0], expected[[50]])


def test_a_step_in_front_reads_a_dict_in_the_types_of_its_values():
    whole = one_series().assign(is_cold=[True, False, True] * 20, hour=range(60))

    def encode(frame):
        # Both fail, or give other numbers, if the columns are floats.
        warm = np.where(~frame["is_cold"], 10.0, 0.0)
        return frame[["load"]].assign(warm=warm, part=[8 % (value | 4) for value in frame["hour"]])

    y = leads(whole, "load")
    steps = FunctionTransformer(encode, validate=False), SequenceWindower(3), SumOfSteps()
    model = make_pipeline(*steps).fit(whole.loc[y.index][:40], y[:40])
    stream = Stream(model, whole[:50])
    expected = model.predict(whole)
    for row in range(50, 55):
        assert_array_equal(stream.push(as_dict(whole, row)), expected[[row]])
    plain = {name: getattr(v, "item", lambda v=v: v)() for name, v in as_dict(whole, 55).items()}
    assert_array_equal(stream.push({**plain, "time": whole.index[55]}), expected[[55]])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_values_of_fit_are_rounded_as_in_predict(table, dtype):
    for scale in (1, 1e6):  # the larger values of fit would be infinite in float16
        model = fit_pipeline(table[:40] * scale, SumOfSteps())
        rows = new_rows(table, model).astype(dtype)
        pushed, expected = Stream(model).push(rows), model.predict(rows)
        assert_array_equal(pushed, expected)
        assert set(pushed.dtypes) == {expected.dtype}


def test_values_of_fit_are_not_rounded_for_good(table):
    start = table[40:45].astype("float32")  # the windows of the next rows hold values of fit
    model = fit_pipeline(table[:42], SumOfSteps(), timesteps=9)
    stream = Stream(model, start)
    assert_array_equal(stream.push(table[45:]), model.predict(pd.concat([start, table[45:]]))[5:])


def test_a_step_in_front_can_read_text():
    whole = one_series().assign(kind=["low", "high", "low"] * 20)

    def encode(frame):
        return frame.assign(kind=(frame["kind"] == "high").astype(float))

    y = leads(whole, "load")
    steps = FunctionTransformer(encode, validate=False), SequenceWindower(3), SumOfSteps()
    model = make_pipeline(*steps).fit(whole.loc[y.index][:40], y[:40])
    expected = model.predict(whole)
    stream = Stream(model, whole[:50])
    assert_array_equal(stream.push(as_dict(whole, 50)), expected[[50]])
    assert_array_equal(stream.push(whole[51:]), expected[51:])


def test_nested_pipelines_and_steps_that_do_nothing(table):
    y = leads(table, "load")
    front = StandardScaler().set_output(transform="pandas")
    inner = make_pipeline(SequenceWindower(3), SequenceFlattener(), StandardScaler(), Ridge())
    model = Pipeline([("front", make_pipeline(front)), ("none", "passthrough"), ("inner", inner)])
    model.fit(table.loc[y.index][:40], y[:40])
    stream = Stream(model, table[:40])
    assert_allclose(stream.push(table[40:]).iloc[:, 0], model.predict(table)[40:], rtol=1e-12)


def test_estimators_find_the_names_of_the_features(table):
    model = fit_pipeline(table[:40], NaiveRegressor("heat"), horizon=1)
    pushed = Stream(model, table[:40]).push(table[40:45])
    assert_array_equal(pushed.iloc[:, 0], table["heat"][40:45])


# ---- what else an estimator predicts, and what is around it ----


@pytest.fixture(scope="module")
def conformal(table):
    y = leads(table, "load", horizon=2)
    pipeline = make_pipeline(SequenceWindower(4), lstm())
    return ConformalRegressor(pipeline, coverage=0.8, calibration=20).fit(
        table.loc[y.index][:50], y[:50]
    )


def test_intervals_are_those_of_predict_interval(table, conformal):
    rows = table[50:]
    pushed = Stream(conformal).push(rows, coverage=0.7)
    assert list(pushed.columns) == [
        f"h{step}_load{end}" for step in (1, 2) for end in ("", "_lower", "_upper")
    ]
    assert_array_equal(pushed[["h1_load", "h2_load"]], conformal.predict(rows))
    bounds = pushed.drop(columns=["h1_load", "h2_load"]).to_numpy().reshape(-1, 2, 2)
    assert_array_equal(bounds, conformal.predict_interval(rows, 0.7))
    assert_array_equal(Stream(conformal).push(rows), conformal.predict(rows))


def test_after_an_update_the_stream_gives_the_new_intervals(table, conformal):
    conformal = deepcopy(conformal)
    stream = Stream(conformal)
    before = stream.push(table[50:52], coverage=0.7)
    y = leads(table, "load", horizon=2)
    conformal.update(table[50:55], y[50:55] + 9)
    after = stream.push(table[52:55], coverage=0.7)
    assert_array_equal(
        after["h1_load_upper"], conformal.predict_interval(table[:55], 0.7)[52:, 0, 1]
    )
    width = [frame["h1_load_upper"] - frame["h1_load_lower"] for frame in (before, after)]
    assert width[1].iloc[0] > width[0].iloc[0]


def test_intervals_behind_the_windower(table):
    y = leads(table, "load")
    inner = ConformalRegressor(lstm(), calibration=20)
    model = make_pipeline(SequenceWindower(4), inner).fit(table.loc[y.index][:45], y[:45])
    pushed = Stream(model, table[:50]).push(table[50:], coverage=0.8)
    windows = model[0].transform(table)
    assert_array_equal(
        pushed[["load_lower", "load_upper"]], model[1].predict_interval(windows, 0.8)[50:]
    )


def test_quantiles_and_intervals_follow_every_forecast(table):
    y = leads(table, "load", horizon=2)
    pipeline = make_pipeline(SequenceWindower(4), lstm(quantiles=(0.1, 0.5, 0.9)))
    model = ConformalRegressor(pipeline, calibration=20).fit(table.loc[y.index][:50], y[:50])
    pushed = Stream(model).push(table[50:], coverage=0.8, return_quantiles=True)
    ends = ["", "_lower", "_upper", "_q0.1", "_q0.5", "_q0.9"]
    assert list(pushed.columns) == [f"h{step}_load{end}" for step in (1, 2) for end in ends]
    forecast, quantiles = model.estimator_.predict(table[50:], return_quantiles=True)
    assert_array_equal(pushed[["h1_load", "h2_load"]], forecast)
    columns = [f"h2_load_q{level}" for level in (0.1, 0.5, 0.9)]
    assert_array_equal(pushed[columns], quantiles[:, 1])


def test_classes_of_a_classifier(table):
    classes = np.where(leads(table, "load") > 0, "up", "down")
    rows = table[:-1]
    for last in (LSTMClassifier(2, epochs=1, random_state=0), LogisticRegression()):
        between = [] if isinstance(last, LSTMClassifier) else [SequenceFlattener()]
        model = make_pipeline(SequenceWindower(3), *between, last).fit(rows[:40], classes[:40])
        pushed = Stream(model).push(table[40:])
        assert list(pushed.columns) == ["forecast"]
        assert pushed["forecast"].tolist() == model.predict(table[40:]).tolist()


def test_a_search_and_a_transformed_target(table):
    y = np.exp(leads(table, "load"))
    X = table.loc[y.index]
    pipeline = make_pipeline(SequenceWindower(), lstm())
    grid = {"regressor__sequencewindower__timesteps": [2, 3]}
    target = TransformedTargetRegressor(pipeline, func=np.log, inverse_func=np.exp)
    search = GridSearchCV(target, grid, cv=TimeSplit(2)).fit(X[:40], y[:40])
    pushed = Stream(search, table[:40]).push(table[40:])
    assert list(pushed.columns) == ["forecast"]
    assert_array_equal(pushed["forecast"], quiet(search.predict, table)[40:])
    with pytest.raises(ValueError, match="needs an estimator with intervals, but GridSearchCV has"):
        Stream(search).push(table[40:], coverage=0.9)
    conformal = ConformalRegressor(search.best_estimator_, calibration=15).fit(X[:50], y[:50])
    stream = Stream(conformal, table[:50])
    bounds = stream.push(table[50:], coverage=0.8).iloc[:, 1:]
    assert_array_equal(bounds, conformal.predict_interval(table, 0.8)[50:])


def test_one_unnamed_target_and_several(table):
    y = leads(table, "load", horizon=2).to_numpy()
    rows = table[: len(y)]
    for target, names in ((y, ["h1_forecast", "h2_forecast"]), (y[:, 0], ["forecast"])):
        model = make_pipeline(SequenceWindower(3), lstm()).fit(rows, target)
        assert list(Stream(model).push(table[-2:]).columns) == names


# ---- refusals ----


def refused(stream, rows, error, message, **options):
    """Push rows that must be refused, and check that nothing has changed."""
    before = state_of(stream)
    with pytest.raises(error, match=re.escape(message)):
        stream.push(rows, **options)
    assert state_of(stream) == before


def relabelled(rows, index):
    return rows.set_axis(index)


def test_late_and_repeated_rows_are_refused(table, model):
    stream = Stream(model, table[:50])
    late = "The row at 2024-01-03 01:00:00 is not later than the last row of the stream, at"
    refused(stream, table[49:50], ValueError, late)
    refused(stream, table[49:51], ValueError, late)
    refused(stream, as_dict(table, 49), ValueError, late)
    refused(stream, table[30:31], ValueError, "Push the rows of a series in order of time")
    twice = pd.concat([table[50:52], table[51:52]])
    refused(stream, twice, ValueError, "have the time 2024-01-03 03:00:00 more than once. Drop")
    assert_array_equal(stream.push(table[50:]), model.predict(table)[50:])


def test_a_late_row_names_its_series():
    whole = panel()
    stream = Stream(fit_pipeline(whole, horizon=1), whole)
    message = "The row at 2024-01-03 11:00:00 of series 'b' is not later than the last row of the"
    new = one_series(1, start="2024-02-01")
    rows = pd.concat([pd.concat({"a": new}, names=["city"]), whole.loc[["b"]][-1:]])
    refused(stream, rows, ValueError, message)
    refused(stream, as_dict(whole.loc[["b"]], -1), ValueError, "in this series, at 2024-01-03 11:0")


def test_labels_of_another_kind_are_refused(table, model):
    stream, row = Stream(model, table[:50]), table[50:51]
    zone = relabelled(row, row.index.tz_localize("UTC"))
    refused(stream, zone, ValueError, "The index of rows has dates in a time zone as the time of")
    numbers = relabelled(row, [7])
    refused(stream, numbers, ValueError, "has numbers as the time of its rows, but in fit it had d")
    text = relabelled(row, ["2024-01-03"])
    refused(stream, text, TypeError, "must be the time of each row, but it holds labels of dtype")
    missing = relabelled(row, pd.DatetimeIndex([pd.NaT]))
    refused(stream, missing, ValueError, "1 of 1 rows have a missing or infinite label")
    named = pd.concat({"a": row}, names=["city"])
    refused(stream, named, ValueError, "has dates in level 1 as the time of its rows, but in fit")


def test_labels_of_a_dict_are_refused(table, model):
    stream, row = Stream(model, table[:50]), as_dict(table, 50)
    refused(stream, {**row, "time": None}, ValueError, "has the 'time' None, which is a missing")
    refused(stream, {**row, "time": pd.NaT}, ValueError, "has the 'time' NaT, which is a missing")
    text = "Convert dates by pd.to_datetime(text, format=...), because"
    refused(stream, {**row, "time": "2024-01-03"}, TypeError, text)
    refused(stream, {**row, "time": 5}, ValueError, "has numbers as the time of its rows")
    day = {**row, "time": datetime.date(2024, 1, 4)}
    refused(stream, day, TypeError, "of the kind that the index had in fit. Use pd.Timestamp('2024")
    zone = {**row, "time": pd.Timestamp("2024-01-04", tz="Europe/Berlin")}
    message = (
        "had no time zone in fit, but the row has one in its 'time', 2024-01-04 00:00:00+01:00"
    )
    refused(stream, zone, ValueError, message)
    remedy = "Use pd.Timestamp('2024-01-04 00:00:00+01:00').tz_localize(None)."
    refused(stream, zone, ValueError, remedy)
    zoned = Stream(fit_pipeline(table.tz_localize("Europe/Berlin")))
    none = {**row, "time": pd.Timestamp("2024-02-04")}
    refused(zoned, none, ValueError, "Use pd.Timestamp('2024-02-04 00:00:00', tz='Europe/Berlin').")
    several = {name: [value, value] for name, value in row.items()}
    refused(stream, several, ValueError, "For several rows, pass a DataFrame.")


def test_numbers_that_are_no_times_are_refused():
    whole = one_series().set_index(np.arange(60) / 2)
    stream = Stream(fit_pipeline(whole.iloc[:40]), whole.iloc[:50])
    for time in (np.nan, np.inf):
        refused(
            stream, relabelled(whole.iloc[50:51], [time]), ValueError, "missing or infinite label"
        )
    refused(stream, {"index": np.inf, "load": 1, "heat": 1}, ValueError, "or infinite label")
    assert stream.push({"index": 25.0, "load": 1, "heat": 1}).index.tolist() == [25.0]


def test_series_named_by_numbers_in_place_of_text_are_refused():
    whole = panel(names=("1", "2"))
    stream = Stream(fit_pipeline(whole, horizon=1))
    row = {"city": 1, "time": pd.Timestamp("2024-02-01"), "load": 1.0, "heat": 2.0}
    refused(stream, row, ValueError, "names the series by labels such as 1, but in fit such as '1'")
    refused(stream, {**row, "city": None}, ValueError, "has the 'city' None, which is a missing la")
    swapped = whole[:1].swaplevel()
    refused(stream, swapped, TypeError, "If the dates are the time, put them last: X.swaplevel()")


def test_other_columns_are_refused_as_in_predict(table, model):
    stream, rows = Stream(model, table[:50]), table[50:]
    for other in (rows[["load"]], rows.assign(wind=1), rows[["heat", "load"]]):
        with pytest.raises(ValueError, match="feature names should match") as error:
            model.predict(other)
        refused(stream, other, ValueError, str(error.value))
    row = as_dict(table, 50)
    message = "The row lacks the keys 'heat' and has the unknown keys 'heats'. It must have the "
    refused(stream, {"time": 1, "load": 1, "heats": 2}, ValueError, message)
    refused(stream, {**row, "wind": 1}, ValueError, "The row has the unknown keys 'wind'. It must")
    refused(stream, {"load": 1, "heat": 1}, ValueError, "The row lacks the keys 'time'. It must")


def test_values_that_predict_refuses_change_nothing(table, model):
    stream, rows = Stream(model, table[:50]), table[50:].copy()
    rows.iloc[3, 0] = np.nan
    refused(stream, rows, ValueError, "NaN")
    refused(stream, {**as_dict(table, 50), "heat": None}, ValueError, "NaN")
    rows.iloc[3, 0] = np.inf
    refused(stream, rows, ValueError, "infinity")
    refused(
        stream, {**as_dict(table, 50), "heat": "warm"}, ValueError, "do not hold numbers: 'heat'"
    )
    several = {**as_dict(table, 50), "heat": [1, 2]}
    refused(stream, several, ValueError, "has [1, 2] as its 'heat', but a dict is one row with one")
    assert_array_equal(stream.push(table[50:]), model.predict(table)[50:])


def test_missing_values_reach_an_estimator_that_reads_them(table):
    model = fit_pipeline(table[:40], SumOfSteps(), horizon=1)
    rows = table.copy()
    rows.iloc[52, 0] = np.nan
    stream = Stream(model, rows[:50])
    answers = [stream.push(as_dict(rows, row)) for row in range(50, 60)]
    assert_array_equal(pd.concat(answers), model.predict(rows)[50:])


def test_what_is_no_row_is_refused(table, model):
    stream = Stream(model)
    series = "rows is of type Series, but must be a pandas DataFrame like X in fit, with the time"
    refused(stream, table.iloc[50], TypeError, series)
    refused(stream, table.to_numpy(), TypeError, "or one row as a dict.")
    refused(stream, table[:0], ValueError, "rows has no rows, but must have 1 or more.")
    twice = table[50:].set_axis(["load", "load"], axis=1)
    refused(stream, twice, ValueError, "rows has repeated column names, 'load'")


def test_quantiles_and_coverages_that_do_not_exist_are_refused(table, model, conformal):
    stream = Stream(model, table[:50])
    message = "coverage=0.9 needs an estimator with intervals, but Pipeline has none around its"
    refused(stream, table[50:], ValueError, message, coverage=0.9)
    message = "return_quantiles=True needs an estimator of quantiles, but LSTMRegressor was fitted"
    refused(stream, table[50:], ValueError, message, return_quantiles=True)
    stream = Stream(conformal)
    refused(stream, table[50:], ValueError, "is not above 0 and below 1", coverage=2)
    refused(stream, table[50:], ValueError, "needs 999 calibration rows or more", coverage=0.999)


def test_names_that_would_be_repeated_are_refused(table):
    y = leads(table, "load", horizon=2).set_axis(["load", "load_lower"], axis=1)
    model = ConformalRegressor(make_pipeline(SequenceWindower(3), lstm()), calibration=20)
    stream = Stream(model.fit(table.loc[y.index], y))
    message = "The columns of y, load, load_lower, are named like the bounds or quantiles of one"
    refused(stream, table[-1:], ValueError, message, coverage=0.8)


def test_a_dict_needs_different_names(table):
    whole = table.rename_axis(index="load")
    stream = Stream(fit_pipeline(whole))
    row = {"load": pd.Timestamp("2024-02-01"), "heat": 1.0}
    refused(stream, row, ValueError, "A level of the index and a column have one name")


def test_a_dict_needs_the_names_of_the_columns():
    whole = one_series().set_axis([0, 1], axis=1)
    y = leads(whole, 0)
    steps = FunctionTransformer(lambda frame: frame + 1), SequenceWindower(3), SumOfSteps()
    model = make_pipeline(*steps).fit(whole.loc[y.index], y)
    row = as_dict(whole, -1)
    refused(Stream(model), row, ValueError, "does not know the names of the columns, because the f")
    expected = model.predict(whole)
    assert_array_equal(Stream(model, whole[:-1]).push(row), expected[-1:])
    assert_array_equal(Stream(model, whole[:-1]).push(whole[-1:]), expected[-1:])


def test_steps_that_do_not_keep_the_rows_are_refused(table):
    y = leads(table, "load")
    X = table.loc[y.index]
    scaler = StandardScaler().set_output(transform="pandas")
    model = make_pipeline(scaler, SequenceWindower(3), lstm()).fit(X, y)
    stream = Stream(model)
    scaler.set_output(transform="default")
    refused(stream, table[-1:], ValueError, "return ndarray, but must return a DataFrame with the")
    sampler = FunctionTransformer(lambda frame: frame.iloc[::2])
    model = make_pipeline(sampler, SequenceWindower(3), SumOfSteps()).fit(X, y)
    refused(Stream(model), table[-4:], ValueError, "make 2 rows of 4, or change their labels")


@pytest.mark.parametrize(
    "step",
    [
        pd.DataFrame.diff,
        lambda frame: frame.shift(1).fillna(0),
        lambda frame: frame - frame.mean(),
        lambda frame: pd.get_dummies(frame["load"] > 0).add_prefix("is_"),
        lambda frame: frame.assign(heat=frame["heat"].shift(1).astype(object)),
    ],
)
def test_steps_that_use_neighbouring_rows_are_refused(table, step):
    message = "in another way if the rows before it are missing, as steps do that use neighbouring"
    model = make_pipeline(FunctionTransformer(step), SequenceWindower(2), SumOfSteps())
    model.fit(table[:40], np.zeros(40))
    with pytest.raises(ValueError, match=message):
        Stream(model, table)
    refused(Stream(model), table[40:], ValueError, message)


def test_objects_behind_the_steps_in_front_are_compared(table):
    model = make_pipeline(FunctionTransformer(), SequenceWindower(2), SumOfSteps())
    model.fit(table[:40], np.zeros(40))
    stream = Stream(model)
    text = table[40:].assign(heat="warm")
    refused(stream, text, ValueError, "do not hold numbers: 'heat'")
    model[0].func = lambda frame: frame.assign(heat=frame["heat"].shift(1))
    refused(stream, text, ValueError, "if the rows before it are missing")


def test_a_windower_that_was_fitted_again_is_refused(table):
    model = fit_pipeline(table[:40])
    stream = Stream(model, table[:40])
    stream.push(table[40:41])
    message = "The SequenceWindower has been fitted again, to other windows or columns"
    model.set_params(sequencewindower__timesteps=3).fit(table[:40], np.zeros(40))
    refused(stream, table[41:42], ValueError, message)
    model.set_params(sequencewindower__timesteps=4).fit(table[:40].add_suffix("s"), np.zeros(40))
    refused(stream, table[41:42].add_suffix("s"), ValueError, message)
    model.fit(table[:40].to_numpy(), np.zeros(40))
    refused(stream, table[41:42], ValueError, message)


class WrongShape(SumOfSteps):
    def predict(self, X):
        return np.zeros((3, 2, 2))


class OtherIntervals(RegressorMixin, BaseEstimator):
    """An estimator of another package with intervals around a pipeline."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.estimator_ = self.estimator.fit(X, y)
        return self

    def predict(self, X):
        return self.estimator_.predict(X)

    def predict_interval(self, X):
        return self.predict(X)


def test_other_estimators_are_refused(table, model):
    y = leads(table, "load")
    X = table.loc[y.index]
    cases = [
        (Ridge().fit(X, y), ValueError, "but Ridge has no SequenceWindower. Fit make_pipeline("),
        (make_pipeline(StandardScaler(), Ridge()).fit(X, y), ValueError, "An estimator of single"),
        (make_pipeline(SequenceWindower(2)).fit(X), ValueError, "a last step that predicts"),
        (
            OtherIntervals(deepcopy(model)).fit(X, y),
            ValueError,
            "is inside OtherIntervals, where other",
        ),
        (
            make_pipeline(SequenceWindower(2), lstm()).fit(X.to_numpy(), y.to_numpy()),
            ValueError,
            "The SequenceWindower was fitted on an array, whose rows have no times",
        ),
        (
            make_pipeline(
                FeatureUnion(
                    [("windows", make_pipeline(SequenceWindower(2), SequenceFlattener()))]
                ),
                Ridge(),
            ).fit(X, y),
            ValueError,
            "the SequenceWindower is inside FeatureUnion",
        ),
        (make_pipeline(SequenceWindower(2), lstm()), NotFittedError, "is not fitted yet"),
        (
            make_pipeline(SequenceWindower(2), LSTMStepRegressor()),
            TypeError,
            "Stream needs predictions of coming steps, but LSTMStepRegressor predicts",
        ),
        (
            GridSearchCV(
                make_pipeline(SequenceWindower(2), SequenceFlattener(), Ridge()),
                {"ridge__alpha": [1]},
                cv=TimeSplit(2),
                refit=False,
            ).fit(X, y),
            ValueError,
            "refit=False",
        ),
    ]
    for estimator, error, message in cases:
        with pytest.raises(error, match=re.escape(message)):
            Stream(estimator)


def test_predictions_of_another_shape_are_refused(table):
    model = fit_pipeline(table, WrongShape())
    message = "predicts an array of shape (3, 2, 2) for 1 window, but must predict one row of"
    refused(Stream(model), table[-1:], ValueError, message)


def test_a_table_is_checked_like_rows(table, model):
    with pytest.raises(TypeError, match="table is of type ndarray, but must be a pandas DataFrame"):
        Stream(model, table.to_numpy())
    with pytest.raises(ValueError, match="table has no rows"):
        Stream(model, table[:0])
    with pytest.raises(ValueError, match="feature names should match"):
        Stream(model, table[["load"]])
    with pytest.raises(ValueError, match="The index of table has numbers as the time of its rows"):
        Stream(model, table.reset_index(drop=True))


# ---- state ----


def test_the_repr_says_what_is_in_the_stream(model):
    assert repr(Stream(model)) == (
        "<Stream of 1 series through Pipeline, in windows of 4 timesteps and 2 features>"
    )


@pytest.mark.parametrize("library", [pickle, cloudpickle])
def test_a_restored_stream_goes_on_with_the_next_row(table, conformal, library):
    stream = Stream(conformal)
    stream.push(table[50:53], coverage=0.8)
    restored = pickle.loads(library.dumps(stream))
    expected = stream.push(table[53:], coverage=0.8)
    pd.testing.assert_frame_equal(restored.push(table[53:], coverage=0.8), expected)
    assert restored.last_labels.equals(stream.last_labels)


def test_a_copy_goes_its_own_way(table, model):
    stream = Stream(model, table[:50])
    copied = deepcopy(stream)
    stream.push(table[50:])
    assert_array_equal(copied.push(table[50:]), model.predict(table)[50:])


def test_a_killed_process_is_continued_from_its_pickle(tmp_path, table, model):
    (tmp_path / "table.pickle").write_bytes(pickle.dumps(table))
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    first = """
        import os, pickle, sys, time
        from pathlib import Path
        from skl_lstm import Stream
        table, model = (
            pickle.loads(Path(f"{name}.pickle").read_bytes()) for name in ("table", "model")
        )
        stream = Stream(model, table[:50])
        stream.push(table[50:55])
        Path("stream.partial").write_bytes(pickle.dumps(stream))
        os.replace("stream.partial", "stream.pickle")
        stream.push(table[55:57])
        print("ready", flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(first)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    stream = pickle.loads((tmp_path / "stream.pickle").read_bytes())
    answers = stream.push(table[table.index > stream.last_labels[0]])
    pd.testing.assert_index_equal(answers.index, table.index[55:], exact=False)
    assert_array_equal(answers, model.predict(table)[55:])


def test_threads_push_their_series_at_the_same_time():
    names = tuple("abcdef")
    whole = panel(80, names)
    start = whole[whole.index.get_level_values("time") < "2024-01-02 12:00"]
    model = fit_pipeline(start, horizon=1)
    stream, answers, errors = Stream(model, start), {}, []

    def push(name):
        try:
            rows = whole.loc[[name]].iloc[36:]
            answers[name] = [stream.push(as_dict(rows, row)) for row in range(len(rows))]
            pickle.dumps(stream)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=push, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for name in names:
        expected = quiet(model.predict, whole.loc[[name]])[36:]
        assert_array_equal(pd.concat(answers[name]).iloc[:, 0], expected)


def test_the_rows_that_are_kept_are_as_many_as_windows_need(table, model):
    stream = Stream(model, table)
    (end,) = stream._ends.values()
    assert end.rows.shape == (3, 2)
    assert end.rows.base is None
