"""Watches of the API face: a stream of events, from a version on, as objects or as table rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from linkerdctl.demo.api.paths import Subject
from linkerdctl.demo.api.responses import dumps
from linkerdctl.demo.api.storage import in_version
from linkerdctl.demo.cluster import tables
from linkerdctl.demo.cluster.selection import Filter, filter_of
from linkerdctl.demo.cluster.status import StatusError, bad_request
from linkerdctl.demo.cluster.store import Event, Manifest, ObjectStore

_DEFAULT_SECONDS = 1800.0
_YES = ("true", "1")
Queue = asyncio.Queue[Event | None]


class Watches:
    """Every stream under way, so that all of them can be ended."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._queues: set[Queue] = set()

    def close(self) -> None:
        """End all streams."""
        for queue in self._queues:
            queue.put_nowait(None)

    def response(self, request: Request, subject: Subject) -> StreamingResponse:
        """The stream that a request asks for; raises a `StatusError` when it cannot begin."""
        query = request.query_params
        fields = f"metadata.name={subject.name}" if subject.name else query.get("fieldSelector", "")
        wanted = filter_of(subject.resource, subject.namespace, {**query, "fieldSelector": fields})
        show = _shower(request, subject)
        return StreamingResponse(self._stream(subject, wanted, query, show), media_type="application/json")

    async def _stream(
        self, subject: Subject, wanted: Filter, query: Mapping[str, str], show: Callable[[str, Manifest], bytes]
    ) -> AsyncIterator[bytes]:
        queue: Queue = asyncio.Queue()
        key = subject.resource.key
        try:
            first = self._first(subject, wanted, query, show)
        except StatusError as error:
            yield dumps({"type": "ERROR", "object": error.body()}) + b"\n"
            return
        stop = self._store.listen(lambda event: queue.put_nowait(event) if event.key == key else None)
        self._queues.add(queue)
        try:
            for line in first:
                yield line
            async with asyncio.timeout(_seconds(query)):
                while (event := await queue.get()) is not None:
                    if change := _change(event, wanted):
                        yield show(*change)
        except TimeoutError:
            return
        finally:
            self._queues.discard(queue)
            stop()

    def _first(
        self, subject: Subject, wanted: Filter, query: Mapping[str, str], show: Callable[[str, Manifest], bytes]
    ) -> list[bytes]:
        """What a stream begins with: events since the given version, or all objects as if they were new."""
        since = query.get("resourceVersion", "")
        initial = query.get("sendInitialEvents") in _YES
        if since in ("", "0") or initial:
            there = self._store.members(subject.resource, subject.namespace)
            lines = [show("ADDED", each) for each in there if wanted.matches(each)]
            return [*lines, self._bookmark(subject)] if initial else lines
        if not since.isdigit():
            raise bad_request(f'Invalid value: "{since}": resourceVersion')
        changes = (_change(event, wanted) for event in self._store.since(subject.resource.key, int(since)))
        return [show(*change) for change in changes if change]

    def _bookmark(self, subject: Subject) -> bytes:
        metadata = {
            "resourceVersion": str(self._store.version),
            "annotations": {"k8s.io/initial-events-end": "true"},
        }
        mark = {"apiVersion": subject.resource.api_version, "kind": subject.resource.kind, "metadata": metadata}
        return dumps({"type": "BOOKMARK", "object": mark}) + b"\n"


def _seconds(query: Mapping[str, str]) -> float:
    try:
        return float(query.get("timeoutSeconds") or _DEFAULT_SECONDS)
    except ValueError:
        return _DEFAULT_SECONDS


def _change(event: Event, wanted: Filter) -> tuple[str, Manifest] | None:
    """What an event is to one who sees only some objects: an object may enter or leave their sight."""
    sees = event.type != "DELETED" and wanted.matches(event.object)
    saw = event.before is not None and wanted.matches(event.before)
    if sees:
        return ("MODIFIED" if saw else "ADDED"), event.object
    return ("DELETED", event.object) if saw else None


def _shower(request: Request, subject: Subject) -> Callable[[str, Manifest], bytes]:
    """How an event is written: the first row of a table carries the columns."""
    version = tables.wants_table(request.headers.get("accept", ""))
    include = request.query_params.get("includeObject", "Metadata")
    headed = True

    def show(kind: str, manifest: Manifest) -> bytes:
        nonlocal headed
        shown: Any = in_version(subject.resource, manifest)
        if version:
            shown = tables.table(subject.resource, [shown], version=version, include=include, headed=headed)
            headed = False
        return dumps({"type": kind, "object": shown}) + b"\n"

    return show
