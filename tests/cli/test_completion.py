"""What shells are offered for kinds, names, namespaces and contexts; a cluster in trouble is passed over in silence."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.demo.api.access import Denial
from linkerdctl.demo.servers import DemoMesh
from tests.conftest import DemoFactory

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
WORKLOADS = ["emoji", "vote-bot", "voting", "web"]


PROGRAM = ("-m", "linkerdctl")
PATIENT = (
    "-c",
    "from linkerdctl.__main__ import main; from linkerdctl.cli import completion as each; each.DEADLINE = 100; "
    "each._LAST = 110; main()",
)
"""The program on a machine that may be busy: what it offers does not depend on how long that takes."""


def completed(
    line: str,
    kubeconfig: Path | str,
    timeout: float = 30,
    stdin: int | None = None,
    stderr: int = subprocess.PIPE,
    program: tuple[str, str] = PROGRAM,
) -> subprocess.CompletedProcess[str]:
    """Complete a line as bash asks for it; a blank at its end begins a new word."""
    words = line.split()
    number = len(words) - (not line.endswith(" "))
    asked = {"_LINKERDCTL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(number)}
    environment = {**os.environ, **asked, "KUBECONFIG": str(kubeconfig)}
    return subprocess.run(
        (sys.executable, *program),
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        timeout=timeout,
    )


def offered(line: str, mesh: DemoMesh) -> list[str]:
    ended = completed(line, mesh.kubeconfig, timeout=120, program=PATIENT)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("linkerdctl stat dep", ["deploy"]),
        ("linkerdctl stat deployment", ["deployment"]),
        ("linkerdctl stat deployments", ["deployments"]),
        ("linkerdctl stat po,dep", ["po,deploy"]),
        ("linkerdctl stat -n emojivoto deploy/", [f"deploy/{name}" for name in WORKLOADS]),
        ("linkerdctl stat -n emojivoto deploy/vot", ["deploy/vote-bot", "deploy/voting"]),
        ("linkerdctl stat -n emojivoto deploy ", WORKLOADS),
        ("linkerdctl stat -n emojivoto deploy w", ["web"]),
        ("linkerdctl stat -n emojivoto deploy/web svc/w", ["svc/web-svc"]),
        ("linkerdctl edges -n books sts/", ["sts/mysql"]),
        ("linkerdctl certs -A deploy/web", ["deploy/web", "deploy/webapp"]),
        ("linkerdctl stat ns/emo", ["ns/emojivoto"]),
        ("linkerdctl stat deploy/web -n emojivoto --to deploy/v", ["deploy/vote-bot", "deploy/voting"]),
        ("linkerdctl stat deploy -n emojivoto --to-namespace books --to deploy/", ["deploy/webapp"]),
        ("linkerdctl stat -n e", ["emojivoto"]),
        ("linkerdctl stat deploy --from-namespace bo", ["books"]),
        ("linkerdctl --context ", ["linkerdctl-demo"]),
        ("linkerdctl stat --context link", ["linkerdctl-demo"]),
        ("linkerdctl profile -n emojivoto we", ["web-svc"]),
        ("linkerdctl rbac che", ["check"]),
        ("linkerdctl metrics card", ["cardinality"]),
        ("linkerdctl metrics cardinality -n emojivoto deploy/w", ["deploy/web"]),
        ("linkerdctl stat au/", []),
        ("linkerdctl stat nosuchkind/", []),
    ],
)
def test_what_is_offered(demo: DemoMesh, line: str, words: list[str]) -> None:
    assert offered(line, demo) == words


@pytest.mark.parametrize("command", ["metrics", "metrics cardinality", "identity", "certs"])
def test_pods_are_offered_where_they_go_by_their_names_alone(demo: DemoMesh, command: str) -> None:
    pods = offered("linkerdctl stat -n emojivoto pod ", demo)
    assert offered(f"linkerdctl {command} -n emojivoto web", demo) == [name for name in pods if name.startswith("web")]
    assert "deploy" in offered(f"linkerdctl {command} -n emojivoto ", demo)
    assert offered("linkerdctl stat -n emojivoto web", demo) == []


def test_kinds_are_offered_by_their_short_names(demo: DemoMesh) -> None:
    kinds = offered("linkerdctl stat ", demo)
    assert {"deploy", "po", "svc", "ns", "sts"} <= set(kinds)
    assert "deployment" not in kinds


def test_names_come_from_the_context_s_namespace_if_no_other_is_given(demo_with: DemoFactory) -> None:
    mesh = demo_with()
    assert offered("linkerdctl stat deploy/", mesh) == []
    mesh.kubeconfig.write_text(mesh.kubeconfig.read_text().replace('"namespace": "default"', '"namespace": "books"'))
    assert offered("linkerdctl stat deploy/", mesh) == ["deploy/webapp"]


def test_a_recording_offers_its_own_names_and_asks_no_cluster() -> None:
    line = f"linkerdctl --recording {RECORDING} stat -n emojivoto deploy/v"
    ended = completed(line, "/nowhere", timeout=120, program=PATIENT)
    assert ended.stdout.split() == ["deploy/vote-bot", "deploy/voting"]


def test_who_may_not_list_is_offered_nothing(demo_with: DemoFactory) -> None:
    mesh = demo_with(denials=(Denial("list", "deployments"),))
    assert offered("linkerdctl stat -n emojivoto deploy/", mesh) == []


def kubeconfig(path: Path, server: str, user: dict[str, Any] | None = None) -> Path:
    path.write_text(
        json.dumps(
            {
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": user or {}}],
            }
        )
    )
    return path


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def assert_silent(config: Path | str) -> None:
    ended = completed("linkerdctl stat -n emojivoto deploy/", config, timeout=20)
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "", "")


def test_a_server_that_never_answers_is_given_up_in_silence(tmp_path: Path, silent_server: str) -> None:
    assert_silent(kubeconfig(tmp_path / "config", silent_server))


def test_a_credential_plugin_that_hangs_and_talks_is_too(tmp_path: Path, silent_server: str) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", "echo log in, please >&2; exec sleep 60"],
        "interactiveMode": "IfAvailable",
    }
    assert_silent(kubeconfig(tmp_path / "config", silent_server, {"exec": plugin}))


def test_a_plugin_does_not_talk_to_who_types(tmp_path: Path, silent_server: str) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", "echo password, please >&2; read answer"],
        "interactiveMode": "IfAvailable",
    }
    config = kubeconfig(tmp_path / "config", silent_server, {"exec": plugin})
    ours, theirs = pty.openpty()
    completed("linkerdctl stat -n emojivoto deploy/", config, timeout=20, stdin=theirs, stderr=theirs)
    os.set_blocking(ours, False)
    with pytest.raises(BlockingIOError):
        print(os.read(ours, 1000))
    os.close(ours)
    os.close(theirs)


def test_so_is_every_other_trouble(tmp_path: Path) -> None:
    assert_silent("/nowhere")
    broken = tmp_path / "broken"
    broken.write_text("{[")
    assert_silent(broken)
    assert_silent(kubeconfig(tmp_path / "refused", "http://127.0.0.1:1"))


@pytest.mark.parametrize(
    "asked",
    [
        {"_LINKERDCTL_COMPLETE": "complete_zsh"},
        {"_LINKERDCTL_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    ],
    ids=["zsh", "fish"],
)
def test_help_beside_what_is_offered_keeps_its_brackets(asked: dict[str, str]) -> None:
    line = {"_TYPER_COMPLETE_ARGS": "linkerdctl stat --fro"}
    ended = subprocess.run(
        (sys.executable, "-m", "linkerdctl"), env={**os.environ, **asked, **line}, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "--from-namespace" in ended.stdout
    assert "TYPE[/NAME]" in ended.stdout
