"""Where the rows of `top` come from: a tap, or looks at metrics. Both run until they are cancelled or have no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from linkerdctl.cli.scene import Scene
from linkerdctl.cli.traffic import check_coverage, coverage_notice
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.render.numbers import percent
from linkerdctl.render.tap_lines import event_line
from linkerdctl.render.top import TopShape, edge_as_row
from linkerdctl.reports.top import Edges
from linkerdctl.sources.protocol import Coverage, Observation
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.following import Following
from linkerdctl.tap.redaction import redacted
from linkerdctl.tap.top import Top, TopRow
from linkerdctl.tap.transports.protocol import TapTransport

Command = Callable[[TopRow], str]
NOBODY = "its proxies have counted no requests yet, or it has none: `linkerdctl stat` tells which"
SILENCE = 5.0
"""Seconds without a request after which the user is told what may be wrong."""


class Feed(Protocol):
    """What a table needs."""

    shape: TopShape
    notice: str
    """The latest thing the user should know; empty when all is well."""

    async def run(self) -> None:
        """Take in what comes. Ends when there will be no more; raises a `LinkerdctlError` when nothing can be had."""
        ...

    def rows(self, shape: TopShape) -> list[TopRow]:
        """As of now, the largest first."""
        ...

    def counts(self) -> str:
        """How much was seen, in a few words."""
        ...

    def opened(self, row: TopRow, shape: TopShape) -> Sequence[str]:
        """Lines about one row: the command that shows its requests, and the requests there were since it was opened."""
        ...

    def close_row(self) -> None:
        """The row that was open is not any more."""
        ...


class TapFeed:
    """Rows of what proxies tell of. `max_rps` is None for what is not sampled: a recorded stream."""

    def __init__(self, top: Top, *, shape: TopShape, max_rps: float | None, command: Command | None) -> None:
        self.shape = shape
        self.notice = ""
        self.transport: TapTransport | None = None
        self._top = top
        self._max_rps = max_rps
        self._command = command
        self._following: tuple[TopRow, Following] | None = None
        self._began = time.monotonic()

    def tell(self, line: str) -> None:
        """For transports: something the user should know."""
        self.notice = line

    async def run(self) -> None:
        """Add up what the transport gives."""
        assert self.transport is not None  # noqa: S101 - set before it runs
        async with aclosing(self.transport.batches()) as batches:
            async for batch in batches:
                events = [redacted(event) for event in batch]
                self._top.add(events, time.monotonic())
                if self._following:
                    self._following[1].see(events)

    def rows(self, shape: TopShape) -> list[TopRow]:
        """As of now."""
        rows = self._top.rows(sources=shape.sources, routes=shape.routes)
        if not rows and self._max_rps is not None and time.monotonic() > self._began + SILENCE and not self.notice:
            self.notice = f"no request was seen in {SILENCE:g} s; `linkerdctl tap ... --doctor` tells what may be wrong"
        elif rows and self.notice.startswith("no request"):
            self.notice = ""
        return rows

    def counts(self) -> str:
        """Requests, successes, what is under way, and what was missed."""
        requests, failures = self._top.totals()
        parts = [f"{requests} requests", *([f"{percent(1 - failures / requests)} success"] if requests else [])]
        if self._top.unfinished:
            parts.append(f"{self._top.unfinished} under way")
        told, at_least = self._top.sampling.told, self._top.sampling.at_least(time.monotonic())
        if self._max_rps is not None and at_least > told:
            parts.append(f"{told} told of at least {at_least} (max-rps {self._max_rps:g})")
        return ", ".join(parts)

    def opened(self, row: TopRow, shape: TopShape) -> Sequence[str]:
        """The command and events as `tap` prints them."""
        if self._following is None or self._following[0].key != row.key:
            self._following = row, Following(lambda event: self._is_of(event, row, shape))
        events = self._following[1].events
        command = self._command(row) if self._command else ""
        return [command, *(map(event_line, events) if events else ["(waiting for its next request)"])]

    def close_row(self) -> None:
        """Nothing more is kept of it."""
        self._following = None

    def _is_of(self, event: TapEvent, row: TopRow, shape: TopShape) -> bool:
        key = self._top.key_of(event)
        return key is not None and key.shown_by(sources=shape.sources, routes=shape.routes) == row.key


class EdgeFeed:
    """Rows of what proxies count: every request, no paths."""

    def __init__(
        self, scene: Scene, queries: Sequence[TrafficQuery], *, shape: TopShape, every: float, command: Command
    ) -> None:
        self.shape = replace(shape, tapped=False)
        self.notice = ""
        self._scene, self._queries, self._every = scene, queries, every
        self._edges = Edges(queries)
        self._command = command
        self.once = False
        """Whether there is but one look to be had, as in a recording."""
        self._answered = False
        self._unanswered: Coverage | None = None
        """Who did not answer in the latest look, as long as nobody ever has."""

    async def run(self) -> None:
        """Look again and again."""
        if self.once:
            await self._look_once()
            return
        async for observation in self._scene.source.watch(self._queries, self._scene.targets, self._every):
            self._take(observation)

    async def _look_once(self) -> None:
        self._take(await self._scene.source.observe(self._queries, await self._scene.targets()))

    def check_coverage(self) -> None:
        """Raise `NobodyAnsweredError` if not one proxy answered in all the looks there were."""
        if self._unanswered is not None:
            check_coverage(self._unanswered, strict=False)

    def _take(self, observation: Observation) -> None:
        self._answered = self._answered or bool(observation.coverage.answered)
        self._unanswered = None if self._answered else observation.coverage
        self._edges.add(observation.answers)
        self.notice = coverage_notice(observation.coverage) or ("" if self._edges.rows() else NOBODY)

    def rows(self, shape: TopShape) -> list[TopRow]:
        """As of the last look."""
        return [edge_as_row(edge) for edge in self._edges.rows(sources=shape.sources)]

    def counts(self) -> str:
        """Requests by whose proxy counted them: one between two of the pods is in both."""
        rows = self.rows(self.shape)
        sides = {"inbound": "received", "outbound": "sent"}
        counted = ((word, sum(row.count for row in rows if row.direction == side)) for side, word in sides.items())
        return ", ".join(f"{count} {word}" for word, count in counted)

    def opened(self, row: TopRow, shape: TopShape) -> Sequence[str]:
        """The command; metrics know no single requests."""
        return [self._command(row), "metrics do not tell of single requests; this command does"]

    def close_row(self) -> None:
        """Nothing is kept of rows."""
