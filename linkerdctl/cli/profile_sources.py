"""Where the routes of `profile` come from: specifications, or requests that were tapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.specifications import read_all, read_from_service
from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.routes import Generated, merged

if TYPE_CHECKING:
    from linkerdctl.cli.tapped import TapSource


@dataclass(frozen=True, slots=True)
class Specifications:
    """Files, URLs or `-`; or a place in a service that serves its own."""

    open_api: Sequence[str]
    proto: Sequence[str]
    from_service: str | None
    typed: bool = False
    by_id: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Routes, and lines to tell: `warnings` of what is not as it should be, `notes` of what they rest on."""

    routes: Generated
    notes: tuple[str, ...] = ()


def of_specifications(options: GlobalOptions, given: Specifications) -> Found:
    """Read them, and make the routes of all of them one list."""
    if given.proto:
        from linkerdctl.profiles.proto import routes_of_proto

        texts = read_all(given.proto)
        groups = [routes_of_proto(text, source) for source, text in texts]
    else:
        from linkerdctl.profiles.openapi import routes_of_openapi

        served = given.from_service
        texts = [read_from_service(options, served)] if served else read_all(given.open_api)
        groups = [
            routes_of_openapi(text, source, typed=given.typed, names_from_operation_id=given.by_id)
            for source, text in texts
        ]
    return Found(merged(groups, [source for source, _ in texts]))


def tap_source(tap: str | None, recorded: str | None, duration: str) -> TapSource:
    """What was given of the options about taps; raises `UsageError`."""
    from linkerdctl.cli.tapped import TapSource

    seconds = parse_duration(duration)
    if seconds <= 0:
        raise UsageError(f"--tap-duration {duration} leaves no time for requests", next_step="give 10s or more")
    return TapSource(tap, seconds, recorded)


def of_requests(options: GlobalOptions, name: ServiceName, source: TapSource, limit: int) -> Found:
    """Tap, and infer the routes of the requests that were for the service."""
    from linkerdctl.cli.tapped import requests_for
    from linkerdctl.profiles.observed import routes_of_requests

    if limit < 1:
        raise UsageError(f"--route-limit {limit} leaves no routes", next_step="give 1 or more")
    addressed = requests_for(options, name, source)
    inference = routes_of_requests(addressed.requests, limit=limit)
    return Found(Generated(inference.routes), (*inference.summary(), *_elsewhere(addressed.others)))


def _elsewhere(others: dict[str, int]) -> Iterator[str]:
    if others:
        ranked = sorted(others.items(), key=lambda each: -each[1])
        shown = ", ".join(f"{who} ({number})" for who, number in ranked[:5])
        more = f" and {len(ranked) - 5} more" if len(ranked) > 5 else ""
        yield f"requests that were for others are left out: {shown}{more}"
