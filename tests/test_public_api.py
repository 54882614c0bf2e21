"""The public names of the package, and what importing them loads."""

import subprocess
import sys

import pytest

import skl_lstm


def run_python(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


# Run before other code, this makes the import of these packages fail.
NOT_INSTALLED = """
import sys
class Refuse:
    def find_spec(name, path=None, target=None):
        if name in {"keras", "tensorflow", "scikeras", "pandas", "matplotlib", "rich", "skops"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse)
"""


def test_all_lists_every_name_of_the_namespace():
    assert dir(skl_lstm) == sorted(skl_lstm.__all__)
    for name in set(skl_lstm.__all__) - {"TRUSTED_TYPES"}:
        assert getattr(skl_lstm, name).__name__ == name
    assert all(isinstance(name, str) for name in skl_lstm.TRUSTED_TYPES)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="module 'skl_lstm' has no attribute 'LSTM'"):
        _ = skl_lstm.LSTM


def test_star_import_gives_all():
    names = run_python("from skl_lstm import *; print(*sorted(n for n in dir() if n[0] != '_'))")
    assert names.split() == sorted(skl_lstm.__all__)


@pytest.mark.parametrize(
    "code",
    [
        "import skl_lstm",
        "import skl_lstm.datasets",
        "from skl_lstm import SequenceReshaper; SequenceReshaper().fit_transform([[1, 2]])",
        "from skl_lstm import sliding_windows; sliding_windows([1, 2, 3], 2)",
        "from skl_lstm import LSTMRegressor; LSTMRegressor(1, epochs=1).fit([[[1]]], [1])",
        "from skl_lstm import make_supervised; make_supervised([1, 2, 3], 2)",
        "import pickle; from skl_lstm import SequenceWindower; "
        "windower = SequenceWindower(2).fit([[1], [2]]); X = [[3], [4]]; "
        "back = pickle.loads(pickle.dumps(windower)); "
        "assert back.transform(X).tolist() == windower.transform(X).tolist() == "
        "[[[3], [3]], [[3], [4]]]",
    ],
)
def test_work_on_arrays_needs_neither_keras_nor_pandas(code):
    assert run_python(NOT_INSTALLED + code) == ""


def test_the_network_is_loaded_on_first_use():
    code = (
        "import sys, skl_lstm; before = 'keras' in sys.modules; "
        "skl_lstm.lstm_network; print(before, 'keras' in sys.modules)"
    )
    assert run_python(code) == "False True"


def test_an_estimator_without_keras_loads_the_compiler_at_its_first_fit():
    code = (
        "import sys; from skl_lstm import LSTMRegressor; before = 'numba' in sys.modules; "
        "LSTMRegressor(1, epochs=1).fit([[[1]]], [1]); print(before, 'numba' in sys.modules, "
        "*({'keras', 'tensorflow', 'scikeras'} & sys.modules.keys()))"
    )
    assert run_python(code) == "False True"


def test_importing_sets_no_environment_variable():
    code = (
        "import os; before = dict(os.environ); import skl_lstm; skl_lstm.sliding_windows; "
        "print(dict(os.environ) == before)"
    )
    assert run_python(code) == "True"


def test_the_package_has_type_annotations():
    from importlib.resources import files

    assert files("skl_lstm").joinpath("py.typed").is_file()
