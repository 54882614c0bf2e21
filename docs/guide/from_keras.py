"""
From Keras or scikeras
======================

This page shows which function or class of this package replaces a call of Keras or scikeras. If
both return arrays, the code checks that the arrays are equal. If both train a network, the code
compares the results.
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
#    * - ``return_sequences=True``, ``TimeDistributed``
#      - :class:`~skl_lstm.LSTMStepRegressor`
#    * - a network of your own
#      - :class:`~skl_lstm.SequenceRegressor`
#    * - ``EarlyStopping``
#      - ``patience``
#    * - ``model.save``
#      - ``model_.save``
#    * - ``KerasRegressor``
#      - :class:`~skl_lstm.SequenceRegressor`
#
# Each regressor has a matching classifier: :class:`~skl_lstm.LSTMClassifier`,
# :class:`~skl_lstm.LSTMStepClassifier` and :class:`~skl_lstm.SequenceClassifier`.
#
# reshape
# -------
#
# The table has 4 samples. Its columns hold 3 timesteps of 2 features. The number of timesteps times
# the number of features must equal the number of columns. If you give only one of the two numbers,
# the reshaper computes the other. It raises an error if the numbers do not fit the table.

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
#
# The loop makes one sample for each row with enough rows before it, and y has to be cut to match.
# :class:`~skl_lstm.SequenceWindower` makes one window for every row, and the first windows are
# padded. The other windows equal those of the loop. The function :func:`~skl_lstm.sliding_windows`
# returns exactly the windows of the loop.

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
# If the loop also appends the next value to y, :func:`~skl_lstm.make_supervised` replaces it.

following = [series[end, 0] for end in range(10, len(series))]
X, y = make_supervised(series, timesteps=10, target=0)
assert_array_equal(y, following)
reshaped = SequenceReshaper(features=2).fit_transform(X)
assert_array_equal(reshaped, windows[:-1])

# %%
# A dataset of windows
# --------------------
#
# :func:`~skl_lstm.sliding_windows` replaces ``keras.utils.timeseries_dataset_from_array``. The
# parameter ``sequence_length`` is called ``timesteps`` here, ``sequence_stride`` is called
# ``stride``, and ``sampling_rate`` keeps its name. The function returns an array, so no loop over
# batches is needed.

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
# The targets are aligned differently. In Keras, ``targets[i]`` belongs to the window that *starts*
# at row i, so a series of targets has to be shifted by the length of the window. With
# :class:`~skl_lstm.SequenceWindower`, y[i] belongs to the window that *ends* at row i, so X and y
# have the same rows. This is the code if the target is the value after the window:

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
#
# The defaults of ``pad_sequences`` are meant for lists of word indices. It pads and truncates at
# the beginning, and casts to int32. The cast truncates measured values to whole numbers.

from skl_lstm import SequencePadder

measured = [[0.5, 0.7], [0.1, 0.2, 0.3]]
print(keras.utils.pad_sequences(measured))
print(SequencePadder().fit_transform(measured)[:, :, 0])

# %%
# :class:`~skl_lstm.SequencePadder` keeps the dtype and adds the feature axis. It learns the length
# in ``fit``, so training and test data are padded to the same length. It raises an error if the
# data contain a timestep in which every feature equals ``mask_value``. With the same settings, both
# functions return the same array:

theirs = keras.utils.pad_sequences(
    measured, dtype="float64", padding="post", truncating="post", value=-1.0
)
ours = SequencePadder(mask_value=-1.0).fit_transform(measured)
assert_array_equal(ours[:, :, 0], theirs)

# %%
# ``LSTMRegressor(mask_value=-1.0)`` then skips the padding, as a ``Masking(-1.0)`` layer does.
# :doc:`ragged` explains this.
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
# :class:`~skl_lstm.LSTMRegressor` builds and trains the same network. Every setting is a parameter,
# so a search can tune it. The input shape is read from X. The network is trained on standardized
# features and a standardized target, and ``predict`` returns values in the units of y. With
# ``scaling=None``, it is trained on X and y as they are.

from skl_lstm import LSTMRegressor

regressor = LSTMRegressor(16, learning_rate=0.01, epochs=10, random_state=0)
print(f"R² on the training rows: {regressor.fit(X, y).score(X, y):.2f}")

# %%
# :class:`~skl_lstm.SequenceRegressor` takes an existing network, or a function that builds one. It
# trains a copy of an existing network. The next cell trains with Keras and with the estimator,
# starting from the same weights. By default, both shuffle the rows, each in a different order, so
# shuffling is turned off here. The losses agree, and the predictions only differ by
# rounding. :doc:`/speed` explains how the estimator trains and when it is faster.

from skl_lstm import SequenceRegressor

wrapped = SequenceRegressor(network, epochs=10, shuffle=False).fit(X, y)
history = network.fit(X, y, epochs=10, shuffle=False, verbose=0)

print("loss of Keras:        ", np.round(history.history["loss"][-3:], 4))
print("loss of the estimator:", np.round(wrapped.history_["loss"][-3:], 4))
by_keras = network.predict(X, verbose=0)[:, 0]
assert_allclose(wrapped.predict(X), by_keras, atol=1e-4)

# %%
# ``predict`` returns one value per sample, while Keras returns an array with one column.
#
# return_sequences
# ----------------
#
# A network with ``return_sequences=True`` in its last recurrent layer has an output for every
# timestep. In Keras, X and y must be padded, and a ``sample_weight`` of shape (samples, timesteps)
# keeps the padding out of the loss. :class:`~skl_lstm.LSTMStepRegressor` takes lists, and returns a
# list:

from skl_lstm import LSTMStepRegressor

sequences = [X[i, : 3 + i % 8] for i in range(400)]  # 3 to 10 timesteps
sums = [np.cumsum(sequence[:, 0]) for sequence in sequences]  # a target for every timestep
stepwise = LSTMStepRegressor(16, learning_rate=0.01, epochs=10, random_state=0)
print([prediction.shape for prediction in stepwise.fit(sequences, sums).predict(sequences[:3])])
print(f"R² on the training steps: {stepwise.score(sequences, sums):.2f}")

# %%
# :doc:`every_step` explains this.
#
# model.save
# ----------
#
# The fitted ``model_`` is a plain Keras model of standard layers. It takes X as it is and returns
# values in the units of y. By default the estimator trains without Keras, and builds the model from
# its weights when you first read this attribute. A saved ``model_`` can be loaded where this
# package is not installed. To save the estimator itself, or a pipeline that contains it, use
# ``skops``, ``joblib`` or ``pickle``, as for any scikit-learn estimator. :doc:`start` has an
# example.

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
#
# :class:`~skl_lstm.SequenceRegressor` replaces ``KerasRegressor``. Both train on X and y as they
# are. X and y of this page have mean 0 and a standard deviation of 1 or 2. Scale other data: put a
# ``StandardScaler`` in the Pipeline, and wrap the regressor in a ``TransformedTargetRegressor``.
#
# The parameters have the same names as in scikeras. The prefixes ``model__``, ``optimizer__``,
# ``loss__``, ``metrics__``, ``compile__``, ``fit__``, ``predict__`` and ``callbacks__`` have the
# same meaning. The same function can build the network for both packages. The next cell fits
# scikeras first, then this package:

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
# The following table lists the differences. It refers to scikeras 0.13 with scikit-learn 1.7 to
# 1.9:
#
# .. list-table::
#    :header-rows: 1
#    :widths: 60 40
#
#    * - scikeras
#      - skl_lstm
#    * - **Kind**: ``is_regressor`` is False, so no voting, no stratified folds, no ``roc_auc``
#      - is recognised as a regressor or classifier
#    * - **dtypes**: refuses float64 after a float32 fit
#      - casts the data
#    * - **3D X**: ``n_features_in_`` is the number of timesteps, which is fixed
#      - ``n_features_in_`` is the number of features; sequences can have any length
#    * - **Column names**: not checked
#      - checked, including their order
#    * - **Seeds**: a seeded first fit makes every later unseeded fit fail
#      - fits are independent
#    * - **An existing Keras model** as ``model``: trained in place
#      - copied
#    * - **Methods and callable objects** as ``model``: refused
#      - called
#    * - **Parameters for** ``model``: ``units=64`` or ``model__units=64``
#      - ``model__units=64``
#    * - **Default** ``optimizer``: ``"rmsprop"``
#      - ``"adam"``
#    * - **Default** ``loss``: ``None``, so you have to set one
#      - chosen by the type of target
#    * - **Default** ``epochs``: 1
#      - 50
#    * - **Default** ``verbose``: 1
#      - 0
#    * - **Class**: ``KerasRegressor``, a subclass of ``BaseWrapper``
#      - does not inherit from these classes
#
# The next cell shows three of these differences. It prints scikeras first:

from sklearn.base import is_regressor

print("a regressor?  ", is_regressor(theirs), is_regressor(ours))
print("n_features_in_", theirs.n_features_in_, ours.n_features_in_)
print("5 steps of 10:", ours.predict(X[:2, -5:]).shape)
try:
    theirs.predict(X[:2, -5:])
except ValueError as error:
    print(fill(f"5 steps of 10: {error}"))

# %%
# The transformers of this package also work in front of scikeras' own wrappers:
# :doc:`with_scikeras`.
