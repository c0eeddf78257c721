"""Takes out of events what should not end up on a screen or in a file: credentials in headers, queries in paths."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from linkerdctl.tap.events import Header, Headers, RequestInit, ResponseEnd, ResponseInit, TapEvent

REDACTED = "[redacted]"
_SENSITIVE = re.compile(
    r"authorization|cookie|token|secret|passw|api-?key|access-?key|credential|session|jwt|assertion|signature"
    r"|^(?:x-)?(?:proxy-)?auth(?:$|-)|-auth$|^x-amz-security|^dpop$"
)
_QUERY = re.compile(r"[?#]")
_USER = re.compile(r"//[^/?#]*@")
_WITH_QUERY = frozenset({":path", "referer", "location", "content-location", "x-original-url", "x-rewrite-url", "link"})
"""Headers that hold an address; what follows its `?` often holds credentials."""


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
    if not headers or not any(_concerns(name) for name, _ in headers):
        return headers
    return tuple(_header(header) for header in headers)


def _header(header: Header) -> Header:
    name = header.name.lower()
    if _is_sensitive(name):
        return Header(header.name, REDACTED)
    if name in _WITH_QUERY:
        value = header.value.decode(errors="replace") if isinstance(header.value, bytes) else header.value
        return Header(header.name, _without_query(value))
    return header


@lru_cache(4096)
def _concerns(name: str) -> bool:
    return _is_sensitive(name.lower()) or name.lower() in _WITH_QUERY


@lru_cache(4096)
def _is_sensitive(name: str) -> bool:
    return _SENSITIVE.search(name) is not None


def _without_query(address: str) -> str:
    """Without what follows `?` or `#`, and without the user before a host."""
    address = _USER.sub(f"//{REDACTED}@", address)
    found = _QUERY.search(address)
    return f"{address[: found.end()]}{REDACTED}" if found else address


def _without_user(authority: str) -> str:
    _, at, host = authority.rpartition("@")
    return f"{REDACTED}@{host}" if at else authority
