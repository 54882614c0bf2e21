"""Private names of other packages: each still exists, and only `_compat` uses them."""

import ast
import functools
import importlib
from pathlib import Path

import keras
import numba
import pytest
from scikeras.wrappers import BaseWrapper, KerasRegressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression

import skl_lstm
from skl_lstm import lstm_network
from skl_lstm._compat import keras as keras_names
from skl_lstm._compat import numba as numba_names
from skl_lstm._compat import scikeras as scikeras_names
from skl_lstm._compat import sklearn as sklearn_names

PACKAGE = Path(skl_lstm.__file__).parent
MODULES = keras_names, numba_names, scikeras_names, sklearn_names
NAMES = {name: use for module in MODULES for name, use in module.PRIVATE_NAMES.items()}


def wrapper():
    """A scikeras wrapper after it has read data, built its model and created its callbacks."""
    return KerasRegressor(model, random_state=0).initialize([[[1.0], [2.0]]], [1.0])


def model():
    built = lstm_network({"X_shape_": (1, 2, 1), "n_outputs_": 1}, units=1)
    built.compile("adam", "mse")
    return built


def optimizer():
    made = keras.optimizers.Adam()
    made.exclude_from_weight_decay(var_names=["bias"])
    return made


def estimator():
    from sklearn.callback import ProgressBar

    made = skl_lstm.LSTMRegressor()
    made.set_callbacks(ProgressBar())
    return made


def transformed():
    made = TransformedTargetRegressor(LinearRegression())
    return made.fit([[1.0], [2.0]], [1.0, 2.0])


def compiled():
    return numba.njit(model)


def cache():
    return numba_names.FunctionCache(model)


# The owners of attributes that exist only on instances, not on the class.
INSTANCES = {
    "keras.Model": model,
    "keras.losses.Huber": lambda: keras.losses.Huber(delta=2.0),
    "keras.optimizers.Optimizer": optimizer,
    "numba.core.caching.FunctionCache": cache,
    "numba.core.dispatcher.Dispatcher": compiled,
    "scikeras.wrappers.BaseWrapper": wrapper,
    "sklearn.callback.CallbackSupportMixin": estimator,
    "sklearn.compose.TransformedTargetRegressor": transformed,
}


def look_up(name):
    owner, _, attribute = name.rpartition(".")
    if owner in INSTANCES:
        return getattr(INSTANCES[owner](), attribute)
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        return functools.reduce(getattr, parts[cut:], module)
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_private_name_still_exists(name):
    if name.startswith("sklearn.callback."):
        pytest.importorskip("sklearn.callback", reason="requires scikit-learn 1.9")
    try:
        look_up(name)
    except (AttributeError, ModuleNotFoundError) as error:
        pytest.fail(f"{name} no longer exists ({error}). It is used for: {NAMES[name]}")


def test_a_missing_name_is_detected():
    with pytest.raises(AttributeError):
        look_up("sklearn.base._no_such_name")
    with pytest.raises(AttributeError):
        look_up("keras.Model._no_such_name")


def private_imports(path):
    """Imports of private names of scikit-learn, Keras, scikeras and numba."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            first, *others = name.split(".")
            if first in {"sklearn", "keras", "scikeras", "numba"}:
                # Keras' private code is in keras.src, and numba's in numba.core.
                yield from (name for part in others if part[0] == "_" or part in {"src", "core"})


def test_private_names_are_imported_in_one_place():
    found = {
        str(path.relative_to(PACKAGE)): names
        for path in PACKAGE.rglob("*.py")
        if (names := list(private_imports(path)))
    }
    assert {Path(path).parts[0] for path in found} == {"_compat"}


def private_attributes(path):
    """Attributes that begin with one underscore, of anything but self, cls and super()."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr[0] == "_" and node.attr[1] != "_":
            yield node.attr


@pytest.mark.parametrize("name", [name.rpartition(".")[2] for name in NAMES if "._" in name])
def test_private_attributes_are_used_in_one_place(name):
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if name in private_attributes(path)
    }
    assert users <= {"_compat"}


def test_the_builder_is_a_wrapper_of_scikeras():
    assert issubclass(scikeras_names.Builder, BaseWrapper)
