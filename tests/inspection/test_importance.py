"""Permutation importance: what was planted is found, and only what is permuted moves."""

import re
import warnings
from itertools import pairwise, permutations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from strategies import unhurried

from skl_lstm import (
    ConformalRegressor,
    NaiveRegressor,
    PaddedSequences,
    PerTimestep,
    SequenceFlattener,
    SequencePadder,
    SequenceReshaper,
    SequenceWindower,
    TimedWindows,
    make_step_scorer,
)
from skl_lstm.inspection import ImportanceDisplay, sequence_importance
from skl_lstm.inspection._permutations import (
    Cell,
    block_edges,
    cells_of,
    donors_among,
    keep_off_mask,
    permuted,
)

HOURS = pd.date_range("2024-03-01", periods=200, freq="h", name="hour")


def whole(message):
    return f"^{re.escape(message)}$"


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    plt.close("all")


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


class Reader(RegressorMixin, BaseEstimator):
    """Predicts the value of one cell, and remembers what it has read."""

    def __init__(self, timestep=-1, feature=0, mask_value=None):
        self.timestep = timestep
        self.feature = feature
        self.mask_value = mask_value

    def fit(self, X, y=None):
        self.seen_ = []
        return self

    def predict(self, X):
        self.seen_.append(X[np.arange(len(X))])  # a copy with the same marks
        return np.asarray(X)[:, self.timestep, self.feature].astype(float)


class StepReader(BaseEstimator):
    """Predicts the value of one feature for every step of every sequence."""

    _predicts_every_step = True

    def __init__(self, feature=0):
        self.feature = feature

    def fit(self, X, y=None):
        self.seen_ = []
        return self

    def predict(self, X):
        self.seen_.append([x.copy() for x in X])
        items = [np.asarray(x) for x in X]
        return [x if x.ndim == 1 else x[:, self.feature] for x in items]

    def score(self, X, y):
        return r2_score(np.concatenate(y), np.concatenate(self.predict(X)))


def best(result):
    """The label of the most important cell, which is ten times as important as the next."""
    flat = np.sort(result.importances_mean.ravel())
    assert flat[-1] > 10 * np.abs(flat[:-1]).max()
    place = np.unravel_index(result.importances_mean.argmax(), result.importances_mean.shape)
    axes = [axis for axis in (result.timesteps, result.feature_names) if axis is not None]
    return tuple(axis[i] for axis, i in zip(axes, place, strict=True))


# --- Permutation of arrays -------------------------------------------------------------------


@st.composite
def arrays_of_cells(draw):
    samples, timesteps, features = (draw(st.integers(1, n)) for n in (6, 5, 3))
    values = np.arange(samples * timesteps * features).reshape(samples, timesteps, features)
    order = np.array(draw(st.permutations(range(samples))))
    edges = sorted(draw(st.lists(st.integers(0, timesteps), min_size=2, max_size=2, unique=True)))
    sides = sorted(draw(st.lists(st.integers(0, features), min_size=2, max_size=2, unique=True)))
    lengths = draw(st.lists(st.integers(1, timesteps), min_size=samples, max_size=samples))
    real = np.arange(timesteps) < np.array(lengths)[:, None]
    if draw(st.booleans()):
        real = real[:, ::-1]
    return values, Cell(slice(*edges), slice(*sides)), order, real


@given(arrays_of_cells())
@unhurried
def test_the_values_of_a_cell_are_those_of_other_samples(case):
    values, cell, order, _ = case
    result = permuted(values, cell, order, None)
    for sample, donor in enumerate(order):
        for t, step in enumerate(range(values.shape[1])[cell.timesteps]):
            for f, feature in enumerate(range(values.shape[2])[cell.features]):
                assert result[sample, t, f] == values[donor, step, feature]


@given(arrays_of_cells())
@unhurried
def test_padding_stays_and_the_values_come_from_the_next_real_sample(case):
    values, cell, order, real = case
    result = permuted(values, cell, order, real)
    for sample in range(len(values)):
        for t, step in enumerate(range(values.shape[1])[cell.timesteps]):
            donor = sample
            if real[sample, step]:
                donor = order[sample]
                while not real[donor, step]:
                    donor = order[donor]
            for f, feature in enumerate(range(values.shape[2])[cell.features]):
                assert result[sample, t, f] == values[donor, step, feature]


def test_one_real_sample_among_many_takes_one_walk_through_the_order():
    order, is_real = np.roll(np.arange(100_000), 1), np.zeros(100_000, bool)
    is_real[[0, 50_000]] = True
    assert_array_equal(donors_among(order, is_real)[[0, 50_000]], [50_000, 0])


def test_the_order_among_real_samples_is_uniform():
    is_real = np.array([True, False, True, True])
    found = [tuple(donors_among(np.array(o), is_real)[is_real]) for o in permutations(range(4))]
    assert {found.count(order) for order in set(found)} == {4}
    assert sorted(set(found)) == sorted(permutations([0, 2, 3]))


@given(st.integers(1, 12), st.integers(1, 12), st.booleans())
@unhurried
def test_blocks_are_whole_at_the_side_they_are_counted_from(timesteps, length, from_end):
    if length > timesteps:
        return
    edges = block_edges(timesteps, length, from_end=from_end)
    assert (edges[0], edges[-1]) == (0, timesteps)
    lengths = [b - a for a, b in pairwise(edges)]
    rest = timesteps % length
    whole_blocks = [length] * (timesteps // length)
    odd = [rest] if rest else []
    assert lengths == (odd + whole_blocks if from_end else whole_blocks + odd)


@given(st.integers(2, 12), st.data(), st.booleans())
@unhurried
def test_a_list_names_the_distances_at_which_blocks_begin(timesteps, data, from_end):
    distances = sorted(data.draw(st.sets(st.integers(1, timesteps - 1), min_size=1)))
    edges = block_edges(timesteps, distances, from_end=from_end)
    # Walk away from the side that is counted from; a new block begins at each distance.
    walk = range(timesteps - 1, -1, -1) if from_end else range(timesteps)
    blocks = [[]]
    for distance, step in enumerate(walk):
        if distance in distances:
            blocks.append([])
        blocks[-1].append(step)
    expected = sorted(sorted(block) for block in blocks)
    assert [list(range(a, b)) for a, b in pairwise(edges)] == expected


@pytest.mark.parametrize(
    ("over", "shapes"),
    [
        (("timestep", "feature"), [(2, 1), (2, 1), (1, 1), (1, 1)]),
        (("timestep",), [(2, 2), (1, 2)]),
        (("feature",), [(3, 1), (3, 1)]),
    ],
)
def test_cells_cover_the_array_once(over, shapes):
    count, steps = np.zeros((3, 2), int), np.arange(6).reshape(3, 2)
    cells = cells_of(over, [0, 2, 3], 2)
    for cell in cells:
        count[cell] += 1
    assert (count == 1).all()
    assert [steps[cell].shape for cell in cells] == shapes


@pytest.mark.parametrize("mask_value", [0.0, -1.0, 1e30, -0.1])
def test_a_permuted_step_does_not_become_padding(mask_value):
    steps = np.full((2, 2, 2), mask_value)
    real = np.array([[True, True], [True, False]])
    keep_off_mask(steps, real, Cell(slice(0, 1), slice(1, 2)), mask_value)
    changed = steps.astype(np.float32) != np.float32(mask_value)
    assert_array_equal(np.argwhere(changed), [[0, 0, 1], [1, 0, 1]])
    assert_allclose(steps, mask_value, rtol=1e-6, atol=1e-30)


# --- What is planted is found ----------------------------------------------------------------


def lagged(X, lag, column):
    return pd.DataFrame(X)[column].shift(lag, fill_value=0)


FLAT = make_pipeline(SequenceFlattener(), Ridge(1e-3))
TABLE = pd.DataFrame(numbers(200, 2), HOURS, ["a", "b"])
LAG_3 = lagged(TABLE, 3, "b")
WINDOWED = make_pipeline(SequenceWindower(timesteps=6), FLAT)
FITTED_ON_TABLE = Ridge().fit(TABLE, LAG_3)


def test_a_lag_of_a_column_of_a_table():
    model = make_pipeline(StandardScaler().set_output(transform="pandas"), WINDOWED)
    result = sequence_importance(model.fit(TABLE, LAG_3), TABLE, LAG_3, random_state=0)
    assert best(result) == (3, "b")
    assert result.importances.shape == (6, 2, 5)
    assert_array_equal(result.timesteps, [5, 4, 3, 2, 1, 0])
    assert_array_equal(result.feature_names, ["a", "b"])
    assert (result.over, result.timesteps_from) == (("timestep", "feature"), "end")
    assert (result.score, result.score_name) == (model.score(TABLE, LAG_3), "r2")
    assert_array_equal(result.importances_mean, result.importances.mean(axis=-1))
    assert_array_equal(result.importances_std, result.importances.std(axis=-1))


@pytest.mark.parametrize("over", ["timestep", ("timestep",)])
def test_over_timesteps(over):
    result = sequence_importance(WINDOWED.fit(TABLE, LAG_3), TABLE, LAG_3, over=over)
    assert best(result) == (3,)
    assert (result.importances.shape, result.feature_names) == ((6, 5), None)


def test_over_features():
    model = WINDOWED.fit(TABLE, LAG_3)
    result = sequence_importance(model, TABLE, LAG_3, over="feature", n_repeats=3)
    assert best(result) == ("b",)
    assert (result.importances.shape, result.timesteps) == ((2, 3), None)


def test_the_order_of_over_does_not_change_the_axes():
    model = WINDOWED.fit(TABLE, LAG_3)
    results = [
        sequence_importance(model, TABLE, LAG_3, over=over, random_state=0)
        for over in (("timestep", "feature"), ["feature", "timestep"])
    ]
    assert_array_equal(results[0].importances, results[1].importances)


def test_blocks_join_timesteps():
    model = WINDOWED.fit(TABLE, LAG_3)
    result = sequence_importance(model, TABLE, LAG_3, blocks=4)
    assert best(result) == ("3 to 0", "b")
    assert_array_equal(result.timesteps, ["5 to 4", "3 to 0"])
    result = sequence_importance(model, TABLE, LAG_3, over="timestep", blocks=[1, 3])
    assert best(result) == ("5 to 3",)
    assert_array_equal(result.timesteps, ["5 to 3", "2 to 1", "0"])


@pytest.mark.parametrize("integers", [False, True])
def test_an_array_of_three_axes(integers):
    X = numbers(150, 5, 3)
    X = (10 * X).astype(int) if integers else X
    y = 2.0 * X[:, 1, 2]
    result = sequence_importance(FLAT.fit(X, y), X, y, random_state=0)
    assert best(result) == (3, "x2")
    result = sequence_importance(FLAT, X, y, over="feature", feature_names=["a", "b", "c"])
    assert best(result) == ("c",)


def test_the_sum_for_an_additive_model_is_twice_the_score():
    X = numbers(2000, 4, 2)
    y = X[:, 3, 0] + 0.5 * X[:, 1, 1] - 0.7 * X[:, 0, 0] + numbers(2000, seed=1)
    model = FLAT.fit(X[:1000], y[:1000])
    result = sequence_importance(model, X[1000:], y[1000:], n_repeats=20, random_state=0)
    assert_allclose(result.importances_mean.sum(), 2 * result.score, rtol=0.1)
    # In squared errors, the importance of a cell is twice the variance that it explains.
    mse = sequence_importance(
        model, X[1000:], y[1000:], n_repeats=20, scoring="neg_mean_squared_error", random_state=0
    )
    assert_allclose(mse.importances_mean[3, 0], 2 * np.var(X[1000:, 3, 0]), rtol=0.1)


def test_a_permutation_of_single_columns_is_that_of_scikit_learn():
    X = numbers(300, 3, 2)
    y = X.reshape(300, 6) @ np.array([0.0, 1.0, 0.0, 2.0, 0.5, 0.0])
    model = FLAT.fit(X, y)
    ours = sequence_importance(model, X, y, n_repeats=40, random_state=0)
    theirs = permutation_importance(
        LinearRegression().fit(X.reshape(300, 6), y), X.reshape(300, 6), y, n_repeats=40,
        random_state=0,
    )  # fmt: skip
    assert_allclose(ours.importances_mean.ravel(), theirs.importances_mean, atol=0.03)
    assert_allclose(ours.importances_std.ravel(), theirs.importances_std, atol=0.02)


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_padded_lists(padding, truncating):
    lengths = np.random.default_rng(0).integers(3, 9, size=150)
    X = [numbers(n, 2, seed=i) for i, n in enumerate(lengths)]
    padder = SequencePadder(6, padding=padding, truncating=truncating, mask_value=-9.0)
    position = -2 if padding == "pre" else 1
    model = make_pipeline(padder, Reader(position, 1)).fit(X)
    y = padder.transform(X)[:, position, 1]
    model[-1].fit(X)
    result = sequence_importance(model, X, y, random_state=0)
    assert best(result) == (1, "x1")
    assert result.timesteps_from == ("end" if padding == "pre" else "start")
    labels = range(6)[::-1] if padding == "pre" else range(6)
    assert_array_equal(result.timesteps, list(labels))
    padded = padder.transform(X)
    for read in model[-1].seen_:
        assert isinstance(read, PaddedSequences)
        assert_array_equal(read == -9.0, np.asarray(padded) == -9.0)
        assert (read.mask_value, read.truncating) == (-9.0, truncating)
        assert_array_equal(read.lengths, lengths)
        # Every timestep has the values that it had, in another order.
        assert_array_equal(np.sort(read, axis=0), np.sort(padded, axis=0))


def test_blocks_of_sequences_that_are_padded_at_the_end_are_counted_from_the_start():
    X = [numbers(n, 1, seed=n) for n in range(1, 6)]
    model = make_pipeline(SequencePadder(mask_value=-9.0), Reader(0)).fit(X)
    result = sequence_importance(model, X, [x[0, 0] for x in X], blocks=2, over="timestep")
    assert_array_equal(result.timesteps, ["0 to 1", "2 to 3", "4"])


@pytest.mark.parametrize("dtype", [float, int])
def test_an_array_that_was_padded_by_hand_is_padded_as_the_estimator_says(dtype):
    X = np.full((4, 3, 2), -1, dtype)
    for i, length in enumerate([1, 3, 2, 3]):
        X[i, 3 - length :] = np.arange(2 * length).reshape(length, 2) + 10 * i
    before = X.copy()
    model = Reader(mask_value=-1).fit(X)
    result = sequence_importance(model, X, X[:, -1, 0], random_state=0)
    assert result.timesteps_from == "end"
    assert all(((read == -1) == (X == -1)).all() for read in model.seen_)
    assert_array_equal(X, before)


def test_a_real_step_does_not_become_padding():
    # Any exchange of a feature between the first two would make steps of zeros.
    X = np.array([[[0.0, 5.0]], [[3.0, 0.0]], [[0.0, 0.0]]])
    model = Reader(mask_value=0.0).fit(X)
    sequence_importance(model, X, [0.0, 3.0, 0.0], n_repeats=9, random_state=0)
    masked = [(read == 0).all(axis=-1)[:, 0].tolist() for read in model.seen_]
    assert masked == [[False, False, True]] * len(masked)


@pytest.mark.parametrize("form", [np.asarray, list])
@pytest.mark.parametrize("dtype", [float, int])
def test_real_steps_do_not_become_padding_if_nothing_is_padded(form, dtype):
    X = np.random.default_rng(0).integers(0, 2, (40, 3, 2)).astype(dtype)
    X[(X == 0).all(axis=-1)] = 1  # no step is padding
    model = (Reader if form is np.asarray else StepReader)()
    model.mask_value = 0.0
    y = X[:, -1, 0] if form is np.asarray else list(X[:, :, 0])
    for over in ("timestep", "feature", ("timestep", "feature")):
        model.fit(X)
        sequence_importance(model, form(X), y, over=over, n_repeats=5, random_state=0)
        read = np.array([np.asarray(each) for each in model.seen_])
        assert read.shape[1:] == X.shape
        # Subnormal numbers are zero for a network.
        assert not (np.abs(read) < np.finfo(np.float32).tiny).all(axis=-1).any()


def test_real_steps_of_lists_of_unequal_length_do_not_become_padding():
    X = [np.array([[0, 1], [1, 0], [1, 1]][: 2 + i % 2]) for i in range(20)]
    model = StepReader().fit(X)
    model.mask_value = 0
    sequence_importance(model, X, [x[:, 0] for x in X], over="feature", random_state=0)
    assert len(model.seen_) == 11
    assert not any((x == 0).all(axis=-1).any() for read in model.seen_ for x in read)


def test_padding_in_a_list_stays_padding():
    lengths = np.arange(12) % 3 + 2
    X = [np.vstack([numbers(n, 2, seed=i), np.zeros((4 - n, 2))]) for i, n in enumerate(lengths)]
    model = StepReader().fit(X)
    model.mask_value = 0.0
    result = sequence_importance(model, X, [x[:, 0] for x in X], random_state=0)
    assert result.timesteps_from == "start"
    for read in model.seen_:
        assert_array_equal([(x != 0).any(axis=-1).sum() for x in read], lengths)


@pytest.mark.parametrize(
    ("masked", "side"),
    [
        ([(0, -1)], "start"),  # padding at the end only
        ([(0, 0)], "end"),
        ([(0, 0), (1, -1)], "end"),  # one masked step at the end does not flip the axis
        ([(0, 1)], "end"),
        ([], "end"),
    ],
)
def test_the_side_that_timesteps_are_counted_from(masked, side):
    X = numbers(10, 4, 2)
    for sample, timestep in masked:
        X[sample, timestep] = -9.0
    model = Reader(1, mask_value=-9.0).fit(X)
    result = sequence_importance(model, X, X[:, 1, 0], over="timestep", n_repeats=1)
    assert result.timesteps_from == side
    assert_array_equal(result.timesteps, range(4) if side == "start" else [3, 2, 1, 0])


def test_views_are_neither_changed_nor_lose_their_labels():
    windower = SequenceWindower(timesteps=4)
    windows = windower.fit_transform(TABLE)
    assert not windows.flags.writeable
    before = np.array(windows)
    model = Reader(0, 1).fit(windows)
    result = sequence_importance(model, windows, before[:, 0, 1], n_repeats=2)
    assert best(result) == (3, "b")
    assert_array_equal(windows, before)
    for read in model.seen_:
        assert isinstance(read, np.ndarray)
    model = NaiveRegressor("b").fit(windows, LAG_3)  # reads the names
    assert best(sequence_importance(model, windows, before[:, -1, 1])) == (0, "b")


def test_the_estimator_reads_windows_with_their_labels():
    class Labelled(Reader):
        def predict(self, X):
            assert isinstance(X, TimedWindows)
            assert X.index.equals(HOURS)
            return super().predict(X)

    model = make_pipeline(SequenceWindower(timesteps=3), Labelled()).fit(TABLE, LAG_3)
    sequence_importance(model, TABLE, LAG_3, n_repeats=1)


@pytest.mark.parametrize(
    "order", ["C", "F"], ids=["t0_a t0_b t1_a", "t0_a t1_a t0_b"]
)  # fmt: skip
def test_the_features_of_lag_columns_have_their_names(order):
    names = ["t0_a", "t0_b", "t1_a", "t1_b"]
    X = pd.DataFrame(numbers(100, 4), columns=names if order == "C" else sorted(names, key=len))
    X = X if order == "C" else X[["t0_a", "t1_a", "t0_b", "t1_b"]]
    model = make_pipeline(SequenceReshaper(timesteps=2, order=order), FLAT)
    result = sequence_importance(model.fit(X, X["t0_b"]), X, X["t0_b"], random_state=0)
    assert best(result) == (1, "b")


def test_the_names_of_an_array_are_those_of_the_transformed_features():
    X = TABLE.to_numpy()
    model = make_pipeline(SequenceWindower(timesteps=3), FLAT).fit(X, LAG_3)
    assert_array_equal(sequence_importance(model, X, LAG_3).feature_names, ["x0", "x1"])
    model = make_pipeline(SequenceWindower(timesteps=3), PerTimestep(StandardScaler()), FLAT)
    result = sequence_importance(model.fit(TABLE, LAG_3), TABLE, LAG_3)
    assert_array_equal(result.feature_names, ["a", "b"])


@pytest.mark.parametrize("kind", ["flat", "nested", "in a search"])
def test_the_names_of_columns_behind_a_scaler(kind):
    windowed = make_pipeline(SequenceWindower(timesteps=3), FLAT)
    model = {
        "flat": Pipeline([("scale", StandardScaler()), *windowed.steps]),
        "nested": make_pipeline(StandardScaler(), windowed),
        "in a search": make_pipeline(
            StandardScaler(),
            GridSearchCV(windowed, {"sequencewindower__timesteps": [3]}, cv=2),
        ),
    }[kind]
    result = sequence_importance(model.fit(TABLE, LAG_3), TABLE, LAG_3, n_repeats=1)
    assert_array_equal(result.feature_names, ["a", "b"])


# --- Estimators around and inside ------------------------------------------------------------


def nested(kind):
    grid = {"alpha": [1e-3]}
    inside = make_pipeline(SequenceFlattener(), GridSearchCV(Ridge(), grid, cv=2))
    if kind == "search":
        name = "pipeline__ridge__alpha"
        return GridSearchCV(WINDOWED, {name: [1e-3]}, cv=2, scoring="neg_mean_squared_error")
    return {
        "search inside": make_pipeline(SequenceWindower(timesteps=6), inside),
        "target": TransformedTargetRegressor(WINDOWED, transformer=StandardScaler()),
        "intervals": ConformalRegressor(WINDOWED),
        "passthrough": Pipeline([("scale", "passthrough"), *WINDOWED.steps]),
        "pipeline": make_pipeline(StandardScaler().set_output(transform="pandas"), WINDOWED),
        "search after a scaler": make_pipeline(
            StandardScaler().set_output(transform="pandas"),
            GridSearchCV(WINDOWED, {"sequencewindower__timesteps": [6]}, cv=2),
        ),
    }[kind]


KINDS = ["search", "search inside", "target", "intervals", "passthrough", "pipeline"]


@pytest.mark.parametrize("kind", [*KINDS, "search after a scaler"])
def test_inside_other_estimators(kind):
    model = nested(kind).fit(TABLE, LAG_3)
    predicted = model.predict(TABLE)
    result = sequence_importance(model, TABLE, LAG_3, random_state=0)
    assert best(result) == (3, "b")
    assert_allclose(result.score, model.score(TABLE, LAG_3))
    assert result.score_name == ("neg_mean_squared_error" if kind == "search" else "r2")
    assert_array_equal(model.predict(TABLE), predicted)  # the estimator is not changed


@pytest.mark.parametrize(
    ("scoring", "refit", "name"),
    [
        (["r2", "neg_mean_absolute_error"], "r2", "r2"),
        ({"error": "neg_mean_absolute_error"}, "error", "error"),
        (None, True, "r2"),
        ("neg_mean_squared_error", True, "neg_mean_squared_error"),
        (lambda estimator, X, y: 1.0, True, "score"),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_the_score_of_a_search_is_named(scoring, refit, name, inside):
    search = GridSearchCV(FLAT, {"ridge__alpha": [1.0]}, cv=2, scoring=scoring, refit=refit)
    X = numbers(20, 3, 2)
    model = make_pipeline(PerTimestep(StandardScaler()), search) if inside else search
    result = sequence_importance(model.fit(X, X[:, 0, 0]), X, X[:, 0, 0], n_repeats=1)
    assert result.score_name == name


def test_a_search_that_is_not_refitted():
    search = GridSearchCV(WINDOWED, {"pipeline__ridge__alpha": [1.0]}, cv=2, refit=False)
    message = (
        "This GridSearchCV instance was initialized with `refit=False`. sequence_importance is "
        "available only after refitting on the best parameters. You can refit an estimator "
        "manually using the `best_params_` attribute"
    )
    with pytest.raises(ValueError, match=whole(message)):
        sequence_importance(search.fit(TABLE, LAG_3), TABLE, LAG_3)


def test_other_estimators_around_a_pipeline():
    voting = VotingRegressor([("one", WINDOWED)]).fit(TABLE, LAG_3)
    message = (
        "Neither X nor any step of VotingRegressor has the three axes (samples, timesteps, "
        "features). If sequences are made inside VotingRegressor, put the transformer that makes "
        "them before it, in a Pipeline around it: make_pipeline(SequenceWindower(...), "
        "VotingRegressor(...)). For a table that is no sequences, use "
        "sklearn.inspection.permutation_importance."
    )
    with pytest.raises(ValueError, match=whole(message)):
        sequence_importance(voting, TABLE, LAG_3)
    # What the message advises:
    model = make_pipeline(SequenceWindower(timesteps=6), VotingRegressor([("one", FLAT)]))
    result = sequence_importance(model.fit(TABLE, LAG_3), TABLE, LAG_3, random_state=0)
    assert best(result) == (3, "b")


def test_a_transformer_is_called_once():
    calls = []

    class Counting(SequenceWindower):
        def transform(self, X):
            calls.append(len(X))
            return super().transform(X)

    model = make_pipeline(Counting(timesteps=2), FLAT).fit(TABLE, LAG_3)
    calls.clear()
    sequence_importance(model, TABLE, LAG_3)
    assert calls == [200]


def test_several_outputs():
    y = pd.DataFrame({"one": LAG_3, "two": lagged(TABLE, 1, "a")})
    result = sequence_importance(WINDOWED.fit(TABLE, y), TABLE, y, random_state=0)
    order = np.argsort(result.importances_mean.ravel())[::-1]
    assert set(order[:2]) == {5, 8}  # lag 3 of b, lag 1 of a
    assert_allclose(result.importances_mean.ravel()[order[:2]], 1, atol=0.15)


def test_a_classifier():
    y = np.where(LAG_3 > 0, "high", "low")
    model = make_pipeline(SequenceWindower(timesteps=6), SequenceFlattener(), LogisticRegression())
    result = sequence_importance(model.fit(TABLE, y), TABLE, y, random_state=0)
    assert result.importances_mean.argmax() == 5
    assert result.score_name == "accuracy"
    result = sequence_importance(model, TABLE, y, scoring="roc_auc", random_state=0)
    assert best(result) == (3, "b")
    assert result.score_name == "roc_auc"


def test_several_scores():
    model = WINDOWED.fit(TABLE, LAG_3)
    scores = ["r2", "neg_mean_absolute_error"]
    results = sequence_importance(model, TABLE, LAG_3, scoring=scores, random_state=0)
    assert list(results) == scores
    for name in scores:
        one = sequence_importance(model, TABLE, LAG_3, scoring=name, random_state=0)
        assert_array_equal(results[name].importances, one.importances)
        assert results[name].score_name == name
    by_name = {"error": make_scorer(mean_absolute_error, greater_is_better=False)}
    results = sequence_importance(model, TABLE, LAG_3, scoring=by_name, random_state=0)
    assert_array_equal(results["error"].importances, one.importances)
    with pytest.raises(ValueError, match=whole(
        "importances has several scores, 'error'. Pass one of them: importances['error']."
    )):  # fmt: skip
        ImportanceDisplay.from_importances(results)


def my_score(estimator, X, y):
    return -np.abs(estimator.predict(X) - y).max()


@pytest.mark.parametrize(
    ("scoring", "name"),
    [
        (my_score, "my_score"),
        (lambda estimator, X, y: my_score(estimator, X, y), "score"),
        (make_scorer(r2_score), "score"),
        (make_scorer(mean_absolute_error, greater_is_better=False), "score"),
    ],
)
def test_a_score_has_its_name(scoring, name):
    result = sequence_importance(WINDOWED.fit(TABLE, LAG_3), TABLE, LAG_3, scoring=scoring)
    assert best(result) == (3, "b")
    assert result.score_name == name


def test_sample_weight_counts_in_the_score():
    model = WINDOWED.fit(TABLE, TABLE["a"].where(HOURS[100] > HOURS, TABLE["b"]))
    y = TABLE["a"].where(HOURS[100] > HOURS, TABLE["b"])
    weight = (HOURS[100] > HOURS).astype(float)
    result = sequence_importance(model, TABLE, y, sample_weight=weight, random_state=0)
    assert result.score == model.score(TABLE, y, sample_weight=weight)
    assert result.score != model.score(TABLE, y)


# --- Lists of sequences ----------------------------------------------------------------------


def ragged(features=2):
    lengths = np.random.default_rng(0).integers(2, 9, size=40)
    return [numbers(n, features, seed=i) for i, n in enumerate(lengths)]


@pytest.mark.parametrize("form", ["list", "object array", "tables"])
def test_a_feature_of_lists(form):
    X = ragged()
    y = [x[:, 1] for x in X]
    if form == "object array":
        X = np.fromiter(X, dtype=object, count=len(X))
    elif form == "tables":
        X = [pd.DataFrame(x, columns=["a", "b"]) for x in X]
    model = StepReader(1).fit(X)
    result = sequence_importance(model, X, y, over="feature", random_state=0)
    assert best(result) == ("b" if form == "tables" else "x1",)
    assert result.score_name == "r2"
    assert_allclose(result.importances_mean, [0, 2], atol=0.3)
    steps = np.concatenate([np.asarray(x) for x in X])
    for read in model.seen_:
        assert [len(x) for x in read] == [len(x) for x in X]
        assert all(hasattr(x, "columns") == (form == "tables") for x in read)
        read = np.concatenate([np.asarray(x) for x in read])
        assert_array_equal(np.sort(read, axis=0), np.sort(steps, axis=0))


def test_a_single_sequence_and_sequences_of_numbers():
    X = [numbers(50)]
    result = sequence_importance(StepReader().fit(X), X, X, over="feature", random_state=0)
    assert_allclose(result.importances_mean, [2], atol=0.3)


def test_timesteps_of_lists_of_one_length():
    X = [numbers(4, 2, seed=i) for i in range(30)]
    y = [x[:, 1] for x in X]
    model = StepReader(1).fit(X)
    result = sequence_importance(model, X, y, random_state=0)
    assert result.importances_mean.shape == (4, 2)
    assert (result.importances_mean[:, 1] > 0.1).all()
    assert_array_equal(result.importances_mean[:, 0], 0)
    assert all(isinstance(read, list) for read in model.seen_)
    assert_array_equal(X[3], numbers(4, 2, seed=3))


def test_a_feature_of_a_list_of_one_length_is_that_of_the_array():
    X = np.cumsum(numbers(30, 6, 2), axis=1)
    y = X[:, :, 1] + numbers(30, 6, seed=1)
    of_array = StepReader(1).fit(X)
    of_list = StepReader(1).fit(X)
    results = [
        sequence_importance(of_array, X, y, over="feature", random_state=0),
        sequence_importance(of_list, list(X), list(y), over="feature", random_state=0),
    ]
    assert_array_equal(results[0].importances, results[1].importances)
    courses = {tuple(course) for course in X[:, :, 1]}
    assert all({tuple(x[:, 1]) for x in read} == courses for read in of_list.seen_)


def test_a_list_behind_a_transformer_of_steps():
    X = ragged()
    model = make_pipeline(PerTimestep(StandardScaler()), StepReader(0)).fit(X)
    y = model.predict(X)
    scoring = make_step_scorer("neg_mean_squared_error")
    result = sequence_importance(model, X, y, over="feature", scoring=scoring, random_state=0)
    assert best(result) == ("x0",)
    assert result.score_name == "neg_mean_squared_error"


def test_an_unreadable_sequence_is_named():
    X = [[[1.0, 2.0], [3.0]], [[1.0, 2.0]]]
    with pytest.raises(ValueError, match=r"^Sequence 0 of X cannot be read"):
        sequence_importance(StepReader().fit(X), X, [[1.0, 2.0], [3.0]], over="feature")


# --- Warnings ---


class Warner(Reader):
    def predict(self, X):
        warnings.warn("X is short.", UserWarning, stacklevel=2)
        return super().predict(X)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_warning_is_shown_once(n_jobs):
    X = numbers(20, 3, 2)
    model = Warner().fit(X)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sequence_importance(model, X, X[:, -1, 0], n_jobs=n_jobs)
        filters = list(warnings.filters)
    assert [str(warning.message) for warning in caught] == ["X is short."]
    assert filters[0][0] == "always"  # the filters are as they were
    assert len(model.seen_) == 1 + 6 * 5


# --- Random numbers --------------------------------------------------------------------------


def test_the_result_depends_on_random_state_only():
    model = WINDOWED.fit(TABLE, LAG_3)
    first = sequence_importance(model, TABLE, LAG_3, random_state=0).importances
    for n_jobs in (1, 2, 5, -1, 100):
        again = sequence_importance(model, TABLE, LAG_3, random_state=0, n_jobs=n_jobs)
        assert_array_equal(again.importances, first)
    with parallel_config("loky"):
        again = sequence_importance(model, TABLE, LAG_3, random_state=0, n_jobs=2)
    assert_array_equal(again.importances, first)
    other = sequence_importance(model, TABLE, LAG_3, random_state=1).importances
    assert not np.array_equal(first, other)
    more = sequence_importance(model, TABLE, LAG_3, random_state=0, n_repeats=7).importances
    assert_array_equal(more[..., :5], first)


# --- Errors ----------------------------------------------------------------------------------

SEQUENCES = numbers(10, 4, 2)
FITTED = make_pipeline(SequenceFlattener(), Ridge()).fit(SEQUENCES, SEQUENCES[:, 0, 0])
OVER = "over must be 'timestep', 'feature' or both, ('timestep', 'feature'); got {}."


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"over": "time"}, ValueError, whole(OVER.format("'time'"))),
        ({"over": ()}, ValueError, whole(OVER.format("()"))),
        ({"over": None}, ValueError, whole(OVER.format("None"))),
        ({"over": ("feature", "lag")}, ValueError, whole(OVER.format("('feature', 'lag')"))),
        (
            {"over": ("feature", "feature")},
            ValueError,
            whole("over must name an axis once; got ('feature', 'feature')."),
        ),
        (
            {"n_repeats": 0},
            ValueError,
            r"The 'n_repeats' parameter of sequence_importance must be an int in the range \[1",
        ),
        ({"n_repeats": 2.5}, ValueError, "The 'n_repeats' parameter"),
        ({"scoring": "accurate"}, ValueError, "'accurate' is not a valid scoring value"),
        ({"random_state": "zero"}, ValueError, "The 'random_state' parameter"),
        (
            {"blocks": 5},
            ValueError,
            whole("blocks=5 is not a length between 1 and 4, the number of timesteps."),
        ),
        ({"blocks": 0}, ValueError, "blocks=0 is not a length between 1 and 4"),
        (
            {"blocks": [1, 4]},
            ValueError,
            whole(
                "blocks=[1, 4] must increase and lie between 1 and 3, because there are 4 "
                "timesteps: they are the steps back at which a new block begins."
            ),
        ),
        ({"blocks": [2, 1]}, ValueError, r"blocks=\[2, 1\] must increase"),
        ({"blocks": [0, 2]}, ValueError, r"blocks=\[0, 2\] must increase and lie between 1"),
        (
            {"blocks": "day"},
            TypeError,
            whole(
                "blocks must be None, the length of the blocks, or a list of the steps back at "
                "which a new block begins, such as [1, 7]; got 'day'."
            ),
        ),
        ({"blocks": True}, TypeError, "blocks must be None, the length"),
        ({"blocks": 1.5}, TypeError, "blocks must be None, the length"),
        ({"blocks": []}, TypeError, "blocks must be None, the length"),
        (
            {"blocks": 2, "over": "feature"},
            ValueError,
            whole(
                "blocks=2 joins timesteps, but over='feature' exchanges all of them together. Use "
                "over='timestep' or over=('timestep', 'feature')."
            ),
        ),
        (
            {"feature_names": ["a"]},
            ValueError,
            whole("feature_names must have one name for each of the 2 features; got ['a']."),
        ),
        ({"feature_names": "ab"}, ValueError, "feature_names must have one name for each"),
        ({"y": [1.0, 2.0]}, ValueError, r"inconsistent numbers of samples: \[10, 2\]"),
        ({"sample_weight": [1.0]}, ValueError, r"inconsistent numbers of samples: \[10, 10, 1\]"),
        (
            {"X": SEQUENCES[:1], "y": [1.0]},
            ValueError,
            whole(
                "X has 1 sample, but values are exchanged between samples: 2 or more are required. "
                "For the steps of a single sequence, pass a list, [X] and [y], and over='feature'."
            ),
        ),
    ],
)
def test_errors(changes, kind, message):
    arguments = {"X": SEQUENCES, "y": SEQUENCES[:, 0, 0]} | changes
    with pytest.raises(kind, match=message):
        sequence_importance(FITTED, **arguments)


def test_an_estimator_that_is_not_fitted():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        sequence_importance(make_pipeline(SequenceWindower(), Ridge()), TABLE, LAG_3)


def test_a_target_is_required():
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        sequence_importance(FITTED, SEQUENCES, None)


def test_a_single_row_and_the_timesteps_of_a_single_sequence():
    message = "X has 1 sample, but values are exchanged between samples: 2 or more are required."
    model = make_pipeline(SequenceWindower(timesteps=1), FLAT).fit(TABLE, LAG_3)
    with pytest.raises(ValueError, match=whole(message)):
        sequence_importance(model, TABLE[:1], LAG_3[:1])
    X = [numbers(5, 2)]
    advice = " Use over='feature', which exchanges values between the steps of a sequence."
    with pytest.raises(ValueError, match=whole(message + advice)):
        sequence_importance(StepReader().fit(X), X, [X[0][:, 0]])


def test_a_table_that_is_no_sequences():
    model = make_pipeline(StandardScaler(), Ridge()).fit(TABLE, LAG_3)
    message = (
        "Neither X nor any step of Pipeline has the three axes (samples, timesteps, features). For "
        "a table that is no sequences, use sklearn.inspection.permutation_importance."
    )
    with pytest.raises(ValueError, match=whole(message)):
        sequence_importance(model, TABLE, LAG_3)
    with pytest.raises(ValueError, match="Neither X nor any step of Ridge has"):
        sequence_importance(model[-1], TABLE.to_numpy().tolist(), LAG_3)


def test_timesteps_of_lists_of_unequal_length():
    X = [numbers(2, 2), numbers(2, 2), numbers(3, 2)]
    message = (
        "The sequences of X differ in length: sequence 0 has 2 steps, sequence 2 has 3, so no "
        "timestep is the same one in all of them. Use over='feature', which permutes a feature "
        "over the steps of all sequences, or give all sequences one length by a SequencePadder in "
        "the Pipeline."
    )
    with pytest.raises(ValueError, match=whole(message)):
        sequence_importance(StepReader().fit(X), X, [x[:, 0] for x in X])


# --- ImportanceDisplay -----------------------------------------------------------------------


def test_a_heat_map_has_time_from_left_to_right_and_a_row_a_feature():
    model = WINDOWED.fit(TABLE, LAG_3)
    result = sequence_importance(model, TABLE, LAG_3, random_state=0)
    display = ImportanceDisplay.from_importances(result)
    assert_array_equal(display.image_.get_array(), result.importances_mean.T)
    assert display.image_.get_clim() == (0, result.importances_mean.max())
    ax = display.ax_
    assert [label.get_text() for label in ax.get_xticklabels()] == list("543210")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert (ax.get_xlabel(), display.colorbar_.ax.get_ylabel()) == ("steps back", "decrease in R²")
    assert (display.bars_, display.figure_) == (None, ax.figure)


def test_a_display_of_an_estimator_is_that_of_its_importances():
    model = WINDOWED.fit(TABLE, LAG_3)
    options = {"blocks": 2, "n_repeats": 2, "scoring": "neg_mean_absolute_error"}
    options |= {"random_state": 0, "feature_names": ["north", "south"]}
    result = sequence_importance(model, TABLE, LAG_3, **options)
    _, ax = plt.subplots()
    display = ImportanceDisplay.from_estimator(model, TABLE, LAG_3, **options, ax=ax, cmap="Reds")
    assert display.ax_ is ax
    assert display.image_.get_cmap().name == "Reds"
    assert_array_equal(display.importances_mean, result.importances_mean)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["5 to 4", "3 to 2", "1 to 0"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["north", "south"]
    assert display.colorbar_.ax.get_ylabel() == "increase in mean absolute error"


def test_bars_of_timesteps_and_of_features():
    model = WINDOWED.fit(TABLE, LAG_3)
    result = sequence_importance(model, TABLE, LAG_3, over="timestep")
    display = ImportanceDisplay.from_importances(result)
    assert_array_equal([bar.get_height() for bar in display.bars_], result.importances_mean)
    segments = display.bars_.errorbar.lines[2][0].get_segments()
    assert_allclose([s[1, 1] - s[0, 1] for s in segments], 2 * result.importances_std)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("steps back", "decrease in R²")
    assert display.image_ is None
    result = sequence_importance(model, TABLE, LAG_3, over="feature")
    display = ImportanceDisplay.from_importances(result)
    assert_array_equal([bar.get_width() for bar in display.bars_], result.importances_mean)
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["a", "b"]
    assert display.ax_.yaxis_inverted()
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("decrease in R²", "")


@pytest.mark.parametrize(
    ("timesteps", "ticks"),
    [(14, range(14)), (30, range(0, 30, 2)), (168, range(0, 168, 12)), (1, [0])],
)
def test_a_long_look_back_has_ticks_at_round_distances(timesteps, ticks):
    steps = np.arange(timesteps)[::-1]
    display = ImportanceDisplay(importances_mean=np.ones(timesteps), timesteps=steps).plot()
    texts = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert texts == [str(tick) for tick in reversed(ticks)]
    assert_array_equal(display.ax_.get_xticks(), [steps.tolist().index(int(t)) for t in texts])


def test_a_heat_map_without_any_importance():
    display = ImportanceDisplay(
        importances_mean=np.zeros((1, 2)),
        timesteps=np.arange(1),
        feature_names=["a", "b"],
        timesteps_from="start",
        score_name="my_score",
    ).plot()
    display.figure_.draw_without_rendering()
    assert display.colorbar_.extend == "neither"
    assert display.image_.get_clim() == (0, 1)
    assert display.ax_.get_xlabel() == "timestep, from the start"
    assert display.colorbar_.ax.get_ylabel() == "decrease in my score"


def test_only_importances_are_drawn():
    message = (
        "importances is of type ndarray, but must be what sequence_importance returns. Use "
        "from_estimator to compute them."
    )
    with pytest.raises(TypeError, match=whole(message)):
        ImportanceDisplay.from_importances(np.ones((2, 2)))


@pytest.mark.parametrize(
    ("values", "limits", "cmap", "extend"),
    [
        ([1.0, -0.09], (0, 1), "Blues", "min"),
        ([1.0, -0.11], (-1, 1), "RdBu", "neither"),
        ([1.0, -4.0], (-4, 4), "RdBu", "neither"),
        ([-1.0, -4.0], (-4, 4), "RdBu", "neither"),
    ],
)
def test_clearly_negative_importances_have_colours_of_their_own(values, limits, cmap, extend):
    display = ImportanceDisplay(
        importances_mean=np.array([values]), timesteps=np.arange(1), feature_names=["a", "b"]
    ).plot()
    assert display.image_.get_clim() == limits
    assert display.image_.get_cmap().name == cmap
    assert display.colorbar_.extend == extend
    assert display.plot(cmap="Greens").image_.get_cmap().name == "Greens"


def test_the_results_of_a_table_lack_what_the_display_needs():
    result = permutation_importance(FITTED_ON_TABLE, TABLE, LAG_3, n_repeats=1)
    message = (
        "importances lacks 'timesteps', 'timesteps_from', 'feature_names', 'score_name': it "
        "must be what sequence_importance returns for one score. Use from_estimator to compute "
        "them."
    )
    for given_ in (result, dict(result)):
        with pytest.raises(TypeError, match=whole(message)):
            ImportanceDisplay.from_importances(given_)
    with pytest.raises(TypeError, match="importances lacks 'importances_mean'"):
        ImportanceDisplay.from_importances({})


def test_a_plain_dict_of_a_result_is_drawn():
    result = sequence_importance(WINDOWED.fit(TABLE, LAG_3), TABLE, LAG_3, n_repeats=1)
    assert ImportanceDisplay.from_importances(dict(result)).image_ is not None


@pytest.mark.parametrize("scoring", [["r2", "max_error"], ("r2", "max_error"), {"r2": "r2"}])
def test_several_scores_are_not_computed_for_a_plot(scoring):
    model = make_pipeline(SequenceWindower(timesteps=2), Reader()).fit(TABLE)
    found = "'r2'" if isinstance(scoring, dict) else "'r2', 'max_error'"
    message = (
        f"scoring has several scores, {found}, but the plot shows one. Pass one of them. To "
        "compute all of them once, call sequence_importance, and draw them one by one: "
        "ImportanceDisplay.from_importances(result['r2'])."
    )
    with pytest.raises(ValueError, match=whole(message)):
        ImportanceDisplay.from_estimator(model, TABLE, LAG_3, scoring=scoring)
    assert model[-1].seen_ == []


class AlwaysOne(ClassifierMixin, BaseEstimator):
    """Predicts every step, as a classifier of steps does."""

    _predicts_every_step = True

    def fit(self, X, y=None):
        self.classes_ = np.array([0, 1])
        return self

    def score(self, X, y):
        return 1.0


def test_the_default_score_of_a_classifier_of_steps_is_named():
    X = ragged()
    result = sequence_importance(AlwaysOne().fit(X), X, X, over="feature")
    assert result.score_name == "accuracy"
    assert_array_equal(result.importances, 0)
