"""
With MAPIE
==========

MAPIE puts intervals around the predictions of scikit-learn's estimators. This page uses it with a
pipeline of this package, compares its intervals with those of
:class:`~skl_lstm.ConformalRegressor`, and shows when to use which.
"""

# %%
# The task is the maximum temperature of the next day in Seattle. The pipeline is trained on two
# years, the intervals are calibrated on the third, and the last year is held out.

import numpy as np
import pandas as pd
from mapie.regression import SplitConformalRegressor, TimeSeriesRegressor
from mapie.subsample import BlockBootstrap
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.pipeline import make_pipeline

from skl_lstm import ConformalRegressor, LSTMRegressor, SequenceWindower, leads
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather().select_dtypes("number")
y = leads(weather, "temp_max")
X = weather.loc[y.index]

timesteps = 7
lstm = LSTMRegressor(16, learning_rate=0.003, epochs=20, random_state=0)
pipeline = make_pipeline(SequenceWindower(timesteps), lstm).fit(X[:"2013"], y[:"2013"])

# %%
# A fitted pipeline
# -----------------
#
# MAPIE checks whether an estimator is fitted. It passes one row of zeros with two axes to the
# *last* step of a Pipeline. An LSTM expects three axes, so the check fails:

try:
    mapie = SplitConformalRegressor(pipeline, confidence_level=0.9)
    mapie.conformalize(X.loc["2014"], y.loc["2014"])
except UserWarning as error:
    print(error.args[0])

# %%
# A pipeline that ends in an estimator of rows passes the check, such as ``Ridge`` after
# :class:`~skl_lstm.SequenceFlattener`. For an LSTM, wrap the fitted pipeline in a class without
# ``n_features_in_``. MAPIE then makes no prediction, and only looks for an attribute such as
# ``is_fitted``.


class Fitted(RegressorMixin, BaseEstimator):
    is_fitted = True

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.estimator.predict(X)


mapie = SplitConformalRegressor(Fitted(pipeline), confidence_level=0.9)
mapie = mapie.conformalize(X.loc["2014"], y.loc["2014"])

# %%
# The windows of the first test rows contain calibration rows, which the pipeline was not fitted on
# and does not know. Pass these rows too, and drop their results. Otherwise these windows are
# padded, and there is no warning.

past = timesteps - 1
n_before = len(X[:"2014"])
_, intervals = mapie.predict_interval(X[n_before - past :])
intervals = intervals[past:, :, 0]  # the axes were samples, bounds, coverages
intervals[:3].round(2)

# %%
# The same with ConformalRegressor
# --------------------------------
#
# :class:`~skl_lstm.ConformalRegressor` splits the rows, fits the pipeline, and keeps the rows that
# the next windows need. The intervals are the same:

ours = ConformalRegressor(pipeline, coverage=0.9, calibration=365).fit(X[:"2014"], y[:"2014"])
difference = np.abs(ours.predict_interval(X["2015":]) - intervals).max()
print("largest difference:", difference)

# %%
# Several steps ahead
# -------------------
#
# MAPIE takes one target, so it needs a model for each step. ``ConformalRegressor`` has a width for
# each step.

y_three = leads(weather, "temp_max", horizon=3)
X_three = weather.loc[y_three.index]
three = clone(pipeline).fit(X_three[:"2013"], y_three[:"2013"])
try:
    SplitConformalRegressor(Fitted(three)).conformalize(X_three.loc["2014"], y_three.loc["2014"])
except ValueError as error:
    print(error)

days = ConformalRegressor(three, coverage=0.9, calibration=365)
days.fit(X_three[:"2014"], y_three[:"2014"])
print("widths:", np.diff(days.predict_interval(X_three["2015":])[0]).ravel().round(1))

# %%
# An ensemble for time series
# ---------------------------
#
# MAPIE's ``TimeSeriesRegressor`` needs no calibration rows. It trains an ensemble on blocks of rows
# that are drawn with replacement (EnbPI), and measures the error of each row with the models that
# were not trained on it. A pipeline with a windower fails, because rows occur more than once:

blocks = BlockBootstrap(n_resamplings=30, length=30, overlapping=True, random_state=0)
try:
    TimeSeriesRegressor(pipeline, cv=blocks).fit(X[:"2014"], y[:"2014"])
except ValueError as error:
    print(error)

# %%
# Make the windows first, and pass the LSTM alone. ``TimeSeriesRegressor`` fits it itself, so MAPIE
# does not check whether it is fitted, and no wrapper is needed. Windows contain no later rows.

windows = np.asarray(SequenceWindower(timesteps).fit_transform(X))
enbpi = TimeSeriesRegressor(lstm, cv=blocks, agg_function="mean")
enbpi.fit(windows[:n_before], y[:n_before])
_, of_ensemble = enbpi.predict(windows[n_before:], ensemble=True, confidence_level=0.9)

y_test = y[n_before:].to_numpy()
compared = {
    "ConformalRegressor": ours.predict_interval(X[n_before:]),
    "TimeSeriesRegressor": of_ensemble[..., 0],
}
result = {}
for name, interval in compared.items():
    inside = (interval[:, 0] <= y_test) & (y_test <= interval[:, 1])
    result[name] = {"coverage": inside.mean(), "width": np.diff(interval).mean()}
pd.DataFrame(result).T.round(2)

# %%
# The table is of one year and one seed. The ensemble learns from all three years, and its forecast
# is a mean of networks, but it takes a fit for every resampling. A row that is in all resamplings
# has no error, and MAPIE warns. Then use more resamplings.
#
# What to do
# ----------
#
# - Use :class:`~skl_lstm.ConformalRegressor` for pipelines with windows, for several steps ahead or
#   several series, and around the quantiles of a network. :func:`~skl_lstm.forecast` and
#   :func:`~skl_lstm.backtest` return its intervals (:doc:`how_sure_is_it`).
# - Use MAPIE for what it has in addition: the ensemble above, other conformity scores, or sets of
#   labels. Around a classifier, the wrapper also needs ``classes_`` and ``predict_proba``.
# - MAPIE's ``CrossConformalRegressor`` runs with a pipeline and ``KFold``. It then trains on rows
#   after those that it calibrates on, so it is not meant for time series.
