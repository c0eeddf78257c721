"""What the admin port of a demo proxy answers, faults included. Sockets are elsewhere; both ways to a proxy ask here."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from linkerdctl.demo.admin.gzipped import gzipped
from linkerdctl.demo.faults import Fault
from linkerdctl.demo.mesh import Mesh
from linkerdctl.demo.topology import DemoPod

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

EXPOSITION = "text/plain; version=0.0.4"
_PLAIN = "text/plain; charset=utf-8"
_WORTH_COMPRESSING = 1400


class CutShortError(ConnectionError):
    """Raised after part of a body, so that the server closes the connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; of `body` only the first `sent` bytes are sent, if that is set."""

    status: int
    body: bytes
    content_type: str = _PLAIN
    sent: int | None = None


class ProxyAnswers:
    """Asks the mesh on behalf of whoever reached a proxy."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    def is_dead(self, pod: DemoPod) -> bool:
        """Whether connections to this proxy are refused."""
        fault = self._mesh.fault_of(pod)
        return fault is not None and fault.kind == "dead"

    async def send(self, pod: DemoPod, path: str, scope: Scope, send: Send) -> None:
        """Answer an ASGI request for `path` of a pod's admin port."""
        fault = self._mesh.fault_of(pod)
        if path == "/metrics" and fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        await _send(self._answer(pod, path, fault), self._mesh.shared_text, scope, send)

    def _answer(self, pod: DemoPod, path: str, fault: Fault | None) -> Answer:
        if path in ("/ready", "/live"):
            return Answer(200, path.removeprefix("/").encode() + b"\n")
        if path != "/metrics":
            return Answer(404, b"not found\n")
        kind = fault.kind if fault is not None else ""
        if kind == "403":
            return Answer(403, b"")
        if kind == "garbage":
            return Answer(200, _garbage(), EXPOSITION)
        text = self._mesh.scrape(pod)
        return Answer(200, text, EXPOSITION, sent=len(text) // 2 if kind == "truncated" else None)


def _garbage() -> bytes:
    noise = random.Random(4191).randbytes(600)
    return b"# HELP request_total Total count of HTTP requests.\nrequest_total{direction=" + noise + b"\n"


async def _send(answer: Answer, shared_text: bytes, scope: Scope, send: Send) -> None:
    headers = [(b"content-type", answer.content_type.encode())]
    body, sent = answer.body, answer.sent
    if len(body) > _WORTH_COMPRESSING and _accepts_gzip(scope):
        body = gzipped(body, shared_text)
        sent = None if sent is None else len(body) // 2
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if sent is None:
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.body", "body": body[:sent], "more_body": True})
    raise CutShortError


def _accepts_gzip(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
