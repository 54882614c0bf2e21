"""The code of the README runs, its commands and links exist, and its values are right."""

import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skl_lstm import forecast

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def python_blocks(text):
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


# Unpacking fails if a block is added, so none is left untested.
EXAMPLE, INTERVALS, FROM_CSV, BY_HAND, STEPS, SHAPES, WIDE = python_blocks(README)


def shown_values(block):
    """The expressions of a block whose value is given in a comment, with this value."""
    return re.findall(r"^([a-zA-Z].*?) +# (\(.*|\[.*|\d+)$", block, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def first_example():
    """The variables of the first example after it has run, and its output."""
    names, printed = {}, io.StringIO()
    with redirect_stdout(printed):
        exec(compile(EXAMPLE, "README.md", "exec"), names)
    plt.close("all")
    return names, printed.getvalue()


def test_the_example_tunes_a_look_back_and_compares_the_result(first_example):
    names, printed = first_example
    held_out = names["held_out"]
    assert names["search"].best_params_["sequencewindower__timesteps"] in (7, 14)
    squared = (held_out["truth"] - held_out["forecast"]) ** 2
    errors = np.sqrt(squared.groupby(held_out["model"]).mean())
    assert f"{errors['LSTM']:.1f} °C" in README
    assert f"RMSE of {errors['persistence']:.1f}" in README
    assert held_out["origin"].nunique() == 365
    verdict, *table = printed.splitlines()
    assert verdict in README
    assert [line.split()[0] for line in table] == ["temp_max", "date", "2016-01-01"]


def test_the_example_gets_intervals(first_example):
    names, printed = dict(first_example[0]), io.StringIO()
    with redirect_stdout(printed):
        exec(compile(INTERVALS, "README.md", "exec"), names)
    header, _, day = printed.getvalue().splitlines()
    assert header.split() == ["temp_max", "temp_max_lower", "temp_max_upper"]
    _, point, lower, upper = day.split()
    assert float(lower) < float(point) < float(upper)


def test_a_csv_becomes_a_model_that_is_tuned_and_saved(first_example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hours = pd.date_range("2024-01-01", periods=24 * 40, freq="h", name="hour").delete(300)
    rhythm = np.sin(np.arange(len(hours)) * np.pi / 12)
    noise = np.random.default_rng(0).normal(scale=0.1, size=len(hours))
    table = pd.DataFrame({"load": 50 + 10 * (rhythm + noise), "temperature": rhythm}, hours)
    table.to_csv("load.csv")
    names = dict(first_example[0])
    exec(compile(quicker(FROM_CSV), "README.md", "exec"), names)
    assert names["search"].best_score_ > 0.5
    # The rows without a complete next day: before the hole, and at the end.
    assert len(names["hours"]) - len(names["X"]) == 48
    assert {path.name for path in tmp_path.iterdir()} == {"load.csv", "load.skops"}
    coming = forecast(names["model"], names["hours"], target="load")
    np.testing.assert_array_equal(coming["load"], names["search"].predict(names["hours"])[-1])
    assert coming.index[0] == hours[-1] + pd.Timedelta(hours=1)


def quicker(block):
    """The same code with a smaller and faster model."""
    return block.replace("(epochs=10)", "(8, epochs=3, learning_rate=0.01)").replace(
        "[24, 48]", "[6, 12]"
    )


def test_three_lines_replace_reshaping_by_hand(first_example):
    names = dict(first_example[0])
    exec(compile(BY_HAND.replace("epochs=5", "epochs=1"), "README.md", "exec"), names)
    assert names["X"].shape == (len(names["series"]) - 10, 10)
    assert names["model"].predict(names["X"]).shape == names["y"].shape


def test_every_day_of_a_month_gets_a_label(first_example, capsys):
    names = dict(first_example[0])
    printed = STEPS.replace("print(cross_val_score", "scores = (cross_val_score")
    exec(compile(printed, "README.md", "exec"), names)
    assert "weighted avg" in capsys.readouterr().out
    days = pd.concat(names["y"])
    # Better than always predicting the most frequent label of the training months.
    assert names["scores"].mean() > days.value_counts(normalize=True).max() + 0.05
    months = names["months"]
    assert len(months) == len(names["X"]) == 48
    assert {len(month) for month in months} <= {28, 29, 30, 31}
    assert sorted(names["classifier"].classes_) == ["drizzle", "fog", "rain", "snow", "sun"]
    assert [len(labels) for labels in names["predicted"]] == [len(m) for m in months[36:]]


def test_a_wide_table_serves_every_look_back(first_example):
    names = dict(first_example[0])
    exec(compile("\n".join([BY_HAND, SHAPES, WIDE]), "README.md", "exec"), names)
    search = names["search"].set_params(estimator__lstmregressor__epochs=1)
    assert names["X"].shape[1] == 56
    assert search.fit(names["X"], names["y"]).best_params_["sequencereshaper__timesteps"] in (7, 14)


def test_every_value_matches_its_comment(first_example):
    names = dict(first_example[0])
    exec(compile("\n".join([BY_HAND, SHAPES]), "README.md", "exec"), names)
    shown = shown_values(SHAPES)
    assert len(shown) == 4
    assert [str(eval(code, names)) for code, _ in shown] == [value for _, value in shown]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_pages_lead_to_files(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).is_file(), target


def test_the_commands_are_targets_of_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", README, flags=re.MULTILINE)) == {"demo", "test"}
    assert {"demo", "test", "lint", "format", "docs", "pictures", "bench"} <= targets


@pytest.mark.parametrize(
    "job",
    [[], ["fit"], ["forecast"], ["predict"], ["export"]],
    ids=["main", "fit", "forecast", "predict", "export"],
)
def test_the_command_page_lists_every_option(job):
    page = (ROOT / "docs/command.md").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "skl_lstm", *job, "--help"],
        check=True,
        capture_output=True,
        text=True,
    )
    options = set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help", "--version"}
    assert options <= set(re.findall(r"--[a-z-]+", page))


def test_the_command_page_names_the_defaults():
    from skl_lstm.cli import arguments

    page = (ROOT / "docs/command.md").read_text(encoding="utf-8")
    defaults = vars(arguments.parse_args([]))
    for option in ("timesteps", "units"):
        assert f"| {' '.join(map(str, defaults[option]))} |" in page
