"""Events as `linkerd viz tap -o json` writes them, byte for byte but for what a terminal might obey.

Written out by hand: the json module's indentation costs several times the rest of a tap. Labels repeat from event to
event, so their text is kept.
"""

from __future__ import annotations

import base64
import json
import re

from linkerdctl.tap.events import Endpoint, Headers, Labels, RequestInit, ResponseEnd, ResponseInit, TapEvent
from linkerdctl.tap.json_form import Record, to_json_form

MOST_KEPT = 4096
"""Labels whose text is kept before all is forgotten."""
_SECOND = 1_000_000_000
_PLAIN = re.compile(r"[ !#-%'-;=?-\[\]-~]*")
"""Characters that Go writes as they are, of ASCII."""
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def json_text(value: str) -> str:
    """A JSON string as Go writes it; what is not printable, and `<`, `>`, `&`, as an escape."""
    if _PLAIN.fullmatch(value):
        return f'"{value}"'
    return f'"{"".join(map(_escaped, value))}"'


def json_lines(record: Record | list[Record]) -> str:
    """Any JSON value on indented lines, in the same manner."""
    return _indented(record, "\n")


class JsonWriter:
    """Writes events."""

    def __init__(self) -> None:
        self._labels: dict[int, tuple[Labels, str]] = {}

    def text(self, event: TapEvent) -> str:
        """One indented object, and a line end."""
        http = event.http
        body = ""
        if http is not None:
            stream = f'"id": {{\n      "base": {event.id.base},\n      "stream": {event.id.stream}\n    }},\n    '
            if isinstance(http, RequestInit):
                body = f',\n  "requestInitEvent": {{\n    {stream}{_request_init(http)}\n  }}'
            elif isinstance(http, ResponseInit):
                body = f',\n  "responseInitEvent": {{\n    {stream}{_response_init(http)}\n  }}'
            else:
                body = f',\n  "responseEndEvent": {{\n    {stream}{_response_end(http)}\n  }}'
        return (
            f'{{\n  "source": {self._endpoint(event.source)},\n  "destination": {self._endpoint(event.destination)},\n'
            f'  "routeMeta": {self._labels_text(event.route, 2)},\n'
            f'  "proxyDirection": "{event.direction.name}"{body}\n}}\n'
        )

    def _endpoint(self, endpoint: Endpoint) -> str:
        labels = self._labels_text(endpoint.labels, 4)
        return f'{{\n    "ip": {json_text(endpoint.ip)},\n    "port": {endpoint.port},\n    "metadata": {labels}\n  }}'

    def _labels_text(self, labels: Labels, indent: int) -> str:
        if not labels:
            return "null"
        # The mapping is kept with its text: as long as it is, no other can have its id
        known = self._labels.get(id(labels))
        if known is None:
            if len(self._labels) >= MOST_KEPT:
                self._labels.clear()
            written = _indented(dict(sorted(labels.items())), "\n" + " " * indent)
            known = self._labels[id(labels)] = labels, written
        return known[1]


def compact_text(event: TapEvent) -> str:
    """The same object on a single line: `-o jsonl`."""
    return compact_record(to_json_form(event))


def compact_record(record: Record) -> str:
    """Any object on a line, in ASCII."""
    return json.dumps(record, separators=(",", ":")) + "\n"


def _request_init(event: RequestInit) -> str:
    return (
        f'"method": {json_text(event.method)},\n    "scheme": {json_text(event.scheme)},\n'
        f'    "authority": {json_text(event.authority)},\n    "path": {json_text(event.path)},\n'
        f'    "headers": {_headers(event.headers)}'
    )


def _response_init(event: ResponseInit) -> str:
    return (
        f'"sinceRequestInit": {_duration(event.since_request)},\n    "httpStatus": {event.status},\n'
        f'    "headers": {_headers(event.headers)}'
    )


def _response_end(event: ResponseEnd) -> str:
    reset = f',\n    "resetErrorCode": {event.reset}' if event.reset else ""
    return (
        f'"sinceRequestInit": {_duration(event.since_request)},\n'
        f'    "sinceResponseInit": {_duration(event.since_response)},\n    "responseBytes": {event.response_bytes},\n'
        f'    "trailers": {_headers(event.trailers)},\n    "grpcStatusCode": {event.grpc_status or 0}{reset}'
    )


def _duration(nanoseconds: int | None) -> str:
    if not nanoseconds:
        return "null" if nanoseconds is None else "{}"
    seconds, nanos = divmod(nanoseconds, _SECOND)
    if not seconds:
        return f'{{\n      "nanos": {nanos}\n    }}'
    rest = f',\n      "nanos": {nanos}' if nanos else ""
    return f'{{\n      "seconds": {seconds}{rest}\n    }}'


def _headers(headers: Headers | None) -> str:
    if not headers:
        return "null" if headers is None else "[]"
    return "[\n" + ",\n".join([_header(name, value) for name, value in headers]) + "\n    ]"


def _header(name: str, value: str | bytes) -> str:
    if isinstance(value, str):
        written = f'"valueStr": {json_text(value)}'
    else:
        written = f'"valueBin": "{base64.b64encode(value).decode()}"'
    return f'      {{\n        "name": {json_text(name)},\n        {written}\n      }}'


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable() and char not in "<>&":
        return char
    number = ord(char)
    if number < 0x10000:
        return f"\\u{number:04x}"
    number -= 0x10000
    return f"\\u{0xD800 | number >> 10:04x}\\u{0xDC00 | number & 0x3FF:04x}"


def _indented(value: object, line: str) -> str:
    """`line` is a line end and the indentation of the line that the value begins on."""
    if isinstance(value, str):
        return json_text(value)
    if isinstance(value, dict) and value:
        inner = f",{line}  ".join(f"{json_text(key)}: {_indented(each, line + '  ')}" for key, each in value.items())
        return f"{{{line}  {inner}{line}}}"
    if isinstance(value, list) and value:
        return f"[{line}  {f',{line}  '.join(_indented(each, line + '  ') for each in value)}{line}]"
    return json.dumps(value)
