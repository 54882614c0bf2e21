"""
From seglearn, sktime, skforecast, darts
========================================

Other libraries also cut series into windows. This page shows their code next to the code of this
package. Both give the same numbers. With this package, an LSTM is a step of scikit-learn's
Pipeline.
"""

# %%
# The snippets of the other libraries do not run when this site is built. They were tested with
# these versions, all with scikit-learn 1.9.1: **seglearn 1.2.5, sktime 1.2.0, skforecast 0.26.0,
# darts 0.48.1**. Each snippet works. In the same environments, the windows of each library were
# compared with those of this package, and all values were equal. The libraries use different names
# for the same things:
#
# .. list-table::
#    :header-rows: 1
#
#    * - other libraries
#      - skl_lstm
#    * - ``width`` (seglearn), ``window_length`` (sktime), ``lags`` (skforecast, darts),
#        ``input_chunk_length`` (darts)
#      - ``timesteps``
#    * - ``step``, ``overlap`` (seglearn)
#      - ``stride``
#    * - ``forecast`` (seglearn), ``fh`` (sktime), ``steps`` (skforecast),
#        ``output_chunk_length`` (darts)
#      - ``horizon``
#    * - ``output_chunk_shift`` (darts)
#      - ``gap``
#    * - variables, channels (sktime), levels (skforecast), components, past covariates (darts)
#      - ``features``: columns of X
#    * - panel of instances (sktime), list of ``TimeSeries`` (darts)
#      - outer level of the index, or a list of arrays
#    * - ``Pype`` (seglearn), forecasters
#      - scikit-learn's ``Pipeline``
#
# All snippets use the same two variables. ``past`` is a table of days without its last week.
# ``walks`` is a list of 40 sequences of different lengths, and each has a label.

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    SequencePadder,
    SequenceReshaper,
    SequenceWindower,
    make_supervised,
    sliding_windows,
)
from skl_lstm.datasets import load_seattle_weather

past = load_seattle_weather()[["temp_max", "wind"]][:-7]

rng = np.random.default_rng(0)
labels = np.array(["falling", "rising"] * 20)


def walk(drift):
    return np.cumsum(rng.normal(drift, 1, size=(rng.integers(10, 30), 2)), axis=0)


walks = [walk(0.5 if label == "rising" else -0.5) for label in labels]

# %%
# seglearn
# --------
#
# ``Segment`` cuts 40 walks into 115 segments. The number of rows changes, but a scikit-learn
# Pipeline cannot change y to match. In such a Pipeline, ``Segment`` therefore fails in ``fit``.
# seglearn has its own pipeline, ``Pype``. Its ``predict`` returns one prediction per segment.
# Functions of scikit-learn that expect one prediction per row do not detect this:
# ``cross_val_predict`` returns 40 of the 115 predictions, and they do not belong to the 40 walks. A
# walk shorter than ``width`` has no segment, and there is no warning.
#
# .. code-block:: python
#
#     # seglearn
#     from seglearn.pipe import Pype
#     from seglearn.transform import FeatureRep, Segment
#     from sklearn.linear_model import LogisticRegression
#     from sklearn.preprocessing import StandardScaler
#
#     pype = Pype([
#         ("segment", Segment(width=10, step=5)),
#         ("features", FeatureRep()),
#         ("scale", StandardScaler()),
#         ("classify", LogisticRegression()),
#     ])
#     pype.fit(walks, labels).predict(walks).shape  # (115,)
#
# seglearn uses pandas but does not install it: ``pip install seglearn pandas``.
#
# An LSTM reads sequences of any length. With this package, a walk therefore stays one row and gets
# one prediction. The estimator scales the features itself.

pipeline = make_pipeline(
    SequencePadder(),
    LSTMClassifier(units=8, mask_value=0.0, epochs=3, random_state=0),
)
pipeline.fit(walks, labels).predict(walks).shape

# %%
# If you need segments, use :func:`~skl_lstm.sliding_windows` with a ``stride``. The next cell makes
# the same 289 segments of the days as ``Segment(width=14, step=5)``, with equal values:

sliding_windows(past, 14, stride=5).shape

# %%
# :func:`~skl_lstm.make_supervised` replaces ``SegmentXYForecast``. Both return the same values of X
# and y. Here X has two axes, so it works with any search. The reshaper adds the third axis.
#
# .. code-block:: python
#
#     # seglearn
#     from seglearn.transform import SegmentXYForecast, every
#
#     segment = SegmentXYForecast(width=14, step=1, forecast=7, y_func=every)
#     X, y, _ = segment.fit_transform([past.to_numpy()], [past["temp_max"].to_numpy()])

X, y = make_supervised(past, timesteps=14, target="temp_max", horizon=7)
print(SequenceReshaper(features=2).fit_transform(X).shape, y.shape)

# %%
# If y is a series too, with a label at each step, ``Segment`` gives every window the label of its
# last step. :class:`~skl_lstm.SequenceWindower` does the same and keeps the number of rows.
#
# sktime
# ------
#
# ``make_reduction`` makes a forecaster from a regressor. With the default ``strategy="recursive"``,
# the forecaster is a ``RecursiveTabularRegressionForecaster``. With ``"multioutput"``, one
# regressor forecasts the whole week.
#
# .. code-block:: python
#
#     # sktime
#     from sktime.forecasting.compose import make_reduction
#
#     forecaster = make_reduction(Ridge(), strategy="multioutput", window_length=14)
#     forecaster.fit(past["temp_max"], fh=range(1, 8))
#     print(forecaster.predict().to_numpy().round(4))
#     # [6.7141 7.0345 7.4708 7.6073 7.9405 7.8968 7.7998]
#
# In this package, the same regressor is fitted to the same rows and gives the same forecast:

days = past["temp_max"].to_numpy()
X, y = make_supervised(days, timesteps=14, horizon=7)
newest = sliding_windows(days, 14)[-1:, :, 0]
print(Ridge().fit(X, y).predict(newest)[0].round(4))

# %%
# To use an LSTM, replace the ridge regression. The rest does not change:

lstm = LSTMRegressor(units=8, epochs=3, random_state=0)
pipeline = make_pipeline(SequenceReshaper(), lstm)
pipeline.fit(X, y).predict(newest).shape

# %%
# **Panels.** The classifiers of sktime, such as ``LSTMFCNClassifier``, take series of equal length
# as ``numpy3D``. The order of the axes differs. sktime uses *(samples, features, timesteps)*. This
# package and Keras use *(samples, timesteps, features)*.
#
# .. code-block:: python
#
#     # sktime, with TensorFlow
#     from sktime.classification.deep_learning import LSTMFCNClassifier
#
#     equal = np.stack([walk[:10].T for walk in walks])  # (40, 2, 10)
#     classifier = LSTMFCNClassifier(n_epochs=2, random_state=0)
#     classifier.fit(equal, labels).predict(equal)
#
# ``LSTMFCNClassifier`` raises an error for series of different lengths. Put ``PaddingTransformer()
# *`` before it to pad them. scikit-learn's ``GridSearchCV`` fails with it (``'LSTMFCNClassifier'
# object has no attribute '__sklearn_tags__'``), because sktime has its own searches. The next table
# lists the data formats of sktime and how to use them with this package:
#
# .. list-table::
#    :header-rows: 1
#
#    * - sktime
#      - skl_lstm
#    * - ``numpy3D``
#      - pass ``X.transpose(0, 2, 1)`` to an estimator
#    * - ``df-list``
#      - pass it unchanged to :class:`~skl_lstm.SequencePadder`
#    * - ``pd-multiindex``, a series is a sample
#      - pass a list of its groups to :class:`~skl_lstm.SequencePadder`
#    * - ``pd-multiindex``, a row is a sample
#      - pass it unchanged to :class:`~skl_lstm.SequenceWindower`
#    * - ``nested_univ``
#      - first convert it: sktime's ``convert(X, "nested_univ", "pd-multiindex", "Panel")``
#
# The same table with an index of (series, time) works for both kinds of samples:

frames = {
    number: pd.DataFrame(walk, columns=["east", "north"]) for number, walk in enumerate(walks)
}
panel = pd.concat(frames, names=["walk", "step"])
print("a row is a sample:   ", SequenceWindower(timesteps=5).fit_transform(panel).shape)

sequences = [series.to_numpy() for _, series in panel.groupby(level="walk")]
print("a series is a sample:", SequencePadder().fit_transform(sequences).shape)

# %%
# skforecast
# ----------
#
# ``ForecasterRecursive`` forecasts one day. It then uses the forecast as if it were a measured
# value, and forecasts the next day.
#
# .. code-block:: python
#
#     # skforecast
#     from skforecast.recursive import ForecasterRecursive
#
#     forecaster = ForecasterRecursive(estimator=Ridge(), lags=14)
#     forecaster.fit(y=past["temp_max"])
#     print(forecaster.predict(steps=7).to_numpy().round(4))
#     # [6.6931 6.9759 7.3629 7.4665 7.7368 7.6635 7.5855]
#
# sktime's recursive forecaster prints the same seven values. In this package, ``horizon=1`` gives
# the same rows and the same forecast for the first day. The estimators of this package do not
# forecast recursively. Instead, they learn all steps at once, as shown above.

X, y = make_supervised(days, timesteps=14)
Ridge().fit(X, y).predict(newest).round(4)

# %%
# ``ForecasterRnn`` also learns all steps at once. The shape of its Keras network is fixed when the
# network is built, so each look-back needs a new network. Tuning uses the search functions of
# skforecast.
#
# .. code-block:: python
#
#     # skforecast, with Keras
#     from skforecast.deep_learning import ForecasterRnn, create_and_compile_model
#     from sklearn.preprocessing import StandardScaler
#
#     network = create_and_compile_model(
#         series=past, levels="temp_max", lags=14, steps=7,
#         recurrent_layer="LSTM", recurrent_units=8, dense_units=None,
#     )
#     forecaster = ForecasterRnn(
#         levels="temp_max", lags=14, estimator=network,
#         transformer_series=StandardScaler(), fit_kwargs={"epochs": 3},
#     )
#     forecaster.fit(series=past)
#     forecaster.predict()
#
# In this package, the rows are the days of the table, and y holds the week after each day.
# ``sequencewindower__timesteps`` is an ordinary parameter, so any search can tune it, as shown in
# :doc:`look_back`.

week = pd.concat({f"+{k}": past["temp_max"].shift(-k) for k in range(1, 8)}, axis=1).dropna()
pipeline = make_pipeline(SequenceWindower(timesteps=14), lstm)
pipeline.fit(past.loc[week.index], week)
# Pass the whole week after the rows of fit: the window of its last day needs these rows.
pipeline.predict(past[-7:])[-1:].shape

# %%
# darts
# -----
#
# ``BlockRNNModel`` maps ``input_chunk_length`` steps to ``output_chunk_length`` steps. It uses
# PyTorch.
#
# .. code-block:: python
#
#     # darts, with PyTorch
#     from darts import TimeSeries
#     from darts.models import BlockRNNModel
#
#     temperature = TimeSeries.from_series(past["temp_max"])
#     wind = TimeSeries.from_series(past["wind"])
#     model = BlockRNNModel(
#         model="LSTM", hidden_dim=8, input_chunk_length=14, output_chunk_length=7,
#         n_epochs=3, random_state=0,
#     )
#     model.fit(temperature, past_covariates=wind)
#     model.predict(n=7)
#
# Past covariates are columns next to the target. darts trains on 1,434 samples. The Pipeline trains
# on the same samples; darts counts them from the newest.

X, y = make_supervised(past, timesteps=14, target="temp_max", horizon=7)
pipeline = make_pipeline(SequenceReshaper(features=2), lstm).fit(X, y)
len(X)

# %%
# ``RNNModel`` works differently: it reads its own forecasts and future covariates step by step.
# This package has no equivalent.
#
# Use the LSTM in the other libraries
# -----------------------------------
#
# An :class:`~skl_lstm.LSTMRegressor` is a scikit-learn regressor. It reads an array with two axes
# as timesteps of one feature. You can therefore use it where these libraries accept a regressor:
#
# .. code-block:: python
#
#     # sktime
#     make_reduction(lstm, strategy="multioutput", window_length=14)
#     # darts
#     SKLearnModel(model=lstm, lags=14, output_chunk_length=7)
#     # skforecast, whose first lag is the newest
#     newest_last = FunctionTransformer(np.flip, kw_args={"axis": 1})
#     ForecasterRecursive(estimator=make_pipeline(newest_last, lstm), lags=14)
#
# With the same ``random_state``, all three give the same forecasts as the LSTM after
# ``make_supervised``, in all printed digits. For skforecast, this holds for the first day only,
# because the later forecasts are recursive. Without ``newest_last``, the network in skforecast
# would read the timesteps in reverse order.
#
# Use the other libraries if you need one of their additional functions:
#
# - **seglearn** has more than twenty features of segments, for classifiers other than networks. It
#   also resamples series with irregular timestamps (``Interp``).
# - **sktime** has dozens of classifiers for series (distances, kernels, shapelets), probabilistic
#   forecasts, and hierarchies whose sums must agree.
# - **skforecast** backtests with and without refitting (``backtesting_forecaster``) and provides
#   intervals and whole distributions (``predict_interval``, ``predict_dist``).
# - **darts** has other networks (N-BEATS, TFT, transformers, foundation models), likelihoods,
#   future and static covariates, and ``historical_forecasts``.
#
# This package adds the third axis inside scikit-learn's own Pipeline. Any search can tune the
# look-back together with the network. y stays unchanged. The windows of a test fold only use rows
# that are available at that time.
