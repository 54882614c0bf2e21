"""Functions are compiled in every situation, and read from the cache only if it is up to date."""

import ast
import errno
import importlib.util
import os
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numba
import pytest
from numba.core import caching

import skl_lstm
from skl_lstm.training.native import compiling
from skl_lstm.training.native.compiling import compiled, compiled_sum

# A small package with the real `compiled`, because a test may not change the files of the real one.

PACKAGE = Path(skl_lstm.__file__).parent
HELPER = """
from .compiling import compiled

@compiled
def helper(x):
    return x + 1
"""
TOY = """
from .compiling import compiled
from .helper import helper

@compiled
def toy(x):
    return helper(x) * 10
"""
CALL = """
from skl_lstm.training.native.toy import toy
print(toy(1.0), sum(toy.stats.cache_hits.values()), toy.stats.cache_path is not None)
"""


@pytest.fixture
def package(tmp_path):
    """The folder of the functions `toy` and `helper`."""
    native = tmp_path / "skl_lstm" / "training" / "native"
    native.mkdir(parents=True)
    (tmp_path / "skl_lstm" / "_compat").mkdir()
    for file in ("_compat/numba.py", "training/native/compiling.py"):
        shutil.copy(PACKAGE / file, tmp_path / "skl_lstm" / file)
    (native / "helper.py").write_text(HELPER)
    (native / "toy.py").write_text(TOY)
    return native


def run(package, code=CALL, **environment):
    """Return the value, the number of cache hits, and whether there is a cache."""
    root = package.parents[2]
    # The coverage of a copy does not count.
    dropped = ("NUMBA_", "COV_", "COVERAGE_")
    env = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    env |= {"HOME": str(root / "home"), "XDG_CACHE_HOME": str(root / "home"), **environment}
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
    assert result.stderr == ""
    assert result.returncode == 0
    value, hits, cached = result.stdout.split()
    return float(value), int(hits), cached == "True"


def entries(folder, suffix="nbc"):
    return sorted(folder.rglob(f"toy.toy*.{suffix}"))


def test_a_changed_helper_in_another_file_is_compiled_again(package):
    assert run(package) == (20, 0, True)
    assert run(package) == (20, 1, True)
    (package / "helper.py").write_text(HELPER.replace("x + 1", "x + 2"))
    assert run(package) == (30, 0, True)
    assert len(entries(package / "__pycache__")) == 1  # the old entry was overwritten


# Tests may run as root, who may write everywhere. But nobody can create a folder below a file.


def test_a_read_only_package_is_cached_in_the_folder_of_the_user(package):
    (package / "__pycache__").touch()
    assert run(package) == (20, 0, True)
    assert len(entries(package.parents[2] / "home")) == 1


def test_without_any_writable_folder_functions_are_compiled(package):
    (package / "__pycache__").touch()
    (package.parents[2] / "home").touch()
    environment = {"NUMBA_CACHE_DIR": str(package / "__pycache__" / "folder")}
    assert run(package, **environment) == (20, 0, False)


def test_a_cache_folder_that_cannot_be_created_is_not_used(package):
    assert run(package, NUMBA_CACHE_DIR=str(package / "toy.py" / "folder")) == (20, 0, True)
    assert len(entries(package / "__pycache__")) == 1


FORK = """
import os
from skl_lstm.training.native.toy import toy
toy(1.0)
child = os.fork()
if child:
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    toy(1)
else:
    assert toy(1.0) == toy(1) == 20  # the second signature is compiled in the child
    os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="requires fork")
def test_a_forked_child_runs_and_compiles_functions(package):
    assert run(package, FORK + CALL) == (20, 1, True)  # the parent reads the entry of its child


# In this process, to save time. A module that is loaded again has new functions without compiled
# code, as in a new process.

LONE = """
from skl_lstm.training.native.compiling import compiled

@compiled
def toy(x):
    return x * 10 + 10
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Return a function that loads the function `toy` again, and calls it."""
    (tmp_path / "toy.py").write_text(LONE)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))

    def load_and_call(value=1.0):
        spec = importlib.util.spec_from_file_location("toy", tmp_path / "toy.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "toy", module)
        spec.loader.exec_module(module)
        return module.toy(value), sum(module.toy.stats.cache_hits.values())

    return load_and_call


def test_functions_are_read_from_the_cache(load, tmp_path):
    assert load() == (20, 0)
    assert load() == (20, 1)
    assert len(entries(tmp_path / "cache")) == 1


def test_entries_of_another_version_are_overwritten(load, tmp_path, monkeypatch):
    load()
    monkeypatch.setattr(compiling, "_VERSION", "other")
    assert load() == (20, 0)
    assert load() == (20, 1)
    assert len(entries(tmp_path / "cache")) == 1


def test_every_file_of_the_folder_is_in_the_version(tmp_path):
    versions = [compiling._fingerprint(tmp_path)]
    for name, text in [("a.py", "1"), ("a.py", "2"), ("b.py", ""), ("c.txt", "")]:
        (tmp_path / name).write_text(text)
        versions.append(compiling._fingerprint(tmp_path))
    (tmp_path / "b.py").rename(tmp_path / "d.py")
    versions.append(compiling._fingerprint(tmp_path))
    assert versions[3] == versions[4]
    assert len(set(versions)) == 5


def test_a_version_without_a_folder_is_not_an_error(tmp_path):
    (tmp_path / "archive.zip").touch()
    assert compiling._fingerprint(tmp_path / "archive.zip" / "folder")


def fail(monkeypatch, suffix, mode, error):
    """Let numba's cache fail when it opens the files with this suffix in this mode."""

    def failing_open(path, how="r", *args, **kwargs):
        if suffix in str(path) and how == mode:
            raise OSError(error, "simulated", path)
        return Path(path).open(how, *args, **kwargs)

    monkeypatch.setattr(caching, "open", failing_open, raising=False)


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_full_disk_is_not_an_error(load, monkeypatch, suffix):
    with monkeypatch.context() as patch:
        fail(patch, suffix, "wb", errno.ENOSPC)
        assert load() == load() == (20, 0)
    assert load() == (20, 0)
    assert load() == (20, 1)


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_files_that_cannot_be_read_are_not_an_error(load, monkeypatch, suffix):
    load()
    fail(monkeypatch, suffix, "rb", errno.EACCES)
    assert load() == (20, 0)


def test_a_folder_that_vanishes_is_not_an_error(load, tmp_path):
    load()
    toy = sys.modules["toy"].toy
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").touch()
    assert toy(1) == 20


def damage(path, how):
    content = bytearray(path.read_bytes())
    if how == "changed":
        content[len(content) // 2] ^= 0xFF
    path.write_bytes({"empty": b"", "cut": content[:-50], "changed": content}[how])


@pytest.mark.parametrize("how", ["empty", "cut", "changed"])
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_damaged_files_are_replaced(load, tmp_path, suffix, how):
    load()
    (path,) = entries(tmp_path / "cache", suffix)
    damage(path, how)
    assert load() == (20, 0)
    assert load() == (20, 1)


def test_an_index_of_another_version_of_numba_is_replaced(load, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(numba, "__version__", "0.0")
        assert load() == (20, 0)
    assert load() == (20, 0)
    assert load() == (20, 1)


def test_the_entry_of_another_signature_is_not_used(load, tmp_path):
    # Two processes that write at the same time may exchange their entries.
    load(1.0)
    load(1)
    first, second = entries(tmp_path / "cache")
    first.write_bytes(second.read_bytes())
    assert load(1.0) == (20, 0)
    assert load(1.0) == load(1) == (20, 1)


@pytest.mark.parametrize("decorator", [compiled, compiled_sum])
def test_functions_without_a_file_are_compiled(decorator):
    namespace = {}
    exec("def double(x):\n    return 2 * x", namespace)
    assert decorator(namespace["double"])(3) == 6


def _divide(x, y):
    return x / y


def test_division_by_zero_gives_infinity():
    assert compiled(_divide)(1.0, 0.0) == float("inf")


def test_functions_run_without_compilation(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    assert compiled(_divide) is compiled_sum(_divide) is _divide


def test_no_compiled_function_assigns_an_array_to_a_slice():
    """Such an assignment also compiles the message for wrong shapes, which takes seconds."""
    folder = Path(compiling.__file__).parent
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("*.py")]
    functions = [
        node
        for node in chain.from_iterable(map(ast.walk, trees))
        if isinstance(node, ast.FunctionDef)
        and {"compiled", "compiled_sum"} & {getattr(d, "id", "") for d in node.decorator_list}
    ]
    assert len(functions) > 30
    for node in chain.from_iterable(map(ast.walk, functions)):
        if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant):
            targets = chain.from_iterable(map(ast.walk, node.targets))
            assert not any(isinstance(target, ast.Slice) for target in targets), ast.unparse(node)
