"""Small Keras networks of many kinds, and helpers to fill them with values and count calls."""

import keras
import numpy as np
from keras import layers, ops

from skl_lstm import lstm_network

# 10 sequences of 4 time steps of 2 features.
X = np.random.default_rng(0).normal(size=(10, 4, 2)).astype("float32")
Y = X[:, -1].sum(axis=1, keepdims=True)
WEIGHT = np.linspace(0.5, 2, 10, dtype="float32")


def small(units=2, *, trainable=True, outputs=1, features=2, **params):
    inputs = keras.Input((None, features))
    hidden = layers.LSTM(units, trainable=trainable, **params)(inputs)
    return keras.Model(inputs, layers.Dense(outputs)(hidden))


def compiled(model=None, optimizer="adam", loss="mse", **options):
    model = small() if model is None else model
    model.compile(optimizer, loss, **options)
    return model


def in_a_row(*parts):
    """Build a sequential network with a final Dense layer."""
    return keras.Sequential([keras.Input((None, 2)), *parts, layers.Dense(1)])


def on(function):
    """Build a network with the outputs that `function` returns for an input of 4 steps."""
    inputs = keras.Input((4, 2))
    return keras.Model(inputs, function(inputs))


def from_a_network(**params):
    return lstm_network({"X_shape_": (10, 4, 2), "n_outputs_": 1}, **params)


def nested():
    inner = in_a_row(layers.LSTM(2, return_sequences=True))
    outer = keras.Input((None, 2))
    hidden = layers.GRU(2, dropout=0.1)(layers.Masking()(inner(outer)))
    return keras.Model(outer, layers.Dense(1)(hidden) + ops.mean(inner(outer), axis=1))


ARCHITECTURES = {
    "small": small,
    "sequential": lambda: in_a_row(layers.LSTM(2), layers.Dropout(0.2)),
    "nested": nested,
    "both directions": lambda: from_a_network(units=(2, 2), bidirectional=True, dropout=0.2),
    "convolutions and masked": lambda: from_a_network(units=2, conv_filters=2, mask_value=-1.0),
    "mixed precision": lambda: small(dtype="mixed_float16"),
}


def filled(model, seed):
    """Assign random values to every variable of a model and of its optimizer, and return it."""
    rng = np.random.default_rng(seed)
    variables = list(model.variables)
    if model.compiled:
        model.optimizer.build(model.trainable_variables)
        variables += model.optimizer.variables
    for variable in variables:
        values = rng.random(variable.shape) * 100
        dtype = variable.value.dtype.as_numpy_dtype
        variable.value.assign(np.asarray(values * 0.01 if dtype != np.uint32 else values, dtype))
    return model


def counted(counts, name, function):
    """Return a function that counts its calls in `counts[name]`."""

    def call(*args, **kwargs):
        counts[name] += 1
        return function(*args, **kwargs)

    return call
