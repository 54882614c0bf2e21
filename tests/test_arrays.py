"""Columns to sequences and back, and sliding windows, against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal
from strategies import reshape_cases, series_cases, trailing_cases, unhurried

from skl_lstm._arrays import (
    columns_to_sequences,
    sequences_to_columns,
    trailing_windows,
    window_view,
)
from skl_lstm._shapes import plan_reshape


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
