"""`rbac`: the least roles that commands need, as manifests. Asks no cluster."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import typer

from linkerdctl.cli.commands import ALIASES
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.traffic import default_namespace
from linkerdctl.errors import UsageError
from linkerdctl.kube.permissions import COMMANDS, Permission, Place, Scope, needed, roles
from linkerdctl.render.rbac import Granting, Subject, json_text, yaml_text

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
The least Role or ClusterRole that commands need, to hand to whoever grants permissions.

\b
Examples:
  linkerdctl rbac stat edges -n emojivoto
  linkerdctl rbac stat -n emojivoto --user jane | kubectl apply -f -
  linkerdctl rbac stat top -A --serviceaccount monitoring:dashboard
  linkerdctl rbac stat --via port-forward -n emojivoto
  linkerdctl rbac stat --prometheus prometheus.monitoring:9090 -n emojivoto
  linkerdctl rbac identity check -A --optional

\b
Without COMMAND it is for all of them. What a command can do without, and then says what it misses, is left out:
--optional adds it. Reading the issuer's certificate is among that, as its Secret holds the issuer's key too.
"""


@app.command(help=HELP)
def rbac(
    ctx: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(help="Commands; all if left out.", show_default=False)] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace to look at.")] = None,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look at all namespaces.")] = False,
    user: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Bind it to this user; repeatable.")] = None,
    group: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Bind it to this group; repeatable.")] = None,
    serviceaccount: Annotated[
        list[str] | None, typer.Option(metavar="NS:NAME", help="Bind it to this service account; repeatable.")
    ] = None,
    name: Annotated[str, typer.Option(help="What role and binding are called.")] = "linkerdctl",
    optional: Annotated[bool, typer.Option("--optional", help="Also what commands can do without.")] = False,
    output: Annotated[Literal["yaml", "json"], typer.Option("--output", "-o", help="Format.")] = "yaml",
) -> None:
    """Parse and print."""
    options = globals_of(ctx)
    commands = [*dict.fromkeys(ALIASES.get(each, each) for each in command or COMMANDS)]
    _check_commands(commands)
    if all_namespaces and namespace:
        raise UsageError("-A and -n exclude each other", next_step="give one of them")
    scope = _scope(options, None if all_namespaces else namespace or default_namespace(options))
    wanted = needed(commands, scope)
    chosen = [each for each in wanted if optional or not each.optional]
    where = f"in namespace {scope.namespace}" if scope.namespace else "in all namespaces"
    purpose = f"what linkerdctl needs for {', '.join(commands)} {where}"
    subjects = [*_subjects(user or (), group or (), serviceaccount or ())]
    granting = Granting(name, roles(chosen, scope), subjects, purpose)
    options.terminal.out(yaml_text(granting) if output == "yaml" else json_text(granting))
    if not optional:
        _tell_optional(options, [each for each in wanted if each.optional])


def _check_commands(commands: Sequence[str]) -> None:
    for each in commands:
        if each not in COMMANDS:
            close = difflib.get_close_matches(each, COMMANDS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"commands are {', '.join(COMMANDS)}"
            raise UsageError(f"{each!r} is no command that asks a cluster", next_step=hint)


def _scope(options: GlobalOptions, namespace: str | None) -> Scope:
    if options.prometheus is None:
        return Scope(namespace, options.control_plane, options.via)
    from linkerdctl.sources.prometheus.address import ServiceAddress, parse_address

    address = parse_address(options.prometheus.address)
    if not isinstance(address, ServiceAddress):
        return Scope(namespace, options.control_plane, scraped=False)
    where = address.namespace or default_namespace(options)
    return Scope(namespace, options.control_plane, prometheus=(where, f"{address.name}:{address.port}"))


def _subjects(users: Sequence[str], groups: Sequence[str], accounts: Sequence[str]) -> Iterator[Subject]:
    yield from (Subject("User", each) for each in users)
    yield from (Subject("Group", each) for each in groups)
    for each in accounts:
        namespace, colon, name = each.partition(":")
        if not (namespace and colon and name):
            raise UsageError(f"--serviceaccount {each!r} is none", next_step="write it as NAMESPACE:NAME")
        yield Subject("ServiceAccount", name, namespace)


def _tell_optional(options: GlobalOptions, left_out: Sequence[Permission]) -> None:
    if left_out:
        words = dict.fromkeys(f"{'/'.join(each.verbs)} {_what(each)}" for each in left_out)
        options.terminal.note(f"left out, as commands can do without (--optional adds it): {', '.join(words)}")


def _what(permission: Permission) -> str:
    named = f" {permission.names[0]}" if permission.names else ""
    where = " everywhere" if permission.place is Place.CLUSTER and not named else ""
    return f"{permission.resource}{named}{where}"
