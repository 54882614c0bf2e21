"""`ConformalRegressor`: prediction intervals around the forecasts of any estimator."""

from __future__ import annotations

import sys
from copy import deepcopy
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils import Bunch, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from .._compat.sklearn import (
    HasMethods,
    check_method_params,
    fit_context,
    safe_indexing,
)
from .._core.messages import counted
from .._core.older_files import ReadsOlderFiles
from .._core.parameters import AtLeast, Number
from .._core.public import set_module
from .._core.timed_windows import labels_of_rows
from .._core.uncertainty import predict_quantiles, quantile_levels
from ..estimators.data import target_names
from ..forecasting.windows import remember_rows
from ..model_selection.rows_and_outputs import (
    Positions,
    check_pairs,
    read_outputs,
    read_rows,
    rows_to_pass,
)
from .checks import (
    check_coverage,
    check_enough,
    check_labelled,
    check_names,
    check_same_levels,
    read_truth,
    refuse_other_kinds,
    warn_of_hidden_quantiles,
)
from .rows import check_in_order_of_time, check_later, last_labels, split_by_time
from .scores import (
    adapt,
    bounds_of,
    conformity_scores,
    level_in_use,
    new_levels,
    pair_coverages,
    thresholds,
)

if TYPE_CHECKING:
    from sklearn.utils import Tags


class Bounds(NamedTuple):
    """The forecast of some rows, and its bounds before calibration."""

    forecast: NDArray  # (n_samples,) or (n_samples, n_outputs)
    lower: NDArray  # (n_samples, n_outputs, n_pairs)
    upper: NDArray

    def of_rows(self, rows: Positions) -> Bounds:
        """Return the bounds of some of the rows."""
        return Bounds(*(values[rows] for values in self))


@set_module("skl_lstm")
class ConformalRegressor(ReadsOlderFiles, MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Prediction intervals around the forecasts of any estimator.

    The estimator is fitted on the earlier rows. Its errors on the latest rows, which it has not
    seen, give the width of the intervals, separately for each step ahead. If the noise of the
    coming rows is like that of these rows, an interval holds the truth in a share `coverage` of
    the rows. If it changes, `update` adapts the intervals.

    Parameters
    ----------
    estimator : estimator
        Regressor, or a whole Pipeline or search that ends in one. It predicts one or several
        values for each row.
    coverage : float, default=0.9
        Share of the truths that the intervals should hold, above 0 and below 1.
    calibration : float or int, default=0.2
        The latest rows, held out from training to calibrate on: as a share of the time steps of X,
        above 0 and below 1, or as a number of time steps. All series of a panel are cut at one
        moment. If y holds several steps ahead, the rows are also left out whose targets are not
        known before the first calibration row.
    refit : bool, default=False
        Fit the estimator once more after the calibration, on all rows. The forecasts then learn
        from the latest rows, too, and the widths stay those of the first fit.
    gamma : float, default=0.02
        How fast `update` adapts, from 0 for not at all to 1: the step size of adaptive conformal
        inference. Larger values follow a change faster, and make the widths vary more.

    Attributes
    ----------
    estimator_ : estimator
        The fitted estimator.
    conformity_scores_ : ndarray of shape (n_calibration, n_outputs, n_pairs)
        How far the truths of the calibration rows lie outside of what the estimator predicted, in
        the units of y. It is the absolute error, with ``n_pairs = 1``, or for an estimator of
        quantiles the distance to each pair of them, the outermost pair first, negative inside.
        `update` replaces the oldest rows by new ones.
    n_features_in_ : int
        Number of features of X in `fit`, if the estimator has this attribute.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features of X in `fit`, if the estimator has this attribute.

    See Also
    --------
    LSTMRegressor : ``quantiles=...`` predicts quantiles, so the width can differ between rows.
    backtest : Forecast the test rows of folds, with intervals.
    compare_forecasts : Compare coverage, width and interval score of several models.

    Notes
    -----
    The interval is the forecast plus and minus the quantile of the absolute errors of n
    calibration rows whose rank is ``ceil((n + 1) * coverage)`` (split conformal prediction [1]_).
    A coverage of 0.9 needs 9 calibration rows, 0.99 needs 99. If the estimator predicts quantiles,
    the pair of quantiles whose coverage is nearest to the wanted one is moved outwards, or inwards,
    by such a quantile (conformalized quantile regression [2]_): these intervals are wide where the
    forecast is uncertain. For every coverage that you want, the estimator should predict a pair of
    quantiles near it: intervals from a distant pair may not contain the forecast.

    Put it around the whole pipeline. As the last step of a Pipeline, scikit-learn hides
    `predict_interval` and `update`.

    The promise holds on average over rows that are like the calibration rows. It does not hold for
    every kind of row: with a constant width, calm days are covered too often and rough days too
    rarely. Rows of one season promise little about the next one; calibrate on a whole year, or use
    `update`. All series of a panel share a width, so bring them to one scale, or use quantiles.

    The promise also assumes that the errors of the calibration rows do not depend on each other.
    Errors of neighbouring rows, or of series at one moment, usually do, so use more rows than the
    fewest. With `refit`, the widths are those of another fit on fewer rows, which is usually a bit
    less exact.

    `update` follows [3]_. It takes the rows one moment after the other, as if the interval of each
    had been made after the truths of those before it. If the interval does not hold the truth, the
    next ones are a bit wider, and else a bit narrower. The errors of the new rows also replace the
    oldest ones. After a change of the noise, the share of misses is soon right again. An interval
    reaches to the largest of the errors that are kept, at most, so it falls behind errors that grow
    with every row. Small updates follow a change sooner than large ones.

    For a DataFrame, the windows of a `SequenceWindower` in the estimator reach back to the
    calibration rows and to the rows of `update`. If y holds several steps ahead, the newest rows
    are not in an update yet: pass the rows since the last update to `predict`, too. For arrays,
    windows begin with the rows that are passed, as in the windower itself.

    `sample_weight` and other metadata of `fit` are passed to the estimator, for its training rows.
    All calibration rows count equally. Metadata of `predict` is not used in the calibration and in
    `predict_interval`.

    References
    ----------
    .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani and L. Wasserman, "Distribution-free
       predictive inference for regression", Journal of the American Statistical Association
       113(523), 2018.
    .. [2] Y. Romano, E. Patterson and E. Candès, "Conformalized quantile regression", NeurIPS 2019.
    .. [3] I. Gibbs and E. Candès, "Adaptive conformal inference under distribution shift",
       NeurIPS 2021.

    Examples
    --------
    The maximum temperature of the next three days:

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import ConformalRegressor, SequenceFlattener, SequenceWindower, leads
    >>> from skl_lstm.datasets import load_seattle_weather
    >>> weather = load_seattle_weather()[["temp_max", "wind"]]
    >>> y = leads(weather, "temp_max", horizon=3)
    >>> X = weather.loc[y.index]
    >>> ridge = make_pipeline(SequenceWindower(7), SequenceFlattener(), Ridge())
    >>> model = ConformalRegressor(ridge, coverage=0.9, calibration=365).fit(X[:"2014"], y[:"2014"])
    >>> interval = model.predict_interval(X["2015":])
    >>> interval.shape
    (362, 3, 2)
    >>> (interval[0, :, 1] - interval[0, :, 0]).round(1)
    array([ 9.1, 11.8, 13.5])
    >>> y_true = y["2015":].to_numpy()
    >>> covered = (interval[..., 0] <= y_true) & (y_true <= interval[..., 1])
    >>> covered.mean(axis=0).round(2)
    array([0.91, 0.92, 0.93])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "coverage": [Number(Real, 0, 1, closed="neither")],
        "calibration": [Number(Real, 0, 1, closed="neither"), AtLeast(1)],
        "refit": ["boolean"],
        "gamma": [Number(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        coverage: float = 0.9,
        calibration: float = 0.2,
        refit: bool = False,
        gamma: float = 0.02,
    ) -> None:
        self.estimator = estimator
        self.coverage = coverage
        self.calibration = calibration
        self.refit = refit
        self.gamma = gamma

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the estimator on the earlier rows, and calibrate it on the latest ones.

        Parameters
        ----------
        X : DataFrame, TimedWindows or array-like of shape (n_samples, ...)
            One row per time step, in order of time. Labels are read as in `SequenceWindower`: the
            last level of the index is the time, outer levels name the series. Rows of arrays are
            consecutive.
        y : Series, DataFrame or array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets of the rows of X, for example from `leads`. Columns such as ``h3_load`` are
            read as the target ``load``, three steps ahead. Other columns are one step ahead; the
            columns of an array are consecutive steps ahead.
        **fit_params : dict
            Parameters of the `fit` of the estimator. Those with one value for each row are cut to
            the training rows. With metadata routing, they are routed to the estimator.

        Returns
        -------
        ConformalRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If the rows are not in order of time, X and y do not match, there are too few
            calibration rows for the coverage, or no training rows, or if a refit predicts other
            quantiles.

        Warns
        -----
        UserWarning
            If the estimator does not return the quantiles of a network in it.
        """
        if y is None:
            raise ValueError("ConformalRegressor requires y to be passed, but the target y is None")
        refuse_other_kinds(self.estimator)
        params = self._params_of("fit", fit_params)
        check_pairs(X, y)
        X, y = indexable(X, y)
        check_in_order_of_time(X, y)
        truth = read_truth(y, self)
        outputs = read_outputs(X, y)
        rows = read_rows(X, max(outputs.steps))
        train, calibration = split_by_time(rows.in_time, self.calibration, rows.horizon)
        calibration = calibration[np.argsort(rows.in_time.moment[calibration], kind="stable")]
        check_enough(self.coverage, len(calibration), self.calibration)

        fitted = _fit(self.estimator, X, y, params, train)
        passed = rows_to_pass(rows, train, calibration)
        later = safe_indexing(X, passed)
        bounds = _predict_bounds(fitted, later).of_rows(np.searchsorted(passed, calibration))
        scores = _scores_of(bounds, truth[calibration], truth.shape[1])
        levels = quantile_levels(fitted)
        if self.refit:
            fitted = _fit(self.estimator, X, y, params, np.arange(len(truth)))
            check_same_levels(levels, quantile_levels(fitted))
        else:
            remember_rows(fitted, later)
        warn_of_hidden_quantiles(fitted)
        # Attributes are set last, so that a failed fit leaves the previous fit unchanged.
        index = labels_of_rows(X)
        self.estimator_ = fitted
        self.conformity_scores_ = scores
        self._levels = new_levels(*scores.shape[1:])
        self._coverages = pair_coverages(levels)
        self._ends = None if index is None else last_labels(None, index)
        self._target_names = target_names(y)  # read by `forecast`, too
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(fitted, name):
                setattr(self, name, getattr(fitted, name))
            elif name in vars(self):
                delattr(self, name)
        return self

    def predict(self, X: ArrayLike, **predict_params: Any) -> NDArray:
        """Predict the target with the estimator.

        Parameters
        ----------
        X : DataFrame, TimedWindows or array-like of shape (n_samples, ...)
            Rows with the features of `fit`.
        **predict_params : dict
            Parameters of the `predict` of the estimator. With metadata routing, they are routed.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            What the estimator predicts.
        """
        check_is_fitted(self, "estimator_")
        params = self._params_of("predict", predict_params)
        return self.estimator_.predict(X, **params)

    def predict_interval(self, X: ArrayLike, coverage: float | None = None) -> NDArray[np.float64]:
        """Predict intervals that hold the truth in a given share of the rows.

        Parameters
        ----------
        X : DataFrame, TimedWindows or array-like of shape (n_samples, ...)
            Rows with the features of `fit`.
        coverage : float, default=None
            Share of the truths that the intervals should hold, above 0 and below 1. None: the
            `coverage` of the estimator.

        Returns
        -------
        ndarray of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper bounds.

        Raises
        ------
        ValueError
            If the coverage is not above 0 and below 1, or there are too few calibration rows.
        """
        check_is_fitted(self, "estimator_")
        return self._predict_with_interval(self.estimator_, X, coverage)[1]

    def _predict_with_interval(
        self, estimator: Any, X: ArrayLike, coverage: float | None
    ) -> tuple[NDArray, NDArray[np.float64]]:
        """Return the forecast of an estimator, and the interval around it.

        The estimator is `estimator_`, or the part of it that reads windows: `Stream` makes the
        windows itself.
        """
        coverage = check_coverage(self.coverage if coverage is None else coverage)
        check_enough(coverage, len(self.conformity_scores_), self.calibration)
        forecast, lower, upper = _predict_bounds(estimator, X)
        pair = int(np.abs(self._coverages - coverage).argmin())
        level = level_in_use(self._levels[..., pair], coverage)
        width = thresholds(self.conformity_scores_[..., pair], level)
        lower, upper = lower[..., pair] - width, upper[..., pair] + width
        # Quantiles that are moved inwards may cross.
        middle = (lower + upper) / 2
        interval = np.stack([np.minimum(lower, middle), np.maximum(upper, middle)], axis=-1)
        return forecast, interval[:, 0] if forecast.ndim == 1 else interval

    def update(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Adapt the intervals to rows whose truths have become known.

        The estimator is not trained. Pass every row once, when all of its targets are known.

        Parameters
        ----------
        X : DataFrame, TimedWindows or array-like of shape (n_samples, ...)
            Rows after those of `fit` and of earlier updates, in order of time.
        y : Series, DataFrame or array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets of the rows of X.

        Returns
        -------
        ConformalRegressor
            This estimator.

        Raises
        ------
        ValueError
            If rows were seen before or are not in order of time, X and y do not match, or y has
            missing values.
        """
        check_is_fitted(self, "estimator_")
        check_pairs(X, y)
        check_in_order_of_time(X, y)
        index, ends = labels_of_rows(X), self._ends
        check_labelled(index, ends)
        if index is not None and ends is not None:
            check_later(ends, index)
            ends = last_labels(ends, index)
        check_names(y, self._target_names)
        truth = read_truth(y, self)
        moments = read_rows(X, 1).in_time.moment
        order = np.argsort(moments, kind="stable")
        scores = _scores_of(_predict_bounds(self.estimator_, X), truth, self._levels.shape[1])
        levels, window = adapt(
            self._levels, self.conformity_scores_, scores[order], moments[order], self.gamma
        )
        remember_rows(self.estimator_, X)
        self._levels, self.conformity_scores_, self._ends = levels, window, ends
        return self

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the metadata routing of this object.

        Returns
        -------
        MetadataRouter
            The routing of `fit` and `predict` to the estimator.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        mapping = mapping.add(caller="predict", callee="predict")
        return MetadataRouter(owner=self).add(estimator=self.estimator, method_mapping=mapping)

    def _params_of(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters for a method of the estimator."""
        if not get_config()["enable_metadata_routing"]:
            return params
        routed: Bunch = process_routing(self, method, **params)
        return routed.estimator[method]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        tags.non_deterministic = inner.non_deterministic
        if inner.regressor_tags is not None:
            tags.regressor_tags = inner.regressor_tags
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if "pandas" not in sys.modules:  # then no attribute is a pandas object
            return state
        from ..transformers.packing import pack

        return {**state, "_ends": pack(state["_ends"])} if "_ends" in state else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state.get("_ends") is not None:
            from ..transformers.packing import unpack

            state = {**state, "_ends": unpack(state["_ends"])}
        super().__setstate__(state)


def _fit(estimator: Any, X: Any, y: Any, params: dict[str, Any], train: Positions) -> Any:
    """Fit a clone of the estimator on the training rows."""
    own_params = check_method_params(X, params, indices=train)
    fitted = clone(estimator).fit(safe_indexing(X, train), safe_indexing(y, train), **own_params)
    # The clone of a FrozenEstimator is the estimator of the user, which `update` must not change.
    return deepcopy(fitted) if fitted is estimator else fitted


def _predict_bounds(estimator: Any, X: Any) -> Bounds:
    """Return the forecasts of an estimator and the bounds that are calibrated."""
    if quantile_levels(estimator) is None:
        forecast, quantiles = np.asarray(estimator.predict(X)), None
    else:
        forecast, quantiles = predict_quantiles(estimator, X)
    return Bounds(forecast, *bounds_of(forecast, quantiles))


def _scores_of(bounds: Bounds, truth: NDArray, n_outputs: int) -> NDArray[np.float64]:
    """Return the scores of rows that were predicted, or raise if they have other outputs."""
    n_predicted = bounds.lower.shape[1]
    if not truth.shape[1] == n_outputs == n_predicted:
        raise ValueError(
            f"y has {counted(truth.shape[1], 'value')} for each row, and the estimator predicts "
            f"{n_predicted}, but there must be {n_outputs}, as in fit."
        )
    return conformity_scores(truth, bounds.lower, bounds.upper)
