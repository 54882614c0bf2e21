"""`ConformalRegressor`: intervals keep their promise, also when the noise changes."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.utils import shuffle

from skl_lstm import (
    TRUSTED_TYPES,
    ConformalRegressor,
    LSTMRegressor,
    SequenceFlattener,
    SequenceWindower,
    TimeSplit,
    forecast,
    leads,
)

COVERAGES = (0.5, 0.8, 0.9)
PROMISED = np.array(COVERAGES)[:, np.newaxis]  # (coverages, steps ahead)


def ridge(timesteps=24):
    return make_pipeline(SequenceWindower(timesteps), SequenceFlattener(), Ridge())


def share_covered(interval, truth):
    """The share of the truths inside the intervals, by step ahead."""
    return np.mean((interval[..., 0] <= truth) & (truth <= interval[..., 1]), axis=0)


def noisy_series(kind, n_rows, seed):
    """Hourly loads with a daily course and known noise."""
    rng = np.random.default_rng(seed)
    noise, level = rng.normal(size=n_rows), 2 + np.sin(np.arange(n_rows) * 2 * np.pi / 24)
    if kind == "constant":
        load = level + 0.3 * noise
    elif kind == "growing with the level":
        load = level * (1 + 0.2 * noise)
    else:
        load = level + pd.Series(noise).ewm(alpha=0.5, adjust=False).mean().to_numpy()
    return pd.DataFrame({"load": load}, pd.date_range("2000-01-01", periods=n_rows, freq="h"))


DAYS = pd.date_range("2024-01-01", periods=120, name="day")
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(RNG.normal(size=(120, 2)), DAYS, ["load", "heat"])
PANEL = pd.concat({"a": TABLE, "b": 2 * TABLE[20:], "c": TABLE[:90] - 1}, names=["river"])


def supervised(table, horizon=3):
    y = leads(table, "load", horizon=horizon)
    return table.loc[y.index], y


# What the intervals promise.


@pytest.mark.parametrize("kind", ["constant", "growing with the level", "autoregressive"])
def test_every_step_ahead_is_covered_as_promised(kind):
    worst, shares = [], []
    for seed in range(20):
        X, y = supervised(noisy_series(kind, 8012, seed), horizon=12)
        model = ConformalRegressor(ridge(), calibration=0.5).fit(X[:6000], y[:6000])
        held_out = X[6000:], y[6000:].to_numpy()
        assert len(held_out[1]) == 2000
        shares.append(
            [share_covered(model.predict_interval(held_out[0], c), held_out[1]) for c in COVERAGES]
        )
        worst.append(np.abs(np.subtract(shares[-1], PROMISED)).max())
    # One draw of 2,000 rows that overlap differs by chance; their mean does not.
    assert np.median(worst) < 0.03
    assert_allclose(np.mean(shares, axis=0), np.tile(PROMISED, 12), atol=0.015)


def test_after_the_noise_has_doubled_updates_restore_the_coverage_within_200_rows():
    table = noisy_series("constant", 4000, seed=0)
    daily = 2 + np.sin(np.arange(4000) * 2 * np.pi / 24)
    table.loc[table.index[2400:], "load"] += (table["load"] - daily)[2400:]
    X, y = supervised(table, horizon=3)
    model = ConformalRegressor(ridge()).fit(X[:2000], y[:2000])
    fixed = {c: model.predict_interval(X[2000:], c) for c in COVERAGES}
    adapted = {c: [] for c in COVERAGES}
    for start in range(2000, len(X), 12):
        # The targets of the last two rows before these are not known yet.
        known = slice(max(start - 14, 2000), start - 2)
        if start > 2000:
            model.update(X[known], y[known])
        rows = slice(known.stop if start > 2000 else start, start + 12)
        for coverage, intervals in adapted.items():
            issued = model.predict_interval(X[rows], coverage)
            intervals.append(issued[start - rows.start :])
    truth = y[2000:].to_numpy()
    for coverage in COVERAGES:
        before, change, after = (slice(0, 400), slice(400, 600), slice(600, None))
        adapting = np.concatenate(adapted[coverage])
        assert_allclose(share_covered(adapting[before], truth[before]), coverage, atol=0.05)
        assert_allclose(share_covered(adapting[after], truth[after]), coverage, atol=0.03)
        without = share_covered(fixed[coverage][after], truth[after])
        assert (without < coverage - 0.15).all()
        assert (share_covered(adapting[change], truth[change]) > without).all()


class WithQuantiles(RegressorMixin, BaseEstimator):
    """Quantiles around the first column, as wide as the second column times `width`."""

    def __init__(self, width=1.0, levels=(0.05, 0.25, 0.5, 0.75, 0.95)):
        self.width = width
        self.levels = levels

    def fit(self, X, y):
        self.quantiles_ = np.array(self.levels)
        return self

    def predict(self, X, return_quantiles=False):
        X = np.asarray(X)
        quantiles = X[:, :1] + self.width * X[:, 1:] * (self.quantiles_ - 0.5)
        return (X[:, 0], quantiles) if return_quantiles else X[:, 0]


def rows_of_unequal_noise(n_rows):
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.normal(size=n_rows), rng.uniform(0.1, 3, size=n_rows)])
    return X, X[:, 0] + X[:, 1] * rng.uniform(-1, 1, size=n_rows)


@pytest.mark.parametrize("width", [0.1, 2.0, 30.0])
@pytest.mark.parametrize("coverage", COVERAGES)
def test_quantiles_are_moved_until_the_coverage_is_right(width, coverage):
    X, y = rows_of_unequal_noise(3000)
    model = ConformalRegressor(WithQuantiles(width), coverage=coverage, calibration=0.5)
    interval = model.fit(X[:2000], y[:2000]).predict_interval(X[2000:])
    assert abs(share_covered(interval, y[2000:]) - coverage) < 0.04
    assert (interval[:, 0] <= interval[:, 1]).all()
    assert np.ptp(interval[:, 1] - interval[:, 0]) > 0  # wider where the quantiles are


def test_the_nearest_pair_of_quantiles_is_used():
    X, y = rows_of_unequal_noise(100)
    model = ConformalRegressor(WithQuantiles(2.0)).fit(X, y)
    assert model.conformity_scores_.shape == (20, 1, 2)
    for coverage, reach in ((0.9, 0.45), (0.75, 0.45), (0.6, 0.25), (0.3, 0.25)):
        interval = model.predict_interval(X, coverage)
        half = (interval[:, 1] - interval[:, 0]) / 2
        assert_allclose(half - 2.0 * X[:, 1] * reach, half[0] - 2.0 * X[0, 1] * reach)


def test_quantiles_of_a_transformed_target_are_calibrated():
    X, y = rows_of_unequal_noise(3000)
    model = TransformedTargetRegressor(WithQuantiles(2.0), func=np.arcsinh, inverse_func=np.sinh)
    model = ConformalRegressor(model, coverage=0.8, calibration=0.5).fit(X[:2000], y[:2000])
    interval = model.predict_interval(X[2000:])
    assert abs(share_covered(interval, y[2000:]) - 0.8) < 0.04
    assert np.ptp(interval[:, 1] - interval[:, 0]) > 0


def test_an_interval_that_would_be_turned_around_is_a_point():
    X, y = rows_of_unequal_noise(100)
    model = ConformalRegressor(WithQuantiles(100.0), coverage=0.5).fit(X, 0 * y + X[:, 0])
    interval = model.predict_interval(X)
    assert (interval[:, 0] <= interval[:, 1]).all()
    assert (interval[:, 0] == interval[:, 1]).any()
    assert_allclose(interval.mean(axis=1), X[:, 0])


# Which rows train and which calibrate.


class Recorder(RegressorMixin, BaseEstimator):
    """Remembers what it was fitted on, and predicts zeros."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.weight_ = X, y, sample_weight
        return self

    def predict(self, X):
        return np.zeros(np.shape(self.y_[: len(X)])) if np.ndim(self.y_) > 1 else np.zeros(len(X))


class Zeros(Recorder):
    """Predicts as many zeros as y had columns."""

    def predict(self, X):
        return np.zeros((len(X), *np.shape(self.y_)[1:]))


@pytest.mark.parametrize("table", [TABLE, PANEL], ids=["one series", "panel"])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("calibration", [0.25, 30])
def test_targets_of_training_rows_are_known_before_the_first_calibration_row(
    table, horizon, calibration
):
    X, y = supervised(table, horizon)
    model = ConformalRegressor(Zeros(), calibration=calibration).fit(X, y)
    moments = X.index.unique(level=-1).sort_values()
    size = calibration if calibration > 1 else int(np.ceil(calibration * len(moments)))
    first = moments[-size]
    days, trained = X.index.get_level_values(-1), model.estimator_.X_
    expected = X[days + pd.Timedelta(days=horizon) <= first]
    pd.testing.assert_frame_equal(trained, expected)
    assert_array_equal(model.estimator_.y_, y.loc[expected.index])
    n_outputs = 1 if horizon == 1 else 3
    calibrates = days >= first
    assert model.conformity_scores_.shape == (calibrates.sum(), n_outputs, 1)
    order = np.argsort(days[calibrates], kind="stable")
    truth = y[calibrates].to_numpy().reshape(-1, n_outputs)[order]
    assert_array_equal(model.conformity_scores_[..., 0], np.abs(truth))


def test_rows_of_arrays_are_consecutive():
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20.0)
    model = ConformalRegressor(Zeros(), coverage=0.5, calibration=0.3).fit(X, np.c_[y, y])
    assert_array_equal(model.estimator_.X_, X[:13])  # 6 rows calibrate, one is left out
    assert_array_equal(model.conformity_scores_[:, 0, 0], y[14:])


def scaled_ridge(timesteps):
    return make_pipeline(StandardScaler().set_output(transform="pandas"), *ridge(timesteps))


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("table", [TABLE, PANEL], ids=["one series", "panel"])
@pytest.mark.parametrize(
    "estimator",
    [
        ridge(5),
        scaled_ridge(5),
        GridSearchCV(ridge(5), {"ridge__alpha": [1.0]}, cv=TimeSplit(2, horizon=3)),
        TransformedTargetRegressor(ridge(5), transformer=StandardScaler()),
    ],
    ids=["a pipeline", "behind a scaler", "in a search", "with a transformed target"],
)
def test_the_windows_of_coming_rows_reach_back_to_the_rows_seen(table, refit, estimator):
    X, y = supervised(table)
    is_old = X.index.get_level_values(-1) < DAYS[70]
    model = ConformalRegressor(estimator, coverage=0.5, refit=refit).fit(X[is_old], y[is_old])
    forecasts = pd.Series(list(model.predict(X)), X.index)  # all windows are complete
    by_day = [day for _, day in X[~is_old].groupby(level=-1)]
    for today in range(8):
        # The targets of a day are known three days later. The rows since then are passed again.
        if today >= 3:
            model.update(by_day[today - 3], y.loc[by_day[today - 3].index])
        rows = pd.concat(by_day[max(today - 2, 0) : today + 1])
        expected = np.stack(forecasts[rows.index])
        assert_allclose(model.predict(rows), expected)
        assert_allclose(model.predict_interval(rows).mean(axis=-1), expected)


def test_rows_missing_before_a_window_give_a_warning():
    X, y = supervised(TABLE)
    model = ConformalRegressor(ridge(5)).fit(X[:70], y[:70])
    with pytest.warns(UserWarning, match="1 of 1 windows are padded because"):
        model.predict_interval(X[72:73])


def test_few_rows_are_kept_behind_other_steps_too():
    X, y = supervised(TABLE)
    model = ConformalRegressor(scaled_ridge(5), coverage=0.5).fit(X[:70], y[:70])
    for row in range(70, 100):
        model.update(X[row : row + 1], y[row : row + 1])
    assert len(model.estimator_[1].history_) == 4


def test_the_rows_may_be_in_another_time_zone():
    X, y = (rows.tz_localize("Europe/Berlin") for rows in supervised(TABLE))
    for refit in (False, True):
        model = ConformalRegressor(ridge(5), refit=refit).fit(X[:70], y[:70])
        expected = model.predict(X)
        model.update(X[70:75].tz_convert("UTC"), y[70:75].tz_convert("UTC"))
        for zone in ("UTC", "Europe/Berlin"):
            assert_allclose(model.predict(X[75:].tz_convert(zone)), expected[75:])
            with pytest.raises(ValueError, match="2 of 2 rows of X were seen before"):
                model.update(X[73:75].tz_convert(zone), y[73:75].tz_convert(zone))


def test_columns_may_be_in_another_order_for_an_estimator_that_selects_them():
    X, y = supervised(TABLE)
    select = make_column_transformer(("passthrough", ["load", "heat"]))
    estimator = make_pipeline(select.set_output(transform="pandas"), *ridge(5))
    model = ConformalRegressor(estimator).fit(X[:70], y[:70])
    expected = model.predict(X)
    other = X[["heat", "load"]].assign(more=1.0)
    model.update(other[70:75], y[70:75])
    assert_allclose(model.predict(other[75:]), expected[75:])


def test_a_frozen_estimator_is_not_changed():
    X, y = supervised(TABLE)
    fitted = ridge(5).fit(X[:40], y[:40])
    history = fitted[0].history_
    model = ConformalRegressor(FrozenEstimator(fitted)).fit(X[:90], y[:90])
    model.update(X[90:], y[90:])
    assert fitted[0].history_ is history
    assert model.estimator_.estimator[0].history_.index[-1] == X.index[-1]
    assert_allclose(model.predict(X), fitted.predict(X))


def test_a_refit_learns_from_all_rows_and_keeps_the_widths():
    X, y = supervised(TABLE)
    once, again = (ConformalRegressor(Zeros(), refit=refit).fit(X, y) for refit in (False, True))
    assert len(once.estimator_.X_) < len(again.estimator_.X_) == len(X)
    assert_array_equal(once.conformity_scores_, again.conformity_scores_)


def test_an_update_in_one_call_is_that_of_many():
    X, y = supervised(TABLE)
    model = ConformalRegressor(ridge(3), gamma=0.1).fit(X[:80], y[:80])
    many = clone(model).fit(X[:80], y[:80])
    model.update(X[80:], y[80:])
    for row in range(80, len(X)):
        many.update(X[row : row + 1], y[row : row + 1])
    assert_allclose(model.predict_interval(X), many.predict_interval(X))
    for coverage in (0.3, 0.55, 0.91):
        intervals = [each.predict_interval(X, coverage) for each in (model, many)]
        assert_allclose(*intervals)


def test_a_new_series_can_join_in_an_update():
    X, y = supervised(PANEL)
    known = X.index.get_level_values(0) != "b"
    model = ConformalRegressor(ridge(3)).fit(X[known], y[known])
    model.update(X[~known], y[~known])
    with pytest.raises(ValueError, match="were seen before"):
        model.update(X[~known], y[~known])


# Inside scikit-learn.


def test_a_search_around_it_and_inside_it():
    X, y = supervised(TABLE)
    cv = TimeSplit(2, horizon=3)
    inside = ConformalRegressor(GridSearchCV(ridge(2), {"ridge__alpha": [1.0, 1e3]}, cv=cv))
    assert inside.fit(X, y).estimator_.best_params_ == {"ridge__alpha": 1e3}
    grid = {"estimator__sequencewindower__timesteps": [1, 4], "coverage": [0.5]}
    around = GridSearchCV(ConformalRegressor(ridge(2)), grid, cv=cv).fit(X, y)
    for fitted in (inside, around.best_estimator_):
        assert fitted.predict_interval(X).shape == (len(X), 3, 2)


def test_quantiles_of_a_search_are_used():
    X, y = rows_of_unequal_noise(60)
    search = GridSearchCV(WithQuantiles(), {"width": [1.0, 2.0]}, cv=2)
    model = ConformalRegressor(search, coverage=0.5).fit(X, y)
    assert model.conformity_scores_.shape == (12, 1, 2)
    assert np.ptp(np.diff(model.predict_interval(X))) > 0


def test_a_network_of_quantiles_is_calibrated_by_step():
    X, y = supervised(noisy_series("growing with the level", 700, seed=0), horizon=2)
    lstm = LSTMRegressor(4, quantiles=(0.1, 0.5, 0.9), learning_rate=0.02, epochs=8, random_state=0)
    model = ConformalRegressor(make_pipeline(SequenceWindower(6), lstm), coverage=0.8)
    interval = model.fit(X[:500], y[:500]).predict_interval(X[500:])
    assert interval.shape == (len(X) - 500, 2, 2)
    assert model.conformity_scores_.shape[1:] == (2, 1)
    assert_allclose(share_covered(interval, y[500:].to_numpy()), 0.8, atol=0.1)
    # The width follows the level, because the noise does.
    width = interval[:, 0, 1] - interval[:, 0, 0]
    level = model.predict(X[500:])[:, 0]
    assert width[level > 2.5].mean() > 1.5 * width[level < 1.5].mean()
    point, quantiles = model.predict(X[500:], return_quantiles=True)
    assert_array_equal(point, quantiles[..., 1])


def test_a_refit_that_chooses_other_quantiles_is_refused():
    class OtherQuantiles(WithQuantiles):
        def fit(self, X, y):
            self.quantiles_ = np.array([0.1, 0.9] if len(X) == 100 else [0.2, 0.8])
            return self

    X, y = rows_of_unequal_noise(100)
    message = re.escape(
        "The estimator predicts the quantiles [0.2 0.8] for the training rows, but [0.1 0.9] after "
        "the refit on all rows"
    )
    with pytest.raises(ValueError, match=message):
        ConformalRegressor(OtherQuantiles(), refit=True).fit(X, y)


def test_quantiles_that_cannot_be_read_give_a_warning():
    X, y = rows_of_unequal_noise(100)
    model = ConformalRegressor(VotingRegressor([("one", WithQuantiles())]))
    message = (
        "The intervals have the same width for all rows, because VotingRegressor does not return "
        "the quantiles of the WithQuantiles in it."
    )
    with pytest.warns(UserWarning, match=message):
        model.fit(X, y)


def test_sample_weight_is_cut_to_the_training_rows():
    X, y = supervised(TABLE, horizon=1)
    weight = np.arange(len(X), dtype=float)
    model = ConformalRegressor(Recorder()).fit(X, y, sample_weight=weight)
    assert_array_equal(model.estimator_.weight_, weight[: len(model.estimator_.X_)])
    with config_context(enable_metadata_routing=True):
        routed = ConformalRegressor(Recorder().set_fit_request(sample_weight=True), refit=True)
        routed.fit(X, y, sample_weight=weight)
        assert_array_equal(routed.estimator_.weight_, weight)
        ignored = ConformalRegressor(Recorder().set_fit_request(sample_weight=False))
        with pytest.raises(TypeError, match="sample_weight"):
            ignored.fit(X, y, sample_weight=weight)
        inner = ConformalRegressor(Recorder().set_fit_request(sample_weight=True), coverage=0.5)
        inner.set_score_request(sample_weight=False)
        search = GridSearchCV(inner, {"calibration": [0.2, 0.4]}, cv=TimeSplit(2))
        search.fit(X, y, sample_weight=weight)
        assert_array_equal(
            search.best_estimator_.estimator_.weight_,
            weight[: len(search.best_estimator_.estimator_.X_)],
        )


@pytest.mark.parametrize("save", ["pickle", "skops"])
@pytest.mark.parametrize("refit", [False, True])
def test_a_saved_model_goes_on_where_it_was(save, refit):
    X, y = supervised(PANEL)
    estimator = ridge(4)
    is_old = X.index.get_level_values(-1) < DAYS[70]
    model = ConformalRegressor(estimator, refit=refit).fit(X[is_old], y[is_old])
    if save == "pickle":
        loaded = pickle.loads(pickle.dumps(model))
    else:
        loaded = skops.io.loads(skops.io.dumps(model), trusted=TRUSTED_TYPES)
    later = X[~is_old], y[~is_old]
    assert_array_equal(loaded.predict_interval(later[0]), model.predict_interval(later[0]))
    for each in (model, loaded):
        each.update(*later)
    assert_array_equal(loaded.predict_interval(X, 0.7), model.predict_interval(X, 0.7))
    with pytest.raises(ValueError, match="were seen before"):
        loaded.update(*later)


def test_a_failed_fit_or_update_changes_nothing():
    X, y = supervised(TABLE)
    model = ConformalRegressor(ridge(3)).fit(X[:80], y[:80])
    before = model.predict_interval(X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X[:80], y[:80].where(y[:80] < 1))
    with pytest.raises(ValueError, match="NaN"):
        model.update(X[80:], y[80:].where(y[80:] < 1))
    assert_array_equal(model.predict_interval(X), before)
    model.update(X[80:], y[80:])


# Misuse.


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5, 90, "0.9", True, np.nan])
def test_a_coverage_outside_of_0_and_1_is_refused(coverage):
    X, y = supervised(TABLE)
    with pytest.raises(ValueError, match="coverage"):
        ConformalRegressor(ridge(3), coverage=coverage).fit(X, y)
    model = ConformalRegressor(ridge(3)).fit(X, y)
    message = re.escape(f"coverage={coverage!r} is not above 0 and below 1")
    with pytest.raises(ValueError, match=message):
        model.predict_interval(X, coverage)


def test_too_few_calibration_rows_for_the_coverage_are_refused():
    X, y = supervised(TABLE)
    message = (
        "coverage=0.99 needs 99 calibration rows or more, but calibration=0.2 leaves 24. Use a "
        "larger calibration, more rows, or a coverage of 0.96 or less."
    )
    with pytest.raises(ValueError, match=message):
        ConformalRegressor(ridge(3), coverage=0.99).fit(X, y)
    model = ConformalRegressor(ridge(3), coverage=0.9).fit(X, y)
    with pytest.raises(ValueError, match=message):
        model.predict_interval(X, 0.99)
    assert np.isfinite(model.predict_interval(X, 0.96)).all()
    with pytest.raises(ValueError, match="needs 9 calibration rows or more, but calibration=8 "):
        ConformalRegressor(ridge(3), calibration=8).fit(X, y)


@pytest.mark.parametrize("calibration", [0.99, 117, 116, 1000])
def test_calibration_must_leave_rows_to_train_on(calibration):
    X, y = supervised(TABLE)
    message = re.escape(
        f"calibration={calibration} of 117 time steps (n_samples = 117) leaves no row to train on "
        "whose targets, up to 3 steps ahead, are known before the first calibration row."
    )
    with pytest.raises(ValueError, match=message):
        ConformalRegressor(ridge(3), calibration=calibration).fit(X, y)


def test_shuffled_rows_are_refused():
    X, y = supervised(TABLE, horizon=1)
    mixed = train_test_split(X, y, random_state=0)
    message = r"The rows of X are not in order of time: row \d+ \(2024-.*\) comes after row \d+"
    with pytest.raises(ValueError, match=message):
        ConformalRegressor(ridge(3)).fit(mixed[0], mixed[2])
    panel = shuffle(*supervised(PANEL), random_state=0)
    with pytest.raises(ValueError, match="not in order of time"):
        ConformalRegressor(ridge(3)).fit(*panel)
    model = ConformalRegressor(ridge(3)).fit(X[:80], y[:80])
    with pytest.raises(ValueError, match="not in order of time"):
        model.update(X[:79:-1], y[:79:-1])
    # An array has no labels, but its targets may have.
    with pytest.raises(ValueError, match=r"The rows of y are not in order of time: row 1 "):
        ConformalRegressor(LinearRegression()).fit(X.to_numpy()[::-1], y[::-1])


def test_rows_of_a_panel_may_be_sorted_by_series_or_by_time():
    X, y = supervised(PANEL)
    by_time = X.sort_index(level=-1, kind="stable")
    models = [ConformalRegressor(ridge(3)).fit(rows, y.loc[rows.index]) for rows in (X, by_time)]
    assert_allclose(models[0].predict_interval(X), models[1].predict_interval(X))


def test_rows_that_were_seen_are_refused():
    X, y = supervised(TABLE)
    model = ConformalRegressor(ridge(3)).fit(X[:80], y[:80])
    message = (
        "2 of 7 rows of X were seen before, or are earlier than rows that were; the first is "
        f"{DAYS[78]}. Pass every row once, in order of time: those after {DAYS[79]}."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        model.update(X[78:85], y[78:85])
    model.update(X[90:], y[90:])
    with pytest.raises(ValueError, match="2 of 2 rows of X were seen before"):
        model.update(X[85:87], y[85:87])


def test_rows_of_another_kind_are_refused():
    X, y = supervised(TABLE)
    model = ConformalRegressor(ridge(3)).fit(X, y)
    with pytest.raises(ValueError, match="have no labels, but those of fit had labels"):
        model.update(X.to_numpy(), y.to_numpy())
    with pytest.raises(ValueError, match=r"but in fit it had dates\. Use X\.tz_localize"):
        model.update(
            X.tz_localize("UTC").shift(200, freq="D"), y.tz_localize("UTC").shift(200, freq="D")
        )
    later = X.shift(200, freq="D"), y.shift(200, freq="D")
    with pytest.raises(
        ValueError, match="y has 2 values for each row, and the estimator predicts 3"
    ):
        model.update(later[0], later[1].to_numpy()[:, :2])
    with pytest.raises(ValueError, match="Row 0 has the label"):
        model.update(later[0], y)


def test_an_estimator_that_predicts_other_values_than_y_has_is_refused():
    class OneValue(Recorder):
        def predict(self, X):
            return np.zeros(len(X))

    with pytest.raises(
        ValueError, match="y has 3 values for each row, and the estimator predicts 1"
    ):
        ConformalRegressor(OneValue()).fit(*supervised(TABLE))


def test_it_must_be_fitted_first():
    model = ConformalRegressor(LinearRegression())
    for method in (model.predict, model.predict_interval, lambda X: model.update(X, [1.0])):
        with pytest.raises(NotFittedError):
            method([[1.0]])


def test_targets_with_other_names_than_in_fit_are_refused():
    X, y = supervised(TABLE)
    model = ConformalRegressor(ridge(3)).fit(X[:80], y[:80])
    swapped = y[["h2_load", "h1_load", "h3_load"]][80:]
    with pytest.raises(ValueError, match=re.escape(f"Use y[{list(y)}].")):
        model.update(X[80:], swapped)
    message = "y has the columns 'h1_heat', 'h2_heat', 'h3_heat', but in fit 'h1_load'"
    with pytest.raises(ValueError, match=message):
        model.update(X[80:], leads(TABLE, "heat", horizon=3)[80:])
    model.update(X[80:90], y[80:90].to_numpy())
    with pytest.raises(ValueError, match="means the columns 'h1_heat'"):
        forecast(model, TABLE, target="heat")


def test_classes_are_refused():
    message = "estimator is the classifier Pipeline, but ConformalRegressor needs a regressor"
    with pytest.raises(ValueError, match=message):
        ConformalRegressor(make_pipeline(StandardScaler(), LogisticRegression())).fit(
            [[0.0], [1.0]], [0, 1]
        )
    with pytest.raises(ValueError, match="estimator is the clusterer KMeans"):
        ConformalRegressor(KMeans()).fit([[0.0], [1.0]], [0, 1])


def test_a_missing_truth_is_named():
    X, y = supervised(TABLE, horizon=1)
    with pytest.raises(ValueError, match=r"1 of 119 rows have no target, at the positions 100"):
        ConformalRegressor(ridge(3)).fit(X, y.where(y.index != DAYS[100]))


def test_a_transformer_of_quantiles_is_no_forecaster_of_quantiles():
    X, y = rows_of_unequal_noise(100)
    ConformalRegressor(make_pipeline(QuantileTransformer(n_quantiles=9), Ridge())).fit(X, y)
