"""Conversion of arrays to tensors and batches, compared with NumPy's indexing."""

from itertools import chain

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skl_lstm._core.windows import window_view
from skl_lstm.training.keras.feed import (
    batch_reader,
    batches,
    epoch_order,
    take,
    tensor_specs,
    to_positions,
    to_tensors,
)

# Each example builds a TensorFlow pipeline, which is slow.
few = settings(deadline=None, max_examples=20)
some = settings(deadline=None, max_examples=60)

seeds = st.integers(0, 2**31 - 2)


@st.composite
def arrays_for_a_network(draw):
    """Arrays with one to three axes, and windows of a table, in various memory layouts."""
    dtype = draw(st.sampled_from(["float32", "float64", "int64", "int32"]))
    features, rows = draw(st.integers(1, 3)), draw(st.integers(1, 12))
    table = np.arange(2 * rows * features).reshape(2 * rows, features).astype(dtype)
    table = draw(st.sampled_from([table[:rows], table[::2], table[::-1], np.asfortranarray(table)]))
    shape = draw(st.sampled_from(["values", "table", "sequences", "windows"]))
    if shape == "values":
        return table[:, 0]
    if shape == "table":
        return table
    steps = draw(st.integers(1, len(table)))
    if shape == "sequences":
        return np.repeat(table[:, np.newaxis], steps, axis=1) * np.arange(steps)[:, np.newaxis]
    rate = draw(st.integers(1, max(1, (len(table) - 1) // max(1, steps - 1))))
    return window_view(table, steps, stride=draw(st.integers(1, 4)), sampling_rate=rate)


def batches_of(arrays, batch_size, seed, initial_epoch=0, rows=None):
    """Return the batches of all rows, or of these rows."""
    positions = to_positions(slice(0, len(arrays[0])) if rows is None else rows)
    return batches(batch_reader(arrays), positions, batch_size, seed, initial_epoch)


@some
@given(arrays_for_a_network(), st.data())
def test_take_selects_rows_like_numpy(X, data):
    positions = data.draw(st.lists(st.integers(0, len(X) - 1), max_size=8))
    taken = take(to_tensors(X), tf.constant(positions, tf.int32)).numpy()
    assert_array_equal(taken, X[np.array(positions, dtype=int)], strict=True)


@some
@given(arrays_for_a_network())
def test_tensors_match_their_specs(X):
    tensors = to_tensors(X)
    for row_shape in (X.shape[1:], [None] * (X.ndim - 1)):
        specs = tensor_specs(tensors, row_shape)
        assert len(specs) == len(tensors)
        assert all(map(tf.TensorSpec.is_compatible_with, specs, tensors))


def test_one_traced_function_takes_windows_of_any_number_stride_and_length():
    series = np.arange(60.0).reshape(30, 2)
    X = window_view(series, 4)
    takes = tf.function(
        take,
        input_signature=[tensor_specs(to_tensors(X), (None, 2)), tf.TensorSpec([None], tf.int32)],
    )
    for other in (
        X,
        X[5:20],
        window_view(series, 7, stride=2),
        window_view(series, 3, sampling_rate=4),
    ):
        assert_array_equal(takes(to_tensors(other), tf.constant([3, 0, 5])), other[[3, 0, 5]])


def test_specs_reject_rows_of_another_shape():
    X = to_tensors(np.zeros((5, 4, 2), "float32"))
    other = to_tensors(np.zeros((5, 4, 3), "float32"))
    assert not tensor_specs(X, (None, 2))[0].is_compatible_with(other[0])


def test_windows_are_not_copied():
    X = window_view(np.zeros((1_000, 2), "float32"), 200)
    table, stride, steps = to_tensors(X)
    assert table.shape == (1_000, 2)
    assert stride.shape == ()
    assert steps.shape == (200,)


def test_windows_of_a_part_of_a_table_convert_only_this_part():
    series = np.arange(2_000.0, dtype="float32").reshape(1_000, 2)
    table, *_ = to_tensors(window_view(series, 20)[100:150])
    assert_array_equal(table, series[100:169])


def test_windows_are_copied_one_batch_at_a_time(monkeypatch):
    sizes = []
    convert = tf.convert_to_tensor

    def spy(value, *args, **kwargs):
        sizes.append(np.size(value))
        return convert(value, *args, **kwargs)

    monkeypatch.setattr(tf, "convert_to_tensor", spy)
    windows = window_view(np.zeros((1_000, 2), "float32"), 200)
    (batch,) = next(iter(batches_of([windows], 8, seed=0)))
    assert batch.shape == (8, 200, 2)
    # A copy of all windows would contain 320,400 numbers.
    assert max(sizes) <= 2_000


# The order of an epoch.


@some
@given(st.integers(1, 60), seeds, st.integers(0, 1_000))
def test_an_order_contains_every_row_once(n_rows, seed, epoch):
    assert sorted(epoch_order(n_rows, seed, epoch).numpy()) == list(range(n_rows))


@some
@given(st.integers(1, 60), st.integers(0, 1_000))
def test_without_a_seed_the_order_is_that_of_the_rows(n_rows, epoch):
    assert epoch_order(n_rows, None, epoch).numpy().tolist() == list(range(n_rows))


@some
@given(st.integers(2, 60), seeds, st.integers(0, 1_000), seeds)
def test_an_order_depends_only_on_seed_and_epoch(n_rows, seed, epoch, global_seed):
    first = epoch_order(n_rows, seed, epoch)
    tf.random.set_seed(global_seed)
    np.random.seed(global_seed % 2**32)  # noqa: NPY002
    tf.random.uniform((3,))
    assert_array_equal(epoch_order(n_rows, seed, epoch), first)
    assert_array_equal(epoch_order(n_rows, seed, tf.constant(epoch, tf.int64)), first)


def test_an_order_draws_nothing_from_tensorflows_seed():
    tf.random.set_seed(3)
    expected = tf.random.uniform((4,)).numpy()
    tf.random.set_seed(3)
    epoch_order(10, 1, 0)
    assert_array_equal(tf.random.uniform((4,)), expected)


def test_orders_differ_between_seeds_and_epochs():
    orders = {
        tuple(epoch_order(20, seed, epoch).numpy()) for seed in range(5) for epoch in range(5)
    }
    assert len(orders) == 25
    assert tuple(range(20)) not in orders


# Batches.


def epochs_of(n_rows, batch_size, seed, epochs, initial_epoch=0):
    """Return the batches of each epoch as lists of row positions."""
    rows = np.arange(n_rows)
    # The second array is computed from the first, to check that the rows stay together.
    data = batches_of([rows, np.column_stack([rows, -rows])], batch_size, seed, initial_epoch)
    steps = -(-n_rows // batch_size)
    taken = [(a.numpy(), b.numpy()) for a, b in data.take(steps * epochs)]
    for first, second in taken:
        assert_array_equal(second, np.column_stack([first, -first]))
    positions = [first.tolist() for first, _ in taken]
    return [positions[start : start + steps] for start in range(0, len(positions), steps)]


sizes = st.integers(1, 40), st.integers(1, 50)


@few
@given(*sizes, st.none() | seeds, st.integers(1, 3))
def test_every_epoch_contains_every_row_once(n_rows, batch_size, seed, epochs):
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
@given(*sizes, seeds, st.integers(0, 3))
def test_the_initial_epoch_does_not_change_later_orders(n_rows, batch_size, seed, begin):
    whole = epochs_of(n_rows, batch_size, seed, 4)
    # TensorFlow's global seed must not affect the order.
    tf.random.set_seed(begin)
    assert epochs_of(n_rows, batch_size, seed, 4 - begin, begin) == whole[begin:]


def test_batches_follow_the_order_of_the_epoch():
    for epoch, taken in enumerate(epochs_of(20, 8, 5, 3)):
        assert list(chain(*taken)) == epoch_order(20, 5, epoch).numpy().tolist()


@pytest.mark.parametrize("seed", [None, 4])
def test_batches_of_windows_equal_batches_of_copied_windows(seed):
    X = window_view(np.arange(60.0, dtype="float32").reshape(30, 2), 5, stride=2, sampling_rate=3)
    y = np.arange(len(X))
    views, copies = (batches_of([rows, y], 4, seed) for rows in (X, X.copy()))
    steps = 2 * -(-len(X) // 4)
    for left, right in zip(views.take(steps), copies.take(steps), strict=True):
        assert_array_equal(left[0], right[0], strict=True)
        assert_array_equal(left[1], right[1])
        assert_array_equal(left[0], X[left[1].numpy()])


@pytest.mark.parametrize("seed", [None, 4])
@pytest.mark.parametrize("rows", [slice(3, 14), np.array([0, 2, 3, 9, 17, 18, 19])])
def test_batches_of_some_rows_are_those_of_an_array_of_them(rows, seed):
    X = np.arange(20.0)
    some_rows, selected = batches_of([X], 4, seed, rows=rows), batches_of([X[rows]], 4, seed)
    for left, right in zip(some_rows.take(6), selected.take(6), strict=True):
        assert_array_equal(left[0], right[0], strict=True)
