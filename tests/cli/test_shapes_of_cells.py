"""Columns of text are matched by the shapes of their values, with the same result."""

import re

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from skl_lstm.cli import dates, decimals

PATTERNS = [*decimals._PATTERNS.values(), *dates._FORMS, r"\d+(?:\.0+)?"]
CELLS = st.one_of(
    st.text("0123456789.,'-+eE ", max_size=9),
    st.dates().map(lambda day: f"{day:%d.%m.%Y}"),
    st.datetimes().map(lambda time: f"{time:%Y-%m-%d %H:%M}"),
    st.tuples(st.integers(2000, 2001), st.integers(0, 9)).map(lambda q: f"{q[0]}Q{q[1]}"),
    st.sampled_from([None, 1.5, "1\0", "5 Mar 2024"]),
)


@settings(deadline=None)
@given(values=st.lists(CELLS, max_size=4) | CELLS.map(lambda cell: [cell] * 3))
def test_a_column_matches_if_all_of_its_values_match(values):
    for pattern in PATTERNS:
        expected = all(isinstance(v, str) and re.fullmatch(pattern, v) for v in values)
        assert decimals.matches_all(values, pattern) == expected


def plain_float(text, decimal):
    marks = {",": ".", ".": ","}[decimal] + " \u00a0\u202f\u2009'\u2019"
    return float("".join(mark for mark in text if mark not in marks).replace(decimal, "."))


@settings(deadline=None)
@given(
    numbers=st.lists(st.floats(-1e9, 1e9).map(lambda x: f"{x:,.3f}"), max_size=5),
    decimal=st.sampled_from([".", ","]),
    gap=st.booleans(),
)
def test_numbers_are_converted_as_one_by_one(numbers, decimal, gap):
    other = {".": ",", ",": "."}[decimal]
    texts = [number.translate(str.maketrans({",": other, ".": decimal})) for number in numbers]
    column = pd.Series([*texts, *[None] * gap], dtype=object, name="v")
    expected = [plain_float(text, decimal) for text in texts] + [float("nan")] * gap
    converted = decimals.to_float(column, decimal)
    pd.testing.assert_series_equal(converted, pd.Series(expected, name="v", dtype=float))
