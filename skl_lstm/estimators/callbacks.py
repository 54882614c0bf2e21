"""scikit-learn's callbacks, shown the epochs of Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras

from .._compat.sklearn import begin_callbacks
from ..networks.models import (
    copy_model,
)

if TYPE_CHECKING:
    from .base import KerasEstimator


class EpochTasks(keras.callbacks.Callback):
    """Show Keras' epochs to scikit-learn's callbacks, as the subtasks of a fit."""

    def __init__(
        self, estimator: KerasEstimator, epochs: int, fitted: Mapping[str, Any], **data: Any
    ) -> None:
        super().__init__()
        self._fitted = fitted
        self._hook = {"estimator": estimator, **data, "reconstruction_attributes": self._state}
        self._fit_task = begin_callbacks(estimator, epochs)

    def on_train_begin(self, logs: object = None) -> None:
        """Tell the callbacks that a fit begins."""
        self._fit_task.call_on_fit_task_begin(**self._hook)

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Tell them that an epoch begins."""
        self._epoch_task = self._fit_task.subcontext(task_name="epoch")
        self._epoch_task.call_on_fit_task_begin(**self._hook)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Tell them that an epoch has ended, and stop training if one asks for it."""
        if self._epoch_task.call_on_fit_task_end(**self._hook):
            self.model.stop_training = True

    def on_train_end(self, logs: object = None) -> None:
        """Tell them that the fit has ended."""
        self._fit_task.call_on_fit_task_end(**self._hook)

    def _state(self) -> dict[str, Any]:
        """Return what makes a copy of the estimator a fitted one, as of now and for good."""
        return {**self._fitted, "model_": copy_model(self.model)}
