"""Filters that no proxy knows, over request, response and end together: status, latency, path by regex, source. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import NAMESPACE
from linkerdctl.kube.selection import Selection
from linkerdctl.tap.grpc_codes import NAMES, grpc_number
from linkerdctl.tap.query import TARGETS, Matches, check_kind, destination_labels
from linkerdctl.tap.requests import Request

_NANOSECONDS = 1e9


class Verdict(Enum):
    """What a filter says of a request as far as it has been seen."""

    SHOW = "show"
    HIDE = "hide"
    WAIT = "wait"
    """The rest of the request decides."""


Filter = Callable[[Request], Verdict]


def said(shown: bool) -> Verdict:
    """The verdict of one who knows."""
    return Verdict.SHOW if shown else Verdict.HIDE


def judge(filters: Sequence[Filter], request: Request) -> Verdict:
    """All of them together: one that hides is enough, one that waits holds back."""
    waiting = False
    for each in filters:
        verdict = each(request)
        if verdict is Verdict.HIDE:
            return verdict
        waiting = waiting or verdict is Verdict.WAIT
    return Verdict.WAIT if waiting else Verdict.SHOW


@dataclass(frozen=True, slots=True)
class _Codes:
    """Ranges of codes, all of them wanted or all of them not."""

    ranges: tuple[range, ...]
    wanted: bool

    def shows(self, code: int) -> bool:
        return any(code in each for each in self.ranges) is self.wanted


def status_filter(text: str) -> Filter:
    """`503`, `5xx`, `400-499`, several with commas, `!2xx` for none of them (nor any answer). Raises `UsageError`."""
    codes = _codes(text, _status_range)

    def by_status(request: Request) -> Verdict:
        if request.status is not None:
            return said(codes.shows(request.status))
        return said(not codes.wanted) if request.finished else Verdict.WAIT

    return by_status


def grpc_status_filter(text: str) -> Filter:
    """`UNKNOWN`, `Unavailable`, `14`, several with commas; `!OK` for others and resets. Plain HTTP never shows."""
    codes = _codes(text, _grpc_range)

    def by_grpc_status(request: Request) -> Verdict:
        if not request.finished:
            return Verdict.WAIT
        if request.grpc_status is not None:
            return said(codes.shows(request.grpc_status))
        return said(request.end is not None and request.end.reset is not None and not codes.wanted)

    return by_grpc_status


def latency_filter(text: str) -> Filter:
    """At least so long from the request to the end of the response; shown as soon as that is certain."""
    seconds = parse_duration(text)
    if seconds <= 0:
        raise UsageError(f"--min-latency {text} is no time", next_step="write it like 100ms or 2s")
    least = round(seconds * _NANOSECONDS)

    def by_latency(request: Request) -> Verdict:
        if max(request.latency or 0, request.total or 0) >= least:
            return Verdict.SHOW
        return Verdict.HIDE if request.finished else Verdict.WAIT

    return by_latency


def failed_filter(request: Request) -> Verdict:
    """Failures, as the metrics count them."""
    if request.failed:
        return Verdict.SHOW
    return Verdict.HIDE if request.finished else Verdict.WAIT


def path_filter(pattern: str, *, wanted: bool) -> Filter:
    """Paths in which a regular expression is found, or is not; requests whose beginning was not seen do not show."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"{pattern!r} is no regular expression: {error}", next_step="quote it for the shell: '^/api/.*'"
        ) from None

    def by_path(request: Request) -> Verdict:
        return said(request.init is not None and (compiled.search(request.path) is not None) is wanted)

    return by_path


def source_filter(selection: Selection) -> Filter:
    """Requests from one workload, pod or namespace, as far as the source's labels tell."""
    kind, name, namespace = selection.kind, selection.name, selection.namespace
    check_kind(kind, TARGETS, "a source of --from")

    def by_source(request: Request) -> Verdict:
        labels = request.source.labels
        if kind is NAMESPACE:
            return said("namespace" in labels and name in (None, labels["namespace"]))
        here = namespace is None or labels.get("namespace") == namespace
        return said(here and kind.label in labels and name in (None, labels[kind.label]))

    return by_source


def match_filter(matches: Matches) -> Filter:
    """What proxies would be asked to match, applied to what was recorded."""
    labels = destination_labels(matches.to)
    scheme, method = matches.scheme.upper(), matches.method.upper()

    def by_match(request: Request) -> Verdict:
        init = request.init
        if init is None:
            return Verdict.HIDE
        return said(
            labels.items() <= dict(request.destination.labels).items()
            and scheme in ("", init.scheme.upper() or "HTTP")
            and method in ("", request.method.upper())
            and matches.authority in ("", init.authority)
            and init.path.startswith(matches.path)
        )

    return by_match


def _codes(text: str, read: Callable[[str], range]) -> _Codes:
    """`!` stands before each or before all; to mix wanted and unwanted would mean nothing."""
    words = [word.strip() for word in text.split(",")]
    wanted = not words[0].startswith("!")
    if wanted and any(word.startswith("!") for word in words[1:]):
        raise UsageError(f"{text!r} mixes what to show and what not", next_step="give either, as 5xx,429 or !2xx,3xx")
    return _Codes(tuple(read(word.removeprefix("!").strip()) for word in words), wanted)


def _status_range(word: str) -> range:
    if found := re.fullmatch(r"([1-9])xx", word.lower()):
        first = int(found[1]) * 100
        return range(first, first + 100)
    if found := re.fullmatch(r"([1-9][0-9]{2})(?:-([1-9][0-9]{2}))?", word):
        first, last = int(found[1]), int(found[2] or found[1])
        if last >= first:
            return range(first, last + 1)
    raise UsageError(f"{word!r} is no HTTP status", next_step="write --status 503, 5xx, 400-499, 5xx,429 or !2xx")


def _grpc_range(word: str) -> range:
    number = grpc_number(word)
    if number is None:
        names = ", ".join(NAMES)
        raise UsageError(f"{word!r} is no gRPC status", next_step=f"they are {names}, or numbers; !OK means all others")
    return range(number, number + 1)
