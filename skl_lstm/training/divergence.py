"""Training that breaks: a loss or a weight that is no longer finite. Both engines use this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray


def check_epoch(
    epoch: int, logs: Mapping[str, float], weights: Iterable[NDArray], learning_rate: float
) -> None:
    """Raise ValueError if a loss of an epoch, counted from 0, or a weight is not finite.

    scikit-learn's `SGDRegressor` does the same.
    """
    losses = {name: logs[name] for name in ("loss", "val_loss") if name in logs}
    broken = [f"{name}={value}" for name, value in losses.items() if not np.isfinite(value)]
    if not broken:
        if all(np.isfinite(array).all() for array in weights):
            return
        broken = ["there are weights that are NaN or infinite after it", f"loss={losses['loss']}"]
    raise ValueError(
        f"Training stopped in epoch {epoch + 1}, because its numbers are no longer finite: "
        f"{', '.join(broken)}, learning_rate={learning_rate:g}. Use a lower learning rate, or an "
        "optimizer that limits the gradients, for example {'class_name': 'adam', 'config': "
        "{'clipnorm': 1.0}}. Other reasons are values far beyond all others, also in the "
        "validation rows; X and y that are not standardized; and a loss such as 'poisson' that "
        "needs predictions above zero."
    )
