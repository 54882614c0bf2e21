"""`validation_split` by the times of the rows, and `validation_gap`."""

import tracemalloc

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import unhurried

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    SequenceClassifier,
    SequenceRegressor,
    SequenceWindower,
    leads,
    lstm_network,
    sliding_windows,
)
from skl_lstm._core import memmaps
from skl_lstm._core.timed_windows import mark_times
from skl_lstm._core.windows import window_table
from skl_lstm.estimators import scaling
from skl_lstm.training import rows
from skl_lstm.training.rows import count_of, positions_of, split_rows, training_rows


def timed(X, times):
    """Return X with the times of its rows."""
    return mark_times(X, None, np.asarray(times, dtype=np.float64), None)


# The rule, beside a plain loop.


def plain_split(times, n_train, gap):
    """Return the positions of the rows that train and of those that validate."""
    cut = sorted(times)[n_train]
    if cut == min(times) < max(times):
        cut = min(time for time in times if time > cut)
    validation = [row for row, time in enumerate(times) if time >= cut]
    before = [row for row, time in enumerate(times) if time < cut]
    if not before:
        return [*range(n_train - gap)], [*range(n_train, len(times))]
    if gap == 0:
        return before, validation
    return [row for row in before if times[row] <= cut - (gap + 1) + 0.5], validation


@st.composite
def panels(draw):
    """Times of several series with holes, in any order, off by a fraction of a step or not."""
    times = st.lists(st.integers(-3, 20), min_size=1, max_size=12, unique=True)
    series = draw(st.lists(times, min_size=1, max_size=4))
    rows = draw(st.permutations([time for one in series for time in one]))
    error = draw(st.sampled_from([0.0, 0.2]))
    return [time + error * np.sin(time) for time in rows]


splits, gaps = st.floats(0.05, 0.95), st.integers(0, 6)


@unhurried
@given(panels() | st.lists(st.integers(0, 3), min_size=2), splits, gaps)
def test_the_latest_rows_validate_and_the_gap_is_left_out(times, split, gap):
    n_train = int(len(times) * (1 - split))
    assume(0 < n_train < len(times))
    train, validation = plain_split(times, n_train, gap)
    if not train:
        with pytest.raises(ValueError, match=f"validation_gap={gap} leaves none"):
            split_rows(len(times), split, gap, np.array(times))
        return
    actual = split_rows(len(times), split, gap, np.array(times))
    for found, expected in zip(actual, (train, validation), strict=True):
        assert positions_of(found).tolist() == expected
        assert count_of(found) == len(expected)
        # Consecutive rows are a slice, which selects a view.
        assert isinstance(found, slice) == (expected == [*range(expected[0], expected[-1] + 1)])


@unhurried
@given(st.integers(1, 40), splits, gaps)
def test_the_rule_for_one_series_is_that_by_position(n_rows, split, gap):
    n_train = int(n_rows * (1 - split))
    assume(gap < n_train < n_rows)
    expected = slice(0, n_train - gap), slice(n_train, n_rows)
    assert split_rows(n_rows, split, gap) == expected
    assert split_rows(n_rows, split, gap, np.arange(n_rows) + 7.0) == expected


def test_without_validation_all_rows_train():
    times = np.array([3.0, 1.0, 1.0])
    assert split_rows(3, 0.0, 5, times) == (slice(0, 3), slice(3, 3))


def test_rows_that_cannot_be_cut_by_time_are_cut_by_position():
    assert split_rows(10, 0.3, 2, np.ones(10)) == (slice(0, 5), slice(7, 10))


def test_rows_after_the_earliest_time_are_held_out_if_it_has_most_rows():
    times = np.array([0.0, 1, 0, 0, 2, 0, 0])
    train, validation = split_rows(7, 0.5, 0, times)
    np.testing.assert_array_equal(train, [0, 2, 3, 5, 6])
    np.testing.assert_array_equal(validation, [1, 4])


def test_months_are_whole_steps():
    # Three months, in units of their mean length: 31, 28 and 31 days.
    train, validation = split_rows(4, 0.25, 1, np.array([0, 31, 59, 90]) / 30)
    assert (train, validation) == (slice(0, 2), slice(3, 4))


@unhurried
@given(st.data(), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_the_scaling_of_scattered_rows_is_that_of_their_copies(data, timesteps, stride, masked):
    table = np.random.default_rng(0).normal(size=(40, 2)).round()
    windows = sliding_windows(table, timesteps, stride=stride)
    chosen = data.draw(st.sets(st.integers(0, len(windows) - 1), min_size=2))
    chosen = np.array(sorted(chosen))
    y, options = table[: len(windows)], {"mask_value": 1.0 if masked else None, "loss": None}
    expected = scaling.learn_scaling(windows[chosen], y[chosen], **options)
    for X in (windows, windows.copy()):
        actual = scaling.learn_scaling(X, y, rows=chosen, **options)
        assert_array_equal(np.concatenate(actual), np.concatenate(expected))


# Training. Three series of 20 rows, one after the other, that start at different times.

TIMES = np.concatenate([np.arange(20), np.arange(20) + 6, np.arange(20) - 4]).astype(float)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4, 2))
Y = X[:, -1].sum(axis=1) + TIMES / 10
LABELS = np.where(X[:, -1].sum(axis=1) > 0, "up", "down")
WEIGHT = RNG.uniform(0.5, 2, 60)
HELD_OUT = 0.25
SPLIT = split_rows(60, HELD_OUT, 2, TIMES)
GAP = np.setdiff1d(np.arange(60), [*SPLIT.train, *SPLIT.validation])

SETTINGS = {
    "epochs": 3,
    "batch_size": 16,
    "patience": 1,
    "validation_split": HELD_OUT,
    "random_state": 0,
}
LSTM = {"units": 3, "dropout": 0.2, **SETTINGS}


def network(meta):
    """Build a network that is quick in `keras.Model.fit`."""
    inputs = keras.Input((4, 2))
    outputs, activation = (1, "sigmoid") if "classes_" in meta else (meta["n_outputs_"], None)
    hidden = keras.layers.Dropout(0.2)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(outputs, activation)(hidden))


# Keras itself trains a network that runs eagerly.
OWN = {"model": network, "optimizer__learning_rate": 0.05, **SETTINGS}
WAYS = {
    "native": lambda **more: LSTMRegressor(**LSTM | more, engine="native"),
    "not scaled": lambda **more: LSTMRegressor(**LSTM | more, engine="native", scaling=None),
    "traced copy": lambda **more: LSTMRegressor(**LSTM | more, engine="keras"),
    "Keras": lambda **more: SequenceRegressor(**OWN | more, run_eagerly=True),
    "in order": lambda **more: SequenceRegressor(**OWN | more, shuffle=False),
}
of_every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
FOR_CLASSES = {
    "native": lambda **more: LSTMClassifier(**LSTM | more, engine="native"),
    "traced copy": lambda **more: LSTMClassifier(**LSTM | more, engine="keras"),
    "Keras": lambda **more: SequenceClassifier(**OWN | more, run_eagerly=True),
}


def by_hand(*arrays, split=SPLIT):
    """Return the training rows and then the validation rows, and their part in percent."""
    order = np.concatenate([positions_of(split.train), positions_of(split.validation)])
    fraction = count_of(split.validation) / len(order)
    assert training_rows(len(order), fraction) == count_of(split.train)
    return fraction, *(array[order] for array in arrays)


def results(estimator):
    return estimator.history_, estimator.predict(X)


def assert_same(actual, expected):
    (history, predicted), (expected_history, expected_predictions) = actual, expected
    assert history == expected_history
    assert "val_loss" in history
    assert_array_equal(predicted, expected_predictions, strict=True)


def test_the_panel_has_scattered_rows_and_a_gap():
    assert all(isinstance(part, np.ndarray) for part in SPLIT)
    assert len(GAP) == 6
    assert TIMES[SPLIT.train].max() + 3 == TIMES[SPLIT.validation].min()


@of_every_way
def test_a_series_in_order_is_trained_as_an_array(way):
    in_order = timed(X, np.arange(60))
    assert_same(results(way().fit(in_order, Y)), results(way().fit(X, Y)))
    assert_same(
        results(way(validation_gap=5).fit(in_order, Y)), results(way(validation_gap=5).fit(X, Y))
    )


@of_every_way
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_a_panel_validates_on_the_latest_times_of_all_series(way, weighted):
    estimator = way(validation_gap=2)
    estimator.fit(timed(X, TIMES), Y, sample_weight=WEIGHT if weighted else None)
    fraction, X_now, y_now, weight = by_hand(X, Y, WEIGHT)
    expected = way(validation_split=fraction)
    expected.fit(X_now, y_now, sample_weight=weight if weighted else None)
    assert_same(results(estimator), results(expected))


@of_every_way
def test_the_gap_of_an_array_is_the_rows_before_the_last(way):
    split = split_rows(60, HELD_OUT, 10)
    fraction, X_now, y_now = by_hand(X, Y, split=split)
    expected = way(validation_split=fraction).fit(X_now, y_now)
    assert_same(results(way(validation_gap=10).fit(X, Y)), results(expected))


@of_every_way
@pytest.mark.parametrize("is_timed", [True, False], ids=["times", "positions"])
def test_rows_of_the_gap_change_nothing(way, is_timed):
    gap, rows_now = 2, GAP
    if not is_timed:
        gap, rows_now = 10, np.arange(35, 45)
    X_now, y_now, weight = X.copy(), Y.copy(), WEIGHT.copy()
    X_now[rows_now], y_now[rows_now], weight[rows_now] = 1e6, -1e6, 1e3
    fitted = [
        way(validation_gap=gap).fit(timed(values, TIMES) if is_timed else values, y, weights)
        for values, y, weights in ((X, Y, WEIGHT), (X_now, y_now, weight))
    ]
    assert_same(*map(results, fitted))


@pytest.mark.parametrize("way", FOR_CLASSES.values(), ids=FOR_CLASSES)
def test_class_weights_count_in_training_rows_only(way):
    class_weight = {"up": 3.0, "down": 0.5}
    classifier = way(validation_gap=2, class_weight=class_weight)
    classifier.fit(timed(X, TIMES), LABELS, sample_weight=WEIGHT)
    by_class = np.where(np.isin(np.arange(60), SPLIT.train), np.where(LABELS == "up", 3, 0.5), 1)
    # The estimator multiplies in single precision.
    weight = WEIGHT.astype("float32") * by_class.astype("float32")
    fraction, X_now, y_now, weight = by_hand(X, LABELS, weight)
    expected = way(validation_split=fraction).fit(X_now, y_now, sample_weight=weight)
    assert_same(results(classifier), results(expected))


def test_rows_of_weight_zero_take_their_times_along():
    weight = np.arange(60) % 7 != 0
    kept = np.flatnonzero(weight)
    by_weight, without = LSTMClassifier(**LSTM), LSTMClassifier(**LSTM)
    by_weight.set_params(validation_gap=1).fit(timed(X, TIMES), LABELS, sample_weight=weight)
    without.set_params(validation_gap=1).fit(timed(X[kept], TIMES[kept]), LABELS[kept])
    assert_same(results(by_weight), results(without))


def test_rows_of_a_class_of_weight_zero_take_their_times_along():
    labels = np.where(np.arange(60) % 7 == 0, "none", LABELS)
    by_class = LSTMClassifier(**LSTM, class_weight={"none": 0}).fit(timed(X, TIMES), labels)
    by_sample = LSTMClassifier(**LSTM).fit(timed(X, TIMES), labels, labels != "none")
    assert_same(results(by_class), results(by_sample))


@pytest.mark.parametrize("cls", [LSTMRegressor, LSTMClassifier])
def test_every_batch_of_partial_fit_is_split_by_its_times(cls):
    y = Y if cls is LSTMRegressor else LABELS
    params = {"units": 3, "random_state": 0, "batch_size": 8}
    estimator = cls(**params, validation_split=HELD_OUT, validation_gap=2)
    fraction, X_now, y_now = by_hand(X, y)
    expected = cls(**params, validation_split=fraction)
    for _ in range(2):
        estimator.partial_fit(timed(X, TIMES), y)
        expected.partial_fit(X_now, y_now)
    assert_same(results(estimator), results(expected))


def test_options_of_fit_override_the_parameters():
    expected = SequenceRegressor(**OWN, validation_gap=2).fit(timed(X, TIMES), Y)
    options = {"fit__validation_gap": 2, "fit__validation_split": HELD_OUT}
    regressor = SequenceRegressor(**OWN | {"validation_split": 0.9}, **options)
    assert_same(results(regressor.fit(timed(X, TIMES), Y)), results(expected))


def test_the_gap_is_not_used_without_validation():
    regressor = LSTMRegressor(3, epochs=1, validation_gap=100, random_state=0).fit(X, Y)
    expected = LSTMRegressor(3, epochs=1, random_state=0).fit(X, Y)
    assert_array_equal(regressor.predict(X), expected.predict(X))


# Messages.


@of_every_way
def test_a_gap_that_leaves_no_training_rows_is_refused(way):
    message = (
        r"^validation_split=0\.25 of 60 samples holds out 15 for validation, and "
        r"validation_gap=50 leaves none of the 45 samples before them for training\. Use a smaller "
        r"validation_gap or validation_split\.$"
    )
    with pytest.raises(ValueError, match=message):
        way(validation_gap=50).fit(X, Y)
    with pytest.raises(ValueError, match=message.replace("15", "17").replace("45", "43")):
        way(validation_gap=50).fit(timed(X, TIMES), Y)


@pytest.mark.parametrize(
    ("times", "gap", "message"),
    [
        (None, 0, "^The last 15 of 60 rows are held out for validation, and .* Shuffle X and y, "),
        (None, 3, "^The last 15 of 60 rows are held out for validation and 3 before them are left"),
        (
            np.arange(60),
            0,
            "^The latest 15 of 60 rows are held .* 'late', .* learned. Use a smalle",
        ),
        (np.arange(60), 3, "^The latest 15 of 60 rows are held out for validation and 3 before th"),
    ],
)
def test_a_class_that_is_left_out_is_named(times, gap, message):
    labels = LABELS.astype("<U5")
    labels[45 - gap :] = "late"
    values = X if times is None else timed(X, times)
    with pytest.warns(UserWarning, match=message):
        LSTMClassifier(3, epochs=1, validation_split=HELD_OUT, validation_gap=gap).fit(
            values, labels
        )


# Memory.


def windows_of_two_series(n_rows):
    """Windows of a table, as a view; those of a panel, one series after the other."""
    table = np.random.default_rng(0).normal(size=(n_rows, 2)).astype(np.float32)
    windows = sliding_windows(table, 100)
    times = np.arange(len(windows)) % (len(windows) // 2)
    return timed(windows, times), windows[:, -1].sum(axis=1)


def mean_of_steps():
    inputs = keras.Input((None, 2))
    pooled = keras.layers.GlobalAveragePooling1D()(inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(pooled))


def peak_of_fit(regressor, windows, y):
    tracemalloc.start()
    try:
        regressor.fit(windows, y)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("scaled", ["standard", None])
def test_windows_of_a_panel_are_not_copied(scaled):
    windows, y = windows_of_two_series(20_000)
    settings = {"epochs": 1, "batch_size": 500, "validation_split": 0.3, "scaling": scaled}
    LSTMRegressor(1, **settings).fit(windows[:1000], y[:1000])  # compiles
    by_position = peak_of_fit(LSTMRegressor(1, **settings), np.asarray(windows), y)
    by_time = peak_of_fit(LSTMRegressor(1, **settings), windows, y)
    assert window_table(windows) is not None
    assert by_time < by_position + windows.nbytes / 10


@pytest.mark.parametrize("eager", [False, True], ids=["traced copy", "Keras"])
def test_tensors_of_a_panel_are_those_of_its_table(eager, monkeypatch):
    sizes, convert = [], tf.convert_to_tensor

    def spy(value, *args, **kwargs):
        if isinstance(value, np.ndarray):
            sizes.append(value.size)
        return convert(value, *args, **kwargs)

    monkeypatch.setattr(tf, "convert_to_tensor", spy)
    windows, y = windows_of_two_series(2100)
    settings = {"epochs": 1, "batch_size": 500, "validation_split": 0.3, "run_eagerly": eager}
    regressor = SequenceRegressor(mean_of_steps, **settings).fit(windows, y)
    # The table, once for training and validation. A copy of all windows has 400,200 numbers.
    assert [size for size in sizes if size > 2100] == [4200]
    assert "val_loss" in regressor.history_


@of_every_way
def test_a_panel_in_a_file_trains_as_in_memory(way, in_file, monkeypatch):
    expected = results(way(validation_gap=2).fit(timed(X, TIMES), Y))
    monkeypatch.setattr(memmaps, "_LARGE", X.nbytes // 4)
    monkeypatch.setattr(memmaps, "_BLOCK", 7 * X[0].nbytes)
    monkeypatch.setattr(rows, "_MAX_ROWS_OF_A_PART", 11)
    monkeypatch.setattr(rows, "_ROWS_BETWEEN_RELEASES", 3)
    mapped = in_file(X)
    assert memmaps.lies_on_disk(timed(mapped, TIMES))
    history, predicted = results(way(validation_gap=2).fit(timed(mapped, TIMES), Y))
    assert history == expected[0]
    assert_allclose(predicted, expected[1], rtol=1e-6)


# Targets that reach over the gap.


def supervised(horizon, gap=0, rows=120):
    days = pd.date_range("2024-01-01", periods=rows)
    table = pd.DataFrame({"load": np.sin(np.arange(rows)), "h90_load": 0.0}, days)
    y = leads(table, "load", horizon=horizon, gap=gap)
    return SequenceWindower(3).fit_transform(table.loc[y.index]), y


@pytest.mark.parametrize(("horizon", "gap"), [(2, 0), (24, 0), (1, 2), (3, 2)])
def test_a_gap_that_is_too_small_for_the_targets_gives_a_warning(horizon, gap):
    X, y = supervised(horizon, gap)
    furthest = horizon + gap
    regressor = LSTMRegressor(2, epochs=1, validation_split=0.3)
    for too_small in {0, furthest - 2}:
        message = (
            f"y holds targets up to {furthest} steps ahead \\(h{furthest}_load\\), but "
            f"validation_gap={too_small}: .* Use validation_gap={furthest - 1}\\."
        )
        for given_as in ("validation_gap", "fit__validation_gap"):
            if given_as == "validation_gap":
                estimator = regressor.set_params(validation_gap=too_small)
            else:
                network = {"model": lstm_network, "model__units": 2, "epochs": 1}
                estimator = SequenceRegressor(
                    **network, validation_split=0.3, fit__validation_gap=too_small
                )
            with pytest.warns(UserWarning, match=message):
                estimator.fit(X, y)
    regressor.set_params(validation_gap=furthest - 1).fit(X, y)


def test_other_targets_need_no_gap():
    X, y = supervised(1)
    regressor = LSTMRegressor(2, epochs=1, validation_split=0.3)
    regressor.fit(X, y)
    regressor.fit(X, y.rename("h90_load"))  # a column of X
    X, y = supervised(3)
    regressor.fit(X, y.to_numpy())
    regressor.fit(X, y.set_axis(["a", "b", "c"], axis=1))
    regressor.set_params(validation_split=0.0).fit(X, y)
