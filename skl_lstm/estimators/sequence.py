"""`SequenceRegressor` and `SequenceClassifier`: estimators around any Keras network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from .._core.public import set_module
from .base import KerasEstimator
from .building import as_build_function, optimizer_params
from .data import MaskValue
from .kinds import CLASS_WEIGHT, Classifier, ClassWeight, Regressor
from .routing import RoutedParameters


class _SequenceEstimator(RoutedParameters, KerasEstimator):
    """The parameters of the estimators for any network."""

    _parameter_constraints = KerasEstimator._parameter_constraints | {
        "metrics": [str, list, tuple, dict, callable, None],
        "shuffle": ["boolean"],
        "run_eagerly": ["boolean"],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        model: Callable[..., keras.Model] | keras.Model | None = None,
        *,
        optimizer: Any = "adam",
        loss: Any = None,
        metrics: Any = None,
        epochs: int = 50,
        batch_size: int = 32,
        validation_split: float = 0.0,
        patience: int | None = None,
        shuffle: bool = True,
        run_eagerly: bool = False,
        warm_start: bool = False,
        callbacks: list[Any] | None = None,
        verbose: int | str = 0,
        random_state: Any = None,
        **routed: Any,
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.patience = patience
        self.shuffle = shuffle
        self.run_eagerly = run_eagerly
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state
        self.__dict__.update(routed)

    def _builder_params(self) -> dict[str, Any]:
        return {
            "model": as_build_function(self.model),
            **optimizer_params(self.optimizer),
            "loss": self.loss,
            "metrics": self.metrics,
            "callbacks": self.callbacks,
            "run_eagerly": self.run_eagerly,
            **self._routed(),
        }

    def _network_mask_value(self) -> MaskValue:
        return self._beyond_signature().get("model__mask_value", "unknown")

    def _shuffle(self) -> bool:
        return self.shuffle

    def _warm_start(self) -> bool:
        return self.warm_start

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "model_"):
            self.model_.run_eagerly = self.run_eagerly


@set_module("skl_lstm")
class SequenceRegressor(Regressor, _SequenceEstimator):
    """Regressor that trains a Keras network of your own.

    It takes its parameters as scikeras' wrappers do, and keeps what scikit-learn promises:
    it casts what comes, knows features by name, takes sequences of other lengths in
    `predict`, and gives the same model for the same `random_state`.

    Parameters
    ----------
    model : callable or keras.Model
        What builds the network: a function, method or object that is called in every `fit`
        and returns a ``keras.Model``, compiled or not. Of the keyword arguments `meta` (what
        is known of the data: ``X_shape_``, ``n_features_in_``, ``n_outputs_``),
        ``compile_kwargs`` and ``params`` it gets those it names, and all three if it takes
        ``**kwargs``; all others come from parameters ``model__name``. A ready ``keras.Model`` is
        copied, weights included. To pickle the estimator define the function at the top level of
        a module: a lambda, or a function inside a function, cannot be pickled.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Used if `model` returns an uncompiled network.
    loss : str, class, function or keras.losses.Loss, default=None
        Used if `model` returns an uncompiled network. None: "mean_squared_error".
    metrics : list, default=None
        Used if `model` returns an uncompiled network.
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
    shuffle : bool, default=True
        Train in another order of the rows in every epoch.
    run_eagerly : bool, default=False
        Run Keras step by step, without tracing a graph: slower, but can be debugged.
    warm_start : bool, default=False
        Let `fit` go on from the weights of the last one, `epochs` more.
    callbacks : list of keras.callbacks.Callback, default=None
        Keras' callbacks. A class takes its arguments from ``callbacks__name``.
    verbose : {"auto", 0, 1, 2}, default=0
        What Keras prints in `fit`.
    random_state : int, RandomState instance or None, default=None
        Initial weights, dropout and the order of the rows follow from it alone. Pass an int
        for the same result in every call.
    **routed : dict
        Parameters for Keras, by prefix: ``model__units=64`` goes to `model`,
        ``optimizer__learning_rate=0.01`` to the optimizer, ``loss__…``, ``metrics__…`` and
        ``callbacks__…`` likewise, ``fit__…`` and ``predict__…`` to Keras' methods. They can be
        tuned like any other parameter.

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
    LSTMRegressor : The same with a network that comes with the package.

    Examples
    --------
    >>> import keras, numpy as np
    >>> from skl_lstm import SequenceRegressor
    >>> def network(meta, units=8):
    ...     inputs = keras.Input((None, meta["n_features_in_"]))
    ...     hidden = keras.layers.GRU(units)(inputs)
    ...     return keras.Model(inputs, keras.layers.Dense(meta["n_outputs_"])(hidden))
    >>> X, y = np.random.default_rng(0).normal(size=(20, 6, 2)), np.arange(20.0)
    >>> regressor = SequenceRegressor(network, model__units=4, epochs=2, random_state=0)
    >>> regressor.fit(X, y).predict(X).shape
    (20,)
    >>> regressor.predict(X[:, :3]).shape  # the time axis is open
    (20,)
    """


@set_module("skl_lstm")
class SequenceClassifier(Classifier, _SequenceEstimator):
    """Classifier that trains a Keras network of your own.

    It takes its parameters as scikeras' wrappers do, and keeps what scikit-learn promises:
    it casts what comes, knows features by name, takes sequences of other lengths in
    `predict`, and gives the same model for the same `random_state`.

    Parameters
    ----------
    model : callable or keras.Model
        What builds the network: a function, method or object that is called in every `fit`
        and returns a ``keras.Model``, compiled or not. Of the keyword arguments `meta` (what
        is known of the data: ``X_shape_``, ``n_features_in_``, ``n_classes_``, ``target_type_``),
        ``compile_kwargs`` and ``params`` it gets those it names, and all three if it takes
        ``**kwargs``; all others come from parameters ``model__name``. A ready ``keras.Model`` is
        copied, weights included. To pickle the estimator define the function at the top level of
        a module: a lambda, or a function inside a function, cannot be pickled.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Used if `model` returns an uncompiled network.
    loss : str, class, function or keras.losses.Loss, default=None
        Used if `model` returns an uncompiled network. None: "binary_crossentropy" for one
        output or several labels a sample, else "sparse_categorical_crossentropy".
    metrics : list, default=None
        Used if `model` returns an uncompiled network.
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
    shuffle : bool, default=True
        Train in another order of the rows in every epoch.
    run_eagerly : bool, default=False
        Run Keras step by step, without tracing a graph: slower, but can be debugged.
    warm_start : bool, default=False
        Let `fit` go on from the weights of the last one, `epochs` more.
    class_weight : dict or "balanced", default=None
        Weights of the classes, ``{label: weight}``; "balanced": inverse to their frequency.
        They multiply `sample_weight`.
    callbacks : list of keras.callbacks.Callback, default=None
        Keras' callbacks. A class takes its arguments from ``callbacks__name``.
    verbose : {"auto", 0, 1, 2}, default=0
        What Keras prints in `fit`.
    random_state : int, RandomState instance or None, default=None
        Initial weights, dropout and the order of the rows follow from it alone. Pass an int
        for the same result in every call.
    **routed : dict
        Parameters for Keras, by prefix: ``model__units=64`` goes to `model`,
        ``optimizer__learning_rate=0.01`` to the optimizer, ``loss__…``, ``metrics__…`` and
        ``callbacks__…`` likewise, ``fit__…`` and ``predict__…`` to Keras' methods. They can be
        tuned like any other parameter.

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
    LSTMClassifier : The same with a network that comes with the package.

    Examples
    --------
    >>> import numpy as np
    >>> from skl_lstm import SequenceClassifier, lstm_network
    >>> X, y = np.random.default_rng(0).normal(size=(20, 6, 2)), ["up", "down"] * 10
    >>> classifier = SequenceClassifier(lstm_network, model__units=4, epochs=2, random_state=0)
    >>> classifier.fit(X, y).predict_proba(X).shape
    (20, 2)
    """

    _parameter_constraints = _SequenceEstimator._parameter_constraints | CLASS_WEIGHT

    def __init__(
        self,
        model: Callable[..., keras.Model] | keras.Model | None = None,
        *,
        optimizer: Any = "adam",
        loss: Any = None,
        metrics: Any = None,
        epochs: int = 50,
        batch_size: int = 32,
        validation_split: float = 0.0,
        patience: int | None = None,
        shuffle: bool = True,
        run_eagerly: bool = False,
        warm_start: bool = False,
        class_weight: ClassWeight = None,
        callbacks: list[Any] | None = None,
        verbose: int | str = 0,
        random_state: Any = None,
        **routed: Any,
    ) -> None:
        super().__init__(
            model,
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            epochs=epochs,
            batch_size=batch_size,
            validation_split=validation_split,
            patience=patience,
            shuffle=shuffle,
            run_eagerly=run_eagerly,
            warm_start=warm_start,
            callbacks=callbacks,
            verbose=verbose,
            random_state=random_state,
            **routed,
        )
        self.class_weight = class_weight
