"""What the configuration of a Keras object names: Keras' own things, and code of others.

Keras makes of a configuration whatever object it names, its own
or, below 3.9, anything that can be imported. So a saved network could run the code of whoever
made the file. Here is decided what it may name, before Keras reads it: what is Keras' own, and
code that was saved beside it by reference, which pickle imports and skops audits.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import FunctionType
from typing import Any

import keras

from .._compat.keras import SOURCE

# Where Keras keeps what networks are made of. Layers that load code or run that of others
# (TFSMLayer, TorchModuleWrapper, JaxLayer) and functions that read files live elsewhere.
_CLASSES = tuple(
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
_FUNCTIONS = tuple(f"{SOURCE}{name}." for name in ("activations", "losses", "metrics", "ops"))
# These make objects of configurations in turn.
_MAKERS = {"deserialize", "get", "serialize"}
_PUBLIC = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers")
_DATA = {
    f"__{name}__" for name in ("keras_tensor", "tensor", "numpy", "bytes", "ellipsis", "slice")
}


def names_of(code: Sequence[Any]) -> dict[str, Any]:
    """Return code under the names by which configurations may mention it."""
    names = {thing.__name__: thing for thing in code}
    return names | {keras.saving.get_registered_name(thing): thing for thing in code}


def check_config(config: Any, code: Sequence[Any] = ()) -> None:
    """Refuse a configuration that names anything but what is Keras' own, and `code`."""
    known = names_of(code).keys()
    for entry in _entries(config):
        for text in _texts(entry):
            found = keras.saving.get_registered_object(text)
            if not (found is None or any(found is thing for thing in code) or _owned(found)):
                raise _foreign(text)
        if isinstance(entry.get("vocabulary"), str):
            raise ValueError("The saved network reads a file, its vocabulary: it is not loaded.")
        if "class_name" in entry and _key(entry) not in known and not _is_own(entry):
            raise _foreign(_name(entry))


def foreign_code(config: Any, things: Iterable[Any]) -> list[Any]:
    """Return what a configuration names and Keras does not own, of `things` or registered."""
    known = names_of([o for o in things if not str(o.__module__).startswith("keras.")])
    named = (entry for entry in _entries(config) if "class_name" in entry and not _is_own(entry))
    keys = dict.fromkeys(_key(entry) for entry in named)
    found = [known.get(key) or keras.saving.get_registered_object(key) for key in keys]
    return [thing for thing in found if thing is not None]


def _foreign(name: str) -> ValueError:
    return ValueError(
        f"The network names {name}, which is not Keras' own: code cannot be saved with a network, "
        "and what a file brings is not run. Of your own code, functions and classes at the top "
        "level of a module are saved, by name."
    )


def _entries(config: Any, inside: bool = False) -> Iterator[dict[str, Any]]:
    """Walk through what describes objects, and all dictionaries inside."""
    if isinstance(config, dict):
        inside = inside or "class_name" in config
        if inside:
            yield config
        for value in config.values():
            yield from _entries(value, inside)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _entries(value, inside)


def _texts(value: Any) -> Iterator[str]:
    """Walk through the texts of one dictionary, not through those further in."""
    values = value.values() if isinstance(value, dict) else value
    for inner in values:
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, list | tuple):
            yield from _texts(inner)


def _key(entry: dict[str, Any]) -> str:
    """Return the name by which Keras looks for code that is not its own."""
    if entry["class_name"] == "function":
        return str(entry.get("config"))
    return str(entry.get("registered_name", entry["class_name"]))


def _name(entry: dict[str, Any]) -> str:
    kind = entry["class_name"]
    if kind == "__lambda__":
        return "a lambda"
    return f"{entry.get('module')}.{entry.get('config') if kind == 'function' else kind}"


def _is_own(entry: dict[str, Any]) -> bool:
    """Whether an entry is data, or what Keras would make of it is its own and harmless."""
    kind, module = entry["class_name"], entry.get("module")
    if isinstance(kind, str) and kind in _DATA:
        return True
    if not isinstance(kind, str) or not isinstance(module, str):
        return False
    if kind != "function":
        found = _find(module, kind)
        return isinstance(found, type) and _owned(found)
    name = entry.get("config")
    places = [f"keras.{place}" for place in _PUBLIC] if module == "builtins" else [module]
    hits = [_find(place, name) for place in places if isinstance(name, str)]
    hits = [hit for hit in hits if hit is not None]
    return bool(hits) and all(isinstance(hit, FunctionType) and _owned(hit) for hit in hits)


def _owned(thing: Any) -> bool:
    """Whether a class or a function is one of those that Keras makes networks of."""
    if isinstance(thing, type):
        return thing.__module__.startswith(_CLASSES)
    return thing.__module__.startswith(_FUNCTIONS) and thing.__name__ not in _MAKERS


def _find(module: str, name: str) -> Any:
    """Find what Keras has under a name; nothing is imported for it."""
    if module.split(".")[0] != "keras":
        return None
    if module in sys.modules:
        return vars(sys.modules[module]).get(name)
    try:
        return functools.reduce(getattr, [*module.split(".")[1:], name], keras)
    except AttributeError:
        return None
