"""Constraints on parameters, for scikit-learn's parameter validation."""

from datetime import timedelta
from numbers import Integral, Real
from typing import Any

import numpy as np

from .._compat.sklearn import Interval


class Number(Interval):
    """Parameter constraint: a number of an interval, and neither a boolean nor a timedelta.

    scikit-learn's own ``Interval`` takes True for 1, and a timedelta of NumPy for an integer.
    """

    def is_satisfied_by(self, val: object) -> bool:
        return not isinstance(val, bool | np.timedelta64) and super().is_satisfied_by(val)


class AtLeast(Number):
    """Parameter constraint: an integer from `low` up."""

    def __init__(self, low: int) -> None:
        super().__init__(Integral, low, None, closed="left")


class LengthOfTime(Interval):
    """Parameter constraint: a timedelta longer than none."""

    def __init__(self) -> None:
        # scikit-learn takes no constraints but its own, and what derives from them.
        super().__init__(Real, None, None, closed="neither")

    def is_satisfied_by(self, val: Any) -> bool:
        if isinstance(val, np.timedelta64):
            # As a number: months and nanoseconds do not compare, and NaT is the least of all.
            return bool(val.view(np.int64) > 0)
        return isinstance(val, timedelta) and val > timedelta(0)

    def __str__(self) -> str:
        return "a timedelta longer than 0"
