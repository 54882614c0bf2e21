"""`Regressor` and `Classifier`: mixins with `partial_fit`, the predictions and the tags."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin

from .._compat.sklearn import StrOptions, fit_context
from .data import TrainingData
from .targets import ClassTarget, NumericTarget, check_same_classes, class_weights

if TYPE_CHECKING:
    from sklearn.utils import Tags

CLASS_WEIGHT = {"class_weight": [Mapping, list, StrOptions({"balanced"}), None]}

ClassWeight = Mapping[Any, float] | str | None


class Regressor(RegressorMixin):
    """Mixin of a `NetworkEstimator` with one or several numeric targets."""

    _target_kind = NumericTarget

    @fit_context(prefer_skip_nested_validation=False)  # lstm_network validates its own parameters
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, starting from the current weights if the estimator is fitted.

        The first call builds the network for X and y. If the estimator scales them, it learns the
        scaling in this call, so the first batch should be representative.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Samples with weight zero are left out.

        Returns
        -------
        estimator
            The fitted estimator.
        """
        return self._fit_one_epoch(X, y, sample_weight, NumericTarget.describe)

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences with the features of `fit`. They can have any length.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, in the shape of the y of `fit`. The dtype is that of y if y was of a
            float type, else float64.
        """
        output = self._predict_output(X)
        return self._description.target.decode(output)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        # check_estimator requires R² > 0.5 on a table of 200 rows and ten unordered columns. With
        # the columns as ten time steps, 50 epochs of Adam reach R² = 0.33.
        tags.regressor_tags.poor_score = True
        return tags


class Classifier(ClassifierMixin):
    """Mixin of a `NetworkEstimator` whose target is a class, or several labels per sample."""

    _target_kind = ClassTarget

    @property
    def classes_(self) -> NDArray:
        """Sorted labels seen in `fit`, or passed in the first call of `partial_fit`."""
        return self._description.target.classes

    @fit_context(prefer_skip_nested_validation=False)  # lstm_network validates its own parameters
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch, starting from the current weights if the estimator is fitted.

        The first call builds the network for X and y. If the estimator scales them, it learns the
        scaling in this call, so the first batch should be representative.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Targets.
        classes : array-like of shape (n_classes,), default=None
            All labels that y can contain in any call. Needed in the first call only. None: the
            labels in y.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Samples with weight zero are left out.

        Returns
        -------
        estimator
            The fitted estimator.
        """
        if self._is_trained() and classes is not None:
            check_same_classes(classes, self.classes_)
        describe_target = partial(ClassTarget.describe, classes=classes)
        return self._fit_one_epoch(X, y, sample_weight, describe_target)

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences with the features of `fit`. They can have any length.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`. Each row sums to 1, except for multilabel
            targets.
        """
        output = self._predict_output(X)
        return self._description.target.probabilities(output)

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict the class.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences with the features of `fit`. They can have any length.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The most probable class of each sample. For multilabel targets: 1 for each label
            with a probability above 0.5, else 0.
        """
        output = self._predict_output(X)
        return self._description.target.decode(output)

    def _class_weights(self, data: TrainingData) -> NDArray | None:
        return class_weights(self.class_weight, data.y)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.classifier_tags.multi_label = True
        return tags
