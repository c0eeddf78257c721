"""`list`: which pods are meshed, can be tapped, and with which proxies. It asks the API server alone."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from linkerdctl.cli.arguments import namespace_asked
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.shared_options import AllNamespaces, Output
from linkerdctl.cli.traffic import finish
from linkerdctl.kube.kinds import POD
from linkerdctl.kube.selectors import LabelSelector, parse_selector
from linkerdctl.render.formats import check_output, render
from linkerdctl.render.meshed_pods import meshed_pods_view
from linkerdctl.render.sorting import sorted_rows
from linkerdctl.reports.meshed_pods import MISSING, MeshedPod, meshed_pods

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
there is no such extension. No proxy is asked, so pods in any phase are listed.
"""


@app.command("list", help=HELP)
def list_(
    ctx: typer.Context,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of the pods.")] = None,
    all_namespaces: AllNamespaces = False,
    selector: Annotated[str, typer.Option("--selector", "-l", help="Label selector for the pods.")] = "",
    output: Output = "table",
    sort_by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Sort by a column (version, tap, ...).")] = None,
) -> None:
    """Parse, look, show."""
    options = globals_of(ctx)
    check_output(output)
    where = namespace_asked(options, namespace, all_namespaces=all_namespaces)
    finish(_list(options, where, parse_selector(selector) if selector else None, output, sort_by), options)


async def _list(
    options: GlobalOptions, namespace: str | None, labels: LabelSelector | None, output: str, sort_by: str | None
) -> None:
    found = meshed_pods(await _manifests(options, namespace), labels)
    view = meshed_pods_view()
    ordered = sorted_rows(found, view, sort_by)
    if ordered or output not in ("table", "wide"):
        render(ordered, view, output, options.terminal)
    _tell(options, found, namespace)


async def _manifests(options: GlobalOptions, namespace: str | None) -> list[dict[str, Any]]:
    """All pods, meshed or not; raises `ApiError`, `RecordingError`."""
    if options.recording is None:
        from linkerdctl.cli.cluster import cluster_config
        from linkerdctl.kube.client import KubeClient

        async with KubeClient(cluster_config(options)) as client:
            return [each async for each in client.objects(POD.group_version, POD.plural, namespace=namespace)]
    from linkerdctl.sources.recording import Recording

    recording = Recording.open(options.recording)
    recording.inventory()  # tells what is no object in the words of recordings
    pods = (each for each in recording.manifests() if each.get("kind") == "Pod")
    return [each for each in pods if namespace in (None, each["metadata"].get("namespace"))]


def _tell(options: GlobalOptions, found: list[MeshedPod], namespace: str | None) -> None:
    where = f" in namespace {namespace}" if namespace else ""
    if not found:
        options.terminal.note(f"no meshed pods found{where}")
    if missing := sum(row.tap == MISSING for row in found):
        options.terminal.note(
            f"{missing} of {len(found)} have no tap configuration: restart them once the viz extension is there "
            "(kubectl rollout restart deploy/NAME)"
        )
