"""A real Prometheus scrapes the demo's proxies beside us: it and we tell the same, and both what the request log says."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.demo.prometheus import COLLECTOR, POD_MONITOR, VIZ, PrometheusServer, scraping
from linkerdctl.demo.servers import DemoMesh
from tests.e2e.conftest import Command, Ran, pod_of
from tests.e2e.prometheus_stubs import api_server_before, kubeconfig_for, stub

LATE = 0.9
"""Seconds that a scrape may come later than Prometheus notes, on a busy machine."""
MEASURED = ("web", "emoji", "voting")
"""The workloads that are sent requests."""


@pytest.fixture(scope="module")
def prometheus(mesh: DemoMesh) -> Iterator[PrometheusServer]:
    with PrometheusServer(scraping(mesh.url)) as server:
        server.wait_for_scrapes(8, 6)
        yield server


@pytest.fixture(scope="module")
def other_setups(mesh: DemoMesh) -> Iterator[PrometheusServer]:
    """Three jobs that label proxies in their ways; ask for one of them with --prometheus-label."""
    jobs = {"emojivoto/proxies": POD_MONITOR, "collector": COLLECTOR, "viz": VIZ}
    with PrometheusServer(scraping(mesh.url, jobs=jobs)) as server:
        server.wait_for_scrapes(6, 18)
        yield server


Pair = tuple[float, float]


def scraped(mesh: DemoMesh) -> dict[str, list[float]]:
    """When each workload's proxy was looked at lately, by whomever. To be asked before anything that takes time."""
    pods = {workload: pod_of(mesh, workload) for workload in MEASURED}
    return mesh.call(lambda: {workload: mesh.log.scrapes_of(pod)[-30:] for workload, pod in pods.items()})


def counted_at(mesh: DemoMesh, workload: str, side: str, scrapes: list[float]) -> list[tuple[int, int]]:
    """Requests and failures that the log holds at each of these scrapes, since the first one."""
    pod = pod_of(mesh, workload)
    since = mesh.call(lambda: [mesh.log.truth(pod, side, scrapes[0], each) for each in scrapes[1:]])
    return [(0, 0), *((truth.requests, truth.failures) for truth in since)]


def true_windows(mesh: DemoMesh, workload: str, row: dict[str, Any], scrapes: list[float]) -> set[Pair]:
    """Between which of these scrapes the log counts what a row says, if the row's seconds fit too."""
    counted = zip(scrapes, counted_at(mesh, workload, "inbound", scrapes), strict=True)
    return {
        (first, last)
        for (first, before), (last, after) in itertools.combinations(counted, 2)
        if abs(last - first - row["window_seconds"]) < LATE
        and (after[0] - before[0], after[1] - before[1]) == (row["requests"], row["failures"])
    }


def known(ran: Ran) -> dict[str, frozenset[str]]:
    """Which fields of each row hold something."""
    return {name: frozenset(key for key, value in row.items() if value is not None) for name, row in ran.rows.items()}


def patiently(linkerdctl: Command, line: str) -> Ran:
    """Run it when scrapes have come through: on a busy machine some take longer than the second that they may."""
    for _ in range(60):
        ran = linkerdctl(line)
        if "holds nothing" not in ran.err and "less than 2 scrapes" not in ran.err:
            break
        time.sleep(0.5)
    return ran


def test_both_sources_tell_what_happened_in_the_same_seconds(
    mesh: DemoMesh, linkerdctl: Command, prometheus: PrometheusServer
) -> None:
    ours = linkerdctl("stat deploy -n emojivoto -t 4s -o json")
    began = time.monotonic()
    theirs = patiently(linkerdctl, f"stat deploy -n emojivoto -t 4s -o json --prometheus {prometheus.url}")
    apart = 1.0 + LATE + time.monotonic() - began
    scrapes = scraped(mesh)
    assert (theirs.code, theirs.err) == (0, "")
    assert known(ours) == known(theirs)
    assert theirs.rows["deployment/vote-bot"]["rps"] is None
    for workload in MEASURED:
        mine, its = ours.rows[f"deployment/{workload}"], theirs.rows[f"deployment/{workload}"]
        assert its["requests"] > 10
        assert its["tcp_open_connections"] == mine["tcp_open_connections"]
        windows = (true_windows(mesh, workload, row, scrapes[workload]) for row in (mine, its))
        assert any(abs(a[0] - b[0]) < apart and abs(a[1] - b[1]) < apart for a, b in itertools.product(*windows))


@pytest.mark.parametrize(
    "selection",
    [
        "deploy/web --to deploy/emoji -n emojivoto",
        "deploy --from deploy/web -n emojivoto",
        "svc -n emojivoto",
        "svc/emoji-svc --from deploy/web -n emojivoto",
        "au -n emojivoto",
        "po -A",
        "ns",
        "rs -n emojivoto",
        "rs --from deploy/web -n emojivoto",
        "deploy/web --to rs -n emojivoto",
        "all -n emojivoto",
        "deploy -n emojivoto -l app=web-svc",
        "deploy -n emojivoto --all-traffic",
        "deploy -n emojivoto --since-start",
    ],
)
def test_every_selection_has_the_same_rows_and_about_the_same_numbers(
    linkerdctl: Command, prometheus: PrometheusServer, selection: str
) -> None:
    ours = linkerdctl(f"stat {selection} -t 2s -o json")
    theirs = patiently(linkerdctl, f"stat {selection} -t 6s -o json --prometheus {prometheus.url}")
    assert known(ours) == known(theirs)
    for name, row in theirs.rows.items():
        assert row["rps"] == pytest.approx(ours.rows[name]["rps"], rel=0.7, abs=1) if row["rps"] else True
        assert row["tcp_open_connections"] == ours.rows[name]["tcp_open_connections"]


def seen(ran: Ran) -> list[str]:
    """Rows of any view without their numbers: what each is about, and which fields hold something."""
    rows: list[dict[str, Any]] = [row for row in _flat(json.loads(ran.out)) if isinstance(row, dict)]
    return sorted(
        str(
            [
                (key, value if isinstance(value, str) else value is None)
                for key, value in sorted(row.items())
                if not key.startswith("latency")
            ]
        )
        for row in rows
    )


def _flat(document: Any) -> Iterator[Any]:
    """Rows, whether they stand in one list or by kind or name in several."""
    if isinstance(document, list) or not all(isinstance(each, list) for each in document.values()):
        yield from document if isinstance(document, list) else [document]
        return
    for each in document.values():
        yield from each


@pytest.mark.parametrize(
    "view",
    [
        "routes svc -n emojivoto",
        "routes deploy/web -n emojivoto",
        "routes deploy/web --to svc/voting-svc -n emojivoto",
        "edges deploy -n emojivoto",
        "edges rs -A",
        "edges po -n emojivoto",
    ],
)
def test_other_views_are_the_same_on_both(linkerdctl: Command, prometheus: PrometheusServer, view: str) -> None:
    ours = linkerdctl(f"{view} -t 3s -o json")
    theirs = patiently(linkerdctl, f"{view} -t 6s -o json --prometheus {prometheus.url}")
    assert (theirs.code, theirs.err) == (0, ours.err)
    assert seen(ours) == seen(theirs) != []


@pytest.mark.parametrize(
    "view",
    [
        "stat deploy -n emojivoto",
        "stat all -A",
        "stat deploy --from rs -A",
        "stat svc,po,ns -A",
        "routes svc -n emojivoto",
        "routes deploy -n emojivoto",
        "edges deploy -n emojivoto",
    ],
)
def test_a_command_makes_at_most_six_requests(
    linkerdctl: Command, prometheus: PrometheusServer, caplog: pytest.LogCaptureFixture, view: str
) -> None:
    caplog.set_level("DEBUG", "linkerdctl")
    ran = linkerdctl(f"{view} -t 3s -o json --prometheus {prometheus.url}")
    assert ran.code == 0
    assert 0 < sum(record.getMessage().startswith("query ") for record in caplog.records) <= 6


@pytest.mark.parametrize("job", ["emojivoto/proxies", "collector"])
@pytest.mark.parametrize(
    "selection", ["deploy -n emojivoto", "deploy --from deploy/web -n emojivoto", "rs -n emojivoto", "ns", "svc -A"]
)
def test_labels_of_other_setups_are_found_out(
    linkerdctl: Command, other_setups: PrometheusServer, job: str, selection: str
) -> None:
    ours = linkerdctl(f"stat {selection} -t 2s -o json")
    theirs = patiently(
        linkerdctl, f"stat {selection} -t 4s -o json --prometheus {other_setups.url} --prometheus-label job={job}"
    )
    assert (theirs.code, theirs.err) == (0, "")
    assert known(ours) == known(theirs)


def test_a_podmonitors_numbers_are_true(mesh: DemoMesh, linkerdctl: Command, other_setups: PrometheusServer) -> None:
    chosen = f"--prometheus {other_setups.url} --prometheus-label job=emojivoto/proxies"
    ran = patiently(linkerdctl, f"stat deploy -n emojivoto -t 3s -o json {chosen}")
    scrapes = scraped(mesh)
    for workload in MEASURED:
        assert true_windows(mesh, workload, ran.rows[f"deployment/{workload}"], scrapes[workload])


@pytest.mark.parametrize("view", ["stat deploy -n emojivoto -t 4s", "edges -A -t 4s", "check --fail-on error"])
def test_jobs_that_scrape_the_same_proxies_are_told(
    linkerdctl: Command, other_setups: PrometheusServer, view: str
) -> None:
    ran = patiently(linkerdctl, f"{view} --prometheus {other_setups.url}")
    told = " ".join((ran.err + ran.out).split())
    assert ran.code == 0
    assert ' proxies are scraped more than once, by jobs "viz", "emojivoto/proxies", and count as often' in told
    assert 'job "collector" calls the namespace or pod of its proxies otherwise, or not at all, and is left out' in told


def test_too_long_a_window_is_told(mesh: DemoMesh, linkerdctl: Command) -> None:
    with PrometheusServer(scraping(mesh.url)) as newcomer:
        newcomer.wait_for_scrapes(3, 6)
        ran = linkerdctl(f"stat deploy -n emojivoto -t 45s --prometheus {newcomer.url}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: this Prometheus does not reach back 45s: it holds nothing of these proxies")


def test_a_proxy_that_is_down_is_told(mesh: DemoMesh, linkerdctl: Command, prometheus: PrometheusServer) -> None:
    mesh.set_faults("dead=voting")
    try:
        prometheus.wait_for('up{deployment="voting"} == 0')
        ran = linkerdctl(f"stat deploy -n emojivoto -t 3s -o json --strict --prometheus {prometheus.url}")
    finally:
        mesh.set_faults()
    assert ran.code == 3
    assert "3 of 4 proxies answered" in ran.err
    assert f"{pod_of(mesh, 'voting').name}: Prometheus holds nothing new of it" in ran.err
    assert ran.rows["deployment/voting"]["rps"] is None
    assert ran.rows["deployment/web"]["rps"] > 0
    prometheus.wait_for('count(up{deployment="voting"} == 1)')
    prometheus.wait_for('count_over_time(process_start_time_seconds{deployment="voting"}[5s]) >= 4')


def test_a_service_is_reached_through_the_api_server(
    mesh: DemoMesh, linkerdctl: Command, prometheus: PrometheusServer, tmp_path: Path
) -> None:
    with stub(api_server_before(mesh.url, prometheus.url)) as api:
        config = kubeconfig_for(api.url, tmp_path)
        here = f"-t 4s -o json --kubeconfig {config} --prometheus-header X-Scope-OrgID:team-a"
        ran = patiently(linkerdctl, f"stat deploy {here} --prometheus prometheus.linkerd-viz")
        assert (ran.code, ran.err) == (0, "")
        assert ran.rows["deployment/web"]["rps"] > 0
        queries = [each for each in api.asked if "/services/" in each.path and "/proxy/" in each.path]
        assert queries
        assert {(each.method, each.headers.get("x-scope-orgid")) for each in queries} == {("GET", "team-a")}
        lost = linkerdctl(f"stat deploy {here} --prometheus prom.nowhere:80")
    assert lost.code == 1
    assert lost.err.startswith("error: cannot reach service prom.nowhere:80 in namespace nowhere: there is no such")


def test_top_without_tap_counts_on_a_prometheus_what_it_counts_on_proxies(
    mesh: DemoMesh, linkerdctl: Command, prometheus: PrometheusServer
) -> None:
    line = "top deploy/web -n emojivoto --no-tap -o json --batch 1s --duration 6s"
    ours = [json.loads(each) for each in linkerdctl(line).out.splitlines()]
    web = pod_of(mesh, "web")
    before = len(mesh.call(lambda: mesh.log.scrapes_of(web)))
    ran = linkerdctl(f"{line} --prometheus {prometheus.url}")
    scrapes = mesh.call(lambda: mesh.log.scrapes_of(web))[max(before - 30, 0) :]
    theirs = [json.loads(each) for each in ran.out.splitlines()]
    assert ran.code == 0
    assert {who(row) for row in theirs} == {who(row) for row in ours}
    shown = {row["time"] for row in theirs}
    assert len(shown) >= 2
    for side in ("inbound", "outbound"):
        counted = counted_at(mesh, "web", side, scrapes)
        between = {(b[0] - a[0], b[1] - a[1]) for a, b in itertools.combinations(counted, 2)}
        for moment in shown:
            rows = [row for row in theirs if (row["time"], row["direction"]) == (moment, side)]
            assert (sum(row["count"] for row in rows), sum(row["failures"] for row in rows)) in between


def who(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a row of `top` is about, and which of its fields hold nothing."""
    named = (row[key] for key in ("direction", "source", "destination", "method", "path", "route"))
    return *named, frozenset(key for key, value in row.items() if value is None)


def test_top_by_route_has_the_same_rows_on_a_prometheus(linkerdctl: Command, prometheus: PrometheusServer) -> None:
    line = "top ns/emojivoto --no-tap --routes -o json --batch 2s --duration 5s"
    ours, theirs = (
        {who(json.loads(each)) for each in linkerdctl(f"{line}{where}").out.splitlines()}
        for where in ("", f" --prometheus {prometheus.url}")
    )
    assert ours == theirs != set()


def test_watch_asks_again_and_again(linkerdctl: Command, prometheus: PrometheusServer) -> None:
    from linkerdctl.sources.prometheus.source import PrometheusSource

    shown = 0
    watch = PrometheusSource.watch

    async def thrice(self: PrometheusSource, *given: Any) -> Any:
        nonlocal shown
        async for observation in watch(self, *given):
            yield observation
            shown += 1
            if shown == 3:
                return

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PrometheusSource, "watch", thrice)
        ran = linkerdctl(f"stat deploy/web -n emojivoto -t 3s --watch 1s --prometheus {prometheus.url}")
    assert (ran.code, shown) == (0, 3)
    assert ran.out.count("web ") == 3
