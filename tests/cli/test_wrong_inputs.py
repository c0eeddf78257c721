"""What users get wrong: one clear line, a next step, the right exit code, nothing on stdout and never a traceback."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from linkerdctl.cli.run import run

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"


def kubeconfig(path: Path, server: str, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user or {}}],
    }
    path.write_text(json.dumps(config))
    return path


@pytest.fixture
def outcome(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a line; give the exit code and the lines of stderr, having seen that there is no more than there should be."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    def go(*words: str) -> tuple[int, list[str]]:
        code = run(list(words))
        captured = capsys.readouterr()
        assert captured.out == ""
        lines = captured.err.splitlines()
        assert lines[0].startswith("error: ")
        assert "Traceback" not in captured.err
        assert "bug in linkerdctl" not in captured.err
        return code, lines

    return go


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stat widget", "unknown kind 'widget'"),
        ("stat deployy", "unknown kind 'deployy'"),
        ("stat deploy/a/b", "too many slashes"),
        ("stat deploy/Web_1", "no valid name"),
        ("stat /web", "does not say of which kind"),
        ("stat all deploy/web", "'all' cannot be combined"),
        ("stat deploy/web deploy/web", "given twice"),
        ("stat deploy/web -A", "by name across all namespaces"),
        ("stat deploy -A -n emojivoto", "exclude each other"),
        ("stat deploy -t 10", "unit is missing; did you mean 10s?"),
        ("stat deploy -t 1d", "no days or weeks"),
        ("stat deploy -t soon", "is no duration"),
        ("stat deploy -t 10ms", "too short"),
        ("stat deploy -o xml", "unknown output format 'xml'"),
        ("stat deploy -l a=b=c", "bad label selector"),
        ("stat deploy -l in(", "bad label selector"),
        ("stat deploy --to deploy/a --from deploy/b", "exclude each other"),
        ("stat deploy --from svc/web-svc", "sends no requests"),
        ("stat deploy --to all", "'all' is no filter"),
        ("stat deploy --to ns/a --to-namespace b", "names a namespace already"),
        ("stat deploy -n emojivoto --sort-by size", "no column 'size'"),
        ("stat deploy --watch 1ms", "too short"),
        ("stat deploy --no-such-flag", "no such option"),
        ("stat deploy -n", "requires an argument"),
        ("stta deploy", "unknown command 'stta'"),
        ("record", "missing option"),
        ("record -o x", "record needs a cluster"),
        ("stat deploy --timeout x", "is no duration"),
        ("stat deploy --concurrency 0", "0 is not in the range"),
    ],
)
def test_wrong_usage_ends_with_two(outcome: Any, line: str, words: str) -> None:
    code, lines = outcome("--recording", str(RECORDING), *line.split())
    assert code == 2
    assert words in lines[0].lower() or words in lines[0]
    assert len(lines) > 1, "the next step is missing"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("edges svc", "edges are between workloads, not services"),
        ("edges deploy/web -A", "by name across all namespaces"),
        ("edges deploy -o xml", "unknown output format"),
        ("graph svc", "edges are between workloads"),
        ("routes deploy -o fate", "-o fate needs --to"),
        ("routes server", "routes are those of workloads"),
        ("routes deploy --why --watch", "--why and --watch exclude"),
        ("routes deploy --why --tap deploy/web", "are about one service"),
        ("stat deploy --from svc/a", "sends no requests"),
        ("stat server --to deploy/x", "only servers count them"),
        ("stat deploy -n Bad_NS", "no valid namespace"),
        ("stat deploy -l a==b=c", "bad label selector"),
        ("stat-inbound server", "is about workloads"),
        ("stat-outbound svc", "send no requests"),
        ("authz au", "no policy is about authorities"),
        ("identity --min-left foo", "'foo' is neither"),
        ("metrics deploy --family (", "no regular expression"),
        ("tap svc/x", "a service cannot be tapped"),
        ("tap deploy/web --max-rps 0", "lets no request through"),
        ("top deploy --no-tap --path /x", "by peer and route only"),
        *(
            (f"{command} --sort-by size", "no column 'size'")
            for command in (
                "stat deploy",
                "stat-inbound deploy",
                "stat-outbound deploy",
                "authz deploy",
                "edges deploy",
                "routes deploy",
                "routes deploy --to svc/x -o fate",
                "identity",
                "list",
                "metrics cardinality",
                "top deploy",
            )
        ),
    ],
)
def test_wrong_usage_is_told_without_any_cluster(
    outcome: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, words: str
) -> None:
    """And so before anybody has waited for an answer."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nonexistent"))
    code, lines = outcome(*line.split())
    assert code == 2
    assert words in lines[0]
    assert len(lines) > 1, "the next step is missing"


@pytest.mark.parametrize(
    ("line", "words", "hint"),
    [
        ("stat deploy/wbe -n emojivoto", "deployment 'wbe' not found in namespace emojivoto", "did you mean web"),
        ("stat deploy web sts -n emojivoto", "deployment 'sts' not found", "write deploy,sts"),
        ("stat deploy/web -n nowhere", "deployment 'web' not found in namespace nowhere", "there is no deployment"),
        ("stat deploy --to deploy/x -n emojivoto", "deployment 'x' not found", "there are: "),
        ("stat ns/emojivto", "namespace 'emojivto' not found", "did you mean emojivoto"),
    ],
)
def test_what_does_not_exist_ends_with_one(outcome: Any, line: str, words: str, hint: str) -> None:
    code, lines = outcome("--recording", str(RECORDING), *line.split())
    assert code == 1
    assert words in lines[0]
    assert hint in lines[1]


def broken_recording(path: Path, how: str) -> Path:
    shutil.copytree(RECORDING, path)
    if how == "index is no JSON":
        (path / "recording.json").write_text('{"version": 1,\n "scrapes": [}')
    elif how == "index is a list":
        (path / "recording.json").write_text("[]")
    elif how == "later version":
        (path / "recording.json").write_text('{"version": 7, "scrapes": []}')
    elif how == "no scrapes":
        (path / "recording.json").write_text('{"version": 1, "scrapes": []}')
    elif how == "one scrape":
        index = json.loads((path / "recording.json").read_text())
        (path / "recording.json").write_text(json.dumps({**index, "scrapes": index["scrapes"][:1]}))
    elif how == "no cluster":
        (path / "cluster.json").unlink()
    elif how == "cluster without items":
        (path / "cluster.json").write_text('{"kind": "List"}')
    elif how == "cluster with nonsense":
        (path / "cluster.json").write_text('{"items": [{"kind": "Pod"}, 5]}')
    return path


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("index is no JSON", "recording.json is broken"),
        ("index is a list", "no JSON object"),
        ("later version", "version 7"),
        ("no scrapes", "holds no scrapes"),
        ("one scrape", "one scrape only"),
        ("no cluster", "has no cluster.json"),
        ("cluster without items", "has no items"),
        ("cluster with nonsense", "holds an object that is none"),
    ],
)
def test_a_broken_recording_is_told(outcome: Any, tmp_path: Path, how: str, words: str) -> None:
    path = broken_recording(tmp_path / "recording", how)
    code, lines = outcome("--recording", str(path), "stat", "deploy", "-n", "emojivoto")
    assert code == 1
    assert words in lines[0]


def test_what_is_no_recording_is_told(outcome: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.tar.gz").write_bytes(b"\x1f\x8b\x08\x00\x00")
    for name, words in (("gone", "there is no recording"), ("empty", "is no recording"), ("cut.tar.gz", "no archive")):
        code, lines = outcome("--recording", str(tmp_path / name), "stat", "deploy")
        assert code == 1
        assert words in lines[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [1,\nb: 2", "is no YAML at line 3, column 1"),
        ("just words", "holds no mapping"),
        ("apiVersion: v1\nkind: Config\n", "has no current context"),
        ("current-context: gone\ncontexts: []\n", "there is no context 'gone'"),
    ],
)
def test_a_broken_kubeconfig_is_told(outcome: Any, tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    code, lines = outcome("--kubeconfig", str(path), "stat", "deploy")
    assert code == 1
    assert words in lines[0]


def test_no_kubeconfig_at_all_names_the_ways_out(outcome: Any, tmp_path: Path) -> None:
    code, lines = outcome("stat", "deploy")
    assert code == 1
    assert "no kubeconfig" in lines[0]
    assert "--recording" in lines[1]
    assert "linkerdctl demo" in lines[1]
    assert outcome("stat", "deploy", "--kubeconfig", str(tmp_path / "gone"))[0] == 1
    assert outcome("stat", "deploy", "--as-group", "x")[0] == 2


def test_a_context_that_is_not_there_lists_those_that_are(outcome: Any, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "config", "https://127.0.0.1:1")
    code, lines = outcome("--kubeconfig", str(path), "--context", "there", "stat", "deploy")
    assert code == 1
    assert "there is no context 'there'" in lines[0]
    assert "here" in lines[1]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_an_unreachable_server_is_named(outcome: Any, tmp_path: Path) -> None:
    server = f"https://127.0.0.1:{free_port()}"
    code, lines = outcome("--kubeconfig", str(kubeconfig(tmp_path / "config", server)), "stat", "deploy")
    assert code == 1
    assert f"cannot reach the API server {server}: connection refused" in lines[0]


class Answers(BaseHTTPRequestHandler):
    """Always the same answer."""

    status = 200
    body = b"{}"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class QuietServer(ThreadingHTTPServer):
    """Says nothing of clients that turn away."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing."""


def serving(status: int, body: bytes, context: ssl.SSLContext | None = None) -> HTTPServer:
    handler = type("Handler", (Answers,), {"status": status, "body": body})
    server = QuietServer(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def servers() -> Iterator[list[HTTPServer]]:
    started: list[HTTPServer] = []
    yield started
    for server in started:
        server.shutdown()
        server.server_close()


STATUS = {"kind": "Status", "message": "token of planted-secret has expired", "reason": "Unauthorized", "code": 401}


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, json.dumps(STATUS).encode(), "does not accept your credentials: they have expired or are wrong"),
        (403, b'{"kind":"Status","message":"no"}', "you may not list"),
        (200, b"<html>login</html>", "answers with HTML where JSON belongs"),
        (200, b"nonsense", "is it a Kubernetes API server?"),
        (404, b"404 page not found", "answered 404"),
    ],
)
def test_a_server_that_refuses_is_understood(
    outcome: Any, servers: list[HTTPServer], tmp_path: Path, status: int, body: bytes, words: str
) -> None:
    servers.append(serving(status, body))
    path = kubeconfig(tmp_path / "config", f"http://127.0.0.1:{servers[0].server_port}", {"token": "planted-secret"})
    code, lines = outcome("--kubeconfig", str(path), "stat", "deploy", "-n", "emojivoto")
    assert code == 1
    assert words in lines[0]
    assert "planted-secret" not in "\n".join(lines)


def test_a_missing_permission_comes_with_its_rule(outcome: Any, servers: list[HTTPServer], tmp_path: Path) -> None:
    servers.append(serving(403, b'{"kind":"Status","message":"no"}'))
    path = kubeconfig(tmp_path / "config", f"http://127.0.0.1:{servers[0].server_port}")
    _, lines = outcome("--kubeconfig", str(path), "stat", "deploy", "-n", "emojivoto")
    rule = "\n".join(lines)
    assert "kind: Role" in rule
    assert "namespace: emojivoto" in rule
    assert 'verbs: ["list"]' in rule


def test_a_certificate_that_is_not_trusted_is_told(outcome: Any, servers: list[HTTPServer], tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    servers.append(serving(200, b"{}", context))
    (tmp_path / "other.pem").write_bytes(other.cert_pem.bytes())
    server = f"https://127.0.0.1:{servers[0].server_port}"
    path = kubeconfig(tmp_path / "config", server, **{"certificate-authority": str(tmp_path / "other.pem")})
    code, lines = outcome("--kubeconfig", str(path), "stat", "deploy")
    assert code == 1
    assert "its certificate is not trusted" in lines[0]


def test_an_exec_plugin_that_fails_is_told_without_what_it_printed(outcome: Any, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text("#!/bin/sh\necho planted-secret\necho 'session over, log in again' >&2\nexit 4\n")
    plugin.chmod(0o755)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    path = kubeconfig(tmp_path / "config", "http://127.0.0.1:1", user)
    code, lines = outcome("--kubeconfig", str(path), "stat", "deploy")
    assert code == 1
    assert "exited with 4: session over, log in again" in lines[0]
    assert "planted-secret" not in "\n".join(lines)
