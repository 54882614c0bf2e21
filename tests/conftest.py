"""Settings for all tests (quiet TensorFlow, no skipped checks, a seed) and shared fixtures."""

import os
import random
import sys
import xml.etree.ElementTree as ET
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

# TensorFlow and SciPy read these at their first import, so they must be set before it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings

# For `make mutate`. The examples are the same in every run, so the same mutants survive. There is
# no shrinking, because one failing example is enough to detect a mutant.
settings.register_profile(
    "mutation",
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.hookimpl(trylast=True)  # after hypothesis has marked its tests
def pytest_collection_modifyitems(config, items):
    """For `make mutate`, run the quick tests before those of hypothesis, to save time."""
    if config.getoption("hypothesis_profile") == "mutation":
        items.sort(key=lambda item: ("hypothesis" in item.keywords, item.path))


@pytest.fixture(autouse=True)
def same_random_numbers():
    """Seed every test, so that its random numbers do not depend on the tests before it.

    Keras is seeded only if it is loaded already, because most tests do not need it.
    """
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)
    else:
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002


@pytest.fixture(autouse=True)
def new_workers():
    """Stop the worker processes of joblib after every test.

    joblib replaces a worker whose memory has grown by 300 MB, and warns. If the first task of a
    worker does not load TensorFlow and a later one does, its memory grows that much.
    """
    yield
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    if loky is not None and loky._executor is not None:
        loky._executor.shutdown(wait=True, kill_workers=True)


@pytest.fixture(scope="session")
def series():
    """A noisy sine and a noisy cosine of the same period, as a (240, 2) array."""
    time = np.arange(240)
    noise = np.random.default_rng(0).normal(scale=0.05, size=(240, 2))
    return np.column_stack([np.sin(time / 6), np.cos(time / 6)]) + noise


@pytest.fixture
def in_file(tmp_path):
    """Return a function that saves an array and returns a memory map of the file."""

    def save_and_map(array, mode="r"):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
        np.save(path, array)
        return np.load(path, mmap_mode=mode)

    return save_and_map


@pytest.fixture(scope="session")
def shared_data():
    """The folder with real data. It may exist next to the repository."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    return folder


@pytest.fixture(scope="session")
def benchmarks(pytestconfig):
    """A function that imports a module of the benchmarks by name."""
    # `python -m pytest` finds the benchmarks without this, but `pytest` does not.
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(pytestconfig.rootpath)
        yield lambda name: import_module(f"benchmarks.{name}")


@pytest.fixture(scope="session")
def read_task(benchmarks):
    """A function that reads a data set with a published split, or skips if it is not installed."""
    data = benchmarks("_data")

    def read(name):
        try:
            return data.read_nyse() if name == "NYSE" else data.read_archive(name)
        except FileNotFoundError as error:
            pytest.skip(str(error))

    return read


@pytest.fixture(scope="session")
def japanese_vowels(read_task):
    """Utterances of nine speakers, as lists of sequences, with the speakers as targets."""
    return read_task("JapaneseVowels")


@pytest.fixture(scope="session")
def finch_songs():
    """135 recordings of a Bengalese finch, in their order: (sequences, labels), one note per step.

    The features are the logarithms of the length of the note and of the pause before it. The data
    are those of Koumura and Okanoya, PLoS ONE 11(7), e0159188, 2016, in crowsetta's wheel.
    crowsetta itself is not imported.
    """
    package = find_spec("crowsetta")
    if package is None:
        pytest.skip("no finch songs: crowsetta, whose wheel contains them, is not installed")
    path = Path(package.submodule_search_locations[0], "examples", "Annotation.xml")
    if not path.is_file():
        pytest.skip(f"no finch songs at {path}")
    return _read_songs(path)


def _read_songs(path):
    recordings = {}  # by the number of the file: start, length and label of every note, in samples
    for song in ET.parse(path).iter("Sequence"):
        number = int(song.findtext("WaveFileName").strip().removesuffix(".wav"))
        start = int(song.findtext("Position"))
        for note in song.iter("Note"):
            position, length = int(note.findtext("Position")), int(note.findtext("Length"))
            row = (start + position, length, "abcdefghi"[int(note.findtext("Label"))])
            recordings.setdefault(number, []).append(row)
    sequences, labels = [], []
    for number in sorted(recordings):
        starts, lengths, types = map(np.array, zip(*sorted(recordings[number]), strict=True))
        pauses = starts - np.append(0, (starts + lengths)[:-1])
        sequences.append(np.log2(np.column_stack([lengths, pauses])))
        labels.append(types)
    return sequences, labels
