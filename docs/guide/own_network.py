"""
Use your own network
====================

``LSTMRegressor`` and ``LSTMClassifier`` have a built-in network. If you need another network, write
a function that builds it from Keras layers. The resulting estimator works with scikit-learn like
any other estimator, such as ``Ridge``.
"""

# %%
# - :class:`~skl_lstm.LSTMRegressor` and :class:`~skl_lstm.LSTMClassifier` use the network of
#   :func:`~skl_lstm.lstm_network`. You set its parameters by name: ``units``, ``dropout``, …
# - :class:`~skl_lstm.SequenceRegressor` and :class:`~skl_lstm.SequenceClassifier` use any network
#   that you build. You set parameters with a prefix: ``model__units``,
#   ``optimizer__learning_rate``, …
#
# The first two standardize the features and the target for training. The other two pass X and y to
# your network as they are. Networks learn best from values around zero with a standard deviation
# near one, as on this page. For other data, put a ``StandardScaler`` in the Pipeline, and scale y
# with a ``TransformedTargetRegressor``.
#
# All four are scikit-learn estimators. They pass ``check_estimator`` except for one check that
# every estimator trained in mini-batches fails: a row of weight 2 does not have the same effect as
# the same row twice. X has the shape (samples, timesteps, features), or (samples, timesteps) for
# one feature. Networks compute in float32. Sequences in ``predict`` may be longer or shorter than
# those in ``fit``.
#
# The example data
# ----------------
#
# The data are simulated with a fixed seed. Each sample is one stroke of a pump, with 48 readings of
# the pressure and the load. The load changes in steps. The pressure follows the load, with drift
# and noise. A leaking valve causes a dip in the pressure. The dip is a few readings long and can be
# at any position. The target is the depth of the dip.

import numpy as np

rng = np.random.default_rng(0)


def record(strokes, leak=1.0, readings=48):
    load = rng.uniform(0, 2, (strokes, 4)).repeat(readings // 4, axis=1)
    for row, shift in enumerate(rng.integers(0, readings // 4, strokes)):
        load[row] = np.roll(load[row], shift)
    depth = rng.uniform(0, 2, (strokes, 1))
    distance = np.arange(readings) - rng.uniform(6, readings - 6, (strokes, 1))
    dip = leak * depth * np.exp(-((distance / 2) ** 2))
    drift = rng.normal(0, 0.05, load.shape).cumsum(axis=1)
    pressure = load - dip + drift + rng.normal(0, 0.2, load.shape)
    return np.stack([pressure - 1, load - 1], axis=2), depth[:, 0]


X, y = record(strokes=480)
X_test, y_test = record(strokes=400)
print("(samples, timesteps, features):", X.shape)

# %%

from skl_lstm.inspection import plot_sequences

_ = plot_sequences(X, feature_names=["pressure", "load"], samples=4)

# %%
# Write the network as a function
# -------------------------------
#
# The function is called in every ``fit`` and returns a ``keras.Model``. Its argument ``meta``
# describes the data, so you do not have to give a shape. The other arguments of the function become
# parameters of the estimator.
#
# The following network finds short patterns with a convolution and keeps the maximum of every four
# timesteps. A GRU follows, and the last pooling layer keeps the maximum over all timesteps.

import keras
from keras import layers


def dip_network(meta, filters=16, units=8):
    inputs = keras.Input((None, meta["n_features_in_"]))
    x = layers.Conv1D(filters, 5, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling1D(4)(x)
    x = layers.GRU(units, return_sequences=True)(x)
    x = layers.GlobalMaxPooling1D()(x)
    return keras.Model(inputs, layers.Dense(meta["n_outputs_"])(x))


# %%
# ``meta`` contains ``X_shape_``, ``X_dtype_``, ``n_features_in_`` (the number of features of a
# timestep), ``target_type_`` (the result of scikit-learn's ``type_of_target``), ``y_dtype_``,
# ``y_ndim_`` and ``n_outputs_``. For classifiers, it also contains ``classes_`` and ``n_classes_``.
#
# ``model__units`` is passed to the function, and ``optimizer__learning_rate`` is passed to the
# optimizer. The other prefixes are ``loss__``, ``metrics__``, ``compile__``, ``callbacks__``,
# ``fit__`` and ``predict__``. A search can tune all these parameters:

import pandas as pd
from sklearn.model_selection import GridSearchCV

from skl_lstm import SequenceRegressor

regressor = SequenceRegressor(dip_network, epochs=20, random_state=0)
grid = {"model__units": [4, 8], "optimizer__learning_rate": [0.003, 0.01]}
search = GridSearchCV(regressor, grid, cv=2).fit(X, y)

table = pd.DataFrame(search.cv_results_["params"])
table.columns = ["units", "learning rate"]
table.assign(R2=search.cv_results_["mean_test_score"].round(2))

# %%
# The network does not need an Input layer. A ``keras.Sequential`` of layers, or an object of your
# own subclass of ``keras.Model``, gets the shape of its input from X. The number of timesteps stays
# open if the layers allow it:

in_a_row = keras.Sequential([layers.GRU(4), layers.Dense(1)])
short = SequenceRegressor(in_a_row, epochs=1, random_state=0).fit(X, y)
print("(samples, timesteps, features):", short.model_.input_shape)

# %%
# The next cell compares the network with other models on new strokes of the pump. Boosted trees and
# ridge regression read the 96 values of each stroke as columns, by
# :class:`~skl_lstm.SequenceFlattener`. The last model uses a single feature that needs
# knowledge about pumps: the minimum over time of pressure minus load.

from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceFlattener

along = LSTMRegressor(8, conv_filters=16, kernel_size=5, epochs=40, random_state=0)
trees = HistGradientBoostingRegressor(max_iter=50, random_state=0)
others = {
    "LSTMRegressor": along.set_params(learning_rate=0.01),
    "boosted trees": make_pipeline(SequenceFlattener(), trees),
    "ridge": make_pipeline(SequenceFlattener(), Ridge(10.0)),
}
scores = {"own network": search.score(X_test, y_test)}
for name, model in others.items():
    scores[name] = model.fit(X, y).score(X_test, y_test)

lowest = (X[:, :, :1] - X[:, :, 1:]).min(axis=1)
lowest_test = (X_test[:, :, :1] - X_test[:, :, 1:]).min(axis=1)
scores["lowest pressure"] = Ridge().fit(lowest, y).score(lowest_test, y_test)
pd.DataFrame({"R2, other strokes": scores}).round(2)

# %%
# The dip can be at any position, so no single column describes it. The models on flat columns
# therefore have low scores. The feature based on knowledge about pumps is much better. Your own
# network is better still. It only uses two assumptions: the dip is short and can be at any
# position. The built-in network with a convolution before its LSTM also finds the dips. It was
# trained for twice as many epochs, but is less accurate.
#
# Start from the built-in network
# -------------------------------
#
# :func:`~skl_lstm.lstm_network` is also a function that builds a network. The next cell shows that
# these two estimators are the same. ``scaling=None`` makes ``LSTMRegressor`` train on X and y as
# they are, and ``engine="keras"`` makes it train with Keras:

from skl_lstm import lstm_network

options = {"epochs": 2, "random_state": 0}
by_name = LSTMRegressor(8, conv_filters=16, scaling=None, engine="keras", **options)
by_prefix = SequenceRegressor(lstm_network, **options)
by_prefix.set_params(model__units=8, model__conv_filters=16)
print(np.array_equal(by_prefix.fit(X, y).predict(X), by_name.fit(X, y).predict(X)))

# %%
# Your own function can extend this network. The following function adds a ``softplus`` activation
# after the last layer, because a depth is never negative. The function may also compile the model.
# If it does not, the estimator compiles the model with its ``optimizer``, ``loss`` and ``metrics``.


def never_negative(meta, units=8, delta=1.0):
    inner = lstm_network(meta, units=units, conv_filters=16)
    outputs = layers.Activation("softplus")(inner.outputs[0])
    model = keras.Model(inner.inputs, outputs)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.Huber(delta=delta))
    return model


positive = SequenceRegressor(never_negative, model__delta=0.5, **options).fit(X, y)
print(positive.predict(X).min() >= 0, positive.model_.loss.name)

# %%
# For classification, the last layer has ``meta["n_classes_"]`` outputs with the activation
# ``"softmax"``, so that they are probabilities. ``StratifiedKFold``, ``roc_auc`` and
# ``VotingClassifier`` also treat ``SequenceClassifier`` as a classifier.
# :doc:`classification` has examples.

from skl_lstm import SequenceClassifier


def leak_network(meta, filters=16):
    inputs = keras.Input((None, meta["n_features_in_"]))
    x = layers.Conv1D(filters, 5, padding="same", activation="relu")(inputs)
    x = layers.GlobalMaxPooling1D()(x)
    outputs = layers.Dense(meta["n_classes_"], activation="softmax")(x)
    return keras.Model(inputs, outputs)


leaks = np.where(y > 1, "deep", "shallow")
test_leaks = np.where(y_test > 1, "deep", "shallow")
classifier = SequenceClassifier(leak_network, epochs=20, random_state=0)
classifier.set_params(optimizer__learning_rate=0.01).fit(X, leaks)
print(f"accuracy {classifier.score(X_test, test_leaks):.2f}")
shares = pd.Series(test_leaks).value_counts(normalize=True)
print(f"share of the larger class {shares.max():.2f}")

# %%
# Start from a trained model
# --------------------------
#
# You can pass a ``keras.Model`` instead of a function. Every ``fit`` trains a copy of the model and
# its weights. The original model does not change. This way, training can start from the weights of
# a trained network. In the next example, only 40 strokes of a second pump are available, and its
# leaks have a smaller effect on the pressure:

from sklearn.base import clone

X_second, y_second = record(strokes=40, leak=0.6)
X_second_test, y_second_test = record(strokes=400, leak=0.6)

learned = search.best_estimator_
before = learned.predict(X_test)
fresh = clone(learned).set_params(epochs=50).fit(X_second, y_second)
onward = SequenceRegressor(learned.model_, epochs=50, random_state=0)
onward.fit(X_second, y_second)

models = {"first pump's": learned, "from scratch": fresh, "fine-tuned": onward}
for name, model in models.items():
    print(f"{name:14} R2 {model.score(X_second_test, y_second_test):.2f}")
print("unchanged:", np.array_equal(learned.predict(X_test), before))

# %%
# 40 strokes are not enough to train a new network, and the network of the first pump has large
# errors for the second pump. Training the network of the first pump further on these 40 strokes
# gives a good model.
#
# Your own loss, metric and callback
# ----------------------------------
#
# Losses, metrics and callbacks are passed as in Keras. The following loss is smallest if nine in
# ten depths are below the forecast. The network then predicts a depth that is seldom exceeded, not
# the mean depth. The metric is the share of depths below the forecast.


def nine_in_ten(y_true, y_pred):
    error = y_true - y_pred
    return keras.ops.maximum(0.9 * error, -0.1 * error)


below = keras.metrics.MeanMetricWrapper(keras.ops.less, name="below")


class Tell(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs):
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: below {logs['below']:.2f}")


cautious = SequenceRegressor(
    dip_network,
    loss=nine_in_ten,
    metrics=[below],
    callbacks=[Tell()],
    optimizer__learning_rate=0.01,
    epochs=15,
    random_state=0,
).fit(X, y)
print(f"other strokes: below {np.mean(y_test < cautious.predict(X_test)):.2f}")
print("history_ has", *cautious.history_)

# %%
# If a callback is passed as a class, its arguments are parameters of the estimator, which can also
# be tuned: ``callbacks=[keras.callbacks.ReduceLROnPlateau]`` with ``callbacks__monitor="loss"``.
#
# With ``patience=5``, training stops after five epochs without a lower loss and restores the best
# weights. If ``validation_split`` is set, the monitored loss is that of the validation rows, which
# are the last rows. Otherwise it is the training loss.
#
# Code that is not part of Keras also affects the training time. TensorFlow has to trace each
# architecture. Fits in one process share the traced network, so a search traces it once and not in
# every fit. If the package cannot determine that two models are equivalent, for example with your
# own loss, the model is trained by Keras without this sharing. :doc:`/speed` explains how this
# works, when it does not apply, and how much time it saves.
#
# Reproducible results
# --------------------
#
# The initial weights, the dropout and the order of the rows depend only on ``random_state``. They
# do not depend on earlier fits or on the process, as long as the kind of machine is the same. If
# ``random_state`` is an int, ``fit`` does not change the state of the random generators of Python,
# NumPy, Keras and TensorFlow. With None, the seed is drawn from NumPy's global generator, as in
# scikit-learn.

again = clone(fresh).fit(X_second, y_second)
other = clone(fresh).set_params(random_state=1).fit(X_second, y_second)
for model in (again, other):
    same = np.array_equal(model.predict(X_test), fresh.predict(X_test))
    print(f"random_state={model.random_state}: identical={same}")

# %%
# Your own network is also reproducible if its layers use the seed generators of Keras.
#
# Continue training
# -----------------
#
# ``partial_fit`` trains for one more epoch. With ``warm_start=True``, ``fit`` starts from the
# weights of the last fit and trains for ``epochs`` more epochs. ``history_`` is also continued.

again.partial_fit(X, y)
print("after partial_fit:", again.n_iter_, "epochs")
again.set_params(warm_start=True, epochs=5).fit(X_second, y_second)
print("after a warm start:", again.n_iter_, "epochs")

# %%
# Save the model
# --------------
#
# ``pickle``, ``joblib``, ``cloudpickle`` and ``skops`` save the parameters, the architecture of the
# network as JSON, and its weights as arrays. They do not save the state of the optimizer. The file
# is about as large as the weights. The loaded estimator makes bit-identical predictions.

import pickle

restored = pickle.loads(pickle.dumps(learned))
print(np.array_equal(restored.predict(X_test), learned.predict(X_test)))

# %%
# pickle stores a function by its name, and looks up the name when it loads the file. The function
# must therefore be defined at the top level of a module. A lambda, or a function inside a function,
# can be fitted but not pickled. The same is true for a class of your own, and for a network that
# contains a lambda. ``skops`` only runs code that you have listed (:doc:`start`). Add your function
# to the list:
# ``trusted=[*TRUSTED_TYPES, "my_module.dip_network"]``.

try:
    pickle.dumps(SequenceRegressor(lambda meta: dip_network(meta, units=4)))
except (pickle.PicklingError, AttributeError) as error:
    print(type(error).__name__)

# %%
# ``model_`` is a plain Keras model of standard layers. If you save it in the Keras file format, it
# can be loaded where this package is not installed:

import tempfile
import warnings
from pathlib import Path

# Keras 3.15 reads weights in a way that NumPy 2 deprecates. The warning is harmless here.
warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
with tempfile.TemporaryDirectory() as folder:
    learned.model_.save(Path(folder) / "network.keras")
    loaded = keras.saving.load_model(Path(folder) / "network.keras")
answers = loaded.predict(X_test, verbose=0)[:, 0]
print(np.allclose(answers, learned.predict(X_test), atol=1e-5))

# %%
# Show the progress of a search
# -----------------------------
#
# With scikit-learn 1.9 or newer, progress bars show the epochs of each fit inside the progress bar
# of the search. The parameters ``verbose`` and ``callbacks`` of Keras work with every version.
#
# .. code-block:: python
#
#    from sklearn.callback import ProgressBar
#
#    search.set_callbacks(ProgressBar(max_propagation_depth=None))
#    search.fit(X, y)
