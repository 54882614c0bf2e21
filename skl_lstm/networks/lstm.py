"""The function `lstm_network`, which builds a recurrent Keras model.

The model contains only layers of Keras, so that a saved model can be loaded without this package.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops
from numpy.typing import NDArray

from .._core.public import set_module
from .architecture import Architecture, Scaling, architecture_of
from .models import write_weights
from .seeding import seeded

_CELLS = {"lstm": layers.LSTM, "gru": layers.GRU, "simple_rnn": layers.SimpleRNN}


@set_module("skl_lstm")
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
    conv_padding: str = "causal",
    return_sequences: bool = False,
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
        one layer per entry, and None adds no layer.
    kernel_size : int, default=3
        Number of time steps that each filter covers.
    mask_value : float, default=None
        Skip the time steps in which every feature has this value. A padded sequence then
        gives the same output as the sequence without padding, for any length of padding
        before the first step or after the last one. Without convolutions and
        `return_sequences`, a ``Masking`` layer skips the steps. ``Conv1D`` ignores masks, so
        with convolutions the padding is replaced by zeros before each ``Conv1D`` layer: its
        own padding is zeros, too.
    conv_padding : {"causal", "same"}, default="causal"
        Which steps a filter covers. "causal": the output at a time step depends on this and
        earlier steps only. "same": the kernel is centred on the step, for sequences that are
        known as a whole.
    return_sequences : bool, default=False
        Return an output for every time step, as `keras.layers.LSTM` does. With `mask_value`, the
        output at a skipped step is that of a state of zeros. It has no mask, so skipped steps
        count in a loss of Keras unless their `sample_weight`, (samples, timesteps), is 0.
        `LSTMStepClassifier` and `LSTMStepRegressor` set these weights.

    Returns
    -------
    keras.Model
        Model of Keras layers, not compiled. The input is (samples, timesteps, features), or
        (samples, timesteps) if ``X_shape_`` has two axes. The output is (samples, outputs), or
        (samples, timesteps, outputs) with `return_sequences`.
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
    >>> lstm_network(meta, return_sequences=True).output_shape
    (None, None, 1)
    """
    architecture = architecture_of(
        meta,
        units=units,
        cell=cell,
        bidirectional=bidirectional,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        conv_filters=conv_filters,
        kernel_size=kernel_size,
        mask_value=mask_value,
        conv_padding=conv_padding,
        return_sequences=return_sequences,
    )
    return build_model(architecture)


def build_model(architecture: Architecture, scaling: Scaling | None = None) -> keras.Model:
    """Build the Keras model of an architecture, not compiled.

    With a scaling, the model scales its input.
    """
    mask_value = architecture.mask_value
    inputs = keras.Input((None, architecture.features)[: architecture.ndim - 1])
    # Recurrent layers need a feature axis, which a 2D input does not have.
    x = layers.Reshape((-1, 1))(inputs) if architecture.ndim == 2 else inputs
    # Conv1D does not pass a mask on, so with convolutions the mask is computed here. So it is for
    # outputs of every step, in which the masked steps are replaced.
    needs_mask = architecture.conv_filters or architecture.return_sequences
    real = _real_steps(x, mask_value) if needs_mask and mask_value is not None else None
    if mask_value is not None and real is None:
        x = layers.Masking(mask_value)(x)
    if scaling is not None:
        x = _scaled(x, scaling)
    x = _recurrent(_convolved(x, real, architecture), real, architecture)
    output = layers.Dense(architecture.outputs, activation=architecture.activation, name="output")
    return keras.Model(inputs, output(x))


# Fixed layer names: Keras' default names contain a counter that grows with every build, and
# TensorFlow keeps memory for every variable name it has seen.


def _convolved(
    x: keras.KerasTensor, real: keras.KerasTensor | None, architecture: Architecture
) -> keras.KerasTensor:
    """Apply the convolutions, with zeros in place of masked steps."""
    for depth, filters in enumerate(architecture.conv_filters, start=1):
        x = x if real is None else ops.where(real, x, 0.0)
        conv = layers.Conv1D(
            filters,
            architecture.kernel_size,
            padding=architecture.conv_padding,
            activation="relu",
            name=f"conv_{depth}",
        )
        x = conv(x)
    return x


def _recurrent(
    x: keras.KerasTensor, real: keras.KerasTensor | None, architecture: Architecture
) -> keras.KerasTensor:
    """Apply the recurrent layers, which skip masked steps."""
    if real is not None and not architecture.conv_filters:
        # As Masking does: a very large mask value would make the gradients NaN.
        x = ops.where(real, x, 0.0)
    # Every layer gets the mask: in Keras 3.6 the first recurrent layer does not pass it on.
    masked = {} if real is None else {"mask": ops.squeeze(real, axis=-1)}
    for depth, size in enumerate(architecture.units, start=1):
        layer = _CELLS[architecture.cell](
            size,
            dropout=architecture.dropout,
            recurrent_dropout=architecture.recurrent_dropout,
            return_sequences=architecture.return_sequences or depth < len(architecture.units),
            name=f"{architecture.cell}_{depth}",
        )
        if architecture.bidirectional:
            layer = layers.Bidirectional(layer, name=f"bidirectional_{depth}")
        x = layer(x, **masked)
    if real is not None and architecture.return_sequences:
        # This also ends the mask, which recurrent layers pass on. A loss of Keras would divide by
        # the number of unmasked steps in the batch, so a step would have a weight that depends on
        # the other sequences.
        x = ops.where(real, x, 0.0)
    return x


def build_trained(
    architecture: Architecture, scaling: Scaling | None, weights: Sequence[NDArray]
) -> keras.Model:
    """Build the Keras model of a trained network, which takes and returns unscaled values.

    If its outputs are quantiles, the model sorts those of each target.
    """
    with seeded(0):  # the weights drawn here are overwritten
        model = build_model(architecture, scaling)
    if scaling is not None:
        *others, kernel, bias = weights
        center, scale = scaling.of_outputs(architecture.outputs)
        weights = [*others, kernel * scale, bias * scale + center]
    if architecture.quantiles:
        model = keras.Model(model.input, _sorted(model.output, len(architecture.quantiles)))
    write_weights(model, weights)
    return model


def _sorted(outputs: keras.KerasTensor, n_quantiles: int) -> keras.KerasTensor:
    """Sort the quantiles of each target, in the outputs of a network."""
    per_target = layers.Reshape((-1, n_quantiles), name="quantiles")(outputs)
    return layers.Reshape(outputs.shape[1:], name="sorted")(ops.sort(per_target, axis=-1))


def _scaled(x: keras.KerasTensor, scaling: Scaling) -> keras.KerasTensor:
    """Center and scale the features of x.

    In float32, differences are exact only if the center is a float32 number, too, so the rest of
    the center is subtracted after the division. A shape of three axes gives the scale the same
    meaning for all values of ``keras.config.image_data_format()``.
    """
    center = scaling.feature_center.astype(keras.config.floatx()).astype("float64")
    rest = (center - scaling.feature_center) / scaling.feature_scale
    x = layers.Rescaling(1.0, [[(-center).tolist()]], name="center")(x)
    scale = 1 / scaling.feature_scale
    return layers.Rescaling([[scale.tolist()]], [[rest.tolist()]], name="scale")(x)


def _real_steps(x: keras.KerasTensor, mask_value: float | None) -> keras.KerasTensor:
    """Return a mask (samples, timesteps, 1), True for steps that `Masking` does not skip."""
    return ops.any(ops.not_equal(x, mask_value), axis=-1, keepdims=True)
