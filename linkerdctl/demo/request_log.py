"""The truth: every request as it was counted, every scrape as it was answered. Tests compare commands with it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from linkerdctl.demo.topology import DemoPod
from linkerdctl.demo.traffic import Hop

KEPT = 200_000
"""Entries in memory; older ones are forgotten, in the file they stay."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A hop at the instant one of its proxies counted it: the server's (`inbound`) or the client's (`outbound`)."""

    at: float
    side: str
    hop: Hop

    @property
    def pod(self) -> DemoPod:
        """Whose proxy it was."""
        return self.hop.server if self.side == "inbound" else self.hop.client


@dataclass(frozen=True, slots=True)
class Scraped:
    """A look at a proxy: what it had counted until `at` is in the text it gave."""

    at: float
    pod: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Truth:
    """What definitions make of a choice of requests."""

    successes: int
    failures: int
    latencies_ms: tuple[float, ...]

    @property
    def requests(self) -> int:
        """All of them."""
        return self.successes + self.failures


class RequestLog:
    """In memory, and in a file of JSON lines if one is given."""

    def __init__(self, path: Path | None = None) -> None:
        self.counted: deque[Counted] = deque(maxlen=KEPT)
        self.scrapes: deque[Scraped] = deque(maxlen=KEPT)
        self._file: TextIO | None = path.open("w") if path else None

    def count(self, entry: Counted) -> None:
        """A proxy has counted a hop."""
        self.counted.append(entry)
        if self._file:
            self._write(_as_json(entry))

    def scrape(self, entry: Scraped) -> None:
        """A proxy has been looked at."""
        self.scrapes.append(entry)
        if self._file:
            self._write({"scrape": "/".join(entry.pod), "at": entry.at})

    def close(self) -> None:
        """No more entries."""
        if self._file:
            self._file.close()

    def scrapes_of(self, pod: DemoPod) -> list[float]:
        """When a pod's proxy was looked at."""
        return [scrape.at for scrape in self.scrapes if scrape.pod == pod.key]

    def between(self, pod: DemoPod, side: str, first: float, last: float) -> Iterator[Hop]:
        """What a proxy counted after `first` up to `last`."""
        for entry in self.counted:
            if entry.side == side and first < entry.at <= last and entry.pod.key == pod.key:
                yield entry.hop

    def truth(
        self,
        pod: DemoPod,
        side: str,
        first: float,
        last: float,
        chosen: Callable[[Hop], bool] = lambda hop: True,
    ) -> Truth:
        """The counts and exact latencies behind what two scrapes of one proxy must give."""
        hops = [hop for hop in self.between(pod, side, first, last) if chosen(hop)]
        failures = sum(hop.failed for hop in hops)
        latencies = tuple(hop.server_latency_ms if side == "inbound" else hop.latency_ms for hop in hops)
        return Truth(len(hops) - failures, failures, latencies)

    def _write(self, entry: dict[str, object]) -> None:
        assert self._file is not None  # noqa: S101 - both callers have looked
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()


def _as_json(entry: Counted) -> dict[str, object]:
    hop = entry.hop
    return {
        "at": entry.at,
        "side": entry.side,
        "number": hop.number,
        "client": f"{hop.client.namespace}/{hop.client.name}",
        "server": f"{hop.server.namespace}/{hop.server.name}",
        "authority": hop.service.authority,
        "method": hop.method,
        "path": hop.path,
        "status": hop.status,
        "grpc_status": hop.grpc_status,
        "failed": hop.failed,
        "latency_ms": hop.server_latency_ms if entry.side == "inbound" else hop.latency_ms,
    }
