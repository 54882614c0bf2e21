"""Traced copies: their state, their results, and how the pool lends them."""

import gc
import random
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras_models import (
    ARCHITECTURES,
    WEIGHT,
    X,
    Y,
    compiled,
    filled,
    from_a_network,
    small,
)
from numpy.testing import assert_allclose, assert_array_equal

from skl_lstm.networks.models import read_weights, write_weights
from skl_lstm.networks.seeding import seeded
from skl_lstm.training.keras.feed import to_tensors
from skl_lstm.training.keras.plans import plan_of, prediction_plan
from skl_lstm.training.keras.pool import Pool, TracedCopy


@pytest.fixture(params=ARCHITECTURES)
def build(request):
    return ARCHITECTURES[request.param]


def values(model, *, optimizer=False):
    variables = [*model.variables, *(model.optimizer.variables if optimizer else ())]
    return [variable.value.numpy() for variable in variables]


def assert_equal(actual, expected):
    for left, right in zip(actual, expected, strict=True):
        assert_array_equal(left, right, strict=True)


def differ(left, right):
    return any(not np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def random_states():
    _, keys, position, *_ = np.random.get_state()  # noqa: NPY002
    return random.getstate(), keys.tolist(), position


def test_neither_plans_nor_copies_keep_a_model_alive():
    model, pool = compiled(), Pool()
    with pool.lend(plan_of(model, training=True), model) as copy:
        copy.load(model)
        copy.predict(X)
    prediction_plan(model)
    alive = weakref.ref(model)
    del model
    gc.collect()
    assert alive() is None


# State.


DECAY = keras.optimizers.schedules.ExponentialDecay
OPTIMIZERS = {
    "Adam": lambda: "adam",
    "SGD": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "SGD without state": lambda: "sgd",
    "schedule": lambda: keras.optimizers.Adam(DECAY(0.1, 5, 0.9)),
    "moving averages": lambda: keras.optimizers.Adam(use_ema=True),
    "gradients summed up": lambda: keras.optimizers.Adam(gradient_accumulation_steps=2),
    "scaled loss": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_load_and_store_copy_all_state(optimizer):
    def build(seed):
        model = from_a_network(units=(2, 2), dropout=0.2)
        return filled(compiled(model, OPTIMIZERS[optimizer]()), seed)

    model, other = build(0), build(1)
    # Each of the two layers with dropout has a seed variable.
    assert len(model.variables) == len(model.weights) + 2
    copy = TracedCopy(plan_of(model, training=True), model)
    assert not {id(v) for v in copy.model.variables} & {id(v) for v in model.variables}
    assert not {id(v) for v in copy.model.optimizer.variables} & {
        id(v) for v in model.optimizer.variables
    }
    before = values(model, optimizer=True)
    copy.load(model, optimizer=True)
    assert_equal(values(copy.model, optimizer=True), before)
    copy.load(other, optimizer=True)
    assert_equal(values(model, optimizer=True), before)
    copy.store(model)
    assert_equal(values(model, optimizer=True), values(other, optimizer=True))
    assert differ(values(model, optimizer=True), before)


def test_load_works_for_every_architecture(build):
    model = filled(compiled(build()), 0)
    copy = TracedCopy(plan_of(model, training=True), model)
    copy.load(model, optimizer=True)
    assert_equal(values(copy.model, optimizer=True), values(model, optimizer=True))
    for left, right in zip(copy.model.variables, model.variables, strict=True):
        assert left.path.rsplit("/")[-1] == right.path.rsplit("/")[-1]
        assert left.trainable is right.trainable


def test_load_does_not_copy_the_optimizer_by_default():
    model = filled(compiled(), 0)
    copy = TracedCopy(plan_of(model, training=True), model)
    before = [variable.value.numpy() for variable in copy.model.optimizer.variables]
    copy.load(model)
    assert_equal(values(copy.model), values(model))
    assert_equal([variable.value.numpy() for variable in copy.model.optimizer.variables], before)


def test_a_copy_for_prediction_is_not_compiled():
    model = compiled()
    assert not TracedCopy(plan_of(model, training=False), model).model.compiled


@pytest.mark.parametrize("part", ["cell", "kernel"])
def test_frozen_parts_of_a_layer_stay_frozen(part):
    model = small()
    cell = model.layers[1].cell
    (cell if part == "cell" else cell.kernel).trainable = False
    filled(compiled(model), 0)
    plan = plan_of(model, training=True)
    if plan is not None:
        copy = TracedCopy(plan, model)
        copy.load(model, optimizer=True)
        assert [v.trainable for v in copy.model.variables] == [v.trainable for v in model.variables]


# Results.


def test_a_copy_predicts_like_its_model(build):
    model = filled(build(), 0)
    copy = TracedCopy(plan_of(model, training=False), model)
    copy.load(model)
    tolerance = 1e-2 if "mixed" in model.layers[1].dtype_policy.name else 1e-5
    for rows in (X, X[:1], X[:, :2], X[::2, ::-1], X.astype("float64"), np.asfortranarray(X)):
        output = copy.predict(rows)
        assert output.shape == (len(rows), 1)
        assert_allclose(output, model(rows), rtol=tolerance, atol=tolerance)


def test_a_time_distributed_layer_processes_all_steps():
    # If the number of steps is None, Keras 3.15 processes as many steps as there are samples.
    inputs = keras.Input((None, 2))
    model = filled(keras.Model(inputs, layers.TimeDistributed(layers.Dense(2))(inputs)), 0)
    plan = plan_of(model, training=False)
    if plan is not None:
        copy = TracedCopy(plan, model)
        copy.load(model)
        for rows in (X[:3], X[:4], X):
            assert_allclose(copy.predict(rows), model(rows), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("arrays", [[X, Y], [X, Y, WEIGHT]], ids=["rows", "weighted rows"])
def test_an_epoch_equals_the_training_steps_of_keras(arrays):
    def build(**options):
        metrics = {"weighted_metrics": [keras.metrics.MeanAbsoluteError(name="off")]}
        with seeded(3):
            return compiled(small(), keras.optimizers.Adam(0.1), **metrics, **options)

    model, expected = build(), build(run_eagerly=True)
    model.optimizer.build(model.trainable_variables)
    copy = TracedCopy(plan_of(model, training=True), model)
    copy.load(model, optimizer=True)
    order = np.random.default_rng(1).permutation(10)
    tensors = [to_tensors(array) for array in arrays]
    names = ("x", "y", "sample_weight")
    options = {"batch_size": 4, "verbose": 0}
    in_order = {name: array[order] for name, array in zip(names, arrays, strict=False)}
    history = expected.fit(**in_order, epochs=2, shuffle=False, **options).history
    for epoch in range(2):
        logs = copy.train_epoch([(tensors, tf.constant(order, tf.int32))], 4)
        assert {name: type(value) for name, value in logs.items()} == {"loss": float, "off": float}
        for name, value in logs.items():
            assert_allclose(value, history[name][epoch], rtol=1e-5)
    copy.store(model)
    for left, right in zip(read_weights(model), read_weights(expected), strict=True):
        assert_allclose(left, right, rtol=1e-5, atol=1e-6)
    measured = copy.evaluate([(tensors, tf.range(10))], 4)
    by_keras = expected.evaluate(**in_order, **options, return_dict=True)
    for name, value in by_keras.items():
        assert_allclose(measured[name], value, rtol=1e-5)
    assert_equal(values(copy.model), values(model))


def test_tracing_many_architectures_logs_no_warning(monkeypatch):
    warnings = []
    monkeypatch.setattr(tf.get_logger(), "warning", lambda *message: warnings.append(message))
    tensors = [to_tensors(X), to_tensors(Y)]
    for units in range(1, 8):
        inputs = keras.Input((4, 2))
        outputs = layers.Dense(1)(layers.Dense(units)(layers.Flatten()(inputs)))
        model = compiled(keras.Model(inputs, outputs), "sgd")
        copy = TracedCopy(plan_of(model, training=True), model)
        copy.train_epoch([(tensors, tf.range(10))], 10)
        copy.predict(X)
    assert not warnings


# The pool.


PLANS = 4


@pytest.fixture(scope="module")
def models():
    """Models with different plans."""
    return [small(units) for units in range(1, PLANS + 1)]


def lend(pool, model):
    with pool.lend(plan_of(model, training=False), model) as copy:
        return copy


def test_a_returned_copy_is_lent_to_another_model_of_its_plan():
    pool = Pool()
    assert lend(pool, small()) is lend(pool, small())
    assert lend(pool, small(3)) is not lend(pool, small())


def test_the_least_recently_used_copy_is_removed_first(models):
    pool = Pool(max_copies=2)
    first, second, third, _ = models
    copies = {model: lend(pool, model) for model in (first, second)}
    assert lend(pool, first) is copies[first]
    copies[third] = lend(pool, third)  # removes the copy of the second model
    assert lend(pool, third) is copies[third]
    assert lend(pool, first) is copies[first]
    assert lend(pool, second) is not copies[second]
    assert lend(pool, first) is copies[first]
    assert lend(pool, third) is not copies[third]


@pytest.mark.parametrize("max_copies", [1, 3])
def test_a_pool_limits_the_number_of_idle_copies(models, max_copies):
    pool = Pool(max_copies=max_copies)
    copies = [weakref.ref(lend(pool, model)) for model in models]
    gc.collect()
    assert [copy() is not None for copy in copies] == [False] * (PLANS - max_copies) + [
        True
    ] * max_copies


def test_two_concurrent_callers_get_two_copies():
    pool, model = Pool(), small()
    plan = plan_of(model, training=False)
    with pool.lend(plan, model) as first, pool.lend(plan, model) as second:
        assert first is not second
    with pool.lend(plan, model) as third, pool.lend(plan, model) as fourth:
        assert {third, fourth} == {first, second}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_copy_is_discarded_after_an_error(error):
    pool, model = Pool(), small()
    plan = plan_of(model, training=False)
    with pytest.raises(error, match="in between"), pool.lend(plan, model) as broken:
        raise error("in between")
    healthy = lend(pool, model)
    assert healthy is not broken
    assert lend(pool, model) is healthy


def test_any_compiled_copy_can_predict():
    pool = Pool()
    adam, sgd, bare = filled(compiled(), 0), filled(compiled(optimizer="sgd"), 1), small()
    for trained in (adam, sgd):
        with pool.lend(plan_of(trained, training=True), trained) as copy:
            copy.load(trained, optimizer=True)
    copies = set()
    for model in (adam, sgd, bare, adam):
        with pool.lend(plan_of(model, training=False), model) as copy:
            copies.add(copy)
            copy.load(model)
            assert_allclose(copy.predict(X), model(X), rtol=1e-5, atol=1e-6)
    assert len(copies) == 1  # the compiled copy was reused


def test_a_copy_for_prediction_is_not_lent_for_training():
    pool, model = Pool(), compiled()
    for_prediction = lend(pool, model)
    with pool.lend(plan_of(model, training=True), model) as copy:
        assert copy is not for_prediction
        assert copy.model.compiled


def test_a_new_copy_draws_no_random_numbers():
    model = compiled(small(dropout=0.2))
    before = random_states()
    tf.random.set_seed(3)
    expected = tf.random.uniform((4,)).numpy()
    tf.random.set_seed(3)
    lend(Pool(), model)
    assert random_states() == before
    assert_array_equal(tf.random.uniform((4,)), expected)


def test_copies_work_after_the_session_is_cleared():
    pool, model = Pool(), filled(small(dropout=0.2), 0)
    plan = plan_of(model, training=False)
    outputs = []
    for _ in range(3):
        with pool.lend(plan, model) as copy:
            copy.load(model)
            outputs.append(copy.predict(X))
        keras.backend.clear_session()
    assert_equal(outputs[1:], outputs[:-1])
    again = small(dropout=0.2)
    write_weights(again, read_weights(model))
    with pool.lend(plan_of(again, training=False), again) as last:
        last.load(again)
        assert last is copy
        assert_array_equal(last.predict(X), outputs[0])


def test_threads_never_share_a_copy():
    pool = Pool(max_copies=2)
    models = [filled(small(), seed) for seed in range(4)]
    expected = [model(X).numpy() for model in models]
    plan = plan_of(models[0], training=False)
    lent, lock = set(), threading.Lock()
    together = threading.Barrier(len(models))

    def predict_repeatedly(index):
        together.wait()
        for _ in range(15):
            with pool.lend(plan, models[index]) as copy:
                with lock:
                    assert copy not in lent
                    lent.add(copy)
                copy.load(models[index])
                output = copy.predict(X)
                with lock:
                    lent.remove(copy)
            assert_allclose(output, expected[index], rtol=1e-5, atol=1e-6)
        return index

    with ThreadPoolExecutor(len(models)) as threads:
        assert list(threads.map(predict_repeatedly, range(len(models)))) == list(range(len(models)))
    assert not lent
