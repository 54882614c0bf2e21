"""Arrays as hostile as NumPy allows: nothing crashes, is misread, or is written to.

Every array lies in a guarded buffer of random bytes, with strides that may be negative, zero,
overlapping or between two items, of either byte order, read-only or not, and of any size,
zero included. The oracle is the same call on a plain copy; the other test modules compare that
with loops.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import FunctionTransformer
from strategies import unhurried

from skl_lstm import (
    PerTimestep,
    SequencePadder,
    SequenceReshaper,
    SequenceWindower,
    make_supervised,
    sliding_windows,
)
from skl_lstm._core.masks import as_network_sees, is_masked
from skl_lstm._core.shapes import plan_reshape, window_span
from skl_lstm._core.windows import apply_to_table, window_table, window_view
from skl_lstm.transformers.arrays import (
    cast_if_finite,
    columns_to_sequences,
    pad_steps,
    sequences_to_columns,
    trailing_windows,
)

# Random bytes hold signalling NaNs, at which NumPy warns when it casts them.
quiet = np.errstate(invalid="ignore")
thorough = settings(unhurried, max_examples=3 * unhurried.max_examples)

REAL = ["?", "i1", "u1", "<i2", ">u2", "<i4", ">i8", "<u8", "<f2", ">f2", "<f4", "<f8", ">f8"]
OTHER = ["<c8", ">c16", "<M8[s]", ">m8[D]", "S3", "<U2", "V5", [("a", "<i4"), ("b", "i1")]]
GUARD = 16


class Guarded:
    """An array inside a buffer, and whether a byte of that was changed."""

    def __init__(self, dtype, shape, strides, offset, seed, read_only):
        ends = [(n - 1) * stride for n, stride in zip(shape, strides, strict=True) if n]
        first = GUARD + offset - sum(min(end, 0) for end in ends)
        size = first + sum(max(end, 0) for end in ends) + dtype.itemsize + GUARD
        self.buffer = np.random.default_rng(seed).integers(0, 256, size, np.uint8)
        if dtype.kind == "b":
            self.buffer %= 2  # no other byte is a boolean
        if dtype.kind in "SU":
            self.buffer[:] = 0  # not every number is a character
        self.array = np.ndarray(shape, dtype, self.buffer, first, strides)
        if dtype.kind == "f" and 0 not in shape:
            # Few of the random numbers shall be infinite: those are refused anyway.
            self.array[np.isinf(self.array)] = 0
        self.array.flags.writeable = not read_only
        self.before = self.buffer.tobytes()

    @property
    def plain(self):
        return np.array(self.array, order="C", copy=True)

    def assert_untouched(self):
        assert self.buffer.tobytes() == self.before

    def __repr__(self):
        a = self.array
        return f"<{a.dtype} {a.shape} strides {a.strides} writeable {a.flags.writeable}>"


@st.composite
def hostile(draw, *shape, dtypes=REAL):
    """An array of some shape, of which None stands for any length."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    shape = tuple(draw(st.integers(0, 5)) if n is None else n for n in shape)
    strides, step = [], dtype.itemsize
    for n in reversed(shape):
        factor = draw(st.sampled_from([1, 1, 1, -1, 2, -3, 0]))
        strides.insert(0, factor * step + draw(st.sampled_from([0, 0, 0, 1])))
        step *= max(n, 1)
    if draw(st.booleans()):  # the first axis varies fastest
        strides.reverse()
    seed, read_only = draw(st.integers(0, 2**32 - 1)), draw(st.booleans())
    return Guarded(dtype, shape, strides, draw(st.integers(0, 7)), seed, read_only)


def assert_same(actual, expected):
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    # Bits would tell one NaN from another.
    kind = {"equal_nan": True} if actual.dtype.kind in "fcmM" else {}
    assert np.array_equal(actual, expected, **kind)


def assert_view(result, guarded):
    if result.size:
        assert np.shares_memory(result, guarded.array)


def assert_own_memory(result, guarded):
    assert not np.may_share_memory(result, guarded.buffer)


@st.composite
def plans(draw):
    features, steps = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    truncating = draw(st.sampled_from([None, "pre", "post"]))
    timesteps = draw(st.integers(1, steps)) if truncating else steps
    return plan_reshape(
        steps * features, timesteps, features, truncating, draw(st.sampled_from("CF"))
    )


sizes = st.integers(1, 4)
fills = st.one_of(st.just("edge"), st.sampled_from([0, -1, 0.5, 300, 1e300, 2**64, np.nan]))


@thorough
@given(st.data(), plans())
@quiet
def test_columns_and_sequences(data, plan):
    table = data.draw(hostile(None, plan.columns, dtypes=[*REAL, *OTHER]))
    result = columns_to_sequences(table.array, plan)
    assert result.shape == (len(table.array), plan.timesteps, plan.features)
    assert_same(result, columns_to_sequences(table.plain, plan))
    assert_view(result, table)
    table.assert_untouched()

    sequences = data.draw(hostile(None, plan.timesteps, plan.features))
    result = sequences_to_columns(sequences.array, plan)
    assert result.shape == (len(sequences.array), plan.columns)
    assert_same(result, sequences_to_columns(sequences.plain, plan))
    if plan.truncates:
        assert_own_memory(result, sequences)
    sequences.assert_untouched()


@thorough
@given(hostile(None, None, dtypes=[*REAL, *OTHER]), sizes, sizes, sizes)
@quiet
def test_windows_and_their_table(series, timesteps, stride, sampling_rate):
    rows = len(series.array) - window_span(timesteps, sampling_rate) + 1
    options = {"stride": stride, "sampling_rate": sampling_rate}
    assume(rows >= 1)  # as `check_enough_rows` sees to
    windows = window_view(series.array, timesteps, **options)
    assert windows.shape == (-(-rows // stride), timesteps, series.array.shape[1])
    assert not windows.flags.writeable
    assert_same(windows, window_view(series.plain, timesteps, **options))
    assert_view(windows, series)

    shared = window_table(windows)
    if shared is not None:
        table, its_stride, its_rate = shared
        assert not table.flags.writeable
        again = window_view(table, timesteps, stride=its_stride, sampling_rate=its_rate)
        assert_same(again[: len(windows)], windows)
    if windows.dtype.kind in "iufb":
        with np.errstate(all="ignore"):
            assert_same(
                apply_to_table(windows, lambda table: table.astype("f4")), windows.astype("f4")
            )
    series.assert_untouched()


@thorough
@given(st.data(), hostile(None, None), sizes, sizes, fills)
@quiet
def test_trailing_windows(data, rows, timesteps, sampling_rate, padding):
    n = len(rows.array)
    assume(n)
    start = data.draw(st.integers(0, n - 1))
    last = slice(start, data.draw(st.integers(start + 1, n)))
    first = data.draw(st.integers(0, start))
    if data.draw(st.booleans()):
        last = np.array(data.draw(st.lists(st.integers(first, n - 1), max_size=6)), dtype=np.intp)
        first = np.array([data.draw(st.integers(0, place)) for place in last], dtype=np.intp)
    options = (last, first, timesteps, sampling_rate, padding)
    result = trailing_windows(rows.array, *options)
    length = last.stop - last.start if isinstance(last, slice) else len(last)
    assert result.shape == (length, timesteps, rows.array.shape[1])
    assert_same(result, trailing_windows(rows.plain, *options))
    if isinstance(last, slice):
        assert not result.flags.writeable
    else:
        assert_own_memory(result, rows)
    rows.assert_untouched()


@thorough
@given(
    st.data(),
    st.lists(st.integers(0, 4), max_size=5),
    st.integers(1, 5),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
    st.sampled_from([0, 1]),
)
@quiet
def test_padding_of_steps(data, lengths, timesteps, padding, truncating, mask_value):
    steps = data.draw(hostile(sum(lengths), None))
    options = (np.array(lengths, np.intp), timesteps, padding, truncating, mask_value)
    result = pad_steps(steps.array, *options)
    assert result.shape == (len(lengths), timesteps, steps.array.shape[1])
    assert_same(result, pad_steps(steps.plain, *options))
    assert_own_memory(result, steps)
    steps.assert_untouched()


@thorough
@given(hostile(None, None, None), st.sampled_from([0, -1.0, 0.1, 1e-50, 3e38]))
@quiet
def test_what_a_network_sees(values, mask_value):
    seen, masked = as_network_sees(values.array), is_masked(values.array, mask_value)
    assert_same(seen, as_network_sees(values.plain))
    assert_same(masked, is_masked(values.plain, mask_value))
    assert seen.dtype == np.float32
    assert masked.shape == values.array.shape[:-1]
    for dtype in map(np.dtype, ("f2", "f4", "f8", "i4")):
        converted = cast_if_finite(values.array, dtype)
        assert converted.shape == values.array.shape
        assert np.isinf(converted).sum() == np.isinf(values.array).sum()
    values.assert_untouched()


def transformed(transformer, X):
    return transformer.fit(X).transform(X)


def there_and_back(transformer, X):
    return transformer.inverse_transform(transformed(transformer, X))


CALLS = {
    "reshape": (lambda X: transformed(SequenceReshaper(), X), lambda n, m: (n, m, 1)),
    "reshape and back": (
        lambda X: there_and_back(SequenceReshaper(order="F"), X),
        lambda n, m: (n, m),
    ),
    "window": (lambda X: transformed(SequenceWindower(3), X), lambda n, m: (n, 3, m)),
    "window, padded": (
        lambda X: transformed(SequenceWindower(2, sampling_rate=2, padding=-1), X),
        lambda n, m: (n, 2, m),
    ),
    "window and back": (lambda X: there_and_back(SequenceWindower(2), X), lambda n, m: (n, m)),
    "pad": (lambda X: transformed(SequencePadder(), X), lambda n, m: (n, m, 1)),
    "pad a list": (lambda X: transformed(SequencePadder(), list(X)), lambda n, m: (n, m, 1)),
    "truncate": (
        lambda X: transformed(SequencePadder(1, truncating="pre"), X),
        lambda n, m: (n, 1, 1),
    ),
    "per timestep": (
        lambda X: transformed(PerTimestep(FunctionTransformer()), X),
        lambda n, m: (n, m),
    ),
    "slide": (lambda X: sliding_windows(X, 2), lambda n, m: (n - 1, 2, m)),
    "supervise": (lambda X: make_supervised(X, 2)[0], lambda n, m: (n - 2, 2 * m)),
    "targets": (
        lambda X: make_supervised(X, 1, target=0, horizon=2)[1],
        lambda n, m: (n - 2, 2),
    ),
}


@pytest.mark.parametrize("call", CALLS)
@settings(thorough, max_examples=150)
@given(X=hostile(None, None, dtypes=[*REAL, *REAL, *OTHER]))
@quiet
@pytest.mark.filterwarnings("ignore:.* windows are padded because X has:UserWarning")
def test_public_calls(call, X):
    function, shape = CALLS[call]
    try:
        result = function(X.array)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            function(X.plain)
    else:
        assert result.shape == shape(*X.array.shape)
        assert_same(np.asarray(result), np.asarray(function(X.plain)))
    X.assert_untouched()


@settings(thorough, max_examples=150)
@given(X=hostile(None, None, None, dtypes=[*REAL, *REAL, *OTHER]))
@quiet
def test_the_way_back_of_any_cube(X):
    n, timesteps, features = X.array.shape
    for transformer, shape in (
        (SequenceReshaper(features=max(features, 1)), (n, timesteps * features)),
        (SequenceWindower(max(timesteps, 1)), (n, features)),
    ):
        steps = 1 if isinstance(transformer, SequenceWindower) else max(timesteps, 1)
        transformer.fit(np.zeros((2, steps * max(features, 1))))
        try:
            result = transformer.inverse_transform(X.array)
        except (TypeError, ValueError) as error:
            with pytest.raises(type(error)):
                transformer.inverse_transform(X.plain)
        else:
            assert result.shape == shape
            assert_same(result, transformer.inverse_transform(X.plain))
    X.assert_untouched()
