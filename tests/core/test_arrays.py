"""Columns to sequences and back, and sliding windows, against plain loops."""

import tracemalloc
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from strategies import reshape_cases, series_cases, trailing_cases, unhurried

from skl_lstm._core.shapes import plan_reshape
from skl_lstm._core.windows import apply_to_table, window_table, window_view
from skl_lstm.transformers.arrays import (
    cast_if_finite,
    columns_to_sequences,
    sequences_to_columns,
    trailing_windows,
)


def plan_of(case):
    return plan_reshape(case.columns, **case.params)


def assert_same(actual, expected):
    assert_array_equal(actual, expected, strict=True)


@unhurried
@given(reshape_cases())
def test_sequences_are_those_of_a_loop_and_a_view_in_any_layout(case):
    before = case.table.copy()
    sequences = columns_to_sequences(case.table, plan_of(case))
    assert_same(sequences, case.sequences())
    assert np.shares_memory(sequences, case.table)
    assert_same(case.table, before)


@unhurried
@given(reshape_cases())
def test_columns_come_back_with_nan_where_a_step_was_dropped(case):
    sequences = case.sequences()
    restored = sequences_to_columns(sequences, plan_of(case))
    assert_same(restored, case.restored())
    assert_same(sequences, case.sequences())


@unhurried
@given(reshape_cases())
def test_there_and_back_is_a_view_unless_steps_were_dropped(case):
    plan = plan_of(case)
    there = columns_to_sequences(case.table, plan)
    back = sequences_to_columns(there, plan)
    assert np.shares_memory(back, case.table) is not plan.truncates


@unhurried
@given(series_cases())
def test_windows_are_those_of_a_loop_and_a_read_only_view_in_any_layout(case):
    before = case.series.copy()
    windows = window_view(case.series, case.timesteps, **case.window_params)
    assert_same(windows, case.windows())
    assert np.shares_memory(windows, case.series)
    with pytest.raises(ValueError, match="read-only"):
        windows[0, 0, 0] = 0
    assert_same(case.series, before)


def test_windows_of_a_long_series_take_no_memory_of_their_own():
    # Written out, these would be 40 GB.
    assert window_view(np.zeros((100_000, 1)), 50_000).shape == (50_001, 50_000, 1)


@unhurried
@given(trailing_cases())
def test_trailing_windows_are_those_of_a_loop(case):
    before = case.rows.copy()
    windows = trailing_windows(case.rows, case.last, case.first, *case.window_args)
    assert_same(windows, case.windows())
    assert not np.shares_memory(windows, case.rows)
    assert_same(case.rows, before)


@unhurried
@given(trailing_cases(one_run=True))
def test_trailing_windows_of_one_run_are_the_same_as_a_read_only_view(case):
    before = case.rows.copy()
    last, first = slice(case.last[0], case.last[-1] + 1), case.first[0]
    windows = trailing_windows(case.rows, last, first, *case.window_args)
    assert_same(windows, case.windows())
    # One first row serves all windows, in whatever order they come.
    assert_same(trailing_windows(case.rows, case.last, first, *case.window_args), windows)
    with pytest.raises(ValueError, match="read-only"):
        windows[0, 0, 0] = 0
    assert_same(case.rows, before)


def test_trailing_windows_with_their_whole_past_in_the_rows_copy_nothing():
    rows = np.arange(10.0).reshape(10, 1)
    assert np.shares_memory(trailing_windows(rows, slice(4, 10), 0, 3, 2, 0.0), rows)
    assert np.shares_memory(trailing_windows(rows, slice(6, 10), 2, 3, 2, "edge"), rows)
    assert not np.shares_memory(trailing_windows(rows, slice(3, 10), 0, 3, 2, "edge"), rows)


@pytest.mark.parametrize(
    ("padding", "steps"),
    [("edge", [[2, 2, 2, 3], [2, 2, 3, 4]]), (0, [[0, 0, 2, 3], [0, 2, 3, 4]])],
)
def test_padding_stands_for_what_is_missing_before_the_first_row(padding, steps):
    rows = np.arange(6).reshape(6, 1)
    for last, first in ((slice(3, 5), 2), (np.array([3, 4]), np.array([2, 2]))):
        assert trailing_windows(rows, last, first, 4, 1, padding)[:, :, 0].tolist() == steps


def test_trailing_windows_of_a_long_series_take_no_memory_of_their_own():
    # Written out, these would be 40 GB.
    windows = trailing_windows(np.zeros((100_000, 1)), slice(0, 100_000), 0, 50_000, 1, "edge")
    assert windows.shape == (100_000, 50_000, 1)


def test_trailing_windows_of_many_rows_are_those_of_the_view():
    rows = np.arange(50_000.0).reshape(-1, 1)
    view = trailing_windows(rows, slice(0, 50_000), 0, 3, 1, "edge")
    assert_same(trailing_windows(rows, np.arange(50_000), 0, 3, 1, "edge"), view)


def memory_besides(last, rows):
    """The memory at its peak, in bytes, less that of the windows written out."""
    tracemalloc.start()
    try:
        windows = trailing_windows(rows, last, 0, 10, 1, -1.0)
        return tracemalloc.get_traced_memory()[1] - windows.nbytes
    finally:
        tracemalloc.stop()


def test_trailing_windows_that_are_written_out_take_little_memory_besides():
    rows = np.zeros((200_000, 4))
    # For all windows at once the numbers of their rows would take 16 MB, and a copy 6.4 MB.
    assert memory_besides(np.arange(200_000), rows) < 6e6
    assert memory_besides(np.array([7, 3]), rows) < 1e5


def test_floats_are_cast_unless_one_of_them_becomes_infinite():
    # However NumPy's errors are set.
    with np.errstate(all="raise"):
        assert_same(
            cast_if_finite(np.array([0.1, 1e-50]), np.dtype("f4")), np.array([0.1, 0], dtype="f4")
        )
        too_large = np.array([0.1, 1e50])
        assert cast_if_finite(too_large, np.dtype("f4")) is too_large
    # A copy would be as large as the table, and no cast is needed.
    assert cast_if_finite(too_large, too_large.dtype) is too_large


# The table that windows are a view of.


def assert_table_of(windows, shared):
    """Every step of every window stands where the table's stride and rate say."""
    table, stride, sampling_rate = shared
    n_windows, timesteps, features = windows.shape
    last = (n_windows - 1) * stride + (timesteps - 1) * sampling_rate
    assert table.shape == (last + 1, features)
    assert table.dtype == windows.dtype
    assert len(table) < n_windows * timesteps
    for i, j in product(range(n_windows), range(timesteps)):
        assert_same(table[i * stride + j * sampling_rate], windows[i, j])


def memory_of(array):
    """The addresses of the first and the last byte that an array reads."""
    reach = [(n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True)]
    start = array.__array_interface__["data"][0]
    return start + sum(min(r, 0) for r in reach), start + sum(max(r, 0) for r in reach)


def is_shared(case):
    """Whether the table has fewer rows than the windows written out."""
    n_windows, timesteps, _ = case.windows().shape
    span = (n_windows - 1) * case.stride + (timesteps - 1) * case.sampling_rate
    return span + 1 < n_windows * timesteps


@unhurried
@given(series_cases())
def test_the_table_of_windows_is_a_read_only_view_in_any_layout(case):
    windows = window_view(case.series, case.timesteps, **case.window_params)
    shared = window_table(windows)
    # A stride and a rate with a common divisor skip rows, which make the table no smaller.
    assert shared is not None or not is_shared(case)
    if shared is None:
        return
    assert_table_of(windows, shared)
    table = shared[0]
    assert np.shares_memory(table, case.series)
    with pytest.raises(ValueError, match="read-only"):
        table[0, 0] = 0


@st.composite
def guarded_windows(draw):
    """Windows over a part of a buffer, and the bounds of the memory they may read."""
    rows, features = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    every_row, every_column = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    order = draw(st.sampled_from("CF"))
    buffer = np.full((rows * every_row + 9, features * every_column + 4), np.inf, order=order)
    inner = buffer[4 : 4 + rows * every_row : every_row, 2 : 2 + features * every_column]
    inner = inner[:, ::every_column]
    inner[...] = np.arange(inner.size).reshape(inner.shape)
    columns = draw(st.sampled_from([slice(None), slice(None, None, -1), slice(0, 1)]))
    part = inner[:, columns]
    timesteps = draw(st.integers(1, 4))
    rate = draw(st.integers(1, 3))
    timesteps = min(timesteps, (rows - 1) // rate + 1)
    windows = window_view(part, timesteps, stride=draw(st.integers(1, 4)), sampling_rate=rate)
    if draw(st.booleans()):
        windows = windows[draw(st.integers(0, len(windows) - 1)) :]
    return windows[:, :, :: draw(st.sampled_from([1, -1]))]


@unhurried
@given(guarded_windows())
def test_the_table_never_reaches_beyond_the_memory_of_the_windows(windows):
    shared = window_table(windows)
    if shared is None:
        return
    assert_table_of(windows, shared)
    assert memory_of(shared[0]) == memory_of(windows)


def test_no_row_of_the_table_lies_beyond_the_series():
    buffer = np.full((30, 6), np.nan)
    series = buffer[10:20, 2:4]
    series[...] = np.arange(20).reshape(10, 2)
    for timesteps, stride, rate in product(range(1, 5), range(1, 4), range(1, 4)):
        shared = window_table(window_view(series, timesteps, stride=stride, sampling_rate=rate))
        assert shared is None or np.isfinite(shared[0]).all()


def test_the_table_of_windows_that_can_be_written_is_read_only():
    series = np.arange(20.0)
    windows = np.lib.stride_tricks.as_strided(series, (18, 3, 1), (8, 8, 8))
    table, *_ = window_table(windows)
    assert_same(table[:, 0], series)
    assert windows.flags.writeable
    assert not table.flags.writeable


def test_a_stride_and_a_rate_with_a_common_divisor_skip_rows():
    series = np.arange(40.0).reshape(20, 2)
    table, stride, rate = window_table(window_view(series, 3, stride=4, sampling_rate=2))
    assert (stride, rate) == (2, 1)
    assert_same(table, series[::2][: len(table)])
    assert np.shares_memory(table, series)


def test_the_windows_of_a_long_series_have_a_table_as_long_as_the_series():
    # Written out, the windows would be 40 GB.
    table, stride, rate = window_table(window_view(np.zeros((100_000, 1)), 50_000))
    assert (table.shape, stride, rate) == ((100_000, 1), 1, 1)


def test_windows_turned_by_their_trailing_view_have_the_padded_table():
    rows = np.arange(6.0).reshape(6, 1)
    table, stride, rate = window_table(trailing_windows(rows, slice(0, 6), 0, 3, 1, "edge"))
    assert table[:, 0].tolist() == [0, 0, 0, 1, 2, 3, 4, 5]
    assert (stride, rate) == (1, 1)


SERIES = np.arange(24.0).reshape(12, 2)
SEQUENCES = SERIES.reshape(4, 3, 2)
WINDOWS = window_view(SERIES, 3)


@pytest.mark.parametrize(
    "array",
    [
        SEQUENCES,
        SEQUENCES.copy("F"),
        np.asfortranarray(SEQUENCES)[:, ::-1],
        SEQUENCES[::2],
        SEQUENCES.transpose(1, 0, 2),
        WINDOWS.copy(),
        window_view(SERIES, 3, stride=3),
        window_view(SERIES, 2, stride=5),
        window_view(SERIES, 1),
        window_view(SERIES, 12),
        SERIES,
        SERIES[:, 0],
        WINDOWS[np.newaxis],
        WINDOWS[:0],
        WINDOWS[:, :0],
        WINDOWS[:, :, :0],
        np.broadcast_to(SERIES[:3], (5, 3, 2)),
        np.broadcast_to(SERIES[:, np.newaxis], (12, 3, 2)),
        np.broadcast_to(np.float32(1), (5, 3, 2)),
        WINDOWS[::-1],
        WINDOWS[:, ::-1],
        WINDOWS[::-1, ::-1],
        window_view(SERIES[::-1], 3),
    ],
    ids=[
        "contiguous",
        "Fortran order",
        "Fortran order, steps reversed",
        "every second sequence",
        "steps first",
        "windows written out",
        "windows side by side",
        "windows apart",
        "windows of one step",
        "one window",
        "table",
        "column",
        "four axes",
        "no windows",
        "no steps",
        "no features",
        "one window for all",
        "one step for all",
        "one number for all",
        "windows reversed",
        "steps reversed",
        "both reversed",
        "table reversed",
    ],
)
def test_other_arrays_are_not_windows_of_a_table(array):
    assert window_table(array) is None


@unhurried
@given(guarded_windows(), st.sampled_from(["float32", "float64", "float16"]))
def test_windows_are_cast_by_casting_their_table(windows, dtype):
    calls = []

    def cast(table):
        calls.append(table)
        return table.astype(dtype, copy=False)

    converted = apply_to_table(windows, cast)
    assert_same(converted, windows.astype(dtype))
    if window_table(windows) is None:
        assert calls[0] is windows
        return
    table, *_ = window_table(converted)
    assert table.nbytes < converted.nbytes
    assert np.shares_memory(converted, windows) == (windows.dtype == dtype)
