"""Warnings that point at the line of the user's code."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

# Frames of these packages lie between the user's call and `warn_user`.
_PACKAGES = {"joblib", "skl_lstm", "sklearn"}


def warn_user(message: str) -> None:
    """Warn, with the line of the user's code that called skl_lstm or scikit-learn."""
    # From Python 3.12 on, `warnings.warn` has the parameter skip_file_prefixes for this.
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_in_packages(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


def _is_in_packages(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__", "")
    return name.partition(".")[0] in _PACKAGES
