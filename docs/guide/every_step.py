"""
A label for every time step
===========================

In some tasks, every time step has a label: a sleep stage for every half minute of a night, the
state of a machine in every second, the type of every note in a song.
:class:`~skl_lstm.LSTMStepClassifier` takes a list of sequences and a list of labels, and returns a
list of labels. :class:`~skl_lstm.LSTMStepRegressor` does the same for numbers.
"""

# %%
# In Keras, the network for this task is a recurrent layer with ``return_sequences=True``. If the
# sequences differ in length, you pad X and y to one length, and use masks and sample weights to
# keep the padding out of the loss and out of every metric. Here, neither X nor y is padded. The
# estimators take these shapes:
#
# .. list-table::
#    :header-rows: 1
#
#    * -
#      - type
#      - shape of item i
#    * - X
#      - list of arrays
#      - (timesteps_i, features)
#    * - y
#      - list of arrays
#      - (timesteps_i,)
#    * - ``predict(X)``
#      - list of arrays
#      - (timesteps_i,)
#    * - ``predict_proba(X)``
#      - list of arrays
#      - (timesteps_i, classes)
#
# If all sequences have the same length, X and y can be arrays of shape (samples, timesteps,
# features) and (samples, timesteps).
#
# The notes of a Bengalese finch
# ------------------------------
#
# The song of a Bengalese finch is a sequence of short notes. In the data of this page, every note
# in 135 recordings of one bird is labelled with its type. The file is part of the wheel of
# crowsetta, a package for annotations of animal sounds. ``pip install --no-deps crowsetta``
# installs it. This page only reads the file, and does not import the package. The source is T.
# Koumura, *BirdsongRecognition*, 2016, https://doi.org/10.6084/m9.figshare.3470165. T. Koumura and
# K. Okanoya describe the data in *PLoS ONE* 11(7), e0159188, 2016.
#
# The file gives the start, the length and the type of each note. ``pause`` is the time since the
# end of the note before. For the first note, it is the time since the beginning of the recording.
# The file numbers the types. This page uses letters, because their order has no meaning. The file
# does not contain the sampling rate. The page assumes 32 kHz. Another rate would shift the
# logarithms by a constant, and change no result.

import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

folder = Path(find_spec("crowsetta").submodule_search_locations[0], "examples")
rows = [
    (
        int(song.findtext("WaveFileName").strip().removesuffix(".wav")),
        int(song.findtext("Position")) + int(note.findtext("Position")),
        int(note.findtext("Length")),
        "abcdefghi"[int(note.findtext("Label"))],
    )
    for song in ET.parse(folder / "Annotation.xml").iter("Sequence")
    for note in song.iter("Note")
]
notes = pd.DataFrame(rows, columns=["recording", "start", "duration", "label"])
notes = notes.sort_values(["recording", "start"], ignore_index=True)
notes[["start", "duration"]] /= 32  # samples to milliseconds, at 32 kHz
stop = notes["start"] + notes["duration"]
notes["pause"] = notes["start"] - stop.groupby(notes["recording"]).shift(fill_value=0)
notes.head()

# %%
# A time step is one note. It has two features, the logarithms of its duration and of the pause
# before it. A sequence is one recording:

FEATURES = ["log2 duration", "log2 pause"]
notes[FEATURES] = np.log2(notes[["duration", "pause"]])
recordings = [part for _, part in notes.groupby("recording")]
X = [part[FEATURES].to_numpy() for part in recordings]
y = [part["label"].to_numpy() for part in recordings]

lengths = [len(labels) for labels in y]
print(len(X), "recordings of", min(lengths), "to", max(lengths), "notes,", sum(lengths), "notes")
print("first recording: X", X[0].shape, "y", y[0].shape)
notes.groupby("label").agg(
    notes=("label", "size"),
    median_duration=("duration", "median"),
    median_pause=("pause", "median"),
).T.round()

# %%
# Some types differ clearly, such as f with its short pause. Others, such as a, b and c, have
# similar durations and pauses.
#
# Baselines: each note as a row
# -----------------------------
#
# The first baseline is a classifier of rows. It sees the two features of one note, and nothing of
# the notes around it. Notes of one recording are not independent, so the folds are by recording:
# all notes of a recording are either in the training rows or in the test rows. ``folds`` splits the
# recordings, and ``row_folds`` has the rows of the same splits.

from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import KFold, cross_validate

folds = KFold(5)
recording_of_row = np.repeat(np.arange(len(X)), lengths)
row_folds = [
    tuple(np.flatnonzero(np.isin(recording_of_row, part)) for part in split)
    for split in folds.split(X)
]

# %%
# The labels are not equally frequent, so accuracy alone says little about the rare ones. Balanced
# accuracy is the mean of the recalls of all labels. Macro F1 is the mean of their F1 scores.

forest = RandomForestClassifier(50, min_samples_leaf=5, random_state=0)
metrics = {"accuracy": "accuracy", "balanced accuracy": "balanced_accuracy", "macro F1": "f1_macro"}
results = {
    "forest, single notes": cross_validate(
        forest, notes[FEATURES], notes["label"], cv=row_folds, scoring=metrics
    )
}

# %%
# The second baseline also sees the four notes before and the four notes after each note, as more
# columns. Notes before the beginning or after the end of a recording are missing values:

neighbours = notes.groupby("recording")[FEATURES].shift(range(-4, 5))
results["forest, 4 notes on both sides"] = cross_validate(
    forest, neighbours, notes["label"], cv=row_folds, scoring=metrics
)
print("columns:", neighbours.shape[1])

# %%
# An LSTM on whole recordings
# ---------------------------
#
# A bidirectional LSTM reads every recording in both directions, so it sees the whole recording at
# every note. The estimator standardizes the features, so no scaler is needed, and no
# :class:`~skl_lstm.SequencePadder`. There are 108 recordings to learn from, so with the default
# ``batch_size=32``, an epoch would be four gradient steps. The network below takes smaller batches
# and a larger learning rate.
#
# The scorers of scikit-learn take one label per row. With ``scoring="f1_macro"``, the scores of
# lists are NaN, with a warning. :func:`~skl_lstm.make_step_scorer` makes a scorer for lists from
# any of them. It puts the steps of all sequences end to end, so every note counts the same, in a
# short recording and in a long one. ``GridSearchCV`` and the other searches take them, too.

from skl_lstm import LSTMStepClassifier, make_step_scorer

lstm = LSTMStepClassifier(
    bidirectional=True, learning_rate=0.02, batch_size=16, epochs=20, random_state=0
)
step_metrics = {name: make_step_scorer(scoring) for name, scoring in metrics.items()}
results["LSTM, bidirectional"] = cross_validate(lstm, X, y, cv=folds, scoring=step_metrics)


def summarize(results):
    table = pd.DataFrame(results).loc[[f"test_{name}" for name in metrics]]
    mean = table.map(np.mean).T.round(3)
    return mean.set_axis(list(metrics), axis=1)


summarize(results)

# %%
# The notes around a note help more than the choice of the model. With them, the forest and the LSTM
# are both right for more than nine notes in ten, and their scores are nearly the same. For the
# forest, someone had to decide how many neighbours it sees, and to compute the columns. The LSTM
# reads recordings of any length as they are.
#
# Which labels gain?
# ------------------
#
# ``predict`` returns a list again. :func:`~skl_lstm.flatten_steps` puts the steps of true and
# predicted labels end to end, for scikit-learn's metrics and reports. The next cell holds out the
# recordings of the last fold:

from sklearn.metrics import classification_report

from skl_lstm import flatten_steps

train, test = list(folds.split(X))[-1]
X_train, y_train = [X[i] for i in train], [y[i] for i in train]
X_test, y_test = [X[i] for i in test], [y[i] for i in test]

lstm.fit(X_train, y_train)
predicted = lstm.predict(X_test)
print(f"accuracy {lstm.score(X_test, y_test):.3f}")
print(classification_report(*flatten_steps(y_test, predicted), digits=3))

# %%
# The next cell compares the recall of every label with that of the forest that sees single notes:

from sklearn.metrics import recall_score

forest.fit(np.concatenate(X_train), np.concatenate(y_train))
single = [forest.predict(features) for features in X_test]
pd.DataFrame(
    {
        name: recall_score(*flatten_steps(y_test, labels), average=None)
        for name, labels in {"single notes": single, "LSTM": predicted}.items()
    },
    index=lstm.classes_,
).T.round(2)

# %%
# Labels whose notes are unlike all others, such as f, were already found from single notes. The
# labels a, b and c, whose notes are similar, gain most.
#
# ``cross_val_predict`` returns the predictions for the test recordings of all folds. It joins them
# to one array, so it needs y as an object array, one array of labels per item. It returns labels,
# not probabilities:

from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_predict

of_all_folds = cross_val_predict(lstm, X, pd.Series(y).to_numpy(), cv=folds)
print(type(of_all_folds), of_all_folds.shape, "first recording:", of_all_folds[0].shape)
print(f"accuracy {accuracy_score(*flatten_steps(y, of_all_folds)):.3f}")

# %%
# The recordings are parts of the table in its order, so the predictions end to end are a column:

notes["predicted"] = np.concatenate(of_all_folds)
notes[["recording", "label", "predicted"]].head()

# %%
# :func:`~skl_lstm.inspection.plot_sequences` draws the labels of every step as strips of colour
# below the features. The third strip is black where the prediction is wrong. The next cell plots
# every eighth recording of the fold:

import matplotlib.pyplot as plt

from skl_lstm.inspection import plot_sequences

every_eighth = list(range(0, len(X_test), 8))
plot_sequences(X_test, y=y_test, y_pred=predicted, samples=every_eighth, feature_names=FEATURES)
plt.show()

# %%
# The labels follow each other in an order that is often, but not always, the same. This order is
# the context that a single note lacks.
#
# Labels while the bird sings
# ---------------------------
#
# A bidirectional network needs the whole recording. If each note is to be labelled while the bird
# sings, only the past is known. Without ``bidirectional``, the prediction for a step depends only
# on this step and the steps before it. The fair baseline sees the same: each note and the eight
# notes before it.

causal = LSTMStepClassifier(learning_rate=0.02, batch_size=16, epochs=20, random_state=0)
past = notes.groupby("recording")[FEATURES].shift(range(9))
live = {
    "forest, 8 notes before": cross_validate(
        forest, past, notes["label"], cv=row_folds, scoring=metrics
    ),
    "LSTM, causal": cross_validate(causal, X, y, cv=folds, scoring=step_metrics),
}
summarize(results | live)

# %%
# The scores are between those of single notes and those of both sides. The past helps, and the
# notes that follow help further. Measure with ``bidirectional=True`` only if the whole sequence is
# known at the time of the prediction.
#
# The next cell cuts the recordings of the fold after five notes. The labels of the causal network
# for these notes do not change. Those of the bidirectional network can change:

beginnings = [features[:5] for features in X_test]
for name, network in {"causal": causal.fit(X_train, y_train), "bidirectional": lstm}.items():
    whole, cut = network.predict(X_test), network.predict(beginnings)
    changed = sum(np.sum(a[:5] != b) for a, b in zip(whole, cut, strict=True))
    print(f"{name}: {changed} of {5 * len(X_test)} labels change")

# %%
# Steps without a label
# ---------------------
#
# Often, only a part of the steps is labelled. A step without a label is None, or NaN if the labels
# are numbers. The network reads these steps as context, but they count neither in training nor in
# the score. Nothing else changes. The next cell removes about a tenth of the labels:

rng = np.random.default_rng(0)
partly = [np.where(rng.random(len(labels)) < 0.1, None, labels) for labels in y]
print("first recording:", *partly[0][:12], "…")
print("labelled:", len(flatten_steps(partly)[0]), "of", sum(lengths))
summarize({"a tenth unlabelled": cross_validate(lstm, X, partly, cv=folds, scoring=step_metrics)})

# %%
# Rare labels
# -----------
#
# ``class_weight="balanced"`` gives the steps of a rare label a larger weight in the loss. The
# frequencies are counted over the labelled steps. For the networks of this page:

balanced = {
    f"{name}, balanced": cross_validate(
        network.set_params(class_weight="balanced"), X, y, cv=folds, scoring=step_metrics
    )
    for name, network in {"LSTM, bidirectional": lstm, "LSTM, causal": causal}.items()
}
summarize(results | live | balanced).filter(like="LSTM", axis=0)

# %%
# With the weights, the networks predict rare labels more often. The balanced accuracy of the causal
# network is higher, but its accuracy and its macro F1 are lower. The bidirectional network misses
# few notes of rare labels anyway. It gains next to nothing, and loses a little accuracy and macro
# F1. Use weights if missing a note of a rare label is worse than giving this label to another note.
#
# Folds by subject
# ----------------
#
# Each sequence is one sample for cross-validation, and ``cv=5`` means ``KFold(5)``: the folds are
# by recording. If several recordings are from one bird, one patient or one day, keep them together
# with ``groups``, which has one entry per sequence. The next cell pretends that every 27 recordings
# in a row are from one day:

from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, cross_val_score

lstm.set_params(class_weight=None)
day = np.arange(len(X)) // 27
scores = cross_val_score(lstm, X, y, groups=day, cv=GroupKFold(3))
print("accuracy of each fold:", scores.round(3))

# %%
# Without ``scoring``, the score is the accuracy over all steps. To stratify the folds, choose one
# label per sequence, and pass the splits as a list. Here, the label is whether type i occurs in the
# recording:

with_i = ["i" in labels for labels in y]
splits = list(StratifiedGroupKFold(3).split(X, with_i, groups=day))
scores = cross_val_score(lstm, X, y, cv=splits)
print("accuracy of each fold:", scores.round(3))

# %%
# A number for every time step
# ----------------------------
#
# :class:`~skl_lstm.LSTMStepRegressor` takes y in the same form. Here, it predicts the next pause at
# every note, as a logarithm. The last note has no next pause, so its target is NaN. The next pause
# is a feature of the next note. The network must not see this note, so it is not bidirectional.

from skl_lstm import LSTMStepRegressor

next_pause = [np.append(features[1:, 1], np.nan) for features in X]
regressor = LSTMStepRegressor(learning_rate=0.02, batch_size=16, epochs=20, random_state=0)
scores = cross_val_score(regressor, X, next_pause, cv=folds)
print("R² of each fold:", scores.round(2))

# %%
# ``score`` is R² over all steps that have a target. :func:`~skl_lstm.make_step_scorer` also takes
# the scorers of regressors, such as ``"neg_mean_absolute_error"``.
#
# For one label per sequence, see :doc:`ragged`. To predict the coming values of a series, see
# :doc:`several_steps`.
