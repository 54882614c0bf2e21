"""Every seam with scikeras: what it gets wrong, and the repair, each with its reason.

May import `_engine`, `_models`, `_configs`, `_diagram`, `_arrays`, `_checks`, `_disk` and
`_shapes`. scikeras is used for what it is good at: routing parameters such as ``model__units`` and
``optimizer__learning_rate`` to Keras, and building and compiling the model. The estimators hold
such a builder and do not inherit from it. They cannot: its ``KerasRegressor`` has the mixin behind
``BaseEstimator``, its ``BaseWrapper`` defines ``_more_tags``, and two of scikit-learn's checks
look for just that in every ancestor.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scikeras.utils import loss_name
from scikeras.wrappers import BaseWrapper
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    _clone_parametrized,
    _fit_context,
)
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    _check_y,
    _get_feature_names,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from ._arrays import cast_windows, window_table
from ._checks import explained, numeric
from ._configs import check_config
from ._diagram import ShapeDiagram, shape_of
from ._disk import cast, check_finite, lies_on_disk
from ._engine import ask, train, training_rows
from ._models import (
    array_warnings_silenced,
    copy_model,
    pack,
    pack_objects,
    read_weights,
    seeded,
    state_restored_on_error,
    unpack_objects,
    write_weights,
)
from ._shapes import AtLeast, Number

if TYPE_CHECKING:
    from sklearn.utils import Tags

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # below scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stand-in that supports nothing, like the estimators of that scikit-learn."""


ROUTED = ("model", "fit", "compile", "predict", "optimizer", "loss", "metrics", "callbacks")


class ModelBuilder(BaseWrapper):
    """A scikeras wrapper that only builds: it is told of the data, and gets none.

    Rests on these private names of scikeras 0.13: ``_build_keras_model``,
    ``_ensure_compiled_model``, ``_initialize_callbacks``, ``_fit_callbacks``,
    ``_get_metadata`` and ``_random_state``.
    """

    # scikeras seeds by TensorFlow's global seed and op determinism, and cannot take the
    # latter back: every later fit without a seed then raises. `_models.seeded` seeds instead.
    _random_state = None

    loss: Any

    def __init__(self, meta: Mapping[str, Any], **params: Any) -> None:
        super().__init__(**params)
        self._meta = meta

    def build(self, default_loss: Callable[[Mapping[str, Any], keras.Model], str]) -> keras.Model:
        """Build the model, and compile it unless the user's function has done so."""
        self.model_ = self._build_keras_model()
        if not isinstance(self.model_, keras.Model):
            raise TypeError(
                f"model must return a keras.Model, but it returned {self.model_!r}. Does the "
                "function end with a return?"
            )
        _check_output(self.model_)
        if self.loss is None:
            self.loss = default_loss(self._meta, self.model_)
        self._ensure_compiled_model()
        return self.model_

    def make_callbacks(self) -> list[keras.callbacks.Callback]:
        """Make the callbacks that are given as classes with routed parameters."""
        self._initialize_callbacks()
        return keras.tree.flatten(self._fit_callbacks)

    def _get_metadata(self) -> Mapping[str, Any]:
        return self._meta


def as_build_function(model: Any) -> Callable[..., keras.Model]:
    """Return a function that scikeras takes for `model`.

    scikeras refuses bound methods and callable objects, and trains a ready model in place,
    so that the next fit starts from the last one's weights.
    """
    if isinstance(model, keras.Model):
        return functools.partial(copy_model, model)
    if not callable(model) or inspect.isclass(model):
        raise TypeError(
            f"model must be a function that returns a keras.Model, or a keras.Model; got {model!r}."
        )
    return functools.partial(model)


def optimizer_params(optimizer: Any) -> dict[str, Any]:
    """Return what scikeras makes an optimizer of, one that no model has used.

    Keras ties an instance to one model, and counts on the names of the others from fit to fit,
    while TensorFlow keeps some memory for every name that a variable has had.
    """
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return {"optimizer": type(optimizer).from_config(optimizer.get_config())}
    named = {"optimizer__name": optimizer} if isinstance(optimizer, str) else {}
    return {"optimizer": optimizer, **named}


def _check_output(model: keras.Model) -> None:
    shape = getattr(model, "output_shape", None)
    if isinstance(shape, tuple) and len(shape) == 2:
        return
    problem = f"The network's output has the shape {shape}"
    if shape is None:
        problem = f"A {type(model).__name__} does not say what it puts out"
    remedy = "Build it as keras.Model(inputs, outputs), with one output."
    if isinstance(shape, tuple):
        remedy = "Does the last recurrent layer return sequences?"
    raise ValueError(f"{problem}, but an estimator needs (samples, outputs). {remedy}")


class RoutedParameters:
    """Parameters beyond the signature, routed by prefix: ``model__units=64``.

    A mixin for `BaseEstimator`, which knows only what its signature lists. As scikit-learn
    demands, nothing is refused before `fit`.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, routed ones included.

        Parameters
        ----------
        deep : bool, default=True
            Also those of parameters that are estimators.

        Returns
        -------
        dict
            Parameter names and their values.
        """
        return super().get_params(deep=deep) | self._beyond_signature()  # type: ignore[misc]

    def set_params(self, **params: Any) -> Any:
        """Set parameters, routed ones included.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        estimator
            This estimator.
        """
        known = self._beyond_signature()
        beyond = {n: params.pop(n) for n in list(params) if n in known or _is_routed(n)}
        super().set_params(**params)  # type: ignore[misc]
        self.__dict__.update(beyond)
        return self

    def _beyond_signature(self) -> dict[str, Any]:
        listed = self._get_param_names()  # type: ignore[attr-defined]
        return {
            name: value
            for name, value in vars(self).items()
            if name not in listed and name[0] != "_" and name[-1] != "_"
        }

    def _routed(self) -> dict[str, Any]:
        """Return the parameters beyond the signature, or refuse those without a prefix."""
        params = self._beyond_signature()
        for name in params:
            if not _is_routed(name):
                raise TypeError(
                    f"{type(self).__name__} got an unexpected parameter {name!r}. What the "
                    f"network takes is written model__{name}; the prefixes are: "
                    f"{', '.join(f'{prefix}__' for prefix in ROUTED)}."
                )
        return params


def _is_routed(name: str) -> bool:
    prefix, separator, _ = name.partition("__")
    return bool(separator) and prefix in ROUTED


class EpochTasks(keras.callbacks.Callback):
    """Show Keras' epochs to scikit-learn's callbacks, as the subtasks of a fit."""

    def __init__(
        self, estimator: KerasEstimator, epochs: int, fitted: Mapping[str, Any], **data: Any
    ) -> None:
        super().__init__()
        self._fitted = fitted
        self._names = _get_feature_names(data["X"])
        self._hook = {"estimator": estimator, **data, "reconstruction_attributes": self._state}
        self._fit_task = estimator._init_callback_context(max_subtasks=epochs)

    def on_train_begin(self, logs: object = None) -> None:
        self._fit_task.call_on_fit_task_begin(**self._hook)

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._epoch_task = self._fit_task.subcontext(task_name="epoch")
        self._epoch_task.call_on_fit_task_begin(**self._hook)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if self._epoch_task.call_on_fit_task_end(**self._hook):
            self.model.stop_training = True

    def on_train_end(self, logs: object = None) -> None:
        self._fit_task.call_on_fit_task_end(**self._hook)

    def _state(self) -> dict[str, Any]:
        """Return what makes a copy of the estimator a fitted one, as of now and for good."""
        names = {"feature_names_in_": self._names}
        return {**self._fitted, **names, "model_": copy_model(self.model)}


class KerasEstimator(ShapeDiagram, CallbackSupportMixin, BaseEstimator):
    """What a Keras network needs to be an estimator like any other.

    A subclass says what scikeras shall build (`_builder_params`) and what its target is
    (`_check_training_data`, `_describe_target`, `_encode_target`, `_default_loss`).
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "optimizer": [str, dict, type, keras.optimizers.Optimizer],
        "loss": [str, list, dict, callable, None],
        "epochs": [AtLeast(1)],
        "batch_size": [AtLeast(1)],
        "validation_split": [Number(Real, 0, 1, closed="left")],
        "patience": [AtLeast(0), None],
        "callbacks": [list, tuple, dict, type, keras.callbacks.Callback, None],
        "verbose": ["verbose", StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    model_: keras.Model
    history_: dict[str, list[float]]
    n_iter_: int
    _meta: dict[str, Any]
    _masks: dict[str, Any]

    @_fit_context(prefer_skip_nested_validation=False)  # the network checks its own parameters
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Build a network for X and y and train it.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences, cast to Keras' float type (float32).
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; those of weight zero are left out.

        Returns
        -------
        estimator
            The fitted estimator.
        """
        going_on = getattr(self, "warm_start", False) and hasattr(self, "model_")
        return self._fit(X, y, sample_weight, epochs=self.epochs, going_on=going_on)

    def _fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        epochs: int,
        going_on: bool,
        classes: ArrayLike | None = None,
    ) -> Self:
        masks = self._masks if going_on else self._named_masks()
        self._check_padding(X, masks)
        values, target = self._check_training_data(X, y)
        _get_feature_names(X)  # refuses mixed names now, and not when all is trained
        if going_on:
            self._check_features(X, values)
            meta = self._meta
        else:
            meta = {**_describe_input(values), **self._describe_target(target, classes)}
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        options = {
            "epochs": epochs,
            "initial_epoch": self.n_iter_ if going_on else 0,
            **self._fit_options(seed),
        }
        values, target, weight = self._weighted_rows(
            values, target, sample_weight, options["validation_split"]
        )
        builder = ModelBuilder(meta, **self._builder_params())
        model = self._trainable_model(builder, seed, going_on=going_on)
        arrays = [values, self._encode_target(target, meta, model)]
        callbacks = [*builder.make_callbacks(), *self._early_stopping()]
        if getattr(self, "_skl_callbacks", None):
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            data = {"X": X, "y": y, "metadata": metadata}
            fitted = {**meta, "_masks": masks}
            callbacks.append(EpochTasks(self, options["epochs"], fitted, **data))
        with state_restored_on_error(model):
            history = train(
                model,
                arrays if weight is None else [*arrays, weight],
                callbacks=callbacks,
                **options,
            )
        self._remember(X, meta, model, history, going_on=going_on)
        self._masks = masks
        return self

    def _remember(
        self,
        X: ArrayLike,
        meta: dict[str, Any],
        model: keras.Model,
        history: dict[str, list[float]],
        *,
        going_on: bool,
    ) -> None:
        """Set the fitted state, all at once: a fit that fails leaves the one before it whole."""
        validate_data(self, X, reset=not going_on, skip_check_array=True, ensure_2d=False)
        self.__dict__.update(meta)
        self._meta = meta
        self.model_ = model
        before = self.history_ if going_on else {}
        self.history_ = {name: [*before.get(name, []), *history[name]] for name in history}
        self.n_iter_ = len(self.history_["loss"])

    def _trainable_model(self, builder: ModelBuilder, seed: int, *, going_on: bool) -> keras.Model:
        if going_on and self.model_.compiled:
            return self.model_
        with seeded(seed):
            model = builder.build(self._default_loss)
        if going_on:  # what was pickled is not compiled
            write_weights(model, read_weights(self.model_))
        return model

    def _ask(self, X: ArrayLike) -> NDArray:
        """Return the network's output for X."""
        check_is_fitted(self, "model_")
        self._check_padding(X, self._masks)
        values = self._check_sequences(X)
        self._check_features(X, values)
        options = {"batch_size": self.batch_size, **self._routed_to("predict")}
        self._check_options(options)
        return ask(self.model_, values, **options)

    def _check_finite(self, values: NDArray) -> None:
        """Refuse what is not finite, of windows by the table that they view, if they view one."""
        table = window_table(values)
        if table is not None:
            with suppress(ValueError):  # what no window holds may be anything
                return check_finite(table[0])
        return check_finite(values, estimator_name=type(self).__name__, input_name="X")

    def _named_masks(self) -> dict[str, Any]:
        """Return the network's mask_value, if it is one that takes such a parameter."""
        params = self._builder_params()
        return {name: params[name] for name in params if name == "model__mask_value"}

    def _check_padding(self, X: ArrayLike, masks: dict[str, Any]) -> None:
        """Compare the network's mask_value with that of a padded X, where both are known."""
        padded = getattr(X, "mask_value", None) if isinstance(X, np.ndarray) else None
        if padded is None or not masks:
            return
        name, own = type(self).__name__, masks["model__mask_value"]
        if own is None:
            warnings.warn(
                f"X holds padding, marked by {padded}, which {name} reads as data. Give it "
                f"mask_value={padded} too, and it is skipped.",
                stacklevel=4,
            )
        elif isinstance(own, Real) and not _same_single(own, padded):
            raise ValueError(
                f"X was padded with mask_value={padded}, but {name} skips mask_value={own}. Give "
                "both the same."
            )

    def _check_training_data(self, X: ArrayLike, y: ArrayLike) -> tuple[NDArray, NDArray]:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        values, target = self._check_sequences(X), self._check_target(y)
        check_consistent_length(values, target)
        return values, target

    def _check_sequences(self, X: ArrayLike) -> NDArray:
        """Cast X to Keras' float type, whatever comes, in fit and predict alike.

        scikeras keeps the dtype that fit saw and refuses any other, int after float too. Whether
        all is finite is checked apart, as scikit-learn would read windows one by one.
        """
        floatx = np.dtype(keras.config.floatx())
        checks = {"dtype": floatx, "allow_nd": True, "ensure_all_finite": False}
        with explained(X):
            values = check_array(_cast(X), estimator=self, input_name="X", **checks)
            self._check_finite(values)
        if 0 in values.shape:
            raise ValueError(
                f"X has shape {values.shape}, but {type(self).__name__} reads (samples, "
                "timesteps, features) or (samples, timesteps), none of them zero."
            )
        return values

    def _check_features(self, X: ArrayLike, values: NDArray) -> None:
        """Refuse other features than those of `fit`; another number of time steps is fine.

        scikeras asks for the very shape of `fit`, and does not look at the columns' names.
        """
        validate_data(self, X, reset=False, skip_check_array=True, ensure_2d=False)
        name = type(self).__name__
        if values.ndim != len(self.X_shape_):
            raise ValueError(
                f"X has {values.ndim} dimensions, but {name} was fitted on {len(self.X_shape_)}."
            )
        if values.shape[-1] != self.n_features_in_:
            raise ValueError(
                f"X has {values.shape[-1]} features, but {name} is expecting "
                f"{self.n_features_in_} features as input."
            )

    def _weighted_rows(
        self, X: NDArray, y: NDArray, sample_weight: ArrayLike | None, validation_split: float
    ) -> tuple[NDArray, NDArray, NDArray | None]:
        """Join sample and class weights, and drop the rows that weigh nothing."""
        class_weight = getattr(self, "class_weight", None)
        if sample_weight is None and class_weight is None:
            return X, y, None
        with explained(sample_weight, "sample_weight"):
            weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        by_class = np.ones_like(weight)
        if class_weight is not None:
            by_class = compute_sample_weight(class_weight, y).astype(X.dtype)
            if not (by_class >= 0).all() or np.isinf(by_class).any():
                raise ValueError(
                    f"class_weight={class_weight!r} gives a class a weight that is negative or "
                    "not finite. Give every class a number from 0 up."
                )
        counts = weight * by_class != 0
        if not counts.any():
            raise ValueError("Sample weights must contain at least one non-zero number.")
        if not counts.all():  # else windows that share their memory stay as they are
            X, y, weight, by_class = X[counts], y[counts], weight[counts], by_class[counts]
        # In validation Keras weighs samples, but not classes.
        by_class[training_rows(len(y), validation_split) :] = 1
        return X, y, weight * by_class

    def _early_stopping(self) -> list[keras.callbacks.Callback]:
        if self.patience is None:
            return []
        # Keras' default, val_loss, is silently never there without validation data.
        monitor = "val_loss" if self.validation_split else "loss"
        return [
            keras.callbacks.EarlyStopping(
                monitor, patience=self.patience, restore_best_weights=True
            )
        ]

    def _fit_options(self, seed: int) -> dict[str, Any]:
        routed = self._routed_to("fit")
        shuffle = routed.pop("shuffle", getattr(self, "shuffle", True))
        # scikeras' builder has made these already.
        routed = {n: value for n, value in routed.items() if not n.startswith("callbacks")}
        self._check_options(routed)
        return {
            "seed": seed if shuffle else None,
            "batch_size": self.batch_size,
            "validation_split": self.validation_split,
            "verbose": self.verbose,
            **routed,
        }

    def _check_options(self, options: Mapping[str, Any]) -> None:
        """Check what is routed to a method of Keras in place of a parameter of ours."""
        constraints = self._parameter_constraints
        validate_parameter_constraints(
            {name: constraints[name] for name in options if name in constraints},
            {name: value for name, value in options.items() if name in constraints},
            caller_name=type(self).__name__,
        )

    def _routed_to(self, prefix: str) -> dict[str, Any]:
        params = self.get_params(deep=False).items()
        return {
            name.removeprefix(f"{prefix}__"): value
            for name, value in params
            if name.startswith(f"{prefix}__")
        }

    def _shapes_in_and_out(self) -> tuple[str, str]:
        return shape_of("n", *self.X_shape_[1:]), self._shape_out()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "model_" in state:
            state["model_"] = pack(state["model_"])
        return {name: pack_objects(value) for name, value in state.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Parameters may be configurations, which Keras would follow in the next fit.
        check_config(list(state.values()))
        super().__setstate__({name: unpack_objects(value) for name, value in state.items()})
        if "model_" in state:
            self.model_.run_eagerly = getattr(self, "run_eagerly", False)

    def __sklearn_clone__(self) -> Self:
        # A ready model among the parameters is copied by Keras' own pickling.
        with array_warnings_silenced():
            return _clone_parametrized(self)


class RegressorTarget(RegressorMixin):
    """The side of a `KerasEstimator` that knows its target is a number, or several."""

    def _check_target(self, y: ArrayLike) -> NDArray:
        with explained(y, "y"):
            target = numeric(_check_y(y, multi_output=True, estimator=self), "y")
            if target.dtype.kind in "USV":
                raise ValueError(
                    f"y is of dtype {target.dtype}, but a regressor learns numbers. Make it "
                    "numbers, or take a classifier."
                )
            # In the precision of the network too.
            cast = target.astype(keras.config.floatx())
            check_array(cast, ensure_2d=False, estimator=self, input_name="y")
        return target

    def _describe_target(self, y: NDArray, classes: None) -> dict[str, Any]:
        return {**_describe_any_target(y), "n_outputs_": 1 if y.ndim == 1 else y.shape[1]}

    def _default_loss(self, meta: Mapping[str, Any], model: keras.Model) -> str:
        return "mean_squared_error"

    def _encode_target(self, y: NDArray, meta: dict[str, Any], model: keras.Model) -> NDArray:
        _check_width(model, {meta["n_outputs_"]}, 'keras.layers.Dense(meta["n_outputs_"])')
        y = y.reshape(len(y), -1)
        if y.shape[1] != meta["n_outputs_"]:
            raise ValueError(
                f"y has {y.shape[1]} outputs, but {type(self).__name__} was fitted on "
                f"{meta['n_outputs_']}."
            )
        return y.astype(keras.config.floatx())

    def _shape_out(self) -> str:
        return shape_of("n") if self.y_ndim_ == 1 else shape_of("n", self.n_outputs_)

    @_fit_context(prefer_skip_nested_validation=False)  # the network checks its own parameters
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one more epoch, from where the last call or `fit` has left off.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; those of weight zero are left out.

        Returns
        -------
        estimator
            The estimator, trained on.
        """
        going_on = hasattr(self, "model_")
        return self._fit(X, y, sample_weight, epochs=1, going_on=going_on)

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences of the features of `fit`, of any length.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in the shape of the y of `fit`, and in its dtype if that was a float
            type, else float64.
        """
        y_pred = self._ask(X)
        dtype = self.y_dtype_ if self.y_dtype_.kind == "f" else np.float64
        return (y_pred[:, 0] if self.y_ndim_ == 1 else y_pred).astype(dtype)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        # What scikit-learn asks for is R² > 0.5 on a table of ten unordered columns and 200
        # rows. Read as a series of ten steps, 50 epochs of Adam come to 0.33.
        tags.regressor_tags.poor_score = True
        return tags


class ClassifierTarget(ClassifierMixin):
    """The side of a `KerasEstimator` that knows its target is a class, or several labels."""

    def _check_target(self, y: ArrayLike) -> NDArray:
        with explained(y, "y", numbers=False):
            shape = np.asarray(y).shape
            several = len(shape) == 2 and shape[1] > 1
            target = _check_y(y, multi_output=several, estimator=self)
            if target.dtype.kind == "O":
                _sorted_labels(target)  # refuses those that have no order
            check_classification_targets(target)
        return target

    def _weighted_rows(
        self, X: NDArray, y: NDArray, sample_weight: ArrayLike | None, validation_split: float
    ) -> tuple[NDArray, NDArray, NDArray | None]:
        rows = super()._weighted_rows(X, y, sample_weight, validation_split)
        left = np.unique(rows[1])
        if y.ndim == 1 and len(left) < 2 <= len(np.unique(y)):
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes, but only one class "
                f"has a weight above zero: {left.tolist()[0]!r}"
            )
        return rows

    def _describe_target(self, y: NDArray, classes: ArrayLike | None) -> dict[str, Any]:
        description = _describe_any_target(y)
        target_type = description["target_type_"]
        if target_type == "multiclass-multioutput":
            raise ValueError(
                f"{type(self).__name__} does not support multiclass-multioutput targets. Wrap it "
                "in sklearn.multioutput.MultiOutputClassifier."
            )
        several = target_type == "multilabel-indicator"
        given = y if classes is None else classes
        labels = np.arange(y.shape[1]) if several else _sorted_labels(given)
        if len(labels) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes, but the data "
                f"contains only one class: {labels.tolist()[0]!r}"
                if len(labels)
                else "classes is empty: name all labels that y may hold in any call."
            )
        if not several:  # the first batch need not hold all classes
            description["target_type_"] = type_of_target(labels)
        return {**description, "classes_": labels, "n_classes_": len(labels), "n_outputs_": 1}

    def _default_loss(self, meta: Mapping[str, Any], model: keras.Model) -> str:
        several = meta["target_type_"] == "multilabel-indicator"
        if several or model.output_shape[-1] == 1:
            return "binary_crossentropy"
        return "sparse_categorical_crossentropy"

    def _encode_target(self, y: NDArray, meta: dict[str, Any], model: keras.Model) -> NDArray:
        n_classes, floatx = meta["n_classes_"], keras.config.floatx()
        several = meta["target_type_"] == "multilabel-indicator"
        if (y.ndim == 2) != several or (several and y.shape[1] != n_classes):
            fitted = f"(n_samples, {n_classes})" if several else "(n_samples,)"
            raise ValueError(
                f"y has shape {y.shape}, but {type(self).__name__} was fitted on a y of shape "
                f"{fitted}."
            )
        if several:
            _check_width(model, {n_classes}, 'keras.layers.Dense(meta["n_classes_"], "sigmoid")')
            return y.astype(floatx)
        _check_width(
            model,
            {1, 2} if n_classes == 2 else {n_classes},
            'keras.layers.Dense(meta["n_classes_"], "softmax")',
        )
        unseen = np.setdiff1d(y, meta["classes_"]).tolist()
        if unseen:
            raise ValueError(
                f"y has labels that {type(self).__name__} does not know: {unseen}. Pass all "
                "classes to the first call of partial_fit."
            )
        codes = np.searchsorted(meta["classes_"], y)
        if loss_name(model.loss) == "categorical_crossentropy":
            return np.eye(n_classes, dtype=floatx)[codes]
        return codes.astype(floatx)[:, np.newaxis]

    def _shape_out(self) -> str:
        if self.target_type_ == "multilabel-indicator":
            return shape_of("n", self.n_classes_)
        return f"{shape_of('n')} of {self.n_classes_} classes"

    @_fit_context(prefer_skip_nested_validation=False)  # the network checks its own parameters
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one more epoch, from where the last call or `fit` has left off.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Targets.
        classes : array-like of shape (n_classes,), default=None
            All labels that y may hold in any call, for the first call. None: those in y.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; those of weight zero are left out.

        Returns
        -------
        estimator
            The estimator, trained on.
        """
        going_on = hasattr(self, "model_")
        if going_on and classes is not None:
            again = _sorted_labels(classes)
            if not np.array_equal(again, self.classes_):
                raise ValueError(
                    f"classes={again.tolist()} are not those of the first call, "
                    f"{self.classes_.tolist()}. Leave classes out, or fit anew."
                )
        return self._fit(X, y, sample_weight, epochs=1, going_on=going_on, classes=classes)

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Predict the probability of every class.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences of the features of `fit`, of any length.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; each row adds up to 1, unless y held
            several labels a sample.
        """
        output = self._ask(X).astype(np.float64)
        if self.target_type_ == "multilabel-indicator":
            return output
        if output.shape[1] == 1:
            return np.hstack([1 - output, output])
        return output / output.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict the class.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences of the features of `fit`, of any length.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The most probable classes; for a y of several labels a sample, every label whose
            probability is above 0.5.
        """
        probabilities = self.predict_proba(X)
        if self.target_type_ == "multilabel-indicator":
            return (probabilities > 0.5).astype(self.y_dtype_)
        return self.classes_[probabilities.argmax(axis=1)]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.classifier_tags.multi_label = True
        return tags


def _sorted_labels(y: ArrayLike) -> NDArray:
    """Return every label once, in order."""
    try:
        return np.unique(np.asarray(y))
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in np.asarray(y, dtype=object).ravel()})
        raise TypeError(
            f"The labels are of types without a common order: {', '.join(kinds)}. Give all of them "
            "one type, and leave out samples without a label."
        ) from error


def _cast(X: ArrayLike) -> ArrayLike:
    """Cast what scikit-learn would write out: windows that share their memory, rows on disk."""
    if not isinstance(X, np.ndarray):
        return X
    floatx = np.dtype(keras.config.floatx())
    X = cast_windows(X, floatx)
    return cast(X, floatx) if lies_on_disk(X) else X


def _same_single(one: Real, other: Real) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.float32(one) == np.float32(other))


def _describe_input(X: NDArray) -> dict[str, Any]:
    # scikeras counts axis 1, which is the time steps of a sequence.
    return {"X_shape_": X.shape, "X_dtype_": X.dtype, "n_features_in_": X.shape[-1]}


def _describe_any_target(y: NDArray) -> dict[str, Any]:
    return {
        "target_type_": type_of_target(y, input_name="y"),
        "y_dtype_": y.dtype,
        "y_ndim_": y.ndim,
        "n_outputs_expected_": 1,
    }


def _check_width(model: keras.Model, widths: set[int], remedy: str) -> None:
    # Keras would broadcast, and train on something else than what was meant.
    if model.output_shape[-1] not in widths:
        raise ValueError(
            f"The network has {model.output_shape[-1]} outputs, but y needs "
            f"{' or '.join(map(str, sorted(widths)))}. Let its last layer follow the data: "
            f"{remedy}."
        )
