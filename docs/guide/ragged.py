"""
Ragged sequences
================

Utterances, sessions, gestures, trips: one sample is one sequence, and no two are equally long.
They stay a list, y has one entry for each, and the network skips what fills the shorter ones up.
"""

# %%
# Gestures on a touchpad
# ----------------------
#
# The data are made up, and drawn from a seed. A touchpad reports a finger fifty times a second:
# its place in millimetres and how hard it presses, in grams. A gesture is a circle to the left, a
# circle to the right, or a swipe to and fro. It begins anywhere on its path and takes between 12
# and 40 readings.

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
# Each array is (timesteps, features). :func:`~skl_lstm.inspection.to_frame` puts them into one
# table, with a row for every time step of every sample.

from skl_lstm.inspection import to_frame

to_frame(gestures, feature_names=FEATURES)

# %%
# From a list to a prediction
# ---------------------------
#
# Three steps, whose order makes the statistics right:
#
# 1. :class:`~skl_lstm.PerTimestep` fits a transformer of rows, such as a scaler or PCA, to the
#    steps of all training sequences, one after the other. There is no padding yet that could shift
#    a mean.
# 2. :class:`~skl_lstm.SequencePadder` fills the shorter sequences up with ``mask_value``. What
#    comes out is one array of (samples, timesteps, features).
# 3. The network skips the steps that hold ``mask_value`` in every feature.

from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import LSTMClassifier, PerTimestep, SequencePadder

network = LSTMClassifier(mask_value=0.0, learning_rate=0.01, epochs=25, random_state=0)
pipeline = make_pipeline(PerTimestep(StandardScaler()), SequencePadder(), network)

folds = StratifiedKFold(3, shuffle=True, random_state=0)
scores = cross_val_score(pipeline, gestures, kinds, cv=folds)
print(f"LSTM: accuracy {scores.mean():.2f}")

# %%
# The baseline reads one row a gesture: length, extremes, mean, spread, first and last reading of
# every feature. Chance is a third.


def summarize(gesture):
    ends = [*gesture[0], *gesture[-1], *gesture.min(0), *gesture.max(0)]
    return [len(gesture), *ends, *gesture.mean(0), *gesture.std(0)]


forest = RandomForestClassifier(random_state=0)
scores = cross_val_score(forest, [summarize(g) for g in gestures], kinds, cv=folds)
print(f"random forest on summaries: accuracy {scores.mean():.2f}")

# %%
# Which way round a circle went is in the order of the readings, and the summaries have lost it.
# Somebody who knows gestures could compute the area that a path encloses, with its sign, and need
# no network. The network was not told what to look for.
#
# Before the padding and after
# ----------------------------
#
# These are four gestures as the padder gets them, scaled and each as long as it is:

from skl_lstm.inspection import plot_sequences

scaled = PerTimestep(StandardScaler()).fit_transform(gestures)
_ = plot_sequences(scaled, feature_names=FEATURES, samples=[0, 1, 2, 4])

# %%
# And as the network gets them. What is shaded is padding:

padder = SequencePadder()
padded = padder.fit_transform(scaled)
print("(samples, timesteps, features):", padded.shape)
_ = plot_sequences(padded, feature_names=FEATURES, samples=[0, 1, 2, 4])

# %%
# Padding stands behind the last step, or with ``padding="pre"`` before the first. Sequences that
# are longer than any in ``fit`` are cut, at the end that ``truncating`` says: give ``timesteps`` if
# longer ones are to come. On a GPU, Keras' fast kernel for LSTM and GRU takes masks only behind the
# steps, which is the default, ``padding="post"``.
#
# What happens if padding is scaled
# ---------------------------------
#
# It is often done the other way round: fill up with zeros, then scale. The zeros are then taken
# for readings. Every mean moves towards zero, and every scale is that of a mixture.
# (``keras.utils.pad_sequences`` also needs its ``dtype``, or it cuts all readings to whole numbers.
# ``SequencePadder`` keeps theirs.)

import keras
import pandas as pd


def fill(sequences, timesteps):
    return keras.utils.pad_sequences(
        sequences,
        maxlen=timesteps,
        dtype="float64",
        padding="post",
    )


zero_filled = fill(gestures, timesteps=40)
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
# Worse, the padding is no longer zero, so that a network with ``mask_value=0.0`` skips nothing:

print("padding once scaled:", scaler_of_all.transform(np.zeros((1, 3))).round(2))

# %%
# It reads the padding as part of the gesture, and its answer depends on how much there is. Here are
# the same gestures filled up to 40 steps, as in ``fit``, and to 80:


def fill_and_scale(sequences, timesteps):
    filled = fill(sequences, timesteps)
    return scaler_of_all.transform(filled.reshape(-1, 3)).reshape(filled.shape)


wrong = fill_and_scale(gestures, 40)
misled = network.fit(wrong, kinds)
as_trained = misled.predict_proba(wrong)
longer = misled.predict_proba(fill_and_scale(gestures, 80))
print(f"greatest difference {np.abs(longer - as_trained).max():.2f}")
print(np.sum(longer.argmax(1) != as_trained.argmax(1)), "gestures become others")

# %%
# It also has to carry what it has read through all the steps behind it. On the folds of above, the
# same network comes less far:

scores = cross_val_score(network, wrong, kinds, cv=folds)
print(f"LSTM, scaled padding: accuracy {scores.mean():.2f}")

# %%
# Behind the padder, ``PerTimestep`` is safe. The padded array knows its ``mask_value``, so padding
# is neither fitted to nor changed. An array that others have padded is all data.

behind = make_pipeline(SequencePadder(), PerTimestep(StandardScaler())).fit(gestures)
print(np.allclose(behind[-1].transformer_.mean_, scaler_of_steps.mean_))

# %%
# The same prediction, alone and padded
# -------------------------------------
#
# A network that skips padding gives a sequence the same output alone and padded to any length, on
# either side. This holds for LSTM, GRU and simple recurrent layers, stacked or bidirectional, and
# behind convolutions too. What is left, if anything, is rounding.

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
# ``mask_value`` stands in two places, and they cannot disagree unnoticed. An
# :class:`~skl_lstm.LSTMClassifier` or :class:`~skl_lstm.LSTMRegressor` refuses an array whose
# padding is marked by another value:

from textwrap import fill as wrap

try:
    LSTMClassifier(mask_value=-1.0).fit(padded, kinds)
except ValueError as error:
    print(wrap(str(error)))

# %%
# With no ``mask_value`` at all it warns, and reads the padding as data:

import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    LSTMClassifier(epochs=1).fit(padded, kinds)
print(wrap(str(caught[0].message)))

# %%
# Which mask value
# ----------------
#
# One that no step has in every feature, once scaled. The padder looks, and where it finds one it
# names the sequence and proposes a free value. NaN is refused, as it equals nothing, and so is a
# value that the dtype of the sequences cannot hold: the dtype is kept, 0.5 stays 0.5.

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
# It compares in single precision, as networks do, in which 0.1 and 0.1 + 1e-10 are the same.
#
# What may be in the list
# -----------------------
#
# Arrays, lists, tuples and DataFrames of (timesteps, features), or one-dimensional ones, of one
# feature. The list may be an object array or a Series. An array is read as equally long sequences:
# (n, timesteps) of one feature each, (n, timesteps, features) of several.
#
# What is not a sequence, is empty, or has other features than the first is refused by its number:

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
# Back to the list
# ----------------
#
# ``inverse_transform`` gives the list back: the padder's without the padding (what ``truncating``
# cut is gone), that of ``PerTimestep`` in the old units where its transformer has one.

preparation = make_pipeline(PerTimestep(StandardScaler()), SequencePadder())
restored = preparation.inverse_transform(preparation.fit_transform(gestures))
print(all(np.allclose(new, old) for new, old in zip(restored, gestures, strict=True)))

# %%
# Rows that hold whole sequences of one length are the matter of :doc:`classification`. What else
# an estimator does with its network says :doc:`own_network`.
