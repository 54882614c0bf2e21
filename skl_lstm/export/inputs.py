"""From the raw input to what the network reads: scaled float32 values, and which steps are real."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..estimators.scaling import LARGEST
from ..networks.architecture import Scaling
from .affine import Affine
from .graph import Graph, integers
from .sources import Padding

_TINY = np.finfo(np.float32).tiny


class NetworkInput(NamedTuple):
    """Names of the values that a network reads."""

    x: str  # float32, (samples, timesteps, features)
    real: str | None  # bool, (samples, timesteps), False for steps that it skips; None: all real


def add_stages(graph: Graph, raw: str, stages: list[Affine | Padding]) -> str:
    """Add what the steps before the estimator do, in float64."""
    x = raw
    for stage in stages:
        if isinstance(stage, Padding):
            is_padding = graph.add("Not", add_real_steps(graph, raw, stage.marker))
            is_padding = graph.add("Unsqueeze", is_padding, integers(-1), name="is_padding")
            value = graph.constant("padding", np.float64(stage.value))
            x = graph.add("Where", is_padding, value, x)
        else:
            x = _add_affine(graph, x, stage, "step")
    return x


def add_finite_samples(graph: Graph, x: str, raw: str | None) -> str:
    """Return whether `predict` takes a sample, (samples, 1, 1), which the outputs need.

    All values that the estimator reads must be finite in float32. Recurrent operators of ONNX
    Runtime hide NaN, and their activations hide infinity. `raw` is the raw input, if values are
    clipped between it and `x`.
    """
    # A comparison with NaN is false.
    finite = graph.add("LessOrEqual", graph.add("Abs", x), np.float64(np.finfo(np.float32).max))
    if raw is not None:
        all_raw = graph.add("LessOrEqual", graph.add("Abs", raw), np.finfo(np.float64).max)
        finite = graph.add("And", finite, all_raw)
    least = graph.add("ReduceMin", graph.cast(finite, np.int32), axes=[1, 2], keepdims=1)
    return graph.cast(least, np.bool_, name="is_finite_sample")


def add_network_input(
    graph: Graph, x: str, scaling: Scaling | None, mask_value: float | None
) -> NetworkInput:
    """Scale what the estimator reads as it does, and find the steps that the network skips."""
    real = None if mask_value is None else add_real_steps(graph, x, mask_value)
    if scaling is not None:
        limits = (-LARGEST, LARGEST)
        one = Affine(scaling.feature_center, scaling.feature_scale, limits)
        x = _add_affine(graph, x, one, "feature")
    return NetworkInput(graph.cast(x, np.float32, name="network_input"), real)


def add_real_steps(graph: Graph, x: str, mask_value: float) -> str:
    """Return False for steps in which all features equal the mask value, as `is_masked` does.

    Networks compare in float32, in which they read subnormal numbers as zero.
    """
    single = graph.cast(x, np.float32)
    mask = np.float32(mask_value)
    if abs(mask) < _TINY:
        differs = graph.add("GreaterOrEqual", graph.add("Abs", single), _TINY)
    else:
        differs = graph.add("Not", graph.add("Equal", single, mask))
    count = graph.add("ReduceSum", graph.cast(differs, np.int32), integers(-1), keepdims=0)
    return graph.add("Greater", count, np.int32(0), name="is_real_step")


def _add_affine(graph: Graph, x: str, one: Affine, name: str) -> str:
    centered = graph.add("Sub", x, graph.constant(f"{name}_center", one.center, np.float64))
    scaled = graph.add("Div", centered, graph.constant(f"{name}_scale", one.scale, np.float64))
    if one.limits is None:
        return scaled
    return graph.add("Clip", scaled, *(np.float64(limit) for limit in one.limits))
