"""Which of the events that come are shown, and how many requests there were. Pure; the clock is the caller's."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.filters import Filter, Verdict, judge
from linkerdctl.tap.requests import Request, Requests
from linkerdctl.tap.sampling import Sampling


class Flow:
    """Joins, filters, counts; shows `limit` requests at most. Without any of that to do, events just pass."""

    def __init__(self, filters: Sequence[Filter] = (), *, limit: int | None = None) -> None:
        self._filters = filters
        self._limit = limit
        self._requests = Requests()
        self._open = 0
        self.sampling = Sampling()
        self.shown = 0
        """Requests of which something was shown."""

    @property
    def told(self) -> int:
        """Requests that were told of, shown or not."""
        return self.sampling.told

    @property
    def full(self) -> bool:
        """Whether as many requests as were wanted are shown; some of them may not have ended."""
        return self._limit is not None and self.shown >= self._limit

    @property
    def done(self) -> bool:
        """Whether all that was wanted has been shown, to its end."""
        return self.full and not self._open

    def events(self, batch: Sequence[TapEvent], now: float) -> Sequence[TapEvent]:
        """What of these is to be shown now, and what of earlier ones was held back until now."""
        if not self._filters and self._limit is None:
            self._count(batch, now)
            self.shown = self.told
            return batch
        self._count(batch, now)
        return [each for event in batch for each in self._wanted(self._requests.add(event, now))]

    def requests(self, batch: Sequence[TapEvent], now: float) -> list[Request]:
        """The requests that have ended with one of these and are to be shown."""
        self._count(batch, now)
        joined = (self._requests.add(event, now) for event in batch)
        return [request for request in joined if request.finished and self._wanted(request)]

    def _count(self, batch: Sequence[TapEvent], now: float) -> None:
        for event in batch:
            self.sampling.saw(event, now)

    def _wanted(self, request: Request) -> Sequence[TapEvent]:
        """The events of a request that are due: none, the newest, or at the moment of the decision all."""
        if request.verdict is None:
            return self._decided(request)
        if request.verdict and request.finished:
            self._open -= 1
        return request.events[-1:] if request.verdict else ()

    def _decided(self, request: Request) -> Sequence[TapEvent]:
        verdict = judge(self._filters, request)
        if verdict is Verdict.WAIT and not request.finished:
            return ()
        request.verdict = verdict is Verdict.SHOW and not self.full
        if not request.verdict:
            return ()
        self.shown += 1
        self._open += not request.finished
        return request.events
