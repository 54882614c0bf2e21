"""`TRUSTED_TYPES`: types that a saved model may hold besides those that skops trusts.

A file can call every type in this list with any arguments, and set any state. So the list only
holds types that store their arguments or compute with them. `networks/configs.py` checks what a
saved network makes Keras build.
"""

TRUSTED_TYPES: tuple[str, ...] = (
    # Classes and functions of this package.
    "skl_lstm.ConformalRegressor",
    "skl_lstm.LSTMClassifier",
    "skl_lstm.LSTMRegressor",
    "skl_lstm.LSTMStepClassifier",
    "skl_lstm.LSTMStepRegressor",
    "skl_lstm.NaiveRegressor",
    "skl_lstm.PerTimestep",
    "skl_lstm.SequenceClassifier",
    "skl_lstm.SequenceFlattener",
    "skl_lstm.SequencePadder",
    "skl_lstm.SequenceRegressor",
    "skl_lstm.SequenceReshaper",
    "skl_lstm.SequenceWindower",
    "skl_lstm.StepScorer",  # a search with make_step_scorer
    "skl_lstm.TimeSplit",  # the folds of a search
    "skl_lstm.lstm_network",  # SequenceRegressor(lstm_network)
    # Types of parameters and fitted attributes.
    "datetime.timedelta",  # SequenceWindower(max_gap=timedelta(hours=2))
    "numpy.dtype",  # that of X and y in fit
    # In the results of a search. skops trusts only the name in the installed NumPy.
    "numpy.ma.MaskedArray",
    "numpy.ma.core.MaskedArray",  # below NumPy 2
    # scikit-learn's meta-estimators, and the objects that they hold.
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
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.model_selection._split.TimeSeriesSplit",
    "sklearn.utils._bunch.Bunch",  # VotingRegressor, VotingClassifier
    "sklearn.utils._metadata_requests.MetadataRequest",  # folds, below scikit-learn 1.9
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
)
