"""`identity` (`certs`): how long the certificates of proxies, issuer and trust anchors still hold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from linkerdctl.cli.arguments import namespace_asked, proxies_asked
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.traffic import check_coverage, finish, open_scene, tell_coverage
from linkerdctl.errors import GateError
from linkerdctl.kube.inventory import Inventory, Target
from linkerdctl.kube.selection import Selection
from linkerdctl.kube.trust import Trust
from linkerdctl.metrics.certificates import NAMES
from linkerdctl.render.formats import check_output, render
from linkerdctl.render.identity import identity_view
from linkerdctl.render.sorting import check_sort, sorted_rows
from linkerdctl.reports.identity import LEAF, CertificateRow, Margin, lacking, parse_margin, rows
from linkerdctl.reports.nothing import why_nothing
from linkerdctl.sources.protocol import Coverage

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

NAMED = 5
"""Certificates a gate names; above that they are counted."""

HELP = """\b
Certificates: how long those of proxies, issuer and trust anchors still hold, and whether they are refreshed.

\b
Examples:
  linkerdctl identity -n emojivoto
  linkerdctl identity deploy/web -n emojivoto -o wide
  linkerdctl identity -A --min-left 14d
  linkerdctl identity -A --min-left 30% -q > /dev/null || echo renew
  linkerdctl identity -A -o json | jq '.[] | select(.remark != "")'
  linkerdctl --recording incident.tar.gz identity -A

\b
Proxies tell of their own (leaf) certificates; that of the issuer is in Secret linkerd-identity-issuer, the trust
anchors in ConfigMap linkerd-identity-trust-roots, of the control plane's namespace (-L). With --min-left it exits with 4
when one has less left: a time, or a share of its whole life. One that lives no longer than that time altogether, as a
proxy's does, fails when less than a fifth of its life is left.
"""


@dataclass(frozen=True, slots=True)
class _Request:
    selections: tuple[Selection, ...]
    control_plane: str
    margin: Margin | None
    output: str
    sort_by: str | None
    strict: bool


@app.command(help=HELP)
def identity(
    ctx: typer.Context,
    resource: Annotated[
        list[str] | None, typer.Argument(help="POD, TYPE/NAME or TYPE; all pods if left out.", show_default=False)
    ] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of the proxies.")] = None,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look in all namespaces.")] = False,
    selector: Annotated[str, typer.Option("--selector", "-l", help="Label selector for the resources.")] = "",
    min_left: Annotated[
        str | None, typer.Option(metavar="TIME|SHARE", help="Exit with 4 if any has less left: 14d, 36h, 30%.")
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FORMAT", help="table, wide, json, yaml or csv.")
    ] = "table",
    sort_by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Sort by a column (left, share, ...).")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 when a proxy did not answer.")] = False,
) -> None:
    """Parse, ask, show."""
    options = globals_of(ctx)
    where = namespace_asked(options, namespace, all_namespaces=all_namespaces)
    request = _Request(
        proxies_asked(resource or (), namespace=where, selector=selector),
        options.control_plane,
        parse_margin(min_left) if min_left else None,
        output,
        sort_by,
        strict,
    )
    check_output(output)
    check_sort(identity_view(wide=False), sort_by)
    finish(_identity(options, request), options)


async def _identity(options: GlobalOptions, request: _Request) -> None:
    async with open_scene(options, request.selections, window=1.0) as scene:
        selections = [scene.inventory.resolve(each) for each in request.selections]
        targets = _chosen(scene.inventory, selections)
        trust = await _trust(scene, request.control_plane)
        snapshot = await scene.source.snapshot(NAMES, targets)
    found = rows(targets, snapshot.scrapes, trust, _now(options, [each.at for each in snapshot.scrapes.values()]))
    _show(options, request, found)
    tell_coverage(options.terminal, snapshot.coverage)
    if not targets:
        options.terminal.note(why_nothing(selections, scene.inventory, None, "has no meshed pod that runs"))
    _tell(options, trust)
    if request.margin:
        for failure in trust.failures:  # a gate does not let through what nobody has seen
            raise failure
        _check(found, request.margin)
        if not request.strict:
            _check_all_told(snapshot.coverage)
    check_coverage(snapshot.coverage, strict=request.strict)


def _chosen(inventory: Inventory, selections: Sequence[Selection]) -> list[Target]:
    """The proxies of the selected objects."""
    wanted = {pod for each in selections for row in inventory.rows(each) for pod in row.pods}
    return [target for target in inventory.targets() if target.pod in wanted]


async def _trust(scene: Scene, namespace: str) -> Trust:
    if scene.client is None:
        return Trust(notes=("a recording holds neither the issuer's certificate nor the trust anchors",))
    from linkerdctl.kube.trust_reader import read_trust

    return await read_trust(scene.client, namespace)


def _now(options: GlobalOptions, looks: Sequence[float]) -> float:
    """In a recording it is as late as it was then."""
    return max(looks, default=time.time()) if options.recording is not None else time.time()


def _show(options: GlobalOptions, request: _Request, found: Sequence[CertificateRow]) -> None:
    view = identity_view(wide=request.output == "wide")
    ordered = sorted_rows(found, view, request.sort_by)
    if ordered or request.output not in ("table", "wide"):
        render(ordered, view, request.output, options.terminal)


def _tell(options: GlobalOptions, trust: Trust) -> None:
    terminal = options.terminal
    for note in trust.notes:
        terminal.note(note)
    for advice in trust.advice:
        for line in advice.splitlines():
            terminal.note(f"  {line}")


def _check(found: Sequence[CertificateRow], margin: Margin) -> None:
    """Raise `GateError` unless every certificate has as much left as it should."""
    short = lacking(found, margin)
    if short:
        names = [f"{row.kind} {row.namespace}/{row.name}" for row in short[:NAMED]]
        more = f" and {len(short) - NAMED} more" if len(short) > NAMED else ""
        raise GateError(
            f"{len(short)} of {len(found)} certificates have less than {margin.text} left",
            next_step=", ".join(names) + more,
        )
    if not any(row.kind == LEAF for row in found):
        raise GateError(
            "no proxy's certificate was seen, so none is known to hold", next_step="linkerdctl check tells why"
        )


def _check_all_told(coverage: Coverage) -> None:
    """Raise `GateError` when a proxy was silent: its certificate may be the one that expired."""
    if coverage.failures:
        silent = f"{len(coverage.failures)} of {len(coverage.asked)} proxies did not answer"
        raise GateError(
            f"{silent}: how long their certificates hold is not known", next_step="linkerdctl check tells why"
        )
