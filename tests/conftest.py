"""What every test needs: quiet TensorFlow, no skipped checks, a seed."""

import os
import random
import sys
from importlib.util import find_spec
from pathlib import Path

# Read by TensorFlow and SciPy when they are first imported, so set before anything else.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings

# For `make mutate`: the same examples every time, so that the same mutants survive. One that
# fails has killed its mutant, so no smaller one is looked for.
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


@pytest.hookimpl(trylast=True)  # hypothesis has marked its tests then
def pytest_collection_modifyitems(config, items):
    """Let most mutants die of a quick test: of the rooms' own, and before hypothesis begins."""
    if config.getoption("hypothesis_profile") == "mutation":
        items.sort(key=lambda item: ("hypothesis" in item.keywords, item.path))


@pytest.fixture(autouse=True)
def same_random_numbers():
    """Give every test the same random numbers, whichever tests run before it.

    Keras is loaded by the tests that need it, and by no other.
    """
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)
    else:
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002


@pytest.fixture(scope="session")
def series():
    """Two noisy sines in step, as a (240, 2) array."""
    time = np.arange(240)
    noise = np.random.default_rng(0).normal(scale=0.05, size=(240, 2))
    return np.column_stack([np.sin(time / 6), np.cos(time / 6)]) + noise


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real data that may lie beside the checkout."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    return folder


@pytest.fixture(scope="session")
def japanese_vowels():
    """Utterances of nine speakers, {"TRAIN": (sequences, speakers), "TEST": …}.

    They lie in sktime's wheel, of which nothing is imported.
    """
    package = find_spec("sktime")
    if package is None:
        pytest.skip("no JapaneseVowels: sktime, whose wheel holds them, is not installed")
    folder = Path(package.submodule_search_locations[0], "datasets", "data", "JapaneseVowels")
    if not folder.is_dir():
        pytest.skip(f"no JapaneseVowels at {folder}")
    return {
        split: _read_utterances(folder / f"JapaneseVowels_{split}.ts")
        for split in ("TRAIN", "TEST")
    }


def _read_utterances(path):
    sequences, speakers = [], []
    for line in path.read_text(encoding="utf-8").split("@data\n", 1)[1].splitlines():
        *coefficients, speaker = line.split(":")
        steps = zip(*(values.split(",") for values in coefficients), strict=True)
        sequences.append(np.array(list(steps), dtype=float))
        speakers.append(speaker)
    return sequences, np.array(speakers)
