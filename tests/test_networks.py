"""`lstm_network`: what is built follows from the data and the hyperparameters."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from sklearn.utils._param_validation import InvalidParameterError

from skl_lstm import lstm_network

REGRESSION = {"X_shape_": (100, 24, 2), "n_outputs_": 1, "target_type_": "continuous"}


def layer_names(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("features", [1, 5])
def test_input_and_output_follow_the_data(features, n_outputs):
    meta = {"X_shape_": (7, 10, features), "n_outputs_": n_outputs}
    model = lstm_network(meta)
    assert model.input_shape == (None, None, features)
    assert model.output_shape == (None, n_outputs)
    assert model.layers[-1].activation is keras.activations.linear
    assert not model.compiled


def test_the_time_axis_is_open():
    model = lstm_network(REGRESSION, units=4)
    for timesteps in (1, 24, 100):
        assert model(np.zeros((2, timesteps, 2), dtype="float32")).shape == (2, 1)


def test_two_axes_are_one_feature():
    model = lstm_network({"X_shape_": (100, 24), "n_outputs_": 1}, units=4)
    assert model.input_shape == (None, None)
    flat = np.random.default_rng(0).normal(size=(3, 24)).astype("float32")
    by_hand = keras.Model(model.layers[1].output, model.output)
    np.testing.assert_array_equal(model(flat), by_hand(flat[:, :, np.newaxis]))


@pytest.mark.parametrize(
    ("target_type", "n_classes", "width", "activation"),
    [
        ("binary", 1, 1, "sigmoid"),
        ("binary", 2, 1, "sigmoid"),
        ("multiclass", 5, 5, "softmax"),
        ("multilabel-indicator", 4, 4, "sigmoid"),
        ("multilabel-indicator", 2, 2, "sigmoid"),
    ],
)
def test_classifier_output_follows_the_target(target_type, n_classes, width, activation):
    meta = {
        "X_shape_": (100, 24, 2),
        "n_outputs_": 1,
        "n_classes_": n_classes,
        "target_type_": target_type,
    }
    model = lstm_network(meta)
    assert model.output_shape == (None, width)
    assert model.layers[-1].activation is keras.activations.get(activation)


def test_integer_targets_of_a_regressor_are_not_classes():
    model = lstm_network({**REGRESSION, "target_type_": "multiclass"})
    assert model.layers[-1].activation is keras.activations.linear


@pytest.mark.parametrize("cell", ["lstm", "gru", "simple_rnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_units_stack_one_layer_each(cell, bidirectional):
    model = lstm_network(REGRESSION, units=(8, 4), cell=cell, bidirectional=bidirectional)
    first, second = model.layers[1:3]
    times = 2 if bidirectional else 1
    assert first.output.shape == (None, None, 8 * times)
    assert second.output.shape == (None, 4 * times)
    inner = first.forward_layer if bidirectional else first
    assert type(inner).__name__.lower() == cell.replace("_", "")


@pytest.mark.parametrize("units", [3, (3,), [3]])
def test_one_size_is_one_layer(units):
    assert layer_names(lstm_network(REGRESSION, units=units)) == ["InputLayer", "LSTM", "Dense"]


def test_dropout_reaches_every_recurrent_layer():
    model = lstm_network(REGRESSION, units=(4, 4), dropout=0.25, recurrent_dropout=0.5)
    assert [(cell.dropout, cell.recurrent_dropout) for cell in model.layers[1:3]] == [
        (0.25, 0.5),
        (0.25, 0.5),
    ]


def test_convolutions_stand_in_front_and_never_look_ahead():
    model = lstm_network(REGRESSION, units=4, conv_filters=(6, 3), kernel_size=2)
    assert layer_names(model) == ["InputLayer", "Conv1D", "Conv1D", "LSTM", "Dense"]
    convolutions = keras.Model(model.input, model.layers[2].output)
    X = np.random.default_rng(0).normal(size=(1, 9, 2)).astype("float32")
    changed = X.copy()
    changed[:, 5:] += 1
    before, after = np.asarray(convolutions(X)), np.asarray(convolutions(changed))
    assert before.shape == (1, 9, 3)
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert not np.array_equal(before[:, 5:], after[:, 5:])


def test_masked_steps_change_nothing():
    model = lstm_network(REGRESSION, units=4, mask_value=-9.0)
    X = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")
    padded = np.concatenate([X, np.full((3, 4, 2), -9.0, dtype="float32")], axis=1)
    np.testing.assert_allclose(model(X), model(padded), atol=1e-6)


# Keras itself reads its variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
def test_a_saved_model_loads_where_this_package_is_not(tmp_path):
    model = lstm_network(REGRESSION, units=(4, 4), bidirectional=True, conv_filters=3)
    X = np.linspace(-1, 1, 48, dtype="float32").reshape(1, 24, 2)
    model.save(tmp_path / "network.keras")
    np.savez(tmp_path / "data.npz", X=X, y=model(X))
    script = (
        "import sys, keras, numpy as np; "
        f"model = keras.models.load_model({str(tmp_path / 'network.keras')!r}); "
        f"data = np.load({str(tmp_path / 'data.npz')!r}); "
        "np.testing.assert_allclose(model(data['X']), data['y'], atol=1e-6); "
        "assert 'skl_lstm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"meta": {"X_shape_": (100,), "n_outputs_": 1}},
            r"X has shape \(100,\), .* Put a SequenceReshaper ahead of it",
        ),
        (
            {"meta": {"X_shape_": (9, 4, 3, 2), "n_outputs_": 1}},
            r"reads \(samples, timesteps, features\)",
        ),
        (
            {
                "meta": {
                    "X_shape_": (9, 4, 3),
                    "n_outputs_": 1,
                    "n_classes_": None,
                    "target_type_": "multiclass-multioutput",
                }
            },
            "A multiclass-multioutput target has no single output layer.*MultiOutputClassifier",
        ),
        (
            {"mask_value": 0.0, "conv_filters": 3},
            "mask_value=0.0 cannot be honoured behind conv_filters=3",
        ),
        ({"units": (4, 0)}, r"units must be positive integers, one per layer; got \(4, 0\)"),
        ({"units": ()}, r"units must be positive integers, one per layer; got \(\)"),
        ({"units": True}, "units must be positive integers, one per layer; got True"),
        ({"conv_filters": 0}, "conv_filters must be positive integers, one per layer; got 0"),
    ],
)
def test_what_cannot_be_built_says_why(changes, message):
    with pytest.raises(ValueError, match=message):
        lstm_network(**{"meta": REGRESSION, **changes})


@pytest.mark.parametrize(
    "params",
    [
        {"units": 2.5},
        {"units": None},
        {"cell": "transformer"},
        {"bidirectional": "yes"},
        {"dropout": 1.0},
        {"recurrent_dropout": -0.1},
        {"conv_filters": "3"},
        {"kernel_size": 0},
        {"mask_value": "0"},
    ],
)
def test_wrong_hyperparameters_are_refused_by_name(params):
    (name,) = params
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of lstm_network"):
        lstm_network(REGRESSION, **params)
