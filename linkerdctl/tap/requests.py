"""From events to requests: init, response and end joined by their stream, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from linkerdctl.tap.events import (
    NO_LABELS,
    Direction,
    Endpoint,
    Labels,
    RequestInit,
    RequestKey,
    ResponseEnd,
    ResponseInit,
    TapEvent,
)
from linkerdctl.tap.grpc_codes import FAILURES

MOST_OPEN = 20_000
"""Unfinished requests that are kept; proxies themselves hold far fewer."""
MOST_EVENTS = 8
"""Events of one request that are kept; proxies tell three."""
LONGEST_OPEN = 300.0
"""Seconds without an event after which a request will not be heard of again (its end was lost, or it streams for ever)."""


@dataclass(slots=True, eq=False)
class Request:
    """A request as far as it has been seen; it grows by `see`. Any part may be missing, as taps begin and end in between."""

    events: list[TapEvent]
    """At least one, in the order they came; of too many the first and the latest."""
    init: RequestInit | None = None
    response: ResponseInit | None = None
    end: ResponseEnd | None = None
    route: Labels = field(default_factory=lambda: NO_LABELS)
    seen: float = 0.0
    """When its last event came, by the clock that `Requests.add` is given."""

    verdict: bool | None = None
    """Whether filters show it; None while they cannot tell."""

    def see(self, event: TapEvent, now: float = 0.0) -> None:
        """Take in one more event."""
        if len(self.events) == MOST_EVENTS:
            del self.events[1]
        self.events.append(event)
        http = event.http
        if isinstance(http, RequestInit):
            self.init = http
        elif isinstance(http, ResponseInit):
            self.response = http
        elif isinstance(http, ResponseEnd):
            self.end = http
        self.route = event.route or self.route
        self.seen = now

    @property
    def source(self) -> Endpoint:
        """Who asked."""
        return self.events[0].source

    @property
    def destination(self) -> Endpoint:
        """Who was asked."""
        return self.events[0].destination

    @property
    def direction(self) -> Direction:
        """Which side's proxy told of it."""
        return self.events[0].direction

    @property
    def method(self) -> str:
        """Empty where the beginning was not seen; a method that the proxy leaves out is GET."""
        return (self.init.method or "GET") if self.init else ""

    @property
    def path(self) -> str:
        """Without query; empty where the beginning was not seen."""
        return self.init.path if self.init else ""

    @property
    def authority(self) -> str:
        """Empty where the beginning was not seen."""
        return self.init.authority if self.init else ""

    @property
    def status(self) -> int | None:
        """HTTP status."""
        return self.response.status if self.response else None

    @property
    def grpc_status(self) -> int | None:
        """Code at its end; None for a request that is not gRPC."""
        return self.end.grpc_status if self.end else None

    @property
    def latency(self) -> int | None:
        """Nanoseconds to the first byte of the answer: what `stat` calls latency."""
        return self.response.since_request if self.response else None

    @property
    def total(self) -> int | None:
        """Nanoseconds to the last byte of the answer: what `top` calls latency."""
        return self.end.since_request if self.end else None

    @property
    def finished(self) -> bool:
        """Whether its end was seen."""
        return self.end is not None

    @property
    def failed(self) -> bool:
        """Whether the proxies' metrics count it as a failure: a status from 500 on, a bad gRPC code, a reset."""
        if self.response is not None and self.response.status >= 500:
            return True
        end = self.end
        return end is not None and (end.reset is not None or end.grpc_status in FAILURES)


class Requests:
    """The requests that are under way. Finished ones are forgotten at once, unfinished ones expire.

    `now` is seconds by any clock that does not go back.
    """

    def __init__(self, *, most: int = MOST_OPEN, longest: float = LONGEST_OPEN) -> None:
        self._open: OrderedDict[RequestKey, Request] = OrderedDict()
        self._most = most
        self._longest = longest
        self.expired = 0
        """Requests that were forgotten before they ended."""

    def __len__(self) -> int:
        return len(self._open)

    def add(self, event: TapEvent, now: float = 0.0) -> Request:
        """The request that an event belongs to, this event taken in. It is new when that is its only one."""
        key, http = event.key, event.http
        request = None if isinstance(http, RequestInit) else self._open.get(key)
        if request is None:
            request = Request([], seen=now)
            self._begin(key, request, now)
        request.see(event, now)
        if isinstance(http, ResponseEnd):
            del self._open[key]
        else:
            self._open.move_to_end(key)
        return request

    def _begin(self, key: RequestKey, request: Request, now: float) -> None:
        """A key that is in use again belongs to another request: the one before will not end any more."""
        if self._open.pop(key, None) is not None:
            self.expired += 1
        self._open[key] = request
        while len(self._open) > self._most or next(iter(self._open.values())).seen < now - self._longest:
            self._forget()

    def _forget(self) -> None:
        self._open.popitem(last=False)
        self.expired += 1
