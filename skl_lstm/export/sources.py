"""`read_source`: what the steps before a network do to its input, as arithmetic on sequences.

This module does not need the package onnx.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .._core.shapes import step_names
from .._core.user_warnings import warn_user
from ..estimators.scaling import MASK_VALUE
from ..transformers.arrays import columns_to_sequences
from ..transformers.padder import SequencePadder
from ..transformers.per_timestep import PerTimestep
from ..transformers.reshaper import SequenceReshaper
from ..transformers.windower import SequenceWindower
from .affine import Affine, affine_maps, folded
from .overrides import overridden
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
    """Steps that have the marker in every feature of the raw input get this value here."""

    marker: float
    value: float


class Source(NamedTuple):
    """What happens to sequences of raw values before they reach the network."""

    stages: list[Affine | Padding]
    padding: float | None  # the value of padding in the raw input, if a transformer pads
    is_padded: bool  # whether the padding is that of a padder, which also marks it for the network
    timesteps: int | None  # the only number of timesteps that is possible, or None
    feature_names: list[str] | None
    sampling_rate: int | None  # distance in rows between the steps of a window, of a windower


def read_source(steps: Sequence[Step]) -> Source:
    """Read the fitted steps before a network."""
    reader = _Reader()
    for step in steps:
        if step.transformer is not None and step.transformer != "passthrough":
            check_is_fitted(step.transformer)
            reader.read(step)
    return reader.source()


def pad_lists(source: Source, mask_value: float) -> Source:
    """Return a source in which the estimator pads the sequences, after all steps.

    In the raw input, `MASK_VALUE` marks the padding. `mask_value` cannot, because scalers change
    steps of an array that have this value, like data.
    """
    if source.padding is not None or not source.stages:
        return source
    stages = [*source.stages, Padding(MASK_VALUE, mask_value)]
    return source._replace(stages=stages, padding=MASK_VALUE)


class _Reader:
    """Collects the maps of the steps. The maps of a table get the axes of sequences later."""

    def __init__(self) -> None:
        self._before: list[Affine] = []
        self._behind: list[Affine] = []  # behind the padding of a windower
        self._has_sequences = False
        self._padding: float | None = None
        self._keeps_padding = False  # whether later steps leave the padding as it is
        self._names: Any = None
        self._sampling_rate: int | None = None

    def read(self, step: Step) -> None:
        transformer = step.transformer
        if (found := overridden(transformer, "skl_lstm", "transform")) is not None:
            raise step.refusal(f"it overrides transform of {found[1]}")
        if isinstance(transformer, SequenceReshaper):
            self._read_reshaper(transformer)
            return
        if self._names is None:  # the names of the first step that has any are those of the input
            self._names = getattr(transformer, "feature_names_in_", None)
        if isinstance(transformer, SequenceWindower):
            self._read_windower(transformer)
        elif isinstance(transformer, SequencePadder):
            self._read_padder(transformer)
        elif isinstance(transformer, PerTimestep):
            self._add_feature_axis()
            self._add(transformer.transformer_, step)
        else:
            self._add(transformer, step)

    def _read_reshaper(self, reshaper: SequenceReshaper) -> None:
        plan = reshaper._fitted_plan()

        def to_sequences(row: NDArray) -> NDArray:
            return columns_to_sequences(np.broadcast_to(row, (1, plan.columns)), plan)[0]

        self._has_sequences = True
        self._before = [_of_all_steps(one.changed(to_sequences)) for one in self._before]
        # A scaler before it may know names that the reshaper has not seen.
        known = None if hasattr(reshaper, "feature_names_in_") else self._names
        columns = list(reshaper.get_feature_names_out(known))
        self._names = _names_of_features(columns, plan.timesteps)

    def _read_windower(self, windower: SequenceWindower) -> None:
        self._has_sequences = True
        _, self._sampling_rate, padding = windower._window
        if padding != "edge" and not np.isnan(padding):  # networks refuse NaN
            self._padding = float(padding)

    def _read_padder(self, padder: SequencePadder) -> None:
        self._add_feature_axis()
        mask_value = padder._fitted_mask_value()
        if mask_value is not None:
            self._padding, self._keeps_padding = mask_value, True

    def _add(self, scaler: Any, step: Step) -> None:
        maps = affine_maps(scaler)
        if maps is None:
            is_inside = scaler is not step.transformer
            inside = f"it applies {type(scaler).__name__}, but " if is_inside else ""
            raise step.refusal(inside + _NOT_AFFINE)
        (self._before if self._padding is None else self._behind).extend(maps)

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
        stages: list[Affine | Padding] = [*folded([*before, *behind])]
        if self._padding is not None:
            if self._keeps_padding and stages:
                stages = [*stages, Padding(self._padding, self._padding)]
            elif before:
                stages = [*before, Padding(self._padding, self._padding), *behind]
            _warn_of_data_like_padding(before, self._padding)
        lengths = {len(one.center) for one in before if one.center.ndim == 2}
        timesteps = max(lengths, default=None)
        names = None if self._names is None else [str(name) for name in self._names]
        padding, is_padded = self._padding, self._keeps_padding
        return Source(stages, padding, is_padded, timesteps, names, self._sampling_rate)


def _warn_of_data_like_padding(before: Sequence[Affine], padding: float) -> None:
    """Warn if the padding could be data: in the units of the first scaler, it is a usual value."""
    one = before[0] if before else None
    if one is not None and (abs((padding - one.center) / one.scale) <= _USUAL).all():
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
