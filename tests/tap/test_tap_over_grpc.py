"""The proxies' own tap API as a transport: windows, several pods, pods that fail, mesh TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from linkerdctl.errors import ConfigError, TapError
from linkerdctl.kube.inventory import PodRef
from linkerdctl.kube.selection import parse_target
from linkerdctl.tap.encoding import encode
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.query import TapQuery
from linkerdctl.tap.transports import proxies
from linkerdctl.tap.transports.mesh_tls import TlsFiles
from linkerdctl.tap.transports.proxies import REQUIRE_ID, ProxyTap, TapTarget
from linkerdctl.tap.wire.proxy_tap_pb2 import ObserveRequest
from tests.tap.tap_builders import begun, whole

QUERY = TapQuery(parse_target("deploy/web", namespace="emojivoto"), max_rps=10)
WEB = "web.emojivoto.serviceaccount.identity.linkerd.cluster.local"
TAP = "tap.linkerd-viz.serviceaccount.identity.linkerd.cluster.local"
Script = list[list[TapEvent] | grpc.StatusCode]


class Proxy:
    """Answers each Observe as the script says, and the ones after it by keeping still."""

    def __init__(self, *script: list[TapEvent] | grpc.StatusCode) -> None:
        self.script: Script = list(script)
        self.asked: list[ObserveRequest] = []
        self.metadata: list[dict[str, str | bytes]] = []
        self.port = 0

    async def observe(self, request: ObserveRequest, context: Any) -> AsyncIterator[bytes]:
        self.asked.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        if not self.script:
            await asyncio.Event().wait()
        said = self.script.pop(0)
        if isinstance(said, grpc.StatusCode):
            await context.abort(said, "as the script says")
            return
        for event in said:
            yield encode(event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        handler = grpc.unary_stream_rpc_method_handler(self.observe, ObserveRequest.FromString, None)
        server = grpc.aio.server()
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("io.linkerd.proxy.tap.Tap", {"Observe": handler}),)
        )
        self.port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield self
        finally:
            await server.stop(None)

    def target(self, name: str = "web-1", port: int = 0) -> TapTarget:
        return TapTarget(PodRef("emojivoto", name), "127.0.0.1", port or self.port, WEB)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "WINDOW", 0.0)
    monkeypatch.setattr(proxies, "FIRST_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(proxies, "pauses", lambda: iter((0.0, 0.0, 0.0)))


async def taken(tap: ProxyTap, number: int) -> list[TapEvent]:
    events: list[TapEvent] = []
    async with asyncio.timeout(20), aclosing(tap.batches()) as batches:
        async for batch in batches:
            events.extend(batch)
            if len(events) >= number:
                break
    return events


async def test_windows_follow_each_other() -> None:
    one, two = whole("/one"), whole("/two")
    async with Proxy(one, [], two).running() as proxy:
        assert await taken(ProxyTap([proxy.target()], QUERY, print), 6) == [*one, *two]
        assert {request.limit for request in proxy.asked} == {10}
        assert {each[REQUIRE_ID] for each in proxy.metadata} == {WEB}


async def test_several_pods_are_merged_and_share_the_limit() -> None:
    async with Proxy(whole("/a")).running() as first, Proxy(whole("/b")).running() as second:
        tap = ProxyTap([first.target(), second.target("web-2")], QUERY, print)
        events = await taken(tap, 6)
        assert first.asked[0].limit == second.asked[0].limit == 5
    assert {event.http.path for event in events if hasattr(event.http, "path")} == {"/a", "/b"}


async def test_events_are_labelled_on_the_way() -> None:
    async with Proxy([begun("/a")]).running() as proxy:
        tap = ProxyTap([proxy.target()], QUERY, print, hydrate=lambda event: begun("/labelled"))
        assert await taken(tap, 1) == [begun("/labelled")]


async def test_a_pod_that_cannot_be_tapped_is_named_and_costs_itself_alone() -> None:
    told: list[str] = []
    async with (
        Proxy(grpc.StatusCode.UNAUTHENTICATED).running() as closed,
        Proxy(whole("/a"), whole("/b")).running() as open_,
    ):
        assert len(await taken(ProxyTap([closed.target("web-9"), open_.target()], QUERY, told.append), 6)) == 6
    assert told == ["emojivoto/web-9 is not tapped any more: unauthenticated: as the script says"]


async def test_without_any_pod_it_is_an_error_that_speaks_of_identities() -> None:
    async with Proxy(grpc.StatusCode.UNAUTHENTICATED).running() as proxy:
        with pytest.raises(TapError, match="no proxy could be tapped: unauthenticated") as error:
            await taken(ProxyTap([proxy.target()], QUERY, lambda line: None), 1)
    assert "--tls-ca" in (error.value.next_step or "")


async def test_a_proxy_that_is_not_there_is_given_up_after_some_attempts() -> None:
    told: list[str] = []
    with pytest.raises(TapError, match="connection refused"):
        await taken(ProxyTap([Proxy().target(port=1)], QUERY, told.append), 1)
    assert told == [
        "emojivoto/web-1: connection refused; trying again",
        "emojivoto/web-1 is not tapped any more: connection refused",
    ]


async def test_a_proxy_that_breaks_off_is_asked_again_and_what_came_stays() -> None:
    broken = grpc.StatusCode.UNAVAILABLE
    async with Proxy(whole("/a"), broken, broken, whole("/b")).running() as proxy:
        assert len(await taken(ProxyTap([proxy.target()], QUERY, lambda line: None), 6)) == 6


async def test_nobody_reading_holds_proxies_up_and_leaving_frees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "WAITING", 2)
    async with Proxy([begun()] * 500, [begun()] * 500).running() as proxy:
        assert await taken(ProxyTap([proxy.target()], QUERY, print), 1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def identity(authority: trustme.CA, tmp_path: Path) -> TlsFiles:
    """The tap server's."""
    return files(authority, authority.issue_cert(TAP), tmp_path)


def files(authority: trustme.CA, leaf: trustme.LeafCert, directory: Path) -> TlsFiles:
    found = TlsFiles(directory / "ca.pem", directory / "cert.pem", directory / "key.pem")
    authority.cert_pem.write_to_path(found.ca)
    leaf.cert_chain_pems[0].write_to_path(found.certificate)
    leaf.private_key_pem.write_to_path(found.key)
    return found


@asynccontextmanager
async def behind_tls(proxy: Proxy, authority: trustme.CA, name: str = WEB) -> AsyncIterator[TapTarget]:
    """A proxy's port: TLS without ALPN, clients with a certificate only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        ways = [asyncio.create_task(copy(reader, far_writer)), asyncio.create_task(copy(far_reader, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for each in (*ways, writer, far_writer):
            each.cancel() if isinstance(each, asyncio.Task) else each.close()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            writer.write(chunk)

    server = await asyncio.start_server(carry, "127.0.0.1", 0, ssl=context)
    try:
        yield proxy.target(port=server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def test_mesh_tls_with_the_tap_identity(authority: trustme.CA, identity: TlsFiles) -> None:
    async with Proxy(whole("/a")).running() as proxy, behind_tls(proxy, authority) as target:
        assert len(await taken(ProxyTap([target], QUERY, print, tls=identity), 3)) == 3


async def test_a_proxy_with_another_identity_is_not_trusted(authority: trustme.CA, identity: TlsFiles) -> None:
    async with Proxy(whole()).running() as proxy, behind_tls(proxy, authority, "other.identity") as target:
        with pytest.raises(TapError, match=f"certificate is not that of {WEB}"):
            await taken(ProxyTap([target], QUERY, lambda line: None, tls=identity), 1)


async def test_a_proxy_of_another_mesh_is_not_trusted(identity: TlsFiles) -> None:
    async with Proxy(whole()).running() as proxy, behind_tls(proxy, trustme.CA()) as target:
        with pytest.raises(TapError, match="not trusted"):
            await taken(ProxyTap([target], QUERY, lambda line: None, tls=identity), 1)


def broken(identity: TlsFiles, directory: Path) -> Iterator[tuple[TlsFiles, str]]:
    (directory / "text").write_text("no PEM")
    yield TlsFiles(directory / "nowhere", identity.certificate, identity.key), "no such file"
    yield TlsFiles(directory / "text", identity.certificate, identity.key), "holds no PEM certificates"
    yield TlsFiles(identity.ca, directory / "text", identity.key), "do not fit or are no PEM"
    yield TlsFiles(identity.ca, identity.ca, identity.key), "do not fit or are no PEM"
    yield TlsFiles(identity.ca, identity.certificate, directory), "is a directory"


async def test_files_that_are_no_identity_are_told_before_anything_is_asked(identity: TlsFiles, tmp_path: Path) -> None:
    for tls, words in broken(identity, tmp_path):
        with pytest.raises(ConfigError, match=words):
            await taken(ProxyTap([Proxy().target(port=1)], QUERY, print, tls=tls), 1)
