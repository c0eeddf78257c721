"""Ways to a proxy's metrics: through the API server, through a port-forward, or straight to the pod's address."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from linkerdctl.errors import ApiError, ProxyError, UsageError
from linkerdctl.kube.bodies import BrokenEncodingError, Room, TooLongError, whole_body
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.inventory import Target
from linkerdctl.kube.proxy_access import MOST_BYTES, Fetched, ProxyAccess, as_proxy_error, pod_path, refusal, within
from linkerdctl.kube.rbac import About

if TYPE_CHECKING:
    import httpx

WAYS = ("api", "port-forward", "direct")
_HEADERS = {"Accept-Encoding": "gzip", "Accept": "text/plain"}


@asynccontextmanager
async def proxy_access(way: str, client: KubeClient, *, concurrency: int) -> AsyncIterator[ProxyAccess]:
    """The access that `--via` names, for so many proxies at once; raises `UsageError`. The client stays its owner's."""
    if way == "api":
        yield ThroughApiServer(client)
    elif way == "direct":
        async with Direct(concurrency) as direct:
            yield direct
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
                self._client.stream("GET", path, about, headers=_HEADERS, timeout=_patience(deadline)) as response,
            ):
                return await _read(response, self._room)
        except ApiError as error:
            raise as_proxy_error(error) from None


class Direct:
    """The pod's own address, from inside the cluster's network."""

    def __init__(self, concurrency: int) -> None:
        import httpx

        from linkerdctl.kube.lanes import Lanes

        # Metrics come without TLS: there is no need to load whom to trust.
        untrusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

        def pool(limits: httpx.Limits) -> httpx.AsyncHTTPTransport:
            return httpx.AsyncHTTPTransport(verify=untrusting, limits=limits, trust_env=False)

        self._http = httpx.AsyncClient(transport=Lanes(concurrency, pool), trust_env=False)
        self._room = Room()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def fetch(self, target: Target, *, deadline: float) -> Fetched:
        """One GET."""
        import httpx

        host = f"[{target.ip}]" if ":" in target.ip else target.ip
        if not host:
            raise ProxyError("its pod has no address yet")
        url = f"http://{host}:{target.admin_port}/metrics"
        try:
            async with (
                within(deadline),
                self._http.stream("GET", url, headers=_HEADERS, timeout=_patience(deadline)) as response,
            ):
                if not response.is_success:
                    raise ProxyError(refusal(response.status_code))
                return await _read(response, self._room)
        except httpx.HTTPError as error:
            raise ProxyError(_transport_reason(error)) from None


def _patience(deadline: float) -> httpx.Timeout:
    """The deadline ends a request; the client's own timeouts must not do so earlier."""
    import httpx

    return httpx.Timeout(deadline + 1, pool=None)


async def _read(response: httpx.Response, room: Room) -> Fetched:
    import httpx

    at = time.time()
    try:
        return Fetched(await whole_body(response, MOST_BYTES, room), at)
    except (TooLongError, BrokenEncodingError) as error:
        raise ProxyError(str(error)) from None
    except httpx.HTTPError as error:
        raise ProxyError(_transport_reason(error)) from None


def _transport_reason(error: Exception) -> str:
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return "timed out"
    if isinstance(error, httpx.ConnectError):
        return (
            "connection refused" if "refused" in str(error) or "All connection attempts" in str(error) else str(error)
        )
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return "its answer ended early"
    return str(error) or type(error).__name__
