"""Reaching a proxy through the API server or directly: one text, or a few words on why not."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from linkerdctl.errors import ProxyError, UsageError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.lanes import Lanes
from linkerdctl.kube.port_forward import ThroughPortForward
from linkerdctl.kube.proxy_access import Fetched
from linkerdctl.kube.proxy_ways import Direct, ThroughApiServer, proxy_access
from tests.kube.fakes import Answer, FakeApi, config_for, serving, status

TEXT = "# TYPE a counter\na 1\n"
PATH = "/api/v1/namespaces/ns/pods/web:4191/proxy/metrics"
TARGET = Target(PodRef("ns", "web"), {}, "127.0.0.1", 4191)


async def through_api(answer: Answer, *, deadline: float = 5.0) -> Fetched:
    api = FakeApi({PATH: answer})
    async with (
        serving(api) as server,
        KubeClient(config_for(server, {"token": "t"})) as client,
    ):
        fetched = await ThroughApiServer(client).fetch(TARGET, deadline=deadline)
    assert api.headers("accept-encoding") == ["gzip"]
    assert api.headers("authorization") == ["Bearer t"]
    return fetched


async def direct(answer: Answer, *, deadline: float = 5.0) -> Fetched:
    api = FakeApi({"/metrics": answer})
    async with serving(api) as server, aclosing(Lanes(4)) as lanes:
        host, _, port = server.removeprefix("http://").rpartition(":")
        fetched = await Direct(lanes).fetch(Target(TARGET.pod, {}, host, int(port)), deadline=deadline)
    assert api.headers("authorization") == [None]
    return fetched


def packed(text: str = TEXT) -> Response:
    return Response(gzip.compress(text.encode()), headers={"content-encoding": "gzip"})


def endless(request: Request) -> Response:
    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b"a 1\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(drops())


def cut_short(request: Request) -> Response:
    return Response(b"a 1\n", headers={"content-length": "4000"})


WAYS = pytest.mark.parametrize("fetch", [through_api, direct])


@WAYS
@pytest.mark.parametrize("answer", [PlainTextResponse(TEXT), packed()])
async def test_the_text_comes_as_it_is(fetch: type, answer: Response) -> None:
    fetched = await fetch(answer)
    assert fetched.text.decode() == TEXT
    assert fetched.at > 0


@WAYS
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Response(b"", 403), "it answered 403: its policy lets nobody read metrics"),
        (PlainTextResponse("client 10.0.0.1 not authorized", 403), "it answered 403: its policy lets nobody"),
        (PlainTextResponse("not found", 404), "it answered 404"),
        (PlainTextResponse("oops", 500), "it answered 500"),
        (Response(b"no gzip", headers={"content-encoding": "gzip"}), "its answer is broken gzip"),
        (cut_short, "its answer ended early"),
    ],
)
async def test_what_the_proxy_itself_does_wrong_is_told(fetch: type, answer: Answer, reason: str) -> None:
    with pytest.raises(ProxyError) as caught:
        await fetch(answer)
    assert caught.value.message.startswith(reason)
    assert caught.value.next_step is None or "403" in reason


async def test_who_meets_a_policy_on_the_api_server_s_way_is_told_of_others() -> None:
    with pytest.raises(ProxyError) as caught:
        await through_api(Response(b"", 403))
    assert (caught.value.next_step or "").startswith("--via port-forward comes from inside the pod and needs no policy")


@WAYS
async def test_a_deadline_ends_an_endless_answer(fetch: type) -> None:
    with pytest.raises(ProxyError, match=r"timed out after 0\.2s"):
        await fetch(endless, deadline=0.2)


@WAYS
async def test_too_much_is_too_much(fetch: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linkerdctl.kube.proxy_ways.MOST_BYTES", 2**20)
    with pytest.raises(ProxyError, match="its answer is larger than 1 MiB"):
        await fetch(packed("a 1\n" * 2**19))


DIALED = "error trying to reach service: dial tcp 10.0.0.1:4191: connect: "


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(503, DIALED + "connection refused", "ServiceUnavailable"), "connection refused"),
        (status(503, DIALED + "no route to host", "ServiceUnavailable"), "no route to host"),
        (status(503, "error trying to reach service: EOF", "ServiceUnavailable"), "EOF"),
        (status(404, 'pods "web" not found', "NotFound"), "its pod is gone"),
        (status(403, 'pods "web" is forbidden', "Forbidden"), "you may not read it: no permission for pods/proxy"),
        (status(401, "planted", "Unauthorized"), "the API server http"),
        (
            status(429, "", "TooManyRequests"),
            "cannot get pods/proxy 'web' in namespace ns: the API server answered 429",
        ),
    ],
)
async def test_what_the_api_server_says_of_a_proxy_is_told_in_few_words(answer: Response, reason: str) -> None:
    with pytest.raises(ProxyError) as caught:
        await through_api(answer)
    assert caught.value.message.startswith(reason)
    assert "planted" not in caught.value.message
    assert ('resources: ["pods/proxy"]' in str(caught.value.next_step)) is (answer.status_code == 403)


async def test_an_api_server_that_is_not_there_is_told() -> None:
    async with KubeClient(config_for("http://127.0.0.1:1")) as client:
        with pytest.raises(ProxyError, match=r"cannot reach the API server .*: connection refused"):
            await ThroughApiServer(client).fetch(TARGET, deadline=5.0)


@pytest.mark.parametrize(
    ("ip", "port", "reason"),
    [
        ("127.0.0.1", 1, "connection refused"),
        ("::1", 1, "connection refused"),
        ("", 4191, "its pod has no address yet"),
    ],
)
async def test_a_pod_that_is_not_reached_directly_is_told(ip: str, port: int, reason: str) -> None:
    async with aclosing(Lanes(4)) as lanes:
        with pytest.raises(ProxyError) as caught:
            await Direct(lanes).fetch(Target(TARGET.pod, {}, ip, port), deadline=5.0)
    assert caught.value.message.startswith(reason)


async def test_every_way_has_its_access_and_others_are_wrong_usage() -> None:
    async with KubeClient(config_for("http://127.0.0.1:1")) as client:
        for way, kind in (("api", ThroughApiServer), ("port-forward", ThroughPortForward), ("direct", Direct)):
            async with proxy_access(way, client, concurrency=1) as access:
                assert type(access) is kind
        with pytest.raises(UsageError, match="there is no way 'tunnel' to a proxy") as caught:
            await proxy_access("tunnel", client, concurrency=1).__aenter__()
    assert caught.value.next_step == "--via takes api, port-forward, direct"
