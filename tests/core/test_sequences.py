"""Sequences of unequal length: the forms they come in, which item is refused, and their mark."""

import copy
import io
import pickle
import re

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import FunctionTransformer
from strategies import LAYOUTS

from skl_lstm import PerTimestep, SequencePadder
from skl_lstm._core.sequences import (
    PaddedSequences,
    lengths_before_padding,
    mark_padding,
    padding_mark,
    read_sequences,
)

ONE = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
TWO = np.array([[7.0, 8.0]])
TRANSFORMERS = [SequencePadder(), PerTimestep(FunctionTransformer())]
BOTH = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=["padder", "per timestep"])


def whole(message):
    return f"^{re.escape(message)}$"


def assert_same(actual, expected):
    assert_array_equal(actual, expected, strict=True)


def boxed(items):
    """Put the items into an object array, also if they are equally long."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


class Tensor:
    """What PyTorch, TensorFlow and JAX have in common: a way to NumPy."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


def padded(mask_value=-9.0, timesteps=4):
    return SequencePadder(timesteps, mask_value=mask_value).fit_transform([ONE, TWO])


# 1. What may come.


@pytest.mark.parametrize(
    "container",
    [list, tuple, boxed, pd.Series, lambda items: pd.Series(items, index=[5, 3])],
    ids=["list", "tuple", "object array", "Series", "Series with an index"],
)
def test_sequences_may_come_in_any_container(container):
    sequences = read_sequences(container([ONE, TWO]))
    assert_same(sequences.steps, np.concatenate([ONE, TWO]))
    assert sequences.lengths.tolist() == [3, 1]
    assert sequences.is_ragged
    assert sequences.has_feature_axis


ITEMS = {
    "list": ONE.tolist(),
    "tuple": tuple(map(tuple, ONE)),
    "integers": ONE.astype("int8"),
    "DataFrame": pd.DataFrame(ONE, columns=["a", "b"], index=[3, 1, 2]),
    "pandas' nullable dtypes": pd.DataFrame(ONE).astype("Float64"),
    "objects": ONE.astype(object),
    "tensor": Tensor(ONE),
    **{layout: LAYOUTS[layout](ONE) for layout in LAYOUTS},
}


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_an_item_may_be_whatever_holds_numbers(item):
    assert_same(read_sequences([TWO, item]).steps, np.concatenate([TWO, ONE]))
    assert_same(read_sequences([item, TWO]).steps, np.concatenate([ONE, TWO]))


def test_items_of_all_kinds_may_stand_in_one_list():
    sequences = read_sequences(list(ITEMS.values()))
    assert_same(sequences.steps, np.concatenate([ONE] * len(ITEMS)))


@pytest.mark.parametrize(
    "item",
    [
        [1.5, 2.5],
        (1.5, 2.5),
        pd.Series([1.5, 2.5], name="a"),
        pd.Series([1.5, 2.5], dtype="Float64"),
        Tensor([1.5, 2.5]),
        np.array([1.5, 2.5], dtype=object),
    ],
    ids=["list", "tuple", "Series", "nullable Series", "tensor", "objects"],
)
def test_an_item_without_a_feature_axis_is_of_one_feature(item):
    sequences = read_sequences([item, np.array([9.0])])
    assert_same(sequences.steps, np.array([[1.5], [2.5], [9.0]]))
    assert sequences.is_ragged
    assert not sequences.has_feature_axis


@pytest.mark.parametrize(
    ("items", "dtype"),
    [
        ([[1, 2], [3]], "int64"),
        ([[1, 2], [3.5]], "float64"),
        ([[True], [False, True]], "bool"),
        ([[True], [2]], "int64"),
        ([np.float32([1]), np.float16([2, 3])], "float32"),
        ([np.float32([1]), [2.0, 3.0]], "float64"),
        ([np.uint8([1]), np.int8([2])], "int16"),
        ([pd.Series([1, pd.NA], dtype="Int64"), [3]], "float64"),
        ([pd.Series([True, pd.NA], dtype="boolean"), [True]], "float64"),
    ],
)
def test_the_steps_take_the_dtype_that_holds_all(items, dtype):
    assert read_sequences(items).steps.dtype == dtype


def test_missing_values_are_nan():
    frame = pd.DataFrame({"a": [1, pd.NA], "b": [2, 3]}).astype("Int64")
    sequences = read_sequences([frame, [[4, None]], [[np.nan, 5]]])
    nan = np.nan
    assert_same(sequences.steps, np.array([[1, 2], [nan, 3], [4, nan], [nan, 5]]))


@pytest.mark.parametrize(
    "wrap", [np.asarray, np.ndarray.tolist, Tensor, lambda X: X.astype(object)]
)
def test_an_array_holds_sequences_of_one_length(wrap):
    X = np.arange(12.0)
    table = read_sequences(wrap(X.reshape(3, 4)))
    assert_same(table.steps, X[:, np.newaxis])
    assert table.lengths.tolist() == [4, 4, 4]
    sequences = read_sequences(wrap(X.reshape(3, 2, 2)))
    assert_same(sequences.steps, X.reshape(6, 2))
    assert sequences.lengths.tolist() == [2, 2, 2]


def test_a_data_frame_is_a_table_of_one_sequence_a_row():
    frame = pd.DataFrame({"t0": [1, 2], "t1": [3.5, 4.5]})
    sequences = read_sequences(frame)
    assert_same(sequences.steps, np.array([[1], [3.5], [2], [4.5]]))
    assert not sequences.is_ragged
    assert not sequences.has_feature_axis


def test_reading_leaves_an_array_where_it_is():
    X = np.arange(12.0).reshape(3, 2, 2)
    assert np.shares_memory(read_sequences(X).steps, X)


# 2. What may not, and which item it is.

NOT_A_SEQUENCE = [
    ([1.0, 2.0], "Item 0 of X is a single number, but every item must be a sequence"),
    ([ONE, 5], "Item 1 of X is a single number"),
    ([ONE, None], "Item 1 of X is "),
    (boxed([ONE, np.nan]), "Item 1 of X is a single number"),
    ([ONE, ONE[np.newaxis]], "Sequence 1 of X has shape (1, 3, 2), but must have shape (timest"),
    ([ONE, ONE[:0]], "Sequence 1 of X is empty: it has shape (0, 2). Drop it and its target."),
    ([ONE[:, :0], TWO[:, :0]], "Sequence 0 of X is empty: it has shape (3, 0)"),
    ([[1.0], [2.0], []], "Sequence 2 of X is empty: it has shape (0,)"),
    ([ONE, pd.DataFrame({"a": [], "b": []})], "Sequence 1 of X is empty: it has shape (0, 2)"),
    ([ONE, pd.DataFrame()], "Sequence 1 of X cannot be read: at least one array"),
    ([], "X is an empty list: a minimum of 1 sequence is required."),
    ((), "X is an empty list: a minimum of 1 sequence is required."),
    (pd.Series([], dtype=object), "X is an empty list: a minimum of 1 sequence is required."),
    (
        [ONE, TWO, TWO[:, :1]],
        "Sequence 2 of X has 1 features, but sequence 0 has 2: all sequences must have the same",
    ),
    (
        [ONE, TWO[0]],
        "Sequence 1 of X has shape (2,), but sequence 0 has shape (3, 2): give all sequences",
    ),
    ([TWO[0], ONE], "Sequence 1 of X has shape (3, 2), but sequence 0 has shape (2,): give all"),
    ([ONE, [["a", "b"]]], "Sequence 1 of X cannot be read: X[1] has a value at (0, 0) that cannot"),
    (
        [ONE, pd.DataFrame({"a": ["x"], "b": [1]})],
        "Sequence 1 of X cannot be read: Columns that do not hold numbers: 'a'. Drop or encode",
    ),
    ([ONE, TWO + 1j], "Sequence 1 of X cannot be read: Complex data not supported"),
    ([ONE, [[1, 2], [3]]], "Sequence 1 of X cannot be read: The items of X[1] have unequal"),
    ([ONE, [[np.inf, 0]]], "Input X contains infinity, first in sequence 1. Replace it, or drop"),
    ([[1.0], [2.0, -np.inf, np.inf]], "Input X contains infinity, first in sequence 1."),
    (np.array([[1.0], [2.0], [np.inf]]), "Input X contains infinity, first in sequence 2."),
    (np.array([[[1.0]], [[np.inf]]]), "Input X contains infinity, first in sequence 1."),
    (ONE.reshape(1, 1, 3, 2), "X has shape (1, 1, 3, 2), but must have shape (samples, timesteps)"),
    (np.ones((2, 0, 3)), "X has shape (2, 0, 3), but must have shape (samples, timesteps)"),
    (np.ones((2, 3, 0)), "X has shape (2, 3, 0), but must have shape (samples, timesteps)"),
    (np.array([1.0, 2.0]), "Expected 2D array, got 1D array instead"),
    (np.ones((0, 3)), "Found array with 0 sample(s)"),
    (np.ones((2, 2)) + 1j, "Complex data not supported"),
    ("text", "X is of type str, but must be a list of sequences or an array of shape (samples,"),
]


@BOTH
@pytest.mark.parametrize(("X", "message"), NOT_A_SEQUENCE)
def test_what_is_no_sequence_is_refused_by_its_number(transformer, X, message):
    fitted = clone(transformer).fit([ONE, TWO])
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        clone(transformer).fit(X)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        fitted.transform(X)


@BOTH
def test_text_is_refused_by_its_number(transformer):
    message = "Sequence 1 of X cannot be read: X[1] is of type str, but must be an array, a list"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        clone(transformer).fit([ONE, "text"])


@pytest.mark.parametrize("before", [[], [ONE[:, 0]]], ids=["", "numbers before them"])
def test_dates_are_refused_by_their_number(before):
    dates = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")
    position = len(before)
    message = (
        rf"^Sequence {position} of X cannot be read: X\[{position}\] has dtype datetime64\[D\]"
    )
    with pytest.raises(TypeError, match=message):
        read_sequences([*before, dates])


def test_a_single_number_is_refused_with_the_remedy():
    message = (
        "Item 0 of X is a single number, but every item must be a sequence of shape (timesteps,) "
        "or (timesteps, features). If X is one sequence, pass [X]."
    )
    numbers = [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match=whole(message)):
        read_sequences(numbers)
    assert read_sequences([numbers]).lengths.tolist() == [3]


@BOTH
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_input_is_refused_with_the_remedy(transformer, container):
    remedy = "Sparse data was passed.*, but dense data is required. Use '.toarray\\(\\)'"
    with pytest.raises(TypeError, match=f"^Sequence 1 of X cannot be read: {remedy}"):
        clone(transformer).fit([ONE, container(TWO)])
    with pytest.raises(TypeError, match=f"^{remedy}"):
        clone(transformer).fit(container(ONE))


def test_numbers_in_a_series_are_refused_in_the_words_of_scikit_learn():
    with pytest.raises(ValueError, match=r"Expected a 2-dimensional container but got .*Series"):
        read_sequences(pd.Series([1.0, 2.0]))


AB, BA = pd.DataFrame({"a": [1.0], "b": [2.0]}), pd.DataFrame({"b": [1.0], "a": [2.0]})


@BOTH
@pytest.mark.parametrize("before", [[], [ONE]], ids=["", "an array before them"])
def test_columns_in_another_order_are_refused(transformer, before):
    message = "has the columns ['b', 'a'], but sequence"
    with pytest.raises(ValueError, match=re.escape(message)):
        clone(transformer).fit([*before, AB, BA])


def test_columns_in_another_order_are_told_from_the_first():
    message = (
        "Sequence 2 of X has the columns ['b', 'a'], but sequence 0 has ['a', 'b']: all sequences "
        "must have the same columns in the same order."
    )
    with pytest.raises(ValueError, match=whole(message)):
        read_sequences([AB, AB, BA])


@BOTH
def test_frames_and_arrays_may_stand_in_one_list(transformer):
    fitted = clone(transformer).fit([AB, ONE, AB])
    assert fitted.feature_names_in_.tolist() == ["a", "b"]


# 3. What is remembered of them, and refused later.


@BOTH
@pytest.mark.parametrize(
    ("X", "columns", "features"),
    [
        ([ONE, TWO], 2, 2),
        ([ONE[:, 0], TWO[0]], 1, 1),
        (ONE, 2, 1),
        (ONE[np.newaxis], 2, 2),
    ],
    ids=["list", "list without a feature axis", "2D array", "3D array"],
)
def test_features_are_counted_by_step_and_columns_as_scikit_learn_does(
    transformer, X, columns, features
):
    fitted = clone(transformer).fit(X)
    assert (fitted.n_features_in_, fitted.features_) == (columns, features)
    assert not hasattr(fitted, "feature_names_in_")


@BOTH
@pytest.mark.parametrize("X", [[AB, AB], AB], ids=["list of frames", "frame"])
def test_names_are_those_of_the_columns(transformer, X):
    fitted = clone(transformer).fit(X)
    assert fitted.feature_names_in_.tolist() == ["a", "b"]
    other = [BA] if isinstance(X, list) else BA
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        fitted.transform(other)
    plain = [ONE] if isinstance(X, list) else ONE
    with pytest.warns(UserWarning, match="X does not have valid feature names, but"):
        fitted.transform(plain)


@BOTH
@pytest.mark.parametrize(
    ("X", "other", "widths"),
    [
        ([ONE, TWO], [np.ones((2, 3))], (3, 2)),
        ([ONE, TWO], np.ones((4, 2, 3)), (3, 2)),
        ([ONE[:, 0]], [ONE], (2, 1)),
        (ONE[np.newaxis], [ONE[:, :1]], (1, 2)),
        (ONE, np.ones((2, 3)), (3, 2)),
    ],
)
def test_other_widths_are_refused_in_the_words_of_scikit_learn(transformer, X, other, widths):
    name = type(transformer).__name__
    message = f"X has {widths[0]} features, but {name} is expecting {widths[1]} features as input"
    with pytest.raises(ValueError, match=message):
        clone(transformer).fit(X).transform(other)


@BOTH
@pytest.mark.parametrize("X", [[ONE, TWO], np.stack([ONE, ONE])])
def test_one_sequence_without_its_list_is_refused_with_the_remedy(transformer, X):
    message = (
        "The sequences of X have 1 feature(s), but in fit they had 2. A 2D array is read as many "
        "sequences of one feature; to pass one sequence of several features, use [X]."
    )
    fitted = clone(transformer).fit(X)
    with pytest.raises(ValueError, match=whole(message)):
        fitted.transform(ONE)
    assert np.shape(fitted.transform([ONE])) == (1, 3, 2)


@BOTH
def test_a_refused_fit_leaves_the_fit_before_it_whole(transformer):
    fitted = clone(transformer).fit([AB, AB])
    before = dict(vars(fitted))
    for X, message in NOT_A_SEQUENCE:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            fitted.fit(X)
    assert vars(fitted) == before


# 4. The mark on what was padded.

KEEPING = {
    "slice": lambda X: X[1:],
    "row numbers": lambda X: X[[1, 0]],
    "row mask": lambda X: X[np.array([True, False])],
    "reshape": lambda X: X.reshape(1, 2, 4, 2),
    "astype": lambda X: X.astype("float32"),
    "view": lambda X: X.view(),
    "method copy": lambda X: X.copy(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "train_test_split": lambda X: train_test_split(X, random_state=0)[0],
    **{
        f"pickle protocol {protocol}": lambda X, protocol=protocol: pickle.loads(
            pickle.dumps(X, protocol)
        )
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("change", KEEPING.values(), ids=KEEPING)
def test_the_mark_is_kept_by_what_keeps_the_values(change):
    X = padded()
    assert padding_mark(X) == -9.0
    kept = change(X)
    assert padding_mark(kept) == -9.0
    assert kept.size == 0 or kept.min() == -9.0


def test_the_mark_is_kept_by_joblib():
    file = io.BytesIO()
    joblib.dump(padded(), file)
    file.seek(0)
    thawed = joblib.load(file)
    assert padding_mark(thawed) == -9.0
    assert_array_equal(thawed, padded())


DROPPING = {
    "plus": lambda X: X + 1,
    "times": lambda X: 2 * X,
    "in place": lambda X: X.__iadd__(1),
    "minus": lambda X: -X,
    "exp": np.exp,
    "compare": lambda X: X == -9,
    "mean": lambda X: X.mean(axis=0),
    "max": lambda X: X.max(),
    "where": lambda X: np.where(X == -9, 0, X),
    "asarray": np.asarray,
    "concatenate": lambda X: np.concatenate([X, X]),
    "tolist": lambda X: X.tolist(),
}


@pytest.mark.parametrize("change", DROPPING.values(), ids=DROPPING)
def test_the_mark_is_dropped_by_what_makes_other_values(change):
    result = change(padded())
    assert not isinstance(result, PaddedSequences)
    assert padding_mark(result) is None


def test_a_marked_array_is_a_plain_one_to_numpy():
    X = padded()
    plain = np.asarray(X)
    assert_same(X, plain)
    assert_same(np.hypot(X, X), np.hypot(plain, plain))
    assert_same(X.mean(axis=(0, 1)), plain.mean(axis=(0, 1)))
    assert X.sum() == plain.sum()
    assert_same(np.add(X, 1, out=X), plain)


def test_a_mark_is_no_copy_and_stays_off_the_original():
    array = np.zeros((2, 3, 1))
    marked = mark_padding(array, 5.0)
    assert np.shares_memory(marked, array)
    assert padding_mark(marked) == 5.0
    assert padding_mark(array) is None


# 5. The lengths before padding and truncation.

SELECTIONS = {
    "slice": lambda X: X[1:],
    "all": lambda X: X[:],
    "backwards": lambda X: X[::-1],
    "row numbers": lambda X: X[[2, 0]],
    "array of row numbers": lambda X: X[np.array([1, 1, -1])],
    "row mask": lambda X: X[np.array([True, False, True])],
    "list of truth": lambda X: X[[False, True, True]],
    "rows of scikit-learn": lambda X: X[np.array([2, 1]), ...],
    "slice of scikit-learn": lambda X: X[slice(0, 2), ...],
    "no rows": lambda X: X[[]],
    "no rows of a slice": lambda X: X[3:],
    "train_test_split": lambda X: train_test_split(X, random_state=0)[0],
}


def numbered(truncating="pre"):
    """Sequences whose first value is their length."""
    X = [np.full((length, 2), float(length)) for length in (3, 1, 5)]
    return SequencePadder(4, mask_value=-9.0, truncating=truncating).fit_transform(X)


@pytest.mark.parametrize("select", SELECTIONS.values(), ids=SELECTIONS)
@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_selected_sequences_keep_their_lengths(select, truncating):
    X = numbered(truncating)
    selected = select(X)
    lengths, side = lengths_before_padding(selected)
    assert lengths.tolist() == np.asarray(selected)[:, 0, 0].tolist()
    assert (side, padding_mark(selected)) == (truncating, -9.0)
    assert_same(np.asarray(selected), select(np.asarray(X)))


OTHER_RESULTS = {
    "reshape": lambda X: X.reshape(2, 6, 2),
    **{name: KEEPING[name] for name in ("astype", "view", "method copy", "copy", "deepcopy")},
    "some timesteps": lambda X: X[:, 1:],
    "one feature": lambda X: X[..., 0],
    "rows and timesteps": lambda X: X[np.array([0, 1]), 1:],
    "a new axis": lambda X: X[None],
    "an ellipsis": lambda X: X[...],
    "transpose": lambda X: X.transpose(1, 0, 2),
    "rows of two axes": lambda X: X[np.array([[0, 1], [1, 2]])],
    "a mask of steps": lambda X: X[np.ones((3, 4), bool)],
    "a single sequence": lambda X: X[0],
}


@pytest.mark.parametrize("change", OTHER_RESULTS.values(), ids=OTHER_RESULTS)
def test_other_results_keep_the_mark_without_the_lengths(change):
    result = change(numbered())
    assert padding_mark(result) == -9.0
    assert lengths_before_padding(result) == (None, None)


@pytest.mark.parametrize("change", DROPPING.values(), ids=DROPPING)
def test_the_lengths_are_dropped_with_the_mark(change):
    assert lengths_before_padding(change(numbered())) == (None, None)


def test_a_single_value_is_a_number():
    value = numbered()[0, 0, 0]
    assert type(value) is np.float64
    assert value == 3.0


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("mask_value", [-9.0, None])
def test_a_pickle_keeps_the_lengths(protocol, mask_value):
    X = mark_padding(np.zeros((2, 3, 1)), mask_value, np.array([2, 5]), "post")
    back = pickle.loads(pickle.dumps(X, protocol))
    assert padding_mark(back) == mask_value
    lengths, truncating = lengths_before_padding(back)
    assert_same(lengths, np.array([2, 5]))
    assert truncating == "post"


def test_a_pickle_of_an_earlier_version_is_loaded():
    class Earlier(PaddedSequences):
        def __reduce__(self):
            rebuild, arguments, state = super().__reduce__()
            return rebuild, (PaddedSequences, *arguments[1:]), state[:2]

    back = pickle.loads(pickle.dumps(padded().view(Earlier)))
    assert type(back) is PaddedSequences
    assert padding_mark(back) == -9.0
    assert lengths_before_padding(back) == (None, None)
    assert_array_equal(back, padded())


@pytest.mark.parametrize("X", [ONE, [ONE, TWO], None, mark_padding(np.zeros((1, 2, 1)), 5.0)])
def test_lengths_may_be_unknown(X):
    assert lengths_before_padding(X) == (None, None)
