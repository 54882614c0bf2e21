"""`Architecture`: a recurrent network as plain data, with its weights as a list of arrays.

This module needs neither Keras nor TensorFlow. `networks/lstm.py` builds the same network as a
`keras.Model`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._compat.sklearn import StrOptions, validate_parameter_constraints
from .._core.parameters import AtLeast, Number

# The number of matrices that a cell multiplies with its input.
GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}
# Batch normalization adds it to the variance.
EPSILON = 1e-3

_CONSTRAINTS: dict[str, list[Any]] = {
    "meta": [Mapping],
    "cell": [StrOptions(set(GATES))],
    "bidirectional": ["boolean"],
    "dropout": [Number(Real, 0, 1, closed="left")],
    "recurrent_dropout": [Number(Real, 0, 1, closed="left")],
    "kernel_size": [AtLeast(1), tuple, list],
    "mask_value": [Real, None],
    "conv_padding": [StrOptions({"causal", "same"})],
    "conv_position": [StrOptions({"before", "beside"})],
    "batch_normalization": ["boolean"],
    "return_sequences": ["boolean"],
}


class Architecture(NamedTuple):
    """The layers and sizes of a network that `lstm_network` builds."""

    ndim: int  # of X: 3, or 2 for (samples, timesteps)
    features: int
    units: tuple[int, ...]
    cell: str
    bidirectional: bool
    dropout: float
    recurrent_dropout: float
    conv_filters: tuple[int, ...]
    kernel_size: int | tuple[int, ...]  # of all convolutions, or of each
    mask_value: float | None
    outputs: int
    activation: str  # "linear", "sigmoid" or "softmax"
    # The levels, increasing: the outputs are the quantiles of the first target, then those of the
    # second one. Empty: the outputs are no quantiles.
    quantiles: tuple[float, ...] = ()
    conv_padding: str = "causal"  # or "same"
    return_sequences: bool = False  # an output for every time step
    conv_position: str = "before"  # or "beside": the recurrent layers read the input, too
    batch_normalization: bool = False  # of each convolution, before its ReLU


class Scaling(NamedTuple):
    """Center and scale of the features and of the targets, in float64.

    A network is trained on ``(X - feature_center) / feature_scale`` and on the scaled target.
    """

    feature_center: NDArray  # (features,)
    feature_scale: NDArray
    target_center: NDArray  # (targets,), or (1,) for all outputs
    target_scale: NDArray

    def of_outputs(self, n_outputs: int) -> tuple[NDArray, NDArray]:
        """Return center and scale of each output: those of a target, for each of its quantiles."""
        repeats = n_outputs // len(self.target_scale)
        return np.repeat(self.target_center, repeats), np.repeat(self.target_scale, repeats)


class Layer(NamedTuple):
    """One layer of a network, in one direction."""

    kind: str  # "conv", "batch_normalization", "lstm", "gru", "simple_rnn" or "dense"
    inputs: int  # number of features that the layer reads
    size: int  # number of filters, units or outputs
    shapes: tuple[tuple[int, ...], ...]  # of its weights, in the order of Keras


def architecture_of(
    meta: Mapping[str, Any],
    *,
    units: int | tuple[int, ...],
    cell: str,
    bidirectional: bool,
    dropout: float,
    recurrent_dropout: float,
    conv_filters: int | tuple[int, ...] | None,
    kernel_size: int | tuple[int, ...],
    mask_value: float | None,
    conv_padding: str = "causal",
    return_sequences: bool = False,
    conv_position: str = "before",
    batch_normalization: bool = False,
) -> Architecture:
    """Return the architecture for the parameters of `lstm_network`, which describes them."""
    parameters = dict(locals())
    validate_parameter_constraints(_CONSTRAINTS, parameters, caller_name="lstm_network")
    mask_value = _float_mask_value(mask_value)
    recurrent_sizes = _layer_sizes("units", units)
    conv_sizes = () if conv_filters is None else _layer_sizes("conv_filters", conv_filters)
    kernel_size = _kernel_size(kernel_size, conv_filters, len(conv_sizes))
    _check_convolutions(parameters)
    outputs, activation = _output(meta)
    ndim, features = _input(meta.get("X_shape_"))
    return Architecture(
        ndim=ndim,
        features=features,
        units=recurrent_sizes,
        cell=cell,
        bidirectional=bool(bidirectional),
        dropout=float(dropout),
        recurrent_dropout=float(recurrent_dropout),
        conv_filters=conv_sizes,
        kernel_size=kernel_size,
        mask_value=mask_value,
        outputs=outputs,
        activation=activation,
        conv_padding=conv_padding,
        return_sequences=bool(return_sequences),
        conv_position=conv_position,
        batch_normalization=bool(batch_normalization),
    )


def layers_of(architecture: Architecture) -> list[tuple[Layer, ...]]:
    """Return the layers from the input to the output, a pair for each bidirectional layer.

    Convolutions beside the recurrent layers are listed before them, too.
    """
    convolutions = _convolutions(architecture)
    layers: list[tuple[Layer, ...]] = [(layer,) for layer in convolutions]
    width = convolutions[-1].size if convolutions else architecture.features
    is_beside = architecture.conv_position == "beside"
    features = architecture.features if is_beside else width
    directions = 2 if architecture.bidirectional else 1
    for size in architecture.units:
        shapes = _recurrent_shapes(architecture.cell, features, size)
        layers.append((Layer(architecture.cell, features, size, shapes),) * directions)
        features = directions * size
    features += width if is_beside else 0
    outputs = architecture.outputs
    layers.append((Layer("dense", features, outputs, ((features, outputs), (outputs,))),))
    return layers


def _convolutions(architecture: Architecture) -> list[Layer]:
    """Return the convolutions, each followed by its batch normalization if there is one."""
    layers, features = [], architecture.features
    for filters, size in zip(architecture.conv_filters, kernel_sizes(architecture), strict=True):
        shapes = (size, features, filters), (filters,)
        layers.append(Layer("conv", features, filters, shapes))
        if architecture.batch_normalization:
            # gamma, beta, moving mean, moving variance
            layers.append(Layer("batch_normalization", filters, filters, ((filters,),) * 4))
        features = filters
    return layers


def kernel_sizes(architecture: Architecture) -> tuple[int, ...]:
    """Return the number of time steps that the kernel of each convolution covers."""
    size = architecture.kernel_size
    return size if isinstance(size, tuple) else (size,) * len(architecture.conv_filters)


def steps_before(size: int, padding: str) -> int:
    """Return how many steps before the current one a kernel reads, for a padding of Keras."""
    return size - 1 if padding == "causal" else (size - 1) // 2


def weight_shapes(architecture: Architecture) -> list[tuple[int, ...]]:
    """Return the shapes of the weights in the order of `layers_of`.

    It is that of ``keras.Model.weights``, except with convolutions beside the recurrent layers.
    """
    return [shape for pair in layers_of(architecture) for layer in pair for shape in layer.shapes]


def initial_weights(architecture: Architecture, rng: np.random.Generator) -> list[NDArray]:
    """Draw weights from the distributions of Keras, in the order of ``keras.Model.weights``.

    Kernels are Glorot uniform, recurrent kernels orthogonal, and biases zero, except that those of
    the forget gates of an LSTM are one.
    """
    return [
        weights.astype(np.float32)
        for pair in layers_of(architecture)
        for layer in pair
        for weights in _draw(layer, rng)
    ]


def _draw(layer: Layer, rng: np.random.Generator) -> Iterator[NDArray]:
    kernel, *recurrent, bias = layer.shapes
    yield _glorot_uniform(kernel, rng)
    for shape in recurrent:
        yield _orthogonal(shape, rng)
    biases = np.zeros(bias)
    if layer.kind == "lstm":
        biases[layer.size : 2 * layer.size] = 1
    yield biases


def _glorot_uniform(shape: Sequence[int], rng: np.random.Generator) -> NDArray:
    receptive_field = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (receptive_field * (shape[-2] + shape[-1])))
    return rng.uniform(-limit, limit, shape)


def _orthogonal(shape: Sequence[int], rng: np.random.Generator) -> NDArray:
    rows, columns = shape
    q, r = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
    # The signs make the distribution uniform, as in keras.initializers.Orthogonal.
    q *= np.sign(np.diag(r))
    return q if rows >= columns else q.T


def _recurrent_shapes(cell: str, features: int, units: int) -> tuple[tuple[int, ...], ...]:
    width = GATES[cell] * units
    # A GRU has separate biases for the input and the state.
    bias = (2, width) if cell == "gru" else (width,)
    return (features, width), (units, width), bias


def _float_mask_value(mask_value: float | None) -> float | None:
    """Return `mask_value` as a Python float, which Keras compares in float32."""
    if mask_value is None:
        return None
    # Keras compares a np.float64 in float64, where -999.9 does not equal its float32 value.
    number = float(mask_value)
    if isinstance(mask_value, bool) or not abs(number) <= float(np.finfo(np.float32).max):
        raise ValueError(
            f"mask_value={mask_value} marks no step. Use a finite float32 number that does not "
            "occur in the data, such as -1.0."
        )
    return number


def _input(X_shape: Any) -> tuple[int, int]:
    """Return the number of axes of X, and its number of features."""
    has_axes = isinstance(X_shape, tuple | list) and len(X_shape) in (2, 3)
    if not has_axes or not all(map(AtLeast(1).is_satisfied_by, X_shape[2:])):
        raise ValueError(
            f"X has shape {X_shape}, but a recurrent network needs (samples, timesteps, "
            "features), or (samples, timesteps) for one feature. Use a SequenceReshaper "
            "for a 2D table. Reshape more than 3 axes with X.reshape(n, timesteps, -1)."
        )
    return len(X_shape), int(X_shape[2]) if len(X_shape) == 3 else 1


def _output(meta: Mapping[str, Any]) -> tuple[int, str]:
    """Return the size and the activation of the output layer for the target in `meta`."""
    target_type, n_classes = meta.get("target_type_"), meta.get("n_classes_")
    if "n_classes_" not in meta:
        n_outputs: Any = meta.get("n_outputs_")
        if not AtLeast(1).is_satisfied_by(n_outputs):
            raise ValueError(
                f"meta has n_outputs_={n_outputs!r}, but a network needs at least one output. "
                "Set n_outputs_ for a regressor, or n_classes_ and target_type_ for a classifier."
            )
        return int(n_outputs), "linear"
    if n_classes is None:
        raise ValueError(
            f"A {target_type} target needs more than one output layer. Fit one classifier per "
            "column of y, for example with sklearn.multioutput.MultiOutputClassifier."
        )
    if target_type == "multilabel-indicator":
        return int(n_classes), "sigmoid"
    return (1, "sigmoid") if n_classes <= 2 else (int(n_classes), "softmax")


def _kernel_size(
    kernel_size: int | tuple[int, ...], conv_filters: Any, n_convolutions: int
) -> int | tuple[int, ...]:
    """Return the size of all kernels as an int, or a tuple with one size per convolution."""
    if not isinstance(kernel_size, tuple | list):
        return int(kernel_size)
    sizes = _layer_sizes("kernel_size", kernel_size)
    if len(sizes) != n_convolutions:
        raise ValueError(
            f"kernel_size={kernel_size} has length {len(sizes)}, but conv_filters={conv_filters} "
            f"makes {n_convolutions} convolution{'' if n_convolutions == 1 else 's'}. Use one size "
            "per convolution, or an int for all."
        )
    return sizes


def _check_convolutions(parameters: Mapping[str, Any]) -> None:
    """Raise if a parameter would have no effect, or no meaning together with another one."""
    beside = parameters["conv_position"] == "beside"
    if parameters["conv_filters"] is None and (beside or parameters["batch_normalization"]):
        name = "conv_position='beside'" if beside else "batch_normalization=True"
        raise ValueError(
            f"{name} needs convolutions, but conv_filters=None. Set conv_filters, for example to "
            f"16, or leave out {name.partition('=')[0]}."
        )
    if beside and parameters["return_sequences"]:
        raise ValueError(
            "conv_position='beside' averages the convolutions over all time steps, so "
            "return_sequences=True would give every step the same average. Use "
            "conv_position='before' for an output for every time step."
        )


def _layer_sizes(name: str, sizes: int | tuple[int, ...]) -> tuple[int, ...]:
    per_layer = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes,)
    if not per_layer or not all(map(AtLeast(1).is_satisfied_by, per_layer)):
        raise ValueError(f"{name} must be positive integers, one per layer; got {sizes!r}.")
    return tuple(map(int, per_layer))
