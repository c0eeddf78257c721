"""The viz extension's tap API, through the Kubernetes API server: one POST whose answer does not end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from google.protobuf.message import DecodeError

from linkerdctl.errors import ApiError, TapError
from linkerdctl.kube.client import KubeClient, words_of
from linkerdctl.kube.http import Answer, Patience
from linkerdctl.kube.rbac import About
from linkerdctl.kube.selection import Selection
from linkerdctl.tap.decoding import viz_decoder
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.framing import Frames, fixed_prefix
from linkerdctl.tap.query import TapQuery, viz_path, viz_request
from linkerdctl.tap.transports.protocol import LONGEST_PAUSE, Once, Tell, pauses
from linkerdctl.tap.transports.reading import FrameReader
from linkerdctl.tap.wire import viz_tap_pb2

GROUP = "tap.linkerd.io"
_PASSING = frozenset({0, 429, 500, 502, 503, 504})
"""Statuses after which another attempt may do better; 0 is no answer at all."""


def about_tap(target: Selection) -> About:
    """A tap in RBAC's words: `watch` on `deployments/tap`."""
    namespace = target.namespace or (None if target.kind.namespaced else target.name)
    return About("watch", f"{target.kind.plural}/tap", GROUP, namespace, target.name)


class VizTap:
    """Taps through `KubeClient`. A stream that ends, or breaks, is opened again; the first attempt must be answered."""

    def __init__(self, client: KubeClient, query: TapQuery, tell: Tell) -> None:
        self._client = client
        self._path, self._body = viz_path(query.target), viz_request(query)
        self._about = about_tap(query.target)
        self._tell = Once(tell)
        self._answered = False

    async def batches(self) -> AsyncGenerator[Sequence[TapEvent], None]:
        """Events until nobody wants them. Raises `ApiError` or `TapError` for a refusal, or when no answer comes any more."""
        waits = pauses()
        while True:
            failure: ApiError | None = None
            try:
                async with aclosing(self._stream()) as stream:
                    async for events in stream:
                        waits = pauses()
                        yield events
            except ApiError as error:
                failure = error
            wait = next(waits, None)
            if failure is not None and (not self._answered or failure.status not in _PASSING or wait is None):
                raise failure
            self._tell(_why(failure))
            await asyncio.sleep(LONGEST_PAUSE if wait is None else wait)

    async def _stream(self) -> AsyncGenerator[list[TapEvent], None]:
        """One answer, to its end. What cannot be read ends it like a connection that is lost."""
        reader = FrameReader(fixed_prefix, viz_decoder())
        patience = Patience(connect=10.0, write=30.0, read=None)
        headers = {"Accept-Encoding": "identity"}
        async with self._client.stream(
            "POST", self._path, self._about, headers=headers, content=self._body, patience=patience, check=False
        ) as answer:
            await self._check(answer)
            self._answered = True
            async for data in answer.pieces():
                events = reader.feed(data)
                if reader.unread:
                    self._tell("part of the tap stream could not be read and is left out")
                if events:
                    yield events
                if reader.broken:
                    raise ApiError(reader.broken.message, **self._about.error_fields())
        if reader.left_over:
            raise ApiError("the tap stream ended in the middle of an event", **self._about.error_fields())

    async def _check(self, answer: Answer) -> None:
        if "linkerd-error" in answer.headers:
            raise _refusal(await words_of(answer))
        if answer.status in (200, 401, 403):
            await self._client.check(answer, self._about)
            return
        said = _said(await words_of(answer))
        raise ApiError(
            _MEANINGS.get(answer.status) or f"the tap API answered {answer.status}{said and f': {said}'}",
            status=answer.status,
            **self._about.error_fields(),
        )


_MEANINGS = {
    404: "this cluster has no tap API: the viz extension is not installed",
    503: "the tap API is registered, but nothing answers behind it",
}


def _why(failure: ApiError | None) -> str:
    if failure is None:
        return "the tap server ended the stream; connecting again"
    reason = f" ({failure.message})" if failure.status else ""
    return f"the tap stream broke off{reason}; connecting again"


def _refusal(body: bytes) -> TapError:
    """The tap server's own words: a line, and often several below it that tell what to do."""
    frames = list(Frames(fixed_prefix).feed(body))
    try:
        text = viz_tap_pb2.ApiError.FromString(frames[0]).error if frames else ""
    except (DecodeError, TapError):
        text = ""
    first, _, more = text.strip().partition("\n")
    return TapError(f"the tap server refuses: {first or 'it does not say why'}", next_step=more.strip() or None)


def _said(body: bytes) -> str:
    """What an error's body says: the tap server's `error`, the API server's `message`, a short plain text."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode(errors="replace").strip()
        return "" if text.startswith("<") else text[:200]
    return str(document.get("error") or document.get("message") or "") if isinstance(document, dict) else ""
