"""
How sure is it?
===============

A forecast of 21 °C can mean "between 20 and 22" or "somewhere between 15 and 27". This page adds
that information: quantiles from the network, and intervals around the forecasts of any model. It
compares what the intervals promise with what they hold, and shows where they fail.
"""

# %%
# The task is that of :doc:`is_it_worth_it`: the maximum temperature in Seattle for the next three
# days. The models learn from three years. The last year is held out.

import numpy as np

from skl_lstm import leads
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather().select_dtypes("number")
y = leads(weather, "temp_max", horizon=3)

angle = 2 * np.pi * weather.index.day_of_year / 365.25
X = weather.assign(year_sin=np.sin(angle), year_cos=np.cos(angle)).loc[y.index]

X_train, X_test = X[:"2014"], X["2015":]
y_train, y_test = y[:"2014"], y["2015":]

# %%
# Quantiles from the network
# --------------------------
#
# With ``quantiles``, one network predicts several quantiles of every value. Below the quantile
# 0.05, there should be 5 % of the true values, below the quantile 0.95, there should be 95 %.
# ``predict`` returns the median as the forecast, and with ``return_quantiles=True`` also an array
# with the axes (samples, steps ahead, quantiles):

from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower

quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
lstm = make_pipeline(
    SequenceWindower(timesteps=7),
    LSTMRegressor(16, quantiles=quantiles, learning_rate=0.003, epochs=20, random_state=0),
)
lstm.fit(X_train, y_train)

forecast_of_test, quantiles_of_test = lstm.predict(X_test, return_quantiles=True)
print(forecast_of_test.shape, quantiles_of_test.shape)
quantiles_of_test[0].round(1)

# %%
# The rows of this array are the next three days. The further ahead a day is, the wider is the range
# from the first to the last quantile. The quantiles of a row are sorted, so they never cross.
#
# The next cell computes the share of the true values below each quantile, by step ahead. It also
# computes scikit-learn's D² score of the median, the share of the pinball loss of a constant
# forecast that the network saves:

import pandas as pd
from sklearn.metrics import d2_pinball_score

below = {q: (y_test <= quantiles_of_test[..., i]).mean() for i, q in enumerate(quantiles)}
print("D² of the median:", round(d2_pinball_score(y_test, forecast_of_test, alpha=0.5), 2))
pd.DataFrame(below).round(2)

# %%
# The shares are near the quantiles, but some are off by 0.07. A network learns its quantiles on the
# training rows. If it fits these rows too closely, its quantiles are too close to each other, and
# only rows that it has not seen show this.
#
# Intervals around any forecast
# -----------------------------
#
# :class:`~skl_lstm.ConformalRegressor` holds out the latest training rows, fits the estimator on
# the rows before them, and measures its errors on the rows that it held out. An interval that
# reaches as far to both sides as 90 % of these errors holds about 90 % of the coming values, if
# they are like the rows that it held out. The estimator can be any regressor or pipeline, such as
# ridge regression. Its intervals have a width for each step ahead, which is the same for every row.
#
# Around a network with quantiles, the interval from the quantile 0.05 to the quantile 0.95 is moved
# outwards or inwards until it holds 90 % of the values. Its width still differs between rows.
#
# ``calibration=365`` holds out a whole year, so that the intervals know all seasons. With
# ``refit=True``, the estimator is then trained once more, on all rows, so that the forecasts do not
# lose this year.

from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from skl_lstm import ConformalRegressor, SequenceFlattener

ridge = make_pipeline(
    SequenceWindower(timesteps=7),
    SequenceFlattener(),
    StandardScaler(),
    RidgeCV(alphas=np.logspace(-2, 4, 13)),
)
models = {
    "ridge": ConformalRegressor(ridge, coverage=0.9, calibration=365, refit=True),
    "LSTM": ConformalRegressor(lstm, coverage=0.9, calibration=365, refit=True),
}

for model in models.values():
    model.fit(X_train, y_train)
models["ridge"].predict_interval(X_test)[0].round(1)  # lower and upper bounds of three days

# %%
# Promised and covered
# --------------------
#
# The next cell computes which share of the true values of the held-out year is inside the
# intervals, by step ahead. One calibration gives intervals for every coverage:

shares = {}
for promised in (0.5, 0.8, 0.9):
    for name, model in models.items():
        interval = model.predict_interval(X_test, coverage=promised)
        is_inside = (interval[..., 0] <= y_test) & (y_test <= interval[..., 1])
        shares[promised, name] = is_inside.mean()
pd.DataFrame(shares).T.rename_axis(["promised", "model"]).round(2)

# %%
# Most shares are within 0.03 of the promise. One year of 362 days cannot show it more exactly: even
# of 362 independent values, a share of 0.5 is off by 0.03 or more in every fourth year, and
# neighbouring days are not independent.
#
# Which intervals are better?
# ---------------------------
#
# Intervals that hold enough values can still be too wide to be of use. :func:`~skl_lstm.backtest`
# adds the bounds of the intervals to its table, and :func:`~skl_lstm.compare_forecasts` compares
# their *interval score*: the width, plus a penalty for every value outside, which is larger the
# further outside the value is. Lower is better. The network without calibration is compared, too.
# Its interval reaches from the quantile 0.05 to the quantile 0.95:

from skl_lstm import TimeSplit, backtest, compare_forecasts

folds = TimeSplit(n_splits=1, test_size=len(X_test), horizon=3)
frame = backtest({**models, "LSTM, not calibrated": lstm}, X, y, cv=folds)
result = compare_forecasts(frame, baseline="ridge", loss="interval_score")
result[["loss", "baseline_loss", "coverage", "width", "baseline_width"]].T.round(2)

# %%

for verdict in result["verdict"]:
    print(verdict)

# %%
# The intervals of the networks are narrower than those of ridge regression, for about the same
# coverage, and their interval score is lower by about 6 %. In one year, this may be chance. The
# calibration has changed little here, because the quantiles of this network were nearly right.
#
# The next figures show the coverage by step ahead, and the intervals of two months:

import matplotlib.pyplot as plt

from skl_lstm.inspection import ForecastDisplay, StepErrorDisplay

StepErrorDisplay.from_backtest(frame, metric="coverage")
plt.show()

# %%

two_months = frame[frame["time"].between("2015-07-01", "2015-08-31")]
ForecastDisplay.from_backtest(two_months, model="LSTM")
plt.show()

# %%
# Where it fails: some rows are not like the others
# -------------------------------------------------
#
# The promise holds on average over all rows. It need not hold for some kinds of rows. The next cell
# computes the share of the values inside the intervals, and their mean width, by quarter of the
# year:

frame["inside"] = frame["truth"].between(frame["lower"], frame["upper"])
frame["width"] = frame["upper"] - frame["lower"]
frame["quarter"] = frame["time"].dt.quarter
by_quarter = frame.groupby(["quarter", "model"])[["inside", "width"]].mean()
by_quarter.unstack().drop(columns="LSTM, not calibrated", level="model").round(2)

# %%
# The intervals of ridge regression have one width for the whole year. In Seattle, the temperature
# is harder to forecast in spring and summer than in autumn. So in the last quarter they hold more
# values than promised, and in the second quarter fewer. Those of the network are wider in spring
# and summer, and their coverage differs less.
#
# Where it fails: the noise changes
# ---------------------------------
#
# The rows to come may not be like the rows that it held out. The next series is simulated: an
# hourly load with a daily course. After 2400 hours, its noise doubles.

rng = np.random.default_rng(0)
hours = pd.date_range("2025-01-01", periods=3600, freq="h", name="hour")
noise = rng.normal(0, 0.3, len(hours)) * np.where(np.arange(len(hours)) < 2400, 1, 2)
load = pd.DataFrame({"load": 2 + np.sin(2 * np.pi * hours.hour.to_numpy() / 24) + noise}, hours)

y_load = leads(load, "load")
X_load = load.loc[y_load.index]
ridge.set_params(sequencewindower__timesteps=24)
model = ConformalRegressor(ridge, coverage=0.9).fit(X_load[:2000], y_load[:2000])

# %%
# The first forecasts are made without any adaptation. For the second ones, the true values become
# known every six hours, and are passed to :meth:`~skl_lstm.ConformalRegressor.update`. Where an
# interval does not hold the true value, the next intervals are a bit wider, and else they are a bit
# narrower. The network, or here ridge regression, is not trained again.

fixed = model.predict_interval(X_load[2000:])

adapted = []
for start in range(2000, len(X_load), 6):
    rows = slice(start, start + 6)
    adapted.append(model.predict_interval(X_load[rows]))
    model.update(X_load[rows], y_load[rows])

covered = pd.DataFrame(
    {
        name: (interval[:, 0] <= y_load[2000:]) & (y_load[2000:] <= interval[:, 1])
        for name, interval in {"fixed": fixed, "update": np.concatenate(adapted)}.items()
    }
)
periods = np.repeat(["400 hours before", "200 hours after", "later"], [400, 200, 999])
covered.groupby(periods, sort=False).mean().round(3)

# %%
# Without ``update``, the intervals for 90 % hold about 60 % of the values after the change. With
# it, their coverage is restored within 200 hours. The next figure shows the share over the last 200
# hours:

_, axes = plt.subplots(figsize=(8, 3), layout="constrained")
covered.rolling(200).mean().plot(ax=axes, color=["#0072B2", "#D55E00"], ylim=(0.4, 1))
axes.axhline(0.9, color="0.55", linestyle="--")
axes.axvline(hours[2400], color="0.55", linewidth=0.8)
axes.set(ylabel="share inside, last 200 hours")
plt.show()

# %%
# Here, the target is the next hour. If it is several steps ahead, the newest rows have no true
# values yet, so they cannot be passed to ``update``. Pass all rows since the last update to
# ``predict_interval``, and use its last row. Otherwise the window of the newest row is padded, and
# there is a warning.
#
# Where it fails: too few rows
# ----------------------------
#
# An interval for 99 % needs 99 rows to calibrate on, because the largest of fewer errors is not
# large enough. With too few rows, there is an error:

try:
    ConformalRegressor(ridge, coverage=0.99, calibration=60).fit(X_load, y_load)
except ValueError as error:
    print(error)

# %%
# The coming days
# ---------------
#
# :func:`~skl_lstm.forecast` adds the bounds for the days after the last row of a table:

from skl_lstm import forecast

table = weather.assign(year_sin=np.sin(angle), year_cos=np.cos(angle))
forecast(models["LSTM"].fit(X, y), table, target="temp_max", coverage=0.9).round(1)

# %%
# What to do
# ----------
#
# - Put :class:`~skl_lstm.ConformalRegressor` around the whole pipeline. Tune the pipeline before,
#   or pass the search as the estimator.
# - If the noise differs between rows, use a network with quantiles inside it, such as
#   ``quantiles=(0.05, 0.5, 0.95)`` for a coverage of 0.9.
# - Calibrate on rows that are like those to come: on a whole year if there are seasons. All series
#   of a panel share the widths, so bring them to one scale before, or use quantiles.
# - In use, call ``update`` as soon as the true values are known, and pass the rows since the last
#   update to ``predict_interval``, so that their windows are complete.
# - Look at the coverage in a backtest, also for the rows that matter to you. An average of 90 % can
#   hide a spring of 86 %.
