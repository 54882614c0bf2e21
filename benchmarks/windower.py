"""A window for every row, by SequenceWindower and by the alternatives that a user would choose.

There are three data sets: one long series, whose windows are a view; a shorter series, with peers
that copy every window; and a thousand series, in order and shuffled.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skl_lstm import SequenceWindower, sliding_windows

from ._timing import (
    alternate_touched,
    console,
    megabytes,
    peak_memory,
    show_setting,
    show_table,
)

_FEATURES = 10
_LONG_ROWS, _SHORT_ROWS, _LONG_TIMESTEPS = 1_000_000, 50_000, 100
_SERIES, _ROWS_EACH, _TIMESTEPS = 1_000, 1_000, 12
_BUDGET = 1.5
_ROUNDS = 3

Maker = Callable[[pd.DataFrame, int], NDArray]


def main() -> None:
    show_setting("numpy", "pandas", "scikit-learn")
    _show_views(_one_series(_LONG_ROWS))
    _show_one_series(_one_series(_SHORT_ROWS))
    _show_many_series(_many_series())


def _show_views(frame: pd.DataFrame) -> None:
    given = frame.to_numpy().nbytes
    shape = (len(frame), _LONG_TIMESTEPS, _FEATURES)
    makers = {"SequenceWindower": _by_windower, "by hand": _by_padding}
    title = f"One series, {_sizes(frame, shape)}"
    peaks = _compare(title, frame, shape, makers, touched=frame.shape)
    ratio = peaks["SequenceWindower"] / given
    console.print(
        f"Both are views of the table after {_LONG_TIMESTEPS - 1} rows of padding. The peak memory "
        f"of SequenceWindower is {ratio:.2f} times the bytes of the input. The budget is "
        f"{_BUDGET}. "
        '"by hand" pads an array and calls sliding_windows. It does not check the index. '
        "SequenceWindower checks its labels, their order and the holes between them, which takes "
        "the additional time.\n"
    )


def _show_one_series(frame: pd.DataFrame) -> None:
    shape = (len(frame), _LONG_TIMESTEPS, _FEATURES)
    makers = {
        "SequenceWindower": _by_windower,
        "SequenceWindower, copied": _by_windower_copied,
        "Python loop": _by_loop,
        "shift, concat": _by_shift,
        "sliding_windows": _by_sliding_windows,
    }
    _check_equal(frame, _LONG_TIMESTEPS, makers | {"the padding by hand": _by_padding})
    _compare(f"One series, {_sizes(frame, shape)}", frame, shape, makers)
    console.print(
        "This series has a twentieth of the rows above, because the peers copy every window. "
        '"SequenceWindower, copied" does the same. At the start of the series, SequenceWindower '
        "and the loop repeat the oldest row, shift leaves NaN, and sliding_windows drops the "
        "row, so y has to be cut as well. All windows without padding are checked to be equal.\n"
    )


def _show_many_series(frame: pd.DataFrame) -> None:
    shape = (len(frame), _TIMESTEPS, _FEATURES)
    makers = {
        "SequenceWindower": _by_windower,
        "groupby, loop": _by_loop,
        "groupby, shift": _by_shift,
        "sliding_windows": _by_sliding_windows,
    }
    _check_equal(frame, _TIMESTEPS, makers)
    _compare(f"{_SERIES} series, {_sizes(frame, shape)}", frame, shape, makers)
    shuffled = frame.sample(frac=1, random_state=0)
    # It drops rows, so its windows cannot be put back in the order of the rows.
    del makers["sliding_windows"]
    peers = {name: _sorted(make) for name, make in makers.items() if make is not _by_windower}
    makers = {"SequenceWindower": _by_windower} | peers
    _check_equal(shuffled, _TIMESTEPS, makers)
    _compare(f"{_SERIES} series, the same rows shuffled", shuffled, shape, makers)
    console.print(
        "All of them copy their windows here. The peers treat consecutive rows of a series as "
        "neighbours and ignore holes. They sort the shuffled table by its index, and put the "
        "windows back in the order of the rows. sliding_windows is called for each series, and "
        "again drops rows."
    )


def _compare(
    title: str,
    frame: pd.DataFrame,
    shape: tuple[int, ...],
    makers: dict[str, Maker],
    touched: tuple[int, ...] | None = None,
) -> dict[str, int]:
    calls = {name: partial(make, frame, shape[1]) for name, make in makers.items()}
    times = alternate_touched(calls, _ROUNDS, touched or shape, np.float32)
    # After the timings, so that modules imported at first use are not counted.
    peaks = {name: peak_memory(call) for name, call in calls.items()}
    memory = {name: megabytes(peak) for name, peak in peaks.items()}
    show_table(title, times, {"peak memory": memory})
    return peaks


def _sizes(frame: pd.DataFrame, shape: tuple[int, ...]) -> str:
    return f"{frame.shape} float32, {megabytes(frame.to_numpy().nbytes)}, to {shape}"


def _by_windower(frame: pd.DataFrame, timesteps: int) -> NDArray:
    return SequenceWindower(timesteps).fit_transform(frame)


def _by_windower_copied(frame: pd.DataFrame, timesteps: int) -> NDArray:
    return _by_windower(frame, timesteps).copy()


def _by_padding(frame: pd.DataFrame, timesteps: int) -> NDArray:
    return sliding_windows(_padded(frame.to_numpy(), timesteps), timesteps)


def _by_loop(frame: pd.DataFrame, timesteps: int) -> NDArray:
    # This is the loop of the tutorials, except that it keeps the rows that they drop.
    windows = []
    for values in _values_by_series(frame):
        padded = _padded(values, timesteps)
        for row in range(len(values)):
            windows.append(padded[row : row + timesteps])
    return np.array(windows)


def _by_shift(frame: pd.DataFrame, timesteps: int) -> NDArray:
    rows = frame if frame.index.nlevels == 1 else frame.groupby(level=0)
    lags = pd.concat([rows.shift(step) for step in reversed(range(timesteps))], axis=1)
    return lags.to_numpy().reshape(len(frame), timesteps, frame.shape[1])


def _by_sliding_windows(frame: pd.DataFrame, timesteps: int) -> NDArray:
    windows = [sliding_windows(values, timesteps) for values in _values_by_series(frame)]
    return np.concatenate(windows)


def _padded(values: NDArray, timesteps: int) -> NDArray:
    return np.concatenate([np.repeat(values[:1], timesteps - 1, axis=0), values])


def _values_by_series(frame: pd.DataFrame) -> list[NDArray]:
    if frame.index.nlevels == 1:
        return [frame.to_numpy()]
    return [series.to_numpy() for _, series in frame.groupby(level=0)]


def _sorted(make: Maker) -> Maker:
    """Wrap a peer that needs sorted rows: sort the rows, then restore their order."""

    def make_sorted(frame: pd.DataFrame, timesteps: int) -> NDArray:
        order = pd.Series(np.arange(len(frame)), frame.index).sort_index().to_numpy()
        windows = make(frame.iloc[order], timesteps)
        back = np.empty_like(windows)
        back[order] = windows
        return back

    return make_sorted


def _check_equal(frame: pd.DataFrame, timesteps: int, makers: dict[str, Maker]) -> None:
    expected = _by_windower(frame, timesteps)
    # The windows of these rows have no padding.
    times = frame.index.get_level_values(-1)
    whole = np.flatnonzero(times >= times.min() + (timesteps - 1) * pd.Timedelta("1h"))
    for name, make in makers.items():
        windows = make(frame, timesteps)
        drops_rows = len(windows) < len(frame)
        if not np.array_equal(windows if drops_rows else windows[whole], expected[whole]):
            raise RuntimeError(f"The windows of {name} differ from those of SequenceWindower.")


def _one_series(rows: int) -> pd.DataFrame:
    return _table(pd.date_range("2000-01-01", periods=rows, freq="h"))


def _many_series() -> pd.DataFrame:
    times = pd.date_range("2000-01-01", periods=_ROWS_EACH, freq="h")
    return _table(pd.MultiIndex.from_product([range(_SERIES), times]))


def _table(index: pd.Index) -> pd.DataFrame:
    values = np.random.default_rng(0).standard_normal((len(index), _FEATURES), dtype=np.float32)
    return pd.DataFrame(values, index, [f"x{number}" for number in range(_FEATURES)])
