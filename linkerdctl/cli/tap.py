"""`tap`: live requests of a workload, as they pass its proxies."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linkerdctl.cli import tap_options as option
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.errors import UsageError
from linkerdctl.render.tap import TapOutput

if TYPE_CHECKING:
    from linkerdctl.cli.tap_request import Asked
    from linkerdctl.tap.query import Matches

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Live requests of a workload: three lines for each (request, response, end), or one with --group.

\b
Examples:
  linkerdctl tap deploy/web -n emojivoto
  linkerdctl tap deploy/web --to deploy/voting -n emojivoto --limit 30
  linkerdctl tap deploy/web -n emojivoto --path /api/vote --method GET
  linkerdctl tap ns/emojivoto --failed --group
  linkerdctl tap deploy/web -n emojivoto --status 5xx,429 --min-latency 100ms
  linkerdctl tap deploy/voting -n emojivoto --grpc-status '!OK' --from deploy/web
  linkerdctl tap deploy/web -n emojivoto -o json | jq .requestInitEvent.path
  linkerdctl tap deploy/web -n emojivoto -o template='{{with .requestInitEvent}}{{.method}} {{.path}}{{end}}'
  linkerdctl tap deploy/web -n emojivoto --duration 30s --save incident.tap
  linkerdctl tap --input incident.tap --failed --group
  linkerdctl tap deploy/web -n emojivoto --doctor

\b
RESOURCE is TYPE, TYPE/NAME or TYPE NAME: deploy, sts, ds, rs, rc, job, cronjob, po, ns.
--to, --method, --path (prefix), --authority (exact) and --scheme are applied by the proxies, before --max-rps;
the other filters here, to what the proxies told. Bodies are never seen. Sensitive headers and queries are redacted.
On a cluster this needs Linkerd's viz extension; --doctor tells what is missing when nothing comes.
"""


@app.command(help=HELP, no_args_is_help=True)
def tap(
    ctx: typer.Context,
    resource: option.Resource = None,
    namespace: option.Namespace = None,
    selector: option.Selector = "",
    to: option.To = None,
    to_namespace: option.ToNamespace = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TYPE[/NAME]", help="Only requests that TYPE[/NAME] sent.")
    ] = None,
    from_namespace: Annotated[str | None, typer.Option(help="Namespace of --from; alone: all that is there.")] = None,
    method: option.Method = "",
    path: option.PathPrefix = "",
    authority: option.Authority = "",
    scheme: option.Scheme = "",
    max_rps: option.MaxRps = 100.0,
    status: Annotated[
        str | None, typer.Option(metavar="CODES", help="503, 5xx, 400-499, several with commas, !2xx.")
    ] = None,
    grpc_status: Annotated[
        str | None, typer.Option(metavar="CODES", help="UNKNOWN, Unavailable, 14, several with commas, !OK.")
    ] = None,
    min_latency: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Only requests that took at least so long.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only failures, as the metrics count them.")] = False,
    path_regex: Annotated[str | None, typer.Option(metavar="REGEX", help="Only paths in which this is found.")] = None,
    not_path: Annotated[str | None, typer.Option(metavar="REGEX", help="No paths in which this is found.")] = None,
    group: Annotated[bool, typer.Option("--group", help="One line per finished request.")] = False,
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FORMAT", help="table, wide, json, jsonl, jsonpath=..., template=...."),
    ] = "table",
    extract: Annotated[bool, typer.Option("--extract", help="Ask for headers too, and show all of them.")] = False,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Ask for headers, and show this one; repeatable.")
    ] = None,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Do not redact sensitive headers and queries.")
    ] = False,
    duration: option.Duration = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Stop after N requests have been shown.")] = None,
    input_: option.Input = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save all events that come (.gz: compressed), for --input.")
    ] = None,
    tls_ca: option.TlsCa = None,
    tls_cert: option.TlsCert = None,
    tls_key: option.TlsKey = None,
    doctor: Annotated[bool, typer.Option("--doctor", help="Do not tap; tell why nothing would come.")] = False,
) -> None:
    """Parse, ask, show."""
    options = globals_of(ctx)
    show = TapOutput(output, headers=None if extract else tuple(header or ()), colour=options.terminal.colour)
    from linkerdctl.cli import tap_request as request
    from linkerdctl.tap.query import Matches

    matches = Matches(request.other_side("--to", to, to_namespace), scheme, method, authority, path)
    source = request.other_side("--from", from_, from_namespace)
    wanted = request.Filters(status, grpc_status, min_latency, failed, path_regex, not_path, source)
    asked = request.Asked(
        output=show,
        filters=wanted.filters(),
        group=group,
        show_secrets=show_secrets,
        duration=request.seconds(duration, "--duration"),
        limit=request.whole(limit),
        save=save,
        tls=request.tls_files(tls_ca, tls_cert, tls_key),
    )
    if input_ is not None:
        request.check_recorded(resource or [], selector)
        if doctor:
            raise UsageError("--doctor looks at a cluster, --input at none", next_step="leave one of them out")
        _replay(options, asked, matches, input_)
        return
    if options.recording is not None:
        raise UsageError(
            "a recording of metrics has no live requests", next_step="leave --recording out, or --input FILE"
        )
    from linkerdctl.cli import tap_live
    from linkerdctl.cli.traffic import default_namespace

    query = request.tap_query(
        resource or [],
        namespace or default_namespace(options),
        selector,
        matches,
        max_rps=max_rps,
        headers=show.shows_headers,
    )
    asyncio.run((tap_live.diagnose if doctor else tap_live.tap)(options, asked, query))


def _replay(options: GlobalOptions, asked: Asked, matches: Matches, path: str) -> None:
    """Show what was saved; what proxies would have matched is matched here."""
    from dataclasses import replace

    from linkerdctl.cli.tap_show import Show
    from linkerdctl.tap.filters import match_filter
    from linkerdctl.tap.transports.recorded import RecordedTap

    if str(matches):
        asked = replace(asked, filters=(match_filter(matches), *asked.filters))
    show = Show(asked, options.terminal, max_rps=None)
    asyncio.run(show.run(RecordedTap(path, options.terminal.note)))
