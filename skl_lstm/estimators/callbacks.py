"""`EpochTasks`: reports the epochs of a fit to the callbacks of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._compat.sklearn import begin_callbacks

if TYPE_CHECKING:
    from .base import NetworkEstimator


class EpochTasks:
    """Reports a fit as a task, and every epoch as a subtask of it."""

    def __init__(
        self,
        estimator: NetworkEstimator,
        epochs: int,
        fitted_attributes: Callable[[], Mapping[str, Any]],
        **data: Any,
    ) -> None:
        self._arguments = {
            "estimator": estimator,
            **data,
            "reconstruction_attributes": fitted_attributes,
        }
        self._fit_task = begin_callbacks(estimator, epochs)

    def begin(self) -> None:
        """Report the start of the fit."""
        self._fit_task.call_on_fit_task_begin(**self._arguments)

    def begin_epoch(self) -> None:
        """Report the start of an epoch."""
        self._epoch_task = self._fit_task.subcontext(task_name="epoch")
        self._epoch_task.call_on_fit_task_begin(**self._arguments)

    def end_epoch(self) -> bool:
        """Report the end of an epoch, and return whether a callback requests the end of the fit."""
        return bool(self._epoch_task.call_on_fit_task_end(**self._arguments))

    def end(self) -> None:
        """Report the end of the fit."""
        self._fit_task.call_on_fit_task_end(**self._arguments)
