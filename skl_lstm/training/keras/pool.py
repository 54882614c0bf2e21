"""Traced copies of Keras models, kept for the next model of the same architecture.

To trace a training step takes longer
than a small fit, and what is traced belongs to one model for good. So models are trained and
asked through copies: a copy takes over a model's state, runs, and gives the state back. It is
lent to one borrower at a time, and nobody else sees it.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..._compat.keras import build_losses_and_metrics
from ...networks.seeding import seeded
from .feed import Part, Rows, row_specs, take
from .fused_lstm import fused
from .plans import Plan, compile_config

# A traced copy takes some 12 MB.
_MOST_COPIES = 16
# Eigen's matrix products compute 24 rows at once with AVX2 and 48 with AVX-512, and round the
# rows that are left over in another way. Without them the output of a row depends neither on
# the rows beside it nor on its position.
_ROWS_OF_A_KERNEL = 48


class TracedCopy:
    """A copy of the models of one plan, and what has been traced of it."""

    def __init__(self, plan: Plan, model: keras.Model) -> None:
        self.plan = plan
        config = json.loads(plan.architecture)
        # On a GPU Keras has a fused kernel of its own.
        on_gpu = bool(tf.config.list_physical_devices("GPU"))
        with seeded(0):  # all that is drawn now is overwritten
            self.model = plan.model_class.from_config(config if on_gpu else fused(config))
        # A part of a layer may be frozen, which the config of the layer does not say.
        for variable, trainable in zip(self.model.variables, plan.trainable, strict=True):
            variable.trainable = trainable
        if plan.compiled is not None:
            self.model.compile_from_config(compile_config(model))
        self._traced: dict[Any, Callable] = {}

    def load(self, model: keras.Model, *, optimizer: bool = False) -> None:
        """Take over the state of a model, and that of its optimizer if need be."""
        _assign(_variables(self.model, optimizer), _variables(model, optimizer))

    def store(self, model: keras.Model) -> None:
        """Give a model and its optimizer the state of the copy."""
        _assign(_variables(model, True), _variables(self.model, True))

    def train_epoch(self, parts: Iterable[Part], batch_size: int) -> dict[str, float]:
        """Train on all rows once, in their order; return Keras' logs of the epoch."""
        return self._over_batches("train_step", parts, batch_size)

    def evaluate(self, parts: Iterable[Part], batch_size: int) -> dict[str, float]:
        """Return the loss and the metrics over all rows."""
        return self._over_batches("test_step", parts, batch_size)

    def predict(self, X: NDArray) -> NDArray:
        """Return the output for the rows of X."""
        spec = tf.TensorSpec(self.model.input_shape, X.dtype)
        if spec not in self._traced:
            self._traced[spec] = _traced(lambda rows: self.model(rows, training=False), spec)
        return self._traced[spec](tf.convert_to_tensor(_filled_up(X))).numpy()[: len(X)]

    def _over_batches(self, step: str, parts: Iterable[Part], batch_size: int) -> dict[str, float]:
        for number, (data, order) in enumerate(parts):
            X, *targets = data
            specs = (
                row_specs(X, self.model.input_shape[1:]),
                *(row_specs(target, target[0].shape[1:]) for target in targets),
            )
            if (step, specs) not in self._traced:
                self._traced[step, specs] = self._trace(step, data, specs)
            is_first = tf.constant(number == 0)
            logs = self._traced[step, specs](tuple(data), order, tf.constant(batch_size), is_first)
        return {name: float(value) for name, value in logs.items()}

    def _trace(
        self, step: str, data: Sequence[Rows], specs: tuple[tuple[tf.TensorSpec, ...], ...]
    ) -> Callable[..., dict[str, tf.Tensor]]:
        model, take_step = self.model, getattr(self.model, step)

        def over_batches(
            data: Sequence[Rows], order: tf.Tensor, batch_size: tf.Tensor, is_first: tf.Tensor
        ) -> dict[str, tf.Tensor]:
            def one_batch(start: tf.Tensor) -> tf.Tensor:
                x, *targets = (take(rows, order[start : start + batch_size]) for rows in data)
                take_step((tf.ensure_shape(x, model.input_shape), *targets))
                return start + batch_size

            tf.cond(is_first, model.reset_metrics, lambda: None)
            tf.while_loop(lambda start: start < tf.size(order), one_batch, [0])
            return model.get_metrics_result()

        # Keras makes the variables of losses and metrics when it first sees a batch.
        build_losses_and_metrics(model, tuple(take(rows, tf.range(1)) for rows in data))
        number, numbers = tf.TensorSpec([], tf.int32), tf.TensorSpec([None], tf.int32)
        return _traced(over_batches, specs, numbers, number, tf.TensorSpec([], tf.bool))


def _filled_up(X: NDArray) -> NDArray:
    """Copy rows, and repeat the first one up to a multiple of `_ROWS_OF_A_KERNEL`."""
    filled = np.empty((-(-len(X) // _ROWS_OF_A_KERNEL) * _ROWS_OF_A_KERNEL, *X.shape[1:]), X.dtype)
    filled[: len(X)], filled[len(X) :] = X, X[0]
    return filled


def _traced(function: Callable[..., Any], *specs: Any) -> Callable[..., Any]:
    # Called as one concrete function, as TensorFlow warns of functions traced often.
    return tf.function(function, input_signature=specs, autograph=False).get_concrete_function()


def _variables(model: keras.Model, optimizer: bool) -> list[keras.Variable]:
    return [*model.variables, *(model.optimizer.variables if optimizer else ())]


def _assign(targets: Sequence[keras.Variable], sources: Sequence[keras.Variable]) -> None:
    for target, source in zip(targets, sources, strict=True):
        # By the bare operations: `assign` takes longer than to ask a network for one row.
        value = tf.raw_ops.ReadVariableOp(resource=source.value.handle, dtype=source.value.dtype)
        tf.raw_ops.AssignVariableOp(resource=target.value.handle, value=value)


class Pool:
    """Traced copies at rest, the one used last at the end."""

    def __init__(self, most: int = _MOST_COPIES) -> None:
        self._most = most
        self._idle: list[TracedCopy] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def lend(self, plan: Plan, model: keras.Model) -> Iterator[TracedCopy]:
        """Lend a copy that can stand in for a model; one that breaks off does not come back."""
        copy = self._take(plan) or TracedCopy(plan, model)
        yield copy
        with self._lock:
            self._idle.append(copy)
            del self._idle[: -self._most]

    def _take(self, plan: Plan) -> TracedCopy | None:
        with self._lock:
            for number in reversed(range(len(self._idle))):
                if _can_run(self._idle[number].plan, plan):
                    return self._idle.pop(number)
        return None


def _can_run(copy: Plan, wanted: Plan) -> bool:
    # To be asked, it does not matter how a copy was compiled.
    return copy == wanted or copy._replace(compiled=None) == wanted


POOL = Pool()
