"""What a simulated request is: when, from whom, to whom, what, how long and how it ended. Everything is told from it."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache

from linkerdctl.demo.simulation.taken import InboundPolicy, Taken
from linkerdctl.demo.topology import DemoPod, Service

NEVER = math.inf
"""When something happens that does not."""
GRPC_OK, GRPC_UNKNOWN = 0, 2
_GRPC_FAILURES = frozenset({2, 4, 7, 13, 14, 15})
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """One request from one pod to another, as its two proxies saw it. Times are epoch seconds, sizes bytes.

    The client's proxy sees the request first and last; the server's sees it in between. Each counts the request when it
    comes, its latency with the response's first byte, and the response when it has ended on its side.

    Where the client's proxy retries, each attempt is a hop; the response of the last one goes to the application. One that
    the proxy gave up waiting for never has a response there.
    """

    number: int
    client: DemoPod
    server: DemoPod
    service: Service
    method: str
    path: str
    status: int
    started: float
    server_started: float
    server_first_byte: float
    server_ended: float
    first_byte: float
    ended: float
    request_bytes: int
    response_bytes: int
    query: str = ""
    grpc_status: int | None = None
    error: str = ""
    """Why the response stream broke, as `response_total` says it (`timeout`); empty when it did not."""
    trace: int = 0
    """The id that all hops of one entry request share."""
    private_headers: Headers = ()
    """Credentials that the client sent; there so that there is something to keep secret."""
    calls: tuple[Hop, ...] = field(default=(), repr=False)
    """What the server did meanwhile, every attempt of it."""
    taken: Taken | None = field(default=None, repr=False)
    """The routes it takes, where someone wrote any."""
    attempt: int = 1
    first_sent: float | None = None
    """When the first attempt was sent, if this is another."""
    is_last: bool = True
    retryable: bool = False
    """It failed and might be tried again."""
    skipped: str = ""
    """Why it was not, although it might (`no_budget`)."""
    gave_up: float | None = None
    """When the client's proxy gave up waiting for it."""
    admitted: InboundPolicy | None = field(default=None, repr=False)
    """What the server's policy says of it, where there is any."""

    @property
    def denied(self) -> bool:
        """Whether the server's proxy turned it away, and no application saw it."""
        return self.admitted is not None and self.admitted.denies

    @property
    def asked(self) -> float:
        """When the application sent it."""
        return self.started if self.first_sent is None else self.first_sent

    @property
    def done(self) -> float:
        """When it is over for the client."""
        return self.ended if self.gave_up is None else self.gave_up

    @property
    def is_grpc(self) -> bool:
        """Whether the client speaks gRPC."""
        return self.grpc_status is not None

    @property
    def failed(self) -> bool:
        """Linkerd's classification: broken streams, HTTP 5xx, and some gRPC statuses (unknown among them)."""
        if self.error:
            return True
        if self.taken and (judged := self.taken.judge(self.status)) is not None:
            return judged
        return self.status >= 500 if self.grpc_status is None else self.grpc_status in _GRPC_FAILURES

    @property
    def classification(self) -> str:
        """The label of that name."""
        return "failure" if self.failed else "success"

    @property
    def latency_ms(self) -> float:
        """Time to first byte at the client."""
        return (self.first_byte - self.started) * 1000

    @property
    def server_latency_ms(self) -> float:
        """Time to first byte at the server."""
        return (self.server_first_byte - self.server_started) * 1000

    @property
    def target(self) -> str:
        """The path as the client wrote it."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def scheme(self) -> str:
        """The proxies see plain HTTP on both their inner sides."""
        return "http"

    @property
    def request_headers(self) -> Headers:
        """As the client wrote them, HTTP/2's pseudo headers first."""
        trace = f"{self.trace:032x}"
        if not self.is_grpc:
            whose = (("host", self.service.host), ("user-agent", "Go-http-client/1.1"))
            traced = (("x-b3-sampled", "1"), ("x-b3-spanid", trace[16:]), ("x-b3-traceid", trace))
            return (*whose, *traced, ("accept-encoding", "gzip"), *self.private_headers)
        pseudo = (
            (":method", self.method),
            (":scheme", self.scheme),
            (":authority", self.service.host),
            (":path", self.target),
        )
        packed = base64.b64encode(self.trace.to_bytes(16, "big")).decode().rstrip("=")
        plain = (("content-type", "application/grpc"), ("user-agent", "grpc-go/1.41.0"), ("te", "trailers"))
        return (*pseudo, *plain, ("grpc-trace-bin", packed), *self.private_headers)

    @property
    def response_headers(self) -> Headers:
        """As the server wrote them. A gRPC server that fails has no body, and says so here instead of in trailers."""
        date = ("date", _http_date(int(self.server_first_byte)))
        if not self.is_grpc:
            kind = "application/json; charset=UTF-8"
            return (("content-type", kind), date, ("content-length", str(self.response_bytes)))
        outcome = (
            () if self.grpc_status == GRPC_OK else (("grpc-status", str(self.grpc_status)), ("grpc-message", "ERROR"))
        )
        return ((":status", str(self.status)), ("content-type", "application/grpc"), *outcome, date)

    @property
    def trailers(self) -> Headers:
        """What follows the body of a gRPC response."""
        return (("grpc-status", "0"), ("grpc-message", "")) if self.grpc_status == GRPC_OK else ()

    def all(self) -> Iterator[Hop]:
        """This hop and all below it."""
        yield self
        for call in self.calls:
            yield from call.all()


@lru_cache(64)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
