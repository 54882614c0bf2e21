"""Training without Keras compared with Keras, and what the results must not depend on."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skl_lstm.networks.architecture import Architecture, initial_weights
from skl_lstm.networks.lstm import build_model
from skl_lstm.networks.models import read_weights, write_weights
from skl_lstm.networks.pinball import PinballLoss
from skl_lstm.training.native import engine, threads
from skl_lstm.training.native.network import vector_of, weights_of
from skl_lstm.training.native.optimizers import DEFAULTS, make_optimizer
from skl_lstm.training.rows import split_rows

PLAIN = Architecture(
    ndim=3,
    features=2,
    units=(4,),
    cell="lstm",
    bidirectional=False,
    dropout=0.0,
    recurrent_dropout=0.0,
    conv_filters=(),
    kernel_size=3,
    mask_value=None,
    outputs=1,
    activation="linear",
)
MASK = -9.0


def make_arrays(architecture, rows, timesteps, *, loss="mean_squared_error", weighted=False):
    """Sequences, some of which are padded if there is a mask value, and targets of the loss."""
    rng = np.random.default_rng(rows + 10 * timesteps)
    X = rng.normal(size=(rows, timesteps, architecture.features)).astype(np.float32)
    if architecture.mask_value is not None:
        X[rng.random((rows, timesteps)) < 0.3] = architecture.mask_value
    shape = (rows, architecture.outputs)
    y = {
        "binary_crossentropy": lambda: rng.integers(0, 2, shape),
        "poisson": lambda: rng.poisson(2, shape),
        "sparse_categorical_crossentropy": lambda: rng.integers(0, shape[1], (rows, 1)),
        "categorical_crossentropy": lambda: rng.integers(0, shape[1], (rows, 1)),
    }.get(loss, lambda: rng.normal(size=shape))()
    arrays = [X, y.astype(np.float32)]
    return [*arrays, rng.uniform(0.5, 2, rows).astype(np.float32)] if weighted else arrays


def train_natively(architecture, arrays, *, epochs=2, **settings):
    """Return the trained weights and the history."""
    settings = {
        "optimizer": ("adam", {}),
        "loss": "mean_squared_error",
        "batch_size": 4,
        "seed": 0,
        "shuffle": False,
        **settings,
    }
    vector = vector_of(initial_weights(architecture, np.random.default_rng(0)))
    split = split_rows(len(arrays[0]), settings.pop("validation_split", 0.0))
    name, config = settings.pop("optimizer")
    optimizer = make_optimizer(name, config, len(vector))
    trainer = engine.Trainer(architecture, vector, optimizer, arrays, split=split, **settings)
    logs = [trainer.train_epoch(epoch) for epoch in range(epochs)]
    history = {name: [one[name] for one in logs] for name in logs[0]}
    return weights_of(vector, architecture), history


def train_with_keras(architecture, arrays, *, epochs=2, **settings):
    settings = {"optimizer": ("adam", {}), "loss": "mean_squared_error", **settings}
    model = build_model(architecture)
    write_weights(model, initial_weights(architecture, np.random.default_rng(0)))
    name, config = settings["optimizer"]
    optimizer = keras.optimizers.get({"class_name": name, "config": config})
    # XLA takes longer to compile these networks than to train them.
    model.compile(optimizer, settings["loss"], jit_compile=False)
    X, y, *weight = arrays
    if settings["loss"] == "categorical_crossentropy":
        y = np.eye(architecture.outputs, dtype=np.float32)[y[..., 0].astype(int)]
    # Keras divides by the number of samples and time steps.
    weight = [array * X.shape[1] if array.ndim == 2 else array for array in weight]
    n_train = int(len(X) * (1 - settings.get("validation_split", 0)))
    validation = [array[n_train:] for array in (X, y, *weight)]
    history = model.fit(
        X[:n_train],
        y[:n_train],
        sample_weight=weight[0][:n_train] if weight else None,
        validation_data=tuple(validation) if n_train < len(X) else None,
        epochs=epochs,
        batch_size=settings.get("batch_size", 4),
        validation_batch_size=settings.get("batch_size", 4),
        shuffle=False,
        verbose=0,
    )
    return read_weights(model), history.history


def assert_equal_weights(actual, expected):
    """Require a difference of at most 1e-5 of the weight, or of the largest weight."""
    native, from_keras = vector_of(actual), vector_of(expected)
    assert_allclose(native, from_keras, rtol=1e-5, atol=1e-5 * np.abs(from_keras).max())


def assert_equal_training(architecture, arrays, **settings):
    actual, history = train_natively(architecture, arrays, **settings)
    expected, keras_history = train_with_keras(architecture, arrays, **settings)
    assert_equal_weights(actual, expected)
    assert history.keys() == keras_history.keys()
    for name in history:
        assert_allclose(history[name], keras_history[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_quantiles_are_trained_like_in_keras(weighted):
    levels = (0.1, 0.4, 0.95)
    architecture = PLAIN._replace(outputs=6, quantiles=levels)
    X, y, *weight = make_arrays(architecture, 22, 5, weighted=weighted)
    arrays = [X, y[:, :2], *weight]
    loss = PinballLoss(levels)
    assert_equal_training(architecture, arrays, epochs=10, loss=loss, validation_split=0.25)


@pytest.mark.parametrize(
    ("bidirectional", "mask_value"),
    [(False, None), (True, MASK)],
    ids=["plain", "masked, both directions"],
)
@pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn"])
def test_ten_epochs_give_the_weights_of_keras(cell, bidirectional, mask_value):
    architecture = PLAIN._replace(cell=cell, bidirectional=bidirectional, mask_value=mask_value)
    assert_equal_training(architecture, make_arrays(architecture, 22, 5), epochs=10)


@pytest.mark.parametrize("mask_value", [None, MASK], ids=["unmasked", "masked"])
@pytest.mark.parametrize(
    "changes",
    [
        {"units": (3, 5)},
        {"units": (3, 2), "bidirectional": True, "cell": "gru"},
        {"conv_filters": (3,)},
        {"conv_filters": (3, 2), "kernel_size": 2, "units": (3, 2)},
        {"ndim": 2, "features": 1},
        {"outputs": 3},
    ],
    ids=["stacked", "stacked, both directions", "convolution", "two of each", "2D X", "outputs"],
)
def test_every_network_gives_the_weights_of_keras(changes, mask_value):
    architecture = PLAIN._replace(**changes, mask_value=mask_value)
    X, *others = make_arrays(architecture, 10, 6)
    expected, _ = train_with_keras(
        architecture, [X[:, :, 0] if architecture.ndim == 2 else X, *others], epochs=3
    )
    actual, _ = train_natively(architecture, [X, *others], epochs=3)
    assert_equal_weights(actual, expected)


@pytest.mark.parametrize(
    "optimizer",
    [*((name, {}) for name in DEFAULTS), ("sgd", {"momentum": 0.9, "nesterov": True})],
    ids=[*DEFAULTS, "sgd with momentum"],
)
def test_every_optimizer_gives_the_weights_of_keras(optimizer):
    assert_equal_training(PLAIN, make_arrays(PLAIN, 22, 3), epochs=10, optimizer=optimizer)


LOSSES = [
    ("linear", 2, "mean_squared_error"),
    ("linear", 1, "mean_absolute_error"),
    ("linear", 1, "huber"),
    ("linear", 2, "log_cosh"),
    ("sigmoid", 1, "poisson"),
    ("sigmoid", 1, "mean_squared_error"),
    ("sigmoid", 3, "binary_crossentropy"),
    ("softmax", 3, "sparse_categorical_crossentropy"),
    ("softmax", 4, "categorical_crossentropy"),
]


@pytest.mark.parametrize(("activation", "outputs", "loss"), LOSSES)
def test_every_loss_gives_the_weights_of_keras(activation, outputs, loss):
    architecture = PLAIN._replace(activation=activation, outputs=outputs)
    arrays = make_arrays(architecture, 22, 3, loss=loss, weighted=True)
    assert_equal_training(architecture, arrays, epochs=10, loss=loss, validation_split=0.25)


@settings(max_examples=8, deadline=None)
@given(
    rows=st.integers(1, 9),
    timesteps=st.integers(1, 5),
    features=st.integers(1, 3),
    units=st.integers(1, 9),
    batch_size=st.integers(1, 12),
    cell=st.sampled_from(["lstm", "gru", "simple_rnn"]),
    mask_value=st.sampled_from([None, MASK]),
)
def test_every_shape_gives_the_weights_of_keras(
    rows, timesteps, features, units, batch_size, cell, mask_value
):
    architecture = PLAIN._replace(
        features=features, units=(units,), cell=cell, mask_value=mask_value
    )
    arrays = make_arrays(architecture, rows, timesteps, weighted=True)
    assert_equal_training(architecture, arrays, batch_size=batch_size)


# A batch of this network is divided into four parts.
LARGE = PLAIN._replace(units=(64,), features=7, dropout=0.2, recurrent_dropout=0.2)
LARGE_BATCH = {"batch_size": 64, "shuffle": True}


def large_training():
    arrays = make_arrays(LARGE, 150, 20, weighted=True)
    weights, _ = train_natively(LARGE, arrays, **LARGE_BATCH, validation_split=0.2)
    return vector_of(weights)


def test_a_large_batch_is_divided():
    assert len(engine._parts_of_batch(LARGE, 64, 20)) > 2
    assert engine._parts_of_batch(PLAIN, 32, 24) == [slice(0, 32)]


def test_a_divided_batch_gives_the_weights_of_keras():
    architecture = LARGE._replace(dropout=0.0, recurrent_dropout=0.0)
    arrays = make_arrays(architecture, 100, 20)
    assert_equal_training(architecture, arrays, batch_size=64)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_the_number_of_threads_does_not_change_a_bit(limit, monkeypatch):
    expected = large_training()
    monkeypatch.setattr(threads, "_thread_limit", lambda _: limit)
    assert_array_equal(large_training(), expected)


def test_fits_in_several_threads_do_not_change_a_bit():
    expected = large_training()
    with ThreadPoolExecutor(3) as pool:
        for vector in pool.map(lambda _: large_training(), range(6)):
            assert_array_equal(vector, expected)


def test_a_forked_process_trains():
    if not hasattr(os, "fork"):
        pytest.skip("requires os.fork")
    code = (
        "import os, sys; sys.path.insert(0, 'tests/training/native'); "
        "from test_training import large_training; large_training(); child = os.fork(); "
        "large_training(); child == 0 and os._exit(0); "
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "0"


def test_an_error_in_a_thread_is_raised():
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.run_all([lambda: 1, fail, lambda: 2])


def test_results_are_in_the_order_of_the_tasks(monkeypatch):
    monkeypatch.setattr(threads, "_thread_limit", lambda _: 3)
    started = threading.Event()
    # The first task ends after another one has started.
    tasks = [lambda: started.wait(10) and 0, lambda: started.set() or 1, lambda: 2]
    assert threads.run_all(tasks) == [0, 1, 2]


def test_omp_num_threads_limits_the_threads():
    assert threads._thread_limit("1") == 1
    assert threads._thread_limit("") == threads._thread_limit("100000")


def test_dropout_follows_from_the_seed():
    architecture = PLAIN._replace(dropout=0.3, recurrent_dropout=0.3)
    arrays = make_arrays(architecture, 20, 4)
    first, again, other = (
        vector_of(train_natively(architecture, arrays, seed=seed, shuffle=True)[0])
        for seed in (1, 1, 2)
    )
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("rows", [1, 2, 3, 31, 257, 600])
def test_a_prediction_does_not_depend_on_the_other_rows(rows):
    vector = vector_of(initial_weights(PLAIN, np.random.default_rng(0)))
    X, _ = make_arrays(PLAIN, 600, 7)
    expected = engine.predict(PLAIN, vector, X)
    assert_array_equal(engine.predict(PLAIN, vector, X[-rows:]), expected[-rows:])


def test_the_rate_of_dropout_is_kept():
    from skl_lstm.training.native.network import draw_dropout

    architecture = PLAIN._replace(dropout=0.25, recurrent_dropout=0.5, units=(50,), features=40)
    [factors] = draw_dropout(architecture, 200, np.random.default_rng(0))
    for rate, drawn in ((0.25, factors.inputs), (0.5, factors.state)):
        assert set(np.unique(drawn)) == {0, np.float32(1 / (1 - rate))}
        assert_allclose((drawn == 0).mean(), rate, atol=0.02)


def test_an_x_with_other_features_is_refused():
    vector = vector_of(initial_weights(PLAIN, np.random.default_rng(0)))
    X = np.zeros((3, 4, 5), np.float32)
    message = r"X has shape \(3, 4, 5\), but the network needs \(samples, timesteps, 2\)"
    with pytest.raises(ValueError, match=message):
        engine.predict(PLAIN, vector, X)
    with pytest.raises(ValueError, match=message):
        train_natively(PLAIN, [X, np.zeros((3, 1), np.float32)])
