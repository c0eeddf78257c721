"""Single samples of many proxies: the same from the proxies, a recording and a Prometheus."""

from __future__ import annotations

from pathlib import Path

from builders_for_sources import FakeAccess, no_peer, target

from linkerdctl.errors import ProxyError
from linkerdctl.kube.inventory import PodRef
from linkerdctl.kube.proxy_access import Fetched
from linkerdctl.metrics.labels import parse_labels
from linkerdctl.metrics.query import Matcher
from linkerdctl.sources.prometheus.setup import Setup
from linkerdctl.sources.prometheus.snapshots import read_snapshot, snapshot_query
from linkerdctl.sources.protocol import Snapshot
from linkerdctl.sources.proxies import ProxySource
from linkerdctl.sources.recording import Recording, RecordingSource

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
EXPIRES = "control_identity_cert_expiration_timestamp_seconds"
TEXT = b'process_start_time_seconds 1000\nfree_gauge{colour="red"} 3\nfree_gauge{colour="blue"} 4.5\nother 1\n'
WEB, EMOJI = PodRef("emojivoto", "web-1"), PodRef("emojivoto", "emoji-1")


def values(snapshot: Snapshot, pod: PodRef, name: str) -> dict[str, float]:
    """By the label `colour`."""
    return {parse_labels(raw).get("colour", ""): value for raw, value in snapshot.scrapes[pod].samples[name].items()}


async def test_proxies_are_looked_at_once_and_each_fails_for_itself() -> None:
    access = FakeAccess({"web-1": [Fetched(TEXT, 2_000.0)], "emoji-1": [ProxyError("connection refused")]})
    source = ProxySource(access, window=10.0, peer_labels=no_peer)
    snapshot = await source.snapshot(["free_gauge"], [target("web-1"), target("emoji-1")])
    assert access.asked == ["web-1", "emoji-1"]
    assert values(snapshot, WEB, "free_gauge") == {"red": 3.0, "blue": 4.5}
    assert (snapshot.scrapes[WEB].at, snapshot.scrapes[WEB].started) == (2_000.0, 1_000.0)
    assert "other" not in snapshot.scrapes[WEB].samples
    assert snapshot.coverage.asked == {WEB, EMOJI}
    assert snapshot.coverage.answered == {WEB}
    assert [(each.pod, each.reason) for each in snapshot.coverage.failures] == [(EMOJI, "connection refused")]


async def test_a_recording_shows_its_last_pass() -> None:
    recording = Recording.open(RECORDING)
    targets = recording.inventory().targets()
    source = RecordingSource(recording, window=10.0, peer_labels=no_peer)
    snapshot = await source.snapshot([EXPIRES], [*targets, target("gone-1")])
    assert snapshot.coverage.answered == {each.pod for each in targets}
    assert [each.reason for each in snapshot.coverage.failures] == ["it did not answer when this was recorded"]
    for pod, scrape in snapshot.scrapes.items():
        assert scrape.at == recording.passes[-1].at[pod]
        assert 86_000 < scrape.samples[EXPIRES][b""] - scrape.at < 86_500


def test_a_prometheus_is_asked_for_all_names_at_once() -> None:
    west = Setup(only=(Matcher("cluster", ("west",)),))
    wanted = '{__name__=~"free_gauge|process_start_time_seconds", cluster="west"}'
    assert snapshot_query(["free_gauge"], west) == wanted


def test_rows_of_a_prometheus_are_sorted_by_pod_whatever_it_calls_them() -> None:
    setup = Setup(labels={"namespace": "ns", "pod": "k8s_pod_name"}, at=2_000.0)

    def row(name: str, pod: str, value: float, **labels: str) -> tuple[dict[str, str], float]:
        return {"__name__": name, "ns": "emojivoto", "k8s_pod_name": pod, **labels}, value

    rows = [
        row("free_gauge", "web-1", 3, colour="red"),
        row("free_gauge", "web-1", 4.5, colour="blue"),
        row("process_start_time_seconds", "web-1", 1_000),
        row("free_gauge", "stranger", 9),
    ]
    snapshot = read_snapshot(rows, setup, [target("web-1"), target("emoji-1")], missing="not there")
    assert values(snapshot, WEB, "free_gauge") == {"red": 3.0, "blue": 4.5}
    assert (snapshot.scrapes[WEB].at, snapshot.scrapes[WEB].started) == (2_000.0, 1_000.0)
    assert [(each.pod, each.reason) for each in snapshot.coverage.failures] == [(EMOJI, "not there")]
