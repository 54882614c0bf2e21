"""Private names of scikit-learn."""

from __future__ import annotations

from typing import Any

from sklearn.base import _clone_parametrized as clone_parametrized
from sklearn.base import _fit_context as fit_context
from sklearn.utils._missing import is_pandas_na
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _check_y as check_y
from sklearn.utils.validation import _get_feature_names as get_feature_names
from sklearn.utils.validation import _is_fitted as is_fitted

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # below scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stand-in that supports nothing, like the estimators of that scikit-learn."""


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "StrOptions",
    "begin_callbacks",
    "check_feature_names_in",
    "check_matplotlib_support",
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
    "validate_parameter_constraints",
    "validate_params",
]

_CONSTRAINTS = (
    "scikit-learn's own parameter errors, word for word, which its estimator checks compare. "
    "Replacement: public parameter validation."
)
_CALLBACKS = (
    "The callbacks of an estimator, new in scikit-learn 1.9. Replacement: public names for those "
    "who write estimators."
)
PRIVATE_NAMES = {
    "sklearn.base._clone_parametrized": (
        "clone() inside __sklearn_clone__. Replacement: a public function for that method."
    ),
    "sklearn.base._fit_context": _CONSTRAINTS,
    "sklearn.callback.CallbackSupportMixin._init_callback_context": _CALLBACKS,
    "sklearn.callback.CallbackSupportMixin._skl_callbacks": _CALLBACKS,
    "sklearn.utils._missing.is_pandas_na": (
        "Recognises pandas.NA without pandas. Replacement: `pandas.isna`, where pandas is loaded."
    ),
    "sklearn.utils._optional_dependencies.check_matplotlib_support": (
        "scikit-learn's error for a missing matplotlib. Replacement: a message of our own."
    ),
    "sklearn.utils._param_validation.HasMethods": _CONSTRAINTS,
    "sklearn.utils._param_validation.Interval": _CONSTRAINTS,
    "sklearn.utils._param_validation.StrOptions": _CONSTRAINTS,
    "sklearn.utils._param_validation.validate_parameter_constraints": _CONSTRAINTS,
    "sklearn.utils._param_validation.validate_params": _CONSTRAINTS,
    "sklearn.utils._repr_html.estimator._VisualBlock": (
        "What an estimator hands to the HTML diagrams, since scikit-learn 0.23. Without it "
        "scikit-learn draws a plain diagram. Replacement: a public way to add a caption."
    ),
    "sklearn.utils.validation._check_feature_names_in": (
        "Checks `input_features` of get_feature_names_out. Replacement: OneToOneFeatureMixin "
        "does not fit, as one column becomes several."
    ),
    "sklearn.utils.validation._check_sample_weight": (
        "scikit-learn's own errors for weights. Replacement: `check_array` and a length check."
    ),
    "sklearn.utils.validation._check_y": (
        "scikit-learn's own errors for targets. Replacement: `check_X_y` does not fit, as X is "
        "validated apart."
    ),
    "sklearn.utils.validation._get_feature_names": (
        "The names of the columns, and the error for mixed ones. Replacement: `validate_data`, "
        "which also sets state."
    ),
    "sklearn.utils.validation._is_fitted": (
        "Asks without raising. Replacement: `check_is_fitted` in a try block."
    ),
}


def estimator_block(estimator: Any, caption: str | None) -> Any:
    """Return the box of an estimator in scikit-learn's diagrams, with a caption under its name."""
    from sklearn.utils._repr_html.estimator import _VisualBlock

    name, details = type(estimator).__name__, str(estimator)
    return _VisualBlock("single", estimator, names=name, name_details=details, name_caption=caption)


def inner_estimator_block(estimator: Any, name: str) -> Any:
    """Return the box of an estimator around another, under a name."""
    from sklearn.utils._repr_html.estimator import _VisualBlock

    return _VisualBlock("parallel", [estimator], names=[name], name_details=[str(estimator)])


def has_callbacks(estimator: Any) -> bool:
    """Return whether ``set_callbacks`` has given an estimator any."""
    return bool(getattr(estimator, "_skl_callbacks", None))


def begin_callbacks(estimator: Any, epochs: int) -> Any:
    """Return scikit-learn's context for the callbacks of a fit of so many epochs."""
    return estimator._init_callback_context(max_subtasks=epochs)
