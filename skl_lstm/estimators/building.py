"""`ModelBuilder`: scikeras routes parameters to Keras, and builds and compiles the network.

The estimators create a builder and do not inherit from scikeras' wrappers, because two checks of
scikit-learn would fail: ``KerasRegressor`` lists ``RegressorMixin`` after ``BaseEstimator``, and
``BaseWrapper`` defines ``_more_tags``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras

from .._compat.scikeras import Builder
from .._core.messages import did_you_mean
from .._core.user_warnings import warn_user
from ..networks.input_shapes import build_for
from ..networks.models import copy_model
from .keras_settings import (
    check_callbacks,
    check_loss,
    check_optimizer_class,
    explained_settings,
)

# The arguments that scikeras passes to a function that has them in its signature.
_PASSED_BY_SCIKERAS = {"meta", "compile_kwargs", "params"}


class ModelBuilder(Builder):
    """Builds, checks and compiles one model."""

    def build(self, default_loss: Callable[[int], str], *, per_step: bool = False) -> keras.Model:
        """Build the model, and compile it unless the user's function has compiled it.

        `default_loss` maps the number of outputs to the loss that is used if `loss` is None.
        With `per_step`, the model must have an output for every time step.
        """
        self._check_arguments()
        model = self.model_ = build_for(self._call_function, self._meta["X_shape_"])
        _check_input(model, self._meta["X_shape_"])
        _check_output(model, per_step=per_step)
        if model.compiled:
            self._warn_of_ignored_settings()
        elif self.loss is None:
            self.loss = default_loss(model.output_shape[-1])
        with explained_settings(self.optimizer):
            self.compile_model()
        check_loss(model.loss, model.output_shape[-1])
        if "classes_" in self._meta:
            _check_activation(model)
        return model

    def make_callbacks(self) -> list[keras.callbacks.Callback]:
        """Return all callbacks. Raise TypeError for anything else."""
        if isinstance(self.callbacks, tuple):  # scikeras takes only lists
            self.callbacks = list(self.callbacks)
        check_callbacks([self.callbacks, getattr(self, "fit__callbacks", None)])
        return super().make_callbacks()

    def _call_function(self) -> keras.Model:
        model = self.build_model()
        if isinstance(model, keras.Model):
            return model
        if isinstance(model, keras.Layer):
            raise TypeError(_not_a_layer(model, "model must return a network, but it returned"))
        raise TypeError(
            f"model must return a keras.Model, but it returned {model!r}. Check "
            "that the function ends with a return statement."
        )

    def _check_arguments(self) -> None:
        """Raise TypeError if the function has not the parameters ``model__name``, or needs more."""
        arguments = inspect.signature(self.model).parameters.values()
        names = {argument.name for argument in arguments} - _PASSED_BY_SCIKERAS
        given = set(self._routed("model__"))
        takes_all = any(argument.kind is argument.VAR_KEYWORD for argument in arguments)
        if (unknown := sorted(given - names)) and not takes_all:
            valid = ", ".join(f"model__{name}" for name in sorted(names)) or "none"
            raise TypeError(
                f"model got an unexpected parameter, model__{unknown[0]}. Its parameters are: "
                f"{valid}.{did_you_mean(unknown[0], names, 'model__{}')}"
            )
        needed = [
            argument.name
            for argument in arguments
            if argument.default is argument.empty
            and argument.kind not in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD)
        ]
        if missing := sorted(set(needed) - given - _PASSED_BY_SCIKERAS):
            raise TypeError(
                f"model needs a value for its parameter {missing[0]!r}. Set model__{missing[0]}, "
                "or give it a default value. The description of the data is passed as `meta`."
            )

    def _warn_of_ignored_settings(self) -> None:
        """Warn of settings of the compilation, if the function has compiled the network without."""
        arguments = inspect.signature(self.model).parameters.values()
        if any(
            a.name in _PASSED_BY_SCIKERAS - {"meta"} or a.kind is a.VAR_KEYWORD for a in arguments
        ):
            return
        routed = [
            f"{prefix}{name}"
            for prefix in ("optimizer__", "loss__", "metrics__", "compile__")
            for name in self._routed(prefix)
            if (prefix, name) != ("optimizer__", "name")  # set by `optimizer_params`
        ]
        defaults = {"optimizer": "adam", "loss": None, "metrics": None}
        named = [name for name, value in defaults.items() if getattr(self, name) != value]
        ignored = [*named, *routed]
        if ignored:
            warn_user(
                f"No effect of {', '.join(ignored)}: the network was compiled already, and is "
                "trained with its own optimizer, loss and metrics. To set them here, remove the "
                "call of compile()."
            )

    def _routed(self, prefix: str) -> list[str]:
        params = self.get_params(deep=False)
        return [name.removeprefix(prefix) for name in params if name.startswith(prefix)]


def as_build_function(model: Any) -> Callable[..., keras.Model]:
    """Convert `model` to a function that scikeras accepts.

    scikeras refuses bound methods and callable objects. It trains a ``keras.Model`` in place, so
    every fit would start from the weights of the previous one.
    """
    if isinstance(model, keras.Model):
        return functools.partial(copy_model, model)
    expected = "model must be a function that returns a keras.Model, or a keras.Model; got"
    if isinstance(model, keras.Layer):
        raise TypeError(_not_a_layer(model, expected))
    if inspect.isclass(model) and issubclass(model, keras.Model) and model is not keras.Model:
        raise TypeError(f"{expected} the class {model.__name__}. Pass an instance of it.")
    if not callable(model) or inspect.isclass(model):
        raise TypeError(f"{expected} {model!r}.")
    return functools.partial(model)


def _not_a_layer(layer: keras.Layer, problem: str) -> str:
    name = type(layer).__name__
    return (
        f"{problem} a single layer, {name}. A network ends in a Dense layer with one unit per "
        f"output: keras.Sequential([{name}(...), keras.layers.Dense(1)])."
    )


def optimizer_params(optimizer: Any) -> dict[str, Any]:
    """Return parameters from which scikeras creates a new optimizer.

    An instance is copied because Keras ties it to one model. An optimizer given as a string gets
    the same name in every fit. Otherwise Keras would number the names, and TensorFlow keeps
    memory for every name that a variable ever had.
    """
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return {"optimizer": type(optimizer).from_config(optimizer.get_config())}
    if isinstance(optimizer, dict):
        return {"optimizer": optimizer_from_config(optimizer)}
    check_optimizer_class(optimizer)
    named = {"optimizer__name": optimizer} if isinstance(optimizer, str) else {}
    return {"optimizer": optimizer, **named}


def optimizer_from_config(
    optimizer: dict[str, Any], learning_rate: float | None = None
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a configuration. Its learning rate is used if it contains one."""
    if not isinstance(optimizer.get("class_name"), str):
        raise ValueError(
            f"optimizer={optimizer!r} does not name an optimizer. Use a dict such as "
            '{"class_name": "sgd", "config": {"momentum": 0.9}}.'
        )
    default = {} if learning_rate is None else {"learning_rate": float(learning_rate)}
    config = {**default, **(optimizer.get("config") or {})}
    with explained_settings(optimizer["class_name"]):
        return keras.optimizers.get({**optimizer, "config": config})


def _check_input(model: keras.Model, X_shape: tuple[int, ...]) -> None:
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != len(X_shape):
        return
    if any(size not in (None, n) for size, n in zip(shape[1:], X_shape[1:], strict=True)):
        raise ValueError(
            f"The network takes an input of shape {shape}, but X has shape {X_shape}. Use "
            'keras.Input((None, meta["n_features_in_"])), which fits every number of timesteps.'
        )


def _check_output(model: keras.Model, *, per_step: bool) -> None:
    shape = getattr(model, "output_shape", None)
    if isinstance(shape, tuple) and len(shape) == (3 if per_step else 2):
        return
    needed = "(samples, timesteps, outputs)" if per_step else "(samples, outputs)"
    problem = f"The output of the network has shape {shape}"
    if shape is None:
        problem = f"The output shape of the {type(model).__name__} is undefined"
    remedy = "Build the network as keras.Model(inputs, outputs), with one output."
    if isinstance(shape, tuple):
        remedy = (
            "Set return_sequences=True in the last recurrent layer."
            if per_step
            else "Set return_sequences=False in the last recurrent layer. For a label or a number "
            "for every time step, use LSTMStepClassifier or LSTMStepRegressor."
        )
    raise ValueError(f"{problem}, but an estimator needs {needed}. {remedy}")


def _check_activation(model: keras.Model) -> None:
    """Raise if the outputs of a classifier cannot be probabilities.

    Only the last layer of a Sequential or functional model is known. The user may have chosen a
    loss for outputs without activation, but `predict_proba` needs probabilities.
    """
    last, outputs = model.layers[-1:], getattr(model, "outputs", None)
    if not (last and outputs and isinstance(last[0], keras.layers.Dense)):
        return
    (layer,) = last
    if layer.output is outputs[0] and layer.activation is keras.activations.linear:
        needed = (
            '"sigmoid"'
            if layer.units == 1
            else '"softmax", or "sigmoid" if a sample can have several labels'
        )
        raise ValueError(
            "The last layer of the network has no activation, so its outputs are not "
            f"probabilities. Use keras.layers.Dense({layer.units}) with the activation {needed}."
        )
