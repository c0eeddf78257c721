"""The demo's requests, simulated one by one: every hop knows when, what, how long and how it ended."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from linkerdctl.demo.topology import DemoPod, Service, Topology

VOTES = (
    "Doughnut", "Joy", "Sunglasses", "Pizza", "Dog", "Ghost", "Rocket", "Beer", "Poop", "Tada", "Rainbow", "Fire",
    "Cat2", "Medal", "Crown", "Burrito", "Guitar", "Wave", "Turkey", "100",
)  # fmt: skip
"""What vote-bot votes for; the first one never succeeds."""
DOOMED_SHARE = 0.07
GRPC_OK, GRPC_UNKNOWN = 0, 2


@dataclass(frozen=True, slots=True)
class Hop:
    """One request from one pod to another, as its two proxies saw it. Times are epoch seconds, latencies seconds.

    The client's proxy sees the request first and last; the server's sees it in between. Each counts the response
    when it has ended on its side.
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
    headers: tuple[tuple[str, str], ...] = ()
    calls: tuple[Hop, ...] = field(default=(), repr=False)
    """What the server did meanwhile."""

    @property
    def failed(self) -> bool:
        """Linkerd's classification: HTTP 5xx, and some gRPC statuses (unknown among them)."""
        if self.grpc_status is not None:
            return self.grpc_status in (2, 4, 7, 13, 14, 15)
        return self.status >= 500

    @property
    def latency_ms(self) -> float:
        """Time to first byte at the client."""
        return (self.first_byte - self.started) * 1000

    @property
    def server_latency_ms(self) -> float:
        """Time to first byte at the server."""
        return (self.server_first_byte - self.server_started) * 1000

    def all(self) -> Iterator[Hop]:
        """This hop and all below it."""
        yield self
        for call in self.calls:
            yield from call.all()


class TrafficGenerator:
    """vote-bots that call web, `rps` times a second all of them together; the same requests for the same seed."""

    def __init__(self, topology: Topology, *, rps: float, seed: int) -> None:
        self._topology = topology
        self._random = random.Random(seed)
        self._rps = rps
        self._numbers = itertools.count(1)
        self._bots = [pod for pod in topology.pods if pod.workload == "vote-bot"]

    def next_gap(self) -> float:
        """Seconds until the next request of any vote-bot; Poisson arrivals."""
        return self._random.expovariate(self._rps)

    def request(self, at: float) -> Hop:
        """One request of some vote-bot and all that it causes."""
        bot = self._random.choice(self._bots)
        dice = self._random.random()
        if dice < 0.06:
            return self._page(bot, at, "/api/list", [("emoji", "/emojivoto.v1.EmojiService/ListAll", GRPC_OK)])
        if dice < 0.075:
            results = ("voting", "/emojivoto.v1.VotingService/Results", GRPC_OK)
            find = ("emoji", "/emojivoto.v1.EmojiService/FindByShortcode", GRPC_OK)
            return self._page(bot, at, "/api/leaderboard", [results, find])
        if dice < 0.08:
            return self._page(bot, at, "/no/such/page", [], status=404)
        return self._vote(bot, at)

    def _vote(self, bot: DemoPod, at: float) -> Hop:
        doomed = self._random.random() < DOOMED_SHARE
        choice = VOTES[0] if doomed else self._random.choice(VOTES[1:])
        status = GRPC_UNKNOWN if doomed else GRPC_OK
        calls = [
            ("emoji", "/emojivoto.v1.EmojiService/FindByShortcode", GRPC_OK),
            ("voting", f"/emojivoto.v1.VotingService/Vote{choice}", status),
        ]
        query = f"choice=:{choice.lower()}:"
        return self._page(bot, at, "/api/vote", calls, status=500 if doomed else 200, query=query)

    def _page(
        self,
        bot: DemoPod,
        at: float,
        path: str,
        wanted: list[tuple[str, str, int]],
        *,
        status: int = 200,
        query: str = "",
    ) -> Hop:
        """web answers after it has called what it needs, one after the other."""
        web = self._random.choice(self._topology.of_workload(bot.namespace, "web"))
        arrives = at + self._network()
        cursor, calls = arrives + self._think(3.0), []
        for workload, method_path, grpc_status in wanted:
            calls.append(self._call(web, workload, method_path, grpc_status, cursor))
            cursor = calls[-1].ended + self._think(1.0)
        first_byte = cursor + self._think(2.0)
        return self._hop(
            bot, web, "web-svc", "GET", path, status, (at, arrives, first_byte, first_byte + self._think(0.4)),
            query=query, calls=tuple(calls), headers=self._browser_headers(), size=51 if status >= 400 else 420,
        )  # fmt: skip

    def _call(self, web: DemoPod, workload: str, path: str, grpc_status: int, at: float) -> Hop:
        server = self._random.choice(self._topology.of_workload(web.namespace, workload))
        arrives = at + self._network()
        slow = self._random.random() < 0.01
        first_byte = arrives + self._think(60.0 if slow else 2.2)
        moments = (at, arrives, first_byte, first_byte + self._think(0.3))
        headers = (("content-type", "application/grpc"), ("user-agent", "grpc-go/1.41.0"), ("te", "trailers"))
        size = 4200 if path.endswith("ListAll") else 24
        return self._hop(
            web, server, f"{workload}-svc", "POST", path, 200, moments,
            grpc_status=grpc_status, headers=headers, size=size,
        )  # fmt: skip

    def _hop(
        self,
        client: DemoPod,
        server: DemoPod,
        service: str,
        method: str,
        path: str,
        status: int,
        moments: tuple[float, float, float, float],
        *,
        size: int,
        headers: tuple[tuple[str, str], ...] = (),
        query: str = "",
        grpc_status: int | None = None,
        calls: tuple[Hop, ...] = (),
    ) -> Hop:
        started, server_started, server_first_byte, server_ended = moments
        back = self._network()
        return Hop(
            number=next(self._numbers),
            client=client,
            server=server,
            service=self._topology.service(client.namespace, service),
            method=method,
            path=path,
            query=query,
            status=status,
            grpc_status=grpc_status,
            started=started,
            server_started=server_started,
            server_first_byte=server_first_byte,
            server_ended=server_ended,
            first_byte=server_first_byte + back,
            ended=server_ended + back,
            request_bytes=len(path) + len(query) + sum(len(name) + len(value) for name, value in headers),
            response_bytes=size,
            headers=headers,
            calls=calls,
        )

    def _network(self) -> float:
        return 0.0002 + self._random.expovariate(1 / 0.0004)

    def _think(self, typical_ms: float) -> float:
        """Mostly a little under the typical time, now and then several times as long."""
        return self._random.lognormvariate(0.0, 0.6) * typical_ms / 1000

    def _browser_headers(self) -> tuple[tuple[str, str], ...]:
        """A cookie goes with some, so that there is something to keep secret."""
        cookie = (("cookie", f"session={self._random.getrandbits(64):016x}"),) if self._random.random() < 0.2 else ()
        return (("user-agent", "Go-http-client/1.1"), ("accept-encoding", "gzip"), *cookie)
