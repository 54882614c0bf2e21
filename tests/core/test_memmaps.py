"""Rows in a memory-mapped file: how much of them is in memory, and the windows of them."""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from skl_lstm import SequenceReshaper, SequenceWindower, sliding_windows
from skl_lstm._core import memmaps as disk

TABLE = np.random.default_rng(0).standard_normal((300, 4)).astype("float32")
NUMBERS = TABLE.sum(axis=1)


@pytest.fixture
def small_is_large(monkeypatch):
    """Treat tables of the size of TABLE as too large for memory."""
    monkeypatch.setattr(disk, "_LARGE", TABLE.nbytes // 2)
    monkeypatch.setattr(disk, "_BLOCK", 7 * TABLE[0].nbytes)


def test_a_view_of_a_file_lies_on_disk(in_file, small_is_large):
    mapped = in_file(TABLE)
    frame = pd.DataFrame(mapped, copy=False)
    for view in (mapped, np.asarray(mapped)[:, 1:], sliding_windows(mapped, 3), frame.to_numpy()):
        assert disk.lies_on_disk(view)
    for other in (TABLE, mapped.copy(), mapped + 1, mapped[:100], mapped[[*range(300)]]):
        assert not disk.lies_on_disk(other)


def test_windows_are_as_large_as_the_table_that_they_view(small_is_large):
    assert not disk.is_large(sliding_windows(TABLE[:100], 50))
    assert disk.is_large(sliding_windows(TABLE, 2, stride=2))
    assert disk.is_large(TABLE[::-1])


def test_nothing_small_is_written_to_disk(in_file):
    windows = SequenceWindower(3).fit_transform(in_file(TABLE))
    assert disk._memmap_base(windows) is None


tables = arrays(
    st.sampled_from(["float32", "float64", "int16", "bool"]),
    st.tuples(st.integers(1, 40), st.integers(1, 3)),
)
quick = settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@quick
@given(tables, tables, st.sampled_from(["float32", "float64"]), st.integers(1, 300))
def test_tables_are_joined_and_cast_as_numpy_does_it(table, head, dtype, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "_LARGE", 0)
        patch.setattr(disk, "_BLOCK", block)
        mapped = disk._written([table], table.shape, table.dtype)
        assert_array_equal(mapped, table, strict=True)
        assert_array_equal(np.concatenate([*disk.blocks(mapped)]), table)
        with np.errstate(all="ignore"):
            wanted = table.astype(dtype)
            assert_array_equal(disk.cast_rows(mapped, np.dtype(dtype)), wanted, strict=True)
            head = np.resize(head, (len(head), table.shape[1]))
            stacked = disk.stacked(head, mapped, np.dtype(dtype))
            assert_array_equal(stacked[len(head) :], wanted, strict=True)
            assert_array_equal(stacked[: len(head)], head.astype(dtype), strict=True)
        assert disk.lies_on_disk(stacked)


def test_what_a_map_holds_beside_its_file_is_not_let_go(in_file):
    for mode in ("c", "r+"):
        mapped = in_file(TABLE, mode)
        mapped[:, 0] = 7
        disk.release_pages(mapped)
        assert (mapped[:, 0] == 7).all()
        assert_array_equal(mapped[:, 1:], TABLE[:, 1:])


def held(kind):
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{kind}:\s+(\d+) kB", status)[1]) * 1024


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux_only
def test_what_is_let_go_is_no_longer_in_memory(tmp_path):
    path = tmp_path / "zeros"
    path.write_bytes(bytes(40_000_000))
    mapped = np.memmap(path, np.float32, mode="r")
    mapped.sum()
    before = held("RssFile")
    disk.release_pages(mapped)
    assert before - held("RssFile") > 39e6
    assert mapped.sum() == 0


@linux_only
def test_a_table_on_disk_goes_with_its_last_view(small_is_large, in_file):
    def files():
        return Path("/proc/self/maps").read_text().count("(deleted)")

    before = files()
    windows = SequenceWindower(3).fit_transform(in_file(TABLE))
    assert files() == before + 1
    one = windows[0]
    del windows
    assert files() == before + 1
    del one
    assert files() == before


@linux_only
def test_a_disk_without_room_is_told_and_leaves_a_fit_as_it_was(in_file, monkeypatch):
    import resource

    table = np.tile(TABLE, (250, 1))
    mapped = in_file(table)
    monkeypatch.setattr(disk, "_LARGE", TABLE.nbytes // 2)
    windower = SequenceWindower(3).fit(mapped)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (TABLE.nbytes * 100, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            windower.transform(mapped)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    [note] = caught.value.__notes__
    assert note.startswith("Writing 1 MB of rows to a temporary file in ")
    assert_array_equal(windower.transform(mapped)[2:, 0], table[:-2])


@pytest.mark.parametrize("row", [0, 150, 299])
def test_infinity_is_found_in_any_block(row, in_file, small_is_large):
    table = TABLE.copy()
    table[row, 2] = np.inf
    mapped = in_file(table)
    message = r"^Input X contains infinity or a value too large for dtype\('float32'\)\.$"
    for transformer in (SequenceWindower(3), SequenceReshaper(2)):
        with pytest.raises(ValueError, match=message):
            transformer.fit(mapped)
        with pytest.raises(ValueError, match=message):
            transformer.fit(TABLE).transform(mapped)


def rows_of(kind, table):
    """Return rows as an array, or as a frame of which the index says that they are in order."""
    return table if kind == "array" else pd.DataFrame(table, copy=False)


@pytest.mark.parametrize("kind", ["array", "frame"])
@pytest.mark.parametrize("padding", ["edge", 0.5])
@pytest.mark.parametrize("timesteps", [1, 4])
def test_windows_of_a_file_are_those_of_its_rows(kind, padding, timesteps, in_file, small_is_large):
    mapped = rows_of(kind, in_file(TABLE))
    windower = SequenceWindower(timesteps, sampling_rate=2, padding=padding)
    windows = windower.fit_transform(mapped)
    assert_array_equal(windows, windower.fit_transform(rows_of(kind, TABLE)), strict=True)
    assert disk.lies_on_disk(windows)


def test_rows_of_a_file_find_their_past_among_those_of_fit(in_file, small_is_large):
    whole = pd.DataFrame(TABLE)
    later = pd.DataFrame(in_file(TABLE[100:]), index=whole.index[100:], copy=False)
    windower = SequenceWindower(4).fit(whole[:100])
    windows = windower.transform(later)
    assert_array_equal(windows, windower.transform(whole[100:]), strict=True)
    assert disk.lies_on_disk(windows)
