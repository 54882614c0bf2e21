"""Every network in ONNX Runtime predicts what the estimator predicts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_files import assert_equal, exported, outputs_of, shape_of_input

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    LSTMStepClassifier,
    LSTMStepRegressor,
    to_onnx,
)

few = settings(deadline=None, max_examples=40)

UNITS = st.sampled_from([1, 3, (2, 3), (3, 1, 2)])
NETWORKS = st.fixed_dictionaries(
    {
        "units": UNITS,
        "cell": st.sampled_from(["lstm", "gru", "simple_rnn"]),
        "bidirectional": st.booleans(),
        "conv_filters": st.sampled_from([None, 2, (2, 3)]),
        "kernel_size": st.integers(1, 4),
        "conv_padding": st.sampled_from(["causal", "same"]),
        "scaling": st.sampled_from(["standard", None]),
        "random_state": st.integers(0, 99),
    }
)
# Keras trains these.
CONVOLUTIONS = st.fixed_dictionaries(
    {
        "conv_filters": st.just((2, 3)),
        "kernel_size": st.tuples(st.integers(1, 4), st.integers(1, 4)),
        "conv_position": st.sampled_from(["before", "beside"]),
        "batch_normalization": st.booleans(),
    }
)
MASK_VALUES = st.sampled_from([None, -1.0, 0.0, -999.9])


@st.composite
def sequences(draw, mask_value, samples=12):
    """Draw sequences, (samples, timesteps, features), of which any steps can be masked."""
    timesteps, features = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    X = rng.normal(draw(st.sampled_from([0.0, 5.0])), size=(samples, timesteps, features))
    if mask_value is not None:
        X[rng.random((samples, timesteps)) < draw(st.sampled_from([0.0, 0.4, 0.9]))] = mask_value
        X[0, 0] = 1.5  # at least one step is no padding
    return X


def other_inputs(X):
    """Inputs with other numbers of samples and of timesteps than in training."""
    return [X, X[:1], X[:, :1], X[-1:, -2:], np.concatenate([X, X[::-1]], axis=1)]


@st.composite
def regression_cases(draw):
    mask_value = draw(MASK_VALUES)
    X = draw(sequences(mask_value))
    shape = draw(st.sampled_from([(), (1,), (2,)]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    y = (rng.normal(size=(len(X), *shape)) * 1e3 + 5e3).astype(draw(st.sampled_from("fd")))
    quantiles = draw(st.sampled_from([None, (0.5,), (0.1, 0.5, 0.9), (0.2, 0.3, 0.6, 0.9), (0.9,)]))
    parameters = {**draw(NETWORKS), "mask_value": mask_value, "quantiles": quantiles}
    return LSTMRegressor(epochs=1, learning_rate=0.1, **parameters), X, y


@given(regression_cases())
@few
def test_a_regressor(case):
    regressor, X, y = case
    model = to_onnx(regressor.fit(X, y))
    offset = 0.0 if regressor.scaling is None else y.mean()
    for values in other_inputs(X):
        outputs = outputs_of(model, values)
        assert_equal(outputs["forecast"], regressor.predict(values), offset)
        if regressor.quantiles is not None:
            _, quantiles = regressor.predict(values, return_quantiles=True)
            assert_equal(outputs["quantiles"], quantiles, offset)
            assert (np.diff(outputs["quantiles"], axis=-1) >= 0).all()
        assert len(outputs) == (1 if regressor.quantiles is None else 2)


@given(regression_cases(), CONVOLUTIONS)
@settings(few, max_examples=10)
def test_convolutions_beside_the_recurrent_layers_and_batch_normalization(case, convolutions):
    regressor, X, y = case
    regressor.set_params(**convolutions).fit(X, y)
    model = to_onnx(regressor)
    offset = 0.0 if regressor.scaling is None else y.mean()
    for values in other_inputs(X):
        outputs = outputs_of(model, values)
        assert_equal(outputs["forecast"], regressor.predict(values), offset)
        if regressor.quantiles is not None:
            _, quantiles = regressor.predict(values, return_quantiles=True)
            assert_equal(outputs["quantiles"], quantiles, offset)


LABELS = {
    "text": np.array(["up", "down"]),
    "objects": np.array(["up", "down", "same"], dtype=object),
    "integers": np.array([7, -1, 3], dtype=np.int32),
    "booleans": np.array([False, True]),
    "floats": np.array([0.0, 2.0]),
    "multilabel": np.array([[0, 1, 1], [1, 0, 0], [1, 1, 1]]),
}


@st.composite
def classification_cases(draw):
    mask_value = draw(MASK_VALUES)
    X = draw(sequences(mask_value))
    labels = LABELS[draw(st.sampled_from(sorted(LABELS)))]
    y = labels[np.arange(len(X)) % len(labels)]
    return LSTMClassifier(epochs=1, **draw(NETWORKS), mask_value=mask_value), X, y


@given(classification_cases())
@few
def test_a_classifier(case):
    classifier, X, y = case
    model = to_onnx(classifier.fit(X, y))
    for values in other_inputs(X):
        outputs = outputs_of(model, values)
        probabilities = classifier.predict_proba(values)
        assert_equal(outputs["probabilities"], probabilities)
        check_labels(outputs["label"], classifier.predict(values), probabilities)


def check_labels(actual, expected, probabilities):
    """Compare labels, except where two classes are equally probable up to rounding."""
    assert actual.shape == expected.shape
    assert actual.dtype.kind == ("O" if expected.dtype.kind == "U" else expected.dtype.kind)
    assert actual.dtype.itemsize in (1, 8)
    if expected.ndim == probabilities.ndim:  # multilabel
        clear = np.abs(probabilities - 0.5) > 1e-5
    else:
        best = np.sort(probabilities, axis=-1)
        clear = best[..., -1] - best[..., -2] > 1e-5
    assert (actual[clear] == expected[clear]).all()


@st.composite
def step_cases(draw):
    """Draw sequences of unequal length: a list, and the same as an array with its padding."""
    mask_value = draw(MASK_VALUES)
    lengths = draw(st.lists(st.integers(1, 7), min_size=3, max_size=8))
    features = draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    items = [rng.normal(3.0, size=(length, features)) for length in lengths]
    padding = -(2.0**100) if mask_value is None else mask_value
    before = draw(st.booleans())
    X = np.full((len(items), max(lengths), features), padding)
    for sample, item in enumerate(items):
        X[sample, -len(item) if before else 0 :][: len(item)] = item
    return items, X, (padding != X).any(axis=2), {**draw(NETWORKS), "mask_value": mask_value}


@given(step_cases(), st.sampled_from([(), (2,)]), st.booleans())
@few
def test_a_regressor_of_steps(case, outputs, as_array):
    items, X, real, parameters = case
    rng = np.random.default_rng(0)
    y = np.zeros((*real.shape, *outputs))
    y[real] = rng.normal(20.0, size=(real.sum(), *outputs))
    regressor = LSTMStepRegressor(epochs=1, **parameters)
    if as_array and regressor.mask_value is not None:
        regressor.fit(X, y)
        expected = regressor.predict(X)
    else:
        regressor.fit(items, [values[places] for values, places in zip(y, real, strict=True)])
        expected = np.full(y.shape, np.nan)
        expected[real] = np.concatenate(regressor.predict(items))
    outputs = exported(regressor, X)
    offset = 0.0 if regressor.scaling is None else 20.0
    assert_equal(outputs["forecast"], expected, offset)


@given(step_cases(), st.sampled_from(["text", "objects", "integers"]))
@few
def test_a_classifier_of_steps(case, kind):
    items, X, real, parameters = case
    labels = LABELS[kind]
    y = [labels[np.arange(len(item) + 1)[1:] % len(labels)] for item in items]
    y[0] = labels[np.arange(len(items[0])) % len(labels)]
    if len(set(np.concatenate(y).tolist())) < 2:
        return
    classifier = LSTMStepClassifier(epochs=1, **parameters).fit(items, y)
    outputs = exported(classifier, X)
    probabilities = np.concatenate(classifier.predict_proba(items))
    assert_equal(outputs["probabilities"][real], probabilities)
    assert np.isnan(outputs["probabilities"][~real]).all()
    check_labels(outputs["label"][real], np.concatenate(classifier.predict(items)), probabilities)


def test_large_batches():
    X = np.random.default_rng(0).normal(size=(1000, 12, 2))
    regressor = LSTMRegressor((8, 4), cell="gru", mask_value=0.0, epochs=1, random_state=0)
    regressor.fit(X, X[:, -1, 0])
    assert_equal(exported(regressor, X)["forecast"], regressor.predict(X))


def test_sequences_of_numbers():
    X = np.random.default_rng(0).normal(50.0, size=(30, 8))
    regressor = LSTMRegressor(4, epochs=1, random_state=0).fit(X, X[:, -1])
    assert_equal(exported(regressor, X)["forecast"], regressor.predict(X), 50.0)
    # Each column is a time step, so `predict` refuses other numbers of columns, too.
    assert shape_of_input(to_onnx(regressor)) == ["samples", 8]
    steps = LSTMStepRegressor(4, epochs=1, random_state=0).fit(X, X)
    assert_equal(exported(steps, X)["forecast"], steps.predict(X), 50.0)


def test_small_differences_of_large_numbers():
    rng = np.random.default_rng(0)
    X = 1.7e9 + rng.normal(scale=1e3, size=(64, 6, 1))
    y = 1e12 + rng.normal(size=64)
    regressor = LSTMRegressor(8, epochs=5, learning_rate=0.05, random_state=0).fit(X, y)
    forecast, expected = exported(regressor, X)["forecast"], regressor.predict(X)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(forecast - 1e12, expected - 1e12, rtol=0, atol=1e-3)
    regressor.set_params(random_state=1).fit(X, y - 1e12)
    assert_equal(exported(regressor, X)["forecast"], regressor.predict(X))


def test_features_far_outside_of_the_training_data():
    X = np.random.default_rng(0).normal(size=(16, 4, 2))
    regressor = LSTMRegressor(4, epochs=1, random_state=0).fit(X, X[:, -1, 0])
    X[0, 0], X[1, 1, 0] = 1e38, -1e38
    assert_equal(exported(regressor, X)["forecast"], regressor.predict(X))


WRONG = [np.nan, np.inf, -np.inf, 1e39, -1e39]


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn"])
@pytest.mark.parametrize("scaling", ["standard", None])
@pytest.mark.parametrize("mask_value", [None, -1.0])
def test_numbers_that_predict_refuses_give_nan(cell, scaling, mask_value):
    X = np.random.default_rng(0).normal(size=(8, 4, 2))
    parameters = {"cell": cell, "scaling": scaling, "mask_value": mask_value}
    regressor = LSTMRegressor(3, epochs=1, quantiles=(0.1, 0.9), random_state=0, **parameters)
    classifier = LSTMClassifier(3, epochs=1, random_state=0, **parameters)
    steps = LSTMStepRegressor(3, epochs=1, random_state=0, **parameters)
    regressor.fit(X, X[:, -1, 0])
    for model in (regressor, classifier.fit(X, np.arange(8) % 2), steps.fit(X, X[:, :, 0])):
        content = to_onnx(model).SerializeToString()
        for position, wrong in enumerate(WRONG):
            values = X.copy()
            values[position, position % 4, position % 2] = wrong
            with pytest.raises(ValueError, match=r"NaN|infinity|too large"):
                model.predict(values)
            outputs, right = outputs_of(content, values), outputs_of(content, X)
            outputs.pop("label", None)
            for name, actual in outputs.items():
                assert np.isnan(actual[position]).all()
                np.testing.assert_array_equal(
                    np.delete(actual, position, axis=0), np.delete(right[name], position, axis=0)
                )


def test_a_sequence_without_a_real_step():
    X = np.random.default_rng(0).normal(size=(16, 4, 2))
    beside = {"conv_filters": 2, "conv_position": "beside", "batch_normalization": True}
    for parameters in ({}, {"bidirectional": True, "units": (3, 2)}, {"conv_filters": 2}, beside):
        regressor = LSTMRegressor(mask_value=-1.0, epochs=1, random_state=0)
        regressor.set_params(**parameters).fit(X, X[:, -1, 0])
        empty = np.full((3, 5, 2), -1.0)
        assert_equal(exported(regressor, empty)["forecast"], regressor.predict(empty))


def test_subnormal_numbers_are_zeros():
    X = np.random.default_rng(0).normal(size=(16, 4, 1))
    X[:, 0] = 1e-40
    regressor = LSTMRegressor(3, mask_value=0.0, epochs=1, random_state=0).fit(X, X[:, -1, 0])
    assert_equal(exported(regressor, X)["forecast"], regressor.predict(X))


def test_a_network_that_keras_has_trained():
    X = np.random.default_rng(0).normal(2.0, size=(16, 5, 2))
    X[:4, :2] = -1
    regressor = LSTMRegressor(3, conv_filters=2, mask_value=-1.0, quantiles=(0.1, 0.9), epochs=1)
    regressor.set_params(engine="keras", random_state=0).fit(X, X[:, -1, 0])
    assert_equal(exported(regressor, X)["forecast"], regressor.predict(X), 2.0)


def test_steps_that_keras_has_trained():
    X = [np.random.default_rng(0).normal(size=(length, 2)) for length in (3, 5, 2)]
    regressor = LSTMStepRegressor(3, epochs=1, engine="keras", random_state=0)
    regressor.fit(X, [item[:, 0] for item in X])
    assert_equal(exported(regressor, [X[1]])["forecast"][0], regressor.predict(X)[1])


def test_targets_and_labels_without_a_type_in_onnx():
    X = np.random.default_rng(0).normal(size=(8, 4, 2))
    regressor = LSTMRegressor(2, epochs=1, random_state=0)
    regressor.fit(X, X[:, -1, 0].astype(np.longdouble))
    forecast = exported(regressor, X)["forecast"]
    assert forecast.dtype == np.float64
    np.testing.assert_allclose(forecast, regressor.predict(X).astype(float), rtol=1e-5, atol=1e-5)
    classifier = LSTMClassifier(2, epochs=1, random_state=0)
    classifier.fit(X, np.array(["2024-01-01", "2024-01-02"] * 4, "datetime64[D]"))
    with pytest.raises(TypeError, match=r"labels of dtype datetime64\[D\] .* text or integers"):
        to_onnx(classifier)
    classifier.fit(X, np.array([2**63, 1] * 4, np.uint64))
    with pytest.raises(TypeError, match="with the label 9223372036854775808 cannot be exported"):
        to_onnx(classifier)
    classifier.fit(X, np.array([5, 2**63 - 1] * 4, np.uint64))
    labels = exported(classifier, X)["label"]
    assert (labels == classifier.predict(X).astype(np.int64)).all()


def test_parameters_that_change_after_fit():
    X = np.random.default_rng(0).normal(3.0, size=(16, 4, 2))
    regressor = LSTMRegressor(3, epochs=1, mask_value=-1.0, random_state=0).fit(X, X[:, -1, 0])
    regressor.set_params(units=5, cell="gru", mask_value=None, scaling=None, quantiles=(0.5,))
    X[:4, :2] = -1.0
    outputs = exported(regressor, X)
    assert list(outputs) == ["forecast"]
    assert_equal(outputs["forecast"], regressor.predict(X), 3.0)


def test_partial_fit_and_class_weights():
    X = np.random.default_rng(0).normal(3.0, size=(16, 4, 2))
    y = np.array(["a", "b", "c", "a"] * 4)
    regressor = LSTMRegressor(3, random_state=0)
    for half in (slice(8), slice(8, 16)):
        regressor.partial_fit(X[half], X[half, -1, 0])
    assert_equal(exported(regressor, X)["forecast"], regressor.predict(X), 3.0)
    classifier = LSTMClassifier(3, epochs=1, class_weight={"a": 5, "b": 1, "c": 0.5})
    classifier.set_params(random_state=0).fit(X, y)
    outputs = exported(classifier, X)
    assert_equal(outputs["probabilities"], classifier.predict_proba(X))
    check_labels(outputs["label"], classifier.predict(X), outputs["probabilities"])


def test_constant_features_and_targets():
    X = np.random.default_rng(0).normal(3.0, size=(16, 4, 2))
    X[..., 1] = 7.0
    regressor = LSTMRegressor(3, epochs=1, random_state=0).fit(X, np.full(16, 5.0))
    X[:8, :, 1] = 8.0
    assert_equal(exported(regressor, X)["forecast"], regressor.predict(X))
