"""The Kubernetes API, asynchronously: requests with credentials, retries, pages, and errors that say what was tried."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from linkerdctl.errors import ApiError
from linkerdctl.kube.answers import no_json, pause_before_retry, refused
from linkerdctl.kube.bodies import (
    MOST_OF_A_DOCUMENT,
    MOST_OF_A_REFUSAL,
    BrokenEncodingError,
    TooLongError,
    beginning_of_body,
    whole_body,
)
from linkerdctl.kube.connection import connection_error, tls_context, way_to
from linkerdctl.kube.credentials import credentials_for
from linkerdctl.kube.http import FAILURES, Answer, Patience, new_request
from linkerdctl.kube.kinds import group_of
from linkerdctl.kube.kubeconfig import ClusterConfig
from linkerdctl.kube.lanes import Lanes
from linkerdctl.kube.pages import NoListError, Page
from linkerdctl.kube.presented import Certificate, Presented
from linkerdctl.kube.rbac import About
from linkerdctl.kube.shape import is_object

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

log = logging.getLogger("linkerdctl")

PAGE = 500
USUAL = Patience(connect=10.0, write=30.0, read=30.0)
PATIENCE = 10.0
"""Seconds that a server has for the words of a refusal."""
_sleep = asyncio.sleep


@dataclass(frozen=True, slots=True)
class _Request:
    """One request, to be sent once or, with other credentials, again."""

    method: str
    path: str
    about: About
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    content: bytes | None = None
    patience: Patience | None = None


@dataclass(frozen=True, slots=True)
class _Identity:
    """Who asks, as headers say it."""

    headers: tuple[tuple[str, str], ...] = field(repr=False)
    authorization: str | None = field(repr=False)


class KubeClient:
    """A connection to one API server; an async context manager. Raises `ConfigError` for unusable credentials."""

    def __init__(self, config: ClusterConfig, *, concurrency: int = 64) -> None:
        self.config = config
        self._concurrency = concurrency
        self._credentials = credentials_for(config)
        self._retired: list[Lanes] = []
        # Whom to ask for credentials is asked with the first request, in a thread.
        at_once = self._credentials.present() if self._credentials.at_hand else Presented()
        self._connect(at_once.certificate)

    def _connect(self, certificate: Certificate | None) -> None:
        self._certificate = certificate
        self._tls = tls_context(self.config, certificate)
        self._lanes = way_to(self.config, self._tls, concurrency=self._concurrency)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (*self._retired, self._lanes):
            await each.aclose()

    async def get(
        self, path: str, about: About, params: Mapping[str, str] | None = None, *, patient: bool = True
    ) -> dict[str, Any]:
        """A JSON document. Retried while the server is busy, unless not `patient`; raises `ApiError`."""
        body = await self._read(path, about, params, patient=patient)
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise no_json(about, self.config, html=body.lstrip()[:1] == b"<")
        return document

    async def objects(
        self, group_version: str, plural: str, *, namespace: str | None = None, selector: str = ""
    ) -> AsyncIterator[dict[str, Any]]:
        """Every object of a kind, page by page, in one namespace or all; each once, with its `kind` and `apiVersion`.

        No version is asked for: with version 0 a server lists from memory, but ten thousand pods in one piece. Where it
        has forgotten the list that the pages are of (410), the rest does come in one piece, of a new list.
        """
        path, about = collection_path(group_version, plural, namespace), _listing(group_version, plural, namespace)
        selected = {"labelSelector": selector} if selector else {}
        params = {"limit": str(PAGE), **selected}
        seen: set[tuple[str, str]] = set()
        while True:
            try:
                page = Page(await self._read(path, about, params))
            except ApiError as error:
                if error.status != 410 or "continue" not in params:
                    raise
                params = selected
                continue
            for item in self._items(page, about):
                if (key := _key(item)) not in seen:
                    seen.add(key)
                    kind = str(page.fields.get("kind", "List")).removesuffix("List")
                    yield {"kind": kind, "apiVersion": group_version, **item}
            if not page.token:
                return
            if page.token == params.get("continue"):
                raise self.nonsense(about, "its list does not go on, nor does it end")
            params = {"limit": str(PAGE), "continue": page.token, **selected}

    def _items(self, page: Page, about: About) -> Iterator[dict[str, Any]]:
        """The objects of a page; raises `ApiError` when they are none."""
        try:
            for item in page.items():
                if not is_object(item):
                    raise NoListError
                yield item
        except NoListError:
            raise self.nonsense(about, "that is no list of objects") from None
        except (ValueError, RecursionError):
            raise no_json(about, self.config, html=page.is_html) from None

    async def _read(self, path: str, about: About, params: Mapping[str, str] | None, *, patient: bool = True) -> bytes:
        attempt = 0
        while True:
            async with self.stream("GET", path, about, params=params, check=False) as answer:
                pause = pause_before_retry(answer.status, answer.headers, attempt) if patient else None
                if pause is None:
                    await self.check(answer, about)
                    return await self.body(answer, about)
            log.debug("GET %s again in %.2f s", path, pause)
            await _sleep(pause)
            attempt += 1

    @asynccontextmanager
    async def websocket(self, path: str, subprotocol: str, about: About) -> AsyncIterator[ClientConnection]:
        """A WebSocket to the API server. A 401 is tried once more with renewed credentials; raises `ApiError`."""
        from linkerdctl.kube.websocket import open_websocket

        who = await self._identity()
        opening = open_websocket(self.config, self._tls, who.headers, path, subprotocol, about)
        try:
            connection = await opening.__aenter__()
        except ApiError as error:
            if error.status != 401 or not await self._renewed(who.authorization):
                raise
            who = await self._identity()
            opening = open_websocket(self.config, self._tls, who.headers, path, subprotocol, about)
            connection = await opening.__aenter__()
        try:
            yield connection
        finally:
            await opening.__aexit__(None, None, None)

    async def _identity(self) -> _Identity:
        """Who asks; a new certificate is put to use."""
        credentials = self._credentials
        current = credentials.present() if credentials.at_hand else await asyncio.to_thread(credentials.present)
        if current.certificate != self._certificate:
            self._retired.append(self._lanes)
            self._connect(current.certificate)
        own = [("Authorization", current.authorization)] if current.authorization else []
        return _Identity((*own, *self.config.impersonation.headers()), current.authorization)

    async def _renewed(self, refused: str | None) -> bool:
        """Whether there may be other credentials than the refused ones."""
        return await asyncio.to_thread(self._credentials.renew, refused)

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
        patience: Patience | None = None,
        check: bool = True,
    ) -> AsyncIterator[Answer]:
        """One request whose answer is read by the caller. A 401 is tried once more with renewed credentials."""
        request = _Request(method, path, about, params, headers, content, patience)
        answer, authorization = await self._send(request)
        try:
            if answer.status == 401 and await self._renewed(authorization):
                await answer.aclose()
                answer, _ = await self._send(request)
            if check:
                await self.check(answer, about)
            yield answer
        except FAILURES as error:
            raise connection_error(error, self.config, about.error_fields()) from None
        finally:
            await answer.aclose()

    async def _send(self, request: _Request) -> tuple[Answer, str | None]:
        """The answer as it begins, and the Authorization that was sent."""
        who = await self._identity()
        packed = {"Accept-Encoding": "gzip"} if self.config.compression else {}
        headers = [*{**packed, **(request.headers or {})}.items(), *who.headers]
        built = new_request(
            request.method,
            self.config.server + request.path,
            headers,
            request.patience or USUAL,
            params=request.params,
            content=request.content,
        )
        started, what = time.perf_counter(), f"{request.method} {request.path}"
        try:
            answer = await self._lanes.send(built)
        except (*FAILURES, OSError) as error:
            log.debug("%s failed: %s", what, type(error).__name__)
            raise connection_error(error, self.config, request.about.error_fields()) from None
        log.debug("%s: %d, %.0f ms", what, answer.status, (time.perf_counter() - started) * 1000)
        return answer, who.authorization

    async def check(self, answer: Answer, about: About) -> None:
        """Raise `ApiError` for anything but success, with what the server says about it."""
        if not answer.is_success:
            raise refused(answer.status, answer.headers, await words_of(answer), about, self.config)

    async def body(self, answer: Answer, about: About) -> bytes:
        """All of an answer, inflated; raises `ApiError` when it is too long or cannot be read."""
        try:
            return await whole_body(answer, MOST_OF_A_DOCUMENT)
        except (TooLongError, BrokenEncodingError) as error:
            raise self.nonsense(about, str(error)) from None

    def nonsense(self, about: About, what: str) -> ApiError:
        """The error for an answer that cannot be one of Kubernetes."""
        return ApiError(
            f"cannot {about.verb} {about}: {self.config.server} does not answer as it should: {what}",
            next_step="is it a Kubernetes API server? if so, look at less: one namespace (-n NAMESPACE)",
            **about.error_fields(),
        )


async def words_of(answer: Answer) -> bytes:
    """What a server says about a failure, as far as it is short; it may take its time, but not all of it."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await beginning_of_body(answer, MOST_OF_A_REFUSAL)
    except TimeoutError:
        return b""


def collection_path(group_version: str, plural: str, namespace: str | None = None) -> str:
    """The path of a kind's objects: `/apis/apps/v1/namespaces/NS/deployments`."""
    root = f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"
    where = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"{root}{where}/{plural}"


def _listing(group_version: str, plural: str, namespace: str | None) -> About:
    return About("list", plural, group_of(group_version), namespace)


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    metadata = item.get("metadata") or {}
    return str(metadata.get("namespace", "")), str(metadata.get("name", ""))
