"""`to_onnx`: a fitted pipeline as one ONNX file."""

from __future__ import annotations

import errno
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.public import set_module
from ..forecasting.windows import find_target_names
from .parts import take_apart
from .sources import read_source

if TYPE_CHECKING:
    import onnx

_NO_ONNX = (
    "to_onnx needs the package onnx, which is not installed. Install it: "
    "pip install 'skl-lstm[onnx]'"
)


@set_module("skl_lstm")
def to_onnx(pipeline: Any, path: str | os.PathLike[str] | None = None) -> onnx.ModelProto:
    """Write a fitted pipeline as an ONNX model, from raw sequences to forecasts in their units.

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
        :class:`~sklearn.compose.TransformedTargetRegressor` with a scaler. Each of them can be in
        a :class:`~sklearn.frozen.FrozenEstimator`. Subclasses must not override `predict`. See the
        notes for the other steps.
    path : str or path-like, default=None
        File to write. It is replaced only when the export is complete. None: write no file.

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
    OSError
        If the file cannot be written. A missing folder is found before the export.
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
    **Input.** ``X`` are raw sequences, float64 of shape (samples, timesteps, features), oldest step
    first. They have the form in which the `SequenceWindower`, `SequenceReshaper` or
    `SequencePadder` of the pipeline returns sequences, but with unscaled values. Without such a
    step, they have the form of the X of the estimator, also (samples, timesteps) if it was fitted
    on two axes. The numbers of samples
    and of timesteps are open, but at least 1: ONNX Runtime can end the whole process for a batch of
    no samples. The number of timesteps is fixed for an X of two axes, and if scalers before a
    `SequenceReshaper` have another center or scale for each timestep.

    **Outputs.** A regressor has the output ``forecast``, what `predict` returns, in the same shape
    and dtype. If it was fitted with quantiles, they are the second output, ``quantiles``. A
    classifier has ``label`` and ``probabilities``, float64 of shape (samples, classes). Labels are
    int64 for classes of integers and for several labels per sample, float64 for classes of any
    float type, bool for booleans, and text. Forecasts in a longer type than float64 become float64.
    Estimators of time steps have the axis of timesteps behind that of the samples. At padding,
    their forecasts and probabilities are NaN; their labels have no meaning.

    **Numbers that `predict` refuses.** The file cannot raise an error. If a sequence contains NaN,
    infinity, or a number that is infinite in float32 when the network reads it, its forecasts and
    probabilities are NaN at all time steps, and its labels have no meaning.

    **Steps.** Scalers with one center and one scale for each column (`StandardScaler`,
    `MinMaxScaler`, `MaxAbsScaler`, `RobustScaler`, and `FunctionTransformer` without a function)
    become part of the model, also inside `PerTimestep`. "passthrough" is left out. Export the
    steps behind any other transformer, and apply it to the input yourself.

    **Padding.** A windower with a number as `padding`, and a padder, insert this number behind the
    scalers before them. In ``X``, mark padding by the same number in every feature of a step. The
    scalers leave such steps as they are, so no real step may have this number in every feature. The
    lists that an estimator of time steps takes become an array. Pad it by its `mask_value`, or by
    ``-2.0**100`` if it has none or is behind a scaler. The metadata have this number as
    ``padding``.

    **Precision.** Scalers compute in double precision, networks in single precision. In Python,
    scikit-learn scales X of dtype float32 in single precision, so the last digits may differ.

    **Metadata.** ``feature_names``, ``timesteps`` (in training), ``sampling_rate`` (of a windower),
    ``padding``, ``target_names``, ``quantiles`` and ``classes`` are JSON, and missing if they do
    not apply or are unknown. ``estimator`` and ``skl_lstm_version`` are text. X with another number
    of timesteps than in training is read, but its forecasts are those of another look-back.

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
    from .build import build

    if path is not None:
        _check_place(Path(path))
    parts = take_apart(pipeline)
    model = build(parts, read_source(parts.steps), find_target_names(pipeline))
    if path is not None:
        _write(model.SerializeToString(), Path(path))
    return model


def _check_place(path: Path) -> None:
    """Raise if there is no place for a file, so that the error comes before the export."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "No such folder for the file", str(path))


def _write(content: bytes, path: Path) -> None:
    """Write a file under another name, then rename it, so that it is complete at any time."""
    place = path.resolve()  # renaming would replace a symbolic link instead of its target
    partial = place.with_name(f".{place.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(place)
    except OSError as error:  # it names the partial file
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        partial.unlink(missing_ok=True)
