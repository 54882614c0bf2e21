"""`NetworkEstimator`: fitting, prediction and pickling, shared by all estimators.

The network is a `KerasNetwork` or a `NativeNetwork`. This module needs neither Keras nor numba.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .._compat.sklearn import (
    CallbackSupportMixin,
    StrOptions,
    clone_parametrized,
    fit_context,
    has_callbacks,
    validate_parameter_constraints,
)
from .._core.diagrams import ShapeDiagram, shape_of
from .._core.float_type import floatx
from .._core.older_files import ReadsOlderFiles
from .._core.parameters import AtLeast, InstanceOfKeras, Number
from .._core.user_warnings import warn_user
from ..networks.architecture import Scaling
from ..networks.markers import is_plain_optimizer, needs_keras
from ..training.rows import Split, count_of, split_rows
from .callbacks import EpochTasks
from .data import (
    MaskValue,
    TrainingData,
    compare_mask_values,
    describe_held_out,
    describe_late_targets,
    drop_weightless,
    multiply_weights,
    read_training_data,
    read_X,
)
from .description import Description
from .scaling import learn_scaling, scale_features, scale_target, unscale_output
from .targets import ClassTarget, NumericTarget

if TYPE_CHECKING:
    import keras

    from .keras_network import KerasNetwork
    from .native_network import NativeNetwork

# The arguments are y and the name of the estimator, which error messages contain.
DescribeTarget = Callable[[NDArray, str], NumericTarget | ClassTarget]


_CONSTANT_BATCH = (
    "partial_fit learns the scaling from the first batch, but all targets in it are equal, so the "
    "scale is unknown. Start with a larger batch, or scale X and y before partial_fit and set "
    "scaling=None."
)


class Run(NamedTuple):
    """The settings of one call of `fit` or `partial_fit`."""

    epochs: int
    initial_epoch: int
    seed: int
    shuffle: bool
    batch_size: int
    split: Split
    validation_gap: int
    patience: int | None
    verbose: int | str
    options: dict[str, Any]  # further arguments of keras.Model.fit
    tasks: EpochTasks | None


class NetworkEstimator(ReadsOlderFiles, ShapeDiagram, CallbackSupportMixin, BaseEstimator):
    """Base class of the estimators that train a network.

    A subclass defines the network (`_new_network`, `_network_to_resume`, `_network_mask_value`) and
    the type of the target (`_target_kind`).
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "optimizer": [str, dict, type, InstanceOfKeras("optimizers.Optimizer")],
        "loss": [str, list, dict, callable, None],
        "epochs": [AtLeast(1)],
        "batch_size": [AtLeast(1)],
        "validation_split": [Number(Real, 0, 1, closed="left")],
        "validation_gap": [AtLeast(0)],
        "patience": [AtLeast(0), None],
        "callbacks": [list, tuple, dict, type, InstanceOfKeras("callbacks.Callback"), None],
        "verbose": ["verbose", StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    _target_kind: ClassVar[Any]  # NumericTarget or ClassTarget
    _as_one_sequence = "X[np.newaxis]"  # an X that holds one sequence, for messages

    history_: dict[str, list[float]]
    n_iter_: int
    _description: Description
    _network: Any  # a KerasNetwork or a NativeNetwork

    def __getattr__(self, name: str) -> Any:
        # model_ is not a property, because scikit-learn's diagrams read every property of an
        # estimator, and reading this attribute may load Keras and build the model.
        if name == "model_" and "_network" in vars(self):
            return self._keras_model()
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @fit_context(prefer_skip_nested_validation=False)  # lstm_network validates its own parameters
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Build a network for X and y, and train it.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences. They are cast to the float type of Keras, which is float32 by default.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Samples with weight zero are left out.

        Returns
        -------
        estimator
            The fitted estimator.
        """
        return self._fit(
            X,
            y,
            sample_weight,
            epochs=self.epochs,
            resume=self._fit_resumes_training() and self._is_trained(),
            describe_target=self._target_kind.describe,
        )

    def _fit_one_epoch(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        describe_target: DescribeTarget,
    ) -> Self:
        """Train for one epoch, which is what `partial_fit` does."""
        return self._fit(
            X,
            y,
            sample_weight,
            epochs=1,
            resume=self._is_trained(),
            describe_target=describe_target,
            in_batches=True,
        )

    def _fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        epochs: int,
        resume: bool,
        describe_target: DescribeTarget,
        in_batches: bool = False,
    ) -> Self:
        """Train a new network, or continue to train the fitted one."""
        data = self._read(X, y, sample_weight, resume)
        description = self._description if resume else self._describe(data, describe_target)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        data = self._drop_weightless(data, description.target)
        run = self._run_settings(epochs, seed, resume, data)
        y_train = self._training_targets(data, run.split)
        if missing := description.target.missing_classes(data.y, y_train):
            warn_user(describe_held_out(missing, len(data.X), run.split, data.times is not None))
        if count_of(run.split.validation):
            self._warn_of_late_targets(X, y, run.validation_gap)
        if not resume and self._standardizes():
            scaling = self._learn_scaling(data, description, run.split)
            description = description._replace(scaling=scaling)
            if in_batches and description.target.is_constant(data.y):
                warn_user(_CONSTANT_BATCH)
        network = self._network_to_resume(seed) if resume else self._new_network(description, seed)
        if has_callbacks(self):
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            tasks = self._epoch_tasks(
                description, data, network, run.epochs, X=X, y=y, metadata=metadata
            )
            run = run._replace(tasks=tasks)
        y_encoded = description.target.encode(data.y, network, type(self).__name__)
        if description.scaling is not None:
            y_encoded = scale_target(y_encoded, description.scaling)
        targets = self._targets_and_weights(data, y_encoded.astype(floatx()), run.split)
        history = network.train([self._to_network(data.X, description), *targets], run)
        self._set_fitted_attributes(data, description, network, history, resume)
        return self

    def _read(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, resume: bool
    ) -> TrainingData:
        mask_value = self._description.mask_value if resume else self._network_mask_value()
        self._check_mask_value(X, mask_value)
        scales = self._description.scaling is not None if resume else self._standardizes()
        data = read_training_data(X, y, sample_weight, self._target_kind, self, cast=not scales)
        if resume:
            self._check_features(X, data.X)
        return data

    def _describe(self, data: TrainingData, describe_target: DescribeTarget) -> Description:
        target = describe_target(data.y, type(self).__name__)
        return Description(data.X.shape, target, self._network_mask_value())

    def _drop_weightless(self, data: TrainingData, target: Any) -> TrainingData:
        """Add the class weights, and drop the rows of weight zero."""
        kept = drop_weightless(data._replace(class_weight=self._class_weights(data)))
        target.check_remaining(data.y, kept.y, type(self).__name__)
        return kept

    def _training_targets(self, data: TrainingData, split: Split) -> NDArray:
        """Return the targets of the training rows."""
        return data.y[split.train]

    def _targets_and_weights(
        self, data: TrainingData, y_encoded: NDArray, split: Split
    ) -> list[NDArray]:
        """Return the encoded targets and, if there are any, the weights of the rows."""
        weight = multiply_weights(data, split)
        return [y_encoded] if weight is None else [y_encoded, weight]

    def _learn_scaling(self, data: TrainingData, description: Description, split: Split) -> Scaling:
        """Return the scaling for the training rows."""
        has_classes = isinstance(description.target, ClassTarget)
        return learn_scaling(
            data.X,
            None if has_classes else data.y,
            rows=split.train,
            mask_value=description.architecture.mask_value,
            loss=self.loss,
        )

    def _to_network(self, X: NDArray, description: Description) -> NDArray:
        """Return X on the scale on which the network is trained."""
        if description.scaling is None:
            return X
        return scale_features(X, description.scaling, description.architecture.mask_value)

    def _set_fitted_attributes(
        self,
        data: TrainingData,
        description: Description,
        network: KerasNetwork | NativeNetwork,
        history: dict[str, list[float]],
        resume: bool,
    ) -> None:
        """Set the fitted attributes after training, so that a failed fit changes none of them."""
        validate_data(self, data.table, reset=not resume, skip_check_array=True, ensure_2d=False)
        self.n_features_in_ = description.X_shape[-1]
        self._target_names = data.target_names  # read by `forecast`; older files lack it
        self._description = description
        self._network = network
        earlier = self.history_ if resume else {}
        self.history_ = {name: [*earlier.get(name, []), *history[name]] for name in history}
        self.n_iter_ = len(self.history_["loss"])

    def _predict_output(self, X: ArrayLike) -> NDArray:
        """Return the output of the network for X."""
        check_is_fitted(self, "_network")
        self._check_mask_value(X, self._description.mask_value)
        values = read_X(X, self, cast=self._description.scaling is None)
        self._check_features(X, values)
        return self._output_for(values)

    def _output_for(self, values: NDArray) -> NDArray:
        """Return the output of the network for an X that was read and checked."""
        options = {"batch_size": self.batch_size, **self._params_with_prefix("predict")}
        self._check_options(options)
        scaling = self._description.scaling
        output = self._network.predict(self._to_network(values, self._description), **options)
        return output if scaling is None else unscale_output(output, scaling)

    def _check_mask_value(self, X: ArrayLike, mask_value: MaskValue) -> None:
        warning = compare_mask_values(X, mask_value, type(self).__name__)
        if warning is not None:
            warn_user(warning)

    def _warn_of_late_targets(self, X: ArrayLike, y: ArrayLike, validation_gap: int) -> None:
        warning = describe_late_targets(X, y, validation_gap)
        if warning is not None:
            warn_user(warning)

    def _check_features(self, X: ArrayLike, values: NDArray) -> None:
        """Raise if the features differ from those of `fit`. The number of time steps may differ.

        scikeras does not use this rule: it requires the shape of `fit` and ignores column names.
        """
        if hasattr(self, "feature_names_in_") or not isinstance(X, np.ndarray):
            validate_data(self, X, reset=False, skip_check_array=True, ensure_2d=False)
        name, ndim = type(self).__name__, len(self._description.X_shape)
        if values.ndim != ndim:
            one = f" If X is one sequence, pass {self._as_one_sequence}."
            remedy = one if values.ndim == ndim - 1 else ""
            raise ValueError(
                f"X has {values.ndim} dimensions, but {name} was fitted on {ndim}.{remedy}"
            )
        if values.shape[-1] != self.n_features_in_:
            raise ValueError(
                f"X has {values.shape[-1]} features, but {name} is expecting "
                f"{self.n_features_in_} features as input."
            )

    def _epoch_tasks(
        self,
        description: Description,
        data: TrainingData,
        network: KerasNetwork | NativeNetwork,
        epochs: int,
        **arguments: Any,
    ) -> EpochTasks:
        fitted = {
            "_description": description,
            "n_features_in_": description.X_shape[-1],
            "feature_names_in_": data.feature_names,
        }
        # The network is copied, because training changes it.
        return EpochTasks(self, epochs, lambda: {**fitted, "_network": network.copy()}, **arguments)

    def _run_settings(self, epochs: int, seed: int, resume: bool, data: TrainingData) -> Run:
        """Return the parameters of the run, overridden by ``fit__`` parameters."""
        routed = self._params_with_prefix("fit")
        # `KerasNetwork` has already created these callbacks.
        routed = {name: value for name, value in routed.items() if not name.startswith("callbacks")}
        settings = {
            "epochs": epochs,
            "initial_epoch": self.n_iter_ if resume else 0,
            "shuffle": self._shuffles_rows(),
            "batch_size": self.batch_size,
            "validation_split": self.validation_split,
            "validation_gap": self.validation_gap,
            "verbose": self.verbose,
        }
        overridden = {name: routed.pop(name) for name in settings if name in routed}
        self._check_options({**overridden, **routed})
        settings |= overridden
        validation_split, gap = settings.pop("validation_split"), settings["validation_gap"]
        return Run(
            **settings,
            seed=seed,
            split=split_rows(len(data.X), validation_split, gap, data.times),
            patience=self.patience,
            options=routed,
            tasks=None,
        )

    def _check_options(self, options: Mapping[str, Any]) -> None:
        """Validate ``fit__`` and ``predict__`` values that override an estimator parameter."""
        constraints = self._parameter_constraints
        validate_parameter_constraints(
            {name: constraints[name] for name in options if name in constraints},
            {name: value for name, value in options.items() if name in constraints},
            caller_name=type(self).__name__,
        )

    def _params_with_prefix(self, prefix: str) -> dict[str, Any]:
        """Return the parameters ``prefix__name`` by their names without the prefix."""
        return {}

    def _new_network(self, description: Description, seed: int) -> KerasNetwork | NativeNetwork:
        """Return a new network with weights drawn from the seed."""
        raise NotImplementedError

    def _network_to_resume(self, seed: int) -> KerasNetwork | NativeNetwork:
        """Return the fitted network, to train it further."""
        raise NotImplementedError

    def _keras_model(self) -> keras.Model:
        """Return the trained network as a Keras model in the units of X and y."""
        return self._network.model

    def _is_trained(self) -> bool:
        return hasattr(self, "_network")

    def _network_mask_value(self) -> MaskValue:
        """Return the value of the time steps that the network skips."""
        raise NotImplementedError

    def _standardizes(self) -> bool:
        """Return whether a new network is trained on scaled features and targets."""
        return False

    def _class_weights(self, data: TrainingData) -> NDArray | None:
        """Return the class weight of each sample, or None without class weights."""
        return None

    def _shuffles_rows(self) -> bool:
        """Return whether the rows are shuffled before every epoch."""
        return True

    def _fit_resumes_training(self) -> bool:
        """Return whether `fit` continues to train a fitted network."""
        return False

    def _shapes_in_and_out(self) -> tuple[str, str]:
        return shape_of("n", *self._description.X_shape[1:]), self._description.target.shape

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        network, description = state.pop("_network", None), state.pop("_description", None)
        packed = _pack_parameters(state)
        if network is not None:
            packed["_network"] = network.to_state()
            packed["_description"] = description.to_state()
        return packed

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        network, description = state.pop("_network", None), state.pop("_description", None)
        unpacked = _unpack_parameters(state)
        if network is not None:
            unpacked["_description"] = Description.from_state(description, self._target_kind)
            unpacked["_network"] = _restore_network(network)
        super().__setstate__(unpacked)

    def __sklearn_clone__(self) -> Self:
        if "keras" not in sys.modules:
            return clone_parametrized(self)
        from ..networks.models import array_warnings_silenced

        # Copying a model that is a parameter pickles it. Keras then triggers a NumPy warning.
        with array_warnings_silenced():
            return clone_parametrized(self)


# Without Keras in memory, no parameter is an object of Keras.


def _pack_parameters(state: dict[str, Any]) -> dict[str, Any]:
    """Convert the objects of Keras in a state to plain data."""
    if "keras" not in sys.modules:
        return state
    from ..networks.saving import pack_objects

    return {name: pack_objects(value) for name, value in state.items()}


def _unpack_parameters(state: dict[str, Any]) -> dict[str, Any]:
    """Restore the objects of Keras in a state. Raise if it names code that is not allowed."""
    # The check of configurations would refuse one without a module.
    packed = {name: value for name, value in state.items() if not is_plain_optimizer(value)}
    if not needs_keras(list(packed.values())):
        return state
    from ..networks.configs import check_config
    from ..networks.saving import unpack_objects

    # Parameters can be Keras configurations, which the next fit would deserialize.
    check_config(list(packed.values()))
    return state | {name: unpack_objects(value) for name, value in packed.items()}


def _restore_network(state: dict[str, Any]) -> KerasNetwork | NativeNetwork:
    if needs_keras(state):
        from .keras_network import KerasNetwork

        return KerasNetwork.from_state(state)
    from .native_network import NativeNetwork

    return NativeNetwork.from_state(state)
