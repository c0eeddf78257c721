"""What a user points at: `TYPE`, `TYPE/NAME`, `TYPE NAME...`, several, mixed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import ALL, AUTHORITY, KINDS, NAMESPACE, Kind, find_kind
from linkerdctl.kube.selectors import LabelSelector

_WORD = re.compile(r"[a-z][a-z0-9.-]*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_NAMESPACE = re.compile(_LABEL)
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_AUTHORITY = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]+)?|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?")
_VERSION = re.compile(r"v[0-9]+(?:(?:alpha|beta)[0-9]+)?")
_LONGEST_NAME = 253
_CUSTOM_SHORT = {"ro": "rollout"}
"""Short names of other people's kinds that no recording tells."""

Asked = tuple[str, str | None]
"""A word for a kind, and a name or None."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Objects of one kind: in one namespace or, with None, in all; one by name or all; of those the ones `labels` selects."""

    kind: Kind
    namespace: str | None
    name: str | None = None
    labels: LabelSelector | None = None

    def __str__(self) -> str:
        return f"{self.kind.name}/{self.name}" if self.name else self.kind.name


def parse_selections(
    args: Sequence[str], *, namespace: str | None, labels: LabelSelector | None = None
) -> tuple[Selection, ...]:
    """Read resource arguments. `namespace` None means all of them.

    A kind that is not in our table becomes a custom one (`rollout`); whether the cluster knows it shows when it is looked
    up. Raises `UsageError` for what can mean nothing.
    """
    asked = list(_asked(args))
    if any(word == "all" for word, _ in asked):
        _check_all(asked)
        asked = [(kind.name, None) for kind in ALL]
    selections = tuple(_selection(word, name, namespace, labels) for word, name in asked)
    _check_twice(selections)
    if namespace is None and any(each.name and each.kind.namespaced for each in selections):
        raise UsageError("a resource cannot be fetched by name across all namespaces", next_step="use -n instead of -A")
    return selections


def parse_target(text: str, *, namespace: str | None) -> Selection:
    """Read the one resource of `--to` or `--from`: TYPE or TYPE/NAME."""
    word, name = _split(text)
    if word == "all":
        raise UsageError("'all' is no filter", next_step="name one kind: --to deploy, --from svc/web")
    return _selection(word, name, namespace, None)


def namespaces_of(selections: Iterable[Selection]) -> list[str | None]:
    """Where the objects of these selections are, each namespace once; None alone is everywhere."""
    found = dict.fromkeys(each.name if each.kind is NAMESPACE else each.namespace for each in selections)
    return [None] if None in found else list(found)


def unknown_kind(word: str) -> UsageError:
    """The error for a kind that neither we nor the cluster know."""
    words = sorted({each for kind in KINDS for each in (kind.name, kind.plural, kind.short, *kind.aliases)})
    close = difflib.get_close_matches(word, words, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    kinds = ", ".join(kind.name for kind in KINDS)
    return UsageError(f"unknown kind {word!r}", next_step=f"{hint}kinds are {kinds}, all, or any kind that owns pods")


def word_for(kind: Kind) -> str:
    """The word a user gave for a custom kind."""
    return kind.aliases[-1] if kind.aliases else kind.name


def _asked(args: Sequence[str]) -> Iterator[Asked]:
    if not args:
        raise UsageError(
            "what to look at is missing", next_step="give TYPE, TYPE/NAME or TYPE NAME: deploy, deploy/web"
        )
    first, *rest = args
    if not rest or "/" in first or "all" in first.lower().split(","):
        for each in args:
            yield from map(_split, each.split(","))
        return
    names = [each for each in rest if "/" not in each]
    if not names:
        raise UsageError(
            f"{first!r} stands before {rest[0]!r}, which names its own kind",
            next_step=f"for all of {first} too, put it last: {' '.join(rest)} {first}; otherwise leave it out",
        )
    words = [_word(each) for each in first.split(",")]
    for each in rest:
        yield from map(_split, each.split(",")) if "/" in each else [(word, each) for word in words]


def _split(text: str) -> Asked:
    word, *names = text.split("/")
    if len(names) > 1:
        raise UsageError(f"{text!r} has too many slashes", next_step="write TYPE/NAME: deploy/web")
    if names and not word:
        raise UsageError(f"{text!r} does not say of which kind it is", next_step=f"write TYPE/NAME: deploy{text}")
    return _word(word), names[0] if names and names[0] else None


def _word(text: str) -> str:
    if not text:
        raise UsageError(
            "an empty word is no kind of resource", next_step="write TYPE or TYPE/NAME: deploy, deploy/web"
        )
    if not _WORD.fullmatch(text.lower()):
        raise UsageError(f"{text!r} is no kind of resource", next_step="write TYPE or TYPE/NAME: deploy, deploy/web")
    return text.lower()


def _check_all(asked: Sequence[Asked]) -> None:
    if len(asked) > 1:
        raise UsageError("'all' cannot be combined with other resources", next_step="give either 'all' or a list")
    if asked[0][1]:
        raise UsageError("'all' takes no name", next_step=f"name the kind: deploy/{asked[0][1]}")


def _check_twice(selections: Sequence[Selection]) -> None:
    """Whatever the words: `deploy` and `deployments.apps` are one."""
    seen: set[tuple[str, str, str | None]] = set()
    for each in selections:
        # A custom kind keeps the words it was called by; its name does not depend on them.
        key = (each.kind.name, each.kind.group, each.name)
        if key in seen:
            raise UsageError(f"{str(each)!r} is given twice", next_step="give each resource once")
        seen.add(key)


def _selection(word: str, name: str | None, namespace: str | None, labels: LabelSelector | None) -> Selection:
    kind = _kind(word)
    where = None if kind is NAMESPACE else namespace
    if where is not None:
        _check_name(where, _NAMESPACE, "namespace", "namespaces are lower-case letters, digits and '-'")
    if name is not None and kind is AUTHORITY:
        _check_name(name, _AUTHORITY, "authority", "write it like web-svc.emojivoto.svc.cluster.local:80")
    elif name is not None:
        _check_name(name, _NAME, "name", "names are lower-case letters, digits and '-', and '.' between them")
    return Selection(kind, where, name, labels)


def _check_name(text: str, form: re.Pattern[str], what: str, hint: str) -> None:
    if not form.fullmatch(text) or len(text) > _LONGEST_NAME:
        raise UsageError(f"{text!r} is no valid {what}", next_step=hint)


def _kind(word: str) -> Kind:
    """Ours, or a custom one. kubectl's `deployments.apps` and `deployments.v1.apps` say which group's is meant."""
    plain, dot, rest = word.partition(".")
    first, _, after = rest.partition(".")
    group = after if _VERSION.fullmatch(first) else rest
    ours = find_kind(plain)
    if ours and (not dot or group in (*ours.groups, "extensions")):
        return ours
    # Under its own name another group's Service would be taken for ours.
    singular = f"{ours.name}.{group}" if ours else _CUSTOM_SHORT.get(plain) or _singular(plain)
    plural = ours.plural if ours else f"{singular}s"
    return Kind(singular, singular, plural, f"{group}/" if group else "", singular, aliases=(plain, word))


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) > 3 else word
