"""The built archives (``make dist``): they are complete, contain nothing else, and install."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"

pytestmark = pytest.mark.dist


def built(suffix):
    found = list(DIST.glob(f"*{suffix}"))
    if len(found) != 1:
        pytest.fail(f"dist/ contains {len(found)} files that end in {suffix}; run make dist")
    return found[0]


def package_files():
    done = subprocess.run(
        ["git", "ls-files", "skl_lstm"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


def test_the_wheel_contains_the_package_and_nothing_else():
    names = set(zipfile.ZipFile(built(".whl")).namelist())
    metadata = {name for name in names if ".dist-info/" in name}
    assert names - metadata == package_files()
    assert any(name.endswith("licenses/LICENSE") for name in metadata)


def test_the_archive_contains_the_sources_and_no_user_name():
    with tarfile.open(built(".tar.gz")) as archive:
        members = archive.getmembers()
    names = {member.name.partition("/")[2] for member in members if member.isfile()}
    assert package_files() | {"LICENSE", "README.md", "pyproject.toml", "setup.cfg"} <= names
    assert {member.uname for member in members} == {"root"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A new environment with the wheel and the requirements of the command."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install(folder, f"{built('.whl')}[cli]")
    return folder


def install(environment, *what):
    pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *what], check=True)


def run(environment, *command, cwd):
    # Run in another folder, so that the installed package is imported.
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    quiet.pop("PYTHONPATH", None)
    done = subprocess.run(
        [environment / "bin" / command[0], *command[1:]],
        cwd=cwd,
        env=quiet,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_the_wheel_installs_and_works(environment, tmp_path):
    run(environment, "python", "-m", "pip", "check", cwd=tmp_path)
    least = ("--timesteps", "2", "--units", "2", "--epochs", "1", "--folds", "2", "--no-plot")
    assert "Held-out tail" in run(environment, "skl-lstm", *least, cwd=tmp_path)


def test_the_archive_installs_and_works(environment, tmp_path):
    install(environment, "--force-reinstall", "--no-deps", built(".tar.gz"))
    code = "import skl_lstm; print(skl_lstm.sliding_windows([1, 2, 3], 2).shape, skl_lstm.__file__)"
    printed = run(environment, "python", "-W", "error", "-c", code, cwd=tmp_path)
    assert printed.startswith("(2, 2, 1)")
    assert str(ROOT) not in printed
