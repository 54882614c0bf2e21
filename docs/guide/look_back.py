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
# loses more water on warm days. The level of a day depends on the water of the day before. The
# network reads rain and temperature, but not the gauge of the river. How many days of weather does
# it need?
#
# :func:`~skl_lstm.leads` gives every row the level of the next day. The last row has no next day,
# so it is not in ``y``.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skl_lstm import leads
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather()[["precipitation", "temp_max"]]
rng = np.random.default_rng(0)

water, levels = 0.0, []
for rain, warmth in weather.to_numpy():
    levels.append(0.5 + 0.1 * max(water - 15, 0) + rng.normal(0, 0.1))
    water = max(0.93 * water + rain - 0.08 * max(warmth - 5, 0), 0)

gauge = pd.DataFrame({"level": levels}, weather.index)
y = leads(gauge, "level")
X, gauge = weather.loc[y.index], gauge.loc[y.index]

# %%
# Hold out the last rows first
# ----------------------------
#
# The last year is held out. The search does not use it. It is used once, at the end, to compute the
# final score. A score that was used to choose a model is slightly too good for the chosen model.
# This is also true for cross-validated scores.

X, X_tail = X[:-365], X[-365:]
y, y_tail = y[:-365], y[-365:]
gauge, gauge_tail = gauge[:-365], gauge[-365:]

# %%
# Search forwards in time
# -----------------------
#
# :class:`~skl_lstm.SequenceWindower` gives every row the window that ends at this row. The number
# of windows equals the number of rows for every look-back, so every candidate is scored on the same
# rows. If you cut windows by hand, ``timesteps - 1`` rows are lost. Each candidate then loses
# different rows, so their scores cannot be compared.
#
# :class:`~skl_lstm.TimeSplit` trains on past rows and tests on the rows after them. The model will
# be used in the same way. Its folds are cut by the dates of the rows. For one sorted series, they
# equal those of ``TimeSeriesSplit``. For several series in one table, all series are cut at the
# same dates.

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower, TimeSplit

lstm = LSTMRegressor(16, learning_rate=0.01, epochs=20, random_state=0)
pipeline = make_pipeline(SequenceWindower(), lstm)
forwards = {"cv": TimeSplit(3), "scoring": "neg_root_mean_squared_error"}
look_backs = {"sequencewindower__timesteps": [1, 7, 14, 28, 42]}

search = GridSearchCV(pipeline, look_backs, **forwards).fit(X, y)

# %%
# The baselines use the same folds. Ridge regression reads the same windows. They are flattened by
# :class:`~skl_lstm.SequenceFlattener` and scaled, and the penalty is tuned too. Persistence
# predicts that tomorrow's level will be the same as today's: :class:`~skl_lstm.NaiveRegressor`
# returns the last value of each window. It reads the gauge, which the other two models do not use.

from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler

from skl_lstm import NaiveRegressor, SequenceFlattener

ridge = make_pipeline(SequenceWindower(), SequenceFlattener(), StandardScaler(), Ridge())
penalties = {"ridge__alpha": [1, 10, 100]}
ridge_search = GridSearchCV(ridge, {**look_backs, **penalties}, **forwards).fit(X, y)
persistence = make_pipeline(SequenceWindower(), NaiveRegressor("level"))

errors = pd.DataFrame()
for name, tuned in {"LSTM": search, "ridge": ridge_search}.items():
    results = pd.DataFrame(tuned.cv_results_).groupby("param_sequencewindower__timesteps")
    errors[name] = -results["mean_test_score"].max()
errors["persistence"] = -cross_val_score(persistence, gauge, y, **forwards).mean()
errors.rename_axis("timesteps").round(2)

# %%
# The table shows the RMSE by look-back, averaged over the folds. A look-back of one week is far too
# short, because today's water contains the rain of many weeks. With longer look-backs, the network
# still improves where ridge regression no longer does. If the best candidate is the last of the
# grid, the grid was too short, and a real search should include longer look-backs.
#
# The next cell scores the held-out year. ``search`` has refitted the best candidate on all rows of
# ``X``.

from sklearn.metrics import root_mean_squared_error

held_out = {
    "LSTM": search.predict(X_tail),
    "ridge": ridge_search.predict(X_tail),
    "persistence": persistence.fit(gauge, y).predict(gauge_tail),
}
for name, forecast in held_out.items():
    print(f"{name:12} RMSE of the held-out year {root_mean_squared_error(y_tail, forecast):.2f}")

# %%
# The level of the river is not proportional to the rain, because a dry basin takes up the rain.
# Ridge regression is linear and cannot model this. The held-out error of the network is lower than
# its cross-validated error. The final network was trained on all of ``X``, but the network of the
# first fold only on a quarter of it:

for fold, (train, _) in enumerate(forwards["cv"].split(X)):
    error = -search.cv_results_[f"split{fold}_test_score"][search.best_index_]
    print(f"fold {fold}, {len(train)} rows to learn from: RMSE {error:.2f}")

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
for train, test in TimeSplit(3).split(X):
    tested = SequenceWindower(28).fit(X.iloc[train]).transform(X.iloc[test])
    print(len(tested), "windows, same as in the whole series:", np.array_equal(tested, whole[test]))

# %%
# Arrays have no dates. The rows of one call are consecutive, and no rows precede the first. The
# first windows of each test fold are therefore padded, although the rows before them are known.

for train, test in TimeSplit(3).split(X):
    rows = X.to_numpy()
    tested = SequenceWindower(28).fit(rows[train]).transform(rows[test])
    other = (tested != whole[test]).any(axis=(1, 2)).sum()
    print(len(tested), "windows,", other, "of them different from those of the whole series")

# %%
# Keep the rows in DataFrames up to the windower. By default, most transformers of scikit-learn
# return arrays. If one of them is before the windower, call its ``set_output(transform="pandas")``.

# %%
# Targets several steps ahead
# ---------------------------
#
# The rest of this page uses another example, with the weather only. The target is the mean maximum
# temperature of the next 28 days. ``leads(..., horizon=28)`` returns a y with 28 columns, one per
# day. The target is their mean. The last 28 rows of the table have no complete future, so they are
# not in y.

table = load_seattle_weather().select_dtypes("number")
y = leads(table, "temp_max", horizon=28).mean(axis=1)
X = table.loc[y.index]
print(len(table), "rows,", len(y), "with a target")

# %%
# The target of a row just before the test fold includes days of the test fold. These days are not
# yet known when the first forecast of the test fold is made. ``TimeSplit(horizon=28)`` leaves out
# the training rows with such targets. The next cell counts them with and without ``horizon``. The
# last day of a target is 28 days after its row.

for splitter in [TimeSplit(3), TimeSplit(3, horizon=28)]:
    train, test = next(splitter.split(X))
    late = (X.index[train] + pd.Timedelta("28D") > X.index[test[0]]).sum()
    print(f"horizon={splitter.horizon}: {len(train)} rows to train on, {late} of them too late")

# %%
# 27 rows are left out, the horizon minus one. The target of the row before them ends with the first
# test row. The weather of this day is an input of its forecast, so it is known.
#
# The held-out year needs the same gap. A split with one fold holds it out:

[(past, tail)] = TimeSplit(1, test_size=365, horizon=28).split(X)
X_past, y_past = X.iloc[past], y.iloc[past]
y_tail = y.iloc[tail]
print("rows for the search until", X_past.index[-1].date())
print("held-out rows from", y_tail.index[0].date())

# %%
# A windower in the Pipeline does not see the 27 rows that are left out, so they are a hole in time.
# Windows do not cross a hole. The first windows of each test fold are padded:

train, test = next(TimeSplit(3, horizon=28).split(X_past))
behind_gap = SequenceWindower(28).fit(X_past.iloc[train]).transform(X_past.iloc[test])
padded = (behind_gap[:, 0] == behind_gap[:, 1]).all(axis=1).sum()
print(f"{padded} of {len(test)} windows behind the gap are padded")

# %%
# There are two remedies. :func:`~skl_lstm.backtest` passes the rows of the gap to ``predict``, so
# all its windows are complete. Using these days as inputs is correct, because they are known when
# the forecast is made. For the functions of scikit-learn, cut the windows before the split. Every
# window then has its own past. The windows carry the dates of their rows, so ``TimeSplit`` can
# split them:

windows = SequenceWindower(28).fit_transform(X)[past]
train, test = next(TimeSplit(3, horizon=28).split(windows))
complete = windows[test].index
print(windows[test].shape, "windows from", complete[0].date(), "to", complete[-1].date())

# %%
# To tune the look-back with such windows, flatten them with ``SequenceFlattener`` first. Begin the
# Pipeline with :class:`~skl_lstm.SequenceReshaper`. With ``truncating="pre"``, it takes the last
# ``timesteps`` steps of each row.

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
    "TimeSplit, horizon=28": TimeSplit(3, horizon=28),
}
figure, panels = plt.subplots(2, figsize=(8, 3.2), sharex=True, layout="constrained")
for axes, (name, splitter) in zip(panels, ways.items(), strict=True):
    role = np.zeros((3, len(X_past)))
    for fold, (train, test) in enumerate(splitter.split(X_past)):
        role[fold, train], role[fold, test] = 1, 2
    colours = ListedColormap(["white", "0.75", "#D55E00"])
    axes.pcolormesh(X_past.index, [1, 2, 3], role, cmap=colours, vmin=0, vmax=2, shading="nearest")
    axes.set(title=name, ylabel="fold", yticks=[1, 2, 3])
    axes.invert_yaxis()
plt.show()

# %%
# In the upper panel, nearly every test row has a neighbour in the training rows. Their windows
# share 27 of 28 days, and so do their targets. A model that finds the neighbour therefore has
# most of the target. A simple model shows this: it only reads the position of the row and copies
# the target of the nearest training row.

from sklearn.neighbors import KNeighborsRegressor

day_of_row = pd.DataFrame({"day": np.arange(len(X_past))}, X_past.index)
for name, cv in ways.items():
    nearest = KNeighborsRegressor(1)
    score = cross_val_score(nearest, day_of_row, y_past, cv=cv, scoring=forwards["scoring"]).mean()
    print(f"{name:21} RMSE of the nearest row's target: {-score:.2f} °C")

# %%
# This test needs windows that were cut before the split, like the windows of this example. In a
# shuffled split of a DataFrame, ``SequenceWindower`` finds holes everywhere in its training rows,
# and pads nearly every training window. It then warns, and gives the number of padded windows. The
# rows of an array have no dates, so there it finds no holes.
#
# The next cell trains the network with a short and a long look-back. Both kinds of folds use the
# same rows. The last column of the table is the error in the held-out year, after training on all
# these rows.

lstm = LSTMRegressor(32, learning_rate=0.01, epochs=20, random_state=0)
errors = pd.DataFrame()
for timesteps in [3, 28]:
    windows = SequenceWindower(timesteps).fit_transform(X)
    for name, cv in ways.items():
        scores = cross_val_score(lstm, windows[past], y_past, cv=cv, scoring=forwards["scoring"])
        errors.loc[timesteps, name] = -scores.mean()
    forecast = lstm.fit(windows[past], y_past).predict(windows[tail])
    errors.loc[timesteps, "held-out year"] = root_mean_squared_error(y_tail, forecast)
errors.rename_axis("timesteps").round(2)

# %%
# The table shows the RMSE in °C. With 28 timesteps, the error on shuffled folds is only a fraction
# of the error in the held-out year. The shuffled score also selects the wrong look-back: with a
# longer window, the network can identify the neighbouring training rows more easily. The scores
# forwards in time are close to the errors in the held-out year. They do not separate the two
# look-backs: with other values of ``random_state``, the score of the long window changes by up to
# 0.8 degrees.
#
# The next cell shows that the network is no better than ridge regression here. For a forecast of
# one month, the time of year is more informative than both models, and three years are not enough
# to learn the seasons.

ridge = make_pipeline(SequenceFlattener(), Ridge(100))
past_mean = table["temp_max"].rolling(28).mean()
same_days = pd.concat([y_past.shift(freq=pd.DateOffset(years=back)) for back in (1, 2, 3)])
others = {
    "ridge": ridge.fit(windows[past], y_past).predict(windows[tail]),
    "mean of the last 28 days": past_mean[y_tail.index],
    "the same days of the years before": same_days.groupby(level=0).mean()[y_tail.index],
}
for name, forecast in others.items():
    print(f"{name:34} {root_mean_squared_error(y_tail, forecast):.2f} °C")

# %%
# Summary
# -------
#
# - Hold out the last rows first, and use them once.
# - Use ``TimeSplit`` for the search. Set its ``horizon`` to that of the targets. Leave the same gap
#   before the held-out rows.
# - Use DataFrames up to the windower. If there is a gap, cut the windows before the split, or use
#   ``backtest``.
# - Put every step that learns from the data in the Pipeline, so that it is fitted on each training
#   fold. The LSTM estimators learn their scaling in ``fit``, too.
# - Print the score of a baseline next to every score.
#
# ``TimeSplit`` splits several series in one table at the same dates: see :doc:`many_series`. For a
# y with one column per step ahead, see :doc:`several_steps`. To test whether a network is better
# than a baseline, see :doc:`is_it_worth_it`.
