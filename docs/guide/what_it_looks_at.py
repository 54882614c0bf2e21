"""
What does it look at?
=====================

A network reads a window of several features. Which of them does it use, and how far back? This
page measures it by permutation importance, and shows what the numbers do not say.
"""

# %%
# How the importance of a value is measured
# -----------------------------------------
#
# Take the values of one feature at one timestep, and exchange them at random between the samples.
# The feature now has the right distribution, but in the wrong samples. If the model uses it, the
# score becomes worse. The difference is the importance.
#
# ``sklearn.inspection.permutation_importance`` does this for the columns of a table. It takes no
# array of three axes. For a Pipeline with a windower, it would exchange the values of a column
# between the rows of the table, and so at all timesteps of all windows at once.
# :func:`~skl_lstm.inspection.sequence_importance` takes the same Pipeline, transforms the table
# once, and exchanges values in the windows.
#
# In the first example, the answer is known. The target is the column ``b`` three steps back, plus
# noise. The first 1500 rows train the network, the others measure the importance:

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower
from skl_lstm.inspection import sequence_importance

rng = np.random.default_rng(0)
hours = pd.date_range("2025-01-01", periods=2000, freq="h", name="hour")
table = pd.DataFrame(rng.normal(size=(2000, 3)), hours, columns=["a", "b", "c"])
target = table["b"].shift(3, fill_value=0) + rng.normal(0, 0.3, 2000)

model = make_pipeline(
    SequenceWindower(timesteps=8),
    LSTMRegressor(16, learning_rate=0.01, epochs=20, random_state=0),
)
model.fit(table[:1500], target[:1500])

result = sequence_importance(model, table[1500:], target[1500:], random_state=0)
cells = pd.DataFrame(result.importances_mean, result.timesteps, result.feature_names)
cells.rename_axis("steps back").round(3)

# %%
# Step 0 is the last row of the window. The importance of ``b`` three steps back is by far the
# largest. The next cell compares the sum of all importances with the score:

print(f"R² of the held-out rows: {result.score:.2f}")
print(f"sum of the importances:  {result.importances_mean.sum():.2f}")

# %%
# The sum is about twice the score. An exchange takes away what the value explains, and adds just as
# much of another sample, which is an error. This holds for R² and for squared errors, if the model
# adds up independent values. It is one reason to compare importances only with each other.
#
# A river that remembers
# ----------------------
#
# The second example is the river of :doc:`look_back`. The weather was measured in Seattle. The
# river is simulated: its basin keeps 93 % of its water from one day to the next, takes up the rain,
# and loses more water on warm days. The network reads 42 days of rain and temperature, and
# forecasts the level of the next day:

from skl_lstm import leads
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather()[["precipitation", "temp_max"]]

water, levels = 0.0, []
for rain, warmth in weather.to_numpy():
    levels.append(0.5 + 0.1 * max(water - 15, 0) + rng.normal(0, 0.1))
    water = max(0.93 * water + rain - 0.08 * max(warmth - 5, 0), 0)

y = leads(pd.DataFrame({"level": levels}, weather.index), "level")
X = weather.loc[y.index]

X_train, X_test = X[:"2014"], X["2015":]
y_train, y_test = y[:"2014"], y["2015":]

lstm = make_pipeline(
    SequenceWindower(timesteps=42),
    LSTMRegressor(16, learning_rate=0.01, epochs=20, random_state=0),
)
lstm.fit(X_train, y_train)
print(f"R² of the held-out year: {lstm.score(X_test, y_test):.2f}")

# %%
# :class:`~skl_lstm.inspection.ImportanceDisplay` draws the importances over the look-back. Here,
# the score is the root mean squared error. An importance is the amount by which the error grows, in
# the units of the level:

import matplotlib.pyplot as plt

from skl_lstm.inspection import ImportanceDisplay

options = {"scoring": "neg_root_mean_squared_error", "random_state": 0}
result = sequence_importance(lstm, X_test, y_test, **options)
print(f"RMSE of the held-out year: {-result.score:.2f}")

ImportanceDisplay.from_importances(result)
plt.show()

# %%
# The newest rain is the most important, and older rain matters less and less. The network has found
# that water stays in the basin for weeks. A look-back of one week would cut off much of it. Rain
# that is older than four weeks hardly matters.
#
# Neighbouring timesteps share their importance
# ---------------------------------------------
#
# The temperature seems to have hardly any importance. But it is part of the simulation, because
# warm days take water. The next cell exchanges the temperatures of all days together:

by_feature = sequence_importance(lstm, X_test, y_test, over="feature", **options)
importances = pd.DataFrame(
    {
        "all days together": by_feature.importances_mean,
        "sum of single days": result.importances_mean.sum(axis=0),
    },
    by_feature.feature_names,
)
importances.round(2)

# %%
# The temperature does matter: without it, the error more than doubles. There are two reasons why
# single days do not show this. A day of the temperature is like its neighbours, so the network can
# read from them what the exchange of one day removes. And each day has a small effect of the same
# sign. In a cold week these effects add up, because the days are cold together, and only the
# exchange of all days removes their sum. The rain of two days has less in common, so single days of
# rain have an importance. But even for the rain, the sum of the single days is not the importance
# of all days together.
#
# A cell without importance can therefore be one that the model does not read, one whose neighbours
# say the same, or one of many small effects. ``blocks`` exchanges neighbouring timesteps together.
# ``blocks=7`` joins weeks, counted from the last day backwards:

by_block = sequence_importance(lstm, X_test, y_test, blocks=7, **options)
cells = pd.DataFrame(by_block.importances_mean, by_block.timesteps, by_block.feature_names)
cells.rename_axis("days back").round(2)

# %%
# ``over="timestep"`` exchanges all features of a timestep or block together. The result is drawn as
# bars, with the standard deviation over the exchanges:

ImportanceDisplay.from_estimator(lstm, X_test, y_test, over="timestep", blocks=7, **options)
plt.show()

# %%
# Blocks of different lengths are possible, too. A list names the steps back at which a block
# begins: ``blocks=[1, 7, 28]`` is the last day, the 6 days before it, the 3 weeks before them, and
# all older days. Longer blocks contain more timesteps, so compare only blocks of the same length.
#
# Which rows?
# -----------
#
# The importance on held-out rows says what helps to predict new rows. On training rows, it also
# shows what the network has learnt by heart. The next network forecasts tomorrow's maximum
# temperature. It is large, and trained for too long. A column is added that cannot help: ``dice``,
# random numbers.

weather = load_seattle_weather().select_dtypes("number")
weather["dice"] = rng.normal(size=len(weather))
tomorrow = leads(weather, "temp_max")
rows = {"training rows": slice(None, "2014"), "held-out rows": slice("2015", None)}

overfitted = make_pipeline(
    SequenceWindower(timesteps=14),
    LSTMRegressor(32, learning_rate=0.01, epochs=60, random_state=0),
)
overfitted.fit(weather[:"2014"], tomorrow[:"2014"])

importances = pd.DataFrame()
for name, years in rows.items():
    X_of, y_of = weather.loc[tomorrow.index][years], tomorrow[years]
    result = sequence_importance(overfitted, X_of, y_of, over="feature", **options)
    print(f"RMSE of the {name}: {-result.score:.1f} °C")
    importances[name] = pd.Series(result.importances_mean, result.feature_names)
importances.round(1)

# %%
# On the training rows, the network recognizes the days by their random numbers: without them, its
# error is several times as large. On the held-out rows, they are of no use. Both numbers are right,
# and answer different questions. To see what matters, take rows that the network has not seen.
#
# And look at the score first. The importances say what the model uses. If its forecasts are bad,
# this says nothing about what the target depends on.
#
# An exchange makes days that do not exist
# ----------------------------------------
#
# An exchange keeps the distribution of a value, but not what it has in common with others. The next
# cell counts the windows in which one day is at least 10 °C warmer or colder than both of its
# neighbours, before and after an exchange of this day:

windows = np.asarray(lstm[0].transform(X_test))
before, day, after = windows[:, 19:22, 1].T
for name, values in {"as measured": day, "exchanged": rng.permutation(day)}.items():
    is_odd = (np.abs(values - before) >= 10) & (np.abs(values - after) >= 10)
    print(f"{name:12} {is_odd.mean():.1%}")

# %%
# The network has never seen such windows, so what it predicts for them is a guess. A large
# importance can come from this. Exchanges of blocks or of whole features create fewer of these
# windows, because the days inside a block stay together.
#
# Classes, lists, and other models
# --------------------------------
#
# The function takes all that predicts from sequences: classifiers, several outputs, searches, and
# other estimators behind a :class:`~skl_lstm.SequenceFlattener`. ``scoring`` is that of
# scikit-learn. Padding is known from :class:`~skl_lstm.SequencePadder`, or from the ``mask_value``
# of the estimator. A timestep is exchanged among the sequences that have it, and padding stays
# padding. If sequences are padded at the end, by ``padding="post"``, the timesteps are counted from
# the start, where all sequences have one.
#
# :class:`~skl_lstm.LSTMStepClassifier` and :class:`~skl_lstm.LSTMStepRegressor` read lists of
# sequences. If these differ in length, ``over="feature"`` exchanges a feature between all steps of
# all sequences. In the next example, the label of a step depends on the first feature at this step
# and at the step before:

from skl_lstm import LSTMStepClassifier, make_step_scorer

lengths = rng.integers(5, 30, size=120)
sequences = [rng.normal(size=(length, 3)) for length in lengths]
sums = [x[:, 0] + np.concatenate([[0], x[:-1, 0]]) for x in sequences]
labels = [np.where(total > 0, "up", "down") for total in sums]

classifier = LSTMStepClassifier(8, learning_rate=0.03, epochs=30, random_state=0)
classifier.fit(sequences[:80], labels[:80])
result = sequence_importance(
    classifier,
    sequences[80:],
    labels[80:],
    over="feature",
    scoring=make_step_scorer("balanced_accuracy"),
    random_state=0,
)
pd.Series(result.importances_mean, result.feature_names).round(2)

# %%
# What to do
# ----------
#
# - Look at the score first, and at the importances of rows that the model has not seen.
# - Begin with ``over="feature"`` and ``over="timestep"``, then look at single cells.
# - Do not drop a timestep or a feature because its cells have no importance. Exchange it together
#   with its neighbours, or train without it and compare the scores.
# - Compare importances with each other, and with their standard deviation. Importances around zero,
#   within their standard deviation, are chance. Clearly negative ones mean that the model predicts
#   better without the value.
