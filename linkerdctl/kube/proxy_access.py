"""Ways to a proxy's metrics: through the API server, through a port-forward, or straight to the pod's address."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import quote

from linkerdctl.errors import ApiError, ProxyError, UsageError
from linkerdctl.kube.bodies import BrokenEncodingError, Room, TooLongError, whole_body
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.rbac import About

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 64 * 1024 * 1024
"""Of inflated text; a busy proxy has one or two million."""
WAYS = ("api", "port-forward", "direct")
_HEADERS = {"Accept-Encoding": "gzip", "Accept": "text/plain"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A proxy's text, and the epoch second its answer began to come, which is when the proxy had just written it."""

    text: bytes
    at: float


class ProxyAccess(Protocol):
    """One way to reach proxies; an async context manager."""

    async def fetch(self, target: Target, *, deadline: float) -> Fetched:
        """The metrics of one proxy within `deadline` seconds; raises `ProxyError`, whatever goes wrong."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def proxy_access(way: str, client: KubeClient, *, concurrency: int) -> ProxyAccess:
    """The access that `--via` names."""
    if way == "api":
        return ThroughApiServer(client)
    if way == "direct":
        return Direct(concurrency)
    if way == "port-forward":
        from linkerdctl.kube.port_forward import ThroughPortForward

        return ThroughPortForward(client)
    raise UsageError(f"there is no way {way!r} to a proxy", next_step=f"--via takes {', '.join(WAYS)}")


class ThroughApiServer:
    """The API server's pod proxy; needs `get` on `pods/proxy`."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._room = Room()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The client is its owner's to close."""

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


def pod_path(pod: PodRef) -> str:
    """Where the API server has a pod."""
    return f"/api/v1/namespaces/{quote(pod.namespace, safe='')}/pods/{quote(pod.name, safe='')}"


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


class within:  # noqa: N801 - reads as a word: `async with within(5)`
    """A deadline that ends in a `ProxyError`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise ProxyError(f"timed out after {self._seconds:g}s") from None


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


def refusal(status: int) -> str:
    """What a proxy means that answers with this status instead of its metrics."""
    if status == 403:
        return (
            "it answered 403: its policy lets nobody read metrics (an AuthorizationPolicy for port linkerd-admin would)"
        )
    return f"it answered {status}"


def as_proxy_error(error: ApiError) -> ProxyError:
    """What the API server says of a pod it could not reach, in few words; a missing permission keeps its rule.

    An answer that is not Kubernetes' own is the proxy's, handed through.
    """
    if error.status and error.status != 401 and not error.reason:
        return ProxyError(refusal(error.status))
    if error.status == 403:
        return ProxyError(f"you may not read it: no permission for {error.resource}", next_step=error.next_step)
    for words in ("connection refused", "no route to host", "i/o timeout", "connection reset", "no such host"):
        if error.status and words in error.message:
            return ProxyError(words)
    if error.status == 404:
        return ProxyError("its pod is gone")
    return ProxyError(error.message.rpartition("error trying to reach service: ")[2], next_step=error.next_step)
