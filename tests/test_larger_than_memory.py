"""Training from a memory-mapped file: the same results as from memory, and no copy of the file."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras.callbacks import LambdaCallback
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    SequenceRegressor,
    SequenceWindower,
    sliding_windows,
)
from skl_lstm._core import memmaps as disk
from skl_lstm.training import rows as parts

TABLE = np.random.default_rng(0).standard_normal((300, 4)).astype("float32")
SUMS = TABLE.sum(axis=1)


@pytest.fixture
def small_is_large(monkeypatch):
    """Return a function after which tables of the size of TABLE are too large for memory."""

    def lower_the_limits():
        monkeypatch.setattr(disk, "_LARGE", TABLE.nbytes // 2)
        monkeypatch.setattr(disk, "_BLOCK", 7 * TABLE[0].nbytes)
        monkeypatch.setattr(parts, "_MAX_ROWS_OF_A_PART", 50)
        monkeypatch.setattr(parts, "_ROWS_BETWEEN_RELEASES", 9)

    return lower_the_limits


@pytest.mark.parametrize("row", [0, 150, 299])
def test_an_estimator_finds_infinity_in_any_block(row, in_file, small_is_large):
    small_is_large()
    table = TABLE.copy()
    table[row, 2] = np.inf
    message = r"^Input X contains infinity or a value too large for dtype\('float32'\)\. 1 of "
    with pytest.raises(ValueError, match=message):
        LSTMRegressor().fit(in_file(table), SUMS)


def test_an_estimator_refuses_a_missing_value_that_the_windower_accepts(in_file, small_is_large):
    small_is_large()
    table = TABLE.copy()
    table[-1, -1] = np.nan
    windows = SequenceWindower(3).fit_transform(in_file(table))
    assert np.isnan(windows[-1, -1, -1])
    regressor = LSTMRegressor(2, epochs=1).fit(windows[:5], SUMS[:5])
    message = r"Input X contains NaN\. .* LSTMRegressor does not accept missing values"
    for call in (regressor.predict, lambda X: regressor.fit(X, SUMS)):
        with pytest.raises(ValueError, match=message):
            call(windows)


def test_rows_outside_all_windows_may_be_missing():
    # With these settings, row 1 is in no window.
    table = TABLE.copy()
    table[1] = np.nan
    windows = sliding_windows(table, 4, stride=3, sampling_rate=2)
    assert np.isfinite(windows).all()
    LSTMRegressor(2, epochs=1).fit(windows, np.zeros(len(windows)))


def network(meta):
    inputs = keras.Input((None, 4))
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(2)(inputs)))


SETTINGS = {"epochs": 2, "batch_size": 16, "random_state": 0}
ESTIMATORS = {
    "regressor": LSTMRegressor(3, dropout=0.2, **SETTINGS),
    "classifier": LSTMClassifier(3, class_weight="balanced", **SETTINGS),
    "validated": LSTMRegressor(3, validation_split=0.3, patience=1, **SETTINGS),
    "large batches": LSTMRegressor(3, epochs=2, batch_size=120, random_state=0),
    "traced": LSTMRegressor(3, dropout=0.2, validation_split=0.3, engine="keras", **SETTINGS),
    "traced, large batches": LSTMRegressor(
        3, epochs=2, batch_size=120, random_state=0, engine="keras"
    ),
    "in order": SequenceRegressor(network, shuffle=False, **SETTINGS),
    "trained by Keras": LSTMRegressor(
        3,
        validation_split=0.3,
        callbacks=[LambdaCallback(on_train_batch_end=lambda batch, logs: None)],
        **SETTINGS,
    ),
    "predicted by Keras": SequenceRegressor(network, predict__callbacks=None, **SETTINGS),
    "eager": SequenceRegressor(network, run_eagerly=True, epochs=1, batch_size=60, random_state=0),
}


def fit_and_predict(estimator, X):
    y = SUMS > 0 if isinstance(estimator, LSTMClassifier) else SUMS
    pipeline = make_pipeline(SequenceWindower(4), estimator).fit(X, y)
    return estimator.history_, pipeline.predict(X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_rows_of_a_file_train_as_rows_in_memory(name, dtype, in_file, small_is_large):
    table = TABLE.astype(dtype)
    history, predicted = fit_and_predict(ESTIMATORS[name], table)
    small_is_large()
    # Large arrays in memory are trained from like files.
    for rows in (in_file(table), table):
        history_now, predicted_now = fit_and_predict(ESTIMATORS[name], rows)
        assert history_now == history
        assert_array_equal(predicted_now, predicted, strict=True)


def test_sequences_of_a_file_train_as_sequences_in_memory(in_file, small_is_large):
    X = TABLE.astype("float64").reshape(100, 3, 4)
    regressor = LSTMRegressor(3, **SETTINGS).fit(X, SUMS[:100])
    history, predicted = regressor.history_, regressor.predict(X)
    small_is_large()
    mapped = in_file(X)
    assert regressor.fit(mapped, SUMS[:100]).history_ == history
    assert_array_equal(regressor.predict(mapped), predicted)


WITH_LITTLE_MEMORY = """
import re
import resource
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower


def held(kind):
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{kind}:\\s+(\\d+) kB", status)[1]) * 1024


def train_and_predict(rows):
    pipeline = make_pipeline(
        SequenceWindower(2), LSTMRegressor(1, epochs=1, batch_size=100, random_state=0)
    )
    predicted = pipeline.fit(rows, np.zeros(len(rows))).predict(rows)
    assert predicted.shape == (len(rows),)


rows, features = 5_000, 20_000
path, kind = sys.argv[1:]
with open(path, "wb") as file:
    file.truncate(4 * rows * features)
mapped = np.memmap(path, np.float32, mode="r", shape=(rows, features))
if kind == "frame":
    mapped = pd.DataFrame(mapped, copy=False)
train_and_predict(mapped[:600])  # TensorFlow allocates its own memory first
before, more = held("VmRSS"), mapped.nbytes if kind == "array" else mapped.to_numpy().nbytes
more = more * 3 // 4
resource.setrlimit(resource.RLIMIT_DATA, (held("VmData") + more, resource.RLIM_INFINITY))
Path("/proc/self/clear_refs").write_text("5")  # resets the peak
train_and_predict(mapped)
assert held("VmHWM") - before < more, (held("VmHWM"), before)
try:
    np.array(mapped)
except MemoryError:
    print("a copy has no room")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["array", "frame"])
def test_a_file_can_be_trained_from_without_memory_for_a_copy(kind, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", WITH_LITTLE_MEMORY, tmp_path / "rows", kind],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "a copy has no room\n"
