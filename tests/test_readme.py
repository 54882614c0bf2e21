"""The README is true: its code runs, its commands exist, its picture is the code's."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def python_blocks(text):
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


PYTHON_BLOCKS = python_blocks(README)


def shown_values(block):
    """The expressions of a block that a comment gives the value of."""
    return re.findall(r"^([a-zA-Z].*?) +# (\(.*|\[.*|\d+)$", block, flags=re.MULTILINE)


def test_the_example_tunes_a_look_back(capsys):
    names = {}
    exec(compile(PYTHON_BLOCKS[0], "README.md", "exec"), names)
    search = names["search"]
    assert capsys.readouterr().out == f"{search.best_params_} {search.best_score_}\n"
    assert search.best_params_["sequencewindower__timesteps"] in (7, 14)
    assert search.best_score_ > 0.5
    exec(compile("\n".join(PYTHON_BLOCKS[1:]), "README.md", "exec"), names)
    search = names["search"].set_params(estimator__lstmregressor__epochs=1)
    assert search.fit(names["X"], names["y"]).best_params_["sequencereshaper__timesteps"] in (7, 14)


def test_every_value_is_as_the_comment_says():
    names = {}
    shown = shown_values(PYTHON_BLOCKS[1])
    assert len(shown) == 4
    exec(compile(PYTHON_BLOCKS[1], "README.md", "exec"), names)
    assert [str(eval(code, names)) for code, _ in shown] == [value for _, value in shown]


def test_no_block_is_left_untested():
    assert len(PYTHON_BLOCKS) == 3


def test_the_code_of_the_ragged_page_learns():
    (block,) = python_blocks((ROOT / "docs/ragged.md").read_text(encoding="utf-8"))
    names = {}
    exec(compile(block, "docs/ragged.md", "exec"), names)
    assert names["scores"].mean() > 0.8


def test_the_values_of_the_windows_page():
    names, seen = {}, []
    for block in python_blocks((ROOT / "docs/windows.md").read_text(encoding="utf-8")):
        exec(compile(block, "docs/windows.md", "exec"), names)
        for code, value in shown_values(block):
            assert str(eval(code, names)) == value
            seen.append(value)
    assert seen == ["(50000, 100, 10)", "[[50, 50, 50], [50, 50, 60]]", "2"]
    assert names["windows"].strides == (80, 80, 8)


def test_the_code_of_the_estimators_page_makes_estimators_that_fit():
    own, progress, scikeras = python_blocks(
        (ROOT / "docs/estimators.md").read_text(encoding="utf-8")
    )
    names = {}
    X = np.random.default_rng(0).normal(size=(12, 3, 2))
    exec(own, names)
    labels = np.array(["a", "b", "c"] * 4)
    names["classifier"].set_params(epochs=1, run_eagerly=True).fit(X, labels)
    assert names["classifier"].predict_proba(X).shape == (12, 3)
    exec(scikeras, names)
    names["regressor"].set_params(epochs=1, run_eagerly=True).fit(X, np.arange(12.0))
    assert names["regressor"].predict(X).shape == (12,)
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 brings it")
    exec(progress, names)
    assert names["search"].estimator.get_params()["units"] == 32


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/command.md",
        "docs/estimators.md",
        "docs/ragged.md",
        "docs/windows.md",
    ],
)
def test_links_between_pages_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).is_file(), target


def test_the_commands_are_targets_of_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", README, flags=re.MULTILINE)) == {"demo", "test"}
    assert {"demo", "test", "lint", "format", "bench"} <= targets


def test_the_command_page_lists_every_option():
    from skl_lstm import cli

    page = (ROOT / "docs/command.md").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "skl_lstm", "--help"], check=True, capture_output=True, text=True
    )
    options = set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help", "--version"}
    assert options <= set(re.findall(r"--[a-z-]+", page))
    defaults = vars(cli.parse_args([]))
    for option in ("timesteps", "units"):
        assert f"| {' '.join(map(str, defaults[option]))} |" in page


def test_the_picture_is_what_the_code_draws(tmp_path):
    script = tmp_path / "three_axes.py"
    script.write_bytes((ROOT / "docs/three_axes.py").read_bytes())
    subprocess.run([sys.executable, str(script)], check=True)
    drawn, kept = script.with_suffix(".svg"), ROOT / "docs/three_axes.svg"

    def skeleton(svg):
        # Coordinates depend on the version of matplotlib; what is drawn does not.
        return re.findall(r"<!-- (.*?) -->", svg.read_text(encoding="utf-8"))

    assert skeleton(drawn) == skeleton(kept) != []
