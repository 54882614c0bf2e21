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
from .._core.every_step import predicts_every_step
from ..estimators.base import NetworkEstimator
from .affine import Affine, affine_maps
from .overrides import overridden

_LAST_STEPS = (
    "LSTMRegressor, LSTMClassifier, LSTMStepRegressor, LSTMStepClassifier, SequenceRegressor or "
    "SequenceClassifier"
)


class Place(NamedTuple):
    """Where an estimator is in what the user passes, as Python code for messages."""

    path: str = "pipeline"
    before: tuple[str, ...] = ()  # the steps before it, in enclosing pipelines
    targets: tuple[str, ...] = ()  # what transforms its target, from the outside to the inside

    def inside(self, attribute: str) -> Place:
        """Return the place of an estimator that is an attribute of this one."""
        return self._replace(path=f"{self.path}.{attribute}")

    def step(self, position: int) -> Place:
        """Return the place of a step of this pipeline."""
        before = (*self.before, f"{self.path}[:{position}]") if position else self.before
        return self._replace(path=f"{self.path}[{position}]", before=before)


class Step(NamedTuple):
    """A step before the network."""

    name: str
    transformer: Any
    position: int  # in the pipeline at the place
    place: Place
    outer: str | None = None  # the name of the step, if it is a pipeline with this one inside

    def refusal(self, reason: str) -> TypeError:
        """Return an error for a step that cannot be exported."""
        path, following = self.place.path, self.position + 1
        inside = "" if self.outer is None else f" in step {self.outer!r}"
        behind = "it" if self.outer is None else f"{self.outer!r}"
        applied = [*self.place.before, f"{path}[:{following}]"]
        text = (
            f"Step {self.name!r} ({type(self.transformer).__name__}){inside} cannot be exported: "
            f"{reason}. Export the steps behind {behind}, to_onnx({path}[{following}:]), and apply "
            f"{', then '.join(applied)} to the input yourself"
        )
        if self.place.targets:
            undone = ", then of ".join(reversed(self.place.targets))
            text += f", and the inverse_transform of {undone} to the forecasts"
        return TypeError(text + ".")


class Parts(NamedTuple):
    """What is in a fitted estimator, from its input to its output."""

    steps: list[Step]
    network: NetworkEstimator
    target_maps: list[Affine]  # to undo behind the network, in this order
    has_column: bool = False  # whether predictions of one target have an axis of outputs


def take_apart(estimator: Any, name: str | None = None, place: Place | None = None) -> Parts:
    """Return the parts of a fitted estimator. `name` is that of the step, for messages."""
    place = Place() if place is None else place
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise TypeError(
            f"to_onnx takes a fitted estimator, such as a Pipeline that ends in LSTMRegressor; got "
            f"{estimator!r}."
        )
    if isinstance(estimator, Pipeline):
        return _parts_of_pipeline(estimator, name, place)
    if isinstance(estimator, FrozenEstimator):
        return take_apart(estimator.estimator, name, place.inside("estimator"))
    if hasattr(estimator, "best_estimator_"):
        _refuse_overridden(estimator, name, "sklearn")
        return take_apart(estimator.best_estimator_, name, place.inside("best_estimator_"))
    if isinstance(estimator, TransformedTargetRegressor):
        return _parts_of_transformed(estimator, name, place)
    if not isinstance(estimator, NetworkEstimator):
        raise _refusal(estimator, name)
    _refuse_overridden(estimator, name, "skl_lstm")
    check_is_fitted(estimator)
    return Parts([], estimator, [])


def _parts_of_pipeline(pipeline: Pipeline, name: str | None, place: Place) -> Parts:
    _refuse_overridden(pipeline, name, "sklearn")
    *before, (last_name, last) = pipeline.steps
    inner = take_apart(last, last_name, place.step(len(before)))
    steps = [
        step
        for position, (step_name, part) in enumerate(before)
        for step in _steps_in(Step(step_name, part, position, place))
    ]
    return inner._replace(steps=[*steps, *inner.steps])


def _steps_in(step: Step) -> list[Step]:
    """Return a step, or those of the pipeline that it is."""
    pipeline = step.transformer
    if not isinstance(pipeline, Pipeline) or overridden(pipeline, "sklearn", "transform"):
        return [step]
    outer = step.name if step.outer is None else step.outer
    return [
        inner
        for name, part in pipeline.steps
        for inner in _steps_in(step._replace(name=name, transformer=part, outer=outer))
    ]


def _parts_of_transformed(
    estimator: TransformedTargetRegressor, name: str | None, place: Place
) -> Parts:
    _refuse_overridden(estimator, name, "sklearn")
    check_is_fitted(estimator)
    targets = (*place.targets, f"{place.path}.transformer_")
    inner_place = place.inside("regressor_")._replace(targets=targets)
    inner = take_apart(estimator.regressor_, name, inner_place)
    if predicts_every_step(inner.network):
        kind = type(inner.network).__name__
        raise TypeError(
            f"{_named(estimator, name)} cannot be exported: around {kind}, it scales the target of "
            f"each time step by another number. {kind} scales its target itself: fit it without "
            f"{type(estimator).__name__}, or export its regressor_."
        )
    maps = affine_maps(estimator.transformer_)
    if maps is None:
        kind = type(estimator.transformer_).__name__
        raise TypeError(
            f"{_named(estimator, name)} cannot be exported: its target is transformed by {kind}, "
            "which is not a scaler with one center and one scale for each output. Export its "
            "regressor_, and apply the inverse of the transformer to the forecasts yourself."
        )
    return inner._replace(
        target_maps=[*inner.target_maps, *reversed(maps)],
        has_column=inner.has_column or predicts_columns(estimator),
    )


def _refuse_overridden(estimator: Any, name: str | None, package: str) -> None:
    """Raise if a subclass outside of a package predicts in another way."""
    found = overridden(estimator, package, "predict", "predict_proba")
    if found is not None:
        method, base = found
        raise TypeError(
            f"{_named(estimator, name)} cannot be exported: it overrides {method} of {base}, and "
            "the file would not contain this."
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
    # All searches have both parameters, also those of other packages. LogisticRegressionCV has one.
    if hasattr(estimator, "refit") and hasattr(estimator, "error_score"):
        return NotFittedError(
            f"This {kind} instance has no best_estimator_ to export. Fit it, with refit=True."
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
