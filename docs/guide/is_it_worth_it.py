"""
Is it worth it?
===============

A network takes longer to train than a linear model and is harder to explain. Is its forecast
better? And if its error is lower, is the difference real, or could it be chance? This page
compares an LSTM with simple models on two data sets. On the first, the LSTM is no better. On the
second, it is.
"""

# %%
# Three models for one task
# -------------------------
#
# The task is to forecast the maximum temperature in Seattle for the next three days. y has one
# column per day ahead, as :func:`~skl_lstm.leads` returns them. X has the four measurements of each
# day, and two columns for the time of year: the sine and cosine of the day's position in the year.

import numpy as np

from skl_lstm import leads
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather().select_dtypes("number")
y = leads(weather, "temp_max", horizon=3)

angle = 2 * np.pi * weather.index.day_of_year / 365.25
X = weather.assign(year_sin=np.sin(angle), year_cos=np.cos(angle)).loc[y.index]
y.head(3)

# %%
# The simplest forecast is persistence: the next three days are like today.
# :class:`~skl_lstm.NaiveRegressor` returns the last value of each window. Ridge regression is the
# baseline that the network has to beat. It reads the windows of the network, flattened to rows by
# :class:`~skl_lstm.SequenceFlattener`.

from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import LSTMRegressor, NaiveRegressor, SequenceFlattener, SequenceWindower

models = {
    "persistence": make_pipeline(SequenceWindower(), NaiveRegressor("temp_max")),
    "ridge": make_pipeline(
        SequenceWindower(timesteps=7),
        SequenceFlattener(),
        StandardScaler(),
        RidgeCV(alphas=np.logspace(-2, 4, 13)),
    ),
    "LSTM": make_pipeline(
        SequenceWindower(timesteps=7),
        LSTMRegressor(16, learning_rate=0.003, epochs=20, random_state=0),
    ),
}

# %%
# Forecast the past
# -----------------
#
# A backtest forecasts days whose values are known by now, with models that were trained on the days
# before them. :class:`~skl_lstm.TimeSplit` cuts the last two years into eight test folds of 91
# days. ``horizon=3`` leaves out the training rows whose targets reach into the test fold.
#
# :func:`~skl_lstm.backtest` fits every model for every fold, and returns one table. It has a row
# for every model, tested day and step ahead. ``origin`` is the day on which the forecast is made,
# and ``time`` the day for which it is made.

from skl_lstm import TimeSplit, backtest

folds = TimeSplit(n_splits=8, test_size=91, horizon=3)
frame = backtest(models, X, y, cv=folds)
print(len(frame), "forecasts")
frame.head(3).round({"forecast": 1})

# %%
# By default, the models are fitted for every fold, as if they were trained again every quarter of a
# year. With ``refit=4``, they are fitted for every fourth fold, and the three folds after it are
# forecast with the same models. This saves time if a fit is slow. Use the interval at which you
# would train the model in use.
#
# The table is an ordinary DataFrame, so pandas can group it. The next cell computes the RMSE in °C
# of each model in each fold:

squares = frame.assign(squared_error=(frame["truth"] - frame["forecast"]) ** 2)
by_fold = squares.groupby(["fold", "model"])["squared_error"].mean() ** 0.5
by_fold.unstack()[list(models)].round(2)

# %%
# :class:`~skl_lstm.inspection.StepErrorDisplay` plots the error over all folds by step ahead:

import matplotlib.pyplot as plt
import pandas as pd

from skl_lstm.inspection import ForecastDisplay, StepErrorDisplay

display = StepErrorDisplay.from_backtest(frame)
plt.show()
display.errors.round(2)

# %%
# Persistence has the largest error. Those of ridge regression and the LSTM are nearly the same. In
# some folds the LSTM is better, in others ridge regression. :meth:`ForecastDisplay.from_backtest
# <skl_lstm.inspection.ForecastDisplay.from_backtest>` plots the forecasts at the time at which they
# come true. The next cell plots the last fold, one day and three days ahead:

last_fold = frame[frame["fold"] == 7]
ForecastDisplay.from_backtest(last_fold, model=["ridge", "LSTM"])
plt.show()

# %%
# Is the difference real?
# -----------------------
#
# In two other years, the weather would have been different, and so would the errors.
# :func:`~skl_lstm.compare_forecasts` tests whether the difference between two models could be due
# to this. It compares every model with a baseline. As the baseline, choose the simple model that
# you would use if you had no network.

from skl_lstm import compare_forecasts

result = compare_forecasts(frame, baseline="ridge")
result.drop(columns="verdict").T.round(3)

# %%

for verdict in result["verdict"]:
    print(verdict)

# %%
# ``loss`` is the mean squared error of the model, and ``difference`` is the loss less that of ridge
# regression. A negative difference means that the model is better. ``lower`` and ``upper`` are the
# bounds of the 95 % interval of the difference: of 100 intervals computed in this way, about 95
# contain the true difference. The last three lines are the same difference and the same bounds as a
# gain, in per cent of the loss of ridge regression.
#
# The interval of persistence is above 0: persistence is worse, and this is hardly chance. The
# interval of the LSTM contains 0. Its true error may be lower than that of ridge regression, but it
# may also be higher. ``p_value`` says the same in one number. It is the probability that two
# equally good models differ by this much or more. Below 0.05, the 95 % interval does not contain 0.
#
# "No better on these rows" does not mean that both models are equally good. It means that these
# rows do not show a difference. The interval of the gain is from -10 % to 8 %, so a gain of 5 % is
# possible. With more rows, the interval is narrower.
#
# Errors of neighbouring days are not independent
# -----------------------------------------------
#
# A simple test would treat all forecasts as independent. The next cell computes the 95 % interval
# of the difference in this way, and the ratio of the widths of both intervals:

from scipy.stats import ttest_rel

losses = squares.pivot(index=["origin", "step"], columns="model", values="squared_error")
simple = ttest_rel(losses["LSTM"], losses["ridge"]).confidence_interval()
width = result.loc["LSTM", "upper"] - result.loc["LSTM", "lower"]
print(f"{len(losses)} pairs as independent: {simple.low:.2f} to {simple.high:.2f}")
print(f"the interval above is {width / (simple.high - simple.low):.1f} times as wide")

# %%
# The interval of independent errors is too narrow, for two reasons:
#
# - The targets overlap. The forecast for two days ahead, made today, and that for one day ahead,
#   made tomorrow, have the same true value.
# - Weather persists. In a heat wave, a model that is too cold is too cold for days.
#
# The 2184 forecasts therefore contain less information than 2184 independent ones. The next cell
# shows the autocorrelation of the difference in loss: how similar the difference of one day is to
# that of a later day.

by_day = (losses["LSTM"] - losses["ridge"]).groupby("origin").mean()
for days in [1, 2, 3, 7]:
    print(f"{days} days apart: {by_day.autocorr(days):.2f}")

# %%
# ``compare_forecasts`` allows for both. It first averages over the steps of each day, and then
# estimates the variance of the mean from the slow changes of these averages. It is the test of
# Diebold and Mariano, in a form that also holds for short series.
#
# Too few rows
# ------------
#
# With few rows, nearly every result is possible. The next cell compares the LSTM and ridge
# regression in each fold of 91 days. The columns are the gain in per cent and its interval:

pair = frame[frame["model"].isin(["ridge", "LSTM"])]
gain = ["improvement", "improvement_lower", "improvement_upper"]
gains = {
    fold: compare_forecasts(part, baseline="ridge").loc["LSTM", gain]
    for fold, part in pair.groupby("fold")
}
pd.DataFrame(gains).T.astype(float).round(1)

# %%
# The LSTM gains 14 % in one fold and loses 16 % in another, and every interval contains 0. The
# interval of all eight folds is narrower than each of them. If there are too few days even for a
# rough estimate, there is no test. The verdict then gives the number of days that are needed:

two_weeks = pair[pair["origin"] >= pair["origin"].max() - np.timedelta64(13, "D")]
print(compare_forecasts(two_weeks, baseline="ridge").loc["LSTM", "verdict"])

# %%
# Two checks
# ----------
#
# The result of a network depends on its ``random_state``, so repeat the comparison with other
# values. The result of a baseline depends on its features. A network that only beats a baseline
# with less information may owe this to the information. The next cell adds two more networks, and
# ridge regression without the time of year. The tables of several backtests can be joined if they
# are on the same rows.

from sklearn.base import clone

more_networks = {
    f"LSTM, random_state={seed}": clone(models["LSTM"]).set_params(lstmregressor__random_state=seed)
    for seed in (1, 2)
}
less_data = {"ridge without time of year": models["ridge"]}
joined = pd.concat(
    [
        frame,
        backtest(more_networks, X, y, cv=folds),
        backtest(less_data, weather.loc[y.index], y, cv=folds),
    ]
)
checks = compare_forecasts(joined, baseline="ridge")
checks[gain].round(1)

# %%
# The three networks differ only by chance: their gains are positive and negative, and all intervals
# contain 0. Ridge regression without the two columns is worse by 11 %. Here, two more columns help
# more than a network.
#
# A case for the network
# ----------------------
#
# The second data set is simulated. Water flows into a tank, more by day than by night. When the
# level is above 8 m, a pump starts. It runs until the level is below 3 m. The pump is not in the
# table. The model has to find out from the past levels whether it runs, and when it will start or
# stop. This is not linear: the level rises until a threshold, and then falls.

rng = np.random.default_rng(0)
hours = pd.date_range("2025-01-01", periods=1500, freq="h", name="hour")
by_daytime = 0.8 + 0.4 * np.sin(2 * np.pi * hours.hour.to_numpy() / 24)

level, pump_runs, levels = 5.0, False, []
for inflow in by_daytime + rng.normal(0, 0.1, len(hours)):
    if level > 8:
        pump_runs = True
    elif level < 3:
        pump_runs = False
    level += inflow - 2.5 * pump_runs
    levels.append(level)
tank = pd.DataFrame({"level": levels}, index=hours)

_, axes = plt.subplots(figsize=(8, 2.5), layout="constrained")
axes.plot(tank[-96:], color="#0072B2")
axes.set(ylabel="level in m", title="the last four days")
plt.show()

# %%
# The next cell forecasts the next three hours with the same models. The windows are twelve hours
# long. Lengths of time are allowed for the folds, and ``refit=4`` fits the models twice for eight
# folds.

y = leads(tank, "level", horizon=3)
X = tank.loc[y.index]
models["persistence"].set_params(naiveregressor__feature="level")
models["ridge"].set_params(sequencewindower__timesteps=12)
models["LSTM"].set_params(sequencewindower__timesteps=12, lstmregressor__learning_rate=0.01)

folds = TimeSplit(n_splits=8, test_size="4D", horizon=3)
tank_frame = backtest(models, X, y, cv=folds, refit=4)

for verdict in compare_forecasts(tank_frame, baseline="ridge")["verdict"]:
    print(verdict)

# %%
# The LSTM is better by 69 %, and even the lower end of the interval is a gain of more than a half.
# The error of the LSTM is the lowest at every step ahead:

StepErrorDisplay.from_backtest(tank_frame)
plt.show()

# %%
# The last two days show why. Ridge regression has no thresholds, so its forecasts turn too early or
# too late, and not far enough. The network has learned when the pump starts and stops. The next
# cell plots the forecasts three hours ahead:

two_days = tank_frame[tank_frame["time"] > tank_frame["time"].max() - pd.Timedelta("2D")]
ForecastDisplay.from_backtest(two_days, model=["ridge", "LSTM"], steps=3)
plt.show()

# %%
# What to do
# ----------
#
# - Start with persistence and ridge regression. If they are good enough, use them.
# - Backtest all models on the same folds, forwards in time, with the ``horizon`` of the targets.
#   Give all models the same information.
# - Decide by the verdict, not by the error alone. If the network is no better, use the simpler
#   model, or collect more rows.
# - A difference can be real, but too small to matter. Check whether a gain at the lower end of the
#   interval would be worth a network.
# - The loss is the squared error by default, so large errors count most. Use
#   ``loss="absolute_error"``, or a function of your own, if this is not what errors cost you.
# - If you compare 20 models that are no better than the baseline, one of them looks different by
#   chance. Choose the settings by a search on earlier rows (:doc:`look_back`), and compare only the
#   chosen model.
#
# A network is worth it if it finds in the windows what a linear model cannot use, such as the two
# thresholds of the pump.
#
# The difference can also lie between these two examples. A network that read the last 24 hours of
# air quality in Beijing was trained on four years with 213 holes, and forecast the next hour of a
# fifth. Its RMSE is 20.3 µg/m³, that of ridge regression on the same windows 21.3, and that of
# persistence 22.1 (``python -m benchmarks beijing``).
