"""Checks of the classes and functions that a Keras configuration names.

Keras creates every object that a configuration names. Before Keras 3.9 this includes anything that
Python can import, so a file with a saved network could run arbitrary code. This module checks a
configuration before Keras reads it. A configuration may name two kinds of code: classes and
functions of Keras, and code that was saved with the network by reference. pickle imports such
references, and skops audits them.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import FunctionType
from typing import Any

import keras

from .._compat.keras import SOURCE

# Only these modules are allowed: the layers that load or run other code (TFSMLayer,
# TorchModuleWrapper, JaxLayer) and the functions that read files are in other modules of Keras.
_CLASS_MODULES = tuple(
    f"{SOURCE}{name}."
    for name in (
        "constraints",
        "dtype_policies",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "models",
        "ops",
        "optimizers",
        "random",
        "regularizers",
    )
)
_FUNCTION_MODULES = tuple(
    f"{SOURCE}{name}." for name in ("activations", "losses", "metrics", "ops")
)
# These functions create objects from a configuration, and would bypass the check.
_FUNCTIONS_THAT_DESERIALIZE = {"deserialize", "get", "serialize"}
_PUBLIC_MODULES = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers")
_DATA_CLASS_NAMES = {
    f"__{name}__" for name in ("keras_tensor", "tensor", "numpy", "bytes", "ellipsis", "slice")
}


def names_of(code: Sequence[Any]) -> dict[str, Any]:
    """Return a dict from names to classes and functions.

    The keys are the names that a configuration can use: ``__name__`` and Keras' registered name.
    """
    names = {thing.__name__: thing for thing in code}
    return names | {keras.saving.get_registered_name(thing): thing for thing in code}


def check_config(config: Any, code: Sequence[Any] = ()) -> None:
    """Raise ValueError if a configuration names code other than Keras' own and `code`."""
    known = names_of(code).keys()
    for entry in _entries(config):
        for text in _strings(entry):
            found = keras.saving.get_registered_object(text)
            if not (found is None or any(found is thing for thing in code) or _is_allowed(found)):
                raise _foreign_code_error(text)
        if isinstance(entry.get("vocabulary"), str):
            raise ValueError(
                "The saved network reads its vocabulary from a file. Such networks are not loaded."
            )
        if "class_name" in entry and _lookup_name(entry) not in known and not _is_keras_own(entry):
            raise _foreign_code_error(_full_name(entry))


def foreign_code(config: Any, things: Iterable[Any]) -> list[Any]:
    """Return the classes and functions that a configuration names and that are not Keras' own.

    The names are looked up in `things` and in the names registered with Keras.
    """
    known = names_of([o for o in things if not str(o.__module__).startswith("keras.")])
    named = (
        entry for entry in _entries(config) if "class_name" in entry and not _is_keras_own(entry)
    )
    keys = dict.fromkeys(_lookup_name(entry) for entry in named)
    found = [known.get(key) or keras.saving.get_registered_object(key) for key in keys]
    return [thing for thing in found if thing is not None]


def _foreign_code_error(name: str) -> ValueError:
    return ValueError(
        f"The network names {name}, which is not Keras' own. Code cannot be saved with a network, "
        "and code in a file is not run. Define your own functions and classes at the top level of "
        "a module: they are saved by name."
    )


def _entries(config: Any, inside: bool = False) -> Iterator[dict[str, Any]]:
    """Yield each dict that describes an object, and all dicts inside it."""
    if isinstance(config, dict):
        inside = inside or "class_name" in config
        if inside:
            yield config
        for value in config.values():
            yield from _entries(value, inside)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _entries(value, inside)


def _strings(value: Any) -> Iterator[str]:
    """Yield the strings of one dict, but not the strings of the dicts inside it."""
    values = value.values() if isinstance(value, dict) else value
    for inner in values:
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, list | tuple):
            yield from _strings(inner)


def _lookup_name(entry: dict[str, Any]) -> str:
    """Return the name that Keras uses to look up code that is not its own."""
    if entry["class_name"] == "function":
        return str(entry.get("config"))
    return str(entry.get("registered_name", entry["class_name"]))


def _full_name(entry: dict[str, Any]) -> str:
    kind = entry["class_name"]
    if kind == "__lambda__":
        return "a lambda"
    return f"{entry.get('module')}.{entry.get('config') if kind == 'function' else kind}"


def _is_keras_own(entry: dict[str, Any]) -> bool:
    """Return whether an entry describes plain data or an allowed object of Keras."""
    kind, module = entry["class_name"], entry.get("module")
    if isinstance(kind, str) and kind in _DATA_CLASS_NAMES:
        return True
    if not isinstance(kind, str) or not isinstance(module, str):
        return False
    if kind != "function":
        found = _find(module, kind)
        return isinstance(found, type) and _is_allowed(found)
    name = entry.get("config")
    places = [f"keras.{place}" for place in _PUBLIC_MODULES] if module == "builtins" else [module]
    hits = [_find(place, name) for place in places if isinstance(name, str)]
    hits = [hit for hit in hits if hit is not None]
    return bool(hits) and all(isinstance(hit, FunctionType) and _is_allowed(hit) for hit in hits)


def _is_allowed(thing: Any) -> bool:
    """Return whether a class or a function is in a module of Keras that is allowed."""
    if isinstance(thing, type):
        return thing.__module__.startswith(_CLASS_MODULES)
    return (
        thing.__module__.startswith(_FUNCTION_MODULES)
        and thing.__name__ not in _FUNCTIONS_THAT_DESERIALIZE
    )


def _find(module: str, name: str) -> Any:
    """Return an attribute of a Keras module, or None. No module is imported."""
    if module.split(".")[0] != "keras":
        return None
    if module in sys.modules:
        return vars(sys.modules[module]).get(name)
    try:
        return functools.reduce(getattr, [*module.split(".")[1:], name], keras)
    except AttributeError:
        return None
