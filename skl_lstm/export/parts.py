"""`take_apart`: the steps, the network and the scalers of the target in a fitted estimator.

This module does not need the package onnx.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._compat.sklearn import predicts_columns
from ..estimators.base import NetworkEstimator
from .affine import Affine, affine_maps

_LAST_STEPS = (
    "LSTMRegressor, LSTMClassifier, LSTMStepRegressor, LSTMStepClassifier, SequenceRegressor or "
    "SequenceClassifier"
)


class Step(NamedTuple):
    """A step before the network."""

    name: str
    transformer: Any
    position: int  # in its Pipeline

    def refusal(self, reason: str) -> TypeError:
        """Return an error for a step that cannot be exported."""
        behind = f"pipeline[{self.position + 1}:]"
        return TypeError(
            f"Step {self.name!r} ({type(self.transformer).__name__}) cannot be exported: {reason}. "
            f"Export the steps behind it, to_onnx({behind}), and apply "
            f"pipeline[:{self.position + 1}] to the input yourself."
        )


class Parts(NamedTuple):
    """What is in a fitted estimator, from its input to its output."""

    steps: list[Step]
    network: NetworkEstimator
    target_maps: list[Affine]  # to undo behind the network, in this order
    has_column: bool = False  # whether predictions of one target have an axis of outputs


def take_apart(estimator: Any, name: str | None = None) -> Parts:
    """Return the parts of a fitted estimator. `name` is that of the step, for messages."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(
            f"to_onnx takes a fitted estimator, such as a Pipeline that ends in LSTMRegressor; got "
            f"{estimator!r}."
        )
    if isinstance(estimator, Pipeline):
        return _parts_of_pipeline(estimator)
    if isinstance(estimator, FrozenEstimator):
        return take_apart(estimator.estimator, name)
    if hasattr(estimator, "best_estimator_"):
        return take_apart(estimator.best_estimator_, name)
    if isinstance(estimator, TransformedTargetRegressor):
        return _parts_of_transformed(estimator, name)
    if not isinstance(estimator, NetworkEstimator):
        raise _refusal(estimator, name)
    check_is_fitted(estimator)
    return Parts([], estimator, [])


def _parts_of_pipeline(pipeline: Pipeline) -> Parts:
    *before, (name, last) = pipeline.steps
    inner = take_apart(last, name)
    steps = [Step(step, part, position) for position, (step, part) in enumerate(before)]
    return inner._replace(steps=[*steps, *inner.steps])


def _parts_of_transformed(estimator: TransformedTargetRegressor, name: str | None) -> Parts:
    check_is_fitted(estimator)
    maps = affine_maps(estimator.transformer_)
    if maps is None:
        kind = type(estimator.transformer_).__name__
        raise TypeError(
            f"{_named(estimator, name)} cannot be exported: its target is transformed by {kind}, "
            "which is not a scaler with one center and one scale for each output. Export its "
            "regressor_, and apply the inverse of the transformer to the forecasts yourself."
        )
    inner = take_apart(estimator.regressor_, name)
    return inner._replace(
        target_maps=[*inner.target_maps, *reversed(maps)],
        has_column=inner.has_column or predicts_columns(estimator),
    )


def _refusal(estimator: Any, name: str | None) -> Exception:
    """Return the error for an estimator that is no network."""
    named, kind = _named(estimator, name), type(estimator).__name__
    if hasattr(estimator, "predict_interval"):
        return TypeError(
            f"{named} cannot be exported, because its intervals are no part of the network. Export "
            "the forecaster in it, to_onnx(conformal.estimator_), which gives the same forecasts "
            "without intervals."
        )
    if hasattr(estimator, "refit"):
        return NotFittedError(
            f"This {kind} instance has no best_estimator_ to export. Fit it with refit=True first."
        )
    if any(base.__module__.startswith("scikeras") for base in type(estimator).__mro__):
        return TypeError(
            f"{named} cannot be exported, because scikeras encodes its targets. Use "
            "SequenceRegressor or SequenceClassifier, which take the same parameters."
        )
    return TypeError(
        f"{named} cannot be exported: the last step must be one of {_LAST_STEPS}. The package "
        "skl2onnx exports estimators of scikit-learn."
    )


def _named(estimator: Any, name: str | None) -> str:
    kind = type(estimator).__name__
    return kind if name is None else f"Step {name!r} ({kind})"
