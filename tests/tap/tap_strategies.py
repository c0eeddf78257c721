"""Any events there can be, for property tests."""

from __future__ import annotations

import ipaddress

from hypothesis import strategies as st

from linkerdctl.tap.events import (
    Direction,
    Endpoint,
    Header,
    RequestInit,
    ResponseEnd,
    ResponseInit,
    StreamId,
    TapEvent,
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
labels = st.dictionaries(text, text, max_size=4)
ips = st.one_of(
    st.just(""),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).filter(lambda ip: ip.ipv4_mapped is None).map(lambda ip: str(ipaddress.IPv6Address(ip))),
)
endpoints = st.builds(Endpoint, ips, st.integers(0, 65535), labels)
values = st.one_of(text, st.binary(max_size=6).filter(lambda value: not _is_text(value)))
headers = st.none() | st.lists(st.builds(Header, text, values), max_size=3).map(tuple)
times = st.none() | st.integers(0, 10**12)
methods = st.sampled_from(["", "GET", "POST", "TRACE", "PURGE", "get"])
schemes = st.sampled_from(["", "HTTP", "HTTPS", "ws"])
request_inits = st.builds(RequestInit, methods, schemes, text, text, headers)
response_inits = st.builds(ResponseInit, times, st.integers(0, 999), headers)
codes = st.one_of(
    st.tuples(st.none(), st.none()), st.tuples(st.integers(0, 99), st.none()), st.tuples(st.none(), st.integers(1, 99))
)
response_ends = st.builds(
    lambda request, response, size, code, trailers: ResponseEnd(request, response, size, *code, trailers),
    times,
    times,
    st.integers(0, 2**40),
    codes,
    headers,
)
events = st.builds(
    TapEvent,
    endpoints,
    endpoints,
    st.sampled_from(Direction),
    st.builds(StreamId, st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)),
    st.one_of(request_inits, response_inits, response_ends),
    labels,
)


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
