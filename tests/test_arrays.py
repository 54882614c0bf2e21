"""Columns to sequences and back, and sliding windows, against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal
from strategies import reshape_cases, series_cases, unhurried

from skl_lstm._arrays import columns_to_sequences, sequences_to_columns, window_view
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
