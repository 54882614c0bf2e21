"""The built archives (``make dist``): they are complete, contain nothing else, and install.

They are installed with the newest and with the oldest allowed versions of the requirements.
"""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from datetime import date, timedelta
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
    files = {"CHANGELOG.md", "CITATION.cff", "LICENSE", "README.md", "pyproject.toml", "setup.cfg"}
    assert package_files() | files <= names
    assert not {name for name in names if name.startswith("tests/")}
    assert {member.uname for member in members} == {"root"}


@pytest.fixture(scope="module", params=["highest", "lowest-direct"])
def resolution(request):
    """The versions of the requirements, as an option of uv. pip cannot install the lowest ones."""
    return request.param


def installed(folder, archive, resolution, *extras):
    """Return a new environment with an archive, some of its extras and their requirements."""
    uv = [sys.executable, "-m", "uv"]
    into = ["--quiet", "--python", folder / "bin" / "python"]
    # The option applies to direct requirements only, which those of an archive are not. So they are
    # read from the settings.
    needed = ["--requirements", ROOT / "pyproject.toml", *(f"--extra={name}" for name in extras)]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    subprocess.run(
        [*uv, "pip", "install", *into, "--resolution", resolution, *needed, archive], check=True
    )
    subprocess.run([*uv, "pip", "check", *into], check=True)
    return folder


def run(environment, *command, cwd, status=0):
    """Run a program of an environment and return what it prints, errors included."""
    # Run in another folder, so that the installed package is imported.
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    quiet.pop("PYTHONPATH", None)
    done = subprocess.run(
        [environment / "bin" / command[0], *map(str, command[1:])],
        cwd=cwd,
        env=quiet,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


FIT = """
import pickle
import numpy as np
from sklearn.pipeline import make_pipeline
import skl_lstm
from skl_lstm import LSTMRegressor, SequenceWindower

X = np.sin(np.arange(60.0))[:, np.newaxis]
for engine in ENGINES:
    lstm = LSTMRegressor(units=2, epochs=2, random_state=0, engine=engine)
    pipeline = make_pipeline(SequenceWindower(5), lstm).fit(X, X[:, 0])
    restored = pickle.loads(pickle.dumps(pipeline))
    assert np.array_equal(restored.predict(X), pipeline.predict(X))
print(skl_lstm.__file__)
"""

VERSIONS = """
import json
from importlib.metadata import requires, version
from packaging.requirements import Requirement

needed = [Requirement(text) for text in requires("skl-lstm")]
extras = [{"extra": name} for name in EXTRAS]
used = [one for one in needed if not one.marker or any(map(one.marker.evaluate, extras))]
print(json.dumps({one.name: [str(one.specifier), version(one.name)] for one in used}))
"""


def versions_in(environment, extras, cwd):
    """Return the requirements of the package in an environment: their bounds and versions."""
    code = f"EXTRAS = {extras}\n{VERSIONS}"
    return json.loads(run(environment, "python", "-c", code, cwd=cwd))


def assert_lowest(environment, extras, cwd):
    for name, (bound, version) in versions_in(environment, extras, cwd).items():
        # The first version of a series may have no wheel, so it is scipy 1.11.1 for >=1.11.
        assert version.startswith(bound.removeprefix(">=")), name


def test_the_wheel_works_without_its_extras(resolution, tmp_path):
    environment = installed(tmp_path / "venv", built(".whl"), resolution)
    if resolution == "lowest-direct":
        assert_lowest(environment, [""], tmp_path)
    code = f"ENGINES = ['native', 'keras']\n{FIT}"
    assert str(ROOT) not in run(environment, "python", "-c", code, cwd=tmp_path)
    assert run(environment, "skl-lstm", "--help", cwd=tmp_path, status=1) == (
        "skl-lstm: error: the command needs pandas. Install it with: pip install 'skl-lstm[cli]'\n"
    )


def test_the_wheel_works_with_its_extras(resolution, tmp_path):
    environment = installed(tmp_path / "venv", built(".whl"), resolution, "cli", "onnx")
    if resolution == "lowest-direct":
        assert_lowest(environment, ["cli", "onnx"], tmp_path)
    rows = [f"{date(2024, 1, 1) + timedelta(i)},{i % 7}.5" for i in range(90)]
    (tmp_path / "load.csv").write_text("\n".join(["day,load", *rows]), encoding="utf-8")
    least = ("--timesteps", "2", "--units", "2", "--epochs", "1", "--folds", "2", "--no-plot")
    own = ("load.csv", "--target", "load", "--save", "load.skops")
    assert "Held-out tail" in run(environment, "skl-lstm", *least, cwd=tmp_path)
    run(environment, "skl-lstm", "fit", *own, *least, cwd=tmp_path)
    printed = run(environment, "skl-lstm", "forecast", "load.skops", "load.csv", cwd=tmp_path)
    assert [line.partition(",")[0] for line in printed.splitlines()] == ["day", "2024-03-31"]
    run(environment, "skl-lstm", "export", "load.skops", "load.onnx", cwd=tmp_path)
    assert (tmp_path / "load.onnx").stat().st_size > 0


def test_the_source_archive_installs_and_works(resolution, tmp_path):
    environment = installed(tmp_path / "venv", built(".tar.gz"), resolution)
    code = f"ENGINES = ['native']\n{FIT}"
    package = Path(run(environment, "python", "-c", code, cwd=tmp_path).strip()).parent
    files = {
        path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path.relative_to(package.parent).as_posix() for path in files} == package_files()
