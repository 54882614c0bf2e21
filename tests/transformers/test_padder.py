"""`SequencePadder`: where every step lands, the way back, and which mask values are refused."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils._param_validation import InvalidParameterError
from strategies import DTYPES, LAYOUTS, looks_like, ragged_cases, unhurried

from skl_lstm import PerTimestep, SequencePadder
from skl_lstm._core.masks import can_mark, is_masked
from skl_lstm._core.sequences import PaddedSequences, lengths_before_padding, padding_mark
from skl_lstm.transformers.arrays import pad_steps

X = [np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])]
FLAT = [np.array([1.0]), np.array([2.0, 3.0, 4.0])]
TABLE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
CUBE = np.arange(1.0, 13.0).reshape(2, 3, 2)


def whole(message):
    return f"^{re.escape(message)}$"


def assert_same(actual, expected):
    assert_array_equal(actual, expected, strict=True)


def assert_same_sequences(actual, expected):
    assert isinstance(actual, list)
    for one, other in zip(actual, expected, strict=True):
        assert_same(one, other)


# 1. Where every step lands.


@unhurried
@given(ragged_cases())
def test_transform_puts_every_step_where_a_loop_does(case):
    before = [sequence.copy() for sequence in case.sequences]
    assert_same(SequencePadder(**case.params).fit_transform(case.sequences), case.padded())
    assert_same_sequences(case.sequences, before)


@unhurried
@given(ragged_cases())
def test_inverse_transform_gives_the_list_back_but_for_what_was_cut(case):
    padder = SequencePadder(**case.params).fit(case.sequences)
    restored = padder.inverse_transform(padder.transform(case.sequences))
    assert_same_sequences(restored, case.restored())
    if case.timesteps is None:
        assert_same_sequences(restored, case.sequences)


@pytest.mark.parametrize("timesteps", [None, 2])
def test_later_sequences_are_brought_to_the_length_of_fit(timesteps):
    padder = SequencePadder(timesteps).fit(FLAT)
    for later in ([[5.0]], [[5.0, 6.0], [7.0]], [[5.0, 6.0, 7.0, 8.0, 9.0]]):
        assert padder.transform(later).shape == (len(later), timesteps or 3, 1)


@unhurried
@given(ragged_cases())
def test_the_array_knows_its_mask_value_if_anything_was_padded(case):
    padded = SequencePadder(**case.params).fit_transform(case.sequences)
    shorter = any(len(sequence) < case.length for sequence in case.sequences)
    assert padding_mark(padded) == (case.mask_value if shorter else None)


@unhurried
@given(ragged_cases())
def test_the_array_knows_the_lengths_if_any_sequence_was_padded_or_truncated(case):
    padder = SequencePadder(**case.params)
    padded = padder.fit_transform(case.sequences)
    lengths = [len(sequence) for sequence in case.sequences]
    if all(length == case.length for length in lengths):
        assert type(padded) is np.ndarray
        return
    assert type(padded) is PaddedSequences
    found, truncating = lengths_before_padding(padded)
    assert_same(found, np.array(lengths, dtype=np.intp))
    assert truncating == padder.truncating


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_dtype_is_kept(dtype, padding):
    sequences = [np.array([1], dtype), np.array([1, 1, 1], dtype)]
    padder = SequencePadder(padding=padding).fit(sequences)
    padded = padder.transform(sequences)
    expected = [[1, 0, 0], [1, 1, 1]] if padding == "post" else [[0, 0, 1], [1, 1, 1]]
    assert_same(padded, np.array(expected, dtype)[:, :, np.newaxis])
    assert_same_sequences(padder.inverse_transform(padded), sequences)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [[1, 0, 0], [2, 3, 4]]),
        ({"padding": "pre"}, [[0, 0, 1], [2, 3, 4]]),
        ({"timesteps": 4, "mask_value": -1}, [[1, -1, -1, -1], [2, 3, 4, -1]]),
        ({"timesteps": 2}, [[1, 0], [2, 3]]),
        ({"timesteps": 2, "truncating": "pre"}, [[1, 0], [3, 4]]),
        ({"timesteps": 2, "truncating": "pre", "padding": "pre"}, [[0, 1], [3, 4]]),
        ({"timesteps": np.int8(1), "truncating": "pre"}, [[1], [4]]),
    ],
)
def test_padding_and_truncating_take_a_side_each(params, expected):
    padded = SequencePadder(**params).fit_transform(FLAT)
    assert_same(padded, np.array(expected, float)[:, :, np.newaxis])


def test_one_half_stays_one_half():
    padded = SequencePadder(mask_value=-0.5).fit_transform([[0.5], [0.25, 0.75]])
    assert padded.ravel().tolist() == [0.5, -0.5, 0.25, 0.75]


def test_nan_is_data():
    sequences = [np.array([[np.nan, np.nan]]), np.array([[1.0, np.nan], [np.nan, np.nan]])]
    padder = SequencePadder().fit(sequences)
    assert_same_sequences(padder.inverse_transform(padder.transform(sequences)), sequences)


@pytest.mark.parametrize("padding", ["pre", "post"])
def test_a_step_of_which_only_some_features_are_mask_value_is_data(padding):
    sequences = [np.array([[0.0, 1.0]]), np.array([[2.0, 0.0], [0.0, 3.0]])]
    padder = SequencePadder(padding=padding).fit(sequences)
    assert_same_sequences(padder.inverse_transform(padder.transform(sequences)), sequences)


def test_fit_learns_the_longest_and_leaves_the_parameters_alone():
    padder = SequencePadder()
    before = padder.get_params()
    assert padder.fit(X) is padder
    assert (padder.timesteps_, padder.features_) == (3, 2)
    assert padder.get_params() == before
    assert SequencePadder(5).fit(X).timesteps_ == 5


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("timesteps", [1, 2, 3, 5])
def test_pad_steps_does_what_a_loop_does(timesteps, truncating, padding):
    lengths = np.array([2, 1, 4])
    steps = np.arange(14, dtype="int16").reshape(7, 2)
    expected = []
    for sequence in (steps[:2], steps[2:3], steps[3:]):
        rows = sequence.tolist()
        rows = rows[-timesteps:] if truncating == "pre" else rows[:timesteps]
        missing = [[-7, -7]] * (timesteps - len(rows))
        expected.append(missing + rows if padding == "pre" else rows + missing)
    padded = pad_steps(steps, lengths, timesteps, padding, truncating, -7.0)
    assert_same(padded, np.array(expected, "int16"))
    assert lengths.tolist() == [2, 1, 4]


@pytest.mark.parametrize(
    ("steps", "mask_value", "expected"),
    [
        ([[0.0, 0.0], [0.0, 1.0]], 0.0, [True, False]),
        ([[-0.0], [0.0]], 0.0, [True, True]),
        ([[0.1], [0.1 + 1e-10], [0.1001]], 0.1, [True, True, False]),
        ([[1e-50], [1e-30]], 0.0, [True, False]),
        ([[np.nan], [1.0]], 1.0, [False, True]),
        ([[1e300], [3e38]], 3e38, [False, True]),
        ([[2**24 + 1], [2**24 + 2]], 2.0**24, [True, False]),
        ([[True], [False]], 1.0, [True, False]),
        ([[[1], [2]], [[2], [1]]], 2.0, [[False, True], [True, False]]),
    ],
)
def test_a_step_is_masked_if_every_feature_is_the_value_in_single_precision(
    steps, mask_value, expected
):
    assert_same(is_masked(np.array(steps), mask_value), np.array(expected))


@pytest.mark.parametrize(
    ("mask_value", "dtype", "expected"),
    [
        (-1, "int8", True),
        (0.5, "int8", False),
        (300, "int8", False),
        (-1, "uint8", False),
        (1e10, "int32", False),
        (np.nan, "int64", False),
        (1, "bool", True),
        (2, "bool", False),
        (0.5, "float16", True),
        (0.1, "float16", False),
        (1e5, "float16", False),
        (0.1, "float32", True),
        (1e-50, "float32", True),
    ],
)
def test_a_value_marks_if_the_dtype_can_hold_it(mask_value, dtype, expected):
    # The call raises no error under any setting of np.errstate.
    with np.errstate(all="raise"):
        assert can_mark(mask_value, np.dtype(dtype)) is expected


# 2. Mask values that are refused, and what is proposed.


def message_of(call, *args):
    with pytest.raises(ValueError, match="mask_value") as refusal:
        call(*args)
    return str(refusal.value)


def proposed(message):
    return float(
        re.search(r"Use a value that no step has, such as mask_value=(.+), here", message)[1]
    )


def assert_free(mask_value, sequences):
    timesteps = max(map(len, sequences)) + 1
    padder = SequencePadder(timesteps, mask_value=mask_value).fit(sequences)
    assert_same_sequences(padder.inverse_transform(padder.transform(sequences)), sequences)


@unhurried
@given(ragged_cases(masked=True))
def test_a_real_step_that_looks_like_padding_is_refused_and_a_free_value_proposed(case):
    assume(case.sequences[0].dtype != bool)
    number, step = case.masked
    message = message_of(SequencePadder(**case.params).fit, case.sequences)
    value = proposed(message)
    assert message == (
        f"Sequence {number} of X has mask_value={case.mask_value} in every feature of step "
        f"{step}: a network would skip this step as padding. Use a value that no step has, such "
        f"as mask_value={value}, here and in the network."
    )
    assert not any(looks_like(np.ravel(s), value) for q in case.sequences for s in q)
    assert_free(value, case.sequences)


@pytest.mark.parametrize(
    ("mask_value", "values"),
    [
        (0.0, [-0.0]),
        (0.1, [0.1 + 1e-10]),
        (0.0, [1e-50]),
        (np.float32(0.1), [0.1]),
        (-1.0, [-1.0, 0.0, -10.0]),
        (2**24, np.array([2**24 + 1])),
        (255, np.arange(1, 256, dtype="uint8")),
        (0, np.append(np.arange(0, 256), [-1, -10, -100, 1000, 10000])),
    ],
)
def test_a_value_that_is_the_same_in_single_precision_is_found(mask_value, values):
    sequences = [np.asarray(values)]
    message = message_of(SequencePadder(mask_value=mask_value).fit, sequences)
    assert message.startswith("Sequence 0 of X has mask_value=")
    assert_free(proposed(message), sequences)


# Kernels flush numbers below the smallest normal one to zero before they compare.
@pytest.mark.parametrize(("mask_value", "value"), [(0.0, 1e-40), (1e-40, 0.0)])
def test_a_number_too_small_for_single_precision_is_zero_to_a_network(mask_value, value):
    message = message_of(SequencePadder(mask_value=mask_value).fit, [[value], [1.0, 2.0]])
    assert message.startswith("Sequence 0 of X has mask_value=")


@pytest.mark.parametrize("dtype", ["bool", "uint8"])
def test_where_every_value_is_taken_another_dtype_is_proposed(dtype):
    sequences = [np.arange(256).astype(dtype), np.array([0, 1]).astype(dtype)]
    message = message_of(SequencePadder().fit, sequences)
    assert message == (
        "Sequence 0 of X has mask_value=0.0 in every feature of step 0: a network would skip this "
        f"step as padding. X leaves no {dtype} value free: convert X to float64 and use another "
        "value, here and in the network."
    )
    assert_free(-1.0, [sequence.astype("float64") for sequence in sequences])


@pytest.mark.parametrize(
    ("dtype", "mask_value", "proposal"),
    [
        ("int64", 0.5, -1.0),
        ("uint8", -1, 10.0),
        ("uint8", 256, 10.0),
        ("int8", 128, -1.0),
        ("float16", 0.1, -1.0),
        ("float16", 1e5, -1.0),
        ("bool", -1.0, 0.0),
        ("bool", 2, 0.0),
    ],
)
def test_a_mask_value_that_the_dtype_cannot_hold_is_refused(dtype, mask_value, proposal):
    sequences = [np.array([1], dtype), np.array([1, 1, 1], dtype)]
    message = message_of(SequencePadder(mask_value=mask_value).fit, sequences)
    assert message == (
        f"mask_value={mask_value} cannot be represented in {dtype}, the dtype of X. Use a value "
        f"that no step has, such as mask_value={proposal}."
    )
    assert_free(proposal, sequences)


def test_transform_refuses_a_mask_value_too():
    padder = SequencePadder().fit(X)
    message = message_of(padder.transform, [[[1.0, 0.0], [0.0, 0.0]]])
    assert message.startswith("Sequence 0 of X has mask_value=0.0 in every feature of step 1: a")
    message = message_of(SequencePadder(mask_value=0.5).fit([[1.0], [2.0, 3.0]]).transform, [[1]])
    assert message.startswith("mask_value=0.5 cannot be represented in int64, the dtype of X.")


def test_nan_is_refused_as_it_equals_nothing():
    message = (
        "mask_value must not be NaN: NaN does not equal itself, so a network would skip no step. "
        "Use a number that is not in the data, such as -1.0."
    )
    for nan in (np.nan, float("nan"), np.float32("nan")):
        with pytest.raises(ValueError, match=whole(message)):
            SequencePadder(mask_value=nan).fit(X)


@pytest.mark.parametrize("mask_value", [1e39, -1e300])
def test_what_single_precision_cannot_hold_is_refused_here_as_by_the_network(mask_value):
    assert "mask_value" in message_of(SequencePadder(mask_value=mask_value).fit, X)


def test_a_large_integer_is_a_number_like_others():
    assert SequencePadder(mask_value=10**25).fit_transform(X).max() == 1e25


@pytest.mark.parametrize(
    ("params", "message"),
    [
        *(
            ({"timesteps": value}, "The 'timesteps' parameter of SequencePadder must be an int in")
            for value in (0, -1, 2.5, True, "3")
        ),
        ({"padding": "both"}, "The 'padding' parameter of SequencePadder must be a str among"),
        ({"truncating": None}, "The 'truncating' parameter of SequencePadder must be a str among"),
        *(
            ({"mask_value": value}, "The 'mask_value' parameter of SequencePadder must be a float")
            for value in (np.inf, -np.inf, True, np.True_, "0", None)
        ),
    ],
)
def test_bad_parameter_is_refused_in_fit(params, message):
    with pytest.raises(InvalidParameterError, match=message):
        SequencePadder(**params).fit(X)


# 3. Arrays: sequences of one length.


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("array", [TABLE, TABLE * 0, CUBE, CUBE * 0], ids=["2D", "0", "3D", "0"])
def test_an_array_passes_as_a_view_whatever_is_in_it(array, layout):
    array = LAYOUTS[layout](array)
    padder = SequencePadder().fit(array)
    padded = padder.transform(array)
    assert_same(padded, np.asarray(array).reshape(2, 3, -1))
    assert np.shares_memory(padded, array) or not array.flags.c_contiguous
    assert type(padded) is not PaddedSequences
    assert_same(padder.inverse_transform(padded), np.asarray(array))


@pytest.mark.parametrize(("truncating", "kept"), [("post", slice(2)), ("pre", slice(1, 3))])
@pytest.mark.parametrize("array", [TABLE, CUBE], ids=["2D", "3D"])
def test_a_longer_array_is_cut_as_a_view(array, truncating, kept):
    padder = SequencePadder(2, truncating=truncating).fit(array)
    cut = padder.transform(array)
    assert_same(cut, array.reshape(2, 3, -1)[:, kept])
    assert np.shares_memory(cut, array)
    assert padding_mark(cut) is None
    lengths, side = lengths_before_padding(cut)
    assert (lengths.tolist(), side) == ([3, 3], truncating)
    assert_same(padder.inverse_transform(cut), array[:, kept])


def test_an_array_of_small_timesteps_is_padded_to_more():
    padder = SequencePadder(4, padding="pre").fit(TABLE)
    padded = padder.transform(TABLE)
    assert padded[:, :, 0].tolist() == [[0, 1, 2, 3], [0, 4, 5, 6]]
    assert padding_mark(padded) == 0.0
    assert_same_sequences(padder.inverse_transform(padded), list(TABLE))
    with pytest.raises(
        ValueError, match=r"^Sequence 1 of X has mask_value=0\.0 in every feature of step 2"
    ):
        SequencePadder(4).fit([[1.0, 2.0, 3.0], [4.0, 5.0, 0.0]])


@pytest.mark.parametrize("array", [TABLE, CUBE + 1], ids=["2D", "3D"])
def test_after_an_array_a_shorter_sequence_is_padded_and_comes_back(array):
    padder = SequencePadder().fit(array)
    shorter = [array[0], array[1, :2]]
    padded = padder.transform(shorter)
    assert padding_mark(padded) == 0.0
    assert not padded[1, 2].any()
    assert_same_sequences(padder.inverse_transform(padded), shorter)
    assert_same(padder.inverse_transform(padder.transform(array)), array)


@pytest.mark.parametrize("array", [TABLE - 1, CUBE * 0], ids=["2D", "3D"])
def test_after_an_array_in_which_mask_value_is_data_nothing_is_padded(array):
    padder = SequencePadder().fit(array)
    message = (
        "Sequence 1 of X has 2 of 3 timesteps, but cannot be padded: in fit, X had steps with "
        "mask_value=0.0 in every feature. Fit with another mask_value."
    )
    with pytest.raises(ValueError, match=whole(message)):
        padder.transform([array[0], array[1, :2]])
    assert_same(padder.inverse_transform(padder.transform(array)), array)


@pytest.mark.parametrize("array", [TABLE, CUBE], ids=["2D", "3D"])
def test_lists_and_arrays_may_follow_each_other(array):
    by_list = SequencePadder().fit(list(array))
    assert np.shares_memory(by_list.transform(array), array)
    assert_same_sequences(by_list.inverse_transform(by_list.transform(array)), list(array))
    by_array = SequencePadder(2, truncating="pre").fit(array)
    assert_same(by_array.transform(list(array)), array.reshape(2, 3, -1)[:, 1:])
    with pytest.raises(
        ValueError, match=r"^Sequence 0 of X has mask_value=0\.0 in every feature of step 0"
    ):
        by_list.transform(array * 0)


def test_a_table_of_few_columns_is_padded_after_a_list():
    padded = SequencePadder().fit(FLAT).transform(np.array([[5.0, 6.0]]))
    assert padded[:, :, 0].tolist() == [[5, 6, 0]]
    assert padding_mark(padded) == 0.0


def test_the_columns_of_a_table_are_counted_and_named():
    frame = pd.DataFrame(TABLE, columns=["t0", "t1", "t2"])
    padder = SequencePadder().fit(frame)
    assert padder.n_features_in_ == 3
    assert padder.feature_names_in_.tolist() == ["t0", "t1", "t2"]
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        padder.transform(frame[["t2", "t1", "t0"]])


# 4. The way back.


@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 2), (2, 3, 1), (3,), (1, 2, 3, 2)])
def test_inverse_transform_refuses_another_shape(shape):
    message = (
        f"X has shape {shape}, but this SequencePadder was fitted to sequences of shape "
        "(n_samples, 3, 2)."
    )
    with pytest.raises(ValueError, match=whole(message)):
        SequencePadder().fit(X).inverse_transform(np.zeros(shape))


@pytest.mark.parametrize(
    ("padding", "steps"),
    [
        ("post", [0, 1, 2]),
        ("post", [1, 0, 2]),
        ("pre", [1, 2, 0]),
        ("pre", [1, 0, 2]),
        ("pre", [0, 0, 0]),
        ("post", [0, 0, 0]),
    ],
)
def test_inverse_transform_refuses_padding_among_the_real_steps(padding, steps):
    side = {"pre": "start", "post": "end"}[padding]
    message = (
        f"Sample 1 of X is not a sequence padded with padding={padding!r}: steps of "
        f"mask_value=0.0 must be at the {side}, and at least one other step must be left."
    )
    padder = SequencePadder(padding=padding).fit(FLAT)
    padded = np.array([[1.0, 2.0, 3.0], steps])[:, :, np.newaxis]
    with pytest.raises(ValueError, match=whole(message)):
        padder.inverse_transform(padded)


def test_inverse_transform_takes_lists_and_what_has_lost_its_mark():
    padder = SequencePadder().fit(FLAT)
    for padded in ([[[1.0], [0.0], [0.0]]], np.array([[[1.0], [0.0], [0.0]]])):
        assert_same_sequences(padder.inverse_transform(padded), [np.array([1.0])])


def test_a_network_of_single_precision_gives_the_padding_back():
    padder = SequencePadder(mask_value=0.1).fit(X)
    padded = padder.transform(X).astype("float32")
    assert_same_sequences(padder.inverse_transform(padded), [s.astype("float32") for s in X])


# 5. What every estimator promises.


def test_set_params_changes_nothing_before_the_next_fit():
    padder = SequencePadder().fit(X)
    before = padder.transform(X)
    padder.set_params(timesteps=2, padding="pre", truncating="pre", mask_value=-1.0)
    assert_same(padder.transform(X), before)
    assert padding_mark(padder.transform(X)) == 0.0
    assert_same_sequences(padder.inverse_transform(before), X)
    assert_same(padder.fit(X).transform(X)[0], np.array([[-1.0, -1.0], [1.0, 2.0]]))


@pytest.mark.parametrize(
    "params", [{"mask_value": 2.0}, {"mask_value": np.nan}, {"padding": "both"}, {"timesteps": 0}]
)
def test_a_refused_fit_with_other_parameters_leaves_the_fit_before_it_whole(params):
    padder = SequencePadder().fit(FLAT)
    with pytest.raises(ValueError, match=r"mask_value|padding|timesteps"):
        padder.set_params(**params).fit([[2.0], [3.0, 4.0]])
    assert_same(padder.transform(FLAT), SequencePadder().fit_transform(FLAT))


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_output_setting_leaves_the_3d_array_alone(output):
    expected = SequencePadder().fit_transform(X)
    padder = SequencePadder()
    assert padder.set_output(transform=output) is padder
    assert_same(padder.fit_transform(X), expected)
    with config_context(transform_output=output):
        marked = SequencePadder().fit_transform(X)
    assert_same(marked, expected)
    assert padding_mark(marked) == 0.0


def test_output_setting_of_a_pipeline_does_not_raise():
    pipeline = make_pipeline(PerTimestep(FunctionTransformer()), SequencePadder())
    padded = pipeline.set_output(transform="pandas").fit_transform(X)
    assert_same(padded, SequencePadder().fit_transform(X))


def test_parameters_survive_clone_and_pickle():
    params = {"timesteps": 2, "padding": "pre", "truncating": "pre", "mask_value": -1.0}
    padder = SequencePadder(**params).fit(X)
    assert padder.get_params() == clone(padder).get_params() == params
    thawed = pickle.loads(pickle.dumps(padder))
    assert thawed.get_params() == params
    assert_same(thawed.transform(X), padder.transform(X))
    assert_same_sequences(thawed.inverse_transform(thawed.transform(X)), [X[0], X[1][1:]])


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_nothing_works_before_fit(method):
    with pytest.raises(NotFittedError, match="This SequencePadder instance is not fitted yet"):
        getattr(SequencePadder(), method)(X)


@unhurried
@given(ragged_cases(), st.randoms())
def test_every_sequence_is_padded_by_itself(case, random):
    padder = SequencePadder(**case.params).fit(case.sequences)
    padded = padder.transform(case.sequences)
    order = random.sample(range(len(padded)), len(padded))
    assert_same(padder.transform([case.sequences[i] for i in order]), padded[order])
    for sequence, expected in zip(case.sequences, padded, strict=True):
        assert_same(padder.transform([sequence]), expected[np.newaxis])
