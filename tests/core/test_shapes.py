"""The integer rules: how columns divide into time steps, and what is said when they do not."""

import re
from numbers import Real

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unhurried

from skl_lstm._core.parameters import AtLeast, LengthOfTime, Number
from skl_lstm._core.shapes import (
    ReshapePlan,
    check_enough_rows,
    divisors,
    furthest_lead,
    plan_reshape,
    step_names,
    window_span,
)


def whole(message):
    return f"^{re.escape(message)}$"


@pytest.mark.parametrize(
    ("arguments", "timesteps", "features", "start"),
    [
        ((10, None, None), 10, 1, 0),
        ((10, 5, None), 5, 2, 0),
        ((10, 10, None), 10, 1, 0),
        ((10, 1, None), 1, 10, 0),
        ((10, None, 2), 5, 2, 0),
        ((10, None, 10), 1, 10, 0),
        ((10, 5, 2), 5, 2, 0),
        ((1, 1, 1), 1, 1, 0),
        ((10, 3, 2, "pre"), 3, 2, 2),
        ((10, 3, 2, "post"), 3, 2, 0),
        ((10, 5, 2, "pre"), 5, 2, 0),
        ((10, 5, 2, "post"), 5, 2, 0),
        ((10, None, 2, "pre"), 5, 2, 0),
        ((10, None, None, "post"), 10, 1, 0),
    ],
)
def test_plan_has_every_number_resolved(arguments, timesteps, features, start):
    plan = plan_reshape(*arguments)
    assert plan == ReshapePlan(timesteps, features, arguments[0], start, "C")
    # NumPy takes no floats for a shape, not even whole ones.
    assert all(type(number) is int for number in plan[:-1])


@unhurried
@given(
    columns=st.integers(1, 60),
    timesteps=st.none() | st.integers(1, 12),
    features=st.none() | st.integers(1, 12),
    truncating=st.sampled_from([None, "pre", "post"]),
)
def test_plan_exists_exactly_where_whole_steps_do(columns, timesteps, features, truncating):
    # Features are what is given, else what is left; truncating alone cannot tell.
    sizes = [features] if features else [1] if timesteps is None else range(1, columns + 1)
    fits = [
        (t, f)
        for f in sizes
        for t in ([timesteps] if timesteps else range(1, columns + 1))
        if t * f == columns or (truncating and timesteps and t * f < columns and columns % f == 0)
    ]
    if not fits or (truncating and timesteps and features is None):
        with pytest.raises(ValueError, match=rf"\b{columns}\b"):
            plan_reshape(columns, timesteps, features, truncating)
        return
    plan = plan_reshape(columns, timesteps, features, truncating)
    assert [(plan.timesteps, plan.features)] == fits
    dropped = columns // plan.features - plan.timesteps
    assert plan.table_timesteps == plan.timesteps + dropped
    assert plan.truncates is (dropped > 0)
    assert plan.start == (dropped if truncating == "pre" else 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (10, 100, None),
            "10 columns cannot be 100 timesteps of whole features: 10 is not a multiple of 100. "
            "Timesteps that fit: 1, 2, 5, 10. If each row is one time step of a long series, use "
            "SequenceWindower(timesteps=100).",
        ),
        (
            (10, None, 3),
            "10 columns cannot be divided into timesteps of 3 features: 10 is not a multiple of 3. "
            "Features that fit: 1, 2, 5, 10.",
        ),
        (
            (10, 6, 2),
            "6 timesteps of 2 features need 12 columns, but X has 10. Use timesteps=5 or fewer, "
            "or make a table with more lag columns.",
        ),
        (
            (10, 3, 2),
            "3 timesteps of 2 features are 6 columns, but X has 10. Use timesteps=5, or choose "
            "which of the 5 steps to drop: truncating='pre' keeps the newest 3, truncating='post' "
            "the oldest 3.",
        ),
        (
            (10, 5, None, "pre"),
            "truncating='pre' drops whole timesteps: give features as well as timesteps=5, for "
            "example features=1 if each of the 10 columns is one timestep.",
        ),
    ],
)
def test_what_cannot_fit_is_refused_in_the_users_numbers(arguments, message):
    with pytest.raises(ValueError, match=whole(message)):
        plan_reshape(*arguments)


@pytest.mark.parametrize(
    ("columns", "timesteps", "features", "suggestion"),
    [
        (60, 7, None, "Timesteps that fit: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60."),
        (
            5040,
            11,
            None,
            "Timesteps that fit, nearest first: 10, 12, 9, 8, 14, 7, 15, 6, 16, 5, 4, 18.",
        ),
        (
            5040,
            None,
            11,
            "Features that fit, nearest first: 10, 12, 9, 8, 14, 7, 15, 6, 16, 5, 4, 18.",
        ),
    ],
)
def test_no_more_than_twelve_fits_are_listed_and_those_nearest(
    columns, timesteps, features, suggestion
):
    with pytest.raises(ValueError, match=re.escape(suggestion)):
        plan_reshape(columns, timesteps, features)


@unhurried
@given(st.integers(1, 3000))
def test_divisors_are_what_a_loop_finds(number):
    assert divisors(number) == [d for d in range(1, number + 1) if number % d == 0]


@unhurried
@given(timesteps=st.integers(1, 50), sampling_rate=st.integers(1, 20))
def test_window_span_counts_the_first_row_and_the_last(timesteps, sampling_rate):
    rows = [step * sampling_rate for step in range(timesteps)]
    assert window_span(timesteps, sampling_rate) == len(range(rows[0], rows[-1] + 1))


@unhurried
@given(st.integers(1, 9), st.integers(1, 5), st.integers(0, 6))
def test_enough_rows_are_the_span_and_what_lies_ahead_and_not_one_less(timesteps, rate, ahead):
    enough = window_span(timesteps, rate) + ahead
    check_enough_rows(enough, timesteps, rate, ahead)
    with pytest.raises(ValueError, match=f"^A series of {enough - 1} rows is too short"):
        check_enough_rows(enough - 1, timesteps, rate, ahead)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (4, 3, 2),
            "A series of 4 rows is too short for one window: 3 timesteps at sampling_rate=2 span "
            "5 rows. Use fewer timesteps or a longer series.",
        ),
        (
            (7, 3, 2, 3),
            "A series of 7 rows is too short for one window: 3 timesteps at sampling_rate=2 span "
            "5 rows, and gap plus horizon need 3 more. Use fewer timesteps or a longer series.",
        ),
    ],
)
def test_short_series_is_refused_in_the_users_numbers(arguments, message):
    with pytest.raises(ValueError, match=whole(message)):
        check_enough_rows(*arguments)


def test_at_least_takes_integers_from_low_up_and_nothing_else():
    for value in (1, 2, 10**20, np.int64(1), np.uint8(3)):
        assert AtLeast(1).is_satisfied_by(value)
    for value in (True, False, np.True_, 0, -1, np.int64(0), 1.0, 2.5, "3", None):
        assert not AtLeast(1).is_satisfied_by(value)
    assert AtLeast(0).is_satisfied_by(0)
    assert not AtLeast(0).is_satisfied_by(False)


def test_number_takes_what_lies_in_its_interval_and_no_boolean():
    positive = Number(Real, 0, None, closed="neither")
    for value in (1, 0.5, 1e-300, 10**20, np.float32(0.5), np.int8(1)):
        assert positive.is_satisfied_by(value)
    for value in (True, np.True_, 0, 0.0, -1, np.inf, np.nan, "1", None, 1j, [1]):
        assert not positive.is_satisfied_by(value)
    assert not Number(Real, None, None, closed="neither").is_satisfied_by(False)
    assert Number(Real, 0, 1, closed="both").is_satisfied_by(1)


@pytest.mark.parametrize("value", [np.timedelta64(1, "h"), np.timedelta64("NaT", "s")])
def test_a_time_span_of_numpy_is_no_number(value):
    # NumPy counts its time spans among the integers.
    assert not Number(Real, 0, None, closed="neither").is_satisfied_by(value)
    assert not AtLeast(1).is_satisfied_by(value)


@pytest.mark.parametrize("unit", ["ps", "ns", "s", "D", "W", "M", "Y"])
def test_a_length_of_time_of_any_unit_is_longer_than_none(unit):
    # A million days do not fit into nanoseconds, and months into none of them.
    satisfied = [
        LengthOfTime().is_satisfied_by(np.timedelta64(count, unit))
        for count in (2**63 - 1, 10**6, 1, 0, -1)
    ]
    assert satisfied == [True, True, True, False, False]
    assert not LengthOfTime().is_satisfied_by(np.timedelta64("NaT", unit))


def test_a_length_of_time_says_in_words_what_it_takes():
    # scikit-learn puts this behind "must be".
    assert str(LengthOfTime()) == "a timedelta longer than 0"


def test_the_values_of_a_window_are_named_step_by_step():
    assert step_names(2, iter(["a", "b"])) == ["t0_a", "t0_b", "t1_a", "t1_b"]
    assert step_names(1, []) == []


@pytest.mark.parametrize(
    ("names", "columns", "expected"),
    [
        (["h1_load", "h24_load", "h3_load"], ["load"], (24, "h24_load")),
        (["h2_a", "h2_b"], [], (2, "h2_a")),
        (["h2_load", "load"], [], (1, "")),
        (["h2_load"], ["h2_load"], (1, "")),  # a column of X
        ([], [], (1, "")),
    ],
)
def test_the_furthest_lead_is_known_if_all_names_are_leads(names, columns, expected):
    assert furthest_lead(names, columns) == expected
