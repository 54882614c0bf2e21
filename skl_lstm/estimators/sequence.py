"""`SequenceRegressor` and `SequenceClassifier`: estimators that train any Keras network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import keras

from .._core.public import set_module
from ..networks.models import copy_model
from .base import NetworkEstimator
from .building import as_build_function, optimizer_params
from .data import MaskValue
from .description import Description
from .keras_network import KerasNetwork
from .kinds import CLASS_WEIGHT, Classifier, ClassWeight, Regressor
from .routing import RoutedParameters


class _SequenceEstimator(RoutedParameters, NetworkEstimator):
    """Base class of `SequenceRegressor` and `SequenceClassifier`."""

    _parameter_constraints = NetworkEstimator._parameter_constraints | {
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
        validation_gap: int = 0,
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
        self.validation_gap = validation_gap
        self.patience = patience
        self.shuffle = shuffle
        self.run_eagerly = run_eagerly
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state
        self.__dict__.update(routed)

    def _new_network(self, description: Description, seed: int) -> KerasNetwork:
        params = self._builder_params()
        return KerasNetwork.build(description.meta, description.target, seed, params)

    def _network_to_resume(self, seed: int) -> KerasNetwork:
        description, params = self._description, self._builder_params()
        return self._network.resumed(description.meta, description.target, seed, params)

    def _builder_params(self) -> dict[str, Any]:
        return {
            "model": as_build_function(self.model),
            **optimizer_params(self.optimizer),
            "loss": self.loss,
            "metrics": self.metrics,
            "callbacks": self.callbacks,
            "run_eagerly": self.run_eagerly,
            **self._routed_params(),
        }

    def _network_mask_value(self) -> MaskValue:
        return self._extra_params().get("model__mask_value", "unknown")

    def _shuffles_rows(self) -> bool:
        return self.shuffle

    def _fit_resumes_training(self) -> bool:
        return self.warm_start

    def __sklearn_clone__(self) -> Self:
        if not isinstance(self.model, keras.Model):
            return super().__sklearn_clone__()
        # copy.deepcopy saves and loads the model, for which Keras must find its class by name.
        without_model = object.__new__(type(self))
        without_model.__dict__.update(vars(self), model=None)
        cloned = super(_SequenceEstimator, without_model).__sklearn_clone__()
        cloned.model = copy_model(self.model)
        return cloned

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if self._is_trained():
            self.model_.run_eagerly = self.run_eagerly


@set_module("skl_lstm")
class SequenceRegressor(Regressor, _SequenceEstimator):
    """Regressor that trains your own Keras network.

    The parameters are passed as to the wrappers of scikeras. In addition, X of any real dtype is
    cast to the float type of Keras, the names of the columns are checked, `predict` accepts
    sequences of other lengths than those of `fit`, and an int `random_state` gives the same model
    in every fit.

    Parameters
    ----------
    model : callable or keras.Model
        Function, method or callable object that builds the network. Each `fit` calls it, and it
        returns a ``keras.Model``, compiled or not. The keyword arguments `meta` (a dict that
        describes the data: ``X_shape_``, ``n_features_in_``, ``n_outputs_``),
        ``compile_kwargs`` and ``params`` are passed if they are in its signature, or if the
        signature has ``**kwargs``. The parameters ``model__name`` of the estimator set all other
        arguments. If `model` is a ``keras.Model``, each `fit` trains a copy of it, including its
        weights. A ``keras.Sequential`` without an Input layer, or an object of your own subclass
        of ``keras.Model``, gets the shape of its input from X. To pickle the estimator, define
        the function or the class at the top level of a module: a lambda, or a function inside a
        function, cannot be pickled.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Used if the network is not compiled.
    loss : str, class, function or keras.losses.Loss, default=None
        Used if the network is not compiled. None: "mean_squared_error".
    metrics : list, default=None
        Used if the network is not compiled.
    epochs : int, default=50
        Number of passes over the training rows.
    batch_size : int, default=32
        Number of rows per gradient step, and per step of a prediction.
    validation_split : float, default=0.0
        Fraction of the rows held out for validation, in [0, 1). They are the last rows, before
        shuffling. If X carries the times of its rows, as that of a `SequenceWindower` for a
        DataFrame, they are the rows with the latest times of all series, in any order.
    validation_gap : int, default=0
        Number of time steps before the rows for validation that are left out, or number of rows if
        X carries no times. For targets of `leads`, set it to ``horizon - 1 + gap``. Otherwise the
        last targets of the training rows contain values that also validate. `fit` warns if the
        names of y show this.
    patience : int, default=None
        Number of epochs without a lower loss after which training stops and the best weights
        are restored. The loss is that of the validation rows if there is a `validation_split`,
        else that of the training rows. None: train for all `epochs`.
    shuffle : bool, default=True
        Shuffle the training rows before every epoch.
    run_eagerly : bool, default=False
        Run Keras without a compiled graph. This is slower, but allows debugging step by step.
    warm_start : bool, default=False
        Continue in `fit` from the weights of the previous `fit`, for `epochs` more epochs.
    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of Keras. The parameters ``callbacks__name`` are arguments for callbacks given
        as classes.
    verbose : {"auto", 0, 1, 2}, default=0
        Progress messages of Keras in `fit`. 0 prints none.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the order of the rows. Pass an int to get
        the same result in every call.
    **routed : dict
        Parameters for Keras, routed by prefix: ``model__units=64`` is passed to `model` and
        ``optimizer__learning_rate=0.01`` to the optimizer. ``loss__…``, ``metrics__…`` and
        ``callbacks__…`` are routed in the same way. ``fit__…`` and ``predict__…`` are passed to
        these methods of Keras. Routed parameters can be tuned like any other parameter.

    Attributes
    ----------
    model_ : keras.Model
        The trained and compiled network. It is a plain Keras model, and it is not shared with
        other estimators.
    history_ : dict of str to list of float
        Loss and metrics of each epoch.
    n_iter_ : int
        Number of epochs trained.
    n_features_in_ : int
        Number of features of each time step. For 2D X: number of columns, each of which is a
        time step.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a DataFrame with column names.

    See Also
    --------
    LSTMRegressor : The same estimator for the network of this package.

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
    >>> regressor.predict(X[:, :3]).shape  # shorter sequences than in fit
    (20,)
    """


@set_module("skl_lstm")
class SequenceClassifier(Classifier, _SequenceEstimator):
    """Classifier that trains your own Keras network.

    The parameters are passed as to the wrappers of scikeras. In addition, X of any real dtype is
    cast to the float type of Keras, the names of the columns are checked, `predict` accepts
    sequences of other lengths than those of `fit`, and an int `random_state` gives the same model
    in every fit.

    Parameters
    ----------
    model : callable or keras.Model
        Function, method or callable object that builds the network. Each `fit` calls it, and it
        returns a ``keras.Model``, compiled or not. The keyword arguments `meta` (a dict that
        describes the data: ``X_shape_``, ``n_features_in_``, ``n_classes_``, ``target_type_``),
        ``compile_kwargs`` and ``params`` are passed if they are in its signature, or if the
        signature has ``**kwargs``. The parameters ``model__name`` of the estimator set all other
        arguments. If `model` is a ``keras.Model``, each `fit` trains a copy of it, including its
        weights. A ``keras.Sequential`` without an Input layer, or an object of your own subclass
        of ``keras.Model``, gets the shape of its input from X. To pickle the estimator, define
        the function or the class at the top level of a module: a lambda, or a function inside a
        function, cannot be pickled.
    optimizer : str, class or keras.optimizers.Optimizer, default="adam"
        Used if the network is not compiled.
    loss : str, class, function or keras.losses.Loss, default=None
        Used if the network is not compiled. None: "binary_crossentropy" for one
        output or multilabel targets, else "sparse_categorical_crossentropy".
    metrics : list, default=None
        Used if the network is not compiled.
    epochs : int, default=50
        Number of passes over the training rows.
    batch_size : int, default=32
        Number of rows per gradient step, and per step of a prediction.
    validation_split : float, default=0.0
        Fraction of the rows held out for validation, in [0, 1). They are the last rows, before
        shuffling. If X carries the times of its rows, as that of a `SequenceWindower` for a
        DataFrame, they are the rows with the latest times of all series, in any order.
    validation_gap : int, default=0
        Number of time steps before the rows for validation that are left out, or number of rows if
        X carries no times. For targets of `leads`, set it to ``horizon - 1 + gap``. Otherwise the
        last targets of the training rows contain values that also validate. `fit` warns if the
        names of y show this.
    patience : int, default=None
        Number of epochs without a lower loss after which training stops and the best weights
        are restored. The loss is that of the validation rows if there is a `validation_split`,
        else that of the training rows. None: train for all `epochs`.
    shuffle : bool, default=True
        Shuffle the training rows before every epoch.
    run_eagerly : bool, default=False
        Run Keras without a compiled graph. This is slower, but allows debugging step by step.
    warm_start : bool, default=False
        Continue in `fit` from the weights of the previous `fit`, for `epochs` more epochs.
    class_weight : dict or "balanced", default=None
        Weights of the classes, ``{label: weight}``. "balanced": inversely proportional to the
        class frequencies. The weights are multiplied with `sample_weight`.
    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of Keras. The parameters ``callbacks__name`` are arguments for callbacks given
        as classes.
    verbose : {"auto", 0, 1, 2}, default=0
        Progress messages of Keras in `fit`. 0 prints none.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the order of the rows. Pass an int to get
        the same result in every call.
    **routed : dict
        Parameters for Keras, routed by prefix: ``model__units=64`` is passed to `model` and
        ``optimizer__learning_rate=0.01`` to the optimizer. ``loss__…``, ``metrics__…`` and
        ``callbacks__…`` are routed in the same way. ``fit__…`` and ``predict__…`` are passed to
        these methods of Keras. Routed parameters can be tuned like any other parameter.

    Attributes
    ----------
    model_ : keras.Model
        The trained and compiled network. It is a plain Keras model, and it is not shared with
        other estimators.
    history_ : dict of str to list of float
        Loss and metrics of each epoch.
    n_iter_ : int
        Number of epochs trained.
    n_features_in_ : int
        Number of features of each time step. For 2D X: number of columns, each of which is a
        time step.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a DataFrame with column names.
    classes_ : ndarray of shape (n_classes,)
        Sorted labels seen in `fit`, or passed in the first call of `partial_fit`.

    See Also
    --------
    LSTMClassifier : The same estimator for the network of this package.

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
        validation_gap: int = 0,
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
            validation_gap=validation_gap,
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
