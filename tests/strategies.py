"""Hypothesis strategies shared by the tests: cases, each with its answer from a plain loop."""

import math
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, repeat

import numpy as np
import pandas as pd
from hypothesis import assume, settings
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


_PADDINGS = ["edge", 0, -1.0, 0.5, 200, float("nan")]


def _padded_dtype(dtype, padding):
    """That of the table if it can hold the padding, else float64."""
    if padding == "edge" or dtype.kind == "f":
        return dtype
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    holds = padding % 1 == 0 and low <= padding <= high
    return dtype if holds else np.dtype("float64")


@dataclass(frozen=True)
class TrailingCase:
    """Rows, and which of them windows end at, none of which reaches back beyond its first."""

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
    """Windows that end at any rows; of `one_run`, at consecutive rows of one run."""
    n = draw(st.integers(1, 10))
    rows = draw(tables(n, draw(st.integers(1, 3))))
    row = st.integers(0, n - 1)
    if one_run:
        first, start, newest = sorted([draw(row), draw(row), draw(row)])
        ends = [(first, last) for last in range(start, newest + 1)]
    else:
        ends = [sorted(end) for end in draw(st.lists(st.tuples(row, row), max_size=6))]
    first, last = np.array(ends, dtype=np.intp).reshape(-1, 2).T
    padding = draw(st.sampled_from(_PADDINGS))
    return TrailingCase(
        rows, last, first, draw(st.integers(1, 4)), draw(st.integers(1, 3)), padding
    )


def _zoned(start, freq):
    return pd.date_range(start, periods=64, freq=freq, tz="Europe/Berlin")


# Labels of every kind of time, each the next after the one before it on its calendar. In the
# time zone the clocks change on 2024-03-31 and 2024-10-27.
CALENDARS = {
    "days": pd.date_range("2024-02-01", periods=64),
    "quarters of an hour": pd.date_range("2024-02-01", periods=64, freq="15min").as_unit("s"),
    "month starts": pd.date_range("2023-01-01", periods=64, freq="MS"),
    "month ends": pd.date_range("2023-01-31", periods=64, freq="ME"),
    "year starts": pd.date_range("1990-01-01", periods=64, freq="YS"),
    "days, clocks go forward": _zoned("2024-03-22 06:30", "D"),
    "days, clocks go back": _zoned("2024-10-18", "D"),
    "hours, clocks go forward": _zoned("2024-03-30 16:00", "h"),
    "hours, clocks go back": _zoned("2024-10-26 16:00", "h"),
    "month starts in a time zone": _zoned("2023-12-01", "MS"),
    "periods of months": pd.period_range("2023-01", periods=64, freq="M"),
    "periods of weeks": pd.period_range("2024-01-01", periods=64, freq="W"),
    "integers": pd.RangeIndex(-30, -30 + 64 * 7, 7),
    "small integers": pd.Index(np.arange(-128, 128, 4, dtype=np.int8)),
    "floats": pd.Index(np.arange(64) * 0.1),
    "time spans": pd.timedelta_range("1h", periods=64, freq="90min"),
}

# The name of a series is what stands in the outer levels of the index.
_SERIES = [[()], [("b",), ("a",), ("c",)], [("a", 2), ("a", 1), ("b", 1)]]


@dataclass(frozen=True)
class LabelledCase:
    """Rows that stand in a calendar, seen in `fit` and in a call of `transform`.

    A label is (series, place), place being the number of the time in the calendar.
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
        """How many rows back a window reaches."""
        return (self.timesteps - 1) * self.sampling_rate

    def rows(self, frame):
        """The rows of a table by their labels."""
        places = {time: place for place, time in enumerate(_in_utc(CALENDARS[self.calendar]))}
        outer = [frame.index.get_level_values(level) for level in range(frame.index.nlevels - 1)]
        series = zip(*outer, strict=True) if outer else repeat((), len(frame))
        times = _in_utc(frame.index.get_level_values(-1))
        return {
            (name, places[time]): row
            for name, time, row in zip(series, times, frame.to_numpy(), strict=True)
        }

    @cached_property
    def seen(self):
        """Everything that was ever shown; where both have a label the call holds."""
        return self.rows(self.fit) | self.rows(self.call)

    @cached_property
    def known(self):
        """What is left of that in `transform`: the ends of the runs of fit, and the call."""
        return self.history() | self.rows(self.call)

    @cached_property
    def usual_step(self):
        """Of the steps of fit the most frequent, and of those the shortest."""
        neighbours = pairwise(sorted(self.rows(self.fit)))
        steps = Counter(b[1] - a[1] for a, b in neighbours if a[0] == b[0])
        return min(steps, key=lambda step: (-steps[step], step), default=0)

    def is_hole(self, earlier, later):
        if self.max_gap is None:
            return False
        if self.max_gap == "auto":
            return later - earlier > self.usual_step
        step = _difference(CALENDARS[self.calendar], earlier, later)
        if isinstance(step, float) and math.isclose(step, self.max_gap):
            return False
        return step > self.max_gap

    def run(self, known, label):
        """The labels from this one back to where its run begins, newest first."""
        series, place = label
        run = [place]
        for earlier in sorted((p for s, p in known if s == series and p < place), reverse=True):
            if self.is_hole(earlier, run[-1]):
                break
            run.append(earlier)
        return [(series, place) for place in run]

    def history(self):
        """The rows of fit with fewer rows behind them in their run than a window reaches."""
        fit = self.rows(self.fit)
        behind = Counter(earlier for label in fit for earlier in self.run(fit, label)[1:])
        return {label: row for label, row in fit.items() if behind[label] < self.past}

    def windows(self, known):
        """The window of every row of the call, among the rows known."""
        return np.array(
            [self.window(known, label) for label in self.rows(self.call)], dtype=self.dtype
        )

    def window(self, known, label):
        run = self.run(known, label)
        steps_back = [step * self.sampling_rate for step in reversed(range(self.timesteps))]
        missing = known[run[-1]] if self.padding == "edge" else [self.padding] * self.features
        return [known[run[back]] if back < len(run) else missing for back in steps_back]

    def past_is_known(self, label):
        """Whether nothing that fit saw before the row is lost, as far as a window reaches."""
        run = self.run(self.seen, label)
        return all(label in self.known for label in run[: self.past + 1])

    def padded_in_vain(self):
        """The labels whose window is padded though fit saw what precedes its oldest row."""
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


def _in_utc(times):
    # The second of two hours with one name has not the hash of its instant.
    return times.tz_convert("UTC") if getattr(times, "tz", None) else times


def _difference(calendar, earlier, later):
    earlier, later = calendar[[earlier, later]].tolist()
    difference = later - earlier
    return getattr(difference, "n", difference)  # of two periods it is an offset of n


def _alike(calendar):
    """Other ways to write the same labels."""
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
    """Labels of several series with holes, in order or in any."""
    labels = []
    for series in draw(st.sampled_from(_SERIES)):
        place = draw(st.integers(0, 8))
        for step in draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 5]), max_size=10)):
            labels.append((series, place))
            place += step
    return draw(st.permutations(labels)) if draw(st.booleans()) else sorted(labels)


def _labelled(values, labels, calendar):
    times = calendar.take([place for _, place in labels])
    outer = zip(*(series for series, _ in labels), strict=True)
    levels = [*map(list, outer), times]
    index = pd.MultiIndex.from_arrays(levels) if len(levels) > 1 else times
    return pd.DataFrame(values, index=index, columns=list("abc")[: values.shape[1]])


@st.composite
def labelled_cases(draw, split):
    """Rows of fit and of a call: "same", the call "later" than fit, or divided in "any" way."""
    name = draw(st.sampled_from(list(CALENDARS)))
    calendar = CALENDARS[name]
    labels = draw(_labels())
    fit = call = labels
    if split == "later":
        now = draw(st.sampled_from(sorted({place for _, place in labels})[1:] or [0]))
        fit = [label for label in labels if label[1] < now]
        call = [label for label in labels if label[1] >= now]
    elif split == "any":
        n = len(labels)
        seen_in = draw(st.lists(st.sampled_from(["fit", "call", "both"]), min_size=n, max_size=n))
        fit, call = (
            [label for label, where in zip(labels, seen_in, strict=True) if where in (one, "both")]
            for one in ("fit", "call")
        )
    assume(fit and call)
    table = draw(tables(len(fit) + len(call), draw(st.integers(1, 3))))
    X = _labelled(table[: len(fit)], fit, calendar)
    later = _labelled(table[len(fit) :], call, draw(st.sampled_from(_alike(calendar))))
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
    """Whether a `Masking` layer, which computes in single precision, would skip the step."""
    with np.errstate(over="ignore"):
        return all(np.float32(value) == np.float32(mask_value) for value in step)


# Values that every dtype of the kind can hold.
_MASK_VALUES = {"f": [0.0, -0.0, -1.0, 0.5, 1e4], "i": [0, -1, 100.0], "u": [0, 255], "b": [0, 1]}


@dataclass(frozen=True)
class RaggedCase:
    """Sequences of unequal length, and how they are brought to one."""

    sequences: list
    timesteps: int | None
    padding: str
    truncating: str
    mask_value: float
    masked: tuple | None  # the first step that looks like padding: (sequence, step)

    @property
    def params(self):
        names = ("timesteps", "padding", "truncating", "mask_value")
        return {name: getattr(self, name) for name in names}

    @property
    def length(self):
        return self.timesteps or max(map(len, self.sequences))

    def place(self, steps):
        """Of a sequence: how many of its steps are kept, from which on, and where they go."""
        kept = min(steps, self.length)
        first = steps - kept if self.truncating == "pre" else 0
        start = self.length - kept if self.padding == "pre" else 0
        return kept, first, start

    def padded(self):
        features = 1 if self.sequences[0].ndim == 1 else self.sequences[0].shape[1]
        shape = (len(self.sequences), self.length, features)
        expected = np.full(shape, self.mask_value, self.sequences[0].dtype)
        for sample, sequence in enumerate(self.sequences):
            kept, first, start = self.place(len(sequence))
            for step in range(kept):
                expected[sample, start + step] = sequence[first + step]
        return expected

    def restored(self):
        """The sequences without the steps that truncating drops."""
        places = [self.place(len(sequence)) for sequence in self.sequences]
        return [
            sequence[first : first + kept]
            for sequence, (kept, first, _) in zip(self.sequences, places, strict=True)
        ]


def _ragged(steps, lengths):
    stops = np.cumsum(lengths)
    return [
        np.array(steps[stop - length : stop]) for stop, length in zip(stops, lengths, strict=True)
    ]


@st.composite
def ragged_cases(draw, *, masked=False):
    """Sequences of any dtype and layout; with `masked` one of their steps looks like padding."""
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=5))
    features = draw(st.integers(1, 3))
    steps = np.array(draw(tables(sum(lengths), features)))
    mask_value = draw(st.sampled_from(_MASK_VALUES[steps.dtype.kind]))
    for step in steps:
        if looks_like(step, mask_value):
            step[0] = 0 if mask_value else 1
    where = None
    if masked:
        number = draw(st.integers(0, len(lengths) - 1))
        where = (number, draw(st.integers(0, lengths[number] - 1)))
        steps[sum(lengths[:number]) + where[1]] = mask_value
    sequences = _ragged(steps, lengths)
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
        where,
    )
