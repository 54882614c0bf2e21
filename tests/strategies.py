"""Hypothesis strategies shared by the tests: cases, each with its answer from a plain loop."""

import tempfile
from dataclasses import dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

# How long one example takes says more about the machine than about the code.
unhurried = settings(deadline=None)

FLOATS = ["float64", "float32", "float16"]
DTYPES = [*FLOATS, "int64", "int32", "int16", "int8", "uint8", "bool"]


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def _interleaved(array, axis):
    # Code that loses the stride then meets wrong values, not the right ones twice.
    shape = [2 * n if a == axis else n for a, n in enumerate(array.shape)]
    return np.stack([array, np.flip(array)], axis=axis + 1).reshape(shape)


def _memmap(array):
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, dtype=array.dtype, shape=array.shape)
    mapped[...] = array
    return mapped


# Every layout that a table may come in; each keeps the values.
LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "read-only": _read_only,
    "every second row": lambda array: _interleaved(array, 0)[::2],
    "every second column": lambda array: _interleaved(array, 1)[:, ::2],
    "memmap": _memmap,
}


def _values(dtype, shape, seed):
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    odd = rng.choice([np.nan, np.finfo(dtype).max, np.finfo(dtype).tiny], shape)
    return np.where(rng.random(shape) < 0.3, odd, rng.normal(size=shape)).astype(dtype)


@st.composite
def tables(draw, rows, columns):
    """2D arrays of any dtype and layout; NaN among the floats, but no infinity."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    # Values from a seed differ from each other; drawn one by one most would be alike, and
    # a misplaced one go unseen.
    array = _values(dtype, (rows, columns), draw(st.integers(0, 2**32 - 1)))
    return LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](array)


@dataclass(frozen=True)
class ReshapeCase:
    """A table of flattened sequences, and how its columns are laid out."""

    table: np.ndarray
    timesteps: int
    features: int
    order: str
    truncating: str | None

    @property
    def columns(self):
        return self.table.shape[1]

    @property
    def params(self):
        names = ("timesteps", "features", "order", "truncating")
        return {name: getattr(self, name) for name in names}

    def column(self, step, feature):
        """Number of the column that belongs at this step and feature."""
        table_timesteps = self.columns // self.features
        if self.truncating == "pre":
            step += table_timesteps - self.timesteps
        return (
            step * self.features + feature
            if self.order == "C"
            else (feature * table_timesteps + step)
        )

    def sequences(self):
        shape = (len(self.table), self.timesteps, self.features)
        expected = np.empty(shape, self.table.dtype)
        for sample, step, feature in np.ndindex(shape):
            expected[sample, step, feature] = self.table[sample, self.column(step, feature)]
        return expected

    def restored(self):
        """The table with NaN in the columns that truncating drops."""
        kept = {self.column(*place) for place in np.ndindex(self.timesteps, self.features)}
        dropped = [column for column in range(self.columns) if column not in kept]
        if not dropped:
            return self.table
        expected = self.table.astype(self.table.dtype if self.table.dtype.kind == "f" else float)
        expected[:, dropped] = np.nan
        return expected


@st.composite
def reshape_cases(draw):
    features = draw(st.integers(1, 4))
    table_timesteps = draw(st.integers(1, 6))
    truncating = draw(st.sampled_from([None, "pre", "post"]))
    timesteps = draw(st.integers(1, table_timesteps)) if truncating else table_timesteps
    table = draw(tables(draw(st.integers(1, 4)), table_timesteps * features))
    return ReshapeCase(table, timesteps, features, draw(st.sampled_from("CF")), truncating)


@dataclass(frozen=True)
class SeriesCase:
    """A series of (rows, features), and how windows and their targets are cut from it."""

    series: np.ndarray
    timesteps: int
    stride: int
    sampling_rate: int
    horizon: int = 0
    gap: int = 0

    @property
    def features(self):
        return self.series.shape[1]

    @property
    def window_params(self):
        return {"stride": self.stride, "sampling_rate": self.sampling_rate}

    @property
    def params(self):
        return {**self.window_params, "horizon": self.horizon, "gap": self.gap}

    @property
    def last_rows(self):
        """The row of each window's newest step."""
        last = (self.timesteps - 1) * self.sampling_rate
        rows = []
        while last + self.gap + self.horizon < len(self.series):
            rows.append(last)
            last += self.stride
        return rows

    def windows(self):
        shape = (len(self.last_rows), self.timesteps, self.features)
        expected = np.empty(shape, self.series.dtype)
        for window, step, feature in np.ndindex(shape):
            steps_back = self.timesteps - 1 - step
            row = self.last_rows[window] - steps_back * self.sampling_rate
            expected[window, step, feature] = self.series[row, feature]
        return expected

    def future(self, targets):
        """The values to forecast, step by step, the targets of one step together."""
        return np.array(
            [
                [
                    self.series[row + self.gap + 1 + h, t]
                    for h in range(self.horizon)
                    for t in targets
                ]
                for row in self.last_rows
            ],
            dtype=self.series.dtype,
        )


@st.composite
def series_cases(draw, *, ahead=False):
    timesteps, sampling_rate = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    horizon, gap = (draw(st.integers(1, 3)), draw(st.integers(0, 3))) if ahead else (0, 0)
    rows = (timesteps - 1) * sampling_rate + 1 + gap + horizon + draw(st.integers(0, 6))
    series = draw(tables(rows, draw(st.integers(1, 3))))
    return SeriesCase(series, timesteps, draw(st.integers(1, 4)), sampling_rate, horizon, gap)
