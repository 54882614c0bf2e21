"""`Network`: the layers of an architecture with their weights, forward and backward.

The weights of all layers are views of one vector, and so are their gradients. So an optimizer
updates one vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...networks.architecture import Architecture, Layer, layers_of, steps_before, weight_shapes
from . import convolution, gru, lstm, simple_rnn
from .arithmetic import add_column_sums, add_product, add_product_transposed
from .batches import real_steps

_CELLS: dict[str, ModuleType] = {"lstm": lstm, "gru": gru, "simple_rnn": simple_rnn}
_ZERO = np.float32(0)
_NO_DROPOUT = np.empty((0, 0), np.float32)
_NO_MASK = np.empty((0, 0), np.bool_)
_NOT_NEEDED = np.empty((0, 0, 0), np.float32)


def vector_of(weights: Sequence[NDArray]) -> NDArray:
    """Return weights as one new float32 vector."""
    return np.concatenate([array.ravel() for array in weights]).astype(np.float32, copy=False)


def weights_of(vector: NDArray, architecture: Architecture) -> list[NDArray]:
    """Return views of a vector in the shapes of the weights of an architecture."""
    shapes = weight_shapes(architecture)
    ends = np.cumsum([prod(shape) for shape in shapes])
    if len(vector) != ends[-1]:
        raise ValueError(f"The network has {ends[-1]} weights, but {len(vector)} were passed.")
    return [
        vector[end - prod(shape) : end].reshape(shape)
        for end, shape in zip(ends, shapes, strict=True)
    ]


class Dropout(NamedTuple):
    """Factors of the input and of the state of a recurrent layer in one direction."""

    inputs: NDArray = _NO_DROPOUT  # (samples, features), or empty
    state: NDArray = _NO_DROPOUT  # (samples, units), or empty

    def of_rows(self, rows: slice) -> Dropout:
        """Return the factors of some samples."""
        return Dropout(self.inputs[rows], self.state[rows])


def draw_dropout(
    architecture: Architecture, samples: int, rng: np.random.Generator
) -> list[Dropout]:
    """Draw the dropout of a batch for each recurrent layer in each direction.

    As in Keras, all time steps of a sample have the same dropout. Without dropout the list is
    empty.
    """
    if not (architecture.dropout or architecture.recurrent_dropout):
        return []
    return [
        Dropout(
            _draw_factors(samples, layer.inputs, architecture.dropout, rng),
            _draw_factors(samples, layer.size, architecture.recurrent_dropout, rng),
        )
        for directions in layers_of(architecture)
        for layer in directions
        if layer.kind in _CELLS
    ]


def _draw_factors(samples: int, size: int, rate: float, rng: np.random.Generator) -> NDArray:
    if not rate:
        return _NO_DROPOUT
    kept = rng.random((samples, size), np.float32) >= rate
    return kept * np.float32(1 / (1 - rate))


class Network:
    """Computes the outputs and the gradients of one batch at a time.

    A network keeps its intermediate results, so it belongs to one thread.
    """

    def __init__(
        self, architecture: Architecture, weights: NDArray, gradients: NDArray | None = None
    ) -> None:
        self._mask_value = architecture.mask_value
        self._per_step = architecture.return_sequences
        arrays = iter(weights_of(weights, architecture))
        slopes = iter([] if gradients is None else weights_of(gradients, architecture))
        self._convolutions: list[_Convolution] = []
        self._recurrent: list[_Recurrent] = []
        for directions in layers_of(architecture):
            layer = directions[0]
            parameters = [_take(arrays, slopes, layer) for layer in directions]
            if layer.kind == "conv":
                padding = architecture.conv_padding
                self._convolutions.append(_Convolution(layer, padding, *parameters[0]))
            elif layer.kind in _CELLS:
                self._recurrent.append(_Recurrent(layer, parameters))
            else:
                self._dense = _Dense(*parameters[0])

    def forward(self, x: NDArray, dropout: Sequence[Dropout] = ()) -> NDArray:
        """Return the outputs before the last activation, (samples, outputs).

        With `return_sequences` they are (timesteps, samples, outputs), and those of a state of
        zeros at masked steps. `x` is (timesteps, samples, features), and may be overwritten.
        `dropout` is the list that `draw_dropout` returns, or empty.
        """
        real = _NO_MASK if self._mask_value is None else real_steps(x, self._mask_value)
        timesteps = len(x)
        self._steps = _steps_with_data(real) if self._per_step else slice(None)
        x, self._real = x[self._steps], real[self._steps]
        real = self._real
        for layer in self._convolutions:
            if real.size:
                x[~real] = 0
            x = layer.forward(x)
        factors = iter(dropout)
        for recurrent in self._recurrent:
            x = recurrent.forward(x, real, factors)
        if not self._per_step:
            return self._dense.forward(self._recurrent[-1].last_states())
        return self._outputs_of_steps(x, timesteps)

    def _outputs_of_steps(self, x: NDArray, timesteps: int) -> NDArray:
        """Return the outputs of all time steps for the states of the steps with data."""
        if self._real.size:
            x = np.where(self._real[:, :, np.newaxis], x, _ZERO)
        outputs = self._dense.forward(x.reshape(-1, x.shape[2])).reshape(*x.shape[:2], -1)
        if len(x) == timesteps:
            return outputs
        padded = np.empty((timesteps, *outputs.shape[1:]), np.float32)
        padded[:], padded[self._steps] = self._dense.bias, outputs
        return padded

    def backward(self, d_outputs: NDArray) -> None:
        """Add the gradients of the weights for the batch of the last call of `forward`.

        `d_outputs` is the gradient of the outputs. At masked steps it must be zero.
        """
        # The outputs of the last step alone have no time axis.
        d_outputs = d_outputs[self._steps] if self._per_step else d_outputs[np.newaxis]
        timesteps, samples, n_outputs = d_outputs.shape
        gradient = self._dense.backward(d_outputs.reshape(-1, n_outputs))
        gradient = gradient.reshape(timesteps, samples, -1)
        if self._per_step and self._real.size:
            gradient[~self._real] = 0
        layers: list[_Convolution | _Recurrent] = [*self._convolutions, *self._recurrent]
        for depth in reversed(range(len(layers))):
            gradient = layers[depth].backward(gradient, needed=depth > 0)


def _steps_with_data(real: NDArray) -> slice:
    """Return the steps from the first to the last one that is not masked in all samples."""
    if not real.size:
        return slice(None)
    steps = np.flatnonzero(real.any(axis=1))
    return slice(steps[0], steps[-1] + 1) if len(steps) else slice(0, 1)


_Parameters = tuple[list[NDArray], list[NDArray]]


def _take(arrays: Iterator[NDArray], slopes: Iterator[NDArray], layer: Layer) -> _Parameters:
    """Take the weights of one layer, and their gradients unless `slopes` is empty."""
    weights = [next(arrays) for _ in layer.shapes]
    return weights, [slope for _, slope in zip(weights, slopes, strict=False)]


class _Convolution:
    """A convolution with ReLU."""

    def __init__(
        self, layer: Layer, padding: str, weights: list[NDArray], gradients: list[NDArray]
    ) -> None:
        self._filters, self._weights, self._gradients = layer.size, weights, gradients
        self._before = steps_before(len(weights[0]), padding)

    def forward(self, x: NDArray) -> NDArray:
        """Return the output, (timesteps, samples, filters)."""
        self._x, self._out = x, np.empty((*x.shape[:2], self._filters), np.float32)
        convolution.forward(x, *self._weights, self._before, self._out)
        return self._out

    def backward(self, d_out: NDArray, *, needed: bool) -> NDArray:
        """Add the gradients of the weights, and return that of the input if it is needed."""
        d_x = np.zeros(self._x.shape, np.float32) if needed else _NOT_NEEDED
        # Masked steps of the output were set to zero, like values that ReLU cuts off, so they get
        # no gradient.
        read = self._x, self._weights[0], self._before, self._out
        convolution.backward(*read, d_out, *self._gradients, d_x)
        return d_x


class _Recurrent:
    """A recurrent layer, in one direction or in both."""

    def __init__(self, layer: Layer, parameters: list[_Parameters]) -> None:
        self._directions = [
            _Direction(layer, *arrays, reverse=index == 1)
            for index, arrays in enumerate(parameters)
        ]

    def forward(self, x: NDArray, real: NDArray, dropout: Iterator[Dropout]) -> NDArray:
        """Return the states of all steps, (timesteps, samples, units of both directions)."""
        return _joined([one.forward(x, real, next(dropout, Dropout())) for one in self._directions])

    def last_states(self) -> NDArray:
        """Return the states after the last step that each direction has read."""
        return _joined([one.last_state() for one in self._directions])

    def backward(self, d_states: NDArray, *, needed: bool) -> NDArray:
        """Add the gradients of the weights, and return that of the input if it is needed."""
        if len(self._directions) == 1:
            return self._directions[0].backward(d_states, needed)
        first, second = (
            one.backward(np.ascontiguousarray(part), needed)
            for one, part in zip(self._directions, np.split(d_states, 2, axis=2), strict=True)
        )
        return first + second


def _joined(arrays: list[NDArray]) -> NDArray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=-1)


class _Direction:
    """A recurrent layer that reads the steps in one direction."""

    def __init__(
        self, layer: Layer, weights: list[NDArray], gradients: list[NDArray], *, reverse: bool
    ) -> None:
        self._cell, self._units = _CELLS[layer.kind], layer.size
        self._arguments: tuple[Any, ...]
        self._weights, self._gradients, self._reverse = weights, gradients, reverse
        self._memory: dict[int, tuple[NDArray, ...]] = {}

    def forward(self, x: NDArray, real: NDArray, dropout: Dropout) -> NDArray:
        """Return the states of all steps, (timesteps, samples, units)."""
        self._dropout = dropout
        if dropout.inputs.size:
            x = x * dropout.inputs
        memory = self._memory_for(*x.shape[:2])
        self._arguments = (x, real, *self._weights, dropout.state, self._reverse, *memory)
        self._cell.forward(*self._arguments)
        return memory[-1]

    def last_state(self) -> NDArray:
        """Return the state after the last step that was read, (samples, units)."""
        return self._arguments[-1][0 if self._reverse else -1]

    def backward(self, d_states: NDArray, needed: bool) -> NDArray:
        """Add the gradients of the weights, and return that of the input if it is needed."""
        d_x = np.zeros(self._arguments[0].shape, np.float32) if needed else _NOT_NEEDED
        self._cell.backward(*self._arguments, d_states, *self._gradients, d_x)
        return d_x * self._dropout.inputs if needed and self._dropout.inputs.size else d_x

    def _memory_for(self, timesteps: int, samples: int) -> tuple[NDArray, ...]:
        """Return the arrays of a batch of this shape. They are reused, because new memory is slow.

        The last two arrays are the states at the input and at the output of every step.
        """
        arrays = self._memory.get(samples, ())
        if not arrays or len(arrays[-1]) < timesteps:
            shape = timesteps, samples, self._units
            states = np.empty(shape, np.float32), np.empty(shape, np.float32)
            arrays = self._memory[samples] = (*self._cell.memory(*shape), *states)
        return tuple(array[:timesteps] for array in arrays)


class _Dense:
    """The last layer, without its activation."""

    def __init__(self, weights: list[NDArray], gradients: list[NDArray]) -> None:
        self._weights, self._gradients = weights, gradients
        self.bias = weights[1]

    def forward(self, x: NDArray) -> NDArray:
        """Return the outputs, (samples, outputs)."""
        kernel, bias = self._weights
        self._x, out = x, np.empty((len(x), bias.size), np.float32)
        out[:] = bias
        add_product(x, kernel, out)
        return out

    def backward(self, d_out: NDArray) -> NDArray:
        """Add the gradients of the weights, and return that of the input."""
        d_kernel, d_bias = self._gradients
        add_product(self._x.T, d_out, d_kernel)
        add_column_sums(d_out, d_bias)
        d_x = np.zeros(self._x.shape, np.float32)
        add_product_transposed(d_out, self._weights[0], d_x)
        return d_x
