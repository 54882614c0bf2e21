"""
With Optuna
===========

Optuna chooses the next candidate from the results of the previous ones, and can stop a candidate
early. This page tunes the look-back, the number of units and the learning rate together. It then
shows which searches can stop early.
"""

# %%
# The task is the maximum temperature of the next day in Seattle. The last year is held out.
# ``OptunaSearchCV`` is in the package ``optuna-integration``: ``pip install optuna-integration``.

import warnings

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna_integration import OptunaSearchCV
from sklearn.base import clone
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower, TimeSplit, leads
from skl_lstm.datasets import load_seattle_weather

# OptunaSearchCV is marked as experimental, and reports its scores to a deprecated module of Optuna.
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
warnings.filterwarnings("ignore", "`optuna.terminator`", category=FutureWarning)
optuna.logging.set_verbosity(optuna.logging.WARNING)  # else a line for every trial

weather = load_seattle_weather().select_dtypes("number")
y = leads(weather, "temp_max")
X = weather.loc[y.index]
X_train, X_test, y_train, y_test = X[:"2014"], X["2015":], y[:"2014"], y["2015":]

# %%
# A pipeline
# ----------
#
# ``OptunaSearchCV`` is used like ``GridSearchCV``. The grid is replaced by distributions, and the
# folds go forwards in time. Always pass ``cv``: the default is ``KFold``, which also trains on days
# after the test fold.

pipeline = make_pipeline(SequenceWindower(), LSTMRegressor(epochs=10, random_state=0))
space = {
    "sequencewindower__timesteps": IntDistribution(3, 21),
    "lstmregressor__units": CategoricalDistribution([8, 16, 32]),
    "lstmregressor__learning_rate": FloatDistribution(1e-3, 3e-2, log=True),
}
settings = {"cv": TimeSplit(3), "scoring": "neg_root_mean_squared_error"}

search = OptunaSearchCV(pipeline, space, n_trials=12, random_state=0, **settings)
search.fit(X_train, y_train)
print(search.best_params_)
print("RMSE in the folds:", round(-search.best_score_, 2))
print("RMSE in the held-out year:", round(-search.score(X_test, y_test), 2))

# %%
# If every fit of a trial fails, as with ``units=0``, the trial fails without an error. If all
# trials fail, the pipeline is refitted with its own parameters, and only the log shows the cause.
# ``search.trials_dataframe()`` shows the score and the state of every trial.
#
# Stop early: not with a Pipeline
# -------------------------------
#
# With ``enable_pruning=True``, ``OptunaSearchCV`` trains with ``partial_fit``, one epoch in all
# folds at a time, and stops trials that are worse than the others. A Pipeline has no
# ``partial_fit``:

try:
    OptunaSearchCV(pipeline, space, enable_pruning=True, **settings).fit(X_train, y_train)
except ValueError as error:
    print(error)

# %%
# Stop early: with the estimator
# ------------------------------
#
# :class:`~skl_lstm.LSTMRegressor` has ``partial_fit``. Make the windows first, and search over the
# estimator. Windows contain no later rows, so making them before the split leaks nothing. The
# look-back is then fixed.
#
# ``max_iter`` is the number of epochs of a trial. The final fit uses ``epochs`` of the estimator.
# Set both to the same number. The median pruner stops a trial if its best score so far is worse
# than the median of the earlier trials at the same epoch. It stops neither the first five trials
# nor a trial in its first two epochs.

windows = SequenceWindower(timesteps=7).fit_transform(X)
W_train, W_test = windows[: len(X_train)], windows[len(X_train) :]
lstm_space = {name.partition("__")[2]: space[name] for name in space if "lstm" in name}


def new_study():
    return optuna.create_study(
        direction="maximize",  # OptunaSearchCV maximizes the score
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2),
    )


lstm = LSTMRegressor(epochs=10, random_state=0)
search = OptunaSearchCV(
    lstm, lstm_space, enable_pruning=True, max_iter=10, n_trials=12, study=new_study(), **settings
)
search.fit(W_train, y_train)
print("epochs:", [len(trial.intermediate_values) for trial in search.trials_])
print(search.best_params_)
print("RMSE in the held-out year:", round(-search.score(W_test, y_test), 2))

# %%
# Stop early, and tune the look-back
# ----------------------------------
#
# An objective of your own can do both. It makes the windows of the trial, trains one epoch in every
# fold, and reports the score. ``should_prune`` returns whether the trial should stop.


def objective(trial):
    timesteps = trial.suggest_int("timesteps", 3, 21)
    windows = SequenceWindower(timesteps).fit_transform(X_train)
    model = LSTMRegressor(
        trial.suggest_categorical("units", [8, 16, 32]),
        learning_rate=trial.suggest_float("learning_rate", 1e-3, 3e-2, log=True),
        random_state=0,
    )
    folds = [(clone(model), *rows) for rows in TimeSplit(3).split(X_train, y_train)]
    for epoch in range(10):
        errors = []
        for network, train, test in folds:
            network.partial_fit(windows[train], y_train.iloc[train])
            predicted = network.predict(windows[test])
            errors.append(root_mean_squared_error(y_train.iloc[test], predicted))
        trial.report(-np.mean(errors), step=epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return -np.mean(errors)


study = new_study()
study.optimize(objective, n_trials=12)
print("epochs:", [len(trial.intermediate_values) for trial in study.trials])
print(study.best_params, "RMSE in the folds:", round(-study.best_value, 2))

# %%
# Ten calls of ``partial_fit`` give the same network as ``fit`` with ``epochs=10``. Fit the pipeline
# with the best parameters:

pipeline.set_params(**{name: study.best_params[name.partition("__")[2]] for name in space})
predicted = pipeline.fit(X_train, y_train).predict(X_test)
print("RMSE in the held-out year:", round(root_mean_squared_error(y_test, predicted), 2))

# %%
# What to do
# ----------
#
# - Use ``OptunaSearchCV`` with the pipeline if the fits are short. It is the least code.
# - Use an objective with ``partial_fit`` if the fits are long. ``patience`` has no effect there,
#   because every call trains for one epoch.
# - Hold out a further period. The score of the best trial in the folds is too good, because the
#   trial was selected by it.
# - For targets several steps ahead, use ``TimeSplit(3, horizon=...)``.
