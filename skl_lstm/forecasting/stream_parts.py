"""Split a fitted estimator at its windower: what transforms rows, and what reads windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._core.every_step import refuse_estimator_of_steps
from .._core.uncertainty import chosen_by_search
from ..inspection._sequence_split import name_of_inner, with_inner
from ..transformers.windower import SequenceWindower
from .windows import parts_of


class Parts(NamedTuple):
    """The parts of a fitted estimator."""

    before: tuple[Any, ...]  # transformers of rows, in front of the windower
    windower: SequenceWindower
    reader: Any  # estimator that predicts from windows
    intervals: Any = None  # ConformalRegressor around it


def split_at_windower(estimator: Any) -> Parts:
    """Split a fitted estimator, or raise an error if a stream cannot make its windows."""
    refuse_estimator_of_steps(estimator, "Stream")
    check_is_fitted(estimator)
    parts = _split(estimator)
    if parts is None:
        raise ValueError(_no_split(estimator))
    check_is_fitted(parts.windower)
    if parts.windower.history_ is None:
        raise ValueError(
            "The SequenceWindower was fitted on an array, whose rows have no times and no series. "
            "Fit the estimator on a DataFrame with the time of each row in its index, so that the "
            "stream knows which rows are neighbours."
        )
    return parts


def _split(estimator: Any) -> Parts | None:
    if isinstance(estimator, Pipeline):
        return _split_pipeline(estimator)
    if (name := name_of_inner(estimator)) is None:
        return None
    parts = _split(getattr(estimator, name))
    if parts is None or name == "best_estimator_":
        return parts
    if name == "estimator_":
        has_intervals = hasattr(estimator, "_predict_with_interval")
        return parts._replace(intervals=estimator) if has_intervals else None
    # The forecasts are transformed back, but not the intervals.
    return parts._replace(reader=with_inner(estimator, name, parts.reader), intervals=None)


def _split_pipeline(pipeline: Pipeline) -> Parts | None:
    steps = list(_steps_of(pipeline))
    places = [place for place, step in enumerate(steps) if isinstance(step, SequenceWindower)]
    if not places:
        parts = _split(steps[-1])
        return parts and parts._replace(before=(*steps[:-1], *parts.before))
    *between, last = steps[places[0] + 1 :] or [None]
    if not hasattr(last, "predict"):
        return None
    last, intervals = chosen_by_search(last), None
    if hasattr(last, "_predict_with_interval"):
        last, intervals = last.estimator_, last
    reader = last
    if between:
        reader = Pipeline([(str(place), step) for place, step in enumerate([*between, last])])
    return Parts(tuple(steps[: places[0]]), steps[places[0]], reader, intervals)


def _steps_of(pipeline: Pipeline) -> Iterator[Any]:
    """Yield the steps of a pipeline and of the pipelines in it, without those that do nothing."""
    for _, step in pipeline.steps:
        if isinstance(step, Pipeline):
            yield from _steps_of(step)
        elif step is not None and not isinstance(step, str):
            yield step


def _no_split(estimator: Any) -> str:
    name = type(estimator).__name__
    wanted = (
        "Stream needs a fitted Pipeline with a SequenceWindower as one of its steps and a last "
        "step that predicts, or a search, a TransformedTargetRegressor or a ConformalRegressor "
        "around it"
    )
    if getattr(estimator, "refit", None) is False and hasattr(estimator, "cv_results_"):
        return (
            f"This {name} was initialized with refit=False, so it has no best_estimator_. {wanted}."
        )
    holders = [
        type(part).__name__
        for part in parts_of(estimator)
        if isinstance(part, SequenceWindower) or hasattr(part, "transformer_list")
    ]
    if "SequenceWindower" not in holders:
        return (
            f"{wanted}, but {name} has no SequenceWindower. Fit make_pipeline(SequenceWindower("
            "timesteps), ...) on a DataFrame. An estimator of single rows needs no stream: call "
            "its predict."
        )
    where = "FeatureUnion" if "FeatureUnion" in holders else name
    return (
        f"{wanted}, but in this {name} the SequenceWindower is inside {where}, where other parts "
        "may read the rows in another way. Make the SequenceWindower a step of the Pipeline "
        "itself."
    )
