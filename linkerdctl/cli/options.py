"""Options that every command takes, before or after its name, and the duration type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from linkerdctl.render.terminal import Terminal

WITH_VALUE = (
    "--context", "--kubeconfig", "--as", "--as-group", "--as-uid", "--recording", "--via", "--concurrency", "--timeout",
)  # fmt: skip
WITHOUT_VALUE = ("-q", "--quiet", "-v", "--verbose")

WATCH_EVERY = "2s"


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """Which cluster or recording, how to reach proxies, and how to talk."""

    terminal: Terminal
    context: str | None = None
    kubeconfig: str | None = None
    impersonate: str | None = None
    impersonate_groups: tuple[str, ...] = ()
    impersonate_uid: str | None = None
    recording: Path | None = None
    via: str = "api"
    concurrency: int = 64
    timeout: float = 5.0
    verbose: bool = False


def globals_of(context: typer.Context) -> GlobalOptions:
    """The global options of this run."""
    options = context.find_root().obj
    assert isinstance(options, GlobalOptions)  # noqa: S101 - the root callback always sets it
    return options


def hoisted(args: Sequence[str]) -> list[str]:
    """The arguments with global options moved to the front, so that they may stand anywhere, as with kubectl.

    Nothing after `--` is touched.
    """
    front: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            return [*front, *rest, word, *words]
        if word in WITHOUT_VALUE or (word.partition("=")[0] in WITH_VALUE and "=" in word):
            front.append(word)
        elif word in WITH_VALUE:
            front.extend([word, *_next_word(words)])
        else:
            rest.append(word)
    return [*front, *rest]


def _next_word(words: Iterable[str]) -> list[str]:
    for word in words:
        return [word]
    return []


def with_optional_values(args: Sequence[str]) -> list[str]:
    """`--watch` may stand alone; the parser knows no optional values, so the default is written out for it."""
    words: list[str] = []
    for index, word in enumerate(args):
        if word == "--":
            return [*words, *args[index:]]
        words.append(word)
        follower = args[index + 1] if index + 1 < len(args) else ""
        if word in ("--watch", "-w") and not follower[:1].isdigit():
            words.append(WATCH_EVERY)
    return words
