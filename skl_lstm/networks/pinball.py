"""`PinballLoss`: the loss of Keras models whose outputs are quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("skl_lstm")
class PinballLoss(keras.losses.Loss):
    """Mean of the pinball losses of quantiles.

    The targets are (samples, outputs), and the predictions (samples, outputs * quantiles): the
    quantiles of the first target, then those of the second one. `quantiles` are the levels. The
    slope for an error of zero is equal to that of `training.native.losses.pinball`.
    """

    def __init__(
        self, quantiles: Sequence[float], *, name: str = "pinball_loss", **settings: Any
    ) -> None:
        super().__init__(name=name, **settings)
        self.quantiles = tuple(map(float, quantiles))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each sample, (samples,)."""
        n_quantiles = len(self.quantiles)
        n_targets = y_pred.shape[-1] // n_quantiles
        errors = ops.reshape(y_true, (-1, n_targets, 1)) - ops.reshape(
            y_pred, (-1, n_targets, n_quantiles)
        )
        tilts = ops.convert_to_tensor([level - 0.5 for level in self.quantiles], y_pred.dtype)
        return ops.mean(0.5 * ops.abs(errors) + tilts * errors, axis=(-2, -1))

    def get_config(self) -> dict[str, Any]:
        """Return the settings from which Keras makes an equal loss."""
        return {**super().get_config(), "quantiles": list(self.quantiles)}
