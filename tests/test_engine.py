"""How a model is trained and asked: against plain loops and Keras' own methods."""

import json
import random
from itertools import chain

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skl_lstm._engine import (
    ask,
    batches,
    copy_model,
    pack,
    read_weights,
    seeded,
    train,
    training_rows,
    unpack,
    write_weights,
)

# 20 sequences of 3 time steps of 2 features.
X = np.random.default_rng(0).normal(size=(20, 3, 2)).astype("float32")
Y = X[:, -1].sum(axis=1, keepdims=True)
WEIGHT = np.linspace(0.5, 2, 20, dtype="float32")

# An example builds a pipeline of TensorFlow's, which takes its time.
few = settings(deadline=None, max_examples=30)


def build(seed=0, dropout=0.0, loss="mse"):
    """Build a small network with layers of every kind of state: weights, a seed, a mask."""
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


def states():
    _, keys, position, *_ = np.random.get_state()  # noqa: NPY002
    return random.getstate(), keys.tolist(), position


@pytest.fixture(scope="module")
def trained():
    model = build(dropout=0.3)
    train(model, [X, Y], seed=0, epochs=2, batch_size=8)
    return model


# Seeds.


def test_a_seed_gives_the_same_weights_whatever_was_drawn_before():
    first = build(seed=7)
    random.random(), np.random.random()  # noqa: NPY002
    keras.utils.set_random_seed(1)
    assert_weights_equal(first, build(seed=7))
    assert not np.array_equal(read_weights(first)[0], read_weights(build(seed=8))[0])


def test_seeding_gives_back_the_random_states():
    before = states()
    with seeded(7):
        assert states() != before
        keras.initializers.GlorotUniform()((2, 2))
    assert states() == before


def test_seeding_gives_back_the_random_states_after_an_error():
    before = states()
    with pytest.raises(RuntimeError, match="inside"), seeded(7):  # noqa: PT012
        random.random()
        raise RuntimeError("inside")
    assert states() == before


def test_seeding_nests():
    with seeded(7):
        outer = [random.random() for _ in range(2)]
    with seeded(7):
        first = random.random()
        with seeded(8):
            random.random()
        assert [first, random.random()] == outer


def test_seeding_leaves_tensorflows_seed_alone():
    tf.random.set_seed(3)
    expected = tf.random.uniform((4,)).numpy()
    tf.random.set_seed(3)
    with seeded(7):
        build(dropout=0.5)
    assert_array_equal(tf.random.uniform((4,)), expected)


# The order of the rows.


def epochs_of(n_rows, batch_size, seed, epochs, initial_epoch=0):
    """Return the batches of each epoch, as lists of row numbers."""
    rows = np.arange(n_rows)
    # The second array is told from the first, but follows from it.
    data = batches([rows, np.column_stack([rows, -rows])], batch_size, seed, initial_epoch)
    steps = -(-n_rows // batch_size)
    taken = [(a.numpy(), b.numpy()) for a, b in data.take(steps * epochs)]
    for first, second in taken:
        assert_array_equal(second, np.column_stack([first, -first]))
    numbers = [first.tolist() for first, _ in taken]
    return [numbers[start : start + steps] for start in range(0, len(numbers), steps)]


sizes = st.integers(1, 40), st.integers(1, 50)


@few
@given(*sizes, st.none() | st.integers(0, 2**31 - 2), st.integers(1, 3))
def test_every_epoch_holds_every_row_once_and_the_rest_comes_last(n_rows, batch_size, seed, epochs):
    taken = epochs_of(n_rows, batch_size, seed, epochs)
    whole, rest = divmod(n_rows, batch_size)
    lengths = [batch_size] * whole + [rest] * bool(rest)
    assert len(taken) == epochs
    for epoch in taken:
        assert [len(batch) for batch in epoch] == lengths
        assert sorted(chain(*epoch)) == list(range(n_rows))


@few
@given(*sizes)
def test_without_a_seed_the_rows_keep_their_order(n_rows, batch_size):
    in_order = [
        list(range(start, min(start + batch_size, n_rows)))
        for start in range(0, n_rows, batch_size)
    ]
    assert epochs_of(n_rows, batch_size, None, 2) == [in_order, in_order]


@few
@given(*sizes, st.integers(0, 2**31 - 2), st.integers(0, 3))
def test_an_epoch_has_the_same_order_wherever_training_begins(n_rows, batch_size, seed, begin):
    whole = epochs_of(n_rows, batch_size, seed, 4)
    # TensorFlow's own seed has no say in it.
    tf.random.set_seed(begin)
    assert epochs_of(n_rows, batch_size, seed, 4 - begin, begin) == whole[begin:]


def test_other_seeds_and_other_epochs_have_other_orders():
    orders = [list(chain(*epoch)) for seed in range(5) for epoch in epochs_of(20, 8, seed, 4)]
    assert len(set(map(tuple, orders))) == 20
    assert list(range(20)) not in orders


# Validation rows.


class Spy(keras.callbacks.Callback):
    """See how many batches Keras makes of the training rows."""

    def on_train_begin(self, logs=None):
        self.steps = self.params["steps"]


@pytest.mark.parametrize("split", [0.0, 0.05, 0.1, 0.3, 1 / 3, 0.5, 0.95])
def test_as_many_rows_are_left_for_training_as_keras_leaves(split):
    spy = Spy()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    column = np.zeros((20, 1), dtype="float32")
    options = {"batch_size": 1, "verbose": 0, "callbacks": [spy]}
    model.fit(column, column, validation_split=split, **options)
    assert training_rows(20, split) == spy.steps


@pytest.mark.parametrize(
    ("n_rows", "split", "message"),
    [
        (20, 0.96, "validation_split=0.96 of 20 samples leaves 0 to train on and 20 to validate"),
        (1, 0.5, "validation_split=0.5 of 1 samples leaves 0 to train on and 1 to validate"),
        (20, 1e-17, "leaves 20 to train on and 0 to validate on; both need at least one"),
    ],
)
def test_a_split_that_leaves_a_side_without_rows_is_refused(n_rows, split, message):
    with pytest.raises(ValueError, match=message):
        training_rows(n_rows, split)


# Training and asking.


@pytest.mark.parametrize("split", [0.0, 0.25])
@pytest.mark.parametrize("arrays", [[X, Y], [X, Y, WEIGHT]], ids=["rows", "weighted rows"])
def test_training_in_order_is_keras_own_fit(arrays, split):
    ours, keras_own = build(), build()
    options = {"epochs": 3, "batch_size": 6, "validation_split": split}
    history = train(ours, arrays, seed=None, **options)
    names = dict(zip(("x", "y", "sample_weight"), arrays, strict=False))
    expected = keras_own.fit(**names, shuffle=False, verbose=0, **options).history
    assert history.keys() == expected.keys() == ({"loss", "val_loss"} if split else {"loss"})
    for name, values in expected.items():
        assert_allclose(history[name], values, rtol=1e-6)
    for left, right in zip(read_weights(ours), read_weights(keras_own), strict=True):
        assert_allclose(left, right, rtol=1e-5, atol=1e-7)


def test_training_in_a_graph_is_training_without_one():
    eager, graph = build(), build()
    graph.compile(keras.optimizers.Adam(0.05), "mse")
    options = {"seed": 0, "epochs": 2, "batch_size": 6}
    expected = train(eager, [X, Y], **options)
    assert_allclose(train(graph, [X, Y], **options)["loss"], expected["loss"], rtol=1e-5)
    assert_allclose(ask(graph, X, verbose=0), ask(eager, X, verbose=0), rtol=1e-4, atol=1e-6)


def test_training_in_parts_is_training_at_once():
    whole, parts = build(dropout=0.3), build(dropout=0.3)
    options = {"seed": 5, "batch_size": 6}
    history = train(whole, [X, Y], epochs=3, **options)["loss"]
    first = train(parts, [X, Y], epochs=1, **options)["loss"]
    rest = train(parts, [X, Y], epochs=2, initial_epoch=1, **options)["loss"]
    assert first + rest == history
    assert_weights_equal(parts, whole)


def test_a_seed_trains_the_same_whatever_tensorflows_seed_is():
    models = [build(dropout=0.3) for _ in range(2)]
    for seed, model in enumerate(models):
        tf.random.set_seed(seed)
        train(model, [X, Y], seed=0, epochs=2, batch_size=6)
    assert_weights_equal(*models)


def test_callbacks_see_the_model_and_let_go_of_it():
    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.seen = self.model
            if epoch == 3:
                raise RuntimeError("enough")

    model, look = build(), Look()
    options = {"seed": 0, "batch_size": 20, "callbacks": [look]}
    train(model, [X, Y], epochs=1, **options)
    assert look.seen is model
    assert look.model is None
    with pytest.raises(RuntimeError, match="enough"):
        train(model, [X, Y], epochs=2, initial_epoch=2, **options)
    assert look.model is None


def test_restoring_the_best_weights_raises_no_deprecation_warning():
    # Warnings are errors in these tests; Keras reads weights in a way that NumPy 2 deprecates.
    best = keras.callbacks.EarlyStopping("loss", patience=0, restore_best_weights=True)
    model = build()
    assert len(train(model, [X, Y], seed=0, epochs=2, batch_size=20, callbacks=[best])["loss"]) == 2


def test_asking_is_calling_the_model(trained):
    assert_allclose(ask(trained, X, batch_size=7, verbose=0), trained(X), rtol=1e-5, atol=1e-7)


# Copies.


def test_a_model_comes_back_from_its_reduction_to_the_bit(trained):
    packed = pack(trained)
    # Nothing but text and arrays.
    assert json.loads(packed["architecture"])["config"]["layers"]
    assert all(type(array) is np.ndarray for array in packed["weights"])
    back = unpack(packed)
    assert_weights_equal(back, trained)
    assert_array_equal(back(X), trained(X))


def test_what_comes_back_from_a_reduction_is_not_compiled(trained):
    assert not json.loads(pack(trained)["architecture"]).get("compile_config")
    assert not unpack(pack(trained)).compiled


@pytest.mark.parametrize("way", [pack, copy_model])
def test_a_model_with_a_loss_of_ones_own_can_be_copied(way):
    way(build(loss=squared))


def test_a_reduction_does_not_change_with_the_model():
    model = build()
    packed = pack(model)
    before = ask(model, X, verbose=0)
    train(model, [X, Y], seed=0, epochs=1, batch_size=20)
    back = unpack(packed)
    assert_array_equal(ask(back, X, verbose=0), before)


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


def test_weights_of_another_number_are_refused(trained):
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        write_weights(trained, read_weights(trained)[:-1])
