"""`PerTimestep`: a transformer of rows does to every real step what it does to a row."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
    TargetEncoder,
)
from sklearn.utils import get_tags
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.validation import check_is_fitted
from strategies import ragged_cases, unhurried

from skl_lstm import PerTimestep, SequencePadder, SequenceWindower
from skl_lstm._core.sequences import lengths_before_padding, padding_mark

LENGTHS = [4, 1, 6, 2]
RNG = np.random.default_rng(0)
X = [RNG.normal([0, 5, -2], [1, 3, 0.1], size=(length, 3)) for length in LENGTHS]
Y = np.array([0, 1, 0, 1])
STEPS = np.concatenate(X)


def with_nan(sequences):
    return [np.where(np.abs(s) < 0.3, np.nan, s) for s in sequences]


def assert_same(actual, expected):
    assert_array_equal(actual, expected, strict=True)


def assert_same_sequences(actual, expected):
    assert isinstance(actual, list)
    for one, other in zip(actual, expected, strict=True):
        assert_same(one, other)


def doubled(**params):
    return FunctionTransformer(lambda X: X * 2, inverse_func=lambda X: X / 2, **params)


# 1. By hand.


@pytest.mark.parametrize(
    ("inner", "sequences"),
    [
        (StandardScaler(), X),
        (MinMaxScaler((-1, 1)), X),
        (PCA(2), X),
        (PCA(1), X),
        (PolynomialFeatures(2), X),
        (SimpleImputer(), with_nan(X)),
        (SelectKBest(k=2), X),
        (FunctionTransformer(np.cbrt), X),
        (make_pipeline(StandardScaler(), PCA(2)), X),
        (ColumnTransformer([("scale", StandardScaler(), [0, 2])]), X),
        (StandardScaler(), [s.astype("float32") for s in X]),
    ],
)
def test_every_step_is_transformed_as_a_row_is(inner, sequences):
    by_hand = clone(inner).fit(np.concatenate(sequences), np.repeat(Y, LENGTHS))
    transformer = PerTimestep(inner).fit(sequences, Y)
    transformed = transformer.transform(sequences)
    assert len(transformed) == len(sequences)
    for sequence, result in zip(sequences, transformed, strict=True):
        rows = [by_hand.transform(step[np.newaxis])[0] for step in sequence]
        assert_allclose(result, rows, rtol=1e-6)
        assert result.dtype == by_hand.transform(sequence).dtype
    assert_same_sequences(PerTimestep(inner).fit_transform(sequences, Y), transformed)


@unhurried
@given(ragged_cases())
def test_what_changes_nothing_gives_back_what_came(case):
    before = [sequence.copy() for sequence in case.sequences]
    transformer = PerTimestep(FunctionTransformer()).fit(case.sequences)
    assert_same_sequences(transformer.transform(case.sequences), case.sequences)
    assert_same_sequences(transformer.inverse_transform(case.sequences), case.sequences)
    assert_same_sequences(case.sequences, before)


@unhurried
@given(ragged_cases())
def test_what_changes_nothing_gives_back_what_was_padded(case):
    padded = SequencePadder(**case.params).fit_transform(case.sequences)
    transformer = PerTimestep(FunctionTransformer()).fit(padded)
    for same in (transformer.transform(padded), transformer.inverse_transform(padded)):
        assert_same(same, padded)
        assert padding_mark(same) == padding_mark(padded)
        assert type(same) is type(padded)
        for value, expected in zip(
            lengths_before_padding(same), lengths_before_padding(padded), strict=True
        ):
            assert_array_equal(value, expected)


def test_one_mean_is_learned_over_all_steps_whatever_the_lengths():
    scaler = PerTimestep(StandardScaler()).fit([[[1.0]], [[2.0], [3.0], [6.0]]])
    assert scaler.transformer_.mean_ == 3.0


def test_the_target_of_a_sequence_is_that_of_its_steps():
    select = PerTimestep(SelectKBest(k=1)).fit(X, Y)
    by_hand = SelectKBest(k=1).fit(STEPS, np.repeat(Y, LENGTHS))
    assert_same(select.transformer_.scores_, by_hand.scores_)
    padded = SequencePadder(mask_value=-99.0).fit_transform(X)
    assert_allclose(
        PerTimestep(SelectKBest(k=1)).fit(padded, Y).transformer_.scores_, by_hand.scores_
    )
    assert_same(
        PerTimestep(SelectKBest(k=1)).fit(X, Y.tolist()).transformer_.scores_, by_hand.scores_
    )
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[4, 3\]"):
        select.fit(X, Y[:3])


def test_targets_of_several_outputs_are_repeated_too():
    seen = {}

    class Spy(StandardScaler):
        def fit(self, X, y):
            seen["y"] = y
            return super().fit(X)

    two = np.array([[1, 2], [3, 4]])
    PerTimestep(Spy()).fit(X[:2], two)
    assert seen["y"].tolist() == [[1, 2]] * 4 + [[3, 4]]


STEP_TARGETS = [np.arange(length) % 2 for length in LENGTHS]


@pytest.mark.parametrize("kind", [list, np.ndarray.tolist], ids=["arrays", "lists"])
def test_targets_of_steps_are_those_of_the_table(kind):
    y = [kind(target) for target in STEP_TARGETS]
    select = PerTimestep(SelectKBest(k=1)).fit(X, y)
    by_hand = SelectKBest(k=1).fit(STEPS, np.concatenate(STEP_TARGETS))
    assert_same(select.transformer_.scores_, by_hand.scores_)


def test_steps_without_a_target_are_not_used():
    y = [np.where(np.arange(len(t)) == 2, None, t) for t in STEP_TARGETS]
    used = np.concatenate([np.arange(length) != 2 for length in LENGTHS])
    by_hand = SelectKBest(k=1).fit(STEPS[used], np.concatenate(STEP_TARGETS)[used])
    assert_same(PerTimestep(SelectKBest(k=1)).fit(X, y).transformer_.scores_, by_hand.scores_)
    mean = PerTimestep(StandardScaler()).fit(X, y).transformer_.mean_
    assert_allclose(mean, STEPS[used].mean(axis=0))
    with pytest.raises(ValueError, match="y has no target: all 13 steps are NaN or None"):
        PerTimestep(StandardScaler()).fit(X, [[None] * length for length in LENGTHS])


@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("padding", ["pre", "post"])
def test_targets_of_steps_after_a_padder_are_truncated_like_the_steps(padding, truncating):
    padder = SequencePadder(3, padding=padding, truncating=truncating, mask_value=-99.0)
    cut = slice(-3, None) if truncating == "pre" else slice(3)
    by_hand = SelectKBest(k=1).fit(
        np.concatenate([x[cut] for x in X]), np.concatenate([t[cut] for t in STEP_TARGETS])
    )
    select = PerTimestep(SelectKBest(k=1)).fit(padder.fit_transform(X), STEP_TARGETS)
    assert_allclose(select.transformer_.scores_, by_hand.scores_)


def test_an_array_of_targets_of_steps():
    array = RNG.normal(size=(5, 4, 3))
    y = np.arange(20).reshape(5, 4) % 2
    by_hand = SelectKBest(k=1).fit(array.reshape(20, 3), y.ravel())
    select = PerTimestep(SelectKBest(k=1)).fit(array, y)
    assert_same(select.transformer_.scores_, by_hand.scores_)
    padded = SequencePadder(8, mask_value=-99.0).fit_transform(list(array))
    with_padding = np.pad(y, ((0, 0), (0, 4)), constant_values=7)
    select = PerTimestep(SelectKBest(k=1)).fit(padded, with_padding)
    assert_allclose(select.transformer_.scores_, by_hand.scores_)


def test_the_targets_of_windows_of_a_table_are_never_those_of_steps():
    days = pd.DataFrame({"a": np.arange(9.0)}, pd.date_range("2024-01-01", periods=9))
    windows = SequenceWindower(3).fit_transform(days)
    y = np.full((9, 3), np.nan)
    y[0] = 1
    scaler = PerTimestep(StandardScaler()).fit(windows, y)
    assert_allclose(scaler.transformer_.mean_, np.asarray(windows).mean())


def test_targets_of_steps_must_have_the_lengths_of_the_sequences():
    with pytest.raises(ValueError, match="Sequence 2 has 6 time steps in X, but 5 in y"):
        PerTimestep(StandardScaler()).fit(X, [np.zeros(length) for length in (4, 1, 5, 2)])


# 2. Forms in, forms out.


def boxed(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


@pytest.mark.parametrize("container", [list, tuple, boxed, pd.Series])
@pytest.mark.parametrize("item", [np.asarray, np.ndarray.tolist, pd.DataFrame])
def test_sequences_of_any_kind_become_a_list_of_arrays(container, item):
    transformed = PerTimestep(doubled()).fit_transform(container([item(s) for s in X]))
    assert_same_sequences(transformed, [s * 2 for s in X])


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("container", [list, np.asarray])
def test_a_feature_axis_is_there_after_as_before(container, flat):
    sequences = container([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    sequences = sequences if flat else [np.array(s)[:, np.newaxis] for s in sequences]
    sequences = container(sequences)
    transformer = PerTimestep(doubled()).fit(sequences)
    transformed = transformer.transform(sequences)
    assert_same(np.array(transformed), np.array(sequences) * 2)
    assert_same(np.array(transformer.inverse_transform(transformed)), np.array(sequences))


def test_lists_of_unequal_length_without_a_feature_axis_stay_so():
    sequences = [np.array([1.0]), np.array([2.0, 3.0])]
    transformer = PerTimestep(doubled()).fit(sequences)
    assert_same_sequences(transformer.transform(sequences), [s * 2 for s in sequences])
    assert_same_sequences(transformer.inverse_transform(sequences), [s / 2 for s in sequences])


def test_several_features_made_of_one_get_an_axis():
    powers = PerTimestep(PolynomialFeatures(2, include_bias=False))
    assert_same_sequences(
        powers.fit_transform([np.array([3.0]), np.array([1.0, 2.0])]),
        [np.array([[3.0, 9.0]]), np.array([[1.0, 1.0], [2.0, 4.0]])],
    )
    table = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert_same(powers.fit_transform(table), np.stack([table, table**2], axis=2))


def test_one_feature_made_of_several_keeps_its_axis():
    assert [s.shape for s in PerTimestep(PCA(1)).fit_transform(X)] == [(n, 1) for n in LENGTHS]


def test_arrays_stay_arrays():
    table, cube = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(2, 3, 2)
    for array in (table, cube):
        assert_same(PerTimestep(doubled()).fit_transform(array), array * 2)
    assert_same(PerTimestep(doubled()).fit_transform(pd.DataFrame(table)), table * 2)
    assert PerTimestep(PCA(1)).fit_transform(cube).shape == (2, 3, 1)
    assert_same(PerTimestep(doubled()).fit(list(cube)).transform(cube), cube * 2)


def test_plain_lists_of_one_length_are_an_array_to_scikit_learn_and_here():
    for lists in ([[[1.0], [2.0]], [[3.0], [4.0]]], [[1.0, 2.0], [3.0, 4.0]]):
        assert_same(PerTimestep(doubled()).fit_transform(lists), np.array(lists) * 2)
    ragged = PerTimestep(doubled()).fit_transform([[1.0, 2.0], [3.0]])
    assert_same_sequences(ragged, [np.array([2.0, 4.0]), np.array([6.0])])


# 3. Padding is no data.

PADDED = SequencePadder(8, padding="pre", mask_value=-99.0).fit_transform(X)


@pytest.mark.parametrize("inner", [StandardScaler(), PCA(2), SelectKBest(k=2), doubled()])
def test_padding_is_neither_fitted_nor_changed(inner):
    before = PADDED.copy()
    ahead = PerTimestep(inner).fit(X, Y)
    behind = PerTimestep(inner).fit(PADDED, Y)
    transformed = behind.transform(PADDED)
    expected = SequencePadder(8, padding="pre", mask_value=-99.0).fit_transform(ahead.transform(X))
    assert_same(transformed, expected)
    assert padding_mark(transformed) == -99.0
    assert_same(ahead.transform(PADDED), expected)
    assert_same(PADDED, before)


def test_padding_stays_padding_on_the_way_back():
    scaler = PerTimestep(StandardScaler()).fit(PADDED)
    restored = scaler.inverse_transform(scaler.transform(PADDED))
    assert_allclose(restored, PADDED)
    assert padding_mark(restored) == -99.0


def test_an_array_that_others_have_padded_is_all_data():
    plain = np.asarray(PADDED)
    scaler = PerTimestep(StandardScaler()).fit(plain)
    assert_allclose(scaler.transformer_.mean_, plain.mean(axis=(0, 1)))
    assert padding_mark(scaler.transform(plain)) is None


def test_a_step_that_would_look_like_padding_is_refused_with_the_remedy():
    message = (
        r"^The transformer returned a step with mask_value=0.0 in every feature, which a network "
        r"would skip as padding. Use another mask_value, or put PerTimestep before the "
        r"SequencePadder.$"
    )
    padded = SequencePadder().fit_transform([[1.0], [2.0, 3.0]])
    centred = PerTimestep(StandardScaler()).fit(padded)
    with pytest.raises(ValueError, match=message):
        centred.transform(padded)
    halved = PerTimestep(FunctionTransformer(inverse_func=lambda X: X - 2)).fit(padded)
    with pytest.raises(ValueError, match=message):
        halved.inverse_transform(padded)


@pytest.mark.parametrize(
    ("dtype", "mask_value"), [("int64", -9.5), ("uint8", -1.0), ("float16", 0.1), ("bool", 3.0)]
)
def test_a_dtype_that_cannot_hold_the_padding_is_refused(dtype, mask_value):
    padded = SequencePadder(mask_value=mask_value).fit_transform([[1.0], [2.0, 4.0]])
    converting = PerTimestep(FunctionTransformer(lambda X: X.astype(dtype))).fit(padded)
    with pytest.raises(ValueError, match=f"mask_value={mask_value}"):
        converting.transform(padded)


def test_padded_sequences_without_a_feature_axis_stay_so():
    padded = SequencePadder(mask_value=-9.0).fit_transform([[1.0], [2.0, 3.0]])[:, :, 0]
    doubled_ = PerTimestep(doubled()).fit_transform(padded)
    assert_same(doubled_, np.array([[2.0, -9.0], [4.0, 6.0]]))
    assert padding_mark(doubled_) == -9.0


# 4. What it refuses.


def test_sparse_output_is_refused_with_the_remedy():
    message = (
        "^OneHotEncoder returned a sparse matrix, but sequences must be dense. Set its parameter "
        "for dense output, such as sparse_output=False.$"
    )
    sequences = [[[1], [2]], [[3]]]
    encoder = PerTimestep(OneHotEncoder())
    with pytest.raises(TypeError, match=message):
        encoder.fit(sequences).transform(sequences)
    encoder.set_params(transformer__sparse_output=False)
    expected = [np.array([[1.0, 0, 0], [0, 1, 0]]), np.array([[0.0, 0, 1]])]
    assert_same_sequences(encoder.fit_transform(sequences), expected)


@pytest.mark.parametrize(
    ("function", "shape"),
    [(lambda X: X[:-1], r"\(12, 3\)"), (lambda X: X[:, 0], r"\(13,\)"), (np.sum, r"\(\)")],
)
def test_another_number_of_rows_is_refused(function, shape):
    message = (
        f"^FunctionTransformer returned an array of shape {shape} for 13 steps, but must return "
        "one row per step.$"
    )
    inner = FunctionTransformer(function, inverse_func=function, check_inverse=False)
    transformer = PerTimestep(inner).fit(X)
    for call in (transformer.transform, transformer.inverse_transform):
        with pytest.raises(ValueError, match=message):
            call(X)


def test_what_the_transformer_refuses_is_refused():
    with pytest.raises(ValueError, match="Input X contains NaN"):
        PerTimestep(PCA()).fit(with_nan(X))
    with pytest.raises(ValueError, match="requires y to be passed"):
        PerTimestep(SelectKBest(k=1)).fit(X)


@pytest.mark.parametrize("inner", [Ridge(), None, "passthrough"])
def test_what_does_not_transform_is_refused(inner):
    message = "The 'transformer' parameter of PerTimestep must be an object implementing 'fit' and"
    with pytest.raises(InvalidParameterError, match=message):
        PerTimestep(inner).fit(X)


def test_a_refused_fit_leaves_the_fit_before_it_whole():
    scaler = PerTimestep(StandardScaler()).fit(X)
    before = dict(vars(scaler))
    with pytest.raises(ValueError, match="infinity"):
        scaler.fit([[np.inf]])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        scaler.fit([[[1.0]]], [1, 2])
    assert vars(scaler) == before
    scaler.set_params(transformer=SelectKBest(k=1))
    with pytest.raises(ValueError, match="requires y"):
        scaler.fit([[[1.0]]])
    assert scaler.transformer_ is before["transformer_"]
    assert scaler.n_features_in_ == 3


# 5. A meta-estimator like any other.

INVERTING = [StandardScaler(), PCA(2), SelectKBest(k=1), make_pipeline(StandardScaler(), PCA())]
NOT_INVERTING = [Normalizer(), PolynomialFeatures(), make_pipeline(StandardScaler(), Normalizer())]


@pytest.mark.parametrize("inner", INVERTING)
def test_inverse_transform_undoes_what_the_inner_one_undoes(inner):
    transformer = PerTimestep(inner)
    assert hasattr(transformer, "inverse_transform")
    transformer.fit(X, Y)
    transformed = transformer.transform(X)
    by_hand = transformer.transformer_.inverse_transform(np.concatenate(transformed))
    assert_allclose(np.concatenate(transformer.inverse_transform(transformed)), by_hand)
    assert [len(s) for s in transformer.inverse_transform(transformed)] == LENGTHS


@pytest.mark.parametrize("inner", NOT_INVERTING)
def test_inverse_transform_is_not_there_where_the_inner_one_has_none(inner):
    transformer = PerTimestep(inner)
    assert not hasattr(transformer, "inverse_transform")
    transformer.fit(X)
    assert not hasattr(transformer, "inverse_transform")
    with pytest.raises(AttributeError, match="'PerTimestep' has no attribute 'inverse_transform'"):
        _ = transformer.inverse_transform


def test_it_is_the_fitted_transformer_that_says_whether_there_is_a_way_back():
    scaler = PerTimestep(StandardScaler()).fit(X)
    transformed = scaler.transform(X)
    scaler.set_params(transformer=Normalizer())
    assert_allclose(scaler.inverse_transform(transformed)[0], X[0])
    assert not hasattr(scaler.fit(X), "inverse_transform")


def test_the_inner_transformer_is_cloned_and_tuned_by_its_name():
    inner = StandardScaler()
    transformer = PerTimestep(inner).fit(X)
    with pytest.raises(NotFittedError):
        check_is_fitted(inner)
    assert transformer.transformer is inner
    assert transformer.get_params()["transformer__with_mean"] is True
    transformer.set_params(transformer__with_mean=False)
    # Nothing changes before the next fit.
    assert_same(transformer.transform(X)[0], PerTimestep(StandardScaler()).fit(X).transform(X)[0])
    assert not transformer.fit(X).transformer_.with_mean
    cloned = clone(transformer)
    assert cloned.transformer is not inner
    assert cloned.transformer.with_mean is False
    with pytest.raises(NotFittedError, match="This PerTimestep instance is not fitted yet"):
        cloned.transform(X)
    with pytest.raises(NotFittedError, match="This PerTimestep instance is not fitted yet"):
        cloned.inverse_transform(X)


def test_it_survives_pickle():
    scaler = PerTimestep(StandardScaler()).fit(X)
    assert_same_sequences(pickle.loads(pickle.dumps(scaler)).transform(X), scaler.transform(X))


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_output_setting_leaves_the_result_alone(output):
    expected = PerTimestep(StandardScaler()).fit(X).transform(X)
    scaler = PerTimestep(StandardScaler())
    assert scaler.set_output(transform=output) is scaler
    assert_same_sequences(scaler.fit(X).transform(X), expected)
    with config_context(transform_output=output):
        scaler = PerTimestep(StandardScaler()).fit(X)
        assert_same_sequences(scaler.transform(X), expected)
        assert_allclose(scaler.inverse_transform(expected)[0], X[0])
    framed = PerTimestep(StandardScaler().set_output(transform=output))
    assert_same_sequences(framed.fit(X).transform(X), expected)


def test_its_tags_are_those_of_the_inner_one():
    for inner in (StandardScaler(), PCA(), SimpleImputer(), OneHotEncoder(), TargetEncoder()):
        ours, theirs = get_tags(PerTimestep(inner)), get_tags(inner)
        assert ours.input_tags.allow_nan == theirs.input_tags.allow_nan
        assert ours.target_tags.required == theirs.target_tags.required
        assert ours.transformer_tags.preserves_dtype == theirs.transformer_tags.preserves_dtype
    assert get_tags(PerTimestep(StandardScaler())).input_tags.allow_nan
    assert not get_tags(PerTimestep(PCA())).input_tags.allow_nan
    assert get_tags(PerTimestep(TargetEncoder())).target_tags.required
