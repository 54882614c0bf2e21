"""
Classification
==============

In this example, every row of a table holds one whole sequence, and each sequence has a class. A
Pipeline reshapes the rows to sequences. The LSTM at the end of the Pipeline is a scikit-learn
classifier.
"""

# %%
# Read an image line by line
# --------------------------
#
# scikit-learn's handwritten digits are images of 8 by 8 pixels, flattened to 64 columns. An image
# can be read from top to bottom as a sequence of 8 timesteps with 8 features. Each timestep is one
# line of the image. Each feature is the darkness of one pixel in that line.
# :class:`~skl_lstm.SequenceReshaper` turns the rows into an array with these axes.

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
# The next cell plots one sample of every class. Each curve shows one of the eight pixels of a line,
# from the top of the image to the bottom:

digits, first = np.unique(y, return_index=True)
pixels = [f"pixel {number}" for number in range(8)]
axes = plot_sequences(sequences, samples=first, feature_names=pixels)
for ax, digit in zip(axes, digits, strict=True):
    ax.set_title(f"a {digit}")

# %%
# Is an LSTM needed?
# ------------------
#
# The input of the Pipeline is the table. Other classifiers can therefore be scored on the same rows
# and folds. Two of them serve as baselines and read the 64 columns directly. The LSTM needs no
# scaler, because it standardizes its features itself.

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skl_lstm import LSTMClassifier

lstm = make_pipeline(
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
# No LSTM is needed here. Nearest neighbours has the highest accuracy. Each pixel has its own
# column, so the flat table contains all the information that an LSTM could use. An LSTM is more
# useful if the same event can happen earlier or later in a sequence: :doc:`ragged` and
# :doc:`own_network` use such data. :doc:`/accuracy` shows both cases on published data sets. On
# this page, the digits only show the features of a classifier. The baselines are still worth
# computing, because they take only a few lines.
#
# Early stopping and probabilities
# --------------------------------
#
# With ``patience=5``, training stops after five epochs without a lower loss and restores the best
# weights. If ``validation_split`` is set, the monitored loss is that of the validation rows, which
# are the last rows. Otherwise it is the training loss. Because the last rows are used, rows sorted
# by class must be shuffled first. ``train_test_split`` does this.

X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

stopping = {"epochs": 60, "patience": 5, "validation_split": 0.2}
lstm[-1].set_params(**stopping)
lstm.fit(X_train, y_train)
print(f"{lstm[-1].n_iter_} epochs, accuracy {lstm.score(X_test, y_test):.3f}")

history = lstm[-1].history_
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.plot(history["loss"], color="#0072B2", label="training rows")
ax.plot(history["val_loss"], color="#D55E00", label="validation_split")
ax.axvline(np.argmin(history["val_loss"]), color="0.6", linestyle=":", label="best epoch")
ax.set(xlabel="epoch", ylabel="loss", yscale="log")
_ = ax.legend()

# %%
# ``predict_proba`` returns one column per class, in the order of ``classes_``. The next cell shows
# the three test rows with the least certain predictions:

probabilities = lstm.predict_proba(X_test)
doubtful = probabilities.max(axis=1).argsort()[:3]
table = pd.DataFrame(probabilities[doubtful], columns=lstm.classes_)
table.round(2).assign(truth=y_test[doubtful])

# %%
# The display classes of scikit-learn accept the Pipeline:

from sklearn.metrics import ConfusionMatrixDisplay

_ = ConfusionMatrixDisplay.from_estimator(lstm, X_test, y_test, colorbar=False)

# %%
# A rare class
# ------------
#
# The task is now to detect the digit eight. One in ten digits is an eight.
# ``class_weight="balanced"`` weights the classes inversely to their frequency. A dictionary
# ``{label: weight}`` sets the weights directly.

from sklearn.metrics import check_scoring, make_scorer, precision_score, recall_score

labels = np.where(y_train == 8, "eight", "other")
test_labels = np.where(y_test == 8, "eight", "other")
eights = make_pipeline(
    SequenceReshaper(features=8),
    LSTMClassifier(16, learning_rate=0.005, epochs=10, random_state=0),
)


scores_of = check_scoring(
    scoring={
        "recall": make_scorer(recall_score, pos_label="eight"),
        "precision": make_scorer(precision_score, pos_label="eight"),
        "negative log loss": "neg_log_loss",
    }
)
results = {}
for weight in (None, "balanced"):
    eights.set_params(lstmclassifier__class_weight=weight).fit(X_train, labels)
    results[f"class_weight={weight}"] = {
        **scores_of(eights, X_test, test_labels),
        "mean probability": eights.predict_proba(X_test)[:, 0].mean(),
    }
pd.DataFrame(results).round(3)

# %%
# With class weights, the network finds more of the eights, but more of the rows that it classifies
# as eights are other digits. Which is better depends on the cost of a missed eight. The class
# weights also distort the probabilities: on average, they are above the share of eights, so they
# are no longer correct probabilities.
#
# Use it with other tools of scikit-learn
# ---------------------------------------
#
# ``CalibratedClassifierCV`` corrects the probabilities. It fits the Pipeline on folds, and learns
# how to map the predicted probabilities to the true classes:

from sklearn.calibration import CalibratedClassifierCV

calibrated = CalibratedClassifierCV(eights, cv=3).fit(X_train, labels)
results["calibrated"] = {
    **scores_of(calibrated, X_test, test_labels),
    "mean probability": calibrated.predict_proba(X_test)[:, 0].mean(),
}
print(f"share of eights: {np.mean(test_labels == 'eight'):.3f}")
pd.DataFrame(results)[["class_weight=balanced", "calibrated"]].round(3)

# %%
# After calibration, a row is classified as an eight only if its probability is above one half, so
# the recall decreases. To use another threshold, see ``TunedThresholdClassifierCV``.
#
# A search accepts any scorer, including ``roc_auc``, and stratified folds. The grid can also
# include parameters of the reshaper. With ``order="F"``, the first eight columns are one feature at
# eight timesteps, so the image is read from left to right instead of from top to bottom.

from sklearn.model_selection import GridSearchCV

grid = {"lstmclassifier__units": [8, 16], "sequencereshaper__order": ["C", "F"]}
search = GridSearchCV(eights, grid, scoring="roc_auc", cv=folds).fit(X_train, labels)
print(f"best on the test rows: {search.score(X_test, test_labels):.3f}")

table = pd.DataFrame(search.cv_results_["params"])
table.columns = ["units", "order"]
table.assign(**{"ROC AUC": search.cv_results_["mean_test_score"].round(3)})

# %%
# A ``VotingClassifier`` averages the probabilities of an LSTM and of classifiers that ignore time.
# Each member receives the same table and does its own preprocessing.

from sklearn.ensemble import VotingClassifier

lstm[-1].set_params(epochs=15, patience=None, validation_split=0.0)
vote = VotingClassifier(list(candidates.items()), voting="soft").fit(X_train, y_train)
for name, member in vote.named_estimators_.items():
    print(f"{name:20} {member.score(X_test, y_test):.3f}")
print(f"{'voting':20} {vote.score(X_test, y_test):.3f}")

# %%
# These tools only need to recognise the estimator as a scikit-learn classifier.
# :class:`~skl_lstm.SequenceClassifier` provides the same for your own Keras network, as shown in
# :doc:`own_network`.
