"""The viz extension's API as a transport: what it sends, what refusals become, streams that end, break and lie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from linkerdctl.errors import ApiError, LinkerdctlError, TapError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.kubeconfig import ClusterConfig
from linkerdctl.kube.selection import parse_target
from linkerdctl.tap.encoding import encode, framed
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.query import TapQuery, viz_request
from linkerdctl.tap.transports import viz
from linkerdctl.tap.transports.viz import VizTap
from linkerdctl.tap.wire.viz_tap_pb2 import ApiError as Refusal
from tests.tap.tap_builders import whole

QUERY = TapQuery(parse_target("deploy/web", namespace="emojivoto"))
ONE, TWO = whole("/one"), whole("/two")


@dataclass
class Answer:
    """What the server says to one request: head, then body; then it ends the answer, breaks off, or keeps still."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    then: str = "ends"


def sent(*events: TapEvent) -> bytes:
    return b"".join(framed(encode(event)) for event in events)


@asynccontextmanager
async def server(*answers: Answer) -> AsyncIterator[tuple[KubeClient, list[bytes]]]:
    """An API server that gives these answers, one to each request; the client to ask it and what was asked."""
    asked: list[bytes] = []
    left = list(answers)
    still = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        asked.append(head + await reader.readexactly(length))
        said = left.pop(0)
        fields = "".join(f"{name}: {value}\r\n" for name, value in said.headers.items())
        writer.write(f"HTTP/1.1 {said.status} X\r\n{fields}Transfer-Encoding: chunked\r\n\r\n".encode())
        if said.body:
            writer.write(f"{len(said.body):x}\r\n".encode() + said.body + b"\r\n")
        if said.then == "ends":
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        if said.then == "keeps still":
            await still.wait()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        async with KubeClient(ClusterConfig(f"http://127.0.0.1:{port}")) as client:
            yield client, asked
    finally:
        still.set()
        listening.close()


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No attempt is waited for, and three in vain are enough."""
    monkeypatch.setattr(viz, "pauses", lambda: iter((0.0, 0.0)))
    monkeypatch.setattr(viz, "LONGEST_PAUSE", 0.0)
    return []


async def taken(client: KubeClient, number: int, tell: Callable[[str], None] = lambda line: None) -> list[TapEvent]:
    """So many events."""
    events: list[TapEvent] = []
    async with aclosing(VizTap(client, QUERY, tell).batches()) as batches:
        async for batch in batches:
            events.extend(batch)
            if len(events) >= number:
                break
    return events


async def refused(*answers: Answer) -> LinkerdctlError:
    async with server(*answers) as (client, _):
        with pytest.raises(LinkerdctlError) as error:
            await taken(client, 1)
    return error.value


async def test_it_posts_the_bare_request_as_the_real_tool_does() -> None:
    async with server(Answer(sent(*ONE))) as (client, asked):
        assert await taken(client, 3) == ONE
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /apis/tap.linkerd.io/v1alpha1/watch/namespaces/emojivoto/deployments/web/tap ")
    assert b"content-type" not in head.lower()
    assert body == viz_request(QUERY)


async def test_a_stream_that_ends_is_opened_again_and_that_is_said_once() -> None:
    told: list[str] = []
    async with server(Answer(sent(*ONE)), Answer(sent(*TWO)), Answer(sent(*ONE))) as (client, _):
        assert await taken(client, 9, told.append) == [*ONE, *TWO, *ONE]
    assert told == ["the tap server ended the stream; connecting again"]


async def test_a_stream_that_breaks_off_in_an_event_gives_what_came_and_goes_on() -> None:
    told: list[str] = []
    async with server(
        Answer(sent(*ONE) + sent(*TWO)[:10], then="breaks off"), Answer(sent(*ONE)[:-1]), Answer(sent(*TWO))
    ) as (client, _):
        assert await taken(client, 8, told.append) == [*ONE, *ONE[:2], *TWO]
    assert told == ["the tap stream broke off; connecting again"]


async def test_an_event_that_is_none_is_left_out() -> None:
    told: list[str] = []
    async with server(Answer(sent(*ONE) + framed(b"\xff" * 9) + sent(*TWO))) as (client, _):
        assert await taken(client, 6, told.append) == [*ONE, *TWO]
    assert told == ["part of the tap stream could not be read and is left out"]


async def test_garbage_in_the_place_of_a_length_is_a_stream_that_broke() -> None:
    async with server(Answer(sent(*ONE) + b"\xff" * 50), Answer(sent(*TWO))) as (client, _):
        assert await taken(client, 6) == [*ONE, *TWO]


async def test_a_server_that_is_gone_for_good_ends_it_after_some_attempts() -> None:
    events: list[TapEvent] = []
    async with server(Answer(sent(*ONE)), *[Answer(status=503)] * 5) as (client, asked):
        with pytest.raises(ApiError, match="nothing answers behind it"):
            async for batch in VizTap(client, QUERY, lambda line: None).batches():
                events.extend(batch)
    assert events == ONE
    assert len(asked) == 3


async def test_permission_lost_on_the_way_is_not_asked_for_again() -> None:
    async with server(Answer(sent(*ONE)), Answer(status=403)) as (client, _):
        with pytest.raises(ApiError, match="you may not watch deployments/tap 'web' in namespace emojivoto"):
            await taken(client, 9)


async def test_a_missing_permission_comes_with_its_rule() -> None:
    error = await refused(Answer(b'{"error": "tap authorization failed"}', 403))
    for words in ('apiGroups: ["tap.linkerd.io"]', 'resources: ["deployments/tap"]', 'verbs: ["watch"]'):
        assert words in (error.next_step or "")


async def test_the_first_attempt_must_be_answered() -> None:
    error = await refused(Answer(status=503))
    assert isinstance(error, ApiError)
    assert (error.status, error.message) == (503, "the tap API is registered, but nothing answers behind it")
    assert "viz extension is not installed" in (await refused(Answer(b"404 page not found", 404))).message


async def test_what_the_tap_server_says_is_handed_on() -> None:
    body = framed(Refusal(error="no pods to tap\n\t* web-1\nrestart them\n").SerializeToString())
    error = await refused(Answer(body, headers={"linkerd-error": "Internal Server Error"}))
    assert isinstance(error, TapError)
    assert error.message == "the tap server refuses: no pods to tap"
    assert error.next_step == "* web-1\nrestart them"


@pytest.mark.parametrize("body", [b"", b"\xff", framed(b"\xff\xff"), framed(b"")])
async def test_a_refusal_that_cannot_be_read_is_still_one(body: bytes) -> None:
    error = await refused(Answer(body, headers={"linkerd-error": "x"}))
    assert error.message == "the tap server refuses: it does not say why"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "invalid path"}', "the tap API answered 400: invalid path"),
        (b'{"kind": "Status", "message": "bad"}', "the tap API answered 400: bad"),
        (b"<html>", "the tap API answered 400"),
        (b"plain", "the tap API answered 400: plain"),
        (b"", "the tap API answered 400"),
    ],
)
async def test_other_answers_are_told_with_their_words(body: bytes, words: str) -> None:
    assert (await refused(Answer(body, 400))).message == words


async def test_breaking_off_leaves_nothing_open() -> None:
    async with server(Answer(sent(*ONE), then="keeps still")) as (client, _):
        assert await asyncio.wait_for(taken(client, 3), 10) == ONE


async def test_a_server_that_is_not_there_is_told_at_once() -> None:
    async with KubeClient(ClusterConfig("http://127.0.0.1:1")) as client:
        with pytest.raises(ApiError, match="cannot reach the API server"):
            await taken(client, 1)
