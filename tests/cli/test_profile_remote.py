"""Specifications from URLs and out of services: read once, and every failure is one line without secrets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from linkerdctl.cli.run import run

SPEC = "openapi: 3.0.3\nservers: [{url: /v1}]\npaths: {/a: {get: {}}}\n"
ANSWERS = {
    "/openapi.yaml": (200, SPEC.encode()),
    "/latin.yaml": (200, b"openapi: 3.0.3\ninfo: gr\xf6sse\n"),
    "/page": (200, b"<html><body>Log in, please</body></html>"),
    "/gone": (404, b""),
    "/api/v1/namespaces/books/services/webapp:7000/proxy/docs/openapi.yaml": (200, SPEC.encode()),
    "/api/v1/namespaces/books/services/down/proxy/openapi.yaml": (503, b"no endpoints available"),
}
Outcome = Callable[[str], tuple[int, str, str]]


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = self.path.partition("?")[0]
        status, body = (302, b"") if asked == "/moved" else ANSWERS.get(asked, (404, b"{}"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/openapi.yaml")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Where the answers are to be had: `http://127.0.0.1:PORT`."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def profile(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Outcome:
    """Run `profile`, SERVER standing for the server, which is the cluster as well."""
    config = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {}}],
    }
    (tmp_path / "config").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))

    def go(line: str) -> tuple[int, str, str]:
        code = run(["profile", "-n", "books", "webapp", *line.replace("SERVER", server).split()])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


@pytest.mark.parametrize(
    "source",
    [
        "--open-api SERVER/openapi.yaml",
        "--open-api SERVER/openapi.yaml?token=secret",
        "--open-api SERVER/moved",
        "--from-service books/webapp:7000/docs/openapi.yaml",
    ],
)
def test_a_specification_is_read_from_where_it_is(profile: Outcome, source: str) -> None:
    code, out, err = profile(f"{source} --ignore-cluster")
    assert (code, err) == (0, "")
    assert [route["name"] for route in yaml.safe_load(out)["spec"]["routes"]] == ["GET /v1/a"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("--open-api SERVER/gone", "/gone: the server answered 404"),
        ("--open-api SERVER/gone?token=secret", "/gone: the server answered 404"),
        ("--open-api SERVER/page", "/page:1:1: holds text where an object belongs"),
        ("--open-api SERVER/latin.yaml", "/latin.yaml:2:9: this is no UTF-8 text"),
        ("--proto SERVER/page", "/page:1:1: expected syntax, package"),
        ("--open-api http://[", "cannot be read"),
        ("--from-service books/none/openapi.yaml", "none"),
        ("--from-service books/down/openapi.yaml", "503"),
    ],
)
def test_a_failure_is_one_line_and_writes_nothing(profile: Outcome, source: str, words: str) -> None:
    code, out, err = profile(f"{source} --ignore-cluster")
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert words in err.splitlines()[0]
    assert "secret" not in err
