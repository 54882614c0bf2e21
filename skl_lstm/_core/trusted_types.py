"""`TRUSTED_TYPES`: what a saved model may hold beyond what skops trusts by itself.

A file can have every type here called with whatever it likes, and
its state set; so in it stands only what then does no more than keep what it was given, or
compute. What Keras makes of a saved network is looked at in `_configs`.
"""

TRUSTED_TYPES: tuple[str, ...] = (
    # Ours.
    "skl_lstm.LSTMClassifier",
    "skl_lstm.LSTMRegressor",
    "skl_lstm.PerTimestep",
    "skl_lstm.SequenceClassifier",
    "skl_lstm.SequencePadder",
    "skl_lstm.SequenceRegressor",
    "skl_lstm.SequenceReshaper",
    "skl_lstm.SequenceWindower",
    "skl_lstm.lstm_network",  # SequenceRegressor(lstm_network)
    # Values in ours.
    "datetime.timedelta",  # SequenceWindower(max_gap=timedelta(hours=2))
    "numpy.dtype",  # that of X and y in fit
    # scikit-learn's, around ours.
    "sklearn.calibration._CalibratedClassifier",  # CalibratedClassifierCV
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.callback._progressbar.ProgressBar",  # search.set_callbacks(ProgressBar())
    "sklearn.metrics._scorer._PassthroughScorer",  # a search without scoring=
    "sklearn.metrics._scorer._Scorer",  # a search with one of these:
    "sklearn.metrics._classification.accuracy_score",
    "sklearn.metrics._ranking.roc_auc_score",
    "sklearn.metrics._regression.mean_absolute_error",
    "sklearn.metrics._regression.mean_squared_error",
    "sklearn.metrics._regression.r2_score",
    "sklearn.metrics._regression.root_mean_squared_error",
    "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV",
    "sklearn.model_selection._split.KFold",  # the folds of a search
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.model_selection._split.TimeSeriesSplit",
    "sklearn.utils._bunch.Bunch",  # VotingRegressor, VotingClassifier
    "sklearn.utils._metadata_requests.MetadataRequest",  # folds, below scikit-learn 1.9
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
)
