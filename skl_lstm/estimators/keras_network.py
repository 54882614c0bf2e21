"""`KerasNetwork`: a network that Keras trains. It is built, trained, predicts and is saved here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import keras
from numpy.typing import NDArray

from ..networks.architecture import Architecture, Scaling
from ..networks.lstm import build_trained, weights_by_layer
from ..networks.models import (
    build_optimizer,
    copy_compile_settings,
    copy_model,
    read_weights,
    state_restored_on_error,
    write_weights,
)
from ..networks.saving import pack, unpack
from ..networks.seeding import seeded
from ..training.keras import engine
from ..training.rows import count_of
from .building import ModelBuilder
from .callbacks import EpochTasks
from .keras_settings import trains_on_one_hot

if TYPE_CHECKING:
    from .base import Run
    from .targets import ClassTarget, NumericTarget


class KerasNetwork:
    """A Keras model, and the callbacks that the user has set for its training."""

    def __init__(
        self, model: keras.Model, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> None:
        self.model = model
        self._callbacks = callbacks
        self._model_in_units: keras.Model | None = None

    @classmethod
    def build(
        cls,
        meta: Mapping[str, Any],
        target: NumericTarget | ClassTarget,
        seed: int,
        params: Mapping[str, Any],
        weights: Sequence[NDArray] | None = None,
        *,
        per_step: bool = False,
    ) -> Self:
        """Build and compile a model from `meta` and the parameters of a `ModelBuilder`.

        The weights are drawn from the seed, unless they are given. With `per_step`, the model must
        have an output for every time step.
        """
        builder = ModelBuilder(meta, **params)
        with seeded(seed):
            model = builder.build(target.default_loss, per_step=per_step)
        if weights is not None:
            write_weights(model, weights)
        return cls(model, builder.make_callbacks())

    def resumed(
        self,
        meta: Mapping[str, Any],
        target: NumericTarget | ClassTarget,
        seed: int,
        params: Mapping[str, Any],
        *,
        per_step: bool = False,
    ) -> Self:
        """Return a network to train this one further, with the callbacks in `params`."""
        if self.model.compiled:
            return type(self)(self.model, ModelBuilder(meta, **params).make_callbacks())
        # Unpickling does not compile the model.
        return self.build(meta, target, seed, params, self.weights, per_step=per_step)

    @property
    def n_outputs(self) -> int:
        """The number of outputs."""
        return self.model.output_shape[-1]

    @property
    def weights(self) -> list[NDArray]:
        """Copies of the weights, in the order of ``keras.Model.weights``."""
        return read_weights(self.model)

    @property
    def weights_by_layer(self) -> list[NDArray]:
        """Copies of the weights of a `lstm_network`, in the order of `layers_of`."""
        return weights_by_layer(self.model)

    @property
    def trains_on_one_hot(self) -> bool:
        """Whether the targets of the loss are one-hot, not codes of classes."""
        return trains_on_one_hot(self.model.loss, self.n_outputs)

    def model_in_units(self, architecture: Architecture, scaling: Scaling | None) -> keras.Model:
        """Return the model itself, or one that takes and returns unscaled values.

        If the outputs are quantiles, the other model sorts them. `architecture` has the mask value
        of unscaled features. The other model is built once, with copies of the weights.
        """
        # A network of time steps is trained on sequences with another mask value.
        if scaling is None and not (architecture.quantiles or architecture.return_sequences):
            return self.model
        if self._model_in_units is None:
            copied = build_trained(architecture, scaling, self.weights)
            copy_compile_settings(self.model, copied)
            if copied.compiled:
                build_optimizer(copied)
            self._model_in_units = copied
        return self._model_in_units

    def train(self, arrays: Sequence[NDArray], run: Run) -> dict[str, list[float]]:
        """Train on (X, y) or (X, y, sample_weight), and return the history.

        As in `NativeNetwork`, weights of time steps, (samples, timesteps), give a loss that does
        not depend on the number of time steps.
        """
        self._model_in_units = None
        callbacks = [*self._callbacks, *_early_stopping(run)]
        if run.tasks is not None:
            callbacks.append(_EpochReporter(run.tasks))
        with state_restored_on_error(self.model):
            return engine.train(
                self.model,
                _for_sums_over_time(arrays),
                seed=run.seed if run.shuffle else None,
                epochs=run.epochs,
                initial_epoch=run.initial_epoch,
                batch_size=run.batch_size,
                split=run.split,
                verbose=run.verbose,
                callbacks=callbacks,
                **run.options,
            )

    def predict(self, X: NDArray, **options: Any) -> NDArray:
        """Return the outputs, (samples, outputs), or (samples, timesteps, outputs)."""
        return engine.predict(self.model, X, **options)

    def copy(self) -> Self:
        """Return a copy that shares no weights."""
        return type(self)(copy_model(self.model))

    def to_state(self) -> dict[str, Any]:
        """Return the model as JSON and arrays, without its compile settings."""
        return pack(self.model)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Restore the network from what `to_state` returned. Raise if it names foreign code."""
        return cls(unpack(state))


def _for_sums_over_time(arrays: Sequence[NDArray]) -> Sequence[NDArray]:
    """Return arrays for which a loss of Keras is the sum over time, not the mean.

    Keras divides the sum of the losses in a batch by the number of samples and time steps. Weights
    of time steps are multiplied by the number of time steps, so padding changes nothing.
    """
    X, y, *weights = arrays
    return [X, y, *(array * X.shape[1] if array.ndim == 2 else array for array in weights)]


class _EpochReporter(keras.callbacks.Callback):
    """Calls `EpochTasks` in the training of Keras."""

    def __init__(self, tasks: EpochTasks) -> None:
        super().__init__()
        self._tasks = tasks

    def on_train_begin(self, logs: object = None) -> None:
        self._tasks.begin()

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._tasks.begin_epoch()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if self._tasks.end_epoch():
            self.model.stop_training = True

    def on_train_end(self, logs: object = None) -> None:
        self._tasks.end()


def _early_stopping(run: Run) -> list[keras.callbacks.Callback]:
    if run.patience is None:
        return []
    # Keras monitors val_loss by default. Without validation data this metric does not exist, and
    # Keras would never stop.
    monitor = "val_loss" if count_of(run.split.validation) else "loss"
    return [
        keras.callbacks.EarlyStopping(monitor, patience=run.patience, restore_best_weights=True)
    ]
