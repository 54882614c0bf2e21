"""Saved models load completely and without running code from the file, and files are small."""

import base64
import io
import json
import marshal
import pickle
import pickletools
import re
import warnings
import zipfile
from datetime import timedelta

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
import skops.io
from dateutil.tz import tzoffset
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skops.io.exceptions import UntrustedTypesFoundException

from skl_lstm import (
    TRUSTED_TYPES,
    ConformalRegressor,
    LSTMClassifier,
    LSTMRegressor,
    LSTMStepClassifier,
    LSTMStepRegressor,
    NaiveRegressor,
    PerTimestep,
    SequenceClassifier,
    SequenceFlattener,
    SequencePadder,
    SequenceRegressor,
    SequenceReshaper,
    SequenceWindower,
    TimeSplit,
    lstm_network,
    make_step_scorer,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 4, 2))
Y = X[:, -1].sum(axis=1)
LABELS = np.where(Y > 0, "up", "down")
STEP_LABELS = np.where(X[:, :, 0] > 0, "up", "down")  # (samples, timesteps)
WIDE = X.reshape(24, 8)
ROWS = X[:, 0]
NAMED = pd.DataFrame(WIDE, columns=[f"t{step}_{name}" for step in range(4) for name in "ab"])
DAYS = pd.DataFrame(ROWS, columns=["a", "b"], index=pd.date_range("2024-01-01", periods=24))
RAGGED = [sequence[: 1 + i % 4] for i, sequence in enumerate(X)]
QUICK = {"epochs": 1, "random_state": 0}


def regressor(**params):
    return LSTMRegressor(**{"units": 2, **QUICK, **params})


def classifier(**params):
    return LSTMClassifier(**{"units": 2, **QUICK, **params})


def scaler():
    return StandardScaler().set_output(transform="pandas")


def searched(**options):
    return GridSearchCV(regressor(), {"units": [2, 3]}, **{"cv": TimeSeriesSplit(2), **options})


def in_search(**grid):
    pipeline = make_pipeline(scaler(), SequenceWindower(), regressor())
    return GridSearchCV(pipeline, grid, cv=TimeSplit(2))


# Every transformer and every kind of estimator.
EACH_KIND = {
    "windower": (DAYS, Y, scaler(), SequenceWindower(3), regressor()),
    "reshaper": (WIDE, LABELS, StandardScaler(), SequenceReshaper(features=2), classifier()),
    "padder": (RAGGED, Y, SequencePadder(mask_value=-9.0), regressor(mask_value=-9.0)),
    "per timestep": (
        RAGGED,
        LABELS,
        PerTimestep(StandardScaler()),
        SequencePadder(),
        SequenceClassifier(lstm_network, model__units=2, model__mask_value=0.0, **QUICK),
    ),
    "labels of steps": (
        RAGGED,
        [labels[: 1 + i % 4] for i, labels in enumerate(STEP_LABELS)],
        PerTimestep(StandardScaler()),
        SequencePadder(mask_value=-9.0),
        LSTMStepClassifier(units=2, **QUICK),
    ),
    "network of its own": (X, Y, SequenceRegressor(lstm_network, model__units=2, **QUICK)),
}


def own_network(meta, units=2):
    inputs = keras.Input((None, meta["n_features_in_"]))
    hidden = Doubling()(keras.layers.GRU(units)(inputs))
    return keras.Model(inputs, keras.layers.Dense(meta["n_outputs_"], activation=cubed)(hidden))


class Doubling(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def cubed(x):
    return x**3


# Every estimator and every combination in the documentation: (function that makes it, X, y).
FITTED = {
    "LSTMRegressor": (regressor, X, Y),
    "of several outputs": (regressor, X, X[:, -1]),
    "of single precision": (regressor, X.astype("float32"), Y.astype("float32")),
    "stacked": (lambda: regressor(units=(2, 3), bidirectional=True, conv_filters=2), X, Y),
    "convolutions beside the LSTM": (
        lambda: classifier(
            units=(2, 2, 2),
            conv_filters=(2, 3),
            kernel_size=(3, 2),
            conv_position="beside",
            batch_normalization=True,
        ),
        X,
        LABELS,
    ),
    "early stopping": (lambda: regressor(validation_split=0.2, patience=1), X, Y),
    "a RandomState": (lambda: regressor(random_state=np.random.RandomState(0)), X, Y),
    "Keras objects": (
        lambda: regressor(
            optimizer=keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9)),
            loss=keras.losses.Huber(0.5),
        ),
        X,
        Y,
    ),
    "quantiles": (lambda: regressor(quantiles=(0.1, 0.5, 0.9)), X, Y),
    "quantiles by Keras": (lambda: regressor(quantiles=[0.2, 0.8], engine="keras"), X, X[:, -1]),
    "LSTMClassifier": (classifier, X, LABELS),
    "class weights": (lambda: classifier(class_weight={"up": 2, "down": 1}), X, LABELS),
    "labels of numbers": (classifier, X, (Y > 0).astype(int)),
    "trained by Keras": (lambda: regressor(engine="keras"), X, Y),
    "an optimizer as a dict": (
        lambda: regressor(optimizer={"class_name": "sgd", "config": {"momentum": 0.9}}),
        X,
        Y,
    ),
    "several labels": (classifier, X, (X[:, -1] > 0).astype(int)),
    "labels of steps": (lambda: LSTMStepClassifier(units=2, **QUICK), X, STEP_LABELS),
    "numbers of steps": (
        lambda: LSTMStepRegressor(units=2, bidirectional=True, conv_filters=2, **QUICK),
        X,
        X[:, :, 0],
    ),
    "numbers of steps by Keras": (
        lambda: LSTMStepRegressor(units=2, engine="keras", mask_value=-9.0, **QUICK),
        X,
        X[:, :, 1:],
    ),
    "a search over steps": (
        lambda: GridSearchCV(
            LSTMStepClassifier(**QUICK),
            {"units": [2, 3]},
            cv=2,
            scoring=make_step_scorer("balanced_accuracy"),
        ),
        X,
        STEP_LABELS,
    ),
    "SequenceRegressor": (
        lambda: SequenceRegressor(
            lstm_network, model__units=2, optimizer__momentum=0.5, optimizer="sgd", **QUICK
        ),
        X,
        Y,
    ),
    "SequenceClassifier": (
        lambda: SequenceClassifier(
            lstm_network, model__units=2, metrics=["acc", keras.metrics.AUC()], **QUICK
        ),
        X,
        LABELS,
    ),
    "a ready model": (
        lambda: SequenceRegressor(lstm_network({"X_shape_": X.shape, "n_outputs_": 1}), **QUICK),
        X,
        Y,
    ),
    "reshaped": (
        lambda: make_pipeline(StandardScaler(), SequenceReshaper(features=2), regressor()),
        WIDE,
        Y,
    ),
    "reshaped names": (
        lambda: make_pipeline(
            scaler(), SequenceReshaper(3, features=2, truncating="pre"), regressor()
        ),
        NAMED,
        Y,
    ),
    "windows of an array": (
        lambda: make_pipeline(StandardScaler(), SequenceWindower(3), regressor()),
        ROWS,
        Y,
    ),
    "windows of days": (
        lambda: make_pipeline(scaler(), SequenceWindower(3), regressor()),
        DAYS,
        Y,
    ),
    "the command's": (
        lambda: make_pipeline(
            scaler(),
            SequenceWindower(3),
            TransformedTargetRegressor(regressor(), transformer=StandardScaler()),
        ),
        DAYS,
        Y,
    ),
    "a gap": (
        lambda: make_pipeline(SequenceWindower(3, max_gap=timedelta(2)), regressor()),
        DAYS,
        Y,
    ),
    "padded": (
        lambda: make_pipeline(
            PerTimestep(StandardScaler()),
            SequencePadder(mask_value=-9.0),
            classifier(mask_value=-9.0),
        ),
        RAGGED,
        LABELS,
    ),
    "PCA of steps": (lambda: make_pipeline(PerTimestep(PCA(1)), regressor()), X, Y),
    "a baseline": (
        lambda: make_pipeline(SequenceWindower(3), NaiveRegressor("a", period=2)),
        DAYS,
        Y,
    ),
    "intervals": (lambda: ConformalRegressor(searched(), coverage=0.5), X, Y),
    "intervals around quantiles of windows": (
        lambda: ConformalRegressor(
            make_pipeline(SequenceWindower(3), regressor(quantiles=(0.1, 0.9))), coverage=0.5
        ),
        DAYS,
        Y,
    ),
    "flattened windows": (
        lambda: make_pipeline(SequenceWindower(3), SequenceFlattener(), Ridge()),
        DAYS,
        Y,
    ),
    "a search": (lambda: in_search(sequencewindower__timesteps=[2, 3]), DAYS, Y),
    "a search, shuffled": (lambda: searched(cv=KFold(2, shuffle=True)), X, Y),
    "a search of classes": (
        lambda: GridSearchCV(
            classifier(),
            {"units": [2, 3]},
            cv=2,
            scoring=["accuracy", "roc_auc"],
            refit="accuracy",
        ),
        X,
        LABELS,
    ),
    "scored": (
        lambda: searched(
            scoring=[
                "neg_root_mean_squared_error",
                "neg_mean_absolute_error",
                "r2",
                "neg_mean_squared_error",
            ],
            refit="r2",
        ),
        X,
        Y,
    ),
    "voting": (lambda: VotingRegressor([("a", regressor()), ("b", regressor())]), X, Y),
    "voting for classes": (lambda: VotingClassifier([("a", classifier())]), X, LABELS),
    "calibrated": (lambda: CalibratedClassifierCV(classifier(), cv=2), X, LABELS),
}


@pytest.fixture(scope="module", params=FITTED, ids=list(FITTED))
def fitted(request):
    make, data, target = FITTED[request.param]
    return make().fit(data, target), data


def through_skops(estimator, *own):
    return skops.io.loads(skops.io.dumps(estimator), trusted=[*TRUSTED_TYPES, *own])


def through_joblib(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


def through_pickle(estimator):
    return pickle.loads(pickle.dumps(estimator))


WAYS = {"skops": through_skops, "joblib": through_joblib, "pickle": through_pickle}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_every_loaded_pipeline_predicts_the_same_bits(fitted, way):
    estimator, data = fitted
    back = way(estimator)
    assert type(back) is type(estimator)
    assert_array_equal(back.predict(data), estimator.predict(data), strict=True)
    if hasattr(estimator, "predict_proba"):
        assert_array_equal(back.predict_proba(data), estimator.predict_proba(data), strict=True)
    assert repr(back.get_params().keys()) == repr(estimator.get_params().keys())


class ModuleRecorder(pickle.Unpickler):
    def find_class(self, module, name):
        self.found.add(module.split(".")[0])
        return super().find_class(module, name)


def test_a_pickle_contains_neither_keras_nor_pandas_objects(fitted):
    estimator, _ = fitted
    unpickler = ModuleRecorder(io.BytesIO(pickle.dumps(estimator)))
    unpickler.found = set()
    unpickler.load()
    assert "skl_lstm" in unpickler.found
    assert not unpickler.found - {"skl_lstm", "sklearn", "numpy", "copyreg", "datetime"}


def types_needed():
    from sklearn.model_selection._search_successive_halving import HalvingGridSearchCV

    made = [make().fit(data, target) for make, data, target in FITTED.values()]
    halving = HalvingGridSearchCV(regressor(), {"units": [2, 3]}, cv=2).fit(X, Y)
    needed = {
        f"{HalvingGridSearchCV.__module__}.HalvingGridSearchCV"
    }  # in case it is not enabled yet
    for estimator in [*made, halving]:
        needed |= set(skops.io.get_untrusted_types(data=skops.io.dumps(estimator)))
    return needed


# Types needed only below scikit-learn 1.9, and only from 1.9 on.
BEFORE = {
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
}
SINCE = {
    "sklearn.callback._progressbar.ProgressBar",  # has its own test
    "sklearn.model_selection._split.StratifiedKFold",
}


# Types of the other NumPy: skops itself trusts those of the installed one.
OF_NUMPY = {"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "value",
    [
        {"object": "{}", "code": []},
        {"architecture": "{}", "weights": [], "code": []},
        {"packed by skl_lstm": "object", "object": "{}", "code": []},
        {"a": [{"packed by skl_lstm": "model"}], "packed by skl_lstm": {"packed by skl_lstm": 1}},
    ],
)
def test_a_dictionary_that_looks_packed_is_restored(value, way):
    estimator = SequenceRegressor(lstm_network, model__settings=value)
    back = WAYS[way](estimator)
    assert back.get_params()["model__settings"] == value


@pytest.mark.parametrize("way", WAYS)
def test_a_windower_whose_parameter_looks_packed_is_restored(way):
    windower = SequenceWindower(max_gap={"packed": "runs"})
    assert WAYS[way](windower).max_gap == {"packed": "runs"}


def names_in(pickled):
    """All strings in a pickle, which include the names of modules."""
    return {arg for _, arg, _ in pickletools.genops(pickled) if isinstance(arg, str)}


def modules_in(skops_file):
    """All modules that a skops file names."""
    schema = zipfile.ZipFile(io.BytesIO(skops_file)).read("schema.json").decode()
    return set(re.findall(r'"__module__": "([^"]*)"', schema))


@pytest.mark.parametrize("kind", EACH_KIND)
def test_files_contain_public_names_only(kind):
    X, y, *steps = EACH_KIND[kind]
    pipeline = make_pipeline(*steps).fit(X, y)
    in_pickle = {name for name in names_in(pickle.dumps(pipeline)) if "skl_lstm" in name}
    in_file = {name for name in modules_in(skops.io.dumps(pipeline)) if "skl_lstm" in name}
    assert in_file == {"skl_lstm"}
    assert in_pickle <= {"skl_lstm", "packed by skl_lstm"}
    assert "skl_lstm" in in_pickle


def test_trusted_types_are_the_needed_types_and_no_more():
    needed = types_needed()
    assert needed <= set(TRUSTED_TYPES)
    assert set(TRUSTED_TYPES) - needed <= BEFORE | SINCE | OF_NUMPY


def test_a_search_with_a_progress_bar_can_be_loaded(capsys):
    callback = pytest.importorskip("sklearn.callback", reason="requires scikit-learn 1.9")
    search = searched()
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=0))
    back = through_skops(search.fit(X, Y))
    assert_array_equal(back.predict(X), search.predict(X))


@pytest.mark.parametrize(
    "name", ["LSTMRegressor", "Keras objects", "SequenceRegressor", "a ready model"]
)
def test_a_loaded_estimator_can_be_fitted_again(name):
    make, data, target = FITTED[name]
    estimator = make()
    again = through_skops(estimator).fit(data, target)
    assert_array_equal(again.predict(data), estimator.fit(data, target).predict(data))
    again = through_skops(estimator).fit(data, target)
    assert_array_equal(again.predict(data), estimator.fit(data, target).predict(data))


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize("units", [2, 256])
def test_a_file_is_hardly_larger_than_the_weights(units, way):
    estimator = regressor(units=units, optimizer="adam").fit(X, Y)
    buffers = {through_skops: skops.io.dumps, through_pickle: pickle.dumps}
    if way is through_joblib:
        buffer = io.BytesIO()
        joblib.dump(estimator, buffer)
        size = len(buffer.getvalue())
    else:
        size = len(buffers[way](estimator))
    weights = sum(array.nbytes for array in estimator.__getstate__()["_network"]["weights"])
    assert size <= 1.2 * weights + 100_000
    assert_array_equal(way(estimator).predict(X), estimator.predict(X), strict=True)


# Transformers without an estimator.

TIMES = {
    "days": pd.date_range("2024-01-01", periods=9),
    "seconds": pd.date_range("2024-01-01", periods=9, freq="h", unit="s", name="hour"),
    "summer time": pd.date_range("2024-03-28", periods=9, tz="Europe/Berlin", name="day"),
    "an offset": pd.DatetimeIndex(
        [pd.Timestamp("2024-01-01T00:00+01:00") + pd.Timedelta(hours=h) for h in range(9)]
    ),
    "spans": pd.timedelta_range("0h", periods=9, freq="2h"),
    "periods": pd.period_range("2024-01", periods=9, freq="M"),
    "long periods": pd.period_range("2024-01", periods=9, freq="2h"),
    "weeks": pd.period_range("2024-01", periods=9, freq="W-SUN"),
    "rows": pd.RangeIndex(9),
    "numbers": pd.Index(np.linspace(0, 4, 9), name="second"),
    "nullable": pd.Index(range(9), dtype="Int64"),
    "shuffled": pd.date_range("2024-01-01", periods=9)[RNG.permutation(9)],
    "with a hole": pd.date_range("2024-01-01", periods=12).delete([3, 4, 8]),
    "series": pd.MultiIndex.from_product(
        [["b", "a", "c"], pd.date_range("2024-01-01", periods=3)], names=["place", "day"]
    ),
    "series of series": pd.MultiIndex.from_product([["x"], [3, 1, 2], range(3)]),
    "categories": pd.MultiIndex.from_arrays(
        [pd.Categorical(list("bbbaaaccc"), list("cba"), ordered=True), list(range(3)) * 3]
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize("times", TIMES.values(), ids=list(TIMES))
@pytest.mark.parametrize("columns", [["a", "b"], [0, 1], [("a", 1), ("b", 2)]], ids=str)
def test_a_windower_keeps_its_history(times, columns, way):
    if isinstance(columns[0], tuple):
        columns = pd.MultiIndex.from_tuples(columns, names=["name", None])
    frame = pd.DataFrame(RNG.normal(size=(9, 2)), index=times, columns=columns)
    windower = SequenceWindower(2).fit(frame)
    back = way(windower)
    pd.testing.assert_frame_equal(back.history_, windower.history_, check_freq=True)
    pd.testing.assert_index_equal(back.history_.index, windower.history_.index, exact="equiv")
    assert back.max_gap_ == windower.max_gap_
    assert type(back.max_gap_) is type(windower.max_gap_)
    for part, expected in zip(back._runs, windower._runs, strict=True):
        if isinstance(expected, pd.Index):
            pd.testing.assert_index_equal(part, expected, exact="equiv")
        else:
            assert part == expected
    assert_array_equal(back.transform(frame), windower.transform(frame), strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # these rows are in the middle of those of fit
        some = frame.iloc[2:5]
        expected = windower.transform(some)
        assert_array_equal(back.transform(some), expected, strict=True)


def test_a_windower_keeps_times_whose_zone_pandas_cannot_read_by_name():
    times = pd.date_range("2024-01-01", periods=9, tz=tzoffset("here", 3600))
    windower = SequenceWindower(2).fit(pd.DataFrame({"a": np.arange(9.0)}, index=times))
    for way in (through_joblib, through_pickle):
        back = way(windower)
        pd.testing.assert_frame_equal(back.history_, windower.history_, check_freq=True)
        assert back.history_.index.dtype == times.dtype


GAPS = [pd.Timedelta("2D"), pd.Timedelta("36h").as_unit("s"), timedelta(2), np.timedelta64(2, "D")]


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize("gap", GAPS, ids=repr)
def test_a_windower_keeps_its_parameter(gap, way):
    back = way(SequenceWindower(2, max_gap=gap).fit(DAYS))
    assert (type(back.max_gap), back.max_gap) == (type(gap), gap)
    assert back.max_gap_ == gap
    assert through_skops(SequenceWindower(max_gap=gap)).max_gap == gap  # not fitted


TRANSFORMERS = {
    "reshaper": (SequenceReshaper(features=2, order="F"), WIDE),
    "reshaper, named": (SequenceReshaper(features=2), NAMED),
    "windower of an array": (SequenceWindower(3, padding=np.nan), ROWS),
    "padder": (SequencePadder(), RAGGED),
    "padder of frames": (SequencePadder(), [pd.DataFrame(x, columns=["a", "b"]) for x in RAGGED]),
    "padder of flat sequences": (SequencePadder(padding="pre"), [x[:, 0] for x in RAGGED]),
    "scaled steps": (PerTimestep(StandardScaler()), X),
    "flattener": (SequenceFlattener(), X),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize("case", TRANSFORMERS.values(), ids=list(TRANSFORMERS))
def test_every_transformer_can_be_loaded(case, way):
    transformer, data = case
    transformer.fit(data)
    back = way(transformer)
    before, after = transformer.transform(data), back.transform(data)
    assert_array_equal(after, before, strict=True)
    assert getattr(after, "mask_value", None) == getattr(before, "mask_value", None)
    assert vars(back).keys() == vars(transformer).keys()


# Custom code.

OWN = [f"{__name__}.{name}" for name in ("own_network", "Doubling", "cubed")]


def test_a_custom_network_must_be_trusted_by_name():
    estimator = SequenceRegressor(own_network, model__units=3, **QUICK).fit(X, Y)
    for missing in OWN:
        with pytest.raises(UntrustedTypesFoundException, match=missing):
            through_skops(estimator, *(name for name in OWN if name != missing))
    for back in (through_skops(estimator, *OWN), through_pickle(estimator)):
        assert_array_equal(back.predict(X), estimator.predict(X))
        assert isinstance(back.model_.layers[2], Doubling)


def test_a_custom_ready_model_is_loaded_compiled():
    model = own_network({"n_features_in_": 2, "n_outputs_": 1})
    model.compile("adam", cubed, metrics=[cubed])
    estimator = SequenceRegressor(model)
    for back in (through_skops(estimator, *OWN), through_pickle(estimator)):
        assert back.model.loss is cubed
        assert_array_equal(back.model(X), model(X))


def test_a_lambda_in_a_network_cannot_be_saved():
    inputs = keras.Input((4, 2))
    doubled = keras.layers.Lambda(lambda x: 2 * x, output_shape=(4, 2))(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(doubled)))
    for dump in (pickle.dumps, skops.io.dumps):
        with pytest.raises(ValueError, match="The network names a lambda, which is not Keras' own"):
            dump(SequenceRegressor(model))


def test_a_lambda_layer_of_a_named_function_can_be_saved():
    inputs = keras.Input((4, 2))
    outputs = keras.layers.Dense(1)(keras.layers.Flatten()(keras.layers.Lambda(cubed)(inputs)))
    estimator = SequenceRegressor(keras.Model(inputs, outputs))
    back = through_skops(estimator, f"{__name__}.cubed")
    assert_array_equal(back.model(X), estimator.model(X))


# Untrusted files.


@pytest.fixture(scope="module")
def saved():
    # Only a network that Keras has trained is saved as a configuration of Keras.
    lstm = regressor(engine="keras")
    return skops.io.dumps(make_pipeline(scaler(), SequenceWindower(2), lstm).fit(DAYS, Y))


def altered(data, alter):
    """Return a file with its schema altered."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name in source.namelist():
            content = source.read(name)
            if name == "schema.json":
                content = json.dumps(alter(json.loads(content)))
            file.writestr(name, content)
    return target.getvalue()


def nodes(schema):
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


def load(data):
    return skops.io.loads(data, trusted=TRUSTED_TYPES)


def test_altering_nothing_changes_nothing(saved):
    assert_array_equal(load(altered(saved, dict)).predict(DAYS), load(saved).predict(DAYS))


@pytest.mark.parametrize("module", ["numpy.ma", "numpy.ma.core"])
def test_a_search_that_was_saved_with_another_numpy_can_be_loaded(module):
    search = searched().fit(X, Y)

    def alter(schema):
        for node in nodes(schema):
            if node.get("__class__") == "MaskedArray":
                node["__module__"] = module
        return schema

    back = load(altered(skops.io.dumps(search), alter))
    assert_array_equal(back.predict(X), search.predict(X))
    assert isinstance(back.cv_results_["param_units"], np.ma.MaskedArray)


def test_a_file_with_a_foreign_type_is_refused(saved):
    class Foreign(BaseEstimator):
        pass

    import os

    for foreign in (FunctionTransformer(os.system), Foreign(), [print], {"a": os.remove}):
        pipeline = load(saved)
        pipeline.steps[0][1].extra_ = foreign
        with pytest.raises(UntrustedTypesFoundException):
            load(skops.io.dumps(pipeline))


@pytest.mark.parametrize("name", ["os.system", "subprocess.run", "builtins.exec"])
def test_a_trusted_type_that_names_another_function_is_refused(saved, name):
    kinds = set()

    def note(schema):
        kinds.update((n["__loader__"], n["__class__"]) for n in nodes(schema) if "__loader__" in n)
        return schema

    altered(saved, note)
    kinds = {kind for kind in kinds if kind[0] != "JsonNode"}  # a JsonNode contains only text
    assert {"Pipeline", "LSTMRegressor", "SequenceWindower", "ndarray", "dict", "str"} <= {
        class_name for _, class_name in kinds
    }
    for kind in kinds:

        def alter(schema, kind=kind):
            for node in nodes(schema):
                if (node.get("__loader__"), node.get("__class__")) == kind:
                    node["__module__"], node["__class__"] = name.split(".")
            return schema

        with pytest.raises(UntrustedTypesFoundException, match=name):
            load(altered(saved, alter))


def test_the_function_that_builds_a_network_cannot_be_replaced():
    data = skops.io.dumps(SequenceRegressor(lstm_network))
    load(data)

    def alter(schema):
        for node in nodes(schema):
            if node.get("__class__") == "lstm_network":
                node["__module__"], node["__class__"] = "os", "system"
        return schema

    with pytest.raises(UntrustedTypesFoundException, match=r"os\.system"):
        load(altered(data, alter))


def test_garbage_and_pickles_are_refused(saved, tmp_path):
    class Attack:
        def __reduce__(self):
            return (tmp_path.joinpath("struck").touch, ())

    for data in (b"", b"garbage", pickle.dumps(Attack()), saved[:-100], saved[100:]):
        with pytest.raises((zipfile.BadZipFile, ValueError, KeyError, EOFError)):
            load(data)
    assert not list(tmp_path.iterdir())


# Attacks through the names in a saved network. A successful attack creates a file.

STRUCK = "struck_by_the_file"


def strike(*args, **kwargs):
    import pathlib

    pathlib.Path("struck_by_the_file").touch()


def layer(kind, module="keras.layers", **config):
    described = {"module": module, "class_name": kind, "config": {"name": "x", **config}}
    return {**described, "registered_name": None, "name": "x"}


def function(name, module="builtins"):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def marshalled():
    code = base64.b64encode(marshal.dumps(strike.__code__)).decode()
    inner = {"code": code, "defaults": None, "closure": None}
    return {"class_name": "__lambda__", "config": inner}


ATTACKS = {
    "a marshalled lambda": layer("Lambda", function=marshalled(), output_shape=[1]),
    "a lambda as a value": layer(
        "Dense", units=1, activation={"class_name": "__lambda__", "config": {"value": "abc"}}
    ),
    "an old lambda": {
        "class_name": "Lambda",
        "name": "x",
        "config": {"name": "x", "function": marshalled()["config"], "function_type": "lambda"},
    },
    "a function to be called": layer(
        "Lambda", function=function("run", "subprocess"), arguments={"args": ["touch", STRUCK]}
    ),
    "a builtin": layer("Lambda", function=function("exec"), arguments={}),
    "a builtin as activation": layer("Dense", units=1, activation=function("exec")),
    "a module that acts when imported": layer("Anything", "foreign_module_that_strikes"),
    "its function": layer(
        "Dense", units=1, activation=function("f", "foreign_module_that_strikes")
    ),
    "its function by another name": layer(
        "Dense", units=1, activation=function("relu", "foreign_module_that_strikes")
    ),
    "a class of Python's": layer("Popen", "subprocess", args=["touch", STRUCK]),
    "a type of tensors": {
        "class_name": "__typespec__",
        "spec_name": "X",
        "module": "foreign_module_that_strikes",
        "registered_name": "X",
        "config": [],
    },
    "Keras' switch": layer(
        "Lambda", function=function("enable_unsafe_deserialization", "keras.config")
    ),
    "Keras' loader": layer(
        "Lambda", function=function("load_model", "keras.models"), arguments={"safe_mode": False}
    ),
    "Keras' download": layer(
        "Lambda", function=function("get_file", "keras.utils"), arguments={"origin": "file:///x"}
    ),
    "Keras' maker of objects": layer("Lambda", function=function("deserialize", "keras.losses")),
    "Keras' maker among builtins": layer("Lambda", function=function("get")),
    "a SavedModel": layer("TFSMLayer", filepath="/tmp/x", call_endpoint="serve"),
    "a PyTorch module": layer("TorchModuleWrapper", module="AAAA"),
    "Keras' inside": layer("os", "keras.src.utils.file_utils"),
    "a function of Keras' inside": layer(
        "Lambda", function=function("system", "keras.src.utils.file_utils.os")
    ),
    "a file to read": layer("StringLookup", vocabulary="/etc/hostname"),
    "a layer without a module": {"class_name": "Dense", "config": {"units": 1}, "name": "x"},
    "a place that Keras does not have": layer("Dense", "keras.no_such_place", units=1),
    "a list as a class": {"class_name": ["Dense"], "module": "keras.layers", "config": {}},
    "a list as a module": layer("Dense", ["keras.layers"], units=1),
    "registered code of ours": {**layer("Dense", units=1), "registered_name": "tests>Registered"},
    "registered code as a text": layer("Lambda", function="tests>Registered"),
}


@keras.saving.register_keras_serializable("tests")
class Registered(keras.layers.Dense):
    def __init__(self, *args, **kwargs):
        strike()
        super().__init__(*args, **kwargs)


def inside_a_network(attack):
    """Return the configuration of a network that contains the attack as a layer."""
    first = layer("InputLayer", batch_shape=[None, None, 2], dtype="float32")
    return layer("Sequential", "keras", layers=[first, {**attack, "name": "y"}])


@pytest.fixture
def trapped(tmp_path, monkeypatch):
    """Run in the folder where an attack creates its file. The foreign module can be imported."""
    module = tmp_path / "modules" / "foreign_module_that_strikes.py"
    module.parent.mkdir()
    module.write_text(f"import pathlib; pathlib.Path({STRUCK!r}).touch(); f = relu = print")
    monkeypatch.syspath_prepend(module.parent)
    monkeypatch.chdir(tmp_path)
    return tmp_path / STRUCK


@pytest.mark.parametrize("wrap", [inside_a_network, lambda attack: attack], ids=["inside", "bare"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_no_network_in_a_file_runs_foreign_code(saved, trapped, attack, wrap):
    def alter(schema):
        (node,) = (
            node
            for node in nodes(schema)
            if node.get("__loader__") == "JsonNode" and "class_name" in str(node["content"])
        )
        node["content"] = json.dumps(json.dumps(wrap(attack)))
        return schema

    with pytest.raises(
        ValueError, match=r"which is not Keras' own|reads its vocabulary from a file"
    ):
        load(altered(saved, alter))
    assert not trapped.exists()


def test_the_attacks_work_without_the_checks(trapped):
    """Without the checks, the code from the file runs."""
    described = layer("Lambda", function=marshalled(), output_shape=[1])
    with keras.saving.custom_object_scope({}):
        made = keras.saving.deserialize_keras_object(described, safe_mode=False)
    made.function(None)
    assert trapped.exists()
    trapped.unlink()
    keras.saving.deserialize_keras_object(ATTACKS["registered code of ours"])
    assert trapped.exists()


@pytest.mark.parametrize("name", ["loss", "optimizer", "units", "callbacks"])
def test_no_parameter_in_a_file_names_foreign_code(trapped, name):
    attack = function("run", "subprocess")
    data = skops.io.dumps(regressor(**{name: [attack] if name == "callbacks" else attack}))
    with pytest.raises(ValueError, match=r"names subprocess\.run, which is not Keras' own"):
        load(data)
    harmless = regressor(loss=function("mean_squared_error"))
    assert load(skops.io.dumps(harmless)).loss == harmless.loss


def test_an_object_that_is_not_a_network_is_refused(saved):
    for wrong in (layer("Dense", units=1), [], 3, function("relu")):

        def alter(schema, wrong=wrong):
            for node in nodes(schema):
                if node.get("__loader__") == "JsonNode" and "class_name" in str(node["content"]):
                    node["content"] = json.dumps(json.dumps(wrong))
            return schema

        with pytest.raises(ValueError, match=r"The saved object is .*, not a network"):
            load(altered(saved, alter))


def test_every_layer_of_keras_that_loads_code_is_left_out():
    """A future version of Keras may add such a layer. This test detects it."""
    import inspect

    from skl_lstm.networks.configs import _is_keras_own

    own = {
        name: thing
        for name, thing in vars(keras.layers).items()
        if isinstance(thing, type) and _is_keras_own({"class_name": name, "module": "keras.layers"})
    }
    assert {"LSTM", "Dense", "Bidirectional", "Masking", "Conv1D", "RNN"} <= own.keys()
    loading = ("gfile", "pickle", "marshal", "func_load", "torch.load", "saved_model", "open(")
    suspects = {
        name
        for name, thing in own.items()
        for base in thing.__mro__
        if base.__module__.startswith("keras.src.layers.preprocessing.")
        or base is thing  # without this condition, the module of Layer would count for all
        if any(word in inspect.getsource(inspect.getmodule(base)) for word in loading)
    }
    # The code of a Lambda and a vocabulary that is a file name are refused by other checks.
    assert suspects - {"Layer"} == {"Lambda", "IntegerLookup", "StringLookup"}


def test_a_file_with_other_weights_is_refused():
    state = regressor().fit(X, Y).__getstate__()
    state["_network"]["weights"] = state["_network"]["weights"][:-1]
    with pytest.raises(ValueError, match=r"The network has \d+ weights, but \d+ were passed"):
        LSTMRegressor().__setstate__(state)
