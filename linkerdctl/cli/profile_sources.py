"""Where the routes of `profile` come from: specifications, or requests that were tapped."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.specifications import read_all, read_from_service
from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.profiles.joining import joined
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.routes import Generated

if TYPE_CHECKING:
    from linkerdctl.cli.tapped import TapSource


class Specifications(NamedTuple):
    """Files, URLs or `-`; or a place in a service that serves its own."""

    open_api: Sequence[str]
    proto: Sequence[str]
    from_service: str | None
    typed: bool = False
    by_id: bool = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """For work that makes a hundred thousand objects and no garbage: to look through them again and again is most of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def of_specifications(options: GlobalOptions, given: Specifications) -> Generated:
    """Read them, and make the routes of all of them one list."""
    with collector_paused():
        return _merged_routes(options, given)


def _merged_routes(options: GlobalOptions, given: Specifications) -> Generated:
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
    return joined(groups, [source for source, _ in texts])


def tap_source(tap: str | None, recorded: str | None, duration: str) -> TapSource:
    """What was given of the options about taps; raises `UsageError`."""
    from linkerdctl.cli.tapped import TapSource

    seconds = parse_duration(duration)
    if seconds <= 0:
        raise UsageError(f"--tap-duration {duration} leaves no time for requests", next_step="give 10s or more")
    return TapSource(tap, seconds, recorded)


def of_requests(
    options: GlobalOptions, name: ServiceName, source: TapSource, limit: int
) -> tuple[Generated, Sequence[str]]:
    """Tap, and infer the routes of the requests that were for the service; with lines about what they rest on."""
    from linkerdctl.cli.tapped import requests_for
    from linkerdctl.profiles.observed import routes_of_requests

    if limit < 1:
        raise UsageError(f"--route-limit {limit} leaves no routes", next_step="give 1 or more")
    addressed = requests_for(options, name, source)
    inference = routes_of_requests(addressed.requests, limit=limit)
    return Generated(inference.routes), (*inference.summary(), *_elsewhere(addressed.others))


def _elsewhere(others: dict[str, int]) -> Iterator[str]:
    if others:
        ranked = sorted(others.items(), key=lambda each: -each[1])
        shown = ", ".join(f"{who} ({number})" for who, number in ranked[:5])
        more = f" and {len(ranked) - 5} more" if len(ranked) > 5 else ""
        yield f"requests that were for others are left out: {shown}{more}"
