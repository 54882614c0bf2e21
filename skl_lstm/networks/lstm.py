"""The function `lstm_network`, which builds a recurrent Keras model.

The model contains only layers of Keras, so that a saved model can be loaded without this package.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops
from numpy.typing import NDArray

from .._core.public import set_module
from .architecture import EPSILON, Architecture, Scaling, architecture_of, kernel_sizes
from .models import read_weights, write_weights
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
    kernel_size: int | tuple[int, ...] = 3,
    mask_value: float | None = None,
    conv_padding: str = "causal",
    return_sequences: bool = False,
    conv_position: str = "before",
    batch_normalization: bool = False,
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
        Number of filters of a ``Conv1D`` layer. A tuple stacks one layer per entry, and None adds
        no layer. `conv_position` is the place of these layers.
    kernel_size : int or tuple of int, default=3
        Number of time steps that each filter covers. A tuple has one entry per convolution.
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
    conv_position : {"before", "beside"}, default="before"
        "before": the recurrent layers read the output of the convolutions. "beside": both read
        the input. The output of the convolutions is averaged over the time steps that are not
        skipped, and appended to the output of the last recurrent layer. For a sequence without
        such a step, both are zeros. Not with `return_sequences`.
    batch_normalization : bool, default=False
        Add a ``BatchNormalization`` layer between each convolution and its ReLU. In training, its
        mean and variance are those of the time steps in the batch that are not skipped. In
        prediction they are moving averages, with a momentum of 0.9.

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
        If `meta` does not describe sequences or a supported type of target, if `mask_value` is
        not a finite float32 number, if the length of `kernel_size` is not the number of
        convolutions, or if `conv_position` or `batch_normalization` is set without convolutions.

    References
    ----------
    .. [1] F. Karim, S. Majumdar, H. Darabi and S. Chen, "LSTM Fully Convolutional Networks for
       Time Series Classification", IEEE Access 6, 1662-1669, 2018.

    Examples
    --------
    >>> from skl_lstm import lstm_network
    >>> meta = {"X_shape_": (100, 24, 2), "n_outputs_": 1}
    >>> model = lstm_network(meta, units=(32, 16))
    >>> model.input_shape, model.output_shape
    ((None, None, 2), (None, 1))
    >>> lstm_network(meta, return_sequences=True).output_shape
    (None, None, 1)

    The convolutions of an LSTM-FCN [1]_ beside an LSTM. This LSTM reads one time step after the
    other. That of [1]_ reads all values of a feature at once, and has a dropout of 0.8 behind it:

    >>> model = lstm_network(
    ...     meta,
    ...     units=8,
    ...     conv_filters=(128, 256, 128),
    ...     kernel_size=(8, 5, 3),
    ...     conv_padding="same",
    ...     conv_position="beside",
    ...     batch_normalization=True,
    ... )
    >>> model.layers[-1].input.shape
    (None, 136)
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
        conv_position=conv_position,
        batch_normalization=batch_normalization,
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
    if real is not None:
        # As Masking does: a very large mask value would make the gradients NaN.
        x = ops.where(real, x, 0.0)
    convolved = _convolved(x, real, architecture)
    if architecture.conv_position == "beside":
        states = _recurrent(x, real, architecture)
        x = layers.Concatenate(name="joined")([states, _mean_over_time(convolved, real)])
    else:
        x = _recurrent(convolved, real, architecture)
    output = layers.Dense(architecture.outputs, activation=architecture.activation, name="output")
    return keras.Model(inputs, output(x))


# Fixed layer names: Keras' default names contain a counter that grows with every build, and
# TensorFlow keeps memory for every variable name it has seen.


def _convolved(
    x: keras.KerasTensor, real: keras.KerasTensor | None, architecture: Architecture
) -> keras.KerasTensor:
    """Apply the convolutions, with zeros in place of masked steps."""
    sizes = zip(architecture.conv_filters, kernel_sizes(architecture), strict=True)
    for depth, (filters, kernel_size) in enumerate(sizes, start=1):
        if real is not None and depth > 1:
            x = ops.where(real, x, 0.0)
        conv = layers.Conv1D(
            filters,
            kernel_size,
            padding=architecture.conv_padding,
            activation=None if architecture.batch_normalization else "relu",
            name=f"conv_{depth}",
        )
        x = conv(x)
        if architecture.batch_normalization:
            # The default momentum of 0.99 needs hundreds of batches until the moving averages
            # have left their initial values, more than many fits have.
            normalization = layers.BatchNormalization(
                momentum=0.9, epsilon=EPSILON, name=f"batch_normalization_{depth}"
            )
            x = ops.relu(normalization(x, **_mask(real)))
    return x


def _mean_over_time(x: keras.KerasTensor, real: keras.KerasTensor | None) -> keras.KerasTensor:
    """Return the mean over all steps that are not masked, or zeros if all are."""
    if real is None:
        return ops.mean(x, axis=1)
    # GlobalAveragePooling1D would divide by zero if all steps are masked.
    count = ops.sum(ops.cast(real, x.dtype), axis=1)
    return ops.sum(ops.where(real, x, 0.0), axis=1) / ops.maximum(count, 1.0)


def _mask(real: keras.KerasTensor | None) -> dict[str, keras.KerasTensor]:
    """Return the arguments that pass a mask on to a layer."""
    return {} if real is None else {"mask": ops.squeeze(real, axis=-1)}


def _recurrent(
    x: keras.KerasTensor, real: keras.KerasTensor | None, architecture: Architecture
) -> keras.KerasTensor:
    """Apply the recurrent layers, which skip masked steps."""
    # Every layer gets the mask: in Keras 3.6 the first recurrent layer does not pass it on.
    masked = _mask(real)
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


def weights_by_layer(model: keras.Model) -> list[NDArray]:
    """Return copies of the weights in the order of `layers_of`.

    Keras lists layers by their distance from the output, so branches beside each other are mixed.
    """
    first = (layers.Conv1D, layers.BatchNormalization)
    ordered = sorted(model.layers, key=lambda layer: not isinstance(layer, first))
    places = {id(variable): place for place, variable in enumerate(model.weights)}
    weights = read_weights(model)
    return [weights[places[id(variable)]] for layer in ordered for variable in layer.weights]


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
