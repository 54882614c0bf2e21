"""The lists in pyproject.toml and the page on the structure are complete and up to date."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]

# Modules of these folders that `make mutate` leaves out: their classes and checks call other
# libraries, and a mutant of such a call is found by tests that train, which take too long.
NOT_MUTATED = {
    "skl_lstm/_core/backtest_frames.py",
    "skl_lstm/_core/diagrams.py",
    "skl_lstm/_core/every_step.py",
    "skl_lstm/_core/float_type.py",
    "skl_lstm/_core/interval_scores.py",
    "skl_lstm/_core/memmaps.py",
    "skl_lstm/_core/messages.py",
    "skl_lstm/_core/missing.py",
    "skl_lstm/_core/older_files.py",
    "skl_lstm/_core/public.py",
    "skl_lstm/_core/row_selection.py",
    "skl_lstm/_core/sequences.py",
    "skl_lstm/_core/step_values.py",
    "skl_lstm/_core/timed_windows.py",
    "skl_lstm/_core/trusted_types.py",
    "skl_lstm/_core/uncertainty.py",
    "skl_lstm/_core/user_warnings.py",
    "skl_lstm/_core/validation.py",
    "skl_lstm/transformers/base.py",
    "skl_lstm/transformers/flattener.py",
    "skl_lstm/transformers/leads.py",
    "skl_lstm/transformers/padder.py",
    "skl_lstm/transformers/per_timestep.py",
    "skl_lstm/transformers/reshaper.py",
    "skl_lstm/transformers/supervised.py",
    "skl_lstm/transformers/windower.py",
}


def modules(folder):
    """Return the modules below a folder, as paths from the root."""
    found = (ROOT / folder).rglob("*.py")
    return {str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py"}


def test_every_folder_says_what_it_holds():
    # setuptools finds the folders; test_distribution.py compares the wheel with them.
    assert SETTINGS["setuptools"]["packages"]["find"] == {"include": ["skl_lstm*"]}
    for folder in {(ROOT / module).parent for module in modules("skl_lstm")}:
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))


def test_every_module_of_the_core_and_the_transformers_is_mutated_or_left_out_on_purpose():
    mutated = set(SETTINGS["mutmut"]["only_mutate"])
    assert mutated | NOT_MUTATED == modules("skl_lstm/_core") | modules("skl_lstm/transformers")
    assert not mutated & NOT_MUTATED


def test_every_folder_and_module_is_a_stage_of_the_import_contract():
    stages = SETTINGS["importlinter"]["contracts"][0]["layers"]
    package = ROOT / "skl_lstm"
    folders = {folder.parent.name for folder in package.glob("*/__init__.py")}
    # The two others are the front door, and the command.
    at_the_top = {module.stem for module in package.glob("*.py")} - {"__init__", "__main__"}
    assert set(stages) == {f"skl_lstm.{name}" for name in folders | at_the_top}


def test_the_page_on_the_structure_names_files_and_functions_that_exist():
    page = (ROOT / "docs" / "how_it_is_built.md").read_text(encoding="utf-8")
    sources = [ROOT / module for module in modules("skl_lstm")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    files = [str(path.relative_to(ROOT)) for path in sources]
    for name in re.findall(r"`([\w./]+)`", page):
        if name.endswith(".py"):
            assert any(file.endswith(f"/{name}") for file in files), name
        elif "/" not in name and name != "_more_tags":  # an attribute of scikeras
            assert re.search(rf"\b{re.escape(name.rpartition('.')[2])}\b", code), name
