"""Every JSON that a command writes is as its schema says, whether there was traffic or none."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from linkerdctl.cli.run import run
from linkerdctl.demo.servers import DemoMesh
from tests.conftest import DemoFactory
from tests.schemas.validation import FOLDER, faults, schema, validator

FIXTURES = Path(__file__).parents[1] / "fixtures"
RECORDING, TAPPED = FIXTURES / "emojivoto-profiles", FIXTURES / "tap" / "web.observe.bin.gz"
POLICIES = FIXTURES / "policies" / "emojivoto.yaml"
Output = Callable[..., str]

RECORDED = {
    "stat deploy,po,ns,svc,rs,au -n emojivoto": "stat",
    "stat deploy -A --unmeshed": "stat",
    "stat deploy -n emojivoto --from deploy/web": "stat",
    "stat server,serverauthorization,authorizationpolicy,httproute -n emojivoto": "stat",
    "stat deploy -n emojivoto --since-start": "stat",
    "stat-inbound deploy -n emojivoto": "stat-inbound",
    "stat-outbound deploy -n emojivoto": "stat-outbound",
    "authz deploy -n emojivoto": "authz",
    "edges -A": "edges",
    "graph -A": "edges",
    "routes deploy -n emojivoto": "routes",
    "routes svc -n emojivoto": "routes",
    "routes deploy/web --to svc/voting-svc -n emojivoto": "routes",
    "routes deploy/web --to svc/voting-svc -n emojivoto --why": "routes",
    "identity -n emojivoto": "identity",
    "list -A": "list",
    "metrics deploy -n emojivoto": "metrics",
    "metrics cardinality -A": "cardinality",
    "metrics cardinality -A --by label": "cardinality-label",
    "metrics cardinality -A --by pod": "cardinality-pod",
}
STREAMED = {
    "stat deploy -n emojivoto --watch 1s": "stat",
    "routes deploy -n emojivoto --watch 1s": "routes",
    "stat-inbound deploy -n emojivoto --watch 1s": "stat-inbound",
    "stat-outbound deploy -n emojivoto --watch 1s": "stat-outbound",
    "authz deploy -n emojivoto --watch 1s": "authz",
}
LIVE = {
    "stat deploy,po,svc,ns -n emojivoto --since-start": "stat",
    "stat-inbound deploy -n emojivoto -t 1s": "stat-inbound",
    "stat-outbound deploy -n emojivoto -t 1s": "stat-outbound",
    "authz deploy -n emojivoto -t 1s": "authz",
    "edges -n emojivoto -t 1s": "edges",
    "routes svc -n emojivoto --since-start": "routes",
    "identity -A": "identity",
    "list -A": "list",
    "metrics deploy -n emojivoto": "metrics",
    "check": "check",
    "tap deploy/web -n emojivoto --doctor": "tap-doctor",
}


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Output:
    """What a command line writes to standard output."""
    monkeypatch.delenv("LINKERDCTL_RECORDING", raising=False)

    def command(line: str, *more: str) -> str:
        run([*line.split(), *more, "-o", "json"])
        return capsys.readouterr().out

    return command


@pytest.fixture
def live(output: Output, demo: DemoMesh, monkeypatch: pytest.MonkeyPatch) -> Output:
    monkeypatch.setenv("KUBECONFIG", str(demo.kubeconfig))
    return output


def objects(text: str) -> list[Any]:
    """JSON values one after the other."""
    found, decoder, rest = [], json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].lstrip()
    return found


@pytest.mark.parametrize("line", RECORDED)
def test_what_a_recording_answers(line: str, output: Output) -> None:
    rows = json.loads(output(line, "--recording", str(RECORDING)))
    assert faults(RECORDED[line], rows) == []
    assert rows or "stat server" in line


@pytest.mark.parametrize("line", STREAMED)
def test_what_a_recording_answers_look_by_look(line: str, output: Output) -> None:
    rows = objects(output(line, "--recording", str(RECORDING)))
    assert faults(STREAMED[line], rows) == []
    assert all("time" in row for row in rows)
    assert rows


@pytest.mark.parametrize("line", LIVE)
def test_what_a_cluster_answers(line: str, live: Output) -> None:
    document = json.loads(live(line))
    assert faults(LIVE[line], document) == []
    assert document


@pytest.mark.parametrize("line", ["stat server,authorizationpolicy -n emojivoto -t 1s", "authz po -n emojivoto -t 1s"])
def test_what_is_told_of_policies(
    line: str, output: Output, demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = demo_with(rps=40.0)
    for manifest in yaml.safe_load_all(POLICIES.read_text()):
        mesh.call(partial(mesh.store.add, manifest))
    monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
    rows = json.loads(output(line))
    assert faults(line.split()[0], rows) == []
    assert any(row["unauthorized"] is not None for row in rows)


@pytest.mark.parametrize(
    "line",
    [
        "top deploy/web -n emojivoto --batch 500ms --duration 1s",
        "top deploy/web -n emojivoto --no-tap --batch 500ms --duration 2s",
        f"top --input {TAPPED} --batch 1s",
        f"top --input {TAPPED} --batch 1s --routes --hide-sources",
    ],
)
def test_what_top_tells(line: str, live: Output) -> None:
    rows = objects(live(line))
    assert rows
    assert [fault for row in rows for fault in faults("top", row)] == []


@pytest.mark.parametrize("line", ["tap deploy/web -n emojivoto --limit 3", f"tap --input {TAPPED} --limit 200"])
@pytest.mark.parametrize("more", ["", "--extract"])
def test_what_tap_tells_event_by_event(line: str, more: str, live: Output) -> None:
    events = objects(live(f"{line} {more}"))
    assert [fault for each in events for fault in faults("tap", each)] == []
    assert len(events) >= 3


@pytest.mark.parametrize("line", ["tap deploy/web -n emojivoto --limit 3", f"tap --input {TAPPED} --limit 200"])
@pytest.mark.parametrize("more", ["", "--extract"])
def test_what_tap_tells_request_by_request(line: str, more: str, live: Output) -> None:
    requests = objects(live(f"{line} {more} --group"))
    assert [fault for each in requests for fault in faults("tap-request", each)] == []
    assert len(requests) >= 3


PROFILE = """
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: web-svc.emojivoto.svc.cluster.local, namespace: emojivoto}
spec:
  routes:
  - name: one
    condition: {method: GET, pathRegex: "/api/("}
  - name: one
    condition: {}
  nonsense: true
"""


def test_what_lint_finds(output: Output, tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text(PROFILE)
    rows = json.loads(output(f"profile lint {tmp_path / 'profile.yaml'}"))
    assert faults("lint", rows) == []
    assert rows


def test_what_coverage_tells(output: Output, tmp_path: Path) -> None:
    good, *_ = PROFILE.replace("/api/(", "/api/.*").partition("  - name: one\n    condition: {}")
    (tmp_path / "profile.yaml").write_text(good)
    line = f"profile coverage -n emojivoto web-svc --ignore-cluster --profile {tmp_path / 'profile.yaml'}"
    rows = json.loads(output(f"{line} --input {TAPPED}"))
    assert faults("coverage", rows) == []
    assert rows


def test_what_record_writes(live: Output, tmp_path: Path) -> None:
    run(["record", "-n", "emojivoto", "--for", "1s", "--every", "1s", "-o", str(tmp_path / "r")])
    assert faults("recording", json.loads((tmp_path / "r" / "recording.json").read_text())) == []
    assert faults("recording", json.loads((RECORDING / "recording.json").read_text())) == []


def test_every_schema_is_one_and_is_held_against_something() -> None:
    names = {path.stem for path in FOLDER.glob("*.json")}
    for name in names:
        validator(name).check_schema(schema(name))
        assert schema(name)["$id"] == f"urn:linkerdctl:v1:{name}"
    tested = {*RECORDED.values(), *STREAMED.values(), *LIVE.values()}
    others = {"common", "top", "tap", "tap-request", "lint", "coverage", "recording"}
    assert tested | others == names


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"success": 1.5}, "1.5 is greater than the maximum of 1"),
        ({"rps": "6"}, "'6' is not of type 'number', 'null'"),
        ({"rps": -1}, "-1 is less than the minimum of 0"),
        ({"requests": 1.5}, "1.5 is not of type 'integer', 'null'"),
        ({"news": 1}, "news is not in the schema"),
        ({"name": None}, "None is not of type 'string'"),
    ],
)
def test_a_wrong_row_is_found(change: dict[str, Any], fault: str, output: Output) -> None:
    rows = json.loads(output("stat deploy -n emojivoto", "--recording", str(RECORDING)))
    [found] = faults("stat", [rows[0] | change])
    assert fault in found


def test_a_missing_field_is_found(output: Output) -> None:
    [row, *_] = json.loads(output("stat deploy -n emojivoto", "--recording", str(RECORDING)))
    del row["rps"]
    assert faults("stat", [row]) == ["$[0]: 'rps' is a required property"]
