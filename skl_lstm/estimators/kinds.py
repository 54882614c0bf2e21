"""What a regressor and a classifier add to an estimator: partial_fit, predict, tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin

from .._compat.sklearn import StrOptions, fit_context
from .data import TrainingData
from .targets import ClassTarget, NumericTarget, class_weights, sorted_labels

if TYPE_CHECKING:
    from sklearn.utils import Tags

CLASS_WEIGHT = {"class_weight": [Mapping, list, StrOptions({"balanced"}), None]}

ClassWeight = Mapping[Any, float] | str | None


class Regressor(RegressorMixin):
    """The methods of a `KerasEstimator` whose target is a number, or several."""

    _target_kind = NumericTarget

    @fit_context(prefer_skip_nested_validation=False)  # the network checks its own parameters
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one more epoch, from where the last call or `fit` has left off.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; those of weight zero are left out.

        Returns
        -------
        estimator
            The estimator, trained on.
        """
        resume = hasattr(self, "model_")
        return self._fit(X, y, sample_weight, epochs=1, resume=resume)

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences of the features of `fit`, of any length.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in the shape of the y of `fit`, and in its dtype if that was a float
            type, else float64.
        """
        output = self._predict_output(X)
        return self._description.target.decode(output)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        # What scikit-learn asks for is R² > 0.5 on a table of ten unordered columns and 200
        # rows. Read as a series of ten steps, 50 epochs of Adam come to 0.33.
        tags.regressor_tags.poor_score = True
        return tags


class Classifier(ClassifierMixin):
    """The methods of a `KerasEstimator` whose target is a class, or several labels."""

    _target_kind = ClassTarget

    @property
    def classes_(self) -> NDArray:
        """The labels seen in `fit`."""
        return self._description.target.classes

    @fit_context(prefer_skip_nested_validation=False)  # the network checks its own parameters
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one more epoch, from where the last call or `fit` has left off.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Targets.
        classes : array-like of shape (n_classes,), default=None
            All labels that y may hold in any call, for the first call. None: those in y.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; those of weight zero are left out.

        Returns
        -------
        estimator
            The estimator, trained on.
        """
        resume = hasattr(self, "model_")
        if resume and classes is not None:
            again = sorted_labels(classes)
            if not np.array_equal(again, self.classes_):
                raise ValueError(
                    f"classes={again.tolist()} are not those of the first call, "
                    f"{self.classes_.tolist()}. Leave classes out, or fit anew."
                )
        return self._fit(X, y, sample_weight, epochs=1, resume=resume, classes=classes)

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Predict the probability of every class.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences of the features of `fit`, of any length.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; each row adds up to 1, unless y held
            several labels a sample.
        """
        output = self._predict_output(X)
        return self._description.target.probabilities(output)

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict the class.

        Parameters
        ----------
        X : array-like of shape (n_samples, timesteps, n_features) or (n_samples, timesteps)
            Sequences of the features of `fit`, of any length.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The most probable classes; for a y of several labels a sample, every label whose
            probability is above 0.5.
        """
        output = self._predict_output(X)
        return self._description.target.decode(output)

    def _class_weights(self, data: TrainingData) -> NDArray | None:
        return class_weights(self.class_weight, data.y, data.X.dtype)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.classifier_tags.multi_label = True
        return tags
