"""`LSTMStepClassifier` and `LSTMStepRegressor`: a label or a number for every time step."""

import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.feature_selection import SelectKBest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    classification_report,
    f1_score,
    r2_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from strategies import unhurried

from skl_lstm import (
    ConformalRegressor,
    LSTMStepClassifier,
    LSTMStepRegressor,
    PerTimestep,
    SequencePadder,
    SequenceRegressor,
    SequenceReshaper,
    SequenceWindower,
    TimeSplit,
    backtest,
    flatten_steps,
    forecast,
    lstm_network,
    make_step_scorer,
)
from skl_lstm.estimators import step_input

ENGINES = ["native", "keras"]
QUICK = {"units": 4, "epochs": 2, "batch_size": 8, "learning_rate": 0.02, "random_state": 0}
RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(1, 12, size=24)
X = [RNG.normal(size=(length, 2)) for length in LENGTHS]
SUMS = [np.cumsum(x[:, 0]) for x in X]
LABELS = [np.where(total > 0, "up", "down") for total in SUMS]
LONGEST = int(LENGTHS.max())
MASK = -9.0


def classifier(**params):
    return LSTMStepClassifier(**{**QUICK, **params})


def regressor(**params):
    return LSTMStepRegressor(**{**QUICK, **params})


def padded(sequences, timesteps, side="post", value=MASK):
    """Pad arrays (t, ...) to one array (n, timesteps, ...), one at a time."""
    whole = np.full((len(sequences), timesteps, *sequences[0].shape[1:]), value)
    for row, sequence in zip(whole, sequences, strict=True):
        start = 0 if side == "post" else timesteps - len(sequence)
        row[start : start + len(sequence)] = sequence
    return whole


def assert_all_close(actual, expected, atol=1e-5):
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        assert_allclose(one, other, rtol=0, atol=atol)


# Learning.


def random_sequences(n, seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(length, 1)) for length in rng.integers(5, 40, size=n)]


def sign_of_step(sequences, lead):
    """Return for every step whether x is positive `lead` steps later, NaN where there is none."""
    labels = []
    for x in sequences:
        is_known = np.arange(len(x)) + lead
        label = np.full(len(x), np.nan)
        inside = (is_known >= 0) & (is_known < len(x))
        label[inside] = x[is_known[inside], 0] > 0
        labels.append(label)
    return labels


TRAIN, TEST = random_sequences(150, seed=0), random_sequences(50, seed=1)
LEARNING = {"learning_rate": 0.03, "epochs": 20, "random_state": 0}


def score_of_lead(lead, sequences=TRAIN, **params):
    learner = LSTMStepClassifier(**{**LEARNING, **params})
    return learner.fit(sequences, sign_of_step(sequences, lead)).score(
        TEST, sign_of_step(TEST, lead)
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_the_sign_of_two_steps_ago_is_learnt(seed):
    many = random_sequences(400, seed=0)
    params = {"units": 16, "epochs": 60, "learning_rate": 0.01, "random_state": seed}
    assert score_of_lead(-2, many, **params) >= 0.99


def test_a_label_that_needs_the_next_step_is_learnt_only_if_the_network_sees_it():
    assert score_of_lead(1, units=8, bidirectional=True) > 0.95
    assert score_of_lead(1, units=8, conv_filters=8, conv_padding="same") > 0.95
    assert score_of_lead(1, units=8) < 0.6
    assert score_of_lead(1, units=8, conv_filters=8, conv_padding="causal") < 0.6


def test_a_rare_class_is_predicted_with_balanced_weights_only():
    rng = np.random.default_rng(0)

    def rare_events(n):
        x = rng.normal(size=(n, 100))
        level = (x + np.roll(x, 1, 1) + np.roll(x, 2, 1)) / np.sqrt(3)
        level += rng.normal(scale=0.6, size=x.shape)
        return list(x[:, :, np.newaxis]), list(np.where(level > 2.4, "yes", "no"))

    (sequences, labels), (unseen, expected) = rare_events(60), rare_events(40)
    share = np.mean(np.concatenate(labels) == "yes")
    assert 0.015 < share < 0.025

    def predicted(class_weight):
        learner = classifier(units=8, epochs=15, batch_size=32, class_weight=class_weight)
        return flatten_steps(expected, learner.fit(sequences, labels).predict(unseen))

    truth, without = predicted(None)
    assert (without == "no").all()
    assert balanced_accuracy_score(*predicted("balanced")) >= 0.8
    assert accuracy_score(truth, without) > 0.97


def test_a_number_for_every_step_is_learnt_in_its_own_units():
    targets = [1e6 + 1e3 * np.cumsum(x[:, 0]) / 3 for x in TRAIN]
    expected = [1e6 + 1e3 * np.cumsum(x[:, 0]) / 3 for x in TEST]
    learner = LSTMStepRegressor(16, **LEARNING).fit(TRAIN, targets)
    assert learner.score(TEST, expected) > 0.9
    assert np.concatenate(learner.predict(TEST)).mean() == pytest.approx(1e6, abs=2e3)


# The length of the padding and the other sequences of a batch change nothing.


@pytest.fixture(
    scope="module",
    params=[
        {},
        {"cell": "gru", "bidirectional": True, "units": (4, 3)},
        {"conv_filters": (3, 2), "conv_padding": "same", "kernel_size": 4, "bidirectional": True},
        {"conv_filters": 3, "cell": "simple_rnn", "scaling": None},
        {"engine": "keras", "bidirectional": True, "conv_filters": 3, "conv_padding": "same"},
    ],
    ids=["lstm", "stacked gru", "centred convolutions", "simple_rnn", "keras"],
)
def fitted(request):
    return classifier(**request.param).fit(X, LABELS)


def draw_sequences(seed, lengths):
    rng = np.random.default_rng(seed)
    return [rng.normal(scale=2, size=(length, 2)) for length in lengths]


@settings(unhurried, max_examples=15)
@given(
    seed=st.integers(0, 99),
    lengths=st.lists(st.integers(1, 200), min_size=1, max_size=8),
    more=st.integers(0, 30),
    side=st.sampled_from(["pre", "post"]),
)
def test_predictions_do_not_depend_on_padding_or_batch(fitted, seed, lengths, more, side):
    sequences = draw_sequences(seed, lengths)
    together = fitted.predict_proba(sequences)
    alone = [fitted.predict_proba([sequence])[0] for sequence in sequences]
    assert_all_close(together, alone)
    padder = SequencePadder(max(lengths) + more, padding=side, mask_value=MASK).fit(sequences)
    assert_all_close(fitted.predict_proba(padder.transform(sequences)), alone)
    one_batch_each = clone(fitted).set_params(batch_size=3)
    one_batch_each.__setstate__({**fitted.__getstate__(), "batch_size": 3})
    assert_all_close(one_batch_each.predict_proba(sequences), alone)


@pytest.mark.parametrize("engine", ENGINES)
@settings(unhurried, max_examples=5)
@given(
    seed=st.integers(0, 99),
    lengths=st.lists(st.integers(1, 200), min_size=3, max_size=8),
    more=st.integers(0, 30),
    side=st.sampled_from(["pre", "post"]),
)
def test_training_does_not_depend_on_padding(engine, seed, lengths, more, side):
    # Keras compiles a function for every length, so the lengths are multiples of 70.
    sequences = draw_sequences(seed, lengths)
    labels = [np.arange(len(x)) % 2 for x in sequences]
    labels[0][:] = 0
    labels[1] = np.where(np.arange(len(labels[1])) == 0, 1.0, np.nan)
    learner = classifier(engine=engine, validation_split=0.3, patience=1, dropout=0.2, batch_size=2)
    expected = clone(learner).fit(sequences, labels)
    padder = SequencePadder(max(lengths) + more, padding=side, mask_value=MASK).fit(sequences)
    actual = clone(learner).fit(padder.transform(sequences), labels)
    assert_all_close(actual.predict_proba(sequences), expected.predict_proba(sequences))
    assert actual.n_iter_ == expected.n_iter_
    for name, losses in expected.history_.items():
        assert_allclose(actual.history_[name], losses, rtol=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_arrays_padded_by_hand_are_trained_like_lists(engine):
    expected = regressor(engine=engine).fit(X, SUMS)
    array = padded(X, LONGEST + 3, "pre")
    by_position = padded(SUMS, LONGEST + 3, "pre", value=77.0)
    for y in (SUMS, by_position):
        actual = regressor(engine=engine, mask_value=MASK).fit(array, y)
        real = np.concatenate(expected.predict(X))
        predicted = actual.predict(array)
        assert_allclose(np.concatenate(actual.predict(X)), real, rtol=0, atol=1e-5)
        if y is SUMS:
            assert_allclose(np.concatenate(predicted), real, rtol=0, atol=1e-5)
        else:
            assert predicted.shape == by_position.shape
            assert_array_equal(np.isnan(predicted), by_position == 77)
            assert_allclose(predicted[~np.isnan(predicted)], real, rtol=0, atol=1e-5)
        assert actual.score(array, y) == pytest.approx(expected.score(X, SUMS), abs=1e-5)


def test_the_loss_is_the_mean_over_the_labelled_steps():
    # Sequences of very unequal length: one mean per batch would give short ones more weight.
    y = [np.where(np.arange(len(x)) % 3 == 1, np.nan, x[:, 1]) for x in X]
    y[0] = np.full(len(X[0]), np.nan)  # a sequence without any target
    y[-1] = np.append(y[-1][:-1], 0.5)
    start = regressor(epochs=1, learning_rate=1e-12, scaling=None, validation_split=0.25).fit(X, y)
    error = [np.square(p - t) for p, t in zip(start.predict(X), y, strict=True)]
    n_train = int(len(X[1:]) * 0.75)
    train, validation = error[1 : n_train + 1], error[n_train + 1 :]
    assert start.history_["loss"][0] == pytest.approx(np.nanmean(np.concatenate(train)), rel=1e-4)
    expected = np.nanmean(np.concatenate(validation))
    assert start.history_["val_loss"][0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"bidirectional": True, "units": (3, 2), "cell": "gru"},
        {"conv_filters": (3, 2), "conv_padding": "same", "kernel_size": 2},
        {"scaling": None, "loss": "huber", "optimizer": "sgd", "validation_split": 0.2},
    ],
    ids=str,
)
def test_both_engines_train_alike(params):
    y = [np.where(RNG.random(len(x)) < 0.2, np.nan, x.sum(axis=1)) for x in X]
    learners = [regressor(engine=engine, epochs=1, **params).fit(X, y) for engine in ENGINES]
    native, keras = learners
    # From equal weights, in equal order.
    start = regressor(engine="native", epochs=1, batch_size=len(X), warm_start=True, **params)
    start.fit(X, y)
    by_keras = pickle.loads(pickle.dumps(start)).set_params(engine="keras", epochs=3).fit(X, y)
    by_native = pickle.loads(pickle.dumps(start)).set_params(engine="native", epochs=3).fit(X, y)
    assert_all_close(by_native.predict(X), by_keras.predict(X))
    assert_allclose(by_native.history_["loss"], by_keras.history_["loss"], rtol=1e-4)
    assert native.history_.keys() == keras.history_.keys()


# Weights and missing labels.


@pytest.mark.parametrize("engine", ENGINES)
def test_steps_without_a_label_train_nothing(engine):
    missing = [np.arange(len(x)) % 3 == 2 for x in X]
    weights = [np.where(is_missing, 0.0, 1.0) for is_missing in missing]
    with_none = [
        np.where(is_missing, None, labels)
        for is_missing, labels in zip(missing, LABELS, strict=True)
    ]
    by_label = classifier(engine=engine).fit(X, with_none)
    by_weight = classifier(engine=engine).fit(X, LABELS, sample_weight=weights)
    assert_all_close(by_label.predict_proba(X), by_weight.predict_proba(X), atol=1e-6)
    assert by_label.classes_.tolist() == ["down", "up"]
    truth, predicted = flatten_steps(with_none, by_label.predict(X))
    assert len(truth) == sum((~is_missing).sum() for is_missing in missing)
    assert by_label.score(X, with_none) == accuracy_score(truth, predicted)
    assert by_label.score(X, LABELS, sample_weight=weights) == by_label.score(X, with_none)


def test_a_weight_of_a_sequence_is_that_of_its_steps():
    weight = RNG.uniform(0.5, 2, size=len(X))
    by_sequence = regressor().fit(X, SUMS, sample_weight=weight)
    by_step = regressor().fit(
        X, SUMS, sample_weight=[np.full(len(x), w) for x, w in zip(X, weight, strict=True)]
    )
    assert_all_close(by_sequence.predict(X), by_step.predict(X), atol=0)
    truth, predicted = flatten_steps(SUMS, by_sequence.predict(X))
    expected = r2_score(truth, predicted, sample_weight=np.repeat(weight, LENGTHS))
    assert by_sequence.score(X, SUMS, weight) == pytest.approx(expected, abs=1e-6)
    unweighted = regressor().fit(X, SUMS)
    assert np.abs(unweighted.predict(X)[0] - by_sequence.predict(X)[0]).max() > 1e-6


def test_sequences_of_weight_zero_are_left_out():
    chosen = np.arange(len(X)) % 2 == 0
    weighted = regressor().fit(X, SUMS, sample_weight=chosen.astype(float))
    few = [sequence for sequence, is_chosen in zip(X, chosen, strict=True) if is_chosen]
    sums = [total for total, is_chosen in zip(SUMS, chosen, strict=True) if is_chosen]
    left = regressor(scaling=None).fit(few, sums)
    weighted = regressor(scaling=None).fit(X, SUMS, sample_weight=chosen.astype(float))
    assert_all_close(weighted.predict(X), left.predict(X), atol=1e-6)


def test_balanced_weights_count_the_labelled_steps():
    steps = [
        np.where(np.arange(len(x)) % 4 == 3, None, labels)
        for x, labels in zip(X, LABELS, strict=True)
    ]
    (flat,) = flatten_steps(steps)
    weight = {label: len(flat) / (2 * np.sum(flat == label)) for label in ("up", "down")}
    balanced = classifier(class_weight="balanced").fit(X, steps)
    for other in (
        classifier(class_weight=weight).fit(X, steps),
        classifier().fit(X, steps, [np.vectorize(weight.get)(labels) for labels in LABELS]),
        classifier(class_weight="balanced", mask_value=MASK).fit(padded(X, 40), steps),
    ):
        assert_all_close(other.predict_proba(X), balanced.predict_proba(X))


# The forms of X and y.


def boxed(items):
    box = np.empty(len(items), dtype=object)
    box[:] = items
    return box


def test_predictions_have_the_form_of_y():
    by_list = classifier().fit(X, LABELS)
    assert isinstance(by_list.predict(X), list)
    for items, prediction, probability in zip(
        LABELS, by_list.predict(X), by_list.predict_proba(X), strict=True
    ):
        assert prediction.dtype == items.dtype
        assert prediction.shape == items.shape
        assert probability.shape == (len(items), 2)
        assert_allclose(probability.sum(axis=1), 1)
        assert_array_equal(by_list.classes_[probability.argmax(axis=1)], prediction)
    by_box = classifier().fit(pd.Series(X), boxed(LABELS))
    assert by_box.predict(X).dtype == object
    assert_all_close(list(by_box.predict_proba(X)), by_list.predict_proba(X), atol=0)
    nested = [items.tolist() for items in LABELS]
    assert isinstance(classifier().fit([x.tolist() for x in X], nested).predict(X), list)


@pytest.mark.parametrize("form", [np.asarray, list, boxed])
def test_sequences_of_one_length(form):
    sequences = RNG.normal(size=(20, 6, 2))
    y = np.cumsum(sequences[:, :, 0], axis=1)
    learner = regressor().fit(sequences, form(list(y)))
    predicted = learner.predict(sequences)
    assert type(predicted) is (list if form is list else np.ndarray)
    expected = regressor().fit(list(sequences), list(y)).predict(list(sequences))
    assert_all_close(list(predicted), expected)
    if form is np.asarray:
        assert predicted.shape == (20, 6)
        assert learner.predict(list(sequences)).shape == (20, 6)
        assert isinstance(learner.predict(X), list)  # an array cannot hold them


@pytest.mark.parametrize("with_padding", [False, True], ids=["steps", "positions"])
@pytest.mark.parametrize("timesteps", [3, 5, 8])
def test_an_array_of_targets_is_predicted_as_an_array_for_every_subset(timesteps, with_padding):
    lengths = [2, 5, 5, 1] if with_padding else [5, 5, 5, 5]
    sequences = [RNG.normal(size=(length, 1)) for length in lengths]
    array = SequencePadder(timesteps, mask_value=MASK).fit_transform(sequences)
    width = timesteps if with_padding else 5
    y = np.full((4, width), 0.5)
    learner = regressor().fit(array, y)
    scorer = make_step_scorer("neg_mean_squared_error")
    for rows in ([0, 1, 2, 3], [1], [1, 2], [0], [3]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # truncated steps
            predicted = learner.predict(array[rows])
            assert predicted.shape == (len(rows), width)
            assert scorer(learner, array[rows], y[rows]) == pytest.approx(
                -np.nanmean((predicted - 0.5) ** 2)
            )


def test_labels_of_complete_sequences_keep_their_type_if_others_are_truncated():
    y = [np.arange(len(x)) % 2 for x in X]
    pipeline = make_pipeline(SequencePadder(5), classifier()).fit(X, y)
    with pytest.warns(UserWarning, match=TRUNCATED):
        predicted = pipeline.predict(X)
    assert {p.dtype.kind for p in predicted if len(p) <= 5} == {"i"}
    assert {p.dtype.kind for p in predicted if len(p) > 5} == {"O"}


def test_an_axis_of_one_label_is_dropped():
    column = [label[:, np.newaxis] for label in LABELS]
    learner = classifier().fit(X, column)
    assert_all_close(learner.predict_proba(X), classifier().fit(X, LABELS).predict_proba(X), 0)
    assert learner.score(X, column) == learner.score(X, LABELS)
    assert regressor().fit(X, [s[:, np.newaxis] for s in SUMS]).predict(X)[0].shape == (
        LENGTHS[0],
        1,
    )


def test_several_outputs_and_labels():
    two = [np.column_stack([total, 5 + 3 * x[:, 1]]) for total, x in zip(SUMS, X, strict=True)]
    learner = regressor(epochs=30).fit(X, two)
    assert [p.shape for p in learner.predict(X)] == [t.shape for t in two]
    assert learner.score(X, two) == r2_score(
        np.concatenate(two), np.concatenate(learner.predict(X))
    )
    array = np.stack([total for total in two if len(total) == 3])
    assert regressor().fit([x for x in X if len(x) == 3], array).predict(
        np.zeros((4, 3, 2))
    ).shape == (4, 3, 2)
    flags = [(target > 0).astype(int) for target in two]
    several = classifier().fit(X, flags)
    assert several.classes_.tolist() == [0, 1]
    assert several.predict(X)[1].shape == flags[1].shape
    assert several.predict_proba(X)[1].shape == flags[1].shape
    assert several.score(X, flags) == accuracy_score(*flatten_steps(flags, several.predict(X)))


@pytest.mark.parametrize("labels", [["a", "b", "c"], [1, 2, 3], [0.0, 1.0, 2.0], [True, False]])
def test_labels_keep_their_type(labels):
    y = [np.array(labels)[np.arange(len(x)) % len(labels)] for x in X]
    learner = classifier().fit(X, y)
    assert_array_equal(learner.classes_, sorted(labels))
    assert all(prediction.dtype == y[0].dtype for prediction in learner.predict(X))
    assert [p.shape[1] for p in learner.predict_proba(X)] == [len(labels)] * len(X)


def test_numbers_without_a_feature_axis():
    flat = [x[:, 0] for x in X]
    learner = regressor().fit(flat, SUMS)
    assert learner.n_features_in_ == 1
    array = RNG.normal(size=(3, 7))
    assert_all_close(learner.predict(array), learner.predict(list(array)), atol=1e-6)
    assert_all_close(learner.predict(array[..., np.newaxis]), learner.predict(array), atol=0)


def test_the_columns_of_data_frames_are_named():
    frames = [pd.DataFrame(x, columns=["speed", "turn"]) for x in X]
    learner = classifier().fit(frames, LABELS)
    assert learner.feature_names_in_.tolist() == ["speed", "turn"]
    assert_all_close(learner.predict_proba(frames), classifier().fit(X, LABELS).predict_proba(X))
    swapped = [frame[["turn", "speed"]] for frame in frames]
    with pytest.raises(ValueError, match="The feature names should match"):
        learner.predict(swapped)


TRUNCATED = r"^(\d+) steps of (\d+) of (\d+) sequences have no prediction, because the padder kept"


@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("padding", ["pre", "post"])
def test_truncated_steps_drop_out_of_y(padding, truncating):
    padder = SequencePadder(5, padding=padding, truncating=truncating, mask_value=MASK)
    cut = [x[-5:] if truncating == "pre" else x[:5] for x in X]
    y = [target[-5:] if truncating == "pre" else target[:5] for target in SUMS]
    expected = regressor().fit(cut, y)
    pipeline = make_pipeline(padder, regressor()).fit(X, SUMS)
    with pytest.warns(UserWarning, match=TRUNCATED):
        predicted = pipeline.predict(X)
    assert [len(p) for p in predicted] == LENGTHS.tolist()
    kept = [p[~np.isnan(p)] for p in predicted]
    assert_all_close(kept, expected.predict(cut))
    for p in predicted:
        missing = np.isnan(p)
        assert missing.sum() == max(len(p) - 5, 0)
        assert not (missing[-5:] if truncating == "pre" else missing[:5]).any()
    with pytest.warns(UserWarning, match=TRUNCATED) as record:
        assert pipeline.score(X, SUMS) == pytest.approx(expected.score(cut, y), abs=1e-5)
    dropped = np.maximum(LENGTHS - 5, 0)
    numbers = re.match(TRUNCATED, str(record[0].message)).groups()
    assert list(map(int, numbers)) == [dropped.sum(), (dropped > 0).sum(), len(X)]
    labels = make_pipeline(padder, classifier()).fit(X, LABELS)
    with pytest.warns(UserWarning, match=TRUNCATED):
        assert all(
            [label is None for label in p] == np.isnan(q).tolist()
            for p, q in zip(labels.predict(X), predicted, strict=True)
            if len(p) > 5
        )


def test_an_array_that_was_truncated():
    sequences = RNG.normal(size=(12, 8, 2))
    y = sequences.sum(axis=2)
    pipeline = make_pipeline(SequencePadder(5), regressor()).fit(sequences, y)
    with pytest.warns(UserWarning, match="^36 steps of 12 of 12 sequences"):
        predicted = pipeline.predict(sequences)
    assert_allclose(
        predicted[:, :5],
        regressor().fit(sequences[:, :5], y[:, :5]).predict(sequences[:, :5]),
        atol=1e-6,
    )
    assert np.isnan(predicted[:, 5:]).all()


# Inside scikit-learn.


@pytest.mark.parametrize("learner", [classifier(), regressor()], ids=["labels", "numbers"])
def test_scikit_learn_neither_sees_a_classifier_nor_a_regressor(learner):
    assert not is_classifier(learner)
    assert not is_regressor(learner)
    tags = get_tags(learner)
    assert tags.estimator_type is None
    assert tags.target_tags.required
    assert tags.input_tags.three_d_array


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline(PerTimestep(StandardScaler()), SequencePadder(LONGEST), classifier())


def test_cross_validation(pipeline):
    scores = cross_val_score(pipeline, X, LABELS, cv=3)
    expected = []
    for train, test in KFold(3).split(X):
        fold = clone(pipeline).fit([X[i] for i in train], [LABELS[i] for i in train])
        truth = [LABELS[i] for i in test]
        expected.append(accuracy_score(*flatten_steps(truth, fold.predict([X[i] for i in test]))))
    assert_allclose(scores, expected)
    predicted = cross_val_predict(classifier(), X, boxed(LABELS), cv=3)
    assert [len(p) for p in predicted] == LENGTHS.tolist()


def test_folds_by_subject(pipeline):
    subjects, condition = np.arange(len(X)) % 6, np.arange(len(X)) % 2
    by_group = cross_val_score(pipeline, X, LABELS, groups=subjects, cv=GroupKFold(3))
    assert len(by_group) == 3
    splits = list(StratifiedGroupKFold(3).split(X, condition, subjects))
    assert len(cross_val_score(pipeline, X, LABELS, cv=splits)) == 3


def test_a_search_with_two_workers(pipeline):
    grid = {"lstmstepclassifier__units": [2, 4]}
    scorers = {"accuracy": make_step_scorer("accuracy"), "f1": make_step_scorer("f1_macro")}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2, scoring=scorers, refit="f1")
    search.fit(X, LABELS)
    alone = GridSearchCV(pipeline, grid, cv=2).fit(X, LABELS)
    assert_allclose(search.cv_results_["mean_test_accuracy"], alone.cv_results_["mean_test_score"])
    assert search.classes_.tolist() == ["down", "up"]
    assert isinstance(search.predict(X), list)
    truth, predicted = flatten_steps(LABELS, search.predict(X))
    assert make_step_scorer("f1_macro")(search, X, LABELS) == f1_score(
        truth, predicted, average="macro"
    )
    assert "weighted avg" in classification_report(truth, predicted, zero_division=0)


def test_other_metrics_are_scorers_over_steps():
    learner = classifier(epochs=20).fit(X, LABELS)
    assert make_step_scorer("roc_auc")(learner, X, LABELS) > 0.8
    assert make_step_scorer("neg_log_loss")(learner, X, LABELS) > -0.6
    numbers = regressor().fit(X, SUMS)
    assert make_step_scorer("r2")(numbers, X, SUMS) == pytest.approx(numbers.score(X, SUMS))


def test_a_transformer_that_needs_the_labels_of_the_steps():
    y = [
        np.where(np.arange(len(x)) % 5 == 4, None, labels)
        for x, labels in zip(X, LABELS, strict=True)
    ]
    labels = [np.where(x[:, 1] > 0, "high", "low") for x in X]
    pipeline = make_pipeline(PerTimestep(SelectKBest(k=1)), classifier()).fit(X, labels)
    assert pipeline[0].transformer_.get_support().tolist() == [False, True]
    assert isinstance(
        make_pipeline(PerTimestep(SelectKBest(k=1)), classifier()).fit(X, y).predict(X), list
    )


class Sums(LSTMStepRegressor):
    """A class of the user."""


@pytest.mark.parametrize(
    "wrap",
    [
        lambda learner: learner,
        lambda learner: make_pipeline(SequenceWindower(3), learner),
        lambda learner: GridSearchCV(make_pipeline(SequenceWindower(3), learner), {}, cv=2),
        lambda learner: TransformedTargetRegressor(learner),
    ],
    ids=["alone", "in a pipeline", "in a search", "transformed"],
)
@pytest.mark.parametrize("kind", [LSTMStepRegressor, LSTMStepClassifier, Sums])
def test_coming_steps_cannot_be_forecast_from_steps(wrap, kind):
    days = pd.DataFrame({"load": RNG.normal(size=30)}, pd.date_range("2024-01-01", periods=30))
    y = RNG.normal(size=(30, 3))
    estimator = wrap(kind(**QUICK))
    message = rf"needs predictions of coming steps, but {kind.__name__} predicts the time steps"
    for call in (
        lambda: forecast(estimator, days, target="load"),
        lambda: backtest(estimator, days, y, cv=TimeSplit(2)),
        lambda: backtest({"steps": estimator}, days, y, cv=TimeSplit(2)),
        lambda: ConformalRegressor(estimator).fit(days, y),
    ):
        with pytest.raises(TypeError, match=message):
            call()


def test_a_score_is_monitored_in_every_epoch():
    callback = pytest.importorskip("sklearn.callback", reason="requires scikit-learn 1.9")
    monitor = callback.ScoringMonitor(scoring={"accuracy": make_step_scorer("accuracy")})
    learner = classifier().set_callbacks(monitor).fit(X, LABELS)
    epochs = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(epochs) == 2
    assert epochs[-1]["accuracy"] == pytest.approx(learner.score(X, LABELS))


def test_reshaped_columns():
    columns = RNG.normal(size=(20, 12))
    y = columns.reshape(20, 6, 2)[:, :, 0] > 0
    pipeline = make_pipeline(SequenceReshaper(timesteps=6), classifier(epochs=30)).fit(columns, y)
    assert pipeline.predict(columns).shape == (20, 6)
    assert pipeline.score(columns, y) > 0.7


def test_clone_and_pickle(fitted):
    params = fitted.get_params()
    assert clone(fitted).get_params() == params
    restored = pickle.loads(pickle.dumps(fitted))
    assert_all_close(restored.predict_proba(X), fitted.predict_proba(X), atol=1e-6)
    assert restored.classes_.tolist() == ["down", "up"]
    assert isinstance(restored.predict(X), list)


def test_neither_keras_nor_tensorflow_is_loaded():
    code = (
        "import sys; from skl_lstm import LSTMStepClassifier;"
        "c = LSTMStepClassifier(2, epochs=1).fit([[1.0, 2.0], [3.0]], [[0, 1], [1]]);"
        "c.predict([[1.0]]); c.score([[1.0]], [[0]]);"
        "assert not {'keras', 'tensorflow', 'scikeras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Bad input.


def sequences(*lengths):
    return [np.ones((length, 2)) * np.arange(1.0, length + 1)[:, np.newaxis] for length in lengths]


def labels(*lengths):
    return [np.arange(length) % 2 for length in lengths]


def padded_by(padder, *lengths):
    return padder.fit_transform(sequences(*lengths))


BAD = [
    (
        "too few labels",
        sequences(3, 5, 4),
        labels(3, 3, 4),
        ValueError,
        r"Sequence 1 of X has 5 steps, but y\[1\] has 3: 2 too few\. y needs one value for",
    ),
    (
        "too many labels",
        sequences(3, 5),
        labels(3, 6),
        ValueError,
        r"Sequence 1 of X has 5 steps, but y\[1\] has 6: 1 too many",
    ),
    (
        "as long as the longest",
        sequences(3, 5),
        labels(5, 5),
        ValueError,
        r"Sequence 0 of X has 3 steps, but y\[0\] has 5: 2 too many",
    ),
    (
        "padded by the padder",
        padded_by(SequencePadder(8, mask_value=-1), 3, 5),
        labels(3, 8),
        ValueError,
        r"Sequence 1 of X has 5 steps, but y\[1\] has 8: 3 too many",
    ),
    (
        "truncated by the padder",
        padded_by(SequencePadder(2), 3, 5),
        labels(2, 2),
        ValueError,
        r"Sequence 0 of X has 3 steps, but y\[0\] has 2: 1 too few",
    ),
    (
        "other number of sequences",
        sequences(3, 5),
        labels(3, 5, 5),
        ValueError,
        r"X has 2 sequences, but y has 3\. Each needs an item for every sequence",
    ),
    (
        "no axis of steps",
        sequences(3, 5),
        [0, 1],
        ValueError,
        r"y has one value for each of the 2 sequences, but needs one for each of their time steps",
    ),
    (
        "no axis of steps in an array",
        np.ones((2, 3, 1)),
        np.array([0, 1]),
        ValueError,
        r"For one value per sequence, use LSTMClassifier or LSTMRegressor",
    ),
    (
        "no label",
        sequences(3, 5),
        [[np.nan] * 3, [None] * 5],
        ValueError,
        r"No step has a (label|target): for all 8 steps of the 2 sequences, y is NaN or None",
    ),
    (
        "no y",
        sequences(3, 5),
        None,
        ValueError,
        r"requires y to be passed, but the target y is None",
    ),
    (
        "NaN in X",
        [np.array([[1.0, 2], [3, np.nan]]), np.ones((3, 2))],
        labels(2, 3),
        ValueError,
        r"Input X contains NaN, first in step 1 of sequence 0\. .* needs all values: fill them",
    ),
    (
        "too large for float32",
        [np.ones((2, 1)), np.array([[1.0], [1e300]])],
        labels(2, 2),
        ValueError,
        r"Input X contains a value too large for dtype\('float32'\), first in step 1 of sequence 1",
    ),
    (
        "an empty sequence",
        [np.ones((2, 1)), np.ones((0, 1))],
        labels(2, 0),
        ValueError,
        r"Sequence 1 of X is empty",
    ),
    (
        "other features",
        [np.ones((2, 1)), np.ones((2, 2))],
        labels(2, 2),
        ValueError,
        r"Sequence 1 of X has 2 features, but sequence 0 has 1",
    ),
    ("text in X", [[["a"], ["b"]]], labels(2), ValueError, r"Sequence 0 of X cannot be read"),
    (
        "another mask value",
        padded_by(SequencePadder(mask_value=-1), 3, 5),
        labels(3, 5),
        ValueError,
        r"X was padded with mask_value=-1\.0, but .* skips mask_value=-7",
    ),
]


BAD += [
    (
        "padded without a mask value",
        np.asarray(padded_by(SequencePadder(5, mask_value=-1), 3, 4)),
        labels(3, 4),
        ValueError,
        r"Sequence 0 of X has 5 steps, but y\[0\] has 3.* If X is padded, set mask_value",
    ),
    (
        "truncated, and copied",
        padded_by(SequencePadder(2), 3, 5).copy(),
        labels(3, 5),
        ValueError,
        r"y\[0\] has 3: 1 too many.* If X was truncated, pass it as SequencePadder returned it",
    ),
    (
        "a list of padded sequences",
        list(padded_by(SequencePadder(mask_value=-1), 3, 5)),
        labels(5, 5),
        ValueError,
        r"Sequence 0 of X is padded with mask_value=-1\.0, which would be read as data in a list",
    ),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[0])
@pytest.mark.parametrize("learner", [classifier, regressor], ids=["labels", "numbers"])
def test_bad_input_is_explained_and_changes_nothing(learner, case):
    name, bad_X, bad_y, error, message = case
    params = {"mask_value": -7.0} if name == "another mask value" else {}
    with pytest.raises(error, match=message):
        learner(**params).fit(bad_X, bad_y)
    good = learner(**params).fit(sequences(3, 5), labels(3, 5))
    before = good.predict(sequences(4, 2))
    with pytest.raises(error, match=message):
        good.fit(bad_X, bad_y)
    assert_all_close(good.predict(sequences(4, 2)), before, atol=0)
    if bad_y is not None:
        with pytest.raises(ValueError, match=r"X|y"):
            good.score(bad_X, bad_y)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, -1.0], "Negative values in data passed to `sample_weight`"),
        ([1.0], r"sample_weight"),
        (
            [[1.0, 1.0, 1.0], [1.0, 1.0]],
            r"Sequence 1 of X has 5 steps, but sample_weight\[1\] has 2",
        ),
        (
            [[1.0] * 3, [1.0, 1.0, -1.0, 1.0, 1.0]],
            "Negative values in data passed to `sample_weight`",
        ),
        ([[1.0] * 3, [1.0, np.nan, 1.0, 1.0, 1.0]], "sample_weight contains NaN"),
        ([0.0, 0.0], "Sample weights must contain at least one non-zero number"),
        ([[0.0] * 3, [0.0] * 5], "Sample weights must contain at least one non-zero number"),
    ],
    ids=str,
)
def test_bad_weights(weight, message):
    with pytest.raises(ValueError, match=message):
        regressor().fit(sequences(3, 5), labels(3, 5), sample_weight=weight)


@pytest.mark.parametrize(
    ("params", "y", "message"),
    [
        (
            {},
            [[1, 1, 1], [1] * 5],
            "needs samples of at least 2 classes, but the data contains only",
        ),
        ({}, [[0.5, 1, 2], [1] * 5], "Unknown label type: continuous"),
        ({"class_weight": {0: 0}}, labels(3, 5), "only one class has a weight above zero: 1"),
        ({"conv_padding": "valid"}, labels(3, 5), "The 'conv_padding' parameter of lstm_network"),
    ],
    ids=str,
)
def test_bad_labels_and_parameters(params, y, message):
    with pytest.raises(ValueError, match=message):
        classifier(**params).fit(sequences(3, 5), y)


def test_numbers_cannot_be_learnt_from_text_or_with_poisson():
    with pytest.raises(ValueError, match="a regressor learns numbers"):
        regressor().fit(X, LABELS)
    with pytest.raises(ValueError, match="the output of LSTMStepRegressor is linear"):
        regressor(loss="poisson").fit(X, SUMS)


def test_a_loss_that_adds_all_steps_is_refused():
    import keras

    with pytest.raises(ValueError, match="loss has reduction='sum', which adds the losses"):
        regressor(loss=keras.losses.Huber(reduction="sum")).fit(X, SUMS)
    assert regressor(loss=keras.losses.Huber(0.5)).fit(X, SUMS).n_iter_ == 2


def test_padded_steps_that_were_changed_are_refused():
    changed = SequencePadder(mask_value=-1.0).fit_transform(sequences(3, 5))
    changed[1, 2] = -1.0
    with pytest.raises(ValueError, match=r"Sequence 1 of X was changed after the padder: 4 of its"):
        regressor().fit(changed, labels(3, 5))


def test_classes_that_are_only_in_the_validation_sequences_are_named():
    y = [np.where(np.arange(len(x)) % 2, "a", "b") for x in X]
    y[-1] = np.full(len(y[-1]), "c")
    with pytest.warns(UserWarning, match=r"The last 5 of 24 rows .* all samples of 'c'"):
        classifier(validation_split=0.2).fit(X, y)


def test_a_list_must_not_contain_the_mask_value():
    with pytest.raises(ValueError, match=r"Sequence 1 of X has a step with mask_value=3\.0"):
        regressor(mask_value=3.0).fit(sequences(2, 5), labels(2, 5))


@pytest.mark.parametrize("learner", [classifier, regressor])
def test_sequences_of_padding_only(learner):
    array = padded(sequences(3, 5), 5)
    array[0] = MASK
    y = np.where(array[..., 0] == MASK, np.nan, np.arange(5) % 2)
    fitted = learner(mask_value=MASK).fit(array, y)
    assert np.isnan(fitted.predict(array)[0]).all()
    assert np.isnan(fitted.predict(array[:1])).all()
    metric = "accuracy" if learner is classifier else "r2"
    assert make_step_scorer(metric)(fitted, array, y) == pytest.approx(fitted.score(array, y))


def test_the_place_of_an_infinite_target_is_that_in_its_sequence():
    y = [np.zeros(3), np.array([0.0, np.nan, np.inf, 1, 1])]
    with pytest.raises(ValueError, match=r"y contains infinity .* in timestep 2 of sequence 1"):
        regressor().fit(sequences(3, 5), y)
    y[1][2] = 1e300
    with pytest.raises(ValueError, match=r"too large for dtype\('float32'\), first in timestep 2"):
        regressor().fit(sequences(3, 5), y)


def test_sequences_that_do_not_fit_into_memory(monkeypatch):
    def full(*args):
        raise MemoryError

    monkeypatch.setattr(step_input.np, "full", full)
    with pytest.raises(MemoryError, match=r"longest one, sequence 1 with 5 steps\. Cut it"):
        regressor().fit(sequences(3, 5), labels(3, 5))


def test_a_network_for_2d_arrays_has_one_length():
    learner = regressor().fit(RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4)))
    assert learner.predict(RNG.normal(size=(2, 4))).shape == (2, 4)
    with pytest.raises(ValueError, match=r"was fitted on a 2D array with 4 time steps"):
        learner.predict([np.ones(3)])


def test_weights_of_unlabelled_steps_may_be_missing():
    y = [np.array([0.0, np.nan, 1.0]), np.arange(5.0)]
    weights = [np.array([1.0, np.nan, 2.0]), np.ones(5)]
    fitted = regressor().fit(sequences(3, 5), y, sample_weight=weights)
    assert fitted.score(sequences(3, 5), y, sample_weight=weights) < 1


def test_predictions_need_the_features_of_fit():
    learner = classifier().fit(X, LABELS)
    with pytest.raises(ValueError, match="X has 3 features, but LSTMStepClassifier is expecting 2"):
        learner.predict([np.ones((4, 3))])
    with pytest.raises(ValueError, match=r"If X is one sequence, pass \[X\]"):
        learner.predict(np.ones((4, 2)))
    one = regressor().fit([x[:, :1] for x in X], SUMS)
    with pytest.raises(ValueError, match=r"X has shape \(4, 1\), which is 4 sequences of one"):
        one.predict(np.ones((4, 1)))
    with pytest.raises(ValueError, match=r"If X is one sequence, pass \[X\]"):
        learner.fit(X[0], LABELS[:1])


def test_steps_with_a_target_are_not_skipped_as_padding():
    array = padded(sequences(3, 5), 5)
    array[1, 2] = MASK
    y = np.ones((2, 5))
    with pytest.raises(
        ValueError, match=r"Timestep 2 of sequence 1 has a target, but every feature"
    ):
        regressor(mask_value=MASK).fit(array, y)
    y[1, 2] = np.nan
    assert np.isnan(regressor(mask_value=MASK).fit(array, y).predict(array)[1, 2])


def test_several_columns_of_classes_are_refused():
    y = [np.column_stack([np.arange(len(x)) % 3, np.arange(len(x)) % 2]) for x in X]
    message = "y has 2 columns of labels. Fit one LSTMStepClassifier for each column"
    with pytest.raises(ValueError, match=re.escape(message)):
        classifier().fit(X, y)


def test_an_output_without_a_target():
    y = [np.column_stack([total, np.full(len(total), np.nan)]) for total in SUMS]
    with pytest.raises(ValueError, match="one of its 2 outputs is NaN or None"):
        regressor().fit(X, y)


# Training further, and the Keras model.


@pytest.mark.parametrize("engine", ENGINES)
def test_training_continues(engine):
    learner = classifier(engine=engine)
    learner.partial_fit(X[:4], [np.full(len(x), "up") for x in X[:4]], classes=["up", "down"])
    learner.partial_fit(X, LABELS)
    assert learner.n_iter_ == 2
    assert learner.classes_.tolist() == ["down", "up"]
    with pytest.raises(ValueError, match="differ from the classes of the first call"):
        learner.partial_fit(X, LABELS, classes=["up", "down", "left"])
    with pytest.raises(ValueError, match=r"y contains labels that are not classes .*\['left'\]"):
        learner.partial_fit(X, [np.full(len(x), "left") for x in X])
    restored = pickle.loads(pickle.dumps(learner)).partial_fit(X, LABELS)
    assert restored.n_iter_ == 3
    assert isinstance(restored.predict(X), list)
    warm = regressor(engine=engine, warm_start=True).fit(X, SUMS).fit(X, SUMS)
    assert warm.n_iter_ == 4
    assert regressor(engine=engine).partial_fit(X, SUMS).partial_fit(X, SUMS).n_iter_ == 2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("scaling", ["standard", None])
@pytest.mark.parametrize("side", ["pre", "post"])
def test_the_keras_model_has_the_units_of_the_data(engine, scaling, side):
    padder = SequencePadder(LONGEST + 2, mask_value=MASK, padding=side)
    transformed = padder.fit_transform([3 + 2 * x for x in X])
    learner = regressor(engine=engine, scaling=scaling).fit(transformed, [50 + s for s in SUMS])
    outputs = np.asarray(learner.model_(np.asarray(transformed, "float32")))
    assert outputs.shape == (len(X), LONGEST + 2, 1)
    for output, prediction in zip(outputs, learner.predict(transformed), strict=True):
        steps = slice(-len(prediction), None) if side == "pre" else slice(len(prediction))
        assert_allclose(output[steps, 0], prediction, rtol=1e-5, atol=1e-5)


def test_your_own_network_for_steps_is_refused():
    with pytest.raises(ValueError, match="use LSTMStepClassifier or LSTMStepRegressor"):
        SequenceRegressor(lstm_network, model__return_sequences=True).fit(
            np.zeros((4, 3, 1)), np.arange(4.0)
        )


def test_a_file_as_input(in_file):
    sequences = RNG.normal(size=(30, 5, 2)).astype("float32")
    y = sequences.sum(axis=2)
    expected = regressor().fit(sequences, y)
    mapped = in_file(sequences)
    assert_allclose(regressor().fit(mapped, y).predict(mapped), expected.predict(sequences))
