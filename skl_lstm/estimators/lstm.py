"""`LSTMRegressor` and `LSTMClassifier`: estimators around `lstm_network`."""

from __future__ import annotations

import inspect
from numbers import Real
from typing import Any

import keras

from .._core.parameters import Number
from .._core.public import set_module
from ..networks.lstm import lstm_network
from .base import KerasEstimator
from .building import optimizer_params
from .data import MaskValue
from .kinds import CLASS_WEIGHT, Classifier, ClassWeight, Regressor

# All but `meta`, which is not the user's to give.
_NETWORK_PARAMETERS = list(inspect.signature(lstm_network).parameters)[1:]


class _LSTMEstimator(KerasEstimator):
    """The parameters of the estimators for `lstm_network`."""

    # What the network takes, it checks itself.
    _parameter_constraints = KerasEstimator._parameter_constraints | {
        "learning_rate": [Number(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        units: int | tuple[int, ...] = 32,
        *,
        cell: str = "lstm",
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        conv_filters: int | tuple[int, ...] | None = None,
        kernel_size: int = 3,
        mask_value: float | None = None,
        optimizer: Any = "adam",
        learning_rate: float = 1e-3,
        loss: Any = None,
        epochs: int = 50,
        batch_size: int = 32,
        validation_split: float = 0.0,
        patience: int | None = None,
        callbacks: list[Any] | None = None,
        verbose: int | str = 0,
        random_state: Any = None,
    ) -> None:
        self.units = units
        self.cell = cell
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.conv_filters = conv_filters
        self.kernel_size = kernel_size
        self.mask_value = mask_value
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.patience = patience
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def _builder_params(self) -> dict[str, Any]:
        params = {
            "model": lstm_network,
            **optimizer_params(self.optimizer),
            "loss": self.loss,
            "callbacks": self.callbacks,
            **{f"model__{name}": getattr(self, name) for name in _NETWORK_PARAMETERS},
        }
        if not isinstance(self.optimizer, keras.optimizers.Optimizer):
            params["optimizer__learning_rate"] = self.learning_rate
        return params

    def _network_mask_value(self) -> MaskValue:
        return self.mask_value


@set_module("skl_lstm")
class LSTMRegressor(Regressor, _LSTMEstimator):
    """LSTM regressor.

    The network is that of `lstm_network`: it takes its shape from X and y. Every setting is
    a parameter of its own, so that a grid of a Pipeline says ``lstmregressor__units``.

    Parameters
    ----------
    units : int or tuple of int, default=32
        Size of the recurrent layer; a tuple stacks one layer per entry.
    cell : {"lstm", "gru", "simple_rnn"}, default="lstm"
        Kind of recurrent layer.
    bidirectional : bool, default=False
        Read every sequence in both directions and join the results.
    dropout : float, default=0.0
        Share of each recurrent layer's inputs dropped in training, in [0, 1).
    recurrent_dropout : float, default=0.0
        Share of the recurrent state dropped in training, in [0, 1).
    conv_filters : int or tuple of int, default=None
        Filters of causal ``Conv1D`` layers ahead of the recurrent ones.
    kernel_size : int, default=3
        Time steps that each filter spans.
    mask_value : float, default=None
        Skip time steps whose every feature has this value, that of a `SequencePadder`.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        How Keras takes its steps. An instance keeps its own learning rate.
    learning_rate : float, default=1e-3
        Step size of an optimizer given by name or class.
    loss : str, function or keras.losses.Loss, default=None
        What is minimized. None: "mean_squared_error".
    epochs : int, default=50
        Passes over the training rows.
    batch_size : int, default=32
        Rows per gradient step, and per step of a prediction.
    validation_split : float, default=0.0
        Share of the rows kept aside to watch, in [0, 1): the last ones, before shuffling.
    patience : int, default=None
        Stop after that many epochs without a lower loss, and restore the best weights. The
        loss is that of `validation_split`, or without one that of the training rows. None:
        train all `epochs`.
    callbacks : list of keras.callbacks.Callback, default=None
        Keras' callbacks.
    verbose : {"auto", 0, 1, 2}, default=0
        What Keras prints in `fit`.
    random_state : int, RandomState instance or None, default=None
        Initial weights, dropout and the order of the rows follow from it alone. Pass an int
        for the same result in every call.

    Attributes
    ----------
    model_ : keras.Model
        The trained network, of standard layers, compiled; it belongs to this estimator alone.
    history_ : dict of str to list of float
        Loss and metrics by epoch.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Features of a time step; for 2D X its number of columns, each a time step.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a DataFrame of named columns.

    See Also
    --------
    SequenceRegressor : The same for a network of your own.
    SequenceReshaper : Gives flat rows the three axes.

    Examples
    --------
    >>> import numpy as np
    >>> from skl_lstm import LSTMRegressor
    >>> X = np.random.default_rng(0).normal(size=(64, 6, 2))
    >>> y = X[:, -1].sum(axis=1)  # the last step of both features
    >>> regressor = LSTMRegressor(8, learning_rate=0.05, epochs=20, random_state=0).fit(X, y)
    >>> bool(regressor.score(X, y) > 0.9)
    True
    """


@set_module("skl_lstm")
class LSTMClassifier(Classifier, _LSTMEstimator):
    """LSTM classifier.

    The network is that of `lstm_network`: it takes its shape from X and y. Every setting is
    a parameter of its own, so that a grid of a Pipeline says ``lstmclassifier__units``.

    Parameters
    ----------
    units : int or tuple of int, default=32
        Size of the recurrent layer; a tuple stacks one layer per entry.
    cell : {"lstm", "gru", "simple_rnn"}, default="lstm"
        Kind of recurrent layer.
    bidirectional : bool, default=False
        Read every sequence in both directions and join the results.
    dropout : float, default=0.0
        Share of each recurrent layer's inputs dropped in training, in [0, 1).
    recurrent_dropout : float, default=0.0
        Share of the recurrent state dropped in training, in [0, 1).
    conv_filters : int or tuple of int, default=None
        Filters of causal ``Conv1D`` layers ahead of the recurrent ones.
    kernel_size : int, default=3
        Time steps that each filter spans.
    mask_value : float, default=None
        Skip time steps whose every feature has this value, that of a `SequencePadder`.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        How Keras takes its steps. An instance keeps its own learning rate.
    learning_rate : float, default=1e-3
        Step size of an optimizer given by name or class.
    loss : str, function or keras.losses.Loss, default=None
        What is minimized. None: "binary_crossentropy" for one output or several labels a
        sample, else "sparse_categorical_crossentropy".
    epochs : int, default=50
        Passes over the training rows.
    batch_size : int, default=32
        Rows per gradient step, and per step of a prediction.
    validation_split : float, default=0.0
        Share of the rows kept aside to watch, in [0, 1): the last ones, before shuffling.
    patience : int, default=None
        Stop after that many epochs without a lower loss, and restore the best weights. The
        loss is that of `validation_split`, or without one that of the training rows. None:
        train all `epochs`.
    class_weight : dict or "balanced", default=None
        Weights of the classes, ``{label: weight}``; "balanced": inverse to their frequency.
        They multiply `sample_weight`.
    callbacks : list of keras.callbacks.Callback, default=None
        Keras' callbacks.
    verbose : {"auto", 0, 1, 2}, default=0
        What Keras prints in `fit`.
    random_state : int, RandomState instance or None, default=None
        Initial weights, dropout and the order of the rows follow from it alone. Pass an int
        for the same result in every call.

    Attributes
    ----------
    model_ : keras.Model
        The trained network, of standard layers, compiled; it belongs to this estimator alone.
    history_ : dict of str to list of float
        Loss and metrics by epoch.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Features of a time step; for 2D X its number of columns, each a time step.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a DataFrame of named columns.
    classes_ : ndarray of shape (n_classes,)
        The labels seen in `fit`.

    See Also
    --------
    SequenceClassifier : The same for a network of your own.
    SequenceReshaper : Gives flat rows the three axes.

    Examples
    --------
    >>> import numpy as np
    >>> from skl_lstm import LSTMClassifier
    >>> X = np.random.default_rng(0).normal(size=(64, 6, 2))
    >>> y = np.where(X[:, -1, 0] > 0, "up", "down")
    >>> classifier = LSTMClassifier(8, learning_rate=0.05, epochs=20, random_state=0).fit(X, y)
    >>> classifier.classes_, classifier.predict_proba(X).shape
    (array(['down', 'up'], dtype='<U4'), (64, 2))
    >>> bool(classifier.score(X, y) > 0.9)
    True
    """

    _parameter_constraints = _LSTMEstimator._parameter_constraints | CLASS_WEIGHT

    def __init__(
        self,
        units: int | tuple[int, ...] = 32,
        *,
        cell: str = "lstm",
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        conv_filters: int | tuple[int, ...] | None = None,
        kernel_size: int = 3,
        mask_value: float | None = None,
        optimizer: Any = "adam",
        learning_rate: float = 1e-3,
        loss: Any = None,
        epochs: int = 50,
        batch_size: int = 32,
        validation_split: float = 0.0,
        patience: int | None = None,
        class_weight: ClassWeight = None,
        callbacks: list[Any] | None = None,
        verbose: int | str = 0,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            units,
            cell=cell,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            conv_filters=conv_filters,
            kernel_size=kernel_size,
            mask_value=mask_value,
            optimizer=optimizer,
            learning_rate=learning_rate,
            loss=loss,
            epochs=epochs,
            batch_size=batch_size,
            validation_split=validation_split,
            patience=patience,
            callbacks=callbacks,
            verbose=verbose,
            random_state=random_state,
        )
        self.class_weight = class_weight
