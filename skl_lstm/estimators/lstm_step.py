"""`LSTMStepRegressor` and `LSTMStepClassifier`: a target for every time step of a sequence."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_is_fitted

from .._compat.sklearn import fit_context, get_feature_names
from .._core.diagrams import shape_of
from .._core.public import set_module
from .._core.timed_windows import times_of_windows
from .._core.user_warnings import warn_user
from ..networks.architecture import Scaling
from ..training.rows import Split
from .base import DescribeTarget
from .data import TrainingData, multiply_weights
from .description import Description
from .kinds import CLASS_WEIGHT, ClassWeight
from .lstm import NETWORK_PARAMETERS, LSTMEstimator
from .scaling import MASK_VALUE, learn_scaling, learn_target, loss_name, scale_features
from .step_input import StepInput, describe_truncation, read_step_input
from .step_targets import (
    drop_weightless_steps,
    in_form_of_y,
    read_step_targets,
    split_of_steps,
    targets_in_places,
    weights_in_places,
)
from .targets import (
    ClassTarget,
    NumericTarget,
    check_same_classes,
    class_weights,
    has_several_classes,
)

if TYPE_CHECKING:
    from sklearn.utils import Tags

_NO_POISSON = (
    "loss='poisson' needs predictions above zero, but the output of LSTMStepRegressor is linear. "
    "Learn the logarithm: fit on np.log1p of y, and take np.expm1 of the predictions."
)

_ONE_COLUMN = (
    "X has shape ({0}, {1}), which is {0} sequences of one step. If X is one sequence of {0} "
    "steps, pass [X]. If it is {0} sequences, pass X[:, :, np.newaxis]."
)
_FITTED_ON_2D = (
    "X has sequences with an axis of features, or is a list, but {0} was fitted on a 2D array with "
    "{1} time steps of one feature. To predict sequences of any length, fit it on list(X)."
)
_ONE_PER_COLUMN = (
    "y has {1} columns of labels. Fit one {0} for each column, or, if they are columns of 0 and 1 "
    "for several labels of a step, convert them to integers."
)
_NO_SUM = (
    "loss has reduction='sum', which adds the losses of all steps of a batch, so the learning rate "
    "would depend on the length of the sequences. Use the default, reduction='sum_over_batch_size'."
)


class LSTMStepEstimator(LSTMEstimator):
    """Base class of `LSTMStepRegressor` and `LSTMStepClassifier`.

    The sample axis of `TrainingData.y` and of its weights is that of the labelled steps, so a
    target of one value per sample describes, encodes and decodes them. Only the network sees the
    axis of time.
    """

    _predicts_every_step = True  # read by `predicts_every_step`
    _as_one_sequence = "[X]"
    _network_parameters: ClassVar[list[str]] = [
        name for name in NETWORK_PARAMETERS if name not in ("conv_position", "batch_normalization")
    ]

    @fit_context(prefer_skip_nested_validation=False)  # lstm_network validates its own parameters
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Build a network for X and y, and train it.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences of any length: arrays, lists or DataFrames. Also an array of shape
            (n_samples, timesteps, n_features), padded or not, or of shape (n_samples, timesteps),
            with which all sequences, also in `predict`, have this number of timesteps.
        y : list of array-like of shape (timesteps_i,) or (timesteps_i, n_outputs)
            Targets of every time step. Also an array of shape (n_samples, timesteps) or
            (n_samples, timesteps, n_outputs), in which the targets of padded steps are not used.
            Steps whose target is NaN or None train nothing; of several outputs, if any is missing.
            If X was padded by a `SequencePadder`, y is that of the sequences before it. The order
            of the steps is that of the rows in X and y; their indexes are not read.
        sample_weight : array-like of shape (n_samples,), or list of array-like of shape \
                (timesteps_i,), default=None
            Weights of the sequences, or of their steps in the form of y. Steps with weight zero
            are left out.

        Returns
        -------
        estimator
            The fitted estimator.

        Raises
        ------
        TypeError, ValueError
            If X or y is not of this form, if a sequence of y has another length than that of X,
            or if no step has a target.
        """
        return self._fit(
            X,
            y,
            sample_weight,
            epochs=self.epochs,
            resume=self._fit_resumes_training() and self._is_trained(),
            describe_target=self._target_kind.describe,
        )

    def _read(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, resume: bool
    ) -> TrainingData:
        if resume:
            steps = self._read_known_steps(X)
        else:
            steps = read_step_input(X, self.mask_value, self, cast=not self._standardizes())
        targets = read_step_targets(y, sample_weight, steps, self._target_kind, self)
        return TrainingData(
            steps.values,
            targets.y,
            targets.weight,
            table=steps.table,
            feature_names=get_feature_names(steps.table),
            target_names=None,
            times=times_of_windows(X),
            labelled=targets.labelled,
            form_of_y=targets.form,
            mask_value=steps.mask_value,
        )

    def _read_known_steps(self, X: ArrayLike) -> StepInput:
        """Read an X that must have the features of `fit`."""
        description = self._description
        steps = read_step_input(X, description.mask_value, self, cast=description.scaling is None)
        ndim, fitted_ndim = steps.values.ndim, len(description.X_shape)
        if ndim == 2 and fitted_ndim == 3 and self.n_features_in_ == 1:
            values = steps.values[:, :, np.newaxis]  # fitted on a list of sequences of numbers
            steps = steps._replace(values=values, table=values[0])
        if ndim == 3 and fitted_ndim == 2:
            raise ValueError(_FITTED_ON_2D.format(type(self).__name__, self.n_features_in_))
        if ndim == 2 and fitted_ndim == 3 and steps.real.shape[1] == 1:
            raise ValueError(_ONE_COLUMN.format(*steps.real.shape))
        self._check_features(steps.table, steps.values)
        return steps

    def _describe(self, data: TrainingData, describe_target: DescribeTarget) -> Description:
        if self._target_kind is NumericTarget and loss_name(self.loss) == "poisson":
            raise ValueError(_NO_POISSON)
        if getattr(self.loss, "reduction", None) == "sum":
            raise ValueError(_NO_SUM)
        if self._target_kind is ClassTarget and has_several_classes(data.y):
            raise ValueError(_ONE_PER_COLUMN.format(type(self).__name__, data.y.shape[1]))
        description = super()._describe(data, describe_target)
        architecture = description.architecture._replace(mask_value=data.mask_value)
        return description._replace(
            mask_value=data.mask_value, architecture=architecture, form_of_y=data.form_of_y
        )

    def _drop_weightless(self, data: TrainingData, target: Any) -> TrainingData:
        kept = drop_weightless_steps(data._replace(class_weight=self._class_weights(data)))
        target.check_remaining(data.y, kept.y, type(self).__name__)
        return kept

    def _training_targets(self, data: TrainingData, split: Split) -> NDArray:
        return data.y[split_of_steps(split, data.labelled).train]

    def _learn_scaling(self, data: TrainingData, description: Description, split: Split) -> Scaling:
        scaling = learn_scaling(data.X, None, rows=split.train, mask_value=MASK_VALUE, loss=None)
        if isinstance(description.target, ClassTarget):
            return scaling
        y = self._training_targets(data, split)
        center, scale = learn_target(y.reshape(len(y), -1), self.loss)
        return scaling._replace(target_center=center, target_scale=scale)

    def _to_network(self, X: NDArray, description: Description) -> NDArray:
        if description.scaling is None:
            return X
        return scale_features(X, description.scaling, MASK_VALUE)

    def _targets_and_weights(
        self, data: TrainingData, y_encoded: NDArray, split: Split
    ) -> list[NDArray]:
        weight = multiply_weights(data, split_of_steps(split, data.labelled))
        return [
            targets_in_places(y_encoded, data.labelled),
            weights_in_places(weight, data.labelled, split),
        ]

    def _network_params(self) -> dict[str, Any]:
        return {**super()._network_params(), "return_sequences": True}

    def _predict_steps(self, X: ArrayLike, decode: str) -> Any:
        """Return predictions in the form of the y of `fit`. `decode` is a method of the target."""
        check_is_fitted(self, "_network")
        steps = self._read_known_steps(X)
        self._warn_of_truncation(steps)
        outputs = self._output_for(steps.values)[steps.real]
        values = getattr(self._description.target, decode)(outputs)
        return in_form_of_y(values, steps, str(self._description.form_of_y))

    def _true_and_predicted(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[NDArray, NDArray, NDArray | None]:
        """Return the targets, predictions and weights of the labelled steps, end to end."""
        check_is_fitted(self, "_network")
        steps = self._read_known_steps(X)
        targets = read_step_targets(y, sample_weight, steps, self._target_kind, self)
        self._warn_of_truncation(steps)
        outputs = self._output_for(steps.values)[targets.labelled]
        return targets.y, self._description.target.decode(outputs), targets.weight

    def _warn_of_truncation(self, steps: StepInput) -> None:
        warning = describe_truncation(steps, type(self).__name__)
        if warning is not None:
            warn_user(warning)

    def _shapes_in_and_out(self) -> tuple[str, str]:
        features = self._description.X_shape[2:]
        return shape_of("n", "t", *features), _with_time_axis(self._description.target.shape)

    def __sklearn_tags__(self) -> Tags:
        # Without a type of estimator: for a classifier, scikit-learn reads y as one label per row.
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags


def _with_time_axis(shape: str) -> str:
    """Return the shape of a target as text, such as ``(n,)``, with an axis of time."""
    return shape.replace("(n,", "(n, t,", 1).replace("t,)", "t)")


@set_module("skl_lstm")
class LSTMStepRegressor(LSTMStepEstimator):
    """LSTM that predicts a number for every time step of a sequence.

    X is a list of sequences of any length, and y holds a target for each of their steps. The
    network is that of `lstm_network` with ``return_sequences=True``.

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
        Number of filters of a ``Conv1D`` layer before the recurrent layers. A tuple stacks one
        layer per entry, and None adds no layer.
    kernel_size : int or tuple of int, default=3
        Number of time steps that each filter covers. A tuple has one entry per convolution.
    conv_padding : {"causal", "same"}, default="causal"
        "causal": a filter covers a time step and those before it. "same": it is centred on the
        step, so it also sees later ones, as does `bidirectional`. Use it if a sequence is known
        as a whole when its steps are predicted.
    mask_value : float, default=None
        Value of the padding in every feature, for arrays that you have padded. None: that of the
        `SequencePadder`, if one has padded X. Lists of sequences need none: the estimator pads
        them, and skips the padding.
    scaling : {"standard"} or None, default="standard"
        "standard": train the network on features and targets with mean 0 and standard deviation
        1. Predictions are in the units of y. The means and standard deviations are those of the
        steps of the training sequences of `fit`, per feature and per output; for the targets,
        those of the steps that have one. `partial_fit` and `warm_start` keep those of the first
        call. The standard deviation of a constant is replaced by 1. None: train on X and y as
        they are.
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
    epochs : int, default=50
        Number of passes over the training sequences.
    batch_size : int, default=32
        Number of sequences per gradient step, and per step of a prediction. If there are few
        sequences, use a smaller one: 36 sequences are only two steps per epoch by default.
    validation_split : float, default=0.0
        Fraction of the sequences held out for validation, in [0, 1). They are the last ones,
        before shuffling.
    validation_gap : int, default=0
        Number of sequences before those for validation that are left out. For the windows of one
        series, which overlap, set it to ``timesteps - 1``. Otherwise some steps train and validate.
    patience : int, default=None
        Number of epochs without a lower loss after which training stops and the best weights
        are restored. The loss is that of the validation sequences if there is a
        `validation_split`, else that of the training sequences. None: train for all `epochs`.
    warm_start : bool, default=False
        Continue in `fit` from the weights of the previous `fit`, for `epochs` more epochs. As in
        `partial_fit`, the network, the loss, the optimizer and its learning rate stay those of the
        first fit, and changes of these parameters have no effect.
    engine : {"auto", "native", "keras"}, default="auto"
        What trains the network. "native": compiled functions of this package, which are faster for
        small networks and need neither Keras nor TensorFlow. "keras": Keras. "auto": "native" if
        the parameters allow it, else "keras". Objects of Keras (callbacks, losses, optimizers),
        other names of losses and optimizers than the listed ones, and another float type than
        float32 need Keras. If the engine changes between two calls of `partial_fit`, the weights
        are kept, and the optimizer is a new one.
    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of Keras. With `scaling`, their model is the one that takes scaled values.
    verbose : {"auto", 0, 1, 2}, default=0
        Progress messages in `fit`. 0 prints none.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the order of the sequences. Pass an int to
        get the same result in every call.

    Attributes
    ----------
    model_ : keras.Model
        The trained and compiled network, a plain Keras model that is not shared with other
        estimators. It takes an array of sequences and returns predictions in the units of y,
        (samples, timesteps, outputs). It skips steps of `mask_value`, or of that of the
        `SequencePadder` in `fit`. With
        `scaling`, or if the network was trained without Keras, this model is built when the
        attribute is first read. It then has copies of the weights, so changes of the model do not
        change the predictions of the estimator.
    history_ : dict of str to list of float
        Loss and metrics of each epoch. The loss is the mean over the steps that have a target, each
        multiplied by its weight. With
        `scaling`, it is that of the scaled target.
    n_iter_ : int
        Number of epochs trained.
    n_features_in_ : int
        Number of features of each time step. For 2D X: number of columns, each of which is a
        time step.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a list of DataFrames with column names.

    See Also
    --------
    LSTMStepClassifier : The same estimator for labels.
    LSTMRegressor : One target for a sequence.
    make_step_scorer : Use another metric in cross-validation.
    flatten_steps : Put the steps of all sequences end to end, for a metric.

    Notes
    -----
    Without `bidirectional` and with causal convolutions, the prediction for a step depends on this
    step and those before it only.

    Padding counts nowhere. Steps without a target and steps of weight zero count neither in the
    loss nor in the score nor in early stopping. The network reads them as context of the others, so
    their features count in the scaling. The weight of a step does not depend on the length of its
    sequence: the loss of an epoch is the mean over all steps that have a target.

    In memory, all sequences of a list are padded to the longest one. Cut a sequence that is much
    longer than the others.

    scikit-learn does not regard this estimator as a regressor, because each of its targets is a
    sequence. Pipelines, searches and cross-validation take it. Meta-estimators that check X or y
    themselves do not, such as ``TransformedTargetRegressor`` and ``VotingRegressor``.
    `make_step_scorer` makes other metrics than R².

    Examples
    --------
    >>> import numpy as np
    >>> from skl_lstm import LSTMStepRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 1)) for length in rng.integers(5, 30, size=40)]
    >>> y = [np.cumsum(x) / np.sqrt(len(x)) for x in X]  # one number for every step
    >>> regressor = LSTMStepRegressor(8, learning_rate=0.03, epochs=30, random_state=0).fit(X, y)
    >>> [prediction.shape for prediction in regressor.predict([X[0][:7], X[1][:3]])]
    [(7,), (3,)]
    >>> bool(regressor.score(X, y) > 0.8)
    True
    """

    _target_kind = NumericTarget

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

    @fit_context(prefer_skip_nested_validation=False)  # lstm_network validates its own parameters
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch, starting from the current weights if the estimator is fitted.

        The first call builds the network for X and y. If the estimator scales them, it learns the
        scaling in this call, so the first batch should be representative.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences, in any form that `fit` takes.
        y : list of array-like of shape (timesteps_i,) or (timesteps_i, n_outputs)
            Targets of every time step, NaN or None for steps without one.
        sample_weight : array-like of shape (n_samples,), or list of array-like of shape \
                (timesteps_i,), default=None
            Weights of the sequences or of their steps.

        Returns
        -------
        LSTMStepRegressor
            The fitted estimator.
        """
        return self._fit_one_epoch(X, y, sample_weight, NumericTarget.describe)

    def predict(self, X: ArrayLike) -> Any:
        """Predict the targets of every time step.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences with the features of `fit`, in any form that `fit` takes.

        Returns
        -------
        list of ndarray of shape (timesteps_i,) or (timesteps_i, n_outputs)
            Predictions in the form of the y of `fit`: a list, an object array, or an array of
            shape (n_samples, timesteps). The dtype is that of y if y was of a float type, else
            float64. Steps that a `SequencePadder` has dropped are NaN, and so is padding if y was
            an array. Sequences of unequal length are always a list or an object array.
        """
        return self._predict_steps(X, "decode")

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination, R², over the steps that have a target.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences, in any form that `fit` takes.
        y : list of array-like of shape (timesteps_i,) or (timesteps_i, n_outputs)
            True targets, NaN or None for steps without one.
        sample_weight : array-like of shape (n_samples,), or list of array-like of shape \
                (timesteps_i,), default=None
            Weights of the sequences or of their steps.

        Returns
        -------
        float
            R² of all steps together, averaged over the outputs.
        """
        y_true, y_pred, weight = self._true_and_predicted(X, y, sample_weight)
        return float(r2_score(y_true, y_pred, sample_weight=weight))


@set_module("skl_lstm")
class LSTMStepClassifier(LSTMStepEstimator):
    """LSTM that predicts a label for every time step of a sequence.

    X is a list of sequences of any length, and y holds a label for each of their steps. The network
    is that of `lstm_network` with ``return_sequences=True``.

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
        Number of filters of a ``Conv1D`` layer before the recurrent layers. A tuple stacks one
        layer per entry, and None adds no layer.
    kernel_size : int or tuple of int, default=3
        Number of time steps that each filter covers. A tuple has one entry per convolution.
    conv_padding : {"causal", "same"}, default="causal"
        "causal": a filter covers a time step and those before it. "same": it is centred on the
        step, so it also sees later ones, as does `bidirectional`. Use it if a sequence is known
        as a whole when its steps are predicted.
    mask_value : float, default=None
        Value of the padding in every feature, for arrays that you have padded. None: that of the
        `SequencePadder`, if one has padded X. Lists of sequences need none: the estimator pads
        them, and skips the padding.
    scaling : {"standard"} or None, default="standard"
        "standard": train the network on features with mean 0 and standard deviation 1. The means
        and standard deviations are those of the steps of the training sequences of `fit`, per
        feature. `partial_fit` and `warm_start` keep those of the first call. The standard
        deviation of a constant is replaced by 1. None: train on X as it is.
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
        targets the losses of `LSTMStepRegressor`.
    epochs : int, default=50
        Number of passes over the training sequences.
    batch_size : int, default=32
        Number of sequences per gradient step, and per step of a prediction. If there are few
        sequences, use a smaller one: 36 sequences are only two steps per epoch by default.
    validation_split : float, default=0.0
        Fraction of the sequences held out for validation, in [0, 1). They are the last ones,
        before shuffling.
    validation_gap : int, default=0
        Number of sequences before those for validation that are left out. For the windows of one
        series, which overlap, set it to ``timesteps - 1``. Otherwise some steps train and validate.
    patience : int, default=None
        Number of epochs without a lower loss after which training stops and the best weights
        are restored. The loss is that of the validation sequences if there is a
        `validation_split`, else that of the training sequences. None: train for all `epochs`.
    warm_start : bool, default=False
        Continue in `fit` from the weights of the previous `fit`, for `epochs` more epochs. As in
        `partial_fit`, the network, the loss, the optimizer and its learning rate stay those of the
        first fit, and changes of these parameters have no effect.
    engine : {"auto", "native", "keras"}, default="auto"
        What trains the network. "native": compiled functions of this package, which are faster for
        small networks and need neither Keras nor TensorFlow. "keras": Keras. "auto": "native" if
        the parameters allow it, else "keras". Objects of Keras (callbacks, losses, optimizers),
        other names of losses and optimizers than the listed ones, and another float type than
        float32 need Keras. If the engine changes between two calls of `partial_fit`, the weights
        are kept, and the optimizer is a new one.
    class_weight : dict or "balanced", default=None
        Weights of the classes, ``{label: weight}``. "balanced": inversely proportional to the
        class frequencies, which are counted over the steps that have a label. The weights are
        multiplied with `sample_weight`.
    callbacks : list of keras.callbacks.Callback, default=None
        Callbacks of Keras. With `scaling`, their model is the one that takes scaled values.
    verbose : {"auto", 0, 1, 2}, default=0
        Progress messages in `fit`. 0 prints none.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the dropout and the order of the sequences. Pass an int to
        get the same result in every call.

    Attributes
    ----------
    model_ : keras.Model
        The trained and compiled network, a plain Keras model that is not shared with other
        estimators. It takes an array of sequences and returns probabilities, (samples, timesteps,
        outputs). It skips steps of `mask_value`, or of that of the `SequencePadder` in `fit`. With
        `scaling`, or if the network was trained without Keras, this model is built when the
        attribute is first read. It then has copies of the weights, so changes of the model do not
        change the predictions of the estimator.
    history_ : dict of str to list of float
        Loss and metrics of each epoch. The loss is the mean over the steps that have a target, each
        multiplied by its weight.
    n_iter_ : int
        Number of epochs trained.
    n_features_in_ : int
        Number of features of each time step. For 2D X: number of columns, each of which is a
        time step.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if X was a list of DataFrames with column names.
    classes_ : ndarray of shape (n_classes,)
        Sorted labels seen in `fit`, or passed in the first call of `partial_fit`.

    See Also
    --------
    LSTMStepRegressor : The same estimator for numbers.
    LSTMClassifier : One label for a sequence.
    make_step_scorer : Use another metric in cross-validation, such as "f1_macro".
    flatten_steps : Put the steps of all sequences end to end, for ``classification_report``.

    Notes
    -----
    Without `bidirectional` and with causal convolutions, the prediction for a step depends on this
    step and those before it only.

    Padding counts nowhere. Steps without a label and steps of weight zero count neither in the loss
    nor in the score nor in early stopping, and steps without a label not in the class weights. The
    network reads them as context of the others, so their features count in the scaling. The weight
    of a step does not depend on the length of its sequence: the loss of an epoch is the mean over
    all labelled steps.

    In memory, all sequences of a list are padded to the longest one. Cut a sequence that is much
    longer than the others.

    scikit-learn does not regard this estimator as a classifier, because it would read each item of
    y as one label. So ``cv=5`` means folds of `KFold`. For folds by subject, pass `groups`; to
    stratify, pass the splits: ``cv=list(StratifiedGroupKFold(5).split(X, label_of_sequence,
    groups))``. The metrics of scikit-learn do not take lists of sequences: instead of
    ``scoring="f1_macro"``, use ``scoring=make_step_scorer("f1_macro")``. `cross_val_predict` joins
    the predictions of its folds as arrays, so it needs y as an object array of arrays, and cannot
    return probabilities. Meta-estimators that check X or y themselves, such as `VotingClassifier`
    and `CalibratedClassifierCV`, do not take sequences of labels.

    Several columns of 0 and 1 are several labels for each step, as elsewhere in scikit-learn. If
    each step has one class, pass the labels themselves, not one-hot columns.

    Examples
    --------
    >>> import numpy as np
    >>> from skl_lstm import LSTMStepClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 1)) for length in rng.integers(5, 30, size=40)]
    >>> y = [np.where(np.cumsum(x) > 0, "above", "below") for x in X]  # one label for every step
    >>> classifier = LSTMStepClassifier(8, learning_rate=0.03, epochs=30, random_state=0).fit(X, y)
    >>> classifier.predict([[[1.0], [0.5], [-9.0]], [[-1.0]]])
    [array(['above', 'above', 'below'], dtype='<U5'), array(['below'], dtype='<U5')]
    >>> [len(x) for x in X[:2]], [p.shape for p in classifier.predict_proba(X[:2])]
    ([26, 20], [(26, 2), (20, 2)])
    >>> bool(classifier.score(X, y) > 0.9)
    True
    """

    _parameter_constraints = LSTMStepEstimator._parameter_constraints | CLASS_WEIGHT
    _target_kind = ClassTarget

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
        self.class_weight = class_weight
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    @property
    def classes_(self) -> NDArray:
        """Sorted labels seen in `fit`, or passed in the first call of `partial_fit`."""
        target: Any = self._description.target
        return target.classes

    @fit_context(prefer_skip_nested_validation=False)  # lstm_network validates its own parameters
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, starting from the current weights if the estimator is fitted.

        The first call builds the network for X and y. If the estimator scales them, it learns the
        scaling in this call, so the first batch should be representative.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences, in any form that `fit` takes.
        y : list of array-like of shape (timesteps_i,) or (timesteps_i, n_classes)
            Labels of every time step, NaN or None for steps without one.
        classes : array-like of shape (n_classes,), default=None
            All labels that y can contain in any call. Needed in the first call only. None: the
            labels in y.
        sample_weight : array-like of shape (n_samples,), or list of array-like of shape \
                (timesteps_i,), default=None
            Weights of the sequences or of their steps.

        Returns
        -------
        LSTMStepClassifier
            The fitted estimator.
        """
        if self._is_trained() and classes is not None:
            check_same_classes(classes, self.classes_)
        describe_target = partial(ClassTarget.describe, classes=classes)
        return self._fit_one_epoch(X, y, sample_weight, describe_target)

    def predict(self, X: ArrayLike) -> Any:
        """Predict the label of every time step.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences with the features of `fit`, in any form that `fit` takes.

        Returns
        -------
        list of ndarray of shape (timesteps_i,) or (timesteps_i, n_classes)
            The most probable class of each step, in the form of the y of `fit`: a list, an object
            array, or an array of shape (n_samples, timesteps). For multilabel targets: 1 for each
            label with a probability above 0.5, else 0. Steps that a `SequencePadder` has dropped
            are None, or NaN if the labels are floats, and so is padding if y was an array.
            Sequences of unequal length are always a list or an object array.
        """
        return self._predict_steps(X, "decode")

    def predict_proba(self, X: ArrayLike) -> Any:
        """Predict the probability of each class for every time step.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences with the features of `fit`, in any form that `fit` takes.

        Returns
        -------
        list of ndarray of float64 of shape (timesteps_i, n_classes)
            Probabilities in the order of `classes_`, in the form of the y of `fit`. Each row sums
            to 1, except for multilabel targets, or is NaN where `predict` gives no label.
        """
        return self._predict_steps(X, "probabilities")

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy over the steps that have a label.

        Parameters
        ----------
        X : list of array-like of shape (timesteps_i, n_features) or (timesteps_i,)
            Sequences, in any form that `fit` takes.
        y : list of array-like of shape (timesteps_i,) or (timesteps_i, n_classes)
            True labels, NaN or None for steps without one.
        sample_weight : array-like of shape (n_samples,), or list of array-like of shape \
                (timesteps_i,), default=None
            Weights of the sequences or of their steps.

        Returns
        -------
        float
            Fraction of the steps with the right label, of all sequences together. For multilabel
            targets: with all labels right.
        """
        y_true, y_pred, weight = self._true_and_predicted(X, y, sample_weight)
        return float(accuracy_score(y_true, y_pred, sample_weight=weight))

    def _class_weights(self, data: TrainingData) -> NDArray | None:
        return class_weights(self.class_weight, data.y)
