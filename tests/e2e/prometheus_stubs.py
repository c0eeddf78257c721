"""Small HTTP servers: one that answers as a broken Prometheus would, one that leads to a Service as an API server does."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SERVICE = "/api/v1/namespaces/linkerd-viz/services/prometheus:9090/proxy"


@dataclass
class Reply:
    """What a stub sends."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    location: str = ""
    after: float = 0.0
    """Seconds to wait first."""


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stub:
    """A server at `url`, and what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def stub(answer: Callable[[Asked], Reply], *, tls: ssl.SSLContext | None = None) -> Iterator[Stub]:
    """Serve on loopback until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, self.rfile.read(length))
            running.asked.append(asked)
            reply = answer(asked)
            time.sleep(reply.after)
            self.send_response(reply.status)
            self.send_header("content-type", reply.content_type)
            self.send_header("content-length", str(len(reply.body)))
            if reply.location:
                self.send_header("location", reply.location)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.end_headers()
                self.wfile.write(reply.body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    running = Stub(f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()


def api_server_before(api: str, prometheus: str) -> Callable[[Asked], Reply]:
    """The demo's API face, with a Service in front of a Prometheus; no other Service is there."""

    def answer(asked: Asked) -> Reply:
        if asked.path.startswith(SERVICE):
            return _forwarded(asked, prometheus + asked.path.removeprefix(SERVICE))
        if "/services/" in asked.path and asked.path.split("?")[0].endswith("/proxy/api/v1/query"):
            return Reply(404, b'{"kind":"Status","message":"services not found","reason":"NotFound","code":404}')
        return _forwarded(asked, api + asked.path)

    return answer


def _forwarded(asked: Asked, url: str) -> Reply:
    kept = {name: value for name, value in asked.headers.items() if name in ("accept", "content-type")}
    request = urllib.request.Request(url, asked.body or None, kept, method=asked.method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answered:
            return Reply(answered.status, answered.read(), answered.headers.get("content-type", ""))
    except urllib.error.HTTPError as error:
        return Reply(error.code, error.read(), error.headers.get("content-type", ""))


def kubeconfig_for(url: str, directory: Path) -> Path:
    """A kubeconfig for an API server without credentials."""
    path = directory / "kubeconfig"
    path.write_text(
        f"""
apiVersion: v1
kind: Config
current-context: stub
clusters: [{{name: stub, cluster: {{server: "{url}"}}}}]
users: [{{name: stub, user: {{}}}}]
contexts: [{{name: stub, context: {{cluster: stub, user: stub, namespace: emojivoto}}}}]
"""
    )
    return path
