"""What a release states: its version and its date are the same in all files."""

import json
import re
import tomllib
from pathlib import Path

import yaml

import skl_lstm

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
RELEASES = re.findall(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", CHANGELOG, flags=re.MULTILINE)


def numbers_in(version):
    return [int(number) for number in version.split(".")]


def test_the_changelog_lists_the_releases_from_the_newest_to_the_oldest():
    headings = re.findall(r"^## (.*)$", CHANGELOG, flags=re.MULTILINE)
    assert headings == ["Unreleased", *(f"{version} - {date}" for version, date in RELEASES)]
    numbers = [numbers_in(version) for version, _ in RELEASES]
    assert numbers == sorted(numbers, reverse=True)
    dates = [date for _, date in RELEASES]
    assert dates == sorted(dates, reverse=True)


def test_the_citation_is_that_of_the_newest_release():
    assert (CITATION["version"], CITATION["date-released"]) == RELEASES[0]
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["license"] == PROJECT["license"]
    assert [author["name"] for author in CITATION["authors"]] == [
        author["name"] for author in PROJECT["authors"]
    ]
    assert CITATION["keywords"] == PROJECT["keywords"]


def test_the_version_is_the_newest_release_or_in_development_after_it():
    version, _, in_development = skl_lstm.__version__.partition(".dev")
    released = RELEASES[0][0]
    assert version == released or in_development
    assert numbers_in(version) > numbers_in(released) or not in_development


def test_every_release_has_golden_files():
    folders = {path.name for path in (ROOT / "tests" / "golden").iterdir()}
    assert folders == {version for version, _ in RELEASES}


def test_the_site_lists_the_newest_release_first():
    listed = json.loads((ROOT / "docs" / "_static" / "switcher.json").read_text("utf-8"))
    versions = [one["version"] for one in listed]
    assert versions == [v for v, _ in RELEASES if v in versions] + ["dev"] * ("dev" in versions)
    newest = RELEASES[0][0]
    assert listed[0] == {
        "name": f"{newest} (stable)",
        "version": newest,
        "url": "/",
        "preferred": True,
    }
    assert [one["url"] for one in listed[1:]] == [f"/{version}/" for version in versions[1:]]


def test_the_classifiers_name_the_versions_of_python_from_the_oldest_on():
    named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if "Python :: 3." in one]
    assert f">={named[0]}" == PROJECT["requires-python"]
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    tested = yaml.safe_load(workflow)["jobs"]["newest"]["strategy"]["matrix"]["python"]
    assert [tested[0], tested[-1]] == [named[0], named[-1]]
