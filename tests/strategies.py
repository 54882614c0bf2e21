"""Hypothesis strategies shared by the tests.

A strategy draws cases. A case contains the input of a function and computes the expected result
with plain Python loops.
"""

import math
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, repeat, starmap

import numpy as np
import pandas as pd
from hypothesis import assume, settings
from hypothesis import strategies as st

# A deadline per example would fail on slow machines.
unhurried = settings(deadline=None)

FLOATS = ["float64", "float32", "float16"]
DTYPES = [*FLOATS, "int64", "int32", "int16", "int8", "uint8", "bool"]


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def _interleaved(array, axis):
    # The values in between differ from the array's, so code that ignores the strides fails.
    shape = [2 * n if a == axis else n for a, n in enumerate(array.shape)]
    return np.stack([array, np.flip(array)], axis=axis + 1).reshape(shape)


def _memmap(array):
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, dtype=array.dtype, shape=array.shape)
    mapped[...] = array
    return mapped


# Memory layouts of a table. The functions do not change its values.
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
    """Draw 2D arrays of any dtype and layout. Floats may be NaN, but not infinite."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    # The values come from a seed. Hypothesis draws many equal values, which would hide values at
    # wrong positions.
    array = _values(dtype, (rows, columns), draw(st.integers(0, 2**32 - 1)))
    return LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](array)


@dataclass(frozen=True)
class ReshapeCase:
    """A table of flattened sequences, and the parameters that describe its columns."""

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
        """Return the position of the column with this step and feature."""
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
        """Return the table with NaN in the columns that truncating drops."""
        steps = np.ndindex(self.timesteps, self.features)
        kept = {self.column(step, feature) for step, feature in steps}
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
    """A series of shape (rows, features), and the parameters of its windows and targets."""

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
        """The position of the last row of each window."""
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
        """Return the values to forecast, ordered by step and then by target."""
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


_PADDINGS = ["edge", 0, -1.0, 0.5, 200, float("nan")]


def _padded_dtype(dtype, padding):
    """Return the dtype of the table if it can represent the padding, else float64."""
    if padding == "edge" or dtype.kind == "f":
        return dtype
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    is_exact = padding % 1 == 0 and low <= padding <= high
    return dtype if is_exact else np.dtype("float64")


@dataclass(frozen=True)
class TrailingCase:
    """Rows, and the positions of the last row and of the first allowed row of each window.

    Steps before the first allowed row are padded.
    """

    rows: np.ndarray
    last: np.ndarray
    first: np.ndarray
    timesteps: int
    sampling_rate: int
    padding: object

    @property
    def window_args(self):
        return self.timesteps, self.sampling_rate, self.padding

    def windows(self):
        shape = (len(self.last), self.timesteps, self.rows.shape[1])
        expected = np.empty(shape, _padded_dtype(self.rows.dtype, self.padding))
        for window, step in np.ndindex(shape[:2]):
            row = self.last[window] - (self.timesteps - 1 - step) * self.sampling_rate
            if row >= self.first[window]:
                expected[window, step] = self.rows[row]
            elif self.padding == "edge":
                expected[window, step] = self.rows[self.first[window]]
            else:
                expected[window, step] = self.padding
        return expected


@st.composite
def trailing_cases(draw, *, one_run=False):
    """Draw windows that end at any rows, or with `one_run` at consecutive rows of one run."""
    n = draw(st.integers(1, 10))
    rows = draw(tables(n, draw(st.integers(1, 3))))
    row = st.integers(0, n - 1)
    if one_run:
        first, start, stop = sorted([draw(row), draw(row), draw(row)])
        ends = [(first, last) for last in range(start, stop + 1)]
    else:
        ends = [sorted(end) for end in draw(st.lists(st.tuples(row, row), max_size=6))]
    first, last = np.array(ends, dtype=np.intp).reshape(-1, 2).T
    padding = draw(st.sampled_from(_PADDINGS))
    return TrailingCase(
        rows, last, first, draw(st.integers(1, 4)), draw(st.integers(1, 3)), padding
    )


def _times_in_berlin(start, freq):
    return pd.date_range(start, periods=64, freq=freq, tz="Europe/Berlin")


# Consecutive labels of every supported type of time index. In Berlin, the clocks change on
# 2024-03-31 and 2024-10-27.
CALENDARS = {
    "days": pd.date_range("2024-02-01", periods=64),
    "quarters of an hour": pd.date_range("2024-02-01", periods=64, freq="15min").as_unit("s"),
    "month starts": pd.date_range("2023-01-01", periods=64, freq="MS"),
    "month ends": pd.date_range("2023-01-31", periods=64, freq="ME"),
    "year starts": pd.date_range("1990-01-01", periods=64, freq="YS"),
    "days, clocks go forward": _times_in_berlin("2024-03-22 06:30", "D"),
    "days, clocks go back": _times_in_berlin("2024-10-18", "D"),
    "hours, clocks go forward": _times_in_berlin("2024-03-30 16:00", "h"),
    "hours, clocks go back": _times_in_berlin("2024-10-26 16:00", "h"),
    "month starts in a time zone": _times_in_berlin("2023-12-01", "MS"),
    "periods of months": pd.period_range("2023-01", periods=64, freq="M"),
    "periods of weeks": pd.period_range("2024-01-01", periods=64, freq="W"),
    "integers": pd.RangeIndex(-30, -30 + 64 * 7, 7),
    "small integers": pd.Index(np.arange(-128, 128, 4, dtype=np.int8)),
    "floats": pd.Index(np.arange(64) * 0.1),
    "time spans": pd.timedelta_range("1h", periods=64, freq="90min"),
}

# Names of the series in a table. A name contains the labels of the outer levels of the index.
_SERIES_NAMES = [[()], [("b",), ("a",), ("c",)], [("a", 2), ("a", 1), ("b", 1)]]


@dataclass(frozen=True)
class LabelledCase:
    """The rows of a `fit` and of a call of `transform`, with times from a calendar.

    A label is (series, position), where position is the position of the time in the calendar.
    """

    calendar: str
    fit: pd.DataFrame
    call: pd.DataFrame
    timesteps: int
    sampling_rate: int
    padding: object
    max_gap: object

    @property
    def params(self):
        names = ("timesteps", "sampling_rate", "padding", "max_gap")
        return {name: getattr(self, name) for name in names}

    @property
    def past(self):
        """The distance, in rows, between the first and the last row of a window."""
        return (self.timesteps - 1) * self.sampling_rate

    def rows(self, frame):
        """Return a dict from the labels to the rows of a table."""
        positions = {
            time: position for position, time in enumerate(_in_utc(CALENDARS[self.calendar]))
        }
        outer = [frame.index.get_level_values(level) for level in range(frame.index.nlevels - 1)]
        series = zip(*outer, strict=True) if outer else repeat((), len(frame))
        times = _in_utc(frame.index.get_level_values(-1))
        return {
            (name, positions[time]): row
            for name, time, row in zip(series, times, frame.to_numpy(), strict=True)
        }

    @cached_property
    def seen(self):
        """All rows of fit and of the call. The call has precedence if both contain a label."""
        return self.rows(self.fit) | self.rows(self.call)

    @cached_property
    def known(self):
        """The rows available to `transform`: the ends of the runs of fit, and the call."""
        return self.history() | self.rows(self.call)

    @cached_property
    def neighbours(self):
        """The pairs of consecutive positions in the series of fit."""
        pairs = pairwise(sorted(self.rows(self.fit)))
        return [(a[1], b[1]) for a, b in pairs if a[0] == b[0]]

    @cached_property
    def skips_weekends(self):
        """Whether fit has rows on weekdays only, on both sides of a weekend, often enough."""
        if not self.calendar.startswith("days"):
            return False
        days = CALENDARS[self.calendar]
        on_weekdays = all(days[position].weekday() < 5 for _, position in self.rows(self.fit))
        steps = [b - a for a, b in self.neighbours]
        without = [b - a - 2 * self.weekends(a, b) for a, b in self.neighbours]
        usual = usual_step(steps)
        return on_weekdays and without != steps and usual_step(without) == usual < 7

    def weekends(self, earlier, later):
        """Count the weekends of which both days are between two days."""
        days = CALENDARS[self.calendar][earlier + 1 : max(later - 1, 0)]
        return sum(day.weekday() == 5 for day in days)

    def step(self, earlier, later):
        weekends = self.weekends(earlier, later) if self.skips_weekends else 0
        return later - earlier - 2 * weekends

    @cached_property
    def usual_step(self):
        return usual_step(starmap(self.step, self.neighbours))

    def is_hole(self, earlier, later):
        if self.max_gap is None:
            return False
        if self.max_gap == "auto":
            return 2 * self.step(earlier, later) >= 3 * self.usual_step
        step = _difference(CALENDARS[self.calendar], earlier, later)
        if isinstance(step, float) and math.isclose(step, self.max_gap):
            return False
        return step > self.max_gap

    def run(self, known, label):
        """Return the labels from this one back to the start of its run, newest first."""
        series, position = label
        run = [position]
        for earlier in sorted((p for s, p in known if s == series and p < position), reverse=True):
            if self.is_hole(earlier, run[-1]):
                break
            run.append(earlier)
        return [(series, position) for position in run]

    def history(self):
        """Return the last `past` rows of every run of fit, which `transform` may need."""
        fit = self.rows(self.fit)
        n_later = Counter(earlier for label in fit for earlier in self.run(fit, label)[1:])
        return {label: row for label, row in fit.items() if n_later[label] < self.past}

    def windows(self, known):
        """Return the window of every row of the call. `known` contains the rows to use."""
        return np.array(
            [self.window(known, label) for label in self.rows(self.call)], dtype=self.dtype
        )

    def window(self, known, label):
        run = self.run(known, label)
        steps_back = [step * self.sampling_rate for step in reversed(range(self.timesteps))]
        missing = known[run[-1]] if self.padding == "edge" else [self.padding] * self.features
        return [known[run[back]] if back < len(run) else missing for back in steps_back]

    def past_is_known(self, label):
        """Return whether `transform` knows all rows of fit and of the call that a window needs."""
        run = self.run(self.seen, label)
        return all(label in self.known for label in run[: self.past + 1])

    def padded_in_vain(self):
        """Return the labels whose window is padded although fit contained an earlier row."""
        runs = {label: self.run(self.known, label) for label in self.rows(self.call)}
        return [
            label
            for label, run in runs.items()
            if len(run) <= self.past and len(self.run(self.seen, run[-1])) > 1
        ]

    @property
    def features(self):
        return self.fit.shape[1]

    @property
    def dtype(self):
        return _padded_dtype(self.fit.dtypes.iloc[0], self.padding)


def usual_step(steps):
    """Return the median of the largest group of similar steps, whose shortest may be any step."""
    steps = sorted(steps)
    groups = ([step for step in steps if first <= step < 1.5 * first] for first in steps)
    largest = max(groups, key=len, default=[0])
    return largest[(len(largest) - 1) // 2]


def _in_utc(times):
    # When the clocks go back, the second of two equal local times has a wrong hash.
    return times.tz_convert("UTC") if getattr(times, "tz", None) else times


def _difference(calendar, earlier, later):
    earlier, later = calendar[[earlier, later]].tolist()
    difference = later - earlier
    return getattr(difference, "n", difference)  # the difference of two periods is an offset


def _equal_calendars(calendar):
    """Return indexes with the same labels in other units, time zones or dtypes."""
    if isinstance(calendar, pd.DatetimeIndex):
        zones = [calendar] if calendar.tz is None else [calendar, calendar.tz_convert("Asia/Tokyo")]
        return [labels.as_unit(unit) for labels in zones for unit in ("s", "us", "ns")]
    return [calendar, calendar.astype(float)] if calendar.dtype.kind == "i" else [calendar]


@st.composite
def _max_gaps(draw, calendar):
    gap = draw(st.sampled_from(["auto", None, 1, 1.5, 2, 3]))
    if gap is None or gap == "auto":
        return gap
    gap = gap * _difference(calendar, 0, 1)
    as_python = isinstance(gap, pd.Timedelta) and draw(st.booleans())
    return gap.to_pytimedelta() if as_python else gap


@st.composite
def _labels(draw):
    """Draw the labels of several series with holes, sorted or in any order."""
    labels = []
    for series in draw(st.sampled_from(_SERIES_NAMES)):
        position = draw(st.integers(0, 8))
        for step in draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 5]), max_size=10)):
            labels.append((series, position))
            position += step
    return draw(st.permutations(labels)) if draw(st.booleans()) else sorted(labels)


def _labelled_table(values, labels, calendar):
    times = calendar.take([position for _, position in labels])
    outer = zip(*(series for series, _ in labels), strict=True)
    levels = [*map(list, outer), times]
    index = pd.MultiIndex.from_arrays(levels) if len(levels) > 1 else times
    return pd.DataFrame(values, index=index, columns=list("abc")[: values.shape[1]])


@st.composite
def labelled_cases(draw, split):
    """Draw the rows of a fit and of a call.

    With the split "same", both are equal. With "later", all rows of the call are later than those
    of fit. With "any", a row can be in either of them or in both.
    """
    name = draw(st.sampled_from(list(CALENDARS)))
    calendar = CALENDARS[name]
    labels = draw(_labels())
    fit = call = labels
    if split == "later":
        start = draw(st.sampled_from(sorted({position for _, position in labels})[1:] or [0]))
        fit = [label for label in labels if label[1] < start]
        call = [label for label in labels if label[1] >= start]
    elif split == "any":
        n = len(labels)
        parts = draw(st.lists(st.sampled_from(["fit", "call", "both"]), min_size=n, max_size=n))
        fit, call = (
            [label for label, part in zip(labels, parts, strict=True) if part in (table, "both")]
            for table in ("fit", "call")
        )
    assume(fit and call)
    table = draw(tables(len(fit) + len(call), draw(st.integers(1, 3))))
    X = _labelled_table(table[: len(fit)], fit, calendar)
    later = _labelled_table(
        table[len(fit) :], call, draw(st.sampled_from(_equal_calendars(calendar)))
    )
    return LabelledCase(
        name,
        X,
        X if split == "same" else later,
        draw(st.integers(1, 4)),
        draw(st.integers(1, 3)),
        draw(st.sampled_from(_PADDINGS)),
        draw(_max_gaps(calendar)),
    )


def looks_like(step, mask_value):
    """Return whether a `Masking` layer, which compares in float32, would skip the step."""
    with np.errstate(over="ignore"):
        return all(np.float32(value) == np.float32(mask_value) for value in step)


# Mask values by kind of dtype. Every dtype of the kind can represent them.
_MASK_VALUES = {"f": [0.0, -0.0, -1.0, 0.5, 1e4], "i": [0, -1, 100.0], "u": [0, 255], "b": [0, 1]}


@dataclass(frozen=True)
class RaggedCase:
    """Sequences of unequal length, and the parameters to pad and truncate them."""

    sequences: list
    timesteps: int | None
    padding: str
    truncating: str
    mask_value: float
    masked: tuple | None  # (sequence, step) of the first real step that is equal to padding

    @property
    def params(self):
        names = ("timesteps", "padding", "truncating", "mask_value")
        return {name: getattr(self, name) for name in names}

    @property
    def length(self):
        return self.timesteps or max(map(len, self.sequences))

    def kept_steps(self, steps):
        """Return how a sequence with this number of steps is padded or truncated.

        The result is the number of steps that are kept, the position of the first of them in the
        sequence, and its position after padding.
        """
        kept = min(steps, self.length)
        first = steps - kept if self.truncating == "pre" else 0
        start = self.length - kept if self.padding == "pre" else 0
        return kept, first, start

    def padded(self):
        features = 1 if self.sequences[0].ndim == 1 else self.sequences[0].shape[1]
        shape = (len(self.sequences), self.length, features)
        expected = np.full(shape, self.mask_value, self.sequences[0].dtype)
        for sample, sequence in enumerate(self.sequences):
            kept, first, start = self.kept_steps(len(sequence))
            for step in range(kept):
                expected[sample, start + step] = sequence[first + step]
        return expected

    def restored(self):
        """Return the sequences without the steps that truncating drops."""
        kept_steps = [self.kept_steps(len(sequence)) for sequence in self.sequences]
        return [
            sequence[first : first + kept]
            for sequence, (kept, first, _) in zip(self.sequences, kept_steps, strict=True)
        ]


def _split(steps, lengths):
    stops = np.cumsum(lengths)
    return [
        np.array(steps[stop - length : stop]) for stop, length in zip(stops, lengths, strict=True)
    ]


@st.composite
def ragged_cases(draw, *, masked=False):
    """Draw sequences of any dtype and layout. With `masked`, one real step is equal to padding."""
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=5))
    features = draw(st.integers(1, 3))
    steps = np.array(draw(tables(sum(lengths), features)))
    mask_value = draw(st.sampled_from(_MASK_VALUES[steps.dtype.kind]))
    for step in steps:
        if looks_like(step, mask_value):
            step[0] = 0 if mask_value else 1
    masked_step = None
    if masked:
        index = draw(st.integers(0, len(lengths) - 1))
        step = draw(st.integers(0, lengths[index] - 1))
        masked_step = (index, step)
        steps[sum(lengths[:index]) + step] = mask_value
    sequences = _split(steps, lengths)
    layouts = draw(st.lists(st.sampled_from(list(LAYOUTS)), min_size=5, max_size=5))
    sequences = [LAYOUTS[layout](s) for layout, s in zip(layouts, sequences, strict=False)]
    if features == 1 and draw(st.booleans()):
        sequences = [sequence[:, 0] for sequence in sequences]
    return RaggedCase(
        sequences,
        draw(st.none() | st.integers(1, 9)),
        draw(st.sampled_from(["pre", "post"])),
        draw(st.sampled_from(["pre", "post"])),
        mask_value,
        masked_step,
    )
