"""scikeras as the builder of networks: it routes parameters to Keras, builds and compiles.

The estimators hold such a builder and do not inherit from it. They cannot: its
``KerasRegressor`` has the mixin behind ``BaseEstimator``, its ``BaseWrapper`` defines
``_more_tags``, and two of scikit-learn's checks look for just that in every ancestor.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras

from .._compat.scikeras import Builder
from ..networks.models import (
    copy_model,
)


class ModelBuilder(Builder):
    """Builds one model from its parameters, checks it and compiles it."""

    def build(self, default_loss: Callable[[int], str]) -> keras.Model:
        """Build the model, and compile it unless the user's function has done so.

        `default_loss` names the loss for so many outputs, where the user has named none.
        """
        model = self.build_model()
        if not isinstance(model, keras.Model):
            raise TypeError(
                f"model must return a keras.Model, but it returned {model!r}. Does the "
                "function end with a return?"
            )
        _check_output(model)
        if self.loss is None:
            self.loss = default_loss(model.output_shape[-1])
        self.compile_model()
        return model


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
