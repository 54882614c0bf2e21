"""`EpochTasks`: reports the epochs of Keras to the callbacks of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras

from .._compat.sklearn import begin_callbacks
from ..networks.models import copy_model

if TYPE_CHECKING:
    from .base import KerasEstimator


class EpochTasks(keras.callbacks.Callback):
    """Keras callback that reports every epoch to scikit-learn's callbacks as a subtask of fit."""

    def __init__(
        self, estimator: KerasEstimator, epochs: int, fitted: Mapping[str, Any], **data: Any
    ) -> None:
        super().__init__()
        self._fitted = fitted
        self._arguments = {
            "estimator": estimator,
            **data,
            "reconstruction_attributes": self._fitted_attributes,
        }
        self._fit_task = begin_callbacks(estimator, epochs)

    def on_train_begin(self, logs: object = None) -> None:
        """Report the start of the fit."""
        self._fit_task.call_on_fit_task_begin(**self._arguments)

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Report the start of an epoch."""
        self._epoch_task = self._fit_task.subcontext(task_name="epoch")
        self._epoch_task.call_on_fit_task_begin(**self._arguments)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Report the end of an epoch, and stop training if a callback requests it."""
        if self._epoch_task.call_on_fit_task_end(**self._arguments):
            self.model.stop_training = True

    def on_train_end(self, logs: object = None) -> None:
        """Report the end of the fit."""
        self._fit_task.call_on_fit_task_end(**self._arguments)

    def _fitted_attributes(self) -> dict[str, Any]:
        """Return the attributes of a fitted copy. The model is copied, as training changes it."""
        return {**self._fitted, "model_": copy_model(self.model)}
