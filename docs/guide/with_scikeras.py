"""
With scikeras
=============

You have Keras networks in the wrappers of scikeras, and want to keep them. The transformers of this
package work in front of any estimator that reads arrays with three axes, and
:func:`~skl_lstm.lstm_network` builds networks for the wrappers.
"""

# %%
# The table
# ---------
#
# The task is to forecast the maximum temperature of the next day from the days before.
# :func:`~skl_lstm.make_supervised` turns the series into lag columns: each row holds 14 days, the
# oldest first. The target is the day that follows. The last year is held out for testing.

from skl_lstm import make_supervised
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather()
X, y = make_supervised(weather["temp_max"], timesteps=14)
X_train, y_train = X[:-365], y[:-365]
X_test, y_test = X[-365:], y[-365:]
print(X_train.shape, X_train.columns[0], "to", X_train.columns[-1])

# %%
# The look-back and the units in one search
# -----------------------------------------
#
# :class:`~skl_lstm.SequenceReshaper` turns every row into a sequence of one feature. With
# ``truncating="pre"`` it keeps the latest ``timesteps`` of a row, so one table serves every
# look-back, and all candidates are scored on the same rows.
#
# ``lstm_network`` is the ``model`` of scikeras' own ``KerasRegressor``. It reads the shape of its
# input from the data, so a search over ``timesteps`` needs no second parameter for the shape. Its
# parameters, such as ``units``, ``dropout`` and ``bidirectional``, have the prefix ``model__``.

from scikeras.wrappers import KerasRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skl_lstm import SequenceReshaper, TimeSplit, lstm_network

network = KerasRegressor(
    model=lstm_network,
    loss="mse",
    optimizer="adam",
    optimizer__learning_rate=0.03,
    epochs=10,
    verbose=0,
)
pipeline = Pipeline(
    [("reshape", SequenceReshaper(features=1, truncating="pre")), ("lstm", network)]
)
grid = {"reshape__timesteps": [7, 14], "lstm__model__units": [8, 16]}
rmse = "neg_root_mean_squared_error"
search = GridSearchCV(pipeline, grid, cv=TimeSplit(2), scoring=rmse)
search.fit(X_train, y_train)

# %%

import pandas as pd

results = search.cv_results_
pd.DataFrame(
    {
        "timesteps": results["param_reshape__timesteps"],
        "units": results["param_lstm__model__units"],
        "RMSE": -results["mean_test_score"],
        "seconds to fit": results["mean_fit_time"],
    }
).round(2)

# %%
# :class:`~skl_lstm.TimeSplit` trains on earlier rows and tests on later ones. The networks have no
# seed, so the errors change a little from run to run. The held-out year compares the best of them
# with persistence, which forecasts that tomorrow is like today:

from sklearn.metrics import root_mean_squared_error

forecasts = {"persistence": X_test["t13_temp_max"], "scikeras": search.predict(X_test)}
for name, y_pred in forecasts.items():
    print(f"{name:<11} RMSE {root_mean_squared_error(y_test, y_pred):.2f}")

# %%
# ``KerasClassifier`` works in the same way, with ``loss="binary_crossentropy"`` for two classes and
# ``loss="sparse_categorical_crossentropy"`` for more.
#
# Scaling
# -------
#
# scikeras trains on X and y as they are. The temperatures are far from zero, so the network above
# needs a large learning rate, and has about the error of persistence. A ``StandardScaler`` in front
# of the reshaper scales the columns of X, and ``TransformedTargetRegressor`` scales y. Both learn
# from the training rows only. The error is lower:

from sklearn.compose import TransformedTargetRegressor
from sklearn.preprocessing import StandardScaler

scaled = Pipeline([("scale", StandardScaler()), *pipeline.steps])
scaled.set_params(reshape__timesteps=7, lstm__optimizer__learning_rate=0.01)
both_scaled = TransformedTargetRegressor(scaled, transformer=StandardScaler())

y_pred = both_scaled.fit(X_train, y_train).predict(X_test)
print(f"both scaled RMSE {root_mean_squared_error(y_test, y_pred):.2f}")

# %%
# One row per timestep
# --------------------
#
# If each row is one timestep, :class:`~skl_lstm.SequenceWindower` takes the place of the reshaper.
# It makes one window for every row, from all columns of the table:

from sklearn.pipeline import make_pipeline

from skl_lstm import SequenceWindower, leads

table = weather.select_dtypes("number")
target = leads(table, "temp_max")
X = table.loc[target.index]
windowed = make_pipeline(StandardScaler(), SequenceWindower(7), network)
print(windowed.fit(X[:-365], target[:-365]).predict(X[-365:]).shape)

# %%
# What to watch for
# -----------------
#
# - Use the same dtype in all steps. scikeras refuses float64 after a fit on float32.
# - Set a seed (``random_state``) for every fit of the process or for none. If the first fit has a
#   seed, TensorFlow's deterministic operations are turned on and stay on for the whole process, and
#   every later fit without a seed fails.
# - scikit-learn does not recognise the wrappers as regressors or classifiers. Folds of a classifier
#   are not stratified, unless you pass ``cv=StratifiedKFold()``.
# - scikeras traces the graph of a network again in every fit, which takes most of the time of a
#   search over small networks. :class:`~skl_lstm.SequenceRegressor` takes the same parameters, and
#   traces an architecture once. :class:`~skl_lstm.LSTMRegressor` trains ``lstm_network`` without
#   TensorFlow. :doc:`/speed` compares them.
#
# :doc:`from_keras` lists all differences, and shows what replaces each call.
