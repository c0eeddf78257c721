"""Taps that are refused, broken off, lied to: what came is shown, what did not is told in one line, nothing is obeyed."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
from pathlib import Path

import pytest

from linkerdctl.cli import tap_show
from linkerdctl.kube import client
from linkerdctl.tap.encoding import encode, framed
from linkerdctl.tap.events import Header, RequestInit, ResponseEnd, ResponseInit, TapEvent
from linkerdctl.tap.transports import viz
from linkerdctl.tap.wire.viz_tap_pb2 import ApiError as Refusal
from tests.fire.cluster import Behaviour, Cluster, Exchange, refusal
from tests.fire.conftest import Command, Ran
from tests.fire.faults import (
    ESCAPES,
    MEBIBYTE,
    endless_headers,
    login_page,
    no_http,
    redirect,
    unauthorized,
    zip_bomb,
    zip_bomb_in_a_zip_bomb,
)
from tests.fire.test_escapes_in_names import assert_harmless
from tests.tap.tap_builders import endpoint, event, whole

ONE, TWO = whole("/one", stream=1), whole("/two", stream=2)
LINES = ("tap deploy/web -n fire --limit 2", "top deploy/web -n fire --batch 50ms --duration 30s -o json")
PROFILES = (
    "profile -n fire web --tap deploy/web --tap-duration 30s",
    "profile coverage -n fire web --profile routes.yaml --tap deploy/web --tap-duration 30s -o json",
)
ROUTES = """\
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: web.fire.svc.cluster.local, namespace: fire}
spec:
  routes:
  - {name: GET /one, condition: {method: GET, pathRegex: /one}}
  - {name: GET /two, condition: {method: GET, pathRegex: /two}}
"""


def sent(*events: TapEvent) -> bytes:
    return b"".join(framed(encode(each)) for each in events)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("routes.yaml").write_text(ROUTES)
    monkeypatch.setattr(viz, "pauses", lambda: iter((0.01, 0.01)))
    monkeypatch.setattr(viz, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(client, "PATIENCE", 0.2)
    monkeypatch.setattr(tap_show, "LAST_ENDS", 0.2)


async def stream(exchange: Exchange, data: bytes, *, ends: bool) -> None:
    """A chunked answer that ends well or with a broken connection."""
    await exchange.head(200, transfer_encoding="chunked")
    await exchange.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    if ends:
        await exchange.send(b"0\r\n\r\n")
    else:
        exchange.writer.close()


def first(behaviour: Behaviour) -> Behaviour:
    """The second attempt gives the second request; a third is refused, which ends what has no end of its own."""

    async def answer(exchange: Exchange) -> None:
        if exchange.time == 1:
            await behaviour(exchange)
        elif exchange.time == 2:
            await stream(exchange, sent(*TWO), ends=True)
        else:
            await not_installed(exchange)

    return answer


async def reset(exchange: Exchange) -> None:
    exchange.reset()


async def service_unavailable(exchange: Exchange) -> None:
    await exchange.answer(503, refusal(503, "no endpoints", "ServiceUnavailable"))


async def not_installed(exchange: Exchange) -> None:
    await exchange.answer(404, refusal(404, "the server could not find the requested resource", "NotFound"))


async def endless_refusal(exchange: Exchange) -> None:
    await exchange.head(400, content_length=str(2**30))
    for _ in range(1024):
        await exchange.send(b"no! " * (MEBIBYTE // 4))


async def endless_words(exchange: Exchange) -> None:
    await exchange.head(200, linkerd_error="oops", content_length=str(2**30))
    for _ in range(1024):
        await exchange.send(b"\xff\x00\x00\x00" * (MEBIBYTE // 4))


async def refusal_that_never_ends(exchange: Exchange) -> None:
    await exchange.head(400, content_length="1000")
    await exchange.send(b"because")
    await asyncio.sleep(5)


async def words_with_escapes(exchange: Exchange) -> None:
    body = framed(Refusal(error=f"no {ESCAPES}\nand {ESCAPES}").SerializeToString())
    await exchange.answer(200, body, linkerd_error="oops")


async def deep_refusal(exchange: Exchange) -> None:
    await exchange.answer(400, b"[" * 60_000)


REFUSALS: dict[str, tuple[Behaviour, str]] = {
    "dead": (service_unavailable, "nothing answers behind it"),
    "not installed": (not_installed, "the viz extension is not installed"),
    "reset": (reset, "cannot reach the API server"),
    "redirect": (redirect, "302"),
    "401": (unauthorized, "does not accept your credentials"),
    "no HTTP": (no_http, "cannot reach the API server"),
    "endless headers": (endless_headers, "cannot reach the API server"),
    "endless refusal": (endless_refusal, "the tap API answered 400"),
    "refusal that never ends": (refusal_that_never_ends, "the tap API answered 400"),
    "endless words": (endless_words, "the tap server refuses"),
    "words with escapes": (words_with_escapes, r"no \x1b]0;owned\x07"),
    "deep JSON": (deep_refusal, "the tap API answered 400"),
}


@pytest.mark.parametrize("line", (*LINES, *PROFILES))
@pytest.mark.parametrize("fault", REFUSALS)
def test_one_line_says_why_nothing_comes(fault: str, line: str, cluster: Cluster, linkerdctl: Command) -> None:
    behaviour, words = REFUSALS[fault]
    cluster.paths["/tap"] = behaviour
    ran = linkerdctl(line)
    assert ran.code == 1, ran
    [told] = ran.lines_about("error: ")
    assert words in told
    assert "bug in linkerdctl" not in ran.err
    assert_harmless(ran.out + ran.err)


async def in_mid_event(exchange: Exchange) -> None:
    await stream(exchange, sent(*ONE, *TWO[:1])[:-10], ends=False)


async def ends_in_mid_event(exchange: Exchange) -> None:
    await stream(exchange, sent(*ONE) + b"\x20\x00\x00\x00\x0a", ends=True)


async def resets(exchange: Exchange) -> None:
    await exchange.head(200, transfer_encoding="chunked")
    data = sent(*ONE)
    await exchange.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await asyncio.sleep(0.05)
    exchange.reset()


async def impossible_length(exchange: Exchange) -> None:
    await stream(exchange, sent(*ONE) + b"\xff\xff\xff\xff" + b"x" * 1000, ends=True)


async def garbage_among_events(exchange: Exchange) -> None:
    await stream(exchange, framed(b"\xff" * 30) + sent(*ONE) + framed(b"\x0a\xff\xff\xff\xff"), ends=True)


async def server_ends_it(exchange: Exchange) -> None:
    await stream(exchange, sent(*ONE), ends=True)


BREAKS = {
    "breaks off in an event": (in_mid_event, "the tap stream broke off"),
    "ends in an event": (ends_in_mid_event, "the tap stream broke off"),
    "resets": (resets, "the tap stream broke off"),
    "length that cannot be": (impossible_length, "the tap stream broke off"),
    "garbage among events": (garbage_among_events, "part of the tap stream could not be read and is left out"),
    "ends": (server_ends_it, "the tap server ended the stream"),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_what_came_before_and_after_a_break_is_shown(fault: str, cluster: Cluster, linkerdctl: Command) -> None:
    behaviour, words = BREAKS[fault]
    cluster.paths["/tap"] = first(behaviour)
    ran = linkerdctl(LINES[0])
    assert ran.code == 0, ran.err
    assert ran.out.count(":path=/one") == 1
    assert ":path=/two" in ran.out
    assert len(ran.lines_about(words)) == 1


@pytest.mark.parametrize("fault", BREAKS)
def test_top_counts_what_came_before_and_after_a_break(fault: str, cluster: Cluster, linkerdctl: Command) -> None:
    cluster.paths["/tap"] = first(BREAKS[fault][0])
    ran = linkerdctl(LINES[1])
    counts = {row["path"]: row["count"] for row in map(json.loads, ran.out.splitlines())}
    assert counts == {"/one": 1, "/two": 1}
    assert "bug in linkerdctl" not in ran.err


@pytest.mark.parametrize("line", PROFILES)
@pytest.mark.parametrize("fault", BREAKS)
def test_profiles_rest_on_what_came_before_and_after_a_break(
    fault: str, line: str, cluster: Cluster, linkerdctl: Command
) -> None:
    """The third attempt is refused: that costs nothing of what came before, and is told."""
    behaviour, words = BREAKS[fault]
    cluster.paths["/tap"] = first(behaviour)
    ran = linkerdctl(line)
    assert ran.code == 0, ran
    assert len(ran.lines_about(words)) == 1
    assert len(ran.lines_about("the tap ended early")) == 1
    if line.startswith("profile coverage"):
        assert {row["route"]: row["requests"] for row in json.loads(ran.out)} == {"GET /one": 1, "GET /two": 1}
    else:
        assert re.findall(r"name: GET (.*)", ran.out) == ["/one", "/two"]


def test_a_packed_stream_nobody_asked_for_is_no_stream(cluster: Cluster, linkerdctl: Command) -> None:
    async def packed(exchange: Exchange) -> None:
        await exchange.answer(200, gzip.compress(sent(*ONE)), content_encoding="gzip")

    for behaviour in (packed, zip_bomb, zip_bomb_in_a_zip_bomb, login_page):
        cluster.paths["/tap"] = behaviour
        ran = linkerdctl(LINES[0])
        assert ran.code == 1
        assert ran.out == ""
        assert len(ran.lines_about("error: ")) == 1


@pytest.mark.parametrize("renewed", [True, False])
def test_a_token_that_expires_while_the_stream_runs(renewed: bool, cluster: Cluster, linkerdctl: Command) -> None:
    async def expires(exchange: Exchange) -> None:
        await stream(exchange, sent(*ONE), ends=True)
        cluster.token = "second-token"
        if renewed:
            Path(os.environ["KUBECONFIG"]).with_name("token").write_text("second-token")

    cluster.paths["/tap"] = first(expires)
    ran = linkerdctl(LINES[0])
    assert ":path=/one" in ran.out
    assert (":path=/two" in ran.out) is renewed
    assert ran.code == (0 if renewed else 1)
    assert len(ran.lines_about("does not accept your credentials")) == (0 if renewed else 1)


def test_an_api_server_that_restarts_is_tapped_again(cluster: Cluster, linkerdctl: Command) -> None:
    async def away(exchange: Exchange) -> None:
        if exchange.time == 1:
            await stream(exchange, sent(*ONE), ends=False)
        elif exchange.time == 2:
            exchange.reset()
        else:
            await stream(exchange, sent(*TWO), ends=True)

    cluster.paths["/tap"] = away
    ran = linkerdctl(LINES[0])
    assert ran.code == 0
    assert ran.out.count(":path=/one") == ran.out.count(":path=/two") == 1


EVIL = f"{ESCAPES}\r\nset-cookie: a=b\n\x00\x7f"
HEADERS = (Header(f"x-{EVIL}", EVIL), Header("plain", f"v\r\nInjected: {ESCAPES}"), Header("raw", b"\xff\x1b[31m\r\n"))
ODD = [
    event(
        http, stream=9, source=endpoint(evil=EVIL, pod=EVIL), destination=endpoint(**{EVIL: EVIL}), route={EVIL: EVIL}
    )
    for http in (
        RequestInit(EVIL, EVIL, f"web{EVIL}", f"/{EVIL}", HEADERS),
        ResponseInit(1_000_000, 200, HEADERS),
        ResponseEnd(2_000_000, 1_000_000, 10, 2, None, HEADERS),
    )
]
EVENT_OUTPUTS = (
    "table",
    "wide",
    "json",
    "jsonl",
    "jsonpath={}",
    "jsonpath={.requestInitEvent.path}",
    "jsonpath={..metadata}",
    "template={{.}}",
    "template={{.requestInitEvent.path}}{{range $k, $v := .destination.metadata}}{{$k}}={{$v}}{{end}}",
    "template={{range .requestInitEvent.headers}}{{.name}}: {{.valueStr}}{{end}}",
    'template={{range $k, $v := .destination.metadata}}{{printf "%s %q %v" $k $v $k}}{{end}}',
)


@pytest.mark.parametrize("more", ["", "--group", "--extract", "--group --extract --show-secrets"])
@pytest.mark.parametrize("output", EVENT_OUTPUTS)
def test_no_event_is_obeyed(output: str, more: str, cluster: Cluster, linkerdctl: Command) -> None:
    async def odd(exchange: Exchange) -> None:
        await stream(exchange, sent(*ODD), ends=True)

    cluster.paths["/tap"] = odd
    ran = linkerdctl(f"tap deploy/web -n fire --limit 1 {more}", "-o", output)
    assert "bug in linkerdctl" not in ran.err
    assert_harmless(ran.out + ran.err)
    if not output.startswith(("template", "jsonpath")):
        assert r"\x1b" in ran.out or r"\u001b" in ran.out


@pytest.mark.parametrize("output", ["table", "wide"])
@pytest.mark.parametrize("more", ["--extract", "--group --extract"])
def test_an_injected_header_adds_no_line(output: str, more: str, cluster: Cluster, linkerdctl: Command) -> None:
    async def odd(exchange: Exchange) -> None:
        await stream(exchange, sent(*ODD), ends=True)

    cluster.paths["/tap"] = odd
    ran = linkerdctl(f"tap deploy/web -n fire --limit 1 {more} -o {output}")
    assert len(ran.out.splitlines()) == (1 if "--group" in more else 3)
    assert not re.search(r"^(set-cookie|Injected):", ran.out, re.MULTILINE)


@pytest.mark.parametrize("line", [*PROFILES, *(f"{LINES[1]} {more}" for more in ("", "--raw-paths", "--routes"))])
def test_nor_is_one_by_what_adds_events_up(line: str, cluster: Cluster, linkerdctl: Command) -> None:
    async def odd(exchange: Exchange) -> None:
        await stream(exchange, sent(*ODD, *ONE), ends=True)

    cluster.paths["/tap"] = first(odd)
    ran = linkerdctl(line)
    assert "bug in linkerdctl" not in ran.err
    assert_harmless(ran.out + ran.err)
    assert ("/two" if "--routes" not in line else "10.0.0.2") in ran.out


def test_nor_is_one_that_was_saved(cluster: Cluster, linkerdctl: Command, tmp_path: Path) -> None:
    async def odd(exchange: Exchange) -> None:
        await stream(exchange, sent(*ODD), ends=True)

    cluster.paths["/tap"] = odd
    saved = tmp_path / "odd.tap"
    assert linkerdctl(f"tap deploy/web -n fire --limit 1 --extract --save {saved}").code == 0
    for line in (
        "tap -o wide",
        "tap --group",
        "tap -o json",
        "top --batch 1s",
        "top --batch 1s -o csv",
        "top --batch 1s -o yaml",
    ):
        ran: Ran = linkerdctl(f"{line} --input {saved}")
        assert ran.code == 0
        assert ran.out
        assert_harmless((ran.out + ran.err).replace("\r\n", "\n"))
