"""One HTTP/1.1 answer as it comes out of a tunnel: whether it is all there, and its body, joined and inflated."""

from __future__ import annotations

import re
import zlib

from linkerdctl.errors import ProxyError
from linkerdctl.kube.proxy_access import MOST_BYTES, refusal

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r|$)")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_EARLY = "its answer ended early"


def is_complete(answer: bytes | bytearray) -> bool:
    """Whether a body of known length is all there; others end with the connection."""
    end = answer.find(b"\r\n\r\n")
    length = _length(bytes(answer[:end])) if end >= 0 else None
    return length is not None and len(answer) - end - 4 >= length


def says_its_end(answer: bytes | bytearray) -> bool:
    """Whether one can tell from the answer itself that nothing is missing."""
    head = bytes(answer[: max(answer.find(b"\r\n\r\n"), 0)])
    return _length(head) is not None or _is_chunked(_headers(head))


def body_of(answer: bytes) -> bytes:
    """The body, its chunks joined and inflated. Raises `ProxyError`."""
    head, found, body = answer.partition(b"\r\n\r\n")
    status = _STATUS.match(head)
    if not found or status is None:
        raise ProxyError(_EARLY if b"HTTP/1.".startswith(head[:7]) else "it answered no HTTP")
    if status[1] != b"200":
        raise ProxyError(refusal(int(status[1])))
    headers, length = _headers(head), _length(head)
    if _is_chunked(headers):
        body = _unchunked(body)
    elif length is not None and len(body) < length:
        raise ProxyError(_EARLY)
    return _inflated(body) if headers.get("content-encoding", "").lower() == "gzip" else body


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _length(head: bytes) -> int | None:
    """Content-Length, where it counts."""
    headers = _headers(head)
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and not _is_chunked(headers) else None


def _is_chunked(headers: dict[str, str]) -> bool:
    return headers.get("transfer-encoding", "").lower().endswith("chunked")


def _unchunked(body: bytes) -> bytes:
    joined, at = bytearray(), 0
    while True:
        line = body.find(b"\r\n", at)
        size = _SIZE.fullmatch(body, at, line) if line >= 0 else None
        if size is None:
            raise ProxyError(_EARLY)
        length, start = int(size[1], 16), line + 2
        if not length:
            return bytes(joined)
        if len(body) < start + length + 2:
            raise ProxyError(_EARLY)
        joined += body[start : start + length]
        at = start + length + 2


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        text = inflater.decompress(body, MOST_BYTES)
    except zlib.error:
        raise ProxyError("its answer is broken gzip") from None
    if inflater.unconsumed_tail:
        raise ProxyError(f"its answer is larger than {MOST_BYTES // 2**20} MiB")
    if not inflater.eof:
        raise ProxyError(_EARLY)
    return text
