"""Takes out of events what should not end up on a screen or in a file: credentials in headers, queries in paths."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import Enum, auto
from functools import lru_cache

from linkerdctl.tap.events import Header, Headers, RequestInit, ResponseEnd, ResponseInit, TapEvent

REDACTED = "[redacted]"
_SENSITIVE = re.compile(
    r"authorization|cookie|token|secret|passw|api-?key|access-?key|credential|session|jwt|assertion|signature"
    r"|^(?:x-)?(?:proxy-)?auth(?:$|-)|-auth$|^x-amz-security|^dpop$"
)
_QUERY = re.compile(r"[?#]")
_QUERY_OR_USER = re.compile(r"[?#@]")
_USER = re.compile(r"//[^/?#]*@")
_WITH_QUERY = frozenset({":path", "referer", "location", "content-location", "x-original-url", "x-rewrite-url", "link"})
"""Headers that hold an address; what follows its `?` often holds credentials."""
_WITH_USER = frozenset({":authority", "host"})
"""Headers that hold an authority, in which a user may stand before the host."""


class _Sort(Enum):
    PLAIN = auto()
    ADDRESS = auto()
    SECRET = auto()


def redacted(event: TapEvent) -> TapEvent:
    """The event without secrets; the very same where there are none."""
    http = event.http
    if isinstance(http, RequestInit):
        clean: RequestInit | ResponseInit | ResponseEnd = _request(http)
    elif isinstance(http, ResponseInit):
        headers = _headers(http.headers)
        clean = http if headers is http.headers else replace(http, headers=headers)
    elif isinstance(http, ResponseEnd):
        trailers = _headers(http.trailers)
        clean = http if trailers is http.trailers else replace(http, trailers=trailers)
    else:
        return event
    return event if clean is http else replace(event, http=clean)


def _request(http: RequestInit) -> RequestInit:
    headers = _headers(http.headers)
    secret = "?" in http.path or "@" in http.authority
    if headers is http.headers and not secret:
        return http
    return replace(http, headers=headers, path=_without_query(http.path), authority=_without_user(http.authority))


def _headers(headers: Headers | None) -> Headers | None:
    if headers is None or all(_is_harmless(header) for header in headers):
        return headers
    return tuple(header if _is_harmless(header) else _header(header) for header in headers)


def _is_harmless(header: Header) -> bool:
    """Quick, because nearly all are."""
    name, value = header
    sort = _sort(name)
    return sort is _Sort.PLAIN or (
        sort is _Sort.ADDRESS and isinstance(value, str) and not _QUERY_OR_USER.search(value)
    )


def _header(header: Header) -> Header:
    if _sort(header.name) is _Sort.SECRET:
        return Header(header.name, REDACTED)
    value = header.value.decode(errors="replace") if isinstance(header.value, bytes) else header.value
    clean = _without_user if header.name.lower() in _WITH_USER else _without_query
    return Header(header.name, clean(value))


@lru_cache(4096)
def _sort(name: str) -> _Sort:
    lower = name.lower()
    if _SENSITIVE.search(lower):
        return _Sort.SECRET
    return _Sort.ADDRESS if lower in _WITH_QUERY | _WITH_USER else _Sort.PLAIN


def _without_query(address: str) -> str:
    """Without what follows `?` or `#`, and without the user before a host."""
    address = _USER.sub(f"//{REDACTED}@", address)
    found = _QUERY.search(address)
    return f"{address[: found.end()]}{REDACTED}" if found else address


def _without_user(authority: str) -> str:
    _, at, host = authority.rpartition("@")
    return f"{REDACTED}@{host}" if at else authority
