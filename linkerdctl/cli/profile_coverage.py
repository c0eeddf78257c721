"""`profile coverage`: routes of a specification or a profile, held against requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from linkerdctl.cli import profile_arguments as option
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.profile_arguments import exactly_one, name_of
from linkerdctl.cli.profile_sources import Specifications, of_specifications, tap_source
from linkerdctl.cli.specifications import CLUSTER, display_name, read
from linkerdctl.cli.tapped import TapSource, requests_for
from linkerdctl.errors import UsageError
from linkerdctl.profiles.coverage import Coverage, coverage
from linkerdctl.profiles.documents import lookup
from linkerdctl.profiles.merge import profile_of_file
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.service_profile import route_entry
from linkerdctl.render.formats import check_output, render
from linkerdctl.render.lint import COVERAGE_VIEW

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Hold the routes of a service against its requests: routes that nobody calls, requests that no route matches.

\b
Examples:
  linkerdctl profile coverage -n emojivoto web-svc --tap deploy/web
  linkerdctl profile coverage -n emojivoto voting-svc --proto Voting.proto --tap deploy/voting --tap-duration 30s
  linkerdctl profile coverage -n books webapp --open-api webapp.yaml --input webapp.tap.gz -o json
  linkerdctl profile coverage -n books webapp --profile webapp-profile.yaml --input webapp.tap.gz

\b
The routes are those of the profile in the cluster, unless --open-api, --proto, --from-service or --profile is given.
"""


@app.command("coverage", help=HELP, no_args_is_help=True)
def cover(
    ctx: typer.Context,
    service: option.Service,
    namespace: option.Namespace = None,
    open_api: option.OpenApi = None,
    proto: option.Proto = None,
    from_service: option.FromService = None,
    profile: Annotated[
        str | None, typer.Option(metavar="FILE|cluster", help="ServiceProfile to look at (default: cluster).")
    ] = None,
    tap: option.Tap = None,
    tap_duration: option.TapDuration = "10s",
    recorded: option.Input = None,
    output: Annotated[
        str, typer.Option("--output", "-o", show_default=False, help="table, json, yaml or csv (default: table).")
    ] = "table",
    domain: option.Domain = None,
    ignore_cluster: option.IgnoreCluster = False,
) -> None:
    """Read the routes, then the requests, and count."""
    options = globals_of(ctx)
    check_output(output)
    sources = {"open_api": open_api, "proto": proto, "from_service": from_service, "profile": profile}
    if any(sources.values()):
        exactly_one(**sources)
    if not tap and not recorded:
        raise UsageError("no requests to hold the routes against", next_step="give --tap TYPE/NAME, or --input FILE")
    source = tap_source(tap, recorded, tap_duration)
    name = name_of(options, service, namespace, domain, ignore_cluster)
    given = Specifications(open_api or (), proto or (), from_service)
    show_coverage(options, name, Routes(given, profile), source, output)


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
        for warning in found.warnings:
            options.terminal.warn(warning)
        return [route_entry(route) for route in found.routes]
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
