"""What scikit-learn's diagrams of our estimators say about shapes.

The diagrams themselves are scikit-learn's: an estimator hands it a
`_VisualBlock`, which is private, but has been the way in since 0.23. Should it fail one day,
scikit-learn falls back on a plain diagram.
"""

from __future__ import annotations

from typing import Any

from .._compat.sklearn import estimator_block, inner_estimator_block, is_fitted


class ShapeDiagram:
    """Mixin that puts the shapes under the name of a fitted estimator: ``(n, 48) → (n, 24, 2)``.

    In the diagram of a Pipeline they show how the shape changes, step by step.
    """

    def _sk_visual_block_(self) -> Any:
        return estimator_block(self, shapes_caption(self))

    def _shapes_in_and_out(self) -> tuple[str, ...]:
        raise NotImplementedError


def beside_shapes(estimator: Any, inner: str) -> Any:
    """Draw an estimator around another, as scikit-learn does, with the shapes beside its name."""
    within = type(getattr(estimator, inner)).__name__
    name = ", ".join(filter(None, [f"{inner}: {within}", shapes_caption(estimator)]))
    return inner_estimator_block(getattr(estimator, inner), name)


def shapes_caption(estimator: Any) -> str | None:
    """Say which shape becomes which, if the estimator is fitted."""
    return " → ".join(estimator._shapes_in_and_out()) if is_fitted(estimator) else None


def shape_of(*axes: int | str) -> str:
    """Write a shape as NumPy does: ``(n, 24, 2)``, ``(n,)``."""
    return f"({', '.join(map(str, axes))}{',' if len(axes) == 1 else ''})"
