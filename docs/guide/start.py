"""
Start
=====

From the installation to a forecast, first on the data that comes with the package, then on a CSV
file of your own.

Python 3.11 or newer is needed. The extra ``cli`` brings pandas and matplotlib, which this page
uses, and the ``skl-lstm`` command:

.. code-block:: console

   $ pip install "skl-lstm[cli]"
"""

# %%
# A table becomes a forecast
# --------------------------
# The package holds four years of daily weather in Seattle. A row is a day. What shall be forecast
# is the maximum temperature of the next day: X is every day but the last, y the maximum of the day
# after. The last year is held out.

from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather().select_dtypes("number")
X, y = weather[:-1], weather["temp_max"][1:]
X_train, y_train = X[:-365], y[:-365]
X_test, y_test = X[-365:], y[-365:]
X_train.tail(3)

# %%
# An LSTM layer wants three axes: (samples, timesteps, features). The table has two.
# :class:`~skl_lstm.SequenceWindower` gives every day the six days before it, and with that the
# third axis. As many windows come out as rows went in, so y stays as it is.
#
# These are the five lines:

from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import LSTMRegressor, SequenceWindower

scaler = StandardScaler().set_output(transform="pandas")
lstm = LSTMRegressor(16, learning_rate=0.003, epochs=20, random_state=0)
model = TransformedTargetRegressor(lstm, transformer=StandardScaler())
pipeline = make_pipeline(scaler, SequenceWindower(timesteps=7), model)
pipeline.fit(X_train, y_train)

# %%
# The pipeline at the end of a cell draws itself, with the shapes that went in and came out; a click
# on a step shows its parameters. Three things in it have a reason.
#
# ``set_output(transform="pandas")`` keeps the dates with the rows. By them the windower knows which
# rows are neighbours, and that the first days of the test year follow the last days of training.
#
# :class:`~sklearn.compose.TransformedTargetRegressor` scales y, and scales the forecasts back. A
# network starts near zero, and it would spend its first epochs on the way to the mean of y.
#
# No shape is typed anywhere. The network takes it from the windows that arrive.
#
# How good is it?
# ---------------
# Two cheap forecasts are the measure. Persistence says that tomorrow will be as today.
# Ridge regression reads the same windows, flattened to one row each.

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error
from sklearn.preprocessing import FunctionTransformer


def flatten(windows):
    return windows.reshape(len(windows), -1)


def ridge(timesteps):
    return make_pipeline(
        StandardScaler().set_output(transform="pandas"),
        SequenceWindower(timesteps),
        FunctionTransformer(flatten),
        RidgeCV(alphas=np.logspace(-2, 4, 13)),
    )


def report(y_test, forecasts):
    for name, y_pred in forecasts.items():
        rmse = root_mean_squared_error(y_test, y_pred)
        print(f"{name:<23} RMSE {rmse:.2f}")


forecast = pipeline.predict(X_test)
forecasts = {
    "persistence": X_test["temp_max"],
    "ridge": ridge(7).fit(X_train, y_train).predict(X_test),
    "LSTM": forecast,
}
report(y_test, forecasts)

# %%
# The LSTM is ahead of both, of ridge by little: of tomorrow's weather, four numbers a day do not
# say much more. Compare with ridge before you trust a network; often it is enough.

from skl_lstm.inspection import ForecastDisplay

display = ForecastDisplay.from_predictions(y_test[-120:], forecast[-120:])

# %%
# Your own CSV
# ------------
# The file is made here, so that the page runs everywhere: eighteen weeks of an hourly load, and the
# temperature that it depends on. Put the path of your own file in its place.

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
# Read it with the time as index and every hour once. The last two weeks are held out.

table = pd.read_csv(path, index_col="hour", parse_dates=True)
X, y = table[:-1], table["load"][1:]
X_train, y_train = X[:-336], y[:-336]
X_test, y_test = X[-336:], y[-336:]
table.head(3)

# %%
# How far back shall the network look? That is a parameter of the windower, so a grid search
# answers it. ``TimeSeriesSplit`` trains on the past and tests on what came after, never the other
# way round. Every look-back is scored on the same rows.

from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

lstm = LSTMRegressor(16, learning_rate=0.01, epochs=8, random_state=0)
pipeline = make_pipeline(
    StandardScaler().set_output(transform="pandas"),
    SequenceWindower(),
    TransformedTargetRegressor(lstm, transformer=StandardScaler()),
)
search = GridSearchCV(
    pipeline,
    {"sequencewindower__timesteps": [1, 6, 24, 48]},
    cv=TimeSeriesSplit(2),
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
# ``verbose=1`` says how much work it is, ``verbose=2`` reports every fit. From scikit-learn 1.9 on
# a bar, drawn by ``rich``, which the extra ``cli`` brings, shows how far a search has come::
#
#    from sklearn.callback import ProgressBar
#
#    search.set_callbacks(ProgressBar(max_propagation_depth=0))
#
# The two held-out weeks, with a third measure beside the two above: the load of the same hour one
# week before.

best = search.best_params_["sequencewindower__timesteps"]
forecast = search.predict(X_test)
forecasts = {
    "persistence": X_test["load"],
    "same hour, week before": table["load"].shift(168).loc[y_test.index],
    "ridge": ridge(best).fit(X_train, y_train).predict(X_test),
    f"LSTM, {best} timesteps": forecast,
}
report(y_test, forecasts)
display = ForecastDisplay.from_predictions(y_test, forecast)

# %%
# Keep it, and ask it tomorrow
# ----------------------------
# Once the look-back is settled, fit the winner to all rows. ``skops`` saves it without code, and
# loads no types but those that :data:`~skl_lstm.TRUSTED_TYPES` lists: a model from somebody else
# can be asked without running what they wrote. ``joblib`` and ``pickle`` work as for any other
# estimator, but run whatever code a file holds.

import skops.io

from skl_lstm import TRUSTED_TYPES

final = search.best_estimator_.fit(X, y)
skops.io.dump(final, Path(folder.name) / "load.skops")
loaded = skops.io.load(Path(folder.name) / "load.skops", trusted=TRUSTED_TYPES)

# %%
# The newest row of the table is the only one whose next hour nobody knows. The windower has kept
# the last rows of ``fit`` as the past of those that follow, so the one new row is all that
# ``predict`` needs.

newest = table.tail(1)
next_hour = newest.index[0] + pd.Timedelta("1h")
print(f"{next_hour}: {loaded.predict(newest)[0]:.1f}")

# %%
# If more time has passed since the fit, pass the last ``timesteps`` rows and take the last
# forecast: rows further from the fitted ones than one step stand behind a hole in time, and no
# window reaches across one.

folder.cleanup()

# %%
# All of this without Python
# --------------------------
# The ``skl-lstm`` command reads the CSV, tunes look-back and size, compares with persistence and
# ridge on a held-out tail, draws the forecast to a PNG and, with ``--save``, keeps the pipeline, in
# the same kind of file. ``predict`` forecasts by it from every row of another CSV:
#
# .. code-block:: console
#
#    $ skl-lstm --csv yours.csv --time-column hour --target load --save load.skops
#    $ skl-lstm predict load.skops new.csv
#
# :doc:`/command` explains its options.
#
# Where to go next: :doc:`/which_transformer` if your rows are not single time steps,
# :doc:`look_back` for more on tuning it, :doc:`several_steps` to forecast more than the next step.
