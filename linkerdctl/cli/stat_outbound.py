"""`stat-outbound`: what workloads sent where, by route, and to which backends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import typer

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.resource_view import Report, Run, known, show
from linkerdctl.cli.scene import Scene
from linkerdctl.kube.inventory import Inventory
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.render.outbound import outbound_trends, outbound_view, sorted_tree
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import View
from linkerdctl.reports.nothing import why_nothing
from linkerdctl.reports.outbound import OutboundPlan, OutboundRequest, OutboundRow, by_profile, outbound_rows, plan
from linkerdctl.reports.owners import Owner
from linkerdctl.reports.routes_objects import service_of
from linkerdctl.reports.stat import Answered
from linkerdctl.sources.protocol import Observation

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
What workloads sent, by service and route, and below each route to which backends; with timeouts and retries.

\b
Examples:
  linkerdctl stat-outbound deploy/web -n emojivoto
  linkerdctl stat-outbound deploy -n emojivoto -o wide
  linkerdctl stat-outbound pods -A --sort-by rps
  linkerdctl stat-outbound deploy/web -n emojivoto -o json | jq '.[] | select(.backend == null)'

\b
RESOURCE is TYPE, TYPE/NAME or TYPE NAME..., as for stat; rows are of HTTPRoutes, GRPCRoutes and [default] ones.
A route counts requests as the application saw them, a backend every attempt. Where proxies count latencies in a few wide
buckets, the bucket is shown (0.05-0.5s), never a number from inside it. Requests that take a ServiceProfile: see routes.
"""


@app.command("stat-outbound", help=HELP, no_args_is_help=True)
def stat_outbound(
    ctx: typer.Context,
    resource: option.Resources,
    namespace: option.Namespace = None,
    all_namespaces: option.AllNamespaces = False,
    selector: option.Selector = "",
    time_window: option.TimeWindow = "10s",
    output: option.Output = "table",
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
    )
    OutboundRequest(run.selections)

    async def prepare(scene: Scene) -> Report[OutboundRow]:
        request = OutboundRequest(known(run.selections, scene.inventory))
        return _Outbound(request, plan(request, scene.inventory), scene.inventory)

    show(run, prepare, outbound_view)


@dataclass(frozen=True, slots=True)
class _Outbound:
    request: OutboundRequest
    plans: tuple[OutboundPlan, ...]
    inventory: Inventory

    @property
    def queries(self) -> Sequence[TrafficQuery]:
        return [each.query for each in self.plans]

    def rows(self, observation: Observation, answered: Answered | None) -> list[OutboundRow]:
        return outbound_rows(self.plans, observation.answers, self.inventory, answered)

    def sorted(self, rows: Sequence[OutboundRow], view: View[OutboundRow], by: str | None) -> list[OutboundRow]:
        return sorted_tree(rows, view, by)

    def trends(self) -> list[Trend[OutboundRow]]:
        return outbound_trends()

    def notes(self, rows: Sequence[OutboundRow], observation: Observation) -> Iterable[str]:
        profiled = by_profile(self.plans, observation.answers, self.inventory)
        for owner, profiles in profiled.items():
            yield from _elsewhere(owner, profiles)
        if not rows and not profiled:
            answered = len(observation.coverage.answered) if observation.coverage.asked else None
            yield why_nothing(self.request.selections, self.inventory, answered, "sent no requests in the window")


def _elsewhere(owner: Owner, profiles: Sequence[str]) -> Iterable[str]:
    """Where to look for requests that the table does not have; several ports of a service are one."""
    for namespace, name in dict.fromkeys(filter(None, map(service_of, profiles))):
        whose = f"{owner.kind.short}/{owner.name}" + (f" -n {owner.namespace}" if owner.namespace else "")
        there = "" if namespace == owner.namespace else f" --to-namespace {namespace}"
        yield (
            f"{owner.kind.short}/{owner.name}: its requests to {name} take a ServiceProfile and are not in here: "
            f"linkerdctl routes {whose} --to svc/{name}{there}"
        )
