"""From what `top` is asked to a feed of rows, and on to where they are shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.top_command import tap_command
from linkerdctl.cli.top_feeds import EdgeFeed, Feed, TapFeed
from linkerdctl.cli.top_run import Batches, Screen
from linkerdctl.errors import UsageError
from linkerdctl.profiles.folding import folded
from linkerdctl.render.top import TopShape
from linkerdctl.tap.query import Matches, TapQuery
from linkerdctl.tap.top import Top
from linkerdctl.tap.transports.mesh_tls import TlsFiles

EVERY = 2.0
"""Seconds between two tables, and between two looks at metrics."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How rows are made and shown. Times are in seconds; `sort_by` is the title of a column."""

    shape: TopShape
    raw_paths: bool
    sort_by: str
    every: float | None
    output: str
    duration: float | None
    tls: TlsFiles | None = None

    def top(self) -> Top:
        """What adds requests up."""
        return Top() if self.raw_paths else Top(folded)


async def tap(options: GlobalOptions, asked: Asked, query: TapQuery) -> None:
    """Rows of live requests."""
    from linkerdctl.cli.tap_live import live_tap

    feed = TapFeed(asked.top(), shape=asked.shape, max_rps=query.max_rps, command=partial(tap_command, query))
    async with live_tap(options, query, feed.tell, asked.tls) as transport:
        feed.transport = transport
        await show(options, asked, feed, _title(query))


async def replay(options: GlobalOptions, asked: Asked, path: str, matches: Matches) -> None:
    """Rows of requests that were saved or captured, of those that match."""
    if path == "-" and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("standard input is a terminal", next_step="name a file, or pipe one: --input - < FILE")
    from linkerdctl.tap.transports.matching import Matching
    from linkerdctl.tap.transports.recorded import RecordedTap

    feed = TapFeed(asked.top(), shape=asked.shape, max_rps=None, command=None)
    recorded = RecordedTap(path, feed.tell)
    feed.transport = Matching(recorded, matches) if str(matches) else recorded
    await show(options, asked, feed, "standard input" if path == "-" else path)


async def edges(options: GlobalOptions, asked: Asked, query: TapQuery) -> None:
    """Rows of what the proxies count; of a recording there is one look."""
    from linkerdctl.cli.traffic import open_scene
    from linkerdctl.reports.top import edge_queries

    every, to = asked.every or EVERY, query.matches.to
    selections = [query.target, *([to] if to else [])]
    async with open_scene(options, selections, window=every) as scene:
        target, to = scene.inventory.resolve(query.target), scene.inventory.resolve(to) if to else None
        for each in (target, to):
            if each is not None:
                scene.inventory.rows(each)
        queries = edge_queries(target, to, scene.inventory, routes=asked.shape.routes)
        feed = EdgeFeed(scene, queries, shape=asked.shape, every=every, command=partial(tap_command, query))
        feed.once = options.recording is not None
        await show(options, asked, feed, f"{_title(query)} (metrics)")
        feed.check_coverage()


async def show(options: GlobalOptions, asked: Asked, feed: Feed, title: str) -> None:
    """On the whole terminal where there is one and tables are wanted, else one after the other."""
    terminal = options.terminal
    if terminal.live and asked.every is None and asked.output == "table":
        await Screen(feed, terminal, title=title, sort_by=asked.sort_by, duration=asked.duration).run()
        return
    every = asked.every or EVERY
    batches = Batches(feed, terminal, output=asked.output, sort_by=asked.sort_by, every=every, duration=asked.duration)
    await batches.run()


def _title(query: TapQuery) -> str:
    target = query.target
    where = f" -n {target.namespace}" if target.kind.namespaced and target.namespace else ""
    asked = f" {query.matches}" if str(query.matches) else ""
    name = f"{target.kind.short}/{target.name}" if target.name else target.kind.short
    return f"{name}{where}{asked}"
