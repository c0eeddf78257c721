"""`stat`: golden metrics of any object, one table per kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.arguments import other_side
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.resource_view import Columns, Flat, Opening, Report, Run, show
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.traffic import open_scene
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import AUTHORITY, POLICY_KINDS, SERVICE
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.render.stat import stat_trends, stat_view
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import View
from linkerdctl.reports.empty import why_empty
from linkerdctl.reports.stat import Answered, StatPlan, StatRequest, StatRow, plan, rows
from linkerdctl.sources.protocol import Observation

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Golden metrics: success rate, requests per second, latency percentiles, TCP.

\b
Examples:
  linkerdctl stat deploy -n emojivoto
  linkerdctl stat deploy/web sts/db -n emojivoto -o wide
  linkerdctl stat deploy/web --to deploy/voting -n emojivoto
  linkerdctl stat deploy --from deploy/web -n emojivoto
  linkerdctl stat svc -n emojivoto
  linkerdctl stat server,authorizationpolicy -n emojivoto
  linkerdctl stat pods -A --sort-by rps
  linkerdctl stat ns -o json | jq '.[] | {name, success, rps}'
  linkerdctl stat deploy -n emojivoto --watch 2s
  linkerdctl stat deploy -n emojivoto --since-start

\b
RESOURCE is TYPE, TYPE/NAME or TYPE NAME..., several and mixed, with kubectl's short names:
deploy, sts, ds, rs, rc, job, cronjob, po, ns, svc, au, all, or any kind that owns pods (rollout);
of policy: server, serverauthorization (saz), authorizationpolicy (ap), httproute, grpcroute.
Services and authorities are seen from their clients.
"""


@app.command(help=HELP, no_args_is_help=True)
def stat(
    ctx: typer.Context,
    resource: option.Resources,
    namespace: option.Namespace = None,
    all_namespaces: option.AllNamespaces = False,
    selector: option.Selector = "",
    to: option.To = None,
    to_namespace: option.ToNamespace = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TYPE[/NAME]", help="Only what TYPE[/NAME] sent to the resources.")
    ] = None,
    from_namespace: Annotated[str | None, typer.Option(help="Namespace of --from; alone: all that is there.")] = None,
    time_window: option.TimeWindow = "10s",
    output: option.Output = "table",
    unmeshed: Annotated[bool, typer.Option("--unmeshed", help="Show resources without meshed pods too.")] = False,
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
    request = StatRequest(
        run.selections,
        to=other_side("--to", to, to_namespace, run.namespace),
        from_=other_side("--from", from_, from_namespace, run.namespace),
        all_traffic=all_traffic,
        keep_unmeshed=unmeshed,
    )

    async def prepare(scene: Scene) -> Report[StatRow]:
        resolved = _resolved(request, scene.inventory)
        return _Stat(resolved, plan(resolved, scene.inventory), scene.inventory, explains=run.for_people)

    show(run, prepare, _columns(request), _opening(run, request))


def _columns(request: StatRequest) -> Columns[StatRow]:
    policy = any(each.kind in POLICY_KINDS for each in request.selections)

    def columns(rows: Sequence[StatRow], *, all_namespaces: bool, wide: bool) -> View[StatRow]:
        several = len({row.kind.name for row in rows}) > 1
        return stat_view(all_namespaces=all_namespaces, prefixed=several, wide=wide, policy=policy)

    return columns


def _opening(run: Run, request: StatRequest) -> Opening:
    """With the objects of the other side; services and authorities are called from anywhere."""
    others = [each for each in (request.to, request.from_) if each]
    anywhere = any(each.kind in (SERVICE, AUTHORITY) for each in request.selections) and not request.from_
    return open_scene(
        run.options,
        [*request.selections, *others],
        window=run.window,
        since_start=run.since_start,
        all_pods=anywhere,
    )


def _resolved(request: StatRequest, inventory: Inventory) -> StatRequest:
    """The request with custom kinds found, and every named object known to exist; of those of policy proxies tell too."""
    resolve = inventory.resolve
    resolved = replace(
        request,
        selections=tuple(resolve(each) for each in request.selections),
        to=resolve(request.to) if request.to else None,
        from_=resolve(request.from_) if request.from_ else None,
    )
    for each in (*resolved.selections, resolved.to, resolved.from_):
        if each and each.name and each.kind not in (AUTHORITY, *POLICY_KINDS):
            inventory.rows(each)
    return resolved


@dataclass(frozen=True, slots=True)
class _Stat(Flat[StatRow]):
    request: StatRequest
    plans: tuple[StatPlan, ...]
    inventory: Inventory
    explains: bool

    @property
    def queries(self) -> Sequence[TrafficQuery]:
        return [each.query for each in self.plans]

    def rows(self, observation: Observation, answered: Answered | None) -> list[StatRow]:
        nobody = Answered({}, frozenset())
        return rows(self.request, self.plans, observation.answers, self.inventory, answered or nobody)

    def trends(self) -> list[Trend[StatRow]]:
        return stat_trends()

    def notes(self, rows: Sequence[StatRow], observation: Observation) -> Iterable[str]:
        if not rows and self.explains:
            yield why_empty(self.request, self.inventory, len(observation.coverage.answered))
