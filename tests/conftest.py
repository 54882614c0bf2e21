"""What every test needs: quiet TensorFlow, no skipped checks, a seed."""

import os
from pathlib import Path

# Read by TensorFlow and SciPy when they are first imported, so set before anything else.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import keras
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def keras_seed():
    """Give every test the same random numbers, whichever tests run before it."""
    keras.utils.set_random_seed(0)


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
