"""
Tune the look-back without fooling yourself
===========================================

How many timesteps should a window have? A search over ``timesteps`` answers that, if its folds
go forwards in time. This page runs one, looks at the edges of its folds, and measures what it
costs to shuffle them.
"""

# %%
# A look-back that matters
# ------------------------
#
# The weather is that of Seattle. The river is made, so that we know the truth: its basin keeps
# 93 % of its water from day to day, takes up the rain and loses more on warm days. Tomorrow's level
# follows from the water of today. How many days of rain and warmth must a network read that never
# sees a gauge?

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
# Hold out the end before anything else
# -------------------------------------
#
# The last year is put aside. The search does not see it; it is asked once, at the end. A score
# that was used to choose something is a little too good for what was chosen, cross-validated scores
# included.

X, y = weather[:-365], tomorrow[:-365]
X_tail, y_tail = weather[-365:], tomorrow[-365:]

# %%
# Search forwards in time
# -----------------------
#
# :class:`~skl_lstm.SequenceWindower` gives every row the window that ends at it, so as many windows
# come out as rows went in, whatever the look-back: every candidate is scored on the same rows.
# Cutting windows by hand loses ``timesteps - 1`` rows, other ones for every candidate, and their
# scores do not compare.
#
# ``TimeSeriesSplit`` trains on the past and tests on what follows, as the model will be used.

from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import LSTMRegressor, SequenceWindower


def scaled_lstm(**settings):
    lstm = LSTMRegressor(learning_rate=0.01, random_state=0, **settings)
    return TransformedTargetRegressor(lstm, transformer=StandardScaler())


# As DataFrames the rows keep their dates, by which a window finds its past.
by_date = StandardScaler().set_output(transform="pandas")
pipeline = make_pipeline(by_date, SequenceWindower(), scaled_lstm(units=16, epochs=20))
forwards = {"cv": TimeSeriesSplit(3), "scoring": "neg_root_mean_squared_error"}
look_backs = {"sequencewindower__timesteps": [1, 7, 14, 28, 42]}

search = GridSearchCV(pipeline, look_backs, **forwards).fit(X, y)

# %%
# The same folds for the baselines. Ridge regression reads the same windows, flattened, and its
# penalty is tuned too. Persistence says that tomorrow will be as today; it reads the gauge, which
# the other two do not.

from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.preprocessing import FunctionTransformer


def flatten(windows):
    return windows.reshape(len(windows), -1)


ridge = make_pipeline(by_date, SequenceWindower(), FunctionTransformer(flatten), Ridge())
penalties = {"ridge__alpha": [1, 10, 100]}
ridge_search = GridSearchCV(ridge, {**look_backs, **penalties}, **forwards).fit(X, y)

gauge = tomorrow.shift(1)  # today's level is what yesterday's row was to forecast
folds = [test for _, test in forwards["cv"].split(X)]
persistence = [root_mean_squared_error(y.iloc[rows], gauge[y.index[rows]]) for rows in folds]


def by_look_back(search):
    table = pd.DataFrame(search.cv_results_)
    return -table.groupby("param_sequencewindower__timesteps")["mean_test_score"].max()


errors = pd.DataFrame({"LSTM": by_look_back(search), "ridge": by_look_back(ridge_search)})
errors["persistence"] = np.mean(persistence)
errors.rename_axis("timesteps").round(2)

# %%
# RMSE by look-back, the mean of the folds. A week of weather is far from enough: today's water is
# the rain of many weeks. The network still gains where the linear forecast no longer does. When the
# best candidate is the last of the grid, the grid was too short, and a real search would go on.
#
# Now the year that was held out, asked once. ``search`` has refitted the best candidate on all
# rows of ``X``.

held_out = {
    "LSTM": search.predict(X_tail),
    "ridge": ridge_search.predict(X_tail),
    "persistence": gauge[-365:],
}
for name, forecast in held_out.items():
    print(f"{name:12} RMSE of the held-out year {root_mean_squared_error(y_tail, forecast):.2f}")

# %%
# The river does not rise in proportion to the rain: a dry basin takes it up. That is what ridge
# regression cannot say. The held-out error of the network is below its cross-validated one, as it
# had all of ``X`` to learn from, and the network of the first fold a quarter of it:

for fold in range(3):
    error = -search.cv_results_[f"split{fold}_test_score"][search.best_index_]
    print(f"fold {fold}, {len(X) * (fold + 1) // 4} rows to learn from: RMSE {error:.2f}")

# %%
# The forecast of that year:

from skl_lstm.inspection import ForecastDisplay

ForecastDisplay.from_estimator(search, X_tail, y_tail)
plt.show()

# %%
# What stands at the edge of a fold
# ---------------------------------
#
# The first window of a test fold needs rows that belong to the training fold. With DataFrames,
# ``fit`` keeps the last rows of every run of neighbours, and ``transform`` finds the past of its
# rows there by their dates. Every tested window is, bit for bit, the one that the whole series
# gives.

whole = SequenceWindower(28).fit_transform(X)
for train, test in TimeSeriesSplit(3).split(X):
    tested = SequenceWindower(28).fit(X.iloc[train]).transform(X.iloc[test])
    print(len(tested), "windows, all as in the whole series:", np.array_equal(tested, whole[test]))

# %%
# Arrays have no dates. The rows of one call follow each other, with nothing before the first, and
# the first windows of each test fold are padded though their past is known.

for train, test in TimeSeriesSplit(3).split(X):
    rows = X.to_numpy()
    tested = SequenceWindower(28).fit(rows[train]).transform(rows[test])
    other = (tested != whole[test]).any(axis=(1, 2)).sum()
    print(len(tested), "windows,", other, "of them not as in the whole series")

# %%
# So keep the rows DataFrames up to the windower. Most transformers return arrays unless told
# otherwise, which is what ``set_output(transform="pandas")`` above is for.

# %%
# A horizon needs a gap
# ---------------------
#
# From here on the question is another one, of the weather alone: how warm will the next 28 days be
# on average? :func:`~skl_lstm.make_supervised` gives y 28 columns, a day each, and their mean is
# the target.
#
# The target of the last training row then reaches 28 days into the test fold. At the moment of the
# first tested forecast nobody could have known it. ``gap=27``, the horizon less one, leaves out the
# rows whose targets do so.

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
# The same cut stands between the rows to search on and the held-out year: 27 rows are left out
# above, too.
#
# Here each row holds its window as lag columns, and :class:`~skl_lstm.SequenceReshaper` gives it
# three axes, where ``truncating="pre"`` tunes the look-back on the same rows. Behind a gap that is
# the better way. To a windower the rows left out are a hole in time, behind which it pads. A row of
# lag columns brings its past along, the days of the gap too; as inputs, these are known in time.

windower = SequenceWindower(28).fit(table.loc[X.index[train]])
behind_gap = windower.transform(table.loc[X.index[test]])
padded = (behind_gap[:, 0] == behind_gap[:, 1]).all(axis=1).sum()
print(f"{padded} of {len(test)} windows behind the gap are padded")

# %%
# What shuffling costs
# --------------------
#
# ``KFold`` with shuffling draws its test rows from everywhere. Grey rows train, orange rows are
# tested, white ones are left out.

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
# In the upper panel nearly every tested row has a neighbour in training, whose window shares 27 of
# 28 days with its own, and whose target shares 27 of 28 days too. Whoever finds the neighbour has
# the answer. The check for this takes one line: a model that reads nothing but the number of the
# row, and copies the target of the nearest one.

from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsRegressor

row_number = np.arange(len(X)).reshape(-1, 1)
for name, cv in ways.items():
    scoring = forwards["scoring"]
    score = cross_val_score(KNeighborsRegressor(1), row_number, y, cv=cv, scoring=scoring).mean()
    print(f"{name:24} RMSE of the nearest row's target: {-score:.2f} °C")

# %%
# That takes windows that were cut before the split, as these were. ``SequenceWindower`` in a
# shuffled split meets holes all over its training rows, and pads nearly every window that it learns
# from.
#
# Now the network, with a short and a long look-back, scored in both ways on the same rows. Beside
# it stands what each candidate, trained on all of them, then does in the held-out year.

from skl_lstm import SequenceReshaper

report = {}
for timesteps in [3, 28]:
    model = make_pipeline(
        StandardScaler(),
        SequenceReshaper(timesteps, features=table.shape[1], truncating="pre"),
        scaled_lstm(units=32, epochs=20),
    )
    scores = [-cross_val_score(model, X, y, cv=cv, scoring=scoring).mean() for cv in ways.values()]
    forecast = model.fit(X, y).predict(X_tail)
    report[timesteps] = [*scores, root_mean_squared_error(y_tail, forecast)]
pd.DataFrame(report, [*ways, "held-out year"]).T.rename_axis("timesteps").round(2)

# %%
# RMSE in °C. With 28 timesteps the shuffled score is a fraction of the error that the year shows.
# It is not only too good, it also chooses: the longer the window, the better the key by which the
# network looks up the neighbour. The scores forwards in time err to the safe side, the first of
# their networks having had a quarter of the rows, and they do not recommend the long window.
#
# They also tell the truth about the network, which has nothing on ridge regression here. For a
# month ahead the calendar says more than either: three years are few to learn the seasons from.

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
# In short
# --------
#
# - Put the last rows aside first, and ask them once.
# - ``TimeSeriesSplit`` for the search; ``gap`` is the horizon less one, and stands before the
#   held-out rows too.
# - DataFrames up to the windower. With a gap, rows of lag columns.
# - Scalers belong in the Pipeline, where each fold fits its own.
# - Print a baseline beside every score.
#
# Several series in one table need one more step before they can be cut by time:
# :doc:`many_series`. y with a column for every step ahead is the matter of :doc:`several_steps`.
