"""What arguments mean that commands about traffic share."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.traffic import default_namespace
from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import AUTHORITY, NAMESPACE, POD, POLICY_KINDS, find_kind
from linkerdctl.kube.selection import Selection, parse_selections, parse_target
from linkerdctl.kube.selectors import parse_selector


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


def proxies_asked(words: Sequence[str], *, namespace: str | None, selector: str) -> tuple[Selection, ...]:
    """Whose proxies are meant: all pods without a word; words that cannot be kinds name pods. Raises `UsageError`."""
    if words and all(map(_names_a_pod, words)):
        words = [f"{POD.name}/{word}" for word in words]
    labels = parse_selector(selector) if selector else None
    selections = parse_selections([*words] or [POD.name], namespace=namespace, labels=labels)
    for each in selections:
        if each.kind in (AUTHORITY, *POLICY_KINDS):
            raise UsageError(
                f"{each.kind.plural} have no proxies", next_step="name what has pods: deploy, deploy/web, svc/web-svc"
            )
    return selections


def _names_a_pod(word: str) -> bool:
    """Pods have a dash in their names, kinds have none."""
    return "-" in word and not {"/", ","} & {*word} and find_kind(word.lower()) is None
