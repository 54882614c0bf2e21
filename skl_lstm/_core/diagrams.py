"""Input and output shapes in scikit-learn's HTML diagrams.

A caption needs scikit-learn's private `_VisualBlock`, which has existed since version 0.23.
Without it, scikit-learn draws a plain diagram.
"""

from __future__ import annotations

from typing import Any

from .._compat.sklearn import estimator_block, inner_estimator_block, is_fitted


class ShapeDiagram:
    """Mixin that adds the shapes to the diagram of a fitted estimator: ``(n, 48) → (n, 24, 2)``.

    In the diagram of a Pipeline, every step shows its own shapes.
    """

    def _sk_visual_block_(self) -> Any:
        return estimator_block(self, shapes_caption(self))

    def _shapes_in_and_out(self) -> tuple[str, ...]:
        raise NotImplementedError


def meta_estimator_block(estimator: Any, parameter: str) -> Any:
    """Return the diagram of a meta-estimator, with its shapes after the inner estimator's name."""
    inner = getattr(estimator, parameter)
    name = f"{parameter}: {type(inner).__name__}"
    return inner_estimator_block(inner, ", ".join(filter(None, [name, shapes_caption(estimator)])))


def shapes_caption(estimator: Any) -> str | None:
    """Return the input and output shapes of an estimator, or None if it is not fitted."""
    return " → ".join(estimator._shapes_in_and_out()) if is_fitted(estimator) else None


def shape_of(*axes: int | str) -> str:
    """Format a shape as NumPy does: ``(n, 24, 2)``, ``(n,)``."""
    return f"({', '.join(map(str, axes))}{',' if len(axes) == 1 else ''})"
