"""Parameter constraints for scikit-learn's parameter validation."""

import sys
from datetime import timedelta
from numbers import Integral, Real
from operator import attrgetter
from typing import Any

import numpy as np

from .._compat.sklearn import Interval


class Number(Interval):
    """Parameter constraint: a number in an interval, but not a boolean or a timedelta.

    scikit-learn's ``Interval`` accepts True as 1, and NumPy's timedelta as an integer.
    """

    def is_satisfied_by(self, val: object) -> bool:
        return not isinstance(val, bool | np.timedelta64) and super().is_satisfied_by(val)


class AtLeast(Number):
    """Parameter constraint: an integer of `low` or more."""

    def __init__(self, low: int) -> None:
        super().__init__(Integral, low, None, closed="left")


class LengthOfTime(Interval):
    """Parameter constraint: a timedelta longer than 0."""

    def __init__(self) -> None:
        # scikit-learn only accepts its own constraints and their subclasses.
        super().__init__(Real, None, None, closed="neither")

    def is_satisfied_by(self, val: Any) -> bool:
        if isinstance(val, np.timedelta64):
            # As an integer: months cannot be compared with nanoseconds, and NaT is negative.
            return bool(val.view(np.int64) > 0)
        return isinstance(val, timedelta) and val > timedelta(0)

    def __str__(self) -> str:
        return "a timedelta longer than 0"


class InstanceOfKeras(Interval):
    """Parameter constraint: an instance of a class of Keras, without loading Keras.

    Without Keras in memory there are no such instances. `name` is the public name of the class.
    """

    def __init__(self, name: str) -> None:
        # scikit-learn only accepts its own constraints and their subclasses.
        super().__init__(Real, None, None, closed="neither")
        self._name = name

    def is_satisfied_by(self, val: Any) -> bool:
        keras = sys.modules.get("keras")
        return keras is not None and isinstance(val, attrgetter(self._name)(keras))

    def __str__(self) -> str:
        return f"an instance of 'keras.{self._name}'"
