"""Warnings that point at the user's own line."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

# Their lines stand between the user's call and ours.
_PACKAGES = {"joblib", "skl_lstm", "sklearn"}


def warn_user(message: str) -> None:
    """Warn, and name the line that called the outermost method of ours or of scikit-learn."""
    # From Python 3.12 on `warnings.warn` can do this by itself: skip_file_prefixes.
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_inside(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


def _is_inside(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__", "")
    return name.partition(".")[0] in _PACKAGES
