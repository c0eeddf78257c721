"""`edges`: who talks to whom, and whether it is encrypted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated

import typer

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.arguments import namespace_asked, seconds
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.traffic import check_coverage, finish, open_scene, tell_coverage, tell_wait
from linkerdctl.errors import ApiError, UsageError
from linkerdctl.kube.kinds import AUTHORITY, CRONJOB, DEPLOYMENT, NAMESPACE, POD, POLICY_KINDS, SERVICE
from linkerdctl.kube.selection import Selection, parse_selections
from linkerdctl.render.edges import dot, edges_view, mermaid
from linkerdctl.render.formats import check_output, render
from linkerdctl.render.graph import tree_text
from linkerdctl.render.sorting import check_sort, sorted_rows
from linkerdctl.reports.edges import EdgeRow, EdgesRequest, queries, rows
from linkerdctl.reports.nothing import why_nothing
from linkerdctl.sources.protocol import Observation

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

DRAWINGS = {"tree": tree_text, "dot": dot, "mermaid": mermaid}

HELP = """\b
Connections between workloads: who calls whom, under which identity, encrypted or why not.

\b
Examples:
  linkerdctl edges deploy -n emojivoto
  linkerdctl edges deploy/web -n emojivoto -o wide
  linkerdctl edges -A
  linkerdctl edges po -n emojivoto -o json | jq '.[] | select(.secured | not)'
  linkerdctl edges deploy -n emojivoto -o dot | dot -Tsvg > edges.svg
  linkerdctl edges deploy -n emojivoto -o mermaid

\b
The other end of an edge may be of any kind (sts/db), outside the cluster or outside the mesh.
Without RESOURCE it is whatever owns the pods. An edge has an open connection, or had traffic in the window.
"""


@app.command(help=HELP)
def edges(
    ctx: typer.Context,
    resource: option.Ends = None,
    namespace: option.NamespaceOfEnds = None,
    all_namespaces: option.AllNamespaces = False,
    time_window: option.TimeWindow = "10s",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FORMAT", help="table, wide, json, yaml, csv, tree, dot, mermaid.")
    ] = "table",
    sort_by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Sort by a column (rps, src, ...), largest first.")
    ] = None,
    strict: option.Strict = False,
) -> None:
    """Parse, ask, show."""
    options = globals_of(ctx)
    window = seconds(time_window, "--time-window", at_least=1.0)
    request = edges_request(options, resource or (), namespace, all_namespaces=all_namespaces)
    check_sort(edges_view([]), sort_by)
    finish(edges_between(options, request, window, output, sort_by=sort_by, strict=strict), options)


def edges_request(
    options: GlobalOptions, resource: Sequence[str], namespace: str | None, *, all_namespaces: bool
) -> EdgesRequest:
    """What the arguments of `edges` and `graph` ask for; raises `UsageError`."""
    where = namespace_asked(options, namespace, all_namespaces=all_namespaces)
    selections = parse_selections(resource, namespace=where) if resource else ()
    for each in selections:
        if each.kind in (SERVICE, AUTHORITY, *POLICY_KINDS):
            raise UsageError(f"edges are between workloads, not {each.kind.plural}", next_step="try: edges deploy")
    if namespace is None and selections and all(each.kind is NAMESPACE for each in selections):
        where = None  # namespaces are in no namespace, so the context's is not meant
    return EdgesRequest(selections, where)


async def edges_between(
    options: GlobalOptions,
    request: EdgesRequest,
    window: float,
    output: str,
    *,
    sort_by: str | None = None,
    strict: bool = False,
) -> None:
    """Ask, show, say what there is to say."""
    check_output(output, *DRAWINGS)
    async with _widest_scene(options, request, window) as scene:
        request = _resolved(request, scene)
        tell_wait(options, window)
        observation = await scene.source.observe(queries(), await scene.targets())
        found = rows(request, observation.answers, scene.inventory)
        _show(options, request, found, output, sort_by)
        _tell(options, scene, observation)
        if not found:
            options.terminal.note(_why_none(request, scene, observation))
        check_coverage(observation.coverage, strict=strict)


@asynccontextmanager
async def _widest_scene(options: GlobalOptions, request: EdgesRequest, window: float) -> AsyncIterator[Scene]:
    """The owners of pods at the other end are wanted too; who may only look at a namespace sees those there."""
    async with AsyncExitStack() as stack:
        try:
            scene = await stack.enter_async_context(_scene(options, request, window, owners_in=None))
        except ApiError as error:
            if error.status != 403 or request.namespace is None:
                raise
            scene = await stack.enter_async_context(_scene(options, request, window, owners_in=request.namespace))
        yield scene


def _scene(
    options: GlobalOptions, request: EdgesRequest, window: float, *, owners_in: str | None
) -> AbstractAsyncContextManager[Scene]:
    owners = [Selection(kind, owners_in) for kind in (DEPLOYMENT, CRONJOB)]
    return open_scene(options, [*request.selections, *owners], window=window, all_pods=True)


def _resolved(request: EdgesRequest, scene: Scene) -> EdgesRequest:
    """Custom kinds found, named objects known to exist."""
    selections = tuple(scene.inventory.resolve(each) for each in request.selections)
    for each in selections:
        if each.name:
            scene.inventory.rows(each)
    return EdgesRequest(selections, request.namespace)


def _show(
    options: GlobalOptions, request: EdgesRequest, found: list[EdgeRow], output: str, sort_by: str | None
) -> None:
    view = edges_view([each.kind for each in request.selections])
    ordered = sorted_rows(found, view, sort_by)
    if output in DRAWINGS:
        options.terminal.out(DRAWINGS[output](ordered))
    elif ordered or output not in ("table", "wide"):
        render(ordered, view, output, options.terminal)


def _tell(options: GlobalOptions, scene: Scene, observation: Observation) -> None:
    tell_coverage(options.terminal, observation.coverage)
    for note in scene.inventory.notes:
        options.terminal.note(note)


def _why_none(request: EdgesRequest, scene: Scene, observation: Observation) -> str:
    selections = request.selections or (Selection(POD, request.namespace),)
    answered = len(observation.coverage.answered) if observation.coverage.asked else None
    return why_nothing(
        selections, scene.inventory, answered, "has no connection that is open or was used in the window"
    )
