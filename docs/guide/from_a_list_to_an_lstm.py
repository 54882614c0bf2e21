"""
From a list of numbers to an LSTM
=================================

You have a list of numbers, or a few lists side by side, and the LSTM layer wants an array with
three axes. This page goes from the one to the other, and answers the questions met on the way.

It follows the steps of a well-known tutorial, *How to Reshape Input Data for Long Short-Term Memory
Networks in Keras* by Jason Brownlee (Machine Learning Mastery), with code of its own.
"""

# %%
# Ten numbers
# -----------
# One sequence of ten time steps, and one number at each. As an array this is (1, 10, 1): one
# sample, ten timesteps, one feature. :func:`~skl_lstm.sliding_windows` cuts a series into windows
# of a length you give; ten numbers are one window of ten.

import numpy as np

from skl_lstm import sliding_windows

ten_values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
X = sliding_windows(ten_values, 10)
print(X.shape)

# %%
# For this one case NumPy's own ``reshape`` gives the same. It stays right only as long as the
# numbers lie in memory in the order of the three axes, which is what the questions below are about.

from numpy.testing import assert_array_equal

assert_array_equal(X, np.array(ten_values).reshape(1, 10, 1))

# %%
# Two parallel series
# -------------------
# Two numbers at every time step are two features. Write one row a time step and one column a
# feature, as in any table: (1, 10, 2).

ten_by_two = np.column_stack([ten_values, ten_values[::-1]])
X = sliding_windows(ten_by_two, 10)
print(ten_by_two.shape, "->", X.shape)

# %%
# :func:`~skl_lstm.inspection.to_frame` lays the array out as a table with its axes by name, and
# :func:`~skl_lstm.inspection.plot_sequences` draws it.

from skl_lstm.inspection import plot_sequences, to_frame

to_frame(X, feature_names=["rising", "falling"]).head(4)

# %%

axes = plot_sequences(X, feature_names=["rising", "falling"])

# %%
# What is a sample, a time step, a feature?
# -----------------------------------------
# .. list-table::
#    :header-rows: 1
#    :widths: 10 25 65
#
#    * - axis
#      - name
#      - one entry is
#    * - 0
#      - samples
#      - one sequence that is read from its beginning, and gets one answer: one row of y
#    * - 1
#      - timesteps
#      - one moment of the sequence, the oldest first
#    * - 2
#      - features
#      - one of the things measured at that moment
#
# Three sentences about your own data settle the shape: *one answer is given for each …* (sample),
# *it is given after looking at the last …* (timesteps), *at each of which I know …* (features).
#
# All three axes must be there, even if one has the length 1. Two are refused by Keras:

from textwrap import fill

import keras

try:
    keras.layers.LSTM(4)(np.zeros((1, 10)))
except ValueError as error:
    print(fill(str(error)))

# %%
# The shape that a network is told leaves the samples out: ``keras.Input((10, 1))``, or
# ``keras.Input((None, 1))`` for sequences of any length. The ``input_shape`` of a first layer, as
# in older texts, is the same two numbers; Keras 3 warns of it and asks for ``keras.Input``. The
# estimators of this package read the shape from X and leave the time axis open, so that nobody has
# to type it.
#
# Is it (samples, timesteps, features), or the other way round?
# -------------------------------------------------------------
# Always this way, in Keras and here. No error tells you of another order, as ``reshape`` never
# moves a number: it counts them off as they stand, whatever they mean. Two lists stacked as two
# *rows* fill the three axes without complaint, and wrongly:

two_rows = np.array([ten_values, ten_values[::-1]])
print("reshaped:  ", two_rows.reshape(1, 10, 2)[0, :3].tolist())
print("transposed:", two_rows.T.reshape(1, 10, 2)[0, :3].tolist())

# %%
# In the first line the two values of a "time step" are neighbours in time of one series. The second
# has both series at each step.
#
# The same happens with tables of lag columns, where a row is one whole sample.
# :class:`~skl_lstm.SequenceReshaper` takes them in either order, in NumPy's words: "C", the
# default, if the columns of one time step stand side by side, "F" if those of one feature do. A
# plain ``reshape`` knows the first only, and mixes load and wind here. ``column_map`` shows which
# column lands at which step and feature.

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
# By windows. ``stride`` is the number of rows from one window to the next: 1 for all there are,
# ``stride=timesteps`` for windows that do not overlap, in which rows left over are not used.

series = np.arange(100.0)
print(sliding_windows(series, 10).shape)
print(sliding_windows(series, 10, stride=5).shape)
print(sliding_windows(series, 10, stride=10).shape)

# %%
# In a Pipeline take :class:`~skl_lstm.SequenceWindower`: every row gets the window that ends at
# it, so 100 rows stay 100, and y needs no cutting. The first windows reach back to before the
# series. There its oldest row is repeated, or ``padding`` says what else.

from skl_lstm import SequenceWindower

one_column = series.reshape(-1, 1)
windows = SequenceWindower(timesteps=10).fit_transform(one_column)
print(windows.shape)
print(windows[0].ravel(), windows[3].ravel())
assert_array_equal(windows[9:], sliding_windows(series, 10))

# %%
# How does y line up with X?
# --------------------------
# y has one row a sample. :func:`~skl_lstm.make_supervised` makes both from a series: a row of X is
# a window, flattened; its y is the next value, or the next ``horizon`` of them.

from skl_lstm import make_supervised

X, y = make_supervised([10, 20, 30, 40, 50, 60], timesteps=3)
for window, following in zip(X, y, strict=True):
    print(window, "->", following)

# %%
# X has two axes here and goes into :class:`~skl_lstm.SequenceReshaper`. With a DataFrame the names
# and the times stay: the index says when each forecast is made.
#
# Are several series several features, or several samples?
# --------------------------------------------------------
# Features, if they were measured at the same moments and are read together: temperature and wind of
# one place. Samples, if each has a history and an answer of its own, such as a hundred shops. Then
# put them below each other in one table, under an index of shop and time: :doc:`many_series`.
#
# My sequences are not equally long
# ---------------------------------
# Keep them in a list. :class:`~skl_lstm.SequencePadder` fills the shorter ones up, and a network
# with the same ``mask_value`` skips what was filled: :doc:`ragged`.

from skl_lstm import SequencePadder

ragged = [[0.5, 0.7], [0.1, 0.2, 0.3, 0.4], [0.9, 0.8, 0.7]]
padded = SequencePadder().fit_transform(ragged)
print(padded.shape)
axes = plot_sequences(padded)

# %%
# I have 50,000 rows of 10 columns and want 100 time steps
# --------------------------------------------------------
# 50,000 rows are not 500 samples of 100 rows, unless you want an answer only every 100 rows. Each
# row with its past is a sample: (50000, 100, 10). Written out, that is a hundred times the table.
# :class:`~skl_lstm.SequenceWindower` returns a view: of the table, with 99 rows of padding ahead.

rows = np.random.default_rng(0).normal(size=(50_000, 10))
windows = SequenceWindower(timesteps=100).fit_transform(rows)


def memory_behind(array):
    while array.base is not None:
        array = array.base
    return array.nbytes


print(windows.shape)
print(f"the table:   {rows.nbytes / 1e6:>6.2f} MB")
print(f"the windows: {memory_behind(windows) / 1e6:>6.2f} MB")
print(f"written out: {windows.nbytes / 1e6:>6.2f} MB")

# %%
# The estimators of this package take such a view as it is, and gather the windows batch by batch.
# ``np.array(windows)``, or a scaler behind the windower, would write it out: scale the table, ahead
# of the windower.
#
# An LSTM that learns something
# -----------------------------
# Ten numbers a sample, and the answer is the largest of them. It may stand anywhere, so no weighted
# sum of the ten comes close. The baselines are the mean of y and linear regression on the ten
# columns.

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
# How do I predict, then?
# -----------------------
# With as many axes as in ``fit``. One new sample is an X of one row, and the pipeline reshapes it
# as it did the others: the network gets (1, 10, 1).

new = [[0.3, -1.2, 0.8, 0.1, 2.1, -0.4, 0.0, 0.6, -0.7, 1.1]]
print(pipeline.predict(new), "for a largest of", max(new[0]))

# %%
# A window of a table is asked for by its rows: ``pipeline.predict(table.tail(1))``, where the
# windower was fitted on the rows before. :doc:`start` does that.
#
# Instead of the reshape
# ----------------------
# This is the code that the tutorials end with, the numbers of one particular table in it:

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
# Three lines take its place. There is no number of the table's in them: a reshaper that is told
# nothing takes every column as a time step of one feature. The pipeline can be cross-validated,
# tuned and saved like any other estimator.

pipeline = make_pipeline(SequenceReshaper(), LSTMRegressor(32, epochs=5))
pipeline.fit(X_train, y_train)
y_pred = pipeline.predict(X_test)

# %%
# :doc:`from_keras` sets more of Keras beside what takes its place.
