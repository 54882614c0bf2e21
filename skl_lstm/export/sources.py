"""`read_source`: what the steps before a network do to its input, as arithmetic on sequences.

This module does not need the package onnx.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._core.shapes import ReshapePlan, step_names
from .._core.user_warnings import warn_user
from ..transformers.arrays import columns_to_sequences
from ..transformers.padder import SequencePadder
from ..transformers.per_timestep import PerTimestep
from ..transformers.reshaper import SequenceReshaper
from ..transformers.windower import SequenceWindower
from .affine import Affine, affine_maps, folded
from .parts import Step

_NOT_AFFINE = "to_onnx writes scalers with one center and one scale for each column, and no others"

_USUAL = 10.0  # scaled values between this number and its negative may be data
_DATA_LIKE_PADDING = (
    "Padding is inserted behind a scaler. In the raw input of the ONNX model, steps with {0} in "
    "every feature are read as padding, but {0} is among the usual values of all features. If data "
    "can have such steps, fit with a padding far outside of them, such as -999.0, in the "
    "transformer and as mask_value of the network."
)


class Padding(NamedTuple):
    """Steps that have this value in every feature of the raw input get it again here."""

    value: float


class Source(NamedTuple):
    """What happens to sequences of raw values before they reach the network."""

    stages: list[Affine | Padding]
    padding: float | None  # the value of padding in the raw input, if a transformer pads
    is_padded: bool  # whether the padding is that of a padder, which also marks it for the network
    timesteps: int | None  # the only number of timesteps that is possible, or None
    feature_names: list[str] | None


def read_source(steps: Sequence[Step]) -> Source:
    """Read the fitted steps before a network."""
    reader = _Reader()
    for step in steps:
        if step.transformer is not None and step.transformer != "passthrough":
            check_is_fitted(step.transformer)
            reader.read(step)
    return reader.source()


def pad_lists(source: Source, mask_value: float) -> Source:
    """Return a source whose sequences are padded by the estimator, behind all steps."""
    if source.padding is not None or not source.stages:
        return source
    _warn_of_data_like_padding(source.stages, mask_value)
    stages = [*source.stages, Padding(mask_value)]
    return source._replace(stages=stages, padding=mask_value)


class _Reader:
    """Collects the maps of the steps. The maps of a table get the axes of sequences later."""

    def __init__(self) -> None:
        self._before: list[Affine] = []
        self._behind: list[Affine] = []  # behind the padding of a windower
        self._has_sequences = False
        self._padding: float | None = None
        self._keeps_padding = False  # whether later steps leave the padding as it is
        self._names: list[str] | None = None

    def read(self, step: Step) -> None:
        transformer = step.transformer
        if isinstance(transformer, SequenceReshaper):
            self._reshape(ReshapePlan(**transformer._plan))
            # The names of the columns of a table, which a scaler before it may know.
            known = None if hasattr(transformer, "feature_names_in_") else self._names
            names = list(transformer.get_feature_names_out(known))
            self._names = _names_of_features(names, transformer.timesteps_)
        elif isinstance(transformer, SequenceWindower):
            self._has_sequences = True
            padding = transformer._window[2]
            if padding != "edge" and not np.isnan(padding):  # networks refuse NaN
                self._padding = float(padding)
            self._note_names(getattr(transformer, "feature_names_in_", None))
        elif isinstance(transformer, SequencePadder):
            self._add_feature_axis()
            if not transformer._mask_is_data:  # else it pads nothing
                self._padding, self._keeps_padding = transformer._padding[2], True
            self._note_names(getattr(transformer, "feature_names_in_", None))
        elif isinstance(transformer, PerTimestep):
            self._add_feature_axis()
            self._add(affine_maps(transformer.transformer_), step)
            self._note_names(getattr(transformer, "feature_names_in_", None))
        else:
            self._add(affine_maps(transformer), step)
            self._note_names(getattr(transformer, "feature_names_in_", None))

    def _note_names(self, names: Any) -> None:
        """Keep the names of the first step that has any: they are those of the raw input."""
        if self._names is None and names is not None:
            self._names = [str(name) for name in names]

    def _add(self, maps: list[Affine] | None, step: Step) -> None:
        if maps is None:
            inner = getattr(step.transformer, "transformer_", None)
            inside = "" if inner is None else f"it applies {type(inner).__name__}, but "
            raise step.refusal(inside + _NOT_AFFINE)
        (self._before if self._padding is None else self._behind).extend(maps)

    def _reshape(self, plan: ReshapePlan) -> None:
        def to_sequences(row: Any) -> Any:
            return columns_to_sequences(np.broadcast_to(row, (1, plan.columns)), plan)[0]

        self._has_sequences = True
        self._before = [_of_all_steps(one.changed(to_sequences)) for one in self._before]

    def _add_feature_axis(self) -> None:
        """Turn the maps of a table of sequences, (n, timesteps), into those of one feature."""
        if not self._has_sequences:
            self._before = [
                _of_all_steps(one.changed(lambda row: row[:, np.newaxis])) for one in self._before
            ]
        self._has_sequences = True

    def source(self) -> Source:
        self._add_feature_axis()
        before, behind = folded(self._before), folded(self._behind)
        stages: list[Affine | Padding] = [*before, *behind]
        if self._padding is None:
            stages = [*folded([*before, *behind])]
        elif self._keeps_padding and stages:
            stages = [*folded([*before, *behind]), Padding(self._padding)]
        elif before:
            stages = [*before, Padding(self._padding), *behind]
        if self._padding is not None:
            _warn_of_data_like_padding(before, self._padding)
        lengths = {len(one.center) for one in before if one.center.ndim == 2}
        timesteps = max(lengths, default=None)
        return Source(stages, self._padding, self._keeps_padding, timesteps, self._names)


def _warn_of_data_like_padding(before: Sequence[Affine | Padding], padding: float) -> None:
    """Warn if the padding could be data: in the units of the first scaler, it is a usual value."""
    one = before[0] if before else None
    if isinstance(one, Affine) and (abs((padding - one.center) / one.scale) <= _USUAL).all():
        warn_user(_DATA_LIKE_PADDING.format(padding))


def _of_all_steps(one: Affine) -> Affine:
    """Return a map without the axis of timesteps if it is equal for all of them."""
    rows = one.center, one.scale
    if all((values == values[:1]).all() for values in rows):
        return one.changed(lambda values: values[0])
    return one


def _names_of_features(names: list[Any], timesteps: int) -> list[str] | None:
    """Return the names of features, if columns are named ``t0_a, t0_b, t1_a, …``."""
    per_step = [str(name).removeprefix("t0_") for name in names[: len(names) // timesteps]]
    return per_step if names == step_names(timesteps, per_step) else None
