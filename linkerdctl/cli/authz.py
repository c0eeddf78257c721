"""`authz`: which authorization lets requests in, and how many none did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import typer

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.authz_scene import policy_objects
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.resource_view import Flat, Report, Run, known, show
from linkerdctl.cli.scene import Scene
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import MESHTLSAUTHENTICATION, NETWORKAUTHENTICATION
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.render.authz import authz_trends, authz_view
from linkerdctl.render.trends import Trend
from linkerdctl.reports.authz import AuthzRequest, AuthzRow
from linkerdctl.reports.authz_objects import PolicyObjects
from linkerdctl.reports.authz_plan import AuthzPlan, plan
from linkerdctl.reports.authz_rows import authz_rows
from linkerdctl.reports.nothing import why_nothing
from linkerdctl.reports.stat import Answered
from linkerdctl.sources.protocol import Observation

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Requests by the authorization that let them in, and those that none did.

\b
Examples:
  linkerdctl authz deploy/web -n emojivoto
  linkerdctl authz deploy -n emojivoto -o wide
  linkerdctl authz server/web-http -n emojivoto
  linkerdctl authz authorizationpolicy -A --sort-by rps
  linkerdctl authz meshtlsauthn/web-clients -n emojivoto
  linkerdctl authz deploy -A -o json | jq '.[] | select(.verdict != "allowed")'

\b
RESOURCE is a workload, pod, service, namespace, or of policy: server, serverauthorization (saz), authorizationpolicy (ap),
httproute, grpcroute, meshtlsauthentication, networkauthentication. UNAUTHORIZED is what was denied, without an
AUTHORIZATION; AUDITED what would have been denied without the audit mode. Unused authorizations have no numbers.
"""


@app.command(help=HELP, no_args_is_help=True)
def authz(
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
    AuthzRequest(run.selections)

    async def prepare(scene: Scene) -> Report[AuthzRow]:
        selections = known(run.selections, scene.inventory)
        request = AuthzRequest(selections, all_traffic)
        objects = await policy_objects(scene, selections, live=run.options.recording is None)
        return _Authz(request, plan(request, scene.inventory, objects), scene.inventory, objects)

    show(run, prepare, authz_view)


@dataclass(frozen=True, slots=True)
class _Authz(Flat[AuthzRow]):
    request: AuthzRequest
    plans: tuple[AuthzPlan, ...]
    inventory: Inventory
    objects: PolicyObjects

    @property
    def queries(self) -> Sequence[TrafficQuery]:
        return [each.query for each in self.plans]

    def rows(self, observation: Observation, answered: Answered | None) -> list[AuthzRow]:
        return authz_rows(self.request, self.plans, observation.answers, self.inventory, self.objects, answered)

    def trends(self) -> list[Trend[AuthzRow]]:
        return authz_trends()

    def notes(self, rows: Sequence[AuthzRow], observation: Observation) -> Iterable[str]:
        yield from self.objects.notes
        if not rows:
            answered = len(observation.coverage.answered) if observation.coverage.asked else None
            yield why_nothing(self.request.selections, self.inventory, answered, _nothing(self.request))


def _nothing(request: AuthzRequest) -> str:
    if all(each.kind in (MESHTLSAUTHENTICATION, NETWORKAUTHENTICATION) for each in request.selections):
        return "is required by no authorization that is known"
    return "has no authorization, and no requests in the window"
