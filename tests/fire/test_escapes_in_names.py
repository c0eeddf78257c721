"""Names are other people's data: whatever they hold, no terminal obeys it, in no format, stream or file name."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from linkerdctl.cli.options import log_to_stderr
from tests.fire.cluster import CLIENT, Cluster, Exchange, exposition, refusal
from tests.fire.conftest import Command
from tests.fire.faults import ESCAPES
from tests.kube.manifests import made, owned_by, pod

EVIL = f"evil{ESCAPES}\r\n\x7f\x00=x"
OUTPUTS = ("table", "wide", "json", "yaml", "csv")
LINES = (
    *(f"stat deploy -A -o {output}" for output in OUTPUTS),
    *(f"stat po -A -o {output}" for output in OUTPUTS),
    *(f"stat all -A --unmeshed -o {output}" for output in OUTPUTS),
    *(f"routes deploy -A -o {output}" for output in OUTPUTS),
    *(f"edges deploy -A -o {output}" for output in (*OUTPUTS, "tree", "dot", "mermaid")),
    *(f"top ns/fire --no-tap --batch 10s -o {output}" for output in OUTPUTS),
    "graph -A",
    *(f"{each} -A -o {output}" for each in ("authz deploy", "stat-inbound deploy") for output in OUTPUTS),
    *(f"{each} -A -o {output}" for each in ("stat-outbound deploy", "list") for output in OUTPUTS),
    *(f"metrics cardinality -A --by {each} -o wide" for each in ("family", "label", "pod")),
    *(f"stat {kind} -A" for kind in ("server", "httproute", "authorizationpolicy", "authority")),
    *(f"check -o {output}" for output in ("table", "short", "json")),
    "metrics deploy -A -o json",
    "rbac stat",
    "stat deploy -A --watch -o table",
    "stat deploy/nobody -n fire",
    "record -A --for 1s --every 1s -o recording",
    "identity -A",
)


@pytest.fixture(autouse=True)
def evil_names(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment, its pods and their labels, in a namespace; one of its pods answers, another does not."""
    monkeypatch.chdir(tmp_path)
    owner = owned_by("ReplicaSet", f"{EVIL}-r")
    cluster.objects += [
        made("Namespace", EVIL),
        made("Deployment", EVIL, namespace="fire"),
        made("Service", EVIL, namespace="fire", spec={"selector": {"app": EVIL}}),
        made("ReplicaSet", f"{EVIL}-r", owned_by("Deployment", EVIL), namespace="fire"),
        pod(f"{EVIL}-1", owner, namespace="fire", labels={"app": EVIL}),
        pod(f"{EVIL}-2", owner, namespace="fire", status={"reason": EVIL}),
        pod("lonely", owned_by(EVIL, EVIL, EVIL), namespace=EVIL),
    ]

    async def answer(exchange: Exchange) -> None:
        if "-2" in exchange.path:
            await exchange.answer(503, refusal(503, f"error trying to reach service: {EVIL}", "ServiceUnavailable"))
            return
        evil = EVIL.replace("\n", "\\n").replace("\r", "")
        text = exposition(exchange.time).replace(CLIENT, evil).replace('"r1"', f'"{evil}"').replace("sink", evil)
        await exchange.answer(200, text.encode())

    cluster.paths["/metrics"] = answer


def assert_harmless(text: str) -> None:
    """Nothing but printable characters and line ends."""
    found = {char for char in text if not char.isprintable() and char not in "\n"}
    assert not found, [line for line in text.split("\n") if any(char in line for char in found)][:3]


@pytest.mark.parametrize("line", LINES)
def test_no_terminal_obeys_them(line: str, linkerdctl: Command) -> None:
    ran = linkerdctl(f"{line} --timeout 300ms")
    assert "bug in linkerdctl" not in ran.err
    assert_harmless(ran.out.replace("\r\n", "\n") if "-o csv" in line else ran.out)
    assert_harmless(ran.err)


@pytest.mark.parametrize("line", LINES[:3])
def test_colours_are_ours_alone(line: str, linkerdctl: Command) -> None:
    import re

    ran = linkerdctl(f"{line} --color always --timeout 300ms")
    assert_harmless(re.sub(r"\x1b\[[0-9;]*m", "", ran.out))


def test_they_are_made_visible_rather_than_dropped(linkerdctl: Command) -> None:
    ran = linkerdctl("stat deploy -A")
    assert r"evil\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\n\x7f\x00=x" in ran.out
    assert EVIL in {row["name"] for row in json.loads(linkerdctl("stat deploy -A -o json").out)}


def test_nor_do_logs_have_them(linkerdctl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    ran = linkerdctl("-v stat deploy -A")
    assert "GET /api/v1/" in ran.err
    assert_harmless(ran.err)


def test_whatever_is_logged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Paths quote names; queries and the like do not."""
    monkeypatch.setattr(logging.root, "handlers", [])
    log_to_stderr()
    logging.getLogger("linkerdctl").debug("query %s", EVIL)
    said = capsys.readouterr().err
    assert r"query evil\x1b]0;owned" in said
    assert_harmless(said)


def test_nor_does_a_traceback(linkerdctl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError(EVIL)

    monkeypatch.setattr("linkerdctl.cli.stat.plan", breaks)
    ran = linkerdctl("-v stat deploy -A")
    assert "bug in linkerdctl" in ran.err
    assert "Traceback" in ran.err
    assert_harmless(ran.err)
