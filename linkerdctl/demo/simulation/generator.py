"""vote-bots at work: which requests come when, what each causes, and how long that takes."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from linkerdctl.demo.simulation.attempts import Attempts
from linkerdctl.demo.simulation.policies import Policies
from linkerdctl.demo.simulation.taken import InboundPolicy
from linkerdctl.demo.simulation.traffic import GRPC_OK, GRPC_UNKNOWN, Headers, Hop
from linkerdctl.demo.topology import DemoPod, Topology

VOTES = (
    "Doughnut", "Joy", "Sunglasses", "Pizza", "Dog", "Ghost", "Rocket", "Beer", "Poop", "Tada", "Rainbow", "Fire",
    "Cat2", "Medal", "Crown", "Burrito", "Guitar", "Wave", "Turkey", "100",
)  # fmt: skip
"""What vote-bot votes for; the first one never succeeds."""
DOOMED_SHARE = 0.09
"""Of all votes. With the shares below web succeeds 94 times in 100, voting 91 times."""
SHARES = {"vote": 0.70, "list": 0.24, "leaderboard": 0.03, "emoji": 0.02, "missing": 0.01}
GRPC_PERMISSION_DENIED = 7
_ERROR_BYTES = 51
"""Of the page that web answers with when a call of its fails."""
SLOW_SHARE = 0.01
"""Of gRPC calls that take many times as long as usual."""


class Call(NamedTuple):
    """A gRPC call that web makes: to which workload, which method, and how it ends."""

    workload: str
    method: str
    grpc_status: int = GRPC_OK
    response_bytes: int = 24


_FIND = Call("emoji", "/emojivoto.v1.EmojiService/FindByShortcode")
_LIST = Call("emoji", "/emojivoto.v1.EmojiService/ListAll", response_bytes=4200)
_RESULTS = Call("voting", "/emojivoto.v1.VotingService/Results", response_bytes=1300)


@dataclass(frozen=True, slots=True)
class Page:
    """Something vote-bot asks web for, and what web does to answer."""

    path: str
    calls: tuple[Call, ...] = ()
    status: int = 200
    query: str = ""
    response_bytes: int = 420


class Moments(NamedTuple):
    """When a hop was sent, reached the server, and when the server's response began and ended."""

    started: float
    arrived: float
    first_byte: float
    ended: float


class TrafficGenerator:
    """vote-bots that call web, `rps` times a second all of them together; the same requests for the same seed."""

    def __init__(self, topology: Topology, *, rps: float, seed: int, policies: Policies | None = None) -> None:
        self._topology = topology
        self._policies = policies or Policies()
        self._attempts = Attempts(self._policies)
        self._random = random.Random(seed)
        self._rps = rps
        self._numbers = itertools.count(1)
        self._bots = [pod for pod in topology.pods if pod.workload == "vote-bot"]

    def next_gap(self) -> float:
        """Seconds until the next request of any vote-bot; Poisson arrivals."""
        return self._random.expovariate(self._rps)

    def request(self, at: float) -> tuple[Hop, ...]:
        """One request of some vote-bot and all that it causes: web calls what it needs, one after the other.

        There is one hop for each attempt.
        """
        bot, page = self._random.choice(self._bots), self._page()
        return self._attempts.of(at, lambda start: self._visit(bot, page, start))

    def _visit(self, bot: DemoPod, page: Page, at: float) -> Hop:
        web = self._random.choice(self._topology.of_workload(bot.namespace, "web"))
        trace, arrived = self._random.getrandbits(128), at + self._network()
        service = self._topology.service(bot.namespace, "web-svc")
        admitted = self._policies.servers.admitted(bot, web, service.target_port, "GET", page.path)
        if admitted and admitted.denies:
            page = replace(page, calls=(), status=403, response_bytes=0)
        cursor, hops = arrived + self._think(6.0), list[Hop]()
        for call in page.calls:
            hops += self._attempts.of(cursor, partial(self._call, web, call, trace))
            cursor = hops[-1].done + self._think(2.5)
        if any(hop.is_last and (hop.failed or hop.gave_up) for hop in hops):
            page = replace(page, status=500, response_bytes=_ERROR_BYTES)
        first_byte = cursor + self._think(3.0)
        moments = Moments(at, arrived, first_byte, first_byte + self._think(0.4))
        return self._page_hop(bot, web, page, moments, trace, tuple(hops), admitted)

    def _page(self) -> Page:
        [kind] = self._random.choices(tuple(SHARES), tuple(SHARES.values()))
        if kind == "list":
            return Page("/api/list", (_LIST,), response_bytes=5900)
        if kind == "leaderboard":
            return Page("/api/leaderboard", (_RESULTS, _LIST), response_bytes=2600)
        if kind == "emoji":
            return Page(f"/api/emoji/{self._random.randrange(1000, 2000)}", (_FIND,), response_bytes=58)
        return Page("/no/such/page", status=404, response_bytes=19) if kind == "missing" else self._vote()

    def _vote(self) -> Page:
        doomed = self._random.random() < DOOMED_SHARE
        choice = VOTES[0] if doomed else self._random.choice(VOTES[1:])
        status, size = (GRPC_UNKNOWN, 0) if doomed else (GRPC_OK, 5)
        vote = Call("voting", f"/emojivoto.v1.VotingService/Vote{choice}", status, size)
        query = f"choice=:{choice.lower()}:"
        return Page("/api/vote", (_FIND, vote), query=query, response_bytes=0)

    def _page_hop(
        self,
        bot: DemoPod,
        web: DemoPod,
        page: Page,
        moments: Moments,
        trace: int,
        calls: tuple[Hop, ...],
        admitted: InboundPolicy | None,
    ) -> Hop:
        return Hop(
            **self._facts(bot, web, moments),
            service=self._topology.service(bot.namespace, "web-svc"),
            method="GET",
            path=page.path,
            query=page.query,
            status=page.status,
            request_bytes=180 + len(page.path) + len(page.query),
            response_bytes=page.response_bytes,
            trace=trace,
            private_headers=self._credentials(),
            calls=calls,
            admitted=admitted,
        )

    def _call(self, web: DemoPod, call: Call, trace: int, at: float) -> Hop:
        server = self._random.choice(self._topology.of_workload(web.namespace, call.workload))
        arrived = at + self._network()
        slow = self._random.random() < SLOW_SHARE
        service = self._topology.service(web.namespace, f"{call.workload}-svc")
        admitted = self._policies.servers.admitted(web, server, service.target_port, "POST", call.method)
        if admitted and admitted.denies:
            call = call._replace(grpc_status=GRPC_PERMISSION_DENIED, response_bytes=0)
        first_byte = arrived + self._think(60.0 if slow else 2.2)
        moments = Moments(at, arrived, first_byte, first_byte + self._think(0.3))
        return Hop(
            **self._facts(web, server, moments),
            service=service,
            method="POST",
            path=call.method,
            status=200,
            grpc_status=call.grpc_status,
            request_bytes=40,
            response_bytes=call.response_bytes,
            trace=trace,
            admitted=admitted,
        )

    def _facts(self, client: DemoPod, server: DemoPod, moments: Moments) -> dict[str, Any]:
        back = self._network()
        return {
            "number": next(self._numbers),
            "client": client,
            "server": server,
            "started": moments.started,
            "server_started": moments.arrived,
            "server_first_byte": moments.first_byte,
            "server_ended": moments.ended,
            "first_byte": moments.first_byte + back,
            "ended": moments.ended + back,
        }

    def _network(self) -> float:
        return 0.0002 + self._random.expovariate(1 / 0.0004)

    def _think(self, typical_ms: float) -> float:
        """Half the time less than typical, now and then several times as long."""
        return self._random.lognormvariate(0.0, 0.6) * typical_ms / 1000

    def _credentials(self) -> Headers:
        dice = self._random.random()
        if dice < 0.1:
            return (("authorization", f"Bearer demo-{self._random.getrandbits(64):016x}"),)
        return (("cookie", f"session={self._random.getrandbits(64):016x}"),) if dice < 0.3 else ()
