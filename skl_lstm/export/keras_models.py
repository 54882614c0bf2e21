"""A Keras network of the user as nodes of ONNX, which the exporter of Keras writes.

The exporter needs the package tf2onnx. It is imported here only, with Keras.
"""

from __future__ import annotations

import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import onnx
from onnx import compose, helper

from .graph import OPSET, Graph

_PREFIX = "keras/"


def add_keras_network(graph: Graph, x: str, model: Any) -> str:
    """Add a Keras model that reads `x`, and return the name of its output."""
    exported = compose.add_prefix(_exported(model), _PREFIX)
    (read,), (output,) = exported.graph.input, exported.graph.output
    cast = helper.make_node("Cast", [x], [read.name], to=read.type.tensor_type.elem_type)
    graph.nodes += [cast, *exported.graph.node]
    graph.constants += exported.graph.initializer
    used = {node.domain for node in exported.graph.node} - {"", "ai.onnx"}
    graph.opsets |= {one.domain: one.version for one in exported.opset_import if one.domain in used}
    return str(output.name)


def _exported(model: Any) -> onnx.ModelProto:
    if find_spec("tf2onnx") is None:
        raise ImportError(
            "to_onnx exports a Keras network of your own with the exporter of Keras, which needs "
            "the package tf2onnx. Install it: pip install tf2onnx"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            f"The network has {len(model.inputs)} inputs and {len(model.outputs)} outputs, but "
            "to_onnx exports networks with one of each."
        )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of tf2onnx about NumPy
        path = Path(folder, "network.onnx")
        model.export(str(path), format="onnx", verbose=False, opset_version=OPSET)
        return onnx.load(path)
