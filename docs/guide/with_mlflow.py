"""
With MLflow
===========

MLflow records the parameters, the errors and the model of every run. This page records a pipeline
of this package with the loss of every epoch. It saves the pipeline as a skops file: loading such a
file runs no code from it.
"""

# %%
# The code with MLflow does not run on this page, because MLflow is not installed where this site is
# built. It was tested with MLflow 3.17.2, scikit-learn 1.9.1 and skops 0.16.0. The other code runs.
#
# The task is the maximum temperature of the next day in Seattle:

from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower, leads
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather().select_dtypes("number")
y = leads(weather, "temp_max")
X = weather.loc[y.index]

lstm = LSTMRegressor(
    16, learning_rate=0.003, epochs=20, validation_split=0.2, patience=5, random_state=0
)
pipeline = make_pipeline(SequenceWindower(timesteps=7), lstm).fit(X[:"2014"], y[:"2014"])
predicted = pipeline.predict(X["2015":])
error = root_mean_squared_error(y["2015":], predicted)
print("RMSE in the held-out year:", round(error, 2))

# %%
# ``history_`` contains the losses of every epoch. They are those of the scaled target, so they have
# no unit. The next cell shows the names, the number of epochs and the last values:

history = pipeline[-1].history_
{name: (len(values), round(values[-1], 3)) for name, values in history.items()}

# %%
# Where the runs are stored
# -------------------------
#
# An SQLite file is enough, and needs no server. The models are stored in a folder next to it.
# MLflow sends usage data to its developers, unless ``MLFLOW_DISABLE_TELEMETRY`` is set before the
# import.
#
# .. code-block:: python
#
#     import os
#     import tempfile
#     from pathlib import Path
#
#     os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
#     import mlflow
#
#     folder = Path(tempfile.mkdtemp())  # use a folder of your project
#     mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
#     mlflow.create_experiment("seattle", artifact_location=(folder / "models").as_uri())
#     mlflow.set_experiment("seattle")
#
# Parameters, errors and the model
# --------------------------------
#
# ``get_params`` also returns the steps themselves. The names with two underscores are their
# parameters. Each loss is logged with its epoch as the step, so that MLflow draws it as a curve.
#
# .. code-block:: python
#
#     from skl_lstm import TRUSTED_TYPES
#
#     params = {name: value for name, value in pipeline.get_params().items() if "__" in name}
#     with mlflow.start_run(run_name="7 days") as run:
#         mlflow.log_params(params)
#         for name, values in history.items():
#             for epoch, value in enumerate(values, start=1):
#                 mlflow.log_metric(name, value, step=epoch)
#         mlflow.log_metric("rmse_2015", error)
#         info = mlflow.sklearn.log_model(
#             pipeline,
#             name="model",
#             serialization_format="skops",
#             skops_trusted_types=TRUSTED_TYPES,
#             pip_requirements=["skl-lstm", "pandas"],
#         )
#
# Without ``skops_trusted_types``, MLflow refuses to save the model, because skops does not know the
# types of this package. Without ``pip_requirements``, MLflow finds the requirements by loading the
# model in another process, which takes seconds.
#
# Load it again
# -------------
#
# The loaded pipeline predicts exactly the same values. Pass a DataFrame with the dates as its
# index, also with ``mlflow.pyfunc``.
#
# .. code-block:: python
#
#     import numpy as np
#
#     loaded = mlflow.sklearn.load_model(info.model_uri)
#     print(np.array_equal(loaded.predict(X["2015":]), predicted))  # True
#
#     function = mlflow.pyfunc.load_model(info.model_uri)
#     print(np.array_equal(function.predict(X["2015":]), predicted))  # True
#
#     curve = mlflow.MlflowClient().get_metric_history(run.info.run_id, "val_loss")
#     print([point.value for point in curve] == history["val_loss"])  # True
#
# MLflow reads the list of trusted types from the folder of the model. Whoever can write to this
# folder can extend the list. For models of others, use the list of this package instead:
#
# .. code-block:: python
#
#     import skops.io
#
#     files = Path(mlflow.artifacts.download_artifacts(info.model_uri))
#     loaded = skops.io.load(files / "model.skops", trusted=TRUSTED_TYPES)
#     print(np.array_equal(loaded.predict(X["2015":]), predicted))  # True
#
# A search
# --------
#
# ``autolog`` records the best five candidates of a search, each as a run of its own. It saves
# models with cloudpickle, and it has no parameter for the trusted types of skops. Turn off the
# models, and log the best pipeline as above.
#
# .. code-block:: python
#
#     from sklearn.model_selection import GridSearchCV
#     from skl_lstm import TimeSplit
#
#     mlflow.sklearn.autolog(log_models=False, max_tuning_runs=None)  # None: all candidates
#     grid = {"sequencewindower__timesteps": [7, 14]}
#     search = GridSearchCV(pipeline, grid, cv=TimeSplit(3)).fit(X[:"2014"], y[:"2014"])
#     runs = mlflow.search_runs(experiment_names=["seattle"])
#     print(runs[["params.sequencewindower__timesteps", "metrics.mean_test_score"]])
#
# What to do
# ----------
#
# - Log the losses by epoch from ``history_``, and errors in the units of y. The losses of runs with
#   different scalings cannot be compared.
# - Save pipelines with skops, and load the files of others with ``trusted=TRUSTED_TYPES``.
# - Log ``search.best_estimator_`` instead of the search. The model is then a pipeline.
