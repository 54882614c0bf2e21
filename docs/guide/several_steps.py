"""
Several steps ahead
===================

This page forecasts the next 24 days at once. y has one column per step ahead, and the network has
one output per column. The page makes such a y in two ways, compares a direct forecast with a
recursive forecast, and forecasts the days after the last row of the table.
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
# :func:`~skl_lstm.make_supervised` has a parameter ``horizon``. Row i of X holds 24 days, and row i
# of y holds the following 24 days. Both have the date of the last day in X.

from skl_lstm import make_supervised

horizon = 24
X, y = make_supervised(table, timesteps=24, horizon=horizon)
print(X.shape, y.shape)
y.iloc[:2, :4].round(2)

# %%
# With several targets, the columns of y are ordered ``h1_a, h1_b, h2_a, …``. All targets of one
# step are next to each other.
#
# The last 300 rows are held out. ``horizon - 1`` rows between the training rows and the held-out
# rows are not used. Their targets include days after the first held-out forecast is made, so they
# would not be known at that time.

X_train, y_train = X[: -300 - horizon + 1], y[: -300 - horizon + 1]
X_test, y_test = X[-300:], y[-300:]

# %%
# One network with 24 outputs
# ---------------------------
#
# :class:`~skl_lstm.LSTMRegressor` accepts this y. Its last layer gets one output per column of y.
# For training, each column of y is standardized. The forecasts are in the units of y.

from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceReshaper


def lstm():
    return LSTMRegressor(units=32, learning_rate=0.01, epochs=30, random_state=0)


direct = make_pipeline(SequenceReshaper(), lstm()).fit(X_train, y_train)
direct.predict(X_test).shape

# %%
# Recursive forecasts
# -------------------
#
# A recursive forecast uses a network that only forecasts the next day. Its forecast becomes the
# newest lag column, and the oldest lag column is removed. The network then predicts the following
# day. The loop processes all 300 rows at once.

one_step = make_pipeline(SequenceReshaper(), lstm())
# Fit on arrays: the lag columns in the loop below have no column names.
one_step.fit(X_train.to_numpy(), y_train["h1_cells"])


def recursive_forecast(model, windows, steps):
    forecasts = []
    for _ in range(steps):
        forecasts.append(model.predict(windows))
        windows = np.column_stack([windows[:, 1:], forecasts[-1]])
    return np.column_stack(forecasts)


recursive = recursive_forecast(one_step, X_test.to_numpy(), horizon)

# %%
# One model can make recursive forecasts for any horizon. This has two disadvantages. Later
# forecasts are computed from earlier forecasts, so the errors accumulate. If X has features other
# than the target, their future values must be known. Calendar features are known in advance, but
# the weather is not.

# %%
# Error by step ahead
# -------------------
#
# A single score for all steps hides important differences. The plot compares the two networks with
# three baselines. Ridge regression uses the same lag columns. Persistence repeats the last value.
# The seasonal naive forecast repeats the values of one cycle before. The length of the cycle is
# estimated from the training rows.

from sklearn.linear_model import RidgeCV

seen = table["cells"][: X_train.index[-1]]
cycle = max(range(horizon, 75), key=seen.autocorr)
print(f"the series resembles itself most after {cycle} days")

steps = range(1, horizon + 1)
cells = table["cells"]
one_cycle_ago = pd.concat([cells.shift(cycle - step) for step in steps], axis=1)
ridge = RidgeCV(np.logspace(-3, 3, 7)).fit(X_train, y_train)

forecasts = {
    "LSTM, direct": direct.predict(X_test),
    "LSTM, recursive": recursive,
    "ridge": ridge.predict(X_test),
    "seasonal naive": one_cycle_ago.loc[X_test.index].to_numpy(),
    "persistence": np.repeat(X_test[["t23_cells"]].to_numpy(), horizon, axis=1),
}
errors = pd.DataFrame(
    {
        name: ((forecast - y_test) ** 2).mean().to_numpy() ** 0.5
        for name, forecast in forecasts.items()
    },
    index=pd.Index(steps, name="steps ahead"),
)

_, axes = plt.subplots(figsize=(8, 4), layout="constrained")
colours = ["#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#CC79A7"]
for (name, error), colour in zip(errors.items(), colours, strict=True):
    axes.plot(error, label=name, color=colour)
axes.set(xlabel="steps ahead", ylabel="RMSE", ylim=(0, None))
axes.legend()
plt.show()

errors.loc[[1, 6, 12, 24]].round(3)

# %%
# No forecast can have an error below the measurement noise of 0.02. The error of the direct network
# stays close to this value for all 24 days. The error of the recursive network starts near this
# value, but then grows. Ridge regression is only accurate for a few days.
#
# This is the result for one series and one network size. On other data, the recursive network may
# be better than the direct network.

# %%
# The next cell plots forecasts and true values for one step and for 24 steps ahead. ``times`` gives
# the date that each forecast is for. Without it, both panels would use the date on which the
# forecast was made.

from skl_lstm.inspection import ForecastDisplay

ahead = pd.to_timedelta(steps, unit="D").to_numpy()
true_on = X_test.index.to_numpy()[:, np.newaxis] + ahead
ForecastDisplay.from_estimator(direct, X_test, y_test, times=true_on)
plt.show()

# %%
# Forecast from a DataFrame
# -------------------------
#
# :class:`~skl_lstm.SequenceWindower` cuts the windows inside the Pipeline, so only y has to be made
# beforehand. ``make_supervised`` with ``timesteps=1`` returns this y, for every row that is
# followed by 24 more rows.

from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from skl_lstm import SequenceWindower

_, y_all = make_supervised(table, timesteps=1, horizon=horizon)
rows = table.loc[y_all.index]
model = make_pipeline(SequenceWindower(24), lstm())

forwards = TimeSeriesSplit(2, gap=horizon - 1)
scores = cross_val_score(model, rows, y_all, cv=forwards, scoring="neg_root_mean_squared_error")
print("RMSE of the folds, mean of all steps:", (-scores).round(3))

# %%
# ``gap`` leaves out the same 23 rows within the folds, for the same reason. :doc:`look_back` shows
# a plot of the gap, and explains what a windower does with the rows after it. ``make_supervised``
# needs rows at equal distances in time. For tables with holes, :doc:`many_series` shows how to make
# targets by label.

# %%
# Forecast after the last row
# ---------------------------
#
# The last 24 rows have no complete y, so they cannot be used for training. The most recent forecast
# is made from the last of these rows. The 24 rows directly follow the rows of ``fit``, so the
# windower finds the rows before them. Pass all 24 rows and use the last forecast.

model.fit(rows, y_all)
coming = model.predict(table[-horizon:])[-1]

next_days = table.index[-1] + ahead
_, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.plot(table[-200:], color="0.4", label="measured")
axes.plot(next_days, coming, color="#0072B2", label="forecast of the next 24 days")
axes.legend()
plt.show()

# %%
# ``model.predict(table[-1:])`` would pass a row that is 24 days after the last row of ``fit``.
# There is a hole between the two rows, so the windower finds no rows before it. It repeats that row
# 24 times and gives a warning. There should be no hole between the training rows and the rows to
# predict from.

import warnings
from textwrap import fill

windower = model[:-1]
of_all_rows = windower.transform(table[-24:])[-1]
with warnings.catch_warnings(record=True, action="always") as caught:
    of_one_row = windower.transform(table[-1:])[-1]
print("distinct steps in the last window, from 24 rows:", len(np.unique(of_all_rows)))
print("from the last row alone:", len(np.unique(of_one_row)))
print(fill(str(caught[0].message)))
