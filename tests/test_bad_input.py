"""Bad input raises the right error and changes nothing.

Every row of the tables is a call with bad input and the expected error. After the error, a fitted
object gives the same result as before, to the last bit. An unfitted object can still be fitted.
Warnings are errors here, so some rows expect a warning.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.utils._param_validation import InvalidParameterError

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
    SequenceClassifier,
    SequencePadder,
    SequenceRegressor,
    SequenceReshaper,
    SequenceWindower,
    lstm_network,
    make_supervised,
    sliding_windows,
)


class Row(NamedTuple):
    """A call that must be refused. A `fit` is tested on a new and on a fitted object."""

    method: str
    bad: str  # description of the fault
    args: tuple
    error: type[Exception]  # exactly this type
    message: str  # a part of the message
    params: dict[str, Any] = {}  # noqa: RUF012 (parameters of the object; never changed)
    kwargs: dict[str, Any] = {}  # noqa: RUF012


class Subject(NamedTuple):
    """An object, data to fit it, and a call to compare its results before and after an error."""

    new: Any
    fit_to: tuple
    compute: Callable[[Any], Any]
    rows: list[Row]


class Unreadable:
    """An object that cannot be converted to a number."""


class SklearnCallback:
    """A callback of scikit-learn, not of Keras."""

    def on_fit_task_begin(self, estimator, context):
        pass


# 1. Bad arrays.

HUGE = 10**400  # beyond float64
DATES = pd.Timestamp("2024-01-01")


def put(X, value):
    """Return a copy of X with `value` as its first value."""
    X = np.array(X, dtype=object if isinstance(value, str | Unreadable | int) else None)
    X.flat[0] = value
    return X


def parametrized(method, cases, *before, params=None, after=()):
    """Return one row per case, for one method."""
    return [
        Row(method, bad, (*before, X, *after), error, message, params or {})
        for bad, X, error, message in cases
    ]


def not_numbers(X):
    """Variants of X that do not contain only real numbers. All methods must refuse them."""
    return [
        ("+inf", put(X, np.inf), ValueError, "contains infinity"),
        ("-inf", put(X, -np.inf), ValueError, "contains infinity"),
        ("text among numbers", put(X, "a"), ValueError, "could not convert string to float: 'a'"),
        ("a huge int", put(X, HUGE), ValueError, "int too large to convert to float"),
        ("an object", put(X, Unreadable()), TypeError, "be converted to a number: float() arg"),
        ("complex", X + 1j, ValueError, "Complex data not supported"),
        ("dates", X.astype("M8[s]"), TypeError, "has dtype datetime64[s], but must be numer"),
        ("time spans", X.astype("m8[s]"), TypeError, "has dtype timedelta64[s], but must be numer"),
        ("masked", np.ma.masked_equal(X, X.flat[0]), ValueError, "is a masked array with 1 of"),
    ]


TABLE = np.arange(1.0, 25.0).reshape(6, 4)
NAMED = pd.DataFrame(TABLE, columns=list("abcd"))
CUBE = TABLE.reshape(6, 2, 2)

NOT_A_TABLE = [
    *not_numbers(TABLE),
    ("strings", TABLE.astype(str), ValueError, "arrays of bytes/strings"),
    ("bytes", TABLE.astype("S"), ValueError, "arrays of bytes/strings"),
    ("None", None, ValueError, "Expected 2D array, got scalar array"),
    ("0-d", np.float64(3), ValueError, "Expected 2D array, got scalar array"),
    ("1-d", TABLE[0], ValueError, "Expected 2D array, got 1D array"),
    ("3-d", CUBE, ValueError, "Found array with dim 3"),
    ("a Series", NAMED["a"], ValueError, "Expected a 2-dimensional container but got"),
    ("no rows", TABLE[:0], ValueError, "Found array with 0 sample(s)"),
    ("no columns", TABLE[:, :0], ValueError, "Found array with 0 feature(s)"),
    ("empty list", [], ValueError, "Expected 2D array, got 1D array"),
    (
        "ragged",
        [[1.0, 2.0], [3.0]],
        ValueError,
        "item 1 has shape (1,), item 0 has shape (2,). Give all items the same",
    ),
    ("sparse", sparse.csr_array(TABLE), TypeError, "Use '.toarray()' to convert to a dense"),
    ("text column", NAMED.assign(c="x"), ValueError, "do not hold numbers: 'c'. Drop or encode"),
    ("date column", NAMED.assign(c=DATES), TypeError, "do not hold numbers: 'c'. Drop or encode"),
    (
        "repeated names",
        NAMED.set_axis(list("aabb"), axis=1),
        ValueError,
        "repeated column names, 'a', 'b', but columns",
    ),
    ("mixed names", NAMED.set_axis([0, "a", "b", "c"], axis=1), TypeError, "names are only suppo"),
]
OTHER_WIDTH = [
    ("narrower", TABLE[:, :3], ValueError, "X has 3 features, but"),
    ("wider", np.hstack([TABLE, TABLE]), ValueError, "X has 8 features, but"),
]
OTHER_NAMES = [
    ("other order", NAMED[list("badc")], ValueError, "must be in the same order as they were in"),
    ("other names", NAMED.rename(columns={"a": "z"}), ValueError, "unseen at fit time:\n- z"),
    ("a column less", NAMED[list("abc")], ValueError, "yet now missing:\n- d"),
    ("no names", NAMED.set_axis(range(4), axis=1), UserWarning, "does not have valid feature name"),
]
NOT_A_CUBE = [
    *not_numbers(CUBE),
    ("2-d", TABLE, ValueError, "X has shape (6, 4), but"),
    ("4-d", CUBE[np.newaxis], ValueError, "X has shape (1, 6, 2, 2), but"),
    ("other steps", CUBE[:, :1], ValueError, "X has shape (6, 1, 2), but"),
    ("other features", CUBE[..., :1], ValueError, "X has shape (6, 2, 1), but"),
    ("no samples", CUBE[:0], ValueError, "Found array with 0 sample(s)"),
    ("0-d", 3.0, TypeError, "at least 1 dimension"),
    (
        "ragged",
        [[[1.0]], [[2.0], [3.0]]],
        ValueError,
        "item 1 has shape (2, 1), item 0 has shape (1, 1)",
    ),
    ("sparse", sparse.csr_array(TABLE), TypeError, "Use '.toarray()' to convert to a dense"),
]


def not_sizes(name, *, none=True, low=1):
    """Values of a parameter that must be an integer of at least `low`."""
    bad = [low - 1, -5, 1.5, 2.0, True, "2", np.nan, [2], np.timedelta64(2, "s")]
    return [
        Row(
            "fit",
            f"{name}={value!r}",
            (),
            InvalidParameterError,
            f"'{name}' parameter",
            {name: value},
        )
        for value in [*bad, *([] if none else [None])]
    ]


def refused(message, **params):
    """A parameter that scikit-learn's parameter constraints refuse."""
    ((name, value),) = params.items()
    return Row("fit", f"{name}={value!r}", (), InvalidParameterError, message, params)


def unfitted(*methods, X):
    return [Row(m, "not fitted", X, NotFittedError, "is not fitted yet") for m in methods]


NAMES_OUT = [
    Row("get_feature_names_out", "too few", (list("ab"),), ValueError, "should have length equal"),
    Row("get_feature_names_out", "not fitted", (), NotFittedError, "is not fitted yet"),
]

OTHER_NAMES_OUT = [
    Row(
        "get_feature_names_out",
        "others",
        (list("bacd"),),
        ValueError,
        "is not equal to feature_nam",
    ),
]

# 2. The transformers.

RESHAPER = [
    *not_sizes("timesteps"),
    *not_sizes("features"),
    refused("a str among", order="c"),
    refused("a str among", order=None),
    refused("a str among", truncating="both"),
    refused("a str among", truncating=True),
    *parametrized("fit", NOT_A_TABLE),
    *parametrized("transform", NOT_A_TABLE[:-5]),
    *parametrized("transform", OTHER_WIDTH),
    *parametrized("inverse_transform", NOT_A_CUBE),
    Row(
        "fit",
        "no multiple",
        (TABLE,),
        ValueError,
        "Timesteps that fit: 1, 2, 4.",
        {"timesteps": 3, "features": None},
    ),
    Row("fit", "no multiple", (TABLE,), ValueError, "Features that fit: 1, 2, 4.", {"features": 3}),
    Row(
        "fit",
        "a product too large",
        (TABLE,),
        ValueError,
        "Use timesteps=2 or fewer",
        {"timesteps": 10**30, "features": 2},
    ),
    Row(
        "fit",
        "a product too small",
        (TABLE,),
        ValueError,
        "truncating='pre' keeps the newest 1",
        {"timesteps": 1, "features": 2},
    ),
    Row(
        "fit",
        "truncating alone",
        (TABLE,),
        ValueError,
        "give features as well as timesteps=2",
        {"timesteps": 2, "features": None, "truncating": "pre"},
    ),
    *unfitted("transform", X=(TABLE,)),
    *unfitted("inverse_transform", X=(CUBE,)),
    *unfitted("column_map", X=()),
    *NAMES_OUT,
]

DAYS = pd.date_range("2024-01-01", periods=6)
DAILY = pd.DataFrame(TABLE, columns=list("abcd"), index=DAYS)


def indexed(index):
    return DAILY.set_index(index)


NOT_AN_INDEX = [
    ("a label twice", indexed(DAYS[[0, 1, 2, 3, 3, 5]]), ValueError, "2 rows have the label 2024"),
    (
        "a date missing",
        indexed(pd.DatetimeIndex([*DAYS[:5], None])),
        ValueError,
        "1 of 6 rows have",
    ),
    (
        "text labels",
        indexed(pd.Index(list("uvwxyz"))),
        TypeError,
        "must be the time of each row, but it holds labels",
    ),
    (
        "boolean labels",
        indexed(pd.Index([True, False] * 3)),
        TypeError,
        "it holds labels of dtype bool, such as",
    ),
]
OTHER_INDEX = [
    (
        "numbers for dates",
        NAMED,
        ValueError,
        "X has numbers as the time of its rows, but in fit it had dates",
    ),
    (
        "zoned dates",
        indexed(DAYS.tz_localize("UTC")),
        ValueError,
        "but in fit it had dates. Use X.tz_localize(None).",
    ),
    ("time spans", indexed(DAYS - DAYS[0]), ValueError, "X has time spans as the time of"),
    ("periods", indexed(DAYS.to_period("D")), ValueError, "X has periods of D as the time"),
    ("series", indexed(pd.MultiIndex.from_product([["u"], DAYS])), ValueError, "in level 1 as the"),
    ("an array", TABLE, UserWarning, "does not have valid feature names"),
]
WINDOWER = [
    *not_sizes("timesteps", none=False),
    *not_sizes("sampling_rate", none=False),
    *(refused("'padding' parameter", padding=p) for p in ("zero", None, True, np.inf, [0])),
    *(refused("'max_gap' parameter", max_gap=g) for g in (0, -1, True, np.nan, np.inf, "1D")),
    refused("'max_gap' parameter", max_gap=timedelta(0)),
    refused("'max_gap' parameter", max_gap=np.timedelta64("NaT", "s")),
    Row(
        "fit", "days for numbers", (NAMED,), ValueError, "give a number", {"max_gap": timedelta(1)}
    ),
    Row("fit", "a number for dates", (DAILY,), ValueError, "give a timedelta", {"max_gap": 2}),
    Row(
        "fit",
        "max_gap in months",
        (DAILY,),
        ValueError,
        "has no fixed length",
        {"max_gap": np.timedelta64(1, "M")},
    ),
    *parametrized("fit", NOT_A_TABLE),
    *parametrized("fit", NOT_AN_INDEX),
    *parametrized("transform", NOT_AN_INDEX),
    *parametrized("transform", OTHER_INDEX),
    *parametrized("transform", [(b, X.set_index(DAYS), e, m) for b, X, e, m in OTHER_NAMES]),
    *parametrized(
        "inverse_transform", [(b, X, e, m) for b, X, e, m in NOT_A_CUBE if "other" not in b]
    ),
    Row(
        "inverse_transform", "other steps", (CUBE[:, :1],), ValueError, "X has shape (6, 1, 2), but"
    ),
    *unfitted("transform", X=(DAILY,)),
    *unfitted("inverse_transform", X=(CUBE,)),
    *OTHER_NAMES_OUT,
]
ARRAY_WINDOWER = [
    *parametrized("transform", NOT_A_TABLE[:-5]),
    *parametrized("transform", OTHER_WIDTH),
    Row("transform", "a DataFrame", (NAMED,), UserWarning, "X has feature names, but"),
    Row(
        "transform",
        "a DataFrame without names",
        (pd.DataFrame(TABLE),),
        ValueError,
        "was fitted on an array, but now X is a DataFrame",
    ),
    *NAMES_OUT,
]

RAGGED = [np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]])]
ONE_STEP = RAGGED[0]

NOT_SEQUENCES = [
    *[(bad, [ONE_STEP, X], error, message) for bad, X, error, message in not_numbers(RAGGED[1])],
    ("None", None, ValueError, "X is of type NoneType, but must be a list of seq"),
    ("text", "abc", ValueError, "X is of type str, but must be a list of sequences"),
    ("a set", {1, 2}, ValueError, "If X is another iterable, pass list(X)."),
    ("a generator", (x for x in ()), ValueError, "If X is another iterable, pass list(X)."),
    ("0-d", np.float64(1), ValueError, "Expected 2D array, got scalar array"),
    ("1-d", np.array([1.0, 2.0]), ValueError, "Expected 2D array, got 1D array"),
    ("one sequence", [1.0, 2.0], ValueError, "If X is one sequence, pass [X]."),
    ("4-d", np.ones((1, 1, 2, 2)), ValueError, "X has shape (1, 1, 2, 2), but must have"),
    ("no sequences", [], ValueError, "X is an empty list"),
    ("an empty one", [ONE_STEP, ONE_STEP[:0]], ValueError, "Sequence 1 of X is empty"),
    ("strings", [ONE_STEP, [["a", "b"]]], ValueError, "Sequence 1 of X cannot be read"),
    ("ragged inside", [ONE_STEP, [[1.0, 2.0], [3.0]]], ValueError, "item 1 has shape (1,), item 0"),
    ("other features", [ONE_STEP, [[1.0]]], ValueError, "Sequence 1 of X has 1 features, but seq"),
    ("an axis less", [ONE_STEP, [1.0]], ValueError, "give all sequences a feature axis, or none"),
    ("an axis more", [ONE_STEP, [ONE_STEP]], ValueError, "must have shape (timesteps,) or"),
    ("sparse", sparse.csr_array(TABLE), TypeError, "Use '.toarray()' to convert to a dense"),
    (
        "a sparse one",
        [ONE_STEP, sparse.csr_array(ONE_STEP)],
        TypeError,
        "Sequence 1 of X cannot be",
    ),
    ("a masked array", np.ma.masked_equal(CUBE, 1), ValueError, "array with 1 of 24 values masked"),
    (
        "column order",
        [NAMED, NAMED[list("badc")]],
        ValueError,
        "the same columns in the same order",
    ),
]
PADDER = [
    *not_sizes("timesteps"),
    *(refused("'padding' parameter", padding=p) for p in ("edge", None, True)),
    *(refused("'truncating' parameter", truncating=t) for t in ("both", None, 1)),
    *(refused("'mask_value' parameter", mask_value=v) for v in (None, "0", True, np.inf, [0])),
    Row("fit", "NaN to mask", (RAGGED,), ValueError, "must not be NaN", {"mask_value": np.nan}),
    Row("fit", "beyond single", (RAGGED,), ValueError, "infinite in float32", {"mask_value": 1e39}),
    Row(
        "fit",
        "a mask_value in the data",
        ([[[7.0]], [[1.0], [7.0]]],),
        ValueError,
        "Sequence 0 of X has mask_value=7 in every feature of step 0",
        {"mask_value": 7},
    ),
    Row(
        "fit",
        "a mask_value beyond the dtype",
        ([np.array([[1]], "u1"), np.array([[1], [2]], "u1")],),
        ValueError,
        "mask_value=-1 cannot be represented in uint8",
        {"mask_value": -1},
    ),
    *parametrized("fit", NOT_SEQUENCES),
    *parametrized("transform", NOT_SEQUENCES),
    Row("transform", "fewer features", ([[[1.0]]],), ValueError, "1 features, but SequencePadder"),
    Row("transform", "0 as data", ([[[0.0, 0.0]]],), ValueError, "would skip this step as padding"),
    *parametrized("inverse_transform", NOT_A_CUBE),
    Row(
        "inverse_transform",
        "a hole",
        (np.array([[[0.0, 0], [1, 1]]]),),
        ValueError,
        "not a sequence padded with",
    ),
    *unfitted("transform", X=(RAGGED,)),
    *unfitted("inverse_transform", X=(CUBE,)),
]

PER_TIMESTEP = [
    refused("implementing 'fit' and 'transform'", transformer=None),
    refused("implementing 'fit' and 'transform'", transformer="scaler"),
    Row("fit", "a class", (RAGGED,), TypeError, "Cannot clone", {"transformer": StandardScaler}),
    Row(
        "fit_transform",
        "sparse output",
        (RAGGED,),
        TypeError,
        "such as sparse_output=False",
        {"transformer": OneHotEncoder()},
    ),
    Row(
        "fit_transform",
        "a row for all",
        (RAGGED,),
        ValueError,
        "must return one row per step",
        {"transformer": FunctionTransformer(partial(np.mean, axis=0, keepdims=True))},
    ),
    Row("fit", "y of another length", (RAGGED, [1]), ValueError, "inconsistent numbers of samples"),
    *parametrized("fit", NOT_SEQUENCES),
    *parametrized("transform", NOT_SEQUENCES),
    *parametrized("inverse_transform", NOT_SEQUENCES),
    Row("transform", "fewer features", ([[[1.0]]],), ValueError, "1 features, but PerTimestep"),
    Row(
        "inverse_transform",
        "fewer features",
        ([[[1.0]]],),
        ValueError,
        "but StandardScaler returns 2 features per",
    ),
    *unfitted("transform", "inverse_transform", X=(RAGGED,)),
]

# 3. The estimators.

X = np.random.default_rng(0).normal(size=(8, 4, 2))
WIDE = pd.DataFrame(X[:, :, 0], columns=list("abcd"))
Y = np.arange(8.0)
LABELS = np.array(["a", "b"] * 4)
DAYS_OF_X = pd.date_range("2024-01-01", periods=8)
X_WITH_NONE = np.where(X > 0, None, X)
WIDE.loc[7, "d"] = 9.75  # the largest value
SEVERAL = np.eye(8)[:, :3]

NOT_X = [
    *not_numbers(X),
    ("NaN", put(X, np.nan), ValueError, "1 of 64 values are missing, the first at sample 0, time"),
    (
        "NaN in a column",
        WIDE.set_index(DAYS_OF_X).mask(WIDE.eq(WIDE.loc[2, "b"]).to_numpy()),
        ValueError,
        "the first in column 'b', row 2 (2024-01-03 00:00:00)",
    ),
    ("pandas.NA", WIDE.astype("Float64").mask(WIDE > 9.5), ValueError, "1 of 32 values are missi"),
    ("None", X_WITH_NONE, ValueError, 'SimpleImputer().set_output(transform="pandas")'),
    ("infinity", put(X, -np.inf), ValueError, "the first, -inf, at sample 0, timestep 0, feature"),
    ("text for X", "table", TypeError, "X is of type str, but must be an array"),
    ("a dict", {"a": [1.0]}, TypeError, "Convert it, for example by pandas.DataFrame(X)"),
    ("records", np.zeros(8, [("a", float)]), TypeError, "a structured array with the fields 'a'"),
    ("one series", X[:, 0, 0], ValueError, "cut it into sequences by a SequenceWindower"),
    ("beyond float32", X * 1e39, ValueError, "infinity or a value too large for dtype('float32')"),
    ("strings", np.full(X.shape, "a"), ValueError, "could not convert string to float: 'a'"),
    ("nothing", None, ValueError, "Expected 2D array, got scalar array"),
    ("1-d", X[:, 0, 0], ValueError, "Expected 2D array, got 1D array"),
    ("no samples", X[:0], ValueError, "Found array with 0 sample(s)"),
    ("no time steps", X[:, :0], ValueError, "X has shape (8, 0, 2), but"),
    ("no features", X[:, :, :0], ValueError, "X has shape (8, 4, 0), but"),
    ("ragged", [X[0], X[1, :2]] * 4, ValueError, "of unequal length, put a SequencePadder before"),
    ("ragged numbers", [[1.0, 2.0], [1.0]] * 4, ValueError, "put a SequencePadder before the netw"),
    ("ragged inside", [X[0], [[1.0, 2.0], [1.0]]] * 4, ValueError, "item 1 has no single shape"),
    (
        "arrays in a Series",
        pd.Series(list(X)),
        ValueError,
        "is an array of arrays, each of which has shape (4, 2)",
    ),
    ("sparse", sparse.csr_array(X[:, 0]), TypeError, "Use '.toarray()' to convert to a dense"),
    ("text column", WIDE.assign(c="x"), ValueError, "do not hold numbers: 'c'. Drop or encode"),
    ("date column", WIDE.assign(c=DATES), TypeError, "The time of the rows belongs in the index: "),
    (
        "repeated names",
        WIDE.set_axis(list("abca"), axis=1),
        ValueError,
        "repeated column names, 'a', but columns",
    ),
]
OTHER_X = [
    ("fewer features", X[:, :, :1], ValueError, "X has 1 features, but"),
    ("more features", np.dstack([X, X]), ValueError, "X has 4 features, but"),
    ("an axis less", X[:, :, 0], ValueError, "fitted on 3. If X is one sequence, pass X[np.newax"),
    ("an axis more", X[:, np.newaxis], ValueError, "X has 4 dimensions, but"),
    ("names", WIDE, UserWarning, "X has feature names, but"),
]
NOT_Y = [
    ("none", None, ValueError, "requires y to be passed, but the target y is None"),
    ("shorter", Y[:7], ValueError, "inconsistent numbers of samples: [8, 7]"),
    ("longer", np.arange(9.0), ValueError, "inconsistent numbers of samples: [8, 9]"),
    ("NaN", put(Y, np.nan), ValueError, "Input y contains NaN"),
    ("infinite", put(Y, np.inf), ValueError, "Input y contains infinity"),
    ("3-d", Y.reshape(8, 1, 1), ValueError, "Found array with dim 3"),
    ("no columns", np.zeros((8, 0)), ValueError, "Found array with 0 feature(s)"),
    ("complex", Y + 1j, ValueError, "Complex data not supported"),
    ("masked", np.ma.masked_equal(Y, 1), ValueError, "array with 1 of 8 values masked"),
    ("ragged", [[1], [1, 2]] * 4, ValueError, "y needs one target, or the same number of target"),
    ("NaN within", np.where(Y % 3, Y, np.nan), ValueError, "at the positions 0, 3, 6. Leave the"),
    ("NaN at the end", np.where(Y < 6, Y, np.nan), ValueError, "X = X[:-2] and y = y[:-2]."),
    (
        "a future",
        pd.Series(Y, DAYS_OF_X).shift(-2),
        ValueError,
        "The last 2 of 8 rows, from row 6 (2024-01-07 00:00:00) on, have no target",
    ),
    (
        "NaN in the last row",
        np.where(Y < 7, Y, np.nan),
        ValueError,
        "The last of 8 rows, row 7, ha",
    ),
    ("NaN only", Y * np.nan, ValueError, "All 8 rows have a missing target"),
    ("pandas.NA", pd.Series([1, None] * 4, dtype="Int64"), ValueError, "at the positions 1, 3, 5"),
    ("text for y", "target", TypeError, "y is of type str, but must be an array, a list or a"),
    ("a dict", {"y": 1}, TypeError, "Convert it, for example by pandas.DataFrame(y)"),
    ("a set", set(Y), TypeError, "A set has no order: use a list"),
    ("a generator", (value for value in Y), TypeError, "Pass list(y)"),
    ("records", np.zeros(8, [("a", float)]), TypeError, "y is a structured array with the field"),
]
NOT_A_NUMBER_Y = [
    ("beyond float32", Y * 1e39, ValueError, "too large for dtype('float32')"),
    ("Nones", [None] * 8, ValueError, "Input y contains NaN. All 8 rows"),
    ("text", LABELS, ValueError, "a regressor learns numbers. Convert it to numbers, or use a cl"),
    ("text among numbers", put(Y, "a"), ValueError, "y has a value at (0,) that cannot be conver"),
    ("dates", Y.astype("M8[s]"), TypeError, "y has dtype datetime64[s]"),
    ("a huge int", [HUGE] * 8, ValueError, "int too large to convert to float"),
    ("an object", [Unreadable()] * 8, TypeError, "y has a value at (0,) that cannot be converted"),
    ("0-d", 1.0, TypeError, "at least 1 dimension"),
]
NOT_LABELS = [
    (
        "one class",
        ["a"] * 8,
        ValueError,
        "at least 2 classes, but the data contains only one class",
    ),
    ("no classes", np.linspace(0, 1, 8), ValueError, "Unknown label type: continuous"),
    (
        "a label missing",
        ["a", None] * 4,
        ValueError,
        "Input y contains NaN. 4 of 8 rows have no target, at the positions 1, 3, 5, 7. Leave",
    ),
    (
        "a label of pandas.NA",
        pd.Series(["a", "b", None, "b"] * 2, dtype="string"),
        ValueError,
        "2 of 8 rows have no target, at the positions 2, 6",
    ),
    ("mixed labels", np.array(["a", 1] * 4, object), TypeError, "They have these types: int, str"),
    ("two columns of floats", np.c_[Y, Y] / 3, ValueError, "Unknown label type: continuous"),
    (
        "objects",
        [Unreadable()] * 8,
        TypeError,
        "labels cannot be sorted. They have these types: Unreadable",
    ),
    ("two columns of classes", np.arange(16).reshape(8, 2), ValueError, "MultiOutputClassifier"),
    ("a column", LABELS[:, np.newaxis], DataConversionWarning, "A column-vector y was passed"),
    ("sparse", sparse.csr_array(SEVERAL), TypeError, "Use '.toarray()' to convert to a dense"),
    ("0-d", 1, ValueError, "y should be a 1d array"),
]
NOT_WEIGHTS = [
    ("weights too few", np.ones(7), ValueError, "sample_weight.shape == (7,), expected (8,)"),
    (
        "weights in columns",
        np.ones((8, 2)),
        ValueError,
        "Sample weights must be 1D array or scalar",
    ),
    ("a negative weight", put(np.ones(8), -1.0), ValueError, "Negative values in data passed to"),
    ("a NaN weight", put(np.ones(8), np.nan), ValueError, "sample_weight contains NaN"),
    ("an infinite weight", put(np.ones(8), np.inf), ValueError, "sample_weight contains infinity"),
    ("a weight beyond float32", np.full(8, 1e39), ValueError, "too large for dtype('float32')"),
    ("no weight", np.zeros(8), ValueError, "must contain at least one non-zero number"),
    ("weights of text", ["a"] * 8, ValueError, "could not convert string to float: 'a'"),
    ("masked weights", np.ma.masked_equal(Y, 1), ValueError, "sample_weight is a masked array"),
    ("weights by name", "balanced", TypeError, "sample_weight is of type str"),
    ("ragged weights", [[1], [1, 2]] * 4, ValueError, "needs one weight for each sample"),
    ("weights of pandas.NA", pd.Series([1, None] * 4, dtype="Int64"), ValueError, "first at row 1"),
    ("a huge weight", [HUGE] * 8, ValueError, "int too large to convert to float"),
]


def weighted(method, y):
    return [
        Row(method, bad, (X, y), error, message, {}, {"sample_weight": weight})
        for bad, weight, error, message in NOT_WEIGHTS
    ]


PADDED = SequencePadder(mask_value=-1.0).fit_transform([X[0], X[1, :2]] * 4)


def estimator_rows(y):
    """Input that every estimator refuses."""
    return [
        *parametrized("fit", NOT_X, after=(y,)),
        *parametrized("fit", NOT_Y, X),
        *parametrized("predict", [*NOT_X, *OTHER_X]),
        *parametrized("partial_fit", OTHER_X, after=(y,)),
        *parametrized("partial_fit", NOT_Y[:2], X),
        *weighted("fit", y),
        Row(
            "partial_fit",
            "too few weights",
            (X, y),
            ValueError,
            "expected (8,)",
            {},
            {"sample_weight": [1]},
        ),
        *not_sizes("epochs", none=False),
        *not_sizes("batch_size", none=False),
        *not_sizes("patience", low=0),
        *not_sizes("validation_gap", none=False, low=0),
        *(
            refused("'validation_split'", validation_split=v)
            for v in (-0.1, 1, 1.5, np.nan, None, True)
        ),
        Row(
            "fit",
            "nothing to train on",
            (X, y),
            ValueError,
            "leaves 0 for training",
            {"validation_split": 0.99},
        ),
        Row(
            "fit",
            "a gap over all training rows",
            (X, y),
            ValueError,
            "validation_gap=4 leaves none of the 4 samples before them for training. Use a smaller",
            {"validation_split": 0.5, "validation_gap": 4},
        ),
        *(refused("'verbose' parameter", verbose=v) for v in (-1, "loud", None, 2.5)),
        *(refused("'random_state' parameter", random_state=s) for s in (-1, "a", 1.5, 2**33)),
        *(refused("'optimizer' parameter", optimizer=o) for o in (None, 3)),
        Row(
            "fit",
            "unknown optimizer",
            (X, y),
            ValueError,
            "optimizer identifier: nope. The names are those of keras.optimizers",
            {"optimizer": "nope"},
        ),
        *(
            Row("fit", f"optimizer={optimizer!r}", (X, y), error, message, {"optimizer": optimizer})
            for optimizer, error, message in (
                ("adma", ValueError, "identifier: adma. Did you mean 'adamax' or 'adam'"),
                ({"name": "sgd"}, ValueError, "does not name an optimizer. Use a dict such as"),
                ({"class_name": "sdg"}, ValueError, "Did you mean 'sgd'"),
                (
                    {"class_name": "sgd", "config": {"momentm": 0.9}},
                    ValueError,
                    "not recognized: {'momentm': 0.9}. The settings are: learning_rate, momentum",
                ),
                (keras.layers.LSTM, TypeError, "not a subclass of keras.optimizers.Optimizer"),
            )
        ),
        refused("'loss' parameter", loss=3),
        Row("fit", "unknown loss", (X, y), ValueError, "loss identifier: nope", {"loss": "nope"}),
        *(
            Row("fit", f"loss={loss!r}", (X, y), ValueError, message, {"loss": loss})
            for loss, message in (
                ("neg_mean_squared_error", "Did you mean 'mean_squared_error'"),
                (["mse", "mae"], "loss is a list of 2 losses, but the network has one output"),
                ("categorical_crossentropy", "needs one output per class, but the network has 1"),
                ("sparse_categorical_crossentropy", "use 'binary_crossentropy', for numbers a l"),
            )
        ),
        *(refused("'callbacks' parameter", callbacks=c) for c in (3, "early")),
        Row(
            "fit",
            "no callback",
            (X, y),
            TypeError,
            "callbacks contains 3, but must contain instances or subclasses of keras.callbacks",
            {"callbacks": [3]},
        ),
        Row(
            "fit",
            "a function as callback",
            (X, y),
            TypeError,
            "use keras.callbacks.LambdaCallback(on_epoch_end=function)",
            {"callbacks": [print]},
        ),
        Row(
            "fit",
            "a callback of scikit-learn",
            (X, y),
            TypeError,
            "Callbacks of scikit-learn are set by estimator.set_callbacks()",
            {"callbacks": [SklearnCallback()]},
        ),
        *unfitted("predict", X=(X,)),
        *unfitted("score", X=(X, y)),
    ]


def classifier_rows():
    return [
        *estimator_rows(LABELS),
        *parametrized("fit", NOT_LABELS, X),
        *parametrized("predict_proba", [*NOT_X, *OTHER_X]),
        *unfitted("predict_proba", X=(X,)),
        *(refused("'class_weight' parameter", class_weight=w) for w in ("even", 3)),
        *(
            Row(
                "fit",
                f"class_weight={w}",
                (X, LABELS),
                ValueError,
                "negative or not finite",
                {"class_weight": w},
            )
            for w in ({"a": -1}, {"a": np.nan}, {"a": np.inf})
        ),
        Row(
            "fit",
            "a class held out",
            (X, np.sort(LABELS)),
            UserWarning,
            "The last 4 of 8 rows are held out for validation, and with them all samples of 'b'",
            {"validation_split": 0.5},
        ),
        Row(
            "fit",
            "no class counts",
            (X, LABELS),
            ValueError,
            "at least one non-zero",
            {"class_weight": {"a": 0, "b": 0}},
        ),
        Row(
            "fit",
            "one class counts",
            (X, LABELS),
            ValueError,
            "only one class has a weight",
            {"class_weight": {"a": 0}},
        ),
        Row(
            "partial_fit",
            "an unknown label",
            (X, ["a", "z"] * 4),
            ValueError,
            ": ['z']. Pass all classes in",
        ),
        Row(
            "partial_fit",
            "several labels",
            (X, SEVERAL),
            ValueError,
            "was fitted on a y of shape (n_samples,)",
        ),
        Row(
            "partial_fit",
            "other classes",
            (X, LABELS, ["a", "z"]),
            ValueError,
            "differ from the classes of the first call",
        ),
    ]


NEW_CLASSES = [
    Row("partial_fit", "one class", (X, LABELS, ["a"]), ValueError, "only one class: 'a'"),
    Row("partial_fit", "no classes", (X, LABELS, []), ValueError, "classes is empty"),
    Row(
        "partial_fit",
        "too few",
        (X, LABELS, ["a", "z"]),
        ValueError,
        ": ['b']. Pass all classes in",
    ),
    Row("partial_fit", "no order", (X, LABELS, ["a", None]), TypeError, "labels cannot be sorted"),
]
REGRESSOR = [
    *estimator_rows(Y),
    *parametrized("fit", NOT_A_NUMBER_Y, X),
    Row("partial_fit", "more outputs", (X, np.c_[Y, Y]), ValueError, "y has 2 outputs, but"),
    Row("partial_fit", "text", (X, LABELS), ValueError, "a regressor learns numbers"),
    Row("score", "y of NaN", (X, Y * np.nan), ValueError, "contains NaN"),
]


BREAKING = [
    Row(
        "fit",
        f"a training that breaks, {engine}",
        (X, Y),
        ValueError,
        "Training stopped in epoch",
        {"optimizer": "sgd", "learning_rate": 1e30, "epochs": 9, "engine": engine},
    )
    for engine in ("native", "keras")
]


def lstm_rows(y):
    """Bad values for the parameters of `lstm_network`."""
    sizes = (0, -1, 1.5, True, "a", (), (2, 0), (2, True), np.timedelta64(2, "s"))
    return [
        *(
            Row(
                "fit",
                f"{name}={size!r}",
                (X, y),
                ValueError,
                f"{name} must be positive int",
                {name: size},
            )
            for name in ("units", "conv_filters")
            for size in sizes
        ),
        Row("fit", "units=None", (X, y), ValueError, "units must be positive int", {"units": None}),
        *(
            Row(
                "fit",
                f"{name}={value!r}",
                (X, y),
                InvalidParameterError,
                f"'{name}' parameter",
                {name: value},
            )
            for name, values in {
                "cell": ("rnn", None, "LSTM"),
                "bidirectional": ("yes", 2, None),
                "dropout": (-0.1, 1, np.nan, "a", None, True),
                "recurrent_dropout": (-0.1, 1, np.nan, "a", None, True),
                "kernel_size": (0, -1, 1.5, True, None),
                "mask_value": ("0", 1j, [0.0]),
                "scaling": ("minmax", True, 1.0),
                "learning_rate": (0, -1, np.nan, np.inf, None, True),
            }.items()
            for value in values
        ),
        *(
            Row(
                "fit",
                f"mask_value={value}",
                (X, y),
                ValueError,
                "marks no step",
                {"mask_value": value},
            )
            for value in (np.nan, np.inf, 1e39, True)
        ),
        Row("fit", "padding that is read", (PADDED, y), UserWarning, "Set mask_value=-1.0 to skip"),
        Row(
            "fit",
            "another mask_value",
            (PADDED, y),
            ValueError,
            "Use the same value in both",
            {"mask_value": 0.0},
        ),
        Row(
            "predict", "padding that is read", (PADDED,), UserWarning, "Set mask_value=-1.0 to skip"
        ),
        Row(
            "fit",
            "4-d",
            (X[:, np.newaxis], y),
            ValueError,
            "more than 3 axes with X.reshape(n, timesteps, -1)",
        ),
    ]


def of_outputs(outputs=1, features=2, activation="sigmoid"):
    """Build a network that suits regressors and classifiers."""
    inputs = keras.Input((None, features))
    hidden = keras.layers.LSTM(2)(inputs)
    return keras.Model(inputs, keras.layers.Dense(outputs, activation)(hidden))


def network(meta, units=2):
    """Build a network that fits the data."""
    inputs = keras.Input((None, meta["n_features_in_"]))
    hidden = keras.layers.LSTM(units)(inputs)
    activation = "sigmoid" if "classes_" in meta else None
    return keras.Model(inputs, keras.layers.Dense(1, activation)(hidden))


def needs_units(meta, units):
    return network(meta, units)


def compiled(meta, units=2):
    model = network(meta, units)
    model.compile("sgd", "mse")
    return model


def own(result):
    """Return a function that returns `result` instead of a network."""
    return lambda meta: result


def returns_sequences(meta):
    inputs = keras.Input((None, 2))
    return keras.Model(inputs, keras.layers.LSTM(2, return_sequences=True)(inputs))


def sequence_rows(y):
    """Bad values for the parameters of an estimator with a custom network."""
    unexpected = "got an unexpected"
    return [
        *(
            Row(
                "fit",
                f"model={model!r:.20}",
                (X, y),
                TypeError,
                "must be a function that",
                {"model": model},
            )
            for model in (None, 3, "network", keras.Model)
        ),
        Row(
            "fit",
            "a model of nothing",
            (X, y),
            TypeError,
            "but it returned None",
            {"model": own(None)},
        ),
        Row(
            "fit", "a model of text", (X, y), TypeError, "but it returned 'x'", {"model": own("x")}
        ),
        Row(
            "fit",
            "three outputs",
            (X, y),
            ValueError,
            "The network has 3 outputs",
            {"model": of_outputs(3)},
        ),
        Row(
            "fit",
            "sequences out",
            (X, y),
            ValueError,
            "Set return_sequences=False",
            {"model": returns_sequences},
        ),
        Row(
            "fit",
            "other features",
            (X, y),
            ValueError,
            "takes an input of shape (None, None, 5), but X has shape (8, 4, 2)",
            {"model": of_outputs(features=5)},
        ),
        Row(
            "fit",
            "unknown to the model",
            (X, y),
            TypeError,
            "got an unexpected parameter, model__unit. Its parameters are: model__units. Did you",
            {"model__unit": 3},
        ),
        Row(
            "fit",
            "unknown to a model without parameters",
            (X, y),
            TypeError,
            "got an unexpected parameter, model__units. Its parameters are: none",
            {"model": of_outputs(), "model__units": 3},
        ),
        Row(
            "fit",
            "a parameter without a value",
            (X, y),
            TypeError,
            "model needs a value for its parameter 'units'. Set model__units",
            {"model": needs_units},
        ),
        *(
            Row("fit", f"model={name}", (X, y), TypeError, message, {"model": model})
            for name, model, message in (
                ("a layer", keras.layers.LSTM(3), "a single layer, LSTM. A network ends in a De"),
                ("a function of a layer", own(keras.layers.GRU(3)), "returned a single layer, GRU"),
                ("a class", keras.Sequential, "the class Sequential. Pass an instance of it"),
            )
        ),
        *(
            Row("fit", f"{name} has no effect", (X, y), UserWarning, f"No effect of {name}", params)
            for name, params in (
                ("loss", {"model": compiled, "loss": "mae"}),
                ("metrics", {"model": compiled, "metrics": ["mae"]}),
                ("optimizer", {"model": compiled, "optimizer": "rmsprop"}),
                (
                    "optimizer__learning_rate",
                    {"model": compiled, "optimizer__learning_rate": 0.1},
                ),
            )
        ),
        Row("fit", "unknown to fit", (X, y), TypeError, unexpected, {"fit__nope": 3}),
        Row(
            "fit",
            "a batch of none",
            (X, y),
            InvalidParameterError,
            "'batch_size'",
            {"fit__batch_size": 0},
        ),
        Row(
            "predict",
            "a batch of none",
            (X,),
            InvalidParameterError,
            "'batch_size'",
            {"predict__batch_size": 0},
        ),
        Row(
            "fit",
            "nothing to train",
            (X, y),
            InvalidParameterError,
            "'validation_",
            {"fit__validation_split": 2},
        ),
        refused("'metrics' parameter", metrics=3),
        *(
            refused(f"'{name}' parameter", **{name: 2})
            for name in ("shuffle", "run_eagerly", "warm_start")
        ),
    ]


NO_PROBABILITIES = [
    Row(
        "fit",
        f"{outputs} outputs without activation",
        (X, y),
        ValueError,
        f'Use keras.layers.Dense({outputs}) with the activation "{activation}"',
        {"model": of_outputs(outputs, activation=None)},
    )
    for outputs, y, activation in (
        (1, LABELS, "sigmoid"),
        (2, LABELS, "softmax"),
        (3, list("abcabcab"), "softmax"),
    )
]

# 4. The functions.

SERIES = np.arange(12.0).reshape(6, 2)

NOT_A_SERIES = [
    *not_numbers(SERIES + 1),
    ("strings", list("abc"), ValueError, "could not convert string to float: 'a'"),
    ("None", None, TypeError, "at least 1 dimension"),
    ("0-d", 3.0, TypeError, "at least 1 dimension"),
    ("3-d", CUBE, ValueError, "Found array with dim 3"),
    ("no rows", SERIES[:0], ValueError, "Found array with 0 sample(s)"),
    ("no columns", SERIES[:, :0], ValueError, "Found array with 0 feature(s)"),
    ("one row", SERIES[:1], ValueError, "A series of 1 rows is too short for one window"),
    ("ragged", [[1.0, 2.0], [3.0]], ValueError, "item 1 has shape (1,), item 0 has shape (2,)"),
    ("objects", [[Unreadable()]] * 3, TypeError, "that cannot be converted to a number"),
    ("sparse", sparse.csr_array(SERIES), TypeError, "Use '.toarray()' to convert to a dense"),
    ("text column", NAMED.assign(c="x"), ValueError, "do not hold numbers: 'c'. Drop or encode"),
    (
        "repeated names",
        NAMED.set_axis(list("aabb"), axis=1),
        ValueError,
        "repeated column names, 'a', 'b', but columns",
    ),
]
META = {"X_shape_": (8, 4, 2), "n_outputs_": 1}


def not_calls(*names):
    """Sizes that the functions refuse."""
    return [
        (
            f"{name}={value!r}",
            (SERIES,),
            InvalidParameterError,
            f"'{name}' parameter",
            {name: value},
        )
        for name in names
        for value in (-1, 1.5, 2.0, True, "2", None, np.timedelta64(2, "s"))
    ]


FUNCTIONS = {
    sliding_windows: [
        *((bad, (X,), error, message, {}) for bad, X, error, message in NOT_A_SERIES),
        *not_calls("timesteps", "stride", "sampling_rate"),
        ("too long", (SERIES,), ValueError, "6 rows is too short for one", {"timesteps": 7}),
        ("huge", (SERIES,), ValueError, "Use fewer timesteps", {"timesteps": 10**30}),
    ],
    make_supervised: [
        *((bad, (X,), error, message, {}) for bad, X, error, message in NOT_A_SERIES),
        *not_calls("timesteps", "stride", "sampling_rate", "horizon", "gap"),
        ("too far", (SERIES,), ValueError, "gap plus horizon need 7 more", {"horizon": 7}),
        ("huge", (SERIES,), ValueError, "gap plus horizon need 1000000", {"gap": 10**30}),
        *(
            (
                f"target={t!r}",
                (SERIES,),
                ValueError,
                "is not a column of the series. Columns: 0, 1",
                {"target": t},
            )
            for t in (-1, 2, 0.5, True, "a", np.nan, [0, 7])
        ),
        ("no target", (SERIES,), ValueError, "target=[] names no column", {"target": []}),
    ],
    lstm_network: [
        *(
            (f"meta={meta!r}", (meta,), InvalidParameterError, "'meta' parameter", {})
            for meta in (None, 3, "abc")
        ),
        *(
            (
                f"X of shape {s!r}",
                ({**META, "X_shape_": s},),
                ValueError,
                f"X has shape {s}, but a rec",
                {},
            )
            for s in (None, (), (8,), (8, 4, 0), (8, 4, None), (8, 4, 2, 2), "abc")
        ),
        *(
            (
                f"n_outputs_={n!r}",
                ({**META, "n_outputs_": n},),
                ValueError,
                f"n_outputs_={n!r}, but a net",
                {},
            )
            for n in (None, 0, -1, 1.5, "a")
        ),
        ("nothing", ({},), ValueError, "Set n_outputs_ for a regressor", {}),
        *(
            (bad, (META,), error, message, {name: value})
            for bad, name, value, error, message in (
                ("cell", "cell", "rnn", InvalidParameterError, "'cell' parameter"),
                ("units", "units", (2, 0), ValueError, "units must be positive integers"),
                ("dropout", "dropout", 1, InvalidParameterError, "'dropout' parameter"),
                ("mask_value", "mask_value", np.nan, ValueError, "marks no step"),
            )
        ),
    ],
}

# 5. The tests.

lstm = {"units": 2, "epochs": 1, "random_state": 0}
own_network = {"model": network, "epochs": 1, "random_state": 0}
SUBJECTS = {
    "SequenceReshaper": Subject(
        SequenceReshaper(features=2), (TABLE,), lambda fitted: fitted.transform(TABLE), RESHAPER
    ),
    "SequenceReshaper with names": Subject(
        SequenceReshaper(features=2),
        (NAMED,),
        lambda fitted: fitted.transform(NAMED),
        [*parametrized("transform", OTHER_NAMES), *OTHER_NAMES_OUT],
    ),
    "SequenceWindower": Subject(
        SequenceWindower(2), (DAILY[:3],), lambda fitted: fitted.transform(DAILY[3:]), WINDOWER
    ),
    "SequenceWindower of arrays": Subject(
        SequenceWindower(2), (TABLE,), lambda fitted: fitted.transform(TABLE), ARRAY_WINDOWER
    ),
    "SequencePadder": Subject(
        SequencePadder(), (RAGGED,), lambda fitted: fitted.transform(RAGGED), PADDER
    ),
    "PerTimestep": Subject(
        PerTimestep(StandardScaler()),
        (RAGGED,),
        lambda fitted: np.concatenate(fitted.transform(RAGGED)),
        PER_TIMESTEP,
    ),
    "LSTMRegressor": Subject(
        LSTMRegressor(**lstm),
        (X, Y),
        lambda fitted: fitted.predict(X),
        [*REGRESSOR, *lstm_rows(Y), *BREAKING],
    ),
    "LSTMRegressor with names": Subject(
        LSTMRegressor(**lstm),
        (WIDE, Y),
        lambda fitted: fitted.predict(WIDE),
        parametrized("predict", [(b, f, e, m) for b, f, e, m in OTHER_NAMES if "less" not in b]),
    ),
    "LSTMClassifier": Subject(
        LSTMClassifier(**lstm),
        (X, LABELS),
        lambda fitted: fitted.predict_proba(X),
        [*classifier_rows(), *lstm_rows(LABELS)],
    ),
    "LSTMClassifier of several labels": Subject(
        LSTMClassifier(**lstm),
        (X, SEVERAL),
        lambda fitted: fitted.predict_proba(X),
        [
            Row(
                "partial_fit",
                "a label less",
                (X, SEVERAL[:, :2]),
                ValueError,
                "shape (n_samples, 3)",
            ),
            Row("partial_fit", "one label", (X, LABELS), ValueError, "y of shape (n_samples, 3)"),
        ],
    ),
    "SequenceRegressor": Subject(
        SequenceRegressor(**own_network),
        (X, Y),
        lambda fitted: fitted.predict(X),
        [*REGRESSOR, *sequence_rows(Y)],
    ),
    "SequenceClassifier": Subject(
        SequenceClassifier(**own_network),
        (X, LABELS),
        lambda fitted: fitted.predict_proba(X),
        [*classifier_rows(), *sequence_rows(LABELS), *NO_PROBABILITIES],
    ),
}
CASES = [
    pytest.param(name, row, id=f"{name}.{row.method}: {row.bad}")
    for name, subject in SUBJECTS.items()
    for row in subject.rows
]


@pytest.fixture(scope="session")
def fitted():
    """Every object after fit, with its result."""
    keras.utils.set_random_seed(0)
    objects = {name: clone(s.new).fit(*s.fit_to) for name, s in SUBJECTS.items()}
    return {name: (fit, SUBJECTS[name].compute(fit)) for name, fit in objects.items()}


def assert_refused(row, function, *args, **kwargs):
    with pytest.raises(row.error) as caught:
        function(*args, **kwargs)
    assert type(caught.value) is row.error
    assert row.message in str(caught.value)


def is_unfitted(new):
    return not any(name.endswith("_") for name in vars(new))


def assert_same_bits(actual, expected):
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    assert actual.tobytes() == expected.tobytes()


@pytest.mark.parametrize(("name", "row"), CASES)
def test_bad_input_is_refused_and_changes_nothing(name, row, fitted):
    subject = SUBJECTS[name]
    args = row.args or (subject.fit_to if row.method == "fit" else ())
    if row.error is not NotFittedError and row.method != "fit_transform":
        known, expected = fitted[name]
        params = known.get_params(deep=False)
        known.set_params(**row.params)
        try:
            assert_refused(row, getattr(known, row.method), *args, **row.kwargs)
        finally:
            for added in set(row.params) - set(
                params
            ):  # routed parameters are additional attributes
                delattr(known, added)
            known.set_params(**{n: v for n, v in params.items() if n in row.params})
        assert_same_bits(subject.compute(known), expected)
    if row.method in ("fit", "fit_transform") or row.error is NotFittedError:
        new = clone(subject.new).set_params(**row.params)
        assert_refused(row, getattr(new, row.method), *args, **row.kwargs)
        assert is_unfitted(new) or row.method == "fit_transform"


@pytest.mark.parametrize("row", NEW_CLASSES, ids=lambda row: row.bad)
@pytest.mark.parametrize("name", ["LSTMClassifier", "SequenceClassifier"])
def test_bad_classes_are_refused_by_the_first_call_of_partial_fit(name, row):
    new = clone(SUBJECTS[name].new)
    assert_refused(row, new.partial_fit, *row.args)
    assert is_unfitted(new)


@pytest.mark.parametrize("name", SUBJECTS)
def test_an_object_can_be_fitted_after_errors(name, fitted):
    subject = SUBJECTS[name]
    params, new = subject.new.get_params(deep=False), clone(subject.new)
    for row in (row for row in subject.rows if row.method == "fit"):
        new.set_params(**row.params)
        assert_refused(row, new.fit, *(row.args or subject.fit_to), **row.kwargs)
        for added in set(row.params) - set(params):
            delattr(new, added)
        new.set_params(**{n: v for n, v in params.items() if n in row.params})
    assert_same_bits(subject.compute(new.fit(*subject.fit_to)), fitted[name][1])


@pytest.mark.parametrize(
    ("function", "case"),
    [
        pytest.param(function, case, id=f"{function.__name__}: {case[0]}")
        for function, cases in FUNCTIONS.items()
        for case in cases
    ],
)
def test_bad_input_to_a_function_is_refused(function, case):
    bad, args, error, message, kwargs = case
    row = Row(function.__name__, bad, args, error, message)
    needed = {} if function is lstm_network else {"timesteps": 2}
    assert_refused(row, function, *args, **{**needed, **kwargs})


def test_the_tables_have_at_least_150_rows():
    assert len(CASES) + sum(map(len, FUNCTIONS.values())) + 2 * len(NEW_CLASSES) >= 150
