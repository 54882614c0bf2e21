"""
Bring your own network
======================

``LSTMRegressor`` and ``LSTMClassifier`` come with a network. Where you need another one, write it
as a function of Keras layers, and the rest of scikit-learn takes it as it takes ``Ridge``.
"""

# %%
# - :class:`~skl_lstm.LSTMRegressor` and :class:`~skl_lstm.LSTMClassifier` take the network of
#   :func:`~skl_lstm.lstm_network`, and each of its parameters by name: ``units``, ``dropout``, …
# - :class:`~skl_lstm.SequenceRegressor` and :class:`~skl_lstm.SequenceClassifier` take any network
#   that you build, and parameters by prefix: ``model__units``, ``optimizer__learning_rate``, …
#
# All four are scikit-learn estimators: ``check_estimator`` passes but for one check that every
# estimator trained in mini-batches fails (a row of weight 2 is not the same as the row twice). X is
# (samples, timesteps, features), or (samples, timesteps) for one feature; what comes is cast to
# float32. Sequences in ``predict`` may be longer or shorter than those in ``fit``.
#
# A problem for another network
# -----------------------------
#
# The data are made up, and drawn from a seed. Pressure and load of a pump are recorded over 48
# readings a stroke. The load comes in steps; the pressure follows it, drifts and is noisy.
# Somewhere a leaking valve leaves a dip of a few readings. How deep is it?

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
# The network is a function
# -------------------------
#
# It is called in every ``fit`` and returns a ``keras.Model``. It gets ``meta``, what is known of
# the data, so that no shape is typed by hand. Its other arguments become parameters of the
# estimator.
#
# This one looks for short patterns with a convolution, keeps the best of every four steps, follows
# them with a GRU, and hands on the strongest response, wherever it was.

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
# ``meta`` has ``X_shape_``, ``X_dtype_``, ``n_features_in_`` (features of a time step),
# ``target_type_`` (scikit-learn's ``type_of_target``), ``y_dtype_``, ``y_ndim_``, ``n_outputs_``
# and, for classifiers, ``classes_`` and ``n_classes_``.
#
# ``model__units`` goes to the function, ``optimizer__learning_rate`` to the optimizer. ``loss__``,
# ``metrics__``, ``compile__``, ``callbacks__``, ``fit__`` and ``predict__`` are the other prefixes.
# All can be tuned:

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
# Is it worth it? These are scored on other strokes of the pump. Trees and ridge regression read the
# 96 columns as they are. The last line reads a single number, for which one has to know pumps: the
# lowest pressure, less what the load accounts for.

from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skl_lstm import LSTMRegressor


def flatten(X):
    return X.reshape(len(X), -1)


def lowest_pressure(X):
    return (X[:, :, 0] - X[:, :, 1]).min(axis=1, keepdims=True)


along = LSTMRegressor(8, conv_filters=16, epochs=20, random_state=0)
trees = HistGradientBoostingRegressor(max_iter=50, random_state=0)
others = {
    "LSTMRegressor": along.set_params(learning_rate=0.01),
    "boosted trees": make_pipeline(FunctionTransformer(flatten), trees),
    "ridge": make_pipeline(FunctionTransformer(flatten), Ridge(10.0)),
    "lowest pressure": make_pipeline(FunctionTransformer(lowest_pressure), Ridge()),
}
scores = {"own network": search.score(X_test, y_test)}
for name, model in others.items():
    scores[name] = model.fit(X, y).score(X_test, y_test)
pd.DataFrame({"R2, other strokes": scores}).round(2)

# %%
# A dip that may be anywhere has no column of its own, so the flat columns tell next to nothing.
# Knowing what to look for goes far. The network goes further, and was told no more than that a dip
# is short and may be anywhere. The network that comes along, with a convolution ahead of its LSTM,
# finds the dips too, but less well in as many epochs.
#
# Begin with the network that comes along
# ---------------------------------------
#
# :func:`~skl_lstm.lstm_network` is such a function too. These two are the same estimator:

from skl_lstm import lstm_network

options = {"epochs": 2, "random_state": 0}
by_name = LSTMRegressor(8, conv_filters=16, **options)
by_prefix = SequenceRegressor(lstm_network, **options)
by_prefix.set_params(model__units=8, model__conv_filters=16)
print(np.array_equal(by_prefix.fit(X, y).predict(X), by_name.fit(X, y).predict(X)))

# %%
# A function of yours can go on from it. No depth is negative, and a last layer of ``softplus`` sees
# to that. The function may also compile the model. If it does not, the estimator does, with its
# ``optimizer``, ``loss`` and ``metrics``.


def never_negative(meta, units=8, delta=1.0):
    inner = lstm_network(meta, units=units, conv_filters=16)
    outputs = layers.Activation("softplus")(inner.outputs[0])
    model = keras.Model(inner.inputs, outputs)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.Huber(delta=delta))
    return model


positive = SequenceRegressor(never_negative, model__delta=0.5, **options).fit(X, y)
print(positive.predict(X).min() >= 0, positive.model_.loss.name)

# %%
# For classes the last layer has ``meta["n_classes_"]`` outputs. ``SequenceClassifier`` is a
# classifier to ``StratifiedKFold``, ``roc_auc`` and ``VotingClassifier`` too: :doc:`classification`
# has examples of them.

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
# A ready model
# -------------
#
# A ``keras.Model`` in the place of the function is copied in every ``fit``, weights included, and
# stays as it is. So a network can go on from what another one has learned. Of a second pump only
# 40 strokes have been measured, and its leaks show less in the pressure:

from sklearn.base import clone

X_second, y_second = record(strokes=40, leak=0.6)
X_second_test, y_second_test = record(strokes=400, leak=0.6)

learned = search.best_estimator_
before = learned.predict(X_test)
fresh = clone(learned).set_params(epochs=50).fit(X_second, y_second)
onward = SequenceRegressor(learned.model_, epochs=50, random_state=0)
onward.fit(X_second, y_second)

models = {"first pump's": learned, "fresh": fresh, "going on": onward}
for name, model in models.items():
    print(f"{name:14} R2 {model.score(X_second_test, y_second_test):.2f}")
print("unchanged:", np.array_equal(learned.predict(X_test), before))

# %%
# Forty strokes alone teach next to nothing, and the first pump's network is often wrong about the
# second pump. Trained on, it needs no more than these forty.
#
# Loss, metric and callback of your own
# -------------------------------------
#
# They go in as in Keras. The loss here is least where nine in ten depths lie below the forecast:
# not the depth to expect, but one that is seldom exceeded.


def nine_in_ten(y_true, y_pred):
    error = y_true - y_pred
    return keras.ops.maximum(0.9 * error, -0.1 * error)


def below(y_true, y_pred):
    return keras.ops.cast(y_true < y_pred, "float32")


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
# A callback that is given as its class takes its arguments from parameters, which can be tuned too:
# ``callbacks=[keras.callbacks.ReduceLROnPlateau]`` with ``callbacks__monitor="loss"``.
#
# ``patience=5`` stops after five epochs without a lower loss and restores the best weights. It
# watches the loss of ``validation_split``, the last rows, if that is set, else the training loss.
#
# Code that is not Keras' own also decides how fast a network trains. Fits share what TensorFlow has
# to trace for an architecture, in one process: a search pays for it once, and not in every fit.
# Where the package cannot know that two models do the same, as with a loss of yours, Keras trains
# as ever. :doc:`/speed` says how, when not, and how much it is.
#
# The same result for the same ``random_state``
# ---------------------------------------------
#
# Initial weights, dropout and the order of the rows follow from ``random_state`` alone, whatever
# was fitted before, in this process or another, on the same kind of machine. The random generators
# of Python, NumPy, Keras and TensorFlow are as before after a fit with an int. With None the seed
# is drawn from NumPy's global generator, as everywhere in scikit-learn.

again = clone(fresh).fit(X_second, y_second)
other = clone(fresh).set_params(random_state=1).fit(X_second, y_second)
for model in (again, other):
    same = np.array_equal(model.predict(X_test), fresh.predict(X_test))
    print(f"random_state={model.random_state}: the same is {same}")

# %%
# A network of your own keeps the promise as long as its layers draw from Keras' seed generators.
#
# Train on
# --------
#
# ``partial_fit`` trains for one more epoch. With ``warm_start=True`` a ``fit`` goes on from the
# weights of the last one, ``epochs`` more. ``history_`` goes on too.

again.partial_fit(X, y)
print("after partial_fit:", again.n_iter_, "epochs")
again.set_params(warm_start=True, epochs=5).fit(X_second, y_second)
print("after a warm start:", again.n_iter_, "epochs")

# %%
# Save it
# -------
#
# ``pickle``, ``joblib``, ``cloudpickle`` and ``skops`` keep the parameters, the network's
# architecture as JSON and its weights as arrays; the optimizer's state is left out. A file is about
# as large as the weights, and what comes back predicts the same bits.

import pickle

restored = pickle.loads(pickle.dumps(learned))  # noqa: S301
print(np.array_equal(restored.predict(X_test), learned.predict(X_test)))

# %%
# pickle writes a function down as its name, and looks it up again when it loads. So the function
# has to stand at the top level of a module. A lambda, or a function inside a function, can be
# fitted but not pickled; nor can a network with a lambda inside. With ``skops``, which runs no code
# that you have not listed (:doc:`start`), list the function too:
# ``trusted=[*TRUSTED_TYPES, "my_module.dip_network"]``.

try:
    pickle.dumps(SequenceRegressor(lambda meta: dip_network(meta, units=4)))
except (pickle.PicklingError, AttributeError) as error:
    print(type(error).__name__)

# %%
# ``model_`` is a plain Keras model of standard layers. Its own file format loads where this package
# is not installed:

import tempfile
import warnings
from pathlib import Path

# Keras 3.15 reads weights in a manner that NumPy 2 deprecates, which is no concern here.
warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
with tempfile.TemporaryDirectory() as folder:
    learned.model_.save(Path(folder) / "network.keras")
    loaded = keras.saving.load_model(Path(folder) / "network.keras")
answers = loaded.predict(X_test, verbose=0)[:, 0]
print(np.allclose(answers, learned.predict(X_test), atol=1e-5))

# %%
# Watch a search
# --------------
#
# From scikit-learn 1.9 on the epochs show as bars inside those of a search. Keras' own ``verbose``
# and ``callbacks`` work on every version.
#
# .. code-block:: python
#
#    from sklearn.callback import ProgressBar
#
#    search.set_callbacks(ProgressBar(max_propagation_depth=None))
#    search.fit(X, y)
