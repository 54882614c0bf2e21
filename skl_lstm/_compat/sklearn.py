"""The private names of scikit-learn that this package uses."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.base import _clone_parametrized as clone_parametrized
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._missing import is_pandas_na
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils.fixes import parse_version
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_method_params as check_method_params
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _check_y as check_y
from sklearn.utils.validation import _get_feature_names as get_feature_names
from sklearn.utils.validation import _is_fitted as is_fitted
from sklearn.utils.validation import _num_samples as num_samples

_BELOW_1_9 = parse_version(sklearn.__version__) < parse_version("1.9")

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # below scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Empty replacement: scikit-learn below 1.9 has no callbacks."""


__all__ = [
    "CallbackSupportMixin",
    "FitIsOneTask",
    "HasMethods",
    "Interval",
    "StrOptions",
    "begin_callbacks",
    "check_feature_names_in",
    "check_matplotlib_support",
    "check_method_params",
    "check_sample_weight",
    "check_y",
    "clone_parametrized",
    "estimator_block",
    "fit_context",
    "get_feature_names",
    "has_callbacks",
    "inner_estimator_block",
    "is_fitted",
    "is_pandas_na",
    "num_samples",
    "safe_indexing",
    "type_of_numbers",
    "validate_parameter_constraints",
    "validate_params",
]

_CONSTRAINTS = (
    "The parameter errors of scikit-learn, whose exact text its estimator checks compare. "
    "Replacement: public parameter validation."
)
_CALLBACKS = (
    "The callbacks of an estimator, since scikit-learn 1.9. Replacement: public names for "
    "developers of estimators."
)
PRIVATE_NAMES = {
    "sklearn.base._clone_parametrized": (
        "The default clone() for use in __sklearn_clone__. Replacement: a public function."
    ),
    "sklearn.base._fit_context": _CONSTRAINTS,
    "sklearn.callback.CallbackSupportMixin._init_callback_context": _CALLBACKS,
    "sklearn.callback.CallbackSupportMixin._skl_callbacks": _CALLBACKS,
    "sklearn.compose.TransformedTargetRegressor._training_dim": (
        "The number of axes of y in fit, on which the shape of predictions depends. Replacement: a "
        "prediction for a sample of the training data."
    ),
    "sklearn.utils._safe_indexing": (
        "Select rows of any X, as scikit-learn's cross-validation does. Replacement: a public name."
    ),
    "sklearn.utils._missing.is_pandas_na": (
        "Detects pandas.NA without importing pandas. Replacement: `pandas.isna` if pandas is "
        "imported."
    ),
    "sklearn.utils._optional_dependencies.check_matplotlib_support": (
        "scikit-learn's error for a missing matplotlib. Replacement: a new message."
    ),
    "sklearn.utils._param_validation.HasMethods": _CONSTRAINTS,
    "sklearn.utils._param_validation.Interval": _CONSTRAINTS,
    "sklearn.utils._param_validation.StrOptions": _CONSTRAINTS,
    "sklearn.utils._param_validation.validate_parameter_constraints": _CONSTRAINTS,
    "sklearn.utils._param_validation.validate_params": _CONSTRAINTS,
    "sklearn.utils._repr_html.estimator._VisualBlock": (
        "The object that an estimator passes to the HTML diagrams, since scikit-learn 0.23. "
        "Without this object scikit-learn draws a plain diagram. Replacement: a public way to add "
        "a caption."
    ),
    "sklearn.utils.validation._check_feature_names_in": (
        "Checks `input_features` of get_feature_names_out. Replacement: none; "
        "OneToOneFeatureMixin does not apply because one column becomes several."
    ),
    "sklearn.utils.validation._check_method_params": (
        "Cut the parameters of `fit` to some rows, as scikit-learn's cross-validation does. "
        "Replacement: `_safe_indexing` for those of the length of X."
    ),
    "sklearn.utils.validation._check_sample_weight": (
        "scikit-learn's errors for sample weights. Replacement: `check_array` and a length check."
    ),
    "sklearn.utils.validation._check_y": (
        "scikit-learn's errors for targets. Replacement: none; `check_X_y` does not apply because "
        "X is validated separately."
    ),
    "sklearn.utils.validation._get_feature_names": (
        "The column names, and the error for names of mixed types. Replacement: `validate_data`, "
        "which also sets attributes."
    ),
    "sklearn.utils.validation._num_samples": (
        "Count the rows of any X, with the errors of scikit-learn's splitters. Replacement: len()."
    ),
    "sklearn.utils.validation._is_fitted": (
        "Checks without raising. Replacement: `check_is_fitted` in a try block."
    ),
}


def estimator_block(estimator: Any, caption: str | None) -> Any:
    """Return the box of an estimator in scikit-learn's diagrams, with a caption below its name."""
    from sklearn.utils._repr_html.estimator import _VisualBlock

    name, details = type(estimator).__name__, str(estimator)
    return _VisualBlock("single", estimator, names=name, name_details=details, name_caption=caption)


def inner_estimator_block(estimator: Any, name: str) -> Any:
    """Return the box of an estimator inside a meta-estimator, labelled `name`."""
    from sklearn.utils._repr_html.estimator import _VisualBlock

    return _VisualBlock("parallel", [estimator], names=[name], name_details=[str(estimator)])


def has_callbacks(estimator: Any) -> bool:
    """Return whether an estimator has callbacks from ``set_callbacks``."""
    return bool(getattr(estimator, "_skl_callbacks", None))


def begin_callbacks(estimator: Any, epochs: int) -> Any:
    """Return scikit-learn's callback context for a fit of `epochs` epochs. 0: without subtasks."""
    return estimator._init_callback_context(max_subtasks=epochs)


class FitIsOneTask(CallbackSupportMixin):
    """Mixin of an estimator whose `fit` is a single task for the callbacks of scikit-learn.

    `fit_context` reports the begin and the end of this task.
    """


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[..., Any]:
    """Decorate `fit` as scikit-learn does, and report the fit of a `FitIsOneTask`."""
    decorate = _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)

    def decorate_and_report(fit: Callable[..., Any]) -> Any:
        @functools.wraps(fit)
        def reported(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(estimator, FitIsOneTask) and has_callbacks(estimator):
                return _fit_as_one_task(fit, estimator, *args, **kwargs)
            return fit(estimator, *args, **kwargs)

        return decorate(reported)

    return decorate_and_report


def _fit_as_one_task(fit: Callable[..., Any], estimator: Any, X: Any, y: Any = None) -> Any:
    task = begin_callbacks(estimator, epochs=0)
    task.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    fitted = fit(estimator, X, y)
    task.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes={})
    return fitted


def predicts_columns(estimator: Any) -> bool:
    """Return whether a fitted `TransformedTargetRegressor` predicts with an axis of outputs."""
    return bool(estimator._training_dim == 2)


def type_of_numbers(y: NDArray) -> str:
    """Return `type_of_target` of the target of a regressor, without warnings.

    scikit-learn casts y to int64, which may overflow. Below 1.9 it also warns that numbers which
    are all different may be no classes.
    """
    with np.errstate(invalid="ignore"):
        if not _BELOW_1_9:
            return str(type_of_target(y, input_name="y"))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
            return str(type_of_target(y, input_name="y"))
