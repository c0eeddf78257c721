"""HTTP requests, and answers that are read as they come: a thin layer on httpcore. Loaded only by who connects.

httpx, which is built on httpcore too, adds redirects, cookies, logins and models of its own. Nobody who is asked here is to
be given any of that, and it takes 30 ms to load.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import httpcore

FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
"""What is raised when there is no answer, or not all of it."""
_IN_PATHS = "/%:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for each step: to connect, to send a part of the request, for every part of the answer. None is without end."""

    connect: float | None
    write: float | None
    read: float | None


class Answer:
    """What came back. The body can be read once; names of headers are in lower case, several of one name are joined."""

    def __init__(self, response: httpcore.Response, close: Callable[[], Awaitable[None]]) -> None:
        self.status = response.status
        self.headers: dict[str, str] = {}
        self._response = response
        self._close: Callable[[], Awaitable[None]] | None = close
        for name, value in (
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers
        ):
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value

    @property
    def is_success(self) -> bool:
        """Whether it is what was asked for."""
        return 200 <= self.status < 300

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it was sent, packed if it is; raises one of `FAILURES` where it breaks."""
        async for data in self._response.aiter_stream():
            yield data

    async def aclose(self) -> None:
        """Done with it, read or not; may be said again."""
        close, self._close = self._close, None
        if close:
            await close()


def new_request(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    patience: Patience,
    *,
    params: Mapping[str, str] | None = None,
    content: bytes | None = None,
    server_name: str | None = None,
) -> httpcore.Request:
    """A request that can be sent; `server_name` is what the certificate is to name instead of the URL's host.

    Raises `ValueError` for what is no URL.
    """
    parts = urlsplit(url)
    given = [(name.encode(), value.encode()) for name, value in headers]
    if not any(name.lower() == b"host" for name, _ in given):
        given.insert(0, (b"Host", ascii_host(parts.netloc.rpartition("@")[2])))
    if content is not None:
        given.append((b"Content-Length", str(len(content)).encode()))
    named = {"sni_hostname": server_name} if server_name else {}
    return httpcore.Request(
        method,
        _place(parts, params or {}),
        headers=given,
        content=content,
        extensions={"timeout": asdict(patience), **named},
    )


def check_url(url: str) -> None:
    """Raise `ValueError` for what is no URL."""
    _place(urlsplit(url), {})


def _place(parts: SplitResult, params: Mapping[str, str]) -> httpcore.URL:
    query = "&".join(filter(None, (parts.query, urlencode(params, quote_via=quote))))
    target = quote(parts.path, safe=_IN_PATHS) or "/"
    return httpcore.URL(
        scheme=parts.scheme.encode(),
        host=ascii_host(parts.hostname or ""),
        port=parts.port,
        target=f"{target}?{query}".encode() if query else target.encode(),
    )


def ascii_host(host: str) -> bytes:
    """A name as it is looked up; raises `ValueError`."""
    return host.encode("ascii" if host.isascii() else "idna")
