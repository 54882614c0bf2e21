"""
Many series in one table
========================

This page uses a table with one row per timestep, for one series or for many. Each row is predicted
from the rows before it. These rows must belong to the same series, without a hole in time. This
page shows how the index of the table defines the series and the times, and how one network learns
from all series.
"""

# %%
# One window per row
# ------------------
#
# *X has the shape (50000, 10), y has the shape (50000,), and each row is predicted from the last
# 100 rows.* For this task, use ``SequenceWindower(timesteps=100)``. 50,000 rows give 50,000 windows
# in the same order, so y does not change. Window i ends at row i and contains no later rows. If the
# windower is a step of a Pipeline, any search can tune the look-back, and every candidate is scored
# on the same rows.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skl_lstm import SequenceWindower

rng = np.random.default_rng(0)
hours = pd.date_range("2024-03-01", periods=50_000, freq="h")
X = pd.DataFrame(rng.normal(size=(50_000, 10)), index=hours)
windows = SequenceWindower(timesteps=100).fit_transform(X)

first_byte, last_byte = np.lib.array_utils.byte_bounds(windows)
print("(samples, timesteps, features):", windows.shape)
print(f"{windows.nbytes / 1e6:.0f} MB of windows in {(last_byte - first_byte) / 1e6:.0f} MB")

# %%
# The windows are a read-only view. Only one table is stored: the rows and the 99 rows of padding
# before the first row. Windows across holes and windows of several series cannot be a view, so they
# are copied.

# %%
# Why use a DataFrame instead of an array
# ---------------------------------------
#
# The rows of an array are consecutive within one call, and no rows precede the first. The first
# windows of every test fold are therefore padded, although the rows before them are known.
#
# The index of a DataFrame gives the time of each row. ``fit`` keeps the last rows of every run of
# neighbouring rows. ``transform`` finds the rows before the new rows among them. With
# ``TimeSeriesSplit``, every window of a test fold is therefore identical, bit for bit, to the
# window cut from the whole series (:doc:`look_back` compares them). A prediction for one new hour
# also uses the hours before it.
#
# ``LSTMRegressor`` and ``LSTMClassifier`` scale the data themselves. If you put another step before
# the windower, use ``set_output(transform="pandas")``, because most steps return arrays by default.

# %%
# Which rows are neighbours
# -------------------------
#
# The last level of the index is the time: dates with or without a time zone, periods, timedeltas or
# numbers. The rows do not have to be sorted. ``max_gap`` is the longest step between neighbours:
#
# .. list-table::
#    :header-rows: 1
#
#    * - ``max_gap``
#      - rows are neighbours if
#    * - ``"auto"``
#      - their distance is less than 1.5 times the usual step in ``fit``
#    * - ``pd.Timedelta("2h")``, or a number for periods and numbers
#      - their distance is at most this value
#    * - ``None``
#      - one directly follows the other in time
#
# A longer step is a hole. No window crosses a hole. After a hole, windows are padded, as at the
# beginning of a series. ``padding="edge"`` repeats the oldest row. If ``padding`` is a number, this
# number is used.
#
# With ``"auto"``, a hole is where a row is missing. The usual step is the median of the most
# frequent steps of similar length, so the timestamps of a sensor can be off by a few seconds.
# ``"auto"`` takes the calendar into account:
#
# - **Months** are one step apart, if the dates are all on one day of the month, from the 1st to the
#   27th, or all on the last day.
# - **Days in a time zone** are one step apart, even if the clocks change.
# - **Trading days** have no hole on weekends: if all rows of ``fit`` are on weekdays, Friday and
#   Monday are one step apart. A holiday is a hole. To accept holidays, use ``max_gap=None``, or
#   ``pd.Timedelta("4D")`` for weekends with one holiday.
#
# Events have steps of any length. If the rows are events, set ``max_gap`` to the longest step that
# you accept. The attribute ``max_gap_`` shows the value in use: with ``"auto"``, the usual step.

month_starts = pd.date_range("2020-01-01", periods=48, freq="MS")
trading_days = pd.bdate_range("2024-01-01", periods=250).drop(pd.Timestamp("2024-03-29"))
late = pd.to_timedelta(np.random.default_rng(1).integers(0, 900, size=10_000), "ms")
sensor = pd.date_range("2024-01-01", periods=10_000, freq="min") + late
cases = {
    "first days of months": (month_starts, "auto"),
    "minutes of a sensor": (sensor, "auto"),
    "trading days": (trading_days, "auto"),
    "trading days, 4 days": (trading_days, pd.Timedelta("4D")),
}
for name, (dates, max_gap) in cases.items():
    windower = SequenceWindower(timesteps=3, padding=np.nan, max_gap=max_gap)
    windows = windower.fit_transform(pd.DataFrame({"value": 1.0}, index=dates))
    padded = np.isnan(windows).any(axis=(1, 2)).sum()
    print(f"{name:20}: {padded} of {len(dates)} padded, max_gap_ {windower.max_gap_}")

# %%
# Eight rivers in one table
# -------------------------
#
# The outer levels of the index name the series. No window crosses from one series to another. The
# rivers are simulated. All have the same physics, but each has its own rain, and each basin is
# twice as large as the one before. A dry basin takes up the rain, and only the excess runs off. The
# data of Cedar only begin in May. The gauge of Elm failed for 40 days.

days = pd.date_range("2020-01-01", "2023-12-31", name="day")
wet_season = 1 + 0.6 * np.cos(2 * np.pi * days.day_of_year / 365)


def make_river(area):
    rain = rng.gamma(0.3, 6 * wet_season)
    water, levels = 0.0, [0.5]
    for today in rain[:-1]:
        water = 0.92 * water + today
        levels.append(0.5 + 0.1 * max(water - 20, 0) + rng.normal(0, 0.05))
    river = pd.DataFrame({"rain": rain, "level": area * np.array(levels)}, index=days)
    return river["2021":]  # drop the first year, which depends on the start value


names = ["Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple"]
areas = pd.Series(2.0 ** np.arange(8), index=pd.Index(names, name="river"))
rivers = pd.concat({name: make_river(areas[name]) for name in names}, names=["river"])
hole = pd.date_range("2021-09-01", periods=40)
rivers = rivers.drop([("Cedar", day) for day in days[366:486]] + [("Elm", day) for day in hole])
rivers.round(2)

# %%
# The windows are 21 days long. The first three panels show windows of Elm: the last window before
# the hole, the first window after it, and a window ten days later. The fourth panel shows the first
# window of Cedar, which contains no rows of Birch. If a series is shorter than ``timesteps``, its
# windows are padded and kept.

from skl_lstm.inspection import plot_sequences

windows = SequenceWindower(timesteps=21).fit_transform(rivers)
shown = [("Elm", "2021-08-31"), ("Elm", hole[-1] + days.freq), ("Elm", hole[-1] + 11 * days.freq)]
shown.append(("Cedar", rivers.loc["Cedar"].index[0]))
panels = plot_sequences(
    windows,
    feature_names=list(rivers.columns),
    samples=[rivers.index.get_loc((name, pd.Timestamp(day))) for name, day in shown],
)
for panel, (name, day) in zip(panels, shown, strict=True):
    panel.set_title(f"{name}, {pd.Timestamp(day):%d %b %Y}")
plt.show()

# %%
# Targets
# -------
#
# y holds the value to predict from the window of each row. To forecast the next day,
# :func:`~skl_lstm.leads` returns the level of the next day. It finds this value by its label, in
# the same river. Rows without a next day are left out. These rows are at the end of a run, so no
# other row needs them in its window.

from skl_lstm import leads

y = leads(rivers, "level")
X = rivers.loc[y.index]
print(
    f"{len(rivers) - len(y)} rows of {len(rivers)} have no next day:",
    "the last rows of eight series, and the last row before the hole",
)

# %%
# Split by time
# -------------
#
# ``TimeSeriesSplit`` splits by position. If the table holds one series after the other,
# ``TimeSeriesSplit`` trains on the first rivers and tests on the next rivers at the same times. If
# the rivers share their weather, the network has then seen the weather of the tested days.
# :class:`~skl_lstm.TimeSplit` splits all rivers on the same day. The rows do not have to be sorted.
#
# In the plot, grey rows are used for training, orange rows for testing, and white rows are not
# used. Each panel is the first of two folds.

from matplotlib.colors import ListedColormap
from sklearn.model_selection import TimeSeriesSplit

from skl_lstm import TimeSplit

day = X.index.get_level_values("day")
_, panels = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True, layout="constrained")
splitters = {"TimeSeriesSplit": TimeSeriesSplit(2), "TimeSplit": TimeSplit(2)}
for axes, (name, splitter) in zip(panels, splitters.items(), strict=True):
    train, test = next(splitter.split(X))
    role = pd.Series(0, index=X.index)
    role.iloc[train], role.iloc[test] = 1, 2
    colours = ListedColormap(["white", "0.75", "#D55E00"])
    by_river = role.unstack("day")
    axes.pcolormesh(by_river.columns, by_river.index, by_river, cmap=colours, vmin=0, vmax=2)
    axes.set_title(name)
    axes.set_xticks(pd.to_datetime(["2021", "2022", "2023"]), [2021, 2022, 2023])
    late = (day[train] >= day[test].min()).sum()
    print(f"{name:15}: {late} of {len(train)} training rows are not before the tested days")
panels[0].invert_yaxis()
plt.show()

# %%
# The sizes of ``TimeSplit`` count days, not rows, or are lengths of time such as ``"365D"``. If y
# has several steps ahead, set ``horizon`` to the same value as in ``leads``. The last training rows
# before each test fold are then left out, because their targets are not known yet
# (:doc:`several_steps`).

# %%
# One scale for all, or one scale per series
# ------------------------------------------
#
# The network standardizes its features and y with the same scale for all series. This is correct
# if all series have a similar size. In this example, the largest river is 128 times as large as the
# smallest, so the squared error depends almost only on the largest river. Each level is therefore
# divided by the size of its river. It is best to use a size that is known in advance, such as the
# area of the basin. If no size is known, the mean of the first year can be used. Here this is the
# mean of 2021, which is before any of the forecasts used for testing.

in_2021 = rivers.index.get_level_values("day") < "2022-01-01"
means = rivers[in_2021].groupby("river")["level"].mean()
pd.DataFrame({"area": areas, "mean of 2021": means.round(2)})

# %%
# The next cell compares the three scales with the same Pipeline. :func:`~skl_lstm.backtest` trains
# it before the last year of all rivers, and forecasts every day of this year. It returns a
# DataFrame with one row per forecast. The column ``time`` is the day for which the forecast is
# made. The forecasts of each scale are then converted to the same unit: level divided by area.

from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, backtest

last_year = TimeSplit(1, test_size="365D")
network = LSTMRegressor(16, learning_rate=0.01, epochs=30, batch_size=128, random_state=0)
lstm = make_pipeline(SequenceWindower(timesteps=21), network)

scales = {"one scale for all": areas**0, "each by its mean": means, "each by its area": areas}
frames = []
for name, size in scales.items():
    scaled = rivers.assign(level=rivers["level"].div(size, level="river"))
    y = leads(scaled, "level")
    frame = backtest({name: lstm}, scaled.loc[y.index], y, cv=last_year)
    unit = frame["river"].map(size / areas)
    frames.append(frame.assign(truth=frame["truth"] * unit, forecast=frame["forecast"] * unit))
frames = pd.concat(frames)
frames.groupby("model", sort=False).head(1).round({"truth": 2, "forecast": 2})

# %%
# The errors of the rivers follow with ``groupby``:

squared = (frames["forecast"] - frames["truth"]) ** 2
errors = squared.groupby([frames["river"], frames["model"]], sort=False).mean() ** 0.5
errors.unstack("model").round(3)

# %%
# The measurement noise alone has a standard deviation of 0.05, so no forecast can have a lower
# error. With one scale for all rivers, the network fails on the small rivers. The mean of a year is
# not exactly the right scale, and its errors are larger than those of the area. The rest of this
# page divides every level by the area.

scaled = rivers.assign(level=rivers["level"].div(areas, level="river"))
y = leads(scaled, "level")
X = scaled.loc[y.index]

# %%
# Compare the network with baselines
# ----------------------------------
#
# Ridge regression reads the same windows. :class:`~skl_lstm.SequenceFlattener` turns each window
# into a row, so any regressor of scikit-learn can follow. Persistence predicts that the level of
# the next day is that of today. :class:`~skl_lstm.NaiveRegressor` finds the feature by its name.
# ``backtest`` accepts a dict of models.

from sklearn.base import clone
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from skl_lstm import NaiveRegressor, SequenceFlattener

ridge = make_pipeline(
    SequenceWindower(timesteps=21),
    SequenceFlattener(),
    StandardScaler(),
    RidgeCV(np.logspace(-2, 4, 7)),
)
persistence = make_pipeline(SequenceWindower(timesteps=1), NaiveRegressor("level"))
models = {"LSTM": lstm, "ridge": ridge, "persistence": persistence}
frame = backtest(models, X, y, cv=last_year)

squared = (frame["forecast"] - frame["truth"]) ** 2
errors = squared.groupby([frame["river"], frame["model"]], sort=False).mean() ** 0.5
errors.groupby("model", sort=False).mean().round(3).to_frame("RMSE")

# %%
# The table shows the RMSE, averaged over the rivers. A difference between two errors may be chance.
# :func:`~skl_lstm.compare_forecasts` tests the differences. It averages the losses of all rivers on
# the same day, because they depend on each other. The verdict gives the difference in per cent of
# the mean squared error of the baseline, and the bounds of its 95 % confidence interval.

from skl_lstm import compare_forecasts

print(*compare_forecasts(frame, baseline="ridge")["verdict"], sep="\n")

# %%
# One network for all, or one for each
# ------------------------------------
#
# The next cell trains one network per river. Their batches have an eighth of the size, so each
# network takes as many training steps as the network for all rivers. The rows of several backtests
# can be joined, because each row holds its model and its river.

smaller = clone(lstm).set_params(lstmregressor__batch_size=16)
of_one_river = {"LSTM for each river": smaller, "ridge for each river": ridge}
parts = [backtest(of_one_river, X.loc[[name]], y.loc[[name]], cv=last_year) for name in names]
frame = pd.concat([frame, *parts])

squared = (frame["forecast"] - frame["truth"]) ** 2
errors = squared.groupby([frame["river"], frame["model"]], sort=False).mean() ** 0.5
errors.unstack("model").round(3)

# %%
# The network for all rivers has a lower error for every river. But most of this difference comes
# from a few days, so one year does not show that it is more than chance:

by_day = squared.groupby([frame["origin"], frame["model"]]).mean().unstack("model")
difference = (by_day["LSTM for each river"] - by_day["LSTM"]).sort_values()
share = difference[-20:].sum() / difference.sum()
print(f"{share:.0%} of the difference comes from 20 of {len(difference)} days")

verdicts = compare_forecasts(frame, baseline="LSTM")
print(verdicts["verdict"]["LSTM for each river"])
verdicts[["difference", "lower", "upper", "p_value"]].round(4)

# %%
# One network is easier to train and to save than eight, and it can also forecast a new river. For
# ridge regression, one model for all rivers is enough, too.

# %%
# Stop early, by time
# -------------------
#
# With ``validation_split``, the network holds out rows for validation. The windows of a DataFrame
# carry the times of their rows, so these rows are the latest days of all rivers, in any order of
# the table. By position, they would be the last rivers. ``patience=3`` stops the training after
# three epochs without a lower validation loss. ``validation_gap`` leaves out days before the rows
# for validation. Set it to the horizon minus one if y has several steps ahead:

week = leads(scaled, "level", horizon=7)
stopping = clone(lstm).set_params(
    lstmregressor__epochs=100,
    lstmregressor__validation_split=0.2,
    lstmregressor__validation_gap=6,
    lstmregressor__patience=3,
)
stopping.fit(scaled.loc[week.index], week)
print("epochs:", stopping[-1].n_iter_)

# %%
# Predict a new series
# --------------------
#
# How accurate is the network for a river that it was not trained on? ``GroupKFold`` leaves out
# whole series.

from sklearn.model_selection import GroupKFold, cross_val_score

train, test = next(last_year.split(X))
X_known, y_known = X.iloc[train], y.iloc[train]
by_river = X_known.index.get_level_values("river")
scoring = "neg_root_mean_squared_error"
scores = cross_val_score(lstm, X_known, y_known, groups=by_river, cv=GroupKFold(4), scoring=scoring)
print(f"RMSE on rivers left out: {(-scores).round(3)}")

# %%
# Each of these rivers has its own weather. If rivers share the weather, the storms of a left-out
# river are also in the training data of its neighbours. In that case, leave out both the series and
# the time. ``backtest`` also accepts pairs of positions. The next cell trains on six rivers before
# the last year, and forecasts the other two in the last year. For a new series, ``backtest`` also
# passes all rows before the tested rows, so no tested window is padded.

new = X.index.isin(["Larch", "Maple"], level="river")
fold = train[~new[train]], test[new[test]]
never_seen = backtest({"LSTM, six other rivers": lstm}, X, y, cv=[fold])

squared = (never_seen["forecast"] - never_seen["truth"]) ** 2
of_new = squared.groupby([never_seen["river"], never_seen["model"]]).mean() ** 0.5
seen = errors.unstack("model")[["LSTM", "persistence"]]
of_new.unstack("model").join(seen).round(3)

# %%
# The next cell plots one row of panels per series:

from skl_lstm.inspection import ForecastDisplay

ForecastDisplay.from_backtest(never_seen)
plt.show()

# %%
# Forecast the days to come
# -------------------------
#
# The last row of every river has no target yet. :func:`~skl_lstm.forecast` predicts from the last
# row of every series, and returns the forecasts with their dates. The model is first trained on all
# rows that have a target. The result is converted back to the units of each river. For several
# days, make y with ``leads(..., horizon=...)`` (:doc:`several_steps`).

from skl_lstm import forecast

lstm.fit(X, y)
tomorrow = forecast(lstm, scaled, target="level")
tomorrow.mul(areas, axis=0, level="river").round(2)

# %%
# Stored rows, warnings and errors
# --------------------------------
#
# ``history_`` only holds the last ``(timesteps - 1) * sampling_rate`` rows of every run of
# neighbours, not the whole training set. These rows are used for new rows that come after the rows
# of ``fit``.

windower = SequenceWindower(timesteps=21).fit(rivers)
print(f"{len(windower.history_)} of {len(rivers)} rows: 20 of each of 9 runs")

# %%
# If the new rows start in the middle of the rows of ``fit``, the rows before them are not stored.
# The windows are then padded, and a warning gives the number of padded windows. To avoid this, also
# pass the rows before the new rows, and discard their results.
#
# There is also a warning if more than half of the windows are padded for another reason than the
# beginning of a series: there are holes, or the series are shorter than a window. The second
# warning below is for a random half of the days of a river, like those of a shuffled split.

import warnings

with warnings.catch_warnings(record=True, action="always") as caught:
    windower.transform(rivers.loc[["Fir"]].tail(5))
    half = rivers.loc[["Fir"]].sample(frac=0.5, random_state=0)
    SequenceWindower(timesteps=21).fit_transform(half)
for warning in caught:
    print(warning.message, end="\n\n")

# %%
# The windower raises an error in the following cases, and each message describes the solution: two
# rows have the same label; labels are missing; labels have no distance from each other (text);
# labels have a different type than in ``fit``; or ``fit`` received a DataFrame and ``transform`` an
# array, or the reverse.

fir = rivers.loc["Fir"]
elsewhere = SequenceWindower(timesteps=21).fit(fir.reset_index(drop=True))
refused = {
    "Two rows with one label": (windower.fit, rivers.droplevel("river")),
    "A missing label": (windower.fit, fir.set_axis([pd.NaT, *fir.index[1:]])),
    "Text": (windower.fit, fir.set_axis(fir.index.strftime("day %j of %Y"))),
    "Another kind": (elsewhere.transform, fir),
}
for what, (method, rows) in refused.items():
    try:
        method(rows)
    except (TypeError, ValueError) as error:
        print(f"{what}: {error}\n")
