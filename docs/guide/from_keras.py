"""
From Keras or scikeras
======================

Your call, and what takes its place here. Where both give arrays, the page checks that they are
equal; where both train, that they come to the same network.
"""

# %%
# .. list-table::
#    :header-rows: 1
#    :widths: 50 50
#
#    * - Keras or scikeras
#      - here
#    * - ``X.reshape(…)``
#      - :class:`~skl_lstm.SequenceReshaper`
#    * - a loop over windows
#      - :class:`~skl_lstm.SequenceWindower`
#    * - a dataset of windows
#      - :func:`~skl_lstm.sliding_windows`
#    * - ``pad_sequences``, ``Masking``
#      - :class:`~skl_lstm.SequencePadder`, ``mask_value``
#    * - ``Sequential``, ``fit``
#      - :class:`~skl_lstm.LSTMRegressor`
#    * - a network of your own
#      - :class:`~skl_lstm.SequenceRegressor`
#    * - ``EarlyStopping``
#      - ``patience``
#    * - ``model.save``
#      - ``model_.save``
#    * - ``KerasRegressor``
#      - :class:`~skl_lstm.SequenceRegressor`
#
# Each regressor has its classifier: :class:`~skl_lstm.LSTMClassifier` and
# :class:`~skl_lstm.SequenceClassifier`.
#
# reshape
# -------
# A table of 4 samples with 3 time steps of 2 features in its columns. The product of the last two
# axes must be the number of columns. The reshaper works out the one that you leave away, and
# refuses what does not fit.

from textwrap import fill

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from skl_lstm import SequenceReshaper

table = np.arange(24.0).reshape(4, 6)
reshaped = SequenceReshaper(features=2).fit_transform(table)
assert_array_equal(reshaped, table.reshape((4, 3, 2)))

try:
    SequenceReshaper(features=4).fit(table)
except ValueError as error:
    print(fill(str(error)))

# %%
# A loop over windows
# -------------------
# The loop gives a sample to each row that has enough rows before it, and y has to be cut to match.
# :class:`~skl_lstm.SequenceWindower` gives one to every row, the first of them padded. The others
# are equal. The function :func:`~skl_lstm.sliding_windows` gives those of the loop and no more.

from skl_lstm import SequenceWindower, make_supervised, sliding_windows

series = np.random.default_rng(0).normal(size=(100, 2))

windows = []
for end in range(10, len(series) + 1):
    windows.append(series[end - 10 : end])
windows = np.array(windows)

of_every_row = SequenceWindower(timesteps=10).fit_transform(series)
assert_array_equal(of_every_row[9:], windows)
assert_array_equal(sliding_windows(series, 10), windows)
print(windows.shape, of_every_row.shape)

# %%
# The loop that appends the next value to y as well is :func:`~skl_lstm.make_supervised`.

following = [series[end, 0] for end in range(10, len(series))]
X, y = make_supervised(series, timesteps=10, target=0)
assert_array_equal(y, following)
reshaped = SequenceReshaper(features=2).fit_transform(X)
assert_array_equal(reshaped, windows[:-1])

# %%
# A dataset of windows
# --------------------
# ``keras.utils.timeseries_dataset_from_array`` becomes :func:`~skl_lstm.sliding_windows`. Its
# ``sequence_length`` is ``timesteps`` here, ``sequence_stride`` is ``stride``, ``sampling_rate``
# keeps its name. What comes back is an array, and there is no loop over batches.

import keras

dataset = keras.utils.timeseries_dataset_from_array(
    series,
    None,
    sequence_length=10,
    sequence_stride=3,
    sampling_rate=2,
    batch_size=None,
)
theirs = np.stack(list(dataset.as_numpy_iterator()))
ours = sliding_windows(series, 10, stride=3, sampling_rate=2)
assert_array_equal(ours, theirs)
print(ours.shape)

# %%
# Mind the targets. Keras' ``targets[i]`` belongs to the window that *starts* at row i, so a series
# of targets has to be shifted by the length of the window. With
# :class:`~skl_lstm.SequenceWindower` y[i] belongs to the window that *ends* at row i, as in any
# table. For the value that follows the window:

dataset = keras.utils.timeseries_dataset_from_array(
    series[:-1], series[10:, 0], sequence_length=10, batch_size=None
)
their_windows, their_targets = zip(*dataset.as_numpy_iterator(), strict=True)

our_windows = SequenceWindower(timesteps=10).fit_transform(series[:-1])
our_targets = series[1:, 0]
assert_array_equal(our_windows[9:], their_windows)
assert_array_equal(our_targets[9:], their_targets)

# %%
# pad_sequences
# -------------
# Its defaults are made for lists of word numbers: it pads and cuts at the beginning, and casts to
# int32. Measured values do not survive that.

from skl_lstm import SequencePadder

measured = [[0.5, 0.7], [0.1, 0.2, 0.3]]
print(keras.utils.pad_sequences(measured))
print(SequencePadder().fit_transform(measured)[:, :, 0])

# %%
# :class:`~skl_lstm.SequencePadder` keeps the dtype and adds the axis of features. It learns the
# length in ``fit``, so that training and test data come out equally long, and it refuses a
# ``mask_value`` that stands in the data as a whole step. With the same settings both are equal:

theirs = keras.utils.pad_sequences(
    measured, dtype="float64", padding="post", truncating="post", value=-1.0
)
ours = SequencePadder(mask_value=-1.0).fit_transform(measured)
assert_array_equal(ours[:, :, 0], theirs)

# %%
# ``LSTMRegressor(mask_value=-1.0)`` then skips the padding, as a ``Masking(-1.0)`` layer does:
# :doc:`ragged`.
#
# Sequential, compile, fit
# ------------------------

rng = np.random.default_rng(0)
X = rng.normal(size=(400, 10, 2))
y = X[:, -3:, 0].sum(axis=1)

keras.utils.set_random_seed(0)
network = keras.Sequential(
    [
        keras.Input((None, 2)),
        keras.layers.LSTM(16),
        keras.layers.Dense(1),
    ]
)
network.compile(loss="mse", optimizer=keras.optimizers.Adam(0.01))

# %%
# The same by :class:`~skl_lstm.LSTMRegressor`: every setting is a parameter, which a search can
# tune, and the shape comes from X.

from skl_lstm import LSTMRegressor

regressor = LSTMRegressor(16, learning_rate=0.01, epochs=10, random_state=0)
print(f"R² on the training rows: {regressor.fit(X, y).score(X, y):.2f}")

# %%
# :class:`~skl_lstm.SequenceRegressor` takes a network that you have already, as it stands or as a
# function that builds it, and trains a copy. Here are Keras and the estimator side by side, from
# the same weights. Both shuffle the rows unless told otherwise, each in an order of its own, so
# here they are told otherwise. The losses agree, and so do the forecasts but for rounding.
# :doc:`/speed` says how the estimator trains, and when it is faster.

from skl_lstm import SequenceRegressor

wrapped = SequenceRegressor(network, epochs=10, shuffle=False).fit(X, y)
history = network.fit(X, y, epochs=10, shuffle=False, verbose=0)

print("loss of Keras:        ", np.round(history.history["loss"][-3:], 4))
print("loss of the estimator:", np.round(wrapped.history_["loss"][-3:], 4))
by_keras = network.predict(X, verbose=0)[:, 0]
assert_allclose(wrapped.predict(X), by_keras, atol=1e-4)

# %%
# ``predict`` returns one value a sample, where Keras returns a column.
#
# model.save
# ----------
# The fitted ``model_`` is a plain Keras model of standard layers. What it saves loads where this
# package is not installed. The estimator itself, and a pipeline around it, is kept as any other of
# scikit-learn is, by ``skops``, ``joblib`` or ``pickle``: :doc:`start`.

import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    regressor.model_.save(Path(folder) / "network.keras")
    loaded = keras.models.load_model(Path(folder) / "network.keras")

by_keras = loaded.predict(X, verbose=0)[:, 0]
assert_allclose(regressor.predict(X), by_keras, atol=1e-5)

# %%
# scikeras
# --------
# Parameters keep their names, and ``model__``, ``optimizer__``, ``loss__``, ``metrics__``,
# ``compile__``, ``fit__``, ``predict__`` and ``callbacks__`` their meaning. The same function that
# builds a network serves both. Theirs, and ours below:

from scikeras.wrappers import KerasRegressor


def build(meta, units=16):
    inputs = keras.Input((None, meta["X_shape_"][2]))
    hidden = keras.layers.GRU(units)(inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(hidden))


settings = {
    "model__units": 8,
    "loss": "mse",
    "optimizer": "adam",
    "optimizer__learning_rate": 0.01,
    "epochs": 10,
    "verbose": 0,
}
theirs = KerasRegressor(build, **settings).fit(X, y)
ours = SequenceRegressor(build, **settings).fit(X, y)
print(f"R² on the training rows: {theirs.score(X, y):.2f}, {ours.score(X, y):.2f}")

# %%
# What differs, and why, against scikeras 0.13 on scikit-learn 1.7 to 1.9:
#
# .. list-table::
#    :header-rows: 1
#    :widths: 60 40
#
#    * - scikeras
#      - here
#    * - **Kind**: ``is_regressor`` is False, so no voting, no stratified folds, no ``roc_auc``
#      - an estimator of its kind
#    * - **dtypes**: refuses float64 after a float32 fit
#      - casts
#    * - **3D X**: ``n_features_in_`` is the number of time steps, which are fixed
#      - the number of features; any length
#    * - **Column names**: not looked at
#      - checked, order included
#    * - **Seeds**: a seeded first fit breaks every later unseeded one
#      - independent
#    * - **A ready model** as ``model``: trained in place
#      - copied
#    * - **Methods and callable objects** as ``model``: refused
#      - called
#    * - **Parameters for** ``model``: ``units=64`` or ``model__units=64``
#      - ``model__units=64``
#    * - **Default** ``optimizer``: ``"rmsprop"``
#      - ``"adam"``
#    * - **Default** ``loss``: ``None``, so name one
#      - by the target
#    * - **Default** ``epochs``: 1
#      - 50
#    * - **Default** ``verbose``: 1
#      - 0
#    * - **Class**: ``KerasRegressor``, a ``BaseWrapper``
#      - does not inherit from them
#
# Three of these, seen:

from sklearn.base import is_regressor

print("a regressor?  ", is_regressor(theirs), is_regressor(ours))
print("n_features_in_", theirs.n_features_in_, ours.n_features_in_)
print("5 steps of 10:", ours.predict(X[:2, -5:]).shape)
try:
    theirs.predict(X[:2, -5:])
except ValueError as error:
    print(fill(f"5 steps of 10: {error}"))

# %%
# To stay with scikeras
# ---------------------
# The transformers work ahead of any estimator that takes three axes, and
# :func:`~skl_lstm.lstm_network` is a ``model`` for the plain wrappers. It reads the shape from the
# data, so a search over ``timesteps`` needs no second parameter.

from sklearn.pipeline import make_pipeline

from skl_lstm import lstm_network

pipeline = make_pipeline(
    SequenceWindower(timesteps=10),
    KerasRegressor(
        lstm_network,
        model__units=16,
        loss="mse",
        optimizer="adam",
        epochs=5,
        verbose=0,
    ),
)
print(pipeline.fit(series[:-1], series[1:, 0]).predict(series[:-1]).shape)

# %%
# Keep dtypes stable along such a pipeline, and either seed every fit or none: a first fit with a
# seed turns on TensorFlow's deterministic operations for the whole process, and they stay on.
