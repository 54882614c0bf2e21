"""Golden files: models as a released version saved them, with X and what they returned for it.

``python tests/golden_files.py`` writes those of this version. CONTRIBUTING.md says when to do this,
and with which versions of the requirements. `test_older_files.py` reads them.
"""

import contextlib
import io
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from zipfile import ZIP_DEFLATED

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pandas as pd
import skops.io
from onnx_files import outputs_of
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skl_lstm
from skl_lstm import (
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
    cli,
    lstm_network,
    make_step_scorer,
    to_onnx,
)

GOLDEN = Path(__file__).parent / "golden"

# Arrays, tables and what consists of them, as JSON.


def encode(value):
    """Return a value as lists, dicts, numbers and text."""
    if isinstance(value, pd.Series):
        return encode(value.to_frame())
    if isinstance(value, pd.DataFrame):
        index = {name: encode(value.index.get_level_values(name)) for name in value.index.names}
        return {"columns": [*value], "index": index, "values": encode(value.to_numpy())["values"]}
    if isinstance(value, dict):
        return {name: encode(one) for name, one in value.items()}
    if isinstance(value, pd.Index):
        return [str(label) for label in value]
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "values": value.tolist()}
    return [encode(one) for one in value]


def decode(value):
    """Return the array, the table or the list of arrays that was encoded."""
    if isinstance(value, list):
        return [decode(one) for one in value]
    if "columns" not in value:
        return np.array(value["values"], value["dtype"])
    *outer, (name, times) = value["index"].items()
    times = pd.to_datetime(times)
    levels = [labels for _, labels in outer]
    index = pd.MultiIndex.from_arrays([*levels, times], names=[*value["index"]])
    return pd.DataFrame(
        value["values"], index if outer else pd.Index(times, name=name), value["columns"]
    )


# What is saved.

RNG = np.random.default_rng(0)
X = np.round(RNG.normal(size=(24, 4, 2)), 3)
ROWS, WIDE = X[:, 0], X.reshape(24, 8)
Y = 20 + X[:, -1].sum(axis=1)
SEVERAL = 20 + X[:, -1]
LABELS = np.array(["down", "level", "up"])[np.digitize(Y, [19.5, 20.5])]
BINARY = np.where(Y > 20, "up", "down")
DAYS = pd.DataFrame(ROWS, pd.date_range("2024-01-01", periods=24, name="day"), ["a", "b"])
PLACES = pd.DataFrame(
    ROWS,
    pd.MultiIndex.from_product([["x", "y"], DAYS.index[:12]], names=["place", "day"]),
    ["a", "b"],
)
RAGGED = [sequence[: 1 + i % 4] for i, sequence in enumerate(X)]
STEPS = [np.where(sequence[:, 0] > 0, "up", "down") for sequence in RAGGED]
NUMBERS = [20 + sequence[:, 0] for sequence in RAGGED]
QUICK = {"epochs": 2, "random_state": 0}
SMALL = {"units": 2, **QUICK}


def keras_network():
    # The output starts at the mean of Y. Near 0, it would depend on how sums are rounded.
    last = keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(20.0))
    return keras.Sequential([keras.Input((4, 2)), keras.layers.GRU(2), last])


def models():
    """Return the models by the names of their files: (estimator, X, y, methods)."""
    keras.utils.set_random_seed(0)
    windows = make_pipeline(SequenceWindower(3), LSTMRegressor(**SMALL))
    quantiles = LSTMRegressor(quantiles=(0.1, 0.5, 0.9), **SMALL)
    padded = make_pipeline(
        PerTimestep(StandardScaler()),
        SequencePadder(mask_value=-9.0),
        LSTMClassifier(mask_value=-9.0, **SMALL),
    )
    stacked = LSTMRegressor(
        **{**SMALL, "units": (3, 2)}, cell="gru", conv_filters=2, bidirectional=True
    )
    beside = LSTMClassifier(
        conv_filters=(3, 2),
        kernel_size=(3, 2),
        conv_padding="same",
        conv_position="beside",
        batch_normalization=True,
        **SMALL,
    )
    of_steps = make_pipeline(SequencePadder(mask_value=-9.0), LSTMStepClassifier(**SMALL))
    transformed = TransformedTargetRegressor(
        LSTMRegressor(scaling=None, **SMALL), transformer=StandardScaler()
    )
    search = GridSearchCV(windows, {"lstmregressor__units": [2, 3]}, cv=TimeSplit(2))
    step_search = GridSearchCV(
        LSTMStepClassifier(**QUICK), {"units": [2, 3]}, cv=2, scoring=make_step_scorer("accuracy")
    )
    probabilities = {"predict": {}, "predict_proba": {}}
    return {
        "windows": (windows, DAYS, Y, {"predict": {}}),
        "windows_of_places": (windows, PLACES, SEVERAL, {"predict": {}}),
        "not_scaled": (LSTMRegressor(scaling=None, **SMALL), X, Y, {"predict": {}}),
        "reshaped_classes": (
            make_pipeline(SequenceReshaper(features=2), LSTMClassifier(**SMALL)),
            WIDE,
            LABELS,
            probabilities,
        ),
        "padded_classes": (padded, RAGGED, BINARY, probabilities),
        "stacked": (stacked, X, Y, {"predict": {}}),
        "convolutions_beside": (beside, X, LABELS, probabilities),
        "quantiles": (quantiles, X, Y, {"predict": {"return_quantiles": True}}),
        "intervals": (
            ConformalRegressor(windows, coverage=0.5),
            DAYS,
            Y,
            {"predict": {}, "predict_interval": {}},
        ),
        "classes_of_steps": (of_steps, RAGGED, STEPS, probabilities),
        "numbers_of_steps": (LSTMStepRegressor(**SMALL), RAGGED, NUMBERS, {"predict": {}}),
        "trained_by_keras": (LSTMRegressor(engine="keras", **SMALL), X, Y, {"predict": {}}),
        "own_network": (SequenceRegressor(keras_network(), **QUICK), X, Y, {"predict": {}}),
        "function_of_a_network": (
            SequenceClassifier(lstm_network, model__units=2, **QUICK),
            X,
            LABELS,
            probabilities,
        ),
        "naive": (
            make_pipeline(SequenceWindower(3), NaiveRegressor("a", period=2)),
            DAYS,
            Y,
            {"predict": {}},
        ),
        "ridge": (
            make_pipeline(StandardScaler(), SequenceWindower(3), SequenceFlattener(), Ridge()),
            ROWS,
            Y,
            {"predict": {}},
        ),
        "transformed_target": (
            make_pipeline(SequenceWindower(3), transformed),
            DAYS,
            Y,
            {"predict": {}},
        ),
        "search": (search, DAYS, Y, {"predict": {}}),
        "search_of_steps": (step_search, RAGGED, STEPS, {"predict": {}}),
    }


# Also written as ONNX files, with X as these files read it.
EXPORTED = {
    "windows": X[:, :3],
    "reshaped_classes": X,
    "convolutions_beside": X,
    "quantiles": X,
}

FUNCTIONS = [
    ("sliding_windows", ROWS, {"timesteps": 5, "stride": 4, "sampling_rate": 2}),
    ("make_supervised", DAYS, {"timesteps": 2, "target": "a", "horizon": 2, "gap": 1}),
    ("leads", PLACES, {"columns": "b", "horizon": 2}),
    ("TimeSplit", PLACES, {"n_splits": 2, "horizon": 2}),
]


def result_of(function, X, arguments):
    """Return what a function of the package returns for X, or the folds of a splitter."""
    made = getattr(skl_lstm, function)
    return list(made(**arguments).split(X)) if isinstance(made, type) else made(X, **arguments)


# Writing.

# The files of other packages, too, depend on these.
WRITERS = ("keras", "numpy", "onnx", "pandas", "scikit-learn", "skops", "tensorflow")
COMMAND = (
    *("--target", "a", "--horizon", "2", "--coverage", "0.5", "--no-plot"),
    *("--timesteps", "3", "--units", "2", "--epochs", "2", "--folds", "2"),
)


def write_json(path, content):
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")


def write_model(folder, name, estimator, X, y, methods):
    """Save a fitted model, and what its methods return."""
    estimator.fit(X, y)
    skops.io.dump(estimator, folder / f"{name}.skops", compression=ZIP_DEFLATED, compresslevel=9)
    results = [
        {
            "method": name,
            "arguments": arguments,
            "returned": encode(getattr(estimator, name)(X, **arguments)),
        }
        for name, arguments in methods.items()
    ]
    write_json(folder / f"{name}.json", {"X": encode(X), "results": results})


def write_onnx(folder, name, estimator, X):
    """Export a fitted model, and save what the file computes from X."""
    model = to_onnx(estimator, folder / f"{name}.onnx")
    write_json(
        folder / f"{name}_onnx.json", {"X": encode(X), "outputs": encode(outputs_of(model, X))}
    )


def write_command(folder):
    """Save what the command writes: a model, and the forecasts that follow the table."""
    table, model = folder / "command.csv", folder / "command.skops"
    pd.concat([DAYS] * 3).set_axis(pd.date_range("2024-01-01", periods=72, name="day")).to_csv(
        table
    )
    printed_by("fit", table, "--save", model, *COMMAND)
    (folder / "command_forecast.csv").write_text(printed_by("forecast", model, table), "utf-8")


def printed_by(*arguments):
    """Return what the command prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        status = cli.main([str(one) for one in arguments])
    assert status == 0, arguments
    return printed.getvalue()


def write_all(folder):
    """Write the golden files of this version."""
    folder.mkdir(parents=True)
    for name, case in models().items():
        write_model(folder, name, *case)
        if name in EXPORTED:
            write_onnx(folder, name, case[0], EXPORTED[name])
    write_command(folder)
    results = [
        {
            "function": name,
            "X": encode(X),
            "arguments": arguments,
            "returned": encode(result_of(name, X, arguments)),
        }
        for name, X, arguments in FUNCTIONS
    ]
    write_json(folder / "functions.json", results)
    write_json(folder / "written_with.json", {name: version(name) for name in WRITERS})


if __name__ == "__main__":
    folder = GOLDEN / skl_lstm.__version__
    if folder.exists():
        sys.exit(
            f"{folder} exists. The files of a released version are never replaced. If "
            f"{skl_lstm.__version__} is not released yet, delete the folder first."
        )
    write_all(folder)
