"""`NaiveRegressor`: the last value, or that of the last season, as a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .._compat.sklearn import fit_context
from .._core.diagrams import ShapeDiagram, shape_of
from .._core.masks import is_masked
from .._core.messages import did_you_mean, listed
from .._core.older_files import ReadsOlderFiles
from .._core.parameters import AtLeast, Number
from .._core.public import set_module
from .._core.sequences import padding_mark
from .._core.shapes import parse_lead_names
from .._core.timed_windows import feature_names_of, table_of_features
from .._core.user_warnings import warn_user
from .data import read_training_data, read_X, target_names
from .targets import NumericTarget

if TYPE_CHECKING:
    from sklearn.utils import Tags


@set_module("skl_lstm")
class NaiveRegressor(ReadsOlderFiles, ShapeDiagram, RegressorMixin, BaseEstimator):
    """Forecast the last value, or the value one period before, as a baseline.

    A forecast is worth its effort if it is better than this one. X has the axes (samples,
    timesteps, features), as for `LSTMRegressor`. Nothing is learned from the values of X and y.

    Parameters
    ----------
    feature : str, int or list of these
        The feature to forecast: its name, if X was made from a DataFrame by `SequenceWindower`, or
        its position on axis 2. Negative positions count from the last feature. A list forecasts
        several targets.
    period : int, default=1
        Length of a season in timesteps. 1: every forecast is the last value, as in a random walk.
        Otherwise, it is the value one period before, or the fewest whole periods before that the
        window has seen. With 24 hourly steps: the value of the same hour of the last day.

    Attributes
    ----------
    steps_ : ndarray of int of shape (`n_outputs_`,)
        Number of steps ahead of each output.
    n_outputs_ : int
        Number of outputs.
    n_features_in_ : int
        Number of features of each timestep. For 2D X: number of columns, each of which is a
        timestep.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X was made from a DataFrame by `SequenceWindower`. Names of the
        columns, if X was a DataFrame.

    See Also
    --------
    LSTMRegressor : The estimator to compare with.
    SequenceFlattener : Another baseline: any regressor of scikit-learn on the same windows.

    Notes
    -----
    `fit` takes the number of outputs and their steps ahead from y. Without names, y holds the
    steps 1, 2, …, with all targets of a step before the next step. The names ``h1_a, h1_b, h2_a``
    of a DataFrame, or that of a Series, such as ``h3_a``, give the step and, for several targets,
    the feature of each output. A column of X with such a name is an ordinary column.

    The forecast is in the units of X: put no scaler before it. Missing values are refused, as by
    the LSTM estimators.

    Steps that `SequenceWindower` pads at the beginning of a series count as its values. A window
    that `SequencePadder` pads after the last step ends with padding. Its forecast would be the
    padding, of which `predict` warns.

    Examples
    --------
    >>> import numpy as np
    >>> from skl_lstm import NaiveRegressor
    >>> X = np.array([[[5.0], [1.0], [2.0], [6.0]]])  # one sample, four timesteps, one feature
    >>> y = np.zeros((1, 5))  # five steps ahead
    >>> NaiveRegressor(feature=0).fit(X, y).predict(X)
    array([[6., 6., 6., 6., 6.]])
    >>> NaiveRegressor(feature=0, period=3).fit(X, y).predict(X)
    array([[1., 2., 6., 1., 2.]])

    The maximum temperature of tomorrow, forecast as that of today:

    >>> from sklearn.pipeline import make_pipeline
    >>> from skl_lstm import SequenceWindower, leads
    >>> from skl_lstm.datasets import load_seattle_weather
    >>> weather = load_seattle_weather()[["temp_max", "wind"]]
    >>> y = leads(weather, "temp_max")
    >>> X = weather.loc[y.index]
    >>> naive = make_pipeline(SequenceWindower(timesteps=7), NaiveRegressor("temp_max"))
    >>> round(naive.fit(X, y).score(X, y), 2)
    0.85
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "feature": [str, Number(Integral, None, None, closed="neither"), list, tuple],
        "period": [AtLeast(1)],
    }

    def __init__(self, feature: str | int | Sequence[str | int], period: int = 1) -> None:
        self.feature = feature
        self.period = period

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Find the feature, and learn from y how many steps to forecast.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences of at least `period` timesteps, in any numeric dtype.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. Their number and names are used, their values are not.
        sample_weight : array-like of shape (n_samples,), default=None
            Ignored; accepted so that this estimator can replace others.

        Returns
        -------
        NaiveRegressor
            The fitted estimator.

        Raises
        ------
        TypeError, ValueError
            If X has no such feature or fewer timesteps than `period`, if the outputs are no whole
            steps of all features, or if X, y or the weights are not valid.
        """
        data = read_training_data(X, y, sample_weight, NumericTarget, self, cast=False)
        windows = _with_feature_axis(data.X)
        names, period = feature_names_of(X), int(self.period)
        if data.X.ndim == 2:
            _refuse_names(self.feature)
        features = _positions_of(self.feature, names, windows.shape[2])
        _check_timesteps(windows.shape[1], period)
        n_outputs = 1 if data.y.ndim == 1 else data.y.shape[1]
        y_names = target_names(y)
        leads = _leads_of(y_names, names)
        if leads is None:
            steps, order = _count_outputs(n_outputs, len(features), self.feature)
        else:
            known = None if names is None else [names[position] for position in features]
            steps, order = _order_outputs(leads, known, len(features), self.feature)
        # Attributes are set last, so that a failed fit leaves the previous fit unchanged.
        validate_data(self, table_of_features(X, data.X), skip_check_array=True)
        self.n_outputs_ = n_outputs
        self.steps_ = steps
        self._target_names = y_names  # read by `forecast`; older files lack it
        # Used by predict, even if a parameter changes after fit.
        self._period = period
        self._positions = (_seasonal_positions(steps, period), features[order])
        self._axes = data.X.shape[1:]
        self._y_ndim = data.y.ndim
        return self

    def predict(self, X: ArrayLike) -> NDArray:
        """Forecast by the last values, or those one period before.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences with the features of `fit`. They can have any length of `period` or more.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Values of X, in the shape of the y of `fit`. The dtype is that of X if X is of a float
            type, else float64.

        Raises
        ------
        TypeError, ValueError
            If X has other features than in `fit` or fewer timesteps than `period`, or is not valid.

        Warns
        -----
        UserWarning
            If a forecast is padding of `SequencePadder`.
        """
        check_is_fitted(self)
        values = read_X(X, self, cast=False)
        self._check_features(X, values)
        windows = _with_feature_axis(values)
        _check_timesteps(windows.shape[1], self._period)
        steps, features = self._positions
        if (mask_value := padding_mark(X)) is not None:
            _warn_of_padding(windows[:, np.unique(steps)], mask_value)
        forecast = windows[:, steps, features]
        forecast = forecast.astype(values.dtype if values.dtype.kind == "f" else np.float64)
        return forecast[:, 0] if self._y_ndim == 1 else forecast

    def _check_features(self, X: ArrayLike, values: NDArray) -> None:
        """Raise if the features differ from those of `fit`. The number of timesteps may differ."""
        if values.ndim != len(self._axes) + 1:
            remedy = " If X is one sequence, pass X[np.newaxis]." if values.ndim == 2 else ""
            raise ValueError(
                f"X has {values.ndim} dimensions, but NaiveRegressor was fitted on "
                f"{len(self._axes) + 1}.{remedy}"
            )
        if values.ndim == 2 or feature_names_of(X) is not None:
            table = table_of_features(X, values)
            validate_data(self, table, reset=False, skip_check_array=True)
        elif values.shape[-1] != self.n_features_in_:  # windows without names match any names
            raise ValueError(
                f"X has {values.shape[-1]} features, but NaiveRegressor is expecting "
                f"{self.n_features_in_} features as input."
            )

    def _shapes_in_and_out(self) -> tuple[str, str]:
        outputs = () if self._y_ndim == 1 else (self.n_outputs_,)
        return shape_of("n", *self._axes), shape_of("n", *outputs)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags


def _with_feature_axis(X: NDArray) -> NDArray:
    """Return X as (samples, timesteps, features). A 2D array has one feature."""
    if X.ndim > 3:
        raise ValueError(
            f"X has shape {X.shape}, but NaiveRegressor needs shape (samples, timesteps, "
            "features) or (samples, timesteps)."
        )
    return X[:, :, np.newaxis] if X.ndim == 2 else X


def _seasonal_positions(steps: NDArray[np.intp], period: int) -> NDArray[np.intp]:
    """Return the positions, from the end of a window, of the values to repeat."""
    return (steps - 1) % period - period


def _check_timesteps(timesteps: int, period: int) -> None:
    if timesteps < period:
        raise ValueError(
            f"period={period} needs windows of {period} timesteps or more, but X has {timesteps} "
            f"timesteps. Use SequenceWindower(timesteps={period}), or a shorter period."
        )


def _refuse_names(feature: Any) -> None:
    """Raise if a feature of a 2D X, which has one without a name, is given by a name."""
    wanted = feature if isinstance(feature, list | tuple) else [feature]
    if any(isinstance(one, str) for one in wanted):
        raise ValueError(
            f"feature={feature!r} is a name, but a 2D X is read as sequences of one feature, which "
            "has the position 0. If the columns are the steps of several features, put "
            "SequenceReshaper(features=...) before NaiveRegressor, which gives the features an "
            "axis, and use the position of the feature on it."
        )


def _positions_of(feature: Any, names: NDArray | None, n_features: int) -> NDArray[np.intp]:
    """Return the positions of the features to forecast."""
    wanted = list(feature) if isinstance(feature, list | tuple) else [feature]
    if not wanted:
        raise ValueError("feature is empty, but must name at least one feature of X.")
    positions = [_position_of(one, names, n_features) for one in wanted]
    if len(set(positions)) < len(positions):
        raise ValueError(f"feature={feature!r} names a feature of X twice. Name each one once.")
    return np.array(positions, dtype=np.intp)


def _position_of(feature: Any, names: NDArray | None, n_features: int) -> int:
    if isinstance(feature, str):
        return _position_of_name(feature, names, n_features)
    if isinstance(feature, bool) or not isinstance(feature, Integral):
        raise TypeError(
            f"feature contains {feature!r}, but every item must be the name or the position of a "
            "feature of X."
        )
    position = int(feature)
    if not -n_features <= position < n_features:
        raise ValueError(
            f"feature={feature} is not a position in X, which has {n_features} feature(s): use "
            f"{-n_features} to {n_features - 1}."
        )
    return position % n_features


def _position_of_name(feature: str, names: NDArray | None, n_features: int) -> int:
    if names is None:
        raise ValueError(
            f"feature={feature!r} is a name, but the features of X have no names. Use a position, "
            f"{' to '.join(map(str, sorted({0, n_features - 1})))}, or make X from a DataFrame "
            "by a SequenceWindower."
        )
    if feature not in names:
        raise ValueError(
            f"feature={feature!r} is not a feature of X, which has {listed(names)}."
            f"{did_you_mean(feature, names)}"
        )
    return list(names).index(feature)


def _leads_of(
    y_names: list[str] | None, feature_names: NDArray | None
) -> list[tuple[int, str]] | None:
    """Return the step ahead and the column of each output, or None if y does not name them."""
    return parse_lead_names(y_names or [], () if feature_names is None else feature_names)


def _count_outputs(
    n_outputs: int, n_features: int, feature: Any
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the step and the feature of each output: h1_a, h1_b, h2_a, …"""
    if n_outputs % n_features:
        raise ValueError(
            f"y has {n_outputs} output(s), which are no whole steps of the {n_features} features "
            f"{feature!r}. y needs the targets of all features for each step ahead: h1_a, h1_b, "
            "h2_a, h2_b."
        )
    outputs = np.arange(n_outputs)
    return outputs // n_features + 1, outputs % n_features


def _order_outputs(
    leads: list[tuple[int, str]], names: list[str] | None, n_features: int, feature: Any
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the step and the feature of each output, from the names of the outputs.

    `names` are those of the features, if they are known.
    """
    columns = list(dict.fromkeys(column for _, column in leads))
    ordered = columns  # a scaler may have renamed the features of X: take them in their order
    if names is not None and set(names) & set(columns):
        ordered = names
    if len(columns) != n_features or set(ordered) != set(columns):
        raise ValueError(
            f"y has the targets {listed(columns)}, but feature={feature!r}. Name the features of "
            "all targets, and no others."
        )
    order = {name: position for position, name in enumerate(ordered)}
    steps = np.array([step for step, _ in leads], dtype=np.intp)
    return steps, np.array([order[column] for _, column in leads], dtype=np.intp)


def _warn_of_padding(steps: NDArray, mask_value: float) -> None:
    """Warn if any of the steps (samples, steps, features) of the forecasts is padding."""
    padded = is_masked(steps, mask_value).any(axis=1)
    if padded.any():
        warn_user(
            f"The forecasts of {padded.sum()} of {len(steps)} sequences are padding, "
            f"mask_value={mask_value}. Use SequencePadder(padding='pre'), and sequences of at "
            "least one period."
        )
