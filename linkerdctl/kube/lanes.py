"""Connections side by side, each with a pool of its own. Loaded only by who connects: it needs httpcore.

A pool of httpcore looks at all its connections several times for every request, and at all for each of them: sixty-four
requests at once through one pool cost four times what is asked. A pool of one has nothing to look for.
"""

from __future__ import annotations

import asyncio
import importlib.util
import ssl
from functools import partial
from typing import TypedDict
from urllib.parse import unquote, urlsplit

import httpcore

from linkerdctl.kube.http import Answer, ascii_host

KEPT_IDLE = 60.0
"""Seconds that an idle connection is kept: longer than most windows, so that the second look needs no new ones."""


class Lanes:
    """At most `count` requests at once; the connection that was used last is used first.

    `tls` is for servers with https, `proxy` a URL that may hold a password. Raises `ValueError` where that is none, and
    `ImportError` for a sort of proxy that takes a package which is not installed.
    """

    def __init__(self, count: int, tls: ssl.SSLContext | None = None, proxy: str | None = None) -> None:
        self._another = partial(_lane, tls, proxy)
        self._places = asyncio.Semaphore(count)
        self._idle = [self._another()]
        self._busy: set[httpcore.AsyncConnectionPool] = set()

    async def send(self, request: httpcore.Request) -> Answer:
        """The answer as it begins; its lane is free again when it is closed. Raises one of `http.FAILURES`."""
        await self._places.acquire()
        lane = self._idle.pop() if self._idle else self._another()
        self._busy.add(lane)
        try:
            response = await lane.handle_async_request(request)
        except BaseException:
            self._free(lane)
            raise
        return Answer(response, partial(self._done, lane, response))

    async def aclose(self) -> None:
        """Close every connection."""
        for lane in (*self._idle, *self._busy):
            await lane.aclose()

    async def _done(self, lane: httpcore.AsyncConnectionPool, response: httpcore.Response) -> None:
        try:
            await response.aclose()
        finally:
            self._free(lane)

    def _free(self, lane: httpcore.AsyncConnectionPool) -> None:
        self._busy.remove(lane)
        self._idle.append(lane)
        self._places.release()


class _Limits(TypedDict):
    max_connections: int
    max_keepalive_connections: int
    keepalive_expiry: float


_OF_ONE = _Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEPT_IDLE)


def _lane(tls: ssl.SSLContext | None, proxy: str | None) -> httpcore.AsyncConnectionPool:
    """A pool of one connection, through a proxy or straight on."""
    if proxy is None:
        return httpcore.AsyncConnectionPool(ssl_context=tls, **_OF_ONE)
    scheme, place, login = _parts(proxy)
    if scheme in ("http", "https"):
        return httpcore.AsyncHTTPProxy(place, login, ssl_context=tls, **_OF_ONE)
    if importlib.util.find_spec("socksio") is None:
        raise ImportError("a SOCKS proxy needs the package socksio")
    return httpcore.AsyncSOCKSProxy(place, login, ssl_context=tls, **_OF_ONE)


def _parts(proxy: str) -> tuple[str, httpcore.URL, tuple[bytes, bytes] | None]:
    """Scheme, address, and name with password. What is wrong is told without quoting it."""
    try:
        parts = urlsplit(proxy)
        if parts.scheme not in ("http", "https", "socks5", "socks5h") or not parts.hostname:
            raise ValueError
        place = httpcore.URL(scheme=parts.scheme, host=ascii_host(parts.hostname), port=parts.port, target=b"")
    except ValueError:
        raise ValueError("a proxy is given as http://, https://, socks5:// or socks5h://HOST:PORT") from None
    login = (unquote(parts.username).encode(), unquote(parts.password or "").encode()) if parts.username else None
    return parts.scheme, place, login
