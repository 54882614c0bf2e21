"""`Description`: what an estimator keeps of X and y, besides the trained network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from .._core.float_type import floatx
from ..networks.architecture import Architecture, Scaling
from .data import MaskValue
from .targets import ClassTarget, NumericTarget


class Description(NamedTuple):
    """What an estimator has learnt about X and y in `fit`, and what it builds from it."""

    X_shape: tuple[int, ...]
    target: NumericTarget | ClassTarget
    mask_value: MaskValue
    architecture: Any = None  # an Architecture, or None for a network of the user
    scaling: Scaling | None = None
    form_of_y: str | None = None  # "list", …, if y has a value for every time step

    @property
    def meta(self) -> dict[str, Any]:
        """The `meta` argument of a function that builds a network, with the names of scikeras."""
        return {
            "X_shape_": self.X_shape,
            "X_dtype_": np.dtype(floatx()),
            # scikeras itself uses the length of axis 1, which is the time axis of a sequence.
            "n_features_in_": self.X_shape[-1],
            **self.target.meta,
        }

    def to_state(self) -> dict[str, Any]:
        """Return the description as plain dicts, which keep private classes out of a file."""
        parts = {"target": self.target, "architecture": self.architecture, "scaling": self.scaling}
        return {
            **self._asdict(),
            **{name: None if part is None else part._asdict() for name, part in parts.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], target_kind: Any) -> Self:
        """Restore the description from what `to_state` returned."""
        kinds = {"target": target_kind, "architecture": Architecture, "scaling": Scaling}
        parts = {
            name: kind(**state[name]) for name, kind in kinds.items() if state.get(name) is not None
        }
        return cls(**{**state, **parts})
