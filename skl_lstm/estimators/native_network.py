"""`NativeNetwork`: a network that is trained without Keras.

`obstacles` lists what prevents this for the parameters of an estimator.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from .._core.float_type import is_float32
from ..networks.architecture import Architecture, Scaling, initial_weights
from ..training.divergence import check_epoch
from ..training.native import losses, optimizers
from ..training.native.engine import Trainer, predict
from ..training.native.network import vector_of, weights_of
from ..training.native.objectives import SUPPORTED
from ..training.native.optimizers import Optimizer
from .scaling import with_feature_axis

if TYPE_CHECKING:
    import keras

    from .base import Run


def obstacles(
    architecture: Architecture, *, optimizer: Any, loss: Any, callbacks: Any
) -> list[str]:
    """Return what prevents training without Keras, as text, or an empty list."""
    found = []
    if not is_float32():
        found.append("the float type of Keras is not float32")
    if callbacks:
        found.append("callbacks are objects of Keras")
    if architecture.conv_position == "beside":
        found.append("conv_position='beside' needs Keras")
    if architecture.batch_normalization:
        found.append("batch_normalization=True needs Keras")
    if not architecture.quantiles:  # their loss is always the pinball loss
        found += _obstacles_of_loss(loss, architecture.activation)
    return [*found, *_obstacles_of_optimizer(optimizer)]


def _obstacles_of_loss(loss: Any, activation: str) -> list[str]:
    offered = SUPPORTED[activation]
    if isinstance(loss, str) and losses.canonical_name(loss) in offered:
        return []
    return [
        f"loss={loss!r} is not the name of a loss for an output with activation {activation!r}: "
        f"{', '.join(sorted(offered))}"
    ]


def _obstacles_of_optimizer(optimizer: Any) -> list[str]:
    name, config = _name_and_config(optimizer)
    if name is None:
        return [f"optimizer={optimizer!r} is not one of {', '.join(optimizers.DEFAULTS)}"]
    unsupported = optimizers.unsupported_settings(name, config)
    return [f"it has no optimizer setting {name}" for name in unsupported]


def _name_and_config(optimizer: Any) -> tuple[str | None, dict[str, Any]]:
    """Return the name and the settings of an optimizer given as a name or a configuration."""
    if isinstance(optimizer, str):
        return optimizers.canonical_name(optimizer), {}
    if not isinstance(optimizer, dict):
        return None, {}
    name, config = optimizer.get("class_name"), optimizer.get("config") or {}
    if not isinstance(name, str) or not isinstance(config, dict):
        return None, {}
    return optimizers.canonical_name(name), config


class NativeNetwork:
    """The architecture of a network, its weights, its loss and its optimizer."""

    trains_on_one_hot = False

    def __init__(
        self, architecture: Architecture, weights: NDArray, optimizer: Optimizer, loss: str
    ) -> None:
        weights_of(weights, architecture)  # raises if a file contains other weights
        self.architecture, self.loss = architecture, loss
        self._weights, self._optimizer = weights, optimizer
        self._model: keras.Model | None = None

    @classmethod
    def draw(
        cls,
        architecture: Architecture,
        seed: int,
        *,
        optimizer: Any,
        learning_rate: float,
        loss: str,
        weights: Sequence[NDArray] | None = None,
    ) -> Self:
        """Return a new network. The weights are drawn from the seed, unless they are given."""
        if weights is None:
            weights = initial_weights(architecture, np.random.default_rng(seed))
        vector = vector_of(weights)
        name, config = _name_and_config(optimizer)
        settings = {"learning_rate": float(learning_rate), **config}
        made = optimizers.make_optimizer(str(name), settings, len(vector))
        name = loss if architecture.quantiles else str(losses.canonical_name(loss))
        return cls(architecture, vector, made, name)

    @property
    def n_outputs(self) -> int:
        """The number of outputs."""
        return self.architecture.outputs

    @property
    def weights(self) -> list[NDArray]:
        """Copies of the weights, in the order of ``keras.Model.weights``."""
        return [array.copy() for array in weights_of(self._weights, self.architecture)]

    @property
    def weights_by_layer(self) -> list[NDArray]:
        """Copies of the weights, in the order of `layers_of`."""
        return self.weights

    def model_in_units(self, architecture: Architecture, scaling: Scaling | None) -> keras.Model:
        """Return the network as a compiled Keras model that takes and returns unscaled values.

        `architecture` has the mask value of unscaled features. The model is built once, with copies
        of the weights.
        """
        if self._model is None:
            import keras

            from ..networks.lstm import build_trained
            from ..networks.models import build_optimizer

            name = self._optimizer.name
            optimizer = {"class_name": name, "config": {**self._optimizer.settings, "name": name}}
            self._model = build_trained(architecture, scaling, self.weights)
            self._model.compile(keras.optimizers.get(optimizer), self._loss_of_model())
            build_optimizer(self._model)
        return self._model

    def _loss_of_model(self) -> Any:
        if not self.architecture.quantiles:
            return self.loss
        from ..networks.pinball import PinballLoss

        return PinballLoss(self.architecture.quantiles)

    def train(self, arrays: Sequence[NDArray], run: Run) -> dict[str, list[float]]:
        """Train on (X, y) or (X, y, sample_weight), and return the history.

        `Trainer` describes the arrays of a network with an output for every time step.
        """
        X, *others = arrays
        self._model = None
        trainer = Trainer(
            self.architecture,
            self._weights,
            self._optimizer,
            [with_feature_axis(X), *others],
            loss=self.loss,
            batch_size=run.batch_size,
            split=run.split,
            seed=run.seed,
            shuffle=run.shuffle,
        )
        history: dict[str, list[float]] = {}
        patience = None if run.patience is None else _Patience(run.patience)
        if run.tasks is not None:
            run.tasks.begin()
        for epoch in range(run.initial_epoch, run.initial_epoch + run.epochs):
            if run.tasks is not None:
                run.tasks.begin_epoch()
            start = perf_counter()
            logs = trainer.train_epoch(epoch)
            check_epoch(epoch, logs, [self._weights], self._optimizer.settings["learning_rate"])
            for name, value in logs.items():
                history.setdefault(name, []).append(value)
            if run.verbose != 0:
                _print_epoch(epoch, run, trainer.n_batches, perf_counter() - start, logs)
            is_last = patience is not None and patience.is_over(
                logs.get("val_loss", logs["loss"]), epoch, self._weights
            )
            if (run.tasks is not None and run.tasks.end_epoch()) or is_last:
                break
        if patience is not None:
            self._weights[:] = patience.best_weights
        if run.tasks is not None:
            run.tasks.end()
        return history

    def predict(self, X: NDArray, **options: Any) -> NDArray:
        """Return the outputs, (samples, outputs), or (samples, timesteps, outputs)."""
        return predict(self.architecture, self._weights, with_feature_axis(X))

    def copy(self) -> Self:
        """Return a copy that shares no weights."""
        return type(self)(
            self.architecture, self._weights.copy(), self._optimizer.copy(), self.loss
        )

    def to_state(self) -> dict[str, Any]:
        """Return the network as plain numbers, text and arrays.

        Like that of a Keras network, the state of the optimizer is left out: it is up to twice as
        large as the weights, and predictions do not need it.
        """
        return {
            "architecture": self.architecture._asdict(),
            "weights": self.weights,
            "optimizer": self._optimizer.name,
            "settings": self._optimizer.settings,
            "loss": self.loss,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Restore the network from what `to_state` returned."""
        weights = vector_of(state["weights"])
        optimizer = optimizers.make_optimizer(state["optimizer"], state["settings"], len(weights))
        return cls(Architecture(**state["architecture"]), weights, optimizer, state["loss"])


class _Patience:
    """Decides when training stops, like `keras.callbacks.EarlyStopping`."""

    def __init__(self, patience: int) -> None:
        self._patience, self._waited = patience, 0
        self._best: float | None = None
        self.best_weights: NDArray

    def is_over(self, loss: float, epoch: int, weights: NDArray) -> bool:
        """Note the loss of an epoch, and return whether it was the last one."""
        if self._best is None or loss < self._best:
            self._best, self._waited, self.best_weights = loss, 0, weights.copy()
            return False
        self._waited += 1
        return self._waited >= self._patience and epoch > 0


def _print_epoch(
    epoch: int, run: Run, n_steps: int, seconds: float, logs: Mapping[str, float]
) -> None:
    """Print an epoch like Keras with ``verbose=2``."""
    numbers = [f"{name}: {value:.4f}" for name, value in logs.items()]
    time = [f"{n_steps}/{n_steps}", f"{seconds:.0f}s", f"{1e3 * seconds / n_steps:.0f}ms/step"]
    sys.stdout.write(f"Epoch {epoch + 1}/{run.initial_epoch + run.epochs}\n")
    sys.stdout.write(" - ".join([*time, *numbers]) + "\n")
