"""The Kubernetes API, asynchronously: requests with credentials, retries, pages, and errors that say what was tried."""

from __future__ import annotations

import asyncio
import email.utils
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

from linkerdctl.errors import ApiError
from linkerdctl.kube.connection import connection_error, http_client, tls_context
from linkerdctl.kube.credentials import credentials_for
from linkerdctl.kube.kubeconfig import ClusterConfig
from linkerdctl.kube.rbac import forbidden

if TYPE_CHECKING:
    import httpx
    from websockets.asyncio.client import ClientConnection

log = logging.getLogger("linkerdctl")

PAGE = 500
RETRIES = 4
LONGEST_PAUSE = 10.0
"""Seconds; a server that asks for more is not waited for."""
_RETRIED = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class About:
    """What a request is for, in RBAC's words, so that its error can say so."""

    verb: str
    resource: str
    group: str = ""
    namespace: str | None = None
    name: str | None = None

    def error_fields(self) -> dict[str, Any]:
        """The fields of an `ApiError`."""
        return {"verb": self.verb, "resource": self.resource, "namespace": self.namespace, "name": self.name}


class KubeClient:
    """A connection to one API server; an async context manager."""

    def __init__(self, config: ClusterConfig, *, concurrency: int = 64) -> None:
        self.config = config
        self._credentials = credentials_for(config)
        self._http = http_client(config, self._credentials, concurrency=concurrency)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str, about: About, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A JSON document. Retried while the server is busy; raises `ApiError`."""
        for attempt in range(RETRIES + 1):
            async with self.stream("GET", path, about, params=params, check=False) as response:
                if response.status_code in _RETRIED and attempt < RETRIES:
                    pause = _pause(response, attempt)
                    if pause is not None:
                        await response.aread()
                        await asyncio.sleep(pause)
                        continue
                await self.check(response, about)
                return self._document(await response.aread(), about)
        raise AssertionError("the last attempt either returns or raises")

    async def objects(
        self, group_version: str, plural: str, *, namespace: str | None = None, selector: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Every object of a kind, page by page, in one namespace or all; each with its `kind` and `apiVersion`."""
        about = About("list", plural, _group(group_version), namespace)
        params = {"limit": str(PAGE), **({"labelSelector": selector} if selector else {})}
        token, first = "", {"resourceVersion": "0"}
        while True:
            more = {"continue": token} if token else first
            page = await self.get(collection_path(group_version, plural, namespace), about, {**params, **more})
            kind = str(page.get("kind", "List")).removesuffix("List")
            for item in page.get("items") or ():
                yield {"kind": kind, "apiVersion": group_version, **item}
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return

    @asynccontextmanager
    async def websocket(self, path: str, subprotocol: str, namespace: str, pod: str) -> AsyncIterator[ClientConnection]:
        """A WebSocket to the API server, with the same TLS, proxy and credentials as everything else."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException
        from websockets.typing import Subprotocol

        about = About("create", "pods/portforward", namespace=namespace, name=pod)
        secure = self.config.server.startswith("https")
        try:
            connection = await connect(
                self.config.server.replace("http", "ws", 1) + path,
                subprotocols=[Subprotocol(subprotocol)],
                additional_headers=await self._identity(),
                ssl=tls_context(self.config, self._credentials.certificate()) if secure else None,
                server_hostname=self.config.tls_server_name if secure else None,
                proxy=self.config.proxy_url,
                max_size=None,
            )
        except InvalidStatus as refused:
            message = _message(bytes(refused.response.body or b""))
            if refused.response.status_code == 403:
                raise forbidden(about.verb, about.group, about.resource, namespace, pod, message) from None
            what = message or f"the API server answered {refused.response.status_code}"
            raise ApiError(what, status=refused.response.status_code, **about.error_fields()) from None
        except (OSError, WebSocketException) as error:
            raise connection_error(error, self.config, about.error_fields()) from None
        async with connection:
            yield connection

    async def _identity(self) -> list[tuple[str, str]]:
        """The headers that say who asks."""
        authorization = await asyncio.to_thread(self._credentials.authorization)
        own = [("Authorization", authorization)] if authorization else []
        return [*own, *self.config.impersonation.headers()]

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        about: About,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: httpx.Timeout | None = None,
        check: bool = True,
    ) -> AsyncIterator[httpx.Response]:
        """One request whose answer is read by the caller. A 401 is tried once more with renewed credentials."""
        import httpx

        response = await self._send(method, path, about, params, headers, content, timeout)
        if response.status_code == 401 and self._credentials.renew():
            await response.aclose()
            response = await self._send(method, path, about, params, headers, content, timeout)
        try:
            if check:
                await self.check(response, about)
            yield response
        except httpx.HTTPError as error:
            raise connection_error(error, self.config, about.error_fields()) from None
        finally:
            await response.aclose()

    async def _send(
        self,
        method: str,
        path: str,
        about: About,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        content: bytes | None,
        timeout: httpx.Timeout | None,
    ) -> httpx.Response:
        import httpx

        extensions = {"sni_hostname": self.config.tls_server_name} if self.config.tls_server_name else {}
        request = self._http.build_request(
            method,
            self.config.server + path,
            params=params,
            headers=[*(headers or {}).items(), *await self._identity()],
            content=content,
            timeout=timeout or self._http.timeout,
            extensions=extensions,
        )
        started = time.perf_counter()
        try:
            response = await self._http.send(request, stream=True)
        except (httpx.HTTPError, OSError) as error:
            log.debug("%s %s failed: %s", method, path, type(error).__name__)
            raise connection_error(error, self.config, about.error_fields()) from None
        log.debug("%s %s: %d, %.0f ms", method, path, response.status_code, (time.perf_counter() - started) * 1000)
        return response

    async def check(self, response: httpx.Response, about: About) -> None:
        """Raise `ApiError` for anything but success, with what the server says about it."""
        if response.is_success:
            return
        message = _message(await response.aread())
        status = response.status_code
        if status == 403:
            raise forbidden(about.verb, about.group, about.resource, about.namespace, about.name, message)
        if status == 401:
            raise ApiError(
                f"the API server {self.config.server} does not accept your credentials: they have expired or are wrong",
                status=status,
                reason="Unauthorized",
                next_step=f"log in again; they come from {self.config.source or 'the kubeconfig'}",
                **about.error_fields(),
            )
        what = f"{about.resource} {about.name}" if about.name else about.resource
        if response.is_redirect:
            message = f"it redirects to {urlsplit(response.headers.get('location', '')).netloc or 'somewhere else'}"
        raise ApiError(
            f"cannot {about.verb} {what}: the API server answered {status}{f': {message}' if message else ''}",
            status=status,
            **about.error_fields(),
        )

    def _document(self, body: bytes, about: About) -> dict[str, Any]:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            looks = "HTML" if body.lstrip()[:1] == b"<" else "something else"
            raise ApiError(
                f"{self.config.server} answers with {looks} where JSON belongs: is it a Kubernetes API server?",
                **about.error_fields(),
            )
        return document


def collection_path(group_version: str, plural: str, namespace: str | None = None) -> str:
    """The path of a kind's objects: `/apis/apps/v1/namespaces/NS/deployments`."""
    root = f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"
    where = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"{root}{where}/{plural}"


def _group(group_version: str) -> str:
    return group_version.partition("/")[0] if "/" in group_version else ""


def _pause(response: httpx.Response, attempt: int) -> float | None:
    """Seconds to wait before the next attempt; None when the server wants longer than anyone waits."""
    asked = response.headers.get("retry-after")
    if asked is None:
        return float(min(0.25 * 2**attempt, LONGEST_PAUSE) * random.uniform(0.75, 1.25))  # noqa: S311
    if asked.isdigit():
        seconds = float(asked)
    else:
        date = email.utils.parsedate_to_datetime(asked)
        seconds = max(date.timestamp() - time.time(), 0.0)
    return seconds if seconds <= LONGEST_PAUSE else None


def _message(body: bytes) -> str:
    """What a Status object says, or a short plain text; nothing of HTML pages."""
    try:
        status = json.loads(body)
        return str(status.get("message", "")) if isinstance(status, dict) else ""
    except ValueError:
        text = body.decode(errors="replace").strip()
        return "" if text.startswith("<") else text[:200]
