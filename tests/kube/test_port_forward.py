"""Metrics through a port-forward: a fake API server that speaks v4.channel.k8s.io over real WebSockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import trustme
from websockets.asyncio.server import Request, Response, ServerConnection, serve
from websockets.datastructures import Headers

from linkerdctl.errors import ConfigError, ProxyError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.impersonation import Impersonation
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.port_forward import SUBPROTOCOL, ThroughPortForward
from linkerdctl.kube.proxy_access import Fetched
from tests.kube.fakes import FakeProxy, config_for, proxying, server_tls

TARGET = Target(PodRef("ns", "web"), {}, "10.0.0.1", 4191)
PORT = (4191).to_bytes(2, "little")
TEXT = b"# TYPE a counter\na 1\n"
Talk = Callable[[ServerConnection, bytes], Awaitable[None]]


@dataclass
class Forwarder:
    """Greets on both channels, hands what the client says to `talk`, and hangs up when that is done."""

    talk: Talk
    refuse: list[tuple[int, bytes]] = field(default_factory=list)
    """Statuses and bodies instead of an upgrade, each once."""
    requests: list[Request] = field(default_factory=list)

    async def serve(self, socket: ServerConnection) -> None:
        for channel in (0, 1):
            await socket.send(bytes([channel]) + PORT)
        asked = await socket.recv()
        assert isinstance(asked, bytes)
        assert asked[:1] == b"\x00"
        await self.talk(socket, asked[1:])

    def admit(self, socket: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if not self.refuse:
            return None
        status, body = self.refuse.pop(0)
        return Response(status, HTTPStatus(status).phrase, Headers({"Content-Length": str(len(body))}), body)


@asynccontextmanager
async def running(forwarder: Forwarder, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async with serve(
        forwarder.serve, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL], process_request=forwarder.admit, ssl=tls
    ) as server:
        yield "{}://127.0.0.1:{}".format("https" if tls else "http", server.sockets[0].getsockname()[1])


async def fetch(forwarder: Forwarder, *, deadline: float = 5.0, **config: Any) -> Fetched:
    tls, user = config.pop("tls", None), config.pop("user", None)
    async with (
        running(forwarder, tls) as server,
        KubeClient(config_for(server, user, **config)) as client,
    ):
        return await ThroughPortForward(client).fetch(TARGET, deadline=deadline)


async def failure(forwarder: Forwarder, **options: Any) -> ProxyError:
    with pytest.raises(ProxyError) as caught:
        await fetch(forwarder, **options)
    assert "\n" not in caught.value.message
    return caught.value


def saying(*messages: bytes | str, abort: bool = False) -> Talk:
    async def talk(socket: ServerConnection, asked: bytes) -> None:
        for message in messages:
            await socket.send(message)
        if abort:
            socket.transport.abort()

    return talk


def data(content: bytes) -> bytes:
    return b"\x00" + content


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


def sized(body: bytes) -> bytes:
    return answer(body, f"Content-Length: {len(body)}")


async def test_one_get_goes_through_and_its_answer_comes_back() -> None:
    asked: list[bytes] = []

    async def talk(socket: ServerConnection, request: bytes) -> None:
        asked.append(request)
        packed = gzip.compress(TEXT)
        whole = answer(packed, "content-encoding: gzip", f"CONTENT-LENGTH: {len(packed)}")
        for at in range(0, len(whole), 7):
            await socket.send(data(whole[at : at + 7]))
        await socket.wait_closed()

    forwarder = Forwarder(talk)
    fetched = await fetch(forwarder, user={"token": "t"}, impersonation=Impersonation("jürgen-李"))
    assert fetched.text == TEXT
    assert fetched.at > 0
    assert asked[0].startswith(b"GET /metrics HTTP/1.1\r\n")
    [request] = forwarder.requests
    assert request.path == "/api/v1/namespaces/ns/pods/web/portforward?ports=4191"
    assert request.headers["Authorization"] == "Bearer t"
    assert request.headers["Impersonate-User"].encode("latin-1").decode() == "jürgen-李"
    assert request.headers["Sec-WebSocket-Protocol"] == SUBPROTOCOL


@pytest.mark.parametrize("abort", [False, True])
@pytest.mark.parametrize(
    "whole", [sized(TEXT), answer(b"15\r\n" + TEXT[:21] + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked")]
)
async def test_a_server_may_leave_without_goodbye_once_all_is_said(whole: bytes, abort: bool) -> None:
    assert (await fetch(Forwarder(saying(data(whole), abort=abort)))).text == TEXT


async def test_an_answer_without_length_ends_with_the_connection_if_that_ends_well() -> None:
    assert (await fetch(Forwarder(saying(data(answer(TEXT)))))).text == TEXT
    broken = await failure(Forwarder(saying(data(answer(TEXT)), abort=True)))
    assert broken.message == "its answer ended early"


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "its answer ended early"),
        ([data(b"HTTP/1.1 200 OK\r\nConte")], "its answer ended early"),
        ([data(answer(TEXT, "Content-Length: 999"))], "its answer ended early"),
        ([data(answer(b"", status="403 Forbidden"))], "it answered 403: its policy lets nobody read metrics"),
        ([data(answer(b"", status="500 Oops"))], "it answered 500"),
        ([data(b"SSH-2.0-OpenSSH\r\n\r\n")], "it answered no HTTP"),
        ([b"\x01an error occurred: dial tcp4 127.0.0.1:4191: connect: connection refused\n"], "connection refused"),
        ([b"\x01first\nsecond\n"], "port-forward failed: second"),
        ([b"\x01 "], "port-forward failed: no reason given"),
        ([b"\x07x"], "port-forward failed: the API server does not speak its protocol"),
        ([b""], "port-forward failed: the API server does not speak its protocol"),
        (["text"], "port-forward failed: the API server does not speak its protocol"),
    ],
)
async def test_what_goes_wrong_is_told_in_few_words(messages: list[bytes | str], reason: str) -> None:
    assert (await failure(Forwarder(saying(*messages)))).message.startswith(reason)


async def test_a_proxy_that_says_nothing_runs_into_the_deadline() -> None:
    async def silent(socket: ServerConnection, asked: bytes) -> None:
        await socket.wait_closed()

    assert (await failure(Forwarder(silent), deadline=0.2)).message == "timed out after 0.2s"


async def test_too_much_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linkerdctl.kube.port_forward.MOST_BYTES", 2**20)
    flood = [data(sized(bytes(3 * 2**20))[:-1])]
    assert (await failure(Forwarder(saying(*flood)))).message == "its answer is larger than 1 MiB"


def status(message: str, reason: str) -> bytes:
    return json.dumps({"kind": "Status", "message": message, "reason": reason}).encode()


async def test_without_permission_both_verbs_are_asked_for() -> None:
    error = await failure(Forwarder(saying(), [(403, status("no", "Forbidden"))]))
    assert error.message == "you may not read it: no permission for pods/portforward"
    assert 'verbs: ["create", "get"]' in str(error.next_step)


@pytest.mark.parametrize(
    ("code", "body", "reason"),
    [
        (404, status('pods "web" not found', "NotFound"), "its pod is gone"),
        (500, status("error dialing backend: dial tcp: i/o timeout", "InternalError"), "i/o timeout"),
        (400, status("unable to upgrade", "BadRequest"), "cannot create pods/portforward 'web' in namespace ns: "),
        (401, status("planted", "Unauthorized"), "the API server http"),
    ],
)
async def test_an_api_server_that_refuses_is_told(code: int, body: bytes, reason: str) -> None:
    error = await failure(Forwarder(saying(), [(code, body)]), user={"token": "t"})
    assert error.message.startswith(reason)
    assert "planted" not in error.message


async def test_a_refused_token_is_renewed(tmp_path: Path) -> None:
    path = tmp_path / "token"
    await asyncio.to_thread(path.write_text, "old")
    forwarder = Forwarder(saying(data(sized(TEXT))), [(401, b"")])
    admit = forwarder.admit

    def rotate(socket: ServerConnection, request: Request) -> Response | None:
        path.write_text("new")
        return admit(socket, request)

    forwarder.admit = rotate  # type: ignore[method-assign]
    assert (await fetch(forwarder, user={"tokenFile": str(path)})).text == TEXT
    assert [each.headers["Authorization"] for each in forwarder.requests] == ["Bearer old", "Bearer new"]


async def test_a_server_that_is_not_there_is_told() -> None:
    async with KubeClient(config_for("http://127.0.0.1:1")) as client:
        with pytest.raises(ProxyError, match=r"cannot reach the API server http://127\.0\.0\.1:1: connection refused"):
            await ThroughPortForward(client).fetch(TARGET, deadline=5.0)


@pytest.mark.parametrize("name", [None, "kubernetes"])
async def test_tls_and_the_name_to_expect_are_as_for_all_requests(authority: trustme.CA, name: str | None) -> None:
    tls, ca = server_tls(authority, name or "127.0.0.1"), authority.cert_pem.bytes()
    talk = saying(data(sized(TEXT)))
    assert (await fetch(Forwarder(talk), tls=tls, ca=ca, tls_server_name=name)).text == TEXT
    error = await failure(Forwarder(talk), tls=tls, ca=ca, tls_server_name="other")
    assert "its certificate is not trusted (Hostname mismatch" in error.message
    error = await failure(Forwarder(talk), tls=tls, tls_server_name=name)
    assert "its certificate is not trusted" in error.message


@pytest.mark.parametrize("name", [None, "kubernetes"])
async def test_a_proxy_is_gone_through(authority: trustme.CA, name: str | None) -> None:
    proxy = FakeProxy()
    async with proxying(proxy) as place:
        url = f"http://bob:planted@{place}"
        options = {"tls": server_tls(authority, name or "127.0.0.1"), "ca": authority.cert_pem.bytes()}
        talk = saying(data(sized(TEXT)))
        assert (await fetch(Forwarder(talk), **options, proxy_url=url, tls_server_name=name)).text == TEXT
        assert proxy.connects[0].startswith("CONNECT ")
        proxy.refuse = True
        error = await failure(Forwarder(talk), **options, proxy_url=url)
    assert f"through the proxy http://{place}" in error.message
    assert "planted" not in error.message


async def test_a_socks_proxy_needs_a_package() -> None:
    config = config_for("http://127.0.0.1:1")
    async with KubeClient(config) as client:
        client.config = config_for("http://127.0.0.1:1", proxy_url="socks5://bob:planted@x:1")
        with pytest.raises(ConfigError, match="the proxy socks5://x:1 needs a package") as caught:
            await ThroughPortForward(client).fetch(TARGET, deadline=5.0)
    assert "planted" not in caught.value.message
