"""What arguments mean that commands about traffic share."""

from __future__ import annotations

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.traffic import default_namespace
from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import NAMESPACE
from linkerdctl.kube.selection import Selection, parse_target


def seconds(text: str, option: str, *, at_least: float) -> float:
    """The seconds of a duration that has a lower limit; raises `UsageError`."""
    found = parse_duration(text)
    if found < at_least:
        raise UsageError(f"{option} {text} is too short", next_step=f"give at least {at_least:g}s")
    return found


def namespace_asked(options: GlobalOptions, namespace: str | None, *, all_namespaces: bool) -> str | None:
    """The namespace of -n, None for -A, else the context's."""
    if all_namespaces and namespace:
        raise UsageError("-A and -n exclude each other", next_step="give one of them")
    return None if all_namespaces else namespace or default_namespace(options)


def other_side(option: str, text: str | None, namespace: str | None, where: str | None) -> Selection | None:
    """The resource of --to or --from; a namespace alone means everything in it."""
    if text is None and namespace is None:
        return None
    if text is None:
        return parse_target(f"ns/{namespace}", namespace=None)
    if namespace and parse_target(text, namespace=None).kind is NAMESPACE:
        raise UsageError(f"{option} names a namespace already", next_step=f"leave {option}-namespace out")
    return parse_target(text, namespace=namespace or where)
