"""Checks of settings that Keras reads: optimizers, losses, metrics and callbacks.

Keras names what it cannot interpret. The messages here add what was probably meant.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
from scikeras.utils import loss_name

from .._core.messages import did_you_mean

# These losses compare the outputs with each other.
_ONE_OUTPUT_PER_CLASS = {
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "sparse_categorical_crossentropy",
}
_UNKNOWN_SETTING = re.compile(r"Argument\(s\) not recognized: {'(\w+)'")
_UNKNOWN_NAME = re.compile(
    r"Could not interpret (optimizer|loss|metric) identifier: (?:{'class_name': ')?(\w+)"
)


@contextmanager
def explained_settings(optimizer: Any) -> Iterator[None]:
    """Add the valid names to the errors of Keras about the settings of a compilation."""
    try:
        yield
    except (TypeError, ValueError) as error:
        hint = _hint(str(error), optimizer)
        if not hint:
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{str(error).rstrip('.')}.{hint}") from error


def check_optimizer_class(optimizer: Any) -> None:
    """Raise TypeError for a class that is not an optimizer."""
    if inspect.isclass(optimizer) and not issubclass(optimizer, keras.optimizers.Optimizer):
        raise TypeError(
            f"optimizer={optimizer.__name__} is a class, but not a subclass of "
            "keras.optimizers.Optimizer. Use a class such as keras.optimizers.Adam."
        )


def check_loss(loss: Any, n_outputs: int) -> None:
    """Raise ValueError for a loss that does not suit the number of outputs."""
    if isinstance(loss, list | tuple) and len(loss) > 1:
        raise ValueError(
            f"loss is a list of {len(loss)} losses, but the network has one output layer, for "
            "which Keras would use the first loss only. Use one loss."
        )
    name = _name_of(loss)
    if n_outputs == 1 and name in _ONE_OUTPUT_PER_CLASS:
        raise ValueError(
            f"The loss {name} needs one output per class, but the network has 1 output. For two "
            "classes and one output use 'binary_crossentropy', for numbers a loss such as "
            "'mean_squared_error'. loss=None chooses one of them."
        )


def trains_on_one_hot(loss: Any, n_outputs: int) -> bool:
    """Return whether a loss of Keras compares every output with a target of its own."""
    name = _name_of(loss)
    if name == "categorical_crossentropy":
        return True
    return n_outputs > 1 and name != "sparse_categorical_crossentropy" and _is_keras(loss)


def check_callbacks(callbacks: Any) -> None:
    """Raise TypeError if a callback is not one of Keras."""
    for callback in keras.tree.flatten(callbacks):
        kind = callback if inspect.isclass(callback) else type(callback)
        if callback is None or issubclass(kind, keras.callbacks.Callback):
            continue
        hint = ""
        if hasattr(callback, "on_fit_task_begin"):
            hint = " Callbacks of scikit-learn are set by estimator.set_callbacks()."
        elif callable(callback):
            hint = " To call a function, use keras.callbacks.LambdaCallback(on_epoch_end=function)."
        raise TypeError(
            f"callbacks contains {callback!r}, but must contain instances or subclasses of "
            f"keras.callbacks.Callback.{hint}"
        )


def _single(loss: Any) -> Any:
    return loss[0] if isinstance(loss, list | tuple) and loss else loss


def _name_of(loss: Any) -> str | None:
    try:
        return loss_name(_single(loss))
    except (TypeError, ValueError):  # a dict, or a class with arguments
        return None


def _is_keras(loss: Any) -> bool:
    loss = _single(loss)
    found = keras.losses.get(loss) if isinstance(loss, str) else loss
    return str(getattr(found, "__module__", "")).startswith("keras.")


def _hint(problem: str, optimizer: Any) -> str:
    if match := _UNKNOWN_NAME.search(problem):
        kind, name = match.groups()
        module = "losses" if kind == "loss" else f"{kind}s"
        names = [known for known in dir(getattr(keras, module)) if known[0] != "_"]
        if kind == "optimizer":  # Keras finds them in lower case, as people write them
            names = [known.lower() for known in names]
        return did_you_mean(name, names) or f" The names are those of keras.{module}."
    if match := _UNKNOWN_SETTING.match(problem):
        settings = _settings_of(optimizer)
        return f" The settings are: {', '.join(settings)}.{did_you_mean(match[1], settings)}"
    if "does not accept parameters because it's not a class" in problem:
        return " To set parameters, pass a class, such as keras.losses.Huber, not a name."
    return ""


def _settings_of(optimizer: Any) -> list[str]:
    """Return the parameters of an optimizer, given by its name, class or an instance."""
    classes = {name.lower(): found for name, found in vars(keras.optimizers).items()}
    found = classes.get(optimizer.lower()) if isinstance(optimizer, str) else optimizer
    parameters = inspect.signature(found if inspect.isclass(found) else type(found)).parameters
    return [name for name, p in parameters.items() if p.kind is not p.VAR_KEYWORD]
