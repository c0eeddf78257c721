"""`check` and `identity` on a real Prometheus: the same certificates as from the proxies, and what is wrong with a set-up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from linkerdctl.demo.prometheus import POD_MONITOR, VIZ, PrometheusServer, scraping
from linkerdctl.demo.servers import DemoMesh
from tests.e2e.conftest import Command

KEEP = VIZ[:1]
"""Which pods are scraped, but not which pod is which."""


@pytest.fixture(scope="module")
def prometheus(mesh: DemoMesh) -> Iterator[PrometheusServer]:
    with PrometheusServer(scraping(mesh.url, jobs={"emojivoto/proxies": POD_MONITOR})) as server:
        server.wait_for_scrapes(3, 6)
        yield server


def certificates(out: str) -> dict[str, Any]:
    """What does not change from one second to the next, by pod."""
    moving = {"left_seconds", "left_share"}
    rows = json.loads(out)
    return {row["name"]: {key: value for key, value in row.items() if key not in moving} for row in rows}


def checks(out: str) -> dict[str, dict[str, str]]:
    return {each["id"]: each for category in json.loads(out)["categories"] for each in category["checks"]}


def test_certificates_are_the_same_from_proxies_and_from_prometheus(
    linkerdctl: Command, prometheus: PrometheusServer
) -> None:
    ours = linkerdctl("identity -A -o json")
    theirs = linkerdctl(f"identity -A -o json --prometheus {prometheus.url}")
    assert (theirs.code, theirs.err) == (0, "")
    assert len(certificates(ours.out)) == 8
    assert certificates(theirs.out) == certificates(ours.out)


def test_a_prometheus_that_holds_everything_passes(linkerdctl: Command, prometheus: PrometheusServer) -> None:
    ended = linkerdctl(f"check --fail-on warn -o json --prometheus {prometheus.url}")
    found = checks(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert found["prometheus-complete"]["description"] == "it scrapes every meshed pod: 6 of 6"
    assert {found[f"prometheus-{each}"]["result"] for each in ("usable", "complete", "fresh")} == {"success"}
    assert "proxies-answer" not in found
    assert "may-read-metrics" not in found
    assert found["certificates-leaf"]["result"] == "success"


def test_a_scrape_that_fails_is_a_warning_that_names_the_pod(
    mesh: DemoMesh, linkerdctl: Command, prometheus: PrometheusServer
) -> None:
    mesh.set_faults("dead=web")
    try:
        prometheus.wait_for("count(up == 0) > 0")
        prometheus.wait_for("count(process_start_time_seconds) < 6")
        ended = linkerdctl(f"check -o json --prometheus {prometheus.url}")
    finally:
        mesh.set_faults()
    prometheus.wait_for("count(process_start_time_seconds) == 6")
    check = checks(ended.out)["prometheus-complete"]
    assert (ended.code, check["result"]) == (0, "warning")
    assert "emojivoto/web-" in check["error"]


def test_labels_that_lack_are_an_error_with_the_rules_to_add(mesh: DemoMesh, linkerdctl: Command) -> None:
    with PrometheusServer(scraping(mesh.url, jobs={"bare": KEEP})) as server:
        server.wait_for_scrapes(2, 6)
        ended = linkerdctl(f"check -o json --prometheus {server.url}")
    check = checks(ended.out)["prometheus-usable"]
    assert (ended.code, check["result"]) == (4, "error")
    assert "- source_labels: [__meta_kubernetes_pod_name]\n  target_label: pod" in check["hint"]


def test_a_prometheus_that_cannot_be_asked_is_an_error_and_the_rest_is_checked(linkerdctl: Command) -> None:
    ended = linkerdctl("check -o json --prometheus http://127.0.0.1:1")
    found = checks(ended.out)
    assert (ended.code, found["prometheus-usable"]["result"]) == (4, "error")
    assert found["pods-meshed"]["result"] == "success"
    assert found["certificates-issuer"]["result"] == "success"
