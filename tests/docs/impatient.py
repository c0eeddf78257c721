"""linkerdctl for readers in a hurry: commands that look twice do so a second apart, where no time is given.

Where a mesh runs already, `linkerdctl demo -- COMMAND` without options is that command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

LOOK_TWICE = {"stat", "stat-inbound", "stat-outbound", "authz", "edges", "graph", "routes"}
TIMED = {"-t", "--time-window", "--since-start", "--prometheus", "-h", "--help"}


def hurried(words: Sequence[str]) -> list[str]:
    """The words of a command line with `-t 1s` behind the command that takes it."""
    at = next((index for index, word in enumerate(words) if word in _names()), None)
    if at is None:
        return [*words]
    if words[at] == "demo":
        return [*words[: at + 1], *hurried(words[at + 1 :])] if "--" in words else [*words]
    if words[at] not in LOOK_TWICE or TIMED & {*words}:
        return [*words]
    return [*words[: at + 1], "-t", "1s", *words[at + 1 :]]


def spared(words: Sequence[str]) -> list[str]:
    """What is left of `demo -- COMMAND` if a mesh runs; None of it if that is no command of linkerdctl."""
    return [*words[2:]] if [*words[:2]] == ["demo", "--"] and words[2] in _names() else [*words]


def _names() -> set[str]:
    from linkerdctl.cli.commands import ALIASES, COMMANDS

    return {*COMMANDS, *ALIASES}


if __name__ == "__main__":
    from linkerdctl.__main__ import main

    words = sys.argv[1:]
    if os.environ.pop("LINKERDCTL_TESTS_MESH", ""):
        words = spared(words)
    sys.argv = ["linkerdctl", *hurried(words)]
    sys.exit(main())
