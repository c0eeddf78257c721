"""`top`: who asks whom for what, how often, how fast, live."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from linkerdctl.cli import tap_options as option
from linkerdctl.cli.options import globals_of
from linkerdctl.errors import UsageError
from linkerdctl.render.formats import check_output

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
A live table of requests by source, destination, method and path: counts, latencies, success.

\b
Examples:
  linkerdctl top deploy/web -n emojivoto
  linkerdctl top deploy/web --to deploy/voting -n emojivoto
  linkerdctl top ns/emojivoto --hide-sources --sort-by p99
  linkerdctl top deploy/web -n emojivoto --routes
  linkerdctl top deploy/web -n emojivoto --no-tap
  linkerdctl top deploy/web -n emojivoto --batch 5s --duration 1m
  linkerdctl top deploy/web -n emojivoto -o json | jq -c 'select(.failures > 0)'
  linkerdctl top --input incident.tap

\b
Keys: q quit, left and right sort by another column, r reverse, / filter (!text leaves out), p pause, s sources,
t routes instead of paths, up and down choose a row, Enter opens it: its requests, and the tap command for them.
Identifiers in paths are folded (/users/1234 is /users/{id}); --raw-paths leaves them. Latency is to the last byte.
A tap is a sample (--max-rps). --no-tap counts every request, from metrics: by peer and route, without paths; it needs
no viz extension.
"""


@app.command(help=HELP, no_args_is_help=True)
def top(
    ctx: typer.Context,
    resource: option.Resource = None,
    namespace: option.Namespace = None,
    selector: option.Selector = "",
    to: option.To = None,
    to_namespace: option.ToNamespace = None,
    method: option.Method = "",
    path: option.PathPrefix = "",
    authority: option.Authority = "",
    scheme: option.Scheme = "",
    max_rps: option.MaxRps = 100.0,
    hide_sources: Annotated[bool, typer.Option("--hide-sources", help="One row for all sources.")] = False,
    routes: Annotated[bool, typer.Option("--routes", help="By route instead of method and path.")] = False,
    raw_paths: Annotated[bool, typer.Option("--raw-paths", help="Do not fold identifiers in paths.")] = False,
    no_tap: Annotated[bool, typer.Option("--no-tap", help="From metrics: every request, no paths.")] = False,
    sort_by: Annotated[
        str, typer.Option(metavar="COLUMN", help="Sort by a column (count, p99, success, ...).")
    ] = "count",
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch",
            metavar="[EVERY]",
            help="Print a table again and again; every 2s if EVERY is left out.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FORMAT", help="table, json, yaml or csv; all but table print batches."),
    ] = "table",
    duration: option.Duration = None,
    input_: option.Input = None,
    tls_ca: option.TlsCa = None,
    tls_cert: option.TlsCert = None,
    tls_key: option.TlsKey = None,
) -> None:
    """Parse, ask, show."""
    from linkerdctl.cli import tap_request as request
    from linkerdctl.cli import top_live
    from linkerdctl.render.top import TopShape
    from linkerdctl.tap.query import Matches

    options = globals_of(ctx)
    check_output(output)
    asked = top_live.Asked(
        shape=TopShape(sources=not hide_sources, routes=routes),
        raw_paths=raw_paths,
        sort_by=_column(sort_by, no_tap=no_tap),
        every=request.seconds(batch, "--batch"),
        output=output,
        duration=request.seconds(duration, "--duration"),
        tls=request.tls_files(tls_ca, tls_cert, tls_key),
    )
    matches = Matches(request.other_side("--to", to, to_namespace), scheme, method, authority, path)
    if input_ is not None:
        request.check_recorded(resource or [], selector)
        if no_tap:
            raise UsageError("--input is a tap", next_step="leave --no-tap out, or --input")
        asyncio.run(top_live.replay(options, asked, input_, matches))
        return
    from linkerdctl.cli.traffic import default_namespace

    where = namespace or default_namespace(options)
    query = request.tap_query(resource or [], where, selector, matches, max_rps=max_rps, headers=False)
    if options.recording is not None and not no_tap:
        raise UsageError("a recording of metrics has no live requests", next_step="add --no-tap, or --input FILE")
    if no_tap and (scheme or method or authority or path):
        raise UsageError("--no-tap counts by peer and route only", next_step="leave --method, --path and the like out")
    asyncio.run((top_live.edges if no_tap else top_live.tap)(options, asked, query))


def _column(word: str, *, no_tap: bool) -> str:
    """The title of a column that there can be; raises `UsageError`."""
    from linkerdctl.render.top import TopShape, top_view

    titles = [
        column.title
        for routes in (False, True)
        for column in top_view(TopShape(routes=routes, tapped=not no_tap)).columns
        if column.title
    ]
    if word.upper() not in titles:
        choices = ", ".join(dict.fromkeys(title.lower() for title in titles))
        raise UsageError(f"there is no column {word!r} to sort by", next_step=f"--sort-by takes {choices}")
    return word.upper()
