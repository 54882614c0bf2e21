"""
Several steps ahead
===================

This page forecasts the next 24 days at once. y has one column per step ahead, and the network has
one output per column. The page compares a direct forecast with baselines and with a recursive
forecast, and forecasts the days after the last row of the table. A second example forecasts the 96
quarter hours of the next day, with values that are known beforehand.
"""

# %%
# A nonlinear series
# ------------------
#
# The Mackey-Glass equation describes how the density of blood cells rises and falls if the body
# renews them with a delay. It is a common benchmark for forecasts, because it is nonlinear and
# never periodic. This example uses 1,500 days of it, with a little measurement noise.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd


def mackey_glass(days, delay=17, per_day=10, warm_up=300):
    cells = [1.2] * (delay * per_day)
    for _ in range((warm_up + days) * per_day):
        late = cells[-delay * per_day]
        cells.append(cells[-1] + (0.2 * late / (1 + late**10) - 0.1 * cells[-1]) / per_day)
    return np.array(cells[-days * per_day :: per_day])


days = pd.date_range("2020-01-01", periods=1500, name="day")
noise = np.random.default_rng(0).normal(0, 0.02, 1500)
table = pd.DataFrame({"cells": mackey_glass(1500) + noise}, index=days)

_, axes = plt.subplots(figsize=(8, 2.5), layout="constrained")
axes.plot(table[-300:], color="#0072B2")
axes.set(ylabel="cells", title="the last 300 days")
plt.show()

# %%
# One column of y per step
# ------------------------
#
# :func:`~skl_lstm.leads` has a parameter ``horizon``. Each row of y holds the 24 days that follow
# the row of the table with the same label. Rows without 24 more days are left out, so X is the part
# of the table that has the labels of y.

from skl_lstm import leads

horizon = 24
y = leads(table, "cells", horizon=horizon)
X = table.loc[y.index]
print(X.shape, y.shape)
y.iloc[:2, :4].round(2)

# %%
# With several targets, the columns of y are ordered ``h1_a, h1_b, h2_a, …``. All targets of one
# step are next to each other.

# %%
# Folds for several steps
# -----------------------
#
# The last target of a row is only known 24 days later. Rows whose targets are not all known at the
# first tested row must not be used for training, because the model could not have learned from them
# at that time. ``TimeSplit(horizon=24)`` leaves out these rows: the 23 rows before each test fold.
# In the plot, grey rows are used for training, orange rows for testing, and white rows are not
# used.

from matplotlib.colors import ListedColormap

from skl_lstm import TimeSplit

forwards = TimeSplit(2, test_size=150, horizon=horizon)
role = np.zeros((2, len(X)))
for fold, (train, test) in enumerate(forwards.split(X)):
    role[fold, train], role[fold, test] = 1, 2
    print(
        f"fold {fold}: {len(train)} rows for training, {test[0] - train[-1] - 1} left out, "
        f"{len(test)} for testing"
    )

_, axes = plt.subplots(figsize=(8, 1.8), layout="constrained")
colours = ListedColormap(["white", "0.75", "#D55E00"])
axes.pcolormesh(X.index[-400:], [0, 1], role[:, -400:], cmap=colours, shading="nearest")
axes.set(ylabel="fold", yticks=[0, 1], title="the last 400 rows")
axes.invert_yaxis()
plt.show()

# %%
# One network with 24 outputs
# ---------------------------
#
# :class:`~skl_lstm.LSTMRegressor` accepts this y. Its last layer gets one output per column of y.
# For training, each column of y is standardized. The forecasts are in the units of y.
#
# Three baselines read the same rows. Ridge regression reads the same windows, turned into rows by
# :class:`~skl_lstm.SequenceFlattener`. :class:`~skl_lstm.NaiveRegressor` repeats the last value
# (persistence), or, with ``period``, the values of the cycle before (seasonal naive). The length of
# the cycle is estimated from the rows before the first test fold.

from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, NaiveRegressor, SequenceFlattener, SequenceWindower

seen = table["cells"][:1000]
cycle = max(range(horizon, 75), key=seen.autocorr)
print(f"the series resembles itself most after {cycle} days")

network = LSTMRegressor(units=32, learning_rate=0.01, epochs=30, random_state=0)
direct = make_pipeline(SequenceWindower(24), network)
ridge = make_pipeline(SequenceWindower(24), SequenceFlattener(), RidgeCV(np.logspace(-3, 3, 7)))
models = {
    "LSTM": direct,
    "ridge": ridge,
    "seasonal naive": make_pipeline(SequenceWindower(cycle), NaiveRegressor("cells", period=cycle)),
    "persistence": make_pipeline(SequenceWindower(1), NaiveRegressor("cells")),
}

# %%
# Error by step ahead
# -------------------
#
# :func:`~skl_lstm.backtest` fits the models for every fold and returns one row per model, tested
# row and step ahead. ``origin`` is the day on which the forecast is made, and ``time`` is the day
# for which it is made. The rows that a fold leaves out are passed as the past of the tested rows,
# because they are known when the forecast is made. The windows behind the gap are therefore not
# padded. Searches and ``cross_val_score`` do not pass these rows (:doc:`look_back`).

from skl_lstm import backtest

frame = backtest(models, X, y, cv=forwards)
frame.head(3).round({"truth": 2, "forecast": 2})

# %%
# A single score for all steps hides important differences.
# :class:`~skl_lstm.inspection.StepErrorDisplay` plots the error by step ahead.

from skl_lstm.inspection import StepErrorDisplay

display = StepErrorDisplay.from_backtest(frame)
plt.show()

display.errors.loc[[1, 6, 12, 24]].round(3)

# %%
# No forecast can have an error below the measurement noise of 0.02. The error of the network stays
# close to this value for all 24 days. Ridge regression is only accurate for the first days. The
# error of the seasonal naive forecast does not depend on the step.
#
# :func:`~skl_lstm.compare_forecasts` tests whether the differences may be chance. The forecasts of
# 24 consecutive days have targets in common, so their errors depend on each other. The test
# accounts for this.

from skl_lstm import compare_forecasts

print(*compare_forecasts(frame, baseline="ridge")["verdict"], sep="\n")

# %%
# The next cell plots forecasts and true values for one step and for 24 steps ahead, at the day for
# which each forecast is made.

from skl_lstm.inspection import ForecastDisplay

ForecastDisplay.from_backtest(frame, model=["LSTM", "ridge"])
plt.show()

# %%
# Recursive forecasts
# -------------------
#
# A recursive forecast uses a network that only forecasts the next day. Its forecast becomes the
# newest row of the table, and the network then predicts the following day.
# :func:`~skl_lstm.forecast` does this if ``steps`` is larger than the horizon of the model. The
# next cell trains a network for one step on the training rows of the last fold. Its recursive
# forecasts are compared with the direct forecasts of this fold from every sixth day.

from sklearn.base import clone

from skl_lstm import forecast

train, test = list(forwards.split(X))[-1]
one_step = clone(direct).fit(X.iloc[train], y["h1_cells"].iloc[train])

origins = X.index[test[::6]]
rows = frame[frame["origin"].isin(origins) & (frame["model"] == "LSTM")]
coming = [forecast(one_step, table[:day], target="cells", steps=horizon) for day in origins]
recursive = rows.assign(model="LSTM, recursive", forecast=pd.concat(coming).to_numpy())
both = pd.concat([rows.assign(model="LSTM, direct"), recursive])

display = StepErrorDisplay.from_backtest(both)
plt.show()

print(*compare_forecasts(both, baseline="LSTM, recursive")["verdict"], sep="\n")
display.errors.loc[[1, 6, 12, 24]].round(3)

# %%
# The error of the recursive forecasts grows in the first days. The error of the direct forecasts
# does not. With forecasts from only 25 days, this difference may be chance. On other data, the
# recursive network may be better than the direct network.
#
# One model can make recursive forecasts for any horizon. This has two disadvantages. Later
# forecasts are computed from earlier forecasts, so the errors accumulate. If X has features other
# than the target, their future values must be known. Calendar features are known in advance, but
# the weather is not.

# %%
# Forecast after the last row
# ---------------------------
#
# The last 24 rows have no complete y, so they cannot be used for training. The most recent forecast
# is made from the last row of the table. ``forecast`` passes the rows before it, and returns the
# forecasts with their dates. With ``steps=72``, the network with 24 outputs forecasts three blocks.
# The second and the third block follow from the forecasts before them.

direct.fit(X, y)
coming = forecast(direct, table, target="cells", steps=72)

figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.plot(table[-200:], color="0.4", label="measured")
axes.plot(coming[:horizon], color="#0072B2", label="forecast of the next 24 days")
axes.plot(coming[horizon - 1 :], color="#D55E00", label="blocks from earlier forecasts")
figure.legend(loc="outside upper center", ncols=3)
plt.show()

coming.head(3).round(2)

# %%
# ``direct.predict(table[-1:])`` would pass a row that is 24 days after the last row of ``fit``.
# There is a hole between the two rows, so the windower finds no rows before it, and pads the window
# with a warning. ``forecast`` avoids this. Pass it the whole table, or at least all rows after
# those of ``fit``.

# %%
# Known futures and 96 quarter hours
# ----------------------------------
#
# The second example forecasts the electric load of the next 24 hours in quarter hours. The load is
# simulated. It depends on the hour, on whether the day is a working day, and on the temperature.
# Weekends and holidays are known beforehand. The future temperature is not known, but its forecast
# is. The table therefore holds the forecast of the weather service, which is issued more than one
# day before, and not the measured temperature.


def make_load(times, holidays):
    rng = np.random.default_rng(0)
    changes = pd.DataFrame(rng.normal(size=(len(times), 3)))
    weather = 150 * changes[0].ewm(halflife=3 * 96).mean().to_numpy()
    error = 8 * changes[1].ewm(halflife=24).mean().to_numpy()  # of the weather forecast
    other = 5 * changes[2].ewm(halflife=8).mean().to_numpy()
    hour = (times.hour + times.minute / 60).to_numpy()
    workday = (times.day_of_week < 5) & ~times.normalize().isin(pd.to_datetime(holidays))
    temperature = 6 + weather + 4 * np.sin(2 * np.pi * (hour - 9) / 24)
    business = np.exp(-(((hour - 9) / 2.5) ** 2)) + np.exp(-(((hour - 14) / 4) ** 2))
    evening = 12 * np.exp(-(((hour - 19.5) / 2) ** 2))
    heating = 0.8 * np.maximum(15 - temperature - error, 0)
    load = 40 + np.where(workday, 24, 8) * business + evening + heating + other
    return pd.DataFrame({"load": load, "workday": workday, "temperature": temperature}, index=times)


times = pd.date_range("2024-01-01", "2024-03-12", freq="15min", inclusive="left", name="time")
holidays = ["2024-01-25", "2024-02-02", "2024-02-13", "2024-02-14", "2024-02-28", "2024-03-05"]
table = make_load(times, holidays)["2024-01-08":]
table.iloc[::2000].round(1)

# %%
# ``leads`` returns targets and known futures alike. The row of each quarter hour gets 96 columns
# for the working day and 96 for the temperature. ``table.join(..., how="inner")`` keeps the rows
# with a complete future, which are the rows of y.

horizon = 96
y = leads(table, "load", horizon=horizon)
X = table.join(leads(table[["workday", "temperature"]], horizon=horizon), how="inner")
print(X.shape, y.shape, X.index.equals(y.index))
print(*X.columns[:5], "…", *X.columns[-2:])

# %%
# The windows hold every fourth row of the last day: 24 timesteps, one hour apart. The network has
# 96 outputs. The next cell tests it with and without the known futures. The test fold is the last
# two weeks, which have two holidays. The seasonal naive forecast repeats the load of the same
# quarter hour one week before.

network = LSTMRegressor(32, learning_rate=0.005, epochs=10, batch_size=64, random_state=0)
model = make_pipeline(SequenceWindower(24, sampling_rate=4), network)
week_ago = make_pipeline(SequenceWindower(7 * 96), NaiveRegressor("load", period=7 * 96))

two_weeks = TimeSplit(1, test_size="14D", horizon=horizon)
past_only = {"LSTM, past only": model, "one week ago": week_ago}
frame = pd.concat(
    [
        backtest({"LSTM, known futures": model}, X, y, cv=two_weeks),
        backtest(past_only, table.loc[y.index], y, cv=two_weeks),
    ]
)
display = StepErrorDisplay.from_backtest(frame)
plt.show()

print(*compare_forecasts(frame, baseline="LSTM, past only")["verdict"], sep="\n")
display.errors.loc[[1, 24, 48, 96]].round(2)

# %%
# The network without known futures reads one day. It cannot know whether the next day is a working
# day. Its error grows until it is larger than that of the seasonal naive forecast. With known
# futures, the error is about the same for all steps. Only in the first hours, the network without
# known futures is better: it learns from 3 features instead of 195, and the load of these hours
# follows from the past.

# %%
# For the forecast after the last row, pass the table without the columns that ``leads`` made. The
# coming values of the other columns are the rows of ``known``. ``forecast`` makes the columns
# ``h1_workday, h1_temperature, …`` from both tables. If a value is missing, the error names it.

model.fit(X, y)
try:
    forecast(model, table, target="load")
except ValueError as error:
    print(error)

# %%
# The next day is a Tuesday. The next cell forecasts its load as a working day and as a holiday. In
# both cases, the weather forecast is that of the last day. For more than 96 steps, ``known`` must
# reach further: the second block also reads the working days and temperatures of the first one, and
# of the 96 steps after it.

next_day = pd.date_range(times[-1], periods=horizon + 1, freq="15min", inclusive="right")
known = table[["workday", "temperature"]][-horizon:].set_axis(next_day)
as_holiday = known.assign(workday=False)

_, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.plot(table["load"][-3 * 96 :], color="0.4", label="measured")
for name, coming, colour in [("working day", known, "#0072B2"), ("holiday", as_holiday, "#D55E00")]:
    axes.plot(
        forecast(model, table, target="load", known=coming), color=colour, label=f"forecast, {name}"
    )
axes.set(ylabel="load")
axes.legend(loc="upper left")
plt.show()
