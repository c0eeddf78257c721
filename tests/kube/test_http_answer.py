"""One HTTP answer out of a tunnel: whole or not, chunked, gzipped."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import ProxyError
from linkerdctl.kube import http_answer
from linkerdctl.kube.http_answer import body_of, is_complete, says_its_end

OK = b"HTTP/1.1 200 OK\r\n"


def chunked(*chunks: bytes) -> bytes:
    framed = b"".join(b"%x;note=1\r\n%s\r\n" % (len(each), each) for each in chunks if each)
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


def sized(body: bytes, *, encoding: bytes = b"") -> bytes:
    return OK + encoding + b"content-length: %d\r\n\r\n" % len(body) + body


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(0, 200))
def test_chunks_are_joined_and_a_missing_end_is_noticed(chunks: list[bytes], cut: int) -> None:
    whole = chunked(*chunks)
    assert body_of(whole) == b"".join(chunks)
    assert says_its_end(whole)
    assert not is_complete(whole)
    if (end := len(whole) - 4 - cut) > 0:
        with pytest.raises(ProxyError):
            body_of(whole[: end - 1])


@given(st.binary(max_size=60), st.integers(1, 200))
def test_a_length_says_when_all_is_there(body: bytes, cut: int) -> None:
    whole = sized(body)
    assert is_complete(whole)
    assert says_its_end(whole)
    assert body_of(whole) == body
    assert not is_complete(whole[:-cut])
    with pytest.raises(ProxyError, match="its answer ended early"):
        body_of(whole[:-cut])


def test_gzip_is_inflated_and_must_be_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    packed, encoding = gzip.compress(b"a 1\n" * 100), b"Content-Encoding: GZIP\r\n"
    assert body_of(sized(packed, encoding=encoding)) == b"a 1\n" * 100
    with pytest.raises(ProxyError, match="its answer ended early"):
        body_of(sized(packed[:-9], encoding=encoding))
    with pytest.raises(ProxyError, match="its answer is broken gzip"):
        body_of(sized(b"no gzip at all", encoding=encoding))
    monkeypatch.setattr(http_answer, "MOST_BYTES", 2**20)
    with pytest.raises(ProxyError, match="its answer is larger than 1 MiB"):
        body_of(sized(gzip.compress(bytes(2**21)), encoding=encoding))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "ended early"),
        (b"HTT", "ended early"),
        (b"HTTP/1.1 200 OK\r\n", "ended early"),
        (b"HTTP/1.1\r\n\r\n", "ended early"),
        (b"HTTP/2 200\r\n\r\n", "no HTTP"),
        (b"\x15\x03\x03\x00\x02\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "it answered 404"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc", "ended early"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", "ended early"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n\r\n", "ended early"),
    ],
)
def test_what_is_no_answer_is_told(answer: bytes, reason: str) -> None:
    with pytest.raises(ProxyError, match=reason):
        body_of(answer)


def test_chunks_count_before_a_length() -> None:
    both = chunked(b"abc").replace(b"\r\nT", b"\r\nContent-Length: 1\r\nT")
    assert body_of(both) == b"abc"
    assert not is_complete(both)


def test_a_head_alone_may_be_all() -> None:
    assert body_of(b"HTTP/1.0 200\r\n\r\nrest") == b"rest"
    assert not is_complete(b"HTTP/1.0 200\r\n\r\nrest")
    assert not says_its_end(b"HTTP/1.0 200\r\n\r\nrest")
    assert not says_its_end(b"")


@given(st.binary(max_size=80))
def test_whatever_comes_is_a_body_or_a_proxy_error(answer: bytes) -> None:
    for text in (answer, OK + answer, OK + b"Transfer-Encoding: chunked\r\n\r\n" + answer):
        is_complete(text)
        says_its_end(text)
        try:
            body_of(text)
        except ProxyError as error:
            assert error.message
