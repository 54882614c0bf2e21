"""
Getting started
===============

This page goes from the installation to a forecast. It first uses the data set that comes with the
package, then a CSV file of your own.

The package needs Python 3.11 or newer. The extra ``cli`` installs pandas and matplotlib, which this
page uses, and the ``skl-lstm`` command:

.. code-block:: console

   $ pip install "skl-lstm[cli]"
"""

# %%
# From a table to a forecast
# --------------------------
#
# The package includes four years of daily weather in Seattle. Each row is one day. The task is to
# forecast the maximum temperature of the next day. :func:`~skl_lstm.leads` gives every row the next
# value of a column. The last day has no next day, so it is not in y. X holds the rows of y. The
# last year is held out for testing.

from skl_lstm import leads
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather().select_dtypes("number")
y = leads(weather, "temp_max")
X = weather.loc[y.index]
X_train, y_train = X[:-365], y[:-365]
X_test, y_test = X[-365:], y[-365:]
X_train.tail(3)

# %%
# An LSTM layer expects an array with three axes: (samples, timesteps, features). The table has two.
# :class:`~skl_lstm.SequenceWindower` turns each day into a window of that day and the six days
# before it. The windows form an array with three axes. There is one window per row, so y does not
# change.
#
# The whole model takes two lines:

from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower

lstm = LSTMRegressor(16, learning_rate=0.003, epochs=20, random_state=0)
pipeline = make_pipeline(SequenceWindower(timesteps=7), lstm)
pipeline.fit(X_train, y_train)

# %%
# scikit-learn draws a diagram of the pipeline at the end of the cell. The diagram shows the shapes
# before and after each step. Click on a step to see its parameters.
#
# The windower uses the dates of the rows to find out which rows are neighbours. The dates also show
# that the first days of the test year follow the last days of training.
#
# The table needs no scaler. :class:`~skl_lstm.LSTMRegressor` trains its network on standardized
# features and a standardized target, and its predictions are in the units of y. ``scaling=None``
# turns this off.
#
# You do not have to give any shapes. The network reads them from the windows in ``fit``.
#
# How good is the forecast?
# -------------------------
#
# Two simple models serve as baselines. Persistence predicts that tomorrow will be the same as
# today: :class:`~skl_lstm.NaiveRegressor` returns the last value of each window. Ridge regression
# reads the same windows as the LSTM. :class:`~skl_lstm.SequenceFlattener` turns each window into
# one row, and the penalty of ridge regression needs columns of similar size, so a scaler follows.

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.preprocessing import StandardScaler

from skl_lstm import NaiveRegressor, SequenceFlattener

models = {
    "persistence": make_pipeline(SequenceWindower(), NaiveRegressor("temp_max")),
    "ridge": make_pipeline(
        SequenceWindower(timesteps=7),
        SequenceFlattener(),
        StandardScaler(),
        RidgeCV(alphas=np.logspace(-2, 4, 13)),
    ),
    "LSTM": pipeline,
}
for name, model in models.items():
    y_pred = model.fit(X_train, y_train).predict(X_test)
    print(f"{name:<11} RMSE {root_mean_squared_error(y_test, y_pred):.2f}")

# %%
# The LSTM has a lower error than both baselines, but it is only slightly better than ridge
# regression. Four measurements per day contain little more information about tomorrow's weather.
# Always compare a network with ridge regression before you trust it. Ridge regression is often good
# enough. :doc:`is_it_worth_it` tests whether such a difference could be chance.
#
# The next cell plots the last 120 forecasts of the LSTM:

from skl_lstm.inspection import ForecastDisplay

display = ForecastDisplay.from_predictions(y_test[-120:], y_pred[-120:])

# %%
# Your own CSV file
# -----------------
#
# This page creates a CSV file, so that the code runs everywhere. The file contains eighteen weeks
# of an hourly load and the temperature that the load depends on. To use your own file, replace the
# path.

import tempfile
from pathlib import Path

import pandas as pd

rng = np.random.default_rng(0)
count = 18 * 7 * 24
hours = pd.date_range("2025-01-06", periods=count, freq="h", name="hour")
clock = hours.hour.to_numpy()


def peak(hour, width):
    return np.exp(-(((clock - hour) / width) ** 2))


noise = rng.normal(size=count + 71)
warm_spells = np.convolve(noise, np.full(72, 35 / 72), mode="valid")
daily = 5 * np.sin(2 * np.pi * (clock - 9) / 24)
temperature = 8 + daily + warm_spells
working_day = 25 * peak(9, 3) + 20 * peak(18, 3)
rhythm = np.where(hours.day_of_week < 5, working_day, 10 * peak(12, 4))
heating = 0.9 * np.clip(15 - temperature, 0, None)
load = 60 + rhythm + heating + rng.normal(0, 1.5, count)
columns = {"load": load, "temperature": temperature}

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "yours.csv"
pd.DataFrame(columns, index=hours).round(1).to_csv(path)

# %%
# Read the file with the time as the index. Each hour must occur only once. The target is the load
# of the next hour. The last two weeks are held out for testing.

table = pd.read_csv(path, index_col="hour", parse_dates=True)
y = leads(table, "load")
X = table.loc[y.index]
X_train, y_train = X[:-336], y[:-336]
X_test, y_test = X[-336:], y[-336:]
table.head(3)

# %%
# How many hours should the network read? The look-back is a parameter of the windower, so a grid
# search can choose it. :class:`~skl_lstm.TimeSplit` always trains on earlier rows and tests on
# later rows. Every look-back is scored on the same rows.

from sklearn.model_selection import GridSearchCV

from skl_lstm import TimeSplit

lstm = LSTMRegressor(16, learning_rate=0.01, epochs=8, random_state=0)
pipeline = make_pipeline(SequenceWindower(), lstm)
search = GridSearchCV(
    pipeline,
    {"sequencewindower__timesteps": [1, 6, 24, 48]},
    cv=TimeSplit(2),
    scoring="neg_root_mean_squared_error",
    verbose=1,
)
search.fit(X_train, y_train)
results = search.cv_results_
pd.DataFrame(
    {
        "timesteps": results["param_sequencewindower__timesteps"],
        "RMSE": -results["mean_test_score"],
        "seconds to fit": results["mean_fit_time"],
    }
).round(2)

# %%
# ``verbose=1`` prints the number of fits, and ``verbose=2`` reports every fit. With scikit-learn
# 1.9 or newer, a progress bar can show how far the search is. ``rich`` draws the bar; the extra
# ``cli`` installs it::
#
#    from sklearn.callback import ProgressBar
#
#    search.set_callbacks(ProgressBar(max_propagation_depth=0))
#
# The next cell scores the two held-out weeks. A third baseline is added: the load of the same hour
# one week before. A week has 168 hours, so this baseline needs windows of 168 hours. Ridge
# regression reads as many hours as the LSTM.

best = search.best_params_["sequencewindower__timesteps"]
models = {
    "persistence": make_pipeline(SequenceWindower(), NaiveRegressor("load")),
    "same hour, week before": make_pipeline(
        SequenceWindower(timesteps=168), NaiveRegressor("load", period=168)
    ),
    "ridge": models["ridge"].set_params(sequencewindower__timesteps=best),
    "LSTM": search.best_estimator_,
}
for name, model in models.items():
    y_pred = model.fit(X_train, y_train).predict(X_test)
    print(f"{name:<22} RMSE {root_mean_squared_error(y_test, y_pred):.2f}")

display = ForecastDisplay.from_predictions(y_test, y_pred)

# %%
# Save the model and predict later
# --------------------------------
#
# Once the look-back is chosen, fit the best pipeline to all rows. ``skops`` saves the pipeline
# without code. When it loads a file, it only accepts the types listed in
# :data:`~skl_lstm.TRUSTED_TYPES`. You can therefore load and use a model from someone else without
# running their code. ``joblib`` and ``pickle`` also work, as for any other estimator, but they run
# any code that the file contains.

import skops.io

from skl_lstm import TRUSTED_TYPES

final = search.best_estimator_.fit(X, y)
skops.io.dump(final, Path(folder.name) / "load.skops")
loaded = skops.io.load(Path(folder.name) / "load.skops", trusted=TRUSTED_TYPES)

# %%
# The newest row of the table is the only row whose next hour is unknown.
# :func:`~skl_lstm.forecast` predicts what follows the newest row, and returns it with its time:

from skl_lstm import forecast

forecast(loaded, table, target="load").round(1)

# %%
# The windower stored the last rows of ``fit``. They are the past of the rows that follow them, so
# all rows since the fit are enough, or the last ``timesteps`` rows. :doc:`several_steps` forecasts
# more than one step.

folder.cleanup()

# %%
# The same from the command line
# ------------------------------
#
# The ``skl-lstm`` command does all this without Python code. It reads the CSV file, tunes the
# look-back and the number of units, and compares the network with persistence and ridge regression
# on held-out last rows. It draws the forecast to a PNG file. With ``--save``, it saves the pipeline
# in the same file format. The ``predict`` subcommand loads the pipeline and makes a forecast for
# every row of another CSV file:
#
# .. code-block:: console
#
#    $ skl-lstm fit yours.csv --target load --save load.skops
#    $ skl-lstm predict load.skops new.csv
#
# :doc:`/command` explains the options.
#
# Where to go next:
#
# - :doc:`/which_transformer`, if your rows are not single timesteps
# - :doc:`look_back`, for more on tuning the look-back
# - :doc:`is_it_worth_it`, to compare a network with simple models
# - :doc:`several_steps`, to forecast more than the next step
