"""`build`: the ONNX model of the parts of a pipeline."""

from __future__ import annotations

import onnx

from .._core.every_step import predicts_every_step
from ..estimators.base import NetworkEstimator
from ..estimators.scaling import MASK_VALUE
from ..estimators.targets import ClassTarget
from .affine import Affine, unscaling
from .graph import Graph, integers
from .inputs import add_finite_samples, add_network_input, add_stages
from .keras_models import add_keras_network, export_network, length_of_sequences
from .metadata import documentation_of, is_table, metadata_of
from .network import add_network
from .outputs import Output, add_classes, add_forecast
from .parts import Parts
from .sources import Source, pad_lists


def build(parts: Parts, source: Source, target_names: list[str] | None) -> onnx.ModelProto:
    """Return the model of the parts of a pipeline."""
    graph, description = Graph(), parts.network._description
    mask_value = _mask_value(parts.network, source)
    if mask_value is not None and predicts_every_step(parts.network):
        source = pad_lists(source, mask_value)
    exported = _exported_by_keras(parts.network)
    raw = graph.input("X", _shape_of_input(parts.network, source, exported))
    if len(description.X_shape) == 2:
        raw = graph.add("Unsqueeze", raw, integers(2))
    x = add_stages(graph, raw, source.stages)
    is_clipped = any(isinstance(stage, Affine) and stage.limits for stage in source.stages)
    finite = add_finite_samples(graph, x, raw if is_clipped else None)
    output = _add_network(graph, x, finite, parts.network, mask_value, exported)
    _add_outputs(graph, output, parts)
    # Without scalers, the network reads the raw input.
    padding = source.padding if source.stages or source.padding is not None else mask_value
    return graph.model(
        type(parts.network).__name__,
        documentation_of(description, padding),
        metadata_of(parts, source, padding, target_names),
    )


def _exported_by_keras(estimator: NetworkEstimator) -> onnx.ModelProto | None:
    """Return a network of the user as Keras exports it, or None for one of this package."""
    description = estimator._description
    if description.architecture is not None:
        return None
    return export_network(estimator._network.model, description.X_shape)


def _shape_of_input(
    network: NetworkEstimator, source: Source, exported: onnx.ModelProto | None
) -> list[str | int]:
    shape = network._description.X_shape
    if is_table(network._description):
        return ["samples", shape[1]]
    timesteps = shape[1] if len(shape) == 2 else source.timesteps
    if exported is not None:
        timesteps = length_of_sequences(exported) or timesteps
    return ["samples", "timesteps" if timesteps is None else timesteps, *shape[2:]]


def _mask_value(network: NetworkEstimator, source: Source) -> float | None:
    """Return the value of the steps that an `Architecture` skips, as the estimator reads them."""
    architecture = network._description.architecture
    if architecture is None:
        return None
    if not architecture.return_sequences:
        return architecture.mask_value
    if source.is_padded:  # estimators of time steps skip what a padder has marked
        return source.padding
    # They pad lists themselves.
    return MASK_VALUE if architecture.mask_value is None else architecture.mask_value


def _add_network(
    graph: Graph,
    x: str,
    finite: str,
    estimator: NetworkEstimator,
    mask_value: float | None,
    exported: onnx.ModelProto | None,
) -> Output:
    description, network = estimator._description, estimator._network
    architecture, width = description.architecture, network.n_outputs
    if exported is not None:
        if len(description.X_shape) == 2:
            x = graph.add("Squeeze", x, integers(2))
        value = add_keras_network(graph, x, exported)
        return Output(value, ["samples"], width, graph.add("Squeeze", finite, integers(1)))
    read = add_network_input(graph, x, description.scaling, mask_value)
    value = add_network(graph, read, architecture, network.weights_by_layer)
    if not architecture.return_sequences:
        return Output(value, ["samples"], width, graph.add("Squeeze", finite, integers(1)))
    if read.real is not None:
        finite = graph.add("And", graph.add("Unsqueeze", read.real, integers(-1)), finite)
    return Output(value, ["samples", "timesteps"], width, finite)


def _add_outputs(graph: Graph, output: Output, parts: Parts) -> None:
    description = parts.network._description
    target, scaling = description.target, description.scaling
    if isinstance(target, ClassTarget):
        add_classes(graph, output, target)
        return
    maps = [] if scaling is None else [Affine(scaling.target_center, scaling.target_scale)]
    back = unscaling([*maps, *parts.target_maps])
    add_forecast(graph, output, target, back, has_column=parts.has_column)
