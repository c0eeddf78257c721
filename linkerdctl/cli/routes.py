"""`routes`: golden metrics by route, of ServiceProfiles and of the Gateway API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import typer

from linkerdctl.cli.arguments import namespace_asked, other_side, seconds
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.routes_scene import open_routes, route_objects, seen_paths
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.shared_options import (
    AllNamespaces,
    Namespace,
    Resources,
    Selector,
    SinceStart,
    SortBy,
    Strict,
    TimeWindow,
    To,
    ToNamespace,
    Watch,
)
from linkerdctl.cli.traffic import check_coverage, coverage_line, tell_coverage, tell_wait
from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import PodRef
from linkerdctl.kube.selection import parse_selections
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.render.formats import check_output, render
from linkerdctl.render.routes import fate_view, routes_view
from linkerdctl.render.sorting import check_sort, sorted_rows
from linkerdctl.render.view import View
from linkerdctl.reports.routes import RouteRow, RoutesRequest
from linkerdctl.reports.routes_empty import hint, why_no_rows
from linkerdctl.reports.routes_objects import RouteObjects
from linkerdctl.reports.routes_plan import RoutesPlan, plan
from linkerdctl.reports.routes_rows import rows
from linkerdctl.reports.routes_why import SeenPath, evidence, explained, told, traffic_queries
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
    resource: Resources,
    namespace: Namespace = None,
    all_namespaces: AllNamespaces = False,
    selector: Selector = "",
    to: To = None,
    to_namespace: ToNamespace = None,
    time_window: TimeWindow = "10s",
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
    sort_by: SortBy = None,
    watch: Watch = None,
    since_start: SinceStart = False,
    strict: Strict = False,
) -> None:
    """Parse, ask, show."""
    options = globals_of(ctx)
    check_output(output, FATE)
    where = namespace_asked(options, namespace, all_namespaces=all_namespaces)
    request = RoutesRequest(
        parse_selections(resource, namespace=where, labels=parse_selector(selector)),
        to=other_side("--to", to, to_namespace, where),
        generation=kind,
    )
    if output == FATE and request.to is None:
        raise UsageError("-o fate needs --to", next_step="only clients know of retries: name the service they call")
    window = seconds(time_window, "--time-window", at_least=1.0)
    every = seconds(watch, "--watch", at_least=0.5) if watch else None
    _check_why(why, watched=every is not None, paths=bool(tap or recorded))
    show = _Show(options, output, sort_by, strict, all_namespaces, why, request.to is not None)
    check_sort(show.view([]), sort_by)
    show = replace(show, paths=seen_paths(options, request, tap, recorded, window))
    asyncio.run(_routes(options, request, show, window=window, every=every, since_start=since_start))


def _check_why(why: bool, *, watched: bool, paths: bool) -> None:
    if paths and not why:
        raise UsageError("--tap and --input are for --why", next_step="add --why")
    if why and watched:
        raise UsageError("--why and --watch exclude each other", next_step="run routes --why once")


@dataclass(frozen=True, slots=True)
class _Show:
    """How the rows of one run are shown."""

    options: GlobalOptions
    output: str
    sort_by: str | None
    strict: bool
    all_namespaces: bool
    why: bool
    to: bool
    paths: Mapping[tuple[str, str], Sequence[SeenPath]] = field(default_factory=dict)

    @property
    def is_table(self) -> bool:
        return self.output in ("table", "wide", FATE)

    def view(self, found: list[RouteRow]) -> View[RouteRow]:
        """Columns for these rows."""
        several = len({(row.kind.name, *row.key[:2]) for row in found}) > 1
        if self.output == FATE:
            return fate_view(all_namespaces=self.all_namespaces, several=several)
        wide = self.output == "wide"
        return routes_view(to=self.to, wide=wide, all_namespaces=self.all_namespaces, several=several, why=self.why)

    def once(self, found: list[RouteRow], observation: Observation, *, since_start: bool) -> None:
        """Print one answer, and what there is to say about it."""
        view, terminal = self.view(found), self.options.terminal
        if since_start and found:
            terminal.note("averages since each proxy started; for what happens now leave --since-start out")
        render(sorted_rows(found, view, self.sort_by), view, "table" if self.output == FATE else self.output, terminal)
        tell_coverage(terminal, observation.coverage)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one run asks, with everything that was looked up for it."""

    request: RoutesRequest
    plans: tuple[RoutesPlan, ...]
    scene: Scene
    objects: RouteObjects

    def rows(self, observation: Observation) -> list[RouteRow]:
        labels = {target.pod: target.labels for target in self.scene.inventory.targets()}
        coverage = observation.coverage
        asked = Answered({pod: labels.get(pod, {}) for pod in coverage.asked}, coverage.answered)
        answers = observation.answers[: len(self.plans)]
        return rows(
            self.request, self.plans, answers, self.scene.inventory, self.objects, asked if asked.asked else None
        )

    def answered(self, coverage: Coverage) -> frozenset[PodRef]:
        """Who answered; where the source cannot tell, everyone is taken to have."""
        return coverage.answered if coverage.asked else frozenset(each.pod for each in self.scene.inventory.targets())


async def _routes(
    options: GlobalOptions,
    request: RoutesRequest,
    show: _Show,
    *,
    window: float,
    every: float | None,
    since_start: bool,
) -> None:
    async with open_routes(options, request, window=window, since_start=since_start) as scene:
        resolve = scene.inventory.resolve
        selections = tuple(resolve(each) for each in request.selections)
        request = replace(request, selections=selections, to=resolve(request.to) if request.to else None)
        for each in (*request.selections, *([request.to] if request.to else [])):
            scene.inventory.rows(each)
        objects = await route_objects(scene, request, live=options.recording is None)
        asked = _Asked(request, plan(request, scene.inventory), scene, objects)
        if every is None:
            tell_wait(options, window, since_start=since_start)
            await _once(asked, show, since_start=since_start)
        else:
            await _watch(asked, show, every)


async def _once(asked: _Asked, show: _Show, *, since_start: bool) -> None:
    terminal, inventory = show.options.terminal, asked.scene.inventory
    more = traffic_queries(asked.request, inventory) if show.why else ()
    queries = [*(each.query for each in asked.plans), *more]
    observation = await asked.scene.source.observe(queries, await asked.scene.targets())
    found = asked.rows(observation)
    if show.why:
        found = _explained(asked, show, found, observation)
    show.once(found, observation, since_start=since_start)
    for note in (*inventory.notes, *asked.objects.notes, *(_about(asked, show, found, observation))):
        terminal.note(note)
    check_coverage(observation.coverage, strict=show.strict)


def _explained(asked: _Asked, show: _Show, found: list[RouteRow], observation: Observation) -> list[RouteRow]:
    known = evidence(
        asked.request,
        asked.scene.inventory,
        asked.objects,
        asked.answered(observation.coverage),
        observation.answers[len(asked.plans) :],
        show.paths,
    )
    return explained(found, known)


def _about(asked: _Asked, show: _Show, found: list[RouteRow], observation: Observation) -> Iterable[str]:
    """What to say below a table that shows little."""
    if not show.is_table:
        return ()
    if not found:
        answered = len(asked.answered(observation.coverage))
        return (why_no_rows(asked.request, asked.scene.inventory, answered),)
    return told(found) if show.why else filter(None, [hint(found)])


async def _watch(asked: _Asked, show: _Show, every: float) -> None:
    from linkerdctl.render.live import live_on
    from linkerdctl.render.routes import routes_trends
    from linkerdctl.render.stream import STREAMED, Stream
    from linkerdctl.render.trends import with_trends

    terminal, trends = show.options.terminal, routes_trends()
    stream = Stream(show.output, terminal)
    queries = [each.query for each in asked.plans]
    with live_on(terminal, streamed=show.output in STREAMED) as live:
        async for observation in asked.scene.source.watch(queries, asked.scene.targets, every):
            found = asked.rows(observation)
            view = show.view(found)
            ordered = sorted_rows(found, view, show.sort_by)
            if show.output in STREAMED:
                stream.show(view, ordered, observation.ended)
            else:
                moving = view if show.output == FATE else with_trends(view, ordered, trends)
                footer = coverage_line(observation.coverage)
                live.show(moving, ordered, observation.ended, wide=show.output == "wide", footer=footer)
            if not live.in_place:
                tell_coverage(terminal, observation.coverage)
