"""Training and prediction without Keras: `Trainer` and `predict`.

The result depends only on the data, the settings and the seed. It does not depend on the number of
threads: how a batch is divided follows from its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...networks.architecture import GATES, Architecture
from ..rows import Rows, Split, count_of, parts_of_rows, positions_of, rows_per_part, split_rows
from .batches import epoch_batches, epoch_order, gather
from .network import Dropout, Network, draw_dropout
from .objectives import activated, loss_and_gradient
from .optimizers import Optimizer
from .threads import run_all

# Parts of a batch below these sizes are not worth a thread.
_MIN_WORK_OF_A_PART = 2e7  # multiplications
_MIN_ROWS_OF_A_PART = 8
_MAX_PARTS = 8
# A block of rows to predict. Its intermediate results fill at most this number of values.
_MAX_ROWS_OF_A_BLOCK = 256
_MAX_VALUES_OF_A_BLOCK = 2**20

_NO_WEIGHTS = np.empty(0, np.float32)


class Trainer:
    """Trains the weights of one network, a vector that it updates in place.

    `arrays` are X, (rows, timesteps, features), the targets, (rows, outputs), and optionally the
    weights of the rows. `split` holds the rows that train and those that validate; None: all rows
    train. If the architecture has quantiles, the loss is the pinball loss and `loss` is not read.
    The order of the rows and the dropout follow from the seed and the epoch.

    With `return_sequences` the targets are (rows, timesteps, outputs), and the weights (rows,
    timesteps): 0 at steps that are masked or have no target, where the targets may be any finite
    values. The loss of a batch is the sum over all its steps, divided by the number of its rows and
    not of its steps, so padding changes nothing.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: NDArray,
        optimizer: Optimizer,
        arrays: Sequence[NDArray],
        *,
        loss: str,
        batch_size: int,
        seed: int,
        shuffle: bool,
        split: Split | None = None,
    ) -> None:
        _check_shape(arrays[0], architecture)
        split = split or split_rows(len(arrays[0]), 0.0)
        # X stays whole, because a selection of scattered rows would be a copy.
        self._arrays, self._training = arrays, positions_of(split.train)
        self._validation = split.validation
        self._held_out = [array[split.validation] for array in arrays[1:]]
        self._architecture, self._weights, self._optimizer = architecture, weights, optimizer
        self._batch_size, self._seed, self._shuffle = batch_size, seed, shuffle
        self._loss_and_gradient = partial(
            loss_and_gradient,
            loss=loss,
            activation=architecture.activation,
            levels=np.array(architecture.quantiles, np.float64),
        )
        self._parts = _parts_of_batch(
            architecture, min(batch_size, len(self._training)), arrays[0].shape[1]
        )
        self._gradients = np.empty((len(self._parts), len(weights)), np.float32)
        self._networks = [Network(architecture, weights, row) for row in self._gradients]

    @property
    def n_batches(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self._training) // self._batch_size)

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Train on all training rows once, and return the loss, and val_loss if rows validate."""
        rng = np.random.default_rng((self._seed, epoch))
        n_rows = len(self._training)
        order = self._training[epoch_order(n_rows, rng if self._shuffle else None)]
        total = 0.0
        for arrays, positions in epoch_batches(self._arrays, order, self._batch_size):
            total += self._train_batch(arrays, positions, rng)
        logs = {"loss": total / n_rows}
        if count_of(self._validation):
            logs["val_loss"] = self._validate()
        return logs

    def _train_batch(
        self, arrays: Sequence[NDArray], positions: NDArray, rng: np.random.Generator
    ) -> float:
        dropout = draw_dropout(self._architecture, len(positions), rng)
        parts = [rows for rows in self._parts if rows.start < len(positions)]
        run = partial(self._train_part, arrays, positions, dropout)
        losses = run_all([partial(run, index) for index in range(len(parts))])
        gradients = self._gradients[0]
        for others in self._gradients[1 : len(parts)]:
            gradients += others
        self._optimizer.update(self._weights, gradients)
        return sum(losses)

    def _train_part(
        self,
        arrays: Sequence[NDArray],
        positions: NDArray,
        dropout: Sequence[Dropout],
        index: int,
    ) -> float:
        """Compute the gradients for some rows of a batch, and return the sum of their losses."""
        X, targets, *weights = arrays
        rows = self._parts[index]
        places = positions[rows]
        x = _gathered(X, places)
        raw = self._networks[index].forward(x, [factors.of_rows(rows) for factors in dropout])
        loss, d_raw = self._loss_and_gradient(
            raw,
            self._like_outputs(targets[places]),
            self._like_outputs(weights[0][places]) if weights else _NO_WEIGHTS,
            count=len(positions),
        )
        self._gradients[index] = 0
        self._networks[index].backward(d_raw)
        return loss

    def _like_outputs(self, values: NDArray) -> NDArray:
        """Return targets or weights of some rows with their axes in the order of the outputs."""
        return values.swapaxes(0, 1) if self._architecture.return_sequences else values

    def _validate(self) -> float:
        X, (targets, *weights) = self._arrays[0], self._held_out
        n_rows = len(targets)
        total, start = 0.0, 0
        for raw in _raw_outputs(self._architecture, self._weights, X, self._validation):
            rows = slice(start, start + len(raw))
            start = rows.stop
            total += self._loss_and_gradient(
                raw,
                targets[rows],
                weights[0][rows] if weights else _NO_WEIGHTS,
                count=n_rows,
            )[0]
        return total / n_rows


def predict(architecture: Architecture, weights: NDArray, X: NDArray) -> NDArray:
    """Return the outputs for X, (rows, timesteps, features). `weights` is a vector.

    They are (rows, outputs), or (rows, timesteps, outputs) with `return_sequences`.
    """
    _check_shape(X, architecture)
    raw = np.concatenate(list(_raw_outputs(architecture, weights, X, slice(0, len(X)))))
    return activated(raw, architecture.activation)


def _check_shape(X: NDArray, architecture: Architecture) -> None:
    # Compiled functions do not check the bounds of arrays.
    if X.ndim != 3 or X.shape[2] != architecture.features:
        raise ValueError(
            f"X has shape {X.shape}, but the network needs (samples, timesteps, "
            f"{architecture.features})."
        )


def _raw_outputs(
    architecture: Architecture, weights: NDArray, X: NDArray, rows: Rows
) -> Iterator[NDArray]:
    """Yield the outputs before the last activation, a few thousand rows at a time.

    Their first axis is that of the rows.
    """
    n_rows = _rows_of_a_block(architecture, X.shape[1])
    for part, places in parts_of_rows(X, rows, rows_per_part(X, n_rows)):
        blocks = [places[start : start + n_rows] for start in range(0, len(places), n_rows)]
        run = partial(_outputs_of_block, architecture, weights, part)
        yield np.concatenate(run_all([partial(run, block) for block in blocks]))


def _outputs_of_block(
    architecture: Architecture, weights: NDArray, X: NDArray, positions: NDArray
) -> NDArray:
    raw = Network(architecture, weights).forward(_gathered(X, positions))
    return raw.swapaxes(0, 1) if architecture.return_sequences else raw


def _gathered(X: NDArray, positions: NDArray) -> NDArray:
    x = np.empty((X.shape[1], len(positions), X.shape[2]), np.float32)
    gather(X, positions, x)
    return x


def _rows_of_a_block(architecture: Architecture, timesteps: int) -> int:
    width = GATES[architecture.cell] * max(architecture.units)
    rows = _MAX_VALUES_OF_A_BLOCK // (timesteps * width)
    return min(max(rows, _MIN_ROWS_OF_A_PART), _MAX_ROWS_OF_A_BLOCK)


def _parts_of_batch(architecture: Architecture, rows: int, timesteps: int) -> list[slice]:
    """Return the rows of each part of a batch that is worth several threads."""
    sizes = [*architecture.units, architecture.features]
    width = GATES[architecture.cell] * max(architecture.units)
    # Forward, and backward for the input and for the weights.
    work = 3 * timesteps * width * sum(sizes) * (2 if architecture.bidirectional else 1)
    wanted = min(int(rows * work / _MIN_WORK_OF_A_PART), rows // _MIN_ROWS_OF_A_PART, _MAX_PARTS)
    size = -(-rows // max(wanted, 1))
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
