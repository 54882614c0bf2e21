"""The function `lstm_network`, which builds a recurrent Keras model.

The model contains only layers of Keras, so that a saved model can be loaded without this package.
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
        "units": "no_validation",  # `_layer_sizes` checks both: the message has to name the tuple
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
    """Build a recurrent network with an input and an output that fit the data.

    This function can be the ``model`` of a scikeras wrapper, which calls it with `meta` in every
    `fit`: ``KerasRegressor(model=lstm_network, model__units=64, loss="mse")``. The shapes are
    read from `meta`, so a search over ``timesteps`` needs no second parameter.

    Parameters
    ----------
    meta : mapping
        Description of the data, as scikeras passes it. ``X_shape_`` is (samples, timesteps,
        features), or (samples, timesteps) for one feature. A regressor also needs
        ``n_outputs_``, a classifier ``n_classes_`` and ``target_type_``.
    units : int or tuple of int, default=32
        Size of the recurrent layer. A tuple stacks one layer per entry.
    cell : {"lstm", "gru", "simple_rnn"}, default="lstm"
        Type of the recurrent layers.
    bidirectional : bool, default=False
        Read every sequence in both directions and concatenate the outputs.
    dropout : float, default=0.0
        Fraction of the inputs of each recurrent layer to drop in training, in [0, 1).
    recurrent_dropout : float, default=0.0
        Fraction of the recurrent state to drop in training, in [0, 1).
    conv_filters : int or tuple of int, default=None
        Number of filters of a ``Conv1D`` layer before the recurrent layers. A tuple stacks
        one layer per entry, and None adds no layer. The padding is causal: the output at a
        time step depends only on this step and earlier ones.
    kernel_size : int, default=3
        Number of time steps that each filter covers.
    mask_value : float, default=None
        Skip the time steps in which every feature has this value. A padded sequence then
        gives the same output as the sequence without padding, for any length of padding
        before the first step or after the last one. Without convolutions, a ``Masking``
        layer skips the steps. ``Conv1D`` ignores masks, so with convolutions the padding is
        replaced by zeros before each ``Conv1D`` layer: its own causal padding is zeros, too.

    Returns
    -------
    keras.Model
        Model of Keras layers, not compiled. The input is (samples, timesteps, features), or
        (samples, timesteps) if ``X_shape_`` has two axes, and the output (samples, outputs).
        The length of the time axis is None, so sequences of any length fit. A regressor has
        one linear output per target. A classifier has one sigmoid for two classes, a
        softmax for more classes, and one sigmoid per label for multilabel targets.

    Raises
    ------
    ValueError
        If `meta` does not describe sequences or a supported type of target, or if
        `mask_value` is not a finite float32 number.

    Examples
    --------
    >>> from skl_lstm import lstm_network
    >>> meta = {"X_shape_": (100, 24, 2), "n_outputs_": 1}
    >>> model = lstm_network(meta, units=(32, 16))
    >>> model.input_shape, model.output_shape
    ((None, None, 2), (None, 1))
    """
    mask_value = _float_mask_value(mask_value)
    recurrent_sizes = _layer_sizes("units", units)
    conv_sizes = () if conv_filters is None else _layer_sizes("conv_filters", conv_filters)
    outputs, activation = _output(meta)

    inputs = _input(meta.get("X_shape_"))
    # Recurrent layers need a feature axis, which a 2D input does not have.
    x = layers.Reshape((-1, 1))(inputs) if len(inputs.shape) == 2 else inputs
    # Conv1D does not pass a mask on, so with convolutions the mask is computed here.
    real = None if mask_value is None or not conv_sizes else _real_steps(x, mask_value)
    if mask_value is not None and real is None:
        x = layers.Masking(mask_value)(x)
    # Fixed layer names: Keras' default names contain a counter that grows with every build, and
    # TensorFlow keeps memory for every variable name it has seen.
    for depth, filters in enumerate(conv_sizes, start=1):
        x = x if real is None else ops.where(real, x, 0.0)
        conv = layers.Conv1D(
            filters, int(kernel_size), padding="causal", activation="relu", name=f"conv_{depth}"
        )
        x = conv(x)
    # Every layer gets the mask: in Keras 3.6 the first recurrent layer does not pass it on.
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
    """Return a mask (samples, timesteps, 1), True for steps that `Masking` does not skip."""
    return ops.any(ops.not_equal(x, mask_value), axis=-1, keepdims=True)


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


def _input(X_shape: Any) -> keras.KerasTensor:
    has_axes = isinstance(X_shape, tuple | list) and len(X_shape) in (2, 3)
    if not has_axes or not all(map(AtLeast(1).is_satisfied_by, X_shape[2:])):
        raise ValueError(
            f"X has shape {X_shape}, but a recurrent network needs (samples, timesteps, "
            "features), or (samples, timesteps) for one feature. Use a SequenceReshaper "
            "for a 2D table. Reshape more than 3 axes with X.reshape(n, timesteps, -1)."
        )
    return keras.Input((None, *X_shape[2:]))


def _output(meta: Mapping[str, Any]) -> tuple[int, str | None]:
    """Return the size and the activation of the output layer for the target in `meta`."""
    target_type, n_classes = meta.get("target_type_"), meta.get("n_classes_")
    if "n_classes_" not in meta:
        n_outputs: Any = meta.get("n_outputs_")
        if not AtLeast(1).is_satisfied_by(n_outputs):
            raise ValueError(
                f"meta has n_outputs_={n_outputs!r}, but a network needs at least one output. "
                "Set n_outputs_ for a regressor, or n_classes_ and target_type_ for a classifier."
            )
        return int(n_outputs), None
    if n_classes is None:
        raise ValueError(
            f"A {target_type} target needs more than one output layer. Fit one classifier per "
            "column of y, for example with sklearn.multioutput.MultiOutputClassifier."
        )
    if target_type == "multilabel-indicator":
        return n_classes, "sigmoid"
    return (1, "sigmoid") if n_classes <= 2 else (n_classes, "softmax")


def _layer_sizes(name: str, sizes: int | tuple[int, ...]) -> tuple[int, ...]:
    per_layer = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes,)
    if not per_layer or not all(map(AtLeast(1).is_satisfied_by, per_layer)):
        raise ValueError(f"{name} must be positive integers, one per layer; got {sizes!r}.")
    return tuple(map(int, per_layer))
