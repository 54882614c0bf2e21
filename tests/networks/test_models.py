"""Seeding, packing and copying of models, and reading and writing of weights."""

import json
import random
import sys
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.random import seed_generator
from numpy.testing import assert_array_equal

from skl_lstm.networks.models import (
    array_warnings_silenced,
    copy_model,
    read_weights,
    state_restored_on_error,
    write_weights,
)
from skl_lstm.networks.saving import pack, unpack
from skl_lstm.networks.seeding import seeded

# 20 sequences of 3 time steps of 2 features.
X = np.random.default_rng(0).normal(size=(20, 3, 2)).astype("float32")
Y = X[:, -1].sum(axis=1, keepdims=True)


def build(seed=0, dropout=0.0, loss="mse"):
    """Build a small network with weights, a seed and a mask."""
    with seeded(seed):
        inputs = keras.Input((None, 2))
        hidden = keras.layers.LSTM(3, dropout=dropout)(keras.layers.Masking(9.0)(inputs))
        model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    if loss is not None:
        model.compile(keras.optimizers.Adam(0.05), loss, run_eagerly=True)
    return model


def squared(y, output):
    return keras.ops.mean(keras.ops.square(y - output))


def assert_weights_equal(model, other):
    for left, right in zip(read_weights(model), read_weights(other), strict=True):
        assert_array_equal(left, right, strict=True)


def random_states():
    _, keys, position, *_ = np.random.get_state()  # noqa: NPY002
    return random.getstate(), keys.tolist(), position


@pytest.fixture(scope="module")
def trained():
    model = build(dropout=0.3)
    model.train_on_batch(X, Y)
    return model


# Seeds.


def test_a_seed_gives_the_same_weights_independent_of_earlier_draws():
    first = build(seed=7)
    random.random(), np.random.random()  # noqa: NPY002
    keras.utils.set_random_seed(1)
    assert_weights_equal(first, build(seed=7))
    assert not np.array_equal(read_weights(first)[0], read_weights(build(seed=8))[0])


def test_a_seed_gives_the_same_dropout_independent_of_earlier_draws():
    first = build(seed=7, dropout=0.5)(X, training=True)
    random.random(), np.random.random()  # noqa: NPY002
    keras.utils.set_random_seed(1)
    assert_array_equal(build(seed=7, dropout=0.5)(X, training=True), first)


def test_seeding_restores_the_random_states():
    before = random_states()
    with seeded(7):
        assert random_states() != before
        keras.initializers.GlorotUniform()((2, 2))
    assert random_states() == before


def test_seeding_restores_the_random_states_after_an_error():
    before = random_states()
    with pytest.raises(RuntimeError, match="inside"), seeded(7):  # noqa: PT012
        random.random()
        raise RuntimeError("inside")
    assert random_states() == before


def test_seeding_can_be_nested():
    with seeded(7):
        outer = [random.random() for _ in range(2)]
    with seeded(7):
        first = random.random()
        with seeded(8):
            random.random()
        assert [first, random.random()] == outer


def test_draws_of_other_threads_do_not_change_the_model():
    # The threads of a Dask worker draw while one of them builds a network.
    stop = threading.Event()

    def draw():
        while not stop.is_set():
            random.random()

    expected, interval = build(seed=7, dropout=0.5), sys.getswitchinterval()
    thread = threading.Thread(target=draw)
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        others = [build(seed=7, dropout=0.5) for _ in range(5)]
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    for other in others:
        assert_weights_equal(other, expected)
        assert_array_equal(other(X, training=True), build(7, dropout=0.5)(X, training=True))


def test_other_threads_draw_from_another_generator():
    drawn = []
    with seeded(7):
        thread = threading.Thread(target=lambda: drawn.append(seed_generator.make_default_seed()))
        thread.start()
        thread.join()
        mine = seed_generator.make_default_seed()
    with seeded(7):
        assert mine == seed_generator.make_default_seed()
    assert len(drawn) == 1


def test_seeding_does_not_change_tensorflows_seed():
    tf.random.set_seed(3)
    expected = tf.random.uniform((4,)).numpy()
    tf.random.set_seed(3)
    with seeded(7):
        build(dropout=0.5)
    assert_array_equal(tf.random.uniform((4,)), expected)


# Packing.


def test_an_unpacked_model_is_bitwise_equal(trained):
    packed = pack(trained)
    # The packed model must contain only text and arrays.
    assert json.loads(packed["architecture"])["config"]["layers"]
    assert all(type(array) is np.ndarray for array in packed["weights"])
    unpacked = unpack(packed)
    assert_weights_equal(unpacked, trained)
    assert_array_equal(unpacked(X), trained(X))


def test_an_unpacked_model_is_not_compiled_by_default(trained):
    assert not json.loads(pack(trained)["architecture"]).get("compile_config")
    assert not unpack(pack(trained)).compiled


def test_an_unpacked_model_is_compiled_on_request(trained):
    unpacked = unpack(pack(trained, compiled=True))
    assert_weights_equal(unpacked, trained)
    assert unpacked.loss == "mse"
    assert unpacked.optimizer.learning_rate.numpy() == np.float32(0.05)


@pytest.mark.parametrize("copy", [pack, copy_model])
def test_a_model_with_a_custom_loss_can_be_copied(copy):
    copy(build(loss=squared))


class OwnMetric(keras.metrics.MeanAbsoluteError):
    pass


class OwnOptimizer(keras.optimizers.SGD):
    pass


def test_a_copy_is_compiled_with_custom_code():
    model = build(loss=None)
    model.compile(OwnOptimizer(0.5), squared, metrics=["mae", squared, OwnMetric()])
    copied = copy_model(model)
    assert type(copied.optimizer) is OwnOptimizer
    assert copied.optimizer.learning_rate.numpy() == 0.5
    assert copied.loss is squared
    copied.evaluate(X, Y, verbose=0)
    assert OwnMetric in map(type, copied.metrics[1].metrics)


def test_a_packed_model_does_not_change_with_the_model():
    model = build()
    packed = pack(model)
    before = model(X).numpy()
    model.train_on_batch(X, Y)
    assert not np.array_equal(model(X), before)
    assert_array_equal(unpack(packed)(X), before)


@pytest.mark.parametrize("copy", [pack, lambda model: unpack(pack(model)), copy_model])
def test_copying_draws_no_random_numbers(trained, copy):
    before = random_states()
    copy(trained)
    assert random_states() == before


# Copies and weights.


@pytest.mark.parametrize("loss", [None, "mae"], ids=["not compiled", "compiled"])
def test_a_copy_shares_no_variable(loss):
    model = build(loss=loss)
    copied = copy_model(model)
    assert_weights_equal(copied, model)
    assert not {id(v) for v in copied.variables} & {id(v) for v in model.variables}
    before = read_weights(model)
    write_weights(copied, [array + 1 for array in before])
    for array, kept in zip(read_weights(model), before, strict=True):
        assert_array_equal(array, kept)
    assert copied.compiled is model.compiled
    if loss is not None:
        assert copied.loss == "mae"
        assert copied.optimizer is not model.optimizer
        assert copied.optimizer.learning_rate.numpy() == np.float32(0.05)


def test_read_weights_returns_copies():
    model = build()
    weights = read_weights(model)
    before = [array.copy() for array in weights]
    model.train_on_batch(X, Y)
    for array, kept in zip(weights, before, strict=True):
        assert_array_equal(array, kept, strict=True)


def test_too_few_weights_are_refused(trained):
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        write_weights(trained, read_weights(trained)[:-1])


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_weights_are_restored_after_an_error(error):
    model = build()
    before = read_weights(model)
    with pytest.raises(error, match="stop"), state_restored_on_error(model):  # noqa: PT012
        model.train_on_batch(X, Y)
        raise error("stop")
    for array, kept in zip(read_weights(model), before, strict=True):
        assert_array_equal(array, kept)


def test_trained_weights_are_kept_without_an_error():
    model = build()
    before = read_weights(model)
    with state_restored_on_error(model):
        model.train_on_batch(X, Y)
    assert not np.array_equal(read_weights(model)[0], before[0])


def test_the_warning_of_keras_for_reading_weights_is_silenced(trained):
    # Warnings are errors in these tests; Keras reads weights in a way that NumPy 2 deprecates.
    with array_warnings_silenced():
        weights = trained.get_weights()
    for array, expected in zip(weights, read_weights(trained), strict=True):
        assert_array_equal(array, expected)
