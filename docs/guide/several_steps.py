"""
Several steps ahead
===================

One forecast, many values: the next 24 days at once. y gets a column for every step ahead, and the
network an output for each. This page makes such a y in two ways, compares the direct forecast with
one that feeds on itself, and goes past the last row of the table.
"""

# %%
# A series that no straight line forecasts
# ----------------------------------------
#
# The equation of Mackey and Glass describes how the density of blood cells comes and goes when
# their renewal answers late. It is a common test of forecasts: never periodic, and not linear. Here
# are 1,500 days of it, measured with a little noise.

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
# y with a column a step
# ----------------------
#
# :func:`~skl_lstm.make_supervised` takes the horizon. Row i of X holds 24 days, row i of y the 24
# that follow. Both carry the date of the last day that the forecast may read.

from skl_lstm import make_supervised

horizon = 24
X, y = make_supervised(table, timesteps=24, horizon=horizon)
print(X.shape, y.shape)
y.iloc[:2, :4].round(2)

# %%
# With several targets the columns of y go ``h1_a, h1_b, h2_a, …``, all targets of a step together.
#
# The last 300 rows are held out. Between them and the rows to learn from, ``horizon - 1`` rows are
# left out: their targets reach past the first held-out forecast, and were not known then.

X_train, y_train = X[: -300 - horizon + 1], y[: -300 - horizon + 1]
X_test, y_test = X[-300:], y[-300:]

# %%
# One network, 24 outputs
# -----------------------
#
# :class:`~skl_lstm.LSTMRegressor` takes y as it is: its last layer gets as many outputs as y has
# columns. ``TransformedTargetRegressor`` scales y within the Pipeline, column by column, and gives
# forecasts back in the old units. Leave it out only if y is of the order of one: a network starts
# with outputs near zero, and needs many epochs to come up to targets in the hundreds.

from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import LSTMRegressor, SequenceReshaper


def lstm():
    network = LSTMRegressor(units=32, learning_rate=0.01, epochs=30, random_state=0)
    return TransformedTargetRegressor(network, transformer=StandardScaler())


direct = make_pipeline(StandardScaler(), SequenceReshaper(), lstm()).fit(X_train, y_train)
direct.predict(X_test).shape

# %%
# One step, again and again
# -------------------------
#
# The other way is a network for the next day alone. Its forecast becomes the newest lag column, the
# oldest drops out, and it is asked again. All 300 rows go through the loop at once.

one_step = make_pipeline(StandardScaler(), SequenceReshaper(), lstm())
# As arrays: the lag columns of the loop have lost their names.
one_step.fit(X_train.to_numpy(), y_train["h1_cells"])


def recursive_forecast(model, windows, steps):
    forecasts = []
    for _ in range(steps):
        forecasts.append(model.predict(windows))
        windows = np.column_stack([windows[:, 1:], forecasts[-1]])
    return np.column_stack(forecasts)


recursive = recursive_forecast(one_step, X_test.to_numpy(), horizon)

# %%
# This serves any horizon, with one model. It has two prices. Each forecast is made from forecasts,
# and their errors add up. And if X has other features than the target, someone has to know their
# future: the calendar is known, the weather is not.

# %%
# Error by step ahead
# -------------------
#
# One number for all steps hides what matters. Beside the two networks stand three baselines: ridge
# regression on the same lag columns, persistence (the last value stays), and the seasonal naive
# forecast, which repeats the value of one cycle ago. The length of the cycle comes from the
# training rows.

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
# No forecast can do better than the noise of the measurement, which is 0.02. The direct network
# stays close to it over all 24 days; the recursive one starts there and drifts away. The linear
# forecast is good for a few days only.
#
# This is one series and one size of network; on another the order of the two may be the other way
# round.

# %%
# Forecast and truth, one step and 24 steps ahead. ``times`` says when each forecast comes true;
# without it, both panels would stand at the day on which it was made.

from skl_lstm.inspection import ForecastDisplay

ahead = pd.to_timedelta(steps, unit="D").to_numpy()
true_on = X_test.index.to_numpy()[:, np.newaxis] + ahead
ForecastDisplay.from_estimator(direct, X_test, y_test, times=true_on)
plt.show()

# %%
# The same from a DataFrame
# -------------------------
#
# :class:`~skl_lstm.SequenceWindower` cuts windows inside the Pipeline, so that y is needed alone.
# ``timesteps=1`` gives it for every row that is followed by 24 more.

from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from skl_lstm import SequenceWindower

_, y_all = make_supervised(table, timesteps=1, horizon=horizon)
rows = table.loc[y_all.index]
by_date = StandardScaler().set_output(transform="pandas")
model = make_pipeline(by_date, SequenceWindower(24), lstm())

forwards = TimeSeriesSplit(2, gap=horizon - 1)
scores = cross_val_score(model, rows, y_all, cv=forwards, scoring="neg_root_mean_squared_error")
print("RMSE of the folds, mean of all steps:", (-scores).round(3))

# %%
# ``gap`` leaves out the same 23 rows within the folds, for the same reason. :doc:`look_back` has a
# picture of it, and says what a windower does behind it. Rows must be equally far apart for
# ``make_supervised``; :doc:`many_series` shows targets by label, for tables with holes.

# %%
# After the last row
# ------------------
#
# The last 24 rows have no complete y. They cannot be learned from, but the forecast that one wants
# to have is made from the last of them. They follow the rows of ``fit``, so the windower finds
# their past there: pass them all, and take the last forecast.

model.fit(rows, y_all)
coming = model.predict(table[-horizon:])[-1]

next_days = table.index[-1] + ahead
_, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.plot(table[-200:], color="0.4", label="measured")
axes.plot(next_days, coming, color="#0072B2", label="forecast of the next 24 days")
axes.legend()
plt.show()

# %%
# ``model.predict(table[-1:])`` would see a row 24 days after the last one of ``fit``: a hole,
# behind which it has no past, and its window would be that row 24 times. Rows learned from and rows
# to forecast from should follow each other without one.

windower = model[:-1]
print(
    "distinct steps in the last window, from 24 rows:",
    len(np.unique(windower.transform(table[-24:])[-1])),
)
print("from the last row alone:", len(np.unique(windower.transform(table[-1:])[-1])))
