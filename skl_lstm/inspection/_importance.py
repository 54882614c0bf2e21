"""`sequence_importance`: which timesteps and features an estimator uses."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import chain, pairwise
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._compat.sklearn import validate_params
from .._core.every_step import predicts_every_step
from .._core.parameters import AtLeast
from .._core.public import set_module
from .._core.validation import items_of
from ._permutations import Cell, block_edges, cells_of, check_over, keep_off_mask, permuted
from ._sequence_split import (
    SequenceInput,
    Split,
    find_feature_names,
    innermost,
    read_input,
    split_at_sequences,
)


@set_module("skl_lstm.inspection")
@validate_params(
    {
        "n_repeats": [AtLeast(1)],
        "scoring": [str, callable, list, tuple, dict, None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def sequence_importance(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    over: str | Sequence[str] = ("timestep", "feature"),
    blocks: int | Sequence[int] | None = None,
    n_repeats: int = 5,
    scoring: Any = None,
    n_jobs: int | None = None,
    random_state: Any = None,
    sample_weight: ArrayLike | None = None,
    feature_names: Sequence[str] | None = None,
) -> Any:
    """Permutation importance of the timesteps and features of sequences.

    The importance is the decrease of a score when values are exchanged at random between the
    samples. This is the method of :func:`sklearn.inspection.permutation_importance`, which takes
    no array of three axes, and in a Pipeline permutes the columns of the table before the windows
    are cut. Here, the values are exchanged in the sequences that the network reads.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator, Pipeline or search. X is transformed once, up to the last step that
        returns sequences: `SequenceWindower`, `SequenceReshaper`, `SequencePadder` or a
        transformer after them. The steps after it, such as `SequenceFlattener`, belong to what
        predicts.
    X : array-like of shape (n_samples, ...) or list of array-like of shape (timesteps_i, \
            n_features)
        Input of `predict`: a table, an array of sequences (samples, timesteps, features), or a
        list of sequences. Rows that the estimator has not seen in `fit` show what helps to
        predict, those of `fit` what it relies on, including what it has learnt by heart.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), or list of array-like of \
            shape (timesteps_i,)
        True targets.
    over : {"timestep", "feature"} or tuple of them, default=("timestep", "feature")
        What to separate. Both: every feature at every timestep. "timestep": all features of a
        timestep are exchanged together. "feature": a feature is exchanged at all timesteps
        together, so every sequence gets the whole course of another one. In a list whose
        sequences differ in length, or that has one sequence only, "feature" exchanges the values
        of a feature between all steps of all sequences.
    blocks : int or sequence of int, default=None
        Neighbouring timesteps that are exchanged together. An int is the length of the blocks,
        counted from the last timestep backwards, so the newest block is whole and the oldest may
        be shorter. A list names the steps back at which a new block begins: ``[1, 7]`` is the
        last step, the 6 before it, and all older ones. None: every timestep by itself.
    n_repeats : int, default=5
        Number of random exchanges.
    scoring : str, callable, list, tuple or dict, default=None
        Score, as in :func:`sklearn.inspection.permutation_importance`: the name of a scorer, a
        scorer such as `make_step_scorer` returns, or several of them. None: the `score` of the
        estimator, which for a search is its own scoring.
    n_jobs : int, default=None
        Number of threads, each of which holds one copy of the sequences; another backend can be
        chosen by :func:`joblib.parallel_config`. `LSTMRegressor` and the other estimators without
        Keras use all cores already. None: 1. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seed of the exchanges. Pass an int to get the same result in every call.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples in the score, which must take the argument `sample_weight`; a search
        takes it only if metadata routing is enabled.
    feature_names : sequence of str of length n_features, default=None
        Names of the features. None: the names of the columns if they are known, else
        ``x0, x1, …``.

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or dict of str to such objects
        A dict by the names of the scores if there are several. The attributes are as follows.
        n_blocks is the number of blocks; without `blocks`, that of the timesteps.

        importances_mean : ndarray of shape (n_blocks, n_features), (n_blocks,) or (n_features,)
            Mean decrease of the score. The axes are those of `over`, oldest timestep or block
            first.
        importances_std : ndarray of the same shape
            Standard deviation over the exchanges.
        importances : ndarray of shape (..., n_repeats)
            Decrease of the score by each exchange.
        over : tuple of str
            Names of the axes.
        timesteps : ndarray of shape (n_blocks,) or None
            Steps back: 0 is the last timestep. With blocks, text such as "6 to 1". None if `over`
            has no timesteps.
        timesteps_from : {"end", "start"}
            "start": some sequences are padded at the end and none at the start, so `timesteps` are
            counted from the first one, which is 0.
        feature_names : ndarray of str of shape (n_features,) or None
            Names of the features. None if `over` has no features.
        score : float
            Score without any exchange.
        score_name : str
            Name of the score.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError, ValueError
        If y is None, neither X nor a step of the estimator has three axes, X and y have different
        lengths, there is one sample only, `over` or `blocks` are not valid, or timesteps of
        sequences of unequal length are to be separated.

    See Also
    --------
    ImportanceDisplay : Draw the importances.
    sklearn.inspection.permutation_importance : The same for the columns of a table.

    Notes
    -----
    Every cell is permuted with the same random exchanges, so that cells can be compared. For R²
    and independent features, the importances of a model that adds up its inputs have twice the
    score as their sum: an exchange removes what a value explains, and adds as much of another
    sample.

    Padding is known from `SequencePadder`, or from the `mask_value` of the estimator. It stays
    padding: a timestep is exchanged only among the sequences in which it is real. For example, a
    sequence of 5 steps is to get the values of one of 3 steps, which is padded at the end. It gets
    the 3 real steps. Its last 2 steps come from the next sequence in the random order that has
    them.

    Timesteps, and with them the `blocks`, are counted from the last step of the array. If some
    sequences are padded at the end and none at the start, as with ``padding="post"``, the last
    step of the array is not the last one of every sequence. Then they are counted from the first
    step: 0 is the first step of every sequence. Timesteps of a list can be separated if all its
    sequences have the same length.

    The windows of a Pipeline are a view of the table. Exchanged windows are a copy, one for each
    thread, which needs as much memory as the array of all windows. Warnings of the estimator are
    shown for the score without any exchange, and are not repeated for the others.

    The windows of neighbouring rows are similar, and so are the values of neighbouring timesteps.
    If the model can read the same from several values, the importance of each is small, because
    the others are left. Exchange them together by `blocks` or `over`. An exchange also creates
    sequences that do not exist, such as a hot day in a cold week.

    Examples
    --------
    The target is the feature ``b`` three steps back:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import SequenceFlattener, SequenceWindower
    >>> from skl_lstm.inspection import sequence_importance
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    >>> y = X["b"].shift(3, fill_value=0)
    >>> model = make_pipeline(SequenceWindower(timesteps=5), SequenceFlattener(), Ridge())
    >>> result = sequence_importance(model.fit(X, y), X, y, random_state=0)
    >>> cells = pd.DataFrame(result.importances_mean, result.timesteps, result.feature_names)
    >>> cells.round(2).abs()
         a     b
    4  0.0  0.00
    3  0.0  2.09
    2  0.0  0.00
    1  0.0  0.00
    0  0.0  0.00
    """
    check_is_fitted(estimator)
    if y is None:
        raise ValueError(
            "sequence_importance requires y to be passed, but the target y is None. The importance "
            "is the decrease of a score, which compares predictions with y."
        )
    check_consistent_length(X, y, sample_weight)
    over = check_over(over)
    if blocks is not None and "timestep" not in over:
        raise ValueError(
            f"blocks={blocks!r} joins timesteps, but over='feature' exchanges all of them "
            "together. Use over='timestep' or over=('timestep', 'feature')."
        )
    split = split_at_sequences(estimator, X)
    sequences = read_input(split, over)
    n_samples, timesteps, features = shape = sequences.values.shape
    _check_samples(n_samples, split)
    from_end = sequences.counts_from_end
    edges = block_edges(timesteps, blocks, from_end=from_end)
    names = find_feature_names(split, shape, feature_names)
    rng = check_random_state(random_state)
    task = _Task(
        split.reader,
        sequences,
        y,
        check_scoring(split.reader, scoring=scoring),
        sample_weight,
        [rng.permutation(n_samples) for _ in range(n_repeats)],
    )
    base = task.score(split.X)
    with warnings.catch_warnings():  # around the threads, which share the filters
        warnings.simplefilter("ignore", UserWarning)  # the first score has warned
        scores = _scores_of_cells(task, cells_of(over, edges, features), n_jobs)
    labels = {
        "over": over,
        "timesteps": _labels_of(edges, from_end) if "timestep" in over else None,
        "timesteps_from": "end" if from_end else "start",
        "feature_names": names if "feature" in over else None,
    }
    return _result_of(base, scores, _name_of_score(scoring, estimator), labels)


class _Task(NamedTuple):
    """All that the score of a permuted cell depends on."""

    estimator: Any
    sequences: SequenceInput
    y: Any
    scorer: Any
    sample_weight: Any
    orders: list[NDArray[np.intp]]

    def score(self, X: Any) -> Any:
        weight = {} if self.sample_weight is None else {"sample_weight": self.sample_weight}
        return self.scorer(self.estimator, X, self.y, **weight)


def _scores_of_cells(task: _Task, cells: list[Cell], n_jobs: int | None) -> list[list[Any]]:
    """Return the scores of every cell, one per repeat."""
    n_parts = min(len(cells), effective_n_jobs(n_jobs))
    parts = [cells[part[0] : part[-1] + 1] for part in np.array_split(range(len(cells)), n_parts)]
    # The compiled networks run outside Python's global lock, and threads copy neither the network
    # nor the data.
    parallel = Parallel(n_jobs=n_jobs, prefer="threads")
    results = parallel(delayed(_scores_of_part)(task, part) for part in parts)
    return list(chain.from_iterable(results))


def _scores_of_part(task: _Task, cells: list[Cell]) -> list[list[Any]]:
    # One copy for all cells: X may be a read-only view, and is shared with other threads.
    permuted_values = np.array(task.sequences.values)
    return [_scores_of_cell(task, cell, permuted_values) for cell in cells]


def _scores_of_cell(task: _Task, cell: Cell, X: NDArray) -> list[Any]:
    """Return the scores of a cell. X is a copy of the values, and is left as it was."""
    values, restore, real, mask_value = task.sequences
    place = (slice(None), *cell)
    scores = []
    for order in task.orders:
        X[place] = permuted(values, cell, order, real)
        if mask_value is not None:
            keep_off_mask(X, real, cell, mask_value)
        scores.append(task.score(restore(X)))
    X[place] = values[place]
    return scores


def _check_samples(n_samples: int, split: Split) -> None:
    if n_samples >= 2:
        return
    remedy = ""
    if items_of(split.X) is not None:
        remedy = " Use over='feature', which exchanges values between the steps of a sequence."
    elif split.source is None:
        remedy = (
            " For the steps of a single sequence, pass a list, [X] and [y], and over='feature'."
        )
    raise ValueError(
        "X has 1 sample, but values are exchanged between samples: 2 or more are required." + remedy
    )


def _labels_of(edges: list[int], from_end: bool) -> NDArray:
    """Return the distances of the blocks from the side that they are counted from."""
    last = edges[-1] - 1
    pairs = [
        (last - start, last - (stop - 1)) if from_end else (start, stop - 1)
        for start, stop in pairwise(edges)
    ]
    if all(a == b for a, b in pairs):
        return np.array([a for a, _ in pairs])
    return np.array([f"{a}" if a == b else f"{a} to {b}" for a, b in pairs], dtype=object)


def _result_of(base: Any, scores: list[list[Any]], name: str, labels: dict[str, Any]) -> Any:
    """Return the result for one score, or a dict of results if `base` is a dict of scores."""
    if not isinstance(base, dict):
        return _bunch(base, np.array(scores), name, labels)
    return {
        key: _bunch(
            base[key],
            np.array([[score[key] for score in each] for each in scores]),
            str(key),
            labels,
        )
        for key in base
    }


def _bunch(base: float, scores: NDArray, name: str, labels: dict[str, Any]) -> Bunch:
    """Return the result for scores of the shape (cells, repeats)."""
    axes = [labels[name] for name in ("timesteps", "feature_names") if labels[name] is not None]
    importances = (base - scores).reshape(*map(len, axes), -1)
    return Bunch(
        importances_mean=importances.mean(axis=-1),
        importances_std=importances.std(axis=-1),
        importances=importances,
        **labels,
        score=base,
        score_name=name,
    )


def _name_of_score(scoring: Any, estimator: Any) -> str:
    """Return the name of a score; errors are named as scikit-learn's scorers, ``neg_…``."""
    if isinstance(scoring, str):
        return scoring
    if scoring is None:
        return _name_of_own_score(estimator)
    if (inner := getattr(scoring, "scoring", None)) is not None:  # of make_step_scorer
        return _name_of_score(inner, estimator)
    name = getattr(scoring, "__name__", "score")
    return "score" if name == "<lambda>" else name


def _name_of_own_score(estimator: Any) -> str:
    """Return the name of what the method `score` of a fitted estimator returns."""
    if isinstance(estimator, Pipeline):
        return _name_of_own_score(estimator.steps[-1][1])
    if not hasattr(estimator, "best_estimator_"):
        return _name_of_default(innermost(estimator))
    if isinstance(estimator.refit, str):  # one of several scores
        return estimator.refit
    if estimator.scoring is not None:
        return _name_of_score(estimator.scoring, estimator)
    return _name_of_own_score(estimator.best_estimator_)


def _name_of_default(estimator: Any) -> str:
    """Return the name of what `score` returns, by the kind of the estimator."""
    by_step = predicts_every_step(estimator)  # of no kind for scikit-learn
    if is_classifier(estimator) or (by_step and hasattr(estimator, "classes_")):
        return "accuracy"
    return "r2" if is_regressor(estimator) or by_step else "score"
