"""The truth: every request with the instants at which its proxies counted it, every scrape. Tests compare with it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from linkerdctl.demo.simulation.traffic import NEVER, Hop
from linkerdctl.demo.topology import DemoPod

KEPT = 100_000
"""Requests in memory, and scrapes; older ones are forgotten, in the file they stay."""
Chosen = Callable[[Hop], bool]


@dataclass(frozen=True, slots=True)
class Scraped:
    """A look at a proxy: what it had counted until `at` is in the text it gave."""

    at: float
    pod: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as one of its two proxies saw it: the server's (`inbound`) or the client's (`outbound`)."""

    pod: tuple[str, str]
    began: float
    first_byte: float
    ended: float

    @classmethod
    def of(cls, hop: Hop, side: str) -> Seen:
        """By the side's name."""
        if side == "inbound":
            return cls(hop.server.key, hop.server_started, hop.server_first_byte, hop.server_ended)
        return cls(hop.client.key, hop.started, hop.first_byte, hop.ended)

    @property
    def latency_ms(self) -> float:
        """Time to first byte, uncut; proxies count whole milliseconds of it."""
        return (self.first_byte - self.began) * 1000


@dataclass(frozen=True, slots=True)
class Truth:
    """What two looks at proxies must give: responses that ended, and latencies of responses that began, in between."""

    successes: int = 0
    failures: int = 0
    latencies_ms: tuple[float, ...] = ()
    request_rate: float = 0.0
    """Per second, each proxy's count by its own seconds."""

    @property
    def requests(self) -> int:
        """All of them."""
        return self.successes + self.failures

    def __add__(self, other: Truth) -> Truth:
        """Of both proxies together."""
        return Truth(
            self.successes + other.successes,
            self.failures + other.failures,
            self.latencies_ms + other.latencies_ms,
            self.request_rate + other.request_rate,
        )


class RequestLog:
    """In memory, and in a file of JSON lines if one is given. Raises `OSError` if that cannot be written."""

    def __init__(self, path: Path | None = None) -> None:
        self.hops: deque[Hop] = deque(maxlen=KEPT)
        """In the order in which they were begun; the last ones may not have ended yet."""
        self.scrapes: deque[Scraped] = deque(maxlen=KEPT)
        self._restarts: dict[tuple[str, str], list[float]] = {}
        self._file: TextIO | None = path.open("w", buffering=1) if path else None

    def begun(self, hop: Hop) -> None:
        """A request is on its way; how it will end is decided."""
        self.hops.append(hop)

    def ended(self, hop: Hop) -> None:
        """It has ended at its client too."""
        if self._file:
            self._write(_as_json(hop))

    def scraped(self, entry: Scraped) -> None:
        """A proxy has been looked at."""
        self.scrapes.append(entry)
        if self._file:
            self._write({"scrape": "/".join(entry.pod), "at": entry.at})

    def restarted(self, pod: tuple[str, str], at: float) -> None:
        """A proxy began again, at zero; it forgot what was under way."""
        self._restarts.setdefault(pod, []).append(at)
        if self._file:
            self._write({"restart": "/".join(pod), "at": at})

    def close(self) -> None:
        """No more entries."""
        if self._file:
            self._file.close()
            self._file = None

    def scrapes_of(self, pod: DemoPod) -> list[float]:
        """When a pod's proxy was looked at."""
        return [scrape.at for scrape in self.scrapes if scrape.pod == pod.key]

    def truth(self, pod: DemoPod, side: str, first: float, last: float, chosen: Chosen = lambda hop: True) -> Truth:
        """The counts and exact latencies behind what looks at `first` and `last` (epoch seconds) at one proxy must give.

        After a restart in between, that is what its newest process counted. What a server's proxy denied is no response of
        the server.
        """
        seen = [
            (hop, sight)
            for hop, sight in self._seen_by(pod.key, side, last)
            if chosen(hop) and not (side == "inbound" and hop.denied)
        ]
        ended = [hop for hop, sight in seen if first < sight.ended <= last]
        failures = sum(hop.failed for hop in ended)
        latencies = tuple(sight.latency_ms for _, sight in seen if first < sight.first_byte <= last)
        rate = len(ended) / (last - first) if last > first else 0.0
        return Truth(len(ended) - failures, failures, latencies, rate)

    def authorized(self, pod: DemoPod, first: float, last: float, chosen: Chosen = lambda hop: True) -> tuple[int, int]:
        """How many requests a server's proxy let in between two looks, and how many it turned away."""
        came = [
            hop for hop, sight in self._seen_by(pod.key, "inbound", last) if first < sight.began <= last and chosen(hop)
        ]
        denied = sum(hop.denied for hop in came)
        return len(came) - denied, denied

    def requests(self, pod: DemoPod, first: float, last: float, chosen: Chosen = lambda hop: True) -> Truth:
        """The same for what a pod's application asked: each request once, with its retries in its latency."""
        seen = [hop for hop, _ in self._seen_by(pod.key, "outbound", last) if hop.is_last and chosen(hop)]
        over = [hop for hop in seen if first < hop.done <= last]
        failures = sum(hop.failed or hop.gave_up is not None for hop in over)
        latencies = tuple((hop.first_byte - hop.asked) * 1000 for hop in seen if first < hop.first_byte <= last)
        rate = len(over) / (last - first) if last > first else 0.0
        return Truth(len(over) - failures, failures, latencies, rate)

    def between_scrapes(
        self, pods: Iterable[DemoPod], side: str, chosen: Chosen = lambda hop: True, looks: tuple[int, int] = (-2, -1)
    ) -> Truth:
        """What several proxies together must give, each between two of its own scrapes, by default the last two."""
        total = Truth()
        for pod in pods:
            scrapes = self.scrapes_of(pod)
            total += self.truth(pod, side, scrapes[looks[0]], scrapes[looks[1]], chosen)
        return total

    def _seen_by(self, pod: tuple[str, str], side: str, until: float) -> Iterator[tuple[Hop, Seen]]:
        """What the process that ran at `until` saw from its beginning on."""
        process_started = max((at for at in self._restarts.get(pod, ()) if at <= until), default=0.0)
        for hop in self.hops:
            sight = Seen.of(hop, side)
            if sight.pod == pod and sight.began >= process_started:
                yield hop, sight

    def _write(self, entry: dict[str, object]) -> None:
        assert self._file is not None  # noqa: S101 - callers have looked
        self._file.write(json.dumps(entry) + "\n")


def _as_json(hop: Hop) -> dict[str, object]:
    return {
        "number": hop.number,
        "client": "/".join(hop.client.key),
        "server": "/".join(hop.server.key),
        "authority": hop.service.authority,
        "method": hop.method,
        "path": hop.target,
        "status": hop.status,
        "grpc_status": hop.grpc_status,
        "classification": hop.classification,
        "request_bytes": hop.request_bytes,
        "response_bytes": hop.response_bytes,
        "denied": hop.denied,
        "route": hop.taken.route if hop.taken else "",
        "attempt": hop.attempt,
        "asked": hop.asked,
        "is_last": hop.is_last,
        "gave_up": hop.gave_up,
        **{side: _sight_as_json(Seen.of(hop, side)) for side in ("outbound", "inbound")},
    }


def _sight_as_json(sight: Seen) -> dict[str, float | None]:
    times = {"began": sight.began, "first_byte": sight.first_byte, "ended": sight.ended}
    known: dict[str, float | None] = {name: None if at == NEVER else at for name, at in times.items()}
    return {**known, "latency_ms": None if sight.first_byte == NEVER else round(sight.latency_ms, 3)}
