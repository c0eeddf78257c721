"""Shows what a transport gives, until it ends, enough was shown, or the user has enough; says what was sampled."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing

from linkerdctl.cli.tap_request import Asked
from linkerdctl.errors import LinkerdctlError
from linkerdctl.render.terminal import Terminal
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.flow import Flow
from linkerdctl.tap.redaction import redacted
from linkerdctl.tap.saving import SavedTap
from linkerdctl.tap.transports.protocol import TapTransport

SILENCE = 5.0
"""Seconds without anything to show after which the user is told."""
LAST_ENDS = 10.0
"""Seconds that the last requests of `--limit` are given to end."""


class Show:
    """One run. `max_rps` is None for what is not sampled: a recorded stream."""

    def __init__(self, asked: Asked, terminal: Terminal, *, max_rps: float | None, advice: str = "") -> None:
        self._asked = asked
        self._terminal = terminal
        self._max_rps = max_rps
        self._advice = advice
        self._flow = Flow(asked.filters, limit=asked.limit)
        self._printed = False

    @property
    def told(self) -> int:
        """Requests that were told of."""
        return self._flow.told

    async def run(self, transport: TapTransport) -> None:
        """Show, and tell at the end, however it comes, how much that was."""
        with contextlib.ExitStack() as files:
            saved = files.enter_context(SavedTap(self._asked.save)) if self._asked.save else None
            silence = asyncio.create_task(self._tell_silence())
            try:
                await self._show(transport, saved)
            except LinkerdctlError:
                if self._flow.told:
                    self._tell_counts(saved)
                raise
            except (asyncio.CancelledError, KeyboardInterrupt):
                self._tell_counts(saved)
                raise
            else:
                self._tell_counts(saved)
            finally:
                silence.cancel()

    async def _show(self, transport: TapTransport, saved: SavedTap | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._asked.duration) as patience, aclosing(transport.batches()) as batches:
                async for batch in batches:
                    self._take(batch, saved)
                    if self._flow.done:
                        return
                    if self._flow.full:
                        _at_most(patience, LAST_ENDS)

    def _take(self, batch: Sequence[TapEvent], saved: SavedTap | None) -> None:
        events = batch if self._asked.show_secrets else [redacted(event) for event in batch]
        if saved is not None:
            saved.write(events)
        text = self._text(events)
        if text:
            self._printed = True
            with _interruptible():
                self._terminal.out(text)

    def _text(self, events: Sequence[TapEvent]) -> str:
        now = time.monotonic()
        if self._asked.group:
            request = self._asked.output.request
            return "".join([request(each) for each in self._flow.requests(events, now)])
        event = self._asked.output.event
        return "".join([event(each) for each in self._flow.events(events, now)])

    async def _tell_silence(self) -> None:
        await asyncio.sleep(SILENCE)
        if self._printed:
            return
        told = self._flow.told
        what = f"none of {told} requests is to be shown" if told else "no request was seen"
        self._terminal.note(f"{what} in {SILENCE:g} s{self._advice}")

    def _tell_counts(self, saved: SavedTap | None) -> None:
        flow, sampled = self._flow, self._max_rps is not None
        # Of a request whose beginning was not seen the rest may be shown
        known = max(flow.told, flow.shown)
        total = max(flow.sampling.at_least(time.monotonic()), known) if sampled else known
        at_least = "at least " if total > known else ""
        of = f" of {at_least}{total}" if total != flow.shown else ""
        rate = f" (max-rps {self._max_rps:g})" if at_least else ""
        self._terminal.note(f"showed {flow.shown}{of} {'request' if total == 1 else 'requests'}{rate}")
        if saved is not None:
            self._terminal.note(f"wrote {saved.events} events to {self._asked.save}")


def _at_most(patience: asyncio.Timeout, seconds: float) -> None:
    """Bring the end nearer, if it is not."""
    ends = asyncio.get_running_loop().time() + seconds
    current = patience.when()
    if current is None or current > ends:
        patience.reschedule(ends)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends a write that a slow reader holds up; otherwise asyncio waits for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
