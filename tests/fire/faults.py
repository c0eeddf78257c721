"""Everything that one proxy can do to us, and what should come of it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from tests.fire.cluster import CLIENT, FAILURES, REQUESTS, STARTED, Behaviour, Exchange, exposition, healthy, refusal

DIAL = "error trying to reach service: dial tcp 10.0.0.1:4191: connect: connection refused"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
"""Sets a terminal's title, clears it, and more; the last turns the direction of writing."""
MANY = 20_000
MEBIBYTE = 2**20
NOW = 1_700_001_000.0
"""When every test begins, by our own clock."""


@dataclass(frozen=True)
class Fault:
    """One of them. `lost` is why the proxy's row has no numbers; where it is empty, they are right all the same."""

    name: str
    behaviour: Behaviour
    lost: str = ""
    successes: float = REQUESTS
    failures: float = FAILURES
    timeout: str = "10s"
    look: int | None = None
    """When it strikes; None is always. It is over at the next look, which some commands take."""

    def __str__(self) -> str:
        return self.name

    def strikes(self, looks: int) -> bool:
        """Whether one who looks so often sees it."""
        return self.look is None or self.look <= looks


async def dead(exchange: Exchange) -> None:
    await exchange.answer(503, refusal(503, DIAL, "ServiceUnavailable"))


async def slow(exchange: Exchange) -> None:
    await asyncio.sleep(5)


async def dripping(exchange: Exchange) -> None:
    await exchange.head(200)
    for byte in exposition(1).encode():
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.05)


async def reset_in_mid_body(exchange: Exchange) -> None:
    await exchange.head(200, content_length="100000")
    await exchange.send(exposition(exchange.time).encode())
    exchange.reset()


async def ends_in_mid_body(exchange: Exchange) -> None:
    await exchange.head(200, content_length="100000")
    await exchange.send(exposition(exchange.time).encode())
    exchange.writer.close()


async def truncated_gzip(exchange: Exchange) -> None:
    """All of the text is there, and ends with its line; only the end of the gzip is not."""
    packed = gzip.compress(exposition(exchange.time).encode())
    await exchange.answer(200, packed[:-8], content_encoding="gzip")


async def broken_gzip(exchange: Exchange) -> None:
    await exchange.answer(200, gzip.compress(b"")[:10] + b"\xff" * 100, content_encoding="gzip")


async def endless(exchange: Exchange) -> None:
    await exchange.head(200, content_length=str(2**30))
    for _ in range(1024):
        await exchange.send(b"response_total 1\n" * (MEBIBYTE // 17))


async def endless_without_a_line(exchange: Exchange) -> None:
    await exchange.head(200, transfer_encoding="chunked")
    for _ in range(1024):
        await exchange.send(b"100000\r\n" + b"x" * MEBIBYTE + b"\r\n")


_BOMB = gzip.compress(b"response_total 1\n" * (64 * MEBIBYTE // 17 * 2), 1)
_TWICE = gzip.compress(_BOMB, 9)


async def zip_bomb(exchange: Exchange) -> None:
    await exchange.answer(200, _BOMB, content_encoding="gzip")


async def zip_bomb_in_a_zip_bomb(exchange: Exchange) -> None:
    await exchange.answer(200, _TWICE, content_encoding="gzip, gzip")


async def redirect(exchange: Exchange) -> None:
    await exchange.answer(302, location="http://127.0.0.1:1/elsewhere")


async def garbage(exchange: Exchange) -> None:
    await exchange.answer(200, b"\xff\x00\n" * 2000)


async def nothing(exchange: Exchange) -> None:
    await exchange.answer(200)


async def login_page(exchange: Exchange) -> None:
    await exchange.answer(200, b"<html><body>log in</body></html>\n")


async def no_http(exchange: Exchange) -> None:
    await exchange.send(b"SSH-2.0-OpenSSH_9.9\r\n")
    exchange.writer.close()


async def endless_headers(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(64):
        await exchange.send(b"x-much: " + b"x" * 65_536 + b"\r\n")


def later(behaviour: Behaviour, time: int = 2) -> Behaviour:
    """Healthy before the nth time, and after it."""

    async def answer(exchange: Exchange) -> None:
        await (behaviour if exchange.time == time else healthy)(exchange)

    return answer


async def silent_at_first_and_ahead(exchange: Exchange) -> None:
    """Seemingly started after we began to look; in truth its node's clock is an hour ahead, and it is old."""
    if exchange.time == 1:
        await dead(exchange)
    else:
        await exchange.answer(200, exposition(exchange.time, started=NOW + 3600).encode())


async def unauthorized(exchange: Exchange) -> None:
    await exchange.answer(401, refusal(401, "Unauthorized", "Unauthorized"))


async def gone(exchange: Exchange) -> None:
    await exchange.answer(404, refusal(404, 'pods "bad-1" not found', "NotFound"))


async def denied(exchange: Exchange) -> None:
    await exchange.answer(403, b"")


def says(text: Callable[[int], str]) -> Behaviour:
    """Answers with a text that depends on how often it was asked."""

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(200, text(exchange.time).encode())

    return answer


def packed(text: Callable[[int], str]) -> Behaviour:
    """The same, gzipped."""

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(200, gzip.compress(text(exchange.time).encode(), 1), content_encoding="gzip")

    return answer


def another_process(time: int) -> str:
    """A restart between two looks, whose counters are beyond the old ones already: only its start tells."""
    return exposition(1) if time == 1 else exposition(5, started=STARTED + 500)


def counter_reset(time: int) -> str:
    """The same process, and counters that began anew: the increase is what they hold."""
    return exposition(1) if time == 1 else exposition(0)


SERIES = f'response_total{{direction="inbound",target_port="8080",client_id="{CLIENT}",srv_name="http",'


def with_nan(time: int) -> str:
    lines = (
        f'{SERIES}route_name="r1",route_kind="HTTPRoute",classification="success",status_code="20{number}"}} {value}\n'
        for number, value in enumerate(("NaN", "+Inf", "-5", "-Inf", "nan"))
    )
    return exposition(time, more="".join(lines) + "tcp_open_connections NaN\n")


def twice(time: int) -> str:
    """Every series stands there again, with other values; the first holds."""
    lines = exposition(time).splitlines(keepends=True)
    again = [line.rpartition(" ")[0] + " 7777777\n" for line in lines if not line.startswith("#")]
    return "".join([*lines[:-1], *again, lines[-1]])


@lru_cache
def many_values(time: int) -> str:
    """A label that has another value in each series."""
    lines = [f'{SERIES}classification="success",authority="host-{number}.example.com"}} 5\n' for number in range(MANY)]
    return exposition(time, more="".join(lines))


def escapes(time: int) -> str:
    """Escape sequences in the value of every label, and in its own lines."""
    return exposition(time, more=f'{SERIES}classification="success",authority="{ESCAPES}"}} 5\n# HELP x {ESCAPES}\n')


FAULTS = (
    Fault("dead", dead, "connection refused"),
    Fault("slow", slow, "timed out after 1s", timeout="1s"),
    Fault("dripping", dripping, "timed out after 1s", timeout="1s"),
    Fault("reset in mid-body", reset_in_mid_body, "its answer ended early"),
    Fault("ends in mid-body", ends_in_mid_body, "its answer ended early"),
    Fault("truncated gzip", truncated_gzip, "its answer ended early"),
    Fault("broken gzip", broken_gzip, "its answer is broken gzip"),
    Fault("endless body", endless, "its answer is larger than 4 MiB"),
    Fault("endless line", endless_without_a_line, "its answer is larger than 4 MiB"),
    Fault("zip bomb", zip_bomb, "its answer is larger than 4 MiB"),
    Fault(
        "zip bomb in a zip bomb", zip_bomb_in_a_zip_bomb, "its answer is packed as 'gzip, gzip', which nobody asked for"
    ),
    Fault("redirect", redirect, "it answered 302"),
    Fault("garbage", garbage, "malformed metrics at line 1, column 1"),
    Fault("empty", nothing, "malformed metrics at line 1, column 1: the text is empty"),
    Fault("login page", login_page, "malformed metrics at line 1, column 1: this is not metrics text"),
    Fault("no HTTP", no_http, "it ends the connection before its answer"),
    Fault("endless headers", endless_headers, "it ends the connection before its answer"),
    Fault("policy denies", denied, "it answered 403: its policy lets nobody read metrics"),
    Fault("401 in mid-run", later(unauthorized), "does not accept your credentials", look=2),
    Fault("dead at first", later(dead, 1), "connection refused", look=1),
    Fault("pod replaced", later(gone), "its pod is gone", look=2),
    Fault("clock an hour ahead", says(lambda time: exposition(time, started=STARTED + 3600))),
    Fault("clock a day behind", says(lambda time: exposition(time, started=STARTED - 86_400))),
    Fault("silent at first, clock ahead", silent_at_first_and_ahead, "connection refused", look=1),
    Fault("counter reset", says(counter_reset), successes=100, failures=0, look=2),
    Fault("another process", says(another_process), successes=350, failures=50, look=2),
    Fault("NaN and infinities", says(with_nan)),
    Fault("duplicate series", says(twice)),
    Fault(f"{MANY} label values", packed(many_values)),
    Fault("escapes in labels", says(escapes)),
)
BY_NAME = {fault.name: fault for fault in FAULTS}
