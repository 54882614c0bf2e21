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
# - **Months** are one step apart, if the dates are all first days or all last days of months.
# - **Days in a time zone** are one step apart, even if the clocks change.
# - **Trading days** have no hole on weekends: if all rows of ``fit`` are on weekdays, Friday and
#   Monday are one step apart. A holiday is a hole. To accept holidays, use ``max_gap=None``, or
#   ``pd.Timedelta("4D")`` for weekends with one holiday.
#
# Events have steps of any length. If the rows are events, set ``max_gap`` to the longest step that
# you accept. The attribute ``max_gap_`` shows the value in use: with ``"auto"``, the usual step.


def count_padded(windower, dates):
    numbers = pd.DataFrame({"number": np.arange(len(dates), dtype=float)}, index=dates)
    padded = np.isnan(windower.fit_transform(numbers)).any(axis=(1, 2)).sum()
    return f"{padded} of {len(dates)} padded, max_gap_ {windower.max_gap_}"


month_starts = pd.date_range("2020-01-01", periods=48, freq="MS")
trading_days = pd.bdate_range("2024-01-01", periods=250).drop(pd.Timestamp("2024-03-29"))
late = pd.to_timedelta(np.random.default_rng(1).integers(0, 900, size=10_000), "ms")
sensor = pd.date_range("2024-01-01", periods=10_000, freq="min") + late
three_steps = SequenceWindower(timesteps=3, padding=np.nan)
print("first days of months:", count_padded(three_steps, month_starts))
print("minutes of a sensor: ", count_padded(three_steps, sensor))
print("trading days:        ", count_padded(three_steps, trading_days))
three_steps.set_params(max_gap=pd.Timedelta("4D"))
print("trading days, 4 days:", count_padded(three_steps, trading_days))

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
areas = pd.Series(2.0 ** np.arange(8), index=names)
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
# y is an ordinary column. Its value in row t is the value to predict from the window of row t. To
# forecast the next day, use the value of the next day. Find it by its label, not by its position,
# and leave out rows without a next day. These rows are at the end of a run, so no other row needs
# them in its window. For a single series, ``level.shift(freq="-1D")`` shifts the labels. For many
# series, shift the time level of the index:


def next_day(values):
    day_before = values.index.levels[-1] - pd.Timedelta("1D")
    next_one = values.set_axis(values.index.set_levels(day_before, level=-1))
    return next_one.reindex(values.index).dropna()


y = next_day(rivers["level"])
print(
    f"{len(rivers) - len(y)} rows of {len(rivers)} have no next day:",
    "the last rows of eight series, and the last row before the hole",
)

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


def at_rows(size_of, index):
    return index.get_level_values("river").map(size_of).to_numpy()


in_2021 = rivers.index.get_level_values("day") < "2022-01-01"
means = rivers[in_2021].groupby("river")["level"].mean()
pd.DataFrame({"area": areas, "mean of 2021": means.round(2)})

# %%
# The next cell compares the three scales with the same Pipeline, and also trains one model per
# river. The models are trained on 2021 and 2022 and tested on 2023. The networks for single rivers
# are trained for eight times as many epochs, so they take as many training steps as the network for
# all rivers. The errors are divided by the area of the basin and averaged over the rivers.

from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skl_lstm import LSTMRegressor


def flatten(windows):
    return windows.reshape(len(windows), -1)


def lstm(epochs=10):
    network = LSTMRegressor(units=16, learning_rate=0.01, epochs=epochs, random_state=0)
    return make_pipeline(SequenceWindower(timesteps=21), network)


ridge = make_pipeline(
    SequenceWindower(timesteps=21),
    FunctionTransformer(flatten),
    StandardScaler(),
    RidgeCV(np.logspace(-2, 4, 7)),
)
in_2023 = y.index.get_level_values("day") >= "2023-01-01"


def forecast_2023(model, size_of, chosen=names):
    rows = y.index[y.index.isin(chosen, level="river")]
    size, test = at_rows(size_of, rows), rows.isin(y.index[in_2023])
    X = rivers.loc[rows].assign(level=lambda table: table["level"] / size)
    model.fit(X[~test], y[rows][~test] / size[~test])
    return pd.Series(model.predict(X[test]) * size[test], index=rows[test])


def error_by_river(forecast):
    squared = (forecast - y[forecast.index]) ** 2
    return squared.groupby("river").mean() ** 0.5 / areas


def alone(model):
    return pd.concat([forecast_2023(model, areas, [name]) for name in names])


forecasts = {
    "LSTM, one scale for all": forecast_2023(lstm(), areas**0),
    "LSTM, each by its mean": forecast_2023(lstm(), means),
    "LSTM, each by its area": forecast_2023(lstm(), areas),
    "LSTM, a network for each": alone(lstm(epochs=80)),
    "ridge, each by its area": forecast_2023(ridge, areas),
    "ridge, a model for each": alone(ridge),
    "persistence": rivers["level"][y.index[in_2023]],
}
errors = pd.DataFrame({name: error_by_river(forecast) for name, forecast in forecasts.items()})
errors.mean().round(3).to_frame("RMSE")

# %%
# The measurement noise alone has a standard deviation of 0.05, so no forecast can have a lower
# error. All rivers have the same physics. With the right scale, one network for all rivers is as
# good as eight networks, or slightly better. It is also easier to train and save one network. The
# mean of a year is not exactly the right scale, and the loss of accuracy is larger than the gain
# from sharing one network. With one scale for all rivers, the network fails on the small rivers:

errors.iloc[:, :3].round(3)

# %%
# Split by time
# -------------
#
# ``TimeSeriesSplit`` splits by position. If the table holds one series after the other,
# ``TimeSeriesSplit`` trains on the first rivers and tests on the next rivers at the same times.
# Split the days instead, and select the rows of these days. ``gap`` then counts days, and all rows
# of one day are in the same part.

from sklearn.model_selection import GroupKFold, TimeSeriesSplit, cross_val_score


def cut_by_time(X, splitter):
    times = X.index.get_level_values(-1)
    steps = times.unique().sort_values()
    for train, test in splitter.split(steps):
        yield np.flatnonzero(times.isin(steps[train])), np.flatnonzero(times.isin(steps[test]))


size = at_rows(areas, y.index)
X, y_scaled = rivers.loc[y.index].assign(level=lambda table: table["level"] / size), y / size
X_known, y_known = X[~in_2023], y_scaled[~in_2023]

splits = {
    "by position": list(TimeSeriesSplit(2).split(X_known)),
    "by time": list(cut_by_time(X_known, TimeSeriesSplit(2))),
}
day = X_known.index.get_level_values("day")
for name, folds in splits.items():
    late = [int((day[train] >= day[test].min()).sum()) for train, test in folds]
    print(f"cut {name}: training rows not before the tested days: {late}")

# %%
# The list of index pairs can be used as ``cv`` of any search. The rows do not have to be sorted.
# The windower finds the past of every test row in the series of that row.

scoring = "neg_root_mean_squared_error"
for name, model in {"LSTM": lstm(), "ridge": ridge}.items():
    scores = cross_val_score(model, X_known, y_known, cv=splits["by time"], scoring=scoring)
    print(f"{name:5} RMSE of the folds: {(-scores).round(3)}")

# %%
# The first network was trained on only a third of the days, and is no better than ridge regression.
# The second network is better. If y has several steps ahead, set the ``gap`` of
# ``TimeSeriesSplit``, as shown in :doc:`look_back`.

# %%
# Predict a new series
# --------------------
#
# How accurate is the network for a river that it was not trained on? ``GroupKFold`` leaves out
# whole series.

by_river = X_known.index.get_level_values("river")
left_out = GroupKFold(4)
scores = cross_val_score(lstm(), X_known, y_known, groups=by_river, cv=left_out, scoring=scoring)
print(f"RMSE on rivers left out: {(-scores).round(3)}")

# %%
# Each of these rivers has its own weather. If rivers share the weather, the storms of a left-out
# river are also in the training data of its neighbours. In that case, leave out both the series and
# the time. The next cell trains on six rivers before 2023, and forecasts the other two in 2023.
#
# For a new series, pass its past rows as well. The windows of its first 20 rows are padded. The
# rows therefore begin in December 2022, and the forecasts made for December are discarded.

new = X.index.isin(["Larch", "Maple"], level="river")
model = lstm().fit(X[~in_2023 & ~new], y_scaled[~in_2023 & ~new])

rows = X[new & (X.index.get_level_values("day") >= "2022-12-01")]
forecast = pd.Series(model.predict(rows), index=rows.index).loc[:, "2023":]
truth = y_scaled[forecast.index]

never_seen = {"LSTM, six other rivers": error_by_river(forecast * at_rows(areas, forecast.index))}
seen = errors[["LSTM, each by its area", "persistence"]]
pd.concat([pd.DataFrame(never_seen), seen], axis=1).loc[["Larch", "Maple"]].round(3)

# %%
# The next cell plots one row of panels per series:

from skl_lstm.inspection import ForecastDisplay

ForecastDisplay.from_predictions(truth.rename("level / area"), forecast)
plt.show()

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
