"""What every way to a proxy's metrics owes: the text, within a deadline, or why there is none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol
from urllib.parse import quote

from linkerdctl.errors import ApiError, ProxyError
from linkerdctl.kube.inventory import PodRef, Target

MOST_BYTES = 64 * 1024 * 1024
"""Of inflated text; a busy proxy has one or two million."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A proxy's text, and the epoch second its answer began to come, which is when the proxy had just written it."""

    text: bytes
    at: float


class ProxyAccess(Protocol):
    """One way to reach proxies."""

    async def fetch(self, target: Target, *, deadline: float) -> Fetched:
        """The metrics of one proxy within `deadline` seconds; raises `ProxyError`, whatever goes wrong."""
        ...


def pod_path(pod: PodRef) -> str:
    """Where the API server has a pod."""
    return f"/api/v1/namespaces/{quote(pod.namespace, safe='')}/pods/{quote(pod.name, safe='')}"


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


_ALLOW = (
    "--via port-forward comes from inside the pod and needs no policy; one that lets the API server in stands in "
    "docs/troubleshooting.md, below 'Proxies do not answer'"
)


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
        return ProxyError(refusal(error.status), next_step=_ALLOW if error.status == 403 else None)
    if error.status == 403:
        return ProxyError(f"you may not read it: no permission for {error.resource}", next_step=error.next_step)
    for words in ("connection refused", "no route to host", "i/o timeout", "connection reset", "no such host"):
        if error.status and words in error.message:
            return ProxyError(words)
    if error.status == 404:
        return ProxyError("its pod is gone")
    return ProxyError(error.message.rpartition("error trying to reach service: ")[2], next_step=error.next_step)
