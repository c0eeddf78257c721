"""`edges` and `graph` over the recording of real proxies: every edge derived a second time with prometheus_client."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from linkerdctl.cli.run import run
from tests.cli.test_startup import loaded_by
from tests.conftest import DemoFactory

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
FIRST, LAST = json.loads((RECORDING / "recording.json").read_text())["scrapes"]
Edge = tuple[str, str]


def samples(directory: str, pod: str, name: str) -> dict[frozenset[tuple[str, str]], float]:
    text = gzip.decompress((RECORDING / directory / f"{pod}.prom.gz").read_bytes()).decode()
    families = text_string_to_metric_families(text)
    found = (sample for family in families for sample in family.samples if sample.name == name)
    return {frozenset(sample.labels.items()): sample.value for sample in found}


def workload(pod: str) -> str:
    return pod.split("/")[-1].rsplit("-", 2)[0]


def outbound(name: str, directory: str) -> Iterator[tuple[str, Edge, dict[str, str], float]]:
    for pod in LAST["at"]:
        for labels, value in samples(directory, pod, name).items():
            told = dict(labels)
            if told.get("direction") == "outbound" and told.get("dst_deployment"):
                yield pod, (workload(pod), told["dst_deployment"]), told, value


def increases() -> dict[Edge, float]:
    """Requests per second from workload to workload."""
    before = {
        (pod, frozenset(labels.items())): value for pod, _, labels, value in outbound("response_total", FIRST["dir"])
    }
    rates: dict[Edge, float] = {}
    for pod, edge, labels, value in outbound("response_total", LAST["dir"]):
        if labels["target_port"] != "4191":
            moved = value - before.get((pod, frozenset(labels.items())), 0.0)
            rates[edge] = rates.get(edge, 0.0) + moved / (LAST["at"][pod] - FIRST["at"][pod])
    return {edge: rate for edge, rate in rates.items() if rate}


def edges(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert run(["--recording", str(RECORDING), "edges", *words, "-o", "json"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def test_every_open_connection_is_an_edge_and_so_is_every_call(capsys: pytest.CaptureFixture[str]) -> None:
    opened: dict[Edge, float] = {}
    for _, edge, labels, value in outbound("tcp_open_connections", LAST["dir"]):
        if labels["peer"] == "dst" and value:
            opened[edge] = opened.get(edge, 0.0) + value
    rows = {(row["src"], row["dst"]): row for row in edges(capsys, "deploy", "-A")}
    assert {edge for edge, row in rows.items() if row["tcp_open_connections"]} == set(opened)
    for edge, number in opened.items():
        assert rows[edge]["tcp_open_connections"] == number
    assert {edge: row["rps"] for edge, row in rows.items() if row["rps"]} == pytest.approx(increases())


def test_identities_are_what_the_certificates_say(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {(row["src"], row["dst"]): row for row in edges(capsys, "deploy", "-n", "emojivoto")}
    for _, edge, labels, value in outbound("tcp_open_connections", LAST["dir"]):
        if labels["peer"] == "dst" and value:
            assert rows[edge]["server_id"] == ".".join(labels["server_id"].split(".")[:2])
            assert (rows[edge]["secured"], rows[edge]["no_tls_reason"]) == (True, "")
    for (_, server), row in rows.items():
        seen_by_server = {
            ".".join(dict(labels)["client_id"].split(".")[:2])
            for pod in LAST["at"]
            if workload(pod) == server
            for labels in samples(LAST["dir"], pod, "tcp_open_connections")
            if "client_id" in dict(labels)
        }
        # A proxy does not count connections to its own tap port
        assert row["client_id"] in seen_by_server or row["src"] == "tap"


def test_either_end_may_be_the_one_that_is_meant(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = {(row["src"], row["dst"]) for row in edges(capsys, "deploy/web", "-n", "emojivoto")}
    assert pairs == {("vote-bot", "web"), ("web", "emoji"), ("web", "voting"), ("tap", "web")}


def test_a_namespace_is_one_party(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {(row["src"], row["dst"]): row for row in edges(capsys, "ns", "-A")}
    assert set(rows) == {("emojivoto", "emojivoto"), ("linkerd-viz", "emojivoto")}
    assert rows["emojivoto", "emojivoto"]["rps"] == pytest.approx(sum(increases().values()))


def test_a_namespace_that_is_named_is_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert edges(capsys, "ns") == edges(capsys, "ns", "-A")
    assert {row["src"] for row in edges(capsys, "ns/linkerd-viz")} == {"linkerd-viz"}
    assert edges(capsys, "ns/linkerd-viz", "-n", "emojivoto") == edges(capsys, "ns/linkerd-viz")
    assert edges(capsys, "ns", "-n", "books") == []


@pytest.mark.parametrize("command", ["edges", "graph"])
def test_a_recording_loads_neither_network_nor_event_loop(command: str) -> None:
    assert not loaded_by("--recording", str(RECORDING), command, "-A") & {"httpx", "asyncio", "yaml", "kubernetes"}


@pytest.mark.parametrize("command", ["edges", "graph"])
def test_a_silent_proxy_is_told_and_strictly_an_error(
    demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(demo_with(faults=("dead=emoji",)).kubeconfig))
    assert run([command, "-n", "emojivoto", "-t", "1s", "--strict"]) == 3
    out, err = capsys.readouterr()
    assert "emoji" in out  # its clients count what they send it
    assert "5 of 6 proxies answered" in err
    assert "error: 1 of 6 proxies did not answer" in err


def test_the_table_is_the_real_tools(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--recording", str(RECORDING), "edges", "deploy", "-n", "emojivoto"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["SRC", "DST", "SRC_NS", "DST_NS", "SECURED"]
    assert lines[1].split() == ["vote-bot", "voting", "emojivoto", "emojivoto", "√"]


def test_a_graph_begins_with_who_is_not_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--recording", str(RECORDING), "graph", "-n", "emojivoto"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "emojivoto/vote-bot"
    assert lines[2].startswith("└─ emojivoto/web     √  18.3rps  21.86%")
    assert lines[3].startswith("   ├─ emojivoto/emoji   √  27.9rps  100.00%")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("svc",), 2, "edges are between workloads, not services"),
        (("deploy", "-o", "pdf"), 2, "unknown output format 'pdf'"),
        (("deploy/nope", "-n", "emojivoto"), 1, "deployment 'nope' not found"),
        (("widget",), 2, "unknown kind 'widget'"),
        (("deploy", "-n", "quiet"), 0, "nothing to show: there is no deployment in namespace quiet"),
        (("-n", "quiet"), 0, "nothing to show: there is no pod in namespace quiet"),
        (("deploy", "-n", "linkerd"), 0, "linkerd has no connection that is open or was used in the window"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: str
) -> None:
    assert run(["--recording", str(RECORDING), "edges", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
