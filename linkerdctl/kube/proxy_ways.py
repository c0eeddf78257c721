"""Ways to a proxy's metrics: through the API server, through a port-forward, or straight to the pod's address."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpcore

from linkerdctl.errors import ApiError, ProxyError, UsageError
from linkerdctl.kube.bodies import BrokenEncodingError, Room, TooLongError, whole_body
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.http import FAILURES, Answer, Patience, new_request
from linkerdctl.kube.inventory import Target
from linkerdctl.kube.lanes import Lanes
from linkerdctl.kube.proxy_access import MOST_BYTES, Fetched, ProxyAccess, as_proxy_error, pod_path, refusal, within
from linkerdctl.kube.rbac import About

WAYS = ("api", "port-forward", "direct")
_HEADERS = {"Accept-Encoding": "gzip", "Accept": "text/plain"}


@asynccontextmanager
async def proxy_access(way: str, client: KubeClient, *, concurrency: int) -> AsyncIterator[ProxyAccess]:
    """The access that `--via` names, for so many proxies at once; raises `UsageError`. The client stays its owner's."""
    if way == "api":
        yield ThroughApiServer(client)
    elif way == "direct":
        async with aclosing(Lanes(concurrency)) as lanes:
            yield Direct(lanes)
    elif way == "port-forward":
        from linkerdctl.kube.port_forward import ThroughPortForward

        yield ThroughPortForward(client)
    else:
        raise UsageError(f"there is no way {way!r} to a proxy", next_step=f"--via takes {', '.join(WAYS)}")


class ThroughApiServer:
    """The API server's pod proxy; needs `get` on `pods/proxy`."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._room = Room()

    async def fetch(self, target: Target, *, deadline: float) -> Fetched:
        """One GET."""
        pod = target.pod
        path = f"{pod_path(pod)}:{target.admin_port}/proxy/metrics"
        about = About("get", "pods/proxy", namespace=pod.namespace, name=pod.name)
        try:
            async with (
                within(deadline),
                self._client.stream("GET", path, about, headers=_HEADERS, patience=_patience(deadline)) as answer,
            ):
                return await _read(answer, self._room)
        except ApiError as error:
            raise as_proxy_error(error) from None


class Direct:
    """The pod's own address, from inside the cluster's network."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._room = Room()

    async def fetch(self, target: Target, *, deadline: float) -> Fetched:
        """One GET."""
        host = f"[{target.ip}]" if ":" in target.ip else target.ip
        if not host:
            raise ProxyError("its pod has no address yet")
        url = f"http://{host}:{target.admin_port}/metrics"
        request = new_request("GET", url, _HEADERS.items(), _patience(deadline))
        try:
            async with within(deadline), aclosing(await self._lanes.send(request)) as answer:
                if not answer.is_success:
                    raise ProxyError(refusal(answer.status))
                return await _read(answer, self._room)
        except FAILURES as error:
            raise ProxyError(_transport_reason(error)) from None


def _patience(deadline: float) -> Patience:
    """The deadline ends a request; steps that take their time must not do so earlier."""
    return Patience(deadline + 1, deadline + 1, deadline + 1)


async def _read(answer: Answer, room: Room) -> Fetched:
    at = time.time()
    try:
        return Fetched(await whole_body(answer, MOST_BYTES, room), at)
    except (TooLongError, BrokenEncodingError) as error:
        raise ProxyError(str(error)) from None
    except FAILURES as error:
        raise ProxyError(_transport_reason(error)) from None


def _transport_reason(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return "timed out"
    if isinstance(error, httpcore.ConnectError):
        return (
            "connection refused" if "refused" in str(error) or "All connection attempts" in str(error) else str(error)
        )
    if isinstance(error, httpcore.RemoteProtocolError | httpcore.ReadError):
        return "its answer ended early"
    return str(error) or type(error).__name__
