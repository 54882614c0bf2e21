"""From the output of a network to forecasts, quantiles, labels and probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..estimators.targets import ClassTarget, NumericTarget, nearest_to_median
from .graph import Graph, integers

_Axes = list[str | int]


class Output(NamedTuple):
    """The output of a network: its name, and the axes before that of the outputs."""

    value: str  # float32, (samples, outputs) or (samples, timesteps, outputs)
    axes: _Axes  # ["samples"] or ["samples", "timesteps"]
    width: int  # number of outputs
    known: str  # bool, (samples, 1), (samples, 1, 1) or (samples, timesteps, 1): what is not NaN


def add_forecast(
    graph: Graph,
    output: Output,
    target: NumericTarget,
    unscaling: tuple[NDArray, NDArray],
    *,
    has_column: bool,
) -> None:
    """Add the outputs ``forecast`` and, for a network of quantiles, ``quantiles``.

    `unscaling` is the center and the scale of each target, (targets,) or (1,). With `has_column`,
    the forecasts of a single target have an axis of outputs, too.
    """
    values = _unscaled(graph, output, target, unscaling)
    outputs: _Axes = [target.n_outputs] if target.ndim == 2 or has_column else []
    axes, kept = [*output.axes, *outputs], bool(outputs)
    is_float = target.dtype.kind == "f" and target.dtype.itemsize <= 8  # ONNX has no longer ones
    dtype = target.dtype if is_float else np.dtype(np.float64)

    def write(value: str, name: str, *, axis: int, more: _Axes) -> None:
        value = value if kept else graph.add("Squeeze", value, integers(axis))
        graph.output(graph.cast(value, dtype), name, dtype, [*axes, *more])

    if not target.quantiles:
        write(values, "forecast", axis=-1, more=[])
        return
    sorted_values = _sorted(graph, values, target)
    nearest = nearest_to_median(target.quantiles)
    near = graph.add("Gather", sorted_values, nearest.astype(np.int64), axis=2)
    write(graph.add("ReduceMean", near, axes=[2], keepdims=0), "forecast", axis=-1, more=[])
    write(sorted_values, "quantiles", axis=1, more=[len(target.quantiles)])


def _unscaled(
    graph: Graph, output: Output, target: NumericTarget, unscaling: tuple[NDArray, NDArray]
) -> str:
    """Return the outputs in float64 and in the units of the target, or NaN."""
    values = graph.cast(output.value, np.float64)
    repeats = max(len(target.quantiles), 1)
    center, scale = (
        np.repeat(np.broadcast_to(part, target.n_outputs), repeats) for part in unscaling
    )
    if center.any() or (scale != 1).any():
        values = graph.add("Mul", values, graph.constant("target_scale", scale))
        values = graph.add("Add", values, graph.constant("target_center", center))
    return _with_nan(graph, values, output.known)


def _with_nan(graph: Graph, values: str, known: str) -> str:
    return graph.add("Where", known, values, np.float64("nan"))


def _sorted(graph: Graph, values: str, target: NumericTarget) -> str:
    """Return the quantiles of each target in increasing order, (samples, targets, quantiles)."""
    count = len(target.quantiles)
    by_target = graph.add("Reshape", values, integers(0, target.n_outputs, count))
    names = ["sorted_quantiles", "order_of_quantiles"]
    return graph.add_several("TopK", by_target, integers(count), names=names, largest=0)[0]


def add_classes(graph: Graph, output: Output, target: ClassTarget) -> None:
    """Add the outputs ``label`` and ``probabilities``."""
    probabilities = _probabilities(graph, output, target)
    n_classes = len(target.classes)
    if target.is_multilabel:
        labels = graph.add("Greater", probabilities, np.float64(0.5))
        dtype = np.dtype(np.int64)
        graph.output(graph.cast(labels, dtype), "label", dtype, [*output.axes, n_classes])
    else:
        classes = labels_for_onnx(target.classes)
        code = graph.add("ArgMax", probabilities, axis=-1, keepdims=0)
        label = graph.add("Gather", graph.constant("classes", classes), code)
        graph.output(label, "label", classes.dtype, output.axes)
    shape = [*output.axes, n_classes]
    shown = _with_nan(graph, probabilities, output.known)
    graph.output(shown, "probabilities", np.dtype(np.float64), shape)


def _probabilities(graph: Graph, output: Output, target: ClassTarget) -> str:
    values = graph.cast(output.value, np.float64)
    if target.is_multilabel:
        return values
    if output.width == 1:  # the probability of the second of two classes
        return graph.add("Concat", graph.add("Sub", np.float64(1), values), values, axis=-1)
    return graph.add("Div", values, graph.add("ReduceSum", values, integers(-1), keepdims=1))


def labels_for_onnx(classes: NDArray) -> NDArray:
    """Return classes as int64, float64, booleans or text, which are objects in ONNX."""
    kind = classes.dtype.kind
    if kind not in "biufUO":
        raise TypeError(
            f"A classifier of labels of dtype {classes.dtype} cannot be exported, because ONNX has "
            "no such type. Convert the labels to text or integers before fit."
        )
    if kind == "u" and classes.max() > np.iinfo(np.int64).max:
        raise TypeError(
            f"A classifier with the label {classes.max()} cannot be exported, because labels in "
            "ONNX files are int64. Convert the labels to text or smaller integers before fit."
        )
    if kind in "iu":
        return classes.astype(np.int64)
    if kind == "f":
        return classes.astype(np.float64)
    return classes if kind == "b" else classes.astype(object)
