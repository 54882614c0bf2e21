"""Runs ONNX models in ONNX Runtime, for the tests."""

import numpy as np
import onnx
import onnxruntime

from skl_lstm import to_onnx


def outputs_of(model, X):
    """Return the outputs of a model by their names."""
    content = model if isinstance(model, bytes) else model.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    values = session.run(None, {"X": np.asarray(X, np.float64)})
    return dict(zip([one.name for one in session.get_outputs()], values, strict=True))


def exported(estimator, X):
    """Export an estimator, check the model and return its outputs."""
    model = to_onnx(estimator)
    onnx.checker.check_model(model, full_check=True)
    return outputs_of(model, X)


def assert_equal(actual, expected, offset=0.0):
    """Compare with a tolerance of 1e-5, relative to the values and their largest distance to 0.

    Values near zero are sums of float32 numbers that cancel. `offset` is where their zero is. The
    sums are of numbers near 1 if no target is scaled, so the smallest tolerance is 1e-6.
    """
    expected = np.asarray(expected)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    rounding = 2 * np.finfo(expected.dtype).eps * np.nanmax(np.abs(expected), initial=0.0)
    actual, expected = actual - np.float64(offset), expected - np.float64(offset)
    scale = max(np.nanmax(np.abs(expected), initial=0.0), 0.1)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * scale + rounding)


def shape_of_input(model):
    """Return the sizes of the axes of the input, or the names of those that are open."""
    axes = model.graph.input[0].type.tensor_type.shape.dim
    return [axis.dim_param or axis.dim_value for axis in axes]
