"""`NaiveRegressor`: a forecast is a value of the window, as a plain loop finds it."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import skops.io
from diagrams import captions
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError
from strategies import unhurried

from skl_lstm import (
    TRUSTED_TYPES,
    LSTMRegressor,
    NaiveRegressor,
    SequencePadder,
    SequenceReshaper,
    SequenceWindower,
    leads,
    make_supervised,
)
from skl_lstm._core.timed_windows import mark_times

X = np.arange(24.0).reshape(2, 4, 3)
Y = np.zeros(2)
HOURS = pd.date_range("2024-01-01", periods=96, freq="h")
LOAD = pd.DataFrame(
    {"load": np.tile(np.arange(24.0), 4), "temp": np.repeat(np.arange(4.0), 24)}, index=HOURS
)


def assert_same(actual, expected):
    assert_array_equal(actual, expected, strict=True)


def named(X, names=("a", "b", "c")):
    return mark_times(X, None, None, np.array(names, dtype=object))


def naive(window, feature, step, period):
    """The oracle: walk forward from the last known season."""
    known = [row[feature] for row in window]
    for _ in range(step):
        known.append(known[-period])
    return known[-1]


@st.composite
def cases(draw):
    period = draw(st.integers(1, 5))
    shape = draw(st.integers(1, 3)), period + draw(st.integers(0, 3)), draw(st.integers(1, 3))
    values = np.random.default_rng(draw(st.integers(0, 99))).normal(size=shape)
    X = values.astype(draw(st.sampled_from(["float64", "float32"])))
    every = st.integers(0, shape[2] - 1)
    features = draw(st.lists(every, min_size=1, max_size=shape[2], unique=True))
    return X, features, period, draw(st.integers(1, 12))


@unhurried
@given(cases())
def test_a_forecast_is_the_value_whole_periods_before(case):
    X, features, period, horizon = case
    y = np.zeros((len(X), horizon * len(features)))
    regressor = NaiveRegressor(features, period).fit(X, y)
    expected = [
        [naive(window, f, step, period) for step in range(1, horizon + 1) for f in features]
        for window in X
    ]
    assert_same(regressor.predict(X), np.array(expected, X.dtype))
    assert regressor.n_outputs_ == horizon * len(features)
    assert regressor.steps_.tolist() == [step for step in range(1, horizon + 1) for _ in features]
    longer = np.concatenate([X[:, ::-1], X], axis=1)  # the length may differ
    assert_same(regressor.predict(longer), regressor.predict(X))


@unhurried
@given(cases(), st.randoms())
def test_the_names_of_the_outputs_give_their_step_and_feature(case, random):
    X, features, period, horizon = case
    outputs = [(step, f) for step in range(1, horizon + 1) for f in features]
    random.shuffle(outputs)
    names = [f"x{f}" for f in range(X.shape[2])]
    y = pd.DataFrame(np.zeros((len(X), len(outputs))), columns=[f"h{s}_x{f}" for s, f in outputs])
    regressor = NaiveRegressor([f"x{f}" for f in features], period).fit(named(X, names), y)
    expected = [[naive(window, f, step, period) for step, f in outputs] for window in X]
    assert_same(regressor.predict(X), np.array(expected, X.dtype))
    assert regressor.steps_.tolist() == [step for step, _ in outputs]


def test_predictions_have_the_shape_of_y():
    assert NaiveRegressor(0).fit(X, Y).predict(X).shape == (2,)
    assert NaiveRegressor([0]).fit(X, Y).predict(X).shape == (2,)
    assert NaiveRegressor(0).fit(X, Y[:, np.newaxis]).predict(X).shape == (2, 1)
    assert NaiveRegressor(0).fit(X, np.zeros((2, 3))).predict(X).shape == (2, 3)


def test_a_feature_is_a_name_or_a_position():
    expected = X[:, -1, 2]
    for feature in (2, -1, np.int8(-1), "c", ["c"], (2,)):
        regressor = NaiveRegressor(feature).fit(named(X), Y)
        assert_same(regressor.predict(X), expected)
        assert_same(regressor.predict(named(X)), expected)
        assert regressor.feature_names_in_.tolist() == ["a", "b", "c"]
    both = NaiveRegressor(["c", 0]).fit(named(X), np.zeros((2, 2)))
    assert_same(both.predict(X), X[:, -1][:, [2, 0]])


def test_a_table_is_read_as_sequences_of_one_feature():
    table = X[:, :, 0]
    assert_same(NaiveRegressor(0, 3).fit(table, np.zeros((2, 2))).predict(table), table[:, 1:3])
    frame = pd.DataFrame(table, columns=list("abcd"))
    regressor = NaiveRegressor(0).fit(frame, Y)
    assert regressor.feature_names_in_.tolist() == list("abcd")
    assert_same(regressor.predict(frame), table[:, -1])


def test_numbers_are_exact_and_integers_become_floats():
    exact = np.array([[[16777217.0]]])  # not a number of float32
    assert NaiveRegressor(0).fit(exact, [0.0]).predict(exact)[0] == 16777217.0
    assert_same(NaiveRegressor(0).fit(X.astype(int), Y).predict(X.astype(int)), X[:, -1, 0])
    assert NaiveRegressor(0).fit(X, Y).predict(X.astype("float32")).dtype == "float32"


def test_a_gap_is_read_from_the_name():
    days = np.arange(14.0).reshape(1, 14, 1)
    for name, expected in [("h1_load", 7.0), ("h3_load", 9.0), ("h9_load", 8.0), ("load", 7.0)]:
        y = pd.Series([0.0], name=name)
        assert NaiveRegressor(0, period=7).fit(days, y).predict(days) == [expected]
    y = pd.DataFrame(np.zeros((1, 2)), columns=["h3_load", "h4_load"])
    assert NaiveRegressor(0, 7).fit(days, y).predict(days).tolist() == [[9.0, 10.0]]


def test_a_column_that_looks_like_a_lead_is_a_column():
    days = named(np.arange(14.0).reshape(1, 14, 1), ["h2_o"])
    y = pd.Series([0.0], name="h2_o")
    assert NaiveRegressor("h2_o", 7).fit(days, y).steps_.tolist() == [1]
    assert NaiveRegressor(0, 7).fit(np.asarray(days), y).steps_.tolist() == [2]


def test_names_of_a_target_that_are_no_leads_are_not_read():
    y = pd.DataFrame(np.zeros((2, 2)), columns=["h2_load", "other"])
    assert NaiveRegressor(0).fit(X, y).steps_.tolist() == [1, 2]
    y = pd.DataFrame(np.zeros((2, 2)), columns=[0, 1])
    assert NaiveRegressor(0).fit(X, y).steps_.tolist() == [1, 2]


def test_features_that_a_scaler_renamed_are_taken_in_their_order():
    y = pd.DataFrame(np.zeros((2, 4)), columns=["h2_load", "h2_temp", "h1_load", "h1_temp"])
    for windows, features in [
        (X, [1, 0]),
        (named(X, ["s__temp", "s__load", "s__c"]), ["s__load", 0]),
    ]:
        regressor = NaiveRegressor(features, period=3).fit(windows, y)
        expected = [[w[-2, 1], w[-2, 0], w[-3, 1], w[-3, 0]] for w in X]
        assert_same(regressor.predict(X), np.array(expected))


# With the other parts of the package.


def test_the_same_hour_of_yesterday_in_a_pipeline():
    y = leads(LOAD, "load", horizon=30)
    rows = LOAD.loc[y.index]
    naive = make_pipeline(SequenceWindower(24), NaiveRegressor("load", period=24)).fit(rows, y)
    assert_same(naive.predict(rows)[23:], y[23:].to_numpy())


def test_several_targets_after_a_gap():
    y = leads(LOAD, horizon=2, gap=5)
    rows = LOAD.loc[y.index]
    regressor = NaiveRegressor(["temp", "load"], period=24)
    naive = make_pipeline(SequenceWindower(24), regressor).fit(rows, y)
    expected = LOAD.shift(24)  # a day before the time to forecast
    forecast = pd.DataFrame(naive.predict(rows), index=y.index, columns=y.columns)[24:]
    for step in (6, 7):
        for name in ("load", "temp"):
            at_time = expected[name].shift(-step).loc[forecast.index]
            assert_array_equal(forecast[f"h{step}_{name}"], at_time)


def test_a_panel_repeats_the_values_of_its_own_series():
    table = pd.concat({name: LOAD[:48] + offset for name, offset in [("x", 0), ("y", 100)]})
    table = table.sample(frac=1, random_state=0)
    y = leads(table, "load")
    rows = table.loc[y.index]
    naive = make_pipeline(SequenceWindower(2), NaiveRegressor("load")).fit(rows, y)
    assert_same(naive.predict(rows), rows["load"].to_numpy())


def test_the_look_back_and_the_period_can_be_tuned():
    y = leads(LOAD, "load")
    pipeline = make_pipeline(SequenceWindower(), NaiveRegressor("load"))
    grid = [
        {"sequencewindower__timesteps": [1, 24], "naiveregressor__period": [1]},
        {"sequencewindower__timesteps": [24], "naiveregressor__period": [24]},
    ]
    search = GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(3), error_score="raise")
    search.fit(LOAD.loc[y.index], y)
    assert search.best_params_["naiveregressor__period"] == 24
    assert search.best_score_ == 1.0


def test_a_parameter_changed_after_fit_has_no_effect():
    regressor = NaiveRegressor(0, period=3).fit(X, Y)
    assert_same(regressor.set_params(feature=1, period=9).predict(X), X[:, -3, 0])


def test_weights_are_accepted_and_ignored():
    plain, weighted = NaiveRegressor(0).fit(X, Y), NaiveRegressor(0).fit(X, Y, [0.0, 5.0])
    assert_same(weighted.predict(X), plain.predict(X))
    with pytest.raises(ValueError, match=r"sample_weight"):
        NaiveRegressor(0).fit(X, Y, [1.0])
    with config_context(enable_metadata_routing=True):
        regressor = NaiveRegressor(0).set_fit_request(sample_weight=True)
        regressor.set_score_request(sample_weight=True)
        windows, y = np.arange(20.0).reshape(10, 2, 1), np.arange(10.0)
        assert len(cross_val_score(regressor, windows, y, params={"sample_weight": y + 1})) == 5


@pytest.mark.parametrize("data", [X, named(X), X[:, :, 0]], ids=["3D", "named", "2D"])
def test_files_and_clones(data):
    regressor = NaiveRegressor([0], period=2).fit(data, np.zeros((2, 3)))
    in_file = skops.io.loads(skops.io.dumps(regressor), trusted=TRUSTED_TYPES)
    again = clone(regressor).fit(data, np.zeros((2, 3)))
    for back in (in_file, pickle.loads(pickle.dumps(regressor)), again):
        assert_same(back.predict(data), regressor.predict(data))
        assert vars(back).keys() == vars(regressor).keys()
    with pytest.raises(NotFittedError):
        clone(regressor).predict(data)


@pytest.mark.parametrize(
    ("data", "y", "expected"),
    [
        (X, Y, "(n, 4, 3) → (n,)"),
        (X, np.zeros((2, 2)), "(n, 4, 3) → (n, 2)"),
        (X[:, :, 0], Y, "(n, 4) → (n,)"),
    ],
)
def test_the_diagram_shows_the_shapes(data, y, expected):
    assert captions(NaiveRegressor(0)) == []
    assert captions(NaiveRegressor(0).fit(data, y)) == [expected]


def test_it_needs_neither_keras_nor_numba():
    code = (
        "import sys; from skl_lstm import NaiveRegressor; "
        "NaiveRegressor(0).fit([[[1.0]]], [1.0]).predict([[[1.0]]]); "
        "print(*({'keras', 'tensorflow', 'scikeras', 'numba'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


# Padding.


@pytest.mark.parametrize(("padding", "period", "padded"), [("post", 1, 1), ("pre", 4, 1)])
def test_a_forecast_that_is_padding_is_a_warning(padding, period, padded):
    windows = SequencePadder(padding=padding).fit_transform([X[0] + 1, X[1, :2]])
    regressor = NaiveRegressor(0, period=period).fit(windows, Y)
    message = rf"The forecasts of {padded} of 2 sequences are padding, mask_value=0\.0\."
    with pytest.warns(UserWarning, match=message):
        assert regressor.predict(windows)[1] == 0.0


def test_padding_before_the_values_in_use_does_not_matter():
    windows = SequencePadder(padding="pre").fit_transform([X[0] + 1, X[1, :2]])
    regressor = NaiveRegressor(0, period=2).fit(windows, np.zeros((2, 2)))
    assert regressor.predict(windows).tolist() == [[7.0, 10.0], [12.0, 15.0]]


# Errors.


@pytest.mark.parametrize(
    ("feature", "windows", "error", "message"),
    [
        ("a", X, ValueError, "feature='a' is a name, but the features of X have no names.*0 to 2"),
        ("a", X[:, :, :1], ValueError, "Use a position, 0, or make X from a DataFrame"),
        ("bb", named(X), ValueError, "is not a feature of X, which has 'a', 'b', 'c'"),
        ("load", named(X, ["Load", "t", "u"]), ValueError, r"Did you mean 'Load'\?"),
        (3, X, ValueError, r"feature=3 is not a position in X, which has 3 .*: use -3 to 2"),
        (-4, X, ValueError, r"feature=-4 is not a position in X.* use -3 to 2"),
        (1, X[:, :, 0], ValueError, r"feature=1 is not a position .* has 1 feature\(s\)"),
        ([], X, ValueError, "feature is empty"),
        (["c", -1], named(X), ValueError, r"feature=\['c', -1\] names a feature of X twice"),
        ([1.5], X, TypeError, "feature contains 1.5, but every item must be the name"),
        ([True], X, TypeError, "feature contains True"),
        (1.5, X, InvalidParameterError, "The 'feature' parameter of NaiveRegressor must be"),
        (True, X, InvalidParameterError, "The 'feature' parameter of NaiveRegressor must be"),
        (None, X, InvalidParameterError, "The 'feature' parameter of NaiveRegressor must be"),
    ],
)
def test_a_feature_that_is_not_there_is_an_error(feature, windows, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        NaiveRegressor(feature).fit(windows, Y)


@pytest.mark.parametrize("feature", ["load", [0, "load"]])
def test_lag_columns_have_no_named_features(feature):
    lags, y = make_supervised(LOAD, 3, target="load")
    message = (
        f"feature={feature!r} is a name, but a 2D X is read as sequences of one feature, which has "
        "the position 0. If the columns are the steps of several features, put "
        "SequenceReshaper(features=...) before NaiveRegressor, which gives the features an axis, "
        "and use the position of the feature on it."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        NaiveRegressor(feature).fit(lags, y)
    naive = make_pipeline(SequenceReshaper(features=2), NaiveRegressor(0))
    assert_array_equal(naive.fit(lags, y).predict(lags), lags["t2_load"])


@pytest.mark.parametrize("period", [0, -1, 1.0, True, "24"])
def test_a_period_is_a_positive_integer(period):
    with pytest.raises(InvalidParameterError, match="The 'period' parameter of NaiveRegressor"):
        NaiveRegressor(0, period).fit(X, Y)


def test_a_window_shorter_than_the_period_is_an_error():
    message = (
        "period=7 needs windows of 7 timesteps or more, but X has 4 timesteps. Use "
        r"SequenceWindower\(timesteps=7\), or a shorter period"
    )
    with pytest.raises(ValueError, match=message):
        NaiveRegressor(0, period=7).fit(X, Y)
    with pytest.raises(ValueError, match=r"period=4 needs windows of 4 timesteps .* X has 3"):
        NaiveRegressor(0, period=4).fit(X, Y).predict(X[:, 1:])


@pytest.mark.parametrize(
    ("features", "columns", "message"),
    [
        ([0, 1], None, r"y has 3 output\(s\), which are no whole steps of the 2 features \[0, 1\]"),
        (0, ["h1_a", "h1_b", "h2_a"], "y has the targets 'a', 'b', but feature=0"),
        (["a", "b"], ["h1_a", "h2_a", "h3_a"], r"y has the targets 'a', but feature=\['a', 'b'\]"),
        (["a", "b"], ["h1_a", "h1_c", "h2_a"], r"the targets 'a', 'c', but feature=\['a', 'b'\]"),
    ],
)
def test_targets_that_are_not_those_of_the_features_are_an_error(features, columns, message):
    y = np.zeros((2, 3)) if columns is None else pd.DataFrame(np.zeros((2, 3)), columns=columns)
    with pytest.raises(ValueError, match=message):
        NaiveRegressor(features).fit(named(X), y)


def test_several_features_need_targets_of_two_axes():
    with pytest.raises(ValueError, match=r"y has 1 output\(s\).*whole steps of the 2 features"):
        NaiveRegressor([0, 1]).fit(X, Y)


@pytest.mark.parametrize(
    "data",
    [np.where(X == 3, np.nan, X), np.where(X == 3, np.inf, X), X[:, :0], X[0, 0], [X[0], X[1, :2]]],
    ids=["missing", "infinite", "no timesteps", "one axis", "unequal lengths"],
)
def test_what_an_lstm_refuses_is_refused_with_the_same_words(data):
    messages = []
    for estimator in (NaiveRegressor(0), LSTMRegressor()):
        with pytest.raises(ValueError, match=r".") as caught:
            estimator.fit(data, Y)
        messages.append(str(caught.value).replace(type(estimator).__name__, "Estimator"))
    assert messages[0] == messages[1]


def test_other_errors_of_fit_leave_the_fitted_state():
    regressor = NaiveRegressor(0).fit(X, Y)
    before = dict(vars(regressor))
    with pytest.raises(ValueError, match=r"X has shape \(1, 2, 4, 3\), but NaiveRegressor needs"):
        regressor.fit(X[np.newaxis], Y[:1])
    with pytest.raises(ValueError, match="requires y to be passed"):
        regressor.fit(X, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        regressor.fit(X, Y[:1])
    with pytest.raises(ValueError, match="Input y contains NaN"):
        regressor.fit(X, Y * np.nan)
    assert vars(regressor) == before


def test_other_features_in_predict_are_an_error():
    regressor = NaiveRegressor("a").fit(named(X), Y)
    with pytest.raises(ValueError, match="feature names should match those that were passed"):
        regressor.predict(named(X, list("bac")))
    with pytest.raises(ValueError, match="X has 2 features, but NaiveRegressor is expecting 3"):
        regressor.predict(X[:, :, :2])
    with pytest.raises(ValueError, match=r"X has 2 dimensions, .* on 3\. If X is one sequence"):
        regressor.predict(X[0])
    with pytest.raises(ValueError, match=r"X has 3 dimensions, but .* fitted on 2\.$"):
        NaiveRegressor(0).fit(X[:, :, 0], Y).predict(X)


def test_the_names_of_the_targets_are_kept_for_forecast():
    model = NaiveRegressor(0)
    named = pd.DataFrame(np.zeros((2, 2)), columns=np.array(["h1_load", "h2_load"]))
    for y, names in [(named, ["h1_load", "h2_load"]), (named["h1_load"], ["h1_load"])]:
        model.fit(X, y)
        in_file = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
        for fitted in (model, in_file, pickle.loads(pickle.dumps(model))):
            assert fitted._target_names == names
            assert {type(name) for name in fitted._target_names} == {str}
    for y in (named.to_numpy(), named.to_numpy().tolist(), named.set_axis([0, "a"], axis=1)):
        assert model.fit(X, y)._target_names is None
