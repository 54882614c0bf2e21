"""`ReadsOlderFiles`: a saved object of an older version lacks the parameters added since."""

from inspect import signature
from typing import Any


class ReadsOlderFiles:
    """Mixin of the classes that saved files contain: a parameter that a file lacks has its default.

    So the default of a new parameter must do what earlier versions did. The mixin must come before
    the base class of scikit-learn.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        restore = getattr(super(), "__setstate__", vars(self).update)
        restore({**defaults_of(type(self)), **state})


def defaults_of(kind: type) -> dict[str, Any]:
    """Return the defaults of the parameters of a class that have one."""
    parameters = signature(kind).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}
