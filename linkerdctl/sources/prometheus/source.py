"""A Prometheus (Thanos, Mimir, VictoriaMetrics ...) as a source: what it holds of the proxies, added up by itself.

The numbers mean what they mean when the proxies are asked: see `queries`. A command makes at most six requests: one for how
the set-up is labelled, then all others at once, as of the same moment by the server's clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from linkerdctl.errors import PrometheusError
from linkerdctl.kube.inventory import Target
from linkerdctl.metrics.query import Matcher, TrafficQuery
from linkerdctl.metrics.reduce import PeerLabels
from linkerdctl.progress import NoProgress, Progress
from linkerdctl.sources.prometheus.answers import Report, read_answers, read_report
from linkerdctl.sources.prometheus.api import Prometheus, Vector
from linkerdctl.sources.prometheus.promql import duration
from linkerdctl.sources.prometheus.queries import Look, data_queries
from linkerdctl.sources.prometheus.setup import Row, Setup, read_setup, setup_query
from linkerdctl.sources.prometheus.snapshots import read_snapshot, snapshot_query
from linkerdctl.sources.prometheus.translation import Pods, translate
from linkerdctl.sources.protocol import Coverage, Observation, ProxyFailure, ProxyText, Snapshot
from linkerdctl.sources.reduction import concerned

LEAST_SCRAPES = 2
"""Scrape intervals that a window must hold."""
MOST_NAMESPACES = 50
"""Namespaces that are named one by one in a selector."""
_OLD = 3
"""Scrape intervals after which the newest data are called old; to these come the seconds below."""
_HELD_BACK = 30.0
"""Seconds for which VictoriaMetrics shows nothing of what it was given, unless it is set otherwise."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """A set-up, the moment that is looked at (epoch seconds, the server's clock), and how far back."""

    setup: Setup
    at: float | None
    window: float | None


class PrometheusSource:
    """Answers from a store. `note` is told what the user should know: a window made longer, old data, warnings.

    `asked` is the answer to the set-up query, if it has been asked already; the first look is as of then.
    """

    def __init__(
        self,
        prometheus: Prometheus,
        *,
        window: float,
        peer_labels: PeerLabels,
        since_start: bool = False,
        only: Sequence[Matcher] = (),
        asked: Awaitable[Vector] | None = None,
        note: Callable[[str], None] = lambda text: None,
        progress: Progress | None = None,
    ) -> None:
        self._prometheus = prometheus
        self._window = window
        self._peer_labels = peer_labels
        self._since_start = since_start
        self._only = tuple(only)
        self._asked = asked
        self._tell = note
        self._told: set[str] = set()
        self._progress = progress or NoProgress()

    async def observe(self, queries: Sequence[TrafficQuery], targets: Sequence[Target]) -> Observation:
        """One window that ends with the newest scrapes; raises `PrometheusError` when the store cannot answer at all."""
        asked = concerned(queries, targets)
        if not asked:
            return Observation(tuple({} for _ in queries), Coverage(), 0.0, time.time())
        try:
            self._progress.start("asking Prometheus", 2)
            return await self._answer(queries, asked, await self._now())
        finally:
            self._progress.stop()

    async def watch(
        self,
        queries: Sequence[TrafficQuery],
        targets: Callable[[], Awaitable[Sequence[Target]]],
        every: float,
    ) -> AsyncIterator[Observation]:
        """The same again and again; how the store labels things is asked once.

        Where the window was to be no longer than `every`, each begins where the last one ended, so that nothing counts twice;
        then `every` may have to be as long as the window is made.
        """
        self._asked = None  # its clock would be behind ever after
        first, began = await self._now(), time.monotonic()
        joined = self._window <= every
        every = max(every, first.window or every) if joined else every
        next_look, last = began, None
        while True:
            at = None if first.at is None else round(first.at + time.monotonic() - began, 3)
            window = first.window if not joined or at is None or last is None else at - last
            asked = concerned(queries, await targets())
            yield await self._answer(queries, asked, _Moment(first.setup, at, window))
            next_look, last = max(next_look + every, time.monotonic()), at
            await asyncio.sleep(next_look - time.monotonic())

    async def snapshot(self, names: Iterable[str], targets: Sequence[Target]) -> Snapshot:
        """The newest samples that the store holds; two requests."""
        try:
            self._progress.start("asking Prometheus", 2)
            setup = await self._setup()
            [rows] = await self._ask_all([snapshot_query(names, setup)], setup.at)
        finally:
            self._progress.stop()
        return read_snapshot(rows, setup, targets, missing=_NOT_SEEN)

    def texts(self, targets: Sequence[Target]) -> AsyncGenerator[ProxyText, None]:
        """There are none: a store keeps numbers."""
        raise PrometheusError(
            "a Prometheus has no raw text of proxies",
            next_step="leave --prometheus (LINKERDCTL_PROMETHEUS) out: then the proxies themselves are asked",
        )

    async def _now(self) -> _Moment:
        """Learn the set-up; a window that is too short for it is made longer, and that is told."""
        setup = await self._setup()
        if self._since_start:
            if not setup.starts:
                raise PrometheusError(
                    "this Prometheus does not keep when proxies started (process_start_time_seconds)",
                    next_step="leave --since-start out, or let it keep that family",
                )
            return _Moment(setup, setup.at, None)
        return _Moment(setup, setup.at, self._long_enough(setup.interval))

    async def _setup(self) -> Setup:
        asked, self._asked = self._asked, None
        vector = await (asked or self._prometheus.query(setup_query(self._only)))
        self._warn(vector.warnings)
        self._progress.advance()
        setup = read_setup(vector.rows, vector.at, self._only)
        for each in setup.notes:
            self._note(each)
        return setup

    def _long_enough(self, interval: float | None) -> float:
        # Scrapes come a little early or late; intervals are set in whole seconds
        least = LEAST_SCRAPES * (round(interval) or interval) if interval else 0.0
        if self._window >= least * 0.99:
            return self._window
        self._note(
            f"{duration(self._window)} is less than {LEAST_SCRAPES} scrapes of this Prometheus, which come every "
            f"{duration(least / LEAST_SCRAPES)}: these are the last {duration(least)}"
        )
        return least

    async def _answer(self, queries: Sequence[TrafficQuery], asked: Sequence[Target], now: _Moment) -> Observation:
        pods, ports = Pods(asked, self._peer_labels), sorted({str(target.admin_port) for target in asked})
        translations = [translate(query, now.setup, pods, ports) for query in queries]
        look = Look(now.setup, now.window)
        namespaces = sorted({target.pod.namespace for target in asked})
        report_query = look.report(namespaces if len(namespaces) <= MOST_NAMESPACES else ())
        looks, *data = await self._ask_all([report_query, *data_queries(translations, look)], now.at)
        report = read_report(looks, now.setup)
        self._check_reach(report, asked, now)
        rows = (row for vector in data for row in vector)
        answers = read_answers(rows, translations, pods, report.seconds)
        ended = max(report.seen.values(), default=0.0)
        return Observation(tuple(answers), _coverage(report, asked, now), report.seconds, ended)

    async def _ask_all(self, texts: Sequence[str], at: float | None) -> list[list[Row]]:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._prometheus.query(text, at)) for text in texts]
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        vectors = [task.result() for task in tasks]
        self._warn(warning for vector in vectors for warning in vector.warnings)
        return [vector.rows for vector in vectors]

    def _check_reach(self, report: Report, asked: Sequence[Target], now: _Moment) -> None:
        mine = {target.pod for target in asked} & report.seen.keys()
        if mine and mine <= report.unknown and now.window is not None:
            raise PrometheusError(
                f"this Prometheus does not reach back {duration(now.window)}: it holds nothing of these proxies from then",
                next_step="a shorter -t, a store with a longer retention, or, for averages, --since-start",
            )
        age = (now.at or 0.0) - max(report.seen.values(), default=now.at or 0.0)
        if age > _HELD_BACK + _OLD * (now.setup.interval or 5.0):
            self._note(f"the newest data in this Prometheus are {duration(round(age))} old")

    def _note(self, text: str) -> None:
        """Tell it once, however often it is seen while watching."""
        if text not in self._told:
            self._told.add(text)
            self._tell(text)

    def _warn(self, warnings: Iterable[str]) -> None:
        for warning in dict.fromkeys(warnings):
            self._note(f"Prometheus warns: {warning}")


def _coverage(report: Report, asked: Sequence[Target], now: _Moment) -> Coverage:
    """Which proxies the store knows; who is not scraped, or was not at the window's beginning, is told with the reason."""
    pods = frozenset(target.pod for target in asked)
    failures = [ProxyFailure(pod, _NOT_SEEN) for pod in pods - report.seen.keys()]
    if now.window is not None:
        ago = f"Prometheus holds nothing of it from {duration(now.window)} ago"
        failures += [ProxyFailure(pod, ago) for pod in pods & report.unknown]
    missing = {failure.pod for failure in failures}
    return Coverage(
        asked=pods,
        answered=pods - missing,
        failures=tuple(sorted(failures, key=lambda each: each.pod)),
        restarted=tuple(sorted(pods & report.restarted - missing)),
    )


_NOT_SEEN = "Prometheus holds nothing new of it: its last scrape failed, or it is not scraped"
