"""The command line under other names: `linkerd ctl` (an extension of the linkerd CLI) and `kubectl linkerdctl` (a plugin)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from linkerdctl.__main__ import main

METADATA = '{"name": "linkerd-ctl", "checks": "always"}\n'
"""What the linkerd CLI asks every extension for; `always` makes `linkerd check` run our `check` too."""
_UNKNOWN_HERE = ("--api-addr", "--proxy", "--pre")
_SWITCHES = ("--verbose",)
_LISTS = ("--as-group",)

NO_FILES, FILES = ":4", ":0"
"""How completions end that kubectl asks for: whether file names may follow (cobra's directives)."""


def linkerd() -> None:
    """`linkerd-ctl`, which `linkerd ctl` runs."""
    words = sys.argv[1:]
    if words[:1] == ["_extension-metadata"]:
        sys.stdout.write(METADATA)
        return
    main([*_in_our_words(words)] if words[:1] == ["check"] else words)


def _in_our_words(words: Sequence[str]) -> Iterator[str]:
    """`linkerd check` hands its options on as Go writes them: `--verbose=false`, `--as-group=[a,b]`, `--wait=5m0s`."""
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in _SWITCHES:
            yield from [name] if value == "true" else []
        elif equals and name in _LISTS:
            yield from (f"{name}={each}" for each in value.strip("[]").split(",") if each)
        elif name not in _UNKNOWN_HERE:
            yield word


def kubectl_complete() -> None:
    """`kubectl_complete-linkerdctl`, which kubectl asks to complete its plugin's last word."""
    import contextlib
    import io
    import os
    import shlex

    from linkerdctl.cli.run import run

    words = sys.argv[1:] or [""]
    line = shlex.join(["linkerdctl", *words])
    os.environ |= {"_LINKERDCTL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    with contextlib.redirect_stdout(io.StringIO()) as offered, contextlib.suppress(SystemExit):
        run([])
    candidates = offered.getvalue().split()
    sys.stdout.write("\n".join([*candidates, NO_FILES if candidates else FILES]) + "\n")
