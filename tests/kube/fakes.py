"""Stand-ins on loopback: an API server that answers what it is told to, a proxy to it, kubeconfigs, certificates."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from linkerdctl.kube.kubeconfig import ClusterConfig

Answer = Response | dict[str, Any] | Callable[[Request], Response]


class _Server(uvicorn.Server):
    """Leaves the signals to pytest, and tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: Any, tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Serve an ASGI application; gives its URL."""
    config = uvicorn.Config(app, host=host, port=0, http="h11", ws="none", lifespan="off", log_config=None)
    config.load()
    config.ssl = tls
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    await server.up.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"{'https' if tls else 'http'}://{host}:{port}"
    server.should_exit = server.force_exit = True
    await task


@dataclass
class FakeApi:
    """Answers each path with what stands under it: a document, a response, a function, or a list of those in turn."""

    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        self.requests.append(request)
        answer = self.answers.get(request.url.path, Response("404 page not found", 404))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, dict):
            answer = JSONResponse(answer)
        response = answer if isinstance(answer, Response) else answer(request)
        await response(scope, receive, send)

    def headers(self, name: str) -> list[str | None]:
        """What each request had under a header."""
        return [each.headers.get(name) for each in self.requests]


def status(code: int, message: str = "", reason: str = "", **headers: str) -> Response:
    """A Kubernetes Status."""
    body = {"kind": "Status", "apiVersion": "v1", "code": code, "message": message, "reason": reason}
    return JSONResponse(body, code, headers)


def listing(kind: str, *names: str, token: str = "") -> dict[str, Any]:
    """One page of a list."""
    items = [{"metadata": {"name": name, "namespace": "ns"}} for name in names]
    return {"kind": f"{kind}List", "apiVersion": "v1", "metadata": {"continue": token}, "items": items}


def kubeconfig(path: Path, server: str, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    """A kubeconfig of one context, `here`."""
    document = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": user or {}}],
    }
    path.write_text(json.dumps(document))
    return path


def config_for(server: str, user: dict[str, Any] | None = None, **fields: Any) -> ClusterConfig:
    """What would have been read from such a file."""
    return ClusterConfig(server, context="here", user=user or {}, source="the test", **fields)


def encoded(text: bytes) -> str:
    """As kubeconfigs hold certificates."""
    return base64.b64encode(text).decode()


def server_tls(authority: trustme.CA, *names: str, clients: trustme.CA | None = None) -> ssl.SSLContext:
    """A server's side of TLS; with `clients`, only for clients with a certificate of theirs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    if clients:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@dataclass
class FakeProxy:
    """An HTTP proxy that knows CONNECT."""

    connects: list[str] = field(default_factory=list)
    """Request lines and headers, as they came."""
    refuse: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One tunnel; it hangs up where it cannot reach the other end."""
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.connects.append(head)
            if self.refuse:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            host, _, port = head.split()[1].rpartition(":")
            inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()


@asynccontextmanager
async def proxying(proxy: FakeProxy) -> AsyncIterator[str]:
    """Run a proxy; gives HOST:PORT."""
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
