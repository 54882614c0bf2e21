"""Private names of Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
from keras.src.random import seed_generator

# Where Keras keeps its own classes and functions.
SOURCE = "keras.src."

PRIVATE_NAMES = {
    "keras.Model._compile_config": (
        "What a model was compiled with, as objects. Replacement: get_compile_config(), which "
        "turns them into names."
    ),
    "keras.Model._distribute_strategy": (
        "The strategy that a model was built under. Replacement: none known; TensorFlow only "
        "knows the current one."
    ),
    "keras.Model._flatten_layers": (
        "Every layer, those of inner models too. Replacement: a walk through `layers`."
    ),
    "keras.Model._symbolic_build": (
        "Makes the variables of losses and metrics ahead of the first step. Replacement: one "
        "step of training, undone."
    ),
    "keras.losses.Huber._fn_kwargs": (
        "The delta that the configuration of this loss leaves out. Replacement: its configuration."
    ),
    "keras.optimizers.Optimizer._exclude_from_weight_decay": (
        "Variables without weight decay, which the configuration of an optimizer leaves out; an "
        "optimizer has the attribute once exclude_from_weight_decay was called. Replacement: none "
        "known."
    ),
    "keras.src.random.seed_generator.python_random": (
        "The generator that layers without a seed draw theirs from. Replacement: "
        "keras.utils.set_random_seed, which changes the state of the whole process."
    ),
    "keras.layers.LSTM.inner_loop": (
        "The loop over time, overridden for a faster kernel. Replacement: a layer of our own."
    ),
}


def all_layers(model: keras.Model, *, include_self: bool = True) -> list[keras.Layer]:
    """Return every layer of a model, those of inner models too."""
    return list(model._flatten_layers(include_self=include_self))


def compile_settings(model: keras.Model) -> Mapping[str, Any]:
    """Return what a model was compiled with: optimizer, loss, metrics and options."""
    return model._compile_config.config


def build_losses_and_metrics(model: keras.Model, batch: tuple[Any, ...]) -> None:
    """Make the variables of the losses and metrics, which Keras otherwise makes in a step."""
    model._symbolic_build(data_batch=batch)


def distribution_strategy(model: keras.Model) -> Any:
    """Return the strategy of TensorFlow that a model was built under, None without one."""
    return model._distribute_strategy


def excludes_weight_decay(optimizer: keras.optimizers.Optimizer) -> bool:
    """Return whether some variables were excluded from the weight decay of an optimizer."""
    return hasattr(optimizer, "_exclude_from_weight_decay")


def huber_delta(loss: keras.losses.Huber) -> float:
    """Return the delta of a Huber loss."""
    return loss._fn_kwargs["delta"]


@contextmanager
def seeds_drawn_from(generator: Any) -> Iterator[None]:
    """Let layers without a seed draw theirs from another generator than Python's."""
    before = seed_generator.python_random
    seed_generator.python_random = generator
    try:
        yield
    finally:
        seed_generator.python_random = before
