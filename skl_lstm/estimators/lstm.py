"""`LSTMRegressor` and `LSTMClassifier`: estimators that train `lstm_network`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._compat.sklearn import StrOptions
from .._core.parameters import InstanceOfKeras, Number
from .._core.public import set_module
from ..networks.architecture import Architecture, architecture_of
from .base import DescribeTarget, NetworkEstimator
from .data import MaskValue, TrainingData
from .description import Description
from .kinds import CLASS_WEIGHT, Classifier, ClassWeight, Regressor
from .scaling import MASK_VALUE, loss_name
from .targets import NumericTarget, read_quantiles

if TYPE_CHECKING:
    import keras

    from .keras_network import KerasNetwork
    from .native_network import NativeNetwork

# All parameters except `meta`, which describes the data, and `return_sequences`, which follows from
# the class of the estimator.
NETWORK_PARAMETERS = [
    name
    for name in inspect.signature(architecture_of).parameters
    if name not in ("meta", "return_sequences")
]


_NO_POISSON = (
    "loss='poisson' needs predictions above zero, but the output of LSTMRegressor is linear. Use "
    "SequenceRegressor with a network that ends in keras.layers.Dense(1, 'exponential'), or learn "
    "the logarithm: TransformedTargetRegressor(LSTMRegressor(), func=np.log1p, "
    "inverse_func=np.expm1)."
)
_NO_QUANTILES = (
    "return_quantiles=True needs quantiles, but this LSTMRegressor was fitted without them. Set "
    "them and fit it again, for example LSTMRegressor(quantiles=(0.1, 0.5, 0.9))."
)


class LSTMEstimator(NetworkEstimator):
    """Base class of the estimators that train `lstm_network`."""

    # architecture_of validates the parameters of the network.
    _parameter_constraints = NetworkEstimator._parameter_constraints | {
        "learning_rate": [Number(Real, 0, None, closed="neither")],
        "warm_start": ["boolean"],
        "engine": [StrOptions({"auto", "native", "keras"})],
        "scaling": [StrOptions({"standard"}), None],
    }
    _network_parameters: ClassVar[list[str]] = NETWORK_PARAMETERS

    def _describe(self, data: TrainingData, describe_target: DescribeTarget) -> Description:
        description = super()._describe(data, describe_target)
        if isinstance(description.target, NumericTarget) and loss_name(self.loss) == "poisson":
            raise ValueError(_NO_POISSON)
        architecture = architecture_of(description.meta, **self._network_params())
        architecture = architecture._replace(quantiles=description.target.quantiles)
        return description._replace(architecture=architecture)

    def _new_network(self, description: Description, seed: int) -> KerasNetwork | NativeNetwork:
        if self._trains_natively(description):
            return self._native_network(description, seed)
        return self._keras_network(description, seed)

    def _network_to_resume(self, seed: int) -> KerasNetwork | NativeNetwork:
        """Return the fitted network, or its weights in a network of the other engine."""
        description, network = self._description, self._network
        is_native = hasattr(network, "architecture")
        if (is_native or self.engine == "native") and self._trains_natively(description):
            if is_native:
                return network.copy()
            return self._native_network(description, seed, weights=network.weights)
        if is_native:
            return self._keras_network(description, seed, weights=network.weights)
        return network.resumed(
            description.meta,
            description.target,
            seed,
            self._builder_params(description),
            per_step=description.architecture.return_sequences,
        )

    def _trains_natively(self, description: Description) -> bool:
        """Return whether the network is trained without Keras. Raise if it must be and cannot."""
        if self.engine == "keras":
            return False
        from .native_network import obstacles

        found = obstacles(
            _trained(description),
            optimizer=self.optimizer,
            loss=self._loss(description),
            callbacks=self.callbacks,
        )
        if found and self.engine == "native":
            raise ValueError(
                f"engine='native' cannot train this {type(self).__name__}: {'; '.join(found)}. "
                "Change these parameters, or use engine='auto', which trains with Keras here."
            )
        return not found

    def _native_network(
        self, description: Description, seed: int, weights: Any = None
    ) -> NativeNetwork:
        from .native_network import NativeNetwork

        return NativeNetwork.draw(
            _trained(description),
            seed,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            loss=self._loss(description),
            weights=weights,
        )

    def _keras_network(
        self, description: Description, seed: int, weights: Any = None
    ) -> KerasNetwork:
        from .keras_network import KerasNetwork

        return KerasNetwork.build(
            description.meta,
            description.target,
            seed,
            self._builder_params(description),
            weights,
            per_step=description.architecture.return_sequences,
        )

    def _keras_model(self) -> keras.Model:
        return self._network.model_in_units(
            self._description.architecture, self._description.scaling
        )

    def _loss(self, description: Description) -> Any:
        if self.loss is not None and not description.architecture.quantiles:
            return self.loss
        return description.target.default_loss(description.architecture.outputs)

    def _loss_for_keras(self, description: Description) -> Any:
        """Return the loss of quantiles, the `loss` of the user, or None."""
        if not description.architecture.quantiles:
            return self.loss
        from ..networks.pinball import PinballLoss

        return PinballLoss(description.architecture.quantiles)

    def _standardizes(self) -> bool:
        return self.scaling == "standard"

    def _network_params(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._network_parameters}

    def _builder_params(self, description: Description) -> dict[str, Any]:
        """Return the parameters of a `ModelBuilder`."""
        from ..networks.lstm import lstm_network
        from .building import optimizer_from_config, optimizer_params

        optimizer = self.optimizer
        if isinstance(optimizer, dict):
            optimizer = optimizer_from_config(optimizer, self.learning_rate)
        network = {**self._network_params(), "mask_value": _trained(description).mask_value}
        params = {
            "model": lstm_network,
            **optimizer_params(optimizer),
            "loss": self._loss_for_keras(description),
            "callbacks": self.callbacks,
            **{f"model__{name}": value for name, value in network.items()},
        }
        if not InstanceOfKeras("optimizers.Optimizer").is_satisfied_by(optimizer):
            params["optimizer__learning_rate"] = self.learning_rate
        return params

    def _fit_resumes_training(self) -> bool:
        return self.warm_start

    def _network_mask_value(self) -> MaskValue:
        return self.mask_value


def _trained(description: Description) -> Architecture:
    """Return the architecture that is trained. Scaled features have a mask value of their own.

    So have sequences with a target for every step, which are padded by the estimator.
    """
    architecture = description.architecture
    pads = architecture.return_sequences
    if not pads and (description.scaling is None or architecture.mask_value is None):
        return architecture
    return architecture._replace(mask_value=MASK_VALUE)


@set_module("skl_lstm")
class LSTMRegressor(Regressor, LSTMEstimator):
    """LSTM regressor.

    The network is that of `lstm_network`. The sizes of its input and output follow from X and y.
    Each setting of the network is a parameter of the estimator, so the parameter grid of a
    Pipeline can contain ``lstmregressor__units``.

    Parameters
    ----------
    units : int or tuple of int, default=32
        Size of the recurrent layer. A tuple stacks one layer per entry.
    cell : {"lstm", "gru", "simple_rnn"}, default="lstm"
        Type of the recurrent layers.
    bidirectional : bool, default=False
        Read every sequence in both directions and concatenate the outputs.
    dropout : float, default=0.0
        Fraction of the inputs of each recurrent layer to drop in training, in [0, 1).
    recurrent_dropout : float, default=0.0
        Fraction of the recurrent state to drop in training, in [0, 1).
    conv_filters : int or tuple of int, default=None
        Number of filters of a ``Conv1D`` layer. A tuple stacks one layer per entry, and None adds
        no layer.
    kernel_size : int or tuple of int, default=3
        Number of time steps that each filter covers. A tuple has one entry per convolution.
    conv_padding : {"causal", "same"}, default="causal"
        "causal": a filter covers a time step and those before it. "same": it is centred on the
        step.
    conv_position : {"before", "beside"}, default="before"
        "before": the recurrent layers read the output of the convolutions. "beside": both read
        the input, and the output of the convolutions, averaged over the time steps that are not
        skipped, is appended to that of the recurrent layers. With `batch_normalization` and
        ``conv_padding="same"``, this is an LSTM-FCN. "beside" needs Keras.
    batch_normalization : bool, default=False
        Normalize the output of each convolution before its ReLU, with the mean and variance of
        the time steps that are not skipped: in training those of the batch, in prediction moving
        averages over the batches. Needs Keras.
    mask_value : float, default=None
        Skip the time steps in which every feature has this value. For padded sequences, use the
        `mask_value` of the `SequencePadder`. None: skip no time steps.
    scaling : {"standard"} or None, default="standard"
        "standard": train the network on features and targets with mean 0 and standard deviation
        1. Predictions are in the units of y. The means and standard deviations are those of the
        training rows of `fit`, per feature and per output, without rows of weight zero and
        without skipped time steps. `partial_fit` and `warm_start` keep those of the first call.
        The standard deviation of a constant is replaced by 1. None: train on X and y as they are.
    optimizer : str, dict, class or keras.optimizers.Optimizer, default="adam"
        Optimizer of Keras. Without Keras: "adam", "adamw", "nadam", "rmsprop" or "sgd". A dict is
        a configuration: ``{"class_name": "sgd", "config": {"momentum": 0.9}}``. An instance keeps
        its own learning rate, and so does a configuration that contains one.
    learning_rate : float, default=1e-3
        Learning rate of an optimizer given by name or class, or by a configuration without one.
    loss : str, function or keras.losses.Loss, default=None
        Loss to minimize. None: "mean_squared_error". Without Keras: "mean_squared_error",
        "mean_absolute_error", "huber" or "log_cosh", or a short name such as "mae". With
        `scaling`, the loss is that of the scaled target, so the ``delta`` of a Huber loss is in
        standard deviations. For losses of relative errors ("mape", "cosine_similarity"), the
        target is only divided by its root mean square; for losses that need the units of y
        ("msle", "kl_divergence", "binary_crossentropy", hinge losses), it is not scaled. A loss of
        your own gets the scaled target. "poisson" is refused, because the output can be negative.
    quantiles : array-like of float of shape (n_quantiles,), default=None
        Quantiles to predict, increasing, each above 0 and below 1. One network predicts all of
        them, with the pinball loss of the scaled target, so `loss` has to be None. See
        `return_quantiles` in `predict`. None: predict one value for each target.
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
    warm_start : bool, default=False
        Continue in `fit` from the weights of the previous `fit`, for `epochs` more epochs. As in
        `partial_fit`, the network, the loss, the quantiles, the optimizer and its learning rate
        stay those of the first fit, and changes of these parameters have no effect.
    engine : {"auto", "native", "keras"}, default="auto"
        What trains the network. "native": compiled functions of this package, which are faster for
        small networks and need neither Keras nor TensorFlow. "keras": Keras. "auto": "native" if
        the parameters allow it, else "keras". Objects of Keras (callbacks, losses, optimizers),
        other names of losses and optimizers than the listed ones, another float type than
        float32, ``conv_position="beside"`` and `batch_normalization` need Keras. If the engine
        changes between two calls of `partial_fit`, the weights are kept, and the optimizer is a
        new one.
    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of Keras. With `scaling`, their model is the one that takes scaled values. With
        `quantiles`, it returns them unsorted.
    verbose : {"auto", 0, 1, 2}, default=0
        Progress messages in `fit`. 0 prints none.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the order of the rows. Pass an int to get
        the same result in every call.

    Attributes
    ----------
    model_ : keras.Model
        The trained and compiled network, a plain Keras model that is not shared with other
        estimators. It takes X and returns predictions in the units of y. With `scaling` or
        `quantiles`, or if the network was trained without Keras, this model is built when the
        attribute is first read. It then has copies of the weights, so changes of the model do not
        change the predictions of the estimator. It scales X in single precision, `predict` in
        double precision, which makes a difference for features such as time stamps. With
        `quantiles`, it returns them sorted, in the shape (n_samples, n_outputs * n_quantiles): all
        quantiles of the first output, then those of the second one. A saved model of quantiles
        names their loss, which Keras finds after ``import skl_lstm.networks.pinball``, or does not
        need with ``keras.saving.load_model(path, compile=False)``.
    history_ : dict of str to list of float
        Loss and metrics of each epoch. With `scaling`, they are those of the scaled target.
    n_iter_ : int
        Number of epochs trained.
    n_features_in_ : int
        Number of features of each time step. For 2D X: number of columns, each of which is a
        time step.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a DataFrame with column names.
    quantiles_ : ndarray of float64 of shape (n_quantiles,)
        Levels of the predicted quantiles. Only if the estimator was fitted with `quantiles`.

    See Also
    --------
    SequenceRegressor : The same estimator for your own network.
    SequenceReshaper : Reshape flattened sequences to three axes.

    Notes
    -----
    The share of the targets below a quantile approaches its level only for data like those of
    `fit`, and only if the network is not overfitted. Compare both on rows that were held out.

    The outputs of the network for one target can be in a wrong order, so they are sorted. Sorted
    quantiles never cross, and are at least as close to the true ones [1]_.

    References
    ----------
    .. [1] V. Chernozhukov, I. Fernández-Val and A. Galichon, "Quantile and probability curves
       without crossing", Econometrica 78(3), 1093-1125, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from skl_lstm import LSTMRegressor
    >>> X = np.random.default_rng(0).normal(size=(64, 6, 2))
    >>> y = X[:, -1].sum(axis=1)  # the last step of both features
    >>> regressor = LSTMRegressor(8, learning_rate=0.05, epochs=20, random_state=0).fit(X, y)
    >>> bool(regressor.score(X, y) > 0.9)
    True

    With `quantiles`, the predictions come with a range:

    >>> regressor.set_params(quantiles=(0.05, 0.5, 0.95)).fit(X, y).quantiles_
    array([0.05, 0.5 , 0.95])
    >>> forecast, quantiles = regressor.predict(X, return_quantiles=True)
    >>> forecast.shape, quantiles.shape
    ((64,), (64, 3))
    >>> bool((quantiles[:, 0] <= forecast).all() and (forecast <= quantiles[:, 2]).all())
    True
    """

    def __init__(
        self,
        units: int | tuple[int, ...] = 32,
        *,
        cell: str = "lstm",
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        conv_filters: int | tuple[int, ...] | None = None,
        kernel_size: int | tuple[int, ...] = 3,
        conv_padding: str = "causal",
        conv_position: str = "before",
        batch_normalization: bool = False,
        mask_value: float | None = None,
        scaling: str | None = "standard",
        optimizer: Any = "adam",
        learning_rate: float = 1e-3,
        loss: Any = None,
        quantiles: Sequence[float] | NDArray | None = None,
        epochs: int = 50,
        batch_size: int = 32,
        validation_split: float = 0.0,
        validation_gap: int = 0,
        patience: int | None = None,
        warm_start: bool = False,
        engine: str = "auto",
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
        self.conv_padding = conv_padding
        self.conv_position = conv_position
        self.batch_normalization = batch_normalization
        self.mask_value = mask_value
        self.scaling = scaling
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.validation_gap = validation_gap
        self.patience = patience
        self.warm_start = warm_start
        self.engine = engine
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state
        self.quantiles = quantiles

    def predict(self, X: ArrayLike, return_quantiles: bool = False) -> Any:
        """Predict the target, and its quantiles if the estimator was fitted with them.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences with the features of `fit`. They can have any length.
        return_quantiles : bool, default=False
            Also return the quantiles. A Pipeline passes this argument on. A search and
            `TransformedTargetRegressor` do not, but `backtest` and `ConformalRegressor` read the
            quantiles in them.

        Returns
        -------
        forecast : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, in the shape of the y of `fit`. The dtype is that of y if y was of a
            float type, else float64. With `quantiles`, the prediction is the quantile 0.5.
            Without this one it is the mean of the nearest quantiles below and above 0.5, or the
            nearest quantile if all are on one side.
        quantiles : ndarray of shape (n_samples, n_quantiles) or \
                (n_samples, n_outputs, n_quantiles)
            Quantiles in the order of `quantiles_`, increasing. Only if `return_quantiles` is True.
        """
        if not return_quantiles:
            return super().predict(X)
        check_is_fitted(self, "_network")
        target: Any = self._description.target
        if not target.quantiles:
            raise ValueError(_NO_QUANTILES)
        output = self._predict_output(X)
        return target.decode(output), target.decode_quantiles(output)

    def _describe(self, data: TrainingData, describe_target: DescribeTarget) -> Description:
        levels = read_quantiles(self.quantiles, self.loss)
        return super()._describe(data, partial(NumericTarget.describe, quantiles=levels))

    def _set_fitted_attributes(
        self,
        data: TrainingData,
        description: Description,
        network: KerasNetwork | NativeNetwork,
        history: dict[str, list[float]],
        resume: bool,
    ) -> None:
        super()._set_fitted_attributes(data, description, network, history, resume)
        self.__dict__.pop("quantiles_", None)  # that of an earlier fit
        if description.target.quantiles:
            self.quantiles_ = np.array(description.target.quantiles)


@set_module("skl_lstm")
class LSTMClassifier(Classifier, LSTMEstimator):
    """LSTM classifier.

    The network is that of `lstm_network`. The sizes of its input and output follow from X and y.
    Each setting of the network is a parameter of the estimator, so the parameter grid of a
    Pipeline can contain ``lstmclassifier__units``.

    Parameters
    ----------
    units : int or tuple of int, default=32
        Size of the recurrent layer. A tuple stacks one layer per entry.
    cell : {"lstm", "gru", "simple_rnn"}, default="lstm"
        Type of the recurrent layers.
    bidirectional : bool, default=False
        Read every sequence in both directions and concatenate the outputs.
    dropout : float, default=0.0
        Fraction of the inputs of each recurrent layer to drop in training, in [0, 1).
    recurrent_dropout : float, default=0.0
        Fraction of the recurrent state to drop in training, in [0, 1).
    conv_filters : int or tuple of int, default=None
        Number of filters of a ``Conv1D`` layer. A tuple stacks one layer per entry, and None adds
        no layer.
    kernel_size : int or tuple of int, default=3
        Number of time steps that each filter covers. A tuple has one entry per convolution.
    conv_padding : {"causal", "same"}, default="causal"
        "causal": a filter covers a time step and those before it. "same": it is centred on the
        step.
    conv_position : {"before", "beside"}, default="before"
        "before": the recurrent layers read the output of the convolutions. "beside": both read
        the input, and the output of the convolutions, averaged over the time steps that are not
        skipped, is appended to that of the recurrent layers. With `batch_normalization` and
        ``conv_padding="same"``, this is an LSTM-FCN. "beside" needs Keras.
    batch_normalization : bool, default=False
        Normalize the output of each convolution before its ReLU, with the mean and variance of
        the time steps that are not skipped: in training those of the batch, in prediction moving
        averages over the batches. Needs Keras.
    mask_value : float, default=None
        Skip the time steps in which every feature has this value. For padded sequences, use the
        `mask_value` of the `SequencePadder`. None: skip no time steps.
    scaling : {"standard"} or None, default="standard"
        "standard": train the network on features with mean 0 and standard deviation 1. The means
        and standard deviations are those of the training rows of `fit`, per feature, without rows
        of weight zero and without skipped time steps. `partial_fit` and `warm_start` keep those
        of the first call. The standard deviation of a constant is replaced by 1. None: train on X
        as it is.
    optimizer : str, dict, class or keras.optimizers.Optimizer, default="adam"
        Optimizer of Keras. Without Keras: "adam", "adamw", "nadam", "rmsprop" or "sgd". A dict is
        a configuration: ``{"class_name": "sgd", "config": {"momentum": 0.9}}``. An instance keeps
        its own learning rate, and so does a configuration that contains one.
    learning_rate : float, default=1e-3
        Learning rate of an optimizer given by name or class, or by a configuration without one.
    loss : str, function or keras.losses.Loss, default=None
        Loss to minimize. None: "binary_crossentropy" for one output or multilabel
        targets, else "sparse_categorical_crossentropy". Without Keras: these,
        "categorical_crossentropy" for more than two classes, and for one output or multilabel
        targets the losses of `LSTMRegressor`.
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
    warm_start : bool, default=False
        Continue in `fit` from the weights of the previous `fit`, for `epochs` more epochs. As in
        `partial_fit`, the network, the loss, the optimizer and its learning rate stay those of the
        first fit, and changes of these parameters have no effect.
    engine : {"auto", "native", "keras"}, default="auto"
        What trains the network. "native": compiled functions of this package, which are faster for
        small networks and need neither Keras nor TensorFlow. "keras": Keras. "auto": "native" if
        the parameters allow it, else "keras". Objects of Keras (callbacks, losses, optimizers),
        other names of losses and optimizers than the listed ones, another float type than
        float32, ``conv_position="beside"`` and `batch_normalization` need Keras. If the engine
        changes between two calls of `partial_fit`, the weights are kept, and the optimizer is a
        new one.
    class_weight : dict or "balanced", default=None
        Weights of the classes, ``{label: weight}``. "balanced": inversely proportional to the
        class frequencies. The weights are multiplied with `sample_weight`.
    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of Keras. With `scaling`, their model is the one that takes scaled values.
    verbose : {"auto", 0, 1, 2}, default=0
        Progress messages in `fit`. 0 prints none.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the order of the rows. Pass an int to get
        the same result in every call.

    Attributes
    ----------
    model_ : keras.Model
        The trained and compiled network, a plain Keras model that is not shared with other
        estimators. It takes X and returns probabilities. With `scaling`, or if the network was
        trained without Keras, this model is built when the attribute is first read. It then has
        copies of the weights, so changes of the model do not change the predictions of the
        estimator. It scales X in single precision, `predict` in double precision, which makes a
        difference for features such as time stamps.
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
    SequenceClassifier : The same estimator for your own network.
    SequenceReshaper : Reshape flattened sequences to three axes.

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

    _parameter_constraints = LSTMEstimator._parameter_constraints | CLASS_WEIGHT

    def __init__(
        self,
        units: int | tuple[int, ...] = 32,
        *,
        cell: str = "lstm",
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        conv_filters: int | tuple[int, ...] | None = None,
        kernel_size: int | tuple[int, ...] = 3,
        conv_padding: str = "causal",
        conv_position: str = "before",
        batch_normalization: bool = False,
        mask_value: float | None = None,
        scaling: str | None = "standard",
        optimizer: Any = "adam",
        learning_rate: float = 1e-3,
        loss: Any = None,
        epochs: int = 50,
        batch_size: int = 32,
        validation_split: float = 0.0,
        validation_gap: int = 0,
        patience: int | None = None,
        warm_start: bool = False,
        engine: str = "auto",
        class_weight: ClassWeight = None,
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
        self.conv_padding = conv_padding
        self.conv_position = conv_position
        self.batch_normalization = batch_normalization
        self.mask_value = mask_value
        self.scaling = scaling
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.validation_gap = validation_gap
        self.patience = patience
        self.warm_start = warm_start
        self.engine = engine
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state
        self.class_weight = class_weight
