"""
From a list of numbers to an LSTM
=================================

You have a list of numbers, or several lists of the same length. An LSTM layer expects an array with
three axes. This page shows how to convert the lists to such an array, and answers the questions
that come up on the way.

The page follows the steps of a well-known tutorial, *How to Reshape Input Data for Long Short-Term
Memory Networks in Keras* by Jason Brownlee (Machine Learning Mastery). The code is new.
"""

# %%
# Ten numbers
# -----------
#
# The list is one sequence of ten timesteps, with one number per timestep. The array for it has the
# shape (1, 10, 1): one sample, ten timesteps, one feature. :func:`~skl_lstm.sliding_windows` cuts a
# series into windows of a given length. A window length of 10 gives one window with all ten
# numbers.

import numpy as np

from skl_lstm import sliding_windows

ten_values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
X = sliding_windows(ten_values, 10)
print(X.shape)

# %%
# In this simple case, NumPy's ``reshape`` gives the same array. ``reshape`` is only correct if the
# numbers are stored in memory in the order of the three axes. The questions below explain this
# order.

from numpy.testing import assert_array_equal

assert_array_equal(X, np.array(ten_values).reshape(1, 10, 1))

# %%
# Two parallel series
# -------------------
#
# Two series measured at the same timesteps are two features. Write them as a table with one row per
# timestep and one column per feature. The array then has the shape (1, 10, 2).

ten_by_two = np.column_stack([ten_values, ten_values[::-1]])
X = sliding_windows(ten_by_two, 10)
print(ten_by_two.shape, "->", X.shape)

# %%
# :func:`~skl_lstm.inspection.to_frame` converts the array to a table with named axes.
# :func:`~skl_lstm.inspection.plot_sequences` plots the array.

from skl_lstm.inspection import plot_sequences, to_frame

to_frame(X, feature_names=["rising", "falling"]).head(4)

# %%

axes = plot_sequences(X, feature_names=["rising", "falling"])

# %%
# What is a sample, a timestep, a feature?
# ----------------------------------------
#
# .. list-table::
#    :header-rows: 1
#    :widths: 10 25 65
#
#    * - axis
#      - name
#      - one entry is
#    * - 0
#      - samples
#      - one sequence with one prediction: one row of y
#    * - 1
#      - timesteps
#      - one point in time of the sequence, the oldest first
#    * - 2
#      - features
#      - one of the quantities measured at that time
#
# Complete three sentences about your own data to find the shape: *I predict one value for each …*
# (sample), *the prediction uses the last …* (timesteps), *at each timestep I measure …* (features).
#
# All three axes are required, even if one of them has length 1. Keras rejects an array with two
# axes:

from textwrap import fill

import keras

try:
    keras.layers.LSTM(4)(np.zeros((1, 10)))
except ValueError as error:
    print(fill(str(error)))

# %%
# The input shape of a network does not include the samples. Use ``keras.Input((10, 1))``, or
# ``keras.Input((None, 1))`` for sequences of any length. Older texts pass the same two numbers as
# the ``input_shape`` of the first layer. Keras 3 warns about ``input_shape`` and recommends
# ``keras.Input``. The estimators of this package read the number of features from X and accept any
# number of timesteps, so you do not have to give a shape.
#
# Is it (samples, timesteps, features), or another order?
# -------------------------------------------------------
#
# Keras and this package always use (samples, timesteps, features). A wrong order does not raise an
# error. ``reshape`` never moves a number. It only fills the new shape with the numbers in their
# current order. In the following example, two lists are stacked as two *rows*. ``reshape`` accepts
# them, but the result is wrong:

two_rows = np.array([ten_values, ten_values[::-1]])
print("reshaped:  ", two_rows.reshape(1, 10, 2)[0, :3].tolist())
print("transposed:", two_rows.T.reshape(1, 10, 2)[0, :3].tolist())

# %%
# In the first line, the two values of a "timestep" are two consecutive values of one series. In the
# second line, each timestep holds one value of each series.
#
# The same problem occurs in tables of lag columns, in which each row is one whole sample.
# :class:`~skl_lstm.SequenceReshaper` supports both column orders and uses NumPy's names for them.
# Use "C", the default, if the columns of one timestep are next to each other. Use "F" if the
# columns of one feature are next to each other. A plain ``reshape`` uses "C" order, so it mixes
# load and wind in this table. ``column_map`` shows the timestep and the feature of each column.

import pandas as pd

from skl_lstm import SequenceReshaper

names = ["load_t0", "load_t1", "load_t2", "wind_t0", "wind_t1", "wind_t2"]
rows = [[1, 2, 3, 10, 20, 30], [4, 5, 6, 40, 50, 60]]
lags = pd.DataFrame(rows, columns=names)
print("a plain reshape:", lags.to_numpy().reshape(2, 3, 2)[0].tolist())

reshaper = SequenceReshaper(features=2, order="F").fit(lags)
print("order='F':      ", reshaper.transform(lags)[0].tolist())
reshaper.column_map()

# %%
# How do I get many samples out of one long series?
# -------------------------------------------------
#
# Cut the series into windows. ``stride`` is the distance in rows between the starts of consecutive
# windows. ``stride=1`` gives all possible windows. With ``stride=timesteps``, the windows do not
# overlap; rows that do not fill a window are not used.

series = np.arange(100.0)
print(sliding_windows(series, 10).shape)
print(sliding_windows(series, 10, stride=5).shape)
print(sliding_windows(series, 10, stride=10).shape)

# %%
# In a Pipeline, use :class:`~skl_lstm.SequenceWindower`. Each row gets the window that ends at this
# row. 100 rows give 100 windows, so y does not have to be cut. The first windows would need rows
# from before the start of the series. By default, the oldest row is repeated there. The parameter
# ``padding`` can set another value.

from skl_lstm import SequenceWindower

one_column = series.reshape(-1, 1)
windows = SequenceWindower(timesteps=10).fit_transform(one_column)
print(windows.shape)
print(windows[0].ravel(), windows[3].ravel())
assert_array_equal(windows[9:], sliding_windows(series, 10))

# %%
# How does y line up with X?
# --------------------------
#
# y has one row per sample. :func:`~skl_lstm.make_supervised` makes X and y from a series. Each row
# of X is a flattened window. The same row of y is the next value, or the next ``horizon`` values.

from skl_lstm import make_supervised

X, y = make_supervised([10, 20, 30, 40, 50, 60], timesteps=3)
for window, following in zip(X, y, strict=True):
    print(window, "->", following)

# %%
# X has two axes here. :class:`~skl_lstm.SequenceReshaper` adds the third. If you pass a DataFrame,
# X and y keep the column names and the times. The index holds the time at which each forecast is
# made.
#
# Are several series several features, or several samples?
# --------------------------------------------------------
#
# They are features if they are measured at the same times and read together, such as the
# temperature and the wind of one place. They are samples if each series has its own history and its
# own prediction, such as a hundred shops. In that case, stack the series in one table with an index
# of shop and time, as shown in :doc:`many_series`.
#
# My sequences have different lengths
# -----------------------------------
#
# Keep them in a list. :class:`~skl_lstm.SequencePadder` pads the shorter sequences. A network with
# the same ``mask_value`` skips the padding, as shown in :doc:`ragged`.

from skl_lstm import SequencePadder

ragged = [[0.5, 0.7], [0.1, 0.2, 0.3, 0.4], [0.9, 0.8, 0.7]]
padded = SequencePadder().fit_transform(ragged)
print(padded.shape)
axes = plot_sequences(padded)

# %%
# I have 50,000 rows of 10 columns and want 100 timesteps
# -------------------------------------------------------
#
# Do not cut 50,000 rows into 500 samples of 100 rows, unless you want only one prediction per 100
# rows. Each row, together with the rows before it, is one sample. The shape is (50000, 100, 10). A
# full copy of these windows would take a hundred times the memory of the table.
# :class:`~skl_lstm.SequenceWindower` returns a view instead. The view refers to the table with 99
# rows of padding before the first row.

rows = np.random.default_rng(0).normal(size=(50_000, 10))
windows = SequenceWindower(timesteps=100).fit_transform(rows)

memory = windows  # a view; its base is the array that owns the memory
while memory.base is not None:
    memory = memory.base

print(windows.shape)
print(f"the table:   {rows.nbytes / 1e6:>6.2f} MB")
print(f"the windows: {memory.nbytes / 1e6:>6.2f} MB")
print(f"written out: {windows.nbytes / 1e6:>6.2f} MB")

# %%
# The estimators of this package accept this view without copying the windows, and read them batch
# by batch. ``LSTMRegressor`` and ``LSTMClassifier`` scale the table behind the view.
# ``np.array(windows)``, or a scaler after the windower, would copy the windows.
#
# Train an LSTM
# -------------
#
# Each sample has ten numbers, and the target is the largest of them. The largest number can be at
# any position, so no weighted sum of the ten numbers is a good prediction. The baselines are the
# mean of y and linear regression on the ten columns.

from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(3000, 10))
y = X.max(axis=1)
X_train, y_train = X[:2000], y[:2000]
X_test, y_test = X[2000:], y[2000:]

pipeline = make_pipeline(
    SequenceReshaper(features=1),
    LSTMRegressor(16, learning_rate=0.01, epochs=20, random_state=0),
)
models = {
    "mean of y": DummyRegressor(),
    "linear regression": LinearRegression(),
    "LSTM": pipeline,
}
for name, model in models.items():
    y_pred = model.fit(X_train, y_train).predict(X_test)
    rmse = root_mean_squared_error(y_test, y_pred)
    print(f"{name:<17} RMSE {rmse:.3f}")

# %%
# How do I predict?
# -----------------
#
# Pass an X with the same number of axes as in ``fit``. For one new sample, X has one row. The
# pipeline reshapes it in the same way, so the network receives an array of shape (1, 10, 1).

new = [[0.3, -1.2, 0.8, 0.1, 2.1, -0.4, 0.0, 0.6, -0.7, 1.1]]
print(pipeline.predict(new), "predicted, largest number:", max(new[0]))

# %%
# To predict from a window of a table, pass the rows of the table:
# ``pipeline.predict(table.tail(1))``. The windower must have been fitted on the rows before.
# :doc:`start` has an example.
#
# Replace the reshape
# -------------------
#
# Tutorials usually end with code like the following. It contains the shape of one particular table:

X_train_3d = X_train.reshape((X_train.shape[0], 10, 1))
X_test_3d = X_test.reshape((X_test.shape[0], 10, 1))
keras.utils.set_random_seed(0)
network = keras.Sequential(
    [
        keras.Input((10, 1)),
        keras.layers.LSTM(32),
        keras.layers.Dense(1),
    ]
)
network.compile(loss="mse", optimizer="adam")
network.fit(X_train_3d, y_train, epochs=5, batch_size=32, verbose=0)
y_pred = network.predict(X_test_3d, verbose=0)[:, 0]

# %%
# Three lines replace it. They do not contain the shape of the table. Without parameters, the
# reshaper treats each column as one timestep of a single feature. The pipeline can be
# cross-validated, tuned and saved like any other estimator.

pipeline = make_pipeline(SequenceReshaper(), LSTMRegressor(32, epochs=5))
pipeline.fit(X_train, y_train)
y_pred = pipeline.predict(X_test)

# %%
# :doc:`from_keras` compares more Keras code with this package.
