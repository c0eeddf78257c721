"""What shells offer for kinds, names, namespaces and contexts: looked up quickly or not at all, and without a word."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.kube.kinds import AUTHORITY, KINDS, NAMESPACE, POD, SERVICE, Kind, find_kind

DEADLINE = 1.5
"""Seconds that a cluster has to answer; who waits for a completion types on."""
_LAST = 2.0
"""Seconds after which the process ends, whatever hangs: a credential plugin cannot be interrupted."""
MOST = 500
"""Names that are asked for."""

Completer = Callable[[Any, Any, str], list[Any]]
"""Takes context, parameter and what stands there so far."""


def complete(command: str, params: Iterable[Any]) -> None:
    """Give these parameters of a command their completers. Choices and flags have typer's own."""
    for param in params:
        completer = _OF_COMMANDS.get((command, param.name)) or _completer_of(param)
        if completer is not None:
            param._custom_shell_complete = completer


def take_help_for_text() -> None:
    """Typer takes brackets in the help that zsh and fish show (`TYPE[/NAME]`) for markup, drops them, or fails."""
    from typer import _completion_classes

    _completion_classes._sanitize_help_text = lambda text: text


def _completer_of(param: Any) -> Completer | None:
    if param.param_type_name == "argument":
        return _ARGUMENTS.get(param.name)
    return next((_OPTIONS[name] for name in param.opts if name in _OPTIONS), None)


def _resources(context: Any, param: Any, incomplete: str) -> list[Any]:
    """Kinds; behind one of them, or behind a slash, names."""
    given = [str(each) for each in context.params.get(param.name) or ()] if param.nargs != 1 else []
    before, comma, last = incomplete.rpartition(",")
    word, slash, _ = last.partition("/")
    if slash:
        found = _named(context, param, find_kind(word))
        return [f"{before}{comma}{word}/{name}" for name in found if f"{word}/{name}".startswith(last)]
    if len(given) == 1 and "/" not in given[0] and (kind := find_kind(given[0])):
        return [name for name in _named(context, param, kind) if name.startswith(incomplete)]
    return [*_kinds(before + comma, last)]


def _proxied(context: Any, param: Any, incomplete: str) -> list[Any]:
    """The same, and pods by their names alone."""
    found = _resources(context, param, incomplete)
    if found or not incomplete or {"/", ","} & {*incomplete}:
        return found
    return [name for name in _named(context, param, POD) if name.startswith(incomplete)]


def _exposed(context: Any, param: Any, incomplete: str) -> list[Any]:
    """Of `metrics`: whose, or the command that is part of it."""
    from typer._click.shell_completion import CompletionItem

    if incomplete and "cardinality".startswith(incomplete) and not context.params.get(param.name):
        return [CompletionItem("cardinality", help="series and bytes")]
    return _proxied(context, param, incomplete)


def _kinds(before: str, word: str) -> Iterator[Any]:
    """Short names; the long ones for who begins to write them."""
    from typer._click.shell_completion import CompletionItem

    for kind in KINDS:
        names = (name for name in (kind.short, kind.name, kind.plural) if name.startswith(word))
        if name := next(names, None):
            yield CompletionItem(before + name, help=kind.plural)


def _services(context: Any, param: Any, incomplete: str) -> list[Any]:
    return [name for name in _named(context, param, SERVICE) if name.startswith(incomplete)]


def _namespaces(context: Any, param: Any, incomplete: str) -> list[Any]:
    return [name for name in _named(context, param, NAMESPACE) if name.startswith(incomplete)]


def _contexts(context: Any, _param: Any, incomplete: str) -> list[Any]:
    from linkerdctl.kube.kubeconfig_files import find_files, merge

    with _hurried():
        merged = merge(find_files(context.find_root().params.get("kubeconfig")))
        return sorted(name for name in merged.sections["contexts"] if name.startswith(incomplete))
    return []


def _permitted(_context: Any, _param: Any, incomplete: str) -> list[Any]:
    from linkerdctl.kube.permissions import COMMANDS

    return [name for name in COMMANDS if name.startswith(incomplete)]


_OF_COMMANDS: dict[tuple[str, str], Completer] = {
    ("rbac", "command"): _permitted,
    ("identity", "resource"): _proxied,
    ("metrics_cardinality", "resource"): _proxied,
    ("expose", "resource"): _exposed,
}
_ARGUMENTS: dict[str, Completer] = {"resource": _resources, "service": _services}
_OPTIONS: dict[str, Completer] = {
    **dict.fromkeys(("--to", "--from", "--tap"), _resources),
    **dict.fromkeys(("--namespace", "--to-namespace", "--from-namespace", "--linkerd-namespace"), _namespaces),
    "--context": _contexts,
}


def _named(context: Any, param: Any, kind: Kind | None) -> list[str]:
    """The names of a kind's objects, where the command is going to look; none where that cannot be told."""
    if kind is None or kind is AUTHORITY:
        return []
    with _hurried():
        options = globals_of(context)
        where = _where(context.params, param) if kind.namespaced else None
        everywhere = bool(context.params.get("all_namespaces"))
        return sorted(set(_look_up(options, kind, where, everywhere=everywhere)))
    return []


def _where(given: dict[str, Any], param: Any) -> str | None:
    """The namespace of --to or --from is their own, if there is one."""
    own = given.get(f"{param.name.rstrip('_')}_namespace") if param.param_type_name == "option" else None
    return own or given.get("namespace")


def _look_up(options: GlobalOptions, kind: Kind, namespace: str | None, *, everywhere: bool) -> Iterable[str]:
    if options.recording is not None:
        from linkerdctl.sources.recording import Recording

        inside = None if everywhere or not kind.namespaced else namespace or "default"
        return _recorded(Recording.open(options.recording).manifests(), kind, inside)
    import asyncio

    from linkerdctl.cli.cluster import cluster_config

    config = cluster_config(options)
    inside = None if everywhere or not kind.namespaced else namespace or config.namespace
    return asyncio.run(_listed(config, kind, inside))


def _recorded(manifests: Iterable[dict[str, Any]], kind: Kind, namespace: str | None) -> Iterator[str]:
    for each in manifests:
        metadata = each.get("metadata") or {}
        if each.get("kind") == kind.object_kind and namespace in (None, metadata.get("namespace")):
            yield str(metadata.get("name"))


async def _listed(config: Any, kind: Kind, namespace: str | None) -> list[str]:
    """Names only: servers leave out the rest when they are asked to."""
    import asyncio
    import json

    from linkerdctl.kube.client import KubeClient, collection_path
    from linkerdctl.kube.rbac import About

    partial = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    params = {"limit": str(MOST)}
    path = collection_path(kind.group_version, kind.plural, namespace)
    about = About("list", kind.plural, kind.group, namespace)
    headers = {"Accept": f"{partial}, application/json"}
    async with (
        asyncio.timeout(DEADLINE),
        KubeClient(config) as client,
        client.stream("GET", path, about, params=params, headers=headers) as response,
    ):
        items = json.loads(await client.body(response, about)).get("items") or ()
    return [each["metadata"]["name"] for each in items]


@contextlib.contextmanager
def _hurried() -> Iterator[None]:
    """Whatever goes wrong ends here, silently, and soon: nothing may disturb the line that somebody writes on."""
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, _LAST)
    try:
        with _silence(), contextlib.suppress(Exception):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _give_up(_number: int, _frame: Any) -> NoReturn:
    os._exit(0)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Credential plugins ask their user on a terminal, which at this moment is the shell's."""
    sys.stderr.flush()
    kept, nowhere = {number: os.dup(number) for number in (0, 2)}, os.open(os.devnull, os.O_RDWR)
    for number in kept:
        os.dup2(nowhere, number)
    try:
        yield
    finally:
        for number, before in kept.items():
            os.dup2(before, number)
            os.close(before)
        os.close(nowhere)
