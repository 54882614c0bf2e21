"""`Graph`: collects the nodes and the constants of an ONNX graph."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# The lowest version with all operators as they are used here. `Shape` has a start and an end since
# this one. Every ONNX Runtime since 1.10 of December 2021 reads it, together with this IR version.
OPSET = 15
IR_VERSION = 8


class Graph:
    """Nodes in the order of their computation, and the constants that they read.

    Values are referred to by their names.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.opsets = {"": OPSET}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._used: Counter[str] = Counter()

    def input(self, name: str, shape: list[str | int]) -> str:
        """Add a float64 input, and return its name."""
        self._used[name] += 1
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape))
        return name

    def output(self, value: str, name: str, dtype: np.dtype, shape: list[str | int]) -> None:
        """Add an output with the value of this name. An axis of the shape can have a name."""
        self._used[name] += 1
        self.nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self._outputs.append(helper.make_tensor_value_info(name, element_type(dtype), shape))

    def constant(self, name: str, values: Any, dtype: Any = None) -> str:
        """Add a constant, and return its name, which gets a number if it is used already."""
        unique = self._unique(name)
        array = np.ascontiguousarray(values, dtype=dtype).reshape(np.shape(values))
        self.constants.append(numpy_helper.from_array(array, unique))
        return unique

    def add(
        self, operator: str, *inputs: str | NDArray | np.generic, name: str = "", **attributes: Any
    ) -> str:
        """Add a node with one output, and return the name of the output.

        An input that is an array becomes a constant.
        """
        return self.add_several(operator, *inputs, names=[name], **attributes)[0]

    def add_several(
        self,
        operator: str,
        *inputs: str | NDArray | np.generic,
        names: list[str],
        **attributes: Any,
    ) -> list[str]:
        """Add a node with several outputs, and return their names."""
        read = [
            value
            if isinstance(value, str)
            else self.constant(f"{operator.lower()}_constant", value)
            for value in inputs
        ]
        outputs = [self._unique(name or operator.lower()) for name in names]
        node = helper.make_node(operator, read, outputs, name=outputs[0], **attributes)
        self.nodes.append(node)
        return outputs

    def cast(self, value: str, dtype: Any, name: str = "") -> str:
        """Convert a value to a dtype."""
        return self.add("Cast", value, to=element_type(np.dtype(dtype)), name=name)

    def model(self, name: str, documentation: str, metadata: dict[str, str]) -> onnx.ModelProto:
        """Return the model, after a check."""
        graph = helper.make_graph(self.nodes, name, self._inputs, self._outputs, self.constants)
        opsets = [helper.make_opsetid(*opset) for opset in self.opsets.items()]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name="skl_lstm",
            doc_string=documentation,
        )
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _unique(self, name: str) -> str:
        self._used[name] += 1
        count = self._used[name]
        return name if count == 1 else self._unique(f"{name}_{count}")


def element_type(dtype: np.dtype) -> int:
    """Return the ONNX type of the elements of an array."""
    if dtype.kind in "OU":
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(dtype))


def integers(*values: int) -> NDArray[np.int64]:
    """Return axes or sizes, as ONNX reads them."""
    return np.array(values, np.int64)
