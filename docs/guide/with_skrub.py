"""
With skrub
==========

skrub encodes dates, labels and texts as numbers. This page puts its ``TableVectorizer`` before the
windows, so that the network also reads the kind of weather and the season, and measures whether
the season helps.
"""

# %%
# The task is the maximum temperature of the next seven days in Seattle. The table has a column of
# labels, ``weather``, and the dates are in its index.

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skrub import DatetimeEncoder, DropCols, TableVectorizer

from skl_lstm import (
    LSTMRegressor,
    SequenceFlattener,
    SequenceWindower,
    TimeSplit,
    backtest,
    compare_forecasts,
    forecast,
    leads,
)
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather()
y = leads(weather, "temp_max", horizon=7)
X = weather.loc[y.index]
X.head(3)

# %%
# Labels
# ------
#
# ``TableVectorizer`` encodes every column by its type, here the labels as one column for each. It
# returns a DataFrame with the index of its input, which :class:`~skl_lstm.SequenceWindower` needs.

TableVectorizer().fit_transform(X).head(3)

# %%
# Dates
# -----
#
# skrub encodes columns, not the index. A small function copies the dates to a column. The index
# stays as it is.


def add_date(table):
    return table.assign(date=table.index)


dates = FunctionTransformer(add_date)
encoded = make_pipeline(dates, TableVectorizer()).fit_transform(X)
encoded.filter(like="date").iloc[[0, -1]].round(3)

# %%
# The default columns are not suitable for a split in time. The year and the seconds since 1970 only
# grow, so those of a test fold are larger than all values of the training rows. The month jumps
# from 12 to 1. Turn off the seconds, encode the month as a point on a circle, and drop the year,
# for which ``DatetimeEncoder`` has no option. ``resolution="month"`` leaves out the day of the
# month.

calendar = DatetimeEncoder(
    resolution="month", add_total_seconds=False, periodic_encoding="circular"
)
seasons = make_pipeline(dates, TableVectorizer(datetime=calendar), DropCols(["date_year"]))
seasons.fit_transform(X).filter(like="date").iloc[[0, -1]].round(3)

# %%
# One pipeline
# ------------
#
# All steps fit in one pipeline, so a search can also tune the parameters of the encoder. In every
# fold, the encoders learn from the training rows only.


def pipeline(encode, *last):
    return make_pipeline(*encode, SequenceWindower(timesteps=7), *last)


lstm = LSTMRegressor(16, learning_rate=0.003, epochs=20, random_state=0)
ridge = [SequenceFlattener(), StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))]
defaults = [dates, TableVectorizer()]

models = {
    "LSTM, no dates": pipeline([TableVectorizer()], lstm),
    "LSTM, defaults": pipeline(defaults, lstm),
    "LSTM, months": pipeline([*seasons], lstm),
    "ridge, no dates": pipeline([TableVectorizer()], *ridge),
    "ridge, months": pipeline([*seasons], *ridge),
}

# %%
# Does it help?
# -------------
#
# Each of the last two years is forecast by a model that is trained on the days before it. The table
# shows the root mean squared error in °C, by fold and over both:

frame = backtest(models, X, y, cv=TimeSplit(2, test_size="365D", horizon=7))
squared = (frame["truth"] - frame["forecast"]) ** 2
by_year = squared.groupby([frame["model"], frame["fold"]], sort=False).mean().unstack()
by_year["both"] = squared.groupby(frame["model"]).mean()
(by_year**0.5).round(2)

# %%

for baseline in ("LSTM, no dates", "ridge, no dates"):
    alike = frame[frame["model"].str.startswith(baseline[:4])]
    for verdict in compare_forecasts(alike, baseline=baseline)["verdict"]:
        print(verdict)

# %%
# The default columns of the date make the network worse. With the months on a circle, its error is
# a bit lower than without dates, but this may be chance. Ridge regression gains more, and its error
# is the lowest.
#
# The coming days
# ---------------
#
# The pipeline reads tables with an index of dates, so :func:`~skl_lstm.forecast` returns the dates
# of the forecasts:

forecast(models["LSTM, months"].fit(X, y), weather, target="temp_max").round(1)

# %%
# What to do
# ----------
#
# - Put skrub's encoders before :class:`~skl_lstm.SequenceWindower`. They return DataFrames with the
#   index of the rows.
# - Use only columns of the date whose values repeat: months, weekdays and hours on a circle or as
#   splines. Drop the year and the seconds.
# - Measure with :class:`~skl_lstm.TimeSplit` whether the columns help. In a shuffled split, the
#   training rows contain all years, so it does not show how the columns extrapolate.
# - A skops file of such a pipeline contains types of skrub and your function. Read the list of
#   ``skops.io.get_untrusted_types(file=...)`` before you add it to ``trusted``.
