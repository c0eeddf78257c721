"""What `tap` prints: its formats by name, of single events or of finished requests. To add one, name it in `formats`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from linkerdctl.errors import UsageError
from linkerdctl.render import tap_json, tap_lines, tap_requests
from linkerdctl.tap.events import ResponseEnd, ResponseInit, TapEvent
from linkerdctl.tap.grpc_codes import FAILURES
from linkerdctl.tap.json_form import Record, to_json_form
from linkerdctl.tap.requests import Request

T = TypeVar("T")
Text = Callable[[T], str]
"""The text of one event or request with its line end; empty where there is nothing to show of it."""

PLAIN = ("table", "wide", "json", "jsonl")
WITH_EXPRESSION = ("jsonpath", "template")
_RED, _RESET = "\x1b[31m", "\x1b[0m"


class TapOutput:
    """A format, as given to `-o`, with what else changes the lines. Raises `UsageError` for one that does not exist.

    `headers` are the names of those to show on lines: none, or None for all.
    """

    def __init__(self, output: str, *, headers: tuple[str, ...] | None = (), colour: bool = False) -> None:
        self.name, given, self._expression = output.partition("=")
        if self.name not in (WITH_EXPRESSION if given else PLAIN):
            raise _unknown(self.name, given)
        self._headers = headers
        self._colour = colour
        self._event, self._request = self._texts()

    @property
    def shows_headers(self) -> bool:
        """Whether headers must be asked for: JSON shows them, lines where they are named, expressions that speak of them."""
        named = "eaders" in self._expression or "trailers" in self._expression
        return self.name in ("json", "jsonl") or named or self._headers is None or bool(self._headers)

    def event(self, event: TapEvent) -> str:
        """One event."""
        return self._event(event)

    def request(self, request: Request) -> str:
        """One finished request."""
        return self._request(request)

    def _texts(self) -> tuple[Text[TapEvent], Text[Request]]:
        if self.name == "json":
            return tap_json.JsonWriter().text, lambda request: _indented(tap_requests.request_record(request))
        if self.name == "jsonl":
            return tap_json.compact_text, lambda each: tap_json.compact_record(tap_requests.request_record(each))
        if self.name in WITH_EXPRESSION:
            text = _path_text(self._expression) if self.name == "jsonpath" else _template_text(self._expression)
            return lambda event: text(to_json_form(event)), lambda each: text(tap_requests.request_record(each))
        if self.name == "wide":
            return self._line(tap_lines.wide_line), self._request_line(tap_requests.wide_request_line)
        return self._line(tap_lines.event_line), self._request_line(tap_requests.request_line)

    def _line(self, line: Text[TapEvent]) -> Text[TapEvent]:
        def with_headers(event: TapEvent) -> str:
            return _joined(line(event), tap_lines.headers_text(tap_lines.headers_of(event), self._headers))

        text = line if self._headers == () else with_headers
        if not self._colour:
            return lambda event: f"{text(event)}\n"
        return lambda event: _painted(text(event), _is_bad(event))

    def _request_line(self, line: Text[Request]) -> Text[Request]:
        def text(request: Request) -> str:
            shown = tap_requests.headers_of_request(request, self._headers) if self._headers != () else ()
            return _painted(_joined(line(request), shown), self._colour and request.failed)

        return text


def _joined(line: str, more: Iterable[str]) -> str:
    return " ".join((line, *more))


def _painted(line: str, bad: bool) -> str:
    return f"{_RED}{line}{_RESET}\n" if bad else f"{line}\n"


def _is_bad(event: TapEvent) -> bool:
    http = event.http
    if isinstance(http, ResponseInit):
        return http.status >= 500
    return isinstance(http, ResponseEnd) and (http.reset is not None or http.grpc_status in FAILURES)


def _indented(record: Record) -> str:
    return f"{tap_json.json_lines(record)}\n"


def _path_text(expression: str) -> Text[Record]:
    """What the path finds, each on a line of its own as JSON; nothing of events that do not have it."""
    from linkerdctl.render.tap_jsonpath import JsonPath

    path = JsonPath(expression)
    return lambda record: "".join(f"{tap_json.json_lines(found)}\n" for found in path.find(record))


def _template_text(expression: str) -> Text[Record]:
    from linkerdctl.render.tap_template import Template

    template = Template(expression)

    def text(record: Record) -> str:
        rendered = template.render(record)
        if not rendered:
            return ""
        return rendered if rendered.endswith("\n") else f"{rendered}\n"

    return text


def _unknown(name: str, given: str) -> UsageError:
    if name in WITH_EXPRESSION and not given:
        return UsageError(f"-o {name} needs an expression", next_step=f"write it like {_EXAMPLES[name]}")
    names: Iterator[str] = iter((*PLAIN, *(f"{each}=..." for each in WITH_EXPRESSION)))
    return UsageError(f"unknown output format {name!r}", next_step=f"-o takes {', '.join(names)}")


_EXAMPLES = {
    "jsonpath": "-o jsonpath='{.requestInitEvent.path}'",
    "template": "-o template='{{.source.ip}} {{.requestInitEvent.path}}'",
}
