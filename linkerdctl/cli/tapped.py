"""Requests for a service out of a tap, live or recorded: what `profile --tap` and `profile coverage` look at."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.errors import ApiError, TapError, UsageError
from linkerdctl.kube.kinds import SERVICE
from linkerdctl.kube.selection import Selection, parse_target
from linkerdctl.profiles.addressed import Addressed, SeenRequest, addressed_to
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.routes import GrpcMethod
from linkerdctl.render.progress import progress_on
from linkerdctl.tap.events import Direction, Endpoint, Headers, RequestInit, RequestKey, ResponseEnd, TapEvent
from linkerdctl.tap.query import TapQuery, check_kinds
from linkerdctl.tap.redaction import redacted
from linkerdctl.tap.transports.protocol import TapTransport

CANONICAL = "l5d-dst-canonical"
MAX_RPS = 1000.0
"""Requests a second that a live tap is asked for: a profile should rest on more than a glance."""
TICK = 0.5
"""Seconds."""


@dataclass(frozen=True, slots=True)
class TapSource:
    """Which workload to tap, for how many seconds; or a recorded stream to read, as far as it is about the workload."""

    target: str | None
    duration: float
    recorded: str | None


def requests_for(options: GlobalOptions, name: ServiceName, source: TapSource) -> Addressed:
    """Tap or read, and keep what was for the service. Raises `UsageError`, `TapError`, `ApiError`."""
    target = parse_target(source.target, namespace=name.namespace) if source.target else None
    if target:
        if target.kind is SERVICE:
            raise UsageError("a service cannot be tapped", next_step="name the workload behind it: --tap deploy/web")
        check_kinds(TapQuery(target))
    seen = SeenRequests(target if source.recorded else None)
    if source.recorded:
        from linkerdctl.tap.transports.recorded import RecordedTap

        asyncio.run(_all_of(RecordedTap(source.recorded, options.terminal.warn), seen))
    else:
        assert target is not None  # noqa: S101 - one of the two is given, the caller has looked
        asyncio.run(_live(options, target, source.duration, seen))
    return addressed_to(name, seen.counted())


async def _all_of(transport: TapTransport, seen: SeenRequests) -> None:
    async with aclosing(transport.batches()) as batches:
        async for batch in batches:
            seen.add(batch)


async def _live(options: GlobalOptions, target: Selection, duration: float, seen: SeenRequests) -> None:
    from linkerdctl.cli.cluster import cluster_config
    from linkerdctl.kube.client import KubeClient
    from linkerdctl.tap.transports.viz import VizTap

    # Headers say what is gRPC, and which service a name of the outside world stands for
    query = TapQuery(target, max_rps=MAX_RPS, headers=True)
    async with KubeClient(cluster_config(options)) as client, _progress(options, duration):
        try:
            async with asyncio.timeout(duration):
                await _all_of(VizTap(client, query, options.terminal.warn), seen)
        except TimeoutError:
            return
        except (ApiError, TapError) as error:
            if seen.counted():
                options.terminal.warn(f"the tap ended early, so this rests on what it told before: {error.message}")
                return
            error.next_step = error.next_step or f"ask why: linkerdctl tap {target} -n {target.namespace} --doctor"
            raise


@asynccontextmanager
async def _progress(options: GlobalOptions, duration: float) -> AsyncIterator[None]:
    """A bar that fills as time goes by."""
    progress = progress_on(options.terminal)
    progress.start("Watching requests", duration)

    async def tick() -> None:
        while True:
            await asyncio.sleep(TICK)
            progress.advance(TICK)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        progress.stop()


class SeenRequests:
    """Counts requests by what they say of themselves; of a recording, only those that proxies of `target` told of."""

    def __init__(self, target: Selection | None = None) -> None:
        self._target = target
        self._counted: Counter[SeenRequest] = Counter()
        self._open: dict[RequestKey, SeenRequest] = {}

    def add(self, events: Sequence[TapEvent]) -> None:
        """Take in events. Without headers only the end of a request tells whether it is gRPC."""
        for event in map(redacted, events):
            if isinstance(event.http, RequestInit):
                self._begin(event, event.http)
            elif isinstance(event.http, ResponseEnd) and (request := self._open.pop(event.key, None)):
                self._counted[replace(request, is_grpc=event.http.grpc_status is not None)] += 1

    def counted(self) -> Counter[SeenRequest]:
        """Equal requests with their number; those that have not ended are among them, judged by their paths."""
        return self._counted + Counter(replace(each, is_grpc=looks_like_grpc(each)) for each in self._open.values())

    def _begin(self, event: TapEvent, init: RequestInit) -> None:
        if self._target and not _is_of(event.proxy, self._target):
            return
        request = SeenRequest(
            method=init.method or "GET",
            path=init.path,
            authority=init.authority,
            is_inbound=event.direction is Direction.INBOUND,
            is_grpc=_header(init.headers, "content-type").startswith("application/grpc"),
            canonical=_header(init.headers, CANONICAL),
            service=_service(event),
            is_probe=event.destination.labels.get("route_name") == "probe",
        )
        if init.headers is None:
            self._open[event.key] = request
        else:
            self._counted[request] += 1


def looks_like_grpc(request: SeenRequest) -> bool:
    """Whether it is a POST to `/package.Service/Method`."""
    call = GrpcMethod.of_path(request.path)
    return call is not None and request.method == "POST" and "." in call.service and call.method.isidentifier()


def _is_of(proxy: Endpoint, target: Selection) -> bool:
    """Whether a proxy belongs to the workload; one that does not say is taken to."""
    owner, namespace = proxy.labels.get(target.kind.label), proxy.labels.get("namespace")
    own_namespace = target.name if target.kind.name == "namespace" else target.namespace
    return owner in (None, target.name or owner) and namespace in (None, own_namespace)


def _service(event: TapEvent) -> tuple[str, str] | None:
    labels = event.destination.labels
    if event.direction is not Direction.OUTBOUND or not labels.get("service"):
        return None
    return labels["service"], labels.get("namespace", "")


def _header(headers: Headers | None, name: str) -> str:
    return next((str(header.value) for header in headers or () if header.name == name), "")
