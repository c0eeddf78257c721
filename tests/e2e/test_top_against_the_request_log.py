"""`top` against a running mesh: its counts are those of the mesh's request log, by tap and by metrics."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.cli.run import run
from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.profiles.folding import folded
from tests.conftest import DemoFactory
from tests.e2e.conftest import Command, Ran, pod_of

WEB = "deploy/web -n emojivoto"
EVERYTHING = "--max-rps 100000"
EDGE = 0.6
"""Seconds at either end of a tap in which a request may have been told of or not."""


def looks(ran: Ran) -> dict[float, list[dict[str, Any]]]:
    """Rows by the time they were shown."""
    found: dict[float, list[dict[str, Any]]] = {}
    for line in ran.out.splitlines():
        row = json.loads(line)
        found.setdefault(row["time"], []).append(row)
    return found


def rows_of(ran: Ran) -> list[dict[str, Any]]:
    """Those of the last table."""
    return list(looks(ran).values())[-1]


def name_of(row: dict[str, Any]) -> tuple[str, ...]:
    return row["source"], row["destination"], row["method"], row["path"]


def name(hop: Hop) -> tuple[str, ...]:
    return hop.client.name, hop.server.name, hop.method, folded(hop.method, hop.path)


def hops(mesh: DemoMesh, chosen: Callable[[Hop], bool]) -> list[Hop]:
    return mesh.call(lambda: [hop for hop in mesh.log.hops if chosen(hop)])


def test_every_row_counts_what_the_log_holds(mesh: DemoMesh, linkerdctl: Command) -> None:
    began = mesh.call(mesh.mesh.advance)
    ran = linkerdctl(f"top {WEB} {EVERYTHING} -o json --batch 1s --duration 4s")
    ended = mesh.call(mesh.mesh.advance)
    rows, web = rows_of(ran), pod_of(mesh, "web").key
    of_web = hops(mesh, lambda hop: web in (hop.client.key, hop.server.key))
    surely = [hop for hop in of_web if hop.started > began + 2 * EDGE and hop.ended < ended - 2 * EDGE]
    perhaps = [hop for hop in of_web if hop.started > began and hop.started < ended]
    counts = Counter({name_of(row): row["count"] for row in rows})
    failures = Counter({name_of(row): row["failures"] for row in rows})

    assert ran.code == 0
    assert sum(counts.values()) > 100
    assert Counter(map(name, surely)) <= counts <= Counter(map(name, perhaps))
    assert Counter(name(hop) for hop in surely if hop.failed) <= failures
    assert failures <= Counter(name(hop) for hop in perhaps if hop.failed)


def test_latencies_are_those_of_the_log(mesh: DemoMesh, linkerdctl: Command) -> None:
    ran = linkerdctl(f"top {WEB} {EVERYTHING} --path /api/vote -o json --batch 3s --duration 3s")
    [row] = rows_of(ran)
    times = {
        round((hop.server_ended - hop.server_started) * 1000, 3)
        for hop in hops(mesh, lambda hop: hop.path == "/api/vote")
    }
    assert {row["best_ms"], row["worst_ms"], row["last_ms"]} <= times
    assert row["best_ms"] <= row["latency_ms_p50"] <= row["latency_ms_p95"] <= row["latency_ms_p99"] <= row["worst_ms"]


def test_counts_only_grow_from_table_to_table(linkerdctl: Command) -> None:
    tables = looks(linkerdctl(f"top {WEB} -o json --batch 500ms --duration 2s"))
    totals = [sum(row["count"] for row in rows) for rows in tables.values()]
    assert len(totals) >= 3
    assert totals == sorted(totals)


def test_a_namespace_counts_a_request_that_two_of_its_proxies_saw_once(mesh: DemoMesh, linkerdctl: Command) -> None:
    began = mesh.call(mesh.mesh.advance)
    rows = rows_of(linkerdctl(f"top ns/emojivoto {EVERYTHING} -o json --batch 3s --duration 3s"))
    ended = mesh.call(mesh.mesh.advance)
    perhaps = Counter(map(name, hops(mesh, lambda hop: began < hop.started < ended)))
    assert Counter({name_of(row): row["count"] for row in rows}) <= perhaps


def test_matches_are_left_to_the_proxies(linkerdctl: Command) -> None:
    to_voting = rows_of(linkerdctl(f"top {WEB} --to deploy/voting -o json --batch 2s --duration 2s"))
    assert {row["destination"].split("-")[0] for row in to_voting} == {"voting"}
    by_path = rows_of(linkerdctl(f"top {WEB} --path /api/ --method get -o json --batch 2s --duration 2s"))
    assert all(row["path"].startswith("/api/") for row in by_path)


def test_sources_routes_and_raw_paths(mesh: DemoMesh, linkerdctl: Command) -> None:
    rows = rows_of(linkerdctl(f"top {WEB} --hide-sources --routes -o json --batch 2s --duration 2s"))
    assert {(row["source"], row["path"], row["route"]) for row in rows} == {(None, None, "[DEFAULT]")}
    raw = rows_of(linkerdctl(f"top {WEB} {EVERYTHING} --raw-paths -o json --batch 3s --duration 3s"))
    assert not any("{id}" in row["path"] for row in raw)
    assert {row["path"] for row in raw} <= {hop.path for hop in hops(mesh, lambda hop: True)}


def test_without_tap_every_request_between_two_looks_counts(mesh: DemoMesh, linkerdctl: Command) -> None:
    web = pod_of(mesh, "web")
    before = len(mesh.call(lambda: mesh.log.scrapes_of(web)))
    ran = linkerdctl(f"top {WEB} --no-tap -o json --batch 1s --duration 5s")
    scrapes = mesh.call(lambda: mesh.log.scrapes_of(web))[before:]
    rows = rows_of(ran)

    for side, peer in (("inbound", "sa/default"), ("outbound", None)):
        counted = [row for row in rows if row["direction"] == side]
        total, failed = (sum(row[key] for row in counted) for key in ("count", "failures"))
        truths = [mesh.call(partial(mesh.log.truth, web, side, scrapes[0], last)) for last in scrapes[-2:]]
        assert (total, failed) in [(truth.requests, truth.failures) for truth in truths]
        assert peer is None or {row["source"] for row in counted} == {peer}
    assert {row["method"] for row in rows} == {None}
    assert all(row["rps"] is not None for row in rows)


def test_without_tap_routes_of_services(linkerdctl: Command) -> None:
    rows = rows_of(linkerdctl(f"top {WEB} --no-tap --routes -o json --batch 1s --duration 3s"))
    sent = {row["destination"] for row in rows if row["direction"] == "outbound"}
    assert sent == {"svc/emoji-svc", "svc/voting-svc"}


def test_a_recording_holds_one_look(mesh: DemoMesh, linkerdctl: Command, tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    assert linkerdctl(f"record -n emojivoto --for 2s --every 1s -o {recording}").code == 0
    rows = rows_of(linkerdctl(f"--recording {recording} top {WEB} --no-tap -o json"))
    assert {row["direction"] for row in rows} == {"inbound", "outbound"}


def test_csv_and_tables_are_the_same_rows(linkerdctl: Command) -> None:
    ran = linkerdctl(f"top {WEB} -o csv --batch 2s --duration 2s")
    [header, *lines] = csv.reader(io.StringIO(ran.out))
    assert header[:5] == ["time", "source", "destination", "method", "path"]
    assert all(len(line) == len(header) for line in lines)

    ran = linkerdctl(f"top {WEB} --batch 2s --duration 2s --sort-by path")
    clock, titles, *lines = ran.out.splitlines()
    assert clock.startswith("--- ")
    assert titles.split()[-1] == "SUCCESS"
    paths = [line.split()[3] for line in lines]
    assert paths == sorted(paths)
    assert "requests" in ran.err


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("top svc/web-svc -n emojivoto", 2, "cannot be tapped"),
        (f"top {WEB} --sort-by age", 2, "there is no column 'age'"),
        (f"top {WEB} --no-tap --sort-by best", 2, "there is no column 'best'"),
        (f"top {WEB} -o xml", 2, "unknown output format"),
        (f"top {WEB} --batch 0s", 2, "--batch"),
        (f"top {WEB} --duration 1x", 2, "1x"),
        (f"top {WEB} --no-tap --path /api", 2, "--no-tap counts by peer and route only"),
        ("top deploy/nobody -n emojivoto -o json", 1, "deployment 'nobody' not found"),
        ("top deploy/nobody -n emojivoto --no-tap -o json", 1, "not found"),
        ("top deploy/webapp -n books -o json", 1, "no pods to tap"),
        (f"top {WEB} --input events.tap", 2, "leave deploy/web out"),
        ("top --input nowhere.tap", 1, "nowhere.tap"),
        ("--recording nowhere top deploy/web", 2, "a recording of metrics has no live requests"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_line(linkerdctl: Command, line: str, code: int, told: str) -> None:
    ran = linkerdctl(line)
    assert told in ran.err
    assert "Traceback" not in ran.err
    assert ran.code == code


@pytest.mark.parametrize(
    "fault", ["tap-cut=web", "tap-ends:300ms=web", "tap-garbage=web", "restarting:2s=web", "dead=web"]
)
def test_faults_of_taps_end_nothing_and_lose_nothing_that_came(
    demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    mesh = demo_with(rps=60.0, faults=(fault,))
    monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
    code = run(f"top {WEB} -o json --batch 1s --duration 2500ms".split())
    out, err = capsys.readouterr()
    assert code == 0
    assert "Traceback" not in err
    assert bool(out) is (fault != "dead=web")
