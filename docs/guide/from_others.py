"""
From seglearn, sktime, skforecast, darts
========================================

Other libraries cut series into windows too. Here is their call, and beside it the one with which
an LSTM in a Pipeline of scikit-learn gets the same numbers.
"""

# %%
# Their snippets cannot run where this site is built. They were run with these versions, all with
# scikit-learn 1.9.1, and each of them works: **seglearn 1.2.5, sktime 1.2.0, skforecast 0.26.0,
# darts 0.48.1**. In the same environments their windows and ours were compared: not one value
# differs. What they call what:
#
# .. list-table::
#    :header-rows: 1
#
#    * - their word
#      - ours
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
# All snippets, theirs and ours, know these: ``past``, a table of days without its last week, and
# ``walks``, a list of 40 sequences of unequal length with a label each.

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    PerTimestep,
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
# ``Segment`` turns 40 walks into 115 segments. Rows of another number than before are nothing
# that a Pipeline of scikit-learn can carry y through: put there, ``Segment`` fails in ``fit``.
# So seglearn brings its own, ``Pype``, whose ``predict`` answers for every segment. Functions of
# scikit-learn that expect an answer a row do not notice: ``cross_val_predict`` returns 40 of the
# 115, and they are not those of the 40 walks. A walk shorter than ``width`` has no segment, and
# no word is said about it.
#
# .. code-block:: python
#
#     # seglearn
#     from seglearn.pipe import Pype
#     from seglearn.transform import FeatureRep, Segment
#     from sklearn.linear_model import LogisticRegression
#
#     pype = Pype([
#         ("segment", Segment(width=10, step=5)),
#         ("features", FeatureRep()),
#         ("scale", StandardScaler()),
#         ("classify", LogisticRegression()),
#     ])
#     pype.fit(walks, labels).predict(walks).shape  # (115,)
#
# seglearn uses pandas and does not install it: ``pip install seglearn pandas``.
#
# An LSTM reads sequences of any length, so here a walk stays one row, and gets one answer.

pipeline = make_pipeline(
    PerTimestep(StandardScaler()),
    SequencePadder(),
    LSTMClassifier(units=8, mask_value=0.0, epochs=3, random_state=0),
)
pipeline.fit(walks, labels).predict(walks).shape

# %%
# Segments themselves, should you want them, are :func:`~skl_lstm.sliding_windows` with a
# ``stride``. ``Segment(width=14, step=5)`` makes the same 289 of the days, value by value:

sliding_windows(past, 14, stride=5).shape

# %%
# ``SegmentXYForecast`` is :func:`~skl_lstm.make_supervised`: X and y are equal, again value by
# value. X has two axes, so it passes through any search, and the reshaper adds the third.
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
# Where y is a series itself, a label at each step, ``Segment`` gives every window the label of its
# last step. That is :class:`~skl_lstm.SequenceWindower`, which keeps the number of rows.
#
# sktime
# ------
#
# ``make_reduction`` makes a forecaster of a regressor, ``RecursiveTabularRegressionForecaster``
# for the default ``strategy="recursive"``. With ``"multioutput"`` one regressor forecasts the
# whole week.
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
# The same rows and the same regressor here, the same week:

days = past["temp_max"].to_numpy()
X, y = make_supervised(days, timesteps=14, horizon=7)
newest = sliding_windows(days, 14)[-1:, :, 0]
print(Ridge().fit(X, y).predict(newest)[0].round(4))

# %%
# An LSTM takes the place of ridge regression, and nothing else changes:

lstm = LSTMRegressor(units=8, epochs=3, random_state=0)
pipeline = make_pipeline(StandardScaler(), SequenceReshaper(), lstm)
pipeline.fit(X, y).predict(newest).shape

# %%
# **Panels.** sktime's classifiers, such as ``LSTMFCNClassifier``, take series of equal length as
# ``numpy3D``. Mind the axes: theirs are *(samples, features, timesteps)*, ours and Keras'
# *(samples, timesteps, features)*.
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
# Unequal length it refuses; put ``PaddingTransformer() *`` in front. scikit-learn's
# ``GridSearchCV`` fails on it (``'LSTMFCNClassifier' object has no attribute
# '__sklearn_tags__'``), as sktime has searches of its own. Its formats, and what takes them here:
#
# .. list-table::
#    :header-rows: 1
#
#    * - sktime
#      - here
#    * - ``numpy3D``
#      - ``X.transpose(0, 2, 1)``, straight into an estimator
#    * - ``df-list``
#      - as it is: :class:`~skl_lstm.SequencePadder`
#    * - ``pd-multiindex``, a series is a sample
#      - list of its groups: :class:`~skl_lstm.SequencePadder`
#    * - ``pd-multiindex``, a row is a sample
#      - as it is: :class:`~skl_lstm.SequenceWindower`
#    * - ``nested_univ``
#      - sktime's ``convert(X, "nested_univ", "pd-multiindex", "Panel")`` first
#
# One table of (series, time) serves both ways of reading it:

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
# ``ForecasterRecursive`` forecasts one day and feeds it back as if it had been measured.
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
# sktime's recursive forecaster prints the same seven. ``horizon=1`` has the same rows, and the
# same first day; our estimators feed nothing back, and learn all steps at once instead, as above.

X, y = make_supervised(days, timesteps=14)
Ridge().fit(X, y).predict(newest).round(4)

# %%
# ``ForecasterRnn`` does learn all steps at once, with a Keras network whose shape is fixed when it
# is built: another look-back is another network, and the search is skforecast's.
#
# .. code-block:: python
#
#     # skforecast, with Keras
#     from skforecast.deep_learning import ForecasterRnn, create_and_compile_model
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
# Here the rows are the days as they stand in the table, and y is the week after each.
# ``sequencewindower__timesteps`` is a parameter like any other, for any search: :doc:`look_back`.

week = pd.concat({f"+{k}": past["temp_max"].shift(-k) for k in range(1, 8)}, axis=1).dropna()
pipeline = make_pipeline(
    StandardScaler().set_output(transform="pandas"), SequenceWindower(timesteps=14), lstm
)
pipeline.fit(past.loc[week.index], week)
# The week that fit has not seen comes whole, so that its last day has its past.
pipeline.predict(past[-7:])[-1:].shape

# %%
# darts
# -----
#
# ``BlockRNNModel`` goes from ``input_chunk_length`` steps to ``output_chunk_length``, in PyTorch.
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
# Past covariates are columns beside the target. darts learns from 1,434 samples, and so does the
# Pipeline, from the same ones; darts counts them from the newest.

X, y = make_supervised(past, timesteps=14, target="temp_max", horizon=7)
pipeline = make_pipeline(StandardScaler(), SequenceReshaper(features=2), lstm).fit(X, y)
len(X)

# %%
# ``RNNModel`` is another matter: it reads its own forecasts and future covariates step by step, and
# has no counterpart here.
#
# Stay with them, and take the network along
# ------------------------------------------
#
# An :class:`~skl_lstm.LSTMRegressor` is a regressor of scikit-learn, and reads two axes as time
# steps of one feature. So it fits in where their libraries take a regressor:
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
# With one ``random_state`` all three forecast what the LSTM forecasts behind ``make_supervised``,
# to the last digit printed; skforecast on the first day, before it feeds forecasts back. Without
# ``newest_last`` the network in skforecast reads time backwards.
#
# That is the way to go, too, where they do more than this package:
#
# - **seglearn** has more than twenty features of segments, for classifiers other than networks,
#   and resamples unsteady clocks (``Interp``).
# - **sktime** has classifiers for series by the dozen (distances, kernels, shapelets), forecasts
#   with probabilities, and hierarchies whose sums must agree.
# - **skforecast** backtests with and without new fits (``backtesting_forecaster``) and gives
#   intervals and whole distributions (``predict_interval``, ``predict_dist``).
# - **darts** has the other networks (N-BEATS, TFT, transformers, foundation models), likelihoods,
#   future and static covariates, and ``historical_forecasts``.
#
# What you get here is the third axis inside scikit-learn's own Pipeline: the look-back tuned with
# the network by any search, y as it was, and windows that know what a test fold may see.
