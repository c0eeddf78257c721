"""`identity`: over the recording of real proxies, each number derived a second time; and over the demo, with its issuer."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from linkerdctl.cli.run import run
from linkerdctl.demo.api.access import Denial
from linkerdctl.demo.servers import DemoMesh
from tests.cli.test_startup import loaded_by
from tests.conftest import DemoFactory

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
LAST = json.loads((RECORDING / "recording.json").read_text())["scrapes"][-1]


def recorded(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert run(["--recording", str(RECORDING), "identity", *words, "-o", "json"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def samples(pod: str) -> dict[str, float]:
    """Of the recording's last pass; those of refreshes by their result."""
    text = gzip.decompress((RECORDING / LAST["dir"] / f"{pod}.prom.gz").read_bytes()).decode()
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {f"{sample.name}{sample.labels.get('result', '')}": sample.value for sample in found}


def test_every_recorded_proxy_is_there_with_what_it_said(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {f"{row['namespace']}/{row['name']}": row for row in recorded(capsys, "-A")}
    assert rows.keys() == LAST["at"].keys()
    for pod, row in rows.items():
        told, at = samples(pod), LAST["at"][pod]
        expires = told["control_identity_cert_expiration_timestamp_seconds"]
        began = told["control_identity_cert_refresh_timestamp_seconds"]
        assert row["left_seconds"] == pytest.approx(expires - at)
        assert row["lifetime_seconds"] == pytest.approx(expires - began)
        assert row["left_share"] == pytest.approx((expires - at) / (expires - began), abs=0.001)
        assert row["refreshes"] == told["control_identity_cert_refreshes_totalok"]
        assert row["refreshes_failed"] == told["control_identity_cert_refreshes_totalerror"]
        assert (row["kind"], row["remark"]) == ("leaf", "")


def test_a_row_has_these_fields(capsys: pytest.CaptureFixture[str]) -> None:
    [row] = recorded(capsys, "po/web-5f86686c4d-58p7k", "-n", "emojivoto")
    assert row == {
        "kind": "leaf",
        "namespace": "emojivoto",
        "name": "web-5f86686c4d-58p7k",
        "identity": "web.emojivoto",
        "left_seconds": pytest.approx(86_340, abs=60),
        "left_share": pytest.approx(0.999, abs=0.001),
        "not_after": "2026-11-22T01:59:24Z",
        "not_before": "2026-11-21T01:59:24Z",
        "lifetime_seconds": pytest.approx(86_400, abs=1),
        "refreshes": 1,
        "refreshes_failed": 0,
        "remark": "",
    }


def test_resources_select_their_proxies(capsys: pytest.CaptureFixture[str]) -> None:
    assert {row["name"].rsplit("-", 2)[0] for row in recorded(capsys, "deploy/web", "deploy/emoji", "-n", "emojivoto")} == {
        "web",
        "emoji",
    }  # fmt: skip
    assert [row["identity"] for row in recorded(capsys, "-A", "-l", "app=voting-svc")] == ["voting.emojivoto"]


def test_a_recording_says_that_it_holds_no_authorities(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--recording", str(RECORDING), "certs", "-n", "emojivoto"]) == 0
    assert "a recording holds neither the issuer's certificate nor the trust anchors" in capsys.readouterr().err


@pytest.mark.parametrize(("least", "code"), [("23h", 0), ("99%", 0), ("14d", 0), ("23h59m59s", 4), ("100%", 4)])
def test_a_gate_is_met_or_not(capsys: pytest.CaptureFixture[str], least: str, code: int) -> None:
    assert run(["--recording", str(RECORDING), "identity", "-A", "--min-left", least]) == code
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 8
    assert (f"error: 7 of 7 certificates have less than {least} left" in err) is bool(code)


def test_a_gate_without_any_certificate_is_not_met(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--recording", str(RECORDING), "identity", "-n", "quiet", "--min-left", "1h"]) == 4
    told = capsys.readouterr().err
    assert "nothing to show: there is no pod in namespace quiet\n" in told
    assert "error: no proxy's certificate was seen, so none is known to hold" in told


def test_pods_can_be_named_without_saying_that_they_are_pods(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["web-5f86686c4d-58p7k", "voting-ff4c54b8d-tv5wg"]
    assert [row["name"] for row in recorded(capsys, *names, "-n", "emojivoto")] == sorted(names)
    assert [row["name"] for row in recorded(capsys, names[0], "-n", "emojivoto")] == names[:1]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--min-left", "soon"), 2, "'soon' is neither a time nor a share"),
        (("-o", "pdf"), 2, "unknown output format 'pdf'"),
        (("deploy/nope", "-n", "emojivoto"), 1, "deployment 'nope' not found"),
        (("web-1", "-n", "emojivoto"), 1, "pod 'web-1' not found"),
        (("au", "-n", "emojivoto"), 2, "authorities have no proxies"),
        (("--sort-by", "colour", "-A"), 2, "there is no column 'colour'"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: str
) -> None:
    assert run(["--recording", str(RECORDING), "identity", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err


def test_a_recording_loads_neither_network_nor_cryptography() -> None:
    loaded = loaded_by("--recording", str(RECORDING), "identity", "-A")
    assert not loaded & {"httpx", "asyncio", "cryptography", "rich", "yaml", "kubernetes"}


def on(mesh: DemoMesh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
    code = run(["identity", *words])
    out, err = capsys.readouterr()
    return code, json.loads(out), err


def test_a_cluster_shows_anchor_and_issuer_too(
    demo: DemoMesh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, rows, err = on(demo, monkeypatch, capsys, "-A", "-o", "json", "--min-left", "30%")
    assert (code, err) == (0, "")
    assert [(row["kind"], row["identity"]) for row in rows[:2]] == [
        ("anchor", "root.linkerd.cluster.local"),
        ("issuer", "identity.linkerd.cluster.local"),
    ]
    assert {row["identity"] for row in rows[2:]} >= {"web.emojivoto", "linkerd-identity.linkerd"}
    assert {row["remark"] for row in rows} == {""}
    assert [round(row["lifetime_seconds"] / 86_400) for row in rows[:3]] == [3650, 365, 1]


def test_a_gate_does_not_let_silent_proxies_through(
    demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = demo_with(faults=("dead=web",))
    code, rows, err = on(mesh, monkeypatch, capsys, "-n", "emojivoto", "-o", "json", "--min-left", "30%")
    assert (code, len(rows)) == (4, 5)
    assert "error: 1 of 4 proxies did not answer: how long their certificates hold is not known" in err
    assert on(mesh, monkeypatch, capsys, "-n", "emojivoto", "-o", "json", "--min-left", "30%", "--strict")[0] == 3
    assert on(mesh, monkeypatch, capsys, "deploy/emoji", "-n", "emojivoto", "-o", "json", "--min-left", "30%")[0] == 0
    assert run(["identity", "-n", "emojivto", "-o", "json", "--min-left", "30%"]) == 1
    assert "namespace 'emojivto' not found" in capsys.readouterr().err


def test_who_may_not_read_the_secret_sees_the_rest_and_the_rule(
    demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = demo_with(denials=(Denial("get", "secrets"),), faults=("dead=web",))
    code, rows, err = on(mesh, monkeypatch, capsys, "-n", "emojivoto", "-o", "json", "--strict")
    assert code == 3
    assert [row["kind"] for row in rows] == ["anchor", "leaf", "leaf", "leaf"]
    assert "the issuer's certificate cannot be told: you may not read secrets 'linkerd-identity-issuer'" in err
    assert 'resources: ["secrets"]' in err
    assert "3 of 4 proxies answered" in err
