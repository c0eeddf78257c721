"""`list`: which pods are meshed, can be tapped, and with which proxies. It asks the API server alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import typer

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.arguments import namespace_asked
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.traffic import finish
from linkerdctl.kube.kinds import POD
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.render.formats import check_output, render
from linkerdctl.render.meshed_pods import meshed_pods_view
from linkerdctl.render.sorting import check_sort, sorted_rows
from linkerdctl.reports.meshed_pods import MISSING, ListRequest, MeshedPod, MeshedPods

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Meshed pods: whether they can be tapped, and which version their proxies are.

\b
Examples:
  linkerdctl list -n emojivoto
  linkerdctl list -A -o wide
  linkerdctl list -A -l app=web-svc
  linkerdctl list -A -o json | jq -r '.[] | select(.tap != "enabled") | .name'
  linkerdctl --recording incident.tar.gz list -A

\b
TAP is enabled, disabled (by annotation), or missing: the pod started before the viz extension could configure it, or
there is no such extension. No proxy is asked, so pods in any phase are listed. With -L only those of that control plane.
"""


@app.command("list", help=HELP)
def list_(
    ctx: typer.Context,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of the pods.")] = None,
    all_namespaces: option.AllNamespaces = False,
    selector: Annotated[str, typer.Option("--selector", "-l", help="Label selector for the pods.")] = "",
    output: option.Output = "table",
    sort_by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Sort by a column (version, tap, ...).")] = None,
) -> None:
    """Parse, look, show."""
    options = globals_of(ctx)
    check_output(output)
    check_sort(meshed_pods_view(), sort_by)
    where = namespace_asked(options, namespace, all_namespaces=all_namespaces)
    labels = parse_selector(selector) if selector else None
    finish(_list(options, ListRequest(where, labels, options.control_plane_named), output, sort_by), options)


async def _list(options: GlobalOptions, request: ListRequest, output: str, sort_by: str | None) -> None:
    found = MeshedPods(request)
    async with aclosing(_manifests(options, request.namespace)) as manifests:
        async for manifest in manifests:
            found.add(manifest)
    rows, view = found.rows(), meshed_pods_view()
    ordered = sorted_rows(rows, view, sort_by)
    if ordered or output not in ("table", "wide"):
        render(ordered, view, output, options.terminal)
    _tell(options, found, rows)


async def _manifests(options: GlobalOptions, namespace: str | None) -> AsyncGenerator[dict[str, Any], None]:
    """All pods, meshed or not, one by one: of a large cluster not all are kept. Raises `ApiError`, `RecordingError`."""
    if options.recording is not None:
        for each in _recorded(options.recording, namespace):
            yield each
        return
    from linkerdctl.cli.cluster import cluster_config
    from linkerdctl.kube.client import KubeClient
    from linkerdctl.kube.cluster import check_namespace

    async with KubeClient(cluster_config(options)) as client:
        listed, seen = client.objects(POD.group_version, POD.plural, namespace=namespace), False
        async for each in listed:
            seen = True
            yield each
        if namespace and not seen:
            await check_namespace(client, namespace)


def _recorded(path: Path, namespace: str | None) -> Iterator[dict[str, Any]]:
    from linkerdctl.sources.recording import Recording

    recording = Recording.open(path)
    recording.inventory()  # tells what is no object in the words of recordings
    pods = (each for each in recording.manifests() if each.get("kind") == POD.object_kind)
    return (each for each in pods if namespace in (None, each["metadata"].get("namespace")))


def _tell(options: GlobalOptions, found: MeshedPods, rows: list[MeshedPod]) -> None:
    if not rows:
        options.terminal.note(found.why_none())
    if missing := sum(row.tap == MISSING for row in rows):
        options.terminal.note(
            f"{missing} of {len(rows)} have no tap configuration: restart them once the viz extension is there "
            "(kubectl rollout restart deploy/NAME)"
        )
