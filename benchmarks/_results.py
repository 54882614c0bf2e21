"""Targets and results: the table that shows them, and the file that stores them."""

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from ._timing import console, duration, megabytes

_FILE = Path(__file__).parent / "results" / "engine.json"
_SHOW = {"seconds": duration, "bytes": megabytes}


class Outcome(NamedTuple):
    """The measurements of skl_lstm and of a peer, and a target.

    The target applies to the ratio of the peer to skl_lstm if `is_ratio`, else to skl_lstm alone.
    """

    work: str
    against: str
    unit: str
    ours: float
    theirs: float
    target: float
    is_ratio: bool

    @property
    def reached(self) -> float:
        return self.theirs / self.ours if self.is_ratio else self.ours

    @property
    def met(self) -> bool:
        return self.reached >= self.target if self.is_ratio else self.reached <= self.target

    def texts(self) -> list[str]:
        show = _SHOW[self.unit]
        if self.is_ratio:
            judged = [f"≥ {self.target:g} x", f"{self.reached:#.3g} x"]
        else:
            judged = [f"≤ {show(self.target)}", show(self.reached)]
        met = "met" if self.met else "MISSED"
        return [self.work, self.against, show(self.ours), show(self.theirs), *judged, met]

    def as_dict(self) -> dict[str, object]:
        return {**self._asdict(), "reached": self.reached, "met": self.met}


def times_faster(work: str, against: str, ours: float, theirs: float, target: float) -> Outcome:
    """Compare the ratio of the peer's seconds to those of skl_lstm with a target."""
    return Outcome(work, against, "seconds", ours, theirs, target, is_ratio=True)


def at_most(
    work: str, against: str, ours: float, theirs: float, target: float, unit: str = "bytes"
) -> Outcome:
    """Compare what skl_lstm takes with a target; that of the peer is only shown."""
    return Outcome(work, against, unit, ours, theirs, target, is_ratio=False)


def show_outcomes(outcomes: Sequence[Outcome]) -> None:
    table = Table(title="Targets", title_justify="left", title_style="bold")
    table.add_column("")
    table.add_column("against")
    for header in ("skl_lstm", "peer", "target", "reached", ""):
        table.add_column(header, justify="right")
    for outcome in outcomes:
        table.add_row(*outcome.texts())
    console.print(table)


def save(
    section: str, packages: Sequence[str], outcomes: Sequence[Outcome], measured: object
) -> None:
    """Write the results of one benchmark to the file, which keeps those of the others."""
    results = json.loads(_FILE.read_text()) if _FILE.is_file() else {}
    results[section] = {
        "setting": _setting(packages),
        "targets": [outcome.as_dict() for outcome in outcomes],
        "measured": measured,
    }
    _FILE.parent.mkdir(exist_ok=True)
    _FILE.write_text(json.dumps(results, indent=1) + "\n")
    console.print(f"Written to {_FILE.relative_to(_FILE.parents[2])}.", style="dim")


def _setting(packages: Sequence[str]) -> dict[str, object]:
    versions = {package: version(package) for package in packages}
    return {"python": platform.python_version(), "cores": os.cpu_count(), **versions}
