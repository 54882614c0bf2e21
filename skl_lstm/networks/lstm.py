"""Pure functions from hyperparameters and `meta` to a plain Keras model.

Only layers that ship with Keras, so that a saved model
loads in an installation without this package.
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from .._compat.sklearn import StrOptions, validate_params
from .._core.parameters import AtLeast, Number
from .._core.public import set_module

_CELLS = {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}


@set_module("skl_lstm")
@validate_params(
    {
        "meta": [Mapping],
        "units": "no_validation",  # of these two every layer is checked
        "conv_filters": "no_validation",
        "cell": [StrOptions(set(_CELLS))],
        "bidirectional": ["boolean"],
        "dropout": [Number(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Number(Real, 0, 1, closed="left")],
        "kernel_size": [AtLeast(1)],
        "mask_value": [Real, None],
    },
    prefer_skip_nested_validation=True,
)
def lstm_network(
    meta: Mapping[str, Any],
    *,
    units: int | tuple[int, ...] = 32,
    cell: str = "lstm",
    bidirectional: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    conv_filters: int | tuple[int, ...] | None = None,
    kernel_size: int = 3,
    mask_value: float | None = None,
) -> keras.Model:
    """Build a recurrent network whose input and output follow the data.

    Made to be the ``model`` of a scikeras wrapper, which calls it with `meta` in every
    `fit`: ``KerasRegressor(model=lstm_network, model__units=64, loss="mse")``. No shape is
    typed by hand, so a search over ``timesteps`` needs no second parameter.

    Parameters
    ----------
    meta : mapping
        What scikeras knows of the data: ``X_shape_``, (samples, timesteps, features) or
        (samples, timesteps) for one feature; for a regressor ``n_outputs_``; for a
        classifier ``n_classes_`` and ``target_type_``.
    units : int or tuple of int, default=32
        Size of the recurrent layer; a tuple stacks one layer per entry.
    cell : {"lstm", "gru", "simple_rnn"}, default="lstm"
        Kind of recurrent layer.
    bidirectional : bool, default=False
        Read every sequence in both directions and join the results.
    dropout : float, default=0.0
        Share of each recurrent layer's inputs dropped in training, in [0, 1).
    recurrent_dropout : float, default=0.0
        Share of the recurrent state dropped in training, in [0, 1).
    conv_filters : int or tuple of int, default=None
        Put a ``Conv1D`` layer with that many filters ahead of the recurrent layers; a
        tuple stacks them. The padding is causal: a step sees only itself and older ones.
    kernel_size : int, default=3
        Time steps that each filter spans.
    mask_value : float, default=None
        Skip time steps whose every feature has this value: a sequence gives the same
        output padded, to any length, before its first step or behind its last, as it does
        alone. By a ``Masking`` layer; for convolutions, which know no mask, by zeros, as
        which they see whatever is beyond the ends of a sequence.

    Returns
    -------
    keras.Model
        Uncompiled model of standard layers, from (samples, timesteps, features) to
        (samples, outputs). The time axis is open: sequences of any length fit. One
        linear output per target for a regressor; one sigmoid for two classes, a softmax
        over more, a sigmoid per label for multilabel targets.

    Raises
    ------
    ValueError
        If `meta` does not describe sequences or a known kind of target, or `mask_value`
        is no number of single precision.

    Examples
    --------
    >>> from skl_lstm import lstm_network
    >>> meta = {"X_shape_": (100, 24, 2), "n_outputs_": 1}
    >>> model = lstm_network(meta, units=(32, 16))
    >>> model.input_shape, model.output_shape
    ((None, None, 2), (None, 1))
    """
    mask_value = _mask_number(mask_value)
    recurrent_sizes = _layer_sizes("units", units)
    conv_sizes = () if conv_filters is None else _layer_sizes("conv_filters", conv_filters)
    outputs, activation = _output(meta)

    inputs = _input(meta.get("X_shape_"))
    # A 2D input is one feature; the model still has to be told its third axis.
    x = layers.Reshape((-1, 1))(inputs) if len(inputs.shape) == 2 else inputs
    # Where there are convolutions, Keras' own mask would end.
    real = None if mask_value is None or not conv_sizes else _real_steps(x, mask_value)
    if mask_value is not None and real is None:
        x = layers.Masking(mask_value)(x)
    # Names of ours, as Keras would count on from build to build, and TensorFlow keeps some
    # memory for every name that a variable has had.
    for depth, filters in enumerate(conv_sizes, start=1):
        x = x if real is None else ops.where(real, x, 0.0)
        conv = layers.Conv1D(
            filters, int(kernel_size), padding="causal", activation="relu", name=f"conv_{depth}"
        )
        x = conv(x)
    # Given to every layer: the first of Keras 3.6 does not hand it on.
    masked = {} if real is None else {"mask": ops.squeeze(real, axis=-1)}
    for depth, size in enumerate(recurrent_sizes, start=1):
        layer = _CELLS[cell](
            size,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=depth < len(recurrent_sizes),
            name=f"{cell}_{depth}",
        )
        if bidirectional:
            layer = layers.Bidirectional(layer, name=f"bidirectional_{depth}")
        x = layer(x, **masked)
    output = layers.Dense(outputs, activation=activation, name="output")
    return keras.Model(inputs, output(x))


def _real_steps(x: keras.KerasTensor, mask_value: float) -> keras.KerasTensor:
    """Mark the steps (samples, timesteps, 1) that a `Masking` layer would not skip."""
    return ops.any(ops.not_equal(x, mask_value), axis=-1, keepdims=True)


def _mask_number(mask_value: float | None) -> float | None:
    """Return the value as the float that Keras compares in single precision."""
    if mask_value is None:
        return None
    # A float64 of NumPy would be compared in double precision, and never be found.
    number = float(mask_value)
    if isinstance(mask_value, bool) or not abs(number) <= float(np.finfo(np.float32).max):
        raise ValueError(
            f"mask_value={mask_value} marks no step: take a finite number of single precision "
            "that is not in the data, such as -1.0."
        )
    return number


def _input(X_shape: Any) -> keras.KerasTensor:
    has_axes = isinstance(X_shape, tuple | list) and len(X_shape) in (2, 3)
    if not has_axes or not all(map(AtLeast(1).is_satisfied_by, X_shape[2:])):
        raise ValueError(
            f"X has shape {X_shape}, but a recurrent network reads (samples, timesteps, "
            "features), or (samples, timesteps) for one feature. Put a SequenceReshaper "
            "ahead of it."
        )
    return keras.Input((None, *X_shape[2:]))


def _output(meta: Mapping[str, Any]) -> tuple[int, str | None]:
    """Read the width and activation of the last layer from the target's description."""
    target_type, n_classes = meta.get("target_type_"), meta.get("n_classes_")
    if "n_classes_" not in meta:
        n_outputs: Any = meta.get("n_outputs_")
        if not AtLeast(1).is_satisfied_by(n_outputs):
            raise ValueError(
                f"meta says n_outputs_={n_outputs!r}, but a network needs at least one output: "
                "for a regressor give n_outputs_, for a classifier n_classes_ and target_type_."
            )
        return int(n_outputs), None
    if n_classes is None:
        raise ValueError(
            f"A {target_type} target has no single output layer. Fit one classifier per "
            "column of y, for example with sklearn.multioutput.MultiOutputClassifier."
        )
    if target_type == "multilabel-indicator":
        return n_classes, "sigmoid"
    return (1, "sigmoid") if n_classes <= 2 else (n_classes, "softmax")


def _layer_sizes(name: str, sizes: int | tuple[int, ...]) -> tuple[int, ...]:
    per_layer = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes,)
    if not per_layer or not all(map(AtLeast(1).is_satisfied_by, per_layer)):
        raise ValueError(f"{name} must be positive integers, one per layer; got {sizes}.")
    return tuple(map(int, per_layer))
