"""Every view says the same of the same seconds, whether proxies, a real Prometheus or a recording are asked."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.demo.prometheus import PrometheusServer
from linkerdctl.demo.servers import DemoMesh
from tests.e2e.conftest import Command, Ran
from tests.e2e.same_seconds import WINDOW, SameSeconds, settled

MOST_OF_VICTORIAMETRICS = 16_384
"""Bytes of one query."""
POLICIES = Path(__file__).parents[1] / "fixtures" / "policies" / "emojivoto.yaml"
STAT = (
    "deploy -n emojivoto",
    "deploy -A",
    "po -A",
    "ns",
    "rs -n emojivoto",
    "svc -n emojivoto",
    "svc -A",
    "au -n emojivoto",
    "all -n emojivoto",
    "deploy -n emojivoto -l app=web-svc",
    "deploy -A --unmeshed",
    "deploy -n emojivoto --all-traffic",
    "deploy -n emojivoto --since-start",
    "deploy/web --to deploy/emoji -n emojivoto",
    "deploy/web --to svc/voting-svc -n emojivoto",
    "deploy --to-namespace emojivoto -n emojivoto",
    "deploy --from deploy/web -n emojivoto",
    "rs --from deploy/web -n emojivoto",
    "po --from po -A",
    "svc --from deploy/web -n emojivoto",
    "au --from deploy/web -n emojivoto",
    "server,saz,ap,httproute,grpcroute -n emojivoto",
    "server -A",
)
ROUTES = (
    "svc -n emojivoto",
    "deploy -n emojivoto",
    "deploy -A --kind gateway",
    "deploy/web --to svc/voting-svc -n emojivoto",
    "deploy/vote-bot --to svc/web-svc -n emojivoto",
    "deploy -n emojivoto --to svc",
    "deploy/web --to svc/voting-svc -n emojivoto --since-start",
)
EDGES = ("deploy -n emojivoto", "-A", "po -n emojivoto", "rs -A", "ns -A", "deploy/web -n emojivoto")
AUTHZ = (
    "deploy -n emojivoto",
    "deploy -A",
    "po -n emojivoto",
    "ns",
    "svc/web-svc -n emojivoto",
    "server,ap,saz -n emojivoto",
    "httproute,grpcroute -n emojivoto",
    "meshtlsauthn,netauthn -n emojivoto",
)
INBOUND = (
    "deploy -n emojivoto",
    "po -A",
    "svc -n emojivoto",
    "deploy -A -l app=web-svc",
    "ns",
    "deploy -A --all-traffic",
)
OUTBOUND = ("deploy -n emojivoto", "po -A", "ns/emojivoto", "deploy -A -l app=web-svc", "deploy -A --since-start")
VIEWS = [
    f"{command} {selection}"
    for command, selections in (
        ("stat", STAT), ("routes", ROUTES), ("edges", EDGES), ("authz", AUTHZ), ("stat-inbound", INBOUND),
        ("stat-outbound", OUTBOUND),
    )
    for selection in selections
]  # fmt: skip
TABLES = (
    "stat deploy -n emojivoto",
    "stat all -n emojivoto",
    "stat server,saz,ap,httproute,grpcroute -n emojivoto",
    "routes deploy/web --to svc/voting-svc -n emojivoto",
    "routes svc -n emojivoto",
    "edges deploy -n emojivoto",
    "authz deploy -n emojivoto",
    "stat-inbound deploy -n emojivoto",
    "stat-outbound deploy -n emojivoto",
)
DRAWINGS = (
    "graph -n emojivoto",
    "graph deploy -A",
    "graph -n emojivoto -o mermaid",
    "edges deploy -n emojivoto -o dot",
    "edges -A -o tree",
    "stat po -A --sort-by rps",
    "routes deploy/web --to svc/voting-svc -n emojivoto -o fate",
)


@pytest.fixture(scope="module")
def same(mesh: DemoMesh, tmp_path_factory: pytest.TempPathFactory) -> SameSeconds:
    """What the demo's proxies counted under policies."""
    from linkerdctl.cli.run import run

    kubectl = shutil.which("kubectl")
    assert kubectl, "kubectl is not on PATH; `make test` installs it"
    subprocess.run([kubectl, "apply", "-f", str(POLICIES)], env=mesh.environment(), check=True, capture_output=True)
    recording = tmp_path_factory.mktemp("same") / "recording"
    given = ["--kubeconfig", str(mesh.kubeconfig), "-o", str(recording)]
    assert run(["-q", "record", "-A", "--for", "8s", "--every", "2s", *given]) == 0
    return settled(recording)


@pytest.fixture(scope="module")
def store(same: SameSeconds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    with PrometheusServer({}, data=same.fill(tmp_path_factory.mktemp("store"))) as server:
        yield server


class Sources:
    """Runs a command line on each of them."""

    def __init__(
        self, linkerdctl: Command, same: SameSeconds, store: PrometheusServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._linkerdctl, self._same, self._store, self._monkeypatch = linkerdctl, same, store, monkeypatch
        self.queries: list[str] = []
        same.as_of_its_end(monkeypatch)

    def __call__(self, line: str) -> dict[str, Ran]:
        once = "--since-start" in line
        line = line if once else f"{line} -t {WINDOW}"
        self._same.proxies_say_it_again(self._monkeypatch, once=once)
        self._same.asked.clear()
        ran = {
            "recording": self._linkerdctl(f"--recording {self._same.path} {line}"),
            "prometheus": self._linkerdctl(f"--prometheus {self._store.url} {line}"),
            "proxies": self._linkerdctl(line),
        }
        self.queries = [*self._same.asked]
        assert {each.code for each in ran.values()} == {0}, ran
        return ran


@pytest.fixture
def sources(
    linkerdctl: Command, same: SameSeconds, store: PrometheusServer, monkeypatch: pytest.MonkeyPatch
) -> Sources:
    return Sources(linkerdctl, same, store, monkeypatch)


def close(field: str, value: Any) -> Any:
    """Equal but for the last digits of rates, which a store rounds.

    Of several proxies, or of one without a request, a store knows only how long it usually watched.
    """
    if not isinstance(value, float):
        return value
    return pytest.approx(value, rel=1e-5, abs=0.05 if field == "window_seconds" else 1e-6)


@pytest.mark.parametrize("view", VIEWS)
def test_rows_and_numbers_are_equal_and_six_short_requests_will_do(sources: Sources, view: str) -> None:
    ran = sources(f"{view} -o json")
    rows = json.loads(ran["recording"].out)
    assert rows
    for name in ("prometheus", "proxies"):
        assert [{key: close(key, value) for key, value in row.items()} for row in rows] == json.loads(ran[name].out), (
            name
        )
        assert ran[name].err == ran["recording"].err
    assert 2 <= len(sources.queries) <= 6
    assert max(map(len, sources.queries)) < MOST_OF_VICTORIAMETRICS


@pytest.mark.parametrize("view", [*(f"{view} -o wide" for view in VIEWS), *TABLES, *DRAWINGS])
def test_text_is_equal(sources: Sources, view: str) -> None:
    ran = sources(view)
    assert ran["recording"].out == ran["prometheus"].out == ran["proxies"].out != ""
    assert ran["recording"].err == ran["prometheus"].err == ran["proxies"].err


def test_a_window_below_two_scrapes_is_made_longer_and_that_is_told(
    linkerdctl: Command, same: SameSeconds, store: PrometheusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    same.as_of_its_end(monkeypatch)
    ran = linkerdctl(f"stat deploy/web -n emojivoto -t 1s -o json --prometheus {store.url}")
    assert ran.err == "1s is less than 2 scrapes of this Prometheus, which come every 2s: these are the last 4s\n"
    assert ran.rows["deployment/web"]["window_seconds"] == pytest.approx(4.08, abs=0.01)


def test_a_workload_that_only_sends_has_no_numbers_though_it_is_probed(sources: Sources) -> None:
    for ran in sources("stat deploy -n emojivoto -o json").values():
        row = ran.rows["deployment/vote-bot"]
        assert (row["success"], row["rps"], row["latency_ms_p95"]) == (None, None, None)
    for ran in sources("stat deploy -n emojivoto --all-traffic -o json").values():
        assert ran.rows["deployment/vote-bot"]["rps"] > 0


def test_percentiles_in_the_first_bucket_are_told_as_that_bucket_not_as_its_middle(sources: Sources) -> None:
    for ran in sources("stat-outbound deploy/web -n emojivoto -o json").values():
        [emoji] = [row for row in json.loads(ran.out) if row["route"] == "[default]" and not row["backend"]]
        assert (emoji["latencyMsP50"], emoji["latencyMsP95"]) == (None, None)
        assert (emoji["latencyBucketP50"], emoji["latencyBucketP95"]) == ("0-0.05s", "0-0.05s")
