"""`make_step_scorer`: scikit-learn's scorers for predictions of every time step."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer

from .._core.messages import counted
from .._core.older_files import ReadsOlderFiles
from .._core.public import set_module
from .._core.step_values import (
    StepValues,
    check_same_steps,
    has_step_axis,
    is_missing,
    read_step_values,
    without_object_dtype,
)


@set_module("skl_lstm")
def make_step_scorer(scoring: Any) -> StepScorer:
    """Make a scorer of the predictions of every time step.

    Use it as `scoring` of `cross_val_score`, `cross_validate` or `GridSearchCV`, if the estimator
    predicts a label or a number for every time step. Without it, a metric of scikit-learn gives
    NaN and a warning for lists of sequences. For arrays of 0 and 1, it reads each sequence as one
    sample with several labels, and computes another number.

    The scorer puts the steps of all sequences end to end, as `flatten_steps` does, so that each
    step is one sample for the metric. A longer sequence counts more than a shorter one.

    Parameters
    ----------
    scoring : str or callable
        Name of a scorer of scikit-learn, such as "f1_macro", "balanced_accuracy", "roc_auc",
        "neg_log_loss" or "neg_root_mean_squared_error", or a scorer that
        `sklearn.metrics.make_scorer` made.

    Returns
    -------
    callable
        The scorer ``(estimator, X, y, sample_weight=None)``. Steps that are missing in y (NaN,
        None or pandas.NA) are not scored, and neither are those without a prediction, such as
        the steps that `SequencePadder` truncated. `sample_weight` has one number per sequence,
        which is that of its steps, or one per step.

    Raises
    ------
    ValueError
        If scikit-learn has no scorer of this name.
    TypeError
        If `scoring` is not a scorer. A metric, such as `f1_score`, is none.

    See Also
    --------
    flatten_steps : Put steps end to end for scikit-learn's metrics and reports.

    Examples
    --------
    >>> from sklearn.metrics import f1_score, make_scorer
    >>> from skl_lstm import make_step_scorer
    >>> make_step_scorer("f1_macro")
    make_step_scorer('f1_macro')
    >>> scoring = {
    ...     "f1 of runs": make_step_scorer(make_scorer(f1_score, pos_label="run")),
    ...     "loss": make_step_scorer("neg_log_loss"),
    ... }
    """
    return scoring if isinstance(scoring, StepScorer) else StepScorer(scoring)


@set_module("skl_lstm")
class StepScorer(ReadsOlderFiles):
    """Scorer of the predictions of every time step. Use `make_step_scorer` to create it."""

    def __init__(self, scoring: Any) -> None:
        _check_scoring(scoring)
        self.scoring: Any = scoring

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the score of the predictions for X."""
        labels = read_step_values(y)
        weights = None if sample_weight is None else _read_weights(sample_weight, labels)
        stand_in = _stand_in(estimator, X, labels)
        steps = np.flatnonzero(~is_missing(labels.values))
        score = get_scorer(self.scoring)
        try:
            return _score(score, stand_in, steps, labels, weights)
        except _NotPredicted:
            # Which method is called is known only to scikit-learn's scorer.
            steps = steps[stand_in.is_predicted[steps]]
            return _score(score, stand_in, steps, labels, weights)

    def __repr__(self) -> str:
        return f"make_step_scorer({self.scoring!r})"

    def get_metadata_routing(self) -> Any:
        """Return the metadata that the scorer of scikit-learn requests."""
        return get_scorer(self.scoring).get_metadata_routing()

    def set_score_request(self, **requests: bool | str | None) -> StepScorer:
        """Request metadata, as a scorer of scikit-learn does."""
        self.scoring = get_scorer(self.scoring).set_score_request(**requests)
        return self


class _NotPredicted(Exception):
    """Labelled steps that were passed to a stand-in have no prediction."""


class _StepPredictions(BaseEstimator):
    """Stand-in for an estimator: its X is an array of positions of steps, counted end to end.

    scikit-learn's scorers call it for the predictions of these steps.
    """

    def __init__(self, estimator: Any, X: Any, labels: StepValues) -> None:
        self.estimator = estimator
        self.X = X
        self.labels = labels
        self.predictions: dict[str, NDArray] = {}
        self.is_predicted = np.ones(len(labels.values), bool)

    def predict(self, steps: NDArray[np.intp]) -> NDArray:
        """Return the predictions of steps."""
        return self._predictions("predict", steps)

    def _predictions(self, method: str, steps: NDArray[np.intp]) -> NDArray:
        if method not in self.predictions:
            predicted = read_step_values(getattr(self.estimator, method)(self.X), "the prediction")
            check_same_steps(self.labels, predicted, "y", "the prediction")
            self.is_predicted = ~_is_not_predicted(predicted, self.labels)
            self.predictions[method] = predicted.values
        if not self.is_predicted[steps].all():
            raise _NotPredicted
        return without_object_dtype(self.predictions[method][steps])


class StepRegressor(RegressorMixin, _StepPredictions):
    """Stand-in for an estimator of numbers."""


class StepClassifier(ClassifierMixin, _StepPredictions):
    """Stand-in for an estimator of labels."""

    @property
    def classes_(self) -> NDArray:
        """Return the classes of the estimator."""
        return self.estimator.classes_

    def predict_proba(self, steps: NDArray[np.intp]) -> NDArray:
        """Return the probabilities of steps."""
        return self._predictions("predict_proba", steps)


def _stand_in(estimator: Any, X: Any, labels: StepValues) -> _StepPredictions:
    # By its tags, an estimator of steps is no classifier.
    kind = StepClassifier if hasattr(estimator, "classes_") else StepRegressor
    return kind(estimator, X, labels)


def _is_not_predicted(predicted: StepValues, labels: StepValues) -> NDArray[np.bool_]:
    """Return which steps have no prediction, or raise if a labelled sequence has none at all.

    A padder leaves steps of every sequence, so all of them are missing only if a network returns
    NaN. Without the error, its worst sequences would not be scored.
    """
    missing = is_missing(predicted.values)
    first = np.cumsum(predicted.lengths) - predicted.lengths
    whole = np.logical_and.reduceat(missing, first)
    whole &= np.logical_or.reduceat(~is_missing(labels.values), first)
    if whole.any():
        position = int(whole.argmax())
        steps = counted(int(predicted.lengths[position]), "time step")
        raise ValueError(
            f"The prediction for sequence {position} is NaN or None for all of its {steps}, so it "
            f"cannot be scored; it is for {int(whole.sum())} of {len(whole)} sequences. If the "
            "network diverged, use a smaller learning_rate."
        )
    return missing


def _score(
    score: Callable[..., float],
    stand_in: _StepPredictions,
    steps: NDArray[np.intp],
    labels: StepValues,
    weights: NDArray | None,
) -> float:
    """Call a scorer of scikit-learn for some of the steps."""
    if not len(steps):
        raise ValueError(
            f"No time step can be scored: of {len(labels.values)}, "
            f"{int(is_missing(labels.values).sum())} are missing in y, and the others have no "
            "prediction. A score needs a step with both."
        )
    y_true = without_object_dtype(labels.values[steps])
    weight = {} if weights is None else {"sample_weight": weights[steps]}
    return score(stand_in, steps, y_true, **weight)


def _read_weights(sample_weight: ArrayLike, labels: StepValues) -> NDArray:
    """Return the weight of every step. That of a sequence is that of each of its steps."""
    if has_step_axis(sample_weight):
        steps = read_step_values(sample_weight, "sample_weight")
        check_same_steps(labels, steps, "y", "sample_weight")
        return without_object_dtype(steps.values)
    weights = np.asarray(sample_weight)
    if len(weights) != len(labels.lengths):
        raise ValueError(
            f"sample_weight has {counted(len(weights), 'number')}, but y has "
            f"{counted(len(labels.lengths), 'sequence')}: it needs one number for each sequence, "
            "or for each of its time steps."
        )
    return np.repeat(weights, labels.lengths)


def _check_scoring(scoring: Any) -> None:
    """Raise an error if `scoring` is no scorer, and no name of one."""
    if isinstance(scoring, str):
        get_scorer(scoring)
    elif not callable(scoring):
        raise TypeError(
            f"scoring is of type {type(scoring).__name__}, but must be the name of a scorer, such "
            "as 'f1_macro' (see sklearn.metrics.get_scorer_names()), or a scorer of make_scorer."
        )
    elif _is_metric(scoring):
        name = getattr(scoring, "__name__", "metric")
        raise TypeError(
            f"scoring is the metric {name}, but must be a scorer. Make one of it: "
            f"make_step_scorer(make_scorer({name})). Pass the parameters of the metric to "
            'make_scorer, for example make_scorer(f1_score, average="macro").'
        )


def _is_metric(scoring: Callable[..., Any]) -> bool:
    """Return whether a callable is (y_true, y_pred, ...), not (estimator, X, y, ...)."""
    try:
        parameters = signature(scoring).parameters.values()
    except (TypeError, ValueError):  # a builtin
        return False
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in positional and p.default is Parameter.empty for p in parameters) < 3
