"""
Classification
==============

Every row of a table holds one whole sequence, and each sequence has a class. The rows are reshaped
inside a Pipeline, and the LSTM behind it is a classifier like any other of scikit-learn.
"""

# %%
# An image, read line by line
# ---------------------------
#
# scikit-learn's handwritten digits are images of 8 by 8 pixels, flattened to 64 columns. Read from
# the top, an image is 8 time steps of 8 features: a step is a line, a feature is the ink in one of
# its pixels. :class:`~skl_lstm.SequenceReshaper` gives the rows these axes.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skl_lstm import SequenceReshaper
from skl_lstm.inspection import plot_sequences

X, y = load_digits(return_X_y=True)
sequences = SequenceReshaper(features=8).fit_transform(X)
print("table", X.shape, "to (samples, timesteps, features)", sequences.shape)

# %%
# One sample of every class. Every line is one of the eight pixels, followed down the image:

digits, first = np.unique(y, return_index=True)
pixels = [f"pixel {number}" for number in range(8)]
axes = plot_sequences(sequences, samples=first, feature_names=pixels)
for ax, digit in zip(axes, digits, strict=True):
    ax.set_title(f"a {digit}")

# %%
# Does it need an LSTM?
# ---------------------
#
# The Pipeline takes the table, so that any other classifier can be scored on the same rows and
# folds. Two of them read the 64 columns as they are.

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skl_lstm import LSTMClassifier

lstm = make_pipeline(
    MinMaxScaler(),
    SequenceReshaper(features=8),
    LSTMClassifier(learning_rate=0.01, epochs=15, random_state=0),
)
candidates = {
    "LSTM": lstm,
    "logistic regression": make_pipeline(
        MinMaxScaler(),
        LogisticRegression(solver="newton-cholesky"),
    ),
    "nearest neighbours": KNeighborsClassifier(),
}
folds = StratifiedKFold(3, shuffle=True, random_state=0)
scores = {name: cross_val_score(model, X, y, cv=folds).mean() for name, model in candidates.items()}
pd.DataFrame({"accuracy": scores}).round(3)

# %%
# It does not. The nearest neighbours come out ahead: each pixel stands in a column of its own, so
# the flat table has lost nothing that an LSTM could find. Sequences in which the same thing happens
# now earlier, now later are another matter: :doc:`ragged` and :doc:`own_network` have such data.
# The digits serve here to show what a classifier can do, and the baseline costs two lines.
#
# Probabilities, and when to stop
# -------------------------------
#
# ``patience=5`` stops after five epochs without a lower loss, and restores the best weights. It
# watches the loss of ``validation_split``, which are the last rows, if that is set, and else the
# training loss. So rows that are sorted by class have to be shuffled, as ``train_test_split`` does.

X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

stopping = {"epochs": 60, "patience": 5, "validation_split": 0.2}
lstm[-1].set_params(**stopping)
lstm.fit(X_train, y_train)
print(f"{lstm[-1].n_iter_} epochs, accuracy {lstm.score(X_test, y_test):.3f}")

history = lstm[-1].history_
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.plot(history["loss"], color="#0072B2", label="training rows")
ax.plot(history["val_loss"], color="#D55E00", label="validation_split")
ax.axvline(np.argmin(history["val_loss"]), color="0.6", linestyle=":", label="kept")
ax.set(xlabel="epoch", ylabel="loss", yscale="log")
_ = ax.legend()

# %%
# ``predict_proba`` has a column for each of ``classes_``, in their order. These are the three test
# rows that the network is least sure of:

probabilities = lstm.predict_proba(X_test)
doubtful = probabilities.max(axis=1).argsort()[:3]
table = pd.DataFrame(probabilities[doubtful], columns=lstm.classes_)
table.round(2).assign(truth=y_test[doubtful])

# %%
# scikit-learn's displays take the Pipeline as it is:

from sklearn.metrics import ConfusionMatrixDisplay

_ = ConfusionMatrixDisplay.from_estimator(lstm, X_test, y_test, colorbar=False)

# %%
# A rare class
# ------------
#
# Now the question is only whether a digit is an eight. One in ten is. ``class_weight="balanced"``
# weighs the classes inversely to their frequency, a dictionary ``{label: weight}`` as it says.

from sklearn.metrics import log_loss, precision_score, recall_score

labels = np.where(y_train == 8, "eight", "other")
test_labels = np.where(y_test == 8, "eight", "other")
eights = make_pipeline(
    MinMaxScaler(),
    SequenceReshaper(features=8),
    LSTMClassifier(16, learning_rate=0.005, epochs=10, random_state=0),
)


def describe(model):
    found, chance = model.predict(X_test), model.predict_proba(X_test)
    return {
        "recall": recall_score(test_labels, found, pos_label="eight"),
        "precision": precision_score(test_labels, found, pos_label="eight"),
        "mean probability": chance[:, 0].mean(),
        "log loss": log_loss(test_labels, chance),
    }


results = {}
for weight in (None, "balanced"):
    eights.set_params(lstmclassifier__class_weight=weight).fit(X_train, labels)
    results[f"class_weight={weight}"] = describe(eights)
pd.DataFrame(results).round(3)

# %%
# With the weights the network finds more of the eights, and more of what it finds is none. Which is
# better depends on what a miss costs. The probabilities pay for it: on average they are far above
# the share of eights, so they are no longer chances.
#
# An estimator like any other
# ---------------------------
#
# ``CalibratedClassifierCV`` puts the probabilities right. It fits the Pipeline on folds, and maps
# what comes out to what was true:

from sklearn.calibration import CalibratedClassifierCV

calibrated = CalibratedClassifierCV(eights, cv=3).fit(X_train, labels)
print(f"share of eights: {np.mean(test_labels == 'eight'):.3f}")
pd.DataFrame(
    {"balanced": results["class_weight=balanced"], "calibrated": describe(calibrated)}
).round(3)

# %%
# Now that a probability is a chance again, a row counts as an eight only where that is likelier
# than not, and the recall falls. ``TunedThresholdClassifierCV`` is for whoever wants another
# threshold.
#
# A search takes any scorer, ``roc_auc`` too, and stratified folds. The grid may reach into the
# reshaper: with ``order="F"`` the first eight columns are one feature at eight time steps, and the
# image is read from left to right instead of from the top.

from sklearn.model_selection import GridSearchCV

grid = {"lstmclassifier__units": [8, 16], "sequencereshaper__order": ["C", "F"]}
search = GridSearchCV(eights, grid, scoring="roc_auc", cv=folds).fit(X_train, labels)


def short_name(parameter):
    return parameter.split("__")[-1]


print(f"best on the test rows: {search.score(X_test, test_labels):.3f}")

table = pd.DataFrame(search.cv_results_["params"]).rename(columns=short_name)
table.assign(**{"ROC AUC": search.cv_results_["mean_test_score"].round(3)})

# %%
# A ``VotingClassifier`` averages the probabilities of an LSTM and of classifiers that know nothing
# of time. Each member gets the same table and prepares it for itself.

from sklearn.ensemble import VotingClassifier

lstm[-1].set_params(epochs=15, patience=None, validation_split=0.0)
vote = VotingClassifier(list(candidates.items()), voting="soft").fit(X_train, y_train)
for name, member in vote.named_estimators_.items():
    print(f"{name:20} {member.score(X_test, y_test):.3f}")
print(f"{'together':20} {vote.score(X_test, y_test):.3f}")

# %%
# All this asks of a classifier that scikit-learn knows it for one. What a Keras network needs for
# that is in :class:`~skl_lstm.SequenceClassifier` too, for a network of your own:
# :doc:`own_network`.
