"""Values of every time step: the forms they come in, what is missing, and which item is refused."""

import re
import time
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.metrics import classification_report
from strategies import LAYOUTS, unhurried

from skl_lstm import flatten_steps
from skl_lstm._core.step_values import (
    in_form,
    is_missing,
    kept_steps,
    read_step_values,
    without_object_dtype,
)

ONE, TWO = np.array([1.0, 2.0, 3.0]), np.array([4.0])


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


# 1. What may come.


@pytest.mark.parametrize(
    ("container", "form"),
    [
        (list, "list"),
        (tuple, "list"),
        (boxed, "object"),
        (pd.Series, "object"),
        (lambda items: pd.Series(items, index=[5, 3]), "object"),
    ],
    ids=["list", "tuple", "object array", "Series", "Series with an index"],
)
@pytest.mark.parametrize("second", [TWO, ONE], ids=["unequal", "equal"])
def test_values_may_come_in_any_container(container, form, second):
    steps = read_step_values(container([ONE, second]))
    assert_same(steps.values, np.concatenate([ONE, second]))
    assert_same(steps.lengths, np.array([3, len(second)], dtype=np.intp))
    assert steps.form == form


ITEMS = {
    "list": ONE.tolist(),
    "tuple": tuple(ONE),
    "Series": pd.Series(ONE, index=[3, 1, 2]),
    "nullable Series": pd.Series(ONE, dtype="Float64"),
    "categories": pd.Series(ONE, dtype="category"),
    "Index": pd.Index(ONE),
    "objects": ONE.astype(object),
    "tensor": Tensor(ONE),
    "numbers of NumPy": list(ONE),
}


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_an_item_may_be_whatever_holds_values(item):
    for items in ([item, TWO], [item, [4.0]]):
        values = without_object_dtype(read_step_values(items).values)
        assert_same(values, np.array([1.0, 2.0, 3.0, 4.0]))


@pytest.mark.parametrize("wrap", [np.asarray, pd.DataFrame, np.ndarray.tolist])
def test_items_may_have_an_axis_of_outputs(wrap):
    first, second = np.arange(6.0).reshape(3, 2), np.array([[7.0, 8.0]])
    steps = read_step_values([wrap(first), wrap(second)])
    assert_same(steps.values, np.concatenate([first, second]))
    assert steps.lengths.tolist() == [3, 1]


@pytest.mark.parametrize("wrap", [np.asarray, pd.DataFrame, Tensor, *LAYOUTS.values()])
def test_an_array_has_one_sequence_a_row(wrap):
    table = np.arange(6.0).reshape(2, 3)
    steps = read_step_values(wrap(table))
    assert_same(steps.values, np.arange(6.0))
    assert_same(steps.lengths, np.array([3, 3], dtype=np.intp))
    assert steps.form == "array"


def test_an_array_may_have_an_axis_of_outputs():
    cube = np.arange(12).reshape(2, 3, 2)
    steps = read_step_values(cube)
    assert_same(steps.values, cube.reshape(6, 2))
    assert steps.lengths.tolist() == [3, 3]
    assert np.shares_memory(steps.values, cube)


def test_an_array_of_objects_with_two_axes_is_an_array():
    steps = read_step_values(np.array([["a", None], ["b", "c"]], dtype=object))
    assert steps.values.tolist() == ["a", None, "b", "c"]
    assert steps.form == "array"


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([["a", 1], ["b"]], ["a", 1, "b"]),
        ([["a", np.nan], ["b"]], ["a", np.nan, "b"]),
        ([["a"], [1]], ["a", 1]),
        ([np.array(["a"]), np.array([1.5]), np.array([True])], ["a", 1.5, True]),
        ([["a", None]], ["a", None]),
        ([[1, None], [2]], [1, None, 2]),
        ([[b"a"], ["a"]], [b"a", "a"]),
        ([np.array(["2024-01-01"], "M8[D]"), [1]], [np.datetime64("2024-01-01").item(), 1]),
        ([[["a", 1]], [["b", 2]]], [["a", 1], ["b", 2]]),
        ([[True, "a"]], [True, "a"]),
    ],
)
def test_values_of_different_kinds_stay_what_they_are(items, expected):
    values = read_step_values(items).values
    assert values.dtype == object
    flat = [(type(value), str(value)) for value in values.flat]
    assert flat == [(type(value), str(value)) for value in np.array(expected, object).flat]


@pytest.mark.parametrize(
    ("items", "dtype"),
    [
        ([["a"], ["abc", "b"]], "<U3"),
        ([[1, 2], [3.5]], "float64"),
        ([[True], [2]], "int64"),
        ([[True], [False, True]], "bool"),
        ([np.int8([1]), np.int8([2, 3])], "int8"),
        ([[1, np.nan]], "float64"),
        ([[b"a", b"bc"]], "S2"),
    ],
)
def test_values_of_one_kind_take_the_dtype_that_holds_all(items, dtype):
    assert read_step_values(items).values.dtype == dtype


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="requires NumPy 2")
def test_numpys_text_may_be_missing():
    text = np.array(["a", None], dtype=np.dtypes.StringDType(na_object=None))
    assert read_step_values([text]).values.tolist() == ["a", None]


@pytest.mark.parametrize(
    "read",
    [
        list,
        np.stack,
        boxed,
        lambda items: [item.tolist() for item in items],
        lambda items: [item.astype(int).astype(str) for item in items[:1000]],
    ],
    ids=["arrays", "one array", "object array", "lists", "text"],
)
def test_reading_is_fast(read):
    y = read([np.arange(100.0)] * 10_000)
    best = min(timed(lambda: in_form(*read_step_values(y))) for _ in range(3))
    assert best < 2  # typically 0.1 to 0.3 seconds; more under coverage


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


# 2. What may not, and which item it is.

NO_STEP_AXIS = (
    "y has one value for each of the {} sequences, but needs one for each of their time steps: a "
    "list of arrays of shape (timesteps_i,), or an array of shape (n_samples, timesteps). If "
    "the rows are the time steps of one sequence, pass [X] and [y]; of several, pass lists of "
    "their parts."
)


@pytest.mark.parametrize(
    "y",
    [
        [1, 0, 1],
        ["a", "bb", "a"],
        (1.5, None, np.nan),
        [None, pd.NA, None],
        np.ones(3),
        np.array(["a", "b", "c"]),
        np.array(["a", None, 1], dtype=object),
        pd.Series([1, 2, 3]),
        pd.Series(["a", "b", None]),
        pd.Series(["a", "b", "a"], dtype="category"),
        list(np.ones(3)),
    ],
)
def test_one_value_per_sequence_is_refused_with_the_estimator_for_it(y):
    with pytest.raises(ValueError, match=whole(NO_STEP_AXIS.format(3))):
        read_step_values(y)


def test_the_remedy_for_targets_is_not_given_for_other_values():
    message = NO_STEP_AXIS.format(2).partition(" If the rows")[0].replace("y has", "w has")
    with pytest.raises(ValueError, match=whole(message)):
        read_step_values([1.0, 2.0], "w")


SINGLE = (
    "Item 1 of y is a single value, but every item must be a sequence of shape (timesteps,) or "
    "(timesteps, outputs). If y is one sequence, pass [y]."
)
ARRAY_SHAPE = (
    "but must have shape (n_samples, timesteps) or (n_samples, timesteps, outputs), with no axis "
    "of length 0."
)
SPARSE = "dense data is required. Use '.toarray()' to convert to a dense numpy array."
AB = pd.DataFrame({"a": [1.0], "b": [2.0]})

REFUSED = {
    "a single item": ([ONE, 2], ValueError, SINGLE),
    "a missing item": ([ONE, None], ValueError, SINGLE),
    "text as an item": ([["a", "b"], "ab"], ValueError, SINGLE),
    "three axes of an item": (
        [np.ones((2, 3, 4))],
        ValueError,
        "Sequence 0 of y has shape (2, 3, 4), but must have shape (timesteps,) or (timesteps, "
        "outputs).",
    ),
    "an axis of outputs in some": (
        [ONE, TWO, np.ones((3, 2))],
        ValueError,
        "Sequence 2 of y has shape (3, 2), but sequence 0 has shape (3,): give all sequences an "
        "axis of outputs, or none of them.",
    ),
    "other outputs": (
        [np.ones((3, 2)), np.ones((1, 1))],
        ValueError,
        "Sequence 1 of y has 1 value per step, but sequence 0 has 2: all steps must have the same "
        "number of values.",
    ),
    "other columns": (
        [AB, AB[["b", "a"]]],
        ValueError,
        "Sequence 1 of y has the columns ['b', 'a'], but sequence 0 has ['a', 'b']: all sequences "
        "must have the same columns in the same order.",
    ),
    "an item without steps": (
        [ONE, []],
        ValueError,
        "Sequence 1 of y is empty: it has shape (0,). Drop it, and the sequence of X.",
    ),
    "an item without outputs": (
        [np.ones((2, 0))],
        ValueError,
        "Sequence 0 of y is empty: it has shape (2, 0). Drop it, and the sequence of X.",
    ),
    "an empty list": ([], ValueError, "y is an empty list: a minimum of 1 sequence is required."),
    "an empty Series": (
        pd.Series([], dtype=object),
        ValueError,
        "y is an empty list: a minimum of 1 sequence is required.",
    ),
    "an empty array": (np.ones(0), ValueError, f"y has shape (0,), {ARRAY_SHAPE}"),
    "no sequences": (np.ones((0, 2)), ValueError, f"y has shape (0, 2), {ARRAY_SHAPE}"),
    "no steps": (np.ones((2, 0)), ValueError, f"y has shape (2, 0), {ARRAY_SHAPE}"),
    "four axes": (np.ones((1, 2, 3, 4)), ValueError, f"y has shape (1, 2, 3, 4), {ARRAY_SHAPE}"),
    "unequal outputs": (
        [ONE, [[1, 2], [3]]],
        ValueError,
        "Sequence 1 of y cannot be read: The items of y[1] have unequal shapes: item 1 has shape "
        "(1,), item 0 has shape (2,). Give all items the same shape.",
    ),
    "an array of arrays": (
        [boxed([ONE, TWO])],
        ValueError,
        "Sequence 0 of y is an array of arrays. Pass one array, for example np.stack(list(y[0])).",
    ),
    "a sparse matrix": (
        sparse.csr_array(np.eye(3)),
        TypeError,
        f"Sparse data was passed for y, but {SPARSE}",
    ),
    "a sparse item": (
        [ONE, sparse.csr_matrix(np.eye(3))],
        TypeError,
        f"Sequence 1 of y cannot be read: Sparse data was passed for y[1], but {SPARSE}",
    ),
    "a dictionary": (
        {"a": ONE},
        TypeError,
        "y is of type dict, but must be an array, a list or a DataFrame. Convert it, for example "
        "by pandas.DataFrame(y).",
    ),
    "a dictionary as an item": (
        [ONE, {"a": 1}],
        TypeError,
        "Sequence 1 of y cannot be read: y[1] is of type dict, but must be an array, a list or a "
        "DataFrame. Convert it, for example by pandas.DataFrame(y[1]).",
    ),
    "a generator": (
        (item for item in [ONE]),
        TypeError,
        "y is of type generator, but must be an array, a list or a DataFrame. Pass list(y).",
    ),
    "a number": (
        5,
        TypeError,
        "y is of type int, but must be a list of arrays of shape (timesteps_i,), or an array of "
        "shape (n_samples, timesteps).",
    ),
    "masked values": (
        np.ma.masked_array([[1, 2]], mask=[[True, False]]),
        ValueError,
        "y is a masked array with 1 of 2 values masked, which would be used as data. Fill them "
        "first: y.filled(value).",
    ),
}


@pytest.mark.parametrize(("y", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_other_values_are_refused_with_the_remedy(y, error, message):
    with pytest.raises(error, match=whole(message)):
        read_step_values(y)


# 3. What is missing, and what is left without it.


def test_values_of_every_kind_may_be_missing():
    missing = [None, pd.NA, pd.NaT, np.nan, np.float32("nan"), np.datetime64("NaT"), Decimal("nan")]
    present = [0, "", "nan", False, 1 + 2j, pd.Timestamp(0), Decimal(1), np.inf]
    values = np.array([*missing, *present], dtype=object)
    assert is_missing(values).tolist() == [True] * len(missing) + [False] * len(present)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([1.0, np.nan]), [False, True]),
        (np.array(["NaT", "2024-01-01"], "M8[D]"), [True, False]),
        (np.array(["a", "nan"]), [False, False]),
        (np.array([1, 2]), [False, False]),
        (np.array([[1.0, np.nan], [1.0, 2.0], [np.nan] * 2]), [True, False, True]),
        (np.array([["a", "b"], [None, "b"]], dtype=object), [False, True]),
    ],
)
def test_a_step_is_missing_if_any_of_its_values_is(values, expected):
    assert_same(is_missing(values), np.array(expected))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([True, np.False_], "bool"),
        (["a", np.str_("bcd")], "<U3"),
        ([1, 2.5], "float64"),
        ([True, 2], "int64"),
        ([2**63], "uint64"),
        ([2**70, 1], object),
        ([2**63, 1], object),  # as floats, neighbours would be equal
        (["a", 1], object),
        ([None, 1], object),
        ([1 + 1j, 1], object),
        ([(1, 2), (3, 4)], object),
    ],
)
def test_objects_of_one_kind_get_its_dtype(values, dtype):
    result = without_object_dtype(boxed(values))
    assert result.dtype == dtype
    assert result.tolist() == values


@pytest.mark.parametrize("values", [ONE, np.array(["a"]), np.array([], dtype=object)])
def test_other_arrays_are_returned_unchanged(values):
    assert without_object_dtype(values) is values


def test_objects_keep_their_axes():
    assert_same(
        without_object_dtype(np.array([[1, 2], [3, 4]], dtype=object)), np.array([[1, 2], [3, 4]])
    )


# 4. Round trips, and steps end to end, compared with plain loops.

LABELS = {
    "text": st.text("abc", max_size=3),
    "integers": st.integers(-(2**40), 2**40),
    "booleans": st.booleans(),
    "floats": st.floats(allow_nan=False, width=32),
}


@st.composite
def step_cases(draw):
    """Draw sequences of labels of one kind, some of them missing, and the forms of the items."""
    labels = LABELS[draw(st.sampled_from(list(LABELS)))]
    missing = st.sampled_from([None, np.nan, pd.NA])
    lengths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    share = draw(st.sampled_from([0, 1]))
    step = st.one_of(labels, missing) if share else labels
    return [draw(st.lists(step, min_size=length, max_size=length)) for length in lengths]


def plain(value):
    """Return a value as Python's own type; missing ones as None."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if value is None or value is pd.NA or value != value else value


@unhurried
@given(step_cases(), st.data())
def test_values_of_all_steps_are_those_of_a_loop(y, data):
    wrappers = [data.draw(st.sampled_from([list, tuple, boxed, pd.Series])) for _ in y]
    steps = read_step_values([wrap(item) for wrap, item in zip(wrappers, y, strict=True)])
    expected = [plain(value) for item in y for value in item]
    assert [plain(value) for value in steps.values] == expected
    assert steps.lengths.tolist() == [len(item) for item in y]
    assert is_missing(steps.values).tolist() == [value is None for value in expected]


@unhurried
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=6),
    st.sampled_from([(), (1,), (3,)]),
    st.sampled_from(["list", "object"]),
)
def test_items_come_back_in_their_form(lengths, columns, form):
    items = [
        position * 100 + np.arange(length * sum(columns or (1,))).reshape(length, *columns)
        for position, length in enumerate(lengths)
    ]
    steps = read_step_values(items if form == "list" else boxed(items))
    back = in_form(*steps)
    assert type(back) is (list if form == "list" else np.ndarray)
    assert form == "list" or (back.dtype == object and back.ndim == 1)
    for actual, expected in zip(back, items, strict=True):
        assert_same(actual, expected)


@pytest.mark.parametrize("shape", [(2, 3), (1, 1), (3, 2, 4), (2, 2, 1)])
def test_an_array_comes_back(shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    assert_same(in_form(*read_step_values(array)), array)


def test_what_an_array_cannot_hold_comes_back_as_a_list():
    first, second = in_form(np.arange(4), np.array([3, 1]), "array")
    assert (first.tolist(), second.tolist()) == ([0, 1, 2], [3])


@unhurried
@given(step_cases(), st.data())
def test_steps_without_missing_ones_are_those_of_a_loop(y, data):
    seed = data.draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    y_pred = [np.where(rng.random(len(item)) < 0.2, np.nan, 1.0 * seed) for item in y]
    proba = [rng.random((len(item), 3)) for item in y]
    for item in proba:
        item[rng.random(item.shape) < 0.05] = np.nan
    expected = [
        (plain(label), prediction, row.tolist())
        for labels, predictions, rows in zip(y, y_pred, proba, strict=True)
        for label, prediction, row in zip(labels, predictions, rows, strict=True)
        if plain(label) is not None and prediction == prediction and not np.isnan(row).any()
    ]
    if not expected:
        with pytest.raises(ValueError, match=r"^No time step is left"):
            flatten_steps(y, y_pred, proba)
        return
    labels, predictions, rows = flatten_steps(y, y_pred, proba)
    assert labels.dtype != object
    assert [plain(label) for label in labels] == [label for label, _, _ in expected]
    assert predictions.tolist() == [prediction for _, prediction, _ in expected]
    assert rows.tolist() == [row for _, _, row in expected]


def test_metrics_of_scikit_learn_take_the_steps():
    y = [["walk", None, "run"], ["run"]]
    report = classification_report(
        *flatten_steps(y, [["walk", "run", "run"], ["walk"]]), output_dict=True
    )
    assert report["accuracy"] == pytest.approx(2 / 3)
    assert report["run"]["support"] == 2


def test_one_argument_gives_a_tuple_of_one():
    (values,) = flatten_steps([[1, None], [3]])
    assert_same(values, np.array([1, 3]))


def test_arguments_may_have_different_forms():
    y, weights = flatten_steps(np.array([[1, 2], [3, 4]]), [[0.5, np.nan], [1.5, 2.5]])
    assert_same(y, np.array([1, 3, 4]))
    assert_same(weights, np.array([0.5, 1.5, 2.5]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ([ONE, TWO], [ONE]),
            "argument 0 has 2 sequences, but argument 1 has 1: both must have the same sequences.",
        ),
        (
            ([ONE], [ONE], [ONE, TWO]),
            "argument 0 has 1 sequence, but argument 2 has 2: both must have the same sequences.",
        ),
        (
            ([ONE, TWO], [ONE, TWO], [ONE, ONE]),
            "Sequence 1 has 1 time step in argument 0, but 3 in argument 2: both must have one "
            "value for each of its time steps. Use NaN or None for a step whose value is unknown.",
        ),
        (
            ([ONE, TWO], [0.5, 1.5]),
            NO_STEP_AXIS.format(2).partition(" If the rows")[0].replace("y has", "argument 1 has"),
        ),
        (
            ([[None, 1]], [[1, np.nan]]),
            "No time step is left: of 2, the number of missing ones is 1 in argument 0, 1 in "
            "argument 1. A step needs a value in every argument.",
        ),
    ],
)
def test_arguments_that_do_not_match_are_refused(arguments, message):
    with pytest.raises(ValueError, match=whole(message)):
        flatten_steps(*arguments)


def test_an_argument_of_another_type_is_refused():
    with pytest.raises(TypeError, match=r"^argument 1 is of type NoneType, but must be a list of"):
        flatten_steps([ONE], None)


@unhurried
@given(
    cases=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=6),
    truncating=st.sampled_from(["pre", "post", None]),
)
def test_a_truncation_keeps_the_first_or_the_last_steps(cases, truncating):
    lengths = np.array([length for length, _ in cases])
    n_kept = np.minimum(lengths, [kept for _, kept in cases])
    expected = []
    for length, kept in zip(lengths, n_kept, strict=True):
        steps = list(range(length))
        left = steps[-kept:] if truncating == "pre" else steps[:kept]
        expected += [step in left for step in steps]
    assert kept_steps(lengths, n_kept, truncating).tolist() == expected


def test_integers_of_pandas_with_missing_values_stay_integers():
    y = [pd.Series([1, None, 0], dtype="Int64"), pd.Series([2, 1], dtype="Int64")]
    (flat,) = flatten_steps(y)
    assert flat.tolist() == [1, 0, 2, 1]
    assert flat.dtype.kind == "i"
