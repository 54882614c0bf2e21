"""The windower in an estimator: which rows it needs, and whether its last windows are padded."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core.messages import counted
from .._core.user_warnings import warn_user
from ..transformers.windower import SequenceWindower

_MOST_SERIES = 5  # that a message names


def find_windower(estimator: Any) -> SequenceWindower | None:
    """Return the windower in a fitted estimator that reads labels; of several, the longest."""
    windowers = [part for part in parts_of(estimator) if isinstance(part, SequenceWindower)]
    labelled = [part for part in windowers if getattr(part, "_runs", None) is not None]
    return max(labelled, key=lambda windower: windower._runs.past, default=None)


def find_target_names(estimator: Any) -> list[str] | None:
    """Return the names of the columns of y in fit; None if they are unknown, or differ."""
    known = [
        names for part in parts_of(estimator) if (names := getattr(part, "_target_names", None))
    ]
    return known[0] if known and all(names == known[0] for names in known) else None


def remember_rows(estimator: Any, X: Any) -> None:
    """Let the windower in a fitted estimator keep the last rows of X, as the past of later rows."""
    if not hasattr(X, "iloc") or find_windower(estimator) is None:
        return
    if isinstance(estimator, SequenceWindower):
        estimator._remember(X)
        return
    for name in ("best_estimator_", "regressor_"):
        if (inner := getattr(estimator, name, None)) is not None:
            remember_rows(inner, X)
            return
    for _, step in getattr(estimator, "steps", ()):
        if find_windower(step) is not None:
            remember_rows(step, X)
            return
        X = X if step in (None, "passthrough") else step.transform(X)


def parts_of(estimator: Any) -> Iterator[Any]:
    """Yield an estimator and the fitted estimators in it."""
    yield estimator
    steps = getattr(estimator, "steps", None) or getattr(estimator, "transformer_list", None) or []
    inner = [step for _, step, *_ in steps]
    for name in ("best_estimator_", "regressor_", "estimator_"):
        inner.append(getattr(estimator, name, None))
    several = getattr(estimator, "estimators_", None)
    inner += several if isinstance(several, list) else []
    for part in inner:
        if part is not None:
            yield from parts_of(part)


def rows_of_last_window(estimator: Any) -> float:
    """Return how many rows the last window spans; infinity if other rows may matter, too."""
    if isinstance(estimator, SequenceWindower):
        return estimator._runs.past + 1
    if steps := getattr(estimator, "steps", None):
        return rows_of_last_window(steps[0][1])
    reads_rows = ["best_estimator_", "regressor_"]  # these read X as it is
    if hasattr(estimator, "predict_interval"):
        reads_rows.append("estimator_")
    for name in reads_rows:
        if (inner := getattr(estimator, name, None)) is not None:
            return rows_of_last_window(inner)
    return math.inf


def warn_of_padding(windower: SequenceWindower, index: Any, is_end: NDArray[np.bool_]) -> None:
    """Warn if windows of last rows are padded, with the series and the lengths of their runs."""
    from ..transformers.time_index import place_rows

    assert windower.history_ is not None  # noqa: S101
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # predict has warned already
        places = place_rows(index, windower.history_.index, windower._runs)
    last, past = places.last, windower._runs.past
    last = np.arange(last.start, last.stop) if isinstance(last, slice) else last
    lengths = (last - places.first + 1)[is_end]
    is_short = lengths <= past
    if is_short.any():
        names = None if index.nlevels == 1 else index[is_end].droplevel(-1)[is_short].tolist()
        warn_user(_padded(lengths[is_short].tolist(), len(lengths), past + 1, names))


def _padded(lengths: list[int], n_series: int, span: int, names: list[Any] | None) -> str:
    if names is None:
        which, ends = "The forecast is", f"the table ends with {counted(lengths[0], 'row')}"
    else:
        which = f"The forecasts of {len(lengths)} of {n_series} series are"
        pairs = zip(names[:_MOST_SERIES], lengths, strict=False)
        shown = [f"{name!r} ends with {counted(length, 'row')}" for name, length in pairs]
        ends = ", ".join(shown) + (", …" if len(lengths) > _MOST_SERIES else "")
    return (
        f"{which} made from a padded window: a window spans {span} rows, but {ends} without a hole "
        "in time, with those kept from fit. Pass more rows, or use fewer timesteps."
    )
