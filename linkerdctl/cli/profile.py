"""`profile`: routes out of specifications and requests, as a ServiceProfile or Gateway API objects; lint and coverage.

Annotations are not put off here as elsewhere: to evaluate them later, from text, costs a start twice as much.
"""

import re
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from linkerdctl.cli import profile_arguments as option
from linkerdctl.cli.commands import load
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.profile_arguments import exactly_one, name_of
from linkerdctl.cli.profile_output import Kind, Wanted, port_of, template, written
from linkerdctl.cli.profile_sources import (
    Specifications,
    collector_paused,
    of_requests,
    of_specifications,
    tap_source,
)
from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.profiles.routes import RetryBudget, with_policy

SUBCOMMANDS = ("lint", "coverage")
"""Each lives in `cli/profile_NAME.py` and is loaded on use."""


class Profile(TyperGroup):
    """`profile lint ...` and `profile coverage ...` are commands of their own; everything else is `profile SERVICE ...`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Those that go by a name."""
        return list(SUBCOMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one; None when there is none of that name."""
        return load(f"profile_{cmd_name}") if cmd_name in SUBCOMMANDS else None

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the one that is meant: the group itself takes nothing."""
        if subcommand := self.get_command(None, args[0]) if args else None:
            return subcommand.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
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


@app.callback()
def profile() -> None:
    """Makes it a group though only one of its commands is registered."""


@app.command("generate", hidden=True, help=HELP, no_args_is_help=True)
def generate(
    ctx: typer.Context,
    service: option.Service,
    namespace: option.Namespace = None,
    template_: Annotated[bool, typer.Option("--template", help="A profile to fill in, with explanations.")] = False,
    open_api: option.OpenApi = None,
    proto: option.Proto = None,
    from_service: option.FromService = None,
    tap: option.Tap = None,
    tap_duration: option.TapDuration = "10s",
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
    recorded: option.Input = None,
    output: Annotated[
        Literal["yaml", "json"], typer.Option("--output", "-o", show_default=False, help="Format (default: yaml).")
    ] = "yaml",
    kind: Annotated[
        Kind, typer.Option(show_default=False, help="What to write (default: serviceprofile).")
    ] = "serviceprofile",
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Port of the service, for httproute and grpcroute (default: its own for HTTP or gRPC)."
        ),
    ] = None,
    typed: Annotated[bool, typer.Option("--typed", help="Match path parameters by their types.")] = False,
    name_from: Annotated[
        Literal["path", "operationId"],
        typer.Option(show_default=False, help="What routes are named after (default: path)."),
    ] = "path",
    retryable: Annotated[
        str | None, typer.Option(metavar="REGEX", help="Routes in whose name this is found may be retried.")
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
    domain: option.Domain = None,
    ignore_cluster: option.IgnoreCluster = False,
) -> None:
    """Check, read, write; nothing is printed before all of it is known to be right."""
    options = globals_of(ctx)
    exactly_one(template=template_, open_api=open_api, proto=proto, from_service=from_service, tap=tap or recorded)
    pattern = _pattern(retryable)
    if timeout is not None and parse_duration(timeout) <= 0:
        raise UsageError(f"--timeout {timeout} leaves no time at all", next_step="leave it out for no limit")
    budget = RetryBudget.parse(retry_budget) if retry_budget else None
    _check_fit(kind, port, merge=merge, template=template_, budget=budget)
    name = name_of(options, service, namespace, domain, ignore_cluster)
    if template_:
        if pattern or timeout or budget:
            raise UsageError("--template is a text to edit; it takes no policy")
        options.terminal.out(template(name, output))
        return
    if kind != "serviceprofile" and port is None:
        port = port_of(options, name, kind, ignore_cluster=ignore_cluster)
    if tap or recorded:
        found, notes = of_requests(options, name, tap_source(tap, recorded, tap_duration), route_limit)
    else:
        specifications = Specifications(open_api or (), proto or (), from_service, typed, name_from == "operationId")
        found, notes = of_specifications(options, specifications), ()
    routes = with_policy(found.routes, retryable=pattern, timeout=timeout or "")
    with collector_paused():
        result = written(options, Wanted(name, kind, output, port or 0, budget, merge), routes)
    if pattern and routes and not any(pattern.search(route.name) for route in routes):
        options.terminal.warn(f"--retryable {retryable} is found in no route's name")
    for warning in (*found.warnings, *result.warnings):
        options.terminal.warn(warning)
    for note in (*notes, *result.notes):
        options.terminal.note(note)
    options.terminal.out(result.text)


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
