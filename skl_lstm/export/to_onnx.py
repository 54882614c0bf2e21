"""`to_onnx`: a fitted pipeline as one ONNX file."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.every_step import predicts_every_step
from .._core.public import set_module
from ..estimators.base import NetworkEstimator
from ..estimators.scaling import MASK_VALUE
from ..estimators.targets import ClassTarget
from ..forecasting.windows import find_target_names
from .affine import Affine, unscaling
from .parts import Parts, take_apart
from .sources import Source, pad_lists, read_source

if TYPE_CHECKING:
    import onnx

    from .graph import Graph
    from .outputs import Output

_NO_ONNX = (
    "to_onnx needs the package onnx, which is not installed. Install it: "
    "pip install 'skl-lstm[onnx]'"
)


@set_module("skl_lstm")
def to_onnx(pipeline: Any, path: str | os.PathLike[str] | None = None) -> onnx.ModelProto:
    """Write a fitted pipeline, from raw sequences to forecasts in their units, as an ONNX model.

    An ONNX file needs neither Python nor this package: it runs in ONNX Runtime, in C++, C#, Java,
    JavaScript or on a phone, and gives the predictions of the pipeline to about 1e-5 of their
    scale.

    Parameters
    ----------
    pipeline : estimator
        A fitted `LSTMRegressor`, `LSTMClassifier`, `LSTMStepRegressor`, `LSTMStepClassifier`,
        `SequenceRegressor` or `SequenceClassifier`. It can be the last step of a
        :class:`~sklearn.pipeline.Pipeline`, inside a search such as
        :class:`~sklearn.model_selection.GridSearchCV`, or in a
        :class:`~sklearn.compose.TransformedTargetRegressor` with a scaler. See the notes for the
        other steps.
    path : str or path-like, default=None
        File to write. It is complete at any time: if the export fails, an existing file stays as
        it is. None: write no file.

    Returns
    -------
    onnx.ModelProto
        The model, with the operators of opset 15.

    Raises
    ------
    TypeError
        If a part of the pipeline cannot be exported. The message names the step and the remedy.
    ValueError
        If the exporter of Keras cannot write a network of your own.
    NotFittedError
        If the pipeline is not fitted.
    ImportError
        If the package onnx is not installed, or tf2onnx for a Keras network of your own.

    Warns
    -----
    UserWarning
        If padding is inserted behind a scaler, and its value could also be that of raw data.

    See Also
    --------
    sliding_windows : Make the windows that the model reads from a series.
    TRUSTED_TYPES : Save a pipeline for Python, with skops.

    Notes
    -----
    **Input.** ``X``, float64 of shape (samples, timesteps, features), are raw sequences, oldest
    step first: those that the `SequenceWindower`, the `SequenceReshaper` or the `SequencePadder` of
    the pipeline returns if no scaler is before it. Without such a step, they are the X of the
    estimator, of shape (samples, timesteps) if it was fitted on two axes. The numbers of samples
    and of timesteps are open. The number of timesteps is fixed for an X of two axes, and if scalers
    before a `SequenceReshaper` have another center or scale for each timestep.

    **Outputs.** A regressor has the output ``forecast``, what `predict` returns, in the same shape
    and dtype. If it was fitted with quantiles, they are the second output, ``quantiles``. A
    classifier has ``label``, int64 or text as the classes, and ``probabilities``, float64 of shape
    (samples, classes). Estimators of time steps have the axis of timesteps behind that of the
    samples. At padding, their forecasts and probabilities are NaN; their labels have no meaning.

    **Steps.** Scalers with one center and one scale for each column (`StandardScaler`,
    `MinMaxScaler`, `MaxAbsScaler`, `RobustScaler`, and `FunctionTransformer` without a function)
    become part of the model, also inside `PerTimestep`. "passthrough" is left out. Export the
    steps behind any other transformer, and apply it to the input yourself.

    **Padding.** A windower with a number as `padding`, and a padder, insert this number behind the
    scalers before them. In ``X``, mark padding by the same number in every feature of a step. The
    scalers leave such steps as they are, so no real step may have this number in every feature. The
    lists that an estimator of time steps takes become an array, padded by its `mask_value`, or by
    ``-2.0**100`` if it has none. The metadata have this number as ``padding``.

    **Precision.** Scalers compute in double precision, networks in single precision. This holds for
    X in float32, too, of which scikit-learn scales in single precision.

    **Metadata.** ``feature_names``, ``timesteps`` (in training), ``padding``, ``target_names``,
    ``quantiles`` and ``classes`` are JSON, and missing if they do not apply or are unknown.
    ``estimator`` and ``skl_lstm_version`` are text.

    **Networks of your own.** The exporter of Keras writes them. It needs the package tf2onnx, a
    network with one input and one output in float32, and operations that ONNX has. Neither Keras
    nor TensorFlow is loaded for the other networks, if they were trained without Keras.

    Examples
    --------
    >>> import numpy as np
    >>> import onnxruntime
    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import LSTMRegressor, SequenceWindower, sliding_windows, to_onnx
    >>> series = np.sin(np.arange(60.0))[:, np.newaxis]
    >>> pipeline = make_pipeline(SequenceWindower(12), LSTMRegressor(8, epochs=2, random_state=0))
    >>> pipeline.fit(series[:-1], series[1:, 0])  # doctest: +ELLIPSIS
    Pipeline(...)
    >>> model = to_onnx(pipeline)
    >>> session = onnxruntime.InferenceSession(model.SerializeToString())
    >>> (forecast,) = session.run(["forecast"], {"X": sliding_windows(series, 12)})
    >>> bool(np.allclose(forecast, pipeline.predict(series)[11:], rtol=1e-5))
    True
    """
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise ImportError(_NO_ONNX) from error
    parts = take_apart(pipeline)
    source = read_source(parts.steps)
    mask_value = _mask_value(parts.network, source)
    if mask_value is not None and predicts_every_step(parts.network):
        source = pad_lists(source, mask_value)
    model = _build(parts, source, mask_value, find_target_names(pipeline))
    if path is not None:
        _write(model.SerializeToString(), Path(path))
    return model


def _build(
    parts: Parts, source: Source, mask_value: float | None, target_names: list[str] | None
) -> onnx.ModelProto:
    """Return the model of the parts of a pipeline."""
    from .graph import Graph, integers
    from .inputs import add_stages
    from .metadata import documentation_of, metadata_of

    graph, description = Graph(), parts.network._description
    exported = _exported_by_keras(parts.network)
    raw = graph.input("X", _shape_of_input(parts.network, source, exported))
    if len(description.X_shape) == 2:
        raw = graph.add("Unsqueeze", raw, integers(2))
    x = add_stages(graph, raw, source.stages)
    output = _add_network(graph, x, parts.network, mask_value, exported)
    _add_outputs(graph, output, parts)
    # Without scalers, the network reads the raw input.
    padding = source.padding if source.stages or source.padding is not None else mask_value
    return graph.model(
        type(parts.network).__name__,
        documentation_of(description, padding),
        metadata_of(parts, source, padding, target_names),
    )


def _exported_by_keras(estimator: NetworkEstimator) -> onnx.ModelProto | None:
    """Return a network of the user as Keras exports it, or None for one of this package."""
    description = estimator._description
    if description.architecture is not None:
        return None
    from .keras_models import export_network

    return export_network(estimator._network.model, description.X_shape)


def _shape_of_input(
    network: NetworkEstimator, source: Source, exported: onnx.ModelProto | None
) -> list[str | int]:
    shape = network._description.X_shape
    timesteps = shape[1] if len(shape) == 2 else source.timesteps
    if exported is not None:
        from .keras_models import length_of_sequences

        timesteps = length_of_sequences(exported) or timesteps
    return ["samples", "timesteps" if timesteps is None else timesteps, *shape[2:]]


def _mask_value(network: NetworkEstimator, source: Source) -> float | None:
    """Return the value of the steps that an `Architecture` skips, as the estimator reads them."""
    architecture = network._description.architecture
    if architecture is None:
        return None
    if not architecture.return_sequences:
        return architecture.mask_value
    if source.is_padded:  # estimators of time steps skip what a padder has marked
        return source.padding
    # They pad lists themselves.
    return MASK_VALUE if architecture.mask_value is None else architecture.mask_value


def _add_network(
    graph: Graph,
    x: str,
    estimator: NetworkEstimator,
    mask_value: float | None,
    exported: onnx.ModelProto | None,
) -> Output:
    from .graph import integers
    from .inputs import add_network_input
    from .network import add_network
    from .outputs import Output

    description, network = estimator._description, estimator._network
    architecture, width = description.architecture, network.n_outputs
    if exported is not None:
        from .keras_models import add_keras_network

        if len(description.X_shape) == 2:
            x = graph.add("Squeeze", x, integers(2))
        value = add_keras_network(graph, x, exported)
        return Output(value, ["samples"], width, None)
    read = add_network_input(graph, x, description.scaling, mask_value)
    value = add_network(graph, read, architecture, network.weights)
    if architecture.return_sequences:
        return Output(value, ["samples", "timesteps"], width, read.real)
    return Output(value, ["samples"], width, None)


def _add_outputs(graph: Graph, output: Output, parts: Parts) -> None:
    from .outputs import add_classes, add_forecast

    description = parts.network._description
    target, scaling = description.target, description.scaling
    if isinstance(target, ClassTarget):
        add_classes(graph, output, target)
        return
    maps = [] if scaling is None else [Affine(scaling.target_center, scaling.target_scale)]
    back = unscaling([*maps, *parts.target_maps])
    add_forecast(graph, output, target, back, has_column=parts.has_column)


def _write(content: bytes, path: Path) -> None:
    """Write a file under another name, then rename it, so that it is complete at any time."""
    path = path.resolve()  # renaming would replace a symbolic link instead of its target
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
