"""`stat`: golden metrics of any object, one table per kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from linkerdctl.cli.arguments import namespace_asked, other_side, seconds
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.shared_options import (
    AllNamespaces,
    AllTraffic,
    Namespace,
    Output,
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
from linkerdctl.cli.traffic import check_coverage, coverage_line, finish, open_scene, tell_coverage, tell_wait
from linkerdctl.kube.inventory import PodRef
from linkerdctl.kube.kinds import AUTHORITY, POLICY_KINDS, SERVICE
from linkerdctl.kube.selection import parse_selections
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.render.formats import check_output, render
from linkerdctl.render.sorting import check_sort, sorted_rows
from linkerdctl.render.stat import stat_view
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
    resource: Resources,
    namespace: Namespace = None,
    all_namespaces: AllNamespaces = False,
    selector: Selector = "",
    to: To = None,
    to_namespace: ToNamespace = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TYPE[/NAME]", help="Only what TYPE[/NAME] sent to the resources.")
    ] = None,
    from_namespace: Annotated[str | None, typer.Option(help="Namespace of --from; alone: all that is there.")] = None,
    time_window: TimeWindow = "10s",
    output: Output = "table",
    unmeshed: Annotated[bool, typer.Option("--unmeshed", help="Show resources without meshed pods too.")] = False,
    sort_by: SortBy = None,
    watch: Watch = None,
    all_traffic: AllTraffic = False,
    since_start: SinceStart = False,
    strict: Strict = False,
) -> None:
    """Parse, ask, show."""
    options = globals_of(ctx)
    check_output(output)
    window = seconds(time_window, "--time-window", at_least=1.0)
    every = seconds(watch, "--watch", at_least=0.5) if watch else None
    where = namespace_asked(options, namespace, all_namespaces=all_namespaces)
    request = StatRequest(
        parse_selections(resource, namespace=where, labels=parse_selector(selector)),
        to=other_side("--to", to, to_namespace, where),
        from_=other_side("--from", from_, from_namespace, where),
        all_traffic=all_traffic,
        keep_unmeshed=unmeshed,
    )
    policy = any(each.kind in POLICY_KINDS for each in request.selections)
    show = _Show(options, output, sort_by, strict, all_namespaces, policy)
    check_sort(show.view([]), sort_by)
    finish(_stat(options, request, show, window=window, every=every, since_start=since_start), options)


class _Show:
    """How the rows of one run are shown."""

    def __init__(
        self,
        options: GlobalOptions,
        output: str,
        sort_by: str | None,
        strict: bool,
        all_namespaces: bool,
        policy: bool,
    ) -> None:
        self.terminal = options.terminal
        self.output = output
        self.sort_by = sort_by
        self.strict = strict
        self.all_namespaces = all_namespaces
        self.policy = policy

    def view(self, found: list[StatRow]) -> View[StatRow]:
        """Columns for these rows."""
        several = len({row.kind.name for row in found}) > 1
        return stat_view(
            all_namespaces=self.all_namespaces, prefixed=several, wide=self.output == "wide", policy=self.policy
        )

    def once(self, found: list[StatRow], observation: Observation, since_start: bool) -> None:
        """Print one answer, and what there is to say about it."""
        view = self.view(found)
        ordered = sorted_rows(found, view, self.sort_by)
        if since_start and found:
            self.terminal.note("averages since each proxy started; for what happens now leave --since-start out")
        render(ordered, view, self.output, self.terminal)
        tell_coverage(self.terminal, observation.coverage)


async def _stat(
    options: GlobalOptions,
    request: StatRequest,
    show: _Show,
    *,
    window: float,
    every: float | None,
    since_start: bool,
) -> None:
    others = [each for each in (request.to, request.from_) if each]
    anywhere = any(each.kind in (SERVICE, AUTHORITY) for each in request.selections) and not request.from_
    async with open_scene(
        options, [*request.selections, *others], window=window, since_start=since_start, all_pods=anywhere
    ) as scene:
        request = _resolved(request, scene)
        plans = plan(request, scene.inventory)
        if every is not None:
            await _watch(request, plans, scene, show, every)
            return
        tell_wait(options, window, since_start=since_start)
        observation = await scene.source.observe([each.query for each in plans], await scene.targets())
        found = _rows(request, plans, scene, observation)
        show.once(found, observation, since_start)
        for note in scene.inventory.notes:
            show.terminal.note(note)
        if not found and show.output in ("table", "wide"):
            show.terminal.note(why_empty(request, scene.inventory, len(observation.coverage.answered)))
        check_coverage(observation.coverage, strict=show.strict)


def _resolved(request: StatRequest, scene: Scene) -> StatRequest:
    """The request with custom kinds found, and every named object known to exist."""
    resolve = scene.inventory.resolve
    resolved = replace(
        request,
        selections=tuple(resolve(each) for each in request.selections),
        to=resolve(request.to) if request.to else None,
        from_=resolve(request.from_) if request.from_ else None,
    )
    for each in (*resolved.selections, resolved.to, resolved.from_):
        if each and each.name and each.kind not in (AUTHORITY, *POLICY_KINDS):
            scene.inventory.rows(each)
    return resolved


def _rows(request: StatRequest, plans: tuple[StatPlan, ...], scene: Scene, observation: Observation) -> list[StatRow]:
    labels = {target.pod: target.labels for target in scene.inventory.targets()}
    asked = {pod: labels.get(pod, {}) for pod in observation.coverage.asked}
    return rows(request, plans, observation.answers, scene.inventory, Answered(asked, _pods(observation)))


def _pods(observation: Observation) -> frozenset[PodRef]:
    return observation.coverage.answered


async def _watch(request: StatRequest, plans: tuple[StatPlan, ...], scene: Scene, show: _Show, every: float) -> None:
    from linkerdctl.render.live import live_on
    from linkerdctl.render.stat import stat_trends
    from linkerdctl.render.stream import STREAMED, Stream
    from linkerdctl.render.trends import with_trends

    stream, trends = Stream(show.output, show.terminal), stat_trends()
    queries = [each.query for each in plans]
    with live_on(show.terminal, streamed=show.output in STREAMED) as live:
        async for observation in scene.source.watch(queries, scene.targets, every):
            found = _rows(request, plans, scene, observation)
            view = show.view(found)
            ordered = sorted_rows(found, view, show.sort_by)
            if show.output in STREAMED:
                stream.show(view, ordered, observation.ended)
            else:
                moving = with_trends(view, ordered, trends)
                footer = coverage_line(observation.coverage)
                live.show(moving, ordered, observation.ended, wide=show.output == "wide", footer=footer)
            if not live.in_place:
                tell_coverage(show.terminal, observation.coverage)
