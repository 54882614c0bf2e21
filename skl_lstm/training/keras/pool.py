"""Traced copies of Keras models, reused for all models of the same plan.

Tracing a training step takes longer than a small fit, and a traced function can only be used with
the model it was traced for. So a copy of the model is traced: it loads the state of a model, trains
or predicts, and stores the state in the model again. A copy is used by one caller at a time.
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
from .feed import Part, Tensors, take, tensor_specs
from .fused_lstm import fused
from .plans import Plan, compile_config

# A traced copy uses about 12 MB of memory.
_MAX_COPIES = 16
# Eigen's matrix products compute blocks of 24 rows with AVX2 and of 48 rows with AVX-512, and round
# the remaining rows differently. With a multiple of 48 rows no rows remain, so the output of a row
# depends neither on the other rows nor on its position.
_ROWS_OF_A_BLOCK = 48


class TracedCopy:
    """A model that replaces any model of one plan, with its traced functions."""

    def __init__(self, plan: Plan, model: keras.Model) -> None:
        self.plan = plan
        config = json.loads(plan.architecture)
        # On a GPU Keras' own LSTM uses a fused kernel.
        on_gpu = bool(tf.config.list_physical_devices("GPU"))
        with seeded(0):  # `load` overwrites the weights drawn here
            self.model = plan.model_class.from_config(config if on_gpu else fused(config))
        # The config of a layer does not contain which of its variables are frozen.
        for variable, trainable in zip(self.model.variables, plan.trainable, strict=True):
            variable.trainable = trainable
        if plan.compiled is not None:
            self.model.compile_from_config(compile_config(model))
        self._traced: dict[Any, Callable] = {}

    def load(self, model: keras.Model, *, optimizer: bool = False) -> None:
        """Copy the state of a model, and optionally of its optimizer, into this copy."""
        _assign(_variables(self.model, optimizer), _variables(model, optimizer))

    def store(self, model: keras.Model) -> None:
        """Copy the state of this copy and its optimizer into a model."""
        _assign(_variables(model, True), _variables(self.model, True))

    def train_epoch(self, parts: Iterable[Part], batch_size: int) -> dict[str, float]:
        """Train on all rows once, in the given order, and return Keras' logs of the epoch."""
        return self._over_batches("train_step", parts, batch_size)

    def evaluate(self, parts: Iterable[Part], batch_size: int) -> dict[str, float]:
        """Return the loss and the metrics over all rows."""
        return self._over_batches("test_step", parts, batch_size)

    def predict(self, X: NDArray) -> NDArray:
        """Return the output for the rows of X."""
        spec = tf.TensorSpec(self.model.input_shape, X.dtype)
        if spec not in self._traced:
            self._traced[spec] = _trace_function(lambda X: self.model(X, training=False), spec)
        return self._traced[spec](tf.convert_to_tensor(_padded_to_blocks(X))).numpy()[: len(X)]

    def _over_batches(self, step: str, parts: Iterable[Part], batch_size: int) -> dict[str, float]:
        for part, (data, order) in enumerate(parts):
            X, *targets = data
            specs = (
                tensor_specs(X, self.model.input_shape[1:]),
                *(
                    tensor_specs(target, _row_shape(target[0], is_weight=index > 0))
                    for index, target in enumerate(targets)
                ),
            )
            if (step, specs) not in self._traced:
                self._traced[step, specs] = self._trace(step, data, specs)
            is_first = tf.constant(part == 0)
            logs = self._traced[step, specs](tuple(data), order, tf.constant(batch_size), is_first)
        return {name: float(value) for name, value in logs.items()}

    def _trace(
        self, step: str, data: Sequence[Tensors], specs: tuple[tuple[tf.TensorSpec, ...], ...]
    ) -> Callable[..., dict[str, tf.Tensor]]:
        model, take_step = self.model, getattr(self.model, step)

        def over_batches(
            data: Sequence[Tensors], order: tf.Tensor, batch_size: tf.Tensor, is_first: tf.Tensor
        ) -> dict[str, tf.Tensor]:
            def one_batch(start: tf.Tensor) -> tf.Tensor:
                x, *targets = (take(tensors, order[start : start + batch_size]) for tensors in data)
                take_step((tf.ensure_shape(x, model.input_shape), *targets))
                return start + batch_size

            tf.cond(is_first, model.reset_metrics, lambda: None)
            tf.while_loop(lambda start: start < tf.size(order), one_batch, [0])
            return model.get_metrics_result()

        # Keras would create the variables of losses and metrics in the first batch, inside the
        # traced function, where variables cannot be created.
        build_losses_and_metrics(model, tuple(take(tensors, tf.range(1)) for tensors in data))
        positions_spec, size_spec = tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)
        return _trace_function(
            over_batches, specs, positions_spec, size_spec, tf.TensorSpec([], tf.bool)
        )


def _row_shape(target: tf.Tensor, *, is_weight: bool) -> list[int | None]:
    """Return the shape of one row of y or of the weights, with any number of time steps."""
    row = list(target.shape[1:])
    has_steps = len(row) == (1 if is_weight else 2)
    return [None, *row[1:]] if has_steps else row


def _padded_to_blocks(X: NDArray) -> NDArray:
    """Return a copy of X, with row 0 repeated up to a multiple of `_ROWS_OF_A_BLOCK` rows."""
    filled = np.empty((-(-len(X) // _ROWS_OF_A_BLOCK) * _ROWS_OF_A_BLOCK, *X.shape[1:]), X.dtype)
    filled[: len(X)], filled[len(X) :] = X, X[0]
    return filled


def _trace_function(function: Callable[..., Any], *specs: Any) -> Callable[..., Any]:
    # TensorFlow warns if a tf.function is traced often. A concrete function is traced once.
    return tf.function(function, input_signature=specs, autograph=False).get_concrete_function()


def _variables(model: keras.Model, optimizer: bool) -> list[keras.Variable]:
    return [*model.variables, *(model.optimizer.variables if optimizer else ())]


def _assign(targets: Sequence[keras.Variable], sources: Sequence[keras.Variable]) -> None:
    for target, source in zip(targets, sources, strict=True):
        # Raw operations, because `assign` takes longer than a prediction for one row.
        value = tf.raw_ops.ReadVariableOp(resource=source.value.handle, dtype=source.value.dtype)
        tf.raw_ops.AssignVariableOp(resource=target.value.handle, value=value)


class Pool:
    """The traced copies that are not in use, the most recently used one last."""

    def __init__(self, max_copies: int = _MAX_COPIES) -> None:
        self._max_copies = max_copies
        self._idle: list[TracedCopy] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def lend(self, plan: Plan, model: keras.Model) -> Iterator[TracedCopy]:
        """Yield a copy for the exclusive use of the caller.

        If an exception is raised inside the ``with`` block, the copy is discarded.
        """
        copy = self._take(plan) or TracedCopy(plan, model)
        yield copy
        with self._lock:
            self._idle.append(copy)
            del self._idle[: -self._max_copies]

    def _take(self, plan: Plan) -> TracedCopy | None:
        with self._lock:
            for index in reversed(range(len(self._idle))):
                if _can_replace(self._idle[index].plan, plan):
                    return self._idle.pop(index)
        return None


def _can_replace(available: Plan, wanted: Plan) -> bool:
    # The compile settings of a copy do not affect predictions.
    return available == wanted or available._replace(compiled=None) == wanted


POOL = Pool()
