"""A Keras network of the user as nodes of ONNX, which the exporter of Keras writes.

The exporter needs the package tf2onnx. It is imported here only, with Keras.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import onnx
from onnx import compose, helper

from .graph import OPSET, Graph

_PREFIX = "keras/"


def export_network(model: Any, X_shape: Sequence[int]) -> onnx.ModelProto:
    """Return a Keras model as Keras exports it. `X_shape` is that of X in `fit`."""
    if find_spec("tf2onnx") is None:
        raise ImportError(
            "to_onnx exports a Keras network of your own with the exporter of Keras, which needs "
            "the package tf2onnx. Install it: pip install tf2onnx"
        )
    import keras

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of tf2onnx about NumPy
        path = Path(folder, "network.onnx")
        try:
            # The exporter needs a model that was called. Its traced copies were trained instead.
            shape = getattr(model, "input_shape", None) or (None, *X_shape[1:])
            model(keras.KerasTensor(shape, keras.config.floatx()))
            model.export(str(path), format="onnx", verbose=False, opset_version=OPSET)
            # It writes operations that ONNX lacks as they are.
            onnx.checker.check_model(str(path))
        except Exception as error:  # layers of the user and the converter can raise anything
            raise ValueError(
                f"The exporter of Keras cannot write the network, a {type(model).__name__}: {error}"
            ) from error
        return onnx.load(path)


def length_of_sequences(exported: onnx.ModelProto) -> int | None:
    """Return the number of timesteps that a network needs, or None if it is open."""
    axes = exported.graph.input[0].type.tensor_type.shape.dim
    return axes[1].dim_value or None


def add_keras_network(graph: Graph, x: str, exported: onnx.ModelProto) -> str:
    """Add an exported network that reads `x`, and return the name of its output."""
    prefixed = compose.add_prefix(exported, _PREFIX)
    (read,), (output,) = prefixed.graph.input, prefixed.graph.output
    cast = helper.make_node("Cast", [x], [read.name], to=read.type.tensor_type.elem_type)
    graph.nodes += [cast, *prefixed.graph.node]
    graph.constants += prefixed.graph.initializer
    used = {node.domain for node in prefixed.graph.node} - {"", "ai.onnx"}
    graph.opsets |= {one.domain: one.version for one in prefixed.opset_import if one.domain in used}
    return str(output.name)
