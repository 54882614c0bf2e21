"""What scikit-learn's diagrams of our estimators say about shapes.

May import nothing of ours. The diagrams themselves are scikit-learn's: an estimator hands it a
`_VisualBlock`, which is private, but has been the way in since 0.23. Should it fail one day,
scikit-learn falls back on a plain diagram.
"""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import _is_fitted


class ShapeDiagram:
    """Mixin that puts the shapes under the name of a fitted estimator: ``(n, 48) → (n, 24, 2)``.

    In the diagram of a Pipeline they read as a story, step by step.
    """

    def _sk_visual_block_(self) -> Any:
        from sklearn.utils._repr_html.estimator import _VisualBlock

        name = type(self).__name__
        return _VisualBlock(
            "single", self, names=name, name_details=str(self), name_caption=story(self)
        )

    def _shapes_in_and_out(self) -> tuple[str, ...]:
        raise NotImplementedError


def beside_shapes(estimator: Any, inner: str) -> Any:
    """Draw an estimator around another, as scikit-learn does, with the shapes beside its name."""
    from sklearn.utils._repr_html.estimator import _VisualBlock

    within = getattr(estimator, inner)
    name = ", ".join(filter(None, [f"{inner}: {type(within).__name__}", story(estimator)]))
    return _VisualBlock("parallel", [within], names=[name], name_details=[str(within)])


def story(estimator: Any) -> str | None:
    """Say which shape becomes which, if the estimator is fitted."""
    return " → ".join(estimator._shapes_in_and_out()) if _is_fitted(estimator) else None


def shape_of(*axes: int | str) -> str:
    """Write a shape as NumPy does: ``(n, 24, 2)``, ``(n,)``."""
    return f"({', '.join(map(str, axes))}{',' if len(axes) == 1 else ''})"
