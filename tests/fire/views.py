"""What each command says of a workload, read out of what it prints, and what it should say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.fire.cluster import CERTIFICATE_HOLDS, FAILURES, REQUESTS, WORKLOADS, exposition
from tests.fire.conftest import Command, Ran
from tests.fire.faults import Fault

WINDOW = 10.0
Numbers = dict[str, tuple[float | None, float | None]]
"""Two numbers by workload; most often requests per second and success rate."""


@dataclass(frozen=True)
class View:
    """One command that reads proxies. `line` is run, `read` finds the numbers."""

    name: str
    line: str
    read: Callable[[str], Numbers]
    seconds: float = WINDOW
    inbound: bool = True
    """Whether what comes in is shown, failures with it; otherwise what goes out, which never fails."""
    looks: int = 2
    """At each proxy."""
    goes_on: bool = False
    """Whether it looks more than twice."""
    stands: tuple[float, float] | None = None
    """What stands there at the first look, for who shows that and no rates."""
    tells: Callable[[Ran], list[str]] = lambda ran: ran.lines_about("fire/bad-1")
    """Why a proxy's numbers are missing, by line."""
    code: int = 0
    """How it exits when a proxy does not answer."""
    is_verbatim: bool = False
    """Whether what is no terminal gets every byte as the proxy wrote it."""

    def __str__(self) -> str:
        return self.name

    def right(self, successes: float = REQUESTS, failures: float = FAILURES) -> tuple[float, float]:
        """The numbers for so many requests between two looks."""
        if self.stands:
            return self.stands
        failed = failures if self.inbound else 0.0
        return (successes + failed) / self.seconds, successes / (successes + failed)

    def lost(self, fault: Fault) -> str:
        """Why it has no numbers of a proxy with this fault; empty if it has."""
        return fault.lost if fault.strikes(self.looks) else ""

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


def _rows(name: str, rate: str, success: str, **having: str | None) -> Callable[[str], Numbers]:
    """Reads rows that have these values."""

    def read(out: str) -> Numbers:
        rows = [row for row in json.loads(out) if having.items() <= row.items()]
        return {row[name]: (row[rate], row[success]) for row in rows}

    return read


def _by_destination(out: str) -> Numbers:
    rows = [json.loads(line) for line in out.splitlines()]
    inbound = [row for row in rows if row["direction"] == "inbound" and row["route"] == "r1"]
    return {row["destination"].removesuffix("-1"): (row["rps"], row["success"]) for row in inbound}


def _drawn(out: str) -> Numbers:
    found = re.findall(r'"fire/(\w+)" -> "fire/sink" \[label="([\d.]+)rps, ([\d.]+)%"\]', out)
    return {name: (float(rate), float(percent) / 100) for name, rate, percent in found}


def _of_samples(out: str) -> Numbers:
    """The first of each, as all that a proxy says is shown, twice if it says it twice."""
    found: dict[tuple[str, str], float] = {}
    for row in json.loads(out):
        labels = row["labels"]
        if row["name"] == "response_total" and labels.get("authz_name") == "p1":
            found.setdefault((row["pod"].removesuffix("-1"), labels["classification"]), row["value"])
    return {name: (found[name, "success"], found[name, "failure"]) for name, _ in found}


def _of_texts(out: str) -> Numbers:
    found: Numbers = {}
    for part in out.split("# POD ")[1:]:
        values = re.findall(r'^response_total\{.*authz_name="p1".* (\d+)$', part, re.MULTILINE)
        if values:
            found[part.partition("-1")[0]] = (float(values[0]), float(values[1]))
    return found


def _of_certificates(out: str) -> Numbers:
    return {
        row["name"].removesuffix("-1"): (datetime.fromisoformat(row["not_after"]).timestamp(), float(row["refreshes"]))
        for row in json.loads(out)
    }


def _checked(out: str) -> dict[str, Any]:
    found = json.loads(out)["categories"]
    return {check["id"]: check for category in found for check in category["checks"]}


def _of_checks(out: str) -> Numbers:
    """Who answered, and how many versions those are of."""
    checks = _checked(out)
    silent = re.findall(r"fire/(\w+)-1", checks["proxies-answer"].get("error", ""))
    versions = 1.0 if checks["proxies-one-version"]["result"] == "success" else 2.0
    return {name: (1.0, versions) for name in WORKLOADS if name not in silent}


def _told_by_check(ran: Ran) -> list[str]:
    error = _checked(ran.out)["proxies-answer"].get("error")
    return [error] if error else []


_FIRST = (100.0 + REQUESTS, float(FAILURES))

VIEWS = (
    View("stat", "stat deploy -n fire -o json", _rows("name", "rps", "success")),
    View("routes", "routes deploy -n fire -o json", _rows("name", "rps", "success", route="r1")),
    View("edges", "edges deploy -n fire -o json", _rows("src", "rps", "success"), inbound=False),
    View("top --no-tap", "top ns/fire --no-tap -o json --batch 10s", _by_destination, goes_on=True),
    View("record", "record -n fire --for 1s --every 1s -o {output}", _rows("name", "rps", "success"), 1.0),
    View(
        "authz",
        "authz deploy -n fire -o json",
        _rows("name", "rps", "success", authorization="authorizationpolicy/p1"),
    ),
    View("metrics", "metrics deploy -n fire -o json", _of_samples, looks=1, stands=_FIRST),
    View("identity", "identity -n fire -o json", _of_certificates, looks=1, stands=(CERTIFICATE_HOLDS, 3.0)),
)
"""One of each way that commands have to proxies; all faults are tried with these."""
OTHERS = (
    View("stat-inbound", "stat-inbound deploy -n fire -o json", _rows("name", "rps", "successesRate", route="r1")),
    View(
        "stat-outbound",
        "stat-outbound deploy -n fire -o json",
        _rows("name", "rps", "successRate", backend=None),
        inbound=False,
    ),
    View("backends", "stat-outbound deploy -n fire -o json", _rows("name", "rps", "successRate", backend="sink"),
         inbound=False),
    View("graph", "graph deploy -n fire -o dot", _drawn, inbound=False),
    View("metrics as text", "metrics deploy -n fire", _of_texts, looks=1, stands=_FIRST, is_verbatim=True),
    View("check", "check -n fire -o json", _of_checks, looks=1, stands=(1.0, 1.0), tells=_told_by_check, code=4),
)  # fmt: skip
"""Commands that take one of these ways too."""


@dataclass(frozen=True)
class Sum:
    """One command whose row is the sum of all proxies. `read` finds its number."""

    line: str
    read: Callable[[list[dict[str, Any]]], float]
    each: Callable[[float, float], float]
    """What one proxy adds, by its successes and failures from look to look."""
    looks: int = 2

    def __str__(self) -> str:
        return self.line


def _rate(name: str) -> Callable[[list[dict[str, Any]]], float]:
    return lambda rows: next(float(row["rps"]) for row in rows if row["name"] == name)


def _all(successes: float, failures: float) -> float:
    return (successes + failures) / WINDOW


def _sent(successes: float, failures: float) -> float:
    return successes / WINDOW


def _series(rows: list[dict[str, Any]]) -> float:
    return next(float(row["series"]) for row in rows if row["family"] == "response_latency_ms_bucket")


def _values(rows: list[dict[str, Any]]) -> float:
    return next(float(row["series"]) for row in rows if row["label"] == "le")


BUCKETS = exposition(1).count("response_latency_ms_bucket{")
SUMS = (
    Sum("stat ns/fire", _rate("fire"), _all),
    Sum("stat authority -n fire", _rate("sink.fire"), _sent),
    Sum("stat server -n fire", _rate("http"), _all),
    Sum("stat httproute -n fire", _rate("r1"), _all),
    Sum("stat authorizationpolicy -n fire", _rate("p1"), _all),
    Sum("authz server -n fire", _rate("http"), _all),
    Sum("metrics cardinality -n fire", _series, lambda *_: float(BUCKETS), looks=1),
    Sum("metrics cardinality -n fire --by label", _values, lambda *_: float(BUCKETS), looks=1),
)
