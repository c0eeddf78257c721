"""`profile`: routes out of specifications and requests, as a ServiceProfile or Gateway API objects; lint and coverage."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.profile_output import Kind, Wanted, port_of, template, written
from linkerdctl.cli.profile_sources import Found, Specifications, of_requests, of_specifications, tap_source
from linkerdctl.cli.specifications import cluster_domain, namespace_of
from linkerdctl.durations import parse_duration
from linkerdctl.errors import ExitCode, UsageError
from linkerdctl.profiles.names import CLUSTER_DOMAIN, ServiceName
from linkerdctl.profiles.routes import Generated, RetryBudget, with_policy

SUBCOMMANDS = ("lint", "coverage")


class Profile(TyperGroup):
    """`profile lint ...` and `profile coverage ...` are commands of their own; everything else is `profile SERVICE ...`."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the one that is meant: the group itself takes nothing."""
        if args[:1] and args[0] in SUBCOMMANDS:
            return self.commands[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return self.commands["generate"].make_context(info_name, args, parent, **extra)


app = typer.Typer(cls=Profile, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Write a ServiceProfile, or Gateway API routes, for a service: from protos, OpenAPI documents, live or recorded
requests, or a template.

\b
Examples:
  linkerdctl profile -n emojivoto voting-svc --proto Voting.proto | kubectl apply -f -
  linkerdctl profile -n emojivoto web-svc --tap deploy/web --tap-duration 10s | kubectl apply -f -
  linkerdctl profile -n emojivoto web-svc --tap deploy/web --input web.tap.gz
  linkerdctl profile -n books webapp --open-api webapp.yaml --typed --retryable '^(GET|HEAD) '
  linkerdctl profile -n books webapp --from-service books/webapp:7000/openapi.json
  linkerdctl profile -n books webapp --open-api webapp.yaml --merge webapp-profile.yaml
  linkerdctl profile -n emojivoto voting-svc --proto Voting.proto --kind grpcroute --port 8080
  linkerdctl profile -n emojivoto web-svc --template > web-svc.yaml
  linkerdctl profile lint web-svc.yaml
  linkerdctl profile coverage -n emojivoto web-svc --tap deploy/web

\b
FILE is a file, a URL, or - for standard input. Nothing but the manifest goes to standard output.
"""

LINT_HELP = """\b
Look ServiceProfiles over: what the cluster refuses, what never matches, what an earlier route takes away.

\b
Examples:
  linkerdctl profile lint web-svc.yaml
  linkerdctl profile -n books webapp --open-api webapp.yaml | linkerdctl profile lint -
  linkerdctl profile lint -n emojivoto

\b
HTTPRoutes and GRPCRoutes in the same file or namespace are looked at for what a profile overrides.
Exits with 4 when there are errors.
"""

COVERAGE_HELP = """\b
Hold the routes of a service against its requests: routes that nobody calls, requests that no route matches.

\b
Examples:
  linkerdctl profile coverage -n emojivoto web-svc --tap deploy/web
  linkerdctl profile coverage -n emojivoto voting-svc --proto Voting.proto --tap deploy/voting --tap-duration 30s
  linkerdctl profile coverage -n books webapp --open-api webapp.yaml --input webapp.tap.gz -o json
  linkerdctl profile coverage -n books webapp --profile webapp-profile.yaml --input webapp.tap.gz

\b
The routes are those of the profile in the cluster, unless --open-api, --proto, --from-service or --profile is given.
"""

Service = Annotated[str, typer.Argument(help="The service, without its namespace.", show_default=False)]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of the service.")]
OpenApi = Annotated[list[str] | None, typer.Option(metavar="FILE", help="Swagger 2 or OpenAPI 3 document; repeatable.")]
Proto = Annotated[list[str] | None, typer.Option(metavar="FILE", help="A .proto file; repeatable.")]
FromService = Annotated[
    str | None, typer.Option(metavar="NS/SVC[:PORT]/PATH", help="OpenAPI document that a service serves.")
]
Tap = Annotated[str | None, typer.Option(metavar="TYPE/NAME", help="Workload whose requests to watch.")]
TapDuration = Annotated[
    str, typer.Option(metavar="DURATION", show_default=False, help="How long to watch (default: 10s).")
]
Input = Annotated[
    str | None,
    typer.Option(
        "--input", metavar="FILE", help="Read the requests from a recorded tap instead; - for standard input."
    ),
]
Domain = Annotated[str | None, typer.Option("--cluster-domain", metavar="DOMAIN", help="DNS domain of the cluster.")]
IgnoreCluster = Annotated[bool, typer.Option("--ignore-cluster", help="Ask no cluster, not even for its domain.")]


@app.command("generate", hidden=True, help=HELP, no_args_is_help=True)
def generate(
    ctx: typer.Context,
    service: Service,
    namespace: Namespace = None,
    template_: Annotated[bool, typer.Option("--template", help="A profile to fill in, with explanations.")] = False,
    open_api: OpenApi = None,
    proto: Proto = None,
    from_service: FromService = None,
    tap: Tap = None,
    tap_duration: TapDuration = "10s",
    route_limit: Annotated[
        int,
        typer.Option(
            "--route-limit",
            "--tap-route-limit",
            metavar="N",
            show_default=False,
            help="Most routes of a tap to write, those with most requests (default: 100).",
        ),
    ] = 100,
    recorded: Input = None,
    output: Annotated[
        Literal["yaml", "json"], typer.Option("--output", "-o", show_default=False, help="Format (default: yaml).")
    ] = "yaml",
    kind: Annotated[
        Kind, typer.Option(show_default=False, help="What to write (default: serviceprofile).")
    ] = "serviceprofile",
    port: Annotated[
        int | None,
        typer.Option(metavar="N", help="Port of the service, for httproute and grpcroute (default: the one for them)."),
    ] = None,
    typed: Annotated[bool, typer.Option("--typed", help="Match path parameters by their types.")] = False,
    name_from: Annotated[
        Literal["path", "operationId"],
        typer.Option(show_default=False, help="What routes are named after (default: path)."),
    ] = "path",
    retryable: Annotated[
        str | None, typer.Option(metavar="REGEX", help="Routes whose name this is found in may be retried.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Timeout of routes that have none of their own.")
    ] = None,
    retry_budget: Annotated[
        str | None, typer.Option(metavar="RATIO/MIN/TTL", help="Retry budget, like 0.2/10/10s.")
    ] = None,
    merge: Annotated[
        str | None, typer.Option(metavar="FILE|cluster", help="Add the routes to this profile, keep what it has.")
    ] = None,
    domain: Domain = None,
    ignore_cluster: IgnoreCluster = False,
) -> None:
    """Check, read, write; nothing is printed before all of it is known to be right."""
    options = globals_of(ctx)
    _exactly_one(template=template_, open_api=open_api, proto=proto, from_service=from_service, tap=tap or recorded)
    pattern = _pattern(retryable)
    if timeout is not None and parse_duration(timeout) <= 0:
        raise UsageError(f"--timeout {timeout} leaves no time at all", next_step="leave it out for no limit")
    budget = RetryBudget.parse(retry_budget) if retry_budget else None
    _check_fit(kind, port, merge=merge, template=template_, budget=budget)
    name = _name(options, service, namespace, domain, ignore_cluster)
    if template_:
        if pattern or timeout or budget:
            raise UsageError("--template is a text to edit; it takes no policy")
        options.terminal.out(template(name, output))
        return
    if kind != "serviceprofile" and port is None:
        port = port_of(options, name, kind, ignore_cluster=ignore_cluster)
    if tap or recorded:
        found = of_requests(options, name, tap_source(tap, recorded, tap_duration), route_limit)
    else:
        specifications = Specifications(open_api or (), proto or (), from_service, typed, name_from == "operationId")
        found = of_specifications(options, specifications)
    routes = with_policy(found.routes.routes, retryable=pattern, timeout=timeout or "")
    result = written(options, Wanted(name, kind, output, port or 0, budget, merge), routes)
    if pattern and routes and not any(pattern.search(route.name) for route in routes):
        options.terminal.warn(f"--retryable {retryable} is found in no route's name")
    _tell(options, found)
    _tell(options, Found(Generated((), result.warnings), result.notes))
    options.terminal.out(result.text)


def _exactly_one(**sources: Any) -> None:
    given = [f"--{name.replace('_', '-')}" for name, value in sources.items() if value]
    if len(given) != 1:
        choices = ", ".join(f"--{name.replace('_', '-')}" for name in sources)
        what = f"{' and '.join(given)} exclude each other" if given else "nothing to make a profile from"
        raise UsageError(what, next_step=f"give exactly one of {choices}")


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise UsageError(f"--retryable {text!r} is no regular expression: {error}") from None


def _check_fit(kind: Kind, port: int | None, *, merge: str | None, template: bool, budget: RetryBudget | None) -> None:
    """Raise `UsageError` for options that cannot go together."""
    if template and (merge or kind != "serviceprofile"):
        raise UsageError("--template is a text to edit; it takes neither --merge nor --kind")
    if kind != "serviceprofile" and merge:
        raise UsageError(f"--merge knows ServiceProfiles only, not --kind {kind}", next_step="leave one of them out")
    if merge and budget:
        raise UsageError("--merge keeps the retry budget that is there", next_step="leave --retry-budget out")
    if port is not None and not 1 <= port <= 65535:
        raise UsageError(f"--port {port} is no port", next_step="give 1 to 65535")


def _name(
    options: GlobalOptions, service: str, namespace: str | None, domain: str | None, ignore_cluster: bool
) -> ServiceName:
    """The service, checked before any cluster is asked for its domain."""
    given = namespace_of(options, namespace)
    name = ServiceName(service, given, domain or CLUSTER_DOMAIN)
    if domain is None and not ignore_cluster:
        return ServiceName(service, given, cluster_domain(options))
    return name


def _tell(options: GlobalOptions, found: Found) -> None:
    for warning in found.routes.warnings:
        options.terminal.warn(warning)
    for note in found.notes:
        options.terminal.note(note)


@app.command("lint", help=LINT_HELP, no_args_is_help=True)
def lint(
    ctx: typer.Context,
    file: Annotated[list[str] | None, typer.Argument(help="Files, URLs, or -.", show_default=False)] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Look at the profiles of this namespace of the cluster.")
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", show_default=False, help="text, json, yaml or csv (default: text).")
    ] = "text",
) -> None:
    """Read, look over, tell."""
    from linkerdctl.cli.profile_lint import findings
    from linkerdctl.render.lint import check_lint_output, show_findings

    options = globals_of(ctx)
    check_lint_output(output)
    if bool(file) == bool(namespace):
        raise UsageError("nothing to look at" if not file else "files and -n exclude each other")
    if show_findings(findings(options, file, namespace), output, options.terminal):
        raise typer.Exit(ExitCode.GATE)


@app.command("coverage", help=COVERAGE_HELP, no_args_is_help=True)
def coverage(
    ctx: typer.Context,
    service: Service,
    namespace: Namespace = None,
    open_api: OpenApi = None,
    proto: Proto = None,
    from_service: FromService = None,
    profile: Annotated[
        str | None, typer.Option(metavar="FILE|cluster", help="ServiceProfile to look at (default: cluster).")
    ] = None,
    tap: Tap = None,
    tap_duration: TapDuration = "10s",
    recorded: Input = None,
    output: Annotated[
        str, typer.Option("--output", "-o", show_default=False, help="table, json, yaml or csv (default: table).")
    ] = "table",
    domain: Domain = None,
    ignore_cluster: IgnoreCluster = False,
) -> None:
    """Read the routes, then the requests, and count."""
    from linkerdctl.cli.profile_coverage import Routes, show_coverage
    from linkerdctl.render.formats import check_output

    options = globals_of(ctx)
    check_output(output)
    sources = {"open_api": open_api, "proto": proto, "from_service": from_service, "profile": profile}
    if any(sources.values()):
        _exactly_one(**sources)
    if not tap and not recorded:
        raise UsageError("no requests to hold the routes against", next_step="give --tap TYPE/NAME, or --input FILE")
    source = tap_source(tap, recorded, tap_duration)
    name = _name(options, service, namespace, domain, ignore_cluster)
    given = Specifications(open_api or (), proto or (), from_service)
    show_coverage(options, name, Routes(given, profile), source, output)
