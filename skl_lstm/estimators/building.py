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
from ..networks.models import copy_model


class ModelBuilder(Builder):
    """Builds, checks and compiles one model."""

    def build(self, default_loss: Callable[[int], str]) -> keras.Model:
        """Build the model, and compile it unless the user's function has compiled it.

        `default_loss` maps the number of outputs to the loss that is used if `loss` is None.
        """
        model = self.build_model()
        if not isinstance(model, keras.Model):
            raise TypeError(
                f"model must return a keras.Model, but it returned {model!r}. Check "
                "that the function ends with a return statement."
            )
        _check_output(model)
        if self.loss is None:
            self.loss = default_loss(model.output_shape[-1])
        self.compile_model()
        return model


def as_build_function(model: Any) -> Callable[..., keras.Model]:
    """Convert `model` to a function that scikeras accepts.

    scikeras refuses bound methods and callable objects. It trains a ``keras.Model`` in place, so
    every fit would start from the weights of the previous one.
    """
    if isinstance(model, keras.Model):
        return functools.partial(copy_model, model)
    if not callable(model) or inspect.isclass(model):
        raise TypeError(
            f"model must be a function that returns a keras.Model, or a keras.Model; got {model!r}."
        )
    return functools.partial(model)


def optimizer_params(optimizer: Any) -> dict[str, Any]:
    """Return parameters from which scikeras creates a new optimizer.

    An instance is copied because Keras ties it to one model. An optimizer given as a string gets
    the same name in every fit. Otherwise Keras would number the names, and TensorFlow keeps
    memory for every name that a variable ever had.
    """
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return {"optimizer": type(optimizer).from_config(optimizer.get_config())}
    named = {"optimizer__name": optimizer} if isinstance(optimizer, str) else {}
    return {"optimizer": optimizer, **named}


def optimizer_from_config(
    optimizer: dict[str, Any], learning_rate: float
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a configuration. Its learning rate is used if it contains one."""
    config = {"learning_rate": float(learning_rate), **(optimizer.get("config") or {})}
    return keras.optimizers.get({**optimizer, "config": config})


def _check_output(model: keras.Model) -> None:
    shape = getattr(model, "output_shape", None)
    if isinstance(shape, tuple) and len(shape) == 2:
        return
    problem = f"The output of the network has shape {shape}"
    if shape is None:
        problem = f"The output shape of the {type(model).__name__} is undefined"
    remedy = "Build the network as keras.Model(inputs, outputs), with one output."
    if isinstance(shape, tuple):
        remedy = "Set return_sequences=False in the last recurrent layer."
    raise ValueError(f"{problem}, but an estimator needs (samples, outputs). {remedy}")
