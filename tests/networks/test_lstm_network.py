"""`lstm_network`: the layers follow from the data and the hyperparameters."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from sklearn.utils._param_validation import InvalidParameterError

from skl_lstm import lstm_network
from skl_lstm.networks.models import read_weights

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


def test_the_network_accepts_sequences_of_any_length():
    model = lstm_network(REGRESSION, units=4)
    for timesteps in (1, 24, 100):
        assert model(np.zeros((2, timesteps, 2), dtype="float32")).shape == (2, 1)


def test_input_with_two_axes_has_one_feature():
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
def test_each_entry_of_units_adds_a_layer(cell, bidirectional):
    model = lstm_network(REGRESSION, units=(8, 4), cell=cell, bidirectional=bidirectional)
    first, second = model.layers[1:3]
    directions = 2 if bidirectional else 1
    assert first.output.shape == (None, None, 8 * directions)
    assert second.output.shape == (None, 4 * directions)
    inner = first.forward_layer if bidirectional else first
    assert type(inner).__name__.lower() == cell.replace("_", "")


@pytest.mark.parametrize("units", [3, (3,), [3]])
def test_one_size_is_one_layer(units):
    assert layer_names(lstm_network(REGRESSION, units=units)) == ["InputLayer", "LSTM", "Dense"]


def test_sizes_may_be_numpy_integers():
    sizes = {"units": 3, "conv_filters": 2, "kernel_size": 2}
    model = lstm_network(REGRESSION, **{name: np.int64(size) for name, size in sizes.items()})
    assert model.to_json()
    weights = [variable.shape for variable in model.weights]
    assert weights == [variable.shape for variable in lstm_network(REGRESSION, **sizes).weights]


def test_layers_have_the_same_names_in_every_build():
    params = {"units": (3, 2), "bidirectional": True, "conv_filters": 2}
    paths = [[v.path for v in lstm_network(REGRESSION, **params).weights] for _ in range(2)]
    assert paths[0] == paths[1]


def test_dropout_is_set_on_every_recurrent_layer():
    model = lstm_network(REGRESSION, units=(4, 4), dropout=0.25, recurrent_dropout=0.5)
    assert [(cell.dropout, cell.recurrent_dropout) for cell in model.layers[1:3]] == [
        (0.25, 0.5),
        (0.25, 0.5),
    ]


def test_convolutions_come_first_and_are_causal():
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


@pytest.mark.parametrize(("kernel_size", "before", "after"), [(2, 0, 1), (3, 1, 1), (4, 1, 2)])
def test_convolutions_with_same_padding_are_centred(kernel_size, before, after):
    model = lstm_network(
        REGRESSION, units=4, conv_filters=6, kernel_size=kernel_size, conv_padding="same"
    )
    convolution = keras.Model(model.input, model.layers[1].output)
    X = np.random.default_rng(0).normal(size=(1, 9, 2)).astype("float32")
    changed = X.copy()
    changed[:, 5] += 1
    differs = (np.asarray(convolution(X)) != np.asarray(convolution(changed))).any(axis=(0, 2))
    assert np.flatnonzero(differs).tolist() == list(range(5 - after, 5 + before + 1))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("units", [4, (4, 3)], ids=str)
def test_sequences_are_returned_by_every_recurrent_layer(units, bidirectional):
    model = lstm_network(
        {**REGRESSION, "n_outputs_": 2},
        units=units,
        bidirectional=bidirectional,
        return_sequences=True,
    )
    assert model.output_shape == (None, None, 2)
    assert model(np.zeros((3, 7, 2), "float32")).shape == (3, 7, 2)
    assert layer_names(model)[-1] == "Dense"


def test_masked_steps_do_not_change_the_output():
    model = lstm_network(REGRESSION, units=4, mask_value=-9.0)
    X = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")
    padded = np.concatenate([X, np.full((3, 4, 2), -9.0, dtype="float32")], axis=1)
    np.testing.assert_allclose(model(X), model(padded), atol=1e-6)


# Keras itself reads its variables in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
def test_a_saved_model_loads_without_this_package(tmp_path):
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
            r"X has shape \(100,\), .* Use a SequenceReshaper for a 2D table",
        ),
        (
            {"meta": {"X_shape_": (9, 4, 3, 2), "n_outputs_": 1}},
            r"needs \(samples, timesteps, features\)",
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
            "A multiclass-multioutput target needs more than one output layer",
        ),
        ({"mask_value": np.nan}, "mask_value=nan marks no step. Use a finite float32 number"),
        ({"mask_value": -np.inf}, "mask_value=-inf marks no step"),
        ({"mask_value": 1e39}, r"mask_value=1e\+39 marks no step"),
        ({"mask_value": True}, "mask_value=True marks no step"),
        ({"units": (4, 0)}, r"units must be positive integers, one per layer; got \(4, 0\)"),
        ({"units": ()}, r"units must be positive integers, one per layer; got \(\)"),
        ({"units": True}, "units must be positive integers, one per layer; got True"),
        ({"conv_filters": 0}, "conv_filters must be positive integers, one per layer; got 0"),
    ],
)
def test_invalid_arguments_raise_a_clear_error(changes, message):
    with pytest.raises(ValueError, match=message):
        lstm_network(**{"meta": REGRESSION, **changes})


@pytest.mark.parametrize(
    "params",
    [
        {"cell": "transformer"},
        {"bidirectional": "yes"},
        {"dropout": 1.0},
        {"recurrent_dropout": -0.1},
        {"kernel_size": 0},
        {"mask_value": "0"},
        {"conv_padding": "valid"},
        {"return_sequences": "yes"},
    ],
)
def test_invalid_hyperparameters_are_named_in_the_error(params):
    (name,) = params
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of lstm_network"):
        lstm_network(REGRESSION, **params)


# Masks. The data contains 0.25 too, but no step has this value in every feature.

SEQUENCES = [
    np.random.default_rng(steps).normal(size=(steps, 2)).astype("float32") for steps in (4, 1, 3)
]
SEQUENCES[0][2, 1] = SEQUENCES[2][2, 0] = MASK_VALUE = 0.25
CELLS = ["lstm", "gru", "simple_rnn"]
CONVOLUTIONS = pytest.mark.parametrize("conv_filters", [None, 3, (4, 3)], ids=str)


def padded(timesteps, side):
    X = np.full((len(SEQUENCES), timesteps, 2), MASK_VALUE, dtype="float32")
    for row, sequence in zip(X, SEQUENCES, strict=True):
        row[slice(len(sequence)) if side == "post" else slice(-len(sequence), None)] = sequence
    return X


def with_random_weights(model):
    """Set random weights that are equal for all networks of the same size."""
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.5, size=variable.shape))
    return model


def one_by_one(model):
    return np.concatenate([model(sequence[np.newaxis]) for sequence in SEQUENCES])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("units", [4, (4, 3)], ids=str)
@pytest.mark.parametrize("bidirectional", [False, True])
@CONVOLUTIONS
def test_padding_of_any_length_on_either_side_does_not_change_the_output(
    cell, units, bidirectional, conv_filters
):
    params = {"cell": cell, "units": units, "bidirectional": bidirectional}
    params |= {"conv_filters": conv_filters, "meta": {**REGRESSION, "n_outputs_": 2}}
    # The reference is a network without a mask, so that errors of the mask are detected.
    expected = one_by_one(with_random_weights(lstm_network(**params)))
    model = with_random_weights(lstm_network(**params, mask_value=MASK_VALUE))
    np.testing.assert_allclose(one_by_one(model), expected, atol=1e-5)
    for timesteps in (4, 9):
        for side in ("pre", "post"):
            output = model(padded(timesteps, side))
            np.testing.assert_allclose(output, expected, atol=1e-5)


@CONVOLUTIONS
def test_without_a_mask_value_padding_is_data(conv_filters):
    model = with_random_weights(lstm_network(REGRESSION, units=4, conv_filters=conv_filters))
    for side in ("pre", "post"):
        assert np.abs(model(padded(9, side)) - one_by_one(model)).max() > 0.05


@CONVOLUTIONS
@pytest.mark.parametrize(
    "mask_value", [-9, -999.9, np.float64(-999.9), np.float32(0.1), np.int64(-9), 1e38]
)
def test_a_mask_value_may_be_any_number(mask_value, conv_filters):
    params = {"units": 2, "cell": "simple_rnn", "conv_filters": conv_filters}
    model = lstm_network(REGRESSION, mask_value=mask_value, **params)
    X = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    longer = np.concatenate([X, np.full((3, 2, 2), mask_value, dtype="float32")], axis=1)
    np.testing.assert_allclose(model(longer), model(X), atol=1e-6)


@CONVOLUTIONS
def test_input_with_two_axes_can_be_masked(conv_filters):
    meta = {"X_shape_": (100, 24), "n_outputs_": 1}
    model = lstm_network(meta, units=3, mask_value=-1.0, conv_filters=conv_filters)
    X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    longer = np.pad(X, [(0, 0), (2, 0)], constant_values=-1)
    np.testing.assert_allclose(model(longer), model(X), atol=1e-6)


def test_masked_steps_are_skipped_at_any_position():
    model = with_random_weights(lstm_network(REGRESSION, units=4, mask_value=MASK_VALUE))
    for sequence in SEQUENCES:
        with_hole = np.insert(sequence, len(sequence) // 2, MASK_VALUE, axis=0)
        np.testing.assert_allclose(model(with_hole[None]), model(sequence[None]), atol=1e-6)


@CONVOLUTIONS
def test_a_sequence_of_only_padding_gives_finite_output(conv_filters):
    model = lstm_network(REGRESSION, units=2, mask_value=-1.0, conv_filters=conv_filters)
    assert np.isfinite(model(np.full((1, 3, 2), -1.0, dtype="float32"))).all()


@CONVOLUTIONS
def test_a_masked_network_contains_only_keras_layers(conv_filters):
    model = lstm_network(
        REGRESSION, units=(3, 2), bidirectional=True, mask_value=0.25, conv_filters=conv_filters
    )
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    again = with_random_weights(keras.models.model_from_json(model.to_json()))
    X = padded(8, "pre")
    np.testing.assert_array_equal(again(X), with_random_weights(model)(X))


# Outputs of every time step.

PER_STEP = {"return_sequences": True, "meta": {**REGRESSION, "n_outputs_": 2}}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("units", [4, (4, 3)], ids=str)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("conv_padding", ["causal", "same"])
@CONVOLUTIONS
def test_padding_does_not_change_the_outputs_of_the_steps(
    cell, units, bidirectional, conv_padding, conv_filters
):
    params = {"cell": cell, "units": units, "bidirectional": bidirectional, **PER_STEP}
    params |= {"conv_filters": conv_filters, "conv_padding": conv_padding}
    plain = with_random_weights(lstm_network(**params))
    expected = np.concatenate([plain(sequence[np.newaxis])[0] for sequence in SEQUENCES])
    model = with_random_weights(lstm_network(**params, mask_value=MASK_VALUE))
    for side in ("pre", "post"):
        X = padded(6, side)
        real = (X != MASK_VALUE).any(axis=2)
        np.testing.assert_allclose(np.asarray(model(X))[real], expected, atol=1e-5)


@CONVOLUTIONS
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_outputs_of_the_steps_have_no_mask(bidirectional, conv_filters):
    params = {"units": (3, 2), "bidirectional": bidirectional, "conv_filters": conv_filters}
    model = with_random_weights(lstm_network(**params, **PER_STEP, mask_value=MASK_VALUE))
    X = padded(6, "post")
    output = model(X)
    assert getattr(model.output, "_keras_mask", None) is None
    assert getattr(output, "_keras_mask", None) is None
    # The output of a state of zeros is the bias.
    skipped = (X == MASK_VALUE).all(axis=2)
    bias = np.asarray(model.layers[-1].bias)
    np.testing.assert_allclose(np.asarray(output)[skipped] - bias, 0, atol=1e-6)
    model.compile("sgd", "mse")
    weights = np.float32(~skipped)
    loss = model.evaluate(X, np.zeros_like(output), sample_weight=weights, verbose=0)
    expected = (np.asarray(output)[~skipped] ** 2).mean(axis=-1).sum() / skipped.size
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


@CONVOLUTIONS
def test_gradients_are_finite_with_a_mask_value_of_any_size(conv_filters):
    model = lstm_network(**PER_STEP, units=3, conv_filters=conv_filters, mask_value=-3e38)
    X = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    X[:, 2:] = -3e38
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((3, 4, 2)), sample_weight=np.ones((3, 4)), verbose=0)
    assert all(np.isfinite(weights).all() for weights in read_weights(model))
