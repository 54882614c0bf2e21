"""Recurrent layers and convolutions of Keras as operators of ONNX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..networks.architecture import EPSILON, GATES, steps_before
from .graph import Graph, integers

_OPERATORS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "RNN"}
# The gates of Keras in the order of ONNX. Keras: input, forget, candidate, output; and update,
# reset, candidate. ONNX: input, output, forget, candidate; and the same.
_ORDER = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "simple_rnn": (0,)}


def add_recurrent(
    graph: Graph,
    x: str,
    lengths: str,
    cell: str,
    weights: Sequence[Sequence[NDArray]],
    name: str,
) -> tuple[str, str]:
    """Add a recurrent layer that reads (timesteps, samples, features) in one direction or in both.

    `lengths` is the name of the number of steps of each sequence, or "" for all. `weights` are
    kernel, recurrent kernel and bias of each direction. The results are all states, (timesteps,
    directions, samples, units), which are zero behind the end of a sequence; and the last ones,
    (directions, samples, units).
    """
    arrays = zip(*(_direction(cell, *arrays) for arrays in weights), strict=True)
    read = [
        graph.constant(f"{name}_{label}", np.stack(array))
        for label, array in zip(("kernel", "recurrent_kernel", "bias"), arrays, strict=True)
    ]
    attributes = {
        "hidden_size": weights[0][1].shape[0],
        "direction": "forward" if len(weights) == 1 else "bidirectional",
    }
    if cell == "gru":
        attributes["linear_before_reset"] = 1  # reset_after in Keras
    names = [f"{name}_states", f"{name}_last_states"]
    operator = _OPERATORS[cell]
    states, last = graph.add_several(operator, x, *read, lengths, names=names, **attributes)
    return states, last


def _direction(
    cell: str, kernel: NDArray, recurrent_kernel: NDArray, bias: NDArray
) -> tuple[NDArray, NDArray, NDArray]:
    """Return the weights of one direction as ONNX reads them, gate by gate."""
    # Only a GRU of Keras has a bias in the product with the state.
    biases = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
    ordered = [_in_order(cell, row) for row in biases]
    return _in_order(cell, kernel.T), _in_order(cell, recurrent_kernel.T), np.concatenate(ordered)


def _in_order(cell: str, rows: NDArray) -> NDArray:
    by_gate = rows.reshape(GATES[cell], -1, *rows.shape[1:])
    return by_gate[list(_ORDER[cell])].reshape(rows.shape)


def add_convolution(
    graph: Graph, x: str, kernel: NDArray, bias: NDArray, padding: str, name: str
) -> str:
    """Add a convolution with ReLU to (samples, features, timesteps)."""
    size = len(kernel)
    before = steps_before(size, padding)
    convolved = graph.add(
        "Conv",
        x,
        graph.constant(f"{name}_kernel", kernel.transpose(2, 1, 0)),
        graph.constant(f"{name}_bias", bias),
        kernel_shape=[size],
        pads=[before, size - 1 - before],
    )
    return graph.add("Relu", convolved, name=f"{name}_output")


def with_normalization(
    kernel: NDArray,
    bias: NDArray,
    gamma: NDArray,
    beta: NDArray,
    mean: NDArray,
    variance: NDArray,
) -> tuple[NDArray, NDArray]:
    """Return kernel and bias of a convolution that contains its batch normalization."""
    factor = gamma / np.sqrt(variance.astype(np.float64) + EPSILON)
    normalized = kernel * factor, (bias - mean) * factor + beta
    return normalized[0].astype(np.float32), normalized[1].astype(np.float32)


def with_directions_joined(graph: Graph, states: str, units: int, *, first: str) -> str:
    """Return states of all steps as (timesteps, samples, units), or samples first.

    `units` is the sum of both directions.
    """
    order = [0, 2, 1, 3] if first == "timesteps" else [2, 0, 1, 3]
    rows = graph.add("Transpose", states, perm=order)
    return graph.add("Reshape", rows, integers(0, 0, units))  # 0: the size that it has
