"""`demo`: a small mesh on loopback, alone or around one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkerdctl.cli.commands import ALIASES, COMMANDS
from linkerdctl.cli.options import globals_of

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Run a small mesh on loopback: an API server for kubectl and linkerdctl, proxies with real metrics, emojivoto's traffic.

\b
Examples:
  linkerdctl demo -- stat deploy -n emojivoto
  linkerdctl demo -- kubectl get pods -A
  linkerdctl demo --pods 500 -- stat ns
  linkerdctl demo --fault slow=web --fault dead=emoji -- stat deploy -n emojivoto
  linkerdctl demo -- sh -c 'kubectl apply -f profile.yaml && linkerdctl stat svc -n emojivoto'
  linkerdctl demo

\b
With a command, which may be one of linkerdctl's own, it runs that one and ends with its exit code. Without one it stays
until Ctrl-C, shows what the mesh does, and tells the KUBECONFIG to use in another terminal.
Faults: slow[:SECONDS], dead, restarting[:SECONDS], garbage, truncated, 403, and of taps: tap-ends[:SECONDS], tap-cut,
tap-garbage, tap-403. POD is a workload, a pod or the start of its name.
"""


@app.command(help=HELP)
def demo(
    ctx: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(metavar="-- COMMAND", help="What to run against it.")] = None,
    pods: Annotated[int, typer.Option(metavar="N", help="Meshed pods: copies of emojivoto, four pods each.")] = 4,
    rps: Annotated[
        float | None, typer.Option(metavar="R", help="Requests a second that vote-bots begin (default: by pods).")
    ] = None,
    fault: Annotated[list[str] | None, typer.Option(metavar="KIND=POD", help="Break a proxy; repeatable.")] = None,
    log: Annotated[Path | None, typer.Option(metavar="FILE", help="Write every request there, as JSON lines.")] = None,
    idle_routes: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="More routes in every proxy's metrics, 34 series each, to make them large.",
            show_default=False,
        ),
    ] = 0,
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Port of the API server (default: a free one).", show_default=False)
    ] = 0,
) -> None:
    """Parse, start, and leave the rest to the demo."""
    from linkerdctl.demo.child import child_of, run_child
    from linkerdctl.demo.live import stay_up
    from linkerdctl.demo.servers import DemoMesh, DemoOptions

    terminal = globals_of(ctx).terminal
    child = child_of(command, own={*COMMANDS, *ALIASES}) if command else None
    wanted = DemoOptions(pods=pods, rps=rps, faults=tuple(fault or ()), log=log, port=port, idle_routes=idle_routes)
    with DemoMesh(wanted) as mesh:
        if child is None:
            stay_up(mesh, terminal)
            return
        raise typer.Exit(run_child(child, mesh.environment()))
