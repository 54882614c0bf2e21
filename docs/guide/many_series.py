"""
Many series in one table
========================

A table with a row for every time step, of one series or of many. Each row shall be forecast from
the rows before it, of its own series, across no hole. This page shows how the index of the table
says all that, and how one network learns from all series.
"""

# %%
# As many windows as rows
# -----------------------
#
# *X is (50000, 10), y is (50000,), and each row shall be forecast from the last 100.* That is
# ``SequenceWindower(timesteps=100)``: 50,000 rows in, 50,000 windows out, in the same order, so y
# stays as it is. Window i ends at row i and holds nothing later. As a step of a Pipeline its
# look-back is tuned by any search, and every candidate is scored on the same rows.

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
# The windows are a read-only view: nothing was written out but the 99 rows of padding before the
# first. Where they cannot be a view, across holes and for several series, they are written out.

# %%
# Why a DataFrame, and not an array
# ---------------------------------
#
# The rows of an array follow each other within one call, with nothing before the first. So the
# first windows of every test fold are padded, though the rows before them are known.
#
# The index of a DataFrame says where a row belongs: ``fit`` keeps the last rows of every run, and
# ``transform`` finds the past of its rows there. In ``TimeSeriesSplit`` every tested window is
# then, bit for bit, the one that the whole series gives (:doc:`look_back` compares them), and a
# model that is asked about one new hour reads the hours before it too.
#
# Most steps before the windower return arrays unless told otherwise, by
# ``set_output(transform="pandas")``.

# %%
# Which rows are neighbours
# -------------------------
#
# The last level of the index is the time: dates, with or without a time zone, periods, time spans
# or numbers. Rows need not be sorted. ``max_gap`` is the longest step between neighbours:
#
# .. list-table::
#    :header-rows: 1
#
#    * - ``max_gap``
#      - neighbours are
#    * - ``"auto"``
#      - at most the usual step apart, the most frequent one in ``fit``
#    * - ``pd.Timedelta("2h")``, or a number for periods and numbers
#      - at most that far apart
#    * - ``None``
#      - whatever follows
#
# A longer step is a hole. No window crosses it: behind it the past is padded, as it is at the
# beginning of a series. ``padding="edge"`` repeats the oldest row, a number stands for itself.
#
# ``"auto"`` reads the calendar: first days of months are one step apart, and so are days in a time
# zone, even where the clocks change. Two cases need a word from you. **Trading days** have a hole
# every weekend: ``max_gap=None``, or ``pd.Timedelta("4D")`` to accept weekends and single holidays.
# **Unsteady clocks**, where no two steps are the same: the longest step that you accept.
# ``max_gap_`` says what was taken.


def count_padded(windower, dates):
    numbers = pd.DataFrame({"number": np.arange(len(dates), dtype=float)}, index=dates)
    padded = np.isnan(windower.fit_transform(numbers)).any(axis=(1, 2)).sum()
    return f"{padded} of {len(dates)} padded, max_gap_ {windower.max_gap_}"


month_starts = pd.date_range("2020-01-01", periods=48, freq="MS")
trading_days = pd.bdate_range("2024-01-01", periods=250)
three_steps = SequenceWindower(timesteps=3, padding=np.nan)
print("first days of months:", count_padded(three_steps, month_starts))
print("trading days:        ", count_padded(three_steps, trading_days))
three_steps.set_params(max_gap=pd.Timedelta("4D"))
print("trading days, 4 days:", count_padded(three_steps, trading_days))

# %%
# Eight rivers in one table
# -------------------------
#
# Outer levels of the index name the series, and no window leaves its own. The rivers are made: the
# same physics, each with its own rain, and each with a basin twice as large as the one before. A
# dry basin takes up the rain, and only what is more than that runs off. Cedar has been measured
# only since May, and the gauge of Elm failed for 40 days.

days = pd.date_range("2020-01-01", "2023-12-31", name="day")
wet_season = 1 + 0.6 * np.cos(2 * np.pi * days.day_of_year / 365)


def make_river(area):
    rain = rng.gamma(0.3, 6 * wet_season)
    water, levels = 0.0, [0.5]
    for today in rain[:-1]:
        water = 0.92 * water + today
        levels.append(0.5 + 0.1 * max(water - 20, 0) + rng.normal(0, 0.05))
    river = pd.DataFrame({"rain": rain, "level": area * np.array(levels)}, index=days)
    return river["2021":]  # by then the made start is forgotten


names = ["Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple"]
areas = pd.Series(2.0 ** np.arange(8), index=names)
rivers = pd.concat({name: make_river(areas[name]) for name in names}, names=["river"])
hole = pd.date_range("2021-09-01", periods=40)
rivers = rivers.drop([("Cedar", day) for day in days[366:486]] + [("Elm", day) for day in hole])
rivers.round(2)

# %%
# The windows of Elm, 21 days long: the last before the hole, the first behind it, and one ten days
# later. Those of Cedar begin anew, with nothing of Birch in them. A series shorter than
# ``timesteps`` is padded and kept.

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
# y is a column like any other: for row t, what shall be known about t. To forecast the next day,
# take the value of the day that comes next, by its label and not by its position, and leave out the
# rows without one. They stand at the end of their run, so no other row needs them. For one series,
# ``level.shift(freq="-1D")`` moves the labels; for many, the time level of the index is moved.


def next_day(values):
    day_before = values.index.levels[-1] - pd.Timedelta("1D")
    next_one = values.set_axis(values.index.set_levels(day_before, level=-1))
    return next_one.reindex(values.index).dropna()


y = next_day(rivers["level"])
print(
    f"{len(rivers) - len(y)} rows of {len(rivers)} have no next day:",
    "the ends of eight series, and one hole",
)

# %%
# One scale, or one for each
# --------------------------
#
# A ``StandardScaler`` in the Pipeline puts all series on one scale. Where they are of one size that
# is right. Here the largest river is 128 times the smallest, and a squared error is all about
# the largest. So each level is divided by the size of its river. The best size is one that is known
# beforehand, such as the area of the basin. Where none is known, the mean of the first year can
# stand in for it: of 2021 here, before any forecast that it is tested by.


def at_rows(size_of, index):
    return index.get_level_values("river").map(size_of).to_numpy()


in_2021 = rivers.index.get_level_values("day") < "2022-01-01"
means = rivers[in_2021].groupby("river")["level"].mean()
pd.DataFrame({"area": areas, "mean of 2021": means.round(2)})

# %%
# The three scales with the same Pipeline, and besides a model for each river alone. Learned from
# 2021 and 2022, asked about 2023. The networks of one river get eight times the epochs, and so take
# as many steps as the one of all rivers. Errors are divided by the area, and averaged over the
# rivers.

from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skl_lstm import LSTMRegressor


def flatten(windows):
    return windows.reshape(len(windows), -1)


def windowed(*steps):
    by_date = StandardScaler().set_output(transform="pandas")
    return make_pipeline(by_date, SequenceWindower(timesteps=21), *steps)


def lstm(epochs=10):
    network = LSTMRegressor(units=16, learning_rate=0.01, epochs=epochs, random_state=0)
    return windowed(TransformedTargetRegressor(network, transformer=StandardScaler()))


ridge = windowed(FunctionTransformer(flatten), RidgeCV(np.logspace(-2, 4, 7)))
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
# The measurement alone has noise of 0.05, and no forecast can do better. The rivers share their
# physics, so one network for all is as good as eight, or a little better, if the scale is right,
# and it is one to train and keep. The mean of a year is not quite the right scale, and that costs
# more than sharing gains. On one scale for all the network fails on the small rivers:

errors.iloc[:, :3].round(3)

# %%
# Cut by time
# -----------
#
# ``TimeSeriesSplit`` cuts by position. In a table that holds one series after the other it trains
# on the first rivers and tests the next ones at the same times. Cut the days instead, and take the
# rows that belong to them. ``gap`` then counts days, and a day is never cut in two.

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
# The list of index pairs is a ``cv`` for any search. Rows need not be sorted for it, and the
# windower finds the past of every tested row, in its own series.

scoring = "neg_root_mean_squared_error"
for name, model in {"LSTM": lstm(), "ridge": ridge}.items():
    scores = cross_val_score(model, X_known, y_known, cv=splits["by time"], scoring=scoring)
    print(f"{name:5} RMSE of the folds: {(-scores).round(3)}")

# %%
# The first network had a third of the days to learn from, and is no better than ridge regression;
# the second is. Where y reaches several steps ahead, ``TimeSeriesSplit`` takes a ``gap``:
# :doc:`look_back`.

# %%
# A series that ``fit`` never saw
# -------------------------------
#
# How good is the network on a river that it did not learn from? ``GroupKFold`` leaves whole series
# out.

by_river = X_known.index.get_level_values("river")
left_out = GroupKFold(4)
scores = cross_val_score(lstm(), X_known, y_known, groups=by_river, cv=left_out, scoring=scoring)
print(f"RMSE on rivers left out: {(-scores).round(3)}")

# %%
# These rivers have weather of their own. Where they share it, the storms of a river left out are
# still in training, in its neighbours. Then leave out the series and the time: learn from six
# rivers before 2023, and forecast the other two in 2023.
#
# A new series brings its past along as rows. Its first 20 rows have padded windows, so the rows
# begin in December, and what is forecast from December's is not looked at.

new = X.index.isin(["Larch", "Maple"], level="river")
model = lstm().fit(X[~in_2023 & ~new], y_scaled[~in_2023 & ~new])

rows = X[new & (X.index.get_level_values("day") >= "2022-12-01")]
forecast = pd.Series(model.predict(rows), index=rows.index).loc[:, "2023":]
truth = y_scaled[forecast.index]

never_seen = {"LSTM, six other rivers": error_by_river(forecast * at_rows(areas, forecast.index))}
seen = errors[["LSTM, each by its area", "persistence"]]
pd.concat([pd.DataFrame(never_seen), seen], axis=1).loc[["Larch", "Maple"]].round(3)

# %%
# A row of panels for each series:

from skl_lstm.inspection import ForecastDisplay

ForecastDisplay.from_predictions(truth.rename("level / area"), forecast)
plt.show()

# %%
# What is kept, and what is refused
# ---------------------------------
#
# ``history_`` holds the last ``(timesteps - 1) * sampling_rate`` rows of every run, not the
# training set. It serves rows that come after those of ``fit``.

windower = SequenceWindower(timesteps=21).fit(rivers)
print(f"{len(windower.history_)} of {len(rivers)} rows: 20 of each of 9 runs")

# %%
# Rows in the midst of what ``fit`` saw would need rows that were not kept: their windows are
# padded, and a warning says how many. Pass the rows before them too, and leave out their results.

import warnings

with warnings.catch_warnings(record=True, action="always") as caught:
    windower.transform(rivers.loc[["Fir"]].tail(5))
print(caught[0].message)

# %%
# Refused, each with its remedy: two rows with one label, labels that are missing or have no
# distance from each other (text), labels of another kind than those of ``fit``, and a DataFrame in
# ``fit`` and an array in ``transform`` or the reverse.

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
