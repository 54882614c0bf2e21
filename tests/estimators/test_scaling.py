"""`scaling`: networks are trained on scaled values, and predict in the units of the data."""

import io
import pickle

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from strategies import unhurried

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
    SequenceRegressor,
    SequenceWindower,
    lstm_network,
    sliding_windows,
)
from skl_lstm._core import memmaps
from skl_lstm._core.windows import window_table
from skl_lstm.estimators import scaling
from skl_lstm.networks.architecture import Scaling

ENGINES = ["native", "keras"]
SMALL = {"units": 4, "epochs": 3, "random_state": 0}
FAR = {"units": 8, "epochs": 30, "learning_rate": 0.01}


@pytest.fixture(scope="module")
def sequences():
    return np.random.default_rng(0).normal(size=(200, 6, 3))


@pytest.fixture(scope="module")
def target(sequences):
    noise = np.random.default_rng(1).normal(size=200)
    return sequences[:, -1].sum(axis=1) + 0.1 * noise


def raw(sequences):
    """Return the sequences with features of about 1e6, 1 and 1e-6."""
    return sequences * [1e6, 1, 1e-6] + [2e6, -5, 3e-6]


def received(monkeypatch, estimator, X, y, **options):
    """Return the arrays that the network of an estimator is trained on."""
    calls = []
    draw = type(estimator)._new_network

    def new_network(self, description, seed):
        network = draw(self, description, seed)
        train = network.train

        def record(arrays, run):
            calls.extend(arrays)
            return train(arrays, run)

        network.train = record
        return network

    monkeypatch.setattr(type(estimator), "_new_network", new_network)
    estimator.fit(X, y, **options)
    return calls


# The arithmetic, beside plain loops.


def plain_statistics(steps):
    """Return mean and standard deviation of a list of steps, with Python's own numbers."""
    columns = list(zip(*steps, strict=True))
    means = [sum(map(float, column)) / len(column) for column in columns]
    deviations = [
        (sum((float(value) - mean) ** 2 for value in column) / len(column)) ** 0.5
        for column, mean in zip(columns, means, strict=True)
    ]
    return means, [deviation or 1.0 for deviation in deviations]


values = st.sampled_from([-3.0, -1.0, 0.0, 0.5, 2.0, 7.0])
sizes = st.integers(1, 5)


@unhurried
@given(st.data(), sizes, sizes, st.integers(1, 3), st.sampled_from([None, -1.0]))
def test_statistics_are_those_of_the_steps_that_are_not_masked(data, n, timesteps, features, mask):
    X = data.draw(arrays("f8", (n, timesteps, features), elements=values))
    steps = [step for row in X.tolist() for step in row if any(value != mask for value in step)]
    center, scale = scaling.learn_features(X, mask)
    means, deviations = plain_statistics(steps) if steps else ([0] * features, [1] * features)
    assert_allclose(center, means, atol=1e-6)
    assert_allclose(scale, deviations, rtol=1e-6)

    learned = scaling.learn_scaling(X, None, mask_value=mask, loss=None)
    assert_array_equal(learned[:2], [center, scale])
    scaled = scaling.scale_features(X, learned, mask)
    assert scaled.dtype == np.float32
    for row, scaled_row in zip(X, scaled, strict=True):
        for step, scaled_step in zip(row, scaled_row, strict=True):
            if (step == mask).all():
                assert (scaled_step == scaling.MASK_VALUE).all()
            else:
                assert_allclose(scaled_step, (step - center) / scale, rtol=1e-6, atol=1e-6)


@unhurried
@given(st.data(), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_windows_that_share_memory_are_scaled_like_copies(data, timesteps, stride, rate):
    span = (timesteps - 1) * rate + 1
    table = data.draw(arrays("f8", (span + 9, 2), elements=values))
    windows = sliding_windows(table, timesteps, stride=stride, sampling_rate=rate)
    for mask in (None, -1.0):
        of_view, of_copy = (scaling.learn_features(X, mask) for X in (windows, windows.copy()))
        assert_array_equal(of_view, of_copy)
        learned = scaling.learn_scaling(windows, None, mask_value=mask, loss=None)
        scaled = scaling.scale_features(windows, learned, mask)
        assert_array_equal(scaled, scaling.scale_features(windows.copy(), learned, mask))
        assert (window_table(scaled) is None) == (window_table(windows) is None)


def test_many_blocks_are_scaled_like_one(monkeypatch, sequences):
    learned = scaling.learn_scaling(sequences, None, mask_value=None, loss=None)
    expected = scaling.scale_features(sequences, learned, None)
    monkeypatch.setattr(memmaps, "_BLOCK_IN_MEMORY", 300)
    in_blocks = scaling.learn_scaling(sequences, None, mask_value=None, loss=None)
    assert_array_equal(scaling.scale_features(sequences, in_blocks, None), expected)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i8", "u1", "?"])
def test_any_dtype_is_scaled(dtype):
    X = np.array([[[0], [1]], [[1], [1]]], dtype)
    center, scale = scaling.learn_features(X, None)
    assert_allclose([*center, *scale], [0.75, np.sqrt(3) / 4], rtol=1e-6)


def test_the_differences_of_large_numbers_are_kept():
    stamps = 1.7e9 + np.arange(-1000.0, 1001)[:, np.newaxis, np.newaxis]
    learned = scaling.learn_scaling(stamps, None, mask_value=None, loss=None)
    scaled = scaling.scale_features(stamps, learned, None)
    assert_allclose(scaled.ravel(), np.linspace(-1.73, 1.73, 2001), rtol=2e-3, atol=1e-6)


def test_the_largest_numbers_stay_finite():
    learned = Scaling(np.zeros(1), np.full(1, 1e-30), np.zeros(1), np.ones(1))
    scaled = scaling.scale_features(np.array([[[3e38], [-3e38]]]), learned, None)
    assert np.isfinite(scaled).all()
    assert (scaled != scaling.MASK_VALUE).all()


# Estimators.


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("n_outputs", [1, 96])
def test_raw_numbers_are_learned_like_scaled_ones(sequences, target, seed, n_outputs):
    X = raw(sequences)
    y = 650 + 50 * (target if n_outputs == 1 else np.outer(target, np.linspace(-2, 3, n_outputs)))
    of_raw = LSTMRegressor(**FAR, random_state=seed).fit(X, y).score(X, y)
    by_hand = TransformedTargetRegressor(
        make_pipeline(
            PerTimestep(StandardScaler()), LSTMRegressor(**FAR, random_state=seed, scaling=None)
        ),
        transformer=StandardScaler(),
    )
    of_scaled = by_hand.fit(X, y).score(X, y)
    assert of_raw > 0.9
    assert of_raw == pytest.approx(of_scaled, abs=0.02)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_raw_numbers_are_classified_like_scaled_ones(sequences, target, seed):
    X, y = sequences * [1e4, 1, 1e-4], np.digitize(target, [-1, 1])
    of_raw = LSTMClassifier(**FAR, random_state=seed).fit(X, y).score(X, y)
    by_hand = LSTMClassifier(**FAR, random_state=seed, scaling=None)
    assert of_raw > 0.85
    assert of_raw == pytest.approx(by_hand.fit(sequences, y).score(sequences, y), abs=0.02)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_scaler_around_the_estimator_does_no_harm(sequences, target, engine):
    X, y = raw(sequences), 650 + 50 * target
    lstm = LSTMRegressor(**FAR, random_state=0, engine=engine)
    around = TransformedTargetRegressor(
        make_pipeline(PerTimestep(StandardScaler()), lstm), transformer=StandardScaler()
    )
    alone = lstm.fit(X, y).predict(X)
    assert_allclose(around.fit(X, y).predict(X), alone, atol=0.02 * y.std())


# A negative factor would mirror the scaled values, which is another problem to learn.
factors = st.floats(-20, 20).map(lambda exponent: 10.0**exponent)
shifts = st.floats(-100, 100)


@settings(max_examples=25, deadline=None)
@given(factors, shifts, factors, shifts)
def test_predictions_follow_an_affine_change(factor, shift, y_factor, y_shift):
    X = np.random.default_rng(0).normal(size=(30, 4, 2))
    y = X[:, -1].sum(axis=1)
    plain = LSTMRegressor(**SMALL).fit(X, y).predict(X)
    X_changed = np.stack([factor * (X[:, :, 0] + shift), X[:, :, 1]], axis=2)
    changed = LSTMRegressor(**SMALL).fit(X_changed, y_factor * (y + y_shift)).predict(X_changed)
    assert_allclose(changed / y_factor - y_shift, plain, atol=1e-4 * y.std())


OPTIONS = {
    "plain": {},
    "mask": {"mask_value": -1.0},
    "mask and convolution": {"mask_value": -1.0, "conv_filters": (3, 2)},
    "stacked": {"units": (4, 3)},
    "bidirectional": {"units": (4, 3), "bidirectional": True, "mask_value": -1.0},
    "convolution": {"conv_filters": 3, "kernel_size": 2},
    "gru": {"cell": "gru", "mask_value": -1.0},
    "simple_rnn": {"cell": "simple_rnn"},
    "dropout": {"dropout": 0.2, "recurrent_dropout": 0.2},
    "validation": {"validation_split": 0.25},
    "patience": {"validation_split": 0.25, "patience": 0},
    "huber": {"loss": "huber"},
}


@pytest.mark.parametrize(
    ("name", "engine"),
    [*((name, "native") for name in OPTIONS), ("mask", "keras"), ("mask and convolution", "keras")],
)
def test_plain_keras_gives_the_same_predictions(sequences, target, name, engine):
    options = OPTIONS[name]
    X, y = raw(sequences), np.column_stack([650 + 50 * target, 1e-6 * (target + 20)])
    # Padding before, after and between the steps.
    X[::3, :2], X[1::3, 4:], X[2::3, 2] = -1.0, -1.0, -1.0
    if "mask_value" not in options:
        X = raw(sequences)
    weight = np.random.default_rng(0).integers(0, 3, len(X))
    regressor = LSTMRegressor(**{**SMALL, **options}, engine=engine).fit(X, y, sample_weight=weight)
    regressor.partial_fit(X, y)
    model = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(regressor.model_)
    )
    model.set_weights(regressor.model_.get_weights())
    predicted = model.predict(X.astype(np.float32), verbose=0)
    assert_allclose(predicted / y.std(axis=0), regressor.predict(X) / y.std(axis=0), atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_plain_keras_gives_the_same_probabilities(sequences, target, engine, n_classes):
    X, y = raw(sequences), np.digitize(target, [0, 1][: n_classes - 1])
    classifier = LSTMClassifier(**SMALL, engine=engine).fit(X, y)
    output = classifier.model_.predict(X.astype(np.float32), verbose=0)
    assert_allclose(output[:, -1], classifier.predict_proba(X)[:, -1], atol=1e-5)
    assert classifier.model_.loss is not None


def test_2d_x_is_one_feature(sequences, target):
    flat = LSTMRegressor(**SMALL, mask_value=2.0).fit(1e6 * sequences[:, :, 0], target)
    deep = LSTMRegressor(**SMALL, mask_value=2.0).fit(1e6 * sequences[:, :, :1], target)
    predicted = flat.predict(1e6 * sequences[:, :, 0])
    assert_array_equal(deep.predict(1e6 * sequences[:, :, :1]), predicted)
    output = flat.model_.predict(1e6 * sequences[:, :, 0], verbose=0)
    assert_allclose(output[:, 0], predicted, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_scaled_steps_are_not_taken_for_padding(engine):
    # The scaled values are -1 and 1, the mask value of the user is -1.
    X = np.random.default_rng(0).permutation(np.repeat([0.0, 1.0], 100)).reshape(40, 5, 1)
    params = {**SMALL, "epochs": 40, "learning_rate": 0.05, "engine": engine}
    regressor = LSTMRegressor(**params, mask_value=-1.0).fit(X, X.sum(axis=(1, 2)))
    without = LSTMRegressor(**params).fit(X, X.sum(axis=(1, 2)))
    assert_allclose(regressor.predict(X), without.predict(X), atol=1e-4)
    assert regressor.score(X, X.sum(axis=(1, 2))) > 0.9


def test_padding_does_not_change_the_predictions(sequences, target):
    X = raw(sequences)
    padded = np.pad(X, ((0, 0), (2, 3), (0, 0)), constant_values=-999.9)
    params = {**SMALL, "mask_value": -999.9}
    alone = LSTMRegressor(**params).fit(X, target)
    assert_allclose(alone.predict(padded), alone.predict(X), rtol=1e-6)
    assert_allclose(LSTMRegressor(**params).fit(padded, target).predict(X), alone.predict(X), 1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_training_rows_are_scaled(monkeypatch, sequences, target, engine):
    X, y = raw(sequences), 650 + 50 * target
    weight = np.ones(200)
    weight[:50], X[:50], y[:50] = 0, 1e9, 1e9  # rows of weight zero
    X[170:], y[170:] = -1e9, -1e9  # the last fifth of the others, for validation
    regressor = LSTMRegressor(**SMALL, engine=engine, validation_split=0.2)
    scaled, y_scaled, _ = received(monkeypatch, regressor, X, y, sample_weight=weight)
    assert_allclose(scaled[:120].mean(axis=(0, 1)), 0, atol=1e-6)
    assert_allclose(scaled[:120].std(axis=(0, 1)), 1, atol=1e-6)
    assert_allclose([y_scaled[:120].mean(), y_scaled[:120].std()], [0, 1], atol=1e-6)
    assert scaled.dtype == y_scaled.dtype == np.float32


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("again", ["partial_fit", "warm_start"])
def test_more_training_keeps_the_scaling(sequences, target, engine, again):
    X, y = raw(sequences), 650 + 50 * target
    # The learning rate is nearly zero, so only other statistics could change the predictions.
    params = {**SMALL, "optimizer": "sgd", "learning_rate": 1e-12, "warm_start": True}
    regressor = LSTMRegressor(**params, engine=engine).fit(X, y)
    predicted = regressor.predict(X)
    continued = pickle.loads(pickle.dumps(regressor))
    step = continued.partial_fit if again == "partial_fit" else continued.fit
    step(1e3 + 7 * X, 2 * y)
    assert_allclose(continued.predict(X), predicted, rtol=1e-6)
    assert continued.history_["loss"][-1] > 10 * regressor.history_["loss"][-1]


def test_a_first_batch_of_equal_targets_gives_a_warning(sequences, target):
    with pytest.warns(UserWarning, match="all targets in it are equal, so the scale is unknown"):
        LSTMRegressor(**SMALL).partial_fit(sequences[:1], target[:1])
    LSTMRegressor(**SMALL).fit(sequences[:1], target[:1])
    LSTMRegressor(**SMALL, scaling=None).partial_fit(sequences[:1], target[:1])
    LSTMRegressor(**SMALL).partial_fit(sequences[:9], target[:9]).partial_fit(sequences[:1], [0.0])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras
@pytest.mark.parametrize("engine", ENGINES)
def test_a_saved_model_loads_without_a_warning(sequences, target, engine, tmp_path):
    regressor = LSTMRegressor(**SMALL, engine=engine).fit(sequences, 1e3 * target)
    regressor.model_.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    predicted = loaded.predict(sequences.astype(np.float32), verbose=0)[:, 0]
    assert_allclose(predicted, regressor.predict(sequences), rtol=1e-4, atol=1e-2)


def test_without_scaling_an_estimator_trains_like_its_network(sequences, target):
    params = {"epochs": 3, "random_state": 0}
    unscaled = LSTMRegressor(4, **params, engine="keras", scaling=None).fit(sequences, target)
    own = SequenceRegressor(lstm_network, model__units=4, **params).fit(sequences, target)
    assert_array_equal(unscaled.predict(sequences), own.predict(sequences))
    assert unscaled._description.scaling is None


def test_a_constant_is_only_centered(sequences):
    X = sequences.copy()
    X[:, :, 0] = 1e6
    regressor = LSTMRegressor(**SMALL).fit(X, np.full(len(X), 7.0))
    assert_allclose(regressor.predict(X), 7, atol=0.7)
    X[:, :, 0] += 1
    assert_allclose(regressor.predict(X), 7, atol=0.7)


def test_a_time_stamp_is_a_feature_like_others():
    rng = np.random.default_rng(0)
    stamps = 1.7e9 + rng.uniform(-1e3, 1e3, size=(200, 3, 1))
    regressor = LSTMRegressor(**FAR, random_state=0).fit(stamps, stamps[:, -1, 0])
    assert regressor.score(stamps, stamps[:, -1, 0]) > 0.95


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("factor", [1e25, 1e-25])
def test_targets_of_any_size_are_learned(sequences, target, engine, factor):
    y = target * factor
    regressor = LSTMRegressor(**FAR, random_state=0, engine=engine).fit(sequences, y)
    assert r2_score(target, regressor.predict(sequences) / factor) > 0.9


# Losses.


@pytest.mark.parametrize(
    "loss",
    ["huber", "log_cosh", "mae", keras.losses.Huber(0.5)],
    ids=["huber", "log_cosh", "mae", "Huber"],
)
def test_a_loss_means_the_same_for_every_unit(sequences, target, loss):
    plain, large = (
        LSTMRegressor(**SMALL, loss=loss).fit(sequences, y) for y in (target, 1e4 * target)
    )
    assert_allclose(large.history_["loss"], plain.history_["loss"], rtol=1e-4)


@pytest.mark.parametrize("loss", ["mape", keras.losses.CosineSimilarity()], ids=["name", "object"])
def test_the_zero_of_the_target_is_kept_for_losses_of_relative_errors(monkeypatch, sequences, loss):
    y = np.random.default_rng(0).poisson(6.0, len(sequences)) + 1
    _, y_scaled = received(monkeypatch, LSTMRegressor(**SMALL, loss=loss), sequences, y)
    assert_allclose(y_scaled[:, 0], y / np.sqrt(np.mean(y**2)), rtol=1e-6)


@pytest.mark.parametrize(
    "loss", ["msle", keras.losses.MeanSquaredLogarithmicError()], ids=["name", "object"]
)
def test_the_units_of_the_target_are_kept_for_losses_that_need_them(monkeypatch, sequences, loss):
    y = np.random.default_rng(0).uniform(0, 9, len(sequences)).astype(np.float32)
    _, y_scaled = received(monkeypatch, LSTMRegressor(**SMALL, loss=loss), sequences, y)
    assert_array_equal(y_scaled[:, 0], y)


@pytest.mark.parametrize(
    "loss",
    [["poisson"], {"output": "poisson"}, keras.losses.Poisson, keras.losses.poisson],
    ids=["list", "dict", "class", "function"],
)
def test_a_loss_is_recognized_in_every_form(loss):
    assert scaling.loss_name(loss) == "poisson"
    with pytest.raises(ValueError, match="'poisson' needs predictions above zero"):
        LSTMRegressor(loss=loss).fit(np.ones((4, 2, 1)), [1, 2, 3, 4])


# Memory, files, dtypes.


def test_windows_that_are_views_stay_views(monkeypatch):
    table = np.random.default_rng(0).normal(size=(300, 2))
    windows = SequenceWindower(24).fit_transform(1e6 * table)
    X, _ = received(monkeypatch, LSTMRegressor(**SMALL), windows, table[:, 0])
    assert window_table(X) is not None
    copied = LSTMRegressor(**SMALL).fit(windows.copy(), table[:, 0])
    seen = LSTMRegressor(**SMALL).fit(windows, table[:, 0])
    assert_array_equal(copied.predict(windows), seen.predict(windows))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_memory_mapped_array_stays_on_disk(
    monkeypatch, in_file, sequences, target, dtype, engine
):
    X = raw(sequences).astype(dtype)
    expected = LSTMRegressor(**SMALL, engine=engine).fit(X, target).predict(X)
    monkeypatch.setattr(memmaps, "_LARGE", 0)
    monkeypatch.setattr(memmaps, "_BLOCK", 5000)
    mapped = in_file(X)
    regressor = LSTMRegressor(**SMALL, engine=engine)
    trained_on, _ = received(monkeypatch, regressor, mapped, target)
    assert memmaps.lies_on_disk(trained_on)
    assert_array_equal(regressor.predict(mapped), expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_files_contain_the_scaling(sequences, target, engine):
    skops = pytest.importorskip("skops.io")
    X, y = raw(sequences), 650 + 50 * target
    regressor = LSTMRegressor(**SMALL, mask_value=-1.0, engine=engine).fit(X, y)
    predicted = regressor.predict(X)
    assert_array_equal(pickle.loads(pickle.dumps(regressor)).predict(X), predicted)
    file = io.BytesIO(skops.dumps(regressor)).getvalue()
    restored = skops.loads(file, trusted=skops.get_untrusted_types(data=file))
    assert_array_equal(restored.predict(X), predicted)
    assert_allclose(restored.model_.predict(X, verbose=0)[:, 0], predicted, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
def test_predictions_have_the_dtype_of_y(sequences, target, dtype):
    y = (650 + 50 * target).astype(dtype)
    predicted = LSTMRegressor(**SMALL).fit(sequences, y).predict(sequences)
    assert predicted.dtype == (dtype if dtype == "f4" else "f8")


def test_values_that_single_precision_cannot_hold_are_refused(sequences, target):
    X = sequences.copy()
    X[3, 2, 1] = 1e39
    with pytest.raises(ValueError, match="infinity or a value too large for dtype"):
        LSTMRegressor(**SMALL).fit(X, target)


# Training that breaks.


@pytest.mark.parametrize(
    ("cls", "validation_split", "callbacks"),
    [
        (LSTMRegressor, 0, []),
        (LSTMRegressor, 0.2, []),
        (SequenceRegressor, 0.2, []),
        (SequenceRegressor, 0, [keras.callbacks.TerminateOnNaN()]),
    ],
    ids=["native", "validation", "Keras", "methods for batches"],
)
def test_training_that_breaks_stops(sequences, target, cls, validation_split, callbacks):
    params = {"epochs": 3, "random_state": 0, "optimizer": "sgd", "callbacks": callbacks}
    params["validation_split"] = validation_split
    if cls is LSTMRegressor:
        params |= {"units": 4, "learning_rate": 1e-3, "warm_start": True, "scaling": None}
    else:
        params |= {"model": lstm_network, "optimizer__learning_rate": 1e-3, "warm_start": True}
    regressor = cls(**params).fit(sequences, target)
    predicted, history = regressor.predict(sequences), regressor.history_
    with pytest.raises(ValueError, match=r"epoch 4.*loss=(nan|inf).*learning_rate=0.001") as info:
        regressor.fit(sequences, 1e30 * target)
    assert "lower learning rate" in str(info.value)
    assert "standardized" in str(info.value)
    assert_array_equal(regressor.predict(sequences), predicted)
    assert regressor.history_ is history
    regressor.fit(sequences, target)
    assert np.isfinite(regressor.history_["loss"]).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_that_break_in_the_last_step_stop_the_training(sequences, target, engine):
    # One step per epoch: the loss was computed before it.
    regressor = LSTMRegressor(
        4,
        epochs=1,
        batch_size=200,
        optimizer="sgd",
        learning_rate=1e38,
        engine=engine,
        scaling=None,
    )
    with pytest.raises(ValueError, match=r"epoch 1.*weights that are NaN or infinite.*=1e\+38"):
        regressor.fit(sequences, 1e3 * target)
