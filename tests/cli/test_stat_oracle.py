"""Every number `stat` gives from real proxies, derived a second time from `prometheus_client` and the definitions."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from linkerdctl.cli.run import run
from tests.cli.recorded_series import RECORDING, Labels, Sum, everywhere, is_admin, succeeded


@dataclass
class Expected(Sum):
    """What definitions say of one row."""

    tcp_open: float = 0
    read_rate: float = 0
    write_rate: float = 0


def expected(chosen: Callable[[str, Labels], str | None], peer: str) -> dict[str, Expected]:
    """Rows by the name `chosen` gives to a series of a pod (None leaves it out)."""
    rows: defaultdict[str, Expected] = defaultdict(Expected)
    for each in everywhere():
        row_name = chosen(each.pod, each.labels)
        if row_name is None or is_admin(each.labels):
            continue
        row = rows[row_name]
        if each.name == "response_total":
            row.add(each, succeeded=succeeded(each.labels))
        elif each.name == "response_latency_ms_bucket":
            row.buckets[float(each.labels["le"])] += each.increase
        elif each.labels.get("peer") == peer and each.name == "tcp_open_connections":
            row.tcp_open += each.value
        elif each.labels.get("peer") == peer and each.name == "tcp_read_bytes_total":
            row.read_rate += each.increase / each.seconds
        elif each.labels.get("peer") == peer and each.name == "tcp_write_bytes_total":
            row.write_rate += each.increase / each.seconds
    return rows


def workload(pod: str) -> str:
    return pod.split("/")[1].rsplit("-", 2)[0]


def inbound(pod: str, labels: Labels) -> bool:
    return pod.startswith("emojivoto/") and labels.get("direction") == "inbound"


def outbound(pod: str, labels: Labels, source: str = "", destination: str = "") -> bool:
    return (
        labels.get("direction") == "outbound"
        and source in ("", workload(pod))
        and destination in ("", labels.get("dst_deployment", ""))
        and labels.get("dst_namespace", "emojivoto") == "emojivoto"
    )


CASES: dict[str, tuple[Callable[[str, Labels], str | None], str]] = {
    "deploy": (lambda pod, labels: workload(pod) if inbound(pod, labels) else None, "src"),
    "pod": (lambda pod, labels: pod.split("/")[1] if inbound(pod, labels) else None, "src"),
    "replicaset": (lambda pod, labels: pod.split("/")[1].rsplit("-", 1)[0] if inbound(pod, labels) else None, "src"),
    "ns/emojivoto": (lambda pod, labels: "emojivoto" if inbound(pod, labels) else None, "src"),
    "svc": (lambda pod, labels: labels.get("dst_service") if outbound(pod, labels) else None, "dst"),
    "deploy/web --to deploy/emoji": (
        lambda pod, labels: "web" if outbound(pod, labels, "web", "emoji") else None,
        "dst",
    ),
    "deploy --to svc/voting-svc": (
        lambda pod, labels: (
            workload(pod) if outbound(pod, labels) and labels.get("dst_service") == "voting-svc" else None
        ),
        "dst",
    ),
    "deploy/emoji --from deploy/web": (
        lambda pod, labels: "emoji" if outbound(pod, labels, "web", "emoji") else None,
        "dst",
    ),
    "deploy --from deploy/web": (
        lambda pod, labels: labels.get("dst_deployment") if outbound(pod, labels, "web") else None,
        "dst",
    ),
    "svc --from deploy/vote-bot": (
        lambda pod, labels: labels.get("dst_service") if outbound(pod, labels, "vote-bot") else None,
        "dst",
    ),
}


@pytest.mark.parametrize("command", CASES)
def test_every_number_follows_from_the_definitions(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--recording", str(RECORDING), "stat", *command.split(), "-n", "emojivoto", "-o", "json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    wanted = expected(*CASES[command])
    assert {name for name, row in rows.items() if row["requests"]} == {
        name for name, row in wanted.items() if row.successes + row.failures
    }
    for name, row in wanted.items():
        got, requests = rows[name], row.successes + row.failures
        assert got["requests"] == (requests if row.counted else None)
        assert got["failures"] == (row.failures if row.counted else None)
        assert got["success"] == (pytest.approx(row.successes / requests) if requests else None)
        assert got["rps"] == (pytest.approx(row.rps) if requests else None)
        for q, key in ((0.5, "latency_ms_p50"), (0.95, "latency_ms_p95"), (0.99, "latency_ms_p99")):
            assert got[key] == (None if row.quantile(q) is None else pytest.approx(row.quantile(q), abs=0.0006))
        assert (got["tcp_open_connections"] or 0) == row.tcp_open
        assert (got["tcp_read_bytes_rate"] or 0) == pytest.approx(row.read_rate)
        assert (got["tcp_write_bytes_rate"] or 0) == pytest.approx(row.write_rate)


@pytest.mark.parametrize(
    ("name", "requests", "success", "rps", "p50", "p95", "p99"),
    [
        ("web", 550, 0.2218, 18.3, 24, 46, 98),
        ("emoji", 839, 1.0, 27.9, 2.2, 8.3, 10.8),
        ("voting", 489, 0.1227, 16.3, 2.7, 8.8, 17),
    ],
)
def test_the_recording_of_emojivoto_is_what_it_is_known_to_be(
    name: str, requests: int, success: float, rps: float, p50: float, p95: float, p99: float,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    run(["--recording", str(RECORDING), "stat", f"deploy/{name}", "-n", "emojivoto", "-o", "json"])
    [row] = json.loads(capsys.readouterr().out)
    assert row["requests"] == requests
    assert row["success"] == pytest.approx(success, abs=0.0001)
    assert row["rps"] == pytest.approx(rps, abs=0.05)
    assert [row[f"latency_ms_{q}"] for q in ("p50", "p95", "p99")] == pytest.approx([p50, p95, p99], rel=0.03)
    assert row["window_seconds"] == pytest.approx(30.0, abs=0.1)


def test_a_workload_that_only_calls_has_no_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--recording", str(RECORDING), "stat", "deploy/vote-bot", "-n", "emojivoto"])
    header, line = capsys.readouterr().out.splitlines()
    assert line.split() == ["vote-bot", "1/1", *["-"] * (len(header.split()) - 2)]
