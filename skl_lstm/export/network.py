"""An `Architecture` with its weights as nodes of ONNX."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..networks.architecture import Architecture, Layer, layers_of
from .graph import Graph, integers
from .inputs import NetworkInput
from .recurrent import (
    add_convolution,
    add_recurrent,
    with_directions_joined,
    with_normalization,
)


class _Sequences(NamedTuple):
    """Names of what the recurrent layers read. Masked steps are moved behind the end."""

    x: str  # (timesteps, samples, features)
    lengths: str  # (samples,), at least 1; or "" if no step is masked
    is_empty: str | None  # (samples, 1), whether all steps are masked
    places: str | None  # (samples, timesteps, 1): where the states of the steps are; None: as in x


def add_network(
    graph: Graph, read: NetworkInput, architecture: Architecture, weights: Sequence[NDArray]
) -> str:
    """Add a network, and return the name of its output, float32.

    It is (samples, outputs), or (samples, timesteps, outputs) with `return_sequences`. The outputs
    at masked steps are those of a state of zeros. `weights` are in the order of `layers_of`.
    """
    arrays = iter(np.asarray(array, np.float32) for array in weights)
    recurrent = [pair for pair in layers_of(architecture) if pair[0].kind == architecture.cell]
    x = read.x
    if architecture.conv_filters:
        x = _add_convolutions(graph, read, arrays, architecture)
    if architecture.conv_position == "beside":
        means = _add_mean_over_time(graph, NetworkInput(x, read.real))
        x = read.x
    sequences = _without_masked_steps(graph, NetworkInput(x, read.real))
    states = _add_recurrent_layers(graph, sequences, recurrent, arrays, architecture)
    if architecture.conv_position == "beside":
        states = graph.add("Concat", states, means, axis=1)
    if architecture.return_sequences and sequences.places is not None:
        states = _put_back(graph, states, sequences.places, str(read.real))
    return _add_dense(graph, states, next(arrays), next(arrays), architecture.activation)


def _add_convolutions(
    graph: Graph,
    read: NetworkInput,
    arrays: Iterator[NDArray],
    architecture: Architecture,
) -> str:
    """Add the convolutions, with zeros in place of masked steps."""
    normalized = architecture.batch_normalization
    x = graph.add("Transpose", read.x, perm=[0, 2, 1])
    real = read.real and graph.add("Unsqueeze", read.real, integers(1))
    for depth, _ in enumerate(architecture.conv_filters, start=1):
        if real is not None:
            x = graph.add("Where", real, x, np.float32(0))
        kernel, bias = next(arrays), next(arrays)
        if normalized:
            kernel, bias = with_normalization(kernel, bias, *islice(arrays, 4))
        x = add_convolution(graph, x, kernel, bias, architecture.conv_padding, f"conv_{depth}")
    return graph.add("Transpose", x, perm=[0, 2, 1])


def _add_mean_over_time(graph: Graph, read: NetworkInput) -> str:
    """Return the mean over all steps that are not masked, (samples, filters), or zeros."""
    if read.real is None:
        return graph.add("ReduceMean", read.x, axes=[1], keepdims=0)
    real = graph.add("Unsqueeze", read.real, integers(-1))
    steps = graph.add("Where", real, read.x, np.float32(0))
    total = graph.add("ReduceSum", steps, integers(1), keepdims=0)
    count = graph.add("ReduceSum", graph.cast(real, np.float32), integers(1), keepdims=0)
    return graph.add("Div", total, graph.add("Max", count, np.float32(1)))


def _without_masked_steps(graph: Graph, read: NetworkInput) -> _Sequences:
    """Move the real steps of every sequence to its start, and count them.

    Masked steps leave a state unchanged, wherever they are. So the states are those of the real
    steps alone, which the operators of ONNX read if they know the number of steps.
    """
    if read.real is None:
        return _Sequences(graph.add("Transpose", read.x, perm=[1, 0, 2]), "", None, None)
    real = graph.cast(read.real, np.int64)
    rank = graph.add("CumSum", real, integers(1))  # of a real step, from 1
    timesteps = graph.add("Shape", read.real, start=1, end=2)
    one, start = np.int64(1), np.int64(0)
    end = graph.add("Squeeze", timesteps)
    position = graph.add("Range", graph.constant("first_step", start), end, one)
    # Masked steps get keys behind all real ones. As no key occurs twice, the order is unique.
    behind = graph.add("Where", read.real, integers(0), timesteps)
    key = graph.add("Add", behind, position)
    names = ["sorted_keys", "order_of_steps"]
    _, order = graph.add_several("TopK", key, timesteps, names=names, largest=0, sorted=1)
    order = graph.add("Unsqueeze", order, integers(-1))
    x = graph.add("GatherND", read.x, order, batch_dims=1)
    count = graph.add("ReduceSum", real, integers(1), keepdims=1)
    # Not all versions of ONNX Runtime return zeros for a sequence of length zero.
    length = graph.add("Squeeze", graph.add("Max", count, integers(1)), integers(1))
    place = graph.add("Max", graph.add("Sub", rank, integers(1)), integers(0))
    return _Sequences(
        graph.add("Transpose", x, perm=[1, 0, 2]),
        graph.cast(length, np.int32, name="number_of_real_steps"),
        graph.add("Equal", count, integers(0)),
        graph.add("Unsqueeze", place, integers(-1)),
    )


def _add_recurrent_layers(
    graph: Graph,
    sequences: _Sequences,
    layers: Sequence[tuple[Layer, ...]],
    arrays: Iterator[NDArray],
    architecture: Architecture,
) -> str:
    """Return the last states, (samples, units), or with `return_sequences` those of all steps."""
    x = sequences.x
    for depth, directions in enumerate(layers, start=1):
        weights = [[next(arrays) for _ in layer.shapes] for layer in directions]
        name, cell = f"{architecture.cell}_{depth}", architecture.cell
        states, last = add_recurrent(graph, x, sequences.lengths, cell, weights, name)
        units = sum(layer.size for layer in directions)
        if depth < len(layers):
            x = with_directions_joined(graph, states, units, first="timesteps")
    if architecture.return_sequences:
        return with_directions_joined(graph, states, units, first="samples")
    rows = graph.add("Transpose", last, perm=[1, 0, 2])
    last = graph.add("Reshape", rows, integers(0, units))
    if sequences.is_empty is None:
        return last
    return graph.add("Where", sequences.is_empty, np.float32(0), last)


def _put_back(graph: Graph, states: str, places: str, real: str) -> str:
    """Put the states of real steps where they were in the input, with zeros at masked steps."""
    placed = graph.add("GatherND", states, places, batch_dims=1)
    return graph.add("Where", graph.add("Unsqueeze", real, integers(-1)), placed, np.float32(0))


def _add_dense(graph: Graph, states: str, kernel: NDArray, bias: NDArray, activation: str) -> str:
    product = graph.add("MatMul", states, graph.constant("output_kernel", kernel))
    output = graph.add("Add", product, graph.constant("output_bias", bias))
    if activation == "linear":
        return output
    if activation == "sigmoid":
        return graph.add("Sigmoid", output)
    return graph.add("Softmax", output, axis=-1)
