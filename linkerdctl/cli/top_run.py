"""Showing the rows of `top`: on the whole terminal, with keys, or one table after the other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence

from linkerdctl.cli.top_feeds import Feed
from linkerdctl.render.full_screen import FullScreen, full_screen
from linkerdctl.render.keys import keyboard, keys_of
from linkerdctl.render.live import LiveTables
from linkerdctl.render.sorting import sorted_rows
from linkerdctl.render.stream import STREAMED, Stream
from linkerdctl.render.terminal import Terminal
from linkerdctl.render.top import top_view
from linkerdctl.render.top_screen import Told, TopScreen
from linkerdctl.tap.top import TopRow

FRAME = 0.5
"""Seconds between two pictures, unless a key is pressed or the window resized."""
SHORTEST_FRAME = 0.05


class Screen:
    """The whole terminal, while `run` runs."""

    def __init__(self, feed: Feed, terminal: Terminal, *, title: str, sort_by: str, duration: float | None) -> None:
        self._feed, self._terminal = feed, terminal
        self._title, self._duration = title, duration
        self._screen = TopScreen(feed.shape, sort=sort_by)
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Until the user has enough. An error of the feed is raised when the terminal is as it was before."""
        with full_screen(self._terminal) as display, keyboard() as descriptor, self._listening(descriptor):
            feeding = asyncio.create_task(self._feed.run())
            try:
                await self._draw_until_done(display, feeding)
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
        if not feeding.cancelled():
            feeding.result()

    async def _draw_until_done(self, display: FullScreen, feeding: asyncio.Task[None]) -> None:
        ends = None if self._duration is None else time.monotonic() + self._duration
        while not self._screen.done and (ends is None or time.monotonic() < ends):
            if feeding.done() and feeding.exception() is not None:
                return
            self._screen.update(self._feed.rows(self._screen.shape))
            display.draw(self._screen.lines(self._told(ended=feeding.done()), *display.size))
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), FRAME)
            await asyncio.sleep(SHORTEST_FRAME)

    def _told(self, *, ended: bool) -> Told:
        row = self._screen.opened
        if row is None:
            self._feed.close_row()
        opened = self._feed.opened(row, self._screen.shape) if row else ()
        notice = self._feed.notice or ("there is no more; q quits" if ended else "")
        return Told(self._title, self._feed.counts(), time.strftime("%H:%M:%S"), notice, opened)

    @contextlib.contextmanager
    def _listening(self, descriptor: int | None) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        if descriptor is not None:
            loop.add_reader(descriptor, self._read, descriptor)
        loop.add_signal_handler(signal.SIGWINCH, self._changed.set)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGWINCH)
            if descriptor is not None:
                loop.remove_reader(descriptor)

    def _read(self, descriptor: int) -> None:
        data = os.read(descriptor, 1024)
        if not data:
            asyncio.get_running_loop().remove_reader(descriptor)
        for key in keys_of(data):
            self._screen.press(key)
        self._changed.set()


class Batches:
    """One table after the other, every `every` seconds; the last one when there is no more."""

    def __init__(
        self, feed: Feed, terminal: Terminal, *, output: str, sort_by: str, every: float, duration: float | None
    ) -> None:
        self._feed, self._terminal = feed, terminal
        self._output, self._sort_by = output, sort_by
        self._every, self._duration = every, duration
        self._stream = Stream(output, terminal)
        self._tables = LiveTables(terminal, None)
        self._told = ""

    async def run(self) -> None:
        """Until there is no more, or the time is over. What the feed raises is raised after the last table."""
        feeding = asyncio.create_task(self._feed.run())
        ends = None if self._duration is None else time.monotonic() + self._duration
        try:
            while not feeding.done() and (ends is None or time.monotonic() < ends):
                left = self._every if ends is None else min(self._every, ends - time.monotonic())
                await asyncio.wait([feeding], timeout=left)
                self._show()
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
            self._tell_counts()
        if not feeding.cancelled():
            feeding.result()

    def _tell_counts(self) -> None:
        if self._feed.rows(self._feed.shape):
            self._terminal.note(self._feed.counts())

    def _show(self) -> None:
        view = top_view(self._feed.shape)
        rows: Sequence[TopRow] = sorted_rows(self._feed.rows(self._feed.shape), view, self._sort_by)
        if self._output in STREAMED:
            self._stream.show(view, rows, time.time())
        elif rows:
            self._tables.show(view, rows, time.time(), wide=self._output == "wide")
        if self._feed.notice and self._feed.notice != self._told:
            self._told = self._feed.notice
            self._terminal.note(self._told)
