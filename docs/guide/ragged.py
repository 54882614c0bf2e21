"""
Sequences of different lengths
==============================

Utterances, sessions, gestures or trips are sequences of different lengths. Each sample is one
sequence. Keep the sequences in a list. y has one entry per sequence. The shorter sequences are
padded, and the network skips the padding.
"""

# %%
# Gestures on a touchpad
# ----------------------
#
# The data are simulated with a fixed seed. A touchpad measures a finger fifty times per second: its
# position in millimetres and its pressure in grams. A gesture is a circle to the left, a circle to
# the right, or a swipe back and forth. It starts at any point of its path and has between 12 and 40
# timesteps.

import numpy as np

rng = np.random.default_rng(0)
FEATURES = ["x", "y", "pressure"]


def record(gesture):
    steps = rng.integers(12, 41)
    begin, turn, direction = rng.uniform([0, 5, 0], [6.3, 8, 6.3])
    angle = begin + np.linspace(0, turn, steps)
    across, up = np.cos(angle), np.sin(angle)
    if gesture == "right":
        up = -up
    if gesture == "swipe":
        across, up = np.outer([np.cos(direction), np.sin(direction)], 1.4 * across)
    place = rng.uniform(15, 30) * np.column_stack([across, up])
    place += rng.normal(0, 10, 2) + rng.normal(0, 1.5, (steps, 2))
    press = rng.normal(300, 60) + 80 * np.sin(np.linspace(0, np.pi, steps))
    return np.column_stack([place, press + rng.normal(0, 15, steps)])


kinds = np.array(["left", "right", "swipe"] * 80)
gestures = [record(kind) for kind in kinds]
print(len(gestures), "gestures:", *[g.shape for g in gestures[:4]], "…")

# %%
# Each array has the shape (timesteps, features). :func:`~skl_lstm.inspection.to_frame` combines the
# arrays in one table, with one row per timestep of each sample.

from skl_lstm.inspection import to_frame

to_frame(gestures, feature_names=FEATURES)

# %%
# From a list to a prediction
# ---------------------------
#
# The model has two steps:
#
# 1. :class:`~skl_lstm.SequencePadder` pads the shorter sequences with ``mask_value``. The result is
#    one array of shape (samples, timesteps, features).
# 2. :class:`~skl_lstm.LSTMClassifier` with the same ``mask_value`` skips the timesteps in which
#    every feature equals this value. It also standardizes the features. The padding has no effect
#    on their means and standard deviations.

from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMClassifier, SequencePadder

network = LSTMClassifier(mask_value=0.0, learning_rate=0.01, epochs=25, random_state=0)
pipeline = make_pipeline(SequencePadder(), network)

folds = StratifiedKFold(3, shuffle=True, random_state=0)
scores = cross_val_score(pipeline, gestures, kinds, cv=folds)
print(f"LSTM: accuracy {scores.mean():.2f}")

# %%
# The baseline uses one row of statistics per gesture: the length, and the first and last value,
# minimum, maximum, mean and standard deviation of every feature. Random guessing has an accuracy of
# one third.

summaries = []
for gesture in gestures:
    ends = [*gesture[0], *gesture[-1], *gesture.min(0), *gesture.max(0)]
    summaries.append([len(gesture), *ends, *gesture.mean(0), *gesture.std(0)])

forest = RandomForestClassifier(random_state=0)
scores = cross_val_score(forest, summaries, kinds, cv=folds)
print(f"random forest on summaries: accuracy {scores.mean():.2f}")

# %%
# The direction of a circle depends on the order of the timesteps, and the summary statistics do not
# contain the order. With knowledge of gestures, you could compute the signed area enclosed by the
# path, and would not need a network. The network learned the difference without such a feature.
#
# Sequences before and after padding
# ----------------------------------
#
# :class:`~skl_lstm.PerTimestep` fits a transformer of rows, such as a scaler or PCA, to the
# timesteps of all sequences. The sequences stay a list, and each keeps its own length. The next
# cell scales the gestures, so that one panel can show positions and pressure, and plots four of
# them:

from sklearn.preprocessing import StandardScaler

from skl_lstm import PerTimestep
from skl_lstm.inspection import plot_sequences

scaled = PerTimestep(StandardScaler()).fit_transform(gestures)
_ = plot_sequences(scaled, feature_names=FEATURES, samples=[0, 1, 2, 4])

# %%
# The next cell plots the same gestures after the padder. The padding is shaded:

padder = SequencePadder()
padded = padder.fit_transform(scaled)
print("(samples, timesteps, features):", padded.shape)
_ = plot_sequences(padded, feature_names=FEATURES, samples=[0, 1, 2, 4])

# %%
# The padding is after the last timestep, or before the first with ``padding="pre"``. Sequences that
# are longer than the longest sequence in ``fit`` are truncated. ``truncating`` sets the end that is
# cut off. Set ``timesteps`` if you expect longer sequences later. On a GPU, the fast LSTM and GRU
# kernels of Keras only support masks after the timesteps. This is the default, ``padding="post"``.
#
# Do not scale the padding
# ------------------------
#
# A common mistake is to pad with zeros first and scale afterwards. The scaler then treats the zeros
# as data. Every mean moves towards zero, and every standard deviation is computed from a mixture of
# data and padding. (``keras.utils.pad_sequences`` also needs the ``dtype``, because otherwise it
# truncates all values to whole numbers. ``SequencePadder`` keeps the dtype of the sequences.)

import keras
import pandas as pd

options = {"dtype": "float64", "padding": "post"}
zero_filled = keras.utils.pad_sequences(gestures, maxlen=40, **options)
scaler_of_all = StandardScaler().fit(zero_filled.reshape(-1, 3))
scaler_of_steps = PerTimestep(StandardScaler()).fit(gestures).transformer_

pd.DataFrame(
    {
        "mean, steps": scaler_of_steps.mean_,
        "mean, with zeros": scaler_of_all.mean_,
        "scale, steps": scaler_of_steps.scale_,
        "scale, with zeros": scaler_of_all.scale_,
    },
    index=FEATURES,
).round(1)

# %%
# In addition, the padding is no longer zero after scaling. A network with ``mask_value=0.0`` does
# not skip it:

print("padding once scaled:", scaler_of_all.transform(np.zeros((1, 3))).round(2))

# %%
# The network treats the padding as part of the gesture, so its prediction depends on the length of
# the padding. The next cell pads the same gestures to 40 timesteps, as in ``fit``, and to 80:

wrong = {}
for timesteps in (40, 80):
    filled = keras.utils.pad_sequences(gestures, maxlen=timesteps, **options)
    wrong[timesteps] = scaler_of_all.transform(filled.reshape(-1, 3)).reshape(filled.shape)

misled = network.fit(wrong[40], kinds)
as_trained = misled.predict_proba(wrong[40])
longer = misled.predict_proba(wrong[80])
print(f"greatest difference {np.abs(longer - as_trained).max():.2f}")
print(np.sum(longer.argmax(1) != as_trained.argmax(1)), "gestures change class")

# %%
# The network also has to remember the gesture during all the timesteps of padding after it. On the
# same folds as above, its accuracy is lower:

scores = cross_val_score(network, wrong[40], kinds, cv=folds)
print(f"LSTM, scaled padding: accuracy {scores.mean():.2f}")

# %%
# ``PerTimestep`` also works after the padder. The padded array stores its ``mask_value``, so
# ``PerTimestep`` ignores the padding in ``fit`` and does not change it. If an array was padded in
# another way, ``PerTimestep`` treats the padding as data.

behind = make_pipeline(SequencePadder(), PerTimestep(StandardScaler())).fit(gestures)
print(np.allclose(behind[-1].transformer_.mean_, scaler_of_steps.mean_))

# %%
# The padding does not change the prediction
# ------------------------------------------
#
# If a network skips the padding, its output for a sequence is the same with and without padding.
# The length and the side of the padding do not matter. This is true for LSTM, GRU and simple
# recurrent layers, stacked or bidirectional, and also after convolutions. Any remaining difference
# is a rounding error.

shortest = min(scaled, key=len)
behind_it = SequencePadder(100).fit_transform([shortest])
before_it = SequencePadder(100, padding="pre").fit_transform([shortest])
both = np.concatenate([behind_it, before_it])

for options in ({}, {"cell": "gru"}, {"bidirectional": True}, {"conv_filters": 8}):
    network = LSTMClassifier(8, mask_value=0.0, epochs=2, random_state=0, **options)
    network.fit(padded, kinds)
    alone = network.predict_proba([shortest])
    difference = np.abs(network.predict_proba(both) - alone).max()
    print(f"{options!s:24} greatest difference {difference:g}")

# %%
# ``mask_value`` is set in two places: in the padder and in the network.
# :class:`~skl_lstm.LSTMClassifier` and :class:`~skl_lstm.LSTMRegressor` raise an error if the
# padded array has a different ``mask_value``:

from textwrap import fill as wrap

try:
    LSTMClassifier(mask_value=-1.0).fit(padded, kinds)
except ValueError as error:
    print(wrap(str(error)))

# %%
# If the network has no ``mask_value``, it gives a warning and treats the padding as data:

import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    LSTMClassifier(epochs=1).fit(padded, kinds)
print(wrap(str(caught[0].message)))

# %%
# Choose the mask value
# ---------------------
#
# Choose a value that does not fill all features of any timestep before padding. The padder checks
# this. If it finds such a timestep, the error message gives the position of the sequence and
# suggests an unused value. NaN is refused, because NaN does not equal itself. A value is also
# refused if the dtype of the sequences cannot represent it, because the padder keeps the dtype: 0.5
# cannot be stored in an integer array.

for sequences, mask_value in (
    ([[3.0, 1.0], [1.0, 0.0, 2.0]], 0.0),
    ([[3.0, 1.0], [1.0, 0.0, 2.0]], np.nan),
    ([[3, 1], [1, 0, 2]], 0.5),
):
    try:
        SequencePadder(mask_value=mask_value).fit(sequences)
    except ValueError as error:
        print(wrap(f"• {error}"))

# %%
# The padder compares values in single precision, as networks do. In single precision, 0.1 and 0.1 +
# 1e-10 are equal.
#
# Supported inputs
# ----------------
#
# The list can contain arrays, lists, tuples and DataFrames of shape (timesteps, features).
# One-dimensional sequences have one feature. The list can also be an object array or a Series. A
# numeric array is read as sequences of equal length: an array of shape (n, timesteps) has one
# feature, an array of shape (n, timesteps, features) has several.
#
# An entry of the list raises an error if it is not a sequence, is empty, or has different features
# than the first sequence. The error message gives the position of the entry:

for sequences in (
    [[1.0, 2.0], 3.0],
    [[1.0, 2.0], []],
    [gestures[0], gestures[1][:, :2]],
    [pd.DataFrame({"x": [1.0], "y": [2.0]}), pd.DataFrame({"y": [2.0], "x": [1.0]})],
):
    try:
        SequencePadder().fit(sequences)
    except ValueError as error:
        print(wrap(f"• {error}"))

# %%
# Convert back to a list
# ----------------------
#
# ``inverse_transform`` returns a list again. The padder removes the padding, but cannot restore
# truncated timesteps. ``PerTimestep`` restores the original units, if its transformer has an
# ``inverse_transform``.

preparation = make_pipeline(PerTimestep(StandardScaler()), SequencePadder())
restored = preparation.inverse_transform(preparation.fit_transform(gestures))
print(all(np.allclose(new, old) for new, old in zip(restored, gestures, strict=True)))

# %%
# For rows that hold whole sequences of equal length, see :doc:`classification`. If every timestep
# has a label, see :doc:`every_step`. :doc:`own_network` describes more features of the estimators.
