"""Files of older versions load, and their models predict the same values.

`golden_files.py` has written the files, and describes them.
"""

import io
import json
from inspect import isclass, signature

import numpy as np
import onnx
import pandas as pd
import pytest
import skops.io
from golden_files import GOLDEN, decode, encode, printed_by, result_of
from numpy.testing import assert_allclose, assert_array_equal
from onnx_files import outputs_of
from sklearn.pipeline import make_pipeline

import skl_lstm
from skl_lstm import (
    TRUSTED_TYPES,
    ConformalRegressor,
    LSTMRegressor,
    LSTMStepClassifier,
    SequencePadder,
    SequenceWindower,
    to_onnx,
)

# The files contain objects of scikit-learn, which warns that they are older than itself.
of_an_older_scikit_learn = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.InconsistentVersionWarning"
)
VERSIONS = sorted(path.name for path in GOLDEN.iterdir())
MODELS = sorted(path for path in GOLDEN.glob("*/*.skops") if path.stem != "command")


def name_of(path):
    return f"{path.parent.name}-{path.stem}"


def load(path):
    return skops.io.load(path, trusted=TRUSTED_TYPES)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def assert_same(actual, expected):
    """Compare encoded values: numbers as float32 allows on another processor, others exactly."""
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for name, value in expected.items():
            assert_same(actual[name], value)
    elif isinstance(expected, list):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)
    else:
        assert actual == expected


@of_an_older_scikit_learn
@pytest.mark.parametrize("path", MODELS, ids=name_of)
def test_a_model_of_an_older_version_returns_the_same(path):
    model, golden = load(path), read(path.with_suffix(".json"))
    X = decode(golden["X"])
    for result in golden["results"]:
        returned = getattr(model, result["method"])(X, **result["arguments"])
        assert_same(encode(returned), result["returned"])


@of_an_older_scikit_learn
@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*/*.onnx")), ids=name_of)
def test_an_onnx_file_of_an_older_version_computes_the_same_as_that_of_today(path):
    golden, older = read(path.with_name(f"{path.stem}_onnx.json")), onnx.load(path)
    today = to_onnx(load(path.with_suffix(".skops")))
    assert list(map(str, today.graph.input)) == list(map(str, older.graph.input))
    assert list(map(str, today.graph.output)) == list(map(str, older.graph.output))
    for model in (older, today):
        assert_same(encode(outputs_of(model, decode(golden["X"]))), golden["outputs"])


@of_an_older_scikit_learn
@pytest.mark.parametrize("version", VERSIONS)
def test_the_command_forecasts_from_a_model_that_an_older_version_saved(version, tmp_path):
    folder = GOLDEN / version
    printed = printed_by("forecast", folder / "command.skops", folder / "command.csv")
    frames = [pd.read_csv(one) for one in (io.StringIO(printed), folder / "command_forecast.csv")]
    pd.testing.assert_frame_equal(*frames, rtol=1e-5)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_functions_return_what_they_returned_in_an_older_version(version):
    for one in read(GOLDEN / version / "functions.json"):
        returned = result_of(one["function"], decode(one["X"]), one["arguments"])
        assert_same(encode(returned), one["returned"])


ROWS = np.random.default_rng(0).normal(size=(24, 2))
OWN_NAMES = [name.removeprefix("skl_lstm.") for name in TRUSTED_TYPES if "skl_lstm" in name]
OWN_CLASSES = [one for one in (getattr(skl_lstm, name) for name in OWN_NAMES) if isclass(one)]


def defaults_of(kind):
    parameters = signature(kind).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


@pytest.mark.parametrize("kind", OWN_CLASSES, ids=lambda one: one.__name__)
def test_a_parameter_that_a_file_lacks_has_its_default(kind):
    restored = object.__new__(kind)
    restored.__setstate__({"other": 1})
    assert vars(restored) == {**defaults_of(kind), "other": 1}


def without_defaults(estimator):
    """Return the estimator without its parameters that have the default, and those inside it."""
    for inner in [estimator, *estimator.get_params().values()]:
        if type(inner) in OWN_CLASSES:
            defaults = defaults_of(type(inner))
            for name in [one for one in defaults if vars(inner)[one] is defaults[one]]:
                del vars(inner)[name]
    return estimator


STEPS = [rows[:, 0] > 0 for rows in np.split(ROWS, 6)]
QUICK = {"units": 2, "epochs": 1, "random_state": 0}
FITTED = {
    "windows": (make_pipeline(SequenceWindower(3), LSTMRegressor(**QUICK)), ROWS, ROWS[:, 0]),
    "steps": (
        make_pipeline(SequencePadder(), LSTMStepClassifier(**QUICK)),
        np.split(ROWS, 6),
        [np.where(step, "up", "down") for step in STEPS],
    ),
    "intervals": (
        ConformalRegressor(
            make_pipeline(SequenceWindower(3), LSTMRegressor(**QUICK)), coverage=0.5
        ),
        ROWS,
        ROWS[:, 0],
    ),
}


@pytest.mark.parametrize("kind", FITTED)
def test_a_fitted_model_whose_file_lacks_parameters_predicts_the_same(kind):
    estimator, X, y = FITTED[kind]
    expected = estimator.fit(X, y).predict(X)
    file = skops.io.dumps(without_defaults(estimator))
    assert_array_equal(skops.io.loads(file, trusted=TRUSTED_TYPES).predict(X), expected)
