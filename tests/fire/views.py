"""What each command says of a workload, read out of its JSON, and what it should say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fire.cluster import FAILURES, REQUESTS
from tests.fire.conftest import Command, Ran

WINDOW = 10.0
Numbers = dict[str, tuple[float | None, float | None]]
"""Requests per second and success rate by workload."""


@dataclass(frozen=True)
class View:
    """One command that shows traffic. `line` is run, `read` finds the numbers."""

    name: str
    line: str
    read: Callable[[str], Numbers]
    seconds: float = WINDOW
    inbound: bool = True
    """Whether what comes in is shown, failures with it; otherwise what goes out, which never fails."""
    goes_on: bool = False
    """Whether it looks more than twice."""

    def __str__(self) -> str:
        return self.name

    def right(self, successes: float = REQUESTS, failures: float = FAILURES) -> tuple[float, float]:
        """The numbers for so many requests between two looks."""
        failed = failures if self.inbound else 0.0
        return (successes + failed) / self.seconds, successes / (successes + failed)

    def run(self, linkerdctl: Command, folder: Path, timeout: str = "10s") -> tuple[Ran, Numbers]:
        """What it left and what it says. A recording is looked at with `stat`, which tells what `record` did not notice."""
        output = folder / "recording"
        line = self.line.format(output=output)
        ran = linkerdctl(f"{line} --timeout {timeout}")
        if not line.startswith("record"):
            return ran, self.read(ran.out)
        shown = linkerdctl(f"--recording {output} stat deploy -n fire -t 1s -o json")
        noticed = "not answer" in ran.err or "not always answer" in ran.err
        return Ran(ran.code, shown.out, ran.err if noticed else shown.err), self.read(shown.out)


def _by_name(out: str) -> Numbers:
    return {row["name"]: (row["rps"], row["success"]) for row in json.loads(out)}


def _by_route(out: str) -> Numbers:
    return {row["name"]: (row["rps"], row["success"]) for row in json.loads(out) if row["route"] == "r1"}


def _by_source(out: str) -> Numbers:
    return {row["src"]: (row["rps"], row["success"]) for row in json.loads(out)}


def _by_destination(out: str) -> Numbers:
    rows = [json.loads(line) for line in out.splitlines()]
    inbound = [row for row in rows if row["direction"] == "inbound" and row["route"] == "r1"]
    return {row["destination"].removesuffix("-1"): (row["rps"], row["success"]) for row in inbound}


VIEWS = (
    View("stat", "stat deploy -n fire -o json", _by_name),
    View("routes", "routes deploy -n fire -o json", _by_route),
    View("edges", "edges deploy -n fire -o json", _by_source, inbound=False),
    View("top --no-tap", "top ns/fire --no-tap -o json --batch 10s", _by_destination, goes_on=True),
    View("record", "record -n fire --for 1s --every 1s -o {output}", _by_name, 1.0),
)
