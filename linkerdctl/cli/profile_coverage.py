"""`profile coverage`: routes of a specification or a profile, held against requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.profile_sources import Specifications, of_specifications
from linkerdctl.cli.specifications import CLUSTER, display_name, read
from linkerdctl.cli.tapped import TapSource, requests_for
from linkerdctl.profiles.coverage import Coverage, coverage
from linkerdctl.profiles.documents import lookup
from linkerdctl.profiles.merge import profile_of_file
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.service_profile import route_entry
from linkerdctl.render.formats import render
from linkerdctl.render.lint import COVERAGE_VIEW


@dataclass(frozen=True, slots=True)
class Routes:
    """Where the routes are to be had: specifications, a file with a profile, or (None) the cluster."""

    specifications: Specifications
    profile: str | None


def show_coverage(options: GlobalOptions, name: ServiceName, routes: Routes, source: TapSource, output: str) -> None:
    """Read both, count, print a table of the routes and what no route matches."""
    entries = _entries(options, name, routes)
    addressed = requests_for(options, name, source)
    found = coverage(entries, addressed.requests)
    render(found.rows(), COVERAGE_VIEW, output, options.terminal)
    for line in _summary(found):
        options.terminal.note(line)


def _entries(options: GlobalOptions, name: ServiceName, routes: Routes) -> Sequence[Mapping[str, Any]]:
    """The elements of `spec.routes`."""
    given = routes.specifications
    if given.open_api or given.proto or given.from_service:
        found = of_specifications(options, given)
        for warning in found.routes.warnings:
            options.terminal.warn(warning)
        return [route_entry(route) for route in found.routes.routes]
    if routes.profile in (None, CLUSTER):
        from linkerdctl.cli.cluster_profiles import read_profile

        manifest: Any = read_profile(options, name)
    else:
        assert routes.profile is not None  # noqa: S101 - just seen
        manifest = profile_of_file(read(routes.profile), display_name(routes.profile), name)
    return [route for route in lookup(manifest, ("spec", "routes")) or () if isinstance(route, dict)]


def _summary(found: Coverage) -> list[str]:
    if not found.total:
        return ["no requests for the service were seen"]
    never = len(found.never_seen)
    seen = f"{len(found.routes) - never} of {len(found.routes)} routes were seen"
    return [f"{seen}; {found.matched} of {found.total} requests ({found.matched / found.total:.1%}) have a route"]
