"""`graph`: edges drawn as trees of calls."""

from __future__ import annotations

from typing import Annotated

import typer

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.arguments import seconds
from linkerdctl.cli.edges import edges_between, edges_request
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.traffic import finish

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Draw who calls whom, from the callers that nobody calls down to the last server.

\b
Examples:
  linkerdctl graph -n emojivoto
  linkerdctl graph deploy -A
  linkerdctl graph deploy -n emojivoto -o mermaid

\b
A branch shows whether it is secured (√), its rate, its success and its 95th percentile.
"""


@app.command(help=HELP)
def graph(
    ctx: typer.Context,
    resource: option.Ends = None,
    namespace: option.NamespaceOfEnds = None,
    all_namespaces: option.AllNamespaces = False,
    time_window: option.TimeWindow = "10s",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FORMAT", help="tree, dot, mermaid, or as edges: json, csv, ...")
    ] = "tree",
    strict: option.Strict = False,
) -> None:
    """The rows of `edges`, drawn."""
    options = globals_of(ctx)
    window = seconds(time_window, "--time-window", at_least=1.0)
    request = edges_request(options, resource or (), namespace, all_namespaces=all_namespaces)
    finish(edges_between(options, request, window, output, strict=strict), options)
