"""Keras networks of the user, which the exporter of Keras writes."""

import keras
import numpy as np
import pytest
from onnx_files import assert_equal, exported, outputs_of, shape_of_input
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import (
    PerTimestep,
    SequenceClassifier,
    SequenceRegressor,
    SequenceWindower,
    sliding_windows,
    to_onnx,
)


def masked_network(meta):
    inputs = keras.Input((None, meta["n_features_in_"]))
    hidden = keras.layers.GRU(3)(keras.layers.Masking(0.0)(inputs))
    return keras.Model(inputs, keras.layers.Dense(meta["n_outputs_"])(hidden))


def attention_network(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    hidden = keras.layers.LayerNormalization()(inputs)
    hidden = keras.layers.MultiHeadAttention(2, 3)(hidden, hidden)
    hidden = keras.layers.GlobalAveragePooling1D()(hidden)
    return keras.Model(inputs, keras.layers.Dense(meta["n_classes_"], "softmax")(hidden))


def dense_network(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    return keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(inputs))


@pytest.fixture
def table():
    return np.random.default_rng(0).normal(100.0, 5.0, size=(40, 2))


def test_a_recurrent_network_behind_a_scaler(table, capfd):
    regressor = SequenceRegressor(masked_network, epochs=1, random_state=0)
    pipeline = make_pipeline(StandardScaler(), SequenceWindower(5, padding=0.0), regressor)
    pipeline.fit(table, table[:, 0] / 100)
    raw = SequenceWindower(5, padding=0.0).fit_transform(table)
    capfd.readouterr()
    model = to_onnx(pipeline)
    assert capfd.readouterr().out == ""
    assert_equal(outputs_of(model, raw)["forecast"], pipeline.predict(table))
    # The number of timesteps is open, as in the network.
    windows = sliding_windows(table, 3)
    expected = pipeline[-1].predict(pipeline[0].transform(windows.reshape(-1, 2)).reshape(-1, 3, 2))
    assert_equal(outputs_of(model, windows)["forecast"], expected)
    windows = np.stack([windows[0]] * 3)
    windows[[0, 1, 2], 0, 1] = [np.nan, np.inf, 1e200]
    assert np.isnan(outputs_of(model, windows)["forecast"]).all()


def test_a_classifier_of_three_classes(table):
    windows = sliding_windows(table, 4)
    labels = np.array(["a", "b", "c"])[np.arange(len(windows)) % 3]
    classifier = SequenceClassifier(attention_network, epochs=1, random_state=0)
    pipeline = make_pipeline(PerTimestep(StandardScaler()), classifier).fit(windows, labels)
    outputs = exported(pipeline, windows)
    assert_equal(outputs["probabilities"], pipeline.predict_proba(windows))
    assert (outputs["label"] == pipeline.predict(windows)).all()
    assert shape_of_input(to_onnx(pipeline)) == ["samples", 4, 2]


def test_a_network_that_reads_two_axes(table):
    classifier = SequenceClassifier(dense_network, epochs=1, random_state=0)
    classifier.fit(table, np.arange(len(table)) % 2)
    model = to_onnx(classifier)
    outputs = outputs_of(model, table)
    names = {one.key: one.value for one in model.metadata_props}
    assert not {"feature_names", "timesteps"} & names.keys()
    assert "of shape (samples, features)" in model.doc_string
    assert_equal(outputs["probabilities"], classifier.predict_proba(table))
    assert (outputs["label"] == classifier.predict(table)).all()


class Attention(keras.Model):
    """A subclass of a Keras model, without an Input layer."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.lstm, self.output_layer = keras.layers.LSTM(2), keras.layers.Dense(1)

    def call(self, inputs):
        return self.output_layer(self.lstm(inputs))


def test_a_subclass_of_a_model(table):
    X = sliding_windows(table, 4)
    regressor = SequenceRegressor(Attention(), epochs=1, random_state=0).fit(X, X[:, -1, 0])
    assert_equal(exported(regressor, X[:, 1:])["forecast"], regressor.predict(X[:, 1:]))


class Unknown(keras.layers.Layer):
    """A layer with an operation that ONNX does not have."""

    def call(self, inputs):
        import tensorflow as tf

        return tf.math.digamma(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape


def unknown_network(meta):
    inputs = keras.Input(meta["X_shape_"][1:])
    hidden = keras.layers.Flatten()(Unknown()(inputs))
    return keras.Model(inputs, keras.layers.Dense(1)(hidden))


def test_a_layer_that_cannot_be_exported(table):
    X = sliding_windows(table, 4)
    regressor = SequenceRegressor(unknown_network, epochs=1, random_state=0).fit(X, X[:, -1, 0])
    with pytest.raises(ValueError, match="The exporter of Keras cannot write the network, a Funct"):
        to_onnx(regressor)
