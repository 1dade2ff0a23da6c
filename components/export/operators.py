"""An ONNX graph of ONNX's own operators, written one after the other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

_OPSET, _IR_VERSION = 18, 10
_KINDS = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
Tensors = Mapping[str, tuple[str, tuple[int | str, ...]]]
"""Type and sizes of tensors by their name; a word stands for any size."""


class Operators:
    """A graph that grows: an operator takes the names of tensors and gives the name of its result."""

    def __init__(self) -> None:
        """Begins an empty graph."""
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._small: dict[tuple[Any, ...], str] = {}

    def constant(self, value: ArrayLike) -> str:
        """A tensor of the graph's own; of small ones that are alike one is kept."""
        array = np.asarray(value)
        key = (str(array.dtype), array.shape, array.tobytes() if array.size < 8 else len(self._constants))
        if key not in self._small:
            self._small[key] = f"constant.{len(self._constants)}"
            self._constants.append(numpy_helper.from_array(array, self._small[key]))
        return self._small[key]

    def add(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """The result of an operator; it is given a name where it is an output of the graph."""
        result = name or f"{operator}.{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [result], name=result, **attributes))
        return result

    def split(self, tensor: str, axis: int, *sizes: int) -> list[str]:
        """The parts of a tensor along an axis."""
        name = f"Split.{len(self._nodes)}"
        parts = [f"{name}.{part}" for part in range(len(sizes))]
        self._nodes.append(helper.make_node("Split", [tensor, self.integers(*sizes)], parts, name=name, axis=axis))
        return parts

    def integers(self, *values: int) -> str:
        """A list of integers: a shape, axes, sizes."""
        return self.constant(np.array(values, np.int64))

    def reshape(self, tensor: str, *shape: int) -> str:
        """A tensor in another shape: 0 keeps the size at its place, -1 takes what is left."""
        return self.add("Reshape", tensor, self.integers(*shape))

    def model(self, inputs: Tensors, outputs: Tensors) -> onnx.ModelProto:
        """The graph between tensors that are given and those that are wanted."""
        graph = helper.make_graph(self._nodes, "graph", _described(inputs), _described(outputs), self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)


def _described(tensors: Tensors) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, _KINDS[kind], shape) for name, (kind, shape) in tensors.items()]
