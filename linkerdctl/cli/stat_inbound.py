"""`stat-inbound`: what came to which Server by which route."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import typer

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.resource_view import Flat, Report, Run, known, show
from linkerdctl.cli.scene import Scene
from linkerdctl.kube.inventory import Inventory
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.render.inbound import inbound_trends, inbound_view
from linkerdctl.render.trends import Trend
from linkerdctl.reports.inbound import InboundRequest, InboundRow, inbound_queries, inbound_rows
from linkerdctl.reports.nothing import why_nothing
from linkerdctl.reports.stat import Answered
from linkerdctl.sources.protocol import Observation

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
What came in, by the Server that took it and the route it matched.

\b
Examples:
  linkerdctl stat-inbound deploy/web -n emojivoto
  linkerdctl stat-inbound deploy -n emojivoto -o wide
  linkerdctl stat-inbound pods -A --sort-by p99
  linkerdctl stat-inbound deploy -n emojivoto -l app=web-svc -o json | jq '.[] | {server, route, rps}'
  linkerdctl stat-inbound svc/web-svc -n emojivoto

\b
RESOURCE is TYPE, TYPE/NAME or TYPE NAME..., as for stat. What no Server or route was written for is [default].
Requests that were denied never reached a workload and are not here: see authz.
"""


@app.command("stat-inbound", help=HELP, no_args_is_help=True)
def stat_inbound(
    ctx: typer.Context,
    resource: option.Resources,
    namespace: option.Namespace = None,
    all_namespaces: option.AllNamespaces = False,
    selector: option.Selector = "",
    time_window: option.TimeWindow = "10s",
    output: option.Output = "table",
    sort_by: option.SortBy = None,
    watch: option.Watch = None,
    all_traffic: option.AllTraffic = False,
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
    InboundRequest(run.selections)

    async def prepare(scene: Scene) -> Report[InboundRow]:
        return _Inbound(InboundRequest(known(run.selections, scene.inventory), all_traffic), scene.inventory)

    show(run, prepare, inbound_view)


@dataclass(frozen=True, slots=True)
class _Inbound(Flat[InboundRow]):
    request: InboundRequest
    inventory: Inventory

    @property
    def queries(self) -> Sequence[TrafficQuery]:
        return inbound_queries(self.request, self.inventory)

    def rows(self, observation: Observation, answered: Answered | None) -> list[InboundRow]:
        return inbound_rows(self.request, observation.answers, self.inventory, answered)

    def trends(self) -> list[Trend[InboundRow]]:
        return inbound_trends()

    def notes(self, rows: Sequence[InboundRow], observation: Observation) -> Iterable[str]:
        if not rows:
            answered = len(observation.coverage.answered) if observation.coverage.asked else None
            yield why_nothing(self.request.selections, self.inventory, answered, "got no requests in the window")
