"""Networks with an output for every time step: both engines keep one contract."""

import pickle
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras.callbacks import LambdaCallback
from numpy.testing import assert_allclose, assert_array_equal

from skl_lstm import SequenceRegressor, lstm_network
from skl_lstm._core import memmaps
from skl_lstm.estimators.base import Run
from skl_lstm.estimators.keras_network import KerasNetwork
from skl_lstm.estimators.native_network import NativeNetwork
from skl_lstm.networks.architecture import Scaling, architecture_of, initial_weights
from skl_lstm.training.keras import engine
from skl_lstm.training.keras.plans import plan_of
from skl_lstm.training.keras.pool import Pool
from skl_lstm.training.rows import split_rows

MASK = -9.0
ROWS, TIMESTEPS, FEATURES = 22, 5, 2
NETWORK = {
    "units": (4, 3),
    "cell": "lstm",
    "bidirectional": True,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "conv_filters": None,
    "kernel_size": 3,
    "mask_value": MASK,
    "return_sequences": True,
}
LEARNING_RATE = 0.01

LOSSES = pytest.mark.parametrize(
    ("loss", "target"),
    [
        ("mean_squared_error", {"n_outputs_": 2}),
        ("binary_crossentropy", {"n_classes_": 2, "target_type_": "binary"}),
        ("sparse_categorical_crossentropy", {"n_classes_": 3, "target_type_": "multiclass"}),
        ("categorical_crossentropy", {"n_classes_": 3, "target_type_": "multiclass"}),
    ],
)
REGRESSION = "mean_squared_error", {"n_outputs_": 2}


def meta_of(target):
    return {"X_shape_": (ROWS, TIMESTEPS, FEATURES), "n_features_in_": FEATURES, **target}


def make_arrays(loss):
    """Sequences with padding at the end, targets, and weights that are zero at padding."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, TIMESTEPS, FEATURES)).astype(np.float32)
    real = np.arange(TIMESTEPS) < rng.integers(1, TIMESTEPS + 1, (ROWS, 1))
    X[~real] = MASK
    y = {
        "mean_squared_error": lambda: rng.normal(size=(ROWS, TIMESTEPS, 2)),
        "binary_crossentropy": lambda: rng.integers(0, 2, (ROWS, TIMESTEPS, 1)),
    }.get(loss, lambda: rng.integers(0, 3, (ROWS, TIMESTEPS, 1)))()
    weights = real * rng.uniform(0.5, 2, real.shape)
    return [X, y.astype(np.float32), weights.astype(np.float32)]


def extended(arrays, side, steps=3):
    width = (0, steps) if side == "post" else (steps, 0)
    return [
        np.pad(array, [(0, 0), width, (0, 0)][: array.ndim], constant_values=value)
        for array, value in zip(arrays, (MASK, 0, 0), strict=True)
    ]


def make_run(**changes):
    settings = {
        "epochs": 4,
        "initial_epoch": 0,
        "seed": 0,
        "shuffle": False,
        "batch_size": 4,
        "split": split_rows(ROWS, 0.25),
        "validation_gap": 0,
        "patience": None,
        "verbose": 0,
        "options": {},
        "tasks": None,
    }
    return Run(**{**settings, **changes})


def build_native(loss, target):
    architecture = architecture_of(meta_of(target), **NETWORK)
    return NativeNetwork.draw(
        architecture, 0, optimizer="adam", learning_rate=LEARNING_RATE, loss=loss
    )


def keras_arguments(loss, target, callbacks=None):
    params = {
        "model": lstm_network,
        "optimizer": "adam",
        "optimizer__learning_rate": LEARNING_RATE,
        "loss": loss,
        "callbacks": callbacks,
        **{f"model__{name}": value for name, value in NETWORK.items()},
    }
    return meta_of(target), SimpleNamespace(default_loss=None), 0, params


def build_keras(loss, target, callbacks=None):
    arguments = keras_arguments(loss, target, callbacks)
    weights = build_native(loss, target).weights
    return KerasNetwork.build(*arguments, weights, per_step=True)


def encoded(arrays, network):
    X, y, weights = arrays
    return (
        [X, np.eye(3, dtype=np.float32)[y[..., 0].astype(int)], weights]
        if (network.trains_on_one_hot and network.n_outputs == 3)
        else arrays
    )


def assert_same_training(network, other, arrays, longer=None, run=None):
    """Train two networks, and compare their histories, weights and predictions."""
    run = run or make_run()
    X, real = arrays[0], arrays[2] > 0
    history = network.train(encoded(arrays, network), run)
    expected = other.train(encoded(longer or arrays, other), run)
    assert history.keys() == expected.keys() == {"loss", "val_loss"}
    for name in history:
        assert_allclose(history[name], expected[name], rtol=1e-5)
    for left, right in zip(network.weights, other.weights, strict=True):
        assert_allclose(left, right, rtol=1e-5, atol=1e-5)
    output = network.predict(X, batch_size=4)
    assert output.shape == (*X.shape[:2], network.n_outputs)
    assert_allclose(output[real], other.predict(X, batch_size=4)[real], atol=1e-5)


@LOSSES
def test_a_traced_copy_trains_like_the_native_engine(loss, target):
    network = build_keras(loss, target)
    assert plan_of(network.model, training=True) is not None
    assert_same_training(network, build_native(loss, target), make_arrays(loss))


def with_batch_methods(batches):
    return [LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(batch))]


@LOSSES
def test_the_fit_of_keras_trains_like_the_native_engine(loss, target):
    batches = []
    network = build_keras(loss, target, with_batch_methods(batches))
    assert_same_training(network, build_native(loss, target), make_arrays(loss))
    assert len(batches) == 4 * 4


@pytest.mark.parametrize("in_keras", [False, True], ids=["copy", "fit"])
def test_large_arrays_are_trained_like_small_ones(in_keras, monkeypatch):
    monkeypatch.setattr(memmaps, "_LARGE", 0)
    network = build_keras(*REGRESSION, with_batch_methods([]) if in_keras else None)
    assert_same_training(network, build_native(*REGRESSION), make_arrays(REGRESSION[0]))


@pytest.mark.parametrize("in_keras", [False, True], ids=["copy", "fit"])
@pytest.mark.parametrize("side", ["pre", "post"])
def test_padding_does_not_change_the_training(side, in_keras):
    arrays = make_arrays(REGRESSION[0])
    networks = [
        build_keras(*REGRESSION, with_batch_methods([]) if in_keras else None) for _ in range(2)
    ]
    run = make_run(shuffle=True)
    assert_same_training(*networks, arrays, extended(arrays, side), run)


@LOSSES
def test_sequences_of_another_length_are_not_traced_again(loss, target, monkeypatch):
    monkeypatch.setattr(engine, "POOL", Pool())
    arrays = make_arrays(loss)
    for steps in (0, 3):
        network = build_keras(loss, target)
        network.train(encoded(extended(arrays, "post", steps), network), make_run(epochs=1))
    [copy] = engine.POOL._idle
    assert len(copy._traced) == 2  # train_step and test_step


SCALING = Scaling(*(np.array(values) for values in ([1.0, 2], [3.0, 0.5], [4.0, -1], [2.0, 10])))


@pytest.mark.parametrize("build", [build_native, build_keras])
def test_the_model_in_units_scales_every_step(build):
    network = build(*REGRESSION)
    X, y, weights = make_arrays(REGRESSION[0])
    network.train([X, y, weights], make_run(epochs=1))
    architecture = architecture_of(meta_of(REGRESSION[1]), **{**NETWORK, "mask_value": 77.0})
    model = network.model_in_units(architecture, SCALING)
    real = weights > 0
    in_units = np.where(
        real[:, :, np.newaxis], X * SCALING.feature_scale + SCALING.feature_center, 77
    )
    expected = network.predict(X, batch_size=4) * SCALING.target_scale + SCALING.target_center
    outputs = np.asarray(model(in_units.astype(np.float32)))
    assert_allclose(outputs[real], expected[real], atol=1e-4)


@pytest.mark.parametrize("build", [build_native, build_keras])
def test_a_network_predicts_the_same_after_a_copy_and_from_its_state(build):
    network = build(*REGRESSION)
    X, *_ = make_arrays(REGRESSION[0])
    expected = network.predict(X, batch_size=4)
    state = pickle.loads(pickle.dumps(network.to_state()))
    for other in (network.copy(), type(network).from_state(state)):
        assert_array_equal(other.predict(X, batch_size=4), expected)


def test_a_state_from_before_per_step_outputs_loads():
    architecture = architecture_of(meta_of({"n_outputs_": 2}), **NETWORK)._replace(
        return_sequences=False
    )
    network = NativeNetwork.draw(architecture, 0, optimizer="adam", learning_rate=0.1, loss="mse")
    state = network.to_state()
    del state["architecture"]["return_sequences"], state["architecture"]["conv_padding"]
    restored = NativeNetwork.from_state(state)
    assert restored.architecture == architecture
    X, *_ = make_arrays(REGRESSION[0])
    assert_array_equal(restored.predict(X), network.predict(X))


def test_a_restored_network_of_keras_trains_further():
    network = build_keras(*REGRESSION)
    restored = KerasNetwork.from_state(network.to_state())
    resumed = restored.resumed(*keras_arguments(*REGRESSION), per_step=True)
    assert_same_training(resumed, network, make_arrays(REGRESSION[0]))


@pytest.mark.parametrize(
    "params",
    [
        {"model": lstm_network, "model__return_sequences": True},
        {
            "model": keras.Sequential(
                [
                    keras.Input((None, FEATURES)),
                    keras.layers.LSTM(2, return_sequences=True),
                    keras.layers.Dense(1),
                ]
            )
        },
    ],
    ids=["lstm_network", "own network"],
)
def test_other_estimators_refuse_an_output_for_every_time_step(params):
    X, y, _ = make_arrays(REGRESSION[0])
    message = (
        r"has shape \(None, None, 1\), but an estimator needs \(samples, outputs\)\. Set "
        "return_sequences=False in the last recurrent layer. For a label or a number for every "
        "time step, use LSTMStepClassifier or LSTMStepRegressor"
    )
    with pytest.raises(ValueError, match=message):
        SequenceRegressor(**params).fit(X, y[:, 0, 0])


def test_an_estimator_of_time_steps_needs_an_output_for_every_step():
    meta, target, seed, params = keras_arguments(*REGRESSION)
    params |= {"model__return_sequences": False}
    message = r"needs \(samples, timesteps, outputs\)\. Set return_sequences=True"
    with pytest.raises(ValueError, match=message):
        KerasNetwork.build(meta, target, seed, params, per_step=True)


def test_weights_of_rows_are_trained_as_before():
    # Only weights of time steps are multiplied.
    meta, target, seed, params = keras_arguments(*REGRESSION)
    params |= {"model__return_sequences": False}
    architecture = architecture_of(meta, **{**NETWORK, "return_sequences": False})
    weights = initial_weights(architecture, np.random.default_rng(0))
    network = KerasNetwork.build(meta, target, seed, params, weights)
    native = NativeNetwork.draw(
        architecture,
        0,
        optimizer="adam",
        learning_rate=LEARNING_RATE,
        loss="mean_squared_error",
        weights=weights,
    )
    X, y, _ = make_arrays(REGRESSION[0])
    arrays = [X, y[:, 0], np.linspace(0.5, 2, ROWS, dtype=np.float32)]
    for trained in (network, native):
        trained.train(arrays, make_run())
    for left, right in zip(network.weights, native.weights, strict=True):
        assert_allclose(left, right, rtol=1e-5, atol=1e-5)
