"""The code of the README runs, its commands and links exist, and its values are right."""

import re
import subprocess
import sys
import tomllib
from contextlib import chdir
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from skl_lstm import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FRONT_PAGE = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


# Unpacking fails if a block is added, so none is left untested.
EXAMPLE, SCIKERAS, COMPARISON, INTERVALS, STEPS, DEPLOY = blocks("python")
INSTALLING, COMMANDS, MAKING = blocks("sh")
(VERDICT,) = blocks("text")


def run(block, names):
    """Run a block of the README with the variables of the blocks before it."""
    exec(compile(block, "README.md", "exec"), names)
    return names


def last_value(block, names):
    """Run a block of the README, and return the value of its last line."""
    *before, last = block.strip().splitlines()
    return eval(last, run("\n".join(before), names))


@pytest.fixture(scope="module")
def first_example(tmp_path_factory):
    """The variables of the first example after it has run, and the folder of its picture."""
    folder = tmp_path_factory.mktemp("readme")
    with chdir(folder):
        names = run(EXAMPLE, {})
    plt.close("all")
    return names, folder


@pytest.fixture
def names(first_example):
    """The variables of the first example, for a block below it."""
    return dict(first_example[0])


def test_the_example_is_short_and_draws_a_picture(first_example):
    names, folder = first_example
    assert len(EXAMPLE.split("\n\n")) == 2  # imports and code
    assert len([line for line in EXAMPLE.splitlines() if line]) <= 8
    assert [path.name for path in folder.iterdir()] == ["forecast.png"]
    assert names["tested"]["origin"].min() == pd.Timestamp("2014-12-31")
    assert names["tested"]["time"].max() == pd.Timestamp("2015-12-31")


def test_the_errors_are_those_of_the_held_out_year(names, capsys):
    run(COMPARISON, names)
    assert capsys.readouterr().out == VERDICT
    tested = names["tested"]
    assert tested["origin"].nunique() == 365
    squared = (tested["truth"] - tested["forecast"]) ** 2
    errors = np.sqrt(squared.groupby(tested["model"]).mean())
    for page in (README, FRONT_PAGE):
        prose = " ".join(page.split())
        assert f"of the year is {errors['LSTM']:.1f} °C" in prose
        assert f"has an RMSE of {errors['persistence']:.1f}." in prose


def test_one_search_tunes_look_back_and_units_of_a_scikeras_network(names):
    # One size, because scikeras traces a graph for every fit.
    quicker = SCIKERAS.replace("[8, 16]", "[16]")
    assert quicker != SCIKERAS
    search = run(quicker, names)["search"]
    assert search.n_features_in_ == 14
    assert list(search.cv_results_["param_sequencereshaper__timesteps"]) == [7, 14]
    assert search.best_score_ > 0.6  # R² of the test rows
    network = search.best_estimator_[-1]
    assert type(network) is names["KerasRegressor"]
    assert network.model_.get_layer(index=1).units == 16
    assert search.predict(names["lags"]).shape == names["next_day"].shape


def test_the_speeds_are_those_of_the_page():
    page = (ROOT / "docs/speed.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| S: search of 31 fits")]
    ours, scikeras, skorch = re.findall(r"\| ([\d.]+) s", row)
    prose = " ".join(README.split())
    sentence = f"takes {ours} s, with plain scikeras {scikeras} s, and with skorch and PyTorch"
    units, rows = re.search(r"LSTM\((\d+)\), ([\d,]+) rows", row).groups()
    assert f"A search of 31 fits {sentence} {skorch} s ({units} units, {rows} rows)." in prose


def test_the_next_day_has_an_interval(names):
    coming = last_value(INTERVALS, names)
    assert list(coming) == ["temp_max", "temp_max_lower", "temp_max_upper"]
    assert list(coming.index) == [pd.Timestamp("2016-01-01")]
    point, lower, upper = coming.iloc[0]
    assert lower < point < upper


def test_every_day_of_a_month_gets_a_label(names):
    predicted = last_value(STEPS, names)
    days, labels = names["days"], names["labels"]
    assert len(days) == 48
    assert {len(month) for month in days} <= {28, 29, 30, 31}
    assert sorted(names["steps"].classes_) == ["drizzle", "fog", "rain", "snow", "sun"]
    assert [len(month) for month in predicted] == [len(month) for month in days[36:]]
    # Better than the label that is most frequent in the tested months.
    most_frequent = pd.concat(labels[36:]).value_counts(normalize=True).max()
    assert names["steps"].score(days[36:], labels[36:]) > most_frequent + 0.05


def test_a_model_is_exported_and_forecasts_from_new_rows(names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pushed = last_value(DEPLOY, names)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    np.testing.assert_array_equal(pushed["temp_max"], names["model"].predict(names["weather"])[-1:])


def test_a_csv_becomes_a_model_that_is_tuned_and_saved(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    hours = pd.date_range("2024-01-01", periods=24 * 40, freq="h", name="hour")
    rhythm = np.sin(np.arange(len(hours)) * np.pi / 12)
    noise = np.random.default_rng(0).normal(scale=0.1, size=len(hours))
    table = pd.DataFrame({"load": 50 + 10 * (rhythm + noise), "temperature": rhythm}, hours)
    table.to_csv("load.csv")
    fit, coming = [line.split()[1:] for line in COMMANDS.splitlines()]
    assert cli.main([*fit, "--timesteps", "6", "--units", "4", "--epochs", "2"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"load.csv", "load.skops", "forecast.png"}
    assert "Intervals for 90 %" in capsys.readouterr().out
    assert cli.main(coming) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "hour,load,load_lower,load_upper"
    assert len(rows) == 24
    assert rows[0].startswith("2024-02-10 00:00:00,")


def test_what_is_installed_is_the_package_with_its_extra():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert INSTALLING.split("'") == ["pip install ", f"{project['name']}[cli]", "\n"]
    packages = [re.split(r"[>=]", line)[0] for line in project["optional-dependencies"]["cli"]]
    *others, last = sorted(packages)
    prose = " ".join(README.split())
    assert f"The extra `cli` adds {', '.join(others)} and {last}." in prose


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_pages_lead_to_files(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).is_file(), target


def test_the_commands_are_targets_of_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert re.findall(r"^make (\w+)", MAKING, flags=re.MULTILINE) == ["demo", "test"]
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
