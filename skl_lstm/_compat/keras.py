"""The private names of Keras that this package uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
from keras.src.random import seed_generator

# The `__module__` of every class and function of Keras starts with this prefix.
SOURCE = "keras.src."

PRIVATE_NAMES = {
    "keras.Model._compile_config": (
        "The arguments of compile() as objects. Replacement: get_compile_config(), which converts "
        "them to names."
    ),
    "keras.Model._distribute_strategy": (
        "The distribution strategy that a model was built under. Replacement: none known; "
        "TensorFlow only returns the current strategy."
    ),
    "keras.Model._flatten_layers": (
        "All layers, including those of inner models. Replacement: recursion over `layers`."
    ),
    "keras.Model._symbolic_build": (
        "Creates the variables of losses and metrics before the first step. Replacement: one "
        "training step that is undone afterwards."
    ),
    "keras.losses.Huber._fn_kwargs": (
        "The delta, which get_config() of this loss omits. Replacement: get_config(), once it "
        "includes delta."
    ),
    "keras.optimizers.Optimizer._exclude_from_weight_decay": (
        "The variables without weight decay, which get_config() of an optimizer omits. The "
        "attribute exists after a call of exclude_from_weight_decay(). Replacement: none known."
    ),
    "keras.src.random.seed_generator.python_random": (
        "The generator from which layers without a seed draw one. Replacement: "
        "keras.utils.set_random_seed, which changes the state of the whole process."
    ),
    "keras.layers.LSTM.inner_loop": (
        "The loop over time, overridden to use a faster kernel. Replacement: a new layer class."
    ),
}


def all_layers(model: keras.Model, *, include_self: bool = True) -> list[keras.Layer]:
    """Return all layers of a model, including those of inner models."""
    return list(model._flatten_layers(include_self=include_self))


def compile_settings(model: keras.Model) -> Mapping[str, Any]:
    """Return the arguments of compile(): optimizer, loss, metrics and options."""
    return model._compile_config.config


def build_losses_and_metrics(model: keras.Model, batch: tuple[Any, ...]) -> None:
    """Create the variables of losses and metrics, which Keras creates only in the first step."""
    model._symbolic_build(data_batch=batch)


def distribution_strategy(model: keras.Model) -> Any:
    """Return the TensorFlow distribution strategy that a model was built under, or None."""
    return model._distribute_strategy


def has_weight_decay_exclusions(optimizer: keras.optimizers.Optimizer) -> bool:
    """Return whether `exclude_from_weight_decay` was called on an optimizer."""
    return hasattr(optimizer, "_exclude_from_weight_decay")


def huber_delta(loss: keras.losses.Huber) -> float:
    """Return the delta of a Huber loss."""
    return loss._fn_kwargs["delta"]


@contextmanager
def seeds_drawn_from(generator: Any) -> Iterator[None]:
    """Let layers without a seed draw one from `generator` instead of Python's `random`."""
    before = seed_generator.python_random
    seed_generator.python_random = generator
    try:
        yield
    finally:
        seed_generator.python_random = before
