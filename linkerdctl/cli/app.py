"""The root of the command line: what it says of itself, and the options that hold for every command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from linkerdctl import __version__
from linkerdctl.cli.commands import Commands

HELP = """\b
Golden metrics, live requests and service profiles for Linkerd, from the proxies themselves.

\b
Examples:
  linkerdctl stat deploy -n emojivoto
  linkerdctl stat deploy/web --to deploy/voting -n emojivoto
  linkerdctl record -n emojivoto --for 60s -o incident.tar.gz
  linkerdctl --recording incident.tar.gz stat pods -n emojivoto
  linkerdctl demo -- stat deploy -n emojivoto
"""

app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"linkerdctl {__version__}")
        raise typer.Exit


@app.callback(help=HELP)
def root(
    context: Annotated[str | None, typer.Option(metavar="NAME", help="Context of the kubeconfig to use.")] = None,
    kubeconfig: Annotated[
        str | None, typer.Option(metavar="FILE", help="Kubeconfig file (default: $KUBECONFIG, ~/.kube/config).")
    ] = None,
    impersonate: Annotated[str | None, typer.Option("--as", metavar="USER", help="User to act as.")] = None,
    impersonate_group: Annotated[
        list[str] | None, typer.Option("--as-group", metavar="GROUP", help="Group to act as; repeatable.")
    ] = None,
    impersonate_uid: Annotated[str | None, typer.Option("--as-uid", metavar="UID", help="UID to act as.")] = None,
    recording: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            envvar="LINKERDCTL_RECORDING",
            show_envvar=False,
            help="Answer from this recording, no cluster is contacted ($LINKERDCTL_RECORDING).",
        ),
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            envvar="LINKERDCTL_PROMETHEUS",
            show_envvar=False,
            help="Ask this Prometheus: a URL, or SERVICE[.NAMESPACE][:PORT] ($LINKERDCTL_PROMETHEUS).",
        ),
    ] = None,
    prometheus_config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="LINKERDCTL_PROMETHEUS_CONFIG",
            show_envvar=False,
            help="Its credentials, TLS and headers: an http_config, as promtool takes it.",
        ),
    ] = None,
    prometheus_header: Annotated[
        list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="Header to send it (a tenant); repeatable.")
    ] = None,
    prometheus_label: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Only series with this label (a cluster); repeatable."),
    ] = None,
    via: Annotated[
        Literal["api", "port-forward", "direct"] | None,
        typer.Option(help="How proxies are reached: API server's pod proxy (default), port-forward, pod IP."),
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(metavar="N", help="How many proxies are asked at once (default: 64).")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Deadline for each proxy (default: 5s), or each query (30s).")
    ] = None,
    linkerd_namespace: Annotated[
        str | None,
        typer.Option(
            "--linkerd-namespace",
            "-L",
            envvar="LINKERD_NAMESPACE",
            show_envvar=False,
            help="Namespace of the control plane ($LINKERD_NAMESPACE; default: linkerd).",
        ),
    ] = None,
    color: Annotated[
        Literal["auto", "always", "never"] | None,
        typer.Option(help="Colours (default: auto, on a terminal unless NO_COLOR is set)."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log requests to stderr, without secrets.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Nothing to do: `options.globals_of` reads what was given, here or after the command's name."""
