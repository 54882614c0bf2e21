"""Files, what they need to run, and what cannot be exported."""

import errno
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx_files import outputs_of
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

import skl_lstm
from skl_lstm import (
    ConformalRegressor,
    LSTMClassifier,
    LSTMRegressor,
    LSTMStepRegressor,
    NaiveRegressor,
    PerTimestep,
    SequenceFlattener,
    SequenceWindower,
    TimeSplit,
    sliding_windows,
    to_onnx,
)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return np.column_stack([rng.normal(100, 5, 60), rng.normal(-3, 0.1, 60)])


def small():
    return LSTMRegressor(2, epochs=1, random_state=0)


@pytest.fixture(scope="module")
def pipeline(table):
    steps = StandardScaler(), SequenceWindower(4), small()
    return make_pipeline(*steps).fit(table, table[:, 0])


@pytest.fixture
def mutable(pipeline):
    return make_pipeline(*(step for _, step in pipeline.steps))


def test_the_model_is_returned_and_saved(pipeline, tmp_path):
    path = tmp_path / "model.onnx"
    model = to_onnx(pipeline, path)
    assert path.read_bytes() == model.SerializeToString()
    assert onnx.load(path) == model
    assert to_onnx(pipeline, str(path)) == model
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_export_leaves_the_file_as_it_is(pipeline, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_text("an earlier file")
    with pytest.raises(TypeError, match="cannot be exported"):
        to_onnx(Ridge().fit([[1.0], [2.0]], [1, 2]), path)

    def no_space(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="No space left") as caught:
        to_onnx(pipeline, path)
    assert caught.value.filename == str(path)
    assert path.read_text() == "an earlier file"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_without_room_for_a_file(pipeline, tmp_path, monkeypatch):
    monkeypatch.setattr("skl_lstm.export.to_onnx.take_apart", None)  # the export does not begin
    missing = tmp_path / "missing" / "model.onnx"
    with pytest.raises(FileNotFoundError) as caught:
        to_onnx(pipeline, missing)
    assert caught.value.filename == str(missing)
    with pytest.raises(IsADirectoryError) as caught:
        to_onnx(pipeline, tmp_path)
    assert caught.value.filename == str(tmp_path)


def run_python(code, *arguments):
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_file_runs_where_only_onnxruntime_and_numpy_are(pipeline, table, tmp_path):
    to_onnx(pipeline, tmp_path / "model.onnx")
    np.save(tmp_path / "X.npy", sliding_windows(table, 4))
    code = """
import sys
import numpy as np
import onnxruntime

folder = sys.argv[1]
session = onnxruntime.InferenceSession(folder + "/model.onnx", providers=["CPUExecutionProvider"])
(forecast,) = session.run(["forecast"], {"X": np.load(folder + "/X.npy")})
np.save(folder + "/forecast.npy", forecast)
names = session.get_modelmeta().custom_metadata_map["timesteps"]
print(names, {"skl_lstm", "sklearn", "onnx", "keras"} & sys.modules.keys())
"""
    assert run_python(code, tmp_path) == "4 set()"
    forecast = np.load(tmp_path / "forecast.npy")
    np.testing.assert_allclose(forecast, pipeline.predict(table)[3:], rtol=1e-5)


def test_the_export_needs_neither_keras_nor_pandas():
    code = """
import sys

class Refuse:
    def find_spec(name, path=None, target=None):
        if name in {"keras", "tensorflow", "scikeras", "pandas", "onnxruntime", "tf2onnx"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refuse)
from skl_lstm import LSTMRegressor, to_onnx
to_onnx(LSTMRegressor(1, epochs=1).fit([[[1.0]], [[2.0]]], [1, 2]))
print("keras" in sys.modules, "tensorflow" in sys.modules)
"""
    assert run_python(code) == "False False"


@pytest.mark.parametrize("package", ["onnx", "tf2onnx"])
def test_a_missing_package_is_named(pipeline, monkeypatch, package):
    if package == "onnx":
        monkeypatch.setitem(sys.modules, "onnx", None)
        with pytest.raises(ImportError, match=r"pip install 'skl-lstm\[onnx\]'"):
            to_onnx(pipeline)
        return
    from skl_lstm.export import keras_models

    monkeypatch.setattr(keras_models, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="Install it: pip install tf2onnx"):
        keras_models.export_network(None, (1, 2, 3))


class Doubler(FunctionTransformer):
    """A subclass of a known transformer may do anything else."""

    def transform(self, X):
        return X * 2


REFUSED_STEPS = {
    "pca": (PCA(), r"Step 'pca' \(PCA\) cannot be exported: to_onnx writes scalers with one"),
    "function": (
        FunctionTransformer(np.abs),
        r"Step 'functiontransformer' \(FunctionTransformer\) cannot be exported",
    ),
    "subclass": (Doubler(), r"Step 'doubler' \(Doubler\)"),
    "columns": (
        ColumnTransformer([("scale", StandardScaler(), [0])]),
        r"Step 'columntransformer' \(ColumnTransformer\)",
    ),
    "pipeline": (
        make_pipeline(StandardScaler(), PCA()),
        r"Step 'pca' \(PCA\) in step 'pipeline' cannot be exported",
    ),
}


@pytest.mark.parametrize("name", REFUSED_STEPS)
def test_a_step_before_the_network_is_refused_by_its_name(table, name):
    step, message = REFUSED_STEPS[name]
    model = make_pipeline(step, SequenceWindower(3), small()).fit(table, table[:, 0])
    with pytest.raises(TypeError, match=message) as caught:
        to_onnx(model)
    assert "to_onnx(pipeline[1:]), and apply pipeline[:1] to the input yourself." in str(
        caught.value
    )
    # The remedy works.
    X = sliding_windows(model[:1].transform(table), 3)
    forecast = outputs_of(to_onnx(model[1:]), X)["forecast"]
    np.testing.assert_allclose(forecast, model.predict(table)[2:], rtol=1e-5)


def test_other_transformers_per_timestep_are_refused(table):
    scaler = PerTimestep(QuantileTransformer(n_quantiles=5))
    model = make_pipeline(SequenceWindower(3), scaler, small()).fit(table, table[:, 0])
    message = (
        r"Step 'pertimestep' \(PerTimestep\) cannot be exported: it applies QuantileTransformer, "
        r"but to_onnx writes scalers .*\(pipeline\[2:\]\), and apply pipeline\[:2\]"
    )
    with pytest.raises(TypeError, match=message):
        to_onnx(model)


def test_other_estimators_are_refused(table):
    message = r"Step 'ridge' \(Ridge\) cannot be exported: the last step must be one of LSTMReg"
    flat = make_pipeline(SequenceWindower(3), SequenceFlattener(), Ridge())
    with pytest.raises(TypeError, match=message):
        to_onnx(flat.fit(table, table[:, 0]))
    naive = make_pipeline(SequenceWindower(3), NaiveRegressor(0)).fit(table, table[:, 0])
    with pytest.raises(TypeError, match=r"Step 'naiveregressor' \(NaiveRegressor\)"):
        to_onnx(naive)
    with pytest.raises(TypeError, match=r"^Ridge cannot be exported: the last step must be one of"):
        to_onnx(Ridge().fit(table, table[:, 0]))


def test_several_networks_are_refused(table):
    X = sliding_windows(table, 3)
    voting = VotingRegressor([("one", small())])
    with pytest.raises(TypeError, match=r"Step 'votingregressor' \(VotingRegressor\) cannot"):
        to_onnx(make_pipeline(SequenceWindower(3), voting))
    labels = np.arange(len(X)) % 2
    calibrated = CalibratedClassifierCV(LSTMClassifier(2, epochs=1), cv=2).fit(X, labels)
    with pytest.raises(TypeError, match="CalibratedClassifierCV cannot be exported"):
        to_onnx(calibrated)


def test_intervals_are_refused_with_advice(table, pipeline):
    conformal = ConformalRegressor(pipeline, calibration=20).fit(table, table[:, 0])
    with pytest.raises(TypeError, match=r"to_onnx\(conformal\.estimator_\), which gives the same"):
        to_onnx(conformal)
    forecast = outputs_of(to_onnx(conformal.estimator_), sliding_windows(table, 4))["forecast"]
    np.testing.assert_allclose(forecast, conformal.predict(table)[3:], rtol=1e-5)


def test_other_transformers_of_the_target_are_refused(table):
    model = TransformedTargetRegressor(small(), func=np.log, inverse_func=np.exp)
    X = sliding_windows(table, 3)
    message = (
        "TransformedTargetRegressor cannot be exported: its target is transformed by "
        "FunctionTransformer, .* Export its regressor_, and apply the inverse"
    )
    with pytest.raises(TypeError, match=message):
        to_onnx(model.fit(X, X[:, -1, 0]))
    assert to_onnx(model.regressor_)


@pytest.mark.parametrize("transformer", [None, StandardScaler()])
def test_time_steps_as_outputs_of_a_scaled_target_are_refused(table, transformer):
    X = table.reshape(12, 5, 2)
    model = TransformedTargetRegressor(LSTMStepRegressor(2, epochs=1), transformer=transformer)
    message = (
        "^TransformedTargetRegressor cannot be exported: around LSTMStepRegressor, it scales the "
        "target of each time step by another number. LSTMStepRegressor scales its target itself"
    )
    with pytest.raises(TypeError, match=message):
        to_onnx(model.fit(X, X[:, :, 0]))


class Clipped(LSTMRegressor):
    def predict(self, X):
        return np.maximum(super().predict(X), 12)


class Same(LSTMRegressor):
    """A subclass that predicts as its base does."""


class Sure(LSTMClassifier):
    def predict_proba(self, X):
        return super().predict_proba(X).round()


class Rounded(Pipeline):
    def predict(self, X):
        return super().predict(X).round()


class Positive(TransformedTargetRegressor):
    def predict(self, X):
        return np.maximum(super().predict(X), 0)


class Logarithms(SequenceWindower):
    def transform(self, X):
        return np.log(super().transform(X))


def test_subclasses_that_predict_in_another_way_are_refused(table):
    X, y = sliding_windows(table, 4), table[3:, 0]
    message = (
        "^Clipped cannot be exported: it overrides predict of LSTMRegressor, and the file would "
        "not contain this"
    )
    with pytest.raises(TypeError, match=message):
        to_onnx(Clipped(2, epochs=1).fit(X, y))
    with pytest.raises(TypeError, match="Sure cannot be exported: it overrides predict_proba of"):
        to_onnx(Sure(2, epochs=1).fit(X, y > 100))
    with pytest.raises(TypeError, match="Rounded cannot be exported: it overrides predict of Pip"):
        to_onnx(Rounded([("lstm", small())]).fit(X, y))
    with pytest.raises(TypeError, match="Positive cannot be exported: it overrides predict of Tr"):
        to_onnx(Positive(small()).fit(X, y))
    positive = np.abs(table) + 1
    pipeline = make_pipeline(Logarithms(4), small()).fit(positive, table[:, 0])
    with pytest.raises(TypeError, match=r"Step 'logarithms' \(Logarithms\) cannot be exported: it"):
        to_onnx(pipeline)
    same = Same(2, epochs=1, random_state=0).fit(X, y)
    forecast = outputs_of(to_onnx(same), X)["forecast"]
    np.testing.assert_allclose(forecast, same.predict(X), rtol=1e-5)


def test_the_remedy_for_a_step_names_its_pipeline(table):
    inner = make_pipeline(SequenceWindower(3), PerTimestep(PCA()), small())
    pipeline = make_pipeline(StandardScaler(), inner).fit(table, table[:, 0])
    message = (
        r"to_onnx\(pipeline\[1\]\[2:\]\), and apply pipeline\[:1\], then pipeline\[1\]\[:2\] to the"
    )
    with pytest.raises(TypeError, match=message):
        to_onnx(pipeline)
    X = pipeline[1][:2].transform(pipeline[:1].transform(table))
    forecast = outputs_of(to_onnx(pipeline[1][2:]), X)["forecast"]
    np.testing.assert_allclose(forecast, pipeline.predict(table), rtol=1e-5)
    search = GridSearchCV(make_pipeline(PCA(), inner), {"pca__n_components": [2]}, cv=TimeSplit(2))
    with pytest.raises(TypeError, match=r"to_onnx\(pipeline\.best_estimator_\[1:\]\)"):
        to_onnx(search.fit(table, table[:, 0]))
    target = TransformedTargetRegressor(
        make_pipeline(PCA(), SequenceWindower(3), small()), transformer=StandardScaler()
    )
    message = (
        r"to_onnx\(pipeline\.regressor_\[1:\]\), and apply pipeline\.regressor_\[:1\] to the input "
        r"yourself, and the inverse_transform of pipeline\.transformer_ to the forecasts"
    )
    with pytest.raises(TypeError, match=message):
        to_onnx(target.fit(table, table[:, 0]))


def test_estimators_that_only_look_like_a_search(table):
    y = np.arange(len(table)) % 2
    message = "LogisticRegressionCV cannot be exported: the last step must be one of"
    with pytest.raises(TypeError, match=message):
        to_onnx(LogisticRegressionCV())
    tuned = TunedThresholdClassifierCV(LogisticRegression()).fit(table, y)
    with pytest.raises(TypeError, match="TunedThresholdClassifierCV cannot be exported: the last"):
        to_onnx(tuned)
    with pytest.raises(NotFittedError, match=r"to export\. Fit it, with refit=True"):
        to_onnx(GridSearchCV(small(), {"units": [1]}))


def test_the_file_says_what_it_cannot_read(pipeline):
    documentation = to_onnx(pipeline).doc_string
    assert "Every axis is at least 1" in documentation
    assert "NaN, infinity or a value too large" in documentation


def test_scikeras_is_refused_with_advice():
    from scikeras.wrappers import KerasRegressor

    with pytest.raises(TypeError, match="KerasRegressor cannot be exported, because scikeras enc"):
        to_onnx(KerasRegressor(skl_lstm.lstm_network))


@pytest.mark.parametrize(
    "unfitted",
    [
        LSTMRegressor(),
        make_pipeline(SequenceWindower(3), LSTMRegressor()),
        TransformedTargetRegressor(LSTMRegressor()),
        GridSearchCV(LSTMRegressor(), {"units": [1]}),
        RandomizedSearchCV(LSTMRegressor(), {"units": [1]}),
    ],
    ids=["alone", "pipeline", "target", "grid", "random"],
)
def test_an_unfitted_pipeline(unfitted):
    with pytest.raises(NotFittedError):
        to_onnx(unfitted)


def test_a_transformer_that_is_not_fitted(mutable):
    mutable.steps[0] = ("scaler", StandardScaler())
    with pytest.raises(NotFittedError, match="StandardScaler"):
        to_onnx(mutable)
    mutable.steps[0] = ("scaler", "passthrough")
    mutable.steps[1] = ("windower", SequenceWindower())
    with pytest.raises(NotFittedError, match="SequenceWindower"):
        to_onnx(mutable)


def test_a_search_that_was_not_refitted(table):
    grid = {"units": [1]}
    search = GridSearchCV(small(), grid, cv=TimeSplit(2), refit=False)
    search.fit(sliding_windows(table, 3), table[2:, 0])
    with pytest.raises(NotFittedError, match="GridSearchCV instance has no best_estimator_"):
        to_onnx(search)


@pytest.mark.parametrize("wrong", [LSTMRegressor, [1, 2], None, "model.onnx"])
def test_something_else_than_an_estimator(wrong):
    with pytest.raises(TypeError, match="to_onnx takes a fitted estimator, such as a Pipeline"):
        to_onnx(wrong)
