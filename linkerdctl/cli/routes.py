"""`routes`: golden metrics by route, of ServiceProfiles and of the Gateway API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import typer

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.arguments import other_side
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.resource_view import Columns, Flat, Report, Run, checked, known, show
from linkerdctl.cli.routes_scene import SeenPaths, open_routes, route_objects, seen_paths
from linkerdctl.cli.scene import Scene
from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import Inventory, PodRef
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.render.routes import fate_view, routes_trends, routes_view
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import View
from linkerdctl.reports.routes import RouteRow, RoutesRequest
from linkerdctl.reports.routes_empty import hint, why_no_rows
from linkerdctl.reports.routes_objects import RouteObjects
from linkerdctl.reports.routes_plan import RoutesPlan, plan
from linkerdctl.reports.routes_rows import rows
from linkerdctl.reports.routes_why import evidence, explained, told, traffic_queries
from linkerdctl.reports.stat import Answered
from linkerdctl.sources.protocol import Coverage, Observation

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Success, requests per second and latency by route, of ServiceProfiles and of the Gateway API.

\b
Examples:
  linkerdctl routes deploy/voting -n emojivoto
  linkerdctl routes svc -n emojivoto
  linkerdctl routes deploy/web --to svc/voting-svc -n emojivoto -o wide
  linkerdctl routes deploy/web --to svc/voting-svc -n emojivoto -o fate
  linkerdctl routes deploy/web --to svc/voting-svc -n emojivoto --why
  linkerdctl routes svc/web-svc -n emojivoto --why --tap deploy/web
  linkerdctl routes deploy -A --kind gateway -o wide
  linkerdctl routes svc/web-svc -n emojivoto -o json | jq '.[] | {route, success, rps}'
  linkerdctl routes svc/web-svc -n emojivoto --watch 2s

\b
RESOURCE is TYPE, TYPE/NAME or TYPE NAME..., as for stat. Without --to servers are asked what they served; with --to
clients what they sent, which tells retries: EFFECTIVE is what the application saw, ACTUAL every attempt.
Requests that match no route are in the row [DEFAULT]. -o fate tells how requests ended that may be retried.
"""

FATE = "fate"


@app.command(help=HELP, no_args_is_help=True)
def routes(
    ctx: typer.Context,
    resource: option.Resources,
    namespace: option.Namespace = None,
    all_namespaces: option.AllNamespaces = False,
    selector: option.Selector = "",
    to: option.To = None,
    to_namespace: option.ToNamespace = None,
    time_window: option.TimeWindow = "10s",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FORMAT", help="table, wide, fate, json, yaml or csv.")
    ] = "table",
    kind: Annotated[
        Literal["auto", "profile", "gateway"],
        typer.Option("--kind", show_default=False, help="Routes of which sort (default: auto, all)."),
    ] = "auto",
    why: Annotated[bool, typer.Option("--why", help="Explain rows without numbers.")] = False,
    tap: Annotated[
        str | None,
        typer.Option(metavar="TYPE/NAME", help="With --why: tap this workload, to compare paths with routes."),
    ] = None,
    recorded: Annotated[
        str | None, typer.Option("--input", metavar="FILE", help="The same with a recorded tap stream.")
    ] = None,
    sort_by: option.SortBy = None,
    watch: option.Watch = None,
    since_start: option.SinceStart = False,
    strict: option.Strict = False,
) -> None:
    """Parse, ask, show."""
    run = Run.of(
        globals_of(ctx),
        resource,
        namespace,
        all_namespaces=all_namespaces,
        selector=selector,
        time_window=time_window,
        output=output,
        sort_by=sort_by,
        watch=watch,
        since_start=since_start,
        strict=strict,
        more_outputs=(FATE,),
    )
    request = RoutesRequest(run.selections, other_side("--to", to, to_namespace, run.namespace), generation=kind)
    if output == FATE and request.to is None:
        raise UsageError("-o fate needs --to", next_step="only clients know of retries: name the service they call")
    _check_why(why, watched=run.every is not None, paths=bool(tap or recorded))
    columns = _fates if output == FATE else _columns(request, why=why)
    checked(run, columns)
    paths = seen_paths(run.options, request, tap, recorded, run.window)

    async def prepare(scene: Scene) -> Report[RouteRow]:
        resolved = _resolved(request, scene.inventory)
        objects = await route_objects(scene, resolved, live=run.options.recording is None)
        return _Routes(run, resolved, plan(resolved, scene.inventory), scene.inventory, objects, paths if why else None)

    opening = open_routes(run.options, request, window=run.window, since_start=run.since_start)
    show(run, prepare, columns, opening)


def _check_why(why: bool, *, watched: bool, paths: bool) -> None:
    if paths and not why:
        raise UsageError("--tap and --input are for --why", next_step="add --why")
    if why and watched:
        raise UsageError("--why and --watch exclude each other", next_step="run routes --why once")


def _columns(request: RoutesRequest, *, why: bool) -> Columns[RouteRow]:
    def columns(rows: Sequence[RouteRow], *, all_namespaces: bool, wide: bool) -> View[RouteRow]:
        to, several = request.to is not None, _are_of_several(rows)
        return routes_view(to=to, wide=wide, all_namespaces=all_namespaces, several=several, why=why)

    return columns


def _fates(rows: Sequence[RouteRow], *, all_namespaces: bool, wide: bool) -> View[RouteRow]:
    return fate_view(all_namespaces=all_namespaces, several=_are_of_several(rows))


def _are_of_several(rows: Sequence[RouteRow]) -> bool:
    """Whether rows are about several objects, which their names then tell apart."""
    return len({(row.kind.name, *row.key[:2]) for row in rows}) > 1


def _resolved(request: RoutesRequest, inventory: Inventory) -> RoutesRequest:
    """The request with custom kinds found, and every named object known to exist."""
    to = known([request.to], inventory)[0] if request.to else None
    return replace(request, selections=known(request.selections, inventory), to=to)


@dataclass(frozen=True, slots=True)
class _Routes(Flat[RouteRow]):
    """`paths`, which were seen on their way to a service, are there for `--why`; None without it."""

    run: Run
    request: RoutesRequest
    plans: tuple[RoutesPlan, ...]
    inventory: Inventory
    objects: RouteObjects
    paths: SeenPaths | None

    @property
    def queries(self) -> Sequence[TrafficQuery]:
        more = () if self.paths is None else traffic_queries(self.request, self.inventory)
        return [*(each.query for each in self.plans), *more]

    def rows(self, observation: Observation, answered: Answered | None) -> list[RouteRow]:
        answers, more = observation.answers[: len(self.plans)], observation.answers[len(self.plans) :]
        found = rows(self.request, self.plans, answers, self.inventory, self.objects, answered)
        if self.paths is None:
            return found
        pods = self._answered(observation.coverage)
        return explained(found, evidence(self.request, self.inventory, self.objects, pods, more, self.paths))

    def trends(self) -> list[Trend[RouteRow]]:
        return [] if self.run.output == FATE else routes_trends()

    def notes(self, rows: Sequence[RouteRow], observation: Observation) -> Iterable[str]:
        yield from self.objects.notes
        if not self.run.for_people:
            return
        if not rows:
            yield why_no_rows(self.request, self.inventory, len(self._answered(observation.coverage)))
        elif self.paths is not None:
            yield from told(rows)
        elif line := hint(rows):
            yield line

    def _answered(self, coverage: Coverage) -> frozenset[PodRef]:
        """Who answered; where the source cannot tell, everyone is taken to have."""
        return coverage.answered if coverage.asked else frozenset(each.pod for each in self.inventory.targets())
