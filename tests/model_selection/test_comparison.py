"""`compare_forecasts` against the formula in plain loops, its level, and its messages."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal
from scipy import stats
from scipy.signal import lfilter
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error
from strategies import unhurried

from skl_lstm._core.interval_scores import interval_scores, is_covered, pinball_losses
from skl_lstm.model_selection.comparison import compare_forecasts, fewest_origins, mean_difference

NUMBERS = [
    "loss",
    "baseline_loss",
    "difference",
    "lower",
    "upper",
    "p_value",
    "improvement",
    "improvement_lower",
    "improvement_upper",
]
LABELS = {
    "dates": lambda n: pd.date_range("2012-01-01", periods=n),
    "hours of a zone": lambda n: pd.date_range("2012-03-20", periods=n, freq="h", tz="CET"),
    "days of business": lambda n: pd.bdate_range("2012-01-01", periods=n),
    "months": lambda n: pd.period_range("2012-01", periods=n, freq="M"),
    "lengths of time": lambda n: pd.to_timedelta(np.arange(n), "h"),
    "numbers": lambda n: pd.RangeIndex(n),
    "dates of Python": lambda n: pd.Index(pd.date_range("2012-01-01", periods=n).date),
}


def backtested(
    n_origins=60,
    horizon=1,
    *,
    gap=0,
    rivers=(),
    errors=None,
    seed=0,
    n_folds=3,
    labels="dates",
):
    """A frame as backtest returns it; `errors` are the sizes of the errors by model."""
    random = np.random.default_rng(seed)
    times = LABELS[labels](n_origins + gap + horizon)
    parts = []
    for river in rivers or [None]:
        truth = random.normal(size=len(times))
        for model, size in (errors or {"ridge": 1.0, "LSTM": 0.8}).items():
            for step in range(gap + 1, gap + horizon + 1):
                at = slice(step, step + n_origins)
                part = {
                    "model": model,
                    "fold": np.arange(n_origins) * n_folds // n_origins,
                    "origin": times[:n_origins],
                    **({"river": river} if rivers else {}),
                    "step": step,
                    "time": times[at],
                    "truth": truth[at],
                    "forecast": truth[at] + size * random.normal(size=n_origins),
                }
                parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def by_hand(frame, model, baseline, overlap, loss=lambda error: error**2, level=0.95):
    """The result of a comparison, by the formula and in loops."""
    costs = {model: {}, baseline: {}}
    for _, row in frame[frame["model"].isin([model, baseline])].iterrows():
        cost = loss(row["forecast"] - row["truth"])
        costs[row["model"]].setdefault(row["origin"], {})[row.get("river"), row["step"]] = cost
    means = {
        name: np.mean([cost for at in by_origin.values() for cost in at.values()])
        for name, by_origin in costs.items()
    }
    difference = means[model] - means[baseline]
    origins = sorted(costs[model])
    n_origins, n_forecasts = len(origins), sum(map(len, costs[model].values()))
    deviations = []
    for origin in origins:
        deviations.append(0)
        for key, cost in costs[model][origin].items():
            deviations[-1] += cost - costs[baseline][origin][key] - difference
    n_cosines = min(2 * math.floor(math.cbrt(n_origins) + 1e-9), n_origins // (2 * max(overlap, 4)))
    variance = 0
    for cosine in range(1, n_cosines + 1):
        weight = 0
        for position, deviation in enumerate(deviations):
            weight += deviation * math.cos(math.pi * cosine * (position + 0.5) / n_origins)
        # The cosines have a mean square of 1/2. The deviations are sums over all steps and series.
        variance += 2 * (weight / n_forecasts) ** 2 / n_cosines
    error = math.sqrt(variance)
    width = error * stats.t.ppf((1 + level) / 2, n_cosines)
    bounds = difference - width, difference + width
    p_value = 2 * stats.t.sf(abs(difference) / error, n_cosines)
    # No model with losses of 0 or more can gain more than all.
    gains = (
        min(100, -100 * value / means[baseline]) for value in (difference, bounds[1], bounds[0])
    )
    return [means[model], means[baseline], difference, *bounds, p_value, *gains]


def only(result, name="LSTM"):
    return result.loc[name]


CASES = [
    ({}, 1),
    ({"labels": "hours of a zone", "horizon": 4}, 4),
    ({"labels": "days of business", "horizon": 2}, 2),
    ({"labels": "months", "horizon": 3, "gap": 2}, 5),
    ({"labels": "lengths of time", "rivers": ("Rhein", "Main")}, 1),
    ({"labels": "numbers", "rivers": ("Rhein", "Main"), "horizon": 4}, 4),
    ({"labels": "dates of Python", "n_origins": 125, "horizon": 6, "n_folds": 1}, 6),
]


@pytest.mark.parametrize(("params", "overlap"), CASES)
@pytest.mark.parametrize("level", [0.95, 0.5])
def test_a_comparison_is_that_of_the_formula(params, overlap, level):
    frame = backtested(**params)
    row = only(compare_forecasts(frame, "ridge", confidence_level=level))
    assert list(row.index) == [*NUMBERS, "verdict"]
    expected = by_hand(frame, "LSTM", "ridge", overlap, level=level)
    assert_allclose(row[NUMBERS].to_numpy(float), expected, rtol=1e-9)


@settings(unhurried, max_examples=25)
@given(st.data(), st.integers(0, 2**32 - 1))
def test_a_panel_with_rows_left_out_is_that_of_the_formula(data, seed):
    """Series of unequal length, and a weight for every forecast."""
    horizon = data.draw(st.integers(1, 3))
    frame = backtested(40, horizon, rivers=("Rhein", "Main", "Neckar"), seed=seed)
    share = data.draw(st.floats(0.5, 1))
    keys = frame.groupby(["origin", "river"]).ngroup()
    kept = frame[np.random.default_rng(seed).random(keys.max() + 1)[keys] < share]
    n_origins = kept["origin"].nunique()
    overlap = max(
        (kept["origin"].drop_duplicates().between(origin, last, inclusive="left")).sum()
        for origin, last in kept.groupby("origin")["time"].max().items()
    )
    assert n_origins >= fewest_origins(overlap)
    row = only(compare_forecasts(kept, "ridge"))
    expected = by_hand(kept, "LSTM", "ridge", overlap)
    assert_allclose(row[NUMBERS].to_numpy(float), expected, rtol=1e-8)


def test_the_losses_are_those_of_scikit_learn():
    frame = backtested(horizon=3, rivers=("Rhein", "Main"))
    for loss, metric in [
        ("squared_error", mean_squared_error),
        ("absolute_error", mean_absolute_error),
        (lambda truth, forecast: abs(truth - forecast), mean_absolute_error),
    ]:
        row = only(compare_forecasts(frame, "ridge", loss=loss))
        for column, model in [("loss", "LSTM"), ("baseline_loss", "ridge")]:
            of_model = frame[frame["model"] == model]
            assert row[column] == pytest.approx(metric(of_model["truth"], of_model["forecast"]))


def test_a_loss_gets_the_truth_first():
    frame = backtested().assign(truth=1.0, forecast=3.0)
    row = only(
        compare_forecasts(frame, "ridge", loss=lambda truth, forecast: 10 * truth + forecast)
    )
    assert row["loss"] == 13


def ar_errors(random, draws, n_rows, rho, shared):
    """Errors (2, draws, n_rows) of two equally good models, which may err alike."""
    own = random.normal(size=(2, draws, n_rows + 100))
    both = random.normal(size=(draws, n_rows + 100))
    noise = np.sqrt(1 - shared) * own + np.sqrt(shared) * both
    return lfilter([np.sqrt(1 - rho**2)], [1, -rho], noise)[..., 100:]


def p_values(errors, n_origins, horizon, loss):
    """p-values of all draws; what comes true at one time is in error by the same, at any step."""
    differences = loss(errors[0]) - loss(errors[1])
    windows = np.lib.stride_tricks.sliding_window_view(differences, horizon, axis=1)
    means = windows[:, :n_origins].mean(axis=2)
    origins = np.arange(n_origins)
    return np.array([mean_difference(draw, origins, horizon, 0.95).p_value for draw in means])


@pytest.mark.parametrize("loss", [np.square, np.abs])
@pytest.mark.parametrize(
    ("n_origins", "horizon", "rho", "shared"),
    [
        (16, 1, 0.0, 0.7),
        (30, 1, 0.8, 0.0),
        (60, 1, 0.5, 0.7),
        (60, 12, 0.3, 0.0),
        (100, 4, 0.5, 0.0),
        (100, 24, 0.5, 0.7),
        (200, 1, 0.8, 0.0),
        (365, 7, 0.8, 0.7),
        (729, 1, 0.3, 0.0),
        (729, 24, 0.8, 0.0),
    ],
)
def test_the_verdict_holds_its_level(n_origins, horizon, rho, shared, loss):
    random = np.random.default_rng(17)
    errors = ar_errors(random, 500, n_origins + horizon - 1, rho, shared)
    share = (p_values(errors, n_origins, horizon, loss) < 0.05).mean()
    assert 0.03 <= share <= 0.08


def test_the_verdict_finds_what_is_there():
    errors = ar_errors(np.random.default_rng(0), 500, 200, 0.3, 0.0)
    errors[1] *= 0.7
    assert (p_values(errors, 200, 1, np.square) < 0.05).mean() > 0.9
    assert (p_values(errors, 200, 1, np.abs) < 0.05).mean() > 0.9


def test_the_verdict_holds_its_level_from_a_frame_to_a_sentence():
    """Draws are targets of one frame, with four steps ahead."""
    draws, n_origins, horizon = 500, 60, 4
    errors = ar_errors(np.random.default_rng(3), draws, n_origins + horizon - 1, 0.5, 0.3)
    model, target, origin, step = np.indices((2, draws, n_origins, horizon)).reshape(4, -1)
    frame = pd.DataFrame(
        {
            "model": np.array(["ridge", "LSTM"])[model],
            "fold": 0,
            "origin": origin,
            "target": target,
            "step": step + 1,
            "time": origin + step + 1,
            "truth": 0.0,
            "forecast": errors[model, target, origin + step],
        }
    )
    verdicts = compare_forecasts(frame, "ridge")["verdict"]
    assert len(verdicts) == draws
    wrong = verdicts.str.contains("better than|worse than") & ~verdicts.str.contains("no better")
    assert 0.03 <= wrong.mean() <= 0.08


@settings(unhurried, max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.01, 100),
    st.floats(-100, 100),
    st.sampled_from([("squared_error", 2), ("absolute_error", 1)]),
)
def test_units_do_not_matter(seed, scale, shift, loss):
    name, power = loss
    frame = backtested(30, 2, seed=seed)
    other = frame.assign(
        truth=scale * frame["truth"] + shift, forecast=scale * frame["forecast"] + shift
    )
    before = only(compare_forecasts(frame, "ridge", loss=name))
    after = only(compare_forecasts(other, "ridge", loss=name))
    with_units = ["loss", "baseline_loss", "difference", "lower", "upper"]
    without = ["p_value", "improvement", "improvement_lower", "improvement_upper"]
    expected = before[with_units].to_numpy(float) * scale**power
    size = {"rtol": 1e-6, "atol": 1e-6 * before["loss"]}
    assert_allclose(
        after[with_units].to_numpy(float) / scale**power, expected / scale**power, **size
    )
    assert_allclose(after[without].to_numpy(float), before[without].to_numpy(float), atol=1e-5)


@settings(unhurried, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(seed):
    frame = backtested(30, 2, rivers=("Rhein", "Main"), errors={"ridge": 1, "LSTM": 0.8, "GRU": 2})
    shuffled = frame.sample(frac=1, random_state=seed)
    expected = compare_forecasts(frame, "ridge")
    assert_frame_equal(compare_forecasts(shuffled, "ridge").loc[expected.index], expected)


def test_the_frame_is_not_changed():
    frame = backtested(horizon=2)
    before = frame.copy()
    compare_forecasts(frame, "ridge")
    assert_frame_equal(frame, before)


def test_models_come_in_order_of_appearance():
    frame = backtested(errors={"GRU": 1, "ridge": 1, "LSTM": 0.8})
    result = compare_forecasts(frame, "ridge")
    assert list(result.index) == ["GRU", "LSTM"]
    assert result.index.name == "model"
    assert (result["baseline_loss"] == result["baseline_loss"].iloc[0]).all()


def test_a_comparison_the_other_way_has_the_other_sign():
    frame = backtested(horizon=3)
    there = only(compare_forecasts(frame, "ridge"))
    back = only(compare_forecasts(frame, "LSTM"), "ridge")
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["lower"] == pytest.approx(-back["upper"])
    assert there["p_value"] == pytest.approx(back["p_value"])


def test_targets_are_compared_one_by_one():
    rain, flow = backtested(seed=1), backtested(seed=2)
    frame = pd.concat([rain.assign(target="rain"), flow.assign(target="flow")])
    result = compare_forecasts(frame, "ridge")
    assert result.index.names == ["model", "target"]
    assert list(result.index) == [("LSTM", "rain"), ("LSTM", "flow")]
    for target, part in [("rain", rain), ("flow", flow)]:
        alone = only(compare_forecasts(part, "ridge"))
        assert_allclose(
            result.loc[("LSTM", target), NUMBERS].to_numpy(float), alone[NUMBERS].to_numpy(float)
        )
        assert result.loc[("LSTM", target), "verdict"] == f"{target}: {alone['verdict']}"


def test_categories_are_names():
    frame = backtested(rivers=("Rhein", "Main"))
    as_categories = frame.astype({"model": "category", "river": "category"})
    result = compare_forecasts(as_categories, "ridge")
    assert_frame_equal(result, compare_forecasts(frame, "ridge"), check_index_type=False)


def test_columns_that_a_user_adds_are_not_read():
    frame = backtested(horizon=2)
    with_more = frame.assign(q0_9=np.arange(len(frame)), note=None)
    assert_frame_equal(compare_forecasts(with_more, "ridge"), compare_forecasts(frame, "ridge"))


@pytest.mark.parametrize("name", [None, np.nan, 3])
def test_a_series_may_have_any_name(name):
    frame = backtested(horizon=2, rivers=("Rhein", "Main"))
    other = frame.assign(river=[name if river == "Main" else river for river in frame["river"]])
    assert_frame_equal(compare_forecasts(other, "ridge"), compare_forecasts(frame, "ridge"))


def test_an_origin_of_two_folds_counts_once():
    """Test folds may overlap: the second fold forecasts the same origins once more."""
    frame = backtested(n_folds=1)
    again = pd.concat([frame, frame.assign(fold=1)])
    once, twice = (only(compare_forecasts(each, "ridge")) for each in (frame, again))
    assert_allclose(twice[NUMBERS].to_numpy(float), once[NUMBERS].to_numpy(float))
    assert "these 120 rows" in only(compare_forecasts(again.assign(forecast=0), "ridge"))["verdict"]


# How far forecasts overlap


def result_with_overlap(frame, overlap):
    row = only(compare_forecasts(frame, "ridge"))
    expected = by_hand(frame, "LSTM", "ridge", overlap)
    assert_allclose(row[NUMBERS].to_numpy(float), expected, rtol=1e-9)


def test_forecasts_of_whole_days_do_not_overlap():
    """Every midnight, the next 24 hours are forecast."""
    frame = backtested(24 * 20, 24, labels="hours of a zone")
    midnights = frame["origin"].drop_duplicates().iloc[::24]
    result_with_overlap(frame[frame["origin"].isin(midnights)], 1)


def test_forecasts_do_not_overlap_across_holes_between_folds():
    frame = backtested(90, 3)
    outside = frame["origin"].rank(method="dense") % 30 > 10
    result_with_overlap(frame[~outside], 3)


# Verdicts


def verdict(frame, **params):
    return only(compare_forecasts(frame, "ridge", **params))["verdict"]


def test_a_better_model_is_called_so():
    frame = backtested(200, errors={"ridge": 1.0, "LSTM": 0.5})
    row = only(compare_forecasts(frame, "ridge"))
    gain, low, high = (
        f"{row[name]:.1f}" for name in ("improvement", "improvement_lower", "improvement_upper")
    )
    expected = f"LSTM is better than ridge by {gain} % ({low} to {high}) in mean squared error"
    assert row["verdict"] == expected
    assert 0 < float(low) < float(gain) < float(high)


def test_a_worse_model_is_called_so_in_positive_numbers():
    frame = backtested(200, errors={"ridge": 1.0, "LSTM": 2.0})
    row = only(compare_forecasts(frame, "ridge", loss="absolute_error"))
    loss, low, high = (
        f"{-row[name]:.1f}" for name in ("improvement", "improvement_upper", "improvement_lower")
    )
    expected = f"LSTM is worse than ridge by {loss} % ({low} to {high}) in mean absolute error"
    assert row["verdict"] == expected
    assert 0 < float(low) < float(loss) < float(high)


def test_a_loss_without_a_name_is_a_mean_loss():
    frame = backtested(200, errors={"ridge": 1.0, "LSTM": 0.5})
    assert verdict(frame, loss=lambda truth, forecast: abs(truth - forecast)).endswith(
        "in mean loss"
    )


def test_a_model_that_may_be_better_is_no_better():
    frame = backtested(60, 2, rivers=("Rhein", "Main"), errors={"ridge": 1.0, "LSTM": 0.99})
    row = only(compare_forecasts(frame, "ridge"))
    assert row["verdict"] == "LSTM is no better than ridge on these 120 rows; ridge is simpler"
    assert row["lower"] < 0 < row["upper"]
    assert row["p_value"] > 0.05


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.99, 0.999])
def test_the_verdict_follows_the_p_value(level):
    for seed in range(20):
        row = only(compare_forecasts(backtested(40, seed=seed), "ridge", confidence_level=level))
        assert ("no better" in row["verdict"]) == (row["p_value"] > 1 - level)


def test_small_shares_are_not_called_nothing():
    frame = backtested(60).assign(truth=0.0)
    frame["forecast"] = np.where(frame["model"] == "ridge", 1.0, np.sqrt(1 - 1e-5))
    assert verdict(frame) == (
        "LSTM is better than ridge by 0.001 % (0.001 to 0.001) in mean squared error"
    )


def test_a_model_that_forecasts_the_same_is_no_better():
    frame = backtested(errors={"ridge": 1.0, "LSTM": 1.0}).sort_values(["origin", "model"])
    frame["forecast"] = frame.groupby("origin")["forecast"].transform("first")
    row = only(compare_forecasts(frame, "ridge"))
    assert row["verdict"] == "LSTM is no better than ridge on these 60 rows; ridge is simpler"
    assert row["p_value"] == 1
    bounds = ["difference", "lower", "upper", "improvement", "improvement_lower"]
    assert [str(row[name]) for name in bounds] == ["0.0"] * 5


def test_a_difference_that_is_always_the_same_is_certain():
    frame = backtested().assign(truth=0.0)
    frame["forecast"] = np.where(frame["model"] == "ridge", 2.0, 1.0)
    row = only(compare_forecasts(frame, "ridge"))
    assert (row["difference"], row["lower"], row["upper"], row["p_value"]) == (-3, -3, -3, 0)
    expected = "LSTM is better than ridge by 75.0 % (75.0 to 75.0) in mean squared error"
    assert row["verdict"] == expected


def test_a_baseline_without_errors_has_no_share_to_gain():
    frame = backtested()
    frame["forecast"] = frame["forecast"].where(frame["model"] == "LSTM", frame["truth"])
    row = only(compare_forecasts(frame, "ridge"))
    assert row[["improvement", "improvement_lower", "improvement_upper"]].isna().all()
    expected = f"LSTM is worse than ridge: a mean squared error of {row['loss']:.3g} against 0"
    assert row["verdict"] == expected
    perfect = only(compare_forecasts(frame.assign(forecast=frame["truth"]), "ridge"))
    assert perfect["p_value"] == 1
    assert "no better" in perfect["verdict"]


def test_no_model_gains_more_than_all():
    """The interval is symmetric, and would pass 100 %."""
    frame = backtested(16, errors={"ridge": 1.0, "LSTM": 0.1})
    row = only(compare_forecasts(frame, "ridge"))
    assert -100 * row["lower"] / row["baseline_loss"] > 100
    assert row["improvement_upper"] == 100
    assert re.search(r" to 100\.0\) in mean squared error$", row["verdict"])
    lower = only(compare_forecasts(frame, "ridge", loss=lambda y, f: (y - f) ** 2 - 0.1))
    bound = -100 * lower["lower"] / lower["baseline_loss"]
    assert lower["improvement_upper"] == pytest.approx(bound)
    assert bound > 100


def test_losses_may_be_negative():
    frame = backtested(200, errors={"ridge": 1.0, "LSTM": 0.1})
    assert re.fullmatch(
        r"LSTM is better than ridge: a mean loss of -9\.\d+ against -9\.\d+",
        verdict(frame, loss=lambda truth, forecast: abs(truth - forecast) - 10),
    )


@pytest.mark.parametrize(
    ("n_origins", "horizon", "expected"),
    [
        (15, 1, "15 origins are too few to compare LSTM with ridge; 16 are needed"),
        (16, 1, None),
        (15, 4, "15 origins are too few to compare LSTM with ridge; 16 are needed"),
        (
            47,
            12,
            "47 origins are too few to compare LSTM with ridge; 48 are needed, because 12 in a row "
            "overlap",
        ),
        (48, 12, None),
    ],
)
def test_too_few_origins_are_not_tested(n_origins, horizon, expected):
    row = only(compare_forecasts(backtested(n_origins, horizon), "ridge"))
    untested = ["lower", "upper", "p_value", "improvement_lower", "improvement_upper"]
    assert row[untested].isna().all() == (expected is not None)
    assert row[["loss", "baseline_loss", "difference", "improvement"]].notna().all()
    assert expected in (None, row["verdict"])


# Quantiles and intervals

INTERVALS = ["coverage", "baseline_coverage", "width", "baseline_width"]
FLOATS = st.floats(-1e6, 1e6)


def uncertain(frame, levels=(0.1, 0.5, 0.9), seed=0):
    """A frame with quantiles and intervals, wider for later models."""
    random = np.random.default_rng(seed)
    place = frame["model"].map({name: i for i, name in enumerate(frame["model"].unique())})
    half = 0.3 + place + random.random(len(frame))
    more = {f"q{level:g}": frame["forecast"] + half * (2 * level - 1) for level in levels}
    bounds = {"lower": frame["forecast"] - half, "upper": frame["forecast"] + half}
    return frame.assign(**bounds, coverage=0.8, **more)


@unhurried
@given(st.lists(st.tuples(FLOATS, FLOATS, FLOATS), min_size=1), st.floats(0.01, 0.99))
def test_an_interval_score_is_that_of_the_formula(cases, coverage):
    """Gneiting and Raftery (2007), equation 43."""
    truth, *bounds = np.array(cases).T
    lower, upper = np.sort(bounds, axis=0)
    scores = interval_scores(truth, lower, upper, coverage)
    inside = is_covered(truth, lower, upper)
    alpha = 1 - coverage
    for x, low, high, score, holds in zip(truth, lower, upper, scores, inside, strict=True):
        expected = high - low
        if x < low:
            expected += 2 / alpha * (low - x)
        if x > high:
            expected += 2 / alpha * (x - high)
        assert score == pytest.approx(expected)
        assert holds == (low <= x <= high)


@unhurried
@given(
    st.lists(st.tuples(FLOATS, FLOATS, FLOATS), min_size=1),
    st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
)
def test_a_pinball_loss_is_that_of_the_formula(cases, levels):
    truth, *quantiles = np.array(cases).T
    losses = pinball_losses(truth, np.column_stack(quantiles), np.array(levels))
    for row, loss in zip(cases, losses, strict=True):
        expected = 0
        for level, quantile in zip(levels, row[1:], strict=True):
            above = row[0] >= quantile
            expected += (level if above else 1 - level) * abs(row[0] - quantile) / len(levels)
        assert loss == pytest.approx(expected)


@pytest.mark.parametrize("missing", range(3))
def test_what_is_not_known_is_not_covered_nor_uncovered(missing):
    values = [np.array([1.0]), np.array([0.0]), np.array([2.0])]
    values[missing][0] = np.nan
    assert np.isnan(is_covered(*values)).all()


def test_an_interval_without_an_end_holds_every_truth():
    truth, lower, upper = np.array([[1.0, -np.inf, np.inf], [1.0, -np.inf, 0.0]]).T
    assert is_covered(truth, lower, upper).tolist() == [1, 0]
    frame = uncertain(backtested()).assign(lower=-np.inf)
    row = only(compare_forecasts(frame.assign(upper=np.inf), "ridge"))
    assert row[INTERVALS].tolist() == [1, 1, np.inf, np.inf]


def with_losses(frame, loss):
    """A frame whose squared errors are the given losses."""
    return frame.assign(truth=0.0, forecast=np.sqrt(loss))


@pytest.mark.parametrize("rivers", [(), ("Rhein", "Main")])
def test_a_comparison_of_quantiles_is_that_of_their_losses(rivers):
    frame = uncertain(backtested(60, 3, rivers=rivers))
    row = only(compare_forecasts(frame, "ridge", loss="pinball_loss"))
    loss = sum(
        np.where(error >= 0, level * error, (level - 1) * error) / 3
        for level, error in ((q, frame["truth"] - frame[f"q{q}"]) for q in (0.1, 0.5, 0.9))
    )
    expected = by_hand(with_losses(frame, loss), "LSTM", "ridge", 3)
    assert_allclose(row[NUMBERS].to_numpy(float), expected, rtol=1e-9)
    for column, model in [("loss", "LSTM"), ("baseline_loss", "ridge")]:
        rows = frame[frame["model"] == model]
        metric = [mean_pinball_loss(rows["truth"], rows[f"q{q}"], alpha=q) for q in (0.1, 0.5, 0.9)]
        assert row[column] == pytest.approx(np.mean(metric))


@pytest.mark.parametrize("rivers", [(), ("Rhein", "Main")])
def test_a_comparison_of_intervals_is_that_of_their_scores(rivers):
    frame = uncertain(backtested(60, 3, rivers=rivers))
    row = only(compare_forecasts(frame, "ridge", loss="interval_score"))
    scores = []
    for each in frame.itertuples():
        score = each.upper - each.lower
        score += 2 / 0.2 * max(each.lower - each.truth, each.truth - each.upper, 0)
        scores.append(score)
    expected = by_hand(with_losses(frame, scores), "LSTM", "ridge", 3)
    assert_allclose(row[NUMBERS].to_numpy(float), expected, rtol=1e-9)


@settings(unhurried, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["squared_error", "interval_score"]))
def test_coverage_and_width_are_those_of_a_loop(seed, loss):
    rain = uncertain(backtested(20, 2, rivers=("Rhein", "Main"), seed=seed), seed=seed)
    flow = rain.assign(truth=-rain["truth"])
    frame = pd.concat([rain.assign(target="rain"), flow.assign(target="flow")])
    result = compare_forecasts(frame, "ridge", loss=loss)
    assert list(result.columns) == [*NUMBERS, *INTERVALS, "verdict"]
    for target in ("rain", "flow"):
        expected = []
        for model in ("LSTM", "ridge"):
            inside, widths = [], []
            for each in frame[frame["target"] == target].itertuples():
                if each.model == model:
                    inside.append(each.lower <= each.truth <= each.upper)
                    widths.append(each.upper - each.lower)
            expected.append((sum(inside) / len(inside), sum(widths) / len(widths)))
        (coverage, width), (baseline_coverage, baseline_width) = expected
        assert_allclose(
            result.loc[("LSTM", target), INTERVALS].to_numpy(float),
            [coverage, baseline_coverage, width, baseline_width],
        )


def test_intervals_do_not_change_a_comparison_of_forecasts():
    frame = backtested(60, 2)
    expected = compare_forecasts(frame, "ridge")
    result = compare_forecasts(uncertain(frame), "ridge")
    assert_frame_equal(result.drop(columns=INTERVALS), expected)
    before = list(expected.columns)
    assert list(result.columns) == [*before[:-1], *INTERVALS, "verdict"]


def test_a_model_without_an_interval_has_no_coverage():
    frame = uncertain(backtested(errors={"ridge": 1.0, "LSTM": 0.8, "GRU": 2.0}))
    frame = frame.astype({"upper": "Float64"})
    frame.loc[frame["model"] == "ridge", ["lower", "upper", "coverage"]] = None
    result = compare_forecasts(frame, "ridge")
    assert result[["baseline_coverage", "baseline_width"]].isna().all(axis=None)
    assert result[["coverage", "width"]].notna().all(axis=None)
    back = compare_forecasts(frame, "LSTM")
    assert back.loc["ridge", ["coverage", "width"]].isna().all()
    assert back.loc["GRU", INTERVALS].notna().all()


def test_models_of_any_name_have_intervals():
    frame = uncertain(backtested())
    other = frame.assign(model=frame["model"].map({"ridge": 1, "LSTM": 2}))
    categories = frame.astype({"model": "category"})
    expected = only(compare_forecasts(frame, "ridge"))[INTERVALS].tolist()
    for row in (compare_forecasts(other, 1).loc[2], only(compare_forecasts(categories, "ridge"))):
        assert row[INTERVALS].tolist() == pytest.approx(expected)


def test_a_verdict_names_the_loss_of_quantiles_and_intervals():
    frame = backtested(200, errors={"ridge": 3.0, "LSTM": 0.1})
    frame = uncertain(frame).assign(lower=lambda f: f["forecast"] - 1)
    frame["upper"] = frame["forecast"] + 1
    assert verdict(frame, loss="pinball_loss").endswith(" in mean pinball loss")
    assert verdict(frame, loss="interval_score").endswith(" in mean interval score")


def lacking(frame, columns, *models):
    changed = frame.copy()
    changed.loc[frame["model"].isin(models), columns] = np.nan
    return changed


SURE = uncertain(backtested(60, errors={"ridge": 1.0, "LSTM": 0.8, "GRU": 2.0}))
Q = ["q0.1", "q0.5", "q0.9"]
BOUNDS = ["lower", "upper", "coverage"]
NO_QUANTILES = "loss='pinball_loss' needs the quantiles of every model, but frame has none of "
NO_INTERVAL = "loss='interval_score' needs the interval of every model, but frame has none of "


@pytest.mark.parametrize(
    ("loss", "frame", "message"),
    [
        (
            "pinball_loss",
            SURE.drop(columns=Q),
            f"{NO_QUANTILES}'ridge', 'LSTM', 'GRU'. Use another loss, or backtest models such as "
            "LSTMRegressor(quantiles=(0.05, 0.5, 0.95)).",
        ),
        (
            "pinball_loss",
            lacking(SURE, Q, "ridge"),
            f"{NO_QUANTILES}'ridge'. Use another loss, or leave models out by "
            "frame[frame['model'] != 'ridge'].",
        ),
        (
            "pinball_loss",
            lacking(SURE, Q, "GRU", "LSTM"),
            f"{NO_QUANTILES}'LSTM', 'GRU'. Use another loss, or leave models out by "
            "frame[~frame['model'].isin(['LSTM', 'GRU'])].",
        ),
        (
            "pinball_loss",
            lacking(lacking(SURE, "q0.1", "LSTM"), "q0.9", "GRU"),
            "'ridge' has the quantile 'q0.1', which 'LSTM' has not, but pinball_loss compares the "
            "same quantiles of all models. Leave quantiles out by "
            "frame.drop(columns=['q0.1', 'q0.9']).",
        ),
        (
            "pinball_loss",
            lacking(lacking(SURE[["q0.1", "q0.5", *SURE.columns[:7]]], "q0.1", "LSTM"), "q0.5",
                    "ridge", "GRU"),
            "'ridge' has the quantile 'q0.1', which 'LSTM' has not, but pinball_loss compares the "
            "same quantiles of all models. They have none in common: backtest the models with the "
            "same levels.",
        ),
        (
            "pinball_loss",
            SURE.assign(**{"q0.5": SURE["q0.5"].where(SURE.index % 60 > 1)}),
            "Column 'q0.5' of frame is NaN in 6 of 180 rows, of the models 'ridge', 'LSTM', 'GRU'. "
            "Leave out these times for all models.",
        ),
        (
            "interval_score",
            SURE.drop(columns=BOUNDS),
            f"{NO_INTERVAL}'ridge', 'LSTM', 'GRU'. Use another loss, or backtest models such as "
            "ConformalRegressor(estimator, coverage=0.9).",
        ),
        (
            "interval_score",
            lacking(SURE, BOUNDS, "ridge"),
            f"{NO_INTERVAL}'ridge'. Use another loss, or leave models out by "
            "frame[frame['model'] != 'ridge'].",
        ),
        (
            "interval_score",
            SURE.drop(columns="coverage"),
            "frame has no column 'coverage', but loss='interval_score' needs 'lower', 'upper', "
            "'coverage'. Pass the DataFrame that backtest returns, with all of its columns.",
        ),
        (
            "interval_score",
            lacking(SURE, "upper", "ridge"),
            "Column 'upper' of frame is NaN in 60 of 180 rows, of the models 'ridge'. Leave out "
            "these times for all models.",
        ),
        (
            "interval_score",
            SURE.assign(coverage=90),
            "Column 'coverage' of frame is 90 in 180 of 180 rows, but must be the share of truths "
            "that the interval promises to hold, between 0 and 1.",
        ),
        *(
            (
                "interval_score",
                SURE.assign(coverage=SURE["coverage"].mask(SURE.index == 70, share)),
                f"Column 'coverage' of frame is {share} in 1 of 180 rows, but must be the share of "
                "truths that the interval promises to hold, between 0 and 1.",
            )
            for share in (0, 1)
        ),
        (
            "interval_score",
            SURE.assign(coverage=SURE["coverage"].mask(SURE.index == 0, 0.7)),
            "The intervals of 'ridge' promise a coverage of 0.7, those of 'ridge' 0.8, but only "
            "intervals of the same coverage have scores that can be compared. Backtest the models "
            "with the same coverage.",
        ),
        (
            "interval_score",
            SURE.assign(coverage=SURE["coverage"].mask(SURE["model"] == "GRU", 0.5)),
            "The intervals of 'ridge' promise a coverage of 0.8, those of 'GRU' 0.5, but only "
            "intervals of the same coverage have scores that can be compared. Backtest the models "
            "with the same coverage.",
        ),
        (
            "interval_score",
            SURE.assign(upper=SURE["upper"].mask(SURE.index == 70, -99)),
            "Column 'lower' of frame is above 'upper' in 1 of 180 rows, of the models 'LSTM'. "
            "Correct what these models predict as their interval.",
        ),
    ],
    ids=lambda case: case if isinstance(case, str) and " " not in case else "",
)  # fmt: skip
def test_quantiles_and_intervals_that_cannot_be_compared(loss, frame, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        compare_forecasts(frame, "ridge", loss=loss)


@pytest.mark.parametrize(("loss", "column"), [("pinball_loss", "q0.5"), ("squared_error", "lower")])
def test_bounds_that_are_text_are_refused(loss, column):
    message = f"Column {column!r} of frame has dtype"
    with pytest.raises(TypeError, match=re.escape(message)):
        compare_forecasts(SURE.assign(**{column: "low"}), "ridge", loss=loss)


@pytest.mark.parametrize("loss", ["pinball_loss", "interval_score"])
def test_the_truth_of_quantiles_and_intervals_must_be_known(loss):
    message = "The loss is NaN or infinite in 180 of 180 rows"
    with pytest.raises(ValueError, match=re.escape(message)):
        compare_forecasts(SURE.assign(truth=np.nan), "ridge", loss=loss)


# Errors


def without(frame, rows, model="LSTM"):
    return frame.drop(frame.index[frame["model"] == model][:rows])


def with_nan(frame, name, rows, value=np.nan):
    changed = frame.copy()
    changed.loc[frame.index[frame["model"] == "LSTM"][:rows], name] = value
    return changed


WRONG = [
    (
        lambda frame: [1, 2],
        TypeError,
        "frame is of type list, but must be the pandas DataFrame that backtest returns.",
    ),
    (lambda frame: frame[:0], ValueError, "frame has 0 rows, but must have 1 or more."),
    (
        lambda frame: frame.drop(columns=["truth", "model"]),
        ValueError,
        "frame has no column 'model', 'truth'; it has 'fold', 'origin', 'step', 'time', 'forecast'",
    ),
    (
        lambda frame: with_nan(frame, "model", 2, None),
        ValueError,
        "Column 'model' of frame is missing in 2 of 240 rows. Leave them out by "
        "frame.dropna(subset='model').",
    ),
    (
        lambda frame: with_nan(frame, "origin", 3, pd.NaT),
        ValueError,
        "Column 'origin' of frame is missing in 3 of 240 rows.",
    ),
    (
        lambda frame: with_nan(frame.assign(target="rain"), "target", 1, None),
        ValueError,
        "Column 'target' of frame is missing in 1 of 240 rows.",
    ),
    (
        lambda frame: frame.assign(origin=frame["origin"].astype("category")),
        TypeError,
        "Columns 'origin' and 'time' of frame have dtypes category and datetime64",
    ),
    (
        lambda frame: frame.assign(origin=frame["origin"].astype(str)),
        TypeError,
        ", which cannot be compared. Convert dates by pd.to_datetime.",
    ),
    (
        lambda frame: frame.assign(time=1),
        TypeError,
        "Columns 'origin' and 'time' of frame have dtypes datetime64",
    ),
    (
        lambda frame: frame[frame["model"] == "ridge"],
        ValueError,
        "frame has one model only, 'ridge', and nothing to compare it with. Pass several to "
        "backtest: {'ridge': …, 'LSTM': …}.",
    ),
    (
        lambda frame: with_nan(frame, "forecast", 2),
        ValueError,
        "The loss is NaN or infinite in 2 of 240 rows, of the models 'LSTM'. If truth or forecast "
        "is NaN, leave out these times for all models.",
    ),
    (
        lambda frame: with_nan(frame.astype({"forecast": "Float64"}), "forecast", 2, pd.NA),
        ValueError,
        "The loss is NaN or infinite in 2 of 240 rows, of the models 'LSTM'.",
    ),
    (
        lambda frame: frame.assign(truth=np.inf),
        ValueError,
        "The loss is NaN or infinite in 240 of 240 rows, of the models 'ridge', 'LSTM'.",
    ),
    (
        lambda frame: frame.assign(forecast="rain"),
        TypeError,
        "Column 'forecast' of frame has dtype",
    ),
    (
        lambda frame: frame.assign(forecast=1e200),
        ValueError,
        "The loss is NaN or infinite in 240 of 240 rows",
    ),
    (
        lambda frame: without(frame, 2),
        ValueError,
        "'LSTM' lacks 2 of the 120 forecasts that other models have, by 'fold', 'origin', 'step', "
        "'time'. Pass all models to one backtest, or leave these rows out for every model.",
    ),
    (
        lambda frame: without(frame, 5, "ridge"),
        ValueError,
        "'ridge' lacks 5 of the 120 forecasts",
    ),
    (
        lambda frame: pd.concat([frame, frame[-2:]]),
        ValueError,
        "2 rows of frame are copies: an earlier row of the same model has the same 'fold', "
        "'origin', 'step', 'time'. Leave them out. Columns that name the series must be left of "
        "'step'.",
    ),
    (
        lambda frame: pd.concat([frame.assign(river=river) for river in ("Rhein", "Main")]),
        ValueError,
        "240 rows of frame are copies",
    ),
    (
        lambda frame: with_nan(frame, "truth", 4, 99.0),
        ValueError,
        "The models have different truths in 4 of 120 forecasts, but must forecast the same values",
    ),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG)
def test_a_wrong_frame_is_refused(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        compare_forecasts(change(backtested(60, 2)), "ridge")


def test_an_unknown_baseline_is_refused():
    expected = "baseline 'rigde' is not in frame, which has 'ridge', 'LSTM'. Did you mean 'ridge'?"
    with pytest.raises(ValueError, match=re.escape(expected)):
        compare_forecasts(backtested(), "rigde")


def test_a_loss_of_another_shape_is_refused():
    expected = (
        "loss returned an array of shape (), but must return a value for each of 120 forecasts"
    )
    with pytest.raises(ValueError, match=re.escape(expected)):
        compare_forecasts(backtested(), "ridge", loss=lambda truth, forecast: 1.0)


@pytest.mark.parametrize(
    "params", [{"loss": "mse"}, {"confidence_level": 95}, {"confidence_level": True}]
)
def test_parameters_are_checked(params):
    name = next(iter(params))
    with pytest.raises(ValueError, match=f"The '{name}' parameter of compare_forecasts"):
        compare_forecasts(backtested(), "ridge", **params)


def test_a_truth_in_single_precision_is_the_same():
    frame = backtested()
    rounded = frame["truth"].astype("float32").astype(float)
    frame["truth"] = frame["truth"].where(frame["model"] == "ridge", rounded)
    assert only(compare_forecasts(frame, "ridge"))["loss"] > 0


def test_intervals_without_a_width_have_scores():
    frame = SURE.assign(lower=SURE["forecast"], upper=SURE["forecast"])
    result = compare_forecasts(frame, "ridge", loss="interval_score")
    errors = (frame["truth"] - frame["forecast"]).abs().groupby(frame["model"]).mean()
    assert result["loss"].to_dict() == pytest.approx((10 * errors.drop("ridge")).to_dict())
    assert (result["width"] == 0).all()
