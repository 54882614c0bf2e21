"""The benchmark of published results: its data sets, its tables, and one of its scores."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

HEADER = ["# Two sensors", "@problemName Sensors", "@classLabel true left right", "@data"]


def finite_numbers():
    return st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def labelled_sequences(draw):
    """Draw sequences (timesteps, features) with the same features, and their classes."""
    features = draw(st.integers(1, 3))
    step = st.lists(finite_numbers(), min_size=features, max_size=features)
    sequences = draw(st.lists(st.lists(step, min_size=1, max_size=4), min_size=1, max_size=4))
    labels = st.lists(
        st.sampled_from(["left", "right"]), min_size=len(sequences), max_size=len(sequences)
    )
    return [np.array(sequence) for sequence in sequences], draw(labels)


def write_ts(sequences, labels):
    for sequence, label in zip(sequences, labels, strict=True):
        features = []
        for feature in range(sequence.shape[1]):
            features.append(",".join(repr(float(step[feature])) for step in sequence))
        yield ":".join([*features, label])


@pytest.fixture(scope="module")
def parse_ts(benchmarks):
    return benchmarks("_data").parse_ts


@given(data=labelled_sequences())
def test_a_ts_file_is_read_as_it_was_written(parse_ts, data):
    sequences, labels = data
    read, read_labels = parse_ts([*HEADER, *write_ts(sequences, labels), ""])
    assert len(read) == len(sequences)
    for found, expected in zip(read, sequences, strict=True):
        assert_array_equal(found, expected, strict=True)
    assert read_labels.tolist() == labels


@pytest.mark.parametrize(
    ("name", "rows", "lengths", "features", "classes"),
    [
        ("JapaneseVowels", (270, 370), (7, 29), 12, 9),
        ("ItalyPowerDemand", (67, 1029), (24, 24), 1, 2),
        ("GunPoint", (50, 150), (150, 150), 1, 2),
    ],
)
def test_a_classification_task_has_the_published_split(
    read_task, name, rows, lengths, features, classes
):
    task = read_task(name)
    assert (len(task.X_train), len(task.X_test)) == rows
    assert (len(task.y_train), len(task.y_test)) == rows
    sequences = task.X_train + task.X_test
    lengths_found = [len(sequence) for sequence in sequences]
    assert (min(lengths_found), max(lengths_found)) == lengths
    assert {sequence.shape[1] for sequence in sequences} == {features}
    assert set(task.y_train) == set(task.y_test) == {str(1 + i) for i in range(classes)}


def test_the_trading_days_have_the_published_split(read_task):
    task = read_task("NYSE")
    # The first day of the file is no target, because no day before it is known.
    assert (len(task.X_train), len(task.X_test)) == (4281 - 1, 1770)
    assert task.X_train.shape[1] == 3 + 5 + 5  # values, weekday, weekday of the next day
    assert task.X_train.index.max() < task.X_test.index.min()
    # The target of a row is the log volume of the next row.
    following = task.X_test["log_volume"].iloc[1:]
    assert_array_equal(task.y_test.iloc[:-1], following)
    weekdays = ["mon", "tues", "wed", "thur", "fri"]
    known = [f"h1_{day}" for day in weekdays]
    assert_array_equal(task.X_test[known].iloc[:-1], task.X_test[weekdays].iloc[1:])


def test_a_package_that_is_not_installed_is_named(benchmarks):
    message = (
        "NYSE.csv is a part of the wheel of no_such_package, which is not installed. Install it "
        "without its requirements: pip install --no-deps no_such_package."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        benchmarks("_data")._in_wheel("no_such_package", "data", "NYSE.csv")


def test_a_file_that_an_installed_package_lacks_is_named(benchmarks):
    message = (
        "The installed numpy has no data/NYSE.csv. Install a version that has it: pip install "
        "--no-deps --upgrade numpy."
    )
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        benchmarks("_data")._in_wheel("numpy", "data", "NYSE.csv")


def test_published_rows_come_first_and_missing_scores_are_empty(benchmarks):
    accuracy = benchmarks("accuracy")
    published = [
        accuracy.Published("FCN", "[1]", {"A": "0.993 ± 0.002", "B": "1.000"}),
        accuracy.Published("RNN", "[2]", {"B": "0.970"}),
    ]
    scores = {
        "LSTM": {"A": [0.9, 1.0, 0.95], "B": [0.75, 0.75]},
        "ridge": {"A": [0.5], "B": [0.25]},
    }
    assert accuracy.rows_of(published, scores, ["A", "B"]) == [
        ["FCN [1]", "0.993 ± 0.002", "1.000"],
        ["RNN [2]", "", "0.970"],
        ["LSTM", "0.950 ± 0.050", "0.750 ± 0.000"],
        ["ridge", "0.500", "0.250"],
    ]


@pytest.mark.parametrize(
    ("published", "contestants", "names"),
    [
        ("PUBLISHED_R2", "FORECASTERS", ["NYSE"]),
        ("PUBLISHED_ACCURACY", "CLASSIFIERS", ["JapaneseVowels", "ItalyPowerDemand", "GunPoint"]),
    ],
)
def test_the_page_lists_the_published_scores_and_the_models_of_the_benchmark(
    benchmarks, pytestconfig, published, contestants, names
):
    accuracy = benchmarks("accuracy")
    page = (pytestconfig.rootpath / "docs" / "accuracy.md").read_text(encoding="utf-8")
    lines = [line.strip().split("|")[1:-1] for line in page.splitlines()]
    table = [[cell.strip() for cell in cells] for cells in lines]
    rows = accuracy.rows_of(getattr(accuracy, published), {}, names)
    start = table.index(["", *names]) + 2  # after the header and the line under it
    assert table[start : start + len(rows)] == rows
    measured = table[start + len(rows) :]
    models = [row[0] for row in measured[: measured.index([])]]
    assert models == list(getattr(accuracy, contestants))


def test_every_published_score_has_a_source(benchmarks):
    accuracy = benchmarks("accuracy")
    published = accuracy.PUBLISHED_R2 + accuracy.PUBLISHED_ACCURACY
    assert {source for _, source, _ in published} == set(accuracy.SOURCES)


def test_days_of_power_demand_are_classified_by_the_setting_of_the_page(benchmarks, read_task):
    # The page has the scores after 1,000 steps. With 300 steps and seed 0, it is 0.963.
    classifier = benchmarks("accuracy").make_classifier(67, random_state=0, steps=300)
    task = read_task("ItalyPowerDemand")
    assert classifier.fit(task.X_train, task.y_train).score(task.X_test, task.y_test) >= 0.945
