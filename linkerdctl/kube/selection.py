"""What a user points at: `TYPE`, `TYPE/NAME`, `TYPE NAME...`, several, mixed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import ALL, AUTHORITY, KINDS, NAMESPACE, Kind, find_kind
from linkerdctl.kube.selectors import LabelSelector

_WORD = re.compile(r"[a-z][a-z0-9.-]*")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.:-]*[a-z0-9])?")


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
    pairs = list(_pairs(args))
    if len(set(pairs)) < len(pairs):
        twice = next(pair for pair in pairs if pairs.count(pair) > 1)
        raise UsageError(f"{'/'.join(filter(None, twice))!r} is given twice")
    if any(word == "all" for word, _ in pairs) and len(pairs) > 1:
        raise UsageError("'all' cannot be combined with other resources", next_step="give either 'all' or a list")
    selections = tuple(_selections(pairs, namespace, labels))
    if namespace is None and any(each.name and each.kind.namespaced for each in selections):
        raise UsageError("a resource cannot be fetched by name across all namespaces", next_step="use -n instead of -A")
    return selections


def parse_target(text: str, *, namespace: str | None) -> Selection:
    """Read the one resource of `--to` or `--from`: TYPE or TYPE/NAME."""
    word, name = _split(text)
    if word == "all":
        raise UsageError("'all' is no filter", next_step="name one kind: --to deploy, --from svc/web")
    return next(_selections([(word, name)], namespace, None))


def unknown_kind(word: str) -> UsageError:
    """The error for a kind that neither we nor the cluster know."""
    words = sorted({each for kind in KINDS for each in (kind.name, kind.plural, kind.short, *kind.aliases)})
    close = difflib.get_close_matches(word, words, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    kinds = ", ".join(kind.name for kind in KINDS)
    return UsageError(f"unknown kind {word!r}", next_step=f"{hint}kinds are {kinds}, all, or any kind that owns pods")


def _pairs(args: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    if not args:
        raise UsageError(
            "what to look at is missing", next_step="give TYPE, TYPE/NAME or TYPE NAME: deploy, deploy/web"
        )
    first, *rest = args
    if rest and "/" not in first and "," not in first and first != "all":
        for each in rest:
            yield _split(each) if "/" in each else (_word(first), _name(each))
        return
    for each in args:
        for part in each.split(",") if "/" not in each else [each]:
            yield _split(part)


def _split(text: str) -> tuple[str, str | None]:
    word, *names = text.split("/")
    if len(names) > 1:
        raise UsageError(f"{text!r} has too many slashes", next_step="write TYPE/NAME: deploy/web")
    return _word(word), _name(names[0]) if names and names[0] else None


def _word(text: str) -> str:
    if not _WORD.fullmatch(text.lower()):
        raise UsageError(f"{text!r} is no kind of resource", next_step="write TYPE or TYPE/NAME: deploy, deploy/web")
    return text.lower()


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise UsageError(f"{text!r} is no valid name", next_step="names are lower-case letters, digits, '-' and '.'")
    return text


def _selections(
    pairs: Sequence[tuple[str, str | None]], namespace: str | None, labels: LabelSelector | None
) -> Iterator[Selection]:
    for word, name in pairs:
        for kind in ALL if word == "all" else (_kind(word),):
            if kind in (NAMESPACE, AUTHORITY):
                yield Selection(kind, None if kind is NAMESPACE else namespace, name, labels)
            else:
                yield Selection(kind, namespace, name, labels)


def _kind(word: str) -> Kind:
    """Ours, or a custom one. kubectl's `deployments.apps` is the kind before the dot."""
    plain, _, group = word.partition(".")
    if found := find_kind(plain):
        return found
    singular = plain.removesuffix("s") if len(plain) > 3 else plain
    custom = Kind(singular, singular, f"{singular}s", "", singular, aliases=(plain,))
    return replace(custom, group_version=f"{group}/") if group else custom
