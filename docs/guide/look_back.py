"""
Tune the look-back without data leakage
=======================================

How many timesteps should a window have? A search over ``timesteps`` can answer this if its folds go
forwards in time. This page runs such a search, examines the edges of its folds, and measures the
effect of shuffled folds.
"""

# %%
# Data for which the look-back matters
# ------------------------------------
#
# The weather data are real measurements from Seattle. The river is simulated, so its behaviour is
# known. Its basin keeps 93 % of its water from one day to the next. The basin takes up the rain and
# loses more water on warm days. The level of the next day depends on the water of today. The
# network reads rain and temperature, but not the gauge of the river. How many days of weather does
# it need?

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather()[["precipitation", "temp_max"]]
rng = np.random.default_rng(0)

water, levels = 0.0, []
for rain, warmth in weather.to_numpy():
    water = max(0.93 * water + rain - 0.08 * max(warmth - 5, 0), 0)
    levels.append(0.5 + 0.1 * max(water - 15, 0) + rng.normal(0, 0.1))
tomorrow = pd.Series(levels, weather.index, name="level of the next day")

# %%
# Hold out the last rows first
# ----------------------------
#
# The last year is held out. The search does not use it. It is used once, at the end, to compute the
# final score. A score that was used to choose a model is slightly too good for the chosen model.
# This is also true for cross-validated scores.

X, y = weather[:-365], tomorrow[:-365]
X_tail, y_tail = weather[-365:], tomorrow[-365:]

# %%
# Search forwards in time
# -----------------------
#
# :class:`~skl_lstm.SequenceWindower` gives every row the window that ends at this row. The number
# of windows equals the number of rows for every look-back, so every candidate is scored on the same
# rows. If you cut windows by hand, ``timesteps - 1`` rows are lost. Each candidate then loses
# different rows, so their scores cannot be compared.
#
# ``TimeSeriesSplit`` trains on past rows and tests on the rows after them. The model will be used
# in the same way.

from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower

lstm = LSTMRegressor(16, learning_rate=0.01, epochs=20, random_state=0)
pipeline = make_pipeline(SequenceWindower(), lstm)
forwards = {"cv": TimeSeriesSplit(3), "scoring": "neg_root_mean_squared_error"}
look_backs = {"sequencewindower__timesteps": [1, 7, 14, 28, 42]}

search = GridSearchCV(pipeline, look_backs, **forwards).fit(X, y)

# %%
# The baselines use the same folds. Ridge regression reads the same windows, flattened and scaled,
# and its penalty is tuned too. Persistence predicts that tomorrow's level will be the same as
# today's. It reads the gauge, which the other two models do not use.

from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.preprocessing import FunctionTransformer, StandardScaler


def flatten(windows):
    return windows.reshape(len(windows), -1)


ridge = make_pipeline(SequenceWindower(), FunctionTransformer(flatten), StandardScaler(), Ridge())
penalties = {"ridge__alpha": [1, 10, 100]}
ridge_search = GridSearchCV(ridge, {**look_backs, **penalties}, **forwards).fit(X, y)

gauge = tomorrow.shift(1)  # today's level is the target of yesterday's row
folds = [test for _, test in forwards["cv"].split(X)]
persistence = [root_mean_squared_error(y.iloc[rows], gauge[y.index[rows]]) for rows in folds]


def by_look_back(search):
    table = pd.DataFrame(search.cv_results_)
    return -table.groupby("param_sequencewindower__timesteps")["mean_test_score"].max()


errors = pd.DataFrame({"LSTM": by_look_back(search), "ridge": by_look_back(ridge_search)})
errors["persistence"] = np.mean(persistence)
errors.rename_axis("timesteps").round(2)

# %%
# The table shows the RMSE by look-back, averaged over the folds. A look-back of one week is far too
# short, because today's water contains the rain of many weeks. With longer look-backs, the network
# still improves where ridge regression no longer does. If the best candidate is the last of the
# grid, the grid was too short, and a real search should include longer look-backs.
#
# The next cell scores the held-out year. ``search`` has refitted the best candidate on all rows of
# ``X``.

held_out = {
    "LSTM": search.predict(X_tail),
    "ridge": ridge_search.predict(X_tail),
    "persistence": gauge[-365:],
}
for name, forecast in held_out.items():
    print(f"{name:12} RMSE of the held-out year {root_mean_squared_error(y_tail, forecast):.2f}")

# %%
# The level of the river is not proportional to the rain, because a dry basin takes up the rain.
# Ridge regression is linear and cannot model this. The held-out error of the network is lower than
# its cross-validated error. The final network was trained on all of ``X``, but the network of the
# first fold only on a quarter of it:

for fold in range(3):
    error = -search.cv_results_[f"split{fold}_test_score"][search.best_index_]
    print(f"fold {fold}, {len(X) * (fold + 1) // 4} rows to learn from: RMSE {error:.2f}")

# %%
# The next cell plots the forecast of the held-out year:

from skl_lstm.inspection import ForecastDisplay

ForecastDisplay.from_estimator(search, X_tail, y_tail)
plt.show()

# %%
# Windows at the edge of a fold
# -----------------------------
#
# The first window of a test fold needs rows of the training fold. With DataFrames, ``fit`` keeps
# the last rows of every run of neighbouring rows. ``transform`` uses the dates to find the kept
# rows that come before the rows of the test fold. Every window of the test fold is therefore
# identical, bit for bit, to the window cut from the whole series.

whole = SequenceWindower(28).fit_transform(X)
for train, test in TimeSeriesSplit(3).split(X):
    tested = SequenceWindower(28).fit(X.iloc[train]).transform(X.iloc[test])
    print(len(tested), "windows, same as in the whole series:", np.array_equal(tested, whole[test]))

# %%
# Arrays have no dates. The rows of one call are consecutive, and no rows precede the first. The
# first windows of each test fold are therefore padded, although the rows before them are known.

for train, test in TimeSeriesSplit(3).split(X):
    rows = X.to_numpy()
    tested = SequenceWindower(28).fit(rows[train]).transform(rows[test])
    other = (tested != whole[test]).any(axis=(1, 2)).sum()
    print(len(tested), "windows,", other, "of them different from those of the whole series")

# %%
# Keep the rows in DataFrames up to the windower. By default, most transformers of scikit-learn
# return arrays. If one of them is before the windower, call its ``set_output(transform="pandas")``.

# %%
# Use a gap for several steps ahead
# ---------------------------------
#
# The rest of this page uses another example, with the weather only. The target is the mean maximum
# temperature of the next 28 days. :func:`~skl_lstm.make_supervised` returns a y with 28 columns,
# one per day. The target is their mean.
#
# The target of the last training row includes the first days of the test fold, up to 28 days. These
# days are not yet known when the first forecast of the test fold is made. ``gap=27``, the horizon
# minus one, removes the training rows with such targets.

from skl_lstm import make_supervised

horizon = 28
table = load_seattle_weather().select_dtypes("number")
X, y = make_supervised(table, timesteps=28, target="temp_max", horizon=horizon)
y = y.mean(axis=1)
X, X_tail = X[: -365 - horizon + 1], X[-365:]
y, y_tail = y[X.index], y[X_tail.index]

for gap in [0, horizon - 1]:
    train, test = next(TimeSeriesSplit(3, gap=gap).split(X))
    known_from = X.index[train] + pd.Timedelta(days=horizon)
    late = (known_from > X.index[test[0]]).sum()
    print(f"gap={gap}: {late} targets are known only after the first tested forecast")

# %%
# The code above also leaves out 27 rows between the rows of the search and the held-out year, for
# the same reason.
#
# In this example, each row holds its window as lag columns. :class:`~skl_lstm.SequenceReshaper`
# adds the third axis. With ``truncating="pre"``, it tunes the look-back on the same rows. Lag
# columns are the better choice if there is a gap. For a windower, the rows of the gap are a hole in
# time, and the windows after the hole are padded. A row of lag columns contains its own past,
# including the days of the gap. Using these days as inputs is correct, because they are known when
# the forecast is made.

windower = SequenceWindower(28).fit(table.loc[X.index[train]])
behind_gap = windower.transform(table.loc[X.index[test]])
padded = (behind_gap[:, 0] == behind_gap[:, 1]).all(axis=1).sum()
print(f"{padded} of {len(test)} windows behind the gap are padded")

# %%
# The effect of shuffling
# -----------------------
#
# ``KFold`` with shuffling takes its test rows from all parts of the series. In the plot, grey rows
# are used for training, orange rows for testing, and white rows are not used.

from matplotlib.colors import ListedColormap
from sklearn.model_selection import KFold

ways = {
    "KFold, shuffled": KFold(3, shuffle=True, random_state=0),
    "TimeSeriesSplit, gap=27": TimeSeriesSplit(3, gap=horizon - 1),
}
figure, panels = plt.subplots(2, figsize=(8, 3.2), sharex=True, layout="constrained")
for axes, (name, splitter) in zip(panels, ways.items(), strict=True):
    role = np.zeros((3, len(X)))
    for fold, (train, test) in enumerate(splitter.split(X)):
        role[fold, train], role[fold, test] = 1, 2
    colours = ListedColormap(["white", "0.75", "#D55E00"])
    axes.pcolormesh(X.index, [1, 2, 3], role, cmap=colours, vmin=0, vmax=2, shading="nearest")
    axes.set(title=name, ylabel="fold", yticks=[1, 2, 3])
    axes.invert_yaxis()
plt.show()

# %%
# In the upper panel, nearly every test row has a neighbour in the training rows. Their windows
# share 27 of 28 days, and so do their targets. A model that finds the neighbour therefore has
# most of the target. A simple model shows this: it only reads the position of the row and copies
# the target of the nearest training row.

from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsRegressor

row_number = np.arange(len(X)).reshape(-1, 1)
for name, cv in ways.items():
    scoring = forwards["scoring"]
    score = cross_val_score(KNeighborsRegressor(1), row_number, y, cv=cv, scoring=scoring).mean()
    print(f"{name:24} RMSE of the nearest row's target: {-score:.2f} °C")

# %%
# This test needs windows that were cut before the split, like the windows of this example. In a
# shuffled split of a DataFrame, ``SequenceWindower`` finds holes everywhere in its training rows,
# and pads nearly every training window. It then warns, and gives the number of padded windows. The
# rows of an array have no dates, so there it finds no holes.
#
# The next cell trains the network with a short and a long look-back. Both kinds of folds use the
# same rows. The last column of the table is the error in the held-out year, after training on all
# these rows.

from skl_lstm import SequenceReshaper

report = {}
for timesteps in [3, 28]:
    model = make_pipeline(
        SequenceReshaper(timesteps, features=table.shape[1], truncating="pre"),
        LSTMRegressor(32, learning_rate=0.01, epochs=20, random_state=0),
    )
    scores = [-cross_val_score(model, X, y, cv=cv, scoring=scoring).mean() for cv in ways.values()]
    forecast = model.fit(X, y).predict(X_tail)
    report[timesteps] = [*scores, root_mean_squared_error(y_tail, forecast)]
pd.DataFrame(report, [*ways, "held-out year"]).T.rename_axis("timesteps").round(2)

# %%
# The table shows the RMSE in °C. With 28 timesteps, the error on shuffled folds is only a fraction
# of the error in the held-out year. The shuffled score also selects the wrong look-back: with a
# longer window, the network can identify the neighbouring training rows more easily. The scores
# forwards in time are close to the errors in the held-out year. They do not separate the two
# look-backs: with other values of ``random_state``, the score of the long window changes by up to
# half a degree.
#
# The next cell shows that the network is no better than ridge regression here. For a forecast of
# one month, the time of year is more informative than both models, and three years are not enough
# to learn the seasons.

past_mean = X_tail[[f"t{step}_temp_max" for step in range(28)]].mean(axis=1)
same_days = pd.concat([y.shift(freq=pd.DateOffset(years=back)) for back in (1, 2, 3)])
others = {
    "ridge": Ridge(100).fit(X, y).predict(X_tail),
    "mean of the last 28 days": past_mean,
    "the same days of the years before": same_days.groupby(level=0).mean().reindex(y_tail.index),
}
for name, forecast in others.items():
    print(f"{name:34} {root_mean_squared_error(y_tail, forecast):.2f} °C")

# %%
# Summary
# -------
#
# - Hold out the last rows first, and use them once.
# - Use ``TimeSeriesSplit`` for the search. Set ``gap`` to the horizon minus one. Leave the same gap
#   before the held-out rows.
# - Use DataFrames up to the windower. If there is a gap, use rows of lag columns.
# - Put every step that learns from the data in the Pipeline, so that it is fitted on each training
#   fold. The LSTM estimators learn their scaling in ``fit``, too.
# - Print the score of a baseline next to every score.
#
# Several series in one table need one more step before they can be split by time: see
# :doc:`many_series`. For a y with one column per step ahead, see :doc:`several_steps`.
