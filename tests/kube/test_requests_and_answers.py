"""Requests as they go out, answers as they come: what URLs become, whose headers count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpcore
import pytest

from linkerdctl.kube.http import Answer, Patience, check_url, new_request

PATIENCE = Patience(connect=1.0, write=2.0, read=None)


def request(url: str, headers: Sequence[tuple[str, str]] = (), **more: Any) -> httpcore.Request:
    return new_request("GET", url, headers, PATIENCE, **more)


@pytest.mark.parametrize(
    ("url", "host", "named"),
    [
        ("https://api.example.org:6443/x", b"api.example.org", b"api.example.org:6443"),
        ("http://[::1]:8001/x", b"::1", b"[::1]:8001"),
        ("http://bob:planted@h/x", b"h", b"h"),
        ("https://bücher.example/x", b"xn--bcher-kva.example", b"xn--bcher-kva.example"),
    ],
)
def test_a_server_is_looked_up_and_named(url: str, host: bytes, named: bytes) -> None:
    built = request(url)
    assert built.url.host == host
    assert built.headers == [(b"Host", named)]


@pytest.mark.parametrize(
    ("url", "params", "target"),
    [
        ("http://h", {}, b"/"),
        ("http://h/a%2Fb/c:d", {}, b"/a%2Fb/c:d"),
        ("http://h/a b/ü", {}, b"/a%20b/%C3%BC"),
        ("http://h/a", {"labelSelector": "a=b,c in (d)"}, b"/a?labelSelector=a%3Db%2Cc%20in%20%28d%29"),
        ("http://h/a?b=1", {"c": "2"}, b"/a?b=1&c=2"),
    ],
)
def test_paths_and_parameters_are_written_so_that_a_server_reads_them(
    url: str, params: dict[str, str], target: bytes
) -> None:
    assert request(url, params=params).url.target == target


@pytest.mark.parametrize("url", ["http://[::1", "http://h:port", f"http://{'ü' * 99}"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        check_url(url)


def test_a_host_that_is_given_counts() -> None:
    assert request("http://h", [("host", "tenant")]).headers == [(b"host", b"tenant")]


def test_patience_names_and_lengths_go_along() -> None:
    built = request("http://h", content=b"body", server_name="other")
    assert built.extensions["timeout"] == {"connect": 1.0, "write": 2.0, "read": None}
    assert built.extensions["sni_hostname"] == "other"
    assert (b"Content-Length", b"4") in built.headers


async def test_headers_of_one_name_are_joined_whatever_their_case() -> None:
    closed = []

    async def close() -> None:
        closed.append(True)

    headers = [(b"Content-Encoding", b"gzip"), (b"content-encoding", b"gzip"), (b"Retry-After", b"1")]
    answer = Answer(httpcore.Response(204, headers=headers, content=b"body"), close)
    assert answer.headers == {"content-encoding": "gzip, gzip", "retry-after": "1"}
    assert answer.is_success
    assert [piece async for piece in answer.pieces()] == [b"body"]
    await answer.aclose()
    await answer.aclose()
    assert closed == [True]
