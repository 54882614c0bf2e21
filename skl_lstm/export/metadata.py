"""What an ONNX file says about the pipeline in it: metadata and a description."""

from __future__ import annotations

import json
from typing import Any

from .. import __version__
from ..estimators.description import Description
from ..estimators.targets import ClassTarget
from .parts import Parts
from .sources import Source


def metadata_of(
    parts: Parts, source: Source, padding: float | None, target_names: list[str] | None
) -> dict[str, str]:
    """Return the entries of the metadata. All values except names and versions are JSON."""
    description = parts.network._description
    target = description.target
    entries: dict[str, Any] = {
        "feature_names": _feature_names(parts, source),
        "timesteps": None if is_table(description) else description.X_shape[1],
        "sampling_rate": source.sampling_rate,
        "padding": padding,
        "target_names": target_names,
        "quantiles": [*target.quantiles] or None,
        "classes": target.classes.tolist() if isinstance(target, ClassTarget) else None,
    }
    known = {name: json.dumps(value, default=str) for name, value in entries.items() if value}
    if padding is not None:
        known["padding"] = json.dumps(padding)
    return {
        "skl_lstm_version": __version__,
        "estimator": type(parts.network).__name__,
        **known,
    }


def documentation_of(description: Description, padding: float | None) -> str:
    """Return the description of inputs and outputs in the file."""
    features = ", features" if len(description.X_shape) == 3 else ""
    axes = "features" if is_table(description) else f"timesteps{features}"
    order = "" if is_table(description) else ", oldest step first"
    text = (
        f"Input X: float64 of shape (samples, {axes}), the raw values{order}. Every axis is at "
        "least 1. If a sample contains NaN, infinity or a value too large for float32, its "
        "forecasts or probabilities are NaN, and its label has no meaning. "
    )
    if padding is not None:
        text += f"Steps with {padding!r} in every feature are padding. "
    if isinstance(description.target, ClassTarget):
        return text + "Outputs: label and probabilities, in the order of the metadata classes."
    text += "Output forecast: in the units of the target."
    if description.target.quantiles:
        text += " Output quantiles: in the order of the metadata quantiles, increasing."
    return text


def is_table(description: Description) -> bool:
    """Return whether a network of the user reads two axes, which are samples and features."""
    return description.architecture is None and len(description.X_shape) == 2


def _feature_names(parts: Parts, source: Source) -> list[str] | None:
    """Return the names of the features in `X`, or None if they are unknown."""
    n_features = parts.network._description.X_shape[-1]
    own = getattr(parts.network, "feature_names_in_", None)
    for names in (source.feature_names, own):
        if names is not None and len(names) == n_features:
            return [str(name) for name in names]
    return None
