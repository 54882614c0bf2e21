"""Every form of a pipeline in ONNX Runtime predicts what it predicts for raw sequences."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
from onnx_files import assert_equal, exported, outputs_of, shape_of_input
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from skl_lstm import (
    TRUSTED_TYPES,
    LSTMClassifier,
    LSTMRegressor,
    LSTMStepClassifier,
    LSTMStepRegressor,
    PerTimestep,
    SequencePadder,
    SequenceReshaper,
    SequenceWindower,
    TimeSplit,
    leads,
    sliding_windows,
    to_onnx,
)

SCALERS = {
    "standard": StandardScaler(),
    "no mean": StandardScaler(with_mean=False),
    "no scale": StandardScaler(with_std=False),
    "nothing": StandardScaler(with_mean=False, with_std=False),
    "min-max": MinMaxScaler((-1, 2)),
    "clipped": MinMaxScaler(clip=True),
    "max-abs": MaxAbsScaler(),
    "robust": RobustScaler(),
    "robust, no scale": RobustScaler(with_scaling=False, with_centering=True),
    "identity": FunctionTransformer(),
    "two": make_pipeline(MinMaxScaler(clip=True), "passthrough", StandardScaler()),
}


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return np.column_stack([rng.normal(100, 5, 60), rng.normal(-3, 0.1, 60), rng.normal(size=60)])


@pytest.fixture
def lstm():
    return LSTMRegressor(3, learning_rate=0.05, epochs=2, random_state=0)


@pytest.mark.parametrize("name", SCALERS)
@pytest.mark.parametrize("scaling", ["standard", None])
def test_a_scaler_before_a_windower(table, lstm, name, scaling):
    pipeline = make_pipeline(SCALERS[name], SequenceWindower(4), lstm.set_params(scaling=scaling))
    pipeline.fit(table[:40], table[1:41, 0])
    outputs = exported(pipeline, sliding_windows(table, 4))
    # In the later rows, some values are outside of the range of those of `fit`.
    assert_equal(outputs["forecast"], pipeline.predict(table)[3:], 100)


@pytest.mark.parametrize("name", SCALERS)
def test_a_scaler_per_timestep(table, lstm, name):
    scaler = PerTimestep(SCALERS[name])
    pipeline = make_pipeline(None, SequenceWindower(4, sampling_rate=2), scaler, lstm)
    pipeline.fit(table[:40], table[1:41, 0])
    outputs = exported(pipeline, sliding_windows(table, 4, sampling_rate=2))
    assert_equal(outputs["forecast"], pipeline.predict(table)[6:], 100)


@pytest.mark.parametrize("name", SCALERS)
def test_a_scaler_before_a_reshaper(table, lstm, name):
    rows = table.reshape(20, 9)
    for reshaper in (
        SequenceReshaper(features=3),
        SequenceReshaper(features=3, order="F"),
        SequenceReshaper(2, 3, truncating="pre"),
    ):
        pipeline = make_pipeline(SCALERS[name], reshaper, lstm).fit(rows, rows[:, 0])
        raw = reshaper.fit_transform(rows)
        assert_equal(exported(pipeline, raw)["forecast"], pipeline.predict(rows), 100)


def test_the_number_of_timesteps_is_fixed_only_if_scalers_need_it(table, lstm):
    rows = table.reshape(20, 9)
    fixed = make_pipeline(StandardScaler(), SequenceReshaper(features=3), lstm)
    assert shape_of_input(to_onnx(fixed.fit(rows, rows[:, 0]))) == ["samples", 3, 3]
    equal = make_pipeline(StandardScaler(), SequenceReshaper(features=1), lstm)
    repeated = np.repeat(table[:, :1], 4, axis=1)
    assert shape_of_input(to_onnx(equal.fit(repeated, table[:, 1]))) == ["samples", "timesteps", 1]
    windows = make_pipeline(StandardScaler(), SequenceWindower(4), lstm).fit(table, table[:, 0])
    assert shape_of_input(to_onnx(windows)) == ["samples", "timesteps", 3]


@pytest.mark.parametrize("name", SCALERS)
def test_a_scaler_before_sequences_of_numbers(table, lstm, name):
    rows = table.reshape(30, 6)
    pipeline = make_pipeline(SCALERS[name], lstm).fit(rows, rows[:, 0])
    assert_equal(exported(pipeline, rows)["forecast"], pipeline.predict(rows), 100)
    both = make_pipeline(SCALERS[name], PerTimestep(StandardScaler()), lstm).fit(rows, rows[:, 0])
    assert_equal(exported(both, rows)["forecast"], both.predict(rows), 100)


@pytest.mark.parametrize("mask_value", [None, -1.0])
@pytest.mark.parametrize("behind", [None, PerTimestep(MinMaxScaler((1, 2)))])
def test_windows_that_are_padded_by_a_number(table, lstm, mask_value, behind):
    lstm.set_params(mask_value=mask_value)
    windower = SequenceWindower(5, padding=-1.0)
    pipeline = make_pipeline(StandardScaler(), windower, behind, lstm)
    pipeline.fit(table, table[:, 0])
    raw = SequenceWindower(5, padding=-1.0).fit_transform(table)
    assert_equal(exported(pipeline, raw)["forecast"], pipeline.predict(table), 100)
    assert metadata(to_onnx(pipeline))["padding"] == -1.0


@pytest.mark.parametrize(("padding", "timesteps"), [("edge", 3), (np.nan, 1)])
def test_windows_without_padding_have_no_special_number(table, lstm, padding, timesteps):
    table[10] = -1.0
    # Networks refuse NaN. Windows of one step need no padding.
    windower = SequenceWindower(timesteps, padding=padding)
    pipeline = make_pipeline(StandardScaler(), windower, lstm).fit(table, table[:, 0])
    outputs = exported(pipeline, SequenceWindower(timesteps).fit_transform(table))
    assert_equal(outputs["forecast"], pipeline.predict(table), 100)
    assert "padding" not in metadata(to_onnx(pipeline))


def metadata(model):
    text = {"skl_lstm_version", "estimator"}
    found = {one.key: one.value for one in model.metadata_props}
    return {name: v if name in text else json.loads(v) for name, v in found.items()}


def ragged(table):
    return np.split(table, [4, 5, 11, 14, 20, 22, 30])


@pytest.mark.parametrize("order", ["before", "behind", "both", "none"])
@pytest.mark.parametrize("where", ["pre", "post"])
def test_padded_sequences(table, lstm, order, where):
    padder = SequencePadder(timesteps=7, padding=where, truncating=where, mask_value=0.0)
    scaler = PerTimestep(StandardScaler())
    before, behind = order in ("before", "both"), order in ("behind", "both")
    steps = [scaler if before else None, padder, PerTimestep(RobustScaler()) if behind else None]
    pipeline = make_pipeline(*steps, lstm.set_params(mask_value=0.0))
    items = ragged(table)
    pipeline.fit(items, np.arange(float(len(items))))
    raw = padder.fit_transform(items)
    assert_equal(exported(pipeline, raw)["forecast"], pipeline.predict(items))
    assert metadata(to_onnx(pipeline))["padding"] == 0.0


def test_sequences_of_one_length_that_contain_the_mask_value(table, lstm):
    table[3] = 0.0
    X = table.reshape(12, 5, 3)
    pipeline = make_pipeline(SequencePadder(), PerTimestep(StandardScaler()), lstm)
    pipeline.fit(X, X[:, -1, 0])
    assert_equal(exported(pipeline, X)["forecast"], pipeline.predict(X), 100)
    assert "padding" not in metadata(to_onnx(pipeline))


@pytest.mark.parametrize("windower", [True, False])
def test_padding_that_could_be_data_is_a_warning(table, lstm, windower):
    rain = np.maximum(table[:, 2:], 0)
    lstm.set_params(mask_value=0.0)
    if windower:
        pipeline = make_pipeline(StandardScaler(), SequenceWindower(4, padding=0.0), lstm)
        pipeline.fit(rain, rain[:, 0])
    else:
        items = ragged(rain)
        pipeline = make_pipeline(PerTimestep(StandardScaler()), SequencePadder(), lstm)
        pipeline.fit(items, np.arange(float(len(items))))
    with pytest.warns(UserWarning, match=r"steps with 0\.0 in every feature are read as padding"):
        to_onnx(pipeline)


def test_steps_of_padded_sequences(table):
    items = ragged(table)
    steps = LSTMStepRegressor(3, epochs=1, random_state=0)
    pipeline = make_pipeline(PerTimestep(StandardScaler()), SequencePadder(mask_value=-5.0), steps)
    pipeline.fit(items, [item[:, 0] for item in items])
    raw = SequencePadder(mask_value=-5.0).fit_transform(items)
    forecast = exported(pipeline, raw)["forecast"]
    real = (np.asarray(raw) != -5.0).any(axis=2)
    assert_equal(forecast[real], np.concatenate(pipeline.predict(items)), 100)
    assert np.isnan(forecast[~real]).all()


@pytest.mark.parametrize("mask_value", [None, -5.0])
def test_lists_that_the_estimator_pads_behind_a_scaler(table, mask_value):
    items = ragged(table)
    steps = LSTMStepRegressor(3, bidirectional=True, epochs=1, random_state=0)
    pipeline = make_pipeline(PerTimestep(StandardScaler()), steps.set_params(mask_value=mask_value))
    pipeline.fit(items, [item[:, 0] for item in items])
    model = to_onnx(pipeline)
    padding = metadata(model)["padding"]
    assert padding == -(2.0**100)  # a raw step of `mask_value` is data for the scaler
    raw = np.asarray(SequencePadder(mask_value=padding).fit_transform(items))
    real = (raw != padding).any(axis=2)
    assert_equal(outputs_of(model, raw)["forecast"][real], np.concatenate(pipeline.predict(items)))


def test_an_array_with_masked_steps_behind_a_scaler(table):
    X = table.reshape(12, 5, 3)
    X[:4, :2] = -999.0
    steps = LSTMStepRegressor(3, mask_value=-999.0, epochs=1, random_state=0)
    pipeline = make_pipeline(PerTimestep(StandardScaler()), steps).fit(X, X[:, :, 0])
    # The scaler reads the steps as data, and so does the network.
    assert_equal(exported(pipeline, X)["forecast"], pipeline.predict(X))
    # A step that has the mask value behind the scaler is padding.
    scaler = pipeline[0].transformer_
    X[5, 0] = scaler.inverse_transform(np.full((1, 3), -999.0))
    expected = pipeline.predict(X)
    assert np.isnan(expected[5, 0])
    assert_equal(exported(pipeline, X)["forecast"], expected)


def test_labels_of_steps_behind_a_padder(table):
    items = ragged(table)
    y = [np.where(item[:, 0] > 100, "high", "low") for item in items]
    steps = LSTMStepClassifier(3, epochs=1, random_state=0)
    pipeline = make_pipeline(PerTimestep(StandardScaler()), SequencePadder(mask_value=-5.0), steps)
    raw = SequencePadder(mask_value=-5.0).fit_transform(items)
    real = (np.asarray(raw) != -5.0).any(axis=2)
    outputs = exported(pipeline.fit(items, y), raw)
    assert_equal(outputs["probabilities"][real], np.concatenate(pipeline.predict_proba(items)))
    assert (outputs["label"][real] == np.concatenate(pipeline.predict(items))).all()
    assert np.isnan(outputs["probabilities"][~real]).all()


CHANGED = {
    "with_std": (StandardScaler(), {"with_std": False}),
    "with_mean": (StandardScaler(), {"with_mean": False}),
    "with_scaling": (RobustScaler(), {"with_scaling": False}),
    "with_centering": (RobustScaler(), {"with_centering": False}),
    "clip": (MinMaxScaler(), {"clip": True}),
    "feature_range": (MinMaxScaler(clip=True), {"feature_range": (0.2, 0.7)}),
}


@pytest.mark.parametrize("name", CHANGED)
def test_parameters_of_scalers_that_change_after_fit(table, lstm, name):
    scaler, parameters = CHANGED[name]
    lstm.set_params(scaling=None)
    pipeline = make_pipeline(clone(scaler), SequenceWindower(4), lstm)
    pipeline.fit(table[:40], table[:40, 2])
    model = TransformedTargetRegressor(lstm, transformer=clone(scaler))
    X = sliding_windows(table, 4)
    model.fit(X, table[3:, 0])
    before = exported(pipeline, X)["forecast"]
    pipeline[0].set_params(**parameters)
    model.transformer_.set_params(**parameters)
    after = exported(pipeline, X)["forecast"]
    assert_equal(after, pipeline.predict(table)[3:])
    assert not np.allclose(before, after, rtol=1e-4)
    assert_equal(exported(model, X)["forecast"], model.predict(X))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_scaler_that_clips_hides_no_infinity(table, lstm, wrong):
    scaler = MinMaxScaler(clip=True)
    pipeline = make_pipeline(PerTimestep(scaler), lstm)
    X = table.reshape(12, 5, 3).copy()
    pipeline.fit(X, X[:, -1, 0])
    X[3, 2, 1] = wrong
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        pipeline.predict(X)
    forecast = exported(pipeline, X)["forecast"]
    assert np.flatnonzero(np.isnan(forecast)).tolist() == [3]


def test_a_padder_that_pads_for_the_first_time_in_predict(table):
    items = np.split(table[:20], 4)
    steps = LSTMStepRegressor(3, bidirectional=True, epochs=1, random_state=0)
    pipeline = make_pipeline(SequencePadder(mask_value=-5.0), steps)
    pipeline.fit(items, [item[:, 0] for item in items])
    later = [table[20:25], table[25:28]]
    raw = pipeline[:1].transform(later)
    forecast = exported(pipeline, raw)["forecast"]
    assert_equal(forecast[0], pipeline.predict(later)[0])
    assert_equal(forecast[1, :3], pipeline.predict(later)[1])


@pytest.mark.parametrize("name", SCALERS)
@pytest.mark.parametrize("columns", [None, 1, 2])
def test_a_scaled_target(table, lstm, name, columns):
    y = table[:, 0] if columns is None else table[:, :columns]
    inner = make_pipeline(SequenceWindower(4), lstm)
    model = TransformedTargetRegressor(inner, transformer=SCALERS[name]).fit(table, y)
    outputs = exported(model, sliding_windows(table, 4))
    offset = 100 if columns is None else np.array([100, -3])[:columns]
    assert_equal(outputs["forecast"], model.predict(table)[3:], offset)
    behind = make_pipeline(
        SequenceWindower(4), TransformedTargetRegressor(lstm, transformer=SCALERS[name])
    ).fit(table, y)
    assert_equal(
        outputs_of(to_onnx(behind), sliding_windows(table, 4))["forecast"],
        behind.predict(table)[3:],
        offset,
    )


def test_the_quantiles_of_a_scaled_target(table, lstm):
    lstm.set_params(quantiles=(0.1, 0.5, 0.9))
    X = sliding_windows(table, 4)
    model = TransformedTargetRegressor(lstm, transformer=MinMaxScaler()).fit(X, table[3:, :2])
    outputs = exported(model, X)
    expected = model.regressor_.predict(X, return_quantiles=True)[1]
    undone = [model.transformer_.inverse_transform(part) for part in np.moveaxis(expected, 2, 0)]
    offset = np.array([[100], [-3]])
    assert_equal(outputs["quantiles"], np.stack(undone, axis=2), offset)
    assert_equal(outputs["forecast"], outputs["quantiles"][:, :, 1])


def test_a_search_and_a_frozen_pipeline(table, lstm):
    pipeline = make_pipeline(SequenceWindower(), lstm)
    grid = {"sequencewindower__timesteps": [3]}
    search = GridSearchCV(pipeline, grid, cv=TimeSplit(2)).fit(table, table[:, 0])
    outputs = exported(search, sliding_windows(table, 3))
    assert_equal(outputs["forecast"], search.predict(table)[2:], 100)
    frozen = FrozenEstimator(search.best_estimator_)
    assert_equal(exported(frozen, sliding_windows(table, 3))["forecast"], outputs["forecast"])
    model = TransformedTargetRegressor(
        GridSearchCV(pipeline, grid, cv=TimeSplit(2)), transformer=StandardScaler()
    ).fit(table, table[:, 0])
    outputs = exported(
        make_pipeline(make_pipeline("passthrough"), model)[1:], sliding_windows(table, 3)
    )
    assert_equal(outputs["forecast"], model.predict(table)[2:], 100)


def test_nested_pipelines(table, lstm):
    inner = make_pipeline(SequenceWindower(4), lstm)
    pipeline = make_pipeline(make_pipeline(StandardScaler(), MinMaxScaler()), inner)
    pipeline.fit(table, table[:, 0])
    outputs = exported(pipeline, sliding_windows(table, 4))
    assert_equal(outputs["forecast"], pipeline.predict(table)[3:], 100)


def test_a_windower_in_a_nested_pipeline(table, lstm):
    pipeline = make_pipeline(make_pipeline(StandardScaler(), SequenceWindower(5)), lstm)
    pipeline.fit(table, table[:, 0])
    outputs = exported(pipeline, sliding_windows(table, 5))
    assert_equal(outputs["forecast"], pipeline.predict(table)[4:], 100)


def test_a_pipeline_in_a_file_of_skops(table, lstm):
    pipeline = make_pipeline(StandardScaler(), SequenceWindower(4, padding=-9.0), lstm)
    pipeline.fit(table, table[:, 0])
    restored = skops.io.loads(skops.io.dumps(pipeline), trusted=TRUSTED_TYPES)
    assert to_onnx(restored).SerializeToString() == to_onnx(pipeline).SerializeToString()


def test_a_restored_pipeline(table, lstm):
    pipeline = make_pipeline(StandardScaler(), SequenceWindower(4), lstm)
    pipeline.fit(table, table[:, 0])
    restored = pickle.loads(pickle.dumps(pipeline))
    assert to_onnx(restored).SerializeToString() == to_onnx(pipeline).SerializeToString()


def test_the_metadata_describe_the_data(table, lstm):
    hours = pd.date_range("2024-01-01", periods=60, freq="h", name="hour")
    frame = pd.DataFrame(table, hours, columns=["load", "wind", "sun"])
    y = leads(frame, "load", horizon=2)
    lstm.set_params(quantiles=(0.1, 0.9), mask_value=-1.0)
    scaler = StandardScaler().set_output(transform="pandas")
    pipeline = make_pipeline(scaler, SequenceWindower(4), lstm).fit(frame.loc[y.index], y)
    model = to_onnx(pipeline)
    found = metadata(model)
    assert found.pop("skl_lstm_version")
    assert found == {
        "estimator": "LSTMRegressor",
        "feature_names": ["load", "wind", "sun"],
        "timesteps": 4,
        "sampling_rate": 1,
        "target_names": ["h1_load", "h2_load"],
        "quantiles": [0.1, 0.9],
    }
    assert "float64 of shape (samples, timesteps, features)" in model.doc_string
    assert model.opset_import[0].version == 15
    windows = sliding_windows(frame, 4)
    assert_equal(outputs_of(model, windows)["forecast"], pipeline.predict(frame)[3:])


def test_the_metadata_name_the_features_of_a_table_of_lags(table, lstm):
    columns = [f"t{step}_{name}" for step in range(3) for name in ("load", "wind", "sun")]
    frame = pd.DataFrame(table.reshape(20, 9), columns=columns)
    for scaler in (None, StandardScaler()):
        pipeline = make_pipeline(scaler, SequenceReshaper(features=3), lstm)
        pipeline.fit(frame, frame["t0_load"])
        assert metadata(to_onnx(pipeline))["feature_names"] == ["load", "wind", "sun"]
    pipeline.fit(frame.set_axis(list("abcdefghi"), axis=1), frame["t0_load"])
    assert "feature_names" not in metadata(to_onnx(pipeline))


def test_the_metadata_hold_the_window_in_rows(table, lstm):
    X = pd.DataFrame(table.reshape(-1, 3), columns=["load", "wind", "sun"])
    pipeline = make_pipeline(SequenceWindower(3, sampling_rate=2), lstm).fit(X, X["load"])
    known = metadata(to_onnx(pipeline))
    assert (known["timesteps"], known["sampling_rate"]) == (3, 2)
    assert "sampling_rate" not in metadata(to_onnx(pipeline[-1]))


def test_the_metadata_have_the_classes(table):
    X = sliding_windows(table, 4)
    y = np.where(X[:, -1, 0] > 100, "high", "low")
    classifier = LSTMClassifier(2, mask_value=0.0, epochs=1, random_state=0).fit(X, y)
    model = to_onnx(classifier)
    assert metadata(model)["classes"] == ["high", "low"]
    assert metadata(model)["padding"] == 0.0
    assert [one.name for one in model.graph.output] == ["label", "probabilities"]
    assert "classes" in model.doc_string


def test_the_weights_have_readable_names(table):
    X = sliding_windows(table, 4)
    lstm = LSTMRegressor((3, 2), cell="gru", conv_filters=2, bidirectional=True, epochs=1)
    names = {one.name for one in to_onnx(lstm.fit(X, X[:, 0, 0])).graph.initializer}
    assert {
        "conv_1_kernel",
        "conv_1_bias",
        "gru_1_kernel",
        "gru_1_recurrent_kernel",
        "gru_1_bias",
        "gru_2_kernel",
        "output_kernel",
        "output_bias",
        "feature_center",
        "feature_scale",
        "target_center",
        "target_scale",
    } <= names
