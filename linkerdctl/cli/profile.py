"""`profile`: routes out of specifications, as a ServiceProfile or Gateway API objects; `profile lint`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.specifications import CLUSTER, cluster_domain, display_name, namespace_of, read, read_all
from linkerdctl.durations import parse_duration
from linkerdctl.errors import ExitCode, UsageError
from linkerdctl.profiles.names import CLUSTER_DOMAIN, ServiceName
from linkerdctl.profiles.routes import Generated, RetryBudget, Route, merged, with_policy


class Profile(TyperGroup):
    """`profile lint ...` is a command of its own; everything else is `profile SERVICE ...`."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the one that is meant: the group itself takes nothing."""
        if args[:1] == ["lint"]:
            return self.commands["lint"].make_context(f"{info_name} lint", args[1:], parent, **extra)
        return self.commands["generate"].make_context(info_name, args, parent, **extra)


app = typer.Typer(cls=Profile, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Write a ServiceProfile, or Gateway API routes, for a service: from protos, OpenAPI documents or a template.

\b
Examples:
  linkerdctl profile -n emojivoto voting-svc --proto Voting.proto | kubectl apply -f -
  linkerdctl profile -n books webapp --open-api webapp.yaml --typed --retryable '^(GET|HEAD) '
  linkerdctl profile -n books webapp --from-service books/webapp:7000/openapi.json
  linkerdctl profile -n books webapp --open-api webapp.yaml --merge webapp-profile.yaml
  linkerdctl profile -n emojivoto voting-svc --proto Voting.proto --kind grpcroute --port 8080
  linkerdctl profile -n emojivoto web-svc --template > web-svc.yaml
  linkerdctl profile lint web-svc.yaml

\b
FILE is a file, a URL, or - for standard input. Nothing but the manifest goes to standard output.
"""

LINT_HELP = """\b
Look ServiceProfiles over: what the cluster refuses, what never matches, what an earlier route takes away.

\b
Examples:
  linkerdctl profile lint web-svc.yaml
  linkerdctl profile web-svc --open-api api.yaml | linkerdctl profile lint -
  linkerdctl profile lint -n emojivoto

\b
HTTPRoutes and GRPCRoutes in the same file or namespace are looked at for what a profile overrides.
Exits with 4 when there are errors.
"""

Kind = Literal["serviceprofile", "httproute", "grpcroute"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be written, and how."""

    name: ServiceName
    kind: Kind
    output: Literal["yaml", "json"]
    port: int | None
    budget: RetryBudget | None
    merge: str | None


@app.command("generate", hidden=True, help=HELP, no_args_is_help=True)
def generate(
    ctx: typer.Context,
    service: Annotated[str, typer.Argument(help="The service, without its namespace.", show_default=False)],
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of the service.")] = None,
    template: Annotated[bool, typer.Option("--template", help="A profile to fill in, with explanations.")] = False,
    open_api: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Swagger 2 or OpenAPI 3 document; repeatable.")
    ] = None,
    proto: Annotated[list[str] | None, typer.Option(metavar="FILE", help="A .proto file; repeatable.")] = None,
    from_service: Annotated[
        str | None, typer.Option(metavar="NS/SVC[:PORT]/PATH", help="OpenAPI document that a service serves.")
    ] = None,
    output: Annotated[
        Literal["yaml", "json"], typer.Option("--output", "-o", show_default=False, help="Format (default: yaml).")
    ] = "yaml",
    kind: Annotated[
        Kind, typer.Option(show_default=False, help="What to write (default: serviceprofile).")
    ] = "serviceprofile",
    port: Annotated[
        int | None,
        typer.Option(metavar="N", help="Port of the service, for httproute and grpcroute."),
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
    domain: Annotated[
        str | None, typer.Option("--cluster-domain", metavar="DOMAIN", help="DNS domain of the cluster.")
    ] = None,
    ignore_cluster: Annotated[
        bool, typer.Option("--ignore-cluster", help="Ask no cluster, not even for its domain.")
    ] = False,
) -> None:
    """Check, read, write; nothing is printed before all of it is known to be right."""
    options = globals_of(ctx)
    _exactly_one(template=template, open_api=open_api, proto=proto, from_service=from_service)
    pattern = _pattern(retryable)
    if timeout is not None and parse_duration(timeout) <= 0:
        raise UsageError(f"--timeout {timeout} leaves no time at all", next_step="leave it out for no limit")
    budget = RetryBudget.parse(retry_budget) if retry_budget else None
    if kind != "serviceprofile":
        _check_gateway(kind, port, merge, template)
    given = namespace_of(options, namespace)
    name = ServiceName(service, given, domain or CLUSTER_DOMAIN)
    if domain is None and not ignore_cluster:
        name = ServiceName(service, given, cluster_domain(options))
    if template:
        if merge or pattern or timeout or budget:
            raise UsageError("--template is a text to edit; it takes no routes and no policy")
        options.terminal.out(_template(name, output))
        return
    found = _routes(options, open_api, proto, from_service, typed=typed, by_id=name_from == "operationId")
    routes = with_policy(found.routes, retryable=pattern, timeout=timeout or "")
    if pattern and found.routes and not any(pattern.search(route.name) for route in found.routes):
        options.terminal.note(f"--retryable {retryable} is found in no route's name")
    request = Request(name, kind, output, port, budget, merge)
    text, notes = _written(options, request, routes)
    for note in (*found.warnings, *notes):
        options.terminal.note(f"warning: {note}")
    options.terminal.out(text)


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


def _check_gateway(kind: str, port: int | None, merge: str | None, template: bool) -> None:
    if template or merge:
        raise UsageError(f"--kind {kind} has neither template nor merge", next_step="leave --kind out")
    if port is None:
        raise UsageError(f"--kind {kind} needs the port of the service", next_step="give --port, like --port 80")
    if not 1 <= port <= 65535:
        raise UsageError(f"--port {port} is no port", next_step="give a number from 1 to 65535")


def _template(name: ServiceName, output: str) -> str:
    from linkerdctl.profiles.template import template_manifest, template_text

    if output == "yaml":
        return template_text(name)
    from linkerdctl.profiles.encoding import json_text

    return f"{json_text(template_manifest(name))}\n"


def _routes(
    options: GlobalOptions,
    open_api: Sequence[str] | None,
    proto: Sequence[str] | None,
    from_service: str | None,
    *,
    typed: bool,
    by_id: bool,
) -> Generated:
    if proto:
        from linkerdctl.profiles.proto import routes_of_proto

        texts = read_all(proto)
        groups = [routes_of_proto(text, source) for source, text in texts]
    else:
        from linkerdctl.profiles.openapi import routes_of_openapi

        texts = [_served(options, from_service)] if from_service else read_all(open_api or ())
        groups = [routes_of_openapi(text, source, typed=typed, names_from_operation_id=by_id) for source, text in texts]
    return merged(groups, [source for source, _ in texts])


def _served(options: GlobalOptions, where: str) -> tuple[str, str]:
    from linkerdctl.cli.specifications import read_from_service

    return read_from_service(options, where)


def _written(options: GlobalOptions, request: Request, routes: Sequence[Route]) -> tuple[str, Iterable[str]]:
    """The manifest, and what to say about it."""
    if request.merge:
        return _merged(options, request, request.merge, routes)
    from linkerdctl.profiles.encoding import json_text, yaml_documents, yaml_text

    if request.kind == "serviceprofile":
        from linkerdctl.profiles.service_profile import service_profile

        manifest = service_profile(request.name, routes, request.budget)
        return (yaml_text(manifest) if request.output == "yaml" else json_text(manifest)), ()
    from linkerdctl.profiles.gateway import GRPC_ROUTE, HTTP_ROUTE, gateway_objects

    object_kind = HTTP_ROUTE if request.kind == "httproute" else GRPC_ROUTE
    made = gateway_objects(object_kind, request.name, request.port or 0, routes, request.budget)
    lost = [f"not in the {object_kind}s: {each}" for each in made.lost]
    if request.output == "yaml":
        return yaml_documents(made.manifests), lost
    return json_text({"apiVersion": "v1", "kind": "List", "items": list(made.manifests)}), lost


def _merged(
    options: GlobalOptions, request: Request, target: str, routes: Sequence[Route]
) -> tuple[str, Iterable[str]]:
    from linkerdctl.profiles.encoding import json_text
    from linkerdctl.profiles.merge import merge_file, merge_manifest

    if request.budget:
        raise UsageError("--merge keeps the retry budget that is there", next_step="leave --retry-budget out")
    if target == CLUSTER:
        from linkerdctl.cli.cluster_profiles import read_profile

        result = merge_manifest(read_profile(options, request.name), CLUSTER, request.name, routes)
    else:
        result = merge_file(read(target), display_name(target), request.name, routes)
    notes = [f"merge: {len(result.added)} routes added behind the {result.kept} that were there"]
    if result.comments_lost:
        notes.append("merge: the profile is not written one key to a line, so comments could not be kept")
    return (result.text if request.output == "yaml" else json_text(result.manifest)), notes


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
    from linkerdctl.render.lint import check_lint_output, show_findings

    options = globals_of(ctx)
    check_lint_output(output)
    if bool(file) == bool(namespace):
        raise UsageError("nothing to look at" if not file else "files and -n exclude each other")
    if show_findings(_findings(options, file, namespace), output, options.terminal):
        raise typer.Exit(ExitCode.GATE)


def _findings(options: GlobalOptions, files: Sequence[str] | None, namespace: str | None) -> Any:
    from linkerdctl.profiles.documents import load_all
    from linkerdctl.profiles.lint import lint_documents, lint_objects, profiles_in

    if namespace:
        from linkerdctl.cli.cluster_profiles import read_objects

        return lint_objects(read_objects(options, namespace), namespace)
    documents = [document for source, text in read_all(files or ()) for document in load_all(text, source)]
    if not profiles_in(documents):
        raise UsageError(f"there is no ServiceProfile in {', '.join(map(display_name, files or ()))}")
    return lint_documents(documents)
