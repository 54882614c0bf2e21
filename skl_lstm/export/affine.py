"""`Affine`: a fitted scaler as center and scale, and how several become one.

This module does not need the package onnx.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from .overrides import overridden

_METHODS = "transform", "inverse_transform"


class Affine(NamedTuple):
    """The map ``(X - center) / scale``, after which values are clipped if there are limits.

    Center and scale are float64 arrays of shape (features,) or (timesteps, features). Like the
    estimators, a map divides by its scale: a product with the inverse would round differently.
    """

    center: NDArray
    scale: NDArray
    limits: tuple[float, float] | None = None

    @property
    def is_identity(self) -> bool:
        """Whether the map changes nothing."""
        return self.limits is None and not self.center.any() and bool((self.scale == 1).all())

    def changed(self, change: Callable[[NDArray], NDArray]) -> Affine:
        """Return the map with other shapes of center and scale."""
        return self._replace(center=change(self.center), scale=change(self.scale))


def affine_maps(transformer: Any) -> list[Affine] | None:
    """Return the maps of a fitted transformer, one after the other, or None if it is not affine."""
    if transformer is None or transformer == "passthrough":
        return []
    if isinstance(transformer, Pipeline) and overridden(transformer, "sklearn", *_METHODS) is None:
        parts = [affine_maps(step) for _, step in transformer.steps]
        known = [part for part in parts if part is not None]
        return folded(chain.from_iterable(known)) if len(known) == len(parts) else None
    read = _READERS.get(type(transformer))
    if read is None or (
        isinstance(transformer, FunctionTransformer) and not _is_empty(transformer)
    ):
        return None
    check_is_fitted(transformer)
    return folded([read(transformer)])


def folded(maps: Iterable[Affine]) -> list[Affine]:
    """Join maps that follow each other, and leave out those that change nothing."""
    result: list[Affine] = []
    for following in maps:
        if following.is_identity:
            continue
        if result and result[-1].limits is None:
            following = _joined(result.pop(), following)
        result.append(following)
    return result


def unscaling(maps: Iterable[Affine]) -> tuple[NDArray, NDArray]:
    """Return the center and the scale that undo maps, ``y * scale + center``, in their order.

    The transformers of scikit-learn do not undo the limits of a map either.
    """
    center, scale = np.zeros(1), np.ones(1)
    for one in maps:
        center, scale = center * one.scale + one.center, scale * one.scale
    return center, scale


def _joined(first: Affine, second: Affine) -> Affine:
    center = first.center + first.scale * second.center
    return Affine(center, first.scale * second.scale, second.limits)


def _is_empty(transformer: FunctionTransformer) -> bool:
    return transformer.func is None and transformer.inverse_func is None


def _affine(center: Any, scale: Any, limits: Any = None) -> Affine:
    """Return a map. None is the center 0 or the scale 1."""
    numbers = np.zeros(1) if center is None else np.asarray(center, np.float64)
    divisors = np.ones(1) if scale is None else np.asarray(scale, np.float64)
    low_and_high = None if limits is None else (float(limits[0]), float(limits[1]))
    shape = np.broadcast_shapes(numbers.shape, divisors.shape)
    return Affine(np.broadcast_to(numbers, shape), np.broadcast_to(divisors, shape), low_and_high)


def _read_standard(scaler: StandardScaler) -> Affine:
    # The parameters can change after `fit`.
    center = scaler.mean_ if scaler.with_mean else None
    return _affine(center, scaler.scale_ if scaler.with_std else None)


def _read_robust(scaler: RobustScaler) -> Affine:
    center = scaler.center_ if scaler.with_centering else None
    return _affine(center, scaler.scale_ if scaler.with_scaling else None)


def _read_min_max(scaler: MinMaxScaler) -> Affine:
    limits = scaler.feature_range if scaler.clip else None
    return _affine(-scaler.min_ / scaler.scale_, 1 / scaler.scale_, limits)


def _read_max_abs(scaler: MaxAbsScaler) -> Affine:
    # `clip` is a parameter since scikit-learn 1.8.
    return _affine(None, scaler.scale_, (-1, 1) if getattr(scaler, "clip", False) else None)


def _read_identity(transformer: FunctionTransformer) -> Affine:
    return _affine(None, None)


# By the exact type: a subclass may do anything else.
_READERS: dict[type, Callable[[Any], Affine]] = {
    FunctionTransformer: _read_identity,
    MaxAbsScaler: _read_max_abs,
    MinMaxScaler: _read_min_max,
    RobustScaler: _read_robust,
    StandardScaler: _read_standard,
}
