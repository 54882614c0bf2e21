"""Which estimators predict every time step of a sequence, and where they cannot be used."""

from __future__ import annotations

from typing import Any


def predicts_every_step(estimator: Any) -> bool:
    """Return whether an estimator predicts every time step. scikit-learn has no tag for it."""
    return getattr(estimator, "_predicts_every_step", False)


def refuse_estimator_of_steps(estimator: Any, caller: str) -> None:
    """Raise for an estimator whose predictions belong to the time steps of X, not to coming ones.

    It can be the last step of a Pipeline, or inside a search or another meta-estimator.
    """
    inner = estimator
    while (next_inner := _inside(inner)) is not None:
        inner = next_inner
    if predicts_every_step(inner):
        raise TypeError(
            f"{caller} needs predictions of coming steps, but {type(inner).__name__} predicts the "
            "time steps of the sequences that it reads. Use LSTMRegressor, with y = leads(table, "
            "...)."
        )


def _inside(estimator: Any) -> Any:
    steps = getattr(estimator, "steps", None)
    if isinstance(steps, list) and steps:
        return steps[-1][1]
    return getattr(estimator, "estimator", None) or getattr(estimator, "regressor", None)
