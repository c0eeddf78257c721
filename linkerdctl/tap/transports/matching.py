"""What proxies would have matched, picked out of a stream that nobody asked to match anything."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.filters import match_filter
from linkerdctl.tap.flow import Flow
from linkerdctl.tap.query import Matches
from linkerdctl.tap.transports.protocol import TapTransport


class Matching:
    """Another transport's events, as far as they are of requests that match; a request that began unseen is none."""

    def __init__(self, transport: TapTransport, matches: Matches) -> None:
        self._transport = transport
        self._flow = Flow([match_filter(matches)])

    async def batches(self) -> AsyncGenerator[Sequence[TapEvent], None]:
        """As the other's, but for what is left out."""
        async with aclosing(self._transport.batches()) as batches:
            async for batch in batches:
                if wanted := self._flow.events(batch, time.monotonic()):
                    yield wanted
